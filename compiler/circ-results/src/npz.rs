//! Archives of NumPy arrays: one array for each column of a table.
//!
//! In: a table. Out: `cell.npy`, `time_ms.npy` and so on in a zip archive, not compressed. Of a column of texts there are two
//! arrays: `population`, which says for each row which of `population_names` it is. An empty number is -1. The format is
//! that of NumPy Enhancement Proposal 1. A pass over the table for each column keeps the memory small.

use crate::column::{Kind, real, whole};
use crate::convert::{ConvertError, Table, not_a_number};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

type Archive = ZipWriter<BufWriter<File>>;

pub fn write(from: &Path, to: &Path) -> Result<(), ConvertError> {
    let (rows, names) = survey(from)?;
    let mut archive = ZipWriter::new(BufWriter::new(File::create(to)?));
    let columns = Table::open(from)?.columns;
    for (at, column) in columns.iter().enumerate() {
        let descr = if column.kind == Kind::Real { "<f8" } else { "<i4" };
        begin(&mut archive, &column.name, descr, rows)?;
        let mut table = Table::open(from)?;
        while let Some(row) = table.next()? {
            let field = row.get(at).unwrap_or("");
            match column.kind {
                Kind::Real => {
                    let value = real(field).ok_or_else(|| not_a_number(field))?;
                    archive.write_all(&value.to_le_bytes())?;
                }
                Kind::Whole => {
                    let value = whole(field).ok_or_else(|| not_a_number(field))?;
                    archive.write_all(&value.to_le_bytes())?;
                }
                Kind::Text => {
                    let place = names[at].iter().position(|name| name == field).unwrap_or(0);
                    archive.write_all(&(place as i32).to_le_bytes())?;
                }
            }
        }
        if column.kind == Kind::Text {
            texts(&mut archive, &format!("{}_names", column.name), &names[at])?;
        }
    }
    let file = archive.finish().map_err(failed)?;
    file.into_inner().map_err(|error| ConvertError::Io(error.into_error()))?.sync_all()?;
    Ok(())
}

/// How many rows there are, and the different texts of each column in order of appearance.
fn survey(from: &Path) -> Result<(u64, Vec<Vec<String>>), ConvertError> {
    let mut table = Table::open(from)?;
    let kinds: Vec<Kind> = table.columns.iter().map(|column| column.kind).collect();
    let mut names: Vec<Vec<String>> = vec![Vec::new(); kinds.len()];
    let mut rows = 0;
    while let Some(row) = table.next()? {
        rows += 1;
        for (at, names) in names.iter_mut().enumerate().filter(|(at, _)| kinds[*at] == Kind::Text) {
            let field = row.get(at).unwrap_or("");
            if !names.iter().any(|name| name == field) {
                names.push(field.to_string());
            }
        }
    }
    Ok((rows, names))
}

fn begin(archive: &mut Archive, name: &str, descr: &str, count: u64) -> Result<(), ConvertError> {
    let options =
        SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored).large_file(true);
    archive.start_file(format!("{name}.npy"), options).map_err(failed)?;
    Ok(archive.write_all(&header(descr, count))?)
}

/// Padded with blanks, so that the data begins at a multiple of 64 bytes.
fn header(descr: &str, count: u64) -> Vec<u8> {
    let text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({count},), }}");
    let length = (10 + text.len() + 1).next_multiple_of(64) - 10;
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((length as u16).to_le_bytes());
    bytes.extend(format!("{text:<width$}\n", width = length - 1).into_bytes());
    bytes
}

/// Letters of four bytes, all texts as long as the longest.
fn texts(archive: &mut Archive, name: &str, texts: &[String]) -> Result<(), ConvertError> {
    let longest = texts.iter().map(|text| text.chars().count()).max().unwrap_or(0).max(1);
    begin(archive, name, &format!("<U{longest}"), texts.len() as u64)?;
    for text in texts {
        let letters = text.chars().map(u32::from).chain(std::iter::repeat(0)).take(longest);
        for letter in letters {
            archive.write_all(&letter.to_le_bytes())?;
        }
    }
    Ok(())
}

fn failed(error: zip::result::ZipError) -> ConvertError {
    match error {
        zip::result::ZipError::Io(error) => ConvertError::Io(error),
        other => ConvertError::Format(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::header;

    #[test]
    fn data_begins_at_a_multiple_of_64_bytes() {
        for count in [0, 7, u64::MAX] {
            let header = header("<f8", count);
            assert_eq!(header.len() % 64, 0);
            assert_eq!(header.last(), Some(&b'\n'));
        }
    }
}
