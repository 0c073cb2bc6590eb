//! Cells: what they hold, their modes, the statements of their blocks.

use super::*;

/// A cell declaration.
#[derive(Clone, Debug)]
pub struct Cell {
    pub name: Name,
    pub base: Option<Path>,
    pub items: Vec<CellItem>,
}

/// What a cell or a segment may hold.
#[derive(Clone, Debug)]
pub enum CellItemKind {
    Param(Variable),
    State(Variable),
    Equation(Equation),
    Let(Let),
    Fn(Function),
    /// `port name: polarity type via shape`
    Port {
        name: Name,
        polarity: Option<Polarity>,
        ty: TypeExpr,
        shape: ExprId,
    },
    /// `segment name[count] { }`
    Segment {
        name: Name,
        count: Option<ExprId>,
        items: Vec<CellItem>,
    },
    /// `spike when c { }`
    Spike {
        condition: ExprId,
        body: Option<Vec<Action>>,
    },
    /// `event e when c { }`
    Event {
        name: Name,
        condition: Option<ExprId>,
        body: Option<Vec<Action>>,
    },
    /// `on a { }`, `on a and b { }`
    On {
        event: Path,
        and: Option<Path>,
        body: Vec<Action>,
    },
    /// `on end m { }`
    OnEnd {
        mode: Path,
        body: Vec<Action>,
    },
    /// `mode m for T { }`
    Mode {
        name: Name,
        duration: Option<ExprId>,
        items: Vec<ModeItem>,
    },
    /// `couple a <-> b by g`
    Couple {
        a: ExprId,
        b: ExprId,
        by: ExprId,
    },
    /// `for q in a .. b { }`
    For {
        index: Name,
        over: Iter,
        items: Vec<CellItem>,
    },
    /// `method rk4`
    Method(Name),
    /// `precision f32`
    Precision(Name),
    /// Already reported.
    Error,
}

/// `param`/`state name: type in lo .. hi = value`
#[derive(Clone, Debug)]
pub struct Variable {
    pub name: Name,
    pub ty: Option<TypeExpr>,
    pub range: Option<(ExprId, ExprId)>,
    pub value: Option<ExprId>,
}

/// `factor * name' = value`
#[derive(Clone, Debug)]
pub struct Equation {
    /// A name or a quantity.
    pub factor: Option<ExprId>,
    pub name: Name,
    pub value: ExprId,
}

/// What a mode may hold.
#[derive(Clone, Debug)]
pub enum ModeItemKind {
    Equation(Equation),
    Let(Let),
    Hold(Vec<Path>),
    Drop(Vec<Path>),
    No(Vec<Path>),
    Error,
}

/// What a block of an event does.
#[derive(Clone, Debug)]
pub enum ActionKind {
    Assign { target: ExprId, op: AssignOp, value: ExprId },
    Let(Let),
    If { condition: ExprId, then: Vec<Action>, otherwise: Vec<Action> },
    Enter(Path),
    Leave(Path),
    Emit(Path),
    Transmit(ExprId),
    Refractory { duration: ExprId, hold: Vec<Path>, drop: Vec<Path> },
    Error,
}

/// `=`, `+=`, `-=`, `*=`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssignOp {
    Set,
    Add,
    Subtract,
    Multiply,
}
