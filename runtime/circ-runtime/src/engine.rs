//! The machine: a plan with compiled kernels and a built network, ready to run.
//!
//! In: what the compiler and the code generator made, and the network. Out: an [`Engine`]. Threads
//! live for the duration of one `advance`; the bits are the same for every number of them.

mod arrivals;
mod learning;
mod pace;
mod reset;
mod rewire;
mod snapshot;

use std::any::Any;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::time::Instant;

use circ_plan::abi::KernelFn;
use circ_plan::engine::{Engine, Probe, ProbeId, Reset, Samples, Slice, Stop, SynapseProbe, Synapses};
use circ_plan::ir::{ArrayId, EventId, Precision, UniformId};
use circ_plan::plan::{Plan, ProjectionPlan, Role};
use circ_plan::snapshot::Snapshot;

use crate::cells::{Observer, Scene, derive_slots, initial_slots, slot_of, value_of};
use crate::drive::DriveValues;
use crate::kernel::Kernels;
use crate::keys::Keys;
use crate::learning::{History, Surroundings, design_of};
use crate::meeting::Meeting;
use crate::network::Network;
use crate::parallel::for_each;
use crate::worker::{self, Mail, Shared, Worker};
use learning::initial_rule;
use pace::{Pace, Stretch};

/// Runs a plan with machine code.
pub struct Machine {
    plan: Arc<Plan>,
    network: Arc<Network>,
    /// By population; none where it only plays spike times.
    kernels: Vec<Option<Kernels>>,
    /// Owns the machine code.
    _code: Arc<dyn Any + Send + Sync>,
    slots: Vec<Vec<u64>>,
    drives: Vec<DriveValues>,
    /// Of draws.
    keys: Keys,
    workers: Vec<Worker>,
    pace: Pace,
    probes: Vec<Probe>,
    tick: i64,
    /// Whether anything that may flow was changed since the present tick was made.
    changed: bool,
    /// The tick at which cells are sampled when what flows has been made anew, instead of as soon as it is made.
    unsampled: Option<i64>,
    fault: Option<Stop>,
    /// What learning synapses see of cells, and whether parameters among it were changed.
    history: History,
    stale: bool,
    /// The shared slots of rules, by design.
    rules: Vec<Vec<u64>>,
    /// For every probe, whether it is of synapses, and which of these (or of those of cells) it is.
    probe_ids: Vec<(Of, usize)>,
    synapse_probes: Vec<SynapseProbe>,
}

/// What a probe is of.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Of {
    Cells,
    Synapses,
}

impl Machine {
    /// A machine before tick 0, on as many threads as the network was built for.
    ///
    /// # Safety
    /// Each of `kernels` (by population; `None` for one that only plays spike times) keeps the contract of
    /// [`circ_plan::abi`] for its population of the network's plan, and each of `rules` (or none) for the program at
    /// its place in [`crate::rule_programs`]; all stay callable while `code` lives.
    pub unsafe fn new(
        network: Arc<Network>,
        kernels: Vec<Option<Kernels>>,
        rules: Vec<Option<KernelFn>>,
        code: Arc<dyn Any + Send + Sync>,
    ) -> Machine {
        let plan = Arc::clone(network.plan());
        assert!(kernels.len() == plan.populations.len(), "every population has its place among the kernels");
        let slots: Vec<Vec<u64>> =
            plan.populations.iter().map(|p| initial_slots(p, &plan.tables, plan.dt)).collect();
        let mut ids: Vec<usize> = (0..network.threads()).collect();
        let workers =
            for_each(ids.len(), &mut ids, |_, id| Worker::new(&plan, &network, &slots, &rules, *id));
        let drives = network.drives.clone();
        let rules = network.designs.iter().map(|design| initial_rule(&plan, design.projection)).collect();
        let mut machine = Machine {
            keys: Keys::new(&plan, None),
            plan,
            kernels,
            _code: code,
            slots,
            drives,
            pace: Pace::new(workers.len()),
            workers,
            probes: vec![],
            tick: -1,
            changed: false,
            unsampled: None,
            fault: None,
            history: History::new(network.plan(), &network.kept),
            stale: true,
            rules,
            probe_ids: vec![],
            synapse_probes: vec![],
            network,
        };
        machine.initialise_synapses();
        machine
    }

    fn initialise_synapses(&mut self) {
        self.refresh();
        let Machine { network, history, slots, rules, keys, workers, .. } = self;
        let around = Surroundings { network, history, slots, rules, keys };
        for_each(workers.len(), workers, |_, worker| worker.learning.initialise(around));
        if let Some(network) = Arc::get_mut(network) {
            network.forget_weights();
        }
    }

    /// Lets synapses see parameters as they are now.
    fn refresh(&mut self) {
        if std::mem::take(&mut self.stale) {
            self.workers.iter().for_each(|worker| self.history.keep_fixed(&worker.shards));
        }
    }

    /// The network that this runs.
    pub fn network(&self) -> &Arc<Network> {
        &self.network
    }

    /// Makes ticks up to `until`, in stretches; returns the last that was made.
    fn run(&mut self, until: i64, interrupt: &AtomicBool) -> (i64, Option<Stop>) {
        loop {
            let before = self.tick;
            let stretch = self.pace.next(until - before, self.network.window);
            let end = before + stretch.ticks;
            let (tick, stop) = self.run_on(stretch, end, interrupt);
            self.tick = tick;
            if stop.is_some() || tick < end || until <= end {
                return (tick, stop);
            }
        }
    }

    /// Makes ticks up to `until`, on as many threads as the stretch says, and notes how long they took.
    fn run_on(&mut self, stretch: Stretch, until: i64, interrupt: &AtomicBool) -> (i64, Option<Stop>) {
        self.refresh();
        let again = std::mem::take(&mut self.changed) && self.flows();
        let flags = || [AtomicBool::new(false), AtomicBool::new(false)];
        let mail = || RwLock::new(Mail::new(&self.plan));
        let changes = || RwLock::default();
        let published = || self.network.stages.iter().map(|_| RwLock::default()).collect();
        let team = self.workers.len().div_ceil(stretch.threads.max(1)).max(1);
        let teams = self.workers.len().div_ceil(team);
        let shared = Shared {
            plan: &self.plan,
            network: &self.network,
            kernels: &self.kernels,
            slots: &self.slots,
            drives: &self.drives,
            keys: &self.keys,
            first: self.tick + 1,
            again,
            unsampled: self.unsampled,
            until,
            interrupt,
            meeting: Meeting::new(teams),
            underway: OnceLock::new(),
            mail: self.workers.iter().map(|_| [mail(), mail()]).collect(),
            changes: self.workers.iter().map(|_| [changes(), changes()]).collect(),
            shares: self.plan.projections.iter().any(shares),
            published: self.workers.iter().map(|_| [published(), published()]).collect(),
            stop: flags(),
            failed: flags(),
            fault: Mutex::new(None),
            synapse_fault: Mutex::new(None),
            history: &self.history,
            rules: &self.rules,
        };
        let mut teams: Vec<&mut [Worker]> = self.workers.chunks_mut(team).collect();
        let started = Instant::now();
        let ticks = for_each(teams.len(), &mut teams, |_, team| worker::run(team, &shared));
        let done = ticks.first().copied().unwrap_or(until);
        let (before, since) = match shared.underway.get() {
            Some(underway) if underway.0 < done => *underway,
            _ => (self.tick, started),
        };
        self.pace.took(stretch, done - before, since.elapsed());
        let fault = shared.fault.into_inner().unwrap_or_else(PoisonError::into_inner);
        let synapse = shared.synapse_fault.into_inner().unwrap_or_else(PoisonError::into_inner);
        let stop = match (fault, synapse) {
            (Some(cell), Some(synapse)) if synapse.tick < cell.tick => Some(Stop::Synapse(Box::new(synapse))),
            (Some(cell), _) => Some(Stop::Fault(Box::new(cell))),
            (None, synapse) => synapse.map(|synapse| Stop::Synapse(Box::new(synapse))),
        };
        (done, stop)
    }

    /// Keeps a fault: what cells have done since counts for nothing.
    fn stopped(&mut self, stop: Option<Stop>) -> Result<(), Stop> {
        let failed = match &stop {
            Some(Stop::Fault(fault)) => Some(fault.tick),
            Some(Stop::Synapse(fault)) => Some(fault.tick),
            Some(Stop::Rewire(fault)) => Some(fault.tick),
            Some(Stop::Interrupted) | None => None,
        };
        let (Some(stop), Some(failed)) = (stop, failed) else { return Ok(()) };
        self.tick = failed - 1;
        self.workers.iter_mut().for_each(|worker| worker.forget(failed));
        self.fault = Some(stop.clone());
        Err(stop)
    }

    /// Whether anything flows at the present tick.
    fn flows(&self) -> bool {
        0 <= self.tick && !self.network.stages.is_empty() && self.fault.is_none()
    }

    fn scene(&self, population: usize) -> Scene<'_> {
        let keys = &self.keys.populations[population];
        Scene { keys, ..self.scene_of_tick(population, self.tick.max(0)) }
    }

    /// With the draws that things begin with.
    fn scene_of_tick(&self, population: usize, now: i64) -> Scene<'_> {
        Scene {
            population: &self.plan.populations[population],
            tables: &self.plan.tables,
            slots: &self.slots[population],
            keys: &self.plan.populations[population].keys,
            now,
            dt: self.plan.dt,
        }
    }

    fn derive_arrays(&mut self, population: usize) {
        let scene = Scene {
            population: &self.plan.populations[population],
            tables: &self.plan.tables,
            slots: &self.slots[population],
            keys: &self.plan.populations[population].keys,
            now: 0,
            dt: self.plan.dt,
        };
        for worker in &mut self.workers {
            worker.shards[population].derive(scene);
        }
    }
}

/// Whether synapses share weights that they change.
fn shares(projection: &ProjectionPlan) -> bool {
    projection.learning.as_ref().is_some_and(|learning| learning.shared.is_some())
}

impl Engine for Machine {
    fn tick(&self) -> i64 {
        self.tick
    }

    fn advance(&mut self, until: i64, interrupt: &AtomicBool) -> Result<(), Stop> {
        if let Some(stop) = &self.fault {
            return Err(stop.clone());
        }
        while self.tick < until {
            let next = self.next_rewiring(until);
            self.unsampled = self.rewires_flow(next).then_some(next);
            let (tick, stop) = self.run(next, interrupt);
            self.tick = tick;
            self.stopped(stop)?;
            if tick < next {
                return Err(Stop::Interrupted);
            }
            if let Err(stop) = self.rewire() {
                // What others have put off may have gone wrong before.
                self.conclude()?;
                self.stopped(Some(stop))?;
            }
            self.flow_as_rewired();
        }
        Ok(())
    }

    fn conclude(&mut self) -> Result<(), Stop> {
        match &self.fault {
            Some(stop) => Err(stop.clone()),
            None => {
                let fault = self.catch_up();
                self.stopped(fault.map(|fault| Stop::Synapse(Box::new(fault))))
            }
        }
    }

    fn events(&self, population: u32, event: EventId) -> Vec<(i64, u32)> {
        let of = |worker: &Worker| worker.events(population as usize, event.0 as usize).to_vec();
        let mut all: Vec<(u32, u32)> = self.workers.iter().flat_map(of).collect();
        if 1 < self.workers.len() {
            // Stable sorting merges the ascending runs of the threads.
            all.sort();
        }
        all.into_iter().map(|(tick, cell)| (i64::from(tick), cell)).collect()
    }

    fn events_between(&self, population: u32, event: EventId, after: i64, until: i64) -> Vec<(i64, u32)> {
        let of = |worker: &Worker| {
            let all = worker.events(population as usize, event.0 as usize);
            let first = all.partition_point(|(tick, _)| i64::from(*tick) <= after);
            let end = all.partition_point(|(tick, _)| i64::from(*tick) <= until);
            all[first..end].to_vec()
        };
        let mut all: Vec<(u32, u32)> = self.workers.iter().flat_map(of).collect();
        if 1 < self.workers.len() {
            all.sort();
        }
        all.into_iter().map(|(tick, cell)| (i64::from(tick), cell)).collect()
    }

    fn add_probe(&mut self, probe: Probe) -> ProbeId {
        for worker in &mut self.workers {
            worker.add_probe(&self.plan, &probe);
        }
        self.probe_ids.push((Of::Cells, self.probes.len()));
        self.probes.push(probe);
        ProbeId(self.probe_ids.len() as u32 - 1)
    }

    fn samples(&self, probe: ProbeId) -> Samples {
        let (of, probe) = self.probe_ids[probe.0 as usize];
        if of == Of::Synapses {
            return self.synapse_samples(probe);
        }
        let parts: Vec<_> = self.workers.iter().map(|w| w.samples(probe)).collect();
        let ticks = parts[0].0.to_vec();
        let mut values = vec![];
        for k in 0..ticks.len() {
            for (_, part, cells) in &parts {
                values.extend_from_slice(&part[k * cells..(k + 1) * cells]);
            }
        }
        Samples::new(ticks, values)
    }

    fn take_samples(&mut self, probe: ProbeId) -> Samples {
        let samples = self.samples(probe);
        let (of, probe) = self.probe_ids[probe.0 as usize];
        for worker in &mut self.workers {
            match of {
                Of::Cells => worker.forget_samples(probe),
                Of::Synapses => worker.learning.forget_samples(probe),
            }
        }
        samples
    }

    fn observe(&self, population: u32, observable: u32) -> Vec<f64> {
        let plan = &self.plan.populations[population as usize];
        let program = &plan.observables[observable as usize].program;
        let mut observer = Observer::new(program, plan.precision);
        let mut values = vec![];
        for worker in &self.workers {
            let shard = &worker.shards[population as usize];
            let cells: Vec<u32> = (0..shard.cells).collect();
            observer.observe(program, self.scene(population as usize), shard, &cells, &mut values);
        }
        values
    }

    fn array(&self, population: u32, array: ArrayId) -> Vec<f64> {
        let plan = &self.plan.populations[population as usize];
        let shards = self.workers.iter().map(|w| &w.shards[population as usize]);
        shards.flat_map(|s| (0..s.cells as usize).map(move |cell| s.get(plan, array, cell))).collect()
    }

    fn uniform(&self, population: u32, uniform: UniformId) -> f64 {
        let plan = &self.plan.populations[population as usize];
        let ty = plan.uniforms[uniform.0 as usize].ty;
        value_of(ty, plan.precision, self.slots[population as usize][uniform.0 as usize])
    }

    fn set_uniform(&mut self, population: u32, uniform: UniformId, value: f64) {
        self.catch_up();
        let k = population as usize;
        let plan = &self.plan.populations[k];
        let ty = plan.uniforms[uniform.0 as usize].ty;
        self.slots[k][uniform.0 as usize] = slot_of(ty, plan.precision, value);
        derive_slots(plan, &self.plan.tables, self.plan.dt, &mut self.slots[k]);
        self.derive_arrays(k);
        (self.changed, self.stale) = (true, true);
    }

    fn set_array(&mut self, population: u32, array: ArrayId, values: &[(u32, f64)]) {
        self.catch_up();
        let k = population as usize;
        let plan = Arc::clone(&self.plan);
        for &(cell, value) in values.iter().filter(|v| v.0 < plan.populations[k].cells) {
            let shard = &mut self.workers[self.network.shards.owner(k, cell)].shards[k];
            let local = (cell - shard.first) as usize;
            shard.set(&plan.populations[k], array, local, value);
        }
        self.derive_arrays(k);
        (self.changed, self.stale) = (true, true);
    }

    fn slices(&self, population: u32, array: ArrayId) -> Vec<Slice<'_>> {
        let (k, plan) = (population as usize, &self.plan.populations[population as usize]);
        self.workers.iter().filter_map(|worker| worker.shards[k].slice(plan, array)).collect()
    }

    fn write_array(&mut self, population: u32, array: ArrayId, values: &[f64]) {
        self.catch_up();
        let k = population as usize;
        let plan = Arc::clone(&self.plan);
        let of = &plan.populations[k];
        assert!(values.len() == of.cells as usize, "there is a value for every cell");
        self.workers.iter_mut().for_each(|worker| worker.shards[k].write(of, array, values));
        if of.arrays[array.0 as usize].role == Role::Parameter {
            self.derive_arrays(k);
        }
        (self.changed, self.stale) = (true, true);
    }

    fn reset(&mut self, what: &Reset) {
        self.put_back_to_start(what);
    }

    fn set_drive(&mut self, drive: u32, uniform: UniformId, value: f64) {
        let plan = &self.plan.drives[drive as usize];
        self.drives[drive as usize].set(&self.plan, plan, uniform, value);
    }

    fn set_drive_cells(&mut self, drive: u32, slot: ArrayId, values: &[f64]) {
        let plan = &self.plan.drives[drive as usize];
        self.drives[drive as usize].set_cells(&self.plan, plan, slot, values);
    }

    fn settle(&mut self) {
        if self.changed && self.flows() {
            self.run(self.tick, &AtomicBool::new(false));
        }
    }

    fn visit_synapses(&self, projection: u32, visit: &mut (dyn FnMut(&Synapses) + Send)) {
        match design_of(&self.network, projection) {
            None => self.network.visit_synapses(projection, visit),
            Some(design) => self.visit_learning(design, visit),
        }
    }

    fn scale_weights(&mut self, projection: u32, sources: &[bool], factors: &[f64]) {
        if let Some(design) = design_of(&self.network, projection) {
            self.scale_learning(design, sources, factors);
            self.changed = true;
            return;
        }
        if self.network.schedule.waits(projection) {
            self.arrive();
        }
        let network = Arc::get_mut(&mut self.network);
        network
            .expect("a machine whose weights change has its network for itself")
            .scale(projection, sources, factors);
        self.changed = true;
    }

    fn observe_synapses(&self, projection: u32, observable: u32) -> Vec<f64> {
        self.observe_learning(self.design(projection), observable)
    }

    fn synapse_array(&self, projection: u32, array: ArrayId) -> Vec<f64> {
        self.array_of_learning(self.design(projection), array)
    }

    fn add_synapse_probe(&mut self, probe: SynapseProbe) -> ProbeId {
        let design = self.design(probe.projection);
        self.begin_to_sample(design, &probe);
        self.probe_ids.push((Of::Synapses, self.synapse_probes.len()));
        self.synapse_probes.push(probe);
        ProbeId(self.probe_ids.len() as u32 - 1)
    }

    fn set_synapses(&mut self, projection: u32, array: ArrayId, values: &[(u32, f64)]) {
        let design = self.design(projection);
        self.set_learning(design, array, values);
        self.changed = true;
    }

    fn restart_synapses(&mut self, projection: u32, array: ArrayId) {
        let design = self.design(projection);
        self.settle_learning(design);
        self.workers.iter_mut().for_each(|worker| worker.learning.learner_mut(design).restart(array));
        self.changed = true;
    }

    fn learning_slot(&self, projection: u32, uniform: UniformId) -> f64 {
        let (ty, precision) = self.rule_slot(projection, uniform);
        value_of(ty, precision, self.rules[self.design(projection)][uniform.0 as usize])
    }

    fn set_learning_slot(&mut self, projection: u32, uniform: UniformId, value: f64) {
        let design = self.design(projection);
        self.settle_learning(design);
        let (ty, precision) = self.rule_slot(projection, uniform);
        self.rules[design][uniform.0 as usize] = slot_of(ty, precision, value);
    }

    fn in_flight(&self, population: u32, port: u32) -> Vec<(i64, u32, f64)> {
        let mut sums = self.arriving(population, port);
        self.add_learning(population, port, &mut sums);
        sums.retain(|sum| sum.2 != 0.0);
        sums
    }

    fn flowing(&self, population: u32, array: ArrayId) -> Vec<(i64, u32, f64)> {
        let (k, precision) = (population as usize, self.precision(population));
        let mut sums = vec![];
        for tick in self.tick + 1..self.tick + self.network.flow_slots as i64 {
            for worker in &self.workers {
                let (first, cells) = self.network.shards.range(k, worker.id);
                let offset = self.network.shards.flow_offset(worker.id, k, array.0 as usize);
                for cell in 0..cells {
                    let sum = worker.flowing(precision, tick, offset + cell as usize);
                    if sum != 0.0 {
                        sums.push((tick, first + cell, sum));
                    }
                }
            }
        }
        sums
    }

    fn precision(&self, population: u32) -> Precision {
        self.plan.populations[population as usize].precision
    }

    fn snapshot(&mut self) -> Snapshot {
        self.present_state()
    }

    fn restore(&mut self, snapshot: &Snapshot) {
        self.go_on_from(snapshot);
    }

    fn key_draws(&mut self, trial: Option<u64>) {
        self.keys = Keys::new(&self.plan, trial);
    }

    fn put_samples(&mut self, probe: ProbeId, samples: Samples) {
        match self.probe_ids[probe.0 as usize] {
            (Of::Cells, probe) => self.put_cell_samples(probe, &samples),
            (Of::Synapses, _) => panic!("samples of synapses stay as they were taken"),
        }
    }
}
