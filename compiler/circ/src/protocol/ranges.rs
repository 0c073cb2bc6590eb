//! Ranges of parameters that differ from cell to cell: what was drawn, or computed of `i`, lies within them.
//!
//! In: the network as it was built. Out: an error for the first parameter of which a cell is outside.
//! Parameters that are one number were checked when the program was compiled.

use super::Protocol;
use circ_compiler::diagnose::build::out_of_range;
use circ_compiler::eval::Evaluated;
use circ_compiler::hir::{ExprId, Var, VarKind};
use circ_grammar::ast::Span;
use circ_plan::ir::ArrayId;
use circ_plan::plan::{ArrayPlan, Role};

impl Protocol<'_> {
    pub(super) fn check_ranges(&self) -> Evaluated<()> {
        for (population, net) in (0..).zip(&self.compiled.net.populations) {
            for var in &self.compiled.hir.cell(net.cell).vars {
                if let VarKind::Param { range: Some(range), default } = &var.kind {
                    self.check_range(population, var, *range, *default)?;
                }
            }
        }
        Ok(())
    }

    fn check_range(
        &self,
        population: u32,
        var: &Var,
        range: (ExprId, ExprId),
        default: Option<ExprId>,
    ) -> Evaluated<()> {
        let plan = &self.compiled.plan.populations[population as usize];
        let stored = |array: &ArrayPlan| array.name == *var.name && array.role == Role::Parameter;
        let Some(array) = plan.arrays.iter().position(stored) else { return Ok(()) };
        // A bound that itself differs from cell to cell is not one number to hold them to.
        let (Ok(lo), Ok(hi)) = (self.bound(population, range.0), self.bound(population, range.1)) else {
            return Ok(());
        };
        let values = self.engine.array(population, ArrayId(array as u32));
        let outside = |value: &f64| !(lo <= *value && *value <= hi);
        let Some(cell) = values.iter().position(outside) else { return Ok(()) };
        let count = values.iter().filter(|value| outside(value)).count();
        let dimension = crate::judge::dimension(&self.present().variable_type(population, &var.name));
        let show = |value: f64| circ_compiler::units::show(value, dimension);
        let at = self.given_at(population, var, default);
        let declared = self.span(range.0).to(self.span(range.1));
        let diagnostic = out_of_range(at, &var.name, &show(values[cell]), &show(lo), &show(hi), declared);
        Err(Box::new(
            diagnostic
                .note(format!("at `{}[{cell}]`, one of {count} cells", plan.path))
                .help("keep draws within bounds with `redraw(..., lo, hi)`"),
        ))
    }

    /// Where the value of a parameter is written.
    fn given_at(&self, population: u32, var: &Var, default: Option<ExprId>) -> Span {
        let net = &self.compiled.net.populations[population as usize];
        let vars = &self.compiled.hir.cell(net.cell).vars;
        let given = net.settings.iter().find(|(id, _, _)| vars[id.index()].name == var.name);
        given.map(|(_, _, span)| *span).or(default.map(|default| self.span(default))).unwrap_or(var.span)
    }
}
