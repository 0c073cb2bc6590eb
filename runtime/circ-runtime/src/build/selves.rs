//! Which positions of two views are the same cell.
//!
//! In: two views. Out: for every position of the first, the positions of the second that are the same
//! cell, ascending. A projection without `allow self` leaves these pairs out.

use circ_plan::plan::View;

/// For each position of one view: the positions of the same cell in another.
#[derive(Clone, Debug, Default)]
pub struct Selves {
    /// Empty where the views have no cell in common.
    starts: Vec<u32>,
    positions: Vec<u32>,
}

impl Selves {
    /// No pair is left out.
    pub fn none() -> Selves {
        Selves::default()
    }

    /// Of the positions of `from`, in `to`.
    pub fn new(from: &View, to: &View) -> Selves {
        let shared = |population| from.segments.iter().any(|s| s.population == population);
        if !to.segments.iter().any(|s| shared(s.population)) {
            return Selves::none();
        }
        let mut cells: Vec<(u32, u32, u32)> =
            to.cells().enumerate().map(|(k, (population, cell))| (population, cell, k as u32)).collect();
        cells.sort_unstable();
        let mut selves = Selves { starts: vec![0], positions: vec![] };
        for (population, cell) in from.cells() {
            let first = cells.partition_point(|c| (c.0, c.1) < (population, cell));
            let same = cells[first..].iter().take_while(|c| (c.0, c.1) == (population, cell));
            selves.positions.extend(same.map(|c| c.2));
            selves.starts.push(selves.positions.len() as u32);
        }
        selves
    }

    /// Of those positions that `f` has something for, what it has.
    pub fn map(&self, f: impl Fn(u32) -> Option<u32>) -> Selves {
        let mut mapped = Selves::none();
        for source in 0..self.starts.len().saturating_sub(1) as u32 {
            if source == 0 {
                mapped.starts.push(0);
            }
            mapped.positions.extend(self.of(source).iter().filter_map(|position| f(*position)));
            mapped.starts.push(mapped.positions.len() as u32);
        }
        mapped
    }

    /// The positions that are the same cell as `position`, ascending.
    pub fn of(&self, position: u32) -> &[u32] {
        match self.starts.get(position as usize + 1) {
            Some(&end) => &self.positions[self.starts[position as usize] as usize..end as usize],
            None => &[],
        }
    }

    /// Pairs in all.
    pub fn pairs(&self) -> u64 {
        self.positions.len() as u64
    }
}

/// The `admissible`-th position that is not among `selves` (ascending).
pub fn skip(selves: &[u32], admissible: u32) -> u32 {
    let mut position = admissible;
    for &own in selves {
        if own <= position {
            position += 1;
        }
    }
    position
}
