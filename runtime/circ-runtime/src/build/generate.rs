//! Makes all synapses of a projection, in parallel.
//!
//! In: a projection and the division of its targets into lanes. Out: each lane's rows, handed to its
//! sink in canonical order. Forms that are drawn by source are made block by block, every block
//! by all threads, then divided among the lanes; `in_degree` is drawn by target, so each lane makes
//! its own and turns it over by counting. Nothing here is allocated per row.

use circ_plan::plan::Connect;

use super::error::BuildError;
use super::layout::{Lanes, Sink};
use super::pairs::{Pairs, RowSet, in_degree};
use super::selves::Selves;
use super::synapses::{Context, Report, Valuer};

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
        .map(|sink| Work {
            sink,
            valuer: Valuer::new(context),
            rows: RowSet::new(0),
        })
        .collect();
    match context.plan.connect {
        Connect::InDegree(degree) => by_target(context, lanes, threads, degree, &mut work),
        _ => by_source(context, lanes, threads, limit, &mut work)?,
    }
    let report = work
        .iter()
        .fold(Report::default(), |report, w| report.merge(w.valuer.report));
    report.check(context.index, context.plan.sign)?;
    Ok(report)
}

/// A lane at work.
struct Work<'a, 's, S> {
    sink: &'s mut S,
    valuer: Valuer<'a>,
    /// The lane's part of the block.
    rows: RowSet,
}

impl<S: Sink> Work<'_, '_, S> {
    fn take(&mut self, rows: &RowSet) {
        self.valuer.evaluate(rows);
        self.sink
            .take(rows, &self.valuer.weights, &self.valuer.delays);
    }
}

fn by_source<S: Sink>(
    context: &Context,
    lanes: &Lanes,
    threads: usize,
    limit: u64,
    work: &mut [Work<S>],
) -> Result<(), BuildError> {
    let pairs = Pairs::new(context)?;
    let sources = context.plan.source.len() as u32;
    let share = rows_per_block(context);
    let mut blocks: Vec<(RowSet, Option<BuildError>)> =
        (0..threads).map(|_| (RowSet::new(0), None)).collect();
    let mut next = 0;
    while next < sources {
        super::super::parallel::for_each(threads, &mut blocks, |k, (rows, wrong)| {
            let first = (u64::from(next) + k as u64 * share).min(u64::from(sources)) as u32;
            let end = (u64::from(first) + share).min(u64::from(sources)) as u32;
            rows.first = first;
            rows.starts.clear();
            rows.starts.push(0);
            rows.targets.clear();
            rows.table_rows.clear();
            pairs.make(first..end, rows, wrong);
        });
        if let Some(wrong) = blocks.iter_mut().find_map(|b| b.1.take()) {
            return Err(wrong);
        }
        super::super::parallel::for_each(threads, work, |lane, work| {
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
            return Err(BuildError::TooLarge {
                need: held,
                have: limit,
                parts,
            });
        }
        next = (u64::from(next) + share * threads as u64).min(u64::from(sources)) as u32;
    }
    Ok(())
}

/// Sources in a block: about [`BLOCK`] synapses, or pairs that have to be looked at.
fn rows_per_block(context: &Context) -> u64 {
    let sources = context.plan.source.len() as u64;
    let per_row = super::estimate::looked_at(context.plan).div_ceil(sources.max(1));
    (BLOCK / per_row.max(1)).clamp(1, sources.max(1))
}

fn by_target<S: Sink>(
    context: &Context,
    lanes: &Lanes,
    threads: usize,
    degree: u32,
    work: &mut [Work<S>],
) {
    let plan = context.plan;
    let selves = if plan.allow_self {
        Selves::none()
    } else {
        Selves::new(&plan.target, &plan.source)
    };
    super::super::parallel::for_each(threads, work, |lane, work| {
        let targets = lanes.positions(lane, plan.target.len() as u32);
        let rows = turned(context, degree, &targets, &selves);
        let mut block = RowSet::new(0);
        let mut row = 0;
        while row < rows.rows() {
            // As many rows as make about a block, at least one.
            let limit = rows.starts[row] + BLOCK as usize;
            let end = rows
                .starts
                .partition_point(|&start| start <= limit)
                .saturating_sub(1)
                .clamp(row + 1, rows.rows());
            let first = rows.starts[row];
            block.first = row as u32;
            block.starts.clear();
            block
                .starts
                .extend(rows.starts[row..=end].iter().map(|start| start - first));
            block.targets.clear();
            block
                .targets
                .extend_from_slice(&rows.targets[first..rows.starts[end]]);
            work.take(&block);
            row = end;
        }
    });
}

/// The rows by source of targets that each have `degree` sources: counted, then dealt out, targets in
/// ascending order, so that every row is in canonical order.
fn turned(context: &Context, degree: u32, targets: &[u32], selves: &Selves) -> RowSet {
    let mut sources = vec![];
    in_degree(context, degree, targets, selves, &mut sources);
    let mut rows = RowSet::new(0);
    rows.starts = vec![0; context.plan.source.len() + 1];
    for &source in &sources {
        rows.starts[source as usize + 1] += 1;
    }
    for k in 1..rows.starts.len() {
        rows.starts[k] += rows.starts[k - 1];
    }
    let mut next = rows.starts.clone();
    rows.targets = vec![0; sources.len()];
    for (&target, sources) in targets
        .iter()
        .zip(sources.chunks_exact((degree as usize).max(1)))
    {
        for &source in sources {
            let at = &mut next[source as usize];
            rows.targets[*at] = target;
            *at += 1;
        }
    }
    rows
}
