//! Files that expressions read: `load("x.csv")`.
//!
//! In: the expression and the files that are given. Out: the array, or the message for what is wrong with the file.

use super::place;
use super::{Evaluated, Scope};
use crate::data::{self, Fault};
use crate::diagnose::{Diagnostic, data as say_data};
use crate::hir::{ExprId, ExprKind, Ref};
use crate::types::{Type, Value};
use circ_grammar::ast::Span;
use std::sync::Arc;

/// The text in `load("x.csv")`, also through the names of `let`s and `data`.
pub fn load_path(expr: ExprId, scope: &Scope) -> Option<Arc<str>> {
    let mut expr = expr;
    // Names lead to names, but not for ever: a cycle is left to `eval` to report.
    for _ in 0..64 {
        expr = match &scope.expr(expr).kind {
            ExprKind::Measure { name, args, .. } if &**name == "load" => match args.as_slice() {
                [arg] => match &scope.expr(arg.value).kind {
                    ExprKind::Text(path) => return Some(path.clone()),
                    _ => return None,
                },
                _ => return None,
            },
            ExprKind::Ref(Ref::Global(global)) => scope.hir.globals.get(global.index())?.value,
            ExprKind::Ref(Ref::Slot(slot)) => place::binding(*slot, scope.environment, scope)?.1,
            _ => return None,
        }
    }
    None
}

/// The array in a file.
pub(super) fn load(
    path: &str,
    name: &str,
    declared: Option<&Type>,
    span: Span,
    scope: &Scope,
) -> Evaluated<Value> {
    data::load_array(path, declared, scope.files)
        .map_err(|fault| load_fault(fault, path, name, declared, span).into())
}

/// The message for what is wrong with a file.
pub fn load_fault(fault: Fault, path: &str, name: &str, declared: Option<&Type>, span: Span) -> Diagnostic {
    match fault {
        Fault::Unreadable(why) => say_data::load_file(span, path, &why),
        Fault::Line(line, why) => say_data::table_row(span, &format!("`{path}`"), line, &why),
        Fault::Shape(found) => match declared {
            Some(Type::Array(_, sizes)) => say_data::data_shape(span, name, sizes, &found),
            _ => say_data::data_shape(span, name, &[], &found),
        },
    }
}
