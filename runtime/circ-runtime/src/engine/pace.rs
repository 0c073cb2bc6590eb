//! How many threads of the system pay: measured while a run goes on.
//!
//! In: how long stretches of ticks took, on one thread and on several. Out: on how many the next stretch runs, and how long it
//! is. The bits are the same either way, so this may depend on the clock.
//!
//! Two threads are slower than one where a window is too short to be worth a meeting, and, whatever the window, where other processes
//! want the cores: each then waits for the other's turn. Neither can be known beforehand, so both ways are tried, and
//! the slower one rarely again.

use std::time::Duration;

/// How long a stretch is to take, and one that only looks how fast the other way is.
const STRETCH: Duration = Duration::from_millis(50);
const LOOK: Duration = Duration::from_millis(2);

/// Ticks of the very first stretch, of which nothing is known; its pages are still being touched. A look has as many, unless
/// a stretch has less: at first what a core works on lies in the cache of another.
const FIRST_TICKS: i64 = 64;

/// Starting threads must not be what is paid for.
const WORTH_STARTING: Duration = Duration::from_micros(200);

/// Stretches between two looks: more after each that shows nothing new.
const OFTEN: u32 = 4;
const RARELY: u32 = 80;

/// On how many threads of the system workers run.
#[derive(Debug)]
pub struct Pace {
    /// As many as may be.
    threads: usize,
    /// What the first stretch says of the nanoseconds for a tick, while memory is still being touched.
    guess: Option<f64>,
    /// Nanoseconds for a tick: on one thread, and on all.
    one: Option<f64>,
    all: Option<f64>,
    /// Stretches since the last look, and as many as there are to be between two.
    since: u32,
    between: u32,
}

/// A stretch of ticks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stretch {
    pub threads: usize,
    pub ticks: i64,
    /// Whether it is there to see whether the slower way is the faster one by now.
    look: bool,
}

impl Pace {
    /// For so many workers.
    pub fn new(workers: usize) -> Pace {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Pace::of(workers.min(cores))
    }

    fn of(threads: usize) -> Pace {
        Pace { threads, guess: None, one: None, all: None, since: 0, between: OFTEN }
    }

    /// What to do of the ticks that are left; a stretch has at least `least` where there are as many.
    pub fn next(&self, left: i64, least: i64) -> Stretch {
        let within = |time: Duration, cost: f64| (time.as_nanos() as f64 / cost.max(1.0)) as i64;
        let ticks = |time: Duration, cost: f64| within(time, cost).max(least).min(left);
        let look = |cost: f64| {
            let some = FIRST_TICKS.min(within(STRETCH, cost));
            within(LOOK, cost).max(some).max(least).min(left)
        };
        let stretch = |threads: usize, ticks: i64| Stretch { threads, ticks, look: false };
        let threads = self.threads;
        match (self.guess, self.all, self.one) {
            _ if threads <= 1 => stretch(1, left),
            (None, ..) => stretch(threads, FIRST_TICKS.max(least).min(left)),
            (Some(guess), None, _) => stretch(threads, look(guess)),
            (_, Some(all), None) => stretch(1, look(all)),
            (_, _, Some(one)) if (left as f64) * one < WORTH_STARTING.as_nanos() as f64 => stretch(1, left),
            (_, Some(all), Some(one)) => {
                let looks = self.between <= self.since;
                let several = (all < one) != looks;
                let (threads, cost) = if several { (threads, all) } else { (1, one) };
                Stretch { threads, ticks: if looks { look(cost) } else { ticks(STRETCH, cost) }, look: looks }
            }
        }
    }

    /// So long did that many ticks of a stretch take, once all threads were there.
    pub fn took(&mut self, stretch: Stretch, ticks: i64, time: Duration) {
        if self.threads <= 1 || ticks <= 0 {
            return;
        }
        let measured = time.as_nanos() as f64 / ticks as f64;
        if self.guess.is_none() {
            self.guess = Some(measured);
            return;
        }
        let several_are_faster = |pace: &Pace| pace.all < pace.one;
        let before = several_are_faster(self);
        let cost = if 1 < stretch.threads { &mut self.all } else { &mut self.one };
        let known = cost.filter(|_| !stretch.look);
        *cost = Some(known.map_or(measured, |known| 0.5 * (known + measured)));
        if before != several_are_faster(self) {
            (self.since, self.between) = (0, OFTEN);
        } else if stretch.look {
            (self.since, self.between) = (0, (2 * self.between).min(RARELY));
        } else {
            self.since += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs ticks that take so many nanoseconds on one thread and on all; returns the share of those made on all.
    fn share(pace: &mut Pace, ticks: i64, one: u64, all: u64) -> f64 {
        let (mut left, mut on_all) = (ticks, 0);
        while 0 < left {
            let stretch = pace.next(left, 1);
            assert!(0 < stretch.ticks && stretch.ticks <= left);
            let cost = if stretch.threads == 1 { one } else { all };
            on_all += if stretch.threads == 1 { 0 } else { stretch.ticks };
            pace.took(stretch, stretch.ticks, Duration::from_nanos(cost * stretch.ticks as u64));
            left -= stretch.ticks;
        }
        on_all as f64 / ticks as f64
    }

    #[test]
    fn the_faster_way_is_taken() {
        for (one, all) in [(4_000, 40_000), (2_000, 2_500), (100_000, 55_000), (50_000_000, 30_000_000)] {
            let share = share(&mut Pace::of(2), 100_000, one, all);
            let expected = if all < one { 0.98..=1.0 } else { 0.0..=0.02 };
            assert!(expected.contains(&share), "{share} on all, {one} and {all} ns");
        }
    }

    #[test]
    fn what_changes_is_noticed() {
        let mut pace = Pace::of(2);
        assert!(share(&mut pace, 200_000, 50_000, 30_000) > 0.98);
        assert!(share(&mut pace, 200_000, 50_000, 300_000) < 0.05);
        assert!(share(&mut pace, 400_000, 50_000, 30_000) > 0.9);
    }

    /// The first ticks of a large network take long, because its memory is new.
    #[test]
    fn a_look_is_more_than_a_few_ticks_of_a_large_network() {
        let mut pace = Pace::of(2);
        let first = pace.next(10_000, 1);
        pace.took(first, first.ticks, Duration::from_micros(1150 * first.ticks as u64));
        let look = pace.next(10_000, 1);
        assert!(look.threads == 2 && 32 < look.ticks, "{look:?}");
    }

    #[test]
    fn a_tick_at_a_time_starts_no_threads() {
        let mut pace = Pace::of(2);
        let mut several = 0;
        for _ in 0..1000 {
            let stretch = pace.next(1, 15);
            assert_eq!(stretch.ticks, 1);
            several += i32::from(1 < stretch.threads);
            pace.took(stretch, 1, Duration::from_micros(if stretch.threads == 1 { 5 } else { 50 }));
        }
        assert_eq!(several, 2);
    }

    #[test]
    fn one_worker_runs_all_in_one() {
        assert_eq!(Pace::of(1).next(1000, 15), Stretch { threads: 1, ticks: 1000, look: false });
    }
}
