//! Where a generator's choices come from: a seed, or the bytes of a fuzzer.

/// A stream of choices. The same seed or the same bytes give the same ones.
#[derive(Clone, Debug)]
pub enum Choices<'a> {
    /// Random numbers without end (SplitMix64; Steele, Lea & Flood 2014).
    Seed(u64),
    /// Each choice takes a byte or a few; after the last one every choice is the first.
    Bytes(&'a [u8]),
}

impl Choices<'_> {
    /// Whether nothing is left to choose with.
    pub fn are_over(&self) -> bool {
        matches!(self, Choices::Bytes([]))
    }

    /// A number below `bound`, which is at least 1.
    pub fn below(&mut self, bound: usize) -> usize {
        match self {
            Choices::Seed(state) => (split_mix(state) % bound as u64) as usize,
            Choices::Bytes(bytes) => number(bytes, bound) % bound,
        }
    }

    /// One of the items, of which there is at least one.
    pub fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }
}

fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// As many bytes as can say every number below `bound`.
fn number(bytes: &mut &[u8], bound: usize) -> usize {
    let mut value = 0;
    let mut range = 1;
    while range < bound {
        let Some((first, rest)) = bytes.split_first() else { break };
        (value, range, *bytes) = (value << 8 | usize::from(*first), range << 8, rest);
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_choose_until_they_are_over() {
        let mut choices = Choices::Bytes(&[5, 1, 2]);
        assert_eq!((choices.below(4), choices.below(1), choices.below(1000)), (1, 0, 258));
        assert!(choices.are_over());
        assert_eq!(choices.pick(&['a', 'b']), 'a');
    }
}
