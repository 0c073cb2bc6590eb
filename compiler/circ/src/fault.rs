//! Faults: why a run stopped, in the words of the program.
//!
//! In: the population, cell and tick at which an engine stopped, and the values that went into the step.
//! Out: a diagnostic at the place of the equation.

use crate::compile::Compiled;
use crate::quantity::{self, Grid};
use crate::{refusal, rules};
use circ_compiler::diagnose::build::new_weight_sign;
use circ_compiler::diagnose::rule::new_delay;
use circ_compiler::diagnose::segment::new_synapse_off;
use circ_compiler::diagnose::{Diagnostic, render};
use circ_compiler::interpret::{Explanation, explain_fault};
use circ_compiler::lower::clamp_of;
use circ_compiler::types::{Dimension, Type};
use circ_grammar::ast::{FileId, Span};
use circ_numerics::random::MOST_REDRAWS;
use circ_plan::engine::{Engine, Fault, RewireFault, Stop, SynapseFault};
use circ_plan::ir::{CheckKind, Ty, UniformId};
use circ_plan::plan::Place;

/// What happened.
pub fn explain(fault: &Fault, compiled: &Compiled, engine: &dyn Engine) -> Diagnostic {
    let plan = &compiled.plan;
    let population = &plan.populations[fault.population as usize];
    let slots = 0..population.uniforms.len();
    let uniforms: Vec<f64> =
        slots.map(|slot| engine.uniform(fault.population, UniformId(slot as u32))).collect();
    let cell = format!("`{}[{}]`", population.path, fault.cell);
    let time = Grid::new(plan.dt).time(fault.tick);
    let Some(explanation) = explain_fault(plan, &uniforms, fault) else {
        let at = plan.places.get(population.place as usize).map_or(Span::default(), span);
        return rules::not_finite(at, format!("the state of {cell} left the numbers at {time} ms"));
    };
    let place = plan.places.get(explanation.place as usize);
    let what = place.map_or("a value", |place| place.what.as_str());
    let message = format!("{what} of {cell} {} at {time} ms", went_wrong(&explanation));
    let diagnostic = rules::not_finite(place.map_or(Span::default(), span), message);
    match inputs(&explanation, fault.population, compiled) {
        values if values.is_empty() => diagnostic,
        values => diagnostic.note(format!("went in: {values}")),
    }
}

/// What happened, as text without colour.
pub fn explain_stop(stop: &Stop, compiled: &Compiled, engine: &dyn Engine) -> String {
    let diagnostic = match stop {
        Stop::Interrupted => return "the run was interrupted".to_string(),
        Stop::Fault(fault) => explain(fault, compiled, engine),
        Stop::Synapse(fault) => explain_synapse(fault, compiled),
        Stop::Rewire(fault) => explain_rewire(fault, compiled),
    };
    render(&[diagnostic], compiled.sources(), false)
}

/// A rewiring that could not make as many synapses as it pruned.
pub fn explain_rewire(fault: &RewireFault, compiled: &Compiled) -> Diagnostic {
    let plan = &compiled.plan;
    let RewireFault { wanted, found, .. } = fault;
    let path = &plan.projections[fault.projection as usize].path;
    let time = Grid::new(plan.dt).time(fault.tick);
    let pairs = match found {
        0 => "no pair of cells can take one".to_string(),
        1 => "only 1 pair of cells can take one".to_string(),
        _ => format!("only {found} pairs of cells can take one"),
    };
    let synapses = if *wanted == 1 { "1 synapse".to_string() } else { format!("{wanted} synapses") };
    let message = format!("`grow pruned` of `{path}` has to make {synapses} at {time} ms, but {pairs}");
    rules::too_few_pairs(plan.places.get(fault.place as usize).map_or(Span::default(), span), message)
}

/// A new synapse whose weight is not what the projection demands, if that is what happened.
fn explain_new_weight(fault: &SynapseFault, compiled: &Compiled) -> Option<Diagnostic> {
    let plan = &compiled.plan;
    let projection = &plan.projections[fault.projection as usize];
    let rewire = projection.learning.as_ref()?.rewire.as_ref()?;
    rewire.weight.checks.iter().find(|check| check.kind == CheckKind::Range && check.place == fault.place)?;
    let time = Grid::new(plan.dt).time(fault.tick);
    let at = plan.places.get(fault.place as usize).map_or(Span::default(), span);
    let message = new_weight_sign(at, &projection.path, &time, refusal::needs(projection.sign));
    Some(message.note(refusal::between(plan, fault.projection, fault.source, fault.target)))
}

/// A new synapse whose delay can not be, if that is what happened.
fn explain_new_delay(fault: &SynapseFault, compiled: &Compiled) -> Option<Diagnostic> {
    let plan = &compiled.plan;
    let projection = &plan.projections[fault.projection as usize];
    let rewire = projection.learning.as_ref()?.rewire.as_ref()?;
    let mut checks = rewire.delays.programs().flat_map(|program| &program.checks);
    checks.find(|check| check.kind == CheckKind::Range && check.place == fault.place)?;
    let time = Grid::new(plan.dt).time(fault.tick);
    let place = plan.places.get(fault.place as usize)?;
    let message = new_delay(span(place), &projection.path, &place.what, &time);
    Some(message.note(refusal::between(plan, fault.projection, fault.source, fault.target)))
}

/// A new synapse whose segment is not there, if that is what happened.
fn explain_new_segment(fault: &SynapseFault, compiled: &Compiled) -> Option<Diagnostic> {
    let plan = &compiled.plan;
    let projection = &plan.projections[fault.projection as usize];
    let rewire = projection.learning.as_ref()?.rewire.as_ref()?;
    let mut checks = rewire.of_parts().flat_map(|program| &program.checks);
    checks.find(|check| check.kind == CheckKind::Range && check.place == fault.place)?;
    let time = Grid::new(plan.dt).time(fault.tick);
    let at = plan.places.get(fault.place as usize).map_or(Span::default(), span);
    let last = projection.target.len() / projection.paired_targets().max(1) - 1;
    let message = new_synapse_off(at, &projection.path, &time, last);
    Some(message.note(format!("from {}", refusal::cell(plan, &projection.source, fault.source))))
}

/// What happened at a synapse.
pub fn explain_synapse(fault: &SynapseFault, compiled: &Compiled) -> Diagnostic {
    let new = explain_new_weight(fault, compiled)
        .or_else(|| explain_new_delay(fault, compiled))
        .or_else(|| explain_new_segment(fault, compiled));
    if let Some(diagnostic) = new {
        return diagnostic;
    }
    let plan = &compiled.plan;
    let projection = &plan.projections[fault.projection as usize];
    let time = Grid::new(plan.dt).time(fault.tick);
    let place = plan.places.get(fault.place as usize);
    let what = place.map_or("a value", |place| place.what.as_str());
    let between = refusal::between(plan, fault.projection, fault.source, fault.target);
    let message = format!("{what} of a synapse of `{}` left the numbers at {time} ms", projection.path);
    let arrays = projection.learning.iter().flat_map(|learning| &learning.arrays);
    let held = arrays.zip(&fault.arrays).filter(|(array, _)| array.ty != Ty::Tick);
    let shown = held.map(|(array, value)| {
        let dimension = match &*array.name {
            "w" => refusal::port_dimension(compiled, fault.projection),
            "d" => Dimension::TIME,
            _ => Dimension::REAL,
        };
        format!("{} = {}", array.name, quantity::show(*value, dimension))
    });
    let diagnostic = rules::not_finite(place.map_or(Span::default(), span), message).note(between);
    match shown.collect::<Vec<_>>() {
        // Of a pair without a synapse.
        shown if shown.is_empty() => diagnostic,
        shown => diagnostic.note(format!("went in: {}", shown.join(", "))),
    }
}

fn went_wrong(explanation: &Explanation) -> String {
    match explanation.kind {
        CheckKind::Finite if explanation.value.is_nan() => "is not a number".to_string(),
        CheckKind::Finite => "became infinite".to_string(),
        CheckKind::Overflow => "left the range of an `int`".to_string(),
        CheckKind::Range => "is out of its range".to_string(),
        CheckKind::Redraw => format!("found no draw within its bounds, in {MOST_REDRAWS} draws,"),
    }
}

/// `v = 3.2 mV, tau_m = 20 ms`
fn inputs(explanation: &Explanation, population: u32, compiled: &Compiled) -> String {
    let shown = explanation.read.iter().filter_map(|(name, value)| {
        if let Some(state) = name.strip_prefix(&clamp_of("")) {
            return (*value != 0.0).then(|| format!("{state} clamped"));
        }
        let dimension = dimension_of(name, population, compiled);
        Some(format!("{name} = {}", quantity::show(*value, dimension)))
    });
    shown.collect::<Vec<_>>().join(", ")
}

fn dimension_of(name: &str, population: u32, compiled: &Compiled) -> Dimension {
    if name == "t" {
        return Dimension::TIME;
    }
    let cell = compiled.net.populations[population as usize].cell;
    let index = compiled.hir.cell(cell).vars.iter().position(|var| &*var.name == name);
    let ty = index.and_then(|index| compiled.types.vars.get(cell.index())?.get(index));
    ty.map_or(Dimension::REAL, Type::dimension)
}

/// The place in the source.
pub fn span(place: &Place) -> Span {
    Span { file: FileId(place.file), start: place.start, end: place.end }
}
