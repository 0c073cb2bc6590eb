//! Expressions of the HIR as they could be written.
//!
//! In: an expression and the slots that its names are looked up in. Out: text. Deep expressions are cut off.

use crate::diagnose::time::time;
use crate::hir::{Builtin, ExprId, ExprKind, Hir, Index, Ref, Slot};
use crate::types::Dimension;
use crate::units::show;
use circ_grammar::ast::{BinaryOp, UnaryOp};

/// Deeper expressions are cut off with `...`.
const MAX_DEPTH: u32 = 60;

/// Where the names in an expression are looked up.
pub struct Names<'a> {
    pub hir: &'a Hir,
    pub slots: &'a [Slot],
    /// Of the circuit of an experiment.
    pub outer: &'a [Slot],
}

impl Names<'_> {
    /// An expression as it could be written.
    pub fn text(&self, expr: ExprId, depth: u32) -> String {
        let hir = self.hir;
        let Some(found) = hir.exprs.get(expr.index()) else {
            return "?".to_string();
        };
        if MAX_DEPTH < depth {
            return "...".to_string();
        }
        let inner = |e: &ExprId| self.text(*e, depth + 1);
        let all = |items: &[ExprId]| items.iter().map(inner).collect::<Vec<_>>().join(", ");
        match &found.kind {
            ExprKind::Number { value, dimension: Dimension::TIME, .. } => time(*value),
            ExprKind::Number { value, dimension, .. } => show(*value, *dimension),
            ExprKind::Bool(b) => b.to_string(),
            ExprKind::Text(t) => format!("{t:?}"),
            ExprKind::Ref(name) => self.reference(*name),
            ExprKind::Unary { op: UnaryOp::Negate, value } => format!("-{}", inner(value)),
            ExprKind::Unary { op: UnaryOp::Not, value } => format!("not {}", inner(value)),
            ExprKind::Binary { op, left, right } => {
                format!("({} {} {})", inner(left), operator(*op), inner(right))
            }
            ExprKind::InRange { value, lo, hi } => {
                format!("({} in {} .. {})", inner(value), inner(lo), inner(hi))
            }
            ExprKind::InView { value, view } => format!("({} in {})", inner(value), inner(view)),
            ExprKind::If { condition, then, otherwise } => {
                format!("(if {} then {} else {})", inner(condition), inner(then), inner(otherwise))
            }
            ExprKind::Call { builtin, args } => {
                format!("{}({})", builtin_name(*builtin), all(args))
            }
            ExprKind::CallFn { function, args } => {
                format!("{}({})", hir.functions.get(function.index()).map_or("?", |f| &f.name), all(args))
            }
            ExprKind::Draw { distribution, args } => {
                format!("{}({})", format!("{distribution:?}").to_lowercase(), all(args))
            }
            ExprKind::Redraw { value, lo, hi } => {
                format!("redraw({}, {}, {})", inner(value), inner(lo), inner(hi))
            }
            ExprKind::Noise(0) => "xi".to_string(),
            ExprKind::Noise(k) => format!("xi({k})"),
            ExprKind::Chance(p) => format!("chance({})", inner(p)),
            ExprKind::Rising(c) => format!("rising({})", inner(c)),
            ExprKind::Derivative(var) => format!("var{}'", var.0),
            ExprKind::OfSegment { .. } => "?".to_string(),
            ExprKind::Reduce { reduce, value, over } => {
                let over = over.map_or(String::new(), |(index, lo, hi)| {
                    format!(" for {} in {} .. {}", self.reference(Ref::Local(index)), inner(&lo), inner(&hi))
                });
                format!("{}({}{over})", format!("{reduce:?}").to_lowercase(), inner(value))
            }
            ExprKind::Array(items) => format!("[{}]", all(items)),
            ExprKind::Tuple(items) => format!("({})", all(items)),
            ExprKind::Index { base, indices } => {
                let indices = indices.iter().map(|index| match index {
                    Index::At(at) => inner(at),
                    Index::Range(lo, hi) => format!("{} .. {}", inner(lo), inner(hi)),
                    Index::Where(condition) => format!("where {}", inner(condition)),
                });
                format!("{}[{}]", inner(base), indices.collect::<Vec<_>>().join(", "))
            }
            ExprKind::Field { base, name, .. } => format!("{}.{name}", inner(base)),
            ExprKind::Measure { name, args, .. } => {
                let args = args.iter().map(|arg| inner(&arg.value)).collect::<Vec<_>>();
                format!("{name}({})", args.join(", "))
            }
            ExprKind::Error => "?".to_string(),
        }
    }

    /// Variables of cells by number: whose they are is not known here.
    fn reference(&self, name: Ref) -> String {
        let hir = self.hir;
        match name {
            Ref::Weight => "w".to_string(),
            Ref::Time => "t".to_string(),
            Ref::Step => "dt".to_string(),
            Ref::CellIndex => "i".to_string(),
            Ref::SegmentIndex => "k".to_string(),
            Ref::Row => "row".to_string(),
            Ref::Col => "col".to_string(),
            Ref::Layer => "layer".to_string(),
            Ref::Size => "size".to_string(),
            Ref::Pi => "pi".to_string(),
            Ref::Infinity => "inf".to_string(),
            Ref::Distance => "distance".to_string(),
            Ref::Pre => "pre".to_string(),
            Ref::Post => "post".to_string(),
            Ref::Edge => "edge".to_string(),
            Ref::Local(local) => {
                hir.locals.get(local.index()).map_or("?".to_string(), |l| l.name.to_string())
            }
            Ref::Var(var) => format!("var{}", var.0),
            Ref::Mode(mode) => format!("mode{}", mode.0),
            Ref::Global(global) => {
                hir.globals.get(global.index()).map_or("?".to_string(), |g| g.name.to_string())
            }
            Ref::Slot(slot) => self.slots.get(slot.index()).map_or("?".to_string(), |s| s.name.to_string()),
            Ref::OfCircuit(slot) => {
                self.outer.get(slot.index()).map_or("?".to_string(), |s| s.name.to_string())
            }
        }
    }
}

fn builtin_name(builtin: Builtin) -> String {
    match builtin {
        Builtin::StepFunction => "step".to_string(),
        other => format!("{other:?}").to_lowercase(),
    }
}

/// As it is written.
pub fn operator(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Add => "+",
        BinaryOp::Subtract => "-",
        BinaryOp::Multiply => "*",
        BinaryOp::Divide => "/",
        BinaryOp::Power => "^",
        BinaryOp::Equal => "==",
        BinaryOp::NotEqual => "!=",
        BinaryOp::Less => "<",
        BinaryOp::LessEqual => "<=",
        BinaryOp::Greater => ">",
        BinaryOp::GreaterEqual => ">=",
        BinaryOp::And => "and",
        BinaryOp::Or => "or",
    }
}
