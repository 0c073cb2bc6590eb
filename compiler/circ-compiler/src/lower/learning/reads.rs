//! What the text of a rule reads, through its `let`s and functions.
//!
//! In: expressions of a rule. Out: its variables that they need.

use std::collections::BTreeSet;

use crate::hir::*;
use crate::resolve::graph::walk;

/// The variables of a rule that these expressions need, `let`s and what they need included.
pub fn variables(hir: &Hir, rule: &Rule, roots: impl IntoIterator<Item = ExprId>) -> BTreeSet<VarId> {
    let mut open: Vec<ExprId> = roots.into_iter().collect();
    let (mut found, mut functions) = (BTreeSet::new(), BTreeSet::new());
    while let Some(root) = open.pop() {
        walk(hir, root, &mut |_, expr| match &expr.kind {
            ExprKind::Ref(Ref::Var(var)) => {
                if found.insert(*var)
                    && let Some(RuleVarKind::Let { value }) = rule.vars.get(var.index()).map(|it| &it.kind)
                {
                    open.push(*value);
                }
            }
            ExprKind::CallFn { function, .. } => {
                let of = &hir.functions[function.index()];
                if matches!(of.owner, Owner::Rule(_)) && functions.insert(*function) {
                    open.push(of.body);
                }
            }
            _ => {}
        });
    }
    found
}

/// All that hooks, equations and bounds evaluate.
pub fn roots(rule: &Rule) -> Vec<ExprId> {
    let mut roots = vec![];
    for equation in &rule.equations {
        roots.extend(equation.factor.into_iter().chain([equation.value]));
    }
    rule.hooks.iter().for_each(|hook| crate::resolve::rule_side::action_roots(&hook.body, &mut roots));
    rule.bounds.iter().for_each(|bounds| roots.extend([bounds.lo, bounds.hi]));
    roots
}
