//! Populations: sizes, parameters, positions.
//!
//! In: a population of a circuit. Out: a [`net::Population`] with constants evaluated, and what differs from
//! cell to cell as closures. Constants are held to the ranges of their parameters.

use super::Elaborator;
use crate::diagnose::{build as say, value as say_value};
use crate::eval::{self, CellPlace, NotBuilt, depends, number};
use crate::hir::{self, CellId, ExprId, ExprKind, VarId, VarKind};
use crate::net::{self, Closure, EnvironmentId, Position, Setting};
use crate::types::{Dimension, Type, Value};
use circ_grammar::ast::Span;
use std::collections::BTreeMap;

/// A population has at most this many cells, so that every index fits 32 bits.
const MAX_CELLS: u64 = 1 << 31;

impl Elaborator<'_> {
    pub(super) fn population(
        &mut self,
        population: &hir::Population,
        environment: EnvironmentId,
        indices: &[i64],
    ) -> Option<()> {
        let path = self.path(population.slot, indices, environment);
        let shape = self.shape(population, &path, environment)?;
        let (mut settings, mut spike_times, mut partial) = (vec![], vec![], false);
        let cell = self.hir.cells.get(population.cell.index())?;
        let place = CellPlace { index: None, shape: shape.clone() };
        for (var, expr, span) in &population.overrides {
            if cell.spike_times && var.0 == 0 {
                let cells = shape.iter().product();
                spike_times = self.spike_times(*expr, cells, &path, environment).unwrap_or_default();
                continue;
            }
            match self.cell_setting(*expr, &place, environment) {
                Some(setting) => {
                    settings.retain(|(v, _, _): &(VarId, Setting, Span)| v != var);
                    settings.push((*var, self.fit_setting(setting, population.cell, *var), *span));
                }
                None => partial = true,
            }
        }
        partial |= self.misses_parameters(population);
        self.override_parameters(&path, population.cell, &mut settings);
        let segments = self.segment_counts(population.cell, &settings, &place, environment)?;
        self.check_ranges(population.cell, &settings, &place, environment);
        let at = population.at.and_then(|at| self.position(at, environment));
        let names = match population.names {
            Some(names) => self.names(names, &path, &shape, environment)?,
            None => vec![],
        };
        let id = self.net.populations.len() as u32;
        self.net.populations.push(net::Population {
            path,
            cell: population.cell,
            segments,
            polarity: population.polarity,
            shape,
            settings,
            per_cell: vec![],
            clamped: Default::default(),
            fired: false,
            silenced: false,
            at,
            names,
            partial,
            spike_times,
            span: self.slot(population.slot, environment).map_or(population.span, |slot| slot.span),
        });
        self.add_item(population.slot, indices, environment, net::Item::Population(id));
        Some(())
    }

    /// A population of one cell with its defaults, of a type that no circuit has.
    pub(super) fn cell_alone(&mut self, index: usize) -> Option<()> {
        let id = CellId(index as u32);
        if self.types.tainted.cell(id) {
            return None;
        }
        let cell = self.hir.cells.get(index)?;
        let place = CellPlace { index: None, shape: vec![1] };
        self.check_ranges(id, &[], &place, EnvironmentId(0));
        let segments = self.segment_counts(id, &[], &place, EnvironmentId(0))?;
        self.net.populations.push(net::Population {
            path: cell.name.to_string(),
            cell: id,
            segments,
            polarity: None,
            shape: vec![1],
            settings: vec![],
            per_cell: vec![],
            clamped: Default::default(),
            fired: false,
            silenced: false,
            at: None,
            names: vec![],
            partial: false,
            spike_times: vec![],
            span: cell.span,
        });
        Some(())
    }

    /// Whether a parameter without a default is not given, which was reported.
    fn misses_parameters(&self, population: &hir::Population) -> bool {
        let given = |var: usize| population.overrides.iter().any(|(given, _, _)| given.index() == var);
        let vars = self.hir.cell(population.cell).vars.iter().enumerate();
        vars.into_iter()
            .any(|(at, var)| matches!(var.kind, VarKind::Param { default: None, .. }) && !given(at))
    }

    /// One to three sizes, each at least 1, with a product that fits.
    fn shape(
        &mut self,
        population: &hir::Population,
        path: &str,
        environment: EnvironmentId,
    ) -> Option<Vec<u32>> {
        let mut shape = vec![];
        let mut cells = 1u64;
        for size in &population.size {
            let found = self.value(*size, environment)?;
            let span = self.span(*size);
            let whole = match number::number(&found) {
                Some(number::Number::Int(n)) => Some(n),
                Some(number::Number::Real(x)) => number::whole(x),
                _ => None,
            };
            let Some(n) = whole.and_then(|n| u64::try_from(n).ok()).filter(|n| (1..=MAX_CELLS).contains(n))
            else {
                let shown = match number::number(&found) {
                    Some(number::Number::Int(n)) => n.to_string(),
                    Some(number) => crate::units::show(number.real(), Dimension::REAL),
                    None => number::kind(&found),
                };
                return self.report(say::population_size(span, path, &shown));
            };
            cells = cells.saturating_mul(n);
            if MAX_CELLS < cells {
                return self.report(say::population_size(span, path, &cells.to_string()));
            }
            shape.push(n as u32);
        }
        Some(if shape.is_empty() { vec![1] } else { shape })
    }

    /// A value for all cells, or a closure of `i`.
    fn cell_setting(
        &mut self,
        expr: ExprId,
        place: &CellPlace,
        environment: EnvironmentId,
    ) -> Option<Setting> {
        self.untainted(expr)?;
        let mut scope = self.scope(environment);
        scope.cell = Some(place.clone());
        if depends::varies(expr, &scope) {
            return Some(Setting::Each(Closure { expr, environment }));
        }
        let value = eval::eval(expr, &mut scope, &mut NotBuilt);
        match self.keep(value)? {
            Value::Real(x) if x.is_nan() => self.report(say_value::not_a_number(self.span(expr))),
            value => Some(Setting::Value(value)),
        }
    }

    fn fit_setting(&self, setting: Setting, cell: CellId, var: VarId) -> Setting {
        let ty = self.types.vars.get(cell.index()).and_then(|vars| vars.get(var.index()));
        match (setting, ty) {
            (Setting::Value(value), Some(ty)) => Setting::Value(number::conform(value, ty)),
            (setting, _) => setting,
        }
    }

    /// Constant parameters lie within their `in` ranges.
    fn check_ranges(
        &mut self,
        id: CellId,
        settings: &[(VarId, Setting, Span)],
        place: &CellPlace,
        environment: EnvironmentId,
    ) {
        let Some(cell) = self.hir.cells.get(id.index()) else {
            return;
        };
        let ranged = cell.vars.iter().any(|v| matches!(v.kind, VarKind::Param { range: Some(_), .. }));
        if !ranged {
            return;
        }
        let constants = self.constants(id, settings, place, environment);
        for (k, var) in cell.vars.iter().enumerate() {
            let VarKind::Param { range: Some((lo, hi)), default } = &var.kind else {
                continue;
            };
            let Some(value) = constants.get(&VarId(k as u32)) else {
                continue;
            };
            let numbers = match value {
                Value::Array(array) => array.data.clone(),
                one => number::number(one).map(number::Number::real).into_iter().collect(),
            };
            let bound = |expr: ExprId| {
                let mut scope = self.scope(environment);
                scope.vars = constants.clone();
                scope.cell = Some(place.clone());
                let constant = !depends::varies(expr, &scope);
                constant.then(|| eval::eval_real(expr, &mut scope, &mut NotBuilt).ok()).flatten()
            };
            let (Some(low), Some(high)) = (bound(*lo), bound(*hi)) else {
                continue;
            };
            let Some(x) = numbers.into_iter().find(|x| !(low <= *x && *x <= high)) else {
                continue;
            };
            let at = match (settings.iter().find(|(v, _, _)| v.index() == k), default) {
                (Some((_, _, span)), _) => *span,
                (None, Some(default)) => self.span(*default),
                (None, None) => var.span,
            };
            let declared = self.span(*lo).to(self.span(*hi));
            let (shown, low, high) = (self.show(x, *lo), self.show(low, *lo), self.show(high, *hi));
            self.sink.push(say::out_of_range(at, &var.name, &shown, &low, &high, declared));
        }
    }

    /// The parameters of a population that are one number, in order of declaration.
    pub(super) fn constants(
        &self,
        cell: CellId,
        settings: &[(VarId, Setting, Span)],
        place: &CellPlace,
        environment: EnvironmentId,
    ) -> BTreeMap<VarId, Value> {
        let mut constants = BTreeMap::new();
        let Some(declared) = self.hir.cells.get(cell.index()) else {
            return constants;
        };
        for (k, var) in declared.vars.iter().enumerate() {
            let VarKind::Param { default, .. } = &var.kind else {
                continue;
            };
            let id = VarId(k as u32);
            let value = match settings.iter().find(|(v, _, _)| *v == id) {
                Some((_, Setting::Value(value), _)) => Some(value.clone()),
                Some((_, Setting::Each(_), _)) => None,
                None => default.and_then(|default| {
                    let mut scope = self.scope(environment);
                    scope.vars = constants.clone();
                    scope.cell = Some(place.clone());
                    let constant = !depends::varies(default, &scope);
                    constant.then(|| eval::eval(default, &mut scope, &mut NotBuilt).ok()).flatten()
                }),
            };
            if let Some(value) = value {
                constants.insert(id, value);
            }
        }
        constants
    }

    /// `at grid(d)`, or coordinates of `i`.
    fn position(&mut self, at: ExprId, environment: EnvironmentId) -> Option<Position> {
        let span = self.span(self.untainted(at)?);
        match &self.hir.expr(at).kind {
            ExprKind::Measure { name, args, .. } if &**name == "grid" && args.len() == 1 => {
                let spacing = self.real(args[0].value, environment)?;
                if 0.0 < spacing && spacing.is_finite() {
                    return Some(Position::Grid(spacing));
                }
                let shown = crate::units::show(spacing, Dimension::LENGTH);
                self.report(say_value::wrong_kind(span, "a spacing above 0", &shown))
            }
            ExprKind::Tuple(items) if items.len() <= 3 => {
                let closure = |k: usize| items.get(k).map(|expr| Closure { expr: *expr, environment });
                Some(Position::Each([closure(0), closure(1), closure(2)]))
            }
            ExprKind::Tuple(items) => {
                let found = format!("{} coordinates", items.len());
                self.report(say_value::wrong_kind(span, "x, y and z", &found))
            }
            _ => Some(Position::Each([Some(Closure { expr: at, environment }), None, None])),
        }
    }

    /// The type of a variable of a cell.
    pub(super) fn var_type(&self, cell: CellId, var: VarId) -> &Type {
        self.types.vars.get(cell.index()).and_then(|vars| vars.get(var.index())).unwrap_or(&Type::Error)
    }
}
