//! `@allow(rule-name)`: takes out the warnings and notes that a program does not want to hear.
//!
//! In: trees and diagnostics. Out: the diagnostics that are left, and what is wrong with the `@allow`s
//! themselves. One stands before an item and holds for the whole text of it, by the place of a message; no lint
//! needs to know.

use crate::diagnose::{Diagnostic, Level, Rule, allow as say, suggest};
use crate::resolve::Module;
use circ_grammar::ast::*;

/// Whether an `@allow` without effect is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Idle {
    /// Every lint has spoken of the whole program: what silences nothing never will.
    Report,
    /// Only a part was looked at, or mistakes kept lints quiet.
    Keep,
}

/// Every `@allow` of a program.
pub struct Allows<'a> {
    all: Vec<Allowed<'a>>,
    main: FileId,
}

/// One rule name of one `@allow`.
struct Allowed<'a> {
    name: &'a Name,
    /// Of the item that it stands before.
    span: Span,
    used: bool,
}

impl<'a> Allows<'a> {
    /// Those of these files, the main one first.
    pub fn of(modules: &'a [Module]) -> Allows<'a> {
        let mut all = vec![];
        modules.iter().for_each(|module| collect_file(&module.file, &mut all));
        Allows { all, main: modules.first().map_or(FileId(0), |module| module.file.id) }
    }

    /// The diagnostics that none silences.
    pub fn silence(&mut self, found: Vec<Diagnostic>) -> Vec<Diagnostic> {
        let is_left = |it: &Diagnostic| it.rule.level == Level::Error || !is_allowed(it, &mut self.all);
        found.into_iter().filter(is_left).collect()
    }

    /// What is wrong with those of the main file, once everything was to be silenced. `rules` are all that there are.
    pub fn complaints(&self, rules: &[&'static Rule], idle: Idle) -> Vec<Diagnostic> {
        let own = self.all.iter().filter(|allowed| allowed.name.span.file == self.main);
        own.filter_map(|allowed| complaint(allowed, rules, idle)).collect()
    }
}

fn is_allowed(diagnostic: &Diagnostic, allowed: &mut [Allowed]) -> bool {
    let (rule, at) = (diagnostic.rule.name, diagnostic.span);
    let mut silenced = false;
    for allowed in allowed.iter_mut().filter(|it| &*it.name.text == rule && holds(it.span, at)) {
        allowed.used = true;
        silenced = true;
    }
    silenced
}

fn holds(outer: Span, inner: Span) -> bool {
    outer.file == inner.file && outer.start <= inner.start && inner.end <= outer.end
}

fn complaint(allowed: &Allowed, rules: &[&'static Rule], idle: Idle) -> Option<Diagnostic> {
    let name = allowed.name;
    let Some(rule) = rules.iter().find(|rule| *rule.name == *name.text) else {
        return Some(say::unknown_rule(name.span, &name.text, meant(&name.text, rules)));
    };
    if rule.level == Level::Error {
        return Some(say::allow_of_error(name.span, &name.text));
    }
    let said_later = say::SAID_LATER.contains(&rule.name);
    (idle == Idle::Report && !allowed.used && !said_later).then(|| say::unused_allow(name.span, &name.text))
}

/// The warning or note that a name most likely stands for: `unused-param` begins one.
fn meant(written: &str, rules: &[&'static Rule]) -> Option<String> {
    let mut quiet = rules.iter().filter(|rule| rule.level != Level::Error).map(|rule| rule.name);
    let begun = quiet.clone().find(|name| 3 < written.len() && name.starts_with(written));
    begun.map(str::to_string).or_else(|| suggest::nearest(written, &mut quiet))
}

fn collect_file<'a>(file: &'a File, out: &mut Vec<Allowed<'a>>) {
    for item in &file.items {
        node(item, out);
        match &item.kind {
            ItemKind::Cell(cell) => cell_items(&cell.items, out),
            ItemKind::Rule(rule) => rule_items(&rule.items, out),
            ItemKind::Circuit(circuit) => circuit_items(&circuit.items, out),
            ItemKind::Experiment(experiment) => statements(&experiment.items, out),
            ItemKind::Use { .. }
            | ItemKind::Let(_)
            | ItemKind::Data(_)
            | ItemKind::Fn(_)
            | ItemKind::Error => {}
        }
    }
}

fn node<'a, K>(node: &'a Node<K>, out: &mut Vec<Allowed<'a>>) {
    out.extend(node.attributes.allow.iter().map(|name| Allowed { name, span: node.span, used: false }));
}

fn nodes<'a, K>(list: &'a [Node<K>], out: &mut Vec<Allowed<'a>>) {
    list.iter().for_each(|it| node(it, out));
}

fn cell_items<'a>(items: &'a [CellItem], out: &mut Vec<Allowed<'a>>) {
    for item in items {
        node(item, out);
        match &item.kind {
            CellItemKind::Segment { items, .. } | CellItemKind::For { items, .. } => cell_items(items, out),
            CellItemKind::Spike { body, .. } | CellItemKind::Event { body, .. } => {
                actions(body.as_deref().unwrap_or_default(), out)
            }
            CellItemKind::On { body, .. } | CellItemKind::OnEnd { body, .. } => actions(body, out),
            CellItemKind::Mode { items, .. } => nodes(items, out),
            CellItemKind::Param(_)
            | CellItemKind::State(_)
            | CellItemKind::Equation(_)
            | CellItemKind::Let(_)
            | CellItemKind::Fn(_)
            | CellItemKind::Port { .. }
            | CellItemKind::Couple { .. }
            | CellItemKind::Method(_)
            | CellItemKind::Precision(_)
            | CellItemKind::Error => {}
        }
    }
}

fn actions<'a>(list: &'a [Action], out: &mut Vec<Allowed<'a>>) {
    for action in list {
        node(action, out);
        if let ActionKind::If { then, otherwise, .. } = &action.kind {
            actions(then, out);
            actions(otherwise, out);
        }
    }
}

fn rule_items<'a>(items: &'a [RuleItem], out: &mut Vec<Allowed<'a>>) {
    for item in items {
        node(item, out);
        match &item.kind {
            RuleItemKind::On { body, .. } | RuleItemKind::Every { body, .. } => actions(body, out),
            RuleItemKind::Trace { body, .. } => {
                for item in body {
                    if let TraceItem::On { body, .. } = item {
                        actions(body, out);
                    }
                }
            }
            RuleItemKind::Param(_)
            | RuleItemKind::Modulator { .. }
            | RuleItemKind::Let(_)
            | RuleItemKind::Fn(_)
            | RuleItemKind::Equation(_)
            | RuleItemKind::Synapse { .. }
            | RuleItemKind::Bounds { .. }
            | RuleItemKind::Store { .. }
            | RuleItemKind::Rewire { .. }
            | RuleItemKind::Error => {}
        }
    }
}

fn circuit_items<'a>(items: &'a [CircuitItem], out: &mut Vec<Allowed<'a>>) {
    for item in items {
        node(item, out);
        match &item.kind {
            CircuitItemKind::Population { population, .. } => nodes(&population.items, out),
            CircuitItemKind::Drive { drive, .. } => nodes(&drive.clauses, out),
            CircuitItemKind::Projection { projection, .. } => nodes(&projection.clauses, out),
            CircuitItemKind::For { items, .. } => circuit_items(items, out),
            CircuitItemKind::If { then, otherwise, .. } => {
                circuit_items(then, out);
                circuit_items(otherwise, out);
            }
            CircuitItemKind::Constraints(constraints) => nodes(constraints, out),
            CircuitItemKind::Part { .. }
            | CircuitItemKind::Data { .. }
            | CircuitItemKind::Let { .. }
            | CircuitItemKind::Fn(_)
            | CircuitItemKind::Error => {}
        }
    }
}

fn statements<'a>(items: &'a [Statement], out: &mut Vec<Allowed<'a>>) {
    for item in items {
        node(item, out);
        match &item.kind {
            StatementKind::Drive(drive) => nodes(&drive.clauses, out),
            StatementKind::For { items, .. }
            | StatementKind::Trials { items, .. }
            | StatementKind::Repeat { items, .. } => statements(items, out),
            StatementKind::If { then, otherwise, .. } => {
                statements(then, out);
                statements(otherwise, out);
            }
            _ => {}
        }
    }
}
