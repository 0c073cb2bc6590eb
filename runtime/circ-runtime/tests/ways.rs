//! Learning synapses as they are built: their dendritic delays and their ways back.

mod common;

use std::sync::Arc;

use circ_numerics::Distribution;
use circ_plan::engine::Values;
use circ_plan::ir::*;
use circ_plan::learning::{Learning, SynapseArray};
use circ_plan::plan::*;
use circ_runtime::{BadValue, BuildError, Network, Way};
use common::*;

/// From four cells to three, all to all, with delays of 5 ms.
fn built(change: impl Fn(&mut ProjectionPlan, &mut Learning)) -> Result<Network, BuildError> {
    let names = [("A", 4), ("B", 3)];
    let mut plan = plan(names.iter().map(|(name, n)| population(name, *n, Precision::F64)).collect());
    let (source, target) = (all(&plan, &[0]), all(&plan, &[1]));
    let projection = project(&mut plan, source, target, 0, Connect::AllToAll);
    projection.delay = Quantity::Constant(5.0);
    let nothing = || Program::new("nothing", Precision::F64);
    let array = SynapseArray { name: "w".into(), ty: Ty::Float, store: Precision::F64, parameter: false };
    let mut learning = Learning {
        rule: "Rule".into(),
        precision: Precision::F64,
        arrays: vec![array],
        delay: None,
        longest: None,
        dendritic: Quantity::Constant(0.0),
        back: None,
        uniforms: vec![],
        keys: vec![],
        pre: vec![],
        post: vec![],
        init: nothing(),
        transmit: None,
        hooks: vec![],
        both: None,
        rewire: None,
        settle: nothing(),
        shared: None,
        observables: vec![],
    };
    change(projection, &mut learning);
    projection.learning = Some(Box::new(learning));
    Network::build(Arc::new(plan), 2, ROOM)
}

/// A tenth of a millisecond for every position of the source, and `least` to begin with.
fn of_source(least: f64) -> Quantity {
    let mut program = Program::new("of_source", Precision::F64);
    let index = program.push(Op::Index(Side::Pre), Ty::Int);
    let index = program.push(Op::ToFloat(index), Ty::Float);
    let tenth = program.push(Op::Float(0.1), Ty::Float);
    let least = program.push(Op::Float(least), Ty::Float);
    let sum = program.push(Op::Fma(index, tenth, least), Ty::Float);
    program.outputs = vec![Output::Result(sum)];
    Quantity::Program(Box::new(program))
}

#[test]
fn what_is_one_number_is_one_number() {
    let network = built(|_, learning| learning.dendritic = Quantity::Constant(1.26)).expect("it holds");
    let made = network.synapses(0);
    assert!(!made.broadcast);
    assert_eq!(made.source.len(), 12);
    assert_eq!([made.delay, made.dendritic, made.back], [50.0, 13.0, 13.0].map(Values::One));
}

#[test]
fn each_synapse_has_its_own_ways() {
    let network = built(|_, learning| {
        learning.dendritic = of_source(0.2);
        learning.back = Some(Quantity::Constant(3.0));
    });
    let made = network.expect("it holds").synapses(0);
    let expected: Vec<f64> = made.source.iter().map(|&source| f64::from(source) + 2.0).collect();
    assert_eq!(made.dendritic, Values::Each(expected.clone()));
    assert_eq!(made.back, Values::One(30.0));
    let network = built(|projection, learning| {
        projection.connect = Connect::InDegree(2);
        learning.back = Some(of_source(0.0));
    });
    let made = network.expect("it holds").synapses(0);
    assert_eq!(made.source.len(), 6);
    assert_eq!(made.dendritic, Values::One(0.0));
    assert_eq!(made.back, Values::Each(made.source.iter().map(|&source| f64::from(source)).collect()));
}

#[test]
fn a_draw_is_that_of_the_delay() {
    let drawn = drawn(Distribution::Uniform, 1.0, 4.0);
    let network = built(|projection, learning| {
        projection.delay = drawn.clone();
        learning.dendritic = drawn.clone();
    });
    let made = network.expect("it holds").synapses(0);
    let Values::Each(ways) = &made.dendritic else { panic!("draws differ") };
    assert!(ways.iter().all(|ticks| (10.0..=40.0).contains(ticks)) && ways[0] != ways[1], "{ways:?}");
    assert_eq!(made.delay, made.dendritic);
    assert_eq!(made.back, made.dendritic);
}

#[test]
fn synapses_of_a_table_know_their_rows() {
    let network = built(|projection, _| projection.connect = Connect::Pairs(vec![(3, 0), (1, 2), (1, 0)]));
    let made = network.expect("it holds").synapses(0);
    assert_eq!([made.source, made.target, made.rows], [[1, 1, 3], [0, 2, 0], [2, 1, 0]].map(Vec::from));
}

#[test]
fn a_way_is_at_least_nothing_and_no_longer_than_the_delay() {
    let wrong = |pre, post, value, count| BadValue { pre, post, value, count };
    let refused = |change: &dyn Fn(&mut ProjectionPlan, &mut Learning), way, first| {
        let error = built(|projection, learning| change(projection, learning)).err();
        assert_eq!(error, Some(BuildError::Way { projection: 0, way, first }));
    };
    refused(&|_, it| it.dendritic = Quantity::Constant(-0.1), Way::Dendritic, wrong(0, 0, -0.1, 0));
    refused(&|_, it| it.dendritic = Quantity::Constant(5.1), Way::Dendritic, wrong(0, 0, 5.1, 0));
    refused(
        &|_, it| it.back = Some(Quantity::Constant(f64::INFINITY)),
        Way::Back,
        wrong(0, 0, f64::INFINITY, 0),
    );
    refused(&|_, it| it.back = Some(of_source(-0.2)), Way::Back, wrong(0, 0, -0.2, 6));
    // Sources 2 and 3 have 5.1 ms and 5.2 ms of the 5 ms in all.
    refused(&|_, it| it.dendritic = of_source(4.9), Way::Dendritic, wrong(2, 0, 51.0 * 0.1, 6));
    let longer = |projection: &mut ProjectionPlan, it: &mut Learning| {
        projection.delay = of_source(0.1);
        it.dendritic = Quantity::Constant(0.2);
    };
    refused(&longer, Way::Dendritic, wrong(0, 0, 0.2, 3));
    assert!(built(|_, it| it.back = Some(Quantity::Constant(99.0))).is_ok());
}
