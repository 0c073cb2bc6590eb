//! What names mean in the text of a rule: for a synapse of a projection, or for a cell of a side.
//!
//! In: a rule with its [`Places`], and the moment at which it is read. Out: values. `w`, `d` and the states of synapses
//! are a map to values, as the state of a cell is; what is not in it is as it was loaded. What a program reads of the
//! sides are columns, asked for here and found in the populations afterwards.

use std::collections::BTreeMap;
use std::sync::Arc;

use circ_grammar::ast::Span;
use circ_plan::ir::*;

use super::super::context::{Lowerer, Site, Source};
use super::super::value::Lowered;
use super::place::{Place, Places, rule_type};
use crate::diagnose::structure::not_yet;
use crate::hir::*;
use crate::net::{Closure, Plasticity};

/// As of when the sides are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moment {
    /// Before the run: parameters alone.
    Parameters,
    /// After step 1 of a tick, before anything arrives or happens.
    Seen,
    /// After a tick.
    After,
}

/// Something that a program reads of a side.
#[derive(Clone, Debug, PartialEq)]
pub enum Wanted {
    /// A parameter or position, by name.
    Constant(String),
    /// What has this path, seen from the part of the cell that the synapse is at; of several instances one.
    Cell { path: String, instance: usize, moment: Moment, span: Span },
    /// A state of that side.
    Trace { var: VarId, moment: Moment },
    /// Of [`Plasticity::modulators`].
    Modulator { index: usize, moment: Moment },
    /// Of the equation of one.
    Law { index: usize, law: Law },
    /// Likewise, as of the tick before.
    LawBefore { index: usize, law: Law },
}

/// What is kept of a state `m` with `m' = drift + rate * m`, as it is after a tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Law {
    Rate,
    Drift,
    /// The state itself: what is set afterwards shows.
    Left,
    /// Whether the state is not what it was a tick before, moved by its equation.
    Jumps,
    /// The state after the last tick at which it jumped, and that tick.
    Base,
    Since,
}

/// The rule of a projection, at a synapse.
#[derive(Clone)]
pub struct RuleScope<'a> {
    pub plasticity: &'a Plasticity,
    pub rule: &'a Rule,
    pub moment: Moment,
    /// Nothing: parameters are being made.
    pub places: Option<Arc<Places>>,
    /// What was assigned.
    pub state: BTreeMap<VarId, ValueId>,
    /// Columns asked for.
    pub pre: Vec<Wanted>,
    pub post: Vec<Wanted>,
    memo: BTreeMap<VarId, Lowered>,
}

impl<'a> RuleScope<'a> {
    pub fn new(source: Source<'a>, plasticity: &'a Plasticity, moment: Moment) -> RuleScope<'a> {
        RuleScope {
            plasticity,
            rule: source.hir.rule(plasticity.rule),
            moment,
            places: None,
            state: BTreeMap::new(),
            pre: vec![],
            post: vec![],
            memo: BTreeMap::new(),
        }
    }

    /// Whether it is read while time runs.
    pub fn in_ticks(&self) -> bool {
        self.moment != Moment::Parameters
    }

    /// What the projection gives a parameter, or a modulator that is of a side.
    fn given(&self, var: VarId) -> Option<Closure> {
        self.plasticity.args.iter().find(|(of, _)| *of == var).map(|(_, given)| *given)
    }

    /// The place of a column among those asked for.
    pub fn column(&mut self, side: Side, wanted: Wanted) -> ArrayId {
        let columns = if side == Side::Pre { &mut self.pre } else { &mut self.post };
        let same = |other: &Wanted| match (other, &wanted) {
            (
                Wanted::Cell { path, instance, moment, .. },
                Wanted::Cell { path: other, instance: at, moment: when, .. },
            ) => path == other && instance == at && moment == when,
            (one, other) => one == other,
        };
        let at = columns.iter().position(same).unwrap_or_else(|| {
            columns.push(wanted.clone());
            columns.len() - 1
        });
        ArrayId(at as u32)
    }
}

impl<'a> Lowerer<'a, '_, '_> {
    /// The synapse at hand, where a rule is read.
    pub fn synapse(&mut self) -> Option<&mut RuleScope<'a>> {
        match &mut self.site {
            Site::Pair(site) => site.rule.as_deref_mut(),
            Site::Cell(_) | Site::View(_) => None,
        }
    }

    /// Whether names are those of a rule.
    pub fn reads_rule(&self) -> bool {
        match &self.site {
            Site::Pair(site) => site.rule.is_some(),
            Site::Cell(site) => site.side.is_some(),
            Site::View(_) => false,
        }
    }

    /// A variable of the rule at hand.
    pub fn rule_variable(&mut self, var: VarId, span: Span) -> Lowered {
        if let Site::Cell(_) = self.site {
            return self.side_variable(var, span);
        }
        let source = self.source;
        let Some(scope) = self.synapse() else { return self.missing(span) };
        let (rule, id, moment) = (scope.rule, scope.plasticity.rule, scope.moment);
        let places = scope.places.clone();
        let Some(declared) = rule.vars.get(var.index()) else { return self.missing(span) };
        match &declared.kind {
            RuleVarKind::Weight | RuleVarKind::Delay | RuleVarKind::Synapse { .. } => {
                Lowered::One(self.learned(var))
            }
            RuleVarKind::Param { default, .. } => match places {
                Some(places) => self.placed(places.get(var), span),
                None => self.rule_parameter(var, *default),
            },
            RuleVarKind::Let { value } => self.in_rule(&declared.name, *value),
            RuleVarKind::Modulator => {
                let given = scope.given(var);
                if let Some(given) = given {
                    return self.within(given.environment, |this| this.expr(given.expr));
                }
                let found = scope.plasticity.modulators.iter().position(|it| it.var == var);
                let (Some(index), true) = (found, moment != Moment::Parameters) else {
                    return self.refuse(not_yet(span, "a modulator here"));
                };
                let column = scope.column(Side::Post, Wanted::Modulator { index, moment });
                let ty = rule_type(source, id, var);
                Lowered::One(self.b.load(Side::Post, column, ty))
            }
            RuleVarKind::Trace { side, .. } => {
                if moment == Moment::Parameters {
                    return self.refuse(not_yet(span, "a state of a side before the run"));
                }
                let side = if *side == SynapseSide::Pre { Side::Pre } else { Side::Post };
                let column = scope.column(side, Wanted::Trace { var, moment });
                let ty = rule_type(source, id, var);
                Lowered::One(self.b.load(side, column, ty))
            }
        }
    }

    /// A value of the rule's own text.
    pub fn in_rule(&mut self, declaration: &str, value: ExprId) -> Lowered {
        let environment = self.environment.take();
        // Others may read it where the statement at hand does not run.
        let mask = self.mask.take();
        let result = self.declared(&drawn_as(declaration), |this| this.expr(value));
        self.mask = mask;
        self.environment = environment;
        result
    }

    /// A parameter before the run: what the projection gives, else the default.
    fn rule_parameter(&mut self, var: VarId, default: Option<ExprId>) -> Lowered {
        let Some(scope) = self.synapse() else { return Lowered::One(self.b.float(0.0)) };
        if let Some(known) = scope.memo.get(&var) {
            return known.clone();
        }
        let (name, given) = (scope.rule.vars[var.index()].name.clone(), scope.given(var));
        let value = match (given, default) {
            (Some(given), _) => self.declared(&drawn_as(&name), |this| {
                this.within(given.environment, |this| this.expr(given.expr))
            }),
            (None, Some(default)) => self.in_rule(&name, default),
            (None, None) => Lowered::One(self.b.float(0.0)),
        };
        if let Some(scope) = self.synapse() {
            scope.memo.insert(var, value.clone());
        }
        value
    }

    /// A parameter from where it is.
    pub fn placed(&mut self, place: &Place, span: Span) -> Lowered {
        match place {
            Place::Number(ty, value) => {
                let value = crate::interpret::apply::Value::from_number(*ty, self.b.precision(), *value);
                Lowered::One(self.b.value(value))
            }
            Place::Known(array) => Lowered::Known(array.clone()),
            Place::Uniform(uniform, ty) => Lowered::One(self.b.uniform(*uniform, *ty)),
            Place::Array(array, ty) => Lowered::One(self.b.load(Side::Own, *array, *ty)),
            Place::Nowhere => self.missing(span),
        }
    }

    /// `w`, `d` or a state as it is now; in the block of a side's state, that.
    pub fn learned(&mut self, var: VarId) -> ValueId {
        let now = match &mut self.site {
            Site::Pair(site) => site.rule.as_ref().and_then(|scope| scope.state.get(&var).copied()),
            Site::Cell(site) => site.side.as_ref().and_then(|scope| scope.state.get(&var).copied()),
            Site::View(_) => None,
        };
        match now {
            Some(value) => value,
            None => self.learned_before(var),
        }
    }

    /// As it was before the program.
    pub fn learned_before(&mut self, var: VarId) -> ValueId {
        let array = self.synapse().and_then(|scope| scope.places.as_ref()?.array(var));
        match array {
            Some((array, ty)) => self.b.load(Side::Own, array, ty),
            None => self.b.float(0.0),
        }
    }

    /// Changes `w`, `d` or a state.
    pub fn learn(&mut self, var: VarId, value: ValueId) {
        match &mut self.site {
            Site::Pair(site) => site.rule.iter_mut().for_each(|scope| {
                scope.state.insert(var, value);
            }),
            Site::Cell(site) => site.side.iter_mut().for_each(|scope| {
                scope.state.insert(var, value);
            }),
            Site::View(_) => {}
        }
    }

    /// All that was changed.
    pub fn all_learned(&self) -> BTreeMap<VarId, ValueId> {
        match &self.site {
            Site::Pair(site) => site.rule.as_ref().map(|scope| scope.state.clone()).unwrap_or_default(),
            Site::Cell(site) => site.side.as_ref().map(|scope| scope.state.clone()).unwrap_or_default(),
            Site::View(_) => BTreeMap::new(),
        }
    }

    pub fn restore_learned(&mut self, state: BTreeMap<VarId, ValueId>) {
        match &mut self.site {
            Site::Pair(site) => site.rule.iter_mut().for_each(|scope| scope.state.clone_from(&state)),
            Site::Cell(site) => site.side.iter_mut().for_each(|scope| scope.state.clone_from(&state)),
            Site::View(_) => {}
        }
    }

    /// What stands behind `pre.` or `post.` in a rule: nothing for what every pair of cells has (`pre.i`, parameters
    /// before the run).
    pub fn of_side(&mut self, base: ExprId, name: &str, span: Span) -> Option<Lowered> {
        let (side, path) = side_path(self.source.hir, base, name)?;
        if let Site::Cell(_) = self.site {
            return self.reads_rule().then(|| self.of_own_cell(&path, span));
        }
        let source = self.source;
        let Site::Pair(site) = &mut self.site else { return None };
        let (net, scope) = (site.net, site.rule.as_mut()?);
        if scope.moment == Moment::Parameters || matches!(name, "i" | "k") {
            return None;
        }
        let (view, members) = match side {
            Side::Post => (&net.target, &net.ports),
            Side::Pre | Side::Own => (&net.source, &net.events),
        };
        let found = super::column::values(source, view, members, &path, span);
        let moment = scope.moment;
        match found {
            Ok(values) if values.is_empty() => None,
            Ok(values) => {
                let mut columns = vec![];
                for (instance, ty) in values.types.iter().enumerate() {
                    let wanted = Wanted::Cell { path: path.clone(), instance, moment, span };
                    columns.push((scope.column(side, wanted), *ty));
                }
                let loads = columns.into_iter().map(|(column, ty)| self.b.load(side, column, ty)).collect();
                Some(values.shaped(loads))
            }
            Err(message) => Some(self.refuse(*message)),
        }
    }
}

/// The side and what is named of it: `post`, `tuft.v` of `post.tuft.v`.
fn side_path(hir: &Hir, base: ExprId, name: &str) -> Option<(Side, String)> {
    let mut path = name.to_owned();
    let mut at = base;
    loop {
        match &hir.expr(at).kind {
            ExprKind::Ref(Ref::Pre) => return Some((Side::Pre, path)),
            ExprKind::Ref(Ref::Post) => return Some((Side::Post, path)),
            ExprKind::Field { base, name, .. } => {
                path = format!("{name}.{path}");
                at = *base;
            }
            ExprKind::Index { base, indices } => {
                let [Index::At(index)] = indices[..] else { return None };
                let ExprKind::Number { value, .. } = hir.expr(index).kind else { return None };
                let ExprKind::Field { base, name, .. } = &hir.expr(*base).kind else { return None };
                path = format!("{name}[{value}].{path}");
                at = *base;
            }
            _ => return None,
        }
    }
}

/// What draws of a rule are called among those of its projection.
pub fn drawn_as(declaration: &str) -> String {
    format!("plasticity.{declaration}")
}
