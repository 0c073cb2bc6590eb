//! Which synapses are delivered block by block, and how long a block is.
//!
//! In: the built network. Out: for each thread the parts of projections whose rows wait for the block in which they arrive,
//! and the ticks of a block.
//!
//! Where delays differ, a spike's arrivals are spread over as many slots of the ring as there are delays, and a large
//! network's ring is many times larger than the second-level cache: nearly every addition then waits for memory. A row
//! is sorted by delay, so it may as well be added piece by piece, each when the slots of its ticks are in use anyway.
//!
//! Sums are taken in the order of stamps. So it is all or nothing for those who reach the same accumulators: rows wait
//! only where everything that reaches them with a delay is a row. (Drives without delay, and synapses that learn, add at the tick of
//! arrival, after all others in either case.)

use std::ops::Range;

use circ_plan::ir::Precision;
use circ_plan::plan::{Plan, Sender};

use crate::build::bundle::Bundle;
use crate::build::layout::{self, Delays, Part};
use crate::network::{Kind, Stretch, Wiring};
use crate::shards::{Shards, Spot, arena_of};

/// Bytes of accumulators that are expected to stay near: less than the second-level cache, through which rows pass too.
pub const NEAR_BYTES: usize = 768 << 10;

/// Ticks of a block: with fewer, pieces of rows are too short to be worth finding again; with more, nothing is gained.
const SHORTEST: i64 = 4;
const LONGEST: i64 = 16;

/// Which rows wait.
#[derive(Debug, Default)]
pub struct Schedule {
    /// Ticks of a block; 0 where nothing waits.
    pub block: i64,
    /// The longest delay of what waits.
    pub longest: i64,
    /// The longest delay of what does not.
    pub longest_at_once: i64,
    /// By thread.
    pub threads: Vec<Own>,
}

/// What waits of a thread.
#[derive(Debug, Default)]
pub struct Own {
    /// The parts that wait, in order of declaration.
    pub lanes: Vec<Lane>,
    /// By projection, part: which lane it is.
    lane_of: Vec<Vec<Option<u32>>>,
    /// Sets of accumulators that have no lane in common.
    pub groups: usize,
}

/// A part that waits.
#[derive(Clone, Copy, Debug)]
pub struct Lane {
    pub projection: u32,
    pub part: u32,
    pub group: u32,
}

impl Own {
    /// The lane of a part, if it waits.
    pub fn lane(&self, projection: u32, part: usize) -> Option<u32> {
        *self.lane_of.get(projection as usize)?.get(part)?
    }
}

/// How long blocks are to be.
#[derive(Clone, Copy, Debug)]
pub enum Block {
    /// So that the accumulators of a block have no more bytes than these. Nothing waits where those of all ticks and
    /// groups fit.
    Near(usize),
    /// So many ticks; everything waits that may.
    Ticks(i64),
}

/// Ticks of a block, if a slot has so many bytes and so many are to stay near.
pub fn block(slot: usize, near: usize) -> i64 {
    let fit = (near / slot.max(1)).max(1);
    (1_i64 << fit.ilog2()).clamp(SHORTEST, LONGEST)
}

/// Somebody who reaches accumulators with a delay.
pub struct Reach {
    /// Which arena.
    pub precision: Precision,
    pub places: Range<usize>,
    /// Projection, part; none of what can not wait.
    part: Option<(u32, u32)>,
    longest: i64,
    /// Whether its delays differ.
    differs: bool,
}

/// Those who reach the same accumulators.
struct Group {
    /// Of one slot.
    bytes: usize,
    longest: i64,
    /// Whether all are rows, and whether delays of any of them differ.
    rows: bool,
    differs: bool,
    parts: Vec<(u32, u32)>,
}

impl Schedule {
    pub fn new(
        plan: &Plan,
        shards: &Shards,
        wirings: &[Wiring],
        bundles: &[Bundle],
        block: Block,
    ) -> Schedule {
        let all = |thread| {
            let of = |sender: &Sender| reaches(plan, shards, wirings, bundles, *sender, thread);
            plan.order.iter().flat_map(of).collect()
        };
        let by_thread: Vec<Vec<Group>> = (0..shards.threads).map(|thread| groups(all(thread))).collect();
        let block = match block {
            Block::Ticks(ticks) => ticks.max(1),
            Block::Near(bytes) => {
                let ring = |groups: &Vec<Group>| -> usize {
                    differing(groups).map(|group| group.longest as usize * group.bytes).sum()
                };
                // A spike reaches all of them in turn, and adds at once what arrives in the open block.
                let slot =
                    |groups: &Vec<Group>| -> usize { differing(groups).map(|group| group.bytes).sum() };
                let far = by_thread.iter().any(|groups| bytes < ring(groups));
                let largest = by_thread.iter().map(slot).max().filter(|slot| far && 0 < *slot);
                largest.map_or(0, |slot| self::block(slot, bytes))
            }
        };
        let waits = |group: &&Group| 0 < block && group.rows && group.differs && block < group.longest;
        let own = |groups: &Vec<Group>| {
            let mut lanes: Vec<Lane> = vec![];
            let mut lane_of: Vec<Vec<Option<u32>>> = vec![vec![]; wirings.len()];
            let waiting = || groups.iter().filter(waits);
            for (group, of) in waiting().enumerate() {
                let lane = |&(projection, part)| Lane { projection, part, group: group as u32 };
                lanes.extend(of.parts.iter().map(lane));
            }
            lanes.sort_by_cached_key(|lane| (rank(plan, lane.projection), lane.part));
            for (k, lane) in lanes.iter().enumerate() {
                let parts = &mut lane_of[lane.projection as usize];
                parts.resize(parts.len().max(lane.part as usize + 1), None);
                parts[lane.part as usize] = Some(k as u32);
            }
            Own { lanes, lane_of, groups: waiting().count() }
        };
        let threads: Vec<Own> = by_thread.iter().map(own).collect();
        let longest = by_thread.iter().flatten().filter(waits).map(|group| group.longest).max();
        let at_once = by_thread.iter().flatten().filter(|group| !waits(group));
        let longest_at_once = at_once.map(|group| group.longest).max().unwrap_or(0);
        Schedule {
            block: longest.map_or(0, |_| block),
            longest: longest.unwrap_or(0),
            longest_at_once,
            threads,
        }
    }

    /// Whether any row of a projection may be waiting.
    pub fn waits(&self, projection: u32) -> bool {
        self.threads.iter().any(|own| own.lanes.iter().any(|lane| lane.projection == projection))
    }

    /// Slots of a ring in which nothing meets while rows wait, and while all stand in it.
    pub fn slots(&self) -> (usize, usize) {
        let slots = |ticks: i64| (ticks.max(1) as u64).next_power_of_two() as usize;
        let short = self.longest_at_once.max(self.block);
        (slots(short), slots(short.max(self.longest)))
    }
}

/// The place of a projection in the order of declaration.
fn rank(plan: &Plan, projection: u32) -> Option<usize> {
    plan.order.iter().position(|sender| *sender == Sender::Projection(projection))
}

/// What a sender reaches of a thread's accumulators with a delay. What flows has accumulators of its own; what learns has a ring of
/// its own; a bundle is sent by the first of its projections.
pub fn reaches(
    plan: &Plan,
    shards: &Shards,
    wirings: &[Wiring],
    bundles: &[Bundle],
    sender: Sender,
    thread: usize,
) -> Vec<Reach> {
    match sender {
        Sender::Drive(k) => of_drive(plan, shards, k, thread),
        Sender::Projection(k) if plan.projections[k as usize].flow.is_some() => vec![],
        Sender::Projection(k) => of_projection(wirings, bundles, k, thread),
    }
}

fn of_drive(plan: &Plan, shards: &Shards, drive: u32, thread: usize) -> Vec<Reach> {
    let drive = &plan.drives[drive as usize];
    if drive.delay_ticks <= 0 {
        return vec![];
    }
    let reach = |spot: Spot| Reach {
        precision: spot.precision,
        places: spot.index as usize..spot.index as usize + 1,
        part: None,
        longest: drive.delay_ticks,
        differs: false,
    };
    let spots = shards.spots(&drive.target, &drive.ports).into_iter();
    spots.filter(|spot| spot.thread as usize == thread).map(reach).collect()
}

fn of_projection(wirings: &[Wiring], bundles: &[Bundle], projection: u32, thread: usize) -> Vec<Reach> {
    let longest =
        |projection: u32| wirings[projection as usize].delays.map_or(0, |delays| i64::from(delays.1));
    let of_part = |(at, part): (usize, &Part), longest: i64| Reach {
        precision: part.precision,
        places: part.base as usize..(part.base + part.span) as usize,
        part: Some((projection, at as u32)),
        longest,
        differs: matches!(part.delays, Delays::Each(_) | Delays::Runs(_)),
    };
    match &wirings[projection as usize].kind {
        Kind::Learning => vec![],
        // What is made for each spike is added at once.
        Kind::Procedural(procedural) => {
            let own = procedural.lanes.lanes.iter().filter(|lane| lane.thread as usize == thread);
            let reach = |lane: &layout::Lane| Reach {
                precision: lane.precision,
                places: lane.base as usize..(lane.base + lane.span) as usize,
                part: None,
                longest: longest(projection),
                differs: false,
            };
            own.map(reach).collect()
        }
        Kind::Broadcast(broadcast) => {
            let stretches = broadcast.stretches.get(thread).map_or(&[][..], Vec::as_slice);
            let reach = |stretch: &Stretch| Reach {
                precision: stretch.precision,
                places: stretch.first as usize..stretch.end as usize,
                part: None,
                longest: i64::from(broadcast.delay),
                differs: false,
            };
            stretches.iter().map(reach).collect()
        }
        Kind::Rows(parts) => {
            parts[thread].iter().enumerate().map(|part| of_part(part, longest(projection))).collect()
        }
        Kind::Bundled(strand) => {
            let bundle = &bundles[strand.bundle as usize];
            let longest = bundle.members.iter().map(|member| longest(*member)).max().unwrap_or(0);
            let leads = bundle.members.first() == Some(&projection);
            leads.then(|| of_part((0, &bundle.parts[thread]), longest)).into_iter().collect()
        }
    }
}

/// Groups whose rows would wait if there were reason to.
fn differing(groups: &[Group]) -> impl Iterator<Item = &Group> {
    groups.iter().filter(|group| group.rows && group.differs)
}

/// Puts those together whose places overlap.
fn groups(mut reaches: Vec<Reach>) -> Vec<Group> {
    let place = |reach: &Reach| (arena_of(reach.precision), reach.places.start, reach.places.end);
    reaches.sort_by_key(place);
    let mut groups: Vec<Group> = vec![];
    let mut first: Option<(usize, Range<usize>)> = None;
    for reach in reaches {
        let arena = arena_of(reach.precision);
        let width = match reach.precision {
            Precision::F32 => 4,
            Precision::F64 => 8,
        };
        let places = match &first {
            Some((of, places)) if *of == arena && reach.places.start < places.end => {
                places.start..places.end.max(reach.places.end)
            }
            _ => {
                groups.push(Group { bytes: 0, longest: 0, rows: true, differs: false, parts: vec![] });
                reach.places.clone()
            }
        };
        if let Some(group) = groups.last_mut() {
            group.bytes = width * places.len();
            group.longest = group.longest.max(reach.longest);
            group.rows &= reach.part.is_some();
            group.differs |= reach.differs;
            group.parts.extend(reach.part);
        }
        first = Some((arena, places));
    }
    groups
}
