//! The mathematics that every engine shares, bit for bit: `exp` and its like, random numbers, matrix
//! exponentials.
//!
//! In: numbers. Out: numbers, the same on every processor: only operations that IEEE 754 rounds
//! correctly (`+ - * /`, `sqrt`, fused multiply-add, comparisons, conversions) in a fixed order, or the
//! software implementations of `libm`, which are made of those.

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

