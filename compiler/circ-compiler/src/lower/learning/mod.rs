//! Rules: what the synapses of a projection hold, and the programs that change it.
//!
//! In: a projection with its rule. Out: a [`Learning`], whose columns are found in the populations on both sides, or
//! added to them. A rule's text is read for a synapse ([`scope`]); what it keeps of cells is theirs ([`side`]).

mod actions;
mod closed;
mod column;
mod equations;
mod fixed;
mod jumps;
mod modulated;
mod new_delays;
mod place;
mod programs;
mod reads;
mod rewire;
mod scope;
mod side;

use std::sync::Arc;

use circ_grammar::ast::Span;
use circ_plan::ir::*;
use circ_plan::learning::{Both, Cells, Learning, Signal, When};
use circ_plan::plan::{Column, Quantity, View};

pub use self::column::Kept;
pub use self::fixed::fixed;
pub use self::rewire::refuse_to_rewire;
pub use self::scope::{Law, Moment, RuleScope, Wanted};
pub use self::side::{SideScope, Trace};

use self::column::{CellValue, find, find_events};
use self::equations::laws;
use self::place::places;
use self::programs::{Programs, changes};
use self::side::End;
use super::context::{Report, Source};
use super::explain::RuleMethods;
use super::layout::Layout;
use crate::diagnose::Sink;
use crate::diagnose::names::out_of_place;
use crate::diagnose::rule::transmits_too_late;
use crate::diagnose::structure::not_yet;
use crate::hir::path::part_of;
use crate::hir::*;
use crate::net::{self, Members, Plasticity};

/// The way of spikes along the dendrites of a projection.
pub struct Ways {
    pub dendritic: Quantity,
    pub back: Option<Quantity>,
}

impl Ways {
    /// Whether an event of the target is always seen before what is transmitted with it arrives, or arrives before.
    fn apart(&self, dt: f64) -> bool {
        let sure = |quantity: &Quantity| matches!(quantity, Quantity::Constant(ms) if 0.5 * dt <= *ms);
        sure(&self.dendritic) || self.back.as_ref().is_some_and(sure)
    }
}

/// How the synapses of a projection learn. Adds to layouts what it reads of cells.
pub fn learning<'a>(
    source: Source<'a>,
    net: &'a net::Projection,
    plasticity: &'a Plasticity,
    ways: Ways,
    layouts: &mut [Layout<'a>],
    report: &mut Report,
) -> Learning {
    let rule = source.hir.rule(plasticity.rule);
    let precision = super::flows::precision(net, layouts);
    let stored = (precision, net.store.unwrap_or(precision));
    let mut places = Arc::new(places(source, net, plasticity, stored, report));
    let lawful = modulated::lawful(source, plasticity, layouts);
    let laws = laws(source, net, plasticity, &places, lawful);
    // Ticks between two events are counted in double precision.
    let precision = if laws.closed.is_empty() { precision } else { Precision::F64 };
    if !laws.closed.is_empty() {
        Arc::make_mut(&mut places).add_anchor();
    }
    if rule.rewire.is_some() && net.share.is_some() {
        Arc::make_mut(&mut places).add_key();
    }
    let mut programs = Programs::new(source, net, plasticity, (places.clone(), &laws), precision, report);
    let init = programs.init();
    let transmit = if net.flow.is_none() { programs.transmit() } else { None };
    let mut hooks: Vec<circ_plan::learning::Hook> = vec![];
    hooks.extend(programs.step().map(|program| circ_plan::learning::Hook { when: When::Tick, program }));
    let mut both = None;
    for (at, hook) in rule.hooks.iter().enumerate() {
        let Some(program) = programs.hook(at, hook) else { continue };
        if let HookKind::Both = hook.when {
            let transmit = programs.transmit_of(hook);
            both = Some((program, transmit, hook.span));
            continue;
        }
        if let Some(when) = programs.when(hook, layouts) {
            hooks.extend(
                when.into_iter().map(|when| circ_plan::learning::Hook { when, program: program.clone() }),
            );
        }
    }
    let jumps: Vec<(usize, Program)> = programs.jumps();
    let longest = rule.changes(Rule::DELAY).then(|| programs.longest_delay());
    let settle = programs.settle();
    let shared = programs.shared();
    let observables = programs.observables();
    let rewire = programs.rewire();
    let Programs { keys, pre, post, report, .. } = programs;
    let both = both.map(|(program, transmit, span)| {
        if transmit.is_some() && !ways.apart(source.net.dt) {
            report.push(transmits_too_late(span, plasticity.span, &net.path, source.step()));
        }
        Both { events: target_events(source, net, "spike"), program, transmit }
    });
    let end = End { source, net, plasticity, places: &places };
    let of_target: Vec<Signal> = post.iter().map(|wanted| signal(&end, wanted, layouts, report)).collect();
    if let Some(program) = &transmit
        && !ways.apart(source.net.dt)
        && reads_target(program, &of_target, layouts)
    {
        let what = "`transmit` of what the target is at that moment, without a `dendritic` or `back` delay,";
        report.push(not_yet(plasticity.span, what));
    }
    for (index, program) in jumps {
        let jumps = Wanted::Law { index, law: Law::Jumps };
        if let Signal::Modulator(cells) = signal(&end, &jumps, layouts, report) {
            hooks.push(circ_plan::learning::Hook { when: When::Jump(cells), program });
        }
    }
    let of_source: Vec<Vec<Column>> =
        pre.iter().map(|wanted| columns(&end, wanted, (&net.source, &net.events), layouts, report)).collect();
    // Both directions are told of once.
    if net.mirrored().is_none() {
        report.rules.push(RuleMethods {
            path: net.path.clone(),
            rule: rule.name.to_string(),
            equations: laws.methods(rule),
        });
    }
    Learning {
        rule: rule.name.to_string(),
        precision,
        pre: of_source,
        post: of_target,
        arrays: places.arrays.clone(),
        delay: places.delay,
        longest,
        dendritic: ways.dendritic,
        back: ways.back,
        uniforms: places.uniforms.clone(),
        keys: keys.resolve(source.net.seed, &drawn_by(net)),
        init,
        transmit,
        hooks,
        both,
        rewire,
        settle,
        shared,
        observables,
    }
}

/// What draws of a rule are keyed by: those of the other direction by another path.
fn drawn_by(net: &net::Projection) -> String {
    match net.mirrored() {
        Some(_) => format!("{} back", net.path),
        None => net.path.clone(),
    }
}

/// Refuses what has no meaning where values flow: said where nothing else is wrong.
pub fn refuse(hir: &Hir, net: &net::Net, sink: &mut Sink) {
    for projection in &net.projections {
        let Some(plasticity) = &projection.plasticity else { continue };
        if projection.flow.is_some() {
            refuse_spikes(hir.rule(plasticity.rule), plasticity.span, sink);
        }
    }
}

/// No spikes reach synapses through which a value flows.
fn refuse_spikes(rule: &Rule, at: Span, sink: &mut Sink) {
    let due = "a value flows through these synapses: no spikes reach them";
    let heard = |hook: &Hook| match hook.when {
        // What it transmits has no part in what flows.
        HookKind::Pre => hook.body.iter().any(changes).then_some("on pre"),
        HookKind::Both => Some("on pre and post"),
        HookKind::Post(_) | HookKind::Modulator(_) | HookKind::Every(_) => None,
    };
    let traced = |(_, var): (VarId, &RuleVar)| match var.kind {
        RuleVarKind::Trace { side: SynapseSide::Pre, dynamics: TraceKind::Spikes { .. } } => {
            Some(format!("pre {} = trace(...)", var.name))
        }
        _ => None,
    };
    let hook = rule.hooks.iter().find_map(heard).map(str::to_owned);
    if let Some(what) = hook.or_else(|| rule.declared().find_map(traced)) {
        sink.push_unless_said(out_of_place(at, &format!("`{what}` of `{}`", rule.name), due));
    }
}

/// The event of the target that each segment of the view hears.
fn target_events(source: Source, net: &net::Projection, path: &str) -> Vec<EventId> {
    let of = |(segment, port): (&circ_plan::plan::Segment, &Arc<str>)| {
        let population = source.net.populations.get(segment.population as usize)?;
        let cell = source.hir.cell(population.cell);
        find_events(cell, part_of(port).0, path).first().map(|event| EventId(event.0))
    };
    net.ports.of(&net.target).map(|part| of(part).unwrap_or(EventId(0))).collect()
}

/// Whether a program reads what changes at the target.
fn reads_target(program: &Program, signals: &[Signal], layouts: &[Layout]) -> bool {
    let changes = |column: &Column| match column {
        Column::Array(population, array) => layouts
            .get(*population as usize)
            .and_then(|layout| layout.arrays.get(array.0 as usize))
            .is_some_and(|array| array.role != circ_plan::plan::Role::Parameter),
        Column::Uniform(..) | Column::Constant(_) => false,
    };
    program.ops.iter().any(|op| match op {
        Op::Load(Side::Post, ArrayId(at)) => match signals.get(*at as usize) {
            Some(Signal::Target(columns)) => columns.iter().any(changes),
            Some(Signal::Modulator(cells)) => cells.columns.iter().any(changes),
            Some(Signal::Before(_)) | None => false,
        },
        _ => false,
    })
}

fn signal<'a>(end: &End<'_, 'a>, wanted: &Wanted, layouts: &mut [Layout<'a>], report: &mut Report) -> Signal {
    let net = end.net;
    let index = match wanted {
        Wanted::Modulator { index, .. } | Wanted::Law { index, .. } | Wanted::LawBefore { index, .. } => {
            index
        }
        Wanted::Constant(_) | Wanted::Cell { .. } | Wanted::Trace { .. } => {
            return Signal::Target(columns(end, wanted, (&net.target, &net.ports), layouts, report));
        }
    };
    let modulator = &end.plasticity.modulators[*index];
    let nobody = Members::same(&"".into(), &modulator.cells);
    let members = modulator.member.as_ref().unwrap_or(&nobody);
    let mut found = vec![];
    for (segment, member) in members.of(&modulator.cells) {
        let Some(layout) = layouts.get_mut(segment.population as usize) else { continue };
        let value = find(layout.cell, "", member).0.first().copied();
        found.push(match (wanted, value) {
            (Wanted::Law { law, .. } | Wanted::LawBefore { law, .. }, Some(CellValue::Var(var))) => {
                layout.law_column(var, *law, modulator.span)
            }
            (Wanted::Modulator { moment, .. }, Some(value)) => {
                layout.value_column(end.source, value, *moment, modulator.span)
            }
            _ => Column::Constant(0.0),
        });
    }
    let cells = Cells { view: modulator.cells.clone(), columns: found };
    match wanted {
        Wanted::LawBefore { .. } => Signal::Before(cells),
        _ => Signal::Modulator(cells),
    }
}

/// For every segment of a view.
fn columns<'a>(
    end: &End<'_, 'a>,
    wanted: &Wanted,
    (view, members): (&View, &Members),
    layouts: &mut [Layout<'a>],
    report: &mut Report,
) -> Vec<Column> {
    let mut found = vec![];
    for (segment, member) in members.of(view) {
        if let Wanted::Constant(name) = wanted {
            found.push(super::projections::column_of(layouts, segment.population, member, name));
            continue;
        }
        let Some(layout) = layouts.get_mut(segment.population as usize) else { continue };
        found.push(column(end, wanted, member, layout, report));
    }
    found
}

fn column<'a>(
    end: &End<'_, 'a>,
    wanted: &Wanted,
    member: &str,
    layout: &mut Layout<'a>,
    report: &mut Report,
) -> Column {
    match wanted {
        Wanted::Cell { path, instance, moment, span } => {
            let (values, _) = find(layout.cell, part_of(member).0, path);
            match values.get(*instance) {
                Some(value) => layout.value_column(end.source, *value, *moment, *span),
                None => Column::Constant(0.0),
            }
        }
        Wanted::Trace { var, moment } => {
            let trace = end.trace(layout, report, *var, member);
            layout.trace_column(trace, *moment, Span::default())
        }
        Wanted::Constant(_) | Wanted::Modulator { .. } | Wanted::Law { .. } | Wanted::LawBefore { .. } => {
            Column::Constant(0.0)
        }
    }
}
