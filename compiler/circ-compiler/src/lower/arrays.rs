//! Arrays in kernels: literals, selection, reductions. All unrolled, but for elements of known arrays
//! at a varying index, which are read from a table.

use circ_grammar::ast::Span;
use circ_plan::ir::*;

use super::context::Lowerer;
use super::value::{Lowered, shape_of};
use crate::diagnose::structure::not_yet;
use crate::hir::{ExprId, Index, LocalId, Reduce};
use crate::interpret::apply::Value as Constant;
use crate::types::{ArrayValue, Type};

/// Sums with more terms than this are refused in a kernel.
const MOST_TERMS: i64 = 4096;

impl Lowerer<'_, '_, '_> {
    /// `[a, b, c]`, perhaps of arrays.
    pub fn array(&mut self, elements: &[ExprId], span: Span) -> Lowered {
        let mut inner: Option<Vec<usize>> = None;
        let mut all = vec![];
        for element in elements {
            let value = self.expr(*element);
            match self.spread(value) {
                Lowered::One(value) => {
                    inner = Some(vec![]);
                    all.push(value);
                }
                Lowered::Many { shape, elements } => {
                    inner = Some(shape);
                    all.extend(elements);
                }
                Lowered::Known(_) => return self.refuse(not_yet(span, "this array")),
            }
        }
        let mut shape = vec![elements.len()];
        shape.extend(inner.unwrap_or_default());
        if shape.iter().product::<usize>() != all.len() {
            return self.refuse(not_yet(span, "an array with rows of different lengths"));
        }
        Lowered::Many { shape, elements: all }
    }

    /// `x[q]`, `x[r, c]`, `x[a .. b]`.
    pub fn index(&mut self, base: ExprId, indices: &[Index], span: Span) -> Lowered {
        let base = self.expr(base);
        let shape = match &base {
            Lowered::Known(array) => shape_of(array),
            Lowered::Many { shape, .. } => shape.clone(),
            Lowered::One(_) => return self.refuse(not_yet(span, "an index of a number")),
        };
        let mut at = vec![];
        for index in indices {
            match index {
                Index::At(expr) => at.push(self.int(*expr)),
                Index::Range(lo, hi) => return self.part(base, &shape, *lo, *hi, indices.len(), span),
                Index::Where(_) => return self.refuse(not_yet(span, "`where` in a cell or a connection")),
            }
        }
        if at.len() > shape.len() {
            return self.refuse(not_yet(span, "more indices than the array has"));
        }
        match self.all_constant(&at) {
            Some(constant) => self.fixed(base, &shape, &constant, span),
            None => self.varying(base, &shape, &at, span),
        }
    }

    fn all_constant(&self, values: &[ValueId]) -> Option<Vec<i64>> {
        values
            .iter()
            .map(|v| match self.b.constant(*v) {
                Some(Constant::Int(x)) => Some(x),
                _ => None,
            })
            .collect()
    }

    fn outside(&mut self, index: i64, length: usize, span: Span) -> Lowered {
        self.refuse(crate::diagnose::value::index_range(span, index, length as u64, "the array"))
    }

    /// An element, or a row, at known indices.
    fn fixed(&mut self, base: Lowered, shape: &[usize], at: &[i64], span: Span) -> Lowered {
        let mut first = 0;
        for (index, length) in at.iter().zip(shape) {
            match usize::try_from(*index) {
                Ok(index) if index < *length => first = first * length + index,
                _ => return self.outside(*index, *length, span),
            }
        }
        let rest = shape[at.len()..].to_vec();
        let count: usize = rest.iter().product();
        let first = first * count;
        match base {
            Lowered::Known(array) if rest.is_empty() => match array.data.get(first) {
                Some(x) => Lowered::One(self.element(&array.element, *x)),
                None => self.outside(first as i64, array.data.len(), span),
            },
            base => {
                let Lowered::Many { elements, .. } = self.spread(base) else {
                    return self.outside(0, 0, span);
                };
                let Some(part) = elements.get(first..first + count) else { return self.outside(0, 0, span) };
                match (&rest[..], part) {
                    ([], [one]) => Lowered::One(*one),
                    _ => Lowered::Many { shape: rest, elements: part.to_vec() },
                }
            }
        }
    }

    fn part(
        &mut self,
        base: Lowered,
        shape: &[usize],
        lo: ExprId,
        hi: ExprId,
        count: usize,
        span: Span,
    ) -> Lowered {
        let bounds = [self.int(lo), self.int(hi)];
        let (Some(bounds), 1, Some(length)) = (self.all_constant(&bounds), count, shape.first()) else {
            return self.refuse(not_yet(span, "this selection in a cell or a connection"));
        };
        let row: usize = shape[1..].iter().product();
        let range = (usize::try_from(bounds[0]), usize::try_from(bounds[1]));
        let Lowered::Many { elements, .. } = self.spread(base) else { return self.outside(0, 0, span) };
        match range {
            (Ok(lo), Ok(hi)) if lo <= hi && hi <= *length => {
                let mut shape = shape.to_vec();
                shape[0] = hi - lo;
                Lowered::Many { shape, elements: elements[lo * row..hi * row].to_vec() }
            }
            _ => self.outside(bounds[1], *length, span),
        }
    }

    /// An element at indices that differ from cell to cell, or change.
    fn varying(&mut self, base: Lowered, shape: &[usize], at: &[ValueId], span: Span) -> Lowered {
        if at.len() != shape.len() || shape.contains(&0) {
            return self
                .refuse(not_yet(span, "a row at an index that is not known when the circuit is built"));
        }
        let mut inside = vec![];
        for (index, length) in at.iter().zip(shape) {
            let (zero, last) = (self.b.int(0), self.b.int(*length as i64 - 1));
            let clamped = self.clamp(*index, Some(zero), Some(last));
            let fails = self.b.ne(clamped, *index);
            self.check_not(CheckKind::Range, fails, span, "this index");
            inside.push(clamped);
        }
        // The array as a matrix: the first index is the row, all others make the column.
        let mut column = self.b.int(0);
        for (index, length) in inside.iter().zip(shape).skip(1) {
            let length = self.b.int(*length as i64);
            let scaled = self.b.mul(column, length);
            column = self.b.add(scaled, *index);
        }
        match base {
            Lowered::Known(array) => Lowered::One(self.table_element(&array, inside[0], column)),
            Lowered::Many { elements, .. } => {
                let columns: usize = shape[1..].iter().product();
                Lowered::One(self.chosen(&elements, columns, inside[0], column))
            }
            one @ Lowered::One(_) => one,
        }
    }

    /// An element of a known array, from a table of the plan.
    pub fn table_element(&mut self, array: &ArrayValue, row: ValueId, column: ValueId) -> ValueId {
        let table = self.report.table(array);
        let value = self.b.table(table, row, column);
        match array.element {
            Type::Int => self.b.to_int(value),
            Type::Bool => self.as_bool(value),
            _ => value,
        }
    }

    /// One of computed elements.
    fn chosen(&mut self, elements: &[ValueId], columns: usize, row: ValueId, column: ValueId) -> ValueId {
        let length = self.b.int(columns as i64);
        let scaled = self.b.mul(row, length);
        let flat = self.b.add(scaled, column);
        let mut value = elements[0];
        for (at, element) in elements.iter().enumerate().skip(1) {
            let at = self.b.int(at as i64);
            let here = self.b.eq(flat, at);
            value = self.choose(here, *element, value);
        }
        value
    }

    /// `sum(x)`, `sum(e for q in a .. b)` and their like.
    pub fn reduce(
        &mut self,
        reduce: Reduce,
        value: ExprId,
        over: Option<(LocalId, ExprId, ExprId)>,
        span: Span,
    ) -> Lowered {
        let elements = match over {
            None => {
                let value = self.expr(value);
                match self.spread(value) {
                    Lowered::Many { elements, .. } => elements,
                    Lowered::One(value) => vec![value],
                    Lowered::Known(_) => vec![],
                }
            }
            Some((local, lo, hi)) => match self.terms(local, lo, hi, value, span) {
                Some(terms) => terms,
                None => {
                    return self
                        .refuse(not_yet(span, "a sum whose bounds are not known when the circuit is built"));
                }
            },
        };
        if elements.is_empty()
            && !matches!(reduce, Reduce::Sum | Reduce::Product | Reduce::Any | Reduce::All | Reduce::Count)
        {
            return self.refuse(crate::diagnose::value::empty_array(span, "this reduction"));
        }
        Lowered::One(self.reduced(reduce, elements, span))
    }

    fn terms(
        &mut self,
        local: LocalId,
        lo: ExprId,
        hi: ExprId,
        value: ExprId,
        span: Span,
    ) -> Option<Vec<ValueId>> {
        let bounds = [self.int(lo), self.int(hi)];
        let bounds = self.all_constant(&bounds)?;
        if bounds[1].saturating_sub(bounds[0]) > MOST_TERMS {
            self.report.push(not_yet(span, &format!("a sum of more than {MOST_TERMS} terms in a kernel")));
            return Some(vec![]);
        }
        let mut terms = vec![];
        for at in bounds[0]..bounds[1] {
            let at = Lowered::One(self.b.int(at));
            self.locals.insert(local, at);
            terms.push(self.one(value));
        }
        self.locals.remove(&local);
        Some(terms)
    }

    fn reduced(&mut self, reduce: Reduce, elements: Vec<ValueId>, span: Span) -> ValueId {
        use circ_grammar::ast::BinaryOp;
        let ints = !elements.is_empty() && elements.iter().all(|v| self.b.ty(*v) == Ty::Int);
        let fold = |this: &mut Self, op: BinaryOp, empty: ValueId| {
            let mut elements = elements.iter();
            let Some(first) = elements.next() else { return empty };
            elements.fold(*first, |sum, x| this.binary(op, sum, *x, span))
        };
        match reduce {
            Reduce::Sum => {
                let zero = self.b.float(0.0);
                fold(self, BinaryOp::Add, zero)
            }
            Reduce::Product => {
                let one = self.b.float(1.0);
                fold(self, BinaryOp::Multiply, one)
            }
            Reduce::Mean => self.mean(&elements, span),
            Reduce::Std => self.deviation(&elements, span),
            Reduce::Min | Reduce::Max => {
                let elements: Vec<ValueId> =
                    elements.iter().map(|x| if ints { *x } else { self.as_float(*x) }).collect();
                let combine = |this: &mut Self, x, y| {
                    if reduce == Reduce::Min { this.b.min(x, y) } else { this.b.max(x, y) }
                };
                elements[1..].iter().fold(elements[0], |so_far, x| combine(self, so_far, *x))
            }
            Reduce::Any => {
                let no = self.b.bool(false);
                fold(self, BinaryOp::Or, no)
            }
            Reduce::All => {
                let yes = self.b.bool(true);
                fold(self, BinaryOp::And, yes)
            }
            Reduce::Count => {
                let zero = self.b.int(0);
                elements.iter().fold(zero, |sum, x| {
                    let truth = self.as_bool(*x);
                    let one = self.as_int(truth);
                    self.b.add(sum, one)
                })
            }
            Reduce::Argmax => self.argmax(&elements),
        }
    }

    fn mean(&mut self, elements: &[ValueId], span: Span) -> ValueId {
        let sum = self.reduced(Reduce::Sum, elements.to_vec(), span);
        let (sum, count) = (self.as_float(sum), self.b.float(elements.len() as f64));
        self.b.div(sum, count)
    }

    /// The population standard deviation.
    fn deviation(&mut self, elements: &[ValueId], span: Span) -> ValueId {
        let mean = self.mean(elements, span);
        let squares: Vec<ValueId> = elements
            .iter()
            .map(|x| {
                let x = self.as_float(*x);
                let difference = self.b.sub(x, mean);
                self.b.mul(difference, difference)
            })
            .collect();
        let variance = self.mean(&squares, span);
        self.b.sqrt(variance)
    }

    /// The first index of the largest element.
    fn argmax(&mut self, elements: &[ValueId]) -> ValueId {
        let (mut best, mut at) = (elements[0], self.b.int(0));
        for (index, x) in elements.iter().enumerate().skip(1) {
            let index = self.b.int(index as i64);
            let larger = self.compare(Compare::Gt, *x, best);
            best = self.choose(larger, *x, best);
            at = self.b.select(larger, index, at);
        }
        at
    }
}
