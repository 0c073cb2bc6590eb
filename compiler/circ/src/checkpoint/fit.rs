//! A state of one experiment as another of the same circuit has it.
//!
//! In: a checkpoint of the circuit. Out: its lists in the order of the present plan. An experiment that sets a parameter for single
//! cells holds one value of each where another holds one for all; one that clamps, fires or silences has flags of that. What
//! does not fit, and numbers that no run can have made, are told.

use super::describe::{Part, PopulationPart, ProjectionPart};
use super::{Checkpoint, Description, State};
use crate::compile::Compiled;
use circ_compiler::lower::{FIRE, SILENCE, clamp_of};
use circ_plan::ir::{EventId, MAX_TICK, Precision, Ty};
use circ_plan::learning::{Learning, When};
use circ_plan::plan::{ArrayPlan, Plan, PopulationPlan, ProjectionPlan, Role};
use circ_plan::snapshot::*;

type Fitted<T> = Result<T, Vec<String>>;

/// No delay is longer than so many ticks.
const MOST_AHEAD: i64 = 1 << 22;

pub fn fit(checkpoint: &Checkpoint, now: &Description, compiled: &Compiled) -> Fitted<State> {
    let (was, plan) = (&checkpoint.description, &compiled.plan);
    let engine = &checkpoint.state.engine;
    let lengths = [
        (engine.populations.len(), plan.populations.len()),
        (engine.drives.len(), was.drives.len()),
        (engine.projections.len(), plan.projections.len()),
    ];
    if lengths.iter().any(|(found, due)| found != due) || engine.tick < -1 || MAX_TICK < engine.tick {
        return Err(broken("its lists"));
    }
    let mut fitted = Snapshot { tick: engine.tick, ..Snapshot::default() };
    for (k, state) in engine.populations.iter().enumerate() {
        let layout = (&was.populations[k], &plan.populations[k]);
        fitted.populations.push(population(layout, state, engine.tick)?);
    }
    for (drive, part) in plan.drives.iter().zip(&now.drives) {
        let saved = was.drives.iter().position(|other| other == part);
        let as_built = || DriveState {
            slots: drive.uniforms.iter().map(|slot| slot.value).collect(),
            cells: drive.of_cells.iter().map(|slot| vec![slot.value; drive.target.len()]).collect(),
        };
        let state = match saved {
            Some(at) => engine.drives[at].clone(),
            None => as_built(),
        };
        let fits = state.slots.len() == drive.uniforms.len()
            && state.cells.len() == drive.of_cells.len()
            && state.cells.iter().all(|cells| cells.len() == drive.target.len());
        if !fits {
            return Err(broken(&format!("what it says of drive `{}`", drive.path)));
        }
        fitted.drives.push(state);
    }
    for (k, state) in engine.projections.iter().enumerate() {
        let parts = (&was.projections[k], &now.projections[k]);
        fitted.projections.push(projection(parts, plan, k, state, engine.tick)?);
    }
    let state = &checkpoint.state;
    let balances = state.balances.clone();
    Ok(State { engine: fitted, last_run: state.last_run, balances })
}

fn broken(what: &str) -> Vec<String> {
    vec![format!("{what} can not be right")]
}

fn population(
    (was, plan): (&PopulationPart, &PopulationPlan),
    state: &PopulationState,
    tick: i64,
) -> Fitted<PopulationState> {
    let path = &plan.path;
    let wrong = || broken(&format!("what it says of population `{path}`"));
    let cells = plan.cells as usize;
    let lists = state.slots.len() == was.slots.len()
        && state.arrays.len() == was.arrays.len()
        && state.past.len() == was.arrays.len()
        && state.flowing.len() == was.arrays.len()
        && state.arriving.len() == was.ports.len()
        && state.events.len() == was.events.len();
    if !lists {
        return Err(wrong());
    }
    let array = |name: &str| was.arrays.iter().position(|part| part.name == name);
    let slot = |name: &str| was.slots.iter().position(|part| part.name == name);
    let mut out = PopulationState::default();
    for of in &plan.uniforms {
        out.slots.push(match (of.role, slot(&of.name), array(&of.name)) {
            (Role::Derived, ..) => 0.0,
            (_, Some(at), _) => state.slots[at],
            (_, None, Some(at)) => {
                let each = &state.arrays[at];
                let first = if each.is_empty() { return Err(wrong()) } else { each.get(0) };
                if (0..each.len()).any(|cell| each.get(cell) != first) {
                    let name = &of.name;
                    return Err(vec![format!(
                        "`{path}.{name}` was set for single cells, which this experiment does nowhere"
                    )]);
                }
                first
            }
            // Of a drive that the other experiment did not have.
            (_, None, None) => of.value,
        });
    }
    for of in &plan.arrays {
        let (mut past, mut flowing) = (vec![], vec![]);
        let numbers = match (of.role, array(&of.name), slot(&of.name)) {
            (Role::Derived, ..) => none(of, plan.precision, 0),
            (_, Some(at), _) => {
                past = state.past[at].clone();
                flowing = state.flowing[at].clone();
                state.arrays[at].clone()
            }
            (_, None, Some(at)) => all(of, plan.precision, cells, state.slots[at]),
            (_, None, None) => none(of, plan.precision, cells),
        };
        let fits = |numbers: &Numbers| {
            numbers.len() == cells
                && std::mem::discriminant(numbers) == std::mem::discriminant(&none(of, plan.precision, 0))
        };
        if of.role != Role::Derived && (!fits(&numbers) || !past.iter().all(fits)) {
            return Err(wrong());
        }
        if of.role != Role::Flow && !flowing.is_empty() {
            return Err(wrong());
        }
        out.arrays.push(numbers);
        out.past.push(past);
        out.flowing.push(flowing);
    }
    left_out(path, was, plan, state)?;
    for of in &plan.ports {
        let at = was.ports.iter().position(|name| *name == of.name);
        out.arriving.push(at.map_or(vec![], |at| state.arriving[at].clone()));
    }
    for of in &plan.events {
        let at = was.events.iter().position(|name| *name == of.name);
        out.events.push(at.map_or(vec![], |at| state.events[at].clone()));
    }
    let ahead =
        |from: i64| move |sum: &Sum| from <= sum.0 && sum.0 <= tick + MOST_AHEAD && sum.1 < plan.cells;
    let sums =
        out.arriving.iter().flatten().all(ahead(tick + 1)) && out.flowing.iter().flatten().all(ahead(tick));
    let past = |event: &(u32, u32)| i64::from(event.0) <= tick && event.1 < plan.cells;
    let events = out.events.iter().all(|events| events.iter().all(past) && events.is_sorted());
    if sums && events { Ok(out) } else { Err(wrong()) }
}

/// What the present experiment has no place for must say nothing.
fn left_out(path: &str, was: &PopulationPart, plan: &PopulationPlan, state: &PopulationState) -> Fitted<()> {
    for (part, numbers) in was.arrays.iter().zip(&state.arrays) {
        let is_here = plan.arrays.iter().any(|array| array.name == part.name)
            || plan.uniforms.iter().any(|slot| slot.name == part.name);
        let says = (0..numbers.len()).any(|cell| numbers.get(cell) != 0.0);
        if is_here || part.role == "Derived" || part.role == "Seen" || !says {
            continue;
        }
        let name = &part.name;
        let what = match name.strip_prefix(&clamp_of("")) {
            Some(held) => format!("`{path}.{held}` is clamped, which this experiment does nowhere"),
            None if name == SILENCE => {
                format!("cells of `{path}` are silenced, which this experiment does nowhere")
            }
            None if name == FIRE => {
                format!("cells of `{path}` are about to be fired, which this experiment does nowhere")
            }
            // What a drive of the other experiment had for each cell.
            None if part.role == "Parameter" => continue,
            None => format!("`{path}` keeps `{name}`, which this experiment does not"),
        };
        return Err(vec![what]);
    }
    Ok(())
}

/// Zeros.
fn none(of: &ArrayPlan, precision: Precision, cells: usize) -> Numbers {
    all(of, precision, cells, 0.0)
}

/// One number for all.
fn all(of: &ArrayPlan, precision: Precision, cells: usize, value: f64) -> Numbers {
    match (of.ty, precision) {
        (Ty::Float, Precision::F32) => Numbers::Single(vec![value as f32; cells]),
        (Ty::Float, Precision::F64) => Numbers::Double(vec![value; cells]),
        (Ty::Int | Ty::Tick, _) => Numbers::Whole(vec![value as i64; cells]),
        (Ty::Bool, _) => Numbers::Truth(vec![value != 0.0; cells]),
    }
}

fn projection(
    (was, now): (&ProjectionPart, &ProjectionPart),
    plan: &Plan,
    k: usize,
    state: &ProjectionState,
    tick: i64,
) -> Fitted<ProjectionState> {
    let path = &now.path;
    let wrong = || broken(&format!("what it says of projection `{path}`"));
    let Some(rule) = plan.projections[k].learning.as_deref() else {
        return match &state.learning {
            None => Ok(state.clone()),
            Some(_) => Err(vec![format!(
                "weights of `{path}` may have been set, which this experiment does nowhere"
            )]),
        };
    };
    let Some(learning) = &state.learning else {
        return Err(vec![format!(
            "this experiment sets weights of `{path}`, which the other did not: they are held otherwise"
        )]);
    };
    let order = |wanted: &[Part], had: &[Part]| -> Option<Vec<usize>> {
        wanted.iter().map(|part| had.iter().position(|other| other == part)).collect()
    };
    let places = order(&now.arrays, &was.arrays).ok_or_else(wrong)?;
    let reordered = |had: &[Numbers]| -> Option<Vec<Numbers>> {
        let all = had.len() == was.arrays.len();
        all.then(|| places.iter().map(|&at| had[at].clone()).collect())
    };
    if was.slots != now.slots || learning.slots.len() != rule.uniforms.len() {
        return Err(wrong());
    }
    let arrays = reordered(&learning.arrays).ok_or_else(wrong)?;
    let structure = match &learning.structure {
        Some(structure) => {
            let initial = reordered(&structure.initial).ok_or_else(wrong)?;
            Some(Structure { initial, ..structure.clone() })
        }
        None => None,
    };
    let count = arrays.first().map_or(0, Numbers::len);
    let typed = arrays.iter().zip(&rule.arrays).all(|(numbers, array)| {
        let of = ArrayPlan { name: String::new(), ty: array.ty, role: Role::State };
        numbers.len() == count
            && std::mem::discriminant(numbers) == std::mem::discriminant(&none(&of, array.store, 0))
    });
    let ahead = |at: i64| tick < at && at <= tick + MOST_AHEAD;
    let kinds = kinds(rule);
    let known = learning
        .spikes
        .iter()
        .all(|it| ahead(it.tick) && it.stamp <= tick && it.first < it.end && it.end as usize <= count)
        && learning.events.iter().all(|it| ahead(it.0) && it.1 < kinds && (it.2 as usize) < count)
        && learning.sent.iter().all(|it| ahead(it.tick) && (it.synapse as usize) < count);
    let present = match (&structure, &rule.rewire) {
        (None, None) => true,
        (Some(structure), Some(_)) => structure_fits(structure, &plan.projections[k], &arrays, ahead),
        _ => false,
    };
    if !typed || !known || !present {
        return Err(wrong());
    }
    let learning = LearningState { arrays, structure, ..learning.clone() };
    Ok(ProjectionState { weights: None, learning: Some(learning) })
}

/// Whether synapses that come and go can be these.
fn structure_fits(
    structure: &Structure,
    plan: &ProjectionPlan,
    arrays: &[Numbers],
    ahead: impl Fn(i64) -> bool,
) -> bool {
    let Structure { source, target, ways, rows, initial, sent } = structure;
    let count = arrays.first().map_or(0, Numbers::len);
    let ends: Vec<(u32, u32)> = source.iter().copied().zip(target.iter().copied()).collect();
    let (sources, targets) = (plan.source.len(), plan.target.len());
    let are = |source: u32, target: u32| (source as usize) < sources && (target as usize) < targets;
    let same = |(a, b): (&Numbers, &Numbers)| {
        a.len() == b.len() && std::mem::discriminant(a) == std::mem::discriminant(b)
    };
    source.len() == count
        && target.len() == count
        && ends.iter().all(|&(source, target)| are(source, target))
        && ends.windows(2).all(|pair| pair[0] < pair[1] || (plan.allow_multiple && pair[0] == pair[1]))
        && ways.iter().all(|way| way.len() == count && way.iter().all(|&it| i64::from(it) <= MOST_AHEAD))
        && (rows.is_empty() || rows.len() == count)
        && rows.iter().all(|&row| plan.edges.iter().all(|column| (row as usize) < column.len()))
        && initial.len() == arrays.len()
        && initial.iter().zip(arrays).all(same)
        && sent.iter().all(|it| ahead(it.tick) && are(it.source, it.target))
}

/// How many different lists of events of targets synapses wait for.
fn kinds(rule: &Learning) -> u32 {
    let of_hooks = rule.hooks.iter().filter_map(|hook| match &hook.when {
        When::Post(events) => Some(events),
        _ => None,
    });
    let mut all: Vec<&Vec<EventId>> = vec![];
    for events in of_hooks.chain(rule.both.iter().map(|both| &both.events)) {
        if !all.contains(&events) {
            all.push(events);
        }
    }
    all.len() as u32
}

/// Whether lists of synapses are as long as the network has it.
pub fn counts_fit(state: &Snapshot, plan: &Plan, synapses: &[u64]) -> Fitted<()> {
    for ((state, plan), count) in state.projections.iter().zip(&plan.projections).zip(synapses) {
        let found = match (&state.weights, &state.learning) {
            (Some(weights), _) => weights.len() as u64,
            // These come and go.
            (None, Some(learning)) if learning.structure.is_some() => *count,
            (None, Some(learning)) => learning.arrays.first().map_or(0, |it| it.len() as u64),
            _ => *count,
        };
        if found != *count {
            return Err(vec![format!("projection `{}` had {found} synapses and has {count}", plan.path)]);
        }
    }
    Ok(())
}
