//! Projections from the same sources whose rows lie together: the same bits as if each had rows of its own.

mod common;

use std::sync::Arc;

use circ_numerics::Distribution;
use circ_plan::engine::{Engine, Values};
use circ_plan::ir::*;
use circ_plan::plan::*;
use circ_runtime::{Machine, Network};
use common::*;

const E: u32 = 0;
const I: u32 = 1;
const A: u32 = 2;
const B: u32 = 3;

/// Two populations that send and two that receive, without projections.
fn cells(precision: Precision) -> Plan {
    let sizes = [("E", 120), ("I", 40), ("A", 70), ("B", 50)];
    let mut plan = plan(sizes.map(|(path, cells)| population(path, cells, precision)).to_vec());
    let everyone = all(&plan, &[E, I, A, B]);
    drive(&mut plan, everyone, 0, DriveKind::Poisson(Quantity::Constant(2.0)));
    plan
}

/// Weights and delays of each synapse.
fn join(plan: &mut Plan, source: u32, target: u32, port: u32) -> &mut ProjectionPlan {
    let (source, target) = (all(plan, &[source]), all(plan, &[target]));
    let this = project(plan, source, target, port, Connect::Probability(Quantity::Constant(0.3)));
    this.weight = drawn(Distribution::Uniform, 0.0, 0.2);
    this.delay = drawn(Distribution::Uniform, 0.1, 3.0);
    this
}

fn network(plan: &Plan) -> Network {
    Network::build(Arc::new(plan.clone()), 2, ROOM).expect("it can be built")
}

/// Which projections have rows together; what happens is the same on any number of threads and in blocks.
#[track_caller]
fn together(plan: &Plan) -> Vec<Vec<u32>> {
    agree(plan.clone(), 200);
    let network = network(plan);
    for projection in 0..plan.projections.len() as u32 {
        assert_eq!(held(&network, projection), network.synapses(projection), "of projection {projection}");
    }
    network.rows_together()
}

#[test]
fn rows_of_the_same_sources_lie_together() {
    for precision in [Precision::F32, Precision::F64] {
        let mut plan = cells(precision);
        for (source, port) in [(E, 0), (I, 1)] {
            join(&mut plan, source, A, port);
            join(&mut plan, source, B, port).store = Precision::F32;
        }
        assert_eq!(together(&plan), [[0, 1], [2, 3]]);
        for projection in &mut plan.projections {
            projection.store = Precision::F64;
        }
        assert_eq!(together(&plan), [[0, 1], [2, 3]]);
        plan.projections[1].store = Precision::F32;
        assert_eq!(together(&plan), [[2, 3]], "weights are as precise as they are stored");
        plan.projections[3].delay = Quantity::Constant(1.0);
        assert_eq!(together(&plan), [[0; 0]; 0], "a row with one delay has no list of delays");
    }
}

#[test]
fn what_is_declared_between_keeps_its_turn() {
    let mut plan = cells(Precision::F32);
    join(&mut plan, E, A, 0);
    join(&mut plan, I, B, 0);
    // If this were sent with the first, it would come before what is declared before it.
    join(&mut plan, E, B, 0);
    join(&mut plan, I, A, 0);
    assert_eq!(together(&plan), [[1, 3]]);
    let mut plan = cells(Precision::F32);
    join(&mut plan, E, A, 0);
    let b = all(&plan, &[B]);
    drive(&mut plan, b, 0, DriveKind::Poisson(Quantity::Constant(0.5))).delay_ticks = 3;
    join(&mut plan, E, B, 0);
    assert_eq!(together(&plan), [[0; 0]; 0], "a delayed drive");
}

#[test]
fn rows_onto_the_same_cells_stay_apart() {
    let mut plan = cells(Precision::F32);
    join(&mut plan, E, A, 0);
    join(&mut plan, E, A, 0);
    assert_eq!(together(&plan), [[0; 0]; 0]);
    join(&mut plan, E, A, 1);
    assert_eq!(together(&plan), [[0, 2]], "another port");
}

#[test]
fn weights_are_those_of_their_projection() {
    let mut plan = cells(Precision::F32);
    join(&mut plan, E, A, 0);
    join(&mut plan, E, B, 0);
    let plan = Arc::new(plan);
    let both = |machine: &Machine| [0, 1].map(|projection| machine.network().synapses(projection));
    for threads in [1, 2, 3] {
        let mut machine = machine(&plan, threads);
        let before = both(&machine);
        let sources: Vec<bool> = (0..120).map(|k| k % 3 != 0).collect();
        let factors: Vec<f64> = (0..50).map(|k| 0.5 + f64::from(k) / 64.0).collect();
        machine.scale_weights(1, &sources, &factors);
        let after = both(&machine);
        assert_eq!(before[0], after[0], "the others have theirs");
        let expected: Vec<f64> = (0..before[1].source.len())
            .map(|k| match sources[before[1].source[k] as usize] {
                true => f64::from((at(&before[1].weight, k) * factors[before[1].target[k] as usize]) as f32),
                false => at(&before[1].weight, k),
            })
            .collect();
        assert!(after[1].weight == Values::Each(expected));
        let kept = machine.snapshot();
        machine.scale_weights(1, &sources, &factors);
        machine.restore(&kept);
        assert_eq!(both(&machine)[1], after[1], "weights that were put back");
    }
}
