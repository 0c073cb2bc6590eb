//! Entries of plasticity rules.

use super::table::{cell, code, table};
use super::{Writer, type_words};
use circ_compiler::hir::{RuleVar, RuleVarKind, SynapseSide};
use circ_compiler::types::Type;
use circ_grammar::ast::{self, RuleItemKind};

impl Writer<'_> {
    pub(super) fn rule(&self, written: &ast::Rule) -> String {
        let Some(at) = self.hir.rules.iter().position(|it| it.span == written.name.span) else {
            return String::new();
        };
        let rule = &self.hir.rules[at];
        let mut out = String::new();
        if let Some(base) = rule.base.map(|base| &self.hir.rule(base).name) {
            out += &format!("Extends `{base}`: what is not written again is as there.\n\n");
        }
        let types = self.types.rule_vars.get(at).map_or(&[][..], Vec::as_slice);
        let ty = |at: usize| types.get(at).unwrap_or(&Type::Error);
        let vars = || rule.declared().map(|(id, var)| (var, ty(id.index())));
        let params: Vec<_> = vars().filter_map(|(var, ty)| self.rule_param(var, ty)).collect();
        out += &table("Parameters:", &["name", "default", "type", "range", "meaning"], &params);
        let others: Vec<_> = vars().filter_map(|(var, _)| kept(var)).collect();
        out += &table("What it keeps and reads:", &["name", "what", "meaning"], &others);
        let shown = written.items.iter().filter(|item| match item.kind {
            RuleItemKind::Param(_) | RuleItemKind::Error => false,
            RuleItemKind::Modulator { .. } | RuleItemKind::Let(_) | RuleItemKind::Fn(_) => true,
            RuleItemKind::Equation(_) | RuleItemKind::Trace { .. } | RuleItemKind::Synapse { .. } => true,
            RuleItemKind::Bounds { .. } | RuleItemKind::On { .. } | RuleItemKind::Every { .. } => true,
            RuleItemKind::Store { .. } | RuleItemKind::Rewire { .. } => true,
        });
        let shown: Vec<_> = shown.map(|item| item.span).collect();
        out + &self.statements(&shown)
    }

    fn rule_param(&self, var: &RuleVar, ty: &Type) -> Option<Vec<String>> {
        let RuleVarKind::Param { range, default } = &var.kind else { return None };
        let default = default.map_or("must be given".to_string(), |value| self.value(value));
        // Without a value the type is what was written.
        let ty = var.declared.as_ref().unwrap_or(ty);
        let doc = var.doc.as_deref().unwrap_or("");
        Some(vec![
            code(&var.name),
            cell(&default),
            cell(&type_words(ty)),
            cell(&self.range(*range)),
            cell(doc),
        ])
    }
}

/// Traces, states of synapses and modulators.
fn kept(var: &RuleVar) -> Option<Vec<String>> {
    let what = match &var.kind {
        RuleVarKind::Trace { side: SynapseSide::Pre, .. } => "trace of the source",
        RuleVarKind::Trace { side: SynapseSide::Post, .. } => "trace of the target",
        RuleVarKind::Synapse { .. } => "state of each synapse",
        RuleVarKind::Modulator => "modulator, named by the projection",
        RuleVarKind::Weight | RuleVarKind::Delay | RuleVarKind::Param { .. } | RuleVarKind::Let { .. } => {
            return None;
        }
    };
    Some(vec![code(&var.name), what.to_string(), cell(var.doc.as_deref().unwrap_or(""))])
}
