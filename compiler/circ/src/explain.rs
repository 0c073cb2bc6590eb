//! Explain: how a program will be simulated.
//!
//! In: a compiled experiment. Out: text: the method of every equation and why, how synapses are kept and what
//! they cost, delays, memory.

use crate::compile::Compiled;
use crate::quantity::{Grid, significant};
use crate::rules::bytes;
use circ_plan::ir::{Op, Program};
use circ_plan::plan::{Connect, Dynamics, PopulationPlan, ProjectionPlan, Quantity};

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
        plan.projections.iter().for_each(|projection| text += &self::projection(projection, plan.dt));
    }
    let constraints = crate::constraints::explained(compiled);
    if !constraints.is_empty() {
        text += "\nConstraints\n";
        constraints.iter().for_each(|line| text += &format!("  {line}\n"));
    }
    text += "\nMemory, one thread\n";
    let memory = circ_runtime::estimate(plan, 1);
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
        Dynamics::SpikeTimes(times) => {
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
            )
        }
    }
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

fn projection(projection: &ProjectionPlan, dt: f64) -> String {
    let target = if projection.target.len() <= 1 << 16 { 2 } else { 4 };
    let weight = match &projection.weight {
        Quantity::Constant(_) => 0,
        Quantity::Program(_) => 4,
    };
    let delay = match &projection.delay {
        Quantity::Constant(delay) => format!("delay {} ms", significant(*delay, 6)),
        Quantity::Program(_) => format!("delays that differ, in steps of {} ms", Grid::new(dt).time(1)),
    };
    let broadcast = matches!(
        (&projection.connect, &projection.weight, &projection.delay),
        (Connect::AllToAll, Quantity::Constant(_), Quantity::Constant(_))
    );
    let cost = if broadcast {
        "one sum for all targets, nothing for a synapse".to_string()
    } else {
        format!("{} bytes a synapse ({target} for its target, {weight} for its weight)", target + weight)
    };
    format!("  {}: {}, {delay}, {cost}\n", projection.path, rule(&projection.connect))
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
