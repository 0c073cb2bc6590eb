//! Calls: functions of the program, of the language, draws, reductions and measures.
//!
//! In: calls as written. Out: the expression of the HIR for each family.

use super::builtins::{self, MeasureKind};
use super::context::Place;
use super::function::counted;
use super::scope::{Def, Named};
use super::{Context, Resolver};
use crate::diagnose::{names, structure, suggest, typing};
use crate::hir::{ExprId, ExprKind, FunctionId, MeasureArg, NOISE_SOURCES, OVER_TIME, Reduce, Window};
use crate::types::Type;
use circ_grammar::ast::{self, Arg, ArgTail, Iter, Span};

impl<'a> Resolver<'a> {
    pub(super) fn call(
        &mut self,
        cx: &mut Context,
        callee: ast::ExprId,
        args: &'a [Arg],
        at: Span,
    ) -> ExprId {
        let callee_at = self.span(cx, callee);
        match &self.ast(cx, callee).kind {
            ast::ExprKind::Name(name) => match self.function_named(cx, name) {
                Some(function) => self.call_fn(cx, function, args, at),
                None => self.call_language(cx, name, callee_at, args, at),
            },
            ast::ExprKind::Field { base, name } => match self.function_of_file(cx, *base, name) {
                Some(function) => self.call_fn(cx, function, args, at),
                None => self.not_callable(callee_at, at),
            },
            ast::ExprKind::Error => self.push(ExprKind::Error, at),
            _ => self.not_callable(callee_at, at),
        }
    }

    fn not_callable(&mut self, callee_at: Span, at: Span) -> ExprId {
        self.sink.push(structure::argument_form(
            callee_at,
            "only functions can be called".into(),
            "not a function",
        ));
        self.push(ExprKind::Error, at)
    }

    /// A function of the program. A value of this name does not hide the language's function: `gamma` may be both.
    fn function_named(&self, cx: &Context, name: &str) -> Option<FunctionId> {
        match (cx.named(name), self.top_level(cx.module, name)) {
            (Some((Named::Function(function), _)), _) => Some(function),
            (_, Some((Def::Function(function), _))) => Some(function),
            _ => None,
        }
    }

    fn function_of_file(&mut self, cx: &Context, base: ast::ExprId, name: &ast::Name) -> Option<FunctionId> {
        let ast::ExprKind::Name(file) = &self.ast(cx, base).kind else {
            return None;
        };
        match self.top_level(cx.module, file) {
            Some((Def::Module(module), _)) => match self.member_of_file(module, name) {
                Def::Function(function) => Some(function),
                _ => None,
            },
            _ => None,
        }
    }

    fn call_language(
        &mut self,
        cx: &mut Context,
        name: &str,
        name_at: Span,
        args: &'a [Arg],
        at: Span,
    ) -> ExprId {
        if self.is_measure(cx, name, args) {
            return self.measure(cx, name, name_at, args, at);
        }
        let reduced = builtins::reduction(name).filter(|_| args.len() == 1);
        if let Some(reduce) = reduced {
            return self.reduce(cx, reduce, &args[0], at);
        }
        if let Some((builtin, least, most)) = builtins::function(name) {
            let Some(args) = self.arguments(cx, name, args, least, most, at) else {
                return self.push(ExprKind::Error, at);
            };
            return self.push(ExprKind::Call { builtin, args }, at);
        }
        if let Some((distribution, count)) = builtins::distribution(name) {
            let Some(args) = self.arguments(cx, name, args, count, count, at) else {
                return self.push(ExprKind::Error, at);
            };
            let kind = ExprKind::Draw { distribution, args };
            return self.random(cx, kind, Place::DRAWS, &format!("a draw with `{name}`"), at);
        }
        match name {
            "redraw" => self.redraw(cx, args, at),
            "chance" => match self.arguments(cx, name, args, 1, 1, at) {
                Some(args) => self.random(cx, ExprKind::Chance(args[0]), Place::CHANCE, "`chance`", at),
                None => self.push(ExprKind::Error, at),
            },
            "rising" => self.rising(cx, args, at),
            "xi" => self.noise(cx, args, at),
            _ if builtins::reduction(name).is_some() => {
                self.sink.push(structure::argument_count(at, name, &counted(1), args.len()));
                self.push(ExprKind::Error, at)
            }
            _ => self.unknown_function(cx, name, name_at, args, at),
        }
    }

    /// A draw, where one may stand.
    fn random(&mut self, cx: &Context, kind: ExprKind, needs: Place, what: &str, at: Span) -> ExprId {
        if cx.place.allows(needs) {
            return self.push(kind, at);
        }
        let due = if cx.place.allows(Place::NOISE) {
            "drawn when? give it a name with `let`, which draws once a tick"
        } else {
            "draws belong in parameters, initial values, `let`s and blocks of cells, and in weights and delays"
        };
        self.misplaced(at, what, due)
    }

    /// Positional arguments without anything behind them; `None` after a report.
    fn arguments(
        &mut self,
        cx: &mut Context,
        name: &str,
        args: &'a [Arg],
        least: usize,
        most: usize,
        at: Span,
    ) -> Option<Vec<ExprId>> {
        for arg in args {
            self.plain_argument(arg);
            if let Some(word) = &arg.name {
                self.sink.push(structure::argument_form(
                    word.span,
                    format!("`{name}` takes its arguments in order, without names"),
                    "a name",
                ));
            }
        }
        let values: Vec<_> = args.iter().map(|arg| self.lower(cx, arg.value)).collect();
        if (least..=most).contains(&values.len()) {
            return Some(values);
        }
        let due = if most == usize::MAX { format!("{} or more", counted(least)) } else { counted(least) };
        self.sink.push(structure::argument_count(at, name, &due, values.len()));
        None
    }

    /// Reports `each`, `over`, `->` and `for` where they mean nothing.
    pub(super) fn plain_argument(&mut self, arg: &Arg) {
        let word = match (&arg.tail, arg.each) {
            (ArgTail::None, false) => return,
            (ArgTail::None, true) => "each",
            (ArgTail::To(_), _) => "->",
            (ArgTail::Over(_), _) => "over",
            (ArgTail::For { .. }, _) => "for",
        };
        self.sink.push(structure::argument_form(
            arg.span,
            format!("`{word}` has no meaning in this argument"),
            "only measures and reductions take it",
        ));
    }

    fn redraw(&mut self, cx: &mut Context, args: &'a [Arg], at: Span) -> ExprId {
        if !cx.place.allows(Place::DRAWS) {
            // What is drawn inside is out of place for the same reason.
            return self.random(cx, ExprKind::Error, Place::DRAWS, "`redraw`", at);
        }
        let Some(args) = self.arguments(cx, "redraw", args, 3, 3, at) else {
            return self.push(ExprKind::Error, at);
        };
        let (value, lo, hi) = (args[0], args[1], args[2]);
        self.random(cx, ExprKind::Redraw { value, lo, hi }, Place::DRAWS, "`redraw`", at)
    }

    fn rising(&mut self, cx: &mut Context, args: &'a [Arg], at: Span) -> ExprId {
        let Some(args) = self.arguments(cx, "rising", args, 1, 1, at) else {
            return self.push(ExprKind::Error, at);
        };
        if cx.place.allows(Place::RISING) {
            self.push(ExprKind::Rising(args[0]), at)
        } else {
            self.misplaced(at, "`rising`", "only the condition after `when` is watched from tick to tick")
        }
    }

    /// `xi(k)`: the number of the source is written out.
    fn noise(&mut self, cx: &mut Context, args: &'a [Arg], at: Span) -> ExprId {
        let [arg] = args else {
            self.sink.push(structure::argument_count(at, "xi", &counted(1), args.len()));
            return self.push(ExprKind::Error, at);
        };
        let source = match &self.ast(cx, arg.value).kind {
            ast::ExprKind::Number(number) if number.unit.is_empty() => {
                number.digits.parse::<u32>().ok().filter(|k| *k < NOISE_SOURCES)
            }
            _ => None,
        };
        match source {
            Some(source) if cx.place.allows(Place::NOISE) => self.push(ExprKind::Noise(source), at),
            Some(_) => {
                self.misplaced(at, "`xi`", "white noise belongs in an equation, or in a `let` that one reads")
            }
            None => {
                let message = "the source of `xi(k)` is a whole number below 1024, written out".to_owned();
                self.sink.push(structure::argument_form(arg.span, message, "not such a number"));
                self.push(ExprKind::Error, at)
            }
        }
    }

    /// `sum(array)`, `sum(e for q in a .. b)`
    fn reduce(&mut self, cx: &mut Context, reduce: Reduce, arg: &'a Arg, at: Span) -> ExprId {
        let (index, over) = match &arg.tail {
            ArgTail::For { index, over } => (index, *over),
            _ => {
                self.plain_argument(arg);
                let value = self.lower(cx, arg.value);
                return self.push(ExprKind::Reduce { reduce, value, over: None }, at);
            }
        };
        let Iter::Range(lo, hi) = over else {
            self.refuse(arg.span, "a sum over the elements of an array");
            return self.push(ExprKind::Error, at);
        };
        let (lo, hi) = (self.lower(cx, lo), self.lower(cx, hi));
        let local = self.new_local(cx, index, Some(Type::Int));
        let value = self.lower(cx, arg.value);
        cx.locals.pop();
        self.push(ExprKind::Reduce { reduce, value, over: Some((local, lo, hi)) }, at)
    }

    fn unknown_function(
        &mut self,
        cx: &Context,
        name: &str,
        name_at: Span,
        args: &[Arg],
        at: Span,
    ) -> ExprId {
        let mut candidates = cx.candidates(|named| matches!(named, Named::Function(_)));
        candidates.extend(self.top_level_names(cx.module, |def| matches!(def, Def::Function(_))));
        let suggestion = suggest::nearest(
            name,
            candidates.iter().map(String::as_str).chain(builtins::CALLABLE.iter().copied()),
        );
        // `2 (x)` and the like: a value before parentheses is no call.
        let value = cx.named(name).map(|(named, declared)| (named.kind(), declared));
        match value {
            Some((_, declared)) if cx.named(name) != Some((Named::Refused, declared)) => {
                self.sink.push(names::wrong_kind(name_at, name, "a value", "a function", Some(declared)));
            }
            Some(_) => {}
            None if ["grid", "times", "choose", "table", "trace", "alpha", "biexponential", "delta"]
                .contains(&name) =>
            {
                self.sink.push(names::out_of_place(name_at, &format!("`{name}`"), place_of(name)));
            }
            None => self.sink.push(names::unknown_name(name_at, name, "function", suggestion)),
        }
        let _ = args;
        self.push(ExprKind::Error, at)
    }

    /// Whether a call is one of a measure: by its name, and for `count`, `mean` and the like by its argument.
    fn is_measure(&self, cx: &Context, name: &str, args: &[Arg]) -> bool {
        let windowed =
            || args.iter().any(|arg| arg.each || matches!(arg.tail, ArgTail::Over(_) | ArgTail::To(_)));
        match builtins::reduction(name) {
            None => builtins::measure(name).is_some(),
            Some(Reduce::Count) => windowed() || matches!(args, [arg] if self.is_events(cx, arg.value)),
            Some(_) => windowed(),
        }
    }

    /// Whether an expression can be told to name events or cells, not values, by its form.
    fn is_events(&self, cx: &Context, id: ast::ExprId) -> bool {
        match &self.ast(cx, id).kind {
            ast::ExprKind::Field { base, name } => {
                self.event_names.contains(&name.text) || {
                    // `col.E`: an item of a part.
                    self.is_part(cx, *base)
                }
            }
            ast::ExprKind::Name(name) => {
                self.is_item(cx, name, |kind| matches!(kind, crate::hir::SlotKind::Population { .. }))
            }
            ast::ExprKind::Index { base, .. } => self.is_events(cx, *base),
            ast::ExprKind::Tuple(parts) => parts.iter().all(|part| self.is_events(cx, *part)),
            _ => false,
        }
    }

    fn is_part(&self, cx: &Context, id: ast::ExprId) -> bool {
        match &self.ast(cx, id).kind {
            ast::ExprKind::Name(name) => {
                self.is_item(cx, name, |kind| matches!(kind, crate::hir::SlotKind::Part { .. }))
            }
            ast::ExprKind::Index { base, .. } | ast::ExprKind::Field { base, .. } => self.is_part(cx, *base),
            _ => false,
        }
    }

    fn is_item(&self, cx: &Context, name: &str, is_wanted: fn(&crate::hir::SlotKind) -> bool) -> bool {
        match cx.named(name) {
            Some((Named::Slot(slot), _)) => {
                self.slots(cx.owner).get(slot.index()).is_some_and(|slot| is_wanted(&slot.kind))
            }
            Some((Named::OfCircuit(slot), _)) => {
                self.outer_slots(cx.owner).get(slot.index()).is_some_and(|slot| is_wanted(&slot.kind))
            }
            _ => false,
        }
    }

    pub(super) fn measure(
        &mut self,
        cx: &mut Context,
        name: &str,
        name_at: Span,
        args: &'a [Arg],
        at: Span,
    ) -> ExprId {
        let needs = match builtins::measure(name) {
            Some(MeasureKind::NotYet) => {
                self.refuse(name_at, &format!("the measure `{name}`"));
                return self.push(ExprKind::Error, at);
            }
            None if !OVER_TIME.contains(&name) => {
                self.sink.push(structure::not_over_time(name_at, name));
                return self.push(ExprKind::Error, at);
            }
            Some(MeasureKind::Build) => Place::BUILD,
            // `mean(E.v over 100 ms)`: of values in time, or of each cell's.
            None | Some(MeasureKind::Run) => Place::MEASURES,
        };
        if !cx.place.allows(needs) {
            let due = if needs == Place::BUILD {
                "known only where circuits and experiments are"
            } else {
                "known only when a circuit has run: in experiments and constraints"
            };
            return self.misplaced(at, &format!("`{name}`"), due);
        }
        let args = args.iter().map(|arg| self.measure_arg(cx, arg)).collect();
        self.push(ExprKind::Measure { name: name.into(), name_span: name_at, args }, at)
    }

    fn measure_arg(&mut self, cx: &mut Context, arg: &'a Arg) -> MeasureArg {
        let value = self.lower(cx, arg.value);
        let (mut to, mut over) = (None, None);
        match &arg.tail {
            ArgTail::None => {}
            ArgTail::To(target) => to = Some(self.lower(cx, *target)),
            ArgTail::Over(Iter::Expr(length)) => over = Some(Window::Last(self.lower(cx, *length))),
            ArgTail::Over(Iter::Range(lo, hi)) => {
                over = Some(Window::Between(self.lower(cx, *lo), self.lower(cx, *hi)))
            }
            ArgTail::For { .. } => self.sink.push(typing::wrong_type(
                arg.span,
                "a population or one of its events",
                &Type::Array(Box::new(Type::Error), vec![]),
            )),
        }
        MeasureArg { each: arg.each, name: arg.name.as_ref().map(|name| name.text.clone()), value, to, over }
    }
}

fn place_of(name: &str) -> &'static str {
    match name {
        "grid" => "positions are given by `at grid(...)` in the block of a population",
        "trace" => "traces belong to plasticity rules",
        "alpha" | "biexponential" | "delta" => "a shape stands after `via` in a port",
        _ => "a source stands after `drive NAME:`",
    }
}
