//! What synapses that learn hold, have still to see, and have sent, in canonical order; and back.

use circ_plan::learning::SynapseArray;
use circ_plan::snapshot::{LearningState, Numbers, SentBy, Spikes, Structure};

use super::super::Machine;
use super::super::learning::learning;
use crate::cells::{slot_of, value_of};
use crate::learning::table::{Table, Ticks};
use crate::learning::{Column, Learner, Resumed, Sent, Surroundings, as_they_were, canonical, owners};
use crate::parallel::for_each;
use std::sync::{Arc, Mutex, PoisonError};

impl Machine {
    pub(super) fn learning_state(&self, design: usize, projection: u32) -> LearningState {
        let of = &self.network.designs[design];
        let rule = learning(&self.plan, projection);
        let order = canonical(&self.network, design);
        let mut number: Vec<Vec<u32>> = of.tables.iter().map(|table| vec![0; table.len()]).collect();
        for (place, (thread, synapse)) in order.iter().enumerate() {
            number[*thread as usize][*synapse as usize] = place as u32;
        }
        let numbers = |held: fn(&Learner) -> &[Column]| -> Vec<Numbers> {
            let of = |array: usize| {
                let columns: Vec<&Column> =
                    self.workers.iter().map(|worker| &held(worker.learning.learner(design))[array]).collect();
                Column::numbers(&columns, &order)
            };
            (0..rule.arrays.len()).map(of).collect()
        };
        let value =
            |(slot, bits): (&circ_plan::plan::UniformPlan, &u64)| value_of(slot.ty, rule.precision, *bits);
        let mut state = LearningState {
            slots: rule.uniforms.iter().zip(&self.rules[design]).map(value).collect(),
            arrays: numbers(|learner| &learner.arrays),
            ..LearningState::default()
        };
        let mut structure = rule.rewire.as_ref().map(|_| Structure {
            initial: numbers(|learner| &learner.initial),
            ..self.structure(design, &order)
        });
        let mut spikes = vec![];
        for worker in &self.workers {
            let around = self.around();
            let own = worker.learning.learner(design).resumed(around.scene(design, worker.id), of);
            let number = &number[worker.id];
            for Spikes { tick, stamp, first, end } in own.spikes {
                spikes.extend((first..end).map(|synapse| (tick, stamp, number[synapse as usize])));
            }
            let renumbered = own.events.into_iter().map(|(tick, kind, at)| (tick, kind, number[at as usize]));
            state.events.extend(renumbered);
            state.sent.extend(own.sent.into_iter().map(|mut sent| {
                sent.synapse = number[sent.synapse as usize];
                sent
            }));
            if let Some(structure) = &mut structure {
                let sent_by = |(tick, sent): (i64, Sent)| {
                    let (stamp, (source, target, occurrence)) = sent.place;
                    SentBy { tick, stamp, source, target, occurrence, value: sent.value }
                };
                structure.sent.extend(own.earlier.into_iter().map(sent_by));
            }
        }
        if let Some(structure) = &mut structure {
            // Stable: of equal places, which are of one thread, what was sent earlier comes first.
            structure.sent.sort_by_key(SentBy::place);
        }
        state.structure = structure;
        state.spikes = Spikes::runs(spikes);
        state.events.sort_unstable();
        state.sent.sort_by_key(|sent| (sent.tick, sent.stamp, sent.synapse));
        state
    }

    /// Which synapses there are of a design that is rewired, in canonical `order`; what they held and sent is left out.
    fn structure(&self, design: usize, order: &[(u32, u32)]) -> Structure {
        let tables = &self.network.designs[design].tables;
        let ends = order.iter().map(|&(thread, synapse)| {
            let (source, target, _) = tables[thread as usize].key(synapse);
            (source, target)
        });
        let (source, target) = ends.unzip();
        let ways: [fn(&Table) -> &Ticks; 3] = [|it| &it.axonal, |it| &it.dendritic, |it| &it.back];
        let ticks = |way: fn(&Table) -> &Ticks| {
            order.iter().map(|&(thread, at)| way(&tables[thread as usize]).of(at as usize)).collect()
        };
        let row = |&(thread, at): &(u32, u32)| tables[thread as usize].table_rows.get(at as usize).copied();
        let rows = order.iter().map(row).collect::<Option<_>>().unwrap_or_default();
        Structure { source, target, ways: ways.map(ticks), rows, ..Structure::default() }
    }

    /// Puts the synapses in place that there were at another moment; what each holds follows.
    fn put_structure(&mut self, design: usize, structure: &Structure, arrays: &[Numbers]) {
        let plan = Arc::clone(&self.plan);
        let rule = learning(&plan, self.network.designs[design].projection);
        let Some(rewire) = &rule.rewire else { return };
        let Machine { network, history, slots, rules, keys, .. } = self;
        let around = Surroundings { network, history, slots, rules, keys };
        let keys = rewire.group.as_ref().and_then(|group| arrays.get(group.array.0 as usize));
        let mut earlier = as_they_were(around, design, (rewire, rule), structure, keys);
        let network =
            Arc::get_mut(network).expect("a machine that goes on from elsewhere has its network for itself");
        earlier.install(&mut network.designs[design]);
    }

    pub(super) fn put_learning(&mut self, design: usize, projection: u32, state: &LearningState) {
        let plan = Arc::clone(&self.plan);
        let rule = learning(&plan, projection);
        for ((slot, of), value) in self.rules[design].iter_mut().zip(&rule.uniforms).zip(&state.slots) {
            *slot = slot_of(of.ty, rule.precision, *value);
        }
        if let Some(structure) = &state.structure {
            self.put_structure(design, structure, &state.arrays);
        }
        let parts = self.parts(design, &rule.arrays, state);
        let parts: Vec<Mutex<Option<Resumed>>> =
            parts.into_iter().map(|part| Mutex::new(Some(part))).collect();
        let Machine { network, history, slots, rules, keys, workers, .. } = self;
        let around = Surroundings { network, history, slots, rules, keys };
        for_each(workers.len(), workers, |thread, worker| {
            let part = parts[thread].lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(part) = part {
                let scene = around.scene(design, thread);
                worker.learning.learner_mut(design).resume(scene, &network.designs[design], part);
                worker.learning.find_sampled(around, design);
            }
        });
    }

    /// What is of each thread.
    fn parts(&self, design: usize, arrays: &[SynapseArray], state: &LearningState) -> Vec<Resumed> {
        let of = &self.network.designs[design];
        let order = canonical(&self.network, design);
        let mut parts: Vec<Resumed> = of
            .tables
            .iter()
            .enumerate()
            .map(|(thread, table)| {
                let tick = self.tick;
                let arrays = arrays.iter().map(|array| Column::new(array, table.len())).collect();
                Resumed { tick, arrays, spiked: self.spiked(design, thread), ..Resumed::default() }
            })
            .collect();
        for (place, (thread, synapse)) in order.iter().enumerate() {
            for (column, numbers) in parts[*thread as usize].arrays.iter_mut().zip(&state.arrays) {
                let numbers: &Numbers = numbers;
                column.take(*synapse as usize, numbers, place);
            }
        }
        let mut spikes: Vec<Vec<(i64, i64, u32)>> = vec![vec![]; parts.len()];
        for &Spikes { tick, stamp, first, end } in &state.spikes {
            for (thread, synapse) in &order[first as usize..end as usize] {
                spikes[*thread as usize].push((tick, stamp, *synapse));
            }
        }
        for (part, spikes) in parts.iter_mut().zip(spikes) {
            part.spikes = Spikes::runs(spikes);
        }
        for &(tick, kind, synapse) in &state.events {
            let (thread, own) = order[synapse as usize];
            parts[thread as usize].events.push((tick, kind, own));
        }
        for &sent in &state.sent {
            let (thread, synapse) = order[sent.synapse as usize];
            parts[thread as usize].sent.push(circ_plan::snapshot::Sent { synapse, ..sent });
        }
        if let Some(structure) = &state.structure {
            let owners = owners(of);
            for part in &mut parts {
                // Of the same types and lengths.
                part.initial.clone_from(&part.arrays);
            }
            for (place, (thread, synapse)) in order.iter().enumerate() {
                let columns = parts[*thread as usize].initial.iter_mut();
                columns
                    .zip(&structure.initial)
                    .for_each(|(it, held)| it.take(*synapse as usize, held, place));
            }
            for it in &structure.sent {
                let (thread, target) = owners[it.target as usize];
                let place = (it.stamp, (it.source, it.target, it.occurrence));
                parts[thread as usize].earlier.push((it.tick, Sent { target, place, value: it.value }));
            }
        }
        parts
    }

    /// By source: whether synapses with the one axonal delay there is saw a spike at the present tick.
    fn spiked(&self, design: usize, thread: usize) -> Vec<bool> {
        let of = &self.network.designs[design];
        let table = &of.tables[thread];
        let mut spiked = vec![false; table.starts.len() - 1];
        if of.waits.is_none() {
            return spiked;
        }
        let stamp = self.tick - i64::from(table.axonal.of(0));
        let mut positions = vec![];
        for segment in &self.network.wirings[of.projection as usize].sources.segments {
            for worker in &self.workers {
                let events = worker.events(segment.population as usize, segment.event as usize);
                let first = events.partition_point(|event| i64::from(event.0) < stamp);
                let here = events[first..].iter().take_while(|event| i64::from(event.0) == stamp);
                let cells: Vec<u32> = here.map(|event| event.1).collect();
                segment.positions(&cells, &mut positions);
            }
        }
        positions.into_iter().for_each(|position| spiked[position as usize] = true);
        spiked
    }
}
