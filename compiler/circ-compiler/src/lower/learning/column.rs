//! Columns: what a rule reads of the cells of a view, found in their populations.
//!
//! In: a path such as `v` or `tuft.v`, and the part of the cell from which it is seen. Out: what it is there, and once
//! all programs are made, where its values are. What no array holds yet is kept from then on.

use circ_grammar::ast::Span;
use circ_plan::ir::*;
use circ_plan::plan::{Column, Role, View};

use super::super::context::Source;
use super::super::layout::{Layout, Storage};
use super::super::value::Lowered;
use super::scope::{Law, Moment};
use crate::diagnose::Diagnostic;
use crate::diagnose::structure::not_yet;
use crate::hir::path::{part_of, without_indices};
use crate::hir::*;
use crate::net::Members;

/// Something of a cell that has a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellValue {
    Var(VarId),
    Mode(ModeId),
    /// `v'`
    Slope(VarId),
}

/// What a path leads to, for the first part of a view.
pub struct Values {
    pub types: Vec<Ty>,
    /// Whether it is an array, over the instances of a segment.
    array: bool,
}

impl Values {
    pub fn is_empty(&self) -> bool {
        self.types.is_empty()
    }

    pub fn shaped(&self, elements: Vec<ValueId>) -> Lowered {
        match (self.array, &elements[..]) {
            (false, [one]) => Lowered::One(*one),
            _ => Lowered::Many { shape: vec![elements.len()], elements },
        }
    }
}

/// The types of what a path leads to in the cells of a view; an error where they differ.
pub fn values(
    source: Source,
    view: &View,
    members: &Members,
    path: &str,
    span: Span,
) -> Result<Values, Box<Diagnostic>> {
    let mut first: Option<Values> = None;
    for (segment, member) in members.of(view) {
        let Some(population) = source.net.populations.get(segment.population as usize) else { continue };
        let cell = source.hir.cell(population.cell);
        let (found, array) = find(cell, part_of(member).0, path);
        let types: Vec<Ty> = found
            .iter()
            .map(|value| match value {
                CellValue::Var(var) => Layout::ty(source, population.cell, *var),
                CellValue::Mode(_) => Ty::Bool,
                CellValue::Slope(_) => Ty::Float,
            })
            .collect();
        match &first {
            None => first = Some(Values { types, array }),
            Some(first) if first.types == types => {}
            Some(_) => {
                let what = format!("`{path}` of cells that have it in different forms");
                return Err(Box::new(not_yet(span, &what)));
            }
        }
    }
    Ok(first.unwrap_or(Values { types: vec![], array: false }))
}

/// What a path leads to from a part of a cell, and whether that is an array over instances.
pub fn find(cell: &Cell, part: &str, path: &str) -> (Vec<CellValue>, bool) {
    let (path, slope) = match path.strip_suffix('\'') {
        Some(path) => (path, true),
        None => (path, false),
    };
    let of = |var: VarId| if slope { CellValue::Slope(var) } else { CellValue::Var(var) };
    if let Some(var) = cell.seen_from(part, path).and_then(|path| cell.var_at(&path)) {
        return (vec![of(var)], false);
    }
    for around in outward(part) {
        let whole = join(around, path);
        if let Some(at) = cell.modes.iter().position(|mode| mode.named && *mode.name == *whole) {
            return (vec![CellValue::Mode(ModeId(at as u32))], false);
        }
    }
    let all = cell.vars.iter().enumerate().filter(|(_, var)| without_indices(&var.name) == path);
    (all.map(|(at, _)| of(VarId(at as u32))).collect(), true)
}

/// The event of this name that a part of a cell sees; of several instances all.
pub fn find_events(cell: &Cell, part: &str, path: &str) -> Vec<EventIx> {
    if cell.spike_times && path == "spike" {
        return vec![EventIx(0)];
    }
    for around in outward(part) {
        let whole = join(around, path);
        if let Some(at) = cell.events.iter().position(|event| *event.name == *whole) {
            return vec![EventIx(at as u32)];
        }
    }
    let all = cell.events.iter().enumerate().filter(|(_, event)| without_indices(&event.name) == path);
    all.map(|(at, _)| EventIx(at as u32)).collect()
}

/// A part of a cell, what it is in, and the cell.
fn outward(part: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(part), |part| match part.rsplit_once('.') {
        Some((around, _)) => Some(around),
        None => (!part.is_empty()).then_some(""),
    })
}

fn join(part: &str, path: &str) -> String {
    if part.is_empty() { path.to_owned() } else { format!("{part}.{path}") }
}

/// Something that a population keeps because synapses read it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Kept {
    pub what: KeptValue,
    pub moment: Moment,
    pub array: ArrayId,
    pub ty: Ty,
    /// Where it is read.
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum KeptValue {
    Cell(CellValue),
    /// Into [`Layout::traces`].
    Trace(usize),
    /// Of the equation of a state.
    Law(VarId, Law),
}

impl Layout<'_> {
    /// Where a value of the cells is at a moment.
    pub fn value_column(&mut self, source: Source, value: CellValue, moment: Moment, span: Span) -> Column {
        let population = self.population;
        let (name, ty) = match value {
            CellValue::Var(var) => {
                let declared = &self.cell.vars[var.index()];
                match (&self.storage[var.index()], &declared.kind, moment) {
                    (Storage::Uniform(uniform, _), ..) => return Column::Uniform(population, *uniform),
                    (Storage::Array(array, _), VarKind::Param { .. }, _)
                    | (Storage::Array(array, _), _, Moment::After)
                    | (Storage::Port { value: array, .. }, _, Moment::After) => {
                        return Column::Array(population, *array);
                    }
                    _ => {}
                }
                (declared.name.to_string(), Layout::ty(source, self.net.cell, var))
            }
            CellValue::Mode(mode) => (self.cell.modes[mode.index()].name.to_string(), Ty::Bool),
            CellValue::Slope(var) => (format!("{}'", self.cell.vars[var.index()].name), Ty::Float),
        };
        Column::Array(population, self.keep(KeptValue::Cell(value), moment, &name, ty, span))
    }

    /// Where the state of a side is at a moment.
    pub fn trace_column(&mut self, trace: usize, moment: Moment, span: Span) -> Column {
        let (array, name, ty) = match self.traces.get(trace) {
            Some(trace) => (trace.array, trace.name.clone(), trace.ty),
            None => return Column::Constant(0.0),
        };
        match moment {
            Moment::After => Column::Array(self.population, array),
            Moment::Parameters | Moment::Seen => Column::Array(
                self.population,
                self.keep(KeptValue::Trace(trace), Moment::Seen, &name, ty, span),
            ),
        }
    }

    /// Where a part of the equation of a state is.
    pub fn law_column(&mut self, var: VarId, law: Law, span: Span) -> Column {
        let (word, ty) = match law {
            Law::Rate => ("rate", Ty::Float),
            Law::Drift => ("drift", Ty::Float),
            Law::Left => ("left", Ty::Float),
            Law::Jumps => ("jumps", Ty::Bool),
            Law::Base => ("base", Ty::Float),
            Law::Since => ("since", Ty::Tick),
        };
        // A jump is found by what there was a tick before.
        match law {
            Law::Jumps => {
                for needed in [Law::Rate, Law::Drift, Law::Left] {
                    self.law_column(var, needed, span);
                }
            }
            Law::Base | Law::Since => {
                self.law_column(var, Law::Jumps, span);
            }
            Law::Rate | Law::Drift | Law::Left => {}
        }
        let name = format!("{} {word}", self.cell.vars[var.index()].name);
        let array = self.keep(KeptValue::Law(var, law), Moment::After, &name, ty, span);
        Column::Array(self.population, array)
    }

    /// What is kept of the equation of a state.
    pub fn kept_law(&self, var: VarId, law: Law) -> Option<&Kept> {
        self.kept.iter().find(|kept| kept.what == KeptValue::Law(var, law))
    }

    fn keep(&mut self, what: KeptValue, moment: Moment, name: &str, ty: Ty, span: Span) -> ArrayId {
        if let Some(kept) = self.kept.iter().find(|kept| kept.what == what && kept.moment == moment) {
            return kept.array;
        }
        let word = if moment == Moment::After { "after" } else { "seen" };
        let role = match what {
            KeptValue::Law(_, Law::Rate | Law::Drift | Law::Left | Law::Base | Law::Since) => Role::Memory,
            KeptValue::Law(_, Law::Jumps) | KeptValue::Cell(_) | KeptValue::Trace(_) => Role::Seen,
        };
        let array = self.array(format!("{name} {word}"), ty, role);
        self.kept.push(Kept { what, moment, array, ty, span });
        array
    }
}
