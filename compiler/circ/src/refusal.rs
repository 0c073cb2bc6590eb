//! Refusals: why a network could not be built, in the words of the program.
//!
//! In: what the runtime found, with positions in views. Out: a diagnostic at the place of the projection or
//! drive, with the paths of the cells.

use crate::compile::Compiled;
use crate::quantity::{self, significant};
use crate::{fault, rules};
use circ_compiler::diagnose::Diagnostic;
use circ_compiler::diagnose::build::negative_rate;
use circ_compiler::diagnose::value::int_overflow_of_pair;
use circ_compiler::hir::path::part_of;
use circ_compiler::types::{Dimension, Type};
use circ_grammar::ast::Span;
use circ_plan::plan::{Plan, PopulationPlan, Sender, Sign, View};
use circ_runtime::{BadValue, BuildError, Way};

/// What stood in the way.
pub fn explain(error: &BuildError, compiled: &Compiled) -> Diagnostic {
    let plan = &compiled.plan;
    let at_projection =
        |projection: u32, text: String| rules::not_built(place(plan, Sender::Projection(projection)), text);
    let path = |projection: u32| &plan.projections[projection as usize].path;
    match error {
        BuildError::TooLarge { need, have, parts } => {
            let span = compiled.hir.experiments[compiled.experiment].span;
            rules::out_of_memory(span, *need, *have, &parts.parts)
        }
        BuildError::TooMany { projection, need, have } => at_projection(
            *projection,
            format!("`{}` asks for {need} partners where there are {have}", path(*projection)),
        )
        .help("ask for fewer, or write `allow multiple`"),
        BuildError::Sizes { projection, sources, targets } => {
            let name = path(*projection);
            at_projection(
                *projection,
                format!("`{name}` connects {sources} cells to {targets} cells one to one"),
            )
        }
        BuildError::Probability { projection, pair, value } => {
            let name = path(*projection);
            let value = significant(*value, 6);
            let diagnostic = at_projection(*projection, format!("the probability of `{name}` is {value}"))
                .note("a probability lies between 0 and 1");
            match pair {
                Some((pre, post)) => diagnostic.note(between(plan, *projection, *pre, *post)),
                None => diagnostic,
            }
        }
        BuildError::Weight { sender, sign, first } => weight(compiled, *sender, *sign, first),
        BuildError::Rate { drive, first } => rate(plan, *drive, first),
        BuildError::Delay { sender, first } => delay(plan, *sender, first),
        BuildError::Way { projection, way, first } => far(plan, *projection, *way, first),
        BuildError::Overflow { projection, place, pre, post } => {
            let place = plan.places.get(*place as usize);
            let what = place.map_or("this number", |place| place.what.as_str());
            let at = place.map_or(Span::default(), fault::span);
            int_overflow_of_pair(at, what, between(plan, *projection, *pre, *post))
        }
        BuildError::Key { projection, first } => {
            let (name, value) = (path(*projection), significant(first.value, 6));
            let text = format!("what `share by` of `{name}` compares is {value}");
            let diagnostic =
                at_projection(*projection, text).note("it has to be a whole number, at most 2^53 from 0");
            located(diagnostic, plan, Sender::Projection(*projection), first)
        }
        BuildError::Part { projection, pre, post, value, parts } => {
            let (name, last) = (path(*projection), parts - 1);
            let value = significant(*value, 6);
            at_projection(*projection, format!("`{name}` puts a synapse onto segment {value}"))
                .note(format!("the segments of its targets are 0 to {last}"))
                .note({
                    let views = &plan.projections[*projection as usize];
                    let (from, to) = (cell(plan, &views.source, *pre), cell(plan, &views.target, *post));
                    format!("from {from} to {to}")
                })
        }
        BuildError::Row { projection, row, pre, post } => {
            let name = path(*projection);
            at_projection(
                *projection,
                format!(
                    "row {row} of the connections of `{name}` is from {pre} to {post}, where there is no such cell"
                ),
            )
        }
        BuildError::SelfPair { projection, row, pre, .. } => {
            let name = path(*projection);
            at_projection(
                *projection,
                format!("row {row} of the connections of `{name}` connects cell {pre} to itself"),
            )
            .help("write `allow self` if that is meant")
        }
        BuildError::Repeated { projection, row, pre, post } => {
            let name = path(*projection);
            at_projection(
                *projection,
                format!("row {row} of the connections of `{name}` repeats the pair from {pre} to {post}"),
            )
            .help("write `allow multiple` if that is meant")
        }
    }
}

fn weight(compiled: &Compiled, sender: Sender, sign: Sign, first: &BadValue) -> Diagnostic {
    let plan = &compiled.plan;
    let has = has(plan, sender, "weight", first.value, weight_dimension(compiled, sender));
    let diagnostic = rules::not_built(place(plan, sender), has)
        .note(needs(sign))
        .help("keep draws within bounds with `redraw(..., lo, hi)`, or use a distribution that has them");
    located(diagnostic, plan, sender, first)
}

/// What weights must be.
pub fn needs(sign: Sign) -> &'static str {
    match sign {
        Sign::Free => "a weight is a finite number",
        Sign::NotNegative => "its port takes weights of at least 0",
        Sign::NotPositive => "its source is inhibitory, so its weights are at most 0",
    }
}

fn rate(plan: &Plan, drive: u32, first: &BadValue) -> Diagnostic {
    let sender = Sender::Drive(drive);
    let shown = quantity::show(first.value, Dimension::FREQUENCY);
    let diagnostic = negative_rate(place(plan, sender), &shown)
        .help("write `max(0 Hz, ...)` if cells below 0 are meant to be silent");
    located(diagnostic, plan, sender, first)
}

fn delay(plan: &Plan, sender: Sender, first: &BadValue) -> Diagnostic {
    let has = has(plan, sender, "delay", first.value, Dimension::TIME);
    let step = quantity::show(plan.dt, Dimension::TIME);
    let diagnostic = rules::not_built(place(plan, sender), has)
        .note(format!(
            "a delay is at least one step of {step}, and at most {} of them",
            circ_runtime::MAX_DELAY
        ))
        .help("keep draws within bounds with `redraw(..., lo, hi)`");
    located(diagnostic, plan, sender, first)
}

fn far(plan: &Plan, projection: u32, way: Way, first: &BadValue) -> Diagnostic {
    let sender = Sender::Projection(projection);
    let what = match way {
        Way::Dendritic => "dendritic delay",
        Way::Back => "way back",
    };
    let has = has(plan, sender, what, first.value, Dimension::TIME);
    let diagnostic = rules::not_built(place(plan, sender), has)
        .note(format!("it is at least 0 ms, and at most {} steps", circ_runtime::MAX_DELAY))
        .help("keep draws within bounds with `redraw(..., lo, hi)`");
    located(diagnostic, plan, sender, first)
}

/// `` `p` has the weight -1 nS ``; a number that is none comes of arguments outside a function's domain, or of
/// a `redraw` that found nothing.
fn has(plan: &Plan, sender: Sender, what: &str, value: f64, dimension: Dimension) -> String {
    let name = name(plan, sender);
    match value.is_nan() {
        true => format!("`{name}` has a {what} that is not a number, or that `redraw` could not draw"),
        false => format!("`{name}` has the {what} {}", quantity::show(value, dimension)),
    }
}

fn located(diagnostic: Diagnostic, plan: &Plan, sender: Sender, first: &BadValue) -> Diagnostic {
    match sender {
        _ if first.count == 0 => diagnostic,
        Sender::Projection(projection) => {
            let place = between(plan, projection, first.pre, first.post);
            let others = first.count - 1;
            diagnostic.note(match others {
                0 => place,
                1 => format!("{place}, and one other"),
                _ => format!("{place}, and {others} others"),
            })
        }
        Sender::Drive(drive) => {
            let cell = cell(plan, &plan.drives[drive as usize].target, first.post);
            diagnostic.note(format!("at {cell}, one of {}", first.count))
        }
    }
}

/// From which cell to which a synapse is.
pub fn between(plan: &Plan, projection: u32, pre: u32, post: u32) -> String {
    let projection = &plan.projections[projection as usize];
    let of_event = |population: &PopulationPlan, part: usize| {
        population.events.get(projection.source_events.get(part)?.0 as usize).map(|event| event.name.clone())
    };
    let of_port = |population: &PopulationPlan, part: usize| {
        population.ports.get(projection.ports.get(part)?.0 as usize).map(|port| port.name.clone())
    };
    let from = part(plan, &projection.source, pre, of_event);
    format!("from {from} to {}", part(plan, &projection.target, post, of_port))
}

/// `` `E[3]` ``, or `` `E[3].distal[2]` `` where what is named there is of a segment.
fn part(
    plan: &Plan,
    view: &View,
    position: u32,
    member: impl Fn(&PopulationPlan, usize) -> Option<String>,
) -> String {
    let mut left = position as usize;
    for (at, segment) in view.segments.iter().enumerate() {
        if left < segment.cells.len() {
            let population = &plan.populations[segment.population as usize];
            let member = member(population, at).unwrap_or_default();
            let (part, _) = part_of(&member);
            let dot = if part.is_empty() { "" } else { "." };
            return format!("`{}[{}]{dot}{part}`", population.path, segment.cells.get(left));
        }
        left -= segment.cells.len();
    }
    format!("position {position}")
}

/// `` `E[3]` ``
pub fn cell(plan: &Plan, view: &View, position: u32) -> String {
    let mut left = position as usize;
    for segment in &view.segments {
        if left < segment.cells.len() {
            return format!(
                "`{}[{}]`",
                plan.populations[segment.population as usize].path,
                segment.cells.get(left)
            );
        }
        left -= segment.cells.len();
    }
    format!("position {position}")
}

fn name(plan: &Plan, sender: Sender) -> &str {
    match sender {
        Sender::Drive(drive) => &plan.drives[drive as usize].path,
        Sender::Projection(projection) => &plan.projections[projection as usize].path,
    }
}

fn place(plan: &Plan, sender: Sender) -> Span {
    let index = match sender {
        Sender::Drive(drive) => plan.drives[drive as usize].place,
        Sender::Projection(projection) => plan.projections[projection as usize].place,
    };
    plan.places.get(index as usize).map_or(Span::default(), fault::span)
}

/// Of the port that a projection sends to.
pub fn port_dimension(compiled: &Compiled, projection: u32) -> Dimension {
    weight_dimension(compiled, Sender::Projection(projection))
}

/// Of the port that it sends to.
fn weight_dimension(compiled: &Compiled, sender: Sender) -> Dimension {
    let (target, ports) = match sender {
        Sender::Drive(drive) => {
            let drive = &compiled.plan.drives[drive as usize];
            (&drive.target, &drive.ports)
        }
        Sender::Projection(projection) => {
            let projection = &compiled.plan.projections[projection as usize];
            (&projection.target, &projection.ports)
        }
    };
    let (Some(segment), Some(port)) = (target.segments.first(), ports.first()) else {
        return Dimension::REAL;
    };
    let population = &compiled.plan.populations[segment.population as usize];
    let Some(port) = population.ports.get(port.0 as usize) else { return Dimension::REAL };
    let cell = compiled.net.populations[segment.population as usize].cell;
    let var = compiled.hir.cell(cell).var_at(&port.name);
    match var.and_then(|var| compiled.types.vars.get(cell.index())?.get(var.index())) {
        Some(Type::Port(dimension) | Type::Real(dimension)) => *dimension,
        _ => Dimension::REAL,
    }
}
