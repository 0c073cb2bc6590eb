//! Draws from distributions, in `f64`, rounded once. Arguments outside a distribution's domain give
//! NaN, or the limit where there is one (a Poisson number of mean 0 is 0); nothing loops for ever.

use super::philox::{Counter, SPACING, Stream, attempt_key, shared_block, uniform_of, uniform53};
use crate::math::{exp, fma, lgamma, log, log_body, pow, sigmoid, sin_cos_turn};
use crate::{Distribution, Real};

/// Means from here on are drawn by rejection.
const POISSON_BY_SEARCH: f64 = 12.0;
/// More counts than this do not occur where means are searched for.
pub(super) const POISSON_LONGEST: u32 = 200;
const BINOMIAL_BY_SEARCH: f64 = 10.0;
/// First block of the streams of rejection samplers.
const SAMPLER_BLOCK: u64 = 1 << 19;
/// After so many rejections (probability 0 for all purposes) the mean is taken.
const MOST_ATTEMPTS: u32 = 1000;

/// `redraw` gives up after so many draws: what lies within once in a thousand is missed once in 22 000.
pub const MOST_REDRAWS: u32 = 10_000;

/// A draw with these arguments (unused ones 0).
pub fn draw<F: Real>(distribution: Distribution, args: [F; 2], key: [u32; 2], at: Counter) -> F {
    let [a, b] = args.map(F::to_f64);
    if distribution == Distribution::Uniform {
        return uniform(args, uniform53(key, at));
    }
    F::from_f64(match distribution {
        Distribution::Uniform => a,
        Distribution::Normal => fma(b, standard_normal(key, at), a),
        Distribution::Lognormal => lognormal(a, b, standard_normal(key, at)),
        Distribution::Exponential => -a * log(1.0 - uniform53(key, at)),
        Distribution::Gamma => b * exp(log_gamma_variate(a, &mut sampler(key, at))),
        Distribution::Beta => beta(a, b, &mut sampler(key, at)),
        Distribution::Binomial => binomial(a, b, key, at),
        Distribution::Poisson => poisson(a, key, at),
    })
}

/// That draw, again until it lies within `lo ..= hi`; NaN where none of [`MOST_REDRAWS`] did.
pub fn redraw<F: Real>(
    distribution: Distribution,
    args: [F; 2],
    within: [F; 2],
    key: [u32; 2],
    at: Counter,
) -> F {
    redraw_from(draw(distribution, args, key, at), distribution, args, within, key, at)
}

/// As [`redraw`], where the first of the draws is known.
pub(super) fn redraw_from<F: Real>(
    first: F,
    distribution: Distribution,
    args: [F; 2],
    [lo, hi]: [F; 2],
    key: [u32; 2],
    at: Counter,
) -> F {
    // Nothing lies between bounds in the wrong order.
    let attempts = if lo <= hi { MOST_REDRAWS } else { 0 };
    let mut value = first;
    for attempt in 1..=attempts {
        if lo <= value && value <= hi {
            return value;
        }
        // Arguments outside the domain: no attempt will do.
        if value.to_f64().is_nan() {
            break;
        }
        if attempt < attempts {
            value = draw(distribution, args, attempt_key(key, attempt), at);
        }
    }
    F::from_f64(f64::NAN)
}

/// `lo + (hi - lo) u`, kept below `hi` where rounding would reach it.
pub(super) fn uniform<F: Real>([lo, hi]: [F; 2], u: f64) -> F {
    let value = F::from_f64(fma(hi.to_f64() - lo.to_f64(), u, lo.to_f64()));
    if lo < hi && value >= hi { hi.next_down() } else { value }
}

/// The even entity of a pair takes the first of two normal numbers, the odd one the second.
pub(crate) fn standard_normal(key: [u32; 2], at: Counter) -> f64 {
    let words = shared_block(key, at);
    normals(uniform_of(words[0], words[1]), uniform_of(words[2], words[3]))[(at.entity & 1) as usize]
}

/// Two normal numbers of two uniform ones (Box and Muller 1958).
#[inline(always)]
pub(crate) fn box_muller(u: f64, turn: f64) -> [f64; 2] {
    let radius = (-2.0 * log_body(u + SPACING)).sqrt();
    let (sine, cosine) = sin_cos_turn(turn);
    [radius * cosine, radius * sine]
}

crate::dispatched! {
    /// [`box_muller`].
    fn normals(u: f64, turn: f64) -> [f64; 2] = box_muller;
}

/// With this mean and standard deviation of the value itself.
fn lognormal(mean: f64, sd: f64, normal: f64) -> f64 {
    let (mu, sigma) = lognormal_of(mean, sd);
    exp(fma(sigma, normal, mu))
}

/// Mean and standard deviation of the logarithm of a number that has these itself.
pub(super) fn lognormal_of(mean: f64, sd: f64) -> (f64, f64) {
    let ratio = sd / mean;
    let variance = libm::log1p(ratio * ratio);
    (fma(-0.5, variance, log(mean)), variance.sqrt())
}

fn sampler(key: [u32; 2], at: Counter) -> Stream {
    Stream::from_block(key, at, SAMPLER_BLOCK)
}

fn stream_normal(stream: &mut Stream) -> f64 {
    let (u, turn) = (stream.next_f64(), stream.next_f64());
    normals(u, turn)[0]
}

/// The logarithm of a gamma variate of scale 1 (Marsaglia and Tsang 2000); small shapes by
/// `G(a) = G(a + 1) U^(1/a)`, as a logarithm because that may be far below the smallest number.
fn log_gamma_variate(shape: f64, stream: &mut Stream) -> f64 {
    if !(shape > 0.0 && shape < f64::INFINITY) {
        return if shape == 0.0 { f64::NEG_INFINITY } else { f64::NAN };
    }
    if shape < 1.0 {
        let u = stream.next_f64() + SPACING;
        return log_gamma_variate(shape + 1.0, stream) + log(u) / shape;
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    for _ in 0..MOST_ATTEMPTS {
        let x = stream_normal(stream);
        let root = 1.0 + c * x;
        let u = stream.next_f64() + SPACING;
        if root > 0.0 {
            let v = root * root * root;
            if log(u) < 0.5 * x * x + d - d * v + d * log(v) {
                return log(d) + log(v);
            }
        }
    }
    log(shape)
}

fn beta(a: f64, b: f64, stream: &mut Stream) -> f64 {
    let x = log_gamma_variate(a, stream);
    let y = log_gamma_variate(b, stream);
    sigmoid(x - y)
}

/// The cumulative sums that a Poisson number of this mean (below 12) is looked up in: the count is the
/// number of entries that are not above the uniform number.
pub fn poisson_cumulative(mean: f64) -> Vec<f64> {
    let mut sums = vec![];
    let mut term = exp(-mean);
    let mut sum = term;
    for k in 1..=POISSON_LONGEST {
        sums.push(sum);
        term = term * mean / f64::from(k);
        sum += term;
    }
    sums
}

/// The Poisson number of a mean below 12 for a uniform number in `[0, 1)`, by sequential search.
pub fn poisson_from_uniform(mean: f64, uniform: f64) -> u32 {
    let mut term = exp(-mean);
    let mut sum = term;
    for k in 1..=POISSON_LONGEST {
        if uniform < sum {
            return k - 1;
        }
        term = term * mean / f64::from(k);
        sum += term;
    }
    POISSON_LONGEST
}

fn poisson(mean: f64, key: [u32; 2], at: Counter) -> f64 {
    if 0.0 < mean && mean < POISSON_BY_SEARCH {
        f64::from(poisson_from_uniform(mean, uniform53(key, at)))
    } else {
        poisson_long(mean, key, at)
    }
}

/// A Poisson number of a mean that is not searched for.
pub(super) fn poisson_long(mean: f64, key: [u32; 2], at: Counter) -> f64 {
    if mean <= 0.0 {
        0.0
    } else if mean < f64::INFINITY {
        poisson_by_rejection(mean, &mut sampler(key, at))
    } else {
        f64::NAN
    }
}

/// PTRS (Hörmann, "The transformed rejection method for generating Poisson random variables", 1993).
fn poisson_by_rejection(mean: f64, stream: &mut Stream) -> f64 {
    let b = 0.931 + 2.53 * mean.sqrt();
    let a = -0.059 + 0.02483 * b;
    let log_inverse_alpha = log(1.1239 + 1.1328 / (b - 3.4));
    let v_r = 0.9277 - 3.6224 / (b - 2.0);
    let log_mean = log(mean);
    for _ in 0..MOST_ATTEMPTS {
        let u = stream.next_f64() - 0.5;
        let v = stream.next_f64();
        let distance = 0.5 - u.abs();
        let k = ((2.0 * a / distance + b) * u + mean + 0.43).floor();
        if distance >= 0.07 && v <= v_r {
            return k;
        }
        if k < 0.0 || (distance < 0.013 && v > distance) {
            continue;
        }
        let accept = log(v) + log_inverse_alpha - log(a / (distance * distance) + b);
        if accept <= k * log_mean - mean - lgamma(k + 1.0) {
            return k;
        }
    }
    mean.round_ties_even()
}

/// Of `n` rounded to a whole number; `p` outside 0 to 1 counts as the nearer end.
fn binomial(n: f64, p: f64, key: [u32; 2], at: Counter) -> f64 {
    let n = n.round_ties_even();
    if n.is_nan() || n == f64::INFINITY || p.is_nan() {
        return f64::NAN;
    }
    if n <= 0.0 || p <= 0.0 {
        return 0.0;
    }
    if p >= 1.0 {
        return n;
    }
    let rare = if p <= 0.5 { p } else { 1.0 - p };
    let count = if n * rare < BINOMIAL_BY_SEARCH {
        binomial_by_search(n, rare, uniform53(key, at))
    } else {
        binomial_by_rejection(n, rare, &mut sampler(key, at))
    };
    if p <= 0.5 { count } else { n - count }
}

fn binomial_by_search(n: f64, p: f64, u: f64) -> f64 {
    let odds = p / (1.0 - p);
    // (1 - p)^n by way of log1p: p may be far below the spacing of numbers at 1.
    let mut term = if p > 1e-3 { pow(1.0 - p, n) } else { exp(n * libm::log1p(-p)) };
    let mut sum = term;
    let mut k = 0.0;
    while u >= sum && k < n && k < 200.0 {
        term = term * (n - k) / (k + 1.0) * odds;
        sum += term;
        k += 1.0;
    }
    k
}

/// BTRS (Hörmann, "The generation of binomial random variates", 1993).
fn binomial_by_rejection(n: f64, p: f64, stream: &mut Stream) -> f64 {
    let deviation = (n * p * (1.0 - p)).sqrt();
    let b = 1.15 + 2.53 * deviation;
    let a = -0.0873 + 0.0248 * b + 0.01 * p;
    let v_r = 0.92 - 4.2 / b;
    let alpha = (2.83 + 5.1 / b) * deviation;
    let mode = ((n + 1.0) * p).floor();
    let log_odds = log(p / (1.0 - p));
    let height = lgamma(mode + 1.0) + lgamma(n - mode + 1.0);
    for _ in 0..MOST_ATTEMPTS {
        let u = stream.next_f64() - 0.5;
        let v = stream.next_f64();
        let distance = 0.5 - u.abs();
        let k = ((2.0 * a / distance + b) * u + n * p + 0.5).floor();
        if !(0.0..=n).contains(&k) {
            continue;
        }
        if distance >= 0.07 && v <= v_r {
            return k;
        }
        let accept = log(v * alpha / (a / (distance * distance) + b));
        if accept <= height - lgamma(k + 1.0) - lgamma(n - k + 1.0) + (k - mode) * log_odds {
            return k;
        }
    }
    mode
}

#[cfg(test)]
mod tests {
    use super::*;

    const DRAWS: u32 = 100_000;

    fn sample(distribution: Distribution, args: [f64; 2]) -> Vec<f64> {
        let at = |entity| Counter { entity, tick: 17, salt: 5, ..Counter::default() };
        (0..DRAWS).map(|entity| draw(distribution, args, [11, 12], at(entity))).collect()
    }

    /// Mean within 5 standard errors and variance within 4 % (the draws are always the same).
    #[track_caller]
    fn moments(distribution: Distribution, args: [f64; 2], mean: f64, variance: f64) {
        let draws = sample(distribution, args);
        let n = f64::from(DRAWS);
        let m = draws.iter().sum::<f64>() / n;
        let v = draws.iter().map(|x| (x - m) * (x - m)).sum::<f64>() / n;
        assert!(
            (m - mean).abs() < 5.0 * (variance / n).sqrt(),
            "{distribution:?}{args:?}: mean {m}, not {mean}"
        );
        assert!(
            (v - variance).abs() < 0.04 * variance,
            "{distribution:?}{args:?}: variance {v}, not {variance}"
        );
    }

    #[test]
    fn moments_are_right() {
        use Distribution::*;
        moments(Uniform, [-2.0, 4.0], 1.0, 3.0);
        moments(Normal, [3.0, 2.0], 3.0, 4.0);
        moments(Lognormal, [2.0, 1.0], 2.0, 1.0);
        moments(Exponential, [4.0, 0.0], 4.0, 16.0);
        moments(Gamma, [2.5, 3.0], 7.5, 22.5);
        moments(Gamma, [0.3, 1.0], 0.3, 0.3);
        moments(Beta, [2.0, 3.0], 0.4, 0.04);
        moments(Beta, [0.5, 0.5], 0.5, 0.125);
        moments(Binomial, [20.0, 0.3], 6.0, 4.2);
        moments(Binomial, [1000.0, 0.7], 700.0, 210.0);
        moments(Binomial, [1e9, 1e-9], 1.0, 1.0);
        for mean in [0.02, 1.0, 11.9, 12.0, 50.0, 1e6] {
            moments(Poisson, [mean, 0.0], mean, mean);
        }
    }

    #[test]
    fn normal_tails_and_neighbours() {
        let draws = sample(Distribution::Normal, [0.0, 1.0]);
        let beyond = |limit: f64| draws.iter().filter(|x| x.abs() > limit).count() as f64 / f64::from(DRAWS);
        assert!((beyond(1.0) - 0.3173).abs() < 0.006 && (beyond(3.0) - 0.0027).abs() < 0.0007);
        let product = draws.chunks_exact(2).map(|c| c[0] * c[1]).sum::<f64>() / f64::from(DRAWS / 2);
        assert!(product.abs() < 0.02, "neighbours are correlated by {product}");
    }

    #[test]
    fn a_table_gives_the_same_counts() {
        for mean in [1e-9, 0.3, 2.0, 11.99] {
            let table = poisson_cumulative(mean);
            for k in 0..1000 {
                let u = f64::from(k) / 1000.0;
                let count = table.iter().take_while(|sum| **sum <= u).count();
                assert_eq!(count as u32, poisson_from_uniform(mean, u));
            }
        }
    }

    #[test]
    fn a_uniform_number_stays_below_its_end() {
        assert_eq!(uniform([0.0_f32, 1.0], 1.0 - SPACING), 1.0_f32.next_down());
        assert_eq!(uniform([1.0, 1.0], 0.5), 1.0);
    }

    #[test]
    fn a_redraw_is_the_first_draw_within() {
        let at = |entity| Counter { entity, tick: 3, ..Counter::default() };
        for entity in 0..10_000 {
            let first: f64 = draw(Distribution::Normal, [0.0, 1.0], [1, 2], at(entity));
            let value = redraw(Distribution::Normal, [0.0, 1.0], [1.0, 3.0], [1, 2], at(entity));
            assert!((1.0..=3.0).contains(&value));
            assert!(!(1.0..=3.0).contains(&first) || first == value);
        }
    }

    #[test]
    fn a_redraw_that_can_not_succeed_ends() {
        let redraw = |within| redraw(Distribution::Normal, [0.0, 1.0], within, [1, 2], Counter::default());
        assert!(redraw([50.0, 51.0]).is_nan() && redraw([1.0, -1.0]).is_nan());
    }

    #[test]
    fn arguments_out_of_range_end() {
        let bad = [0.0, -1.0, 1.5, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1e300, 1e-300];
        for distribution in Distribution::ALL {
            for a in bad {
                for b in bad {
                    for entity in 0..4 {
                        let at = Counter { entity, ..Counter::default() };
                        draw(distribution, [a, b], [1, 2], at);
                        draw(distribution, [a as f32, b as f32], [1, 2], at);
                    }
                }
            }
        }
        assert_eq!(draw(Distribution::Poisson, [0.0, 0.0], [1, 2], Counter::default()), 0.0);
        assert_eq!(draw(Distribution::Binomial, [7.0, 1.0], [1, 2], Counter::default()), 7.0);
    }
}
