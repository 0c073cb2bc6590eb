//! Functions: their formals, bodies and calls.
//!
//! In: `fn` items of files, cells, circuits and experiments. Out: [`crate::hir::Function`]s, and calls with
//! arguments in the order of the formals, defaults filled in.

use super::context::Place;
use super::{Context, ERROR, FunctionSource, Resolver};
use crate::diagnose::{names, structure};
use crate::hir::{self, ExprId, ExprKind, FunctionId, LocalId, Owner};
use crate::types::Type;
use circ_grammar::ast::{self, Span};

impl<'a> Resolver<'a> {
    /// Gives a function its id; [`Self::function_bodies`] reads the rest.
    pub(super) fn new_function(
        &mut self,
        module: usize,
        function: &'a ast::Function,
        owner: Owner,
        home: Option<hir::SegmentId>,
    ) -> FunctionId {
        let id = FunctionId(self.hir.functions.len() as u32);
        let (name, span) = (function.name.text.clone(), function.name.span);
        self.hir.functions.push(hir::Function {
            name,
            span,
            formals: vec![],
            result: None,
            body: ERROR,
            owner,
            home,
        });
        self.functions.insert(id, FunctionSource { module, function, home });
        id
    }

    /// Formals first, of all functions of an owner, so that every call knows them.
    pub(super) fn function_bodies(
        &mut self,
        of: impl Fn(Owner) -> bool,
        context: &mut dyn FnMut(FunctionSource<'a>) -> Context,
    ) {
        let ids: Vec<_> =
            self.functions.keys().copied().filter(|id| of(self.hir.functions[id.index()].owner)).collect();
        for id in ids {
            let source = self.functions[&id];
            let mut cx = context(source);
            cx.module = source.module;
            cx.place = match cx.owner {
                Owner::Cell(_) => Place::CELL_FN,
                Owner::Rule(_) => Place::RULE_FN,
                Owner::File | Owner::Circuit(_) | Owner::Experiment(_) => Place::BUILD,
            };
            cx.locals.clear();
            let formals = source.function.formals.iter().map(|formal| self.formal(&mut cx, formal)).collect();
            let result = source.function.result.as_ref().and_then(|ty| self.ty(&mut cx, ty));
            let body = self.expr(&mut cx, source.function.body);
            let function = &mut self.hir.functions[id.index()];
            (function.formals, function.result, function.body) = (formals, result, body);
        }
    }

    fn formal(&mut self, cx: &mut Context, formal: &ast::Formal) -> LocalId {
        if let Some((lo, hi)) = formal.range {
            let at = self.span(cx, lo).to(self.span(cx, hi));
            self.refuse(at, "a range of a function's argument");
        }
        if cx.local(&formal.name.text).is_some() {
            let first =
                cx.local(&formal.name.text).map_or(formal.name.span, |id| self.hir.locals[id.index()].span);
            self.sink.push(names::duplicate_name(formal.name.span, &formal.name.text, first));
        }
        let declared = match (&formal.ty, formal.default) {
            (Some(ty), _) => self.ty(cx, ty).unwrap_or(Type::Error),
            // What its default tells is found by the type checker only; functions are typed before their calls.
            (None, _) => {
                self.sink.push(structure::missing_type(formal.name.span, &formal.name.text));
                Type::Error
            }
        };
        self.new_local(cx, &formal.name, Some(declared))
    }

    /// Declares a name that hides all outer ones until the caller takes it from `cx.locals` again.
    pub(super) fn new_local(
        &mut self,
        cx: &mut Context,
        name: &ast::Name,
        declared: Option<Type>,
    ) -> LocalId {
        if super::rule_block::is_rule(cx) {
            self.reserved(name);
        }
        let id = LocalId(self.hir.locals.len() as u32);
        self.hir.locals.push(hir::Local { name: name.text.clone(), span: name.span, declared });
        cx.locals.push((name.text.clone(), id));
        id
    }

    /// A call of a function of the program: arguments by position, then by name, then defaults.
    pub(super) fn call_fn(
        &mut self,
        cx: &mut Context,
        id: FunctionId,
        args: &'a [ast::Arg],
        at: Span,
    ) -> ExprId {
        let source = self.functions[&id];
        let formals = &source.function.formals;
        let mut given: Vec<Option<ExprId>> = vec![None; formals.len()];
        let mut position = 0;
        for arg in args {
            self.plain_argument(arg);
            let value = self.lower(cx, arg.value);
            let place = match &arg.name {
                Some(name) => formals.iter().position(|formal| formal.name.text == name.text),
                None => Some(position),
            };
            position += usize::from(arg.name.is_none());
            match place.and_then(|place| given.get_mut(place)) {
                Some(slot @ None) => *slot = Some(value),
                Some(Some(_)) => {
                    let message = format!("an argument of `{}` is given twice", source.function.name.text);
                    self.sink.push(structure::argument_form(arg.span, message, "given again"));
                }
                None => return self.wrong_count(source, args, at),
            }
        }
        let mut complete = vec![];
        for (formal, value) in formals.iter().zip(given) {
            complete.push(match (value, formal.default) {
                (Some(value), _) => value,
                (None, Some(default)) => self.default_argument(cx, source, default),
                (None, None) => return self.wrong_count(source, args, at),
            });
        }
        self.push(ExprKind::CallFn { function: id, args: complete }, at)
    }

    /// Read where the function is written: with the names of its file and owner, without locals.
    fn default_argument(
        &mut self,
        cx: &mut Context,
        source: FunctionSource<'a>,
        default: ast::ExprId,
    ) -> ExprId {
        let module = std::mem::replace(&mut cx.module, source.module);
        let locals = std::mem::take(&mut cx.locals);
        let value = self.expr(cx, default);
        (cx.module, cx.locals) = (module, locals);
        value
    }

    fn wrong_count(&mut self, source: FunctionSource<'a>, args: &[ast::Arg], at: Span) -> ExprId {
        let names: Vec<_> =
            source.function.formals.iter().map(|formal| format!("`{}`", formal.name.text)).collect();
        let due = match names.len() {
            0 => "no arguments".to_owned(),
            n => format!("{} ({})", counted(n), names::list(&names)),
        };
        self.sink.push(structure::argument_count(at, &source.function.name.text, &due, args.len()));
        self.push(ExprKind::Error, at)
    }
}

/// "1 argument", "2 arguments".
pub fn counted(n: usize) -> String {
    format!("{n} argument{}", if n == 1 { "" } else { "s" })
}
