//! The flow phase of the naive engine: every synapse of every flow, one by one.
//!
//! In: the arrays of a tick that was made. Out: the arrays of [`Role::Flow`], and what flows to later
//! ticks. The phase is described at [`circ_plan::plan::Flow`].

use std::sync::Arc;

use circ_numerics::random::Counter;
use circ_plan::engine::{Engine, Synapses, Values};
use circ_plan::ir::*;
use circ_plan::plan::*;

use super::Interpreter;
use super::apply::{Value, round_to};
use super::engine::{Target, positions};
use super::mail::{Contribution, sums};
use super::scalar::{World, element, result};

impl Interpreter {
    /// The flow phase of a tick.
    pub(super) fn flow(&mut self, tick: i64) {
        let plan = Arc::clone(&self.plan);
        let flows =
            || plan.projections.iter().enumerate().filter_map(|(at, p)| Some((at, p, p.flow.as_ref()?)));
        self.take_flow(tick);
        let stages = flows().map(|(.., flow)| flow.stage + 1).max().unwrap_or(0);
        for stage in 0..stages {
            let carried: Vec<(i64, Contribution)> = flows()
                .filter(|(.., flow)| flow.stage == stage)
                .flat_map(|(at, projection, flow)| self.carried(at, projection, flow))
                .collect();
            for (delay, contribution) in carried {
                self.flowing.send(tick + delay, contribution);
            }
            self.take_flow(tick);
        }
        // What earlier phases sent to this one is needed again where it is made anew.
        self.flowing.forget(tick - 1);
    }

    /// The flow phase of the present tick in place of the one that was made.
    pub(super) fn flow_again(&mut self) {
        self.flowing.take_back(self.tick());
        self.flow(self.tick());
    }

    /// Gives every flow array the sum of what was sent to a tick so far.
    fn take_flow(&mut self, tick: i64) {
        let plan = Arc::clone(&self.plan);
        for (state, population) in self.states.iter_mut().zip(&plan.populations) {
            for (array, values) in population.arrays.iter().zip(&mut state.arrays) {
                if array.role == Role::Flow {
                    values.fill(Value::Float(0.0));
                }
            }
        }
        let due = self.flowing.at(tick).to_vec();
        for ((population, array, cell), sum) in sums(due, |p| plan.populations[p as usize].precision) {
            self.states[population as usize].arrays[array as usize][cell as usize] = Value::Float(sum);
        }
    }

    /// What a flow carries now, with its delays.
    fn carried(&self, at: usize, projection: &ProjectionPlan, flow: &Flow) -> Vec<(i64, Contribution)> {
        let (sources, targets) = (positions(&projection.source), positions(&projection.target));
        let columns = |columns: &[Vec<FlowColumn>], cells: &[Target]| -> Vec<Vec<Value>> {
            let of_cell = |cell: &Target| {
                columns.iter().map(|column| self.column(column[cell.segment], cell.cell)).collect()
            };
            cells.iter().map(of_cell).collect()
        };
        let learned = projection.learning.is_some().then(|| {
            let plastic = self.plastic(at as u32);
            let delays = plastic.axonal.iter().zip(&plastic.dendritic);
            Synapses {
                weight: Values::Each(self.synapse_array(at as u32, ArrayId(0))),
                delay: Values::Each(delays.map(|(axonal, dendritic)| (axonal + dendritic) as f64).collect()),
                ..self.synapses[at].clone()
            }
        });
        let synapses = learned.as_ref().unwrap_or(&self.synapses[at]);
        let carrier = Carrier {
            plan: &self.plan,
            projection,
            flow,
            synapses,
            pre: columns(&flow.pre, &sources),
            post: columns(&flow.post, &targets),
            tick: self.tick(),
        };
        // Stages come before declarations.
        let rank = self.rank(Sender::Projection(at as u32)) + flow.stage * self.plan.order.len() as u32;
        let values = match &flow.factor {
            Some(factor) if synapses.broadcast => carrier.factored(factor, &sources, &targets),
            _ if synapses.broadcast => carrier.all_pairs(&sources, &targets),
            _ => carrier.each(),
        };
        let contribution = |(source, target, synapse, delay, value): Carried| {
            let Target { segment, population, cell } = targets[target as usize];
            let value = round_to(self.precision(population), value);
            let (port, stamp) = (flow.into[segment].0, self.tick());
            let learning = false;
            (
                delay,
                Contribution {
                    population,
                    port,
                    cell,
                    learning,
                    stamp,
                    sender: rank,
                    source,
                    synapse,
                    value,
                },
            )
        };
        values.into_iter().map(contribution).collect()
    }

    fn column(&self, column: FlowColumn, cell: u32) -> Value {
        match column {
            FlowColumn::Array(population, array) => {
                self.states[population as usize].arrays[array.0 as usize][cell as usize]
            }
            FlowColumn::Uniform(population, uniform) => {
                self.states[population as usize].uniforms[uniform.0 as usize]
            }
            FlowColumn::Constant(x) => Value::Float(x),
            FlowColumn::Observable(population, observable) => {
                let program = &self.population(population).observables[observable as usize].program;
                let value = self.observe_cell(population, observable, cell as usize);
                Value::from_number(result_type(program), self.precision(population), value)
            }
        }
    }
}

fn result_type(program: &Program) -> Ty {
    let result = program.outputs.iter().find_map(|output| match output {
        Output::Result(value) => Some(program.ty(*value)),
        _ => None,
    });
    result.expect("a verified expression has a result")
}

/// Source, target, synapse, delay in ticks, value.
type Carried = (u32, u32, u32, i64, f64);

/// A flow at a tick.
struct Carrier<'a> {
    plan: &'a Plan,
    projection: &'a ProjectionPlan,
    flow: &'a Flow,
    synapses: &'a Synapses,
    /// By position, then column.
    pre: Vec<Vec<Value>>,
    post: Vec<Vec<Value>>,
    tick: i64,
}

impl Carrier<'_> {
    fn each(&self) -> Vec<Carried> {
        (0..self.synapses.source.len())
            .map(|k| self.synapse(self.synapses.source[k], self.synapses.target[k], k as u32))
            .collect()
    }

    /// The pairs of a broadcast, numbered as its synapses would be.
    fn all_pairs(&self, sources: &[Target], targets: &[Target]) -> Vec<Carried> {
        let mut carried = vec![];
        for (source, from) in sources.iter().enumerate() {
            for (target, to) in targets.iter().enumerate() {
                if self.projection.allow_self || !same_cell(from, to) {
                    carried.push(self.synapse(source as u32, target as u32, carried.len() as u32));
                }
            }
        }
        carried
    }

    /// One value for each target: the weight times the sum over its sources.
    fn factored(&self, factor: &Program, sources: &[Target], targets: &[Target]) -> Vec<Carried> {
        let precision = factor.precision;
        let factors: Vec<f64> = (0..sources.len() as u32)
            .map(|source| result(factor, &self.world(factor, source, 0, 0)))
            .collect();
        let sum =
            |values: &mut dyn Iterator<Item = &f64>| values.fold(0.0, |sum, x| round_to(precision, sum + x));
        let (weight, delay) = (value(&self.synapses.weight, 0), value(&self.synapses.delay, 0) as i64);
        let of_target = |(target, to): (usize, &Target)| {
            let own = sources.iter().position(|from| same_cell(from, to));
            let total = match own.filter(|_| !self.projection.allow_self) {
                Some(own) => {
                    let before = sum(&mut factors[..own].iter());
                    round_to(precision, before + sum(&mut factors[own + 1..].iter().rev()))
                }
                None => sum(&mut factors.iter()),
            };
            (0, target as u32, 0, delay, round_to(precision, round_to(precision, weight) * total))
        };
        targets.iter().enumerate().map(of_target).collect()
    }

    fn synapse(&self, source: u32, target: u32, synapse: u32) -> Carried {
        let world = self.world(&self.flow.value, source, target, synapse);
        let delay = value(&self.synapses.delay, synapse as usize) as i64;
        (source, target, synapse, delay, result(&self.flow.value, &world))
    }

    fn world(&self, program: &Program, source: u32, target: u32, synapse: u32) -> Flowing<'_> {
        Flowing { carrier: self, precision: program.precision, source, target, synapse }
    }
}

fn same_cell(a: &Target, b: &Target) -> bool {
    a.population == b.population && a.cell == b.cell
}

fn value(values: &Values, synapse: usize) -> f64 {
    match values {
        Values::One(x) => *x,
        Values::Each(values) => values[synapse],
    }
}

/// A synapse that something flows through.
struct Flowing<'a> {
    carrier: &'a Carrier<'a>,
    precision: Precision,
    source: u32,
    target: u32,
    synapse: u32,
}

impl World for Flowing<'_> {
    fn load(&self, side: Side, array: ArrayId) -> Value {
        let value = match side {
            Side::Pre => self.carrier.pre[self.source as usize][array.0 as usize],
            Side::Own | Side::Post => self.carrier.post[self.target as usize][array.0 as usize],
        };
        match value {
            Value::Float(x) => Value::Float(round_to(self.precision, x)),
            other => other,
        }
    }
    fn uniform(&self, _: UniformId) -> Value {
        panic!("a verified flow reads shared values as columns")
    }
    fn arrival(&self, _: PortId) -> f64 {
        panic!("a verified flow reads ports as columns")
    }
    fn index(&self, side: Side) -> i64 {
        i64::from(match side {
            Side::Pre => self.source,
            Side::Own | Side::Post => self.target,
        })
    }
    fn now(&self) -> i64 {
        self.carrier.tick
    }
    fn time(&self, _: Moment) -> f64 {
        self.carrier.tick as f64 * self.carrier.plan.dt
    }
    fn table(&self, table: TableId, row: i64, column: i64) -> f64 {
        element(&self.carrier.plan.tables[table.0 as usize], row, column)
    }
    fn edge(&self, _: u32) -> f64 {
        panic!("a verified flow reads no connection table")
    }
    fn weight(&self) -> f64 {
        value(&self.carrier.synapses.weight, self.synapse as usize)
    }
    fn draw(&self, _: KeyId) -> ([u32; 2], Counter) {
        panic!("a verified flow draws nothing")
    }
}
