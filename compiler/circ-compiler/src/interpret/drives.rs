//! What drives send.
//!
//! In: the drives and their slots. Out: at every tick, for each target, how many events it gets, and when they arrive.

use circ_numerics::random::{Counter, Stream, train_count, trial_key};
use circ_plan::engine::Engine;
use circ_plan::plan::*;

use super::engine::{Interpreter, positions};
use super::mail::{Contribution, product};
use super::scalar::{Cell, result};

impl Interpreter {
    /// All contributions of drive events of a tick, with the tick of their arrival.
    pub(super) fn drive_events(&self, tick: i64) -> Vec<(i64, Contribution)> {
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
                let (stamp, learning) = (tick, false);
                let event =
                    Contribution { population, port, cell, learning, stamp, sender, source, synapse, value };
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
                    train_count(mean, trial_key(drive.keys[0], self.trial), position as u32, tick as u32)
                })
                .collect(),
            DriveKind::Choose { count, interval_ticks } => {
                let mut counts = vec![0.0; cells];
                if tick % (*interval_ticks).max(1) == 0 {
                    for position in choose(*count as usize, cells, trial_key(drive.keys[0], self.trial), tick)
                    {
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
                    arrays: &self.drive_cells[at],
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
