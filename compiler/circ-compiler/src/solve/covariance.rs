//! Noise that reaches several exact equations within a step: a noisy current and the membrane that it
//! drives, two equations with one source.
//!
//! In: classified equations. Out: what a source adds to each, as weights of standard normal numbers: the
//! first number is the source's own, so that everything else that reads the source sees the same noise.
//! A source of one equation alone needs none of this.

use std::collections::BTreeMap;

use circ_plan::ir::*;

use super::classify::Classes;
use super::facts::Facts;
use super::{Scheme, System};
use crate::kernel::build::Builder;

/// Larger groups would need matrices of more than 37 rows.
const MOST_MEMBERS: usize = 8;

/// By source and equation: weights, and the normal numbers that they weigh.
pub type Spread = BTreeMap<(usize, usize), Vec<(ValueId, ValueId)>>;

/// All sources that reach more than one exact equation through constant factors.
pub fn spread(b: &mut Builder, facts: &mut Facts, system: &System, classes: &Classes) -> Spread {
    let mut spread = Spread::new();
    for source in 0..system.sources.len() {
        let members = members(classes, source);
        if !(2..=MOST_MEMBERS).contains(&members.len()) {
            continue;
        }
        let Some(group) = Group::new(b, facts, classes, source, &members) else { continue };
        let covariance = group.covariance(b, system.step_ms);
        let weights = cholesky(b, &covariance);
        let numbers = normal_numbers(b, system.sources[source].draw, members.len());
        for (row, equation) in weights.into_iter().zip(members) {
            spread.insert((source, equation), row.into_iter().zip(numbers.iter().copied()).collect());
        }
    }
    spread
}

/// The exact equations that a source reaches: those that it enters, then those downstream.
fn members(classes: &Classes, source: usize) -> Vec<usize> {
    let exact = |equation: &usize| {
        matches!(classes.choices[*equation].scheme, Scheme::Exact | Scheme::OrnsteinUhlenbeck)
    };
    let exact: Vec<usize> = (0..classes.parts.len()).filter(exact).collect();
    let entered = |equation: &usize| classes.parts[*equation].noise.contains_key(&source);
    let mut members: Vec<usize> = exact.iter().copied().filter(entered).collect();
    loop {
        let reached = exact.iter().find(|equation| {
            let form = classes.parts[**equation].joint.as_ref();
            let reads = form.is_ok_and(|form| form.coefficients.keys().any(|k| members.contains(k)));
            reads && !members.contains(equation)
        });
        match reached {
            Some(equation) => members.push(*equation),
            None => return members,
        }
    }
}

/// `x' = A x + g xi` among the members.
struct Group {
    size: usize,
    /// By row and column.
    coefficients: BTreeMap<(usize, usize), ValueId>,
    factors: BTreeMap<usize, ValueId>,
}

impl Group {
    /// Nothing where a coefficient or a factor is not constant.
    fn new(
        b: &Builder,
        facts: &mut Facts,
        classes: &Classes,
        source: usize,
        members: &[usize],
    ) -> Option<Group> {
        let mut group =
            Group { size: members.len(), coefficients: BTreeMap::new(), factors: BTreeMap::new() };
        for (row, equation) in members.iter().enumerate() {
            let part = &classes.parts[*equation];
            let form = part.joint.as_ref().ok()?;
            for (column, other) in members.iter().enumerate() {
                if let Some(coefficient) = form.coefficients.get(other) {
                    group.coefficients.insert((row, column), *coefficient);
                }
            }
            if let Some(factor) = part.noise.get(&source) {
                group.factors.insert(row, *factor);
            }
        }
        let mut values = group.coefficients.values().chain(group.factors.values());
        values.all(|value| facts.steady(b, *value)).then_some(group)
    }

    /// The lower triangle of the covariance after a step: see the note on the covariance at the end of the file.
    fn covariance(&self, b: &mut Builder, step_ms: f64) -> Vec<Vec<ValueId>> {
        let pairs: Vec<(usize, usize)> =
            (0..self.size).flat_map(|row| (0..=row).map(move |column| (row, column))).collect();
        let place = |i: usize, j: usize| {
            let (row, column) = (i.max(j), i.min(j));
            row * (row + 1) / 2 + column
        };
        let n = pairs.len() + 1;
        let (zero, step) = (b.float(0.0), b.float(step_ms));
        let mut entries = vec![zero; n * n];
        for (at, (i, j)) in pairs.iter().enumerate() {
            for ((row, column), coefficient) in &self.coefficients {
                let rate = b.mul(*coefficient, step);
                if row == i {
                    let entry = &mut entries[at * n + place(*column, *j)];
                    *entry = b.add(*entry, rate);
                }
                if row == j {
                    let entry = &mut entries[at * n + place(*i, *column)];
                    *entry = b.add(*entry, rate);
                }
            }
            if let (Some(g), Some(other)) = (self.factors.get(i), self.factors.get(j)) {
                let product = b.mul(*g, *other);
                entries[at * n + n - 1] = b.mul(product, step);
            }
        }
        let mut entry = |at: usize| b.expm(n as u8, entries.clone(), at as u8, (n - 1) as u8);
        (0..self.size).map(|row| (0..=row).map(|column| entry(place(row, column))).collect()).collect()
    }
}

/// The lower triangle `L` with `L L^T` this matrix. What is left of a variance after what comes before it is
/// explained may be nothing but rounding (two equations that are the same): then it is 0.
fn cholesky(b: &mut Builder, matrix: &[Vec<ValueId>]) -> Vec<Vec<ValueId>> {
    let rounding = match b.precision() {
        Precision::F32 => 1e-6,
        Precision::F64 => 1e-10,
    };
    let (zero, rounding) = (b.float(0.0), b.float(rounding));
    let mut lower: Vec<Vec<ValueId>> = vec![];
    // By column: what is left of the variance, and whether that is more than rounding.
    let mut pivots: Vec<(ValueId, ValueId)> = vec![];
    for (i, given) in matrix.iter().enumerate() {
        let mut row: Vec<ValueId> = vec![];
        for (j, entry) in given.iter().enumerate() {
            let mut left = *entry;
            for k in 0..j {
                let other = if j == i { row[k] } else { lower[j][k] };
                let product = b.mul(row[k], other);
                left = b.sub(left, product);
            }
            if j == i {
                let floor = b.mul(*entry, rounding);
                pivots.push((left, b.lt(floor, left)));
            }
            let (pivot, proper) = pivots[j];
            // By the ratio of covariance and variance: equations that are the same get the same bits.
            let value = match j == i {
                true => b.sqrt(pivot),
                false => {
                    let ratio = b.div(left, pivot);
                    b.mul(ratio, lower[j][j])
                }
            };
            row.push(b.select(proper, value, zero));
        }
        lower.push(row);
    }
    lower
}

/// The source's own number and more with its key.
fn normal_numbers(b: &mut Builder, own: ValueId, count: usize) -> Vec<ValueId> {
    let Op::Draw { distribution, args, key, .. } = b.op(own).clone() else { return vec![own] };
    let more = (1..count as u32).map(|salt| b.draw(distribution, args.clone(), key, salt));
    std::iter::once(own).chain(more).collect()
}

// Note [Covariance]
//
// The covariance of x' = A x + g xi that starts at 0 obeys Q' = A Q + Q A^T + g g^T, a linear system in the
// entries of its lower triangle with a constant input, so after a step it is the last column of the
// exponential of the augmented matrix (see the note in `integrate`). Nothing is divided by a difference of
// time constants, and nothing grows where all variables decay. With Q = L L^T and independent normal numbers
// z, L z is what the noise of the step adds.
