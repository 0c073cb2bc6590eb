//! The state of a population, cell by cell.
//!
//! In: the population's programs. Out: arrays, shared slots and events so far, and what one tick makes
//! of them. A tick is made into a copy: where a cell fails, nothing has changed.

use circ_plan::engine::Fault;
use circ_plan::ir::*;
use circ_plan::plan::*;

use super::apply::Value;
use super::scalar::{Cell, evaluate};

/// What changes while a population runs.
#[derive(Clone, Debug)]
pub struct State {
    /// By `ArrayId`, then cell.
    pub arrays: Vec<Vec<Value>>,
    /// By `UniformId`.
    pub uniforms: Vec<Value>,
    /// Of draws of ticks, by `KeyId`.
    pub keys: Vec<[u32; 2]>,
    /// By `EventId`: (tick, cell), ascending.
    pub events: Vec<Vec<(i64, u32)>>,
}

/// What a tick made: the new arrays, and by `EventId` the cells, ascending.
pub struct Made {
    pub arrays: Vec<Vec<Value>>,
    pub events: Vec<Vec<u32>>,
}

impl State {
    /// Instantiates a population: slots, derived slots, parameters, derived arrays, states, in this
    /// order. Draws are of tick 0.
    pub fn new(plan: &Plan, population: &PopulationPlan) -> State {
        State::of_first(population.cells as usize, plan, population)
    }

    /// Likewise, of only so many of its cells.
    pub fn of_first(cells: usize, plan: &Plan, population: &PopulationPlan) -> State {
        let zero = |ty| Value::from_number(ty, population.precision, 0.0);
        let mut state = State {
            arrays: population.arrays.iter().map(|a| vec![zero(a.ty); cells]).collect(),
            uniforms: population
                .uniforms
                .iter()
                .map(|u| Value::from_number(u.ty, population.precision, u.value))
                .collect(),
            keys: population.keys.clone(),
            events: vec![vec![]; population.events.len()],
        };
        if let Some(programs) = programs(population) {
            state.derive_uniforms(plan, &programs.derive_uniforms);
            state.run_over_cells(cells, plan, &programs.init_params);
            state.run_over_cells(cells, plan, &programs.derive_cells);
            state.run_over_cells(cells, plan, &programs.init_states);
        }
        state
    }

    /// Makes what depends on parameters follow them.
    pub fn derive(&mut self, plan: &Plan, population: &PopulationPlan) {
        if let Some(programs) = programs(population) {
            self.derive_uniforms(plan, &programs.derive_uniforms);
            self.run_over_cells(population.cells as usize, plan, &programs.derive_cells);
        }
    }

    /// A population that begins, with the parameters of this one.
    pub fn begun(&self, plan: &Plan, population: &PopulationPlan) -> State {
        let zero = |ty| Value::from_number(ty, population.precision, 0.0);
        let mut begun = self.clone();
        begun.keys.clone_from(&population.keys);
        for (array, values) in population.arrays.iter().zip(&mut begun.arrays) {
            if !matches!(array.role, Role::Parameter | Role::Derived) {
                values.fill(zero(array.ty));
            }
        }
        if let Some(programs) = programs(population) {
            begun.run_over_cells(population.cells as usize, plan, &programs.init_states);
        }
        begun
    }

    /// Makes a tick, given what arrives in it (by `PortId`, then cell). The first cell in order that
    /// fails a check is the fault.
    pub fn make(
        &self,
        plan: &Plan,
        population: &PopulationPlan,
        tick: i64,
        arrivals: &[Vec<f64>],
    ) -> Result<Made, CellFault> {
        let mut made = Made { arrays: self.arrays.clone(), events: vec![vec![]; self.events.len()] };
        if let Dynamics::SpikeTimes { times, traces } = &population.dynamics {
            let spikes = due(times, tick);
            if traces.is_some() {
                let spiking = |cell| Value::Bool(spikes.binary_search(&cell).is_ok());
                made.arrays[0] = (0..population.cells).map(spiking).collect();
            }
            // A population of spike times spikes on its axon: event 0.
            if let Some(first) = made.events.first_mut() {
                *first = spikes;
            }
        }
        let Some(programs) = programs(population) else { return Ok(made) };
        let program = if tick == 0 { &programs.reference_start } else { &programs.reference_step };
        let before = made.arrays.clone();
        let mut values = vec![];
        for index in 0..population.cells as usize {
            let cell = Cell { arrays: &before, ..self.cell(plan, arrivals, index, tick) };
            evaluate(program, &cell, &mut values);
            if failed_check(program, &values).is_some() {
                return Err(fault(&before, index, arrivals));
            }
            store(program, &values, index, &mut made.arrays);
            for output in &program.outputs {
                if let Output::Event(event, mask) = output
                    && values[mask.0 as usize].truth()
                {
                    made.events[event.0 as usize].push(index as u32);
                }
            }
        }
        Ok(made)
    }

    /// The world of a cell.
    pub fn cell<'a>(&'a self, plan: &'a Plan, arrivals: &'a [Vec<f64>], index: usize, tick: i64) -> Cell<'a> {
        Cell {
            arrays: &self.arrays,
            uniforms: &self.uniforms,
            arrivals,
            keys: &self.keys,
            tables: &plan.tables,
            index,
            tick,
            dt: plan.dt,
        }
    }

    fn derive_uniforms(&mut self, plan: &Plan, program: &Program) {
        let mut values = vec![];
        evaluate(program, &self.cell(plan, &[], 0, 0), &mut values);
        for output in &program.outputs {
            if let Output::Uniform(uniform, value) = output {
                self.uniforms[uniform.0 as usize] = values[value.0 as usize];
            }
        }
    }

    fn run_over_cells(&mut self, cells: usize, plan: &Plan, program: &Program) {
        let mut values = vec![];
        for index in 0..cells {
            evaluate(program, &self.cell(plan, &[], index, 0), &mut values);
            store(program, &values, index, &mut self.arrays);
        }
    }
}

/// What steps the cells of a population, if anything does.
pub fn programs(population: &PopulationPlan) -> Option<&CellPrograms> {
    match &population.dynamics {
        Dynamics::Cells(programs) => Some(programs),
        Dynamics::SpikeTimes { traces, .. } => traces.as_deref(),
    }
}

/// The cells that spike at a tick, of (tick, cell) ascending.
fn due(times: &[(i64, u32)], tick: i64) -> Vec<u32> {
    let first = times.partition_point(|(at, _)| *at < tick);
    times[first..].iter().take_while(|(at, _)| *at == tick).map(|(_, cell)| *cell).collect()
}

fn fault(before: &[Vec<Value>], index: usize, arrivals: &[Vec<f64>]) -> CellFault {
    CellFault {
        cell: index as u32,
        arrays: before.iter().map(|array| array[index].number()).collect(),
        arrivals: arrivals.iter().map(|port| port[index]).collect(),
    }
}

/// A cell that failed a check, and what went into its step.
pub struct CellFault {
    cell: u32,
    arrays: Vec<f64>,
    arrivals: Vec<f64>,
}

impl CellFault {
    /// The fault, of this population at this tick.
    pub fn at(self, population: u32, tick: i64) -> Fault {
        Fault { population, cell: self.cell, tick, arrays: self.arrays, arrivals: self.arrivals }
    }
}

/// The first check of a program that fails with these values.
pub fn failed_check<'a>(program: &'a Program, values: &[Value]) -> Option<&'a Check> {
    program.checks.iter().find(|check| match (check.kind, values[check.value.0 as usize]) {
        (CheckKind::Finite, value) => !value.float().is_finite(),
        (CheckKind::Overflow | CheckKind::Range | CheckKind::Redraw, value) => value.truth(),
    })
}

fn store(program: &Program, values: &[Value], index: usize, arrays: &mut [Vec<Value>]) {
    for output in &program.outputs {
        if let Output::Array(array, value) = output {
            arrays[array.0 as usize][index] = values[value.0 as usize];
        }
    }
}
