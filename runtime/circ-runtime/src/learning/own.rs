//! All that one thread does of learning: its synapses, whom it listens to, and samples of synapses.
//!
//! In: what the thread's cells do tick by tick, and the spikes of all threads window by window. Out: arrivals, samples,
//! and the first synapse that failed.

use circ_plan::abi::KernelFn;
use circ_plan::engine::{Samples, SynapseFault, SynapseProbe};
use circ_plan::ir::Program;
use circ_plan::plan::{Plan, ProjectionPlan};

use super::design::Design;
use super::due::Due;
use super::flat::count;
use super::history::History;
use super::learner::Learner;
use super::leaves::Scene;
use super::probe::{ProbeLane, sampler};
use super::routine::Failure;
use super::shared::Changes;
use super::sides::World;
use super::store::Column;
use super::table::Table;
use crate::keys::Keys;
use crate::network::Network;
use crate::ring::Rings;
use crate::shards::Shards;

/// What a thread's synapses see besides what they hold.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    pub network: &'a Network,
    pub history: &'a History,
    /// The shared slots, by population.
    pub slots: &'a [Vec<u64>],
    /// Those of rules, by design.
    pub rules: &'a [Vec<u64>],
    /// Of draws.
    pub keys: &'a Keys,
}

impl<'a> Surroundings<'a> {
    /// The scene of a design, for a thread.
    pub fn scene(&self, design: usize, thread: usize) -> Scene<'a> {
        let plan: &'a Plan = self.network.plan();
        let of = &self.network.designs[design];
        let projection = &plan.projections[of.projection as usize];
        Scene {
            world: World { plan, history: self.history, slots: self.slots },
            projection,
            learning: projection.learning.as_deref().expect("only what learns is designed"),
            sides: &of.sides,
            table: &of.tables[thread],
            rule: &self.rules[design],
            keys: &self.keys.rules[of.projection as usize],
        }
    }
}

/// The learning synapses of a thread.
pub struct Own {
    thread: usize,
    /// By design.
    lanes: Vec<Lane>,
    probes: Vec<ProbeLane>,
}

struct Lane {
    learner: Learner,
    /// By kind.
    ears: Vec<Vec<Ear>>,
}

/// Listens to an event of the targets of a segment.
struct Ear {
    population: usize,
    event: usize,
    /// By local index of the cell: the own target, or `u32::MAX`.
    targets: Vec<u32>,
}

impl Own {
    /// Before tick 0; `initialise` follows.
    /// `kernels` is the machine code of rules, in the order of [`super::rule_programs`], or empty.
    pub fn new(network: &Network, thread: usize, kernels: &[Option<KernelFn>]) -> Own {
        let plan = network.plan();
        let lane = |design: &Design| {
            let projection = &plan.projections[design.projection as usize];
            let learning = projection.learning.as_deref().expect("only what learns is designed");
            let ears = (0..design.kinds.len()).map(|kind| ears(plan, &network.shards, design, kind, thread));
            Lane {
                learner: Learner::new(
                    plan,
                    design,
                    learning,
                    thread,
                    kernels_of(plan, design.projection, kernels),
                ),
                ears: ears.collect(),
            }
        };
        Own { thread, lanes: network.designs.iter().map(lane).collect(), probes: vec![] }
    }

    /// Gives all synapse arrays their initial values.
    pub fn initialise(&mut self, around: Surroundings) {
        for (k, lane) in self.lanes.iter_mut().enumerate() {
            lane.learner.initialise(around.scene(k, self.thread), &around.network.designs[k]);
        }
    }

    /// Whether nothing learns.
    pub fn is_empty(&self) -> bool {
        self.lanes.is_empty()
    }

    /// The synapses of a design.
    pub fn learner(&self, design: usize) -> &Learner {
        &self.lanes[design].learner
    }

    /// The synapses of a design.
    pub fn learner_mut(&mut self, design: usize) -> &mut Learner {
        &mut self.lanes[design].learner
    }

    /// The value of a program for every synapse of a design, and the first that failed.
    pub fn values(
        &mut self,
        around: Surroundings,
        design: usize,
        program: &Program,
        now: i64,
    ) -> (Vec<f64>, Option<Failure>) {
        let scene = around.scene(design, self.thread);
        self.lanes[design].learner.values_of_all(scene, &around.network.designs[design], program, now)
    }

    /// Before the cells make a tick: steps synapses as far as that needs, and adds what they send to it. Returns the first
    /// failure.
    pub fn before(&mut self, around: Surroundings, tick: i64, rings: &mut Rings) -> Option<SynapseFault> {
        for (k, lane) in self.lanes.iter_mut().enumerate() {
            let (design, scene) = (&around.network.designs[k], around.scene(k, self.thread));
            let mut sampled = sampler(&mut self.probes, k, design, scene);
            let due = Some(Due::new(rings, tick));
            lane.learner.begin(scene, design, tick - design.lag, due, &mut sampled);
            lane.learner.deliver(scene, design, tick, rings);
        }
        self.failure(around)
    }

    /// Brings synapses to a tick that all cells have made. Returns the first failure.
    pub fn flush(&mut self, around: Surroundings, tick: i64) -> Option<SynapseFault> {
        for (k, lane) in self.lanes.iter_mut().enumerate() {
            let (design, scene) = (&around.network.designs[k], around.scene(k, self.thread));
            let mut sampled = sampler(&mut self.probes, k, design, scene);
            lane.learner.flush(scene, design, tick, &mut sampled);
        }
        self.failure(around)
    }

    /// Before the first tick of a run.
    pub fn begin(&mut self) {
        self.lanes.iter_mut().for_each(|lane| lane.learner.look_at_weights());
    }

    /// Brings those synapses to a tick that all cells have made whose weights are needed then: because they are shared, or because
    /// something flows through them. Returns the first failure.
    pub fn keep_up(&mut self, around: Surroundings, tick: i64) -> Option<SynapseFault> {
        for (k, lane) in self.lanes.iter_mut().enumerate() {
            let (design, scene) = (&around.network.designs[k], around.scene(k, self.thread));
            if scene.learning.shared.is_some() {
                // Samples are taken when weights are one again.
                lane.learner.flush(scene, design, tick, &mut |_: &mut Learner, _| {});
            } else if scene.projection.flow.is_some() {
                let mut sampled = sampler(&mut self.probes, k, design, scene);
                lane.learner.flush(scene, design, tick, &mut sampled);
            }
        }
        self.failure(around)
    }

    /// What the tick did to shared weights: by design.
    pub fn changes(&mut self, around: Surroundings, out: &mut Vec<Changes>) {
        let thread = self.thread;
        out.clear();
        out.extend(
            self.lanes.iter_mut().enumerate().map(|(k, lane)| lane.learner.changes(around.scene(k, thread))),
        );
    }

    /// Makes shared weights one again after a tick; `all` by thread, then by design. Returns the first failure.
    pub fn share(&mut self, around: Surroundings, tick: i64, all: &[&Vec<Changes>]) -> Option<SynapseFault> {
        for (k, lane) in self.lanes.iter_mut().enumerate() {
            let (design, scene) = (&around.network.designs[k], around.scene(k, self.thread));
            let designs = around.network.designs.iter().enumerate();
            let family = designs.filter(|(_, other)| other.family == design.family);
            let changes: Vec<Vec<&Changes>> =
                family.map(|(at, _)| all.iter().map(|of_thread| &of_thread[at]).collect()).collect();
            if scene.learning.shared.is_none() || changes.iter().flatten().any(|changes| changes.failed) {
                continue;
            }
            lane.learner.share(scene, tick, &changes);
            sampler(&mut self.probes, k, design, scene)(&mut lane.learner, tick);
        }
        self.failure(around)
    }

    /// The own synapses of a projection, and their weights.
    pub fn weights<'s>(&'s self, network: &'s Network, projection: u32) -> Option<(&'s Table, &'s Column)> {
        let design = design_of(network, projection)?;
        Some((&network.designs[design].tables[self.thread], &self.lanes[design].learner.arrays[0]))
    }

    /// Lets synapses see all events of targets that wait. Returns the first failure.
    pub fn catch_up(&mut self, around: Surroundings) -> Option<SynapseFault> {
        for (k, lane) in self.lanes.iter_mut().enumerate() {
            lane.learner.catch_up(around.scene(k, self.thread), &around.network.designs[k]);
        }
        self.failure(around)
    }

    fn failure(&self, around: Surroundings) -> Option<SynapseFault> {
        let failures = self.lanes.iter().zip(&around.network.designs).filter_map(|(lane, design)| {
            let failure = lane.learner.failure.as_ref()?;
            Some((failure.tick, design.projection, failure))
        });
        failures
            .min_by_key(|(tick, projection, failure)| (*tick, *projection, failure.key))
            .map(|f| f.2.fault(f.1))
    }

    /// The own cells of a population had events of a kind at a tick: `cells(event)` says which, local indices.
    pub fn hear<'c>(
        &mut self,
        around: Surroundings,
        population: usize,
        tick: i64,
        cells: impl Fn(usize) -> &'c [u32],
    ) {
        for (k, Lane { learner, ears }) in self.lanes.iter_mut().enumerate() {
            for (kind, ears) in ears.iter().enumerate() {
                for ear in ears.iter().filter(|ear| ear.population == population) {
                    let targets = cells(ear.event).iter().map(|cell| ear.targets[*cell as usize]);
                    for target in targets.filter(|target| *target != u32::MAX) {
                        learner.event(around.scene(k, self.thread), kind, target, tick);
                    }
                }
            }
        }
    }

    /// Of a design: sources spiked at a tick, by position, ascending.
    pub fn spikes(&mut self, around: Surroundings, design: usize, positions: &[u32], tick: i64) {
        for &position in positions {
            self.lanes[design].learner.spike(around.scene(design, self.thread), position, tick);
        }
    }

    /// Of a design: cells of a modulator had their event at a tick, by position, ascending.
    pub fn modulate(
        &mut self,
        around: Surroundings,
        design: usize,
        modulator: usize,
        positions: &[u32],
        tick: i64,
    ) {
        let of = &around.network.designs[design];
        let learner = &mut self.lanes[design].learner;
        if of.modulators[modulator].one {
            positions.iter().take(1).for_each(|_| learner.modulate_all(modulator, tick));
            return;
        }
        let own = &of.tables[self.thread].positions;
        for position in positions {
            if let Ok(target) = own.binary_search(position) {
                learner.modulate(modulator, target as u32, tick);
            }
        }
    }

    /// Begins to sample these of what a probe looks at, each with its place there.
    pub fn add_probe(
        &mut self,
        around: Surroundings,
        design: usize,
        probe: &SynapseProbe,
        own: Vec<(u32, u32)>,
    ) {
        self.probes.push(ProbeLane::new(around.scene(design, self.thread), design, probe, own));
    }

    /// The samples of a probe, and which of the probe's synapses they are of.
    pub fn samples(&self, probe: usize) -> (&Samples, &[u32]) {
        self.probes[probe].samples()
    }

    /// Forgets all samples of a probe so far.
    pub fn forget_samples(&mut self, probe: usize) {
        self.probes[probe].forget_from(i64::MIN);
    }

    /// Forgets samples from a tick on.
    pub fn forget(&mut self, tick: i64) {
        self.probes.iter_mut().for_each(|lane| lane.forget_from(tick));
    }

    /// The synapses of a design are others than before.
    pub fn find_sampled(&mut self, around: Surroundings, design: usize) {
        let scene = around.scene(design, self.thread);
        self.probes.iter_mut().filter(|lane| lane.design == design).for_each(|lane| lane.find(scene));
    }

    /// Samples what there is to sample of a design that was rewired at a tick, or could have been.
    pub fn sample_rewired(&mut self, around: Surroundings, design: usize, tick: i64) {
        let (of, scene) = (&around.network.designs[design], around.scene(design, self.thread));
        let learner = &mut self.lanes[design].learner;
        let lanes = self.probes.iter_mut().filter(|lane| lane.design == design);
        lanes.for_each(|lane| lane.sample(learner, scene, of, tick));
    }
}

/// Who listens to a kind of event of a design's targets.
fn ears(plan: &Plan, shards: &Shards, design: &Design, kind: usize, thread: usize) -> Vec<Ear> {
    let view = &plan.projections[design.projection as usize].target;
    let positions = &design.tables[thread].positions;
    let (mut ears, mut position, mut target) = (vec![], 0, 0);
    for (segment, event) in view.segments.iter().zip(&design.kinds[kind]) {
        let population = segment.population as usize;
        let (first, cells) = shards.range(population, thread);
        let mut ear = Ear { population, event: event.0 as usize, targets: vec![u32::MAX; cells as usize] };
        for k in 0..segment.cells.len() {
            if positions.get(target) == Some(&position) {
                ear.targets[(segment.cells.get(k) - first) as usize] = target as u32;
                target += 1;
            }
            position += 1;
        }
        // A population without such an event has none.
        if ear.event < plan.populations[population].events.len() {
            ears.push(ear);
        }
    }
    ears
}

/// The machine code of the rule of a projection.
fn kernels_of<'k>(plan: &Plan, projection: u32, kernels: &'k [Option<KernelFn>]) -> &'k [Option<KernelFn>] {
    let count = |projection: &ProjectionPlan| projection.learning.as_deref().map_or(0, count);
    let first: usize = plan.projections[..projection as usize].iter().map(count).sum();
    kernels.get(first..first + count(&plan.projections[projection as usize])).unwrap_or(&[])
}

/// The place of a projection among those that learn.
pub fn design_of(network: &Network, projection: u32) -> Option<usize> {
    network.designs.iter().position(|design| design.projection == projection)
}

/// Whether the synapses of a design lie in canonical order, all on one thread.
pub fn is_canonical(network: &Network, design: usize) -> bool {
    matches!(&network.designs[design].tables[..], [table] if table.rank.is_empty())
}

/// The synapses of a design in canonical order: (thread, index there).
pub fn canonical(network: &Network, design: usize) -> Vec<(u32, u32)> {
    let tables = &network.designs[design].tables;
    if let ([table], true) = (&tables[..], is_canonical(network, design)) {
        return (0..table.len() as u32).map(|synapse| (0, synapse)).collect();
    }
    let mut all = Vec::with_capacity(tables.iter().map(Table::len).sum());
    let mut rows = Merging::new(tables);
    (0..tables[0].starts.len() as u32 - 1).for_each(|source| rows.append(tables, source, &mut all));
    all
}

/// Merges rows source by source: sorting all synapses would take longer than many a run.
pub struct Merging {
    /// Of a source, by thread.
    rows: Vec<Vec<(u32, u32)>>,
    next: Vec<usize>,
}

impl Merging {
    pub fn new(tables: &[Table]) -> Merging {
        Merging { rows: vec![vec![]; tables.len()], next: vec![0; tables.len()] }
    }

    /// Appends the synapses of a source in canonical order: (thread, index there).
    pub fn append(&mut self, tables: &[Table], source: u32, all: &mut Vec<(u32, u32)>) {
        if let [table] = tables
            && table.rank.is_empty()
        {
            return all.extend(table.row(source).map(|synapse| (0, synapse)));
        }
        let Merging { rows, next } = self;
        tables.iter().zip(rows.iter_mut()).for_each(|(table, row)| table.canonical_row(source, row));
        next.fill(0);
        // A position belongs to one thread.
        let first = |next: &[usize]| {
            let heads =
                (0..rows.len()).filter_map(|thread| Some((rows[thread].get(next[thread])?.0, thread)));
            heads.min().map(|(_, thread)| thread)
        };
        while let Some(thread) = first(next) {
            all.push((thread as u32, rows[thread][next[thread]].1));
            next[thread] += 1;
        }
    }
}
