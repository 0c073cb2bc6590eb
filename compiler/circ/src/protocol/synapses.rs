//! What synapses hold, changed between two ticks: `set P.w = e`, `reset P.w`, `freeze plasticity`, `thaw plasticity`.
//!
//! In: the statements. Out: changed arrays and slots of rules in the engine, or a message about the first synapse whose
//! value lies outside of the bounds of its rule, or has the wrong sign.

use super::Protocol;
use super::set::{scalar, shape, spread};
use crate::{plastic, refusal, rules};
use circ_compiler::diagnose::Diagnostic;
use circ_compiler::diagnose::build::{out_of_range, set_weight_sign};
use circ_compiler::diagnose::structure::{argument_form, not_yet};
use circ_compiler::diagnose::value::not_a_number;
use circ_compiler::eval::{self, Evaluated, SynapsePlace, depends};
use circ_compiler::hir::{ExprId, ExprKind, Ref, Rule, RuleVarKind, VarId};
use circ_compiler::types::{Dimension, Type, Value};
use circ_grammar::ast::Span;
use circ_plan::ir::{ArrayId, UniformId};
use circ_plan::learning::Learning;
use circ_plan::plan::Sign;

/// Where a rule keeps a name.
#[derive(Clone, Copy)]
enum Storage {
    Slot(UniformId),
    Array(ArrayId),
}

/// What a statement does to the synapses of one projection.
struct Setting {
    projection: u32,
    /// (synapse, value), ascending.
    values: Vec<(u32, f64)>,
    /// Whether these are all.
    whole: bool,
}

/// A range, the same for all synapses or one for each.
struct Range {
    ends: Vec<(f64, f64)>,
    declared: Span,
}

impl Range {
    fn of(&self, synapse: u32) -> (f64, f64) {
        self.ends
            .get(synapse as usize)
            .or(self.ends.first())
            .copied()
            .unwrap_or((f64::NEG_INFINITY, f64::INFINITY))
    }
}

impl Protocol<'_> {
    /// `set P.w where pre in E[0..10] = 2 * w`
    pub(super) fn set_synapses(
        &mut self,
        (projections, name): (Vec<u32>, &str),
        filter: Option<ExprId>,
        target: ExprId,
        value: ExprId,
    ) -> Evaluated<()> {
        let span = self.span(target);
        for setting in self.settings(&projections, filter, value)? {
            let projection = setting.projection;
            let storage = self.storage_of(projection, name, span)?;
            if setting.values.iter().any(|(_, value)| value.is_nan()) {
                return Err(not_a_number(self.span(value)).into());
            }
            self.check_values(&setting, name, self.span(value))?;
            match storage {
                Storage::Array(array) => self.engine.set_synapses(projection, array, &setting.values),
                Storage::Slot(slot) => {
                    let one = setting.values.windows(2).all(|pair| pair[0].1 == pair[1].1);
                    match setting.values.first() {
                        Some((_, value)) if one && setting.whole => {
                            self.engine.set_learning_slot(projection, slot, *value)
                        }
                        None => {}
                        _ => {
                            return Err(not_yet(
                                self.span(value),
                                "a value of this parameter for each synapse",
                            )
                            .into());
                        }
                    }
                    self.check_bounds_sign(projection, span)?;
                }
            }
            self.known.forget(projection);
        }
        Ok(())
    }

    /// The values for each projection.
    fn settings(
        &self,
        projections: &[u32],
        filter: Option<ExprId>,
        value: ExprId,
    ) -> Evaluated<Vec<Setting>> {
        let hir = &self.compiled.hir;
        let of_synapse = |kind: &ExprKind| {
            matches!(kind, ExprKind::Ref(Ref::Pre | Ref::Post | Ref::Weight) | ExprKind::InView { .. })
        };
        if filter.is_some() || depends::any(value, hir, &mut |kind| of_synapse(kind)) {
            return projections.iter().map(|it| self.setting_of_each(*it, filter, value)).collect();
        }
        let counts: Vec<usize> = projections.iter().map(|it| self.synapses_of(*it)).collect();
        let all: usize = counts.iter().sum();
        let found = self.value(value)?;
        let values = spread(&found, all)
            .ok_or_else(|| Box::new(rules::wrong_number(self.span(value), all, "synapse", shape(&found))))?;
        let mut left = values.as_slice();
        let of = |(projection, count): (&u32, usize)| {
            let (own, rest) = left.split_at(count);
            left = rest;
            let values = own.iter().enumerate().map(|(k, value)| (k as u32, *value)).collect();
            Setting { projection: *projection, values, whole: true }
        };
        Ok(projections.iter().zip(counts).map(of).collect())
    }

    fn setting_of_each(&self, projection: u32, filter: Option<ExprId>, value: ExprId) -> Evaluated<Setting> {
        let plan = &self.compiled.plan.projections[projection as usize];
        let (sources, targets): (Vec<_>, Vec<_>) =
            (plan.source.cells().collect(), plan.target.cells().collect());
        let present = self.present();
        let weights = plastic::values(&present, projection, "w").unwrap_or_default();
        let ends = plastic::ends(&self.compiled.plan, self.engine, projection).unwrap_or_default();
        let mut values = vec![];
        for (k, ((source, target), weight)) in ends.iter().zip(&weights).enumerate() {
            let place = SynapsePlace {
                pre: sources[*source as usize],
                post: targets[*target as usize],
                weight: *weight,
            };
            let found = self.with_scope(|scope, world| {
                scope.synapse = Some(place);
                match filter {
                    Some(filter) if !eval::eval_bool(filter, scope, world)? => Ok(None),
                    _ => eval::eval(value, scope, world).map(Some),
                }
            })?;
            let Some(found) = found else { continue };
            let number = scalar(&found);
            let number = number.ok_or_else(|| Box::new(rules::wrong_value(self.span(value), "a number")))?;
            values.push((k as u32, number));
        }
        Ok(Setting { projection, whole: values.len() == ends.len(), values })
    }

    pub(super) fn synapses_of(&self, projection: u32) -> usize {
        let mut count = 0;
        self.engine.visit_synapses(projection, &mut |piece| count += piece.source.len());
        count
    }

    fn storage_of(&self, projection: u32, name: &str, span: Span) -> Evaluated<Storage> {
        let path = &self.compiled.plan.projections[projection as usize].path;
        let Some(learning) = self.learning(projection) else {
            let what = format!("`set` of synapses that no rule changes, as those of `{path}`,");
            return Err(not_yet(span, &what).into());
        };
        if name == "d" && learning.longest.is_none() {
            return Err(not_yet(span, "`set` of delays that no rule changes").into());
        }
        let array = learning.arrays.iter().position(|array| array.name == name);
        // Before all that the rule declares is whether it learns.
        let slot = learning.uniforms.iter().rposition(|slot| slot.name == name);
        match (array, slot) {
            (Some(array), _) => Ok(Storage::Array(ArrayId(array as u32))),
            (None, Some(slot)) => Ok(Storage::Slot(UniformId(slot as u32))),
            (None, None) => {
                let message = rules::not_settable(span, &format!("`{name}` of `{path}`"));
                let note = "parameters that traces, intervals and delays are made of are made once";
                Err(message.note(note).into())
            }
        }
    }

    pub(super) fn learning(&self, projection: u32) -> Option<&Learning> {
        self.compiled.plan.projections[projection as usize].learning.as_deref()
    }

    // Bounds

    /// The bounds of a rule, the range of a parameter, and the sign of weights.
    fn check_values(&self, setting: &Setting, name: &str, at: Span) -> Evaluated<()> {
        let projection = setting.projection;
        let mut ranges = vec![];
        if let Some((rule, var)) = self.rule_var(projection, name) {
            ranges.extend(rule.bounds.iter().filter(|bounds| bounds.var == var).map(|it| (it.lo, it.hi)));
            if let RuleVarKind::Param { range: Some(range), .. } = rule.vars[var.index()].kind {
                ranges.push(range);
            }
        }
        let dimension = self.dimension_of(projection, name);
        let show = |value: f64| circ_compiler::units::show(value, dimension);
        for (lo, hi) in ranges {
            let Some(range) = self.range(projection, lo, hi)? else { continue };
            for (synapse, value) in &setting.values {
                let (lo, hi) = range.of(*synapse);
                if !(lo <= *value && *value <= hi) {
                    let message = out_of_range(at, name, &show(*value), &show(lo), &show(hi), range.declared);
                    return Err(self.at_synapse(message, setting, *synapse));
                }
            }
        }
        if name != "w" {
            return Ok(());
        }
        let plan = &self.compiled.plan.projections[projection as usize];
        let wrong = setting.values.iter().find(|(_, value)| !has_sign(plan.sign, *value));
        match wrong {
            None => Ok(()),
            Some((synapse, value)) => {
                let message = set_weight_sign(at, &plan.path, &show(*value), refusal::needs(plan.sign));
                Err(self.at_synapse(message, setting, *synapse))
            }
        }
    }

    /// Bounds that follow a parameter which was set must still keep the sign of the weights.
    fn check_bounds_sign(&self, projection: u32, at: Span) -> Evaluated<()> {
        let plan = &self.compiled.plan.projections[projection as usize];
        let Some((rule, _)) = self.rule_var(projection, "w") else { return Ok(()) };
        let dimension = self.dimension_of(projection, "w");
        for bounds in rule.bounds.iter().filter(|bounds| bounds.var == Rule::WEIGHT) {
            let Some(range) = self.range(projection, bounds.lo, bounds.hi)? else { continue };
            for (lo, hi) in &range.ends {
                let wrong = [*lo, *hi].into_iter().find(|end| !has_sign(plan.sign, *end));
                if let Some(wrong) = wrong {
                    let shown = circ_compiler::units::show(wrong, dimension);
                    let message = set_weight_sign(at, &plan.path, &shown, refusal::needs(plan.sign));
                    return Err(message.label(range.declared, "its bounds follow what is set").into());
                }
                if hi < lo {
                    let show = |value| circ_compiler::units::show(value, dimension);
                    let message = format!(
                        "no weight lies within the bounds of `{}`: {} is above {}",
                        rule.name,
                        show(*lo),
                        show(*hi)
                    );
                    let message = argument_form(at, message, "sets what they follow");
                    return Err(message.label(range.declared, "its bounds").into());
                }
            }
        }
        Ok(())
    }

    /// A range in the names of a rule, as they are now; nothing where it reads what is not known between ticks.
    fn range(&self, projection: u32, lo: ExprId, hi: ExprId) -> Evaluated<Option<Range>> {
        let Some((rule, _)) = self.rule_var(projection, "w") else { return Ok(None) };
        let hir = &self.compiled.hir;
        let reads = |var: VarId| {
            let is_var = |kind: &ExprKind| matches!(kind, ExprKind::Ref(Ref::Var(other)) if *other == var);
            [lo, hi].into_iter().any(|end| depends::any(end, hir, &mut |kind| is_var(kind)))
        };
        let mut read: Vec<(VarId, Vec<f64>)> = vec![];
        for (at, declared) in rule.vars.iter().enumerate().filter(|(at, _)| reads(VarId(*at as u32))) {
            match plastic::values(&self.present(), projection, &declared.name) {
                Some(values) => read.push((VarId(at as u32), values)),
                None => return Ok(None),
            }
        }
        let varies = read.iter().any(|(_, values)| values.windows(2).any(|pair| pair[0] != pair[1]));
        let count = match read.iter().map(|(_, values)| values.len()).min() {
            Some(0) => return Ok(None),
            Some(count) if varies => count,
            _ => 1,
        };
        let mut ends = Vec::with_capacity(count);
        for k in 0..count {
            ends.push(self.with_scope(|scope, world| {
                scope.vars.extend(read.iter().map(|(var, values)| (*var, Value::Real(values[k]))));
                Ok((eval::eval_real(lo, scope, world)?, eval::eval_real(hi, scope, world)?))
            })?);
        }
        Ok(Some(Range { ends, declared: self.span(lo).to(self.span(hi)) }))
    }

    fn rule_var(&self, projection: u32, name: &str) -> Option<(&Rule, VarId)> {
        let plasticity = self.compiled.net.projections[projection as usize].plasticity.as_ref()?;
        let rule = self.compiled.hir.rule(plasticity.rule);
        let var = rule.vars.iter().position(|var| &*var.name == name)?;
        Some((rule, VarId(var as u32)))
    }

    /// Of what a rule keeps, as the port has it.
    fn dimension_of(&self, projection: u32, name: &str) -> Dimension {
        let weight = refusal::port_dimension(self.compiled, projection);
        let plasticity = self.compiled.net.projections[projection as usize].plasticity.as_ref();
        let var = self.rule_var(projection, name).map(|(_, var)| var);
        match (name, plasticity.zip(var)) {
            ("w", _) => weight,
            ("d", _) => Dimension::TIME,
            (_, Some((plasticity, var))) => {
                let types = self.compiled.types.rule_vars.get(plasticity.rule.index());
                let ty = types.and_then(|vars| vars.get(var.index())).cloned();
                ty.unwrap_or(Type::Error).with_weight(weight).dimension()
            }
            (_, None) => Dimension::REAL,
        }
    }

    /// Says which synapse, where they differ.
    fn at_synapse(&self, message: Diagnostic, setting: &Setting, synapse: u32) -> Box<Diagnostic> {
        let same = setting.values.windows(2).all(|pair| pair[0].1 == pair[1].1);
        let ends = plastic::ends(&self.compiled.plan, self.engine, setting.projection);
        Box::new(match ends.as_ref().and_then(|ends| ends.get(synapse as usize)) {
            Some((source, target)) if !same => {
                message.note(refusal::between(&self.compiled.plan, setting.projection, *source, *target))
            }
            _ => message,
        })
    }

    // What was before

    /// `freeze plasticity of P`; without projections, of all that learn.
    pub(super) fn freeze_plasticity(&mut self, thaw: bool, of: &[ExprId]) -> Evaluated<()> {
        let mut projections: Vec<(u32, Option<Span>)> = vec![];
        for expr in of {
            let (span, thing) = (self.span(*expr), self.thing(*expr)?);
            let found = self.with_scope(|scope, _| Ok(eval::projections(&thing, scope)))?;
            let found = found.ok_or_else(|| Box::new(rules::wrong_value(span, "a projection")))?;
            projections.extend(found.into_iter().map(|projection| (projection, Some(span))));
        }
        if of.is_empty() {
            projections.extend((0..self.compiled.plan.projections.len() as u32).map(|it| (it, None)));
        }
        for (projection, span) in projections {
            let learning = self.learning(projection);
            let slot = learning.and_then(|it| it.uniforms.iter().position(|slot| slot.name == "learns"));
            match (slot, span) {
                (Some(slot), _) => {
                    let learns = f64::from(u8::from(thaw));
                    self.engine.set_learning_slot(projection, UniformId(slot as u32), learns);
                }
                (None, Some(span)) => {
                    let message = "this projection has no rule, so its weights do not change".to_owned();
                    return Err(argument_form(span, message, "learns nothing").into());
                }
                (None, None) => {}
            }
        }
        Ok(())
    }
}

fn has_sign(sign: Sign, weight: f64) -> bool {
    match sign {
        Sign::Free => true,
        Sign::NotNegative => 0.0 <= weight,
        Sign::NotPositive => weight <= 0.0,
    }
}
