//! Who owns which cells, and where the accumulators of their ports are.
//!
//! In: the populations and a number of threads. Out: for each thread a contiguous range of every
//! population, in whole blocks, and for each precision an *arena*: one stretch of accumulators for
//! all ports of all those cells. A synapse names its target by the index in the arena, so one
//! row of synapses can reach several populations and ports. Ports with the same number lie side by
//! side, because projections like `E -> (E, I).exc` are the rule and short distances fit into 16 bits.

use circ_plan::abi::BLOCK;
use circ_plan::ir::{PortId, Precision};
use circ_plan::plan::{Plan, PopulationPlan, ProjectionPlan, Role, View};

use crate::cells::padded;

/// The division of a plan's cells among threads.
#[derive(Clone, Debug)]
pub struct Shards {
    pub threads: usize,
    /// By population: `threads + 1` ascending limits.
    limits: Vec<Vec<u32>>,
    precisions: Vec<Precision>,
    /// Of arrivals, by `PortId`.
    ports: Arenas,
    /// Of what flows, by `ArrayId`.
    flows: Arenas,
}

/// Where accumulators are.
#[derive(Clone, Debug, Default)]
struct Arenas {
    /// By thread, population, accumulator: where in the thread's arena of that precision the first cell is.
    offsets: Vec<Vec<Vec<u32>>>,
    /// By thread: elements of the two arenas (f32, f64).
    lengths: Vec<[usize; 2]>,
}

impl Arenas {
    /// Bytes of one slot of all.
    fn slot_bytes(&self) -> u64 {
        self.lengths.iter().map(|l| 4 * l[0] as u64 + 8 * l[1] as u64).sum()
    }
}

/// Where one target of a view is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot {
    pub thread: u32,
    pub precision: Precision,
    /// Index in the arena.
    pub index: u32,
}

/// 0 for f32, 1 for f64.
pub fn arena_of(precision: Precision) -> usize {
    match precision {
        Precision::F32 => 0,
        Precision::F64 => 1,
    }
}

impl Shards {
    /// Divides all populations evenly, in whole blocks.
    pub fn new(plan: &Plan, threads: usize) -> Shards {
        let threads = threads.max(1);
        let limits: Vec<Vec<u32>> = plan.populations.iter().map(|p| limits(p.cells, threads)).collect();
        let precisions = plan.populations.iter().map(|p| p.precision).collect();
        let (ports, flows) = (Arenas::default(), Arenas::default());
        let mut shards = Shards { threads, limits, precisions, ports, flows };
        for thread in 0..threads {
            let (offsets, lengths) = shards.arenas(plan, thread, |p| vec![true; p.ports.len()]);
            shards.ports.offsets.push(offsets);
            shards.ports.lengths.push(lengths);
            let (offsets, lengths) = shards.arenas(plan, thread, flowing);
            shards.flows.offsets.push(offsets);
            shards.flows.lengths.push(lengths);
        }
        shards
    }

    /// `wanted` says which of a population's accumulators there are.
    fn arenas(
        &self,
        plan: &Plan,
        thread: usize,
        wanted: impl Fn(&PopulationPlan) -> Vec<bool>,
    ) -> (Vec<Vec<u32>>, [usize; 2]) {
        let wanted: Vec<Vec<bool>> = plan.populations.iter().map(wanted).collect();
        let mut offsets: Vec<Vec<u32>> = wanted.iter().map(|w| vec![0; w.len()]).collect();
        let mut lengths = [0; 2];
        let most = wanted.iter().map(Vec::len).max().unwrap_or(0);
        // Port by port: what projections like `E -> (E, I).exc` reach lies together.
        for port in 0..most {
            for (k, population) in plan.populations.iter().enumerate() {
                let length = &mut lengths[arena_of(population.precision)];
                if let (Some(true), Some(offset)) = (wanted[k].get(port), offsets[k].get_mut(port)) {
                    *offset = u32::try_from(*length).unwrap_or(u32::MAX);
                    *length += padded(self.range(k, thread).1);
                }
            }
        }
        (offsets, lengths)
    }

    /// The first cell and the number of cells of a thread.
    pub fn range(&self, population: usize, thread: usize) -> (u32, u32) {
        let limits = &self.limits[population];
        (limits[thread], limits[thread + 1] - limits[thread])
    }

    /// Which thread owns a cell.
    pub fn owner(&self, population: usize, cell: u32) -> usize {
        self.limits[population][1..].partition_point(|&limit| limit <= cell)
    }

    /// Where in a thread's arena the accumulators of a port begin.
    pub fn offset(&self, thread: usize, population: usize, port: usize) -> usize {
        self.ports.offsets[thread][population][port] as usize
    }

    /// Where in a thread's arena of flows the accumulators of an array begin.
    pub fn flow_offset(&self, thread: usize, population: usize, array: usize) -> usize {
        self.flows.offsets[thread][population][array] as usize
    }

    /// Elements of a thread's arena of flows.
    pub fn flow_length(&self, thread: usize, precision: Precision) -> usize {
        self.flows.lengths[thread][arena_of(precision)]
    }

    /// Elements of a thread's arena.
    pub fn length(&self, thread: usize, precision: Precision) -> usize {
        self.ports.lengths[thread][arena_of(precision)]
    }

    /// Where every target of a projection is.
    pub fn targets(&self, projection: &ProjectionPlan) -> Vec<Spot> {
        match &projection.flow {
            None => self.spots(&projection.target, &projection.ports),
            Some(flow) => {
                let into: Vec<u32> = flow.into.iter().map(|array| array.0).collect();
                self.spots_in(&self.flows, &projection.target, &into)
            }
        }
    }

    /// Where every position of a view is.
    pub fn spots(&self, view: &View, ports: &[PortId]) -> Vec<Spot> {
        let ports: Vec<u32> = ports.iter().map(|port| port.0).collect();
        self.spots_in(&self.ports, view, &ports)
    }

    fn spots_in(&self, arenas: &Arenas, view: &View, accumulators: &[u32]) -> Vec<Spot> {
        let mut spots = Vec::with_capacity(view.len());
        for (segment, &accumulator) in view.segments.iter().zip(accumulators) {
            let population = segment.population as usize;
            for k in 0..segment.cells.len() {
                spots.push(self.spot(arenas, population, segment.cells.get(k), accumulator));
            }
        }
        spots
    }

    fn spot(&self, arenas: &Arenas, population: usize, cell: u32, accumulator: u32) -> Spot {
        let thread = self.owner(population, cell);
        let local = cell - self.limits[population][thread];
        Spot {
            thread: thread as u32,
            precision: self.precisions[population],
            index: arenas.offsets[thread][population][accumulator as usize] + local,
        }
    }

    /// Bytes of one slot of all arenas.
    pub fn slot_bytes(&self) -> u64 {
        self.ports.slot_bytes()
    }

    /// Bytes of one slot of all arenas of flows.
    pub fn flow_slot_bytes(&self) -> u64 {
        self.flows.slot_bytes()
    }
}

/// Which arrays are what flows into a port.
fn flowing(population: &PopulationPlan) -> Vec<bool> {
    population.arrays.iter().map(|array| array.role == Role::Flow).collect()
}

/// `threads + 1` limits at multiples of a block, the last at the end.
fn limits(cells: u32, threads: usize) -> Vec<u32> {
    let blocks = u64::from(cells).div_ceil(BLOCK as u64);
    (0..=threads)
        .map(|k| (blocks * k as u64 / threads as u64 * BLOCK as u64).min(u64::from(cells)) as u32)
        .collect()
}

/// Bytes of the arrays of a population.
pub fn array_bytes(population: &PopulationPlan, threads: usize) -> u64 {
    let elements = padded(population.cells) as u64 + (BLOCK * threads.saturating_sub(1)) as u64;
    let width: u64 =
        population.arrays.iter().map(|a| crate::cells::width(a.ty, population.precision) as u64).sum();
    elements * width
}
