//! The synapse at hand, and what synapses hold: `pre`, `post` and `w` in a `set`, `P.w`.
//!
//! In: a scope with a synapse, or a thing that was named. Out: the cells of its sides, and the projections whose synapses
//! are meant.

use super::number::kind;
use super::place::{Thing, cell_place, projections};
use super::{CellPlace, Evaluated, Scope};
use crate::diagnose::value as say;
use crate::hir::Ref;
use crate::types::{ArrayValue, Type, Value};
use circ_grammar::ast::Span;
use std::sync::Arc;

/// The synapse that `pre`, `post` and `w` are of.
#[derive(Clone, Debug)]
pub struct SynapsePlace {
    /// (population, cell)
    pub pre: (u32, u32),
    pub post: (u32, u32),
    pub weight: f64,
}

/// What synapses hold: their projections, and its name.
pub fn synapses_of(thing: &Thing, scope: &Scope) -> Option<(Vec<u32>, Arc<str>)> {
    match thing {
        Thing::MemberOf { of, name, .. } => Some((projections(of, scope)?, name.clone())),
        Thing::Many(all) => {
            let all = all.iter().map(|thing| synapses_of(thing, scope)).collect::<Option<Vec<_>>>()?;
            let name = all.first()?.1.clone();
            Some((all.into_iter().flat_map(|(projections, _)| projections).collect(), name))
        }
        _ => None,
    }
}

/// Lists one after the other.
pub(super) fn joined(values: Vec<Value>, at: Span) -> Evaluated<Value> {
    let (mut data, mut element) = (vec![], Type::Error);
    for value in values {
        match value {
            Value::Array(array) => {
                data.extend_from_slice(&array.data);
                element = array.element.clone();
            }
            other => return Err(say::wrong_kind(at, "a list", &kind(&other)).into()),
        }
    }
    Ok(Value::Array(Arc::new(ArrayValue { element, shape: vec![data.len() as u64], data })))
}

/// The cell of a side of the synapse at hand.
pub(super) fn of_synapse(side: Ref, scope: &Scope) -> Option<(u32, u32)> {
    let synapse = scope.synapse.as_ref()?;
    match side {
        Ref::Pre => Some(synapse.pre),
        Ref::Post => Some(synapse.post),
        _ => None,
    }
}

pub(super) fn index_name(name: &str) -> Option<Ref> {
    match name {
        "i" => Some(Ref::CellIndex),
        "row" => Some(Ref::Row),
        "col" => Some(Ref::Col),
        "layer" => Some(Ref::Layer),
        _ => None,
    }
}

/// `pre.i` and its like.
pub(super) fn indexed(
    index: Ref,
    (population, cell): (u32, u32),
    at: Span,
    scope: &mut Scope,
) -> Evaluated<Value> {
    let shape = scope.net.populations.get(population as usize).map_or(vec![], |it| it.shape.clone());
    let outside = scope.cell.replace(CellPlace { index: Some(cell), shape });
    let value = cell_place(index, at, scope);
    scope.cell = outside;
    value
}
