//! A relay of engines, for tests: each runs some ticks and hands its state, written down, over to the next.
//!
//! In: engines with the same network. Out: an engine that gives the same bits as any of them alone, if checkpoints hold all that the
//! future depends on.

use crate::checkpoint;
use circ_plan::engine::{Engine, Keep, Probe, ProbeId, Reset, Row, Samples, Stop, SynapseProbe, Synapses};
use circ_plan::ir::{ArrayId, EventId, Precision, UniformId};
use circ_plan::snapshot::Snapshot;
use std::sync::atomic::AtomicBool;

/// See above.
pub struct Relay {
    engines: Vec<Box<dyn Engine>>,
    /// Whose turn it is.
    current: usize,
    /// How many ticks a turn has.
    turn: i64,
    /// What each probe keeps, and whether it is of cells.
    probes: Vec<(Keep, bool)>,
}

impl Relay {
    pub fn new(engines: Vec<Box<dyn Engine>>, turn: i64) -> Relay {
        Relay { engines, current: 0, turn: turn.max(1), probes: vec![] }
    }

    fn now(&self) -> &dyn Engine {
        self.engines[self.current].as_ref()
    }

    fn now_mut(&mut self) -> &mut dyn Engine {
        self.engines[self.current].as_mut()
    }

    fn hand_over(&mut self) {
        let snapshot = self.now_mut().snapshot();
        let bytes = checkpoint::written(&snapshot);
        let read = checkpoint::read_back(&bytes);
        let sums: Vec<Option<Samples>> = (0..self.probes.len())
            .map(|k| (self.probes[k] == (Keep::Sum, true)).then(|| self.now().samples(ProbeId(k as u32))))
            .collect();
        self.current = (self.current + 1) % self.engines.len();
        let next = self.now_mut();
        next.restore(&read);
        for (k, samples) in sums.into_iter().enumerate() {
            samples.into_iter().for_each(|samples| next.put_samples(ProbeId(k as u32), samples));
        }
        let again = next.snapshot();
        let (was, is) = (without_past(snapshot), without_past(again));
        assert!(
            checkpoint::written(&was) == checkpoint::written(&is),
            "what is handed over is what there is:\n{was:?}\n{is:?}"
        );
    }
}

/// How far back an engine keeps what synapses see is its own affair.
fn without_past(mut snapshot: Snapshot) -> Snapshot {
    snapshot.populations.iter_mut().for_each(|it| it.past.clear());
    snapshot
}

impl Engine for Relay {
    fn tick(&self) -> i64 {
        self.now().tick()
    }
    fn advance(&mut self, until: i64, interrupt: &AtomicBool) -> Result<(), Stop> {
        loop {
            let next = until.min((self.tick().div_euclid(self.turn) + 1) * self.turn);
            self.now_mut().advance(next, interrupt)?;
            if next % self.turn == 0 {
                self.now_mut().conclude()?;
                self.hand_over();
            }
            if until <= self.tick() {
                return Ok(());
            }
        }
    }
    fn conclude(&mut self) -> Result<(), Stop> {
        self.now_mut().conclude()
    }
    fn events(&self, population: u32, event: EventId) -> Vec<(i64, u32)> {
        self.now().events(population, event)
    }
    fn add_probe(&mut self, probe: Probe) -> ProbeId {
        self.probes.push((probe.keep, true));
        let ids: Vec<ProbeId> =
            self.engines.iter_mut().map(|engine| engine.add_probe(probe.clone())).collect();
        ids[0]
    }
    fn samples(&self, probe: ProbeId) -> Samples {
        let (keep, _) = self.probes[probe.0 as usize];
        if keep == Keep::Sum {
            return self.now().samples(probe);
        }
        let parts: Vec<Samples> = self.engines.iter().map(|engine| engine.samples(probe)).collect();
        let mut rows: Vec<(i64, Row)> = parts.iter().flat_map(Samples::rows).collect();
        rows.sort_by_key(|row| row.0);
        let mut all = Samples::default();
        rows.into_iter().for_each(|(tick, row)| all.take_row(tick, row));
        all
    }
    fn take_samples(&mut self, probe: ProbeId) -> Samples {
        let all = self.samples(probe);
        self.engines.iter_mut().for_each(|engine| drop(engine.take_samples(probe)));
        all
    }
    fn observe(&self, population: u32, observable: u32) -> Vec<f64> {
        self.now().observe(population, observable)
    }
    fn array(&self, population: u32, array: ArrayId) -> Vec<f64> {
        self.now().array(population, array)
    }
    fn uniform(&self, population: u32, uniform: UniformId) -> f64 {
        self.now().uniform(population, uniform)
    }
    fn set_uniform(&mut self, population: u32, uniform: UniformId, value: f64) {
        self.now_mut().set_uniform(population, uniform, value);
    }
    fn set_array(&mut self, population: u32, array: ArrayId, values: &[(u32, f64)]) {
        self.now_mut().set_array(population, array, values);
    }
    fn reset(&mut self, what: &Reset) {
        self.now_mut().reset(what);
    }
    fn set_drive(&mut self, drive: u32, uniform: UniformId, value: f64) {
        self.now_mut().set_drive(drive, uniform, value);
    }
    fn set_drive_cells(&mut self, drive: u32, slot: ArrayId, values: &[f64]) {
        self.now_mut().set_drive_cells(drive, slot, values);
    }
    fn settle(&mut self) {
        self.now_mut().settle();
    }
    fn visit_synapses(&self, projection: u32, visit: &mut (dyn FnMut(&Synapses) + Send)) {
        self.now().visit_synapses(projection, visit);
    }
    fn scale_weights(&mut self, projection: u32, sources: &[bool], factors: &[f64]) {
        self.now_mut().scale_weights(projection, sources, factors);
    }
    fn observe_synapses(&self, projection: u32, observable: u32) -> Vec<f64> {
        self.now().observe_synapses(projection, observable)
    }
    fn synapse_array(&self, projection: u32, array: ArrayId) -> Vec<f64> {
        self.now().synapse_array(projection, array)
    }
    fn add_synapse_probe(&mut self, probe: SynapseProbe) -> ProbeId {
        self.probes.push((probe.keep, false));
        let ids: Vec<ProbeId> =
            self.engines.iter_mut().map(|engine| engine.add_synapse_probe(probe.clone())).collect();
        ids[0]
    }
    fn set_synapses(&mut self, projection: u32, array: ArrayId, values: &[(u32, f64)]) {
        self.now_mut().set_synapses(projection, array, values);
    }
    fn restart_synapses(&mut self, projection: u32, array: ArrayId) {
        self.now_mut().restart_synapses(projection, array);
    }
    fn learning_slot(&self, projection: u32, uniform: UniformId) -> f64 {
        self.now().learning_slot(projection, uniform)
    }
    fn set_learning_slot(&mut self, projection: u32, uniform: UniformId, value: f64) {
        self.now_mut().set_learning_slot(projection, uniform, value);
    }
    fn in_flight(&self, population: u32, port: u32) -> Vec<(i64, u32, f64)> {
        self.now().in_flight(population, port)
    }
    fn flowing(&self, population: u32, array: ArrayId) -> Vec<(i64, u32, f64)> {
        self.now().flowing(population, array)
    }
    fn precision(&self, population: u32) -> Precision {
        self.now().precision(population)
    }
    fn snapshot(&mut self) -> Snapshot {
        self.now_mut().snapshot()
    }
    fn restore(&mut self, snapshot: &Snapshot) {
        self.engines.iter_mut().for_each(|engine| engine.restore(snapshot));
    }
    fn key_draws(&mut self, trial: Option<u64>) {
        self.engines.iter_mut().for_each(|engine| engine.key_draws(trial));
    }
    fn put_samples(&mut self, probe: ProbeId, samples: Samples) {
        self.now_mut().put_samples(probe, samples);
    }
}
