//! Spike trains: the events of a view, sorted by cell.

/// A stretch of time in ticks: stamps in `(after, until]`, and tick 0 if `after` is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub after: i64,
    pub until: i64,
}

impl Window {
    /// Whether an event of this stamp counts.
    pub fn contains(self, tick: i64) -> bool {
        (self.after < tick && tick <= self.until) || (tick == 0 && self.after == 0)
    }
    /// How long it is.
    pub fn ticks(self) -> i64 {
        self.until - self.after
    }
}

/// The events of each cell of a view in a window, by position in the view, ascending.
#[derive(Clone, Debug)]
pub struct Trains {
    pub window: Window,
    /// The step in ms.
    pub dt: f64,
    /// The events of cell `c` are `ticks[starts[c] .. starts[c + 1]]`.
    starts: Vec<usize>,
    ticks: Vec<i64>,
}

impl Trains {
    /// Sorts `events` (tick, position in the view; ascending by tick) by cell. All positions must be
    /// below `cells`.
    pub fn new(cells: usize, events: &[(i64, u32)], window: Window, dt: f64) -> Trains {
        let inside = || events.iter().filter(|(tick, _)| window.contains(*tick));
        let mut starts = vec![0usize; cells + 1];
        for (_, cell) in inside() {
            starts[*cell as usize + 1] += 1;
        }
        for cell in 0..cells {
            starts[cell + 1] += starts[cell];
        }
        let mut next = starts.clone();
        let mut ticks = vec![0i64; starts[cells]];
        for (tick, cell) in inside() {
            let slot = &mut next[*cell as usize];
            ticks[*slot] = *tick;
            *slot += 1;
        }
        Trains { window, dt, starts, ticks }
    }

    /// How many cells.
    pub fn cells(&self) -> usize {
        self.starts.len() - 1
    }
    /// How many events in all.
    pub fn total(&self) -> usize {
        self.ticks.len()
    }
    /// The length of the window in ms.
    pub fn duration(&self) -> f64 {
        self.window.ticks() as f64 * self.dt
    }
    /// The trains, in order of the view.
    pub fn iter(&self) -> impl Iterator<Item = &[i64]> {
        self.starts.windows(2).map(|bounds| &self.ticks[bounds[0]..bounds[1]])
    }
}

#[cfg(test)]
impl Trains {
    /// Of written trains; window `(0, until]` and steps of 0.5 ms.
    pub fn of(trains: &[&[i64]], until: i64) -> Trains {
        let mut events: Vec<(i64, u32)> = Vec::new();
        for (cell, train) in trains.iter().enumerate() {
            events.extend(train.iter().map(|tick| (*tick, cell as u32)));
        }
        events.sort_unstable();
        Trains::new(trains.len(), &events, Window { after: 0, until }, 0.5)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_holds_its_end_and_not_its_beginning() {
        let window = Window { after: 10, until: 20 };
        assert!(!window.contains(10) && window.contains(11) && window.contains(20) && !window.contains(21));
    }

    #[test]
    fn a_window_from_the_beginning_holds_tick_zero() {
        assert!(Window { after: 0, until: 5 }.contains(0));
        assert!(!Window { after: 1, until: 5 }.contains(0));
    }

    #[test]
    fn events_are_sorted_by_cell() {
        let trains = Trains::of(&[&[1, 4], &[], &[2]], 10);
        let trains: Vec<&[i64]> = trains.iter().collect();
        assert_eq!(trains, [&[1, 4][..], &[], &[2]]);
    }
}
