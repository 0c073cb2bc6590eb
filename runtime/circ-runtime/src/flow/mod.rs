//! What flows between ticks: the flow phase, for the cells of one thread.
//!
//! In: projections that flow, by stage, and the states of all cells. Out: what flows into every port, in the arrays of
//! `Role::Flow`. In each stage a thread publishes what its own sources have, meets the others, and adds what comes
//! from all sources to the accumulators of its own targets: in the order of stage, declaration, source, synapse, so
//! the sums do not depend on how many threads there are.

mod cells;
mod learned;
mod leaves;
mod matrix;
mod sum;

use circ_numerics::Real;
use circ_plan::ir::{Precision, Program, Side};
use circ_plan::plan::{Flow, Plan, Role};

use crate::aligned::Scalar;
use crate::build::layout::{Lanes, Part};
use crate::cells::Shard;
use crate::learning::{self, table::Table};
use crate::network::{Broadcast, Kind, Network};
use crate::ring::{Ring, Rings};
use crate::rows::{ROW, Rows, result_of};
use crate::shards::Shards;
pub use cells::World;
use cells::{Columns, own_positions};
use leaves::{FlowLeaves, Places, Present, SideValues, loaded};

/// What one thread does of all that flows.
pub struct Flows {
    /// By stage: its projections, as declared.
    stages: Vec<Vec<Lane>>,
    rings: Rings,
    /// The rings before the phase of the present tick, where that is the last of an advance.
    kept: (Vec<f32>, Vec<f64>),
    /// (population, array, where in the arena).
    arrays: Vec<(usize, usize, usize)>,
}

/// What a thread's sources have in a stage: by projection, column after column, by own position.
pub type Published = Vec<Vec<f64>>;

impl Flows {
    /// For the cells of a thread.
    pub fn new(network: &Network, thread: usize) -> Flows {
        let (plan, shards) = (network.plan(), &network.shards);
        let lane = |k: &u32| Lane::new(network, *k, thread);
        let of = |(k, p): (usize, &circ_plan::plan::PopulationPlan)| {
            let flow = |(a, array): (usize, &circ_plan::plan::ArrayPlan)| {
                (array.role == Role::Flow).then(|| (k, a, shards.flow_offset(thread, k, a)))
            };
            p.arrays.iter().enumerate().filter_map(flow).collect::<Vec<_>>()
        };
        let length = |precision| shards.flow_length(thread, precision);
        Flows {
            stages: network.stages.iter().map(|stage| stage.iter().map(lane).collect()).collect(),
            rings: Rings {
                single: Ring::new(network.flow_slots, length(Precision::F32)),
                double: Ring::new(network.flow_slots, length(Precision::F64)),
            },
            kept: (vec![], vec![]),
            arrays: plan.populations.iter().enumerate().flat_map(of).collect(),
        }
    }

    /// Remembers what earlier phases sent, so that the phase to come can be made anew.
    pub fn keep(&mut self) {
        self.rings.single.keep(&mut self.kept.0);
        self.rings.double.keep(&mut self.kept.1);
    }

    /// What earlier phases than the present one had sent to a tick, at a place of the arena.
    pub fn sent_before(&self, precision: Precision, tick: i64, place: usize) -> f64 {
        match precision {
            Precision::F32 => self.rings.single.kept_at(&self.kept.0, tick, place).map_or(0.0, f64::from),
            Precision::F64 => self.rings.double.kept_at(&self.kept.1, tick, place).unwrap_or(0.0),
        }
    }

    /// Forgets all that was sent.
    pub fn clear(&mut self) {
        self.rings.clear();
        self.keep();
    }

    /// Sends a sum to a tick, as of an earlier phase; [`Flows::keep`] follows.
    pub fn put(&mut self, precision: Precision, tick: i64, place: usize, sum: f64) {
        match precision {
            Precision::F32 => self.rings.single.slot_mut(tick)[place] = sum as f32,
            Precision::F64 => self.rings.double.slot_mut(tick)[place] = sum,
        }
    }

    /// Takes back what was sent since [`Flows::keep`].
    pub fn take_back(&mut self) {
        self.rings.single.restore(&self.kept.0);
        self.rings.double.restore(&self.kept.1);
    }

    /// Forgets what was sent to these places.
    pub fn forget(&mut self, precision: Precision, places: &[usize]) {
        match precision {
            Precision::F32 => {
                self.rings.single.empty(places.iter().copied());
                self.rings.single.empty_kept(&mut self.kept.0, places);
            }
            Precision::F64 => {
                self.rings.double.empty(places.iter().copied());
                self.rings.double.empty_kept(&mut self.kept.1, places);
            }
        }
    }

    /// How many stages a phase has.
    pub fn stages(&self) -> usize {
        self.stages.len()
    }

    /// Puts what has been sent to a tick so far into the arrays.
    pub fn store(&self, plan: &Plan, tick: i64, shards: &mut [Shard]) {
        for &(population, array, offset) in &self.arrays {
            let shard = &mut shards[population];
            let cells = shard.cells as usize;
            let range = offset..offset + cells;
            match plan.populations[population].precision {
                Precision::F32 => {
                    let sums = &self.rings.single.slot(tick)[range];
                    shard.arrays[array].view_mut::<f32>()[..cells].copy_from_slice(sums);
                }
                Precision::F64 => {
                    let sums = &self.rings.double.slot(tick)[range];
                    shard.arrays[array].view_mut::<f64>()[..cells].copy_from_slice(sums);
                }
            }
        }
    }

    /// What the own sources have in a stage.
    pub fn publish(&mut self, stage: usize, world: World, out: &mut Published) {
        let lanes = &mut self.stages[stage];
        out.resize(lanes.len(), vec![]);
        for (lane, out) in lanes.iter_mut().zip(out) {
            out.clear();
            lane.publish(world, out);
        }
    }

    /// Adds what comes from all sources in a stage; `published` by thread.
    pub fn receive(
        &mut self,
        stage: usize,
        world: World,
        network: &Network,
        published: &[&Published],
        own: &learning::Own,
    ) {
        for (k, lane) in self.stages[stage].iter_mut().enumerate() {
            let of: Vec<&[f64]> = published.iter().map(|p| &p[k][..]).collect();
            let learned = own.weights(network, lane.projection);
            lane.receive(world, network, &of, learned, &mut self.rings);
        }
    }

    /// Makes room for a later tick.
    pub fn finish(&mut self, tick: i64) {
        self.rings.single.slot_mut(tick).fill(0.0);
        self.rings.double.slot_mut(tick).fill(0.0);
    }

    /// What has been sent to a tick, at a place of the arena.
    pub fn sent(&self, precision: Precision, tick: i64, place: usize) -> f64 {
        match precision {
            Precision::F32 => f64::from(self.rings.single.slot(tick)[place]),
            Precision::F64 => self.rings.double.slot(tick)[place],
        }
    }
}

/// A projection that flows, for one thread.
struct Lane {
    projection: u32,
    thread: usize,
    carrier: Carrier,
    source: Columns,
    /// By part of the thread.
    targets: Vec<Targets>,
    /// By thread: the positions of its sources.
    positions: Vec<Vec<u32>>,
    /// By column, by position; of a factor: one column, its values.
    pre: Vec<Vec<f64>>,
}

/// The targets of a part.
struct Targets {
    columns: Columns,
    /// Distances of the own positions.
    distances: Vec<u32>,
    /// By column, by distance.
    post: Vec<Vec<f64>>,
    /// By distance: the position in the view.
    positions: Vec<u32>,
}

/// What a projection carries in a phase.
struct Phase<'a> {
    kind: &'a Kind,
    /// Of what learns: the own synapses and their weights.
    learned: Option<(&'a Table, &'a learning::Column)>,
    pre: &'a [Vec<f64>],
    targets: &'a [Targets],
    present: Present<'a>,
}

/// The evaluator of a flow's program.
enum Carrier {
    F32(Box<Evaluator<f32>>),
    F64(Box<Evaluator<f64>>),
}

struct Evaluator<P> {
    value: Rows<P>,
    factor: Option<Rows<P>>,
    factors: Vec<P>,
    batch: sum::Batch,
}

impl<P: Scalar> Evaluator<P> {
    fn new(flow: &Flow) -> Evaluator<P> {
        Evaluator {
            value: Rows::new(&flow.value),
            factor: flow.factor.as_ref().map(Rows::new),
            factors: vec![],
            batch: sum::Batch::default(),
        }
    }
}

impl Lane {
    fn new(network: &Network, projection: u32, thread: usize) -> Lane {
        let (plan, shards) = (network.plan(), &network.shards);
        let this = &plan.projections[projection as usize];
        let flow = flow_of(plan, projection);
        let source = Columns::new(plan, shards, &this.source, &flow.pre, thread);
        let positions = (0..shards.threads).map(|k| own_positions(shards, &this.source, k)).collect();
        let targets = match &network.wirings[projection as usize].kind {
            Kind::Rows(_) if flow.factor.is_none() => targets(plan, shards, projection, thread),
            Kind::Learning => vec![learned_targets(plan, shards, projection, thread)],
            Kind::Rows(_) | Kind::Bundled(_) | Kind::Broadcast(_) | Kind::Procedural(_) => vec![],
        };
        let carrier = match flow.value.precision {
            Precision::F32 => Carrier::F32(Box::new(Evaluator::new(flow))),
            Precision::F64 => Carrier::F64(Box::new(Evaluator::new(flow))),
        };
        Lane { projection, thread, carrier, source, targets, positions, pre: vec![] }
    }

    fn publish(&mut self, world: World, out: &mut Vec<f64>) {
        let flow = flow_of(world.plan, self.projection);
        match (&flow.factor, &mut self.carrier) {
            (None, _) => {
                for column in loaded(&flow.value, Side::Pre) {
                    self.source.read(column, world, out);
                }
            }
            (Some(factor), Carrier::F32(evaluator)) => {
                factors(factor, evaluator, &mut self.source, flow.pre.len(), world, out);
            }
            (Some(factor), Carrier::F64(evaluator)) => {
                factors(factor, evaluator, &mut self.source, flow.pre.len(), world, out);
            }
        }
    }

    fn receive(
        &mut self,
        world: World,
        network: &Network,
        published: &[&[f64]],
        learned: Option<(&Table, &learning::Column)>,
        rings: &mut Rings,
    ) {
        let flow = flow_of(world.plan, self.projection);
        self.assemble(flow, published);
        for targets in &mut self.targets {
            targets.read(&flow.value, world);
        }
        let kind = &network.wirings[self.projection as usize].kind;
        let present = Present { plan: world.plan, tick: world.tick };
        let phase = Phase { kind, learned, pre: &self.pre, targets: &self.targets, present };
        match &mut self.carrier {
            Carrier::F32(evaluator) => evaluator.add(flow, &phase, self.thread, rings),
            Carrier::F64(evaluator) => evaluator.add(flow, &phase, self.thread, rings),
        }
    }

    /// Puts together what all threads published, by position.
    fn assemble(&mut self, flow: &Flow, published: &[&[f64]]) {
        let columns = match flow.factor {
            Some(_) => vec![0],
            None => loaded(&flow.value, Side::Pre),
        };
        let all: usize = self.positions.iter().map(Vec::len).sum();
        self.pre.resize(flow.pre.len().max(1), vec![]);
        for (k, &column) in columns.iter().enumerate() {
            let out = &mut self.pre[column];
            out.resize(all, 0.0);
            for (positions, values) in self.positions.iter().zip(published) {
                let values = &values[k * positions.len()..(k + 1) * positions.len()];
                positions.iter().zip(values).for_each(|(&at, &value)| out[at as usize] = value);
            }
        }
    }
}

/// The flow of a projection that flows.
fn flow_of(plan: &Plan, projection: u32) -> &Flow {
    let flow = &plan.projections[projection as usize].flow;
    flow.as_ref().expect("stages hold projections that flow")
}

/// The targets of each part of a thread.
fn targets(plan: &Plan, shards: &Shards, projection: u32, thread: usize) -> Vec<Targets> {
    let this = &plan.projections[projection as usize];
    let lanes = Lanes::new(&shards.targets(this));
    let own = lanes.lanes.iter().enumerate().filter(|(_, lane)| lane.thread as usize == thread);
    own.map(|(k, lane)| {
        let columns = Columns::new(plan, shards, &this.target, &flow_of(plan, projection).post, thread);
        let mut positions = vec![0; lane.span as usize];
        let place = |&position: &u32| lanes.place(k, position).unwrap_or(u32::MAX);
        let distances: Vec<u32> = columns.positions.iter().map(place).collect();
        for (&position, &distance) in columns.positions.iter().zip(&distances) {
            if let Some(at) = positions.get_mut(distance as usize) {
                *at = position;
            }
        }
        Targets {
            columns,
            distances,
            post: vec![vec![0.0; lane.span as usize]; flow_of(plan, projection).post.len()],
            positions,
        }
    })
    .collect()
}

/// The targets of what learns: in the order of its table, whatever their precision.
fn learned_targets(plan: &Plan, shards: &Shards, projection: u32, thread: usize) -> Targets {
    let this = &plan.projections[projection as usize];
    let columns = &flow_of(plan, projection).post;
    let columns = Columns::new(plan, shards, &this.target, columns, thread);
    let positions = columns.positions.clone();
    let post = vec![vec![0.0; positions.len()]; flow_of(plan, projection).post.len()];
    Targets { distances: (0..positions.len() as u32).collect(), columns, post, positions }
}

impl Targets {
    /// What the own cells have now.
    fn read(&mut self, program: &Program, world: World) {
        let mut values = vec![];
        for column in loaded(program, Side::Post) {
            values.clear();
            self.columns.read(column, world, &mut values);
            for (&distance, &value) in self.distances.iter().zip(&values) {
                // What lies in another part, of other precision, has no place here.
                if let Some(at) = self.post[column].get_mut(distance as usize) {
                    *at = value;
                }
            }
        }
    }
}

/// Appends the factors of the own sources.
fn factors<P: Scalar>(
    program: &Program,
    evaluator: &mut Evaluator<P>,
    source: &mut Columns,
    columns: usize,
    world: World,
    out: &mut Vec<f64>,
) {
    let Some(rows) = &mut evaluator.factor else { return };
    let mut pre = vec![vec![]; columns];
    for column in loaded(program, Side::Pre) {
        source.read(column, world, &mut pre[column]);
    }
    let result = result_of(program);
    let all = source.positions.len();
    for first in (0..all).step_by(ROW) {
        let n = ROW.min(all - first);
        let side = |places| SideValues { columns: &pre, places, positions: &source.positions };
        let present = Present { plan: world.plan, tick: world.tick };
        let weights = |_: &mut [P]| panic!("a factor reads no weight");
        let from = Places::From(first as u32);
        rows.run(program, n, &FlowLeaves { present, pre: side(from), post: side(from), weights });
        out.extend(rows.floats(result)[..n].iter().map(|value| value.to_f64()));
    }
}

impl<P: Scalar> Evaluator<P> {
    fn add(&mut self, flow: &Flow, phase: &Phase, thread: usize, rings: &mut Rings) {
        let Phase { kind, learned, pre, targets, present } = *phase;
        if flow.factor.is_some() {
            self.factors.clear();
            self.factors.extend(pre[0].iter().map(|&x| P::from_f64(x)));
        }
        match kind {
            Kind::Broadcast(broadcast) => self.broadcast(broadcast, thread, present.tick, rings),
            Kind::Learning => {
                let (table, weights) = learned.expect("the synapses of what learns have weights");
                self.learned(flow, table, weights, pre, &targets[0], present, rings);
            }
            Kind::Bundled(_) | Kind::Procedural(_) => panic!("what flows has rows of its own"),
            Kind::Rows(parts) => {
                for (k, part) in parts[thread].iter().enumerate() {
                    match (part.precision, &flow.factor) {
                        (Precision::F32, Some(_)) => self.weigh(part, present.tick, &mut rings.single),
                        (Precision::F64, Some(_)) => self.weigh(part, present.tick, &mut rings.double),
                        (Precision::F32, None) => {
                            self.pairs(flow, part, pre, &targets[k], present, &mut rings.single);
                        }
                        (Precision::F64, None) => {
                            self.pairs(flow, part, pre, &targets[k], present, &mut rings.double);
                        }
                    }
                }
            }
        }
    }

    /// Weight times factor, for every synapse of a part.
    fn weigh<L: Scalar>(&self, part: &Part, tick: i64, ring: &mut Ring<L>) {
        sum::weigh(part, &self.factors, tick, ring);
    }

    /// The value of every synapse of a part.
    fn pairs<L: Scalar>(
        &mut self,
        flow: &Flow,
        part: &Part,
        pre: &[Vec<f64>],
        targets: &Targets,
        present: Present,
        ring: &mut Ring<L>,
    ) {
        let result = result_of(&flow.value);
        let rows = &mut self.value;
        self.batch.for_each(part, |batch| {
            let weights = |out: &mut [P]| batch.weights(part, out);
            let leaves = FlowLeaves {
                present,
                pre: SideValues { columns: pre, places: batch.sources(), positions: &[] },
                post: SideValues {
                    columns: &targets.post,
                    places: batch.targets(),
                    positions: &targets.positions,
                },
                weights,
            };
            rows.run(&flow.value, batch.len(), &leaves);
            batch.add(part, &rows.floats(result)[..batch.len()], present.tick, ring);
        });
    }

    /// The weight times the sum over all sources but the target itself.
    fn broadcast(&self, broadcast: &Broadcast, thread: usize, tick: i64, rings: &mut Rings) {
        let (before, after) = sum::sums(&self.factors);
        let weight = P::from_f64(broadcast.weight);
        let mut own = vec![None; broadcast.spots.len()];
        for source in 0..self.factors.len() as u32 {
            for &target in broadcast.selves.of(source) {
                own[target as usize] = Some(source as usize);
            }
        }
        let at = tick + i64::from(broadcast.delay);
        for (spot, own) in broadcast.spots.iter().zip(own).filter(|(s, _)| s.thread as usize == thread) {
            let sum = own.map_or(before[self.factors.len()], |k| before[k] + after[k + 1]);
            let value = (weight * sum).to_f64();
            let place = spot.index as usize;
            match spot.precision {
                Precision::F32 => rings.single.slot_mut(at)[place] += f32::from_f64(value),
                Precision::F64 => rings.double.slot_mut(at)[place] += value,
            }
        }
    }
}
