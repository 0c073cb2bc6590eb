//! Builds the synapses of a plan.
//!
//! In: a plan, a number of threads, and the bytes that may be used. Out: a [`Network`], or the first
//! thing that does not hold. The synapses are the same for every number of threads; only their
//! division is not.

pub mod bundle;
mod error;
pub mod estimate;
mod flight;
mod generate;
pub mod held;
pub mod layout;
mod mirror;
mod onto;
pub mod pairs;
pub mod procedural;
pub mod runs;
pub mod selves;
mod shared;
pub mod synapses;
mod total;
mod ways;

use std::ops::Range;
use std::sync::Arc;

use circ_plan::engine::{Memory, Synapses, Values};
use circ_plan::plan::{Column, Connect, Pairing, Plan, ProjectionPlan, Quantity, RowStorage, Sender};

pub(crate) use error::note;
pub use error::{BadValue, BuildError, Way};
pub use pairs::{Marks, sample};
pub use synapses::{MAX_DELAY, delay_ticks, holds};

use crate::cells::{Scene, Shard, initial_slots, value_of};
use crate::drive::DriveValues;
use crate::learning::table::{self, Table};
use crate::network::{Broadcast, Kind, Network, SourceMap, Wiring};
use crate::pages;
use crate::parallel::for_each;
use crate::shards::Shards;
use bundle::Bundle;
use estimate::{estimate, expected, is_broadcast, is_matrix, looked_at};
use generate::generate;
use layout::{Builder, Lanes, Part, Sink, Weights};
use mirror::{admissible, drawn_as};
use pairs::RowSet;
use procedural::{Count, Procedural};
use selves::Selves;
use synapses::{Context, Valuer, columns};

/// All populations as they are at the start: what weights and conditions may read.
pub struct Cells {
    slots: Vec<Vec<u64>>,
    shards: Vec<Shard>,
}

impl Cells {
    pub fn new(plan: &Plan) -> Cells {
        let slots: Vec<Vec<u64>> =
            plan.populations.iter().map(|p| initial_slots(p, &plan.tables, plan.dt)).collect();
        let instantiate = |(population, slots): (_, &Vec<u64>)| {
            let population: &circ_plan::plan::PopulationPlan = population;
            let mut shard = Shard::new(population, 0, population.cells);
            let keys = &population.keys[..];
            shard.initialise(Scene { population, tables: &plan.tables, slots, keys, now: 0, dt: plan.dt });
            shard
        };
        let shards = plan.populations.iter().zip(&slots).map(instantiate).collect();
        Cells { slots, shards }
    }

    /// A projection with what its programs read.
    pub fn context<'a>(&self, plan: &'a Plan, projection: u32) -> Context<'a> {
        let value = |column: Column, cell: u32| match column {
            Column::Array(p, array) => {
                self.shards[p as usize].get(&plan.populations[p as usize], array, cell as usize)
            }
            Column::Uniform(p, slot) => {
                let population = &plan.populations[p as usize];
                let ty = population.uniforms[slot.0 as usize].ty;
                value_of(ty, population.precision, self.slots[p as usize][slot.0 as usize])
            }
            Column::Constant(value) => value,
        };
        let (this, _) = drawn_as(plan, projection);
        let pre = columns(&this.pre_columns, &this.source, &value);
        let post = columns(&this.post_columns, &this.target, &value);
        Cells::scene(plan, projection, Arc::new(pre), Arc::new(post))
    }

    /// A projection with these values of its columns.
    fn scene(plan: &Plan, projection: u32, pre: Arc<Vec<Vec<f64>>>, post: Arc<Vec<Vec<f64>>>) -> Context<'_> {
        let (this, direction) = drawn_as(plan, projection);
        let (tables, dt) = (&plan.tables[..], plan.dt);
        Context { plan: this, index: projection, tables, dt, direction, pre, post, groups: None }
    }
}

/// Builds all synapses for `threads` threads, in at most `limit` bytes.
pub fn build(plan: Arc<Plan>, threads: usize, limit: u64) -> Result<Network, BuildError> {
    let threads = threads.max(1);
    let (made_again, needed) = made_again(&plan, threads, limit);
    if limit < needed.total() {
        return Err(BuildError::TooLarge { need: needed.total(), have: limit, parts: needed });
    }
    let drives = plan.drives.iter().enumerate();
    let drives = drives.map(|(k, d)| DriveValues::new(&plan, d).and_then(|v| v.check(k as u32, d, plan.dt)));
    let drives = drives.collect::<Result<Vec<_>, _>>()?;
    let shards = Shards::new(&plan, threads);
    let cells = Cells::new(&plan);
    let (mut wirings, mut tables) = (vec![], vec![]);
    for projection in 0..plan.projections.len() as u32 {
        let again = made_again[projection as usize];
        let (wiring, of) = wiring(&plan, projection, &cells, &shards, again, limit)?;
        wirings.push(wiring);
        tables.extend(of.map(|of| (projection, of)));
    }
    let mut bundles = bundle::bundle(&plan, &shards, &mut wirings);
    find_runs(threads, &mut wirings, &mut bundles);
    let network = Network::new(plan, shards, wirings, bundles, drives, tables);
    let memory = network.memory();
    if limit < memory.total() {
        return Err(BuildError::TooLarge { need: memory.total(), have: limit, parts: memory });
    }
    Ok(network)
}

/// Holds delays as runs where that is worthwhile.
fn find_runs(threads: usize, wirings: &mut [Wiring], bundles: &mut [Bundle]) {
    let rows = wirings.iter_mut().filter_map(|wiring| match &mut wiring.kind {
        Kind::Rows(parts) => Some(parts.iter_mut().flatten()),
        Kind::Bundled(_) | Kind::Broadcast(_) | Kind::Procedural(_) | Kind::Learning => None,
    });
    let bundled = bundles.iter_mut().flat_map(|bundle| &mut bundle.parts);
    let mut parts: Vec<&mut Part> = rows.flatten().chain(bundled).collect();
    for_each(threads, &mut parts, |_, part| part.find_runs());
}

/// Pairs of a projection up to which it may go without saying that its rows are not held: to look at all of them once takes
/// some minutes at most. More are rarely meant.
const MOST_PAIRS: u64 = 1 << 31;

/// By projection, whether its rows are made again for each spike; and the bytes that are needed. Where the
/// plan leaves it open rows are held, unless there is no room for all: then those that take the most are not.
fn made_again(plan: &Plan, threads: usize, limit: u64) -> (Vec<bool>, Memory) {
    let stated: Vec<bool> = plan.projections.iter().map(|p| p.rows == RowStorage::Procedural).collect();
    let whole = estimate(plan, &stated, threads);
    let (mut again, mut needed) = (stated.clone(), whole.clone());
    while limit < needed.total() {
        let open = |(k, projection): (usize, &ProjectionPlan)| {
            let drawn = projection.rows == RowStorage::Auto && procedural::possible(projection);
            let may = drawn && !is_broadcast(plan, k as u32) && looked_at(projection) <= MOST_PAIRS;
            // Parts stand in order: populations, projections, and what else there is.
            (may && !again[k]).then(|| (needed.parts[plan.populations.len() + k].1, k))
        };
        let mut largest: Vec<(u64, usize)> = plan.projections.iter().enumerate().filter_map(open).collect();
        if largest.is_empty() {
            return (stated, whole);
        }
        largest.sort_by_key(|&(bytes, k)| (std::cmp::Reverse(bytes), k));
        let (mut saved, excess) = (0, needed.total() - limit);
        for (bytes, k) in largest {
            if excess <= saved {
                break;
            }
            again[k] = true;
            saved += bytes;
        }
        needed = estimate(plan, &again, threads);
    }
    (again, needed)
}

/// The memory that a network needs on so many threads, before anything is allocated, if there is room for all.
pub fn needed(plan: &Plan, threads: usize) -> Memory {
    made_again(plan, threads, u64::MAX).1
}

/// One part, for a report.
fn part(name: &str, bytes: u64) -> Memory {
    Memory { parts: vec![(name.to_owned(), bytes)] }
}

fn wiring(
    plan: &Plan,
    projection: u32,
    cells: &Cells,
    shards: &Shards,
    again: bool,
    limit: u64,
) -> Result<(Wiring, Option<Vec<Table>>), BuildError> {
    let this = &plan.projections[projection as usize];
    check(plan, projection)?;
    if this.learning.is_some() {
        let (wiring, tables) = learning(plan, projection, cells, shards, limit)?;
        return Ok((wiring, Some(tables)));
    }
    let spots = shards.targets(this);
    let sources = SourceMap::new(plan, this);
    if is_broadcast(plan, projection) {
        let broadcast = Broadcast::new(plan, this, &spots);
        let all = this.source.len() as u64 * this.target.len() as u64;
        let synapses = all - broadcast.selves.pairs();
        let delay = broadcast.delay;
        let delays = (0 < synapses).then_some((delay, delay));
        let kind = Kind::Broadcast(broadcast);
        return Ok((Wiring { sources, kind, synapses, delays, scaled: false }, None));
    }
    let mut context = cells.context(plan, projection);
    context.groups = shared::find(&cells.context(plan, first(plan, projection)), shards.threads)?;
    let lanes = Lanes::new(&spots);
    if again {
        let mut counts: Vec<Count> = lanes.lanes.iter().map(|_| Count::default()).collect();
        let report = generate(&context, &lanes, shards.threads, limit, &mut counts)?;
        let synapses = counts.iter().map(|count| count.synapses).sum();
        let delays = report.delays.or(constant_delay(plan, this)).filter(|_| 0 < synapses);
        let kind = Kind::Procedural(Procedural::new(&context, lanes)?);
        return Ok((Wiring { sources, kind, synapses, delays, scaled: false }, None));
    }
    let synapses = expected(plan, projection, Some(cells));
    let rows = this.source.len();
    let selves = if this.allow_self { Selves::none() } else { Selves::new(&this.source, &this.target) };
    let mut builders: Vec<Builder> = lanes
        .lanes
        .iter()
        .enumerate()
        .map(|(k, lane)| {
            let matrix = is_matrix(plan, projection).then(|| selves.map(|position| lanes.place(k, position)));
            let share = synapses as f64 * f64::from(lane.positions) / spots.len().max(1) as f64;
            let room = pages::room(share, synapses as usize);
            Builder::new(&context, lane, &lanes.distance, rows, room, matrix)
        })
        .collect();
    let report = generate(&context, &lanes, shards.threads, limit, &mut builders)?;
    let mut parts: Vec<Vec<Part>> = vec![vec![]; shards.threads];
    for (lane, builder) in lanes.lanes.iter().zip(builders) {
        parts[lane.thread as usize].push(builder.finish());
    }
    let synapses = parts.iter().flatten().map(Part::synapses).sum();
    let delays = report.delays.or(constant_delay(plan, this)).filter(|_| 0 < synapses);
    Ok((Wiring { sources, kind: Kind::Rows(parts), synapses, delays, scaled: false }, None))
}

/// The first of two directions.
fn first(plan: &Plan, projection: u32) -> u32 {
    match plan.projections[projection as usize].pairing {
        Pairing::Mirror(other) => other,
        Pairing::Ordered | Pairing::Unordered => projection,
    }
}

fn constant_delay(plan: &Plan, projection: &ProjectionPlan) -> Option<(u32, u32)> {
    match projection.delay {
        Quantity::Constant(delay) => delay_ticks(projection, delay, plan.dt).map(|d| (d, d)),
        Quantity::Program(_) => None,
    }
}

/// A projection that learns.
fn learning(
    plan: &Plan,
    projection: u32,
    cells: &Cells,
    shards: &Shards,
    limit: u64,
) -> Result<(Wiring, Vec<Table>), BuildError> {
    let this = &plan.projections[projection as usize];
    let spots = shards.targets(this);
    let mut context = cells.context(plan, projection);
    context.groups = shared::find(&cells.context(plan, first(plan, projection)), shards.threads)?;
    let lanes = table::lanes(&spots);
    let constant = constant_delay(plan, this);
    let delay = constant.map_or(0, |(delay, _)| delay);
    let builder = |lane| table::Builder::new(this, delay, plan.dt, &lanes, lane, &spots);
    let mut builders: Vec<table::Builder> = (0..lanes.lanes.len()).map(builder).collect();
    let report = generate(&context, &lanes, shards.threads, limit, &mut builders)?;
    let mut tables: Vec<Table> = vec![Table::empty(this.source.len()); shards.threads];
    for (lane, builder) in lanes.lanes.iter().zip(builders) {
        tables[lane.thread as usize] = builder.finish();
    }
    let synapses = tables.iter().map(|table| table.len() as u64).sum();
    let delays = report.delays.or(constant).filter(|_| 0 < synapses);
    let sources = SourceMap::new(plan, this);
    Ok((Wiring { sources, kind: Kind::Learning, synapses, delays, scaled: false }, tables))
}

/// What must hold before any synapse is made.
fn check(plan: &Plan, projection: u32) -> Result<(), BuildError> {
    let this = &plan.projections[projection as usize];
    let sender = Sender::Projection(projection);
    let one = |value| BadValue { pre: 0, post: 0, value, count: 0 };
    if let Quantity::Constant(weight) = this.weight
        && !holds(this.sign, weight)
    {
        return Err(BuildError::Weight { sender, sign: this.sign, first: one(weight) });
    }
    if let Quantity::Constant(delay) = this.delay
        && delay_ticks(this, delay, plan.dt).is_none()
    {
        return Err(BuildError::Delay { sender, first: one(delay) });
    }
    ways::check(this, projection, plan.dt)?;
    let (paired, sources, targets) = (this.paired(), this.source.len() as u64, this.paired_targets() as u64);
    if matches!(this.pairing, Pairing::Mirror(_)) {
        return Ok(());
    }
    let fewest = |from, to, all: u64, n: u64| {
        let selves = if this.allow_self { Selves::none() } else { Selves::new(from, to) };
        let most = (0..n as u32).map(|k| selves.of(k).len()).max().unwrap_or(0) as u64;
        all - most
    };
    let (need, have) = match this.connect {
        Connect::InDegree(degree) => (u64::from(degree), fewest(&paired, &this.source, sources, targets)),
        Connect::OutDegree(degree) => (u64::from(degree), fewest(&this.source, &paired, targets, sources)),
        Connect::Total(total) => {
            let selves = if this.allow_self { Selves::none() } else { Selves::new(&this.source, &paired) };
            (total, admissible(this, &selves))
        }
        Connect::OneToOne if sources != targets => {
            return Err(BuildError::Sizes { projection, sources, targets });
        }
        _ => return Ok(()),
    };
    let enough = need <= have || (this.allow_multiple && 0 < have);
    if enough { Ok(()) } else { Err(BuildError::TooMany { projection, need, have }) }
}

/// Shows the synapses of a projection in canonical order, some rows at a time. They are made again, which is as
/// fast as putting together what the threads hold; only the pieces are held.
pub fn visit_synapses(
    plan: &Plan,
    projection: u32,
    threads: usize,
    present: Option<&Present>,
    visit: &mut (dyn FnMut(&Synapses) + Send),
) {
    let this: &ProjectionPlan = &plan.projections[projection as usize];
    let constant_delay = match this.delay {
        Quantity::Constant(delay) => delay_ticks(this, delay, plan.dt),
        Quantity::Program(_) => None,
    };
    let piece = Synapses {
        weight: match this.weight {
            Quantity::Constant(weight) => Values::One(weight),
            Quantity::Program(_) => Values::Each(vec![]),
        },
        delay: match constant_delay {
            Some(ticks) => Values::One(f64::from(ticks)),
            None => Values::Each(vec![]),
        },
        broadcast: is_broadcast(plan, projection),
        ..Synapses::default()
    };
    let mut visitor = Visitor { dt: plan.dt, rows: this.learning.is_some(), piece, present, visit };
    make_again(plan, projection, threads, &mut visitor);
}

/// Makes the synapses of a projection again, in canonical order.
fn make_again<S: Sink>(plan: &Plan, projection: u32, threads: usize, sink: &mut S) {
    let cells = Cells::new(plan);
    let mut context = cells.context(plan, projection);
    let found = shared::find(&cells.context(plan, first(plan, projection)), threads);
    let lanes = Lanes::flat(plan.projections[projection as usize].target.len() as u32);
    // The network was built from the same plan: what does not hold was refused there.
    context.groups = found.unwrap_or_else(|_| panic!("groups that were found can be found again"));
    let made = generate(&context, &lanes, threads, u64::MAX, std::slice::from_mut(sink));
    assert!(made.is_ok(), "a projection that was built can be built again");
}

/// Gives the synapses of a projection these weights, in canonical order; without any, those that they were made with.
pub fn put_weights(
    plan: &Plan,
    projection: u32,
    threads: usize,
    lanes: Lanes,
    parts: Vec<Vec<(&mut Part, Range<u32>)>>,
    weights: Option<&[f64]>,
) {
    make_again(plan, projection, threads, &mut Putter { lanes, parts, weights, next: 0 });
}

/// Puts weights in the place of those that there are.
struct Putter<'p> {
    lanes: Lanes,
    /// By thread, with the window of the projection.
    parts: Vec<Vec<(&'p mut Part, Range<u32>)>>,
    weights: Option<&'p [f64]>,
    /// The number of the next synapse.
    next: usize,
}

impl Sink for Putter<'_> {
    fn take(&mut self, rows: &RowSet, values: &Valuer) {
        let Putter { lanes, parts, weights, next } = self;
        for (lane, at) in lanes.places().into_iter().enumerate() {
            let (part, window) = &mut parts[lanes.lanes[lane].thread as usize][at];
            for row in 0..rows.rows() {
                let places: Vec<usize> =
                    part.within(rows.first as usize + row, window).map(|(place, _)| place).collect();
                for (place, k) in places.into_iter().zip(in_part(lanes, lane, rows, &values.delays, row)) {
                    let weight = weights.map_or_else(|| values.weights[k], |weights| weights[*next + k]);
                    part.weights.set(place, weight);
                }
            }
        }
        *next += rows.targets.len();
    }

    fn bytes(&self) -> u64 {
        0
    }
}

/// The synapses of a row that are in a lane, in the order in which its part has them.
fn in_part(lanes: &Lanes, lane: usize, rows: &RowSet, delays: &[u32], row: usize) -> Vec<usize> {
    let own = |k: &usize| lanes.lane_of.get(rows.targets[*k] as usize).is_none_or(|of| *of == lane as u32);
    let mut order: Vec<usize> = (rows.starts[row]..rows.starts[row + 1]).filter(own).collect();
    // A part's rows are sorted by delay, stably.
    if !delays.is_empty() {
        order.sort_by_key(|k| delays[*k]);
    }
    order
}

/// The weights of a projection as they are now, where they are not as they were made.
pub struct Present<'p> {
    pub lanes: Lanes,
    /// By thread, with the window of the projection.
    pub parts: Vec<Vec<(&'p Part, Range<u32>)>>,
}

impl Present<'_> {
    /// Puts the weights of these rows in the place of those that were made.
    fn replace(&self, rows: &RowSet, delays: &[u32], made: &mut [f64]) {
        for (lane, at) in self.lanes.places().into_iter().enumerate() {
            let (part, window) = &self.parts[self.lanes.lanes[lane].thread as usize][at];
            if let Weights::One(_) = part.weights {
                continue;
            }
            for row in 0..rows.rows() {
                let order = in_part(&self.lanes, lane, rows, delays, row);
                let places = part.within(rows.first as usize + row, window);
                for ((place, _), k) in places.zip(order) {
                    made[k] = part.weights.get(place);
                }
            }
        }
    }
}

/// Shows synapses as they come.
struct Visitor<'v> {
    dt: f64,
    /// Whether rows of the connection table are asked for.
    rows: bool,
    piece: Synapses,
    present: Option<&'v Present<'v>>,
    visit: &'v mut (dyn FnMut(&Synapses) + Send),
}

impl Sink for Visitor<'_> {
    fn take(&mut self, rows: &RowSet, values: &Valuer) {
        let (weights, delays) = (&values.weights[..], &values.delays[..]);
        let piece = &mut self.piece;
        [piece.dendritic, piece.back] = values.ways.values(self.dt);
        piece.source.clear();
        for row in 0..rows.rows() {
            let end = piece.source.len() + rows.starts[row + 1] - rows.starts[row];
            piece.source.resize(end, rows.first + row as u32);
        }
        piece.target.clone_from(&rows.targets);
        if self.rows {
            piece.rows.clone_from(&rows.table_rows);
            piece.group.clone_from(&values.groups);
        }
        if let Values::Each(each) = &mut piece.weight {
            each.clear();
            each.extend_from_slice(weights);
            if let Some(present) = self.present {
                present.replace(rows, delays, each);
            }
        }
        if let Values::Each(each) = &mut piece.delay {
            each.clear();
            each.extend(delays.iter().map(|&d| f64::from(d)));
        }
        (self.visit)(piece);
    }

    fn bytes(&self) -> u64 {
        0
    }
}
