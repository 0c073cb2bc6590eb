//! Conversion: from the tables that a run wrote to the format that was asked for.
//!
//! In: a table as CSV, with a header. Out: a file beside it. Tables are read row by row and may be larger than the memory.

use crate::column::Column;
use crate::{column, npz, nwb, parquet_file, sonata};
use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};

/// How tables are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// `spikes.csv`: text, a row a line.
    #[default]
    Csv,
    /// `spikes.npz`: an array for each column, for NumPy.
    Npz,
    /// `spikes.parquet`: columns for pandas, Polars, DuckDB and their like.
    Parquet,
    /// `spikes.h5` and a report for everything that was recorded through time: HDF5, for the tools of large simulations.
    Sonata,
    /// `run.nwb`: HDF5 in the format of Neurodata Without Borders.
    Nwb,
}

/// What a file says of its run, beside what was recorded.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// The digest of the run.
    pub identifier: String,
    pub experiment: String,
    /// The name of the program.
    pub program: String,
    /// For people.
    pub description: String,
    /// Populations whose spikes were recorded, and which of their cells.
    pub recorded: Vec<(String, Vec<u32>)>,
    /// Projections whose synapses come and go: each of their columns has rows while there is a synapse.
    pub come_and_go: Vec<String>,
}

/// Tables by their names: `spikes.csv`.
pub type Tables<'a> = [(&'a str, &'a Path)];

/// Why a table could not be written in its format.
#[derive(Debug)]
pub enum ConvertError {
    Io(std::io::Error),
    /// The writer of the format, in words.
    Format(String),
}

impl fmt::Display for ConvertError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConvertError::Io(error) => write!(f, "{error}"),
            ConvertError::Format(why) => write!(f, "{why}"),
        }
    }
}

impl std::error::Error for ConvertError {}

impl From<std::io::Error> for ConvertError {
    fn from(error: std::io::Error) -> ConvertError {
        ConvertError::Io(error)
    }
}

impl From<csv::Error> for ConvertError {
    fn from(error: csv::Error) -> ConvertError {
        match error.into_kind() {
            csv::ErrorKind::Io(error) => ConvertError::Io(error),
            other => ConvertError::Format(format!("{other:?}")),
        }
    }
}

/// Writes tables in a format; files lie where `place` says by their names. What they hold is on the disk when this returns.
/// `made`: the names of files so far, also where the last of them could not be written.
///
/// # Errors
/// When a file can not be read or written, or the format can not hold what was recorded.
pub fn convert(
    tables: &Tables,
    format: Format,
    about: &About,
    place: &dyn Fn(&str) -> PathBuf,
    made: &mut Vec<String>,
) -> Result<(), ConvertError> {
    if format == Format::Nwb {
        let name = "run.nwb".to_string();
        let path = place(&name);
        made.push(name);
        return nwb::write(tables, &path, about);
    }
    for (table, from) in tables {
        let stem = table.trim_end_matches(".csv");
        let mut named = |ending: &str| {
            let name = format!("{stem}.{ending}");
            let path = place(&name);
            made.push(name);
            path
        };
        match format {
            Format::Csv | Format::Nwb => {}
            Format::Npz => npz::write(from, &named("npz"))?,
            Format::Parquet => parquet_file::write(from, &named("parquet"))?,
            Format::Sonata if stem == "traces" => sonata::reports(from, about, place, made)?,
            Format::Sonata => sonata::events(from, &named("h5"))?,
        }
    }
    Ok(())
}

/// A table, row by row.
pub(crate) struct Table {
    pub columns: Vec<Column>,
    reader: csv::Reader<File>,
    record: csv::StringRecord,
}

impl Table {
    pub fn open(path: &Path) -> Result<Table, ConvertError> {
        let mut reader = csv::Reader::from_path(path)?;
        let columns = column::columns(reader.headers()?.iter());
        Ok(Table { columns, reader, record: csv::StringRecord::new() })
    }

    /// The next row; nothing at the end.
    pub fn next(&mut self) -> Result<Option<&csv::StringRecord>, ConvertError> {
        let more = self.reader.read_record(&mut self.record)?;
        Ok(more.then_some(&self.record))
    }
}

pub(crate) fn not_a_number(field: &str) -> ConvertError {
    ConvertError::Format(format!("`{field}` is not a number"))
}
