//! Tables: what was recorded, as text that every statistics program reads.
//!
//! In: recordings and the engine that has the samples. Out: CSV with a header, rows in order of time, then
//! of declaration, then of cell. Times are exact decimals.
//!
//! - `spikes.csv`: `population,cell,time_ms`
//! - `events.csv`: `population,event,cell,time_ms`, for events that are no spikes
//! - `traces.csv`: `population,cell,variable,unit,time_ms,value`; a histogram has no cell; of synapses, the projection
//!   and which of its synapses; where synapses come and go, which pair of cells, and a row only while a synapse joins them
//! - `synapses.csv`: `projection,synapse,source,source_cell,target,target_cell`, of those that were recorded, or of pairs

use crate::plastic;
use crate::quantity::{self, Grid};
use crate::recording::{HistogramRecord, Recorded, Recordings, TraceRecord};
use circ_compiler::types::Dimension;
use circ_plan::engine::{Engine, Row, Samples};
use circ_plan::plan::Plan;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// A stretch of time in ticks: stamps above `after`, up to `until`. Of all that was, `after` is -1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub after: i64,
    pub until: i64,
}

/// Rows of a table.
#[derive(Clone, Debug)]
pub struct Table {
    pub name: &'static str,
    pub header: &'static str,
    pub rows: String,
}

const SPIKES: (&str, &str) = ("spikes.csv", "population,cell,time_ms\n");
const EVENTS: (&str, &str) = ("events.csv", "population,event,cell,time_ms\n");
const TRACES: (&str, &str) = ("traces.csv", "population,cell,variable,unit,time_ms,value\n");

/// All tables that there is something to write in, whole; `spikes.csv` always.
pub fn tables(recordings: &Recordings, plan: &Plan, engine: &dyn Engine) -> Vec<(&'static str, Vec<u8>)> {
    let samples: Vec<Samples> = recordings.traces.iter().map(|record| record.samples(engine)).collect();
    let all = Span { after: -1, until: engine.tick() };
    let chunk = chunk(recordings, &samples, plan, engine, all);
    let mut tables: Vec<(&'static str, Vec<u8>)> =
        chunk.into_iter().map(|it| (it.name, (it.header.to_string() + &it.rows).into_bytes())).collect();
    tables.extend(synapse_table(recordings, plan, engine));
    tables
}

/// What there is to write of a stretch of time, with the samples of every trace in it.
pub fn chunk(
    recordings: &Recordings,
    samples: &[Samples],
    plan: &Plan,
    engine: &dyn Engine,
    span: Span,
) -> Vec<Table> {
    let table = |(name, header), rows| Table { name, header, rows };
    let mut tables = vec![table(SPIKES, spikes(recordings, plan, engine, span))];
    if recordings.events.iter().any(|record| record.name != "spike") {
        tables.push(table(EVENTS, other_events(recordings, plan, engine, span)));
    }
    if !recordings.traces.is_empty() || !recordings.histograms.is_empty() {
        tables.push(table(TRACES, traces(recordings, samples, plan, engine, span)));
    }
    tables
}

/// Which synapses were recorded, if any were.
pub fn synapse_table(
    recordings: &Recordings,
    plan: &Plan,
    engine: &dyn Engine,
) -> Option<(&'static str, Vec<u8>)> {
    let mut projections: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
    for record in &recordings.traces {
        match record.of {
            Recorded::Synapses(projection) => drop(projections.entry(projection).or_default()),
            Recorded::Pairs { projection, .. } => {
                projections.entry(projection).or_default().extend(&record.cells);
            }
            Recorded::Cells(_) => {}
        }
    }
    (!projections.is_empty()).then(|| ("synapses.csv", synapses(&projections, plan, engine).into_bytes()))
}

fn spikes(recordings: &Recordings, plan: &Plan, engine: &dyn Engine, span: Span) -> String {
    let mut text = String::new();
    let grid = Grid::new(plan.dt);
    for (tick, _, record, cell) in events(recordings, engine, span, &|name| name == "spike") {
        let population = &plan.populations[recordings.events[record].population as usize].path;
        row(&mut text, &[&field(population), &cell.to_string(), &grid.time(tick)]);
    }
    text
}

fn other_events(recordings: &Recordings, plan: &Plan, engine: &dyn Engine, span: Span) -> String {
    let mut text = String::new();
    let grid = Grid::new(plan.dt);
    for (tick, _, record, cell) in events(recordings, engine, span, &|name| name != "spike") {
        let record = &recordings.events[record];
        let population = &plan.populations[record.population as usize].path;
        row(&mut text, &[&field(population), &record.name, &cell.to_string(), &grid.time(tick)]);
    }
    text
}

/// (tick, population, index of the record, cell), ascending; each event once however often it was recorded.
fn events(
    recordings: &Recordings,
    engine: &dyn Engine,
    span: Span,
    wanted: &dyn Fn(&str) -> bool,
) -> Vec<(i64, u32, usize, u32)> {
    let mut all = Vec::new();
    for (index, record) in recordings.events.iter().enumerate().filter(|(_, record)| wanted(&record.name)) {
        let found = record.events(engine, span).into_iter();
        all.extend(found.map(|(tick, cell)| (tick, record.population, index, cell)));
    }
    all.sort_unstable_by_key(|(tick, population, record, cell)| {
        (*tick, *population, recordings.events[*record].event.0, *cell, *record)
    });
    all.dedup_by_key(|(tick, population, record, cell)| {
        (*tick, *population, recordings.events[*record].event.0, *cell)
    });
    all
}

/// A row of samples, or a bin.
enum Sampled<'a> {
    Values(&'a TraceRecord, Row<'a>),
    Rate(&'a HistogramRecord, f64),
}

/// In order of time, then of declaration: so a table is the same in whatever chunks it was written.
fn traces(
    recordings: &Recordings,
    samples: &[Samples],
    plan: &Plan,
    engine: &dyn Engine,
    span: Span,
) -> String {
    let mut all: Vec<(i64, Sampled)> = Vec::new();
    for (record, samples) in recordings.traces.iter().zip(samples) {
        all.extend(samples.rows().map(|(tick, row)| (tick, Sampled::Values(record, row))));
    }
    for record in &recordings.histograms {
        let bins = record.bins_in(engine, plan.dt, span);
        all.extend(bins.into_iter().map(|(tick, rate)| (tick, Sampled::Rate(record, rate))));
    }
    // Stable: what is of one tick stays in order of declaration.
    all.sort_by_key(|(tick, _)| *tick);
    let (mut text, grid) = (String::new(), Grid::new(plan.dt));
    for (tick, sampled) in all {
        let time = grid.time(tick);
        match sampled {
            Sampled::Values(record, values) => trace(&mut text, record, plan, &time, values),
            Sampled::Rate(record, rate) => {
                let unit = quantity::unit(Dimension::FREQUENCY);
                let value = (rate * unit.per_coherent).to_string();
                row(&mut text, &["", "", &field(&record.text), &unit.name, &time, &value]);
            }
        }
    }
    text
}

fn trace(text: &mut String, record: &TraceRecord, plan: &Plan, time: &str, values: Row) {
    let unit = quantity::unit(record.dimension);
    let of = field(record.of.path(plan));
    let is_there = |value: &f64| !(value.is_nan() && matches!(record.of, Recorded::Pairs { .. }));
    for (column, value) in values.each().filter(|(_, value)| is_there(value)) {
        let cell = record.cells[column];
        let value = value * unit.per_coherent;
        // Writing to a string can not fail.
        let _ = writeln!(text, "{of},{cell},{},{},{time},{value}", record.name, unit.name);
    }
}

/// Of projections: all synapses, or where these come and go, the pairs that were recorded.
fn synapses(projections: &BTreeMap<u32, BTreeSet<u32>>, plan: &Plan, engine: &dyn Engine) -> String {
    let mut text = String::from("projection,synapse,source,source_cell,target,target_cell\n");
    for (index, pairs) in projections {
        let projection = &plan.projections[*index as usize];
        let (sources, targets): (Vec<_>, Vec<_>) =
            (projection.source.cells().collect(), projection.target.cells().collect());
        let name = |(population, cell): (u32, u32)| {
            format!("{},{cell}", field(&plan.populations[population as usize].path))
        };
        let count = (targets.len() as u32).max(1);
        let listed: Vec<(u32, (u32, u32))> = match pairs.is_empty() {
            true => (0..).zip(plastic::ends(plan, engine, *index).unwrap_or_default()).collect(),
            false => pairs.iter().map(|pair| (*pair, (pair / count, pair % count))).collect(),
        };
        for (k, (source, target)) in listed {
            let (source, target) = (name(sources[source as usize]), name(targets[target as usize]));
            row(&mut text, &[&field(&projection.path), &k.to_string(), &source, &target]);
        }
    }
    text
}

fn row(text: &mut String, fields: &[&str]) {
    text.push_str(&fields.join(","));
    text.push('\n');
}

/// Quoted where it holds a comma: `E[1, 2]`.
fn field(text: &str) -> String {
    if text.contains([',', '"', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_string()
    }
}
