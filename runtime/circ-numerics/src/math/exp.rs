//! The exponential and what is made of it: `exp`, `expm1`, `exprel`, `tanh`, `sigmoid`.
//!
//! `x = n ln 2 + r` with `|r| <= ln 2 / 2`; `e^r - 1 = r + r^2 P(r)`, P minimax (Remez) with an error
//! relative to `r`, so that `expm1` keeps its digits near 0; the power of two is multiplied in
//! two halves, so that subnormal results and overflow come out right. No branches: the code
//! generator emits exactly this sequence for vectors, from the same constants.

/// The numbers that the exponential of one precision is made of.
#[derive(Clone, Copy, Debug)]
pub struct Constants<F, const TERMS: usize> {
    /// `1 / ln 2`
    pub log2e: F,
    /// `1.5 * 2^mantissa + 2 * bias`: adding it rounds to a whole number `n`, and leaves `n + 2 * bias` in
    /// the low bits, whose two halves are biased exponents.
    pub shift: F,
    /// `-ln 2`, rounded; and what is missing.
    pub minus_ln2_high: F,
    pub minus_ln2_low: F,
    /// Coefficients of P, the highest first.
    pub polynomial: [F; TERMS],
    /// Below this `exp` is 0, above `above` it is infinite.
    pub exp_below: F,
    pub exp_above: F,
    /// Below this `expm1` rounds to -1.
    pub expm1_below: F,
    /// Above this `exprel` is infinite.
    pub exprel_above: F,
    /// How far the exponent lies from the lowest bit.
    pub mantissa_bits: u32,
    /// The bits of `2^(2 * bias - exponent bias)`: minus the bits of `2^k` it gives those of `2^-k`.
    pub reciprocal: u64,
}

/// Degree 11 in all, an error below 2^-55.6.
pub const F64: Constants<f64, 10> = Constants {
    log2e: std::f64::consts::LOG2_E,
    shift: 6_755_399_441_055_744.0 + 2046.0,
    minus_ln2_high: -std::f64::consts::LN_2,
    minus_ln2_low: -2.3190468138462996e-17,
    polynomial: [
        2.5114513862546932e-08,
        2.762638218676255e-07,
        2.7557227835368595e-06,
        2.4801504312424874e-05,
        0.00019841269903154144,
        0.0013888888932483763,
        0.008333333333314537,
        0.04166666666657333,
        0.16666666666666685,
        0.5000000000000006,
    ],
    exp_below: -750.0,
    exp_above: 710.0,
    expm1_below: -40.0,
    exprel_above: 718.0,
    mantissa_bits: 52,
    reciprocal: 2046 << 52,
};

/// Degree 6 in all, an error below 2^-26.1.
pub const F32: Constants<f32, 5> = Constants {
    log2e: std::f32::consts::LOG2_E,
    shift: 12_582_912.0 + 254.0,
    minus_ln2_high: -std::f32::consts::LN_2,
    minus_ln2_low: 1.9046542121259336e-09_f64 as f32,
    polynomial: [
        0.0013946470571681857_f64 as f32,
        0.008366609923541546_f64 as f32,
        0.04166628047823906_f64 as f32,
        0.1666654348373413_f64 as f32,
        0.5,
    ],
    exp_below: -105.0,
    exp_above: 89.0,
    expm1_below: -20.0,
    exprel_above: 95.0,
    mantissa_bits: 23,
    reciprocal: 254 << 23,
};

macro_rules! exp_family {
    ($module:ident, $float:ident, $bits:ident, $constants:ident) => {
        pub(super) mod $module {
            use super::$constants as C;

            /// `(e^r - 1, 2^a, 2^b)` with `x = (a + b) ln 2 + r`. The constant comes first in the
            /// comparisons so that NaN stays.
            #[inline(always)]
            fn reduce(x: $float) -> ($float, $bits, $bits) {
                let shifted = x.mul_add(C.log2e, C.shift);
                let n = shifted - C.shift;
                let r = n.mul_add(C.minus_ln2_low, n.mul_add(C.minus_ln2_high, x));
                let mut p = C.polynomial[0];
                for coefficient in &C.polynomial[1..] {
                    p = p.mul_add(r, *coefficient);
                }
                let q = (r * r).mul_add(p, r);
                let exponent = shifted.to_bits();
                let half = exponent >> 1;
                (q, half << C.mantissa_bits, exponent.wrapping_sub(half) << C.mantissa_bits)
            }

            #[inline(always)]
            fn at_most(x: $float, limit: $float) -> $float {
                if limit < x { limit } else { x }
            }

            #[inline(always)]
            fn at_least(x: $float, limit: $float) -> $float {
                if x < limit { limit } else { x }
            }

            /// `(2^-b (e^x - 1), 2^b)`: the two are multiplied last.
            #[inline(always)]
            fn expm1_parts(x: $float) -> ($float, $float) {
                let (q, a, b) = reduce(at_least(x, C.expm1_below));
                let (a, reciprocal) =
                    ($float::from_bits(a), $float::from_bits((C.reciprocal as $bits).wrapping_sub(b)));
                (a.mul_add(q, a - reciprocal), $float::from_bits(b))
            }

            #[inline(always)]
            pub fn exp(x: $float) -> $float {
                let (q, a, b) = reduce(at_least(at_most(x, C.exp_above), C.exp_below));
                ((q + 1.0) * $float::from_bits(a)) * $float::from_bits(b)
            }

            #[inline(always)]
            pub fn expm1(x: $float) -> $float {
                let (scaled, scale) = expm1_parts(at_most(x, C.exp_above));
                scaled * scale
            }

            /// Divides before the last scaling: `e^x` may overflow where `e^x / x` does not.
            #[inline(always)]
            pub fn exprel(x: $float) -> $float {
                let x = at_most(x, C.exprel_above);
                let (scaled, scale) = expm1_parts(x);
                if x == 0.0 { 1.0 } else { (scaled / x) * scale }
            }

            /// `-m / (m + 2)` of `m = e^(-2 |x|) - 1`, with the sign of `x`.
            #[inline(always)]
            pub fn tanh(x: $float) -> $float {
                let (scaled, scale) = expm1_parts(x.abs() * -2.0);
                let m = scaled * scale;
                (m / (m + 2.0)).copysign(x)
            }

            /// 0 below the logarithm of the largest number, where the value would be subnormal.
            #[inline(always)]
            pub fn sigmoid(x: $float) -> $float {
                1.0 / (exp(-x) + 1.0)
            }
        }
    };
}

exp_family!(double, f64, u64, F64);
exp_family!(single, f32, u32, F32);

#[inline(always)]
fn exp_row_body(x: &[f64], out: &mut [f64]) {
    for (out, x) in out.iter_mut().zip(x) {
        *out = double::exp(*x);
    }
}

crate::dispatched! {
    /// `e^x`, within one unit in the last place.
    pub fn exp(x: f64) -> f64 = double::exp;
    /// `e^x`, within one unit in the last place.
    pub fn exp_f32(x: f32) -> f32 = single::exp;
    /// `e^x - 1`, within two units in the last place.
    pub fn expm1(x: f64) -> f64 = double::expm1;
    /// `e^x - 1`, within two units in the last place.
    pub fn expm1_f32(x: f32) -> f32 = single::expm1;
    /// `(e^x - 1) / x`, 1 at 0.
    pub fn exprel(x: f64) -> f64 = double::exprel;
    /// `(e^x - 1) / x`, 1 at 0.
    pub fn exprel_f32(x: f32) -> f32 = single::exprel;
    pub fn tanh(x: f64) -> f64 = double::tanh;
    pub fn tanh_f32(x: f32) -> f32 = single::tanh;
    /// `1 / (1 + e^-x)`
    pub fn sigmoid(x: f64) -> f64 = double::sigmoid;
    /// `1 / (1 + e^-x)`
    pub fn sigmoid_f32(x: f32) -> f32 = single::sigmoid;
}

crate::dispatched_rows! {
    /// `exp` of many, as many as both rows have.
    pub fn exp_row(x: &[f64], out: &mut [f64]) = exp_row_body;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Counter, Stream};

    fn ulps(found: f64, expected: f64) -> f64 {
        if found == expected || (found.is_nan() && expected.is_nan()) {
            return 0.0;
        }
        let unit = (expected.abs().next_up() - expected.abs()).max(f64::from_bits(1));
        (found - expected).abs() / unit
    }

    fn ulps_f32(found: f32, expected: f64) -> f64 {
        let rounded = expected as f32;
        if found == rounded || (found.is_nan() && rounded.is_nan()) {
            return 0.0;
        }
        let unit = f64::from((rounded.abs().next_up() - rounded.abs()).max(f32::from_bits(1)));
        (f64::from(found) - expected).abs() / unit
    }

    fn worst(range: f64, mut error: impl FnMut(f64) -> f64) -> (f64, f64) {
        let mut stream = Stream::new([1, 2], Counter::default());
        let mut worst = (0.0, 0.0);
        for k in 0..200_000 {
            let x = (stream.next_f64() * 2.0 - 1.0) * range / f64::from(1 << (k % 20));
            let e = error(x);
            if e > worst.0 {
                worst = (e, x);
            }
        }
        worst
    }

    #[track_caller]
    fn within(limit: f64, (error, x): (f64, f64)) {
        assert!(error <= limit, "{error} units in the last place at {x:e}");
    }

    #[test]
    fn exp_is_within_one_unit() {
        within(1.0, worst(745.0, |x| ulps(exp(x), libm::exp(x))));
        within(1.0, worst(104.0, |x| ulps_f32(exp_f32(x as f32), libm::exp(f64::from(x as f32)))));
    }

    #[test]
    fn expm1_and_its_like_are_within_two_units() {
        within(2.0, worst(710.0, |x| ulps(expm1(x), libm::expm1(x))));
        within(2.0, worst(89.0, |x| ulps_f32(expm1_f32(x as f32), libm::expm1(f64::from(x as f32)))));
        within(3.0, worst(700.0, |x| ulps(exprel(x), libm::expm1(x) / x)));
        within(3.0, worst(30.0, |x| ulps(tanh(x), libm::tanh(x))));
        within(3.0, worst(30.0, |x| ulps_f32(tanh_f32(x as f32), libm::tanh(f64::from(x as f32)))));
        within(2.5, worst(700.0, |x| ulps(sigmoid(x), 1.0 / (1.0 + libm::exp(-x)))));
        within(
            3.0,
            worst(88.0, |x| {
                let x = x as f32;
                ulps_f32(exprel_f32(x), if x == 0.0 { 1.0 } else { libm::expm1(f64::from(x)) / f64::from(x) })
            }),
        );
    }

    #[test]
    fn specials() {
        let tiny = f64::from_bits(1);
        assert_eq!([exp(0.0), exp(f64::INFINITY), exp(f64::NEG_INFINITY)], [1.0, f64::INFINITY, 0.0]);
        assert_eq!(
            [exp(-745.1), exp(-746.0), exp(709.78) / 1e308, exp(709.79)],
            [tiny, 0.0, libm::exp(709.78) / 1e308, f64::INFINITY]
        );
        assert_eq!(
            [expm1(f64::INFINITY), expm1(f64::NEG_INFINITY), expm1(tiny), expm1(-50.0)],
            [f64::INFINITY, -1.0, tiny, -1.0]
        );
        assert_eq!(
            [exprel(0.0), exprel(-0.0), exprel(tiny), exprel(f64::INFINITY), exprel(f64::NEG_INFINITY)],
            [1.0, 1.0, 1.0, f64::INFINITY, 0.0]
        );
        assert!(exprel(712.0).is_finite() && exprel(717.0).is_infinite());
        assert_eq!(
            [tanh(f64::INFINITY), tanh(f64::NEG_INFINITY), tanh(tiny), tanh(-50.0)],
            [1.0, -1.0, tiny, -1.0]
        );
        assert_eq!([sigmoid(f64::INFINITY), sigmoid(f64::NEG_INFINITY), sigmoid(0.0)], [1.0, 0.0, 0.5]);
        for f in [exp, expm1, exprel, tanh, sigmoid] {
            assert!(f(f64::NAN).is_nan());
        }
        assert_eq!(
            [exp_f32(f32::INFINITY), exp_f32(f32::NEG_INFINITY), exp_f32(89.0), exp_f32(-104.0)],
            [f32::INFINITY, 0.0, f32::INFINITY, 0.0]
        );
        assert_eq!(
            [
                exprel_f32(f32::INFINITY),
                exprel_f32(f32::NEG_INFINITY),
                exprel_f32(f32::from_bits(1)),
                exprel_f32(0.0)
            ],
            [f32::INFINITY, 0.0, 1.0, 1.0]
        );
        for f in [exp_f32, expm1_f32, exprel_f32, tanh_f32, sigmoid_f32] {
            assert!(f(f32::NAN).is_nan());
        }
    }

    #[test]
    fn every_width_gives_the_same_bits() {
        let mut stream = Stream::new([3, 4], Counter::default());
        let x: Vec<f64> = (0..10_000).map(|_| (stream.next_f64() - 0.5) * 1600.0).collect();
        let mut row = vec![0.0; x.len()];
        exp_row(&x, &mut row);
        for (x, row) in x.iter().zip(&row) {
            assert_eq!(row.to_bits(), double::exp(*x).to_bits());
            assert_eq!(row.to_bits(), exp(*x).to_bits());
            assert_eq!(expm1(*x).to_bits(), double::expm1(*x).to_bits());
            assert_eq!(exp_f32(*x as f32).to_bits(), single::exp(*x as f32).to_bits());
        }
    }
}
