//! SONATA: spikes and reports as HDF5, which libsonata and the tools of large simulations read.
//!
//! In: the tables of a run. Out: `spikes.h5` with a group for each population (and `events.h5`, for each of its other events), and a
//! report for everything that was recorded through time, `traces.E.v.h5`. The format is that of Dai et al. (2020), "The SONATA data
//! format for efficient description of large-scale network models", and of its developer guide: times are in ms, values in
//! single precision. Of synapses and rates a report's nodes are numbers of synapses, and 0.

use crate::convert::{About, ConvertError, Table, not_a_number};
use crate::hdf5::{close, numbers, text_of};
use crate::series::{Receiver, Rows, Series, Survey, survey};
use rust_hdf5::format::messages::datatype::EnumMember;
use rust_hdf5::{DatatypeMessage, H5Dataset, H5File};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What marks a file of this format, and its version.
const MAGIC: u32 = 0x0A7A;
const VERSION: [u32; 2] = [0, 1];

fn create(path: &Path) -> Result<H5File, ConvertError> {
    let file = H5File::create(path)?;
    file.set_attr_numeric("magic", &MAGIC)?;
    file.root_group().set_attr_array_numeric("version", &VERSION)?;
    Ok(file)
}

/// Of a table of spikes or of other events.
pub fn events(from: &Path, to: &Path) -> Result<(), ConvertError> {
    let mut found: BTreeMap<String, (Vec<f64>, Vec<u64>)> = BTreeMap::new();
    let mut table = Table::open(from)?;
    let at = |name: &str| table.columns.iter().position(|column| column.name == name);
    let (population, event) = (at("population").unwrap_or(0), at("event"));
    let (cell, time) = (at("cell").unwrap_or(1), at("time_ms").unwrap_or(2));
    while let Some(row) = table.next()? {
        let field = |at: usize| row.get(at).unwrap_or("");
        let name = match event {
            Some(event) => format!("{}.{}", field(population), field(event)),
            None => field(population).to_string(),
        };
        let (times, nodes) = found.entry(name).or_default();
        times.push(field(time).parse().map_err(|_| not_a_number(field(time)))?);
        nodes.push(field(cell).parse().map_err(|_| not_a_number(field(cell)))?);
    }
    let file = create(to)?;
    let spikes = file.create_group("spikes")?;
    for (name, (times, nodes)) in &found {
        let group = spikes.create_group(name)?;
        group.set_attr_typed("sorting", sorting(), vec![BY_TIME])?;
        text_of(&numbers(&group, "timestamps", times)?, "units", "ms")?;
        numbers(&group, "node_ids", nodes)?;
    }
    close(file, to)
}

const BY_TIME: u8 = 2;

fn sorting() -> DatatypeMessage {
    let member = |(name, value): (&str, u8)| EnumMember { name: name.to_string(), value: vec![value] };
    let members = [("none", 0), ("by_id", 1), ("by_time", BY_TIME)].map(member).to_vec();
    DatatypeMessage::enumeration(DatatypeMessage::u8_type(), members)
}

/// Of the table of traces: a report for each series. Returns the names of the files, which lie where `place` says.
pub fn reports(
    from: &Path,
    about: &About,
    place: &dyn Fn(&str) -> PathBuf,
    made: &mut Vec<String>,
) -> Result<(), ConvertError> {
    let survey = survey(from, &about.come_and_go)?;
    let mut reports = Reports::default();
    for series in &survey.series {
        let name = format!("traces.{}.h5", series.name.replace(['/', '\\'], "_"));
        let path = place(&name);
        made.push(name);
        reports.begin(series, &path)?;
    }
    survey.values(from, &mut reports)?;
    reports.end(&survey)
}

/// Files that are written side by side.
#[derive(Default)]
struct Reports {
    files: Vec<(H5File, PathBuf)>,
    data: Vec<H5Dataset>,
    times: Vec<Grid>,
    widths: Vec<usize>,
}

/// Times that are to be evenly spaced.
#[derive(Default)]
struct Grid {
    first: f64,
    last: f64,
    /// Between the first two.
    step: f64,
    count: usize,
    is_uneven: bool,
}

impl Grid {
    fn take(&mut self, time: f64) {
        match self.count {
            0 => self.first = time,
            1 => self.step = time - self.first,
            // Of large times the last digits are lost, which must not add up.
            _ => self.is_uneven |= 1e-6 * self.step < (time - self.last - self.step).abs(),
        }
        self.last = time;
        self.count += 1;
    }

    /// First time, end and step.
    fn bounds(&self, series: &Series) -> Result<[f64; 3], ConvertError> {
        if self.is_uneven {
            return Err(ConvertError::Format(format!(
                "`{}` was not recorded at even intervals, and a report of SONATA knows no others",
                series.name
            )));
        }
        let steps = self.count.saturating_sub(1).max(1) as f64;
        let step = if self.first < self.last { (self.last - self.first) / steps } else { 1.0 };
        Ok([self.first, self.last + step, step])
    }
}

impl Reports {
    fn begin(&mut self, series: &Series, path: &Path) -> Result<(), ConvertError> {
        let file = create(path)?;
        let report = file.create_group("report")?.create_group(group_name(series))?;
        let data = report.new_dataset::<f32>().shape([series.rows, series.cells.len()]).create("data")?;
        text_of(&data, "units", &series.unit)?;
        self.data.push(data);
        self.times.push(Grid::default());
        self.widths.push(series.cells.len());
        self.files.push((file, path.to_path_buf()));
        Ok(())
    }

    fn end(self, survey: &Survey) -> Result<(), ConvertError> {
        drop(self.data);
        for (((file, path), series), times) in self.files.into_iter().zip(&survey.series).zip(&self.times) {
            let mapping = format!("report/{}/mapping", group_name(series));
            let mapping = file.create_group(&mapping)?;
            let nodes: Vec<u64> = series.cells.iter().map(|cell| *cell as u64).collect();
            numbers(&mapping, "node_ids", &nodes)?;
            numbers(&mapping, "index_pointers", &(0..=nodes.len() as u64).collect::<Vec<_>>())?;
            numbers(&mapping, "element_ids", &vec![0u32; nodes.len()])?;
            text_of(&numbers(&mapping, "time", &times.bounds(series)?)?, "units", "ms")?;
            close(file, &path)?;
        }
        Ok(())
    }
}

/// A rate is of no population: its own name stands in its place.
fn group_name(series: &Series) -> &str {
    if series.population.is_empty() { &series.variable } else { &series.population }
}

impl Receiver for Reports {
    fn rows(&mut self, series: usize, rows: &Rows) -> Result<(), ConvertError> {
        rows.times.iter().for_each(|time| self.times[series].take(*time));
        let single: Vec<f32> = rows.values.iter().map(|value| *value as f32).collect();
        let counts = [rows.times.len(), self.widths[series]];
        Ok(self.data[series].write_slice(&[rows.first, 0], &counts, &single)?)
    }
}
