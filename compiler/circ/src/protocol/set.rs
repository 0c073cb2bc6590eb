//! `set`: changes a parameter or state of a population between two ticks.

use super::{Protocol, place};
use crate::rules;
use circ_compiler::diagnose::value::not_a_number;
use circ_compiler::eval::{self, Evaluated, Thing, depends};
use circ_compiler::hir::{ExprId, Var, VarId, VarKind};
use circ_compiler::interval::Interval;
use circ_compiler::net::Members;
use circ_compiler::types::Value;
use circ_grammar::ast::Span;
use circ_plan::ir::{ArrayId, UniformId};
use circ_plan::plan::{Indices, PopulationPlan, Role, Segment, View};
use std::sync::Arc;

/// Where the values of a variable are.
#[derive(Clone, Copy)]
enum Storage {
    Slot(UniformId),
    Array(ArrayId),
}

/// The parts of a view with what is named of each and the values of its cells.
pub(super) fn parts<'v>(
    view: &'v View,
    names: &'v Members,
    values: &'v [f64],
) -> impl Iterator<Item = ((&'v Segment, &'v Arc<str>), &'v [f64])> {
    let mut left = values;
    names.of(view).map(move |(segment, name)| {
        let (own, rest) = left.split_at(segment.cells.len());
        left = rest;
        ((segment, name), own)
    })
}

impl Protocol<'_> {
    pub(super) fn set(&mut self, target: ExprId, filter: Option<ExprId>, value: ExprId) -> Evaluated<()> {
        let (span, thing) = (self.span(target), self.thing(target)?);
        let synapses = self.with_scope(|scope, _| Ok(eval::synapses_of(&thing, scope)))?;
        if let Some((projections, name)) = synapses {
            return self.set_synapses((projections, &name), filter, target, value);
        }
        match thing {
            Thing::Member { view, names, .. } => self.set_member(&view, &names, span, value),
            Thing::Drive(drive) => self.set_drive(drive, None, span, value),
            Thing::MemberOf { of, name, .. } => match *of {
                Thing::Drive(drive) => self.set_drive(drive, Some(&name), span, value),
                _ => Err(rules::not_settable(span, "a projection").into()),
            },
            _ => Err(rules::not_settable(span, "this").into()),
        }
    }

    fn set_member(&mut self, view: &View, names: &Members, span: Span, value: ExprId) -> Evaluated<()> {
        let values = self.values_of_cells(view, value)?;
        for ((segment, name), values) in parts(view, names, &values) {
            self.set_segment(segment.population, &segment.cells, name, values, span)?;
        }
        Ok(())
    }

    /// What a host program gives all cells of a population.
    pub(crate) fn set_from_host(&mut self, population: u32, name: &str, values: &[f64]) -> Evaluated<()> {
        let cells = Indices::Range(0, self.compiled.plan.populations[population as usize].cells);
        let span = self.compiled.hir.experiments[self.compiled.experiment].span;
        self.set_segment(population, &cells, name, values, span)
    }

    fn set_segment(
        &mut self,
        population: u32,
        cells: &Indices,
        name: &str,
        values: &[f64],
        span: Span,
    ) -> Evaluated<()> {
        let plan = &self.compiled.plan.populations[population as usize];
        let refused = || Box::new(rules::not_settable(span, &format!("`{name}` of `{}`", plan.path)));
        let storage = storage(plan, name).ok_or_else(refused)?;
        if values.iter().any(|value| value.is_nan()) {
            return Err(not_a_number(span).into());
        }
        let values = self.clipped(population, name, cells, values)?;
        let before = self.parameters_now(population);
        match storage {
            Storage::Slot(slot) => {
                let uniform =
                    values.windows(2).all(|pair| pair[0] == pair[1]) && cells.len() == plan.cells as usize;
                match values.first() {
                    Some(value) if uniform => self.engine.set_uniform(population, slot, *value),
                    _ => return Err(refused()),
                }
            }
            Storage::Array(array) => {
                let pairs: Vec<(u32, f64)> = values
                    .iter()
                    .enumerate()
                    .map(|(position, value)| (cells.get(position), *value))
                    .collect();
                self.engine.set_array(population, array, &pairs);
            }
        }
        self.check_set(population, name, span, &before)
    }

    /// One value for each cell of a view: of an expression of `i`, of an array, or the same for all.
    pub(super) fn values_of_cells(&self, view: &View, value: ExprId) -> Evaluated<Vec<f64>> {
        let depends = self.with_scope(|scope, _| Ok(depends::uses_cell(value, scope)))?;
        if depends {
            return self.values_by_index(view, value);
        }
        let span = self.span(value);
        let found = self.value(value)?;
        spread(&found, view.len())
            .ok_or_else(|| rules::wrong_number(span, view.len(), "cell", shape(&found)).into())
    }

    fn values_by_index(&self, view: &View, value: ExprId) -> Evaluated<Vec<f64>> {
        let span = self.span(value);
        let mut values = Vec::with_capacity(view.len());
        for segment in &view.segments {
            let shape = &self.compiled.net.populations[segment.population as usize].shape;
            for position in 0..segment.cells.len() {
                let found = self.with_scope(|scope, world| {
                    scope.cell = Some(place(segment.cells.get(position), shape));
                    eval::eval(value, scope, world)
                })?;
                values.push(scalar(&found).ok_or_else(|| Box::new(rules::wrong_value(span, "a number")))?);
            }
        }
        Ok(values)
    }

    /// A state is clipped to its range.
    pub(super) fn clipped(
        &self,
        population: u32,
        name: &str,
        cells: &Indices,
        values: &[f64],
    ) -> Evaluated<Vec<f64>> {
        let var = self.cell_of(population).vars.iter().find(|var| &*var.name == name);
        let Some(VarKind::State { range: Some(range), .. }) = var.map(|var| &var.kind) else {
            return Ok(values.to_vec());
        };
        let readable = self.readable(population);
        let shared = self.bounds(population, &readable, None, *range).ok();
        let clip = |(position, value): (usize, &f64)| {
            let (lo, hi) = match shared {
                Some(bounds) => bounds,
                None => self.bounds(population, &readable, Some(cells.get(position) as usize), *range)?,
            };
            // Comparisons, not `clamp`: a NaN stays one, and the ends may be in any order.
            Ok(if *value < lo {
                lo
            } else if hi < *value {
                hi
            } else {
                *value
            })
        };
        values.iter().enumerate().map(clip).collect()
    }

    /// A parameter that was set holds to what it must.
    fn check_set(
        &self,
        population: u32,
        name: &str,
        span: Span,
        before: &[(VarId, Interval)],
    ) -> Evaluated<()> {
        let vars = &self.cell_of(population).vars;
        let is_set = |var: &Var| &*var.name == name && matches!(var.kind, VarKind::Param { .. });
        let Some(index) = vars.iter().position(is_set) else { return Ok(()) };
        let var = VarId(index as u32);
        self.check_parameter(population, var, Some(span))?;
        self.check_ranges_of(population, var, span)?;
        self.check_proofs(population, var, span, before)
    }
}

fn storage(plan: &PopulationPlan, name: &str) -> Option<Storage> {
    let settable = |role: Role| match role {
        Role::Parameter | Role::State | Role::Port => true,
        Role::Mode | Role::Memory | Role::Flow | Role::Seen | Role::Derived => false,
    };
    let array = plan.arrays.iter().position(|array| array.name == name && settable(array.role));
    let slot = plan.uniforms.iter().position(|slot| slot.name == name && settable(slot.role));
    match (array, slot) {
        (Some(array), _) => Some(Storage::Array(ArrayId(array as u32))),
        (None, Some(slot)) => Some(Storage::Slot(UniformId(slot as u32))),
        (None, None) => None,
    }
}

pub(super) fn scalar(value: &Value) -> Option<f64> {
    match value {
        Value::Real(value) => Some(*value),
        Value::Int(value) => Some(*value as f64),
        Value::Bool(value) => Some(f64::from(u8::from(*value))),
        Value::Text(_) | Value::Array(_) | Value::Tuple(_) | Value::View(_) => None,
    }
}

/// A number for each of so many: of an array that has as many, or the same for all.
pub(super) fn spread(value: &Value, all: usize) -> Option<Vec<f64>> {
    match value {
        Value::Array(array) if array.shape.as_slice() == [all as u64] => Some(array.data.clone()),
        _ => scalar(value).map(|one| vec![one; all]),
    }
}

/// How many elements an array has in each direction.
pub(super) fn shape(value: &Value) -> &[u64] {
    match value {
        Value::Array(array) => array.shape.as_slice(),
        _ => &[],
    }
}
