//! Picks those synapses out of a row that have events to see: eight at a time where the processor can.
//!
//! In: targets of a row, how many events each synapse has seen, how many each target had. Out: lists of those that have some, in
//! order. Most of the time of synapses whose events wait goes into this: what is picked is a guess for every synapse, so
//! nothing here branches on it.

use crate::learning::waits::ROOM;
use crate::narrow::Narrow;

/// Elements that are written at once; as many may be written behind the last that counts.
pub const AT_ONCE: usize = 8;

/// Elements behind the counts of targets that are read, and not used.
pub const BEHIND: usize = 3;

/// Lists of synapses, the next event of each, and how many it has to see.
pub struct Picked<'a> {
    pub synapses: &'a mut [u32],
    pub events: &'a mut [u32],
    pub left: &'a mut [u32],
}

/// Lists the synapses from `first` on that have not seen as many events as their targets had, and says how many there are; from
/// now on they have seen them. Behind the `counts` of all targets are [`BEHIND`] more; the lists have room for all synapses and [`AT_ONCE`] more.
pub fn find<T: Eight>(
    first: u32,
    targets: &[T],
    seen: &mut [u8],
    counts: &[u8],
    picked: &mut Picked,
) -> usize {
    #[cfg(target_arch = "x86_64")]
    if wide::is_there() {
        // SAFETY: the feature was just found.
        return unsafe { wide::find(first, targets, seen, counts, picked) };
    }
    find_one_by_one(first, targets, seen, counts, picked, 0)
}

/// Goes on to the next event of each of the first `len` synapses that has one, and says how many are left.
pub fn next(picked: &mut Picked, len: usize) -> usize {
    #[cfg(target_arch = "x86_64")]
    if wide::is_there() {
        // SAFETY: the feature was just found.
        return unsafe { wide::next(picked, len) };
    }
    next_one_by_one(picked, 0..len, 0)
}

/// As [`find`], after so many that were found already.
#[inline(always)]
fn find_one_by_one<T: Narrow>(
    first: u32,
    targets: &[T],
    seen: &mut [u8],
    counts: &[u8],
    picked: &mut Picked,
    found: usize,
) -> usize {
    let mut found = found;
    for (synapse, (target, seen)) in (first..).zip(targets.iter().zip(seen)) {
        let count = counts[target.index()];
        picked.synapses[found] = synapse;
        picked.events[found] = (ROOM * target.index()) as u32 + u32::from(*seen);
        picked.left[found] = u32::from(count - *seen);
        found += usize::from(count != *seen);
        *seen = count;
    }
    found
}

#[inline(always)]
fn next_one_by_one(picked: &mut Picked, range: std::ops::Range<usize>, kept: usize) -> usize {
    let mut kept = kept;
    for at in range {
        let left = picked.left[at];
        picked.synapses[kept] = picked.synapses[at];
        picked.events[kept] = picked.events[at] + 1;
        picked.left[kept] = left - 1;
        kept += usize::from(1 < left);
    }
    kept
}

/// Numbers of which eight are read at once.
#[cfg(not(target_arch = "x86_64"))]
pub trait Eight: Narrow {}
#[cfg(not(target_arch = "x86_64"))]
impl Eight for u16 {}
#[cfg(not(target_arch = "x86_64"))]
impl Eight for u32 {}
#[cfg(target_arch = "x86_64")]
pub use wide::Eight;

#[cfg(target_arch = "x86_64")]
mod wide {
    use std::arch::x86_64::*;

    use super::{AT_ONCE, BEHIND, Picked, find_one_by_one, next_one_by_one};
    use crate::learning::waits::ROOM;
    use crate::narrow::Narrow;

    /// Which lanes hold, moved to the front: by mask.
    static TO_FRONT: [[u8; 8]; 256] = to_front();

    const fn to_front() -> [[u8; 8]; 256] {
        let (mut table, mut mask) = ([[0; 8]; 256], 0);
        while mask < 256 {
            let (mut lane, mut place) = (0, 0);
            while lane < 8 {
                if (mask >> lane) & 1 == 1 {
                    table[mask][place] = lane as u8;
                    place += 1;
                }
                lane += 1;
            }
            mask += 1;
        }
        table
    }

    pub fn is_there() -> bool {
        std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("popcnt")
    }

    /// Numbers of which eight are read at once.
    pub trait Eight: Narrow {
        /// The first eight.
        ///
        /// # Safety
        /// There are eight.
        unsafe fn eight(numbers: &[Self]) -> __m256i;
    }

    impl Eight for u16 {
        #[inline]
        #[target_feature(enable = "avx2")]
        unsafe fn eight(numbers: &[u16]) -> __m256i {
            // SAFETY: the caller's.
            unsafe { _mm256_cvtepu16_epi32(_mm_loadu_si128(numbers.as_ptr().cast())) }
        }
    }

    impl Eight for u32 {
        #[inline]
        #[target_feature(enable = "avx2")]
        unsafe fn eight(numbers: &[u32]) -> __m256i {
            // SAFETY: the caller's.
            unsafe { _mm256_loadu_si256(numbers.as_ptr().cast()) }
        }
    }

    #[target_feature(enable = "avx2,popcnt")]
    pub fn find<T: Eight>(
        first: u32,
        targets: &[T],
        seen: &mut [u8],
        counts: &[u8],
        picked: &mut Picked,
    ) -> usize {
        let whole = targets.len() - targets.len() % AT_ONCE;
        let inside = _mm256_set1_epi32(counts.len().saturating_sub(BEHIND) as i32);
        let (bytes, numbers) = (_mm256_set1_epi32(255), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
        let mut found = 0;
        let groups = targets[..whole].chunks_exact(AT_ONCE).zip(seen[..whole].chunks_exact_mut(AT_ONCE));
        for (group, (targets, seen)) in groups.enumerate() {
            // SAFETY: there are eight of each.
            let (targets, had) =
                unsafe { (T::eight(targets), _mm256_cvtepu8_epi32(_mm_loadl_epi64(seen.as_ptr().cast()))) };
            let known = _mm256_movemask_epi8(_mm256_cmpgt_epi32(inside, targets));
            assert!(known == -1, "every target has a count");
            // SAFETY: four bytes from each of these on are there, as just seen.
            let count = unsafe { _mm256_i32gather_epi32::<1>(counts.as_ptr().cast(), targets) };
            let count = _mm256_and_si256(count, bytes);
            let narrow =
                _mm_packus_epi32(_mm256_castsi256_si128(count), _mm256_extracti128_si256::<1>(count));
            // SAFETY: there are eight.
            unsafe { _mm_storel_epi64(seen.as_mut_ptr().cast(), _mm_packus_epi16(narrow, narrow)) };
            let none = _mm256_cmpeq_epi32(count, had);
            let mask = (!_mm256_movemask_ps(_mm256_castsi256_ps(none)) & 255) as usize;
            let number = first + (group * AT_ONCE) as u32;
            let synapses = _mm256_add_epi32(_mm256_set1_epi32(number as i32), numbers);
            let events = _mm256_add_epi32(_mm256_slli_epi32::<{ ROOM.ilog2() as i32 }>(targets), had);
            let lanes = lanes_of(mask);
            put(picked.synapses, found, synapses, lanes);
            put(picked.events, found, events, lanes);
            put(picked.left, found, _mm256_sub_epi32(count, had), lanes);
            found += mask.count_ones() as usize;
        }
        let (targets, seen) = (&targets[whole..], &mut seen[whole..]);
        find_one_by_one(first + whole as u32, targets, seen, counts, picked, found)
    }

    #[target_feature(enable = "avx2,popcnt")]
    pub fn next(picked: &mut Picked, len: usize) -> usize {
        let (whole, one) = (len - len % AT_ONCE, _mm256_set1_epi32(1));
        let mut kept = 0;
        for at in (0..whole).step_by(AT_ONCE) {
            let synapses = take(picked.synapses, at);
            let (events, left) = (take(picked.events, at), take(picked.left, at));
            let more = _mm256_castsi256_ps(_mm256_cmpgt_epi32(left, one));
            let mask = _mm256_movemask_ps(more) as usize;
            // What is written lies within what was just read, or before it.
            let lanes = lanes_of(mask);
            put(picked.synapses, kept, synapses, lanes);
            put(picked.events, kept, _mm256_add_epi32(events, one), lanes);
            put(picked.left, kept, _mm256_sub_epi32(left, one), lanes);
            kept += mask.count_ones() as usize;
        }
        next_one_by_one(picked, whole..len, kept)
    }

    /// Those lanes first of which the mask has a bit.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn lanes_of(mask: usize) -> __m256i {
        // SAFETY: the table has eight bytes for each mask.
        let lanes = unsafe { _mm_loadl_epi64(TO_FRONT[mask & 255].as_ptr().cast()) };
        _mm256_cvtepu8_epi32(lanes)
    }

    /// Eight of a list.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn take(list: &[u32], at: usize) -> __m256i {
        // SAFETY: there are eight.
        unsafe { _mm256_loadu_si256(list[at..at + AT_ONCE].as_ptr().cast()) }
    }

    /// Writes these lanes of eight values from `place` on.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn put(list: &mut [u32], place: usize, values: __m256i, lanes: __m256i) {
        let list = &mut list[place..place + AT_ONCE];
        let values = _mm256_permutevar8x32_epi32(values, lanes);
        // SAFETY: there is room for eight, as was just seen.
        unsafe { _mm256_storeu_si256(list.as_mut_ptr().cast(), values) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use circ_numerics::random::Stream;

    const TARGETS: usize = 50;

    /// Lists with room for so many.
    fn lists(room: usize) -> [Vec<u32>; 3] {
        std::array::from_fn(|_| vec![0; room + AT_ONCE])
    }

    fn picked(lists: &mut [Vec<u32>; 3]) -> Picked<'_> {
        let [synapses, events, left] = lists;
        Picked { synapses, events, left }
    }

    /// What is picked eight at a time is what is picked one by one, of as many as there are.
    fn check<T: Eight>(targets: &[T], seen: &[u8], counts: &[u8]) {
        let [mut wide, mut narrow] = [lists(targets.len()), lists(targets.len())];
        let [mut seen_wide, mut seen_narrow] = [seen.to_vec(), seen.to_vec()];
        let mut found = [
            find(100, targets, &mut seen_wide, counts, &mut picked(&mut wide)),
            find_one_by_one(100, targets, &mut seen_narrow, counts, &mut picked(&mut narrow), 0),
        ];
        let mut rounds = 0;
        loop {
            assert_eq!(found[0], found[1]);
            let same = wide.iter().zip(&narrow).all(|(a, b)| a[..found[0]] == b[..found[0]]);
            assert!(same, "{wide:?}\n{narrow:?}");
            if found[0] == 0 {
                break;
            }
            found = [
                next(&mut picked(&mut wide), found[0]),
                next_one_by_one(&mut picked(&mut narrow), 0..found[1], 0),
            ];
            rounds += 1;
        }
        assert_eq!(seen_wide, seen_narrow);
        assert!(rounds <= ROOM && seen_wide.iter().zip(targets).all(|(s, t)| *s == counts[t.index()]));
    }

    #[test]
    fn eight_at_a_time_are_as_one_by_one() {
        let mut draws = Stream::new([3, 5], Default::default());
        for len in [0, 1, 7, 8, 9, 64, 100, 255] {
            let mut counts: Vec<u8> = (0..TARGETS).map(|_| draws.below(ROOM as u64 + 1) as u8).collect();
            counts.extend([255; BEHIND]);
            let targets: Vec<u16> = (0..len).map(|_| draws.below(TARGETS as u64) as u16).collect();
            let seen: Vec<u8> = targets
                .iter()
                .map(|target| (draws.below(u64::from(counts[target.index()]) + 1)) as u8)
                .collect();
            check(&targets, &seen, &counts);
            let far: Vec<u32> = targets.iter().map(|target| u32::from(*target)).collect();
            check(&far, &seen, &counts);
        }
    }
}
