//! `record`: begins to sample, and notes which events are wanted.

use super::{Protocol, interval};
use crate::recording::{
    EventRecord, HistogramRecord, Recorded, SampledFrom, Sketch, Steps, TraceRecord, sorted,
};
use crate::{plastic, rules};
use circ_compiler::diagnose::structure::not_yet;
use circ_compiler::eval::{self, Evaluated, Thing};
use circ_compiler::hir::{ExprId, ExprKind, Index, MeasureArg};
use circ_compiler::net::Members;
use circ_compiler::types::{Dimension, Type};
use circ_grammar::ast::Span;
use circ_plan::engine::{Keep, Probe, SynapseProbe};
use circ_plan::plan::View;
use std::collections::BTreeSet;
use std::sync::Arc;

impl Protocol<'_> {
    pub(super) fn record(&mut self, what: &[ExprId], every: Option<ExprId>) -> Evaluated<()> {
        let interval_ticks = match every {
            Some(expr) => {
                let milliseconds = self.with_scope(|scope, world| eval::eval_real(expr, scope, world))?;
                Some(interval(milliseconds, self.span(expr), "the interval of recording", &self.present())?)
            }
            None => None,
        };
        what.iter().try_for_each(|expr| self.record_one(*expr, interval_ticks))
    }

    fn record_one(&mut self, expr: ExprId, interval_ticks: Option<i64>) -> Evaluated<()> {
        let span = self.span(expr);
        if let ExprKind::Measure { name, name_span, args } = self.compiled.hir.expr(expr).kind.clone() {
            return match (&*name, args.as_slice(), interval_ticks) {
                ("rate", [argument], Some(interval)) if !argument.each && argument.over.is_none() => {
                    self.record_histogram(expr, argument, interval)
                }
                ("rate", _, None) => Err(rules::wrong_value(span, "an interval such as `every 5 ms`").into()),
                (name, _, _) => Err(rules::not_followed(name_span, name).into()),
            };
        }
        if let ExprKind::Index { base, indices } = self.compiled.hir.expr(expr).kind.clone()
            && let Some((projections, name)) = self.synapses_named(base)?
        {
            return match projections.as_slice() {
                [one] => self.record_synapses(&[*one], &name, expr, Some(&indices), interval_ticks),
                _ => Err(not_yet(span, "`record` of some of the synapses of several projections").into()),
            };
        }
        if let Some((projections, name)) = self.synapses_named(expr)? {
            return self.record_synapses(&projections, &name, expr, None, interval_ticks);
        }
        match self.thing(expr)? {
            Thing::Member { view, names, span, .. } => {
                self.record_member(&view, &names, span, interval_ticks)
            }
            other => {
                let (view, names) = self.present().view_with_event(&other, span)?;
                self.record_events(&view, &names, span)
            }
        }
    }

    /// Events where all populations of the view have an event of this name, else values.
    fn record_member(
        &mut self,
        view: &View,
        names: &Members,
        span: Span,
        interval_ticks: Option<i64>,
    ) -> Evaluated<()> {
        if self.present().events(view, names, span).is_ok() {
            return self.record_events(view, names, span);
        }
        for (segment, name) in names.of(view) {
            let population = segment.population;
            let (observable, ty) = {
                let present = self.present();
                (present.observable(population, name), present.variable_type(population, name))
            };
            let path = &self.compiled.plan.populations[population as usize].path;
            let observable = observable.ok_or_else(|| Box::new(rules::not_observable(span, path, name)))?;
            let cells = sorted(&segment.cells);
            let interval_ticks = interval_ticks.unwrap_or(1);
            let now = self.engine.tick();
            // The present state was observed, or could have been, before this statement.
            let first_tick = if now < 0 { 0 } else { now + interval_ticks };
            let probe = Probe {
                population,
                observable,
                cells: cells.clone(),
                first_tick,
                interval_ticks,
                keep: Keep::Each,
            };
            let probe = self.engine.add_probe(probe);
            let dimension = ty.dimension();
            let (of, name) = (Recorded::Cells(population), name.to_string());
            let from = SampledFrom::Probe(probe);
            let record = TraceRecord {
                of,
                name,
                dimension,
                cells,
                first_tick,
                interval_ticks,
                from,
                earlier: Vec::new(),
                sketch: Sketch::default(),
            };
            self.recordings.traces.push(record);
        }
        Ok(())
    }

    /// What synapses hold, if that is named: `P.w`.
    pub(super) fn synapses_named(&self, expr: ExprId) -> Evaluated<Option<(Vec<u32>, Arc<str>)>> {
        match self.compiled.hir.expr(expr).kind {
            ExprKind::Field { .. } => {
                let thing = self.thing(expr)?;
                self.with_scope(|scope, _| Ok(eval::synapses_of(&thing, scope)))
            }
            _ => Ok(None),
        }
    }

    /// What synapses hold that do not learn changes only between ticks.
    fn record_synapses(
        &mut self,
        projections: &[u32],
        name: &str,
        expr: ExprId,
        which: Option<&[Index]>,
        interval_ticks: Option<i64>,
    ) -> Evaluated<()> {
        let (span, interval_ticks) = (self.span(expr), interval_ticks.unwrap_or(1));
        let dimension = match self.ty(expr) {
            Type::Array(element, _) => element.dimension(),
            other => other.dimension(),
        };
        for projection in projections {
            let plan = &self.compiled.plan.projections[*projection as usize];
            if plan.learning.as_ref().is_some_and(|learning| learning.rewire.is_some()) {
                self.record_pairs(*projection, (name, dimension), span, which, interval_ticks)?;
                continue;
            }
            let observables = plan.learning.iter().flat_map(|learning| &learning.observables);
            let observable = observables.clone().position(|it| it.name == name);
            let values = match observable {
                Some(_) => None,
                None => Some(
                    plastic::values(&self.present(), *projection, name)
                        .ok_or_else(|| Box::new(rules::not_observable(span, &plan.path, name)))?,
                ),
            };
            let count = match &values {
                Some(values) => values.len() as u32,
                None => self.synapses_of(*projection) as u32,
            };
            let synapses: Vec<u32> = match which {
                None => (0..count).collect(),
                Some(indices) => {
                    let some: BTreeSet<u32> = self
                        .with_scope(|scope, world| eval::places(indices, count as usize, span, scope, world))?
                        .into_iter()
                        .collect();
                    some.into_iter().collect()
                }
            };
            let now = self.engine.tick();
            let first_tick = if now < 0 { 0 } else { now + interval_ticks };
            let from = match (observable, values) {
                (Some(observable), _) => SampledFrom::Probe(self.engine.add_synapse_probe(SynapseProbe {
                    projection: *projection,
                    observable: observable as u32,
                    synapses: synapses.clone(),
                    first_tick,
                    interval_ticks,
                    keep: Keep::Each,
                })),
                (None, values) => {
                    let values = values.unwrap_or_default();
                    let these = synapses.iter().map(|synapse| values[*synapse as usize]).collect();
                    let changes = vec![(now.min(first_tick - 1), these)];
                    SampledFrom::Steps(Steps { first_tick, interval_ticks, changes })
                }
            };
            let (of, name) = (Recorded::Synapses(*projection), name.to_string());
            self.recordings.traces.push(TraceRecord {
                of,
                name,
                dimension,
                cells: synapses,
                first_tick,
                interval_ticks,
                from,
                earlier: Vec::new(),
                sketch: Sketch::default(),
            });
        }
        Ok(())
    }

    /// Where synapses come and go, what is recorded are pairs of cells: all that may be joined, or those that some of the present
    /// synapses join.
    fn record_pairs(
        &mut self,
        projection: u32,
        (name, dimension): (&str, Dimension),
        span: Span,
        which: Option<&[Index]>,
        interval_ticks: i64,
    ) -> Evaluated<()> {
        let plan = &self.compiled.plan.projections[projection as usize];
        let observables = plan.learning.iter().flat_map(|learning| &learning.observables);
        let observable = match observables.clone().position(|it| it.name == name) {
            Some(observable) => observable as u32,
            None if name == "d" => SynapseProbe::DELAY,
            None => return Err(rules::not_observable(span, &plan.path, name).into()),
        };
        let (sources, targets) = (plan.source.len() as u64, plan.target.len() as u64);
        let too_many = || Box::new(rules::too_many_pairs(span, &plan.path, sources * targets));
        if u64::from(u32::MAX) < sources * targets {
            return Err(too_many());
        }
        let targets = targets as u32;
        let cells = match which {
            None => plastic::pairs(plan).ok_or_else(too_many)?,
            Some(indices) => {
                let ends = plastic::ends(&self.compiled.plan, self.engine, projection).unwrap_or_default();
                let places = self
                    .with_scope(|scope, world| eval::places(indices, ends.len(), span, scope, world))?
                    .into_iter()
                    .map(|place| ends[place as usize])
                    .map(|(source, target)| source * targets + target);
                places.collect::<BTreeSet<u32>>().into_iter().collect()
            }
        };
        let now = self.engine.tick();
        let first_tick = if now < 0 { 0 } else { now + interval_ticks };
        let (synapses, keep) = (cells.clone(), Keep::Each);
        let probe = SynapseProbe { projection, observable, synapses, first_tick, interval_ticks, keep };
        self.recordings.traces.push(TraceRecord {
            of: Recorded::Pairs { projection, targets, all: which.is_none() },
            name: name.to_string(),
            dimension,
            cells,
            first_tick,
            interval_ticks,
            from: SampledFrom::Probe(self.engine.add_synapse_probe(probe)),
            earlier: Vec::new(),
            sketch: Sketch::default(),
        });
        Ok(())
    }

    /// Weights of projections were scaled: what is recorded of them goes on from there.
    pub(super) fn note_scaled(&mut self, projections: &[u32]) {
        let tick = self.engine.tick();
        for at in 0..self.recordings.traces.len() {
            let TraceRecord { of: Recorded::Synapses(projection), name, cells, .. } =
                &self.recordings.traces[at]
            else {
                continue;
            };
            if !projections.contains(projection) {
                continue;
            }
            let values = plastic::values(&self.present(), *projection, name).unwrap_or_default();
            let these: Vec<f64> =
                cells.iter().filter_map(|cell| values.get(*cell as usize).copied()).collect();
            if let SampledFrom::Steps(steps) = &mut self.recordings.traces[at].from {
                steps.changes.push((tick, these));
            }
        }
    }

    fn record_events(&mut self, view: &View, names: &Members, span: Span) -> Evaluated<()> {
        let events = self.present().events(view, names, span)?;
        let from_tick = self.engine.tick() + 1;
        for ((segment, name), event) in names.of(view).zip(events) {
            let (name, cells) = (name.to_string(), sorted(&segment.cells));
            let population = segment.population;
            self.recordings.events.push(EventRecord { population, event, name, cells, from_tick });
        }
        Ok(())
    }

    fn record_histogram(
        &mut self,
        expr: ExprId,
        argument: &MeasureArg,
        interval_ticks: i64,
    ) -> Evaluated<()> {
        let span = self.span(argument.value);
        let thing = self.thing(argument.value)?;
        let (view, event) = self.present().view_with_event(&thing, span)?;
        let events = self.present().events(&view, &event, span)?;
        let from_tick = self.engine.tick().max(0);
        let text = self.text(expr);
        self.recordings.histograms.push(HistogramRecord { text, view, events, from_tick, interval_ticks });
        Ok(())
    }
}
