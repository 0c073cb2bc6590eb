//! What each synapse of a thread holds.
//!
//! In: the arrays that a rule declares. Out: one column for each, as narrow as it may be held, read and written for
//! lists of synapses.

use circ_plan::ir::{Precision, Ty};
use circ_plan::learning::SynapseArray;

use crate::aligned::Scalar;

/// Some synapses: as listed, or one after the other.
#[derive(Clone, Copy, Debug)]
pub enum Which<'a> {
    List(&'a [u32]),
    /// The first, and the one after the last.
    Run(usize, usize),
}

/// One array of all synapses of a thread.
#[derive(Clone, Debug)]
pub enum Column {
    Single(Vec<f32>),
    Double(Vec<f64>),
    Int(Vec<i64>),
    Tick(Vec<i32>),
    Bool(Vec<bool>),
}

/// Bytes of an element.
pub fn width(array: &SynapseArray) -> u64 {
    match (array.ty, array.store) {
        (Ty::Float, Precision::F32) | (Ty::Tick, _) => 4,
        (Ty::Float, Precision::F64) | (Ty::Int, _) => 8,
        (Ty::Bool, _) => 1,
    }
}

/// A tick in 32 bits.
pub fn narrow(tick: i64) -> i32 {
    tick.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32
}

impl Column {
    /// Zeros.
    pub fn new(array: &SynapseArray, synapses: usize) -> Column {
        match (array.ty, array.store) {
            (Ty::Float, Precision::F32) => Column::Single(vec![0.0; synapses]),
            (Ty::Float, Precision::F64) => Column::Double(vec![0.0; synapses]),
            (Ty::Int, _) => Column::Int(vec![0; synapses]),
            (Ty::Tick, _) => Column::Tick(vec![0; synapses]),
            (Ty::Bool, _) => Column::Bool(vec![false; synapses]),
        }
    }

    /// One value as a number (Bool: 0 or 1).
    pub fn number(&self, synapse: usize) -> f64 {
        match self {
            Column::Single(x) => f64::from(x[synapse]),
            Column::Double(x) => x[synapse],
            Column::Int(x) => x[synapse] as f64,
            Column::Tick(x) => f64::from(x[synapse]),
            Column::Bool(x) => f64::from(u8::from(x[synapse])),
        }
    }

    /// Changes one value, rounded to how it is held.
    pub fn set(&mut self, synapse: usize, value: f64) {
        match self {
            Column::Single(x) => x[synapse] = value as f32,
            Column::Double(x) => x[synapse] = value,
            Column::Int(x) => x[synapse] = value as i64,
            Column::Tick(x) => x[synapse] = narrow(value as i64),
            Column::Bool(x) => x[synapse] = value != 0.0,
        }
    }

    /// The `Float`s of some synapses.
    pub fn floats<F: Scalar>(&self, synapses: Which, out: &mut [F]) {
        match self {
            Column::Single(x) => gather(x, synapses, out, |x| F::from_f64(f64::from(x))),
            Column::Double(x) => gather(x, synapses, out, F::from_f64),
            Column::Int(_) | Column::Tick(_) | Column::Bool(_) => panic!("the array holds no Float"),
        }
    }

    /// The `Int`s or `Tick`s of some synapses.
    pub fn ints(&self, synapses: Which, out: &mut [i64]) {
        match self {
            Column::Int(x) => gather(x, synapses, out, |x| x),
            Column::Tick(x) => gather(x, synapses, out, i64::from),
            Column::Single(_) | Column::Double(_) | Column::Bool(_) => {
                panic!("the array holds no Int or Tick")
            }
        }
    }

    /// The `Bool`s of some synapses.
    pub fn bools(&self, synapses: Which, out: &mut [bool]) {
        match self {
            Column::Bool(x) => gather(x, synapses, out, |x| x),
            Column::Single(_) | Column::Double(_) | Column::Int(_) | Column::Tick(_) => {
                panic!("the array holds no Bool")
            }
        }
    }

    /// Writes the `Float`s of some synapses.
    pub fn put_floats<F: Scalar>(&mut self, synapses: Which, from: &[F]) {
        match self {
            Column::Single(x) => scatter(x, synapses, from, |x| x.to_f64() as f32),
            Column::Double(x) => scatter(x, synapses, from, F::to_f64),
            Column::Int(_) | Column::Tick(_) | Column::Bool(_) => panic!("the array holds no Float"),
        }
    }

    /// Writes the `Int`s or `Tick`s of some synapses.
    pub fn put_ints(&mut self, synapses: Which, from: &[i64]) {
        match self {
            Column::Int(x) => scatter(x, synapses, from, |x| x),
            Column::Tick(x) => scatter(x, synapses, from, narrow),
            Column::Single(_) | Column::Double(_) | Column::Bool(_) => {
                panic!("the array holds no Int or Tick")
            }
        }
    }

    /// Writes the `Bool`s of some synapses.
    pub fn put_bools(&mut self, synapses: Which, from: &[bool]) {
        match self {
            Column::Bool(x) => scatter(x, synapses, from, |x| x),
            Column::Single(_) | Column::Double(_) | Column::Int(_) | Column::Tick(_) => {
                panic!("the array holds no Bool")
            }
        }
    }
}

fn gather<T: Copy, O>(from: &[T], synapses: Which, out: &mut [O], f: impl Fn(T) -> O) {
    match synapses {
        Which::List(list) => {
            out.iter_mut().zip(list).for_each(|(out, &synapse)| *out = f(from[synapse as usize]));
        }
        Which::Run(first, end) => out.iter_mut().zip(&from[first..end]).for_each(|(out, &x)| *out = f(x)),
    }
}

fn scatter<T: Copy, O>(to: &mut [O], synapses: Which, from: &[T], f: impl Fn(T) -> O) {
    match synapses {
        Which::List(list) => list.iter().zip(from).for_each(|(&synapse, &x)| to[synapse as usize] = f(x)),
        Which::Run(first, end) => to[first..end].iter_mut().zip(from).for_each(|(to, &x)| *to = f(x)),
    }
}
