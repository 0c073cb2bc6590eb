//! How fast spikes are delivered, networks built and drives drawn: items per second, one thread.
//!
//! `cargo bench -p circ-runtime`. The network is that of Brunel (2000): 12,500 cells, 1250 synapses each.
//! Targets have no kernel here, so that only delivery is measured.
//!
//! Bounds: delivery by scattered read-modify-writes in the second-level cache; construction by the
//! generator and by writing; trains by the generator.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use circ_numerics::Distribution;
use circ_numerics::random::key;
use circ_plan::engine::Engine;
use circ_plan::ir::*;
use circ_plan::plan::*;
use circ_runtime::{Machine, Network};
use divan::Bencher;
use divan::counter::ItemsCount;

const CELLS: u32 = 12_500;
const DEGREE: u32 = 1250;
/// Ticks in a measurement, and spikes in each.
const TICKS: i64 = 15;
const SPIKES: u32 = 125;

fn main() {
    divan::main();
}

fn population(path: &str, dynamics: Dynamics) -> PopulationPlan {
    PopulationPlan {
        path: path.into(),
        cells: CELLS,
        precision: Precision::F64,
        arrays: vec![],
        uniforms: vec![],
        keys: vec![],
        ports: vec![PortPlan { name: "syn".into() }],
        events: vec![EventPlan { name: "spike".into() }],
        dynamics,
        observables: vec![],
        place: 0,
    }
}

fn silent() -> Dynamics {
    let program = || Program::new("none", Precision::F64);
    Dynamics::Cells(Box::new(CellPrograms {
        derive_uniforms: program(),
        init_params: program(),
        derive_cells: program(),
        init_states: program(),
        start: program(),
        step: program(),
        reference_start: program(),
        reference_step: program(),
    }))
}

/// Every cell spikes once in a hundred ticks, spread by a prime.
fn spikes() -> Dynamics {
    let mut times: Vec<(i64, u32)> = (0..CELLS * 100)
        .map(|k| (i64::from(k / SPIKES), (k as u64 * 7919 % u64::from(CELLS)) as u32))
        .collect();
    times.sort_unstable();
    Dynamics::SpikeTimes { times, traces: None }
}

fn whole(population: u32) -> View {
    View { segments: vec![Segment { population, cells: Indices::Range(0, CELLS) }] }
}

fn drawn(lo: f64, hi: f64) -> Quantity {
    let mut program = Program::new("drawn", Precision::F64);
    let lo = program.push(Op::Float(lo), Ty::Float);
    let hi = program.push(Op::Float(hi), Ty::Float);
    let draw = Op::Draw { distribution: Distribution::Uniform, args: vec![lo, hi], key: KeyId(1), salt: 0 };
    let value = program.push(draw, Ty::Float);
    program.outputs = vec![Output::Result(value)];
    Quantity::Program(Box::new(program))
}

fn network(connect: Connect, weight: Quantity, delay: Quantity) -> Arc<Plan> {
    let projection = ProjectionPlan {
        path: "p".into(),
        source: whole(0),
        source_events: vec![EventId(0)],
        target: whole(1),
        ports: vec![PortId(0)],
        connect,
        onto: None,
        allow_self: false,
        allow_multiple: false,
        weight,
        delay,
        sign: Sign::Free,
        store: Precision::F32,
        rows: RowStorage::Auto,
        learning: None,
        flow: None,
        share: None,
        pairing: Pairing::Ordered,
        pre_columns: vec![],
        post_columns: vec![],
        edges: vec![],
        keys: vec![key(1, "connect"), key(1, "weight")],
        place: 0,
    };
    Arc::new(Plan {
        dt: 0.1,
        seed: 1,
        populations: vec![population("S", spikes()), population("E", silent())],
        drives: vec![],
        projections: vec![projection],
        order: vec![Sender::Projection(0)],
        tables: vec![],
        places: vec![],
    })
}

fn build(plan: &Arc<Plan>) -> Network {
    Network::build(Arc::clone(plan), 1, 4 << 30).expect("it fits")
}

fn machine(network: Arc<Network>) -> Machine {
    let kernels = vec![None; network.plan().populations.len()];
    // SAFETY: there is no kernel.
    unsafe { Machine::new(network, kernels, vec![], Arc::new(())) }
}

/// Synaptic events of windows of 15 ticks.
fn events(bencher: Bencher, weight: Quantity, delay: Quantity) {
    let plan = network(Connect::InDegree(DEGREE), weight, delay);
    let mut machine = machine(Arc::new(build(&plan)));
    bencher.counter(ItemsCount::new(TICKS as u64 * u64::from(SPIKES * DEGREE))).bench_local(|| {
        let until = machine.tick() + TICKS;
        machine.advance(until, &AtomicBool::new(false)).expect("nothing stops it");
    });
}

#[divan::bench]
fn deliver_one_weight(bencher: Bencher) {
    events(bencher, Quantity::Constant(0.1), Quantity::Constant(1.5));
}

#[divan::bench]
fn deliver_weights(bencher: Bencher) {
    events(bencher, drawn(0.0, 1.0), Quantity::Constant(1.5));
}

#[divan::bench]
fn deliver_weights_and_delays(bencher: Bencher) {
    events(bencher, drawn(0.0, 1.0), drawn(0.5, 2.0));
}

/// As many delays as in a cortical column.
#[divan::bench]
fn deliver_weights_and_many_delays(bencher: Bencher) {
    events(bencher, drawn(0.0, 1.0), drawn(0.1, 6.0));
}

/// Rows that are made again for each spike: a draw for a gap and one for a weight, instead of memory.
fn made_again(bencher: Bencher, weight: Quantity) {
    let share = f64::from(DEGREE) / f64::from(CELLS);
    let mut plan =
        (*network(Connect::Probability(Quantity::Constant(share)), weight, Quantity::Constant(1.5))).clone();
    plan.projections[0].rows = RowStorage::Procedural;
    let mut machine = machine(Arc::new(build(&Arc::new(plan))));
    bencher.counter(ItemsCount::new(TICKS as u64 * u64::from(SPIKES * DEGREE))).bench_local(|| {
        let until = machine.tick() + TICKS;
        machine.advance(until, &AtomicBool::new(false)).expect("nothing stops it");
    });
}

#[divan::bench(sample_count = 20)]
fn make_one_weight(bencher: Bencher) {
    made_again(bencher, Quantity::Constant(0.1));
}

#[divan::bench(sample_count = 20)]
fn make_weights(bencher: Bencher) {
    made_again(bencher, drawn(0.0, 1.0));
}

/// Cells of a source of the column below, targets of each of its projections, and synapses of a row.
const LAYER: u32 = 20_000;
const TARGETS: u32 = 4_800;
const ROW: u32 = 240;
const PROJECTIONS: u32 = 8;

/// What a thread has of a cortical column at full scale: rows of 240 synapses onto eight of its populations, with delays as
/// there, in single precision; 25 spikes a tick.
fn column() -> Arc<Plan> {
    let mut plan = (*network(Connect::OutDegree(ROW), drawn(0.0, 1.0), drawn(0.1, 4.0))).clone();
    let mut spikes: Vec<(i64, u32)> =
        (0..LAYER * 10).map(|k| (i64::from(k / 25), (k as u64 * 7919 % u64::from(LAYER)) as u32)).collect();
    spikes.sort_unstable();
    let target = PopulationPlan { cells: TARGETS, precision: Precision::F32, ..population("T", silent()) };
    plan.populations = vec![population("S", Dynamics::SpikeTimes { times: spikes, traces: None })];
    plan.populations[0].cells = LAYER;
    let projection = plan.projections.remove(0);
    plan.order.clear();
    for k in 0..PROJECTIONS {
        let cells = |population: u32, cells: u32| View {
            segments: vec![Segment { population, cells: Indices::Range(0, cells) }],
        };
        plan.populations.push(PopulationPlan { path: format!("T{k}"), ..target.clone() });
        plan.projections.push(ProjectionPlan {
            path: format!("p{k}"),
            source: cells(0, LAYER),
            target: cells(k + 1, TARGETS),
            keys: vec![key(1, &format!("connect {k}")), key(1, &format!("weight {k}"))],
            ..projection.clone()
        });
        plan.order.push(Sender::Projection(k));
    }
    Arc::new(plan)
}

/// In blocks of so many ticks; 0 as the network chooses, and in blocks longer than any delay all at once.
#[divan::bench(args = [0, 4, 8, 16, 32, 1 << 20], sample_count = 20)]
fn deliver_a_column(bencher: Bencher, block: i64) {
    let mut network = build(&column());
    if 0 < block {
        network = network.wait_in_blocks(block);
    }
    let mut machine = machine(Arc::new(network));
    let ticks = 160;
    bencher.counter(ItemsCount::new(ticks as u64 * u64::from(25 * ROW * PROJECTIONS))).bench_local(|| {
        let until = machine.tick() + ticks;
        machine.advance(until, &AtomicBool::new(false)).expect("nothing stops it");
    });
}

/// What pieces of so many synapses cost that lie at random places of a gigabyte, 7 bytes each in three lists as rows do that hold each delay, if nothing
/// is done but to add them to accumulators that are near, and the processor fetches them as it sees fit. Delivery in blocks has
/// pieces of some hundred, and asks for them ahead.
#[divan::bench(args = [64, 128, 256, 1024, 65_536], sample_count = 20)]
fn add_pieces(bencher: Bencher, piece: usize) {
    const SYNAPSES: usize = 150_000_000;
    const SLOTS: usize = 4;
    const LENGTH: usize = 1 << 15;
    let targets: Vec<u16> = (0..SYNAPSES).map(|k| (k * 40_503 % LENGTH) as u16).collect();
    let weights = vec![0.5_f32; SYNAPSES];
    let delays: Vec<u8> = (0..SYNAPSES).map(|k| (k % SLOTS) as u8).collect();
    let mut sums = vec![0.0_f32; SLOTS * LENGTH];
    let mut draws = circ_numerics::random::Stream::new(key(1, "pieces"), Default::default());
    let pieces = 1_000_000 / piece;
    bencher.counter(ItemsCount::new(pieces * piece)).bench_local(|| {
        for _ in 0..pieces {
            let first = draws.below((SYNAPSES - piece) as u64) as usize;
            let range = first..first + piece;
            let (targets, delays) = (&targets[range.clone()], &delays[range.clone()]);
            for ((target, delay), weight) in targets.iter().zip(delays).zip(&weights[range]) {
                sums[(usize::from(*delay) & (SLOTS - 1)) * LENGTH + (usize::from(*target) & (LENGTH - 1))] +=
                    weight;
            }
        }
        divan::black_box(&mut sums);
    });
}

/// Synapses built.
fn construction(bencher: Bencher, connect: Connect, weight: Quantity, delay: Quantity) {
    let plan = network(connect, weight, delay);
    let synapses = build(&plan).synapse_count(0);
    bencher.counter(ItemsCount::new(synapses)).bench_local(|| build(&plan));
}

#[divan::bench(sample_count = 10)]
fn build_probability(bencher: Bencher) {
    let connect = Connect::Probability(Quantity::Constant(0.1));
    construction(bencher, connect, Quantity::Constant(0.1), Quantity::Constant(1.5));
}

#[divan::bench(sample_count = 10)]
fn build_in_degree(bencher: Bencher) {
    construction(bencher, Connect::InDegree(DEGREE), Quantity::Constant(0.1), Quantity::Constant(1.5));
}

#[divan::bench(sample_count = 10)]
fn build_out_degree(bencher: Bencher) {
    construction(bencher, Connect::OutDegree(DEGREE), Quantity::Constant(0.1), Quantity::Constant(1.5));
}

#[divan::bench(sample_count = 5)]
fn build_in_degree_with_weights(bencher: Bencher) {
    construction(bencher, Connect::InDegree(DEGREE), drawn(0.0, 1.0), Quantity::Constant(1.5));
}

#[divan::bench(sample_count = 5)]
fn build_in_degree_with_weights_and_delays(bencher: Bencher) {
    construction(bencher, Connect::InDegree(DEGREE), drawn(0.0, 1.0), drawn(0.5, 2.0));
}

/// As in a cortical column (Potjans and Diesmann 2014).
#[divan::bench(sample_count = 5)]
fn build_total_with_normal_weights_and_delays(bencher: Bencher) {
    let normal = |mean: f64, sd: f64| {
        let Quantity::Program(mut program) = drawn(mean, sd) else { panic!("a draw is a program") };
        let within = [Op::Float(0.1), Op::Float(1e3)].map(|bound| program.push(bound, Ty::Float));
        let (distribution, args) = (Distribution::Normal, vec![ValueId(0), ValueId(1)]);
        let value =
            program.push(Op::Redraw { distribution, args, within, key: KeyId(1), salt: 0 }, Ty::Float);
        program.outputs = vec![Output::Result(value)];
        Quantity::Program(program)
    };
    let total = u64::from(CELLS * DEGREE);
    construction(bencher, Connect::Total(total), normal(87.8, 8.78), normal(1.5, 0.75));
}

/// Poisson numbers: one per cell and tick.
#[divan::bench(args = [0.02, 2.0, 20.0])]
fn poisson(bencher: Bencher, mean: f64) {
    let mut plan = (*network(Connect::OneToOne, Quantity::Constant(0.0), Quantity::Constant(0.1))).clone();
    plan.projections.clear();
    plan.order = vec![Sender::Drive(0)];
    plan.drives = vec![DrivePlan {
        path: "d".into(),
        target: whole(1),
        ports: vec![PortId(0)],
        kind: DriveKind::Poisson(Quantity::Constant(mean)),
        weight: Quantity::Constant(0.1),
        delay_ticks: 0,
        from_tick: 0,
        to_tick: MAX_TICK,
        sign: Sign::Free,
        keys: vec![key(1, "d")],
        uniforms: vec![],
        of_cells: vec![],
        place: 0,
    }];
    let mut machine = machine(Arc::new(build(&Arc::new(plan))));
    bencher.counter(ItemsCount::new(TICKS as u64 * u64::from(CELLS))).bench_local(|| {
        let until = machine.tick() + TICKS;
        machine.advance(until, &AtomicBool::new(false)).expect("nothing stops it");
    });
}
