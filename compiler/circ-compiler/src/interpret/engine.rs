//! The naive second engine: a plan, run cell by cell and synapse by synapse.
//!
//! In: a plan and the synapses of its projections. Out: everything that [`Engine`] promises. It shares
//! with the runtime the built network, the random generator and the mathematics, and nothing else: no
//! ring buffers, windows, threads, compiled or folded kernels.
//!
//! Making tick `n`, for all populations at once:
//! 1. Drives make their events of tick `n` (stamp `n`), which arrive `delay` ticks later, perhaps now.
//! 2. What is due at `n` is summed for each port of each cell.
//! 3. Every cell makes its step by the reference program (at tick 0 by `reference_start`).
//! 4. Spikes of tick `n` (stamp `n`) are put on their way; delays are at least one tick.
//! 5. What flows is carried, in the flow phase (module `flow`).
//! 6. Probes look at the new state.
//!
//! If a cell fails a check, the tick is not made: the present state stays that of tick `n - 1`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use circ_numerics::Distribution;
use circ_numerics::random::{Counter, Stream, draw};
use circ_plan::engine::*;
use circ_plan::ir::*;
use circ_plan::plan::*;

use super::apply::{Value, round_to};
use super::mail::{Contribution, Mail, product, sums};
use super::scalar::{Cell, result};
use super::state::{Made, State};

/// A plan being run.
pub struct Interpreter {
    pub(super) plan: Arc<Plan>,
    /// By projection.
    pub(super) synapses: Vec<Synapses>,
    pub(super) states: Vec<State>,
    /// By drive, then `UniformId`.
    drive_uniforms: Vec<Vec<Value>>,
    mail: Mail,
    /// What flows, by tick; the port of a contribution is an array here.
    pub(super) flowing: Mail,
    tick: i64,
    /// Whether anything that may flow was changed since the present tick was made.
    changed: bool,
    probes: Vec<(Probe, Samples)>,
}

impl Interpreter {
    /// Instantiates the populations of a plan. `synapses` are those of `plan.projections`, in order.
    pub fn new(plan: Arc<Plan>, synapses: Vec<Synapses>) -> Interpreter {
        assert!(synapses.len() == plan.projections.len(), "every projection has its synapses");
        let slots = |drive: &DrivePlan| {
            let value = |u: &UniformPlan| Value::from_number(u.ty, Precision::F64, u.value);
            drive.uniforms.iter().map(value).collect()
        };
        Interpreter {
            states: plan.populations.iter().map(|population| State::new(&plan, population)).collect(),
            drive_uniforms: plan.drives.iter().map(slots).collect(),
            synapses,
            mail: Mail::default(),
            flowing: Mail::default(),
            tick: -1,
            changed: false,
            probes: vec![],
            plan,
        }
    }

    fn make_tick(&mut self, tick: i64) -> Result<(), Fault> {
        let plan = Arc::clone(&self.plan);
        let events = self.drive_events(tick);
        let arrived_now = events.iter().filter(|(arrival, _)| *arrival == tick).map(|(_, c)| *c);
        let due: Vec<Contribution> = self.mail.at(tick).iter().copied().chain(arrived_now).collect();
        let arrivals = self.arrivals(due);

        let mut made: Vec<Made> = vec![];
        for (at, (state, arrivals)) in self.states.iter().zip(&arrivals).enumerate() {
            let step = state.make(&plan, &plan.populations[at], tick, arrivals);
            made.push(step.map_err(|fault| fault.at(at as u32, tick))?);
        }
        // Only now does anything change: a tick with a fault can be tried again.
        for (state, made) in self.states.iter_mut().zip(made) {
            state.arrays = made.arrays;
            for (all, new) in state.events.iter_mut().zip(made.events) {
                all.extend(new.into_iter().map(|cell| (tick, cell)));
            }
        }
        for (arrival, contribution) in events {
            self.mail.send(arrival, contribution);
        }
        self.mail.forget(tick);
        self.send_spikes(tick);
        self.tick = tick;
        self.flow(tick);
        self.sample();
        Ok(())
    }

    /// The sums of these contributions, by population, then `PortId`, then cell; 0 where there is none.
    fn arrivals(&self, contributions: Vec<Contribution>) -> Vec<Vec<Vec<f64>>> {
        let silence = |p: &PopulationPlan| vec![vec![0.0; p.cells as usize]; p.ports.len()];
        let mut arrivals: Vec<Vec<Vec<f64>>> = self.plan.populations.iter().map(silence).collect();
        for ((population, port, cell), sum) in sums(contributions, |p| self.precision(p)) {
            arrivals[population as usize][port as usize][cell as usize] = sum;
        }
        arrivals
    }

    /// The rank of a sender in the order of declaration.
    pub(super) fn rank(&self, sender: Sender) -> u32 {
        let rank = self.plan.order.iter().position(|other| *other == sender);
        rank.expect("every sender has its place in the order") as u32
    }

    /// All contributions of drive events of a tick, with the tick of their arrival.
    fn drive_events(&self, tick: i64) -> Vec<(i64, Contribution)> {
        let mut events = vec![];
        for (at, drive) in self.plan.drives.iter().enumerate() {
            if tick < drive.from_tick || drive.to_tick <= tick {
                continue;
            }
            let sender = self.rank(Sender::Drive(at as u32));
            let counts = self.drive_counts(at, drive, tick);
            for ((position, target), count) in positions(&drive.target).into_iter().enumerate().zip(counts) {
                if count == 0.0 {
                    continue;
                }
                // The weight is that of tick 0 for the same slots: it belongs to the cell, not to the event.
                let weight = self.quantity(at, drive, &drive.weight, position, 0);
                let value = product(self.precision(target.population), count, weight);
                let port = drive.ports[target.segment].0;
                let (population, cell) = (target.population, target.cell);
                let (source, synapse) = (0, 0);
                let event =
                    Contribution { population, port, cell, stamp: tick, sender, source, synapse, value };
                events.push((tick + drive.delay_ticks, event));
            }
        }
        events
    }

    /// How many events each target of a drive gets from a tick.
    fn drive_counts(&self, at: usize, drive: &DrivePlan, tick: i64) -> Vec<f64> {
        let cells = drive.target.len();
        match &drive.kind {
            DriveKind::Poisson(mean) => (0..cells)
                .map(|position| {
                    let mean = self.quantity(at, drive, mean, position, tick);
                    let counter = Counter { entity: position as u32, partner: 0, tick: tick as u32, salt: 0 };
                    draw(Distribution::Poisson, [mean, 0.0], drive.keys[0], counter)
                })
                .collect(),
            DriveKind::Choose { count, interval_ticks } => {
                let mut counts = vec![0.0; cells];
                if tick % (*interval_ticks).max(1) == 0 {
                    for position in choose(*count as usize, cells, drive.keys[0], tick) {
                        counts[position] = 1.0;
                    }
                }
                counts
            }
            DriveKind::Times(ticks) => {
                vec![ticks.iter().filter(|at| **at == tick).count() as f64; cells]
            }
        }
    }

    /// A mean or weight of a drive at a position of its view.
    fn quantity(&self, at: usize, drive: &DrivePlan, quantity: &Quantity, position: usize, tick: i64) -> f64 {
        match quantity {
            Quantity::Constant(x) => *x,
            Quantity::Program(program) => {
                let cell = Cell {
                    arrays: &[],
                    uniforms: &self.drive_uniforms[at],
                    arrivals: &[],
                    keys: &drive.keys,
                    tables: &self.plan.tables,
                    index: position,
                    tick,
                    dt: self.plan.dt,
                };
                result(program, &cell)
            }
        }
    }

    /// Puts the spikes of a tick on their way.
    fn send_spikes(&mut self, tick: i64) {
        let plan = Arc::clone(&self.plan);
        for (at, projection) in plan.projections.iter().enumerate().filter(|(_, it)| it.flow.is_none()) {
            let sources = positions(&projection.source);
            let spiking: Vec<usize> = (0..sources.len())
                .filter(|p| self.has_event(sources[*p], projection.source_events[sources[*p].segment], tick))
                .collect();
            if spiking.is_empty() {
                continue;
            }
            let sender = self.rank(Sender::Projection(at as u32));
            let sent = if self.synapses[at].broadcast {
                let spiking: Vec<Target> = spiking.iter().map(|p| sources[*p]).collect();
                self.broadcast(projection, &self.synapses[at], &spiking)
            } else {
                self.rows(projection, &self.synapses[at], &spiking)
            };
            for (delay, contribution) in sent {
                self.mail.send(tick + delay, Contribution { stamp: tick, sender, ..contribution });
            }
        }
    }

    /// Whether a cell has this event at a tick, which is the last one made.
    fn has_event(&self, cell: Target, event: EventId, tick: i64) -> bool {
        let events = &self.states[cell.population as usize].events[event.0 as usize];
        events.binary_search(&(tick, cell.cell)).is_ok()
    }

    /// One contribution for each synapse of a spiking source, with its delay.
    fn rows(
        &self,
        projection: &ProjectionPlan,
        synapses: &Synapses,
        spiking: &[usize],
    ) -> Vec<(i64, Contribution)> {
        let targets = positions(&projection.target);
        let mut sent = vec![];
        for source in spiking {
            let first = synapses.source.partition_point(|s| (*s as usize) < *source);
            let end = synapses.source.partition_point(|s| (*s as usize) <= *source);
            for synapse in first..end {
                let target = targets[synapses.target[synapse] as usize];
                let weight =
                    product(self.precision(target.population), 1.0, value(&synapses.weight, synapse));
                let places = (*source as u32, synapse as u32);
                let delay = value(&synapses.delay, synapse) as i64;
                sent.push((delay, contribution(projection, target, places, weight)));
            }
        }
        sent
    }

    /// One contribution for each target: the number of spiking sources times the weight.
    fn broadcast(
        &self,
        projection: &ProjectionPlan,
        synapses: &Synapses,
        spiking: &[Target],
    ) -> Vec<(i64, Contribution)> {
        let (weight, delay) = (value(&synapses.weight, 0), value(&synapses.delay, 0) as i64);
        let mut sent = vec![];
        for target in positions(&projection.target) {
            let itself = |s: &&Target| s.population == target.population && s.cell == target.cell;
            let own = if projection.allow_self { 0 } else { spiking.iter().filter(itself).count() };
            let count = spiking.len() - own;
            if 0 < count {
                let sum = product(self.precision(target.population), count as f64, weight);
                sent.push((delay, contribution(projection, target, (0, 0), sum)));
            }
        }
        sent
    }

    fn sample(&mut self) {
        for at in 0..self.probes.len() {
            let probe = self.probes[at].0.clone();
            let since = self.tick - probe.first_tick;
            if since < 0 || since % probe.interval_ticks.max(1) != 0 {
                continue;
            }
            let values: Vec<f64> = probe
                .cells
                .iter()
                .map(|cell| self.observe_cell(probe.population, probe.observable, *cell as usize))
                .collect();
            self.probes[at].1.take(probe.keep, self.tick, &values);
        }
    }

    /// Before tick 0 an observable has the value of the initial state, at time 0.
    pub(super) fn observe_cell(&self, population: u32, observable: u32, cell: usize) -> f64 {
        let plan = &self.plan.populations[population as usize];
        let state = &self.states[population as usize];
        let world = state.cell(&self.plan, plan, &[], cell, self.tick.max(0));
        result(&plan.observables[observable as usize].program, &world)
    }

    pub(super) fn population(&self, population: u32) -> &PopulationPlan {
        &self.plan.populations[population as usize]
    }
}

impl Engine for Interpreter {
    fn tick(&self) -> i64 {
        self.tick
    }

    fn advance(&mut self, until: i64, interrupt: &AtomicBool) -> Result<(), Stop> {
        self.settle();
        while self.tick < until {
            if interrupt.load(Ordering::Relaxed) {
                return Err(Stop::Interrupted);
            }
            self.make_tick(self.tick + 1).map_err(|fault| Stop::Fault(Box::new(fault)))?;
        }
        Ok(())
    }

    fn events(&self, population: u32, event: EventId) -> Vec<(i64, u32)> {
        self.states[population as usize].events[event.0 as usize].clone()
    }

    /// Samples ticks that are made from now on.
    fn add_probe(&mut self, probe: Probe) -> ProbeId {
        self.probes.push((probe, Samples::default()));
        ProbeId(self.probes.len() as u32 - 1)
    }

    fn samples(&self, probe: ProbeId) -> Samples {
        self.probes[probe.0 as usize].1.clone()
    }

    fn observe(&self, population: u32, observable: u32) -> Vec<f64> {
        let cells = self.population(population).cells as usize;
        (0..cells).map(|cell| self.observe_cell(population, observable, cell)).collect()
    }

    fn array(&self, population: u32, array: ArrayId) -> Vec<f64> {
        let values = &self.states[population as usize].arrays[array.0 as usize];
        values.iter().map(|value| value.number()).collect()
    }

    fn uniform(&self, population: u32, uniform: UniformId) -> f64 {
        self.states[population as usize].uniforms[uniform.0 as usize].number()
    }

    fn set_uniform(&mut self, population: u32, uniform: UniformId, value: f64) {
        let plan = Arc::clone(&self.plan);
        let of = &plan.populations[population as usize];
        let state = &mut self.states[population as usize];
        let ty = of.uniforms[uniform.0 as usize].ty;
        state.uniforms[uniform.0 as usize] = Value::from_number(ty, of.precision, value);
        state.derive(&plan, of);
        self.changed = true;
    }

    fn set_array(&mut self, population: u32, array: ArrayId, values: &[(u32, f64)]) {
        let plan = Arc::clone(&self.plan);
        let of = &plan.populations[population as usize];
        let state = &mut self.states[population as usize];
        let ty = of.arrays[array.0 as usize].ty;
        for (cell, value) in values {
            state.arrays[array.0 as usize][*cell as usize] = Value::from_number(ty, of.precision, *value);
        }
        state.derive(&plan, of);
        self.changed = true;
    }

    /// Holds for events of ticks that are made from now on.
    fn set_drive(&mut self, drive: u32, uniform: UniformId, value: f64) {
        let ty = self.plan.drives[drive as usize].uniforms[uniform.0 as usize].ty;
        self.drive_uniforms[drive as usize][uniform.0 as usize] =
            Value::from_number(ty, Precision::F64, value);
    }

    fn settle(&mut self) {
        if std::mem::take(&mut self.changed) && 0 <= self.tick {
            self.flow_again();
        }
    }

    fn visit_synapses(&self, projection: u32, visit: &mut (dyn FnMut(&Synapses) + Send)) {
        visit(&self.synapses[projection as usize]);
    }

    fn scale_weights(&mut self, projection: u32, sources: &[bool], factors: &[f64]) {
        let synapses = &mut self.synapses[projection as usize];
        let Values::Each(weights) = &mut synapses.weight else {
            panic!("lowering gives a weight to each synapse that is scaled");
        };
        for (k, weight) in weights.iter_mut().enumerate() {
            if sources[synapses.source[k] as usize] {
                let scaled = *weight * factors[synapses.target[k] as usize];
                *weight = round_to(self.plan.projections[projection as usize].store, scaled);
            }
        }
        self.changed = true;
    }

    fn observe_synapses(&self, _projection: u32, _observable: u32) -> Vec<f64> {
        unreachable!("no plan has a projection that learns")
    }

    fn synapse_array(&self, _projection: u32, _array: ArrayId) -> Vec<f64> {
        unreachable!("no plan has a projection that learns")
    }

    fn add_synapse_probe(&mut self, _probe: SynapseProbe) -> ProbeId {
        unreachable!("no plan has a projection that learns")
    }

    fn set_synapses(&mut self, _projection: u32, _array: ArrayId, _values: &[(u32, f64)]) {
        unreachable!("no plan has a projection that learns")
    }

    fn learning_slot(&self, _projection: u32, _uniform: UniformId) -> f64 {
        unreachable!("no plan has a projection that learns")
    }

    fn set_learning_slot(&mut self, _projection: u32, _uniform: UniformId, _value: f64) {
        unreachable!("no plan has a projection that learns")
    }

    fn in_flight(&self, population: u32, port: u32) -> Vec<(i64, u32, f64)> {
        self.mail.to_port(population, port, self.precision(population))
    }

    fn flowing(&self, population: u32, array: ArrayId) -> Vec<(i64, u32, f64)> {
        let sums = self.flowing.to_port(population, array.0, self.precision(population));
        sums.into_iter().filter(|(tick, ..)| self.tick < *tick).collect()
    }

    fn precision(&self, population: u32) -> Precision {
        self.population(population).precision
    }
}

/// A cell of a view, and the segment that it is in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target {
    pub segment: usize,
    pub population: u32,
    pub cell: u32,
}

/// The cells of a view, by position.
pub(super) fn positions(view: &View) -> Vec<Target> {
    let of_segment = |(segment, s): (usize, &Segment)| {
        let population = s.population;
        let cells: Vec<u32> = (0..s.cells.len()).map(|position| s.cells.get(position)).collect();
        cells.into_iter().map(move |cell| Target { segment, population, cell })
    };
    view.segments.iter().enumerate().flat_map(of_segment).collect()
}

/// A contribution through a projection; its stamp and sender are for the caller to fill in.
fn contribution(
    projection: &ProjectionPlan,
    target: Target,
    (source, synapse): (u32, u32),
    value: f64,
) -> Contribution {
    let port = projection.ports[target.segment].0;
    let (population, cell) = (target.population, target.cell);
    Contribution { population, port, cell, stamp: 0, sender: 0, source, synapse, value }
}

fn value(values: &Values, synapse: usize) -> f64 {
    match values {
        Values::One(x) => *x,
        Values::Each(list) => list[synapse],
    }
}

/// `count` different positions below `cells`, ascending: Floyd's sampling without replacement (Bentley
/// & Floyd 1987), from the drive's words of this tick.
fn choose(count: usize, cells: usize, key: [u32; 2], tick: i64) -> Vec<usize> {
    let at = Counter { entity: 0, partner: 1, tick: tick as u32, salt: 0 };
    let mut words = Stream::new(key, at);
    let mut chosen = std::collections::BTreeSet::new();
    for last in cells.saturating_sub(count)..cells {
        let position = words.below(last as u64 + 1) as usize;
        if !chosen.insert(position) {
            chosen.insert(last);
        }
    }
    chosen.into_iter().collect()
}
