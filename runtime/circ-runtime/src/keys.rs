//! Keys of the random generator that draws of ticks have: those of the plan, or of a trial.
//!
//! In: the plan and a trial, if there is one. Out: the keys by what draws. What is drawn when something begins has those of the plan.

use circ_numerics::random::trial_key;
use circ_plan::plan::Plan;

/// See above.
#[derive(Clone, Debug)]
pub struct Keys {
    trial: Option<u64>,
    /// By population, then `KeyId`.
    pub populations: Vec<Vec<[u32; 2]>>,
    /// By projection, then `KeyId`; empty of those that do not learn.
    pub rules: Vec<Vec<[u32; 2]>>,
    /// By drive: of its trains.
    pub trains: Vec<[u32; 2]>,
}

impl Keys {
    /// Of a trial, or of none.
    pub fn new(plan: &Plan, trial: Option<u64>) -> Keys {
        let all = |keys: &[[u32; 2]]| keys.iter().map(|key| trial_key(*key, trial)).collect();
        let rules = plan.projections.iter().map(|it| it.learning.as_ref().map_or(vec![], |it| all(&it.keys)));
        let trains =
            plan.drives.iter().map(|it| trial_key(it.keys.first().copied().unwrap_or_default(), trial));
        Keys {
            trial,
            populations: plan.populations.iter().map(|population| all(&population.keys)).collect(),
            rules: rules.collect(),
            trains: trains.collect(),
        }
    }

    /// Any other key.
    pub fn of(&self, key: [u32; 2]) -> [u32; 2] {
        trial_key(key, self.trial)
    }
}
