//! Rows of projections that have the same sources, put together.
//!
//! In: built projections. Out: bundles: for each thread one [`Part`] whose rows hold the synapses of several projections,
//! sorted by delay. A spike is sent to all of them, so what it reaches in a few ticks then lies in one place. Memory that is read at
//! random gives a long piece in hardly more time than a short one, and rows of a large network are mostly short: the
//! cells of one layer of cortex reach eight populations, each thread's half of them, in some dozen ticks.
//!
//! Order: a bundle is sent in the place of the first of its projections. So a projection joins only if all that is declared before
//! it and reaches the same accumulators is sent before that place: sums are then still taken in the order of stamp,
//! declaration, source and synapse. The projections of a bundle have no accumulators in common.

use std::ops::Range;

use circ_plan::plan::{Plan, ProjectionPlan, Quantity, Sender};

use super::layout::{Delays, Part, Sorter, Targets, Ticks, Weights};
use crate::network::{Kind, Wiring};
use crate::pages;
use crate::parallel::for_each;
use crate::shards::Shards;
use crate::transit::schedule::{Reach, reaches};

/// The synapses of some projections.
#[derive(Debug)]
pub struct Bundle {
    /// In order of declaration.
    pub members: Vec<u32>,
    /// By thread.
    pub parts: Vec<Part>,
}

impl Bundle {
    /// Bytes held.
    pub fn bytes(&self) -> u64 {
        self.parts.iter().map(Part::bytes).sum()
    }
}

/// What a projection has of a bundle.
#[derive(Debug)]
pub struct Strand {
    pub bundle: u32,
    /// By thread: which distances from the base of the part are its own.
    pub windows: Vec<Range<u32>>,
}

/// Distances that fit into 16 bits.
const NEAR: u32 = 1 << 16;

/// Puts rows together where that keeps all sums.
pub fn bundle(plan: &Plan, shards: &Shards, wirings: &mut [Wiring]) -> Vec<Bundle> {
    let drafts = drafts(plan, shards, wirings);
    let worthwhile = drafts.into_iter().filter(|draft| 1 < draft.members.len());
    let bundle = |(at, draft): (usize, Draft)| made(at as u32, draft.members, shards.threads, wirings);
    worthwhile.enumerate().map(bundle).collect()
}

/// Whether rows of two projections may come to lie together, as far as the plan says.
pub fn together(a: &ProjectionPlan, b: &ProjectionPlan) -> bool {
    let drawn = |quantity: &Quantity| matches!(quantity, Quantity::Program(_));
    let alike = |this: &ProjectionPlan| {
        this.flow.is_none() && this.learning.is_none() && drawn(&this.weight) && drawn(&this.delay)
    };
    alike(a) && alike(b) && a.source == b.source && a.source_events == b.source_events && a.store == b.store
}

/// A bundle that is still growing.
struct Draft {
    members: Vec<u32>,
    /// Where its first projection stands among all that send.
    rank: usize,
    /// By thread: all its places in the arena.
    hulls: Vec<Range<u32>>,
}

/// What is sent to accumulators, and when: by thread, its place among all that send.
struct Sent {
    rank: usize,
    reaches: Vec<Vec<Reach>>,
}

fn drafts(plan: &Plan, shards: &Shards, wirings: &[Wiring]) -> Vec<Draft> {
    let mut drafts: Vec<Draft> = vec![];
    let mut sent: Vec<Sent> = vec![];
    for (rank, &sender) in plan.order.iter().enumerate() {
        let own: Vec<Vec<Reach>> =
            (0..shards.threads).map(|thread| reaches(plan, shards, wirings, &[], sender, thread)).collect();
        let mut at = rank;
        if let Some((projection, hulls)) = candidate(plan, shards.threads, wirings, sender) {
            let joins = |draft: &&mut Draft| {
                draft.takes(plan, wirings, projection, &hulls)
                    && sent.iter().all(|sent| sent.rank < draft.rank || !overlap(&sent.reaches, &own))
            };
            match drafts.iter_mut().find(joins) {
                Some(draft) => {
                    at = draft.rank;
                    draft.members.push(projection);
                    draft.hulls.iter_mut().zip(&hulls).for_each(|(all, own)| *all = union(all, own));
                }
                None => drafts.push(Draft { members: vec![projection], rank, hulls }),
            }
        }
        sent.push(Sent { rank: at, reaches: own });
    }
    drafts
}

/// A projection that may share rows, and its places by thread.
fn candidate(
    plan: &Plan,
    threads: usize,
    wirings: &[Wiring],
    sender: Sender,
) -> Option<(u32, Vec<Range<u32>>)> {
    let Sender::Projection(projection) = sender else { return None };
    let this = &plan.projections[projection as usize];
    let parts = whole_parts(&wirings[projection as usize])?;
    let alike = |part: &&Part| {
        matches!(part.targets, Targets::Near(_))
            && matches!(part.delays, Delays::Each(_))
            && !matches!(part.weights, Weights::One(_))
    };
    let may = this.flow.is_none() && parts.len() == threads && parts.iter().all(alike);
    may.then(|| (projection, parts.iter().map(|part| part.base..part.base + part.span).collect()))
}

/// The parts of a projection by thread, if each thread has one.
fn whole_parts(wiring: &Wiring) -> Option<Vec<&Part>> {
    match &wiring.kind {
        Kind::Rows(parts) => {
            parts.iter().map(|of| if let [part] = &of[..] { Some(part) } else { None }).collect()
        }
        Kind::Bundled(_) | Kind::Broadcast(_) | Kind::Procedural(_) | Kind::Learning => None,
    }
}

fn union(a: &Range<u32>, b: &Range<u32>) -> Range<u32> {
    a.start.min(b.start)..a.end.max(b.end)
}

fn meet(a: &Range<usize>, b: &Range<usize>) -> bool {
    a.start < b.end && b.start < a.end
}

/// Whether any accumulator of any thread is reached by both.
fn overlap(some: &[Vec<Reach>], others: &[Vec<Reach>]) -> bool {
    let both = |a: &Reach, b: &Reach| a.precision == b.precision && meet(&a.places, &b.places);
    some.iter().zip(others).any(|(some, others)| some.iter().any(|a| others.iter().any(|b| both(a, b))))
}

impl Draft {
    /// Whether rows of a projection fit beside those that there are, order aside.
    fn takes(&self, plan: &Plan, wirings: &[Wiring], projection: u32, hulls: &[Range<u32>]) -> bool {
        let parts = |projection: u32| whole_parts(&wirings[projection as usize]).unwrap_or_default();
        let (this, other) =
            (&plan.projections[projection as usize], &plan.projections[self.members[0] as usize]);
        let kind = |part: &Part| (part.precision, std::mem::discriminant(&part.weights));
        let alike = |(a, b): (&&Part, &&Part)| kind(a) == kind(b);
        let apart = |(a, b): (&&Part, &&Part)| a.base + a.span <= b.base || b.base + b.span <= a.base;
        let own = parts(projection);
        this.source == other.source
            && this.source_events == other.source_events
            && own.iter().zip(&parts(self.members[0])).all(alike)
            && self.members.iter().all(|member| own.iter().zip(&parts(*member)).all(apart))
            && self
                .hulls
                .iter()
                .zip(hulls)
                .map(|(a, b)| union(a, b))
                .all(|hull| hull.end - hull.start <= NEAR)
    }
}

/// Takes the parts of some projections and puts them together.
fn made(bundle: u32, members: Vec<u32>, threads: usize, wirings: &mut [Wiring]) -> Bundle {
    let mut by_thread: Vec<Vec<Part>> = vec![vec![]; threads];
    for &member in &members {
        if let Kind::Rows(parts) = &mut wirings[member as usize].kind {
            by_thread.iter_mut().zip(parts).for_each(|(all, own)| all.append(own));
        }
    }
    let base = |parts: &[Part]| parts.iter().map(|part| part.base).min().unwrap_or(0);
    let bases: Vec<u32> = by_thread.iter().map(|parts| base(parts)).collect();
    for (at, &member) in members.iter().enumerate() {
        let window = |(parts, base): (&Vec<Part>, &u32)| {
            let first = parts[at].base - base;
            first..first + parts[at].span
        };
        let windows = by_thread.iter().zip(&bases).map(window).collect();
        wirings[member as usize].kind = Kind::Bundled(Strand { bundle, windows });
    }
    let parts =
        for_each(threads, &mut by_thread, |thread, parts| merged(std::mem::take(parts), bases[thread]));
    Bundle { members, parts }
}

/// One part with the synapses of all, every row sorted by delay.
fn merged(parts: Vec<Part>, base: u32) -> Part {
    let rows = parts[0].starts.len() - 1;
    let synapses: u64 = parts.iter().map(Part::synapses).sum();
    let end = parts.iter().map(|part| part.base + part.span).max().unwrap_or(base);
    let weights = match parts[0].weights {
        Weights::One(weight) => Weights::One(weight),
        Weights::Each(_) => Weights::Each(pages::with_capacity(synapses as usize)),
        Weights::Double(_) => Weights::Double(pages::with_capacity(synapses as usize)),
    };
    let mut ticks = Ticks::with_capacity(synapses as usize);
    let mut targets: Vec<u16> = pages::with_capacity(synapses as usize);
    let mut all = Part {
        precision: parts[0].precision,
        base,
        span: end - base,
        starts: Vec::with_capacity(rows + 1),
        targets: Targets::Near(vec![]),
        weights,
        delays: Delays::One(0),
    };
    all.starts.push(0);
    let mut sorter = Sorter::default();
    let (mut row_targets, mut row_weights, mut row_delays) = (vec![], vec![], vec![]);
    for row in 0..rows {
        row_targets.clear();
        row_weights.clear();
        row_delays.clear();
        for part in &parts {
            let range = part.starts[row] as usize..part.starts[row + 1] as usize;
            let shift = part.base - base;
            row_targets.extend(part.distances(row).map(|distance| (distance + shift) as u16));
            row_weights.extend(range.clone().map(|synapse| part.weights.get(synapse)));
            if let Delays::Each(delays) = &part.delays {
                row_delays.extend(range.map(|synapse| delays.get(synapse)));
            }
        }
        let (order, longest) = sorter.sort(&row_delays);
        targets.extend(order.clone().map(|(place, _)| row_targets[place]));
        all.weights.extend(order.clone().map(|(place, _)| row_weights[place]));
        ticks.extend(order.map(|(_, delay)| delay), longest);
        all.starts.push(targets.len() as u64);
    }
    (all.targets, all.delays) = (Targets::Near(targets), Delays::Each(ticks));
    all.trimmed()
}
