//! What a synaptic event costs where synapses learn (pair STDP): items are events of synapses, one thread.
//!
//! `cargo bench -p circ-runtime --bench learning`. 4000 cells, 1000 synapses each: the weights of all do not fit into the
//! nearest caches. A spike of a source reads and writes the synapses of its row one after the other, and sends; a spike
//! of a target reads and writes one synapse of each of its sources, which lie apart. `code` has the rule as machine code
//! (written here in Rust), `rows` evaluates it operation by operation.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use circ_numerics::Distribution;
use circ_numerics::random::key;
use circ_plan::abi::{KernelArgs, KernelFn};
use circ_plan::engine::Engine;
use circ_plan::ir::*;
use circ_plan::learning::*;
use circ_plan::plan::*;
use circ_runtime::{Kernels, Machine, Network};
use divan::Bencher;
use divan::counter::ItemsCount;

const CELLS: u32 = 4000;
const DEGREE: u32 = 1000;
/// Ticks in a measurement, and spikes in each.
const TICKS: i64 = 15;
const SPIKES: u32 = 40;

fn main() {
    divan::main();
}

/// A kernel that leaves all as it is.
unsafe extern "C" fn nothing(_: *const KernelArgs) -> i64 {
    -1
}

/// `w` of the block, less or more a part of the trace beside it, within bounds.
unsafe fn change(args: *const KernelArgs, factor: f64) -> i64 {
    // SAFETY: a block has two arrays of `f64`, padded to a multiple of 16.
    unsafe {
        let args = &*args;
        let n = (args.cells as usize).next_multiple_of(16);
        let w = std::slice::from_raw_parts_mut((*args.arrays).cast::<f64>(), n);
        let trace = std::slice::from_raw_parts((*args.arrays.add(1)).cast::<f64>(), n);
        for (w, trace) in w.iter_mut().zip(trace) {
            let new = *w + factor * trace;
            let new = if new > 0.0 { new } else { 0.0 };
            *w = if new < 1.0 { new } else { 1.0 };
        }
    }
    -1
}

unsafe extern "C" fn depress(args: *const KernelArgs) -> i64 {
    // SAFETY: as the caller's.
    unsafe { change(args, -0.01) }
}

unsafe extern "C" fn potentiate(args: *const KernelArgs) -> i64 {
    // SAFETY: as the caller's.
    unsafe { change(args, 0.01) }
}

/// The same as a program; the trace is that of a side.
fn program(side: Side, factor: f64) -> Program {
    let mut program = Program::new("change", Precision::F64);
    let w = program.push(Op::Load(Side::Own, ArrayId(0)), Ty::Float);
    let trace = program.push(Op::Load(side, ArrayId(0)), Ty::Float);
    let factor = program.push(Op::Float(factor), Ty::Float);
    let change = program.push(Op::Mul(factor, trace), Ty::Float);
    let new = program.push(Op::Add(w, change), Ty::Float);
    let zero = program.push(Op::Float(0.0), Ty::Float);
    let new = program.push(Op::Max(new, zero), Ty::Float);
    let one = program.push(Op::Float(1.0), Ty::Float);
    let new = program.push(Op::Min(new, one), Ty::Float);
    program.outputs = vec![Output::Array(ArrayId(0), new)];
    program
}

/// Cells with given spikes and a trace.
fn population(path: &str, times: Vec<(i64, u32)>) -> PopulationPlan {
    let array = |name: &str, ty, role| ArrayPlan { name: name.into(), ty, role };
    let program = || Program::new("none", Precision::F64);
    let traces = CellPrograms {
        derive_uniforms: program(),
        init_params: program(),
        derive_cells: program(),
        init_states: program(),
        start: program(),
        step: program(),
        reference_start: program(),
        reference_step: program(),
    };
    PopulationPlan {
        path: path.into(),
        cells: CELLS,
        precision: Precision::F64,
        arrays: vec![array("spikes", Ty::Bool, Role::Memory), array("trace", Ty::Float, Role::Seen)],
        uniforms: vec![],
        keys: vec![],
        ports: vec![PortPlan { name: "syn".into() }],
        events: vec![EventPlan { name: "spike".into() }],
        dynamics: Dynamics::SpikeTimes { times, traces: Some(Box::new(traces)) },
        observables: vec![],
        place: 0,
    }
}

/// Every cell spikes once in a hundred ticks, spread by a prime.
fn spikes() -> Vec<(i64, u32)> {
    let spike = |k: u32| (i64::from(k / SPIKES), (u64::from(k) * 7919 % u64::from(CELLS)) as u32);
    let mut times: Vec<(i64, u32)> = (0..CELLS * 100).map(spike).collect();
    times.sort_unstable();
    times
}

fn drawn() -> Quantity {
    let mut program = Program::new("drawn", Precision::F64);
    let lo = program.push(Op::Float(0.0), Ty::Float);
    let hi = program.push(Op::Float(1.0), Ty::Float);
    let draw = Op::Draw { distribution: Distribution::Uniform, args: vec![lo, hi], key: KeyId(1), salt: 0 };
    let value = program.push(draw, Ty::Float);
    program.outputs = vec![Output::Result(value)];
    Quantity::Program(Box::new(program))
}

fn learning(store: Precision) -> Learning {
    let column = |population| vec![Column::Array(population, ArrayId(1))];
    let hook = |when, side, factor| Hook { when, program: program(side, factor) };
    Learning {
        rule: "Pair".into(),
        precision: Precision::F64,
        arrays: vec![SynapseArray { name: "w".into(), ty: Ty::Float, store, parameter: false }],
        delay: None,
        longest: None,
        dendritic: Quantity::Constant(0.0),
        back: None,
        uniforms: vec![],
        keys: vec![],
        pre: vec![column(0)],
        post: vec![Signal::Target(column(1))],
        init: Program::new("init", Precision::F64),
        transmit: None,
        hooks: vec![hook(When::Pre, Side::Post, -0.01), hook(When::Post(vec![EventId(0)]), Side::Pre, 0.01)],
        both: None,
        rewire: None,
        settle: Program::new("settle", Precision::F64),
        shared: None,
        observables: vec![],
    }
}

fn whole(population: u32) -> View {
    View { segments: vec![Segment { population, cells: Indices::Range(0, CELLS) }] }
}

fn plan(source: Vec<(i64, u32)>, target: Vec<(i64, u32)>, store: Precision) -> Plan {
    let projection = ProjectionPlan {
        path: "p".into(),
        source: whole(0),
        source_events: vec![EventId(0)],
        target: whole(1),
        ports: vec![PortId(0)],
        connect: Connect::InDegree(DEGREE),
        onto: None,
        allow_self: false,
        allow_multiple: false,
        weight: drawn(),
        delay: Quantity::Constant(1.5),
        sign: Sign::Free,
        store,
        rows: RowStorage::Auto,
        learning: Some(Box::new(learning(store))),
        flow: None,
        share: None,
        pairing: Pairing::Ordered,
        pre_columns: vec![],
        post_columns: vec![],
        edges: vec![],
        keys: vec![key(1, "connect"), key(1, "weight")],
        place: 0,
    };
    Plan {
        dt: 0.1,
        seed: 1,
        populations: vec![population("S", source), population("E", target)],
        drives: vec![],
        projections: vec![projection],
        order: vec![Sender::Projection(0)],
        tables: vec![],
        places: vec![],
    }
}

fn events(bencher: Bencher, plan: Plan, rules: Vec<Option<KernelFn>>) {
    let network = Network::build(Arc::new(plan), 1, 4 << 30).expect("it fits");
    let kernels = vec![Some(Kernels { start: nothing, step: nothing }); 2];
    // SAFETY: the kernels of the populations do nothing, those of the rule do what its programs say.
    let mut machine = unsafe { Machine::new(Arc::new(network), kernels, rules, Arc::new(())) };
    bencher.counter(ItemsCount::new(TICKS as u64 * u64::from(SPIKES * DEGREE))).bench_local(|| {
        let until = machine.tick() + TICKS;
        machine.advance(until, &AtomicBool::new(false)).expect("nothing stops it");
    });
}

const STORES: [Precision; 2] = [Precision::F32, Precision::F64];

#[divan::bench(args = STORES)]
fn code_of_sources(bencher: Bencher, store: Precision) {
    events(bencher, plan(spikes(), vec![], store), vec![Some(depress), Some(potentiate)]);
}

#[divan::bench(args = STORES)]
fn code_of_targets(bencher: Bencher, store: Precision) {
    events(bencher, plan(vec![], spikes(), store), vec![Some(depress), Some(potentiate)]);
}

#[divan::bench(args = STORES)]
fn rows_of_sources(bencher: Bencher, store: Precision) {
    events(bencher, plan(spikes(), vec![], store), vec![]);
}

#[divan::bench(args = STORES)]
fn rows_of_targets(bencher: Bencher, store: Precision) {
    events(bencher, plan(vec![], spikes(), store), vec![]);
}
