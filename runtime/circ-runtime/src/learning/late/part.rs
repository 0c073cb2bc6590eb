//! Which synapses of a row have events to see, and those events in lists.
//!
//! In: a row of synapses, how many events each has seen, and how many its target had. Out: the next event of each that has one,
//! time and again, as hooks run for them: no synapse twice in a block.

use circ_plan::abi::BLOCK;

use super::pick::{self, AT_ONCE, Eight, Picked};
use crate::rows::ROW;

/// Events that are listed at a time.
pub const LISTED: usize = 3 * ROW;

/// Of some synapses of a source those that have events to see.
#[derive(Clone)]
pub struct Part {
    /// How many have, which, which event is the next of each, and how many there are from it on.
    pub len: usize,
    synapses: [u32; ROW + AT_ONCE],
    events: [u32; ROW + AT_ONCE],
    left: [u32; ROW + AT_ONCE],
    pub listed: Listed,
}

/// Events that a hook runs for, with room for padding.
#[derive(Clone)]
pub struct Listed {
    pub len: usize,
    /// The synapse; the element behind all synapses is padding.
    pub synapses: [u32; LISTED + BLOCK],
    /// Which event it is, and its tick.
    pub events: [u32; LISTED + BLOCK],
    pub ticks: [i32; LISTED + BLOCK],
}

impl Part {
    /// Nothing.
    pub fn new() -> Part {
        Part {
            len: 0,
            synapses: [0; ROW + AT_ONCE],
            events: [0; ROW + AT_ONCE],
            left: [0; ROW + AT_ONCE],
            listed: Listed {
                len: 0,
                synapses: [0; LISTED + BLOCK],
                events: [0; LISTED + BLOCK],
                ticks: [0; LISTED + BLOCK],
            },
        }
    }

    /// The synapses from `first` on that have not seen as many events as their targets had, at most [`ROW`].
    pub fn find<T: Eight>(&mut self, first: u32, targets: &[T], seen: &mut [u8], counts: &[u8]) {
        self.len = pick::find(first, targets, seen, counts, &mut self.picked());
    }

    fn picked(&mut self) -> Picked<'_> {
        let Part { synapses, events, left, .. } = self;
        Picked { synapses, events, left }
    }

    /// Lists the next event of each synapse; where events may stand `together`, then the next of each, and so on, as far as
    /// there is room: each time from a whole block on, so that no synapse is twice in a block.
    pub fn list(&mut self, padding: u32, together: bool) {
        self.listed.len = 0;
        while 0 < self.len && self.listed.len + self.len <= LISTED {
            let Part { len, synapses, events, listed, .. } = self;
            let (len, first) = ((*len).min(ROW), listed.len);
            listed.synapses[first..first + len].copy_from_slice(&synapses[..len]);
            listed.events[first..first + len].copy_from_slice(&events[..len]);
            listed.len = first + len;
            self.len = pick::next(&mut self.picked(), len);
            if !together {
                return;
            }
            if 0 < self.len {
                self.listed.pad(padding);
            }
        }
    }
}

impl Listed {
    /// Fills the last block up.
    fn pad(&mut self, padding: u32) {
        let Some(last) = self.len.checked_sub(1) else { return };
        let (rest, event) = (self.len..self.len.next_multiple_of(BLOCK), self.events[last]);
        self.synapses[rest.clone()].fill(padding);
        self.events[rest.clone()].fill(event);
        self.len = rest.end;
    }

    /// Finds the tick of each event, and pads the lists: with the element that stands behind all synapses.
    pub fn look_up(&mut self, ticks: &[i32], padding: u32) {
        let len = self.len.min(LISTED);
        let Listed { synapses, events, ticks: found, .. } = self;
        for (found, &event) in found[..len].iter_mut().zip(&events[..len]) {
            *found = ticks[event as usize];
        }
        let rest = len..len + BLOCK;
        synapses[rest.clone()].fill(padding);
        if let Some(last) = len.checked_sub(1) {
            let (event, tick) = (events[last], found[last]);
            events[rest.clone()].fill(event);
            found[rest].fill(tick);
        }
    }
}
