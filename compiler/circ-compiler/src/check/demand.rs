//! Demands: what stands here must be a time, a condition, a whole number.
//!
//! In: an expression that has a type, and what is due. Out: a report where it does not fit; literals become
//! whole numbers where those are due.

use super::Checker;
use super::operator::common_shape;
use crate::diagnose::typing;
use crate::hir::*;
use crate::types::{Dimension, Type};
use circ_grammar::ast::{BinaryOp, Span, UnaryOp};

impl<'a> Checker<'a> {
    /// Reports a value that does not fit `due`; `because` says where and why that is due.
    pub fn demand(&mut self, id: ExprId, due: &Type, due_for: &str, because: Option<(Span, String)>) {
        if *due == Type::Int {
            return self.demand_whole(id, due_for);
        }
        if let Type::Array(element, _) = due
            && **element == Type::Int
        {
            self.whole_elements(id);
        }
        let found = self.value_of(id);
        if !fits(&found, due) {
            let message = typing::must_be(self.span(id), due_for, due, &found, because);
            let message = match self.meant(id, due) {
                Some(meant) => message.help(format!("did you mean `{meant}`?")),
                None => message,
            };
            let message = self.with_origins(&[id], self.with_family(id, &found, message));
            self.sink.push(message);
        }
    }

    /// What a number that is written was meant to be: `-60` for a voltage is `-60 mV`, `20 mV` for a time `20 ms`.
    fn meant(&self, id: ExprId, due: &Type) -> Option<String> {
        /// Where the coherent unit is the usual one: 10 for a frequency is rather 10 Hz than 10 kHz.
        const USUAL: [Dimension; 6] = [
            Dimension::TIME,
            Dimension::VOLTAGE,
            Dimension::CURRENT,
            Dimension::CONDUCTANCE,
            Dimension::CAPACITANCE,
            Dimension::LENGTH,
        ];
        /// One letter apart: ms and mV.
        const SLIP: [Dimension; 2] = [Dimension::TIME, Dimension::VOLTAGE];
        let (sign, number) = match self.hir.expr(id).kind {
            ExprKind::Unary { op: UnaryOp::Negate, value } => (-1.0, value),
            _ => (1.0, id),
        };
        let (ExprKind::Number { value, dimension, plain }, Type::Real(due)) =
            (&self.hir.expr(number).kind, due)
        else {
            return None;
        };
        let slip = SLIP.contains(dimension) && SLIP.contains(due) && (0.01..=10_000.0).contains(value);
        ((*plain && USUAL.contains(due)) || slip).then(|| crate::units::show(sign * value, *due))
    }

    pub fn demand_time(&mut self, id: ExprId, due_for: &str) {
        self.infer(id);
        self.demand(id, &Type::Real(Dimension::TIME), due_for, None);
    }

    /// A single truth value.
    pub fn condition(&mut self, id: ExprId) {
        match self.ty(id) {
            Type::Bool | Type::Error => {}
            Type::Array(element, _) if *element == Type::Bool => {
                self.sink.push(typing::many_conditions(self.span(id)))
            }
            other => self.sink.push(typing::wrong_type(self.span(id), "a condition", &other)),
        }
    }

    /// A whole number; literals become one.
    pub fn demand_whole(&mut self, id: ExprId, due_for: &str) {
        if self.make_whole(id) {
            return;
        }
        match self.ty(id) {
            Type::Int | Type::Error => {}
            Type::Real(Dimension::REAL)
                if let ExprKind::Number { value, .. } = self.hir.expr(id).kind
                    && value.fract() != 0.0 =>
            {
                let shown = crate::units::show(value, Dimension::REAL);
                self.sink.push(typing::fraction(self.span(id), due_for, &shown));
            }
            found => {
                let name = self.declaration(id);
                let name = name.as_ref().map(|(name, at)| (&**name, *at));
                self.sink.push(typing::not_whole(self.span(id), due_for, &found, name));
            }
        }
    }

    /// Where a name that has no annotation is declared.
    fn declaration(&self, id: ExprId) -> Option<(std::sync::Arc<str>, Span)> {
        let slot = |slot: &Slot| match &slot.kind {
            SlotKind::Formal { declared: None, .. } | SlotKind::Let { declared: None, .. } => {
                Some((slot.name.clone(), slot.span))
            }
            _ => None,
        };
        match (&self.hir.expr(id).kind, self.owner) {
            (ExprKind::Ref(Ref::Slot(at)), owner) => {
                slot(crate::resolve::graph::slots(self.hir, owner).get(at.index())?)
            }
            (ExprKind::Ref(Ref::OfCircuit(at)), Owner::Experiment(e)) => {
                slot(self.hir.circuit(self.hir.experiments[e as usize].circuit?).slots.get(at.index())?)
            }
            (ExprKind::Ref(Ref::Global(at)), _) => {
                let global = &self.hir.globals[at.index()];
                global.declared.is_none().then(|| (global.name.clone(), global.span))
            }
            (ExprKind::Ref(Ref::Var(at)), Owner::Cell(cell)) => {
                let var = &self.hir.cell(cell).vars[at.index()];
                var.declared.is_none().then(|| (var.name.clone(), var.span))
            }
            _ => None,
        }
    }

    /// Beside a whole number, a literal is one.
    pub fn coerce_literals(&mut self, parts: &[ExprId]) {
        if parts.iter().any(|part| *self.types.expr(*part) == Type::Int)
            && parts.iter().all(|part| self.can_be_whole(*part))
        {
            parts.iter().for_each(|part| {
                self.make_whole(*part);
            });
        }
    }

    fn can_be_whole(&self, id: ExprId) -> bool {
        match &self.hir.expr(id).kind {
            ExprKind::Number { value, plain: true, .. } => {
                *value == crate::check::demand::whole(*value) && value.abs() <= 9.0e15
            }
            ExprKind::Unary { op: UnaryOp::Negate, value } => self.can_be_whole(*value),
            ExprKind::Binary { op: BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Multiply, left, right } => {
                self.can_be_whole(*left) && self.can_be_whole(*right)
            }
            ExprKind::If { then, otherwise, .. } => self.can_be_whole(*then) && self.can_be_whole(*otherwise),
            ExprKind::Call {
                builtin: Builtin::Min | Builtin::Max | Builtin::Clamp | Builtin::Mod | Builtin::Abs,
                args,
            } => args.iter().all(|arg| self.can_be_whole(*arg)),
            _ => *self.types.expr(id) == Type::Int,
        }
    }

    /// Gives literals the type of whole numbers, where all of an expression can be one.
    pub fn make_whole(&mut self, id: ExprId) -> bool {
        if !self.can_be_whole(id) {
            return false;
        }
        let hir = self.hir;
        // What holds literals is whole only through them.
        let mut stack = vec![id];
        while let Some(id) = stack.pop() {
            if *self.types.expr(id) == Type::Int {
                continue;
            }
            self.types.exprs[id.index()] = Type::Int;
            match &hir.expr(id).kind {
                ExprKind::Unary { value, .. } => stack.push(*value),
                ExprKind::Binary { left, right, .. } => stack.extend([*left, *right]),
                ExprKind::If { then, otherwise, .. } => stack.extend([*then, *otherwise]),
                ExprKind::Call { args, .. } => stack.extend(args),
                _ => {}
            }
        }
        true
    }

    /// `[1, 2]`, `[[1], [2]]` where whole numbers are due.
    fn whole_elements(&mut self, id: ExprId) {
        let hir = self.hir;
        let (mut arrays, mut leaves, mut stack) = (vec![], vec![], vec![id]);
        while let Some(id) = stack.pop() {
            match &hir.expr(id).kind {
                ExprKind::Array(parts) => {
                    arrays.push(id);
                    stack.extend(parts);
                }
                _ => leaves.push(id),
            }
        }
        if !arrays.is_empty() && leaves.iter().all(|leaf| self.can_be_whole(*leaf)) {
            leaves.iter().for_each(|leaf| {
                self.make_whole(*leaf);
            });
            for array in arrays {
                if let Type::Array(element, _) = &mut self.types.exprs[array.index()] {
                    **element = Type::Int;
                }
            }
        }
    }
}

/// The value without its fraction.
pub fn whole(value: f64) -> f64 {
    value.trunc()
}

/// Whether a value of type `found` can stand where `due` is asked for.
pub fn fits(found: &Type, due: &Type) -> bool {
    match (found, due) {
        (Type::Error, _) | (_, Type::Error) => true,
        (Type::AnyReal, Type::Real(_) | Type::AnyReal) => true,
        (Type::Real(_), Type::AnyReal) => true,
        (Type::Int, Type::Real(dimension)) => dimension.is_real(),
        (Type::Int, Type::AnyReal) => true,
        (Type::Array(a, found), Type::Array(b, due)) => fits(a, b) && common_shape(found, due).is_some(),
        (Type::Tuple(a), Type::Tuple(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| fits(a, b)),
        (Type::Tuple(parts), Type::Array(element, _)) => parts.iter().all(|part| fits(part, element)),
        (found, due) => found == due,
    }
}
