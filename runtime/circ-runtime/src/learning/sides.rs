//! Where the columns of a rule have their values.
//!
//! In: the views and columns of a learning projection. Out: for every position of a view the cell that is meant, and for
//! every column and segment where the value is found: among what is kept of cells, in a shared slot, or in the plan.

use circ_plan::ir::UniformId;
use circ_plan::learning::{Learning, Signal};
use circ_plan::plan::{Column, Plan, ProjectionPlan, View};

use super::history::{History, Kept};
use crate::cells::value_of;

/// Where a column of a segment has its values.
#[derive(Clone, Copy, Debug)]
pub enum Origin {
    /// A place in the [`History`].
    Kept(usize),
    /// A shared slot of a population.
    Slot(u32, UniformId),
    Constant(f64),
}

/// The cells of a view, by position.
#[derive(Clone, Debug)]
pub struct Cells {
    /// Index in the population.
    cells: Vec<u32>,
    /// The segment of the view; empty where there is one only.
    segments: Vec<u32>,
}

/// One column: by segment of its view.
#[derive(Clone, Debug)]
pub struct Origins(Vec<Origin>);

/// A column of the target's side.
#[derive(Clone, Debug)]
pub enum Post {
    Target(Origins),
    /// The cells: one is for all, or each for a target. How many ticks before they are read.
    Modulator(Cells, Origins, i64),
}

/// All columns of a learning projection.
#[derive(Clone, Debug)]
pub struct Sides {
    pub source: Cells,
    pub target: Cells,
    pub pre: Vec<Origins>,
    pub post: Vec<Post>,
}

/// How many ticks back columns are read, at the most.
#[derive(Clone, Copy, Debug)]
pub struct Reach {
    pub source: i64,
    pub target: i64,
    pub modulator: i64,
}

impl Cells {
    pub fn new(view: &View) -> Cells {
        let segment = |(k, s): (usize, &circ_plan::plan::Segment)| vec![k as u32; s.cells.len()];
        let segments = match view.segments.len() {
            0 | 1 => vec![],
            _ => view.segments.iter().enumerate().flat_map(segment).collect(),
        };
        Cells { cells: view.cells().map(|(_, cell)| cell).collect(), segments }
    }

    /// The cell of every position.
    pub fn cells(&self) -> &[u32] {
        &self.cells
    }

    /// The segment that a position is in.
    #[inline]
    pub fn segment(&self, position: u32) -> usize {
        self.segments.get(position as usize).copied().unwrap_or(0) as usize
    }

    /// How many positions.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    fn bytes(&self) -> u64 {
        4 * (self.cells.capacity() + self.segments.capacity()) as u64
    }
}

impl Origins {
    pub fn new(plan: &Plan, columns: &[Column], ticks: i64, kept: &mut Kept) -> Origins {
        let origin = |column: &Column| match *column {
            Column::Array(population, array) => Origin::Kept(kept.keep(plan, population, array, ticks)),
            Column::Uniform(population, slot) => Origin::Slot(population, slot),
            Column::Constant(value) => Origin::Constant(value),
        };
        Origins(columns.iter().map(origin).collect())
    }

    /// Where the values are kept, if the view has one segment and they are.
    pub fn kept(&self) -> Option<usize> {
        match self.0[..] {
            [Origin::Kept(record)] => Some(record),
            _ => None,
        }
    }

    /// Of a position of the view.
    #[inline]
    pub fn at(&self, cells: &Cells, position: u32) -> (Origin, u32) {
        (self.0[cells.segment(position)], cells.cells[position as usize])
    }
}

impl Sides {
    /// Adds what has to be kept for so many ticks to `kept`.
    pub fn new(
        plan: &Plan,
        projection: &ProjectionPlan,
        learning: &Learning,
        reach: Reach,
        kept: &mut Kept,
    ) -> Sides {
        let pre = learning.pre.iter().map(|column| Origins::new(plan, column, reach.source, kept)).collect();
        let post = learning.post.iter().map(|signal| match signal {
            Signal::Target(columns) => Post::Target(Origins::new(plan, columns, reach.target, kept)),
            signal @ (Signal::Modulator(cells) | Signal::Before(cells)) => {
                let ago = i64::from(matches!(signal, Signal::Before(_)));
                let origins = Origins::new(plan, &cells.columns, reach.modulator + ago, kept);
                Post::Modulator(Cells::new(&cells.view), origins, ago)
            }
        });
        let post = post.collect();
        Sides { source: Cells::new(&projection.source), target: Cells::new(&projection.target), pre, post }
    }

    /// Bytes held.
    pub fn bytes(&self) -> u64 {
        self.source.bytes() + self.target.bytes()
    }
}

/// What all columns are read from.
#[derive(Clone, Copy)]
pub struct World<'a> {
    pub plan: &'a Plan,
    pub history: &'a History,
    /// The shared slots, by population.
    pub slots: &'a [Vec<u64>],
}

impl World<'_> {
    /// A `Float`.
    #[inline]
    pub fn float(&self, (origin, cell): (Origin, u32), tick: i64) -> f64 {
        match origin {
            Origin::Kept(record) => f64::from_bits(self.history.of(record, cell, tick)),
            Origin::Slot(population, slot) => {
                let of = &self.plan.populations[population as usize];
                let ty = of.uniforms[slot.0 as usize].ty;
                value_of(ty, of.precision, self.slots[population as usize][slot.0 as usize])
            }
            Origin::Constant(value) => value,
        }
    }

    /// An `Int` or a `Tick`.
    pub fn int(&self, (origin, cell): (Origin, u32), tick: i64) -> i64 {
        match origin {
            Origin::Kept(record) => self.history.of(record, cell, tick) as i64,
            Origin::Slot(population, slot) => self.slots[population as usize][slot.0 as usize] as i64,
            Origin::Constant(value) => value as i64,
        }
    }

    /// A `Bool`.
    pub fn bool(&self, (origin, cell): (Origin, u32), tick: i64) -> bool {
        match origin {
            Origin::Kept(record) => self.history.of(record, cell, tick) != 0,
            Origin::Slot(population, slot) => self.slots[population as usize][slot.0 as usize] != 0,
            Origin::Constant(value) => value != 0.0,
        }
    }
}
