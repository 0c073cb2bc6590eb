//! Statements of a rule, one after the other.
//!
//! In: a block, and the values of `w`, `d` and the states before it. Out: their values after it, and what it delivers.
//! Blocks are computed whole and selected by their masks, as those of cells are.

use circ_grammar::ast::{AssignOp, BinaryOp, Span};
use circ_plan::ir::*;

use super::super::context::{Draws, Lowerer, Site};
use super::place::LEARNS;
use crate::hir::*;

/// What a block did besides changing values.
#[derive(Default)]
pub struct Done {
    /// What it delivers, and where it delivers anything; nothing: it never does.
    pub sent: Option<Sent>,
    /// What was assigned, as it is to be checked.
    pub assigned: Vec<(ValueId, Span, VarId)>,
}

pub struct Sent {
    /// NaN where nothing is delivered.
    pub value: ValueId,
    /// 0 there.
    pub checked: ValueId,
    pub span: Span,
}

impl<'a> Lowerer<'a, '_, '_> {
    /// A block, with the draws of its trigger.
    pub fn rule_block(&mut self, rule: &'a Rule, declaration: &str, body: &[RuleAction]) -> Done {
        self.draws = Draws { declaration: super::scope::drawn_as(declaration), salt: 0 };
        let mut done = Done::default();
        self.rule_actions(rule, body, &mut done);
        done
    }

    fn rule_actions(&mut self, rule: &'a Rule, body: &[RuleAction], done: &mut Done) {
        for action in body {
            match &action.kind {
                RuleActionKind::Assign { target, op, value } => {
                    self.rule_assign(rule, *target, *op, *value, action.span, done);
                }
                RuleActionKind::Let { local, value } => {
                    let value = self.expr(*value);
                    self.locals.insert(*local, value);
                }
                RuleActionKind::If { condition, then, otherwise } => {
                    let condition = self.truth(*condition);
                    let not = self.b.not(condition);
                    self.rule_masked(condition, |this| this.rule_actions(rule, then, done));
                    if !otherwise.is_empty() {
                        self.rule_masked(not, |this| this.rule_actions(rule, otherwise, done));
                    }
                }
                RuleActionKind::Transmit(value) => {
                    let value = self.float(*value);
                    self.transmit(value, action.span, done);
                }
            }
        }
    }

    fn transmit(&mut self, value: ValueId, span: Span, done: &mut Done) {
        let (nothing, zero) = (self.b.float(f64::NAN), self.b.float(0.0));
        let (before, checked) = done.sent.as_ref().map_or((nothing, zero), |sent| (sent.value, sent.checked));
        let sent = match self.mask {
            None => Sent { value, checked: value, span },
            Some(mask) => Sent {
                value: self.b.select(mask, value, before),
                checked: self.b.select(mask, value, checked),
                span,
            },
        };
        done.sent = Some(sent);
    }

    /// Runs statements, and keeps what they did where the mask holds.
    pub fn rule_masked(&mut self, mask: ValueId, run: impl FnOnce(&mut Self)) {
        let outer = self.mask;
        let whole = match outer {
            Some(outer) => self.b.and(outer, mask),
            None => mask,
        };
        self.mask = Some(whole);
        let before = self.all_learned();
        run(self);
        let after = self.all_learned();
        self.mask = outer;
        self.restore_learned(before.clone());
        for (var, value) in after {
            let old = match before.get(&var) {
                Some(old) => *old,
                None => self.learned_before(var),
            };
            let merged = self.choose(mask, value, old);
            self.learn(var, merged);
        }
    }

    fn rule_assign(
        &mut self,
        rule: &'a Rule,
        target: VarId,
        op: AssignOp,
        value: ExprId,
        span: Span,
        done: &mut Done,
    ) {
        let before = self.learned(target);
        let ty = self.b.ty(before);
        let given = self.one(value);
        let operator = match op {
            AssignOp::Set => None,
            AssignOp::Add => Some(BinaryOp::Add),
            AssignOp::Subtract => Some(BinaryOp::Subtract),
            AssignOp::Multiply => Some(BinaryOp::Multiply),
        };
        let given = if ty == Ty::Int && operator.is_some() { self.as_int(given) } else { given };
        let after = operator.map_or(given, |operator| self.binary(operator, before, given, span));
        let after = self.to(ty, after);
        let after = self.bounded(rule, target, after);
        if ty == Ty::Float && self.b.float_constant(after).is_none_or(|x| !x.is_finite()) {
            let checked = match self.mask {
                Some(mask) => {
                    let zero = self.b.float(0.0);
                    self.b.select(mask, after, zero)
                }
                None => after,
            };
            done.assigned.push((checked, span, target));
        }
        let after = self.unless_frozen(target, before, after);
        self.learn(target, after);
    }

    /// Within the bounds of the rule. A weight that is shared is held to them when all changes of a tick were added up.
    pub fn bounded(&mut self, rule: &'a Rule, var: VarId, value: ValueId) -> ValueId {
        if var == Rule::WEIGHT && self.shares_weight() {
            return value;
        }
        self.within_bounds(rule, var, value)
    }

    /// Whether the synapse at hand shares its weight with others.
    pub fn shares_weight(&self) -> bool {
        matches!(&self.site, Site::Pair(site) if site.rule.is_some() && site.net.shares())
    }

    /// Within the bounds of the rule. A NaN stays one.
    pub fn within_bounds(&mut self, rule: &'a Rule, var: VarId, value: ValueId) -> ValueId {
        let mut value = value;
        for bounds in rule.bounds.iter().filter(|bounds| bounds.var == var) {
            let outer = self.mask.take();
            let (lo, hi) = (self.one(bounds.lo), self.one(bounds.hi));
            self.mask = outer;
            value = self.clamp(value, Some(lo), Some(hi));
        }
        value
    }

    /// `w` and `d` keep their values while plasticity is frozen.
    pub fn unless_frozen(&mut self, var: VarId, before: ValueId, after: ValueId) -> ValueId {
        if self.synapse().is_none() || (var != Rule::WEIGHT && var != Rule::DELAY) {
            return after;
        }
        let learns = self.b.uniform(LEARNS, Ty::Bool);
        self.b.select(learns, after, before)
    }
}
