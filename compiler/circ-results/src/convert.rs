//! Conversion: from the tables that a run wrote to the format that was asked for.
//!
//! In: a table as CSV, with a header. Out: a file beside it. Tables are read row by row and may be larger than the memory.

use crate::column::Column;
use crate::{column, npz, parquet_file};
use std::fmt;
use std::fs::File;
use std::path::Path;

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
}

impl Format {
    /// As file names end.
    pub fn extension(self) -> &'static str {
        match self {
            Format::Csv => "csv",
            Format::Npz => "npz",
            Format::Parquet => "parquet",
        }
    }
}

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

/// Writes the table at `from` in a format; what it holds is on the disk when this returns.
///
/// # Errors
/// When a file can not be read or written.
pub fn convert(from: &Path, to: &Path, format: Format) -> Result<(), ConvertError> {
    match format {
        Format::Csv => {
            std::fs::copy(from, to)?;
            File::open(to)?.sync_all()?;
            Ok(())
        }
        Format::Npz => npz::write(from, to),
        Format::Parquet => parquet_file::write(from, to),
    }
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
