//! What the text of a rule reads while time runs.
//!
//! In: a rule. Out: the expressions that are evaluated for its synapses.

use crate::hir::*;
pub use crate::resolve::rule_side::variables;

/// All that hooks, equations, bounds and rewiring evaluate.
pub fn roots(rule: &Rule) -> Vec<ExprId> {
    let mut roots = vec![];
    for equation in &rule.equations {
        roots.extend(equation.factor.into_iter().chain([equation.value]));
    }
    rule.hooks.iter().for_each(|hook| crate::resolve::rule_side::action_roots(&hook.body, &mut roots));
    roots.extend(rule.rewire.iter().flat_map(|rewire| rewire.looks()));
    rule.bounds.iter().for_each(|bounds| roots.extend([bounds.lo, bounds.hi]));
    roots
}
