//! The world of a running network: what `E.v`, `rate(E)`, `at(E[0].v, 3 ms)` and `t` are at present.
//!
//! In: questions of the evaluator. Out: values, read from the engine and from what was recorded.

use crate::balance::Balances;
use crate::compile::Compiled;
use crate::measures::{self, Binned, BinnedMeasure, Measure, Trains, Window, over_time};
use crate::recording::{Recorded, Recordings, TraceRecord};
use crate::synaptic::Known;
use crate::watch::Watches;
use crate::{plastic, rules};
use circ_compiler::check::Types;
use circ_compiler::data::NoFiles;
use circ_compiler::diagnose::time::{Step, off_grid};
use circ_compiler::diagnose::value::{empty_array, not_recorded};
use circ_compiler::eval::synapses::selection;
use circ_compiler::eval::{
    Argument, Evaluated, MeasureCall, Over, Scope, Thing, World, projections, synapses_of, view_of,
};
use circ_compiler::hir::{Hir, OVER_TIME};
use circ_compiler::net::{Members, Net};
use circ_compiler::types::{ArrayValue, Dimension, Type, Value};
use circ_grammar::ast::Span;
use circ_plan::engine::Engine;
use circ_plan::ir::{ArrayId, EventId, UniformId};
use circ_plan::plan::{Indices, Plan, View};
use std::sync::Arc;

/// A network between two ticks.
#[derive(Clone, Copy)]
pub struct Present<'a> {
    pub hir: &'a Hir,
    pub types: &'a Types,
    pub net: &'a Net,
    pub plan: &'a Plan,
    pub engine: &'a dyn Engine,
    pub recordings: &'a Recordings,
    /// What measures look at without `over`.
    pub last_run: Option<Window>,
    /// What is known of the synapses.
    pub known: &'a Known,
    /// What excites and inhibits, summed up over time.
    pub balances: &'a Balances,
    /// What reductions over time look at.
    pub watches: &'a Watches,
}

impl World for Present<'_> {
    fn field(&mut self, view: &View, names: &Members, span: Span) -> Evaluated<Value> {
        let mut data = Vec::with_capacity(view.len());
        let mut element = Type::Error;
        for (segment, name) in names.of(view) {
            let values = self.values(segment.population, name, span)?;
            data.extend(
                (0..segment.cells.len()).map(|position| values[segment.cells.get(position) as usize]),
            );
            element = self.variable_type(segment.population, name);
        }
        Ok(Value::Array(Arc::new(ArrayValue { element, shape: vec![data.len() as u64], data })))
    }

    fn member(&mut self, of: &Thing, name: &str, span: Span) -> Evaluated<Value> {
        let Thing::Drive(drive) = of else {
            return self.of_synapses(of, name, span);
        };
        let path = &self.net.drives[*drive as usize].path;
        let plan = self.plan.drives.iter().find(|plan| plan.path == *path);
        let slot = plan.and_then(|plan| plan.uniforms.iter().find(|slot| slot.name == name));
        slot.map(|slot| Value::Real(slot.value)).ok_or_else(|| rules::not_observable(span, path, name).into())
    }

    fn measure(&mut self, call: &MeasureCall, span: Span) -> Evaluated<Value> {
        match (&*call.name, call.args.as_slice()) {
            ("at", [what, when]) => self.recorded(what, when, span),
            ("in_degree" | "out_degree" | "weight_sum", [argument]) => self.synaptic(call, argument),
            ("balance", [argument]) => self.balance(argument, call.name_span),
            (name, [argument]) if OVER_TIME.contains(&name) => {
                self.through_time(name, argument, call.name_span)
            }
            (name, _) if let Some(measure) = measures::binned(name) => self.counted(measure, call),
            (name, [argument]) => match measures::named(name) {
                Some(measure) => self.measured(measure, argument, call.name_span),
                None => Err(rules::not_a_measure(call.name_span, name).into()),
            },
            (name, _) => Err(rules::not_a_measure(call.name_span, name).into()),
        }
    }

    fn raster(&mut self, call: &MeasureCall, span: Span) -> Evaluated<Vec<(i64, u32)>> {
        let [argument] = call.args.as_slice() else {
            return Err(rules::not_a_measure(span, &call.name).into());
        };
        let window = self.window(argument, &call.name, call.name_span)?;
        let (view, event) = self.view_with_event(&argument.value, argument.span)?;
        let events = self.events(&view, &event, argument.span)?;
        let mut all = self.by_position(&view, &events, window);
        all.retain(|(tick, _)| window.contains(*tick));
        Ok(all)
    }

    fn time(&self) -> Option<f64> {
        Some(self.engine.tick().max(0) as f64 * self.plan.dt)
    }
}

impl<'a> Present<'a> {
    /// Of a network that was built and not run yet.
    pub fn built(
        compiled: &'a Compiled,
        engine: &'a dyn Engine,
        recordings: &'a Recordings,
        known: &'a Known,
        (balances, watches): (&'a Balances, &'a Watches),
    ) -> Present<'a> {
        let Compiled { hir, types, net, plan, .. } = compiled;
        Present { hir, types, net, plan, engine, recordings, last_run: None, known, balances, watches }
    }

    /// `P.w`, of all synapses.
    fn of_synapses(&self, of: &Thing, name: &str, span: Span) -> Evaluated<Value> {
        let scope = Scope::new(self.hir, self.types, self.net, &NoFiles, self.net.experiment);
        let (mut data, mut element) = (vec![], Type::Error);
        for projection in projections(of, &scope).unwrap_or_default() {
            let path = &self.plan.projections[projection as usize].path;
            let values = plastic::values(self, projection, name);
            data.extend(values.ok_or_else(|| Box::new(rules::not_observable(span, path, name)))?);
            element = plastic::element(self.hir, self.types, self.net, projection, name);
        }
        Ok(Value::Array(Arc::new(ArrayValue { element, shape: vec![data.len() as u64], data })))
    }

    /// `balance(E)`: of each cell, or the mean of those that get any input.
    fn balance(&self, argument: &Argument, name_span: Span) -> Evaluated<Value> {
        let window = self.window(argument, "balance", name_span)?;
        let scope = Scope::new(self.hir, self.types, self.net, &NoFiles, self.net.experiment);
        let view = view_of(argument.value.clone(), argument.span, &scope)?;
        let mut data = Vec::with_capacity(view.len());
        for segment in &view.segments {
            let cells = self.balances.of(segment.population, window, self.engine);
            let cells = cells.ok_or_else(|| Box::new(rules::balance_window(argument.span)))?;
            data.extend((0..segment.cells.len()).map(|k| cells[segment.cells.get(k) as usize]));
        }
        if argument.each {
            let element = Type::Real(Dimension::REAL);
            return Ok(Value::Array(Arc::new(ArrayValue { element, shape: vec![data.len() as u64], data })));
        }
        Ok(Value::Real(measures::mean_of_determined(&data)))
    }

    /// `mean(E.v over 100 ms)`: of all cells and ticks, or of the ticks of each cell.
    fn through_time(&self, name: &str, argument: &Argument, name_span: Span) -> Evaluated<Value> {
        let window = self.window(argument, name, name_span)?;
        let Thing::Member { view, names, .. } = &argument.value else {
            return Err(rules::wrong_value(argument.span, "a value of cells").into());
        };
        if view.is_empty() && !argument.each && !matches!(name, "any" | "all") {
            return Err(empty_array(argument.span, name).into());
        }
        let (mut cells, mut element) = (Vec::with_capacity(view.len()), Type::Error);
        for (part, variable) in names.of(view) {
            element = self.variable_type(part.population, variable);
            let values = self
                .watches
                .values(part, variable, window, self.engine)
                .or_else(|| crate::watch::recorded(self.recordings, part, variable, window, self.engine));
            cells.extend(values.ok_or_else(|| Box::new(rules::not_watched(argument.span, name)))?);
        }
        let element = if matches!(name, "any" | "all") { Type::Bool } else { element };
        if argument.each {
            let data: Vec<f64> = cells.iter().map(|cell| over_time::reduced(name, &[&cell[..]])).collect();
            return Ok(Value::Array(Arc::new(ArrayValue { element, shape: vec![data.len() as u64], data })));
        }
        let all: Vec<&[f64]> = cells.iter().map(Vec::as_slice).collect();
        let value = over_time::reduced(name, &all);
        Ok(if element == Type::Bool { Value::Bool(value != 0.0) } else { Value::Real(value) })
    }

    /// `in_degree(I -> E)` and its like: of each cell, or their mean.
    fn synaptic(&self, call: &MeasureCall, argument: &Argument) -> Evaluated<Value> {
        let scope = Scope::new(self.hir, self.types, self.net, &NoFiles, self.net.experiment);
        let selection = selection(call, &scope)?;
        let totals = self.known.totals(&selection, self.engine, self.plan);
        let degrees = || totals.counts.iter().map(|count| *count as f64).collect();
        let (data, element): (Vec<f64>, Type) = match &*call.name {
            "weight_sum" => (totals.weights.clone(), Type::Real(Dimension::REAL)),
            _ => (degrees(), Type::Int),
        };
        if argument.each {
            return Ok(Value::Array(Arc::new(ArrayValue { element, shape: vec![data.len() as u64], data })));
        }
        Ok(Value::Real(data.iter().sum::<f64>() / data.len() as f64))
    }

    /// For messages about durations.
    pub fn step(&self) -> Step {
        Step { ms: self.plan.dt, span: self.net.dt_span }
    }

    /// The number of steps of a duration.
    pub fn ticks(&self, at: Span, what: &str, milliseconds: f64) -> Evaluated<i64> {
        ticks(at, what, milliseconds, self.step())
    }

    /// The event of this name of every segment.
    pub fn events(&self, view: &View, names: &Members, span: Span) -> Evaluated<Vec<EventId>> {
        let event = |(population, name): (u32, &str)| {
            let plan = &self.plan.populations[population as usize];
            let index = plan.events.iter().position(|event| event.name == name);
            index
                .map(|index| EventId(index as u32))
                .ok_or_else(|| rules::not_observable(span, &plan.path, name).into())
        };
        names.of(view).map(|(segment, name)| event((segment.population, name))).collect()
    }

    /// The observable of this name of a population.
    pub fn observable(&self, population: u32, name: &str) -> Option<u32> {
        let observables = &self.plan.populations[population as usize].observables;
        observables.iter().position(|observable| observable.name == name).map(|index| index as u32)
    }

    /// Of a variable of the population's cell, of the derivative of one, or of a mode.
    pub fn variable_type(&self, population: u32, name: &str) -> Type {
        let cell = self.net.populations[population as usize].cell;
        let state = name.strip_suffix('\'');
        let var = self.hir.cell(cell).var_at(state.unwrap_or(name));
        let known = var.and_then(|var| self.types.vars.get(cell.index())?.get(var.index()));
        if known.is_none() && self.hir.cell(cell).has_mode_at(name) {
            return Type::Bool;
        }
        match (known.cloned().unwrap_or(Type::Error), state) {
            (Type::Real(dimension), Some(_)) => {
                dimension.per(Dimension::TIME).map_or(Type::Error, Type::Real)
            }
            (ty, _) => ty,
        }
    }

    /// A view and the name of an event of it: `E` means its `spike`.
    pub fn view_with_event(&self, thing: &Thing, span: Span) -> Evaluated<(View, Members)> {
        match thing {
            Thing::Member { view, names, .. } => Ok((view.clone(), names.clone())),
            other => {
                let scope = Scope::new(self.hir, self.types, self.net, &NoFiles, self.net.experiment);
                let view = view_of(other.clone(), span, &scope)?;
                let names = Members::same(&"spike".into(), &view);
                Ok((view, names))
            }
        }
    }

    /// The present values of all cells: of what can be observed, else of a parameter.
    fn values(&self, population: u32, name: &str, span: Span) -> Evaluated<Vec<f64>> {
        if let Some(observable) = self.observable(population, name) {
            return Ok(self.engine.observe(population, observable));
        }
        let plan = &self.plan.populations[population as usize];
        if let Some(array) = plan.arrays.iter().position(|array| array.name == name) {
            return Ok(self.engine.array(population, ArrayId(array as u32)));
        }
        match plan.uniforms.iter().position(|slot| slot.name == name) {
            Some(slot) => {
                Ok(vec![self.engine.uniform(population, UniformId(slot as u32)); plan.cells as usize])
            }
            None => Err(rules::not_observable(span, &plan.path, name).into()),
        }
    }

    /// The spikes of a view in a window.
    fn trains(&self, argument: &Argument, window: Window) -> Evaluated<Trains> {
        let (view, event) = self.view_with_event(&argument.value, argument.span)?;
        let events = self.events(&view, &event, argument.span)?;
        Ok(Trains::new(view.len(), &self.by_position(&view, &events, window), window, self.plan.dt))
    }

    /// `fano(E)`, `correlation(A, B, bin = 5 ms)`: the window is that of the first view.
    fn counted(&self, measure: &BinnedMeasure, call: &MeasureCall) -> Evaluated<Value> {
        let (views, bins): (Vec<&Argument>, Vec<&Argument>) =
            call.args.iter().partition(|argument| argument.name.is_none());
        let first = views.first().ok_or_else(|| rules::not_a_measure(call.name_span, measure.name))?;
        let window = self.window(first, measure.name, call.name_span)?;
        let bin_ticks = match bins.first() {
            None => {
                self.ticks(call.name_span, &format!("the bin of {} ms", measure.bin_ms), measure.bin_ms)?
            }
            Some(bin) => match bin.value {
                Thing::Value(Value::Real(milliseconds)) => self.ticks(bin.span, "a bin", milliseconds)?,
                _ => return Err(rules::wrong_value(bin.span, "a time").into()),
            },
        };
        let bin_at = bins.first().map_or(call.name_span, |bin| bin.span);
        if bin_ticks < 1 || window.ticks() / bin_ticks < 2 {
            let ms = |ticks: i64| ticks as f64 * self.plan.dt;
            return Err(rules::too_few_bins(bin_at, measure.name, ms(bin_ticks), ms(window.ticks())).into());
        }
        let binned =
            |argument| -> Evaluated<Binned> { Ok(Binned::new(self.trains(argument, window)?, bin_ticks)) };
        let one = binned(first)?;
        let data = match (views.get(1), measure.each) {
            (Some(second), _) => measures::across(&one, &binned(second)?),
            (None, Some(each)) if first.each => each(&one),
            (None, _) => return Ok(Value::Real((measure.all)(&one))),
        };
        if first.each {
            let element = Type::Real(Dimension::REAL);
            return Ok(Value::Array(Arc::new(ArrayValue { element, shape: vec![data.len() as u64], data })));
        }
        Ok(Value::Real(measures::mean_of_determined(&data)))
    }

    fn measured(&self, measure: &Measure, argument: &Argument, name_span: Span) -> Evaluated<Value> {
        let window = self.window(argument, measure.name, name_span)?;
        let trains = self.trains(argument, window)?;
        if argument.each {
            let data = (measure.each)(&trains);
            let element = Type::Real(measure.dimension);
            return Ok(Value::Array(Arc::new(ArrayValue { element, shape: vec![data.len() as u64], data })));
        }
        Ok(Value::Real((measure.all)(&trains)))
    }

    fn window(&self, argument: &Argument, name: &str, name_span: Span) -> Evaluated<Window> {
        let last = self.last_run.ok_or_else(|| Box::new(rules::nothing_ran(name_span, name)))?;
        let now = last.until;
        let window = match argument.over {
            None => return Ok(last),
            Some(Over::Last(duration)) => {
                Window { after: now - self.ticks(argument.span, "the window", duration)?, until: now }
            }
            Some(Over::Between(from, to)) => Window {
                after: self.ticks(argument.span, "the beginning of the window", from)?,
                until: self.ticks(argument.span, "the end of the window", to)?,
            },
        };
        if 0 <= window.after && window.after < window.until && window.until <= now {
            return Ok(window);
        }
        let time = |tick: i64| tick as f64 * self.plan.dt;
        let asked = (time(window.after), time(window.until));
        Err(rules::window_outside(argument.span, asked, time(now)).into())
    }

    /// The events of a view as (tick, position in the view), ascending for each cell.
    fn by_position(&self, view: &View, events: &[EventId], window: Window) -> Vec<(i64, u32)> {
        // Tick 0 belongs to a window that begins there.
        let (after, until) = (if window.after == 0 { -1 } else { window.after }, window.until);
        let mut found = Vec::new();
        let mut first = 0u32;
        for (segment, event) in view.segments.iter().zip(events) {
            let positions =
                Positions::of(&segment.cells, self.plan.populations[segment.population as usize].cells);
            let all = self.engine.events_between(segment.population, *event, after, until);
            found.reserve(all.len());
            found.extend(
                all.into_iter().filter_map(|(tick, cell)| Some((tick, first + positions.get(cell)?))),
            );
            first += segment.cells.len() as u32;
        }
        found
    }

    /// `at(E[0].v, 3 ms)`
    fn recorded(&self, what: &Argument, when: &Argument, span: Span) -> Evaluated<Value> {
        let Thing::Value(Value::Real(milliseconds)) = when.value else {
            return Err(rules::wrong_value(when.span, "a time").into());
        };
        let tick = self.ticks(when.span, "the time", milliseconds)?;
        let scope = Scope::new(self.hir, self.types, self.net, &NoFiles, self.net.experiment);
        if let Some((projections, name)) = synapses_of(&what.value, &scope) {
            return self.recorded_synapses(&projections, &name, tick, span);
        }
        let Thing::Member { view, one, names, .. } = &what.value else {
            return Err(not_recorded(what.span, "this").into());
        };
        let mut data = Vec::with_capacity(view.len());
        let mut element = Type::Error;
        for (segment, name) in names.of(view) {
            element = self.variable_type(segment.population, name);
            for position in 0..segment.cells.len() {
                let cell = segment.cells.get(position);
                let missing = || {
                    let path = &self.plan.populations[segment.population as usize].path;
                    Box::new(not_recorded(span, &format!("`{path}[{cell}].{name}` at {milliseconds} ms")))
                };
                data.push(self.sample(segment.population, name, cell, tick).ok_or_else(missing)?);
            }
        }
        match (data.as_slice(), one) {
            ([value], true) => Ok(Value::Real(*value)),
            _ => Ok(Value::Array(Arc::new(ArrayValue { element, shape: vec![data.len() as u64], data }))),
        }
    }

    /// `at(P.w, 3 ms)`, where all were recorded.
    fn recorded_synapses(&self, projections: &[u32], name: &str, tick: i64, span: Span) -> Evaluated<Value> {
        let (mut data, mut element) = (vec![], Type::Error);
        for projection in projections {
            let mut count = 0;
            self.engine.visit_synapses(*projection, &mut |piece| count += piece.source.len());
            let is_whole = |record: &&TraceRecord| match record.of {
                Recorded::Synapses(of) => of == *projection && record.cells.len() == count,
                Recorded::Pairs { projection: of, all, .. } => of == *projection && all,
                Recorded::Cells(_) => false,
            };
            let all = self.recordings.traces.iter().filter(|it| it.name == name).filter(is_whole);
            let mut row = all.filter_map(|record| {
                let samples = record.samples(self.engine);
                let row = samples.row(samples.ticks.binary_search(&tick).ok()?)?;
                let mut row: Vec<f64> = row.each().map(|(_, value)| value).collect();
                if let Recorded::Pairs { .. } = record.of {
                    row.retain(|value| !value.is_nan());
                }
                Some(row)
            });
            let missing = || {
                let path = &self.plan.projections[*projection as usize].path;
                let time = tick as f64 * self.plan.dt;
                Box::new(not_recorded(span, &format!("`{path}.{name}` at {time} ms")))
            };
            data.extend(row.next().ok_or_else(missing)?);
            element = plastic::element(self.hir, self.types, self.net, *projection, name);
        }
        Ok(Value::Array(Arc::new(ArrayValue { element, shape: vec![data.len() as u64], data })))
    }

    fn sample(&self, population: u32, name: &str, cell: u32, tick: i64) -> Option<f64> {
        let this = Recorded::Cells(population);
        let of = self.recordings.traces.iter().filter(|it| it.of == this && it.name == name);
        let mut found = of.filter_map(|record| {
            let column = record.cells.binary_search(&cell).ok()?;
            let samples = record.samples(self.engine);
            let row = samples.ticks.binary_search(&tick).ok()?;
            Some(samples.row(row)?.get(column))
        });
        found.next()
    }
}

/// The number of steps of a duration, which must be a whole one.
pub fn ticks(at: Span, what: &str, milliseconds: f64, step: Step) -> Evaluated<i64> {
    let steps = milliseconds / step.ms;
    let whole = steps.round_ties_even();
    if !steps.is_finite() || circ_plan::ir::MAX_TICK as f64 <= whole.abs() {
        return Err(circ_compiler::diagnose::time::duration_too_long(at, what, milliseconds, step).into());
    }
    // A quotient of two decimals misses its whole number by a few roundings.
    if 1e-9 * whole.abs().max(1.0) < (steps - whole).abs() {
        return Err(off_grid(at, what, milliseconds, step).into());
    }
    Ok(whole as i64)
}

/// Where the cells of a segment stand in it.
enum Positions {
    Range(u32, u32),
    /// By cell.
    List(Vec<Option<u32>>),
}

impl Positions {
    fn of(cells: &Indices, population: u32) -> Positions {
        match cells {
            Indices::Range(lo, hi) => Positions::Range(*lo, *hi),
            Indices::List(list) => {
                let mut positions = vec![None; population as usize];
                for (position, cell) in list.iter().enumerate() {
                    positions[*cell as usize] = Some(position as u32);
                }
                Positions::List(positions)
            }
        }
    }

    fn get(&self, cell: u32) -> Option<u32> {
        match self {
            Positions::Range(lo, hi) => (*lo <= cell && cell < *hi).then(|| cell - lo),
            Positions::List(positions) => positions[cell as usize],
        }
    }
}
