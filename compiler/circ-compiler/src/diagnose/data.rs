//! Messages about data from files and about `--set`.
//!
//! In: what was found where. Out: diagnostics.

use super::Diagnostic;
use super::suggest::nearest;
use super::value::shape;
use circ_grammar::ast::Span;

crate::rules! {
    LOAD_FILE = "load-file", Error;
    DATA_SHAPE = "data-shape", Error;
    TABLE_ROW = "table-row", Error;
    SET_PATH = "set-path", Error;
    SET_VALUE = "set-value", Error;
}

/// A file that can not be read, or is no table.
pub fn load_file(at: Span, path: &str, why: &str) -> Diagnostic {
    LOAD_FILE.at(at, format!("`{path}` can not be loaded: {why}")).primary("loaded here")
}

/// The declared shape and the one found; `None` is a size that is free.
pub fn data_shape(at: Span, name: &str, declared: &[Option<u64>], found: &[u64]) -> Diagnostic {
    let declared =
        declared.iter().map(|n| n.map_or("_".to_string(), |n| n.to_string())).collect::<Vec<_>>().join(" × ");
    DATA_SHAPE
        .at(at, format!("`{name}` is declared with {declared} elements, but holds {}", shape(found)))
        .primary(format!("{} found here", shape(found)))
}

/// A row of a table that does not fit; `line` counts from 1 with the header.
pub fn table_row(at: Span, table: &str, line: u64, why: &str) -> Diagnostic {
    TABLE_ROW.at(at, format!("line {line} of {table}: {why}")).primary("used here")
}

/// Names for more or fewer cells than a population has.
pub fn names_count(at: Span, population: &str, cells: usize, table: &str, found: usize) -> Diagnostic {
    DATA_SHAPE
        .at(at, format!("`{population}` has {cells} cells, but {table} names {found}"))
        .primary(format!("{found} names"))
        .note("a population with names has one for each cell, in order of `i`")
}

/// A column that the table needs and does not have.
pub fn table_column(at: Span, table: &str, column: &str, found: &[String]) -> Diagnostic {
    let found = match found {
        [] => "it has no header".to_string(),
        names => format!(
            "its columns are {}",
            names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ")
        ),
    };
    TABLE_ROW.at(at, format!("{table} has no column `{column}`")).primary(found)
}

/// `--set` of something that does not exist.
pub fn set_path(at: Span, path: &str, known: &[String]) -> Diagnostic {
    let diagnostic = SET_PATH.at(at, format!("there is no parameter `{path}` to set")).primary("set here");
    let diagnostic = match known {
        [] => diagnostic.note("this experiment has no parameters"),
        _ => diagnostic.note(format!("what can be set: {}", list(known))),
    };
    match nearest(path, known.iter().map(String::as_str)) {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None => diagnostic,
    }
}

/// `--set` to a value of another kind.
pub fn set_value(at: Span, path: &str, needed: &str, found: &str) -> Diagnostic {
    SET_VALUE.at(at, format!("`{path}` must be {needed}, but is set to {found}")).primary(found.to_string())
}

/// `--set` to something other than a number, a truth value, a text or a table of them.
pub fn set_expression(at: Span) -> Diagnostic {
    SET_VALUE
        .at(at, "a parameter is set to a number, `true`, `false`, a text or an array of those")
        .primary("not one of these")
}

/// A unit that does not exist (or `tick`, whose size only the experiment knows).
pub fn set_unit(at: Span) -> Diagnostic {
    SET_VALUE.at(at, "this unit can not be used in `--set`").primary("no unit of a fixed size")
}

/// Quantities that do not go together.
pub fn set_expression_units(at: Span) -> Diagnostic {
    SET_VALUE.at(at, "these quantities do not go together").primary("of different dimensions or kinds")
}

/// At most twenty of them.
fn list(names: &[String]) -> String {
    let shown = names.iter().take(20).map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
    match names.len() {
        0..=20 => shown,
        more => format!("{shown} and {} more", more - 20),
    }
}
