//! The synapses of a projection that learns: what they hold, and what their programs see.
//!
//! In: the plan and the synapses as they were built. Out: their arrays, the ticks at which they see spikes and events,
//! and the [`World`] of each. The meaning is that of [`circ_plan::learning`].

use std::collections::BTreeMap;

use circ_numerics::random::Counter;
use circ_plan::engine::{SynapseFault, Synapses, Values};
use circ_plan::ir::*;
use circ_plan::learning::{Group, Learning, Signal, SynapseArray};
use circ_plan::plan::*;

use super::apply::{Value, clamp_tick, round_to};
use super::engine::{Target, positions};
use super::learning::result_of;
use super::past::Past;
use super::scalar::{World, element, evaluate};
use super::state::{State, failed_check};

/// Everything that synapses see but do not hold.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    pub plan: &'a Plan,
    pub states: &'a [State],
    pub past: &'a Past,
}

/// The synapses of one projection; lists without another word are by synapse.
#[derive(Clone, Debug)]
pub struct Plastic {
    /// Index of the projection.
    pub projection: u32,
    /// By `ArrayId`, then synapse.
    pub arrays: Vec<Vec<Value>>,
    /// What they held when each began.
    pub initial: Vec<Vec<Value>>,
    pub uniforms: Vec<Value>,
    /// Of draws, by `KeyId`.
    pub keys: Vec<[u32; 2]>,
    /// Positions in the views.
    pub source: Vec<u32>,
    pub target: Vec<u32>,
    pub dendritic: Vec<i64>,
    pub back: Vec<i64>,
    /// The axonal delay at first.
    pub axonal: Vec<i64>,
    /// Which synapse of its pair: 0 for the first.
    pub occurrence: Vec<u32>,
    /// Rows of the connection table, if there is one.
    pub rows: Vec<u32>,
    /// Of shared weights: the group; else empty.
    pub group: Vec<u32>,
    /// The cells of the views, by position.
    pub sources: Vec<Target>,
    pub targets: Vec<Target>,
    /// By column of the target's side: the cells of a modulator, by position.
    pub modulators: Vec<Vec<Target>>,
    /// Which synapses there are, by position of the source, and of the target.
    pub of_source: Vec<Vec<u32>>,
    pub of_target: Vec<Vec<u32>>,
    /// What synapses see at later ticks: by tick, then synapse.
    pub due: BTreeMap<i64, BTreeMap<u32, Due>>,
}

/// What a synapse sees at a tick.
#[derive(Clone, Debug, Default)]
pub struct Due {
    /// Of its source: in order of the stamp.
    pub spikes: Vec<Spike>,
    /// Of its target.
    pub events: Vec<EventId>,
    /// Hooks, by place in the list, whose modulator had its event.
    pub modulators: Vec<usize>,
}

/// A spike that reaches a synapse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spike {
    pub stamp: i64,
    /// Ticks that it took.
    pub axonal: i64,
}

/// A program of a synapse and what its columns are counted from.
#[derive(Clone, Copy, Debug)]
pub struct Moments {
    /// The tick that is made.
    pub now: i64,
    /// The tick that the sides are seen from.
    pub from: i64,
    /// How long ago the source is seen.
    pub axonal: i64,
}

impl Plastic {
    /// The synapses of a projection before tick 0.
    pub fn new(scene: Scene, projection: u32, synapses: &Synapses) -> Plastic {
        let plan = &scene.plan.projections[projection as usize];
        let learning = learning(scene.plan, projection);
        let count = synapses.source.len();
        let each = |values: &Values| -> Vec<i64> {
            match values {
                Values::One(ticks) => vec![*ticks as i64; count],
                Values::Each(ticks) => ticks.iter().map(|ticks| *ticks as i64).collect(),
            }
        };
        let (delay, dendritic) = (each(&synapses.delay), each(&synapses.dendritic));
        let mut plastic = Plastic {
            projection,
            arrays: learning.arrays.iter().map(|array| vec![held(array, 0.0); count]).collect(),
            initial: vec![],
            uniforms: learning
                .uniforms
                .iter()
                .map(|u| Value::from_number(u.ty, learning.precision, u.value))
                .collect(),
            keys: learning.keys.clone(),
            axonal: delay.iter().zip(&dendritic).map(|(all, b)| all - b).collect(),
            dendritic,
            back: each(&synapses.back),
            occurrence: occurrences(&synapses.source, &synapses.target),
            rows: synapses.rows.clone(),
            group: synapses.group.clone(),
            sources: positions(&plan.source),
            targets: positions(&plan.target),
            modulators: learning.post.iter().map(modulators).collect(),
            of_source: grouped(&synapses.source, plan.source.len()),
            of_target: grouped(&synapses.target, plan.target.len()),
            source: synapses.source.clone(),
            target: synapses.target.clone(),
            due: BTreeMap::new(),
        };
        for k in 0..count {
            let weight = match &synapses.weight {
                Values::One(weight) => *weight,
                Values::Each(weights) => weights[k],
            };
            plastic.arrays[0][k] = held(&learning.arrays[0], weight);
            if let Some(delay) = learning.delay {
                let ms = plastic.axonal[k] as f64 * scene.plan.dt;
                plastic.arrays[delay.0 as usize][k] = held(&learning.arrays[delay.0 as usize], ms);
            }
            plastic.settle_one(scene, &learning.init, k, 0);
        }
        plastic.keep_keys(scene);
        plastic.initial.clone_from(&plastic.arrays);
        plastic
    }

    /// What all have in common with others, before tick 0, where that is kept.
    fn keep_keys(&mut self, scene: Scene) {
        let rewire = &learning(scene.plan, self.projection).rewire;
        let Some(Group { key, array }) = rewire.as_ref().and_then(|it| it.group.as_ref()) else { return };
        for synapse in 0..self.len() {
            let moments = Moments { now: 0, from: 0, axonal: self.axonal(scene.plan, synapse) };
            let (values, _) = self.run(scene, key, synapse, moments);
            self.set(scene.plan, *array, synapse as u32, result_of(key, &values).number());
        }
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.source.len()
    }

    /// The axonal delay of a synapse as it is, in ticks.
    pub fn axonal(&self, plan: &Plan, synapse: usize) -> i64 {
        let learning = learning(plan, self.projection);
        let (Some(delay), Some(longest)) = (learning.delay, learning.longest) else {
            return self.axonal[synapse];
        };
        let ticks = |ms: f64| (ms / plan.dt).round() as i64;
        let least = (1 - self.dendritic[synapse]).max(0);
        ticks(self.arrays[delay.0 as usize][synapse].number()).min(ticks(longest)).max(least)
    }

    /// Brings all synapses to the present tick.
    pub fn settle(&mut self, scene: Scene, tick: i64) {
        let program = &learning(scene.plan, self.projection).settle;
        if !program.outputs.is_empty() {
            (0..self.len()).for_each(|k| self.settle_one(scene, program, k, tick));
        }
    }

    pub fn settle_one(&mut self, scene: Scene, program: &Program, synapse: usize, tick: i64) {
        let moments = Moments { now: tick, from: tick, axonal: self.axonal(scene.plan, synapse) };
        let mut values = vec![];
        evaluate(program, &self.world(scene, program, synapse, moments), &mut values);
        for (array, value) in self.written(scene.plan, program, &values) {
            self.arrays[array.0 as usize][synapse] = value;
        }
    }

    /// Evaluates a program. An error is the first check that failed.
    pub fn run(
        &self,
        scene: Scene,
        program: &Program,
        synapse: usize,
        moments: Moments,
    ) -> (Vec<Value>, Option<SynapseFault>) {
        let mut values = vec![];
        evaluate(program, &self.world(scene, program, synapse, moments), &mut values);
        let fault = failed_check(program, &values).map(|check| SynapseFault {
            projection: self.projection,
            source: self.source[synapse],
            target: self.target[synapse],
            tick: moments.now,
            place: check.place,
            arrays: self.arrays.iter().map(|array| array[synapse].number()).collect(),
        });
        (values, fault)
    }

    /// What a program writes, as it is held.
    pub fn written(&self, plan: &Plan, program: &Program, values: &[Value]) -> Vec<(ArrayId, Value)> {
        let arrays = &learning(plan, self.projection).arrays;
        let write = |output: &Output| match output {
            Output::Array(array, value) => {
                Some((*array, hold(&arrays[array.0 as usize], values[value.0 as usize])))
            }
            _ => None,
        };
        program.outputs.iter().filter_map(write).collect()
    }

    /// Changes an array from outside.
    pub fn set(&mut self, plan: &Plan, array: ArrayId, synapse: u32, value: f64) {
        let held = held(&learning(plan, self.projection).arrays[array.0 as usize], value);
        self.arrays[array.0 as usize][synapse as usize] = held;
    }

    fn world<'a>(
        &'a self,
        scene: Scene<'a>,
        program: &Program,
        synapse: usize,
        moments: Moments,
    ) -> AtSynapse<'a> {
        let learning = learning(scene.plan, self.projection);
        AtSynapse { scene, plastic: self, learning, precision: program.precision, synapse, moments }
    }
}

/// How the synapses of a projection learn, which do.
pub fn learning(plan: &Plan, projection: u32) -> &Learning {
    let learning = &plan.projections[projection as usize].learning;
    learning.as_deref().expect("only projections that learn have plastic synapses")
}

/// A value as an array holds it.
fn hold(array: &SynapseArray, value: Value) -> Value {
    match value {
        Value::Float(x) => Value::Float(round_to(array.store, x)),
        // Always in 32 bits.
        Value::Tick(x) => Value::Tick(clamp_tick(Precision::F32, x)),
        Value::Int(_) | Value::Bool(_) => value,
    }
}

/// A number as an array holds it.
pub fn held(array: &SynapseArray, number: f64) -> Value {
    hold(array, Value::from_number(array.ty, Precision::F64, number))
}

fn modulators(signal: &Signal) -> Vec<Target> {
    match signal {
        Signal::Target(_) => vec![],
        Signal::Modulator(cells) | Signal::Before(cells) => positions(&cells.view),
    }
}

/// Of each synapse, how many before it connect the same pair.
pub fn occurrences(sources: &[u32], targets: &[u32]) -> Vec<u32> {
    let mut last = None;
    let mut occurrence = 0;
    let of = |pair: (&u32, &u32)| {
        occurrence = if last == Some((*pair.0, *pair.1)) { occurrence + 1 } else { 0 };
        last = Some((*pair.0, *pair.1));
        occurrence
    };
    sources.iter().zip(targets).map(of).collect()
}

/// By position: the synapses that have it.
pub fn grouped(of: &[u32], positions: usize) -> Vec<Vec<u32>> {
    let mut grouped = vec![vec![]; positions];
    for (synapse, position) in of.iter().enumerate() {
        grouped[*position as usize].push(synapse as u32);
    }
    grouped
}

/// The world of a synapse.
struct AtSynapse<'a> {
    scene: Scene<'a>,
    plastic: &'a Plastic,
    learning: &'a Learning,
    precision: Precision,
    synapse: usize,
    moments: Moments,
}

impl AtSynapse<'_> {
    fn source(&self) -> u32 {
        self.plastic.source[self.synapse]
    }

    fn target(&self) -> u32 {
        self.plastic.target[self.synapse]
    }

    fn pre(&self, column: usize) -> Value {
        let cell = self.plastic.sources[self.source() as usize];
        let column = self.learning.pre[column][cell.segment];
        self.column(column, cell.cell, self.moments.from - self.moments.axonal)
    }

    fn post(&self, column: usize) -> Value {
        let (target, from) = (self.target(), self.moments.from);
        match &self.learning.post[column] {
            Signal::Target(columns) => {
                let cell = self.plastic.targets[target as usize];
                self.column(columns[cell.segment], cell.cell, from - self.plastic.back[self.synapse])
            }
            signal @ (Signal::Modulator(cells) | Signal::Before(cells)) => {
                let one = self.plastic.modulators[column].len() == 1;
                let position = if one { 0 } else { target as usize };
                let cell = self.plastic.modulators[column][position];
                let ago = i64::from(matches!(signal, Signal::Before(_)));
                self.column(cells.columns[cell.segment], cell.cell, from - ago)
            }
        }
    }

    fn column(&self, column: Column, cell: u32, tick: i64) -> Value {
        self.scene.past.value(self.scene.states, column, cell, tick)
    }
}

impl World for AtSynapse<'_> {
    fn load(&self, side: Side, array: ArrayId) -> Value {
        let value = match side {
            Side::Own => self.plastic.arrays[array.0 as usize][self.synapse],
            Side::Pre => self.pre(array.0 as usize),
            Side::Post => self.post(array.0 as usize),
        };
        match value {
            Value::Float(x) => Value::Float(round_to(self.precision, x)),
            Value::Tick(x) => Value::Tick(clamp_tick(self.precision, x)),
            Value::Int(_) | Value::Bool(_) => value,
        }
    }
    fn uniform(&self, uniform: UniformId) -> Value {
        self.plastic.uniforms[uniform.0 as usize]
    }
    fn arrival(&self, _: PortId) -> f64 {
        panic!("a verified rule reads ports as columns")
    }
    fn index(&self, side: Side) -> i64 {
        i64::from(match side {
            Side::Pre => self.source(),
            Side::Own | Side::Post => self.target(),
        })
    }
    fn now(&self) -> i64 {
        self.moments.now
    }
    fn time(&self, _: Moment) -> f64 {
        self.moments.now as f64 * self.scene.plan.dt
    }
    fn table(&self, table: TableId, row: i64, column: i64) -> f64 {
        element(&self.scene.plan.tables[table.0 as usize], row, column)
    }
    fn edge(&self, column: u32) -> f64 {
        let projection = &self.scene.plan.projections[self.plastic.projection as usize];
        projection.edges[column as usize][self.plastic.rows[self.synapse] as usize]
    }
    fn draw(&self, key: KeyId) -> ([u32; 2], Counter) {
        let occurrence = self.plastic.occurrence[self.synapse];
        let targets = self.plastic.targets.len() as u32;
        let at = Counter {
            entity: self.source(),
            partner: self.target().wrapping_add(targets.wrapping_mul(occurrence / 64)),
            tick: self.moments.now as u32,
            salt: 64 * (occurrence % 64),
        };
        (self.plastic.keys[key.0 as usize], at)
    }
}
