//! Rows that are made again whenever their source spikes (`store procedural`).
//!
//! In: a projection whose rows depend on nothing but their source, and sources that spiked at a tick. Out: the same sums in the ring
//! as from rows that are held, bit for bit: pairs, weights and delays are drawn from the same counters, and added in the same order.
//! What is held is what programs read of cells, one number for each; what a spike costs is drawing its row.

use std::sync::Arc;

use circ_plan::plan::{Connect, Pairing, Plan, ProjectionPlan};

use super::Cells;
use super::error::BuildError;
use super::layout::{Builder, Lanes, Sink};
use super::onto::Placer;
use super::pairs::{Pairs, RowSet, Scratch};
use super::synapses::{Context, Valuer};
use crate::deliver::deliver;
use crate::ring::Rings;

/// Whether the rows of a projection can be made one by one: nothing of them is kept, and each depends on its source alone.
/// Rows of `in_degree` and `total` are known only when all are drawn, a table is held as it is.
pub fn possible(plan: &ProjectionPlan) -> bool {
    let by_source = matches!(
        plan.connect,
        Connect::Probability(_)
            | Connect::Where(_)
            | Connect::OutDegree(_)
            | Connect::OneToOne
            | Connect::AllToAll
    );
    by_source
        && plan.pairing == Pairing::Ordered
        && plan.learning.is_none()
        && plan.flow.is_none()
        && plan.share.is_none()
}

/// A projection that holds no synapses.
#[derive(Debug)]
pub struct Procedural {
    pairs: Pairs,
    pub lanes: Lanes,
    /// What programs read of the cells of both sides, as they were at the start.
    pre: Arc<Vec<Vec<f64>>>,
    post: Arc<Vec<Vec<f64>>>,
}

impl Procedural {
    /// Of a projection whose rows can be made one by one.
    ///
    /// # Errors
    /// A probability that is none.
    pub fn new(context: &Context, lanes: Lanes) -> Result<Procedural, BuildError> {
        let pairs = Pairs::rows(context, 1)?;
        Ok(Procedural { pairs, lanes, pre: Arc::clone(&context.pre), post: Arc::clone(&context.post) })
    }

    /// What rows are made from.
    pub fn context<'a>(&self, plan: &'a Plan, projection: u32) -> Context<'a> {
        let (pre, post) = (Arc::clone(&self.pre), Arc::clone(&self.post));
        Cells::scene(plan, projection, pre, post)
    }

    /// Bytes held.
    pub fn bytes(&self) -> u64 {
        let columns = self.pre.iter().chain(self.post.iter());
        let columns: usize = columns.map(|column| 8 * column.capacity()).sum();
        let lanes = 4 * (self.lanes.lane_of.capacity() + self.lanes.distance.capacity());
        (columns + lanes) as u64 + self.pairs.bytes()
    }
}

/// Makes the rows of a projection for one thread.
pub struct Maker<'a> {
    of: &'a Procedural,
    scratch: Scratch<'a>,
    placer: Placer<'a>,
    valuer: Valuer<'a>,
    row: RowSet,
    own: RowSet,
    /// By lane of the thread: which it is, and its rows.
    lanes: Vec<(usize, Builder<'a>)>,
    /// The numbers of the rows that are made of a tick.
    places: Vec<u32>,
}

impl<'a> Maker<'a> {
    pub fn new(of: &'a Procedural, context: &'a Context<'a>, thread: usize) -> Maker<'a> {
        let own = of.lanes.lanes.iter().enumerate().filter(|(_, lane)| lane.thread as usize == thread);
        let builder = |lane| Builder::new(context, lane, &of.lanes.distance, 0, 0, None);
        Maker {
            of,
            scratch: of.pairs.scratch(context),
            placer: Placer::new(context),
            valuer: Valuer::new(context),
            row: RowSet::new(0),
            own: RowSet::new(0),
            lanes: own.map(|(at, lane)| (at, builder(lane))).collect(),
            places: vec![],
        }
    }

    /// Adds what these sources send at `tick`.
    pub fn send(&mut self, sources: &[u32], tick: i64, rings: &mut Rings) {
        if self.lanes.is_empty() || sources.is_empty() {
            return;
        }
        for (_, builder) in &mut self.lanes {
            builder.part.clear();
        }
        for &source in sources {
            self.make(source);
        }
        self.places.clear();
        self.places.extend(0..sources.len() as u32);
        for (_, builder) in &self.lanes {
            deliver(&builder.part, &self.places, tick, rings);
        }
    }

    fn make(&mut self, source: u32) {
        let Maker { of, row, own, .. } = self;
        row.clear(source);
        // What does not hold was refused when all rows were made once.
        let mut wrong = None;
        of.pairs.make(source..source + 1, &mut self.scratch, row, &mut wrong);
        self.placer.place(row, &mut wrong);
        for (lane, builder) in &mut self.lanes {
            let rows = match of.lanes.lane_of.is_empty() {
                true => &*row,
                false => {
                    of.lanes.filter(*lane, row, own);
                    &*own
                }
            };
            self.valuer.evaluate(rows);
            builder.take(rows, &self.valuer);
        }
    }
}

/// Counts synapses, and keeps none.
#[derive(Default)]
pub struct Count {
    pub synapses: u64,
}

impl Sink for Count {
    fn take(&mut self, rows: &RowSet, _: &Valuer) {
        self.synapses += rows.targets.len() as u64;
    }

    fn bytes(&self) -> u64 {
        0
    }
}
