//! Assignments: `x = e`, `x += e`, and to elements of arrays, `a[k] = e`.
//!
//! In: a `let` of the experiment, perhaps with the path of elements of it. Out: its new value. Elements take one number
//! for all of them, or an array of their shape; the array is changed in place where nobody else holds it.

use super::Protocol;
use circ_compiler::diagnose::value as say;
use circ_compiler::eval::{self, Evaluated, number};
use circ_compiler::hir::{ExprId, ExprKind, Index, SlotId};
use circ_compiler::types::{ArrayValue, Value};
use circ_grammar::ast::{AssignOp, BinaryOp, Span};
use std::sync::Arc;

impl Protocol<'_> {
    pub(super) fn assign(
        &mut self,
        slot: SlotId,
        element: Option<ExprId>,
        (op, value): (AssignOp, ExprId),
        span: Span,
    ) -> Evaluated<()> {
        let new = self.value(value)?;
        if self.is_from_outside(slot) {
            return self.add_later(slot, element, (operator(op), new), span);
        }
        let new = match (operator(op), element) {
            (None, _) => new,
            (Some(operator), Some(element)) => number::binary(operator, &self.value(element)?, &new, span)?,
            (Some(operator), None) => number::binary(operator, &self.present_value(slot, span)?, &new, span)?,
        };
        match element {
            None => self.store(slot, new),
            Some(element) => self.store_elements(slot, element, new, span)?,
        }
        Ok(())
    }

    pub(super) fn present_value(&self, slot: SlotId, span: Span) -> Evaluated<Value> {
        let environment = self.compiled.net.experiment;
        self.with_scope(|scope, world| eval::slot(slot, environment, span, scope, world))
    }

    fn store_elements(&mut self, slot: SlotId, element: ExprId, new: Value, span: Span) -> Evaluated<()> {
        let ExprKind::Index { indices, .. } = self.compiled.hir.expr(element).kind.clone() else {
            return Ok(());
        };
        let Value::Array(mut array) = self.present_value(slot, span)? else {
            return Err(say::wrong_kind(span, "an array", "no array").into());
        };
        let (places, values) = self.elements(&array, &indices, element, new, span)?;
        // Nobody else holds the array now, so that it is not copied for every element.
        let environment = self.compiled.net.experiment.0 as usize;
        self.compiled.net.environments[environment].values.remove(&slot);
        let held = &mut Arc::make_mut(&mut array).data;
        places.iter().zip(&values).for_each(|(place, value)| held[*place] = *value);
        self.store(slot, Value::Array(array));
        Ok(())
    }

    /// Which elements of an array are meant, and the number that each is given.
    pub(super) fn elements(
        &self,
        array: &ArrayValue,
        indices: &[Index],
        element: ExprId,
        new: Value,
        span: Span,
    ) -> Evaluated<(Vec<usize>, Vec<f64>)> {
        let at = self.span(element);
        let (places, shape) =
            self.with_scope(|scope, world| eval::elements(indices, &array.shape, at, scope, world))?;
        let values: Vec<f64> = match number::conform(new, &array.element) {
            Value::Array(values) if values.shape == shape => values.data.clone(),
            Value::Array(values) => return Err(say::shape_mismatch(span, &shape, &values.shape).into()),
            one => {
                let value = number::number(&one)
                    .ok_or_else(|| say::wrong_kind(span, "a number", &number::kind(&one)))?;
                vec![value.real(); places.len()]
            }
        };
        Ok((places, values))
    }
}

fn operator(op: AssignOp) -> Option<BinaryOp> {
    match op {
        AssignOp::Set => None,
        AssignOp::Add => Some(BinaryOp::Add),
        AssignOp::Subtract => Some(BinaryOp::Subtract),
        AssignOp::Multiply => Some(BinaryOp::Multiply),
    }
}
