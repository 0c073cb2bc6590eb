//! Operators: sums of like with like, products of dimensions, powers by constants.
//!
//! In: operands that have types. Out: the type of the result. Arrays go by element.

use super::Checker;
use crate::diagnose::typing;
use crate::hir::*;
use crate::types::{Dimension, Type};
use circ_grammar::ast::{BinaryOp, Span, UnaryOp};

/// The element of an array, or the type itself; and the shape.
fn split(ty: Type) -> (Type, Option<Vec<Option<u64>>>) {
    match ty {
        Type::Array(element, shape) => (*element, Some(shape)),
        other => (other, None),
    }
}

fn join(element: Type, shape: Option<Vec<Option<u64>>>) -> Type {
    match (element, shape) {
        (Type::Error, _) => Type::Error,
        (element, None) => element,
        (element, Some(shape)) => Type::Array(Box::new(element), shape),
    }
}

impl<'a> Checker<'a> {
    /// A type seen as a value: a port is the array of its values.
    pub fn value_of(&self, id: ExprId) -> Type {
        match self.ty(id) {
            Type::Port(dimension) if self.is_one_cell(id) => Type::Real(dimension),
            Type::Port(dimension) => Type::Array(Box::new(Type::Real(dimension)), vec![None]),
            other => other,
        }
    }

    pub fn negated(&mut self, value: ExprId) -> Type {
        let (element, shape) = split(self.value_of(value));
        match element {
            Type::Real(_) | Type::AnyReal | Type::Int | Type::Error => join(element, shape),
            other => {
                self.sink.push(typing::not_a_number(self.span(value), &other));
                Type::Error
            }
        }
    }

    /// A condition, or an array of them.
    pub fn condition_of(&mut self, value: ExprId) -> Type {
        let ty = self.ty(value);
        match &ty {
            Type::Bool => ty,
            Type::Array(element, _) if **element == Type::Bool => ty,
            Type::Error => Type::Bool,
            other => {
                self.sink.push(typing::wrong_type(self.span(value), "a condition", other));
                Type::Bool
            }
        }
    }

    pub fn binary(&mut self, op: BinaryOp, left: ExprId, right: ExprId, at: Span) -> Type {
        match op {
            BinaryOp::Add => self.unify(&[left, right], at, "can not be added to"),
            BinaryOp::Subtract => self.unify(&[left, right], at, "can not be subtracted from"),
            BinaryOp::Multiply | BinaryOp::Divide => self.product(op, left, right, at),
            BinaryOp::Power => self.power(left, right, at),
            BinaryOp::Equal
            | BinaryOp::NotEqual
            | BinaryOp::Less
            | BinaryOp::LessEqual
            | BinaryOp::Greater
            | BinaryOp::GreaterEqual => self.compared(op, left, right, at),
            BinaryOp::And | BinaryOp::Or => {
                let (left, right) = (self.condition_of(left), self.condition_of(right));
                if matches!(left, Type::Array(..)) { left } else { right }
            }
        }
    }

    fn compared(&mut self, op: BinaryOp, left: ExprId, right: ExprId, at: Span) -> Type {
        let equality = matches!(op, BinaryOp::Equal | BinaryOp::NotEqual);
        let same = match (self.ty(left), self.ty(right)) {
            (Type::Bool, Type::Bool) | (Type::Text, Type::Text) => equality,
            _ => false,
        };
        if same {
            return Type::Bool;
        }
        match self.unify(&[left, right], at, "can not be compared with") {
            Type::Array(_, shape) => Type::Array(Box::new(Type::Bool), shape),
            Type::Bool => {
                self.sink.push(typing::not_a_number(self.span(left), &Type::Bool));
                Type::Bool
            }
            _ => Type::Bool,
        }
    }

    pub fn ranged(&mut self, value: ExprId, lo: ExprId, hi: ExprId, at: Span) -> Type {
        match self.unify(&[value, lo, hi], at, "can not be compared with") {
            Type::Array(_, shape) => Type::Array(Box::new(Type::Bool), shape),
            _ => Type::Bool,
        }
    }

    /// The common type of values that stand side by side: terms, arms, elements, bounds. Reports the first pair that has none.
    pub fn unify(&mut self, parts: &[ExprId], at: Span, verb: &str) -> Type {
        self.coerce_literals(parts);
        let Some((first, rest)) = parts.split_first() else {
            return Type::Error;
        };
        let mut all = self.value_of(*first);
        let mut told_by = *first;
        for part in rest {
            let found = self.value_of(*part);
            match common(&all, &found) {
                Some(ty) => {
                    // `0` tells no dimension: the next part does.
                    if all == Type::AnyReal {
                        told_by = *part;
                    }
                    all = ty;
                }
                None => {
                    self.report_pair((told_by, &all), (*part, &found), at, verb);
                    return Type::Error;
                }
            }
        }
        match &all {
            Type::Real(_) | Type::AnyReal | Type::Int | Type::Bool | Type::Error | Type::Array(..) => all,
            other => {
                self.sink.push(typing::not_a_number(self.span(*first), other));
                Type::Error
            }
        }
    }

    fn report_pair(&mut self, left: (ExprId, &Type), right: (ExprId, &Type), at: Span, verb: &str) {
        let is_value =
            |ty: &Type| matches!(split(ty.clone()).0, Type::Real(_) | Type::AnyReal | Type::Int | Type::Bool);
        let (left_at, right_at) = (self.span(left.0), self.span(right.0));
        for (at, ty) in [(left_at, left.1), (right_at, right.1)] {
            if !is_value(ty) {
                self.sink.push(typing::not_a_number(at, ty));
                return;
            }
        }
        // Of one number beside an array, what they are matters, not how many.
        let elements = (split(left.1.clone()), split(right.1.clone()));
        let (left, right) = match &elements {
            ((a, Some(_)), (b, None)) | ((a, None), (b, Some(_))) => ((left.0, a), (right.0, b)),
            _ => (left, right),
        };
        // `a - b` takes b from a, and the sentence says so in this order.
        let message = if verb == "can not be subtracted from" {
            typing::operands(at, (right_at, right.1), (left_at, left.1), verb)
        } else {
            typing::operands(at, (left_at, left.1), (right_at, right.1), verb)
        };
        let message = self.hint_zero(left.0, right.1, message);
        let message = self.hint_zero(right.0, left.1, message);
        let message = self.with_origins(&[left.0, right.0], message);
        self.sink.push(message);
    }

    /// A name that got its type from a bare `0` most likely lacks a unit there.
    fn hint_zero(
        &self,
        id: ExprId,
        other: &Type,
        message: crate::diagnose::Diagnostic,
    ) -> crate::diagnose::Diagnostic {
        let (ExprKind::Ref(Ref::Var(var)), Owner::Cell(cell)) = (&self.hir.expr(id).kind, self.owner) else {
            return message;
        };
        let declared = &self.hir.cell(cell).vars[var.index()];
        let value = match declared.kind {
            VarKind::Param { default: Some(value), .. } | VarKind::State { initial: Some(value), .. } => {
                value
            }
            _ => return message,
        };
        match (&declared.declared, self.types.expr(value), other) {
            (None, Type::AnyReal, Type::Real(dimension)) if !dimension.is_real() => {
                let unit = crate::units::show(0.0, *dimension);
                message
                    .label(self.span(value), "tells no dimension, so it is a plain number")
                    .help(format!("write `{unit}` as the value of `{}`", declared.name))
            }
            _ => message,
        }
    }

    fn product(&mut self, op: BinaryOp, left: ExprId, right: ExprId, at: Span) -> Type {
        if op == BinaryOp::Multiply {
            self.coerce_literals(&[left, right]);
        }
        let (a, shape) = split(self.value_of(left));
        let (b, other_shape) = split(self.value_of(right));
        let element = match (self.factor(left, &a), self.factor(right, &b)) {
            (Some(_), Some(_)) if a == Type::Int && b == Type::Int && op == BinaryOp::Multiply => Type::Int,
            (Some(Type::AnyReal), Some(_)) | (Some(_), Some(Type::AnyReal)) => Type::AnyReal,
            (Some(Type::Real(a)), Some(Type::Real(b))) => {
                let dimension = if op == BinaryOp::Multiply { a.times(b) } else { a.per(b) };
                match dimension {
                    Some(dimension) => Type::Real(dimension),
                    None => {
                        self.sink.push(typing::too_high_powers(at));
                        Type::Error
                    }
                }
            }
            _ => Type::Error,
        };
        match self.shapes(left, right, shape, other_shape, at) {
            Some(shape) => join(element, shape),
            None => Type::Error,
        }
    }

    /// A factor as a real; `None` after a report or for what was reported.
    fn factor(&mut self, id: ExprId, ty: &Type) -> Option<Type> {
        match ty {
            Type::Real(_) | Type::AnyReal => Some(ty.clone()),
            Type::Int => Some(Type::Real(Dimension::REAL)),
            Type::Error => None,
            other => {
                self.sink.push(typing::not_a_number(self.span(id), other));
                None
            }
        }
    }

    fn shapes(
        &mut self,
        left: ExprId,
        right: ExprId,
        a: Option<Vec<Option<u64>>>,
        b: Option<Vec<Option<u64>>>,
        at: Span,
    ) -> Option<Option<Vec<Option<u64>>>> {
        match (a, b) {
            (Some(a), Some(b)) => match common_shape(&a, &b) {
                Some(shape) => Some(Some(shape)),
                None => {
                    self.sink.push(typing::shapes(
                        at,
                        (self.span(left), &self.value_of(left)),
                        (self.span(right), &self.value_of(right)),
                    ));
                    None
                }
            },
            (a, b) => Some(a.or(b)),
        }
    }

    fn power(&mut self, base: ExprId, exponent: ExprId, at: Span) -> Type {
        let exponent_type = self.ty(exponent);
        match exponent_type {
            Type::Real(Dimension::REAL) | Type::AnyReal | Type::Int => {}
            Type::Error => return Type::Error,
            other => {
                self.sink.push(typing::must_be(
                    self.span(exponent),
                    "an exponent",
                    &Type::Real(Dimension::REAL),
                    &other,
                    None,
                ));
                return Type::Error;
            }
        }
        let (element, shape) = split(self.value_of(base));
        let Some(factor) = self.factor(base, &element) else {
            return Type::Error;
        };
        let Type::Real(dimension) = factor else {
            return join(factor, shape);
        };
        if dimension.is_real() {
            return join(Type::Real(dimension), shape);
        }
        let raised = match self.constant(exponent) {
            Some(power) => dimension.power(power).ok_or("gives no dimension"),
            None => Err("must be a number that is written out, as the dimension depends on it"),
        };
        match raised {
            Ok(dimension) => join(Type::Real(dimension), shape),
            Err(why) => {
                self.sink.push(typing::bad_power(self.span(exponent), (self.span(base), &element), why));
                let _ = at;
                Type::Error
            }
        }
    }

    /// A plain number written out: `2`, `-1`, `1/3`.
    fn constant(&self, id: ExprId) -> Option<f64> {
        match &self.hir.expr(id).kind {
            ExprKind::Number { value, plain: true, .. } => Some(*value),
            ExprKind::Unary { op: UnaryOp::Negate, value } => Some(-self.constant(*value)?),
            ExprKind::Binary { op, left, right } => {
                let (left, right) = (self.constant(*left)?, self.constant(*right)?);
                match op {
                    BinaryOp::Add => Some(left + right),
                    BinaryOp::Subtract => Some(left - right),
                    BinaryOp::Multiply => Some(left * right),
                    BinaryOp::Divide => Some(left / right),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

/// The type that holds both; arrays by element.
pub fn common(a: &Type, b: &Type) -> Option<Type> {
    Some(match (a, b) {
        (Type::Error, _) | (_, Type::Error) => Type::Error,
        (Type::Real(a), Type::Real(b)) if a == b => Type::Real(*a),
        (Type::AnyReal, Type::Real(d)) | (Type::Real(d), Type::AnyReal) => Type::Real(*d),
        (Type::AnyReal, Type::AnyReal) => Type::AnyReal,
        (Type::Int, Type::Int) => Type::Int,
        (Type::Int, Type::AnyReal) | (Type::AnyReal, Type::Int) => Type::Real(Dimension::REAL),
        (Type::Int, Type::Real(d)) | (Type::Real(d), Type::Int) if d.is_real() => Type::Real(*d),
        (Type::Bool, Type::Bool) => Type::Bool,
        (Type::Array(a, left), Type::Array(b, right)) => {
            Type::Array(Box::new(common(a, b)?), common_shape(left, right)?)
        }
        (Type::Array(a, shape), b) | (b, Type::Array(a, shape)) => {
            Type::Array(Box::new(common(a, b)?), shape.clone())
        }
        _ => return None,
    })
}

pub fn common_shape(a: &[Option<u64>], b: &[Option<u64>]) -> Option<Vec<Option<u64>>> {
    if a.len() != b.len() {
        return None;
    }
    a.iter()
        .zip(b)
        .map(|(a, b)| match (a, b) {
            (Some(a), Some(b)) if a != b => None,
            _ => Some(a.or(*b)),
        })
        .collect()
}
