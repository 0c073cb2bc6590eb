//! Constraints: conditions of a circuit, for every cell where they speak of cells.
//!
//! In: constraints, when all projections have types. Out: reports of what is no condition, of an `enforce` that
//! scales nothing, and of a `require` that only a run could answer.

use super::Checker;
use crate::diagnose::{constraint as say, typing};
use crate::hir::*;
use crate::resolve::graph;
use crate::types::{Dimension, Type};
use circ_grammar::ast::{BinaryOp, Span};

/// Measures that look at what a run did.
const OF_A_RUN: [&str; 18] = [
    "mean",
    "std",
    "min",
    "max",
    "any",
    "all",
    "rate",
    "count",
    "cv_isi",
    "isi",
    "first_spike",
    "spikes",
    "at",
    "balance",
    "fano",
    "synchrony",
    "correlation",
    "branching",
];

impl<'a> Checker<'a> {
    /// Those of all circuits: a constraint may speak of projections that are written after it, or in a part.
    pub fn constraints(&mut self) {
        for (at, circuit) in self.hir.circuits.iter().enumerate() {
            self.owner = Owner::Circuit(CircuitId(at as u32));
            self.constraints_in(&circuit.items);
        }
    }

    fn constraints_in(&mut self, items: &'a [Item]) {
        for item in items {
            match &item.kind {
                ItemKind::Constraint(constraint) => self.constraint(constraint),
                ItemKind::For { items, .. } => self.constraints_in(items),
                ItemKind::If { then, otherwise, .. } => {
                    self.constraints_in(then);
                    self.constraints_in(otherwise);
                }
                ItemKind::Population(_)
                | ItemKind::Drive(_)
                | ItemKind::Projection(_)
                | ItemKind::Part { .. }
                | ItemKind::Binding(_) => {}
            }
        }
    }

    fn constraint(&mut self, constraint: &Constraint) {
        match &constraint.kind {
            ConstraintKind::Dale(views) => views.iter().for_each(|view| {
                self.infer(*view);
                self.view(*view);
            }),
            ConstraintKind::Require(condition) => {
                self.infer(*condition);
                self.condition_of(*condition);
                if let Some((at, name)) = self.measure_of_run(*condition) {
                    self.sink.push(say::require_of_run(at, &name));
                }
            }
            ConstraintKind::Monitor { condition, .. } => {
                self.infer(*condition);
                self.condition_of(*condition);
            }
            ConstraintKind::Enforce(Enforce { equation, every }) => {
                self.enforce(*equation);
                every.iter().for_each(|every| self.demand_time(*every, "`every`"));
            }
        }
    }

    /// `weight_sum(...) == e`, where `e` is known without a run.
    pub fn enforce(&mut self, equation: ExprId) {
        if self.infer(equation) == Type::Error {
            return;
        }
        let ExprKind::Binary { op: BinaryOp::Equal, left, right } = self.hir.expr(equation).kind else {
            return self.sink.push(say::enforce_form(self.span(equation), None));
        };
        match &self.hir.expr(left).kind {
            ExprKind::Measure { name, .. } if &**name == "weight_sum" => {}
            ExprKind::Measure { name, .. } => {
                return self.sink.push(say::enforce_form(self.span(left), Some(name)));
            }
            _ => return self.sink.push(say::enforce_form(self.span(left), None)),
        }
        if let Some((at, name)) = self.measure_of_run(right) {
            self.sink.push(say::enforce_of_run(at, &name));
        }
    }

    fn measure_of_run(&self, expr: ExprId) -> Option<(Span, std::sync::Arc<str>)> {
        let mut found = None;
        graph::walk(self.hir, expr, &mut |_, expr| {
            if let ExprKind::Measure { name, name_span, .. } = &expr.kind
                && OF_A_RUN.contains(&&**name)
            {
                found.get_or_insert((*name_span, name.clone()));
            }
        });
        found
    }

    /// What `weight_sum` adds up: the weights of a projection, or of the port that is named, or that all ports of
    /// the cells take.
    pub(super) fn weights_of(&mut self, arg: &MeasureArg, at: Span) -> Type {
        let target = arg.to.unwrap_or(arg.value);
        match super::field::innermost(self.types.expr(target)) {
            Type::Port(dimension) => return Type::Real(*dimension),
            Type::Projection => {
                let weights = self.place_of(target).and_then(|place| self.weights.get(&place));
                return weights.cloned().unwrap_or(Type::Error);
            }
            _ => {}
        }
        let ports = self.cells_of(target).into_iter().flat_map(|cell| self.port_dimensions(cell));
        let mut ports: Vec<(String, Dimension)> = ports.collect();
        match ports.pop() {
            None => Type::Error,
            Some((_, dimension)) if ports.iter().all(|other| other.1 == dimension) => Type::Real(dimension),
            Some((name, _)) => {
                let names = ports.into_iter().map(|port| port.0).chain([name]).collect::<Vec<_>>();
                self.sink.push(typing::which_port(at, &names));
                Type::Error
            }
        }
    }

    fn port_dimensions(&self, cell: CellId) -> Vec<(String, Dimension)> {
        let vars = self.hir.cell(cell).vars.iter().zip(&self.types.vars[cell.index()]);
        let port = |(var, ty): (&Var, &Type)| match (&var.kind, ty) {
            (VarKind::Port { .. }, Type::Real(dimension) | Type::Port(dimension)) => {
                Some((var.name.to_string(), *dimension))
            }
            _ => None,
        };
        vars.filter_map(port).collect()
    }
}
