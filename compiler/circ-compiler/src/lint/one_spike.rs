//! Weights so large that one spike fires a cell at rest.
//!
//! In: the projections that were built, with one weight for all. Out: notes. One cell is brought to rest, given one
//! arrival, and watched until what it does dies away. Cells that draw at every step, that follow the
//! time, that have no rest, or that spike by themselves are not looked at; nor are projections from spike times, which
//! are there to make cells fire.

use super::matrix::{plus_identity, solved};
use super::one_cell::{self, OneCell};
use super::{Built, Program};
use crate::diagnose::{Sink, lint as say};
use crate::net::{Projection, Setting};
use crate::types::{Type, Value};
use circ_grammar::ast::Span;
use circ_plan::plan::Plan;
use std::collections::BTreeSet;

/// Steps of single cells in all: each takes about a microsecond.
const MOST_STEPS: usize = 2000;
/// To begin with a cell takes as long as so many steps.
const BEGIN: usize = 20;
/// Steps after an arrival.
const MOST_AFTER: usize = 500;
/// More variables take too long.
const MOST_VARIABLES: usize = 12;

pub fn fires(program: &Program<'_>, sink: &mut Sink) {
    let mut left = MOST_STEPS;
    let mut told: BTreeSet<Span> = BTreeSet::new();
    let (mut known, mut rests): (Vec<Trial>, Vec<Rest>) = (vec![], vec![]);
    for built in program.built {
        let mut seen: BTreeSet<(u32, &str, u64)> = BTreeSet::new();
        for projection in built.net.projections.iter().filter(|it| it.weight_span.file == program.main()) {
            let Some((target, weight)) = kick(program, built, projection) else { continue };
            if !seen.insert((target, projection.ports.first(), weight.to_bits()))
                || told.contains(&projection.weight_span)
            {
                continue;
            }
            let trial =
                Trial { plan: built.plan, target, port: projection.ports.first(), weight, after: None };
            let after = known.iter().find(|it| it.is_like(&trial)).map(|it| it.after);
            let after = after.unwrap_or_else(|| latency(&trial, &mut rests, &mut left));
            known.push(Trial { after, ..trial });
            let Some(after) = after else { continue };
            told.insert(projection.weight_span);
            let population = &built.net.populations[target as usize];
            let dimension = port_dimension(program, population.cell, projection.ports.first());
            sink.push(say::one_spike_fires(
                projection.weight_span,
                (&projection.path, &population.path),
                dimension.map(|dimension| crate::units::show(weight, dimension)),
                after as f64 * built.net.dt,
            ));
        }
    }
}

/// The first target of a projection with the weight of all its synapses.
fn kick(program: &Program<'_>, built: &Built<'_>, projection: &Projection) -> Option<(u32, f64)> {
    let Setting::Value(Value::Real(weight)) = projection.weight else { return None };
    if projection.flow.is_some() {
        return None;
    }
    let plays =
        |population: u32| program.hir.cell(built.net.populations[population as usize].cell).spike_times;
    let source = projection.source.segments.first()?;
    (!plays(source.population)).then_some((projection.target.segments.first()?.population, weight))
}

fn port_dimension(
    program: &Program<'_>,
    cell: crate::hir::CellId,
    port: &str,
) -> Option<crate::types::Dimension> {
    let at = program.hir.cell(cell).vars.iter().position(|var| &*var.name == port)?;
    match program.types.vars[cell.index()].get(at)? {
        Type::Real(dimension) => Some(*dimension),
        _ => None,
    }
}

/// An arrival at a cell: experiments of one circuit try the same.
struct Trial<'a> {
    plan: &'a Plan,
    target: u32,
    port: &'a str,
    weight: f64,
    /// Steps to the spike, if there is one.
    after: Option<usize>,
}

impl Trial<'_> {
    fn is_like(&self, other: &Trial<'_>) -> bool {
        self.port == other.port
            && self.weight.to_bits() == other.weight.to_bits()
            && one_cell::alike((self.plan, self.target as usize), (other.plan, other.target as usize))
    }
}

/// Where a cell rests, if it does.
struct Rest<'a> {
    plan: &'a Plan,
    target: u32,
    at: Option<Vec<f64>>,
}

/// Steps from an arrival at a cell at rest to its spike, if there is one.
fn latency<'a>(trial: &Trial<'a>, rests: &mut Vec<Rest<'a>>, left: &mut usize) -> Option<usize> {
    *left = left.checked_sub(BEGIN)?;
    let cell = OneCell::new(trial.plan, trial.target as usize)?;
    let mut cell = Some(cell).filter(|cell| cell.is_certain() && !cell.follows_time())?;
    let (port, weight) = (cell.port(trial.port)?, trial.weight);
    let variables = cell.variables();
    let at_rest = resting(trial, &mut cell, &variables, rests, left)?;
    variables.iter().zip(&at_rest).for_each(|(variable, value)| cell.set(*variable, *value));
    let mut farthest = vec![0.0_f64; variables.len()];
    for step in 0..MOST_AFTER.min(*left) {
        *left -= 1;
        let made = cell.step(step as i64 + 1, (step == 0).then_some((port, weight)))?;
        if made.spike {
            return Some(step);
        }
        cell.become_of(made);
        let away = variables.iter().zip(&at_rest).map(|(it, rest)| (cell.get(*it) - rest).abs());
        let mut still = true;
        for (far, away) in farthest.iter_mut().zip(away) {
            still &= away < *far || away == 0.0;
            *far = far.max(away);
        }
        // Every variable is on its way back.
        if still && 0 < step {
            return None;
        }
    }
    None
}

/// Where the cell of a trial rests; all that arrives at cells of one kind finds them there.
fn resting<'a>(
    trial: &Trial<'a>,
    cell: &mut OneCell<'_>,
    variables: &[usize],
    rests: &mut Vec<Rest<'a>>,
    left: &mut usize,
) -> Option<Vec<f64>> {
    let this = (trial.plan, trial.target as usize);
    if let Some(known) = rests.iter().find(|it| one_cell::alike((it.plan, it.target as usize), this)) {
        return known.at.clone();
    }
    let found = rest(cell, variables, left).is_some();
    let at = found.then(|| variables.iter().map(|it| cell.get(*it)).collect());
    rests.push(Rest { plan: trial.plan, target: trial.target, at });
    rests.last().and_then(|it| it.at.clone())
}

/// Brings the cell to where a step changes nothing, by Newton's method.
fn rest(cell: &mut OneCell<'_>, variables: &[usize], left: &mut usize) -> Option<()> {
    const ROUNDS: usize = 20;
    let n = variables.len();
    if n == 0 || MOST_VARIABLES < n {
        return None;
    }
    for _ in 0..ROUNDS {
        *left = left.checked_sub(n + 2)?;
        let made = cell.step(1, None).filter(|step| !step.event)?;
        let change: Vec<f64> = variables.iter().map(|it| made.arrays[*it].number() - cell.get(*it)).collect();
        let small = |(it, change): (&usize, &f64)| change.abs() <= 1e-9 * (1.0 + cell.get(*it).abs());
        if variables.iter().zip(&change).all(small) {
            return Some(());
        }
        // x + d with F(x + d) = x + d: (1 - F') d = F(x) - x.
        let slopes = cell.slopes(variables, 1e-6)?;
        let system: Vec<f64> = plus_identity(n, &slopes, -1.0).iter().map(|x| -x).collect();
        let way = solved(n, system, change)?;
        for (variable, way) in variables.iter().zip(way) {
            cell.set(*variable, cell.get(*variable) + way);
        }
    }
    None
}
