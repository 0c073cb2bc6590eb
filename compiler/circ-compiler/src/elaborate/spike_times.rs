//! The events of `SpikeTimes`: a list of pairs, or a table from a file.
//!
//! In: the expression of `events`. Out: (ms, cell), ascending, each pair once. A time between two ticks, or
//! a cell that is not there, is an error with its place or line.

use super::{Elaborator, time};
use crate::data;
use crate::diagnose::{data as say, time as say_time, value as say_value};
use crate::eval;
use crate::hir::{ExprId, ExprKind, Ref};
use crate::net::EnvironmentId;
use crate::types::Value;

impl Elaborator<'_> {
    pub(super) fn spike_times(
        &mut self,
        expr: ExprId,
        cells: u32,
        path: &str,
        environment: EnvironmentId,
    ) -> Option<Vec<(f64, u32)>> {
        let file = eval::load_path(expr, &self.scope(environment)).filter(|path| !data::holds_arrays(path));
        let mut events = match file {
            Some(file) => self.events_from_file(expr, &file, cells)?,
            None => self.events_from_list(expr, cells, path, environment)?,
        };
        events.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        events.dedup();
        Some(events)
    }

    fn events_from_list(
        &mut self,
        expr: ExprId,
        cells: u32,
        path: &str,
        environment: EnvironmentId,
    ) -> Option<Vec<(f64, u32)>> {
        let items = match &self.hir.expr(expr).kind {
            ExprKind::Array(items) if items.iter().any(|item| self.is_tuple(*item)) => items,
            // A name leads to the list that it stands for.
            ExprKind::Ref(Ref::Global(global)) => {
                let value = self.hir.globals.get(global.index())?.value;
                return self.events_from_list(value, cells, path, environment);
            }
            _ => return self.events_from_array(expr, cells, path, environment),
        };
        Some(items.iter().filter_map(|item| self.event(*item, cells, path, environment)).collect())
    }

    /// `(5 ms, 2)`
    fn event(
        &mut self,
        item: ExprId,
        cells: u32,
        path: &str,
        environment: EnvironmentId,
    ) -> Option<(f64, u32)> {
        let at = self.span(item);
        let ExprKind::Tuple(pair) = &self.hir.expr(self.untainted(item)?).kind else {
            return self.report(say_value::wrong_kind(at, "a pair (time, cell)", "something else"));
        };
        let [when, cell] = pair.as_slice() else {
            let found = format!("a group of {}", pair.len());
            return self.report(say_value::wrong_kind(at, "a pair (time, cell)", &found));
        };
        let ms = self.duration(*when, "the time of this event", environment);
        let index = self.whole(*cell, "the cell of an event", environment)?;
        match u32::try_from(index).ok().filter(|n| *n < cells) {
            Some(index) => Some((ms?, index)),
            None => {
                let at = self.span(*cell);
                self.report(say_value::index_range(at, index, u64::from(cells), &format!("`{path}`")))
            }
        }
    }

    fn is_tuple(&self, item: ExprId) -> bool {
        matches!(self.hir.expr(item).kind, ExprKind::Tuple(_))
    }

    /// An array of two columns: times in ms and cells.
    fn events_from_array(
        &mut self,
        expr: ExprId,
        cells: u32,
        path: &str,
        environment: EnvironmentId,
    ) -> Option<Vec<(f64, u32)>> {
        let span = self.span(expr);
        let value = self.value(expr, environment)?;
        let Value::Array(array) = &value else {
            let found = crate::eval::number::kind(&value);
            return self.report(say_value::wrong_kind(span, "a list of pairs (time, cell)", &found));
        };
        if array.data.is_empty() {
            return Some(vec![]);
        }
        if array.shape.len() != 2 || array.shape[1] != 2 {
            return self.report(say::data_shape(span, "events", &[None, Some(2)], &array.shape));
        }
        let mut events = vec![];
        for row in array.data.chunks_exact(2) {
            self.on_grid(row[0], span, "the time of an event")?;
            match crate::eval::number::whole(row[1])
                .and_then(|n| u32::try_from(n).ok())
                .filter(|n| *n < cells)
            {
                Some(cell) => events.push((row[0], cell)),
                None => {
                    let what = format!("`{path}`");
                    let index = row[1] as i64;
                    return self.report(say_value::index_range(span, index, u64::from(cells), &what));
                }
            }
        }
        Some(events)
    }

    fn events_from_file(&mut self, expr: ExprId, file: &str, cells: u32) -> Option<Vec<(f64, u32)>> {
        let span = self.span(expr);
        let table_name = format!("`{file}`");
        let loaded = self.files.table(file);
        let fault = |fault| eval::load_fault(fault, file, "events", None, span);
        let table = match loaded {
            Ok(table) => table,
            Err(found) => return self.report(fault(found)),
        };
        let mut columns = [0; 2];
        for (k, name) in ["time_ms", "cell"].into_iter().enumerate() {
            match table.column(name) {
                Some(column) => columns[k] = column,
                None => {
                    return self.report(say::table_column(span, &table_name, name, &table.names));
                }
            }
        }
        let mut events = Vec::with_capacity(table.lines.len());
        for row in 0..table.lines.len() {
            let line = table.lines[row];
            let (ms, cell) = match (table.number(row, columns[0]), table.index(row, columns[1])) {
                (Ok(ms), Ok(cell)) => (ms, cell),
                (Err(found), _) | (_, Err(found)) => return self.report(fault(found)),
            };
            let why = if ms < 0.0 || !ms.is_finite() {
                Some(format!("the time {} is not one of a run", say_time::time(ms)))
            } else if !self.net.dt.is_nan() && !time::fits(ms, self.net.dt) {
                Some(format!(
                    "{} is not a whole number of steps of {}",
                    say_time::time(ms),
                    say_time::time(self.net.dt)
                ))
            } else if cells <= cell {
                Some(format!("there is no cell {cell}: cells are 0 to {}", cells.saturating_sub(1)))
            } else {
                None
            };
            if let Some(why) = why {
                return self.report(say::table_row(span, &table_name, line, &why));
            }
            events.push((ms, cell));
        }
        Some(events)
    }
}
