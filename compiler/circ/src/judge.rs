//! Judging: what `expect`, `monitor` and `report` say of a value, in the units that people use.
//!
//! In: values with their types, and the form of a condition. Out: numbers with unit names, and which
//! side of a comparison was measured.

use crate::quantity;
use crate::results::Number;
use circ_compiler::eval::judge::{Bound, Comparison, comparison};
use circ_compiler::hir::{ExprId, ExprKind, Hir};
use circ_compiler::types::{Type, Value};

/// A value as JSON and people have it, with the name of its unit.
pub fn number(value: &Value, ty: &Type) -> (Number, String) {
    let unit = quantity::unit(ty.dimension());
    (scaled(value, unit.per_coherent), unit.name)
}

fn scaled(value: &Value, factor: f64) -> Number {
    match value {
        Value::Real(value) => Number::real(value * factor),
        Value::Int(value) => Number::Int(*value),
        Value::Bool(value) => Number::Bool(*value),
        Value::Text(text) => Number::Text(text.to_string()),
        Value::Array(array) => match array.shape.as_slice() {
            [_, rest @ ..] if !rest.is_empty() => {
                let row = rest.iter().product::<u64>().max(1) as usize;
                let inner = |data: &[f64]| elements(data, &array.element, factor);
                Number::List(array.data.chunks(row).map(inner).collect())
            }
            _ => elements(&array.data, &array.element, factor),
        },
        Value::Tuple(values) => Number::List(values.iter().map(|value| scaled(value, factor)).collect()),
        Value::View(view) => Number::Text(format!("{} cells", view.len())),
    }
}

fn elements(data: &[f64], element: &Type, factor: f64) -> Number {
    let one = |value: &f64| match element {
        Type::Int => Number::Int(*value as i64),
        Type::Bool => Number::Bool(*value != 0.0),
        _ => Number::real(value * factor),
    };
    Number::List(data.iter().map(one).collect())
}

/// The side of a condition that is measured: `rate(E)` of `rate(E) in 3 Hz .. 15 Hz` and of `3 Hz < rate(E)`.
/// Nothing for a condition that is no comparison.
pub fn measured_side(hir: &Hir, condition: ExprId) -> Option<ExprId> {
    let Comparison { measured, bound } = comparison(hir, condition)?;
    match bound {
        Bound::By(_, right) if is_literal(hir, measured) => Some(right),
        Bound::By(..) | Bound::Within(..) => Some(measured),
    }
}

fn is_literal(hir: &Hir, expr: ExprId) -> bool {
    match &hir.expr(expr).kind {
        ExprKind::Number { .. } | ExprKind::Bool(_) | ExprKind::Text(_) => true,
        ExprKind::Unary { value, .. } => is_literal(hir, *value),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use circ_compiler::types::Dimension;
    use std::sync::Arc;

    #[test]
    fn rates_are_reported_in_hertz() {
        let (value, unit) = number(&Value::Real(0.0055), &Type::Real(Dimension::FREQUENCY));
        assert_eq!((value, unit.as_str()), (Number::Real(Some(5.5)), "Hz"));
    }

    #[test]
    fn tables_are_lists_of_rows() {
        let array =
            circ_compiler::types::ArrayValue { element: Type::Int, shape: vec![2, 1], data: vec![1.0, 2.0] };
        let (value, _) = number(&Value::Array(Arc::new(array)), &Type::Error);
        assert_eq!(
            value,
            Number::List(vec![Number::List(vec![Number::Int(1)]), Number::List(vec![Number::Int(2)])])
        );
    }
}
