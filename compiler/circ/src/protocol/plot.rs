//! `plot`: draws what is named, as it is at this line.
//!
//! In: paths and arrays. Out: [`Plot`]s for the observer, one for each kind of picture: events as a raster, what was recorded as
//! lines through time, what synapses hold and arrays as a histogram. The numbers are taken here, so that what happens later
//! does not change the picture.

use super::Protocol;
use crate::recording::{HistogramRecord, Recorded, TraceRecord};
use crate::results::Plotted;
use crate::show::{self, Band, Drawing, Plot, Spread, Trace};
use crate::{quantity, rules};
use circ_compiler::diagnose::value::not_recorded;
use circ_compiler::eval::{Evaluated, Thing};
use circ_compiler::hir::{ExprId, ExprKind, MeasureArg};
use circ_compiler::net::Members;
use circ_compiler::types::{Type, Value};
use circ_grammar::ast::Span;
use circ_plan::ir::EventId;
use circ_plan::plan::{Indices, Segment, View};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What one statement draws, by the kind of picture.
#[derive(Default)]
struct Drawn {
    bands: Vec<Band>,
    traces: Vec<Trace>,
    spreads: Vec<Spread>,
    /// As written, of each kind.
    texts: [Vec<String>; 3],
}

impl Protocol<'_> {
    pub(super) fn plot(&mut self, what: &[ExprId], span: Span) -> Evaluated<()> {
        if self.engine.tick() < 1 && !what.iter().all(|expr| self.needs_no_run(*expr)) {
            return Err(rules::nothing_to_draw(span).into());
        }
        let mut drawn = Drawn::default();
        what.iter().try_for_each(|expr| self.plot_one(*expr, &mut drawn))?;
        let Drawn { bands, traces, spreads, texts } = drawn;
        let drawings = [Drawing::Events(bands), Drawing::Traces(traces), Drawing::Spreads(spreads)];
        for (drawing, texts) in drawings.into_iter().zip(texts) {
            if !texts.is_empty() {
                self.hand_over(drawing, texts.join(", "));
            }
        }
        Ok(())
    }

    fn hand_over(&mut self, drawing: Drawing, text: String) {
        let name = format!("plot-{}", self.outcome.plots.len() + 1);
        self.outcome.plots.push(Plotted { name: name.clone(), text: text.clone() });
        let (ticks, dt_ms) = (self.engine.tick().max(0), self.compiled.plan.dt);
        self.observer.plot(&Plot { name, text, drawing, ticks, dt_ms });
    }

    /// What synapses hold, and arrays, are there before anything ran.
    fn needs_no_run(&self, expr: ExprId) -> bool {
        let thing = self.thing(expr);
        thing.is_err() || thing.is_ok_and(|thing| is_value(&thing))
    }

    fn plot_one(&self, expr: ExprId, drawn: &mut Drawn) -> Evaluated<()> {
        let (span, text) = (self.span(expr), self.text(expr));
        if let ExprKind::Measure { name, args, .. } = &self.compiled.hir.expr(expr).kind
            && let ("rate", [argument]) = (&**name, args.as_slice())
            && !argument.each
        {
            drawn.traces.push(self.recorded_rate(argument, span, &text)?);
            drawn.texts[1].push(text);
            return Ok(());
        }
        if let Some((projections, name)) = self.synapses_named(expr)? {
            let recorded = self.recorded_synapses(&projections, &name);
            if !recorded.is_empty() {
                drawn.traces.extend(recorded);
                drawn.texts[1].push(text);
                return Ok(());
            }
        }
        match self.thing(expr)? {
            Thing::Member { view, names, .. } if self.present().events(&view, &names, span).is_err() => {
                drawn.traces.extend(self.recorded_cells(&view, &names, span)?);
                drawn.texts[1].push(text);
            }
            thing if is_value(&thing) => {
                let value = match thing {
                    Thing::Value(value) => value,
                    _ => self.value(expr)?,
                };
                drawn.spreads.push(self.spread(&value, expr, &text)?);
                drawn.texts[2].push(text);
            }
            other => {
                let (view, names) = self.present().view_with_event(&other, span)?;
                drawn.bands.extend(self.bands(&view, &names, span)?);
                drawn.texts[0].push(text);
            }
        }
        Ok(())
    }

    /// A band for each part of a view.
    fn bands(&self, view: &View, names: &Members, span: Span) -> Evaluated<Vec<Band>> {
        let events = self.present().events(view, names, span)?;
        let band = |((segment, name), event): ((&Segment, &Arc<str>), EventId)| {
            let path = &self.compiled.plan.populations[segment.population as usize].path;
            let position: BTreeMap<u32, u32> = (0..segment.cells.len() as u32)
                .map(|position| (segment.cells.get(position as usize), position))
                .collect();
            let all = self.engine.events(segment.population, event).into_iter();
            let spikes = all.filter_map(|(tick, cell)| Some((tick, *position.get(&cell)?))).collect();
            Band {
                name: self.named(segment, if &**name == "spike" { "" } else { name }),
                population: path.clone(),
                cells: segment.cells.len() as u32,
                spikes,
            }
        };
        Ok(names.of(view).zip(events).map(band).collect())
    }

    /// `E`, `E[0..5].nmda`
    fn named(&self, segment: &Segment, member: &str) -> String {
        let population = &self.compiled.plan.populations[segment.population as usize];
        let which = match &segment.cells {
            Indices::Range(0, end) if *end == population.cells => String::new(),
            Indices::Range(lo, hi) if lo + 1 == *hi => format!("[{lo}]"),
            Indices::Range(lo, hi) => format!("[{lo}..{hi}]"),
            Indices::List(_) => "[…]".to_string(),
        };
        let dot = if member.is_empty() { "" } else { "." };
        format!("{}{which}{dot}{member}", population.path)
    }

    /// What was recorded of cells: a panel for each `record` that holds some of them.
    fn recorded_cells(&self, view: &View, names: &Members, span: Span) -> Evaluated<Vec<Trace>> {
        let mut traces = Vec::new();
        for (segment, name) in names.of(view) {
            let mut wanted: Vec<u32> =
                (0..segment.cells.len()).map(|position| segment.cells.get(position)).collect();
            let of = Recorded::Cells(segment.population);
            for record in self.recordings.traces.iter().filter(|it| it.of == of && *it.name == **name) {
                let (here, elsewhere): (Vec<u32>, Vec<u32>) =
                    wanted.into_iter().partition(|cell| record.cells.binary_search(cell).is_ok());
                wanted = elsewhere;
                if !here.is_empty() {
                    traces.extend(self.trace(record, &here));
                }
            }
            if let Some(cell) = wanted.first() {
                let path = &self.compiled.plan.populations[segment.population as usize].path;
                return Err(not_recorded(span, &format!("`{path}[{cell}].{name}`")).into());
            }
        }
        match traces.is_empty() {
            true => Err(rules::no_line_drawn(span).into()),
            false => Ok(traces),
        }
    }

    fn recorded_synapses(&self, projections: &[u32], name: &str) -> Vec<Trace> {
        let is_meant = |record: &&TraceRecord| match record.of {
            Recorded::Synapses(projection) | Recorded::Pairs { projection, .. } => {
                projections.contains(&projection) && record.name == name
            }
            Recorded::Cells(_) => false,
        };
        let meant = self.recordings.traces.iter().filter(is_meant);
        meant.filter_map(|record| self.trace(record, &record.cells)).collect()
    }

    /// Nothing where there are not two samples yet.
    fn trace(&self, record: &TraceRecord, cells: &[u32]) -> Option<Trace> {
        let samples = record.samples(self.engine);
        let columns: Vec<usize> =
            cells.iter().filter_map(|cell| record.cells.binary_search(cell).ok()).collect();
        let trace = show::trace(record, &self.compiled.plan, &samples, &columns);
        (1 < trace.times_ms.len()).then_some(trace)
    }

    /// What `record rate(E) every 5 ms` found of this view.
    fn recorded_rate(&self, argument: &MeasureArg, span: Span, text: &str) -> Evaluated<Trace> {
        let thing = self.thing(argument.value)?;
        let (view, names) = self.present().view_with_event(&thing, span)?;
        let events = self.present().events(&view, &names, span)?;
        let is_meant = |record: &&HistogramRecord| record.view == view && record.events == events;
        let record = self.recordings.histograms.iter().rev().find(is_meant);
        let record = record.ok_or_else(|| Box::new(not_recorded(span, &format!("`{text}`"))))?;
        let trace = show::rate(record, self.engine, self.compiled.plan.dt);
        match trace.times_ms.len() < 2 {
            true => Err(rules::no_line_drawn(span).into()),
            false => Ok(trace),
        }
    }

    /// How the elements of an array are spread.
    fn spread(&self, value: &Value, expr: ExprId, text: &str) -> Evaluated<Spread> {
        let span = self.span(expr);
        let Value::Array(array) = value else { return Err(rules::one_number_drawn(span).into()) };
        let dimension = match self.ty(expr) {
            Type::Array(element, _) => element.dimension(),
            other => other.dimension(),
        };
        let unit = quantity::unit(dimension);
        let values = array.data.iter().map(|value| value * unit.per_coherent);
        Spread::of(text, &unit.name, values).ok_or_else(|| rules::no_value_drawn(span).into())
    }
}

/// Whether something is numbers, and not cells with events.
fn is_value(thing: &Thing) -> bool {
    match thing {
        Thing::Value(value) => !matches!(value, Value::View(_)),
        Thing::MemberOf { .. } | Thing::Many(_) => true,
        _ => false,
    }
}
