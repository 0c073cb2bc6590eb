//! Proofs about what an experiment sets, said at the statement.
//!
//! In: the `set`s whose value is known before the run. Out: findings: a parameter leaves its range, or what must
//! hold of the cell does not hold with the new value.

use super::judge::{self, Need, Verdict};
use super::{Finding, Prover, Subject, is_unknown};
use crate::bound::{Bounds, Estimate, Place, SetParameter, Site};
use crate::check::Types;
use crate::diagnose::{Diagnostic, Sink, Sources};
use crate::hir::{ExprId, Hir, VarId, VarKind};
use crate::interval::Interval;
use crate::net::{DriveKind, Net};
use circ_grammar::ast::Span;
use std::collections::BTreeSet;

impl Prover<'_> {
    pub(super) fn sets(&mut self) {
        for set in self.bounds.sets().to_vec() {
            if self.sink.is_full() {
                return;
            }
            let site = Site::new(Place::Cell(set.population), Some(self.bounds.net.experiment));
            self.set_parts(set.expr, site);
            if !is_unknown(set.value.interval) {
                self.set_range(&set);
                self.set_cell(&set);
            }
        }
        for set in self.bounds.set_drives().to_vec() {
            let site = Site::new(Place::Outside, Some(self.bounds.net.experiment));
            self.set_parts(set.expr, site.clone());
            let drive = self.bounds.net.drives.get(set.drive as usize);
            if is_unknown(set.value.interval)
                || !drive.is_some_and(|drive| matches!(drive.kind, DriveKind::Poisson { .. }))
            {
                continue;
            }
            self.judge(Finding {
                at: self.span(set.expr),
                expr: Some(set.expr),
                need: Need::Within(judge::NOT_NEGATIVE),
                found: set.value,
                subject: Subject::Rate,
                site,
            });
        }
    }

    /// What the parts of a value must be: divisors, above all.
    fn set_parts(&mut self, expr: ExprId, site: Site) {
        let mut site = site;
        let parts = self.hear(|this| {
            this.bounds.estimate(expr, &mut site);
        });
        for finding in parts {
            self.judge(finding);
        }
    }

    fn set_range(&mut self, set: &SetParameter) {
        let Some(VarKind::Param { range: Some(range), .. }) =
            self.variable(set.population, set.var).map(|var| var.kind.clone())
        else {
            return;
        };
        let Some(bounds) = self.bounds.range(set.population, range) else { return };
        let declared = self.span(range.0).to(self.span(range.1));
        let subject = Subject::Parameter { population: set.population, var: set.var, declared };
        let finding = self.at_set(set, Need::Within(bounds), subject);
        self.judge(finding);
    }

    fn at_set(&self, set: &SetParameter, need: Need, subject: Subject) -> Finding {
        let site = Site::new(Place::Cell(set.population), Some(self.bounds.net.experiment));
        let at = self.span(set.expr);
        Finding { at, expr: Some(set.expr), need, found: set.value.clone(), subject, site }
    }

    /// What does not hold with the new value, and holds with the others, is the statement's mistake.
    fn set_cell(&mut self, set: &SetParameter) {
        let built = self.bounds.built(set.population, set.var);
        let before = self.broken(set.population, set.var, [(set.var, built)]);
        let after = self.broken(set.population, set.var, [(set.var, set.value.clone())]);
        let (at, target) = (self.span(set.expr), self.text(set.target));
        for (finding, verdict) in after {
            if before.iter().any(|(other, _)| other.at == finding.at) {
                continue;
            }
            let message = self.message(&finding, verdict);
            self.said.insert((message.span, message.rule.name));
            self.say(moved(message, at, &target));
        }
    }

    /// What does not hold of a population while some of its parameters have these values; the range of `var` is
    /// looked at by itself.
    fn broken(
        &mut self,
        population: u32,
        var: VarId,
        values: impl IntoIterator<Item = (VarId, Estimate)>,
    ) -> Vec<(Finding, Verdict)> {
        let kept = self.bounds.replace(population, values);
        let findings = self.cell_findings(population);
        self.bounds.restore(kept);
        let mut seen = BTreeSet::new();
        let judged = findings.into_iter().filter_map(|finding| {
            let verdict = judge::verdict(finding.need, &finding.found);
            let counts = verdict != Verdict::Holds && finding.must_be_proved();
            let own_range = matches!(finding.subject, Subject::Parameter { var: of, .. } if of == var);
            (counts && !own_range && seen.insert(finding.at)).then_some((finding, verdict))
        });
        judged.collect()
    }
}

/// A parameter that a run has set, with what its population's parameters were and are.
#[derive(Clone, Copy, Debug)]
pub struct WasSet<'a> {
    pub population: u32,
    pub var: VarId,
    pub before: &'a [(VarId, Interval)],
    pub after: &'a [(VarId, Interval)],
    /// The target of the statement.
    pub at: Span,
}

/// What does not hold any more of a population after a `set` of what only the run knows.
pub fn after_set(hir: &Hir, types: &Types, net: &Net, sources: &Sources, set: WasSet) -> Option<Diagnostic> {
    let mut sink = Sink::default();
    let mut prover = Prover::new(Bounds::new(hir, types, net), sources, &mut sink);
    let mut broken = |values: &[(VarId, Interval)]| {
        let values = values.iter().map(|(var, value)| (*var, Estimate::of(*value)));
        prover.broken(set.population, set.var, values)
    };
    let (before, after) = (broken(set.before), broken(set.after));
    let new = after.into_iter().find(|(finding, _)| before.iter().all(|(other, _)| other.at != finding.at));
    new.map(|(finding, verdict)| {
        let message = prover.message(&finding, verdict);
        let name = prover.variable(set.population, set.var).map_or("", |var| &var.name).to_string();
        moved(message, set.at, &name)
    })
}

/// Says at the statement what goes wrong elsewhere.
pub(super) fn moved(
    message: crate::diagnose::Diagnostic,
    to: Span,
    target: &str,
) -> crate::diagnose::Diagnostic {
    let mut message = message;
    let from = message.span;
    message.span = to;
    message.labels.retain(|(span, _)| *span != to);
    message.labels.sort_by_key(|(span, _)| *span != from);
    message.labels.insert(0, (to, format!("`{target}` is set here")));
    message.help = None;
    message
}
