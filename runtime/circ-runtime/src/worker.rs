//! What one thread owns and does.
//!
//! In: the shared scene of a run and this thread's shards. Out: ticks made window by window: step all
//! own shards through the window, meet, deliver the spikes of all threads to the own targets.
//!
//! Order within a window: for each tick, drives without delay, then every population's kernel, then
//! probes. After the meeting: for each tick, delayed drives and projections as declared. So
//! contributions to an accumulator come in the order of stamp, sender, source, synapse, whatever the
//! threads and windows.

mod delivery;
mod resume;
mod team;
mod together;

pub use team::run;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError, RwLock, RwLockReadGuard};
use std::time::Instant;

use circ_plan::abi::KernelFn;
use circ_plan::engine::{Fault, Probe, Samples, SynapseFault};
use circ_plan::ir::Precision;
use circ_plan::plan::{Dynamics, Plan, PopulationPlan, Sender};

use crate::cells::{Observer, Scene, Shard};
use crate::drive::{DriveLane, DriveValues, Pulse};
use crate::flow::{Flows, Published, World};
use crate::kernel::{Kernels, Lists, Step, step};
use crate::keys::Keys;
use crate::learning::{self, History, Surroundings};
use crate::meeting::Meeting;
use crate::network::Network;
use crate::ring::{Ring, Rings};
use crate::transit::Transit;

/// What all threads see during a run.
pub struct Shared<'a> {
    pub plan: &'a Plan,
    pub network: &'a Network,
    pub kernels: &'a [Option<Kernels>],
    /// By population.
    pub slots: &'a [Vec<u64>],
    pub drives: &'a [DriveValues],
    /// Of draws.
    pub keys: &'a Keys,
    pub first: i64,
    /// Whether what flows at the tick before `first` is carried anew.
    pub again: bool,
    pub until: i64,
    pub interrupt: &'a AtomicBool,
    pub meeting: Meeting,
    /// When the first window was made, by all threads, and its last tick: what is measured begins there.
    pub underway: OnceLock<(i64, Instant)>,
    /// By thread, for even and odd windows: while one is read, the next is written.
    pub mail: Vec<[RwLock<Mail>; 2]>,
    /// What synapses did to weights that they share: by thread, for even and odd ticks, by design; and whether any do.
    pub changes: Vec<[RwLock<Vec<learning::Changes>>; 2]>,
    pub shares: bool,
    /// The tick at which cells are sampled only where its flow phase is made anew.
    pub unsampled: Option<i64>,
    /// What flows: by thread, for even and odd ticks, by stage.
    pub published: Vec<[Vec<RwLock<Published>>; 2]>,
    /// For even and odd windows: stop after this one; a cell failed in this one.
    pub stop: [AtomicBool; 2],
    pub failed: [AtomicBool; 2],
    /// The first fault: smallest tick, population, cell.
    pub fault: Mutex<Option<Fault>>,
    /// The first of synapses: smallest tick, projection, synapse.
    pub synapse_fault: Mutex<Option<SynapseFault>>,
    /// What learning synapses see of cells.
    pub history: &'a History,
    /// The shared slots of rules.
    pub rules: &'a [Vec<u64>],
}

impl Shared<'_> {
    fn mail(&self, phase: usize) -> Vec<RwLockReadGuard<'_, Mail>> {
        self.mail.iter().map(|m| m[phase].read().unwrap_or_else(PoisonError::into_inner)).collect()
    }

    fn surroundings(&self) -> Surroundings<'_> {
        Surroundings {
            network: self.network,
            history: self.history,
            slots: self.slots,
            rules: self.rules,
            keys: self.keys,
        }
    }

    /// The last tick that no cell failed in, and at which no synapse before it did, in a window that ends at `last`.
    fn last_whole(&self, last: i64) -> i64 {
        let cells =
            self.fault.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|fault| fault.tick - 1);
        let synapses = self.synapse_fault.lock().unwrap_or_else(PoisonError::into_inner);
        let synapses = synapses.as_ref().map(|fault| fault.tick);
        cells.into_iter().chain(synapses).fold(last, i64::min)
    }
}

/// The events of one thread in one window.
#[derive(Debug, Default)]
pub struct Mail {
    /// By population, event.
    letters: Vec<Vec<Letter>>,
}

/// The events of one kind in one window.
#[derive(Debug, Default)]
struct Letter {
    /// By tick of the window: where its cells end.
    ends: Vec<u32>,
    /// Indices in the population.
    cells: Vec<u32>,
}

impl Mail {
    /// Empty, for all events of a plan.
    pub fn new(plan: &Plan) -> Mail {
        let letters = |p: &PopulationPlan| p.events.iter().map(|_| Letter::default()).collect();
        Mail { letters: plan.populations.iter().map(letters).collect() }
    }

    fn clear(&mut self) {
        for letter in self.letters.iter_mut().flatten() {
            letter.ends.clear();
            letter.cells.clear();
        }
    }

    fn cells(&self, population: u32, event: u32, tick_of_window: usize) -> &[u32] {
        let letter = &self.letters[population as usize][event as usize];
        let first = if tick_of_window == 0 { 0 } else { letter.ends[tick_of_window - 1] };
        &letter.cells[first as usize..letter.ends[tick_of_window] as usize]
    }
}

/// A probe on the cells of one thread.
struct ProbeLane {
    probe: Probe,
    /// Local indices of the thread's part of the cells.
    cells: Vec<u32>,
    observer: Observer,
    samples: Samples,
    /// Of one tick.
    now: Vec<f64>,
}

/// What a thread owns.
pub struct Worker {
    pub id: usize,
    /// By population.
    pub shards: Vec<Shard>,
    pub rings: Rings,
    transit: Transit,
    lists: Vec<Lists>,
    /// By population, port: where in the arena.
    offsets: Vec<Vec<usize>>,
    /// By population, event: all events so far, (tick, cell).
    history: Vec<Vec<Vec<(u32, u32)>>>,
    drives: Vec<DriveLane>,
    flows: Flows,
    pub learning: learning::Own,
    probes: Vec<ProbeLane>,
    /// Source positions, for delivery.
    positions: Vec<u32>,
}

impl Worker {
    /// With states as they are at the start; `slots` by population, `rules` the machine code of rules.
    pub fn new(
        plan: &Plan,
        network: &Network,
        slots: &[Vec<u64>],
        rules: &[Option<KernelFn>],
        id: usize,
    ) -> Worker {
        let shards: Vec<Shard> = plan
            .populations
            .iter()
            .enumerate()
            .map(|(k, population)| {
                let (first, cells) = network.shards.range(k, id);
                let mut shard = Shard::new(population, first, cells);
                shard.initialise(Scene {
                    population,
                    tables: &plan.tables,
                    slots: &slots[k],
                    keys: &population.keys,
                    now: 0,
                    dt: plan.dt,
                });
                shard
            })
            .collect();
        let length = |precision| network.shards.length(id, precision);
        let offset = |(k, p): (usize, &PopulationPlan)| {
            (0..p.ports.len()).map(|port| network.shards.offset(id, k, port)).collect()
        };
        Worker {
            id,
            rings: Rings {
                single: Ring::new(network.slots, length(Precision::F32)),
                double: Ring::new(network.slots, length(Precision::F64)),
            },
            transit: Transit::new(network, id),
            lists: plan.populations.iter().zip(&shards).map(|(p, s)| Lists::new(p, s.cells)).collect(),
            offsets: plan.populations.iter().enumerate().map(offset).collect(),
            history: plan.populations.iter().map(|p| vec![vec![]; p.events.len()]).collect(),
            drives: plan.drives.iter().map(|d| DriveLane::new(&network.shards, d, id)).collect(),
            flows: Flows::new(network, id),
            learning: learning::Own::new(network, id, rules),
            probes: vec![],
            positions: vec![],
            shards,
        }
    }

    /// Steps all own shards through a window, or to the first fault.
    fn make(&mut self, shared: &Shared, first: i64, last: i64, phase: usize) {
        let mut mail = shared.mail[self.id][phase].write().unwrap_or_else(PoisonError::into_inner);
        mail.clear();
        let around = shared.surroundings();
        for tick in first..=last {
            self.transit.open(shared.network, self.id, tick, &mut self.rings);
            self.drive(shared, tick);
            let mut failed = false;
            if let Some(fault) = self.learning.before(around, tick, &mut self.rings) {
                // Other synapses may fail at the same tick, and that may depend on what cells do in it.
                failed = fault.tick == tick;
                self.report_synapse(shared, fault);
                shared.failed[phase].store(true, Ordering::Relaxed);
                if !failed {
                    return;
                }
            }
            for population in 0..self.shards.len() {
                if let Some(cell) = self.step(shared, population, tick) {
                    self.report(shared, population, cell, tick);
                    shared.failed[phase].store(true, Ordering::Relaxed);
                    return;
                }
                self.post(population, tick, &mut mail);
                let lists = &self.lists[population];
                self.learning.hear(around, population, tick, |event| lists.cells(event));
            }
            shared.history.keep(&self.shards, tick);
            if failed {
                return;
            }
            match self.flows.stages() {
                0 => self.sample(shared, tick),
                _ => {
                    self.flows.store(shared.plan, tick, &mut self.shards);
                    self.publish(shared, 0, tick, phase);
                }
            }
        }
    }

    /// Keeps the fault if it is the first of all threads.
    fn report_synapse(&self, shared: &Shared, fault: SynapseFault) {
        let mut first = shared.synapse_fault.lock().unwrap_or_else(PoisonError::into_inner);
        let place = |f: &SynapseFault| (f.tick, f.projection, f.source, f.target);
        if first.as_ref().is_none_or(|other| place(&fault) < place(other)) {
            *first = Some(fault);
        }
    }

    /// Lets the others see what the own cells have before a stage of flows.
    fn publish(&mut self, shared: &Shared, stage: usize, tick: i64, phase: usize) {
        let published = &shared.published[self.id][phase][stage];
        let world =
            World { plan: shared.plan, shards: &self.shards, slots: shared.slots, keys: shared.keys, tick };
        self.flows.publish(stage, world, &mut published.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// What flows to a tick, at a place of the thread's arena.
    pub fn flowing(&self, precision: Precision, tick: i64, place: usize) -> f64 {
        self.flows.sent(precision, tick, place)
    }

    /// Drive events that arrive in the tick that they belong to.
    fn drive(&mut self, shared: &Shared, tick: i64) {
        for sender in &shared.plan.order {
            if let Sender::Drive(k) = *sender {
                let drive = &shared.plan.drives[k as usize];
                if drive.delay_ticks <= 0 {
                    let (values, key) = (&shared.drives[k as usize], shared.keys.trains[k as usize]);
                    self.drives[k as usize]
                        .send(&Pulse { plan: shared.plan, drive, values, key, tick }, &mut self.rings);
                }
            }
        }
    }

    fn step(&mut self, shared: &Shared, population: usize, tick: i64) -> Option<u32> {
        let plan = &shared.plan.populations[population];
        if let Dynamics::SpikeTimes { times, traces } = &plan.dynamics {
            self.play(times, population, tick);
            if traces.is_some() {
                self.shards[population].mark(plan, self.lists[population].cells(0));
                let failed = self.run_kernel(shared, population, tick);
                // The kernel has no events, and has emptied the list.
                self.play(times, population, tick);
                return failed;
            }
            return None;
        }
        self.run_kernel(shared, population, tick)
    }

    fn run_kernel(&mut self, shared: &Shared, population: usize, tick: i64) -> Option<u32> {
        let plan = &shared.plan.populations[population];
        let kernels = shared.kernels.get(population).copied().flatten()?;
        let shard = &mut self.shards[population];
        if shard.cells == 0 {
            return None;
        }
        let call = Step {
            kernel: if tick == 0 { kernels.start } else { kernels.step },
            population: plan,
            tables: &shared.plan.tables,
            slots: &shared.slots[population],
            keys: &shared.keys.populations[population],
            offsets: &self.offsets[population],
            tick,
            dt: shared.plan.dt,
        };
        step(&call, shard, &mut self.rings, &mut self.lists[population])
    }

    /// Fills the list of a population without dynamics, which only plays its spike times.
    fn play(&mut self, times: &[(i64, u32)], population: usize, tick: i64) {
        let shard = &self.shards[population];
        let first = times.partition_point(|t| *t < (tick, shard.first));
        let end = times.partition_point(|t| *t < (tick, shard.first + shard.cells));
        self.lists[population].put(times[first..end].iter().map(|t| t.1 - shard.first));
    }

    /// Puts a population's events of a tick into history and mail.
    fn post(&mut self, population: usize, tick: i64, mail: &mut Mail) {
        let shard = &self.shards[population];
        for (event, letter) in mail.letters[population].iter_mut().enumerate() {
            let before = letter.cells.len();
            letter.cells.extend(self.lists[population].cells(event).iter().map(|local| shard.first + local));
            letter.ends.push(letter.cells.len() as u32);
            self.history[population][event]
                .extend(letter.cells[before..].iter().map(|&cell| (tick as u32, cell)));
        }
    }

    /// Keeps the fault if it is the first of all threads.
    fn report(&self, shared: &Shared, population: usize, cell: u32, tick: i64) {
        let plan = &shared.plan.populations[population];
        let shard = &self.shards[population];
        let local = cell as usize;
        let arrivals = self.offsets[population].iter().map(|offset| match plan.precision {
            Precision::F32 => f64::from(self.rings.single.slot(tick)[offset + local]),
            Precision::F64 => self.rings.double.slot(tick)[offset + local],
        });
        let fault = Fault {
            population: population as u32,
            cell: shard.first + cell,
            tick,
            arrays: (0..shard.arrays.len())
                .map(|k| shard.get(plan, circ_plan::ir::ArrayId(k as u32), local))
                .collect(),
            arrivals: arrivals.collect(),
        };
        let mut first = shared.fault.lock().unwrap_or_else(PoisonError::into_inner);
        let place = |f: &Fault| (f.tick, f.population, f.cell);
        if first.as_ref().is_none_or(|other| place(&fault) < place(other)) {
            *first = Some(fault);
        }
    }

    /// Begins to sample the own part of a probe's cells.
    pub fn add_probe(&mut self, plan: &Plan, probe: &Probe) {
        let population = &plan.populations[probe.population as usize];
        let shard = &self.shards[probe.population as usize];
        let own = shard.first..shard.first + shard.cells;
        let cells = probe.cells.iter().filter(|c| own.contains(c)).map(|c| c - shard.first).collect();
        let program = &population.observables[probe.observable as usize].program;
        let observer = Observer::new(program, population.precision);
        self.probes.push(ProbeLane {
            probe: probe.clone(),
            cells,
            observer,
            samples: Samples::default(),
            now: vec![],
        });
    }

    fn sample(&mut self, shared: &Shared, tick: i64) {
        for lane in &mut self.probes {
            let since = tick - lane.probe.first_tick;
            if since < 0 || since % lane.probe.interval_ticks.max(1) != 0 {
                continue;
            }
            let k = lane.probe.population as usize;
            let population = &shared.plan.populations[k];
            let (tables, dt) = (&shared.plan.tables[..], shared.plan.dt);
            let (slots, keys) = (&shared.slots[k][..], &shared.keys.populations[k][..]);
            let scene = Scene { population, tables, slots, keys, now: tick, dt };
            let program = &population.observables[lane.probe.observable as usize].program;
            lane.now.clear();
            lane.observer.observe(program, scene, &self.shards[k], &lane.cells, &mut lane.now);
            lane.samples.take(lane.probe.keep, tick, &lane.now);
        }
    }

    /// The ticks of a probe, and the values of the own cells: tick by tick.
    pub fn samples(&self, probe: usize) -> (&[i64], &[f64], usize) {
        let lane = &self.probes[probe];
        (&lane.samples.ticks, lane.samples.values(), lane.cells.len())
    }

    /// All samples of a probe so far.
    pub fn forget_samples(&mut self, probe: usize) {
        self.probes[probe].samples = Samples::default();
    }

    /// Events of the own cells, (tick, cell), ascending.
    pub fn events(&self, population: usize, event: usize) -> &[(u32, u32)] {
        &self.history[population][event]
    }

    /// Nothing flows to these places of the thread's arena any more.
    pub fn forget_flows(&mut self, precision: Precision, places: &[usize]) {
        self.flows.forget(precision, places);
    }
}
