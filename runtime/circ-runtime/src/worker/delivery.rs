//! How the spikes of a window reach the own cells.
//!
//! In: the events of all threads in a window. Out: sums in the ring of the thread, rows that wait, and synapses that know who spiked.

use std::collections::BTreeMap;
use std::sync::RwLockReadGuard;

use circ_plan::plan::Sender;

use super::{Mail, Shared, Worker};
use crate::build::layout::Part;
use crate::build::procedural::Maker;
use crate::deliver;
use crate::drive::Pulse;
use crate::network::{Kind, Network, SourceMap};
use crate::ring::Rings;

impl Worker {
    /// Delivers the spikes of a window, of all threads, to the own cells.
    pub(super) fn deliver(&mut self, shared: &Shared, first: i64, last: i64, phase: usize) {
        let mail = shared.mail(phase);
        let scenes = shared.network.scenes();
        let mut makers: BTreeMap<u32, Maker> = BTreeMap::new();
        for tick in first..=last {
            self.hear_all(shared, &mail, first, tick);
            for sender in &shared.plan.order {
                match *sender {
                    Sender::Drive(k) => {
                        let drive = &shared.plan.drives[k as usize];
                        if 0 < drive.delay_ticks {
                            let (values, key) = (&shared.drives[k as usize], shared.keys.trains[k as usize]);
                            let pulse = Pulse { plan: shared.plan, drive, values, key, tick };
                            self.drives[k as usize].send(&pulse, &mut self.rings);
                        }
                    }
                    // What flows does so at the end of each tick; what learns was told already.
                    Sender::Projection(k)
                        if shared.plan.projections[k as usize].flow.is_some()
                            || shared.plan.projections[k as usize].learning.is_some() => {}
                    Sender::Projection(k) => {
                        let wiring = &shared.network.wirings[k as usize];
                        let parts = shared.network.sent(k, self.id);
                        match &wiring.kind {
                            Kind::Rows(_) | Kind::Bundled(_) if parts.is_empty() => continue,
                            _ => self.spiking(&wiring.sources, &mail, (tick - first) as usize),
                        }
                        match &wiring.kind {
                            Kind::Broadcast(broadcast) => {
                                deliver::broadcast(
                                    broadcast,
                                    self.id,
                                    &self.positions,
                                    tick,
                                    &mut self.rings,
                                );
                            }
                            Kind::Procedural(procedural) => {
                                let maker = || Maker::new(procedural, &scenes[&k], self.id);
                                let maker = makers.entry(k).or_insert_with(maker);
                                maker.send(&self.positions, tick, &mut self.rings);
                            }
                            Kind::Rows(_) | Kind::Bundled(_) | Kind::Learning => {
                                self.send(shared, k, parts, tick)
                            }
                        }
                    }
                }
            }
        }
        self.transit.close(shared.network, self.id, &mut self.rings);
    }

    /// Sends what the sources of a projection that spiked send at a tick, or keeps it for the block of its arrival.
    fn send(&mut self, shared: &Shared, projection: u32, parts: &[Part], tick: i64) {
        let own = &shared.network.schedule.threads[self.id];
        for (k, part) in parts.iter().enumerate() {
            match own.lane(projection, k) {
                Some(lane) => self.transit.send(lane, part, &self.positions, tick),
                None => deliver::deliver(part, &self.positions, tick, &mut self.rings),
            }
        }
    }

    /// All that arrives after a tick that all cells have made.
    pub fn arrivals(&self, network: &Network, now: i64) -> Rings {
        let mut rings = self.rings.widened(now, network.all_slots);
        self.transit.clone().arrive(network, self.id, &mut rings);
        rings
    }

    /// Delivers all that waits, into rings that have room for it from then on.
    pub fn arrive(&mut self, network: &Network, now: i64) {
        self.rings = self.rings.widened(now, network.all_slots);
        self.transit.arrive(network, self.id, &mut self.rings);
    }

    /// Tells synapses that learn of the events of all cells at a tick.
    pub(super) fn hear_all(
        &mut self,
        shared: &Shared,
        mail: &[RwLockReadGuard<Mail>],
        first: i64,
        tick: i64,
    ) {
        let around = shared.surroundings();
        let at = (tick - first) as usize;
        for (k, design) in shared.network.designs.iter().enumerate() {
            self.spiking(&shared.network.wirings[design.projection as usize].sources, mail, at);
            self.learning.spikes(around, k, &self.positions, tick);
            for (modulator, of) in design.modulators.iter().enumerate() {
                self.spiking(&of.cells, mail, at);
                self.learning.modulate(around, k, modulator, &self.positions, tick);
            }
        }
    }

    /// The positions of the sources that had their event at a tick, ascending.
    fn spiking(&mut self, sources: &SourceMap, mail: &[RwLockReadGuard<Mail>], tick_of_window: usize) {
        self.positions.clear();
        for segment in &sources.segments {
            let first = self.positions.len();
            let mut sorted = true;
            // Threads own ascending ranges of cells.
            for mail in mail {
                let cells = mail.cells(segment.population, segment.event, tick_of_window);
                sorted &= segment.positions(cells, &mut self.positions);
            }
            if !sorted {
                self.positions[first..].sort_unstable();
            }
        }
    }
}
