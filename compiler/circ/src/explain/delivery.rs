//! What is said of how spikes are delivered: whether they wait for blocks of steps, and which projections have their rows together.
//!
//! In: a plan. Out: lines. Both are decided when the network is built, by the delays that were drawn; so a network that is built
//! in a moment is built to look, and of a larger one nothing is claimed.

use crate::memory;
use crate::quantity::Grid;
use crate::rules::bytes;
use circ_plan::plan::Plan;
use circ_runtime::Network;
use std::sync::Arc;

/// Networks of at most so many bytes are built: about a second of work.
const MOST_BYTES: u64 = 256 << 20;

pub fn delivery(plan: &Arc<Plan>) -> String {
    if plan.projections.iter().all(|projection| projection.flow.is_some()) {
        return String::new();
    }
    let size = circ_runtime::needed(plan, 1).total();
    let lines = if size <= MOST_BYTES {
        // What can not be built is told by who runs it.
        let Ok(network) = Network::build(Arc::clone(plan), 1, memory::available()) else {
            return String::new();
        };
        of_network(&network)
    } else {
        vec![format!("decided when the network is built, which takes {}", bytes(size))]
    };
    let lines: String = lines.iter().map(|line| format!("  {line}\n")).collect();
    format!("\nDelivery, one thread\n{lines}")
}

fn of_network(network: &Network) -> Vec<String> {
    let plan = network.plan();
    let waiting = match network.block_ticks() {
        0 => "what a spike sends is added when it is sent".to_string(),
        ticks => format!(
            "what a spike sends waits for the block of {ticks} steps ({} ms) in which it arrives: sums for all delays would outgrow the cache",
            Grid::new(plan.dt).time(ticks)
        ),
    };
    let together = network.rows_together().into_iter().map(|members| {
        let paths = members.iter().map(|at| plan.projections[*at as usize].path.as_str());
        format!("rows of the same sources lie together: {}", paths.collect::<Vec<_>>().join(", "))
    });
    std::iter::once(waiting).chain(together).collect()
}
