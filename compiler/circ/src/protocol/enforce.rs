//! `enforce ... every T`, and `enforce` as a statement: weights are scaled again while the run goes on.
//!
//! In: constraints and statements. Out: scaled weights in the engine. What is in flight was sent with the weights of
//! its time and stays as it is.

use super::{Protocol, interval};
use crate::enforce::{self, Equation};
use circ_compiler::eval::Evaluated;
use circ_compiler::hir::{ExprId, ExprKind};
use circ_compiler::net::{ConstraintKind, EnvironmentId};

/// An equation that is kept so.
#[derive(Clone, Copy, Debug)]
pub struct Keep {
    equation: Equation,
    environment: EnvironmentId,
    every_ticks: i64,
}

impl Keep {
    /// When it is met next.
    pub fn next(&self, now: i64) -> i64 {
        (now.max(0) / self.every_ticks + 1) * self.every_ticks
    }
}

impl Protocol<'_> {
    /// Finds all that is to be kept.
    pub(super) fn keep(&mut self) -> Evaluated<()> {
        for constraint in &self.compiled.net.constraints {
            if let ConstraintKind::Enforce(enforce) = constraint.kind
                && let Some(ms) = enforce.every_ms
            {
                let every_ticks = interval(ms, constraint.span, "`every`", &self.present())?;
                let environment = constraint.environment;
                self.keeps.push(Keep { equation: enforce.into(), environment, every_ticks });
            }
        }
        Ok(())
    }

    /// At a tick that is a multiple of their interval.
    pub(super) fn enforce_at(&mut self, now: i64) -> Evaluated<()> {
        for index in 0..self.keeps.len() {
            let Keep { equation, environment, every_ticks } = self.keeps[index];
            if 0 < now && now % every_ticks == 0 {
                self.meet(equation, environment)?;
            }
        }
        Ok(())
    }

    /// `enforce weight_sum(E.exc) == 12.8`
    pub(super) fn enforce_now(&mut self, whole: ExprId) -> Evaluated<()> {
        let ExprKind::Binary { left, right, .. } = self.compiled.hir.expr(whole).kind else { return Ok(()) };
        self.meet(Equation { sum: left, value: right, whole }, self.compiled.net.experiment)
    }

    fn meet(&mut self, equation: Equation, environment: EnvironmentId) -> Evaluated<()> {
        let scalings =
            self.with_scope_in(environment, |scope, world| enforce::scalings(equation, scope, world))?;
        if scalings.is_empty() {
            return Ok(());
        }
        enforce::scale(self.engine, &self.known, &scalings);
        self.note_scaled(&scalings.iter().map(enforce::Scaling::projection).collect::<Vec<_>>());
        self.with_scope_in(environment, |scope, world| enforce::confirm(equation, scope, world))
    }
}
