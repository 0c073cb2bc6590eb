//! Dependence: whether an expression is one number, or differs between cells, synapses, ticks or draws.
//!
//! In: an expression and its scope. Out: yes or no. Functions are looked into; a view's own `where` is not,
//! for its `i` is bound there.

use super::Scope;
use crate::hir::{ExprId, ExprKind, FunctionId, Hir, Index, Ref};
use smallvec::{SmallVec, smallvec};
use std::collections::BTreeSet;

/// Whether the expression must be kept as a closure: it is random, or depends on `i`, `pre`, `post`, `t`, or on
/// variables of the cell that are not constant here.
pub fn varies(expr: ExprId, scope: &Scope) -> bool {
    any(expr, scope.hir, &mut |kind| match kind {
        ExprKind::Ref(Ref::Var(var)) => !scope.vars.contains_key(var),
        ExprKind::Ref(Ref::Size) => scope.cell.is_none(),
        ExprKind::Ref(name) => is_place(*name) || *name == Ref::Time,
        ExprKind::Draw { .. }
        | ExprKind::Redraw { .. }
        | ExprKind::Chance(_)
        | ExprKind::Noise(_)
        | ExprKind::InView { .. }
        | ExprKind::Rising(_)
        | ExprKind::OfSegment { .. }
        | ExprKind::Derivative(_) => true,
        _ => false,
    })
}

/// Whether it reads `i`, `row`, `col`, `layer` or `size`.
pub fn uses_cell(expr: ExprId, scope: &Scope) -> bool {
    any(expr, scope.hir, &mut |kind| {
        matches!(kind, ExprKind::Ref(Ref::CellIndex | Ref::Row | Ref::Col | Ref::Layer | Ref::Size))
    })
}

fn is_place(name: Ref) -> bool {
    match name {
        Ref::CellIndex
        | Ref::SegmentIndex
        | Ref::Row
        | Ref::Col
        | Ref::Layer
        | Ref::Distance
        | Ref::Pre
        | Ref::Post
        | Ref::Edge
        | Ref::Weight => true,
        Ref::Mode(_) => true,
        Ref::Time
        | Ref::Step
        | Ref::Size
        | Ref::Pi
        | Ref::Infinity
        | Ref::Local(_)
        | Ref::Var(_)
        | Ref::Global(_)
        | Ref::Slot(_)
        | Ref::OfCircuit(_) => false,
    }
}

/// Whether any expression in the tree is one that is looked for.
pub fn any(expr: ExprId, hir: &Hir, wanted: &mut dyn FnMut(&ExprKind) -> bool) -> bool {
    let mut functions: BTreeSet<FunctionId> = BTreeSet::new();
    let mut open: Open = smallvec![expr];
    while let Some(next) = open.pop() {
        let Some(found) = hir.exprs.get(next.index()) else {
            continue;
        };
        if wanted(&found.kind) {
            return true;
        }
        if let ExprKind::CallFn { function, .. } = &found.kind
            && functions.insert(*function)
            && let Some(function) = hir.functions.get(function.index())
        {
            open.push(function.body);
        }
        children(&found.kind, &mut open);
    }
    false
}

/// Expressions that are still to be looked at.
type Open = SmallVec<[ExprId; 16]>;

/// The expressions directly within one, but for the conditions of `[where ...]`.
pub fn children(kind: &ExprKind, out: &mut Open) {
    match kind {
        ExprKind::Number { .. }
        | ExprKind::Bool(_)
        | ExprKind::Text(_)
        | ExprKind::Ref(_)
        | ExprKind::Noise(_)
        | ExprKind::Derivative(_)
        | ExprKind::Error => {}
        ExprKind::Unary { value, .. } | ExprKind::Chance(value) | ExprKind::Rising(value) => out.push(*value),
        ExprKind::Binary { left, right, .. } => out.extend([*left, *right]),
        ExprKind::InRange { value, lo, hi } | ExprKind::Redraw { value, lo, hi } => {
            out.extend([*value, *lo, *hi])
        }
        ExprKind::InView { value, view } => out.extend([*value, *view]),
        ExprKind::If { condition, then, otherwise } => out.extend([*condition, *then, *otherwise]),
        ExprKind::Call { args, .. }
        | ExprKind::CallFn { args, .. }
        | ExprKind::Draw { args, .. }
        | ExprKind::Array(args)
        | ExprKind::Tuple(args) => out.extend(args.iter().copied()),
        ExprKind::Reduce { value, over, .. } => {
            out.push(*value);
            out.extend(over.iter().flat_map(|(_, lo, hi)| [*lo, *hi]));
        }
        ExprKind::Index { base, indices } => {
            out.push(*base);
            for index in indices {
                match index {
                    Index::At(at) => out.push(*at),
                    Index::Range(lo, hi) => out.extend([*lo, *hi]),
                    Index::Where(_) => {}
                }
            }
        }
        ExprKind::OfSegment { steps, .. } => {
            out.extend(steps.iter().filter_map(|(_, index)| match index {
                Some(Index::At(at)) => Some(*at),
                _ => None,
            }));
        }
        ExprKind::Field { base, .. } => out.push(*base),
        ExprKind::Measure { args, .. } => {
            out.extend(args.iter().flat_map(|arg| [Some(arg.value), arg.to]).flatten())
        }
    }
}
