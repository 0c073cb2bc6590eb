//! On how many threads a network is divided, where nobody says so.
//!
//! In: a plan, before its network is built. Out: a number of threads, by how much there is to do between two meetings. Results do
//! not depend on it. While a network runs the engine measures what pays, and may move all parts with one thread.

use circ_plan::ir::{Op, Program};
use circ_plan::plan::{Connect, Dynamics, Plan, PopulationPlan, ProjectionPlan, Quantity};

/// Nanoseconds of work that a thread should have between two meetings, each of which costs some hundreds.
const WORK_BETWEEN_MEETINGS: f64 = 1_500.0;

/// Ticks between meetings where no delay bounds them.
const LONGEST_WINDOW: f64 = 64.0;

/// Nanoseconds of an operation of a cell, of a function call, of drawing how often a drive fires, of a synaptic event.
const OPERATION: f64 = 0.02;
const CALL: f64 = 1.0;
const DRAW: f64 = 1.0;
const EVENT: f64 = 1.0;

/// Spikes of a cell in a ms.
const RATE: f64 = 0.005;

/// As many threads as pay, and no more than there are cores.
pub fn sensible_threads(plan: &Plan) -> usize {
    let pay = (window(plan) * work(plan) / WORK_BETWEEN_MEETINGS).clamp(1.0, 1024.0) as usize;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    cores.min(pay)
}

/// Ticks between two meetings.
fn window(plan: &Plan) -> f64 {
    if plan.projections.iter().any(|projection| projection.flow.is_some()) {
        return 1.0;
    }
    let delay = |projection: &ProjectionPlan| match projection.delay {
        Quantity::Constant(delay) => (delay / plan.dt).round().max(1.0),
        // The shortest of many is mostly the shortest that there may be.
        Quantity::Program(_) => 1.0,
    };
    let drives = plan.drives.iter().map(|drive| drive.delay_ticks).filter(|ticks| 0 < *ticks);
    plan.projections.iter().map(delay).chain(drives.map(|ticks| ticks as f64)).fold(LONGEST_WINDOW, f64::min)
}

/// Nanoseconds of a tick.
fn work(plan: &Plan) -> f64 {
    let cells: f64 = plan.populations.iter().map(cells).sum();
    let drives: f64 = plan.drives.iter().map(|drive| DRAW * drive.target.len() as f64).sum();
    let events = |projection: &ProjectionPlan| {
        let spikes = if projection.flow.is_some() { 1.0 } else { RATE * plan.dt };
        EVENT * spikes * synapses(projection)
    };
    cells + drives + plan.projections.iter().map(events).sum::<f64>()
}

fn cells(population: &PopulationPlan) -> f64 {
    let each = match &population.dynamics {
        Dynamics::SpikeTimes { .. } => 0.0,
        Dynamics::Cells(programs) => step(&programs.step),
    };
    each * f64::from(population.cells)
}

fn step(program: &Program) -> f64 {
    let call = |op: &&Op| matches!(op, Op::Call1(..) | Op::Call2(..) | Op::Draw { .. } | Op::Redraw { .. });
    OPERATION * program.ops.len() as f64 + CALL * program.ops.iter().filter(call).count() as f64
}

/// About how many synapses there will be.
fn synapses(projection: &ProjectionPlan) -> f64 {
    let (sources, targets) = (projection.source.len() as f64, projection.paired_targets() as f64);
    match &projection.connect {
        Connect::Probability(Quantity::Constant(p)) => sources * targets * p,
        // What a program decides is mostly sparse.
        Connect::Probability(Quantity::Program(_)) | Connect::Where(_) => 0.1 * sources * targets,
        Connect::InDegree(degree) => f64::from(*degree) * targets,
        Connect::OutDegree(degree) => f64::from(*degree) * sources,
        Connect::Total(total) => *total as f64,
        Connect::OneToOne => sources,
        // One sum for all targets of a spike.
        Connect::AllToAll => sources * targets,
        Connect::Pairs(list) => list.len() as f64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::{Options, compile};

    fn of(name: &str) -> Plan {
        let path = format!("{}/../../examples/{name}.circ", env!("CARGO_MANIFEST_DIR"));
        let program = crate::sources::read(path.as_ref()).expect("an example");
        let compiled = compile(program, &Options::default()).expect("an example without mistakes");
        compiled.plan.as_ref().clone()
    }

    #[test]
    fn there_is_more_to_do_where_cells_are_dear_or_delays_long() {
        let between = |name: &str| {
            let plan = of(name);
            (window(&plan), work(&plan))
        };
        let (cuba, brunel) = (between("cuba"), between("brunel"));
        assert_eq!((cuba.0, brunel.0), (1.0, 15.0));
        // Measured: 3.6 µs a tick on one thread, 2.5 on two.
        assert!((2_000.0..6_000.0).contains(&cuba.1), "{cuba:?}");
        assert!(100.0 * WORK_BETWEEN_MEETINGS < brunel.0 * brunel.1, "{brunel:?}");
    }
}
