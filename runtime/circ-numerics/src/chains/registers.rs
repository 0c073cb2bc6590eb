//! Registers of numbers: what chains need of them, for each width that a processor may have.
//!
//! In: numbers side by side. Out: the same operations on all of them, each rounded as it is on one number.

use super::Number;

/// Some numbers side by side.
pub(super) trait Registers: Copy {
    type Number: Number;
    /// Some of the lanes.
    type Lanes: Copy;
    const LANES: usize;

    fn all(x: Self::Number) -> Self;
    fn zero() -> Self;

    /// # Safety
    /// There are as many numbers from there on, aligned to the size of the register.
    unsafe fn load(from: *const Self::Number) -> Self;

    /// # Safety
    /// As of [`Registers::load`].
    unsafe fn store(self, to: *mut Self::Number);

    /// Puts 0 where these numbers are: most are 0 already, and lines of the cache in which nothing is written need not be
    /// written back.
    ///
    /// # Safety
    /// As of [`Registers::load`].
    #[inline(always)]
    unsafe fn clear(self, at: *mut Self::Number) {
        // SAFETY: the caller's.
        unsafe { Self::zero().store(at) };
    }

    fn plus(self, other: Self) -> Self;
    fn times(self, other: Self) -> Self;

    /// `self * factor + sum`, rounded once.
    fn times_plus(self, factor: Self, sum: Self) -> Self;

    /// `self` in lanes in which `now` is behind `until`, else what is held.
    ///
    /// # Safety
    /// As of [`Registers::load`].
    unsafe fn unless_held(
        self,
        held: Self,
        until: *const <Self::Number as Number>::Tick,
        now: <Self::Number as Number>::Tick,
    ) -> Self;

    /// No lane.
    fn nowhere() -> Self::Lanes;

    /// These lanes, and those in which it is not below the threshold, or not a number.
    fn or_reaches(self, threshold: Self, lanes: Self::Lanes) -> Self::Lanes;

    /// Whether there is such a lane, or one in which it is not finite.
    fn is_wild_or(self, lanes: Self::Lanes) -> bool;
}

/// Registers that every processor has, as its compiler sees fit.
#[derive(Clone, Copy)]
pub(super) struct Plain<F>([F; 4]);

macro_rules! plain {
    ($float:ident) => {
        impl Registers for Plain<$float> {
            type Number = $float;
            /// Whether there is one.
            type Lanes = bool;
            const LANES: usize = 4;

            #[inline(always)]
            fn all(x: $float) -> Self {
                Plain([x; 4])
            }

            #[inline(always)]
            fn zero() -> Self {
                Plain([0.0; 4])
            }

            #[inline(always)]
            unsafe fn load(from: *const $float) -> Self {
                // SAFETY: the caller's.
                Plain(unsafe { from.cast::<[$float; 4]>().read() })
            }

            #[inline(always)]
            unsafe fn store(self, to: *mut $float) {
                // SAFETY: the caller's.
                unsafe { to.cast::<[$float; 4]>().write(self.0) };
            }

            #[inline(always)]
            fn plus(self, other: Self) -> Self {
                Plain(std::array::from_fn(|k| self.0[k] + other.0[k]))
            }

            #[inline(always)]
            fn times(self, other: Self) -> Self {
                Plain(std::array::from_fn(|k| self.0[k] * other.0[k]))
            }

            #[inline(always)]
            fn times_plus(self, factor: Self, sum: Self) -> Self {
                Plain(std::array::from_fn(|k| self.0[k].mul_add(factor.0[k], sum.0[k])))
            }

            #[inline(always)]
            unsafe fn unless_held(
                self,
                held: Self,
                until: *const <$float as Number>::Tick,
                now: <$float as Number>::Tick,
            ) -> Self {
                // SAFETY: the caller's.
                let until = unsafe { until.cast::<[<$float as Number>::Tick; 4]>().read() };
                Plain(std::array::from_fn(|k| if until[k] < now { self.0[k] } else { held.0[k] }))
            }

            #[inline(always)]
            fn nowhere() -> bool {
                false
            }

            #[inline(always)]
            fn or_reaches(self, threshold: Self, lanes: bool) -> bool {
                self.0.iter().zip(threshold.0).fold(lanes, |lanes, (x, threshold)| {
                    // Of no number it is not true either.
                    let below = *x < threshold;
                    lanes | !below
                })
            }

            #[inline(always)]
            fn is_wild_or(self, lanes: bool) -> bool {
                self.0.iter().fold(lanes, |lanes, x| lanes | !x.is_finite())
            }
        }
    };
}

plain!(f32);
plain!(f64);

/// Registers of a processor; what is not one instruction in all of them is given.
#[cfg(target_arch = "x86_64")]
macro_rules! registers {
    ($register:ident of $lanes:literal $float:ident: $all:ident, $zero:ident, $load:ident, $store:ident, $add:ident, $sub:ident, $mul:ident, $fma:ident;
     held |$new:ident, $old:ident, $until:ident, $now:ident| $held:expr;
     lanes $some:ty, $nowhere:expr;
     reaches |$value:ident, $threshold:ident, $before:ident| $reaches:expr;
     wild |$nothing:ident, $reached:ident| $wild:expr
     $(; clears |$row:ident| $other:expr, $put:ident)?) => {
        impl Registers for $register {
            type Number = $float;
            type Lanes = $some;
            const LANES: usize = $lanes;

            #[inline(always)]
            fn all(x: $float) -> Self {
                // SAFETY: who uses a register has found that the processor has it; so in all of these.
                unsafe { $all(x) }
            }

            #[inline(always)]
            fn zero() -> Self {
                // SAFETY: as above.
                unsafe { $zero() }
            }

            #[inline(always)]
            unsafe fn load(from: *const $float) -> Self {
                // SAFETY: as above, and the caller's.
                unsafe { $load(from) }
            }

            #[inline(always)]
            unsafe fn store(self, to: *mut $float) {
                // SAFETY: as above, and the caller's.
                unsafe { $store(to, self) };
            }

            $(#[inline(always)]
            unsafe fn clear(self, at: *mut $float) {
                let $row = self;
                // SAFETY: as above, and the caller's.
                unsafe { $put(at, $other, $zero()) };
            })?

            #[inline(always)]
            fn plus(self, other: Self) -> Self {
                // SAFETY: as above.
                unsafe { $add(self, other) }
            }

            #[inline(always)]
            fn times(self, other: Self) -> Self {
                // SAFETY: as above.
                unsafe { $mul(self, other) }
            }

            #[inline(always)]
            fn times_plus(self, factor: Self, sum: Self) -> Self {
                // SAFETY: as above.
                unsafe { $fma(self, factor, sum) }
            }

            #[inline(always)]
            unsafe fn unless_held(
                self,
                $old: Self,
                $until: *const <$float as Number>::Tick,
                $now: <$float as Number>::Tick,
            ) -> Self {
                let $new = self;
                // SAFETY: as above, and the caller's.
                unsafe { $held }
            }

            #[inline(always)]
            fn nowhere() -> Self::Lanes {
                // SAFETY: as above.
                unsafe { $nowhere }
            }

            #[inline(always)]
            fn or_reaches(self, $threshold: Self, $before: Self::Lanes) -> Self::Lanes {
                let $value = self;
                // SAFETY: as above.
                unsafe { $reaches }
            }

            #[inline(always)]
            fn is_wild_or(self, $reached: Self::Lanes) -> bool {
                // A number less itself is 0, or NaN where it is not finite.
                // SAFETY: as above.
                unsafe {
                    let $nothing = $sub(self, self);
                    $wild
                }
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
mod wide {
    use super::{Number, Registers};
    use std::arch::x86_64::*;

    registers!(__m256d of 4 f64: _mm256_set1_pd, _mm256_setzero_pd, _mm256_load_pd, _mm256_store_pd, _mm256_add_pd, _mm256_sub_pd, _mm256_mul_pd, _mm256_fmadd_pd;
    held |new, old, until, now| {
        let free = _mm256_cmpgt_epi64(_mm256_set1_epi64x(now), _mm256_load_si256(until.cast()));
        _mm256_blendv_pd(old, new, _mm256_castsi256_pd(free))
    };
    lanes Self, _mm256_setzero_pd();
    reaches |x, threshold, before| _mm256_or_pd(before, _mm256_cmp_pd::<_CMP_NLT_UQ>(x, threshold));
    wild |nothing, lanes| {
        let wild = _mm256_cmp_pd::<_CMP_UNORD_Q>(nothing, nothing);
        _mm256_movemask_pd(_mm256_or_pd(wild, lanes)) != 0
    });

    registers!(__m256 of 8 f32: _mm256_set1_ps, _mm256_setzero_ps, _mm256_load_ps, _mm256_store_ps, _mm256_add_ps, _mm256_sub_ps, _mm256_mul_ps, _mm256_fmadd_ps;
    held |new, old, until, now| {
        let free = _mm256_cmpgt_epi32(_mm256_set1_epi32(now), _mm256_load_si256(until.cast()));
        _mm256_blendv_ps(old, new, _mm256_castsi256_ps(free))
    };
    lanes Self, _mm256_setzero_ps();
    reaches |x, threshold, before| _mm256_or_ps(before, _mm256_cmp_ps::<_CMP_NLT_UQ>(x, threshold));
    wild |nothing, lanes| {
        let wild = _mm256_cmp_ps::<_CMP_UNORD_Q>(nothing, nothing);
        _mm256_movemask_ps(_mm256_or_ps(wild, lanes)) != 0
    });

    registers!(__m512d of 8 f64: _mm512_set1_pd, _mm512_setzero_pd, _mm512_load_pd, _mm512_store_pd, _mm512_add_pd, _mm512_sub_pd, _mm512_mul_pd, _mm512_fmadd_pd;
        held |new, old, until, now| {
            let free = _mm512_cmpgt_epi64_mask(_mm512_set1_epi64(now), _mm512_load_si512(until.cast()));
            _mm512_mask_blend_pd(free, old, new)
        };
        lanes __mmask8, _cvtu32_mask8(0);
        reaches |x, threshold, before| before | _mm512_cmp_pd_mask::<_CMP_NLT_UQ>(x, threshold);
        wild |nothing, lanes| _mm512_cmp_pd_mask::<_CMP_UNORD_Q>(nothing, nothing) | lanes != 0;
        clears |row| _mm512_test_epi64_mask(_mm512_castpd_si512(row), _mm512_castpd_si512(row)), _mm512_mask_store_pd);

    registers!(__m512 of 16 f32: _mm512_set1_ps, _mm512_setzero_ps, _mm512_load_ps, _mm512_store_ps, _mm512_add_ps, _mm512_sub_ps, _mm512_mul_ps, _mm512_fmadd_ps;
        held |new, old, until, now| {
            let free = _mm512_cmpgt_epi32_mask(_mm512_set1_epi32(now), _mm512_load_si512(until.cast()));
            _mm512_mask_blend_ps(free, old, new)
        };
        lanes __mmask16, _cvtu32_mask16(0);
        reaches |x, threshold, before| before | _mm512_cmp_ps_mask::<_CMP_NLT_UQ>(x, threshold);
        wild |nothing, lanes| _mm512_cmp_ps_mask::<_CMP_UNORD_Q>(nothing, nothing) | lanes != 0;
        clears |row| _mm512_test_epi32_mask(_mm512_castps_si512(row), _mm512_castps_si512(row)), _mm512_mask_store_ps);
}
