//! The machine: a plan with compiled kernels and a built network, ready to run.
//!
//! In: what the compiler and the code generator made, and the network. Out: an [`Engine`]. Threads
//! live for the duration of one `advance`; the bits are the same for every number of them.

use std::any::Any;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use circ_plan::engine::{Engine, Fault, Probe, ProbeId, Samples, Stop, SynapseProbe, Synapses};
use circ_plan::ir::{ArrayId, EventId, Precision, UniformId};
use circ_plan::plan::Plan;

use crate::cells::{Observer, Scene, derive_slots, initial_slots, slot_of, value_of};
use crate::drive::DriveValues;
use crate::kernel::Kernels;
use crate::meeting::Meeting;
use crate::network::Network;
use crate::parallel::for_each;
use crate::worker::{Mail, Shared, Worker};

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
    workers: Vec<Worker>,
    probes: Vec<Probe>,
    tick: i64,
    /// Whether anything that may flow was changed since the present tick was made.
    changed: bool,
    fault: Option<Box<Fault>>,
}

impl Machine {
    /// A machine before tick 0, on as many threads as the network was built for.
    ///
    /// # Safety
    /// Each of `kernels` (by population; `None` for one that only plays spike times) keeps the contract of
    /// [`circ_plan::abi`] for its population of the network's plan, and stays callable while `code` lives.
    pub unsafe fn new(
        network: Arc<Network>,
        kernels: Vec<Option<Kernels>>,
        code: Arc<dyn Any + Send + Sync>,
    ) -> Machine {
        let plan = Arc::clone(network.plan());
        assert!(kernels.len() == plan.populations.len(), "every population has its place among the kernels");
        let slots: Vec<Vec<u64>> =
            plan.populations.iter().map(|p| initial_slots(p, &plan.tables, plan.dt)).collect();
        let mut ids: Vec<usize> = (0..network.threads()).collect();
        let workers = for_each(ids.len(), &mut ids, |_, id| Worker::new(&plan, &network, &slots, *id));
        let drives = network.drives.clone();
        Machine {
            plan,
            kernels,
            _code: code,
            slots,
            drives,
            workers,
            probes: vec![],
            tick: -1,
            changed: false,
            fault: None,
            network,
        }
    }

    /// The network that this runs.
    pub fn network(&self) -> &Arc<Network> {
        &self.network
    }

    fn run(&mut self, until: i64, interrupt: &AtomicBool) -> (i64, Option<Fault>) {
        let again = std::mem::take(&mut self.changed) && self.flows();
        let flags = || [AtomicBool::new(false), AtomicBool::new(false)];
        let mail = || RwLock::new(Mail::new(&self.plan));
        let published = || self.network.stages.iter().map(|_| RwLock::default()).collect();
        let shared = Shared {
            plan: &self.plan,
            network: &self.network,
            kernels: &self.kernels,
            slots: &self.slots,
            drives: &self.drives,
            first: self.tick + 1,
            again,
            until,
            interrupt,
            meeting: Meeting::new(self.workers.len()),
            mail: self.workers.iter().map(|_| [mail(), mail()]).collect(),
            published: self.workers.iter().map(|_| [published(), published()]).collect(),
            stop: flags(),
            failed: flags(),
            fault: Mutex::new(None),
        };
        let threads = self.workers.len();
        let ticks = for_each(threads, &mut self.workers, |_, worker| worker.run(&shared));
        let fault = shared.fault.into_inner().unwrap_or_else(PoisonError::into_inner);
        (ticks.first().copied().unwrap_or(until), fault)
    }

    /// Whether anything flows at the present tick.
    fn flows(&self) -> bool {
        0 <= self.tick && !self.network.stages.is_empty() && self.fault.is_none()
    }

    fn scene(&self, population: usize) -> Scene<'_> {
        Scene {
            population: &self.plan.populations[population],
            tables: &self.plan.tables,
            slots: &self.slots[population],
            now: self.tick.max(0),
            dt: self.plan.dt,
        }
    }

    fn derive_arrays(&mut self, population: usize) {
        let scene = Scene {
            population: &self.plan.populations[population],
            tables: &self.plan.tables,
            slots: &self.slots[population],
            now: 0,
            dt: self.plan.dt,
        };
        for worker in &mut self.workers {
            worker.shards[population].derive(scene);
        }
    }
}

impl Engine for Machine {
    fn tick(&self) -> i64 {
        self.tick
    }

    fn advance(&mut self, until: i64, interrupt: &AtomicBool) -> Result<(), Stop> {
        if let Some(fault) = &self.fault {
            return Err(Stop::Fault(fault.clone()));
        }
        if until <= self.tick {
            return Ok(());
        }
        let (tick, fault) = self.run(until, interrupt);
        self.tick = tick;
        if let Some(fault) = fault {
            self.tick = fault.tick - 1;
            self.workers.iter_mut().for_each(|worker| worker.forget(fault.tick));
            self.fault = Some(Box::new(fault.clone()));
            return Err(Stop::Fault(Box::new(fault)));
        }
        if tick < until {
            return Err(Stop::Interrupted);
        }
        Ok(())
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

    fn add_probe(&mut self, probe: Probe) -> ProbeId {
        for worker in &mut self.workers {
            worker.add_probe(&self.plan, &probe);
        }
        self.probes.push(probe);
        ProbeId(self.probes.len() as u32 - 1)
    }

    fn samples(&self, probe: ProbeId) -> Samples {
        let parts: Vec<_> = self.workers.iter().map(|w| w.samples(probe.0 as usize)).collect();
        let ticks = parts[0].0.to_vec();
        let mut values = vec![];
        for k in 0..ticks.len() {
            for (_, part, cells) in &parts {
                values.extend_from_slice(&part[k * cells..(k + 1) * cells]);
            }
        }
        Samples { ticks, values }
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
        let k = population as usize;
        let plan = &self.plan.populations[k];
        let ty = plan.uniforms[uniform.0 as usize].ty;
        self.slots[k][uniform.0 as usize] = slot_of(ty, plan.precision, value);
        derive_slots(plan, &self.plan.tables, self.plan.dt, &mut self.slots[k]);
        self.derive_arrays(k);
        self.changed = true;
    }

    fn set_array(&mut self, population: u32, array: ArrayId, values: &[(u32, f64)]) {
        let k = population as usize;
        let plan = Arc::clone(&self.plan);
        for &(cell, value) in values.iter().filter(|v| v.0 < plan.populations[k].cells) {
            let shard = &mut self.workers[self.network.shards.owner(k, cell)].shards[k];
            let local = (cell - shard.first) as usize;
            shard.set(&plan.populations[k], array, local, value);
        }
        self.derive_arrays(k);
        self.changed = true;
    }

    fn set_drive(&mut self, drive: u32, uniform: UniformId, value: f64) {
        let plan = &self.plan.drives[drive as usize];
        self.drives[drive as usize].set(&self.plan, plan, uniform, value);
    }

    fn settle(&mut self) {
        if self.changed && self.flows() {
            self.run(self.tick, &AtomicBool::new(false));
        }
    }

    fn visit_synapses(&self, projection: u32, visit: &mut (dyn FnMut(&Synapses) + Send)) {
        self.network.visit_synapses(projection, visit);
    }

    fn scale_weights(&mut self, projection: u32, sources: &[bool], factors: &[f64]) {
        let network = Arc::get_mut(&mut self.network);
        network
            .expect("a machine whose weights change has its network for itself")
            .scale(projection, sources, factors);
        self.changed = true;
    }

    fn observe_synapses(&self, _projection: u32, _observable: u32) -> Vec<f64> {
        unreachable!("no plan has a projection that learns")
    }

    fn synapse_array(&self, _projection: u32, _array: ArrayId) -> Vec<f64> {
        unreachable!("no plan has a projection that learns")
    }

    fn add_synapse_probe(&mut self, _probe: SynapseProbe) -> ProbeId {
        unreachable!("no plan has a projection that learns")
    }

    fn set_synapses(&mut self, _projection: u32, _array: ArrayId, _values: &[(u32, f64)]) {
        unreachable!("no plan has a projection that learns")
    }

    fn learning_slot(&self, _projection: u32, _uniform: UniformId) -> f64 {
        unreachable!("no plan has a projection that learns")
    }

    fn set_learning_slot(&mut self, _projection: u32, _uniform: UniformId, _value: f64) {
        unreachable!("no plan has a projection that learns")
    }

    fn in_flight(&self, population: u32, port: u32) -> Vec<(i64, u32, f64)> {
        let (k, precision) = (population as usize, self.precision(population));
        let mut sums = vec![];
        for tick in self.tick + 1..=self.tick + self.network.slots as i64 {
            for worker in &self.workers {
                let (first, cells) = self.network.shards.range(k, worker.id);
                let offset = self.network.shards.offset(worker.id, k, port as usize);
                for cell in 0..cells {
                    let at = offset + cell as usize;
                    let sum = match precision {
                        Precision::F32 => f64::from(worker.rings.single.slot(tick)[at]),
                        Precision::F64 => worker.rings.double.slot(tick)[at],
                    };
                    if sum != 0.0 {
                        sums.push((tick, first + cell, sum));
                    }
                }
            }
        }
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
}
