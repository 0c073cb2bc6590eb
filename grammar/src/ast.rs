//! The tree of a `.circ` file, as written.
//!
//! In: nothing; this is data. Out: nothing. Expressions live in one arena per file and are named
//! by [`ExprId`]: children come before their parents, so that a pass can go through the arena in
//! order, and dropping a deep tree never recurses. Everything that refers to text carries a
//! [`Span`] in bytes.

mod cell;
mod circuit;
mod experiment;
mod expr;
mod rule;

use std::sync::Arc;

pub use cell::*;
pub use circuit::*;
pub use experiment::*;
pub use expr::*;
pub use rule::*;

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
