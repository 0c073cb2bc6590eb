//! What flows between ticks: the machine against sums over flat lists, bit for bit, on several numbers of threads.

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use circ_numerics::Distribution;
use circ_plan::abi::KernelArgs;
use circ_plan::engine::{Engine, Keep, Probe, Stop, Synapses};
use circ_plan::ir::*;
use circ_plan::plan::*;
use circ_runtime::{Kernels, Machine, Network, needed};
use common::*;

/// The cell: `x = 0.9 x + 0.1 a - 0.05 b`, where `a` and `b` flow in.
macro_rules! flowing_cell {
    ($step:ident, $float:ident) => {
        unsafe extern "C" fn $step(args: *const KernelArgs) -> i64 {
            let args = unsafe { &*args };
            let padded = (args.cells as usize).next_multiple_of(16);
            let array =
                |k| unsafe { std::slice::from_raw_parts_mut((*args.arrays.add(k)).cast::<$float>(), padded) };
            let (x, a, b) = (array(0), array(1), array(2));
            for k in 0..padded {
                let new = x[k] * 0.9 + a[k] * 0.1 - b[k] * 0.05;
                if k < args.cells as usize && !new.is_finite() {
                    return k as i64;
                }
                x[k] = if args.now == 0 { x[k] } else { new };
            }
            -1
        }
    };
}

flowing_cell!(step_64, f64);
flowing_cell!(step_32, f32);

fn cells_that_flow(path: &str, cells: u32, precision: Precision) -> PopulationPlan {
    let mut plan = population(path, cells, precision);
    let array = |name: &str, role| ArrayPlan { name: name.into(), ty: Ty::Float, role };
    plan.arrays = vec![array("x", Role::State), array("a", Role::Flow), array("b", Role::Flow)];
    plan.ports.clear();
    plan.events.clear();
    if let Dynamics::Cells(programs) = &mut plan.dynamics {
        programs.init_states.outputs.truncate(1);
    }
    // `y = x + a`: depends on what flows.
    let mut y = Program::new("y", precision);
    let (x, a) = (
        y.push(Op::Load(Side::Own, ArrayId(0)), Ty::Float),
        y.push(Op::Load(Side::Own, ArrayId(1)), Ty::Float),
    );
    let sum = y.push(Op::Add(x, a), Ty::Float);
    y.outputs = vec![Output::Result(sum)];
    plan.observables.push(Observable { name: "y".into(), program: y });
    plan
}

/// What flows through a synapse.
#[derive(Clone, Copy, PartialEq)]
enum Carries {
    /// `w * pre.x * pre.x`
    Square,
    /// `w * (pre.x - post.x)`
    Difference,
    /// `w * pre.y + 0.001 * post.i * pre.i`
    Indexed,
}

impl Carries {
    fn flow(self, plan: &Plan, source: &View, target: &View, into: u32, stage: u32) -> Flow {
        let of = |s: &Segment| plan.populations[s.population as usize].precision;
        let single = target.segments.iter().all(|s| of(s) == Precision::F32);
        let precision = if single { Precision::F32 } else { Precision::F64 };
        let mut value = Program::new("flow", precision);
        let weight = value.push(Op::Weight, Ty::Float);
        let pre = value.push(Op::Load(Side::Pre, ArrayId(0)), Ty::Float);
        let mut factor = None;
        let result = match self {
            Carries::Square => {
                let mut square = Program::new("factor", precision);
                let x = square.push(Op::Load(Side::Pre, ArrayId(0)), Ty::Float);
                let product = square.push(Op::Mul(x, x), Ty::Float);
                square.outputs = vec![Output::Result(product)];
                factor = Some(square);
                let product = value.push(Op::Mul(pre, pre), Ty::Float);
                value.push(Op::Mul(weight, product), Ty::Float)
            }
            Carries::Difference => {
                let post = value.push(Op::Load(Side::Post, ArrayId(0)), Ty::Float);
                let difference = value.push(Op::Sub(pre, post), Ty::Float);
                value.push(Op::Mul(weight, difference), Ty::Float)
            }
            Carries::Indexed => {
                let weighted = value.push(Op::Mul(weight, pre), Ty::Float);
                let (i, j) =
                    (value.push(Op::Index(Side::Pre), Ty::Int), value.push(Op::Index(Side::Post), Ty::Int));
                let product = value.push(Op::Mul(i, j), Ty::Int);
                let product = value.push(Op::ToFloat(product), Ty::Float);
                let small = value.push(Op::Float(0.001), Ty::Float);
                let product = value.push(Op::Mul(small, product), Ty::Float);
                value.push(Op::Add(weighted, product), Ty::Float)
            }
        };
        value.outputs = vec![Output::Result(result)];
        let x = |view: &View| {
            vec![view.segments.iter().map(|s| FlowColumn::Array(s.population, ArrayId(0))).collect()]
        };
        let y = |view: &View| {
            vec![view.segments.iter().map(|s| FlowColumn::Observable(s.population, 1)).collect()]
        };
        Flow {
            value,
            pre: if self == Carries::Indexed { y(source) } else { x(source) },
            post: x(target),
            into: vec![ArrayId(into); target.segments.len()],
            stage,
            factor,
        }
    }

    /// Its value, rounded after every operation.
    fn value(self, round: impl Fn(f64) -> f64, w: f64, pre: f64, post: f64, i: u32, j: u32) -> f64 {
        let (w, pre, post) = (round(w), round(pre), round(post));
        match self {
            Carries::Square => round(w * round(pre * pre)),
            Carries::Difference => round(w * round(pre - post)),
            Carries::Indexed => round(round(w * pre) + round(round(0.001) * (f64::from(i) * f64::from(j)))),
        }
    }
}

/// A network of such cells, with what each projection carries.
struct Net {
    plan: Plan,
    carries: Vec<Carries>,
}

impl Net {
    fn new(sizes: &[(u32, Precision)]) -> Net {
        let cells = sizes.iter().enumerate().map(|(k, &(n, p))| cells_that_flow(&format!("P{k}"), n, p));
        Net { plan: plan(cells.collect()), carries: vec![] }
    }

    fn add(
        &mut self,
        from: &[u32],
        to: &[u32],
        connect: Connect,
        carries: Carries,
        into: u32,
    ) -> &mut ProjectionPlan {
        let (source, target) = (all(&self.plan, from), all(&self.plan, to));
        let stage = u32::from(carries == Carries::Indexed);
        let flow = carries.flow(&self.plan, &source, &target, into, stage);
        self.carries.push(carries);
        let projection = project(&mut self.plan, source, target, 0, connect);
        projection.source_events.clear();
        projection.ports.clear();
        projection.flow = Some(Box::new(flow));
        projection.delay = Quantity::Constant(0.0);
        projection.weight = drawn(Distribution::Uniform, -0.2, 0.2);
        projection
    }
}

type Place = (usize, u32, u32);

/// The same network, naively.
struct Sums {
    plan: Arc<Plan>,
    carries: Vec<Carries>,
    synapses: Vec<Synapses>,
    x: Vec<Vec<f64>>,
    flows: BTreeMap<Place, f64>,
    /// By tick of arrival.
    sent: BTreeMap<i64, BTreeMap<Place, f64>>,
}

impl Sums {
    fn new(plan: &Arc<Plan>, carries: &[Carries], network: &Network) -> Sums {
        Sums {
            plan: Arc::clone(plan),
            carries: carries.to_vec(),
            synapses: (0..plan.projections.len()).map(|k| network.synapses(k as u32)).collect(),
            x: Naive::new(plan, network).v,
            flows: BTreeMap::new(),
            sent: BTreeMap::new(),
        }
    }

    fn flow(&self, p: usize, array: u32, cell: u32) -> f64 {
        self.flows.get(&(p, array, cell)).copied().unwrap_or(0.0)
    }

    fn tick(&mut self, tick: i64) {
        let plan = Arc::clone(&self.plan);
        for (p, population) in plan.populations.iter().enumerate().filter(|_| 0 < tick) {
            let round = rounding(population.precision);
            for cell in 0..population.cells {
                let (a, b) = (self.flow(p, 1, cell), self.flow(p, 2, cell));
                let x = self.x[p][cell as usize];
                let sum = round(round(x * round(0.9)) + round(a * round(0.1)));
                self.x[p][cell as usize] = round(sum - round(b * round(0.05)));
            }
        }
        self.flows = self.sent.remove(&tick).unwrap_or_default();
        for stage in 0..2 {
            let before = (self.x.clone(), self.flows.clone());
            for k in 0..plan.projections.len() {
                if plan.projections[k].flow.as_ref().is_some_and(|flow| flow.stage == stage) {
                    self.send(k, tick, &before);
                }
            }
        }
    }

    fn send(&mut self, k: usize, tick: i64, (x, flows): &(Vec<Vec<f64>>, BTreeMap<Place, f64>)) {
        let plan = Arc::clone(&self.plan);
        let projection = &plan.projections[k];
        let flow = projection.flow.as_ref().expect("it flows");
        let round = rounding(flow.value.precision);
        let (sources, targets) = (cells(&projection.source), cells(&projection.target));
        let pre = |s: usize| {
            let (p, cell, _) = sources[s];
            let x = x[p as usize][cell as usize];
            let a = flows.get(&(p as usize, 1, cell)).copied().unwrap_or(0.0);
            let own = rounding(plan.populations[p as usize].precision);
            if self.carries[k] == Carries::Indexed { own(x + a) } else { x }
        };
        let post = |t: usize| x[targets[t].0 as usize][targets[t].1 as usize];
        let mut values = vec![];
        let synapses = &self.synapses[k];
        if synapses.broadcast {
            let factor: Vec<f64> = (0..sources.len())
                .map(|s| {
                    let f = round(pre(s));
                    round(f * f)
                })
                .collect();
            for (t, target) in targets.iter().enumerate() {
                let same = |s: &usize| {
                    !projection.allow_self && (sources[*s].0, sources[*s].1) == (target.0, target.1)
                };
                let own = (0..sources.len()).find(same);
                let before = factor[..own.unwrap_or(factor.len())].iter().fold(0.0, |a, b| round(a + b));
                let after =
                    factor[own.map_or(factor.len(), |s| s + 1)..].iter().rev().fold(0.0, |a, b| round(a + b));
                let sum = if own.is_some() { round(before + after) } else { before };
                values.push((at(&synapses.delay, 0), t, round(round(at(&synapses.weight, 0)) * sum)));
            }
        }
        for (n, (&s, &t)) in synapses.source.iter().zip(&synapses.target).enumerate() {
            let w = at(&synapses.weight, n);
            let value = self.carries[k].value(&round, w, pre(s as usize), post(t as usize), s, t);
            values.push((at(&synapses.delay, n), t as usize, value));
        }
        for (delay, t, value) in values {
            let (p, cell, segment) = targets[t];
            let place = (p as usize, flow.into[segment].0, cell);
            let round = rounding(plan.populations[p as usize].precision);
            let sums = match delay as i64 {
                0 => &mut self.flows,
                later => self.sent.entry(tick + later).or_default(),
            };
            let sum = sums.entry(place).or_insert(0.0);
            *sum = round(*sum + round(value));
        }
    }
}

fn rounding(precision: Precision) -> impl Fn(f64) -> f64 {
    move |x| if precision == Precision::F32 { f64::from(x as f32) } else { x }
}

fn flowing_machine(plan: &Arc<Plan>, threads: usize) -> Machine {
    let kernels = plan.populations.iter().map(|p| match p.precision {
        Precision::F64 => Some(Kernels { start: step_64, step: step_64 }),
        Precision::F32 => Some(Kernels { start: step_32, step: step_32 }),
    });
    // SAFETY: the kernels above are made for `cells_that_flow`, and are part of this program.
    unsafe { Machine::new(build(plan, threads), kernels.collect(), vec![], Arc::new(())) }
}

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|x| x.to_bits()).collect()
}

/// Runs naively and on several numbers of threads, in pieces; everything must agree.
#[track_caller]
fn sums_agree(net: Net, until: i64) {
    let plan = Arc::new(net.plan);
    let mut naive = Sums::new(&plan, &net.carries, &build(&plan, 1));
    (0..=until).for_each(|tick| naive.tick(tick));
    assert!(naive.flows.values().any(|sum| *sum != 0.0), "something flows");
    for threads in [1, 2, 3, 5] {
        let mut machine = flowing_machine(&plan, threads);
        [0, until / 3, until / 2, until].into_iter().for_each(|tick| run(&mut machine, tick));
        for (p, population) in plan.populations.iter().enumerate() {
            let what = format!("{} on {threads} threads", population.path);
            for array in [1, 2] {
                let flow: Vec<f64> = (0..population.cells).map(|cell| naive.flow(p, array, cell)).collect();
                assert_eq!(
                    bits(&machine.array(p as u32, ArrayId(array))),
                    bits(&flow),
                    "flow {array} of {what}"
                );
                let to_come: Vec<(i64, u32, f64)> = naive
                    .sent
                    .iter()
                    .flat_map(|(tick, sums)| {
                        let here = sums.iter().filter(|s| s.0.0 == p && s.0.1 == array && *s.1 != 0.0);
                        here.map(|(place, sum)| (*tick, place.2, *sum)).collect::<Vec<_>>()
                    })
                    .collect();
                assert_eq!(machine.flowing(p as u32, ArrayId(array)), to_come, "what flows later to {what}");
            }
            assert_eq!(bits(&machine.array(p as u32, ArrayId(0))), bits(&naive.x[p]), "states of {what}");
        }
    }
}

const PRECISIONS: [Precision; 2] = [Precision::F32, Precision::F64];

#[test]
fn a_dense_network_of_rates() {
    for precision in PRECISIONS {
        for store in PRECISIONS {
            for allow_self in [false, true] {
                let mut net = Net::new(&[(77, precision)]);
                let projection = net.add(&[0], &[0], Connect::AllToAll, Carries::Square, 1);
                (projection.store, projection.allow_self) = (store, allow_self);
                sums_agree(net, 12);
            }
        }
    }
}

#[test]
fn one_weight_is_a_sum_of_the_sources() {
    for precision in PRECISIONS {
        for allow_self in [false, true] {
            let mut net = Net::new(&[(45, precision), (20, Precision::F64)]);
            let projection = net.add(&[0, 1], &[1, 0], Connect::AllToAll, Carries::Square, 1);
            (projection.weight, projection.allow_self) = (Quantity::Constant(0.013), allow_self);
            projection.delay = Quantity::Constant(0.2);
            sums_agree(net, 15);
        }
    }
}

#[test]
fn gap_junctions() {
    for connect in [Connect::AllToAll, Connect::Probability(Quantity::Constant(0.3)), Connect::InDegree(4)] {
        for weight in [Quantity::Constant(0.02), drawn(Distribution::Uniform, 0.0, 0.1)] {
            let mut net = Net::new(&[(50, Precision::F64)]);
            net.add(&[0], &[0], connect.clone(), Carries::Difference, 2).weight = weight;
            sums_agree(net, 12);
        }
    }
}

#[test]
fn stages_delays_and_several_flows_into_one_port() {
    for precision in PRECISIONS {
        let mut net = Net::new(&[(40, Precision::F64), (33, precision)]);
        net.add(&[0], &[1], Connect::Probability(Quantity::Constant(0.4)), Carries::Indexed, 1).delay =
            drawn(Distribution::Uniform, 0.0, 0.7);
        net.add(&[1], &[0], Connect::OutDegree(7), Carries::Square, 1);
        net.add(&[0, 1], &[1, 0], Connect::InDegree(9), Carries::Square, 1).delay =
            drawn(Distribution::Uniform, 0.0, 0.5);
        net.add(&[0, 1], &[0, 1], Connect::InDegree(5), Carries::Difference, 2).delay =
            Quantity::Constant(0.3);
        net.add(&[1], &[0], Connect::AllToAll, Carries::Square, 2).delay = Quantity::Constant(0.1);
        // Many synapses of each delay.
        let dense = Connect::Probability(Quantity::Constant(0.9));
        net.add(&[0], &[1], dense, Carries::Indexed, 2).delay = drawn(Distribution::Uniform, 0.0, 0.2);
        sums_agree(net, 25);
    }
}

#[test]
fn both_directions_carry_their_own() {
    let mut net = Net::new(&[(30, Precision::F64), (25, Precision::F64)]);
    net.add(&[0], &[0], Connect::Probability(Quantity::Constant(0.5)), Carries::Difference, 1).pairing =
        Pairing::Unordered;
    net.add(&[0], &[0], Connect::Probability(Quantity::Constant(0.5)), Carries::Difference, 1).pairing =
        Pairing::Mirror(0);
    net.add(&[0], &[1], Connect::AllToAll, Carries::Difference, 2);
    net.add(&[1], &[0], Connect::AllToAll, Carries::Difference, 2).pairing = Pairing::Mirror(2);
    sums_agree(net, 12);
}

#[test]
fn probes_see_what_flows_after_the_phase() {
    let plan = |()| {
        let mut net = Net::new(&[(40, Precision::F64)]);
        net.add(&[0], &[0], Connect::OutDegree(7), Carries::Square, 1);
        Arc::new(net.plan)
    };
    let sampled: Vec<Vec<f64>> = [1, 2, 3]
        .into_iter()
        .map(|threads| {
            let mut machine = flowing_machine(&plan(()), threads);
            let (population, observable, cells) = (0, 1, (0..40).collect());
            let probe =
                Probe { population, observable, cells, first_tick: 0, interval_ticks: 1, keep: Keep::Each };
            let probe = machine.add_probe(probe);
            run(&mut machine, 4);
            let samples = machine.samples(probe);
            assert_eq!(samples.ticks, [0, 1, 2, 3, 4]);
            assert_eq!(samples.values()[160..], machine.observe(0, 1));
            let y: Vec<f64> = machine
                .array(0, ArrayId(0))
                .iter()
                .zip(machine.array(0, ArrayId(1)))
                .map(|(x, a)| x + a)
                .collect();
            assert_eq!(samples.values()[160..], y);
            samples.into_values()
        })
        .collect();
    assert!(sampled.iter().all(|values| *values == sampled[0]));
}

#[test]
fn what_is_set_flows_before_the_next_step() {
    let mut net = Net::new(&[(20, Precision::F64)]);
    net.add(&[0], &[0], Connect::AllToAll, Carries::Square, 1);
    let plan = Arc::new(net.plan);
    let flows: Vec<_> = [1, 3]
        .into_iter()
        .map(|threads| {
            let mut machine = flowing_machine(&plan, threads);
            run(&mut machine, 5);
            let held = machine.array(0, ArrayId(1));
            machine.set_array(0, ArrayId(0), &[(3, 10.0)]);
            assert_eq!(machine.array(0, ArrayId(1)), held, "what flows is held until somebody asks");
            machine.settle();
            assert_ne!(machine.array(0, ArrayId(1)), held);
            run(&mut machine, 6);
            machine.scale_weights(0, &[true; 20], &[0.0; 20]);
            run(&mut machine, 7);
            assert_eq!(machine.array(0, ArrayId(1)), [0.0; 20]);
            machine.array(0, ArrayId(0))
        })
        .collect();
    assert_eq!(flows[0], flows[1]);
}

#[test]
fn what_is_carried_anew_replaces_what_was_sent() {
    let mut net = Net::new(&[(40, Precision::F64)]);
    net.add(&[0], &[0], Connect::OutDegree(7), Carries::Square, 1).delay = Quantity::Constant(0.3);
    net.add(&[0], &[0], Connect::AllToAll, Carries::Square, 1);
    let plan = Arc::new(net.plan);
    let state = |machine: &Machine| {
        (machine.array(0, ArrayId(0)), machine.array(0, ArrayId(1)), machine.flowing(0, ArrayId(1)))
    };
    let mut whole = flowing_machine(&plan, 1);
    run(&mut whole, 5);
    let at_five = state(&whole);
    run(&mut whole, 12);
    for threads in [1, 3] {
        let mut machine = flowing_machine(&plan, threads);
        run(&mut machine, 5);
        let x = machine.array(0, ArrayId(0))[3];
        machine.set_array(0, ArrayId(0), &[(3, 10.0)]);
        machine.settle();
        assert_ne!(state(&machine), at_five);
        machine.set_array(0, ArrayId(0), &[(3, x)]);
        machine.settle();
        assert_eq!(state(&machine), at_five);
        machine.set_array(0, ArrayId(0), &[(3, x)]);
        run(&mut machine, 12);
        assert_eq!(state(&machine), state(&whole));
    }
}

#[test]
fn infinity_that_flows_is_a_fault_of_its_first_target() {
    for threads in [1, 2, 3] {
        let mut net = Net::new(&[(60, Precision::F64)]);
        net.add(&[0], &[0], Connect::AllToAll, Carries::Square, 1);
        let mut machine = flowing_machine(&Arc::new(net.plan), threads);
        run(&mut machine, 5);
        machine.set_array(0, ArrayId(0), &[(0, 1e200)]);
        let Err(Stop::Fault(fault)) = machine.advance(20, &AtomicBool::new(false)) else {
            panic!("infinity was let through");
        };
        // The cell itself gets nothing from itself.
        assert_eq!((fault.tick, fault.cell, machine.tick()), (6, 1, 5));
        assert!(fault.arrays[1].is_infinite());
    }
}

#[test]
fn an_interrupt_stops_between_phases() {
    let mut net = Net::new(&[(40, Precision::F64)]);
    net.add(&[0], &[0], Connect::OutDegree(7), Carries::Square, 1).delay = Quantity::Constant(0.3);
    let plan = Arc::new(net.plan);
    let mut whole = flowing_machine(&plan, 1);
    run(&mut whole, 30);
    for threads in [1, 3] {
        let mut machine = flowing_machine(&plan, threads);
        assert_eq!(machine.advance(30, &AtomicBool::new(true)), Err(Stop::Interrupted));
        assert_eq!(machine.tick(), 0);
        run(&mut machine, 30);
        assert_eq!(bits(&machine.array(0, ArrayId(0))), bits(&whole.array(0, ArrayId(0))));
    }
}

#[test]
fn a_matrix_holds_weights_alone() {
    for (store, width) in [(Precision::F32, 4), (Precision::F64, 8)] {
        let mut net = Net::new(&[(1000, Precision::F64)]);
        net.add(&[0], &[0], Connect::AllToAll, Carries::Square, 1).store = store;
        let plan = Arc::new(net.plan);
        let built = build(&plan, 1).memory().parts[1].1;
        assert!((999 * 1000 * width..999 * 1000 * width + 25_000).contains(&built), "{built}");
        let ratio = needed(&plan, 1).parts[1].1 as f64 / built as f64;
        assert!((0.98..1.1).contains(&ratio), "{ratio}");
    }
}
