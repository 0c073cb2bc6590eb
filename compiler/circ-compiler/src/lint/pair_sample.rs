//! A sample of the pairs of cells that a projection may connect, with what a program says of each.
//!
//! In: a plan, one of its projections and a program over its pairs. Out: values, each with how often such a pair is
//! connected. Of many pairs some are looked at, spread evenly over both views by an additive recurrence (Roberts 2018,
//! "The unreasonable effectiveness of quasirandom sequences", for two dimensions). Only the cells of these pairs are
//! made, as they are when the network is built.

use crate::interpret::{Cell, Synapse, Value, World, evaluate, result};
use circ_numerics::random::Counter;
use circ_plan::ir::*;
use circ_plan::plan::*;
use std::collections::BTreeMap;

/// So many pairs are all looked at; of more, as many as these.
const MOST_PAIRS: u64 = 4096;
/// Of pairs of which a program says whether they are connected, which may be few.
const MOST_CANDIDATES: u64 = 4 * MOST_PAIRS;

/// What a program says of pairs.
pub struct Sample {
    /// (how often such a pair is connected, relative to others; the value)
    pub values: Vec<(f64, f64)>,
    /// Whether these are all pairs.
    pub is_whole: bool,
}

/// `None` where synapses are not over pairs of positions in the views, or are those of another projection.
pub fn over_pairs(plan: &Plan, projection: &ProjectionPlan, program: &Program) -> Option<Sample> {
    if projection.onto.is_some() || matches!(projection.pairing, Pairing::Mirror(_)) {
        return None;
    }
    let (pairs, is_whole) = positions(projection);
    let mut cells = Cells { plan, made: BTreeMap::new() };
    let at = |view: &View, position: u32| {
        let mut left = position as usize;
        for (segment, it) in view.segments.iter().enumerate() {
            if left < it.cells.len() {
                return Some((segment, it.population, it.cells.get(left)));
            }
            left -= it.cells.len();
        }
        None
    };
    let mut values = vec![];
    for (source, target, row) in pairs {
        let (from, to) = (at(&projection.source, source)?, at(&projection.target, target)?);
        let is_itself = (from.1, from.2) == (to.1, to.2) && !projection.allow_self;
        if is_itself || (projection.pairing == Pairing::Unordered && target <= source) {
            continue;
        }
        let pre = cells.columns(&projection.pre_columns, from)?;
        let post = cells.columns(&projection.post_columns, to)?;
        // Columns of a table are there only with its rows.
        let edges: Vec<f64> = projection.edges.iter().map(|column| column[row]).collect();
        let (keys, tables) = (&projection.keys[..], &plan.tables[..]);
        let pair =
            Synapse { pre: &pre, post: &post, source, target, occurrence: 0, edges: &edges, keys, tables };
        let share = match &projection.connect {
            Connect::Probability(Quantity::Program(program)) => result(program, &pair).clamp(0.0, 1.0),
            Connect::Where(program) => result(program, &pair),
            _ => 1.0,
        };
        if 0.0 < share {
            values.push((share, result(program, &pair)));
        }
    }
    Some(Sample { values, is_whole })
}

/// Positions in both views and the row of the connection table, and whether these are all.
fn positions(projection: &ProjectionPlan) -> (Vec<(u32, u32, usize)>, bool) {
    let (sources, targets) = (projection.source.len() as u64, projection.target.len() as u64);
    let most = match &projection.connect {
        Connect::Probability(Quantity::Program(_)) | Connect::Where(_) => MOST_CANDIDATES,
        _ => MOST_PAIRS,
    };
    let spread = |all: u64, pair: &dyn Fn(u64) -> (u32, u32, usize)| match all <= most {
        true => ((0..all).map(pair).collect(), true),
        false => ((0..most).map(|k| pair(k * all / most)).collect(), false),
    };
    match &projection.connect {
        Connect::OneToOne => spread(sources.min(targets), &|k| (k as u32, k as u32, 0)),
        Connect::Pairs(pairs) => spread(pairs.len() as u64, &|k| {
            let (source, target) = pairs[k as usize];
            (source, target, k as usize)
        }),
        _ if sources * targets <= most => {
            spread(sources * targets, &|k| ((k / targets) as u32, (k % targets) as u32, 0))
        }
        _ => {
            // The powers -1 and -2 of the number with x^3 = x + 1.
            let [first, second] = [0.754_877_666_246_692_8, 0.569_840_290_998_053_3];
            let place = |k: u64, step: f64, count: u64| {
                let turns = 0.5 + k as f64 * step;
                ((turns - turns.floor()) * count as f64) as u32
            };
            let pair = |k| (place(k, first, sources), place(k, second, targets), 0);
            ((0..most).map(pair).collect(), false)
        }
    }
}

/// Cells as they are built, by population and index.
struct Cells<'a> {
    plan: &'a Plan,
    made: BTreeMap<(u32, u32), Made>,
}

struct Made {
    arrays: Vec<Vec<Value>>,
    uniforms: Vec<Value>,
}

impl Cells<'_> {
    /// The values of one side's columns for a cell: (segment of the view, population, cell).
    fn columns(
        &mut self,
        columns: &[Vec<Column>],
        (segment, population, cell): (usize, u32, u32),
    ) -> Option<Vec<Value>> {
        if columns.is_empty() {
            return Some(vec![]);
        }
        let plan = self.plan.populations.get(population as usize)?;
        let made = self.made.entry((population, cell)).or_insert_with(|| Made::of(self.plan, plan, cell));
        let value = |column: &Vec<Column>| match *column.get(segment)? {
            Column::Array(_, array) => made.arrays.get(array.0 as usize).map(|cells| cells[0]),
            Column::Uniform(_, uniform) => made.uniforms.get(uniform.0 as usize).copied(),
            Column::Constant(number) => Some(Value::Float(number)),
        };
        columns.iter().map(value).collect()
    }
}

impl Made {
    fn of(plan: &Plan, population: &PopulationPlan, cell: u32) -> Made {
        let value = |ty, number| Value::from_number(ty, population.precision, number);
        let mut made = Made {
            arrays: population.arrays.iter().map(|it| vec![value(it.ty, 0.0)]).collect(),
            uniforms: population.uniforms.iter().map(|it| value(it.ty, it.value)).collect(),
        };
        if let Dynamics::Cells(programs) = &population.dynamics {
            let in_order = [
                &programs.derive_uniforms,
                &programs.init_params,
                &programs.derive_cells,
                &programs.init_states,
            ];
            in_order.into_iter().for_each(|program| made.run(plan, population, cell, program));
        }
        made
    }

    fn run(&mut self, plan: &Plan, population: &PopulationPlan, cell: u32, program: &Program) {
        let mut values = vec![];
        let only = Cell {
            arrays: &self.arrays,
            uniforms: &self.uniforms,
            arrivals: &[],
            keys: &population.keys,
            tables: &plan.tables,
            index: 0,
            tick: 0,
            dt: plan.dt,
        };
        evaluate(program, &Placed { only, cell }, &mut values);
        for output in &program.outputs {
            match output {
                Output::Array(array, value) => {
                    self.arrays[array.0 as usize][0] = values[value.0 as usize];
                }
                Output::Uniform(uniform, value) => {
                    self.uniforms[uniform.0 as usize] = values[value.0 as usize];
                }
                _ => {}
            }
        }
    }
}

/// A cell whose arrays hold it alone, at its place in the population.
struct Placed<'a> {
    only: Cell<'a>,
    cell: u32,
}

impl World for Placed<'_> {
    fn load(&self, side: Side, array: ArrayId) -> Value {
        self.only.load(side, array)
    }
    fn uniform(&self, uniform: UniformId) -> Value {
        self.only.uniform(uniform)
    }
    fn arrival(&self, _: PortId) -> f64 {
        0.0
    }
    fn index(&self, _: Side) -> i64 {
        i64::from(self.cell)
    }
    fn now(&self) -> i64 {
        self.only.now()
    }
    fn time(&self, moment: Moment) -> f64 {
        self.only.time(moment)
    }
    fn table(&self, table: TableId, row: i64, column: i64) -> f64 {
        self.only.table(table, row, column)
    }
    fn edge(&self, column: u32) -> f64 {
        self.only.edge(column)
    }
    fn draw(&self, key: KeyId) -> ([u32; 2], Counter) {
        let (key, at) = self.only.draw(key);
        (key, Counter { entity: self.cell, ..at })
    }
}
