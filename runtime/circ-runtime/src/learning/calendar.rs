//! What is due at which tick.
//!
//! In: things with a tick, not before the first that is still open. Out: those of a tick, in the order in which they
//! came. Slots are used again, so that nothing is allocated once a network has found its rhythm.

use std::collections::VecDeque;

/// Lists by tick.
#[derive(Clone, Debug)]
pub struct Calendar<T> {
    /// The tick of the first slot.
    first: i64,
    slots: VecDeque<Vec<T>>,
}

impl<T> Default for Calendar<T> {
    fn default() -> Calendar<T> {
        Calendar { first: 0, slots: VecDeque::new() }
    }
}

impl<T> Calendar<T> {
    /// With all ticks up to and including this one closed.
    pub fn after(tick: i64) -> Calendar<T> {
        Calendar { first: (tick + 1).max(0), slots: VecDeque::new() }
    }

    /// Adds to the list of a tick.
    pub fn push(&mut self, tick: i64, item: T) {
        let at = usize::try_from(tick - self.first).expect("nothing is due in a tick that is over");
        while self.slots.len() <= at {
            self.slots.push_back(vec![]);
        }
        self.slots[at].push(item);
    }

    /// What is due at a tick.
    pub fn of(&self, tick: i64) -> &[T] {
        let slot = usize::try_from(tick - self.first).ok().and_then(|at| self.slots.get(at));
        slot.map_or(&[], Vec::as_slice)
    }

    /// Closes all ticks up to and including this one.
    pub fn close(&mut self, tick: i64) {
        while self.first <= tick {
            if let Some(mut slot) = self.slots.pop_front() {
                slot.clear();
                self.slots.push_back(slot);
            }
            self.first += 1;
        }
    }

    /// The same ticks with other lists: `f` adds what there is in the place of each thing.
    pub fn map<U>(&self, mut f: impl FnMut(&T, &mut Vec<U>)) -> Calendar<U> {
        let list = |slot: &Vec<T>| {
            let mut list = vec![];
            slot.iter().for_each(|item| f(item, &mut list));
            list
        };
        Calendar { first: self.first, slots: self.slots.iter().map(list).collect() }
    }

    /// Forgets all that is due.
    pub fn forget(&mut self) {
        self.slots.iter_mut().for_each(Vec::clear);
    }

    /// All that is due, tick by tick.
    pub fn iter(&self) -> impl Iterator<Item = (i64, &[T])> {
        (self.first..).zip(self.slots.iter().map(Vec::as_slice))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_are_replaced_at_their_tick() {
        let mut calendar = Calendar::default();
        calendar.close(1);
        calendar.push(4, 2);
        calendar.push(4, 3);
        let doubled = calendar.map(|&n, out| out.extend(vec![n; n]));
        assert_eq!((doubled.of(3), doubled.of(4)), (&[][..], &[2, 2, 3, 3, 3][..]));
        calendar.forget();
        assert_eq!(calendar.of(4), &[]);
    }

    #[test]
    fn things_come_out_at_their_tick_in_the_order_in_which_they_came() {
        let mut calendar = Calendar::default();
        calendar.push(3, 'a');
        calendar.push(1, 'b');
        calendar.push(3, 'c');
        assert_eq!((calendar.of(0), calendar.of(1), calendar.of(3)), (&[][..], &['b'][..], &['a', 'c'][..]));
        calendar.close(1);
        calendar.push(2, 'd');
        assert_eq!((calendar.of(1), calendar.of(2), calendar.of(9)), (&[][..], &['d'][..], &[][..]));
        calendar.close(3);
        assert_eq!(calendar.of(3), &[]);
        calendar.push(4, 'e');
        assert_eq!(calendar.iter().filter(|slot| !slot.1.is_empty()).collect::<Vec<_>>(), [(4, &['e'][..])]);
    }
}
