//! A matrix of weights times the factors of all sources: what a dense rate network spends its time on.
//!
//! In: rows of weights by source, without the target itself. Out: sums by target, added source by source. Several
//! rows at a time pass through registers, so that a sum is loaded and stored once for all of them; the order of
//! additions stays. Bound: the memory that the weights are read from.

use circ_numerics::Real;

use super::sum::sent;
use crate::aligned::Scalar;
use crate::build::layout::{Part, Weights};
use crate::build::selves::Selves;

/// Rows that are added at a time.
const ROWS: usize = 8;
/// Targets that are summed in registers.
const TILE: usize = 32;

/// Adds weight times factor from all sources to the sums of all targets; `own` says which targets a source lacks.
pub fn add<L: Scalar, P: Scalar>(part: &Part, own: &Selves, factors: &[P], sums: &mut [L]) {
    match &part.weights {
        Weights::One(weight) => {
            for (source, &factor) in factors.iter().enumerate() {
                let value = sent::<L, P>(P::from_f64(*weight), factor);
                for stretch in stretches(own.of(source as u32), sums.len()) {
                    sums[stretch].iter_mut().for_each(|sum| *sum += value);
                }
            }
        }
        Weights::Each(weights) => add_each(part, own, weights, factors, sums),
        Weights::Double(weights) => add_each(part, own, weights, factors, sums),
    }
}

/// What lies between some places.
pub fn stretches(places: &[u32], end: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    let begins = std::iter::once(0).chain(places.iter().map(|place| *place as usize + 1));
    let ends = places.iter().map(|place| *place as usize).chain(std::iter::once(end));
    begins.zip(ends).map(|(begin, end)| begin..end)
}

/// One row of weights.
#[derive(Clone, Copy)]
struct Row<'a, P, W> {
    factor: P,
    weights: &'a [W],
    /// Targets without a weight, ascending.
    own: &'a [u32],
}

impl<'a, P, W> Row<'a, P, W> {
    /// The weights of these targets, none of which it lacks; or nothing where it has none.
    fn of(&self, targets: &std::ops::Range<usize>) -> Option<&'a [W]> {
        let before = self.own.partition_point(|place| (*place as usize) < targets.start);
        if self.own.get(before).is_some_and(|place| *place as usize == targets.start) {
            return None;
        }
        Some(&self.weights[targets.start - before..targets.end - before])
    }
}

fn add_each<L: Scalar, P: Scalar, W: Real>(
    part: &Part,
    own: &Selves,
    weights: &[W],
    factors: &[P],
    sums: &mut [L],
) {
    let row = |source: usize| Row {
        factor: factors[source],
        weights: &weights[part.starts[source] as usize..part.starts[source + 1] as usize],
        own: own.of(source as u32),
    };
    for first in (0..factors.len()).step_by(ROWS) {
        let rows: Vec<Row<P, W>> = (first..(first + ROWS).min(factors.len())).map(row).collect();
        let mut places: Vec<u32> = rows.iter().flat_map(|row| row.own.iter().copied()).collect();
        places.sort_unstable();
        places.dedup();
        for stretch in stretches(&places, sums.len()) {
            add_stretch(&rows, stretch, sums);
        }
        for place in places {
            add_stretch(&rows, place as usize..place as usize + 1, sums);
        }
    }
}

/// Adds rows to neighbouring targets; a row has weights for all of them or for none.
fn add_stretch<L: Scalar, P: Scalar, W: Real>(
    rows: &[Row<P, W>],
    targets: std::ops::Range<usize>,
    sums: &mut [L],
) {
    let sums = &mut sums[targets.clone()];
    let whole: Option<Vec<&[W]>> = rows.iter().map(|row| row.of(&targets)).collect();
    if let Some(whole) = whole
        && let (Ok(weights), Ok(rows)) =
            (<[&[W]; ROWS]>::try_from(whole), <&[Row<P, W>; ROWS]>::try_from(rows))
    {
        return add_whole(weights, rows.map(|row| row.factor), sums);
    }
    for row in rows {
        if let Some(weights) = row.of(&targets) {
            for (sum, weight) in sums.iter_mut().zip(weights) {
                *sum += sent::<L, P>(P::from_f64(weight.to_f64()), row.factor);
            }
        }
    }
}

/// [`ROWS`] rows, in order, for each target: in wide registers where the machine has them. The operations are the
/// same, so the bits are.
fn add_whole<L: Scalar, P: Scalar, W: Real>(weights: [&[W]; ROWS], factors: [P; ROWS], sums: &mut [L]) {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx2")]
        fn wide<L: Scalar, P: Scalar, W: Real>(weights: [&[W]; ROWS], factors: [P; ROWS], sums: &mut [L]) {
            add_rows(weights, factors, sums);
        }
        if std::arch::is_x86_feature_detected!("avx2") {
            // SAFETY: the feature was just found.
            return unsafe { wide(weights, factors, sums) };
        }
    }
    add_rows(weights, factors, sums);
}

#[inline(always)]
fn add_rows<L: Scalar, P: Scalar, W: Real>(weights: [&[W]; ROWS], factors: [P; ROWS], sums: &mut [L]) {
    let end = sums.len() / TILE * TILE;
    for first in (0..end).step_by(TILE) {
        let mut tile = [L::ZERO; TILE];
        tile.copy_from_slice(&sums[first..first + TILE]);
        for (row, factor) in weights.iter().zip(factors) {
            for (sum, weight) in tile.iter_mut().zip(&row[first..first + TILE]) {
                *sum += sent::<L, P>(P::from_f64(weight.to_f64()), factor);
            }
        }
        sums[first..first + TILE].copy_from_slice(&tile);
    }
    for (target, sum) in sums.iter_mut().enumerate().skip(end) {
        for (row, factor) in weights.iter().zip(factors) {
            *sum += sent::<L, P>(P::from_f64(row[target].to_f64()), factor);
        }
    }
}
