//! NWB: one file for all that a run recorded, in the format of Neurodata Without Borders, which pynwb and archives read.
//!
//! In: the tables of a run and what there is to say of it. Out: `run.nwb`: spikes as the table of units, a unit for each cell that was
//! recorded with its population and number, values as time series of volts, amperes and so on with their factor, other events
//! as annotations. Times are in seconds. A simulation has no date: its time begins with 1970, the same run gives the same
//! bytes. The format is that of Rübel et al. (2022), "The Neurodata Without Borders ecosystem for neurophysiological data
//! science", core schema 2.8.

use crate::convert::{About, ConvertError, Table, not_a_number};
use crate::hdf5::{close, numbers, single_of, text, text_of};
use crate::series::{Receiver, Rows, Series, survey};
use rust_hdf5::{H5Dataset, H5File, H5Group};
use std::collections::BTreeMap;
use std::path::Path;

const SCHEMA: &str = "2.8.0";
/// When simulations take place.
const BEGINNING: &str = "1970-01-01T00:00:00+00:00";

/// What is written.
struct Writer<'a> {
    about: &'a About,
    /// Objects so far: each has a number that is its own.
    objects: u32,
}

/// From tables by their names.
pub fn write(tables: &[(&str, &Path)], to: &Path, about: &About) -> Result<(), ConvertError> {
    let table = |wanted: &str| tables.iter().find(|(name, _)| *name == wanted).map(|(_, path)| *path);
    let file = H5File::create(to)?;
    let mut writer = Writer { about, objects: 0 };
    let acquisition = writer.begin(&file)?;
    if let Some(path) = table("spikes.csv") {
        writer.units(&file, path)?;
    }
    if let Some(path) = table("events.csv") {
        writer.annotations(&acquisition, path)?;
    }
    if let Some(path) = table("traces.csv") {
        writer.series(&acquisition, path)?;
    }
    close(file, to)
}

impl Writer<'_> {
    /// What every file has. Returns the group of what was recorded.
    fn begin(&mut self, file: &H5File) -> Result<H5Group, ConvertError> {
        let root = file.root_group();
        root.set_attr_string("nwb_version", SCHEMA)?;
        self.object(&root, "core", "NWBFile")?;
        text(&root, "identifier", &self.about.identifier)?;
        text(&root, "session_description", &self.about.description)?;
        text(&root, "session_start_time", BEGINNING)?;
        text(&root, "timestamps_reference_time", BEGINNING)?;
        root.write_vlen_strings("file_create_date", &[BEGINNING])?;
        root.create_group("analysis")?;
        root.create_group("processing")?;
        let stimulus = root.create_group("stimulus")?;
        stimulus.create_group("presentation")?;
        stimulus.create_group("templates")?;
        let general = root.create_group("general")?;
        text(&general, "session_id", &self.about.experiment)?;
        text(&general, "protocol", &self.about.program)?;
        Ok(root.create_group("acquisition")?)
    }

    /// Marks a group as an object of a type.
    fn object(&mut self, group: &H5Group, namespace: &str, kind: &str) -> Result<(), ConvertError> {
        group.set_attr_string("namespace", namespace)?;
        group.set_attr_string("neurodata_type", kind)?;
        Ok(group.set_attr_string("object_id", &self.next_id())?)
    }

    /// The same of a dataset.
    fn column(&mut self, dataset: &H5Dataset, kind: &str, description: &str) -> Result<(), ConvertError> {
        text_of(dataset, "namespace", "hdmf-common")?;
        text_of(dataset, "neurodata_type", kind)?;
        if !description.is_empty() {
            text_of(dataset, "description", description)?;
        }
        text_of(dataset, "object_id", &self.next_id())
    }

    /// In the form of a random UUID, but of the run and the object.
    fn next_id(&mut self) -> String {
        self.objects += 1;
        let id = &self.about.identifier;
        let digits: String =
            id.chars().filter(char::is_ascii_hexdigit).chain("0".repeat(20).chars()).collect();
        let part = |from: usize, to: usize| &digits[from..to];
        let (a, b, c, d) = (part(0, 8), part(8, 12), part(12, 15), part(15, 18));
        format!("{a}-{b}-4{c}-8{d}-{:012x}", self.objects)
    }

    /// Spikes. Without a recorded cell there is no table.
    fn units(&mut self, file: &H5File, path: &Path) -> Result<(), ConvertError> {
        let mut trains: BTreeMap<(usize, u32), Vec<f64>> = BTreeMap::new();
        let mut names: Vec<String> = Vec::new();
        for (population, cells) in &self.about.recorded {
            let at = place(&mut names, population);
            cells.iter().for_each(|cell| _ = trains.entry((at, *cell)).or_default());
        }
        let mut table = Table::open(path)?;
        while let Some(row) = table.next()? {
            let field = |at: usize| row.get(at).unwrap_or("");
            let at = place(&mut names, field(0));
            let cell = field(1).parse().map_err(|_| not_a_number(field(1)))?;
            trains.entry((at, cell)).or_default().push(seconds(field(2))?);
        }
        if trains.is_empty() {
            return Ok(());
        }
        let units = file.create_group("units")?;
        self.object(&units, "core", "Units")?;
        units.set_attr_string("description", "cells whose spikes were recorded")?;
        units.set_attr_string_array("colnames", &["spike_times", "population", "cell"])?;
        let id = numbers(&units, "id", &(0..trains.len() as i64).collect::<Vec<_>>())?;
        self.column(&id, "ElementIdentifiers", "")?;
        let times: Vec<f64> = trains.values().flatten().copied().collect();
        let spikes = numbers(&units, "spike_times", &times)?;
        self.column(&spikes, "VectorData", "times of spikes, in seconds")?;
        let mut end = 0;
        let ends: Vec<u64> = trains
            .values()
            .map(|train| {
                end += train.len() as u64;
                end
            })
            .collect();
        let index = numbers(&units, "spike_times_index", &ends)?;
        self.column(&index, "VectorIndex", "where the spikes of a cell end")?;
        let target = index.new_attr::<u64>().shape(()).create("target")?;
        target.write_object_references(&["/units/spike_times"])?;
        let of: Vec<&str> = trains.keys().map(|(at, _)| names[*at].as_str()).collect();
        let population = units.write_vlen_strings("population", &of)?;
        self.column(&population, "VectorData", "the population of the cell")?;
        let cells: Vec<i64> = trains.keys().map(|(_, cell)| i64::from(*cell)).collect();
        let cell = numbers(&units, "cell", &cells)?;
        self.column(&cell, "VectorData", "the number of the cell in its population")
    }

    /// Events that are no spikes.
    fn annotations(&mut self, acquisition: &H5Group, path: &Path) -> Result<(), ConvertError> {
        let (mut times, mut texts) = (Vec::new(), Vec::new());
        let mut table = Table::open(path)?;
        while let Some(row) = table.next()? {
            let field = |at: usize| row.get(at).unwrap_or("");
            times.push(seconds(field(3))?);
            texts.push(format!("{}[{}].{}", field(0), field(2), field(1)));
        }
        if texts.is_empty() {
            return Ok(());
        }
        let series = acquisition.create_group("events")?;
        self.object(&series, "core", "AnnotationSeries")?;
        series.set_attr_string("description", "events of cells that are no spikes")?;
        series.set_attr_string("comments", "as in `E[3].nmda`: the event `nmda` of cell 3 of `E`")?;
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let data = series.write_vlen_strings("data", &texts)?;
        text_of(&data, "unit", "n/a")?;
        single_of(&data, "conversion", 1.0)?;
        single_of(&data, "offset", 0.0)?;
        single_of(&data, "resolution", -1.0)?;
        Ok(timestamps(&series, times.len())?.write_raw(&times)?)
    }

    /// What was recorded through time.
    fn series(&mut self, acquisition: &H5Group, path: &Path) -> Result<(), ConvertError> {
        let survey = survey(path, &self.about.come_and_go)?;
        let mut all = Values::default();
        for series in &survey.series {
            let group = acquisition.create_group(&series.name.replace(['/', ':'], "_"))?;
            self.object(&group, "core", "TimeSeries")?;
            group.set_attr_string("description", &description(series))?;
            group.set_attr_string("comments", "simulated")?;
            let shape = [series.rows, series.cells.len()];
            let data = group.new_dataset::<f64>().shape(shape).create("data")?;
            let (unit, factor) = base_unit(&series.unit);
            text_of(&data, "unit", unit)?;
            single_of(&data, "conversion", factor)?;
            single_of(&data, "offset", 0.0)?;
            single_of(&data, "resolution", -1.0)?;
            all.data.push(data);
            all.times.push(timestamps(&group, series.rows)?);
            all.widths.push(series.cells.len());
        }
        survey.values(path, &mut all)
    }
}

/// So many times in seconds, to be written.
fn timestamps(group: &H5Group, count: usize) -> Result<H5Dataset, ConvertError> {
    let times = group.new_dataset::<f64>().shape([count]).create("timestamps")?;
    times.new_attr::<i32>().shape(()).create("interval")?.write_numeric(&1i32)?;
    text_of(&times, "unit", "seconds")?;
    Ok(times)
}

/// The base unit that readers expect, and what values are multiplied by to be in it.
fn base_unit(unit: &str) -> (&str, f32) {
    match unit {
        "mV" => ("volts", 1e-3),
        "pA" => ("amperes", 1e-12),
        "nS" => ("siemens", 1e-9),
        "pF" => ("farads", 1e-12),
        "ms" => ("seconds", 1e-3),
        "Hz" => ("hertz", 1.0),
        "" => ("n/a", 1.0),
        other => (other, 1.0),
    }
}

/// `v of E; the columns are 0 to 4, 7`
fn description(series: &Series) -> String {
    if series.population.is_empty() {
        return series.variable.clone();
    }
    let mut ranges: Vec<(i64, i64)> = Vec::new();
    for cell in &series.cells {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == *cell => *last = *cell,
            _ => ranges.push((*cell, *cell)),
        }
    }
    let range = |(first, last): &(i64, i64)| match first == last {
        true => first.to_string(),
        false => format!("{first} to {last}"),
    };
    let which: Vec<String> = ranges.iter().map(range).collect();
    format!("{} of {}; the columns are {}", series.variable, series.population, which.join(", "))
}

fn seconds(milliseconds: &str) -> Result<f64, ConvertError> {
    milliseconds.parse().map(|ms: f64| ms / 1000.0).map_err(|_| not_a_number(milliseconds))
}

/// Where a name stands in a list, to which it is added.
fn place(names: &mut Vec<String>, name: &str) -> usize {
    match names.iter().position(|known| known == name) {
        Some(at) => at,
        None => {
            names.push(name.to_string());
            names.len() - 1
        }
    }
}

#[derive(Default)]
struct Values {
    data: Vec<H5Dataset>,
    times: Vec<H5Dataset>,
    widths: Vec<usize>,
}

impl Receiver for Values {
    fn rows(&mut self, series: usize, rows: &Rows) -> Result<(), ConvertError> {
        let (first, count) = (rows.first, rows.times.len());
        self.data[series].write_slice(&[first, 0], &[count, self.widths[series]], &rows.values)?;
        let seconds: Vec<f64> = rows.times.iter().map(|ms| ms / 1000.0).collect();
        Ok(self.times[series].write_slice(&[first], &[count], &seconds)?)
    }
}
