//! Paths: what `E`, `E[0..10]`, `col[2].E`, `E.exc`, `from_E.w` name.
//!
//! In: names, members and indices. Out: a [`Thing`]: a value, a view of cells, a member of one, a part, a
//! family of items that wants its indices. A bare family is the union of all that it has.

use super::number::kind;
use super::segment::Dendrite;
use super::select;
use super::{Evaluated, Scope, World, compute, synapse};
use crate::diagnose::structure::not_yet;
use crate::diagnose::{follows, value as say};
use crate::hir::{ExprId, ExprKind, Ref, Slot, SlotId, SlotKind};
use crate::net::{EnvironmentId, Item, Members, Owner};
use crate::types::{Type, Value};
use circ_grammar::ast::Span;
use circ_plan::plan::{Indices, Segment, View};
use std::sync::Arc;

/// What a path names.
#[derive(Clone, Debug, PartialEq)]
pub enum Thing {
    Value(Value),
    /// `E.v`, `E.exc`, `E.spike`; `one` where the view is one cell named by its index.
    /// Of a segment too: `E.distal[3].v`, of whose view every part is one segment of the cells.
    Member {
        view: View,
        one: bool,
        names: Members,
        span: Span,
    },
    /// `E.distal`, `E[3].distal[0]`
    Dendrite {
        of: Dendrite,
        /// Whether its cells are one that is named by its index.
        one: bool,
    },
    /// One cell, named by its index.
    Cell(View),
    Drive(u32),
    Projection(u32),
    /// `image.rate`, `P.w`
    MemberOf {
        of: Box<Thing>,
        name: Arc<str>,
        span: Span,
    },
    Part(EnvironmentId),
    /// Items in loops, with the indices given so far.
    Family {
        environment: EnvironmentId,
        slot: SlotId,
        indices: Vec<i64>,
    },
    /// All members of a family of parts.
    Many(Vec<Thing>),
}

/// What an expression names or is.
pub fn thing(expr: ExprId, scope: &mut Scope, world: &mut dyn World) -> Evaluated<Thing> {
    let at = scope.hir.expr(expr).span;
    if scope.types.tainted.expr(expr) {
        return Err(follows(at).into());
    }
    scope.enter(at)?;
    let found = match &scope.hir.expr(expr).kind {
        ExprKind::Ref(_) | ExprKind::Field { .. } | ExprKind::Index { .. } | ExprKind::Tuple(_) => {
            path(expr, scope, world)
        }
        _ => compute(expr, scope, world).map(Thing::Value),
    };
    scope.depth -= 1;
    found
}

/// The view that an expression is.
pub fn view(expr: ExprId, scope: &mut Scope, world: &mut dyn World) -> Evaluated<View> {
    let found = thing(expr, scope, world)?;
    view_of(found, scope.hir.expr(expr).span, scope)
}

pub(super) fn path(expr: ExprId, scope: &mut Scope, world: &mut dyn World) -> Evaluated<Thing> {
    let (hir, at) = (scope.hir, scope.hir.expr(expr).span);
    match &hir.expr(expr).kind {
        ExprKind::Ref(name) => reference(*name, at, scope, world),
        ExprKind::Field { base, name, name_span } => {
            if let ExprKind::Ref(side @ (Ref::Pre | Ref::Post | Ref::Edge)) = hir.expr(*base).kind {
                let Some(cell) = synapse::of_synapse(side, scope) else {
                    if scope.synapse.is_some() {
                        return Err(not_yet(at, "a column of a connection table in a `set`").into());
                    }
                    return Err(say::not_known(at, side_name(side), "belongs to a synapse").into());
                };
                if let Some(index) = synapse::index_name(name) {
                    return synapse::indexed(index, cell, at, scope).map(Thing::Value);
                }
            }
            let base = thing(*base, scope, world)?;
            field(base, name, *name_span, at, scope, world)
        }
        ExprKind::Index { base, indices } => {
            let base = thing(*base, scope, world)?;
            super::index::index(base, indices, at, scope, world)
        }
        ExprKind::Tuple(items) => tuple(items, scope, world),
        _ => compute(expr, scope, world).map(Thing::Value),
    }
}

fn side_name(side: Ref) -> &'static str {
    match side {
        Ref::Post => "post",
        Ref::Edge => "edge",
        _ => "pre",
    }
}

fn reference(name: Ref, at: Span, scope: &mut Scope, world: &mut dyn World) -> Evaluated<Thing> {
    let value = match name {
        Ref::Time => match world.time() {
            Some(ms) => Value::Real(ms),
            None => return Err(say::needs_run(at, "t").into()),
        },
        Ref::Step if scope.net.dt.is_nan() => return Err(follows(at).into()),
        Ref::Step => Value::Real(scope.net.dt),
        Ref::Pi => Value::Real(std::f64::consts::PI),
        Ref::Infinity => Value::Real(f64::INFINITY),
        Ref::CellIndex | Ref::Row | Ref::Col | Ref::Layer | Ref::Size => cell_place(name, at, scope)?,
        Ref::Weight => match &scope.synapse {
            Some(synapse) => Value::Real(synapse.weight),
            None => return Err(say::not_known(at, "w", "belongs to a synapse").into()),
        },
        Ref::Distance if scope.synapse.is_some() => {
            return Err(not_yet(at, "`distance` in a `set`").into());
        }
        Ref::Distance => return Err(say::not_known(at, "distance", "belongs to a synapse").into()),
        Ref::Pre | Ref::Post | Ref::Edge => {
            if let Some((population, cell)) = synapse::of_synapse(name, scope) {
                let cells = Indices::Range(cell, cell + 1);
                return Ok(Thing::Cell(View { segments: vec![Segment { population, cells }] }));
            }
            return Err(say::not_known(at, side_name(name), "belongs to a synapse").into());
        }
        Ref::Local(local) => match scope.local(local) {
            Some(value) => value.clone(),
            None => {
                let name = scope.hir.locals.get(local.index()).map_or("this", |l| &l.name);
                return Err(say::not_known(at, name, "has its value where it is bound").into());
            }
        },
        Ref::Var(var) => match scope.vars.get(&var) {
            Some(value) => value.clone(),
            None => {
                return Err(say::not_known(at, "a cell's variable", "belongs to each cell").into());
            }
        },
        Ref::SegmentIndex => return Err(say::not_known(at, "k", "belongs to each segment").into()),
        Ref::Mode(_) => return Err(say::needs_run(at, "a mode").into()),
        Ref::Global(global) => match scope.net.globals.get(&global) {
            Some(value) => value.clone(),
            None => {
                let Some(found) = scope.hir.globals.get(global.index()) else {
                    return Err(say::wrong_kind(at, "a value", "nothing").into());
                };
                let declared = found.declared.as_ref().or(scope.types.globals.get(global.index()));
                super::eval_binding(&found.name, found.value, declared, scope, world)?
            }
        },
        Ref::Slot(id) => return slot(id, scope.environment, at, scope, world),
        Ref::OfCircuit(id) => {
            match scope.net.environments.get(scope.environment.0 as usize).and_then(|e| e.of_circuit) {
                Some(circuit) => return slot(id, circuit, at, scope, world),
                None => return Err(say::needs_run(at, "an item of the circuit").into()),
            }
        }
    };
    Ok(Thing::Value(value))
}

/// `i`, `row`, `col`, `layer` (of the last index, the one before, the one before that) and `size`.
pub(super) fn cell_place(name: Ref, at: Span, scope: &Scope) -> Evaluated<Value> {
    let text = match name {
        Ref::Row => "row",
        Ref::Col => "col",
        Ref::Layer => "layer",
        Ref::Size => "size",
        _ => "i",
    };
    let unknown = || Box::new(say::not_known(at, text, "belongs to a cell"));
    let place = scope.cell.as_ref().ok_or_else(unknown)?;
    if name == Ref::Size {
        return Ok(Value::Int(place.shape.iter().map(|n| i64::from(*n)).product()));
    }
    let index = i64::from(place.index.ok_or_else(unknown)?);
    let size = |from_last: usize| place.shape.iter().rev().nth(from_last).map_or(1, |n| i64::from(*n).max(1));
    Ok(Value::Int(match name {
        Ref::Col => index % size(0),
        Ref::Row => index / size(0) % size(1),
        Ref::Layer => index / size(0) / size(1) % size(2),
        _ => index,
    }))
}

/// The slots of whatever an environment belongs to.
pub(super) fn slots<'a>(environment: EnvironmentId, scope: &Scope<'a>) -> &'a [Slot] {
    match scope.net.environments.get(environment.0 as usize).map(|e| e.owner) {
        Some(Owner::Circuit(circuit)) => scope.hir.circuits.get(circuit.index()).map_or(&[], |c| &c.slots),
        Some(Owner::Experiment(experiment)) => {
            scope.hir.experiments.get(experiment as usize).map_or(&[], |e| &e.slots)
        }
        Some(Owner::Nobody) | None => &[],
    }
}

/// Type and expression of a slot that is a `let` or `data`.
pub(super) fn binding<'a>(
    slot: SlotId,
    environment: EnvironmentId,
    scope: &Scope<'a>,
) -> Option<(Option<&'a Type>, ExprId)> {
    match &slots(environment, scope).get(slot.index())?.kind {
        SlotKind::Let { declared, value } => Some((declared.as_ref(), *value)),
        SlotKind::Data { declared, value } => Some((Some(declared), *value)),
        SlotKind::Formal { .. }
        | SlotKind::Index
        | SlotKind::Population { .. }
        | SlotKind::Drive
        | SlotKind::Projection
        | SlotKind::Part { .. } => None,
    }
}

/// What a slot is in an environment.
pub(super) fn slot(
    id: SlotId,
    environment: EnvironmentId,
    at: Span,
    scope: &mut Scope,
    world: &mut dyn World,
) -> Evaluated<Thing> {
    let net = scope.net;
    let Some(here) = net.environments.get(environment.0 as usize) else {
        return Err(say::wrong_kind(at, "a value", "nothing").into());
    };
    if let Some(value) = here.values.get(&id) {
        return Ok(Thing::Value(value.clone()));
    }
    let instance = here.instance.unwrap_or(environment);
    let all = slots(environment, scope);
    let Some(declared) = all.get(id.index()) else {
        return Err(say::wrong_kind(at, "a value", "nothing").into());
    };
    let failed = net.environments.get(instance.0 as usize).map(|environment| &environment.failed);
    if failed.into_iter().flatten().any(|slot| all.get(slot.index()).is_some_and(|s| s.name == declared.name))
    {
        return Err(follows(at).into());
    }
    if let Some((ty, expr)) = binding(id, environment, scope) {
        return lazily(&declared.name, expr, ty, environment, scope, world).map(Thing::Value);
    }
    // The branches of an `if` may each declare the name: what was made is what it means.
    let same_name =
        all.iter().enumerate().filter(|(_, s)| s.name == declared.name).map(|(k, _)| SlotId(k as u32));
    for candidate in std::iter::once(id).chain(same_name) {
        let loops = all.get(candidate.index()).map_or(0, |s| s.loops.len());
        if loops == 0
            && let Some(item) =
                net.environments.get(instance.0 as usize).and_then(|e| e.items.get(&(candidate, vec![])))
        {
            return Ok(item_thing(item, scope));
        }
        if 0 < loops && is_family(instance, candidate, scope) {
            return Ok(Thing::Family { environment: instance, slot: candidate, indices: vec![] });
        }
    }
    match declared.kind {
        SlotKind::Formal { .. } | SlotKind::Index => {
            Err(say::not_known(at, &declared.name, "has no value yet").into())
        }
        _ => Err(say::no_such_member(at, &declared.name, &[]).into()),
    }
}

/// A `let` evaluated when it is asked for: outputs of a circuit depend on its states.
fn lazily(
    name: &str,
    expr: ExprId,
    declared: Option<&Type>,
    environment: EnvironmentId,
    scope: &mut Scope,
    world: &mut dyn World,
) -> Evaluated<Value> {
    let outside = std::mem::replace(&mut scope.environment, environment);
    let cell = scope.cell.take();
    let entered = scope.enter(scope.hir.expr(expr).span);
    let value = entered.and_then(|()| {
        let value = super::eval_binding(name, expr, declared, scope, world);
        scope.depth -= 1;
        value
    });
    scope.environment = outside;
    scope.cell = cell;
    value
}

pub(super) fn item_thing(item: &Item, scope: &Scope) -> Thing {
    match item {
        Item::Population(p) => Thing::Value(Value::View(whole(*p, scope))),
        Item::Drive(d) => Thing::Drive(*d),
        Item::Projection(p) => Thing::Projection(*p),
        Item::Part(environment) => Thing::Part(*environment),
    }
}

/// All cells of a population.
fn whole(population: u32, scope: &Scope) -> View {
    let cells = scope.net.populations.get(population as usize).map_or(0, |p| p.cells());
    View { segments: vec![Segment { population, cells: Indices::Range(0, cells) }] }
}

/// Whether a slot has members; all of them are not looked at for every path that begins with it.
fn is_family(environment: EnvironmentId, slot: SlotId, scope: &Scope) -> bool {
    let environment = scope.net.environments.get(environment.0 as usize);
    let next = environment.and_then(|it| it.items.from((slot, vec![])).next());
    next.is_some_and(|((found, _), _)| *found == slot)
}

/// The members of a family whose indices begin with these, in the order in which they were made.
pub(super) fn members<'a>(
    environment: EnvironmentId,
    slot: SlotId,
    indices: &[i64],
    scope: &Scope<'a>,
) -> Vec<(&'a [i64], &'a Item)> {
    let Some(environment) = scope.net.environments.get(environment.0 as usize) else {
        return vec![];
    };
    let from = environment.items.from((slot, indices.to_vec()));
    let mut found: Vec<_> = from
        .take_while(|((s, i), _)| *s == slot && i.starts_with(indices))
        .map(|((_, i), item)| (i.as_slice(), item))
        .collect();
    found.sort_by_key(|(_, item)| match item {
        Item::Population(n) | Item::Drive(n) | Item::Projection(n) => *n,
        Item::Part(environment) => environment.0,
    });
    found
}

fn field(
    base: Thing,
    name: &Arc<str>,
    name_span: Span,
    at: Span,
    scope: &mut Scope,
    world: &mut dyn World,
) -> Evaluated<Thing> {
    match base {
        Thing::Part(environment) => member_of_part(environment, name, name_span, scope, world),
        Thing::Cell(view) => of_cells(view, true, name, name_span, scope),
        Thing::Value(Value::View(view)) => of_cells(view, false, name, name_span, scope),
        Thing::Dendrite { of, one } => match of.inner(name, name_span, scope) {
            Some(inner) => Ok(Thing::Dendrite { of: inner?, one }),
            None => {
                let one = of.one;
                let (view, names) = of.member(name);
                Ok(Thing::Member { view, one, names, span: name_span })
            }
        },
        Thing::Drive(_) | Thing::Projection(_) => {
            Ok(Thing::MemberOf { of: Box::new(base), name: name.clone(), span: name_span })
        }
        Thing::Family { environment, slot, indices } => {
            let all: Vec<Thing> = members(environment, slot, &indices, scope)
                .into_iter()
                .map(|(_, item)| item_thing(item, scope))
                .collect();
            match all.first() {
                Some(Thing::Part(_) | Thing::Projection(_)) => {
                    field(Thing::Many(all), name, name_span, at, scope, world)
                }
                _ => {
                    let view = view_of(Thing::Many(all), at, scope)?;
                    of_cells(view, false, name, name_span, scope)
                }
            }
        }
        Thing::Many(all) => {
            let fields = all.into_iter().map(|thing| field(thing, name, name_span, at, scope, world));
            Ok(merge(fields.collect::<Evaluated<Vec<_>>>()?))
        }
        Thing::Value(value) => Err(say::wrong_kind(at, "something with members", &kind(&value)).into()),
        Thing::Member { names: Members { written: inner, .. }, .. } | Thing::MemberOf { name: inner, .. } => {
            Err(say::unknown_member(name_span, name, &format!("`{inner}`"), []).into())
        }
    }
}

/// A member of the cells of a view, or one of their segments.
fn of_cells(view: View, one: bool, name: &Arc<str>, span: Span, scope: &Scope) -> Evaluated<Thing> {
    match Dendrite::of(&view, one, name, span, scope) {
        Some(of) => Ok(Thing::Dendrite { of: of?, one }),
        None => Ok(Thing::Member { names: Members::same(name, &view), view, one, span }),
    }
}

/// Members of the same name of many views are one member of their union.
fn merge(all: Vec<Thing>) -> Thing {
    let mut segments = vec![];
    let mut first = None;
    for thing in &all {
        let Thing::Member { view, names, span, .. } = thing else {
            return Thing::Many(all);
        };
        segments.extend(view.segments.iter().cloned());
        let (all, _) = first.get_or_insert((Members { written: names.written.clone(), each: vec![] }, *span));
        all.each.extend(names.each.iter().cloned());
    }
    match first {
        Some((names, span)) => Thing::Member { view: View { segments }, one: false, names, span },
        None => Thing::Many(all),
    }
}

fn member_of_part(
    environment: EnvironmentId,
    name: &Arc<str>,
    name_span: Span,
    scope: &mut Scope,
    world: &mut dyn World,
) -> Evaluated<Thing> {
    let all = slots(environment, scope);
    let circuit = match scope.net.environments.get(environment.0 as usize).map(|e| e.owner) {
        Some(Owner::Circuit(circuit)) => scope.hir.circuits.get(circuit.index()).map_or("", |c| &c.name),
        _ => "",
    };
    let Some(found) = all.iter().position(|s| s.name == *name) else {
        let known = all.iter().map(|s| &*s.name);
        return Err(say::unknown_member(name_span, name, &format!("circuit `{circuit}`"), known).into());
    };
    slot(SlotId(found as u32), environment, name_span, scope, world)
}

fn tuple(items: &[ExprId], scope: &mut Scope, world: &mut dyn World) -> Evaluated<Thing> {
    let mut things = Vec::with_capacity(items.len());
    for item in items {
        things.push((thing(*item, scope, world)?, scope.hir.expr(*item).span));
    }
    let is_view = |t: &Thing| {
        matches!(t, Thing::Value(Value::View(_)) | Thing::Cell(_) | Thing::Family { .. } | Thing::Many(_))
    };
    if !things.is_empty() && things.iter().all(|(t, _)| is_view(t)) {
        let mut views = Vec::with_capacity(things.len());
        for (thing, span) in things {
            views.push((view_of(thing, span, scope)?, span));
        }
        return select::union(views, scope.net).map(|view| Thing::Value(Value::View(view)));
    }
    let mut values = Vec::with_capacity(things.len());
    for (thing, span) in things {
        values.push(value_of(thing, span, scope, world)?);
    }
    Ok(Thing::Value(Value::Tuple(values)))
}

/// The cells that a thing is.
pub fn view_of(thing: Thing, at: Span, scope: &Scope) -> Evaluated<View> {
    match thing {
        Thing::Value(Value::View(view)) | Thing::Cell(view) => Ok(view),
        Thing::Family { environment, slot, indices } => {
            let all = members(environment, slot, &indices, scope)
                .into_iter()
                .map(|(_, item)| item_thing(item, scope));
            view_of(Thing::Many(all.collect()), at, scope)
        }
        Thing::Many(all) => {
            let mut segments = vec![];
            for thing in all {
                segments.extend(view_of(thing, at, scope)?.segments);
            }
            Ok(View { segments })
        }
        Thing::Value(value) => Err(say::wrong_kind(at, "a population or a view", &kind(&value)).into()),
        Thing::Part(_) => Err(say::wrong_kind(at, "a population or a view", "a part").into()),
        Thing::Drive(_) => Err(say::wrong_kind(at, "a population or a view", "a drive").into()),
        Thing::Projection(_) => Err(say::wrong_kind(at, "a population or a view", "a projection").into()),
        Thing::Dendrite { of, .. } => {
            let what = format!("the segment `{}` of one", of.name());
            Err(say::wrong_kind(at, "a population or a view", &what).into())
        }
        Thing::Member { names: Members { written: name, .. }, .. } | Thing::MemberOf { name, .. } => {
            Err(say::wrong_kind(at, "a population or a view", &format!("`{name}` of one")).into())
        }
    }
}

/// The projections that a thing is, where it is one or several.
pub fn projections(thing: &Thing, scope: &Scope) -> Option<Vec<u32>> {
    match thing {
        Thing::Projection(index) => {
            let other = scope.net.projections.iter().position(|it| it.mirrored() == Some(*index));
            Some([*index].into_iter().chain(other.map(|at| at as u32)).collect())
        }
        Thing::Family { environment, slot, indices } => {
            let all = members(*environment, *slot, indices, scope);
            all.into_iter()
                .map(|(_, item)| projections(&item_thing(item, scope), scope))
                .collect::<Option<Vec<_>>>()
                .map(|all| all.concat())
        }
        Thing::Many(all) => {
            let all = all.iter().map(|thing| projections(thing, scope)).collect::<Option<Vec<_>>>()?;
            Some(all.concat())
        }
        Thing::Value(_)
        | Thing::Member { .. }
        | Thing::Dendrite { .. }
        | Thing::Cell(_)
        | Thing::Drive(_)
        | Thing::MemberOf { .. }
        | Thing::Part(_) => None,
    }
}

/// The value that a thing has.
pub(super) fn value_of(thing: Thing, at: Span, scope: &Scope, world: &mut dyn World) -> Evaluated<Value> {
    match thing {
        Thing::Value(value) => Ok(value),
        Thing::Dendrite { of, .. } => Err(crate::diagnose::segment::segment_alone(at, of.name()).into()),
        Thing::Member { view, one, names, span } => {
            let value = world.field(&view, &names, span)?;
            match (&value, one) {
                (Value::Array(array), true) if array.data.len() == 1 => {
                    Ok(super::number::element(array, 0).value())
                }
                _ => Ok(value),
            }
        }
        Thing::MemberOf { of, name, span } => world.member(&of, &name, span),
        Thing::Many(all) if all.iter().all(|it| matches!(it, Thing::MemberOf { .. })) && !all.is_empty() => {
            let each = all.into_iter().map(|it| value_of(it, at, scope, world));
            synapse::joined(each.collect::<Evaluated<Vec<_>>>()?, at)
        }
        Thing::Cell(_) | Thing::Family { .. } | Thing::Many(_) => view_of(thing, at, scope).map(Value::View),
        Thing::Part(_) => Err(say::wrong_kind(at, "a value", "a part").into()),
        Thing::Drive(_) => Err(say::wrong_kind(at, "a value", "a drive").into()),
        Thing::Projection(_) => Err(say::wrong_kind(at, "a value", "a projection").into()),
    }
}
