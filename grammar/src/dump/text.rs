//! Expressions, names and signs as text.

use super::Dump;
use crate::ast::*;
use std::fmt::Write;

impl Dump<'_> {
    // ---- Expressions ----

    pub(super) fn list(&self, values: &[ExprId]) -> String {
        join(values, |value| self.expr(*value))
    }

    pub(super) fn iter(&self, over: &Iter) -> String {
        match *over {
            Iter::Expr(value) => self.expr(value),
            Iter::Range(lo, hi) => format!("{} .. {}", self.expr(lo), self.expr(hi)),
        }
    }

    pub(super) fn args(&self, args: &[Arg]) -> String {
        join(args, |arg| {
            let each = if arg.each { "each " } else { "" };
            let name = arg.name.as_ref().map(|name| format!("{} = ", name.text)).unwrap_or_default();
            let tail = match &arg.tail {
                ArgTail::None => String::new(),
                ArgTail::To(target) => format!(" -> {}", self.expr(*target)),
                ArgTail::Over(over) => format!(" over {}", self.iter(over)),
                ArgTail::For { index, over } => {
                    format!(" for {} in {}", index.text, self.iter(over))
                }
            };
            format!("{each}{name}{}{tail}", self.expr(arg.value))
        })
    }

    pub(super) fn expr(&self, id: ExprId) -> String {
        match &self.file.expr(id).kind {
            ExprKind::Number(number) => number_text(number),
            ExprKind::String(text) => format!("{text:?}"),
            ExprKind::Bool(value) => value.to_string(),
            ExprKind::Name(name) => name.to_string(),
            ExprKind::Cell => "cell".to_string(),
            ExprKind::Unary { op: UnaryOp::Negate, value } => format!("(-{})", self.expr(*value)),
            ExprKind::Unary { op: UnaryOp::Not, value } => format!("(not {})", self.expr(*value)),
            ExprKind::Binary { op, left, right } => {
                format!("({} {} {})", self.expr(*left), sign(*op), self.expr(*right))
            }
            ExprKind::InRange { value, lo, hi } => {
                format!("({} in {} .. {})", self.expr(*value), self.expr(*lo), self.expr(*hi))
            }
            ExprKind::In { value, set } => {
                format!("({} in {})", self.expr(*value), self.expr(*set))
            }
            ExprKind::If { condition, then, otherwise } => {
                format!(
                    "(if {} then {} else {})",
                    self.expr(*condition),
                    self.expr(*then),
                    self.expr(*otherwise)
                )
            }
            ExprKind::Field { base, name } => format!("{}.{}", self.expr(*base), name.text),
            ExprKind::Index { base, indices } => {
                let indices = join(indices, |index| match *index {
                    Index::At(value) => self.expr(value),
                    Index::Range(lo, hi) => format!("{} .. {}", self.expr(lo), self.expr(hi)),
                    Index::Where(filter) => format!("where {}", self.expr(filter)),
                });
                format!("{}[{indices}]", self.expr(*base))
            }
            ExprKind::Call { callee, args } => {
                format!("{}({})", self.expr(*callee), self.args(args))
            }
            ExprKind::Prime(value) => format!("{}'", self.expr(*value)),
            ExprKind::Array(values) => format!("[{}]", self.list(values)),
            ExprKind::Tuple(values) => format!("({})", self.list(values)),
            ExprKind::Error => "error".to_string(),
        }
    }
}

pub(super) fn join<T>(items: &[T], one: impl Fn(&T) -> String) -> String {
    items.iter().map(one).collect::<Vec<_>>().join(", ")
}

pub(super) fn path_text(path: &Path) -> String {
    path.names.iter().map(|name| &*name.text).collect::<Vec<_>>().join(".")
}

pub(super) fn paths_text(paths: &[Path]) -> String {
    join(paths, path_text)
}

pub(super) fn base(base: &Option<Path>) -> String {
    base.as_ref().map(|base| format!(": {}", path_text(base))).unwrap_or_default()
}

pub(super) fn mark(public: bool) -> &'static str {
    if public { "pub " } else { "" }
}

/// An empty block is not the same as none.
pub(super) fn block_mark(body: &Option<Vec<Action>>) -> &'static str {
    if body.is_some() { " do" } else { "" }
}

pub(super) fn polarity_text(polarity: Polarity) -> &'static str {
    match polarity {
        Polarity::Excitatory => "excitatory",
        Polarity::Inhibitory => "inhibitory",
        Polarity::Modulatory => "modulatory",
    }
}

pub(super) fn number_text(number: &Number) -> String {
    let mut text = number.digits.to_string();
    for (at, factor) in number.unit.iter().enumerate() {
        let _ = write!(text, "{}{}", if at == 0 { " " } else { "*" }, factor.name);
        if factor.power != 1 {
            let _ = write!(text, "^{}", factor.power);
        }
    }
    text
}

pub(super) fn sign(op: BinaryOp) -> &'static str {
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
