//! Where threads wait for each other: a barrier that spins a little before it gives way.
//!
//! Windows last microseconds, so sleeping would cost more than it saves; with more threads than cores
//! spinning would, so after a while a waiting thread lets another one run.

use std::hint::spin_loop;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Looks before a waiting thread gives way, where every thread has a core: some 20 µs.
const SPINS: u32 = 1000;

/// A barrier for a fixed number of threads, used again and again.
pub struct Meeting {
    threads: usize,
    spins: u32,
    arrived: AtomicUsize,
    round: AtomicUsize,
    abandoned: AtomicBool,
}

impl Meeting {
    pub fn new(threads: usize) -> Meeting {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Meeting {
            threads,
            spins: if threads <= cores { SPINS } else { 0 },
            arrived: AtomicUsize::new(0),
            round: AtomicUsize::new(0),
            abandoned: AtomicBool::new(false),
        }
    }

    /// Returns when all threads have come. What each wrote before is visible to all after.
    pub fn wait(&self) {
        let round = self.round.load(Ordering::Acquire);
        if self.arrived.fetch_add(1, Ordering::AcqRel) + 1 == self.threads {
            self.arrived.store(0, Ordering::Relaxed);
            self.round.store(round.wrapping_add(1), Ordering::Release);
            return;
        }
        let mut spins = 0;
        while self.round.load(Ordering::Acquire) == round {
            assert!(!self.abandoned.load(Ordering::Relaxed), "another thread panicked");
            if spins < self.spins {
                spins += 1;
                spin_loop();
            } else {
                std::thread::yield_now();
            }
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
            self.meeting.abandoned.store(true, Ordering::Relaxed);
        }
    }
}
