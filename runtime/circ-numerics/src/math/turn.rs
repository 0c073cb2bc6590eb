//! Sine and cosine of a fraction of a turn, for Gaussian numbers. The quarter is taken off exactly, what
//! is left lies within an eighth of a turn. No branches.

/// 1.5 * 2^52: adding it rounds to a whole number and leaves that in the low bits.
const WHOLE: f64 = 6_755_399_441_055_744.0;
/// `sin(2 pi f) / f` in `f^2`, the highest first; an error below 2^-66.
const SINE: [f64; 8] = [
    -0.7116355284032627,
    3.8197881072964144,
    -15.094640403668294,
    42.058693928986976,
    -76.70585975299812,
    81.60524927607493,
    -41.34170224039976,
    std::f64::consts::TAU,
];
/// `(cos(2 pi f) - 1) / f^2` in `f^2`, the highest first; an error below 2^-64.
const COSINE: [f64; 7] = [
    -1.6970180668219155,
    7.903101533934262,
    -26.426251138318726,
    60.244641331590465,
    -85.45681720653994,
    64.93939402266801,
    -19.739208802178716,
];

/// (sine, cosine, quarter) of what is left beside the nearest quarter.
#[inline(always)]
fn parts(turn: f64) -> (f64, f64, u64) {
    let shifted = turn.mul_add(4.0, WHOLE);
    let f = (shifted - WHOLE).mul_add(-0.25, turn);
    let y = f * f;
    let mut s = SINE[0];
    for coefficient in &SINE[1..] {
        s = s.mul_add(y, *coefficient);
    }
    let mut c = COSINE[0];
    for coefficient in &COSINE[1..] {
        c = c.mul_add(y, *coefficient);
    }
    (s * f, c.mul_add(y, 1.0), shifted.to_bits())
}

/// `sin(2 pi turn)` and `cos(2 pi turn)` for `turn` in 0 to 1.
#[inline(always)]
pub(crate) fn sin_cos_turn(turn: f64) -> (f64, f64) {
    let (s, c, quarter) = parts(turn);
    let (sine, cosine) = if quarter & 1 == 0 { (s, c) } else { (c, s) };
    let sine = if quarter & 2 == 0 { sine } else { -sine };
    (sine, if (quarter + 1) & 2 == 0 { cosine } else { -cosine })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn close_to_a_second_implementation() {
        for k in 0..10_000 {
            let turn = f64::from(k) / 10_000.0;
            let angle = std::f64::consts::TAU * turn;
            let (sine, cosine) = sin_cos_turn(turn);
            assert!((sine - libm::sin(angle)).abs() < 2e-15, "sine of {turn}");
            assert!((cosine - libm::cos(angle)).abs() < 2e-15, "cosine of {turn}");
        }
    }
}
