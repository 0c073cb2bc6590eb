//! Synapses that learn, from outside: what is set, scaled, sampled and shown, and what fails.

use circ_plan::learning::*;

use super::learning::*;
use super::*;

const W: ArrayId = ArrayId(0);

/// `w` decays: a synapse holds what it was worth at its last hook, and when that was.
fn decaying(hooks: Vec<Hook>) -> Learning {
    // w now = w * 2 ^ -(now - anchor).
    let present =
        "v0: float = load own a0\n v1: tick = load own a1\n v2: tick = now\n v3: float = to_float v1
        v4: float = to_float v2\n v5: float = sub v3, v4\n v6: float = 2.0\n v7: float = pow v6, v5
        v8: float = mul v0, v7";
    let settle = format!("{present}\n array a0 = v8\n array a1 = v2");
    let mut learning = silent(hooks);
    learning.arrays.push(array("anchor", Ty::Tick));
    learning.settle = program("settle", Precision::F64, &settle);
    learning.observables = vec![
        observed("w", &format!("{present}\n result v8")),
        observed("rate", "v0: float = uniform u0\n result v0"),
    ];
    learning.uniforms =
        vec![UniformPlan { name: "rate".into(), ty: Ty::Float, role: Role::Parameter, value: 3.0 }];
    learning
}

fn quiet() -> Spikes<'static> {
    Spikes { sources: &[], targets: &[] }
}

#[test]
fn what_follows_from_an_earlier_tick_is_settled_before_it_is_changed() {
    let list = [(0, 0, 1.0, 1, 0, 0), (0, 1, 2.0, 1, 0, 0), (1, 0, 4.0, 1, 0, 0)];
    let mut engine = engine(network(quiet(), decaying(vec![])), vec![learners(&list)]);
    assert_eq!(engine.observe_synapses(0, 0), [1.0, 2.0, 4.0]);
    run(&mut engine, 2);
    assert_eq!(engine.observe_synapses(0, 0), [0.25, 0.5, 1.0]);
    assert_eq!(engine.synapse_array(0, W), [1.0, 2.0, 4.0]);
    engine.set_synapses(0, W, &[(1, 8.0)]);
    assert_eq!(engine.synapse_array(0, W), [0.25, 8.0, 1.0]);
    assert_eq!(engine.synapse_array(0, ArrayId(1)), [2.0; 3]);
    run(&mut engine, 3);
    engine.scale_weights(0, &[true, false], &[3.0, 0.5, 1.0]);
    assert_eq!(engine.synapse_array(0, W), [0.375, 2.0, 0.5]);
    let shown = |engine: &Interpreter| {
        let mut all = vec![];
        engine.visit_synapses(0, &mut |piece| all.push(piece.clone()));
        all
    };
    run(&mut engine, 4);
    let expected = Synapses { weight: Values::Each(vec![0.1875, 1.0, 0.25]), ..learners(&list) };
    assert_eq!(shown(&engine), [expected]);
    assert_eq!((engine.learning_slot(0, UniformId(0)), engine.observe_synapses(0, 1)), (3.0, vec![3.0; 3]));
    engine.set_learning_slot(0, UniformId(0), 5.0);
    assert_eq!((engine.learning_slot(0, UniformId(0)), engine.observe_synapses(0, 1)), (5.0, vec![5.0; 3]));
    assert_eq!(engine.synapse_array(0, W), [0.1875, 1.0, 0.25]);
}

#[test]
fn a_probe_samples_synapses_after_all_that_happens_in_a_tick() {
    let plan = network(quiet(), silent(vec![adds(When::Every(2), "v0: float = 1.0")]));
    let list = [(0, 0, 0.0, 1, 0, 0), (0, 1, 10.0, 1, 0, 0), (1, 0, 20.0, 1, 0, 0)];
    let mut engine = engine(plan, vec![learners(&list)]);
    let probe = |keep| SynapseProbe {
        projection: 0,
        observable: 0,
        synapses: vec![0, 2],
        first_tick: 1,
        interval_ticks: 3,
        keep,
    };
    let (each, sum) =
        (engine.add_synapse_probe(probe(Keep::Each)), engine.add_synapse_probe(probe(Keep::Sum)));
    run(&mut engine, 8);
    let samples = engine.samples(each);
    assert_eq!(samples, Samples::new(vec![1, 4, 7], vec![0.0, 20.0, 2.0, 22.0, 3.0, 23.0]));
    assert_eq!(engine.samples(sum).values(), [5.0, 65.0]);
}

#[test]
fn arrays_are_held_as_they_say_and_begin_as_they_are_told() {
    let third = 1.0 / 3.0;
    let mut learning = silent(vec![adds(When::Every(1), "v0: float = 1e-9")]);
    learning.arrays = vec![
        SynapseArray { store: Precision::F32, ..array("w", Ty::Float) },
        array("d", Ty::Float),
        array("e", Ty::Float),
        array("on", Ty::Bool),
        array("count", Ty::Int),
        array("last", Ty::Tick),
    ];
    learning.delay = Some(ArrayId(1));
    let init = "v0: float = load own a0\n v1: float = load own a1\n v2: float = add v0, v1\n v3: bool = true
        v4: int = index post\n v5: tick = 4294967296\n array a2 = v2\n array a3 = v3\n array a4 = v4\n array a5 = v5";
    learning.init = program("init", Precision::F64, init);
    let mut engine = engine(network(quiet(), learning), vec![learners(&[(0, 2, third, 3, 0, 0)])]);
    let held = f64::from(third as f32);
    let arrays = |engine: &Interpreter| [0, 1, 2, 3, 4, 5].map(|k| engine.synapse_array(0, ArrayId(k))[0]);
    let begins = [held, 3.0 * 0.1, held + 3.0 * 0.1, 1.0, 2.0, f64::from(i32::MAX)];
    assert_eq!(arrays(&engine), begins);
    // What is too little for how it is held is lost.
    run(&mut engine, 9);
    assert_eq!(arrays(&engine), begins);
    [0, 3, 4].into_iter().for_each(|k| engine.set_synapses(0, ArrayId(k), &[(0, third)]));
    assert_eq!(arrays(&engine)[..5], [held, 3.0 * 0.1, held + 3.0 * 0.1, 1.0, 0.0]);
}

#[test]
fn synapses_between_the_same_cells_draw_apart() {
    let mut learning = silent(vec![]);
    let draw = "v0: float = 0.0\n v1: float = 1.0\n v2: float = draw uniform (v0, v1) key k0 salt 2\n v3: float = load own a0
        v4: float = add v2, v3\n array a0 = v4";
    learning.hooks = vec![hook(When::Every(1), draw)];
    let list = vec![(0, 1, 0.0, 1, 0, 0); 70];
    let mut engine = engine(network(quiet(), learning), vec![learners(&list)]);
    run(&mut engine, 1);
    let first = engine.observe_synapses(0, 0);
    let mut different = first.clone();
    different.sort_by(f64::total_cmp);
    different.dedup();
    assert_eq!(different.len(), 70);
    assert!(first.iter().all(|x| (0.0..1.0).contains(x)));
    run(&mut engine, 2);
    assert!(engine.observe_synapses(0, 0).iter().zip(&first).all(|(sum, first)| sum - first != *first));
}

#[test]
fn what_comes_from_learning_synapses_is_summed_last() {
    // All arrive at tick 4: of stamp 2 from the first that learns, of stamp 1 from the second, and of stamp 2 from one that
    // does not, which is declared last. Beside 1e16 a 1 is lost, a 2 is not.
    let learns = || {
        let mut learns = projection(all(0, 2), all(1, 1));
        learns.learning = Some(Box::new(rule(vec![])));
        learns.store = Precision::F64;
        learns
    };
    let arrives = |weights: [f64; 3]| {
        let sources = traced(spike_times("S", 2, vec![(1, 0), (2, 1)]));
        let populations = vec![sources, traced(cells("T", 1, Precision::F64))];
        let projections = vec![learns(), learns(), projection(all(0, 2), all(1, 1))];
        let made = vec![
            learners(&[(1, 0, weights[0], 1, 1, 0)]),
            learners(&[(0, 0, weights[1], 1, 2, 0)]),
            synapses(&[(1, 0, weights[2], 2.0)]),
        ];
        let mut engine = engine(plan(populations, vec![], projections), made);
        run(&mut engine, 4);
        engine.array(1, V)[0]
    };
    assert_eq!(arrives([1e16, -1e16, 1.0]), 0.0);
    assert_eq!(arrives([1.0, -1e16, 1.0]), -1e16 + 2.0);
    assert_eq!(arrives([0.5, 0.125, 0.25]), 0.875);
}

#[test]
fn a_rule_reads_the_row_of_its_synapse() {
    let mut plan = network(quiet(), silent(vec![adds(When::Every(1), "v0: float = edge 1")]));
    plan.projections[0].connect = Connect::Pairs(vec![(1, 0), (0, 2)]);
    plan.projections[0].edges = vec![vec![0.0, 0.0], vec![5.0, 7.0]];
    let learners = learners(&[(0, 2, 0.0, 1, 0, 0), (1, 0, 0.0, 1, 0, 0)]);
    let mut engine = engine(plan, vec![Synapses { rows: vec![1, 0], ..learners }]);
    run(&mut engine, 1);
    assert_eq!(engine.observe_synapses(0, 0), [7.0, 5.0]);
}

/// `w = 1 / w - 1`, held to be finite.
fn inverts(when: When) -> Hook {
    let lines = "v0: float = load own a0\n v1: float = 1.0\n v2: float = div v1, v0\n v3: float = sub v2, v1\n array a0 = v3
        check finite v3 place 0";
    hook(when, lines)
}

#[test]
fn a_synapse_that_fails_leaves_the_tick_unmade() {
    let spikes = Spikes { sources: &[(3, 0), (3, 1)], targets: &[3] };
    let hooks = vec![adds(When::Tick, "v0: float = 0.125"), inverts(When::Pre), inverts(post())];
    // At tick 3 the weights are 0.5, 1, 1 and 0: the second and the last fail.
    let list =
        [(0, 0, 0.125, 0, 1, 0), (0, 1, 0.625, 0, 1, 0), (0, 2, 0.625, 1, 1, 0), (1, 1, -0.375, 0, 1, 0)];
    let mut engine = engine(network(spikes, silent(hooks)), vec![learners(&list)]);
    run(&mut engine, 2);
    let state = |engine: &Interpreter| {
        let arrays: Vec<Vec<f64>> = (0..2)
            .flat_map(|p| (0..3).map(move |a| (p, a)))
            .map(|(p, a)| engine.array(p, ArrayId(a)))
            .collect();
        (engine.tick(), engine.synapse_array(0, W), arrays, engine.events(0, SPIKE), engine.in_flight(1, 0))
    };
    let before = state(&engine);
    let stop = engine.advance(9, &AtomicBool::new(false));
    let Err(Stop::Synapse(fault)) = stop else { panic!("a fault, not {stop:?}") };
    // The second hook of the second synapse fails: its first has made 1 / 1 - 1.
    let expected = SynapseFault { projection: 0, source: 0, target: 1, tick: 3, place: 0, arrays: vec![0.0] };
    assert_eq!(*fault, expected);
    assert_eq!(state(&engine), before);
    // Tried again, where nothing fails, it is made.
    engine.set_synapses(0, W, &[(1, 0.375), (3, 0.375)]);
    run(&mut engine, 3);
    assert_eq!(engine.synapse_array(0, W), [0.0; 4]);
    assert_eq!(engine.events(1, SPIKE), [(3, 0), (3, 1), (3, 2)]);
}

#[test]
fn a_cell_that_fails_comes_before_a_synapse() {
    let spikes = Spikes { sources: &[(2, 0)], targets: &[] };
    let mut plan = network(spikes, silent(vec![adds(When::Tick, "v0: float = 1.0"), inverts(When::Pre)]));
    plan.drives[0].kind = DriveKind::Times(vec![2]);
    plan.drives[0].weight = Quantity::Constant(f64::INFINITY);
    let mut engine = engine(plan, vec![learners(&[(0, 0, -2.0, 0, 1, 0)])]);
    let stop = engine.advance(9, &AtomicBool::new(false));
    let Err(Stop::Fault(fault)) = stop else { panic!("a fault of a cell, not {stop:?}") };
    assert_eq!((fault.population, fault.cell, fault.tick), (1, 0, 2));
    assert_eq!((engine.tick(), engine.synapse_array(0, W)), (1, vec![-1.0]));
}
