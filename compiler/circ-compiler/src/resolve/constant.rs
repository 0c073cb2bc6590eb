//! What is constant while time runs follows nothing that changes: parameters, ranges, time constants; of rules bounds
//! and intervals too.
//!
//! In: a resolved program without circles. Out: reports.

use super::graph::{Node, name, owner, reads, taus, walk};
use crate::diagnose::{Sink, structure};
use crate::hir::*;
use circ_grammar::ast::Span;
use smallvec::{SmallVec, smallvec};
use std::collections::BTreeSet;

/// Parameters, their ranges and time constants may not follow states, ports, modes or the time.
pub(super) fn check_constant(hir: &Hir, sink: &mut Sink) {
    let mut varying: BTreeSet<Node> = BTreeSet::new();
    for &node in &hir.order {
        if varies(hir, node, &varying) {
            varying.insert(node);
        }
    }
    for (at, cell) in hir.cells.iter().enumerate() {
        let owner = Owner::Cell(CellId(at as u32));
        for var in &cell.vars {
            let (what, roots): (_, SmallVec<[ExprId; 3]>) = match &var.kind {
                VarKind::Param { range, default } => (
                    format!("the parameter `{}`", var.name),
                    range.iter().flat_map(|(lo, hi)| [*lo, *hi]).chain(*default).collect(),
                ),
                VarKind::State { range: Some((lo, hi)), .. } => {
                    (format!("the range of `{}`", var.name), smallvec![*lo, *hi])
                }
                VarKind::Port { shape, .. } => (format!("the time constant of `{}`", var.name), taus(shape)),
                VarKind::State { .. } | VarKind::Let { .. } => continue,
            };
            if let Some((reads, at)) = roots.iter().find_map(|root| follows(hir, owner, *root, &varying)) {
                let is_param = matches!(var.kind, VarKind::Param { .. });
                sink.push(structure::not_constant(
                    at,
                    &what,
                    &reads,
                    var.span,
                    is_param.then_some(&*var.name),
                ));
            }
        }
    }
    check_constant_rules(hir, &varying, sink);
}

/// As for cells, of rules.
fn check_constant_rules(hir: &Hir, varying: &BTreeSet<Node>, sink: &mut Sink) {
    for (at, rule) in hir.rules.iter().enumerate() {
        let owner = Owner::Rule(RuleId(at as u32));
        for (what, roots, declared, parameter) in rule_constants(rule) {
            if let Some((reads, at)) = roots.iter().find_map(|root| follows(hir, owner, *root, varying)) {
                sink.push(structure::not_constant(at, &what, &reads, declared, parameter));
            }
        }
    }
}

fn varies(hir: &Hir, node: Node, varying: &BTreeSet<Node>) -> bool {
    let root = match node {
        Node::Rate(..) => return true,
        Node::Global(_) | Node::Slot(..) => return false,
        Node::Function(id) => hir.functions[id.index()].body,
        Node::Var(cell, var) => match &hir.cell(cell).vars[var.index()].kind {
            VarKind::State { .. } | VarKind::Port { .. } => return true,
            VarKind::Param { .. } => return false,
            VarKind::Let { value } => *value,
        },
        Node::RuleVar(rule, var) => match &hir.rule(rule).vars[var.index()].kind {
            RuleVarKind::Weight | RuleVarKind::Delay | RuleVarKind::Modulator => return true,
            RuleVarKind::Trace { .. } | RuleVarKind::Synapse { .. } => return true,
            RuleVarKind::Param { .. } => return false,
            RuleVarKind::Let { value } => *value,
        },
    };
    let mut found = false;
    let owner = owner(hir, node);
    walk(hir, root, &mut |_, expr| {
        found |= reads_side(hir, expr);
        found |= matches!(
            expr.kind,
            ExprKind::Draw { .. } | ExprKind::Chance(_) | ExprKind::Noise(_) | ExprKind::Redraw { .. }
        );
        found |= reads(hir, owner, expr).is_some_and(|read| varying.contains(&read));
        found |= matches!(expr.kind, ExprKind::Ref(Ref::Time));
        found |= is_mode(&expr.kind);
    });
    found
}

/// Whether it is a value of a cell at the end of a synapse, which may change; where the cell is does not.
fn reads_side(hir: &Hir, expr: &Expr) -> bool {
    let ExprKind::Field { base, name, .. } = &expr.kind else { return false };
    let place = ["i", "row", "col", "layer", "k"].contains(&&**name);
    !place && matches!(hir.expr(*base).kind, ExprKind::Ref(Ref::Pre | Ref::Post))
}

/// What of a rule is constant: parameters, time constants, bounds, intervals.
fn rule_constants(rule: &Rule) -> Vec<(String, Vec<ExprId>, Span, Option<&str>)> {
    let mut all = vec![];
    for var in &rule.vars {
        match &var.kind {
            RuleVarKind::Param { range, default } => all.push((
                format!("the parameter `{}`", var.name),
                range.iter().flat_map(|(lo, hi)| [*lo, *hi]).chain(*default).collect(),
                var.span,
                Some(&*var.name),
            )),
            RuleVarKind::Trace { dynamics: TraceKind::Spikes { tau, .. }, .. } => {
                all.push((format!("the time constant of `{}`", var.name), vec![*tau], var.span, None))
            }
            RuleVarKind::Trace { dynamics: TraceKind::Block { .. }, .. } => {}
            RuleVarKind::Weight | RuleVarKind::Delay | RuleVarKind::Modulator => {}
            RuleVarKind::Let { .. } | RuleVarKind::Synapse { .. } => {}
        }
    }
    for bounds in &rule.bounds {
        let what = format!("the bounds of `{}`", rule.vars[bounds.var.index()].name);
        all.push((what, vec![bounds.lo, bounds.hi], bounds.span, None));
    }
    for hook in &rule.hooks {
        if let HookKind::Every(interval) = hook.when {
            all.push(("the interval of `every`".to_owned(), vec![interval], hook.span, None));
        }
    }
    let rewire = rule.rewire.iter();
    all.extend(rewire.map(|it| ("the interval of `rewire`".to_owned(), vec![it.interval], it.span, None)));
    all
}

fn is_mode(kind: &ExprKind) -> bool {
    matches!(kind, ExprKind::Ref(Ref::Mode(_)) | ExprKind::OfSegment { member: SegmentMember::Mode(_), .. })
}

/// The first thing in an expression that changes while time runs.
fn follows(hir: &Hir, owner: Owner, root: ExprId, varying: &BTreeSet<Node>) -> Option<(String, Span)> {
    let mut found = None;
    walk(hir, root, &mut |_, expr| {
        let text = match (&expr.kind, reads(hir, owner, expr)) {
            (kind, _) if is_mode(kind) => Some("a mode".to_owned()),
            (_, Some(read)) if varying.contains(&read) => Some(format!("`{}`", name(hir, read).0)),
            _ if matches!(owner, Owner::Rule(_)) && reads_side(hir, expr) => Some("a cell".to_owned()),
            _ => None,
        };
        if let (None, Some(text)) = (&found, text) {
            found = Some((text, expr.span));
        }
    });
    found
}
