//! Plasticity rules: every rule once, with the weight as a dimension of its own, and what it reads of cells open.
//!
//! In: rules whose variables have types. Out: reports. What is right here is right of the weights of any port;
//! [`super::attach`] looks again where a rule reads the cells at both ends.

use super::Checker;
use super::demand::fits;
use crate::diagnose::{rule as say, structure, typing};
use crate::hir::*;
use crate::types::{Dimension, Type};
use circ_grammar::ast::{AssignOp, Span};

const REAL: Type = Type::Real(Dimension::REAL);

impl<'a> Checker<'a> {
    pub fn rules(&mut self) {
        for at in 0..self.hir.rules.len() {
            let id = RuleId(at as u32);
            let before = self.sink.so_far().len();
            self.rule(id);
            if before < self.sink.so_far().len() {
                self.broken_rules.insert(id);
            }
        }
    }

    /// With the dimension of the port in the place of the weight, where the rule is attached to one.
    pub(super) fn of_rule(&self, declared: &Type) -> Type {
        self.attached.map_or_else(|| declared.clone(), |weight| declared.with_weight(weight))
    }

    /// The type of a variable of a rule.
    pub(super) fn rule_var(&mut self, var: &'a RuleVar) -> Type {
        let declared = var.declared.as_ref().map(|declared| self.of_rule(declared));
        let (range, value) = match &var.kind {
            RuleVarKind::Weight => return self.of_rule(&Type::Real(Dimension::WEIGHT)),
            RuleVarKind::Delay => return Type::Real(Dimension::TIME),
            RuleVarKind::Modulator => return declared.unwrap_or(Type::Error),
            RuleVarKind::Trace { dynamics: TraceKind::Spikes { .. }, .. } => {
                if let Some(declared) = declared.filter(|declared| !fits(&REAL, declared)) {
                    let name = format!("`{}`, which counts spikes,", var.name);
                    self.sink.push(typing::must_be(var.span, &name, &REAL, &declared, None));
                }
                return REAL;
            }
            RuleVarKind::Param { range, default } => (*range, *default),
            RuleVarKind::Let { value }
            | RuleVarKind::Synapse { initial: value }
            | RuleVarKind::Trace { dynamics: TraceKind::Block { initial: value, .. }, .. } => {
                (None, Some(*value))
            }
        };
        let ty = self.value_type(&var.name, var.span, declared.as_ref(), value);
        if let (Type::Text, Some(value)) = (&ty, value) {
            self.sink.push(typing::wrong_type(self.span(value), "a number", &ty));
            return Type::Error;
        }
        self.in_range(&ty, range, &var.name, var.span);
        ty
    }

    /// Everything of a rule but the values of its declarations.
    pub(super) fn rule(&mut self, id: RuleId) {
        let rule = self.hir.rule(id);
        self.owner = Owner::Rule(id);
        for (_, var) in rule.declared() {
            match &var.kind {
                RuleVarKind::Trace { dynamics: TraceKind::Spikes { tau, .. }, .. } => {
                    self.demand_time(*tau, &format!("the time constant of `{}`", var.name));
                }
                RuleVarKind::Trace { dynamics: TraceKind::Block { equation, reactions, .. }, .. } => {
                    equation.iter().for_each(|equation| self.rule_equation(id, equation));
                    reactions.iter().for_each(|reaction| self.rule_actions(id, &reaction.body));
                }
                RuleVarKind::Weight | RuleVarKind::Delay | RuleVarKind::Param { .. } => {}
                RuleVarKind::Modulator | RuleVarKind::Let { .. } | RuleVarKind::Synapse { .. } => {}
            }
        }
        rule.equations.iter().for_each(|equation| self.rule_equation(id, equation));
        for hook in &rule.hooks {
            if let HookKind::Every(interval) = hook.when {
                self.demand_time(interval, "the interval of `every`");
            }
            self.rule_actions(id, &hook.body);
        }
        for bounds in &rule.bounds {
            let var = &rule.vars[bounds.var.index()];
            let due = self.types.rule_vars[id.index()][bounds.var.index()].clone();
            self.in_range(&due, Some((bounds.lo, bounds.hi)), &var.name, bounds.span);
        }
        if let Some(rewire) = &rule.rewire {
            self.demand_time(rewire.interval, "the interval of `rewire`");
            rewire.prune.iter().for_each(|pick| self.pick(pick));
            for (budget, pick) in &rewire.grow {
                if let Budget::Number(number) = budget {
                    self.infer(*number);
                    self.demand_whole(*number, "the number of synapses");
                }
                self.pick(pick);
            }
        }
    }

    fn pick(&mut self, pick: &Pick) {
        match pick {
            Pick::Where(condition) => {
                self.infer(*condition);
                self.condition(*condition);
            }
            Pick::Extreme { share, by, .. } => {
                if let Some(share) = share {
                    self.infer(*share);
                    // `lowest 10` are ten, `lowest 10 %` a part.
                    let literal = matches!(self.hir.expr(*share).kind, ExprKind::Number { plain: true, value, .. }
                        if value.fract() == 0.0);
                    if !literal || !self.make_whole(*share) {
                        self.part_or_number(*share);
                    }
                }
                match self.infer(*by) {
                    Type::Real(_) | Type::AnyReal | Type::Int | Type::Error => {}
                    other => self.sink.push(typing::not_a_number(self.span(*by), &other)),
                }
            }
            Pick::Random => {}
        }
    }

    /// An `int` is how many, any other number which part.
    fn part_or_number(&mut self, share: ExprId) {
        if self.ty(share) != Type::Int {
            self.demand(share, &REAL, "the part of the synapses that is pruned", None);
        }
    }

    /// `factor * x' = value`
    fn rule_equation(&mut self, id: RuleId, equation: &Equation) {
        let value = self.infer(equation.value);
        let factor = equation.factor.map(|factor| (factor, self.infer(factor)));
        let name = &self.hir.rule(id).vars[equation.var.index()].name;
        let state = match &self.types.rule_vars[id.index()][equation.var.index()] {
            Type::Real(dimension) => *dimension,
            Type::AnyReal => Dimension::REAL,
            Type::Error => return,
            other => {
                self.sink.push(structure::discrete_equation(equation.span, name, &typing::words(other)));
                return;
            }
        };
        let scale = match factor {
            None | Some((_, Type::Int)) => Dimension::REAL,
            Some((_, Type::Real(dimension))) => dimension,
            Some((_, Type::Error)) => return,
            Some((factor, other)) => {
                self.sink.push(typing::not_a_number(self.span(factor), &other));
                return;
            }
        };
        let Some(due) = scale.times(state).and_then(|due| due.per(Dimension::TIME)) else {
            self.sink.push(typing::too_high_powers(equation.span));
            return;
        };
        let due = Type::Real(due);
        if fits(&value, &due) {
            return;
        }
        let left = match equation.factor {
            Some(factor) => (
                self.span(factor),
                format!(
                    "the left side is {} times `{name}` per time, which is {}",
                    typing::words(&Type::Real(scale)),
                    typing::words(&due)
                ),
            ),
            None => (
                Span { end: equation.span.start + name.len() as u32 + 1, ..equation.span },
                format!(
                    "the derivative of {}, which is {}",
                    typing::words(&Type::Real(state)),
                    typing::words(&due)
                ),
            ),
        };
        let what = format!("the right side of the equation of `{name}`");
        let message = typing::must_be(self.span(equation.value), &what, &due, &value, Some(left));
        let parts: Vec<ExprId> = [Some(equation.value), equation.factor].into_iter().flatten().collect();
        let message = self.with_origins(&parts, message);
        self.sink.push(message);
    }

    fn rule_actions(&mut self, id: RuleId, actions: &[RuleAction]) {
        for action in actions {
            match &action.kind {
                RuleActionKind::Assign { target, op, value } => self.rule_assign(id, *target, *op, *value),
                RuleActionKind::Let { local, value } => {
                    let declared = &self.hir.locals[local.index()];
                    let ty = declared.declared.as_ref().map(|ty| self.of_rule(ty));
                    self.types.locals[local.index()] =
                        self.value_type(&declared.name, declared.span, ty.as_ref(), Some(*value));
                }
                RuleActionKind::If { condition, then, otherwise } => {
                    self.infer(*condition);
                    self.condition(*condition);
                    self.rule_actions(id, then);
                    self.rule_actions(id, otherwise);
                }
                RuleActionKind::Transmit(value) => {
                    let due = self.types.rule_vars[id.index()][Rule::WEIGHT.index()].clone();
                    self.infer(*value);
                    self.demand_weight(*value, &due, "what a spike delivers", None);
                }
            }
        }
    }

    fn rule_assign(&mut self, id: RuleId, target: VarId, op: AssignOp, value: ExprId) {
        self.infer(value);
        let var = &self.hir.rule(id).vars[target.index()];
        let ty = self.types.rule_vars[id.index()][target.index()].clone();
        let declared = (var.span != Span::default()).then(|| (var.span, typing::words(&ty)));
        match op {
            AssignOp::Multiply if ty != Type::Int => {
                self.demand(value, &REAL, &format!("what multiplies `{}`", var.name), declared)
            }
            AssignOp::Set | AssignOp::Multiply => {
                self.demand_weight(value, &ty, &format!("`{}`", var.name), declared)
            }
            AssignOp::Add => {
                self.demand_weight(value, &ty, &format!("what is added to `{}`", var.name), declared)
            }
            AssignOp::Subtract => {
                self.demand_weight(value, &ty, &format!("what is taken from `{}`", var.name), declared)
            }
        }
    }

    /// As [`Self::demand`]; a number in the place of a weight is a slip of its own kind.
    fn demand_weight(&mut self, value: ExprId, due: &Type, what: &str, because: Option<(Span, String)>) {
        let found = self.value_of(value);
        if *due == Type::Real(Dimension::WEIGHT) && matches!(found, Type::Real(Dimension::REAL) | Type::Int) {
            let message = typing::must_be(self.span(value), what, due, &found, because);
            let message = self.with_origins(&[value], say::number_for_weight(message));
            self.sink.push(message);
            return;
        }
        self.demand(value, due, what, because);
    }
}
