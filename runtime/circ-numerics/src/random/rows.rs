//! The same draws for many neighbouring cells at once, as vector code.

use super::distributions::{box_muller, standard_normal};
use super::philox::{Counter, block, uniform_of, uniform53};

crate::dispatched_rows! {
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
    /// Those of two neighbours, from their block.
    fn pair(words: [u64; 4]) -> [f64; 2];
}

struct Uniform;

impl Draws for Uniform {
    #[inline(always)]
    fn one(key: [u32; 2], at: Counter) -> f64 {
        uniform53(key, at)
    }

    #[inline(always)]
    fn pair(words: [u64; 4]) -> [f64; 2] {
        let [a, b, c, d] = words.map(|word| word as u32);
        [uniform_of(a, b), uniform_of(c, d)]
    }
}

struct Normal;

impl Draws for Normal {
    #[inline(always)]
    fn one(key: [u32; 2], at: Counter) -> f64 {
        standard_normal(key, at)
    }

    #[inline(always)]
    fn pair(words: [u64; 4]) -> [f64; 2] {
        let [u, turn] = Uniform::pair(words);
        box_muller(u, turn)
    }
}

/// Pairs in a loop without branches, what is left at both ends one by one.
#[inline(always)]
fn row<D: Draws>(key: [u32; 2], mut at: Counter, out: &mut [f64]) {
    let odd = if at.entity & 1 == 1 && !out.is_empty() { 1 } else { 0 };
    let (head, rest) = out.split_at_mut(odd);
    for value in head {
        *value = D::one(key, at);
        at.entity = at.entity.wrapping_add(1);
    }
    let (pairs, tail) = rest.as_chunks_mut::<2>();
    let first = u64::from(at.entity >> 1);
    // Entities are counted in 32 bits, so pairs in 31.
    let [partner, tick, salt] = [at.partner, at.tick, at.salt << 20].map(u64::from);
    for (k, pair) in pairs.iter_mut().enumerate() {
        *pair = D::pair(block([(first + k as u64) & 0x7fff_ffff, partner, tick, salt], key));
    }
    at.entity = at.entity.wrapping_add(2 * pairs.len() as u32);
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
