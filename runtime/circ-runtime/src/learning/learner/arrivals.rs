//! What learning synapses have sent, until it arrives.
//!
//! In: what synapses transmitted, by tick of arrival. Out: the sums of a tick, in canonical order, also where synapses were
//! numbered anew since.

use std::collections::BTreeSet;

use super::Learner;
use crate::learning::design::Design;
use crate::learning::due::Due;
use crate::learning::leaves::Scene;
use crate::learning::table::Table;
use crate::ring::Rings;

/// What is on its way to a target.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    pub stamp: i64,
    pub synapse: u32,
    pub value: f64,
}

impl Arrival {
    /// The same without the synapse, which lies in `table`.
    pub fn sent(&self, table: &Table) -> Sent {
        let (target, place) = (table.target.of(self.synapse), table.key(self.synapse));
        Sent { target, place: (self.stamp, place), value: self.value }
    }
}

/// What is on its way from a synapse that may be gone, or has another number now.
#[derive(Clone, Copy, Debug)]
pub struct Sent {
    /// One of the own.
    pub target: u32,
    /// What orders it: the stamp, and the synapse's place when it transmitted: its ends, and which of equal pairs it was.
    pub place: (i64, (u32, u32, u32)),
    pub value: f64,
}

impl Learner {
    /// Adds what arrives at a tick, after all else that does.
    pub fn deliver(&mut self, scene: Scene, design: &Design, tick: i64, rings: &mut Rings) {
        let mut due = Due::new(rings, tick);
        self.arriving(scene, design, tick, |target, value| due.add_at(scene.table, target, value));
        self.earlier.close(tick);
        self.arrivals.close(tick);
    }

    /// Visits what arrives at a tick in canonical order: the own target, and the value.
    fn arriving(&self, scene: Scene, design: &Design, tick: i64, mut visit: impl FnMut(u32, f64)) {
        let (earlier, arrivals) = (self.earlier.of(tick), self.arrivals.of(tick));
        if !design.mixed {
            earlier.iter().for_each(|sent| visit(sent.target, sent.value));
            arrivals.iter().for_each(|it| visit(scene.table.target.of(it.synapse), it.value));
            return;
        }
        let arrivals = arrivals.iter().map(|arrival| arrival.sent(scene.table));
        let mut all: Vec<Sent> = earlier.iter().copied().chain(arrivals).collect();
        // Stable: what was transmitted before a rewiring comes before what another synapse transmitted after it.
        all.sort_by_key(|sent| sent.place);
        all.iter().for_each(|sent| visit(sent.target, sent.value));
    }

    /// All that is on its way, by tick, as if its synapses were gone.
    pub fn all_sent(&self, table: &Table) -> Vec<(i64, Sent)> {
        let earlier = self.earlier.iter().flat_map(|(tick, sent)| sent.iter().map(move |it| (tick, *it)));
        let arrivals = self.arrivals.iter();
        let since = arrivals.flat_map(|(tick, it)| it.iter().map(move |it| (tick, it.sent(table))));
        let mut all: Vec<(i64, Sent)> = earlier.chain(since).collect();
        all.sort_by_key(|(tick, sent)| (*tick, sent.place));
        all
    }

    /// Visits what is on its way, that of each tick of arrival in canonical order: the tick, the own target, the value.
    pub fn on_its_way(&self, scene: Scene, design: &Design, mut visit: impl FnMut(i64, u32, f64)) {
        let ticks = self.earlier.iter().map(|due| due.0).chain(self.arrivals.iter().map(|due| due.0));
        for tick in ticks.collect::<BTreeSet<i64>>() {
            self.arriving(scene, design, tick, |target, value| visit(tick, target, value));
        }
    }
}
