//! Groups of synapses that share a weight.
//!
//! In: a projection whose synapses have keys. Out: the groups, numbered in the order of their first synapses, each with the
//! weight that this synapse would have alone. All synapses are made once to find them, as which is the first is known
//! only then; whoever makes them again gives each the weight of its group.

use std::collections::BTreeMap;
use std::sync::Arc;

use circ_plan::ir::Program;
use circ_plan::learning::MAX_KEY;
use circ_plan::plan::{ProjectionPlan, Quantity};

use super::error::{BuildError, note};
use super::generate::generate;
use super::layout::{Lanes, Sink};
use super::pairs::RowSet;
use super::synapses::{Context, PairLeaves, Report, Valuer};
use crate::rows::{Rows, result_of};

/// What synapses of a group have in common: what is written; or of both directions, the pair as it was drawn, and which of
/// equal pairs it is.
pub type Key = (i64, u32);

/// How keys are found.
pub enum KeyOf<'a> {
    Written(&'a Program, Rows<f64>),
    /// Of so many targets.
    Pair(i64),
}

impl<'a> KeyOf<'a> {
    /// Of the pairs of a projection, if weights are shared.
    pub fn new(plan: &'a ProjectionPlan) -> Option<KeyOf<'a>> {
        let learns = plan.learning.as_ref().is_some_and(|learning| learning.shared.is_some());
        match &plan.share {
            Some(program) => Some(KeyOf::Written(program, Rows::new(program))),
            None => learns.then_some(KeyOf::Pair(plan.target.len() as i64)),
        }
    }

    /// Appends the keys of `n` synapses, and notes those that are none.
    pub(super) fn of(&mut self, leaves: &PairLeaves, n: usize, out: &mut Vec<Key>, report: &mut Report) {
        match self {
            KeyOf::Written(program, rows) => {
                rows.run(program, n, leaves);
                leaves.look(program, rows, n, &mut report.overflow);
                for (k, &key) in rows.floats(result_of(program))[..n].iter().enumerate() {
                    // Beyond, neighbours are one number.
                    if key.is_nan() || MAX_KEY < key.abs() {
                        note(&mut report.key, leaves.pre[k], leaves.post[k], key);
                    }
                    out.push((key as i64, 0));
                }
            }
            KeyOf::Pair(targets) => out.extend((0..n).map(|k| {
                let pair = i64::from(leaves.pre[k]) * *targets + i64::from(leaves.post[k]);
                (pair, leaves.occurrence.get(k).copied().unwrap_or(0))
            })),
        }
    }
}

/// By key: the number of the group and its weight.
#[derive(Clone, Debug)]
pub struct Groups(Arc<BTreeMap<Key, (u32, f64)>>);

impl Groups {
    /// Of a key that some synapse has.
    pub fn of(&self, key: Key) -> (u32, f64) {
        *self.0.get(&key).expect("the groups of a projection were found with all its synapses")
    }
}

/// The groups of a projection, if its synapses share weights that are not one number anyway; the context is that of the
/// first of two directions.
pub fn find(context: &Context, threads: usize) -> Result<Option<Groups>, BuildError> {
    let plan = context.plan;
    let one = matches!(plan.weight, Quantity::Constant(_)) && plan.learning.is_none();
    if KeyOf::new(plan).is_none() || one {
        return Ok(None);
    }
    let mut first = First::default();
    let lanes = Lanes::flat(plan.target.len() as u32);
    generate(context, &lanes, threads, u64::MAX, std::slice::from_mut(&mut first))?;
    Ok(Some(Groups(Arc::new(first.groups))))
}

/// Notes the first synapse of each group; synapses come in canonical order.
#[derive(Default)]
struct First {
    groups: BTreeMap<Key, (u32, f64)>,
}

impl Sink for First {
    fn take(&mut self, _: &RowSet, values: &Valuer) {
        for (k, key) in values.keys.iter().enumerate() {
            let next = self.groups.len() as u32;
            let weight = values.weights.get(k).copied().unwrap_or(0.0);
            self.groups.entry(*key).or_insert((next, weight));
        }
    }

    fn bytes(&self) -> u64 {
        0
    }
}
