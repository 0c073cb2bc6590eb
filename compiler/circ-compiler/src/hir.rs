//! HIR: the program with every name resolved, cells flattened (a cell that extends another holds all
//! of its base's items, lowered anew in its own scope), sugar removed.
//!
//! In: trees, by `resolve`. Out: data for `check`, `elaborate` and `solve`. All expressions of the
//! program live in one arena, children before parents. Facts found later (types) go into side tables.

mod cell;
mod circuit;
mod experiment;
mod expr;
pub mod path;
mod rule;

use crate::types::Type;
use circ_grammar::ast::Span;
use std::sync::Arc;

pub use cell::*;
pub use circuit::*;
pub use experiment::*;
pub use expr::*;
pub use rule::*;

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
    /// Into [`Hir::rules`].
    RuleId,
    /// Into [`Hir::circuits`].
    CircuitId,
    /// Into [`Hir::locals`]: formals of functions, indices of `sum(... for q ...)`, `let`s in blocks.
    LocalId,
    /// Into [`Cell::vars`] or [`Rule::vars`].
    VarId,
    /// Into [`Cell::events`].
    EventIx,
    /// Into [`Cell::modes`].
    ModeId,
    /// Into [`Cell::segments`].
    SegmentId,
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
    pub rules: Vec<Rule>,
    pub circuits: Vec<Circuit>,
    pub experiments: Vec<Experiment>,
    /// All definitions, each after what it reads: globals and cells, circuits from the inside out, experiments;
    /// functions as they are called. Members of a circle come in any order.
    pub order: Vec<crate::resolve::graph::Node>,
}

impl Hir {
    /// Whether what flows is made of the weight.
    pub fn reads_weight(&self, value: ExprId) -> bool {
        let mut found = false;
        crate::resolve::graph::walk(self, value, &mut |_, expr| {
            found |= matches!(expr.kind, ExprKind::Ref(Ref::Weight));
        });
        found
    }

    pub fn expr(&self, id: ExprId) -> &Expr {
        &self.exprs[id.index()]
    }
    pub fn cell(&self, id: CellId) -> &Cell {
        &self.cells[id.index()]
    }
    pub fn rule(&self, id: RuleId) -> &Rule {
        &self.rules[id.index()]
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
    /// The segment of the cell that it is written in.
    pub home: Option<SegmentId>,
}

/// What a function belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// A file: the function reads globals only.
    File,
    Cell(CellId),
    Rule(RuleId),
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
