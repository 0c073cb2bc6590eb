//! The tree of a `.circ` file, as written.
//!
//! In: nothing; this is data. Out: nothing. Expressions live in one arena per file and are named
//! by [`ExprId`]: children come before their parents, so that a pass can go through the arena in
//! order, and dropping a deep tree never recurses. Everything that refers to text carries a
//! [`Span`] in bytes.

use std::sync::Arc;

/// Which source file a span lies in; the host numbers its sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct FileId(pub u32);

/// A half-open range of bytes in one source file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The smallest span that covers both, which must lie in one file.
    pub fn to(self, other: Span) -> Span {
        Span { file: self.file, start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// A name as written, with its place.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Name {
    /// The letters.
    pub text: Arc<str>,
    /// Where it stands.
    pub span: Span,
}

/// `a.b.c`, never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// The names between the dots.
    pub names: Vec<Name>,
}

/// Names an expression in [`File::exprs`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExprId(pub u32);

/// One source file.
#[derive(Clone, Debug, Default)]
pub struct File {
    /// Which file this is.
    pub id: FileId,
    /// `//!` lines, joined.
    pub doc: Option<Arc<str>>,
    /// Top-level items, as written.
    pub items: Vec<Item>,
    /// All expressions of the file, children before parents.
    pub exprs: Vec<Expr>,
    /// Comments, in order, for the formatter.
    pub comments: Vec<Comment>,
}

impl File {
    /// The expression that `id` names.
    pub fn expr(&self, id: ExprId) -> &Expr {
        &self.exprs[id.0 as usize]
    }
}

/// A comment, kept beside the tree.
#[derive(Clone, Debug)]
pub struct Comment {
    /// With its slashes.
    pub text: Arc<str>,
    /// Where it stands.
    pub span: Span,
    /// Whether only blanks stand before it on its line.
    pub own_line: bool,
}

/// Documentation and `@allow(...)` before an item, of any level.
#[derive(Clone, Debug, Default)]
pub struct Attributes {
    /// `///` lines, joined.
    pub doc: Option<Arc<str>>,
    /// Rule names in `@allow(...)`, such as `unused-parameter`.
    pub allow: Vec<Name>,
}

/// Something with its attributes and place.
#[derive(Clone, Debug)]
pub struct Node<T> {
    /// `///` and `@allow`.
    pub attributes: Attributes,
    /// The whole text of it.
    pub span: Span,
    /// What it is.
    pub kind: T,
}

/// A top-level item.
pub type Item = Node<ItemKind>;
/// A statement of a cell or segment.
pub type CellItem = Node<CellItemKind>;
/// A statement of a plasticity rule.
pub type RuleItem = Node<RuleItemKind>;
/// An item of a circuit.
pub type CircuitItem = Node<CircuitItemKind>;
/// A statement of an experiment.
pub type Statement = Node<StatementKind>;
/// An action in the block of an event.
pub type Action = Node<ActionKind>;
/// A clause of a projection.
pub type Clause = Node<ClauseKind>;
/// A clause of a drive.
pub type DriveClause = Node<DriveClauseKind>;
/// A line of a population's block.
pub type PopulationItem = Node<PopulationItemKind>;
/// A constraint.
pub type Constraint = Node<ConstraintKind>;
/// A line of a mode.
pub type ModeItem = Node<ModeItemKind>;

/// What a file may hold.
#[derive(Clone, Debug)]
pub enum ItemKind {
    /// `use std.cells.{Lif, AdEx}`; without braces the last name of the path is the item, or the whole file.
    Use { path: Path, names: Option<Vec<Name>> },
    /// `let K = 3`
    Let(Let),
    /// `data x: real[3] = load("x.npy")`
    Data(Data),
    /// `fn f(a: real) = a`
    Fn(Function),
    /// `cell Name: Base { }`
    Cell(Cell),
    /// `plasticity Name: Base { }`
    Rule(Rule),
    /// `circuit Name(a = 1) { }`
    Circuit(Circuit),
    /// `experiment Name(a = 1) of Circuit(a = a) { }`
    Experiment(Experiment),
    /// What could not be read; already reported.
    Error,
}

/// `let name: type = value`
#[derive(Clone, Debug)]
pub struct Let {
    pub name: Name,
    pub ty: Option<TypeExpr>,
    pub value: ExprId,
}

/// `data name: type = value`
#[derive(Clone, Debug)]
pub struct Data {
    pub name: Name,
    pub ty: TypeExpr,
    pub value: ExprId,
}

/// `fn name(formals) -> type = body`
#[derive(Clone, Debug)]
pub struct Function {
    pub name: Name,
    pub formals: Vec<Formal>,
    pub result: Option<TypeExpr>,
    pub body: ExprId,
}

/// `name: type in lo .. hi = default`
#[derive(Clone, Debug)]
pub struct Formal {
    pub name: Name,
    pub ty: Option<TypeExpr>,
    pub range: Option<(ExprId, ExprId)>,
    pub default: Option<ExprId>,
}

/// `real[2, 3] * time^2`, factors in order.
#[derive(Clone, Debug)]
pub struct TypeExpr {
    pub factors: Vec<TypeFactor>,
    pub span: Span,
}

/// One factor of a type.
#[derive(Clone, Debug)]
pub struct TypeFactor {
    /// Whether a `/` stands before it.
    pub divides: bool,
    pub name: Name,
    /// `^n`
    pub power: Option<i32>,
    /// `[2, _]`: `_` is a name expression.
    pub shape: Vec<ExprId>,
}

/// `excitatory`, `inhibitory`, `modulatory`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Polarity {
    Excitatory,
    Inhibitory,
    Modulatory,
}

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

/// A plasticity rule.
#[derive(Clone, Debug)]
pub struct Rule {
    pub name: Name,
    pub base: Option<Path>,
    pub items: Vec<RuleItem>,
}

/// Which side of a synapse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Pre,
    Post,
}

/// What a rule may hold.
#[derive(Clone, Debug)]
pub enum RuleItemKind {
    Param(Variable),
    Modulator {
        name: Name,
        ty: TypeExpr,
    },
    Let(Let),
    Fn(Function),
    Equation(Equation),
    /// `pre x: type = value { ... }`
    Trace {
        side: Side,
        name: Name,
        ty: Option<TypeExpr>,
        value: ExprId,
        body: Vec<TraceItem>,
    },
    /// `synapse e: type = value`
    Synapse {
        name: Name,
        ty: Option<TypeExpr>,
        value: ExprId,
    },
    Bounds {
        name: Name,
        lo: ExprId,
        hi: ExprId,
    },
    On {
        event: Path,
        and: Option<Path>,
        body: Vec<Action>,
    },
    Every {
        interval: ExprId,
        body: Vec<Action>,
    },
    Store {
        name: Name,
        precision: Option<Name>,
    },
    Rewire {
        interval: ExprId,
        items: Vec<RewireItem>,
    },
    Error,
}

/// A line of a trace's block.
#[derive(Clone, Debug)]
pub enum TraceItem {
    Equation(Equation),
    On { event: Path, body: Vec<Action> },
}

/// A line of `rewire`.
#[derive(Clone, Debug)]
pub enum RewireItem {
    Prune(Pick),
    Grow { what: ExprId, pick: Option<Pick> },
}

/// Which synapses.
#[derive(Clone, Debug)]
pub enum Pick {
    Where(ExprId),
    Extreme { highest: bool, share: Option<ExprId>, by: ExprId },
    Random,
}

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
