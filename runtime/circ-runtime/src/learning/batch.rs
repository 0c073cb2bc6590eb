//! Lists of synapses that a program runs for, with their sources.
//!
//! In: stretches of one source, single synapses, or all. Out: what [`Picked`] shows of them. The lists are used again and
//! again.

use std::ops::Range;

use circ_plan::ir::{Op, Program, Side};

use super::design::Design;
use super::leaves::{Picked, Scene};
use super::store::{Beside, Column, Which};
use super::table::{Table, Ticks};

/// Synapses of which a list is made at a time, where all are meant.
const CHUNK: usize = 1 << 12;

/// Synapses that see a spike.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    pub source: u32,
    pub stamp: i64,
    pub first: u32,
    pub end: u32,
}

/// A list of synapses, and when columns of their sources are read.
#[derive(Default)]
pub struct Batch {
    pub synapses: Vec<u32>,
    sources: Vec<u32>,
    ticks: Vec<i64>,
}

impl Batch {
    pub fn clear(&mut self) {
        self.synapses.clear();
        self.sources.clear();
        self.ticks.clear();
    }

    pub fn push(&mut self, synapse: u32, source: u32, tick: i64) {
        self.synapses.push(synapse);
        self.sources.push(source);
        self.ticks.push(tick);
    }

    /// These synapses, which follow each other.
    pub fn all(&mut self, table: &Table, range: Range<u32>) {
        self.clear();
        let mut source = table.source(range.start);
        let mut first = range.start;
        while first < range.end {
            let end = table.starts[source as usize + 1].min(range.end);
            self.extend(Seen { source, stamp: 0, first, end });
            (first, source) = (end, source + 1);
        }
    }

    /// Adds these synapses and their sources.
    pub fn append(&mut self, synapses: &[u32], sources: &[u32]) {
        self.synapses.extend_from_slice(synapses);
        self.sources.extend_from_slice(sources);
        self.ticks.resize(self.synapses.len(), 0);
    }

    /// Adds the synapses of one source from `first` on.
    pub fn extend(&mut self, Seen { source, stamp, first, end }: Seen) {
        self.synapses.extend(first..end);
        self.sources.resize(self.synapses.len(), source);
        self.ticks.resize(self.synapses.len(), stamp);
    }

    /// `now` is the tick that is made; `tick` when columns of the target are read, had they no way back.
    pub fn picked(&self, now: i64, tick: i64) -> Picked<'_> {
        Picked {
            synapses: Which::List(&self.synapses),
            sources: Beside::Each(&self.sources),
            now,
            source_ticks: Beside::Each(&self.ticks),
            tick,
            given: None,
        }
    }

    /// Reads columns of sources as of the axonal delay before `tick`, if the program reads any.
    pub fn look_back(
        &mut self,
        scene: Scene,
        design: &Design,
        program: &Program,
        arrays: &[Column],
        tick: i64,
    ) {
        if !reads_source(program) {
            return;
        }
        if let (None, Ticks::One(axonal)) = (scene.learning.longest, &scene.table.axonal) {
            self.ticks.fill(tick - i64::from(*axonal));
        } else {
            for (&synapse, at) in self.synapses.iter().zip(&mut self.ticks) {
                *at = tick - axonal(arrays, scene, design, synapse);
            }
        }
    }
}

/// Calls `f` with all synapses, some at a time, for a program that reads columns as of a tick: `now` is the tick that is
/// made.
pub fn all(
    batch: &mut Batch,
    scene: Scene,
    design: &Design,
    program: &Program,
    arrays: &mut [Column],
    [now, tick]: [i64; 2],
    mut f: impl FnMut(&mut [Column], Picked),
) {
    let table = scene.table;
    if let (None, Ticks::One(axonal), true) = (scene.learning.longest, &table.axonal, table.has_long_rows()) {
        for (source, row) in table.starts.windows(2).enumerate() {
            let source_tick = tick - i64::from(*axonal);
            f(arrays, Picked::row(row[0]..row[1], source as u32, source_tick, now, tick));
        }
        return;
    }
    let all = table.len() as u32;
    for first in (0..all).step_by(CHUNK) {
        batch.all(table, first..(first + CHUNK as u32).min(all));
        batch.look_back(scene, design, program, arrays, tick);
        f(arrays, batch.picked(now, tick));
    }
}

/// Whether a program reads columns of the source.
fn reads_source(program: &Program) -> bool {
    program.ops.iter().any(|op| matches!(op, Op::Load(Side::Pre, _)))
}

/// The axonal delay of a synapse at present, in ticks.
pub fn axonal(arrays: &[Column], scene: Scene, design: &Design, synapse: u32) -> i64 {
    let at = synapse as usize;
    match (scene.learning.longest, scene.learning.delay) {
        (Some(_), Some(delay)) => {
            let ticks = (arrays[delay.0 as usize].number(at) / scene.world.plan.dt).round() as i64;
            let least = (1 - i64::from(scene.table.dendritic.of(at))).max(0);
            ticks.min(design.longest).max(least)
        }
        _ => i64::from(scene.table.axonal.of(at)),
    }
}
