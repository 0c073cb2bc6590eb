//! Populations of a circuit: their cell, size, overrides, names and positions.
//!
//! In: population items. Out: [`crate::hir::Population`]s.

use super::context::Place;
use super::scope;
use super::{Context, ERROR, Resolver};
use crate::diagnose::{names, structure, suggest};
use crate::hir::{self, ExprId, ExprKind, ItemKind, SlotId, SlotKind, VarKind};
use circ_grammar::ast::{self, Span};

impl<'a> Resolver<'a> {
    pub(super) fn population(
        &mut self,
        cx: &mut Context,
        population: &'a ast::Population,
        slot: Option<SlotId>,
        span: Span,
    ) -> Option<ItemKind> {
        let size: Vec<ExprId> = population.size.iter().map(|size| self.expr(cx, *size)).collect();
        if 3 < size.len() {
            let at = self.hir.expr(size[3]).span;
            self.sink.push(structure::argument_form(
                at,
                "a population has at most three dimensions".into(),
                "a fourth",
            ));
        }
        let slot = slot?;
        let SlotKind::Population { cell } = self.slots(cx.owner)[slot.index()].kind else {
            return None;
        };
        let (mut overrides, mut at, mut cell_names) = (vec![], None, None);
        for item in &population.items {
            match &item.kind {
                ast::PopulationItemKind::Set { path, value } => {
                    let value = self.expr_in(cx, Place::PARAM.and(Place::BUILD), *value);
                    if self.sets_names(cell, path) {
                        if let Some((_, first)) = cell_names.replace((value, scope::path_span(path))) {
                            self.sink.push(names::duplicate_name(scope::path_span(path), "names", first));
                        }
                        continue;
                    }
                    let Some(var) = self.override_target(cell, path) else {
                        continue;
                    };
                    if let Some((_, _, first)) = overrides.iter().find(|(seen, _, _)| *seen == var) {
                        let name = self.hir.cell(cell).vars[var.index()].name.to_string();
                        self.sink.push(names::duplicate_name(scope::path_span(path), &name, *first));
                        continue;
                    }
                    overrides.push((var, value, scope::path_span(path)));
                }
                ast::PopulationItemKind::At(value) => at = Some(self.position(cx, *value)),
                ast::PopulationItemKind::Error => {}
            }
        }
        let size = size.into_iter().take(3).collect();
        self.missing_params(cell, &overrides, population.name.span);
        Some(ItemKind::Population(hir::Population {
            slot,
            cell,
            polarity: population.polarity,
            size,
            overrides,
            at,
            names: cell_names.map(|(value, _)| value),
            span,
        }))
    }

    /// `names = ...` gives each cell a name, unless the cell itself has a variable called so.
    fn sets_names(&self, cell: hir::CellId, path: &ast::Path) -> bool {
        let is_names = matches!(&path.names[..], [name] if &*name.text == "names");
        is_names && self.hir.cell(cell).vars.iter().all(|var| &*var.name != "names")
    }

    /// A parameter or state of the cell that a population's block gives.
    fn override_target(&mut self, cell: hir::CellId, path: &ast::Path) -> Option<hir::VarId> {
        let (name, home, of) = self.part_of_path(cell, path)?;
        let written = self.hir.cell(cell);
        // A port with dynamics begins at a value like a state.
        let settable = |var: &hir::Var| match &var.kind {
            VarKind::Param { .. } | VarKind::State { .. } => true,
            VarKind::Port { shape, .. } => {
                !matches!(shape, hir::PortShape::Delta { .. } | hir::PortShape::Sum)
            }
            VarKind::Let { .. } => false,
        };
        let own = |var: &hir::Var| var.home == home;
        let message = match written.vars.iter().position(|var| own(var) && var.name == name.text) {
            Some(at) if settable(&written.vars[at]) => return Some(hir::VarId(at as u32)),
            Some(at) => {
                let var = &written.vars[at];
                let is = super::cell::kind_words(&var.kind);
                names::wrong_kind(name.span, &name.text, is, "a parameter or a state", Some(var.span))
            }
            None => {
                let known = written.vars.iter().filter(|var| own(var) && settable(var)).map(|var| &*var.name);
                let suggestion = suggest::nearest(&name.text, known);
                names::unknown_member(name.span, &name.text, &of, suggestion)
            }
        };
        self.sink.push(message);
        None
    }

    /// `distal.theta`: the last name, the segment that it is of, and that in words. `None` after a report.
    fn part_of_path<'p>(
        &mut self,
        cell: hir::CellId,
        path: &'p ast::Path,
    ) -> Option<(&'p ast::Name, Option<hir::SegmentId>, String)> {
        let written = self.hir.cell(cell);
        let (mut home, mut of) = (None, format!("the cell `{}`", written.name));
        let (last, around) = path.names.split_last()?;
        for name in around {
            let mut within =
                written.segments.iter().enumerate().filter(|(_, segment)| segment.parent == home);
            match within.clone().find(|(_, segment)| segment.name == name.text) {
                Some((at, _)) => home = Some(hir::SegmentId(at as u32)),
                None => {
                    let suggestion = suggest::nearest(&name.text, within.by_ref().map(|(_, it)| &*it.name));
                    self.sink.push(names::unknown_member(name.span, &name.text, &of, suggestion));
                    return None;
                }
            }
            of = home.map_or(of, |home| format!("the segment `{}`", written.segment_path(home)));
        }
        Some((last, home, of))
    }

    fn missing_params(&mut self, cell: hir::CellId, overrides: &[(hir::VarId, ExprId, Span)], at: Span) {
        let written = self.hir.cell(cell);
        let missing = written.vars.iter().enumerate().filter(|(k, var)| {
            let needs = matches!(var.kind, VarKind::Param { default: None, .. });
            needs && !overrides.iter().any(|(given, _, _)| given.index() == *k)
        });
        let messages: Vec<_> = missing
            .map(|(_, var)| {
                structure::missing_value(
                    at,
                    &var.name,
                    &written.name,
                    if var.span == Span::default() { at } else { var.span },
                )
            })
            .collect();
        messages.into_iter().for_each(|message| self.sink.push(message));
    }

    /// `at grid(20 um)`, `at (x, y, z)`
    fn position(&mut self, cx: &mut Context, value: ast::ExprId) -> ExprId {
        let at = self.span(cx, value);
        match &self.ast(cx, value).kind {
            ast::ExprKind::Call { callee, args } if self.is_word(cx, *callee, "grid") => {
                let args: Vec<_> = args
                    .iter()
                    .map(|arg| hir::MeasureArg {
                        each: false,
                        name: None,
                        value: self.expr(cx, arg.value),
                        to: None,
                        over: None,
                    })
                    .collect();
                if args.len() != 1 {
                    self.sink.push(structure::argument_count(at, "grid", "1 argument", args.len()));
                    return ERROR;
                }
                let name_span = self.span(cx, *callee);
                self.push(ExprKind::Measure { name: "grid".into(), name_span, args }, at)
            }
            ast::ExprKind::Tuple(parts) if parts.len() <= 3 => {
                self.expr_in(cx, Place::PARAM.and(Place::BUILD), value)
            }
            ast::ExprKind::Error => ERROR,
            _ => {
                let message = "positions are `grid(d)`, `(x, y)` or `(x, y, z)`".to_owned();
                self.sink.push(structure::argument_form(at, message, "not a position"));
                ERROR
            }
        }
    }
}
