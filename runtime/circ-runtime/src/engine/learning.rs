//! What a machine shows of synapses that learn, and how they are changed from outside.
//!
//! In: the learning synapses of all threads, each of which has some. Out: values in canonical order, whatever the threads.
//! All of this happens between ticks, when every synapse has come as far as the cells.

use std::borrow::Cow;

use circ_plan::engine::{Row, Samples, SynapseFault, SynapseProbe, Synapses, Values};
use circ_plan::ir::{ArrayId, Precision, Ty, UniformId};
use circ_plan::learning::Learning;
use circ_plan::plan::Plan;

use super::Machine;
use crate::cells::slot_of;
use crate::learning::table::{Table, Ticks};
use crate::learning::{
    Learner, Merging, Routine, Scene, Surroundings, Which, canonical, design_of, is_canonical, owners,
};
use crate::parallel::for_each;

/// The shared slots of a rule at the start.
pub fn initial_rule(plan: &Plan, projection: u32) -> Vec<u64> {
    let learning = learning(plan, projection);
    learning.uniforms.iter().map(|slot| slot_of(slot.ty, learning.precision, slot.value)).collect()
}

pub fn learning(plan: &Plan, projection: u32) -> &Learning {
    let learning = plan.projections[projection as usize].learning.as_deref();
    learning.expect("only a projection that learns has a rule")
}

/// Samples of pairs, of all threads: those of each with the places of its pairs in the probe.
fn joined(parts: &[(&Samples, &[u32])]) -> Samples {
    let (mut all, mut row) = (Samples::default(), vec![]);
    for (at, tick) in parts[0].0.ticks.iter().enumerate() {
        row.clear();
        for (samples, places) in parts {
            let own = samples.row(at).into_iter().flat_map(Row::each);
            row.extend(own.map(|(pair, value)| (places[pair], value)));
        }
        row.sort_unstable_by_key(|(place, _)| *place);
        let (places, values): (Vec<u32>, Vec<f64>) = row.iter().copied().unzip();
        all.take_row(*tick, Row::Part(&places, &values));
    }
    all
}

/// Synapses that are shown at a time, and what is left of the row of the last.
const PIECE: usize = 1 << 16;

/// What tables say of these synapses, but for their sources.
fn shown(tables: &[Table], order: &[(u32, u32)]) -> Synapses {
    let of = |list: fn(&Table) -> &[u32]| {
        let one = |&(thread, at): &(u32, u32)| list(&tables[thread as usize]).get(at as usize).copied();
        order.iter().map(one).collect::<Option<Vec<u32>>>().unwrap_or_default()
    };
    let ticks = |way: fn(&Table) -> &Ticks| {
        let first = order.first().map(|(thread, _)| way(&tables[*thread as usize]));
        match first {
            Some(Ticks::One(ticks)) => Values::One(f64::from(*ticks)),
            None | Some(Ticks::Each(_)) => {
                let one =
                    |&(thread, at): &(u32, u32)| f64::from(way(&tables[thread as usize]).of(at as usize));
                Values::Each(order.iter().map(one).collect())
            }
        }
    };
    let target = |&(thread, synapse): &(u32, u32)| tables[thread as usize].position(synapse);
    Synapses {
        target: order.iter().map(target).collect(),
        dendritic: ticks(|table| &table.dendritic),
        back: ticks(|table| &table.back),
        rows: of(|table| &table.table_rows),
        group: of(|table| &table.group),
        ..Synapses::default()
    }
}

/// The ticks from a spike to its arrival, if that is one number for all synapses of a thread at any time.
fn all_delay(scene: &Scene) -> Option<f64> {
    match (scene.learning.longest, &scene.table.axonal, &scene.table.dendritic) {
        (None, Ticks::One(axonal), Ticks::One(dendritic)) => Some(f64::from(axonal + dendritic)),
        _ => None,
    }
}

impl Machine {
    /// The place of a projection among those that learn.
    pub(super) fn design(&self, projection: u32) -> usize {
        design_of(&self.network, projection).expect("only a projection that learns is asked what it learned")
    }

    pub(super) fn around(&self) -> Surroundings<'_> {
        Surroundings {
            network: &self.network,
            history: &self.history,
            slots: &self.slots,
            rules: &self.rules,
            keys: &self.keys,
        }
    }

    /// The type and precision of a shared slot of a rule.
    pub(super) fn rule_slot(&self, projection: u32, uniform: UniformId) -> (Ty, Precision) {
        let learning = learning(&self.plan, projection);
        (learning.uniforms[uniform.0 as usize].ty, learning.precision)
    }

    /// An observable of all synapses of a design, in canonical order.
    pub(super) fn observe_learning(&self, design: usize, observable: u32) -> Vec<f64> {
        let projection = self.network.designs[design].projection;
        let program = &learning(&self.plan, projection).observables[observable as usize].program;
        let around = self.around();
        let now = self.tick.max(0);
        let mut ids: Vec<usize> = (0..self.workers.len()).collect();
        let mut by_thread: Vec<Vec<f64>> = for_each(ids.len(), &mut ids, |_, id| {
            let worker = &self.workers[*id];
            let scene = around.scene(design, worker.id);
            let synapses = Which::Run(0, scene.table.len() as u32);
            let mut values = Vec::with_capacity(synapses.len());
            let mut routine = Routine::new(program, None);
            let arrays = worker.learning.learner(design).arrays_now(scene, &self.network.designs[design]);
            Learner::observe(&arrays, &mut routine, scene, observable as usize, synapses, now, &mut values);
            values
        });
        if is_canonical(&self.network, design) {
            return by_thread.pop().unwrap_or_default();
        }
        let order = canonical(&self.network, design);
        order.into_iter().map(|(thread, synapse)| by_thread[thread as usize][synapse as usize]).collect()
    }

    /// An array of all synapses of a design, in canonical order.
    pub(super) fn array_of_learning(&self, design: usize, array: ArrayId) -> Vec<f64> {
        let around = self.around();
        let arrays: Vec<_> = self
            .workers
            .iter()
            .map(|worker| {
                let scene = around.scene(design, worker.id);
                worker.learning.learner(design).arrays_now(scene, &self.network.designs[design])
            })
            .collect();
        let held = |(thread, synapse): (u32, u32)| {
            arrays[thread as usize][array.0 as usize].number(synapse as usize)
        };
        if is_canonical(&self.network, design) {
            let synapses = self.network.designs[design].tables[0].len() as u32;
            return (0..synapses).map(|synapse| held((0, synapse))).collect();
        }
        canonical(&self.network, design).into_iter().map(held).collect()
    }

    /// Lets synapses see all events of targets that wait. Returns the first failure.
    pub(super) fn catch_up(&mut self) -> Option<SynapseFault> {
        if self.network.designs.iter().all(|design| design.waits.is_none()) {
            return None;
        }
        let Machine { network, history, slots, rules, keys, workers, .. } = self;
        let around = Surroundings { network, history, slots, rules, keys };
        let faults = for_each(workers.len(), workers, |_, worker| worker.learning.catch_up(around));
        let place = |fault: &SynapseFault| (fault.tick, fault.projection, fault.source, fault.target);
        faults.into_iter().flatten().min_by_key(place)
    }

    /// Brings the synapses of a design to the present tick.
    pub(super) fn settle_learning(&mut self, design: usize) {
        self.refresh();
        let Machine { network, history, slots, rules, keys, workers, tick, .. } = self;
        let around = Surroundings { network, history, slots, rules, keys };
        let now = (*tick).max(0);
        for_each(workers.len(), workers, |_, worker| {
            let scene = around.scene(design, worker.id);
            worker.learning.learner_mut(design).settle(scene, &network.designs[design], now);
        });
    }

    /// Changes an array of synapses, by place in canonical order.
    pub(super) fn set_learning(&mut self, design: usize, array: ArrayId, values: &[(u32, f64)]) {
        self.settle_learning(design);
        let order = canonical(&self.network, design);
        for &(place, value) in values {
            if let Some(&(thread, synapse)) = order.get(place as usize) {
                let group = self.network.designs[design].tables[thread as usize].group.get(synapse as usize);
                if let (Some(&group), ArrayId(0)) = (group, array) {
                    let family = self.network.designs[design].family;
                    for (of, _) in self.network.designs.iter().enumerate().filter(|it| it.1.family == family)
                    {
                        for worker in &mut self.workers {
                            worker.learning.learner_mut(of).set_shared(group, value);
                        }
                    }
                    continue;
                }
                let learner = self.workers[thread as usize].learning.learner_mut(design);
                learner.arrays[array.0 as usize].set(synapse as usize, value);
            }
        }
    }

    /// Multiplies weights; see [`circ_plan::engine::Engine::scale_weights`].
    pub(super) fn scale_learning(&mut self, design: usize, sources: &[bool], factors: &[f64]) {
        self.settle_learning(design);
        let Machine { network, workers, .. } = self;
        let tables = &network.designs[design].tables;
        for_each(workers.len(), workers, |_, worker| {
            let table = &tables[worker.id];
            let weights = &mut worker.learning.learner_mut(design).arrays[0];
            table.each(|synapse, source| {
                let at = synapse as usize;
                if sources[source as usize] {
                    let position = table.positions[table.target.of(synapse) as usize];
                    weights.set(at, weights.number(at) * factors[position as usize]);
                }
            });
        });
    }

    /// Shows the synapses of a design as they are now: as the threads hold them, for to make the network again would take longer
    /// than many a run between two looks.
    pub(super) fn visit_learning(&self, design: usize, visit: &mut (dyn FnMut(&Synapses) + Send)) {
        let (around, of) = (self.around(), &self.network.designs[design]);
        let program = &learning(&self.plan, of.projection).observables[0].program;
        let now = self.tick.max(0);
        let own = self
            .workers
            .iter()
            .map(|worker| (worker.learning.learner(design), around.scene(design, worker.id)));
        let own: Vec<(&Learner, Scene)> = own.collect();
        let delay = |&(thread, synapse): &(u32, u32)| {
            let (learner, scene) = &own[thread as usize];
            (learner.axonal(*scene, of, synapse) + i64::from(scene.table.dendritic.of(synapse as usize)))
                as f64
        };
        // What all have need not be asked of each.
        let all_delay =
            own.iter().map(|(_, scene)| all_delay(scene)).reduce(|a, b| a.filter(|_| a == b)).flatten();
        let observed = own.iter().map(|(learner, scene)| {
            (*scene, learner.arrays_now(*scene, of), Routine::new(program, None), vec![])
        });
        let mut observed: Vec<_> = observed.collect();
        // Piece by piece: lists of all synapses would be larger than the synapses themselves.
        let (mut rows, mut order, mut source) = (Merging::new(&of.tables), vec![], vec![]);
        let sources = of.tables[0].starts.len() as u32 - 1;
        for next in 0..sources {
            rows.append(&of.tables, next, &mut order);
            source.resize(order.len(), next);
            if order.len() < PIECE && next + 1 < sources {
                continue;
            }
            observed.iter_mut().for_each(|(.., list)| list.clear());
            order.iter().for_each(|(thread, synapse)| observed[*thread as usize].3.push(*synapse));
            let observe = |(scene, arrays, routine, list): &mut (Scene, Cow<[_]>, _, Vec<u32>)| {
                let mut values = Vec::with_capacity(list.len());
                Learner::observe(arrays, routine, *scene, 0, Which::List(list), now, &mut values);
                values.into_iter()
            };
            let mut values: Vec<_> = observed.iter_mut().map(observe).collect();
            let weight = |(thread, _): &(u32, u32)| {
                values[*thread as usize].next().expect("there is a value for every synapse")
            };
            let delays = match all_delay {
                Some(ticks) => vec![ticks; order.len()],
                None => order.iter().map(delay).collect(),
            };
            visit(&Synapses {
                weight: Values::Each(order.iter().map(weight).collect()),
                delay: Values::Each(delays),
                source: std::mem::take(&mut source),
                ..shown(&of.tables, &order)
            });
            order.clear();
        }
    }

    /// Begins to sample synapses.
    pub(super) fn begin_to_sample(&mut self, design: usize, probe: &SynapseProbe) {
        let mut own: Vec<Vec<(u32, u32)>> = vec![vec![]; self.workers.len()];
        match learning(&self.plan, probe.projection).rewire {
            None => {
                let order = canonical(&self.network, design);
                for (place, &synapse) in probe.synapses.iter().enumerate() {
                    if let Some(&(thread, at)) = order.get(synapse as usize) {
                        own[thread as usize].push((at, place as u32));
                    }
                }
            }
            Some(_) => {
                let owners = owners(&self.network.designs[design]);
                for (place, &pair) in probe.synapses.iter().enumerate() {
                    let (thread, _) = owners[pair as usize % owners.len()];
                    own[thread as usize].push((pair, place as u32));
                }
            }
        }
        let Machine { network, history, slots, rules, keys, workers, .. } = self;
        let around = Surroundings { network, history, slots, rules, keys };
        for (worker, own) in workers.iter_mut().zip(own) {
            worker.learning.add_probe(around, design, probe, own);
        }
    }

    /// The samples of a probe of synapses so far.
    pub(super) fn synapse_samples(&self, probe: usize) -> Samples {
        let parts: Vec<_> = self.workers.iter().map(|worker| worker.learning.samples(probe)).collect();
        let projection = self.synapse_probes[probe].projection;
        if learning(&self.plan, projection).rewire.is_some() {
            return joined(&parts);
        }
        let ticks = parts[0].0.ticks.clone();
        let of_each = self.synapse_probes[probe].synapses.len();
        let mut values = vec![0.0; ticks.len() * of_each];
        for (samples, places) in parts {
            for (k, value) in samples.values().iter().enumerate() {
                let (tick, place) = (k / places.len(), places[k % places.len()]);
                values[tick * of_each + place as usize] = *value;
            }
        }
        Samples::new(ticks, values)
    }

    /// Adds what synapses that learn have sent to sums of what is on its way: (tick, cell, sum), by tick and cell.
    pub(super) fn add_learning(&self, population: u32, port: u32, sums: &mut Vec<(i64, u32, f64)>) {
        let around = self.around();
        let precision = self.plan.populations[population as usize].precision;
        for design in 0..self.network.designs.len() {
            let mut sent: Vec<(i64, u32, f64)> = vec![];
            for worker in &self.workers {
                let scene = around.scene(design, worker.id);
                let view = &scene.projection.target;
                let cells: Vec<(u32, u32)> = view.cells().collect();
                let ports: Vec<u32> = view
                    .segments
                    .iter()
                    .zip(&scene.projection.ports)
                    .flat_map(|(segment, port)| vec![port.0; segment.cells.len()])
                    .collect();
                let learner = worker.learning.learner(design);
                learner.on_its_way(scene, &self.network.designs[design], |tick, target, value| {
                    let position = scene.table.positions[target as usize] as usize;
                    if cells[position].0 == population && ports[position] == port {
                        sent.push((tick, cells[position].1, value));
                    }
                });
            }
            // Stable: what goes to one cell stays in canonical order.
            sent.sort_by_key(|sent| (sent.0, sent.1));
            for (tick, cell, value) in sent {
                let at = match sums.binary_search_by_key(&(tick, cell), |sum| (sum.0, sum.1)) {
                    Ok(at) => at,
                    Err(at) => {
                        sums.insert(at, (tick, cell, 0.0));
                        at
                    }
                };
                sums[at].2 = match precision {
                    Precision::F32 => f64::from(sums[at].2 as f32 + value as f32),
                    Precision::F64 => sums[at].2 + value,
                };
            }
        }
    }
}
