//! Explain: how a program will be simulated.
//!
//! In: a compiled experiment. Out: text: the method of every equation and why, how synapses are kept and what
//! they cost, delays, the order of what flows, how spikes are delivered, memory.

mod curve;
mod delivery;
mod events;
mod isolated;
mod learning;
#[cfg(test)]
mod tests;
pub mod window;

use crate::compile::Compiled;
use crate::quantity::{Grid, significant};
use crate::rules::bytes;
use circ_plan::ir::{Op, Program};
use circ_plan::plan::{Connect, Dynamics, Plan, PopulationPlan, Quantity, RowStorage, Sender};
use circ_runtime::{is_broadcast, is_matrix};
use std::collections::BTreeMap;

/// The whole page.
pub fn explain(compiled: &Compiled) -> String {
    let plan = &compiled.plan;
    let experiment = &compiled.hir.experiments[compiled.experiment].name;
    let mut text = format!(
        "{experiment}: steps of {} ms, seed {}, {}\n",
        Grid::new(plan.dt).time(1),
        plan.seed,
        compiled.net.precision
    );
    text += "\nEquations\n";
    text += &equations(compiled);
    text += "\nKernels\n";
    plan.populations.iter().for_each(|population| text += &kernel(population));
    if !plan.projections.is_empty() {
        text += "\nProjections\n";
        (0..plan.projections.len()).for_each(|at| text += &projection(compiled, at as u32));
    }
    text += &learning::learning(compiled);
    text += &flows(plan);
    text += &delivery::delivery(plan);
    let constraints = crate::constraints::explained(compiled);
    if !constraints.is_empty() {
        text += "\nConstraints\n";
        constraints.iter().for_each(|line| text += &format!("  {line}\n"));
    }
    text += "\nMemory, one thread\n";
    let memory = circ_runtime::needed(plan, 1);
    memory.parts.iter().for_each(|(what, size)| text += &format!("  {what}: {}\n", bytes(*size)));
    text += &format!("  in all: {}\n", bytes(memory.total()));
    text
}

fn equations(compiled: &Compiled) -> String {
    let mut text = String::new();
    for method in crate::run::methods(compiled) {
        let crate::manifest::EquationMethod { population, equation, method, reason } = method;
        text += &format!("  {population}.{equation}: {method}, because {reason}\n");
    }
    if text.is_empty() { "  none\n".to_string() } else { text }
}

fn kernel(population: &PopulationPlan) -> String {
    let cells = crate::quantity::significant(f64::from(population.cells), 12);
    match &population.dynamics {
        Dynamics::SpikeTimes { times, .. } => {
            format!("  {}: {cells} cells, {} given spikes\n", population.path, times.len())
        }
        Dynamics::Cells(programs) => {
            let step = &programs.step;
            format!(
                "  {}: {cells} cells, {}, {} operations and {} function calls a step, {} bytes a cell\n",
                population.path,
                population.precision,
                step.ops.len(),
                calls(step),
                state_bytes(population),
            ) + &schedule(step)
        }
    }
}

/// How a step is made on this processor, with the costs that decided.
fn schedule(step: &Program) -> String {
    let Ok(planned) = circ_codegen::planned(step, &circ_codegen::Options::default()) else {
        return String::new();
    };
    let chosen = match planned.blocks {
        Some(blocks) => format!(
            "{} passes over blocks of {} cells, {} functions called for a block in registers of {} bits",
            blocks.passes, blocks.cells, blocks.calls, blocks.bits
        ),
        None => match planned.tiles {
            Some(tiles) => format!(
                "tiles of {} cells in registers of {} bits, and one loop where something happens",
                tiles.cells, tiles.bits
            ),
            None => "one loop".to_string(),
        },
    };
    let costs = [
        (Some(planned.loop_cost), "in one loop"),
        (planned.blocks_cost, "in blocks"),
        (planned.tiles_cost, "in tiles"),
    ];
    let costs = costs.iter().filter_map(|(cost, how)| Some(format!("{} {how}", significant((*cost)?, 3))));
    format!(
        "    made in {chosen}; instructions of 128 bits a cell, roughly: {}\n",
        costs.collect::<Vec<_>>().join(", ")
    )
}

fn calls(program: &Program) -> usize {
    let call = |op: &&Op| matches!(op, Op::Call1(..) | Op::Call2(..) | Op::Draw { .. } | Op::Redraw { .. });
    program.ops.iter().filter(call).count()
}

fn state_bytes(population: &PopulationPlan) -> usize {
    let wide = match population.precision {
        circ_plan::ir::Precision::F32 => 4,
        circ_plan::ir::Precision::F64 => 8,
    };
    population.arrays.iter().map(|array| if array.ty == circ_plan::ir::Ty::Int { 8 } else { wide }).sum()
}

fn projection(compiled: &Compiled, index: u32) -> String {
    let plan = &compiled.plan;
    let projection = &plan.projections[index as usize];
    let delay = match &projection.delay {
        Quantity::Constant(delay) => format!("delay {} ms", significant(*delay, 6)),
        Quantity::Program(_) => {
            format!("delays that differ, in steps of {} ms", Grid::new(plan.dt).time(1))
        }
    };
    let target = if projection.target.len() <= 1 << 16 { 2 } else { 4 };
    let weight = match &projection.weight {
        Quantity::Constant(_) => 0,
        Quantity::Program(_) => match projection.store {
            circ_plan::ir::Precision::F32 => 4,
            circ_plan::ir::Precision::F64 => 8,
        },
    };
    let cost = match () {
        () if is_broadcast(plan, index) => "one sum for all targets, nothing for a synapse".to_string(),
        () if projection.rows == RowStorage::Procedural => {
            "nothing for a synapse: rows are made again for each spike".to_string()
        }
        () if is_matrix(plan, index) => format!("a matrix, {weight} bytes a synapse"),
        () => match &projection.learning {
            Some(learning) => {
                let (more, what) = match () {
                    () if events::wait(compiled, index) => {
                        (events::WAITING, ", 1 to count the events of its target that are in it")
                    }
                    () if events::are_heard(learning) => (events::FOUND, ", 8 to find it by its target"),
                    () => (0, ""),
                };
                format!(
                    "{} bytes a synapse ({target} for its target{what}), and what it holds",
                    target + more
                )
            }
            None => {
                let delay = match &projection.delay {
                    Quantity::Constant(_) => "",
                    Quantity::Program(_) => {
                        ", and 1 for its delay: less where many of a source have the same, more beyond 255 steps"
                    }
                };
                format!(
                    "{} bytes a synapse ({target} for its target, {weight} for its weight){delay}",
                    target + weight
                )
            }
        },
    };
    format!("  {}: {}, {delay}, {cost}\n", projection.path, rule(&projection.connect))
}

/// The order in which values flow: what a stage reads, the stages before it have brought.
fn flows(plan: &Plan) -> String {
    let mut stages: BTreeMap<u32, Vec<&str>> = BTreeMap::new();
    for sender in &plan.order {
        if let Sender::Projection(at) = sender {
            let projection = &plan.projections[*at as usize];
            if let Some(flow) = &projection.flow {
                stages.entry(flow.stage).or_default().push(&projection.path);
            }
        }
    }
    if stages.is_empty() {
        return String::new();
    }
    let mut text = "\nFlows, one stage after the other at the end of each step\n".to_string();
    for (stage, paths) in &stages {
        text += &format!("  {}: {}\n", stage + 1, paths.join(", "));
    }
    text
}

fn rule(connect: &Connect) -> String {
    match connect {
        Connect::Probability(Quantity::Constant(p)) => format!("probability {}", significant(*p, 6)),
        Connect::Probability(Quantity::Program(_)) => "a probability for each pair".to_string(),
        Connect::InDegree(degree) => format!("{degree} sources for each target"),
        Connect::OutDegree(degree) => format!("{degree} targets for each source"),
        Connect::Total(total) => format!("{total} synapses"),
        Connect::OneToOne => "one to one".to_string(),
        Connect::AllToAll => "all to all".to_string(),
        Connect::Where(_) => "where a condition holds".to_string(),
        Connect::Pairs(pairs) => format!("{} given pairs", pairs.len()),
    }
}
