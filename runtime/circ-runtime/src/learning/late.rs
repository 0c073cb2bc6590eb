//! Events of targets that wait until their synapses are looked at: when a source spikes, or when somebody asks.
//!
//! In: events of targets, spikes of sources. Out: the same bits as if `on post` had run at every event, without a walk
//! over all synapses of a target. Where that is possible, [`super::waits`] says.

mod part;
mod pick;

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
use super::waits::{Climb, ROOM, Waits, climb};
use crate::prefetch::fetch;
use crate::rows::ROW;
use part::{Listed, Part};

/// The events that wait, of the targets of one thread.
#[derive(Clone)]
pub struct Late {
    /// Targets that see an event, by tick.
    heard: Calendar<u32>,
    targets: Targets,
    sources: Sources,
    /// By synapse: how many of the events of its target that are remembered are in it. Empty where there is a log.
    seen: Vec<u8>,
    /// Of sources that are looked at: what each decaying column was, by tick since the source's own.
    ladders: [Vec<Vec<f64>>; BESIDE],
    part: Box<Part>,
    /// The source of these synapses, and which of those that are looked at it is.
    source: u32,
    beside: usize,
    /// The columns of the source that decay.
    decays: Vec<usize>,
    /// Columns of both sides, as they were at these events, by column; empty of those that stay.
    pre: Vec<Vec<f64>>,
    post: Vec<Vec<f64>>,
}

/// Sources that are looked at together: what a trace was is a long chain of multiplications, and several chains are as fast as
/// one.
pub(super) const BESIDE: usize = 4;

/// What is remembered of targets.
#[derive(Clone)]
struct Targets {
    /// Where it is possible, events stand in one list, as they happen.
    log: Option<Log>,
    /// Else by target; at most [`ROOM`]. Behind them are [`pick::BEHIND`] more.
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
                counts: if log.is_some() { vec![] } else { vec![0; targets + pick::BEHIND] },
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
            ladders: std::array::from_fn(|_| vec![vec![]; waits.decays.len()]),
            part: Box::new(Part::new()),
            source: 0,
            beside: 0,
            decays: waits.decays.iter().map(|decay| decay.0).collect(),
            pre: vec![vec![]; learning.pre.len()],
            post: vec![vec![]; learning.post.len()],
        }
    }

    /// Goes on after a tick that all synapses have seen; `spiked` says of which sources they saw a spike at it.
    pub fn resume(&mut self, scene: Scene, waits: &Waits, tick: i64, spiked: &[bool]) {
        self.heard = Calendar::after(tick);
        if tick < 0 {
            return;
        }
        let ago = i64::from(scene.table.axonal.of(0));
        for source in 0..self.sources.done.len() {
            for ((column, _), base) in waits.decays.iter().zip(&mut self.sources.base) {
                let origin = scene.sides.pre[*column].at(&scene.sides.source, source as u32);
                base[source] = scene.world.float(origin, tick - ago);
            }
        }
        self.sources.since.fill(tick as i32);
        self.sources.done.fill(tick as i32);
        self.sources.spiked.copy_from_slice(spiked);
        self.sources.all_done = tick;
    }

    /// Targets that will see an event, by tick.
    pub fn heard(&self) -> impl Iterator<Item = (i64, &[u32])> {
        self.heard.iter()
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
        let sources: Vec<u32> = (0..self.sources.done.len() as u32).collect();
        self.rows(what, waits, &sources, until);
        self.sources.all_done = until;
    }

    /// Whether there may be events that not all synapses have seen.
    pub fn is_waiting(&self) -> bool {
        self.sources.all_done < self.targets.latest
    }

    /// Lets the synapses of sources, one after the other, see all events up to a tick, of which none is still to be
    /// remembered.
    pub fn rows(&mut self, what: &mut Work, waits: &Waits, sources: &[u32], until: i64) {
        for some in sources.chunks(BESIDE) {
            let (mut due, mut count) = ([0; BESIDE], 0);
            for &source in some {
                due[count] = source;
                count += usize::from(self.begin(what.scene.table, source, until));
            }
            self.climb(waits, what.scene, &due[..count], until);
            for (k, &source) in due[..count].iter().enumerate() {
                (self.source, self.beside) = (source, k);
                let next = due[..count].get(k + 1).map_or(0..0, |&next| what.scene.table.row(next));
                self.row(what, waits, next);
                self.rest(source as usize, k, until);
            }
        }
    }

    /// Whether the synapses of a source have events to see up to a tick; from now on they have seen them.
    fn begin(&mut self, table: &Table, source: u32, until: i64) -> bool {
        let done = &mut self.sources.done[source as usize];
        let from = i64::from(*done) + 1;
        *done = until.max(from - 1) as i32;
        from <= self.targets.latest && from <= until && !table.row(source).is_empty()
    }

    /// Lets the synapses of the source see their events. Those of the `next` source are wanted soon.
    fn row(&mut self, what: &mut Work, waits: &Waits, next: Range<u32>) {
        let whole = self.targets.log.as_ref().map(|log| log.is_whole(self.source));
        match (whole, only_hook(what, waits)) {
            (None, one) => self.synapses(what, waits, one.is_some(), next),
            (Some(true), Some(hook)) => self.events_in_place(what, waits, hook, next),
            (Some(_), _) => self.events(what, waits, next),
        }
    }

    /// Lets a row see its events, some synapses at a time. `together`: the second event of a synapse may follow the first in
    /// one list.
    fn synapses(&mut self, what: &mut Work, waits: &Waits, together: bool, next: Range<u32>) {
        let (table, mut next) = (what.scene.table, next);
        let row = table.row(self.source);
        for first in row.clone().step_by(ROW) {
            let soon = next.start..next.end.min(next.start + ROW as u32);
            next.start = soon.end;
            table.target.fetch(soon.clone());
            fetch(&self.seen, soon.start as usize..soon.end as usize);
            what.arrays[0].fetch(soon);
            self.find(table, first..row.end.min(first + ROW as u32));
            while 0 < self.part.len {
                self.part.list(table.len() as u32, together);
                self.apply(what, waits);
            }
        }
    }

    /// Lets the row of a source see its events, some events at a time.
    fn events(&mut self, what: &mut Work, waits: &Waits, next: Range<u32>) {
        what.arrays[0].fetch(next);
        let source = self.source;
        let mut events = self.targets.log.as_mut().map_or(0..0, |log| log.unseen(source));
        while !events.is_empty() {
            let first = self.targets.log.as_ref().map_or(events.clone(), |log| log.first(&events));
            events.start = first.end;
            self.copied(what, waits, first);
        }
    }

    /// Lets it see some events, at most [`ROW`] and each target once.
    fn copied(&mut self, what: &mut Work, waits: &Waits, events: Range<u32>) {
        let Late { targets, part, source, .. } = self;
        let listed = &mut part.listed;
        listed.len = targets.log.as_ref().map_or(0, |log| {
            log.list(what.scene.table, *source, events, &mut listed.synapses, &mut listed.events)
        });
        self.apply(what, waits);
    }

    /// Lets a row that has a synapse onto every target see its events where the log has them. Only of one hook, in machine
    /// code: it runs for all of these before another would.
    fn events_in_place(&mut self, what: &mut Work, waits: &Waits, hook: usize, next: Range<u32>) {
        what.arrays[0].fetch(next);
        let source = self.source;
        let mut events = self.targets.log.as_mut().map_or(0..0, |log| log.unseen(source));
        while !events.is_empty() {
            let Some(log) = &self.targets.log else { return };
            let run = log.apart(&events);
            events.start = run.end;
            let (mut at, end) = (run.start, run.end - (run.end - run.start) % BLOCK as u32);
            while at < end {
                let failed = self.in_place(what, waits, hook, at..end);
                let Some(group) = failed else { break };
                // What comes before it is done; the rest of its block is gone through with care.
                let block = at + (group / BLOCK * BLOCK + BLOCK) as u32;
                self.copied(what, waits, at + group as u32..block);
                at = block;
            }
            if end < run.end {
                self.copied(what, waits, end..run.end);
            }
        }
    }

    /// Runs a hook for events, of which any [`BLOCK`] that follow each other are of different targets; says which is the first
    /// of a group that fails, if one does.
    fn in_place(&self, what: &mut Work, waits: &Waits, hook: usize, events: Range<u32>) -> Option<usize> {
        let (range, log) = (events.start as usize..events.end as usize, self.targets.log.as_ref()?);
        let (targets, numbers) = log.lists(range.clone());
        let events = Events {
            first: what.scene.table.row(self.source).start,
            synapses: targets,
            ticks: &self.targets.ticks[range.clone()],
            events: numbers,
            ..self.shown(waits)
        };
        what.direct[hook].as_mut()?.events(what.scene, what.arrays, events, 0..range.len())
    }

    /// What hooks see besides the events.
    fn shown<'a>(&'a self, waits: &'a Waits) -> Events<'a> {
        Events {
            source: self.source,
            first: 0,
            synapses: &[],
            ticks: &[],
            events: &[],
            decays: &self.decays,
            ladders: &self.ladders[self.beside],
            since: self.sources.since[self.source as usize],
            finds: &waits.found,
            found: &self.targets.found,
        }
    }

    /// Those of these synapses, at most [`ROW`], that have not seen all events of their targets; from now on they have.
    fn find(&mut self, table: &Table, row: Range<u32>) {
        let Late { targets, part, seen, .. } = self;
        let range = row.start as usize..row.end as usize;
        let seen = &mut seen[range.clone()];
        with_targets!(&table.target, range, list => part.find(row.start, list, seen, &targets.counts));
    }

    /// Computes what the columns of sources were, tick by tick.
    fn climb(&mut self, waits: &Waits, scene: Scene, sources: &[u32], until: i64) {
        for (column, (_, decays)) in waits.decays.iter().enumerate() {
            let mut climbs = Vec::with_capacity(BESIDE);
            for (&source, ladders) in sources.iter().zip(&mut self.ladders) {
                let (ladder, at) = (&mut ladders[column], source as usize);
                let decay = decays[scene.sides.source.segment(source)];
                let seen = self.sources.base[column][at];
                let ticks = (until - i64::from(self.sources.since[at])).max(0) as usize;
                ladder.clear();
                ladder.resize(1 + ticks, seen);
                let value = if self.sources.spiked[at] { decay.raised(seen) } else { seen };
                climbs.push(Climb { decay, value, steps: &mut ladder[1..] });
            }
            climb(climbs);
        }
    }

    /// The columns of a source are known as of the last tick that was looked at.
    fn rest(&mut self, source: usize, beside: usize, until: i64) {
        if i64::from(self.sources.since[source]) < until {
            for (ladder, base) in self.ladders[beside].iter().zip(&mut self.sources.base) {
                base[source] = *ladder.last().expect("it begins with what was known");
            }
            (self.sources.since[source], self.sources.spiked[source]) = (until as i32, false);
        }
    }

    /// Runs the hooks of the events that are listed.
    fn apply(&mut self, what: &mut Work, waits: &Waits) {
        let padding = what.scene.table.len() as u32;
        self.part.listed.look_up(&self.targets.ticks, padding);
        for hook in 0..what.design.triggers.len() {
            if what.design.triggers[hook] != Trigger::Post(waits.kind) {
                continue;
            }
            let (mut done, all) = (0, self.part.listed.len);
            while done < all {
                let Some(direct) = &mut what.direct[hook] else {
                    self.apply_in_rows(what, waits, hook, done..all);
                    break;
                };
                let Listed { synapses, ticks, events, .. } = &self.part.listed;
                let events = Events { synapses, ticks, events, ..self.shown(waits) };
                let failed = direct.events(what.scene, what.arrays, events, done..all);
                let Some(group) = failed else { break };
                // The rest of its block too: those that follow begin with a block again. Padding comes last in one.
                done = all.min(group / BLOCK * BLOCK + BLOCK);
                let rest = self.part.listed.synapses[group..done].iter();
                let real = rest.take_while(|it| **it != padding).count();
                self.apply_in_rows(what, waits, hook, group..group + real);
            }
        }
    }

    /// Runs a hook for the events of part of these synapses.
    fn apply_in_rows(&mut self, what: &mut Work, waits: &Waits, hook: usize, range: Range<usize>) {
        let Late { targets, ladders, part: all, source, sources, beside, pre, post, .. } = self;
        let (part, since) = (&all.listed, sources.since[*source as usize]);
        let (events, ticks) = (&part.events[range.clone()], &part.ticks[range.clone()]);
        for ((column, _), ladder) in waits.decays.iter().zip(&ladders[*beside]) {
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

/// The one hook of events of targets, if there is one alone, in machine code.
fn only_hook(what: &Work, waits: &Waits) -> Option<usize> {
    let triggers = what.design.triggers.iter().enumerate();
    let mut hooks = triggers.filter(|it| *it.1 == Trigger::Post(waits.kind)).map(|it| it.0);
    let first = hooks.next().filter(|&hook| what.direct[hook].is_some())?;
    hooks.next().is_none().then_some(first)
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
