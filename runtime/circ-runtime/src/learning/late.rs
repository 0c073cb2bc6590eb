//! Events of targets that wait until their synapses are looked at: when a source spikes, or when somebody asks.
//!
//! In: events of targets, spikes of sources. Out: the same bits as if `on post` had run at every event, without a walk
//! over all synapses of a target. Nobody can tell where a hook of the target reads only what the synapse itself
//! holds, what the event found at the target, and traces of the source that follow from its spikes alone: what such a trace was at
//! the event is computed again, by the same multiplications.

use std::ops::Range;

use circ_plan::ir::*;
use circ_plan::learning::{Learning, Signal, When};
use circ_plan::plan::{Column as Place, Dynamics, Plan, ProjectionPlan};

use super::calendar::Calendar;
use super::design::{Design, Trigger};
use super::history::fixed;
use super::leaves::{Given, Picked, Scene};
use super::routine::{Failure, Routine};
use super::sides::Post;
use super::store::Column;
use super::table::{Table, Ticks};
use crate::rows::ROW;

/// Which columns hooks of the target read that have to be remembered or computed again.
#[derive(Clone, Debug)]
pub struct Waits {
    /// The kind of event.
    pub kind: usize,
    /// Columns of the source that decay: the column, and how, by segment of the source.
    decays: Vec<(usize, Vec<Decay>)>,
    /// Columns of the target that change with time.
    found: Vec<usize>,
}

/// A trace of the source, as its synapses see it: 0 at first; at every tick it is multiplied by `factor`, after 1 was
/// added for a spike (or after it became 1).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decay {
    factor: f64,
    nearest: bool,
    precision: Precision,
}

impl Decay {
    /// After a spike.
    fn raised(self, value: f64) -> f64 {
        match (self.nearest, self.precision) {
            (true, _) => 1.0,
            (false, Precision::F32) => f64::from(value as f32 + 1.0),
            (false, Precision::F64) => value + 1.0,
        }
    }

    /// A tick later.
    fn decayed(self, value: f64) -> f64 {
        match self.precision {
            Precision::F32 => f64::from(value as f32 * self.factor as f32),
            Precision::F64 => value * self.factor,
        }
    }
}

impl Waits {
    /// What has to be known for the events of targets to wait, if they can.
    pub fn new(
        plan: &Plan,
        projection: &ProjectionPlan,
        learning: &Learning,
        tables: &[Table],
    ) -> Option<Waits> {
        let one = |ticks: &Ticks| matches!(ticks, Ticks::One(_));
        let constant =
            tables.iter().all(|table| one(&table.axonal) && one(&table.dendritic) && one(&table.back));
        let plain = learning.longest.is_none() && learning.both.is_none();
        let hooks = || learning.hooks.iter();
        let spikes_only = hooks().all(|hook| matches!(hook.when, When::Pre | When::Post(_)));
        let mut events = hooks().filter_map(|hook| match &hook.when {
            When::Post(events) => Some(events),
            _ => None,
        });
        let first = events.next()?;
        // What others do to a shared weight is no event of the synapse.
        let alone = learning.shared.is_none();
        if !constant || !plain || !alone || !spikes_only || events.any(|other| other != first) {
            return None;
        }
        let mut waits = Waits { kind: 0, decays: vec![], found: vec![] };
        for hook in hooks().filter(|hook| matches!(hook.when, When::Post(_))) {
            for (op, ty) in hook.program.ops.iter().zip(&hook.program.types) {
                match op {
                    Op::Load(Side::Pre, array) => waits.source(plan, projection, learning, *array, *ty)?,
                    Op::Load(Side::Post, array) => waits.target(plan, learning, *array, *ty)?,
                    // Of the tick of the event.
                    Op::Now | Op::Time(_) | Op::Draw { .. } | Op::Redraw { .. } => return None,
                    _ => {}
                }
            }
        }
        Some(waits)
    }

    fn source(
        &mut self,
        plan: &Plan,
        projection: &ProjectionPlan,
        learning: &Learning,
        array: ArrayId,
        ty: Ty,
    ) -> Option<()> {
        let at = array.0 as usize;
        let columns = &learning.pre[at];
        if columns.iter().all(|column| stays(plan, column)) || self.decays.iter().any(|known| known.0 == at) {
            return Some(());
        }
        let decays = columns.iter().zip(&projection.source_events).map(|(column, event)| match column {
            Place::Array(population, array) if ty == Ty::Float => decay(plan, *population, *array, *event),
            _ => None,
        });
        self.decays.push((at, decays.collect::<Option<_>>()?));
        Some(())
    }

    fn target(&mut self, plan: &Plan, learning: &Learning, array: ArrayId, ty: Ty) -> Option<()> {
        let at = array.0 as usize;
        let Signal::Target(columns) = &learning.post[at] else { return None };
        if !columns.iter().all(|column| stays(plan, column)) && !self.found.contains(&at) {
            (ty == Ty::Float).then(|| self.found.push(at))?;
        }
        Some(())
    }
}

/// Whether a column changes only when it is set.
fn stays(plan: &Plan, column: &Place) -> bool {
    match *column {
        Place::Array(population, array) => fixed(plan, population, array),
        Place::Uniform(..) | Place::Constant(_) => true,
    }
}

/// How what synapses see in an array follows from a cell's events alone, if it does: read off the programs that make it.
fn decay(plan: &Plan, population: u32, seen: ArrayId, event: EventId) -> Option<Decay> {
    let of = &plan.populations[population as usize];
    let (programs, plays) = match &of.dynamics {
        Dynamics::Cells(programs) => (programs, false),
        Dynamics::SpikeTimes { traces, .. } => (traces.as_ref()?, true),
    };
    let step = &programs.step;
    let stored = |program: &Program, array: ArrayId| {
        program.outputs.iter().find_map(|output| match output {
            Output::Array(to, value) if *to == array => Some(*value),
            _ => None,
        })
    };
    let number = |program: &Program, value: ValueId| match program.op(value) {
        Op::Float(x) => Some(*x),
        _ => None,
    };
    // `seen = trace * factor`
    let decayed = stored(step, seen)?;
    let Op::Mul(a, b) = *step.op(decayed) else { return None };
    let (trace, factor) = match (step.op(a), step.op(b)) {
        (Op::Load(Side::Own, trace), Op::Float(factor)) | (Op::Float(factor), Op::Load(Side::Own, trace)) => {
            (*trace, *factor)
        }
        _ => return None,
    };
    // `trace = if spike then seen + 1 else seen`, in every tick; in the first, of the trace as it begins.
    let happens = |program: &Program, mask: ValueId| match plays {
        true => *program.op(mask) == Op::Load(Side::Own, ArrayId(0)) && event == EventId(0),
        false => program.outputs.contains(&Output::Event(event, mask)),
    };
    let raised = |program: &Program, before: ValueId| {
        let Op::Select(mask, then, otherwise) = *program.op(stored(program, trace)?) else { return None };
        if otherwise != before || !happens(program, mask) {
            return None;
        }
        match *program.op(then) {
            Op::Float(1.0) => Some(true),
            Op::Add(a, b) if a == before && number(program, b) == Some(1.0) => Some(false),
            Op::Add(a, b) if b == before && number(program, a) == Some(1.0) => Some(false),
            _ => None,
        }
    };
    let nearest = raised(step, decayed)?;
    let start = &programs.start;
    let first = stored(start, seen)?;
    let begins = *start.op(first) == Op::Load(Side::Own, trace) && raised(start, first)? == nearest;
    let from_zero = number(&programs.init_states, stored(&programs.init_states, trace)?) == Some(0.0);
    (begins && from_zero).then_some(Decay { factor, nearest, precision: of.precision })
}

/// Events that are remembered of a target; when there are more, the synapses of all sources are looked at.
const ROOM: usize = 16;

/// The events that wait, of the targets of one thread.
#[derive(Clone)]
pub struct Late {
    /// Targets that see an event, by tick.
    heard: Calendar<u32>,
    targets: Targets,
    sources: Sources,
    /// Of a source that is looked at: what each decaying column was, by tick since the source's own.
    ladders: Vec<Vec<f64>>,
    /// Of a part of its synapses: those that have an event, which it is, and how many follow it.
    synapses: Vec<u32>,
    events: Vec<u32>,
    left: Vec<u32>,
    /// Beside them, their source.
    same: Vec<u32>,
    /// Columns of both sides, as they were at these events, by column; empty of those that stay.
    pre: Vec<Vec<f64>>,
    post: Vec<Vec<f64>>,
}

/// What is remembered of targets.
#[derive(Clone)]
struct Targets {
    /// By target.
    counts: Vec<u32>,
    /// [`ROOM`] for each: the ticks, ascending, then -1.
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
        Late {
            heard: Calendar::default(),
            targets: Targets {
                counts: vec![0; targets],
                ticks: vec![-1; targets * ROOM],
                found: vec![vec![0.0; targets * ROOM]; waits.found.len()],
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
            synapses: vec![],
            events: vec![],
            left: vec![],
            same: vec![],
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
        let full = |target: &u32| self.targets.counts[*target as usize] as usize == ROOM;
        if due.iter().any(full) {
            self.all(&mut what, waits, tick - 1);
            self.targets.counts.fill(0);
            self.targets.ticks.fill(-1);
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
        for source in 0..self.sources.done.len() as u32 {
            self.row(what, waits, source, until);
        }
        self.sources.all_done = until;
    }

    /// Whether there may be events that not all synapses have seen.
    pub fn is_waiting(&self) -> bool {
        self.sources.all_done < self.targets.latest
    }

    /// Lets the synapses of a source see all events up to a tick, of which none is still to be remembered.
    pub fn row(&mut self, what: &mut Work, waits: &Waits, source: u32, until: i64) {
        let at = source as usize;
        let from = i64::from(self.sources.done[at]) + 1;
        let table = what.scene.table;
        let row = table.starts[at]..table.starts[at + 1];
        self.sources.done[at] = until.max(from - 1) as i32;
        if self.targets.latest < from || until < from || row.is_empty() {
            return;
        }
        self.climb(waits, what.scene, source, until);
        self.same.clear();
        self.same.resize(ROW, source);
        let since = self.sources.since[at];
        for first in row.clone().step_by(ROW) {
            self.find(table, first..row.end.min(first + ROW as u32), from as i32);
            while !self.synapses.is_empty() {
                self.gather(waits, since);
                self.apply(what, waits.kind);
                self.next();
            }
        }
        self.rest(at, until);
    }

    /// The first event from a tick on that each of these synapses is to see, if there is one.
    fn find(&mut self, table: &Table, row: Range<u32>, from: i32) {
        let Late { targets, synapses, events, left, .. } = self;
        let all = row.len();
        synapses.resize(all, 0);
        events.resize(all, 0);
        left.resize(all, 0);
        let mut found = 0;
        // A branch for each would be a guess.
        for (synapse, &target) in row.clone().zip(&table.target[row.start as usize..row.end as usize]) {
            let target = target as usize;
            let here: &[i32; ROOM] =
                targets.ticks[ROOM * target..][..ROOM].try_into().expect("it is as long");
            let due: u32 = here.iter().map(|&tick| u32::from(from <= tick)).sum();
            synapses[found] = synapse;
            events[found] = (ROOM * target) as u32 + targets.counts[target] - due;
            left[found] = due;
            found += usize::from(0 < due);
        }
        synapses.truncate(found);
        events.truncate(found);
        left.truncate(found);
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
            let mut value = if self.sources.spiked[at] { decay.raised(seen) } else { seen };
            ladder.clear();
            ladder.push(seen);
            ladder.extend((0..ticks).map(|_| {
                value = decay.decayed(value);
                value
            }));
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

    /// Columns of both sides, as they were at the events.
    fn gather(&mut self, waits: &Waits, since: i32) {
        let Late { targets, ladders, events, pre, post, .. } = self;
        for ((column, _), ladder) in waits.decays.iter().zip(ladders) {
            let pre = &mut pre[*column];
            pre.clear();
            pre.extend(events.iter().map(|&event| ladder[(targets.ticks[event as usize] - since) as usize]));
        }
        for (column, found) in waits.found.iter().zip(&targets.found) {
            let post = &mut post[*column];
            post.clear();
            post.extend(events.iter().map(|&event| found[event as usize]));
        }
    }

    /// Runs the hooks of one event of each synapse.
    fn apply(&mut self, what: &mut Work, kind: usize) {
        let Late { synapses, events, same, pre, post, targets, .. } = self;
        let given = Given { pre, post, events, ticks: &targets.ticks };
        let sources = &same[..synapses.len()];
        let ticks = &[0; ROW][..synapses.len()];
        let picked = Picked {
            synapses,
            sources,
            run: false,
            now: 0,
            source_ticks: ticks,
            tick: 0,
            given: Some(given),
        };
        for (hook, trigger) in what.design.triggers.iter().enumerate() {
            if *trigger == Trigger::Post(kind) {
                let program = &what.scene.learning.hooks[hook].program;
                what.hooks[hook].apply(program, what.scene, what.arrays, picked, what.failure);
            }
        }
    }

    /// Goes on to the next event of each synapse that has one.
    fn next(&mut self) {
        let Late { synapses, events, left, .. } = self;
        let mut kept = 0;
        for at in 0..synapses.len() {
            let follow = left[at];
            (synapses[kept], events[kept], left[kept]) = (synapses[at], events[at] + 1, follow - 1);
            kept += usize::from(1 < follow);
        }
        synapses.truncate(kept);
        events.truncate(kept);
        left.truncate(kept);
    }

    /// Bytes held, for so many sources and targets.
    pub fn bytes(waits: &Waits, sources: usize, targets: usize) -> u64 {
        let of_targets = targets * (4 + ROOM * (4 + 8 * waits.found.len()));
        (of_targets + sources * (9 + 8 * waits.decays.len())) as u64
    }
}

impl Targets {
    fn push(&mut self, scene: Scene, waits: &Waits, target: u32, tick: i64) {
        let at = target as usize;
        let entry = at * ROOM + self.counts[at] as usize;
        self.ticks[entry] = tick as i32;
        let position = scene.table.positions[at];
        for (column, found) in waits.found.iter().zip(&mut self.found) {
            let Post::Target(origins) = &scene.sides.post[*column] else { continue };
            let back = i64::from(scene.table.back.of(0));
            found[entry] = scene.world.float(origins.at(&scene.sides.target, position), tick - back);
        }
        self.counts[at] += 1;
        self.latest = tick;
    }
}

/// What the hooks of targets work on.
pub struct Work<'a> {
    pub scene: Scene<'a>,
    pub design: &'a Design,
    pub arrays: &'a mut [Column],
    pub hooks: &'a mut [Routine],
    pub failure: &'a mut Option<Failure>,
}
