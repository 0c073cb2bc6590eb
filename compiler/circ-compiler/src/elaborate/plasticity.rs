//! Attached rules: what a projection gives its rule.
//!
//! In: an attachment. Out: a [`net::Plasticity`], which proofs read; a report of a modulator that is neither one cell
//! nor one for each target.

use super::Elaborator;
use super::projection::{End, Ends};
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
        let (mut args, mut modulators) = (vec![], vec![]);
        for arg in &attachment.args {
            let var = &rule.vars[arg.var.index()];
            match var.kind {
                RuleVarKind::Modulator if !self.is_of_side(arg.value) => {
                    modulators.extend(self.modulator(arg.var, &var.name, arg.value, ends, environment));
                }
                _ => args.push((arg.var, Closure { expr: arg.value, environment })),
            }
        }
        Some(net::Plasticity { rule: attachment.rule, args, modulators, span: attachment.span })
    }

    /// `pre.v`, `post.tuft.v`: of the synapse itself.
    fn is_of_side(&self, value: hir::ExprId) -> bool {
        let mut at = value;
        loop {
            match self.hir.expr(at).kind {
                ExprKind::Ref(Ref::Pre | Ref::Post) => return true,
                ExprKind::Field { base, .. } | ExprKind::Index { base, .. } => at = base,
                _ => return false,
            }
        }
    }

    /// One cell for all synapses, or one for each target.
    fn modulator(
        &mut self,
        var: hir::VarId,
        name: &str,
        value: hir::ExprId,
        ends: Option<&Ends>,
        environment: EnvironmentId,
    ) -> Option<net::Modulator> {
        let value = self.untainted(value)?;
        let span = self.span(value);
        let End { view, member } = self.end(value, environment)?;
        let found = view.len();
        let Ends { target, ports, .. } = ends?;
        let targets = target.len();
        // A target that is a segment belongs to a cell, which has the modulator.
        let of_segments = !part_of(ports.first()).0.is_empty() && 0 < found && targets % found == 0;
        if found != 1 && found != targets && !of_segments {
            return self.report(say::modulator_count(span, name, found as u64, targets as u64));
        }
        let (mut cells, mut member) = (view, member.map(|(members, _)| members));
        if found != 1 && found != targets {
            let times = targets / found;
            cells.segments = vec![cells.segments; times].concat();
            if let Some(members) = &mut member {
                members.each = vec![std::mem::take(&mut members.each); times].concat();
            }
        }
        Some(net::Modulator { var, cells, member, span })
    }
}
