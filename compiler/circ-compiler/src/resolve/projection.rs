//! Projections and drives: their clauses, each once, and what they can not do without.
//!
//! In: projections and drives of circuits and experiments. Out: [`crate::hir::Projection`]s and
//! [`crate::hir::Drive`]s.

use super::builtins;
use super::context::Place;
use super::{Context, ERROR, Resolver, graph};
use crate::diagnose::{flow as say_flow, names, structure, suggest};
use crate::hir::{self, Connect, DriveSource, ExprId, ExprKind, Ref, SlotId, SlotKind};
use crate::types::{Dimension, Type};
use circ_grammar::ast::{self, Arg, ClauseKind, DriveClauseKind, Name, Span};
use circ_plan::ir::Precision;
use circ_plan::plan::RowStorage;
use std::collections::BTreeMap;

/// What `store` may say of rows.
const ROW_STORAGES: [(&str, RowStorage); 3] =
    [("procedural", RowStorage::Procedural), ("stored", RowStorage::Stored), ("auto", RowStorage::Auto)];

/// Clauses met so far, with their places.
type Seen = BTreeMap<&'static str, Span>;

impl<'a> Resolver<'a> {
    pub(super) fn projection(
        &mut self,
        cx: &mut Context,
        written: &'a ast::Projection,
        slot: SlotId,
        span: Span,
    ) -> Option<hir::Projection> {
        let source = self.expr(cx, written.source);
        let target = self.expr(cx, written.target);
        let mut projection = hir::Projection {
            slot,
            source,
            target,
            connect: Connect::Error,
            connect_span: written.name.span,
            allow_self: false,
            allow_multiple: false,
            allow_corelease: false,
            weight: None,
            delay: None,
            dendritic: None,
            back: None,
            polarity: None,
            onto: None,
            share: None,
            symmetric: written.symmetric,
            continuous: None,
            plasticity: None,
            store: None,
            rows: None,
            partial: written.clauses.iter().any(|clause| matches!(clause.kind, ClauseKind::Error)),
            span,
        };
        let mut seen = Seen::new();
        for clause in &written.clauses {
            self.clause(cx, clause, &mut projection, &mut seen);
        }
        let back = written.clauses.iter().find(|clause| matches!(clause.kind, ClauseKind::Back(_)));
        let learns = written.clauses.iter().any(|clause| matches!(clause.kind, ClauseKind::Plasticity(_)));
        if let (Some(back), false) = (back, learns) {
            let due = "only synapses with `plasticity` hear the spikes of their targets";
            self.sink.push(names::out_of_place(back.span, "`back`", due));
        }
        let name = format!("projection `{}`", written.name.text);
        if !projection.partial && !seen.contains_key("connect") {
            self.sink.push(structure::missing_clause(
                written.name.span,
                &name,
                "connect",
                "connect probability 0.1",
            ));
        }
        if !projection.partial {
            self.needed_weight(cx, &projection, written.name.span, &name);
        }
        Some(projection)
    }

    /// Spikes carry a weight; a value does where it is made of one.
    fn needed_weight(&mut self, cx: &Context, projection: &hir::Projection, at: Span, name: &str) {
        let reads = projection.continuous.map(|value| (value, self.hir.reads_weight(value)));
        match (projection.weight, reads) {
            (None, None) => {
                let example = self.example_weight(cx, projection.target);
                self.sink.push(structure::missing_clause(at, name, "weight", &example));
            }
            (None, Some((value, true))) => {
                // A difference of voltages flows as a current through a conductance.
                let current = self.port_dimension(cx, projection.target) == Some(Dimension::CURRENT);
                let example = match current {
                    true => "weight 1 nS".to_string(),
                    false => self.example_weight(cx, projection.target),
                };
                let flows = say_flow::Needs::Flow(self.hir.expr(value).span);
                self.sink.push(say_flow::missing_weight(at, name, flows, &example));
            }
            (Some(weight), Some((value, false))) => {
                let [weight, flows] = [weight, value].map(|it| self.hir.expr(it).span);
                self.sink.push(say_flow::unread_weight(weight, flows));
            }
            (None, Some((_, false))) => {
                if let Some(attachment) = &projection.plasticity {
                    let rule = say_flow::Needs::Rule(attachment.span);
                    self.sink.push(say_flow::missing_weight(at, name, rule, "weight 1"));
                }
            }
            (Some(_), None | Some((_, true))) => {}
        }
    }

    /// `weight 1 nS`, in the unit of the port that a target names.
    fn example_weight(&self, cx: &Context, target: ExprId) -> String {
        let unit = self.port_dimension(cx, target).map(|it| crate::units::show(1.0, it));
        format!("weight {}", unit.as_deref().unwrap_or("1 mV"))
    }

    /// Of the first population of a target that has a port of this name, its segments included.
    fn port_dimension(&self, cx: &Context, target: ExprId) -> Option<Dimension> {
        let ExprKind::Field { base, name: port, .. } = &self.hir.expr(target).kind else { return None };
        let mut slots = vec![];
        graph::walk(&self.hir, *base, &mut |_, expr| {
            if let ExprKind::Ref(Ref::Slot(slot)) = expr.kind {
                slots.push(slot);
            }
        });
        let cell = |slot: SlotId| match self.slots(cx.owner).get(slot.index())?.kind {
            SlotKind::Population { cell } => Some(self.hir.cell(cell)),
            _ => None,
        };
        let is_port = |var: &&hir::Var| var.name == *port && matches!(var.kind, hir::VarKind::Port { .. });
        let declared = slots.into_iter().filter_map(cell).find_map(|cell| cell.vars.iter().find(is_port));
        match declared?.declared {
            Some(Type::Real(dimension) | Type::Port(dimension)) => Some(dimension),
            _ => None,
        }
    }

    /// `store w as f64`, or `store procedural`.
    fn store(&mut self, name: &Name, precision: Option<&Name>, projection: &mut hir::Projection) {
        let word = &*name.text;
        if precision.is_none()
            && let Some((_, storage)) = ROW_STORAGES.iter().find(|(known, _)| *known == word)
        {
            projection.rows = Some((*storage, name.span));
            return;
        }
        if word != "w" {
            let (what, known) = match precision {
                Some(_) => ("value of a projection", vec!["w"]),
                None => ("way to store synapses", ROW_STORAGES.iter().map(|(known, _)| *known).collect()),
            };
            let near = suggest::nearest(word, known.iter().copied());
            let suggestion = near.or_else(|| precision.map(|_| "w".into()));
            let message = names::unknown_name(name.span, word, what, suggestion);
            let ways: Vec<String> = known.iter().map(|way| format!("`{way}`")).collect();
            self.sink.push(match precision {
                Some(_) => message,
                None => message.note(format!("the ways are {}", names::list(&ways))),
            });
            return;
        }
        match precision.map(|precision| (&*precision.text, precision.span)) {
            Some(("f32", _)) => projection.store = Some(Precision::F32),
            Some(("f64", _)) => projection.store = Some(Precision::F64),
            Some((other, at)) => {
                let suggestion = suggest::nearest(other, ["f32", "f64"]);
                self.sink.push(names::unknown_name(at, other, "precision", suggestion));
            }
            None => self.sink.push(structure::store_how(name.span, word)),
        }
    }

    fn clause(
        &mut self,
        cx: &mut Context,
        clause: &'a ast::Clause,
        projection: &mut hir::Projection,
        seen: &mut Seen,
    ) {
        let word = match &clause.kind {
            ClauseKind::Connect { .. } => "connect",
            ClauseKind::Weight(_) => "weight",
            ClauseKind::Delay(_) => "delay",
            ClauseKind::Dendritic(_) => "dendritic",
            ClauseKind::Back(_) => "back",
            ClauseKind::Polarity(_) => "polarity",
            ClauseKind::Continuous(_) => "continuous",
            ClauseKind::Onto(_) => "onto",
            ClauseKind::Allow(_) => "",
            ClauseKind::Share(_) => "share",
            ClauseKind::Store { precision: Some(_), .. } => "store w",
            ClauseKind::Store { precision: None, .. } => "store",
            ClauseKind::Plasticity(_) => "plasticity",
            ClauseKind::Error => "",
        };
        if !word.is_empty() && !self.once(seen, word, clause.span) {
            return;
        }
        match &clause.kind {
            ClauseKind::Connect { kind, value } => {
                projection.connect = self.connect(cx, kind, *value);
                projection.connect_span = clause.span;
            }
            ClauseKind::Allow(words) => words.iter().for_each(|word| self.allow(word, projection)),
            ClauseKind::Weight(value) => projection.weight = Some(self.expr_in(cx, Place::SYNAPSE, *value)),
            ClauseKind::Delay(value) => projection.delay = Some(self.expr_in(cx, Place::SYNAPSE, *value)),
            ClauseKind::Dendritic(value) => {
                projection.dendritic = Some(self.expr_in(cx, Place::SYNAPSE, *value))
            }
            ClauseKind::Polarity(polarity) => projection.polarity = Some(*polarity),
            ClauseKind::Continuous(value) => {
                projection.continuous = Some(self.expr_in(cx, Place::FLOW, *value))
            }
            ClauseKind::Back(value) => projection.back = Some(self.expr_in(cx, Place::SYNAPSE, *value)),
            ClauseKind::Onto(value) => projection.onto = Some((self.segment_chosen(cx, *value), clause.span)),
            ClauseKind::Share(value) => {
                let key = self.expr_in(cx, Place::PAIR.and(Place::BUILD), *value);
                projection.share = Some((key, clause.span));
            }
            ClauseKind::Plasticity(rule) => {
                let weight = self.port_dimension(cx, projection.target);
                projection.plasticity = self.attachment(cx, *rule, weight);
            }
            ClauseKind::Store { name, precision } => self.store(name, precision.as_ref(), projection),
            ClauseKind::Error => {}
        }
    }

    /// `onto random`, or an expression of the pair.
    fn segment_chosen(&mut self, cx: &mut Context, value: ast::ExprId) -> hir::Which {
        match &self.ast(cx, value).kind {
            ast::ExprKind::Name(name) if &**name == "random" && cx.named(name).is_none() => {
                hir::Which::Random
            }
            _ => hir::Which::Pair(self.expr_in(cx, Place::SYNAPSE, value)),
        }
    }

    fn once(&mut self, seen: &mut Seen, word: &'static str, at: Span) -> bool {
        match seen.get(word) {
            Some(first) => {
                self.sink.push(structure::duplicate_clause(at, word, *first));
                false
            }
            None => {
                seen.insert(word, at);
                true
            }
        }
    }

    fn allow(&mut self, word: &Name, projection: &mut hir::Projection) {
        match &*word.text {
            "self" => projection.allow_self = true,
            "multiple" => projection.allow_multiple = true,
            "corelease" => projection.allow_corelease = true,
            other => {
                let suggestion = suggest::nearest(other, ["self", "multiple", "corelease"]);
                self.sink.push(names::unknown_name(word.span, other, "permission", suggestion));
            }
        }
    }

    fn connect(&mut self, cx: &mut Context, kind: &Name, value: Option<ast::ExprId>) -> Connect {
        let word = &*kind.text;
        if !builtins::CONNECTS.contains(&word) {
            let begun = builtins::CONNECTS.iter().find(|way| 1 < word.len() && way.starts_with(word));
            let near = || suggest::nearest(word, builtins::CONNECTS.iter().copied());
            let suggestion = begun.map(|way| way.to_string()).or_else(near);
            let message = names::unknown_name(kind.span, word, "way to connect", suggestion);
            let ways: Vec<String> = builtins::CONNECTS.iter().map(|way| format!("`{way}`")).collect();
            self.sink.push(message.note(format!("the ways are {}", names::list(&ways))));
            return Connect::Error;
        }
        let bare = matches!(word, "one_to_one" | "all_to_all");
        let Some(value) = value else {
            return match word {
                "one_to_one" => Connect::OneToOne,
                "all_to_all" => Connect::AllToAll,
                _ => {
                    self.sink.push(structure::argument_count(kind.span, word, "a value after it", 0));
                    Connect::Error
                }
            };
        };
        if bare {
            let at = self.span(cx, value);
            self.sink.push(structure::argument_form(at, format!("`{word}` takes no value"), "a value"));
            return Connect::Error;
        }
        let pair = Place::PAIR.and(Place::BUILD);
        match word {
            "probability" => Connect::Probability(self.expr_in(cx, pair, value)),
            "where" => Connect::Where(self.expr_in(cx, pair, value)),
            "in_degree" => Connect::InDegree(self.expr(cx, value)),
            "out_degree" => Connect::OutDegree(self.expr(cx, value)),
            "total" => Connect::Total(self.expr(cx, value)),
            _ => Connect::From(self.expr(cx, value)),
        }
    }

    pub(super) fn drive(
        &mut self,
        cx: &mut Context,
        written: &'a ast::Drive,
        slot: SlotId,
        span: Span,
    ) -> Option<hir::Drive> {
        let source = self.source(cx, written.source);
        let target = self.expr(cx, written.target);
        let mut drive = hir::Drive { slot, source, target, weight: None, delay: None, window: None, span };
        let mut seen = Seen::new();
        let events = matches!(
            drive.source,
            DriveSource::Poisson(_) | DriveSource::Choose { .. } | DriveSource::Times(_)
        );
        for clause in &written.clauses {
            self.drive_clause(cx, clause, &mut drive, events, &mut seen);
        }
        let broken = written.clauses.iter().any(|clause| matches!(clause.kind, DriveClauseKind::Error));
        if events && !broken && drive.weight.is_none() {
            let name = format!("drive `{}`", written.name.text);
            let example = self.example_weight(cx, drive.target);
            self.sink.push(structure::missing_clause(written.name.span, &name, "weight", &example));
        }
        Some(drive)
    }

    fn drive_clause(
        &mut self,
        cx: &mut Context,
        clause: &ast::DriveClause,
        drive: &mut hir::Drive,
        events: bool,
        seen: &mut Seen,
    ) {
        let word = match &clause.kind {
            DriveClauseKind::Weight(_) => "weight",
            DriveClauseKind::Delay(_) => "delay",
            DriveClauseKind::FromTo(..) => "from",
            DriveClauseKind::Error => return,
        };
        if !self.once(seen, word, clause.span) {
            return;
        }
        if !events && word != "from" {
            let due = "this drive gives a value at every step, not events";
            self.sink.push(names::out_of_place(clause.span, &format!("`{word}`"), due));
            return;
        }
        match &clause.kind {
            DriveClauseKind::Weight(value) => {
                drive.weight = Some(self.expr_in(cx, Place::PARAM.and(Place::BUILD), *value))
            }
            DriveClauseKind::Delay(value) => drive.delay = Some(self.expr(cx, *value)),
            DriveClauseKind::FromTo(from, to) => {
                drive.window = Some((self.expr(cx, *from), self.expr(cx, *to)))
            }
            DriveClauseKind::Error => {}
        }
    }

    /// `poisson(rate)`, `choose(n, every = T)`, `times([...])`, `table(x, every = T)`, or a value.
    fn source(&mut self, cx: &mut Context, source: ast::ExprId) -> DriveSource {
        let called = match &self.ast(cx, source).kind {
            ast::ExprKind::Call { callee, args } => match &self.ast(cx, *callee).kind {
                ast::ExprKind::Name(name) if cx.named(name).is_none() => Some((&**name, args)),
                _ => None,
            },
            _ => None,
        };
        let at = self.span(cx, source);
        match called {
            Some(("poisson", args)) => match self.source_args(cx, "poisson", args, false, at) {
                Some((rate, _)) => DriveSource::Poisson(rate),
                None => DriveSource::Poisson(ERROR),
            },
            Some(("times", args)) => match self.source_args(cx, "times", args, false, at) {
                Some((times, _)) => DriveSource::Times(times),
                None => DriveSource::Times(ERROR),
            },
            Some(("choose", args)) => match self.source_args(cx, "choose", args, true, at) {
                Some((count, every)) => DriveSource::Choose { count, every },
                None => DriveSource::Choose { count: ERROR, every: ERROR },
            },
            Some(("table", args)) => match self.source_args(cx, "table", args, true, at) {
                Some((data, every)) => DriveSource::Table { data, every },
                None => DriveSource::Table { data: ERROR, every: ERROR },
            },
            _ => DriveSource::Value(self.expr_in(cx, Place::DRIVE, source)),
        }
    }

    /// One value, and `every = T` where the source takes it.
    fn source_args(
        &mut self,
        cx: &mut Context,
        name: &str,
        args: &'a [Arg],
        takes_every: bool,
        at: Span,
    ) -> Option<(ExprId, ExprId)> {
        let (mut value, mut every) = (None, None);
        for arg in args {
            self.plain_argument(arg);
            // A rate may differ from cell to cell and be drawn, and follow the time.
            let place = if name == "poisson" { Place::DRIVE.and(Place::DRAWS) } else { Place::BUILD };
            let lowered = self.expr_in(cx, place, arg.value);
            let named_every = arg.name.as_ref().is_some_and(|name| &*name.text == "every");
            match (&arg.name, &mut value, &mut every) {
                (Some(_), _, every @ None) if named_every && takes_every => *every = Some(lowered),
                (None, value @ None, _) => *value = Some(lowered),
                (Some(word), ..) if !named_every || !takes_every => {
                    let suggestion = suggest::nearest(&word.text, takes_every.then_some("every"));
                    let nameless = suggestion.is_none() && 1 == args.len();
                    let of = format!("`{name}`");
                    let message = names::unknown_member(word.span, &word.text, &of, suggestion);
                    self.sink.push(match nameless {
                        true => message.help(format!("leave out the name, as in `{name}(...)`")),
                        false => message,
                    });
                    return None;
                }
                _ => {
                    self.sink.push(structure::argument_count(at, name, due(takes_every), args.len()));
                    return None;
                }
            }
        }
        match (value, every) {
            (Some(value), Some(every)) => Some((value, every)),
            (Some(value), None) if !takes_every => Some((value, ERROR)),
            _ => {
                self.sink.push(structure::argument_count(at, name, due(takes_every), args.len()));
                None
            }
        }
    }
}

fn due(takes_every: bool) -> &'static str {
    if takes_every { "a value and `every = ...`" } else { "1 argument" }
}
