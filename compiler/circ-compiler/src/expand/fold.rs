//! What is known of an expression before anything is built: whole numbers and conditions of `k`.
//!
//! In: an expression of a template and the index of its instance. Out: its value, if numbers and `k` tell it. So the
//! branch of `if k == 0 then v else chain[k - 1].v` that an instance does not take is no part of it.

use crate::hir::*;
use circ_grammar::ast::{BinaryOp, UnaryOp};

pub fn whole(hir: &Hir, id: ExprId, k: Option<i64>) -> Option<i64> {
    whole_of(hir, id, &|name| if name == Ref::SegmentIndex { k } else { None })
}

/// As [`whole`], where a function tells names; and elements of tables at the top level.
pub fn whole_of(hir: &Hir, id: ExprId, known: &dyn Fn(Ref) -> Option<i64>) -> Option<i64> {
    match &hir.expr(id).kind {
        ExprKind::Number { value, plain: true, .. } if value.fract() == 0.0 && value.abs() < 1e9 => {
            Some(*value as i64)
        }
        ExprKind::Ref(name) => known(*name),
        ExprKind::Unary { op: UnaryOp::Negate, value } => whole_of(hir, *value, known)?.checked_neg(),
        ExprKind::Binary { op, left, right } => {
            let (left, right) = (whole_of(hir, *left, known)?, whole_of(hir, *right, known)?);
            match op {
                BinaryOp::Add => left.checked_add(right),
                BinaryOp::Subtract => left.checked_sub(right),
                BinaryOp::Multiply => left.checked_mul(right),
                _ => None,
            }
        }
        ExprKind::Call { builtin: Builtin::Mod, args } => {
            let (left, right) = (whole_of(hir, *args.first()?, known)?, whole_of(hir, *args.get(1)?, known)?);
            left.checked_rem_euclid(right)
        }
        ExprKind::Index { base, indices } => match (&hir.expr(*base).kind, &indices[..]) {
            (ExprKind::Ref(Ref::Global(table)), [Index::At(index)]) => {
                let at = usize::try_from(whole_of(hir, *index, known)?).ok()?;
                let ExprKind::Array(values) = &hir.expr(hir.globals[table.index()].value).kind else {
                    return None;
                };
                whole_of(hir, *values.get(at)?, known)
            }
            _ => None,
        },
        _ => None,
    }
}

pub fn truth(hir: &Hir, id: ExprId, k: Option<i64>) -> Option<bool> {
    match &hir.expr(id).kind {
        ExprKind::Bool(value) => Some(*value),
        ExprKind::Unary { op: UnaryOp::Not, value } => Some(!truth(hir, *value, k)?),
        ExprKind::Binary { op: BinaryOp::And, left, right } => {
            match (truth(hir, *left, k), truth(hir, *right, k)) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (left, right) => Some(left? && right?),
            }
        }
        ExprKind::Binary { op: BinaryOp::Or, left, right } => {
            match (truth(hir, *left, k), truth(hir, *right, k)) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (left, right) => Some(left? || right?),
            }
        }
        ExprKind::Binary { op, left, right } => {
            let (left, right) = (whole(hir, *left, k)?, whole(hir, *right, k)?);
            match op {
                BinaryOp::Equal => Some(left == right),
                BinaryOp::NotEqual => Some(left != right),
                BinaryOp::Less => Some(left < right),
                BinaryOp::LessEqual => Some(left <= right),
                BinaryOp::Greater => Some(left > right),
                BinaryOp::GreaterEqual => Some(left >= right),
                _ => None,
            }
        }
        _ => None,
    }
}
