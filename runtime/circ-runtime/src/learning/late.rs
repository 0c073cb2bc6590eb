//! Events of targets that wait until their synapses are looked at: when a source spikes, or when somebody asks.
//!
//! In: events of targets, spikes of sources. Out: the same bits as if `on post` had run at every event, without a walk
//! over all synapses of a target. Where that is possible, [`super::waits`] says.

use std::ops::Range;

use circ_plan::abi::BLOCK;
use circ_plan::learning::Learning;

use super::calendar::Calendar;
use super::design::{Design, Trigger};
use super::direct::{Direct, Events};
use super::leaves::{Given, Picked, Scene};
use super::log::Log;
use super::routine::{Failure, Routine};
use super::sides::Post;
use super::store::{Beside, Column, Which};
use super::table::Table;
use super::targets::with_targets;
use super::waits::{ROOM, Waits};
use crate::narrow::Narrow;
use crate::rows::ROW;

/// The events that wait, of the targets of one thread.
#[derive(Clone)]
pub struct Late {
    /// Targets that see an event, by tick.
    heard: Calendar<u32>,
    targets: Targets,
    sources: Sources,
    /// By synapse: how many of the events of its target that are remembered are in it. Empty where there is a log.
    seen: Vec<u8>,
    /// Of a source that is looked at: what each decaying column was, by tick since the source's own.
    ladders: Vec<Vec<f64>>,
    part: Box<Part>,
    /// The source of these synapses.
    source: u32,
    /// The columns of the source that decay.
    decays: Vec<usize>,
    /// Columns of both sides, as they were at these events, by column; empty of those that stay.
    pre: Vec<Vec<f64>>,
    post: Vec<Vec<f64>>,
}

/// Room for a row and padding.
const PADDED: usize = ROW + BLOCK;

/// Of some synapses of a source those that have events to see.
#[derive(Clone)]
struct Part {
    len: usize,
    synapses: [u32; PADDED],
    /// Which event it is, its tick, and how many there are from it on.
    events: [u32; PADDED],
    ticks: [i32; PADDED],
    left: [u8; ROW],
}

/// What is remembered of targets.
#[derive(Clone)]
struct Targets {
    /// Where it is possible, events stand in one list, as they happen.
    log: Option<Log>,
    /// Else by target; at most [`ROOM`].
    counts: Vec<u8>,
    /// [`ROOM`] for each, or as they happen: the ticks, ascending.
    ticks: Vec<i32>,
    /// By column that is remembered; then likewise.
    found: Vec<Vec<f64>>,
    /// The last of all, or -1.
    latest: i64,
}

/// What is remembered of sources.
#[derive(Clone)]
struct Sources {
    /// By source: a tick at which its columns are known, and whether it spiked then.
    since: Vec<i32>,
    spiked: Vec<bool>,
    /// By decaying column, source: the value then.
    base: Vec<Vec<f64>>,
    /// By source: all events up to this tick are in its synapses; and the least of them, as far as is known.
    done: Vec<i32>,
    all_done: i64,
}

impl Late {
    /// Before tick 0.
    pub fn new(waits: &Waits, learning: &Learning, table: &Table) -> Late {
        let (sources, targets) = (table.starts.len() - 1, table.positions.len());
        let log = Log::new(table);
        let room = if log.is_some() { 0 } else { targets * ROOM };
        Late {
            heard: Calendar::default(),
            seen: if log.is_some() { vec![] } else { vec![0; table.len()] },
            targets: Targets {
                counts: if log.is_some() { vec![] } else { vec![0; targets] },
                ticks: vec![0; room],
                found: vec![vec![0.0; room]; waits.found.len()],
                log,
                latest: -1,
            },
            sources: Sources {
                since: vec![0; sources],
                spiked: vec![false; sources],
                base: vec![vec![0.0; sources]; waits.decays.len()],
                done: vec![-1; sources],
                all_done: -1,
            },
            ladders: vec![vec![]; waits.decays.len()],
            part: Box::new(Part {
                len: 0,
                synapses: [0; PADDED],
                events: [0; PADDED],
                ticks: [0; PADDED],
                left: [0; ROW],
            }),
            source: 0,
            decays: waits.decays.iter().map(|decay| decay.0).collect(),
            pre: vec![vec![]; learning.pre.len()],
            post: vec![vec![]; learning.post.len()],
        }
    }

    /// A target will see an event at a tick.
    pub fn hear(&mut self, target: u32, tick: i64) {
        self.heard.push(tick, target);
    }

    /// Remembers the events of a tick, after all that spikes do in it. `what` is needed where there is no more room.
    pub fn remember(&mut self, mut what: Work, waits: &Waits, tick: i64) {
        let heard = std::mem::take(&mut self.heard);
        let due = heard.of(tick);
        if self.targets.are_full(due) {
            self.all(&mut what, waits, tick - 1);
            self.targets.clear();
            self.seen.fill(0);
        }
        for &target in due {
            self.targets.push(what.scene, waits, target, tick);
        }
        self.heard = heard;
        self.heard.close(tick);
    }

    /// A source spiked, and its synapses see it at a tick; what they saw before was done by [`Late::row`].
    pub fn spike(&mut self, scene: Scene, waits: &Waits, source: u32, stamp: i64, tick: i64) {
        let at = source as usize;
        for ((column, _), base) in waits.decays.iter().zip(&mut self.sources.base) {
            let origin = scene.sides.pre[*column].at(&scene.sides.source, source);
            base[at] = scene.world.float(origin, stamp);
        }
        (self.sources.since[at], self.sources.spiked[at]) = (tick as i32, true);
    }

    /// Lets the synapses of all sources see all events up to a tick.
    pub fn all(&mut self, what: &mut Work, waits: &Waits, until: i64) {
        if !self.is_waiting() {
            return;
        }
        let sources = self.sources.done.len() as u32;
        for source in 0..sources {
            let next = (source + 1 < sources).then_some(source + 1);
            self.row(what, waits, source, next, until);
        }
        self.sources.all_done = until;
    }

    /// Whether there may be events that not all synapses have seen.
    pub fn is_waiting(&self) -> bool {
        self.sources.all_done < self.targets.latest
    }

    /// Lets the synapses of a source see all events up to a tick, of which none is still to be remembered. The synapses
    /// of the `next` source are wanted soon.
    pub fn row(&mut self, what: &mut Work, waits: &Waits, source: u32, next: Option<u32>, until: i64) {
        let at = source as usize;
        let from = i64::from(self.sources.done[at]) + 1;
        let table = what.scene.table;
        let row = table.row(source);
        self.sources.done[at] = until.max(from - 1) as i32;
        if self.targets.latest < from || until < from || row.is_empty() {
            return;
        }
        self.climb(waits, what.scene, source, until);
        self.source = source;
        let since = self.sources.since[at];
        let next = next.map_or(0..0, |next| table.row(next));
        match self.targets.log.is_some() {
            true => self.events(what, waits, since, source, next),
            false => self.synapses(what, waits, since, row, next),
        }
        self.rest(at, until);
    }

    /// Lets a row see its events, some synapses at a time.
    fn synapses(&mut self, what: &mut Work, waits: &Waits, since: i32, row: Range<u32>, next: Range<u32>) {
        let (table, mut next) = (what.scene.table, next);
        for first in row.clone().step_by(ROW) {
            let soon = next.start..next.end.min(next.start + ROW as u32);
            next.start = soon.end;
            table.target.fetch(soon.clone());
            what.arrays[0].fetch(soon);
            self.find(table, first..row.end.min(first + ROW as u32));
            while 0 < self.part.len {
                self.apply(what, waits, since);
                self.part.next();
            }
        }
    }

    /// Lets the row of a source see its events, some events at a time.
    fn events(&mut self, what: &mut Work, waits: &Waits, since: i32, source: u32, next: Range<u32>) {
        what.arrays[0].fetch(next);
        let unseen = |late: &mut Late| late.targets.log.as_mut().map(|log| log.unseen(source));
        let mut events = unseen(self).unwrap_or(0..0);
        while !events.is_empty() {
            if let Some(log) = &self.targets.log {
                let (part, first) = (&mut *self.part, log.first(&events));
                events.start = first.end;
                part.len = log.list(what.scene.table, source, first, &mut part.synapses, &mut part.events);
            }
            self.apply(what, waits, since);
        }
    }

    /// Those of these synapses, at most [`ROW`], that have not seen all events of their targets; from now on they have.
    fn find(&mut self, table: &Table, row: Range<u32>) {
        let Late { targets, part, seen, .. } = self;
        let range = row.start as usize..row.end as usize;
        let seen = &mut seen[range.clone()];
        with_targets!(&table.target, range, list => part.find(row.start, list, seen, &targets.counts));
    }

    /// Computes what the columns of a source were, tick by tick.
    fn climb(&mut self, waits: &Waits, scene: Scene, source: u32, until: i64) {
        let at = source as usize;
        let segment = scene.sides.source.segment(source);
        let ticks = (until - i64::from(self.sources.since[at])).max(0) as usize;
        for (((_, decays), ladder), base) in
            waits.decays.iter().zip(&mut self.ladders).zip(&self.sources.base)
        {
            let (decay, seen) = (decays[segment], base[at]);
            let after = if self.sources.spiked[at] { decay.raised(seen) } else { seen };
            ladder.clear();
            ladder.push(seen);
            decay.extend(after, ticks, ladder);
        }
    }

    /// The columns of a source are known as of the last tick that was looked at.
    fn rest(&mut self, source: usize, until: i64) {
        if i64::from(self.sources.since[source]) < until {
            for (ladder, base) in self.ladders.iter().zip(&mut self.sources.base) {
                base[source] = *ladder.last().expect("it begins with what was known");
            }
            (self.sources.since[source], self.sources.spiked[source]) = (until as i32, false);
        }
    }

    /// Runs the hooks of one event of each synapse.
    fn apply(&mut self, what: &mut Work, waits: &Waits, since: i32) {
        self.part.look_up(&self.targets.ticks, what.scene.table.len() as u32);
        for hook in 0..what.design.triggers.len() {
            if what.design.triggers[hook] != Trigger::Post(waits.kind) {
                continue;
            }
            let mut done = 0;
            while done < self.part.len {
                let Some(direct) = &mut what.direct[hook] else {
                    self.apply_in_rows(what, waits, since, hook, done..self.part.len);
                    break;
                };
                let Part { synapses, ticks, events, .. } = &*self.part;
                let events = Events {
                    source: self.source,
                    synapses,
                    ticks,
                    events,
                    decays: &self.decays,
                    ladders: &self.ladders,
                    since,
                    finds: &waits.found,
                    found: &self.targets.found,
                };
                let failed = direct.events(what.scene, what.arrays, events, done..self.part.len);
                let Some(group) = failed else { break };
                done = self.part.len.min(group + direct.lanes());
                self.apply_in_rows(what, waits, since, hook, group..done);
            }
        }
    }

    /// Runs a hook for the events of part of these synapses.
    fn apply_in_rows(
        &mut self,
        what: &mut Work,
        waits: &Waits,
        since: i32,
        hook: usize,
        range: Range<usize>,
    ) {
        let Late { targets, ladders, part, source, pre, post, .. } = self;
        let (events, ticks) = (&part.events[range.clone()], &part.ticks[range.clone()]);
        for ((column, _), ladder) in waits.decays.iter().zip(ladders) {
            let pre = &mut pre[*column];
            pre.clear();
            pre.extend(ticks.iter().map(|&tick| ladder[(tick - since) as usize]));
        }
        for (column, found) in waits.found.iter().zip(&targets.found) {
            let post = &mut post[*column];
            post.clear();
            post.extend(events.iter().map(|&event| found[event as usize]));
        }
        let picked = Picked {
            synapses: Which::List(&part.synapses[range]),
            sources: Beside::One(*source),
            now: 0,
            source_ticks: Beside::One(0),
            tick: 0,
            given: Some(Given { pre, post, events, ticks: &targets.ticks }),
        };
        let program = &what.scene.learning.hooks[hook].program;
        what.hooks[hook].apply(program, what.scene, what.arrays, picked, what.failure);
    }

    /// Bytes held.
    pub fn bytes(waits: &Waits, table: &Table) -> u64 {
        let of_synapses = Log::new(table).map_or(table.len() as u64, |log| log.bytes());
        of_synapses + waits.bytes(table.starts.len() - 1, table.positions.len())
    }
}

impl Part {
    /// The synapses from `first` on that have not seen as many events as their targets had.
    fn find<T: Narrow>(&mut self, first: u32, targets: &[T], seen: &mut [u8], counts: &[u8]) {
        let Part { len, synapses, events, left, .. } = self;
        let mut found = 0;
        // A branch for each would be a guess.
        for ((synapse, target), seen) in (first..).zip(targets).zip(seen) {
            let (count, place) = (counts[target.index()], found % ROW);
            synapses[place] = synapse;
            events[place] = (ROOM * target.index()) as u32 + u32::from(*seen);
            left[place] = count - *seen;
            found += usize::from(count != *seen);
            *seen = count;
        }
        *len = found;
    }

    /// Finds the tick of each event, and pads the lists: with the element that stands behind all synapses.
    fn look_up(&mut self, ticks: &[i32], padding: u32) {
        let len = self.len.min(ROW);
        let Part { synapses, events, ticks: found, .. } = self;
        for (found, &event) in found[..len].iter_mut().zip(&events[..len]) {
            *found = ticks[event as usize];
        }
        let rest = len..len + BLOCK;
        synapses[rest.clone()].fill(padding);
        if let Some(last) = len.checked_sub(1) {
            let (event, tick) = (events[last], found[last]);
            events[rest.clone()].fill(event);
            found[rest].fill(tick);
        }
    }

    /// Goes on to the next event of each synapse that has one.
    fn next(&mut self) {
        let mut kept = 0;
        for at in 0..self.len.min(ROW) {
            let left = self.left[at];
            self.synapses[kept] = self.synapses[at];
            self.events[kept] = self.events[at] + 1;
            self.left[kept] = left - 1;
            kept += usize::from(1 < left);
        }
        self.len = kept;
    }
}

impl Targets {
    /// Whether there is no room for one more event of each of these.
    fn are_full(&self, due: &[u32]) -> bool {
        match &self.log {
            Some(log) => ROOM * log.targets() < log.len() + due.len(),
            None => due.iter().any(|&target| usize::from(self.counts[target as usize]) == ROOM),
        }
    }

    /// Forgets all events, which all synapses have seen.
    fn clear(&mut self) {
        self.counts.fill(0);
        if let Some(log) = &mut self.log {
            log.clear();
            self.ticks.clear();
            self.found.iter_mut().for_each(Vec::clear);
        }
    }

    fn push(&mut self, scene: Scene, waits: &Waits, target: u32, tick: i64) {
        let entry = match &mut self.log {
            Some(log) => {
                log.push(target);
                self.ticks.push(0);
                self.found.iter_mut().for_each(|found| found.push(0.0));
                self.ticks.len() - 1
            }
            None => {
                let count = &mut self.counts[target as usize];
                *count += 1;
                ROOM * target as usize + usize::from(*count) - 1
            }
        };
        self.ticks[entry] = tick as i32;
        let position = scene.table.positions[target as usize];
        for (column, found) in waits.found.iter().zip(&mut self.found) {
            let Post::Target(origins) = &scene.sides.post[*column] else { continue };
            let back = i64::from(scene.table.back.of(0));
            found[entry] = scene.world.float(origins.at(&scene.sides.target, position), tick - back);
        }
        self.latest = tick;
    }
}

/// What the hooks of targets work on.
pub struct Work<'a> {
    pub scene: Scene<'a>,
    pub design: &'a Design,
    pub arrays: &'a mut [Column],
    pub hooks: &'a mut [Routine],
    pub direct: &'a mut [Option<Direct>],
    pub failure: &'a mut Option<Failure>,
}
