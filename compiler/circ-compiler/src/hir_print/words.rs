//! The words of the language for what is not a node of its own.

use crate::hir::*;
use circ_grammar::ast::{AssignOp, BinaryOp, Polarity};
use circ_plan::ir::{Distribution, Precision};
use circ_plan::plan::RowStorage;

pub(super) fn annotation(ty: &Option<crate::types::Type>) -> String {
    ty.as_ref().map_or(String::new(), |ty| format!(": {ty}"))
}

pub(super) fn mode_name(cell: &Cell, mode: ModeId) -> String {
    let written = &cell.modes[mode.index()];
    if written.named { written.name.to_string() } else { format!("{}#{}", written.name, mode.0) }
}

pub(super) fn polarity_word(polarity: Option<Polarity>) -> &'static str {
    match polarity {
        None => "",
        Some(Polarity::Excitatory) => "excitatory ",
        Some(Polarity::Inhibitory) => "inhibitory ",
        Some(Polarity::Modulatory) => "modulatory ",
    }
}

pub(super) fn assign_op(op: AssignOp) -> &'static str {
    match op {
        AssignOp::Set => "=",
        AssignOp::Add => "+=",
        AssignOp::Subtract => "-=",
        AssignOp::Multiply => "*=",
    }
}

pub(super) fn operator(op: BinaryOp) -> &'static str {
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

pub(super) fn method_name(method: Method) -> &'static str {
    match method {
        Method::Auto => "auto",
        Method::Exact => "exact",
        Method::ExponentialEuler => "exponential_euler",
        Method::Euler => "euler",
        Method::Rk2 => "rk2",
        Method::Rk4 => "rk4",
        Method::Heun => "heun",
        Method::Implicit => "implicit",
    }
}

pub(super) fn precision_name(precision: Precision) -> &'static str {
    match precision {
        Precision::F32 => "f32",
        Precision::F64 => "f64",
    }
}

pub(super) fn reduce_name(reduce: Reduce) -> &'static str {
    match reduce {
        Reduce::Sum => "sum",
        Reduce::Mean => "mean",
        Reduce::Std => "std",
        Reduce::Min => "min",
        Reduce::Max => "max",
        Reduce::Product => "product",
        Reduce::Any => "any",
        Reduce::All => "all",
        Reduce::Count => "count",
        Reduce::Argmax => "argmax",
    }
}

pub(super) fn distribution_name(distribution: Distribution) -> &'static str {
    match distribution {
        Distribution::Uniform => "uniform",
        Distribution::Normal => "normal",
        Distribution::Lognormal => "lognormal",
        Distribution::Exponential => "exponential",
        Distribution::Gamma => "gamma",
        Distribution::Beta => "beta",
        Distribution::Binomial => "binomial",
        Distribution::Poisson => "poisson",
    }
}

/// As the language writes it.
pub fn builtin_name(builtin: Builtin) -> &'static str {
    match builtin {
        Builtin::Exp => "exp",
        Builtin::Log => "log",
        Builtin::Log10 => "log10",
        Builtin::Sqrt => "sqrt",
        Builtin::Abs => "abs",
        Builtin::Sign => "sign",
        Builtin::Floor => "floor",
        Builtin::Ceil => "ceil",
        Builtin::Round => "round",
        Builtin::Mod => "mod",
        Builtin::Min => "min",
        Builtin::Max => "max",
        Builtin::Clamp => "clamp",
        Builtin::Sin => "sin",
        Builtin::Cos => "cos",
        Builtin::Tan => "tan",
        Builtin::Tanh => "tanh",
        Builtin::Sinh => "sinh",
        Builtin::Cosh => "cosh",
        Builtin::Atan => "atan",
        Builtin::Sigmoid => "sigmoid",
        Builtin::Relu => "relu",
        Builtin::StepFunction => "step",
        Builtin::Exprel => "exprel",
        Builtin::Lgamma => "lgamma",
        Builtin::Erf => "erf",
    }
}

pub(super) fn row_storage_word(rows: RowStorage) -> &'static str {
    match rows {
        RowStorage::Auto => "auto",
        RowStorage::Stored => "stored",
        RowStorage::Procedural => "procedural",
    }
}
