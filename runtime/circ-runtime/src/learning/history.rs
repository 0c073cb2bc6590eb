//! What synapses see of cells at earlier ticks, shared by all threads.
//!
//! In: arrays of the cells that a thread owns, after each tick. Out: the value of any cell at any tick that is kept.
//! A thread writes the present tick of its own cells while others read earlier ticks; ticks are read by other
//! threads only after a meeting. So loads and stores need no order of their own, and cost what plain ones do.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use circ_plan::ir::{ArrayId, Precision, Ty};
use circ_plan::plan::{Plan, Role};
use circ_plan::snapshot::Numbers;

use crate::cells::Shard;

/// The arrays that are kept, and for how long.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    /// (population, array), and the ticks for which it is kept: a power of two, or 1 of what does not change with time.
    pub arrays: Vec<(u32, ArrayId, usize)>,
}

impl Kept {
    /// The place of an array that is kept for at least so many ticks.
    pub fn keep(&mut self, plan: &Plan, population: u32, array: ArrayId, ticks: i64) -> usize {
        let slots = match fixed(plan, population, array) {
            true => 1,
            false => (ticks.max(1) as u64).next_power_of_two() as usize,
        };
        if let Some(at) = self.arrays.iter().position(|a| (a.0, a.1) == (population, array)) {
            self.arrays[at].2 = self.arrays[at].2.max(slots);
            return at;
        }
        self.arrays.push((population, array, slots));
        self.arrays.len() - 1
    }

    /// Bytes of all.
    pub fn bytes(&self, plan: &Plan) -> u64 {
        let of = |a: &(u32, ArrayId, usize)| u64::from(plan.populations[a.0 as usize].cells) * a.2 as u64 * 8;
        self.arrays.iter().map(of).sum()
    }
}

/// Whether an array changes only when it is set.
pub fn fixed(plan: &Plan, population: u32, array: ArrayId) -> bool {
    match plan.populations[population as usize].arrays[array.0 as usize].role {
        Role::Parameter | Role::Derived => true,
        Role::State | Role::Port | Role::Mode | Role::Memory | Role::Flow | Role::Seen => false,
    }
}

/// The values that are kept.
#[derive(Debug)]
pub struct History {
    records: Vec<Record>,
}

#[derive(Debug)]
struct Record {
    population: usize,
    array: usize,
    cells: usize,
    slots: usize,
    ty: Ty,
    precision: Precision,
    /// Slot-major: an `f64`, an `i64`, or a truth value as 0 or -1.
    values: Vec<AtomicU64>,
}

impl History {
    /// Zeros.
    pub fn new(plan: &Plan, kept: &Kept) -> History {
        let record = |&(population, array, slots): &(u32, ArrayId, usize)| {
            let of = &plan.populations[population as usize];
            let cells = of.cells as usize;
            Record {
                population: population as usize,
                array: array.0 as usize,
                cells,
                slots,
                ty: of.arrays[array.0 as usize].ty,
                precision: of.precision,
                values: (0..cells * slots).map(|_| AtomicU64::new(0)).collect(),
            }
        };
        History { records: kept.arrays.iter().map(record).collect() }
    }

    /// Keeps what changes with time, as a thread's cells have it after a tick.
    pub fn keep(&self, shards: &[Shard], tick: i64) {
        for record in self.records.iter().filter(|r| 1 < r.slots) {
            record.keep(&shards[record.population], tick);
        }
    }

    /// Gives cells of a shard (local indices) what they have in an array at all ticks that are kept.
    pub fn fill(&self, population: u32, array: ArrayId, cells: &[u32], shard: &Shard) {
        let of = |r: &&Record| r.population == population as usize && r.array == array.0 as usize;
        for record in self.records.iter().filter(of) {
            cells.iter().for_each(|cell| record.fill(*cell, shard));
        }
    }

    /// What is kept of an array that changes with time: as each tick wrote it, from `tick` back. None where it is not kept.
    pub fn past(&self, population: usize, array: usize, tick: i64) -> Vec<Numbers> {
        let Some(at) = self.place(population, array) else { return vec![] };
        let record = &self.records[at];
        let ticks = (0..record.slots as i64).map(|ago| tick - ago).take_while(|tick| 0 <= *tick);
        ticks.map(|tick| record.numbers(self.row(at, tick))).collect()
    }

    /// Keeps an array as ticks wrote it, from `tick` back; what is not told of was as the first of them.
    pub fn put_past(&self, population: usize, array: usize, tick: i64, past: &[Numbers]) {
        let (Some(at), Some(last)) = (self.place(population, array), past.last()) else { return };
        let ticks = (0..self.records[at].slots as i64).map(|ago| tick - ago).take_while(|tick| 0 <= *tick);
        for (ago, tick) in ticks.enumerate() {
            let numbers = past.get(ago).unwrap_or(last);
            for (cell, value) in self.row(at, tick).iter().enumerate() {
                let bits = match numbers {
                    Numbers::Single(x) => f64::from(x[cell]).to_bits(),
                    Numbers::Double(x) => x[cell].to_bits(),
                    Numbers::Whole(x) => x[cell] as u64,
                    Numbers::Truth(x) => -i64::from(x[cell]) as u64,
                };
                value.store(bits, Relaxed);
            }
        }
    }

    fn place(&self, population: usize, array: usize) -> Option<usize> {
        let is =
            |record: &Record| (record.population, record.array) == (population, array) && 1 < record.slots;
        self.records.iter().position(is)
    }

    /// Keeps what changes only when it is set, of a thread's cells.
    pub fn keep_fixed(&self, shards: &[Shard]) {
        for record in self.records.iter().filter(|r| r.slots == 1) {
            record.keep(&shards[record.population], 0);
        }
    }

    /// The value of a cell at a tick (before tick 0: at tick 0).
    #[inline]
    pub fn of(&self, record: usize, cell: u32, tick: i64) -> u64 {
        self.row(record, tick)[cell as usize].load(Relaxed)
    }

    /// The values of all cells at a tick (before tick 0: at tick 0).
    #[inline]
    pub fn row(&self, record: usize, tick: i64) -> &[AtomicU64] {
        let record = &self.records[record];
        let slot = tick.max(0) as usize & (record.slots - 1);
        &record.values[slot * record.cells..][..record.cells]
    }
}

impl Record {
    fn numbers(&self, row: &[AtomicU64]) -> Numbers {
        let bits = row.iter().map(|value| value.load(Relaxed));
        match (self.ty, self.precision) {
            (Ty::Float, Precision::F64) => Numbers::Double(bits.map(f64::from_bits).collect()),
            (Ty::Float, Precision::F32) => Numbers::Single(bits.map(|x| f64::from_bits(x) as f32).collect()),
            (Ty::Int | Ty::Tick, _) => Numbers::Whole(bits.map(|x| x as i64).collect()),
            (Ty::Bool, _) => Numbers::Truth(bits.map(|x| x != 0).collect()),
        }
    }

    fn fill(&self, cell: u32, shard: &Shard) {
        let data = &shard.arrays[self.array];
        let at = cell as usize;
        let bits = match (self.ty, self.precision) {
            (Ty::Float, Precision::F64) => data.view::<f64>()[at].to_bits(),
            (Ty::Float, Precision::F32) => f64::from(data.view::<f32>()[at]).to_bits(),
            (Ty::Int, _) | (Ty::Tick | Ty::Bool, Precision::F64) => data.view::<i64>()[at] as u64,
            (Ty::Tick | Ty::Bool, Precision::F32) => i64::from(data.view::<i32>()[at]) as u64,
        };
        for slot in 0..self.slots {
            self.values[slot * self.cells + (shard.first + cell) as usize].store(bits, Relaxed);
        }
    }

    fn keep(&self, shard: &Shard, tick: i64) {
        let first = (tick as usize & (self.slots - 1)) * self.cells + shard.first as usize;
        let values = &self.values[first..first + shard.cells as usize];
        let data = &shard.arrays[self.array];
        match (self.ty, self.precision) {
            (Ty::Float, Precision::F64) => store(values, data.view::<f64>(), f64::to_bits),
            (Ty::Float, Precision::F32) => store(values, data.view::<f32>(), |x| f64::from(x).to_bits()),
            (Ty::Int, _) | (Ty::Tick | Ty::Bool, Precision::F64) => {
                store(values, data.view::<i64>(), |x| x as u64);
            }
            (Ty::Tick | Ty::Bool, Precision::F32) => {
                store(values, data.view::<i32>(), |x| i64::from(x) as u64);
            }
        }
    }
}

fn store<T: Copy>(values: &[AtomicU64], from: &[T], bits: impl Fn(T) -> u64) {
    values.iter().zip(from).for_each(|(value, &x)| value.store(bits(x), Relaxed));
}
