//! The machine against a naive engine, bit for bit, on several numbers of threads.

mod common;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use circ_numerics::Distribution;
use circ_plan::engine::{Engine, Keep, Probe, Stop};
use circ_plan::ir::*;
use circ_plan::plan::*;
use common::*;

fn constant(mean: f64) -> DriveKind {
    DriveKind::Poisson(Quantity::Constant(mean))
}

/// 0.1 times the index in the view.
fn by_index() -> Quantity {
    let mut program = Program::new("by index", Precision::F64);
    let index = program.push(Op::Index(Side::Own), Ty::Int);
    let index = program.push(Op::ToFloat(index), Ty::Float);
    let tenth = program.push(Op::Float(0.1), Ty::Float);
    let value = program.push(Op::Mul(index, tenth), Ty::Float);
    program.outputs = vec![Output::Result(value)];
    Quantity::Program(Box::new(program))
}

fn two_populations(precision: Precision) -> Plan {
    let mut plan = plan(vec![population("E", 83, precision), population("I", 21, precision)]);
    let everyone = all(&plan, &[0, 1]);
    drive(&mut plan, everyone.clone(), 0, constant(2.0));
    let excitatory = all(&plan, &[0]);
    let inhibitory = all(&plan, &[1]);
    project(&mut plan, excitatory, everyone.clone(), 0, Connect::Probability(Quantity::Constant(0.2)));
    project(&mut plan, inhibitory, everyone, 1, Connect::InDegree(5));
    plan
}

#[test]
fn an_excitatory_inhibitory_network_in_double_precision() {
    let naive = agree(two_populations(Precision::F64), 300);
    assert!(naive.events[0].len() > 100, "{} spikes", naive.events[0].len());
}

#[test]
fn an_excitatory_inhibitory_network_in_single_precision() {
    agree(two_populations(Precision::F32), 300);
}

#[test]
fn weights_that_differ_and_long_delays() {
    let mut plan = two_populations(Precision::F64);
    for projection in &mut plan.projections {
        projection.weight = drawn(Distribution::Uniform, 0.0, 0.3);
        projection.delay = Quantity::Constant(1.5);
    }
    agree(plan, 200);
}

#[test]
fn heterogeneous_delays_with_multapses() {
    let mut plan = two_populations(Precision::F64);
    for projection in &mut plan.projections {
        projection.delay = drawn(Distribution::Uniform, 0.1, 2.0);
        projection.allow_multiple = true;
        projection.allow_self = true;
    }
    plan.projections[0].weight = drawn(Distribution::Uniform, 0.0, 0.3);
    plan.projections[0].connect = Connect::OutDegree(40);
    plan.projections[1].connect = Connect::Total(400);
    agree(plan, 200);
}

#[test]
fn spikes_go_both_ways() {
    let mut plan = plan(vec![population("E", 60, Precision::F64), population("I", 30, Precision::F32)]);
    let everyone = all(&plan, &[0, 1]);
    drive(&mut plan, everyone, 0, constant(2.0));
    for (from, to, pairing) in [
        (0, 0, Pairing::Unordered),
        (0, 0, Pairing::Mirror(0)),
        (0, 1, Pairing::Ordered),
        (1, 0, Pairing::Mirror(2)),
    ] {
        let (source, target) = (all(&plan, &[from]), all(&plan, &[to]));
        let connect = Connect::Probability(Quantity::Constant(0.3));
        let projection = project(&mut plan, source, target, from, connect);
        projection.weight = drawn(Distribution::Uniform, 0.0, 0.3);
        projection.delay = drawn(Distribution::Uniform, 0.1, 1.0);
        projection.store = if from == 0 { Precision::F64 } else { Precision::F32 };
        projection.pairing = pairing;
    }
    plan.projections[3].store = plan.projections[2].store;
    agree(plan, 200);
}

#[test]
fn views_with_lists_and_unions_in_mixed_precision() {
    let mut plan = plan(vec![population("A", 40, Precision::F64), population("B", 50, Precision::F32)]);
    let everyone = all(&plan, &[0, 1]);
    drive(&mut plan, everyone.clone(), 0, constant(1.5));
    let list = View {
        segments: vec![
            Segment { population: 1, cells: Indices::List(vec![49, 3, 17, 18, 0, 33]) },
            Segment { population: 0, cells: Indices::Range(5, 39) },
        ],
    };
    let overlapping = View {
        segments: vec![
            Segment { population: 0, cells: Indices::Range(0, 20) },
            Segment { population: 1, cells: Indices::List(vec![8, 2, 40]) },
            Segment { population: 0, cells: Indices::List(vec![19, 3, 38]) },
        ],
    };
    project(&mut plan, list.clone(), overlapping.clone(), 0, Connect::Probability(Quantity::Constant(0.5)));
    project(&mut plan, overlapping.clone(), list.clone(), 1, Connect::InDegree(6)).weight =
        drawn(Distribution::Exponential, 0.1, 0.0);
    project(&mut plan, list.clone(), overlapping.clone(), 0, Connect::AllToAll);
    project(&mut plan, overlapping, list.clone(), 1, Connect::AllToAll).delay = Quantity::Constant(0.3);
    drive(&mut plan, list, 1, constant(0.5)).delay_ticks = 2;
    agree(plan, 200);
}

#[test]
fn a_broadcast_leaves_the_cell_itself_out() {
    for allow_self in [false, true] {
        let mut plan = plan(vec![population("E", 50, Precision::F64)]);
        let everyone = all(&plan, &[0]);
        drive(&mut plan, everyone.clone(), 0, constant(2.0));
        let projection = project(&mut plan, everyone.clone(), everyone, 1, Connect::AllToAll);
        projection.allow_self = allow_self;
        projection.weight = Quantity::Constant(0.013);
        agree(plan, 200);
    }
}

#[test]
fn every_kind_of_drive() {
    let mut plan = plan(vec![population("E", 60, Precision::F64), population("F", 300, Precision::F32)]);
    let everyone = all(&plan, &[0, 1]);
    let some =
        View { segments: vec![Segment { population: 0, cells: Indices::List(vec![59, 2, 3, 4, 30, 31]) }] };
    drive(&mut plan, everyone.clone(), 0, DriveKind::Poisson(by_index())).weight = Quantity::Constant(0.003);
    drive(&mut plan, some.clone(), 0, constant(14.0)).from_tick = 30;
    drive(&mut plan, everyone.clone(), 1, DriveKind::Choose { count: 50, interval_ticks: 3 });
    let volley = drive(&mut plan, some.clone(), 0, DriveKind::Times(vec![0, 5, 5, 40, 200]));
    volley.weight = Quantity::Program(match by_index() {
        Quantity::Program(program) => program,
        Quantity::Constant(_) => panic!("it is no constant"),
    });
    let late = drive(&mut plan, everyone, 0, constant(0.3));
    (late.delay_ticks, late.to_tick) = (7, 90);
    project(&mut plan, some.clone(), some, 0, Connect::OneToOne).allow_self = true;
    agree(plan, 120);
}

#[test]
fn spike_times_are_played() {
    let times: Vec<(i64, u32)> = (0..200).map(|k| (k / 3, (k * 7 % 40) as u32)).collect();
    let mut sorted = times;
    sorted.sort_unstable();
    sorted.dedup();
    let mut plan = plan(vec![spike_times("S", 40, &sorted), population("E", 30, Precision::F64)]);
    let (sources, targets) = (all(&plan, &[0]), all(&plan, &[1]));
    project(&mut plan, sources, targets, 0, Connect::OutDegree(10)).delay = Quantity::Constant(0.5);
    let naive = agree(plan, 100);
    assert_eq!(naive.events[0].len(), sorted.len());
}

#[test]
fn one_cell_and_no_senders() {
    agree(plan(vec![population("E", 1, Precision::F64)]), 100);
}

fn lonely(threads: usize) -> circ_runtime::Machine {
    let mut plan = plan(vec![population("E", 100, Precision::F64)]);
    let everyone = all(&plan, &[0]);
    drive(&mut plan, everyone, 0, constant(0.5));
    machine(&Arc::new(plan), threads)
}

#[test]
fn a_fault_is_the_first_of_all_threads() {
    let faults: Vec<_> = [1, 2, 3, 4]
        .into_iter()
        .map(|threads| {
            let mut machine = lonely(threads);
            machine.add_probe(Probe {
                population: 0,
                observable: 0,
                cells: vec![3],
                first_tick: 0,
                interval_ticks: 1,
                keep: Keep::Each,
            });
            run(&mut machine, 20);
            machine.set_array(0, ArrayId(0), &[(70, f64::INFINITY), (90, f64::NAN), (35, f64::NAN)]);
            let Err(Stop::Fault(fault)) = machine.advance(500, &AtomicBool::new(false)) else {
                panic!("infinity was let through");
            };
            assert_eq!((fault.tick, fault.population, fault.cell), (21, 0, 35));
            assert!(fault.arrays[0].is_nan());
            assert_eq!(machine.tick(), 20);
            assert_eq!(machine.samples(circ_plan::engine::ProbeId(0)).ticks.len(), 21);
            (fault.arrivals.clone(), machine.events(0, EventId(0)))
        })
        .collect();
    assert!(faults.iter().all(|f| *f == faults[0]));
}

#[test]
fn an_interrupt_leaves_a_state_to_go_on_from() {
    for threads in [1, 3] {
        let mut whole = lonely(threads);
        run(&mut whole, 300);
        let mut machine = lonely(threads);
        assert_eq!(machine.advance(300, &AtomicBool::new(true)), Err(Stop::Interrupted));
        assert!(machine.tick() < 300);
        run(&mut machine, 300);
        assert_eq!(machine.array(0, ArrayId(0)), whole.array(0, ArrayId(0)));
        assert_eq!(machine.events(0, EventId(0)), whole.events(0, EventId(0)));
    }
}

#[test]
fn probes_see_the_state_after_each_tick() {
    let sampled: Vec<_> = [1, 2, 3]
        .into_iter()
        .map(|threads| {
            let mut machine = lonely(threads);
            run(&mut machine, 9);
            let cells = vec![0, 15, 16, 50, 99];
            let probe = machine.add_probe(Probe {
                population: 0,
                observable: 0,
                cells,
                first_tick: 5,
                interval_ticks: 10,
                keep: Keep::Each,
            });
            run(&mut machine, 40);
            let samples = machine.samples(probe);
            assert_eq!(samples.ticks, [15, 25, 35]);
            run(&mut machine, 45);
            let now = machine.observe(0, 0);
            let last = machine.samples(probe);
            assert_eq!(last.values()[15..], [now[0], now[15], now[16], now[50], now[99]]);
            samples
        })
        .collect();
    assert_eq!(sampled[0], sampled[1]);
    assert_eq!(sampled[0], sampled[2]);
}

#[test]
fn a_drive_can_be_set() {
    let mut plan = plan(vec![population("E", 20, Precision::F64)]);
    let everyone = all(&plan, &[0]);
    let mut mean = Program::new("mean", Precision::F64);
    let rate = mean.push(Op::Uniform(UniformId(0)), Ty::Float);
    mean.outputs = vec![Output::Result(rate)];
    let drive = drive(&mut plan, everyone, 0, DriveKind::Poisson(Quantity::Program(Box::new(mean))));
    drive.uniforms =
        vec![UniformPlan { name: "rate".into(), ty: Ty::Float, role: Role::Parameter, value: 0.0 }];
    let mut machine = machine(&Arc::new(plan), 2);
    run(&mut machine, 50);
    assert!(machine.events(0, EventId(0)).iter().all(|e| e.0 == 0), "nothing drives but the initial state");
    machine.set_drive(0, UniformId(0), 5.0);
    run(&mut machine, 100);
    assert!(machine.events(0, EventId(0)).len() > 40);
    machine.set_uniform(0, UniformId(0), 0.0);
    assert_eq!(machine.uniform(0, UniformId(0)), 0.0);
}
