//! Expressions: names become references, units become coherent numbers.
//!
//! In: expressions of a tree with the context that they stand in. Out: expressions of the HIR, children
//! before parents. Recursion is bounded by [`depth::LIMIT`], which [`Resolver::expr`] checks first.

use super::builtins;
use super::context::Place;
use super::rule_block::is_rule;
use super::scope::{Def, Named};
use super::{Context, ERROR, Resolver, depth};
use crate::diagnose::{names, structure, suggest};
use crate::hir::{self, ExprId, ExprKind, Ref, SegmentMember};
use crate::units;
use circ_grammar::ast::{self, BinaryOp, Span};

/// Where a rule sees both ends of a synapse.
const RULE_DUE: &str =
    "a rule sees its pair of cells in `let`s, equations and hooks, through `pre`, `post` and `distance`";

impl<'a> Resolver<'a> {
    /// An expression that stands by itself.
    pub fn expr(&mut self, cx: &mut Context, id: ast::ExprId) -> ExprId {
        let depth = self.depths[cx.module].get(id.0 as usize).copied().unwrap_or(depth::LIMIT + 1);
        if depth::LIMIT < depth {
            self.sink.push(structure::too_deep(self.span(cx, id), depth::LIMIT));
            return ERROR;
        }
        self.lower(cx, id)
    }

    /// An expression that stands by itself, in a place that allows other things than the context at large.
    pub fn expr_in(&mut self, cx: &mut Context, place: Place, id: ast::ExprId) -> ExprId {
        let outer = std::mem::replace(&mut cx.place, place);
        let value = self.expr(cx, id);
        cx.place = outer;
        value
    }

    pub fn span(&self, cx: &Context, id: ast::ExprId) -> Span {
        self.modules[cx.module].file.exprs.get(id.0 as usize).map_or(Span::default(), |expr| expr.span)
    }

    pub fn ast(&self, cx: &Context, id: ast::ExprId) -> &'a ast::Expr {
        self.modules[cx.module].file.expr(id)
    }

    pub(super) fn lower(&mut self, cx: &mut Context, id: ast::ExprId) -> ExprId {
        let expr = self.ast(cx, id);
        let at = expr.span;
        let kind = match &expr.kind {
            ast::ExprKind::Number(number) => return self.number(number, at),
            ast::ExprKind::String(text) => ExprKind::Text(text.clone()),
            ast::ExprKind::Bool(value) => ExprKind::Bool(*value),
            ast::ExprKind::Name(name) => return self.name(cx, name, at),
            ast::ExprKind::Cell => {
                return self.misplaced(at, "`cell` by itself", "write `cell.NAME`");
            }
            ast::ExprKind::Unary { op, value } => ExprKind::Unary { op: *op, value: self.lower(cx, *value) },
            ast::ExprKind::Binary { op, left, right } => {
                let (left, right) = (self.lower(cx, *left), self.lower(cx, *right));
                ExprKind::Binary { op: *op, left, right }
            }
            ast::ExprKind::InRange { value, lo, hi } => {
                let [value, lo, hi] = [*value, *lo, *hi].map(|id| self.lower(cx, id));
                ExprKind::InRange { value, lo, hi }
            }
            ast::ExprKind::In { value, set } => return self.in_view(cx, *value, *set, at),
            ast::ExprKind::If { condition, then, otherwise } => {
                let [condition, then, otherwise] =
                    [*condition, *then, *otherwise].map(|id| self.lower(cx, id));
                ExprKind::If { condition, then, otherwise }
            }
            ast::ExprKind::Field { base, name } => {
                return match self.segment_value(cx, id, at) {
                    Some(value) => value,
                    None => self.field(cx, *base, name, at),
                };
            }
            ast::ExprKind::Index { base, indices } => {
                return match self.segment_value(cx, id, at) {
                    Some(value) => value,
                    None => self.index(cx, *base, indices, at),
                };
            }
            ast::ExprKind::Call { callee, args } => return self.call(cx, *callee, args, at),
            ast::ExprKind::Prime(value) => return self.prime(cx, *value, at),
            ast::ExprKind::Array(parts) => ExprKind::Array(self.lower_all(cx, parts)),
            ast::ExprKind::Tuple(parts) => ExprKind::Tuple(self.lower_all(cx, parts)),
            ast::ExprKind::Error => ExprKind::Error,
        };
        self.push(kind, at)
    }

    pub(super) fn lower_all(&mut self, cx: &mut Context, parts: &[ast::ExprId]) -> Vec<ExprId> {
        parts.iter().map(|part| self.lower(cx, *part)).collect()
    }

    /// Reports something that has no meaning in this place.
    pub(super) fn misplaced(&mut self, at: Span, what: &str, where_due: &str) -> ExprId {
        self.sink.push(names::out_of_place(at, what, where_due));
        self.push(ExprKind::Error, at)
    }

    /// `tick` is not a fixed unit: `3 tick` is `3 * dt`.
    fn number(&mut self, number: &ast::Number, at: Span) -> ExprId {
        let ticks: i64 = number
            .unit
            .iter()
            .filter(|unit| &*unit.name == units::TICK)
            .map(|unit| i64::from(unit.power))
            .sum();
        let fixed: Vec<_> = number.unit.iter().filter(|unit| &*unit.name != units::TICK).cloned().collect();
        let plain = number.unit.is_empty();
        let Some((value, dimension)) =
            units::number(&ast::Number { digits: number.digits.clone(), unit: fixed })
        else {
            return self.bad_unit(number, at);
        };
        if !value.is_finite() {
            self.sink.push(structure::number_too_large(at));
            return self.push(ExprKind::Error, at);
        }
        if 8 < ticks.abs() {
            self.sink.push(names::unit_power(at));
            return self.push(ExprKind::Error, at);
        }
        let mut all = self.push(ExprKind::Number { value, dimension, plain }, at);
        for _ in 0..ticks.abs() {
            let right = self.push(ExprKind::Ref(Ref::Step), at);
            let op = if 0 < ticks { BinaryOp::Multiply } else { BinaryOp::Divide };
            all = self.push(ExprKind::Binary { op, left: all, right }, at);
        }
        all
    }

    fn bad_unit(&mut self, number: &ast::Number, at: Span) -> ExprId {
        match number.unit.iter().find(|unit| !units::is_unit(&unit.name)) {
            Some(unit) => {
                let known: Vec<_> = units::names().collect();
                let near = || suggest::nearest(&unit.name, known.iter().map(String::as_str));
                let suggestion = circ_grammar::foreign::unit(&unit.name).or_else(near);
                self.sink.push(names::unknown_unit(at, &unit.name, suggestion));
            }
            None => self.sink.push(names::unit_power(at)),
        }
        self.push(ExprKind::Error, at)
    }

    /// A name by itself: locals, then the names of the cell or circuit, then the file's, then the language's.
    fn name(&mut self, cx: &mut Context, name: &str, at: Span) -> ExprId {
        // No declaration hides the weight in what flows.
        let flows = !matches!(cx.owner, hir::Owner::Experiment(_));
        if name == "w" && cx.place.allows(Place::WEIGHT) && flows {
            return self.push(ExprKind::Ref(Ref::Weight), at);
        }
        // None of the sides either.
        if is_rule(cx) && matches!(name, "pre" | "post") {
            return self.language_value(cx, name, at);
        }
        if let Some(local) = cx.local(name) {
            return self.push(ExprKind::Ref(Ref::Local(local)), at);
        }
        if let Some((named, _)) = cx.named(name) {
            return self.named_value(name, named, at);
        }
        if let Some((def, declared)) = self.top_level(cx.module, name) {
            return self.def_value(name, def, declared, at);
        }
        match name {
            "xi" if cx.place.allows(Place::NOISE) => self.push(ExprKind::Noise(0), at),
            "xi" => {
                self.misplaced(at, "`xi`", "white noise belongs in an equation, or in a `let` that one reads")
            }
            _ => self.language_value(cx, name, at),
        }
    }

    fn named_value(&mut self, name: &str, named: Named, at: Span) -> ExprId {
        let kind = match named {
            Named::Var(var) => ExprKind::Ref(Ref::Var(var)),
            Named::Mode(mode) => ExprKind::Ref(Ref::Mode(mode)),
            Named::Slot(slot) => ExprKind::Ref(Ref::Slot(slot)),
            Named::OfCircuit(slot) => ExprKind::Ref(Ref::OfCircuit(slot)),
            Named::Refused => ExprKind::Error,
            Named::Segment(_) => return self.segment_alone(at, name),
            Named::Function(_) => {
                self.sink.push(names::function_without_call(at, name));
                ExprKind::Error
            }
            Named::Event(_) => {
                self.sink.push(names::wrong_kind(at, name, "an event", "a value", None));
                ExprKind::Error
            }
        };
        self.push(kind, at)
    }

    fn def_value(&mut self, name: &str, def: Def, declared: Span, at: Span) -> ExprId {
        let kind = match def {
            Def::Global(global) => ExprKind::Ref(Ref::Global(global)),
            Def::Unknown => ExprKind::Error,
            Def::Function(_) => {
                self.sink.push(names::function_without_call(at, name));
                ExprKind::Error
            }
            other => {
                self.sink.push(names::wrong_kind(at, name, other.kind(), "a value", Some(declared)));
                ExprKind::Error
            }
        };
        self.push(kind, at)
    }

    fn language_value(&mut self, cx: &mut Context, name: &str, at: Span) -> ExprId {
        let (reference, needs, due) = match name {
            "pi" => (Ref::Pi, Place::CONSTANT, ""),
            "inf" => (Ref::Infinity, Place::CONSTANT, ""),
            "dt" => (Ref::Step, Place::CONSTANT, ""),
            "t" => (Ref::Time, Place::TIME, "time passes only in equations, blocks and drives"),
            "i" => (Ref::CellIndex, Place::CELL, "there is no cell here that it could be the index of"),
            "k" if cx.numbered => (Ref::SegmentIndex, Place::CONSTANT, ""),
            "row" => (Ref::Row, Place::CELL, "there is no cell here that it could be the row of"),
            "col" => (Ref::Col, Place::CELL, "there is no cell here that it could be the column of"),
            "layer" => (Ref::Layer, Place::CELL, "there is no cell here that it could be the layer of"),
            "size" => (Ref::Size, Place::CELL, "there is no population here: write `size(E)`"),
            "w" if cx.place.allows(Place::WEIGHT) => (Ref::Weight, Place::WEIGHT, ""),
            "pre" => (Ref::Pre, Place::PAIR, "only the clauses of a projection have two sides"),
            "post" => (Ref::Post, Place::PAIR, "only the clauses of a projection have two sides"),
            "distance" => (Ref::Distance, Place::PAIR, "only the clauses of a projection have two sides"),
            "edge" => (Ref::Edge, Place::PAIR, "only the clauses of a projection read a connection table"),
            _ => return self.unknown(cx, name, at),
        };
        let due = match reference {
            Ref::Edge | Ref::Pre | Ref::Post | Ref::Distance if is_rule(cx) => RULE_DUE,
            _ => due,
        };
        let misses = reference == Ref::Edge && is_rule(cx);
        if cx.place.allows(needs) && !misses {
            self.push(ExprKind::Ref(reference), at)
        } else {
            self.misplaced(at, &format!("`{name}`"), due)
        }
    }

    fn unknown(&mut self, cx: &Context, name: &str, at: Span) -> ExprId {
        if cx.is_of_unknown {
            return self.push(ExprKind::Error, at);
        }
        // In the block of a trace it is a name of that side's cell, which only an attachment tells.
        if let Some(side) = cx.side {
            let side = if side == hir::SynapseSide::Pre { Ref::Pre } else { Ref::Post };
            let base = self.push(ExprKind::Ref(side), at);
            return self.push(ExprKind::Field { base, name: name.into(), name_span: at }, at);
        }
        // To compare with every name takes time, which nobody waits for who will not read it.
        if self.sink.is_full() {
            self.sink.push(names::unknown_name(at, name, "", None));
            return self.push(ExprKind::Error, at);
        }
        let is_value = |named| !matches!(named, Named::Function(_) | Named::Event(_));
        let mut candidates: Vec<String> = cx.locals.iter().rev().map(|(name, _)| name.to_string()).collect();
        candidates.extend(cx.candidates(is_value));
        candidates.extend(self.top_level_names(cx.module, |def| matches!(def, Def::Global(_))));
        let language = builtins::VALUES.iter().copied().filter(|value| 1 < value.len());
        let suggestion = suggest::nearest(name, candidates.iter().map(String::as_str).chain(language));
        self.sink.push(names::unknown_name(at, name, "", suggestion));
        self.push(ExprKind::Error, at)
    }

    /// `pre in VIEW`
    fn in_view(&mut self, cx: &mut Context, value: ast::ExprId, set: ast::ExprId, at: Span) -> ExprId {
        let value = self.lower(cx, value);
        let view = self.lower(cx, set);
        match self.hir.expr(value).kind {
            ExprKind::Ref(Ref::Pre | Ref::Post) => self.push(ExprKind::InView { value, view }, at),
            ExprKind::Error => value,
            _ => {
                let message = "`in` needs a range `lo .. hi`, or `pre` or `post` on its left".to_owned();
                self.sink.push(structure::argument_form(
                    at,
                    message,
                    "neither a range nor a side of a projection",
                ));
                self.push(ExprKind::Error, at)
            }
        }
    }

    fn field(&mut self, cx: &mut Context, base: ast::ExprId, name: &ast::Name, at: Span) -> ExprId {
        match &self.ast(cx, base).kind {
            ast::ExprKind::Cell => return self.own_of_cell(cx, name, at),
            ast::ExprKind::Name(file) if cx.local(file).is_none() && cx.named(file).is_none() => {
                if let Some((Def::Module(module), _)) = self.top_level(cx.module, file) {
                    let def = self.member_of_file(module, name);
                    return self.def_value(&name.text, def, name.span, at);
                }
            }
            _ => {}
        }
        let base = self.lower(cx, base);
        if matches!(self.hir.expr(base).kind, ExprKind::Error) {
            return base;
        }
        self.push(ExprKind::Field { base, name: name.text.clone(), name_span: name.span }, at)
    }

    /// `cell.v`: past the names of blocks and segments, the cell's own.
    fn own_of_cell(&mut self, cx: &mut Context, name: &ast::Name, at: Span) -> ExprId {
        match (cx.owner, cx.of_cell(&name.text)) {
            (hir::Owner::Cell(_), Some((named, _))) => self.named_value(&name.text, named, at),
            (hir::Owner::Cell(_), None) => self.unknown(cx, &name.text, name.span),
            _ => self.misplaced(at, "`cell`", "there is no cell here"),
        }
    }

    fn index(&mut self, cx: &mut Context, base: ast::ExprId, indices: &[ast::Index], at: Span) -> ExprId {
        let base = self.lower(cx, base);
        let mut lowered = vec![];
        for index in indices {
            lowered.push(match index {
                ast::Index::At(e) => hir::Index::At(self.lower(cx, *e)),
                ast::Index::Range(lo, hi) => hir::Index::Range(self.lower(cx, *lo), self.lower(cx, *hi)),
                ast::Index::Where(e) => {
                    let outer = cx.place;
                    cx.place = outer.and(Place::CELL);
                    let condition = self.lower(cx, *e);
                    cx.place = outer;
                    hir::Index::Where(condition)
                }
            });
        }
        match self.hir.expr(base).kind {
            ExprKind::Error => base,
            ExprKind::Ref(Ref::Edge) => self.edge_column(base, &lowered, at),
            _ => self.push(ExprKind::Index { base, indices: lowered }, at),
        }
    }

    /// `edge[2]`: columns of an array have numbers where those of a file have names.
    fn edge_column(&mut self, base: ExprId, indices: &[hir::Index], at: Span) -> ExprId {
        let number = match indices {
            [hir::Index::At(index)] => match self.hir.expr(*index).kind {
                ExprKind::Number { value, plain: true, .. } => Some(value),
                _ => None,
            },
            _ => None,
        };
        match number {
            Some(number) => {
                let name = number.to_string().into();
                self.push(ExprKind::Field { base, name, name_span: at }, at)
            }
            None => self.misplaced(
                at,
                "`edge`",
                "a column has a name, as in `edge.w`, or a number, as in `edge[2]`",
            ),
        }
    }

    /// `x'` of a state of the cell at hand; `E.v'` where the network is looked at, which is a member called so.
    fn prime(&mut self, cx: &mut Context, value: ast::ExprId, at: Span) -> ExprId {
        let value = self.lower(cx, value);
        match self.hir.expr(value).kind {
            ExprKind::Field { base, ref name, name_span } if cx.place.allows(Place::MEASURES) => {
                let name = format!("{name}'").into();
                self.push(ExprKind::Field { base, name, name_span }, at)
            }
            ExprKind::Ref(Ref::Var(var)) if cx.place.allows(Place::RATES) => {
                self.push(ExprKind::Derivative(var), at)
            }
            ExprKind::OfSegment { ref steps, member: SegmentMember::Var(var) }
                if cx.place.allows(Place::RATES) =>
            {
                let steps = steps.clone();
                self.push(ExprKind::OfSegment { steps, member: SegmentMember::Derivative(var) }, at)
            }
            ExprKind::Error => value,
            _ => self.misplaced(at, "`'`", "only a state that has an equation has a derivative"),
        }
    }
}
