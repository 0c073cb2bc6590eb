//! Conditions that never hold, or always do.
//!
//! In: the conditions of cells, of `connect where`, of `monitor` and `expect`, with the bounds of what they compare. Out: warnings, where
//! every population of every circuit that was built agrees. Of a condition with `and`, `or` and `not` each part is
//! judged by itself. What only parameters decide is configuration, and nothing is said of it; nor of `true` and
//! `false` as such.

use super::{Built, Program};
use crate::bound::{Bounds, Place, Site};
use crate::diagnose::{Diagnostic, Sink, condition as say};
use crate::hir::*;
use crate::interval::{Interval, Truth};
use crate::net;
use crate::resolve::graph;
use crate::units::show;
use circ_grammar::ast::{BinaryOp, Span, UnaryOp};
use std::collections::BTreeMap;

/// More populations of one circuit are not looked at.
const MOST_POPULATIONS: usize = 64;

pub fn decided(program: &Program<'_>, sink: &mut Sink) {
    let mut judge = Judge { program, found: BTreeMap::new() };
    for built in program.built {
        judge.built(built);
    }
    judge.found.into_values().flatten().for_each(|(_, message)| sink.push(message));
}

struct Judge<'a> {
    program: &'a Program<'a>,
    /// By place: what all instances agree in, with its message; none where they do not.
    found: BTreeMap<Span, Option<(Truth, Diagnostic)>>,
}

/// A condition, or a part of one.
struct Condition<'a> {
    expr: ExprId,
    /// "the condition of `spike`"
    whose: &'a str,
}

impl Judge<'_> {
    fn built(&mut self, built: &Built<'_>) {
        let (hir, main) = (self.program.hir, self.program.main());
        let mut bounds = Bounds::new(hir, self.program.types, built.net);
        for (index, population) in built.net.populations.iter().enumerate().take(MOST_POPULATIONS) {
            for (whose, root) in conditions_of(hir, hir.cell(population.cell)) {
                let site = Site::new(Place::Cell(index as u32), None);
                self.parts(
                    &Condition { expr: root, whose: &whose },
                    Some(population.cell),
                    &site,
                    &mut bounds,
                );
            }
        }
        for (index, projection) in built.net.projections.iter().enumerate() {
            if let net::Connect::Where(condition) = projection.connect
                && projection.connect_span.file == main
                && projection.mirrored().is_none()
            {
                let site = Site::new(Place::Pair(index as u32), Some(condition.environment));
                let whose = format!("the condition of `{}`", projection.path);
                self.parts(&Condition { expr: condition.expr, whose: &whose }, None, &site, &mut bounds);
            }
        }
        self.of_runs(built.net, &mut bounds);
    }

    /// `monitor`s, and what the experiment expects.
    fn of_runs(&mut self, net: &net::Net, bounds: &mut Bounds<'_>) {
        for constraint in &net.constraints {
            if let net::ConstraintKind::Monitor { condition, .. } = constraint.kind {
                let site = Site::new(Place::Outside, Some(constraint.environment));
                let whose = "the condition of this `monitor`";
                self.parts(&Condition { expr: condition, whose }, None, &site, bounds);
            }
        }
        let hir = self.program.hir;
        let mut open: Vec<&Statement> =
            match net.environments.get(net.experiment.0 as usize).map(|it| it.owner) {
                Some(net::Owner::Experiment(at)) => hir.experiments[at as usize].statements.iter().collect(),
                Some(net::Owner::Circuit(_) | net::Owner::Nobody) | None => vec![],
            };
        while let Some(statement) = open.pop() {
            match &statement.kind {
                StatementKind::Expect(condition) if looks_at_run(hir, *condition) => {
                    let site = Site::new(Place::Outside, Some(net.experiment));
                    let whose = "the condition of this `expect`";
                    self.parts(&Condition { expr: *condition, whose }, None, &site, bounds);
                }
                StatementKind::Run { until: Some(condition), .. } if looks_at_run(hir, *condition) => {
                    let site = Site::new(Place::Outside, Some(net.experiment));
                    let whose = "the condition of this `run`";
                    self.parts(&Condition { expr: *condition, whose }, None, &site, bounds);
                }
                other => open.extend(other.blocks().into_iter().flatten()),
            }
        }
    }

    /// Each comparison by itself.
    fn parts(
        &mut self,
        condition: &Condition<'_>,
        cell: Option<CellId>,
        site: &Site,
        bounds: &mut Bounds<'_>,
    ) {
        let hir = self.program.hir;
        let mut open = vec![condition.expr];
        while let Some(expr) = open.pop() {
            match &hir.expr(expr).kind {
                ExprKind::Binary { op: BinaryOp::And | BinaryOp::Or, left, right } => {
                    open.extend([*left, *right])
                }
                ExprKind::Unary { op: UnaryOp::Not, value } | ExprKind::Rising(value) => open.push(*value),
                ExprKind::Binary { .. } | ExprKind::InRange { .. } if !is_configuration(hir, cell, expr) => {
                    let part = format!("a part of {}", condition.whose);
                    let whose = if expr == condition.expr { condition.whose } else { &part };
                    self.judge(&Condition { expr, whose }, site, bounds)
                }
                _ => {}
            }
        }
    }

    fn judge(&mut self, condition: &Condition<'_>, site: &Site, bounds: &mut Bounds<'_>) {
        let at = self.program.hir.expr(condition.expr).span;
        if at.file != self.program.main() {
            return;
        }
        let truth = bounds.estimate(condition.expr, &mut site.clone()).as_truth();
        if let Some(before) = self.found.get_mut(&at) {
            if before.as_ref().is_some_and(|(other, _)| *other != truth) {
                *before = None;
            }
            return;
        }
        let message = self.message(condition, truth, site, bounds).map(|message| (truth, message));
        self.found.insert(at, message);
    }

    fn message(
        &self,
        condition: &Condition<'_>,
        truth: Truth,
        site: &Site,
        bounds: &mut Bounds<'_>,
    ) -> Option<Diagnostic> {
        if truth == Truth::Maybe {
            return None;
        }
        let expr = self.program.hir.expr(condition.expr);
        let mut shown = |part: ExprId| self.shown(part, bounds.estimate(part, &mut site.clone()).interval);
        let (left, relation, right) = match &expr.kind {
            ExprKind::Binary { op, left, right } => (shown(*left), words(*op)?, shown(*right)),
            ExprKind::InRange { value, lo, hi } => {
                (shown(*value), "between", format!("{} and {}", shown(*lo), shown(*hi)))
            }
            _ => return None,
        };
        match truth {
            Truth::Never => {
                let why = format!("{left} is never {relation} {right}");
                Some(say::never_true(expr.span, condition.whose, &why))
            }
            Truth::Always => {
                let why = format!("{left} is always {relation} {right}");
                Some(say::always_true(expr.span, condition.whose, &why))
            }
            Truth::Maybe => None,
        }
    }

    /// `-80 mV to -60 mV`
    fn shown(&self, expr: ExprId, interval: Interval) -> String {
        let dimension = self.program.types.expr(expr).dimension();
        let end = |x: f64| show(x, dimension);
        match (interval.lo, interval.hi) {
            (lo, hi) if lo == hi => end(lo),
            (lo, hi) if lo <= f64::MIN && f64::MAX <= hi => "any number".to_string(),
            (lo, hi) if f64::MAX <= hi => format!("{} or more", end(lo)),
            (lo, hi) if lo <= f64::MIN => format!("{} or less", end(hi)),
            (lo, hi) => format!("{} to {}", end(lo), end(hi)),
        }
    }
}

/// What a comparison says; none for arithmetic.
fn words(op: BinaryOp) -> Option<&'static str> {
    Some(match op {
        BinaryOp::Less => "below",
        BinaryOp::LessEqual => "at most",
        BinaryOp::Greater => "above",
        BinaryOp::GreaterEqual => "at least",
        BinaryOp::Equal => "equal to",
        BinaryOp::NotEqual => "other than",
        BinaryOp::Add
        | BinaryOp::Subtract
        | BinaryOp::Multiply
        | BinaryOp::Divide
        | BinaryOp::Power
        | BinaryOp::And
        | BinaryOp::Or => return None,
    })
}

/// Whether a condition compares measures, and reads nothing that statements change.
fn looks_at_run(hir: &Hir, condition: ExprId) -> bool {
    let (mut measures, mut changes) = (false, false);
    graph::walk(hir, condition, &mut |_, expr| match &expr.kind {
        ExprKind::Measure { .. } => measures = true,
        ExprKind::Ref(Ref::Slot(_)) => changes = true,
        _ => {}
    });
    measures && !changes
}

/// Of events, of blocks and of `if` in expressions, with whose they are.
fn conditions_of(hir: &Hir, cell: &Cell) -> Vec<(String, ExprId)> {
    let mut found = vec![];
    for event in &cell.events {
        found.extend(event.condition.map(|it| (format!("the condition of `{}`", event.name), it)));
        ifs_of(&event.body, &mut found);
    }
    cell.reactions.iter().for_each(|reaction| ifs_of(&reaction.body, &mut found));
    let equations = cell.equations.iter().chain(cell.modes.iter().flat_map(|mode| &mode.equations));
    let lets = cell.vars.iter().filter_map(|var| match var.kind {
        VarKind::Let { value } => Some(value),
        VarKind::Param { .. } | VarKind::State { .. } | VarKind::Port { .. } => None,
    });
    let couples = cell.couples.iter().map(|couple| couple.by);
    for root in equations.map(|equation| equation.value).chain(lets).chain(couples) {
        graph::walk(hir, root, &mut |_, expr| {
            if let ExprKind::If { condition, .. } = expr.kind {
                found.push((IF.to_string(), condition));
            }
        });
    }
    found
}

const IF: &str = "the condition of this `if`";

fn ifs_of(actions: &[Action], found: &mut Vec<(String, ExprId)>) {
    for action in actions {
        if let ActionKind::If { condition, then, otherwise } = &action.kind {
            found.push((IF.to_string(), *condition));
            ifs_of(then, found);
            ifs_of(otherwise, found);
        }
    }
}

/// Whether it reads parameters or constants with a name, and nothing that differs or changes.
fn is_configuration(hir: &Hir, cell: Option<CellId>, expr: ExprId) -> bool {
    let (mut named, mut varies) = (false, false);
    graph::walk(hir, expr, &mut |_, expr| match &expr.kind {
        ExprKind::Ref(Ref::Var(var)) => {
            let kind = cell.and_then(|cell| hir.cell(cell).vars.get(var.index())).map(|var| &var.kind);
            match kind {
                Some(VarKind::Param { .. }) => named = true,
                _ => varies = true,
            }
        }
        ExprKind::Ref(Ref::Global(_) | Ref::Slot(_) | Ref::OfCircuit(_) | Ref::Step | Ref::Size) => {
            named = true
        }
        ExprKind::Ref(Ref::Pi | Ref::Infinity) | ExprKind::Number { .. } | ExprKind::Bool(_) => {}
        ExprKind::Ref(_)
        | ExprKind::Derivative(_)
        | ExprKind::OfSegment { .. }
        | ExprKind::Draw { .. }
        | ExprKind::Noise(_)
        | ExprKind::Chance(_)
        | ExprKind::CallFn { .. }
        | ExprKind::Measure { .. }
        | ExprKind::Field { .. } => varies = true,
        _ => {}
    });
    // Where pairs are chosen, a condition without a pair is for [`super::no_synapse`].
    (named || cell.is_none()) && !varies
}
