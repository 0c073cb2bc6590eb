//! Synapses that are put on parts of their cells: against a loop over the pairs that are made without parts.

mod common;

use std::sync::Arc;

use circ_numerics::Distribution;
use circ_plan::engine::{Engine, Values};
use circ_plan::ir::*;
use circ_plan::plan::*;
use circ_runtime::{BuildError, Network, needed};
use common::*;

const PARTS: u32 = 4;

/// `mod(pre.i + 3 * post.i, PARTS)`
fn by_pair() -> Program {
    let mut program = Program::new("onto", Precision::F64);
    let pre = program.push(Op::Index(Side::Pre), Ty::Int);
    let post = program.push(Op::Index(Side::Post), Ty::Int);
    let three = program.push(Op::Int(3), Ty::Int);
    let parts = program.push(Op::Int(i64::from(PARTS)), Ty::Int);
    let scaled = program.push(Op::Mul(post, three), Ty::Int);
    let sum = program.push(Op::Add(pre, scaled), Ty::Int);
    let part = program.push(Op::IntMod(sum, parts), Ty::Int);
    let part = program.push(Op::ToFloat(part), Ty::Float);
    program.outputs = vec![Output::Result(part)];
    program
}

/// `floor(uniform(0, PARTS))`, of key 1.
fn at_random() -> Program {
    let Quantity::Program(mut program) = drawn(Distribution::Uniform, 0.0, f64::from(PARTS)) else {
        panic!("a draw is a program")
    };
    let Output::Result(value) = program.outputs[0] else { panic!("it has a result") };
    let part = program.push(Op::Floor(value), Ty::Float);
    program.outputs = vec![Output::Result(part)];
    *program
}

/// A column of a connection table.
fn by_edge() -> Program {
    let mut program = Program::new("onto", Precision::F64);
    let value = program.push(Op::Edge(0), Ty::Float);
    program.outputs = vec![Output::Result(value)];
    program
}

/// From `sizes[0]` cells to `sizes[1]` cells, or among the same ones; with parts where `onto` says where.
fn plan_of(
    sizes: &[u32],
    connect: &Connect,
    onto: Option<Program>,
    change: impl Fn(&mut ProjectionPlan),
) -> Arc<Plan> {
    let names = ["A", "B"];
    let mut plan =
        plan(sizes.iter().zip(names).map(|(&n, name)| population(name, n, Precision::F64)).collect());
    let source = all(&plan, &[0]);
    let cells = all(&plan, &[sizes.len() as u32 - 1]).segments;
    let parts = if onto.is_some() { PARTS as usize } else { 1 };
    let target = View { segments: cells.iter().cycle().take(parts * cells.len()).cloned().collect() };
    let projection = project(&mut plan, source, target, 0, connect.clone());
    // Parts of even number have port 0, the others port 1.
    projection.ports = (0..projection.ports.len()).map(|k| PortId(k as u32 % 2)).collect();
    projection.onto = onto.map(|part| Box::new(Onto { parts: PARTS, part }));
    change(projection);
    Arc::new(plan)
}

#[track_caller]
fn agrees_with_the_loop(sizes: &[u32], connect: Connect, allow: impl Fn(&mut ProjectionPlan)) {
    // With one weight for all, `all_to_all` would be a sum, and not a list of synapses.
    let change = |p: &mut ProjectionPlan| {
        allow(p);
        p.weight = drawn(Distribution::Uniform, 0.0, 1.0);
    };
    let on_cells = synapses(&plan_of(sizes, &connect, None, change));
    let cells = sizes[sizes.len() - 1];
    let place = |(&pre, &post): (&u32, &u32)| (pre, (pre + 3 * post) % PARTS * cells + post);
    let mut expected: Vec<(u32, u32)> = on_cells.source.iter().zip(&on_cells.target).map(place).collect();
    expected.sort_unstable();
    let made = synapses(&plan_of(sizes, &connect, Some(by_pair()), change));
    assert!(!expected.is_empty());
    assert!(made.source.iter().copied().zip(made.target.iter().copied()).eq(expected));
}

#[test]
fn pairs_are_made_between_cells_and_then_placed() {
    let one_p = |p| Connect::Probability(Quantity::Constant(p));
    let forms = [
        one_p(0.1),
        one_p(1.0),
        Connect::InDegree(11),
        Connect::OutDegree(9),
        Connect::Total(333),
        Connect::AllToAll,
        Connect::Pairs(vec![(3, 1), (0, 2), (7, 8), (3, 0)]),
    ];
    for connect in forms {
        agrees_with_the_loop(&[40, 30], connect.clone(), |_| {});
        agrees_with_the_loop(&[40], connect.clone(), |_| {});
        agrees_with_the_loop(&[40], connect.clone(), |p| (p.allow_self, p.allow_multiple) = (true, true));
    }
    agrees_with_the_loop(&[30, 30], Connect::OneToOne, |_| {});
}

#[test]
fn degrees_count_per_cell() {
    let made = synapses(&plan_of(&[50, 20], &Connect::InDegree(6), Some(at_random()), |_| {}));
    let mut degrees = [0; 20];
    made.target.iter().for_each(|target| degrees[*target as usize % 20] += 1);
    assert_eq!(degrees, [6; 20]);
}

#[test]
fn random_parts_are_equally_often() {
    let made = synapses(&plan_of(&[100, 100], &Connect::AllToAll, Some(at_random()), |_| {}));
    let mut counts = [0.0; PARTS as usize];
    made.target.iter().for_each(|target| counts[*target as usize / 100] += 1.0);
    // Binomial of 10,000 with 1/4: standard deviation 43.
    assert!(counts.iter().all(|n: &f64| (n - 2500.0).abs() < 4.0 * 43.3), "{counts:?}");
}

#[test]
fn columns_of_a_table_follow_their_synapses() {
    let list = Connect::Pairs(vec![(1, 0), (0, 2), (1, 0), (1, 2)]);
    let with_columns = |p: &mut ProjectionPlan| {
        p.allow_multiple = true;
        p.edges = vec![vec![3.0, 1.0, 0.0, 2.0]];
        p.weight = Quantity::Program(Box::new(by_edge()));
    };
    let made = synapses(&plan_of(&[2, 3], &list, Some(by_edge()), with_columns));
    assert_eq!((made.source, made.target), (vec![0, 1, 1, 1], vec![5, 0, 8, 9]));
    assert_eq!(made.weight, Values::Each(vec![1.0, 0.0, 2.0, 3.0]));
}

#[test]
fn a_part_that_is_not_there_is_refused() {
    let refused = |connect: &Connect| {
        let columns = |p: &mut ProjectionPlan| p.edges = vec![vec![3.0, 4.0, 0.5]];
        let plan = plan_of(&[2, 3], connect, Some(by_edge()), columns);
        let errors =
            [1, 2, 3].map(|threads| Network::build(Arc::clone(&plan), threads, ROOM).expect_err("refused"));
        assert!(errors.iter().all(|error| *error == errors[0]), "{errors:?}");
        errors[0].clone()
    };
    let part = |pre, post, value| BuildError::Part { projection: 0, pre, post, value, parts: PARTS };
    assert_eq!(refused(&Connect::Pairs(vec![(0, 0), (1, 2)])), part(1, 2, 4.0));
    assert_eq!(refused(&Connect::Pairs(vec![(1, 1), (1, 0), (0, 2)])), part(0, 2, 0.5));
}

#[test]
fn a_part_out_of_range_is_the_first_one_whoever_draws_it() {
    let Quantity::Program(mut program) = drawn(Distribution::Uniform, 0.0, 4.2) else { panic!("a program") };
    let Output::Result(value) = program.outputs[0] else { panic!("it has a result") };
    let part = program.push(Op::Floor(value), Ty::Float);
    program.outputs = vec![Output::Result(part)];
    for connect in [Connect::InDegree(5), Connect::OutDegree(5)] {
        let plan = plan_of(&[70, 50], &connect, Some((*program).clone()), |_| {});
        let errors =
            [1, 2, 3].map(|threads| Network::build(Arc::clone(&plan), threads, ROOM).expect_err("refused"));
        assert!(matches!(errors[0], BuildError::Part { value: 4.0, .. }), "{errors:?}");
        assert!(errors.iter().all(|error| *error == errors[0]), "{errors:?}");
    }
}

#[test]
fn parts_cost_nothing_per_synapse() {
    let bytes = |onto: Option<Program>| {
        let plan = plan_of(&[400, 300], &Connect::InDegree(100), onto, |_| {});
        let (said, held) = (needed(&plan, 1).parts[2].1, build(&plan, 1).memory().parts[2].1);
        assert!((0.98..1.1).contains(&(said as f64 / held as f64)), "{said} of {held}");
        held
    };
    assert_eq!(bytes(Some(by_pair())), bytes(None));
}

#[test]
fn arrivals_reach_the_port_of_their_part() {
    let change = |p: &mut ProjectionPlan| p.weight = drawn(Distribution::Uniform, 0.0, 0.3);
    let plan = plan_of(&[60, 40], &Connect::InDegree(12), Some(by_pair()), change);
    let network = build(&plan, 1);
    let mut naive = Naive::new(&plan, &network);
    naive.run(50);
    for threads in [1, 2, 3] {
        let mut machine = machine(&plan, threads);
        run(&mut machine, 50);
        for population in 0..2 {
            assert_eq!(
                machine.array(population, ArrayId(0)),
                naive.v[population as usize],
                "{threads} threads"
            );
        }
    }
}
