//! Construction: every form of `connect` against what it promises, and against a loop over pairs.

mod common;

use std::sync::Arc;

use circ_numerics::Distribution;
use circ_plan::engine::Values;
use circ_plan::ir::*;
use circ_plan::plan::*;
use circ_runtime::{BuildError, Network, needed};
use common::*;

fn cells_of(sizes: &[u32]) -> Plan {
    let names = ["A", "B", "C"];
    plan(sizes.iter().zip(names).map(|(&n, name)| population(name, n, Precision::F64)).collect())
}

/// One projection from the first population to the last, changed by `change`.
fn one(sizes: &[u32], connect: Connect, change: impl Fn(&mut ProjectionPlan)) -> Arc<Plan> {
    let mut plan = cells_of(sizes);
    let (source, target) = (all(&plan, &[0]), all(&plan, &[sizes.len() as u32 - 1]));
    change(project(&mut plan, source, target, 0, connect));
    Arc::new(plan)
}

fn degrees(positions: &[u32], n: u32) -> Vec<u32> {
    let mut degrees = vec![0; n as usize];
    positions.iter().for_each(|&p| degrees[p as usize] += 1);
    degrees
}

fn square(x: f64) -> f64 {
    x * x
}

/// How far counts are from their expectation, in standard deviations of the statistic.
fn chi_square_excess(counts: &[u32], expected: f64) -> f64 {
    let chi: f64 = counts.iter().map(|&c| square(f64::from(c) - expected) / expected).sum();
    let n = counts.len() as f64;
    (chi - n) / (2.0 * n).sqrt()
}

#[test]
fn a_probability_gives_binomial_degrees() {
    for p in [0.02, 0.5, 0.97] {
        let plan = one(&[700, 500], Connect::Probability(Quantity::Constant(p)), |_| {});
        let made = synapses(&plan);
        let (n, sd) = (350_000.0 * p, (350_000.0 * p * (1.0 - p)).sqrt());
        assert!((made.source.len() as f64 - n).abs() < 4.0 * sd, "{} of {n}", made.source.len());
        for (degrees, cells, others) in
            [(degrees(&made.source, 700), 700.0, 500.0), (degrees(&made.target, 500), 500.0, 700.0)]
        {
            let mean = others * p;
            let variance = degrees.iter().map(|&d| square(f64::from(d) - mean)).sum::<f64>() / cells;
            let ratio = variance / (mean * (1.0 - p));
            assert!((ratio - 1.0).abs() < 0.3, "variance of degrees is {ratio} of the binomial one");
        }
    }
}

#[test]
fn certain_and_vanishing_probabilities() {
    let made = |p| synapses(&one(&[20], Connect::Probability(Quantity::Constant(p)), |_| {})).source.len();
    assert_eq!(made(1.0), 380);
    assert_eq!(made(0.0), 0);
    assert_eq!(made(1e-300), 0);
}

#[test]
fn every_target_has_its_in_degree() {
    let plan = one(&[300], Connect::InDegree(40), |_| {});
    let made = synapses(&plan);
    assert!(degrees(&made.target, 300).iter().all(|&d| d == 40));
    let excess = chi_square_excess(&degrees(&made.source, 300), 40.0);
    assert!(excess.abs() < 4.0, "sources are uneven by {excess}");
}

#[test]
fn in_degree_of_all_others() {
    let made = synapses(&one(&[30], Connect::InDegree(29), |_| {}));
    assert_eq!(made.source.len(), 870);
}

#[test]
fn in_degree_with_multapses_counts_each() {
    let plan = one(&[10, 300], Connect::InDegree(40), |p| p.allow_multiple = true);
    let made = synapses(&plan);
    assert!(degrees(&made.target, 300).iter().all(|&d| d == 40));
    let excess = chi_square_excess(&degrees(&made.source, 10), 1200.0);
    assert!(excess.abs() < 4.0, "sources are uneven by {excess}");
}

#[test]
fn every_source_has_its_out_degree() {
    for multiple in [false, true] {
        let plan = one(&[300], Connect::OutDegree(40), |p| p.allow_multiple = multiple);
        let made = synapses(&plan);
        assert!(degrees(&made.source, 300).iter().all(|&d| d == 40));
        let excess = chi_square_excess(&degrees(&made.target, 300), 40.0);
        assert!(excess.abs() < 4.0, "targets are uneven by {excess}");
    }
}

#[test]
fn totals_are_exact() {
    for total in [0, 1, 900, 2400, 2450] {
        let made = synapses(&one(&[50], Connect::Total(total), |_| {}));
        assert_eq!(made.source.len() as u64, total);
    }
    let made = synapses(&one(&[50, 20], Connect::Total(5000), |p| p.allow_multiple = true));
    assert_eq!(made.source.len(), 5000);
    let excess = chi_square_excess(&degrees(&made.source, 50), 100.0);
    assert!(excess.abs() < 4.0, "sources are uneven by {excess}");
}

#[test]
fn totals_of_several_batches_are_exact() {
    // Few pairs, most of them, nearly all, and with repeats.
    for (total, multiple) in [(150_000, false), (300_000, false), (489_000, false), (200_000, true)] {
        let made = synapses(&one(&[700], Connect::Total(total), |p| p.allow_multiple = multiple));
        assert_eq!(made.source.len() as u64, total);
        // Without repeats degrees are less uneven than drawn ones.
        let excess = chi_square_excess(&degrees(&made.target, 700), total as f64 / 700.0);
        assert!(if multiple { excess.abs() < 4.0 } else { excess < 4.0 }, "targets are uneven by {excess}");
    }
}

#[test]
fn one_to_one_and_all_to_all() {
    let made = synapses(&one(&[17, 17], Connect::OneToOne, |_| {}));
    assert_eq!(made.source, (0..17).collect::<Vec<_>>());
    assert_eq!(made.source, made.target);
    assert!(synapses(&one(&[17], Connect::OneToOne, |_| {})).source.is_empty());
    let weighted = |p: &mut ProjectionPlan| p.weight = drawn(Distribution::Uniform, 0.0, 1.0);
    assert_eq!(synapses(&one(&[17], Connect::AllToAll, weighted)).source.len(), 17 * 16);
    let broadcast = build(&one(&[17], Connect::AllToAll, |_| {}), 2);
    assert!(broadcast.synapses(0).broadcast);
    assert_eq!(broadcast.synapse_count(0), 17 * 16);
}

/// `pre.i + post.x < 40`, where `x` is the initial state, times 100.
fn condition(probability: bool) -> Program {
    let mut program = Program::new("where", Precision::F64);
    let pre = program.push(Op::Index(Side::Pre), Ty::Int);
    let pre = program.push(Op::ToFloat(pre), Ty::Float);
    let x = program.push(Op::Load(Side::Post, ArrayId(0)), Ty::Float);
    let hundred = program.push(Op::Float(100.0), Ty::Float);
    let sum = program.push(Op::Fma(x, hundred, pre), Ty::Float);
    let limit = program.push(Op::Float(40.0), Ty::Float);
    let mut value = program.push(Op::Compare(Compare::Lt, sum, limit), Ty::Bool);
    if probability {
        let (half, none) = (program.push(Op::Float(0.5), Ty::Float), program.push(Op::Float(0.0), Ty::Float));
        value = program.push(Op::Select(value, half, none), Ty::Float);
    }
    program.outputs = vec![Output::Result(value)];
    program
}

#[test]
fn conditions_and_probabilities_of_pairs() {
    let reads = |p: &mut ProjectionPlan| p.post_columns = vec![vec![Column::Array(1, ArrayId(0))]];
    let plan = one(&[90, 310], Connect::Where(Box::new(condition(false))), reads);
    let x = Naive::new(&plan, &build(&plan, 1)).v[1].clone();
    let pairs = (0..90_u32).flat_map(|pre| (0..310_u32).map(move |post| (pre, post)));
    let holds = |p: &(u32, u32)| x[p.1 as usize].mul_add(100.0, f64::from(p.0)) < 40.0;
    let expected: Vec<(u32, u32)> = pairs.filter(holds).collect();
    let made = synapses(&plan);
    assert!(made.source.iter().copied().zip(made.target.iter().copied()).eq(expected.iter().copied()));
    let plan = one(&[90, 310], Connect::Probability(Quantity::Program(Box::new(condition(true)))), reads);
    let made = synapses(&plan);
    let (n, half) = (made.source.len() as f64, expected.len() as f64 / 2.0);
    assert!((n - half).abs() < 4.0 * (half / 2.0).sqrt(), "{n} of {half}");
    let chosen = made.source.iter().copied().zip(made.target.iter().copied());
    assert!(chosen.into_iter().all(|pair| expected.binary_search(&pair).is_ok()));
}

#[test]
fn tables_of_pairs_with_columns() {
    let list = vec![(3, 1), (0, 2), (3, 1), (3, 0), (0, 2)];
    let mut edge = Program::new("edge", Precision::F64);
    let value = edge.push(Op::Edge(0), Ty::Float);
    edge.outputs = vec![Output::Result(value)];
    let with_columns = |p: &mut ProjectionPlan| {
        p.allow_multiple = true;
        p.edges = vec![vec![10.0, 20.0, 30.0, 40.0, 50.0]];
        p.weight = Quantity::Program(Box::new(edge.clone()));
    };
    let made = synapses(&one(&[4, 3], Connect::Pairs(list.clone()), with_columns));
    assert_eq!((made.source, made.target), (vec![0, 0, 3, 3, 3], vec![2, 2, 0, 1, 1]));
    assert_eq!(made.weight, Values::Each(vec![20.0, 50.0, 40.0, 10.0, 30.0]));
    let refused = |list: Vec<(u32, u32)>, sizes: &[u32]| refused(&one(sizes, Connect::Pairs(list), |_| {}));
    assert_eq!(refused(list, &[4, 3]), BuildError::Repeated { projection: 0, row: 4, pre: 0, post: 2 });
    assert_eq!(
        refused(vec![(0, 1), (4, 1)], &[4, 3]),
        BuildError::Row { projection: 0, row: 1, pre: 4, post: 1 }
    );
    assert_eq!(refused(vec![(2, 2)], &[4]), BuildError::SelfPair { projection: 0, row: 0, pre: 2, post: 2 });
}

#[track_caller]
fn refused(plan: &Arc<Plan>) -> BuildError {
    let one = Network::build(Arc::clone(plan), 1, ROOM).expect_err("it must be refused");
    let three = Network::build(Arc::clone(plan), 3, ROOM).expect_err("it must be refused");
    assert_eq!(one, three, "on other threads");
    one
}

#[test]
fn more_partners_than_there_are() {
    let too_many = |need, have| BuildError::TooMany { projection: 0, need, have };
    assert_eq!(refused(&one(&[30], Connect::InDegree(30), |_| {})), too_many(30, 29));
    assert_eq!(refused(&one(&[30, 4], Connect::OutDegree(5), |_| {})), too_many(5, 4));
    assert_eq!(refused(&one(&[30], Connect::Total(871), |_| {})), too_many(871, 870));
    let multiple = |p: &mut ProjectionPlan| p.allow_multiple = true;
    assert_eq!(refused(&one(&[1], Connect::InDegree(3), multiple)), too_many(3, 0));
    assert_eq!(refused(&one(&[1], Connect::Total(3), multiple)), too_many(3, 0));
    assert_eq!(build(&one(&[1, 1], Connect::InDegree(3), multiple), 2).synapse_count(0), 3);
    let sizes = BuildError::Sizes { projection: 0, sources: 3, targets: 4 };
    assert_eq!(refused(&one(&[3, 4], Connect::OneToOne, |_| {})), sizes);
}

#[test]
fn values_that_do_not_hold() {
    for p in [1.5, -0.1, f64::NAN] {
        let error = refused_probability(p);
        assert!(matches!(error, BuildError::Probability { projection: 0, pair: None, .. }), "{error:?}");
    }
    let negative = |p: &mut ProjectionPlan| {
        p.weight = drawn(Distribution::Normal, 1.0, 1.0);
        p.sign = Sign::NotNegative;
    };
    let plan = one(&[60], Connect::AllToAll, negative);
    let BuildError::Weight { first, .. } = refused(&plan) else {
        panic!("negative weights were let through")
    };
    assert!(first.value < 0.0 && 450 < first.count && first.count < 700, "{first:?}");
    let free = synapses(&one(&[60], Connect::AllToAll, |p| p.weight = drawn(Distribution::Normal, 1.0, 1.0)));
    let k = (0..).find(|&k| at(&free.weight, k) < 0.0).expect("one is negative");
    assert_eq!((first.pre, first.post), (free.source[k], free.target[k]));
    let short = |p: &mut ProjectionPlan| p.delay = drawn(Distribution::Uniform, 0.0, 1.0);
    let BuildError::Delay { first, .. } = refused(&one(&[60], Connect::AllToAll, short)) else {
        panic!("delays below a tick were let through");
    };
    assert!(first.value < 0.05 && 100 < first.count);
    let shared = |p: &mut ProjectionPlan| {
        let Quantity::Program(mut key) = drawn(Distribution::Uniform, 0.0, 1.0) else { return };
        // Infinite, as much as anything drawn divided by 0.
        let nothing = key.push(Op::Float(0.0), Ty::Float);
        let Some(Output::Result(value)) = key.outputs.first() else { return };
        let key_of = Op::Div(*value, nothing);
        let key_of = key.push(key_of, Ty::Float);
        key.outputs = vec![Output::Result(key_of)];
        p.weight = drawn(Distribution::Uniform, 0.0, 1.0);
        p.share = Some(key);
    };
    let BuildError::Key { first, .. } = refused(&one(&[60], Connect::AllToAll, shared)) else {
        panic!("keys that are no numbers were let through");
    };
    assert_eq!((first.pre, first.post, first.value, first.count), (0, 1, f64::INFINITY, 60 * 59));
    let none = |p: &mut ProjectionPlan| p.delay = Quantity::Constant(0.0);
    assert!(matches!(refused(&one(&[60], Connect::AllToAll, none)), BuildError::Delay { .. }));
}

fn refused_probability(p: f64) -> BuildError {
    Network::build(one(&[30], Connect::Probability(Quantity::Constant(p)), |_| {}), 1, ROOM)
        .expect_err("refused")
}

#[test]
fn multapses_draw_apart() {
    let plan = one(&[5, 5], Connect::InDegree(400), |p| {
        p.allow_multiple = true;
        p.weight = drawn(Distribution::Uniform, 0.0, 1.0);
    });
    let Values::Each(mut weights) = synapses(&plan).weight else { panic!("weights differ") };
    weights.sort_unstable_by(f64::total_cmp);
    let before = weights.len();
    weights.dedup();
    assert!(before - weights.len() < 3, "{} draws met", before - weights.len());
}

#[test]
fn more_memory_than_there_is() {
    let plan = one(&[100_000], Connect::Probability(Quantity::Constant(0.9)), |_| {});
    let needed = needed(&plan, 2);
    let Err(BuildError::TooLarge { need, have, parts }) = Network::build(Arc::clone(&plan), 2, 1 << 30)
    else {
        panic!("18 GB in one");
    };
    assert_eq!((need, have, &parts), (needed.total(), 1 << 30, &needed));
    assert!((17 << 30) > need && need > (16 << 30), "{need}");
    assert_eq!(parts.parts[1].0, "p0");
}

#[test]
fn the_estimate_is_close() {
    let forms = [
        Connect::Probability(Quantity::Constant(0.1)),
        Connect::InDegree(100),
        Connect::OutDegree(100),
        Connect::Total(100_000),
    ];
    for connect in forms {
        let plan = one(&[1000], connect, |_| {});
        let parts = |m: circ_plan::engine::Memory| m.parts[..2].iter().map(|p| p.1).sum::<u64>() as f64;
        let ratio = parts(needed(&plan, 1)) / parts(build(&plan, 1).memory());
        assert!((0.98..1.1).contains(&ratio), "{ratio}");
    }
}

#[test]
fn one_tick_is_the_shortest_and_rounds() {
    let rounded = |p: &mut ProjectionPlan| p.delay = Quantity::Constant(0.149);
    assert_eq!(build(&one(&[4], Connect::OneToOne, rounded), 1).delay_range(0), None);
    let network = build(&one(&[4, 4], Connect::OneToOne, rounded), 1);
    assert_eq!(network.delay_range(0), Some((1, 1)));
}

/// Where many synapses of a row have the same delay, each has it still, but less is held of it.
#[test]
fn delays_that_many_synapses_have() {
    for (longest, bytes) in [(0.4, 2.0), (12.0, 3.0)] {
        let spread = |p: &mut ProjectionPlan| p.delay = drawn(Distribution::Uniform, 0.1, longest);
        let plan = one(&[300], Connect::Probability(Quantity::Constant(0.8)), spread);
        let made = synapses(&plan);
        let delays: std::collections::BTreeSet<i64> =
            (0..made.source.len()).map(|k| at(&made.delay, k) as i64).collect();
        assert!(delays.iter().eq(&(1..=delays.len() as i64).collect::<Vec<_>>()), "{delays:?}");
        let network = build(&plan, 1);
        let held = network.projection_bytes(0) - 8 * 301;
        let each = held as f64 / network.synapse_count(0) as f64;
        assert!((each - bytes).abs() < 0.2, "{each} bytes a synapse with {} delays", delays.len());
    }
}

/// What a network holds of what is on its way is known before it is built, whether it waits or not.
#[test]
fn the_estimate_of_what_is_on_its_way_is_close() {
    let last = |m: circ_plan::engine::Memory, name: &str| {
        m.parts.iter().find(|part| part.0 == name).map_or(0, |part| part.1)
    };
    for (cells, longest) in [(2000, 1.2), (2000, 12.0), (30_000, 6.0)] {
        let spread = |p: &mut ProjectionPlan| p.delay = drawn(Distribution::Uniform, 0.1, longest);
        let plan = one(&[cells], Connect::OutDegree(10), spread);
        let name = "what is on its way";
        let (before, after) = (last(needed(&plan, 1), name), last(build(&plan, 1).memory(), name));
        assert_eq!(before, after, "{cells} cells, delays up to {longest} ms");
    }
}
