//! The names that the language itself declares: functions, distributions, reductions, measures.

use crate::hir::{Builtin, Method, Reduce};
use circ_plan::ir::{Distribution, Precision};

/// A mathematical function with the least and greatest number of its arguments.
pub fn function(name: &str) -> Option<(Builtin, usize, usize)> {
    const MANY: usize = usize::MAX;
    Some(match name {
        "exp" => (Builtin::Exp, 1, 1),
        "log" => (Builtin::Log, 1, 1),
        "log10" => (Builtin::Log10, 1, 1),
        "sqrt" => (Builtin::Sqrt, 1, 1),
        "abs" => (Builtin::Abs, 1, 1),
        "sign" => (Builtin::Sign, 1, 1),
        "floor" => (Builtin::Floor, 1, 1),
        "ceil" => (Builtin::Ceil, 1, 1),
        "round" => (Builtin::Round, 1, 1),
        "mod" => (Builtin::Mod, 2, 2),
        "min" => (Builtin::Min, 2, MANY),
        "max" => (Builtin::Max, 2, MANY),
        "clamp" => (Builtin::Clamp, 3, 3),
        "sin" => (Builtin::Sin, 1, 1),
        "cos" => (Builtin::Cos, 1, 1),
        "tan" => (Builtin::Tan, 1, 1),
        "tanh" => (Builtin::Tanh, 1, 1),
        "sinh" => (Builtin::Sinh, 1, 1),
        "cosh" => (Builtin::Cosh, 1, 1),
        "atan" => (Builtin::Atan, 1, 1),
        "sigmoid" => (Builtin::Sigmoid, 1, 1),
        "relu" => (Builtin::Relu, 1, 1),
        "step" => (Builtin::StepFunction, 1, 1),
        "exprel" => (Builtin::Exprel, 1, 1),
        "lgamma" => (Builtin::Lgamma, 1, 1),
        "erf" => (Builtin::Erf, 1, 1),
        _ => return None,
    })
}

/// A distribution with the number of its arguments.
pub fn distribution(name: &str) -> Option<(Distribution, usize)> {
    Some(match name {
        "uniform" => (Distribution::Uniform, 2),
        "normal" => (Distribution::Normal, 2),
        "lognormal" => (Distribution::Lognormal, 2),
        "exponential" => (Distribution::Exponential, 1),
        "gamma" => (Distribution::Gamma, 2),
        "beta" => (Distribution::Beta, 2),
        "binomial" => (Distribution::Binomial, 2),
        "poisson" => (Distribution::Poisson, 1),
        _ => return None,
    })
}

pub fn reduction(name: &str) -> Option<Reduce> {
    Some(match name {
        "sum" => Reduce::Sum,
        "mean" => Reduce::Mean,
        "std" => Reduce::Std,
        "min" => Reduce::Min,
        "max" => Reduce::Max,
        "product" => Reduce::Product,
        "any" => Reduce::Any,
        "all" => Reduce::All,
        "count" => Reduce::Count,
        "argmax" => Reduce::Argmax,
        _ => return None,
    })
}

/// What a function of views needs, or that it is not built yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MeasureKind {
    /// Known when the circuit is built.
    Build,
    /// Needs a run.
    Run,
    NotYet,
}

pub fn measure(name: &str) -> Option<MeasureKind> {
    Some(match name {
        "size" | "polarity" | "load" | "linspace" | "accuracy" | "dot" | "outer" | "transpose" | "ridge" => {
            MeasureKind::Build
        }
        "rate" | "count" | "cv_isi" | "isi" | "first_spike" | "spikes" | "at" | "in_degree"
        | "out_degree" | "weight_sum" | "balance" | "fano" | "synchrony" | "correlation" | "branching" => {
            MeasureKind::Run
        }
        "edge_count" => MeasureKind::NotYet,
        _ => return None,
    })
}

/// Every name that can be called, for "did you mean".
pub const CALLABLE: &[&str] = &[
    "exp",
    "log",
    "log10",
    "sqrt",
    "abs",
    "sign",
    "floor",
    "ceil",
    "round",
    "mod",
    "min",
    "max",
    "clamp",
    "sin",
    "cos",
    "tan",
    "tanh",
    "sinh",
    "cosh",
    "atan",
    "sigmoid",
    "relu",
    "step",
    "exprel",
    "lgamma",
    "erf",
    "uniform",
    "normal",
    "lognormal",
    "exponential",
    "gamma",
    "beta",
    "binomial",
    "poisson",
    "redraw",
    "chance",
    "rising",
    "sum",
    "mean",
    "std",
    "product",
    "any",
    "all",
    "count",
    "argmax",
    "size",
    "polarity",
    "load",
    "linspace",
    "rate",
    "in_degree",
    "out_degree",
    "weight_sum",
    "balance",
    "cv_isi",
    "isi",
    "first_spike",
    "fano",
    "synchrony",
    "correlation",
    "branching",
    "accuracy",
    "dot",
    "outer",
    "transpose",
    "ridge",
    "spikes",
    "at",
    "xi",
];

/// Values that the language declares, for "did you mean".
pub const VALUES: &[&str] = &["t", "dt", "i", "row", "col", "layer", "size", "pi", "inf", "xi"];

pub const METHODS: &[(&str, Method)] = &[
    ("auto", Method::Auto),
    ("exact", Method::Exact),
    ("exponential_euler", Method::ExponentialEuler),
    ("euler", Method::Euler),
    ("rk2", Method::Rk2),
    ("rk4", Method::Rk4),
    ("heun", Method::Heun),
    ("implicit", Method::Implicit),
];

pub const PRECISIONS: &[(&str, Precision)] = &[("f32", Precision::F32), ("f64", Precision::F64)];

pub const SHAPES: &[&str] = &["exponential", "alpha", "biexponential", "delta", "sum"];

pub const CONNECTS: &[&str] =
    &["probability", "in_degree", "out_degree", "total", "one_to_one", "all_to_all", "where", "from"];
