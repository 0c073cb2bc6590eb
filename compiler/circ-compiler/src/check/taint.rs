//! What follows from a mistake: the expressions, cells and circuits about which later passes stay quiet.
//!
//! In: a resolved program and what was said of it. Out: [`Tainted`]. Places decide: an expression that holds the place
//! of an error is tainted. No pass has to mark anything, and a new rule needs no word here. Whoever evaluates meets a
//! tainted expression on the way from the names that lead to it; for cells, which are not evaluated, the ways
//! through functions and top-level values are followed here.

use crate::diagnose::names::CYCLIC_CIRCUIT;
use crate::diagnose::{Diagnostic, Level};
use crate::hir::*;
use crate::resolve::graph::{self, Node};
use circ_grammar::ast::{FileId, Span};
use std::collections::{BTreeMap, BTreeSet};

/// What is wrong, or reads what is wrong. Empty for a program without errors.
#[derive(Clone, Debug, Default)]
pub struct Tainted {
    /// By [`ExprId`].
    exprs: Vec<bool>,
    /// Top-level values and functions.
    definitions: BTreeSet<Node>,
    cells: BTreeSet<CellId>,
    /// Those that contain themselves.
    endless: BTreeSet<CircuitId>,
}

impl Tainted {
    /// What the errors among these messages spoil.
    pub fn by<'a>(hir: &Hir, messages: impl Iterator<Item = &'a Diagnostic>) -> Tainted {
        let errors: Vec<&Diagnostic> =
            messages.filter(|message| message.rule.level == Level::Error).collect();
        if errors.is_empty() {
            return Tainted::default();
        }
        let places = Places::new(errors.iter().map(|error| error.span));
        let mut tainted = Tainted { exprs: wrong(hir, &places), ..Tainted::default() };
        for &node in &hir.order {
            if global_root(hir, node).is_some_and(|root| tainted.reads(hir, root)) {
                tainted.definitions.insert(node);
            }
        }
        tainted.endless = endless(hir, &errors);
        tainted.cells = tainted.wrong_cells(hir, &places);
        tainted
    }

    /// Whether the program had no errors.
    pub fn is_empty(&self) -> bool {
        self.exprs.is_empty()
    }

    /// Whether an expression holds a mistake.
    pub fn expr(&self, id: ExprId) -> bool {
        self.exprs.get(id.index()).copied().unwrap_or(false)
    }

    /// Whether an expression, or a function or top-level value that it needs, holds a mistake.
    pub fn reads(&self, hir: &Hir, root: ExprId) -> bool {
        let mut found = false;
        graph::walk(hir, root, &mut |id, expr| found |= self.expr(id) || self.reads_itself(expr));
        found
    }

    /// Whether something in a cell is wrong.
    pub fn cell(&self, id: CellId) -> bool {
        self.cells.contains(&id)
    }

    /// Whether a circuit contains itself.
    pub fn endless(&self, id: CircuitId) -> bool {
        self.endless.contains(&id)
    }

    fn reads_itself(&self, expr: &Expr) -> bool {
        match &expr.kind {
            ExprKind::CallFn { function, .. } => self.definitions.contains(&Node::Function(*function)),
            ExprKind::Ref(Ref::Global(global)) => self.definitions.contains(&Node::Global(*global)),
            _ => false,
        }
    }

    fn wrong_cells(&self, hir: &Hir, places: &Places) -> BTreeSet<CellId> {
        let readers =
            Places::new(hir.exprs.iter().filter(|expr| self.reads_itself(expr)).map(|expr| expr.span));
        let own = |cell: &Cell| cell.partial || places.within(cell.text) || readers.within(cell.text);
        let mut found = BTreeSet::new();
        for (at, cell) in hir.cells.iter().enumerate() {
            let mut chain = std::iter::successors(Some(cell), |cell| cell.base.map(|base| hir.cell(base)));
            // A circle of cells was reported at one of them.
            if chain.by_ref().take(hir.cells.len()).any(own) {
                found.insert(CellId(at as u32));
            }
        }
        found
    }
}

fn global_root(hir: &Hir, node: Node) -> Option<ExprId> {
    match node {
        Node::Global(id) => Some(hir.globals[id.index()].value),
        Node::Function(id) => Some(hir.functions[id.index()].body),
        Node::Var(..) | Node::RuleVar(..) | Node::Rate(..) | Node::Slot(..) => None,
    }
}

/// The expressions that hold the place of an error, and those that could not be understood.
fn wrong(hir: &Hir, places: &Places) -> Vec<bool> {
    let is_wrong = |expr: &Expr| matches!(expr.kind, ExprKind::Error) || places.within(expr.span);
    hir.exprs.iter().map(is_wrong).collect()
}

fn endless(hir: &Hir, errors: &[&Diagnostic]) -> BTreeSet<CircuitId> {
    let circles = errors.iter().filter(|error| error.rule.name == CYCLIC_CIRCUIT.name);
    let members: BTreeSet<Span> =
        circles.flat_map(|error| error.labels.iter().map(|label| label.0)).collect();
    let ids = (0..hir.circuits.len()).filter(|at| members.contains(&hir.circuits[*at].span));
    ids.map(|at| CircuitId(at as u32)).collect()
}

/// The places of errors: by file, sorted by where they begin; an end is the smallest of those that begin there or later.
struct Places(BTreeMap<FileId, Vec<(u32, u32)>>);

impl Places {
    fn new(spans: impl Iterator<Item = Span>) -> Places {
        let mut files: BTreeMap<FileId, Vec<(u32, u32)>> = BTreeMap::new();
        spans.for_each(|span| files.entry(span.file).or_default().push((span.start, span.end)));
        for places in files.values_mut() {
            places.sort();
            let mut least = u32::MAX;
            for place in places.iter_mut().rev() {
                least = least.min(place.1);
                place.1 = least;
            }
        }
        Places(files)
    }

    /// Whether a span holds one of them.
    fn within(&self, span: Span) -> bool {
        let Some(places) = self.0.get(&span.file) else { return false };
        let first = places.partition_point(|place| place.0 < span.start);
        places.get(first).is_some_and(|place| place.1 <= span.end)
    }
}
