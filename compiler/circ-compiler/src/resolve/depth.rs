//! Nesting of expressions: everything after this pass may recurse over them, so that what is nested too
//! deeply is refused before.
//!
//! In: a file. Out: the nesting of each of its expressions, found in one walk through the arena.

use circ_grammar::ast::{Arg, ArgTail, ExprId, ExprKind, File, Index, Iter};

/// Deeper than this, an expression is refused. Small enough for the smallest stack of a thread, large enough
/// for sums of hundreds of terms.
pub const LIMIT: u32 = 400;

/// By expression; a leaf has 1.
pub fn depths(file: &File) -> Vec<u32> {
    let mut depths: Vec<u32> = Vec::with_capacity(file.exprs.len());
    for (at, expr) in file.exprs.iter().enumerate() {
        let mut deepest = 0;
        children(&expr.kind, &mut |child| {
            // A child that does not come before its parent would be a circle.
            let depth = if (child.0 as usize) < at { depths[child.0 as usize] } else { LIMIT };
            deepest = deepest.max(depth);
        });
        depths.push(deepest.saturating_add(1));
    }
    depths
}

/// Calls `visit` with each direct child.
fn children(kind: &ExprKind, visit: &mut dyn FnMut(ExprId)) {
    match kind {
        ExprKind::Number(_)
        | ExprKind::String(_)
        | ExprKind::Bool(_)
        | ExprKind::Name(_)
        | ExprKind::Cell
        | ExprKind::Error => {}
        ExprKind::Unary { value, .. } | ExprKind::Prime(value) => visit(*value),
        ExprKind::Binary { left, right, .. } => [*left, *right].into_iter().for_each(visit),
        ExprKind::InRange { value, lo, hi } => [*value, *lo, *hi].into_iter().for_each(visit),
        ExprKind::In { value, set } => [*value, *set].into_iter().for_each(visit),
        ExprKind::If { condition, then, otherwise } => {
            [*condition, *then, *otherwise].into_iter().for_each(visit)
        }
        ExprKind::Field { base, .. } => visit(*base),
        ExprKind::Index { base, indices } => {
            visit(*base);
            indices.iter().for_each(|index| match index {
                Index::At(e) | Index::Where(e) => visit(*e),
                Index::Range(lo, hi) => [*lo, *hi].into_iter().for_each(&mut *visit),
            });
        }
        ExprKind::Call { callee, args } => {
            visit(*callee);
            args.iter().for_each(|arg| argument(arg, visit));
        }
        ExprKind::Array(parts) | ExprKind::Tuple(parts) => parts.iter().copied().for_each(visit),
    }
}

fn argument(arg: &Arg, visit: &mut dyn FnMut(ExprId)) {
    visit(arg.value);
    match arg.tail {
        ArgTail::None => {}
        ArgTail::To(to) => visit(to),
        ArgTail::Over(iter) => iteration(iter, visit),
        ArgTail::For { ref over, .. } => iteration(*over, visit),
    }
}

fn iteration(iter: Iter, visit: &mut dyn FnMut(ExprId)) {
    match iter {
        Iter::Expr(e) => visit(e),
        Iter::Range(lo, hi) => [lo, hi].into_iter().for_each(visit),
    }
}
