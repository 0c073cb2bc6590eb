//! The programs of a rule, ready to run.
//!
//! In: the rule, and machine code in the order of [`super::rule_programs`]. Out: an evaluator for each program, and the
//! second form of hooks that have one.

use circ_plan::abi::KernelFn;
use circ_plan::learning::Learning;
use circ_plan::plan::Plan;

use super::direct::Direct;
use super::routine::Routine;

/// The programs of a rule.
pub struct Routines {
    pub hooks: Vec<Routine>,
    /// Those hooks that work on synapses where they are.
    pub direct: Vec<Option<Direct>>,
    pub transmit: Option<Routine>,
    pub both: Option<Routine>,
    pub both_transmit: Option<Routine>,
}

impl Routines {
    /// `kernels` are those of the projection, or none.
    pub fn new(plan: &Plan, projection: u32, learning: &Learning, kernels: &[Option<KernelFn>]) -> Routines {
        let mut kernels = kernels.iter();
        let mut routine = |program| Routine::new(program, kernels.next().copied().flatten());
        let hooks = learning.hooks.iter().map(|hook| routine(&hook.program)).collect();
        let transmit = learning.transmit.as_ref().map(&mut routine);
        let both = learning.both.as_ref().map(|both| routine(&both.program));
        let both_transmit = learning.both.as_ref().and_then(|both| both.transmit.as_ref()).map(&mut routine);
        let this = &plan.projections[projection as usize];
        let direct = |hook| Direct::new(plan, this, learning, hook, kernels.next().copied().flatten()?);
        let direct = learning.hooks.iter().map(direct).collect();
        Routines { hooks, direct, transmit, both, both_transmit }
    }
}
