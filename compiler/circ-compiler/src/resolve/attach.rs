//! Attaching: `plasticity RULE(a = e, m = DA.level)` in a projection.
//!
//! In: the clause as written; rules are resolved. Out: a [`crate::hir::Attachment`]. Left of `=` are the rule's names,
//! right of it those of the circuit and both sides of the synapse.

use super::context::Place;
use super::scope::Def;
use super::{Context, Resolver};
use crate::diagnose::{names, rule as say, structure, suggest};
use crate::hir::{Attachment, Rule, RuleArg, RuleId, RuleVarKind, VarId};
use crate::types::{Dimension, Type};
use circ_grammar::ast::{self, Arg, Name, Path, Span};

impl<'a> Resolver<'a> {
    /// `weight` is the dimension of the port, where that is known; `None` after a report.
    pub(super) fn attachment(
        &mut self,
        cx: &mut Context,
        value: ast::ExprId,
        weight: Option<Dimension>,
    ) -> Option<Attachment> {
        let (callee, args): (ast::ExprId, &'a [Arg]) = match &self.ast(cx, value).kind {
            ast::ExprKind::Call { callee, args } => (*callee, args),
            _ => (value, &[]),
        };
        let at = self.span(cx, callee);
        let Some(path) = self.rule_path(cx, callee) else {
            if !matches!(self.ast(cx, callee).kind, ast::ExprKind::Error) {
                let message = "`plasticity` takes a rule, as in `plasticity Stdp(w_max = 2 nS)`".to_owned();
                self.sink.push(structure::argument_form(at, message, "not the name of a rule"));
            }
            return None;
        };
        let found = self.lookup_path(cx.module, &path, "plasticity rule", |def| matches!(def, Def::Rule(_)));
        let Some((Def::Rule(rule), _)) = found else {
            // What is wrong in the arguments is told all the same.
            for arg in args {
                self.expr_in(cx, Place::SYNAPSE, arg.value);
            }
            return None;
        };
        let args = self.rule_args(cx, rule, args, at, weight);
        Some(Attachment { rule, args, span: at })
    }

    fn rule_path(&self, cx: &Context, callee: ast::ExprId) -> Option<Path> {
        let at = self.span(cx, callee);
        match &self.ast(cx, callee).kind {
            ast::ExprKind::Name(text) => Some(Path { names: vec![Name { text: text.clone(), span: at }] }),
            ast::ExprKind::Field { base, name } => {
                let mut path = self.rule_path(cx, *base)?;
                path.names.push(name.clone());
                Some(path)
            }
            _ => None,
        }
    }

    fn rule_args(
        &mut self,
        cx: &mut Context,
        id: RuleId,
        args: &'a [Arg],
        at: Span,
        weight: Option<Dimension>,
    ) -> Vec<RuleArg> {
        let name = self.hir.rule(id).name.clone();
        let mut given: Vec<RuleArg> = vec![];
        let mut places: Vec<VarId> = vec![];
        let mut misspelt: Vec<VarId> = vec![];
        for arg in args {
            self.plain_argument(arg);
            let value = self.expr_in(cx, Place::SYNAPSE, arg.value);
            let Some(word) = &arg.name else {
                let message = format!("`{name}` takes its arguments by name, as in `tau = 20 ms`");
                self.sink.push(structure::argument_form(arg.span, message, "without a name"));
                continue;
            };
            let Some(var) = self.rule_formal(id, word) else {
                misspelt.extend(self.nearest_formal(id, &word.text));
                continue;
            };
            if places.contains(&var) {
                let message = format!("`{}` of `{name}` is given twice", word.text);
                self.sink.push(structure::argument_form(word.span, message, "given again"));
                continue;
            }
            places.push(var);
            given.push(RuleArg { var, value });
        }
        let rule = self.hir.rule(id);
        // A name with a letter wrong is one mistake.
        let given_somehow = |var: &VarId| places.contains(var) || misspelt.contains(var);
        let missing = rule.declared().filter(|(var, _)| !rule.partial && !given_somehow(var));
        let missing: Vec<_> = missing
            .filter_map(|(_, var)| match var.kind {
                RuleVarKind::Param { default: None, .. } => {
                    let message = structure::missing_value(at, &var.name, &name, var.span);
                    Some(match example(var.declared.as_ref(), weight) {
                        Some(value) => say::example_argument(message, &name, &var.name, &value),
                        None => message,
                    })
                }
                RuleVarKind::Modulator => Some(say::missing_modulator(at, &var.name, &name, var.span)),
                _ => None,
            })
            .collect();
        missing.into_iter().for_each(|message| self.sink.push(message));
        given
    }

    /// The parameter or modulator that a name was probably meant to be.
    fn nearest_formal(&self, id: RuleId, name: &str) -> Option<VarId> {
        let rule = self.hir.rule(id);
        let near = suggest::nearest(name, formals(rule).map(|(_, name)| name))?;
        formals(rule).find(|(_, name)| *name == near).map(|(var, _)| var)
    }

    /// A parameter or modulator of a rule; reports anything else.
    fn rule_formal(&mut self, id: RuleId, name: &Name) -> Option<VarId> {
        let rule = self.hir.rule(id);
        let found = rule.vars.iter().position(|var| var.name == name.text);
        let message = match found {
            Some(at) if takes(&rule.vars[at].kind) => return Some(VarId(at as u32)),
            Some(at) => {
                let declared = (rule.vars[at].span != Span::default()).then_some(rule.vars[at].span);
                let is = super::rule::kind_words(&rule.vars[at].kind);
                names::wrong_kind(name.span, &name.text, is, "a parameter or modulator", declared)
            }
            None if rule.partial => return None,
            None => {
                let known = formals(rule).map(|(_, name)| name);
                let of = format!("the plasticity rule `{}`", rule.name);
                names::unknown_member(name.span, &name.text, &of, suggest::nearest(&name.text, known))
            }
        };
        self.sink.push(message);
        None
    }
}

/// `1 nS`, for a parameter of this type at a port of this dimension.
fn example(declared: Option<&Type>, weight: Option<Dimension>) -> Option<String> {
    let one = |dimension| crate::units::show(1.0, dimension);
    match declared? {
        Type::Real(dimension) if *dimension == dimension.with_weight(Dimension::REAL)? => {
            Some(one(*dimension))
        }
        Type::Real(dimension) => dimension.with_weight(weight?).map(one),
        Type::Int => Some("1".to_string()),
        _ => None,
    }
}

/// What a projection may give a rule.
fn formals(rule: &Rule) -> impl Iterator<Item = (VarId, &str)> {
    rule.declared().filter(|(_, var)| takes(&var.kind)).map(|(id, var)| (id, &*var.name))
}

fn takes(kind: &RuleVarKind) -> bool {
    matches!(kind, RuleVarKind::Param { .. } | RuleVarKind::Modulator)
}
