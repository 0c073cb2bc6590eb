//! What the programs of a rule read, for a list of synapses.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use circ_numerics::random::Counter;
use circ_plan::ir::{ArrayId, KeyId, Moment, Side, TableId, UniformId};
use circ_plan::learning::Learning;
use circ_plan::plan::{ProjectionPlan, Table as Numbers};

use super::sides::{Origin, Post, Sides, World};
use super::store::{Column, Which};
use super::table::{Table, Ticks};
use crate::aligned::Scalar;
use crate::rows::Leaves;

/// A learning projection, for the cells of a thread.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    pub world: World<'a>,
    pub projection: &'a ProjectionPlan,
    pub learning: &'a Learning,
    pub sides: &'a Sides,
    pub table: &'a Table,
    /// The shared slots of the rule.
    pub rule: &'a [u64],
}

/// Some synapses at a tick.
#[derive(Clone, Copy)]
pub struct Picked<'a> {
    pub synapses: &'a [u32],
    /// Their sources, beside them; may be empty where no program of this kind reads them.
    pub sources: &'a [u32],
    /// Whether they follow each other, all of one source, which is read at one tick.
    pub run: bool,
    /// `Now`
    pub now: i64,
    /// The tick that columns of the source are read at, beside the synapses.
    pub source_ticks: &'a [i64],
    /// The tick that columns of the target are read at, had they no way back; that of modulators.
    pub tick: i64,
    /// Columns that are known already.
    pub given: Option<Given<'a>>,
}

/// Columns of both sides, beside a list of at most [`crate::rows::ROW`] synapses; empty where they are not known.
#[derive(Clone, Copy)]
pub struct Given<'a> {
    pub pre: &'a [Vec<f64>],
    pub post: &'a [Vec<f64>],
    /// What each synapse does this for: an event of `ticks`.
    pub events: &'a [u32],
    pub ticks: &'a [i32],
}

impl<'a> Given<'a> {
    fn of(&self, side: Side, column: ArrayId) -> Option<&'a [f64]> {
        let columns = if side == Side::Pre { self.pre } else { self.post };
        columns.get(column.0 as usize).map(Vec::as_slice).filter(|values| !values.is_empty())
    }
}

impl<'a> Picked<'a> {
    /// The tick that a synapse of the list does this for.
    pub fn now(&self, at: usize) -> i64 {
        self.given.map_or(self.now, |given| i64::from(given.ticks[given.events[at] as usize]))
    }

    /// Which synapses they are.
    pub fn which(&self) -> Which<'a> {
        match self.run {
            true => {
                let first = self.synapses[0] as usize;
                Which::Run(first, first + self.synapses.len())
            }
            false => Which::List(self.synapses),
        }
    }
}

/// The synapses of a row of a program.
pub struct SynapseLeaves<'a> {
    pub scene: Scene<'a>,
    pub arrays: &'a [Column],
    pub picked: Picked<'a>,
}

impl SynapseLeaves<'_> {
    /// Calls `f` with the place of every element, where a column is read, and when.
    #[inline]
    fn each(&self, side: Side, column: ArrayId, mut f: impl FnMut(usize, (Origin, u32), i64)) {
        let Scene { sides, table, .. } = self.scene;
        let Picked { synapses, sources, source_ticks, tick, .. } = self.picked;
        let position = |synapse: u32| table.positions[table.target[synapse as usize] as usize];
        match side {
            Side::Pre if self.picked.run => {
                let at = sides.pre[column.0 as usize].at(&sides.source, sources[0]);
                let tick = source_ticks[0];
                (0..synapses.len()).for_each(|k| f(k, at, tick));
            }
            Side::Pre => {
                let origins = &sides.pre[column.0 as usize];
                for (k, (&source, &tick)) in sources.iter().zip(source_ticks).enumerate() {
                    f(k, origins.at(&sides.source, source), tick);
                }
            }
            Side::Post | Side::Own => match &sides.post[column.0 as usize] {
                Post::Target(origins) => {
                    for (k, &synapse) in synapses.iter().enumerate() {
                        let back = i64::from(table.back.of(synapse as usize));
                        f(k, origins.at(&sides.target, position(synapse)), tick - back);
                    }
                }
                Post::Modulator(cells, origins, ago) => {
                    let one = cells.len() == 1;
                    for (k, &synapse) in synapses.iter().enumerate() {
                        let at = if one { 0 } else { position(synapse) };
                        f(k, origins.at(cells, at), tick - ago);
                    }
                }
            },
        }
    }
}

impl SynapseLeaves<'_> {
    /// What most columns are: values of cells of one population, all as of one tick. Says whether it was that.
    fn kept<F: Scalar>(&self, side: Side, column: ArrayId, out: &mut [F]) -> bool {
        let Scene { sides, table, world, .. } = self.scene;
        let Picked { synapses, sources, source_ticks, tick, run, .. } = self.picked;
        let value = |bits: &AtomicU64| F::from_f64(f64::from_bits(bits.load(Relaxed)));
        match side {
            Side::Pre => {
                let Some(record) = sides.pre[column.0 as usize].kept() else { return false };
                if run {
                    let (_, cell) = sides.pre[column.0 as usize].at(&sides.source, sources[0]);
                    out.fill(value(&world.history.row(record, source_ticks[0])[cell as usize]));
                    return true;
                }
                if !source_ticks.iter().all(|at| *at == source_ticks[0]) {
                    return false;
                }
                let row = world.history.row(record, source_ticks[0]);
                let cells = sides.source.cells();
                for (out, &source) in out.iter_mut().zip(sources) {
                    *out = value(&row[cells[source as usize] as usize]);
                }
                true
            }
            Side::Post => {
                if let Post::Modulator(cells, origins, ago) = &sides.post[column.0 as usize]
                    && cells.len() == 1
                {
                    out.fill(F::from_f64(world.float(origins.at(cells, 0), tick - ago)));
                    return true;
                }
                let (Post::Target(origins), Ticks::One(back)) = (&sides.post[column.0 as usize], &table.back)
                else {
                    return false;
                };
                let Some(record) = origins.kept() else { return false };
                let row = world.history.row(record, tick - i64::from(*back));
                let cell = |target: u32| table.cells[target as usize] as usize;
                match run {
                    true => {
                        let targets = &table.target[synapses[0] as usize..][..synapses.len()];
                        out.iter_mut().zip(targets).for_each(|(out, &to)| *out = value(&row[cell(to)]));
                    }
                    false => {
                        for (out, &synapse) in out.iter_mut().zip(synapses) {
                            *out = value(&row[cell(table.target[synapse as usize])]);
                        }
                    }
                }
                true
            }
            Side::Own => false,
        }
    }
}

impl<F: Scalar> Leaves<F> for SynapseLeaves<'_> {
    fn floats(&self, side: Side, array: ArrayId, out: &mut [F]) {
        match side {
            Side::Own => self.arrays[array.0 as usize].floats(self.picked.which(), out),
            Side::Pre | Side::Post => match self.picked.given.and_then(|given| given.of(side, array)) {
                Some(values) => out.iter_mut().zip(values).for_each(|(out, &x)| *out = F::from_f64(x)),
                None if self.kept(side, array, out) => {}
                None => self.each(side, array, |k, at, tick| {
                    out[k] = F::from_f64(self.scene.world.float(at, tick));
                }),
            },
        }
    }
    fn ints(&self, side: Side, array: ArrayId, out: &mut [i64]) {
        match side {
            Side::Own => self.arrays[array.0 as usize].ints(self.picked.which(), out),
            Side::Pre | Side::Post => {
                self.each(side, array, |k, at, tick| out[k] = self.scene.world.int(at, tick));
            }
        }
    }
    fn bools(&self, side: Side, array: ArrayId, out: &mut [bool]) {
        match side {
            Side::Own => self.arrays[array.0 as usize].bools(self.picked.which(), out),
            Side::Pre | Side::Post => {
                self.each(side, array, |k, at, tick| out[k] = self.scene.world.bool(at, tick));
            }
        }
    }
    fn slot(&self, slot: UniformId) -> u64 {
        self.scene.rule[slot.0 as usize]
    }
    fn indices(&self, side: Side, out: &mut [i64]) {
        let table = self.scene.table;
        match side {
            Side::Post => {
                for (out, &synapse) in out.iter_mut().zip(self.picked.synapses) {
                    *out = i64::from(table.positions[table.target[synapse as usize] as usize]);
                }
            }
            Side::Pre | Side::Own => {
                out.iter_mut().zip(self.picked.sources).for_each(|(out, &source)| *out = i64::from(source));
            }
        }
    }
    fn now(&self) -> i64 {
        self.picked.now
    }
    fn time(&self, moment: Moment) -> f64 {
        let tick = match moment {
            Moment::Start => self.picked.now - 1,
            Moment::End => self.picked.now,
        };
        tick as f64 * self.scene.world.plan.dt
    }
    fn table(&self, table: TableId) -> &Numbers {
        &self.scene.world.plan.tables[table.0 as usize]
    }
    fn edges(&self, column: u32, out: &mut [F]) {
        let column = &self.scene.projection.edges[column as usize];
        for (out, &synapse) in out.iter_mut().zip(self.picked.synapses) {
            let row = self.scene.table.table_rows[synapse as usize];
            *out = F::from_f64(column[row as usize]);
        }
    }
    fn key(&self, key: KeyId) -> [u32; 2] {
        self.scene.learning.keys[key.0 as usize]
    }
    fn counter(&self, row: usize, salt: u32) -> Counter {
        let (table, synapse) = (self.scene.table, self.picked.synapses[row] as usize);
        let (entity, target) = (self.picked.sources[row], table.positions[table.target[synapse] as usize]);
        let occurrence = table.occurrence.get(synapse).copied().unwrap_or(0);
        let targets = self.scene.sides.target.len() as u32;
        let partner = target.wrapping_add(targets.wrapping_mul(occurrence / 64));
        Counter { entity, partner, tick: self.picked.now as u32, salt: salt + 64 * (occurrence % 64) }
    }
}
