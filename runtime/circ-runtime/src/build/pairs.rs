//! Which pairs a projection connects: rows of target positions, one row per source.
//!
//! In: the two views and the `connect` form. Out: for any range of sources, their rows in canonical order
//! (target positions ascending, repeats adjacent). What is drawn depends only on the key of the
//! projection and on the source (or the target, or the pair): never on threads or on who asks.
//!
//! Probability (Batagelj and Brandes 2005): the gaps between targets are geometric, so a row costs as
//! much as it has synapses. Degrees (Floyd, in Bentley 1987): exactly one draw per synapse.

use std::ops::Range;

use circ_numerics::math;
use circ_numerics::random::{Counter, Stream, uniform53};
use circ_plan::ir::Program;
use circ_plan::plan::{Connect, ProjectionPlan, Quantity};

use super::error::{BuildError, overflow, overflown};
use super::mirror::{Direction, candidates, within};
use super::selves::{Selves, skip};
use super::synapses::{Context, PairRows};
use super::total::Total;
use crate::rows::{ROW, result_of};

/// Rows of target positions.
#[derive(Clone, Debug, Default)]
pub struct RowSet {
    /// Position of the first row's source.
    pub first: u32,
    /// `rows + 1` limits in `targets`.
    pub starts: Vec<usize>,
    pub targets: Vec<u32>,
    /// For a connection table with columns: the row of the table, beside `targets`.
    pub table_rows: Vec<u32>,
}

impl RowSet {
    /// No rows yet.
    pub fn new(first: u32) -> RowSet {
        RowSet { first, starts: vec![0], targets: vec![], table_rows: vec![] }
    }

    /// How many rows.
    pub fn rows(&self) -> usize {
        self.starts.len() - 1
    }

    /// No rows yet, from this source on.
    pub fn clear(&mut self, first: u32) {
        self.first = first;
        self.starts.truncate(1);
        self.targets.clear();
        self.table_rows.clear();
    }

    /// Ends a row.
    pub fn seal(&mut self) {
        self.starts.push(self.targets.len());
    }
}

/// Makes the rows of a projection.
#[derive(Debug)]
pub struct Pairs {
    direction: Direction,
    form: Form,
    /// Target positions to leave out, by source position.
    selves: Selves,
    targets: u32,
}

/// How rows are made.
#[derive(Debug)]
enum Form {
    /// A probability between 0 and 1.
    Geometric(Gaps),
    Nothing,
    Everything,
    OneToOne,
    OutDegree(u32),
    /// A probability, or a condition, for every pair.
    Pairwise(Condition),
    Total(Total),
    /// Sorted: (source, target, row of the table).
    Listed(Vec<(u32, u32, u32)>),
}

#[derive(Clone, Copy, Debug)]
enum Condition {
    Holds,
    Probability,
}

impl Pairs {
    /// The rows of a projection in its own direction.
    pub fn rows(context: &Context, threads: usize) -> Result<Pairs, BuildError> {
        let (from, to) = context.views();
        let targets = to.len() as u32;
        let selves = if context.plan.allow_self { Selves::none() } else { Selves::new(from, to) };
        let form = match (context.direction, &context.plan.connect) {
            (Direction::There, _) => return Pairs::new(context, threads),
            (_, Connect::AllToAll) => Form::Everything,
            (_, Connect::OneToOne) => Form::OneToOne,
            (Direction::Back, _) => Form::Listed(turned(drawn(context, threads)?)),
        };
        Ok(Pairs { direction: context.direction, form, selves, targets })
    }

    /// The rows that are drawn, for every form but `in_degree`, whose rows come from [`in_degree`].
    pub fn new(context: &Context, threads: usize) -> Result<Pairs, BuildError> {
        let plan = context.plan;
        let targets = plan.paired_targets() as u32;
        let selves = if plan.allow_self { Selves::none() } else { Selves::new(&plan.source, &plan.paired()) };
        let form = match &plan.connect {
            Connect::Probability(Quantity::Constant(p)) => geometric(*p, context.index)?,
            Connect::Probability(Quantity::Program(_)) => Form::Pairwise(Condition::Probability),
            Connect::Where(_) => Form::Pairwise(Condition::Holds),
            Connect::AllToAll => Form::Everything,
            Connect::OneToOne => Form::OneToOne,
            Connect::OutDegree(degree) => Form::OutDegree(*degree),
            Connect::Total(total) => Form::Total(Total::new(context, *total, &selves, threads)),
            Connect::Pairs(list) => Form::Listed(listed(context, list, &selves)?),
            Connect::InDegree(_) => panic!("the rows of `in_degree` are made by target"),
        };
        Ok(Pairs { direction: Direction::There, form, selves, targets })
    }

    /// Bytes held of forms whose rows are made one by one.
    pub fn bytes(&self) -> u64 {
        let gaps = match &self.form {
            Form::Geometric(gaps) => 8 * gaps.cumulative.capacity() + 2 * gaps.guide.capacity(),
            _ => 0,
        };
        4 * self.selves.pairs() + gaps as u64
    }

    /// The targets that a source can have.
    fn range(&self, plan: &ProjectionPlan, source: u32) -> Range<u32> {
        candidates(plan, self.direction, source, self.targets)
    }

    /// What is used again from row to row; `context` is the one that this was made with.
    pub fn scratch<'a>(&self, context: &'a Context<'a>) -> Scratch<'a> {
        let program = match &context.plan.connect {
            Connect::Probability(Quantity::Program(program)) | Connect::Where(program) => Some(&**program),
            _ => None,
        };
        let marked = matches!(self.form, Form::OutDegree(_)) && !context.plan.allow_multiple;
        Scratch {
            context,
            pairwise: program.map(|program| (program, PairRows::new(context, program))),
            marks: Marks::new(if marked { self.targets } else { 0 }),
        }
    }

    /// Appends the rows of these sources.
    pub fn make(
        &self,
        sources: Range<u32>,
        scratch: &mut Scratch,
        rows: &mut RowSet,
        wrong: &mut Option<BuildError>,
    ) {
        for source in sources {
            match (&self.form, &mut scratch.pairwise) {
                (Form::Pairwise(condition), Some((program, values))) => {
                    self.pairwise_row(source, (program, *condition), scratch.context, values, rows, wrong);
                }
                _ => self.row(source, scratch, rows),
            }
            rows.seal();
        }
    }

    fn row(&self, source: u32, scratch: &mut Scratch, rows: &mut RowSet) {
        let Scratch { context, marks, .. } = scratch;
        let range = self.range(context.plan, source);
        let selves = within(self.selves.of(source), &range);
        let mut stream = Stream::new(context.key(), entity(source));
        match &self.form {
            Form::Nothing | Form::Pairwise(_) => {}
            Form::Geometric(gaps) => {
                geometric_row(&mut stream, gaps, range.start, self.targets, selves, &mut rows.targets);
            }
            Form::Everything => match selves {
                [] => rows.targets.extend(range),
                _ => {
                    let admissible = range.start..range.end - selves.len() as u32;
                    rows.targets.extend(admissible.map(|k| skip(selves, k)));
                }
            },
            Form::OneToOne => rows.targets.extend((!selves.contains(&source)).then_some(source)),
            Form::OutDegree(degree) => {
                let admissible = self.targets - selves.len() as u32;
                let first = rows.targets.len();
                if context.plan.allow_multiple {
                    rows.targets.extend((0..*degree).map(|_| stream.below(u64::from(admissible)) as u32));
                } else {
                    sample(&mut stream, admissible, *degree, &mut |k| rows.targets.push(k), marks);
                }
                for target in &mut rows.targets[first..] {
                    *target = skip(selves, *target);
                }
                rows.targets[first..].sort_unstable();
            }
            Form::Total(total) => rows.targets.extend(total.row(source)),
            Form::Listed(list) => {
                let first = list.partition_point(|pair| pair.0 < source);
                for pair in list[first..].iter().take_while(|pair| pair.0 == source) {
                    rows.targets.push(pair.1);
                    rows.table_rows.push(pair.2);
                }
            }
        }
    }

    fn pairwise_row(
        &self,
        source: u32,
        (program, condition): (&Program, Condition),
        context: &Context,
        pairwise: &mut PairRows,
        rows: &mut RowSet,
        wrong: &mut Option<BuildError>,
    ) {
        let result = result_of(program);
        let selves = self.selves.of(source);
        let key = context.key();
        for first in (self.range(context.plan, source).start..self.targets).step_by(ROW) {
            let n = (ROW as u32).min(self.targets - first) as usize;
            let values = pairwise.run_row(program, source, first, n);
            let pair = |k: usize| (source, first + k as u32);
            if wrong.is_none()
                && let Some(found) = overflow(program, values, n, pair, |pair| !selves.contains(&pair.1))
            {
                *wrong = Some(overflown(context.index, found));
            }
            for k in 0..n {
                let target = first + k as u32;
                let connected = match condition {
                    Condition::Holds => values.bools(result)[k],
                    Condition::Probability => {
                        let p = values.floats(result)[k];
                        if !(0.0..=1.0).contains(&p) && wrong.is_none() && !selves.contains(&target) {
                            let pair = Some((source, target));
                            *wrong =
                                Some(BuildError::Probability { projection: context.index, pair, value: p });
                        }
                        uniform53(key, Counter { partner: target, ..entity(source) }) < p
                    }
                };
                if connected && !selves.contains(&target) {
                    rows.targets.push(target);
                }
            }
        }
    }
}

/// What making rows uses again from one to the next.
pub struct Scratch<'a> {
    context: &'a Context<'a>,
    pairwise: Option<(&'a Program, PairRows<'a>)>,
    marks: Marks,
}

fn geometric_row(
    stream: &mut Stream,
    gaps: &Gaps,
    first: u32,
    targets: u32,
    selves: &[u32],
    out: &mut Vec<u32>,
) {
    let end = targets - selves.len() as u32;
    let mut next = first;
    while let Some(gap) = gaps.draw(stream, end - next) {
        next += gap;
        out.push(if selves.is_empty() { next } else { skip(selves, next) });
        next += 1;
    }
}

fn geometric(p: f64, projection: u32) -> Result<Form, BuildError> {
    if !(0.0..=1.0).contains(&p) {
        return Err(BuildError::Probability { projection, pair: None, value: p });
    }
    // Near 0, log(1 - p) loses digits: three terms of its series are exact there.
    let log_gap = if p < 1e-5 { -p * (1.0 + p * (0.5 + p / 3.0)) } else { math::log(1.0 - p) };
    Ok(match p {
        0.0 => Form::Nothing,
        1.0 => Form::Everything,
        // Gaps too long for any row.
        _ if log_gap > -1e-300 => Form::Nothing,
        _ => Form::Geometric(Gaps::new(p, log_gap)),
    })
}

/// Numbers of targets passed over before the next: geometric, `P(gap >= k) = (1 - p)^k`.
#[derive(Debug)]
struct Gaps {
    /// `1 / log(1 - p)`
    inverse: f64,
    /// `P(gap <= k)` for the short gaps of probabilities that are not small; else empty.
    cumulative: Vec<f64>,
    /// For each of `GUIDES` parts of `[0, 1)`: how many entries are not above its beginning.
    guide: Vec<u16>,
}

/// Below this probability the logarithm of a gap costs less than the way through a table.
const SMALL: f64 = 0.005;
/// Gaps in the table, and parts of `[0, 1)` that it is entered by.
const TABLED: usize = 512;
const GUIDES: usize = 2048;

impl Gaps {
    fn new(p: f64, log_gap: f64) -> Gaps {
        let inverse = 1.0 / log_gap;
        if p < SMALL {
            return Gaps { inverse, cumulative: vec![], guide: vec![] };
        }
        let mut longer = 1.0;
        let cumulative: Vec<f64> = (0..TABLED)
            .map(|_| {
                longer *= 1.0 - p;
                1.0 - longer
            })
            .collect();
        let below = |k: usize| cumulative.partition_point(|x| *x <= k as f64 / GUIDES as f64) as u16;
        let guide = (0..GUIDES).map(below).collect();
        Gaps { inverse, cumulative, guide }
    }

    /// A gap below `room`, or none.
    #[inline]
    fn draw(&self, stream: &mut Stream, room: u32) -> Option<u32> {
        if self.cumulative.is_empty() {
            // 1 - u lies in (0, 1]: its logarithm is finite and not positive.
            let gap = math::log(1.0 - stream.next_f64()) * self.inverse;
            return (gap < f64::from(room)).then_some(gap as u32);
        }
        let mut passed = 0;
        loop {
            let u = stream.next_f64();
            let mut gap = usize::from(self.guide[(u * GUIDES as f64) as i32 as usize % GUIDES]);
            while self.cumulative.get(gap).is_some_and(|x| *x <= u) {
                gap += 1;
            }
            if room - passed <= gap as u32 {
                return None;
            }
            if gap < TABLED {
                return Some(passed + gap as u32);
            }
            // What is beyond the table begins again: gaps have no memory.
            passed += TABLED as u32;
        }
    }
}

/// Where the construction of a row draws: everything else is 0.
fn entity(position: u32) -> Counter {
    Counter { entity: position, partner: 0, tick: 0, salt: 0 }
}

/// A set of small numbers that is emptied in no time.
pub struct Marks {
    stamps: Vec<u32>,
    stamp: u32,
}

impl Marks {
    /// For numbers below `n`.
    pub fn new(n: u32) -> Marks {
        Marks { stamps: vec![0; n as usize], stamp: 0 }
    }

    fn clear(&mut self) {
        self.stamp = self.stamp.wrapping_add(1);
        if self.stamp == 0 {
            self.stamps.fill(0);
            self.stamp = 1;
        }
    }

    /// Adds a number; whether it was not there.
    fn add(&mut self, k: u32) -> bool {
        let fresh = self.stamps[k as usize] != self.stamp;
        self.stamps[k as usize] = self.stamp;
        fresh
    }
}

/// `count <= n` different numbers below `n`, every set as likely as any other: for `j` from `n - count`
/// to `n - 1` draw from `0 ..= j` and take `j` itself where the drawn number was taken before
/// (Floyd). They come in the order of drawing.
pub fn sample(stream: &mut Stream, n: u32, count: u32, take: &mut impl FnMut(u32), marks: &mut Marks) {
    marks.clear();
    for j in n - count..n {
        let drawn = stream.below(u64::from(j) + 1) as u32;
        let k = if marks.add(drawn) { drawn } else { j };
        marks.add(k);
        take(k);
    }
}

/// The sources of some targets, `count` for each, as (source, target), targets as given: for `in_degree`.
pub fn in_degree(
    context: &Context,
    count: u32,
    targets: &[u32],
    selves: &Selves,
    mut take: impl FnMut(u32, u32),
) {
    let sources = context.plan.source.len() as u32;
    let mut marks = Marks::new(sources);
    for &target in targets {
        let selves = selves.of(target);
        let admissible = sources - selves.len() as u32;
        let mut stream = Stream::new(context.key(), entity(target));
        let mut take = |k| take(skip(selves, k), target);
        if context.plan.allow_multiple {
            (0..count).for_each(|_| take(stream.below(u64::from(admissible)) as u32));
        } else {
            sample(&mut stream, admissible, count, &mut take, &mut marks);
        }
    }
}

/// The pairs in the other direction, in canonical order.
fn turned(mut pairs: Vec<(u32, u32, u32)>) -> Vec<(u32, u32, u32)> {
    pairs.iter_mut().for_each(|pair| std::mem::swap(&mut pair.0, &mut pair.1));
    pairs.sort_unstable();
    pairs
}

/// All pairs that are drawn, in canonical order: (source, target, row of the table).
fn drawn(context: &Context, threads: usize) -> Result<Vec<(u32, u32, u32)>, BuildError> {
    let plan = context.plan;
    let mut list = vec![];
    if let Connect::InDegree(degree) = plan.connect {
        let targets: Vec<u32> = (0..plan.target.len() as u32).collect();
        let selves = if plan.allow_self { Selves::none() } else { Selves::new(&plan.target, &plan.source) };
        in_degree(context, degree, &targets, &selves, |source, target| list.push((source, target, 0)));
        list.sort_unstable();
        return Ok(list);
    }
    let pairs = Pairs::new(context, threads)?;
    if let Form::Listed(list) = pairs.form {
        return Ok(list);
    }
    let (mut rows, mut wrong, mut scratch) = (RowSet::new(0), None, pairs.scratch(context));
    for source in 0..plan.source.len() as u32 {
        rows.starts.truncate(1);
        rows.targets.clear();
        pairs.make(source..source + 1, &mut scratch, &mut rows, &mut wrong);
        list.extend(rows.targets.iter().map(|&target| (source, target, 0)));
    }
    wrong.map_or(Ok(list), Err)
}

/// The rows of a connection table, sorted; equal pairs keep the table's order.
fn listed(
    context: &Context,
    list: &[(u32, u32)],
    selves: &Selves,
) -> Result<Vec<(u32, u32, u32)>, BuildError> {
    let (plan, projection) = (context.plan, context.index);
    let (sources, targets) = (plan.source.len(), plan.paired_targets());
    for (row, &(pre, post)) in list.iter().enumerate() {
        let row = row as u64;
        if sources <= pre as usize || targets <= post as usize {
            return Err(BuildError::Row { projection, row, pre, post });
        }
        if selves.of(pre).contains(&post) {
            return Err(BuildError::SelfPair { projection, row, pre, post });
        }
    }
    let mut pairs: Vec<(u32, u32, u32)> =
        list.iter().enumerate().map(|(row, &(pre, post))| (pre, post, row as u32)).collect();
    pairs.sort_unstable();
    let repeated = pairs.windows(2).find(|w| (w[0].0, w[0].1) == (w[1].0, w[1].1));
    match repeated {
        Some(w) if !plan.allow_multiple => {
            Err(BuildError::Repeated { projection, row: u64::from(w[1].2), pre: w[1].0, post: w[1].1 })
        }
        _ => Ok(pairs),
    }
}
