//! Lowering: from the instantiated circuit to the plan that a runtime steps.
//!
//! In: HIR, types and net of a checked program. Out: [`Lowered`]: the plan, and the method of every
//! equation. Each population gets programs for its parameters, initial states, tick 0 and every later
//! tick, each projection programs over pairs of cells. Names end here: the plan knows numbers only, and
//! [`circ_plan::plan::Place`]s for messages.

mod arrays;
mod cell;
mod context;
mod draws;
mod drives;
pub mod explain;
mod expr;
mod flows;
mod functions;
mod inputs;
mod integrate;
mod kinds;
mod layout;
mod learning;
mod look;
mod pair;
mod params;
mod population;
mod projections;
mod regimes;
mod step;
#[cfg(test)]
mod tests;
mod time;
mod value;
mod view;

use std::collections::BTreeMap;
use std::sync::Arc;

use circ_plan::ir::{ArrayId, UniformId};
use circ_plan::plan::*;

pub use self::explain::{EquationMethod, Evaluated, PopulationMethods, RuleMethod, RuleMethods};
pub use self::kinds::Kinds;
pub use self::layout::{FIRE, SILENCE, clamp_of};
pub use self::look::look;
pub use self::population::{EXCITATION, INHIBITION};

use self::context::{Keys, Purpose, Report, Source};
use self::inputs::place_inputs;
use self::layout::{Layout, Reached};
use self::params::place_parameters;
use crate::check::Types;
use crate::diagnose::Sink;
use crate::hir::Hir;
use crate::net::{DriveKind, Net};

/// A lowered circuit.
#[derive(Clone, Debug)]
pub struct Lowered {
    pub plan: Plan,
    /// By population.
    pub methods: Vec<PopulationMethods>,
    pub drives: DriveSlots,
    /// Of each projection that learns.
    pub rules: Vec<RuleMethods>,
}

/// Where a protocol finds what it may set of a drive.
#[derive(Clone, Debug, Default)]
pub struct DriveSlots {
    /// Index in `Plan::drives` of each event drive, by index in `Net::drives`.
    pub events: BTreeMap<u32, u32>,
    /// Slots that hold the value of each value drive that is one number: (population, slot).
    pub values: BTreeMap<u32, Vec<(u32, UniformId)>>,
    /// Arrays that hold the value of each of which it is set cell by cell: (population, port, array).
    pub arrays: BTreeMap<u32, Vec<(u32, Arc<str>, ArrayId)>>,
}

/// Lowers a circuit. `None` when something was refused.
pub fn lower(hir: &Hir, types: &Types, net: &Net, sink: &mut Sink) -> Option<Lowered> {
    lowered(Source { hir, types, net, purpose: Purpose::Run }, &mut Kinds::default(), sink)
}

/// Lowers a circuit that is only looked at: with the same messages, and a plan that holds what lints look at. See
/// `Purpose::Look`. Populations of a kind that an earlier circuit of the same program had are not lowered again.
pub fn survey(hir: &Hir, types: &Types, net: &Net, known: &mut Kinds, sink: &mut Sink) -> Option<Lowered> {
    lowered(Source { hir, types, net, purpose: Purpose::Look }, known, sink)
}

fn lowered(source: Source, kinds: &mut Kinds, sink: &mut Sink) -> Option<Lowered> {
    if sink.has_errors() {
        return None;
    }
    let net = source.net;
    let mut report = Report::new(sink);
    let reached = reached(net);
    let nothing = Reached::default();
    let count = net.populations.len();
    let mut keys: Vec<Keys> = vec![Keys::default(); count];
    let mut layouts: Vec<Layout> = (0..count)
        .map(|at| Layout::new(source, at as u32, reached.get(&(at as u32)).unwrap_or(&nothing)))
        .collect();
    for (layout, keys) in layouts.iter_mut().zip(&mut keys) {
        place_parameters(source, layout, &mut report, keys);
    }
    place_inputs(source, &mut layouts, &mut report);
    let (values, arrays) = value_slots(net, &layouts);
    let mut slots = DriveSlots { values, arrays, ..DriveSlots::default() };
    let mut drives = vec![];
    for (at, drive) in net.drives.iter().enumerate() {
        if let Some(plan) = drives::drive(source, drive, &layouts, &mut report) {
            slots.events.insert(at as u32, drives.len() as u32);
            drives.push(plan);
        }
    }
    let mut projections: Vec<ProjectionPlan> = Vec::with_capacity(net.projections.len());
    for projection in &net.projections {
        let earlier = projection.mirrored().and_then(|other| projections.get(other as usize));
        let plan = projections::projection(source, projection, earlier, &mut layouts, &mut report);
        projections.push(plan);
    }
    let flowing = flows::programs(source, &mut layouts, &mut report);
    kinds.begin(source);
    let (populations, methods): (Vec<PopulationPlan>, _) = layouts
        .iter()
        .zip(&mut keys)
        .map(|(layout, keys)| population::population(source, layout, &mut report, keys, kinds))
        .unzip();
    for (at, flowing) in flowing {
        projections[at].flow = Some(Box::new(flowing.resolve(&layouts, &populations)));
    }
    let order = net
        .order
        .iter()
        .filter_map(|sender| match sender {
            Sender::Drive(at) => slots.events.get(at).map(|at| Sender::Drive(*at)),
            projection @ Sender::Projection(_) => Some(*projection),
        })
        .collect();
    let Report { sink, places, tables, rules, .. } = report;
    if sink.has_errors() {
        return None;
    }
    if source.purpose == Purpose::Look && tables.is_empty() {
        kinds.keep();
    }
    let plan = Plan { dt: net.dt, seed: net.seed, populations, drives, projections, order, tables, places };
    debug_assert_eq!(crate::kernel::verify::verify_plan(&plan), Ok(()), "lowering makes well-formed plans");
    Some(Lowered { plan, methods, drives: slots, rules })
}

/// Refuses what is checked in full, but not built yet: said where nothing else is wrong.
pub fn refuse(hir: &Hir, net: &Net, sink: &mut Sink) {
    learning::refuse(hir, net, sink);
}

/// The ports of each population that something comes to.
fn reached(net: &Net) -> BTreeMap<u32, Reached> {
    let mut found: BTreeMap<u32, Reached> = BTreeMap::new();
    let events =
        net.drives.iter().filter(|d| !matches!(d.kind, DriveKind::Value(_) | DriveKind::Table { .. }));
    let drives = events.map(|d| (&d.target, &d.ports));
    let (flows, spikes): (Vec<_>, Vec<_>) = net.projections.iter().partition(|p| p.flow.is_some());
    for (view, ports) in drives.chain(spikes.into_iter().map(|p| (&p.target, &p.ports))) {
        for (segment, port) in ports.of(view) {
            found.entry(segment.population).or_default().by_events.insert(port.to_string());
        }
    }
    for projection in flows {
        for (segment, port) in projection.ports.of(&projection.target) {
            found.entry(segment.population).or_default().by_flows.insert(port.to_string());
        }
    }
    found
}

/// By drive: slots, and arrays.
type ValueSlots = (BTreeMap<u32, Vec<(u32, UniformId)>>, BTreeMap<u32, Vec<(u32, Arc<str>, ArrayId)>>);

fn value_slots(net: &Net, layouts: &[Layout]) -> ValueSlots {
    let (mut found, mut arrays): ValueSlots = Default::default();
    for layout in layouts {
        for input in layout.inputs.values().flatten() {
            let at = net.drives.iter().position(|drive| std::ptr::eq(drive, input.drive));
            if let (Some(at), Some(uniform)) = (at, input.uniform) {
                found.entry(at as u32).or_default().push((layout.population, uniform));
            }
            if let (Some(at), Some(array)) = (at, input.array) {
                arrays.entry(at as u32).or_default().push((layout.population, input.port.clone(), array));
            }
        }
    }
    (found, arrays)
}
