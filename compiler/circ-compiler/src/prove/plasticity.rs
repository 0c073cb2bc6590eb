//! Proofs about projections that learn: the bounds of a rule keep the sign that the port and the source demand.
//!
//! In: a projection with its rule and what it gives it. Out: messages, where the rule is attached. Under `dale` a sign
//! is to be proved, also of what `transmit` delivers; without it only what is wrong for sure is an error.

use super::judge::{self, Need, Verdict};
use super::{Finding, Prover, Subject};
use crate::bound::{Estimate, Place, Site};
use crate::diagnose::rule as say;
use crate::hir::{
    Budget, ExprId, Pick, Rewire, Rule, RuleAction, RuleActionKind, RuleBounds, RuleVarKind, VarId,
};
use crate::interval::Interval;
use crate::net::{Plasticity, Projection};
use crate::types::{Dimension, Type};
use circ_grammar::ast::Span;
use circ_plan::plan::Sign;

impl Prover<'_> {
    pub(super) fn plasticity(&mut self, at: u32, projection: &Projection, plasticity: &Plasticity) {
        let hir = self.bounds.hir;
        let rule = hir.rule(plasticity.rule);
        let (first, last) = rule.exprs;
        let tainted = &self.bounds.types.tainted;
        if (first.0..last.0).any(|id| tainted.expr(ExprId(id))) {
            return;
        }
        let site = Site::new(Place::Pair(at), None);
        self.rule_parameters(rule, plasticity, &site);
        let range = match projection.sign {
            Sign::NotNegative => judge::NOT_NEGATIVE,
            Sign::NotPositive => judge::NOT_POSITIVE,
            Sign::Free => Interval::UNKNOWN,
        };
        match rule.bounds.iter().find(|bounds| bounds.var == Rule::WEIGHT) {
            Some(bounds) => self.weight_bounds(rule, bounds, projection, plasticity, &site, range),
            None if projection.sign != Sign::Free && rule.changes(Rule::WEIGHT) => {
                if let Some(dale) = projection.dale {
                    let reason = self.sign_reason(projection);
                    self.say(say::unbounded(plasticity.span, &rule.name, rule.span, &reason, dale));
                }
            }
            None => {}
        }
        if let (Some(dale), true) = (projection.dale, projection.sign != Sign::Free) {
            for hook in &rule.hooks {
                let mut site = site.clone();
                for (value, found) in self.transmissions(&hook.body, &mut site) {
                    if judge::verdict(Need::Within(range), &found) != Verdict::Holds {
                        let reason = self.sign_reason(projection);
                        let value = self.span(value);
                        self.say(say::transmit_sign(plasticity.span, &rule.name, value, &reason, dale));
                    }
                }
            }
        }
        if let Some(rewire) = &rule.rewire {
            self.rewiring(rewire, &site);
        }
        if let Some(bounds) = rule.bounds.iter().find(|bounds| bounds.var == Rule::DELAY) {
            self.delay_bounds(rule, bounds, projection, plasticity, &site);
        }
    }

    /// What is surely no interval, part or number of synapses.
    fn rewiring(&mut self, rewire: &Rewire, site: &Site) {
        let interval = self.bounds.estimate(rewire.interval, &mut site.clone()).interval;
        if interval.hi < 0.5 * self.bounds.net.dt {
            let shown = crate::units::show(interval.hi, Dimension::TIME);
            self.say(say::rewire_interval(self.span(rewire.interval), &shown));
        }
        for share in rewire.prune.iter().filter_map(Pick::share) {
            let found = self.bounds.estimate(share, &mut site.clone()).interval;
            let whole = *self.bounds.types.expr(share) == Type::Int;
            match (found.hi < 0.0, 1.0 < found.lo) {
                (true, _) if whole => self.say(say::number_of_synapses(self.span(share), found.hi)),
                (_, true) if whole => {}
                (true, _) => self.say(say::part_of_synapses(self.span(share), found.hi)),
                (_, true) => self.say(say::part_of_synapses(self.span(share), found.lo)),
                (false, false) => {}
            }
        }
        for (budget, _) in &rewire.grow {
            if let Budget::Number(number) = *budget {
                let found = self.bounds.estimate(number, &mut site.clone()).interval;
                if found.hi < 0.0 {
                    self.say(say::number_of_synapses(self.span(number), found.hi));
                }
            }
        }
    }

    /// Parameters lie in the ranges that the rule declares, given by the projection or by default.
    fn rule_parameters(&mut self, rule: &Rule, plasticity: &Plasticity, site: &Site) {
        for (id, declared) in rule.declared() {
            let RuleVarKind::Param { range: Some((lo, hi)), default } = declared.kind else { continue };
            let given = plasticity.args.iter().find(|(var, _)| *var == id).map(|(_, given)| *given);
            let own = |expr| (expr, None);
            let theirs = given.map(|given| (given.expr, Some(given.environment)));
            let Some((expr, environment)) = theirs.or(default.map(own)) else { continue };
            let [lo, hi] = [lo, hi].map(|end| self.bounds.estimate(end, &mut site.clone()).interval);
            let range = Interval { lo: lo.lo, hi: hi.hi, nan: false };
            if lo.nan || hi.nan || range.hi < range.lo {
                continue;
            }
            let theirs = Site { environment, ..site.clone() };
            let found = self.bounds.estimate(expr, &mut theirs.clone());
            self.judge(Finding {
                at: self.span(expr),
                expr: Some(expr),
                need: Need::Within(range),
                found,
                subject: Subject::RuleParameter { name: declared.name.to_string(), declared: declared.span },
                site: theirs,
            });
        }
    }

    fn weight_bounds(
        &mut self,
        rule: &Rule,
        bounds: &RuleBounds,
        projection: &Projection,
        plasticity: &Plasticity,
        site: &Site,
        range: Interval,
    ) {
        let at = plasticity.span;
        let dimension = self.weight_dimension(projection);
        let show = |x: f64| crate::units::show(x, dimension);
        let [lo, hi] = [bounds.lo, bounds.hi].map(|end| self.bounds.estimate(end, &mut site.clone()));
        if hi.interval.hi < lo.interval.lo {
            let ends = [lo.interval.lo, hi.interval.hi].map(show);
            return self.say(say::empty_bounds(at, &rule.name, "w", bounds.span, ends));
        }
        let end = if projection.sign == Sign::NotPositive { &hi } else { &lo };
        // Under `dale` it is to be proved, whatever it depends on.
        let found = Estimate { open: end.open && projection.dale.is_none(), ..end.clone() };
        let verdict = judge::verdict(Need::Within(range), &found);
        if verdict == Verdict::Fails || (verdict == Verdict::May && projection.dale.is_some()) {
            let worst = show(judge::worst(Need::Within(range), found.interval));
            let reason = self.sign_reason(projection);
            let message = say::bounds_sign(at, &rule.name, bounds.span, &worst, &reason);
            return self.say(message);
        }
        let weight = self.bounds.setting(&projection.weight, site).interval;
        if weight.hi < lo.interval.lo || hi.interval.hi < weight.lo {
            let worst = show(if hi.interval.hi < weight.lo { weight.lo } else { weight.hi });
            let ends = [lo.interval.lo, hi.interval.hi].map(show);
            self.say(say::weight_outside(projection.weight_span, &worst, bounds.span, ends));
        }
    }

    /// Sums that are enforced again and again have room within the bounds of rules: else the next change of each weight
    /// undoes what was enforced.
    pub(super) fn kept_sums(&mut self) {
        for sum in &self.bounds.net.kept_sums {
            let (mut least, mut most, mut tightest) = (0.0, 0.0, None);
            for (at, synapses) in &sum.of {
                let found = self.learned_weights(*at);
                let Some((range, bounds, dimension)) = found else { return };
                // A cell may have none.
                least += (range.lo * synapses).min(0.0);
                most += (range.hi * synapses).max(0.0);
                tightest = tightest.or(Some((bounds, dimension)));
            }
            let Some((bounds, dimension)) = tightest else { continue };
            let show = |x: f64| crate::units::show(x, dimension);
            // Where it just fits, it is not for rounding to decide.
            let slack = 1e-9 * sum.total.abs();
            let end = match (sum.total < least - slack, most + slack < sum.total) {
                (true, _) => least,
                (_, true) => most,
                (false, false) => continue,
            };
            self.say(say::no_room(sum.span, &show(sum.total), &show(end), bounds));
        }
    }

    /// The bounds of the rule that changes the weights of a projection, if it has any.
    fn learned_weights(&mut self, at: u32) -> Option<(Interval, Span, Dimension)> {
        let (hir, net) = (self.bounds.hir, self.bounds.net);
        let projection = net.projections.get(at as usize)?;
        let rule = hir.rule(projection.plasticity.as_ref()?.rule);
        let bounds = rule.bounds.iter().find(|bounds| bounds.var == Rule::WEIGHT)?;
        let site = Site::new(Place::Pair(at), None);
        let [lo, hi] = [bounds.lo, bounds.hi].map(|end| self.bounds.estimate(end, &mut site.clone()));
        let range = Interval { lo: lo.interval.lo, hi: hi.interval.hi, nan: false };
        let known = !lo.interval.nan && !hi.interval.nan && range.lo <= range.hi;
        (known && rule.changes(Rule::WEIGHT)).then(|| (range, bounds.span, self.weight_dimension(projection)))
    }

    /// What each `transmit` of a block delivers.
    fn transmissions(&mut self, actions: &[RuleAction], site: &mut Site) -> Vec<(ExprId, Estimate)> {
        let mut all = vec![];
        for action in actions {
            match &action.kind {
                RuleActionKind::Transmit(value) => {
                    let found = self.bounds.estimate(*value, site);
                    all.push((*value, Estimate { open: false, ..found }));
                }
                RuleActionKind::Let { local, value } => {
                    let found = self.bounds.estimate(*value, site);
                    site.bind(*local, found);
                }
                RuleActionKind::If { then, otherwise, .. } => {
                    all.extend(self.transmissions(then, site));
                    all.extend(self.transmissions(otherwise, site));
                }
                RuleActionKind::Assign { .. } => {}
            }
        }
        all
    }

    /// A delay that learns stays at a step or more, together with `dendritic`.
    fn delay_bounds(
        &mut self,
        rule: &Rule,
        bounds: &RuleBounds,
        projection: &Projection,
        plasticity: &Plasticity,
        site: &Site,
    ) {
        let show = |x: f64| crate::units::show(x, Dimension::TIME);
        let [lo, hi] = [bounds.lo, bounds.hi].map(|end| self.bounds.estimate(end, &mut site.clone()));
        let ends = [lo.interval.lo, hi.interval.hi].map(show);
        if hi.interval.hi < lo.interval.lo {
            return self.say(say::empty_bounds(plasticity.span, &rule.name, "d", bounds.span, ends));
        }
        let dendritic =
            projection.dendritic.as_ref().map_or(0.0, |it| self.bounds.setting(it, site).interval.lo);
        let dt = self.bounds.net.dt;
        // Half a step is rounded to none.
        if lo.interval.lo.max(0.0) + dendritic.max(0.0) < 0.5 * dt || lo.interval.lo < -0.5 * dt {
            self.say(say::delay_bounds(plasticity.span, &rule.name, bounds.span, &ends[0], &show(dt)));
        }
        let delay = self.bounds.setting(&projection.delay, site).interval;
        if delay.hi < lo.interval.lo || hi.interval.hi < delay.lo {
            let worst = show(if hi.interval.hi < delay.lo { delay.lo } else { delay.hi });
            self.say(say::delay_outside(projection.delay_span, &worst, bounds.span, ends));
        }
    }

    fn weight_dimension(&self, projection: &Projection) -> Dimension {
        let found = || {
            let segment = projection.target.segments.first()?;
            let population = self.bounds.net.populations.get(segment.population as usize)?;
            let cell = self.bounds.hir.cells.get(population.cell.index())?;
            let port: VarId = cell.var_at(projection.ports.first())?;
            Some(self.bounds.types.vars.get(population.cell.index())?.get(port.index())?.dimension())
        };
        found().unwrap_or(Dimension::REAL)
    }
}
