//! What synapses hold: `P.w`, `P.d`, and what a rule keeps for each.
//!
//! In: a projection and a name. Out: its values as of the present tick, in canonical order (source, then target), the
//! same bits on every engine.

use crate::world::Present;
use circ_compiler::check::Types;
use circ_compiler::hir::Hir;
use circ_compiler::net::{Net, Setting};
use circ_compiler::types::{Type, Value};
use circ_plan::engine::{Engine, Synapses, Values};
use circ_plan::plan::{Plan, ProjectionPlan};
use std::collections::BTreeMap;

/// So many synapses are still listed where they are a sum over all sources.
const MOST_LISTED: u64 = 1 << 27;

/// So many pairs of cells are still recorded, each in a column of its own.
pub const MOST_PAIRS: u64 = 1 << 24;

/// The ends of every synapse, as positions in the views; nothing where there are too many to list.
pub fn ends(plan: &Plan, engine: &dyn Engine, projection: u32) -> Option<Vec<(u32, u32)>> {
    let (mut ends, mut all) = (vec![], true);
    engine.visit_synapses(projection, &mut |piece| {
        ends.extend(piece.source.iter().copied().zip(piece.target.iter().copied()));
        all &= !piece.broadcast;
    });
    if all { Some(ends) } else { all_ends(&plan.projections[projection as usize]) }
}

/// Of a projection whose synapses come and go: the pairs that may be joined, each as the position of its source times the number of
/// targets, plus the position of its target; ascending. Nothing where there are more than [`MOST_PAIRS`].
pub fn pairs(plan: &ProjectionPlan) -> Option<Vec<u32>> {
    let targets = plan.target.len() as u64;
    if MOST_PAIRS < plan.source.len() as u64 * targets {
        return None;
    }
    let number = |(source, target): (u32, u32)| source * targets as u32 + target;
    Some(all_ends(plan)?.into_iter().map(number).collect())
}

/// The synapses of a broadcast.
fn all_ends(plan: &ProjectionPlan) -> Option<Vec<(u32, u32)>> {
    if MOST_LISTED < plan.source.len() as u64 * plan.target.len() as u64 {
        return None;
    }
    let targets: Vec<(u32, u32)> = plan.target.cells().collect();
    let of = |(source, from): (usize, (u32, u32))| {
        let meant = targets.iter().enumerate().filter(move |(_, to)| plan.allow_self || from != **to);
        meant.map(move |(target, _)| (source as u32, target as u32))
    };
    Some(plan.source.cells().enumerate().flat_map(of).collect())
}

/// The values of a name; nothing where there is no such name, or too many to list.
pub fn values(present: &Present, projection: u32, name: &str) -> Option<Vec<f64>> {
    let plan = &present.plan.projections[projection as usize];
    if let Some(learning) = &plan.learning
        && let Some(at) = learning.observables.iter().position(|observable| observable.name == name)
    {
        return Some(present.engine.observe_synapses(projection, at as u32));
    }
    match name {
        "w" => listed(present, projection, |piece, k| number(&piece.weight, k)),
        "d" => {
            let dendritic = match (&plan.learning, &present.net.projections[projection as usize].dendritic) {
                (Some(_), _) | (None, None) => 0.0,
                (None, Some(setting)) => match &**setting {
                    Setting::Value(Value::Real(ms)) => (ms / present.plan.dt).round(),
                    Setting::Value(_) | Setting::Each(_) => return None,
                },
            };
            let ticks =
                |piece: &Synapses, k| number(&piece.delay, k) - number(&piece.dendritic, k) - dendritic;
            listed(present, projection, |piece, k| ticks(piece, k) * present.plan.dt)
        }
        _ => None,
    }
}

fn listed(
    present: &Present,
    projection: u32,
    value: impl Fn(&Synapses, usize) -> f64 + Sync,
) -> Option<Vec<f64>> {
    let (mut values, mut one) = (vec![], None);
    present.engine.visit_synapses(projection, &mut |piece| match piece.broadcast {
        true => one = Some(value(piece, 0)),
        false => values.extend((0..piece.source.len()).map(|k| value(piece, k))),
    });
    match one {
        Some(one) => Some(vec![one; all_ends(&present.plan.projections[projection as usize])?.len()]),
        None => Some(values),
    }
}

fn number(values: &Values, k: usize) -> f64 {
    match values {
        Values::One(value) => *value,
        Values::Each(values) => values[k],
    }
}

/// Whether what a name holds is a number, a whole one or a truth value.
pub fn element(hir: &Hir, types: &Types, net: &Net, projection: u32, name: &str) -> Type {
    let real = Type::Real(circ_compiler::types::Dimension::REAL);
    let Some(plasticity) = &net.projections[projection as usize].plasticity else { return real };
    let vars = &hir.rule(plasticity.rule).vars;
    let var = vars.iter().position(|var| &*var.name == name);
    let known = var.and_then(|var| types.rule_vars.get(plasticity.rule.index())?.get(var));
    match known {
        Some(whole @ (Type::Int | Type::Bool)) => whole.clone(),
        _ => real,
    }
}

/// Arrays of learning synapses as they were, by projection and array.
#[derive(Clone, Debug, Default)]
pub struct Before {
    arrays: BTreeMap<(u32, u32), Vec<f64>>,
}

impl Before {
    /// Of all projections that learn.
    pub fn of(plan: &Plan, engine: &dyn Engine) -> Before {
        let mut before = Before::default();
        for (projection, plan) in plan.projections.iter().enumerate() {
            let arrays = plan.learning.iter().flat_map(|learning| 0..learning.arrays.len() as u32);
            for array in arrays {
                let values = engine.synapse_array(projection as u32, circ_plan::ir::ArrayId(array));
                before.arrays.insert((projection as u32, array), values);
            }
        }
        before
    }

    pub fn get(&self, projection: u32, array: u32) -> Option<&[f64]> {
        self.arrays.get(&(projection, array)).map(Vec::as_slice)
    }
}
