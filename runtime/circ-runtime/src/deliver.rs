//! Delivery: adds the weights of a spiking source's synapses to the accumulators of their targets.
//!
//! In: rows of synapses and the positions of the sources that spiked at a tick, ascending. Out: sums in
//! the ring, in canonical order. This is where a large network spends its time: one loop for each
//! layout, no division, no search; the next row is fetched while this one is added.

use circ_numerics::Real;
use circ_plan::ir::Precision;

use crate::aligned::Scalar;
use crate::build::layout::{Delays, Part, Targets, Ticks, Weights};
use crate::narrow::Narrow;
use crate::network::Broadcast;
use crate::prefetch::fetch;
use crate::ring::{Ring, Rings};

/// Adds what these sources send at `tick`.
pub fn deliver(part: &Part, sources: &[u32], tick: i64, rings: &mut Rings) {
    match part.precision {
        Precision::F32 => deliver_in(part, sources, tick, &mut rings.single),
        Precision::F64 => deliver_in(part, sources, tick, &mut rings.double),
    }
}

fn deliver_in<F: Scalar>(part: &Part, sources: &[u32], tick: i64, ring: &mut Ring<F>) {
    match &part.targets {
        Targets::Near(targets) => rows(part, targets, sources, tick, ring),
        Targets::Far(targets) => rows(part, targets, sources, tick, ring),
        Targets::Every(_) => panic!("only what flows has a matrix"),
    }
}

fn rows<F: Scalar, D: Narrow>(part: &Part, targets: &[D], sources: &[u32], tick: i64, ring: &mut Ring<F>) {
    let limits =
        |source: u32| (part.starts[source as usize] as usize, part.starts[source as usize + 1] as usize);
    let window = part.base as usize..(part.base + part.span) as usize;
    for (k, &source) in sources.iter().enumerate() {
        let (first, end) = limits(source);
        let targets_here = &targets[first..end];
        let next = sources.get(k + 1).map_or(0..0, |&s| limits(s).0..limits(s).1);
        let next_targets = &targets[next.clone()];
        match (&part.delays, &part.weights) {
            (Delays::One(delay), Weights::One(weight)) => {
                let sums = &mut ring.slot_mut(tick + i64::from(*delay))[window.clone()];
                add_one(sums, targets_here, F::from_f64(*weight), next_targets);
            }
            (Delays::One(delay), Weights::Each(weights)) => {
                let sums = &mut ring.slot_mut(tick + i64::from(*delay))[window.clone()];
                add_each(sums, targets_here, &weights[first..end], next_targets, &weights[next]);
            }
            (Delays::One(delay), Weights::Double(weights)) => {
                let sums = &mut ring.slot_mut(tick + i64::from(*delay))[window.clone()];
                add_each(sums, targets_here, &weights[first..end], next_targets, &weights[next]);
            }
            (Delays::Each(ticks), weights) => {
                let row = Row { base: window.start, tick, first, end, targets: targets_here };
                let next = Next { targets: next_targets, range: next };
                match ticks {
                    Ticks::Byte(delays) => delayed(&row, delays, weights, &next, ring),
                    Ticks::Half(delays) => delayed(&row, delays, weights, &next, ring),
                    Ticks::Word(delays) => delayed(&row, delays, weights, &next, ring),
                }
            }
            (Delays::Runs(runs), _) => {
                if let Some(next) = sources.get(k + 1) {
                    runs.fetch(*next as usize, 0);
                }
                let next = Next { targets: next_targets, range: next };
                runs.each(source as usize, 0..u32::MAX, |delay, begin, end| {
                    next.fetch(begin..end, &part.weights);
                    let sums = &mut ring.slot_mut(tick + i64::from(delay))[window.clone()];
                    add_run(sums, &targets_here[begin..end], &part.weights, first + begin);
                });
            }
        }
    }
}

/// A row whose delays differ.
struct Row<'a, D> {
    base: usize,
    tick: i64,
    /// Which synapses of the part.
    first: usize,
    end: usize,
    targets: &'a [D],
}

/// The row that comes next.
struct Next<'a, D> {
    targets: &'a [D],
    range: std::ops::Range<usize>,
}

impl<D: Narrow> Next<'_, D> {
    /// Asks for some of its synapses.
    fn fetch(&self, some: std::ops::Range<usize>, weights: &Weights) {
        let all = self.range.clone();
        let (first, end) = (all.end.min(all.start + some.start), all.end.min(all.start + some.end));
        fetch(self.targets, some.start..some.end.min(self.targets.len()));
        match weights {
            Weights::One(_) => {}
            Weights::Each(weights) => fetch(weights, first..end),
            Weights::Double(weights) => fetch(weights, first..end),
        }
    }
}

/// Adds what synapses of one delay send, the first of which is the `first` of its part.
#[inline(always)]
pub fn add_run<F: Scalar, D: Narrow>(sums: &mut [F], targets: &[D], weights: &Weights, first: usize) {
    match weights {
        Weights::One(weight) => {
            let weight = F::from_f64(*weight);
            targets.iter().for_each(|target| sums[target.index()] += weight);
        }
        Weights::Each(weights) => add_weights(sums, targets, &weights[first..first + targets.len()]),
        Weights::Double(weights) => add_weights(sums, targets, &weights[first..first + targets.len()]),
    }
}

#[inline(always)]
fn add_weights<F: Scalar, D: Narrow, W: Real>(sums: &mut [F], targets: &[D], weights: &[W]) {
    for (target, weight) in targets.iter().zip(weights) {
        sums[target.index()] += F::from_f64(weight.to_f64());
    }
}

fn delayed<F: Scalar, D: Narrow, T: Narrow>(
    row: &Row<D>,
    delays: &[T],
    weights: &Weights,
    next: &Next<D>,
    ring: &mut Ring<F>,
) {
    let range = row.first..row.end;
    let (here, next_delays) = (&delays[range.clone()], &delays[next.range.clone()]);
    match weights {
        Weights::One(weight) => {
            let weights = std::iter::repeat_n(F::from_f64(*weight), here.len());
            add_delayed(row, here, weights, next.targets, next_delays, &[0.0; 0], ring);
        }
        Weights::Each(each) => {
            let weights = each[range].iter().map(|weight| F::from_f64(f64::from(*weight)));
            add_delayed(row, here, weights, next.targets, next_delays, &each[next.range.clone()], ring);
        }
        Weights::Double(each) => {
            let weights = each[range].iter().map(|weight| F::from_f64(*weight));
            add_delayed(row, here, weights, next.targets, next_delays, &each[next.range.clone()], ring);
        }
    }
}

/// One loop over a whole row: stretches of one delay are mostly a handful of synapses.
#[inline(always)]
fn add_delayed<F: Scalar, D: Narrow, T: Narrow, W>(
    row: &Row<D>,
    delays: &[T],
    mut weights: impl Iterator<Item = F>,
    next_targets: &[D],
    next_delays: &[T],
    next_weights: &[W],
    ring: &mut Ring<F>,
) {
    let (mut slots, tick, base) = (ring.slots_mut(), row.tick as usize, row.base);
    for (k, (targets, delays)) in row.targets.chunks(STRIDE).zip(delays.chunks(STRIDE)).enumerate() {
        let ahead = k * STRIDE..(k + 1) * STRIDE;
        fetch(next_targets, ahead.clone());
        fetch(next_delays, ahead.clone());
        fetch(next_weights, ahead);
        for ((target, delay), weight) in targets.iter().zip(delays).zip(&mut weights) {
            slots.add(tick + delay.index(), base + target.index(), weight);
        }
    }
}

/// Synapses between fetches: two cache lines of near targets.
const STRIDE: usize = 64;

#[inline(always)]
fn add_one<F: Scalar, D: Narrow>(sums: &mut [F], targets: &[D], weight: F, next: &[D]) {
    for (k, chunk) in targets.chunks(STRIDE).enumerate() {
        fetch(next, k * STRIDE..(k + 1) * STRIDE);
        for target in chunk {
            sums[target.index()] += weight;
        }
    }
}

#[inline(always)]
fn add_each<F: Scalar, D: Narrow, W: Real>(
    sums: &mut [F],
    targets: &[D],
    weights: &[W],
    next: &[D],
    next_weights: &[W],
) {
    let chunks = targets.chunks(STRIDE).zip(weights.chunks(STRIDE));
    for (k, (chunk, weights)) in chunks.enumerate() {
        fetch(next, k * STRIDE..(k + 1) * STRIDE);
        fetch(next_weights, k * STRIDE..(k + 1) * STRIDE);
        add_weights(sums, chunk, weights);
    }
}

/// Adds what these sources of a broadcast send at `tick` to the targets of a thread.
pub fn broadcast(broadcast: &Broadcast, thread: usize, sources: &[u32], tick: i64, rings: &mut Rings) {
    if sources.is_empty() {
        return;
    }
    let mut own: Vec<u32> = sources.iter().flat_map(|&s| broadcast.selves.of(s).iter().copied()).collect();
    own.retain(|&position| broadcast.spots[position as usize].thread as usize == thread);
    own.sort_unstable();
    let at = tick + i64::from(broadcast.delay);
    add_count(broadcast, thread, &own, sources.len(), Precision::F32, rings.single.slot_mut(at));
    add_count(broadcast, thread, &own, sources.len(), Precision::F64, rings.double.slot_mut(at));
}

/// One contribution to each target position: the number of spiking sources other than the target
/// itself, times the weight. `own` names each position as often as its cell spiked.
fn add_count<F: Scalar>(
    broadcast: &Broadcast,
    thread: usize,
    own: &[u32],
    count: usize,
    precision: Precision,
    sums: &mut [F],
) {
    let product = |count: usize| F::from_f64(count as f64) * F::from_f64(broadcast.weight);
    let mut corrected: Vec<(usize, F)> = vec![];
    if broadcast.overlapping {
        let times = |position: usize| own.iter().filter(|p| **p as usize == position).count();
        let spots = broadcast.spots.iter().enumerate();
        for (position, spot) in spots.filter(|s| s.1.precision == precision && s.1.thread as usize == thread)
        {
            sums[spot.index as usize] += product(count - times(position));
        }
        return;
    }
    for same in own.chunk_by(|a, b| a == b) {
        let spot = broadcast.spots[same[0] as usize];
        if spot.precision == precision {
            let index = spot.index as usize;
            corrected.push((index, sums[index] + product(count - same.len())));
        }
    }
    let all = product(count);
    let stretches = broadcast.stretches.get(thread).map_or(&[][..], Vec::as_slice);
    for stretch in stretches.iter().filter(|s| s.precision == precision) {
        for sum in &mut sums[stretch.first as usize..stretch.end as usize] {
            *sum += all;
        }
    }
    for (index, sum) in corrected {
        sums[index] = sum;
    }
}
