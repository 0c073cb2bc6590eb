//! Where each variable of a rule is kept, for the synapses of one projection.
//!
//! In: a rule with what a projection gives it. Out: [`Places`]: parameters that are one number are slots, or numbers of
//! the program where something is made of them that a `set` could not follow; all others are arrays of the synapses.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use circ_plan::ir::*;
use circ_plan::learning::SynapseArray;
use circ_plan::plan::{Role, UniformPlan};

use super::super::context::{Keys, Lowerer, Report, Site, Source};
use super::super::layout::kept_type;
use super::super::pair::PairSite;
use super::super::value::Lowered;
use super::reads::{roots, variables};
use super::scope::{Moment, RuleScope};
use crate::hir::*;
use crate::interpret::apply::Value as Constant;
use crate::kernel::build::Builder;
use crate::net::{self, Plasticity};
use crate::resolve::rule_side::trace_roots;
use crate::types::{ArrayValue, Type};

/// The slot that says whether `w` and `d` change.
pub const LEARNS: UniformId = UniformId(0);

/// Where a variable is.
#[derive(Clone, Debug)]
pub enum Place {
    /// The same for all synapses, and never changed.
    Number(Ty, f64),
    Known(Arc<ArrayValue>),
    Uniform(UniformId, Ty),
    Array(ArrayId, Ty),
    /// A `let`, a modulator, the state of a side, a delay that nobody reads.
    Nowhere,
}

/// What the synapses of a projection keep, and what they share.
#[derive(Clone, Debug)]
pub struct Places {
    /// By [`VarId`] of the rule.
    pub of: Vec<Place>,
    pub arrays: Vec<SynapseArray>,
    pub uniforms: Vec<UniformPlan>,
    /// The array of the delay.
    pub delay: Option<ArrayId>,
    /// When equations that are evaluated late were last brought up to date.
    pub anchor: Option<ArrayId>,
    /// What `share by` says, where synapses come and go.
    pub key: Option<ArrayId>,
}

impl Places {
    pub fn get(&self, var: VarId) -> &Place {
        self.of.get(var.index()).unwrap_or(&Place::Nowhere)
    }

    /// The array of `w`, `d` or a state.
    pub fn array(&self, var: VarId) -> Option<(ArrayId, Ty)> {
        match self.get(var) {
            Place::Array(array, ty) => Some((*array, *ty)),
            _ => None,
        }
    }

    /// Room for the tick of the last event. It is no state: whoever puts states back has settled.
    pub fn add_anchor(&mut self) {
        self.anchor = Some(self.add("anchor", Ty::Tick, Precision::F64, true));
    }

    /// Room for what `share by` said when the synapse began.
    pub fn add_key(&mut self) {
        self.key = Some(self.add("key", Ty::Int, Precision::F64, true));
    }

    fn add(&mut self, name: &str, ty: Ty, store: Precision, parameter: bool) -> ArrayId {
        self.arrays.push(SynapseArray { name: name.to_owned(), ty, store, parameter });
        ArrayId((self.arrays.len() - 1) as u32)
    }
}

/// The type in which a variable of a rule is kept.
pub fn rule_type(source: Source, rule: RuleId, var: VarId) -> Ty {
    let types = source.types.rule_vars.get(rule.index());
    types.and_then(|vars| vars.get(var.index())).map_or(Ty::Float, kept_type)
}

/// Gives every variable its place.
pub fn places<'a>(
    source: Source<'a>,
    net: &'a net::Projection,
    plasticity: &'a Plasticity,
    (precision, store): (Precision, Precision),
    report: &mut Report,
) -> Places {
    let rule = source.hir.rule(plasticity.rule);
    let learns = UniformPlan { name: "learns".to_owned(), ty: Ty::Bool, role: Role::Parameter, value: 1.0 };
    let count = rule.vars.len();
    let mut places = Places {
        of: vec![Place::Nowhere; count],
        arrays: vec![],
        uniforms: vec![learns],
        delay: None,
        anchor: None,
        key: None,
    };
    let stored = |var: VarId| {
        let said = rule.store.iter().rev().find(|(of, _)| *of == var);
        said.map_or(if var == Rule::WEIGHT { store } else { precision }, |(_, precision)| *precision)
    };
    let weight = places.add("w", Ty::Float, stored(Rule::WEIGHT), false);
    places.of[Rule::WEIGHT.index()] = Place::Array(weight, Ty::Float);
    let read = variables(source.hir, rule, roots(rule));
    if read.contains(&Rule::DELAY) || rule.changes(Rule::DELAY) {
        let delay = places.add("d", Ty::Float, stored(Rule::DELAY), false);
        places.of[Rule::DELAY.index()] = Place::Array(delay, Ty::Float);
        places.delay = Some(delay);
    }
    for (var, found) in parameters(source, net, plasticity, report) {
        let name = &rule.vars[var.index()].name;
        places.of[var.index()] = match found {
            Found::Number(ty, value) if fixed(source, rule).contains(&var) => Place::Number(ty, value),
            Found::Number(ty, value) => {
                places.uniforms.push(UniformPlan {
                    name: name.to_string(),
                    ty,
                    role: Role::Parameter,
                    value,
                });
                Place::Uniform(UniformId((places.uniforms.len() - 1) as u32), ty)
            }
            Found::Known(array) => Place::Known(array),
            Found::Each(ty) => Place::Array(places.add(name, ty, precision, true), ty),
        };
    }
    for (var, declared) in rule.declared() {
        if let RuleVarKind::Synapse { .. } = declared.kind {
            let ty = rule_type(source, plasticity.rule, var);
            places.of[var.index()] = Place::Array(places.add(&declared.name, ty, stored(var), false), ty);
        }
    }
    places
}

/// Parameters that traces, intervals, the longest delay and numbers of synapses are made of: these are made once.
fn fixed(source: Source, rule: &Rule) -> BTreeSet<VarId> {
    let mut roots = vec![];
    for (_, var) in rule.declared() {
        if let RuleVarKind::Trace { dynamics, .. } = &var.kind {
            roots.extend(trace_roots(dynamics));
        }
    }
    roots.extend(rule.hooks.iter().filter_map(|hook| match hook.when {
        HookKind::Every(interval) => Some(interval),
        _ => None,
    }));
    roots.extend(rule.rewire.iter().flat_map(|rewire| rewire.constants()));
    roots.extend(rule.bounds.iter().filter(|bounds| bounds.var == Rule::DELAY).map(|bounds| bounds.hi));
    variables(source.hir, rule, roots)
}

enum Found {
    Number(Ty, f64),
    Known(Arc<ArrayValue>),
    Each(Ty),
}

/// All parameters, evaluated in double precision.
fn parameters<'a>(
    source: Source<'a>,
    net: &'a net::Projection,
    plasticity: &'a Plasticity,
    report: &mut Report,
) -> BTreeMap<VarId, Found> {
    let rule = source.hir.rule(plasticity.rule);
    let scope = RuleScope::new(source, plasticity, Moment::Parameters);
    let site = PairSite { net, pre: vec![], post: vec![], flows: false, rule: Some(Box::new(scope)) };
    // Draws must not leave keys behind: only the programs that are kept decide their order.
    let mut scratch = Keys::default();
    let builder = Builder::new("parameters", Precision::F64);
    let mut lowerer = Lowerer::new(source, report, &mut scratch, builder, Site::Pair(site));
    let mut found = BTreeMap::new();
    for (var, declared) in rule.declared() {
        if !matches!(declared.kind, RuleVarKind::Param { .. }) {
            continue;
        }
        let ty = rule_type(source, plasticity.rule, var);
        let value = match lowerer.rule_variable(var, declared.span) {
            Lowered::Known(array) => Found::Known(array),
            Lowered::Many { shape, elements } => {
                let known: Option<Vec<f64>> =
                    elements.iter().map(|it| lowerer.b.constant(*it).map(Constant::number)).collect();
                match known {
                    Some(data) => {
                        let element = match elements.first().map(|it| lowerer.b.ty(*it)) {
                            Some(Ty::Int) => Type::Int,
                            Some(Ty::Bool) => Type::Bool,
                            _ => Type::Real(crate::types::Dimension::REAL),
                        };
                        let shape = shape.iter().map(|n| *n as u64).collect();
                        Found::Known(Arc::new(ArrayValue { element, shape, data }))
                    }
                    None => {
                        let what = "an array that differs from synapse to synapse";
                        lowerer.refuse(crate::diagnose::structure::not_yet(declared.span, what));
                        Found::Number(ty, 0.0)
                    }
                }
            }
            Lowered::One(value) => {
                let value = lowerer.to(ty, value);
                match lowerer.b.constant(value) {
                    Some(constant) => Found::Number(ty, constant.number()),
                    None => Found::Each(ty),
                }
            }
        };
        found.insert(var, value);
    }
    found
}
