//! What a network will need, before anything is allocated.
//!
//! In: a plan and the number of threads. Out: bytes for every population and projection, for what is
//! on its way, and for the work of building. Numbers of random synapses are their means and five
//! standard deviations; where a program decides about pairs, some rows are tried.

use circ_plan::engine::Memory;
use circ_plan::ir::Precision;
use circ_plan::learning::{Hook, Learning, When};
use circ_plan::plan::{Connect, Indices, Pairing, Plan, ProjectionPlan, Quantity};

use super::bundle::together;
use super::flight;
use super::mirror::{Direction, drawn_as};
use super::pairs::{Pairs, RowSet};
use super::synapses::Context;
use crate::learning::{Waits, width};
use crate::shards::array_bytes;

/// Above this, populations are not made just to estimate.
const TRIAL_BYTES: u64 = 1 << 30;
/// Pairs that are tried of a projection.
const TRIAL_PAIRS: u64 = 1 << 18;

/// The memory that a network needs, in order of declaration; `made_again` says whose rows are not held.
pub fn estimate(plan: &Plan, made_again: &[bool], threads: usize) -> Memory {
    let mut memory = Memory::default();
    let arrays: u64 = plan.populations.iter().map(|p| array_bytes(p, threads)).sum();
    let cells = (arrays < TRIAL_BYTES).then(|| super::Cells::new(plan));
    for population in &plan.populations {
        memory.parts.push((population.path.clone(), array_bytes(population, threads)));
    }
    let mut construction = 0;
    let mut sizes = vec![];
    for (k, projection) in plan.projections.iter().enumerate() {
        let synapses = expected(plan, k as u32, cells.as_ref());
        let again = made_again[k] && !is_broadcast(plan, k as u32);
        sizes.push(match again {
            true => columns_bytes(projection),
            false => bytes(plan, k as u32, synapses, threads),
        });
        memory.parts.push((projection.path.clone(), sizes[k]));
        construction = construction.max(working_bytes(plan, k as u32, synapses));
    }
    // Rows that are put together are there twice for a while.
    let held: Vec<_> = plan.projections.iter().zip(&sizes).zip(made_again).filter(|it| !it.1).collect();
    for ((projection, _), _) in &held {
        let beside = held.iter().filter(|((other, _), _)| together(projection, other));
        let (count, size) = beside.fold((0, 0), |(count, size), ((_, bytes), _)| (count + 1, size + **bytes));
        construction = construction.max(if 1 < count { size } else { 0 });
    }
    memory.parts.push(("what is on its way".into(), flight::bytes(plan, cells.as_ref(), threads)));
    memory.parts.push(("building".into(), construction));
    memory
}

/// Whether all synapses are one sum: `all_to_all` with one weight and one delay, of all pairs of the views. What
/// flows is one sum only where it is the weight times something of the source.
pub fn is_broadcast(plan: &Plan, projection: u32) -> bool {
    let (drawn, _) = drawn_as(plan, projection);
    let flow = &plan.projections[projection as usize].flow;
    drawn.pairing == Pairing::Ordered
        && drawn.learning.is_none()
        && flow.as_ref().is_none_or(|flow| flow.factor.is_some())
        && matches!(
            (&drawn.connect, &drawn.weight, &drawn.delay, &drawn.onto),
            (Connect::AllToAll, Quantity::Constant(_), Quantity::Constant(_), None)
        )
}

/// Whether all synapses are a matrix: what flows from all to all cells of one range, with one delay.
pub fn is_matrix(plan: &Plan, projection: u32) -> bool {
    let (drawn, _) = drawn_as(plan, projection);
    let this = &plan.projections[projection as usize];
    let range = matches!(&this.target.segments[..], [segment] if matches!(segment.cells, Indices::Range(..)));
    this.flow.is_some()
        && range
        && drawn.pairing == Pairing::Ordered
        && matches!(
            (&drawn.connect, &drawn.delay, &drawn.onto),
            (Connect::AllToAll, Quantity::Constant(_), None)
        )
}

/// Synapses, or pairs that have to be looked at to find them.
pub fn looked_at(plan: &ProjectionPlan) -> u64 {
    let pairs = plan.source.len() as u64 * plan.paired_targets() as u64;
    certain(plan).unwrap_or(pairs)
}

/// The number of synapses where no program decides.
fn certain(plan: &ProjectionPlan) -> Option<u64> {
    let (sources, targets) = (plan.source.len() as u64, plan.paired_targets() as u64);
    let pairs = match plan.pairing {
        Pairing::Ordered | Pairing::Mirror(_) => (sources * targets) as f64,
        Pairing::Unordered => (sources * targets.saturating_sub(1) / 2) as f64,
    };
    Some(match &plan.connect {
        Connect::Probability(Quantity::Constant(p)) => {
            let mean = pairs * p.clamp(0.0, 1.0);
            (mean + 5.0 * mean.sqrt()).ceil().min(pairs) as u64
        }
        Connect::Probability(Quantity::Program(_)) | Connect::Where(_) => return None,
        Connect::InDegree(degree) => u64::from(*degree) * targets,
        Connect::OutDegree(degree) => u64::from(*degree) * sources,
        Connect::Total(total) => *total,
        Connect::OneToOne => sources,
        Connect::AllToAll => pairs as u64,
        Connect::Pairs(list) => list.len() as u64,
    })
}

/// The expected number of synapses of a projection.
pub fn expected(plan: &Plan, projection: u32, cells: Option<&super::Cells>) -> u64 {
    let (this, _) = drawn_as(plan, projection);
    let (sources, targets) = (this.source.len() as u64, this.paired_targets() as u64);
    match (certain(this), cells) {
        (Some(synapses), _) => synapses,
        (None, None) => sources * targets,
        (None, Some(cells)) => tried(&cells.context(plan, projection), sources, targets),
    }
}

/// Tries some rows, evenly spaced.
fn tried(context: &Context, sources: u64, targets: u64) -> u64 {
    let Ok(pairs) = Pairs::new(context, 1) else {
        return 0;
    };
    let rows = (TRIAL_PAIRS / targets.max(1)).clamp(1, sources.max(1));
    let (mut found, mut scratch) = (RowSet::new(0), pairs.scratch(context));
    for k in 0..rows {
        let source = (sources * (2 * k + 1) / (2 * rows)) as u32;
        pairs.make(source..source + 1, &mut scratch, &mut found, &mut None);
    }
    let mean = found.targets.len() as f64 * sources as f64 / rows as f64;
    (mean + 5.0 * mean.sqrt()) as u64
}

/// Bytes of a projection whose rows are made again: what is read of cells, and where targets are.
fn columns_bytes(plan: &ProjectionPlan) -> u64 {
    let (sources, targets) = (plan.source.len() as u64, plan.target.len() as u64);
    8 * (plan.pre_columns.len() as u64 * sources + plan.post_columns.len() as u64 * targets) + 8 * targets
}

/// Bytes of the finished projection.
fn bytes(plan: &Plan, projection: u32, synapses: u64, threads: usize) -> u64 {
    let this = &plan.projections[projection as usize];
    let (drawn, _) = drawn_as(plan, projection);
    let (sources, targets) = (this.source.len() as u64, this.target.len() as u64);
    if let Some(learning) = &this.learning {
        return learning_bytes(plan, this, learning, synapses, threads);
    }
    if is_broadcast(plan, projection) {
        return 8 * (sources + targets);
    }
    let rows = sources * threads as u64;
    let matrix = is_matrix(plan, projection);
    let target = if matrix {
        0
    } else if targets.div_ceil(threads as u64) <= 1 << 16 {
        2
    } else {
        4
    };
    let weight = match (&drawn.weight, drawn.store) {
        (Quantity::Constant(_), _) => 0,
        (Quantity::Program(_), Precision::F32) => 4,
        (Quantity::Program(_), Precision::F64) => 8,
    };
    let delay = match drawn.delay {
        Quantity::Constant(_) => 0,
        // Mostly below 256 ticks.
        Quantity::Program(_) => 1,
    };
    8 * rows + synapses * (target + weight + delay)
}

/// Bytes of a projection that learns, and of what its synapses hold. Events of targets wait where they may.
fn learning_bytes(
    all: &Plan,
    plan: &ProjectionPlan,
    learning: &Learning,
    synapses: u64,
    threads: usize,
) -> u64 {
    let (sources, targets) = (plan.source.len() as u64, plan.target.len() as u64);
    let varies = |quantity: &Quantity| u64::from(matches!(quantity, Quantity::Program(_)));
    let [delay, dendritic] = [&plan.delay, &learning.dendritic].map(varies);
    let back = learning.back.as_ref().map_or(dendritic, varies);
    let target = if targets <= 1 << 16 { 2 } else { 4 };
    // Delays that differ: themselves, and where a synapse is in its row, and stretches of equal ones.
    let delays = (delay | dendritic) * (4 + 4 + 12) + 4 * dendritic + 4 * back;
    let hears = |hook: &Hook| matches!(hook.when, When::Post(_) | When::Modulator(..) | When::Jump(_));
    let waits = Waits::new(all, plan, learning);
    let by_target = match &waits {
        Some(_) => 1,
        None if learning.both.is_some() || learning.hooks.iter().any(hears) => 8,
        None => 0,
    };
    // The group of each, and which of a group there are.
    let shared = if learning.shared.is_some() { 8 } else { 0 };
    let arrays: u64 = learning.arrays.iter().map(width).sum();
    let pairs = 4 * (u64::from(plan.allow_multiple) + u64::from(!plan.edges.is_empty()));
    let each = target + shared + delays + by_target + arrays + pairs + u64::from(learning.both.is_some());
    let sides = waits.map_or(0, |waits| waits.bytes(sources as usize * threads, targets as usize));
    4 * sources * threads as u64 + 8 * sources + 40 * targets + sides + each * synapses
}

/// Bytes that building needs besides.
fn working_bytes(plan: &Plan, projection: u32, synapses: u64) -> u64 {
    let (drawn, direction) = drawn_as(plan, projection);
    let tables = 8 * (drawn.source.len() + drawn.target.len()) as u64;
    // What learns takes its weights from those that were drawn, when the lists are gone.
    let weights = match (&plan.projections[projection as usize].learning, &drawn.weight, drawn.store) {
        (None, ..) | (_, Quantity::Constant(_), _) => 0,
        (Some(_), Quantity::Program(_), Precision::F32) => 4 * synapses,
        (Some(_), Quantity::Program(_), Precision::F64) => 8 * synapses,
    };
    let lists = match drawn.connect {
        Connect::AllToAll | Connect::OneToOne => 0,
        _ if direction == Direction::Back => 20 * synapses,
        // With some room in every heap.
        Connect::InDegree(_) => 4 * synapses + synapses / 4,
        Connect::Total(_) => 8 * synapses,
        Connect::Pairs(_) => 20 * synapses,
        _ => 0,
    };
    if is_broadcast(plan, projection) { tables } else { tables + lists.max(weights) }
}
