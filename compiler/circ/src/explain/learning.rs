//! Explain: how synapses learn.
//!
//! In: a compiled experiment. Out: for each projection with a rule what it keeps of synapses and of cells, when a spike
//! and one of its target meet, and how often each equation is evaluated.

use super::{curve, events, window};
use crate::compile::Compiled;
use crate::quantity::{Grid, significant};
use crate::refusal::port_dimension;
use circ_compiler::lower::{Evaluated, RuleMethods};
use circ_plan::ir::{Precision, Ty};
use circ_plan::learning::{Budget, Candidates, Learning, Prune, Rewire, Share, Signal, When};
use circ_plan::plan::{Column, Pairing, Plan, ProjectionPlan, Quantity, Role};
use std::collections::BTreeSet;

/// How many windows a page shows.
const WINDOWS: usize = 4;

/// The section, empty where nothing learns.
pub fn learning(compiled: &Compiled) -> String {
    let plan = &compiled.plan;
    let mut text = String::new();
    let mut room = WINDOWS;
    for (index, projection) in (0..).zip(&plan.projections) {
        // Without a rule, weights are set by the experiment alone.
        let Some(learning) = projection.learning.as_ref().filter(|it| !it.rule.is_empty()) else { continue };
        // Both directions are told of once.
        if let Pairing::Mirror(_) = projection.pairing {
            continue;
        }
        let rule = compiled.rules.iter().find(|rule| rule.path == projection.path);
        text += &one(plan, projection, learning, rule);
        if let Some(line) = events::line(compiled, learning, index) {
            text += &format!("    {line}\n");
        }
        // The page is there at once, however many projections learn.
        if room == 0 {
            text += "    window: not computed, as there are many above\n";
            continue;
        }
        match window::window(plan, index) {
            Ok(window) => {
                room -= 1;
                let dimension = port_dimension(compiled, index);
                let lines = curve::lines(&window, plan.dt, dimension);
                lines.iter().for_each(|line| text += &format!("    {line}\n"));
            }
            Err(why) => text += &format!("    no window of pairs of spikes, because {why}\n"),
        }
    }
    if text.is_empty() { text } else { format!("\nPlasticity\n{text}") }
}

fn one(plan: &Plan, projection: &ProjectionPlan, learning: &Learning, rule: Option<&RuleMethods>) -> String {
    let kept: Vec<String> =
        learning.arrays.iter().map(|it| format!("{} for `{}`", width(it.ty, it.store), it.name)).collect();
    let bytes: usize = learning.arrays.iter().map(|it| width(it.ty, it.store)).sum();
    let mut text =
        format!("  {}: {}, {bytes} bytes a synapse ({})\n", projection.path, learning.rule, kept.join(", "));
    text += &format!("    {}\n", meeting(plan, projection, learning));
    for equation in rule.iter().flat_map(|rule| &rule.equations) {
        let how = match equation.evaluated {
            Evaluated::SinceEvent => "in closed form since the last event of the synapse",
            Evaluated::SinceEventOrJump => {
                "in closed form since the last event of the synapse, or jump of its modulator"
            }
            Evaluated::AtEveryStep => "at every step",
        };
        text += &format!("    {}': {how}, because {}\n", equation.variable, equation.reason);
    }
    if learning.shared.is_some() {
        let whom = if projection.share.is_some() {
            "all synapses with the same `share by`"
        } else {
            "both directions of a pair"
        };
        text += &format!("    one weight for {whom}: changes of a tick are added up at its end\n");
    }
    for when in learning.hooks.iter().map(|hook| &hook.when) {
        if let When::Every(ticks) = when {
            text += &format!("    every {} ms: for all synapses\n", Grid::new(plan.dt).time(*ticks));
        }
    }
    if let Some(rewire) = &learning.rewire {
        text += &rewiring(plan, projection, rewire);
    }
    let seen = columns(learning).into_iter().filter_map(|column| kept_for(plan, column));
    for line in seen.collect::<BTreeSet<_>>() {
        text += &format!("    sees {line}\n");
    }
    text
}

/// Which synapses go and come, and what that costs.
fn rewiring(plan: &Plan, projection: &ProjectionPlan, rewire: &Rewire) -> String {
    let end = |highest: bool| if highest { "highest" } else { "lowest" };
    let prunes = rewire.prune.iter().map(|prune| match prune {
        Prune::Where(_) => "prunes where a condition holds".to_string(),
        Prune::Extreme { highest, share: Share::Part(part), .. } => {
            format!("prunes the {} {} %", end(*highest), significant(part * 100.0, 6))
        }
        Prune::Extreme { highest, share: Share::Number(number), .. } => {
            format!("prunes the {} {number}", end(*highest))
        }
    });
    let grows = rewire.grow.iter().map(|grow| {
        let many = match grow.budget {
            Budget::Pruned => "as many".to_string(),
            Budget::Number(number) => format!("at most {number}"),
        };
        match grow.pick {
            Candidates::Where(_) => format!("grows {many} where a condition holds, at random"),
            Candidates::Extreme { highest, .. } => format!("grows {many} with the {} scores", end(highest)),
            Candidates::Random => format!("grows {many} at random"),
        }
    });
    let all: Vec<String> = prunes.chain(grows).collect();
    let number = match (&rewire.prune[..], &rewire.grow[..]) {
        (_, []) => "; synapses only go",
        ([], _) => "; synapses only come",
        (_, [grow]) if grow.budget == Budget::Pruned => "; their number stays",
        _ => "",
    };
    let pairs = projection.source.len() as u64 * projection.target.len() as u64;
    let looks = match rewire.of_candidates().next() {
        Some(_) => format!("; looks at up to {pairs} pairs of cells"),
        None => String::new(),
    };
    let time = Grid::new(plan.dt).time(rewire.interval);
    format!("    rewires every {time} ms: {}{number}{looks}\n", all.join(", "))
}

fn width(ty: Ty, store: Precision) -> usize {
    match (ty, store) {
        (Ty::Float, Precision::F64) | (Ty::Int, _) => 8,
        (Ty::Float, Precision::F32) | (Ty::Tick, _) => 4,
        (Ty::Bool, _) => 1,
    }
}

/// When spikes of both sides are seen at the same tick.
fn meeting(plan: &Plan, projection: &ProjectionPlan, learning: &Learning) -> String {
    let back = learning.back.as_ref().unwrap_or(&learning.dendritic);
    let (Quantity::Constant(all), Quantity::Constant(dendritic), Quantity::Constant(back)) =
        (&projection.delay, &learning.dendritic, back)
    else {
        return "its delays differ from synapse to synapse".to_string();
    };
    let grid = |ms: f64| (ms / plan.dt).round_ties_even() as i64;
    let axonal = (grid(*all) - grid(*dendritic)).max(0);
    let ahead = axonal - grid(*back);
    let time = |ticks: i64| Grid::new(plan.dt).time(ticks);
    let meet = match ahead {
        0 => "spikes of both sides with the same stamp meet".to_string(),
        1.. => format!("a spike meets one of its target that is stamped {} ms after it", time(ahead)),
        _ => format!("a spike meets one of its target that is stamped {} ms before it", time(-ahead)),
    };
    let longest = learning
        .longest
        .map_or(String::new(), |longest| format!(", its delay may become {} ms", significant(longest, 6)));
    format!("{meet} (delay {} ms, back {} ms{longest})", time(axonal), time(grid(*back)))
}

fn columns(learning: &Learning) -> Vec<Column> {
    let of_target = learning.post.iter().flat_map(|signal| match signal {
        Signal::Target(columns) => columns.clone(),
        Signal::Modulator(cells) | Signal::Before(cells) => cells.columns.clone(),
    });
    learning.pre.iter().flatten().copied().chain(of_target).collect()
}

/// What of a population is kept for synapses, or is its state anyway.
fn kept_for(plan: &Plan, column: Column) -> Option<String> {
    let Column::Array(population, array) = column else { return None };
    let population = plan.populations.get(population as usize)?;
    let array = population.arrays.get(array.0 as usize)?;
    match array.role {
        Role::Parameter | Role::Derived => None,
        Role::Seen => {
            let name = array.name.trim_end_matches(" seen").trim_end_matches(" after");
            Some(format!("`{name}` of {}, kept once for each cell", population.path))
        }
        Role::State | Role::Port | Role::Mode | Role::Memory | Role::Flow => {
            Some(format!("`{}` of {}", array.name, population.path))
        }
    }
}
