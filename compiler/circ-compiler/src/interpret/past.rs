//! What learning synapses see of cells: their arrays as they were some ticks ago.
//!
//! In: the arrays of every tick that was made. Out: the value of a column at a tick. Parameters and what follows from
//! them are as they are; all else is what the tick wrote, whatever was set since.

use std::collections::{BTreeSet, VecDeque};

use circ_plan::ir::ArrayId;
use circ_plan::learning::{Learning, Signal, When};
use circ_plan::plan::*;

use super::apply::Value;
use super::state::State;

/// The arrays of the last ticks.
#[derive(Clone, Debug, Default)]
pub struct Past {
    /// By population: the arrays that are kept.
    kept: Vec<Vec<ArrayId>>,
    /// Ticks that are kept.
    depth: usize,
    /// The last of them; -1 where there is none.
    latest: i64,
    /// The last first; by population, then place in `kept`, then cell.
    ticks: VecDeque<Vec<Vec<Vec<Value>>>>,
}

impl Past {
    /// For what the learning projections of a plan read, at most so many ticks back.
    pub fn new(plan: &Plan, longest: i64) -> Past {
        let columns: Vec<Column> =
            plan.projections.iter().filter_map(|it| it.learning.as_deref()).flat_map(columns).collect();
        let kept = |(at, population): (usize, &PopulationPlan)| {
            let read = columns.iter().filter_map(|column| match column {
                Column::Array(of, array) if *of as usize == at => Some(*array),
                _ => None,
            });
            let changes = |array: &ArrayId| {
                let role = population.arrays[array.0 as usize].role;
                !matches!(role, Role::Parameter | Role::Derived)
            };
            read.filter(changes).collect::<BTreeSet<_>>().into_iter().collect()
        };
        Past {
            kept: plan.populations.iter().enumerate().map(kept).collect(),
            depth: longest.max(0) as usize + 1,
            latest: -1,
            ticks: VecDeque::new(),
        }
    }

    /// Takes the arrays of a tick in, which is complete.
    pub fn keep(&mut self, tick: i64, states: &[State]) {
        let of = |(arrays, state): (&Vec<ArrayId>, &State)| {
            arrays.iter().map(|array| state.arrays[array.0 as usize].clone()).collect()
        };
        self.ticks.push_front(self.kept.iter().zip(states).map(of).collect());
        self.ticks.truncate(self.depth);
        self.latest = tick;
    }

    /// What is kept of an array, the last tick first.
    pub fn of(&self, population: usize, array: ArrayId) -> Vec<&[Value]> {
        match self.kept[population].binary_search(&array) {
            Ok(at) => self.ticks.iter().map(|kept| &kept[population][at][..]).collect(),
            Err(_) => vec![],
        }
    }

    /// Keeps other values than those so far, up to a tick: `of` says those of an array, the last tick first.
    pub fn put<V: Iterator<Item = Vec<Value>>>(&mut self, tick: i64, of: impl Fn(usize, ArrayId) -> V) {
        let ticks = (tick + 1).clamp(0, self.depth as i64) as usize;
        let mut rows: Vec<Vec<Vec<Vec<Value>>>> = vec![vec![]; ticks];
        for (population, arrays) in self.kept.iter().enumerate() {
            rows.iter_mut().for_each(|row| row.push(vec![]));
            for array in arrays {
                let past: Vec<Vec<Value>> = of(population, *array).collect();
                for (ago, row) in rows.iter_mut().enumerate() {
                    // What is not told of was as the first that is.
                    let values = past.get(ago).or(past.last()).cloned().unwrap_or_default();
                    row[population].push(values);
                }
            }
        }
        (self.latest, self.ticks) = (tick, rows.into());
    }

    /// Gives cells what they have now at all ticks that are kept.
    pub fn fill(&mut self, population: u32, array: ArrayId, cells: &[u32], now: &[Value]) {
        let Ok(at) = self.kept[population as usize].binary_search(&array) else { return };
        for kept in &mut self.ticks {
            for cell in cells {
                kept[population as usize][at][*cell as usize] = now[*cell as usize];
            }
        }
    }

    /// What a cell has in a column at a tick: kept, or of the one that is being made. Before tick 0: of tick 0.
    pub fn value(&self, states: &[State], column: Column, cell: u32, tick: i64) -> Value {
        let (population, array) = match column {
            Column::Constant(value) => return Value::Float(value),
            Column::Uniform(population, uniform) => {
                return states[population as usize].uniforms[uniform.0 as usize];
            }
            Column::Array(population, array) => (population as usize, array),
        };
        let ago = self.latest - tick.max(0);
        let kept = self.kept[population].binary_search(&array).ok().filter(|_| 0 <= ago);
        match kept {
            Some(at) => self.ticks[ago as usize][population][at][cell as usize],
            None => states[population].arrays[array.0 as usize][cell as usize],
        }
    }
}

/// All columns of a rule.
fn columns(learning: &Learning) -> Vec<Column> {
    let of_post = learning.post.iter().flat_map(|signal| match signal {
        Signal::Target(columns) => columns.clone(),
        Signal::Modulator(cells) | Signal::Before(cells) => cells.columns.clone(),
    });
    let of_jumps = learning.hooks.iter().flat_map(|hook| match &hook.when {
        When::Jump(cells) => cells.columns.clone(),
        When::Tick | When::Pre | When::Post(_) | When::Modulator(..) | When::Every(_) => vec![],
    });
    learning.pre.iter().flatten().copied().chain(of_post).chain(of_jumps).collect()
}
