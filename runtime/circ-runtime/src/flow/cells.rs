//! What cells of a view have: the columns that flows read.
//!
//! In: the part of a view that a thread owns. Out: a value for each of those cells, in the order of the view.

use circ_plan::plan::{FlowColumn, Plan, View};

use crate::cells::{Observer, Scene, Shard, value_of};
use crate::keys::Keys;
use crate::shards::Shards;

/// The present state of a thread's cells.
#[derive(Clone, Copy)]
pub struct World<'a> {
    pub plan: &'a Plan,
    /// By population.
    pub shards: &'a [Shard],
    pub slots: &'a [Vec<u64>],
    /// Of draws.
    pub keys: &'a Keys,
    pub tick: i64,
}

impl<'a> World<'a> {
    fn scene(&self, population: u32) -> Scene<'a> {
        let k = population as usize;
        Scene {
            population: &self.plan.populations[k],
            tables: &self.plan.tables,
            slots: &self.slots[k],
            keys: &self.keys.populations[k],
            now: self.tick,
            dt: self.plan.dt,
        }
    }
}

/// Cells of one segment of a view that a thread owns.
#[derive(Debug)]
struct Own {
    segment: usize,
    population: u32,
    /// Local indices.
    cells: Vec<u32>,
}

/// The columns of a side of a projection, for the cells that a thread owns.
pub struct Columns {
    columns: Vec<Vec<FlowColumn>>,
    own: Vec<Own>,
    /// The positions of those cells in the view.
    pub positions: Vec<u32>,
    /// By column, by segment of `own`.
    observers: Vec<Vec<Option<Observer>>>,
}

/// The positions of a view that a thread owns.
pub fn own_positions(shards: &Shards, view: &View, thread: usize) -> Vec<u32> {
    let own = |(k, (population, cell)): (usize, (u32, u32))| {
        (shards.owner(population as usize, cell) == thread).then_some(k as u32)
    };
    view.cells().enumerate().filter_map(own).collect()
}

impl Columns {
    /// Of those positions of a view that `thread` owns.
    pub fn new(
        plan: &Plan,
        shards: &Shards,
        view: &View,
        columns: &[Vec<FlowColumn>],
        thread: usize,
    ) -> Columns {
        let positions = own_positions(shards, view, thread);
        let mut own: Vec<Own> = vec![];
        let mut offset = 0;
        for (segment, of) in view.segments.iter().enumerate() {
            let (first, cells) = shards.range(of.population as usize, thread);
            let local =
                (0..of.cells.len()).map(|k| of.cells.get(k)).filter(|c| (first..first + cells).contains(c));
            own.push(Own { segment, population: of.population, cells: local.map(|c| c - first).collect() });
            offset += of.cells.len();
        }
        assert!(offset == view.len(), "segments make up the view");
        let observer = |column: &[FlowColumn], own: &Own| match column[own.segment] {
            FlowColumn::Observable(population, k) => {
                let of = &plan.populations[population as usize];
                Some(Observer::new(&of.observables[k as usize].program, of.precision))
            }
            FlowColumn::Array(..) | FlowColumn::Uniform(..) | FlowColumn::Constant(_) => None,
        };
        let observers = columns.iter().map(|c| own.iter().map(|own| observer(c, own)).collect()).collect();
        Columns { columns: columns.to_vec(), own, positions, observers }
    }

    /// Appends the value of a column for every own cell (Bool: 0 or 1).
    pub fn read(&mut self, column: usize, world: World, out: &mut Vec<f64>) {
        for (own, observer) in self.own.iter().zip(&mut self.observers[column]) {
            match (self.columns[column][own.segment], observer) {
                (FlowColumn::Constant(value), _) => out.resize(out.len() + own.cells.len(), value),
                (FlowColumn::Uniform(p, slot), _) => {
                    let population = &world.plan.populations[p as usize];
                    let ty = population.uniforms[slot.0 as usize].ty;
                    let value = value_of(ty, population.precision, world.slots[p as usize][slot.0 as usize]);
                    out.resize(out.len() + own.cells.len(), value);
                }
                (FlowColumn::Array(p, array), _) => {
                    let population = &world.plan.populations[p as usize];
                    let shard = &world.shards[p as usize];
                    out.extend(own.cells.iter().map(|&cell| shard.get(population, array, cell as usize)));
                }
                (FlowColumn::Observable(p, k), Some(observer)) => {
                    let program = &world.plan.populations[p as usize].observables[k as usize].program;
                    let shard = &world.shards[own.population as usize];
                    observer.observe(program, world.scene(p), shard, &own.cells, out);
                }
                (FlowColumn::Observable(..), None) => panic!("an observer was made for every observable"),
            }
        }
    }
}
