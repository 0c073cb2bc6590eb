//! A learner as it is between two ticks, and one that goes on from there.
//!
//! In: what the synapses of a thread hold, have still to see, and have sent; lists of own synapses in any order. Out: a learner
//! that has come as far. Events of targets have all been seen that are due: none waits.

use circ_plan::ir::Precision;
use circ_plan::snapshot::{Sent, Spikes};

use super::{Arrival, Learner};
use crate::learning::batch::Seen;
use crate::learning::calendar::Calendar;
use crate::learning::design::Design;
use crate::learning::late::Late;
use crate::learning::leaves::Scene;
use crate::learning::shared::Common;
use crate::learning::store::Column;
use crate::learning::table::{ByTarget, Stretch};

/// What the synapses of a thread are at a tick, by own number.
#[derive(Debug, Default)]
pub struct Resumed {
    pub tick: i64,
    pub arrays: Vec<Column>,
    pub spikes: Vec<Spikes>,
    /// (tick, kind, synapse)
    pub events: Vec<(i64, u32, u32)>,
    pub sent: Vec<Sent>,
    /// Where synapses come and go: what each held when it began, and, instead of `sent`, what these and others sent that are gone.
    pub initial: Vec<Column>,
    pub earlier: Vec<(i64, super::Sent)>,
    /// By source: whether synapses with the one axonal delay there is saw a spike at the tick.
    pub spiked: Vec<bool>,
}

impl Learner {
    /// What synapses have still to see and what they have sent; what they hold and held, and `spiked`, are left out.
    pub fn resumed(&self, scene: Scene, design: &Design) -> Resumed {
        let table = scene.table;
        let mut out = Resumed { tick: self.done, ..Resumed::default() };
        for (tick, seen) in self.seen.iter() {
            let of = |seen: &Seen| Spikes { tick, stamp: seen.stamp, first: seen.first, end: seen.end };
            out.spikes.extend(seen.iter().map(of));
        }
        for (kind, posts) in self.posts.iter().enumerate() {
            for (tick, stretches) in posts.iter() {
                for &Stretch { first, end, .. } in stretches {
                    let synapses = &self.by_target.synapses[first as usize..end as usize];
                    out.events.extend(synapses.iter().map(|synapse| (tick, kind as u32, *synapse)));
                }
            }
        }
        if let (Some(late), Some(waits)) = (&self.late, &design.waits)
            && late.heard().any(|(_, heard)| !heard.is_empty())
        {
            let by_target = ByTarget::new(table);
            for (tick, heard) in late.heard() {
                for target in heard {
                    let at = *target as usize;
                    let range = by_target.starts[at] as usize..by_target.starts[at + 1] as usize;
                    let synapses = by_target.synapses[range].iter();
                    out.events.extend(synapses.map(|synapse| (tick, waits.kind as u32, *synapse)));
                }
            }
        }
        let rounded = |target: u32, value: f64| match table.spots[target as usize].precision {
            Precision::F32 => f64::from(value as f32),
            Precision::F64 => value,
        };
        if scene.learning.rewire.is_some() {
            out.earlier = self.all_sent(table);
            out.earlier.iter_mut().for_each(|(_, sent)| sent.value = rounded(sent.target, sent.value));
            return out;
        }
        for (tick, arrivals) in self.arrivals.iter() {
            for &Arrival { stamp, synapse, value } in arrivals {
                let target = table.target.of(synapse);
                let value = rounded(target, value);
                out.sent.push(Sent { tick, stamp, synapse, value });
            }
        }
        out
    }

    /// Goes on from there. The table is that of the synapses that there are.
    pub fn resume(&mut self, scene: Scene, design: &Design, from: Resumed) {
        let (table, tick) = (scene.table, from.tick);
        self.arrays = from.arrays;
        self.by_target = if design.by_target() { ByTarget::new(table) } else { ByTarget::default() };
        (self.begun, self.done, self.transmitted, self.sent) = (tick, tick, 0, 0);
        self.fired = Calendar::after(tick);
        self.modulators.iter_mut().for_each(|events| *events = Calendar::after(tick));
        self.marks = if scene.learning.both.is_some() { vec![0; table.len()] } else { vec![] };
        self.failure = None;
        self.common = Common::new(scene.learning, table);
        self.late = design.waits.as_ref().map(|waits| {
            let mut late = Late::new(waits, scene.learning, table);
            late.resume(scene, waits, tick, &from.spiked);
            late
        });
        self.see_spikes(scene, tick, &from.spikes);
        self.see_events(scene, tick, from.events);
        (self.arrivals, self.earlier) = (Calendar::after(tick), Calendar::after(tick));
        for &Sent { tick, stamp, synapse, value } in &from.sent {
            self.arrivals.push(tick, Arrival { stamp, synapse, value });
        }
        if scene.learning.rewire.is_some() {
            self.initial = from.initial;
            from.earlier.into_iter().for_each(|(tick, sent)| self.earlier.push(tick, sent));
        }
    }

    fn see_spikes(&mut self, scene: Scene, tick: i64, spikes: &[Spikes]) {
        self.seen = Calendar::after(tick);
        let mut spikes = spikes.to_vec();
        spikes.sort_unstable();
        for Spikes { tick, stamp, first, end } in spikes {
            let mut at = first;
            while at < end {
                let source = scene.table.source(at);
                let next = end.min(scene.table.starts[source as usize + 1]);
                self.seen.push(tick, Seen { source, stamp, first: at, end: next });
                at = next;
            }
        }
    }

    fn see_events(&mut self, scene: Scene, tick: i64, mut events: Vec<(i64, u32, u32)>) {
        self.posts.iter_mut().for_each(|posts| *posts = Calendar::after(tick));
        if let Some(late) = &mut self.late {
            // All synapses of a target see its events at the same tick.
            events.iter_mut().for_each(|event| event.2 = scene.table.target.of(event.2));
            events.sort_unstable();
            events.dedup();
            events.into_iter().for_each(|(tick, _, target)| late.hear(target, tick));
            return;
        }
        let mut places = vec![0; self.by_target.synapses.len()];
        for (place, synapse) in self.by_target.synapses.iter().enumerate() {
            places[*synapse as usize] = place as u32;
        }
        events.iter_mut().for_each(|event| event.2 = places[event.2 as usize]);
        events.sort_unstable();
        let mut open: Option<(i64, u32, u32, u32)> = None;
        for event in events.into_iter().map(Some).chain([None]) {
            if let (Some(run), Some(next)) = (&mut open, event)
                && (run.0, run.1, run.3) == next
            {
                run.3 += 1;
                continue;
            }
            if let Some((tick, kind, first, end)) = open {
                let ticks = scene.table.back.of(self.by_target.synapses[first as usize] as usize);
                self.posts[kind as usize].push(tick, Stretch { ticks, first, end });
            }
            open = event.map(|(tick, kind, place)| (tick, kind, place, place + 1));
        }
    }
}
