//! Functions and distributions by name: what a program of the kernel form may call.

use crate::{Real, math};

/// Functions of one or two `Float`s, as `circ_numerics::math` defines them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Function {
    Exp,
    Expm1,
    /// `(e^x - 1)/x`, 1 at 0.
    Exprel,
    Log,
    Log10,
    Sin,
    Cos,
    Tan,
    Tanh,
    Sinh,
    Cosh,
    Atan,
    /// `1/(1 + e^-x)`
    Sigmoid,
    Lgamma,
    Erf,
    /// `x^y`
    Pow,
    /// Floored remainder: `x - y * floor(x / y)`, with the sign of `y`.
    Mod,
}

/// Distributions. Arguments are `Float`s, the value is a `Float` (counts too).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Distribution {
    /// `[lo, hi)`
    Uniform,
    /// mean, standard deviation
    Normal,
    /// mean and standard deviation of the value itself
    Lognormal,
    /// mean
    Exponential,
    /// shape, scale
    Gamma,
    /// a, b
    Beta,
    /// n, p
    Binomial,
    /// mean
    Poisson,
}

impl Function {
    /// All functions, in order of declaration.
    pub const ALL: [Function; 17] = [
        Function::Exp,
        Function::Expm1,
        Function::Exprel,
        Function::Log,
        Function::Log10,
        Function::Sin,
        Function::Cos,
        Function::Tan,
        Function::Tanh,
        Function::Sinh,
        Function::Cosh,
        Function::Atan,
        Function::Sigmoid,
        Function::Lgamma,
        Function::Erf,
        Function::Pow,
        Function::Mod,
    ];

    /// How many arguments it takes.
    pub fn arity(self) -> usize {
        match self {
            Function::Pow | Function::Mod => 2,
            Function::Exp
            | Function::Expm1
            | Function::Exprel
            | Function::Log
            | Function::Log10
            | Function::Sin
            | Function::Cos
            | Function::Tan
            | Function::Tanh
            | Function::Sinh
            | Function::Cosh
            | Function::Atan
            | Function::Sigmoid
            | Function::Lgamma
            | Function::Erf => 1,
        }
    }

    /// The name in the language.
    pub fn name(self) -> &'static str {
        match self {
            Function::Exp => "exp",
            Function::Expm1 => "expm1",
            Function::Exprel => "exprel",
            Function::Log => "log",
            Function::Log10 => "log10",
            Function::Sin => "sin",
            Function::Cos => "cos",
            Function::Tan => "tan",
            Function::Tanh => "tanh",
            Function::Sinh => "sinh",
            Function::Cosh => "cosh",
            Function::Atan => "atan",
            Function::Sigmoid => "sigmoid",
            Function::Lgamma => "lgamma",
            Function::Erf => "erf",
            Function::Pow => "pow",
            Function::Mod => "mod",
        }
    }

    /// The value at `x`; NaN for a function of two arguments.
    pub fn call1<F: Real>(self, x: F) -> F {
        x.call1(self)
    }

    /// The value at `(x, y)`; a function of one argument takes `x`.
    pub fn call2<F: Real>(self, x: F, y: F) -> F {
        match self {
            Function::Pow => F::from_f64(math::pow(x.to_f64(), y.to_f64())),
            Function::Mod => F::from_f64(math::modulo(x.to_f64(), y.to_f64())),
            _ => x.call1(self),
        }
    }

    /// [`Function::call1`] in `f64`.
    pub(crate) fn call1_f64(self, x: f64) -> f64 {
        match self {
            Function::Exp => math::exp(x),
            Function::Expm1 => math::expm1(x),
            Function::Exprel => math::exprel(x),
            Function::Log => math::log(x),
            Function::Log10 => math::log10(x),
            Function::Sin => math::sin(x),
            Function::Cos => math::cos(x),
            Function::Tan => math::tan(x),
            Function::Tanh => math::tanh(x),
            Function::Sinh => math::sinh(x),
            Function::Cosh => math::cosh(x),
            Function::Atan => math::atan(x),
            Function::Sigmoid => math::sigmoid(x),
            Function::Lgamma => math::lgamma(x),
            Function::Erf => math::erf(x),
            Function::Pow | Function::Mod => f64::NAN,
        }
    }

    /// [`Function::call1`] in `f32`: `exp` and its like in `f32` throughout, the others in `f64`
    /// and rounded once.
    pub(crate) fn call1_f32(self, x: f32) -> f32 {
        match self {
            Function::Exp => math::exp_f32(x),
            Function::Expm1 => math::expm1_f32(x),
            Function::Exprel => math::exprel_f32(x),
            Function::Tanh => math::tanh_f32(x),
            Function::Sigmoid => math::sigmoid_f32(x),
            _ => self.call1_f64(f64::from(x)) as f32,
        }
    }
}

impl Distribution {
    /// All distributions, in order of declaration.
    pub const ALL: [Distribution; 8] = [
        Distribution::Uniform,
        Distribution::Normal,
        Distribution::Lognormal,
        Distribution::Exponential,
        Distribution::Gamma,
        Distribution::Beta,
        Distribution::Binomial,
        Distribution::Poisson,
    ];

    /// How many arguments it takes.
    pub fn arity(self) -> usize {
        match self {
            Distribution::Exponential | Distribution::Poisson => 1,
            Distribution::Uniform
            | Distribution::Normal
            | Distribution::Lognormal
            | Distribution::Gamma
            | Distribution::Beta
            | Distribution::Binomial => 2,
        }
    }

    /// The name in the language.
    pub fn name(self) -> &'static str {
        match self {
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
}
