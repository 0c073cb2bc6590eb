//! Projections in both directions: `A.gap <-> B.gap`.
//!
//! In: a projection and its pairing. Out: which pairs are drawn, and the rows of the direction that lies here.
//! What a pair draws (whether it is, its weight, its delay) is keyed by its positions as drawn, so the synapses of
//! both directions have the same. Within one view unordered pairs are drawn, first position before second.

use std::ops::Range;

use circ_plan::plan::{Pairing, Plan, ProjectionPlan};

use super::selves::Selves;

/// Which way the synapses of a projection go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// As their pairs are drawn.
    There,
    /// From the target of a pair to its source.
    Back,
}

/// The projection whose pairs a projection has, and which way it goes.
pub fn drawn_as(plan: &Plan, projection: u32) -> (&ProjectionPlan, Direction) {
    let this = &plan.projections[projection as usize];
    match this.pairing {
        Pairing::Ordered | Pairing::Unordered => (this, Direction::There),
        Pairing::Mirror(other) => (&plan.projections[other as usize], Direction::Back),
    }
}

/// The targets that a source can have, of so many: those after it where pairs are not ordered, those before it in
/// the other direction.
pub fn candidates(plan: &ProjectionPlan, direction: Direction, source: u32, targets: u32) -> Range<u32> {
    match (plan.pairing, direction) {
        (Pairing::Unordered, Direction::There) => (source + 1).min(targets)..targets,
        (Pairing::Unordered, Direction::Back) => 0..source.min(targets),
        (Pairing::Ordered | Pairing::Mirror(_), _) => 0..targets,
    }
}

/// Those of ascending positions that lie in a range.
pub fn within<'s>(positions: &'s [u32], range: &Range<u32>) -> &'s [u32] {
    let place = |limit: u32| positions.partition_point(|position| *position < limit);
    &positions[place(range.start)..place(range.end)]
}

/// How many pairs there can be.
pub fn admissible(plan: &ProjectionPlan, selves: &Selves) -> u64 {
    let targets = plan.paired_targets() as u32;
    let of = |source| {
        let range = candidates(plan, Direction::There, source, targets);
        (range.len() - within(selves.of(source), &range).len()) as u64
    };
    (0..plan.source.len() as u32).map(of).sum()
}
