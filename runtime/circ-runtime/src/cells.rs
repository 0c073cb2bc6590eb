//! The arrays of a population, or of the part of it that one thread owns.
//!
//! In: a population of the plan and a range of its cells. Out: one aligned array per `ArrayId`, padded
//! to whole blocks, and the leaves through which programs read them. Derivations, initialisers
//! and observables run here; kernels take the arrays' addresses.

use circ_numerics::Real;
use circ_numerics::random::Counter;
use circ_plan::abi::BLOCK;
use circ_plan::engine::Slice;
use circ_plan::ir::{ArrayId, KeyId, Moment, Output, Precision, Program, Side, TableId, Ty, UniformId};
use circ_plan::plan::{CellPrograms, PopulationPlan, Role, Table};
use circ_plan::snapshot::Numbers;

use crate::aligned::{Aligned, Scalar};
use crate::rows::{Leaves, ROW, Rows};

/// A contiguous range of the cells of a population.
#[derive(Clone, Debug)]
pub struct Shard {
    /// Index in the population of the first cell.
    pub first: u32,
    /// Real cells.
    pub cells: u32,
    /// By `ArrayId`.
    pub arrays: Vec<Aligned>,
}

/// What all programs of a population see besides its arrays.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    pub population: &'a PopulationPlan,
    pub tables: &'a [Table],
    /// Shared slots, by `UniformId`.
    pub slots: &'a [u64],
    /// Of draws, by `KeyId`.
    pub keys: &'a [[u32; 2]],
    /// The tick being made.
    pub now: i64,
    pub dt: f64,
}

/// Elements, padding included, of an array over `cells` cells.
pub fn padded(cells: u32) -> usize {
    (cells as usize).next_multiple_of(BLOCK)
}

/// None yet, of this type.
pub fn no_numbers(ty: Ty, precision: Precision) -> Numbers {
    match (ty, precision) {
        (Ty::Float, Precision::F32) => Numbers::Single(vec![]),
        (Ty::Float, Precision::F64) => Numbers::Double(vec![]),
        (Ty::Int | Ty::Tick, _) => Numbers::Whole(vec![]),
        (Ty::Bool, _) => Numbers::Truth(vec![]),
    }
}

/// Bytes of an element.
pub fn width(ty: Ty, precision: Precision) -> usize {
    match (ty, precision) {
        (Ty::Int, _) | (_, Precision::F64) => 8,
        (_, Precision::F32) => 4,
    }
}

/// Which cells of a shard a row is over: local indices.
#[derive(Clone, Copy)]
enum Pick<'a> {
    Run(usize),
    List(&'a [u32]),
}

struct CellLeaves<'a> {
    scene: Scene<'a>,
    shard: &'a Shard,
    pick: Pick<'a>,
}

impl CellLeaves<'_> {
    fn cell(&self, row: usize) -> usize {
        match self.pick {
            Pick::Run(first) => first + row,
            Pick::List(list) => list[row] as usize,
        }
    }

    fn gather<T: Copy, O>(&self, from: &[T], out: &mut [O], f: impl Fn(T) -> O) {
        match self.pick {
            Pick::Run(first) => {
                for (out, &x) in out.iter_mut().zip(&from[first..]) {
                    *out = f(x);
                }
            }
            Pick::List(list) => {
                for (out, &cell) in out.iter_mut().zip(list) {
                    *out = f(from[cell as usize]);
                }
            }
        }
    }
}

impl<F: Scalar> Leaves<F> for CellLeaves<'_> {
    fn floats(&self, _side: Side, array: ArrayId, out: &mut [F]) {
        self.gather(self.shard.arrays[array.0 as usize].view::<F>(), out, |x| x);
    }
    fn ints(&self, _side: Side, array: ArrayId, out: &mut [i64]) {
        let data = &self.shard.arrays[array.0 as usize];
        match self.scene.population.arrays[array.0 as usize].ty {
            Ty::Int => self.gather(data.view::<i64>(), out, |x| x),
            _ => self.gather(data.view::<F::Tick>(), out, F::widen),
        }
    }
    fn bools(&self, _side: Side, array: ArrayId, out: &mut [bool]) {
        let data = &self.shard.arrays[array.0 as usize];
        self.gather(data.view::<F::Tick>(), out, |x| F::widen(x) != 0);
    }
    fn slot(&self, slot: UniformId) -> u64 {
        self.scene.slots[slot.0 as usize]
    }
    fn indices(&self, _side: Side, out: &mut [i64]) {
        for (row, out) in out.iter_mut().enumerate() {
            *out = i64::from(self.shard.first) + self.cell(row) as i64;
        }
    }
    fn now(&self) -> i64 {
        self.scene.now
    }
    fn time(&self, moment: Moment) -> f64 {
        let tick = match moment {
            Moment::Start => self.scene.now - 1,
            Moment::End => self.scene.now,
        };
        tick as f64 * self.scene.dt
    }
    fn table(&self, table: TableId) -> &Table {
        &self.scene.tables[table.0 as usize]
    }
    fn key(&self, key: KeyId) -> [u32; 2] {
        self.scene.keys[key.0 as usize]
    }
    fn counter(&self, row: usize, salt: u32) -> Counter {
        let entity = self.shard.first + self.cell(row) as u32;
        Counter { entity, partner: 0, tick: self.scene.now as u32, salt }
    }
}

/// The shared slots of a population at the start: parameters as the plan says, the rest derived.
pub fn initial_slots(population: &PopulationPlan, tables: &[Table], dt: f64) -> Vec<u64> {
    let mut slots: Vec<u64> =
        population.uniforms.iter().map(|u| slot_of(u.ty, population.precision, u.value)).collect();
    derive_slots(population, tables, dt, &mut slots);
    slots
}

/// Recomputes the slots that depend on slots.
pub fn derive_slots(population: &PopulationPlan, tables: &[Table], dt: f64, slots: &mut [u64]) {
    let Some(programs) = population.dynamics.programs() else {
        return;
    };
    match population.precision {
        Precision::F32 => derive_slots_in::<f32>(&programs.derive_uniforms, population, tables, dt, slots),
        Precision::F64 => derive_slots_in::<f64>(&programs.derive_uniforms, population, tables, dt, slots),
    }
}

fn derive_slots_in<F: Scalar>(
    program: &Program,
    population: &PopulationPlan,
    tables: &[Table],
    dt: f64,
    slots: &mut [u64],
) {
    let shard = Shard { first: 0, cells: 1, arrays: vec![] };
    let mut rows = Rows::<F>::new(program);
    let before = slots.to_vec();
    let scene = Scene { population, tables, slots: &before, keys: &population.keys, now: 0, dt };
    rows.run(program, 1, &CellLeaves { scene, shard: &shard, pick: Pick::Run(0) });
    for output in &program.outputs {
        let Output::Uniform(slot, value) = output else {
            continue;
        };
        slots[slot.0 as usize] = match program.ty(*value) {
            Ty::Float => rows.floats(*value)[0].bits(),
            Ty::Int | Ty::Tick => rows.ints(*value)[0] as u64,
            Ty::Bool => bool_slot(rows.bools(*value)[0]),
        };
    }
}

fn bool_slot(x: bool) -> u64 {
    if x { u64::MAX } else { 0 }
}

/// A number as a shared slot holds it.
pub fn slot_of(ty: Ty, precision: Precision, value: f64) -> u64 {
    match (ty, precision) {
        (Ty::Float, Precision::F64) => value.bits(),
        (Ty::Float, Precision::F32) => (value as f32).bits(),
        (Ty::Int | Ty::Tick, _) => value as i64 as u64,
        (Ty::Bool, _) => bool_slot(value != 0.0),
    }
}

/// The number that a shared slot holds.
pub fn value_of(ty: Ty, precision: Precision, slot: u64) -> f64 {
    match (ty, precision) {
        (Ty::Float, Precision::F64) => f64::from_bits(slot),
        (Ty::Float, Precision::F32) => f64::from(f32::from_bits(slot as u32)),
        (Ty::Int | Ty::Tick, _) => slot as i64 as f64,
        (Ty::Bool, _) => f64::from(u8::from(slot != 0)),
    }
}

impl Shard {
    /// Zeroed arrays.
    pub fn new(population: &PopulationPlan, first: u32, cells: u32) -> Shard {
        let size = |ty| padded(cells) * width(ty, population.precision);
        let arrays = population.arrays.iter().map(|a| Aligned::zeroed(size(a.ty))).collect();
        Shard { first, cells, arrays }
    }

    /// Parameters, what follows from them, initial states: `slots` are derived already.
    pub fn initialise(&mut self, scene: Scene) {
        let Some(programs) = scene.population.dynamics.programs() else {
            return;
        };
        let CellPrograms { init_params, derive_cells, init_states, .. } = programs;
        for program in [init_params, derive_cells, init_states] {
            self.apply(program, scene);
        }
    }

    /// Gives all that is no parameter its initial value.
    pub fn begin(&mut self, scene: Scene, population: &PopulationPlan) {
        for (array, data) in population.arrays.iter().zip(&mut self.arrays) {
            if !matches!(array.role, Role::Parameter | Role::Derived) {
                data.view_mut::<i32>().fill(0);
            }
        }
        if let Some(programs) = population.dynamics.programs() {
            self.apply(&programs.init_states, scene);
        }
    }

    /// Recomputes the arrays that depend on parameters.
    pub fn derive(&mut self, scene: Scene) {
        if let Some(programs) = scene.population.dynamics.programs() {
            self.apply(&programs.derive_cells, scene);
        }
    }

    /// Runs a program for every cell and stores its outputs; all loads see the arrays as they were.
    fn apply(&mut self, program: &Program, scene: Scene) {
        match scene.population.precision {
            Precision::F32 => self.apply_in::<f32>(program, scene),
            Precision::F64 => self.apply_in::<f64>(program, scene),
        }
    }

    fn apply_in<F: Scalar>(&mut self, program: &Program, scene: Scene) {
        if program.outputs.is_empty() {
            return;
        }
        let mut rows = Rows::<F>::new(program);
        for first in (0..self.cells as usize).step_by(ROW) {
            let n = ROW.min(self.cells as usize - first);
            rows.run(program, n, &CellLeaves { scene, shard: self, pick: Pick::Run(first) });
            for output in &program.outputs {
                let Output::Array(array, value) = output else {
                    continue;
                };
                let at = first..first + n;
                let data = &mut self.arrays[array.0 as usize];
                match program.ty(*value) {
                    Ty::Float => data.view_mut::<F>()[at].copy_from_slice(&rows.floats(*value)[..n]),
                    Ty::Int => data.view_mut::<i64>()[at].copy_from_slice(&rows.ints(*value)[..n]),
                    Ty::Tick => fill(&mut data.view_mut::<F::Tick>()[at], rows.ints(*value), F::narrow),
                    Ty::Bool => fill(&mut data.view_mut::<F::Tick>()[at], rows.bools(*value), bool_word::<F>),
                }
            }
        }
        for output in &program.outputs {
            if let Output::Array(array, _) = output {
                self.pad(scene.population, *array);
            }
        }
    }

    /// Appends what all cells hold.
    pub fn append_to(&self, population: &PopulationPlan, array: ArrayId, out: &mut Numbers) {
        let (data, cells) = (&self.arrays[array.0 as usize], self.cells as usize);
        let ty = population.arrays[array.0 as usize].ty;
        match (out, ty, population.precision) {
            (Numbers::Double(out), Ty::Float, Precision::F64) => {
                out.extend_from_slice(&data.view::<f64>()[..cells])
            }
            (Numbers::Single(out), Ty::Float, Precision::F32) => {
                out.extend_from_slice(&data.view::<f32>()[..cells])
            }
            (Numbers::Whole(out), Ty::Int, _) | (Numbers::Whole(out), Ty::Tick, Precision::F64) => {
                out.extend_from_slice(&data.view::<i64>()[..cells]);
            }
            (Numbers::Whole(out), Ty::Tick, Precision::F32) => {
                out.extend(data.view::<i32>()[..cells].iter().map(|x| i64::from(*x)));
            }
            (Numbers::Truth(out), Ty::Bool, Precision::F64) => {
                out.extend(data.view::<i64>()[..cells].iter().map(|x| *x != 0));
            }
            (Numbers::Truth(out), Ty::Bool, Precision::F32) => {
                out.extend(data.view::<i32>()[..cells].iter().map(|x| *x != 0));
            }
            _ => panic!("numbers are of the type of the array"),
        }
    }

    /// Gives all cells what they have in numbers of the whole population.
    pub fn take_from(&mut self, population: &PopulationPlan, array: ArrayId, from: &Numbers) {
        let cells = self.cells as usize;
        let own = self.first as usize..self.first as usize + cells;
        let data = &mut self.arrays[array.0 as usize];
        match (from, population.precision, population.arrays[array.0 as usize].ty) {
            (Numbers::Double(from), ..) => data.view_mut::<f64>()[..cells].copy_from_slice(&from[own]),
            (Numbers::Single(from), ..) => data.view_mut::<f32>()[..cells].copy_from_slice(&from[own]),
            (Numbers::Whole(from), Precision::F32, Ty::Tick) => {
                fill(&mut data.view_mut::<i32>()[..cells], &from[own], f32::narrow);
            }
            (Numbers::Whole(from), ..) => data.view_mut::<i64>()[..cells].copy_from_slice(&from[own]),
            (Numbers::Truth(from), Precision::F32, _) => {
                fill(&mut data.view_mut::<i32>()[..cells], &from[own], bool_word::<f32>);
            }
            (Numbers::Truth(from), Precision::F64, _) => {
                fill(&mut data.view_mut::<i64>()[..cells], &from[own], bool_word::<f64>);
            }
        }
        self.pad(population, array);
    }

    /// The cells of an array of `Float`s.
    pub fn slice(&self, population: &PopulationPlan, array: ArrayId) -> Option<Slice<'_>> {
        let (data, cells) = (&self.arrays[array.0 as usize], self.cells as usize);
        match (population.arrays[array.0 as usize].ty, population.precision) {
            (Ty::Float, Precision::F64) => Some(Slice::Double(&data.view::<f64>()[..cells])),
            (Ty::Float, Precision::F32) => Some(Slice::Single(&data.view::<f32>()[..cells])),
            (Ty::Int | Ty::Tick | Ty::Bool, _) => None,
        }
    }

    /// Gives all cells what they have among values of the whole population.
    pub fn write(&mut self, population: &PopulationPlan, array: ArrayId, values: &[f64]) {
        let own = &values[self.first as usize..][..self.cells as usize];
        let data = &mut self.arrays[array.0 as usize];
        match (population.arrays[array.0 as usize].ty, population.precision) {
            (Ty::Float, Precision::F64) => data.view_mut::<f64>()[..own.len()].copy_from_slice(own),
            (Ty::Float, Precision::F32) => fill(&mut data.view_mut::<f32>()[..own.len()], own, |x| x as f32),
            (Ty::Int | Ty::Tick | Ty::Bool, _) => {
                own.iter().enumerate().for_each(|(cell, value)| self.set(population, array, cell, *value));
            }
        }
        self.pad(population, array);
    }

    /// Padding cells hold what the last cell holds, so that they compute nothing strange.
    fn pad(&mut self, population: &PopulationPlan, array: ArrayId) {
        if self.cells == 0 {
            return;
        }
        let (last, end) = (self.cells as usize - 1, padded(self.cells));
        let data = &mut self.arrays[array.0 as usize];
        match width(population.arrays[array.0 as usize].ty, population.precision) {
            4 => {
                let data = data.view_mut::<i32>();
                let value = data[last];
                data[last..end].fill(value);
            }
            _ => {
                let data = data.view_mut::<i64>();
                let value = data[last];
                data[last..end].fill(value);
            }
        }
    }

    /// Says of every cell whether it is one of these (local indices): array 0, a `Bool`.
    pub fn mark(&mut self, population: &PopulationPlan, cells: &[u32]) {
        match population.precision {
            Precision::F32 => mark(self.arrays[0].view_mut::<i32>(), cells, -1),
            Precision::F64 => mark(self.arrays[0].view_mut::<i64>(), cells, -1),
        }
    }

    /// An element as a number (Bool: 0 or 1).
    pub fn get(&self, population: &PopulationPlan, array: ArrayId, cell: usize) -> f64 {
        let data = &self.arrays[array.0 as usize];
        match (population.arrays[array.0 as usize].ty, population.precision) {
            (Ty::Float, Precision::F64) => data.view::<f64>()[cell],
            (Ty::Float, Precision::F32) => f64::from(data.view::<f32>()[cell]),
            (Ty::Int, _) | (Ty::Tick, Precision::F64) => data.view::<i64>()[cell] as f64,
            (Ty::Tick, Precision::F32) => f64::from(data.view::<i32>()[cell]),
            (Ty::Bool, Precision::F64) => f64::from(u8::from(data.view::<i64>()[cell] != 0)),
            (Ty::Bool, Precision::F32) => f64::from(u8::from(data.view::<i32>()[cell] != 0)),
        }
    }

    /// Changes an element.
    pub fn set(&mut self, population: &PopulationPlan, array: ArrayId, cell: usize, value: f64) {
        let data = &mut self.arrays[array.0 as usize];
        match (population.arrays[array.0 as usize].ty, population.precision) {
            (Ty::Float, Precision::F64) => data.view_mut::<f64>()[cell] = value,
            (Ty::Float, Precision::F32) => data.view_mut::<f32>()[cell] = value as f32,
            (Ty::Int, _) | (Ty::Tick, Precision::F64) => data.view_mut::<i64>()[cell] = value as i64,
            (Ty::Tick, Precision::F32) => data.view_mut::<i32>()[cell] = value as i32,
            (Ty::Bool, Precision::F64) => data.view_mut::<i64>()[cell] = -i64::from(value != 0.0),
            (Ty::Bool, Precision::F32) => data.view_mut::<i32>()[cell] = -i32::from(value != 0.0),
        }
        if cell + 1 == self.cells as usize {
            self.pad(population, array);
        }
    }
}

fn mark<T: Copy + Default>(out: &mut [T], cells: &[u32], yes: T) {
    out.fill(T::default());
    cells.iter().for_each(|&cell| out[cell as usize] = yes);
}

fn fill<A: Copy, B>(out: &mut [B], from: &[A], f: impl Fn(A) -> B) {
    for (out, &x) in out.iter_mut().zip(from) {
        *out = f(x);
    }
}

/// All bits 1 or all bits 0.
fn bool_word<F: Scalar>(x: bool) -> F::Tick {
    F::narrow(-i64::from(x))
}

/// An observable of some cells of a shard, ready to be evaluated again and again.
pub enum Observer {
    F32(Rows<f32>),
    F64(Rows<f64>),
}

impl Observer {
    /// For `program`, which all later calls must name again.
    pub fn new(program: &Program, precision: Precision) -> Observer {
        match precision {
            Precision::F32 => Observer::F32(Rows::new(program)),
            Precision::F64 => Observer::F64(Rows::new(program)),
        }
    }

    /// Appends the value of every cell of `cells` (local indices).
    pub fn observe(
        &mut self,
        program: &Program,
        scene: Scene,
        shard: &Shard,
        cells: &[u32],
        out: &mut Vec<f64>,
    ) {
        match self {
            Observer::F32(rows) => observe_in(rows, program, scene, shard, cells, out),
            Observer::F64(rows) => observe_in(rows, program, scene, shard, cells, out),
        }
    }
}

fn observe_in<F: Scalar>(
    rows: &mut Rows<F>,
    program: &Program,
    scene: Scene,
    shard: &Shard,
    cells: &[u32],
    out: &mut Vec<f64>,
) {
    let result = crate::rows::result_of(program);
    for cells in cells.chunks(ROW) {
        rows.run(program, cells.len(), &CellLeaves { scene, shard, pick: Pick::List(cells) });
        out.extend((0..cells.len()).map(|row| rows.number(result, row)));
    }
}
