//! Cells: both sides of equations, conditions, blocks, shapes of ports, and what an override may not change.
//!
//! In: cells whose variables have types. Out: reports.

use super::Checker;
use super::demand::fits;
use crate::diagnose::{structure, typing};
use crate::hir::*;
use crate::resolve::graph;
use crate::types::{Dimension, Type};
use circ_grammar::ast::{AssignOp, BinaryOp, Span};

impl<'a> Checker<'a> {
    pub fn cells(&mut self) {
        for (at, cell) in self.hir.cells.iter().enumerate() {
            let id = CellId(at as u32);
            self.owner = Owner::Cell(id);
            self.overrides(id, cell);
            self.segment_counts(cell);
            cell.vars.iter().enumerate().for_each(|(var, declared)| self.port(id, var, declared));
            cell.equations.iter().for_each(|equation| self.equation(id, equation));
            cell.events.iter().for_each(|event| self.event(id, event));
            for mode in &cell.modes {
                mode.equations.iter().for_each(|equation| self.equation(id, equation));
            }
            self.couples(id, cell);
            cell.reactions.iter().for_each(|reaction| self.actions(id, &reaction.body));
        }
    }

    /// A cell that extends another keeps the types of its names.
    fn overrides(&mut self, id: CellId, cell: &Cell) {
        let Some(base) = cell.base else { return };
        for (at, var) in cell.vars.iter().enumerate() {
            let before = self
                .hir
                .cell(base)
                .vars
                .iter()
                .position(|old| old.name == var.name && old.home.is_none() && var.home.is_none());
            let Some(before) = before else { continue };
            let old = &self.types.vars[base.index()][before];
            let now = &self.types.vars[id.index()][at];
            if !fits(now, old) && !fits(old, now) {
                let old_span = self.hir.cell(base).vars[before].span;
                self.sink.push(typing::changed_type(var.span, &var.name, now, old_span, old));
            }
        }
    }

    fn port(&mut self, id: CellId, at: usize, var: &Var) {
        let VarKind::Port { shape, .. } = &var.kind else {
            return;
        };
        let ty = self.types.vars[id.index()][at].clone();
        if !matches!(ty, Type::Real(_) | Type::Error) {
            self.sink.push(typing::wrong_type(var.span, "a port of real numbers", &ty));
        }
        graph::taus(shape)
            .into_iter()
            .for_each(|tau| self.demand_time(tau, &format!("the time constant of `{}`", var.name)));
        if let PortShape::Delta { state, .. } = shape {
            let target = &self.hir.cell(id).vars[state.index()];
            let due = &self.types.vars[id.index()][state.index()];
            if !fits(&ty, due) {
                let name = format!("`{}`, which adds to `{}`,", var.name, target.name);
                self.sink.push(typing::must_be(
                    var.span,
                    &name,
                    due,
                    &ty,
                    Some((target.span, typing::words(due))),
                ));
            }
        }
    }

    /// `factor * x' = value`: the right side is of the factor times `x` per time.
    fn equation(&mut self, id: CellId, equation: &Equation) {
        let value = self.infer(equation.value);
        let factor = equation.factor.map(|factor| (factor, self.infer(factor)));
        let var = &self.hir.cell(id).vars[equation.var.index()];
        let state = match &self.types.vars[id.index()][equation.var.index()] {
            Type::Real(dimension) => *dimension,
            Type::Error => return,
            other => {
                self.sink.push(structure::discrete_equation(equation.span, &var.name, &typing::words(other)));
                return;
            }
        };
        let scale = match factor {
            None => Dimension::REAL,
            Some((_, Type::Real(dimension))) => dimension,
            Some((_, Type::Int)) => Dimension::REAL,
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
        if fits(&value, &Type::Real(due)) {
            return;
        }
        if let Type::Real(found) = value
            && (self.blame_factor(id, equation, state, found) || self.blame_divisor(id, equation, found, due))
        {
            return;
        }
        let at = self.span(equation.value);
        let left = match equation.factor {
            Some(factor) => (
                self.span(factor),
                format!(
                    "the left side is {} times `{}` per time, which is {}",
                    typing::words(&Type::Real(scale)),
                    var.name,
                    typing::words(&Type::Real(due))
                ),
            ),
            None => (
                head(equation.span, &var.name),
                format!(
                    "the derivative of {}, which is {}",
                    typing::words(&Type::Real(state)),
                    typing::words(&Type::Real(due))
                ),
            ),
        };
        let what = format!("the right side of the equation of `{}`", var.name);
        let message = typing::must_be(at, &what, &Type::Real(due), &value, Some(left));
        let message = self.with_family(equation.value, &value, message);
        let parts: Vec<ExprId> = [Some(equation.value), equation.factor].into_iter().flatten().collect();
        let message = self.with_origins(&parts, message);
        let message = self.with_origin_of(var, message);
        self.sink.push(message);
    }

    /// The factor is a parameter that should have been a time.
    fn blame_factor(&mut self, id: CellId, equation: &Equation, state: Dimension, found: Dimension) -> bool {
        let Some(factor) = equation.factor else {
            return false;
        };
        let due = found.times(Dimension::TIME).and_then(|due| due.per(state));
        due == Some(Dimension::TIME)
            && self.blame_parameter(
                id,
                factor,
                Dimension::TIME,
                "multiplies a derivative, so it must be a time",
            )
    }

    /// The right side is divided by a parameter that should have been a time.
    fn blame_divisor(&mut self, id: CellId, equation: &Equation, found: Dimension, due: Dimension) -> bool {
        let ExprKind::Binary { op: BinaryOp::Divide, right, .. } = &self.hir.expr(equation.value).kind else {
            return false;
        };
        let Type::Real(divisor) = self.ty(*right) else {
            return false;
        };
        let needed = found.times(divisor).and_then(|above| above.per(due));
        let name = &self.hir.cell(id).vars[equation.var.index()].name;
        needed == Some(Dimension::TIME)
            && self.blame_parameter(
                id,
                *right,
                Dimension::TIME,
                &format!("divides to give `{name}'`, so it must be a time"),
            )
    }

    /// Whether an expression is a parameter with a number as its value, which then is reported.
    fn blame_parameter(&mut self, id: CellId, used: ExprId, due: Dimension, text: &str) -> bool {
        let ExprKind::Ref(Ref::Var(var)) = self.hir.expr(used).kind else {
            return false;
        };
        let declared = &self.hir.cell(id).vars[var.index()];
        let VarKind::Param { default: Some(value), .. } = declared.kind else {
            return false;
        };
        match (&self.hir.expr(value).kind, self.ty(value)) {
            (ExprKind::Number { value: number, .. }, Type::Real(found)) if declared.declared.is_none() => {
                let used_at = self.span(used);
                self.sink.push(typing::parameter_must_be(
                    &declared.name,
                    self.span(value),
                    *number,
                    found,
                    due,
                    used_at,
                    text,
                ));
                true
            }
            _ => false,
        }
    }

    fn event(&mut self, id: CellId, event: &Event) {
        if let Some(condition) = event.condition {
            self.infer(condition);
            self.condition(condition);
        }
        self.actions(id, &event.body);
    }

    fn actions(&mut self, id: CellId, actions: &[Action]) {
        for action in actions {
            match &action.kind {
                ActionKind::Assign { target, op, value } => {
                    self.assign(id, *target, *op, *value, action.span)
                }
                ActionKind::Let { local, value } => {
                    let declared = &self.hir.locals[local.index()];
                    self.types.locals[local.index()] = self.value_type(
                        &declared.name,
                        declared.span,
                        declared.declared.as_ref(),
                        Some(*value),
                    );
                }
                ActionKind::If { condition, then, otherwise } => {
                    self.infer(*condition);
                    self.condition(*condition);
                    self.actions(id, then);
                    self.actions(id, otherwise);
                }
                ActionKind::Enter { mode, duration } => {
                    let named = self.hir.cell(id).modes[mode.index()].named;
                    let what = if named { "the duration of a mode" } else { "the refractory time" };
                    duration.iter().for_each(|duration| self.demand_time(*duration, what));
                }
                ActionKind::Leave(_) | ActionKind::Emit(_) => {}
            }
        }
    }

    fn assign(&mut self, id: CellId, target: VarId, op: AssignOp, value: ExprId, _at: Span) {
        self.infer(value);
        let var = &self.hir.cell(id).vars[target.index()];
        if let VarKind::Port { shape: PortShape::Delta { state, .. }, .. } = &var.kind {
            let state = self.hir.cell(id).vars[state.index()].name.clone();
            self.sink.push(typing::port_without_value(_at, &var.name, var.span, &state));
            return;
        }
        let due = match op {
            AssignOp::Multiply if self.types.vars[id.index()][target.index()] != Type::Int => {
                Type::Real(Dimension::REAL)
            }
            AssignOp::Set | AssignOp::Add | AssignOp::Subtract | AssignOp::Multiply => {
                self.types.vars[id.index()][target.index()].clone()
            }
        };
        let what = if op == AssignOp::Multiply {
            format!("what multiplies `{}`", var.name)
        } else {
            format!("`{}`", var.name)
        };
        self.demand(
            value,
            &due,
            &what,
            Some((var.span, typing::words(&self.types.vars[id.index()][target.index()]))),
        );
    }
}

/// The span of the name that an equation begins with.
fn head(span: Span, name: &str) -> Span {
    Span { end: span.end.min(span.start + name.len() as u32 + 1), ..span }
}
