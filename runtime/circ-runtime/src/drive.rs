//! Drives that send events: Poisson trains, chosen cells, volleys.
//!
//! In: the drives of the plan and their slots. Out: at every tick, for the targets of a thread, how many
//! events each gets; what arrives is the count times the weight, both rounded to the target's
//! precision first. The train of position `p` of the view at tick `n` has [`train_count`] of the drive's key 0; the
//! cells chosen at tick `n` are Floyd's sample of its stream (0, 1, n, 0).
//!
//! [`train_count`]: circ_numerics::random::train_count

use circ_numerics::random::{Counter, Means, Stream, Trains};
use circ_plan::ir::{ArrayId, KeyId, Moment, Precision, Program, Side, TableId, UniformId};
use circ_plan::plan::{DriveKind, DrivePlan, Plan, Quantity, Sender, Sign, Table, UniformPlan};
use circ_plan::snapshot::DriveState;

use crate::aligned::Scalar;
use crate::build::{BadValue, BuildError, Marks, holds, note, sample};
use crate::cells::{slot_of, value_of};
use crate::ring::Rings;
use crate::rows::{Leaves, ROW, Rows, depends_on_element, depends_on_time, result_of};
use crate::shards::{Shards, Spot};

/// What follows from the slots of a drive.
#[derive(Clone, Debug)]
pub struct DriveValues {
    /// By `UniformId`.
    pub slots: Vec<u64>,
    /// By slot that each has its own of, then position.
    of_cells: Vec<Vec<f64>>,
    /// By position, or one for all.
    weights: Vec<f64>,
    mean: Mean,
}

/// The mean number of events in a tick.
#[derive(Clone, Debug)]
enum Mean {
    /// Not a Poisson drive.
    None,
    One(Trains),
    /// By position.
    Each(Means),
    /// Other at every tick: one for all cells, or one for each.
    Timed {
        each: bool,
    },
}

/// A drive as its programs see it.
struct DriveLeaves<'a> {
    drive: &'a DrivePlan,
    slots: &'a [u64],
    of_cells: &'a [Vec<f64>],
    tables: &'a [Table],
    first: u32,
    tick: i64,
    dt: f64,
}

impl Leaves<f64> for DriveLeaves<'_> {
    fn floats(&self, _side: Side, array: ArrayId, out: &mut [f64]) {
        let first = self.first as usize;
        out.copy_from_slice(&self.of_cells[array.0 as usize][first..first + out.len()]);
    }
    fn slot(&self, slot: UniformId) -> u64 {
        self.slots[slot.0 as usize]
    }
    fn indices(&self, _side: Side, out: &mut [i64]) {
        for (row, out) in out.iter_mut().enumerate() {
            *out = i64::from(self.first) + row as i64;
        }
    }
    fn now(&self) -> i64 {
        self.tick
    }
    fn time(&self, moment: Moment) -> f64 {
        let tick = match moment {
            Moment::Start => self.tick - 1,
            Moment::End => self.tick,
        };
        tick as f64 * self.dt
    }
    fn table(&self, table: TableId) -> &Table {
        &self.tables[table.0 as usize]
    }
    fn key(&self, key: KeyId) -> [u32; 2] {
        self.drive.keys[key.0 as usize]
    }
    fn counter(&self, row: usize, salt: u32) -> Counter {
        Counter { entity: self.first + row as u32, partner: 0, tick: self.tick as u32, salt }
    }
}

impl DriveValues {
    /// Of a drive as the plan has it.
    pub fn new(plan: &Plan, drive: &DrivePlan) -> Result<DriveValues, BuildError> {
        let slots = drive.uniforms.iter().map(|u| slot_of(u.ty, Precision::F64, u.value)).collect();
        let cells = drive.target.len();
        let of_cells = drive.of_cells.iter().map(|slot| vec![slot.value; cells]).collect();
        let mut values = DriveValues { slots, of_cells, weights: vec![], mean: Mean::None };
        values.derive(plan, drive);
        Ok(values)
    }

    /// Changes a slot and what follows from it.
    pub fn set(&mut self, plan: &Plan, drive: &DrivePlan, slot: UniformId, value: f64) {
        self.slots[slot.0 as usize] = slot_of(drive.uniforms[slot.0 as usize].ty, Precision::F64, value);
        self.derive(plan, drive);
    }

    /// Changes what each position has, and what follows from it.
    pub fn set_cells(&mut self, plan: &Plan, drive: &DrivePlan, slot: ArrayId, values: &[f64]) {
        let held = &mut self.of_cells[slot.0 as usize];
        held.iter_mut().zip(values).for_each(|(held, value)| *held = *value);
        self.derive(plan, drive);
    }

    /// What the slots hold.
    pub fn state(&self, drive: &DrivePlan) -> DriveState {
        let value = |(slot, bits): (&UniformPlan, &u64)| value_of(slot.ty, Precision::F64, *bits);
        let slots = drive.uniforms.iter().zip(&self.slots).map(value).collect();
        DriveState { slots, cells: self.of_cells.clone() }
    }

    /// Changes all slots.
    pub fn put(&mut self, plan: &Plan, drive: &DrivePlan, state: &DriveState) {
        for ((slot, plan), value) in self.slots.iter_mut().zip(&drive.uniforms).zip(&state.slots) {
            *slot = slot_of(plan.ty, Precision::F64, *value);
        }
        self.of_cells.clone_from(&state.cells);
        self.derive(plan, drive);
    }

    fn derive(&mut self, plan: &Plan, drive: &DrivePlan) {
        self.weights = match &drive.weight {
            Quantity::Constant(weight) => vec![*weight],
            Quantity::Program(program) => {
                self.evaluate(plan, drive, program, 0, 0, elements(program, drive.target.len()))
            }
        };
        self.mean = match &drive.kind {
            DriveKind::Choose { .. } | DriveKind::Times(_) => Mean::None,
            DriveKind::Poisson(Quantity::Constant(mean)) => Mean::One(Trains::new(*mean)),
            DriveKind::Poisson(Quantity::Program(program)) if depends_on_time(program) => {
                Mean::Timed { each: depends_on_element(program) }
            }
            DriveKind::Poisson(Quantity::Program(program)) => {
                let means = self.evaluate(plan, drive, program, 0, 0, elements(program, drive.target.len()));
                match means[..] {
                    [mean] => Mean::One(Trains::new(mean)),
                    // All are switched off: nothing has to be drawn.
                    _ if means.iter().all(|mean| *mean <= 0.0) => Mean::One(Trains::new(0.0)),
                    _ => Mean::Each(Means::new(means.into_iter())),
                }
            }
        };
    }

    fn evaluate(
        &self,
        plan: &Plan,
        drive: &DrivePlan,
        program: &Program,
        tick: i64,
        first: u32,
        n: usize,
    ) -> Vec<f64> {
        let mut rows = Rows::new(program);
        let mut values = vec![];
        for start in (0..n).step_by(ROW) {
            let size = ROW.min(n - start);
            let (tables, dt) = (&plan.tables[..], plan.dt);
            let leaves = DriveLeaves {
                drive,
                slots: &self.slots,
                of_cells: &self.of_cells,
                tables,
                first: first + start as u32,
                tick,
                dt,
            };
            rows.run(program, size, &leaves);
            values.extend_from_slice(&rows.floats(result_of(program))[..size]);
        }
        values
    }

    fn weight(&self, position: u32) -> f64 {
        match self.weights[..] {
            [weight] => weight,
            _ => self.weights.get(position as usize).copied().unwrap_or(0.0),
        }
    }

    /// Whether all weights and all rates that do not change may be.
    pub fn check(self, index: u32, drive: &DrivePlan, dt: f64) -> Result<DriveValues, BuildError> {
        if let Mean::Each(means) = &self.mean {
            let mut bad: Option<BadValue> = None;
            for (position, mean) in means.iter().enumerate() {
                if !(0.0 <= mean && mean.is_finite()) {
                    note(&mut bad, 0, position as u32, mean / dt);
                }
            }
            if let Some(first) = bad {
                return Err(BuildError::Rate { drive: index, first });
            }
        }
        let sender = Sender::Drive(index);
        let mut bad: Option<BadValue> = None;
        for (position, &weight) in self.weights.iter().enumerate() {
            if !holds(drive.sign, weight) {
                note(&mut bad, 0, position as u32, weight);
            }
        }
        match bad {
            Some(first) => {
                let count = if self.weights.len() == 1 { 0 } else { first.count };
                let sign: Sign = drive.sign;
                Err(BuildError::Weight { sender, sign, first: BadValue { count, ..first } })
            }
            None => Ok(self),
        }
    }
}

/// One evaluation is enough where all cells have the same.
fn elements(program: &Program, cells: usize) -> usize {
    if depends_on_element(program) { cells } else { cells.min(1) }
}

/// The targets of a drive that a thread owns.
#[derive(Debug)]
pub struct DriveLane {
    runs: Vec<TargetRun>,
    counts: Vec<u32>,
    /// Of a mean that is other at every tick but the same for all cells.
    latest: Option<Trains>,
}

/// Neighbouring positions of one precision.
#[derive(Debug)]
struct TargetRun {
    precision: Precision,
    first: u32,
    /// Where in the arena each is.
    indices: Vec<u32>,
    /// Whether each is beside the one before.
    adjacent: bool,
}

/// A drive at a tick.
pub struct Pulse<'a> {
    pub plan: &'a Plan,
    pub drive: &'a DrivePlan,
    pub values: &'a DriveValues,
    /// Of its trains.
    pub key: [u32; 2],
    pub tick: i64,
}

impl DriveLane {
    /// The part of `thread` in the targets of a drive.
    pub fn new(shards: &Shards, drive: &DrivePlan, thread: usize) -> DriveLane {
        let mut runs: Vec<TargetRun> = vec![];
        let spots = shards.spots(&drive.target, &drive.ports);
        let own = spots.iter().enumerate().filter(|s| s.1.thread as usize == thread);
        for (position, &Spot { precision, index, .. }) in own {
            let follows = |run: &&mut TargetRun| {
                run.precision == precision && run.first as usize + run.indices.len() == position
            };
            match runs.last_mut().filter(|run| follows(run)) {
                Some(run) => {
                    run.adjacent &= run.indices.last().is_none_or(|last| last + 1 == index);
                    run.indices.push(index);
                }
                None => {
                    let (first, indices) = (position as u32, vec![index]);
                    runs.push(TargetRun { precision, first, indices, adjacent: true });
                }
            }
        }
        DriveLane { runs, counts: vec![0; ROW], latest: None }
    }

    /// Adds the events of `pulse.tick` to the accumulators of their arrival.
    pub fn send(&mut self, pulse: &Pulse, rings: &mut Rings) {
        let drive = pulse.drive;
        if pulse.tick < drive.from_tick || drive.to_tick <= pulse.tick || self.runs.is_empty() {
            return;
        }
        match &drive.kind {
            DriveKind::Poisson(_) => self.poisson(pulse, rings),
            DriveKind::Choose { count, interval_ticks } => {
                if pulse.tick % (*interval_ticks).max(1) == 0 {
                    self.choose(pulse, *count, rings);
                }
            }
            DriveKind::Times(ticks) => {
                let first = ticks.partition_point(|&t| t < pulse.tick);
                let count = ticks[first..].iter().take_while(|&&t| t == pulse.tick).count() as u32;
                if 0 < count {
                    self.counts.fill(count);
                    for run in &self.runs {
                        for first in (0..run.indices.len()).step_by(ROW) {
                            let n = ROW.min(run.indices.len() - first);
                            add_counts(run, first, &self.counts[..n], pulse, rings);
                        }
                    }
                }
            }
        }
    }

    fn choose(&mut self, pulse: &Pulse, count: u32, rings: &mut Rings) {
        let cells = pulse.drive.target.len() as u32;
        let at = Counter { entity: 0, partner: 1, tick: pulse.tick as u32, salt: 0 };
        let mut stream = Stream::new(pulse.key, at);
        let mut chosen = Vec::with_capacity(count.min(cells) as usize);
        sample(&mut stream, cells, count.min(cells), &mut |k| chosen.push(k), &mut Marks::new(cells));
        chosen.sort_unstable();
        for run in &self.runs {
            let from = chosen.partition_point(|&k| k < run.first);
            for &position in &chosen[from..] {
                let local = (position - run.first) as usize;
                if run.indices.len() <= local {
                    break;
                }
                add_counts(run, local, &[1], pulse, rings);
            }
        }
    }

    fn poisson(&mut self, pulse: &Pulse, rings: &mut Rings) {
        let mean = match (&pulse.values.mean, &pulse.drive.kind) {
            (Mean::Timed { each: false }, DriveKind::Poisson(Quantity::Program(program))) => {
                let mean = pulse.values.evaluate(pulse.plan, pulse.drive, program, pulse.tick, 0, 1)[0];
                let same = |trains: &Trains| trains.mean().to_bits() == mean.to_bits();
                if !self.latest.as_ref().is_some_and(same) {
                    self.latest = Some(Trains::new(mean));
                }
                self.latest.as_ref()
            }
            (Mean::One(trains), _) => Some(trains),
            _ => None,
        };
        // A rate of 0 is how drives are switched off.
        if mean.is_some_and(|trains| trains.mean() <= 0.0) {
            return;
        }
        for run in &self.runs {
            for first in (0..run.indices.len()).step_by(ROW) {
                let n = ROW.min(run.indices.len() - first);
                let counts = &mut self.counts[..n];
                let position = run.first + first as u32;
                match mean {
                    Some(trains) => trains.counts(pulse.key, position, pulse.tick as u32, counts),
                    None => draw_each(pulse, position, counts),
                }
                add_counts(run, first, counts, pulse, rings);
            }
        }
    }
}

/// Counts of a mean for each.
fn draw_each(pulse: &Pulse, first: u32, counts: &mut [u32]) {
    let tick = pulse.tick as u32;
    match (&pulse.values.mean, &pulse.drive.kind) {
        (Mean::Each(means), _) => means.counts(first as usize, pulse.key, first, tick, counts),
        (_, DriveKind::Poisson(Quantity::Program(program))) => {
            let means =
                pulse.values.evaluate(pulse.plan, pulse.drive, program, pulse.tick, first, counts.len());
            Means::new(means.into_iter()).counts(0, pulse.key, first, tick, counts);
        }
        _ => counts.fill(0),
    }
}

/// Adds `count * weight` for neighbouring positions of a run.
fn add_counts(run: &TargetRun, first: usize, counts: &[u32], pulse: &Pulse, rings: &mut Rings) {
    let arrival = pulse.tick + pulse.drive.delay_ticks;
    match run.precision {
        Precision::F32 => add_counts_in(run, first, counts, pulse, rings.single.slot_mut(arrival)),
        Precision::F64 => add_counts_in(run, first, counts, pulse, rings.double.slot_mut(arrival)),
    }
}

fn add_counts_in<F: Scalar>(run: &TargetRun, first: usize, counts: &[u32], pulse: &Pulse, sums: &mut [F]) {
    let indices = &run.indices[first..first + counts.len()];
    let number = |count: u32| F::from_f64(f64::from(count));
    if let [weight] = pulse.values.weights[..] {
        let weight = F::from_f64(weight);
        // What is converted as a signed number must be one.
        if run.adjacent && counts.iter().fold(0, |all, count| all | count) >> 31 == 0 {
            let begin = indices[0] as usize;
            return F::add_counts(&mut sums[begin..begin + counts.len()], counts, weight);
        }
        for (&index, &count) in indices.iter().zip(counts) {
            sums[index as usize] += number(count) * weight;
        }
        return;
    }
    for (k, (&index, &count)) in indices.iter().zip(counts).enumerate() {
        let weight = pulse.values.weight(run.first + (first + k) as u32);
        sums[index as usize] += number(count) * F::from_f64(weight);
    }
}
