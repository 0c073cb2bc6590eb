//! Loops of an experiment: `for k in a .. b { }`, `for x in [...] { }`, `repeat { } until c`.
//!
//! In: the body and what the loop runs over, which is evaluated once, before the first pass. Out: the body carried out,
//! each time with its own value of the index. A pass costs what its statements cost.

use super::{Halt, Protocol};
use circ_compiler::diagnose::value as say;
use circ_compiler::eval::{self, Evaluated, number};
use circ_compiler::hir::{ExprId, Over, SlotId, Statement};
use circ_compiler::types::{ArrayValue, Value};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// So often a condition may be looked at without any time passing.
const MOST_IDLE: u32 = 10_000_000;

/// What a loop runs over.
pub(super) enum Passes {
    Range(i64, i64),
    Rows(Arc<ArrayValue>),
}

impl Passes {
    pub fn count(&self) -> usize {
        match self {
            Passes::Range(first, end) => usize::try_from(end.saturating_sub(*first)).unwrap_or(0),
            Passes::Rows(array) => array.shape.first().map_or(0, |rows| *rows as usize),
        }
    }

    /// What keys the draws of a trial.
    pub fn key(&self, pass: usize) -> u64 {
        match self {
            Passes::Range(first, _) => first.wrapping_add(pass as i64) as u64,
            Passes::Rows(_) => pass as u64,
        }
    }

    /// The value of the index in a pass.
    pub fn value(&self, pass: usize) -> Value {
        match self {
            Passes::Range(first, _) => Value::Int(first.saturating_add(pass as i64)),
            Passes::Rows(array) => eval::row(array, pass),
        }
    }
}

impl Protocol<'_> {
    pub(super) fn passes(&mut self, index: SlotId, over: Over, body: &[Statement]) -> Result<(), Halt> {
        let passes = self.all_passes(over)?;
        for pass in 0..passes.count() {
            self.check_interrupt()?;
            self.store(index, passes.value(pass));
            self.statements(body)?;
        }
        Ok(())
    }

    pub(super) fn all_passes(&self, over: Over) -> Evaluated<Passes> {
        match over {
            Over::Range(lo, hi) => self.with_scope(|scope, world| {
                let first = eval::eval_whole(lo, "the first index of a loop", scope, world)?;
                Ok(Passes::Range(first, eval::eval_whole(hi, "the end of a loop", scope, world)?))
            }),
            Over::Values(values) => match self.value(values)? {
                Value::Array(array) => Ok(Passes::Rows(array)),
                other => {
                    let found = number::kind(&other);
                    Err(say::wrong_kind(self.span(values), "a range or an array", &found).into())
                }
            },
        }
    }

    pub(super) fn repeat(&mut self, body: &[Statement], until: ExprId) -> Result<(), Halt> {
        let (mut tick, mut idle) = (self.engine.tick(), 0);
        loop {
            self.check_interrupt()?;
            self.statements(body)?;
            if self.with_scope(|scope, world| eval::eval_bool(until, scope, world))? {
                return Ok(());
            }
            idle = if self.engine.tick() == tick { idle + 1 } else { 0 };
            tick = self.engine.tick();
            if MOST_IDLE < idle {
                return Err(Halt::Rejected(say::endless(self.span(until)).into()));
            }
        }
    }

    /// A loop without a `run` ends here too.
    pub(super) fn check_interrupt(&self) -> Result<(), Halt> {
        match self.interrupt.load(Ordering::Relaxed) {
            true => Err(Halt::Interrupted),
            false => Ok(()),
        }
    }
}
