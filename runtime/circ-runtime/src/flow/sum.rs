//! Sums of what flows, in canonical order: source by source, synapse by synapse.

use circ_numerics::Real;

use super::leaves::Places;
use super::matrix;
use crate::aligned::Scalar;
use crate::build::layout::{Delays, Part, Targets, Weights};
use crate::build::selves::Selves;
use crate::ring::Ring;
use crate::rows::ROW;

/// The sums of the first `k` from the first on, and of those from `k` to the end from the last on, for every `k`.
pub fn sums<P: Scalar>(values: &[P]) -> (Vec<P>, Vec<P>) {
    let n = values.len();
    let (mut before, mut after) = (vec![P::ZERO; n + 1], vec![P::ZERO; n + 1]);
    for k in 0..n {
        before[k + 1] = before[k] + values[k];
    }
    for k in (0..n).rev() {
        after[k] = after[k + 1] + values[k];
    }
    (before, after)
}

/// Adds weight times factor of every synapse.
pub fn weigh<L: Scalar, P: Scalar>(part: &Part, factors: &[P], tick: i64, ring: &mut Ring<L>) {
    match (&part.targets, &part.delays) {
        (Targets::Every(own), Delays::One(delay)) => {
            let sums = &mut ring.slot_mut(tick + i64::from(*delay))[window(part)];
            matrix::add(part, own, factors, sums);
        }
        _ => {
            for (source, &factor) in factors.iter().enumerate() {
                // Weights are finite: what is not sent would change no sum.
                if factor != P::ZERO {
                    row(part, source, factor, tick, ring);
                }
            }
        }
    }
}

/// The elements of an arena that targets may name.
fn window(part: &Part) -> std::ops::Range<usize> {
    part.base as usize..(part.base + part.span) as usize
}

fn row<L: Scalar, P: Scalar>(part: &Part, source: usize, factor: P, tick: i64, ring: &mut Ring<L>) {
    let first = part.starts[source] as usize;
    part.each_run(source, |delay, begin, end| {
        let sums = &mut ring.slot_mut(tick + i64::from(delay))[window(part)];
        let range = first + begin..first + end;
        match &part.targets {
            Targets::Near(targets) => add(sums, &targets[range.clone()], &part.weights, range, factor),
            Targets::Far(targets) => add(sums, &targets[range.clone()], &part.weights, range, factor),
            Targets::Every(_) => panic!("the delays of a matrix are one"),
        }
    });
}

fn add<L: Scalar, P: Scalar, D: Copy + Into<u32>>(
    sums: &mut [L],
    targets: &[D],
    weights: &Weights,
    range: std::ops::Range<usize>,
    factor: P,
) {
    match weights {
        Weights::One(weight) => {
            let value = sent::<L, P>(P::from_f64(*weight), factor);
            targets.iter().for_each(|&target| sums[target.into() as usize] += value);
        }
        Weights::Each(weights) => add_each(sums, targets, &weights[range], factor),
        Weights::Double(weights) => add_each(sums, targets, &weights[range], factor),
    }
}

fn add_each<L: Scalar, P: Scalar, D: Copy + Into<u32>, W: Real>(
    sums: &mut [L],
    targets: &[D],
    weights: &[W],
    factor: P,
) {
    for (&target, &weight) in targets.iter().zip(weights) {
        sums[target.into() as usize] += sent::<L, P>(P::from_f64(weight.to_f64()), factor);
    }
}

/// A product in the precision of the program, then in that of the target.
#[inline(always)]
pub fn sent<L: Scalar, P: Scalar>(weight: P, factor: P) -> L {
    L::from_f64((weight * factor).to_f64())
}

/// Neighbouring synapses of a part, as many as are evaluated at a time.
#[derive(Default)]
pub struct Batch {
    /// Index in the part of the first.
    first: usize,
    len: usize,
    /// All of one source, to neighbouring targets from this one on; else the lists are filled.
    straight: Option<(u32, u32)>,
    sources: Vec<u32>,
    targets: Vec<u32>,
    delays: Vec<u32>,
}

impl Batch {
    /// Goes through all synapses of a part.
    pub fn for_each(&mut self, part: &Part, f: impl FnMut(&Batch)) {
        match &part.targets {
            Targets::Every(own) => self.through_matrix(part, own, f),
            Targets::Near(targets) => self.through_rows(part, targets, f),
            Targets::Far(targets) => self.through_rows(part, targets, f),
        }
    }

    fn through_matrix(&mut self, part: &Part, own: &Selves, mut f: impl FnMut(&Batch)) {
        self.clear(0);
        for source in 0..part.starts.len() as u32 - 1 {
            for stretch in matrix::stretches(own.of(source), part.span as usize) {
                for target in stretch.clone().step_by(ROW) {
                    self.straight = Some((source, target as u32));
                    self.len = ROW.min(stretch.end - target);
                    f(self);
                    self.first += self.len;
                }
            }
        }
    }

    fn through_rows<D: Copy + Into<u32>>(&mut self, part: &Part, targets: &[D], mut f: impl FnMut(&Batch)) {
        self.clear(0);
        for source in 0..part.starts.len() - 1 {
            let row = part.starts[source] as usize;
            part.each_run(source, |delay, begin, end| {
                let (mut at, end) = (row + begin, row + end);
                while at < end {
                    let next = end.min(at + ROW - self.len);
                    self.take(source as u32, delay, &targets[at..next]);
                    at = next;
                    if self.len == ROW {
                        f(self);
                        self.clear(at);
                    }
                }
            });
        }
        if 0 < self.len {
            f(self);
        }
    }

    fn take<D: Copy + Into<u32>>(&mut self, source: u32, delay: u32, targets: &[D]) {
        self.len += targets.len();
        self.sources.resize(self.len, source);
        self.targets.extend(targets.iter().map(|&target| target.into()));
        self.delays.resize(self.len, delay);
    }

    fn clear(&mut self, first: usize) {
        (self.first, self.len, self.straight) = (first, 0, None);
        self.sources.clear();
        self.targets.clear();
        self.delays.clear();
    }

    pub fn len(&self) -> usize {
        self.len
    }

    pub fn sources(&self) -> Places<'_> {
        self.straight.map_or(Places::List(&self.sources), |(source, _)| Places::One(source))
    }

    pub fn targets(&self) -> Places<'_> {
        self.straight.map_or(Places::List(&self.targets), |(_, target)| Places::From(target))
    }

    /// Fills in the weights.
    pub fn weights<P: Scalar>(&self, part: &Part, out: &mut [P]) {
        let range = self.first..self.first + out.len();
        match &part.weights {
            Weights::One(weight) => out.fill(P::from_f64(*weight)),
            Weights::Each(weights) => {
                out.iter_mut().zip(&weights[range]).for_each(|(out, &w)| *out = P::from_f64(f64::from(w)));
            }
            Weights::Double(weights) => {
                out.iter_mut().zip(&weights[range]).for_each(|(out, &w)| *out = P::from_f64(w));
            }
        }
    }

    /// Adds these values to the sums of the targets.
    pub fn add<L: Scalar, P: Scalar>(&self, part: &Part, values: &[P], tick: i64, ring: &mut Ring<L>) {
        let values = values.iter().map(|value| L::from_f64(value.to_f64()));
        match &part.delays {
            Delays::One(delay) => {
                let sums = &mut ring.slot_mut(tick + i64::from(*delay))[window(part)];
                match self.straight {
                    Some((_, target)) => {
                        let sums = &mut sums[target as usize..];
                        sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
                    }
                    None => {
                        let ends = self.targets.iter().zip(values);
                        ends.for_each(|(&target, value)| sums[target as usize] += value);
                    }
                }
            }
            Delays::Each(_) | Delays::Runs(_) => {
                for ((&target, &delay), value) in self.targets.iter().zip(&self.delays).zip(values) {
                    ring.slot_mut(tick + i64::from(delay))[window(part)][target as usize] += value;
                }
            }
        }
    }
}
