//! `monitor`: watches the run; a breach is noted with its time, cells and numbers. With `else stop` it ends the run.

use super::{Halt, Protocol, interval};
use crate::results::{Breach, BreachCells, CellValue, Monitor, Number};
use circ_compiler::diagnose::constraint as say;
use circ_compiler::eval::judge::{self, Broken, Cells};
use circ_compiler::eval::{self, Evaluated};
use circ_compiler::hir::{ExprId, ExprKind, Hir, Window};
use circ_compiler::net::{ConstraintKind, EnvironmentId};
use circ_compiler::types::{Type, Value};

/// So many breaches are kept with their values; all are counted.
const KEPT: usize = 100;

/// A monitor and when it is judged.
#[derive(Clone, Debug)]
pub struct Watch {
    condition: ExprId,
    environment: EnvironmentId,
    /// With `over T`: at every multiple of it. Else at the end of each `run`.
    every_ticks: Option<i64>,
    /// A breach ends the run.
    stops: bool,
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
            let ConstraintKind::Monitor { condition, stops } = constraint.kind else { continue };
            let environment = constraint.environment;
            let every_ticks = match look_back(&self.compiled.hir, condition) {
                Some(expr) => Some(self.window_ticks(expr, environment)?),
                None => None,
            };
            let side = crate::judge::measured_side(&self.compiled.hir, condition).unwrap_or(condition);
            let unit = crate::quantity::unit(self.ty(side).dimension()).name;
            let text = self.text(condition);
            let monitor = Monitor { text, unit, judged: 0, breached: 0, breaches: Vec::new() };
            self.monitors.push(Watch { condition, environment, every_ticks, stops, monitor });
        }
        Ok(())
    }

    fn window_ticks(&self, expr: ExprId, environment: EnvironmentId) -> Evaluated<i64> {
        let milliseconds =
            self.with_scope_in(environment, |scope, world| eval::eval_real(expr, scope, world))?;
        interval(milliseconds, self.span(expr), "the window", &self.present())
    }

    /// At the end of a `run`.
    pub(super) fn judge_at_end(&mut self) -> Result<(), Halt> {
        self.judge(|watch| watch.every_ticks.is_none())
    }

    /// At a tick that is a multiple of their window.
    pub(super) fn judge_at_tick(&mut self, now: i64) -> Result<(), Halt> {
        let due = |watch: &Watch| watch.every_ticks.is_some_and(|every| 0 < now && now % every == 0);
        if !self.monitors.iter().any(due) {
            return Ok(());
        }
        self.judge(due)?;
        let longest = self.monitors.iter().filter_map(|watch| watch.every_ticks).max().unwrap_or(0);
        self.balances.window_begins(self.engine, longest);
        Ok(())
    }

    /// All that are due are judged, also where the first of them stops the run.
    fn judge(&mut self, due: impl Fn(&Watch) -> bool) -> Result<(), Halt> {
        let mut stop = None;
        for index in 0..self.monitors.len() {
            if !due(&self.monitors[index]) {
                continue;
            }
            let Watch { condition, environment, stops, .. } = self.monitors[index];
            let broken =
                self.with_scope_in(environment, |scope, world| judge::judge(condition, scope, world))?;
            self.monitors[index].monitor.judged += 1;
            let Some(broken) = broken else { continue };
            let breach = self.breach(condition, environment, &broken)?;
            if stops && stop.is_none() {
                let time = crate::quantity::significant(breach.time_ms, 9);
                let cells = broken.cells.as_ref().map(|cells| (cells.failing, cells.of));
                stop = Some(say::monitor_stops(self.span(condition), &time, &broken.numbers, cells));
            }
            note(&mut self.monitors[index].monitor, breach);
        }
        stop.map_or(Ok(()), |diagnostic| Err(Halt::Stopped(diagnostic.into())))
    }

    fn breach(&self, condition: ExprId, environment: EnvironmentId, broken: &Broken) -> Evaluated<Breach> {
        let time_ms = self.engine.tick().max(0) as f64 * self.compiled.plan.dt;
        let Some(side) = crate::judge::measured_side(&self.compiled.hir, condition) else {
            return Ok(Breach { time_ms, value: Number::Bool(false), cells: self.cells(condition, broken) });
        };
        let cells = self.cells(side, broken);
        let value = match cells.as_ref().and_then(|cells| cells.worst.first()) {
            Some(worst) => worst.value.clone(),
            None => {
                let value = self.with_scope_in(environment, |scope, world| eval::eval(side, scope, world))?;
                crate::judge::number(&value, self.ty(side)).0
            }
        };
        Ok(Breach { time_ms, value, cells })
    }

    fn cells(&self, side: ExprId, broken: &Broken) -> Option<BreachCells> {
        let Cells { failing, of, worst } = broken.cells.as_ref()?;
        let ty = Type::Real(self.ty(side).dimension());
        let value = |value: f64| crate::judge::number(&Value::Real(value), &ty).0;
        let worst = worst.iter().map(|(cell, x)| CellValue { cell: cell.clone(), value: value(*x) });
        Some(BreachCells { failing: *failing as u64, of: *of as u64, worst: worst.collect() })
    }
}

fn note(monitor: &mut Monitor, breach: Breach) {
    monitor.breached += 1;
    if monitor.breaches.len() < KEPT {
        monitor.breaches.push(breach);
    }
}

/// The duration in `rate(E over 1 s)`, the first of the condition. A worklist: a sum may be as long as a file.
pub fn look_back(hir: &Hir, condition: ExprId) -> Option<ExprId> {
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
