//! Facts: what a value of a kernel program depends on.
//!
//! In: a program under construction and which values are variables. Out: for any value, the
//! variables that it is made of, whether it follows from parameters alone, and whether it reads the
//! time. The classes of equations are all decided by these three.

use std::collections::{BTreeMap, BTreeSet};

use circ_plan::ir::*;
use smallvec::{SmallVec, smallvec};
use std::ops::Range;

use crate::kernel::build::Builder;
use crate::kernel::ops::operands;

/// What a value depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Indices of variables, ascending.
    pub variables: SmallVec<[usize; 2]>,
    /// Made of constants and parameters only: the same at every tick.
    pub steady: bool,
    /// Reads `t`.
    pub timed: bool,
}

/// Facts of all values of a program, found when asked for.
pub struct Facts<'a> {
    variables: BTreeMap<ValueId, usize>,
    /// Whether a `Load` or `Uniform` is of a parameter.
    parameter: &'a dyn Fn(&Op) -> bool,
    held: BTreeSet<ValueId>,
    known: Vec<Fact>,
}

impl<'a> Facts<'a> {
    /// `variables` are the values that count as variables, in the order of their indices.
    pub fn new(variables: &[ValueId], parameter: &'a dyn Fn(&Op) -> bool) -> Facts<'a> {
        let variables = variables.iter().enumerate().map(|(index, value)| (*value, index)).collect();
        Facts { variables, parameter, held: BTreeSet::new(), known: vec![] }
    }

    /// These values do not move within a step.
    pub fn holding(self, held: BTreeSet<ValueId>) -> Facts<'a> {
        Facts { held, ..self }
    }

    /// The values that do not move within a step.
    pub fn held(&self) -> &BTreeSet<ValueId> {
        &self.held
    }

    /// The fact of a value.
    pub fn of(&mut self, b: &Builder, value: ValueId) -> &Fact {
        // Operands come before what is made of them, so one pass in order never recurses.
        for at in self.known.len()..=value.0 as usize {
            let fact = self.find(b, ValueId(at as u32));
            self.known.push(fact);
        }
        &self.known[value.0 as usize]
    }

    /// Whether a value follows from parameters alone.
    pub fn steady(&mut self, b: &Builder, value: ValueId) -> bool {
        self.of(b, value).steady
    }

    /// Whether a value is made of any of these variables.
    pub fn touches(&mut self, b: &Builder, value: ValueId, variables: &Range<usize>) -> bool {
        self.of(b, value).variables.iter().any(|variable| variables.contains(variable))
    }

    /// The variable that a value is.
    pub fn variable(&self, value: ValueId) -> Option<usize> {
        self.variables.get(&value).copied()
    }

    fn find(&self, b: &Builder, value: ValueId) -> Fact {
        if let Some(index) = self.variable(value) {
            return Fact { variables: smallvec![index], steady: false, timed: false };
        }
        if self.held.contains(&value) {
            return Fact { variables: smallvec![], steady: false, timed: false };
        }
        let op = b.op(value);
        let mut fact =
            Fact { variables: smallvec![], steady: self.steady_op(op), timed: matches!(op, Op::Time(_)) };
        for operand in operands(op) {
            let of = &self.known[operand.0 as usize];
            unite(&mut fact.variables, &of.variables);
            fact.steady &= of.steady;
            fact.timed |= of.timed;
        }
        fact
    }

    /// Whether an operation of steady operands is steady.
    fn steady_op(&self, op: &Op) -> bool {
        match op {
            Op::Load(..) | Op::Uniform(_) => (self.parameter)(op),
            Op::Arrival(_) | Op::Now | Op::Time(_) | Op::Draw { .. } | Op::Redraw { .. } => false,
            _ => true,
        }
    }
}

/// Adds to ascending numbers others.
fn unite(into: &mut SmallVec<[usize; 2]>, other: &[usize]) {
    if into.is_empty() {
        into.extend_from_slice(other);
        return;
    }
    for variable in other {
        if let Err(at) = into.binary_search(variable) {
            into.insert(at, *variable);
        }
    }
}
