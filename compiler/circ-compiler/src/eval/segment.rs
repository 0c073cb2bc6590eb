//! Segments of the cells of a view: what `E.distal`, `E[3].distal[2]`, `E.tuft.branch` lead to.
//!
//! In: views, names of segments and indices. Out: one part of a view for every instance, in order of `k`, the cells
//! of the view within; and their members, which are called as the unrolled cell calls them: `distal[2].v`.

use super::select::Selector;
use super::{Evaluated, Scope};
use crate::diagnose::value as say;
use crate::hir::{Cell, CellId, Hir, SegmentId};
use crate::net::Members;
use circ_grammar::ast::Span;
use circ_plan::plan::{Segment, View};
use std::sync::Arc;

/// Instances of a segment of the cells of a view.
#[derive(Clone, Debug, PartialEq)]
pub struct Dendrite {
    parts: Vec<Part>,
    /// As written: `distal`, `tuft.branch`.
    written: String,
    /// Whether it is one segment of one cell.
    pub one: bool,
    /// Whether the last step may still take an index.
    numbered: bool,
}

/// One instance in some cells of one population.
#[derive(Clone, Debug, PartialEq)]
struct Part {
    cells: Segment,
    home: Option<SegmentId>,
    /// `distal[2]`; empty for the cell.
    path: String,
    /// Counts the instances of the segment around.
    around: u32,
    k: u32,
}

/// The cell as it is written, of a population whose segments may be unrolled.
pub fn template(hir: &Hir, cell: CellId) -> &Cell {
    let found = hir.cell(cell);
    found.template.map_or(found, |template| hir.cell(template))
}

impl Dendrite {
    /// The segment of this name of all cells of a view; `None` where its first cell has none.
    pub fn of(view: &View, one: bool, name: &str, at: Span, scope: &Scope) -> Option<Evaluated<Dendrite>> {
        let whole = Dendrite {
            parts: view
                .segments
                .iter()
                .map(|cells| Part { cells: cells.clone(), home: None, path: String::new(), around: 0, k: 0 })
                .collect(),
            written: String::new(),
            one,
            numbered: false,
        };
        whole.inner(name, at, scope)
    }

    /// The segment of this name within; `None` where there is none.
    pub fn inner(&self, name: &str, at: Span, scope: &Scope) -> Option<Evaluated<Dendrite>> {
        let first = self.parts.first()?;
        child(scope, first, name)?;
        Some(self.step(name, at, scope))
    }

    fn step(&self, name: &str, at: Span, scope: &Scope) -> Evaluated<Dendrite> {
        let (mut parts, mut around, mut numbered) = (vec![], 0, false);
        for group in self.parts.chunk_by(|a, b| (a.around, a.k) == (b.around, b.k)) {
            let mut of = vec![];
            for part in group {
                let found = child(scope, part, name).ok_or_else(|| {
                    let cell = cell_of(scope, part).map_or("", |cell| &*cell.name);
                    Box::new(say::unknown_member(at, name, &format!("cell `{cell}`"), []))
                })?;
                numbered |= found.2;
                of.push((part, found));
            }
            for k in 0..of.iter().map(|(_, found)| found.1).max().unwrap_or(0) {
                for (part, (home, _, numbered)) in of.iter().filter(|(_, found)| k < found.1) {
                    let number = if *numbered { format!("[{k}]") } else { String::new() };
                    let before = if part.path.is_empty() { String::new() } else { format!("{}.", part.path) };
                    let path = format!("{before}{name}{number}");
                    parts.push(Part { cells: part.cells.clone(), home: Some(*home), path, around, k });
                }
            }
            around += 1;
        }
        let dot = if self.written.is_empty() { "" } else { "." };
        let written = format!("{}{dot}{name}", self.written);
        Ok(Dendrite { parts, written, one: self.one && !numbered, numbered })
    }

    /// How many segments the index selects from; `None` where it takes none.
    pub fn count(&self) -> Option<u64> {
        let most = self.parts.iter().map(|part| u64::from(part.k) + 1).max()?;
        self.numbered.then_some(most)
    }

    /// `distal[3]`, `distal[0 .. 5]`. `one`: of the cells that it is of, before the index.
    pub fn select(self, selector: &Selector, one: bool) -> Dendrite {
        let mut parts: Vec<(u32, u64, Part)> = vec![];
        for rank in 0..selector.len() {
            let k = selector.get(rank);
            let these = self.parts.iter().filter(|part| u64::from(part.k) == k);
            parts.extend(these.map(|part| (part.around, rank, part.clone())));
        }
        parts.sort_by_key(|(around, rank, _)| (*around, *rank));
        let one = one && matches!(selector, Selector::One(_));
        Dendrite { parts: parts.into_iter().map(|it| it.2).collect(), one, numbered: false, ..self }
    }

    /// Something of each of the segments.
    pub fn member(self, name: &str) -> (View, Members) {
        let each = self.parts.iter().map(|part| format!("{}.{name}", part.path).into()).collect();
        let written: Arc<str> = format!("{}.{name}", self.written).into();
        (
            View { segments: self.parts.into_iter().map(|part| part.cells).collect() },
            Members { written, each },
        )
    }

    /// As it is written.
    pub fn name(&self) -> &str {
        &self.written
    }
}

fn cell_of<'a>(scope: &Scope<'a>, part: &Part) -> Option<&'a Cell> {
    let population = scope.net.populations.get(part.cells.population as usize)?;
    Some(template(scope.hir, population.cell))
}

/// The segment of this name in a part: which, how many, and whether it has a number.
fn child(scope: &Scope, part: &Part, name: &str) -> Option<(SegmentId, u32, bool)> {
    let (home, numbered) = {
        let home = cell_of(scope, part)?.segment_in(part.home, name)?;
        (home, cell_of(scope, part)?.segments[home.index()].count.is_some())
    };
    let population = scope.net.populations.get(part.cells.population as usize)?;
    Some((home, population.segments.get(home.index()).copied().unwrap_or(1), numbered))
}
