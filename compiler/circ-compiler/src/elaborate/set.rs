//! `--set PATH=VALUE`: parameters given on the command line.
//!
//! In: paths and parsed values. Out: values for the formals of the experiment and its circuit (`p`,
//! `Cuba.p`), for `dt` and `seed`, and for parameters of populations (`E.V_th`, `col[2].E.V_th`; without the
//! indices all members of a family). A path that nothing has is an error that lists what can be set.

use super::{Elaborator, Settings, constant};
use crate::diagnose::data as say;
use crate::eval::number;
use crate::hir::{CellId, VarId, VarKind, path::without_indices};
use crate::net::Setting;
use crate::types::{Dimension, Type, Value};
use circ_grammar::ast::Span;

/// What `--set` gave.
#[derive(Clone, Debug, Default)]
pub(super) struct Overrides {
    given: Vec<Override>,
    /// Paths of populations' parameters that exist, for the message about one that does not.
    known: Vec<String>,
}

#[derive(Clone, Debug)]
struct Override {
    path: String,
    span: Span,
    value: Result<constant::Constant, Box<crate::diagnose::Diagnostic>>,
    used: bool,
}

impl Overrides {
    pub(super) fn read(
        values: &[(String, Span, Value)],
        set: &[(String, circ_grammar::ast::File, circ_grammar::ast::ExprId)],
    ) -> Overrides {
        let read = |(path, file, expr): &(String, _, circ_grammar::ast::ExprId)| {
            let file: &circ_grammar::ast::File = file;
            let span = file.exprs.get(expr.0 as usize).map_or(Span::default(), |e| e.span);
            Override {
                path: path.trim().to_string(),
                span,
                value: constant::evaluate(file, *expr),
                used: false,
            }
        };
        let of_sweep = |(path, span, value): &(String, Span, Value)| Override {
            path: path.clone(),
            span: *span,
            value: Ok(constant::given(value.clone())),
            used: false,
        };
        Overrides { given: values.iter().map(of_sweep).chain(set.iter().map(read)).collect(), known: vec![] }
    }
}

impl Elaborator<'_> {
    /// The value for a formal, by its name or with its owner's before it. The last one given holds.
    pub(super) fn override_formal(&mut self, name: &str, owner: &str, ty: &Type) -> Option<(Value, Span)> {
        if self.overrides.given.is_empty() {
            return None;
        }
        let full = format!("{owner}.{name}");
        self.overrides.known.push(name.to_string());
        self.take(|path| path == name || path == full, ty)
    }

    /// `dt` or `seed`: `None` where it is not given, `Some(None)` where it is given wrong.
    pub(super) fn override_setting(
        &mut self,
        name: &str,
        owner: &str,
        ty: &Type,
    ) -> Option<Option<(f64, Span)>> {
        let full = format!("{owner}.{name}");
        let matches = |path: &str| path == name || path == full;
        let taken = self.overrides.given.iter().any(|o| !o.used && matches(&o.path));
        self.overrides.known.push(name.to_string());
        taken.then(|| {
            let (value, span) = self.take(matches, ty)?;
            Some((number::number(&value)?.real(), span))
        })
    }

    /// Parameters of a population that were given; they come before what its block says.
    pub(super) fn override_parameters(
        &mut self,
        path: &str,
        cell: CellId,
        settings: &mut Vec<(VarId, Setting, Span)>,
    ) {
        let Some(declared) = self.hir.cells.get(cell.index()) else {
            return;
        };
        if self.overrides.given.is_empty() {
            return;
        }
        let bare = without_indices(path);
        for (k, var) in declared.vars.iter().enumerate() {
            if !matches!(var.kind, VarKind::Param { .. }) {
                continue;
            }
            let (full, family) = (format!("{path}.{}", var.name), format!("{bare}.{}", var.name));
            let ty = self.var_type(cell, VarId(k as u32)).clone();
            let taken = self.take(|given| given == full || given == family, &ty);
            if self.overrides.known.len() < 10_000 {
                self.overrides.known.push(full);
            }
            if let Some((value, span)) = taken {
                let id = VarId(k as u32);
                settings.retain(|(v, _, _)| *v != id);
                settings.push((id, Setting::Value(value), span));
            }
        }
    }

    fn take(&mut self, matches: impl Fn(&str) -> bool, ty: &Type) -> Option<(Value, Span)> {
        let mut found = None;
        for given in self.overrides.given.iter_mut().filter(|o| matches(&o.path)) {
            given.used = true;
            found = Some((given.path.clone(), given.span, given.value.clone()));
        }
        let (path, span, value) = found?;
        let constant = self.keep(value)?;
        match constant.fit(ty) {
            Ok(value) => Some((value, span)),
            Err((needed, found)) => self.report(say::set_value(span, &path, &needed, &found)),
        }
    }

    /// What was given and met nothing.
    pub(super) fn report_unused_overrides(&mut self, settings: &Settings) {
        // With other mistakes the populations may not have been made, and every path would be unknown.
        if settings.set.is_empty() || self.sink.has_errors() {
            return;
        }
        let mut known = std::mem::take(&mut self.overrides.known);
        let mut seen = std::collections::BTreeSet::new();
        known.retain(|name| seen.insert(name.clone()));
        for given in std::mem::take(&mut self.overrides.given) {
            if !given.used {
                self.sink.push(say::set_path(given.span, &given.path, &known));
            }
        }
    }
}

/// "a time", "a whole number", for messages.
pub(super) fn type_words(ty: &Type) -> String {
    match ty {
        Type::Real(dimension) if *dimension == Dimension::REAL => "a plain number".to_string(),
        Type::Real(dimension) => crate::units::dimension_words(*dimension),
        Type::AnyReal => "a number".to_string(),
        Type::Int => "a whole number".to_string(),
        Type::Bool => "`true` or `false`".to_string(),
        Type::Text => "a text".to_string(),
        Type::Array(_, _) => format!("an array `{ty}`"),
        _ => "something else".to_string(),
    }
}
