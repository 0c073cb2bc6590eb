//! The synapses of a learning projection onto the cells of one thread: how they lie.
//!
//! In: rows of target positions with their delays, from construction. Out: synapses by source, within a source by axonal
//! delay, then in canonical order; so what a spike reaches at one tick lies together. By target there is an index.

use std::ops::Range;

use circ_plan::engine::Values;
use circ_plan::ir::Precision;
use circ_plan::plan::ProjectionPlan;

use super::targets::Targets;
use crate::build::layout::{Lane, Lanes, Sink, Weights};
use crate::build::pairs::RowSet;
use crate::build::synapses::Valuer;
use crate::shards::Spot;

/// Rows with so many synapses, on average, are worth a part of their own.
const LONG: usize = 32;

/// A number of ticks: one for all synapses, or one for each.
#[derive(Clone, Debug)]
pub enum Ticks {
    One(u32),
    Each(Vec<u32>),
}

impl Ticks {
    /// Of a synapse.
    #[inline]
    pub fn of(&self, synapse: usize) -> u32 {
        match self {
            Ticks::One(ticks) => *ticks,
            Ticks::Each(each) => each[synapse],
        }
    }

    /// The fewest and the most, where there are synapses.
    pub fn range(&self) -> Option<(u32, u32)> {
        match self {
            Ticks::One(ticks) => Some((*ticks, *ticks)),
            Ticks::Each(each) => Some((*each.iter().min()?, *each.iter().max()?)),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Ticks::One(_) => 0,
            Ticks::Each(each) => 4 * each.capacity(),
        }
    }
}

/// Neighbours with the same number of ticks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stretch {
    pub ticks: u32,
    pub first: u32,
    pub end: u32,
}

/// The synapses of a projection onto the cells of one thread.
#[derive(Clone, Debug)]
pub struct Table {
    /// The positions of its targets in the view, ascending.
    pub positions: Vec<u32>,
    /// Where what arrives at each of them is added.
    pub spots: Vec<Spot>,
    /// The index of each of them in its population; filled in by the design.
    pub cells: Vec<u32>,
    /// The first of them, where the others follow it one by one; filled in by the design.
    pub first_cell: Option<u32>,
    /// Where in the arena of their precision they are, if all have the same.
    pub places: Vec<u32>,
    /// The first of them, where the others follow it one by one.
    pub first_place: Option<u32>,
    pub precision: Option<Precision>,
    /// By source position: where its synapses begin; one more at the end.
    pub starts: Vec<u32>,
    /// By synapse: its target, as an index of `positions`.
    pub target: Targets,
    /// Which of equal pairs it is; empty where there are none.
    pub occurrence: Vec<u32>,
    /// Its row of a connection table; empty where there is none.
    pub table_rows: Vec<u32>,
    /// Of shared weights: its group; else empty.
    pub group: Vec<u32>,
    /// Its place among the synapses of its source here in canonical order; empty where they lie in that order.
    pub rank: Vec<u32>,
    pub axonal: Ticks,
    pub dendritic: Ticks,
    pub back: Ticks,
    /// At the start; forgotten when synapses hold them.
    pub weights: Weights,
    /// Of axonal delays that differ: by source, where its stretches begin; one more at the end.
    stretch_starts: Vec<u32>,
    stretches: Vec<Stretch>,
}

impl Table {
    /// No synapses of so many sources.
    pub fn empty(sources: usize) -> Table {
        Table {
            positions: vec![],
            spots: vec![],
            starts: vec![0; sources + 1],
            cells: vec![],
            first_cell: None,
            places: vec![],
            first_place: None,
            precision: None,
            target: Targets::new(0),
            occurrence: vec![],
            table_rows: vec![],
            group: vec![],
            rank: vec![],
            axonal: Ticks::One(0),
            dendritic: Ticks::One(0),
            back: Ticks::One(0),
            weights: Weights::One(0.0),
            stretch_starts: vec![0],
            stretches: vec![],
        }
    }

    /// Other synapses of the same targets, in canonical order: each with its source and its target among the own. `delays`
    /// are the axonal and the dendritic one and the way back.
    pub fn with(&self, synapses: &[(u32, u32)], multiple: bool, delays: [Ticks; 3]) -> Table {
        let [axonal, dendritic, back] = delays;
        let mut starts = vec![0; self.starts.len()];
        synapses.iter().for_each(|(source, _)| starts[*source as usize + 1] += 1);
        for k in 1..starts.len() {
            starts[k] += starts[k - 1];
        }
        let mut occurrence: Vec<u32> = vec![];
        if multiple {
            for (k, pair) in synapses.iter().enumerate() {
                let again = 0 < k && synapses[k - 1] == *pair;
                occurrence.push(if again { occurrence[k - 1] + 1 } else { 0 });
            }
        }
        // As wide as before: machine code reads them.
        let mut target = self.target.none_of_this_width(synapses.len());
        synapses.iter().for_each(|(_, own)| target.push(*own));
        Table {
            positions: self.positions.clone(),
            spots: self.spots.clone(),
            cells: self.cells.clone(),
            first_cell: self.first_cell,
            places: self.places.clone(),
            first_place: self.first_place,
            precision: self.precision,
            starts,
            target,
            occurrence,
            axonal,
            dendritic,
            back,
            weights: Weights::One(f64::NAN),
            ..Table::empty(0)
        }
    }

    /// Takes over the rows of a connection table from how the synapses lay, where each has one.
    pub fn keep_rows(&mut self, old: &Table, places: &[Option<u32>]) {
        let row = |place: &Option<u32>| old.table_rows.get((*place)? as usize).copied();
        self.table_rows = places.iter().map(row).collect::<Option<_>>().unwrap_or_default();
    }

    /// Puts the synapses of each source, which lie in canonical order, in that of their axonal delays, where these differ.
    /// Says where each stood before.
    pub fn by_axonal(&mut self) -> Option<Vec<u32>> {
        let Ticks::Each(axonal) = &self.axonal else { return None };
        let mut order: Vec<u32> = (0..self.len() as u32).collect();
        (self.stretch_starts, self.stretches) = (vec![0], vec![]);
        for row in self.starts.windows(2) {
            let here = &mut order[row[0] as usize..row[1] as usize];
            here.sort_by_key(|&k| axonal[k as usize]);
            self.rank.extend(here.iter().map(|&k| k - row[0]));
            let mut first = row[0];
            for same in here.chunk_by(|&a, &b| axonal[a as usize] == axonal[b as usize]) {
                let end = first + same.len() as u32;
                self.stretches.push(Stretch { ticks: axonal[same[0] as usize], first, end });
                first = end;
            }
            self.stretch_starts.push(self.stretches.len() as u32);
        }
        let mut target = self.target.none_of_this_width(self.len());
        order.iter().for_each(|&k| target.push(self.target.of(k)));
        self.target = target;
        for list in [&mut self.occurrence, &mut self.table_rows, &mut self.group] {
            if !list.is_empty() {
                *list = order.iter().map(|&k| list[k as usize]).collect();
            }
        }
        for ticks in [&mut self.axonal, &mut self.dendritic, &mut self.back] {
            if let Ticks::Each(each) = ticks {
                *each = order.iter().map(|&k| each[k as usize]).collect();
            }
        }
        Some(order)
    }

    /// How many synapses.
    pub fn len(&self) -> usize {
        self.target.len()
    }

    /// The synapses of a source, by axonal delay.
    pub fn stretches(&self, source: u32, mut f: impl FnMut(Stretch)) {
        let source = source as usize;
        let (first, end) = (self.starts[source], self.starts[source + 1]);
        match &self.axonal {
            Ticks::One(_) if first == end => {}
            Ticks::One(ticks) => f(Stretch { ticks: *ticks, first, end }),
            Ticks::Each(_) => {
                let range = self.stretch_starts[source] as usize..self.stretch_starts[source + 1] as usize;
                self.stretches[range].iter().for_each(|stretch| f(*stretch));
            }
        }
    }

    /// Whether rows are long enough to be taken one by one.
    pub fn has_long_rows(&self) -> bool {
        LONG * (self.starts.len() - 1) <= self.len()
    }

    /// The synapses of a source.
    pub fn row(&self, source: u32) -> Range<u32> {
        self.starts[source as usize]..self.starts[source as usize + 1]
    }

    /// The synapses of a source in canonical order: the position of the target of each, and its number.
    pub fn canonical_row(&self, source: u32, row: &mut Vec<(u32, u32)>) {
        let synapses = self.row(source);
        let at = |synapse: u32| (self.position(synapse), synapse);
        row.clear();
        if self.rank.is_empty() {
            return row.extend(synapses.map(at));
        }
        row.resize(synapses.len(), (0, 0));
        synapses.for_each(|synapse| row[self.rank[synapse as usize] as usize] = at(synapse));
    }

    /// What orders synapses canonically.
    pub fn key(&self, synapse: u32) -> (u32, u32, u32) {
        let at = synapse as usize;
        (self.source(synapse), self.position(synapse), self.occurrence.get(at).copied().unwrap_or(0))
    }

    /// The position of the target of a synapse.
    pub fn position(&self, synapse: u32) -> u32 {
        self.positions[self.target.of(synapse) as usize]
    }

    /// The position of the source of a synapse.
    pub fn source(&self, synapse: u32) -> u32 {
        self.starts.partition_point(|&start| start <= synapse) as u32 - 1
    }

    /// Calls `f` with all synapses, in order, and their sources.
    pub fn each(&self, mut f: impl FnMut(u32, u32)) {
        for (source, range) in self.starts.windows(2).enumerate() {
            (range[0]..range[1]).for_each(|synapse| f(synapse, source as u32));
        }
    }

    /// Bytes held.
    pub fn bytes(&self) -> u64 {
        let lists = [&self.positions, &self.cells, &self.places, &self.starts, &self.occurrence];
        let more = [&self.table_rows, &self.group, &self.rank, &self.stretch_starts];
        let words: usize = lists.iter().chain(&more).map(|list| list.capacity()).sum();
        let ticks: usize = [&self.axonal, &self.dendritic, &self.back].map(Ticks::bytes).iter().sum();
        let weights = self.weights.bytes();
        let stretches = self.stretches.capacity() * size_of::<Stretch>();
        let spots = self.spots.capacity() * size_of::<Spot>();
        (4 * words + self.target.bytes() + ticks + weights + stretches + spots) as u64
    }
}

/// The first of these numbers, if the others follow it one by one.
pub fn follow(numbers: impl Iterator<Item = u32>) -> Option<u32> {
    let mut numbers = numbers;
    let first = numbers.next()?;
    numbers.zip(first + 1..).all(|(number, next)| number == next).then_some(first)
}

/// The targets of a projection divided by thread, whatever their precision: distances count own targets.
pub fn lanes(spots: &[Spot]) -> Lanes {
    let mut lanes: Vec<Lane> = vec![];
    let (mut lane_of, mut distance) = (vec![], vec![]);
    for spot in spots {
        let at = lanes.iter().position(|lane| lane.thread == spot.thread).unwrap_or_else(|| {
            let Spot { thread, precision, .. } = *spot;
            lanes.push(Lane { thread, precision, base: 0, span: 0, positions: 0 });
            lanes.len() - 1
        });
        distance.push(lanes[at].span);
        lanes[at].span += 1;
        lanes[at].positions += 1;
        lane_of.push(at as u32);
    }
    if lanes.len() <= 1 {
        lane_of.clear();
    }
    Lanes { lanes, lane_of, distance }
}

/// Builds a [`Table`].
pub struct Builder<'a> {
    distance: &'a [u32],
    dt: f64,
    multiple: bool,
    /// Whether synapses of a source lie by axonal delay: not where that changes.
    sorts: bool,
    /// The delay in all, where it is one number.
    delay: u32,
    table: Table,
    /// Of a row, for sorting.
    order: Vec<u32>,
}

impl<'a> Builder<'a> {
    /// For the targets of a lane; `spots` are those of all targets. The delay in ticks is in all, where it is
    /// one number.
    pub fn new(
        plan: &ProjectionPlan,
        delay: u32,
        dt: f64,
        lanes: &'a Lanes,
        lane: usize,
        spots: &[Spot],
    ) -> Builder<'a> {
        let target = Targets::new(spots.len());
        let positions = lanes.positions(lane, spots.len() as u32);
        let spots: Vec<Spot> = positions.iter().map(|&position| spots[position as usize]).collect();
        let precision = spots.first().map(|spot| spot.precision);
        let table = Table {
            precision: precision.filter(|&one| spots.iter().all(|spot| spot.precision == one)),
            first_place: follow(spots.iter().map(|spot| spot.index)),
            places: spots.iter().map(|spot| spot.index).collect(),
            spots,
            target,
            positions,
            weights: Weights::new(plan, 0),
            starts: vec![0],
            ..Table::empty(0)
        };
        let sorts = plan.learning.as_ref().is_some_and(|learning| learning.longest.is_none());
        let multiple = plan.allow_multiple;
        Builder { distance: &lanes.distance, dt, multiple, sorts, delay, table, order: vec![] }
    }

    /// The table, without spare room.
    pub fn finish(self) -> Table {
        let mut table = self.table;
        let Table { target, occurrence, table_rows, group, rank, stretches, .. } = &mut table;
        target.trim();
        [occurrence, table_rows, group, rank].into_iter().for_each(Vec::shrink_to_fit);
        stretches.shrink_to_fit();
        table
    }

    fn row(&mut self, rows: &RowSet, row: usize, axonal: &Values, more: [&Values; 2], values: &Valuer) {
        let (first, end) = (rows.starts[row], rows.starts[row + 1]);
        let table = &mut self.table;
        self.order.clear();
        self.order.extend(first as u32..end as u32);
        if let (true, Values::Each(axonal)) = (self.sorts, axonal) {
            self.order.sort_by_key(|&k| axonal[k as usize] as u32);
        }
        let begin = table.target.len();
        for &k in &self.order {
            table.target.push(self.distance[rows.targets[k as usize] as usize]);
            table.table_rows.extend(rows.table_rows.get(k as usize));
            table.group.extend(values.groups.get(k as usize));
        }
        if self.multiple {
            let mut occurrences = vec![0; end - first];
            for k in first + 1..end {
                if rows.targets[k] == rows.targets[k - 1] {
                    occurrences[k - first] = occurrences[k - 1 - first] + 1;
                }
            }
            table.occurrence.extend(self.order.iter().map(|&k| occurrences[k as usize - first]));
        }
        let columns = [&mut table.axonal, &mut table.dendritic, &mut table.back];
        let [dendritic, back] = more;
        for (column, values) in columns.into_iter().zip([axonal, dendritic, back]) {
            if let (Ticks::Each(column), Values::Each(values)) = (column, values) {
                column.extend(self.order.iter().map(|&k| values[k as usize] as u32));
            }
        }
        table.weights.extend(self.order.iter().map_while(|&k| values.weights.get(k as usize).copied()));
        if let (true, Ticks::Each(axonal)) = (self.sorts, &table.axonal) {
            table.rank.extend(self.order.iter().map(|&k| k - first as u32));
            let mut at = begin;
            for same in axonal[begin..].chunk_by(|a, b| a == b) {
                let next = at + same.len();
                table.stretches.push(Stretch { ticks: same[0], first: at as u32, end: next as u32 });
                at = next;
            }
        }
        table.stretch_starts.push(table.stretches.len() as u32);
        let all =
            u32::try_from(table.target.len()).expect("a thread has fewer than 2^32 synapses of a projection");
        table.starts.push(all);
    }
}

impl Sink for Builder<'_> {
    fn take(&mut self, rows: &RowSet, values: &Valuer) {
        let [dendritic, back] = values.ways.values(self.dt);
        let delay = match values.delays.is_empty() {
            true => Values::One(f64::from(self.delay)),
            false => Values::Each(values.delays.iter().map(|&d| f64::from(d)).collect()),
        };
        let axonal = less(&delay, &dendritic);
        let table = &mut self.table;
        let columns = [&mut table.axonal, &mut table.dendritic, &mut table.back];
        for (column, values) in columns.into_iter().zip([&axonal, &dendritic, &back]) {
            match (&column, values) {
                (Ticks::One(_), Values::One(ticks)) => *column = Ticks::One(*ticks as u32),
                (Ticks::One(_), Values::Each(_)) => *column = Ticks::Each(vec![]),
                (Ticks::Each(_), _) => {}
            }
        }
        for row in 0..rows.rows() {
            self.row(rows, row, &axonal, [&dendritic, &back], values);
        }
    }

    fn bytes(&self) -> u64 {
        self.table.bytes()
    }
}

/// The axonal part of delays.
fn less(delay: &Values, dendritic: &Values) -> Values {
    match (delay, dendritic) {
        (Values::One(a), Values::One(b)) => Values::One(a - b),
        (Values::Each(a), Values::One(b)) => Values::Each(a.iter().map(|a| a - b).collect()),
        (Values::One(a), Values::Each(b)) => Values::Each(b.iter().map(|b| a - b).collect()),
        (Values::Each(a), Values::Each(b)) => Values::Each(a.iter().zip(b).map(|(a, b)| a - b).collect()),
    }
}

/// Synapses by target, within a target by the way back.
#[derive(Clone, Debug, Default)]
pub struct ByTarget {
    /// By target: where its synapses begin; one more at the end.
    pub starts: Vec<u32>,
    pub synapses: Vec<u32>,
    /// The source of each of `synapses`.
    pub sources: Vec<u32>,
}

impl ByTarget {
    pub fn new(table: &Table) -> ByTarget {
        let mut starts = vec![0; table.positions.len() + 1];
        for target in table.target.iter() {
            starts[target as usize + 1] += 1;
        }
        for k in 1..starts.len() {
            starts[k] += starts[k - 1];
        }
        let mut next = starts.clone();
        let (mut synapses, mut sources) = (vec![0; table.len()], vec![0; table.len()]);
        table.each(|synapse, source| {
            let at = &mut next[table.target.of(synapse) as usize];
            synapses[*at as usize] = synapse;
            sources[*at as usize] = source;
            *at += 1;
        });
        if let Ticks::Each(back) = &table.back {
            for range in starts.windows(2) {
                synapses[range[0] as usize..range[1] as usize].sort_by_key(|&k| back[k as usize]);
            }
            let again = synapses.iter().map(|&synapse| table.source(synapse));
            sources = again.collect();
        }
        ByTarget { starts, synapses, sources }
    }

    /// The synapses of a target, as ranges of `synapses`, by the way back.
    pub fn stretches(&self, table: &Table, target: u32, mut f: impl FnMut(Stretch)) {
        let (first, end) = (self.starts[target as usize], self.starts[target as usize + 1]);
        let here = &self.synapses[first as usize..end as usize];
        let ticks = |synapse: u32| table.back.of(synapse as usize);
        let mut at = first;
        for same in here.chunk_by(|&a, &b| matches!(table.back, Ticks::One(_)) || ticks(a) == ticks(b)) {
            let next = at + same.len() as u32;
            f(Stretch { ticks: ticks(same[0]), first: at, end: next });
            at = next;
        }
    }
}
