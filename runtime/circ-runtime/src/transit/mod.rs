//! Spikes whose rows are delivered piece by piece, block by block.
//!
//! In: the sources that spiked, window by window, and the tick that is about to be made. Out: sums in the ring, for the ticks
//! of the present block; the rest of each row waits. [`schedule`] says for which synapses, and why.
//!
//! Order: a block is opened before its first tick is made, when the rows that wait were all sent before; those sent since add
//! to it at once. Both keep the order of stamp, declaration and source, so an accumulator gets its contributions in
//! the order in which it would get them if every row were delivered when it is sent.

mod piece;
pub mod schedule;

use std::ops::Range;

use crate::build::layout::Part;
use crate::network::Network;
use crate::ring::Rings;
use schedule::{Lane, Schedule};

/// A row after a spike.
#[derive(Clone, Copy, Debug)]
struct Row {
    /// Where in its part it begins, and how many synapses it has.
    first: u64,
    len: u32,
    /// So many are delivered: those with a delay of less ticks than `due`.
    done: u32,
    due: u32,
    source: u32,
    /// The tick of the spike: ticks are less than 2^31.
    stamp: u32,
    lane: u32,
}

impl Row {
    /// Those that are left, or as many of them.
    fn left(&self, most: usize) -> Range<usize> {
        let first = self.first as usize;
        first + self.done as usize..first + (self.len as usize).min((self.done as usize).saturating_add(most))
    }
}

/// The rows of one thread that wait.
#[derive(Clone, Debug, Default)]
pub struct Transit {
    /// By group, in order of stamp, declaration and source.
    waiting: Vec<Vec<Row>>,
    /// Sent in the present window.
    fresh: Vec<Row>,
    /// The first tick after the open block.
    end: i64,
}

/// Rows that are asked for before they are added. Some of them are in flight from memory at any time.
const AHEAD: usize = 4;

/// Synapses beyond those of the last row that are asked for: pieces are never of one length.
const SLACK: usize = 16;

impl Transit {
    /// Before tick 0.
    pub fn new(network: &Network, thread: usize) -> Transit {
        let groups = network.schedule.threads[thread].groups;
        Transit { waiting: vec![vec![]; groups], fresh: vec![], end: 0 }
    }

    /// Before a tick is made: opens its block if it is the first of one.
    pub fn open(&mut self, network: &Network, thread: usize, tick: i64, rings: &mut Rings) {
        if tick < self.end || self.waiting.is_empty() {
            return;
        }
        self.end = tick + network.schedule.block;
        let parts = Parts::new(network, thread);
        for rows in &mut self.waiting {
            parts.deliver(rows, self.end, rings);
        }
    }

    /// Sources of a lane spiked at a tick.
    pub fn send(&mut self, lane: u32, part: &Part, sources: &[u32], tick: i64) {
        let row = |&source: &u32| {
            let (first, end) = (part.starts[source as usize], part.starts[source as usize + 1]);
            Row { first, len: (end - first) as u32, done: 0, due: 0, source, stamp: tick as u32, lane }
        };
        self.fresh.extend(sources.iter().map(row));
    }

    /// All spikes of a window were sent: delivers what arrives in the open block.
    pub fn close(&mut self, network: &Network, thread: usize, rings: &mut Rings) {
        if self.fresh.is_empty() {
            return;
        }
        let parts = Parts::new(network, thread);
        parts.deliver(&mut self.fresh, self.end, rings);
        for row in self.fresh.drain(..) {
            self.waiting[parts.lanes[row.lane as usize].group as usize].push(row);
        }
    }

    /// Delivers all that waits, into rings with room for it.
    pub fn arrive(&mut self, network: &Network, thread: usize, rings: &mut Rings) {
        let parts = Parts::new(network, thread);
        for rows in &mut self.waiting {
            parts.deliver(rows, i64::MAX, rings);
        }
        // Time may go on from elsewhere: the next tick begins a block.
        self.end = 0;
    }
}

/// The parts whose rows wait.
struct Parts<'n> {
    lanes: &'n [Lane],
    /// By lane.
    parts: Vec<&'n Part>,
}

impl<'n> Parts<'n> {
    fn new(network: &'n Network, thread: usize) -> Parts<'n> {
        let Schedule { threads, .. } = &network.schedule;
        let lanes = &threads[thread].lanes[..];
        let part = |lane: &Lane| &network.sent(lane.projection, thread)[lane.part as usize];
        Parts { lanes, parts: lanes.iter().map(part).collect() }
    }

    /// Delivers of every row what arrives before a tick, and keeps the rows of which something is left.
    fn deliver(&self, rows: &mut Vec<Row>, before: i64, rings: &mut Rings) {
        let mut left = 0;
        // Pieces of neighbouring rows are about as long.
        let mut typical = SLACK;
        for k in 0..rows.len() {
            if let Some(next) = rows.get(k + AHEAD) {
                piece::ask(self.parts[next.lane as usize], next, typical + SLACK);
            }
            let mut row = rows[k];
            let delivered = piece::deliver(self.parts[row.lane as usize], &row, before, rings);
            typical = (typical + delivered) / 2;
            row.done += delivered as u32;
            row.due = (before - i64::from(row.stamp)).min(i64::from(u32::MAX)) as u32;
            if row.done < row.len {
                rows[left] = row;
                left += 1;
            }
        }
        rows.truncate(left);
    }
}
