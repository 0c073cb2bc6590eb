//! What a network will need, before anything is allocated.
//!
//! In: a plan and the number of threads. Out: bytes for every population and projection, for what is
//! on its way, and for the work of building. Numbers of random synapses are their means and five
//! standard deviations; where a program decides about pairs, some rows are tried.

use circ_plan::engine::Memory;
use circ_plan::plan::{Connect, Plan, ProjectionPlan, Quantity};

use super::pairs::{Pairs, RowSet};
use super::synapses::{Context, delay_ticks};
use crate::shards::{Shards, array_bytes};

/// Above this, populations are not made just to estimate.
const TRIAL_BYTES: u64 = 1 << 30;
/// Pairs that are tried of a projection.
const TRIAL_PAIRS: u64 = 1 << 18;

/// The memory that a network needs, in order of declaration.
pub fn estimate(plan: &Plan, threads: usize) -> Memory {
    let mut memory = Memory::default();
    let arrays: u64 = plan.populations.iter().map(|p| array_bytes(p, threads)).sum();
    let cells = (arrays < TRIAL_BYTES).then(|| super::Cells::new(plan));
    for population in &plan.populations {
        memory.parts.push((population.path.clone(), array_bytes(population, threads)));
    }
    let mut construction = 0;
    for (k, projection) in plan.projections.iter().enumerate() {
        let synapses = expected(plan, k as u32, cells.as_ref());
        memory.parts.push((projection.path.clone(), bytes(projection, synapses, threads)));
        construction = construction.max(working_bytes(projection, synapses));
    }
    memory.parts.push(("what is on its way".into(), in_flight_bytes(plan, threads)));
    memory.parts.push(("building".into(), construction));
    memory
}

/// Whether all synapses are one sum.
pub fn is_broadcast(plan: &ProjectionPlan) -> bool {
    matches!(
        (&plan.connect, &plan.weight, &plan.delay, &plan.onto),
        (Connect::AllToAll, Quantity::Constant(_), Quantity::Constant(_), None)
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
    Some(match &plan.connect {
        Connect::Probability(Quantity::Constant(p)) => {
            let mean = sources as f64 * targets as f64 * p.clamp(0.0, 1.0);
            (mean + 5.0 * mean.sqrt()).ceil().min(sources as f64 * targets as f64) as u64
        }
        Connect::Probability(Quantity::Program(_)) | Connect::Where(_) => return None,
        Connect::InDegree(degree) => u64::from(*degree) * targets,
        Connect::OutDegree(degree) => u64::from(*degree) * sources,
        Connect::Total(total) => *total,
        Connect::OneToOne => sources,
        Connect::AllToAll => sources * targets,
        Connect::Pairs(list) => list.len() as u64,
    })
}

/// The expected number of synapses of a projection.
pub fn expected(plan: &Plan, projection: u32, cells: Option<&super::Cells>) -> u64 {
    let this = &plan.projections[projection as usize];
    let (sources, targets) = (this.source.len() as u64, this.paired_targets() as u64);
    match (certain(this), cells) {
        (Some(synapses), _) => synapses,
        (None, None) => sources * targets,
        (None, Some(cells)) => tried(&cells.context(plan, projection), sources, targets),
    }
}

/// Tries some rows, evenly spaced.
fn tried(context: &Context, sources: u64, targets: u64) -> u64 {
    let Ok(pairs) = Pairs::new(context) else {
        return 0;
    };
    let rows = (TRIAL_PAIRS / targets.max(1)).clamp(1, sources.max(1));
    let mut found = RowSet::new(0);
    for k in 0..rows {
        let source = (sources * (2 * k + 1) / (2 * rows)) as u32;
        pairs.make(source..source + 1, &mut found, &mut None);
    }
    let mean = found.targets.len() as f64 * sources as f64 / rows as f64;
    (mean + 5.0 * mean.sqrt()) as u64
}

/// Bytes of the finished projection.
fn bytes(plan: &ProjectionPlan, synapses: u64, threads: usize) -> u64 {
    let (sources, targets) = (plan.source.len() as u64, plan.target.len() as u64);
    if is_broadcast(plan) {
        return 8 * (sources + targets);
    }
    let rows = sources * threads as u64;
    let target = if targets.div_ceil(threads as u64) <= 1 << 16 { 2 } else { 4 };
    let weight = if matches!(plan.weight, Quantity::Constant(_)) { 0 } else { 4 };
    let runs = match plan.delay {
        Quantity::Constant(_) => 0,
        // A row has as many runs as different delays: mostly some dozens.
        Quantity::Program(_) => 8 * (rows + synapses.min(64 * rows)),
    };
    8 * rows + synapses * (target + weight) + runs
}

/// Bytes that building needs besides.
fn working_bytes(plan: &ProjectionPlan, synapses: u64) -> u64 {
    let tables = 8 * (plan.source.len() + plan.target.len()) as u64;
    let lists = match plan.connect {
        Connect::InDegree(_) => 8 * synapses,
        Connect::Total(_) | Connect::Pairs(_) => 20 * synapses,
        _ => 0,
    };
    if is_broadcast(plan) { tables } else { tables + lists }
}

/// Bytes of the accumulators, as far as delays are known.
fn in_flight_bytes(plan: &Plan, threads: usize) -> u64 {
    let constant = plan.projections.iter().filter_map(|p| match p.delay {
        Quantity::Constant(delay) => delay_ticks(delay, plan.dt),
        Quantity::Program(_) => None,
    });
    let drives = plan.drives.iter().map(|d| d.delay_ticks.clamp(0, u32::MAX.into()) as u32);
    let longest = constant.chain(drives).max().unwrap_or(1);
    Shards::new(plan, threads).slot_bytes().saturating_mul(u64::from(longest.max(1)).next_power_of_two())
}
