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
//! Synapses that learn do so before 2 and after 3 (module `learning`), and are rewired after 5 (module `rewire`).
//!
//! If a cell or a synapse fails a check, the tick is not made: the present state stays that of tick `n - 1`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use circ_numerics::random::trial_key;
use circ_plan::engine::*;
use circ_plan::ir::*;
use circ_plan::plan::*;
use circ_plan::snapshot::Snapshot;

use super::apply::{Value, round_to};
use super::learning::Attempt;
use super::mail::{Contribution, Mail, product, sums};
use super::past::Past;
use super::plastic::{Plastic, Scene, learning};
use super::scalar::result;
use super::state::{Made, State};

/// A plan being run.
pub struct Interpreter {
    pub(super) plan: Arc<Plan>,
    /// By projection.
    pub(super) synapses: Vec<Synapses>,
    pub(super) states: Vec<State>,
    /// By drive, then `UniformId`.
    pub(super) drive_uniforms: Vec<Vec<Value>>,
    /// By drive, then slot that each cell has its own of, then position.
    pub(super) drive_cells: Vec<Vec<Vec<Value>>>,
    pub(super) mail: Mail,
    /// What flows, by tick; the port of a contribution is an array here.
    pub(super) flowing: Mail,
    pub(super) tick: i64,
    /// Whether anything that may flow was changed since the present tick was made.
    pub(super) changed: bool,
    /// Of the projections that learn, in order.
    pub(super) plastic: Vec<Plastic>,
    pub(super) past: Past,
    /// Of projections that do not learn and whose weights were scaled: what they were, by projection.
    pub(super) unscaled: BTreeMap<u32, Values>,
    /// That draws of ticks are of.
    pub(super) trial: Option<u64>,
    probes: Vec<(Looking, Samples)>,
}

/// Who is looked at.
#[derive(Clone)]
enum Looking {
    AtCells(Probe),
    AtSynapses(SynapseProbe),
}

impl Interpreter {
    /// Instantiates the populations of a plan. `synapses` are those of `plan.projections`, in order.
    pub fn new(plan: Arc<Plan>, synapses: Vec<Synapses>) -> Interpreter {
        assert!(synapses.len() == plan.projections.len(), "every projection has its synapses");
        let slots = |drive: &DrivePlan| {
            let value = |u: &UniformPlan| Value::from_number(u.ty, Precision::F64, u.value);
            drive.uniforms.iter().map(value).collect()
        };
        let cells = |drive: &DrivePlan| {
            let of_slot = |slot: &UniformPlan| vec![Value::Float(slot.value); drive.target.len()];
            drive.of_cells.iter().map(of_slot).collect()
        };
        let states: Vec<State> =
            plan.populations.iter().map(|population| State::new(&plan, population)).collect();
        let past = Past::new(&plan, longest_look(&plan, &synapses));
        let scene = Scene { plan: &plan, states: &states, past: &past };
        let learns = |at: &usize| plan.projections[*at].learning.is_some();
        let plastic = (0..synapses.len()).filter(learns);
        let plastic = plastic.map(|at| Plastic::new(scene, at as u32, &synapses[at])).collect();
        Interpreter {
            plastic,
            past,
            states,
            drive_uniforms: plan.drives.iter().map(slots).collect(),
            drive_cells: plan.drives.iter().map(cells).collect(),
            synapses,
            mail: Mail::default(),
            flowing: Mail::default(),
            tick: -1,
            changed: false,
            unscaled: BTreeMap::new(),
            trial: None,
            probes: vec![],
            plan,
        }
    }

    fn make_tick(&mut self, tick: i64) -> Result<(), Stop> {
        let plan = Arc::clone(&self.plan);
        let events = self.drive_events(tick);
        let mut attempt = Attempt::default();
        self.learn_before(tick, &mut attempt);
        let arrive_now = events.iter().chain(&attempt.sent).filter(|(arrival, _)| *arrival == tick);
        let due: Vec<Contribution> =
            self.mail.at(tick).iter().copied().chain(arrive_now.map(|(_, c)| *c)).collect();
        let arrivals = self.arrivals(due);

        let mut made: Vec<Made> = vec![];
        for (at, (state, arrivals)) in self.states.iter().zip(&arrivals).enumerate() {
            match state.make(&plan, &plan.populations[at], tick, arrivals) {
                Ok(step) => made.push(step),
                Err(fault) => {
                    self.unlearn(attempt);
                    return Err(Stop::Fault(Box::new(fault.at(at as u32, tick))));
                }
            }
        }
        // What is needed where a synapse fails: a tick with a fault can be tried again.
        let before: Vec<Vec<Vec<Value>>> = self.take(tick, made);
        let flowing = (!self.plastic.is_empty()).then(|| self.flowing.clone());
        self.tick = tick;
        self.learn_after(tick, &mut attempt);
        self.learn_clocked(tick, &mut attempt);
        self.learn_together(tick, &mut attempt);
        self.flow(tick);
        if let Some(fault) = attempt.fault() {
            self.unlearn(attempt);
            self.put_back(tick, before);
            self.flowing = flowing.unwrap_or_default();
            self.tick = tick - 1;
            return Err(Stop::Synapse(Box::new(fault)));
        }
        let rewired = match self.decide(tick) {
            Ok(rewired) => rewired,
            Err(stop) => {
                self.unlearn(attempt);
                self.put_back(tick, before);
                self.flowing = flowing.unwrap_or_default();
                self.tick = tick - 1;
                return Err(stop);
            }
        };

        for (arrival, contribution) in events.into_iter().chain(self.learned(tick, attempt)) {
            self.mail.send(arrival, contribution);
        }
        self.rewire(tick, rewired);
        if plan.projections.iter().any(|projection| projection.rewires_flow(tick)) {
            self.flow_again();
        }
        self.mail.forget(tick);
        self.send_spikes(tick);
        if !self.plastic.is_empty() {
            self.past.keep(tick, &self.states);
        }
        self.sample();
        Ok(())
    }

    /// Takes in what the cells made; the arrays as they were.
    fn take(&mut self, tick: i64, made: Vec<Made>) -> Vec<Vec<Vec<Value>>> {
        let take = |(state, made): (&mut State, Made)| {
            for (all, new) in state.events.iter_mut().zip(made.events) {
                all.extend(new.into_iter().map(|cell| (tick, cell)));
            }
            std::mem::replace(&mut state.arrays, made.arrays)
        };
        self.states.iter_mut().zip(made).map(take).collect()
    }

    fn put_back(&mut self, tick: i64, before: Vec<Vec<Vec<Value>>>) {
        for (state, arrays) in self.states.iter_mut().zip(before) {
            state.arrays = arrays;
            for events in &mut state.events {
                events.truncate(events.partition_point(|(at, _)| *at < tick));
            }
        }
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

    /// Puts the spikes of a tick on their way.
    fn send_spikes(&mut self, tick: i64) {
        let plan = Arc::clone(&self.plan);
        let sends = |it: &ProjectionPlan| it.flow.is_none() && it.learning.is_none();
        for (at, projection) in plan.projections.iter().enumerate().filter(|(_, it)| sends(it)) {
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
            let looking = self.probes[at].0.clone();
            let (first, interval, keep) = match &looking {
                Looking::AtCells(probe) => (probe.first_tick, probe.interval_ticks, probe.keep),
                Looking::AtSynapses(probe) => (probe.first_tick, probe.interval_ticks, probe.keep),
            };
            let since = self.tick - first;
            if since < 0 || since % interval.max(1) != 0 {
                continue;
            }
            let values: Vec<f64> = match &looking {
                Looking::AtCells(probe) => {
                    let value =
                        |cell: &u32| self.observe_cell(probe.population, probe.observable, *cell as usize);
                    probe.cells.iter().map(value).collect()
                }
                Looking::AtSynapses(probe) if self.comes_and_goes(probe.projection) => {
                    let pairs = self.sampled_pairs(probe);
                    let (places, values): (Vec<u32>, Vec<f64>) = pairs.into_iter().unzip();
                    self.probes[at].1.take_row(self.tick, Row::Part(&places, &values));
                    continue;
                }
                Looking::AtSynapses(probe) => self.sampled_synapses(probe),
            };
            self.probes[at].1.take(keep, self.tick, &values);
        }
    }

    /// Forgets samples from a tick on; what is summed up stays.
    pub(super) fn forget_samples(&mut self, tick: i64) {
        for (looking, samples) in &mut self.probes {
            let (Looking::AtCells(Probe { keep, .. }) | Looking::AtSynapses(SynapseProbe { keep, .. })) =
                looking;
            if *keep == Keep::Each {
                samples.forget_from(tick);
            }
        }
    }

    /// Before tick 0 an observable has the value of the initial state, at time 0.
    pub(super) fn observe_cell(&self, population: u32, observable: u32, cell: usize) -> f64 {
        let plan = &self.plan.populations[population as usize];
        let state = &self.states[population as usize];
        let world = state.cell(&self.plan, &[], cell, self.tick.max(0));
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
            self.make_tick(self.tick + 1)?;
        }
        Ok(())
    }

    fn events(&self, population: u32, event: EventId) -> Vec<(i64, u32)> {
        self.states[population as usize].events[event.0 as usize].clone()
    }

    /// Samples ticks that are made from now on.
    fn add_probe(&mut self, probe: Probe) -> ProbeId {
        self.probes.push((Looking::AtCells(probe), Samples::default()));
        ProbeId(self.probes.len() as u32 - 1)
    }

    fn samples(&self, probe: ProbeId) -> Samples {
        self.probes[probe.0 as usize].1.clone()
    }

    fn take_samples(&mut self, probe: ProbeId) -> Samples {
        std::mem::take(&mut self.probes[probe.0 as usize].1)
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

    fn reset(&mut self, what: &Reset) {
        self.put_back_to_start(what);
    }

    /// Holds for events of ticks that are made from now on.
    fn set_drive(&mut self, drive: u32, uniform: UniformId, value: f64) {
        let ty = self.plan.drives[drive as usize].uniforms[uniform.0 as usize].ty;
        self.drive_uniforms[drive as usize][uniform.0 as usize] =
            Value::from_number(ty, Precision::F64, value);
    }

    fn set_drive_cells(&mut self, drive: u32, slot: ArrayId, values: &[f64]) {
        let held = &mut self.drive_cells[drive as usize][slot.0 as usize];
        *held = values.iter().map(|value| Value::Float(*value)).collect();
    }

    fn settle(&mut self) {
        if std::mem::take(&mut self.changed) && 0 <= self.tick {
            self.flow_again();
        }
    }

    fn visit_synapses(&self, projection: u32, visit: &mut (dyn FnMut(&Synapses) + Send)) {
        match self.plan.projections[projection as usize].learning {
            Some(_) => visit(&self.present_synapses(self.plastic(projection))),
            None => visit(&self.synapses[projection as usize]),
        }
    }

    fn scale_weights(&mut self, projection: u32, sources: &[bool], factors: &[f64]) {
        if self.plan.projections[projection as usize].learning.is_some() {
            self.changed = true;
            return self.scale_plastic(projection, sources, factors);
        }
        let synapses = &mut self.synapses[projection as usize];
        self.unscaled.entry(projection).or_insert_with(|| synapses.weight.clone());
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

    fn observe_synapses(&self, projection: u32, observable: u32) -> Vec<f64> {
        let synapses = 0..self.plastic(projection).len();
        synapses.map(|synapse| self.observe_synapse(projection, observable, synapse)).collect()
    }

    fn synapse_array(&self, projection: u32, array: ArrayId) -> Vec<f64> {
        self.plastic(projection).arrays[array.0 as usize].iter().map(|value| value.number()).collect()
    }

    /// Samples ticks that are made from now on.
    fn add_synapse_probe(&mut self, probe: SynapseProbe) -> ProbeId {
        self.probes.push((Looking::AtSynapses(probe), Samples::default()));
        ProbeId(self.probes.len() as u32 - 1)
    }

    fn set_synapses(&mut self, projection: u32, array: ArrayId, values: &[(u32, f64)]) {
        self.set_held(projection, array, values);
        self.changed = true;
    }

    fn restart_synapses(&mut self, projection: u32, array: ArrayId) {
        let plastic = self.settled(projection);
        plastic.arrays[array.0 as usize].clone_from(&plastic.initial[array.0 as usize]);
        self.changed = true;
    }

    fn learning_slot(&self, projection: u32, uniform: UniformId) -> f64 {
        self.plastic(projection).uniforms[uniform.0 as usize].number()
    }

    fn set_learning_slot(&mut self, projection: u32, uniform: UniformId, value: f64) {
        let plan = Arc::clone(&self.plan);
        let learning = learning(&plan, projection);
        let ty = learning.uniforms[uniform.0 as usize].ty;
        let value = Value::from_number(ty, learning.precision, value);
        self.settled(projection).uniforms[uniform.0 as usize] = value;
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

    fn snapshot(&mut self) -> Snapshot {
        self.present_state()
    }

    fn restore(&mut self, snapshot: &Snapshot) {
        self.go_on_from(snapshot);
    }

    fn key_draws(&mut self, trial: Option<u64>) {
        self.trial = trial;
        let all = |keys: &[[u32; 2]]| keys.iter().map(|key| trial_key(*key, trial)).collect();
        for (state, population) in self.states.iter_mut().zip(&self.plan.populations) {
            state.keys = all(&population.keys);
        }
        for plastic in &mut self.plastic {
            plastic.keys = all(&learning(&self.plan, plastic.projection).keys);
        }
    }

    fn put_samples(&mut self, probe: ProbeId, samples: Samples) {
        self.probes[probe.0 as usize].1 = samples;
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
    Contribution { population, port, cell, learning: false, stamp: 0, sender: 0, source, synapse, value }
}

/// How many ticks ago learning synapses see their cells at most.
fn longest_look(plan: &Plan, synapses: &[Synapses]) -> i64 {
    let longest = |values: &Values| match values {
        Values::One(ticks) => *ticks as i64,
        Values::Each(ticks) => ticks.iter().map(|ticks| *ticks as i64).max().unwrap_or(0),
    };
    let of = |(projection, synapses): (&ProjectionPlan, &Synapses)| {
        let learned = (projection.learning.as_ref()?.longest.unwrap_or(0.0) / plan.dt).round() as i64;
        let rewire = projection.learning.as_ref()?.rewire.iter();
        let new = rewire.flat_map(|it| it.delays.ways()).map(|way| i64::from(way.range.1)).max();
        Some(longest(&synapses.delay).max(longest(&synapses.back)).max(learned).max(new.unwrap_or(0)))
    };
    // What steps see of a tick, a modulator shows of the tick before.
    plan.projections.iter().zip(synapses).filter_map(of).max().unwrap_or(0).max(2)
}

fn value(values: &Values, synapse: usize) -> f64 {
    match values {
        Values::One(x) => *x,
        Values::Each(list) => list[synapse],
    }
}
