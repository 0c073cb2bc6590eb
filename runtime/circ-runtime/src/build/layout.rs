//! How synapses lie in memory: rows by source, for the targets of one thread.
//!
//! In: rows of target positions with their weights and delays. Out: a [`Part`]: targets as 16-bit
//! distances in the thread's arena where they fit, weights only where they differ, and where delays
//! differ the synapses of each row sorted by delay (stably: the canonical order of sums stays).

use std::ops::Range;

use circ_plan::ir::Precision;
use circ_plan::plan::{ProjectionPlan, Quantity};

use super::pairs::RowSet;
use super::runs::Runs;
use super::selves::Selves;
use super::synapses::{Context, Valuer};
use crate::pages;
use crate::shards::Spot;

/// The synapses of a projection onto the cells of one thread and precision.
#[derive(Clone, Debug)]
pub struct Part {
    pub precision: Precision,
    /// Where in the arena distances are counted from.
    pub base: u32,
    /// Elements of the arena from `base` on that targets may name.
    pub span: u32,
    /// By source position: where its synapses begin; one more at the end.
    pub starts: Vec<u64>,
    pub targets: Targets,
    pub weights: Weights,
    pub delays: Delays,
}

/// Distances from the base.
#[derive(Clone, Debug)]
pub enum Targets {
    Near(Vec<u16>),
    Far(Vec<u32>),
    /// All from 0 to the end of the span, less those that are the source itself: a matrix.
    Every(Selves),
}

#[derive(Clone, Debug)]
pub enum Weights {
    One(f64),
    Each(Vec<f32>),
    /// `store w as f64`
    Double(Vec<f64>),
}

impl Weights {
    /// As a projection says, with room for so many.
    pub fn new(plan: &ProjectionPlan, synapses: usize) -> Weights {
        match (&plan.weight, plan.store) {
            (Quantity::Constant(weight), _) => Weights::One(*weight),
            (Quantity::Program(_), Precision::F32) => Weights::Each(pages::with_capacity(synapses)),
            (Quantity::Program(_), Precision::F64) => Weights::Double(pages::with_capacity(synapses)),
        }
    }

    /// Appends weights that are as precise as these are held.
    pub fn extend(&mut self, weights: impl Iterator<Item = f64>) {
        match self {
            Weights::One(_) => {}
            Weights::Each(each) => each.extend(weights.map(|weight| weight as f32)),
            Weights::Double(each) => each.extend(weights),
        }
    }

    /// One of them.
    pub fn get(&self, synapse: usize) -> f64 {
        match self {
            Weights::One(weight) => *weight,
            Weights::Each(each) => f64::from(each[synapse]),
            Weights::Double(each) => each[synapse],
        }
    }

    /// Changes one of them, if each has its own.
    pub fn set(&mut self, synapse: usize, weight: f64) {
        match self {
            Weights::One(_) => {}
            Weights::Each(each) => each[synapse] = weight as f32,
            Weights::Double(each) => each[synapse] = weight,
        }
    }

    fn scale(&mut self, synapse: usize, factor: f64) {
        match self {
            Weights::One(_) => panic!("lowering gives a weight to each synapse that is scaled"),
            Weights::Each(each) => each[synapse] = (f64::from(each[synapse]) * factor) as f32,
            Weights::Double(each) => each[synapse] *= factor,
        }
    }

    fn clear(&mut self) {
        match self {
            Weights::One(_) => {}
            Weights::Each(each) => each.clear(),
            Weights::Double(each) => each.clear(),
        }
    }

    fn trim(&mut self) {
        match self {
            Weights::One(_) => {}
            Weights::Each(each) => trim(each),
            Weights::Double(each) => trim(each),
        }
    }

    pub fn bytes(&self) -> usize {
        match self {
            Weights::One(_) => 0,
            Weights::Each(each) => 4 * each.capacity(),
            Weights::Double(each) => 8 * each.capacity(),
        }
    }
}

#[derive(Clone, Debug)]
pub enum Delays {
    One(u32),
    /// Beside the targets; every row is sorted by them.
    Each(Ticks),
    /// The same where a row has many synapses of each delay.
    Runs(Runs),
}

/// Delays in ticks, as narrow as the longest allows.
#[derive(Clone, Debug)]
pub enum Ticks {
    Byte(Vec<u8>),
    Half(Vec<u16>),
    Word(Vec<u32>),
}

impl Ticks {
    pub fn with_capacity(synapses: usize) -> Ticks {
        Ticks::Byte(pages::with_capacity(synapses))
    }

    /// One of them.
    pub fn get(&self, synapse: usize) -> u32 {
        match self {
            Ticks::Byte(each) => u32::from(each[synapse]),
            Ticks::Half(each) => u32::from(each[synapse]),
            Ticks::Word(each) => each[synapse],
        }
    }

    /// Appends delays that are at most `longest`.
    pub fn extend(&mut self, delays: impl Iterator<Item = u32>, longest: u32) {
        self.widen(longest);
        match self {
            Ticks::Byte(each) => each.extend(delays.map(|delay| delay as u8)),
            Ticks::Half(each) => each.extend(delays.map(|delay| delay as u16)),
            Ticks::Word(each) => each.extend(delays),
        }
    }

    /// Makes room for a delay in every element.
    fn widen(&mut self, longest: u32) {
        match self {
            Ticks::Byte(each) if u32::from(u8::MAX) < longest => {
                let mut wide = pages::with_capacity(each.capacity());
                wide.extend(each.iter().map(|&delay| u16::from(delay)));
                *self = Ticks::Half(wide);
                self.widen(longest);
            }
            Ticks::Half(each) if u32::from(u16::MAX) < longest => {
                let mut wide = pages::with_capacity(each.capacity());
                wide.extend(each.iter().map(|&delay| u32::from(delay)));
                *self = Ticks::Word(wide);
            }
            _ => {}
        }
    }

    fn clear(&mut self) {
        match self {
            Ticks::Byte(each) => each.clear(),
            Ticks::Half(each) => each.clear(),
            Ticks::Word(each) => each.clear(),
        }
    }

    fn trim(&mut self) {
        match self {
            Ticks::Byte(each) => trim(each),
            Ticks::Half(each) => trim(each),
            Ticks::Word(each) => trim(each),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Ticks::Byte(each) => each.capacity(),
            Ticks::Half(each) => 2 * each.capacity(),
            Ticks::Word(each) => 4 * each.capacity(),
        }
    }
}

impl Part {
    /// The distances of the targets of a source.
    pub fn distances(&self, source: usize) -> impl Iterator<Item = u32> {
        let range = self.starts[source] as usize..self.starts[source + 1] as usize;
        let (near, far, every): (&[u16], &[u32], _) = match &self.targets {
            Targets::Near(near) => (&near[range], &[], 0..0),
            Targets::Far(far) => (&[], &far[range], 0..0),
            Targets::Every(_) => (&[], &[], 0..self.span),
        };
        let own: &[u32] = match &self.targets {
            Targets::Every(selves) => selves.of(source as u32),
            Targets::Near(_) | Targets::Far(_) => &[],
        };
        let every = every.filter(|distance| !own.contains(distance));
        near.iter().map(|&distance| u32::from(distance)).chain(far.iter().copied()).chain(every)
    }

    /// Stretches of one delay in the row of a source, as (delay, begin, end); begin and end count from where the row begins.
    pub fn each_run(&self, source: usize, mut f: impl FnMut(u32, usize, usize)) {
        match &self.delays {
            Delays::One(delay) => f(*delay, 0, (self.starts[source + 1] - self.starts[source]) as usize),
            Delays::Each(ticks) => {
                let (first, end) = (self.starts[source] as usize, self.starts[source + 1] as usize);
                let mut begin = first;
                while begin < end {
                    let delay = ticks.get(begin);
                    let beyond = (begin..end).find(|k| ticks.get(*k) != delay).unwrap_or(end);
                    f(delay, begin - first, beyond - first);
                    begin = beyond;
                }
            }
            Delays::Runs(runs) => runs.each(source, 0..u32::MAX, f),
        }
    }

    /// The delay of a synapse, which is one of the row of a source.
    pub fn delay(&self, source: usize, synapse: usize) -> u32 {
        match &self.delays {
            Delays::One(delay) => *delay,
            Delays::Each(ticks) => ticks.get(synapse),
            Delays::Runs(runs) => runs.get(source, synapse - self.starts[source] as usize),
        }
    }

    /// Holds delays as runs where that is worthwhile.
    pub fn find_runs(&mut self) {
        if let Delays::Each(ticks) = &self.delays
            && let Some(runs) = Runs::of(&self.starts, ticks)
        {
            self.delays = Delays::Runs(runs);
        }
    }

    /// Without spare room where that is much.
    pub fn trimmed(mut self) -> Part {
        match &mut self.targets {
            Targets::Near(t) => trim(t),
            Targets::Far(t) => trim(t),
            Targets::Every(_) => {}
        }
        self.weights.trim();
        if let Delays::Each(ticks) = &mut self.delays {
            ticks.trim();
        }
        self
    }

    /// Without rows, but with the room that they had.
    pub fn clear(&mut self) {
        self.starts.truncate(1);
        match &mut self.targets {
            Targets::Near(t) => t.clear(),
            Targets::Far(t) => t.clear(),
            Targets::Every(_) => {}
        }
        self.weights.clear();
        if let Delays::Each(ticks) = &mut self.delays {
            ticks.clear();
        }
    }

    /// Synapses.
    pub fn synapses(&self) -> u64 {
        self.starts.last().copied().unwrap_or(0)
    }

    /// Calls `f` with the synapses of a source onto a window of distances, as [`Part::within`] has them.
    pub fn each_within(&self, source: usize, window: &Range<u32>, mut f: impl FnMut(usize, u32)) {
        let range = self.starts[source] as usize..self.starts[source + 1] as usize;
        let span = window.end - window.start;
        let mut look = |synapse: usize, distance: u32| {
            let far = distance.wrapping_sub(window.start);
            if far < span {
                f(synapse, far);
            }
        };
        // One loop for each form: all of a large network passes here.
        match &self.targets {
            Targets::Near(near) => {
                range.clone().zip(&near[range]).for_each(|(synapse, &far)| look(synapse, u32::from(far)));
            }
            Targets::Far(far) => {
                range.clone().zip(&far[range]).for_each(|(synapse, &far)| look(synapse, far));
            }
            Targets::Every(_) => {
                range.zip(self.distances(source)).for_each(|(synapse, far)| look(synapse, far));
            }
        }
    }

    /// The synapses of a source onto a window of distances: the place of each, and how far its target is from the window's begin.
    pub fn within(&self, source: usize, window: &Range<u32>) -> impl Iterator<Item = (usize, u32)> {
        let synapses = (self.starts[source] as usize..).zip(self.distances(source));
        let Range { start, end } = *window;
        synapses.filter(move |(_, far)| start <= *far && *far < end).map(move |(at, far)| (at, far - start))
    }

    /// Multiplies the weights of the synapses of sources that count onto a window by what their targets have.
    pub fn scale(&mut self, window: &Range<u32>, sources: &[bool], factors: &[f64]) {
        for (row, _) in sources.iter().enumerate().filter(|(_, counts)| **counts) {
            let synapses: Vec<(usize, u32)> = self.within(row, window).collect();
            for (at, distance) in synapses {
                self.weights.scale(at, factors[distance as usize]);
            }
        }
    }

    /// Bytes held.
    pub fn bytes(&self) -> u64 {
        let targets = match &self.targets {
            Targets::Near(t) => 2 * t.capacity(),
            Targets::Far(t) => 4 * t.capacity(),
            Targets::Every(selves) => 4 * selves.pairs() as usize,
        };
        let delays = match &self.delays {
            Delays::One(_) => 0,
            Delays::Each(ticks) => ticks.bytes(),
            Delays::Runs(runs) => runs.bytes(),
        };
        (8 * self.starts.capacity() + targets + self.weights.bytes() + delays) as u64
    }
}

/// The targets of a projection divided by thread and precision.
#[derive(Clone, Debug, Default)]
pub struct Lanes {
    pub lanes: Vec<Lane>,
    /// The lane of every target position; empty where there is one lane only.
    pub lane_of: Vec<u32>,
    /// The distance of every target position from the base of its lane.
    pub distance: Vec<u32>,
}

/// Targets of one thread and precision.
#[derive(Clone, Copy, Debug)]
pub struct Lane {
    pub thread: u32,
    pub precision: Precision,
    pub base: u32,
    pub span: u32,
    /// Target positions in this lane.
    pub positions: u32,
}

impl Lanes {
    pub fn new(spots: &[Spot]) -> Lanes {
        let mut lanes: Vec<Lane> = vec![];
        let mut lane_of = Vec::with_capacity(spots.len());
        for spot in spots {
            let same = |l: &Lane| l.thread == spot.thread && l.precision == spot.precision;
            let at = lanes.iter().position(same).unwrap_or_else(|| {
                let Spot { thread, precision, index } = *spot;
                lanes.push(Lane { thread, precision, base: index, span: 0, positions: 0 });
                lanes.len() - 1
            });
            let lane = &mut lanes[at];
            // `span` holds the end until all bases are known.
            (lane.base, lane.span) = (lane.base.min(spot.index), lane.span.max(spot.index + 1));
            lane.positions += 1;
            lane_of.push(at as u32);
        }
        let distance =
            spots.iter().zip(&lane_of).map(|(s, &lane)| s.index - lanes[lane as usize].base).collect();
        for lane in &mut lanes {
            lane.span -= lane.base;
        }
        if lanes.len() == 1 {
            lane_of = vec![];
        }
        Lanes { lanes, lane_of, distance }
    }

    /// A single lane of all positions as they are numbered.
    pub fn flat(positions: u32) -> Lanes {
        let lane = Lane { thread: 0, precision: Precision::F64, base: 0, span: positions, positions };
        Lanes { lanes: vec![lane], lane_of: vec![], distance: vec![] }
    }

    /// The target positions in a lane, ascending.
    pub fn positions(&self, lane: usize, all: u32) -> Vec<u32> {
        match self.lane_of.is_empty() {
            true => (0..all).collect(),
            false => (0..all).filter(|&k| self.lane_of[k as usize] == lane as u32).collect(),
        }
    }

    /// The distance of a target position, if it is in this lane.
    pub fn place(&self, lane: usize, position: u32) -> Option<u32> {
        let of = self.lane_of.get(position as usize);
        of.is_none_or(|of| *of == lane as u32).then(|| self.distance[position as usize])
    }

    /// By lane: which part of its thread it is.
    pub fn places(&self) -> Vec<usize> {
        let before = |lane: usize| {
            self.lanes[..lane].iter().filter(|other| other.thread == self.lanes[lane].thread).count()
        };
        (0..self.lanes.len()).map(before).collect()
    }

    /// Keeps of `from` what is in a lane.
    pub fn filter(&self, lane: usize, from: &RowSet, into: &mut RowSet) {
        into.first = from.first;
        into.starts.clear();
        into.starts.push(0);
        into.targets.clear();
        into.table_rows.clear();
        for row in 0..from.rows() {
            for k in from.starts[row]..from.starts[row + 1] {
                if self.lane_of[from.targets[k] as usize] == lane as u32 {
                    into.targets.push(from.targets[k]);
                    into.table_rows.extend(from.table_rows.get(k));
                }
            }
            into.seal();
        }
    }
}

/// What takes the finished rows of a lane, in order.
pub trait Sink: Send {
    /// What `values` holds lies beside `rows.targets`, or is empty.
    fn take(&mut self, rows: &RowSet, values: &Valuer);
    /// Bytes held so far.
    fn bytes(&self) -> u64;
}

/// Sorts the synapses of rows by delay, stably.
#[derive(Default)]
pub struct Sorter {
    /// (delay, index in the row).
    order: Vec<u64>,
    counts: Vec<u32>,
}

impl Sorter {
    /// The places of a row in order of delay, each with its delay; and the longest.
    pub fn sort(&mut self, delays: &[u32]) -> (impl Iterator<Item = (usize, u32)> + Clone, u32) {
        let (shortest, longest) = delays.iter().fold((u32::MAX, 0), |a, &d| (a.0.min(d), a.1.max(d)));
        self.order.clear();
        if !delays.is_empty() && (longest - shortest) as usize <= 4 * delays.len() {
            self.counts.clear();
            self.counts.resize((longest - shortest) as usize + 2, 0);
            for &delay in delays {
                self.counts[(delay - shortest) as usize + 1] += 1;
            }
            for k in 1..self.counts.len() {
                self.counts[k] += self.counts[k - 1];
            }
            self.order.resize(delays.len(), 0);
            for (k, &delay) in delays.iter().enumerate() {
                let at = &mut self.counts[(delay - shortest) as usize];
                self.order[*at as usize] = u64::from(delay) << 32 | k as u64;
                *at += 1;
            }
        } else {
            self.order.extend(delays.iter().enumerate().map(|(k, &d)| u64::from(d) << 32 | k as u64));
            self.order.sort_unstable();
        }
        (self.order.iter().map(|entry| ((*entry as u32) as usize, (entry >> 32) as u32)), longest)
    }
}

/// Builds a [`Part`].
pub struct Builder<'a> {
    distance: &'a [u32],
    pub part: Part,
    sorter: Sorter,
}

impl<'a> Builder<'a> {
    /// With room for `rows` rows and about `synapses` synapses.
    pub fn new(
        context: &Context,
        lane: &Lane,
        distance: &'a [u32],
        rows: usize,
        synapses: usize,
        matrix: Option<Selves>,
    ) -> Builder<'a> {
        let mut starts = Vec::with_capacity(rows + 1);
        starts.push(0);
        let targets = match matrix {
            Some(selves) => Targets::Every(selves),
            None if lane.span <= 1 << 16 => Targets::Near(pages::with_capacity(synapses)),
            None => Targets::Far(pages::with_capacity(synapses)),
        };
        let weights = Weights::new(context.plan, synapses);
        let delays = match context.plan.delay {
            // A delay that does not hold was refused before.
            Quantity::Constant(delay) => Delays::One(context.delay_ticks(delay).unwrap_or(1)),
            Quantity::Program(_) => Delays::Each(Ticks::with_capacity(synapses)),
        };
        let Lane { precision, base, span, .. } = *lane;
        let part = Part { precision, base, span, starts, targets, weights, delays };
        Builder { distance, part, sorter: Sorter::default() }
    }

    /// The part, without spare room where that is much.
    pub fn finish(self) -> Part {
        self.part.trimmed()
    }
}

fn trim<T>(list: &mut Vec<T>) {
    // A large list has a mapping of its own, which gets shorter where it is.
    if list.len() + list.len() / 8 < list.capacity() || pages::is_large(list) {
        list.shrink_to_fit();
    }
}

impl Sink for Builder<'_> {
    fn take(&mut self, rows: &RowSet, values: &Valuer) {
        let (weights, delays) = (&values.weights[..], &values.delays[..]);
        let distance = self.distance;
        if delays.is_empty() {
            let targets = rows.targets.iter().map(|&t| distance[t as usize]);
            match &mut self.part.targets {
                Targets::Near(out) => out.extend(targets.map(|t| t as u16)),
                Targets::Far(out) => out.extend(targets),
                Targets::Every(_) => {}
            }
            self.part.weights.extend(weights.iter().copied());
        }
        let mut end = self.part.synapses();
        for row in 0..rows.rows() {
            let (first, last) = (rows.starts[row], rows.starts[row + 1]);
            end += (last - first) as u64;
            self.part.starts.push(end);
            if let Delays::Each(ticks) = &mut self.part.delays {
                let (order, longest) = self.sorter.sort(delays.get(first..last).unwrap_or(&[]));
                ticks.extend(order.clone().map(|(_, delay)| delay), longest);
                let from = order.map(|(place, _)| first + place);
                let targets = from.clone().map(|k| distance[rows.targets[k] as usize]);
                match &mut self.part.targets {
                    Targets::Near(out) => out.extend(targets.map(|t| t as u16)),
                    Targets::Far(out) => out.extend(targets),
                    Targets::Every(_) => panic!("the delays of a matrix are one"),
                }
                self.part.weights.extend(from.map_while(|k| weights.get(k).copied()));
            }
        }
    }

    fn bytes(&self) -> u64 {
        self.part.bytes()
    }
}
