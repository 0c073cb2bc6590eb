//! The mathematics that every engine shares, bit for bit: `exp` and its like, random numbers, matrix
//! exponentials.
//!
//! In: numbers. Out: numbers, the same on every processor: only operations that IEEE 754 rounds
//! correctly (`+ - * /`, `sqrt`, fused multiply-add, comparisons, conversions) in a fixed order, or the
//! software implementations of `libm`, which are made of those. Versions for wider registers do the
//! same operations in the same order.

pub mod chains;
pub mod function;
pub mod math;
pub mod matrix;
pub mod random;
pub mod real;

pub use function::{Distribution, Function};
pub use matrix::expm;
pub use real::Real;

/// Whether this processor has the fused multiply-add and the 256-bit registers that the fast
/// versions of our functions need. Without them every fused multiply-add is a library call.
#[cfg(target_arch = "x86_64")]
#[inline]
pub(crate) fn has_fma() -> bool {
    std::arch::is_x86_feature_detected!("fma") && std::arch::is_x86_feature_detected!("avx2")
}

/// Defines functions twice from one inlined body: compiled for the machine that everyone has, and
/// for one with `fma` and `avx2`, chosen when called. Both do the same operations, so the bits agree.
macro_rules! dispatched {
    ($($(#[$doc:meta])* $visibility:vis fn $name:ident($($argument:ident: $ty:ty),*) $(-> $result:ty)? = $body:path;)*) => {$(
        $(#[$doc])*
        $visibility fn $name($($argument: $ty),*) $(-> $result)? {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2,fma")]
                fn wide($($argument: $ty),*) $(-> $result)? {
                    $body($($argument),*)
                }
                if crate::has_fma() {
                    // SAFETY: both features were just found.
                    return unsafe { wide($($argument),*) };
                }
            }
            $body($($argument),*)
        }
    )*};
}
pub(crate) use dispatched;

/// Whether this processor has 512-bit registers beside what [`has_fma`] asks for.
#[cfg(target_arch = "x86_64")]
#[inline]
pub(crate) fn has_widest() -> bool {
    has_fma()
        && std::arch::is_x86_feature_detected!("avx512f")
        && std::arch::is_x86_feature_detected!("avx512dq")
        && std::arch::is_x86_feature_detected!("avx512vl")
        && std::arch::is_x86_feature_detected!("avx512bw")
}

/// As [`dispatched`], for functions of rows: with a third version for 512-bit registers.
macro_rules! dispatched_rows {
    ($($(#[$doc:meta])* $visibility:vis fn $name:ident($($argument:ident: $ty:ty),*) = $body:path;)*) => {$(
        $(#[$doc])*
        $visibility fn $name($($argument: $ty),*) {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw,avx2,fma")]
                fn widest($($argument: $ty),*) {
                    $body($($argument),*);
                }
                #[target_feature(enable = "avx2,fma")]
                fn wide($($argument: $ty),*) {
                    $body($($argument),*);
                }
                if crate::has_widest() {
                    // SAFETY: all features were just found.
                    return unsafe { widest($($argument),*) };
                }
                if crate::has_fma() {
                    // SAFETY: both features were just found.
                    return unsafe { wide($($argument),*) };
                }
            }
            $body($($argument),*);
        }
    )*};
}
pub(crate) use dispatched_rows;
