//! The exponential of a small matrix: Padé approximation of degree 13 with scaling and squaring, after
//! Higham (2005), in a fixed order of operations.

/// Coefficients of the numerator, the constant first.
const PADE: [f64; 14] = [
    64_764_752_532_480_000.0,
    32_382_376_266_240_000.0,
    7_771_770_303_897_600.0,
    1_187_353_796_428_800.0,
    129_060_195_264_000.0,
    10_559_470_521_600.0,
    670_442_572_800.0,
    33_522_128_640.0,
    1_323_241_920.0,
    40_840_800.0,
    960_960.0,
    16_380.0,
    182.0,
    1.0,
];
/// Up to this 1-norm the approximation is as exact as `f64`.
const NORM: f64 = 5.371920351148152;

/// `e^M` of an `n`×`n` row-major matrix, row-major. All NaN if an entry is not finite.
///
/// # Panics
/// If `m` does not have `n * n` entries.
pub fn expm(n: usize, m: &[f64]) -> Vec<f64> {
    assert_eq!(m.len(), n * n, "a square matrix has n * n entries");
    if !m.iter().all(|x| x.is_finite()) {
        return vec![f64::NAN; n * n];
    }
    let squarings = squarings(norm(n, m));
    // Halving is exact (but for subnormal entries, which do not matter beside the norm).
    let scale = f64::from_bits((1023 - squarings) << 52);
    let scaled: Vec<f64> = m.iter().map(|x| x * scale).collect();
    let mut result = pade(n, &scaled);
    for _ in 0..squarings {
        result = product(n, &result, &result);
    }
    result
}

/// The largest sum of a column's absolute values.
fn norm(n: usize, m: &[f64]) -> f64 {
    (0..n)
        .map(|c| (0..n).map(|r| m[r * n + c].abs()).sum::<f64>())
        .fold(0.0, |a, b| if a < b { b } else { a })
}

/// How often the matrix must be halved; at most 1022.
fn squarings(mut norm: f64) -> u64 {
    let mut count = 0;
    while norm > NORM && count < 1022 {
        norm *= 0.5;
        count += 1;
    }
    count
}

/// `(V - U)^-1 (V + U)`, U the odd and V the even part of the numerator.
fn pade(n: usize, a: &[f64]) -> Vec<f64> {
    let a2 = product(n, a, a);
    let a4 = product(n, &a2, &a2);
    let a6 = product(n, &a4, &a2);
    let sum = |c6: f64, c4: f64, c2: f64, c0: f64, plus: &[f64]| -> Vec<f64> {
        (0..n * n)
            .map(|k| {
                let identity = if k / n == k % n { c0 } else { 0.0 };
                plus[k] + c6 * a6[k] + c4 * a4[k] + c2 * a2[k] + identity
            })
            .collect()
    };
    let zero = vec![0.0; n * n];
    let b = &PADE;
    let high = product(n, &a6, &sum(b[13], b[11], b[9], 0.0, &zero));
    let u = product(n, a, &sum(b[7], b[5], b[3], b[1], &high));
    let high = product(n, &a6, &sum(b[12], b[10], b[8], 0.0, &zero));
    let v = sum(b[6], b[4], b[2], b[0], &high);
    let denominator = (0..n * n).map(|k| v[k] - u[k]).collect();
    let numerator = (0..n * n).map(|k| v[k] + u[k]).collect();
    solve(n, denominator, numerator)
}

fn product(n: usize, a: &[f64], b: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; n * n];
    for r in 0..n {
        for c in 0..n {
            out[r * n + c] = (0..n).fold(0.0, |sum, k| crate::math::fma(a[r * n + k], b[k * n + c], sum));
        }
    }
    out
}

/// `a^-1 b` by elimination with row pivoting; the first largest entry of a column is the pivot.
fn solve(n: usize, mut a: Vec<f64>, mut b: Vec<f64>) -> Vec<f64> {
    for c in 0..n {
        let mut pivot = c;
        for r in c + 1..n {
            if a[r * n + c].abs() > a[pivot * n + c].abs() {
                pivot = r;
            }
        }
        for k in 0..n {
            a.swap(c * n + k, pivot * n + k);
            b.swap(c * n + k, pivot * n + k);
        }
        for r in c + 1..n {
            let factor = -a[r * n + c] / a[c * n + c];
            for k in 0..n {
                a[r * n + k] = crate::math::fma(factor, a[c * n + k], a[r * n + k]);
                b[r * n + k] = crate::math::fma(factor, b[c * n + k], b[r * n + k]);
            }
        }
    }
    for r in (0..n).rev() {
        for k in 0..n {
            let sum =
                (r + 1..n).fold(b[r * n + k], |sum, c| crate::math::fma(-a[r * n + c], b[c * n + k], sum));
            b[r * n + k] = sum / a[r * n + r];
        }
    }
    b
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn close(found: &[f64], expected: &[f64], relative: f64) {
        for (f, e) in found.iter().zip(expected) {
            assert!((f - e).abs() <= relative * e.abs().max(1e-300), "{found:?} is not {expected:?}");
        }
    }

    #[test]
    fn nilpotent() {
        close(&expm(2, &[0.0, 3.0, 0.0, 0.0]), &[1.0, 3.0, 0.0, 1.0], 1e-15);
        assert_eq!(expm(0, &[]), Vec::<f64>::new());
    }

    #[test]
    fn two_coupled_decays() {
        // v' = -v/20 + g, g' = -g/5, over 0.1 and over 1000 ms
        for t in [1e-6, 0.1, 10.0, 1000.0] {
            let (a, b) = (libm::exp(-t / 20.0), libm::exp(-t / 5.0));
            let mixed = (a - b) / (1.0 / 5.0 - 1.0 / 20.0);
            let found = expm(2, &[-t / 20.0, t, 0.0, -t / 5.0]);
            close(&[found[0], found[2]], &[a, 0.0], 1e-13);
            close(&[found[1]], &[mixed], if t < 1e-3 { 1e-9 } else { 1e-13 });
        }
    }

    #[test]
    fn a_rotation() {
        let found = expm(2, &[0.0, -100.0, 100.0, 0.0]);
        close(&found, &[libm::cos(100.0), -libm::sin(100.0), libm::sin(100.0), libm::cos(100.0)], 1e-12);
    }

    #[test]
    fn what_is_not_finite_stays_so() {
        assert!(expm(1, &[f64::NAN])[0].is_nan());
        assert_eq!(expm(1, &[1e300])[0], f64::INFINITY);
        assert_eq!(expm(1, &[-1e5])[0], 0.0);
    }
}
