//! `clamp`: holds states at values between two ticks; `release`: lets them, and cells that were silenced, go on.
//!
//! In: the statements. Out: the state's array with the values and its clamp's array with what is held; ticks change no
//! state that is.

use super::Protocol;
use super::set::parts;
use crate::rules;
use circ_compiler::diagnose::structure::not_yet;
use circ_compiler::diagnose::value::not_a_number;
use circ_compiler::eval::{Evaluated, Thing, view_of};
use circ_compiler::hir::ExprId;
use circ_compiler::lower::{SILENCE, clamp_of};
use circ_compiler::net::Members;
use circ_grammar::ast::Span;
use circ_plan::ir::ArrayId;
use circ_plan::plan::{Indices, Role, View};

impl Protocol<'_> {
    pub(super) fn clamp(&mut self, target: ExprId, value: ExprId) -> Evaluated<()> {
        let span = self.span(target);
        let (view, names) = match self.thing(target)? {
            Thing::Member { view, names, .. } => (view, names),
            _ => return Err(not_yet(span, "`clamp` of this").into()),
        };
        let values = self.values_of_cells(&view, value)?;
        let value_span = self.span(value);
        if values.iter().any(|value| value.is_nan()) {
            return Err(not_a_number(value_span).into());
        }
        if values.iter().any(|value| value.is_infinite()) {
            return Err(rules::wrong_value(value_span, "a finite value").into());
        }
        for ((segment, name), values) in parts(&view, &names, &values) {
            self.clamp_segment(segment.population, &segment.cells, name, values, span)?;
        }
        Ok(())
    }

    fn clamp_segment(
        &mut self,
        population: u32,
        cells: &Indices,
        name: &str,
        values: &[f64],
        span: Span,
    ) -> Evaluated<()> {
        let places = (self.array_named(population, name), self.array_named(population, &clamp_of(name)));
        let (Some(state), Some(held)) = places else { return Err(not_yet(span, "`clamp` of this").into()) };
        let values = self.clipped(population, name, cells, values)?;
        let pairs: Vec<(u32, f64)> =
            values.iter().enumerate().map(|(position, value)| (cells.get(position), *value)).collect();
        self.engine.set_array(population, state, &pairs);
        self.engine.set_array(population, held, &all(cells, 1.0));
        Ok(())
    }

    /// Without targets, of everything.
    pub(super) fn release(&mut self, targets: &[ExprId]) -> Evaluated<()> {
        if targets.is_empty() {
            for population in 0..self.compiled.plan.populations.len() {
                let cells = self.compiled.plan.populations[population].cells;
                self.release_all(population as u32, &Indices::Range(0, cells));
            }
        }
        for target in targets {
            match self.thing(*target)? {
                Thing::Member { view, names, .. } => self.release_states(&view, &names),
                other => {
                    let span = self.span(*target);
                    let view = self.with_scope(|scope, _| view_of(other, span, scope))?;
                    view.segments.iter().for_each(|it| self.release_all(it.population, &it.cells));
                }
            }
        }
        Ok(())
    }

    /// What no statement clamps is not held.
    fn release_states(&mut self, view: &View, names: &Members) {
        for (segment, name) in names.of(view) {
            if let Some(held) = self.array_named(segment.population, &clamp_of(name)) {
                self.engine.set_array(segment.population, held, &all(&segment.cells, 0.0));
            }
        }
    }

    /// All states of these cells.
    fn release_all(&mut self, population: u32, cells: &Indices) {
        let prefix = clamp_of("");
        let plan = &self.compiled.plan.populations[population as usize];
        let held = plan.arrays.iter().enumerate().filter(|(_, array)| array.role == Role::Memory);
        let held = held.filter(|(_, array)| array.name.starts_with(&prefix) || array.name == SILENCE);
        let held: Vec<ArrayId> = held.map(|(at, _)| ArrayId(at as u32)).collect();
        held.into_iter().for_each(|held| self.engine.set_array(population, held, &all(cells, 0.0)));
    }

    pub(super) fn array_named(&self, population: u32, name: &str) -> Option<ArrayId> {
        let arrays = &self.compiled.plan.populations[population as usize].arrays;
        arrays.iter().position(|array| array.name == name).map(|at| ArrayId(at as u32))
    }
}

/// One value for each cell.
pub(super) fn all(cells: &Indices, value: f64) -> Vec<(u32, f64)> {
    (0..cells.len()).map(|position| (cells.get(position), value)).collect()
}
