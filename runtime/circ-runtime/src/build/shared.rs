//! Groups of synapses that share a weight.
//!
//! In: a projection whose synapses have keys. Out: the groups, numbered in the order of their first synapses, each with the
//! weight that this synapse would have alone. All synapses are made once to find them, as which is the first is known
//! only then; whoever makes them again gives each the weight of its group.

use std::collections::BTreeMap;
use std::sync::Arc;

use circ_plan::plan::Quantity;

use super::error::BuildError;
use super::generate::generate;
use super::layout::{Lanes, Sink};
use super::pairs::RowSet;
use super::synapses::{Context, Valuer};

/// By key: the number of the group and its weight.
#[derive(Clone, Debug)]
pub struct Groups(Arc<BTreeMap<i64, (u32, f64)>>);

impl Groups {
    /// Of a key that some synapse has.
    pub fn of(&self, key: i64) -> (u32, f64) {
        *self.0.get(&key).expect("the groups of a projection were found with all its synapses")
    }
}

/// Finds the groups of a projection, if its synapses share weights that are not one number anyway.
pub fn find(context: &mut Context, threads: usize) -> Result<(), BuildError> {
    let plan = context.plan;
    let one = matches!(plan.weight, Quantity::Constant(_)) && plan.learning.is_none();
    if plan.share.is_none() || one {
        return Ok(());
    }
    let mut first = First::default();
    let lanes = Lanes::flat(plan.target.len() as u32);
    generate(context, &lanes, threads, u64::MAX, std::slice::from_mut(&mut first))?;
    context.groups = Some(Groups(Arc::new(first.groups)));
    Ok(())
}

/// Notes the first synapse of each group; synapses come in canonical order.
#[derive(Default)]
struct First {
    groups: BTreeMap<i64, (u32, f64)>,
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
