//! Types of expressions, from the leaves up.
//!
//! In: a root. Out: the type of it and of everything in it. The walk follows the arena (children come before
//! parents), so that it needs no recursion.

use super::Checker;
use crate::diagnose::typing;
use crate::diagnose::value::{ragged_array, too_many_dimensions};
use crate::hir::*;
use crate::resolve::graph;
use crate::types::{Dimension, Type};
use circ_grammar::ast::{Span, UnaryOp};
use smallvec::SmallVec;

/// Of `xi`.
const NOISE: Dimension = Dimension([-6, 0, 0, 0, 0, 0, 0]);

/// Indices of an array: each array around an array adds one to the shape that its type carries.
const MOST_DIMENSIONS: usize = 16;

impl<'a> Checker<'a> {
    /// Types an expression and everything in it.
    pub fn infer(&mut self, root: ExprId) -> Type {
        let mut all: SmallVec<[ExprId; 16]> = SmallVec::new();
        graph::walk(self.hir, root, &mut |id, _| all.push(id));
        all.sort();
        for id in all {
            if !std::mem::replace(&mut self.done[id.index()], true) {
                self.types.exprs[id.index()] = self.type_of(id);
            }
        }
        self.types.expr(root).clone()
    }

    pub fn ty(&self, id: ExprId) -> Type {
        self.types.expr(id).clone()
    }

    pub fn span(&self, id: ExprId) -> Span {
        self.hir.expr(id).span
    }

    fn type_of(&mut self, id: ExprId) -> Type {
        let hir = self.hir;
        let expr = hir.expr(id);
        match &expr.kind {
            ExprKind::Number { value, plain: true, .. } if *value == 0.0 => Type::AnyReal,
            ExprKind::Number { dimension, .. } => Type::Real(*dimension),
            ExprKind::Bool(_) => Type::Bool,
            ExprKind::Text(_) => Type::Text,
            ExprKind::Ref(reference) => self.reference(*reference, expr.span),
            ExprKind::Unary { op: UnaryOp::Negate, value } => self.negated(*value),
            ExprKind::Unary { op: UnaryOp::Not, value } => self.condition_of(*value),
            ExprKind::Binary { op, left, right } => self.binary(*op, *left, *right, expr.span),
            ExprKind::InRange { value, lo, hi } => self.ranged(*value, *lo, *hi, expr.span),
            ExprKind::InView { view, .. } => {
                self.view(*view);
                Type::Bool
            }
            ExprKind::If { condition, then, otherwise } => {
                self.condition(*condition);
                self.unify(&[*then, *otherwise], expr.span, "does not go with")
            }
            ExprKind::Call { builtin, args } => self.builtin(*builtin, args, expr.span),
            ExprKind::CallFn { function, args } => self.call_fn(*function, args),
            ExprKind::Draw { distribution, args } => self.draw(id, *distribution, args, expr.span),
            ExprKind::Redraw { value, lo, hi } => {
                self.unify(&[*value, *lo, *hi], expr.span, "does not go with")
            }
            ExprKind::Noise(_) => Type::Real(NOISE),
            ExprKind::Chance(p) => {
                self.demand(*p, &Type::Real(Dimension::REAL), "a probability", None);
                Type::Bool
            }
            ExprKind::Rising(condition) => {
                self.condition(*condition);
                Type::Bool
            }
            ExprKind::Derivative(var) => self.derivative(*var, expr.span),
            ExprKind::OfSegment { steps, member } => self.of_segment(steps, *member, expr.span),
            ExprKind::Reduce { reduce, value, over } => self.reduce(*reduce, *value, *over),
            ExprKind::Array(parts) => self.array(parts, expr.span),
            ExprKind::Tuple(parts) => self.tuple(parts),
            ExprKind::Index { base, indices } => self.index(*base, indices, expr.span),
            ExprKind::Field { base, name, name_span } => self.field(*base, name, *name_span),
            ExprKind::Measure { name, args, .. } => self.measure(name, args, expr.span),
            ExprKind::Error => Type::Error,
        }
    }

    fn reference(&mut self, reference: Ref, at: Span) -> Type {
        match reference {
            Ref::Time | Ref::Step => Type::Real(Dimension::TIME),
            Ref::CellIndex | Ref::SegmentIndex | Ref::Row | Ref::Col | Ref::Layer | Ref::Size => Type::Int,
            Ref::Pi => Type::Real(Dimension::REAL),
            Ref::Infinity => Type::AnyReal,
            Ref::Distance => Type::Real(Dimension::LENGTH),
            Ref::Weight => self.weight.clone(),
            Ref::Pre | Ref::Post => Type::View(None),
            Ref::Edge => Type::Error,
            Ref::Local(local) => self.types.locals[local.index()].clone(),
            Ref::Var(var) => self.variable(var, at),
            Ref::Mode(_) => Type::Bool,
            Ref::Global(global) => self.types.globals[global.index()].clone(),
            Ref::Slot(slot) => match self.owner {
                Owner::Circuit(circuit) => self.types.circuit_slots[circuit.index()][slot.index()].clone(),
                Owner::Experiment(at) => self.types.experiment_slots[at as usize][slot.index()].clone(),
                Owner::File | Owner::Cell(_) | Owner::Rule(_) => Type::Error,
            },
            Ref::OfCircuit(slot) => match self.owner {
                Owner::Experiment(at) => match self.hir.experiments[at as usize].circuit {
                    Some(circuit) => self.types.circuit_slots[circuit.index()][slot.index()].clone(),
                    None => Type::Error,
                },
                Owner::File | Owner::Cell(_) | Owner::Rule(_) | Owner::Circuit(_) => Type::Error,
            },
        }
    }

    /// A variable of the cell at hand, read as a value.
    pub(super) fn variable(&mut self, var: VarId, at: Span) -> Type {
        let cell = match self.owner {
            Owner::Cell(cell) => cell,
            Owner::Rule(rule) => return self.types.rule_vars[rule.index()][var.index()].clone(),
            Owner::File | Owner::Circuit(_) | Owner::Experiment(_) => return Type::Error,
        };
        let declared = &self.hir.cell(cell).vars[var.index()];
        if let VarKind::Port { shape: PortShape::Delta { state, .. }, .. } = &declared.kind {
            let state = self.hir.cell(cell).vars[state.index()].name.clone();
            self.sink.push(typing::port_without_value(at, &declared.name, declared.span, &state));
            return Type::Error;
        }
        self.types.vars[cell.index()][var.index()].clone()
    }

    pub(super) fn derivative(&mut self, var: VarId, at: Span) -> Type {
        let Owner::Cell(cell) = self.owner else {
            return Type::Error;
        };
        let written = self.hir.cell(cell);
        let declared = &written.vars[var.index()];
        let has_equation = written.equations.iter().any(|equation| equation.var == var);
        if !has_equation {
            let words = crate::resolve::kind_words(&declared.kind);
            self.sink.push(typing::no_derivative(at, &declared.name, words, declared.span));
            return Type::Error;
        }
        match &self.types.vars[cell.index()][var.index()] {
            Type::Real(dimension) => dimension.per(Dimension::TIME).map_or(Type::Error, Type::Real),
            _ => Type::Error,
        }
    }

    fn array(&mut self, parts: &[ExprId], at: Span) -> Type {
        let count = Some(parts.len() as u64);
        if parts.is_empty() {
            return Type::Array(Box::new(Type::AnyReal), vec![count]);
        }
        if parts.iter().all(|part| matches!(self.types.expr(*part), Type::Tuple(_) | Type::Text)) {
            return Type::Array(Box::new(self.ty(parts[0])), vec![count]);
        }
        if let Some(row) = self.ragged_row(parts) {
            self.sink.push(ragged_array(self.span(parts[0]), self.span(row)));
            return Type::Error;
        }
        match self.unify(parts, at, "does not go into one array with") {
            Type::Array(_, shape) if MOST_DIMENSIONS <= shape.len() => {
                self.sink.push(too_many_dimensions(at, MOST_DIMENSIONS));
                Type::Error
            }
            Type::Array(element, mut shape) => {
                shape.insert(0, count);
                Type::Array(element, shape)
            }
            Type::Error => Type::Error,
            element => Type::Array(Box::new(element), vec![count]),
        }
    }

    /// The first row of another length than the row before it.
    fn ragged_row(&self, parts: &[ExprId]) -> Option<ExprId> {
        let shape = |part: &ExprId| match self.types.expr(*part) {
            Type::Array(_, shape) => Some(shape),
            _ => None,
        };
        let rows = parts.windows(2);
        let mut differing = rows.filter(|pair| match (shape(&pair[0]), shape(&pair[1])) {
            (Some(first), Some(second)) => {
                let known = first.iter().chain(second).all(Option::is_some);
                known && first != second
            }
            _ => false,
        });
        differing.next().map(|pair| pair[1])
    }

    /// A union of views, else a list.
    fn tuple(&mut self, parts: &[ExprId]) -> Type {
        let types: Vec<Type> = parts.iter().map(|part| self.ty(*part)).collect();
        if types.contains(&Type::Error) {
            return Type::Error;
        }
        let views: Option<Vec<_>> = types.iter().map(view_of).collect();
        match views {
            Some(views) if views.windows(2).all(|pair| pair[0] == pair[1]) => {
                Type::View(views.first().copied().flatten())
            }
            Some(_) => Type::View(None),
            None => Type::Tuple(types),
        }
    }

    fn index(&mut self, base: ExprId, indices: &[Index], at: Span) -> Type {
        indices.iter().for_each(|index| self.one_index(index));
        match self.ty(base) {
            Type::Error => Type::Error,
            Type::View(cell) => {
                if 3 < indices.len() {
                    self.sink.push(typing::too_many_indices(at, 3, indices.len()));
                }
                Type::View(cell)
            }
            Type::Family(member) => {
                indices.iter().fold(Type::Family(member), |ty, index| match (ty, index) {
                    (Type::Family(member), Index::At(_)) => *member,
                    (other, _) => other,
                })
            }
            Type::Segment => self.segment_index(base, indices, at),
            Type::Array(element, shape) => self.element(*element, &shape, indices, at),
            other => {
                self.sink.push(typing::wrong_type(self.span(base), "an array or a population", &other));
                Type::Error
            }
        }
    }

    pub(super) fn one_index(&mut self, index: &Index) {
        match index {
            Index::At(e) => self.index_value(*e),
            Index::Range(lo, hi) => [*lo, *hi].into_iter().for_each(|end| self.demand_whole(end, "an index")),
            Index::Where(e) => {
                let ty = self.ty(*e);
                if !matches!(&ty, Type::Bool | Type::Error)
                    && !matches!(&ty, Type::Array(element, _) if **element == Type::Bool)
                {
                    self.sink.push(typing::wrong_type(self.span(*e), "a condition", &ty));
                }
            }
        }
    }

    /// A whole number, or an array of them.
    fn index_value(&mut self, id: ExprId) {
        match self.ty(id) {
            Type::Array(..) => {
                self.demand(id, &Type::Array(Box::new(Type::Int), vec![None]), "a list of indices", None)
            }
            _ => self.demand_whole(id, "an index"),
        }
    }

    fn element(&mut self, element: Type, shape: &[Option<u64>], indices: &[Index], at: Span) -> Type {
        if shape.len() < indices.len() {
            self.sink.push(typing::too_many_indices(at, shape.len(), indices.len()));
            return Type::Error;
        }
        let mut left = vec![];
        for index in indices {
            let keeps = !matches!(index, Index::At(e) if !matches!(self.types.expr(*e), Type::Array(..)));
            if keeps {
                left.push(None);
            }
        }
        left.extend(&shape[indices.len()..]);
        if left.is_empty() { element } else { Type::Array(Box::new(element), left) }
    }
}

/// What cells a view is of, seen through families; `None` for what is no view.
pub fn view_of(ty: &Type) -> Option<Option<CellId>> {
    match ty {
        Type::View(cell) => Some(*cell),
        Type::Family(member) => view_of(member),
        _ => None,
    }
}
