//! The ticks of learning synapses, one by one.
//!
//! In: a tick that is being made. Out: what synapses hold after it, and what they transmit. What a tick of a synapse is
//! says [`circ_plan::learning`]; here it is done in three parts. Before the cells make their step: what is stepped at
//! every tick, and what is transmitted without a dendritic delay. After it: all else that is transmitted, and the hooks
//! of spikes and events. Then the clocked hooks, and weights that are shared become one again (module `shared`). Only
//! synapses that see something are visited, but for what happens in all.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use circ_plan::engine::{SynapseFault, SynapseProbe, Synapses, Values};
use circ_plan::ir::*;
use circ_plan::learning::{Both, Learning, When};
use circ_plan::plan::*;

use super::Interpreter;
use super::apply::Value;
use super::engine::Target;
use super::mail::{Contribution, product};
use super::plastic::{Due, Moments, Plastic, Scene, Spike, learning};
use super::state::State;

/// What a tick did to synapses, as long as it may fail.
#[derive(Default)]
pub struct Attempt {
    /// What was overwritten: place among those that learn, array, synapse, value.
    pub(super) before: Vec<(usize, ArrayId, u32, Value)>,
    /// What was transmitted, with the tick of arrival.
    pub sent: Vec<(i64, Contribution)>,
    /// By place among those that learn: what synapses see at later ticks.
    later: Vec<Vec<(i64, u32, Seen)>>,
    /// The first by projection and synapse.
    fault: Option<(u32, usize, SynapseFault)>,
    /// The projections of which some synapse failed.
    pub(super) failed: BTreeSet<u32>,
    /// By place among those that learn, of shared weights: each before the tick.
    pub(super) common: Vec<Vec<Value>>,
}

/// What a synapse sees.
#[derive(Clone, Copy)]
enum Seen {
    Spike(Spike),
    Event(EventId),
    Modulator(usize),
}

impl Due {
    fn see(&mut self, seen: Seen) {
        match seen {
            Seen::Spike(spike) => {
                self.spikes.push(spike);
                self.spikes.sort_unstable();
            }
            Seen::Event(event) => self.events.push(event),
            Seen::Modulator(hook) => self.modulators.push(hook),
        }
    }
}

impl Attempt {
    fn fail(&mut self, synapse: usize, fault: SynapseFault) {
        self.failed.insert(fault.projection);
        let first = self.fault.as_ref();
        if first.is_none_or(|(projection, at, _)| (fault.projection, synapse) < (*projection, *at)) {
            self.fault = Some((fault.projection, synapse, fault));
        }
    }

    /// What went wrong, if anything did.
    pub fn fault(&mut self) -> Option<SynapseFault> {
        self.fault.take().map(|(.., fault)| fault)
    }
}

/// The synapses of one projection in a tick.
pub(super) struct Learner<'a> {
    pub(super) scene: Scene<'a>,
    pub(super) plastic: &'a mut Plastic,
    pub(super) attempt: &'a mut Attempt,
    /// Its place among those that learn.
    pub(super) place: usize,
    /// Of the projection among all senders.
    rank: u32,
    pub(super) tick: i64,
}

impl Interpreter {
    pub(super) fn learners(&mut self, tick: i64, attempt: &mut Attempt, mut each: impl FnMut(&mut Learner)) {
        let plan = Arc::clone(&self.plan);
        let ranks: Vec<u32> =
            self.plastic.iter().map(|it| self.rank(Sender::Projection(it.projection))).collect();
        attempt.later.resize(self.plastic.len(), vec![]);
        let scene = Scene { plan: &plan, states: &self.states, past: &self.past };
        for ((place, plastic), rank) in self.plastic.iter_mut().enumerate().zip(ranks) {
            each(&mut Learner { scene, plastic, attempt, place, rank, tick });
        }
    }

    /// Before the cells make their step of this tick.
    pub(super) fn learn_before(&mut self, tick: i64, attempt: &mut Attempt) {
        let shares = |it: &Plastic| learning(&self.plan, it.projection).shared.is_some();
        let weights = |it: &Plastic| if shares(it) { it.arrays[0].clone() } else { vec![] };
        attempt.common = self.plastic.iter().map(weights).collect();
        self.learners(tick, attempt, |learner| {
            if 1 <= tick {
                learner.everywhere(tick - 1, |when| *when == When::Tick);
            }
            let due = learner.plastic.due.get(&tick).cloned().unwrap_or_default();
            learner.transmit(&due, |dendritic| dendritic == 0);
        });
    }

    /// After it: their events of this tick are known.
    pub(super) fn learn_after(&mut self, tick: i64, attempt: &mut Attempt) {
        self.learners(tick, attempt, |learner| {
            let mut due = learner.plastic.due.get(&tick).cloned().unwrap_or_default();
            learner.see(&mut due);
            learner.transmit(&due, |dendritic| 0 < dendritic);
            learner.react(&due);
        });
    }

    /// After all that happens in cells.
    pub(super) fn learn_clocked(&mut self, tick: i64, attempt: &mut Attempt) {
        self.learners(tick, attempt, |learner| {
            learner.everywhere(tick, |when| match when {
                When::Every(interval) => tick != 0 && tick % interval.max(&1) == 0,
                _ => false,
            });
        });
    }

    /// Makes sure of a tick: what is sent is returned.
    pub(super) fn learned(&mut self, tick: i64, attempt: Attempt) -> Vec<(i64, Contribution)> {
        for (plastic, later) in self.plastic.iter_mut().zip(attempt.later) {
            plastic.due.remove(&tick);
            for (at, synapse, seen) in later {
                plastic.due.entry(at).or_default().entry(synapse).or_default().see(seen);
            }
        }
        attempt.sent
    }

    /// Makes a tick undone.
    pub(super) fn unlearn(&mut self, attempt: Attempt) {
        for (place, array, synapse, value) in attempt.before.into_iter().rev() {
            self.plastic[place].arrays[array.0 as usize][synapse as usize] = value;
        }
    }

    /// The plastic synapses of a projection, which learns.
    pub(super) fn plastic(&self, projection: u32) -> &Plastic {
        let found = self.plastic.iter().find(|it| it.projection == projection);
        found.expect("only projections that learn are asked for what learns")
    }

    /// Brings the synapses of a projection to the present tick, and shows them to be changed.
    pub(super) fn settled(&mut self, projection: u32) -> &mut Plastic {
        let tick = self.present();
        let scene = Scene { plan: &self.plan, states: &self.states, past: &self.past };
        let plastic = self.plastic.iter_mut().find(|it| it.projection == projection);
        let plastic = plastic.expect("only projections that learn are asked for what learns");
        plastic.settle(scene, tick);
        plastic
    }

    /// An observable of a synapse, as of the present tick.
    pub(super) fn observe_synapse(&self, projection: u32, observable: u32, synapse: usize) -> f64 {
        let (tick, plastic) = (self.present(), self.plastic(projection));
        let scene = Scene { plan: &self.plan, states: &self.states, past: &self.past };
        let program = &learning(&self.plan, projection).observables[observable as usize].program;
        let moments = Moments { now: tick, from: tick, axonal: plastic.axonal(&self.plan, synapse) };
        let (values, _) = plastic.run(scene, program, synapse, moments);
        result_of(program, &values).number()
    }

    /// What a probe finds at present.
    pub(super) fn sampled_synapses(&self, probe: &SynapseProbe) -> Vec<f64> {
        probe.synapses.iter().map(|synapse| self.sampled_synapse(probe, *synapse as usize)).collect()
    }

    fn sampled_synapse(&self, probe: &SynapseProbe, synapse: usize) -> f64 {
        match probe.observable {
            SynapseProbe::DELAY => {
                self.plastic(probe.projection).axonal(&self.plan, synapse) as f64 * self.plan.dt
            }
            observable => self.observe_synapse(probe.projection, observable, synapse),
        }
    }

    /// Whether a projection is rewired.
    pub(super) fn comes_and_goes(&self, projection: u32) -> bool {
        learning(&self.plan, projection).rewire.is_some()
    }

    /// What a probe finds at present of the pairs that are joined, each with its place in the probe.
    pub(super) fn sampled_pairs(&self, probe: &SynapseProbe) -> Vec<(u32, f64)> {
        let plastic = self.plastic(probe.projection);
        let targets = plastic.targets.len() as u32;
        let mut sums: BTreeMap<u32, f64> = BTreeMap::new();
        for k in 0..plastic.len() {
            let value = self.sampled_synapse(probe, k);
            let pair = plastic.source[k] * targets + plastic.target[k];
            sums.entry(pair).and_modify(|sum| *sum += value).or_insert(value);
        }
        let joined = |(place, pair): (u32, &u32)| sums.get(pair).map(|sum| (place, *sum));
        (0..).zip(&probe.synapses).filter_map(joined).collect()
    }

    /// Learning synapses as they are now.
    pub(super) fn present_synapses(&self, plastic: &Plastic) -> Synapses {
        let count = plastic.len();
        let projection = plastic.projection;
        let delay = |k: usize| (plastic.axonal(&self.plan, k) + plastic.dendritic[k]) as f64;
        Synapses {
            weight: Values::Each((0..count).map(|k| self.observe_synapse(projection, 0, k)).collect()),
            delay: Values::Each((0..count).map(delay).collect()),
            ..self.synapses[projection as usize].clone()
        }
    }

    /// Scales the weights of learning synapses.
    pub(super) fn scale_plastic(&mut self, projection: u32, sources: &[bool], factors: &[f64]) {
        let plan = Arc::clone(&self.plan);
        let plastic = self.settled(projection);
        for k in 0..plastic.len() {
            if !sources[plastic.source[k] as usize] {
                continue;
            }
            let scaled = plastic.arrays[0][k].number() * factors[plastic.target[k] as usize];
            plastic.set(&plan, ArrayId(0), k as u32, scaled);
        }
    }

    /// Before tick 0 all is as at tick 0.
    fn present(&self) -> i64 {
        self.tick.max(0)
    }
}

impl<'a> Learner<'a> {
    /// Runs the hooks that are due in all synapses, seen from a tick.
    fn everywhere(&mut self, from: i64, is_due: impl Fn(&When) -> bool) {
        let plan = self.scene.plan;
        for hook in learning(plan, self.plastic.projection).hooks.iter().filter(|hook| is_due(&hook.when)) {
            for synapse in 0..self.plastic.len() {
                let axonal = self.plastic.axonal(plan, synapse);
                self.run(&hook.program, synapse, Moments { now: self.tick, from, axonal });
            }
        }
    }

    /// Step 2, of the synapses with such a dendritic delay.
    fn transmit(&mut self, due: &BTreeMap<u32, Due>, which: impl Fn(i64) -> bool) {
        let plan = self.scene.plan;
        let (learning, projection) =
            (learning(plan, self.plastic.projection), &plan.projections[self.plastic.projection as usize]);
        for (synapse, due) in
            due.iter().filter(|(synapse, _)| which(self.plastic.dendritic[**synapse as usize]))
        {
            let k = *synapse as usize;
            let together = self.both(k, due).and_then(|both| both.transmit.as_ref());
            for spike in &due.spikes {
                let sent = match together.or(learning.transmit.as_ref()) {
                    Some(program) => {
                        let moments = Moments { now: self.tick, from: self.tick, axonal: spike.axonal };
                        let (values, fault) = self.plastic.run(self.scene, program, k, moments);
                        if let Some(fault) = fault {
                            self.attempt.fail(k, fault);
                        }
                        result_of(program, &values).float()
                    }
                    None => self.plastic.arrays[0][k].float(),
                };
                if sent.is_nan() {
                    continue;
                }
                let Target { segment, population, cell } =
                    self.plastic.targets[self.plastic.target[k] as usize];
                let contribution = Contribution {
                    population,
                    port: projection.ports[segment].0,
                    cell,
                    learning: true,
                    stamp: spike.stamp,
                    sender: self.rank,
                    source: self.plastic.source[k],
                    synapse: self.plastic.occurrence[k],
                    value: product(plan.populations[population as usize].precision, 1.0, sent),
                };
                self.attempt.sent.push((self.tick + self.plastic.dendritic[k], contribution));
            }
        }
    }

    /// What is to happen in place of its hooks, where a spike and an event meet at a synapse.
    fn both(&self, synapse: usize, due: &Due) -> Option<&'a Both> {
        let both = learning(self.scene.plan, self.plastic.projection).both.as_ref()?;
        let event = both.events[self.segment(synapse)];
        (!due.spikes.is_empty() && due.events.contains(&event)).then_some(both)
    }

    /// The segment of the target view that a synapse ends in.
    fn segment(&self, synapse: usize) -> usize {
        self.plastic.targets[self.plastic.target[synapse] as usize].segment
    }

    /// Notes when the events of this tick are seen: now, or later.
    fn see(&mut self, due: &mut BTreeMap<u32, Due>) {
        let plan = self.scene.plan;
        let projection = &plan.projections[self.plastic.projection as usize];
        let mut note = |at: i64, synapse: u32, seen: Seen| match at == self.tick {
            true => due.entry(synapse).or_default().see(seen),
            false => self.attempt.later[self.place].push((at, synapse, seen)),
        };
        let spiking = match projection.flow {
            Some(_) => vec![],
            None => happening(self.scene.states, &self.plastic.sources, &projection.source_events, self.tick),
        };
        for source in spiking {
            for synapse in &self.plastic.of_source[source] {
                let axonal = self.plastic.axonal(plan, *synapse as usize);
                note(self.tick + axonal, *synapse, Seen::Spike(Spike { stamp: self.tick, axonal }));
            }
        }
        for events in events_of(learning(plan, self.plastic.projection)) {
            for target in happening(self.scene.states, &self.plastic.targets, events, self.tick) {
                let event = events[self.plastic.targets[target].segment];
                for synapse in &self.plastic.of_target[target] {
                    let back = self.plastic.back[*synapse as usize];
                    note(self.tick + back, *synapse, Seen::Event(event));
                }
            }
        }
        let hooks = &learning(plan, self.plastic.projection).hooks;
        for (hook, when) in hooks.iter().map(|hook| &hook.when).enumerate() {
            let (cells, here) = match when {
                When::Modulator(view, events) => {
                    let cells = super::engine::positions(view);
                    let here = happening(self.scene.states, &cells, events, self.tick);
                    (cells, here)
                }
                When::Jump(jump) => {
                    let cells = super::engine::positions(&jump.view);
                    let here = jumping(self.scene, &cells, &jump.columns, self.tick);
                    (cells, here)
                }
                When::Tick | When::Pre | When::Post(_) | When::Every(_) => continue,
            };
            for position in here {
                let all: Vec<u32> = match cells.len() {
                    1 => (0..self.plastic.len() as u32).collect(),
                    _ => self.plastic.of_target[position].clone(),
                };
                all.into_iter().for_each(|synapse| note(self.tick, synapse, Seen::Modulator(hook)));
            }
        }
    }

    /// Step 3.
    fn react(&mut self, due: &BTreeMap<u32, Due>) {
        let plan = self.scene.plan;
        let learning = learning(plan, self.plastic.projection);
        for (synapse, due) in due {
            let k = *synapse as usize;
            let segment = self.segment(k);
            let together = self.both(k, due).is_some();
            let both = learning.both.as_ref().filter(|_| together);
            let (from, now) = (self.tick, self.tick);
            for spike in &due.spikes {
                let moments = Moments { now, from, axonal: spike.axonal };
                match both {
                    Some(both) => self.run(&both.program, k, moments),
                    None => {
                        for hook in learning.hooks.iter().filter(|hook| hook.when == When::Pre) {
                            self.run(&hook.program, k, moments);
                        }
                    }
                }
            }
            for hook in &learning.hooks {
                let When::Post(events) = &hook.when else { continue };
                let event = events[segment];
                let replaced = both.is_some_and(|both| both.events[segment] == event);
                if due.events.contains(&event) && !replaced {
                    let axonal = self.plastic.axonal(plan, k);
                    self.run(&hook.program, k, Moments { now, from, axonal });
                }
            }
            for (at, hook) in learning.hooks.iter().enumerate() {
                if due.modulators.contains(&at) {
                    let axonal = self.plastic.axonal(plan, k);
                    self.run(&hook.program, k, Moments { now, from, axonal });
                }
            }
        }
    }

    pub(super) fn run(&mut self, program: &Program, synapse: usize, moments: Moments) {
        let (values, fault) = self.plastic.run(self.scene, program, synapse, moments);
        if let Some(fault) = fault {
            self.attempt.fail(synapse, fault);
        }
        for (array, value) in self.plastic.written(self.scene.plan, program, &values) {
            let held = &mut self.plastic.arrays[array.0 as usize][synapse];
            self.attempt.before.push((self.place, array, synapse as u32, *held));
            *held = value;
        }
    }
}

/// The different events of the target that anything waits for; each by segment.
pub(super) fn events_of(learning: &Learning) -> Vec<&Vec<EventId>> {
    let of_hooks = learning.hooks.iter().filter_map(|hook| match &hook.when {
        When::Post(events) => Some(events),
        _ => None,
    });
    let mut all = vec![];
    for events in of_hooks.chain(learning.both.as_ref().map(|both| &both.events)) {
        if !all.contains(&events) {
            all.push(events);
        }
    }
    all
}

/// The positions of cells of a view that have their event at a tick, ascending; the event by segment.
fn happening(states: &[State], cells: &[Target], events: &[EventId], tick: i64) -> Vec<usize> {
    let of_tick = |cell: &Target| {
        let all = &states[cell.population as usize].events[events[cell.segment].0 as usize];
        &all[all.partition_point(|(at, _)| *at < tick)..]
    };
    // Cells of a segment follow each other, and have the same events.
    let mut found = vec![];
    let mut first = 0;
    while first < cells.len() {
        let segment = cells[first].segment;
        let end = first + cells[first..].partition_point(|cell| cell.segment == segment);
        let events = of_tick(&cells[first]);
        if !events.is_empty() {
            let happens = |position: &usize| events.binary_search(&(tick, cells[*position].cell)).is_ok();
            found.extend((first..end).filter(happens));
        }
        first = end;
    }
    found
}

/// The positions of cells of a view of which a column is true at a tick, ascending; the column by segment.
fn jumping(scene: Scene, cells: &[Target], columns: &[Column], tick: i64) -> Vec<usize> {
    let jumps =
        |cell: &Target| scene.past.value(scene.states, columns[cell.segment], cell.cell, tick).truth();
    (0..cells.len()).filter(|position| jumps(&cells[*position])).collect()
}

/// The result of an expression.
pub fn result_of(program: &Program, values: &[Value]) -> Value {
    let result = program.outputs.iter().find_map(|output| match output {
        Output::Result(value) => Some(values[value.0 as usize]),
        _ => None,
    });
    result.expect("a verified expression has a result")
}
