//! Settings of an experiment: each stands at most once, before the first `run`, and in no block.
//!
//! In: the statements of an experiment. Out: reports. A step or a seed holds for the whole run, so one that
//! seems to begin later, or to hold on a condition, would not mean what it looks like.

use super::Resolver;
use crate::diagnose::{names, structure};
use circ_grammar::ast::{Statement, StatementKind};
use std::collections::BTreeMap;

impl Resolver<'_> {
    pub(super) fn check_settings(&mut self, items: &[Statement]) {
        let mut first = BTreeMap::new();
        let mut ran = false;
        for item in items {
            ran |= runs(&item.kind);
            let Some(word) = setting(&item.kind) else { continue };
            let what = format!("`{word}`");
            if ran {
                self.sink.push(names::out_of_place(item.span, &what, "stands before the first `run`"));
            } else if let Some(before) = first.insert(word, item.span) {
                self.sink.push(structure::duplicate_clause(item.span, word, before));
            }
        }
    }

    /// In a block of statements there are none.
    pub(super) fn refuse_settings(&mut self, items: &[Statement]) {
        for item in items {
            if let Some(word) = setting(&item.kind) {
                let due = "holds for the whole experiment, so it stands in no block";
                self.sink.push(names::out_of_place(item.span, &format!("`{word}`"), due));
            }
        }
    }
}

/// Whether it is a `run`, or holds one.
fn runs(kind: &StatementKind) -> bool {
    match kind {
        StatementKind::Run { .. } => true,
        StatementKind::For { items, .. }
        | StatementKind::Trials { items, .. }
        | StatementKind::Repeat { items, .. } => items.iter().any(|item| runs(&item.kind)),
        StatementKind::If { then, otherwise, .. } => {
            then.iter().chain(otherwise).any(|item| runs(&item.kind))
        }
        _ => false,
    }
}

fn setting(kind: &StatementKind) -> Option<&'static str> {
    match kind {
        StatementKind::Dt(_) => Some("dt"),
        StatementKind::Seed(_) => Some("seed"),
        StatementKind::Precision(_) => Some("precision"),
        StatementKind::Method(_) => Some("method"),
        StatementKind::Sweep(_) => Some("sweep"),
        _ => None,
    }
}
