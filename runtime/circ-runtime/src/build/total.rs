//! A number of synapses in all, wherever they fall: `connect total n`.
//!
//! In: a projection and how many. Out: for any source, its targets in canonical order.
//!
//! Pairs are drawn in batches, each from a stream of its own, and dealt into heaps of neighbouring sources, which are
//! sorted: all by as many threads as there are, with the same pairs for any number. Without `allow multiple` repeats
//! are dropped and as many drawn again as are missing; this is drawing one by one until there are enough different
//! ones, so every set of pairs is as likely as any other. Where most pairs are wanted, those left out are drawn.

use circ_numerics::random::{Counter, Stream};
use circ_plan::plan::ProjectionPlan;

use super::mirror::{Direction, admissible, candidates};
use super::selves::Selves;
use super::synapses::Context;
use crate::parallel::for_each;

/// Pairs drawn from one stream.
const BATCH: u64 = 1 << 16;
/// Pairs in a heap: it is sorted in the cache.
const HEAP: u64 = 1 << 16;
/// More heaps than this are written to in turn no faster than rows.
const MOST_HEAPS: u64 = 1 << 10;
/// Bits that one pass of sorting looks at.
const DIGIT: u32 = 11;

/// All pairs, by source.
#[derive(Debug)]
pub struct Total {
    targets: u32,
    /// A heap has this many sources.
    sources: u32,
    /// A pair of a heap: (source, counted from the heap's first) * targets + target, ascending.
    heaps: Vec<Vec<u32>>,
}

impl Total {
    pub fn new(context: &Context, total: u64, selves: &Selves, threads: usize) -> Total {
        let plan = context.plan;
        let targets = plan.paired_targets() as u32;
        let heaps = total.div_ceil(HEAP).clamp(1, MOST_HEAPS);
        // A pair fits into 32 bits.
        let most = (u64::from(u32::MAX) / u64::from(targets.max(1))).max(1);
        let sources = (plan.source.len() as u64).div_ceil(heaps).clamp(1, most) as u32;
        let heaps = plan.source.len().div_ceil(sources as usize);
        let mut this = Total { targets, sources, heaps: vec![vec![]; heaps] };
        let admits = Admits::new(plan, selves);
        if plan.allow_multiple {
            this.draw(context, &admits, 0..total, threads);
            return this;
        }
        let admissible = admissible(plan, selves);
        let left_out = total > admissible / 2;
        let wanted = if left_out { admissible - total } else { total };
        // Batches are not drawn twice: the next round begins behind the last.
        let (mut found, mut drawn) = (0, 0);
        while found < wanted {
            let missing = wanted - found;
            this.draw(context, &admits, drawn..drawn + missing, threads);
            drawn = (drawn + missing).next_multiple_of(BATCH);
            for_each(threads, &mut this.heaps, |_, heap| heap.dedup());
            found = this.heaps.iter().map(|heap| heap.len() as u64).sum();
        }
        if left_out {
            this.complement(&admits, plan.source.len() as u32, threads);
        }
        this
    }

    /// The targets of a source, ascending.
    pub fn row(&self, source: u32) -> impl Iterator<Item = u32> {
        let heap = self.heaps.get((source / self.sources) as usize).map_or(&[][..], |heap| heap);
        let code = |source: u32| u64::from(source % self.sources) * u64::from(self.targets);
        let (first, end) = (code(source), code(source) + u64::from(self.targets));
        let first = heap.partition_point(|pair| u64::from(*pair) < first);
        let count = heap[first..].partition_point(|pair| u64::from(*pair) < end);
        let base = code(source) as u32;
        heap[first..first + count].iter().map(move |pair| pair - base)
    }

    /// Adds pairs, and sorts. `range` counts all that were ever asked for; it begins with a batch.
    fn draw(&mut self, context: &Context, admits: &Admits, range: std::ops::Range<u64>, threads: usize) {
        let batches = range.start / BATCH..range.end.div_ceil(BATCH);
        let share = (batches.end - batches.start).div_ceil(threads as u64).max(1);
        let mut piles: Vec<Vec<Vec<u32>>> = vec![vec![vec![]; self.heaps.len()]; threads];
        for_each(threads, &mut piles, |thread, pile| {
            let first = batches.start + thread as u64 * share;
            for batch in first..(first + share).min(batches.end) {
                let count = BATCH.min(range.end - batch * BATCH);
                self.deal(context, admits, batch as u32, count, pile);
            }
        });
        let mut heaps = std::mem::take(&mut self.heaps);
        for_each(threads, &mut heaps, |k, heap| {
            heap.reserve_exact(piles.iter().map(|pile| pile[k].len()).sum());
            piles.iter().for_each(|pile| heap.extend_from_slice(&pile[k]));
            sort(heap);
        });
        self.heaps = heaps;
    }

    fn deal(&self, context: &Context, admits: &Admits, batch: u32, count: u64, pile: &mut [Vec<u32>]) {
        let (sources, targets) = (u64::from(self.sources), u64::from(self.targets));
        let all = context.plan.source.len() as u64 * targets;
        let mut stream = Stream::new(context.key(), Counter { entity: batch, ..Counter::default() });
        let mut drawn = 0;
        while drawn < count {
            let code = stream.below(all);
            let heap = code / (sources * targets);
            let pair = (code - heap * sources * targets) as u32;
            if admits.all || admits.pair((code / targets) as u32, (code % targets) as u32) {
                pile[heap as usize].push(pair);
                drawn += 1;
            }
        }
    }

    /// All pairs that may be and are not here.
    fn complement(&mut self, admits: &Admits, sources: u32, threads: usize) {
        let (per_heap, targets) = (self.sources, self.targets);
        for_each(threads, &mut self.heaps, |k, heap| {
            let first = k as u32 * per_heap;
            let mut out = std::mem::take(heap).into_iter().peekable();
            for source in first..(first + per_heap).min(sources) {
                for target in 0..targets {
                    let pair = (source - first) * targets + target;
                    if out.next_if_eq(&pair).is_none() && admits.pair(source, target) {
                        heap.push(pair);
                    }
                }
            }
        });
    }
}

/// Which pairs may be.
struct Admits<'a> {
    plan: &'a ProjectionPlan,
    selves: &'a Selves,
    /// Every one.
    all: bool,
}

impl<'a> Admits<'a> {
    fn new(plan: &'a ProjectionPlan, selves: &'a Selves) -> Admits<'a> {
        let pairs = plan.source.len() as u64 * plan.paired_targets() as u64;
        Admits { plan, selves, all: admissible(plan, selves) == pairs }
    }

    fn pair(&self, source: u32, target: u32) -> bool {
        let range = candidates(self.plan, Direction::There, source, self.plan.paired_targets() as u32);
        range.contains(&target) && !self.selves.of(source).contains(&target)
    }
}

/// Sorts, digit by digit, those digits first that count least.
fn sort(list: &mut Vec<u32>) {
    if list.len() < 1 << DIGIT {
        list.sort_unstable();
        return;
    }
    let bits = u32::BITS - list.iter().fold(0, |all, x| all | x).leading_zeros();
    let mut other = vec![0; list.len()];
    for shift in (0..bits).step_by(DIGIT as usize) {
        let digit = |x: u32| (x >> shift) as usize & ((1 << DIGIT) - 1);
        let mut places = [0_u32; (1 << DIGIT) + 1];
        list.iter().for_each(|x| places[digit(*x) + 1] += 1);
        for k in 1..places.len() {
            places[k] += places[k - 1];
        }
        for x in list.iter() {
            let place = &mut places[digit(*x)];
            other[*place as usize] = *x;
            *place += 1;
        }
        std::mem::swap(list, &mut other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts() {
        let mut stream = Stream::new([1, 2], Counter::default());
        for (n, below) in [(10, 100), (5000, 3), (70_000, 1 << 32), (70_000, 90_000)] {
            let mut list: Vec<u32> = (0..n).map(|_| stream.below(below) as u32).collect();
            let mut expected = list.clone();
            expected.sort_unstable();
            sort(&mut list);
            assert_eq!(list, expected);
        }
    }
}
