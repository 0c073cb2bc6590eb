//! Plasticity rules: their items by name, those of the rules that they extend included, and what each says.
//!
//! In: rules of a file. Out: flattened [`crate::hir::Rule`]s. As with cells, what a rule takes over is read anew in its
//! own scope. In the block of a trace a name that nothing here declares is one of the side's cell, which only an
//! attachment tells.

use super::builtins;
use super::cell::{MAX_CELL_ITEMS, head};
use super::context::Place;
use super::extend::{from_the_first, merged};
use super::scope::{self, Def, Named, Names, path_span};
use super::{Context, ERROR, Resolver};
use crate::diagnose::build::cells_too_large;
use crate::diagnose::{names, rule as say, structure, suggest};
use crate::hir::{
    self, Budget, EventPath, ExprId, HookKind, Owner, Rule, RuleBounds, RuleId, RuleVar, RuleVarKind,
    SynapseSide, TraceKind, VarId,
};
use circ_grammar::ast::{self, Name, Path, RuleItemKind, Span};

/// An item with the file that it is written in.
type Entry<'a> = (usize, &'a ast::RuleItem);

/// Where a rule is written.
pub(super) type RuleSource<'a> = (usize, &'a ast::Item, &'a ast::Rule);

/// The names that every rule has, and that none may hide.
pub(super) const RESERVED: &[(&str, &str)] = &[
    ("w", "the weight"),
    ("d", "the delay"),
    ("pre", "the presynaptic side"),
    ("post", "the postsynaptic side"),
];

impl<'a> Resolver<'a> {
    pub(super) fn rules(&mut self) {
        for at in 0..self.rules.len() {
            let rule = self.rule(RuleId(at as u32), self.rules[at]);
            self.hir.rules.push(rule);
        }
    }

    fn rule(&mut self, id: RuleId, (module, item, written): RuleSource<'a>) -> Rule {
        let (mut entries, base) = self.flatten_rule(module, written);
        let before = self.cell_items;
        self.cell_items += entries.len();
        if MAX_CELL_ITEMS < self.cell_items {
            entries.clear();
            if before <= MAX_CELL_ITEMS {
                self.sink.push(cells_too_large(written.name.span, &written.name.text, MAX_CELL_ITEMS));
            }
        }
        let first = ExprId(self.hir.exprs.len() as u32);
        let mut rule = Rule {
            name: written.name.text.clone(),
            span: written.name.span,
            text: item.span,
            doc: item.attributes.doc.clone(),
            base,
            vars: vec![of_language("w", RuleVarKind::Weight), of_language("d", RuleVarKind::Delay)],
            equations: vec![],
            hooks: vec![],
            bounds: vec![],
            rewire: None,
            store: vec![],
            partial: entries.iter().any(|(_, item)| matches!(item.kind, RuleItemKind::Error)),
            exprs: (first, first),
        };
        let (owner, place) = (Owner::Rule(id), Place::CONSTANT);
        let mut cx = Context { owner, place, ..Context::file(module) };
        cx.names = self.declare_rule(owner, &mut rule, &entries);
        let context = cx.clone();
        self.function_bodies(|of| of == owner, &mut |_| context.clone());
        let mut next = 2;
        for (module, item) in entries {
            cx.module = module;
            self.rule_item(&mut cx, &mut rule, &mut next, item);
        }
        rule.exprs.1 = ExprId(self.hir.exprs.len() as u32);
        self.learned_delay(&rule);
        rule
    }

    /// As [`Self::flatten`] of cells.
    fn flatten_rule(&mut self, module: usize, rule: &'a ast::Rule) -> (Vec<Entry<'a>>, Option<RuleId>) {
        let mut chain = vec![(module, rule)];
        let mut base = None;
        while let Some((module, path)) =
            chain.last().and_then(|(module, rule)| Some((*module, rule.base.as_ref()?)))
        {
            let Some((Def::Rule(id), _)) =
                self.lookup_path(module, path, "plasticity rule", |def| matches!(def, Def::Rule(_)))
            else {
                break;
            };
            let (module, _, written) = self.rules[id.index()];
            if let Some(start) = chain.iter().position(|(_, seen)| std::ptr::eq(*seen, written)) {
                let members = chain[start..].iter().map(|(_, rule)| &rule.name);
                let members = from_the_first(members.map(|name| (name.text.to_string(), name.span)));
                self.sink.push(names::cyclic_cell(&members));
                break;
            }
            base = base.or(Some(id));
            chain.push((module, written));
        }
        chain.reverse();
        let chain: Vec<_> = chain.into_iter().map(|(module, rule)| (module, &rule.items[..])).collect();
        let repeated = |key: &String, span, first| self.sink.push(names::duplicate_name(span, key, first));
        (merged(&chain, key, repeated), base)
    }

    /// Gives every name its id.
    fn declare_rule(&mut self, owner: Owner, rule: &mut Rule, entries: &[Entry<'a>]) -> Names {
        let mut names = Names::new();
        for (at, var) in rule.vars.iter().enumerate() {
            names.insert(var.name.clone(), (Named::Var(VarId(at as u32)), Span::default()));
        }
        for (module, item) in entries {
            let (name, kind) = match &item.kind {
                RuleItemKind::Param(v) => (&v.name, RuleVarKind::Param { range: None, default: None }),
                RuleItemKind::Modulator { name, .. } => (name, RuleVarKind::Modulator),
                RuleItemKind::Let(binding) => (&binding.name, RuleVarKind::Let { value: ERROR }),
                RuleItemKind::Trace { side, name, .. } => {
                    let dynamics = TraceKind::Spikes { tau: ERROR, nearest: false };
                    (name, RuleVarKind::Trace { side: side_of(*side), dynamics })
                }
                RuleItemKind::Synapse { name, .. } => (name, RuleVarKind::Synapse { initial: ERROR }),
                RuleItemKind::Fn(function) => {
                    self.reserved(&function.name);
                    let id = self.new_function(*module, function, owner, None);
                    scope::declare(&mut names, &function.name, Named::Function(id));
                    continue;
                }
                RuleItemKind::Equation(_) | RuleItemKind::Bounds { .. } | RuleItemKind::On { .. } => continue,
                RuleItemKind::Every { .. } | RuleItemKind::Store { .. } => continue,
                RuleItemKind::Rewire { .. } | RuleItemKind::Error => continue,
            };
            // Two of one name were reported when the rules were merged; the language's own stays.
            self.reserved(name);
            scope::declare(&mut names, name, Named::Var(VarId(rule.vars.len() as u32)));
            let doc = item.attributes.doc.clone();
            rule.vars.push(RuleVar { name: name.text.clone(), span: name.span, doc, declared: None, kind });
        }
        names
    }

    /// Reports a declaration of a name that means the same in all rules.
    pub(super) fn reserved(&mut self, name: &Name) {
        if let Some((word, meaning)) = RESERVED.iter().find(|(word, _)| *word == &*name.text) {
            self.sink.push(say::reserved(name.span, word, meaning));
        }
    }

    fn rule_item(&mut self, cx: &mut Context, rule: &mut Rule, next: &mut usize, item: &'a ast::RuleItem) {
        let mut fill = |declared, kind| {
            if let Some(var) = rule.vars.get_mut(*next) {
                (var.declared, var.kind) = (declared, kind);
            }
            *next += 1;
        };
        match &item.kind {
            RuleItemKind::Param(v) => {
                let declared = v.ty.as_ref().and_then(|ty| self.ty(cx, ty));
                let (range, value) = self.range_and_value(cx, v);
                let range = self.range(cx, range);
                let default = value.map(|value| self.expr_in(cx, Place::RULE_PARAM, value));
                fill(declared, RuleVarKind::Param { range, default });
            }
            RuleItemKind::Modulator { ty, .. } => {
                let declared = self.ty(cx, ty).or(Some(crate::types::Type::Error));
                fill(declared, RuleVarKind::Modulator);
            }
            RuleItemKind::Let(binding) => {
                let declared = binding.ty.as_ref().and_then(|ty| self.ty(cx, ty));
                let value = self.expr_in(cx, Place::RULE_LET, binding.value);
                fill(declared, RuleVarKind::Let { value });
            }
            RuleItemKind::Synapse { ty, value, .. } => {
                let declared = ty.as_ref().and_then(|ty| self.ty(cx, ty));
                let initial = self.expr_in(cx, Place::RULE_STATE, *value);
                fill(declared, RuleVarKind::Synapse { initial });
            }
            RuleItemKind::Trace { side, name, ty, value, body } => {
                let declared = ty.as_ref().and_then(|ty| self.ty(cx, ty));
                let var = VarId(*next as u32);
                let side = side_of(*side);
                let dynamics = self.trace(cx, rule, (var, side, name), *value, body);
                if let Some(slot) = rule.vars.get_mut(*next) {
                    (slot.declared, slot.kind) = (declared, RuleVarKind::Trace { side, dynamics });
                }
                *next += 1;
            }
            RuleItemKind::Equation(equation) => {
                let factor = equation.factor.map(|factor| self.expr_in(cx, Place::RULE_EQUATION, factor));
                let value = self.expr_in(cx, Place::RULE_EQUATION, equation.value);
                if let Some(var) = self.state_of_synapse(cx, rule, &equation.name, "an equation sets") {
                    rule.equations.push(hir::Equation { var, factor, value, span: item.span });
                }
            }
            RuleItemKind::Bounds { name, lo, hi } => {
                let [lo, hi] = [*lo, *hi].map(|end| self.expr_in(cx, Place::CONSTANT, end));
                if let Some(var) = self.state_of_synapse(cx, rule, name, "`bounds` limits") {
                    rule.bounds.push(RuleBounds { var, lo, hi, span: item.span });
                }
            }
            RuleItemKind::On { event, and, body } => {
                let when = self.hook_kind(cx, rule, event, and.as_ref());
                let transmits = matches!(when, Some(HookKind::Pre | HookKind::Both) | None);
                let body = self.hook_body(cx, rule, body, transmits);
                if let Some(when) = when {
                    rule.hooks.push(hir::Hook { when, body, span: item.span });
                }
            }
            RuleItemKind::Every { interval, body } => {
                let when = HookKind::Every(self.expr(cx, *interval));
                let body = self.hook_body(cx, rule, body, false);
                rule.hooks.push(hir::Hook { when, body, span: item.span });
            }
            RuleItemKind::Store { name, precision } => self.rule_store(cx, rule, name, precision.as_ref()),
            RuleItemKind::Rewire { interval, items } => {
                rule.rewire = Some(self.rewire(cx, *interval, items, item.span));
            }
            RuleItemKind::Fn(_) | RuleItemKind::Error => {}
        }
    }

    /// `w`, `d` or a state of synapses, by its name.
    pub(super) fn state_of_synapse(
        &mut self,
        cx: &Context,
        rule: &Rule,
        name: &Name,
        doing: &str,
    ) -> Option<VarId> {
        match cx.names.get(&name.text) {
            Some((Named::Var(var), declared)) => match &rule.vars[var.index()].kind {
                RuleVarKind::Weight | RuleVarKind::Delay | RuleVarKind::Synapse { .. } => Some(*var),
                kind => {
                    self.sink.push(say::not_of_synapse(
                        name.span,
                        &name.text,
                        kind_words(kind),
                        doing,
                        Some(*declared),
                    ));
                    None
                }
            },
            Some((other, declared)) => {
                self.sink.push(say::not_of_synapse(
                    name.span,
                    &name.text,
                    other.kind(),
                    doing,
                    Some(*declared),
                ));
                None
            }
            None if matches!(&*name.text, "pre" | "post") => {
                self.sink.push(say::not_of_synapse(
                    name.span,
                    &name.text,
                    "a side of the synapse",
                    doing,
                    None,
                ));
                None
            }
            None => {
                let own = rule.vars.iter().filter(|var| matches!(var.kind, RuleVarKind::Synapse { .. }));
                let known = own.map(|var| &*var.name);
                let suggestion = suggest::nearest(&name.text, known);
                self.sink.push(names::unknown_name(name.span, &name.text, "state of synapses", suggestion));
                None
            }
        }
    }

    /// `on pre`, `on post.nmda`, `on pre and post`, `on MODULATOR`
    fn hook_kind(&mut self, cx: &Context, rule: &Rule, event: &Path, and: Option<&Path>) -> Option<HookKind> {
        if let Some(and) = and {
            let mut words =
                [event, and].map(|path| path.names.iter().map(|it| &*it.text).collect::<Vec<_>>());
            words.sort();
            if words == [["post"], ["pre"]] {
                return Some(HookKind::Both);
            }
            self.sink.push(say::meets(path_span(event).to(path_span(and))));
            return None;
        }
        let (first, rest) = event.names.split_first()?;
        match (&*first.text, rest) {
            ("pre", []) => return Some(HookKind::Pre),
            ("pre", _) => {
                self.sink.push(say::event_of_pre(path_span(event)));
                return None;
            }
            ("post", []) => return Some(HookKind::Post(None)),
            ("post", rest) => return Some(HookKind::Post(event_path(rest))),
            _ => {}
        }
        match cx.names.get(&first.text) {
            Some((Named::Var(var), _))
                if rest.is_empty() && matches!(rule.vars[var.index()].kind, RuleVarKind::Modulator) =>
            {
                Some(HookKind::Modulator(*var))
            }
            Some((named, declared)) => {
                let kind = match named {
                    Named::Var(var) => kind_words(&rule.vars[var.index()].kind),
                    other => other.kind(),
                };
                let wanted = "`pre`, `post` or a modulator";
                let declared = (*declared != Span::default()).then_some(*declared);
                self.sink.push(names::wrong_kind(path_span(event), &first.text, kind, wanted, declared));
                None
            }
            None => {
                let modulators = rule.vars.iter().filter(|var| matches!(var.kind, RuleVarKind::Modulator));
                let known = modulators.map(|var| &*var.name).chain(["pre", "post"]);
                let suggestion = suggest::nearest(&first.text, known);
                let message = names::unknown_name(first.span, &first.text, "event", suggestion);
                self.sink.push(message.note("a rule hears `pre`, `post`, `post.EVENT` and its modulators"));
                None
            }
        }
    }

    fn rule_store(&mut self, cx: &Context, rule: &mut Rule, name: &Name, precision: Option<&Name>) {
        let var = self.state_of_synapse(cx, rule, name, "`store` tells the precision of");
        match precision {
            None => self.sink.push(structure::store_how(name.span, &name.text)),
            Some(word) => {
                let precision = self.word(word, "precision", builtins::PRECISIONS);
                rule.store.extend(var.zip(precision));
            }
        }
    }

    fn rewire(
        &mut self,
        cx: &mut Context,
        interval: ast::ExprId,
        items: &'a [ast::RewireItem],
        span: Span,
    ) -> hir::Rewire {
        let interval = self.expr(cx, interval);
        let mut rewire = hir::Rewire { interval, prune: vec![], grow: vec![], span };
        for item in items {
            match item {
                ast::RewireItem::Prune(pick) => {
                    match pick {
                        ast::Pick::Random => self.sink.push(say::prune_random(span)),
                        ast::Pick::Extreme { share: None, by, .. } => {
                            self.sink.push(say::prune_share(self.span(cx, *by)));
                        }
                        ast::Pick::Extreme { .. } | ast::Pick::Where(_) => {}
                    }
                    rewire.prune.push(self.pick(cx, pick));
                }
                ast::RewireItem::Grow { what, pick } => {
                    let at = self.span(cx, *what);
                    let word = match &self.ast(cx, *what).kind {
                        ast::ExprKind::Name(word) => &**word,
                        _ => "",
                    };
                    let budget = match word {
                        "pruned" => Budget::Pruned,
                        "random" => {
                            self.sink.push(say::grow_budget(at));
                            continue;
                        }
                        _ => Budget::Number(self.expr(cx, *what)),
                    };
                    match pick {
                        Some(pick) => rewire.grow.push((budget, self.pick(cx, pick))),
                        None => self.sink.push(say::grow_which(at)),
                    }
                    if let Some(ast::Pick::Extreme { share: Some(share), .. }) = pick {
                        self.sink.push(say::budget_twice(self.span(cx, *share), at));
                    }
                    let twice = rewire.grow.iter().filter(|grow| matches!(grow.0, Budget::Pruned)).count();
                    if matches!(budget, Budget::Pruned) && 1 < twice {
                        self.sink.push(say::pruned_twice(at));
                    }
                    let pruned = items.iter().any(|it| matches!(it, ast::RewireItem::Prune(_)));
                    if matches!(budget, Budget::Pruned) && !pruned {
                        self.sink.push(say::nothing_pruned(at));
                    }
                }
            }
        }
        rewire
    }

    fn pick(&mut self, cx: &mut Context, pick: &ast::Pick) -> hir::Pick {
        match pick {
            ast::Pick::Where(condition) => hir::Pick::Where(self.expr_in(cx, Place::RULE_HOOK, *condition)),
            ast::Pick::Extreme { highest, share, by } => {
                let share = share.map(|share| self.expr(cx, share));
                let by = self.expr_in(cx, Place::RULE_HOOK, *by);
                hir::Pick::Extreme { highest: *highest, share, by }
            }
            ast::Pick::Random => hir::Pick::Random,
        }
    }
}

fn of_language(name: &str, kind: RuleVarKind) -> RuleVar {
    RuleVar { name: name.into(), span: Span::default(), doc: None, declared: None, kind }
}

fn side_of(side: ast::Side) -> SynapseSide {
    match side {
        ast::Side::Pre => SynapseSide::Pre,
        ast::Side::Post => SynapseSide::Post,
    }
}

/// The event that names lead to.
pub(super) fn event_path(names: &[Name]) -> Option<EventPath> {
    let span = names.first()?.span.to(names.last()?.span);
    Some(EventPath { names: names.iter().map(|name| (name.text.clone(), name.span)).collect(), span })
}

/// What a variable of a rule is, with its article.
pub fn kind_words(kind: &RuleVarKind) -> &'static str {
    match kind {
        RuleVarKind::Weight => "the weight",
        RuleVarKind::Delay => "the delay",
        RuleVarKind::Param { .. } => "a parameter",
        RuleVarKind::Modulator => "a modulator",
        RuleVarKind::Let { .. } => "a `let`",
        RuleVarKind::Trace { side: SynapseSide::Pre, .. } => "a `pre` state",
        RuleVarKind::Trace { side: SynapseSide::Post, .. } => "a `post` state",
        RuleVarKind::Synapse { .. } => "a state of synapses",
    }
}

/// By what an item replaces another of the rule that is extended, and what may stand once only.
fn key(item: &ast::RuleItem) -> Option<(String, Span)> {
    let named = |name: &Name| Some((name.text.to_string(), name.span));
    match &item.kind {
        RuleItemKind::Param(v) => named(&v.name),
        RuleItemKind::Let(binding) => named(&binding.name),
        RuleItemKind::Fn(function) => named(&function.name),
        RuleItemKind::Modulator { name, .. } | RuleItemKind::Synapse { name, .. } => named(name),
        RuleItemKind::Trace { name, .. } => named(name),
        RuleItemKind::Equation(equation) => Some((format!("{}'", equation.name.text), equation.name.span)),
        RuleItemKind::Bounds { name, .. } => Some((format!("bounds {}", name.text), name.span)),
        RuleItemKind::Store { name, .. } => Some((format!("store {}", name.text), name.span)),
        RuleItemKind::On { event, and, .. } => {
            let texts = |path: &Path| path.names.iter().map(|name| &*name.text).collect::<Vec<_>>().join(".");
            let mut events: Vec<String> = std::iter::once(event).chain(and).map(texts).collect();
            if 1 < events.len() {
                events.sort_by(|a, b| b.cmp(a));
            }
            let end = and.as_ref().unwrap_or(event);
            Some((format!("on {}", events.join(" and ")), head(item.span, "on").to(path_span(end))))
        }
        RuleItemKind::Rewire { .. } => Some(("rewire".into(), head(item.span, "rewire"))),
        RuleItemKind::Every { .. } | RuleItemKind::Error => None,
    }
}
