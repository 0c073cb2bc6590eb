//! Arrays in kernels: literals, selection, reductions. All unrolled, but for elements of known arrays
//! at a varying index, which are read from a table.

use circ_grammar::ast::Span;
use circ_plan::ir::*;

use super::context::Lowerer;
use super::value::{Lowered, shape_of};
use crate::diagnose::structure::not_yet;
use crate::diagnose::value as say;
use crate::eval::Evaluated;
use crate::eval::select::{self, Selector};
use crate::hir::{ExprId, ExprKind, Index, LocalId, Reduce};
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

    /// `x[q]`, `x[r, c]`, `x[a .. b]`, `x[[0, 3]]`, `x[where e]`. Indices that are left out select all.
    pub fn index(&mut self, base: ExprId, indices: &[Index], span: Span) -> Lowered {
        let base = self.expr(base);
        let shape = match &base {
            Lowered::Known(array) => shape_of(array),
            Lowered::Many { shape, .. } => shape.clone(),
            Lowered::One(_) => return self.refuse(not_yet(span, "an index of a number")),
        };
        if shape.len() < indices.len() {
            return self.refuse(say::index_count(span, indices.len(), shape.len()));
        }
        let mut places = vec![];
        for (k, length) in shape.iter().enumerate() {
            let place = match indices.get(k) {
                Some(index) => self.place(index, *length as u64),
                None => Ok(Place::Known(Selector::Range(0, *length as u64))),
            };
            match place {
                Ok(place) => places.push(place),
                Err(diagnostic) => return self.refuse(*diagnostic),
            }
        }
        let known = places.iter().map(|place| match place {
            Place::Known(selector) => Some(selector.clone()),
            Place::Varying(_) => None,
        });
        match known.collect::<Option<Vec<Selector>>>() {
            Some(selectors) => self.selected(base, &shape, &selectors),
            None => self.varied(base, &shape, &places, span),
        }
    }

    /// What one index selects.
    fn place(&mut self, index: &Index, length: u64) -> Evaluated<Place> {
        const ARRAY: &str = "the array";
        match index {
            Index::At(expr) => {
                let span = self.source.hir.expr(*expr).span;
                let value = self.expr(*expr);
                match self.spread(value) {
                    Lowered::One(value) => {
                        let value = self.as_int(value);
                        match self.b.constant(value) {
                            Some(Constant::Int(at)) => {
                                let at = select::checked(at, length, span, ARRAY)?;
                                Ok(Place::Known(Selector::One(at)))
                            }
                            _ => Ok(Place::Varying(value)),
                        }
                    }
                    Lowered::Many { elements, .. } => {
                        let list = self.known_list(&elements, length, span)?;
                        Ok(Place::Known(Selector::List(list)))
                    }
                    Lowered::Known(_) => Err(not_yet(span, "this index").into()),
                }
            }
            Index::Range(lo, hi) => {
                let span = self.source.hir.expr(*lo).span;
                let bounds = (self.bound(*lo), self.bound(*hi));
                let (Some(lo), Some(hi)) = bounds else {
                    return Err(not_yet(span, "a selection between bounds that vary").into());
                };
                let (lo, hi) = select::range(lo, hi, length, span, ARRAY)?;
                Ok(Place::Known(Selector::Range(lo, hi)))
            }
            Index::Where(condition) => {
                let span = self.source.hir.expr(*condition).span;
                let mask = self.mask_of(*condition, length as usize)?;
                match self.known_list(&mask, length, span) {
                    Ok(list) => Ok(Place::Known(Selector::List(list))),
                    Err(_) => Err(not_yet(span, "a selection that varies, but for what is summed,").into()),
                }
            }
        }
    }

    /// Positions: whole numbers, or a truth value for each.
    fn known_list(&mut self, elements: &[ValueId], length: u64, span: Span) -> Evaluated<Vec<u64>> {
        let mut list = vec![];
        for (k, element) in elements.iter().enumerate() {
            match self.b.constant(*element) {
                Some(Constant::Bool(holds)) => list.extend(holds.then_some(k as u64)),
                Some(Constant::Int(at)) => list.push(select::checked(at, length, span, "the array")?),
                Some(Constant::Float(x)) if x.fract() == 0.0 => {
                    list.push(select::checked(x as i64, length, span, "the array")?);
                }
                _ => return Err(not_yet(span, "indices in an array that vary").into()),
            }
        }
        Ok(list)
    }

    /// A condition as a truth value for each position.
    fn mask_of(&mut self, condition: ExprId, length: usize) -> Evaluated<Vec<ValueId>> {
        let span = self.source.hir.expr(condition).span;
        let value = self.expr(condition);
        let mask = match self.spread(value) {
            Lowered::One(value) => vec![value; length],
            Lowered::Many { elements, .. } => elements,
            Lowered::Known(_) => vec![],
        };
        if mask.len() != length {
            return Err(say::shape_mismatch(span, &[length as u64], &[mask.len() as u64]).into());
        }
        Ok(mask.into_iter().map(|value| self.as_bool(value)).collect())
    }

    /// Elements at known positions.
    fn selected(&mut self, base: Lowered, shape: &[usize], selectors: &[Selector]) -> Lowered {
        let lengths: Vec<u64> = shape.iter().map(|length| *length as u64).collect();
        let positions = select::positions(selectors, &lengths).into_iter().map(|at| at as usize);
        let elements = match &base {
            Lowered::Known(array) => {
                let data = positions.filter_map(|at| array.data.get(at));
                data.map(|x| self.element(&array.element, *x)).collect()
            }
            Lowered::Many { elements, .. } => positions.filter_map(|at| elements.get(at).copied()).collect(),
            Lowered::One(value) => vec![*value],
        };
        let kept = selectors.iter().filter(|selector| !matches!(selector, Selector::One(_)));
        shaped(kept.map(|selector| selector.len() as usize).collect(), elements)
    }

    /// Elements at positions of which some vary.
    fn varied(&mut self, base: Lowered, shape: &[usize], places: &[Place], span: Span) -> Lowered {
        let mut kept = vec![];
        let mut all: Vec<Vec<ValueId>> = vec![vec![]];
        for place in places {
            let along = match place {
                Place::Varying(value) => vec![*value],
                Place::Known(selector) => {
                    kept.extend((!matches!(selector, Selector::One(_))).then_some(selector.len() as usize));
                    (0..selector.len()).map(|k| self.b.int(selector.get(k) as i64)).collect()
                }
            };
            if MOST_TERMS < (all.len() * along.len()) as i64 {
                let what = format!("more than {MOST_TERMS} elements at an index that varies");
                return self.refuse(not_yet(span, &what));
            }
            let longer = |at: &Vec<ValueId>| {
                let at = at.clone();
                along.clone().into_iter().map(move |value| [&at[..], &[value]].concat())
            };
            all = all.iter().flat_map(longer).collect();
        }
        if shape.contains(&0) {
            return self.refuse(say::index_range(span, 0, 0, "the array"));
        }
        let elements = all.iter().map(|at| self.varying(base.clone(), shape, at, span));
        let elements = elements.filter_map(|element| match element {
            Lowered::One(value) => Some(value),
            Lowered::Many { .. } | Lowered::Known(_) => None,
        });
        let elements = elements.collect();
        shaped(kept, elements)
    }

    /// `x[where e]`: `x` and `e`, where `e` is not known when the circuit is built.
    fn filter(&mut self, value: ExprId) -> Option<(ExprId, ExprId)> {
        match &self.source.hir.expr(value).kind {
            ExprKind::Index { base, indices } => match &indices[..] {
                [Index::Where(condition)] => Some((*base, *condition)),
                _ => None,
            },
            _ => None,
        }
    }

    /// A reduction of the elements at which a condition holds now.
    fn reduce_filtered(&mut self, reduce: Reduce, base: ExprId, condition: ExprId, span: Span) -> Lowered {
        let base = self.expr(base);
        let Lowered::Many { elements, .. } = self.spread(base) else {
            return self.refuse(not_yet(span, "an index of a number"));
        };
        let mask = match self.mask_of(condition, elements.len()) {
            Ok(mask) => mask,
            Err(diagnostic) => return self.refuse(*diagnostic),
        };
        if let Ok(list) = self.known_list(&mask, elements.len() as u64, span) {
            let elements: Vec<ValueId> = list.iter().map(|at| elements[*at as usize]).collect();
            return self.reduced_or_refused(reduce, elements, span);
        }
        let instead = match reduce {
            Reduce::Sum | Reduce::Mean => self.b.float(0.0),
            Reduce::Product => self.b.float(1.0),
            Reduce::Min => self.b.float(f64::INFINITY),
            Reduce::Max => self.b.float(f64::NEG_INFINITY),
            Reduce::Any | Reduce::Count => self.b.bool(false),
            Reduce::All => self.b.bool(true),
            Reduce::Std | Reduce::Argmax => {
                return self.refuse(not_yet(span, "this reduction of a selection that varies"));
            }
        };
        let chosen: Vec<ValueId> =
            elements.iter().zip(&mask).map(|(x, holds)| self.choose(*holds, *x, instead)).collect();
        if reduce != Reduce::Mean {
            return Lowered::One(self.reduced(reduce, chosen, span));
        }
        let (sum, count) = (self.reduced(Reduce::Sum, chosen, span), self.reduced(Reduce::Count, mask, span));
        let (sum, count) = (self.as_float(sum), self.as_float(count));
        Lowered::One(self.b.div(sum, count))
    }

    /// An element at indices that differ from cell to cell, or change.
    fn varying(&mut self, base: Lowered, shape: &[usize], at: &[ValueId], span: Span) -> Lowered {
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
                if let Some((base, condition)) = self.filter(value) {
                    return self.reduce_filtered(reduce, base, condition, span);
                }
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
        self.reduced_or_refused(reduce, elements, span)
    }

    fn reduced_or_refused(&mut self, reduce: Reduce, elements: Vec<ValueId>, span: Span) -> Lowered {
        let of_none =
            matches!(reduce, Reduce::Sum | Reduce::Product | Reduce::Any | Reduce::All | Reduce::Count);
        if elements.is_empty() && !of_none {
            return self.refuse(say::empty_array(span, "this reduction"));
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
        let bounds = [self.bound(lo)?, self.bound(hi)?];
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

    /// A whole number that follows from constants and from parameters that all cells share. The program is
    /// made for it: a `set` that changes it ends the run.
    fn bound(&mut self, expr: ExprId) -> Option<i64> {
        let value = self.int(expr);
        let Some(Constant::Int(built)) = self.built(value) else { return None };
        let due = self.b.int(built);
        let changed = self.b.ne(value, due);
        self.check_not(CheckKind::Range, changed, self.source.hir.expr(expr).span, "this bound of a sum");
        Some(built)
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

/// What one index selects.
enum Place {
    Known(Selector),
    /// One element, at an index that differs from cell to cell, or changes.
    Varying(ValueId),
}

/// An array of this shape, or its only element.
fn shaped(shape: Vec<usize>, elements: Vec<ValueId>) -> Lowered {
    match (&shape[..], &elements[..]) {
        ([], [one]) => Lowered::One(*one),
        _ => Lowered::Many { shape, elements },
    }
}
