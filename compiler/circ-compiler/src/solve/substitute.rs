//! Substitution: the same expression of other values.
//!
//! In: values of a program and what to read in their place. Out: new values of the same program.
//! Stages of Runge–Kutta methods evaluate an equation at other states this way.

use std::collections::BTreeMap;

use circ_plan::ir::ValueId;

use super::affine::reachable;
use crate::kernel::build::Builder;
use crate::kernel::ops::{map_operands, operands};

/// What is read in place of what. Remembers what it has made.
#[derive(Clone, Debug, Default)]
pub struct Substitution {
    made: BTreeMap<ValueId, ValueId>,
}

impl Substitution {
    /// Reads `to` in place of `from`.
    pub fn replace(&mut self, from: ValueId, to: ValueId) {
        self.made.insert(from, to);
    }

    /// `root`, made of what is read in place.
    pub fn apply(&mut self, b: &mut Builder, root: ValueId) -> ValueId {
        let made = &self.made;
        for value in reachable(b, root, |_, v| !made.contains_key(&v)) {
            let op = b.op(value);
            let changed = operands(op).iter().any(|v| self.made.get(v).is_some_and(|to| to != v));
            let to = if changed {
                let op = map_operands(op, |v| self.made.get(&v).copied().unwrap_or(v));
                b.emit(op, b.ty(value))
            } else {
                value
            };
            self.made.insert(value, to);
        }
        self.made.get(&root).copied().unwrap_or(root)
    }
}
