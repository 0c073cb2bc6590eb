//! A protocol that goes on where another one of the same circuit ended: in a session, where one statement follows another.
//!
//! In: what is known so far, and the statements that are new. Out: what came of them, and what is known then.

use super::{Halt, Outcome, Protocol};
use crate::balance::Balances;
use crate::checkpoint::State;
use crate::compile::Compiled;
use crate::measures::Window;
use crate::plastic::Before;
use circ_compiler::eval::Evaluated;
use circ_compiler::hir::{Slot, SlotId, SlotKind, Statement};
use circ_compiler::types::Value;
use circ_plan::engine::Engine;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a protocol knows of what it did, beside the engine's state. It names nothing by numbers that a longer text changes.
#[derive(Clone, Default)]
pub(crate) struct Continued {
    pub last_run: Option<Window>,
    pub balances: Balances,
    /// What learning synapses held at first.
    pub before: Arc<Before>,
    /// The `let`s of the experiment.
    pub variables: BTreeMap<Arc<str>, Value>,
}

impl Continued {
    /// Nothing was done yet.
    pub fn begin(compiled: &Compiled, engine: &mut dyn Engine) -> Continued {
        let before = Arc::new(Before::of(&compiled.plan, engine));
        let balances = Balances::begin(asked(compiled).into_iter(), &compiled.plan, engine);
        Continued { before, balances, ..Continued::default() }
    }

    /// With the engine's.
    pub fn state(&self, engine: &mut dyn Engine) -> State {
        State {
            engine: engine.snapshot(),
            last_run: self.last_run.map(|window| (window.after, window.until)),
            balances: self.balances.state(engine),
        }
    }
}

/// The populations whose balance something asks for.
fn asked(compiled: &Compiled) -> Vec<u32> {
    compiled.net.balances.keys().copied().collect()
}

fn is_variable(slot: &Slot) -> bool {
    matches!(slot.kind, SlotKind::Let { .. } | SlotKind::Data { .. })
}

impl Protocol<'_> {
    /// Carries out statements after what came before.
    pub fn go_on(mut self, before: Continued, statements: &[Statement]) -> (Outcome, Continued) {
        let Continued { last_run, balances, before, variables } = before;
        self.last_run = last_run;
        self.balances = balances;
        self.before = before.clone();
        self.put_variables(variables);
        let result = self.take_up().map_err(Halt::from).and_then(|()| self.statements(statements));
        self.end(result);
        let variables = self.take_variables();
        let after = Continued { last_run: self.last_run, balances: self.balances, before, variables };
        self.outcome.monitors = self.monitors.into_iter().map(|watch| watch.monitor).collect();
        (self.outcome, after)
    }

    /// What each entry begins anew: it is of the text, which is another one.
    fn take_up(&mut self) -> Evaluated<()> {
        self.check_parameters()?;
        self.keep()?;
        let asked = asked(self.compiled);
        if !asked.iter().all(|population| self.balances.covers(*population)) {
            self.balances = Balances::begin(asked.into_iter(), &self.compiled.plan, self.engine);
        }
        self.watch()
    }

    fn put_variables(&mut self, known: BTreeMap<Arc<str>, Value>) {
        let slots = &self.compiled.hir.experiments[self.compiled.experiment].slots;
        let found: Vec<(SlotId, Value)> = slots
            .iter()
            .enumerate()
            .filter(|(_, slot)| is_variable(slot))
            .filter_map(|(at, slot)| Some((SlotId(at as u32), known.get(&slot.name)?.clone())))
            .collect();
        found.into_iter().for_each(|(slot, value)| self.store(slot, value));
    }

    fn take_variables(&self) -> BTreeMap<Arc<str>, Value> {
        let slots = &self.compiled.hir.experiments[self.compiled.experiment].slots;
        let values = self.variables();
        let known = slots.iter().enumerate().filter(|(_, slot)| is_variable(slot));
        known
            .filter_map(|(at, slot)| Some((slot.name.clone(), values.get(&SlotId(at as u32))?.clone())))
            .collect()
    }
}
