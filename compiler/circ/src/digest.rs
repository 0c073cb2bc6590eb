//! The digest: one hash that is equal exactly when two runs did the same, bit for bit.
//!
//! In: the plan, the synapses and the engine after a run. Out: 64 hexadecimal digits (BLAKE3). Both
//! engines and every number of threads must give the same. Covered are all events, the final states,
//! ports, modes and memories of all cells, all synapses (who, to whom, weight, delay) in canonical order,
//! and what is still on its way. Every list is preceded by its length, so that nothing can slide from one
//! list into the next.

use circ_plan::engine::{Engine, Synapses, Values};
use circ_plan::ir::{ArrayId, EventId};
use circ_plan::plan::{Plan, PopulationPlan, Role};
use std::sync::atomic::{AtomicBool, Ordering};

/// The digest of a network after a run; none when `interrupt` is set before its end.
pub fn digest(
    plan: &Plan,
    synapses: &mut dyn Iterator<Item = Synapses>,
    engine: &dyn Engine,
    interrupt: &AtomicBool,
) -> Option<String> {
    let go_on = || (!interrupt.load(Ordering::Relaxed)).then_some(());
    let mut hash = Hash::default();
    hash.word(engine.tick() as u64);
    for (index, population) in plan.populations.iter().enumerate() {
        go_on()?;
        hash.text(&population.path);
        add_events(&mut hash, index as u32, population, engine);
        add_arrays(&mut hash, index as u32, population, engine);
        add_in_flight(&mut hash, index as u32, population, engine);
    }
    for projection in &plan.projections {
        go_on()?;
        let synapses = synapses.next()?;
        hash.text(&projection.path);
        add_synapses(&mut hash, &synapses);
    }
    Some(hash.finish())
}

fn add_events(hash: &mut Hash, index: u32, population: &PopulationPlan, engine: &dyn Engine) {
    for (event, plan) in population.events.iter().enumerate() {
        let events = engine.events(index, EventId(event as u32));
        hash.text(&plan.name);
        hash.word(events.len() as u64);
        for (tick, cell) in events {
            hash.word(tick as u64);
            hash.word(u64::from(cell));
        }
    }
}

fn add_arrays(hash: &mut Hash, index: u32, population: &PopulationPlan, engine: &dyn Engine) {
    for (array, plan) in population.arrays.iter().enumerate() {
        match plan.role {
            Role::Parameter | Role::Derived => {}
            Role::State | Role::Port | Role::Mode | Role::Memory => {
                hash.text(&plan.name);
                hash.numbers(&engine.array(index, ArrayId(array as u32)));
            }
        }
    }
}

fn add_in_flight(hash: &mut Hash, index: u32, population: &PopulationPlan, engine: &dyn Engine) {
    for port in 0..population.ports.len() {
        let flying = engine.in_flight(index, port as u32);
        hash.word(flying.len() as u64);
        for (tick, cell, sum) in flying {
            hash.word(tick as u64);
            hash.word(u64::from(cell));
            hash.word(sum.to_bits());
        }
    }
}

fn add_synapses(hash: &mut Hash, synapses: &Synapses) {
    hash.word(u64::from(synapses.broadcast));
    hash.indices(&synapses.source);
    hash.indices(&synapses.target);
    for values in [&synapses.weight, &synapses.delay] {
        match values {
            Values::One(value) => hash.word(value.to_bits()),
            Values::Each(values) => hash.numbers(values),
        }
    }
}

/// BLAKE3 behind a buffer: it is fast on long pieces only.
#[derive(Default)]
struct Hash {
    hasher: blake3::Hasher,
    buffer: Vec<u8>,
}

impl Hash {
    const FULL: usize = 1 << 16;

    fn word(&mut self, word: u64) {
        self.buffer.extend_from_slice(&word.to_le_bytes());
        self.flush_at(Hash::FULL);
    }
    fn text(&mut self, text: &str) {
        self.word(text.len() as u64);
        self.buffer.extend_from_slice(text.as_bytes());
    }
    fn numbers(&mut self, numbers: &[f64]) {
        self.word(numbers.len() as u64);
        numbers.iter().for_each(|number| self.word(number.to_bits()));
    }
    fn indices(&mut self, indices: &[u32]) {
        self.word(indices.len() as u64);
        for index in indices {
            self.buffer.extend_from_slice(&index.to_le_bytes());
            self.flush_at(Hash::FULL);
        }
    }
    fn flush_at(&mut self, size: usize) {
        if size <= self.buffer.len() {
            self.hasher.update(&self.buffer);
            self.buffer.clear();
        }
    }
    fn finish(mut self) -> String {
        self.flush_at(0);
        self.hasher.finalize().to_hex().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(synapses: Synapses) -> String {
        let mut hash = Hash::default();
        add_synapses(&mut hash, &synapses);
        hash.finish()
    }

    #[test]
    fn a_target_is_not_a_source() {
        let one = Synapses { source: vec![1, 2], target: vec![3], ..Synapses::default() };
        let other = Synapses { source: vec![1], target: vec![2, 3], ..Synapses::default() };
        assert_ne!(of(one), of(other));
    }

    #[test]
    fn the_last_bit_of_a_weight_shows() {
        let with = |weight: f64| of(Synapses { weight: Values::One(weight), ..Synapses::default() });
        assert_ne!(with(1.0), with(1.0 + f64::EPSILON));
        assert_eq!(with(1.0), with(1.0));
    }
}
