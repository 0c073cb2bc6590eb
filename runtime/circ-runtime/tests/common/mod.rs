//! Plans made by hand, a cell written in Rust in the place of machine code, and a naive engine.
#![allow(dead_code)]

pub mod rules;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use circ_numerics::Distribution;
use circ_numerics::random::{Counter, Stream, draw, key, train_count};
use circ_plan::abi::{KernelArgs, KernelFn};
use circ_plan::engine::{Engine, Synapses, Values};
use circ_plan::ir::*;
use circ_plan::plan::*;
use circ_runtime::{Kernels, Machine, Network};

pub const ROOM: u64 = 8 << 30;

/// The cell: `v = 0.9 v + a - b`, a spike at `v >= 1` unless within 2 ticks of the last, then `v = 0`.
macro_rules! cell {
    ($step:ident, $float:ident, $tick:ident) => {
        pub unsafe extern "C" fn $step(args: *const KernelArgs) -> i64 {
            let args = unsafe { &*args };
            let cells = args.cells as usize;
            let padded = cells.next_multiple_of(16);
            unsafe {
                let v = std::slice::from_raw_parts_mut((*args.arrays).cast::<$float>(), padded);
                let until = std::slice::from_raw_parts_mut((*args.arrays.add(1)).cast::<$tick>(), padded);
                let a = std::slice::from_raw_parts_mut((*args.arrivals).cast::<$float>(), padded);
                let b = std::slice::from_raw_parts_mut((*args.arrivals.add(1)).cast::<$float>(), padded);
                let list = std::slice::from_raw_parts_mut(*args.events, padded);
                let decay = if args.now == 0 { 1.0 } else { $float::from_bits(*args.uniforms as _) };
                for group in (0..padded).step_by(4) {
                    let new = |k: usize| v[k] * decay + a[k] - b[k];
                    if let Some(bad) = (group..group + 4).find(|&k| k < cells && !new(k).is_finite()) {
                        return bad as i64;
                    }
                    for k in group..group + 4 {
                        v[k] = v[k] * decay + a[k] - b[k];
                        (a[k], b[k]) = (0.0, 0.0);
                        if v[k] >= 1.0 && (until[k] as i64) < args.now {
                            v[k] = 0.0;
                            until[k] = (args.now + 2) as $tick;
                            list[*args.event_counts as usize] = k as u32;
                            *args.event_counts += 1;
                        }
                    }
                }
            }
            -1
        }
    };
}

cell!(step_f64, f64, i64);
cell!(step_f32, f32, i32);

pub fn population(path: &str, cells: u32, precision: Precision) -> PopulationPlan {
    let array = |name: &str, ty, role| ArrayPlan { name: name.into(), ty, role };
    let program = |name: &str| Program::new(name, precision);
    let mut init_states = program("init");
    let lo = init_states.push(Op::Float(-0.5), Ty::Float);
    let hi = init_states.push(Op::Float(1.1), Ty::Float);
    let v = init_states.push(
        Op::Draw { distribution: Distribution::Uniform, args: vec![lo, hi], key: KeyId(0), salt: 0 },
        Ty::Float,
    );
    let never = init_states.push(Op::Tick(-1), Ty::Tick);
    init_states.outputs = vec![Output::Array(ArrayId(0), v), Output::Array(ArrayId(1), never)];
    let mut observed = program("v");
    let v = observed.push(Op::Load(Side::Own, ArrayId(0)), Ty::Float);
    observed.outputs = vec![Output::Result(v)];
    PopulationPlan {
        path: path.into(),
        cells,
        precision,
        arrays: vec![array("v", Ty::Float, Role::State), array("until", Ty::Tick, Role::Memory)],
        uniforms: vec![UniformPlan {
            name: "decay".into(),
            ty: Ty::Float,
            role: Role::Parameter,
            value: 0.9,
        }],
        keys: vec![key(7, path)],
        ports: vec![PortPlan { name: "a".into() }, PortPlan { name: "b".into() }],
        events: vec![EventPlan { name: "spike".into() }],
        dynamics: Dynamics::Cells(Box::new(CellPrograms {
            derive_uniforms: program("u"),
            init_params: program("p"),
            derive_cells: program("d"),
            init_states,
            start: program("start"),
            step: program("step"),
            reference_start: program("rs"),
            reference_step: program("r"),
        })),
        observables: vec![Observable { name: "v".into(), program: observed }],
        place: 0,
    }
}

pub fn spike_times(path: &str, cells: u32, times: &[(i64, u32)]) -> PopulationPlan {
    let mut plan = population(path, cells, Precision::F64);
    plan.arrays.clear();
    plan.ports.clear();
    plan.observables.clear();
    plan.dynamics = Dynamics::SpikeTimes { times: times.to_vec(), traces: None };
    plan
}

pub fn plan(populations: Vec<PopulationPlan>) -> Plan {
    Plan {
        dt: 0.1,
        seed: 7,
        populations,
        drives: vec![],
        projections: vec![],
        order: vec![],
        tables: vec![],
        places: vec![],
    }
}

pub fn all(plan: &Plan, populations: &[u32]) -> View {
    let segment = |&population: &u32| Segment {
        population,
        cells: Indices::Range(0, plan.populations[population as usize].cells),
    };
    View { segments: populations.iter().map(segment).collect() }
}

/// Adds a projection from spikes to port `port`; weight 0.1, delay 0.1 ms, nothing allowed.
pub fn project(
    plan: &mut Plan,
    source: View,
    target: View,
    port: u32,
    connect: Connect,
) -> &mut ProjectionPlan {
    let index = plan.projections.len() as u32;
    let path = format!("p{index}");
    plan.order.push(Sender::Projection(index));
    plan.projections.push(ProjectionPlan {
        keys: vec![key(7, &format!("{path}.connect")), key(7, &format!("{path}.weight"))],
        path,
        source_events: vec![EventId(0); source.segments.len()],
        source,
        ports: vec![PortId(port); target.segments.len()],
        target,
        connect,
        onto: None,
        allow_self: false,
        allow_multiple: false,
        weight: Quantity::Constant(0.1),
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
        place: 0,
    });
    plan.projections.last_mut().expect("just pushed")
}

pub fn drive(plan: &mut Plan, target: View, port: u32, kind: DriveKind) -> &mut DrivePlan {
    let index = plan.drives.len() as u32;
    plan.order.push(Sender::Drive(index));
    plan.drives.push(DrivePlan {
        path: format!("d{index}"),
        ports: vec![PortId(port); target.segments.len()],
        target,
        kind,
        weight: Quantity::Constant(0.05),
        delay_ticks: 0,
        from_tick: 0,
        to_tick: MAX_TICK,
        sign: Sign::Free,
        keys: vec![key(7, &format!("d{index}"))],
        uniforms: vec![],
        of_cells: vec![],
        place: 0,
    });
    plan.drives.last_mut().expect("just pushed")
}

/// An expression with one draw: `distribution(a, b)`, of key 1.
pub fn drawn(distribution: Distribution, a: f64, b: f64) -> Quantity {
    let mut program = Program::new("drawn", Precision::F64);
    let a = program.push(Op::Float(a), Ty::Float);
    let b = program.push(Op::Float(b), Ty::Float);
    let value = program.push(Op::Draw { distribution, args: vec![a, b], key: KeyId(1), salt: 3 }, Ty::Float);
    program.outputs = vec![Output::Result(value)];
    Quantity::Program(Box::new(program))
}

pub fn build(plan: &Arc<Plan>, threads: usize) -> Arc<Network> {
    Arc::new(Network::build(Arc::clone(plan), threads, ROOM).expect("the plan can be built"))
}

/// The synapses of a projection as its threads hold them.
pub fn held(network: &Network, projection: u32) -> Synapses {
    let mut all: Option<Synapses> = None;
    network.visit_synapses(projection, &mut |piece| match &mut all {
        None => all = Some(piece.clone()),
        Some(all) => all.append(piece),
    });
    all.expect("at least one piece")
}

/// The synapses of the first projection, which must be the same for 1, 2, 3 and 7 threads, and in canonical order.
#[track_caller]
pub fn synapses(plan: &Arc<Plan>) -> Synapses {
    let first = build(plan, 1).synapses(0);
    for threads in [2, 3, 7] {
        let network = build(plan, threads);
        assert_eq!(network.synapses(0), first, "on {threads} threads");
        assert_eq!(held(&network, 0), first, "as they are held on {threads} threads");
        assert_eq!(network.synapse_count(0), first.source.len() as u64, "on {threads} threads");
    }
    let pairs: Vec<_> = first.source.iter().zip(&first.target).collect();
    assert!(pairs.is_sorted());
    let projection = &plan.projections[0];
    if !projection.allow_multiple {
        assert!(pairs.windows(2).all(|w| w[0] != w[1]), "a pair is there twice");
    }
    if !projection.allow_self {
        let (sources, targets) = (cells(&projection.source), cells(&projection.target));
        let cell = |c: (u32, u32, usize)| (c.0, c.1);
        let itself = |p: &(&u32, &u32)| cell(sources[*p.0 as usize]) == cell(targets[*p.1 as usize]);
        assert!(!pairs.iter().any(itself), "a cell is connected to itself");
    }
    first
}

pub fn machine(plan: &Arc<Plan>, threads: usize) -> Machine {
    machine_with(plan, threads, vec![])
}

/// With machine code of rules.
pub fn machine_with(plan: &Arc<Plan>, threads: usize, rules: Vec<Option<KernelFn>>) -> Machine {
    machine_on(build(plan, threads), rules)
}

/// With rows that wait for the block in which they arrive, of so many ticks.
pub fn machine_in_blocks(plan: &Arc<Plan>, threads: usize, ticks: i64) -> Machine {
    let network = Network::build(Arc::clone(plan), threads, ROOM).expect("the plan can be built");
    machine_on(Arc::new(network.wait_in_blocks(ticks)), vec![])
}

fn machine_on(network: Arc<Network>, rules: Vec<Option<KernelFn>>) -> Machine {
    let plan = Arc::clone(network.plan());
    let kernels = plan.populations.iter().map(|p| match (&p.dynamics, p.precision) {
        (Dynamics::SpikeTimes { .. }, _) => None,
        (_, Precision::F64) => Some(Kernels { start: step_f64, step: step_f64 }),
        (_, Precision::F32) => Some(Kernels { start: step_f32, step: step_f32 }),
    });
    // SAFETY: the kernels above are made for `population`, and are part of this program; so are those of rules.
    unsafe { Machine::new(network, kernels.collect(), rules, Arc::new(())) }
}

pub fn run(machine: &mut Machine, until: i64) {
    machine.advance(until, &AtomicBool::new(false)).expect("nothing stops it");
}

/// (population, cell) of every position.
pub fn cells(view: &View) -> Vec<(u32, u32, usize)> {
    let segments = view.segments.iter().enumerate();
    segments.flat_map(|(k, s)| (0..s.cells.len()).map(move |c| (s.population, s.cells.get(c), k))).collect()
}

pub fn at(values: &Values, k: usize) -> f64 {
    match values {
        Values::One(x) => *x,
        Values::Each(list) => list[k],
    }
}

/// (0, stamp, rank, source, synapse), of what learns (1, rank, stamp, source, synapse): the canonical order.
type Order = (u8, i64, i64, u32, usize);
/// population, port, cell
type Place = (u32, u32, u32);

/// Runs a plan with flat lists and nested loops.
pub struct Naive {
    plan: Arc<Plan>,
    synapses: Vec<Synapses>,
    mail: BTreeMap<i64, Vec<(Place, Order, f64)>>,
    pub v: Vec<Vec<f64>>,
    until: Vec<Vec<i64>>,
    pub events: Vec<Vec<(i64, u32)>>,
    /// `v` after every tick.
    past: Vec<Vec<Vec<f64>>>,
    pub rules: Vec<rules::NaiveRule>,
    pub in_flight: BTreeMap<(u32, u32, i64, u32), f64>,
}

impl Naive {
    pub fn new(plan: &Arc<Plan>, network: &Network) -> Naive {
        let initial = |p: &PopulationPlan| -> Vec<f64> {
            let at = |entity| Counter { entity, partner: 0, tick: 0, salt: 0 };
            let cell = |c| match p.precision {
                Precision::F64 => draw(Distribution::Uniform, [-0.5, 1.1], p.keys[0], at(c)),
                Precision::F32 => f64::from(draw(Distribution::Uniform, [-0.5_f32, 1.1], p.keys[0], at(c))),
            };
            (0..p.cells).map(cell).collect()
        };
        Naive {
            plan: Arc::clone(plan),
            synapses: (0..plan.projections.len()).map(|k| network.synapses(k as u32)).collect(),
            mail: BTreeMap::new(),
            v: plan.populations.iter().map(initial).collect(),
            until: plan.populations.iter().map(|p| vec![-1; p.cells as usize]).collect(),
            events: vec![vec![]; plan.populations.len()],
            past: vec![],
            rules: rules::NaiveRule::all(plan, network),
            in_flight: BTreeMap::new(),
        }
    }

    pub fn run(&mut self, until: i64) {
        for tick in 0..=until {
            self.step(tick);
        }
        for (tick, list) in self.mail.split_off(&(until + 1)) {
            for ((p, port, cell), sum) in self.sums(list) {
                if sum != 0.0 {
                    self.in_flight.insert((p, port, tick, cell), sum);
                }
            }
        }
    }

    fn round(&self, population: u32, x: f64) -> f64 {
        match self.plan.populations[population as usize].precision {
            Precision::F64 => x,
            Precision::F32 => f64::from(x as f32),
        }
    }

    fn sums(&self, mut list: Vec<(Place, Order, f64)>) -> BTreeMap<Place, f64> {
        list.sort_by_key(|m| (m.0, m.1));
        let mut sums = BTreeMap::new();
        for (place, _, value) in list {
            let sum = sums.entry(place).or_insert(0.0);
            *sum = self.round(place.0, *sum + value);
        }
        sums
    }

    fn step(&mut self, tick: i64) {
        self.drives(tick);
        self.learn(tick, rules::Half::First);
        let due = self.mail.remove(&tick).unwrap_or_default();
        let arrivals = self.sums(due);
        let plan = Arc::clone(&self.plan);
        for (p, population) in plan.populations.iter().enumerate() {
            for cell in 0..population.cells {
                if self.cell(p, cell, tick, &arrivals) {
                    self.events[p].push((tick, cell));
                }
            }
        }
        self.past.push(self.v.clone());
        self.spikes(tick);
        self.learn(tick, rules::Half::Second);
    }

    fn learn(&mut self, tick: i64, half: rules::Half) {
        let plan = Arc::clone(&self.plan);
        let mut rules = std::mem::take(&mut self.rules);
        for rule in &mut rules {
            let seen = rules::Seen { plan: &plan, past: &self.past, events: &self.events };
            let rank = plan.order.iter().position(|s| *s == Sender::Projection(rule.projection));
            let rank = rank.expect("is in the order") as i64;
            for (arrives, place, [stamp, source, synapse], value) in rule.tick(seen, tick, half) {
                let order = (1, rank, stamp, source as u32, synapse as usize);
                let value = self.round(place.0, value);
                self.mail.entry(arrives).or_default().push((place, order, value));
            }
        }
        self.rules = rules;
    }

    fn cell(&mut self, p: usize, cell: u32, tick: i64, arrivals: &BTreeMap<Place, f64>) -> bool {
        if let Dynamics::SpikeTimes { times, .. } = &self.plan.populations[p].dynamics {
            return times.contains(&(tick, cell));
        }
        let arrival = |port| arrivals.get(&(p as u32, port, cell)).copied().unwrap_or(0.0);
        let c = cell as usize;
        let decay = if tick == 0 { 1.0 } else { self.round(p as u32, 0.9) };
        let v = self.round(p as u32, self.v[p][c] * decay);
        let v = self.round(p as u32, v + arrival(0));
        let v = self.round(p as u32, v - arrival(1));
        let spikes = v >= 1.0 && self.until[p][c] < tick;
        self.v[p][c] = if spikes { 0.0 } else { v };
        if spikes {
            self.until[p][c] = tick + 2;
        }
        spikes
    }

    fn drives(&mut self, tick: i64) {
        let plan = Arc::clone(&self.plan);
        for (k, drive) in plan.drives.iter().enumerate() {
            if tick < drive.from_tick || drive.to_tick <= tick {
                continue;
            }
            let rank =
                plan.order.iter().position(|s| *s == Sender::Drive(k as u32)).expect("is in the order");
            let targets = cells(&drive.target);
            let chosen = chosen(drive, targets.len(), tick);
            for (position, &(population, cell, segment)) in targets.iter().enumerate() {
                let quantity = |q: &Quantity| match q {
                    Quantity::Constant(x) => *x,
                    // The only program that these tests drive with: a tenth of the index.
                    Quantity::Program(_) => position as f64 * 0.1,
                };
                let count = match &drive.kind {
                    DriveKind::Poisson(mean) => {
                        train_count(quantity(mean), drive.keys[0], position as u32, tick as u32)
                    }
                    DriveKind::Choose { .. } => f64::from(u8::from(chosen.contains(&position))),
                    DriveKind::Times(ticks) => ticks.iter().filter(|t| **t == tick).count() as f64,
                };
                let weight = self.round(population, quantity(&drive.weight));
                let value = self.round(population, count * weight);
                let place = (population, drive.ports[segment].0, cell);
                let mail = self.mail.entry(tick + drive.delay_ticks).or_default();
                mail.push((place, (0, tick, rank as i64, 0, 0), value));
            }
        }
    }

    fn spikes(&mut self, tick: i64) {
        let plan = Arc::clone(&self.plan);
        for (k, projection) in plan.projections.iter().enumerate().filter(|p| p.1.learning.is_none()) {
            let rank =
                plan.order.iter().position(|s| *s == Sender::Projection(k as u32)).expect("is in the order");
            let spiked = |p: u32, c: u32| self.events[p as usize].contains(&(tick, c));
            let sources = cells(&projection.source);
            let targets = cells(&projection.target);
            let synapses = &self.synapses[k];
            if synapses.broadcast {
                let spiking: Vec<_> = sources.iter().filter(|s| spiked(s.0, s.1)).collect();
                for &(population, cell, segment) in &targets {
                    let same = |s: &&&(u32, u32, usize)| (s.0, s.1) == (population, cell);
                    let own = if projection.allow_self { 0 } else { spiking.iter().filter(same).count() };
                    let weight = self.round(population, at(&synapses.weight, 0));
                    let value = self.round(population, (spiking.len() - own) as f64 * weight);
                    let place = (population, projection.ports[segment].0, cell);
                    let delay = at(&synapses.delay, 0) as i64;
                    self.mail.entry(tick + delay).or_default().push((
                        place,
                        (0, tick, rank as i64, 0, 0),
                        value,
                    ));
                }
                continue;
            }
            for (synapse, (&source, &target)) in synapses.source.iter().zip(&synapses.target).enumerate() {
                let from = sources[source as usize];
                if spiked(from.0, from.1) {
                    let (population, cell, segment) = targets[target as usize];
                    let value = self.round(population, at(&synapses.weight, synapse));
                    let place = (population, projection.ports[segment].0, cell);
                    let delay = at(&synapses.delay, synapse) as i64;
                    let mail = self.mail.entry(tick + delay).or_default();
                    mail.push((place, (0, tick, rank as i64, source, synapse), value));
                }
            }
        }
    }
}

fn chosen(drive: &DrivePlan, cells: usize, tick: i64) -> Vec<usize> {
    let DriveKind::Choose { count, interval_ticks } = drive.kind else {
        return vec![];
    };
    if tick % interval_ticks != 0 {
        return vec![];
    }
    let mut stream =
        Stream::new(drive.keys[0], Counter { entity: 0, partner: 1, tick: tick as u32, salt: 0 });
    let mut chosen = vec![];
    for j in cells - count as usize..cells {
        let k = stream.below(j as u64 + 1) as usize;
        chosen.push(if chosen.contains(&k) { j } else { k });
    }
    chosen
}

/// Runs the plan naively and on 1, 2, 3 and 5 threads, in pieces, with rows that wait and without; everything must agree.
#[track_caller]
pub fn agree(plan: Plan, until: i64) -> Naive {
    let plan = Arc::new(plan);
    let mut naive = Naive::new(&plan, &build(&plan, 1));
    naive.run(until);
    let ways = [(1, 0), (2, 0), (3, 0), (5, 0), (1, 4), (2, 1), (3, 7)];
    for (threads, block) in ways {
        let mut machine = match block {
            0 => machine(&plan, threads),
            ticks => machine_in_blocks(&plan, threads, ticks),
        };
        let threads = format!("{threads} threads, blocks of {block}");
        run(&mut machine, until / 3);
        run(&mut machine, until / 2);
        run(&mut machine, until);
        for (p, population) in plan.populations.iter().enumerate() {
            let what = format!("{} on {threads}", population.path);
            assert_eq!(machine.events(p as u32, EventId(0)), naive.events[p], "spikes of {what}");
            if population.arrays.is_empty() {
                continue;
            }
            let bits = |x: &[f64]| x.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&machine.array(p as u32, ArrayId(0))), bits(&naive.v[p]), "states of {what}");
            for port in 0..2 {
                let flying = machine.in_flight(p as u32, port);
                let expected: Vec<(i64, u32, f64)> = naive
                    .in_flight
                    .iter()
                    .filter(|f| f.0.0 == p as u32 && f.0.1 == port)
                    .map(|(place, sum)| (place.2, place.3, *sum))
                    .collect();
                assert_eq!(flying, expected, "what is on its way to {what}");
            }
        }
        for rule in &naive.rules {
            rule.compare(&machine, &threads);
        }
    }
    naive
}
