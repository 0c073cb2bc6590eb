//! Projections: views, ports, weights, delays, signs.
//!
//! In: a projection of a circuit. Out: a [`net::Projection`]. Constant weights are held to the sign that
//! the port and the source demand, constant delays to the grid and to at least one step; what is drawn or
//! computed per synapse is checked when the network is built.

use super::Elaborator;
use crate::diagnose::build::{self as say, SignReason};
use crate::diagnose::{time as say_time, value as say_value};
use crate::eval::{self, NotBuilt, Thing, number};
use crate::hir::{self, ExprId, VarKind};
use crate::net::{self, EnvironmentId, Setting};
use crate::types::{Dimension, Type, Value};
use circ_grammar::ast::{Polarity, Span};
use circ_plan::plan::{Sender, Sign, View};
use std::sync::Arc;

/// A view, and the port or event of it that is named.
pub(super) struct End {
    pub view: View,
    pub member: Option<(Arc<str>, Span)>,
}

/// Both sides of a projection, as they fit together.
struct Ends {
    source: View,
    event: String,
    target: View,
    port: String,
    sign: Sign,
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
        let mut edges = vec![];
        let views = ends.as_ref().map(|ends| (&ends.source, &ends.target));
        let connect = self.connect(projection, views, environment, &mut edges);
        let Ends { source, event, target, port, sign } = ends?;
        let (weight, (delay, dendritic), connect) = (weight?, delays?, connect?);
        let weight_span = projection.weight.map_or(projection.span, |w| self.span(w));
        let delay_span = projection.delay.or(projection.dendritic).map_or(projection.span, |d| self.span(d));
        let id = self.net.projections.len() as u32;
        self.net.projections.push(net::Projection {
            path,
            source,
            event,
            target,
            port,
            connect,
            allow_self: projection.allow_self,
            allow_multiple: projection.allow_multiple,
            weight,
            weight_span,
            delay,
            dendritic,
            delay_span,
            sign,
            dale: None,
            scaled: false,
            edges,
            span: projection.span,
            connect_span: projection.connect_span,
        });
        self.net.order.push(Sender::Projection(id));
        self.note_sender(projection, id);
        self.add_item(projection.slot, indices, environment, net::Item::Projection(id));
        Some(())
    }

    fn ends(&mut self, projection: &hir::Projection, path: &str, environment: EnvironmentId) -> Option<Ends> {
        let source = self.end(projection.source, environment);
        let target = self.end(projection.target, environment)?;
        let source = source?;
        let (port, port_at) = self.port_member(target.member, projection.target)?;
        let event = self.event_member(&source.view, source.member, projection.source)?;
        self.check_ports(&target.view, &port, port_at)?;
        let sign = self.sign(projection, path, &source.view, &target.view, &port)?;
        Some(Ends { source: source.view, event, target: target.view, port, sign })
    }

    /// A side of a projection, or the target of a drive.
    pub(super) fn end(&mut self, expr: ExprId, environment: EnvironmentId) -> Option<End> {
        let span = self.span(expr);
        let mut scope = self.scope(environment);
        let found = eval::thing(expr, &mut scope, &mut NotBuilt);
        match self.keep(found)? {
            Thing::Member { view, name, span: at, .. } => {
                let view = self.some_cells(Ok(view), span)?;
                Some(End { view, member: Some((name, at)) })
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
        member: Option<(Arc<str>, Span)>,
        expr: ExprId,
    ) -> Option<(String, Span)> {
        match member {
            Some((name, span)) => Some((name.to_string(), span)),
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
        member: Option<(Arc<str>, Span)>,
        expr: ExprId,
    ) -> Option<String> {
        let written = member.is_some();
        let (name, span) = member.unwrap_or_else(|| (Arc::from("spike"), self.span(expr)));
        for segment in &view.segments {
            let population = self.net.populations.get(segment.population as usize)?;
            let cell = self.hir.cells.get(population.cell.index())?;
            let has = cell.events.iter().any(|e| e.name == name) || (cell.spike_times && &*name == "spike");
            if !has && self.types.tainted.cell(population.cell) {
                return None;
            }
            if !has {
                let known: Vec<Arc<str>> = cell.events.iter().map(|e| e.name.clone()).collect();
                if !written {
                    let path = population.path.clone();
                    return self.report(say_value::never_spikes(span, &path, &cell.name, &known));
                }
                let of = format!("cell `{}`", cell.name);
                let known = known.iter().map(|n| &**n);
                return self.report(say_value::unknown_member(span, &name, &of, known));
            }
        }
        Some(name.to_string())
    }

    /// Every population of the view has the port.
    pub(super) fn check_ports(&mut self, view: &View, port: &str, span: Span) -> Option<()> {
        for segment in &view.segments {
            if self.port(segment.population, port).is_some() {
                continue;
            }
            let population = self.net.populations.get(segment.population as usize)?;
            if self.types.tainted.cell(population.cell) {
                return None;
            }
            let cell = self.hir.cells.get(population.cell.index())?;
            let ports = cell.vars.iter().filter(|v| matches!(v.kind, VarKind::Port { .. }));
            let known: Vec<Arc<str>> = ports.map(|v| v.name.clone()).collect();
            let of = format!("cell `{}`", cell.name);
            let message = say_value::unknown_member(span, port, &of, known.iter().map(|n| &**n));
            return self.report(message);
        }
        Some(())
    }

    /// The polarity of a port (`Some(None)`: plain), if the population has it.
    fn port(&self, population: u32, port: &str) -> Option<Option<Polarity>> {
        let population = self.net.populations.get(population as usize)?;
        let cell = self.hir.cells.get(population.cell.index())?;
        cell.vars.iter().find_map(|var| match &var.kind {
            VarKind::Port { polarity, .. } if &*var.name == port => Some(*polarity),
            _ => None,
        })
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
        target: &View,
        port: &str,
    ) -> Option<Sign> {
        let mut found: Option<Sign> = None;
        for from in &source.segments {
            self.check_clause_polarity(projection, from.population)?;
            let polarity = self.source_polarity(projection, from.population);
            for to in &target.segments {
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
        // One that is missing was reported.
        let expr = projection.weight?;
        let setting = self.setting(expr, environment)?;
        let Setting::Value(value) = &setting else {
            return Some(setting);
        };
        let span = self.span(expr);
        let Some(x) = number::number(value).map(number::Number::real) else {
            return self.report(say_value::wrong_kind(span, "one weight", &number::kind(value)));
        };
        let Ends { source, target, port, .. } = ends?;
        for from in &source.segments {
            for to in &target.segments {
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

    fn port_dimension(&self, population: u32, port: &str) -> Option<Dimension> {
        let population = self.net.populations.get(population as usize)?;
        let cell = self.hir.cells.get(population.cell.index())?;
        let var = cell.vars.iter().position(|v| &*v.name == port)?;
        match self.var_type(population.cell, hir::VarId(var as u32)) {
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
            (None, None) => return Some((Setting::Value(Value::Real(self.net.dt)), None)),
            (Some((_, span)), _) | (None, Some((_, span))) => *span,
        };
        if let (Some(a), Some(b)) = (constant(&axonal), constant(&dendritic)) {
            let step = self.step()?;
            let ticks = super::time::ticks_of(a + b, step, span, "delay", self.sink)?;
            if ticks < 1 {
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
