//! Functions of numbers, the same bits everywhere.
//!
//! `exp`, `expm1`, `exprel`, `tanh`, `sigmoid` and `log` are our own; the others are `libm`'s. The
//! functions ending in `_f32` work in `f32` where the machine code does (`exp` and what is made of
//! it) and otherwise compute in `f64` and round once.

pub mod exp;
mod log;
pub mod rows;
mod turn;

pub use exp::{
    exp, exp_f32, exp_row, expm1, expm1_f32, exprel, exprel_f32, sigmoid, sigmoid_f32, tanh, tanh_f32,
};
pub use log::log;
pub(crate) use log::log_body;
pub(crate) use turn::sin_cos_turn;

use crate::dispatched;

dispatched! {
    /// `a * b + c`, rounded once.
    pub fn fma(a: f64, b: f64, c: f64) -> f64 = f64::mul_add;
    /// `a * b + c`, rounded once.
    pub fn fma_f32(a: f32, b: f32, c: f32) -> f32 = f32::mul_add;
}

macro_rules! from_libm {
    ($($(#[$doc:meta])* $name:ident, $single:ident, $function:path;)*) => {$(
        $(#[$doc])*
        pub fn $name(x: f64) -> f64 {
            $function(x)
        }
        /// In `f64`, rounded once.
        pub fn $single(x: f32) -> f32 {
            $name(f64::from(x)) as f32
        }
    )*};
}

from_libm! {
    /// The logarithm to base 10.
    log10, log10_f32, libm::log10;
    /// Of an angle in radians.
    sin, sin_f32, libm::sin;
    /// Of an angle in radians.
    cos, cos_f32, libm::cos;
    /// Of an angle in radians.
    tan, tan_f32, libm::tan;
    sinh, sinh_f32, libm::sinh;
    cosh, cosh_f32, libm::cosh;
    /// In radians.
    atan, atan_f32, libm::atan;
    /// The logarithm of the absolute value of the gamma function.
    lgamma, lgamma_f32, libm::lgamma;
    /// The error function.
    erf, erf_f32, libm::erf;
}

/// In `f64`, rounded once.
pub fn log_f32(x: f32) -> f32 {
    log(f64::from(x)) as f32
}

/// `x^y`.
pub fn pow(x: f64, y: f64) -> f64 {
    libm::pow(x, y)
}

/// In `f64`, rounded once.
pub fn pow_f32(x: f32, y: f32) -> f32 {
    pow(f64::from(x), f64::from(y)) as f32
}

/// Floored remainder, with the sign of `y`: the exact remainder of the truncated division, plus
/// `y` where its sign differs. NaN for `y = 0`.
pub fn modulo(x: f64, y: f64) -> f64 {
    let remainder = libm::fmod(x, y);
    if remainder != 0.0 && (remainder < 0.0) != (y < 0.0) { remainder + y } else { remainder }
}

/// In `f64`, rounded once.
pub fn modulo_f32(x: f32, y: f32) -> f32 {
    modulo(f64::from(x), f64::from(y)) as f32
}
