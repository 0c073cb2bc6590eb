//! Delivery: adds the weights of a spiking source's synapses to the accumulators of their targets.
//!
//! In: rows of synapses and the positions of the sources that spiked at a tick, ascending. Out: sums in
//! the ring, in canonical order. This is where a large network spends its time: one loop for each
//! layout, no division, no search; the next row is fetched while this one is added.

use circ_numerics::Real;
use circ_plan::ir::Precision;

use crate::aligned::Scalar;
use crate::build::layout::{Delays, Part, Run, Targets, Weights};
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

/// A distance from the base of a part.
trait Distance: Copy {
    fn index(self) -> usize;
}

impl Distance for u16 {
    #[inline(always)]
    fn index(self) -> usize {
        usize::from(self)
    }
}

impl Distance for u32 {
    #[inline(always)]
    fn index(self) -> usize {
        self as usize
    }
}

fn rows<F: Scalar, D: Distance>(part: &Part, targets: &[D], sources: &[u32], tick: i64, ring: &mut Ring<F>) {
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
            (Delays::Runs { starts, runs }, weights) => {
                let runs = &runs[starts[source as usize] as usize..starts[source as usize + 1] as usize];
                fetch(next_targets, 0..STRIDE);
                let mut begin = 0;
                for &Run { delay, end } in runs {
                    let end = end as usize;
                    let sums = &mut ring.slot_mut(tick + i64::from(delay))[window.clone()];
                    let here = &targets_here[begin..end];
                    match weights {
                        Weights::One(weight) => add_one(sums, here, F::from_f64(*weight), &[]),
                        Weights::Each(weights) => {
                            add_each(sums, here, &weights[first + begin..first + end], &[], &[]);
                        }
                        Weights::Double(weights) => {
                            add_each(sums, here, &weights[first + begin..first + end], &[], &[]);
                        }
                    }
                    begin = end;
                }
            }
        }
    }
}

/// Synapses between fetches: two cache lines of near targets.
const STRIDE: usize = 64;

#[inline(always)]
fn add_one<F: Scalar, D: Distance>(sums: &mut [F], targets: &[D], weight: F, next: &[D]) {
    for (k, chunk) in targets.chunks(STRIDE).enumerate() {
        fetch(next, k * STRIDE..(k + 1) * STRIDE);
        for target in chunk {
            sums[target.index()] += weight;
        }
    }
}

#[inline(always)]
fn add_each<F: Scalar, D: Distance, W: Real>(
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
        for (target, &weight) in chunk.iter().zip(weights) {
            sums[target.index()] += F::from_f64(weight.to_f64());
        }
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
