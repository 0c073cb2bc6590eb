//! Tables: what was recorded, as text that every statistics program reads.
//!
//! In: recordings and the engine that has the samples. Out: CSV with a header, rows in order of time, then
//! of declaration, then of cell. Times are exact decimals.
//!
//! - `spikes.csv`: `population,cell,time_ms`
//! - `events.csv`: `population,event,cell,time_ms`, for events that are no spikes
//! - `traces.csv`: `population,cell,variable,unit,time_ms,value`; a histogram has no cell; of synapses, the projection
//!   and which of its synapses
//! - `synapses.csv`: `projection,synapse,source,source_cell,target,target_cell`, of those that were recorded

use crate::plastic;
use crate::quantity::{self, Grid};
use crate::recording::{HistogramRecord, Recorded, Recordings, TraceRecord};
use circ_compiler::types::Dimension;
use circ_plan::engine::Engine;
use circ_plan::plan::Plan;
use std::collections::BTreeSet;
use std::fmt::Write;

/// All tables that there is something to write in; `spikes.csv` always.
pub fn tables(recordings: &Recordings, plan: &Plan, engine: &dyn Engine) -> Vec<(&'static str, Vec<u8>)> {
    let mut tables = vec![("spikes.csv", spikes(recordings, plan, engine).into_bytes())];
    if recordings.events.iter().any(|record| record.name != "spike") {
        tables.push(("events.csv", other_events(recordings, plan, engine).into_bytes()));
    }
    if !recordings.traces.is_empty() || !recordings.histograms.is_empty() {
        tables.push(("traces.csv", traces(recordings, plan, engine).into_bytes()));
    }
    let of_synapses = recordings.traces.iter().filter_map(|record| match record.of {
        Recorded::Synapses(projection) => Some(projection),
        Recorded::Cells(_) => None,
    });
    let projections: BTreeSet<u32> = of_synapses.collect();
    if !projections.is_empty() {
        tables.push(("synapses.csv", synapses(&projections, plan, engine).into_bytes()));
    }
    tables
}

/// `spikes.csv`
pub fn spikes(recordings: &Recordings, plan: &Plan, engine: &dyn Engine) -> String {
    let mut text = String::from("population,cell,time_ms\n");
    for (tick, _, record, cell) in events(recordings, engine, &|name| name == "spike") {
        let population = &plan.populations[recordings.events[record].population as usize].path;
        row(&mut text, &[&field(population), &cell.to_string(), &Grid::new(plan.dt).time(tick)]);
    }
    text
}

fn other_events(recordings: &Recordings, plan: &Plan, engine: &dyn Engine) -> String {
    let mut text = String::from("population,event,cell,time_ms\n");
    for (tick, _, record, cell) in events(recordings, engine, &|name| name != "spike") {
        let record = &recordings.events[record];
        let population = &plan.populations[record.population as usize].path;
        let time = Grid::new(plan.dt).time(tick);
        row(&mut text, &[&field(population), &record.name, &cell.to_string(), &time]);
    }
    text
}

/// (tick, population, index of the record, cell), ascending; each event once however often it was recorded.
fn events(
    recordings: &Recordings,
    engine: &dyn Engine,
    wanted: &dyn Fn(&str) -> bool,
) -> Vec<(i64, u32, usize, u32)> {
    let mut all = Vec::new();
    for (index, record) in recordings.events.iter().enumerate().filter(|(_, record)| wanted(&record.name)) {
        all.extend(
            record.events(engine).into_iter().map(|(tick, cell)| (tick, record.population, index, cell)),
        );
    }
    all.sort_unstable_by_key(|(tick, population, record, cell)| {
        (*tick, *population, recordings.events[*record].event.0, *cell, *record)
    });
    all.dedup_by_key(|(tick, population, record, cell)| {
        (*tick, *population, recordings.events[*record].event.0, *cell)
    });
    all
}

/// `traces.csv`
pub fn traces(recordings: &Recordings, plan: &Plan, engine: &dyn Engine) -> String {
    let mut text = String::from("population,cell,variable,unit,time_ms,value\n");
    recordings.traces.iter().for_each(|record| trace(&mut text, record, plan, engine));
    recordings.histograms.iter().for_each(|record| histogram(&mut text, record, plan, engine));
    text
}

fn trace(text: &mut String, record: &TraceRecord, plan: &Plan, engine: &dyn Engine) {
    let grid = Grid::new(plan.dt);
    let unit = quantity::unit(record.dimension);
    let of = field(match record.of {
        Recorded::Cells(population) => &plan.populations[population as usize].path,
        Recorded::Synapses(projection) => &plan.projections[projection as usize].path,
    });
    let samples = record.samples(engine);
    for (tick, values) in samples.ticks.iter().zip(samples.values.chunks(record.cells.len().max(1))) {
        let time = grid.time(*tick);
        for (cell, value) in record.cells.iter().zip(values) {
            let value = value * unit.per_coherent;
            // Writing to a string can not fail.
            let _ = writeln!(text, "{of},{cell},{},{},{time},{value}", record.name, unit.name);
        }
    }
}

fn synapses(projections: &BTreeSet<u32>, plan: &Plan, engine: &dyn Engine) -> String {
    let mut text = String::from("projection,synapse,source,source_cell,target,target_cell\n");
    for index in projections {
        let projection = &plan.projections[*index as usize];
        let (sources, targets): (Vec<_>, Vec<_>) =
            (projection.source.cells().collect(), projection.target.cells().collect());
        let name = |(population, cell): (u32, u32)| {
            format!("{},{cell}", field(&plan.populations[population as usize].path))
        };
        for (k, (source, target)) in
            plastic::ends(plan, engine, *index).unwrap_or_default().iter().enumerate()
        {
            let (source, target) = (name(sources[*source as usize]), name(targets[*target as usize]));
            row(&mut text, &[&field(&projection.path), &k.to_string(), &source, &target]);
        }
    }
    text
}

fn histogram(text: &mut String, record: &HistogramRecord, plan: &Plan, engine: &dyn Engine) {
    let unit = quantity::unit(Dimension::FREQUENCY);
    for (tick, rate) in record.bins(engine, plan.dt) {
        let (time, value) = (Grid::new(plan.dt).time(tick), (rate * unit.per_coherent).to_string());
        row(text, &["", "", &field(&record.text), &unit.name, &time, &value]);
    }
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
