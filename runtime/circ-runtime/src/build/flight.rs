//! What accumulators and kept ticks will need, before there is any synapse.
//!
//! In: a plan, its cells at the start where they were made, and the number of threads. Out: bytes. Delays that a program gives are tried for
//! some pairs: their number hardly changes the longest of millions, and what waits has no long ring.

use std::collections::BTreeSet;

use circ_plan::ir::Precision;
use circ_plan::learning::Learning;
use circ_plan::plan::{Plan, ProjectionPlan, Quantity};

use super::Cells;
use super::synapses::{PairRows, delay_ticks};
use super::ways::way_ticks;
use crate::learning::{Kept, kept_of};
use crate::rows::{ROW, result_of};
use crate::shards::Shards;
use crate::transit::schedule::{NEAR_BYTES, block};

/// Rows of which delays are tried.
const TRIED_ROWS: u32 = 16;

/// Bytes of the accumulators, and of what learning synapses see of cells.
pub fn bytes(plan: &Plan, cells: Option<&Cells>, threads: usize) -> u64 {
    let delays: Vec<(u32, u32)> =
        (0..plan.projections.len() as u32).map(|k| delays(plan, k, cells)).collect();
    let shards = Shards::new(plan, threads);
    let drawn = || plan.projections.iter().zip(&delays).filter(|(this, _)| is_drawn(this));
    let most = drawn().map(|(_, delays)| delays.1).max().unwrap_or(0);
    let far = NEAR_BYTES < (shards.slot_bytes() as usize / threads.max(1)).saturating_mul(most as usize);
    let waiting =
        || drawn().map(|(this, _)| this).filter(|this| this.flow.is_none() && this.learning.is_none());
    let block = (far && waiting().next().is_some()).then(|| block_of(plan, waiting(), threads));
    let (mut longest, mut flowing) = (1, 0);
    for (projection, &(_, most)) in plan.projections.iter().zip(&delays) {
        match (&projection.flow, &projection.learning) {
            (Some(_), _) => flowing = flowing.max(most),
            // What learns adds what it sends when it arrives.
            (None, Some(_)) => {}
            (None, None) if is_drawn(projection) => {
                longest = longest.max(block.map_or(most, |ticks| ticks.min(most)))
            }
            (None, None) => longest = longest.max(most),
        }
    }
    let drives = plan.drives.iter().map(|drive| drive.delay_ticks.clamp(0, u32::MAX.into()) as u32);
    let longest = drives.fold(longest, u32::max);
    let ring = |slot: u64, slots: u32| slot.saturating_mul(u64::from(slots.max(1)).next_power_of_two());
    // Once more, as it was before the last phase.
    let flows = ring(shards.flow_slot_bytes(), flowing + 1).saturating_mul(2);
    ring(shards.slot_bytes(), longest).saturating_add(flows).saturating_add(kept(plan, &delays))
}

fn is_drawn(projection: &ProjectionPlan) -> bool {
    matches!(projection.delay, Quantity::Program(_))
}

/// The ticks of the blocks in which spikes with different delays are delivered, if they are.
fn block_of<'p>(plan: &Plan, drawn: impl Iterator<Item = &'p ProjectionPlan>, threads: usize) -> u32 {
    let width = |population: u32| match plan.populations[population as usize].precision {
        Precision::F32 => 4,
        Precision::F64 => 8,
    };
    let ends = |this: &'p ProjectionPlan| {
        let segments = this.target.segments.iter().zip(&this.ports);
        segments.map(|(segment, port)| (segment.population, port.0))
    };
    let reached: BTreeSet<(u32, u32)> = drawn.flat_map(ends).collect();
    let bytes = |(population, _)| plan.populations[population as usize].cells as usize * width(population);
    let slot: usize = reached.into_iter().map(bytes).sum();
    block(slot / threads.max(1), NEAR_BYTES) as u32
}

/// The shortest and the longest delay of a projection in ticks, as far as they are known.
fn delays(plan: &Plan, projection: u32, cells: Option<&Cells>) -> (u32, u32) {
    let this = &plan.projections[projection as usize];
    let (program, cells) = match (&this.delay, cells) {
        (Quantity::Constant(delay), _) => {
            let ticks = delay_ticks(this, *delay, plan.dt).unwrap_or(1);
            return (ticks, ticks);
        }
        (Quantity::Program(_), None) => return (1, 1),
        (Quantity::Program(program), Some(cells)) => (program, cells),
    };
    let context = cells.context(plan, projection);
    let (sources, targets) = (context.plan.source.len() as u32, context.plan.target.len());
    let (mut rows, n) = (PairRows::new(&context, program), targets.min(ROW));
    let (mut shortest, mut longest) = (u32::MAX, 1);
    for k in 0..sources.min(TRIED_ROWS) {
        let source = (u64::from(sources) * u64::from(k) / u64::from(sources.min(TRIED_ROWS))) as u32;
        let delays = rows.run_row(program, source, 0, n).floats(result_of(program));
        // What does not hold is said when the network is built; so is a column of a table.
        for ticks in delays[..n].iter().filter_map(|delay| context.delay_ticks(*delay)) {
            (shortest, longest) = (shortest.min(ticks), longest.max(ticks));
        }
    }
    (shortest.min(longest), longest)
}

/// Bytes of what learning synapses see of cells.
fn kept(plan: &Plan, delays: &[(u32, u32)]) -> u64 {
    let window = plan.projections.iter().zip(delays).map(|(projection, delays)| match projection.flow {
        Some(_) => 1,
        None => i64::from(delays.0),
    });
    let window = window.min().unwrap_or(1);
    let mut all = Kept::default();
    for (projection, &(_, longest)) in plan.projections.iter().zip(delays) {
        if let Some(learning) = projection.learning.as_deref() {
            let [dendritic, back] = ways(plan, learning);
            kept_of(plan, projection, learning, [window, dendritic, i64::from(longest), back], &mut all);
        }
    }
    all.bytes(plan)
}

/// The dendritic delay and the way back in ticks, where each is one number.
fn ways(plan: &Plan, learning: &Learning) -> [i64; 2] {
    let ticks = |quantity: &Quantity| match quantity {
        Quantity::Constant(ms) => i64::from(way_ticks(*ms, plan.dt).unwrap_or(0)),
        Quantity::Program(_) => 0,
    };
    let dendritic = ticks(&learning.dendritic);
    [dendritic, learning.back.as_ref().map_or(dendritic, ticks)]
}
