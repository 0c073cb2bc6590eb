//! The targets of synapses, as indices of those that a thread owns: in 16 bits where there are few.
//!
//! In: indices. Out: single ones, or a list for loops that are compiled for either width.

use std::ops::Range;

use crate::prefetch::fetch;

/// The own target of every synapse.
#[derive(Clone, Debug)]
pub enum Targets {
    Near(Vec<u16>),
    Far(Vec<u32>),
}

/// Runs `$body` with `$list` the targets of a range, whatever their width.
macro_rules! with_targets {
    ($targets:expr, $range:expr, $list:ident => $body:expr) => {
        match $targets {
            $crate::learning::targets::Targets::Near(all) => {
                let $list = &all[$range];
                $body
            }
            $crate::learning::targets::Targets::Far(all) => {
                let $list = &all[$range];
                $body
            }
        }
    };
}
pub(super) use with_targets;

impl Targets {
    /// None yet, of so many targets that all threads have.
    pub fn new(targets: usize) -> Targets {
        if Targets::are_near(targets) { Targets::Near(vec![]) } else { Targets::Far(vec![]) }
    }

    /// None, as wide as these, with room for so many.
    pub fn none_of_this_width(&self, room: usize) -> Targets {
        match self {
            Targets::Near(_) => Targets::Near(Vec::with_capacity(room)),
            Targets::Far(_) => Targets::Far(Vec::with_capacity(room)),
        }
    }

    /// Whether so many targets are told apart by 16 bits.
    pub fn are_near(targets: usize) -> bool {
        targets <= 1 << 16
    }

    /// Where the targets of these synapses, which follow each other, stand.
    pub fn pointer(&self, synapses: Range<u32>) -> *const u8 {
        let range = synapses.start as usize..synapses.end as usize;
        match self {
            Targets::Near(all) => all[range].as_ptr().cast(),
            Targets::Far(all) => all[range].as_ptr().cast(),
        }
    }

    /// Of a synapse.
    #[inline]
    pub fn of(&self, synapse: u32) -> u32 {
        match self {
            Targets::Near(all) => u32::from(all[synapse as usize]),
            Targets::Far(all) => all[synapse as usize],
        }
    }

    /// How many synapses.
    pub fn len(&self) -> usize {
        match self {
            Targets::Near(all) => all.len(),
            Targets::Far(all) => all.len(),
        }
    }

    /// Of all synapses.
    pub fn iter(&self) -> impl Iterator<Item = u32> {
        (0..self.len() as u32).map(|synapse| self.of(synapse))
    }

    /// Adds that of the next synapse.
    pub fn push(&mut self, target: u32) {
        match self {
            Targets::Near(all) => all.push(target as u16),
            Targets::Far(all) => all.push(target),
        }
    }

    /// Leaves no spare room.
    pub fn trim(&mut self) {
        match self {
            Targets::Near(all) => all.shrink_to_fit(),
            Targets::Far(all) => all.shrink_to_fit(),
        }
    }

    /// Some synapses, which follow each other, are wanted soon.
    pub fn fetch(&self, synapses: Range<u32>) {
        let range = synapses.start as usize..synapses.end as usize;
        match self {
            Targets::Near(all) => fetch(all, range),
            Targets::Far(all) => fetch(all, range),
        }
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        match self {
            Targets::Near(all) => 2 * all.capacity(),
            Targets::Far(all) => 4 * all.capacity(),
        }
    }
}
