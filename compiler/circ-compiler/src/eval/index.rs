//! Indices: members of families, parts of arrays, cells of views.
//!
//! In: a thing and what stands in `[ ]`. Out: what is selected. `[where e]` is evaluated for each cell, with
//! `i` its index in its population, or each position of an array; or once, where `e` is an array.

use super::number::{Number, kind, number};
use super::place::{Thing, item_thing, members, slots, value_of, view_of};
use super::segment::Dendrite;
use super::select::{self, Selector};
use super::{CellPlace, Evaluated, Scope, World, eval, eval_bool, eval_whole};
use crate::diagnose::{segment as say_segment, value as say};
use crate::hir::{ExprId, Index, SlotId};
use crate::net::EnvironmentId;
use crate::types::{ArrayValue, Type, Value};
use circ_grammar::ast::Span;
use circ_plan::plan::{Indices, Segment, View};
use std::sync::Arc;

pub(super) fn index(
    base: Thing,
    indices: &[Index],
    at: Span,
    scope: &mut Scope,
    world: &mut dyn World,
) -> Evaluated<Thing> {
    match base {
        Thing::Family { environment, slot, indices: given } => {
            family(environment, slot, given, indices, at, scope, world)
        }
        Thing::Value(Value::View(_)) | Thing::Cell(_) | Thing::Many(_)
            if super::synapse::synapses_of(&base, scope).is_none() =>
        {
            let view = view_of(base, at, scope)?;
            cells(view, indices, at, scope, world)
        }
        Thing::Dendrite { of, one } => dendrite(of, one, indices, at, scope, world),
        other => {
            let value = value_of(other, at, scope, world)?;
            let Value::Array(array) = value else {
                return Err(say::wrong_kind(at, "an array or a view", &kind(&value)).into());
            };
            let selectors = selectors(indices, &array.shape, None, scope, world)?;
            select::array(&array, &selectors, at).map(Thing::Value)
        }
    }
}

/// `P.w[0 .. 3]`: the places that are meant, of so many.
pub fn places(
    indices: &[Index],
    count: usize,
    at: Span,
    scope: &mut Scope,
    world: &mut dyn World,
) -> Evaluated<Vec<u32>> {
    let data = (0..count).map(|place| place as f64).collect();
    let all = ArrayValue { element: Type::Int, shape: vec![count as u64], data };
    match index(Thing::Value(Value::Array(Arc::new(all))), indices, at, scope, world)? {
        Thing::Value(Value::Array(some)) => Ok(some.data.iter().map(|place| *place as u32).collect()),
        Thing::Value(value) => {
            let one = number(&value).ok_or_else(|| say::wrong_kind(at, "synapses", &kind(&value)))?;
            Ok(vec![one.real() as u32])
        }
        _ => Err(say::wrong_kind(at, "synapses", "something else").into()),
    }
}

/// `a[k]`, `a[0, where e]`: the positions of what is selected of an array of this shape, row by row, and the shape of
/// it. Fewer indices than dimensions select whole rows.
pub fn elements(
    indices: &[Index],
    shape: &[u64],
    at: Span,
    scope: &mut Scope,
    world: &mut dyn World,
) -> Evaluated<(Vec<usize>, Vec<u64>)> {
    if shape.len() < indices.len() {
        return Err(say::index_count(at, indices.len(), shape.len()).into());
    }
    let selectors = selectors(indices, shape, None, scope, world)?;
    let (given, rest) = shape.split_at(selectors.len());
    let row = rest.iter().product::<u64>();
    let first = select::positions(&selectors, given).into_iter();
    let positions = first.flat_map(|position| (position * row..(position + 1) * row).map(|k| k as usize));
    let left = selectors.iter().filter(|selector| !matches!(selector, Selector::One(_))).map(Selector::len);
    Ok((positions.collect(), left.chain(rest.iter().copied()).collect()))
}

/// `distal[3]`: one or some of the segments that a cell has.
fn dendrite(
    of: Dendrite,
    one: bool,
    indices: &[Index],
    at: Span,
    scope: &mut Scope,
    world: &mut dyn World,
) -> Evaluated<Thing> {
    let Some(count) = of.count().filter(|_| indices.len() == 1) else {
        return Err(say::index_count(at, indices.len(), usize::from(of.count().is_some())).into());
    };
    if let [Index::At(expr)] = indices
        && !matches!(scope.types.expr(*expr), Type::Array(..))
    {
        let k = eval_whole(*expr, "the index of a segment", scope, world)?;
        let there = u32::try_from(count).unwrap_or(u32::MAX);
        let found = u64::try_from(k).ok().filter(|k| *k < count);
        let found = found.ok_or_else(|| say_segment::segment_index(at, of.name(), k, there))?;
        return Ok(Thing::Dendrite { of: of.select(&Selector::One(found), one), one });
    }
    let selectors = selectors(indices, &[count], None, scope, world)?;
    let selector = selectors.first().cloned().unwrap_or(Selector::List(vec![]));
    Ok(Thing::Dendrite { of: of.select(&selector, one), one })
}

/// Indices of a family first, what is left selects from the item.
fn family(
    environment: EnvironmentId,
    slot: SlotId,
    given: Vec<i64>,
    indices: &[Index],
    at: Span,
    scope: &mut Scope,
    world: &mut dyn World,
) -> Evaluated<Thing> {
    let all = slots(environment, scope);
    let (wanted, name) = all.get(slot.index()).map_or((0, ""), |s| (s.loops.len(), &*s.name));
    let mut given = given;
    let mut rest = indices;
    while let [Index::At(expr), more @ ..] = rest
        && given.len() < wanted
    {
        given.push(eval_whole(*expr, "the index of an item", scope, world)?);
        rest = more;
    }
    let found = members(environment, slot, &given, scope);
    if found.is_empty() {
        let path = |indices: &[i64]| indices.iter().fold(name.to_string(), |path, k| format!("{path}[{k}]"));
        let known: Vec<String> =
            members(environment, slot, &[], scope).iter().map(|(i, _)| path(i)).collect();
        return Err(say::no_such_member(at, &path(&given), &known).into());
    }
    let chosen = match given.len() == wanted {
        true => found.first().map_or(Thing::Many(vec![]), |(_, item)| item_thing(item, scope)),
        false => Thing::Family { environment, slot, indices: given },
    };
    match (rest.is_empty(), &chosen) {
        (true, _) => Ok(chosen),
        (false, Thing::Family { .. }) => {
            let view = view_of(chosen, at, scope)?;
            cells(view, rest, at, scope, world)
        }
        (false, _) => index(chosen, rest, at, scope, world),
    }
}

/// Selects cells of a view: by position, or by row and column where it is one whole population.
fn cells(
    view: View,
    indices: &[Index],
    at: Span,
    scope: &mut Scope,
    world: &mut dyn World,
) -> Evaluated<Thing> {
    let net = scope.net;
    if let [Index::Range(lo, hi)] = indices {
        let (lo, hi) =
            (eval_whole(*lo, "the first index", scope, world)?, eval_whole(*hi, "the end", scope, world)?);
        return select::slice(&view, lo, hi, at).map(|view| Thing::Value(Value::View(view)));
    }
    let shape: Vec<u64> = match (view.segments.as_slice(), indices.len()) {
        (_, 1) => vec![view.len() as u64],
        ([Segment { population, cells: Indices::Range(0, hi) }], dimensions) => {
            match net.populations.get(*population as usize) {
                Some(p) if p.cells() == *hi && p.shape.len() == dimensions => {
                    p.shape.iter().map(|n| u64::from(*n)).collect()
                }
                Some(p) => return Err(say::index_count(at, dimensions, p.shape.len()).into()),
                None => vec![],
            }
        }
        (_, dimensions) => return Err(say::index_count(at, dimensions, 1).into()),
    };
    let selectors = selectors(indices, &shape, Some(&view), scope, world)?;
    let one = selectors.iter().all(|s| matches!(s, Selector::One(_)));
    let picked = select::positions(&selectors, &shape);
    let selected = select::pick(&view, &picked, at, net)?;
    Ok(if one { Thing::Cell(selected) } else { Thing::Value(Value::View(selected)) })
}

/// Indices as positions along each dimension.
fn selectors(
    indices: &[Index],
    shape: &[u64],
    view: Option<&View>,
    scope: &mut Scope,
    world: &mut dyn World,
) -> Evaluated<Vec<Selector>> {
    let what = if view.is_some() { "this view" } else { "this array" };
    let mut selectors = Vec::with_capacity(indices.len());
    for (k, index) in indices.iter().enumerate() {
        let length = shape.get(k).copied().unwrap_or(0);
        selectors.push(match index {
            Index::At(expr) => {
                let span = scope.hir.expr(*expr).span;
                match eval(*expr, scope, world)? {
                    Value::Array(list) => Selector::List(select::list(&list, length, span, what)?),
                    value => {
                        let n = match number(&value) {
                            Some(Number::Int(n)) => Some(n),
                            Some(Number::Real(x)) => super::number::whole(x),
                            _ => None,
                        };
                        let n = n.ok_or_else(|| say::not_whole(span, "an index", &kind(&value)))?;
                        Selector::One(select::checked(n, length, span, what)?)
                    }
                }
            }
            Index::Range(lo, hi) => {
                let span = scope.hir.expr(*lo).span;
                let lo = eval_whole(*lo, "the first index", scope, world)?;
                let hi = eval_whole(*hi, "the end", scope, world)?;
                let (lo, hi) = select::range(lo, hi, length, span, what)?;
                Selector::Range(lo, hi)
            }
            Index::Where(condition) => Selector::List(filter(*condition, length, view, scope, world)?),
        });
    }
    Ok(selectors)
}

/// The positions at which a condition holds: of `i` (the cell's index in its population, or the position in
/// an array), or an array of truth values.
fn filter(
    condition: ExprId,
    length: u64,
    view: Option<&View>,
    scope: &mut Scope,
    world: &mut dyn World,
) -> Evaluated<Vec<u64>> {
    let span = scope.hir.expr(condition).span;
    if !super::depends::uses_cell(condition, scope) {
        return match eval(condition, scope, world)? {
            Value::Bool(true) => Ok((0..length).collect()),
            Value::Bool(false) => Ok(vec![]),
            Value::Array(mask) if mask.element == Type::Bool && mask.data.len() as u64 == length => {
                Ok((0..length).filter(|k| mask.data[*k as usize] != 0.0).collect())
            }
            Value::Array(mask) => Err(say::shape_mismatch(span, &[length], &mask.shape).into()),
            other => Err(say::wrong_kind(span, "a truth value", &kind(&other)).into()),
        };
    }
    let outside = scope.cell.take();
    let found = filter_each(condition, length, view, scope, world);
    scope.cell = outside;
    found
}

fn filter_each(
    condition: ExprId,
    length: u64,
    view: Option<&View>,
    scope: &mut Scope,
    world: &mut dyn World,
) -> Evaluated<Vec<u64>> {
    let length_of = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
    let mut found = vec![];
    let whole_array = View {
        segments: vec![Segment { population: u32::MAX, cells: Indices::Range(0, length_of(length)) }],
    };
    let mut position = 0;
    for segment in &view.unwrap_or(&whole_array).segments {
        let shape = scope.net.populations.get(segment.population as usize).map(|p| p.shape.clone());
        let shape = shape.unwrap_or_else(|| vec![length_of(length)]);
        scope.cell = Some(CellPlace { index: None, shape });
        for k in 0..segment.cells.len() {
            if let Some(place) = &mut scope.cell {
                place.index = Some(segment.cells.get(k));
            }
            if eval_bool(condition, scope, world)? {
                found.push(position);
            }
            position += 1;
        }
    }
    Ok(found)
}
