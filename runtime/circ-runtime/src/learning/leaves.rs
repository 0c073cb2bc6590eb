//! What the programs of a rule read, for a list of synapses.

use std::ops::Range;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use circ_numerics::random::Counter;
use circ_plan::ir::{ArrayId, KeyId, Moment, Side, TableId, UniformId};
use circ_plan::learning::Learning;
use circ_plan::plan::{ProjectionPlan, Table as Numbers};

use super::sides::{Origin, Post, Sides, World};
use super::store::{Beside, Column, Which};
use super::table::{Table, Ticks};
use super::targets::with_targets;
use crate::aligned::Scalar;
use crate::narrow::Narrow;
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
    /// Of draws, by `KeyId`.
    pub keys: &'a [[u32; 2]],
}

/// Some synapses at a tick.
#[derive(Clone, Copy)]
pub struct Picked<'a> {
    pub synapses: Which<'a>,
    /// Their sources.
    pub sources: Beside<'a, u32>,
    /// `Now`
    pub now: i64,
    /// The tick that columns of the source are read at.
    pub source_ticks: Beside<'a, i64>,
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
    /// Synapses of one source that follow each other. `now` is the tick that is made; `tick` when columns of the target are
    /// read, had they no way back.
    pub fn row(synapses: Range<u32>, source: u32, source_tick: i64, now: i64, tick: i64) -> Picked<'a> {
        Picked {
            synapses: Which::Run(synapses.start, synapses.end),
            sources: Beside::One(source),
            now,
            source_ticks: Beside::One(source_tick),
            tick,
            given: None,
        }
    }

    /// The tick that a synapse of the list does this for.
    pub fn now(&self, at: usize) -> i64 {
        self.given.map_or(self.now, |given| i64::from(given.ticks[given.events[at] as usize]))
    }

    /// Those from one place up to another, of which nothing is known already.
    pub fn part(self, range: Range<usize>) -> Picked<'a> {
        Picked {
            synapses: self.synapses.part(range.clone()),
            sources: self.sources.part(range.clone()),
            source_ticks: self.source_ticks.part(range),
            ..self
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
        let position = |synapse: u32| table.positions[table.target.of(synapse) as usize];
        match side {
            Side::Pre => {
                let origins = &sides.pre[column.0 as usize];
                for k in 0..synapses.len() {
                    f(k, origins.at(&sides.source, sources.at(k)), source_ticks.at(k));
                }
            }
            Side::Post | Side::Own => match &sides.post[column.0 as usize] {
                Post::Target(origins) => {
                    for (k, synapse) in synapses.iter().enumerate() {
                        let back = i64::from(table.back.of(synapse as usize));
                        f(k, origins.at(&sides.target, position(synapse)), tick - back);
                    }
                }
                Post::Modulator(cells, origins, ago) => {
                    let one = cells.len() == 1;
                    for (k, synapse) in synapses.iter().enumerate() {
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
        let Picked { synapses, sources, source_ticks, tick, .. } = self.picked;
        let value = |bits: &AtomicU64| F::from_f64(f64::from_bits(bits.load(Relaxed)));
        match side {
            Side::Pre => {
                let (Some(record), Some(tick)) = (sides.pre[column.0 as usize].kept(), source_ticks.one())
                else {
                    return false;
                };
                let row = world.history.row(record, tick);
                let cells = sides.source.cells();
                match sources {
                    Beside::One(source) => out.fill(value(&row[cells[source as usize] as usize])),
                    Beside::Each(sources) => {
                        for (out, &source) in out.iter_mut().zip(sources) {
                            *out = value(&row[cells[source as usize] as usize]);
                        }
                    }
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
                let Some(first_cell) = table.first_cell else {
                    for (out, synapse) in out.iter_mut().zip(synapses.iter()) {
                        *out = value(&row[table.cells[table.target.of(synapse) as usize] as usize]);
                    }
                    return true;
                };
                let row = &row[first_cell as usize..][..table.cells.len()];
                match synapses {
                    Which::Run(first, end) => {
                        with_targets!(&table.target, first as usize..end as usize, targets => {
                            let values = targets.iter().map(|to| value(&row[to.index()]));
                            out.iter_mut().zip(values).for_each(|(out, value)| *out = value);
                        });
                    }
                    Which::List(list) => {
                        let targets = list.iter().map(|&synapse| table.target.of(synapse) as usize);
                        out.iter_mut().zip(targets).for_each(|(out, to)| *out = value(&row[to]));
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
            Side::Own => self.arrays[array.0 as usize].floats(self.picked.synapses, out),
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
            Side::Own => self.arrays[array.0 as usize].ints(self.picked.synapses, out),
            Side::Pre | Side::Post => {
                self.each(side, array, |k, at, tick| out[k] = self.scene.world.int(at, tick));
            }
        }
    }
    fn bools(&self, side: Side, array: ArrayId, out: &mut [bool]) {
        match side {
            Side::Own => self.arrays[array.0 as usize].bools(self.picked.synapses, out),
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
                for (out, synapse) in out.iter_mut().zip(self.picked.synapses.iter()) {
                    *out = i64::from(table.positions[table.target.of(synapse) as usize]);
                }
            }
            Side::Pre | Side::Own => {
                out.iter_mut().enumerate().for_each(|(k, out)| *out = i64::from(self.picked.sources.at(k)));
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
        for (out, synapse) in out.iter_mut().zip(self.picked.synapses.iter()) {
            let row = self.scene.table.table_rows[synapse as usize];
            *out = F::from_f64(column[row as usize]);
        }
    }
    fn key(&self, key: KeyId) -> [u32; 2] {
        self.scene.keys[key.0 as usize]
    }
    fn counter(&self, row: usize, salt: u32) -> Counter {
        let (table, synapse) = (self.scene.table, self.picked.synapses.at(row) as usize);
        let (entity, target) =
            (self.picked.sources.at(row), table.positions[table.target.of(synapse as u32) as usize]);
        let occurrence = table.occurrence.get(synapse).copied().unwrap_or(0);
        let targets = self.scene.sides.target.len() as u32;
        let partner = target.wrapping_add(targets.wrapping_mul(occurrence / 64));
        Counter { entity, partner, tick: self.picked.now as u32, salt: salt + 64 * (occurrence % 64) }
    }
}
