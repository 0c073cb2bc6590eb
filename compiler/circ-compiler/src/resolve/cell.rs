//! Cells: their items by name, those of the cells that they extend included, and what each says.
//!
//! In: cell items of a file. Out: flattened [`crate::hir::Cell`]s. What a cell takes over is read anew in its
//! own scope, so that an override is seen by everything that came with the base.

use super::builtins;
use super::context::Place;
use super::extend::{from_the_first, merged};
use super::scope::{Def, Named, path_span};
use super::segment::Part;
use super::{CellSource, Context, FunctionSource, Resolver};
use crate::diagnose::build::cells_too_large;
use crate::diagnose::{names, structure, suggest};
use crate::hir::{self, CellId, EventIx, ExprId, Owner, PortShape, VarId, VarKind};
use crate::types::{Dimension, Type};
use circ_grammar::ast::{self, CellItemKind, Name, Span};
use std::sync::Arc;

/// Items of all cells, those that they take over included: a chain of cells has the square of what is written.
pub(super) const MAX_CELL_ITEMS: usize = 100_000;

/// A name and what it means where it stands.
pub(super) type Meant<'n> = (&'n Name, Option<(Named, Span)>);

/// A range as it is written.
type AstRange = Option<(ast::ExprId, ast::ExprId)>;

/// By what an item replaces another of the cell that is extended.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Name(Arc<str>),
    Equation(Arc<str>),
    Method,
    Precision,
}

/// An item with the file that it is written in.
pub(super) type Entry<'a> = (usize, &'a ast::CellItem);

impl<'a> Resolver<'a> {
    /// Adds the cell type that the language provides; it is the last.
    pub(super) fn declare_spike_times(&mut self) {
        self.cells.push(CellSource { module: 0, written: None });
    }

    pub(super) fn spike_times(&self) -> CellId {
        CellId(self.cells.len() as u32 - 1)
    }

    pub(super) fn cells(&mut self) {
        for at in 0..self.cells.len() {
            let source = self.cells[at];
            let cell = match source.written {
                Some((item, written)) => self.cell(CellId(at as u32), source.module, item, written),
                None => spike_times_cell(),
            };
            self.hir.cells.push(cell);
        }
    }

    fn cell(&mut self, id: CellId, module: usize, item: &'a ast::Item, written: &'a ast::Cell) -> hir::Cell {
        let (mut entries, base) = self.flatten(module, written);
        let before = self.cell_items;
        self.cell_items += entries.len();
        let too_many = MAX_CELL_ITEMS < self.cell_items;
        if too_many {
            entries.clear();
        }
        if too_many && before <= MAX_CELL_ITEMS {
            self.sink.push(cells_too_large(written.name.span, &written.name.text, MAX_CELL_ITEMS));
        }
        let mut cell = hir::Cell {
            name: written.name.text.clone(),
            span: written.name.span,
            text: item.span,
            doc: item.attributes.doc.clone(),
            base,
            vars: vec![],
            equations: vec![],
            couples: vec![],
            events: vec![],
            reactions: vec![],
            modes: vec![],
            segments: vec![],
            template: None,
            method: None,
            precision: None,
            partial: too_many || entries.iter().any(|(_, item)| matches!(item.kind, CellItemKind::Error)),
            spike_times: false,
        };
        let (owner, place) = (Owner::Cell(id), Place::CONSTANT);
        let cx = Context { owner, place, ..Context::file(module) };
        let mut parts = self.declare_parts(cx, &mut cell, entries);
        let contexts: Vec<Context> = parts.iter().map(|part| part.cx.clone()).collect();
        let at = |source: FunctionSource| source.home.map_or(0, |home| home.index() + 1);
        self.function_bodies(|owner| owner == Owner::Cell(id), &mut |source| contexts[at(source)].clone());
        for part in &mut parts {
            self.mode_durations(part);
        }
        let mut parts: Vec<Option<Part>> = parts.into_iter().map(Some).collect();
        self.part_items(&mut cell, &mut parts, 0);
        cell
    }

    /// The items of the cell (part 0) or of a segment, and at their places those of the segments within.
    fn part_items(&mut self, cell: &mut hir::Cell, parts: &mut Vec<Option<Part<'a>>>, at: usize) {
        let Some(mut part) = parts.get_mut(at).and_then(Option::take) else { return };
        for (module, item) in std::mem::take(&mut part.entries) {
            part.cx.module = module;
            match &item.kind {
                CellItemKind::Segment { name, .. } => {
                    if let Some((Named::Segment(id), _)) = part.cx.names.get(&name.text) {
                        self.part_items(cell, parts, id.index() + 1);
                    }
                }
                _ => self.cell_item(&mut part, cell, item),
            }
        }
    }

    /// All items of a cell and of those that it extends, the base's first; an override stands where its original stood.
    fn flatten(&mut self, module: usize, cell: &'a ast::Cell) -> (Vec<Entry<'a>>, Option<CellId>) {
        let mut chain = vec![(module, cell)];
        let mut base = None;
        while let Some((module, path)) =
            chain.last().and_then(|(module, cell)| Some((*module, cell.base.as_ref()?)))
        {
            let Some((Def::Cell(id), _)) =
                self.lookup_path(module, path, "cell", |def| matches!(def, Def::Cell(_)))
            else {
                break;
            };
            let source = self.cells[id.index()];
            let Some((_, written)) = source.written else {
                self.sink.push(names::wrong_kind(
                    path_span(path),
                    "SpikeTimes",
                    "provided by the language",
                    "a cell that is written in Circ",
                    None,
                ));
                break;
            };
            if let Some(start) = chain.iter().position(|(_, seen)| std::ptr::eq(*seen, written)) {
                // Each cell of the circle reports it from its own side: once, by the first in order of writing.
                let members = chain[start..].iter().map(|(_, cell)| &cell.name);
                let members = from_the_first(members.map(|name| (name.text.to_string(), name.span)));
                self.sink.push(names::cyclic_cell(&members));
                break;
            }
            base = base.or(Some(id));
            chain.push((source.module, written));
        }
        chain.reverse();
        let chain: Vec<_> = chain.into_iter().map(|(module, cell)| (module, &cell.items[..])).collect();
        (self.merge(&chain), base)
    }

    pub(super) fn merge(&mut self, chain: &[(usize, &'a [ast::CellItem])]) -> Vec<Entry<'a>> {
        merged(chain, key, |key, span, first| {
            let name = match key {
                Key::Name(name) => name.to_string(),
                Key::Equation(name) => format!("{name}'"),
                Key::Method => "method".into(),
                Key::Precision => "precision".into(),
            };
            self.sink.push(names::duplicate_name(span, &name, first));
        })
    }

    fn mode_durations(&mut self, part: &mut Part<'a>) {
        let cx = &mut part.cx;
        for (module, item) in &part.entries {
            if let CellItemKind::Mode { name, duration: Some(duration), .. } = &item.kind {
                cx.module = *module;
                let value = self.expr_in(cx, Place::BLOCK, *duration);
                if let Some((Named::Mode(mode), _)) = cx.names.get(&name.text) {
                    cx.durations.insert(*mode, value);
                }
            }
        }
    }

    fn cell_item(&mut self, part: &mut Part<'a>, cell: &mut hir::Cell, item: &'a ast::CellItem) {
        let Part { cx, var, event, .. } = part;
        match &item.kind {
            CellItemKind::Param(v) => {
                let declared = v.ty.as_ref().and_then(|ty| self.ty(cx, ty));
                let (range, value) = self.range_and_value(cx, v);
                let range = self.range(cx, range);
                let default = value.map(|value| self.expr_in(cx, Place::PARAM, value));
                fill(cell, var, declared, VarKind::Param { range, default });
            }
            CellItemKind::State(v) => {
                let declared = v.ty.as_ref().and_then(|ty| self.ty(cx, ty));
                let (range, value) = self.range_and_value(cx, v);
                let range = self.range(cx, range);
                let initial = value.map(|value| self.expr_in(cx, Place::PARAM, value));
                fill(cell, var, declared, VarKind::State { range, initial });
            }
            CellItemKind::Let(binding) => {
                let declared = binding.ty.as_ref().and_then(|ty| self.ty(cx, ty));
                let value = self.expr_in(cx, Place::CELL_LET, binding.value);
                fill(cell, var, declared, VarKind::Let { value });
            }
            CellItemKind::Port { polarity, ty, shape, .. } => {
                let declared = self.ty(cx, ty).or(Some(Type::Error));
                let shape = self.shape_of_port(cx, cell, *shape);
                fill(cell, var, declared, VarKind::Port { polarity: *polarity, shape });
            }
            CellItemKind::Equation(equation) => {
                let equation = self.equation(cx, cell, equation, item.span);
                cell.equations.extend(equation);
            }
            CellItemKind::Fn(_) | CellItemKind::Error => {}
            CellItemKind::Spike { .. } | CellItemKind::Method(_) | CellItemKind::Precision(_)
                if cx.home.is_some() =>
            {
                self.misplaced_in_segment(item)
            }
            CellItemKind::Spike { condition, body } => {
                self.event_body(cx, cell, EventIx(0), Some(*condition), body.as_deref())
            }
            CellItemKind::Event { condition, body, .. } => {
                self.event_body(cx, cell, EventIx(*event as u32), *condition, body.as_deref());
                *event += 1;
            }
            CellItemKind::On { event, and, body } => {
                self.reaction(cx, cell, event, and.as_ref(), body, item.span)
            }
            CellItemKind::OnEnd { mode, body } => self.on_end(cx, cell, mode, body, item.span),
            CellItemKind::Mode { name, items, .. } => self.mode(cx, cell, name, items),
            // At its place by `part_items`.
            CellItemKind::Segment { .. } => {}
            CellItemKind::Couple { .. } | CellItemKind::For { .. } => {
                self.couples(cx, cell, item, &mut vec![])
            }
            CellItemKind::Method(name) => {
                cell.method = self.word(name, "method", builtins::METHODS).map(|method| (method, name.span));
            }
            CellItemKind::Precision(name) => {
                cell.precision = self.word(name, "precision", builtins::PRECISIONS)
            }
        }
    }

    /// One of a table of words.
    pub(super) fn word<T: Copy>(&mut self, name: &Name, wanted: &str, table: &[(&str, T)]) -> Option<T> {
        let found = table.iter().find(|(word, _)| *word == &*name.text).map(|(_, value)| *value);
        if found.is_none() {
            let suggestion = suggest::nearest(&name.text, table.iter().map(|(word, _)| *word));
            self.sink.push(names::unknown_name(name.span, &name.text, wanted, suggestion));
        }
        found
    }

    /// `param a = 3 mV in 0 mV .. 10 mV` reads as a condition, which is not meant where no `bool` is declared.
    pub(super) fn range_and_value(
        &mut self,
        cx: &Context,
        variable: &ast::Variable,
    ) -> (AstRange, Option<ast::ExprId>) {
        let as_written = (variable.range, variable.value);
        let (None, None, Some(written)) = (&variable.ty, variable.range, variable.value) else {
            return as_written;
        };
        let ast::ExprKind::InRange { value, lo, hi } = self.ast(cx, written).kind else {
            return as_written;
        };
        let at = self.span(cx, lo).to(self.span(cx, hi));
        self.sink.push(names::late_range(at, &variable.name.text));
        (Some((lo, hi)), Some(value))
    }

    pub(super) fn range(
        &mut self,
        cx: &mut Context,
        range: Option<(ast::ExprId, ast::ExprId)>,
    ) -> Option<(ExprId, ExprId)> {
        range.map(|(lo, hi)| (self.expr(cx, lo), self.expr(cx, hi)))
    }

    /// `factor * x' = value`; `None` after a report.
    pub(super) fn equation(
        &mut self,
        cx: &mut Context,
        cell: &hir::Cell,
        equation: &ast::Equation,
        span: Span,
    ) -> Option<hir::Equation> {
        let factor = equation.factor.map(|factor| self.expr_in(cx, Place::CELL_FN, factor));
        let value = self.expr_in(cx, Place::EQUATION, equation.value);
        let var = self.state_named(cx, cell, &equation.name, "an equation sets")?;
        Some(hir::Equation { var, factor, value, span })
    }

    /// A state of this part of the cell by its name.
    pub(super) fn state_named(
        &mut self,
        cx: &Context,
        cell: &hir::Cell,
        name: &Name,
        doing: &str,
    ) -> Option<VarId> {
        self.state_meant(cx, cell, (name, cx.names.get(&name.text).copied()), doing)
    }

    /// A state of this part of the cell, by what its name means.
    pub(super) fn state_meant(
        &mut self,
        cx: &Context,
        cell: &hir::Cell,
        (name, meaning): Meant,
        doing: &str,
    ) -> Option<VarId> {
        match meaning {
            Some((Named::Var(var), declared)) => match &cell.vars[var.index()].kind {
                VarKind::State { .. } => {
                    self.is_own(cx, cell, cell.vars[var.index()].home, name, declared).then_some(var)
                }
                kind => {
                    self.sink.push(structure::not_a_state(
                        name.span,
                        &name.text,
                        kind_words(kind),
                        doing,
                        Some(declared),
                    ));
                    None
                }
            },
            Some((Named::Refused, _)) => None,
            Some((other, declared)) => {
                self.sink.push(structure::not_a_state(
                    name.span,
                    &name.text,
                    other.kind(),
                    doing,
                    Some(declared),
                ));
                None
            }
            None => {
                let states = cell.vars.iter().filter(|var| matches!(var.kind, VarKind::State { .. }));
                let own = states.filter(|var| var.home == cx.home);
                let suggestion = suggest::nearest(&name.text, own.map(|var| &*var.name));
                self.sink.push(names::unknown_name(name.span, &name.text, "state", suggestion));
                None
            }
        }
    }

    fn shape_of_port(&mut self, cx: &mut Context, cell: &hir::Cell, shape: ast::ExprId) -> PortShape {
        let at = self.span(cx, shape);
        let (name, args, name_at): (&'a Arc<str>, &'a [ast::Arg], Span) = match &self.ast(cx, shape).kind {
            ast::ExprKind::Name(name) => (name, &[], at),
            ast::ExprKind::Call { callee, args } => match &self.ast(cx, *callee).kind {
                ast::ExprKind::Name(name) => (name, args, self.span(cx, *callee)),
                _ => return self.bad_shape(at),
            },
            ast::ExprKind::Error => return PortShape::Error,
            _ => return self.bad_shape(at),
        };
        args.iter().for_each(|arg| self.plain_argument(arg));
        let count = match &**name {
            "sum" => 0,
            "exponential" | "alpha" | "delta" => 1,
            "biexponential" => 2,
            _ => {
                let suggestion = suggest::nearest(name, builtins::SHAPES.iter().copied());
                self.sink.push(names::unknown_name(name_at, name, "shape", suggestion));
                return PortShape::Error;
            }
        };
        if args.len() != count {
            let due = if count == 0 { "no arguments".into() } else { super::function::counted(count) };
            self.sink.push(structure::argument_count(at, name, &due, args.len()));
            return PortShape::Error;
        }
        match (&**name, args) {
            ("exponential", [tau]) => PortShape::Exponential { tau: self.expr(cx, tau.value) },
            ("alpha", [tau]) => PortShape::Alpha { tau: self.expr(cx, tau.value) },
            ("biexponential", [rise, decay]) => PortShape::Biexponential {
                rise: self.expr(cx, rise.value),
                decay: self.expr(cx, decay.value),
            },
            ("delta", [state]) => self.delta(cx, cell, state.value),
            _ => PortShape::Sum,
        }
    }

    fn bad_shape(&mut self, at: Span) -> PortShape {
        let message = "a port needs a shape, as in `via exponential(5 ms)`".to_owned();
        self.sink.push(structure::argument_form(at, message, "not a shape"));
        PortShape::Error
    }

    /// `delta(x)`, `delta(-x)`
    fn delta(&mut self, cx: &Context, cell: &hir::Cell, target: ast::ExprId) -> PortShape {
        let (target, subtract) = match self.ast(cx, target).kind {
            ast::ExprKind::Unary { op: ast::UnaryOp::Negate, value } => (value, true),
            _ => (target, false),
        };
        let at = self.span(cx, target);
        match &self.ast(cx, target).kind {
            ast::ExprKind::Name(name) => {
                let name = Name { text: name.clone(), span: at };
                match self.state_named(cx, cell, &name, "`delta` adds to") {
                    Some(state) => PortShape::Delta { state, subtract },
                    None => PortShape::Error,
                }
            }
            ast::ExprKind::Error => PortShape::Error,
            _ => {
                let message = "`delta` takes the name of a state, as in `delta(v)`".to_owned();
                self.sink.push(structure::argument_form(at, message, "not a name"));
                PortShape::Error
            }
        }
    }
}

fn fill(cell: &mut hir::Cell, var: &mut usize, declared: Option<Type>, kind: VarKind) {
    if let Some(slot) = cell.vars.get_mut(*var) {
        (slot.declared, slot.kind) = (declared, kind);
    }
    *var += 1;
}

/// A mode that does nothing yet.
pub(super) fn new_mode(name: Arc<str>, span: Span, home: Option<hir::SegmentId>) -> hir::Mode {
    hir::Mode { name, span, home, named: true, equations: vec![], hold: vec![], drop: vec![], no: vec![] }
}

/// What a variable is, with its article.
pub fn kind_words(kind: &VarKind) -> &'static str {
    match kind {
        VarKind::Param { .. } => "a parameter",
        VarKind::State { .. } => "a state",
        VarKind::Let { .. } => "a `let`",
        VarKind::Port { .. } => "a port",
    }
}

/// The span of the word that an item begins with.
pub(super) fn head(span: Span, word: &str) -> Span {
    Span { end: span.end.min(span.start + word.len() as u32), ..span }
}

fn key(item: &ast::CellItem) -> Option<(Key, Span)> {
    let named = |name: &Name| Some((Key::Name(name.text.clone()), name.span));
    match &item.kind {
        CellItemKind::Param(v) | CellItemKind::State(v) => named(&v.name),
        CellItemKind::Let(binding) => named(&binding.name),
        CellItemKind::Fn(function) => named(&function.name),
        CellItemKind::Port { name, .. } | CellItemKind::Segment { name, .. } => named(name),
        CellItemKind::Event { name, .. } | CellItemKind::Mode { name, .. } => named(name),
        CellItemKind::Spike { .. } => Some((Key::Name("spike".into()), head(item.span, "spike"))),
        CellItemKind::Equation(equation) => {
            Some((Key::Equation(equation.name.text.clone()), equation.name.span))
        }
        CellItemKind::Method(name) => Some((Key::Method, name.span)),
        CellItemKind::Precision(name) => Some((Key::Precision, name.span)),
        CellItemKind::On { .. } | CellItemKind::OnEnd { .. } | CellItemKind::Couple { .. } => None,
        CellItemKind::For { .. } | CellItemKind::Error => None,
    }
}

/// `SpikeTimes`: spikes at the times of `events`, pairs of a time and a cell.
fn spike_times_cell() -> hir::Cell {
    let pair = Type::Tuple(vec![Type::Real(Dimension::TIME), Type::Int]);
    let events = hir::Var {
        name: "events".into(),
        span: Span::default(),
        doc: Some("Times and cells of the spikes, in any order.".into()),
        declared: Some(Type::Array(Box::new(pair), vec![None])),
        home: None,
        kind: VarKind::Param { range: None, default: None },
    };
    let spike = hir::Event {
        name: "spike".into(),
        span: Span::default(),
        home: None,
        order: 0,
        condition: None,
        body: vec![],
    };
    hir::Cell {
        name: "SpikeTimes".into(),
        span: Span::default(),
        text: Span::default(),
        doc: Some("Spikes at given times.".into()),
        base: None,
        vars: vec![events],
        equations: vec![],
        couples: vec![],
        events: vec![spike],
        reactions: vec![],
        modes: vec![],
        segments: vec![],
        template: None,
        method: None,
        precision: None,
        partial: false,
        spike_times: true,
    }
}
