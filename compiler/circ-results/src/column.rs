//! Columns: what the columns of the tables of a run hold.
//!
//! In: the header of a table. Out: the kind of each column. Names are those that `circ::tables` writes; a name that is
//! not known holds text.

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    /// Whole numbers from 0; a field may be empty.
    Whole,
    Real,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    pub kind: Kind,
}

/// The columns of a header.
pub fn columns<'a>(header: impl Iterator<Item = &'a str>) -> Vec<Column> {
    header.map(|name| Column { name: name.to_string(), kind: kind(name) }).collect()
}

fn kind(name: &str) -> Kind {
    match name {
        "cell" | "synapse" | "source_cell" | "target_cell" => Kind::Whole,
        "time_ms" | "value" => Kind::Real,
        _ => Kind::Text,
    }
}

/// A whole number of a field; -1 of an empty one.
pub fn whole(field: &str) -> Option<i32> {
    if field.is_empty() { Some(-1) } else { field.parse().ok() }
}

/// A real number of a field.
pub fn real(field: &str) -> Option<f64> {
    field.parse().ok()
}
