//! Experiments: settings and statements.
//!
//! In: experiments whose slots have types. Out: reports.

use super::Checker;
use super::demand::fits;
use super::field::innermost;
use crate::diagnose::{structure, typing};
use crate::hir::*;
use crate::resolve::graph;
use crate::types::{Dimension, Type};
use circ_grammar::ast::AssignOp;

impl<'a> Checker<'a> {
    pub fn experiments(&mut self) {
        for (at, experiment) in self.hir.experiments.iter().enumerate() {
            self.owner = Owner::Experiment(at as u32);
            if let Some(circuit) = experiment.circuit {
                self.arguments(circuit, &experiment.args);
            }
            experiment.dt.iter().for_each(|dt| self.demand_time(*dt, "the step `dt`"));
            if let Some(seed) = experiment.seed {
                self.infer(seed);
                self.demand_whole(seed, "the seed");
            }
            experiment.sweep.iter().for_each(|axis| self.axis(axis));
            self.statements(&experiment.statements);
        }
    }

    /// What is swept takes the values that it is given.
    fn axis(&mut self, axis: &'a Axis) {
        let types: Vec<Type> = axis.names.iter().map(|swept| self.swept_type(swept.target)).collect();
        match &axis.values {
            AxisValues::Over(Over::Range(lo, hi)) => {
                for end in [*lo, *hi] {
                    self.infer(end);
                    self.demand_whole(end, "the range of a sweep");
                }
                let ty = &types[0];
                if !matches!(ty, Type::Int | Type::AnyReal | Type::Error | Type::Real(Dimension::REAL)) {
                    let due = typing::words(ty);
                    self.sink.push(typing::wrong_type(self.span(*lo).to(self.span(*hi)), &due, &Type::Int));
                }
            }
            AxisValues::Over(Over::Values(values)) => {
                self.infer(*values);
                let (swept, ty) = (&axis.names[0], &types[0]);
                let due = Type::Array(Box::new(ty.clone()), vec![None]);
                let because = (swept.span, typing::words(ty));
                self.demand(*values, &due, &format!("what `{}` takes", swept.name), Some(because));
            }
            AxisValues::Rows(rows) => {
                for row in rows {
                    row.iter().for_each(|value| drop(self.infer(*value)));
                    if row.len() != types.len() {
                        let at = row.iter().map(|value| self.span(*value)).reduce(|all, next| all.to(next));
                        let message = format!("{} names take {} values", types.len(), row.len());
                        self.sink.push(structure::argument_form(
                            at.unwrap_or(axis.span),
                            message,
                            "one value for each name",
                        ));
                        continue;
                    }
                    for ((value, ty), swept) in row.iter().zip(&types).zip(&axis.names) {
                        let because = (swept.span, typing::words(ty));
                        self.demand(*value, ty, &format!("`{}`", swept.name), Some(because));
                    }
                }
            }
        }
    }

    fn swept_type(&self, target: SweptTarget) -> Type {
        let Owner::Experiment(at) = self.owner else { return Type::Error };
        match target {
            SweptTarget::Own(slot) => self.types.experiment_slots[at as usize][slot.index()].clone(),
            SweptTarget::OfCircuit(slot) => match self.hir.experiments[at as usize].circuit {
                Some(circuit) => self.types.circuit_slots[circuit.index()][slot.index()].clone(),
                None => Type::Error,
            },
            SweptTarget::Seed => Type::Int,
            SweptTarget::Step => Type::Real(Dimension::TIME),
        }
    }

    fn statements(&mut self, statements: &'a [Statement]) {
        for statement in statements {
            match &statement.kind {
                StatementKind::Binding(_) => {}
                StatementKind::Drive(drive) => self.drive(drive),
                StatementKind::Assign { slot, element, op, value } => {
                    self.assign_slot(*slot, *element, *op, *value);
                }
                StatementKind::Record { what, every } => {
                    for value in what {
                        self.infer(*value);
                        if self.is_item(*value) {
                            let ty = self.ty(*value);
                            self.sink.push(typing::wrong_type(
                                self.span(*value),
                                "something with values or events",
                                &ty,
                            ));
                        }
                    }
                    every.iter().for_each(|every| self.demand_time(*every, "`every`"));
                }
                StatementKind::Run { duration, until } => {
                    self.demand_time(*duration, "the duration of a run");
                    if let Some(until) = until {
                        self.infer(*until);
                        self.condition(*until);
                    }
                }
                StatementKind::Set { target, filter, value } => self.set(*target, *filter, *value),
                StatementKind::Reset { what, except } => {
                    what.iter().for_each(|target| self.reset(*target, Put::Back));
                    except.iter().for_each(|target| self.reset(*target, Put::Aside));
                }
                StatementKind::Fire(views) | StatementKind::Silence(views) => {
                    views.iter().for_each(|view| self.spiking(*view))
                }
                StatementKind::Freeze(target) => {
                    self.infer(*target);
                    self.can_be_clamped(*target, "a state of a population");
                }
                StatementKind::FreezePlasticity { of, .. } => of.iter().for_each(|it| self.learning(*it)),
                StatementKind::Clamp { target, value } => self.clamp(*target, *value),
                StatementKind::Release(targets) => targets.iter().for_each(|target| self.release(*target)),
                StatementKind::Print(values) | StatementKind::Report(values) => {
                    values.iter().for_each(|value| {
                        self.infer(*value);
                    });
                }
                StatementKind::Plot(values) => values.iter().for_each(|value| self.drawn(*value)),
                StatementKind::Enforce(equation) => self.enforce(*equation),
                StatementKind::Expect(value) => {
                    self.infer(*value);
                    self.condition(*value);
                }
                StatementKind::If { condition, then, otherwise } => {
                    self.infer(*condition);
                    self.condition(*condition);
                    self.statements(then);
                    self.statements(otherwise);
                }
                StatementKind::Save(file) | StatementKind::Load(file) => {
                    self.infer(*file);
                    self.demand(*file, &Type::Text, "the name of a file", None);
                }
                // What it runs over was looked at with its index.
                StatementKind::For { body, .. } => self.statements(body),
                StatementKind::Repeat { body, until } => {
                    self.statements(body);
                    self.infer(*until);
                    self.condition(*until);
                }
            }
        }
    }

    /// Events, paths of cells and synapses, arrays; of single numbers only what may have been recorded.
    fn drawn(&mut self, value: ExprId) {
        self.infer(value);
        let ty = self.ty(value);
        let is_drawn = match innermost(&ty) {
            Type::Error | Type::View(_) | Type::Events | Type::Array(..) | Type::Port(_) => true,
            Type::Real(_) | Type::AnyReal | Type::Int | Type::Bool => self.may_be_recorded(value),
            _ => false,
        };
        if !is_drawn {
            self.sink.push(typing::wrong_type(self.span(value), DRAWN, &ty));
        }
    }

    /// `E[0].v`, `rate(E)`
    fn may_be_recorded(&self, value: ExprId) -> bool {
        let mut base = value;
        while let ExprKind::Index { base: inner, .. } = self.hir.expr(base).kind {
            base = inner;
        }
        match &self.hir.expr(base).kind {
            ExprKind::Field { .. } => true,
            ExprKind::Measure { name, args, .. } => {
                &**name == "rate" && args.iter().all(|argument| !argument.each)
            }
            _ => false,
        }
    }

    /// Elements of an array take one number for all, or an array of their shape.
    fn assign_slot(&mut self, slot: SlotId, element: Option<ExprId>, op: AssignOp, value: ExprId) {
        let found = self.infer(value);
        let declared = &graph::slots(self.hir, self.owner)[slot.index()];
        let Owner::Experiment(at) = self.owner else {
            return;
        };
        let ty = match element {
            None => self.types.experiment_slots[at as usize][slot.index()].clone(),
            Some(element) => self.infer(element),
        };
        let ty = match (element, ty) {
            (Some(_), Type::Array(one, _)) if !matches!(found, Type::Array(..)) => *one,
            (_, ty) => ty,
        };
        let due = if op == AssignOp::Multiply && ty != Type::Int {
            Type::Real(Dimension::REAL)
        } else {
            ty.clone()
        };
        self.demand(value, &due, &format!("`{}`", declared.name), Some((declared.span, typing::words(&ty))));
    }

    /// A parameter or state, one value or one for each cell; a drive; or what synapses hold.
    fn set(&mut self, target: ExprId, filter: Option<ExprId>, value: ExprId) {
        if self.is_rate(target) {
            self.infer(value);
            return self.set_drive(target, value);
        }
        self.infer(target);
        if self.is_of_projection(target) {
            return self.set_synapses(target, filter, value);
        }
        let found = self.infer(value);
        let ty = self.ty(target);
        if let Some(filter) = filter {
            if *innermost(&ty) != Type::Error {
                let message = "`where` selects synapses: `set P.w where pre in E[0..4] = 0 nS`".to_owned();
                self.sink.push(structure::argument_form(self.span(filter), message, "selects nothing here"));
            }
            return;
        }
        match innermost(&ty) {
            Type::Error => {}
            Type::Drive => self.set_drive(target, value),
            found if holds_no_value(found) => {
                self.sink.push(typing::wrong_type(self.span(target), "a parameter, a state or a drive", &ty));
            }
            Type::Array(element, _) if matches!(**element, Type::Array(..)) => {
                self.sink.push(structure::not_yet(self.span(target), "`set` of a parameter that is an array"))
            }
            _ => self.demand_of_cells(target, value, &found, "what is set"),
        }
    }

    /// In the value and in what selects, `pre`, `post` and `w` are those of the synapse.
    fn set_synapses(&mut self, target: ExprId, filter: Option<ExprId>, value: ExprId) {
        let place = match self.hir.expr(target).kind {
            ExprKind::Field { base, .. } => self.place_of(base),
            _ => None,
        };
        let place = place.filter(|_| *innermost(&self.ty(target)) != Type::Error);
        self.sides = place.and_then(|place| self.ends.get(&place)).cloned().unwrap_or_default();
        self.weight = place.and_then(|place| self.weights.get(&place)).cloned().unwrap_or(Type::Error);
        if let Some(filter) = filter {
            self.infer(filter);
            self.condition(filter);
        }
        let found = self.infer(value);
        self.sides = Default::default();
        self.weight = Type::Error;
        if place.is_none() {
            return;
        }
        match filter {
            Some(_) if matches!(found, Type::Array(..)) => {
                let ty = found;
                self.sink.push(typing::wrong_type(self.span(value), "one value for each synapse", &ty));
            }
            _ => self.demand_of_cells(target, value, &found, "what is set"),
        }
    }

    /// `reset E, E.v, P, P.w except E.theta`
    fn reset(&mut self, target: ExprId, put: Put) {
        self.infer(target);
        let ty = self.ty(target);
        match innermost(&ty) {
            Type::Error | Type::View(_) | Type::Projection => {}
            Type::Part(_) => self.sink.push(structure::not_yet(self.span(target), "`reset` of a part")),
            _ if self.is_of_projection(target) && put == Put::Back => {}
            found if holds_no_value(found) && !matches!(found, Type::Port(_)) => {
                let due = "cells, a state of them, or synapses";
                self.sink.push(typing::wrong_type(self.span(target), due, &ty));
            }
            _ if self.is_of_projection(target) => {
                let what = "`except` of one value that synapses hold";
                self.sink.push(structure::not_yet(self.span(target), what));
            }
            _ if !matches!(self.hir.expr(target).kind, ExprKind::Field { .. }) => {
                let due = "cells, a state of them, or synapses";
                self.sink.push(typing::wrong_type(self.span(target), due, &ty));
            }
            _ => {}
        }
    }

    /// Cells.
    fn spiking(&mut self, view: ExprId) {
        self.infer(view);
        let ty = self.ty(view);
        match innermost(&ty) {
            Type::Error | Type::View(_) => {}
            _ => self.sink.push(typing::wrong_type(self.span(view), "a population or a view", &ty)),
        }
    }

    /// A projection that learns.
    fn learning(&mut self, projection: ExprId) {
        self.infer(projection);
        let ty = self.ty(projection);
        match innermost(&ty) {
            Type::Error => {}
            Type::Projection => {
                let learns = self.place_of(projection).is_none_or(|place| self.learns.contains_key(&place));
                if !learns {
                    let message = "this projection has no rule, so its weights do not change".to_owned();
                    let at = self.span(projection);
                    self.sink.push(structure::argument_form(at, message, "learns nothing"));
                }
            }
            _ => self.sink.push(typing::wrong_type(self.span(projection), "a projection", &ty)),
        }
    }

    /// A value for what a target names, or one for each of its cells.
    fn demand_of_cells(&mut self, target: ExprId, value: ExprId, found: &Type, what: &str) {
        let ty = self.ty(target);
        match innermost(&ty) {
            Type::Array(element, _) => {
                let one = !matches!(found, Type::Array(..));
                let due = if one { (**element).clone() } else { ty.clone() };
                self.demand(value, &due, what, Some((self.span(target), typing::words(element))));
            }
            due => self.demand(value, due, what, Some((self.span(target), typing::words(due)))),
        }
    }

    /// A state; that it is none is seen where the population is known.
    fn clamp(&mut self, target: ExprId, value: ExprId) {
        self.infer(target);
        let found = self.infer(value);
        if self.can_be_clamped(target, "a state of a population") {
            self.demand_of_cells(target, value, &found, "the clamped value");
        }
    }

    /// A state, or a population for all of its states.
    fn release(&mut self, target: ExprId) {
        self.infer(target);
        if !matches!(innermost(&self.ty(target)), Type::View(_)) {
            self.can_be_clamped(target, "a state of a population, or a population");
        }
    }

    fn can_be_clamped(&mut self, target: ExprId, due: &str) -> bool {
        let ty = self.ty(target);
        match innermost(&ty) {
            Type::Error => false,
            found if holds_no_value(found) => {
                self.sink.push(typing::wrong_type(self.span(target), due, &ty));
                false
            }
            Type::Array(element, _) if matches!(**element, Type::Array(..)) => {
                self.sink.push(structure::not_yet(self.span(target), "`clamp` of an array"));
                false
            }
            _ if self.is_of_projection(target) => {
                self.sink.push(structure::not_yet(self.span(target), "`clamp` of synapses"));
                false
            }
            _ => true,
        }
    }

    fn is_of_projection(&self, target: ExprId) -> bool {
        let ExprKind::Field { base, .. } = self.hir.expr(target).kind else {
            return false;
        };
        *innermost(self.types.expr(base)) == Type::Projection
    }

    /// `image.rate`, of a drive that has one.
    fn is_rate(&mut self, target: ExprId) -> bool {
        let ExprKind::Field { base, name, .. } = &self.hir.expr(target).kind else { return false };
        self.infer(*base);
        let is_poisson = |drive: &Drive| matches!(drive.source, DriveSource::Poisson(_));
        if &**name != "rate" || *innermost(&self.ty(*base)) != Type::Drive {
            return false;
        }
        let is_rate = self.drive_of(*base).is_some_and(is_poisson);
        if is_rate {
            self.types.exprs[target.index()] = Type::Drive;
            self.done[target.index()] = true;
        }
        is_rate
    }

    /// What is set of a drive: a rate for `poisson`, else a value for its port.
    fn set_drive(&mut self, target: ExprId, value: ExprId) {
        let Some(drive) = self.drive_of(target) else {
            return;
        };
        match &drive.source {
            DriveSource::Poisson(_) => match self.ty(value) {
                Type::Real(Dimension::REAL) | Type::AnyReal | Type::Int => {}
                Type::Array(element, _) if fits(&element, &Type::Real(Dimension::FREQUENCY)) => {}
                _ => self.demand(
                    value,
                    &Type::Real(Dimension::FREQUENCY),
                    "the rate of `poisson`",
                    Some((drive.span, "declared here".into())),
                ),
            },
            DriveSource::Value(_) => {
                if let Type::Port(dimension) = self.ty(drive.target) {
                    let due = Type::Real(dimension);
                    if !matches!(self.ty(value), Type::Array(element, _) if fits(&element, &due)) {
                        self.demand(
                            value,
                            &due,
                            "what drives this port",
                            Some((drive.span, "declared here".into())),
                        );
                    }
                }
            }
            DriveSource::Choose { .. } | DriveSource::Times(_) | DriveSource::Table { .. } => {
                self.sink.push(structure::not_yet(
                    self.span(target),
                    "`set` of a drive that is no rate and no value",
                ));
            }
        }
    }

    fn drive_of(&self, target: ExprId) -> Option<&'a Drive> {
        let hir = self.hir;
        let target = match hir.expr(target).kind {
            ExprKind::Field { base, .. } if *innermost(self.types.expr(base)) == Type::Drive => base,
            _ => target,
        };
        let own = match (&hir.expr(target).kind, self.owner) {
            (ExprKind::Ref(Ref::Slot(slot)), Owner::Experiment(at)) => {
                hir.experiments[at as usize].all_statements().find_map(|statement| match &statement.kind {
                    StatementKind::Drive(drive) if drive.slot == *slot => Some(drive),
                    _ => None,
                })
            }
            _ => None,
        };
        own.or_else(|| {
            let (circuit, slot) = self.place_of(target)?;
            let mut items: Vec<&Item> = hir.circuit(circuit).items.iter().collect();
            while let Some(item) = items.pop() {
                match &item.kind {
                    ItemKind::Drive(drive) if drive.slot == slot => return Some(drive),
                    ItemKind::For { items: inner, .. } => items.extend(inner),
                    ItemKind::If { then, otherwise, .. } => items.extend(then.iter().chain(otherwise)),
                    _ => {}
                }
            }
            None
        })
    }
}

/// What `plot` takes.
const DRAWN: &str = "events, values that were recorded, or an array";

/// What `reset` does with what it names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Put {
    Back,
    /// It stays as it is.
    Aside,
}

/// What names an item or a part of one, and no variable.
fn holds_no_value(ty: &Type) -> bool {
    matches!(
        ty,
        Type::Projection
            | Type::Part(_)
            | Type::View(_)
            | Type::Segment
            | Type::Events
            | Type::Port(_)
            | Type::Drive
            | Type::Family(_)
    )
}
