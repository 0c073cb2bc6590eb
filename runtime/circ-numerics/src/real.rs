//! `f32` and `f64` behind one name, for code that is the same in both precisions.

use crate::{Function, math};
use std::fmt::{Debug, Display};
use std::ops::{Add, Div, Mul, Neg, Sub};

/// A floating-point number. Every operation rounds once, in its own precision.
pub trait Real:
    Copy
    + PartialOrd
    + Debug
    + Display
    + Default
    + Send
    + Sync
    + Neg<Output = Self>
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + 'static
{
    const ZERO: Self;
    const ONE: Self;
    const NAN: Self;
    /// Rounded to the nearest.
    fn from_f64(x: f64) -> Self;
    /// Exact.
    fn to_f64(self) -> f64;
    /// Rounded to the nearest, once.
    fn from_i64(x: i64) -> Self;
    /// Truncating, saturating, NaN to 0.
    fn to_i64(self) -> i64;
    /// Truncating, saturating, NaN to 0.
    fn to_i32(self) -> i32;
    /// `self * b + c`, rounded once.
    fn mul_add(self, b: Self, c: Self) -> Self;
    fn sqrt(self) -> Self;
    fn abs(self) -> Self;
    fn floor(self) -> Self;
    fn ceil(self) -> Self;
    /// To the nearest whole number, ties to even.
    fn round_even(self) -> Self;
    /// The largest number below.
    fn next_down(self) -> Self;
    fn is_finite(self) -> bool;
    fn is_nan(self) -> bool;
    /// The bits; those of an `f32` in the low half.
    fn bits(self) -> u64;
    /// The inverse of [`Real::bits`].
    fn from_bits(bits: u64) -> Self;
    /// [`Function::call1`].
    fn call1(self, function: Function) -> Self;
}

macro_rules! real {
    ($float:ident, $bits:ident, $call1:ident, $fma:path) => {
        impl Real for $float {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const NAN: Self = $float::NAN;
            #[inline]
            fn from_f64(x: f64) -> Self {
                x as $float
            }
            #[inline]
            fn to_f64(self) -> f64 {
                self as f64
            }
            #[inline]
            fn from_i64(x: i64) -> Self {
                x as $float
            }
            #[inline]
            fn to_i64(self) -> i64 {
                self as i64
            }
            #[inline]
            fn to_i32(self) -> i32 {
                self as i32
            }
            #[inline]
            fn mul_add(self, b: Self, c: Self) -> Self {
                $fma(self, b, c)
            }
            #[inline]
            fn sqrt(self) -> Self {
                $float::sqrt(self)
            }
            #[inline]
            fn abs(self) -> Self {
                $float::abs(self)
            }
            #[inline]
            fn floor(self) -> Self {
                $float::floor(self)
            }
            #[inline]
            fn ceil(self) -> Self {
                $float::ceil(self)
            }
            #[inline]
            fn round_even(self) -> Self {
                $float::round_ties_even(self)
            }
            #[inline]
            fn next_down(self) -> Self {
                $float::next_down(self)
            }
            #[inline]
            fn is_finite(self) -> bool {
                $float::is_finite(self)
            }
            #[inline]
            fn is_nan(self) -> bool {
                $float::is_nan(self)
            }
            #[inline]
            fn bits(self) -> u64 {
                u64::from(self.to_bits())
            }
            #[inline]
            fn from_bits(bits: u64) -> Self {
                $float::from_bits(bits as $bits)
            }
            #[inline]
            fn call1(self, function: Function) -> Self {
                function.$call1(self)
            }
        }
    };
}

real!(f32, u32, call1_f32, math::fma_f32);
real!(f64, u64, call1_f64, math::fma);
