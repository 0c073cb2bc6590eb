//! Bounds of what a plasticity rule has: its parameters as the projection gives them, its states within their bounds.
//!
//! In: a variable of the rule of a projection. Out: an estimate.

use super::{Bounds, Estimate, Place, Site};
use crate::hir::{Rule, RuleVarKind, TraceKind, VarId};
use crate::interval::Interval;

impl Bounds<'_> {
    pub(super) fn of_rule(&mut self, projection: u32, var: VarId, site: &Site) -> Estimate {
        let (net, hir) = (self.net, self.hir);
        let Some(of) = net.projections.get(projection as usize) else { return Estimate::unknown() };
        let Some(plasticity) = &of.plasticity else { return Estimate::unknown() };
        let rule = hir.rule(plasticity.rule);
        let Some(declared) = rule.vars.get(var.index()) else { return Estimate::unknown() };
        // The rule's own text knows no slots of the circuit.
        let mut own = Site::new(Place::Pair(projection), None);
        match &declared.kind {
            RuleVarKind::Param { range, default } => {
                if let Some((_, given)) = plasticity.args.iter().find(|(id, _)| *id == var) {
                    let mut theirs = Site::new(Place::Pair(projection), Some(given.environment));
                    return self.expression(given.expr, &mut theirs);
                }
                match (range, default) {
                    (_, Some(default)) => self.expression(*default, &mut own),
                    (_, None) => Estimate::unknown(),
                }
            }
            RuleVarKind::Let { value } => {
                own.locals.clone_from(&site.locals);
                self.expression(*value, &mut own)
            }
            RuleVarKind::Weight if !rule.changes(Rule::WEIGHT) => self.weight(&own),
            RuleVarKind::Weight => {
                let first = self.weight(&own);
                self.within_bounds(rule, var, &mut own).map_or_else(Estimate::finite, |it| it.hull(first))
            }
            RuleVarKind::Delay => Estimate::of(Interval { lo: 0.0, hi: f64::MAX, nan: false }),
            RuleVarKind::Synapse { initial } => match self.within_bounds(rule, var, &mut own) {
                Some(found) => found.hull(self.expression(*initial, &mut own)),
                None if rule.changes(var) => Estimate::finite(),
                None => self.expression(*initial, &mut own),
            },
            RuleVarKind::Trace { dynamics: TraceKind::Spikes { nearest, .. }, .. } => {
                let hi = if *nearest { 1.0 } else { f64::MAX };
                Estimate::of(Interval { lo: 0.0, hi, nan: false })
            }
            RuleVarKind::Trace { .. } | RuleVarKind::Modulator => Estimate::finite(),
        }
    }

    /// What the rule's bounds leave a state; none without bounds.
    fn within_bounds(&mut self, rule: &Rule, var: VarId, site: &mut Site) -> Option<Estimate> {
        let bounds = rule.bounds.iter().find(|bounds| bounds.var == var)?;
        let lo = self.expression(bounds.lo, site);
        let hi = self.expression(bounds.hi, site);
        let interval = Interval { lo: lo.interval.lo, hi: hi.interval.hi, nan: false };
        let known = !lo.interval.nan && !hi.interval.nan && interval.lo <= interval.hi;
        known.then(|| Estimate { open: lo.open || hi.open, ..Estimate::of(interval) })
    }
}
