//! The learning synapses of a projection onto the cells of one thread.
//!
//! In: spikes of sources and events of targets, as they become known, and the ticks that cells make. Out: the synapses'
//! arrays, what they transmit, and the first synapse that failed. The order of things is that of
//! [`circ_plan::learning`]: the first half of a tick is what has to be done before what it transmits arrives, the second
//! half what needs to know of all events of that tick.

mod arrivals;
mod modulated;
mod resume;
mod sharing;

use std::borrow::Cow;

use circ_plan::abi::KernelFn;
use circ_plan::ir::{ArrayId, Program};
use circ_plan::learning::Learning;
use circ_plan::plan::Plan;

pub(super) use arrivals::Arrival;
pub use arrivals::Sent;

use super::batch::{Batch, Seen, all, axonal};
use super::calendar::Calendar;
use super::design::{Design, Trigger};
use super::due::Due;
use super::late::{Late, Work};
use super::leaves::{Picked, Scene};
use super::marks::mark;
use super::routine::{Failure, Routine};
use super::routines::Routines;
use super::shared::Common;
use super::store::{Beside, Column, Which};
use super::table::{ByTarget, Stretch};
use super::waits::Waits;

pub use resume::Resumed;

/// Whom an event of a modulator is for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Whom {
    All,
    Target(u32),
}

/// A half of a tick.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Half {
    First,
    Second,
}

/// See above.
pub struct Learner {
    /// By synapse array.
    pub arrays: Vec<Column>,
    /// Where synapses come and go: what each held when it began.
    pub initial: Vec<Column>,
    pub(super) by_target: ByTarget,
    /// The last tick whose first half is done, and the last that is done.
    begun: i64,
    done: i64,
    /// By tick at which they are seen.
    pub(super) seen: Calendar<Seen>,
    /// Of the tick that was begun: how many of them have been transmitted.
    transmitted: usize,
    /// Of learned delays: sources that spiked, by stamp, and how many of the tick that was begun have been sent.
    fired: Calendar<u32>,
    sent: usize,
    /// By kind: the stretches of `by_target` that see an event.
    pub(super) posts: Vec<Calendar<Stretch>>,
    /// By modulator.
    modulators: Vec<Calendar<Whom>>,
    /// By tick of arrival.
    pub(super) arrivals: Calendar<Arrival>,
    /// Likewise, what was sent before the last rewiring. Where dendritic delays are one number, none arrives at a tick at
    /// which anything of `arrivals` does.
    pub(super) earlier: Calendar<Sent>,
    routines: Routines,
    /// By synapse, where there is an `on pre and post`: 1 where the event is seen, 2 where it met a spike.
    pub(super) marks: Vec<u8>,
    pub failure: Option<Failure>,
    /// Events of targets that wait.
    late: Option<Late>,
    /// Weights that are shared.
    pub(super) common: Option<Common>,
    /// Lists that are used again and again.
    batch: Batch,
    met: Batch,
    values: [Vec<f64>; 2],
}

impl Learner {
    /// Before tick 0.
    pub fn new(
        plan: &Plan,
        design: &Design,
        learning: &Learning,
        thread: usize,
        kernels: &[Option<KernelFn>],
    ) -> Learner {
        let table = &design.tables[thread];
        let by_target = if design.by_target() { ByTarget::new(table) } else { ByTarget::default() };
        Learner {
            arrays: learning.arrays.iter().map(|array| Column::new(array, table.len())).collect(),
            initial: vec![],
            by_target,
            begun: -1,
            done: -1,
            seen: Calendar::default(),
            transmitted: 0,
            fired: Calendar::default(),
            sent: 0,
            posts: design.kinds.iter().map(|_| Calendar::default()).collect(),
            modulators: design.modulators.iter().map(|_| Calendar::default()).collect(),
            arrivals: Calendar::default(),
            earlier: Calendar::default(),
            routines: Routines::new(plan, design.projection, learning, kernels),
            marks: if learning.both.is_some() { vec![0; table.len()] } else { vec![] },
            failure: None,
            late: design.waits.as_ref().map(|waits| Late::new(waits, learning, table)),
            common: Common::new(learning, table),
            batch: Batch::default(),
            met: Batch::default(),
            values: [vec![], vec![]],
        }
    }

    /// Gives all arrays their initial values.
    pub fn initialise(&mut self, scene: Scene, design: &Design) {
        let table = scene.table;
        for synapse in 0..table.len() {
            self.arrays[0].set(synapse, table.weights.get(synapse));
            if let Some(delay) = scene.learning.delay {
                let axonal = f64::from(table.axonal.of(synapse));
                self.arrays[delay.0 as usize].set(synapse, axonal * scene.world.plan.dt);
            }
        }
        self.apply_to_all(scene, design, &scene.learning.init, 0);
        if let Some(rewire) = &scene.learning.rewire {
            rewire.group.iter().for_each(|group| self.keep_keys(scene, design, group));
            self.initial.clone_from(&self.arrays);
        }
    }

    /// Puts an array back to what each synapse held when it began. Only where synapses come and go.
    pub fn restart(&mut self, array: ArrayId) {
        let at = array.0 as usize;
        self.arrays[at].clone_from(&self.initial[at]);
    }

    /// Forgets what synapses were to see, and what they sent. Between ticks, where no event of a target waits.
    pub fn forget_delays(&mut self) {
        self.seen.forget();
        self.fired.forget();
        self.posts.iter_mut().for_each(Calendar::forget);
        self.modulators.iter_mut().for_each(Calendar::forget);
        self.arrivals.forget();
        self.earlier.forget();
        self.marks.fill(0);
    }

    /// Brings all arrays to the present tick.
    pub fn settle(&mut self, scene: Scene, design: &Design, now: i64) {
        self.catch_up(scene, design);
        if !scene.learning.settle.outputs.is_empty() {
            self.apply_to_all(scene, design, &scene.learning.settle, now);
        }
    }

    /// What no tick makes.
    fn apply_to_all(&mut self, scene: Scene, design: &Design, program: &Program, now: i64) {
        let mut routine = Routine::new(program, None);
        let Learner { batch, arrays, .. } = self;
        all(batch, scene, design, program, arrays, [now, now], |arrays, picked| {
            routine.apply(program, scene, arrays, picked, &mut None);
        });
    }

    /// Appends the value of an observable for these synapses.
    pub fn observe(
        arrays: &[Column],
        routine: &mut Routine,
        scene: Scene,
        observable: usize,
        synapses: Which,
        now: i64,
        out: &mut Vec<f64>,
    ) {
        let program = &scene.learning.observables[observable].program;
        let picked = Picked {
            synapses,
            sources: Beside::One(0),
            now,
            source_ticks: Beside::One(now),
            tick: now,
            given: None,
        };
        routine.values(program, scene, arrays, picked, &mut None, out);
    }

    /// The axonal delay of a synapse at present, in ticks.
    pub fn axonal(&self, scene: Scene, design: &Design, synapse: u32) -> i64 {
        axonal(&self.arrays, scene, design, synapse)
    }

    /// A source spiked. Spikes come by stamp, then position.
    pub fn spike(&mut self, scene: Scene, source: u32, stamp: i64) {
        match scene.learning.longest {
            Some(_) => self.fired.push(stamp, source),
            None => scene.table.stretches(source, |Stretch { ticks, first, end }| {
                self.seen.push(stamp + i64::from(ticks), Seen { source, stamp, first, end });
            }),
        }
    }

    /// A target, one of the own, had an event of a kind.
    pub fn event(&mut self, scene: Scene, kind: usize, target: u32, stamp: i64) {
        if let Some(late) = &mut self.late {
            return late.hear(target, stamp + i64::from(scene.table.back.of(0)));
        }
        let calendar = &mut self.posts[kind];
        self.by_target.stretches(scene.table, target, |stretch| {
            calendar.push(stamp + i64::from(stretch.ticks), stretch);
        });
    }

    /// The one cell of a modulator had its event.
    pub fn modulate_all(&mut self, modulator: usize, tick: i64) {
        self.modulators[modulator].push(tick, Whom::All);
    }

    /// The cell of a modulator for one of the own targets had its event.
    pub fn modulate(&mut self, modulator: usize, target: u32, tick: i64) {
        self.modulators[modulator].push(tick, Whom::Target(target));
    }

    /// Makes all ticks before `tick`, and the first half of it. Stops after the first tick with a failure.
    ///
    /// `due` is given where cells are about to make the tick at which what is sent at `tick` arrives.
    pub fn begin(
        &mut self,
        scene: Scene,
        design: &Design,
        tick: i64,
        mut due: Option<Due>,
        sampled: &mut impl FnMut(&mut Learner, i64),
    ) {
        while self.begun < tick {
            if self.done < self.begun {
                self.finish(scene, design);
                sampled(self, self.done);
            }
            if self.failure.is_some() {
                return;
            }
            let due = due.as_mut().filter(|_| self.begun + 1 == tick && !design.mixed);
            self.start(scene, design, due);
        }
    }

    /// Makes all ticks up to and including `tick`, unless one failed.
    pub fn flush(
        &mut self,
        scene: Scene,
        design: &Design,
        tick: i64,
        sampled: &mut impl FnMut(&mut Learner, i64),
    ) {
        self.begin(scene, design, tick, None, sampled);
        if self.done < self.begun && self.begun <= tick {
            self.finish(scene, design);
            sampled(self, self.done);
        }
    }

    /// Lets synapses see all events of targets that wait, before anybody looks.
    pub fn catch_up(&mut self, scene: Scene, design: &Design) {
        let until = self.done;
        self.late(scene, design, |late, mut what, waits| late.all(&mut what, waits, until));
    }

    /// The arrays as they are when synapses have seen all events of targets.
    pub fn arrays_now(&self, scene: Scene, design: &Design) -> Cow<'_, [Column]> {
        let (Some(waits), Some(late)) = (&design.waits, self.late.as_ref().filter(|late| late.is_waiting()))
        else {
            return Cow::Borrowed(&self.arrays);
        };
        let (mut late, mut arrays) = (late.clone(), self.arrays.clone());
        let programs = scene.learning.hooks.iter().map(|hook| &hook.program);
        let mut hooks: Vec<Routine> =
            self.routines.hooks.iter().zip(programs).map(|(hook, program)| hook.again(program)).collect();
        let mut direct = self.routines.direct.clone();
        let failure = &mut None;
        late.all(
            &mut Work { scene, design, arrays: &mut arrays, hooks: &mut hooks, direct: &mut direct, failure },
            waits,
            self.done,
        );
        Cow::Owned(arrays)
    }

    /// Where events of targets wait.
    fn late(&mut self, scene: Scene, design: &Design, f: impl FnOnce(&mut Late, Work, &Waits)) {
        let Learner { late, arrays, routines, failure, .. } = self;
        if let (Some(late), Some(waits)) = (late, &design.waits) {
            let Routines { hooks, direct, .. } = routines;
            f(late, Work { scene, design, arrays, hooks, direct, failure }, waits);
        }
    }

    /// The first half of the next tick.
    fn start(&mut self, scene: Scene, design: &Design, due: Option<&mut Due>) {
        let tick = self.begun + 1;
        self.begun = tick;
        if 0 < tick {
            for hook in 0..design.triggers.len() {
                if design.triggers[hook] == Trigger::Tick {
                    self.hook_of_all(scene, design, hook, tick, tick - 1);
                }
            }
        }
        self.send_learned(scene, design, tick);
        self.transmit(scene, design, tick, Half::First, due);
    }

    /// The second half of the tick that was begun.
    fn finish(&mut self, scene: Scene, design: &Design) {
        let tick = self.begun;
        self.send_learned(scene, design, tick);
        self.transmit(scene, design, tick, Half::Second, None);
        mark(&mut self.marks, &self.posts, &self.by_target, design, tick, 1);
        self.pre_hooks(scene, design, tick);
        self.remember(scene, design, tick);
        for hook in 0..design.triggers.len() {
            if let Trigger::Post(kind) = design.triggers[hook] {
                self.post_hook(scene, design, hook, kind, tick);
            }
        }
        for hook in 0..design.triggers.len() {
            match design.triggers[hook] {
                Trigger::Modulator(modulator) => self.modulator_hook(scene, design, hook, modulator, tick),
                Trigger::Jump(jump) => self.jump_hook(scene, design, hook, &design.jumps[jump], tick),
                Trigger::Tick | Trigger::Pre | Trigger::Post(_) | Trigger::Every(_) => {}
            }
        }
        mark(&mut self.marks, &self.posts, &self.by_target, design, tick, 0);
        if 0 < tick {
            for hook in 0..design.triggers.len() {
                if matches!(design.triggers[hook], Trigger::Every(interval) if tick % interval == 0) {
                    self.hook_of_all(scene, design, hook, tick, tick);
                }
            }
        }
        self.touch(scene, design, tick);
        self.seen.close(tick);
        self.fired.close(tick);
        self.posts.iter_mut().for_each(|posts| posts.close(tick));
        self.modulators.iter_mut().for_each(|events| events.close(tick));
        (self.transmitted, self.sent) = (0, 0);
        self.done = tick;
    }

    /// Finds when spikes of a tick are seen, where that depends on what synapses have learned.
    fn send_learned(&mut self, scene: Scene, design: &Design, tick: i64) {
        let fired = &self.fired.of(tick)[self.sent..];
        for &source in fired {
            let row = scene.table.starts[source as usize]..scene.table.starts[source as usize + 1];
            for synapse in row {
                let axonal = axonal(&self.arrays, scene, design, synapse);
                self.seen.push(tick + axonal, Seen { source, stamp: tick, first: synapse, end: synapse + 1 });
            }
        }
        self.sent += fired.len();
    }

    /// Sends what the synapses transmit that see a spike, as far as that was not yet done: at once to what is about to
    /// arrive, if that is given.
    fn transmit(&mut self, scene: Scene, design: &Design, tick: i64, half: Half, mut due: Option<&mut Due>) {
        let known = self.transmitted;
        let seen = &self.seen.of(tick)[if design.defers { 0 } else { known }..];
        if seen.is_empty() {
            return;
        }
        self.transmitted = self.seen.of(tick).len();
        self.look_at_sources(scene, design, tick, known);
        let both = scene.learning.both.as_ref().and_then(|both| both.transmit.as_ref());
        let seen = &self.seen.of(tick)[if design.defers { 0 } else { known }..];
        let Learner { batch, met, values: [plain, meeting], arrays, routines, marks, failure, .. } = self;
        let plainly = both.is_none() && !design.defers;
        if let (true, None, Some(due)) = (plainly, &scene.learning.transmit, due.as_deref_mut()) {
            for seen in seen {
                due.add_weights(scene.table, &arrays[0], seen.first..seen.end);
            }
            return;
        }
        let by_row = plainly && scene.table.has_long_rows();
        if let (true, Some(program), Some(routine), Some(due)) =
            (by_row, &scene.learning.transmit, &mut routines.transmit, due.as_deref_mut())
        {
            for &Seen { source, stamp, first, end } in seen {
                plain.clear();
                let row = Picked::row(first..end, source, stamp, tick, tick);
                routine.values(program, scene, arrays, row, failure, plain);
                due.add_values(scene.table, row.synapses, plain);
            }
            return;
        }
        let sends = |at: usize, synapse: u32| match (design.defers, half) {
            (false, _) => true,
            (true, Half::First) => scene.table.dendritic.of(synapse as usize) == 0,
            (true, Half::Second) => known <= at || 0 < scene.table.dendritic.of(synapse as usize),
        };
        batch.clear();
        met.clear();
        if both.is_some() {
            mark(marks, &self.posts, &self.by_target, design, tick, 1);
        }
        for (at, &seen) in seen.iter().enumerate() {
            if plainly {
                batch.extend(seen);
                continue;
            }
            for synapse in (seen.first..seen.end).filter(|&synapse| sends(at, synapse)) {
                let meets = both.is_some() && marks[synapse as usize] != 0;
                (if meets { &mut *met } else { &mut *batch }).push(synapse, seen.source, seen.stamp);
            }
        }
        plain.clear();
        meeting.clear();
        match (&scene.learning.transmit, &mut routines.transmit) {
            (Some(program), Some(routine)) => {
                routine.values(program, scene, arrays, batch.picked(tick, tick), failure, plain);
            }
            _ => plain.extend(batch.synapses.iter().map(|&synapse| arrays[0].number(synapse as usize))),
        }
        if let (Some(program), Some(routine)) = (both, &mut routines.both_transmit) {
            routine.values(program, scene, arrays, met.picked(tick, tick), failure, meeting);
        }
        if let (true, Some(due)) = (plainly, due) {
            due.add_values(scene.table, Which::List(&batch.synapses), plain);
            return;
        }
        let (mut plain, mut meeting) = (plain.iter(), meeting.iter());
        for (at, &Seen { stamp, first, end, .. }) in seen.iter().enumerate() {
            for synapse in (first..end).filter(|&synapse| sends(at, synapse)) {
                let meets = both.is_some() && marks[synapse as usize] != 0;
                let value = if meets { meeting.next() } else { plain.next() };
                let value = *value.expect("there is a value for every synapse");
                if !value.is_nan() {
                    let arrives = tick + i64::from(scene.table.dendritic.of(synapse as usize));
                    self.arrivals.push(arrives, Arrival { stamp, synapse, value });
                }
            }
        }
        if both.is_some() {
            mark(marks, &self.posts, &self.by_target, design, tick, 0);
        }
    }

    /// Synapses that see a spike have seen all events of their targets before it.
    fn look_at_sources(&mut self, scene: Scene, design: &Design, tick: i64, known: usize) {
        let seen = std::mem::take(&mut self.seen);
        self.late(scene, design, |late, mut what, waits| {
            let sources: Vec<u32> = seen.of(tick)[known..].iter().map(|seen| seen.source).collect();
            late.rows(&mut what, waits, &sources, tick - 1);
        });
        self.seen = seen;
    }

    /// After what spikes do at a tick: what traces of their sources were, and events of targets that wait from now on.
    fn remember(&mut self, scene: Scene, design: &Design, tick: i64) {
        let seen = std::mem::take(&mut self.seen);
        self.late(scene, design, |late, what, waits| {
            for &Seen { source, stamp, .. } in seen.of(tick) {
                late.spike(scene, waits, source, stamp, tick);
            }
            late.remember(what, waits, tick);
        });
        self.seen = seen;
    }

    /// What spikes of sources do, and what they do together with an event of the target.
    fn pre_hooks(&mut self, scene: Scene, design: &Design, tick: i64) {
        let Learner { batch, met, arrays, routines, marks, failure, .. } = self;
        let seen = self.seen.of(tick);
        let several = scene.learning.longest.is_some();
        if marks.is_empty() && !several && scene.table.has_long_rows() {
            for &Seen { source, stamp, first, end } in seen {
                let row = Picked::row(first..end, source, stamp, tick, tick);
                for (hook, _) in design.triggers.iter().enumerate().filter(|t| *t.1 == Trigger::Pre) {
                    let program = &scene.learning.hooks[hook].program;
                    let routine = &mut routines.hooks[hook];
                    match &mut routines.direct[hook] {
                        Some(direct) => direct.row(routine, program, scene, arrays, row, failure),
                        None => routine.apply(program, scene, arrays, row, failure),
                    }
                }
            }
            return;
        }
        // Where delays are learned, a synapse may see several spikes at a tick: one after the other.
        for spikes in seen.chunk_by(|a, b| !several || a.stamp == b.stamp) {
            batch.clear();
            met.clear();
            for &seen in spikes {
                if marks.is_empty() {
                    batch.extend(seen);
                    continue;
                }
                for synapse in seen.first..seen.end {
                    let mark = &mut marks[synapse as usize];
                    if *mark != 0 {
                        *mark = 2;
                    }
                    (if *mark != 0 { &mut *met } else { &mut *batch }).push(synapse, seen.source, seen.stamp);
                }
            }
            for (hook, _) in design.triggers.iter().enumerate().filter(|t| *t.1 == Trigger::Pre) {
                let program = &scene.learning.hooks[hook].program;
                routines.hooks[hook].apply(program, scene, arrays, batch.picked(tick, tick), failure);
            }
            if let (Some(both), Some(routine)) = (&scene.learning.both, &mut routines.both) {
                routine.apply(&both.program, scene, arrays, met.picked(tick, tick), failure);
            }
        }
    }

    /// What an event of the target does.
    fn post_hook(&mut self, scene: Scene, design: &Design, hook: usize, kind: usize, tick: i64) {
        let Learner { batch, arrays, routines, marks, failure, by_target, .. } = self;
        batch.clear();
        let same = |synapse: u32| design.replaces(kind, scene, synapse);
        let met = |synapse: u32| marks.get(synapse as usize) == Some(&2) && same(synapse);
        for &Stretch { first, end, .. } in self.posts[kind].of(tick) {
            let range = first as usize..end as usize;
            let (synapses, sources) = (&by_target.synapses[range.clone()], &by_target.sources[range]);
            if marks.is_empty() {
                batch.append(synapses, sources);
                continue;
            }
            for (&synapse, &source) in synapses.iter().zip(sources) {
                if !met(synapse) {
                    batch.push(synapse, source, 0);
                }
            }
        }
        // At most ticks there is none, and to look through the program takes longer than all else.
        if batch.synapses.is_empty() {
            return;
        }
        let program = &scene.learning.hooks[hook].program;
        batch.look_back(scene, design, program, arrays, tick);
        routines.hooks[hook].apply(program, scene, arrays, batch.picked(tick, tick), failure);
    }

    /// A hook of all synapses at tick `now`, which reads columns as of `tick`.
    fn hook_of_all(&mut self, scene: Scene, design: &Design, hook: usize, now: i64, tick: i64) {
        let Learner { batch, arrays, routines, failure, .. } = self;
        let program = &scene.learning.hooks[hook].program;
        all(batch, scene, design, program, arrays, [now, tick], |arrays, picked| {
            routines.hooks[hook].apply(program, scene, arrays, picked, failure);
        });
    }
}
