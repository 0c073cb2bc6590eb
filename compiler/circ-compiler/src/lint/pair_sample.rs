//! A sample of the pairs of cells that a projection may connect, with what a program says of each.
//!
//! In: a plan, one of its projections and a program over its pairs. Out: values, each with how often such a pair is
//! connected. Of many pairs some are looked at, spread evenly over both views by an additive recurrence (Roberts 2018,
//! "The unreasonable effectiveness of quasirandom sequences", for two dimensions). Only the cells of these pairs are
//! made, as they are when the network is built.

use crate::interpret::{Cell, Synapse, Value, World, evaluate, result_with};
use circ_numerics::random::Counter;
use circ_plan::ir::*;
use circ_plan::plan::*;
use std::collections::BTreeMap;

/// So many pairs are all looked at; of more, as many as these.
const MOST_PAIRS: u64 = 4096;
/// Of pairs of which a program says whether they are connected, which may be few.
const MOST_CANDIDATES: u64 = 4 * MOST_PAIRS;
/// A few that may be connected.
const FEW: usize = 100;
/// Of pairs that are looked at to find a few.
const MOST_LOOKED_AT: u64 = 1000;

/// What a program says of pairs.
pub struct Sample {
    /// (how often such a pair is connected, relative to others; the value)
    pub values: Vec<(f64, f64)>,
    /// Whether these are all pairs.
    pub is_whole: bool,
}

/// The pairs of positions that a projection may connect, as far as they are looked at.
pub struct Pairs<'a> {
    projection: &'a ProjectionPlan,
    cells: Cells<'a>,
    places: Places<'a>,
    /// Memory for the values of programs.
    values: Vec<Value>,
}

impl<'a> Pairs<'a> {
    /// `None` where synapses are not over pairs of positions in the views, or are those of another projection.
    pub fn of(plan: &'a Plan, projection: &'a ProjectionPlan) -> Option<Pairs<'a>> {
        if projection.onto.is_some() || matches!(projection.pairing, Pairing::Mirror(_)) {
            return None;
        }
        let (cells, places) = (Cells { plan, made: BTreeMap::new() }, Places::of(projection));
        Some(Pairs { projection, cells, places, values: vec![] })
    }

    /// What a program says of all that are looked at.
    pub fn all(&mut self, program: &Program) -> Option<Sample> {
        let mut values = vec![];
        for k in 0..self.places.count {
            values.extend(self.value(program, k)?);
        }
        Some(Sample { values, is_whole: self.places.are_all })
    }

    /// What it says of the first few that may be connected, spread over all; `None` where there are fewer.
    pub fn few(&mut self, program: &Program) -> Option<Vec<(f64, f64)>> {
        /// 2 over 1 plus the square root of 5: multiples of it modulo 1 lie as evenly as they can.
        const GOLDEN: f64 = 0.618_033_988_749_894_8;
        let mut values = vec![];
        for k in 0..MOST_LOOKED_AT.min(self.places.count) {
            let turns = 0.5 + k as f64 * GOLDEN;
            let place = (turns - turns.floor()) * self.places.count as f64;
            values.extend(self.value(program, place as u64)?);
            if values.len() == FEW {
                return Some(values);
            }
        }
        None
    }

    /// How often the pair is connected and what a program says of it, if it may be; nothing of one that has no cells.
    fn value(&mut self, program: &Program, k: u64) -> Option<Option<(f64, f64)>> {
        let projection = self.projection;
        let (source, target, row) = (self.places.at)(k);
        let (from, to) = (cell_at(&projection.source, source)?, cell_at(&projection.target, target)?);
        let is_itself = (from.1, from.2) == (to.1, to.2) && !projection.allow_self;
        if is_itself || (projection.pairing == Pairing::Unordered && target <= source) {
            return Some(None);
        }
        let pre = self.cells.columns(&projection.pre_columns, from)?;
        let post = self.cells.columns(&projection.post_columns, to)?;
        // Columns of a table are there only with its rows.
        let edges: Vec<f64> = projection.edges.iter().map(|column| column[row]).collect();
        let (keys, tables) = (&projection.keys[..], &self.cells.plan.tables[..]);
        let pair =
            Synapse { pre: &pre, post: &post, source, target, occurrence: 0, edges: &edges, keys, tables };
        let mut ask = |program| result_with(program, &pair, &mut self.values);
        let share = match &projection.connect {
            Connect::Probability(Quantity::Program(program)) => ask(program).clamp(0.0, 1.0),
            Connect::Where(program) => ask(program),
            _ => 1.0,
        };
        Some((0.0 < share).then(|| (share, ask(program))))
    }
}

/// (segment of the view, population, cell)
fn cell_at(view: &View, position: u32) -> Option<(usize, u32, u32)> {
    let mut left = position as usize;
    for (segment, it) in view.segments.iter().enumerate() {
        if left < it.cells.len() {
            return Some((segment, it.population, it.cells.get(left)));
        }
        left -= it.cells.len();
    }
    None
}

/// Positions in both views and the row of the connection table.
struct Places<'a> {
    count: u64,
    /// Whether there are no others.
    are_all: bool,
    at: Box<dyn Fn(u64) -> (u32, u32, usize) + 'a>,
}

impl<'a> Places<'a> {
    fn of(projection: &'a ProjectionPlan) -> Places<'a> {
        let (sources, targets) = (projection.source.len() as u64, projection.target.len() as u64);
        let most = match &projection.connect {
            Connect::Probability(Quantity::Program(_)) | Connect::Where(_) => MOST_CANDIDATES,
            _ => MOST_PAIRS,
        };
        match &projection.connect {
            Connect::OneToOne => Places::spread(sources.min(targets), most, |k| (k as u32, k as u32, 0)),
            Connect::Pairs(pairs) => Places::spread(pairs.len() as u64, most, |k| {
                let (source, target) = pairs[k as usize];
                (source, target, k as usize)
            }),
            _ if sources * targets <= most => Places::spread(sources * targets, most, move |k| {
                ((k / targets) as u32, (k % targets) as u32, 0)
            }),
            _ => {
                // The powers -1 and -2 of the number with x^3 = x + 1.
                let [first, second] = [0.754_877_666_246_692_8, 0.569_840_290_998_053_3];
                let place = |k: u64, step: f64, count: u64| {
                    let turns = 0.5 + k as f64 * step;
                    ((turns - turns.floor()) * count as f64) as u32
                };
                let at = move |k| (place(k, first, sources), place(k, second, targets), 0);
                Places { count: most, are_all: false, at: Box::new(at) }
            }
        }
    }

    fn spread(all: u64, most: u64, pair: impl Fn(u64) -> (u32, u32, usize) + 'a) -> Places<'a> {
        match all <= most {
            true => Places { count: all, are_all: true, at: Box::new(pair) },
            false => Places { count: most, are_all: false, at: Box::new(move |k| pair(k * all / most)) },
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
