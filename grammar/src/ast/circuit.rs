//! Circuits: populations, drives, projections, constraints.

use super::*;

/// A circuit declaration.
#[derive(Clone, Debug)]
pub struct Circuit {
    pub name: Name,
    pub formals: Vec<Formal>,
    pub items: Vec<CircuitItem>,
}

/// What a circuit may hold.
#[derive(Clone, Debug)]
pub enum CircuitItemKind {
    Population { public: bool, population: Population },
    Drive { public: bool, drive: Drive },
    Projection { public: bool, projection: Projection },
    Part { public: bool, name: Name, circuit: Path, args: Vec<Arg> },
    Data { public: bool, data: Data },
    Let { public: bool, binding: Let },
    Fn(Function),
    For { index: Name, over: Iter, items: Vec<CircuitItem> },
    If { condition: ExprId, then: Vec<CircuitItem>, otherwise: Vec<CircuitItem> },
    Constraints(Vec<Constraint>),
    Error,
}

/// `population name: polarity Cell[size] { }`
#[derive(Clone, Debug)]
pub struct Population {
    pub name: Name,
    pub polarity: Option<Polarity>,
    pub cell: Path,
    /// Empty: one cell.
    pub size: Vec<ExprId>,
    pub items: Vec<PopulationItem>,
}

/// A line of a population's block.
#[derive(Clone, Debug)]
pub enum PopulationItemKind {
    Set { path: Path, value: ExprId },
    At(ExprId),
    Error,
}

/// `drive name: source -> view { }`
#[derive(Clone, Debug)]
pub struct Drive {
    pub name: Name,
    pub source: ExprId,
    pub target: ExprId,
    pub clauses: Vec<DriveClause>,
}

/// A clause of a drive.
#[derive(Clone, Debug)]
pub enum DriveClauseKind {
    Weight(ExprId),
    Delay(ExprId),
    FromTo(ExprId, ExprId),
    Error,
}

/// `projection name: a -> b { }`
#[derive(Clone, Debug)]
pub struct Projection {
    pub name: Name,
    pub source: ExprId,
    /// Whether `<->`.
    pub symmetric: bool,
    pub target: ExprId,
    pub clauses: Vec<Clause>,
}

/// A clause of a projection.
#[derive(Clone, Debug)]
pub enum ClauseKind {
    /// `connect probability p`; `connect where e` has the name `where`.
    Connect {
        kind: Name,
        value: Option<ExprId>,
    },
    Allow(Vec<Name>),
    Weight(ExprId),
    Delay(ExprId),
    Dendritic(ExprId),
    Back(ExprId),
    Polarity(Polarity),
    Onto(ExprId),
    Share(ExprId),
    Plasticity(ExprId),
    Continuous(ExprId),
    Store {
        name: Name,
        precision: Option<Name>,
    },
    Error,
}

/// A constraint.
#[derive(Clone, Debug)]
pub enum ConstraintKind {
    /// `dale of A, B`; empty: all.
    Dale(Vec<ExprId>),
    Require(ExprId),
    Enforce {
        what: ExprId,
        every: Option<ExprId>,
    },
    Monitor {
        what: ExprId,
        or_stop: bool,
    },
    Error,
}
