//! One cell of a population by itself, outside of any network: what a step makes of its state.
//!
//! In: the plan of a population. Out: steps of its first cell, by the reference program. Lints ask it small questions
//! about the dynamics: where the cell rests, what a small change of its state becomes.

use crate::interpret::state::{State, failed_check};
use crate::interpret::{Value, scalar};
use crate::kernel::ops::operands;
use circ_plan::ir::{Op, Output, Precision, Program, Ty};
use circ_plan::plan::{Dynamics, Observable, Plan, PopulationPlan, Role};

/// The first cell of a population, at its initial state.
pub struct OneCell<'a> {
    plan: &'a Plan,
    population: &'a PopulationPlan,
    state: State,
    /// Of the step, once it was made: what is made of constants and shared parameters stays.
    values: Vec<Value>,
    /// The operations that do not.
    changing: Vec<usize>,
    /// By port.
    arrivals: Vec<Vec<f64>>,
}

/// What a step made.
pub struct Step {
    /// By `ArrayId`.
    pub arrays: Vec<Value>,
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
            let state = State::of_first(1, plan, population);
            let arrivals = vec![vec![0.0]; population.ports.len()];
            OneCell { plan, population, state, values: vec![], changing: vec![], arrivals }
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
        for (array, value) in self.state.arrays.iter_mut().zip(step.arrays) {
            array[0] = value;
        }
    }

    /// A step with an arrival of this size at this port; `None` where a check fails.
    pub fn step(&mut self, tick: i64, arrival: Option<(usize, f64)>) -> Option<Step> {
        let Dynamics::Cells(programs) = &self.population.dynamics else { return None };
        let program = &programs.reference_step;
        for (port, arrives) in self.arrivals.iter_mut().enumerate() {
            arrives[0] = arrival.filter(|(at, _)| *at == port).map_or(0.0, |(_, weight)| weight);
        }
        let world = self.state.cell(self.plan, &self.arrivals, 0, tick);
        if self.values.is_empty() {
            scalar::evaluate(program, &world, &mut self.values);
            self.changing = changing(program);
        } else {
            for at in &self.changing {
                self.values[*at] =
                    scalar::value_of(program.precision, &program.ops[*at], &self.values, &world);
            }
        }
        if failed_check(program, &self.values).is_some() {
            return None;
        }
        let mut arrays: Vec<Value> = self.state.arrays.iter().map(|array| array[0]).collect();
        let (mut event, mut spike) = (false, false);
        for output in &program.outputs {
            match output {
                Output::Array(array, value) => arrays[array.0 as usize] = self.values[value.0 as usize],
                Output::Event(id, mask) if self.values[mask.0 as usize].truth() => {
                    event = true;
                    spike |= self.population.events[id.0 as usize].name == "spike";
                }
                Output::Event(..) | Output::Uniform(..) | Output::Result(_) => {}
            }
        }
        Some(Step { arrays, event, spike })
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
                let difference = after.arrays[*other].number() - before.arrays[*other].number();
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
        let cell = self.state.cell(self.plan, &[], 0, TICK);
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

/// The operations of a step that another step may give another value.
fn changing(program: &Program) -> Vec<usize> {
    let mut changes = vec![false; program.ops.len()];
    for (at, op) in program.ops.iter().enumerate() {
        let itself = matches!(
            op,
            Op::Load(..) | Op::Arrival(_) | Op::Now | Op::Time(_) | Op::Draw { .. } | Op::Redraw { .. }
        );
        changes[at] = itself || operands(op).iter().any(|operand| changes[operand.0 as usize]);
    }
    (0..changes.len()).filter(|at| changes[*at]).collect()
}

fn draws(program: &Program) -> bool {
    program.ops.iter().any(|op| matches!(op, Op::Draw { .. } | Op::Redraw { .. }))
}

/// Any tick but 0, which makes no step.
const TICK: i64 = 1;
