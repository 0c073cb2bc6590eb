//! The synapses of a projection as the threads hold them.
//!
//! In: rows by thread, sorted by delay, perhaps together with those of other projections. Out: the same in canonical order, some
//! rows at a time. That takes less than to draw them again. Which of two places in a view a target was found by is not held.

use std::ops::Range;

use circ_plan::engine::{Synapses, Values};
use circ_plan::plan::{ProjectionPlan, Quantity};

use super::layout::{Delays, Lanes, Part};
use crate::parallel::for_each;

/// Synapses that one thread puts in order at a time.
const PIECE: usize = 1 << 17;

/// Rows that can be read.
pub struct Held<'p> {
    lanes: Vec<Lane<'p>>,
    rows: usize,
    targets: usize,
    /// In all parts, those of other projections included.
    synapses: u64,
    weight: Option<f64>,
    delay: Option<u32>,
}

/// What a thread holds for targets of one precision.
struct Lane<'p> {
    part: &'p Part,
    window: Range<u32>,
    /// By distance from the begin of the window: the target's position.
    positions: Vec<u32>,
}

impl<'p> Held<'p> {
    /// The rows of a projection, `parts` by thread with the window of each that is its own; nothing where they do not tell the order.
    pub fn new(
        plan: &ProjectionPlan,
        lanes: &Lanes,
        parts: &[Vec<(&'p Part, Range<u32>)>],
    ) -> Option<Held<'p>> {
        let mut own: Vec<Lane> = vec![];
        for (lane, at) in lanes.lanes.iter().zip(lanes.places()) {
            let (part, window) = parts[lane.thread as usize][at].clone();
            own.push(Lane { part, window, positions: vec![u32::MAX; lane.span as usize] });
        }
        for (position, distance) in lanes.distance.iter().enumerate() {
            let lane = lanes.lane_of.get(position).copied().unwrap_or(0);
            let place = &mut own[lane as usize].positions[*distance as usize];
            if std::mem::replace(place, position as u32) != u32::MAX {
                return None;
            }
        }
        let delay = match own.first().map(|lane| &lane.part.delays) {
            Some(Delays::One(delay)) => Some(*delay),
            Some(Delays::Each(_) | Delays::Runs(_)) | None => None,
        };
        Some(Held {
            rows: plan.source.len(),
            targets: lanes.distance.len(),
            synapses: own.iter().map(|lane| lane.part.synapses()).sum(),
            weight: match plan.weight {
                Quantity::Constant(weight) => Some(weight),
                Quantity::Program(_) => None,
            },
            delay: delay.filter(|_| matches!(plan.delay, Quantity::Constant(_))),
            lanes: own,
        })
    }

    /// Shows all synapses; at least one piece, which may be empty.
    pub fn visit(&self, threads: usize, visit: &mut (dyn FnMut(&Synapses) + Send)) {
        let each = (self.synapses as usize).div_ceil(self.rows.max(1)).max(1);
        let share = (PIECE / each).clamp(1, self.rows.max(1));
        let mut orders: Vec<Order> = (0..threads.max(1)).map(|_| Order::new(self)).collect();
        let mut next = 0;
        while next == 0 || next < self.rows {
            for_each(threads, &mut orders, |k, order| {
                let first = (next + k * share).min(self.rows);
                order.clear();
                (first..(first + share).min(self.rows)).for_each(|row| order.add(self, row));
            });
            orders.iter().for_each(|order| visit(&order.piece));
            next += share * orders.len();
        }
    }
}

/// Puts rows in order.
struct Order {
    piece: Synapses,
    /// Of one row: the positions of targets, and what their synapses have.
    found: Vec<(u32, f64, u32)>,
    /// By position, 64 to a word: whether the row has it; and where it was found first and last.
    marks: Vec<u64>,
    places: Vec<(u32, u32)>,
    /// For what was found: where the same position was found again, if it was.
    again: Vec<u32>,
}

impl Order {
    fn new(held: &Held) -> Order {
        let piece = Synapses {
            weight: held.weight.map_or(Values::Each(vec![]), Values::One),
            delay: held.delay.map_or(Values::Each(vec![]), |delay| Values::One(f64::from(delay))),
            ..Synapses::default()
        };
        let words = held.targets.div_ceil(64);
        let places = vec![(0, 0); held.targets];
        Order { piece, found: vec![], marks: vec![0; words], places, again: vec![] }
    }

    fn clear(&mut self) {
        let Synapses { source, target, weight, delay, .. } = &mut self.piece;
        source.clear();
        target.clear();
        for values in [weight, delay] {
            if let Values::Each(each) = values {
                each.clear();
            }
        }
    }

    fn add(&mut self, held: &Held, row: usize) {
        let Order { piece, found, marks, places, again } = self;
        found.clear();
        for Lane { part, window, positions } in &held.lanes {
            part.each_within(row, window, |synapse, distance| {
                let delay = part.delay(row, synapse);
                found.push((positions[distance as usize], part.weights.get(synapse), delay));
            });
        }
        piece.source.resize(piece.source.len() + found.len(), row as u32);
        let mut show = |(position, weight, delay): (u32, f64, u32)| {
            piece.target.push(position);
            if let Values::Each(each) = &mut piece.weight {
                each.push(weight);
            }
            if let Values::Each(each) = &mut piece.delay {
                each.push(f64::from(delay));
            }
        };
        if found.is_sorted_by_key(|it| it.0) {
            return found.iter().for_each(|it| show(*it));
        }
        again.clear();
        again.resize(found.len(), u32::MAX);
        for (at, &(position, ..)) in (0..).zip(found.iter()) {
            let (mark, bit) = (&mut marks[position as usize / 64], 1 << (position % 64));
            let (first, last) = &mut places[position as usize];
            if *mark & bit == 0 {
                *first = at;
            } else {
                again[*last as usize] = at;
            }
            (*mark, *last) = (*mark | bit, at);
        }
        for (word, marks) in marks.iter_mut().enumerate() {
            while *marks != 0 {
                let position = 64 * word + marks.trailing_zeros() as usize;
                *marks &= *marks - 1;
                let mut at = places[position].0;
                while at != u32::MAX {
                    show(found[at as usize]);
                    at = again[at as usize];
                }
            }
        }
    }
}
