//! Rows that wait for the block in which they arrive: the same bits as if they were delivered at once.

mod common;

use std::sync::Arc;

use circ_numerics::Distribution;
use circ_plan::engine::{Engine, Reset};
use circ_plan::ir::*;
use circ_plan::plan::*;
use circ_runtime::{Machine, Network};
use common::*;

/// Delays of all widths and weights of all kinds, several onto the same accumulators.
fn spread(precision: Precision) -> Plan {
    let mut plan = plan(vec![population("E", 120, precision), population("I", 40, Precision::F64)]);
    let everyone = all(&plan, &[0, 1]);
    let (e, i) = (all(&plan, &[0]), all(&plan, &[1]));
    drive(&mut plan, everyone.clone(), 0, DriveKind::Poisson(Quantity::Constant(2.0)));
    let third = || Connect::Probability(Quantity::Constant(0.3));
    let first = project(&mut plan, e.clone(), e.clone(), 0, third());
    first.delay = drawn(Distribution::Uniform, 0.1, 3.0);
    first.weight = drawn(Distribution::Uniform, 0.0, 0.2);
    let second = project(&mut plan, e.clone(), e.clone(), 0, Connect::InDegree(7));
    second.delay = Quantity::Constant(0.4);
    second.weight = drawn(Distribution::Uniform, 0.0, 0.2);
    let third_one = project(&mut plan, e.clone(), i.clone(), 0, third());
    third_one.delay = drawn(Distribution::Uniform, 20.0, 30.0);
    let fourth = project(&mut plan, i, everyone, 1, third());
    fourth.delay = drawn(Distribution::Uniform, 0.2, 2.0);
    fourth.weight = drawn(Distribution::Uniform, 0.0, 0.2);
    fourth.store = Precision::F64;
    project(&mut plan, e.clone(), e.clone(), 0, Connect::OutDegree(3)).delay = Quantity::Constant(1.1);
    // So many of each delay that it is held where they end, on one thread or on all.
    for (weight, onto) in [(drawn(Distribution::Uniform, 0.0, 0.01), 0), (Quantity::Constant(0.01), 1)] {
        let onto = all(&plan, &[onto]);
        let many = project(&mut plan, e.clone(), onto, 1, Connect::Probability(Quantity::Constant(0.5)));
        many.delay = drawn(Distribution::Uniform, 0.3, 0.4);
        many.weight = weight;
    }
    plan
}

#[test]
fn rows_arrive_as_if_delivered_when_sent() {
    for precision in [Precision::F64, Precision::F32] {
        let naive = agree(spread(precision), 250);
        assert!(naive.events[1].len() > 50, "{} spikes", naive.events[1].len());
    }
}

fn network(plan: &Plan) -> Network {
    Network::build(Arc::new(plan.clone()), 1, ROOM).expect("it can be built")
}

#[test]
fn what_is_small_or_sent_by_others_does_not_wait() {
    let mut plan = spread(Precision::F64);
    assert_eq!(network(&plan).block_ticks(), 0, "it all fits into a cache");
    assert_eq!(network(&plan).wait_in_blocks(4).block_ticks(), 4);
    // A delayed drive reaches all of them: their order among its events is kept only if they are delivered when sent.
    for port in [0, 1] {
        let everyone = all(&plan, &[0, 1]);
        drive(&mut plan, everyone, port, DriveKind::Poisson(Quantity::Constant(0.5))).delay_ticks = 3;
    }
    assert_eq!(network(&plan).wait_in_blocks(4).block_ticks(), 0);
    agree(plan.clone(), 150);
    plan.drives.pop();
    plan.order.pop();
    assert_eq!(network(&plan).wait_in_blocks(4).block_ticks(), 4, "one port waits, the other does not");
    agree(plan.clone(), 150);
    for projection in &mut plan.projections {
        projection.delay = Quantity::Constant(2.0);
    }
    assert_eq!(network(&plan).wait_in_blocks(4).block_ticks(), 0, "one delay needs one slot");
}

#[test]
fn a_large_ring_waits() {
    let mut plan = plan(vec![population("E", 20_000, Precision::F64)]);
    let e = all(&plan, &[0]);
    project(&mut plan, e.clone(), e, 0, Connect::OutDegree(2)).delay = drawn(Distribution::Uniform, 0.1, 6.0);
    let network = network(&plan);
    assert_eq!(network.block_ticks(), 4, "160 kB a tick");
    let ring = |network: &Network| network.memory().parts.last().map_or(0, |part| part.1);
    assert_eq!(ring(&network), 4 * 2 * 8 * 20_000);
}

/// Events by population, states by population, and what is on its way by population and port.
type Seen = (Vec<Vec<(i64, u32)>>, Vec<Vec<u64>>, Vec<Vec<(i64, u32, u64)>>);

/// All that can be seen of a machine.
fn seen(machine: &Machine) -> Seen {
    let bits = |values: Vec<f64>| values.into_iter().map(f64::to_bits).collect();
    let flying = |population: u32, port: u32| {
        let all = machine.in_flight(population, port).into_iter();
        all.map(|(tick, cell, sum)| (tick, cell, sum.to_bits())).collect()
    };
    (
        (0..2).map(|p| machine.events(p, EventId(0))).collect(),
        (0..2).map(|p| bits(machine.array(p, ArrayId(0)))).collect(),
        (0..2).flat_map(|p| [flying(p, 0), flying(p, 1)]).collect(),
    )
}

/// Both machines do this; they must be equal at all ticks around it.
fn do_both(change: impl Fn(&mut Machine)) {
    let plan = Arc::new(spread(Precision::F32));
    for (threads, block) in [(1, 4), (2, 16), (3, 5)] {
        let (mut at_once, mut waits) = (machine(&plan, threads), machine_in_blocks(&plan, threads, block));
        let both = [&mut at_once, &mut waits];
        let mut both = both.map(|machine| {
            run(machine, 61);
            machine
        });
        for until in 62..140 {
            if until % 13 == 0 {
                both.iter_mut().for_each(|machine| change(machine));
            }
            both.iter_mut().for_each(|machine| run(machine, until));
            assert!(seen(both[0]) == seen(both[1]), "tick {until}, {threads} threads, blocks of {block}");
        }
    }
}

#[test]
fn what_is_on_its_way_stays_as_it_was_sent() {
    let factors: Vec<f64> = (0..120).map(|k| 0.5 + f64::from(k) / 100.0).collect();
    let sources: Vec<bool> = (0..120).map(|k| k % 3 != 0).collect();
    do_both(|machine| machine.scale_weights(0, &sources, &factors));
}

#[test]
fn delays_of_some_cells_can_be_emptied() {
    let cells: Vec<u32> = (10..50).collect();
    let what = Reset { arriving: vec![(0, cells)], ..Reset::default() };
    do_both(|machine| machine.reset(&what));
}
