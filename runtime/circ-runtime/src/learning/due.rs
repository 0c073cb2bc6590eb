//! What arrives at the tick that cells are about to make: where synapses that learn add what they send.
//!
//! In: values of synapses, in canonical order. Out: sums. A value that is NaN is not sent.

use std::ops::Range;

use circ_numerics::Real;
use circ_plan::ir::Precision;

use super::store::{Column, Which};
use super::table::Table;
use super::targets::with_targets;
use crate::aligned::Scalar;
use crate::narrow::Narrow;
use crate::ring::Rings;

/// The accumulators of a tick.
pub struct Due<'a> {
    single: &'a mut [f32],
    double: &'a mut [f64],
}

impl Due<'_> {
    pub fn new(rings: &mut Rings, tick: i64) -> Due<'_> {
        Due { single: rings.single.slot_mut(tick), double: rings.double.slot_mut(tick) }
    }

    /// Adds what one synapse sends, which is not NaN.
    pub fn add(&mut self, table: &Table, synapse: u32, value: f64) {
        self.add_at(table, table.target.of(synapse), value);
    }

    /// Adds what arrives at one of the own targets, which is not NaN.
    pub fn add_at(&mut self, table: &Table, target: u32, value: f64) {
        let spot = &table.spots[target as usize];
        match spot.precision {
            Precision::F32 => self.single[spot.index as usize] += value as f32,
            Precision::F64 => self.double[spot.index as usize] += value,
        }
    }

    /// Adds what these synapses send: their weights.
    pub fn add_weights(&mut self, table: &Table, weights: &Column, range: Range<u32>) {
        let (first, end) = (range.start as usize, range.end as usize);
        let range = first..end;
        match (table.precision, weights) {
            (Some(Precision::F32), Column::Single(w)) => add(self.single, table, range, &w[first..end]),
            (Some(Precision::F32), Column::Double(w)) => add(self.single, table, range, &w[first..end]),
            (Some(Precision::F64), Column::Single(w)) => add(self.double, table, range, &w[first..end]),
            (Some(Precision::F64), Column::Double(w)) => add(self.double, table, range, &w[first..end]),
            (_, weights) => {
                for synapse in first as u32..end as u32 {
                    let value = weights.number(synapse as usize);
                    if !value.is_nan() {
                        self.add(table, synapse, value);
                    }
                }
            }
        }
    }

    /// Adds what these synapses send, beside them.
    pub fn add_values(&mut self, table: &Table, synapses: Which, values: &[f64]) {
        if let (Which::Run(first, end), Some(precision)) = (synapses, table.precision) {
            let range = first as usize..end as usize;
            return match precision {
                Precision::F32 => add(self.single, table, range, values),
                Precision::F64 => add(self.double, table, range, values),
            };
        }
        for (synapse, &value) in synapses.iter().zip(values) {
            if !value.is_nan() {
                self.add(table, synapse, value);
            }
        }
    }
}

/// Adds what the synapses of a range send.
fn add<F: Scalar, W: Real>(sums: &mut [F], table: &Table, range: Range<usize>, weights: &[W]) {
    let places = &table.places[..];
    with_targets!(&table.target, range, targets => match table.first_place {
        Some(first) => {
            let sums = &mut sums[first as usize..][..places.len()];
            match neighbours(table, targets) {
                Some(targets) => add_beside(&mut sums[targets], weights),
                None => add_at(sums, targets.iter().map(|target| target.index()), weights),
            }
        }
        None => add_at(sums, targets.iter().map(|target| places[target.index()] as usize), weights),
    });
}

/// The targets of synapses of a source that lie in canonical order, if they follow each other: so they ascend, and where no pair is
/// there twice, the ends say whether any is left out.
fn neighbours<D: Narrow>(table: &Table, targets: &[D]) -> Option<Range<usize>> {
    let (first, last) = (targets.first()?.index(), targets.last()?.index());
    (table.occurrence.is_empty() && last + 1 == first + targets.len()).then_some(first..last + 1)
}

fn add_beside<F: Scalar, W: Real>(sums: &mut [F], weights: &[W]) {
    if weights.iter().fold(false, |any, weight| any | weight.to_f64().is_nan()) {
        return add_at(sums, 0..sums.len(), weights);
    }
    for (sum, weight) in sums.iter_mut().zip(weights) {
        *sum += F::from_f64(weight.to_f64());
    }
}

#[inline(always)]
fn add_at<F: Scalar, W: Real>(sums: &mut [F], places: impl Iterator<Item = usize>, weights: &[W]) {
    let is_nan = |weight: &W| weight.to_f64().is_nan();
    // Hardly any is: to ask for all at once costs less than to choose for each.
    if weights.iter().fold(false, |any, weight| any | is_nan(weight)) {
        for (place, weight) in places.zip(weights).filter(|(_, weight)| !is_nan(weight)) {
            sums[place] += F::from_f64(weight.to_f64());
        }
        return;
    }
    for (place, weight) in places.zip(weights) {
        sums[place] += F::from_f64(weight.to_f64());
    }
}
