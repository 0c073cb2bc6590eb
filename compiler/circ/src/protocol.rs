//! The protocol: carries out the statements of an experiment, in order.
//!
//! In: a compiled experiment and an engine with its network. Out: [`Outcome`]: what was expected, monitored,
//! reported and printed, and how it ended. Recordings stay with the caller: they outlive every ending.

use crate::balance::Balances;
use crate::compile::Compiled;
use crate::measures::Window;
use crate::output::WriteError;
use crate::plastic::Before;
use crate::recording::Recordings;
use crate::results::{Awaited, Ended, Expectation, Monitor, Number, Plotted, Report};
use crate::rules;
use crate::run::{Observer, Progress, RunOptions};
use crate::sources::Beneath;
use crate::spill::Spill;
use crate::synaptic::Known;
use crate::watch::Watches;
use crate::world::{self, Present};
use crate::{fault, instance, judge};
use circ_compiler::diagnose::Diagnostic;
use circ_compiler::diagnose::time as say;
use circ_compiler::eval::{self, CellPlace, Evaluated, Scope, Thing};
use circ_compiler::hir::{ExprId, Passes, SlotId, SlotKind, Statement, StatementKind};
use circ_compiler::net::{EnvironmentId, Values};
use circ_compiler::types::{Type, Value};
use circ_grammar::ast::Span;
use circ_plan::engine::{Engine, Stop};
use circ_plan::ir::MAX_TICK;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

mod enforce;
mod monitor;
pub(crate) use monitor::look_back;

mod assign;
mod checkpoint;
mod clamp;
mod continued;
pub(crate) use continued::Continued;
mod drive;
mod force;
mod parameters;
mod planned;
mod plot;
mod record;
mod repeat;
mod reset;
mod set;
mod synapses;
mod trials;

/// What came of a protocol.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub ended: Ended,
    pub expectations: Vec<Expectation>,
    pub monitors: Vec<Monitor>,
    pub awaited: Vec<Awaited>,
    pub reports: Vec<Report>,
    pub prints: Vec<String>,
    pub plots: Vec<Plotted>,
    /// Why it ended before its end.
    pub diagnostics: Vec<Diagnostic>,
    /// What could not be written, in words.
    pub unwritten: Option<String>,
}

/// Why a protocol ends before its end.
pub(crate) enum Halt {
    Interrupted,
    Fault(Box<Diagnostic>),
    Rejected(Box<Diagnostic>),
    /// By a monitor.
    Stopped(Box<Diagnostic>),
    /// A file could not be written.
    Unwritten(WriteError),
}

impl From<Box<Diagnostic>> for Halt {
    fn from(diagnostic: Box<Diagnostic>) -> Halt {
        Halt::Rejected(diagnostic)
    }
}

/// A protocol being carried out.
pub struct Protocol<'a> {
    compiled: &'a mut Compiled,
    engine: &'a mut dyn Engine,
    recordings: &'a mut Recordings,
    interrupt: &'a AtomicBool,
    observer: &'a mut dyn Observer,
    spill: Option<&'a mut Spill>,
    /// On how many threads the engine runs.
    threads: usize,
    /// How many synapses each projection was built with, and how.
    synapses: &'a [u64],
    options: RunOptions,
    files: Beneath,
    last_run: Option<Window>,
    monitors: Vec<monitor::Watch>,
    keeps: Vec<enforce::Keep>,
    known: Known,
    /// Of `trials`: the one that is carried out.
    trial: Option<trials::Trial>,
    balances: Balances,
    watches: Watches,
    /// What learning synapses held at first, where something puts it back.
    before: Arc<Before>,
    outcome: Outcome,
    /// For progress: what all `run`s come to, as far as it is known beforehand.
    total_ms: f64,
    /// How many ticks are made between two looks at the clock.
    stride: i64,
}

impl<'a> Protocol<'a> {
    /// Of the experiment that was compiled, with the network as it was built.
    pub fn new(
        compiled: &'a mut Compiled,
        (engine, threads): (&'a mut dyn Engine, usize),
        (synapses, options): (&'a [u64], RunOptions),
        recordings: &'a mut Recordings,
        interrupt: &'a AtomicBool,
        observer: &'a mut dyn Observer,
        spill: Option<&'a mut Spill>,
    ) -> Protocol<'a> {
        let files = Beneath::of(&compiled.program);
        let mut protocol = Protocol {
            compiled,
            engine,
            threads,
            synapses,
            options,
            recordings,
            interrupt,
            observer,
            spill,
            files,
            last_run: None,
            monitors: Vec::new(),
            keeps: Vec::new(),
            known: Known::default(),
            trial: None,
            balances: Balances::default(),
            watches: Watches::default(),
            before: Arc::default(),
            outcome: Outcome::default(),
            total_ms: 0.0,
            stride: 64,
        };
        protocol.total_ms = protocol.planned_ms();
        protocol
    }

    /// Carries out all statements.
    pub fn carry_out(mut self) -> Outcome {
        let statements = self.compiled.hir.experiments[self.compiled.experiment].statements.clone();
        let result = self.begin().map_err(Halt::from).and_then(|()| self.statements(&statements));
        self.end(result);
        self.outcome.monitors = self.monitors.into_iter().map(|watch| watch.monitor).collect();
        self.outcome
    }

    /// Notes how it ended, and why.
    fn end(&mut self, result: Result<(), Halt>) {
        let (ended, diagnostic) = match result {
            Ok(()) => (Ended::Complete, None),
            Err(Halt::Interrupted) => (Ended::Interrupted, None),
            Err(Halt::Fault(diagnostic)) => (Ended::Failed, Some(*diagnostic)),
            Err(Halt::Rejected(diagnostic)) => (Ended::Rejected, Some(*diagnostic)),
            Err(Halt::Stopped(diagnostic)) => (Ended::Stopped, Some(*diagnostic)),
            Err(Halt::Unwritten(error)) => {
                self.outcome.unwritten = Some(error.to_string());
                (Ended::Unwritten, None)
            }
        };
        self.outcome.ended = ended;
        self.outcome.diagnostics.extend(diagnostic);
    }

    pub(crate) fn begin(&mut self) -> Evaluated<()> {
        self.check_parameters()?;
        self.keep()?;
        if instance::resets(self.compiled) {
            self.before = Arc::new(Before::of(&self.compiled.plan, self.engine));
        }
        let asked: Vec<u32> = self.compiled.net.balances.keys().copied().collect();
        self.balances = Balances::begin(asked.into_iter(), &self.compiled.plan, self.engine);
        self.watches = Watches::begin(self.compiled, self.engine);
        self.watch()
    }

    fn statements(&mut self, statements: &[Statement]) -> Result<(), Halt> {
        statements.iter().try_for_each(|statement| self.statement(statement))
    }

    fn statement(&mut self, statement: &Statement) -> Result<(), Halt> {
        match &statement.kind {
            StatementKind::Binding(slot) => self.bind(*slot)?,
            // Part of the circuit, built with it.
            StatementKind::Drive(_) => {}
            StatementKind::Assign { slot, element, op, value } => {
                self.assign(*slot, *element, (*op, *value), statement.span)?;
            }
            StatementKind::Record { what, every } => self.record(what, *every)?,
            StatementKind::Run { duration, until } => self.run(*duration, *until)?,
            StatementKind::Set { target, filter, value } => self.set(*target, *filter, *value)?,
            StatementKind::Reset { what, except } => self.reset(what, except, statement.span)?,
            StatementKind::Fire(views) => self.fire(views)?,
            StatementKind::Silence(views) => self.silence(views)?,
            StatementKind::Freeze(target) => self.freeze(*target)?,
            StatementKind::FreezePlasticity { thaw, of } => self.freeze_plasticity(*thaw, of)?,
            StatementKind::Clamp { target, value } => self.clamp(*target, *value)?,
            StatementKind::Release(targets) => self.release(targets)?,
            StatementKind::Print(values) => self.print(values)?,
            StatementKind::Report(values) => self.report(values)?,
            StatementKind::Plot(values) => self.plot(values, statement.span)?,
            StatementKind::Expect(condition) => self.expect(*condition)?,
            StatementKind::Enforce(equation) => self.enforce_now(*equation)?,
            StatementKind::If { condition, then, otherwise } => {
                let holds = self.with_scope(|scope, world| eval::eval_bool(*condition, scope, world))?;
                self.statements(if holds { then } else { otherwise })?;
            }
            StatementKind::Save(file) => self.save(*file)?,
            StatementKind::Load(file) => self.load(*file)?,
            StatementKind::For { passes: Passes::InTurn, index, over, body } => {
                self.passes(*index, *over, body)?
            }
            StatementKind::For { passes: Passes::Apart, index, over, body } => {
                self.trials(*index, *over, body)?
            }
            StatementKind::Repeat { body, until } => self.repeat(body, *until)?,
        }
        // What comes next reads what flows from values that were set.
        self.engine.settle();
        Ok(())
    }

    // Values

    /// The network as it is.
    fn present(&self) -> Present<'_> {
        Present {
            hir: &self.compiled.hir,
            types: &self.compiled.types,
            net: &self.compiled.net,
            plan: &self.compiled.plan,
            engine: self.engine,
            recordings: self.recordings,
            last_run: self.last_run,
            known: &self.known,
            balances: &self.balances,
            watches: &self.watches,
        }
    }

    fn with_scope<T>(&self, ask: impl FnOnce(&mut Scope, &mut Present) -> Evaluated<T>) -> Evaluated<T> {
        self.with_scope_in(self.compiled.net.experiment, ask)
    }

    fn with_scope_in<T>(
        &self,
        environment: EnvironmentId,
        ask: impl FnOnce(&mut Scope, &mut Present) -> Evaluated<T>,
    ) -> Evaluated<T> {
        let compiled = &self.compiled;
        let mut scope = Scope::new(&compiled.hir, &compiled.types, &compiled.net, &self.files, environment);
        ask(&mut scope, &mut self.present())
    }

    fn value(&self, expr: ExprId) -> Evaluated<Value> {
        self.with_scope(|scope, world| eval::eval(expr, scope, world))
    }

    fn thing(&self, expr: ExprId) -> Evaluated<Thing> {
        self.with_scope(|scope, world| eval::thing(expr, scope, world))
    }

    fn span(&self, expr: ExprId) -> Span {
        self.compiled.hir.expr(expr).span
    }

    fn text(&self, expr: ExprId) -> String {
        self.compiled.program.text_at(self.span(expr))
    }

    fn ty(&self, expr: ExprId) -> &Type {
        self.compiled.types.exprs.get(expr.index()).unwrap_or(&Type::Error)
    }

    /// A value in the unit of its expression.
    fn number(&self, expr: ExprId) -> Evaluated<(Number, String)> {
        Ok(judge::number(&self.value(expr)?, self.ty(expr)))
    }

    /// The number of steps of a duration.
    fn ticks(&self, expr: ExprId, what: &str) -> Evaluated<i64> {
        let milliseconds = self.with_scope(|scope, world| eval::eval_real(expr, scope, world))?;
        self.present().ticks(self.span(expr), what, milliseconds)
    }

    // Statements

    fn bind(&mut self, slot: SlotId) -> Evaluated<()> {
        let experiment = &self.compiled.hir.experiments[self.compiled.experiment];
        let declared = &experiment.slots[slot.index()];
        let (ty, expr) = match &declared.kind {
            SlotKind::Let { declared, value } => (declared.as_ref(), *value),
            SlotKind::Data { declared, value } => (Some(declared), *value),
            SlotKind::Formal { .. }
            | SlotKind::Index
            | SlotKind::Population { .. }
            | SlotKind::Drive
            | SlotKind::Projection
            | SlotKind::Part { .. } => return Ok(()),
        };
        let value =
            self.with_scope(|scope, world| eval::eval_binding(&declared.name, expr, ty, scope, world))?;
        self.store(slot, value);
        Ok(())
    }

    fn store(&mut self, slot: SlotId, value: Value) {
        self.variables_mut().insert(slot, value);
    }

    /// The values of the experiment's names.
    fn variables(&self) -> &Values {
        &self.compiled.net.environments[self.compiled.net.experiment.0 as usize].values
    }

    fn variables_mut(&mut self) -> &mut Values {
        &mut self.compiled.net.environments[self.compiled.net.experiment.0 as usize].values
    }

    fn print(&mut self, values: &[ExprId]) -> Evaluated<()> {
        let mut line = Vec::with_capacity(values.len());
        for value in values {
            let (number, unit) = self.number(*value)?;
            line.push(if unit.is_empty() { number.show() } else { format!("{} {unit}", number.show()) });
        }
        let line = line.join(" ");
        self.observer.print(&line);
        self.outcome.prints.push(line);
        Ok(())
    }

    fn report(&mut self, values: &[ExprId]) -> Evaluated<()> {
        for value in values {
            let (number, unit) = self.number(*value)?;
            self.outcome.reports.push(Report { text: self.text(*value), value: number, unit });
        }
        Ok(())
    }

    fn expect(&mut self, condition: ExprId) -> Evaluated<()> {
        let raster = self.with_scope(|scope, world| eval::raster::raster(condition, scope, world))?;
        let holds = self.with_scope(|scope, world| eval::eval_bool(condition, scope, world))?;
        let (value, unit) = match (raster, judge::measured_side(&self.compiled.hir, condition)) {
            (Some(raster), _) => (Number::Text(raster.summary()), String::new()),
            (None, Some(side)) => self.number(side)?,
            (None, None) => (Number::Bool(holds), String::new()),
        };
        self.outcome.expectations.push(Expectation { text: self.text(condition), value, unit, holds });
        Ok(())
    }

    // Time

    fn run(&mut self, duration: ExprId, until: Option<ExprId>) -> Result<(), Halt> {
        let ticks = self.ticks(duration, "the run")?;
        let span = self.span(duration);
        let (start, step) = (self.engine.tick().max(0), self.present().step());
        if ticks < 0 {
            return Err(Halt::Rejected(
                say::negative_duration(span, "the run", ticks as f64 * step.ms).into(),
            ));
        }
        let end = start + ticks;
        if MAX_TICK < end {
            return Err(Halt::Rejected(
                say::duration_too_long(span, "the run", end as f64 * step.ms, step).into(),
            ));
        }
        self.last_run = Some(Window { after: start, until: start });
        self.balances.run_begins(self.engine);
        let result = self.advance(end, until);
        self.last_run = Some(Window { after: start, until: self.engine.tick().max(start) });
        let met = result?;
        if let Some(condition) = until {
            let time_ms = self.engine.tick() as f64 * step.ms;
            self.outcome.awaited.push(Awaited { text: self.text(condition), met, time_ms });
        }
        self.judge_at_end()?;
        Ok(())
    }

    /// Makes ticks up to `end`, or until the condition holds at the end of one. Returns whether it did.
    fn advance(&mut self, end: i64, until: Option<ExprId>) -> Result<bool, Halt> {
        loop {
            let next = match until {
                Some(_) => self.engine.tick() + 1,
                None => self.next_stop(end),
            };
            let started = Instant::now();
            self.engine.advance(next.min(end), self.interrupt).map_err(|stop| self.halt(stop))?;
            self.adapt_stride(started.elapsed());
            let now = self.engine.tick();
            if let Some(window) = &mut self.last_run {
                window.until = now;
            }
            self.report_progress(now);
            self.enforce_at(now)?;
            self.judge_at_tick(now)?;
            self.write_down(now)?;
            // The next trial begins where this one did, and looks as far back.
            if self.trial.is_none() {
                self.watches.trim(self.engine);
            }
            let met = match until {
                Some(condition) => self.is_met(condition, end)?,
                None => false,
            };
            if end <= now || met {
                self.engine.conclude().map_err(|stop| self.halt(stop))?;
                return Ok(met);
            }
        }
    }

    /// Writes what was recorded, now and then. What was put off is made first: a fault of it leaves nothing behind.
    fn write_down(&mut self, now: i64) -> Result<(), Halt> {
        if self.spill.as_ref().is_none_or(|spill| !spill.is_due(self.recordings, now)) {
            return Ok(());
        }
        self.engine.conclude().map_err(|stop| self.halt(stop))?;
        match &mut self.spill {
            Some(spill) => {
                spill.write(self.recordings, &self.compiled.plan, self.engine).map_err(Halt::Unwritten)
            }
            None => Ok(()),
        }
    }

    /// What asks for a window that has not passed yet does not hold yet; at the end of the run that is a mistake.
    fn is_met(&self, condition: ExprId, end: i64) -> Evaluated<bool> {
        let judged = self.with_scope(|scope, world| eval::eval_bool(condition, scope, world));
        match judged {
            Err(reason) if self.engine.tick() < end && rules::is_window_outside(&reason) => Ok(false),
            other => other,
        }
    }

    /// The next tick at which somebody has to look.
    fn next_stop(&self, end: i64) -> i64 {
        let now = self.engine.tick();
        let chunk = self.spill.as_ref().map_or(i64::MAX, |spill| spill.next(self.recordings).max(now + 1));
        let stride = now.saturating_add(self.stride).min(chunk).min(self.watches.next(now));
        let judged = self.monitors.iter().filter_map(|watch| watch.next(now));
        let enforced = self.keeps.iter().map(|keep| keep.next(now));
        judged.chain(enforced).fold(end.min(stride), i64::min)
    }

    /// So that progress shows about twenty times a second.
    fn adapt_stride(&mut self, took: Duration) {
        if took < Duration::from_millis(25) {
            self.stride = (self.stride * 2).min(1 << 20);
        } else if Duration::from_millis(100) < took {
            self.stride = (self.stride / 2).max(1);
        }
    }

    fn report_progress(&mut self, now: i64) {
        let simulated_ms = now as f64 * self.compiled.plan.dt;
        self.observer.progress(Progress { simulated_ms, total_ms: self.total_ms.max(simulated_ms) });
    }

    fn halt(&self, stop: Stop) -> Halt {
        match stop {
            Stop::Interrupted => Halt::Interrupted,
            Stop::Synapse(fault) => Halt::Fault(Box::new(fault::explain_synapse(&fault, self.compiled))),
            Stop::Rewire(fault) => Halt::Fault(Box::new(fault::explain_rewire(&fault, self.compiled))),
            Stop::Fault(fault) => Halt::Fault(Box::new(fault::explain(&fault, self.compiled, self.engine))),
        }
    }
}

/// A whole number of steps, at least one.
fn interval(milliseconds: f64, at: Span, what: &str, present: &Present) -> Evaluated<i64> {
    let ticks = world::ticks(at, what, milliseconds, present.step())?;
    if 1 <= ticks { Ok(ticks) } else { Err(say::duration_too_short(at, what, present.step()).into()) }
}

/// The cell that `i` is.
fn place(index: u32, shape: &[u32]) -> CellPlace {
    CellPlace { index: Some(index), shape: shape.to_vec() }
}
