//! Selection: parts of arrays, and of views without counting through them where a range will do.
//!
//! In: arrays or views and positions. Out: smaller ones. A view holds each cell at most once.

use super::Evaluated;
use crate::diagnose::value as say;
use crate::net::Net;
use crate::types::{ArrayValue, Value};
use circ_grammar::ast::Span;
use circ_plan::plan::{Indices, Segment, View};
use std::sync::Arc;

/// Positions along one dimension, checked.
#[derive(Clone, Debug, PartialEq)]
pub enum Selector {
    /// The dimension is gone after this.
    One(u64),
    Range(u64, u64),
    List(Vec<u64>),
}

impl Selector {
    /// How many positions it selects.
    pub fn len(&self) -> u64 {
        match self {
            Selector::One(_) => 1,
            Selector::Range(lo, hi) => hi - lo,
            Selector::List(list) => list.len() as u64,
        }
    }

    /// The position that is selected as number `k`.
    pub fn get(&self, k: u64) -> u64 {
        match self {
            Selector::One(n) => *n,
            Selector::Range(lo, _) => lo + k,
            Selector::List(list) => list.get(k as usize).copied().unwrap_or(0),
        }
    }
}

/// An index within its bounds.
pub fn checked(index: i64, length: u64, at: Span, what: &str) -> Evaluated<u64> {
    u64::try_from(index)
        .ok()
        .filter(|n| *n < length)
        .ok_or_else(|| say::index_range(at, index, length, what).into())
}

/// `lo .. hi` within its bounds.
pub fn range(lo: i64, hi: i64, length: u64, at: Span, what: &str) -> Evaluated<(u64, u64)> {
    match (u64::try_from(lo), u64::try_from(hi)) {
        (Ok(first), Ok(end)) if first <= end && end <= length => Ok((first, end)),
        _ => Err(say::selection_range(at, lo, hi, length, what).into()),
    }
}

/// The indices in an array: whole numbers, or a truth value for each position.
pub fn list(indices: &ArrayValue, length: u64, at: Span, what: &str) -> Evaluated<Vec<u64>> {
    if indices.element == crate::types::Type::Bool && indices.data.len() as u64 == length {
        return Ok((0..length)
            .filter(|k| indices.data.get(*k as usize).is_some_and(|x| *x != 0.0))
            .collect());
    }
    let index = |x: &f64| match super::number::whole(*x) {
        Some(n) => checked(n, length, at, what),
        None => Err(Box::new(say::not_whole(at, "an index", &x.to_string()))),
    };
    indices.data.iter().map(index).collect()
}

/// Row-major positions of what is selected.
pub fn positions(selectors: &[Selector], shape: &[u64]) -> Vec<u64> {
    let mut found = vec![0];
    for (k, selector) in selectors.iter().enumerate() {
        let size = shape.get(k).copied().unwrap_or(1);
        let along = |base: u64| (0..selector.len()).map(move |n| base * size + selector.get(n));
        found = found.into_iter().flat_map(along).collect();
    }
    found
}

/// Part of an array. Fewer indices than dimensions select whole rows.
pub fn array(array: &ArrayValue, selectors: &[Selector], at: Span) -> Evaluated<Value> {
    if array.shape.len() < selectors.len() {
        return Err(say::index_count(at, selectors.len(), array.shape.len()).into());
    }
    let (given, rest) = array.shape.split_at(selectors.len());
    let row = rest.iter().product::<u64>() as usize;
    let mut data = vec![];
    for position in positions(selectors, given) {
        let from = position as usize * row;
        data.extend_from_slice(array.data.get(from..from + row).unwrap_or(&[]));
    }
    let mut shape: Vec<u64> =
        selectors.iter().filter(|s| !matches!(s, Selector::One(_))).map(Selector::len).collect();
    shape.extend_from_slice(rest);
    let selected = ArrayValue { element: array.element.clone(), shape, data };
    match selected.shape.is_empty() && selected.data.len() == 1 {
        true => Ok(super::number::element(&selected, 0).value()),
        false => Ok(Value::Array(Arc::new(selected))),
    }
}

/// `view[lo .. hi]`
pub fn slice(view: &View, lo: i64, hi: i64, at: Span) -> Evaluated<View> {
    let (lo, hi) = range(lo, hi, view.len() as u64, at, "this view")?;
    let (mut first, mut segments) = (0, vec![]);
    for segment in &view.segments {
        let length = segment.cells.len() as u64;
        let (from, to) = (lo.max(first) - first, hi.min(first + length).max(first) - first);
        if from < to {
            segments.push(Segment { population: segment.population, cells: part(&segment.cells, from, to) });
        }
        first += length;
    }
    Ok(View { segments })
}

fn part(cells: &Indices, from: u64, to: u64) -> Indices {
    match cells {
        Indices::Range(lo, _) => Indices::Range(lo + from as u32, lo + to as u32),
        Indices::List(list) => Indices::List(list.get(from as usize..to as usize).unwrap_or(&[]).to_vec()),
    }
}

/// The cells at these positions of a view, in this order.
pub fn pick(view: &View, positions: &[u64], at: Span, net: &Net) -> Evaluated<View> {
    let mut starts = Vec::with_capacity(view.segments.len());
    let mut end = 0u64;
    for segment in &view.segments {
        starts.push(end);
        end += segment.cells.len() as u64;
    }
    let mut runs: Vec<(u32, Vec<u32>)> = vec![];
    for position in positions {
        let k = starts.partition_point(|start| start <= position).saturating_sub(1);
        let Some(segment) = view.segments.get(k) else {
            continue;
        };
        let cell = segment.cells.get((position - starts[k]) as usize);
        match runs.last_mut() {
            Some((population, cells)) if *population == segment.population => cells.push(cell),
            _ => runs.push((segment.population, vec![cell])),
        }
    }
    let segments =
        runs.into_iter().map(|(population, cells)| Segment { population, cells: compact(cells) }).collect();
    let view = View { segments };
    check_repeats(&view, at, net)?;
    Ok(view)
}

/// A range where the cells follow each other.
fn compact(cells: Vec<u32>) -> Indices {
    let consecutive = cells.windows(2).all(|w| w[0].checked_add(1) == Some(w[1]));
    match (consecutive, cells.first(), cells.last()) {
        (true, Some(first), Some(last)) => Indices::Range(*first, last + 1),
        _ => Indices::List(cells),
    }
}

/// One view of several, numbered as written.
pub fn union(views: Vec<(View, Span)>, net: &Net) -> Evaluated<View> {
    let mut segments: Vec<Segment> = vec![];
    for (view, span) in views {
        segments.extend(view.segments);
        check_repeats(&View { segments: segments.clone() }, span, net)?;
    }
    Ok(View { segments })
}

/// Each cell at most once. Ranges are compared by their ends, lists by sorting.
fn check_repeats(view: &View, at: Span, net: &Net) -> Evaluated<()> {
    let mut pieces: Vec<(u32, u32, u32)> = vec![];
    for segment in &view.segments {
        match &segment.cells {
            Indices::Range(lo, hi) => pieces.push((segment.population, *lo, *hi)),
            Indices::List(list) => {
                pieces.extend(list.iter().map(|c| (segment.population, *c, c.saturating_add(1))))
            }
        }
    }
    pieces.retain(|(_, lo, hi)| lo < hi);
    pieces.sort_unstable();
    match pieces.windows(2).find(|w| w[0].0 == w[1].0 && w[1].1 < w[0].2) {
        Some(w) => {
            let path = net.populations.get(w[1].0 as usize).map_or("", |p| &p.path);
            Err(say::repeated_cell(at, path, w[1].1).into())
        }
        None => Ok(()),
    }
}

/// Whether a view holds a cell of a population.
pub fn holds(view: &View, (population, cell): (u32, u32)) -> bool {
    view.segments.iter().filter(|segment| segment.population == population).any(|segment| {
        match &segment.cells {
            Indices::Range(lo, hi) => (*lo..*hi).contains(&cell),
            Indices::List(list) => list.contains(&cell),
        }
    })
}

/// Whether two views share a cell.
pub fn contains(a: &View, b: &View) -> bool {
    let pieces = |view: &View, tag: u8| {
        let mut pieces: Vec<(u32, u32, u32, u8)> = vec![];
        for segment in &view.segments {
            match &segment.cells {
                Indices::Range(lo, hi) => pieces.push((segment.population, *lo, *hi, tag)),
                Indices::List(list) => {
                    pieces.extend(list.iter().map(|c| (segment.population, *c, c.saturating_add(1), tag)));
                }
            }
        }
        pieces
    };
    let mut all = pieces(a, 0);
    all.extend(pieces(b, 1));
    all.sort_unstable();
    // Within one view nothing overlaps, so neighbours of different views show every overlap.
    all.windows(2).any(|w| w[0].3 != w[1].3 && w[0].0 == w[1].0 && w[1].1 < w[0].2)
}
