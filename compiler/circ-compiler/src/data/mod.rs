//! Data from files: what `load("x.csv")`, `load("x.npy")` and `load("x.npz/images")` hold.
//!
//! In: bytes, through [`Files`], and the declared type. Out: arrays, or what is wrong in words. Values of
//! files are taken to be in the coherent system (ms, mV, pA, nS, pF, um, mM; frequencies in 1/ms), since
//! a file says nothing of units.

mod csv;
mod npy;
mod npz;

use crate::types::{ArrayValue, Dimension, Type, Value};
use std::sync::Arc;

pub use csv::Table;

/// How the host hands out files that a program loads.
pub trait Files {
    /// The whole content, or why there is none, in words.
    fn read(&self, path: &str) -> Result<Vec<u8>, String>;

    /// A csv file with its header. Who is asked by many experiments may keep it.
    fn table(&self, path: &str) -> Result<Arc<Table>, Fault> {
        Ok(Arc::new(Table::read(&self.read(path).map_err(Fault::Unreadable)?)?))
    }
}

/// No files at all: for programs that are only checked, and for tests.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFiles;

impl Files for NoFiles {
    fn read(&self, _: &str) -> Result<Vec<u8>, String> {
        Err("there are no files here".to_string())
    }
}

/// Why a file is not what it should be.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// In words.
    Unreadable(String),
    /// Line (from 1, with the header) and what is wrong there.
    Line(u64, String),
    /// The shape that the file has, where another is declared.
    Shape(Vec<u64>),
}

/// An array from a file. Of a csv file all columns must be numbers; the header is left out, and one column
/// is one-dimensional where that is declared.
pub fn load_array(path: &str, declared: Option<&Type>, files: &dyn Files) -> Result<Value, Fault> {
    let read = |file: &str| files.read(file).map_err(Fault::Unreadable);
    let (shape, data) = match npz::split(path) {
        Some((archive, array)) => npz::read(&read(archive)?, archive, array)?,
        None if path.ends_with(".npy") => npy::read(&read(path)?)?,
        None => csv_array(&*files.table(path)?, declared)?,
    };
    let element = element_of(declared);
    if let Some(Type::Array(_, sizes)) = declared
        && !fits(sizes, &shape)
    {
        return Err(Fault::Shape(shape));
    }
    check_elements(&element, &data, shape.last().copied().unwrap_or(1))?;
    Ok(Value::Array(Arc::new(ArrayValue { element, shape, data })))
}

/// Whether a file of this name holds arrays, and no table with a header.
pub fn holds_arrays(path: &str) -> bool {
    path.ends_with(".npy") || npz::split(path).is_some()
}

/// Whether an array of this shape is what was declared.
pub fn fits(declared: &[Option<u64>], found: &[u64]) -> bool {
    declared.len() == found.len() && declared.iter().zip(found).all(|(d, f)| d.is_none_or(|d| d == *f))
}

fn csv_array(table: &Table, declared: Option<&Type>) -> Result<(Vec<u64>, Vec<f64>), Fault> {
    let (rows, columns) = (table.lines.len(), table.names.len());
    let mut data = Vec::with_capacity(rows.saturating_mul(columns));
    for row in 0..rows {
        for column in 0..columns {
            data.push(table.number(row, column)?);
        }
    }
    let flat = columns == 1 && matches!(declared, Some(Type::Array(_, sizes)) if sizes.len() == 1);
    let shape = if flat { vec![rows as u64] } else { vec![rows as u64, columns as u64] };
    Ok((shape, data))
}

fn element_of(declared: Option<&Type>) -> Type {
    match declared {
        Some(Type::Array(element, _)) => (**element).clone(),
        _ => Type::Real(Dimension::REAL),
    }
}

/// Whole numbers for `int`, 0 and 1 for `bool`.
fn check_elements(element: &Type, data: &[f64], columns: u64) -> Result<(), Fault> {
    let (good, what): (fn(f64) -> bool, &str) = match element {
        Type::Int => (|x| x.trunc() == x && x.abs() < 9.0e15, "not a whole number"),
        Type::Bool => (|x| x == 0.0 || x == 1.0, "neither 0 nor 1"),
        _ => return Ok(()),
    };
    match data.iter().position(|x| !good(*x)) {
        Some(at) => {
            Err(Fault::Unreadable(format!("{} in row {} is {what}", data[at], at as u64 / columns.max(1))))
        }
        None => Ok(()),
    }
}
