//! HIR: the program with every name resolved, cells flattened (a cell that extends another holds all
//! of its base's items, lowered anew in its own scope), sugar removed.
//!
//! In: trees, by `resolve`. Out: data for `check`, `elaborate` and `solve`. All expressions of the
//! program live in one arena, children before parents. Facts found later (types) go into side tables.

use crate::types::{Dimension, Type};
use circ_grammar::ast::{AssignOp, BinaryOp, Polarity, Span, UnaryOp};
use circ_plan::ir::{Distribution, Precision};
use std::sync::Arc;

macro_rules! ids { ($($(#[$m:meta])* $name:ident),*) => { $(
    $(#[$m])* #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)] pub struct $name(pub u32);
    impl $name { /// As an index.
        pub fn index(self) -> usize { self.0 as usize } }
)* } }
ids!(
    /// Into [`Hir::exprs`].
    ExprId,
    /// Into [`Hir::functions`].
    FunctionId,
    /// Into [`Hir::globals`].
    GlobalId,
    /// Into [`Hir::cells`].
    CellId,
    /// Into [`Hir::circuits`].
    CircuitId,
    /// Into [`Hir::locals`]: formals of functions, indices of `sum(... for q ...)`, `let`s in blocks.
    LocalId,
    /// Into [`Cell::vars`].
    VarId,
    /// Into [`Cell::events`].
    EventIx,
    /// Into [`Cell::modes`].
    ModeId,
    /// Into [`Circuit::slots`] or [`Experiment::slots`].
    SlotId
);

/// The whole program.
#[derive(Clone, Debug, Default)]
pub struct Hir {
    pub exprs: Vec<Expr>,
    pub locals: Vec<Local>,
    pub functions: Vec<Function>,
    /// Top-level `let` and `data`.
    pub globals: Vec<Global>,
    pub cells: Vec<Cell>,
    pub circuits: Vec<Circuit>,
    pub experiments: Vec<Experiment>,
}

impl Hir {
    pub fn expr(&self, id: ExprId) -> &Expr {
        &self.exprs[id.index()]
    }
    pub fn cell(&self, id: CellId) -> &Cell {
        &self.cells[id.index()]
    }
    pub fn circuit(&self, id: CircuitId) -> &Circuit {
        &self.circuits[id.index()]
    }
}

#[derive(Clone, Debug)]
pub struct Local {
    pub name: Arc<str>,
    pub span: Span,
    pub declared: Option<Type>,
}

/// Pure, not recursive (checked by `resolve`); inlined by whoever evaluates. A function of a cell or
/// circuit may read that scope.
#[derive(Clone, Debug)]
pub struct Function {
    pub name: Arc<str>,
    pub span: Span,
    pub formals: Vec<LocalId>,
    pub result: Option<Type>,
    pub body: ExprId,
    /// Whose names the body may read.
    pub owner: Owner,
}

/// What a function belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// A file: the function reads globals only.
    File,
    Cell(CellId),
    Circuit(CircuitId),
    /// Into [`Hir::experiments`].
    Experiment(u32),
}

#[derive(Clone, Debug)]
pub struct Global {
    pub name: Arc<str>,
    pub span: Span,
    pub declared: Option<Type>,
    pub value: ExprId,
}

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
    /// `xi` is source 0, `xi(k)` source k.
    Noise(u32),
    /// `chance(p)`: Bool.
    Chance(ExprId),
    /// `rising(c)`: only in a `when`.
    Rising(ExprId),
    /// `x'`
    Derivative(VarId),
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

/// What a name means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ref {
    /// `t`
    Time,
    /// `dt`
    Step,
    /// `i`, `row`, `col`, `layer`
    CellIndex,
    Row,
    Col,
    Layer,
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
    /// A parameter, state, port or `let` of the cell at hand (in a population's block too).
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

/// A cell, flattened.
#[derive(Clone, Debug)]
pub struct Cell {
    pub name: Arc<str>,
    pub span: Span,
    pub doc: Option<Arc<str>>,
    /// The cell that it extends.
    pub base: Option<CellId>,
    /// Parameters, states, ports, `let`s, in order of declaration (the base's first).
    pub vars: Vec<Var>,
    pub equations: Vec<Equation>,
    /// `spike` is event 0 where there is one. Events are conditions in order of writing (`order`).
    pub events: Vec<Event>,
    pub reactions: Vec<Reaction>,
    pub modes: Vec<Mode>,
    pub method: Option<(Method, Span)>,
    pub precision: Option<Precision>,
    /// Some of its statements could not be read: what it seems to lack may be among them.
    pub partial: bool,
    /// The cell type `SpikeTimes`, which the language provides.
    pub spike_times: bool,
}

#[derive(Clone, Debug)]
pub struct Var {
    pub name: Arc<str>,
    /// Of the name.
    pub span: Span,
    pub doc: Option<Arc<str>>,
    /// As annotated (ports: always).
    pub declared: Option<Type>,
    pub kind: VarKind,
}

#[derive(Clone, Debug)]
pub enum VarKind {
    Param { range: Option<(ExprId, ExprId)>, default: Option<ExprId> },
    State { range: Option<(ExprId, ExprId)>, initial: Option<ExprId> },
    Let { value: ExprId },
    Port { polarity: Option<Polarity>, shape: PortShape },
}

#[derive(Clone, Debug)]
pub enum PortShape {
    Exponential {
        tau: ExprId,
    },
    Alpha {
        tau: ExprId,
    },
    Biexponential {
        rise: ExprId,
        decay: ExprId,
    },
    /// Adds to (or subtracts from) a state at arrival; has no value.
    Delta {
        state: VarId,
        subtract: bool,
    },
    Sum,
    Error,
}

/// `factor * var' = value`
#[derive(Clone, Debug)]
pub struct Equation {
    pub var: VarId,
    pub factor: Option<ExprId>,
    pub value: ExprId,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct Event {
    pub name: Arc<str>,
    pub span: Span,
    /// Its place among the events in order of writing: blocks of one tick run in this order.
    pub order: u32,
    /// `None`: happens only by `emit`.
    pub condition: Option<ExprId>,
    pub body: Vec<Action>,
}

/// `on ... { }`
#[derive(Clone, Debug)]
pub struct Reaction {
    pub trigger: Trigger,
    pub body: Vec<Action>,
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    Event(EventIx),
    /// Once per tick with arrivals.
    Port(VarId),
    Tick,
    End(ModeId),
}

/// A mode; `refractory T hold x drop p` in the block of event e is a mode without a name with `no e`.
#[derive(Clone, Debug)]
pub struct Mode {
    /// `refractory` for the sugar.
    pub name: Arc<str>,
    pub span: Span,
    /// Whether its name can be read.
    pub named: bool,
    pub equations: Vec<Equation>,
    pub hold: Vec<VarId>,
    pub drop: Vec<VarId>,
    pub no: Vec<EventIx>,
}

#[derive(Clone, Debug)]
pub struct Action {
    pub kind: ActionKind,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum ActionKind {
    /// Of a state or port.
    Assign {
        target: VarId,
        op: AssignOp,
        value: ExprId,
    },
    Let {
        local: LocalId,
        value: ExprId,
    },
    If {
        condition: ExprId,
        then: Vec<Action>,
        otherwise: Vec<Action>,
    },
    /// `None`: until it is left.
    Enter {
        mode: ModeId,
        duration: Option<ExprId>,
    },
    Leave(ModeId),
    Emit(EventIx),
}

/// A circuit. Everything with a name is a slot.
#[derive(Clone, Debug)]
pub struct Circuit {
    pub name: Arc<str>,
    pub span: Span,
    pub doc: Option<Arc<str>>,
    pub slots: Vec<Slot>,
    /// The formals, in order.
    pub formals: Vec<SlotId>,
    pub items: Vec<Item>,
}

#[derive(Clone, Debug)]
pub struct Slot {
    pub name: Arc<str>,
    pub span: Span,
    pub kind: SlotKind,
    pub public: bool,
    /// The loops around it, outermost first: its name takes that many indices.
    pub loops: Vec<SlotId>,
}

#[derive(Clone, Debug)]
pub enum SlotKind {
    Formal { declared: Option<Type>, range: Option<(ExprId, ExprId)>, default: Option<ExprId> },
    Let { declared: Option<Type>, value: ExprId },
    Data { declared: Type, value: ExprId },
    Index,
    Population { cell: CellId },
    Drive,
    Projection,
    Part { circuit: CircuitId },
}

#[derive(Clone, Debug)]
pub struct Item {
    pub span: Span,
    pub kind: ItemKind,
}

#[derive(Clone, Debug)]
pub enum ItemKind {
    Population(Population),
    Drive(Drive),
    Projection(Projection),
    Part {
        slot: SlotId,
        circuit: CircuitId,
        args: Vec<(SlotId, ExprId)>,
    },
    /// `let` and `data`: the value is in the slot.
    Binding(SlotId),
    For {
        index: SlotId,
        over: Over,
        items: Vec<Item>,
    },
    If {
        condition: ExprId,
        then: Vec<Item>,
        otherwise: Vec<Item>,
    },
    Constraint(Constraint),
}

#[derive(Clone, Copy, Debug)]
pub enum Over {
    Range(ExprId, ExprId),
    /// The elements of an array.
    Values(ExprId),
}

#[derive(Clone, Debug)]
pub struct Population {
    pub slot: SlotId,
    pub cell: CellId,
    pub polarity: Option<Polarity>,
    /// One to three; empty: one cell.
    pub size: Vec<ExprId>,
    /// Left a variable of the cell, right an expression of the circuit and `i`. For `SpikeTimes`: `events` is var 0.
    pub overrides: Vec<(VarId, ExprId, Span)>,
    /// `at grid(d)` is a `Measure` named `grid`; else a tuple.
    pub at: Option<ExprId>,
    /// `load("names.csv")`: what tables call the cells.
    pub names: Option<ExprId>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct Drive {
    pub slot: SlotId,
    pub source: DriveSource,
    /// A view with a port: `Field(view, port)`.
    pub target: ExprId,
    pub weight: Option<ExprId>,
    pub delay: Option<ExprId>,
    pub window: Option<(ExprId, ExprId)>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum DriveSource {
    Poisson(ExprId),
    Choose {
        count: ExprId,
        every: ExprId,
    },
    Times(ExprId),
    /// A value of data, row `q` from `q * every`.
    Table {
        data: ExprId,
        every: ExprId,
    },
    /// A value, of `t` and `i`.
    Value(ExprId),
}

#[derive(Clone, Debug)]
pub struct Projection {
    pub slot: SlotId,
    /// A view, or `Field(view, event)`.
    pub source: ExprId,
    /// `Field(view, port)`.
    pub target: ExprId,
    pub connect: Connect,
    pub connect_span: Span,
    pub allow_self: bool,
    pub allow_multiple: bool,
    pub allow_corelease: bool,
    pub weight: Option<ExprId>,
    pub delay: Option<ExprId>,
    pub dendritic: Option<ExprId>,
    pub polarity: Option<Polarity>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum Connect {
    /// A number, or an expression of the pair.
    Probability(ExprId),
    InDegree(ExprId),
    OutDegree(ExprId),
    Total(ExprId),
    OneToOne,
    AllToAll,
    Where(ExprId),
    From(ExprId),
    Error,
}

#[derive(Clone, Debug)]
pub struct Constraint {
    pub kind: ConstraintKind,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum ConstraintKind {
    /// Views; empty: all.
    Dale(Vec<ExprId>),
    Require(ExprId),
    Monitor(ExprId),
}

/// An experiment.
#[derive(Clone, Debug)]
pub struct Experiment {
    pub name: Arc<str>,
    pub span: Span,
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
    /// A parameter or state of a population (`Field`), or a drive.
    Set {
        target: ExprId,
        value: ExprId,
    },
    Print(Vec<ExprId>),
    Report(Vec<ExprId>),
    Expect(ExprId),
    If {
        condition: ExprId,
        then: Vec<Statement>,
        otherwise: Vec<Statement>,
    },
}
