//! Experiments and their statements.

use super::*;
use circ_grammar::ast::AssignOp;
use circ_plan::ir::Precision;
use std::collections::BTreeSet;

/// An experiment.
#[derive(Clone, Debug)]
pub struct Experiment {
    pub name: Arc<str>,
    /// Of the name.
    pub span: Span,
    /// All of what is written of it.
    pub text: Span,
    pub doc: Option<Arc<str>>,
    pub slots: Vec<Slot>,
    pub formals: Vec<SlotId>,
    pub circuit: Option<CircuitId>,
    pub args: Vec<(SlotId, ExprId)>,
    /// `dt`, `seed`, `precision`, `method`: the last written of each holds.
    pub dt: Option<ExprId>,
    pub seed: Option<ExprId>,
    pub precision: Option<Precision>,
    pub method: Option<(Method, Span)>,
    /// In order, settings taken out.
    pub statements: Vec<Statement>,
}

impl Experiment {
    /// The `let`s that statements give other values.
    pub fn assigned(&self) -> BTreeSet<SlotId> {
        let mut found = BTreeSet::new();
        let mut open: Vec<&Statement> = self.statements.iter().collect();
        while let Some(statement) = open.pop() {
            match &statement.kind {
                StatementKind::Assign { slot, .. } => {
                    found.insert(*slot);
                }
                StatementKind::If { then, otherwise, .. } => open.extend(then.iter().chain(otherwise)),
                _ => {}
            }
        }
        found
    }
}

#[derive(Clone, Debug)]
pub struct Statement {
    pub kind: StatementKind,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum StatementKind {
    /// `let` and `data`: the value is in the slot.
    Binding(SlotId),
    Drive(Drive),
    /// Of a `let` of the experiment.
    Assign {
        slot: SlotId,
        op: AssignOp,
        value: ExprId,
    },
    Record {
        what: Vec<ExprId>,
        every: Option<ExprId>,
    },
    Run {
        duration: ExprId,
        until: Option<ExprId>,
    },
    /// A parameter or state of a population (`Field`), a drive, or what synapses hold (`Field`), of those that `filter`
    /// selects.
    Set {
        target: ExprId,
        filter: Option<ExprId>,
        value: ExprId,
    },
    /// A state of a population is held at a value from here on.
    Clamp {
        target: ExprId,
        value: ExprId,
    },
    /// What clamps hold goes on: these states, all of these populations, or without any everything.
    Release(Vec<ExprId>),
    Print(Vec<ExprId>),
    Report(Vec<ExprId>),
    Expect(ExprId),
    /// As a constraint, now.
    Enforce(ExprId),
    /// What synapses hold is put back.
    Reset(Vec<ExprId>),
    /// The rules of these projections, or without any of all, change weights and delays no more; or again.
    FreezePlasticity {
        thaw: bool,
        of: Vec<ExprId>,
    },
    If {
        condition: ExprId,
        then: Vec<Statement>,
        otherwise: Vec<Statement>,
    },
}
