//! One cell of a population by itself, outside of any network: what a step makes of its state.
//!
//! In: the plan of a population. Out: steps of its first cell, by the reference program. Lints ask it small questions
//! about the dynamics: where the cell rests, what a small change of its state becomes.

use crate::interpret::{Value, scalar, state::State};
use circ_plan::ir::{Op, Precision, Program, Ty};
use circ_plan::plan::{Dynamics, Observable, Plan, PopulationPlan, Role};

/// The first cell of a population, at its initial state.
pub struct OneCell<'a> {
    plan: &'a Plan,
    population: PopulationPlan,
    state: State,
}

/// What a step made.
pub struct Step {
    pub arrays: Vec<Vec<Value>>,
    /// Whether there was an event of any kind.
    pub event: bool,
    /// Whether it spiked.
    pub spike: bool,
}

impl<'a> OneCell<'a> {
    /// `None` for a population that only plays spike times.
    pub fn new(plan: &'a Plan, index: usize) -> Option<OneCell<'a>> {
        let population = plan.populations.get(index)?;
        matches!(population.dynamics, Dynamics::Cells(_)).then(|| {
            let population = PopulationPlan { cells: 1, ..population.clone() };
            let state = State::new(plan, &population);
            OneCell { plan, population, state }
        })
    }

    /// Whether a step draws nothing.
    pub fn is_certain(&self) -> bool {
        match &self.population.dynamics {
            Dynamics::Cells(programs) => !draws(&programs.reference_step),
            Dynamics::SpikeTimes { .. } => false,
        }
    }

    /// Whether a step asks what time it is.
    pub fn follows_time(&self) -> bool {
        match &self.population.dynamics {
            Dynamics::Cells(programs) => {
                programs.reference_step.ops.iter().any(|op| matches!(op, Op::Time(_)))
            }
            Dynamics::SpikeTimes { .. } => true,
        }
    }

    /// Whether its numbers are precise enough for differences of small changes.
    pub fn is_double(&self) -> bool {
        self.population.precision == Precision::F64
    }

    /// The real variables that change: states and ports, as indices of arrays.
    pub fn variables(&self) -> Vec<usize> {
        let arrays = self.population.arrays.iter().enumerate();
        arrays
            .filter(|(_, it)| it.ty == Ty::Float && matches!(it.role, Role::State | Role::Port))
            .map(|(at, _)| at)
            .collect()
    }

    fn variable(&self, name: &str) -> Option<usize> {
        self.population.arrays.iter().position(|it| it.name == name && it.ty == Ty::Float)
    }

    pub fn port(&self, name: &str) -> Option<usize> {
        self.population.ports.iter().position(|it| it.name == name)
    }

    pub fn get(&self, variable: usize) -> f64 {
        self.state.arrays[variable][0].number()
    }

    pub fn set(&mut self, variable: usize, value: f64) {
        self.state.arrays[variable][0] = Value::Float(value);
    }

    /// Takes over what a step made.
    pub fn become_of(&mut self, step: Step) {
        self.state.arrays = step.arrays;
    }

    /// A step with an arrival of this size at this port; `None` where a check fails.
    pub fn step(&self, tick: i64, arrival: Option<(usize, f64)>) -> Option<Step> {
        let mut arrivals = vec![vec![0.0]; self.population.ports.len()];
        if let Some((port, weight)) = arrival {
            arrivals[port][0] = weight;
        }
        let made = self.state.make(self.plan, &self.population, tick, &arrivals).ok()?;
        let spike = self.population.events.iter().position(|event| event.name == "spike");
        let happened = |event: usize| !made.events[event].is_empty();
        Some(Step {
            event: (0..made.events.len()).any(happened),
            spike: spike.is_some_and(happened),
            arrays: made.arrays,
        })
    }

    /// How the values of `variables` after a step depend on those before it, row-major, by differences of this
    /// relative width; `None` where there is an event or a check fails.
    pub fn slopes(&mut self, variables: &[usize], width: f64) -> Option<Vec<f64>> {
        let n = variables.len();
        let before = self.step(TICK, None).filter(|step| !step.event)?;
        let mut slopes = vec![0.0; n * n];
        for (column, variable) in variables.iter().enumerate() {
            let value = self.get(*variable);
            let change = width * value.abs().max(1.0);
            self.set(*variable, value + change);
            let after = self.step(TICK, None);
            self.set(*variable, value);
            let after = after.filter(|step| !step.event)?;
            for (row, other) in variables.iter().enumerate() {
                let difference = after.arrays[*other][0].number() - before.arrays[*other][0].number();
                slopes[row * n + column] = difference / change;
            }
        }
        slopes.iter().all(|slope| slope.is_finite()).then_some(slopes)
    }

    /// How the slopes of these states, in units per ms, depend on the states, row-major, likewise.
    pub fn jacobian(&mut self, names: &[&str], width: f64) -> Option<Vec<f64>> {
        let n = names.len();
        let states: Vec<usize> = names.iter().filter_map(|name| self.variable(name)).collect();
        let before: Vec<f64> = names.iter().filter_map(|name| self.slope(name)).collect();
        if states.len() != n || before.len() != n {
            return None;
        }
        let mut jacobian = vec![0.0; n * n];
        for (column, state) in states.iter().enumerate() {
            let value = self.get(*state);
            let change = width * value.abs().max(1.0);
            self.set(*state, value + change);
            for (row, name) in names.iter().enumerate() {
                jacobian[row * n + column] = (self.slope(name)? - before[row]) / change;
            }
            self.set(*state, value);
        }
        jacobian.iter().all(|slope| slope.is_finite()).then_some(jacobian)
    }

    /// The value of `x'`, with nothing arriving.
    fn slope(&self, name: &str) -> Option<f64> {
        let is_slope = |it: &&Observable| it.name.strip_suffix('\'') == Some(name);
        let observable = self.population.observables.iter().find(is_slope)?;
        let cell = self.state.cell(self.plan, &self.population, &[], 0, TICK);
        Some(scalar::result(&observable.program, &cell))
    }
}

/// Whether two populations, by plan and index, make the same of the same arrivals.
pub fn alike((a, at): (&Plan, usize), (b, bt): (&Plan, usize)) -> bool {
    let (Some(left), Some(right)) = (a.populations.get(at), b.populations.get(bt)) else { return false };
    let (Dynamics::Cells(one), Dynamics::Cells(other)) = (&left.dynamics, &right.dynamics) else {
        return false;
    };
    let same = |x: &Program, y: &Program| x.ops == y.ops && x.outputs == y.outputs;
    let is_drawn = [&one.init_params, &one.init_states, &one.reference_step].into_iter().any(draws);
    a.dt == b.dt
        && (!is_drawn || left.keys == right.keys)
        && left.uniforms == right.uniforms
        && left.ports == right.ports
        && same(&one.init_params, &other.init_params)
        && same(&one.init_states, &other.init_states)
        && same(&one.reference_step, &other.reference_step)
        && a.tables == b.tables
}

fn draws(program: &Program) -> bool {
    program.ops.iter().any(|op| matches!(op, Op::Draw { .. } | Op::Redraw { .. }))
}

/// Any tick but 0, which makes no step.
const TICK: i64 = 1;
