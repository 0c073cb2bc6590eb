//! Events of targets in the order in which they happen, for synapses of which every source has one onto every target.
//!
//! In: events. Out: for a row of synapses those that it has not seen, some at a time, each target at most once: so a row
//! goes through its events without a look at the synapses that have none, and the order of the events of each is kept.

use std::ops::Range;

use circ_plan::abi::BLOCK;

use super::table::Table;
use crate::rows::ROW;

/// The targets of events, from the first that not all synapses have seen.
#[derive(Clone)]
pub struct Log {
    targets: Vec<u32>,
    /// Where parts end within which every target occurs once; the last part is open.
    ends: Vec<u32>,
    /// Events of a target that is among the last [`BLOCK`] already: the one there, and the event.
    near: Vec<(u32, u32)>,
    /// 0, 1, 2 and so on.
    numbers: Vec<u32>,
    /// By target: its last event, or `u32::MAX`.
    last: Vec<u32>,
    /// By source: how many events its synapses have seen.
    seen: Vec<u32>,
    /// By source: the one target that has no synapse from it, or the number of targets.
    gaps: Vec<u32>,
}

impl Log {
    /// For synapses that allow it: every source has one onto every target, but perhaps one, in order.
    pub fn new(table: &Table) -> Option<Log> {
        let sources = table.starts.len() as u32 - 1;
        let gaps = (0..sources).map(|source| gap(table, source)).collect::<Option<Vec<u32>>>()?;
        let last = vec![u32::MAX; table.positions.len()];
        let seen = vec![0; gaps.len()];
        Some(Log { targets: vec![], ends: vec![], near: vec![], numbers: vec![], last, seen, gaps })
    }

    /// Events that are remembered.
    pub fn len(&self) -> usize {
        self.targets.len()
    }

    /// How many targets there are.
    pub fn targets(&self) -> usize {
        self.last.len()
    }

    /// Adds the next event.
    pub fn push(&mut self, target: u32) {
        let at = self.targets.len() as u32;
        let first = self.ends.last().copied().unwrap_or(0);
        let last = std::mem::replace(&mut self.last[target as usize], at);
        let again = last != u32::MAX && first <= last;
        if again || (at - first) as usize == ROW {
            self.ends.push(at);
        }
        if last != u32::MAX && at - last < BLOCK as u32 {
            self.near.push((last, at));
        }
        if self.numbers.len() == self.targets.len() {
            self.numbers.push(at);
        }
        self.targets.push(target);
    }

    /// Forgets all events, which all synapses have seen.
    pub fn clear(&mut self) {
        self.targets.clear();
        self.ends.clear();
        self.near.clear();
        self.last.fill(u32::MAX);
        self.seen.fill(0);
    }

    /// The synapses of a source see all events from now on. Returns those that they had not seen.
    pub fn unseen(&mut self, source: u32) -> Range<u32> {
        let all = self.targets.len() as u32;
        std::mem::replace(&mut self.seen[source as usize], all)..all
    }

    /// Of these events as many of the first as are of different targets, at most [`ROW`].
    pub fn first(&self, events: &Range<u32>) -> Range<u32> {
        let end = self.ends[self.ends.partition_point(|&end| end <= events.start)..].first();
        events.start..end.map_or(events.end, |&end| end.min(events.end))
    }

    /// Whether a source has a synapse onto every target.
    pub fn is_whole(&self, source: u32) -> bool {
        self.gaps[source as usize] as usize == self.last.len()
    }

    /// Of these events as many of the first as are of different targets in each block of [`BLOCK`] from the first on.
    pub fn apart(&self, events: &Range<u32>) -> Range<u32> {
        let near = &self.near[self.near.partition_point(|(_, at)| *at < events.start)..];
        let block = |at: u32| (at - events.start) / BLOCK as u32;
        let near = near.iter().take_while(|(_, at)| *at < events.end);
        let same =
            near.filter(|(last, _)| events.start <= *last).find(|(last, at)| block(*last) == block(*at));
        events.start..same.map_or(events.end, |(_, at)| *at)
    }

    /// The targets of events, and their numbers.
    pub fn lists(&self, events: Range<usize>) -> (&[u32], &[u32]) {
        (&self.targets[events.clone()], &self.numbers[events])
    }

    /// Lists the synapses of a source that see these events, and beside them which event it is; returns how many.
    pub fn list(
        &self,
        table: &Table,
        source: u32,
        events: Range<u32>,
        synapses: &mut [u32],
        which: &mut [u32],
    ) -> usize {
        let (first, gap) = (table.starts[source as usize], self.gaps[source as usize]);
        let targets = &self.targets[events.start as usize..events.end as usize];
        if gap as usize == self.last.len() {
            synapses.iter_mut().zip(targets).for_each(|(synapse, target)| *synapse = first + target);
            which.iter_mut().zip(events).for_each(|(which, event)| *which = event);
            return targets.len();
        }
        let mut count = 0;
        for (event, &target) in events.zip(targets) {
            let place = count % ROW;
            synapses[place] = first + target - u32::from(gap < target);
            which[place] = event;
            count += usize::from(target != gap);
        }
        count
    }

    /// Bytes held, but for the events.
    pub fn bytes(&self) -> u64 {
        4 * (self.last.len() + self.seen.len() + self.gaps.len()) as u64
    }
}

/// The one target that a source has no synapse onto; the number of targets if it has one onto each.
fn gap(table: &Table, source: u32) -> Option<u32> {
    let row = table.row(source);
    let (length, targets) = (row.len() as u32, table.positions.len() as u32);
    let differs = |k: &u32| table.target.of(row.start + k) != *k;
    let gap = (0..length).find(differs).unwrap_or(length);
    let rest = (gap..length).all(|k| table.target.of(row.start + k) == k + 1);
    match length {
        _ if length == targets && gap == length => Some(targets),
        _ if length + 1 == targets && rest => Some(gap),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learning::targets::Targets;

    /// Rows of targets, of so many in all.
    fn table(rows: &[&[u32]], targets: u32) -> Table {
        let mut table = Table::empty(0);
        table.positions = (0..targets).collect();
        table.target = Targets::new(targets as usize);
        for row in rows {
            row.iter().for_each(|&target| table.target.push(target));
            table.starts.push(table.target.len() as u32);
        }
        table
    }

    #[test]
    fn rows_are_complete_but_for_one_target() {
        let log = |rows: &[&[u32]]| Log::new(&table(rows, 4)).map(|log| log.gaps);
        assert_eq!(log(&[&[0, 1, 2, 3], &[1, 2, 3], &[0, 1, 3], &[0, 1, 2]]), Some(vec![4, 0, 2, 3]));
        assert_eq!(log(&[&[0, 1, 2, 3], &[0, 1]]), None);
        assert_eq!(log(&[&[0, 1, 1, 3]]), None);
        assert_eq!(log(&[&[0, 2, 2]]), None);
        assert_eq!(log(&[&[0, 1, 2, 2]]), None);
    }

    #[test]
    fn no_target_is_twice_in_a_block() {
        let all: Vec<u32> = (0..20).collect();
        let table = table(&[&all], 20);
        let mut log = Log::new(&table).expect("the row is complete");
        let mut words = circ_numerics::random::Stream::new([5, 7], Default::default());
        let targets: Vec<u32> = (0..400).map(|_| words.below(20) as u32).collect();
        targets.iter().for_each(|target| log.push(*target));
        let (mut first, mut parts) = (0, 0);
        while first < 400 {
            let part = log.apart(&(first..400));
            assert_eq!(part.start, first);
            let here = &targets[part.start as usize..part.end as usize];
            let twice = |block: &[u32]| (1..block.len()).any(|k| block[..k].contains(&block[k]));
            assert!(!here.is_empty() && !here.chunks(BLOCK).any(twice), "{part:?}");
            // It ends where it has to.
            let block = (here.len() / BLOCK) * BLOCK;
            assert!(part.end == 400 || here[block..].contains(&targets[part.end as usize]), "{part:?}");
            (first, parts) = (part.end, parts + 1);
        }
        assert!((10..200).contains(&parts), "{parts}");
        assert_eq!(log.lists(3..5), (&targets[3..5], &[3, 4][..]));
    }

    #[test]
    fn events_come_in_order_and_a_target_once_in_a_part() {
        let table = table(&[&[0, 1, 2, 3], &[1, 2, 3]], 4);
        let mut log = Log::new(&table).expect("the rows are complete");
        [0, 2, 0, 3, 3, 1].into_iter().for_each(|target| log.push(target));
        let mut parts = |source: u32| {
            let (mut events, mut parts) = (log.unseen(source), vec![]);
            while !events.is_empty() {
                let part = log.first(&events);
                events.start = part.end;
                let (mut synapses, mut which) = ([0; ROW], [0; ROW]);
                let count = log.list(&table, source, part, &mut synapses, &mut which);
                parts.push((synapses[..count].to_vec(), which[..count].to_vec()));
            }
            parts
        };
        let both = |synapses: &[u32], events: &[u32]| (synapses.to_vec(), events.to_vec());
        assert_eq!(parts(0), [both(&[0, 2], &[0, 1]), both(&[0, 3], &[2, 3]), both(&[3, 1], &[4, 5])]);
        assert_eq!(parts(1), [both(&[5], &[1]), both(&[6], &[3]), both(&[6, 4], &[4, 5])]);
        assert_eq!(parts(0), []);
    }
}
