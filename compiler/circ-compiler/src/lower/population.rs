//! The programs of one population.
//!
//! In: a finished layout. Out: a [`PopulationPlan`], with the step as it is written (the reference) and
//! as it runs, after what is constant was moved out.

use circ_plan::ir::*;
use circ_plan::plan::*;

use super::cell::{CellSite, Phase, Slot};
use super::context::{Keys, Lowerer, Purpose, Report, Site, Source};
use super::explain::{EquationMethod, PopulationMethods};
use super::kinds::{First, Kinds};
use super::layout::{Layout, Storage};
use super::learning::Moment;
use super::params::initial_programs;
use super::step::Outcome;
use super::time::ticks;
use crate::hir::*;
use crate::kernel::build::Builder;
use crate::kernel::fold::split;

/// Lowers a population whose layout is complete.
pub fn population<'a>(
    source: Source<'a>,
    layout: &'a Layout<'a>,
    report: &mut Report,
    keys: &mut Keys,
    kinds: &mut Kinds,
) -> (PopulationPlan, PopulationMethods) {
    let (plan, equations) = match layout.cell.spike_times {
        true => (given(source, layout, report, keys), vec![]),
        false => cells(source, layout, report, keys, kinds),
    };
    let (path, cell) = (layout.net.path.clone(), layout.cell.name.to_string());
    (plan, PopulationMethods { path, cell, equations })
}

/// Cells of which the spikes are given; what rules keep of them has programs.
fn given<'a>(
    source: Source<'a>,
    layout: &'a Layout<'a>,
    report: &mut Report,
    keys: &mut Keys,
) -> PopulationPlan {
    let mut traces = None;
    if !layout.traces.is_empty() || !layout.kept.is_empty() {
        let initial = initial_programs(source, layout, report, keys);
        traces = Some(Box::new(programs(source, layout, report, keys, initial, &mut vec![])));
    }
    let times = Dynamics::SpikeTimes { times: spike_times(source, layout, report), traces };
    let mut plan = plan(source, layout, report, keys, times, vec![]);
    if source.purpose == Purpose::Run {
        move_constants_out(&mut plan);
    }
    plan
}

/// What is of a kind with an earlier population has the same ticks.
fn cells<'a>(
    source: Source<'a>,
    layout: &'a Layout<'a>,
    report: &mut Report,
    keys: &mut Keys,
    kinds: &mut Kinds,
) -> (PopulationPlan, Vec<EquationMethod>) {
    let initial = initial_programs(source, layout, report, keys);
    let before = keys.names.len();
    if let Some(first) = kinds.first(source, layout, keys) {
        keys.clone_from(&first.keys);
        let keys = keys.resolve(source.net.seed, &layout.net.path);
        let plan = first.again(layout, initial, keys, place(layout, report));
        return (plan, first.methods.clone());
    }
    let mut methods = vec![];
    let programs = programs(source, layout, report, keys, initial, &mut methods);
    let observables = match source.purpose {
        Purpose::Run => observables(source, layout, report, keys),
        Purpose::Look => slopes(source, layout, report, keys, &methods),
    };
    let mut plan = plan(source, layout, report, keys, Dynamics::Cells(Box::new(programs)), observables);
    match source.purpose {
        Purpose::Run => move_constants_out(&mut plan),
        Purpose::Look => {}
    }
    let first = || First { plan: plan.clone(), methods: methods.clone(), keys: keys.clone() };
    kinds.add(source, layout, &keys.names[..before], first);
    (plan, methods)
}

fn plan(
    source: Source,
    layout: &Layout,
    report: &mut Report,
    keys: &Keys,
    dynamics: Dynamics,
    observables: Vec<Observable>,
) -> PopulationPlan {
    PopulationPlan {
        path: layout.net.path.clone(),
        cells: layout.net.cells(),
        precision: layout.precision,
        arrays: layout.arrays.clone(),
        uniforms: layout.uniforms.clone(),
        keys: keys.resolve(source.net.seed, &layout.net.path),
        ports: layout.ports.clone(),
        events: layout.events.clone(),
        dynamics,
        observables,
        place: place(layout, report),
    }
}

fn place(layout: &Layout, report: &mut Report) -> u32 {
    report.place(layout.net.span, format!("the population `{}`", layout.net.path))
}

fn spike_times(source: Source, layout: &Layout, report: &mut Report) -> Vec<(i64, u32)> {
    let times = &layout.net.spike_times;
    let mut found: Vec<(i64, u32)> = times
        .iter()
        .map(|(ms, cell)| (ticks(source, report, *ms, layout.net.span, "the time of an event,"), *cell))
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// All programs but those that come of moving constants out.
fn programs<'a>(
    source: Source<'a>,
    layout: &'a Layout<'a>,
    report: &mut Report,
    keys: &mut Keys,
    (init_params, init_states): (Program, Program),
    methods: &mut Vec<EquationMethod>,
) -> CellPrograms {
    let empty = |name: &str| Program::new(format!("{}.{name}", layout.net.path), layout.precision);
    let reference_step = tick_program(source, layout, report, keys, Some(methods));
    let reference_start = match source.purpose {
        Purpose::Run => tick_program(source, layout, report, keys, None),
        Purpose::Look => empty("reference_start"),
    };
    CellPrograms {
        derive_uniforms: empty("derive_uniforms"),
        init_params,
        derive_cells: empty("derive_cells"),
        init_states,
        start: empty("start"),
        step: empty("step"),
        reference_start,
        reference_step,
    }
}

/// `step`, or without methods to fill in `start`, which has no step 1.
fn tick_program<'a>(
    source: Source<'a>,
    layout: &'a Layout<'a>,
    report: &mut Report,
    keys: &mut Keys,
    methods: Option<&mut Vec<EquationMethod>>,
) -> Program {
    let in_step = methods.is_some();
    let name = if in_step { "reference_step" } else { "reference_start" };
    let builder = Builder::new(format!("{}.{name}", layout.net.path), layout.precision);
    let site = Site::Cell(CellSite::new(layout, Phase::Start));
    let mut lowerer = Lowerer::new(source, report, keys, builder, site);
    let traces = match &methods {
        Some(_) => lowerer.step_traces(layout),
        None => lowerer.loaded_traces(layout),
    };
    if let Some(methods) = methods {
        *methods = lowerer.integrate(layout);
    }
    if let Some(site) = lowerer.cell() {
        site.phase = Phase::End;
        site.memo.clear();
    }
    let mut outputs = lowerer.kept_for_rules(layout, Moment::Seen, &traces);
    let moved = lowerer.moved_by_laws(layout);
    let outcome = lowerer.tick(layout);
    for slot in Lowerer::kept_slots(layout) {
        let (Some((array, _)), value) = (Lowerer::array_of(layout, slot), lowerer.slot(slot)) else {
            continue;
        };
        if value != lowerer.loaded(kept_as(slot)) || matches!(slot, Slot::Later(_)) {
            outputs.push(Output::Array(array, value));
        }
    }
    for (at, mask) in outcome.events.iter().enumerate() {
        outputs.push(Output::Event(EventId(at as u32), *mask));
    }
    lowerer.check_finite(layout, &outcome);
    let after = lowerer.trace_events(layout, &traces, &outcome.events);
    for (trace, value) in layout.traces.iter().zip(after) {
        if value != lowerer.b.load(Side::Own, trace.array, trace.ty) {
            outputs.push(Output::Array(trace.array, value));
        }
    }
    if let Some(site) = lowerer.cell() {
        site.phase = Phase::Observe;
        site.memo.clear();
    }
    outputs.extend(lowerer.kept_for_rules(layout, Moment::After, &[]));
    outputs.extend(lowerer.laws_for_rules(layout, if in_step { Some(&moved) } else { None }));
    let checks = std::mem::take(&mut lowerer.checks);
    lowerer.finish(outputs, checks)
}

/// The slot whose load is the value from before.
fn kept_as(slot: Slot) -> Slot {
    match slot {
        Slot::Later(event) => Slot::Emitted(event),
        other => other,
    }
}

impl<'a> Lowerer<'a, '_, '_> {
    /// Every integrated variable must be finite after step 2, and every assigned one at the end. (What an
    /// event's block overwrites with a parameter was checked before.)
    fn check_finite(&mut self, layout: &'a Layout<'a>, outcome: &Outcome) {
        for slot in Lowerer::kept_slots(layout) {
            let (Slot::State(var) | Slot::Port(var)) = slot else { continue };
            let declared = &layout.cell.vars[var.index()];
            if let Some(value) = outcome.reached.get(&slot).copied() {
                let equation = layout.cell.equations.iter().rev().find(|e| e.var == var);
                let (span, what) = match (slot, equation) {
                    (Slot::Port(_), _) => (declared.span, format!("the port `{}`", declared.name)),
                    (_, Some(equation)) => (equation.span, format!("the equation of `{}`", declared.name)),
                    (_, None) => match outcome.assigned_before.get(&slot) {
                        Some(span) => (*span, format!("the assignment to `{}`", declared.name)),
                        None => (declared.span, format!("the state `{}`", declared.name)),
                    },
                };
                self.check_value(value, span, what);
            }
            if let Some(span) = outcome.assigned.get(&slot) {
                let value = self.slot(slot);
                self.check_value(value, *span, format!("the assignment to `{}`", declared.name));
            }
        }
    }

    fn check_value(&mut self, value: ValueId, span: circ_grammar::ast::Span, what: String) {
        if self.b.ty(value) == Ty::Float {
            let place = self.report.place(span, what);
            self.checks.push(Check { kind: CheckKind::Finite, value, place });
        }
    }
}

/// Every state, port, `let` and parameter by name.
fn observables<'a>(
    source: Source<'a>,
    layout: &'a Layout<'a>,
    report: &mut Report,
    keys: &mut Keys,
) -> Vec<Observable> {
    let (mut found, mut work) = (vec![], 0);
    for (at, var) in layout.cell.vars.iter().enumerate() {
        let delta =
            matches!(&var.kind, VarKind::Port { shape: PortShape::Delta { .. } | PortShape::Error, .. });
        if delta || matches!(layout.storage[at], Storage::Constant(_) | Storage::Elements { .. }) {
            continue;
        }
        let reference = |lowerer: &mut Lowerer<'a, '_, '_>| lowerer.variable(VarId(at as u32), var.span);
        found.extend(observable(source, layout, report, keys, &mut work, &var.name, reference));
    }
    for (at, mode) in layout.cell.modes.iter().enumerate().filter(|(_, mode)| mode.named) {
        let on = |lowerer: &mut Lowerer<'a, '_, '_>| {
            super::value::Lowered::One(lowerer.mode_is_on(ModeId(at as u32)))
        };
        found.extend(observable(source, layout, report, keys, &mut work, &mode.name, on));
    }
    for equation in &layout.cell.equations {
        let name = slope_name(layout, equation);
        if !found.iter().any(|o: &Observable| o.name == name) {
            found.extend(slope(source, layout, report, keys, &mut work, equation));
        }
    }
    if let Some(balance) = source.net.balances.get(&layout.population) {
        let sides = [(EXCITATION, &balance.excitatory), (INHIBITION, &balance.inhibitory)];
        for (name, ports) in sides {
            let added = |lowerer: &mut Lowerer<'a, '_, '_>| {
                let equation = &layout.cell.equations[balance.equation];
                super::value::Lowered::One(lowerer.added_by(layout, ports, equation))
            };
            found.extend(observable(source, layout, report, keys, &mut work, name, added));
        }
    }
    found
}

/// `x'`, which is also read in expressions.
fn slope<'a>(
    source: Source<'a>,
    layout: &'a Layout<'a>,
    report: &mut Report,
    keys: &mut Keys,
    work: &mut usize,
    equation: &'a Equation,
) -> Option<Observable> {
    let value = |lowerer: &mut Lowerer<'a, '_, '_>| {
        super::value::Lowered::One(lowerer.derivative(equation.var, equation.span))
    };
    observable(source, layout, report, keys, work, &slope_name(layout, equation), value)
}

fn slope_name(layout: &Layout, equation: &Equation) -> String {
    format!("{}'", layout.cell.vars[equation.var.index()].name)
}

/// What lints observe; every `let` is lowered for what can be wrong with it.
fn slopes<'a>(
    source: Source<'a>,
    layout: &'a Layout<'a>,
    report: &mut Report,
    keys: &mut Keys,
    methods: &[EquationMethod],
) -> Vec<Observable> {
    let site = Site::Cell(CellSite::new(layout, Phase::Observe));
    let mut lowerer = Lowerer::new(source, report, keys, Builder::new("", layout.precision), site);
    let lets = layout.cell.vars.iter().enumerate().filter(|(_, var)| matches!(var.kind, VarKind::Let { .. }));
    lets.for_each(|(at, var)| drop(lowerer.variable(VarId(at as u32), var.span)));
    let mut work = lowerer.work;
    let explicit = |it: &&'a Equation| {
        methods.iter().any(|method| method.span == it.span && method.method.is_explicit())
    };
    let equations = layout.cell.equations.iter().filter(explicit);
    equations.filter_map(|equation| slope(source, layout, report, keys, &mut work, equation)).collect()
}

/// Observables of populations whose `balance` is asked for: what their excitatory and their inhibitory ports add. No
/// program can write these names.
pub const EXCITATION: &str = "balance.excitation";
pub const INHIBITION: &str = "balance.inhibition";

/// `None` for arrays, which have no one value. All of a cell share in what may be lowered: each is a program of its own,
/// which begins with the names that it reads.
fn observable<'a>(
    source: Source<'a>,
    layout: &'a Layout<'a>,
    report: &mut Report,
    keys: &mut Keys,
    work: &mut usize,
    name: &str,
    value: impl FnOnce(&mut Lowerer<'a, '_, '_>) -> super::value::Lowered,
) -> Option<Observable> {
    let builder = Builder::new(format!("{}.observe.{name}", layout.net.path), layout.precision);
    let site = Site::Cell(CellSite::new(layout, Phase::Observe));
    let mut lowerer = Lowerer::new(source, report, keys, builder, site);
    lowerer.work = *work;
    let value = value(&mut lowerer);
    *work = lowerer.work;
    let super::value::Lowered::One(value) = value else { return None };
    Some(Observable { name: name.to_owned(), program: lowerer.finish(vec![Output::Result(value)], vec![]) })
}

/// Splits the reference programs; see `kernel::fold`.
fn move_constants_out(plan: &mut PopulationPlan) {
    let mut dynamics = plan.dynamics.clone();
    let programs = match &mut dynamics {
        Dynamics::Cells(programs) | Dynamics::SpikeTimes { traces: Some(programs), .. } => programs,
        Dynamics::SpikeTimes { traces: None, .. } => return,
    };
    let found = split(&[&programs.reference_start, &programs.reference_step], plan);
    if let [start, step] = &found.programs[..] {
        programs.start = start.clone();
        programs.step = step.clone();
    }
    programs.derive_uniforms = found.derive_uniforms;
    programs.derive_cells = found.derive_cells;
    plan.dynamics = dynamics;
}
