//! Constant expressions outside a program: the values of `--set`.
//!
//! In: the tree of an expression. Out: a value with its dimension. Numbers with units, arithmetic, arrays,
//! truth values and texts; no names but `pi` and `inf`.

use crate::diagnose::{data as say, value as say_value};
use crate::eval::{Evaluated, number};
use crate::types::{ArrayValue, Dimension, Type, Value};
use circ_grammar::ast::{BinaryOp, ExprId, ExprKind, File, Span, UnaryOp};
use std::sync::Arc;

/// Deeper nesting is refused.
const MAX_DEPTH: u32 = 100;

/// A value with its dimension; `None` fits all (0 and inf).
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Constant {
    value: Value,
    dimension: Option<Dimension>,
}

/// A value that is known to fit.
pub(super) fn given(value: Value) -> Constant {
    Constant { value, dimension: None }
}

/// The value of an expression.
pub(super) fn evaluate(file: &File, expr: ExprId) -> Evaluated<Constant> {
    at_depth(file, expr, 0)
}

impl Constant {
    /// The value as one of a type, or (what is needed, what this is).
    pub(super) fn fit(&self, ty: &Type) -> Result<Value, (String, String)> {
        let refuse = || Err((super::set::type_words(ty), self.words()));
        let element = match (&self.value, ty) {
            (_, Type::Error) => return Ok(self.value.clone()),
            (Value::Array(_), Type::Array(element, _)) => element,
            (Value::Array(_), _) | (_, Type::Array(_, _)) => return refuse(),
            (Value::Text(_), Type::Text) | (Value::Bool(_), Type::Bool) => {
                return Ok(self.value.clone());
            }
            (Value::Text(_) | Value::Bool(_), _) => return refuse(),
            (_, ty) => ty,
        };
        let fits = match element {
            Type::Real(dimension) => self.dimension.is_none_or(|d| d == *dimension),
            Type::AnyReal => true,
            Type::Int => self.dimension.is_none_or(|d| d == Dimension::REAL),
            Type::Bool => matches!(&self.value, Value::Array(array) if array.element == Type::Bool),
            _ => false,
        };
        if !fits {
            return refuse();
        }
        match (number::conform(self.value.clone(), ty), element) {
            (Value::Real(_), Type::Int) => Err((super::set::type_words(ty), self.words())),
            (value, _) => Ok(value),
        }
    }

    /// "a time", "a text", "2.5"
    fn words(&self) -> String {
        match (&self.value, self.dimension) {
            (Value::Real(x), Some(Dimension::REAL)) => crate::units::show(*x, Dimension::REAL),
            (Value::Real(x), Some(dimension)) => {
                format!("{}, {}", crate::units::show(*x, dimension), crate::units::dimension_words(dimension))
            }
            (value, _) => number::kind(value),
        }
    }
}

fn at_depth(file: &File, expr: ExprId, depth: u32) -> Evaluated<Constant> {
    let Some(found) = file.exprs.get(expr.0 as usize) else {
        return Err(say::set_expression(Span::default()).into());
    };
    let at = found.span;
    if MAX_DEPTH < depth {
        return Err(say_value::too_large(at, "is nested too deeply").into());
    }
    let real = |value: f64, dimension| Ok(Constant { value: Value::Real(value), dimension });
    match &found.kind {
        ExprKind::Number(n) => match crate::units::number(n) {
            Some((value, dimension)) => {
                let any = n.unit.is_empty() && value == 0.0;
                real(value, (!any).then_some(dimension))
            }
            None => Err(say::set_unit(at).into()),
        },
        ExprKind::String(text) => Ok(Constant { value: Value::Text(text.clone()), dimension: None }),
        ExprKind::Bool(b) => Ok(Constant { value: Value::Bool(*b), dimension: None }),
        ExprKind::Name(name) if &**name == "pi" => real(std::f64::consts::PI, Some(Dimension::REAL)),
        ExprKind::Name(name) if &**name == "inf" => real(f64::INFINITY, None),
        ExprKind::Unary { op, value } => {
            let inner = at_depth(file, *value, depth + 1)?;
            let dimension = if *op == UnaryOp::Not { None } else { inner.dimension };
            Ok(Constant { value: number::unary(*op, &inner.value, at)?, dimension })
        }
        ExprKind::Binary { op, left, right } => {
            let (left, right) = (at_depth(file, *left, depth + 1)?, at_depth(file, *right, depth + 1)?);
            binary(*op, &left, &right, at)
        }
        ExprKind::Array(items) => {
            let items =
                items.iter().map(|item| at_depth(file, *item, depth + 1)).collect::<Evaluated<Vec<_>>>()?;
            array(&items, at)
        }
        _ => Err(say::set_expression(at).into()),
    }
}

fn binary(op: BinaryOp, left: &Constant, right: &Constant, at: Span) -> Evaluated<Constant> {
    let value = number::binary(op, &left.value, &right.value, at)?;
    let mixed = || Err(say::set_expression_units(at).into());
    let overflow = || Box::new(say::set_expression_units(at));
    let dimension = match (op, left.dimension, right.dimension) {
        (BinaryOp::Add | BinaryOp::Subtract, Some(a), Some(b)) if a != b => return mixed(),
        (BinaryOp::Add | BinaryOp::Subtract, a, b) => a.or(b),
        (BinaryOp::Multiply, a, b) => {
            Some(a.unwrap_or_default().times(b.unwrap_or_default()).ok_or_else(overflow)?)
        }
        (BinaryOp::Divide, a, b) => {
            Some(a.unwrap_or_default().per(b.unwrap_or_default()).ok_or_else(overflow)?)
        }
        (BinaryOp::Power, Some(a), b) if !a.is_real() => match (&right.value, b) {
            (Value::Real(power), None | Some(Dimension::REAL)) => Some(a.power(*power).ok_or_else(overflow)?),
            _ => return mixed(),
        },
        (BinaryOp::Power, _, _) => Some(Dimension::REAL),
        (_, Some(a), Some(b)) if a != b => return mixed(),
        (_, _, _) => None,
    };
    Ok(Constant { value, dimension })
}

fn array(items: &[Constant], at: Span) -> Evaluated<Constant> {
    let (mut data, mut inner, mut dimension, mut element) = (vec![], None::<Vec<u64>>, None, None);
    for item in items {
        let (shape, kind) = match &item.value {
            Value::Array(array) => {
                data.extend_from_slice(&array.data);
                (array.shape.clone(), array.element.clone())
            }
            Value::Real(x) => {
                data.push(*x);
                (vec![], Type::Real(Dimension::REAL))
            }
            Value::Bool(b) => {
                data.push(f64::from(u8::from(*b)));
                (vec![], Type::Bool)
            }
            _ => return Err(say::set_expression(at).into()),
        };
        let differs =
            inner.as_ref().is_some_and(|s| *s != shape) || element.as_ref().is_some_and(|e| *e != kind);
        let clash = matches!((dimension, item.dimension), (Some(a), Some(b)) if a != b);
        if differs || clash {
            return Err(say::set_expression_units(at).into());
        }
        (inner, element, dimension) = (Some(shape), Some(kind), dimension.or(item.dimension));
    }
    let mut shape = vec![items.len() as u64];
    shape.extend(inner.unwrap_or_default());
    let element = element.unwrap_or(Type::Real(Dimension::REAL));
    Ok(Constant { value: Value::Array(Arc::new(ArrayValue { element, shape, data })), dimension })
}
