//! Statements of an experiment: what can be told of them before the run.
//!
//! In: statements, when the network is there. Out: messages about durations between two ticks, views without such a
//! cell, and values that are wrong whatever the run does. What reads a `let` that statements change, or the network
//! while it runs, is left to the run.

use super::Elaborator;
use crate::diagnose::Diagnostic;
use crate::diagnose::structure::not_yet;
use crate::diagnose::time as say;
use crate::diagnose::value::{self as say_value, NEEDS_RUN};
use crate::eval::{self, Evaluated, NotBuilt, Scope, Thing};
use crate::hir::{Experiment, ExprId, ExprKind, Hir, Over, Ref, SlotId, SlotKind, Statement, StatementKind};
use crate::net::EnvironmentId;
use crate::resolve::graph;
use crate::types::{Type, Value};
use circ_plan::plan::{Indices, Pairing, Segment};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Loops within so many others are looked at with their first value only.
const FEW_LOOPS: usize = 3;
/// No loop of an experiment goes on for longer.
const MOST_PASSES: i64 = 1_000_000_000;

impl Elaborator<'_> {
    pub(super) fn look_at_statements(&mut self, experiment: &Experiment, environment: EnvironmentId) {
        let changed = changed(self.hir, experiment, &experiment.assigned());
        let records = RefCell::new(Records { values: vec![], known: true });
        let look = Look { changed, bound: BTreeSet::new(), experiment, environment, records: &records };
        look.statements(&experiment.statements, self);
    }
}

struct Look<'a> {
    /// `let`s whose value depends on which statements have run.
    changed: BTreeSet<SlotId>,
    /// Indices of the loops around that have a value here.
    bound: BTreeSet<SlotId>,
    experiment: &'a Experiment,
    environment: EnvironmentId,
    records: &'a RefCell<Records>,
}

/// What was recorded by the statements so far.
struct Records {
    /// By population and name, for some cells.
    values: Vec<(u32, Arc<str>, Indices)>,
    /// Whether that is all: the run may decide.
    known: bool,
}

impl Records {
    /// A cell of a part of a view that was not recorded.
    fn lacks(&self, part: &Segment, name: &str) -> Option<u32> {
        let of = |(population, named, _): &&(u32, Arc<str>, Indices)| {
            *population == part.population && **named == *name
        };
        let there: Vec<&Indices> = self.values.iter().filter(of).map(|(_, _, cells)| cells).collect();
        if there.iter().any(|cells| **cells == part.cells) {
            return None;
        }
        let all: BTreeSet<u32> =
            there.iter().flat_map(|cells| (0..cells.len()).map(|position| cells.get(position))).collect();
        (0..part.cells.len()).map(|position| part.cells.get(position)).find(|cell| !all.contains(cell))
    }
}

impl Look<'_> {
    fn statements(&self, statements: &[Statement], net: &mut Elaborator<'_>) {
        statements.iter().for_each(|statement| self.statement(&statement.kind, net));
    }

    fn statement(&self, statement: &StatementKind, net: &mut Elaborator<'_>) {
        match statement {
            StatementKind::Binding(slot) => self.binding(*slot, net),
            StatementKind::Assign { element, value, .. } => {
                element.iter().for_each(|element| self.value(*element, net));
                self.value(*value, net);
            }
            StatementKind::Expect(value) => self.value(*value, net),
            StatementKind::Print(values) | StatementKind::Report(values) => {
                values.iter().for_each(|value| self.value(*value, net));
            }
            StatementKind::Plot(values) => values.iter().for_each(|value| self.plot(*value, net)),
            StatementKind::Record { what, every } => {
                what.iter().for_each(|what| self.record(*what, net));
                every.iter().for_each(|every| self.interval(*every, net));
            }
            StatementKind::Run { duration, until } => {
                self.ticks(*duration, "the run", net);
                until.iter().for_each(|until| self.value(*until, net));
            }
            StatementKind::If { condition, then, otherwise } => {
                match self.ask(*condition, net, |scope| eval::eval_bool(*condition, scope, &mut NotBuilt)) {
                    Some(holds) => self.statements(if holds { then } else { otherwise }, net),
                    None => [then, otherwise].into_iter().for_each(|branch| self.statements(branch, net)),
                }
            }
            StatementKind::For { index, over, body, .. } => self.passes(*index, *over, body, net),
            StatementKind::Repeat { body, until } => {
                self.statements(body, net);
                self.value(*until, net);
            }
            StatementKind::Clamp { target, .. } | StatementKind::Freeze(target) => {
                self.recorded(*target, net)
            }
            StatementKind::Release(targets) => {
                targets.iter().for_each(|target| self.recorded(*target, net));
            }
            StatementKind::Enforce(equation) => self.enforce(*equation, net),
            StatementKind::Reset { what, except } => {
                what.iter().chain(except).for_each(|target| self.recorded(*target, net));
            }
            StatementKind::FreezePlasticity { of: targets, .. }
            | StatementKind::Fire(targets)
            | StatementKind::Silence(targets) => {
                targets.iter().for_each(|target| self.recorded(*target, net));
            }
            // A `set` of cells is judged by its parameter, a drive with the circuit.
            StatementKind::Set { target, .. } => self.set(*target, net),
            StatementKind::Drive(_) | StatementKind::Save(_) | StatementKind::Load(_) => {}
        }
    }

    /// The body of a loop, with the first and the last value of its index where these are known.
    fn passes(&self, index: SlotId, over: Over, body: &[Statement], net: &mut Elaborator<'_>) {
        let Some(mut values) = self.ends(over, net) else { return self.statements(body, net) };
        if FEW_LOOPS <= self.bound.len() {
            values.truncate(1);
        }
        let mut bound = self.bound.clone();
        bound.insert(index);
        let assigned = self.experiment.assigned().difference(&bound).copied().collect();
        let changed = changed(net.hir, self.experiment, &assigned);
        let Look { experiment, environment, records, .. } = *self;
        let look = Look { changed, bound, experiment, environment, records };
        let at = self.environment.0 as usize;
        for value in values {
            let before = net.sink.so_far().len();
            net.net.environments[at].values.insert(index, value);
            look.statements(body, net);
            net.net.environments[at].values.remove(&index);
            if before < net.sink.so_far().len() {
                return;
            }
        }
    }

    /// The first and the last value; none where nothing is passed, nothing known where the run decides.
    fn ends(&self, over: Over, net: &mut Elaborator<'_>) -> Option<Vec<Value>> {
        match over {
            Over::Range(lo, hi) => {
                let whole = |net: &mut Elaborator<'_>, expr, what| {
                    self.ask(expr, net, |scope| eval::eval_whole(expr, what, scope, &mut NotBuilt))
                };
                let first = whole(net, lo, "the first index of a loop");
                let end = whole(net, hi, "the end of a loop");
                let (first, end) = (first?, end?);
                if first.checked_add(MOST_PASSES).is_some_and(|most| most < end) {
                    let message = say_value::too_many_passes(net.span(lo).to(net.span(hi)));
                    net.sink.push(message);
                    return Some(vec![]);
                }
                Some(match end.saturating_sub(first) {
                    ..=0 => vec![],
                    1 => vec![Value::Int(first)],
                    _ => vec![Value::Int(first), Value::Int(end - 1)],
                })
            }
            Over::Values(values) => {
                let found = self.ask(values, net, |scope| eval::eval(values, scope, &mut NotBuilt))?;
                let Value::Array(array) = found else { return None };
                let rows = eval::rows(&array);
                Some(match &rows[..] {
                    [] => vec![],
                    [one] => vec![one.clone()],
                    [first, .., last] => vec![first.clone(), last.clone()],
                })
            }
        }
    }

    fn binding(&self, slot: SlotId, net: &mut Elaborator<'_>) {
        let declared = &self.experiment.slots[slot.index()];
        let (ty, expr): (Option<&Type>, ExprId) = match &declared.kind {
            SlotKind::Let { declared, value } => (declared.as_ref(), *value),
            SlotKind::Data { declared, value } => (Some(declared), *value),
            _ => return,
        };
        self.ask(expr, net, |scope| eval::eval_binding(&declared.name, expr, ty, scope, &mut NotBuilt));
    }

    fn enforce(&self, equation: ExprId, net: &mut Elaborator<'_>) {
        if net.untainted(equation).is_none() || reads(net.hir, equation, &self.changed) {
            return;
        }
        let Some((sum, value)) = net.sides(equation) else { return };
        if let Ok(left) = net.planned_selection(sum, self.environment) {
            net.reachable(value, &left, self.environment);
        }
    }

    /// What is a `let` of the statements was judged where it is bound.
    fn value(&self, expr: ExprId, net: &mut Elaborator<'_>) {
        if let ExprKind::Ref(Ref::Slot(slot)) = net.hir.expr(expr).kind
            && let SlotKind::Let { .. } = self.experiment.slots[slot.index()].kind
        {
            return;
        }
        self.ask(expr, net, |scope| eval::eval(expr, scope, &mut NotBuilt));
    }

    /// Notes which values are there from here on.
    fn record(&self, expr: ExprId, net: &mut Elaborator<'_>) {
        self.recorded(expr, net);
        if reads(net.hir, expr, &self.changed) {
            return self.records.borrow_mut().known = false;
        }
        let thing = eval::thing(expr, &mut net.scope(self.environment), &mut NotBuilt);
        if let Ok(Thing::Member { view, names, .. }) = thing {
            let values =
                names.of(&view).map(|(part, name)| (part.population, name.clone(), part.cells.clone()));
            self.records.borrow_mut().values.extend(values);
        }
    }

    /// Values of cells are drawn where they were recorded; events are always known.
    fn plot(&self, expr: ExprId, net: &mut Elaborator<'_>) {
        let is_events = matches!(net.types.exprs.get(expr.index()), Some(Type::Events | Type::View(_)));
        if matches!(net.hir.expr(expr).kind, ExprKind::Measure { .. }) || is_events {
            return self.recorded(expr, net);
        }
        let thing = self.ask(expr, net, |scope| eval::thing(expr, scope, &mut NotBuilt));
        let (Some(Thing::Member { view, names, .. }), true) = (thing, self.records.borrow().known) else {
            return;
        };
        for (part, name) in names.of(&view) {
            if let Some(cell) = self.records.borrow().lacks(part, name) {
                let path = &net.net.populations[part.population as usize].path;
                return net
                    .sink
                    .push(say_value::not_recorded(net.span(expr), &format!("`{path}[{cell}].{name}`")));
            }
        }
    }

    /// A view, or a measure of one.
    fn recorded(&self, expr: ExprId, net: &mut Elaborator<'_>) {
        match &net.hir.expr(expr).kind {
            ExprKind::Measure { args, .. } => {
                for view in args.iter().map(|arg| arg.value) {
                    self.ask(view, net, |scope| eval::thing(view, scope, &mut NotBuilt));
                }
            }
            _ => {
                self.ask(expr, net, |scope| eval::thing(expr, scope, &mut NotBuilt));
            }
        }
    }

    /// Weights that no rule changes are set in projections that are marked; what else there is of their synapses is not.
    fn set(&self, expr: ExprId, net: &mut Elaborator<'_>) {
        let path = match net.hir.expr(expr).kind {
            ExprKind::Index { base, .. } => base,
            _ => expr,
        };
        if reads(net.hir, path, &self.changed) {
            return;
        }
        let mut scope = net.scope(self.environment);
        // What is wrong with the path is said by those who read its value.
        let Ok(thing) = eval::thing(path, &mut scope, &mut NotBuilt) else { return };
        let Some((projections, name)) = eval::synapses_of(&thing, &scope) else { return };
        for at in projections {
            let Some(projection) = net.net.projections.get_mut(at as usize) else { continue };
            if projection.plasticity.is_some() {
                continue;
            }
            let what = match (&*name, projection.pairing) {
                ("w", Pairing::Ordered) if !projection.both_ways => {
                    projection.set = true;
                    continue;
                }
                ("w", _) => "the weights of a projection in both directions",
                _ => "delays that no rule changes",
            };
            let what = format!("`set` of {what}, as those of `{}`,", projection.path);
            return net.sink.push(not_yet(net.span(expr), &what));
        }
    }

    /// At least one step.
    fn interval(&self, every: ExprId, net: &mut Elaborator<'_>) {
        let what = "the interval of recording";
        if let (Some(0), Some(step)) = (self.ticks(every, what, net), net.step()) {
            net.sink.push(say::duration_too_short(net.span(every), what, step));
        }
    }

    fn ticks(&self, duration: ExprId, what: &str, net: &mut Elaborator<'_>) -> Option<i64> {
        let milliseconds =
            self.ask(duration, net, |scope| eval::eval_real(duration, scope, &mut NotBuilt))?;
        net.on_grid(milliseconds, net.span(duration), what)
    }

    /// The value of what needs no run; what is wrong with it is reported.
    fn ask<T>(
        &self,
        expr: ExprId,
        net: &mut Elaborator<'_>,
        ask: impl FnOnce(&mut Scope) -> Evaluated<T>,
    ) -> Option<T> {
        if reads(net.hir, expr, &self.changed) {
            return None;
        }
        let asked = ask(&mut net.scope(self.environment));
        match asked {
            Ok(value) => Some(value),
            Err(diagnostic) if is_left_to_the_run(&diagnostic) => None,
            Err(diagnostic) => {
                net.sink.push(*diagnostic);
                None
            }
        }
    }
}

fn is_left_to_the_run(diagnostic: &Diagnostic) -> bool {
    diagnostic.rule.name == NEEDS_RUN.name
}

/// These, which statements change, and the `let`s that read one of them.
pub(super) fn changed(hir: &Hir, experiment: &Experiment, assigned: &BTreeSet<SlotId>) -> BTreeSet<SlotId> {
    let mut changed = assigned.clone();
    // A `let` may read one that is written below it.
    let mut before = usize::MAX;
    while before != changed.len() {
        before = changed.len();
        for (at, slot) in experiment.slots.iter().enumerate() {
            if let SlotKind::Let { value, .. } = &slot.kind
                && reads(hir, *value, &changed)
            {
                changed.insert(SlotId(at as u32));
            }
        }
    }
    changed
}

pub(super) fn reads(hir: &Hir, root: ExprId, slots: &BTreeSet<SlotId>) -> bool {
    let mut found = false;
    graph::walk(hir, root, &mut |_, expr| {
        found |= matches!(expr.kind, ExprKind::Ref(Ref::Slot(slot)) if slots.contains(&slot));
    });
    found
}
