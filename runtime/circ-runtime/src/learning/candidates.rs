//! Pairs of cells that a rewiring may connect, source by source.
//!
//! In: the synapses that there are. Out: how many candidates each source has, those with the best scores, and those with
//! given numbers. Sources are divided among threads, and what comes out does not depend on how many; only the candidates of
//! one source are written down at a time, and of the best no more than are asked for.

use std::collections::BinaryHeap;
use std::ops::Range;

use circ_plan::ir::Program;
use circ_plan::learning::Grow;

use super::batch::{Batch, Seen};
use super::leaves::Scene;
use super::own::Surroundings;
use super::rewire::Place;
use super::routine::{Failure, Routine};
use super::table::{Table, Ticks};
use super::targets::Targets;
use crate::build::selves::Selves;
use crate::parallel::for_each;

/// The pairs of a projection.
pub struct Pairs<'a> {
    around: Surroundings<'a>,
    design: usize,
    tick: i64,
    places: &'a [Place],
    /// By source: where its synapses begin among `places`; one more at the end.
    starts: Vec<usize>,
    /// Targets that are the same cell as a source, where these are no candidates.
    selves: Selves,
    /// Whether pairs that have a synapse are candidates.
    multiple: bool,
    /// Those that a source may be connected to: positions, or cells where there is a `part`.
    targets: u32,
    /// On which part of its cell a pair is.
    part: Option<&'a Program>,
}

/// The first pairs of a thread that failed: where they were put on parts, and where they were looked at.
#[derive(Default)]
pub struct Failures {
    pub put: Option<Failure>,
    pub looked: Option<Failure>,
}

/// The candidates with the best scores.
pub struct Found {
    pub best: Vec<(u32, u32)>,
    pub failures: Vec<Failures>,
}

/// A number that is the lower the earlier a score comes.
pub fn key(score: f64, highest: bool) -> u64 {
    // Both zeros are one score.
    let bits = (score + 0.0).to_bits();
    let ascending = if bits >> 63 == 0 { bits | 1 << 63 } else { !bits };
    if highest { !ascending } else { ascending }
}

impl<'a> Pairs<'a> {
    /// Besides `places`, which are in canonical order; those of a clause.
    pub fn new(
        around: Surroundings<'a>,
        design: usize,
        places: &'a [Place],
        tick: i64,
        grow: &'a Grow,
    ) -> Pairs<'a> {
        let of = &around.network.designs[design];
        let projection = &around.network.plan().projections[of.projection as usize];
        let sources = of.sides.source.len() as u32;
        let starts = (0..=sources).map(|source| places.partition_point(|place| place.source < source));
        let selves = match projection.allow_self {
            true => Selves::none(),
            false => Selves::new(&projection.source, &projection.paired()),
        };
        Pairs {
            around,
            design,
            tick,
            places,
            starts: starts.collect(),
            selves,
            multiple: projection.allow_multiple,
            targets: projection.paired_targets() as u32,
            part: grow.part.as_ref(),
        }
    }

    /// How many candidates each source has.
    pub fn counts(&self) -> Vec<u64> {
        let of = |source: u32| {
            let connected = if self.multiple { 0 } else { self.connected(source).len() };
            (self.targets as usize - self.selves.of(source).len() - connected) as u64
        };
        self.sources().map(of).collect()
    }

    /// How many of them a program holds for.
    pub fn holding(&self, program: &Program) -> (Vec<u64>, Vec<Failures>) {
        let parts = self.in_parts(|sources| {
            let mut row = Row::new(self, program);
            let counts = sources.map(|source| {
                row.run(self, program, source);
                row.values.iter().filter(|holds| **holds != 0.0).count() as u64
            });
            (counts.collect::<Vec<u64>>(), row.failures)
        });
        let (counts, failures): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
        (counts.concat(), failures)
    }

    /// At most so many with the highest or the lowest scores; of equal ones the first.
    pub fn best(&self, program: &Program, highest: bool, most: u64) -> Found {
        let parts = self.in_parts(|sources| {
            let mut row = Row::new(self, program);
            let mut best: BinaryHeap<(u64, u32, u32)> = BinaryHeap::new();
            for source in sources {
                row.run(self, program, source);
                for (&target, &score) in row.targets.iter().zip(&row.values) {
                    let candidate = (key(score, highest), source, target);
                    if (best.len() as u64) < most {
                        best.push(candidate);
                    } else if let Some(mut worst) = best.peek_mut()
                        && candidate < *worst
                    {
                        *worst = candidate;
                    }
                }
            }
            (best.into_vec(), row.failures)
        });
        let (best, failures): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
        let mut best = best.concat();
        best.sort_unstable();
        best.truncate(usize::try_from(most).unwrap_or(usize::MAX));
        Found { best: best.into_iter().map(|(_, source, target)| (source, target)).collect(), failures }
    }

    /// The candidates, those for which a program holds, with these numbers (ascending); `counts` says how many each source has.
    pub fn numbered(&self, program: Option<&Program>, counts: &[u64], numbers: &[u64]) -> Vec<(u32, u32)> {
        let mut row = program.map(|program| (program, Row::new(self, program)));
        let (mut found, mut targets) = (Vec::with_capacity(numbers.len()), vec![]);
        let (mut next, mut before) = (0, 0);
        for (source, count) in self.sources().zip(counts) {
            let end = next + numbers[next..].partition_point(|number| *number < before + count);
            if next < end {
                match &mut row {
                    None => self.row(source, &mut targets),
                    Some((program, row)) => {
                        row.run(self, program, source);
                        let holding = row.targets.iter().zip(&row.values).filter(|(_, holds)| **holds != 0.0);
                        targets.clear();
                        targets.extend(holding.map(|(target, _)| *target));
                    }
                }
                let target = |number: &u64| targets[(number - before) as usize];
                found.extend(numbers[next..end].iter().map(|number| (source, target(number))));
            }
            (next, before) = (end, before + count);
        }
        found
    }

    /// Puts chosen pairs on parts of their cells, if that is due.
    pub fn put(&self, chosen: Vec<(u32, u32)>) -> (Vec<(u32, u32)>, Failures) {
        let Some(part) = self.part else { return (chosen, Failures::default()) };
        let (mut row, mut put) = (Row::new(self, part), Vec::with_capacity(chosen.len()));
        for same in chosen.chunk_by(|a, b| a.0 == b.0) {
            let source = same[0].0;
            row.targets.clear();
            row.targets.extend(same.iter().map(|(_, cell)| *cell));
            row.reach(source);
            row.put(self, source);
            put.extend(row.targets.iter().map(|target| (source, *target)));
        }
        (put, row.failures)
    }

    fn sources(&self) -> Range<u32> {
        0..self.starts.len() as u32 - 1
    }

    fn connected(&self, source: u32) -> &[Place] {
        &self.places[self.starts[source as usize]..self.starts[source as usize + 1]]
    }

    /// The targets that a source may be connected to, ascending.
    fn row(&self, source: u32, targets: &mut Vec<u32>) {
        targets.clear();
        let connected = if self.multiple { &[] } else { self.connected(source) };
        let mut connected: Vec<u32> = connected.iter().map(|place| place.target % self.targets).collect();
        // By cell, where they are in order of the part.
        connected.sort_unstable();
        let (mut connected, mut selves) =
            (connected.iter().peekable(), self.selves.of(source).iter().peekable());
        for target in 0..self.targets {
            let is_connected = connected.next_if(|connected| **connected == target).is_some();
            let is_itself = selves.next_if(|itself| **itself == target).is_some();
            if !is_connected && !is_itself {
                targets.push(target);
            }
        }
    }

    /// `f` of stretches of sources, on several threads, in order.
    fn in_parts<R: Send>(&self, f: impl Fn(Range<u32>) -> R + Sync) -> Vec<R> {
        let (sources, threads) = (self.sources().end, self.around.network.threads() as u32);
        let share = sources.div_ceil(threads).max(1);
        let part = |first: u32| first..(first + share).min(sources);
        let mut parts: Vec<Range<u32>> = (0..sources).step_by(share as usize).map(part).collect();
        for_each(threads as usize, &mut parts, |_, sources| f(sources.clone()))
    }
}

/// The candidates of one source, and what a program makes of them. They are shown to it as a table of synapses that hold
/// nothing.
struct Row {
    table: Table,
    /// The first source of which the row was not yet reached.
    next: u32,
    routine: Routine,
    /// Of the part that a pair is put on.
    part: Option<Routine>,
    batch: Batch,
    targets: Vec<u32>,
    values: Vec<f64>,
    failures: Failures,
}

impl Row {
    fn new(pairs: &Pairs, program: &Program) -> Row {
        let of = &pairs.around.network.designs[pairs.design];
        let plan = pairs.around.network.plan();
        let projection = &plan.projections[of.projection as usize];
        let rewire = projection.learning.as_deref().and_then(|learning| learning.rewire.as_ref());
        let delays = rewire.expect("only what is rewired has candidates").delays.of_candidates();
        let mut whole = Table::empty(of.sides.source.len());
        whole.positions = (0..of.sides.target.len() as u32).collect();
        whole.cells = of.sides.target.cells().to_vec();
        let mut table = whole.with(&[], false, delays.map(Ticks::One));
        // No synapse stands behind the end of a row that was not yet reached.
        table.starts.fill(u32::MAX);
        Row {
            table,
            next: 0,
            routine: Routine::new(program, None),
            part: pairs.part.map(|part| Routine::new(part, None)),
            batch: Batch::default(),
            targets: vec![],
            values: vec![],
            failures: Failures::default(),
        }
    }

    fn run(&mut self, pairs: &Pairs, program: &Program, source: u32) {
        pairs.row(source, &mut self.targets);
        self.reach(source);
        self.put(pairs, source);
        self.show(pairs, source);
        self.values.clear();
        let scene = Scene { table: &self.table, ..pairs.around.scene(pairs.design, 0) };
        let picked = self.batch.picked(pairs.tick, pairs.tick);
        self.routine.values(program, scene, &[], picked, &mut self.failures.looked, &mut self.values);
    }

    /// Goes on to a source. Sources come in ascending order: those before have nothing any more, those after have nothing yet.
    fn reach(&mut self, source: u32) {
        self.table.starts[self.next as usize..=source as usize].fill(0);
        self.next = source + 1;
    }

    /// Shows the targets as synapses of their source.
    fn show(&mut self, pairs: &Pairs, source: u32) {
        self.table.target = Targets::Far(self.targets.clone());
        let axonal = i64::from(self.table.axonal.of(0));
        let (stamp, end) = (pairs.tick - axonal, self.targets.len() as u32);
        self.batch.clear();
        self.batch.extend(Seen { source, stamp, first: 0, end });
    }

    /// Puts targets that are cells on one of their parts, if that is due.
    fn put(&mut self, pairs: &Pairs, source: u32) {
        let Some(program) = pairs.part else { return };
        self.show(pairs, source);
        self.values.clear();
        let Row { table, part: Some(routine), batch, values, failures, targets, .. } = self else { return };
        let scene = Scene { table, ..pairs.around.scene(pairs.design, 0) };
        let picked = batch.picked(pairs.tick, pairs.tick);
        routine.values(program, scene, &[], picked, &mut failures.put, values);
        let positions = table.positions.len() as u32;
        for (target, part) in targets.iter_mut().zip(values) {
            // Where the check of the program fails nothing is made of it, but there has to be a position.
            *target = (*part as u32).saturating_mul(pairs.targets).saturating_add(*target).min(positions - 1);
        }
        targets.sort_unstable();
    }
}
