//! Experiments and their statements.

use super::*;
use circ_grammar::ast::AssignOp;
use circ_plan::ir::Precision;
use smallvec::{SmallVec, smallvec};
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
    /// The experiment is repeated for all combinations of these; the first changes slowest.
    pub sweep: Vec<Axis>,
    /// In order, settings taken out.
    pub statements: Vec<Statement>,
}

impl Experiment {
    /// All statements, also those within others, in order of writing.
    pub fn all_statements(&self) -> impl Iterator<Item = &Statement> {
        all(&self.statements)
    }

    /// The `let`s that statements give other values, and the indices of loops.
    pub fn assigned(&self) -> BTreeSet<SlotId> {
        let of = |statement: &Statement| match statement.kind {
            StatementKind::Assign { slot, .. } | StatementKind::For { index: slot, .. } => Some(slot),
            _ => None,
        };
        self.all_statements().filter_map(of).collect()
    }

    /// What loops run over, by their index.
    pub fn loops(&self) -> impl Iterator<Item = (SlotId, Over)> {
        self.all_statements().filter_map(|statement| match statement.kind {
            StatementKind::For { index, over, .. } => Some((index, over)),
            _ => None,
        })
    }
}

/// What one part of a `sweep` gives its values to.
#[derive(Clone, Debug)]
pub struct Axis {
    pub names: Vec<Swept>,
    pub values: AxisValues,
    pub span: Span,
}

/// A name that a sweep gives values to.
#[derive(Clone, Debug)]
pub struct Swept {
    pub name: Arc<str>,
    pub span: Span,
    pub target: SweptTarget,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SweptTarget {
    /// A formal of the experiment.
    Own(SlotId),
    /// One of its circuit.
    OfCircuit(SlotId),
    Seed,
    Step,
}

#[derive(Clone, Debug)]
pub enum AxisValues {
    /// Of one name.
    Over(Over),
    /// Of as many names as each row has values.
    Rows(Vec<Vec<ExprId>>),
}

/// Statements with those within them, in order of writing.
pub fn all(statements: &[Statement]) -> impl Iterator<Item = &Statement> {
    let mut open: Vec<&Statement> = statements.iter().rev().collect();
    std::iter::from_fn(move || {
        let next = open.pop()?;
        open.extend(next.kind.blocks().iter().rev().flat_map(|block| block.iter().rev()));
        Some(next)
    })
}

#[derive(Clone, Debug)]
pub struct Statement {
    pub kind: StatementKind,
    pub span: Span,
}

/// What one pass of a loop has to do with the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passes {
    /// It begins where the one before ended.
    InTurn,
    /// `trials`: every pass begins where the first did, with draws of its own, and leaves only what it adds to variables.
    Apart,
}

#[derive(Clone, Debug)]
pub enum StatementKind {
    /// `let` and `data`: the value is in the slot.
    Binding(SlotId),
    Drive(Drive),
    /// Of a `let` of the experiment, or of elements of it: `element` is then the path, as in `a[k]`.
    Assign {
        slot: SlotId,
        element: Option<ExprId>,
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
    /// A picture of these: what was recorded through time, events, or how values are spread.
    Plot(Vec<ExprId>),
    Expect(ExprId),
    /// As a constraint, now.
    Enforce(ExprId),
    /// What these hold is put back to how it began: cells, their states, what synapses hold; without any, everything.
    Reset {
        what: Vec<ExprId>,
        except: Vec<ExprId>,
    },
    /// These cells have their spike at the next tick.
    Fire(Vec<ExprId>),
    /// These cells spike no more.
    Silence(Vec<ExprId>),
    /// A state of a population is held at what it is from here on.
    Freeze(ExprId),
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
    /// The whole state is written to a file of this name.
    Save(ExprId),
    /// The state of such a file takes the place of the present one.
    Load(ExprId),
    /// The body once for each value of the index.
    For {
        passes: Passes,
        index: SlotId,
        over: Over,
        body: Vec<Statement>,
    },
    /// The body, until the condition holds after it.
    Repeat {
        body: Vec<Statement>,
        until: ExprId,
    },
}

impl StatementKind {
    /// The statements within, branch by branch.
    pub fn blocks(&self) -> SmallVec<[&[Statement]; 2]> {
        match self {
            StatementKind::If { then, otherwise, .. } => smallvec![&then[..], &otherwise[..]],
            StatementKind::For { body, .. } | StatementKind::Repeat { body, .. } => smallvec![&body[..]],
            StatementKind::Binding(_)
            | StatementKind::Drive(_)
            | StatementKind::Assign { .. }
            | StatementKind::Record { .. }
            | StatementKind::Run { .. }
            | StatementKind::Set { .. }
            | StatementKind::Clamp { .. }
            | StatementKind::Release(_)
            | StatementKind::Print(_)
            | StatementKind::Report(_)
            | StatementKind::Plot(_)
            | StatementKind::Expect(_)
            | StatementKind::Enforce(_)
            | StatementKind::Reset { .. }
            | StatementKind::Fire(_)
            | StatementKind::Silence(_)
            | StatementKind::Freeze(_)
            | StatementKind::Save(_)
            | StatementKind::Load(_)
            | StatementKind::FreezePlasticity { .. } => smallvec![],
        }
    }
}
