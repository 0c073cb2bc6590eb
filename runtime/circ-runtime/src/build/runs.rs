//! Delays of rows that are sorted by them: where the synapses of each delay end.
//!
//! In: a delay for each synapse. Out: a number for each row and delay. Where there are many synapses to a delay that is less to
//! hold and less to read at random places, and the slot of a ring is found once for all of them.

use std::ops::Range;

use super::layout::Ticks;
use crate::narrow::Narrow;
use crate::pages;
use crate::prefetch::fetch;

/// Synapses of a row to one delay, on average, from which on this is worthwhile.
const MANY: u64 = 8;

/// The delays of all rows.
#[derive(Clone, Debug)]
pub struct Runs {
    /// The shortest of all, in ticks.
    shortest: u32,
    /// How many delays there are from it on.
    count: usize,
    /// By row, delay: how many synapses of the row have it or a shorter one.
    ends: Vec<u16>,
}

impl Runs {
    /// Of rows that begin at these places, each sorted by delay; none where it is not worthwhile.
    pub fn of(starts: &[u64], delays: &Ticks) -> Option<Runs> {
        match delays {
            Ticks::Byte(delays) => runs(starts, delays),
            Ticks::Half(delays) => runs(starts, delays),
            Ticks::Word(delays) => runs(starts, delays),
        }
    }

    /// How many synapses of a row have a delay and a shorter one, by delay from the shortest of all rows on.
    fn row(&self, row: usize) -> &[u16] {
        &self.ends[row * self.count..][..self.count]
    }

    /// Calls `f` for the delays of a row within a range, ascending: the delay, and where in the row its synapses begin and end.
    #[inline(always)]
    pub fn each(&self, row: usize, delays: Range<u32>, mut f: impl FnMut(u32, usize, usize)) {
        let ends = self.row(row);
        let place = |delay: u32| (delay.saturating_sub(self.shortest) as usize).min(self.count);
        let (first, end) = (place(delays.start), place(delays.end));
        let mut begin = first.checked_sub(1).map_or(0, |before| usize::from(ends[before]));
        for (delay, &end) in (self.shortest + first as u32..).zip(&ends[first..end.max(first)]) {
            f(delay, begin, usize::from(end));
            begin = usize::from(end);
        }
    }

    /// The delay of a synapse of a row.
    pub fn get(&self, row: usize, synapse: usize) -> u32 {
        self.shortest + self.row(row).partition_point(|&end| usize::from(end) <= synapse) as u32
    }

    /// What the row has of the delays from one on is wanted soon.
    #[inline(always)]
    pub fn fetch(&self, row: usize, delay: u32) {
        let first = row * self.count;
        let from = (delay.saturating_sub(self.shortest) as usize).saturating_sub(1).min(self.count);
        fetch(&self.ends, first + from..first + self.count);
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        2 * self.ends.capacity()
    }
}

fn runs<T: Narrow>(starts: &[u64], delays: &[T]) -> Option<Runs> {
    let rows = || starts.windows(2).map(|ends| &delays[ends[0] as usize..ends[1] as usize]);
    let shortest = rows().filter_map(|row| Some(row.first()?.index())).min()?;
    let longest = rows().filter_map(|row| Some(row.last()?.index())).max()?;
    let count = longest - shortest + 1;
    let many = (starts.len() as u64 - 1) * count as u64 * MANY <= delays.len() as u64;
    if !many || rows().any(|row| usize::from(u16::MAX) < row.len()) {
        return None;
    }
    let mut ends = pages::with_capacity((starts.len() - 1) * count);
    for row in rows() {
        let mut end = 0;
        for delay in shortest..=longest {
            end += row[end..].iter().take_while(|of| of.index() == delay).count();
            ends.push(end as u16);
        }
    }
    Some(Runs { shortest: shortest as u32, count, ends })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three rows, the second without a synapse.
    fn rows() -> (Vec<u64>, Vec<u8>) {
        let (first, last) = ([vec![3; 20], vec![5; 40]].concat(), [vec![4; 30], vec![6; 10]].concat());
        (vec![0, 60, 60, 100], [first, last].concat())
    }

    #[test]
    fn each_synapse_has_its_delay() {
        let (starts, delays) = rows();
        let runs = Runs::of(&starts, &Ticks::Byte(delays.clone())).expect("eight to each of four delays");
        for row in 0..3 {
            let of = &delays[starts[row] as usize..starts[row + 1] as usize];
            let found: Vec<u32> = (0..of.len()).map(|synapse| runs.get(row, synapse)).collect();
            assert!(found.iter().zip(of).all(|(found, delay)| *found == u32::from(*delay)), "row {row}");
            for (first, end) in [(0, u32::MAX), (0, 4), (4, 6), (5, 5), (6, 2), (7, 9)] {
                let mut seen = vec![];
                runs.each(row, first..end, |delay, begin, end| seen.extend((begin..end).map(|k| (k, delay))));
                let all = of.iter().enumerate().map(|(k, delay)| (k, u32::from(*delay)));
                let within: Vec<_> = all.filter(|(_, delay)| (first..end).contains(delay)).collect();
                assert_eq!(seen, within, "row {row}, from {first} to {end}");
            }
        }
    }

    #[test]
    fn few_synapses_to_a_delay_have_one_each() {
        let (starts, delays) = rows();
        assert!(Runs::of(&starts, &Ticks::Byte(delays[..].to_vec())).is_some());
        let far: Vec<u16> = delays.iter().map(|delay| u16::from(*delay) * 100).collect();
        assert!(Runs::of(&starts, &Ticks::Half(far)).is_none());
        assert!(Runs::of(&[0, 0], &Ticks::Byte(vec![])).is_none());
        let long = vec![1; 1 << 16];
        assert!(Runs::of(&[0, 1 << 16], &Ticks::Byte(long)).is_none(), "places have 16 bits");
    }
}
