//! Expressions.

use super::*;

/// What a loop or a window runs over.
#[derive(Clone, Copy, Debug)]
pub enum Iter {
    Expr(ExprId),
    Range(ExprId, ExprId),
}

/// An expression.
#[derive(Clone, Debug)]
pub struct Expr {
    pub kind: ExprKind,
    pub span: Span,
}

/// What an expression is.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// `5 nS/cm^2`
    Number(Number),
    /// Without its quotes, escapes resolved.
    String(Arc<str>),
    Bool(bool),
    Name(Arc<str>),
    /// The word `cell`, as in `cell.v`.
    Cell,
    Unary {
        op: UnaryOp,
        value: ExprId,
    },
    Binary {
        op: BinaryOp,
        left: ExprId,
        right: ExprId,
    },
    /// `e in lo .. hi`
    InRange {
        value: ExprId,
        lo: ExprId,
        hi: ExprId,
    },
    /// `e in view`
    In {
        value: ExprId,
        set: ExprId,
    },
    If {
        condition: ExprId,
        then: ExprId,
        otherwise: ExprId,
    },
    Field {
        base: ExprId,
        name: Name,
    },
    Index {
        base: ExprId,
        indices: Vec<Index>,
    },
    Call {
        callee: ExprId,
        args: Vec<Arg>,
    },
    /// `x'`
    Prime(ExprId),
    /// `[a, b]`
    Array(Vec<ExprId>),
    /// `(a, b)`: a union of views, a pair of an event table, a position. Never of one.
    Tuple(Vec<ExprId>),
    Error,
}

/// A number as written.
#[derive(Clone, Debug, PartialEq)]
pub struct Number {
    /// The digits, point and exponent, as written.
    pub digits: Arc<str>,
    /// `nS/cm^2` is `[(nS, 1), (cm, -2)]`; empty without a unit.
    pub unit: Vec<UnitPower>,
}

/// One factor of a unit, as written.
#[derive(Clone, Debug, PartialEq)]
pub struct UnitPower {
    pub name: Arc<str>,
    /// Negative after `/`.
    pub power: i32,
}

/// `-`, `not`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnaryOp {
    Negate,
    Not,
}

/// Binary operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    And,
    Or,
}

/// What stands in `[ ]`.
#[derive(Clone, Copy, Debug)]
pub enum Index {
    At(ExprId),
    Range(ExprId, ExprId),
    Where(ExprId),
}

/// An argument of a call.
#[derive(Clone, Debug)]
pub struct Arg {
    /// `rate(each E)`
    pub each: bool,
    /// `every = 10 ms`
    pub name: Option<Name>,
    pub value: ExprId,
    pub tail: ArgTail,
    pub span: Span,
}

/// What may follow an argument.
#[derive(Clone, Debug)]
pub enum ArgTail {
    None,
    /// `in_degree(I -> E)`
    To(ExprId),
    /// `rate(E over 1 s)`, `rate(E over a .. b)`
    Over(Iter),
    /// `sum(e for q in a .. b)`
    For {
        index: Name,
        over: Iter,
    },
}
