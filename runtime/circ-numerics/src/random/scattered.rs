//! The same draws at many places that need not be neighbours, as vector code: synapses, most of all.

use super::distributions::{box_muller, draw, lognormal_of, redraw_from, uniform};
use super::philox::{Counter, block, uniform_of};
use crate::math::{exp_row, log_body};
use crate::{Distribution, Real};

/// Places whose numbers are held at a time.
const BATCH: usize = 256;

crate::dispatched_rows! {
    /// `out[k]` is the uniform number at `at[k]`.
    fn uniform_each(key: [u32; 2], at: &[Counter], out: &mut [f64]) = uniform_each_body;
    /// `out[k]` is the standard normal number at `at[k]`.
    fn normal_each(key: [u32; 2], at: &[Counter], out: &mut [f64]) = normal_each_body;
    /// Every `x` becomes `b * x + a`, rounded once.
    fn affine_each(a: &[f64], b: &[f64], x: &mut [f64]) = affine_each_body;
    /// Every `u` becomes `log(1 - u)`.
    fn log_each(u: &mut [f64]) = log_each_body;
}

/// `out[k]` is [`draw`] with the `k`-th arguments at `at[k]`. A distribution with one argument has an empty second.
pub fn draw_each<F: Real>(
    distribution: Distribution,
    args: [&[F]; 2],
    key: [u32; 2],
    at: &[Counter],
    out: &mut [F],
) {
    assert_eq!(at.len(), out.len(), "every place has a draw");
    for first in (0..at.len()).step_by(BATCH) {
        let range = first..(first + BATCH).min(at.len());
        let args = args.map(|arg| arg.get(range.clone()).unwrap_or(&[]));
        batch(distribution, args, key, &at[range.clone()], &mut out[range]);
    }
}

/// `out[k]` is [`super::redraw`] with the `k`-th arguments and bounds at `at[k]`.
pub fn redraw_each<F: Real>(
    distribution: Distribution,
    args: [&[F]; 2],
    [lo, hi]: [&[F]; 2],
    key: [u32; 2],
    at: &[Counter],
    out: &mut [F],
) {
    // The first attempt has the key itself; few places need another.
    draw_each(distribution, args, key, at, out);
    for (k, out) in out.iter_mut().enumerate() {
        let within = [lo[k], hi[k]];
        if !(lo[k] <= *out && *out <= hi[k]) {
            let args = args.map(|arg| arg.get(k).copied().unwrap_or_default());
            *out = redraw_from(*out, distribution, args, within, key, at[k]);
        }
    }
}

fn batch<F: Real>(distribution: Distribution, args: [&[F]; 2], key: [u32; 2], at: &[Counter], out: &mut [F]) {
    let mut numbers = [0.0; BATCH];
    let numbers = &mut numbers[..at.len()];
    match distribution {
        Distribution::Uniform => {
            uniform_each(key, at, numbers);
            for (k, (out, u)) in out.iter_mut().zip(numbers).enumerate() {
                *out = uniform([args[0][k], args[1][k]], *u);
            }
        }
        Distribution::Normal => {
            let (mut mean, mut sd) = ([0.0; BATCH], [0.0; BATCH]);
            widen(args[0], &mut mean);
            widen(args[1], &mut sd);
            normal_each(key, at, numbers);
            affine_each(&mean, &sd, numbers);
            narrow(numbers, out);
        }
        Distribution::Lognormal => {
            let (mut mu, mut sigma) = ([0.0; BATCH], [0.0; BATCH]);
            let mut last = None;
            for k in 0..at.len() {
                let of = args.map(|arg| arg[k].to_f64());
                let bits = of.map(f64::to_bits);
                // Neighbours mostly have the same arguments.
                (mu[k], sigma[k]) = match last {
                    Some((same, of)) if same == bits => of,
                    _ => lognormal_of(of[0], of[1]),
                };
                last = Some((bits, (mu[k], sigma[k])));
            }
            normal_each(key, at, numbers);
            affine_each(&mu, &sigma, numbers);
            let mut values = [0.0; BATCH];
            exp_row(numbers, &mut values);
            narrow(&values[..at.len()], out);
        }
        Distribution::Exponential => {
            uniform_each(key, at, numbers);
            log_each(numbers);
            for ((out, log), mean) in out.iter_mut().zip(numbers).zip(args[0]) {
                *out = F::from_f64(-mean.to_f64() * *log);
            }
        }
        Distribution::Gamma | Distribution::Beta | Distribution::Binomial | Distribution::Poisson => {
            for (k, (out, at)) in out.iter_mut().zip(at).enumerate() {
                *out = draw(distribution, args.map(|arg| arg.get(k).copied().unwrap_or_default()), key, *at);
            }
        }
    }
}

fn widen<F: Real>(from: &[F], to: &mut [f64]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = from.to_f64();
    }
}

fn narrow<F: Real>(from: &[f64], to: &mut [F]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = F::from_f64(*from);
    }
}

#[inline(always)]
fn affine_each_body(a: &[f64], b: &[f64], x: &mut [f64]) {
    for ((x, a), b) in x.iter_mut().zip(a).zip(b) {
        *x = b.mul_add(*x, *a);
    }
}

#[inline(always)]
fn log_each_body(u: &mut [f64]) {
    for u in u {
        *u = log_body(1.0 - *u);
    }
}

/// The two uniform numbers of a place's block.
#[inline(always)]
fn pair(key: [u32; 2], at: &Counter) -> [f64; 2] {
    let counter = [at.entity >> 1, at.partner, at.tick, at.salt << 20].map(u64::from);
    let [a, b, c, d] = block(counter, key).map(|word| word as u32);
    [uniform_of(a, b), uniform_of(c, d)]
}

#[inline(always)]
fn uniform_each_body(key: [u32; 2], at: &[Counter], out: &mut [f64]) {
    for (at, out) in at.iter().zip(out) {
        let [even, odd] = pair(key, at);
        *out = if at.entity & 1 == 0 { even } else { odd };
    }
}

#[inline(always)]
fn normal_each_body(key: [u32; 2], at: &[Counter], out: &mut [f64]) {
    for (at, out) in at.iter().zip(out) {
        let [u, turn] = pair(key, at);
        let [even, odd] = box_muller(u, turn);
        *out = if at.entity & 1 == 0 { even } else { odd };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::redraw;

    /// Places as those of synapses, and some at the ends of the range.
    fn places(n: usize) -> Vec<Counter> {
        let place = |k: usize| Counter {
            entity: if k % 7 == 3 { u32::MAX - k as u32 } else { k as u32 / 5 },
            partner: (k * k) as u32,
            tick: (k % 3) as u32,
            salt: (k % 4096) as u32,
        };
        (0..n).map(place).collect()
    }

    #[test]
    fn batches_have_the_bits_of_single_draws() {
        let distributions = [
            (Distribution::Uniform, [-1.0, 3.0]),
            (Distribution::Normal, [2.0, 0.5]),
            (Distribution::Lognormal, [2.0, 0.5]),
            (Distribution::Exponential, [4.0, 0.0]),
            (Distribution::Gamma, [2.0, 3.0]),
            (Distribution::Beta, [2.0, 3.0]),
            (Distribution::Binomial, [20.0, 0.3]),
            (Distribution::Poisson, [3.0, 0.0]),
        ];
        let key = [3, 4];
        for (distribution, [a, b]) in distributions as [(Distribution, [f64; 2]); 8] {
            for n in [0, 1, 7, 8, 9, 255, 256, 257, 600] {
                let at = places(n);
                let mut args = [vec![a; n], vec![b; n]];
                // Not all the same.
                args[0].iter_mut().skip(3).step_by(5).for_each(|a| *a *= 1.5);
                let mut found = vec![0.0_f64; n];
                draw_each(distribution, args.each_ref().map(|a| &a[..]), key, &at, &mut found);
                let mut bound = vec![0.0_f64; n];
                let within = [vec![0.5; n], vec![2.5; n]];
                let args_of = args.each_ref().map(|a| &a[..]);
                let within_of = within.each_ref().map(|a| &a[..]);
                redraw_each(distribution, args_of, within_of, key, &at, &mut bound);
                for k in 0..n {
                    let args = [args[0][k], args[1][k]];
                    let one = draw(distribution, args, key, at[k]);
                    assert_eq!(found[k].to_bits(), one.to_bits(), "{distribution:?}, place {k} of {n}");
                    let one = redraw(distribution, args, [0.5, 2.5], key, at[k]);
                    assert_eq!(bound[k].to_bits(), one.to_bits(), "{distribution:?}, place {k} of {n}");
                }
            }
        }
    }

    #[test]
    fn single_precision_rounds_once() {
        let at = places(20);
        let mut found = vec![0.0_f32; 20];
        draw_each(Distribution::Normal, [&[0.1; 20], &[0.3; 20]], [1, 2], &at, &mut found);
        for (k, found) in found.iter().enumerate() {
            let one = draw(Distribution::Normal, [0.1_f32, 0.3], [1, 2], at[k]);
            assert_eq!(found.to_bits(), one.to_bits());
        }
    }

    #[test]
    fn bounds_in_the_wrong_order_and_arguments_outside_give_nan() {
        let at = places(3);
        let mut out = [0.0_f64; 3];
        let args: [&[f64]; 2] = [&[0.0, 0.0, f64::NAN], &[1.0, 1.0, 1.0]];
        redraw_each(
            Distribution::Normal,
            args,
            [&[1.0, -9.0, -9.0], &[-1.0, 9.0, 9.0]],
            [1, 2],
            &at,
            &mut out,
        );
        assert!(out[0].is_nan() && out[1].is_finite() && out[2].is_nan(), "{out:?}");
    }
}
