//! `clamp` and `release`: which states can be held while an experiment runs.
//!
//! In: the statements, when the network is there. Out: for every population the states that some `clamp` names, which
//! need memory of whether they are held; messages about what is no state, and about a `release` of what no `clamp`
//! holds. Where the run decides which segments are meant, it may be any of them.

use super::Elaborator;
use super::statements::{changed, reads};
use crate::diagnose::value::NEEDS_RUN;
use crate::diagnose::{lint, structure};
use crate::eval::{self, NotBuilt, Thing, segment::template};
use crate::hir::{Experiment, ExprId, ExprKind, SlotId, Statement, StatementKind, VarKind};
use crate::net::EnvironmentId;
use crate::resolve::kind_words;
use circ_grammar::ast::Span;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Something of a population, by its index and by its name in the unrolled cell; of all instances of a segment where
/// that has no index.
type Named = (u32, Arc<str>);

/// What a target names.
enum Target {
    States(Vec<Named>),
    Populations(Vec<u32>),
    /// Only the run can tell.
    Unknown,
    /// A mistake that is reported elsewhere.
    Mistaken,
}

/// Where targets are read.
struct Place {
    environment: EnvironmentId,
    /// `let`s whose value depends on which statements have run.
    changed: BTreeSet<SlotId>,
}

impl Elaborator<'_> {
    pub(super) fn clamps(&mut self, experiment: &Experiment, environment: EnvironmentId) {
        let (mut clamps, mut releases) = (vec![], vec![]);
        find(&experiment.statements, &mut clamps, &mut releases);
        if clamps.is_empty() && releases.is_empty() {
            return;
        }
        let place = Place { environment, changed: changed(self.hir, experiment, &experiment.assigned()) };
        let mistaken = clamps.into_iter().filter(|target| !self.clamp(*target, &place)).count();
        if 0 < mistaken {
            // What is released may be what was to be clamped.
            return;
        }
        releases.into_iter().for_each(|(at, targets)| self.release(at, targets, &place));
    }

    /// Whether it is known what is clamped.
    fn clamp(&mut self, target: ExprId, place: &Place) -> bool {
        let states = match self.target(target, place) {
            Target::States(states) => states,
            Target::Unknown => {
                let what = "`clamp` of a population that only the run knows";
                self.sink.push(structure::not_yet(self.span(target), what));
                return false;
            }
            Target::Populations(_) | Target::Mistaken => return false,
        };
        for (population, name) in states {
            if !self.is_state(population, &name, target) {
                return false;
            }
            if let Some(population) = self.net.populations.get_mut(population as usize) {
                population.clamped.insert(name);
            }
        }
        true
    }

    /// Reports what is none.
    fn is_state(&mut self, population: u32, name: &str, target: ExprId) -> bool {
        let Some(population) = self.net.populations.get(population as usize) else { return false };
        let cell = template(self.hir, population.cell);
        let Some(var) = cell.var_at(name).map(|var| &cell.vars[var.index()]) else { return false };
        if matches!(var.kind, VarKind::State { .. }) {
            return true;
        }
        let is = kind_words(&var.kind);
        let message =
            structure::not_a_state(self.span(target), &var.name, is, "`clamp` holds", Some(var.span));
        self.sink.push(message);
        false
    }

    /// Nothing is held that no statement clamps.
    fn release(&mut self, at: Span, targets: &[ExprId], place: &Place) {
        if targets.is_empty() && self.net.populations.iter().all(|it| it.clamped.is_empty() && !it.silenced) {
            self.sink.push(lint::release_without_clamp(at, None));
        }
        for target in targets {
            let population = |index: u32| self.net.populations.get(index as usize);
            let held = |index: u32| population(index).is_some_and(|it| !it.clamped.is_empty() || it.silenced);
            let (what, is_held) = match self.target(*target, place) {
                Target::States(states) => {
                    let is_held =
                        |(index, name): &Named| population(*index).is_some_and(|it| it.may_hold(name));
                    (states.first().map(|(_, name)| name.to_string()), states.iter().any(is_held))
                }
                Target::Populations(indices) => {
                    let first = indices.first().and_then(|index| population(*index));
                    (first.map(|first| first.path.clone()), indices.into_iter().any(held))
                }
                Target::Unknown | Target::Mistaken => continue,
            };
            if !is_held {
                self.sink.push(lint::release_without_clamp(self.span(*target), what.as_deref()));
            }
        }
    }

    fn target(&self, target: ExprId, place: &Place) -> Target {
        if reads(self.hir, target, &place.changed) {
            return self.whichever(target, place);
        }
        let mut scope = self.scope(place.environment);
        match eval::thing(target, &mut scope, &mut NotBuilt) {
            Ok(Thing::Member { view, names, .. }) => {
                let named = names.of(&view).map(|(segment, name)| (segment.population, name.clone()));
                Target::States(named.collect())
            }
            Ok(found) => match eval::view_of(found, self.span(target), &scope) {
                Ok(view) => Target::Populations(view.segments.iter().map(|it| it.population).collect()),
                Err(_) => Target::Mistaken,
            },
            Err(reason) if reason.rule.name == NEEDS_RUN.name => self.whichever(target, place),
            Err(_) => Target::Mistaken,
        }
    }

    /// What a target names, whatever the indices in it are.
    fn whichever(&self, target: ExprId, place: &Place) -> Target {
        let (mut at, mut names) = (target, vec![]);
        loop {
            let mut scope = self.scope(place.environment);
            if !reads(self.hir, at, &place.changed)
                && let Ok(view) = eval::view(at, &mut scope, &mut NotBuilt)
            {
                names.reverse();
                let (name, populations) = (names.join("."), view.segments.iter().map(|it| it.population));
                return match names.is_empty() {
                    true => Target::Populations(populations.collect()),
                    false => Target::States(populations.map(|it| (it, name.as_str().into())).collect()),
                };
            }
            at = match &self.hir.expr(at).kind {
                ExprKind::Field { base, name, .. } => {
                    names.push(&**name);
                    *base
                }
                ExprKind::Index { base, .. } => *base,
                _ => return Target::Unknown,
            };
        }
    }
}

fn find<'a>(statements: &'a [Statement], clamps: &mut Vec<ExprId>, releases: &mut Vec<(Span, &'a [ExprId])>) {
    for statement in statements {
        match &statement.kind {
            StatementKind::Clamp { target, .. } | StatementKind::Freeze(target) => clamps.push(*target),
            StatementKind::Release(targets) => releases.push((statement.span, targets)),
            other => other.blocks().into_iter().for_each(|block| find(block, clamps, releases)),
        }
    }
}
