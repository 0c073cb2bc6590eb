//! `trials k in a .. b { }`: every trial begins from the state at this line, with draws of its own, and leaves only what it adds to
//! variables from outside.
//!
//! In: the body and what the index runs over. Out: sums in the order of the trials, and the state as it was. What is printed,
//! reported and expected within stands in that order too. Trials of a small network run side by side, each on an engine of its
//! own; those of a network that is divided among threads in turn. Nobody can tell.

use super::{Halt, Outcome, Protocol, repeat};
use crate::checkpoint::State;
use crate::instance;
use crate::recording::Recordings;
use crate::run::{RunOptions, Silent};
use circ_compiler::diagnose::value as say;
use circ_compiler::eval::{Evaluated, number};
use circ_compiler::hir::{self, ExprId, ExprKind, Over, SlotId, Statement, StatementKind};
use circ_compiler::net::Values;
use circ_compiler::types::Value;
use circ_grammar::ast::{BinaryOp, Span};
use circ_plan::engine::Engine;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// What a trial adds to a variable from outside.
#[derive(Clone, Debug)]
pub(super) struct Addition {
    slot: SlotId,
    operator: BinaryOp,
    what: What,
    span: Span,
}

#[derive(Clone, Debug)]
enum What {
    Whole(Value),
    /// Elements of an array, and what each gets.
    Elements(Vec<usize>, Vec<f64>),
}

/// A trial that is being carried out.
#[derive(Clone, Debug, Default)]
pub(super) struct Trial {
    /// The variables that are its own.
    pub own: BTreeSet<SlotId>,
    pub additions: Vec<Addition>,
}

/// What all trials have in common.
struct Common<'c> {
    index: SlotId,
    passes: repeat::Passes,
    body: &'c [Statement],
    own: BTreeSet<SlotId>,
    /// The state and the variables that each begins with.
    state: State,
    variables: Values,
}

/// What came of a trial.
struct Done {
    additions: Vec<Addition>,
    outcome: Outcome,
    result: Result<(), Halt>,
}

impl Protocol<'_> {
    pub(super) fn trials(&mut self, index: SlotId, over: Over, body: &[Statement]) -> Result<(), Halt> {
        let passes = self.all_passes(over)?;
        let own = own_variables(index, body);
        let (state, variables) = (self.present_state(), self.variables().clone());
        let common = Common { index, passes, body, own, state, variables };
        // What trials do is written nowhere.
        let spill = self.spill.take();
        let result = self.all_trials(&common);
        self.spill = spill;
        result
    }

    fn all_trials(&mut self, common: &Common) -> Result<(), Halt> {
        let helpers = self.helpers(common.passes.count());
        if 1 < helpers {
            return self.side_by_side(common, helpers);
        }
        let mut additions = Vec::new();
        for pass in 0..common.passes.count() {
            let Done { additions: more, outcome, result } = self.trial(common, pass);
            self.take_over(outcome);
            additions.extend(more);
            if result.is_err() {
                self.end_trials(common);
                return result;
            }
        }
        self.end_trials(common);
        Ok(self.add(additions)?)
    }

    /// Carries one trial out, from the state that all begin with.
    fn trial(&mut self, common: &Common, pass: usize) -> Done {
        let said = std::mem::take(&mut self.outcome);
        self.go_on_from(&common.state);
        self.variables_mut().clone_from(&common.variables);
        self.trial = Some(Trial { own: common.own.clone(), additions: Vec::new() });
        self.engine.key_draws(Some(common.passes.key(pass)));
        let result = self.check_interrupt().and_then(|()| {
            self.store(common.index, common.passes.value(pass));
            self.statements(common.body)
        });
        let additions = self.trial.take().map_or(Vec::new(), |trial| trial.additions);
        Done { additions, outcome: std::mem::replace(&mut self.outcome, said), result }
    }

    /// The circuit is as it was before.
    fn end_trials(&mut self, common: &Common) {
        self.engine.key_draws(None);
        self.go_on_from(&common.state);
        self.variables_mut().clone_from(&common.variables);
    }

    /// How many trials run side by side. What was recorded as values, watched or monitored is known
    /// to one engine only.
    fn helpers(&self, trials: usize) -> usize {
        let seen = !self.recordings.traces.is_empty() || !self.watches.is_empty();
        let alone = 1 < self.threads || seen || !self.monitors.is_empty();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        if alone { 1 } else { cores.min(trials) }
    }

    fn side_by_side(&mut self, common: &Common, helpers: usize) -> Result<(), Halt> {
        let count = common.passes.count();
        let done: Vec<Mutex<Option<Done>>> = (0..count).map(|_| Mutex::new(None)).collect();
        let (next, failed) = (AtomicUsize::new(0), AtomicUsize::new(usize::MAX));
        let (options, synapses, interrupt) = (self.options, self.synapses, self.interrupt);
        let compiled: Vec<_> = (0..helpers).map(|_| self.compiled.clone()).collect();
        std::thread::scope(|scope| {
            for mut compiled in compiled {
                let (done, next, failed) = (&done, &next, &failed);
                scope.spawn(move || {
                    let options = RunOptions { threads: Some(1), ..options };
                    let (mut recordings, mut silent) = (Recordings::default(), Silent);
                    // It could be built before.
                    let Ok(mut instance) = instance::build(&compiled, &options) else { return };
                    let engine: &mut dyn Engine = instance.engine.as_mut();
                    let mut helper = Protocol::new(
                        &mut compiled,
                        (engine, 1),
                        (synapses, options),
                        &mut recordings,
                        interrupt,
                        &mut silent,
                        None,
                    );
                    if helper.begin().is_err() {
                        return;
                    }
                    loop {
                        let pass = next.fetch_add(1, Ordering::Relaxed);
                        // Trials after one that failed would not be there in turn.
                        if count <= pass || failed.load(Ordering::Relaxed) < pass {
                            return;
                        }
                        let one = helper.trial(common, pass);
                        if one.result.is_err() {
                            failed.fetch_min(pass, Ordering::Relaxed);
                        }
                        *done[pass].lock().unwrap_or_else(PoisonError::into_inner) = Some(one);
                    }
                });
            }
        });
        let mut additions = Vec::new();
        for (pass, done) in done.into_iter().enumerate() {
            let done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
            // No helper could be made for it: there was too little memory for another engine.
            let missing = done.is_none();
            let Done { additions: more, outcome, result } = match done {
                Some(done) => done,
                None => self.trial(common, pass),
            };
            match missing {
                true => self.end_trials(common),
                false => outcome.prints.iter().for_each(|line| self.observer.print(line)),
            }
            self.take_over(outcome);
            additions.extend(more);
            result?;
        }
        Ok(self.add(additions)?)
    }

    /// What a trial said follows what was said before.
    fn take_over(&mut self, outcome: Outcome) {
        let Outcome { expectations, awaited, reports, prints, diagnostics, .. } = outcome;
        self.outcome.expectations.extend(expectations);
        self.outcome.awaited.extend(awaited);
        self.outcome.reports.extend(reports);
        self.outcome.prints.extend(prints);
        self.outcome.diagnostics.extend(diagnostics);
    }

    /// Whether a variable is not the own of the trial that is carried out.
    pub(super) fn is_from_outside(&self, slot: SlotId) -> bool {
        self.trial.as_ref().is_some_and(|trial| !trial.own.contains(&slot))
    }

    /// Notes what is added after all trials. Only sums and differences come here.
    pub(super) fn add_later(
        &mut self,
        slot: SlotId,
        element: Option<ExprId>,
        (operator, value): (Option<BinaryOp>, Value),
        span: Span,
    ) -> Evaluated<()> {
        let what = match element.map(|element| (element, self.compiled.hir.expr(element).kind.clone())) {
            Some((element, ExprKind::Index { indices, .. })) => {
                let Value::Array(array) = self.present_value(slot, span)? else {
                    return Err(say::wrong_kind(span, "an array", "no array").into());
                };
                let (places, values) = self.elements(&array, &indices, element, value, span)?;
                What::Elements(places, values)
            }
            _ => What::Whole(value),
        };
        let operator = operator.unwrap_or(BinaryOp::Add);
        if let Some(trial) = &mut self.trial {
            trial.additions.push(Addition { slot, operator, what, span });
        }
        Ok(())
    }

    /// Adds what trials have added, in their order.
    fn add(&mut self, additions: Vec<Addition>) -> Evaluated<()> {
        for Addition { slot, operator, what, span } in additions {
            let old = self.present_value(slot, span)?;
            let sum = match (what, old) {
                (What::Whole(value), old) => number::binary(operator, &old, &value, span)?,
                (What::Elements(places, values), Value::Array(mut array)) => {
                    let held = &mut Arc::make_mut(&mut array).data;
                    for (place, value) in places.into_iter().zip(values) {
                        match operator {
                            BinaryOp::Subtract => held[place] -= value,
                            _ => held[place] += value,
                        }
                    }
                    Value::Array(array)
                }
                (What::Elements(..), other) => other,
            };
            self.store(slot, sum);
        }
        Ok(())
    }
}

/// The index and what the body declares.
fn own_variables(index: SlotId, body: &[Statement]) -> BTreeSet<SlotId> {
    let declared = hir::all(body).filter_map(|statement| match statement.kind {
        StatementKind::Binding(slot) | StatementKind::For { index: slot, .. } => Some(slot),
        _ => None,
    });
    declared.chain([index]).collect()
}
