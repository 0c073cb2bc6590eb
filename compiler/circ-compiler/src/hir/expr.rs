//! Expressions: everything that has a value.

use super::*;
use crate::types::Dimension;
use circ_grammar::ast::{BinaryOp, UnaryOp};
use circ_plan::ir::Distribution;

/// More sources of white noise have no number in one part of a cell.
pub const NOISE_SOURCES: u32 = 1024;

#[derive(Clone, Debug)]
pub struct Expr {
    pub kind: ExprKind,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum ExprKind {
    /// Coherent value and dimension; `plain` without a unit (then 0 and inf fit any dimension, and a whole
    /// number may be an Int where one is demanded).
    Number {
        value: f64,
        dimension: Dimension,
        plain: bool,
    },
    Bool(bool),
    Text(Arc<str>),
    Ref(Ref),
    Unary {
        op: UnaryOp,
        value: ExprId,
    },
    Binary {
        op: BinaryOp,
        left: ExprId,
        right: ExprId,
    },
    /// `value in lo .. hi`, both ends included.
    InRange {
        value: ExprId,
        lo: ExprId,
        hi: ExprId,
    },
    /// `pre in VIEW`: `side` true for post.
    InView {
        value: ExprId,
        view: ExprId,
    },
    If {
        condition: ExprId,
        then: ExprId,
        otherwise: ExprId,
    },
    /// A mathematical function of the language.
    Call {
        builtin: Builtin,
        args: Vec<ExprId>,
    },
    CallFn {
        function: FunctionId,
        args: Vec<ExprId>,
    },
    /// A draw; `poisson` of a frequency is `poisson(m * dt)`: written out by `check`'s types, see [`Builtin`].
    Draw {
        distribution: Distribution,
        args: Vec<ExprId>,
    },
    /// `redraw(e, lo, hi)`
    Redraw {
        value: ExprId,
        lo: ExprId,
        hi: ExprId,
    },
    /// `xi` is source 0, `xi(k)` source k; in a segment so many times [`NOISE_SOURCES`] more as its place says.
    Noise(u32),
    /// `chance(p)`: Bool.
    Chance(ExprId),
    /// `rising(c)`: only in a `when`.
    Rising(ExprId),
    /// `x'`
    Derivative(VarId),
    /// `distal.v`, `distal[3].v`, `tuft.branch[2].v`: of a segment, seen from outside. The steps lead from the part at
    /// hand, or from one around it, inwards; a step without an index goes to all. `expand` leaves none of them.
    OfSegment {
        steps: Vec<(SegmentId, Option<Index>)>,
        member: SegmentMember,
    },
    /// `sum(array)`, `mean(array)`, ... of an array, or over `index` in `lo .. hi`.
    Reduce {
        reduce: Reduce,
        value: ExprId,
        over: Option<(LocalId, ExprId, ExprId)>,
    },
    Array(Vec<ExprId>),
    Tuple(Vec<ExprId>),
    Index {
        base: ExprId,
        indices: Vec<Index>,
    },
    /// A member of what `base` is: a population's state, port or event, a part's item, `pre.x`.
    /// A name that ends in `'` is a derivative: `E.v'`.
    Field {
        base: ExprId,
        name: Arc<str>,
        name_span: Span,
    },
    /// A measure or another function of views, in constraints and experiments: `rate(E)`, `size(E)`, `load("f")`, `at(E[0].v, 3 ms)`, `round`...
    Measure {
        name: Arc<str>,
        name_span: Span,
        args: Vec<MeasureArg>,
    },
    Error,
}

#[derive(Clone, Debug)]
pub struct MeasureArg {
    pub each: bool,
    pub name: Option<Arc<str>>,
    pub value: ExprId,
    /// `in_degree(I -> E)`
    pub to: Option<ExprId>,
    /// `rate(E over 1 s)`, `rate(E over a .. b)`
    pub over: Option<Window>,
}

#[derive(Clone, Copy, Debug)]
pub enum Window {
    Last(ExprId),
    Between(ExprId, ExprId),
}

#[derive(Clone, Copy, Debug)]
pub enum Index {
    At(ExprId),
    Range(ExprId, ExprId),
    Where(ExprId),
}

/// What of a segment has a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SegmentMember {
    Var(VarId),
    Mode(ModeId),
    /// Of a state.
    Derivative(VarId),
}

/// What a name means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ref {
    /// `w`, the weight of the synapse that a value flows through.
    Weight,
    /// `t`
    Time,
    /// `dt`
    Step,
    /// `i`, `row`, `col`, `layer`
    CellIndex,
    Row,
    Col,
    Layer,
    /// `k`, of the innermost segment that has a number. `expand` leaves none of them.
    SegmentIndex,
    /// `size`
    Size,
    Pi,
    Infinity,
    /// `distance`, `pre`, `post`, `edge`: only in clauses of projections; `pre.i` is `Field(Pre, "i")`.
    Distance,
    Pre,
    Post,
    Edge,
    Local(LocalId),
    /// A parameter, state, port or `let` of the cell at hand (in a population's block too); a variable of the rule at hand.
    Var(VarId),
    /// A mode, as a bool.
    Mode(ModeId),
    Global(GlobalId),
    /// A formal, `let`, `data`, loop index or item of the circuit at hand; in an experiment, of the experiment.
    Slot(SlotId),
    /// In an experiment: a slot of the circuit that it is of.
    OfCircuit(SlotId),
}

/// Functions of numbers. `Round`, `Floor`, `Ceil` give an Int; `Min`, `Max` of numbers take two or more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Builtin {
    Exp,
    Log,
    Log10,
    Sqrt,
    Abs,
    Sign,
    Floor,
    Ceil,
    Round,
    Mod,
    Min,
    Max,
    Clamp,
    Sin,
    Cos,
    Tan,
    Tanh,
    Sinh,
    Cosh,
    Atan,
    Sigmoid,
    Relu,
    StepFunction,
    Exprel,
    Lgamma,
    Erf,
}

/// Reductions of arrays. `Argmax` and `Count` (of bools) give an Int.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reduce {
    Sum,
    Mean,
    Std,
    Min,
    Max,
    Product,
    Any,
    All,
    Count,
    Argmax,
}

/// Reductions that have a meaning over time too: the others would tell how long a step is.
pub const OVER_TIME: [&str; 6] = ["mean", "std", "min", "max", "any", "all"];

/// Methods of integration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    Auto,
    Exact,
    ExponentialEuler,
    Euler,
    Rk2,
    Rk4,
    Heun,
    Implicit,
}
