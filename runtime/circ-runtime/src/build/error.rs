//! Why a network could not be built.

use circ_plan::engine::Memory;
use circ_plan::ir::{Check, CheckKind, Program};
use circ_plan::plan::{Sender, Sign};

use crate::rows::Rows;

/// Why a network could not be built. Positions are those in the views; the places of senders are in the plan.
#[derive(Clone, Debug, PartialEq)]
pub enum BuildError {
    /// The network needs more than it may have. `parts` says what for.
    TooLarge { need: u64, have: u64, parts: Memory },
    /// A degree or total asks for more partners than there are.
    TooMany { projection: u32, need: u64, have: u64 },
    /// `one_to_one` between views of different size.
    Sizes { projection: u32, sources: u64, targets: u64 },
    /// A probability that is not from 0 to 1. Where it is a program, `pre` and `post` are the first pair.
    Probability { projection: u32, pair: Option<(u32, u32)>, value: f64 },
    /// Weights that the port does not take, or that are not finite.
    Weight { sender: Sender, sign: Sign, first: BadValue },
    /// Rates of a Poisson drive that are below 0 or no number, in events per ms.
    Rate { drive: u32, first: BadValue },
    /// Delays in ms that round to less than a tick, are not finite, or longer than [`crate::MAX_DELAY`] ticks.
    Delay { sender: Sender, first: BadValue },
    /// Dendritic delays or ways back in ms that round to less than none, are not finite, or longer than
    /// [`crate::MAX_DELAY`] ticks; or dendritic delays that are longer than the delay in all.
    Way { projection: u32, way: Way, first: BadValue },
    /// A whole number that left 64 bits while something of a pair was computed; `place` says where that is written.
    Overflow { projection: u32, place: u32, pre: u32, post: u32 },
    /// What synapses have in common that share a weight, where it is no whole number: infinite, no number, or so large that not
    /// all whole numbers are there.
    Key { projection: u32, first: BadValue },
    /// A part of a cell that it does not have; `pre` and `post` are the cells.
    Part { projection: u32, pre: u32, post: u32, value: f64, parts: u32 },
    /// A row of a connection table that names a cell that is not there.
    Row { projection: u32, row: u64, pre: u32, post: u32 },
    /// A row of a connection table that connects a cell to itself.
    SelfPair { projection: u32, row: u64, pre: u32, post: u32 },
    /// A row of a connection table that repeats a pair.
    Repeated { projection: u32, row: u64, pre: u32, post: u32 },
}

/// A time between a learning synapse and its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Dendritic,
    Back,
}

/// A value that does not hold, the first in canonical order, and how many there are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BadValue {
    /// Positions in the views; of a drive, `pre` is 0.
    pub pre: u32,
    pub post: u32,
    pub value: f64,
    /// How many synapses (or cells of a drive) have such a value; 0 where it is one number for all.
    pub count: u64,
}

impl BadValue {
    /// Of two reports of the same projection, the first in canonical order, with both counts.
    pub fn merge(self, other: BadValue) -> BadValue {
        let first = if (other.pre, other.post) < (self.pre, self.post) { other } else { self };
        BadValue { count: self.count + other.count, ..first }
    }
}

/// A whole number of a pair that left 64 bits: the pair, then where that is written, an index into the plan's places.
pub type Overflow = ((u32, u32), u32);

/// The first pair of those that are meant at which a whole number left 64 bits; the values are those of `n` pairs.
pub fn overflow(
    program: &Program,
    values: &Rows<f64>,
    n: usize,
    pair: impl Fn(usize) -> (u32, u32),
    meant: impl Fn((u32, u32)) -> bool,
) -> Option<Overflow> {
    let checks = program.checks.iter().filter(|check| check.kind == CheckKind::Overflow);
    let first = |check: &Check| {
        let fails = &values.bools(check.value)[..n];
        let pairs = fails.iter().enumerate().filter(|(_, fails)| **fails).map(|(k, _)| pair(k));
        pairs.filter(|pair| meant(*pair)).map(|pair| (pair, check.place)).min()
    };
    checks.filter_map(first).min_by_key(|(pair, _)| *pair)
}

/// As an error of a projection.
pub fn overflown(projection: u32, ((pre, post), place): Overflow) -> BuildError {
    BuildError::Overflow { projection, place, pre, post }
}

/// Of two that were found, the first in canonical order.
pub fn sooner(a: Option<Overflow>, b: Option<Overflow>) -> Option<Overflow> {
    a.into_iter().chain(b).min_by_key(|(pair, _)| *pair)
}

/// Adds one more wrong value to a report.
pub fn note(report: &mut Option<BadValue>, pre: u32, post: u32, value: f64) {
    let new = BadValue { pre, post, value, count: 1 };
    *report = Some(report.map_or(new, |old| old.merge(new)));
}
