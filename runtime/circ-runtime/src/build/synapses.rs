//! What synapses carry: weights and delays, evaluated in rows.
//!
//! In: rows of target positions. Out: beside every target an `f32` weight and a delay in ticks, where
//! they are not one number for all; and a report of what does not hold.
//!
//! A draw of a synapse is at (pre, post, tick 0, salt), positions in the views; the k-th of equal
//! pairs draws at salt + 64 k, beyond the 12 bits of a salt at the next ticks: no two draws meet.

use std::sync::Arc;

use circ_numerics::random::Counter;
use circ_plan::ir::{ArrayId, KeyId, Precision, Program, Side, TableId};
use circ_plan::plan::{Column, ProjectionPlan, Quantity, Sender, Sign, Table, View};

use super::error::{BadValue, BuildError, Overflow, note, overflow, overflown, sooner};
use super::mirror::Direction;
use super::pairs::RowSet;
use super::shared::{Groups, Key, KeyOf};
use super::ways::{WayReport, Ways};
use crate::rows::{Leaves, ROW, Rows, result_of};

/// The longest delay in ticks.
pub const MAX_DELAY: u32 = 1 << 24;

/// A projection with everything that its programs read.
pub struct Context<'a> {
    pub plan: &'a ProjectionPlan,
    /// Index in the plan.
    pub index: u32,
    pub tables: &'a [Table],
    pub dt: f64,
    /// Which way the synapses go between the pairs of `plan`.
    pub direction: Direction,
    /// By column, by position in the source view of `plan`.
    pub pre: Arc<Vec<Vec<f64>>>,
    pub post: Arc<Vec<Vec<f64>>>,
    /// Of shared weights, once they were found.
    pub groups: Option<Groups>,
}

impl Context<'_> {
    /// Where the synapses come from, and where they go.
    pub fn views(&self) -> (&View, &View) {
        match self.direction {
            Direction::There => (&self.plan.source, &self.plan.target),
            Direction::Back => (&self.plan.target, &self.plan.source),
        }
    }

    /// See [`delay_ticks`].
    pub fn delay_ticks(&self, delay_ms: f64) -> Option<u32> {
        delay_ticks(self.plan, delay_ms, self.dt)
    }

    /// The key of the connectivity itself.
    pub fn key(&self) -> [u32; 2] {
        self.plan.keys.first().copied().unwrap_or_default()
    }
}

/// The values of columns over a view; `value` says what a cell has.
pub fn columns(columns: &[Vec<Column>], view: &View, value: &impl Fn(Column, u32) -> f64) -> Vec<Vec<f64>> {
    let over = |column: &Vec<Column>| {
        let segments = view.segments.iter().zip(column);
        segments.flat_map(|(s, &c)| (0..s.cells.len()).map(move |k| value(c, s.cells.get(k)))).collect()
    };
    columns.iter().map(over).collect()
}

/// Pairs of a projection, as a program sees them.
pub(super) struct PairLeaves<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) pre: &'a [u32],
    pub(super) post: &'a [u32],
    /// Which of equal pairs; empty where there are none.
    pub(super) occurrence: &'a [u32],
    pub(super) table_rows: &'a [u32],
}

impl PairLeaves<'_> {
    /// Notes the first of `n` pairs at which a whole number of a program left 64 bits.
    pub(super) fn look(&self, program: &Program, rows: &Rows<f64>, n: usize, found: &mut Option<Overflow>) {
        let new = overflow(program, rows, n, |k| (self.pre[k], self.post[k]), |_| true);
        *found = sooner(*found, new);
    }

    fn value(&self, side: Side, array: ArrayId, row: usize) -> f64 {
        match side {
            Side::Pre | Side::Own => self.context.pre[array.0 as usize][self.pre[row] as usize],
            Side::Post => self.context.post[array.0 as usize][self.post[row] as usize],
        }
    }
}

impl Leaves<f64> for PairLeaves<'_> {
    fn floats(&self, side: Side, array: ArrayId, out: &mut [f64]) {
        for (row, out) in out.iter_mut().enumerate() {
            *out = self.value(side, array, row);
        }
    }
    fn ints(&self, side: Side, array: ArrayId, out: &mut [i64]) {
        for (row, out) in out.iter_mut().enumerate() {
            *out = self.value(side, array, row) as i64;
        }
    }
    fn bools(&self, side: Side, array: ArrayId, out: &mut [bool]) {
        for (row, out) in out.iter_mut().enumerate() {
            *out = self.value(side, array, row) != 0.0;
        }
    }
    fn indices(&self, side: Side, out: &mut [i64]) {
        let positions = if side == Side::Post { self.post } else { self.pre };
        for (out, &position) in out.iter_mut().zip(positions) {
            *out = i64::from(position);
        }
    }
    fn edges(&self, column: u32, out: &mut [f64]) {
        let column = &self.context.plan.edges[column as usize];
        for (out, &row) in out.iter_mut().zip(self.table_rows) {
            *out = column.get(row as usize).copied().unwrap_or(f64::NAN);
        }
    }
    fn table(&self, table: TableId) -> &Table {
        &self.context.tables[table.0 as usize]
    }
    fn key(&self, key: KeyId) -> [u32; 2] {
        self.context.plan.keys[key.0 as usize]
    }
    fn counter(&self, row: usize, salt: u32) -> Counter {
        let occurrence = self.occurrence.get(row).copied().unwrap_or(0);
        let salt = salt + 64 * (occurrence % 64);
        Counter {
            entity: self.pre[row],
            partner: self.post[row],
            tick: occurrence / 64 + (salt >> 12),
            salt: salt & 0xfff,
        }
    }
}

/// A program over pairs.
pub struct PairRows<'a> {
    context: &'a Context<'a>,
    rows: Rows<f64>,
    pre: Vec<u32>,
    post: Vec<u32>,
}

impl<'a> PairRows<'a> {
    /// For this program, which all calls must name again.
    pub fn new(context: &'a Context<'a>, program: &Program) -> PairRows<'a> {
        PairRows { context, rows: Rows::new(program), pre: vec![], post: vec![] }
    }

    /// One source and `n` targets from `first` on.
    pub fn run_row(&mut self, program: &Program, source: u32, first: u32, n: usize) -> &Rows<f64> {
        self.pre.clear();
        self.pre.resize(n, source);
        self.post.clear();
        self.post.extend(first..first + n as u32);
        let leaves = PairLeaves {
            context: self.context,
            pre: &self.pre,
            post: &self.post,
            occurrence: &[],
            table_rows: &[],
        };
        self.rows.run(program, n, &leaves);
        &self.rows
    }
}

/// What was found about the values of a projection.
#[derive(Clone, Copy, Debug, Default)]
pub struct Report {
    pub weight: Option<BadValue>,
    pub delay: Option<BadValue>,
    pub key: Option<BadValue>,
    pub overflow: Option<Overflow>,
    /// Shortest and longest delay in ticks, where there are synapses.
    pub delays: Option<(u32, u32)>,
    pub ways: WayReport,
}

impl Report {
    /// What two threads found.
    pub fn merge(self, other: Report) -> Report {
        let worst = |a: Option<BadValue>, b: Option<BadValue>| match (a, b) {
            (Some(a), Some(b)) => Some(a.merge(b)),
            (a, b) => a.or(b),
        };
        let delays = match (self.delays, other.delays) {
            (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
            (a, b) => a.or(b),
        };
        Report {
            weight: worst(self.weight, other.weight),
            delay: worst(self.delay, other.delay),
            key: worst(self.key, other.key),
            overflow: sooner(self.overflow, other.overflow),
            delays,
            ways: self.ways.merge(other.ways),
        }
    }

    /// The first thing that does not hold.
    pub fn check(&self, projection: u32, sign: Sign) -> Result<(), BuildError> {
        if let Some(found) = self.overflow {
            return Err(overflown(projection, found));
        }
        let sender = Sender::Projection(projection);
        match (self.weight, self.delay, self.key) {
            (Some(first), ..) => Err(BuildError::Weight { sender, sign, first }),
            (None, Some(first), _) => Err(BuildError::Delay { sender, first }),
            (None, None, Some(first)) => Err(BuildError::Key { projection, first }),
            (None, None, None) => self.ways.check(sender),
        }
    }
}

/// Whether a weight may be.
pub fn holds(sign: Sign, weight: f64) -> bool {
    // What is held as `f32` would become infinite beyond its range.
    weight.abs() <= f64::from(f32::MAX)
        && match sign {
            Sign::Free => true,
            Sign::NotNegative => 0.0 <= weight,
            Sign::NotPositive => weight <= 0.0,
        }
}

/// A delay of a projection in whole ticks: rounded to the nearest; at least one, of what flows at least none.
pub fn delay_ticks(plan: &ProjectionPlan, delay_ms: f64, dt: f64) -> Option<u32> {
    let ticks = (delay_ms / dt).round();
    let shortest = if plan.flow.is_some() { 0.0 } else { 1.0 };
    (shortest..=f64::from(MAX_DELAY)).contains(&ticks).then_some(ticks as u32)
}

/// Sources and occurrences of the synapses of some rows.
#[derive(Default)]
pub(super) struct Sides {
    pre: Vec<u32>,
    occurrence: Vec<u32>,
}

impl Sides {
    /// Equal pairs are adjacent; `multiple`: there may be some.
    pub(super) fn of(&mut self, rows: &RowSet, multiple: bool) {
        self.pre.clear();
        self.occurrence.clear();
        for row in 0..rows.rows() {
            let targets = &rows.targets[rows.starts[row]..rows.starts[row + 1]];
            self.pre.resize(self.pre.len() + targets.len(), rows.first + row as u32);
            if multiple {
                let mut last = (u32::MAX, 0);
                for &target in targets {
                    last = if last.0 == target { (target, last.1 + 1) } else { (target, 0) };
                    self.occurrence.push(last.1);
                }
            }
        }
    }

    /// What a program sees of some of them: their ends as the pairs were drawn.
    pub(super) fn leaves<'a>(
        &'a self,
        context: &'a Context<'a>,
        rows: &'a RowSet,
        range: std::ops::Range<usize>,
    ) -> PairLeaves<'a> {
        let (from, to) = (&self.pre[range.clone()], &rows.targets[range.clone()]);
        let (pre, post) = match context.direction {
            Direction::There => (from, to),
            Direction::Back => (to, from),
        };
        PairLeaves {
            context,
            pre,
            post,
            occurrence: self.occurrence.get(range.clone()).unwrap_or(&[]),
            table_rows: rows.table_rows.get(range).unwrap_or(&[]),
        }
    }
}

/// The elements of a list named in `order`, from `first` on; nothing of an empty list.
fn put_in_order<T: Clone>(list: &mut [T], first: usize, order: &[usize]) {
    if !list.is_empty() {
        let ordered: Vec<T> = order.iter().map(|k| list[*k].clone()).collect();
        list[first..first + order.len()].clone_from_slice(&ordered);
    }
}

/// Evaluates weights and delays of rows.
pub struct Valuer<'a> {
    context: &'a Context<'a>,
    weight: Option<(&'a Program, Rows<f64>)>,
    delay: Option<(&'a Program, Rows<f64>)>,
    share: Option<KeyOf<'a>>,
    sides: Sides,
    /// Beside the targets of the last rows, as precise as they are held; empty where it is one number.
    pub weights: Vec<f64>,
    pub delays: Vec<u32>,
    /// Of shared weights: what synapses of a group have in common, and once groups were found, the group.
    pub keys: Vec<Key>,
    pub groups: Vec<u32>,
    pub ways: Ways<'a>,
    pub report: Report,
}

impl<'a> Valuer<'a> {
    pub fn new(context: &'a Context<'a>) -> Valuer<'a> {
        let rows = |quantity: &'a Quantity| match quantity {
            Quantity::Constant(_) => None,
            Quantity::Program(program) => Some((&**program, Rows::new(program))),
        };
        Valuer {
            context,
            weight: rows(&context.plan.weight),
            delay: rows(&context.plan.delay),
            share: KeyOf::new(context.plan),
            sides: Sides::default(),
            weights: vec![],
            delays: vec![],
            keys: vec![],
            groups: vec![],
            ways: Ways::new(context.plan),
            report: Report::default(),
        }
    }

    /// Weights and delays of these rows, of which only `rows.starts` to its end are meant.
    pub fn evaluate(&mut self, rows: &RowSet) {
        self.weights.clear();
        self.delays.clear();
        self.keys.clear();
        self.groups.clear();
        self.ways.clear();
        let ways = self.ways.vary(self.delay.is_some());
        if self.weight.is_none() && self.delay.is_none() && self.share.is_none() && !ways {
            return;
        }
        self.sides.of(rows, self.context.plan.allow_multiple);
        let n = rows.targets.len();
        for first in (0..n).step_by(ROW) {
            self.block(rows, first, (first + ROW).min(n));
        }
        if self.context.plan.allow_multiple && self.context.plan.learning.is_none() {
            self.order_equal_pairs(rows);
        }
    }

    /// Puts synapses of the same pair in order of their delays. What arrives together keeps its order, so no sum changes; and rows that
    /// are sorted by delay still tell which of them comes first.
    fn order_equal_pairs(&mut self, rows: &RowSet) {
        if self.delays.is_empty() {
            return;
        }
        for row in rows.starts.windows(2) {
            let mut first = row[0];
            for equal in rows.targets[row[0]..row[1]].chunk_by(|a, b| a == b) {
                let range = first..first + equal.len();
                first = range.end;
                if self.delays[range.clone()].is_sorted() {
                    continue;
                }
                let mut order: Vec<usize> = range.clone().collect();
                order.sort_by_key(|k| self.delays[*k]);
                put_in_order(&mut self.delays, range.start, &order);
                put_in_order(&mut self.weights, range.start, &order);
                put_in_order(&mut self.groups, range.start, &order);
                put_in_order(&mut self.keys, range.start, &order);
            }
        }
    }

    fn block(&mut self, rows: &RowSet, first: usize, end: usize) {
        let leaves = self.sides.leaves(self.context, rows, first..end);
        if let Some((program, values)) = &mut self.weight {
            values.run(program, end - first, &leaves);
            leaves.look(program, values, end - first, &mut self.report.overflow);
            for (k, &weight) in values.floats(result_of(program))[..end - first].iter().enumerate() {
                if !holds(self.context.plan.sign, weight) {
                    note(&mut self.report.weight, leaves.pre[k], leaves.post[k], weight);
                }
                self.weights.push(match self.context.plan.store {
                    Precision::F32 => f64::from(weight as f32),
                    Precision::F64 => weight,
                });
            }
        }
        if let Some(share) = &mut self.share {
            share.of(&leaves, end - first, &mut self.keys, &mut self.report);
            if let Some(groups) = &self.context.groups {
                for (k, key) in (first..end).zip(&self.keys[first..end]) {
                    let (group, weight) = groups.of(*key);
                    self.groups.push(group);
                    // One number for all is no list.
                    self.weights.get_mut(k).into_iter().for_each(|it| *it = weight);
                }
            }
        }
        if let Some((program, values)) = &mut self.delay {
            values.run(program, end - first, &leaves);
            leaves.look(program, values, end - first, &mut self.report.overflow);
            let (mut shortest, mut longest) = self.report.delays.unwrap_or((u32::MAX, 0));
            for (k, &delay) in values.floats(result_of(program))[..end - first].iter().enumerate() {
                let ticks = self.context.delay_ticks(delay).unwrap_or_else(|| {
                    note(&mut self.report.delay, leaves.pre[k], leaves.post[k], delay);
                    1
                });
                (shortest, longest) = (shortest.min(ticks), longest.max(ticks));
                self.delays.push(ticks);
            }
            self.report.delays = Some((shortest, longest));
        }
        if self.ways.vary(self.delay.is_some()) {
            let delays = self.delays.get(first..).unwrap_or(&[]);
            self.ways.evaluate(self.context, &leaves, end - first, delays, &mut self.report.overflow);
            self.report.ways = self.ways.report;
        }
    }
}
