//! Parameters as they are, once built or after a `set`: numbers, within their ranges, and fit for what
//! divides by them.
//!
//! In: an engine with its network. Out: a message about the first cell whose parameter is not.

use super::{Protocol, place};
use crate::rules;
use circ_compiler::diagnose::Diagnostic;
use circ_compiler::diagnose::build::{out_of_range, outside_domain};
use circ_compiler::diagnose::solve::factor_is_zero;
use circ_compiler::eval::{self, Evaluated, depends};
use circ_compiler::hir::{self, ExprId, ExprKind, PortShape, Ref, VarId, VarKind};
use circ_compiler::interval::Interval;
use circ_compiler::net::Setting;
use circ_compiler::prove::{WasSet, after_set};
use circ_compiler::types::Value;
use circ_grammar::ast::Span;
use circ_numerics::random::MOST_REDRAWS;
use circ_plan::ir::{ArrayId, UniformId};

/// A variable of a cell, with one value of all cells or one of each.
pub(super) type Readable = (VarId, Vec<Value>);

impl Protocol<'_> {
    /// All parameters, as they were built.
    pub(crate) fn check_parameters(&self) -> Evaluated<()> {
        for population in 0..self.compiled.plan.populations.len() as u32 {
            for (index, var) in self.cell_of(population).vars.iter().enumerate() {
                if let VarKind::Param { .. } = var.kind {
                    self.check_parameter(population, VarId(index as u32), None)?;
                }
            }
        }
        Ok(())
    }

    /// One parameter, at all cells. `set` is the place of the statement that gave it its value.
    pub(super) fn check_parameter(&self, population: u32, var: VarId, set: Option<Span>) -> Evaluated<()> {
        let at = set.unwrap_or_else(|| self.written_at(population, var));
        for values in self.values_of_parameter(population, var) {
            if let Some(cell) = values.iter().position(|value| value.is_nan()) {
                return Err(self.at_cell(self.not_a_number(population, var, at), population, cell, &values));
            }
            self.check_range(population, var, &values, at)?;
            self.check_divisors(population, var, &values, at)?;
        }
        Ok(())
    }

    /// Parameters whose ranges read one that was set.
    pub(super) fn check_ranges_of(&self, population: u32, set: VarId, at: Span) -> Evaluated<()> {
        let hir = &self.compiled.hir;
        let reads = |expr: ExprId| {
            depends::any(expr, hir, &mut |kind| matches!(kind, ExprKind::Ref(Ref::Var(var)) if *var == set))
        };
        for (index, var) in self.cell_of(population).vars.iter().enumerate() {
            if let VarKind::Param { range: Some((lo, hi)), .. } = var.kind
                && (reads(lo) || reads(hi))
            {
                let var = VarId(index as u32);
                for values in self.values_of_parameter(population, var) {
                    self.check_range(population, var, &values, at)?;
                }
            }
        }
        Ok(())
    }

    /// What was proved of the cells for other values of a parameter: divisors, arguments of distributions.
    pub(super) fn check_proofs(
        &self,
        population: u32,
        var: VarId,
        at: Span,
        before: &[(VarId, Interval)],
    ) -> Evaluated<()> {
        let (compiled, after) = (&self.compiled, self.parameters_now(population));
        let set = WasSet { population, var, before, after: &after, at };
        let sources = &compiled.program.sources;
        match after_set(&compiled.hir, &compiled.types, &compiled.net, sources, set) {
            Some(message) => Err(message.into()),
            None => Ok(()),
        }
    }

    /// What the parameters of the cells are now, but for arrays.
    pub(super) fn parameters_now(&self, population: u32) -> Vec<(VarId, Interval)> {
        let vars = self.cell_of(population).vars.iter().enumerate();
        let parameters = vars.filter(|(_, var)| matches!(var.kind, VarKind::Param { .. }));
        let now = parameters.filter_map(|(index, _)| {
            let var = VarId(index as u32);
            match &self.values_of_parameter(population, var)[..] {
                [values] => Some((var, Interval::of(values.iter().copied()))),
                _ => None,
            }
        });
        now.collect()
    }

    /// Of each array that keeps it (its elements', for an array): one value a cell, or one for all.
    fn values_of_parameter(&self, population: u32, var: VarId) -> Vec<Vec<f64>> {
        let plan = &self.compiled.plan.populations[population as usize];
        let name = &*self.cell_of(population).vars[var.index()].name;
        let of_name =
            |kept: &str| kept.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('['));
        let arrays = plan.arrays.iter().enumerate().filter(|(_, array)| of_name(&array.name));
        let slots = plan.uniforms.iter().enumerate().filter(|(_, slot)| slot.name == name);
        let arrays = arrays.map(|(index, _)| self.engine.array(population, ArrayId(index as u32)));
        let slots = slots.map(|(index, _)| vec![self.engine.uniform(population, UniformId(index as u32))]);
        arrays.chain(slots).collect()
    }

    fn check_range(&self, population: u32, var: VarId, values: &[f64], at: Span) -> Evaluated<()> {
        let VarKind::Param { range: Some(range), .. } = self.cell_of(population).vars[var.index()].kind
        else {
            return Ok(());
        };
        let readable = self.readable(population);
        let shared = self.bounds(population, &readable, None, range).ok();
        // One value of all cells may still have bounds that differ from cell to cell.
        let values = match (values, shared) {
            ([one], None) => vec![*one; self.compiled.plan.populations[population as usize].cells as usize],
            _ => values.to_vec(),
        };
        for (cell, value) in values.iter().enumerate() {
            let (lo, hi) = match shared {
                Some(bounds) => bounds,
                None => self.bounds(population, &readable, Some(cell), range)?,
            };
            if lo <= *value && *value <= hi {
                continue;
            }
            let show = |value: f64| self.shown(population, var, value);
            let declared = self.span(range.0).to(self.span(range.1));
            let name = &self.cell_of(population).vars[var.index()].name;
            let message = out_of_range(at, name, &show(*value), &show(lo), &show(hi), declared);
            return Err(self.at_cell(message, population, cell, &values));
        }
        Ok(())
    }

    /// The ends of a range, for one cell, or with what all cells share.
    pub(super) fn bounds(
        &self,
        population: u32,
        readable: &[Readable],
        cell: Option<usize>,
        (lo, hi): (ExprId, ExprId),
    ) -> Evaluated<(f64, f64)> {
        self.with_scope(|scope, world| {
            for (var, values) in readable {
                if let Some(value) = values.get(cell.filter(|_| values.len() != 1).unwrap_or(0))
                    && (cell.is_some() || values.len() == 1)
                {
                    scope.vars.insert(*var, value.clone());
                }
            }
            if let Some(cell) = cell {
                let shape = &self.compiled.net.populations[population as usize].shape;
                scope.cell = Some(place(cell as u32, shape));
            }
            Ok((eval::eval_real(lo, scope, world)?, eval::eval_real(hi, scope, world)?))
        })
    }

    /// The parameters that a range may read.
    pub(super) fn readable(&self, population: u32) -> Vec<Readable> {
        let plan = &self.compiled.plan.populations[population as usize];
        let mut readable = vec![];
        for (index, declared) in self.cell_of(population).vars.iter().enumerate() {
            let var = VarId(index as u32);
            let slot = plan.uniforms.iter().position(|slot| slot.name == *declared.name);
            let array = plan.arrays.iter().position(|array| array.name == *declared.name);
            let values = match (slot, array) {
                (Some(slot), _) => {
                    vec![Value::Real(self.engine.uniform(population, UniformId(slot as u32)))]
                }
                (None, Some(array)) => {
                    let values = self.engine.array(population, ArrayId(array as u32));
                    values.into_iter().map(Value::Real).collect()
                }
                (None, None) => self.constant_array(population, var).into_iter().collect(),
            };
            readable.push((var, values));
        }
        readable
    }

    /// An array that is the same for all cells is not kept by the engine.
    fn constant_array(&self, population: u32, var: VarId) -> Option<Value> {
        let settings = &self.compiled.net.populations[population as usize].settings;
        match settings.iter().rev().find(|(id, _, _)| *id == var) {
            Some((_, Setting::Value(value), _)) => Some(value.clone()),
            Some((_, Setting::Each(_), _)) => None,
            None => match self.cell_of(population).vars[var.index()].kind {
                VarKind::Param { default: Some(default), .. } => self.value(default).ok(),
                _ => None,
            },
        }
    }

    /// A factor of an equation is not 0, a time constant of a port above 0.
    fn check_divisors(&self, population: u32, var: VarId, values: &[f64], at: Span) -> Evaluated<()> {
        let cell = self.cell_of(population);
        let is_var = |expr: ExprId| match self.compiled.hir.expr(expr).kind {
            ExprKind::Ref(Ref::Var(other)) => other == var,
            _ => false,
        };
        let equations = cell.equations.iter().chain(cell.modes.iter().flat_map(|mode| &mode.equations));
        if let Some(equation) = equations.into_iter().find(|e| e.factor.is_some_and(is_var))
            && let Some(zero) = values.iter().position(|value| *value == 0.0)
        {
            let message = factor_is_zero(at, &cell.vars[equation.var.index()].name);
            return Err(self.at_cell(message, population, zero, values));
        }
        let port = cell.vars.iter().find(|port| time_constants(port).into_iter().any(is_var));
        if let Some(port) = port
            && let Some(low) = values.iter().position(|value| *value <= 0.0)
        {
            let what = format!("`{}`, a time constant of `{}`,", cell.vars[var.index()].name, port.name);
            let shown = self.shown(population, var, values[low]);
            let message = outside_domain(at, &what, "above 0", &shown);
            return Err(self.at_cell(message, population, low, values));
        }
        Ok(())
    }

    fn not_a_number(&self, population: u32, var: VarId, at: Span) -> Diagnostic {
        let name = &self.cell_of(population).vars[var.index()].name;
        let message = rules::not_built(at, format!("`{name}` is not a number"));
        let redraws = self.compiled.hir.exprs.iter().any(|expr| {
            let within = at.file == expr.span.file && at.start <= expr.span.start && expr.span.end <= at.end;
            within && matches!(expr.kind, ExprKind::Redraw { .. })
        });
        match redraws {
            true => message.note(format!("`redraw` found nothing within its bounds in {MOST_REDRAWS} draws")),
            false => message,
        }
    }

    /// Says at which cell, if cells differ.
    fn at_cell(&self, message: Diagnostic, population: u32, cell: usize, values: &[f64]) -> Box<Diagnostic> {
        let path = &self.compiled.plan.populations[population as usize].path;
        Box::new(match values {
            [_] => message,
            _ => message.note(format!("at `{path}[{cell}]`")),
        })
    }

    fn written_at(&self, population: u32, var: VarId) -> Span {
        let declared = &self.cell_of(population).vars[var.index()];
        let settings = &self.compiled.net.populations[population as usize].settings;
        match (settings.iter().rev().find(|(id, _, _)| *id == var), &declared.kind) {
            (Some((_, _, span)), _) => *span,
            (None, VarKind::Param { default: Some(default), .. }) => self.span(*default),
            (None, _) => declared.span,
        }
    }

    fn shown(&self, population: u32, var: VarId, value: f64) -> String {
        let name = &self.cell_of(population).vars[var.index()].name;
        circ_compiler::units::show(value, self.present().variable_type(population, name).dimension())
    }

    pub(super) fn cell_of(&self, population: u32) -> &hir::Cell {
        self.compiled.hir.cell(self.compiled.net.populations[population as usize].cell)
    }
}

fn time_constants(var: &hir::Var) -> Vec<ExprId> {
    match &var.kind {
        VarKind::Port { shape: PortShape::Exponential { tau } | PortShape::Alpha { tau }, .. } => vec![*tau],
        VarKind::Port { shape: PortShape::Biexponential { rise, decay }, .. } => vec![*rise, *decay],
        VarKind::Port { .. } | VarKind::Param { .. } | VarKind::State { .. } | VarKind::Let { .. } => vec![],
    }
}
