//! Pairs in both directions: one draw, one weight, one delay.

mod common;

use std::sync::Arc;

use circ_numerics::Distribution;
use circ_plan::engine::{Synapses, Values};
use circ_plan::ir::*;
use circ_plan::plan::*;
use circ_runtime::{BuildError, Network};
use common::*;

/// Two projections, there and back, with weights and delays that are drawn.
fn both(sizes: &[u32], connect: &Connect, change: impl Fn(&mut ProjectionPlan)) -> Arc<Plan> {
    let names = ["A", "B"];
    let mut plan =
        plan(sizes.iter().zip(names).map(|(&n, name)| population(name, n, Precision::F64)).collect());
    let (first, second) = (all(&plan, &[0]), all(&plan, &[sizes.len() as u32 - 1]));
    let pairing = if sizes.len() == 1 { Pairing::Unordered } else { Pairing::Ordered };
    let mut add = |source: &View, target: &View, pairing| {
        let projection = project(&mut plan, source.clone(), target.clone(), 0, connect.clone());
        projection.weight = drawn(Distribution::Uniform, 0.0, 1.0);
        projection.delay = drawn(Distribution::Uniform, 0.1, 2.0);
        projection.pairing = pairing;
        change(projection);
    };
    add(&first, &second, pairing);
    add(&second, &first, Pairing::Mirror(0));
    Arc::new(plan)
}

/// Source, target, weight, delay.
fn list(synapses: &Synapses) -> Vec<(u32, u32, f64, f64)> {
    let ends = synapses.source.iter().zip(&synapses.target).enumerate();
    ends.map(|(k, (s, t))| (*s, *t, at(&synapses.weight, k), at(&synapses.delay, k))).collect()
}

/// The synapses there, after those back were held to be the same, on several numbers of threads.
#[track_caller]
fn symmetric(plan: &Arc<Plan>) -> Vec<(u32, u32, f64, f64)> {
    let there = list(&build(plan, 1).synapses(0));
    let mut expected: Vec<_> = there.iter().map(|&(s, t, w, d)| (t, s, w, d)).collect();
    // Equal pairs keep their order.
    expected.sort_by_key(|pair| (pair.0, pair.1));
    for threads in [1, 2, 3, 7] {
        let network = build(plan, threads);
        assert_eq!(list(&network.synapses(0)), there, "there, on {threads} threads");
        assert_eq!(list(&network.synapses(1)), expected, "back, on {threads} threads");
        assert_eq!(network.synapse_count(0), network.synapse_count(1));
        assert_eq!(network.delay_range(0), network.delay_range(1));
    }
    there
}

fn condition() -> Program {
    let mut program = Program::new("where", Precision::F64);
    let pre = program.push(Op::Index(Side::Pre), Ty::Int);
    let post = program.push(Op::Index(Side::Post), Ty::Int);
    let seven = program.push(Op::Int(7), Ty::Int);
    let sum = program.push(Op::Add(pre, post), Ty::Int);
    let rest = program.push(Op::IntMod(sum, seven), Ty::Int);
    let two = program.push(Op::Int(2), Ty::Int);
    let value = program.push(Op::Compare(Compare::Lt, rest, two), Ty::Bool);
    program.outputs = vec![Output::Result(value)];
    program
}

#[test]
fn every_form_goes_both_ways_between_two_views() {
    let pairs = vec![(3, 1), (0, 2), (3, 0), (17, 20)];
    let forms = [
        Connect::Probability(Quantity::Constant(0.2)),
        Connect::Probability(Quantity::Constant(1.0)),
        Connect::AllToAll,
        Connect::InDegree(4),
        Connect::OutDegree(5),
        Connect::Total(77),
        Connect::Where(Box::new(condition())),
        Connect::Pairs(pairs),
    ];
    for connect in forms {
        assert!(!symmetric(&both(&[30, 40], &connect, |_| {})).is_empty());
    }
    assert_eq!(symmetric(&both(&[30, 30], &Connect::OneToOne, |_| {})).len(), 30);
    let multiple = |p: &mut ProjectionPlan| p.allow_multiple = true;
    assert_eq!(symmetric(&both(&[5, 6], &Connect::InDegree(20), multiple)).len(), 120);
}

#[test]
fn within_one_view_pairs_are_not_ordered() {
    let pairs = |n: u32| (0..n).flat_map(move |a| (a + 1..n).map(move |b| (a, b)));
    let ends = |made: &[(u32, u32, f64, f64)]| made.iter().map(|p| (p.0, p.1)).collect::<Vec<_>>();
    let made = symmetric(&both(&[40], &Connect::AllToAll, |_| {}));
    assert!(ends(&made).into_iter().eq(pairs(40)));
    let made = symmetric(&both(&[40], &Connect::Where(Box::new(condition())), |_| {}));
    assert!(ends(&made).into_iter().eq(pairs(40).filter(|(a, b)| (a + b) % 7 < 2)));
    let listed = vec![(1, 3), (0, 2), (5, 39)];
    let made = symmetric(&both(&[40], &Connect::Pairs(listed), |_| {}));
    assert_eq!(ends(&made), [(0, 2), (1, 3), (5, 39)]);
    for total in [0, 50, 700, 780] {
        let made = symmetric(&both(&[40], &Connect::Total(total), |_| {}));
        assert_eq!(made.len() as u64, total);
        assert!(made.iter().all(|pair| pair.0 < pair.1));
    }
    let error =
        Network::build(both(&[40], &Connect::Total(781), |_| {}), 2, ROOM).expect_err("there are 780");
    assert_eq!(error, BuildError::TooMany { projection: 0, need: 781, have: 780 });
}

#[test]
fn a_probability_within_one_view_is_of_pairs() {
    for p in [0.02, 0.4, 1.0] {
        let made = symmetric(&both(&[500], &Connect::Probability(Quantity::Constant(p)), |_| {}));
        assert!(made.iter().all(|pair| pair.0 < pair.1));
        let (mean, deviation) = (124_750.0 * p, (124_750.0 * p * (1.0 - p)).sqrt());
        assert!((made.len() as f64 - mean).abs() <= 4.0 * deviation, "{} of {mean}", made.len());
    }
}

#[test]
fn columns_of_a_table_belong_to_both_directions() {
    let mut edge = Program::new("edge", Precision::F64);
    let value = edge.push(Op::Edge(0), Ty::Float);
    edge.outputs = vec![Output::Result(value)];
    let table = Connect::Pairs(vec![(3, 5), (0, 2), (1, 4)]);
    let plan = both(&[6], &table, |p| {
        p.edges = vec![vec![10.0, 20.0, 30.0]];
        p.weight = Quantity::Program(Box::new(edge.clone()));
        p.store = Precision::F64;
    });
    let made: Vec<_> = symmetric(&plan).iter().map(|p| (p.0, p.1, p.2)).collect();
    assert_eq!(made, [(0, 2, 20.0), (1, 4, 30.0), (3, 5, 10.0)]);
}

#[test]
fn weights_are_held_as_they_are_stored() {
    for (store, exact) in [(Precision::F32, false), (Precision::F64, true)] {
        let plan = both(&[30, 20], &Connect::AllToAll, |p| p.store = store);
        let Values::Each(weights) = build(&plan, 2).synapses(1).weight else { panic!("weights differ") };
        assert_eq!(weights.iter().any(|w| f64::from(*w as f32) != *w), exact);
    }
}
