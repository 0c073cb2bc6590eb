//! What each synapse of a thread holds.
//!
//! In: the arrays that a rule declares. Out: one column for each, as narrow as it may be held, read and written for
//! lists of synapses.

use std::ops::Range;

use circ_plan::ir::{Precision, Ty};
use circ_plan::learning::SynapseArray;
use circ_plan::snapshot::Numbers;

use crate::aligned::Scalar;
use crate::prefetch::fetch;

/// Some synapses: as listed, or one after the other.
#[derive(Clone, Copy, Debug)]
pub enum Which<'a> {
    List(&'a [u32]),
    /// The first, and the one after the last.
    Run(u32, u32),
}

impl<'a> Which<'a> {
    /// How many.
    #[inline]
    pub fn len(self) -> usize {
        match self {
            Which::List(list) => list.len(),
            Which::Run(first, end) => (end - first) as usize,
        }
    }

    /// One of them.
    #[inline]
    pub fn at(self, place: usize) -> u32 {
        match self {
            Which::List(list) => list[place],
            Which::Run(first, _) => first + place as u32,
        }
    }

    /// All of them.
    pub fn iter(self) -> impl Iterator<Item = u32> + 'a {
        (0..self.len()).map(move |place| self.at(place))
    }

    /// Those from one place up to another.
    pub fn part(self, range: Range<usize>) -> Which<'a> {
        match self {
            Which::List(list) => Which::List(&list[range]),
            Which::Run(first, _) => Which::Run(first + range.start as u32, first + range.end as u32),
        }
    }
}

/// What some synapses have beside them: one for all, or one for each.
#[derive(Clone, Copy, Debug)]
pub enum Beside<'a, T> {
    One(T),
    Each(&'a [T]),
}

impl<'a, T: Copy + PartialEq> Beside<'a, T> {
    /// Of the synapse at a place.
    #[inline]
    pub fn at(self, place: usize) -> T {
        match self {
            Beside::One(value) => value,
            Beside::Each(each) => each[place],
        }
    }

    /// What all have, if it is the same.
    pub fn one(self) -> Option<T> {
        match self {
            Beside::One(value) => Some(value),
            Beside::Each([first, rest @ ..]) => rest.iter().all(|other| other == first).then_some(*first),
            Beside::Each([]) => None,
        }
    }

    /// Those from one place up to another.
    pub fn part(self, range: Range<usize>) -> Beside<'a, T> {
        match self {
            Beside::One(value) => Beside::One(value),
            Beside::Each(each) => Beside::Each(&each[range]),
        }
    }
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
    /// Zeros. Behind the last synapse is an element that machine code may write for padding.
    pub fn new(array: &SynapseArray, synapses: usize) -> Column {
        let synapses = synapses + 1;
        match (array.ty, array.store) {
            (Ty::Float, Precision::F32) => Column::Single(vec![0.0; synapses]),
            (Ty::Float, Precision::F64) => Column::Double(vec![0.0; synapses]),
            (Ty::Int, _) => Column::Int(vec![0; synapses]),
            (Ty::Tick, _) => Column::Tick(vec![0; synapses]),
            (Ty::Bool, _) => Column::Bool(vec![false; synapses]),
        }
    }

    /// As many synapses as there are in the list: of each what the one at that place here holds, or zero where there is none.
    pub fn rearranged(&self, places: &[Option<u32>]) -> Column {
        fn of<T: Copy + Default>(from: &[T], places: &[Option<u32>]) -> Vec<T> {
            let held = places.iter().map(|place| place.map_or(T::default(), |at| from[at as usize]));
            // One more, as every column has.
            held.chain([T::default()]).collect()
        }
        match self {
            Column::Single(x) => Column::Single(of(x, places)),
            Column::Double(x) => Column::Double(of(x, places)),
            Column::Int(x) => Column::Int(of(x, places)),
            Column::Tick(x) => Column::Tick(of(x, places)),
            Column::Bool(x) => Column::Bool(of(x, places)),
        }
    }

    /// Takes one value over from a column that holds the same.
    pub fn copy(&mut self, from: &Column, synapse: usize) {
        match (self, from) {
            (Column::Single(x), Column::Single(y)) => x[synapse] = y[synapse],
            (Column::Double(x), Column::Double(y)) => x[synapse] = y[synapse],
            (Column::Int(x), Column::Int(y)) => x[synapse] = y[synapse],
            (Column::Tick(x), Column::Tick(y)) => x[synapse] = y[synapse],
            (Column::Bool(x), Column::Bool(y)) => x[synapse] = y[synapse],
            _ => panic!("a column keeps its type"),
        }
    }

    /// What these synapses hold, in this order.
    pub fn numbers(columns: &[&Column], order: &[(u32, u32)]) -> Numbers {
        let at = |(thread, synapse): &(u32, u32)| (columns[*thread as usize], *synapse as usize);
        let held = order.iter().map(at);
        match columns.first() {
            None => Numbers::default(),
            Some(Column::Single(_)) => Numbers::Single(held.map(|(it, at)| it.number(at) as f32).collect()),
            Some(Column::Double(_)) => Numbers::Double(held.map(|(it, at)| it.number(at)).collect()),
            Some(Column::Int(_)) => {
                let whole = |(it, at): (&Column, usize)| match it {
                    Column::Int(x) => x[at],
                    other => other.number(at) as i64,
                };
                Numbers::Whole(held.map(whole).collect())
            }
            Some(Column::Tick(_)) => Numbers::Whole(held.map(|(it, at)| it.number(at) as i64).collect()),
            Some(Column::Bool(_)) => Numbers::Truth(held.map(|(it, at)| it.number(at) != 0.0).collect()),
        }
    }

    /// Takes one of those numbers.
    pub fn take(&mut self, synapse: usize, from: &Numbers, place: usize) {
        match (self, from) {
            (Column::Int(x), Numbers::Whole(from)) => x[synapse] = from[place],
            (this, from) => this.set(synapse, from.get(place)),
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

    /// Where these synapses, which follow each other, have their values.
    pub fn pointer(&mut self, synapses: Range<u32>) -> *mut u8 {
        let range = synapses.start as usize..synapses.end as usize;
        match self {
            Column::Single(x) => x[range].as_mut_ptr().cast(),
            Column::Double(x) => x[range].as_mut_ptr().cast(),
            Column::Int(x) => x[range].as_mut_ptr().cast(),
            Column::Tick(x) => x[range].as_mut_ptr().cast(),
            Column::Bool(x) => x[range].as_mut_ptr().cast(),
        }
    }

    /// Some synapses, which follow each other, are wanted soon.
    pub fn fetch(&self, synapses: Range<u32>) {
        let range = synapses.start as usize..synapses.end as usize;
        match self {
            Column::Single(x) => fetch(x, range),
            Column::Double(x) => fetch(x, range),
            Column::Int(x) => fetch(x, range),
            Column::Tick(x) => fetch(x, range),
            Column::Bool(x) => fetch(x, range),
        }
    }

    /// Some synapses, wherever they are, are wanted soon.
    pub fn fetch_each(&self, synapses: &[u32]) {
        let each = synapses.iter().map(|&synapse| synapse as usize);
        match self {
            Column::Single(x) => each.for_each(|at| fetch(x, at..at + 1)),
            Column::Double(x) => each.for_each(|at| fetch(x, at..at + 1)),
            Column::Int(x) => each.for_each(|at| fetch(x, at..at + 1)),
            Column::Tick(x) => each.for_each(|at| fetch(x, at..at + 1)),
            Column::Bool(x) => each.for_each(|at| fetch(x, at..at + 1)),
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
        Which::Run(first, end) => {
            out.iter_mut().zip(&from[first as usize..end as usize]).for_each(|(out, &x)| *out = f(x));
        }
    }
}

fn scatter<T: Copy, O>(to: &mut [O], synapses: Which, from: &[T], f: impl Fn(T) -> O) {
    match synapses {
        Which::List(list) => list.iter().zip(from).for_each(|(&synapse, &x)| to[synapse as usize] = f(x)),
        Which::Run(first, end) => {
            to[first as usize..end as usize].iter_mut().zip(from).for_each(|(to, &x)| *to = f(x));
        }
    }
}
