//! What the programs of flows read.

use circ_numerics::random::Counter;
use circ_plan::ir::{ArrayId, KeyId, Moment, Op, Program, Side, TableId};
use circ_plan::plan::{Plan, Table};

use crate::aligned::Scalar;
use crate::rows::Leaves;

/// The columns that a program loads of a side, ascending.
pub fn loaded(program: &Program, side: Side) -> Vec<usize> {
    let load = |op: &Op| match op {
        Op::Load(of, array) if *of == side => Some(array.0 as usize),
        _ => None,
    };
    let mut columns: Vec<usize> = program.ops.iter().filter_map(load).collect();
    columns.sort_unstable();
    columns.dedup();
    columns
}

/// The time of a flow phase.
#[derive(Clone, Copy)]
pub struct Present<'a> {
    pub plan: &'a Plan,
    pub tick: i64,
}

/// One side of some synapses.
#[derive(Clone, Copy)]
pub struct SideValues<'a> {
    /// By column, by place.
    pub columns: &'a [Vec<f64>],
    /// The place of each element.
    pub places: Places<'a>,
    /// The position in the view, by place; empty where places are positions.
    pub positions: &'a [u32],
}

/// Which places some elements are at.
#[derive(Clone, Copy)]
pub enum Places<'a> {
    /// All at one.
    One(u32),
    /// At one after the other.
    From(u32),
    List(&'a [u32]),
}

impl SideValues<'_> {
    fn gather<O>(&self, column: ArrayId, out: &mut [O], f: impl Fn(f64) -> O) {
        let column = &self.columns[column.0 as usize];
        match self.places {
            Places::One(place) => {
                let value = column[place as usize];
                out.iter_mut().for_each(|out| *out = f(value));
            }
            Places::From(first) => {
                let from = &column[first as usize..];
                out.iter_mut().zip(from).for_each(|(out, &value)| *out = f(value));
            }
            Places::List(list) => {
                out.iter_mut().zip(list).for_each(|(out, &place)| *out = f(column[place as usize]));
            }
        }
    }

    fn index(&self, element: usize) -> i64 {
        let place = match self.places {
            Places::One(place) => place,
            Places::From(first) => first + element as u32,
            Places::List(list) => list[element],
        };
        i64::from(self.positions.get(place as usize).copied().unwrap_or(place))
    }
}

/// Synapses as the program of a flow sees them.
pub struct FlowLeaves<'a, W> {
    pub present: Present<'a>,
    pub pre: SideValues<'a>,
    pub post: SideValues<'a>,
    /// Fills in the weights.
    pub weights: W,
}

impl<W> FlowLeaves<'_, W> {
    fn side(&self, side: Side) -> &SideValues<'_> {
        match side {
            Side::Pre | Side::Own => &self.pre,
            Side::Post => &self.post,
        }
    }
}

impl<F: Scalar, W: Fn(&mut [F])> Leaves<F> for FlowLeaves<'_, W> {
    fn floats(&self, side: Side, array: ArrayId, out: &mut [F]) {
        self.side(side).gather(array, out, F::from_f64);
    }
    fn ints(&self, side: Side, array: ArrayId, out: &mut [i64]) {
        self.side(side).gather(array, out, |value| value as i64);
    }
    fn bools(&self, side: Side, array: ArrayId, out: &mut [bool]) {
        self.side(side).gather(array, out, |value| value != 0.0);
    }
    fn indices(&self, side: Side, out: &mut [i64]) {
        for (element, out) in out.iter_mut().enumerate() {
            *out = self.side(side).index(element);
        }
    }
    fn weights(&self, out: &mut [F]) {
        (self.weights)(out);
    }
    fn now(&self) -> i64 {
        self.present.tick
    }
    fn time(&self, moment: Moment) -> f64 {
        let tick = match moment {
            Moment::Start => self.present.tick - 1,
            Moment::End => self.present.tick,
        };
        tick as f64 * self.present.plan.dt
    }
    fn table(&self, table: TableId) -> &Table {
        &self.present.plan.tables[table.0 as usize]
    }
    fn key(&self, _key: KeyId) -> [u32; 2] {
        panic!("nothing is drawn by what flows");
    }
    fn counter(&self, _row: usize, _salt: u32) -> Counter {
        panic!("nothing is drawn by what flows");
    }
}
