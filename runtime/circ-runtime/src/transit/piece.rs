//! Adds a piece of a row: what arrives before a given tick.
//!
//! In: a part, and a row of it with what is left of it after the pieces before. Out: sums in the ring, and how many
//! synapses they were: the first ones, because a row is sorted by delay.

use std::ops::Range;

use circ_plan::ir::Precision;

use super::Row;
use crate::aligned::Scalar;
use crate::build::layout::{Delays, Part, Targets, Ticks, Weights};
use crate::deliver::add_run;
use crate::narrow::Narrow;
use crate::prefetch::fetch;
use crate::ring::{Ring, Rings};

/// Asks for what is left of a row, about as many synapses.
pub fn ask(part: &Part, row: &Row, about: usize) {
    let range = row.left(about);
    match &part.delays {
        Delays::One(_) => {}
        Delays::Each(Ticks::Byte(delays)) => fetch_lines(delays, &range),
        Delays::Each(Ticks::Half(delays)) => fetch_lines(delays, &range),
        Delays::Each(Ticks::Word(delays)) => fetch_lines(delays, &range),
        Delays::Runs(runs) => runs.fetch(row.source as usize, row.due),
    }
    match &part.targets {
        Targets::Near(targets) => fetch_lines(targets, &range),
        Targets::Far(targets) => fetch_lines(targets, &range),
        Targets::Every(_) => {}
    }
    match &part.weights {
        Weights::One(_) => {}
        Weights::Each(weights) => fetch_lines(weights, &range),
        Weights::Double(weights) => fetch_lines(weights, &range),
    }
}

/// The first and the last element may lie in lines that a step of whole lines does not meet.
#[inline(always)]
fn fetch_lines<T>(list: &[T], range: &Range<usize>) {
    fetch(list, range.clone());
    fetch(list, range.end.saturating_sub(1)..range.end);
}

/// Adds what arrives before a tick of what is left of a row; returns how many synapses they are.
pub fn deliver(part: &Part, row: &Row, before: i64, rings: &mut Rings) -> usize {
    match part.precision {
        Precision::F32 => deliver_in(part, row, before, &mut rings.single),
        Precision::F64 => deliver_in(part, row, before, &mut rings.double),
    }
}

fn deliver_in<F: Scalar>(part: &Part, row: &Row, before: i64, ring: &mut Ring<F>) -> usize {
    match &part.targets {
        Targets::Near(targets) => to_targets(part, targets, row, before, ring),
        Targets::Far(targets) => to_targets(part, targets, row, before, ring),
        Targets::Every(_) => panic!("only what flows has a matrix"),
    }
}

fn to_targets<F: Scalar, D: Narrow>(
    part: &Part,
    targets: &[D],
    row: &Row,
    before: i64,
    ring: &mut Ring<F>,
) -> usize {
    let (range, stamp) = (row.left(usize::MAX), i64::from(row.stamp));
    let limit = (before - stamp) as usize;
    let window = part.base as usize..(part.base + part.span) as usize;
    let to = To { base: window.start, stamp: stamp as usize, limit };
    match &part.delays {
        Delays::One(delay) if (*delay as usize) < limit => {
            let sums = &mut ring.slot_mut(stamp + i64::from(*delay))[window];
            add_run(sums, &targets[range.clone()], &part.weights, range.start);
            range.len()
        }
        Delays::One(_) => 0,
        Delays::Each(Ticks::Byte(delays)) => to.weigh(targets, &delays[range.clone()], part, range, ring),
        Delays::Each(Ticks::Half(delays)) => to.weigh(targets, &delays[range.clone()], part, range, ring),
        Delays::Each(Ticks::Word(delays)) => to.weigh(targets, &delays[range.clone()], part, range, ring),
        Delays::Runs(runs) => {
            let (first, mut done) = (row.first as usize, row.done as usize);
            let end = limit.min(u32::MAX as usize) as u32;
            runs.each(row.source as usize, row.due..end, |delay, begin, end| {
                let sums = &mut ring.slot_mut(stamp + i64::from(delay))[window.clone()];
                add_run(sums, &targets[first + begin..first + end], &part.weights, first + begin);
                done = end;
            });
            done - row.done as usize
        }
    }
}

/// Where and when.
struct To {
    base: usize,
    stamp: usize,
    /// Delays that are shorter are delivered.
    limit: usize,
}

impl To {
    #[inline(always)]
    fn weigh<F: Scalar, D: Narrow, T: Narrow>(
        &self,
        targets: &[D],
        delays: &[T],
        part: &Part,
        range: Range<usize>,
        ring: &mut Ring<F>,
    ) -> usize {
        let targets = &targets[range.clone()];
        match &part.weights {
            Weights::One(weight) => {
                let weight = F::from_f64(*weight);
                self.add(targets, delays, |_| weight, ring)
            }
            Weights::Each(each) => {
                let each = &each[range][..targets.len()];
                self.add(targets, delays, |k| F::from_f64(f64::from(each[k])), ring)
            }
            Weights::Double(each) => {
                let each = &each[range][..targets.len()];
                self.add(targets, delays, |k| F::from_f64(each[k]), ring)
            }
        }
    }

    /// Mostly whole steps arrive, of which one look at the last delay says so.
    #[inline(always)]
    fn add<F: Scalar, D: Narrow, T: Narrow>(
        &self,
        targets: &[D],
        delays: &[T],
        weight: impl Fn(usize) -> F,
        ring: &mut Ring<F>,
    ) -> usize {
        let mut slots = ring.slots_mut();
        let len = targets.len();
        let delays = &delays[..len];
        let mut k = 0;
        while k + STEP <= len && delays[k + STEP - 1].index() < self.limit {
            for at in k..k + STEP {
                slots.add(self.stamp + delays[at].index(), self.base + targets[at].index(), weight(at));
            }
            k += STEP;
        }
        while k < len && delays[k].index() < self.limit {
            slots.add(self.stamp + delays[k].index(), self.base + targets[k].index(), weight(k));
            k += 1;
        }
        k
    }
}

const STEP: usize = 16;
