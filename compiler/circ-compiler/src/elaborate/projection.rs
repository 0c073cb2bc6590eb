//! Projections: views, ports, weights, delays, signs.
//!
//! In: a projection of a circuit. Out: a [`net::Projection`]. Constant weights are held to the sign that
//! the port and the source demand, constant delays to the grid and to at least one step; what is drawn or
//! computed per synapse is checked when the network is built.

use super::Elaborator;
use crate::diagnose::build::{self as say, SignReason};
use crate::diagnose::flow::{self as say_flow, Clash};
use crate::diagnose::{names as say_names, time as say_time, value as say_value};
use crate::eval::synapses::{Finder, cell_name};
use crate::eval::{self, NotBuilt, Thing, number};
use crate::hir::path::part_of;
use crate::hir::{self, ExprId, VarKind};
use crate::net::{self, EnvironmentId, Members, Setting};
use crate::types::{Dimension, Type, Value};
use circ_grammar::ast::{Polarity, Span};
use circ_plan::plan::{Pairing, Sender, Sign, View};
use std::sync::Arc;

/// A view, and the port or event of it that is named.
pub(super) struct End {
    pub view: View,
    pub member: Option<(Members, Span)>,
}

/// Both sides of a projection, as they fit together.
pub(super) struct Ends {
    source: View,
    events: Members,
    pub target: View,
    pub ports: Members,
    sign: Sign,
    /// Of the other direction of a symmetric one: its event, its port.
    back: Option<(Members, Members)>,
}

impl Ends {
    /// Whether both sides of a symmetric projection are the same port of the same cells.
    fn one_view(&self) -> bool {
        let same_port = self.back.as_ref().is_some_and(|(_, ports)| *ports == self.ports);
        same_port && self.source == self.target
    }

    /// Whether it is a symmetric projection between different cells.
    pub fn has_two_views(&self) -> bool {
        self.back.is_some() && self.source != self.target
    }

    /// Where synapses end: of the direction that is written, and of the other one, or the same once more.
    pub fn targets(&self) -> [(&View, &Members); 2] {
        let there = (&self.target, &self.ports);
        [there, self.back.as_ref().map_or(there, |(_, ports)| (&self.source, ports))]
    }
}

/// The same pairs, seen from the other side.
fn turned(connect: &net::Connect) -> net::Connect {
    match connect {
        net::Connect::InDegree(n) => net::Connect::OutDegree(*n),
        net::Connect::OutDegree(n) => net::Connect::InDegree(*n),
        net::Connect::Pairs(pairs) => net::Connect::Pairs(pairs.iter().map(|(a, b)| (*b, *a)).collect()),
        other => other.clone(),
    }
}

impl Elaborator<'_> {
    pub(super) fn projection(
        &mut self,
        projection: &hir::Projection,
        environment: EnvironmentId,
        indices: &[i64],
    ) -> Option<()> {
        let path = self.path(projection.slot, indices, environment);
        // Every clause is looked at, whatever is wrong with the others.
        let ends = self.ends(projection, &path, environment);
        let weight = self.weight(projection, ends.as_ref(), environment);
        let delays = self.delays(projection, environment);
        let back_delay = match projection.back {
            Some(back) => self.delay(back, "way back", environment).map(Some),
            None => Some(None),
        };
        let mut edges = vec![];
        let onto = self.onto(projection, ends.as_ref(), environment);
        // Pairs are made with the cells, once.
        let paired = match (&ends, &onto) {
            (Some(ends), Some(Some(onto))) => Some(once(&ends.target, onto.segments)),
            (Some(ends), _) => Some(ends.target.clone()),
            (None, _) => None,
        };
        let views = ends.as_ref().zip(paired.as_ref()).map(|(ends, paired)| (&ends.source, paired));
        let segments = |names: &Members| names.each.iter().any(|name| !part_of(name).0.is_empty());
        let counted = |names: &Members| if segments(names) { "segments" } else { "cells" };
        let counted = match (&ends, &onto) {
            (Some(ends), Some(Some(_))) => [counted(&ends.events), "cells"],
            (Some(ends), _) => [counted(&ends.events), counted(&ends.ports)],
            (None, _) => ["cells"; 2],
        };
        let connect = self.connect(projection, views, counted, environment, &mut edges);
        let unordered = ends.as_ref().is_some_and(|ends| ends.one_view());
        let connect = connect.and_then(|connect| self.symmetric(projection, ends.as_ref(), connect));
        let plasticity = self.plasticity(projection, ends.as_ref(), environment);
        let share = self.share(projection, environment);
        let Ends { source, events, target, ports, sign, back } = ends?;
        let (weight, (delay, dendritic), back_delay) = (weight?, delays?, back_delay?);
        let (connect, onto, share) = (connect?, onto?, share?);
        let flow = match projection.continuous {
            Some(value) => {
                let expr = self.untainted(value)?;
                let reads = self.hir.reads_weight(expr);
                let sign = if reads { Sign::Free } else { sign };
                Some(net::Flow { value: net::Closure { expr, environment }, sign, stage: 0 })
            }
            None => None,
        };
        let sign = if projection.weight.is_some() { sign } else { Sign::Free };
        // All pairs with one weight and one delay are the same both ways already.
        let one = |setting: &Setting| matches!(setting, Setting::Value(_));
        let plain = plasticity.is_none()
            && matches!(connect, net::Connect::AllToAll)
            && one(&weight)
            && one(&delay)
            && dendritic.as_ref().is_none_or(one);
        let pairing = if unordered && !plain { Pairing::Unordered } else { Pairing::Ordered };
        let weight_span = projection.weight.map_or(projection.span, |w| self.span(w));
        let delay_span = projection.delay.or(projection.dendritic).map_or(projection.span, |d| self.span(d));
        let two_ways = back.is_some() && plasticity.is_some();
        let (plasticity, of_back) = plasticity.map(|[there, back]| (there, back)).unzip();
        let id = self.net.projections.len() as u32;
        let forward = net::Projection {
            path,
            source,
            events,
            target,
            ports,
            onto: onto.map(Box::new),
            connect,
            allow_self: projection.allow_self,
            allow_multiple: projection.allow_multiple,
            weight,
            weight_span,
            delay,
            dendritic: dendritic.map(Box::new),
            back: back_delay.map(Box::new),
            delay_span,
            sign,
            dale: None,
            scaled: false,
            both_ways: projection.symmetric,
            set: false,
            store: projection.store,
            rows: projection.rows,
            share,
            plasticity,
            flow,
            pairing,
            two_ways,
            edges,
            span: projection.span,
            connect_span: projection.connect_span,
        };
        let backward = back.filter(|_| !(unordered && plain)).map(|(events, ports)| net::Projection {
            source: forward.target.clone(),
            events,
            target: forward.source.clone(),
            ports,
            connect: turned(&forward.connect),
            pairing: Pairing::Mirror(id),
            plasticity: of_back,
            ..forward.clone()
        });
        for (at, one) in (id..).zip([Some(forward), backward].into_iter().flatten()) {
            self.net.projections.push(one);
            self.net.order.push(Sender::Projection(at));
            self.note_sender(projection, at);
        }
        self.add_item(projection.slot, indices, environment, net::Item::Projection(id));
        Some(())
    }

    /// `share by e`: `Some(None)` without the clause.
    fn share(
        &mut self,
        projection: &hir::Projection,
        environment: EnvironmentId,
    ) -> Option<Option<net::Share>> {
        let Some((expr, span)) = projection.share else { return Some(None) };
        if projection.weight.is_none() {
            let due = "there is no `weight` to share";
            return self.report(say_names::out_of_place(span, "`share by`", due));
        }
        let expr = self.untainted(expr)?;
        Some(Some(net::Share { key: net::Closure { expr, environment }, span }))
    }

    fn ends(&mut self, projection: &hir::Projection, path: &str, environment: EnvironmentId) -> Option<Ends> {
        let source = self.end(projection.source, environment);
        let target = self.end(projection.target, environment)?;
        let source = source?;
        let (ports, port_at) = self.port_member(target.member, projection.target)?;
        let flows = projection.continuous.is_some();
        if projection.symmetric {
            let (own, own_at) = self.port_member(source.member, projection.source)?;
            self.check_ports(&source.view, &own, own_at)?;
            self.check_ports(&target.view, &ports, port_at)?;
            let mut event = |view: &View, expr, port: &Members| match flows {
                // What the flow reads is of the part that has the port.
                true => Some(port.clone()),
                false => self.event_member(view, None, (projection, expr)),
            };
            let events = (
                event(&source.view, projection.source, &own)?,
                event(&target.view, projection.target, &ports)?,
            );
            let there = self.sign(projection, path, &source.view, (&target.view, &ports))?;
            let back = self.sign(projection, path, &target.view, (&source.view, &own))?;
            let sign = self.both(projection, there, back)?;
            let (source, target) = (source.view, target.view);
            return Some(Ends { source, events: events.0, target, ports, sign, back: Some((events.1, own)) });
        }
        let events = match flows {
            // What the flow reads is of the part that the source is.
            true => source.member.map_or_else(|| Members::same(&"".into(), &source.view), |(names, _)| names),
            false => self.event_member(&source.view, source.member, (projection, projection.source))?,
        };
        self.check_ports(&target.view, &ports, port_at)?;
        let sign = self.sign(projection, path, &source.view, (&target.view, &ports))?;
        Some(Ends { source: source.view, events, target: target.view, ports, sign, back: None })
    }

    /// The sign of weights that both directions share.
    fn both(&mut self, projection: &hir::Projection, there: Sign, back: Sign) -> Option<Sign> {
        match (there, back) {
            (Sign::Free, sign) | (sign, Sign::Free) => Some(sign),
            (there, back) if there == back => Some(there),
            _ => {
                let (from, to) = (self.span(projection.source), self.span(projection.target));
                self.report(say::mixed_signs(Span { end: to.end, ..from }))
            }
        }
    }

    /// What `connect` means where every pair is one of both directions.
    fn symmetric(
        &mut self,
        projection: &hir::Projection,
        ends: Option<&Ends>,
        connect: net::Connect,
    ) -> Option<net::Connect> {
        let Some(ends) = ends.filter(|ends| ends.back.is_some()) else { return Some(connect) };
        let at = projection.connect_span;
        if !ends.one_view() {
            let finder = Finder::new(&ends.source);
            let shared =
                ends.target.cells().any(|(population, cell)| finder.place(population, None, cell).is_some());
            if shared && ends.source != ends.target {
                let (from, to) = (self.span(projection.source), self.span(projection.target));
                return self.report(say_flow::symmetric_pairs(Span { end: to.end, ..from }, Clash::Overlap));
            }
            return Some(connect);
        }
        let way = match connect {
            net::Connect::InDegree(_) => "in_degree",
            net::Connect::OutDegree(_) => "out_degree",
            net::Connect::OneToOne => "one_to_one",
            net::Connect::Pairs(pairs) => return self.pairs_once(projection, ends, pairs),
            _ if projection.allow_self => {
                return self.report(say_flow::symmetric_pairs(projection.span, Clash::Selves));
            }
            other => return Some(other),
        };
        self.report(say_flow::symmetric_pairs(at, Clash::Degree(way)))
    }

    /// The rows of a table, each with the first cell first.
    fn pairs_once(
        &mut self,
        projection: &hir::Projection,
        ends: &Ends,
        pairs: Vec<(u32, u32)>,
    ) -> Option<net::Connect> {
        let mut seen = std::collections::BTreeSet::new();
        let pairs: Vec<(u32, u32)> = pairs.into_iter().map(|(a, b)| (a.min(b), a.max(b))).collect();
        for (a, b) in &pairs {
            if a == b {
                return self.report(say_flow::symmetric_pairs(projection.connect_span, Clash::Selves));
            }
            if !seen.insert((*a, *b)) && !projection.allow_multiple {
                let [a, b] = [*a, *b].map(|at| cell_name(&self.net, &ends.source, at as usize));
                return self.report(say_flow::symmetric_pairs(projection.connect_span, Clash::Twice(a, b)));
            }
        }
        Some(net::Connect::Pairs(pairs))
    }

    /// A side of a projection, or the target of a drive.
    pub(super) fn end(&mut self, expr: ExprId, environment: EnvironmentId) -> Option<End> {
        let span = self.span(expr);
        let mut scope = self.scope(environment);
        let found = eval::thing(expr, &mut scope, &mut NotBuilt);
        match self.keep(found)? {
            Thing::Member { view, names, span: at, .. } => {
                let view = self.some_cells(Ok(view), span)?;
                Some(End { view, member: Some((names, at)) })
            }
            thing => {
                let view = eval::view_of(thing, span, &self.scope(environment));
                let view = self.some_cells(view, span)?;
                Some(End { view, member: None })
            }
        }
    }

    /// The port that a target names.
    pub(super) fn port_member(
        &mut self,
        member: Option<(Members, Span)>,
        expr: ExprId,
    ) -> Option<(Members, Span)> {
        match member {
            Some(member) => Some(member),
            None => {
                let span = self.span(expr);
                self.report(say_value::wrong_kind(span, "a port, as in `E.exc`", "a view without one"))
            }
        }
    }

    /// The event that a source names; `spike` where it is not written. Every population must have it.
    fn event_member(
        &mut self,
        view: &View,
        member: Option<(Members, Span)>,
        (projection, expr): (&hir::Projection, ExprId),
    ) -> Option<Members> {
        let written = member.is_some();
        let (names, span) =
            member.unwrap_or_else(|| (Members::same(&Arc::from("spike"), view), self.span(expr)));
        for (segment, name) in names.of(view) {
            let population = self.net.populations.get(segment.population as usize)?;
            let cell = self.hir.cells.get(population.cell.index())?;
            let has = cell.event_at(name).is_some() || (cell.spike_times && &**name == "spike");
            if !has && self.types.tainted.cell(population.cell) {
                return None;
            }
            if !has {
                let own = cell.events.iter().filter(|event| event.home.is_none());
                let known: Vec<Arc<str>> = own.map(|event| event.name.clone()).collect();
                // A clause that could not be read may be what flows.
                if !written && projection.partial {
                    return None;
                }
                if !written {
                    let path = population.path.clone();
                    return self.report(say_value::never_spikes(span, &path, &cell.name, &known));
                }
                let of = format!("cell `{}`", cell.name);
                let known = known.iter().map(|n| &**n);
                return self.report(say_value::unknown_member(span, &names.written, &of, known));
            }
        }
        Some(names)
    }

    /// Every population of the view has the port.
    pub(super) fn check_ports(&mut self, view: &View, ports: &Members, span: Span) -> Option<()> {
        for (segment, port) in ports.of(view) {
            if self.port(segment.population, port).is_some() {
                continue;
            }
            let population = self.net.populations.get(segment.population as usize)?;
            if self.types.tainted.cell(population.cell) {
                return None;
            }
            let cell = self.hir.cells.get(population.cell.index())?;
            let of_part = |v: &&hir::Var| matches!(v.kind, VarKind::Port { .. }) && v.home.is_none();
            let known: Vec<Arc<str>> = cell.vars.iter().filter(of_part).map(|v| v.name.clone()).collect();
            let of = format!("cell `{}`", cell.name);
            let message = say_value::unknown_member(span, &ports.written, &of, known.iter().map(|n| &**n));
            return self.report(message);
        }
        Some(())
    }

    /// The polarity of a port (`Some(None)`: plain), if the population has it.
    fn port(&self, population: u32, port: &str) -> Option<Option<Polarity>> {
        let population = self.net.populations.get(population as usize)?;
        let cell = self.hir.cells.get(population.cell.index())?;
        match &cell.vars.get(cell.var_at(port)?.index())?.kind {
            VarKind::Port { polarity, .. } => Some(*polarity),
            _ => None,
        }
    }

    /// What sign weights need from a source of this name and polarity at a port.
    pub(super) fn required_sign(
        &self,
        source: Option<(&str, Polarity)>,
        target: u32,
        port: &str,
    ) -> (Sign, Option<SignReason>) {
        match (self.port(target, port).flatten(), source) {
            (Some(polarity @ (Polarity::Excitatory | Polarity::Inhibitory)), _) => {
                (Sign::NotNegative, Some(SignReason::Port(port.to_string(), polarity)))
            }
            (Some(Polarity::Modulatory), _) => (Sign::Free, None),
            (None, Some((name, polarity @ Polarity::Excitatory))) => {
                (Sign::NotNegative, Some(SignReason::Source(name.to_string(), polarity)))
            }
            (None, Some((name, polarity @ Polarity::Inhibitory))) => {
                (Sign::NotPositive, Some(SignReason::Source(name.to_string(), polarity)))
            }
            (None, Some((_, Polarity::Modulatory)) | None) => (Sign::Free, None),
        }
    }

    /// The polarity of the source: the projection's own clause, else the population's.
    fn source_polarity(&self, projection: &hir::Projection, population: u32) -> Option<(String, Polarity)> {
        let population = self.net.populations.get(population as usize)?;
        let polarity = projection.polarity.or(population.polarity)?;
        Some((population.path.clone(), polarity))
    }

    /// The one sign that all ports and sources of the projection demand; a polarity at a port of the other is
    /// an error here.
    fn sign(
        &mut self,
        projection: &hir::Projection,
        path: &str,
        source: &View,
        (target, ports): (&View, &Members),
    ) -> Option<Sign> {
        let mut found: Option<Sign> = None;
        for from in &source.segments {
            self.check_clause_polarity(projection, from.population)?;
            let polarity = self.source_polarity(projection, from.population);
            for (to, port) in ports.of(target) {
                self.check_polarity(projection, path, from.population, to.population, port)?;
                let by = polarity.as_ref().map(|(name, polarity)| (name.as_str(), *polarity));
                let (sign, _) = self.required_sign(by, to.population, port);
                if found.is_some_and(|f| f != sign) {
                    let (from, to) = (self.span(projection.source), self.span(projection.target));
                    return self.report(say::mixed_signs(Span { end: to.end, ..from }));
                }
                found = Some(sign);
            }
        }
        Some(found.unwrap_or(Sign::Free))
    }

    /// A `polarity` clause may not contradict the population's.
    fn check_clause_polarity(&mut self, projection: &hir::Projection, population: u32) -> Option<()> {
        let population = self.net.populations.get(population as usize)?;
        match (projection.polarity, population.polarity) {
            (Some(here), Some(other)) if here != other => {
                let (path, declared) = (population.path.clone(), population.span);
                self.report(say::dale_conflict(projection.span, &path, here, other, declared))
            }
            _ => Some(()),
        }
    }

    fn check_polarity(
        &mut self,
        projection: &hir::Projection,
        path: &str,
        from: u32,
        to: u32,
        port: &str,
    ) -> Option<()> {
        let Some((source, polarity)) = self.source_polarity(projection, from) else {
            return Some(());
        };
        match self.port(to, port).flatten() {
            Some(at) if at != Polarity::Modulatory && at != polarity => {
                let target = self.net.populations.get(to as usize).map_or(String::new(), |p| p.path.clone());
                let declared = self.net.populations.get(from as usize).map_or(projection.span, |p| p.span);
                let span = self.span(projection.target);
                self.report(say::dale_violation(span, &source, polarity, path, &target, (port, at), declared))
            }
            _ => Some(()),
        }
    }

    fn weight(
        &mut self,
        projection: &hir::Projection,
        ends: Option<&Ends>,
        environment: EnvironmentId,
    ) -> Option<Setting> {
        // What flows may have none; one that is missing was reported.
        let Some(expr) = projection.weight else {
            return projection.continuous.map(|_| Setting::Value(Value::Real(0.0)));
        };
        let setting = self.setting(expr, environment)?;
        let Setting::Value(value) = &setting else {
            return Some(setting);
        };
        let span = self.span(expr);
        let Some(x) = number::number(value).map(number::Number::real) else {
            return self.report(say_value::wrong_kind(span, "one weight", &number::kind(value)));
        };
        self.finite_weight(expr, x)?;
        if projection.continuous.is_some_and(|value| !self.hir.reads_weight(value)) {
            return Some(Setting::Value(Value::Real(x)));
        }
        let Ends { source, target, ports, .. } = ends?;
        for from in &source.segments {
            for (to, port) in ports.of(target) {
                let polarity = self.source_polarity(projection, from.population);
                let by = polarity.as_ref().map(|(name, polarity)| (name.as_str(), *polarity));
                let (sign, reason) = self.required_sign(by, to.population, port);
                let wrong = (sign == Sign::NotNegative && x < 0.0) || (sign == Sign::NotPositive && 0.0 < x);
                if let (true, Some(reason)) = (wrong, reason) {
                    let dimension = self.port_dimension(to.population, port).unwrap_or(self.dimension(expr));
                    let show = |x| crate::units::show(x, dimension);
                    return self.report(say::weight_sign(span, &show(x), &show(-x), &reason));
                }
            }
        }
        Some(Setting::Value(Value::Real(x)))
    }

    /// What is drawn or computed is looked at when the network is built.
    pub(super) fn finite_weight(&mut self, expr: ExprId, weight: f64) -> Option<()> {
        if weight.is_finite() {
            return Some(());
        }
        let shown = self.show(weight, expr);
        self.report(say::outside_domain(self.span(expr), "a weight", "a finite number", &shown))
    }

    fn port_dimension(&self, population: u32, port: &str) -> Option<Dimension> {
        let population = self.net.populations.get(population as usize)?;
        let cell = self.hir.cells.get(population.cell.index())?;
        match self.var_type(population.cell, cell.var_at(port)?) {
            Type::Real(dimension) | Type::Port(dimension) => Some(*dimension),
            _ => None,
        }
    }

    /// Axonal and dendritic delay in ms. Without a clause: one step.
    fn delays(
        &mut self,
        projection: &hir::Projection,
        environment: EnvironmentId,
    ) -> Option<(Setting, Option<Setting>)> {
        let mut read = |expr: Option<ExprId>, what| match expr {
            Some(expr) => self.delay(expr, what, environment).map(|delay| Some((delay, self.span(expr)))),
            None => Some(None),
        };
        let (axonal, dendritic) =
            (read(projection.delay, "delay"), read(projection.dendritic, "dendritic delay"));
        let (axonal, dendritic) = (axonal?, dendritic?);
        let constant = |setting: &Option<(Setting, Span)>| match setting {
            Some((Setting::Value(Value::Real(ms)), _)) => Some(*ms),
            Some(_) => None,
            None => Some(0.0),
        };
        let span = match (&axonal, &dendritic) {
            (None, None) => {
                let none = if projection.continuous.is_some() { 0.0 } else { self.net.dt };
                return Some((Setting::Value(Value::Real(none)), None));
            }
            (Some((_, span)), _) | (None, Some((_, span))) => *span,
        };
        if let (Some(a), Some(b)) = (constant(&axonal), constant(&dendritic)) {
            let step = self.step()?;
            let ticks = super::time::ticks_of(a + b, step, span, "delay", self.sink)?;
            if ticks < 1 && projection.continuous.is_none() {
                return self.report(say_time::delay_below_tick(span, a + b, step));
            }
        }
        let axonal = axonal.map_or(Setting::Value(Value::Real(0.0)), |(setting, _)| setting);
        Some((axonal, dendritic.map(|(setting, _)| setting)))
    }

    /// A constant delay is on the grid; one that lies between no time and one step is too short first of all.
    fn delay(&mut self, expr: ExprId, what: &str, environment: EnvironmentId) -> Option<Setting> {
        let setting = self.setting(expr, environment)?;
        let Setting::Value(value) = &setting else {
            return Some(setting);
        };
        let span = self.span(expr);
        let Some(ms) = number::number(value).map(number::Number::real) else {
            return self.report(say_value::wrong_kind(span, "one delay", &number::kind(value)));
        };
        let step = self.step()?;
        if 0.0 < ms && ms < step.ms && !super::time::fits(ms, step.ms) {
            return self.report(say_time::delay_below_tick(span, ms, step));
        }
        self.on_grid(ms, span, what)?;
        Some(Setting::Value(Value::Real(ms)))
    }
}

/// The cells of a target that holds each once for every segment.
fn once(target: &View, segments: u32) -> View {
    View { segments: target.segments[..target.segments.len() / segments.max(1) as usize].to_vec() }
}
