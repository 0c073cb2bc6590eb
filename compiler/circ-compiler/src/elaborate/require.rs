//! `require` and `monitor`: what can be decided before anything is built.
//!
//! In: conditions, when all projections are there and it is known which weights an `enforce` scales. Out: messages
//! about what fails or surely will, and the constraints that the build and the run are held to.

use super::Elaborator;
use super::planned::{self, Planned};
use crate::diagnose::constraint as say;
use crate::diagnose::value::NEEDS_RUN;
use crate::eval::judge::{self, Bound, Comparison, Sure};
use crate::eval::{self, Evaluated};
use crate::hir::{ExprId, ExprKind};
use crate::net::{self, ConstraintKind, EnvironmentId, Proof};
use circ_grammar::ast::{BinaryOp, Span};

impl Elaborator<'_> {
    pub(super) fn require(
        &mut self,
        condition: ExprId,
        environment: EnvironmentId,
        span: Span,
    ) -> Option<()> {
        self.untainted(condition)?;
        self.against_enforced(condition, environment)?;
        let proof = self.prove(condition, environment)?;
        let kind = ConstraintKind::Require { condition, proof };
        self.net.constraints.push(net::Constraint { kind, environment, span });
        Some(())
    }

    pub(super) fn monitor(
        &mut self,
        condition: ExprId,
        stops: bool,
        environment: EnvironmentId,
        span: Span,
    ) -> Option<()> {
        self.untainted(condition)?;
        self.against_enforced(condition, environment)?;
        let kind = ConstraintKind::Monitor { condition, stops };
        self.net.constraints.push(net::Constraint { kind, environment, span });
        Some(())
    }

    /// Each part of an `and` by itself: one that is known to fail is told although another is not known yet.
    fn prove(&mut self, condition: ExprId, environment: EnvironmentId) -> Option<Proof> {
        let mut proof = Proof::Now;
        for part in judge::conjuncts(self.hir, condition) {
            let mut world = Planned { hir: self.hir, types: self.types, net: &self.net };
            let judged = judge::judge(part, &mut self.scope(environment), &mut world);
            let span = self.span(part);
            match judged {
                Ok(None) => {}
                Ok(Some(broken)) => {
                    let cells = broken.cells.map(|cells| (cells.failing, cells.of));
                    return self.report(say::require_fails(span, &broken.numbers, cells));
                }
                Err(diagnostic) if diagnostic.rule.name == NEEDS_RUN.name => {
                    match self.by_ranges(part, environment) {
                        Sure::Holds => {}
                        Sure::Fails(numbers) => {
                            return self.report(say::require_never_holds(span, &numbers));
                        }
                        Sure::No => proof = Proof::AtBuild,
                    }
                }
                Err(diagnostic) => return self.report(*diagnostic),
            }
        }
        Some(proof)
    }

    /// A sum that an `enforce` makes a number can not be held to another.
    fn against_enforced(&mut self, condition: ExprId, environment: EnvironmentId) -> Option<()> {
        let away =
            |part| self.enforced_away(part, environment).or_else(|| self.enforced_apart(part, environment));
        let found =
            judge::conjuncts(self.hir, condition).into_iter().find_map(|part| Some((part, away(part)?)));
        match found {
            None => Some(()),
            Some((part, (numbers, enforce))) => {
                self.report(say::enforced_against(self.span(part), &numbers, enforce))
            }
        }
    }

    fn enforced_away(&self, part: ExprId, environment: EnvironmentId) -> Option<(String, Span)> {
        let Comparison { measured, bound } = judge::comparison(self.hir, part)?;
        let ExprKind::Measure { name, .. } = &self.hir.expr(measured).kind else { return None };
        if &**name != "weight_sum" {
            return None;
        }
        let mut scope = self.scope(environment);
        let mut world = Planned { hir: self.hir, types: self.types, net: &self.net };
        let call = eval::measure_call(measured, &mut scope, &mut world).ok()?;
        let selection = planned::selected(&call, &scope, self.hir.expr(measured).span).ok()?;
        let enforced = self.enforced.iter().find(|enforced| enforced.left == selection)?;
        let has = enforced.value?;
        let mut value = |expr: ExprId| eval::eval_real(expr, &mut scope, &mut world).ok();
        let wanted = match bound {
            Bound::By(op, right) => judge::Wanted::By(op, value(right)?),
            Bound::Within(lo, hi) => judge::Wanted::Within(value(lo)?, value(hi)?),
        };
        let dimension = self.dimension(measured);
        let show = |x: f64| crate::units::show(x, dimension);
        (!wanted.holds(has, judge::SLACK)).then(|| (wanted.text(&show(has), &show), enforced.span))
    }

    /// Two sums that `enforce`s keep at one ratio can not be equal at another, unless both are 0.
    fn enforced_apart(&self, part: ExprId, environment: EnvironmentId) -> Option<(String, Span)> {
        let Comparison { measured, bound: Bound::By(BinaryOp::Equal, right) } =
            judge::comparison(self.hir, part)?
        else {
            return None;
        };
        let side = |expr: ExprId| {
            let [sum] = self.weight_sums_in(expr)[..] else { return None };
            let factor = self.ratio(expr, environment)?;
            let (ratio, root, enforce) = self.in_terms_of(&self.planned_selection(sum, environment).ok()?);
            Some((factor, ratio, root, enforce))
        };
        let (left, has_left, root, first) = side(measured)?;
        let (right, has_right, other, second) = side(right)?;
        let apart = (left * has_left - right * has_right).abs() / (left * has_left).abs().max(1e-300);
        let (asked, enforced) = (right / left, has_left / has_right);
        (root == other && judge::SLACK < apart).then_some(())?;
        let show = |x: f64| crate::units::show(x, crate::types::Dimension::REAL);
        let numbers = format!(
            "the left sum is enforced to be {} times the right one, not {}",
            show(enforced),
            show(asked)
        );
        Some((numbers, first.or(second)?))
    }

    /// A measure with its arguments, as it is known now.
    pub(super) fn planned_selection(
        &self,
        measure: ExprId,
        environment: EnvironmentId,
    ) -> Evaluated<crate::eval::synapses::Selection> {
        let mut scope = self.scope(environment);
        let call = eval::measure_call(measure, &mut scope, &mut eval::NotBuilt)?;
        planned::selected(&call, &scope, self.hir.expr(measure).span)
    }
}
