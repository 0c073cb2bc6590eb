//! Apache Parquet: columns for pandas, Polars, DuckDB and their like.
//!
//! In: a table. Out: a file with a column for each of its columns, in row groups; texts as UTF-8 in dictionaries, an empty
//! number as a null. Not compressed: dictionaries take what is repeated, and any reader opens it.

use crate::column::{Column, Kind, real, whole};
use crate::convert::{ConvertError, Table, not_a_number};
use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int32Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// Rows that are held in memory.
const GROUP_ROWS: usize = 1 << 18;

/// Fields of a column, as they are written.
enum Fields {
    Text(Vec<ByteArray>),
    /// With 0 for those that are null.
    Whole(Vec<i32>, Vec<i16>),
    Real(Vec<f64>),
}

pub fn write(from: &Path, to: &Path) -> Result<(), ConvertError> {
    let mut table = Table::open(from)?;
    let columns = table.columns.clone();
    let schema = Arc::new(parse_message_type(&schema(&columns)).map_err(failed)?);
    let properties = WriterProperties::builder()
        .set_compression(Compression::UNCOMPRESSED)
        .set_created_by(format!("circ {}", circ::VERSION))
        .build();
    let file = File::create(to)?;
    let mut writer =
        SerializedFileWriter::new(file.try_clone()?, schema, Arc::new(properties)).map_err(failed)?;
    let mut group = empty(&columns);
    let mut rows = 0;
    while let Some(row) = table.next()? {
        for (fields, field) in group.iter_mut().zip(row) {
            fields.push(field)?;
        }
        rows += 1;
        if rows == GROUP_ROWS {
            write_group(writer.next_row_group().map_err(failed)?, &group).map_err(failed)?;
            (group, rows) = (empty(&columns), 0);
        }
    }
    if 0 < rows {
        write_group(writer.next_row_group().map_err(failed)?, &group).map_err(failed)?;
    }
    writer.close().map_err(failed)?;
    file.sync_all()?;
    Ok(())
}

fn schema(columns: &[Column]) -> String {
    let one = |column: &Column| match column.kind {
        Kind::Text => format!("required binary {} (UTF8);", column.name),
        Kind::Whole => format!("optional int32 {};", column.name),
        Kind::Real => format!("required double {};", column.name),
    };
    format!("message circ {{ {} }}", columns.iter().map(one).collect::<Vec<_>>().join(" "))
}

fn empty(columns: &[Column]) -> Vec<Fields> {
    let one = |column: &Column| match column.kind {
        Kind::Text => Fields::Text(Vec::new()),
        Kind::Whole => Fields::Whole(Vec::new(), Vec::new()),
        Kind::Real => Fields::Real(Vec::new()),
    };
    columns.iter().map(one).collect()
}

impl Fields {
    fn push(&mut self, field: &str) -> Result<(), ConvertError> {
        match self {
            Fields::Text(texts) => texts.push(ByteArray::from(field)),
            Fields::Whole(values, levels) => {
                let value = whole(field).ok_or_else(|| not_a_number(field))?;
                levels.push(i16::from(0 <= value));
                values.extend((0 <= value).then_some(value));
            }
            Fields::Real(values) => values.push(real(field).ok_or_else(|| not_a_number(field))?),
        }
        Ok(())
    }
}

fn write_group(mut group: SerializedRowGroupWriter<'_, File>, all: &[Fields]) -> Result<(), ParquetError> {
    for fields in all {
        let Some(mut column) = group.next_column()? else { break };
        match fields {
            Fields::Text(texts) => column.typed::<ByteArrayType>().write_batch(texts, None, None)?,
            Fields::Whole(values, levels) => {
                column.typed::<Int32Type>().write_batch(values, Some(levels), None)?
            }
            Fields::Real(values) => column.typed::<DoubleType>().write_batch(values, None, None)?,
        };
        column.close()?;
    }
    group.close()?;
    Ok(())
}

fn failed(error: ParquetError) -> ConvertError {
    match error {
        ParquetError::External(inner) => match inner.downcast::<std::io::Error>() {
            Ok(error) => ConvertError::Io(*error),
            Err(other) => ConvertError::Format(other.to_string()),
        },
        other => ConvertError::Format(other.to_string()),
    }
}
