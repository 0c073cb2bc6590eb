//! Explain: the effective window of a rule: what a spike of the source and one of the target do to a weight, by the time
//! between them, with the delays of the projection.
//!
//! In: the plan and a projection that learns. Out: the changes, as the reference interpreter makes them in double precision of
//! isolated pairs (constants are rounded as the network has them), or why there is no window. Little is run: a few cells for
//! as long as the longest time between the spikes.

use super::isolated::{End, Isolated, derives, is_foreign, wide};
use circ_compiler::interpret::{Interpreter, Synapse, result};
use circ_plan::engine::{Engine, Synapses, Values};
use circ_plan::ir::*;
use circ_plan::learning::{Both, Hook, Learning, Signal, When};
use circ_plan::plan::*;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Times between spikes, in ms.
const TIMES: [f64; 11] = [-40.0, -20.0, -10.0, -5.0, -1.0, 0.0, 1.0, 5.0, 10.0, 20.0, 40.0];
/// The longest time between spikes, in ticks; and the longest that anything is run.
const FARTHEST: i64 = 1500;
const LONGEST: i64 = 3000;
/// How many synapses are drawn for a mean.
const DRAWN: u32 = 256;

/// What isolated pairs of spikes change.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// (ticks from the stamp of the source's spike to that of the target's, change of the weight), ascending.
    pub points: Vec<(i64, f64)>,
    /// What one spike of the source changes alone, and one event of the target.
    pub alone: [f64; 2],
    /// Before the spikes.
    pub weight: f64,
    /// In ticks: to the synapse from its source, and from its target.
    pub axonal: i64,
    pub back: i64,
    /// Whether the weight, or a delay, is the mean of some that differ.
    pub mean_weight: bool,
    pub mean_delay: bool,
    /// Of the target: `spike`, mostly.
    pub event: String,
}

/// The window of a projection with a rule.
///
/// # Errors
/// Why there is none; follows "no window, because".
pub fn window(plan: &Plan, index: u32) -> Result<Window, String> {
    let projection = &plan.projections[index as usize];
    let learning = projection.learning.as_deref().ok_or("nothing learns")?;
    pairs_decide(plan, projection, learning, index)?;
    let (Some(source), Some(target), Some(source_event)) = (
        projection.source.segments.first(),
        projection.target.segments.first(),
        projection.source_events.first(),
    ) else {
        return Err("it has no cells".into());
    };
    let target_event = event_of_target(plan, learning, target.population)?;

    let ticks = |ms: f64| (ms / plan.dt).round_ties_even();
    let delays =
        [&projection.delay, &learning.dendritic, learning.back.as_ref().unwrap_or(&learning.dendritic)];
    let delays = delays.map(|it| typical(it, projection, "delays"));
    let [(all, a), (dendritic, b), (back, c)] = match delays {
        [Ok(all), Ok(dendritic), Ok(back)] => [all, dendritic, back],
        [Err(why), ..] | [_, Err(why), _] | [.., Err(why)] => return Err(why),
    };
    let (weight, mean_weight) = typical(&projection.weight, projection, "weights")?;
    let (dendritic, back) = (ticks(dendritic).max(0.0), ticks(back).max(0.0));
    let all = ticks(all).max(dendritic).max(1.0);
    if all + back >= LONGEST as f64 / 2.0 {
        return Err("its delays are long".into());
    }
    let (axonal, back_ticks) = ((all - dendritic) as i64, back as i64);

    let between = between(plan.dt, axonal - back_ticks);
    let pairs = between.len() as u32;
    // Behind the pairs: one source, one target and one synapse that nothing happens to.
    let cells = pairs + 3;
    let (mut pre, mut post) = (vec![], vec![]);
    for (cell, ticks) in (0..).zip(&between) {
        pre.push((1 + (-ticks).max(0), cell));
        post.push((1 + (*ticks).max(0), cell));
    }
    pre.push((1, pairs));
    post.push((1, pairs + 1));
    pre.sort_unstable();
    post.sort_unstable();
    let farthest = between.iter().map(|ticks| ticks.abs()).max().unwrap_or(0);
    let until = 3 + farthest + (all as i64).max(back_ticks);

    let columns = Columns::of(learning);
    let source = End { population: &plan.populations[source.population as usize], event: *source_event };
    let target = End { population: &plan.populations[target.population as usize], event: target_event };
    let event = target.population.events.get(target_event.0 as usize);
    let event = event.map_or_else(|| "spike".to_string(), |event| event.name.clone());
    let of_source = source.isolate(&columns.arrays(learning, Side::Pre, projection)?, cells, pre)?;
    let of_target = target.isolate(&columns.arrays(learning, Side::Post, projection)?, cells, post)?;
    let learning =
        columns.moved(learning, &of_source, &of_target, [dendritic, back].map(|it| it * plan.dt))?;
    let small = small(plan, projection, learning, [of_source.population, of_target.population], weight, all);
    let each: Vec<u32> = (0..cells).collect();
    let synapses = Synapses {
        source: each.clone(),
        target: each,
        weight: Values::One(weight),
        delay: Values::One(all),
        dendritic: Values::One(dendritic),
        back: Values::One(back),
        ..Synapses::default()
    };
    let mut engine = Interpreter::new(Arc::new(small), vec![synapses]);
    engine.advance(until, &AtomicBool::new(false)).map_err(|_| "a check of it fails for an isolated pair")?;
    let weights = engine.synapse_array(0, ArrayId(0));
    let change = |synapse: u32| weights[synapse as usize] - weight;
    if change(pairs + 2) != 0.0 {
        return Err("its weights change without spikes".into());
    }
    let points = between.into_iter().zip(0..).map(|(ticks, synapse)| (ticks, change(synapse))).collect();
    let alone = [change(pairs), change(pairs + 1)];
    let mean_delay = a || b || c;
    Ok(Window { points, alone, weight, axonal, back: back_ticks, mean_weight, mean_delay, event })
}

/// Ticks between spikes: round times, and the one at which both meet.
fn between(dt: f64, meet: i64) -> Vec<i64> {
    let round = TIMES.iter().map(|ms| (ms / dt).round() as i64);
    let all: BTreeSet<i64> = round.chain([meet]).filter(|ticks| ticks.abs() <= FARTHEST).collect();
    all.into_iter().collect()
}

/// Whether weights are what pairs of spikes make of them.
fn pairs_decide(plan: &Plan, this: &ProjectionPlan, learning: &Learning, index: u32) -> Result<(), String> {
    let writes = |program: &Program| {
        program.outputs.iter().any(|output| matches!(output, Output::Array(ArrayId(0), _)))
    };
    let hooks = || learning.hooks.iter();
    let two_ways = matches!(this.pairing, Pairing::Mirror(_))
        || plan.projections.iter().any(|other| other.pairing == Pairing::Mirror(index));
    let why = match () {
        () if this.flow.is_some() => "no spikes reach what flows",
        () if two_ways => "both directions of a pair change its one weight",
        () if learning.shared.is_some() => "synapses that share a weight change it together",
        () if learning.longest.is_some() => "its delays are learned",
        () if hooks().any(|it| matches!(it.when, When::Modulator(..) | When::Jump(_))) => {
            "modulators have a say in it"
        }
        () if hooks().any(|it| matches!(it.when, When::Every(_))) => "it learns by the clock, too",
        () if hooks().any(|it| matches!(it.when, When::Tick) && writes(&it.program))
            || writes(&learning.settle) =>
        {
            "its weights change between spikes, too"
        }
        () if !programs(learning).any(writes) => "spikes change other things than its weights",
        () if programs(learning).any(|it| it.ops.iter().any(is_foreign)) => {
            "it draws, or reads what differs from synapse to synapse"
        }
        () => return Ok(()),
    };
    Err(why.into())
}

/// What runs in an isolated pair.
fn programs(learning: &Learning) -> impl Iterator<Item = &Program> {
    let both = learning.both.iter().map(|both| &both.program);
    learning.hooks.iter().map(|hook| &hook.program).chain(both).chain([&learning.init, &learning.settle])
}

/// The event of targets that the rule looks at.
fn event_of_target(plan: &Plan, learning: &Learning, population: u32) -> Result<EventId, String> {
    let hooks = learning.hooks.iter().filter_map(|hook| match &hook.when {
        When::Post(events) => events.first(),
        _ => None,
    });
    let both = learning.both.iter().filter_map(|both| both.events.first());
    let events: BTreeSet<EventId> = hooks.chain(both).copied().collect();
    let looks = programs(learning).any(|it| it.ops.iter().any(|op| matches!(op, Op::Load(Side::Post, _))));
    match events.len() {
        0 if !looks => Err("spikes of its targets do not matter to it".into()),
        0 => {
            let events = &plan.populations[population as usize].events;
            let spike = events.iter().position(|event| event.name == "spike");
            spike.map(|at| EventId(at as u32)).ok_or_else(|| "its targets do not spike".into())
        }
        1 => Ok(events.into_iter().next().unwrap_or(EventId(0))),
        _ => Err("it learns at several kinds of events of its targets".into()),
    }
}

/// The one number, or the mean of some that are drawn, and whether it is a mean.
fn typical(quantity: &Quantity, projection: &ProjectionPlan, what: &str) -> Result<(f64, bool), String> {
    let program = match quantity {
        Quantity::Constant(number) => return Ok((*number, false)),
        Quantity::Program(program) => program,
    };
    let unknown = |op: &Op| match op {
        Op::Draw { key, .. } | Op::Redraw { key, .. } => projection.keys.len() <= key.0 as usize,
        Op::Load(..) | Op::Uniform(_) | Op::Arrival(_) | Op::Table(..) | Op::Edge(_) | Op::Weight => true,
        _ => false,
    };
    let (sources, targets) = (projection.source.len() as u32, projection.target.len() as u32);
    if program.ops.iter().any(unknown) || sources == 0 || targets == 0 {
        return Err(format!("its {what} are known only when the network is built"));
    }
    let draw = |k: u32| {
        let synapse = Synapse {
            pre: &[],
            post: &[],
            source: k % sources,
            target: (k / sources + k) % targets,
            occurrence: k / sources.saturating_mul(targets),
            edges: &[],
            keys: &projection.keys,
            tables: &[],
        };
        result(program, &synapse)
    };
    let first = draw(0);
    let (mut sum, mut differ) = (0.0, false);
    for number in (0..DRAWN).map(draw) {
        sum += number;
        differ |= number != first;
    }
    let typical = if differ { sum / f64::from(DRAWN) } else { first };
    if typical.is_finite() { Ok((typical, differ)) } else { Err(format!("its {what} have no mean")) }
}

/// The columns that programs of an isolated pair read.
struct Columns {
    pre: BTreeSet<usize>,
    post: BTreeSet<usize>,
}

impl Columns {
    fn of(learning: &Learning) -> Columns {
        let read = |from: Side| {
            let ops = programs(learning).flat_map(|it| &it.ops);
            let column = |op: &Op| match op {
                Op::Load(side, array) if *side == from => Some(array.0 as usize),
                _ => None,
            };
            ops.filter_map(column).collect()
        };
        Columns { pre: read(Side::Pre), post: read(Side::Post) }
    }

    /// In the first segment of a side.
    fn first(learning: &Learning, side: Side, at: usize) -> Result<Column, String> {
        let column = match side {
            Side::Pre => learning.pre.get(at).and_then(|columns| columns.first()),
            Side::Own | Side::Post => match learning.post.get(at) {
                Some(Signal::Target(columns)) => columns.first(),
                _ => return Err("modulators have a say in it".into()),
            },
        };
        column.copied().ok_or_else(|| "it has no cells".into())
    }

    fn side(&self, side: Side) -> &BTreeSet<usize> {
        if side == Side::Pre { &self.pre } else { &self.post }
    }

    /// The arrays that are read of a side.
    fn arrays(
        &self,
        learning: &Learning,
        side: Side,
        projection: &ProjectionPlan,
    ) -> Result<BTreeSet<ArrayId>, String> {
        let view = if side == Side::Pre { &projection.source } else { &projection.target };
        let mut arrays = BTreeSet::new();
        for at in self.side(side) {
            match Columns::first(learning, side, *at)? {
                Column::Array(population, array) if population == view.segments[0].population => {
                    arrays.insert(array);
                }
                Column::Uniform(population, _) if population == view.segments[0].population => {}
                Column::Constant(_) => {}
                Column::Array(..) | Column::Uniform(..) => return Err("it reads other cells".into()),
            }
        }
        Ok(arrays)
    }

    /// A side's columns in the isolated population, one segment each. What nothing reads is 0.
    fn of_side(
        &self,
        learning: &Learning,
        side: Side,
        number: usize,
        isolated: &Isolated,
    ) -> Result<Vec<Vec<Column>>, String> {
        let population = u32::from(side != Side::Pre);
        let one = |at: usize| {
            if !self.side(side).contains(&at) {
                return Ok(vec![Column::Constant(0.0)]);
            }
            let column = match Columns::first(learning, side, at)? {
                Column::Array(_, array) => {
                    let place = isolated.places.get(&array).ok_or("it reads other cells")?;
                    Column::Array(population, *place)
                }
                Column::Uniform(_, slot) => {
                    let of = &isolated.population;
                    if of.uniforms[slot.0 as usize].role == Role::Derived && of_slots_unknown(of) {
                        return Err("it reads what follows from tables".to_string());
                    }
                    Column::Uniform(population, slot)
                }
                Column::Constant(number) => Column::Constant(number),
            };
            Ok(vec![column])
        };
        (0..number).map(one).collect()
    }

    /// The rule for isolated pairs, in double precision.
    fn moved(
        &self,
        learning: &Learning,
        source: &Isolated,
        target: &Isolated,
        [dendritic, back]: [f64; 2],
    ) -> Result<Learning, String> {
        let post = self.of_side(learning, Side::Post, learning.post.len(), target)?;
        let here = |when: &When| match when {
            When::Post(_) => When::Post(vec![EventId(0)]),
            other => other.clone(),
        };
        let hook = |hook: &Hook| Hook { when: here(&hook.when), program: wide(&hook.program) };
        let both =
            |both: &Both| Both { events: vec![EventId(0)], program: wide(&both.program), transmit: None };
        let mut moved = learning.clone();
        moved.precision = Precision::F64;
        moved.arrays.iter_mut().for_each(|array| array.store = Precision::F64);
        moved.dendritic = Quantity::Constant(dendritic);
        moved.back = Some(Quantity::Constant(back));
        moved.pre = self.of_side(learning, Side::Pre, learning.pre.len(), source)?;
        moved.post = post.into_iter().map(Signal::Target).collect();
        moved.init = wide(&learning.init);
        moved.transmit = None;
        moved.hooks = learning.hooks.iter().map(hook).collect();
        moved.both = learning.both.as_ref().map(both);
        moved.rewire = None;
        moved.settle = wide(&learning.settle);
        moved.observables = vec![];
        Ok(moved)
    }
}

/// Whether slots that follow from others do not follow here.
fn of_slots_unknown(population: &PopulationPlan) -> bool {
    match &population.dynamics {
        Dynamics::SpikeTimes { traces: None, .. } => true,
        _ => !derives(population),
    }
}

/// The plan of isolated pairs.
fn small(
    plan: &Plan,
    projection: &ProjectionPlan,
    learning: Learning,
    populations: [PopulationPlan; 2],
    weight: f64,
    ticks: f64,
) -> Plan {
    let view = |population: usize| {
        let cells = Indices::Range(0, populations[population].cells);
        View { segments: vec![Segment { population: population as u32, cells }] }
    };
    let this = ProjectionPlan {
        path: projection.path.clone(),
        source: view(0),
        source_events: vec![EventId(0)],
        target: view(1),
        ports: vec![PortId(0)],
        connect: Connect::OneToOne,
        onto: None,
        allow_self: true,
        allow_multiple: false,
        weight: Quantity::Constant(weight),
        store: Precision::F64,
        rows: RowStorage::Auto,
        delay: Quantity::Constant(ticks * plan.dt),
        share: None,
        sign: Sign::Free,
        learning: Some(Box::new(learning)),
        flow: None,
        pairing: Pairing::Ordered,
        pre_columns: vec![],
        post_columns: vec![],
        edges: vec![],
        keys: projection.keys.clone(),
        place: projection.place,
    };
    Plan {
        dt: plan.dt,
        seed: plan.seed,
        populations: populations.into(),
        drives: vec![],
        projections: vec![this],
        order: vec![Sender::Projection(0)],
        tables: vec![],
        places: vec![],
    }
}
