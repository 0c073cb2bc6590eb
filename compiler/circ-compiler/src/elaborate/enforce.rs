//! `enforce`: which synapses are scaled, and in which order.
//!
//! In: `enforce` constraints, and those of the experiment's statements. Out: constraints in an order in which each
//! finds what its right side reads as it will stay; projections whose weights are scaled are marked, so that each
//! of their synapses gets a weight of its own. Two that scale the same synapses contradict each other, and so do
//! those that wait for each other in a circle.
//!
//! A rule of plasticity that changes weights which an `enforce` without `every` scales would undo it at once: that is refused;
//! so is, where bounds are known, one whose bounds leave no room for what is enforced with `every`.

use super::Elaborator;
use super::planned::{Planned, of_sheaf};
use crate::diagnose::constraint as say;
use crate::eval::synapses::Selection;
use crate::eval::{self, number};
use crate::hir::{self, ExprId, ExprKind, Rule, Statement, StatementKind};
use crate::net::{self, ConstraintKind, EnvironmentId};
use crate::resolve::graph;
use circ_grammar::ast::{BinaryOp, Span, UnaryOp};
use circ_plan::plan::Sign;

/// An `enforce` of the circuit.
pub(super) struct Enforced {
    constraint: net::Constraint,
    /// What it scales.
    pub left: Selection,
    /// What its right side reads.
    reads: Vec<Selection>,
    /// `g` where its right side is `g * weight_sum(...)`, of the one that it reads.
    ratio: Option<f64>,
    /// What the sums become, where that is one number that is known.
    pub value: Option<f64>,
    pub span: Span,
}

impl Elaborator<'_> {
    pub(super) fn enforce(
        &mut self,
        enforce: &hir::Enforce,
        environment: EnvironmentId,
        span: Span,
    ) -> Option<()> {
        let hir::Enforce { equation, every } = *enforce;
        let every_ms = match every {
            Some(every) => Some(self.interval(every, environment)?),
            None => None,
        };
        let (sum, value) = self.sides(self.untainted(equation)?)?;
        let left = self.scaled(sum, environment)?;
        if every.is_none() {
            self.undone(&left, span)?;
        }
        let mut reads = vec![];
        for measure in self.weight_sums_in(value) {
            let read = self.planned_selection(measure, environment);
            reads.push(self.keep(read)?);
        }
        let ratio = self.ratio(value, environment);
        self.reachable(value, &left, environment)?;
        let kind = ConstraintKind::Enforce(net::Enforce { sum, value, every_ms, equation });
        let constraint = net::Constraint { kind, environment, span };
        self.enforced.push(Enforced { constraint, left, reads, ratio, value: None, span });
        Some(())
    }

    /// Both sides; the form was checked before.
    pub(super) fn sides(&self, equation: ExprId) -> Option<(ExprId, ExprId)> {
        match self.hir.expr(equation).kind {
            ExprKind::Binary { left, right, .. } => Some((left, right)),
            _ => None,
        }
    }

    /// `g` of `g * weight_sum(...)`, also written as a quotient or with several factors.
    pub(super) fn ratio(&self, expr: ExprId, environment: EnvironmentId) -> Option<f64> {
        match &self.hir.expr(expr).kind {
            ExprKind::Measure { name, .. } if &**name == "weight_sum" => Some(1.0),
            ExprKind::Binary { op: BinaryOp::Multiply, left, right } => {
                let (sum, factor) =
                    if self.weight_sums_in(*left).is_empty() { (right, left) } else { (left, right) };
                Some(self.ratio(*sum, environment)? * self.factor(*factor, environment)?)
            }
            ExprKind::Binary { op: BinaryOp::Divide, left, right } => {
                Some(self.ratio(*left, environment)? / self.factor(*right, environment)?)
            }
            ExprKind::Unary { op: UnaryOp::Negate, value } => Some(-self.ratio(*value, environment)?),
            _ => None,
        }
    }

    /// Whether weights that keep their signs and stay as they are but for a factor can add up to this: to a number, or
    /// to so many times another sum.
    pub(super) fn reachable(
        &mut self,
        value: ExprId,
        left: &Selection,
        environment: EnvironmentId,
    ) -> Option<()> {
        let (at, wanted) = match self.weight_sums_in(value)[..] {
            [] => (value, self.factor(value, environment)),
            [sum] => {
                let read = self.planned_selection(sum, environment).ok();
                let inverted = read.and_then(|read| self.sign_of_sum(&read)) == Some(Sign::NotPositive);
                let ratio = self.ratio(value, environment);
                (self.factor_in(value), ratio.map(|ratio| if inverted { -ratio } else { ratio }))
            }
            [_, _, ..] => return Some(()),
        };
        let Some(wanted) = wanted else { return Some(()) };
        let span = self.span(at);
        if !wanted.is_finite() {
            return self.report(say::enforce_infinite(span));
        }
        if wanted == 0.0 {
            return self.report(say::enforce_nothing(span));
        }
        match self.sign_of_sum(left) {
            Some(Sign::NotNegative) if wanted < 0.0 => self.report(say::enforce_sign(span, "below")),
            Some(Sign::NotPositive) if 0.0 < wanted => self.report(say::enforce_sign(span, "above")),
            _ => Some(()),
        }
    }

    /// The sign that all weights of a sum have, where port or source demand one. Of a ratio of two sums of which one
    /// may have any sign nothing is known.
    fn sign_of_sum(&self, sum: &Selection) -> Option<Sign> {
        let mut signs =
            sum.sheaves.iter().map(|sheaf| Some(self.net.projections.get(sheaf.projection as usize)?.sign));
        let first = signs.next()??;
        (first != Sign::Free && signs.all(|sign| sign == Some(first))).then_some(first)
    }

    /// The factor of `-4 * weight_sum(...)`, to point at; of more than a product of two the whole.
    fn factor_in(&self, value: ExprId) -> ExprId {
        match self.hir.expr(value).kind {
            ExprKind::Binary { op: BinaryOp::Multiply | BinaryOp::Divide, left, right } => {
                let is_sum = |expr: ExprId| matches!(self.hir.expr(expr).kind, ExprKind::Measure { .. });
                match (is_sum(left), is_sum(right)) {
                    (true, false) => right,
                    (false, true) => left,
                    _ => value,
                }
            }
            _ => value,
        }
    }

    fn factor(&self, expr: ExprId, environment: EnvironmentId) -> Option<f64> {
        let value = eval::eval(expr, &mut self.scope(environment), &mut eval::NotBuilt).ok()?;
        number::number(&value).map(number::Number::real)
    }

    /// A sum by what the `enforce`s make of it: how many times which other sum it is, and the first `enforce` that says
    /// so. Those that wait for each other in a circle were told before.
    pub(super) fn in_terms_of(&self, sum: &Selection) -> (f64, Selection, Option<Span>) {
        let (mut factor, mut sum, mut first) = (1.0, sum.clone(), None);
        for _ in 0..self.enforced.len() {
            let scales = |it: &&Enforced| it.left == sum;
            let Some(enforced) = self.enforced.iter().find(scales) else { break };
            let (Some(ratio), [read]) = (enforced.ratio, &enforced.reads[..]) else { break };
            factor *= ratio;
            first = first.or(Some(enforced.span));
            sum = read.clone();
        }
        (factor, sum, first)
    }

    /// What a `weight_sum` adds up; its projections are marked.
    fn scaled(&mut self, sum: ExprId, environment: EnvironmentId) -> Option<Selection> {
        let selection = self.planned_selection(sum, environment);
        let selection = self.keep(selection)?;
        let shared = |at: u32| {
            let projection = self.net.projections.get(at as usize)?;
            let both = projection.two_ways.then_some(projection.span);
            projection.share.map(|share| share.span).or(both)
        };
        if let Some(share) = selection.sheaves.iter().find_map(|sheaf| shared(sheaf.projection)) {
            return self.report(say::enforce_shared(self.span(sum), share));
        }
        for sheaf in &selection.sheaves {
            if let Some(projection) = self.net.projections.get_mut(sheaf.projection as usize) {
                projection.scaled = true;
            }
        }
        Some(selection)
    }

    /// Weights that a rule changes, or synapses that it rewires, do not stay as an `enforce` makes them once.
    fn undone(&mut self, left: &Selection, span: Span) -> Option<()> {
        let learns = |at: u32| {
            let plasticity = self.net.projections.get(at as usize)?.plasticity.as_ref()?;
            let rule = self.hir.rule(plasticity.rule);
            (rule.changes(Rule::WEIGHT) || rule.rewire.is_some())
                .then(|| (rule.name.clone(), plasticity.span))
        };
        match left.sheaves.iter().find_map(|sheaf| learns(sheaf.projection)) {
            Some((rule, attached)) => self.report(say::enforce_undone(span, &rule, attached)),
            None => Some(()),
        }
    }

    pub(super) fn weight_sums_in(&self, expr: ExprId) -> Vec<ExprId> {
        let mut found = vec![];
        graph::walk(self.hir, expr, &mut |id, expr| {
            if matches!(&expr.kind, ExprKind::Measure { name, .. } if &**name == "weight_sum") {
                found.push(id);
            }
        });
        found
    }

    /// Statements of the experiment that scale weights while it runs.
    pub(super) fn experiment_enforces(&mut self, statements: &[Statement], environment: EnvironmentId) {
        for statement in statements {
            match &statement.kind {
                StatementKind::Enforce(equation) => {
                    let sides = self.untainted(*equation).and_then(|equation| self.sides(equation));
                    if let Some((sum, _)) = sides {
                        self.scaled(sum, environment);
                    }
                }
                other => {
                    other.blocks().into_iter().for_each(|block| self.experiment_enforces(block, environment))
                }
            }
        }
    }

    /// When all are read: contradictions, and the order in which they are met.
    pub(super) fn order_enforces(&mut self) {
        self.report_overlaps();
        let mut waiting: Vec<usize> = (0..self.enforced.len()).collect();
        while let Some(at) = waiting.iter().position(|next| !self.waits(*next, &waiting)) {
            let next = waiting.remove(at);
            self.enforced[next].value = self.enforced_value(next);
            self.net.kept_sums.extend(self.kept_sum(next));
            self.net.constraints.push(self.enforced[next].constraint.clone());
        }
        // The rest waits for each other.
        if let Some((first, others)) = waiting.split_first() {
            let spans = others.iter().map(|other| self.enforced[*other].span).collect::<Vec<_>>();
            self.sink.push(say::enforced_in_circle(self.enforced[*first].span, &spans));
        }
    }

    fn report_overlaps(&mut self) {
        for k in 0..self.enforced.len() {
            let (before, this) = (&self.enforced[..k], &self.enforced[k]);
            if let Some(other) = before.iter().find(|other| other.left.overlaps(&this.left)) {
                self.sink.push(say::enforced_twice(this.span, other.span));
            }
        }
    }

    /// Whether one reads what another that was not met yet, or it itself, scales.
    fn waits(&self, which: usize, waiting: &[usize]) -> bool {
        let reads = &self.enforced[which].reads;
        waiting.iter().any(|other| reads.iter().any(|read| read.overlaps(&self.enforced[*other].left)))
    }

    /// What is kept so while the network runs, if it is known, for whoever knows the bounds of rules.
    fn kept_sum(&self, which: usize) -> Option<net::KeptSum> {
        let Enforced { constraint, left, value, span, .. } = &self.enforced[which];
        let ConstraintKind::Enforce(net::Enforce { every_ms: Some(_), .. }) = constraint.kind else {
            return None;
        };
        let mut of = vec![];
        for sheaf in &left.sheaves {
            let projection = self.net.projections.get(sheaf.projection as usize)?;
            let mut most = 0.0_f64;
            of_sheaf(left, sheaf, projection, &self.net, |_, (_, hi)| {
                most = most.max(hi);
                Some(())
            })?;
            of.push((sheaf.projection, most));
        }
        Some(net::KeptSum { span: *span, total: (*value)?, of })
    }

    fn enforced_value(&self, which: usize) -> Option<f64> {
        let Enforced { constraint, .. } = &self.enforced[which];
        let ConstraintKind::Enforce(enforce) = constraint.kind else { return None };
        let mut world = Planned { hir: self.hir, types: self.types, net: &self.net };
        let value = eval::eval(enforce.value, &mut self.scope(constraint.environment), &mut world).ok()?;
        number::number(&value).map(number::Number::real)
    }
}
