//! Where threads wait for each other: a barrier that spins a little before it sleeps.
//!
//! Windows last microseconds, so sleeping at once would cost more than it saves: to be woken takes as long as many of them. But
//! where other processes want the cores, the one that is waited for may not run at all, and spinning keeps it from running. So a
//! waiting thread spins, then offers its core at every look, and sleeps only after a time in which any window should have passed.

use std::hint::spin_loop;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};

/// Looks before a waiting thread offers its core, where every thread has one: about 20 µs.
const SPINS: u32 = 1000;
/// Looks after which it sleeps: of a fraction of a microsecond each where nobody wants the core.
const OFFERS: u32 = 5000;

/// A barrier for a fixed number of threads, used again and again.
pub struct Meeting {
    threads: usize,
    spins: u32,
    arrived: AtomicUsize,
    round: AtomicUsize,
    abandoned: AtomicBool,
    /// How many sleep, or are about to.
    asleep: AtomicUsize,
    bed: Mutex<()>,
    bell: Condvar,
}

impl Meeting {
    pub fn new(threads: usize) -> Meeting {
        // A lone thread waits for nobody, and to ask the system for its cores takes longer than many ticks of a small circuit.
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        let have_cores = threads <= 1 || threads <= cores();
        Meeting {
            threads,
            spins: if have_cores { SPINS } else { 0 },
            arrived: AtomicUsize::new(0),
            round: AtomicUsize::new(0),
            abandoned: AtomicBool::new(false),
            asleep: AtomicUsize::new(0),
            bed: Mutex::new(()),
            bell: Condvar::new(),
        }
    }

    /// Returns when all threads have come. What each wrote before is visible to all after.
    pub fn wait(&self) {
        let round = self.round.load(Ordering::Acquire);
        if self.arrived.fetch_add(1, Ordering::AcqRel) + 1 == self.threads {
            self.arrived.store(0, Ordering::Relaxed);
            // In one order with the look at who sleeps: either that sees a sleeper, or the sleeper sees the new round.
            self.round.store(round.wrapping_add(1), Ordering::SeqCst);
            self.wake();
            return;
        }
        for look in 0..self.spins + OFFERS {
            if self.is_over(round) {
                return;
            }
            if look < self.spins { spin_loop() } else { std::thread::yield_now() }
        }
        self.sleep(round);
    }

    fn is_over(&self, round: usize) -> bool {
        assert!(!self.abandoned.load(Ordering::Relaxed), "another thread panicked");
        self.round.load(Ordering::SeqCst) != round
    }

    fn sleep(&self, round: usize) {
        let mut bed = self.bed.lock().unwrap_or_else(PoisonError::into_inner);
        self.asleep.fetch_add(1, Ordering::SeqCst);
        while !self.is_over(round) {
            bed = self.bell.wait(bed).unwrap_or_else(PoisonError::into_inner);
        }
        self.asleep.fetch_sub(1, Ordering::SeqCst);
    }

    fn wake(&self) {
        if 0 < self.asleep.load(Ordering::SeqCst) {
            // Whoever counts as asleep and has looked before the new round sleeps as soon as the lock is free.
            drop(self.bed.lock().unwrap_or_else(PoisonError::into_inner));
            self.bell.notify_all();
        }
    }

    /// A guard that lets the others go if this thread panics.
    pub fn attend(&self) -> Attendance<'_> {
        Attendance { meeting: self }
    }
}

/// See [`Meeting::attend`].
pub struct Attendance<'a> {
    meeting: &'a Meeting,
}

impl Drop for Attendance<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.meeting.abandoned.store(true, Ordering::SeqCst);
            self.meeting.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_leaves_before_all_have_come() {
        for threads in [1, 2, 3, 9] {
            let meeting = Meeting::new(threads);
            let count = AtomicUsize::new(0);
            std::thread::scope(|scope| {
                for k in 0..threads {
                    let (meeting, count) = (&meeting, &count);
                    scope.spawn(move || {
                        for round in 1..=200 {
                            // Some come late enough for the others to sleep.
                            if round % 50 == k {
                                std::thread::sleep(std::time::Duration::from_millis(1));
                            }
                            count.fetch_add(1, Ordering::Relaxed);
                            meeting.wait();
                            assert_eq!(count.load(Ordering::Relaxed), threads * round);
                            meeting.wait();
                        }
                    });
                }
            });
        }
    }

    #[test]
    fn sleepers_are_let_go_when_another_panics() {
        let meeting = Meeting::new(2);
        let panicked = std::thread::scope(|scope| {
            let sleeper = scope.spawn(|| meeting.wait());
            let other = scope.spawn(|| {
                let _attendance = meeting.attend();
                std::thread::sleep(std::time::Duration::from_millis(20));
                panic!("on purpose");
            });
            [sleeper.join().is_err(), other.join().is_err()]
        });
        assert_eq!(panicked, [true, true]);
    }
}
