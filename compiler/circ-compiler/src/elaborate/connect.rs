//! Which pairs a projection connects.
//!
//! In: a `connect` clause and both views. Out: a [`Connect`]. Constants are checked: probabilities in
//! [0, 1], degrees that can be met, views of equal size, tables whose rows all fit.

use super::Elaborator;
use super::names::Finder;
use crate::data::{self, Table};
use crate::diagnose::{build as say, data as say_data, value as say_value};
use crate::eval::{self, number};
use crate::hir::{self, ExprId, ExprKind};
use crate::net::{Closure, Connect, EnvironmentId, Setting};
use crate::types::{Dimension, Value};
use circ_plan::plan::{Indices, View};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Edge columns of a table, by name.
type Edges = Vec<(String, Vec<f64>)>;

impl Elaborator<'_> {
    /// `counted` says what the views hold: cells or segments.
    pub(super) fn connect(
        &mut self,
        projection: &hir::Projection,
        views: Option<(&View, &View)>,
        counted: [&'static str; 2],
        environment: EnvironmentId,
        edges: &mut Edges,
    ) -> Option<Connect> {
        match projection.connect {
            hir::Connect::Probability(expr) => self.probability(expr, environment),
            hir::Connect::InDegree(expr) => {
                let most = views.map(|(source, target)| partners(source, target, projection.allow_self));
                let most = (most, "sources for each target");
                let n = self.degree(expr, "in_degree", projection, most, environment)?;
                Some(Connect::InDegree(n as u32))
            }
            hir::Connect::OutDegree(expr) => {
                let most = views.map(|(source, target)| partners(target, source, projection.allow_self));
                let most = (most, "targets for each source");
                let n = self.degree(expr, "out_degree", projection, most, environment)?;
                Some(Connect::OutDegree(n as u32))
            }
            hir::Connect::Total(expr) => {
                let halved = |source, target| projection.symmetric && source == target;
                let most = views.map(|(source, target)| {
                    let all = pairs_between(source, target, projection.allow_self);
                    if halved(source, target) { all / 2 } else { all }
                });
                let n = self.degree(expr, "total", projection, (most, "pairs"), environment)?;
                Some(Connect::Total(n))
            }
            hir::Connect::OneToOne => {
                let (source, target) = views?;
                let (from, to) = (source.len() as u64, target.len() as u64);
                if from != to {
                    let ends = [(projection.source, from, counted[0]), (projection.target, to, counted[1])]
                        .map(|(end, count, of)| (self.span(end), count, of));
                    return self.report(say::one_to_one_size(projection.connect_span, ends));
                }
                Some(Connect::OneToOne)
            }
            hir::Connect::AllToAll => Some(Connect::AllToAll),
            hir::Connect::Where(expr) => {
                Some(Connect::Where(Closure { expr: self.untainted(expr)?, environment }))
            }
            hir::Connect::From(expr) => {
                let (expr, (source, target)) = (self.untainted(expr)?, views?);
                self.pairs(expr, projection, source, target, environment, edges)
            }
            hir::Connect::Error => None,
        }
    }

    fn probability(&mut self, expr: ExprId, environment: EnvironmentId) -> Option<Connect> {
        let setting = self.setting(expr, environment)?;
        let Setting::Value(value) = &setting else {
            return Some(Connect::Probability(setting));
        };
        let span = self.span(expr);
        match number::number(value).map(number::Number::real) {
            Some(p) if (0.0..=1.0).contains(&p) => Some(Connect::Probability(Setting::Value(Value::Real(p)))),
            Some(p) => {
                let shown = crate::units::show(p, Dimension::REAL);
                self.report(say::probability_range(span, &shown))
            }
            None => self.report(say::probability_range(span, &number::kind(value))),
        }
    }

    /// A number of synapses that can be met; `most` is how many without `allow multiple`, where that is known.
    fn degree(
        &mut self,
        expr: ExprId,
        clause: &str,
        projection: &hir::Projection,
        (most, of_what): (Option<u64>, &str),
        environment: EnvironmentId,
    ) -> Option<u64> {
        let wanted = self.whole(expr, "a number of synapses", environment)?;
        let span = self.span(expr);
        let limit = if clause == "total" { 1 << 40 } else { i64::from(i32::MAX) };
        match u64::try_from(wanted) {
            Ok(n) if wanted <= limit => match most {
                // With `allow multiple` any number will do, as long as there is a pair at all.
                Some(most) if most < n && !(projection.allow_multiple && 0 < most) => {
                    self.report(say::degree_range(span, clause, wanted, most, of_what))
                }
                Some(_) | None => Some(n),
            },
            _ => self.report(say::degree_value(span, clause, wanted, limit)),
        }
    }

    /// `connect from`: a file with a header, or an array of two columns.
    fn pairs(
        &mut self,
        expr: ExprId,
        projection: &hir::Projection,
        source: &View,
        target: &View,
        environment: EnvironmentId,
        edges: &mut Edges,
    ) -> Option<Connect> {
        let file = self.table_file(expr, environment);
        let rows = match &file {
            Some(file) => self.rows_of_file(expr, file, (source, target), edges)?,
            None => self.rows_of_array(expr, environment, edges)?,
        };
        let name = file.map_or("the table".to_string(), |file| format!("`{file}`"));
        let span = self.span(expr);
        let mut seen = BTreeSet::new();
        let mut pairs = Vec::with_capacity(rows.len());
        let same = !projection.allow_self;
        for (line, pre, post) in rows {
            let why = if source.len() as u64 <= u64::from(pre) {
                Some(format!("there is no source {pre}: the view has {}", source.len()))
            } else if target.len() as u64 <= u64::from(post) {
                Some(format!("there is no target {post}: the view has {}", target.len()))
            } else if same && cell_at(source, pre) == cell_at(target, post) {
                Some(format!("source {pre} and target {post} are the same cell, which needs `allow self`"))
            } else if !projection.allow_multiple && !seen.insert((pre, post)) {
                Some(format!("{pre} to {post} occurs twice, which needs `allow multiple`"))
            } else {
                None
            };
            if let Some(why) = why {
                return self.report(say_data::table_row(span, &name, line, &why));
            }
            pairs.push((pre, post));
        }
        Some(Connect::Pairs(pairs))
    }

    /// The csv file that is meant, by `load("x.csv")`, a name for it, or the text alone.
    fn table_file(&self, expr: ExprId, environment: EnvironmentId) -> Option<Arc<str>> {
        match &self.hir.expr(expr).kind {
            ExprKind::Text(path) => Some(path.clone()),
            _ => eval::load_path(expr, &self.scope(environment)).filter(|path| !data::holds_arrays(path)),
        }
    }

    /// (line, pre, post), and the other columns that are numbers.
    fn rows_of_file(
        &mut self,
        expr: ExprId,
        file: &str,
        views: (&View, &View),
        edges: &mut Edges,
    ) -> Option<Vec<(u64, u32, u32)>> {
        let span = self.span(expr);
        let fault = |fault| eval::load_fault(fault, file, "synapses", None, span);
        let table = match self.files.table(file) {
            Ok(table) => table,
            Err(found) => return self.report(fault(found)),
        };
        let mut columns = [0; 2];
        for (k, name) in ["pre", "post"].into_iter().enumerate() {
            match table.column(name) {
                Some(column) => columns[k] = column,
                None => {
                    let message = say_data::table_column(span, &format!("`{file}`"), name, &table.names);
                    return self.report(message);
                }
            }
        }
        let populations = &self.net.populations;
        let (pre, post) = (Finder::new(views.0, populations), Finder::new(views.1, populations));
        let cells = |row| {
            let pre = pre.find(table.text(row, columns[0]), "pre")?;
            Ok((pre, post.find(table.text(row, columns[1]), "post")?))
        };
        let mut rows = Vec::with_capacity(table.lines.len());
        for (row, line) in table.lines.iter().enumerate() {
            match cells(row) {
                Ok((pre, post)) => rows.push((*line, pre, post)),
                Err(why) => return self.report(fault(data::Fault::Line(*line, why))),
            }
        }
        *edges = edge_columns(&table, columns);
        Some(rows)
    }

    /// (row, pre, post) of the first two columns; the others are edge columns, called by their numbers.
    fn rows_of_array(
        &mut self,
        expr: ExprId,
        environment: EnvironmentId,
        edges: &mut Edges,
    ) -> Option<Vec<(u64, u32, u32)>> {
        let span = self.span(expr);
        let value = self.value(expr, environment)?;
        let Value::Array(array) = &value else {
            return self.report(say_value::wrong_kind(span, "a table of pairs", &number::kind(&value)));
        };
        let columns = match array.shape.as_slice() {
            [_, columns] if 2 <= *columns => *columns as usize,
            _ => return self.report(say_data::data_shape(span, "pairs", &[None, Some(2)], &array.shape)),
        };
        let index = |x: f64| number::whole(x).and_then(|n| u32::try_from(n).ok());
        let mut rows = vec![];
        for (k, row) in array.data.chunks_exact(columns).enumerate() {
            match (index(row[0]), index(row[1])) {
                (Some(pre), Some(post)) => rows.push((k as u64, pre, post)),
                _ => {
                    let why = format!("{} and {} are not both indices", row[0], row[1]);
                    return self.report(say_data::table_row(span, "the table", k as u64, &why));
                }
            }
        }
        let column = |at: usize| array.data.chunks_exact(columns).map(|row| row[at]).collect();
        *edges = (2..columns).map(|at| (at.to_string(), column(at))).collect();
        Some(rows)
    }
}

fn edge_columns(table: &Table, without: [usize; 2]) -> Edges {
    let columns = (0..table.names.len()).filter(|c| !without.contains(c) && table.is_numeric(*c));
    let values = |column| (0..table.lines.len()).filter_map(|row| table.number(row, column).ok()).collect();
    columns.map(|column| (table.names[column].clone(), values(column))).collect()
}

/// How many partners every cell of `of` has at least, among the cells of `view`.
fn partners(view: &View, of: &View, allow_self: bool) -> u64 {
    let all = view.len() as u64;
    if !allow_self && eval::contains(view, of) { all - 1 } else { all }
}

/// The number of pairs, without those of a cell with itself unless they are allowed.
fn pairs_between(source: &View, target: &View, allow_self: bool) -> u64 {
    let shared = if allow_self { 0 } else { shared_cells(source, target) };
    (source.len() as u64).saturating_mul(target.len() as u64) - shared
}

/// The number of cells that are in both views.
fn shared_cells(a: &View, b: &View) -> u64 {
    let mut shared = 0;
    for x in &a.segments {
        for y in b.segments.iter().filter(|y| y.population == x.population) {
            shared += match (&x.cells, &y.cells) {
                (Indices::Range(a, b), Indices::Range(c, d)) => {
                    u64::from((*b).min(*d).saturating_sub((*a).max(*c)))
                }
                (Indices::Range(lo, hi), Indices::List(list))
                | (Indices::List(list), Indices::Range(lo, hi)) => {
                    list.iter().filter(|c| (*lo..*hi).contains(*c)).count() as u64
                }
                (Indices::List(a), Indices::List(b)) => {
                    let set: BTreeSet<u32> = a.iter().copied().collect();
                    b.iter().filter(|c| set.contains(c)).count() as u64
                }
            };
        }
    }
    shared
}

/// Population and cell at a position of a view.
fn cell_at(view: &View, position: u32) -> Option<(u32, u32)> {
    let mut position = position as usize;
    for segment in &view.segments {
        if position < segment.cells.len() {
            return Some((segment.population, segment.cells.get(position)));
        }
        position -= segment.cells.len();
    }
    None
}
