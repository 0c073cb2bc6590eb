//! Resolving: gives every name its meaning, flattens cells that extend cells, and takes sugar away.
//!
//! In: the trees of a program's files, by the parser. Out: [`Hir`]. What can not be understood is
//! reported once and becomes `Error` in the result, which keeps later passes quiet. What the language
//! has but no later pass can build is refused here (`not-yet`), never left out in silence.

mod attach;
mod block;
pub mod builtins;
mod call;
mod cell;
mod circuit;
mod components;
mod constant;
mod constraint;
mod context;
mod couple;
mod depth;
mod experiment;
mod expr;
mod extend;
mod function;
pub(crate) mod graph;
mod population;
mod projection;
mod rule;
mod rule_block;
pub(crate) mod rule_side;
mod scope;
mod segment;
mod settings;
mod trials;
mod ty;

pub use cell::kind_words;
pub use graph::walk;
pub use rule::kind_words as rule_kind_words;

use crate::diagnose::{Sink, names};
use crate::hir::{self, CellId, CircuitId, ExprKind, FunctionId, GlobalId, Hir, Owner, RuleId};
use circ_grammar::ast::{self, Span};
use context::Context;
use scope::{Def, FileScope};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A file of the program under the name by which `use` finds it.
#[derive(Clone, Debug, Default)]
pub struct Module {
    /// `["std", "cells"]`, `["columns"]`; empty for the main file.
    pub path: Vec<String>,
    /// Its tree.
    pub file: ast::File,
}

/// Which modules the `use` items of a file name, each with the span of its path, so that the host can load
/// them: of the candidates the first that there is. `user` is the path of the module that the file is.
///
/// Paths begin beside the file, those of `std` at the library. `use a.b.{X}` names `a.b`; without braces
/// `use a.b` names the file `a.b`, or else the item `b` of the file `a`.
pub fn imports(user: &[String], file: &ast::File) -> Vec<(Vec<Vec<String>>, Span)> {
    let uses = file.items.iter().filter_map(|item| match &item.kind {
        ast::ItemKind::Use { path, names } => {
            Some((scope::candidates(user, path, names.as_deref()), scope::path_span(path)))
        }
        _ => None,
    });
    uses.collect()
}

/// Resolves a program; the main file comes first. The result holds all items of all modules, those of the
/// main file first, in order of writing. A module that a `use` names and that is not given is reported.
pub fn resolve(modules: &[Module], sink: &mut Sink) -> Hir {
    let mut resolver = Resolver::new(modules, sink);
    resolver.declare();
    resolver.imports();
    resolver.globals();
    resolver.cells();
    resolver.rules();
    resolver.circuits();
    resolver.experiments();
    let mut hir = resolver.hir;
    graph::check_cycles(&mut hir, sink);
    rule_side::check_sides(&hir, sink);
    hir
}

/// What is being built, with the tables that every part of the pass needs.
struct Resolver<'a> {
    modules: &'a [Module],
    sink: &'a mut Sink,
    hir: Hir,
    /// By module.
    scopes: Vec<FileScope>,
    /// Nesting of every expression, by module.
    depths: Vec<Vec<u32>>,
    cells: Vec<CellSource<'a>>,
    rules: Vec<rule::RuleSource<'a>>,
    circuits: Vec<(usize, &'a ast::Node<ast::ItemKind>, &'a ast::Circuit)>,
    experiments: Vec<(usize, &'a ast::Node<ast::ItemKind>, &'a ast::Experiment)>,
    functions: BTreeMap<FunctionId, FunctionSource<'a>>,
    /// Names of each circuit, filled before any circuit's expressions are read.
    circuit_names: Vec<scope::Names>,
    /// Names of events of any cell, to tell `count(E.nmda)` from `count(array)`.
    event_names: std::collections::BTreeSet<Arc<str>>,
    /// Items of the cells so far, those that they take over included.
    cell_items: usize,
}

/// Where a cell is written; `None` for the one that the language provides.
#[derive(Clone, Copy)]
struct CellSource<'a> {
    module: usize,
    written: Option<(&'a ast::Node<ast::ItemKind>, &'a ast::Cell)>,
}

/// Where a function is written.
#[derive(Clone, Copy)]
struct FunctionSource<'a> {
    module: usize,
    function: &'a ast::Function,
    /// The segment of a cell that it is written in.
    home: Option<hir::SegmentId>,
}

impl<'a> Resolver<'a> {
    fn new(modules: &'a [Module], sink: &'a mut Sink) -> Self {
        let mut hir = Hir::default();
        // Expression 0 stands for everything that could not be understood.
        hir.exprs.push(hir::Expr { kind: ExprKind::Error, span: Span::default() });
        Resolver {
            modules,
            sink,
            hir,
            scopes: modules.iter().map(|_| FileScope::default()).collect(),
            depths: modules.iter().map(|module| depth::depths(&module.file)).collect(),
            cells: vec![],
            rules: vec![],
            circuits: vec![],
            experiments: vec![],
            functions: BTreeMap::new(),
            circuit_names: vec![],
            event_names: ["spike".into()].into(),
            cell_items: 0,
        }
    }

    /// Gives every top-level item of every file its id.
    fn declare(&mut self) {
        for module in 0..self.modules.len() {
            for item in &self.modules[module].file.items {
                let Some((name, def)) = self.declare_item(module, item) else {
                    continue;
                };
                if let Some(first) = self.scopes[module].declare(name, def) {
                    self.sink.push(names::duplicate_name(name.span, &name.text, first));
                }
            }
        }
        self.declare_spike_times();
    }

    /// Events of a cell and of its segments.
    fn name_events(&mut self, items: &[ast::CellItem]) {
        for item in items {
            match &item.kind {
                ast::CellItemKind::Event { name, .. } => {
                    self.event_names.insert(name.text.clone());
                }
                ast::CellItemKind::Segment { items, .. } => self.name_events(items),
                _ => {}
            }
        }
    }

    fn declare_item(&mut self, module: usize, item: &'a ast::Item) -> Option<(&'a ast::Name, Def)> {
        Some(match &item.kind {
            ast::ItemKind::Use { .. } | ast::ItemKind::Error => return None,
            ast::ItemKind::Let(binding) => (&binding.name, Def::Global(self.new_global(&binding.name))),
            ast::ItemKind::Data(data) => (&data.name, Def::Global(self.new_global(&data.name))),
            ast::ItemKind::Fn(function) => {
                (&function.name, Def::Function(self.new_function(module, function, Owner::File, None)))
            }
            ast::ItemKind::Cell(cell) => {
                self.cells.push(CellSource { module, written: Some((item, cell)) });
                self.name_events(&cell.items);
                (&cell.name, Def::Cell(CellId(self.cells.len() as u32 - 1)))
            }
            ast::ItemKind::Rule(rule) => {
                self.rules.push((module, item, rule));
                (&rule.name, Def::Rule(RuleId(self.rules.len() as u32 - 1)))
            }
            ast::ItemKind::Circuit(circuit) => {
                self.circuits.push((module, item, circuit));
                (&circuit.name, Def::Circuit(CircuitId(self.circuits.len() as u32 - 1)))
            }
            ast::ItemKind::Experiment(experiment) => {
                self.experiments.push((module, item, experiment));
                (&experiment.name, Def::Experiment)
            }
        })
    }

    fn new_global(&mut self, name: &ast::Name) -> GlobalId {
        let global = hir::Global { name: name.text.clone(), span: name.span, declared: None, value: ERROR };
        self.hir.globals.push(global);
        GlobalId(self.hir.globals.len() as u32 - 1)
    }

    /// Top-level `let`, `data` and `fn`.
    fn globals(&mut self) {
        let mut next = 0;
        for module in 0..self.modules.len() {
            let mut cx = Context::file(module);
            for item in &self.modules[module].file.items {
                let (ty, value) = match &item.kind {
                    ast::ItemKind::Let(binding) => (binding.ty.as_ref(), binding.value),
                    ast::ItemKind::Data(data) => (Some(&data.ty), data.value),
                    _ => continue,
                };
                let declared = ty.and_then(|ty| self.ty(&mut cx, ty));
                let value = self.expr(&mut cx, value);
                self.hir.globals[next].declared = declared;
                self.hir.globals[next].value = value;
                next += 1;
            }
        }
        self.function_bodies(|owner| owner == Owner::File, &mut |function| Context::file(function.module));
    }

    fn refuse(&mut self, at: Span, what: &str) {
        self.sink.push(crate::diagnose::structure::not_yet(at, what));
    }

    fn push(&mut self, kind: ExprKind, span: Span) -> hir::ExprId {
        self.hir.exprs.push(hir::Expr { kind, span });
        hir::ExprId(self.hir.exprs.len() as u32 - 1)
    }
}

/// The expression that stands for everything that could not be understood.
const ERROR: hir::ExprId = hir::ExprId(0);
