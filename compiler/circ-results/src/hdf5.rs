//! HDF5: what SONATA and NWB files are made of, beside numbers.
//!
//! In: groups and datasets of a file that is written. Out: texts in them, and errors in words.

use crate::convert::ConvertError;
use rust_hdf5::{DatatypeMessage, H5Dataset, H5File, H5Group, H5Type, Hdf5Error, VarLenUnicode};
use std::fs::File;
use std::path::Path;

impl From<Hdf5Error> for ConvertError {
    fn from(error: Hdf5Error) -> ConvertError {
        match error {
            Hdf5Error::Io(error) => ConvertError::Io(error),
            other => ConvertError::Format(other.to_string()),
        }
    }
}

/// Ends a file; what it holds is on the disk when this returns.
pub fn close(file: H5File, path: &Path) -> Result<(), ConvertError> {
    file.close()?;
    Ok(File::open(path)?.sync_all()?)
}

/// A text beside numbers.
pub fn text_of(dataset: &H5Dataset, name: &str, text: &str) -> Result<(), ConvertError> {
    Ok(dataset.new_attr::<VarLenUnicode>().shape(()).create(name)?.write_string(text)?)
}

/// A number beside numbers.
pub fn single_of(dataset: &H5Dataset, name: &str, value: f32) -> Result<(), ConvertError> {
    Ok(dataset.new_attr::<f32>().shape(()).create(name)?.write_numeric(&value)?)
}

/// A dataset of numbers, of which there may be none.
pub fn numbers<T: H5Type>(group: &H5Group, name: &str, values: &[T]) -> Result<H5Dataset, ConvertError> {
    let dataset = group.new_dataset::<T>().shape([values.len()]).create(name)?;
    if !values.is_empty() {
        dataset.write_raw(values)?;
    }
    Ok(dataset)
}

/// A dataset that is one text, with a zero behind it.
pub fn text(group: &H5Group, name: &str, text: &str) -> Result<(), ConvertError> {
    let bytes: Vec<u8> = text.bytes().chain([0]).collect();
    let datatype = DatatypeMessage::fixed_string_utf8(bytes.len() as u32);
    let dataset = group.new_dataset::<u8>().scalar().datatype(datatype).create(name)?;
    Ok(dataset.write_raw_bytes(&bytes)?)
}
