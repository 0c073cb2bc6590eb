//! What is kept once for each cell of a side reads only what is known once for each cell of that side; and what ranks
//! pairs without a synapse reads nothing of a synapse.
//!
//! In: a resolved program without circles. Out: reports.

use super::graph::{Node, walk};
use crate::diagnose::{Sink, rule as say};
use crate::hir::*;
use circ_grammar::ast::Span;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Why something is not known once for each cell of a side.
#[derive(Clone)]
enum Breach {
    /// A name, and what it is instead.
    PerSynapse(Arc<str>, &'static str),
    OtherSide(Arc<str>),
}

/// The first breach in what each `let` of a rule reads, for both sides.
type Lets = BTreeMap<(RuleId, VarId), [Option<Breach>; 2]>;

const SIDES: [SynapseSide; 2] = [SynapseSide::Pre, SynapseSide::Post];

/// Reports what is read at the wrong place.
pub fn check_sides(hir: &Hir, sink: &mut Sink) {
    let mut lets = Lets::new();
    for &node in &hir.order {
        if let Node::RuleVar(id, var) = node
            && let RuleVarKind::Let { value } = hir.rule(id).vars[var.index()].kind
        {
            let first = SIDES.map(|side| {
                let look = Look { hir, lets: &lets, id, side };
                look.breaches(value).into_iter().next().map(|(_, breach)| breach)
            });
            lets.insert((id, var), first);
        }
    }
    for (at, rule) in hir.rules.iter().enumerate() {
        let id = RuleId(at as u32);
        for (_, var) in rule.declared() {
            let RuleVarKind::Trace { side, dynamics } = &var.kind else { continue };
            let look = Look { hir, lets: &lets, id, side: *side };
            for (at, breach) in trace_roots(dynamics).into_iter().flat_map(|root| look.breaches(root)) {
                sink.push(match breach {
                    Breach::PerSynapse(of, what) => say::per_synapse(at, &of, what, &var.name, *side),
                    Breach::OtherSide(of) => say::wrong_side(at, &of, &var.name, *side),
                });
            }
        }
        for (_, pick) in rule.rewire.iter().flat_map(|rewire| &rewire.grow) {
            let (Pick::Where(root) | Pick::Extreme { by: root, .. }) = pick else { continue };
            for (at, name) in of_synapse(hir, rule, *root) {
                sink.push(say::not_grown_yet(at, &name));
            }
        }
    }
}

/// The expressions of a state of a side.
pub fn trace_roots(dynamics: &TraceKind) -> Vec<ExprId> {
    match dynamics {
        TraceKind::Spikes { tau, .. } => vec![*tau],
        TraceKind::Block { initial, equation, reactions } => {
            let of_equation = equation.iter().flat_map(|it| it.factor.into_iter().chain([it.value]));
            let mut roots: Vec<ExprId> = [*initial].into_iter().chain(of_equation).collect();
            reactions.iter().for_each(|reaction| action_roots(&reaction.body, &mut roots));
            roots
        }
    }
}

/// The expressions of a block.
pub fn action_roots(actions: &[RuleAction], roots: &mut Vec<ExprId>) {
    for action in actions {
        match &action.kind {
            RuleActionKind::Assign { value, .. } | RuleActionKind::Let { value, .. } => roots.push(*value),
            RuleActionKind::Transmit(value) => roots.push(*value),
            RuleActionKind::If { condition, then, otherwise } => {
                roots.push(*condition);
                action_roots(then, roots);
                action_roots(otherwise, roots);
            }
        }
    }
}

struct Look<'h> {
    hir: &'h Hir,
    lets: &'h Lets,
    id: RuleId,
    side: SynapseSide,
}

impl Look<'_> {
    fn breaches(&self, root: ExprId) -> Vec<(Span, Breach)> {
        let mut found = vec![];
        walk(self.hir, root, &mut |_, expr| {
            let breach = match &expr.kind {
                ExprKind::Ref(Ref::Var(var)) => self.variable(*var),
                ExprKind::Ref(Ref::Pre) if self.side == SynapseSide::Post => {
                    Some(Breach::OtherSide("pre".into()))
                }
                ExprKind::Ref(Ref::Post) if self.side == SynapseSide::Pre => {
                    Some(Breach::OtherSide("post".into()))
                }
                ExprKind::Ref(Ref::Distance) => Some(Breach::PerSynapse("distance".into(), "is of a pair")),
                _ => None,
            };
            found.extend(breach.map(|breach| (expr.span, breach)));
        });
        found
    }

    fn variable(&self, var: VarId) -> Option<Breach> {
        let of = &self.hir.rule(self.id).vars[var.index()];
        let per_synapse = |what| Some(Breach::PerSynapse(of.name.clone(), what));
        match &of.kind {
            RuleVarKind::Weight | RuleVarKind::Delay | RuleVarKind::Synapse { .. } => {
                per_synapse("is of a synapse")
            }
            RuleVarKind::Trace { side, .. } if *side != self.side => Some(Breach::OtherSide(of.name.clone())),
            RuleVarKind::Modulator if self.side == SynapseSide::Pre => per_synapse("may be of the target"),
            RuleVarKind::Param { default: Some(value), .. } if draws(self.hir, *value) => {
                per_synapse("is drawn for each synapse")
            }
            RuleVarKind::Let { .. } => {
                let sides = self.lets.get(&(self.id, var))?;
                sides[usize::from(self.side == SynapseSide::Post)].clone()
            }
            RuleVarKind::Trace { .. } | RuleVarKind::Modulator | RuleVarKind::Param { .. } => None,
        }
    }
}

fn draws(hir: &Hir, value: ExprId) -> bool {
    let mut found = false;
    walk(hir, value, &mut |_, expr| {
        found |= matches!(expr.kind, ExprKind::Draw { .. } | ExprKind::Redraw { .. });
    });
    found
}

/// What of an expression a synapse has of its own, also through `let`s and functions.
fn of_synapse(hir: &Hir, rule: &Rule, root: ExprId) -> Vec<(Span, Arc<str>)> {
    let held = |var: &VarId| {
        let var = &rule.vars[var.index()];
        let held = match var.kind {
            RuleVarKind::Weight | RuleVarKind::Delay | RuleVarKind::Synapse { .. } => true,
            RuleVarKind::Param { default: Some(value), .. } => draws(hir, value),
            RuleVarKind::Param { default: None, .. } | RuleVarKind::Modulator => false,
            RuleVarKind::Let { .. } | RuleVarKind::Trace { .. } => false,
        };
        held.then(|| var.name.clone())
    };
    let mut found = vec![];
    walk(hir, root, &mut |id, expr| {
        let read = match &expr.kind {
            ExprKind::Ref(Ref::Var(_)) => variables(hir, rule, [id]),
            ExprKind::CallFn { function, .. } => {
                let of = &hir.functions[function.index()];
                if !matches!(of.owner, Owner::Rule(_)) {
                    return;
                }
                variables(hir, rule, [of.body])
            }
            _ => return,
        };
        found.extend(read.iter().find_map(held).map(|name| (expr.span, name)));
    });
    found
}

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
