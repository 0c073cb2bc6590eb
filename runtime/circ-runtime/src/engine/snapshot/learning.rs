//! What synapses that learn hold, have still to see, and have sent, in canonical order; and back.

use circ_plan::learning::SynapseArray;
use circ_plan::snapshot::{LearningState, Numbers, Spikes};

use super::super::Machine;
use super::super::learning::learning;
use crate::cells::{slot_of, value_of};
use crate::learning::{Column, Resumed, Surroundings, canonical};
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
        let arrays = (0..rule.arrays.len()).map(|array| {
            let columns: Vec<&Column> =
                self.workers.iter().map(|worker| &worker.learning.learner(design).arrays[array]).collect();
            Column::numbers(&columns, &order)
        });
        let value =
            |(slot, bits): (&circ_plan::plan::UniformPlan, &u64)| value_of(slot.ty, rule.precision, *bits);
        let mut state = LearningState {
            slots: rule.uniforms.iter().zip(&self.rules[design]).map(value).collect(),
            arrays: arrays.collect(),
            ..LearningState::default()
        };
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
        }
        state.spikes = Spikes::runs(spikes);
        state.events.sort_unstable();
        state.sent.sort_by_key(|sent| (sent.tick, sent.stamp, sent.synapse));
        state
    }

    pub(super) fn put_learning(&mut self, design: usize, projection: u32, state: &LearningState) {
        let plan = Arc::clone(&self.plan);
        let rule = learning(&plan, projection);
        for ((slot, of), value) in self.rules[design].iter_mut().zip(&rule.uniforms).zip(&state.slots) {
            *slot = slot_of(of.ty, rule.precision, *value);
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
