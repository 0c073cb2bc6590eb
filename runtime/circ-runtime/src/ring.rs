//! Arrivals to come: for every tick within the longest delay one arena of accumulators.
//!
//! In: contributions with their tick of arrival. Out: the accumulators of the tick being made, which the
//! kernel adds to its ports and sets to 0, so that the slot can serve a later tick.

use std::marker::PhantomData;

use crate::aligned::{Aligned, Scalar};

/// Slots of accumulators, slot-major.
#[derive(Clone, Debug)]
pub struct Ring<F> {
    data: Aligned,
    /// Elements of a slot.
    length: usize,
    /// A power of two.
    slots: usize,
    float: PhantomData<F>,
}

impl<F: Scalar> Ring<F> {
    /// `slots` is a power of two. `length` is that of an arena: whole blocks.
    pub fn new(slots: usize, length: usize) -> Ring<F> {
        assert!(slots.is_power_of_two(), "slots are found by a mask");
        Ring { data: Aligned::zeroed(slots * length * size_of::<F>()), length, slots, float: PhantomData }
    }

    /// The same after tick `now`, with room for more slots: a power of two.
    fn widened(&self, now: i64, slots: usize) -> Ring<F> {
        let mut wide = Ring::new(slots, self.length);
        for tick in now + 1..=now + self.slots as i64 {
            wide.slot_mut(tick).copy_from_slice(self.slot(tick));
        }
        wide
    }

    fn first(&self, tick: i64) -> usize {
        (tick as usize & (self.slots - 1)) * self.length
    }

    /// Puts a copy of all slots into `kept`.
    pub fn keep(&self, kept: &mut Vec<F>) {
        kept.clear();
        kept.extend_from_slice(&self.data.view::<F>()[..self.slots * self.length]);
    }

    /// An element of the accumulators of a tick in what [`Ring::keep`] copied, if it did.
    pub fn kept_at(&self, kept: &[F], tick: i64, element: usize) -> Option<F> {
        kept.get(self.first(tick) + element).copied()
    }

    /// Nothing arrives any more.
    pub fn clear(&mut self) {
        self.data.view_mut::<F>().fill(F::ZERO);
    }

    /// Makes all slots what they were when `kept` was filled.
    pub fn restore(&mut self, kept: &[F]) {
        self.data.view_mut::<F>()[..kept.len()].copy_from_slice(kept);
    }

    /// The same in what [`Ring::keep`] copied.
    pub fn empty_kept(&self, kept: &mut [F], places: &[usize]) {
        if self.length == 0 {
            return;
        }
        for slot in kept.chunks_mut(self.length) {
            places.iter().for_each(|place| slot[*place] = F::ZERO);
        }
    }

    /// Nothing arrives at these places any more.
    pub fn empty(&mut self, places: impl Iterator<Item = usize>) {
        let (slots, length) = (self.slots, self.length);
        let data = self.data.view_mut::<F>();
        for place in places {
            (0..slots).for_each(|slot| data[slot * length + place] = F::ZERO);
        }
    }

    /// All slots.
    pub fn slots_mut(&mut self) -> Slots<'_, F> {
        let (length, mask) = (self.length, self.slots - 1);
        Slots { data: &mut self.data.view_mut::<F>()[..self.slots * length], length, mask }
    }

    /// The accumulators of a tick.
    pub fn slot(&self, tick: i64) -> &[F] {
        let first = self.first(tick);
        &self.data.view::<F>()[first..first + self.length]
    }

    /// The accumulators of a tick.
    pub fn slot_mut(&mut self, tick: i64) -> &mut [F] {
        let first = self.first(tick);
        &mut self.data.view_mut::<F>()[first..first + self.length]
    }
}

/// All slots of a ring, for contributions to several ticks in turn.
pub struct Slots<'a, F> {
    data: &'a mut [F],
    length: usize,
    mask: usize,
}

impl<F: Scalar> Slots<'_, F> {
    /// Adds to an element of the accumulators of a tick.
    #[inline(always)]
    pub fn add(&mut self, tick: usize, element: usize, value: F) {
        self.data[(tick & self.mask) * self.length + element] += value;
    }
}

/// The two arenas of a thread.
#[derive(Clone, Debug)]
pub struct Rings {
    pub single: Ring<f32>,
    pub double: Ring<f64>,
}

impl Rings {
    /// Slots of each.
    pub fn slots(&self) -> usize {
        self.single.slots.max(self.double.slots)
    }

    /// The same after tick `now`, with room for at least as many slots.
    pub fn widened(&self, now: i64, slots: usize) -> Rings {
        let Rings { single, double } = self;
        Rings {
            single: single.widened(now, slots.max(single.slots)),
            double: double.widened(now, slots.max(double.slots)),
        }
    }

    /// Nothing arrives any more.
    pub fn clear(&mut self) {
        self.single.clear();
        self.double.clear();
    }
}
