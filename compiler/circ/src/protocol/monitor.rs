//! `monitor`: watches the run; a breach is noted with its time and does not stop it.

use super::{Protocol, interval};
use crate::judge;
use crate::results::{Breach, Monitor, Number};
use circ_compiler::eval::{self, Evaluated};
use circ_compiler::hir::{ExprId, ExprKind, Hir, Window};
use circ_compiler::net::{ConstraintKind, EnvironmentId};

/// So many breaches are kept with their values; all are counted.
const KEPT: usize = 100;

/// A monitor and when it is judged.
#[derive(Clone, Debug)]
pub struct Watch {
    condition: ExprId,
    environment: EnvironmentId,
    /// With `over T`: at every multiple of it. Else at the end of each `run`.
    every_ticks: Option<i64>,
    pub monitor: Monitor,
}

impl Watch {
    /// When it is judged next.
    pub fn next(&self, now: i64) -> Option<i64> {
        self.every_ticks.map(|every| (now.max(0) / every + 1) * every)
    }
}

impl Protocol<'_> {
    /// Finds all monitors of the circuit.
    pub(super) fn watch(&mut self) -> Evaluated<()> {
        for constraint in self.compiled.net.constraints.clone() {
            let ConstraintKind::Monitor(condition) = constraint.kind;
            let environment = constraint.environment;
            let every_ticks = match look_back(&self.compiled.hir, condition) {
                Some(expr) => Some(self.window_ticks(expr, environment)?),
                None => None,
            };
            let side = judge::measured_side(&self.compiled.hir, condition).unwrap_or(condition);
            let unit = crate::quantity::unit(judge::dimension(self.ty(side))).name;
            let text = self.text(condition);
            let monitor = Monitor { text, unit, judged: 0, breached: 0, breaches: Vec::new() };
            self.monitors.push(Watch { condition, environment, every_ticks, monitor });
        }
        Ok(())
    }

    fn window_ticks(&self, expr: ExprId, environment: EnvironmentId) -> Evaluated<i64> {
        let milliseconds =
            self.with_scope_in(environment, |scope, world| eval::eval_real(expr, scope, world))?;
        interval(milliseconds, self.span(expr), "the window", &self.present())
    }

    /// At the end of a `run`.
    pub(super) fn judge_at_end(&mut self) -> Evaluated<()> {
        self.judge(|watch| watch.every_ticks.is_none())
    }

    /// At a tick that is a multiple of their window.
    pub(super) fn judge_at_tick(&mut self, now: i64) -> Evaluated<()> {
        self.judge(|watch| watch.every_ticks.is_some_and(|every| 0 < now && now % every == 0))
    }

    fn judge(&mut self, due: impl Fn(&Watch) -> bool) -> Evaluated<()> {
        for index in 0..self.monitors.len() {
            if !due(&self.monitors[index]) {
                continue;
            }
            let (condition, environment) = (self.monitors[index].condition, self.monitors[index].environment);
            let holds =
                self.with_scope_in(environment, |scope, world| eval::eval_bool(condition, scope, world))?;
            let value = self.monitored_value(condition, environment, holds)?;
            let time_ms = self.engine.tick().max(0) as f64 * self.compiled.plan.dt;
            note(&mut self.monitors[index].monitor, holds, Breach { time_ms, value });
        }
        Ok(())
    }

    fn monitored_value(
        &self,
        condition: ExprId,
        environment: EnvironmentId,
        holds: bool,
    ) -> Evaluated<Number> {
        let Some(side) = judge::measured_side(&self.compiled.hir, condition) else {
            return Ok(Number::Bool(holds));
        };
        let value = self.with_scope_in(environment, |scope, world| eval::eval(side, scope, world))?;
        Ok(judge::number(&value, self.ty(side)).0)
    }
}

fn note(monitor: &mut Monitor, holds: bool, breach: Breach) {
    monitor.judged += 1;
    if !holds {
        monitor.breached += 1;
        if monitor.breaches.len() < KEPT {
            monitor.breaches.push(breach);
        }
    }
}

/// The duration in `rate(E over 1 s)`, the first of the condition. A worklist: a sum may be as long as a file.
fn look_back(hir: &Hir, condition: ExprId) -> Option<ExprId> {
    let mut waiting = vec![condition];
    while let Some(expr) = waiting.pop() {
        match &hir.expr(expr).kind {
            ExprKind::Measure { args, .. } => {
                for argument in args.iter().rev() {
                    if let Some(Window::Last(duration)) = argument.over {
                        return Some(duration);
                    }
                    waiting.push(argument.value);
                }
            }
            ExprKind::InRange { value, lo, hi } => waiting.extend([hi, lo, value]),
            ExprKind::Binary { left, right, .. } => waiting.extend([right, left]),
            ExprKind::Unary { value, .. } | ExprKind::Reduce { value, .. } => waiting.push(*value),
            ExprKind::Call { args, .. } => waiting.extend(args.iter().rev()),
            _ => {}
        }
    }
    None
}
