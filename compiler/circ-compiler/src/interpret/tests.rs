//! The engine on plans made by hand, its results computed by hand.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use circ_plan::engine::*;
use circ_plan::ir::*;
use circ_plan::plan::*;

use super::*;
use crate::kernel::parse::parse;
use crate::kernel::verify::verify_plan;

mod doors;
mod learning;

const V: ArrayId = ArrayId(0);
const SPIKE: EventId = EventId(0);

fn program(name: &str, precision: Precision, lines: &str) -> Program {
    let program = parse(&format!("program \"{name}\" {precision} {{\n{lines}\n}}"));
    program.unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Cells with `v = decay * v + arrivals`, which spike and reset to 0 from 1 on. `decay` is a slot, `gain`
/// a parameter that nothing reads, 10 plus the cell's index.
fn cells(path: &str, cells: u32, precision: Precision) -> PopulationPlan {
    let array = |name: &str, role| ArrayPlan { name: name.into(), ty: Ty::Float, role };
    let nothing = Program::new("nothing", precision);
    let react = "v3: float = 1.0\n v4: bool = ge v2, v3\n v5: float = 0.0\n v6: float = select v4, v5, v2
        array a0 = v6\n event e0 if v4\n check finite v2 place 0";
    let step = format!("v0: float = arrival p0\n v1: float = load own a0\n v2: float = add v1, v0\n {react}");
    let decayed = step
        .replace("v2: float = add v1, v0", "v2: float = uniform u0\n v3: float = fma v1, v2, v0")
        .replace("v6: float = select v4, v5, v2", "v7: float = select v5, v6, v3")
        .replace("v5: float = 0.0", "v6: float = 0.0")
        .replace("v4: bool = ge v2, v3", "v5: bool = ge v3, v4")
        .replace("v3: float = 1.0", "v4: float = 1.0")
        .replace("array a0 = v6", "array a0 = v7")
        .replace("e0 if v4", "e0 if v5")
        .replace("finite v2", "finite v3");
    let init = "v0: int = index own\n v1: float = to_float v0\n v2: float = 10.0\n v3: float = add v1, v2
        array a1 = v3";
    let derive = "v0: float = load own a1\n v1: float = uniform u0\n v2: float = mul v0, v1\n array a2 = v2";
    PopulationPlan {
        path: path.into(),
        cells,
        precision,
        arrays: vec![
            array("v", Role::State),
            array("gain", Role::Parameter),
            array("derived", Role::Derived),
        ],
        uniforms: vec![UniformPlan {
            name: "decay".into(),
            ty: Ty::Float,
            role: Role::Parameter,
            value: 0.5,
        }],
        keys: vec![],
        ports: vec![PortPlan { name: "exc".into() }],
        events: vec![EventPlan { name: "spike".into() }],
        dynamics: Dynamics::Cells(Box::new(CellPrograms {
            derive_uniforms: nothing.clone(),
            init_params: program("init_params", precision, init),
            derive_cells: program("derive_cells", precision, derive),
            init_states: nothing,
            start: program("start", precision, &step),
            step: program("step", precision, &decayed),
            reference_start: program("reference_start", precision, &step),
            reference_step: program("reference_step", precision, &decayed),
        })),
        observables: vec![Observable {
            name: "v".into(),
            program: program("v", precision, "v0: float = load own a0\n result v0"),
        }],
        place: 0,
    }
}

fn spike_times(path: &str, cells: u32, times: Vec<(i64, u32)>) -> PopulationPlan {
    PopulationPlan {
        path: path.into(),
        cells,
        precision: Precision::F64,
        arrays: vec![],
        uniforms: vec![],
        keys: vec![],
        ports: vec![],
        events: vec![EventPlan { name: "spike".into() }],
        dynamics: Dynamics::SpikeTimes { times, traces: None },
        observables: vec![],
        place: 0,
    }
}

fn all(population: u32, cells: u32) -> View {
    View { segments: vec![Segment { population, cells: Indices::Range(0, cells) }] }
}

fn drive(target: View, kind: DriveKind, weight: f64) -> DrivePlan {
    DrivePlan {
        path: "drive".into(),
        ports: vec![PortId(0); target.segments.len()],
        target,
        kind,
        weight: Quantity::Constant(weight),
        delay_ticks: 0,
        from_tick: 0,
        to_tick: MAX_TICK,
        sign: Sign::Free,
        keys: vec![[7, 8]],
        uniforms: vec![],
        of_cells: vec![],
        place: 0,
    }
}

fn projection(source: View, target: View) -> ProjectionPlan {
    ProjectionPlan {
        path: "projection".into(),
        source_events: vec![SPIKE; source.segments.len()],
        ports: vec![PortId(0); target.segments.len()],
        source,
        target,
        connect: Connect::AllToAll,
        onto: None,
        allow_self: false,
        allow_multiple: false,
        weight: Quantity::Constant(0.0),
        delay: Quantity::Constant(0.1),
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
        keys: vec![],
        place: 0,
    }
}

/// (source, target, weight, delay), in canonical order.
fn synapses(list: &[(u32, u32, f64, f64)]) -> Synapses {
    Synapses {
        source: list.iter().map(|s| s.0).collect(),
        target: list.iter().map(|s| s.1).collect(),
        weight: Values::Each(list.iter().map(|s| s.2).collect()),
        delay: Values::Each(list.iter().map(|s| s.3).collect()),
        ..Synapses::default()
    }
}

fn plan(populations: Vec<PopulationPlan>, drives: Vec<DrivePlan>, projections: Vec<ProjectionPlan>) -> Plan {
    let of_drives = (0..drives.len() as u32).map(Sender::Drive);
    let order = of_drives.chain((0..projections.len() as u32).map(Sender::Projection)).collect();
    Plan {
        dt: 0.1,
        seed: 0,
        populations,
        drives,
        projections,
        order,
        tables: vec![],
        places: vec![Place { file: 0, start: 0, end: 1, what: "the equation of `v`".into() }],
    }
}

fn engine(plan: Plan, synapses: Vec<Synapses>) -> Interpreter {
    assert_eq!(verify_plan(&plan), Ok(()));
    Interpreter::new(Arc::new(plan), synapses)
}

fn run(engine: &mut Interpreter, until: i64) {
    assert_eq!(engine.advance(until, &AtomicBool::new(false)), Ok(()));
}

#[test]
fn a_spike_arrives_one_delay_after_its_stamp() {
    let times = DriveKind::Times(vec![0, 2]);
    let to_first = View { segments: vec![Segment { population: 0, cells: Indices::List(vec![0]) }] };
    let plan = plan(
        vec![cells("E", 2, Precision::F64)],
        vec![drive(to_first, times, 1.5)],
        vec![projection(all(0, 2), all(0, 2))],
    );
    let mut engine = engine(plan, vec![synapses(&[(0, 1, 0.75, 3.0)])]);
    run(&mut engine, 4);
    // Arrivals at cell 1: 0.75 at tick 3 and at tick 5.
    assert_eq!(engine.events(0, SPIKE), [(0, 0), (2, 0)]);
    assert_eq!(engine.array(0, V), [0.0, 0.75 * 0.5]);
    assert_eq!(engine.in_flight(0, 0), [(5, 1, 0.75)]);
    run(&mut engine, 5);
    assert_eq!(engine.events(0, SPIKE), [(0, 0), (2, 0)]);
    assert_eq!(engine.observe(0, 0), [0.0, 0.75 * 0.25 + 0.75]);
    assert_eq!(engine.tick(), 5);
}

#[test]
fn before_tick_0_nothing_has_happened() {
    let mut engine = engine(plan(vec![cells("E", 2, Precision::F32)], vec![], vec![]), vec![]);
    assert_eq!(engine.tick(), -1);
    assert_eq!(engine.array(0, ArrayId(1)), [10.0, 11.0]);
    assert_eq!(engine.array(0, ArrayId(2)), [5.0, 5.5]);
    assert!(engine.events(0, SPIKE).is_empty());
    run(&mut engine, 0);
    assert_eq!(engine.tick(), 0);
    assert_eq!(engine.precision(0), Precision::F32);
}

#[test]
fn arrivals_are_summed_by_stamp_then_declaration_then_source() {
    // All arrive at tick 4: 1e16 of stamp 1, then 1 of stamp 2, then -1e16 of stamp 3. In any other
    // order the 1 would survive (or count twice): 1e16 + 1 is 1e16.
    let sources = spike_times("S", 3, vec![(1, 2), (2, 1), (3, 0)]);
    let plan =
        plan(vec![sources, cells("E", 1, Precision::F64)], vec![], vec![projection(all(0, 3), all(1, 1))]);
    let list = [(0, 0, -1e16, 1.0), (1, 0, 1.0, 2.0), (2, 0, 1e16, 3.0)];
    let mut engine = engine(plan, vec![synapses(&list)]);
    run(&mut engine, 3);
    assert_eq!(engine.in_flight(1, 0), []);
    run(&mut engine, 4);
    assert_eq!(engine.array(1, V), [0.0]);
    assert_eq!(engine.events(0, SPIKE), [(1, 2), (2, 1), (3, 0)]);
}

#[test]
fn of_one_stamp_the_order_of_declaration_counts() {
    let sources = || spike_times("S", 1, vec![(0, 0)]);
    let arrives = |order: [u32; 3]| {
        let projections = vec![projection(all(0, 1), all(1, 1)); 3];
        let mut plan = plan(vec![sources(), cells("E", 1, Precision::F64)], vec![], projections);
        plan.order = order.map(Sender::Projection).into();
        let list = [1e16, 1.0, -1e16].map(|weight| synapses(&[(0, 0, weight, 1.0)]));
        let mut engine = engine(plan, list.into());
        run(&mut engine, 0);
        engine.in_flight(1, 0)
    };
    assert_eq!(arrives([0, 1, 2]), []);
    assert_eq!(arrives([0, 2, 1]), [(1, 0, 1.0)]);
}

#[test]
fn a_broadcast_is_a_count_times_the_weight_without_the_cell_itself() {
    let mut plan = plan(
        vec![cells("E", 4, Precision::F64)],
        vec![drive(
            View { segments: vec![Segment { population: 0, cells: Indices::Range(0, 3) }] },
            DriveKind::Times(vec![1]),
            1.0,
        )],
        vec![projection(all(0, 4), all(0, 4))],
    );
    let broadcast = Synapses {
        weight: Values::One(0.1),
        delay: Values::One(2.0),
        broadcast: true,
        ..Synapses::default()
    };
    let mut without = engine(plan.clone(), vec![broadcast.clone()]);
    run(&mut without, 1);
    assert_eq!(without.in_flight(0, 0), [(3, 0, 0.2), (3, 1, 0.2), (3, 2, 0.2), (3, 3, 3.0 * 0.1)]);
    plan.projections[0].allow_self = true;
    let mut with = engine(plan, vec![broadcast]);
    run(&mut with, 1);
    assert_eq!(with.in_flight(0, 0), [0, 1, 2, 3].map(|cell| (3, cell, 3.0 * 0.1)));
}

#[test]
fn drives_act_in_their_window_and_after_their_delay() {
    let mut volley = drive(all(0, 1), DriveKind::Times(vec![1, 2, 2, 5]), 0.1);
    volley.delay_ticks = 2;
    volley.from_tick = 2;
    volley.to_tick = 5;
    let mut engine = engine(plan(vec![cells("E", 1, Precision::F64)], vec![volley], vec![]), vec![]);
    run(&mut engine, 3);
    assert_eq!(engine.in_flight(0, 0), [(4, 0, 2.0 * 0.1)]);
    run(&mut engine, 9);
    assert_eq!(engine.in_flight(0, 0), []);
}

#[test]
fn a_poisson_drive_follows_its_mean_and_its_slot() {
    let lines =
        "v0: float = uniform u0\n v1: int = index own\n v2: float = to_float v1\n v3: float = mul v0, v2
        result v3";
    let mean = Quantity::Program(Box::new(program("mean", Precision::F64, lines)));
    let mut poisson = drive(all(0, 3), DriveKind::Poisson(mean), 1e-6);
    poisson.uniforms =
        vec![UniformPlan { name: "rate".into(), ty: Ty::Float, role: Role::Parameter, value: 0.0 }];
    poisson.delay_ticks = 1000;
    let mut engine = engine(plan(vec![cells("E", 3, Precision::F64)], vec![poisson], vec![]), vec![]);
    run(&mut engine, 99);
    assert_eq!(engine.in_flight(0, 0), []);
    engine.set_drive(0, UniformId(0), 2.0);
    run(&mut engine, 299);
    let mut counts = [0.0; 3];
    for (_, cell, sum) in engine.in_flight(0, 0) {
        counts[cell as usize] += sum / 1e-6;
    }
    // Expected: 0, 400 and 800, with standard deviations of 20 and 28.
    assert_eq!(counts[0], 0.0);
    assert!((counts[1] - 400.0).abs() < 100.0 && (counts[2] - 800.0).abs() < 140.0, "{counts:?}");
}

#[test]
fn choose_takes_other_cells_each_once_at_its_interval() {
    let choose = drive(all(0, 20), DriveKind::Choose { count: 5, interval_ticks: 3 }, 1.0);
    let mut engine = engine(plan(vec![cells("E", 20, Precision::F64)], vec![choose], vec![]), vec![]);
    run(&mut engine, 6);
    let events = engine.events(0, SPIKE);
    let at = |tick| events.iter().filter(|e| e.0 == tick).map(|e| e.1).collect::<Vec<u32>>();
    assert_eq!([0, 1, 2, 3, 4, 5, 6].map(|tick| at(tick).len()), [5, 0, 0, 5, 0, 0, 5]);
    assert!(at(0) != at(3) && at(3) != at(6));
}

#[test]
fn a_changed_parameter_is_followed_by_what_depends_on_it() {
    let mut engine = engine(plan(vec![cells("E", 2, Precision::F64)], vec![], vec![]), vec![]);
    engine.set_array(0, V, &[(0, 0.5), (1, 0.25)]);
    engine.set_array(0, ArrayId(1), &[(1, 3.0)]);
    engine.set_uniform(0, UniformId(0), 0.1);
    assert_eq!(engine.uniform(0, UniformId(0)), 0.1);
    assert_eq!(engine.array(0, ArrayId(2)), [1.0, 3.0 * 0.1]);
    run(&mut engine, 1);
    assert_eq!(engine.array(0, V), [0.05, 0.025]);
}

#[test]
fn a_probe_samples_its_ticks() {
    let mut engine = engine(plan(vec![cells("E", 3, Precision::F64)], vec![], vec![]), vec![]);
    engine.set_array(0, V, &[(0, 0.5), (2, 0.25)]);
    let probe = Probe {
        population: 0,
        observable: 0,
        cells: vec![0, 2],
        first_tick: 1,
        interval_ticks: 2,
        keep: Keep::Each,
    };
    let probe = engine.add_probe(probe);
    run(&mut engine, 4);
    let samples = engine.samples(probe);
    assert_eq!(samples.ticks, [1, 3]);
    assert_eq!(samples.values(), [0.25, 0.125, 0.0625, 0.03125]);
}

#[test]
fn a_fault_leaves_the_tick_unmade_and_is_explained() {
    let mut plan = plan(
        vec![cells("E", 2, Precision::F64)],
        vec![drive(all(0, 2), DriveKind::Times(vec![2]), f64::MAX)],
        vec![],
    );
    // The second cell alone is below the threshold's reach: its arrival is negative, and so is `v`.
    let sign = "v0: int = index own\n v1: float = to_float v0\n v2: float = -2.0\n v3: float = mul v1, v2\n v4: float = 0.5
        v5: float = add v3, v4\n v6: float = 1e308\n v7: float = mul v5, v6\n result v7";
    plan.drives[0].weight = Quantity::Program(Box::new(program("weight", Precision::F64, sign)));
    let shared = Arc::new(plan);
    let mut engine = Interpreter::new(Arc::clone(&shared), vec![]);
    run(&mut engine, 1);
    engine.set_array(0, V, &[(1, -1.6e308)]);
    let stop = engine.advance(9, &AtomicBool::new(false));
    let Err(Stop::Fault(fault)) = stop else { panic!("a fault, not {stop:?}") };
    assert_eq!((fault.population, fault.cell, fault.tick), (0, 1, 2));
    assert_eq!((fault.arrays[0], &fault.arrivals[..]), (-1.6e308, &[-1.5e308][..]));
    assert_eq!(engine.tick(), 1);
    assert_eq!(engine.array(0, V), [0.0, -1.6e308]);
    let explanation = explain_fault(&shared, &[engine.uniform(0, UniformId(0))], &fault);
    let read = [("exc", -1.5e308), ("v", -1.6e308), ("decay", 0.5)];
    let read = read.map(|(name, value)| (name.to_string(), value)).into();
    let expected = Explanation { kind: CheckKind::Finite, place: 0, value: f64::NEG_INFINITY, read };
    assert_eq!(explanation, Some(expected));
}

#[test]
fn an_interrupt_stops_between_ticks() {
    let mut engine = engine(plan(vec![cells("E", 1, Precision::F64)], vec![], vec![]), vec![]);
    assert_eq!(engine.advance(5, &AtomicBool::new(true)), Err(Stop::Interrupted));
    assert_eq!(engine.tick(), -1);
}

#[test]
fn a_run_in_parts_is_the_same_run() {
    let build = || {
        let poisson = drive(all(0, 3), DriveKind::Poisson(Quantity::Constant(0.7)), 0.4);
        let list = [(0, 1, 0.3, 2.0), (1, 2, 0.7, 1.0), (2, 0, -0.2, 5.0)];
        let plan =
            plan(vec![cells("E", 3, Precision::F32)], vec![poisson], vec![projection(all(0, 3), all(0, 3))]);
        engine(plan, vec![synapses(&list)])
    };
    let (mut whole, mut parts) = (build(), build());
    run(&mut whole, 50);
    for until in [0, 1, 7, 31, 50] {
        run(&mut parts, until);
    }
    assert!(!whole.events(0, SPIKE).is_empty());
    assert_eq!(whole.events(0, SPIKE), parts.events(0, SPIKE));
    assert_eq!(whole.array(0, V), parts.array(0, V));
    assert_eq!(whole.in_flight(0, 0), parts.in_flight(0, 0));
}
