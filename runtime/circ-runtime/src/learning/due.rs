//! What arrives at the tick that cells are about to make: where synapses that learn add what they send.
//!
//! In: values of synapses, in canonical order. Out: sums. A value that is NaN is not sent.

use std::ops::Range;

use circ_numerics::Real;
use circ_plan::ir::Precision;

use super::store::Column;
use super::table::Table;
use crate::aligned::Scalar;
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
        let spot = &table.spots[table.target[synapse as usize] as usize];
        match spot.precision {
            Precision::F32 => self.single[spot.index as usize] += value as f32,
            Precision::F64 => self.double[spot.index as usize] += value,
        }
    }

    /// Adds what these synapses send: their weights.
    pub fn add_weights(&mut self, table: &Table, weights: &Column, range: Range<u32>) {
        let (first, end) = (range.start as usize, range.end as usize);
        let targets = &table.target[first..end];
        match (table.precision, weights) {
            (Some(Precision::F32), Column::Single(w)) => add(self.single, table, targets, &w[first..end]),
            (Some(Precision::F32), Column::Double(w)) => add(self.single, table, targets, &w[first..end]),
            (Some(Precision::F64), Column::Single(w)) => add(self.double, table, targets, &w[first..end]),
            (Some(Precision::F64), Column::Double(w)) => add(self.double, table, targets, &w[first..end]),
            (_, weights) => {
                for synapse in range {
                    let value = weights.number(synapse as usize);
                    if !value.is_nan() {
                        self.add(table, synapse, value);
                    }
                }
            }
        }
    }

    /// Adds what these synapses send, beside them.
    pub fn add_values(&mut self, table: &Table, synapses: &[u32], values: &[f64]) {
        for (&synapse, &value) in synapses.iter().zip(values) {
            if !value.is_nan() {
                self.add(table, synapse, value);
            }
        }
    }
}

fn add<F: Scalar, W: Real>(sums: &mut [F], table: &Table, targets: &[u32], weights: &[W]) {
    for (&target, &weight) in targets.iter().zip(weights) {
        let sum = &mut sums[table.places[target as usize] as usize];
        let weight = weight.to_f64();
        *sum = if weight.is_nan() { *sum } else { *sum + F::from_f64(weight) };
    }
}
