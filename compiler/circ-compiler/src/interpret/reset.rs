//! Putting things back: cells to their initial states, delays to emptiness.
//!
//! In: which arrays of which cells, and whose delays. Out: the state of the naive engine as if these had just begun, at the
//! present tick. A population begins anew beside the present one, with its parameters; then what is asked for is copied.

use std::sync::Arc;

use circ_plan::engine::{Engine, Reset};
use circ_plan::ir::*;
use circ_plan::plan::*;

use super::Interpreter;
use super::apply::Value;
use super::scalar::{Cell, evaluate};
use super::state::{State, programs};

impl Interpreter {
    pub(super) fn put_back_to_start(&mut self, what: &Reset) {
        let plan = Arc::clone(&self.plan);
        for projection in 0..plan.projections.len() as u32 {
            if plan.projections[projection as usize].learning.is_some() {
                self.settled(projection);
            }
        }
        let mut begun: Vec<Option<State>> = plan.populations.iter().map(|_| None).collect();
        let seen = |population: u32, array: ArrayId| {
            plan.populations[population as usize].arrays[array.0 as usize].role == Role::Seen
        };
        for (population, array, cells) in what.arrays.iter().filter(|it| !seen(it.0, it.1)) {
            let at = *population as usize;
            let fresh = begun[at].get_or_insert_with(|| self.states[at].begun(&plan, &plan.populations[at]));
            let values = &fresh.arrays[array.0 as usize];
            for cell in cells {
                self.states[at].arrays[array.0 as usize][*cell as usize] = values[*cell as usize];
            }
        }
        for (population, array, cells) in what.arrays.iter().filter(|it| seen(it.0, it.1)) {
            for cell in cells {
                let value = self.seen_at_start(&plan, *population, *array, *cell as usize);
                self.states[*population as usize].arrays[array.0 as usize][*cell as usize] = value;
            }
        }
        for (population, array, cells) in &what.arrays {
            let values = &self.states[*population as usize].arrays[array.0 as usize];
            self.past.fill(*population, *array, cells, values);
        }
        for (population, cells) in &what.arriving {
            self.mail.forget_to(*population, cells);
            self.flowing.forget_to(*population, cells);
        }
        for plastic in self.plastic.iter_mut().filter(|it| what.learning.contains(&it.projection)) {
            plastic.due.clear();
        }
        for projection in &what.learning {
            let rank = self.rank(Sender::Projection(*projection));
            self.mail.forget_from(rank);
        }
        self.changed = true;
    }

    /// What `start` writes into an array, if nothing arrives.
    fn seen_at_start(&self, plan: &Plan, population: u32, array: ArrayId, cell: usize) -> Value {
        let (of, state) = (&plan.populations[population as usize], &self.states[population as usize]);
        let now = state.arrays[array.0 as usize][cell];
        let Some(programs) = programs(of) else { return now };
        let mut arrays = state.arrays.clone();
        if let Dynamics::SpikeTimes { .. } = of.dynamics {
            arrays[0].fill(Value::Bool(false));
        }
        let silence = vec![vec![0.0; of.cells as usize]; of.ports.len()];
        let tick = self.tick().max(0);
        let world = Cell { arrays: &arrays, keys: &of.keys, ..state.cell(plan, &silence, cell, tick) };
        let mut values = vec![];
        evaluate(&programs.reference_start, &world, &mut values);
        let written = programs.reference_start.outputs.iter().find_map(|output| match output {
            Output::Array(to, value) if *to == array => Some(values[value.0 as usize]),
            _ => None,
        });
        written.unwrap_or(now)
    }
}
