//! The built network: all synapses, divided among threads.
//!
//! In: what `build` made. Out: for delivery, each thread's rows; for the interpreter and for digests,
//! the flat list of a projection's synapses in canonical order.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use circ_plan::engine::{Memory, Synapses, Values};
use circ_plan::ir::{EventId, Precision};
use circ_plan::plan::{Indices, Plan, ProjectionPlan, Quantity, Sender, View};

use crate::build::bundle::{Bundle, Strand};
use crate::build::held::Held;
use crate::build::layout::{Lanes, Part, Weights};
use crate::build::procedural::Procedural;
use crate::build::selves::Selves;
use crate::build::synapses::Context;
use crate::build::{BuildError, Present, build, delay_ticks, put_weights, visit_synapses};
use crate::drive::DriveValues;
use crate::learning::table::Table;
use crate::learning::{Design, Kept, design};
use crate::shards::{Shards, Spot, arena_of, array_bytes};
use crate::transit::schedule::{Block, NEAR_BYTES, Schedule};

/// Ticks between meetings where no delay bounds them: an interrupt is then seen soon enough.
const LONGEST_WINDOW: i64 = 64;

/// All synapses of a plan, divided among a number of threads.
#[derive(Debug)]
pub struct Network {
    pub(crate) plan: Arc<Plan>,
    pub(crate) shards: Shards,
    pub(crate) wirings: Vec<Wiring>,
    pub(crate) bundles: Vec<Bundle>,
    pub(crate) drives: Vec<DriveValues>,
    /// Ticks between meetings: the shortest delay.
    pub(crate) window: i64,
    /// Ticks for which arrivals are added up: a power of two, at least the longest delay of what does not wait.
    pub(crate) slots: usize,
    /// The same if nothing waits: at least the longest delay of all.
    pub(crate) all_slots: usize,
    /// Which rows wait for the block in which they arrive.
    pub(crate) schedule: Schedule,
    /// Ticks for which flows are kept: a power of two, more than the longest delay of a flow.
    pub(crate) flow_slots: usize,
    /// By stage: the projections that flow, in order of declaration.
    pub(crate) stages: Vec<Vec<u32>>,
    /// The projections that learn, in order of declaration.
    pub(crate) designs: Vec<Design>,
    /// What learning synapses see of cells.
    pub(crate) kept: Kept,
}

/// The longest delay of synapses that may come, in ticks.
fn longest_to_come(projection: &ProjectionPlan) -> Option<u32> {
    let rewire = projection.learning.as_ref()?.rewire.as_ref().filter(|rewire| rewire.grows())?;
    let [axonal, dendritic, _] = rewire.delays.ways();
    Some(axonal.range.1 + dendritic.range.1)
}

/// The projections that flow, by stage, each in order of declaration.
fn stages(plan: &Plan) -> Vec<Vec<u32>> {
    let flowing = plan.order.iter().filter_map(|sender| match sender {
        Sender::Projection(k) => plan.projections[*k as usize].flow.as_ref().map(|flow| (flow.stage, *k)),
        Sender::Drive(_) => None,
    });
    let mut stages: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    flowing.for_each(|(stage, projection)| stages.entry(stage).or_default().push(projection));
    stages.into_values().collect()
}

/// A projection, built.
#[derive(Debug)]
pub struct Wiring {
    pub sources: SourceMap,
    pub kind: Kind,
    pub synapses: u64,
    /// Shortest and longest delay in ticks, where there are synapses.
    pub delays: Option<(u32, u32)>,
    /// Whether weights were scaled since they were made.
    pub scaled: bool,
}

/// How arrivals are made from spikes.
#[derive(Debug)]
pub enum Kind {
    Broadcast(Broadcast),
    /// By thread.
    Rows(Vec<Vec<Part>>),
    /// Rows with those of other projections.
    Bundled(Strand),
    /// No rows: they are made again whenever their source spikes.
    Procedural(Procedural),
    /// See [`Network::designs`].
    Learning,
}

/// `all_to_all` with one weight and one delay: a sum over the sources, times the weight.
#[derive(Debug)]
pub struct Broadcast {
    pub weight: f64,
    pub delay: u32,
    /// Target positions that are the same cell as a source.
    pub selves: Selves,
    /// Where every target position is.
    pub spots: Vec<Spot>,
    /// By thread: stretches of the arena that all get the same.
    pub stretches: Vec<Vec<Stretch>>,
    /// Whether a cell is twice in the target view: then it gets two contributions.
    pub overlapping: bool,
}

/// Neighbouring elements of an arena.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stretch {
    pub precision: Precision,
    pub first: u32,
    pub end: u32,
}

impl Broadcast {
    pub fn new(plan: &Plan, projection: &ProjectionPlan, spots: &[Spot]) -> Broadcast {
        let constant = |quantity: &Quantity| match quantity {
            Quantity::Constant(value) => *value,
            Quantity::Program(_) => 0.0,
        };
        let threads = spots.iter().map(|s| s.thread as usize + 1).max().unwrap_or(0);
        let mut stretches: Vec<Vec<Stretch>> = vec![vec![]; threads];
        for spot in spots {
            let list = &mut stretches[spot.thread as usize];
            match list.last_mut() {
                Some(last) if last.end == spot.index && last.precision == spot.precision => last.end += 1,
                _ => list.push(Stretch { precision: spot.precision, first: spot.index, end: spot.index + 1 }),
            }
        }
        let selves = match projection.allow_self {
            true => Selves::none(),
            false => Selves::new(&projection.source, &projection.target),
        };
        let mut places: Vec<(u32, usize, u32)> =
            spots.iter().map(|s| (s.thread, arena_of(s.precision), s.index)).collect();
        places.sort_unstable();
        let overlapping = places.windows(2).any(|w| w[0] == w[1]);
        Broadcast {
            overlapping,
            weight: constant(&projection.weight),
            delay: delay_ticks(projection, constant(&projection.delay), plan.dt).unwrap_or(1),
            selves,
            spots: spots.to_vec(),
            stretches,
        }
    }

    fn bytes(&self) -> u64 {
        (self.spots.len() * size_of::<Spot>()) as u64 + 4 * self.selves.pairs()
    }
}

/// From the cells of populations to positions in a source view.
#[derive(Debug)]
pub struct SourceMap {
    pub segments: Vec<SourceSegment>,
}

/// A part of a source view.
#[derive(Debug)]
pub struct SourceSegment {
    pub population: u32,
    pub event: u32,
    /// Position of the segment's first cell in the view.
    pub offset: u32,
    pub cells: SourceCells,
}

/// Which cells, and where in the segment they are.
#[derive(Debug)]
pub enum SourceCells {
    Range(u32, u32),
    /// Ascending: (cell, place in the segment). `sorted` says whether places ascend too.
    List {
        places: Vec<(u32, u32)>,
        sorted: bool,
    },
}

impl SourceMap {
    /// Of the sources of a projection.
    pub fn new(plan: &Plan, projection: &ProjectionPlan) -> SourceMap {
        SourceMap::of(plan, &projection.source, &projection.source_events)
    }

    /// Of a view; the event for every segment.
    pub fn of(plan: &Plan, view: &View, events: &[EventId]) -> SourceMap {
        let mut offset = 0;
        let mut segments = vec![];
        for (segment, event) in view.segments.iter().zip(events) {
            let cells = match &segment.cells {
                Indices::Range(lo, hi) => SourceCells::Range(*lo, *hi),
                Indices::List(list) => {
                    let mut places: Vec<(u32, u32)> =
                        list.iter().enumerate().map(|(k, &c)| (c, k as u32)).collect();
                    places.sort_unstable();
                    let sorted = places.is_sorted_by_key(|p| p.1);
                    SourceCells::List { places, sorted }
                }
            };
            let silent = plan.populations[segment.population as usize].events.len() <= event.0 as usize;
            if !silent {
                segments.push(SourceSegment {
                    population: segment.population,
                    event: event.0,
                    offset,
                    cells,
                });
            }
            offset += segment.cells.len() as u32;
        }
        SourceMap { segments }
    }
}

impl SourceSegment {
    /// Appends the positions of these cells (ascending); returns whether they ascend.
    pub fn positions(&self, cells: &[u32], out: &mut Vec<u32>) -> bool {
        match &self.cells {
            SourceCells::Range(lo, hi) => {
                let first = cells.partition_point(|c| c < lo);
                let spiking = cells[first..].iter().take_while(|c| *c < hi);
                out.extend(spiking.map(|c| self.offset + c - lo));
                true
            }
            SourceCells::List { places, sorted } => {
                for cell in cells {
                    if let Ok(at) = places.binary_search_by_key(cell, |p| p.0) {
                        out.push(self.offset + places[at].1);
                    }
                }
                *sorted
            }
        }
    }
}

impl Network {
    /// Builds all synapses of a plan for `threads` threads, in at most `limit` bytes.
    ///
    /// # Errors
    /// What asks for more memory than there is, for more partners than there are, or gives a weight,
    /// delay or probability that does not hold.
    pub fn build(plan: Arc<Plan>, threads: usize, limit: u64) -> Result<Network, BuildError> {
        build(plan, threads, limit)
    }

    /// Lets synapses learn from an event of their target at its tick, found by an index of all synapses by target, also
    /// where it may wait until the source spikes or somebody looks. The bits are the same.
    pub fn learn_at_once(mut self) -> Network {
        self.designs.iter_mut().for_each(|design| design.waits = None);
        self
    }

    /// Delivers rows in blocks of so many ticks wherever that may be, also where all accumulators fit into a cache. The
    /// bits are the same.
    pub fn wait_in_blocks(mut self, ticks: i64) -> Network {
        self.schedule =
            Schedule::new(&self.plan, &self.shards, &self.wirings, &self.bundles, Block::Ticks(ticks));
        (self.slots, self.all_slots) = self.schedule.slots();
        self
    }

    pub(crate) fn new(
        plan: Arc<Plan>,
        shards: Shards,
        wirings: Vec<Wiring>,
        bundles: Vec<Bundle>,
        drives: Vec<DriveValues>,
        tables: Vec<(u32, Vec<Table>)>,
    ) -> Network {
        let flows: Vec<bool> = plan.projections.iter().map(|p| p.flow.is_some()).collect();
        let of = |flowing: bool| {
            let kind = wirings.iter().zip(&flows).filter(move |(_, flows)| **flows == flowing);
            kind.filter_map(|(wiring, _)| wiring.delays)
        };
        let delays = of(false);
        let drive_delays = plan.drives.iter().map(|d| d.delay_ticks).filter(|&d| 0 < d);
        let shortest = delays.map(|d| i64::from(d.0)).chain(drive_delays).min();
        // What flows, flows at every tick.
        let apart = if flows.contains(&true) { 1 } else { LONGEST_WINDOW };
        let window = |(k, tables): &(u32, Vec<Table>)| {
            let projection = &plan.projections[*k as usize];
            Some(design::window(&plan, projection, projection.learning.as_deref()?, tables))
        };
        let apart = tables.iter().filter_map(window).fold(apart, i64::min);
        let window = shortest.unwrap_or(apart).min(apart);
        // What flows without delay goes into the slot of the present tick.
        let new = plan.projections.iter().filter(|it| it.flow.is_some()).filter_map(longest_to_come);
        let flow_slots = of(true).map(|d| d.1).chain(new).map(|longest| longest as usize + 1);
        let flow_slots = flow_slots.max().unwrap_or(1).next_power_of_two();
        // All spikes of a window are delivered when all its arrivals are used up, and a window is no longer
        // than any delay: as many slots as the longest delay never meet.
        let schedule = Schedule::new(&plan, &shards, &wirings, &bundles, Block::Near(NEAR_BYTES));
        let (slots, all_slots) = schedule.slots();
        let mut kept = Kept::default();
        let mut tables: BTreeMap<u32, Vec<Table>> = tables.into_iter().collect();
        let in_order = plan.order.iter().filter_map(|sender| match sender {
            Sender::Projection(k) => Some((*k, tables.remove(k)?)),
            Sender::Drive(_) => None,
        });
        let designs = in_order.map(|(k, tables)| Design::new(&plan, k, tables, window, &mut kept)).collect();
        let stages = stages(&plan);
        Network {
            plan,
            shards,
            wirings,
            bundles,
            drives,
            window,
            slots,
            all_slots,
            schedule,
            flow_slots,
            stages,
            designs,
            kept,
        }
    }

    /// The plan that this was built from.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// The number of threads that this is divided for.
    pub fn threads(&self) -> usize {
        self.shards.threads
    }

    /// Synapses of a projection.
    pub fn synapse_count(&self, projection: u32) -> u64 {
        self.wirings[projection as usize].synapses
    }

    /// Shortest and longest delay of a projection in ticks, where it has synapses.
    pub fn delay_range(&self, projection: u32) -> Option<(u32, u32)> {
        self.wirings[projection as usize].delays
    }

    /// Ticks that populations step between meetings.
    pub fn window_ticks(&self) -> i64 {
        self.window
    }

    /// Ticks of the blocks that spikes wait for; 0 where all are delivered when they are sent.
    pub fn block_ticks(&self) -> i64 {
        self.schedule.block
    }

    /// Projections whose rows lie together, in order of declaration.
    pub fn rows_together(&self) -> Vec<Vec<u32>> {
        self.bundles.iter().map(|bundle| bundle.members.clone()).collect()
    }

    /// All synapses of a projection, flat, in canonical order: made again, so that the interpreter, which runs them, knows nothing of
    /// how a machine holds them.
    pub fn synapses(&self, projection: u32) -> Synapses {
        let mut all: Option<Synapses> = None;
        self.visit_made(projection, &mut |piece| match &mut all {
            None => all = Some(piece.clone()),
            Some(all) => all.append(piece),
        });
        all.unwrap_or_default()
    }

    /// Shows the synapses of a projection piece by piece, in canonical order; at least one piece, which may be
    /// empty. A broadcast has no lists: its synapses are all pairs of the two views (less a cell with itself,
    /// unless `allow self`).
    pub fn visit_synapses(&self, projection: u32, visit: &mut (dyn FnMut(&Synapses) + Send)) {
        if let Kind::Rows(_) | Kind::Bundled(_) = self.wirings[projection as usize].kind {
            let (lanes, parts) = (self.lanes(projection), self.held(projection));
            if let Some(held) = Held::new(&self.plan.projections[projection as usize], &lanes, &parts) {
                return held.visit(self.shards.threads, visit);
            }
        }
        self.visit_made(projection, visit);
    }

    fn visit_made(&self, projection: u32, visit: &mut (dyn FnMut(&Synapses) + Send)) {
        match &self.wirings[projection as usize].kind {
            Kind::Broadcast(broadcast) => visit(&Synapses {
                weight: Values::One(broadcast.weight),
                delay: Values::One(f64::from(broadcast.delay)),
                broadcast: true,
                ..Synapses::default()
            }),
            Kind::Learning | Kind::Procedural(_) => {
                visit_synapses(&self.plan, projection, self.shards.threads, None, visit)
            }
            Kind::Rows(_) | Kind::Bundled(_) => {
                let scaled = self.wirings[projection as usize].scaled;
                let present =
                    scaled.then(|| Present { lanes: self.lanes(projection), parts: self.held(projection) });
                visit_synapses(&self.plan, projection, self.shards.threads, present.as_ref(), visit);
            }
        }
    }

    /// What the spikes of a projection's sources are sent to on a thread. A bundle is sent by the first of its projections.
    pub(crate) fn sent(&self, projection: u32, thread: usize) -> &[Part] {
        match &self.wirings[projection as usize].kind {
            Kind::Rows(parts) => &parts[thread],
            Kind::Bundled(strand) => {
                let bundle = &self.bundles[strand.bundle as usize];
                match bundle.members.first() == Some(&projection) {
                    true => std::slice::from_ref(&bundle.parts[thread]),
                    false => &[],
                }
            }
            Kind::Broadcast(_) | Kind::Learning | Kind::Procedural(_) => &[],
        }
    }

    /// What rows are made from that are not held, by projection.
    pub(crate) fn scenes(&self) -> BTreeMap<u32, Context<'_>> {
        let scene = |(k, wiring): (usize, &Wiring)| match &wiring.kind {
            Kind::Procedural(procedural) => Some((k as u32, procedural.context(&self.plan, k as u32))),
            _ => None,
        };
        self.wirings.iter().enumerate().filter_map(scene).collect()
    }

    /// Whether the rows of a projection are made again for each spike.
    pub fn is_procedural(&self, projection: u32) -> bool {
        matches!(self.wirings[projection as usize].kind, Kind::Procedural(_))
    }

    /// Where the rows of a projection are, by thread, each with the distances that are its own.
    fn held(&self, projection: u32) -> Vec<Vec<(&Part, Range<u32>)>> {
        match &self.wirings[projection as usize].kind {
            Kind::Rows(parts) => {
                let whole = |part| {
                    let part: &Part = part;
                    (part, 0..part.span)
                };
                parts.iter().map(|parts| parts.iter().map(whole).collect()).collect()
            }
            Kind::Bundled(strand) => {
                let parts = self.bundles[strand.bundle as usize].parts.iter();
                parts.zip(&strand.windows).map(|(part, window)| vec![(part, window.clone())]).collect()
            }
            Kind::Broadcast(_) | Kind::Learning | Kind::Procedural(_) => vec![],
        }
    }

    /// The same, to be changed.
    fn held_mut(&mut self, projection: u32) -> Vec<Vec<(&mut Part, Range<u32>)>> {
        match &mut self.wirings[projection as usize].kind {
            Kind::Rows(parts) => {
                let whole = |part| {
                    let part: &mut Part = part;
                    let window = 0..part.span;
                    (part, window)
                };
                parts.iter_mut().map(|parts| parts.iter_mut().map(whole).collect()).collect()
            }
            Kind::Bundled(strand) => {
                let parts = self.bundles[strand.bundle as usize].parts.iter_mut();
                parts.zip(&strand.windows).map(|(part, window)| vec![(part, window.clone())]).collect()
            }
            Kind::Broadcast(_) | Kind::Learning | Kind::Procedural(_) => {
                panic!("lowering gives a weight that is held to each synapse that is scaled")
            }
        }
    }

    /// How a projection's targets are divided: as it was when its parts were made.
    fn lanes(&self, projection: u32) -> Lanes {
        let this = &self.plan.projections[projection as usize];
        Lanes::new(&self.shards.targets(this))
    }

    /// Multiplies the weights of synapses whose source counts by the factor of their target; both by position.
    pub(crate) fn scale(&mut self, projection: u32, sources: &[bool], factors: &[f64]) {
        let lanes = self.lanes(projection);
        self.wirings[projection as usize].scaled = true;
        let mut parts = self.held_mut(projection);
        for (lane, at) in lanes.places().into_iter().enumerate() {
            let of = lanes.lanes[lane];
            let mut by_distance = vec![1.0; of.span as usize];
            for position in lanes.positions(lane, factors.len() as u32) {
                by_distance[lanes.distance[position as usize] as usize] = factors[position as usize];
            }
            let (part, window) = &mut parts[of.thread as usize][at];
            part.scale(window, sources, &by_distance);
        }
    }

    /// Whether weights of a projection that does not learn are not as they were made.
    pub(crate) fn is_scaled(&self, projection: u32) -> bool {
        self.wirings[projection as usize].scaled
    }

    /// The weights of a projection in canonical order, where they are not as they were made.
    pub(crate) fn scaled_weights(&self, projection: u32) -> Option<Vec<f64>> {
        if !self.is_scaled(projection) {
            return None;
        }
        let mut weights = vec![];
        self.visit_synapses(projection, &mut |piece| {
            if let Values::Each(each) = &piece.weight {
                weights.extend_from_slice(each);
            }
        });
        Some(weights)
    }

    /// Gives a projection these weights, in canonical order; without any, those that they were made with.
    pub(crate) fn put_weights(&mut self, projection: u32, weights: Option<&[f64]>) {
        let lanes = self.lanes(projection);
        let wiring = &mut self.wirings[projection as usize];
        let was = std::mem::replace(&mut wiring.scaled, weights.is_some());
        if (was || weights.is_some()) && matches!(wiring.kind, Kind::Rows(_) | Kind::Bundled(_)) {
            let (plan, threads) = (Arc::clone(&self.plan), self.shards.threads);
            put_weights(&plan, projection, threads, lanes, self.held_mut(projection), weights);
        }
    }

    /// Bytes held by synapses of a projection.
    pub fn projection_bytes(&self, projection: u32) -> u64 {
        match &self.wirings[projection as usize].kind {
            Kind::Broadcast(broadcast) => broadcast.bytes(),
            Kind::Procedural(procedural) => procedural.bytes(),
            Kind::Rows(parts) => parts.iter().flatten().map(Part::bytes).sum(),
            Kind::Bundled(strand) => {
                let bundle = &self.bundles[strand.bundle as usize];
                let all: u64 = bundle.parts.iter().map(Part::synapses).sum();
                let share = self.wirings[projection as usize].synapses as f64 / all.max(1) as f64;
                (share * bundle.bytes() as f64).round() as u64
            }
            Kind::Learning => self.design(projection).map_or(0, |design| design.bytes(&self.plan)),
        }
    }

    /// Of what learns, weights are held by the machine.
    pub(crate) fn forget_weights(&mut self) {
        for table in self.designs.iter_mut().flat_map(|design| &mut design.tables) {
            table.weights = Weights::One(f64::NAN);
        }
    }

    /// How a projection learns, if it does.
    pub(crate) fn design(&self, projection: u32) -> Option<&Design> {
        self.designs.iter().find(|design| design.projection == projection)
    }

    /// What the network and a machine that runs it hold.
    pub fn memory(&self) -> Memory {
        let populations = self.plan.populations.iter();
        let mut parts: Vec<(String, u64)> =
            populations.map(|p| (p.path.clone(), array_bytes(p, self.shards.threads))).collect();
        for (k, projection) in self.plan.projections.iter().enumerate() {
            parts.push((projection.path.clone(), self.projection_bytes(k as u32)));
        }
        let ring = self.shards.slot_bytes().saturating_mul(self.slots as u64);
        // Once more, as it was before the last phase.
        let flows = self.shards.flow_slot_bytes().saturating_mul(2 * self.flow_slots as u64);
        let kept = self.kept.bytes(&self.plan);
        parts.push(("what is on its way".into(), ring.saturating_add(flows).saturating_add(kept)));
        Memory { parts }
    }
}
