//! Whether events of targets may wait until their synapses are looked at, and what has to be known for that.
//!
//! In: the plan. Out: the columns that hooks of targets read and that have to be remembered or computed again. Nobody can
//! tell where a hook of the target reads only what the synapse itself holds, what the event found at the target, and traces
//! of the source that follow from its spikes alone: what such a trace was at the event is computed again, by the same
//! multiplications.

use circ_plan::ir::*;
use circ_plan::learning::{Learning, Signal, When};
use circ_plan::plan::{Column as Place, Dynamics, Plan, ProjectionPlan, Quantity};

use super::history::fixed;

/// Events that are remembered of a target; when there are more, the synapses of all sources are looked at.
pub const ROOM: usize = 16;

/// Which columns hooks of the target read that have to be remembered or computed again.
#[derive(Clone, Debug)]
pub struct Waits {
    /// The kind of event.
    pub kind: usize,
    /// Columns of the source that decay: the column, and how, by segment of the source.
    pub decays: Vec<(usize, Vec<Decay>)>,
    /// Columns of the target that change with time.
    pub found: Vec<usize>,
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
    pub fn raised(self, value: f64) -> f64 {
        match (self.nearest, self.precision) {
            (true, _) => 1.0,
            (false, Precision::F32) => f64::from(value as f32 + 1.0),
            (false, Precision::F64) => value + 1.0,
        }
    }

    /// What follows a value, tick by tick.
    fn climb(self, value: f64, steps: &mut [f64]) {
        match self.precision {
            Precision::F32 => {
                let (mut value, factor) = (value as f32, self.factor as f32);
                for step in steps {
                    value *= factor;
                    *step = f64::from(value);
                }
            }
            Precision::F64 => {
                let mut value = value;
                for step in steps {
                    value *= self.factor;
                    *step = value;
                }
            }
        }
    }
}

/// A column of a source, of which later values are wanted.
pub struct Climb<'a> {
    pub decay: Decay,
    pub value: f64,
    /// By tick.
    pub steps: &'a mut [f64],
}

/// Computes what follows the values, of several sources side by side.
pub fn climb(mut climbs: Vec<Climb>) {
    let double = climbs.iter().all(|it| it.decay.precision == Precision::F64);
    if let (true, [a, b, c, d]) = (double, &mut climbs[..]) {
        let all = [&a.steps, &b.steps, &c.steps, &d.steps].map(|steps| steps.len());
        let common = all.into_iter().min().unwrap_or(0);
        let mut four = [a, b, c, d];
        let mut values = four.each_ref().map(|it| it.value);
        let factors = four.each_ref().map(|it| it.decay.factor);
        let steps = four.each_mut().map(|it| std::mem::take(&mut it.steps).split_at_mut(common));
        let [a, b, c, d] = steps;
        for (((a, b), c), d) in a.0.iter_mut().zip(b.0).zip(c.0).zip(d.0) {
            for (value, factor) in values.iter_mut().zip(factors) {
                *value *= factor;
            }
            (*a, *b, *c, *d) = (values[0], values[1], values[2], values[3]);
        }
        for ((of, value), rest) in four.iter_mut().zip(values).zip([a.1, b.1, c.1, d.1]) {
            (of.value, of.steps) = (value, rest);
        }
    }
    climbs.into_iter().for_each(|Climb { decay, value, steps }| decay.climb(value, steps));
}

/// Why synapses learn from events of their targets at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtOnce {
    /// There is nothing to wait: no synapse, no rule or no hook of events of targets.
    NoEvents,
    /// Delays differ from synapse to synapse.
    Delays,
    /// The rule changes delays.
    LearnedDelays,
    /// Something else happens where a spike and an event meet.
    Both,
    /// A weight is shared.
    Shared,
    /// The weight is carried at every tick.
    Flows,
    /// Synapses come and go: what waits is noted by synapse, and would have to be numbered anew.
    Rewired,
    /// There are hooks of modulators, of the clock, or of every tick.
    OtherHooks,
    /// Of several kinds of events.
    Kinds,
    /// A hook reads the tick of the event, or draws.
    Moment,
    /// A hook reads of the source what does not follow from its spikes alone by a decay.
    Source,
    /// A hook reads a modulator, or of the target what is no number.
    Target,
}

/// Whether the events of the targets of a projection that learns wait until a source spikes, unless that is refused.
pub fn events_wait(plan: &Plan, projection: u32) -> bool {
    why_at_once(plan, projection).is_none()
}

/// Why they do not wait, if they do not.
pub fn why_at_once(plan: &Plan, projection: u32) -> Option<AtOnce> {
    let this = &plan.projections[projection as usize];
    let Some(learning) = this.learning.as_deref() else { return Some(AtOnce::NoEvents) };
    Waits::find(plan, this, learning).err()
}

impl Waits {
    /// What has to be known for the events of targets to wait, if they can.
    pub fn new(plan: &Plan, projection: &ProjectionPlan, learning: &Learning) -> Option<Waits> {
        Waits::find(plan, projection, learning).ok()
    }

    fn find(plan: &Plan, projection: &ProjectionPlan, learning: &Learning) -> Result<Waits, AtOnce> {
        let one = |quantity: &Quantity| matches!(quantity, Quantity::Constant(_));
        let ways = [&projection.delay, &learning.dendritic].into_iter().chain(&learning.back);
        let constant = ways.into_iter().all(one);
        let hooks = || learning.hooks.iter();
        let spikes_only = hooks().all(|hook| matches!(hook.when, When::Pre | When::Post(_)));
        let mut events = hooks().filter_map(|hook| match &hook.when {
            When::Post(events) => Some(events),
            _ => None,
        });
        let first = events.next().ok_or(AtOnce::NoEvents)?;
        let refused = match () {
            () if learning.longest.is_some() => Some(AtOnce::LearnedDelays),
            () if !constant => Some(AtOnce::Delays),
            () if learning.both.is_some() => Some(AtOnce::Both),
            // What others do to a shared weight is no event of the synapse; what flows needs its weight at every tick.
            () if learning.shared.is_some() => Some(AtOnce::Shared),
            () if projection.flow.is_some() => Some(AtOnce::Flows),
            () if learning.rewire.is_some() => Some(AtOnce::Rewired),
            () if !spikes_only => Some(AtOnce::OtherHooks),
            () if events.any(|other| other != first) => Some(AtOnce::Kinds),
            () => None,
        };
        if let Some(refused) = refused {
            return Err(refused);
        }
        let mut waits = Waits { kind: 0, decays: vec![], found: vec![] };
        for hook in hooks().filter(|hook| matches!(hook.when, When::Post(_))) {
            for (op, ty) in hook.program.ops.iter().zip(&hook.program.types) {
                match op {
                    Op::Load(Side::Pre, array) => {
                        waits.source(plan, projection, learning, *array, *ty).ok_or(AtOnce::Source)?;
                    }
                    Op::Load(Side::Post, array) => {
                        waits.target(plan, learning, *array, *ty).ok_or(AtOnce::Target)?;
                    }
                    // Of the tick of the event.
                    Op::Now | Op::Time(_) | Op::Draw { .. } | Op::Redraw { .. } => {
                        return Err(AtOnce::Moment);
                    }
                    _ => {}
                }
            }
        }
        Ok(waits)
    }

    /// Bytes of what is remembered of so many sources and targets.
    pub fn bytes(&self, sources: usize, targets: usize) -> u64 {
        let of_targets = targets * (1 + ROOM * (4 + 8 * self.found.len()));
        (of_targets + sources * (9 + 8 * self.decays.len())) as u64
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
