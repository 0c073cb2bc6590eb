//! `set` of a drive: its rate or its value, one for all of its cells or one for each.
//!
//! In: the statement. Out: slots and arrays of the engine. Which drives have a value for each cell is known from the text:
//! the others keep one number.

use super::Protocol;
use super::set::scalar;
use crate::rules;
use circ_compiler::diagnose::Diagnostic;
use circ_compiler::diagnose::build::negative_rate;
use circ_compiler::diagnose::value::not_a_number;
use circ_compiler::eval::Evaluated;
use circ_compiler::hir::ExprId;
use circ_compiler::types::Dimension;
use circ_grammar::ast::Span;
use circ_plan::ir::{ArrayId, UniformId};

impl Protocol<'_> {
    /// A drive by its name means its rate or its value.
    pub(super) fn set_drive(
        &mut self,
        drive: u32,
        name: Option<&str>,
        span: Span,
        value: ExprId,
    ) -> Evaluated<()> {
        let refused =
            || Box::new(rules::drive_not_settable(span, &self.compiled.net.drives[drive as usize].path));
        if let Some(index) = self.compiled.drives.events.get(&drive).copied() {
            if name.is_some_and(|name| name != "rate") {
                return Err(refused());
            }
            let plan = &self.compiled.plan.drives[index as usize];
            if !plan.of_cells.is_empty() {
                let rates = self.values_of_drive(drive, value)?;
                self.check_rates(&rates, value)?;
                self.engine.set_drive_cells(index, ArrayId(0), &rates);
                return Ok(());
            }
            let slot = plan.uniforms.iter().position(|slot| slot.name == "rate").ok_or_else(refused)?;
            let rate = self.value_of_drive(value)?;
            self.check_rates(&[rate], value)?;
            self.engine.set_drive(index, UniformId(slot as u32), rate);
            return Ok(());
        }
        if name.is_some_and(|name| name != "value" && name != "rate") {
            return Err(refused());
        }
        if self.compiled.drives.arrays.contains_key(&drive) {
            let values = self.values_of_drive(drive, value)?;
            self.set_inflow(drive, &values);
            return Ok(());
        }
        let slots = self.compiled.drives.values.get(&drive).cloned().ok_or_else(refused)?;
        let value = self.value_of_drive(value)?;
        slots.iter().for_each(|(population, slot)| self.engine.set_uniform(*population, *slot, value));
        Ok(())
    }

    /// What flows into each cell of the target.
    fn set_inflow(&mut self, drive: u32, values: &[f64]) {
        let net = &self.compiled.net.drives[drive as usize];
        let arrays = &self.compiled.drives.arrays[&drive];
        let mut first = 0;
        for (segment, port) in net.ports.of(&net.target) {
            let own = &values[first..first + segment.cells.len()];
            first += own.len();
            let here =
                arrays.iter().find(|(population, of, _)| *population == segment.population && of == port);
            if let Some((population, _, array)) = here {
                let pairs: Vec<(u32, f64)> =
                    own.iter().enumerate().map(|(k, value)| (segment.cells.get(k), *value)).collect();
                self.engine.set_array(*population, *array, &pairs);
            }
        }
    }

    /// One number.
    fn value_of_drive(&self, value: ExprId) -> Evaluated<f64> {
        match scalar(&self.value(value)?) {
            Some(number) if number.is_nan() => Err(not_a_number(self.span(value)).into()),
            Some(number) => Ok(number),
            None => Err(rules::wrong_value(self.span(value), "one number").into()),
        }
    }

    /// By position of the target.
    fn values_of_drive(&self, drive: u32, value: ExprId) -> Evaluated<Vec<f64>> {
        let values = self.values_of_cells(&self.compiled.net.drives[drive as usize].target, value)?;
        match values.iter().any(|value| value.is_nan()) {
            true => Err(not_a_number(self.span(value)).into()),
            false => Ok(values),
        }
    }

    fn check_rates(&self, rates: &[f64], value: ExprId) -> Evaluated<()> {
        let bad = rates.iter().position(|rate| !(0.0 <= *rate && rate.is_finite()));
        let Some(cell) = bad else { return Ok(()) };
        let shown = circ_compiler::units::show(rates[cell], Dimension::FREQUENCY);
        let message: Diagnostic = negative_rate(self.span(value), &shown);
        Err(Box::new(if rates.len() == 1 { message } else { message.note(format!("for cell {cell}")) }))
    }
}
