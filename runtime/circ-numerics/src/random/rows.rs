//! The same draws for many neighbouring cells at once, as vector code.

use super::distributions::standard_normal;
use super::philox::{Counter, SPACING, philox_lanes, uniform_of, uniform53};
use crate::math::{log_body, sin_cos_turn};

/// Blocks of the generator computed beside each other; each serves two cells.
const LANES: usize = 8;

crate::dispatched! {
    /// `out[k]` is [`uniform53`] of entity `first_entity + k`.
    pub fn uniform_row(key: [u32; 2], first_entity: u32, partner: u32, tick: u32, salt: u32, out: &mut [f64]) = uniform_row_body;
    /// `out[k]` is a standard normal draw of entity `first_entity + k`.
    pub fn normal_row(key: [u32; 2], first_entity: u32, partner: u32, tick: u32, salt: u32, out: &mut [f64]) = normal_row_body;
}

#[inline(always)]
fn uniform_row_body(key: [u32; 2], first_entity: u32, partner: u32, tick: u32, salt: u32, out: &mut [f64]) {
    row::<Uniform>(key, Counter { entity: first_entity, partner, tick, salt }, out);
}

#[inline(always)]
fn normal_row_body(key: [u32; 2], first_entity: u32, partner: u32, tick: u32, salt: u32, out: &mut [f64]) {
    row::<Normal>(key, Counter { entity: first_entity, partner, tick, salt }, out);
}

/// What a row is made of. A trait and not a closure: a closure is compiled for the machine that everyone has,
/// methods are always inlined into the version for the machine that there is.
trait Draws {
    fn one(key: [u32; 2], at: Counter) -> f64;
    fn many(words: &[[u32; LANES]; 4], pairs: &mut [f64; 2 * LANES]);
}

struct Uniform;

impl Draws for Uniform {
    #[inline(always)]
    fn one(key: [u32; 2], at: Counter) -> f64 {
        uniform53(key, at)
    }

    #[inline(always)]
    fn many(words: &[[u32; LANES]; 4], pairs: &mut [f64; 2 * LANES]) {
        for l in 0..LANES {
            pairs[2 * l] = uniform_of(words[0][l], words[1][l]);
            pairs[2 * l + 1] = uniform_of(words[2][l], words[3][l]);
        }
    }
}

struct Normal;

impl Draws for Normal {
    #[inline(always)]
    fn one(key: [u32; 2], at: Counter) -> f64 {
        standard_normal(key, at)
    }

    #[inline(always)]
    fn many(words: &[[u32; LANES]; 4], pairs: &mut [f64; 2 * LANES]) {
        let (mut radius, mut turn) = ([0.0; LANES], [0.0; LANES]);
        for l in 0..LANES {
            radius[l] = (-2.0 * log_body(uniform_of(words[0][l], words[1][l]) + SPACING)).sqrt();
        }
        for l in 0..LANES {
            turn[l] = uniform_of(words[2][l], words[3][l]);
        }
        let (mut cosine, mut sine) = ([0.0; LANES], [0.0; LANES]);
        for l in 0..LANES {
            let (s, c) = sin_cos_turn(turn[l]);
            cosine[l] = radius[l] * c;
            sine[l] = radius[l] * s;
        }
        for l in 0..LANES {
            pairs[2 * l] = cosine[l];
            pairs[2 * l + 1] = sine[l];
        }
    }
}

/// Whole groups of blocks beside each other, what is left at both ends one by one.
#[inline(always)]
fn row<D: Draws>(key: [u32; 2], mut at: Counter, out: &mut [f64]) {
    let odd = if at.entity & 1 == 1 && !out.is_empty() { 1 } else { 0 };
    let (head, rest) = out.split_at_mut(odd);
    let (groups, tail) = rest.as_chunks_mut::<{ 2 * LANES }>();
    for value in head {
        *value = D::one(key, at);
        at.entity = at.entity.wrapping_add(1);
    }
    for group in groups {
        let mut counters = [[0; LANES], [at.partner; LANES], [at.tick; LANES], [at.salt << 20; LANES]];
        for (l, counter) in counters[0].iter_mut().enumerate() {
            *counter = (at.entity.wrapping_add(2 * l as u32)) >> 1;
        }
        D::many(&philox_lanes(counters, key), group);
        at.entity = at.entity.wrapping_add(2 * LANES as u32);
    }
    for value in tail {
        *value = D::one(key, at);
        at.entity = at.entity.wrapping_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Distribution;
    use crate::random::draw;

    #[test]
    fn rows_have_the_bits_of_single_draws() {
        let key = [77, 88];
        for first in [0_u32, 1, 2, 33, u32::MAX - 20] {
            for length in [0, 1, 2, 15, 16, 17, 100] {
                let mut rows = [vec![0.0; length], vec![0.0; length], vec![0.0; length], vec![0.0; length]];
                uniform_row(key, first, 9, 1000, 7, &mut rows[0]);
                uniform_row_body(key, first, 9, 1000, 7, &mut rows[1]);
                normal_row(key, first, 9, 1000, 7, &mut rows[2]);
                normal_row_body(key, first, 9, 1000, 7, &mut rows[3]);
                for k in 0..length {
                    let at =
                        Counter { entity: first.wrapping_add(k as u32), partner: 9, tick: 1000, salt: 7 };
                    let u = uniform53(key, at).to_bits();
                    let n = draw(Distribution::Normal, [0.0_f64, 1.0], key, at).to_bits();
                    assert_eq!(rows.each_ref().map(|row| row[k].to_bits()), [u, u, n, n]);
                }
            }
        }
    }
}
