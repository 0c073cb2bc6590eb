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
/// The same, of what is left at the end of a stretch.
const REST: usize = 8;

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
    let whole = factors.len() / ROWS * ROWS;
    let mut places = vec![];
    for first in (0..whole).step_by(ROWS) {
        add_together(std::array::from_fn(|k| row(first + k)), &mut places, sums);
    }
    (whole..factors.len()).for_each(|source| add_row(row(source), sums));
}

fn add_row<L: Scalar, P: Scalar, W: Real>(row: Row<P, W>, sums: &mut [L]) {
    for (before, stretch) in stretches(row.own, sums.len()).enumerate() {
        let weights = &row.weights[stretch.start - before..stretch.end - before];
        for (sum, weight) in sums[stretch].iter_mut().zip(weights) {
            *sum += sent::<L, P>(P::from_f64(weight.to_f64()), row.factor);
        }
    }
}

/// Adds rows: whole stretches between the targets that any of them lacks, and these one by one. `places` is room for
/// those targets.
fn add_together<L: Scalar, P: Scalar, W: Real>(
    rows: [Row<P, W>; ROWS],
    places: &mut Vec<u32>,
    sums: &mut [L],
) {
    places.clear();
    rows.iter().for_each(|row| places.extend_from_slice(row.own));
    places.sort_unstable();
    places.dedup();
    // By row: how many targets before this one it lacks.
    let mut before = [0; ROWS];
    for stretch in stretches(places, sums.len()) {
        let place = stretch.end;
        if !stretch.is_empty() {
            let weights =
                std::array::from_fn(|k| &rows[k].weights[stretch.start - before[k]..stretch.end - before[k]]);
            add_whole(weights, rows.map(|row| row.factor), &mut sums[stretch]);
        }
        let Some(sum) = sums.get_mut(place) else { break };
        for (row, before) in rows.iter().zip(&mut before) {
            if row.own.get(*before).is_some_and(|own| *own as usize == place) {
                *before += 1;
            } else {
                let weight = P::from_f64(row.weights[place - *before].to_f64());
                *sum += sent::<L, P>(weight, row.factor);
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
    let wide = sums.len() / TILE * TILE;
    add_tiles::<TILE, L, P, W>(weights, factors, &mut sums[..wide]);
    let (weights, sums) = (weights.map(|row| &row[wide..]), &mut sums[wide..]);
    let narrow = sums.len() / REST * REST;
    add_tiles::<REST, L, P, W>(weights, factors, &mut sums[..narrow]);
    add_tiles::<1, L, P, W>(weights.map(|row| &row[narrow..]), factors, &mut sums[narrow..]);
}

/// To a whole number of tiles.
#[inline(always)]
fn add_tiles<const SIZE: usize, L: Scalar, P: Scalar, W: Real>(
    weights: [&[W]; ROWS],
    factors: [P; ROWS],
    sums: &mut [L],
) {
    for (at, sums) in sums.chunks_exact_mut(SIZE).enumerate() {
        let first = at * SIZE;
        let mut tile = [L::ZERO; SIZE];
        tile.copy_from_slice(sums);
        for (row, factor) in weights.iter().zip(factors) {
            for (sum, weight) in tile.iter_mut().zip(&row[first..first + SIZE]) {
                *sum += sent::<L, P>(P::from_f64(weight.to_f64()), factor);
            }
        }
        sums.copy_from_slice(&tile);
    }
}
