//! Proofs about projections and drives.
//!
//! In: weights, delays, probabilities and rates that are expressions. Out: findings. What is one number was looked at
//! when the net was made.

use super::judge::{self, Need};
use super::{Finding, Prover, Subject, closure, is_unknown};
use crate::bound::{Estimate, Place, Site};
use crate::diagnose::build::SignReason;
use crate::hir::VarKind;
use crate::interval::{self, Interval};
use crate::net::{Closure, Connect, DriveKind, Members, Projection, Setting};
use circ_grammar::ast::{Polarity, Span};
use circ_plan::plan::{Sign, View};

impl Prover<'_> {
    pub(super) fn projection(&mut self, at: u32) {
        let net = self.bounds.net;
        let Some(projection) = net.projections.get(at as usize) else { return };
        let site = Site::new(Place::Pair(at), None);
        let mut found = vec![];
        let parts = self.hear(|this| {
            if projection.mirrored().is_none() {
                found.extend(this.connection(projection, &site));
                found.extend(this.weight(projection, &site));
                found.extend(this.delay(projection, &site));
            }
            found.extend(this.flow(projection, &site));
        });
        for finding in found.into_iter().chain(parts) {
            self.judge(finding);
        }
        if let (Some(plasticity), None) = (&projection.plasticity, projection.mirrored()) {
            self.plasticity(at, projection, plasticity);
        }
    }

    fn connection(&mut self, projection: &Projection, site: &Site) -> Option<Finding> {
        match &projection.connect {
            Connect::Probability(setting @ Setting::Each(_)) => {
                let need = Need::Within(judge::PROBABILITY);
                Some(self.of_setting(setting, need, Subject::Probability, site, projection.connect_span))
            }
            Connect::Where(Closure { expr, environment }) => {
                let mut site = Site { environment: Some(*environment), ..site.clone() };
                self.bounds.estimate(*expr, &mut site);
                None
            }
            _ => None,
        }
    }

    fn weight(&mut self, projection: &Projection, site: &Site) -> Option<Finding> {
        let range = match projection.sign {
            Sign::NotNegative => judge::NOT_NEGATIVE,
            Sign::NotPositive => judge::NOT_POSITIVE,
            // Its parts demand things of their own.
            Sign::Free => Interval::UNKNOWN,
        };
        if let Setting::Value(_) = projection.weight {
            return None;
        }
        let reason = self.sign_reason(projection);
        let subject = Subject::Weight { reason, dale: projection.dale };
        Some(self.of_setting(&projection.weight, Need::Within(range), subject, site, projection.weight_span))
    }

    /// Where the weight has no part in it, what flows has the sign that is due.
    fn flow(&mut self, projection: &Projection, site: &Site) -> Option<Finding> {
        let flow = projection.flow?;
        let range = match flow.sign {
            Sign::NotNegative => judge::NOT_NEGATIVE,
            Sign::NotPositive => judge::NOT_POSITIVE,
            Sign::Free => Interval::UNKNOWN,
        };
        let subject = Subject::Flow { reason: self.sign_reason(projection), dale: projection.dale };
        let need = Need::Within(range);
        let mut finding = self.of_setting(&Setting::Each(flow.value), need, subject, site, projection.span);
        // Under `dale` it is to be proved, also where it depends on a state of which nothing is known.
        finding.found.open &= projection.dale.is_none();
        Some(finding)
    }

    /// What demands the sign: the port, else the first source.
    pub(super) fn sign_reason(&self, projection: &Projection) -> SignReason {
        let net = self.bounds.net;
        let polarity = polarity_of_port(self, &projection.target, &projection.ports);
        if let Some(polarity @ (Polarity::Excitatory | Polarity::Inhibitory)) = polarity {
            return SignReason::Port(projection.ports.written.to_string(), polarity);
        }
        let first = projection.source.segments.first();
        let source = first.and_then(|segment| net.populations.get(segment.population as usize));
        let sign = projection.flow.map_or(projection.sign, |flow| flow.sign);
        let polarity = match sign {
            Sign::NotPositive => Polarity::Inhibitory,
            Sign::NotNegative | Sign::Free => Polarity::Excitatory,
        };
        SignReason::Source(source.map_or(String::new(), |source| source.path.clone()), polarity)
    }

    /// Rounded to steps, `delay` and `dendritic` are one step together, and neither is negative.
    fn delay(&mut self, projection: &Projection, site: &Site) -> Vec<Finding> {
        let none = Setting::Value(crate::types::Value::Real(0.0));
        let dendritic = projection.dendritic.as_deref().unwrap_or(&none);
        if closure(&projection.delay).is_none() && closure(dendritic).is_none() {
            return vec![];
        }
        let dt = self.bounds.net.dt;
        let parts = [&projection.delay, dendritic];
        let found = parts.map(|part| self.bounds.setting(part, site));
        let least_of = |estimate: &Estimate| steps(estimate.interval, dt).lo;
        let (axonal, along) = (least_of(&found[0]), least_of(&found[1]));
        let mut findings = vec![];
        for (k, part) in parts.into_iter().enumerate() {
            let Some(expr) = closure(part) else { continue };
            // The other clause may make up for this one, as far as it goes for sure.
            let other = if k == 0 { along } else { axonal };
            let due = if projection.flow.is_some() { 0.0 } else { 1.0 };
            let missing = (due - other.max(0.0)).max(0.0);
            let reached = Interval { nan: false, ..steps(found[k].interval, dt) };
            if missing <= reached.lo || is_unknown(found[k].interval) {
                continue;
            }
            // Half a step is rounded to none; less than nothing is never a duration.
            let need = match missing {
                0.0 => Need::Within(Interval { lo: -0.5 * dt, ..judge::NOT_NEGATIVE }),
                _ => Need::Above(0.5 * dt),
            };
            let environment = match part {
                Setting::Each(closure) => Some(closure.environment),
                Setting::Value(_) => None,
            };
            let site = Site { environment, ..site.clone() };
            let subject = Subject::Delay { least: if missing == 0.0 { 0.0 } else { dt } };
            let at = self.span(expr);
            findings.push(Finding { at, expr: Some(expr), need, found: found[k].clone(), subject, site });
            break;
        }
        findings
    }

    pub(super) fn drive(&mut self, at: u32) {
        let net = self.bounds.net;
        let Some(drive) = net.drives.get(at as usize) else { return };
        let site = Site::new(Place::Drive(at), None);
        let mut found = vec![];
        let parts = self.hear(|this| {
            match &drive.kind {
                DriveKind::Poisson { rate: setting @ Setting::Each(_), .. } => {
                    let need = Need::Within(judge::NOT_NEGATIVE);
                    found.push(this.of_setting(setting, need, Subject::Rate, &site, drive.span));
                }
                DriveKind::Value(setting @ Setting::Each(_)) => {
                    this.bounds.setting(setting, &site);
                }
                _ => {}
            }
            if let Some(weight @ Setting::Each(_)) = &drive.weight {
                found.extend(this.drive_weight(weight, &drive.target, &drive.ports, &site, drive.span));
            }
        });
        for finding in found.into_iter().chain(parts) {
            self.judge(finding);
        }
    }

    /// Drives have no polarity: only the port demands a sign.
    fn drive_weight(
        &mut self,
        weight: &Setting,
        target: &View,
        ports: &Members,
        site: &Site,
        span: Span,
    ) -> Option<Finding> {
        let polarity = polarity_of_port(self, target, ports);
        let need = match polarity {
            Some(Polarity::Excitatory | Polarity::Inhibitory) => judge::NOT_NEGATIVE,
            Some(Polarity::Modulatory) | None => Interval::UNKNOWN,
        };
        let reason = SignReason::Port(ports.written.to_string(), polarity.unwrap_or(Polarity::Modulatory));
        let subject = Subject::Weight { reason, dale: None };
        Some(self.of_setting(weight, Need::Within(need), subject, site, span))
    }

    fn of_setting(
        &mut self,
        setting: &Setting,
        need: Need,
        subject: Subject,
        site: &Site,
        otherwise: Span,
    ) -> Finding {
        let found = self.bounds.setting(setting, site);
        let (expr, environment) = match setting {
            Setting::Each(closure) => (Some(closure.expr), Some(closure.environment)),
            Setting::Value(_) => (None, None),
        };
        let at = expr.map_or(otherwise, |expr| self.span(expr));
        Finding { at, expr, need, found, subject, site: Site { environment, ..site.clone() } }
    }
}

/// Of the first population of a view.
fn polarity_of_port(prover: &Prover, target: &View, ports: &Members) -> Option<Polarity> {
    let segment = target.segments.first()?;
    let population = prover.bounds.net.populations.get(segment.population as usize)?;
    let cell = prover.bounds.hir.cells.get(population.cell.index())?;
    match &cell.vars.get(cell.var_at(ports.first())?.index())?.kind {
        VarKind::Port { polarity, .. } => *polarity,
        _ => None,
    }
}

/// The numbers of steps that a duration is rounded to.
fn steps(duration: Interval, dt: f64) -> Interval {
    let steps = duration / Interval::point(dt);
    interval::call(crate::hir::Builtin::Round, &[steps])
}
