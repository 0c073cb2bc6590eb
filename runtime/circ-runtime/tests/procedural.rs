//! Rows that are made again for each spike: the same synapses and the same bits as rows that are held.

mod common;

use std::sync::Arc;

use circ_numerics::Distribution;
use circ_plan::engine::Engine;
use circ_plan::ir::*;
use circ_plan::plan::*;
use circ_runtime::{Machine, Network};
use common::*;

/// Two populations of different precision that drive each other.
fn cells() -> Plan {
    let mut plan = plan(vec![population("A", 60, Precision::F64), population("B", 40, Precision::F32)]);
    let everyone = all(&plan, &[0, 1]);
    drive(&mut plan, everyone, 0, DriveKind::Poisson(Quantity::Constant(2.0)));
    plan
}

/// From all to all, so that targets are of both precisions and in ranges of several threads.
fn join(plan: &mut Plan, connect: Connect) -> &mut ProjectionPlan {
    let everyone = all(plan, &[0, 1]);
    let this = project(plan, everyone.clone(), everyone, 0, connect);
    this.weight = drawn(Distribution::Uniform, 0.0, 0.2);
    this.delay = drawn(Distribution::Uniform, 0.1, 3.0);
    this
}

/// Spikes and states after some ticks, with rows as `rows` says; and what the network holds.
fn outcome(plan: &Plan, rows: RowStorage, threads: usize) -> (Vec<Vec<(i64, u32)>>, u64) {
    let mut plan = plan.clone();
    plan.projections.iter_mut().for_each(|projection| projection.rows = rows);
    let mut machine: Machine = machine(&Arc::new(plan), threads);
    run(&mut machine, 300);
    let spikes = [0, 1].map(|population| machine.events(population, EventId(0)));
    let held = (0..machine.network().plan().projections.len() as u32)
        .map(|projection| machine.network().projection_bytes(projection))
        .sum();
    (spikes.to_vec(), held)
}

#[track_caller]
fn same(plan: &Plan) {
    let mut made = plan.clone();
    made.projections.iter_mut().for_each(|projection| projection.rows = RowStorage::Procedural);
    agree(made, 100);
    let (stored, held) = outcome(plan, RowStorage::Stored, 1);
    assert!(stored.iter().all(|spikes| 100 < spikes.len()), "there is nothing to compare");
    for threads in [1, 2, 3] {
        let (made, left) = outcome(plan, RowStorage::Procedural, threads);
        assert_eq!(made, stored, "on {threads} threads");
        assert!(2 * left < held, "{left} bytes of {held}");
    }
}

#[test]
fn every_way_to_connect_source_by_source() {
    let condition = || {
        let mut program = Program::new("where", Precision::F64);
        let pre = program.push(Op::Index(Side::Pre), Ty::Int);
        let post = program.push(Op::Index(Side::Post), Ty::Int);
        let less = program.push(Op::Compare(Compare::Lt, pre, post), Ty::Bool);
        program.outputs = vec![Output::Result(less)];
        Box::new(program)
    };
    let ways = [
        Connect::Probability(Quantity::Constant(0.3)),
        Connect::Probability(drawn(Distribution::Uniform, 0.1, 0.5)),
        Connect::Where(condition()),
        Connect::OutDegree(20),
        Connect::AllToAll,
    ];
    for way in ways {
        let mut plan = cells();
        join(&mut plan, way);
        same(&plan);
    }
}

#[test]
fn pairs_that_are_there_more_than_once() {
    let mut plan = cells();
    join(&mut plan, Connect::OutDegree(120)).allow_multiple = true;
    same(&plan);
    let all = synapses(&Arc::new(plan));
    let pair = |k: usize| (all.source[k], all.target[k]);
    let again: Vec<usize> = (1..all.source.len()).filter(|k| pair(*k) == pair(*k - 1)).collect();
    assert!(1000 < again.len() && again.iter().all(|k| at(&all.delay, *k - 1) <= at(&all.delay, *k)));
}

#[test]
fn sums_keep_their_order_beside_rows_that_are_held() {
    let mut plan = cells();
    join(&mut plan, Connect::Probability(Quantity::Constant(0.3)));
    join(&mut plan, Connect::OutDegree(30));
    let (stored, _) = outcome(&plan, RowStorage::Stored, 1);
    for first in [0, 1] {
        plan.projections[first].rows = RowStorage::Procedural;
        plan.projections[1 - first].rows = RowStorage::Stored;
        for threads in [1, 2, 3] {
            let mut machine = machine_in_blocks(&Arc::new(plan.clone()), threads, 4);
            run(&mut machine, 300);
            let spikes = [0, 1].map(|population| machine.events(population, EventId(0)));
            assert_eq!(spikes.to_vec(), stored, "on {threads} threads");
        }
    }
}

#[test]
fn the_synapses_can_be_seen() {
    let mut plan = cells();
    join(&mut plan, Connect::OutDegree(20));
    let stored = build(&Arc::new(plan.clone()), 1).synapses(0);
    plan.projections[0].rows = RowStorage::Procedural;
    assert_eq!(synapses(&Arc::new(plan)), stored);
}

#[test]
fn what_does_not_hold_is_refused_before_the_run() {
    let mut plan = cells();
    let this = join(&mut plan, Connect::OutDegree(20));
    this.weight = drawn(Distribution::Uniform, -0.1, 0.2);
    this.sign = Sign::NotNegative;
    this.rows = RowStorage::Procedural;
    assert!(Network::build(Arc::new(plan), 2, ROOM).is_err());
}

#[test]
fn without_a_word_rows_are_held_while_there_is_room() {
    let mut plan = cells();
    join(&mut plan, Connect::OutDegree(5));
    join(&mut plan, Connect::OutDegree(90));
    let plan = Arc::new(plan);
    let needed = circ_runtime::needed(&plan, 1).total();
    let which = |limit| {
        let network = Network::build(Arc::clone(&plan), 1, limit).expect("there is room");
        [0, 1].map(|projection| network.is_procedural(projection))
    };
    assert_eq!(which(needed), [false, false]);
    assert_eq!(which(needed - 1), [false, true], "the largest");
    assert!(Network::build(plan, 1, 1000).is_err());
}
