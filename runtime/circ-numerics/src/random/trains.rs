//! Poisson numbers of trains: how many events each of many neighbouring cells gets at a tick.
//!
//! A train's uniform number has 53 bits. The upper 32 are a word of a block that four neighbours share; the lower 21
//! matter only where the upper are those of a limit between two counts, which is rare, and come from a block of their
//! own. So four counts cost one block, and are those of the whole number.

use super::distributions::{POISSON_LONGEST, poisson_from_uniform, poisson_long};
use super::philox::{Counter, block, philox};

/// Means from here on are drawn by rejection.
const BY_SEARCH: f64 = 64.0;
/// The partner of the block that has the lower bits: 0 is the shared one's.
const LOWER: u32 = 2;
const LOWER_BITS: u32 = 21;
/// Up to this mean, words are compared with one limit after the other: the counts of a batch lie near each other.
const BY_LIMITS: f64 = 6.0;
/// Words that are compared side by side.
const LANES: usize = 64;
/// Parts of the range of the upper bits that a table is entered by: it stays in the cache.
const PARTS_LOG: u32 = 14;
const PARTS: usize = 1 << PARTS_LOG;
/// A part in which a limit lies.
const MIXED: u8 = u8::MAX;
/// Words drawn at a time.
const BATCH: usize = 256;

/// The number of events of one train at one tick: a Poisson number.
pub fn train_count(mean: f64, key: [u32; 2], position: u32, tick: u32) -> f64 {
    if 0.0 < mean && mean < BY_SEARCH {
        let upper = philox([position >> 2, 0, tick, 0], key)[(position & 3) as usize];
        let uniform = whole(upper, lower(key, position, tick)) as f64 / (1_u64 << 53) as f64;
        f64::from(poisson_from_uniform(mean, uniform))
    } else {
        poisson_long(mean, key, Counter { entity: position, partner: 0, tick, salt: 0 })
    }
}

/// The lower bits of a train's number.
fn lower(key: [u32; 2], position: u32, tick: u32) -> u32 {
    philox([position, LOWER, tick, 0], key)[0] >> (u32::BITS - LOWER_BITS)
}

fn whole(upper: u32, lower: u32) -> u64 {
    u64::from(upper) << LOWER_BITS | u64::from(lower)
}

/// The counts of all trains of one mean.
#[derive(Clone, Debug)]
pub struct Trains {
    mean: f64,
    /// The count is the number of limits that are not above the train's number. Empty where means are not searched.
    limits: Vec<u64>,
    way: Way,
}

/// How counts are found.
#[derive(Clone, Debug)]
enum Way {
    /// One by one.
    Drawn,
    /// By the upper bits of the limits.
    Limits(Vec<u32>),
    /// For each part: the count of all its numbers, or [`MIXED`].
    Parts(Box<[u8; PARTS]>),
}

impl Trains {
    pub fn new(mean: f64) -> Trains {
        if !(0.0 < mean && mean < BY_SEARCH) {
            return Trains { mean, limits: vec![], way: Way::Drawn };
        }
        // A sum is at most a number over 2^53 if that number is at least the sum times 2^53.
        let limit = |sum: f64| (sum * (1_u64 << 53) as f64).ceil() as u64;
        let sums = super::poisson_cumulative(mean);
        let limits: Vec<u64> = sums.into_iter().map(limit).take_while(|limit| *limit < 1 << 53).collect();
        if mean <= BY_LIMITS {
            let upper = limits.iter().map(|limit| (limit >> LOWER_BITS) as u32).collect();
            return Trains { mean, limits, way: Way::Limits(upper) };
        }
        let below = |number: u64| limits.partition_point(|limit| *limit <= number) as u8;
        let width = 53 - PARTS_LOG;
        let part = |k: u64| {
            let (first, last) = (below(k << width), below(((k + 1) << width) - 1));
            if first == last { first } else { MIXED }
        };
        let mut parts = Box::new([MIXED; PARTS]);
        parts.iter_mut().enumerate().for_each(|(k, count)| *count = part(k as u64));
        Trains { mean, limits, way: Way::Parts(parts) }
    }

    /// The mean that this is for.
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// `out[k]` is [`train_count`] of position `first + k`.
    pub fn counts(&self, key: [u32; 2], first: u32, tick: u32, out: &mut [u32]) {
        if let Way::Drawn = self.way {
            for (k, out) in out.iter_mut().enumerate() {
                *out = train_count(self.mean, key, first + k as u32, tick) as u32;
            }
            return;
        }
        let mut words = [[0; 4]; BATCH / 4 + 1];
        for (batch, out) in out.chunks_mut(BATCH).enumerate() {
            let first = first + (batch * BATCH) as u32;
            let skipped = (first & 3) as usize;
            let blocks = &mut words[..(skipped + out.len()).div_ceil(4)];
            words_of_blocks(key, first >> 2, tick, blocks);
            let words = &blocks.as_flattened()[skipped..];
            let look = |k: usize| self.look(words[k], key, first + k as u32, tick);
            match &self.way {
                Way::Drawn => {}
                Way::Limits(limits) => {
                    let mut met = false;
                    count_limits(limits, words, out, &mut met);
                    if met {
                        out.iter_mut().enumerate().for_each(|(k, out)| *out = look(k));
                    }
                }
                Way::Parts(parts) => {
                    let mut mixed = false;
                    for (out, word) in out.iter_mut().zip(words) {
                        let count = parts[(word >> (u32::BITS - PARTS_LOG)) as usize];
                        mixed |= count == MIXED;
                        *out = u32::from(count);
                    }
                    let open = |(_, out): &(usize, &mut u32)| **out == u32::from(MIXED);
                    if mixed {
                        out.iter_mut().enumerate().filter(open).for_each(|(k, out)| *out = look(k));
                    }
                }
            }
        }
    }

    /// The count of a train by its number, whose lower bits are looked for only where they matter.
    fn look(&self, upper: u32, key: [u32; 2], position: u32, tick: u32) -> u32 {
        let of = |lower: u32| self.limits.partition_point(|limit| *limit <= whole(upper, lower)) as u32;
        let (least, most) = (of(0), of((1 << LOWER_BITS) - 1));
        if least == most { least } else { of(lower(key, position, tick)) }
    }
}

/// Means of neighbouring trains, of which each has its own.
#[derive(Clone, Debug, Default)]
pub struct Means {
    /// The mean, and `exp(-mean)`.
    means: Vec<(f64, f64)>,
    /// There is no event where the upper bits are below this, whatever the lower ones are.
    none_below: Vec<u32>,
}

impl Means {
    pub fn new(means: impl Iterator<Item = f64>) -> Means {
        let means: Vec<(f64, f64)> = means.map(|mean| (mean, crate::math::exp(-mean))).collect();
        let none_below = means.iter().map(|(mean, none)| none_below(*mean, *none)).collect();
        Means { means, none_below }
    }

    /// By train.
    pub fn iter(&self) -> impl Iterator<Item = f64> {
        self.means.iter().map(|(mean, _)| *mean)
    }

    /// `out[k]` is [`train_count`] of the mean `from + k` and position `first + k`.
    pub fn counts(&self, from: usize, key: [u32; 2], first: u32, tick: u32, out: &mut [u32]) {
        let (means, none_below) = (&self.means[from..][..out.len()], &self.none_below[from..][..out.len()]);
        let mut words = [[0; 4]; BATCH / 4 + 1];
        for (batch, out) in out.chunks_mut(BATCH).enumerate() {
            let (at, first) = (batch * BATCH, first + (batch * BATCH) as u32);
            let skipped = (first & 3) as usize;
            words_of_blocks(key, first >> 2, tick, &mut words[..(skipped + out.len()).div_ceil(4)]);
            let words = &words.as_flattened()[skipped..];
            // Most trains have no event at most ticks: that is found for all of them before anything is searched for a few.
            for ((out, word), none_below) in out.iter_mut().zip(words).zip(&none_below[at..]) {
                *out = u32::from(none_below <= word);
            }
            for (k, (out, word)) in out.iter_mut().zip(words).enumerate().filter(|it| *it.1.0 != 0) {
                let (position, (mean, none)) = (first + k as u32, means[at + k]);
                *out = match 0.0 < mean && mean < BY_SEARCH {
                    true => search(mean, none, *word, || lower(key, position, tick)),
                    false => train_count(mean, key, position, tick) as u32,
                };
            }
        }
    }
}

/// The count is 0 where the whole number is less than `none` times 2^53: where the upper bits and 1 are at most `none` times 2^32.
fn none_below(mean: f64, none: f64) -> u32 {
    match mean {
        0.0 => u32::MAX,
        _ if 0.0 < mean && mean < BY_SEARCH => (none * (1_u64 << 32) as f64) as u32,
        _ => 0,
    }
}

/// What [`poisson_from_uniform`] finds, its exponential at hand.
fn search(mean: f64, none: f64, upper: u32, lower: impl Fn() -> u32) -> u32 {
    let from = |uniform: f64| {
        let (mut term, mut sum, mut count) = (none, none, 0);
        while sum <= uniform && count < POISSON_LONGEST {
            count += 1;
            term = term * mean / f64::from(count);
            sum += term;
        }
        (count, sum)
    };
    let uniform = |number: u64| number as f64 / (1_u64 << 53) as f64;
    let (count, next) = from(uniform(whole(upper, 0)));
    if uniform(whole(upper, (1 << LOWER_BITS) - 1)) < next {
        return count;
    }
    from(uniform(whole(upper, lower()))).0
}

crate::dispatched_rows! {
    /// The words of neighbouring blocks at a tick.
    fn words_of_blocks(key: [u32; 2], first: u32, tick: u32, out: &mut [[u32; 4]]) = words_of_blocks_body;
    /// How many limits are below each word; and whether a word is one of them, so that its lower bits matter.
    fn count_limits(limits: &[u32], words: &[u32], out: &mut [u32], met: &mut bool) = count_limits_body;
    /// Adds `count * weight` to every sum, both numbers and the product rounded.
    pub fn add_counts(sums: &mut [f64], counts: &[u32], weight: f64) = add_counts_body;
    /// [`add_counts`] in single precision.
    pub fn add_counts_f32(sums: &mut [f32], counts: &[u32], weight: f32) = add_counts_f32_body;
}

#[inline(always)]
fn words_of_blocks_body(key: [u32; 2], first: u32, tick: u32, out: &mut [[u32; 4]]) {
    for (k, out) in out.iter_mut().enumerate() {
        *out = block([u64::from(first) + k as u64, 0, u64::from(tick), 0], key).map(|word| word as u32);
    }
}

#[inline(always)]
fn count_limits_body(limits: &[u32], words: &[u32], out: &mut [u32], met: &mut bool) {
    let largest = words[..out.len()].iter().fold(0, |largest: u32, word| largest.max(*word));
    let limits = &limits[..limits.partition_point(|limit| *limit <= largest)];
    let mut any = 0;
    for (out, words) in out.chunks_mut(LANES).zip(words.chunks(LANES)) {
        if let (Some(out), Some(words)) = (out.first_chunk_mut(), words.first_chunk()) {
            any |= count_limits_of::<LANES>(limits, words, out);
        } else {
            for (out, word) in out.iter_mut().zip(words) {
                any |= count_limits_of(limits, &[*word], std::array::from_mut(out));
            }
        }
    }
    *met = any != 0;
}

/// Some words side by side; not 0 if one of them is a limit.
#[inline(always)]
fn count_limits_of<const N: usize>(limits: &[u32], words: &[u32; N], out: &mut [u32; N]) -> u32 {
    let (mut counts, mut met) = ([0; N], [0; N]);
    for limit in limits {
        for (count, (met, word)) in counts.iter_mut().zip(met.iter_mut().zip(words)) {
            *count += u32::from(limit < word);
            *met |= u32::from(limit == word);
        }
    }
    *out = counts;
    met.into_iter().fold(0, |any, met| any | met)
}

#[inline(always)]
fn add_counts_body(sums: &mut [f64], counts: &[u32], weight: f64) {
    for (sum, count) in sums.iter_mut().zip(counts) {
        // Counts are far below 2^31, and signed ones are converted by any processor.
        *sum += f64::from(*count as i32) * weight;
    }
}

#[inline(always)]
fn add_counts_f32_body(sums: &mut [f32], counts: &[u32], weight: f32) {
    for (sum, count) in sums.iter_mut().zip(counts) {
        *sum += (*count as i32) as f32 * weight;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_have_single_counts() {
        for mean in [0.0, 1e-12, 0.02, 1.0, 3.7, 12.0, 63.9, 64.0, 200.0] {
            let trains = Trains::new(mean);
            for first in [0, 1, 2, 3, 1000] {
                for n in [0, 1, 5, 255, 256, 257, 1000] {
                    let mut counts = vec![9; n];
                    trains.counts([5, 6], first, 77, &mut counts);
                    for (k, count) in counts.into_iter().enumerate() {
                        let one = train_count(mean, [5, 6], first + k as u32, 77);
                        assert_eq!(f64::from(count), one, "mean {mean}, position {}", first as usize + k);
                    }
                }
            }
        }
    }

    #[test]
    fn each_has_its_mean() {
        let mean = |k: usize| [0.0, 0.3, 2.0, 63.9, 64.0, 90.0, f64::NAN][k % 7];
        let means = Means::new((0..700).map(mean));
        let mut counts = vec![9; 700];
        means.counts(0, [5, 6], 3, 77, &mut counts[..300]);
        means.counts(300, [5, 6], 303, 77, &mut counts[300..]);
        for (k, count) in counts.into_iter().enumerate() {
            let one = train_count(mean(k), [5, 6], 3 + k as u32, 77) as u32;
            assert_eq!(count, one, "mean {}, position {k}", mean(k));
        }
    }

    /// The upper bits of a limit itself: then the lower ones decide.
    #[test]
    fn limits_are_exact() {
        let trains = Trains::new(3.0);
        for limit in &trains.limits {
            let upper = (limit >> LOWER_BITS) as u32;
            for position in 0..50 {
                let number = whole(upper, lower([1, 2], position, 3));
                let by_search = poisson_from_uniform(3.0, number as f64 / (1_u64 << 53) as f64);
                assert_eq!(trains.look(upper, [1, 2], position, 3), by_search);
                let each = search(3.0, crate::math::exp(-3.0), upper, || lower([1, 2], position, 3));
                assert_eq!(each, by_search);
            }
        }
    }

    /// Side by side and at the end of a row.
    #[test]
    fn limits_below_words_are_counted_and_words_that_are_one_are_noticed() {
        for limit_at in [None, Some(3), Some(70)] {
            let mut words: Vec<u32> = (0..75).map(|k| k * 1000 + 1).collect();
            limit_at.into_iter().for_each(|at| words[at] = 9000);
            let (mut counts, mut met) = (vec![9; 75], false);
            count_limits(&[500, 9000, 60_000, u32::MAX], &words, &mut counts, &mut met);
            assert_eq!(met, limit_at.is_some());
            let below = |word: &u32| [500, 9000, 60_000].iter().filter(|limit| *limit < word).count() as u32;
            assert!(counts.iter().zip(&words).all(|(count, word)| *count == below(word)), "{counts:?}");
        }
    }

    /// Upper bits below the bound mean no event whatever the lower ones are; few above it do.
    #[test]
    fn bounds_of_no_event_are_safe_and_tight() {
        for mean in [1e-12, 0.02, 0.08, 1.0, 12.0] {
            let none = crate::math::exp(-mean);
            let bound = none_below(mean, none);
            let count = |upper: u32, lower: u32| search(mean, none, upper, || lower);
            assert_eq!(count(bound - 1, (1 << LOWER_BITS) - 1), 0, "mean {mean}");
            assert!(bound == u32::MAX || 0 < count(bound + 1, (1 << LOWER_BITS) - 1), "mean {mean}");
        }
    }

    #[test]
    fn moments_are_those_of_poisson() {
        for mean in [0.02, 1.0, 5.0, 60.0] {
            let mut counts = vec![0; 200_000];
            Trains::new(mean).counts([3, 1], 0, 5, &mut counts);
            let n = counts.len() as f64;
            let m = counts.iter().map(|c| f64::from(*c)).sum::<f64>() / n;
            let v = counts.iter().map(|c| (f64::from(*c) - m) * (f64::from(*c) - m)).sum::<f64>() / n;
            assert!((m - mean).abs() < 5.0 * (mean / n).sqrt(), "mean {m}, not {mean}");
            assert!((v - mean).abs() < 0.03 * mean.max(0.5), "variance {v}, not {mean}");
        }
    }
}
