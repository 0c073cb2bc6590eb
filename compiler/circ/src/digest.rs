//! The digest: one hash that is equal exactly when two runs did the same, bit for bit.
//!
//! In: the plan, the synapses and the engine after a run. Out: 64 hexadecimal digits (BLAKE3). Both
//! engines and every number of threads must give the same. Covered are all events, the final states,
//! ports, modes and memories of all cells, all synapses (who, to whom, weight, delay, what a rule keeps) in canonical order,
//! and what is still on its way. Every list is preceded by its length, so that nothing can slide from one
//! list into the next.

use circ_plan::engine::{Engine, Synapses, Values};
use circ_plan::ir::{ArrayId, EventId};
use circ_plan::plan::{Plan, PopulationPlan, ProjectionPlan, Role};
use std::sync::atomic::{AtomicBool, Ordering};

/// The digest of a network after a run; none when `interrupt` is set before its end.
pub fn digest(plan: &Plan, engine: &dyn Engine, interrupt: &AtomicBool) -> Option<String> {
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
    for (index, projection) in plan.projections.iter().enumerate() {
        go_on()?;
        hash.text(&projection.path);
        let mut columns = Columns::default();
        engine.visit_synapses(index as u32, &mut |piece| columns.add(piece));
        hash.text(&columns.finish());
        add_learning(&mut hash, index as u32, projection, engine);
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
            Role::Parameter | Role::Seen | Role::Derived => {}
            Role::State | Role::Port | Role::Mode | Role::Memory | Role::Flow => {
                hash.text(&plan.name);
                hash.numbers(&engine.array(index, ArrayId(array as u32)));
            }
        }
    }
}

/// What learning synapses hold besides: a weight that is evaluated late is that of its last event here.
fn add_learning(hash: &mut Hash, index: u32, projection: &ProjectionPlan, engine: &dyn Engine) {
    for (array, held) in projection.learning.iter().flat_map(|it| it.arrays.iter().enumerate()) {
        if !held.parameter {
            hash.text(&held.name);
            hash.numbers(&engine.synapse_array(index, ArrayId(array as u32)));
        }
    }
}

fn add_in_flight(hash: &mut Hash, index: u32, population: &PopulationPlan, engine: &dyn Engine) {
    for port in 0..population.ports.len() {
        hash.flying(&engine.in_flight(index, port as u32));
    }
    for array in (0..population.arrays.len()).filter(|at| population.arrays[*at].role == Role::Flow) {
        hash.flying(&engine.flowing(index, ArrayId(array as u32)));
    }
}

/// The columns of a list of synapses, each in a hash of its own: where a piece ends does not show.
#[derive(Default)]
struct Columns {
    broadcast: bool,
    source: Hash,
    target: Hash,
    weight: Hash,
    delay: Hash,
}

impl Columns {
    fn add(&mut self, piece: &Synapses) {
        self.broadcast = piece.broadcast;
        self.source.indices(&piece.source);
        self.target.indices(&piece.target);
        for (hash, values) in [(&mut self.weight, &piece.weight), (&mut self.delay, &piece.delay)] {
            match values {
                Values::One(value) => hash.one = Some(value.to_bits()),
                Values::Each(values) => values.iter().for_each(|value| hash.word(value.to_bits())),
            }
        }
    }

    fn finish(self) -> String {
        let columns = [self.source, self.target, self.weight, self.delay].map(Hash::finish);
        format!("{} {}", self.broadcast, columns.join(" "))
    }
}

/// BLAKE3 behind a buffer: it is fast on long pieces only.
#[derive(Default)]
struct Hash {
    hasher: blake3::Hasher,
    buffer: Vec<u8>,
    /// One number instead of a list of them.
    one: Option<u64>,
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
    /// (tick, cell, sum)
    fn flying(&mut self, flying: &[(i64, u32, f64)]) {
        self.word(flying.len() as u64);
        for (tick, cell, sum) in flying {
            self.word(*tick as u64);
            self.word(u64::from(*cell));
            self.word(sum.to_bits());
        }
    }
    fn numbers(&mut self, numbers: &[f64]) {
        self.word(numbers.len() as u64);
        numbers.iter().for_each(|number| self.word(number.to_bits()));
    }
    fn indices(&mut self, indices: &[u32]) {
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
        if let Some(one) = self.one {
            self.text("one");
            self.word(one);
        }
        self.flush_at(0);
        self.hasher.finalize().to_hex().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pieces: &[Synapses]) -> String {
        let mut columns = Columns::default();
        pieces.iter().for_each(|piece| columns.add(piece));
        columns.finish()
    }

    #[test]
    fn a_target_is_not_a_source() {
        let one = Synapses { source: vec![1, 2], target: vec![3], ..Synapses::default() };
        let other = Synapses { source: vec![1], target: vec![2, 3], ..Synapses::default() };
        assert_ne!(of(&[one]), of(&[other]));
    }

    #[test]
    fn the_last_bit_of_a_weight_shows() {
        let with = |weight: Values| of(&[Synapses { weight, ..Synapses::default() }]);
        assert_ne!(with(Values::One(1.0)), with(Values::One(1.0 + f64::EPSILON)));
        assert_ne!(with(Values::One(1.0)), with(Values::Each(vec![1.0])));
        assert_eq!(with(Values::One(1.0)), with(Values::One(1.0)));
    }

    #[test]
    fn pieces_do_not_show() {
        let list = |source: &[u32], weight: &[f64]| Synapses {
            source: source.to_vec(),
            target: source.to_vec(),
            weight: Values::Each(weight.to_vec()),
            ..Synapses::default()
        };
        let whole = of(&[list(&[0, 1, 2], &[0.5, 1.5, 2.5])]);
        assert_eq!(whole, of(&[list(&[0], &[0.5]), list(&[], &[]), list(&[1, 2], &[1.5, 2.5])]));
        assert_ne!(whole, of(&[list(&[0, 1, 2], &[0.5, 2.5, 1.5])]));
    }
}
