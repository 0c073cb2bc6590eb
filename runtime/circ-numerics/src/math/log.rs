//! The natural logarithm: `x = 2^k (1 + f)` with `1 + f` between the roots of 1/2 and 2, `s = f / (2 + f)`
//! and `log(1 + f) = 2 artanh(s) = f - s (f - s^2 R(s^2))`, R minimax (Remez). No branches, so that rows of it
//! become vector code.

/// Coefficients of R, the highest first; an error below 2^-58.
const POLYNOMIAL: [f64; 7] = [
    0.14797535223167807,
    0.15313900174827252,
    0.181835698758222,
    0.22222198472965962,
    0.2857142874329754,
    0.399999999994109,
    0.6666666666666735,
];
const LN_2_LOW: f64 = 2.3190468138462996e-17;
/// 1.5 * 2^52: whole numbers are added to its bits.
const WHOLE: f64 = 6_755_399_441_055_744.0;

#[inline(always)]
pub(crate) fn log_body(x: f64) -> f64 {
    let small = x < f64::MIN_POSITIVE;
    let bits = if small { x * 18_014_398_509_481_984.0 } else { x }.to_bits();
    let above = bits.wrapping_sub(std::f64::consts::FRAC_1_SQRT_2.to_bits()) as i64;
    let k = (above >> 52) - if small { 54 } else { 0 };
    let f = f64::from_bits(bits.wrapping_sub((above as u64) & (0xfff << 52))) - 1.0;
    let k = f64::from_bits(WHOLE.to_bits().wrapping_add(k as u64)) - WHOLE;
    let s = f / (f + 2.0);
    let z = s * s;
    let mut p = POLYNOMIAL[0];
    for coefficient in &POLYNOMIAL[1..] {
        p = p.mul_add(z, *coefficient);
    }
    let t = (-z).mul_add(p, f);
    let low = k.mul_add(LN_2_LOW, -(s * t));
    let value = k.mul_add(std::f64::consts::LN_2, f + low);
    if 0.0 < x && x < f64::INFINITY {
        value
    } else if x == 0.0 {
        f64::NEG_INFINITY
    } else if x < 0.0 {
        f64::NAN
    } else {
        x
    }
}

crate::dispatched! {
    /// The natural logarithm, within two units in the last place; NaN below 0.
    pub fn log(x: f64) -> f64 = log_body;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Counter, Stream};

    #[test]
    fn close_to_a_second_implementation() {
        let mut stream = Stream::new([9, 9], Counter::default());
        for _ in 0..200_000 {
            let x = f64::from_bits(stream.next_u64() >> 1);
            let near = 0.5 + stream.next_f64();
            for x in [x, near].into_iter().filter(|x| x.is_finite() && *x > 0.0) {
                let (found, expected) = (log(x), libm::log(x));
                let unit = expected.abs().next_up() - expected.abs();
                assert!((found - expected).abs() <= 2.0 * unit, "log({x:e}) = {found:e}, not {expected:e}");
                assert_eq!(found.to_bits(), log_body(x).to_bits());
            }
        }
    }

    #[test]
    fn specials() {
        assert_eq!(
            [log(1.0), log(0.0), log(-0.0), log(f64::INFINITY)],
            [0.0, f64::NEG_INFINITY, f64::NEG_INFINITY, f64::INFINITY]
        );
        assert!(log(-1.0).is_nan() && log(f64::NAN).is_nan() && log(f64::NEG_INFINITY).is_nan());
    }
}
