//! Names of cells: `names = load("neurons.csv")`, and what a table of synapses means by one.
//!
//! In: the table of a population; the names of the populations of a view. Out: one name per cell; the
//! position in a view that a field of a table stands for. A field is first looked up as a name: where
//! the cells are called `1`, `2`, `3`, those are their names and not their indices.

use super::Elaborator;
use crate::data::Table;
use crate::diagnose::suggest::nearest;
use crate::diagnose::{data as say, value as say_value};
use crate::eval;
use crate::hir::ExprId;
use crate::net::{EnvironmentId, Population};
use circ_plan::plan::View;
use std::collections::BTreeMap;

/// The column of names in a table of more columns than one.
const COLUMN: &str = "name";

impl Elaborator<'_> {
    /// A name for each cell of a population of this shape, in order of `i`.
    pub(super) fn names(
        &mut self,
        expr: ExprId,
        path: &str,
        shape: &[u32],
        environment: EnvironmentId,
    ) -> Option<Vec<String>> {
        let span = self.span(self.untainted(expr)?);
        let Some(file) = eval::load_path(expr, &self.scope(environment)) else {
            return self.report(say_value::wrong_kind(span, "`load(\"names.csv\")`", "no file"));
        };
        let shown = format!("`{file}`");
        let table = match self.files.table(&file) {
            Ok(table) => table,
            Err(fault) => return self.report(eval::load_fault(fault, &file, "names", None, span)),
        };
        let Some(column) = table.column(COLUMN).or((table.names.len() == 1).then_some(0)) else {
            return self.report(say::table_column(span, &shown, COLUMN, &table.names));
        };
        let (cells, found) = (shape.iter().product::<u32>() as usize, table.lines.len());
        if found != cells {
            return self.report(say::names_count(span, path, cells, &shown, found));
        }
        match repeated(&table, column) {
            Some((line, why)) => self.report(say::table_row(span, &shown, line, &why)),
            None => Some((0..found).map(|row| table.text(row, column).to_string()).collect()),
        }
    }
}

/// The first row whose name is missing or has been given before, and what is wrong with it.
fn repeated(table: &Table, column: usize) -> Option<(u64, String)> {
    let mut seen = BTreeMap::new();
    for (row, line) in table.lines.iter().enumerate() {
        let name = table.text(row, column);
        if name.is_empty() {
            return Some((*line, "a cell without a name".to_string()));
        }
        if let Some(first) = seen.insert(name, *line) {
            return Some((*line, format!("`{name}` is already the cell of line {first}")));
        }
    }
    None
}

/// Finds cells of a view as a table writes them.
pub(super) struct Finder<'n> {
    /// `None` where cells of several populations are called the same.
    positions: BTreeMap<&'n str, Option<u32>>,
}

impl<'n> Finder<'n> {
    pub(super) fn new(view: &View, populations: &'n [Population]) -> Finder<'n> {
        let mut positions = BTreeMap::new();
        let mut first = 0;
        for segment in &view.segments {
            let names = populations.get(segment.population as usize).map_or(&[][..], |p| &p.names);
            for place in 0..if names.is_empty() { 0 } else { segment.cells.len() } {
                if let Some(name) = names.get(segment.cells.get(place) as usize) {
                    let known = positions.contains_key(name.as_str());
                    positions.insert(name.as_str(), (!known).then_some(first + place as u32));
                }
            }
            first += segment.cells.len() as u32;
        }
        Finder { positions }
    }

    /// The position of a cell given by name or index, or what is wrong with the text.
    pub(super) fn find(&self, text: &str, column: &str) -> Result<u32, String> {
        match (self.positions.get(text), text.parse()) {
            (Some(Some(position)), _) => Ok(*position),
            (Some(None), _) => Err(format!("several cells are called `{text}`")),
            (None, Ok(index)) => Ok(index),
            (None, Err(_)) if self.positions.is_empty() => {
                Err(format!("`{text}` in column `{column}` is not an index, and the cells have no names"))
            }
            (None, Err(_)) => {
                let near = nearest(text, self.positions.keys().copied());
                let near = near.map_or(String::new(), |name| format!("; did you mean `{name}`?"));
                Err(format!("no cell is called `{text}`{near}"))
            }
        }
    }
}
