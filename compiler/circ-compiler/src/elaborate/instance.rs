//! Instances of circuits: parameters, loops, branches, parts.
//!
//! In: the items of a circuit. Out: environments with values and populations, and what waits for all
//! populations to be there. Every pass of a loop has an environment of its own, which shares the items of
//! its instance.

use super::{Elaborator, MAX_ITEMS, Pending, PendingKind};
use crate::diagnose::value::NEEDS_RUN;
use crate::diagnose::{build as say, value as say_value};
use crate::eval::{self, NotBuilt, number};
use crate::hir::{CircuitId, ExprId, Item, ItemKind, Over, Slot, SlotId, SlotKind};
use crate::net::{self, Environment, EnvironmentId, Owner};
use crate::types::{Dimension, Type, Value};
use circ_grammar::ast::Span;
use std::collections::{BTreeMap, BTreeSet};

/// Parts within parts within parts.
const MAX_PART_DEPTH: usize = 64;

/// Whose parameters are bound, and how to speak of it.
pub(super) struct Formals<'a> {
    pub slots: &'a [Slot],
    pub formals: &'a [SlotId],
    pub types: &'a [Type],
    pub name: &'a str,
    /// "circuit `C`"
    pub what: String,
    pub span: Span,
}

/// Whether `--set` reaches these parameters by their bare names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Overridable {
    Yes,
    No,
}

/// How a circuit is used.
#[derive(Clone, Copy, Debug)]
pub(super) struct Use {
    pub overridable: Overridable,
    /// Of whoever uses it.
    pub span: Span,
    /// Of parts within parts.
    pub depth: usize,
}

/// Where items are made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Site<'i> {
    pub environment: EnvironmentId,
    /// Of the loops around, outermost first.
    pub indices: &'i [i64],
    /// Of parts within parts.
    pub depth: usize,
}

/// Arguments by the formal that they are for, with their places; `None` for one that holds a mistake.
pub(super) type Given = BTreeMap<SlotId, Option<(Value, Span)>>;

impl<'a> Elaborator<'a> {
    /// Values of the arguments of a circuit, in the environment of whoever uses it.
    pub(super) fn arguments(&mut self, args: &[(SlotId, ExprId)], environment: EnvironmentId) -> Given {
        let mut given = Given::new();
        for (slot, expr) in args {
            let value = self.value(*expr, environment);
            given.insert(*slot, value.map(|value| (value, self.span(*expr))));
        }
        given
    }

    /// Makes an instance of a circuit in an environment.
    pub(super) fn circuit(
        &mut self,
        id: CircuitId,
        environment: EnvironmentId,
        given: Given,
        used: Use,
    ) -> Option<()> {
        let Use { overridable, span, depth } = used;
        let circuit = self.hir.circuits.get(id.index())?;
        if MAX_PART_DEPTH < depth {
            self.net.cut_short = true;
            return self.report(say::parts_too_deep(span, &circuit.name, MAX_PART_DEPTH));
        }
        let types = self.types.circuit_slots.get(id.index()).map_or(&[][..], Vec::as_slice);
        let who = Formals {
            slots: &circuit.slots,
            formals: &circuit.formals,
            types,
            name: &circuit.name,
            what: format!("circuit `{}`", circuit.name),
            span,
        };
        self.bind_formals(&who, environment, given, overridable);
        self.items(&circuit.items, Site { environment, indices: &[], depth })
    }

    /// Gives every parameter its value: from `--set`, the arguments, or its default.
    pub(super) fn bind_formals(
        &mut self,
        who: &Formals,
        environment: EnvironmentId,
        mut given: Given,
        overridable: Overridable,
    ) {
        for formal in who.formals {
            let Some(slot) = who.slots.get(formal.index()) else {
                continue;
            };
            let SlotKind::Formal { declared, range, default } = &slot.kind else {
                continue;
            };
            let ty = declared.as_ref().or(who.types.get(formal.index())).unwrap_or(&Type::Error);
            let set = match overridable {
                Overridable::Yes => self.override_formal(&slot.name, who.name, ty),
                Overridable::No => None,
            };
            let value = match (set, given.remove(formal), default) {
                (Some(set), _, _) => Some(set),
                (None, Some(given), _) => given,
                (None, None, Some(default)) => {
                    self.value(*default, environment).map(|v| (v, self.span(*default)))
                }
                // A circuit that lacks one was reported where it is used.
                (None, None, None) if matches!(self.environment(environment).owner, Owner::Circuit(_)) => {
                    None
                }
                (None, None, None) => {
                    self.report(say::missing_argument(who.span, &slot.name, &who.what, slot.span))
                }
            };
            let value =
                value.and_then(|(value, span)| self.fit(value, ty, &slot.name, span).map(|v| (v, span)));
            match value {
                Some((value, span)) => {
                    self.environment(environment).values.insert(*formal, value.clone());
                    if let Some((lo, hi)) = range {
                        self.check_formal_range(&slot.name, &value, span, (*lo, *hi), environment);
                    }
                }
                None => self.fail(*formal, environment),
            }
        }
    }

    /// A value of the declared type: whole numbers where an `int` is due.
    fn fit(&mut self, value: Value, ty: &Type, name: &str, span: Span) -> Option<Value> {
        match (number::conform(value, ty), ty) {
            (Value::Real(x), Type::Int) => {
                let shown = crate::units::show(x, crate::types::Dimension::REAL);
                self.report(say_value::not_whole(span, &format!("`{name}`"), &shown))
            }
            (Value::Array(array), Type::Array(_, sizes)) if !crate::data::fits(sizes, &array.shape) => {
                self.report(crate::diagnose::data::data_shape(span, name, sizes, &array.shape))
            }
            (value, _) => Some(value),
        }
    }

    fn check_formal_range(
        &mut self,
        name: &str,
        value: &Value,
        span: Span,
        range: (ExprId, ExprId),
        environment: EnvironmentId,
    ) -> Option<()> {
        let (lo, hi) = (self.real(range.0, environment)?, self.real(range.1, environment)?);
        let x = number::number(value)?.real();
        if lo <= x && x <= hi {
            return Some(());
        }
        let declared = self.span(range.0).to(self.span(range.1));
        let (shown, lo, hi) = (self.show(x, range.0), self.show(lo, range.0), self.show(hi, range.1));
        self.report(say::out_of_range(span, name, &shown, &lo, &hi, declared))
    }

    /// Items in order; `None` where there are too many. One that can not be made is left out, and what needs it.
    pub(super) fn items(&mut self, items: &'a [Item], site: Site) -> Option<()> {
        let Site { environment, indices, .. } = site;
        for item in items {
            self.count(item.span)?;
            let wait = |kind| Pending { kind, environment, indices: indices.to_vec() };
            match &item.kind {
                ItemKind::Binding(slot) => self.binding(*slot, environment),
                ItemKind::Population(population) => {
                    if self.population(population, environment, indices).is_none() {
                        self.fail(population.slot, environment);
                    }
                }
                ItemKind::Part { slot, circuit, args } => {
                    self.part(*slot, *circuit, args, site, item.span)?
                }
                ItemKind::For { index, over, items } => self.each(*index, *over, items, site)?,
                ItemKind::If { condition, then, otherwise } => match self.truth(*condition, environment) {
                    Some(true) => self.items(then, site)?,
                    Some(false) => self.items(otherwise, site)?,
                    None => then.iter().chain(otherwise).for_each(|item| self.fail_item(item, environment)),
                },
                ItemKind::Drive(drive) => self.pending.push(wait(PendingKind::Drive(drive))),
                ItemKind::Projection(projection) => {
                    self.pending.push(wait(PendingKind::Projection(projection)))
                }
                ItemKind::Constraint(constraint) => {
                    self.pending.push(wait(PendingKind::Constraint(constraint)))
                }
            }
        }
        Some(())
    }

    /// An item of which nobody can say whether, or how often, it is made.
    fn fail_item(&mut self, item: &Item, environment: EnvironmentId) {
        match &item.kind {
            ItemKind::Population(population) => self.fail(population.slot, environment),
            ItemKind::Drive(drive) => self.fail(drive.slot, environment),
            ItemKind::Projection(projection) => self.fail(projection.slot, environment),
            ItemKind::Part { slot, .. } | ItemKind::Binding(slot) => self.fail(*slot, environment),
            ItemKind::For { items, .. } => items.iter().for_each(|item| self.fail_item(item, environment)),
            ItemKind::If { then, otherwise, .. } => {
                then.iter().chain(otherwise).for_each(|item| self.fail_item(item, environment))
            }
            ItemKind::Constraint(_) => {}
        }
    }

    pub(super) fn truth(&mut self, condition: ExprId, environment: EnvironmentId) -> Option<bool> {
        let mut scope = self.scope(environment);
        let value = eval::eval_bool(condition, &mut scope, &mut NotBuilt);
        self.keep(value)
    }

    fn count(&mut self, span: Span) -> Option<()> {
        self.items += 1;
        if self.items <= MAX_ITEMS {
            return Some(());
        }
        self.net.cut_short = true;
        self.report(say::too_many_items(span, MAX_ITEMS))
    }

    /// A `let` or `data`. One that depends on states is an output of the circuit: it is evaluated when asked for.
    fn binding(&mut self, slot: SlotId, environment: EnvironmentId) {
        let mut scope = self.scope(environment);
        let value = eval::slot(slot, environment, Span::default(), &mut scope, &mut NotBuilt);
        match value {
            Ok(value) => {
                self.environment(environment).values.insert(slot, value);
            }
            Err(diagnostic) if diagnostic.rule.name == NEEDS_RUN.name => {}
            Err(diagnostic) => {
                self.sink.push(*diagnostic);
                self.fail(slot, environment);
            }
        }
    }

    fn part(
        &mut self,
        slot: SlotId,
        circuit: CircuitId,
        args: &[(SlotId, ExprId)],
        site: Site,
        span: Span,
    ) -> Option<()> {
        if self.types.tainted.endless(circuit) {
            self.fail(slot, site.environment);
            return Some(());
        }
        let given = self.arguments(args, site.environment);
        let prefix = format!("{}.", self.path(slot, site.indices, site.environment));
        let inner = self.new_environment(Owner::Circuit(circuit), prefix);
        self.add_item(slot, site.indices, site.environment, net::Item::Part(inner));
        self.circuit(circuit, inner, given, Use { overridable: Overridable::No, span, depth: site.depth + 1 })
    }

    fn each(&mut self, index: SlotId, over: Over, items: &'a [Item], site: Site) -> Option<()> {
        match over {
            Over::Range(lo, hi) => {
                let first = self.whole(lo, "the first index of a loop", site.environment);
                let end = self.whole(hi, "the end of a loop", site.environment);
                let (Some(first), Some(end)) = (first, end) else {
                    items.iter().for_each(|item| self.fail_item(item, site.environment));
                    return Some(());
                };
                for k in first..end {
                    self.count(self.span(lo))?;
                    self.pass((index, Value::Int(k)), k, items, site)?;
                }
                Some(())
            }
            Over::Values(values) => self.each_value(index, values, items, site),
        }
    }

    fn each_value(&mut self, index: SlotId, values: ExprId, items: &'a [Item], site: Site) -> Option<()> {
        let span = self.span(values);
        let array = match self.value(values, site.environment) {
            Some(Value::Array(array)) => array,
            found => {
                if found.is_some() {
                    self.sink.push(say_value::wrong_kind(span, "a range or an array", "something else"));
                }
                items.iter().for_each(|item| self.fail_item(item, site.environment));
                return Some(());
            }
        };
        let rows = array.shape.first().map_or(0, |n| *n as usize);
        let row = array.data.len() / rows.max(1);
        let mut seen = BTreeSet::new();
        for k in 0..rows {
            self.count(span)?;
            let value = element(&array, k, row);
            // Whole numbers name the items themselves, all else is counted.
            let key = match &value {
                Value::Int(n) => *n,
                Value::Real(x) if is_plain(&array) => number::whole(*x).unwrap_or(k as i64),
                _ => k as i64,
            };
            if !seen.insert(key) {
                self.sink.push(say::repeated_index(span, &key.to_string()));
                continue;
            }
            self.pass((index, value), key, items, site)?;
        }
        Some(())
    }

    /// One pass of a loop; `key` stands in the names of what it makes.
    fn pass(&mut self, index: (SlotId, Value), key: i64, items: &'a [Item], site: Site) -> Option<()> {
        let around = &self.net.environments[site.environment.0 as usize];
        let mut inner = Environment {
            values: around.values.clone(),
            items: net::Items::default(),
            failed: BTreeSet::new(),
            of_circuit: around.of_circuit,
            prefix: around.prefix.clone(),
            owner: around.owner,
            instance: Some(around.instance.unwrap_or(site.environment)),
        };
        inner.values.insert(index.0, index.1);
        self.net.environments.push(inner);
        let environment = EnvironmentId((self.net.environments.len() - 1) as u32);
        let mut indices = site.indices.to_vec();
        indices.push(key);
        self.items(items, Site { environment, indices: &indices, depth: site.depth })
    }
}

/// Numbers without unit: 5 ms is no index, in whatever unit times are held.
fn is_plain(array: &crate::types::ArrayValue) -> bool {
    matches!(array.element, Type::Real(Dimension::REAL) | Type::AnyReal)
}

/// Element (or row) `k` of an array.
fn element(array: &crate::types::ArrayValue, k: usize, row: usize) -> Value {
    match array.shape.len() {
        1 => number::element(array, k).value(),
        _ => Value::Array(std::sync::Arc::new(crate::types::ArrayValue {
            element: array.element.clone(),
            shape: array.shape.get(1..).unwrap_or(&[]).to_vec(),
            data: array.data.get(k * row..(k + 1) * row).unwrap_or(&[]).to_vec(),
        })),
    }
}
