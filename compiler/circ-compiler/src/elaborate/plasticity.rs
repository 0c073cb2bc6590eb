//! Attached rules: what a projection gives its rule.
//!
//! In: an attachment. Out: a [`net::Plasticity`], which proofs read; a report of a modulator that is neither one cell
//! nor one for each target.

use super::Elaborator;
use super::projection::Ends;
use crate::diagnose::rule as say;
use crate::hir::path::part_of;
use crate::hir::{self, ExprKind, Ref, RuleVarKind};
use crate::net::{self, Closure, EnvironmentId};

impl Elaborator<'_> {
    pub(super) fn plasticity(
        &mut self,
        projection: &hir::Projection,
        ends: Option<&Ends>,
        environment: EnvironmentId,
    ) -> Option<net::Plasticity> {
        let attachment = projection.plasticity.as_ref()?;
        let hir = self.hir;
        let rule = hir.rule(attachment.rule);
        let mut args = vec![];
        for arg in &attachment.args {
            let var = &rule.vars[arg.var.index()];
            match var.kind {
                RuleVarKind::Modulator => {
                    self.modulator(&var.name, arg.value, ends, environment);
                }
                _ => args.push((arg.var, Closure { expr: arg.value, environment })),
            }
        }
        Some(net::Plasticity { rule: attachment.rule, args, span: attachment.span })
    }

    /// One cell for all synapses, or one for each target.
    fn modulator(
        &mut self,
        name: &str,
        value: hir::ExprId,
        ends: Option<&Ends>,
        environment: EnvironmentId,
    ) -> Option<()> {
        if let ExprKind::Field { base, .. } = self.hir.expr(value).kind
            && matches!(self.hir.expr(base).kind, ExprKind::Ref(Ref::Pre | Ref::Post))
        {
            return Some(());
        }
        let value = self.untainted(value)?;
        let span = self.span(value);
        let found = self.end(value, environment)?.view.len();
        let Ends { target, ports, .. } = ends?;
        let targets = target.len();
        // A target that is a segment belongs to a cell, which has the modulator.
        let of_segments = !part_of(ports.first()).0.is_empty() && 0 < found && targets % found == 0;
        if found != 1 && found != targets && !of_segments {
            return self.report(say::modulator_count(span, name, found as u64, targets as u64));
        }
        Some(())
    }
}
