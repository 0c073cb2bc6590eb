//! Imports: names that a `use` brings in and that its file does not use.
//!
//! In: the tree of the main file. Out: warnings. A name counts as used wherever it stands, whatever it means
//! there: the tree is enough.

use super::Program;
use crate::diagnose::{Sink, unused as say};
use circ_grammar::ast::*;
use std::collections::BTreeSet;

/// Warns of every name in a `use` that nothing else in the file says.
pub fn unused(program: &Program<'_>, sink: &mut Sink) {
    let Some(module) = program.modules.first() else { return };
    let said = said(&module.file);
    for item in &module.file.items {
        let ItemKind::Use { path, names } = &item.kind else { continue };
        let brought = match names {
            Some(names) => names.iter().collect(),
            None => path.names.last().into_iter().collect::<Vec<_>>(),
        };
        for (at, name) in brought.iter().enumerate() {
            if program.speaks_of(&name.text, name.span) && !said.contains(&*name.text) {
                sink.push(say::import(name.span, &name.text, without(item.span, &brought, at)));
            }
        }
    }
}

/// What to take out with a name: its comma, or the whole `use` where it is the only one.
fn without(all: Span, names: &[&Name], at: usize) -> Span {
    let name = names[at].span;
    let next = names.get(at + 1).map(|next| Span { end: next.span.start, ..name });
    let before = at.checked_sub(1).map(|before| Span { start: names[before].span.end, ..name });
    next.or(before).unwrap_or(all)
}

/// Every first name of a path and every name in an expression.
fn said(file: &File) -> BTreeSet<&str> {
    let names = file.exprs.iter().filter_map(|expr| match &expr.kind {
        ExprKind::Name(name) => Some(&**name),
        _ => None,
    });
    let mut said: BTreeSet<&str> = names.collect();
    let mut paths = vec![];
    for item in &file.items {
        match &item.kind {
            ItemKind::Cell(cell) => paths.extend(&cell.base),
            ItemKind::Rule(rule) => paths.extend(&rule.base),
            ItemKind::Circuit(circuit) => circuit_paths(&circuit.items, &mut paths),
            ItemKind::Experiment(experiment) => paths.extend(experiment.of.iter().map(|(path, _)| path)),
            ItemKind::Use { .. }
            | ItemKind::Let(_)
            | ItemKind::Data(_)
            | ItemKind::Fn(_)
            | ItemKind::Error => {}
        }
    }
    said.extend(paths.iter().filter_map(|path| path.names.first()).map(|name| &*name.text));
    said
}

/// Cells of populations, circuits of parts.
fn circuit_paths<'a>(items: &'a [CircuitItem], out: &mut Vec<&'a Path>) {
    for item in items {
        match &item.kind {
            CircuitItemKind::Population { population, .. } => out.push(&population.cell),
            CircuitItemKind::Part { circuit, .. } => out.push(circuit),
            CircuitItemKind::For { items, .. } => circuit_paths(items, out),
            CircuitItemKind::If { then, otherwise, .. } => {
                circuit_paths(then, out);
                circuit_paths(otherwise, out);
            }
            CircuitItemKind::Drive { .. }
            | CircuitItemKind::Projection { .. }
            | CircuitItemKind::Data { .. }
            | CircuitItemKind::Let { .. }
            | CircuitItemKind::Fn(_)
            | CircuitItemKind::Constraints(_)
            | CircuitItemKind::Error => {}
        }
    }
}
