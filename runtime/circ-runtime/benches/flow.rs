//! How fast values flow between ticks: a step of a dense network of 1000 units, one thread.
//!
//! `cargo bench -p circ-runtime --bench flow`. Units are `x' = -x + sum of w * tanh(pre.x)`, with a weight for each
//! pair; `gap_junctions` carry `w * (pre.x - post.x)` with one weight. Beside them `read` sums the bytes of the
//! weights: what memory allows.
//!
//! Bounds: a matrix by the memory (or cache) that it is read from; gap junctions by arithmetic in L1.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use circ_numerics::Distribution;
use circ_numerics::random::key;
use circ_plan::abi::KernelArgs;
use circ_plan::engine::Engine;
use circ_plan::ir::*;
use circ_plan::plan::*;
use circ_runtime::{Kernels, Machine, Network};
use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};

const UNITS: u32 = 1000;
const TICKS: i64 = 10;

fn main() {
    divan::main();
}

/// `x = 0.9 x + 0.1 flow`
unsafe extern "C" fn step(args: *const KernelArgs) -> i64 {
    // SAFETY: the machine keeps the contract of `circ_plan::abi`; arrays 0 and 1 are `f64`.
    let (x, flow) = unsafe {
        let padded = ((*args).cells as usize).next_multiple_of(16);
        let array = |k| std::slice::from_raw_parts_mut((*(*args).arrays.add(k)).cast::<f64>(), padded);
        (array(0), array(1))
    };
    x.iter_mut().zip(flow).for_each(|(x, flow)| *x = 0.9 * *x + 0.1 * *flow);
    -1
}

fn units() -> PopulationPlan {
    let program = || Program::new("none", Precision::F64);
    let mut init_states = program();
    let (lo, hi) =
        (init_states.push(Op::Float(-1.0), Ty::Float), init_states.push(Op::Float(1.0), Ty::Float));
    let draw = Op::Draw { distribution: Distribution::Uniform, args: vec![lo, hi], key: KeyId(0), salt: 0 };
    let x = init_states.push(draw, Ty::Float);
    init_states.outputs = vec![Output::Array(ArrayId(0), x)];
    let array = |name: &str, role| ArrayPlan { name: name.into(), ty: Ty::Float, role };
    PopulationPlan {
        path: "N".into(),
        cells: UNITS,
        precision: Precision::F64,
        arrays: vec![array("x", Role::State), array("flow", Role::Flow)],
        uniforms: vec![],
        keys: vec![key(1, "N")],
        ports: vec![],
        events: vec![],
        dynamics: Dynamics::Cells(Box::new(CellPrograms {
            derive_uniforms: program(),
            init_params: program(),
            derive_cells: program(),
            init_states,
            start: program(),
            step: program(),
            reference_start: program(),
            reference_step: program(),
        })),
        observables: vec![],
        place: 0,
    }
}

/// `w * tanh(pre.x)`
fn rates() -> (Program, Option<Program>) {
    let tanh = |program: &mut Program| {
        let x = program.push(Op::Load(Side::Pre, ArrayId(0)), Ty::Float);
        program.push(Op::Call1(Function::Tanh, x), Ty::Float)
    };
    let (mut value, mut factor) =
        (Program::new("value", Precision::F64), Program::new("factor", Precision::F64));
    let result = tanh(&mut factor);
    factor.outputs = vec![Output::Result(result)];
    let (weight, result) = (value.push(Op::Weight, Ty::Float), tanh(&mut value));
    let result = value.push(Op::Mul(weight, result), Ty::Float);
    value.outputs = vec![Output::Result(result)];
    (value, Some(factor))
}

/// `w * (pre.x - post.x)`
fn differences() -> (Program, Option<Program>) {
    let mut value = Program::new("value", Precision::F64);
    let weight = value.push(Op::Weight, Ty::Float);
    let pre = value.push(Op::Load(Side::Pre, ArrayId(0)), Ty::Float);
    let post = value.push(Op::Load(Side::Post, ArrayId(0)), Ty::Float);
    let difference = value.push(Op::Sub(pre, post), Ty::Float);
    let result = value.push(Op::Mul(weight, difference), Ty::Float);
    value.outputs = vec![Output::Result(result)];
    (value, None)
}

/// Between -0.05 and 0.05, for each pair.
fn drawn() -> Quantity {
    let mut program = Program::new("weight", Precision::F64);
    let (lo, hi) = (program.push(Op::Float(-0.05), Ty::Float), program.push(Op::Float(0.05), Ty::Float));
    let draw = Op::Draw { distribution: Distribution::Uniform, args: vec![lo, hi], key: KeyId(1), salt: 0 };
    let value = program.push(draw, Ty::Float);
    program.outputs = vec![Output::Result(value)];
    Quantity::Program(Box::new(program))
}

fn machine(
    carried: (Program, Option<Program>),
    connect: Connect,
    weight: Quantity,
    store: Precision,
) -> Machine {
    let whole = || View { segments: vec![Segment { population: 0, cells: Indices::Range(0, UNITS) }] };
    let x = vec![vec![FlowColumn::Array(0, ArrayId(0))]];
    let (value, factor) = carried;
    let projection = ProjectionPlan {
        path: "p".into(),
        source: whole(),
        source_events: vec![],
        target: whole(),
        ports: vec![],
        connect,
        allow_self: false,
        allow_multiple: false,
        onto: None,
        weight,
        store,
        rows: RowStorage::Auto,
        delay: Quantity::Constant(0.0),
        sign: Sign::Free,
        learning: None,
        flow: Some(Box::new(Flow {
            value,
            pre: x.clone(),
            post: x,
            into: vec![ArrayId(1)],
            stage: 0,
            factor,
        })),
        share: None,
        pairing: Pairing::Ordered,
        pre_columns: vec![],
        post_columns: vec![],
        edges: vec![],
        keys: vec![key(1, "connect"), key(1, "weight")],
        place: 0,
    };
    let plan = Plan {
        dt: 0.1,
        seed: 1,
        populations: vec![units()],
        drives: vec![],
        projections: vec![projection],
        order: vec![Sender::Projection(0)],
        tables: vec![],
        places: vec![],
    };
    let network = Arc::new(Network::build(Arc::new(plan), 1, 4 << 30).expect("it fits"));
    // SAFETY: the kernel was made for `units`, and is part of this program.
    unsafe { Machine::new(network, vec![Some(Kernels { start: step, step })], vec![], Arc::new(())) }
}

/// Ten steps; items are steps.
fn steps(bencher: Bencher, mut machine: Machine) {
    let bytes = TICKS as u64 * machine.network().projection_bytes(0);
    bencher.counter(ItemsCount::new(TICKS as u64)).counter(BytesCount::new(bytes)).bench_local(|| {
        let until = machine.tick() + TICKS;
        machine.advance(until, &AtomicBool::new(false)).expect("nothing stops it");
    });
}

#[divan::bench(args = [Precision::F32, Precision::F64])]
fn dense_rates(bencher: Bencher, store: &Precision) {
    steps(bencher, machine(rates(), Connect::AllToAll, drawn(), *store));
}

#[divan::bench]
fn sparse_rates(bencher: Bencher) {
    steps(bencher, machine(rates(), Connect::InDegree(100), drawn(), Precision::F32));
}

#[divan::bench]
fn mean_of_rates(bencher: Bencher) {
    steps(bencher, machine(rates(), Connect::AllToAll, Quantity::Constant(0.01), Precision::F32));
}

#[divan::bench]
fn gap_junctions(bencher: Bencher) {
    steps(bencher, machine(differences(), Connect::AllToAll, Quantity::Constant(0.001), Precision::F32));
}

#[divan::bench]
fn sparse_gap_junctions(bencher: Bencher) {
    steps(bencher, machine(differences(), Connect::InDegree(100), Quantity::Constant(0.001), Precision::F32));
}

/// The bytes of a matrix of weights, ten times.
#[divan::bench(args = [4, 8])]
fn read(bencher: Bencher, width: u64) {
    let bytes = u64::from(UNITS) * u64::from(UNITS - 1) * width;
    let words = vec![1_u64; (bytes / 8) as usize];
    bencher
        .counter(ItemsCount::new(TICKS as u64))
        .counter(BytesCount::new(TICKS as u64 * bytes))
        .bench_local(|| {
            for _ in 0..TICKS {
                let sum = black_box(&words).iter().fold(0, |sum: u64, word| sum ^ word);
                black_box(sum);
            }
        });
}
