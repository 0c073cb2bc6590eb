//! Experiments and their statements.

use super::*;

/// An experiment.
#[derive(Clone, Debug)]
pub struct Experiment {
    pub name: Name,
    pub formals: Vec<Formal>,
    pub of: Option<(Path, Vec<Arg>)>,
    pub items: Vec<Statement>,
}

/// A statement of an experiment.
#[derive(Clone, Debug)]
pub enum StatementKind {
    Dt(ExprId),
    Seed(ExprId),
    Precision(Name),
    Method(Name),
    Data(Data),
    Let(Let),
    Fn(Function),
    Drive(Drive),
    Assign {
        target: ExprId,
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
    Set {
        target: ExprId,
        filter: Option<ExprId>,
        value: ExprId,
    },
    Fire(Vec<ExprId>),
    Enforce(ExprId),
    Reset {
        views: Vec<ExprId>,
        except: Vec<ExprId>,
    },
    /// `freeze plasticity of P`, `thaw plasticity`
    FreezePlasticity {
        thaw: bool,
        of: Vec<ExprId>,
    },
    Clamp {
        target: ExprId,
        value: ExprId,
    },
    Release(Vec<ExprId>),
    Silence(Vec<ExprId>),
    Freeze(ExprId),
    Save(ExprId),
    Load(ExprId),
    Print(Vec<ExprId>),
    Report(Vec<ExprId>),
    Plot(Vec<ExprId>),
    Expect(ExprId),
    For {
        index: Name,
        over: Iter,
        items: Vec<Statement>,
    },
    Trials {
        index: Name,
        over: Iter,
        items: Vec<Statement>,
    },
    Repeat {
        items: Vec<Statement>,
        until: ExprId,
    },
    If {
        condition: ExprId,
        then: Vec<Statement>,
        otherwise: Vec<Statement>,
    },
    Sweep(Vec<SweepAxis>),
    Error,
}

/// `(a, b) in values`
#[derive(Clone, Debug)]
pub struct SweepAxis {
    pub names: Vec<Name>,
    pub over: Iter,
}
