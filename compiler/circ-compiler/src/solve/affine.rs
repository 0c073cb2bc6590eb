//! Affine forms: writes a value as `sum of a_k * x_k + b`.
//!
//! In: a value and a set of variables. Out: the coefficients and the rest, as new values, or the first
//! term that is not linear in the variables. Works on operations, so it sees through `let`s and
//! functions. What it makes is the solver's own arithmetic: it may fuse, and multiply by reciprocals.

use std::collections::BinaryHeap;
use std::ops::Range;

use circ_plan::ir::*;

use super::facts::Facts;
use super::terms::Terms;
use crate::kernel::build::Builder;
use crate::kernel::ops::operands;

/// `sum of coefficients[k] * x_k + rest`.
#[derive(Clone, Debug, Default)]
pub struct Affine {
    pub coefficients: Terms,
    /// `None` is 0.
    pub rest: Option<ValueId>,
}

/// The affine form of `root` in the variables `over`; else the term that is not linear.
pub fn affine(
    b: &mut Builder,
    facts: &mut Facts,
    root: ValueId,
    over: Range<usize>,
) -> Result<Affine, ValueId> {
    let mut forms = Forms(vec![]);
    for value in reachable(b, root, |b, v| facts.touches(b, v, &over)) {
        let form = form_of(b, facts, value, &forms)?;
        forms.0.push((value, form));
    }
    // The root comes after all that it is made of.
    let last = forms.0.pop().filter(|(value, _)| *value == root);
    Ok(last.map_or(Affine { rest: Some(root), ..Affine::default() }, |(_, form)| form))
}

/// Forms of values, ascending.
struct Forms(Vec<(ValueId, Affine)>);

impl Forms {
    fn get(&self, value: ValueId) -> Option<&Affine> {
        self.0.binary_search_by_key(&value, |(of, _)| *of).ok().map(|at| &self.0[at].1)
    }
}

/// The values that `root` is made of (itself too) and that pass, in order. What does not pass is not looked into.
pub fn reachable(
    b: &Builder,
    root: ValueId,
    mut passes: impl FnMut(&Builder, ValueId) -> bool,
) -> Vec<ValueId> {
    // Operands come before what is made of them: from the last to the first, each is met once all that needs it was.
    let (mut found, mut open) = (vec![], BinaryHeap::from([root]));
    let mut before = None;
    while let Some(value) = open.pop() {
        if before.replace(value) != Some(value) && passes(b, value) {
            found.push(value);
            open.extend(operands(b.op(value)));
        }
    }
    found.reverse();
    found
}

/// The form of a value, given those of its operands; an operand without one is free of the variables.
fn form_of(b: &mut Builder, facts: &mut Facts, value: ValueId, forms: &Forms) -> Result<Affine, ValueId> {
    if let Some(index) = facts.variable(value) {
        let one = b.float(1.0);
        return Ok(Affine { coefficients: Terms::one(index, one), rest: None });
    }
    let form = |v: ValueId| forms.get(v).cloned().unwrap_or(Affine { rest: Some(v), ..Affine::default() });
    let free = |v: ValueId| forms.get(v).is_none();
    let mut algebra = Algebra { b, facts };
    match *algebra.b.op(value) {
        Op::Neg(x) => Ok(form(x).map(|c| algebra.neg(c))),
        Op::Add(x, y) => Ok(algebra.sum(form(x), form(y))),
        Op::Sub(x, y) => {
            let minus = form(y).map(|c| algebra.neg(c));
            Ok(algebra.sum(form(x), minus))
        }
        Op::Mul(x, y) if free(y) => Ok(form(x).map(|c| algebra.times(c, y))),
        Op::Mul(x, y) if free(x) => Ok(form(y).map(|c| algebra.times(c, x))),
        Op::Div(x, y) if free(y) => Ok(form(x).map(|c| algebra.over(c, y))),
        Op::Fma(x, y, z) if free(y) => {
            let product = form(x).map(|c| algebra.times(c, y));
            Ok(algebra.sum(product, form(z)))
        }
        Op::Fma(x, y, z) if free(x) => {
            let product = form(y).map(|c| algebra.times(c, x));
            Ok(algebra.sum(product, form(z)))
        }
        Op::Select(mask, x, y) if free(mask) => Ok(algebra.choice(mask, form(x), form(y))),
        _ => Err(value),
    }
}

impl Affine {
    fn map(self, mut to: impl FnMut(ValueId) -> ValueId) -> Affine {
        let coefficients = self.coefficients.map(&mut to);
        Affine { coefficients, rest: self.rest.map(to) }
    }
}

/// Arithmetic that keeps signs outside and uses fused operations.
pub struct Algebra<'b, 'f, 'p> {
    pub b: &'b mut Builder,
    pub facts: &'f mut Facts<'p>,
}

impl Algebra<'_, '_, '_> {
    /// `-x`
    pub fn neg(&mut self, x: ValueId) -> ValueId {
        match *self.b.op(x) {
            Op::Sub(p, q) => self.b.sub(q, p),
            _ => self.b.neg(x),
        }
    }

    /// `x + y`
    pub fn plus(&mut self, x: ValueId, y: ValueId) -> ValueId {
        if self.b.float_constant(x) == Some(0.0) {
            return y;
        }
        if self.b.float_constant(y) == Some(0.0) {
            return x;
        }
        match (self.plain(x).clone(), self.plain(y).clone()) {
            (Op::Neg(p), Op::Neg(q)) => {
                let sum = self.plus(p, q);
                self.b.neg(sum)
            }
            (Op::Neg(p), _) => self.b.sub(y, p),
            (_, Op::Neg(q)) => self.b.sub(x, q),
            (Op::Mul(p, q), _) if !self.facts.steady(self.b, x) => self.b.fma(p, q, y),
            (_, Op::Mul(p, q)) if !self.facts.steady(self.b, y) => self.b.fma(p, q, x),
            _ => self.b.add(x, y),
        }
    }

    /// `x * y`
    pub fn times(&mut self, x: ValueId, y: ValueId) -> ValueId {
        match (self.plain(x).clone(), self.plain(y).clone()) {
            (Op::Float(-1.0), _) => self.neg(y),
            (_, Op::Float(-1.0)) => self.neg(x),
            (Op::Neg(p), Op::Neg(q)) => self.b.mul(p, q),
            (Op::Neg(p), _) => {
                let product = self.b.mul(p, y);
                self.b.neg(product)
            }
            (_, Op::Neg(q)) => {
                let product = self.b.mul(x, q);
                self.b.neg(product)
            }
            _ => self.b.mul(x, y),
        }
    }

    /// `x / y`, by the reciprocal where that is known before the run.
    pub fn over(&mut self, x: ValueId, y: ValueId) -> ValueId {
        if let Op::Neg(p) = *self.b.op(x) {
            let quotient = self.over(p, y);
            return self.b.neg(quotient);
        }
        if self.facts.steady(self.b, x) || !self.facts.steady(self.b, y) {
            return self.b.div(x, y);
        }
        let one = self.b.float(1.0);
        let reciprocal = self.b.div(one, y);
        self.times(x, reciprocal)
    }

    fn sum(&mut self, x: Affine, y: Affine) -> Affine {
        let mut sum = x;
        for (k, c) in y.coefficients {
            let c = match sum.coefficients.get(&k) {
                Some(other) => self.plus(*other, c),
                None => c,
            };
            sum.coefficients.insert(k, c);
        }
        sum.rest = match (sum.rest, y.rest) {
            (Some(p), Some(q)) => Some(self.plus(p, q)),
            (p, q) => p.or(q),
        };
        sum
    }

    fn choice(&mut self, mask: ValueId, x: Affine, y: Affine) -> Affine {
        let zero = self.b.float(0.0);
        let mut keys: Vec<usize> = x.coefficients.keys().chain(y.coefficients.keys()).copied().collect();
        keys.sort_unstable();
        keys.dedup();
        let mut choice = Affine::default();
        for k in keys {
            let of = |form: &Affine| form.coefficients.get(&k).copied().unwrap_or(zero);
            choice.coefficients.insert(k, self.b.select(mask, of(&x), of(&y)));
        }
        if x.rest.is_some() || y.rest.is_some() {
            choice.rest = Some(self.b.select(mask, x.rest.unwrap_or(zero), y.rest.unwrap_or(zero)));
        }
        choice
    }

    fn plain(&self, x: ValueId) -> &Op {
        self.b.op(x)
    }
}
