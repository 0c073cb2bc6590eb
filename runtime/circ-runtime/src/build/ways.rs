//! How far learning synapses are from their cells: the dendritic delay and the way back, in ticks.
//!
//! In: rows of synapses with their delays. Out: beside every target a number of ticks, where it is not one number
//! for all; and the first that does not hold.

use circ_plan::engine::Values;
use circ_plan::plan::{ProjectionPlan, Quantity, Sender};

use super::error::{BadValue, BuildError, Overflow, Way, note};
use super::synapses::{Context, MAX_DELAY, PairLeaves, delay_ticks};
use crate::rows::{Rows, result_of};

/// A dendritic delay or way back in whole ticks: rounded to the nearest, at least none.
pub fn way_ticks(ms: f64, dt: f64) -> Option<u32> {
    let ticks = (ms / dt).round();
    (0.0..=f64::from(MAX_DELAY)).contains(&ticks).then_some(ticks as u32)
}

/// Refuses ways that are one number and do not hold.
pub fn check(plan: &ProjectionPlan, projection: u32, dt: f64) -> Result<(), BuildError> {
    let Some(learning) = &plan.learning else { return Ok(()) };
    let refused = |way, value| {
        let first = BadValue { pre: 0, post: 0, value, count: 0 };
        Err(BuildError::Way { projection, way, first })
    };
    if let Quantity::Constant(ms) = learning.dendritic {
        let whole = match plan.delay {
            Quantity::Constant(delay) => delay_ticks(plan, delay, dt).unwrap_or(0),
            Quantity::Program(_) => MAX_DELAY,
        };
        if way_ticks(ms, dt).is_none_or(|ticks| whole < ticks) {
            return refused(Way::Dendritic, ms);
        }
    }
    match learning.back {
        Some(Quantity::Constant(ms)) if way_ticks(ms, dt).is_none() => refused(Way::Back, ms),
        _ => Ok(()),
    }
}

/// What was found of each way.
#[derive(Clone, Copy, Debug, Default)]
pub struct WayReport {
    dendritic: Option<BadValue>,
    back: Option<BadValue>,
}

impl WayReport {
    /// What two threads found.
    pub fn merge(self, other: WayReport) -> WayReport {
        let worst = |a: Option<BadValue>, b: Option<BadValue>| match (a, b) {
            (Some(a), Some(b)) => Some(a.merge(b)),
            (a, b) => a.or(b),
        };
        WayReport { dendritic: worst(self.dendritic, other.dendritic), back: worst(self.back, other.back) }
    }

    /// The first thing that does not hold.
    pub fn check(&self, sender: Sender) -> Result<(), BuildError> {
        let Sender::Projection(projection) = sender else { return Ok(()) };
        let found = [(Way::Dendritic, self.dendritic), (Way::Back, self.back)];
        match found.into_iter().find_map(|(way, first)| Some((way, first?))) {
            Some((way, first)) => Err(BuildError::Way { projection, way, first }),
            None => Ok(()),
        }
    }
}

/// Evaluates the ways of rows.
pub struct Ways<'a> {
    /// Nothing where the projection does not learn.
    dendritic: Option<Column<'a>>,
    /// Nothing where it is the dendritic delay.
    back: Option<Column<'a>>,
    pub report: WayReport,
}

/// One way of the last rows.
struct Column<'a> {
    quantity: &'a Quantity,
    rows: Option<Rows<f64>>,
    /// Beside the targets; empty where it is one number.
    ticks: Vec<u32>,
}

impl<'a> Ways<'a> {
    pub fn new(plan: &'a ProjectionPlan) -> Ways<'a> {
        let learning = plan.learning.as_deref();
        Ways {
            dendritic: learning.map(|it| Column::new(&it.dendritic)),
            back: learning.and_then(|it| it.back.as_ref()).map(Column::new),
            report: WayReport::default(),
        }
    }

    /// Whether synapses have to be looked at, given whether their delays differ.
    pub fn vary(&self, delays_differ: bool) -> bool {
        let differs = |column: &Option<Column>| column.as_ref().is_some_and(|it| it.rows.is_some());
        (delays_differ && self.dendritic.is_some()) || differs(&self.dendritic) || differs(&self.back)
    }

    /// Forgets the rows before.
    pub fn clear(&mut self) {
        for column in [&mut self.dendritic, &mut self.back].into_iter().flatten() {
            column.ticks.clear();
        }
    }

    /// Of `n` synapses; `delays` lies beside them, or is empty.
    pub(super) fn evaluate(
        &mut self,
        context: &Context,
        leaves: &PairLeaves,
        n: usize,
        delays: &[u32],
        overflow: &mut Option<Overflow>,
    ) {
        if let Some(column) = &mut self.dendritic {
            let wrong = &mut self.report.dendritic;
            column.evaluate(context, leaves, n, (wrong, overflow));
            let new = &column.ticks[column.ticks.len().saturating_sub(n)..];
            let one = constant(column.quantity).and_then(|ms| way_ticks(ms, context.dt));
            let whole = constant(&context.plan.delay).and_then(|ms| context.delay_ticks(ms));
            for k in 0..n {
                let dendritic = new.get(k).copied().or(one).unwrap_or(0);
                let whole = delays.get(k).copied().or(whole).unwrap_or(MAX_DELAY);
                if whole < dendritic {
                    note(wrong, leaves.pre[k], leaves.post[k], f64::from(dendritic) * context.dt);
                }
            }
        }
        if let Some(column) = &mut self.back {
            column.evaluate(context, leaves, n, (&mut self.report.back, overflow));
        }
    }

    /// The dendritic delays and ways back of the last rows.
    pub fn values(&self, dt: f64) -> [Values; 2] {
        let values = |column: &Column| match column.quantity {
            Quantity::Constant(ms) => Values::One(f64::from(way_ticks(*ms, dt).unwrap_or(0))),
            Quantity::Program(_) => Values::Each(column.ticks.iter().map(|&t| f64::from(t)).collect()),
        };
        let dendritic = self.dendritic.as_ref().map(values).unwrap_or_default();
        let back = self.back.as_ref().map_or_else(|| dendritic.clone(), values);
        [dendritic, back]
    }
}

impl<'a> Column<'a> {
    fn new(quantity: &'a Quantity) -> Column<'a> {
        let rows = match quantity {
            Quantity::Constant(_) => None,
            Quantity::Program(program) => Some(Rows::new(program)),
        };
        Column { quantity, rows, ticks: vec![] }
    }

    fn evaluate(
        &mut self,
        context: &Context,
        leaves: &PairLeaves,
        n: usize,
        (wrong, overflow): (&mut Option<BadValue>, &mut Option<Overflow>),
    ) {
        let (Quantity::Program(program), Some(rows)) = (self.quantity, &mut self.rows) else { return };
        rows.run(program, n, leaves);
        leaves.look(program, rows, n, overflow);
        for (k, &ms) in rows.floats(result_of(program))[..n].iter().enumerate() {
            let ticks = way_ticks(ms, context.dt).unwrap_or_else(|| {
                note(wrong, leaves.pre[k], leaves.post[k], ms);
                0
            });
            self.ticks.push(ticks);
        }
    }
}

fn constant(quantity: &Quantity) -> Option<f64> {
    match quantity {
        Quantity::Constant(ms) => Some(*ms),
        Quantity::Program(_) => None,
    }
}
