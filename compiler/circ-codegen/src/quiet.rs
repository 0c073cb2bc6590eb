//! Quiet groups: those in which no event happens and no check fails, as in nearly all.
//!
//! In: a program. Out: what has to be computed before that is known, and what the values are once it is. In a
//! quiet group `if spike then reset else v` is `v`, and an array that only events change keeps what it holds:
//! the one is not computed, the other not stored. All other groups take the program as it is written.

use crate::facts::{Branch, outputs};
use crate::validate::operands;
use circ_plan::ir::{Op, Output, Program, Side, ValueId};

/// What a value is in a quiet group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// The same as this value, which may be the value itself.
    Same(ValueId),
    /// A truth value.
    Truth(bool),
}

/// How groups are computed.
#[derive(Debug)]
pub(crate) struct Quiet {
    /// By value: whether the decision needs it.
    pub(crate) early: Vec<bool>,
    /// By value: whether a quiet group needs it after the decision.
    pub(crate) late: Vec<bool>,
    /// By value: whether any other group needs it after the decision.
    pub(crate) rest: Vec<bool>,
    /// By value.
    pub(crate) known: Vec<Known>,
    /// The masks of events: where none holds, no event happens.
    pub(crate) masks: Vec<ValueId>,
}

impl Quiet {
    /// By value: whether nearly all groups need it.
    pub(crate) fn usual(&self) -> Vec<bool> {
        self.early.iter().zip(&self.late).map(|(early, late)| *early || *late).collect()
    }

    /// Whether an output leaves a quiet group as it is: it would store what it loaded.
    pub(crate) fn keeps(&self, program: &Program, output: &Output) -> bool {
        let Output::Array(array, value) = output else {
            return false;
        };
        let Known::Same(same) = self.known[value.0 as usize] else {
            return false;
        };
        *program.op(same) == Op::Load(Side::Own, *array)
    }
}

/// How the groups of a program are computed. `shared` values, or those of earlier passes, are there before all groups; `known` and `masks`
/// come from [`known`].
pub(crate) fn quiet(
    program: &Program,
    shared: &[bool],
    branches: &[Branch],
    (known, masks): (Vec<Known>, Vec<ValueId>),
) -> Quiet {
    let plain = |value: ValueId| Some(value);
    let quiet = |value: ValueId| match known[value.0 as usize] {
        Known::Same(same) => Some(same),
        Known::Truth(_) => None,
    };
    let checks = || program.checks.iter().map(|check| check.value);
    // What is computed before the decision must be right for both ways on: operands as they are written.
    let decisive = masks.iter().copied().chain(checks().filter_map(quiet));
    let early = needed(program, branches, shared, decisive, plain);
    let there: Vec<bool> = shared.iter().zip(&early).map(|(shared, early)| *shared || *early).collect();
    let stored = program.outputs.iter().filter_map(|output| match output {
        Output::Array(_, value) => Some(*value),
        Output::Uniform(..) | Output::Event(..) | Output::Result(_) => None,
    });
    let late = needed(program, branches, &there, stored, quiet);
    let rest = needed(program, branches, &there, outputs(program).chain(checks()), plain);
    Quiet { early, late, rest, known, masks }
}

/// What every value is where no event happens, and the masks that tell whether one does.
pub(crate) fn known(program: &Program) -> (Vec<Known>, Vec<ValueId>) {
    let event = |output: &Output| match output {
        Output::Event(_, mask) => Some(*mask),
        Output::Array(..) | Output::Uniform(..) | Output::Result(_) => None,
    };
    let events: Vec<ValueId> = program.outputs.iter().filter_map(event).collect();
    let (mut known, mut masks): (Vec<Known>, _) = (vec![], vec![]);
    for (at, op) in program.ops.iter().enumerate() {
        let value = ValueId(at as u32);
        let meaning = simplified(value, op, &known);
        // A mask that follows from earlier ones need not be looked at.
        if events.contains(&value) && meaning != Known::Truth(false) {
            masks.push(value);
            known.push(Known::Truth(false));
        } else {
            known.push(meaning);
        }
    }
    (known, masks)
}

/// What an operation is, from what its operands are.
fn simplified(value: ValueId, op: &Op, known: &[Known]) -> Known {
    let of = |v: &ValueId| known[v.0 as usize];
    match op {
        Op::Bool(truth) => Known::Truth(*truth),
        Op::Not(a) => match of(a) {
            Known::Truth(truth) => Known::Truth(!truth),
            Known::Same(_) => Known::Same(value),
        },
        Op::And(a, b) => match (of(a), of(b)) {
            (Known::Truth(false), _) | (_, Known::Truth(false)) => Known::Truth(false),
            (Known::Truth(true), other) | (other, Known::Truth(true)) => other,
            (Known::Same(_), Known::Same(_)) => Known::Same(value),
        },
        Op::Or(a, b) => match (of(a), of(b)) {
            (Known::Truth(true), _) | (_, Known::Truth(true)) => Known::Truth(true),
            (Known::Truth(false), other) | (other, Known::Truth(false)) => other,
            (Known::Same(_), Known::Same(_)) => Known::Same(value),
        },
        Op::Select(mask, a, b) => match of(mask) {
            Known::Truth(true) => of(a),
            Known::Truth(false) => of(b),
            Known::Same(_) if of(a) == of(b) => of(a),
            Known::Same(_) => Known::Same(value),
        },
        _ => Known::Same(value),
    }
}

/// The values that these roots need besides those that are `there`, where `meaning` says which value stands for a
/// value (none for what is known). A region is entered as a whole: what is needed of it comes out of one branch.
fn needed(
    program: &Program,
    branches: &[Branch],
    there: &[bool],
    roots: impl Iterator<Item = ValueId>,
    meaning: impl Fn(ValueId) -> Option<ValueId>,
) -> Vec<bool> {
    let mut needed = vec![false; program.ops.len()];
    let mark = |value: ValueId, needed: &mut Vec<bool>| {
        if let Some(value) = meaning(value) {
            needed[value.0 as usize] |= !there[value.0 as usize];
        }
    };
    roots.for_each(|root| mark(root, &mut needed));
    loop {
        for at in (0..program.ops.len()).rev() {
            if needed[at] {
                operands(&program.ops[at]).into_iter().for_each(|operand| mark(operand, &mut needed));
            }
        }
        let before = needed.clone();
        for branch in branches {
            let region = branch.region.first as usize..branch.region.end as usize;
            if needed[region.clone()].contains(&true) {
                region.for_each(|at| needed[at] = !there[at]);
                mark(branch.region.mask, &mut needed);
            }
        }
        if needed == before {
            return needed;
        }
    }
}
