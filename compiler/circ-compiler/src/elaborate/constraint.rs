//! Constraints of circuits: their order, and `dale`.
//!
//! In: constraints, when all populations and projections are there. Out: messages, and the constraints that the
//! build and the run are held to.

use super::{Elaborator, Wired};
use crate::diagnose::build as say;
use crate::eval::{self, NotBuilt};
use crate::hir::{self, ConstraintKind, ExprId};
use crate::net::{self, EnvironmentId};
use crate::resolve::graph;
use circ_grammar::ast::{Polarity, Span};
use circ_plan::plan::View;
use std::collections::BTreeSet;

/// Whether a constraint speaks of synapses.
fn on_synapses(hir: &hir::Hir, constraint: &hir::Constraint) -> bool {
    let (ConstraintKind::Require(root)
    | ConstraintKind::Monitor { condition: root, .. }
    | ConstraintKind::Enforce(hir::Enforce { equation: root, .. })) = constraint.kind
    else {
        return false;
    };
    let mut found = false;
    graph::walk(hir, root, &mut |_, expr| {
        found |= matches!(&expr.kind, hir::ExprKind::Measure { name, .. }
            if matches!(&**name, "in_degree" | "out_degree" | "weight_sum"));
    });
    found
}

/// A `dale` clause: the populations that it speaks of.
pub(super) struct Dale {
    populations: Vec<u32>,
    span: Span,
}

/// Who sends where, for `dale`.
#[derive(Clone, Debug)]
pub(super) struct SenderNote {
    pub projection: u32,
    pub span: Span,
    pub clause: Option<Polarity>,
    pub corelease: bool,
}

impl Elaborator<'_> {
    /// First what is scaled: only then is known which weights are as they are written.
    pub(super) fn constraints(
        &mut self,
        constraints: &[(&hir::Constraint, EnvironmentId)],
        wired: Wired,
        statements: &[hir::Statement],
    ) {
        let hir = self.hir;
        let decided =
            |it: &&(&hir::Constraint, EnvironmentId)| wired == Wired::All || !on_synapses(hir, it.0);
        let all: Vec<_> = constraints.iter().filter(decided).copied().collect();
        let constraints = &all[..];
        for (constraint, environment) in constraints {
            if let ConstraintKind::Enforce(enforce) = &constraint.kind {
                self.enforce(enforce, *environment, constraint.span);
            }
        }
        self.experiment_enforces(statements, EnvironmentId(0));
        self.order_enforces();
        for (constraint, environment) in constraints {
            self.constraint(constraint, *environment);
        }
        self.check_dale();
        self.balances(constraints, statements);
    }

    fn constraint(&mut self, constraint: &hir::Constraint, environment: EnvironmentId) -> Option<()> {
        match &constraint.kind {
            ConstraintKind::Dale(views) => {
                let populations = self.dale_populations(views, environment)?;
                self.dale.push(Dale { populations, span: constraint.span });
                let (kind, span) = (net::ConstraintKind::Dale, constraint.span);
                self.net.constraints.push(net::Constraint { kind, environment, span });
                Some(())
            }
            ConstraintKind::Require(condition) => self.require(*condition, environment, constraint.span),
            ConstraintKind::Monitor { condition, stops } => {
                self.monitor(*condition, *stops, environment, constraint.span)
            }
            ConstraintKind::Enforce(_) => Some(()),
        }
    }

    /// The populations of the views; without views all of this instance and its parts.
    fn dale_populations(&mut self, views: &[ExprId], environment: EnvironmentId) -> Option<Vec<u32>> {
        if views.is_empty() {
            let prefix = &self.net.environments.get(environment.0 as usize)?.prefix;
            let all =
                self.net.populations.iter().enumerate().filter(|(_, p)| p.path.starts_with(prefix.as_str()));
            return Some(all.map(|(k, _)| k as u32).collect());
        }
        let mut populations = BTreeSet::new();
        for view in views {
            let mut scope = self.scope(environment);
            let found: eval::Evaluated<View> = eval::view(*view, &mut scope, &mut NotBuilt);
            populations.extend(self.keep(found)?.segments.iter().map(|s| s.population));
        }
        Some(populations.into_iter().collect())
    }

    /// Keeps what `dale` has to know of a projection.
    pub(super) fn note_sender(&mut self, projection: &hir::Projection, id: u32) {
        self.senders.push(SenderNote {
            projection: id,
            span: self.span(projection.target),
            clause: projection.polarity,
            corelease: projection.allow_corelease,
        });
    }

    /// Under `dale` whoever sends to a port that is not modulatory has one polarity.
    pub(super) fn check_dale(&mut self) {
        for dale in std::mem::take(&mut self.dale) {
            for population in &dale.populations {
                self.check_dale_of(*population, dale.span);
            }
            self.demand_proof(&dale);
        }
    }

    /// Signs of what these populations send are proved, not looked at when the network is built.
    fn demand_proof(&mut self, dale: &Dale) {
        let under: BTreeSet<u32> = dale.populations.iter().copied().collect();
        for projection in &mut self.net.projections {
            if projection.source.segments.iter().any(|segment| under.contains(&segment.population)) {
                projection.dale.get_or_insert(dale.span);
            }
        }
    }

    fn check_dale_of(&mut self, population: u32, dale: Span) {
        let sends = |note: &SenderNote| {
            let projection = self.net.projections.get(note.projection as usize)?;
            let from = projection.source.segments.iter().any(|s| s.population == population);
            (from && !self.is_modulatory(projection)).then(|| (note.clone(), projection))
        };
        let notes: Vec<_> = self.senders.iter().filter_map(sends).collect();
        let Some(declared) = self.net.populations.get(population as usize) else {
            return;
        };
        let mut messages = vec![];
        if declared.polarity.is_none()
            && let Some((note, projection)) = notes.iter().find(|(note, _)| note.clause.is_none())
        {
            let to = format!("{}.{}", self.target_name(projection), projection.ports.written);
            messages.push(say::dale_polarity(declared.span, &declared.path, &to, note.span, dale));
        }
        for (k, (a, from)) in notes.iter().enumerate() {
            for (b, other) in &notes[..k] {
                let (Some(here), Some(there)) = (a.clause, b.clause) else {
                    continue;
                };
                let free = a.corelease && b.corelease;
                if here != there && !free && eval::contains(&from.source, &other.source) {
                    messages.push(say::dale_conflict(a.span, &declared.path, here, there, b.span));
                }
            }
        }
        messages.into_iter().for_each(|message| self.sink.push(message));
    }

    fn is_modulatory(&self, projection: &net::Projection) -> bool {
        projection.ports.of(&projection.target).all(|(segment, port)| {
            let population = self.net.populations.get(segment.population as usize);
            let cell = population.and_then(|p| self.hir.cells.get(p.cell.index()));
            let var = cell.and_then(|cell| cell.vars.get(cell.var_at(port)?.index()));
            let modulatory = |var: &hir::Var| {
                matches!(var.kind, hir::VarKind::Port { polarity: Some(Polarity::Modulatory), .. })
            };
            var.is_some_and(modulatory)
        })
    }

    fn target_name(&self, projection: &net::Projection) -> String {
        let first =
            projection.target.segments.first().and_then(|s| self.net.populations.get(s.population as usize));
        first.map_or(String::new(), |p| p.path.clone())
    }
}
