//! Parentheses that change nothing.
//!
//! In: the expressions of a file and the parentheses around some of them. Out: the tokens that the
//! formatter may leave out. The levels are those of the grammar; a few pairs stay although the
//! grammar does not need them, because readers do.

use crate::ast::*;
use crate::layout::Layout;
use crate::token::{RawKind, RawToken};
use crate::tree::Parens;
use std::collections::BTreeSet;

/// Binding strength of what the grammar calls `Postfix`.
const POSTFIX: u8 = 9;

/// Indices, in the layout, of `(` and `)` that are not needed.
pub fn unneeded(file: &File, parens: &[Parens], layout: &Layout, raw: &[RawToken]) -> BTreeSet<u32> {
    let needs = needs_of_children(file);
    let mut found = BTreeSet::new();
    for (at, pair) in parens.iter().enumerate() {
        let enclosed_again = parens.get(at + 1).is_some_and(|outer| outer.inner == pair.inner);
        let is_needed = !enclosed_again && is_needed(file, pair.inner, &needs);
        if !is_needed && is_on_one_line(pair, layout, raw) {
            found.extend([pair.open, pair.close]);
        }
    }
    found
}

/// What an expression has to be to stand in another without parentheses.
#[derive(Clone, Copy)]
struct Need {
    level: u8,
    /// Right operand or operand of a sign: `a - (-b)` reads better than `a - -b`.
    after_sign: bool,
    /// An operation around it, and which.
    around: Option<BinaryOp>,
}

impl Need {
    fn level(level: u8) -> Need {
        Need { level, after_sign: false, around: None }
    }
}

fn is_needed(file: &File, inner: ExprId, needs: &[Option<Need>]) -> bool {
    let expr = &file.expr(inner).kind;
    // At the top of a statement, several kinds of values are possible; a name or a call fits all.
    let Some(need) = needs[inner.0 as usize] else {
        return level(expr) < POSTFIX;
    };
    match expr {
        ExprKind::Unary { op: UnaryOp::Negate, .. } if need.after_sign => return true,
        ExprKind::Binary { op: BinaryOp::Power, .. } if need.after_sign && need.around.is_none() => {
            return true;
        }
        ExprKind::Binary { op: BinaryOp::And, .. } if need.around == Some(BinaryOp::Or) => return true,
        ExprKind::Number(_) if need.level >= POSTFIX => return true,
        ExprKind::Number(number) if !number.unit.is_empty() && need.around == Some(BinaryOp::Power) => {
            return true;
        }
        _ => {}
    }
    level(expr) < need.level
}

fn needs_of_children(file: &File) -> Vec<Option<Need>> {
    let mut needs = vec![None; file.exprs.len()];
    let mut set = |child: ExprId, need: Need| needs[child.0 as usize] = Some(need);
    for expr in &file.exprs {
        match &expr.kind {
            ExprKind::Unary { op: UnaryOp::Negate, value } => {
                set(*value, Need { level: 7, after_sign: true, around: None })
            }
            ExprKind::Unary { op: UnaryOp::Not, value } => set(*value, Need::level(3)),
            ExprKind::Binary { op, left, right } => {
                let (low, high) = operands(*op);
                set(*left, Need { level: low, after_sign: false, around: Some(*op) });
                set(*right, Need { level: high, after_sign: true, around: Some(*op) });
            }
            ExprKind::InRange { value, lo, hi } => {
                [value, lo, hi].into_iter().for_each(|child| set(*child, Need::level(5)))
            }
            ExprKind::In { value, set: view } => {
                [value, view].into_iter().for_each(|child| set(*child, Need::level(5)))
            }
            ExprKind::If { condition, then, otherwise } => {
                [condition, then, otherwise].into_iter().for_each(|child| set(*child, Need::level(1)))
            }
            ExprKind::Field { base, .. } | ExprKind::Prime(base) => set(*base, Need::level(POSTFIX)),
            ExprKind::Index { base, indices } => {
                set(*base, Need::level(POSTFIX));
                for index in indices {
                    match *index {
                        Index::At(value) | Index::Where(value) => set(value, Need::level(1)),
                        Index::Range(lo, hi) => {
                            [lo, hi].into_iter().for_each(|child| set(child, Need::level(5)))
                        }
                    }
                }
            }
            ExprKind::Call { callee, args } => {
                set(*callee, Need::level(POSTFIX));
                args.iter().for_each(|arg| set(arg.value, Need::level(1)));
            }
            ExprKind::Array(values) | ExprKind::Tuple(values) => {
                values.iter().for_each(|value| set(*value, Need::level(1)))
            }
            ExprKind::Number(_)
            | ExprKind::String(_)
            | ExprKind::Bool(_)
            | ExprKind::Name(_)
            | ExprKind::Cell
            | ExprKind::Error => {}
        }
    }
    needs
}

/// The least levels of the two operands.
fn operands(op: BinaryOp) -> (u8, u8) {
    match op {
        BinaryOp::Or => (1, 2),
        BinaryOp::And => (2, 3),
        BinaryOp::Equal
        | BinaryOp::NotEqual
        | BinaryOp::Less
        | BinaryOp::LessEqual
        | BinaryOp::Greater
        | BinaryOp::GreaterEqual => (5, 5),
        BinaryOp::Add | BinaryOp::Subtract => (5, 6),
        BinaryOp::Multiply | BinaryOp::Divide => (6, 7),
        BinaryOp::Power => (POSTFIX, 7),
    }
}

fn level(expr: &ExprKind) -> u8 {
    match expr {
        ExprKind::If { .. } => 0,
        ExprKind::Binary { op: BinaryOp::Or, .. } => 1,
        ExprKind::Binary { op: BinaryOp::And, .. } => 2,
        ExprKind::Unary { op: UnaryOp::Not, .. } => 3,
        ExprKind::InRange { .. } | ExprKind::In { .. } => 4,
        ExprKind::Binary { op, .. } => match op {
            BinaryOp::Add | BinaryOp::Subtract => 5,
            BinaryOp::Multiply | BinaryOp::Divide => 6,
            BinaryOp::Power => 8,
            _ => 4,
        },
        ExprKind::Unary { op: UnaryOp::Negate, .. } => 7,
        _ => POSTFIX,
    }
}

/// A line goes on inside parentheses: where they span lines they hold the statement together.
fn is_on_one_line(pair: &Parens, layout: &Layout, raw: &[RawToken]) -> bool {
    let place = |index: u32| layout.raw.get(index as usize).copied().flatten();
    match (place(pair.open), place(pair.close)) {
        (Some(open), Some(close)) => {
            raw[open..close].iter().all(|token| matches!(token.kind, RawKind::Token(_)))
        }
        _ => false,
    }
}
