//! Makes all synapses of a projection, in parallel.
//!
//! In: a projection and the division of its targets into lanes. Out: each lane's rows, handed to its
//! sink in canonical order. Forms that are drawn by source are made block by block, every block
//! by all threads, then divided among the lanes; `in_degree` is drawn by target, so each lane makes
//! its own and turns it over by counting. Nothing here is allocated per row.

use circ_plan::plan::Connect;

use super::error::BuildError;
use super::layout::{Lanes, Sink};
use super::mirror::Direction;
use super::onto::Placer;
use super::pairs::{Pairs, RowSet, in_degree};
use super::selves::Selves;
use super::synapses::{Context, Report, Valuer};
use crate::parallel::for_each;

/// Synapses that one thread makes before they are divided: some megabytes.
const BLOCK: u64 = 1 << 18;

/// Makes the rows of all lanes. `limit` is what the sinks may hold in all, in bytes.
pub fn generate<S: Sink>(
    context: &Context,
    lanes: &Lanes,
    threads: usize,
    limit: u64,
    sinks: &mut [S],
) -> Result<Report, BuildError> {
    let mut work: Vec<Work<S>> = sinks
        .iter_mut()
        .map(|sink| Work { sink, valuer: Valuer::new(context), rows: RowSet::new(0), wrong: None })
        .collect();
    match context.plan.connect {
        Connect::InDegree(degree) if context.direction == Direction::There => {
            by_target(context, lanes, threads, degree, &mut work)?;
        }
        _ => by_source(context, lanes, threads, limit, &mut work)?,
    }
    let report = work.iter().fold(Report::default(), |report, w| report.merge(w.valuer.report));
    report.check(context.index, context.plan.sign)?;
    Ok(report)
}

/// A lane at work.
struct Work<'a, 's, S> {
    sink: &'s mut S,
    valuer: Valuer<'a>,
    /// The lane's part of the block.
    rows: RowSet,
    wrong: Option<BuildError>,
}

impl<S: Sink> Work<'_, '_, S> {
    fn take(&mut self, rows: &RowSet) {
        self.valuer.evaluate(rows);
        self.sink.take(rows, &self.valuer);
    }
}

fn by_source<S: Sink>(
    context: &Context,
    lanes: &Lanes,
    threads: usize,
    limit: u64,
    work: &mut [Work<S>],
) -> Result<(), BuildError> {
    let pairs = Pairs::rows(context, threads)?;
    let sources = context.views().0.len() as u32;
    let share = rows_per_block(context);
    let mut blocks: Vec<(RowSet, Option<BuildError>)> =
        (0..threads).map(|_| (RowSet::new(0), None)).collect();
    let mut next = 0;
    while next < sources {
        for_each(threads, &mut blocks, |k, (rows, wrong)| {
            let first = (u64::from(next) + k as u64 * share).min(u64::from(sources)) as u32;
            let end = (u64::from(first) + share).min(u64::from(sources)) as u32;
            rows.first = first;
            rows.starts.clear();
            rows.starts.push(0);
            rows.targets.clear();
            rows.table_rows.clear();
            pairs.make(first..end, &mut pairs.scratch(context), rows, wrong);
            Placer::new(context).place(rows, wrong);
        });
        if let Some(wrong) = blocks.iter_mut().find_map(|b| b.1.take()) {
            return Err(wrong);
        }
        for_each(threads, work, |lane, work| {
            for (block, _) in &blocks {
                if lanes.lane_of.is_empty() {
                    work.take(block);
                } else {
                    let mut rows = std::mem::take(&mut work.rows);
                    lanes.filter(lane, block, &mut rows);
                    work.take(&rows);
                    work.rows = rows;
                }
            }
        });
        let held: u64 = work.iter().map(|w| w.sink.bytes()).sum();
        if limit < held {
            let parts = super::part(&context.plan.path, held);
            return Err(BuildError::TooLarge { need: held, have: limit, parts });
        }
        next = (u64::from(next) + share * threads as u64).min(u64::from(sources)) as u32;
    }
    Ok(())
}

/// Sources in a block: about [`BLOCK`] synapses, or pairs that have to be looked at.
fn rows_per_block(context: &Context) -> u64 {
    let sources = context.views().0.len() as u64;
    let per_row = super::estimate::looked_at(context.plan).div_ceil(sources.max(1));
    (BLOCK / per_row.max(1)).clamp(1, sources.max(1))
}

fn by_target<S: Sink>(
    context: &Context,
    lanes: &Lanes,
    threads: usize,
    degree: u32,
    work: &mut [Work<S>],
) -> Result<(), BuildError> {
    let plan = context.plan;
    let selves = if plan.allow_self { Selves::none() } else { Selves::new(&plan.paired(), &plan.source) };
    for_each(threads, work, |lane, work| {
        let targets = lanes.positions(lane, plan.paired_targets() as u32);
        let synapses = targets.len() as u64 * u64::from(degree);
        let mut heaps = Heaps::new(plan.source.len() as u32, plan.paired_targets() as u32, synapses);
        in_degree(context, degree, &targets, &selves, |source, target| {
            heaps.add(source, target);
        });
        let mut rows = std::mem::take(&mut work.rows);
        let mut placer = Placer::new(context);
        for heap in 0..heaps.heaps.len() {
            heaps.turn(heap, &mut rows);
            placer.place(&mut rows, &mut work.wrong);
            work.take(&rows);
        }
    });
    let first = |error: &BuildError| match error {
        BuildError::Part { pre, post, .. } => (*pre, *post),
        _ => (0, 0),
    };
    work.iter_mut().filter_map(|work| work.wrong.take()).min_by_key(first).map_or(Ok(()), Err)
}

/// Pairs in heaps of neighbouring sources. Dealing all pairs out to all rows at once would miss the
/// cache for each; a heap's rows stay in it.
struct Heaps {
    sources: u32,
    /// A heap has `2^shift` sources.
    shift: u32,
    /// Bits that name a target; what is above names the source, counted from the heap's first.
    target_bits: u32,
    heaps: Vec<Vec<u32>>,
}

/// More heaps than this are written to in turn no faster than rows.
const MOST_HEAPS: u64 = 512;

impl Heaps {
    /// For about `synapses` pairs.
    fn new(sources: u32, targets: u32, synapses: u64) -> Heaps {
        let wanted = synapses.div_ceil(BLOCK).clamp(1, MOST_HEAPS);
        let target_bits = u32::BITS - targets.saturating_sub(1).leading_zeros();
        // A pair has to fit into 32 bits.
        let most = 1 << (u32::BITS - target_bits);
        let rows = u64::from(sources).div_ceil(wanted).next_power_of_two().min(most);
        let count = u64::from(sources).div_ceil(rows).max(1);
        let share = synapses / count;
        let room = (share + share / 16) as usize;
        Heaps {
            sources,
            shift: rows.trailing_zeros(),
            target_bits,
            heaps: (0..count).map(|_| Vec::with_capacity(room)).collect(),
        }
    }

    #[inline]
    fn add(&mut self, source: u32, target: u32) {
        let (heap, row) = (u64::from(source) >> self.shift, source & ((1_u64 << self.shift) - 1) as u32);
        // A heap of one row may need all bits for the target.
        self.heaps[heap as usize].push((u64::from(row) << self.target_bits) as u32 | target);
    }

    /// Deals a heap out to its rows, and empties it. Pairs came with ascending targets: so every row is in
    /// canonical order.
    fn turn(&mut self, heap: usize, rows: &mut RowSet) {
        let pairs = std::mem::take(&mut self.heaps[heap]);
        let first = (heap as u32) << self.shift;
        let count = u64::from(self.sources - first).min(1 << self.shift) as usize;
        let part = |pair: u32| {
            (u64::from(pair) >> self.target_bits, u64::from(pair) & ((1 << self.target_bits) - 1))
        };
        rows.first = first;
        rows.table_rows.clear();
        rows.targets.clear();
        rows.targets.resize(pairs.len(), 0);
        // Shifted by two, so that dealing out moves each row's place to where the next begins.
        rows.starts.clear();
        rows.starts.resize(count + 2, 0);
        for &pair in &pairs {
            rows.starts[part(pair).0 as usize + 2] += 1;
        }
        for k in 2..rows.starts.len() {
            rows.starts[k] += rows.starts[k - 1];
        }
        for pair in pairs {
            let (row, target) = part(pair);
            let at = &mut rows.starts[row as usize + 1];
            rows.targets[*at] = target as u32;
            *at += 1;
        }
        rows.starts.pop();
    }
}
