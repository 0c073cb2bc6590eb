//! Synapses that learn, by hand. Sources play spike times, targets are told when to spike; both keep a trace that halves
//! at every tick, and rises by 1 at a spike. So all values are sums of powers of two.

use circ_plan::learning::*;

use super::*;

/// Of both populations: the trace as synapses see it.
const SEEN: ArrayId = ArrayId(2);
const TRACE: &str = "v7: float = load own a1\n v8: float = 0.5\n v9: float = mul v7, v8
    v10: float = select v4, v3, v5\n v11: float = add v9, v10\n array a1 = v11\n array a2 = v9";

/// Cells with a trace: arrays `v` (or whether it spikes), `x`, and `x` as it is seen.
pub(super) fn traced(mut population: PopulationPlan) -> PopulationPlan {
    let array = |name: &str, ty, role| ArrayPlan { name: name.into(), ty, role };
    let (first, lines) = match population.dynamics {
        Dynamics::SpikeTimes { .. } => (
            array("spikes", Ty::Bool, Role::Memory),
            "v0: float = 0.0\n v1: float = 0.0\n v2: float = 0.0\n v3: float = 1.0\n v4: bool = load own a0
             v5: float = 0.0\n v6: float = 0.0",
        ),
        Dynamics::Cells(_) => (
            array("v", Ty::Float, Role::State),
            "v0: float = arrival p0\n v1: float = load own a0\n v2: float = add v1, v0\n v3: float = 1.0
             v4: bool = ge v2, v3\n v5: float = 0.0\n v6: float = select v4, v5, v2\n array a0 = v6
             event e0 if v4\n check finite v2 place 0",
        ),
    };
    let step = program("step", Precision::F64, &format!("{lines}\n{TRACE}"));
    let nothing = Program::new("nothing", Precision::F64);
    let programs = Box::new(CellPrograms {
        derive_uniforms: nothing.clone(),
        init_params: nothing.clone(),
        derive_cells: nothing.clone(),
        init_states: nothing,
        start: step.clone(),
        step: step.clone(),
        reference_start: step.clone(),
        reference_step: step,
    });
    population.arrays =
        vec![first, array("x", Ty::Float, Role::State), array("seen x", Ty::Float, Role::Seen)];
    population.uniforms = vec![];
    population.observables = vec![];
    population.dynamics = match population.dynamics {
        Dynamics::SpikeTimes { times, .. } => Dynamics::SpikeTimes { times, traces: Some(programs) },
        Dynamics::Cells(_) => Dynamics::Cells(programs),
    };
    population
}

pub(super) fn hook(when: When, lines: &str) -> Hook {
    Hook { when, program: program("hook", Precision::F64, lines) }
}

/// `w` rises by an expression, whose value is `v0`.
pub(super) fn adds(when: When, value: &str) -> Hook {
    hook(when, &format!("{value}\n v1: float = load own a0\n v2: float = add v1, v0\n array a0 = v2"))
}

/// `w = 2 * w + value`: what comes first counts twice.
fn shifts(when: When, value: f64) -> Hook {
    let lines = "v0: float = load own a0\n v1: float = 2.0\n v2: float = @\n v3: float = fma v0, v1, v2
        array a0 = v3";
    hook(when, &lines.replace('@', &format!("{value:?}")))
}

pub(super) fn post() -> When {
    When::Post(vec![SPIKE])
}

const SEES_POST: &str = "v0: float = load post a0";
const SEES_PRE: &str = "v0: float = load pre a0";

pub(super) fn array(name: &str, ty: Ty) -> SynapseArray {
    SynapseArray { name: name.into(), ty, store: Precision::F64, parameter: false }
}

pub(super) fn observed(name: &str, lines: &str) -> Observable {
    Observable { name: name.into(), program: program(name, Precision::F64, lines) }
}

fn transmits(lines: &str) -> Option<Program> {
    Some(program("transmit", Precision::F64, lines))
}

/// Holds `w`, and sees the traces of both sides.
pub(super) fn rule(hooks: Vec<Hook>) -> Learning {
    let nothing = || Program::new("nothing", Precision::F64);
    Learning {
        rule: "Rule".into(),
        precision: Precision::F64,
        arrays: vec![array("w", Ty::Float)],
        delay: None,
        longest: None,
        dendritic: Quantity::Constant(0.0),
        back: None,
        uniforms: vec![],
        keys: vec![[3, 4]],
        pre: vec![vec![Column::Array(0, SEEN)]],
        post: vec![Signal::Target(vec![Column::Array(1, SEEN)])],
        init: nothing(),
        transmit: None,
        hooks,
        both: None,
        rewire: None,
        settle: nothing(),
        shared: None,
        observables: vec![observed("w", "v0: float = load own a0\n result v0")],
    }
}

/// The same, where nothing that is transmitted makes a target spike.
pub(super) fn silent(hooks: Vec<Hook>) -> Learning {
    Learning { transmit: transmits("v0: float = 0.0\n result v0"), ..rule(hooks) }
}

/// When sources and targets spike.
pub(super) struct Spikes<'s> {
    pub sources: &'s [(i64, u32)],
    pub targets: &'s [i64],
}

/// Two sources, three targets (which all spike at the same ticks), and synapses that learn.
pub(super) fn network(spikes: Spikes, learning: Learning) -> Plan {
    let sources = traced(spike_times("S", 2, spikes.sources.to_vec()));
    let targets = traced(cells("T", 3, Precision::F64));
    let told = drive(all(1, 3), DriveKind::Times(spikes.targets.to_vec()), 1e3);
    let mut projection = projection(all(0, 2), all(1, 3));
    projection.store = learning.arrays[0].store;
    projection.learning = Some(Box::new(learning));
    plan(vec![sources, targets], vec![told], vec![projection])
}

/// (source, target, weight, a, b, c), the delays in ticks.
type Learner = (u32, u32, f64, i64, i64, i64);

pub(super) fn learners(list: &[Learner]) -> Synapses {
    let each = |of: fn(&Learner) -> i64| Values::Each(list.iter().map(|it| of(it) as f64).collect());
    Synapses {
        source: list.iter().map(|it| it.0).collect(),
        target: list.iter().map(|it| it.1).collect(),
        weight: Values::Each(list.iter().map(|it| it.2).collect()),
        delay: each(|it| it.3 + it.4),
        dendritic: each(|it| it.4),
        back: each(|it| it.5),
        ..Synapses::default()
    }
}

/// The weights after every tick, from tick 0.
#[track_caller]
fn weights(plan: Plan, synapses: Synapses, until: i64) -> Vec<Vec<f64>> {
    let mut engine = engine(plan, vec![synapses]);
    (0..=until)
        .map(|tick| {
            run(&mut engine, tick);
            engine.observe_synapses(0, 0)
        })
        .collect()
}

fn changes_of(weights: &[Vec<f64>], synapse: usize) -> Vec<(usize, f64)> {
    let change = |k: usize| (k, weights[k][synapse] - weights[k - 1][synapse]);
    (1..weights.len()).map(change).filter(|(_, change)| *change != 0.0).collect()
}

#[test]
fn each_side_sees_the_trace_of_the_other() {
    let spikes = || Spikes { sources: &[(2, 0), (6, 0)], targets: &[5] };
    let hooks = || vec![adds(When::Pre, SEES_POST), adds(post(), SEES_PRE)];
    let synapses = [(0, 0, 0.5, 1, 0, 0), (0, 1, 0.5, 2, 0, 3), (0, 2, 0.5, 0, 2, 2), (1, 0, 0.5, 1, 0, 0)];
    let weights = weights(network(spikes(), rule(hooks())), learners(&synapses), 12);
    // After one tick along the axon: at tick 5 the source is seen as of tick 4, two halvings after its spike; at 7
    // the target as it is, two after its own.
    assert_eq!(changes_of(&weights, 0), [(5, 0.25), (7, 0.25)]);
    // Seen at 4 and 8, and of the target at 8: then both see what was before, the source as of tick 6, the target as of
    // tick 5, where its spike is not yet seen.
    assert_eq!(changes_of(&weights, 1), [(8, 0.0625)]);
    // Seen at once. The target's is seen at 7: the source then has 2^-5 and 2^-1.
    assert_eq!(changes_of(&weights, 2), [(7, 0.5 + 0.03125)]);
    assert_eq!(changes_of(&weights, 3), []);
}

#[test]
fn a_spike_arrives_after_both_delays_with_the_weight_of_its_synapse() {
    // At tick 5 all weights rise to 1.5.
    let plan = network(
        Spikes { sources: &[(2, 0)], targets: &[] },
        rule(vec![adds(When::Every(5), "v0: float = 1.0")]),
    );
    let list = [(0, 0, 0.5, 1, 0, 0), (0, 1, 0.5, 0, 6, 0), (0, 2, 0.5, 4, 2, 0)];
    let mut engine = engine(plan, vec![learners(&list)]);
    let mut seen = vec![];
    for tick in 0..=9 {
        run(&mut engine, tick);
        seen.push((engine.in_flight(1, 0), engine.array(1, V)));
    }
    // What has been transmitted is on its way: of the second synapse at once, of the third after the change.
    assert_eq!(seen[2], (vec![(8, 1, 0.5)], vec![0.0; 3]));
    assert_eq!(seen[3], (vec![(8, 1, 0.5)], vec![0.5, 0.0, 0.0]));
    assert_eq!(seen[5], (vec![(8, 1, 0.5)], vec![0.5, 0.0, 0.0]));
    assert_eq!(seen[6], (vec![(8, 1, 0.5), (8, 2, 1.5)], vec![0.5, 0.0, 0.0]));
    assert_eq!(seen[8].0, []);
    assert_eq!(engine.events(1, SPIKE), [(8, 2)]);
    assert_eq!(engine.array(1, V), [0.5, 0.5, 0.0]);
}

#[test]
fn what_is_transmitted_is_as_before_the_hooks_and_after_the_tick() {
    let mut learning = rule(vec![adds(When::Pre, "v0: float = 0.25"), shifts(When::Tick, 0.0)]);
    let plan = |learning: &Learning| network(Spikes { sources: &[(1, 0)], targets: &[] }, learning.clone());
    let list = [(0, 0, 1.0 / 64.0, 1, 0, 0), (0, 1, 1.0 / 64.0, 0, 1, 0)];
    let arrives = |plan: Plan| {
        let mut engine = engine(plan, vec![learners(&list)]);
        run(&mut engine, 2);
        (engine.array(1, V), engine.observe_synapses(0, 0))
    };
    // Doubled at ticks 1 and 2. The first is seen at tick 2, the second at tick 1.
    let held = vec![0.0625 + 0.25, (0.03125 + 0.25) * 2.0];
    assert_eq!(arrives(plan(&learning)), (vec![0.0625, 0.03125, 0.0], held.clone()));
    learning.transmit = transmits("v0: float = load own a0\n v1: float = neg v0\n result v1");
    assert_eq!(arrives(plan(&learning)), (vec![-0.0625, -0.03125, 0.0], held.clone()));
    learning.transmit = transmits("v0: float = nan(0x7ff8000000000000)\n result v0");
    assert_eq!(arrives(plan(&learning)), (vec![0.0; 3], held));
}

#[test]
fn hooks_run_in_their_order() {
    // Pre, both of the post event, the modulator, then what is clocked.
    let second = View { segments: vec![Segment { population: 0, cells: Indices::List(vec![1]) }] };
    let modulator = When::Modulator(second, vec![SPIKE]);
    let hooks = vec![
        shifts(modulator, 8.0),
        shifts(post(), 2.0),
        shifts(When::Pre, 1.0),
        shifts(post(), 4.0),
        shifts(When::Every(3), 16.0),
    ];
    let plan = network(Spikes { sources: &[(3, 0), (3, 1)], targets: &[3] }, silent(hooks));
    let weights = weights(plan, learners(&[(0, 0, 0.0, 0, 1, 0)]), 5);
    let all = [1.0, 2.0, 4.0, 8.0, 16.0].into_iter().fold(0.0, |w, value| 2.0 * w + value);
    assert_eq!(weights, [0.0, 0.0, 0.0, all, all, all].map(|w| vec![w]));
}

#[test]
fn where_both_sides_meet_their_hook_runs_instead() {
    let spikes = || Spikes { sources: &[(2, 0), (6, 0)], targets: &[1, 4] };
    let mut learning = silent(vec![shifts(When::Pre, 1.0), shifts(post(), 1.0)]);
    let both = |transmit| Both {
        events: vec![SPIKE],
        program: hook(When::Pre, "v0: float = 4.0\n array a0 = v0").program,
        transmit,
    };
    // Both are seen at tick 4 (and the event of tick 1 at 2); the other target's event is seen at 5.
    let list = [(0, 0, 0.0, 2, 1, 0), (0, 1, 0.0, 2, 1, 1)];
    let all = |learning: &Learning| weights(network(spikes(), learning.clone()), learners(&list), 8);
    let apart = all(&learning);
    assert_eq!(
        apart.iter().map(|w| w[0]).collect::<Vec<_>>(),
        [0.0, 1.0, 1.0, 1.0, 7.0, 7.0, 7.0, 7.0, 15.0]
    );
    assert_eq!(
        apart.iter().map(|w| w[1]).collect::<Vec<_>>(),
        [0.0, 0.0, 1.0, 1.0, 3.0, 7.0, 7.0, 7.0, 15.0]
    );
    learning.both = Some(both(None));
    let together = all(&learning);
    assert_eq!(
        together.iter().map(|w| w[0]).collect::<Vec<_>>(),
        [0.0, 1.0, 1.0, 1.0, 4.0, 4.0, 4.0, 4.0, 9.0]
    );
    assert_eq!(
        together.iter().map(|w| w[1]).collect::<Vec<_>>(),
        apart.iter().map(|w| w[1]).collect::<Vec<_>>()
    );

    // What is transmitted there: the weight, or what `both` says.
    let arrives = |transmit: Option<Program>| {
        let mut learning = learning.clone();
        learning.transmit = transmits("v0: float = -1.0\n result v0");
        learning.both = Some(both(transmit));
        let mut engine = engine(network(spikes(), learning), vec![learners(&list)]);
        run(&mut engine, 5);
        engine.array(1, V)
    };
    assert_eq!(arrives(None), [-1.0, -1.0, 0.0]);
    assert_eq!(arrives(transmits("v0: float = -3.0\n result v0")), [-3.0, -1.0, 0.0]);
}

#[test]
fn clocked_hooks_see_the_tick_as_it_is() {
    // The state itself, not what is seen of it: at tick 4 the source has its spike, a tick later its half.
    let mut learning = silent(vec![adds(When::Every(4), SEES_PRE), adds(When::Tick, SEES_POST)]);
    learning.pre = vec![vec![Column::Array(0, ArrayId(1))]];
    learning.post = vec![Signal::Target(vec![Column::Array(1, ArrayId(1))])];
    let plan = network(Spikes { sources: &[(4, 0)], targets: &[6] }, learning);
    let weights = weights(plan, learners(&[(0, 0, 0.0, 0, 2, 0), (0, 1, 0.0, 1, 1, 2)]), 9);
    // What is stepped sees the state that the step begins with.
    assert_eq!(changes_of(&weights, 0), [(4, 1.0), (7, 1.0), (8, 0.5 + 0.0625), (9, 0.25)]);
    assert_eq!(changes_of(&weights, 1), [(8, 0.125), (9, 1.0)]);
}

#[test]
fn before_the_first_tick_a_side_is_as_it_was_in_it() {
    let mut learning = silent(vec![adds(When::Tick, SEES_PRE)]);
    learning.pre = vec![vec![Column::Array(0, ArrayId(1))]];
    let plan = network(Spikes { sources: &[(0, 0)], targets: &[] }, learning);
    let weights = weights(plan, learners(&[(0, 0, 0.0, 2, 0, 0)]), 5);
    assert_eq!(changes_of(&weights, 0), [(1, 1.0), (2, 1.0), (3, 1.0), (4, 0.5), (5, 0.25)]);
}

#[test]
fn a_modulator_is_one_for_all_or_one_for_each_target() {
    let cells = |list: Vec<u32>| Cells {
        view: View { segments: vec![Segment { population: 0, cells: Indices::List(list) }] },
        columns: vec![Column::Array(0, SEEN)],
    };
    let rule_of = |cells: Cells| {
        let events = When::Modulator(cells.view.clone(), vec![SPIKE]);
        let mut learning = silent(vec![adds(post(), SEES_POST), adds(events, "v0: float = 4.0")]);
        learning.post = vec![Signal::Modulator(cells)];
        learning
    };
    let list = [(0, 0, 0.0, 1, 1, 0), (0, 1, 0.0, 1, 1, 1), (0, 2, 0.0, 1, 1, 0)];
    let spikes = || Spikes { sources: &[(2, 0), (4, 1)], targets: &[5] };
    let last = |learning| weights(network(spikes(), learning), learners(&list), 7).pop();
    // The second source has 1/2 a tick after its spike, and 1/4 at the tick after that.
    assert_eq!(last(rule_of(cells(vec![1]))), Some(vec![4.5, 4.25, 4.5]));
    let mut three = network(spikes(), rule_of(cells(vec![1, 0, 2])));
    three.populations[0].cells = 3;
    // The first source has 1/16 at tick 6; the third never spikes.
    assert_eq!(weights(three, learners(&list), 7).pop(), Some(vec![4.5, 4.0625, 0.0]));
}

#[test]
fn a_delay_that_is_learned_is_that_of_the_spikes_that_follow() {
    let mut learning = rule(vec![
        hook(
            When::Pre,
            "v0: float = load own a1\n v1: float = -0.2\n v2: float = add v0, v1\n array a1 = v2",
        ),
        adds(When::Pre, "v0: float = load pre a0"),
        adds(post(), "v0: float = load pre a0"),
    ]);
    learning.arrays.push(array("d", Ty::Float));
    learning.delay = Some(ArrayId(1));
    learning.longest = Some(0.5);
    learning.transmit = transmits("v0: float = 0.125\n result v0");
    learning.observables.push(observed("d", "v0: float = load own a1\n result v0"));
    let spikes = Spikes { sources: &[(2, 0), (5, 0), (6, 0), (8, 0), (12, 0)], targets: &[10] };
    let mut engine = engine(network(spikes, learning), vec![learners(&[(0, 0, 0.0, 4, 1, 0)])]);
    let (mut delays, mut weights, mut arrived) = (vec![], vec![], vec![]);
    for tick in 0..=14 {
        run(&mut engine, tick);
        delays.push((engine.observe_synapses(0, 1)[0] * 10.0).round());
        weights.push(engine.observe_synapses(0, 0));
        arrived.push(engine.array(1, V)[0] * 8.0);
    }
    // The spikes of 2, 5 and 6 take 4 ticks (that of 6 although its synapse learns at that tick), that of 8 takes 2: so
    // two are seen at 10. Then the delay would be below 0, and is 0.
    assert_eq!(delays, [4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 2.0, 2.0, 2.0, 0.0, -4.0, -4.0, -6.0, -6.0, -6.0]);
    assert_eq!(arrived, [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 2.0, 2.0, 3.0, 3.0]);
    // Every spike sees its source as it was at its stamp, the target's event as it is.
    let seen = |at: usize| {
        let before = [2, 5, 6, 8, 12].into_iter().filter(|stamp| *stamp < at);
        before.map(|stamp| 1.0 / f64::from(1 << (at - stamp))).sum::<f64>()
    };
    let expected = [(9, seen(5)), (10, seen(6) + seen(8) + seen(10)), (12, seen(12))];
    assert_eq!(changes_of(&weights, 0), expected);
}
