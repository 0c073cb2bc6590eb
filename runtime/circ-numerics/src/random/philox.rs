//! Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011).

/// 2^-53, the spacing of uniform numbers.
pub(crate) const SPACING: f64 = 1.0 / 9_007_199_254_740_992.0;

const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];

/// Who draws, when, and which of its draws.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counter {
    /// Index of the cell, or of the source of a synapse.
    pub entity: u32,
    /// 0, or the target of a synapse.
    pub partner: u32,
    pub tick: u32,
    /// Below 2^12: word 3 is `salt << 20 | attempt`.
    pub salt: u32,
}

/// One key for each thing that draws, from the seed of the run and the path of the thing.
pub fn key(seed: u64, path: &str) -> [u32; 2] {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in path.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    let mixed = mix(hash ^ mix(seed.wrapping_add(0x9e37_79b9_7f4a_7c15)));
    [(mixed >> 32) as u32, mixed as u32]
}

/// The key of a trial, from that of what draws; without a trial the key itself.
pub fn trial_key(key: [u32; 2], trial: Option<u64>) -> [u32; 2] {
    let Some(trial) = trial else { return key };
    // An offset, so that trials are no attempts.
    let mixed =
        mix((u64::from(key[0]) << 32 | u64::from(key[1])) ^ mix(trial.wrapping_add(0x6a09_e667_f3bc_c908)));
    [(mixed >> 32) as u32, mixed as u32]
}

/// The key of a draw's attempt; of the first the key itself.
pub(crate) fn attempt_key(key: [u32; 2], attempt: u32) -> [u32; 2] {
    let mixed = mix((u64::from(key[0]) << 32 | u64::from(key[1])) ^ mix(u64::from(attempt)));
    if attempt == 0 { key } else { [(mixed >> 32) as u32, mixed as u32] }
}

/// A bijection that lets every bit change every other (the finalizer of SplitMix64).
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A block of four words.
pub fn philox(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    block(counter.map(u64::from), key).map(|word| word as u32)
}

/// A block, its words in the low halves; what is above them is of no account, here and in the counter. In 64 bits a
/// product is one instruction, and a loop over neighbours becomes vector code.
#[inline(always)]
pub(crate) fn block(mut c: [u64; 4], key: [u32; 2]) -> [u64; 4] {
    const LOW: u64 = 0xffff_ffff;
    let [mut k0, mut k1] = key;
    for _ in 0..10 {
        let p = u64::from(MULTIPLIERS[0]) * (c[0] & LOW);
        let q = u64::from(MULTIPLIERS[1]) * (c[2] & LOW);
        c = [(q >> 32) ^ c[1] ^ u64::from(k0), q, (p >> 32) ^ c[3] ^ u64::from(k1), p];
        k0 = k0.wrapping_add(WEYL[0]);
        k1 = k1.wrapping_add(WEYL[1]);
    }
    c
}

/// Two words as a multiple of 2^-53 in `[0, 1)`. The sum is exact.
#[inline(always)]
pub(crate) fn uniform_of(high: u32, low: u32) -> f64 {
    f64::from(high) * (1.0 / 4_294_967_296.0) + f64::from(low >> 11) * SPACING
}

/// The block that this entity shares with its neighbour.
#[inline(always)]
pub(crate) fn shared_block(key: [u32; 2], at: Counter) -> [u32; 4] {
    philox([at.entity >> 1, at.partner, at.tick, at.salt << 20], key)
}

/// A uniform number in `[0, 1)`, a multiple of 2^-53: this entity's half of the shared block.
pub fn uniform53(key: [u32; 2], at: Counter) -> f64 {
    let words = shared_block(key, at);
    let half = 2 * (at.entity & 1) as usize;
    uniform_of(words[half], words[half + 1])
}

/// Words one after another, for construction and for rejection samplers.
///
/// A block is counted in the 20 bits beside the salt; after 2^20 blocks the partner counts on, so a
/// thing that needs more than two million words must leave its partner 0.
#[derive(Clone, Debug)]
pub struct Stream {
    key: [u32; 2],
    at: Counter,
    /// The next block.
    block: u64,
    words: [u32; 4],
    used: usize,
}

impl Stream {
    /// From block 0 on.
    pub fn new(key: [u32; 2], at: Counter) -> Stream {
        Stream::from_block(key, at, 0)
    }

    /// From this block on.
    pub(crate) fn from_block(key: [u32; 2], at: Counter, block: u64) -> Stream {
        Stream { key, at, block, words: [0; 4], used: 4 }
    }

    /// 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        let [high, low] = self.next_pair();
        u64::from(high) << 32 | u64::from(low)
    }

    /// A uniform number in `[0, 1)`, a multiple of 2^-53.
    pub fn next_f64(&mut self) -> f64 {
        let [high, low] = self.next_pair();
        uniform_of(high, low)
    }

    /// A whole number below `n`, each as likely (Lemire 2019); 0 for `n = 0`.
    pub fn below(&mut self, n: u64) -> u64 {
        if n == 0 {
            return 0;
        }
        loop {
            let product = u128::from(self.next_u64()) * u128::from(n);
            let low = product as u64;
            // The threshold is below `n`: the slow remainder is nearly never needed.
            if low >= n || low >= n.wrapping_neg() % n {
                return (product >> 64) as u64;
            }
        }
    }

    fn next_pair(&mut self) -> [u32; 2] {
        if self.used == 4 {
            let at = self.at;
            let attempt = self.block as u32 & 0xf_ffff;
            let partner = at.partner.wrapping_add((self.block >> 20) as u32);
            self.words = philox([at.entity, partner, at.tick, at.salt << 20 | attempt], self.key);
            self.block += 1;
            self.used = 0;
        }
        let pair = [self.words[self.used], self.words[self.used + 1]];
        self.used += 2;
        pair
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `kat_vectors` of Random123.
    #[test]
    fn known_answers() {
        assert_eq!(philox([0; 4], [0; 2]), [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
        assert_eq!(philox([!0; 4], [!0; 2]), [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]);
        assert_eq!(
            philox([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0]),
            [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1]
        );
    }

    #[test]
    fn keys_differ_by_trial() {
        let of = |trial| trial_key(key(3, "E.v"), trial);
        let keys = [of(None), of(Some(0)), of(Some(1)), of(Some(u64::MAX)), attempt_key(of(None), 1)];
        for (k, a) in keys.iter().enumerate() {
            assert!(keys[..k].iter().all(|b| a != b));
        }
        assert_eq!(of(None), key(3, "E.v"));
    }

    #[test]
    fn keys_differ_by_seed_and_path() {
        let keys = [key(0, "E"), key(1, "E"), key(0, "I"), key(0, "E.v")];
        for (k, a) in keys.iter().enumerate() {
            assert!(keys[..k].iter().all(|b| a != b));
        }
    }

    #[test]
    fn below_is_even() {
        let mut stream = Stream::new([5, 6], Counter::default());
        let mut counts = [0; 7];
        for _ in 0..70_000 {
            counts[stream.below(7) as usize] += 1;
        }
        assert!(counts.iter().all(|n| (*n - 10_000_i32).abs() < 500), "{counts:?}");
        assert_eq!([stream.below(0), stream.below(1)], [0, 0]);
    }

    #[test]
    fn a_stream_goes_on_after_its_blocks() {
        let at = Counter { salt: 3, ..Counter::default() };
        let mut end = Stream::from_block([1, 1], at, (1 << 20) - 1);
        let mut next = Stream::new([1, 1], Counter { partner: 1, ..at });
        end.next_u64();
        end.next_u64();
        assert_eq!(end.next_u64(), next.next_u64());
    }
}
