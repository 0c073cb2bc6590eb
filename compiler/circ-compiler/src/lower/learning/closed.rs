//! Closed forms: the value of linear equations some time later.
//!
//! In: equations as sums over states, with coefficients that stay as they are. Out: values. Modulators that move enter in
//! [`super::modulated`].

use std::collections::BTreeSet;

use circ_plan::ir::{Function, *};

use crate::kernel::build::Builder;
use crate::solve::MOST_COUPLED;
use crate::solve::affine::Affine;

/// Whether equations depend on each other in one direction only.
pub fn is_triangular(forms: &[Affine]) -> bool {
    let mut done: BTreeSet<usize> = BTreeSet::new();
    loop {
        let ready =
            |at: usize| forms[at].coefficients.keys().all(|other| *other == at || done.contains(other));
        let next = (0..forms.len()).find(|at| !done.contains(at) && ready(*at));
        match next {
            Some(at) => done.insert(at),
            None => return done.len() == forms.len(),
        };
    }
}

/// The value of an equation some time later. See the note on closed forms.
pub struct ClosedForm<'b> {
    pub b: &'b mut Builder,
    pub forms: &'b [Affine],
    /// The variables at first.
    pub starts: &'b [ValueId],
    /// In ms.
    pub since: ValueId,
}

impl ClosedForm<'_> {
    /// Nothing where too many depend on each other.
    pub fn value(&mut self, at: usize) -> Option<ValueId> {
        let partners: Vec<usize> = self.partners(at);
        match partners.iter().all(|partner| self.is_simple(*partner)) {
            true => Some(self.by_parts(at, &partners)),
            false => self.by_matrix(at),
        }
    }

    pub fn partners(&self, at: usize) -> Vec<usize> {
        self.forms[at].coefficients.keys().copied().filter(|other| *other != at).collect()
    }

    pub fn own(&self, at: usize) -> Option<ValueId> {
        self.forms[at].coefficients.get(&at).copied()
    }

    /// Whether a partner is one exponential and a constant that is known without a division by what may be 0.
    pub fn is_simple(&self, at: usize) -> bool {
        let known = |rate: ValueId| self.b.float_constant(rate).is_some_and(|rate| rate != 0.0);
        let form = &self.forms[at];
        let decays = form.rest.is_none() || self.own(at).is_some_and(known);
        self.partners(at).is_empty() && decays
    }

    /// `x e^(b T) + a T exprel(b T) + ...`
    fn by_parts(&mut self, at: usize, partners: &[usize]) -> ValueId {
        let rate = self.own(at);
        let mut constant = self.forms[at].rest;
        let mut terms = vec![];
        for partner in partners {
            let Some(by) = self.forms[at].coefficients.get(partner).copied() else { continue };
            let start = self.starts[*partner];
            let (their_rate, their_rest) = (self.own(*partner), self.forms[*partner].rest);
            let Some(their_rate) = their_rate else {
                // It stays as it is.
                let added = self.b.mul(by, start);
                constant = Some(self.plus(constant, added));
                continue;
            };
            let mut away = start;
            if let Some(rest) = their_rest {
                let steady = self.b.div(rest, their_rate);
                let steady = self.b.neg(steady);
                let added = self.b.mul(by, steady);
                constant = Some(self.plus(constant, added));
                away = self.b.sub(start, steady);
            }
            let overlap = self.overlap(rate, their_rate);
            let term = self.b.mul(by, away);
            terms.push(self.b.mul(term, overlap));
        }
        let mut sum = self.kept(at);
        if let Some(constant) = constant {
            let grown = self.grown(rate);
            sum = self.b.fma(constant, grown, sum);
        }
        terms.into_iter().fold(sum, |sum, term| self.b.add(sum, term))
    }

    /// `x e^(b T)`
    pub fn kept(&mut self, at: usize) -> ValueId {
        match self.own(at) {
            Some(rate) => {
                let exponent = self.b.mul(rate, self.since);
                let kept = self.b.call1(Function::Exp, exponent);
                self.b.mul(self.starts[at], kept)
            }
            None => self.starts[at],
        }
    }

    /// `T exprel(b T)`
    pub fn grown(&mut self, rate: Option<ValueId>) -> ValueId {
        match rate {
            Some(rate) => {
                let exponent = self.b.mul(rate, self.since);
                let relative = self.b.call1(Function::Exprel, exponent);
                self.b.mul(self.since, relative)
            }
            None => self.since,
        }
    }

    /// `(e^(p T) - e^(q T)) / (p - q)` of two rates: by the larger, so that nothing overflows.
    pub fn overlap(&mut self, own: Option<ValueId>, theirs: ValueId) -> ValueId {
        let Some(own) = own else { return self.grown(Some(theirs)) };
        let (larger, difference) = (self.b.max(own, theirs), self.b.sub(own, theirs));
        let distance = self.b.abs(difference);
        let apart = self.b.mul(distance, self.since);
        let apart = self.b.neg(apart);
        let relative = self.b.call1(Function::Exprel, apart);
        let exponent = self.b.mul(larger, self.since);
        let growth = self.b.call1(Function::Exp, exponent);
        let overlap = self.b.mul(self.since, relative);
        self.b.mul(overlap, growth)
    }

    fn plus(&mut self, sum: Option<ValueId>, term: ValueId) -> ValueId {
        match sum {
            Some(sum) => self.b.add(sum, term),
            None => term,
        }
    }

    /// All that it depends on, by the exponential of their matrix.
    fn by_matrix(&mut self, at: usize) -> Option<ValueId> {
        let mut all = vec![at];
        let mut next = 0;
        while let Some(this) = all.get(next).copied() {
            next += 1;
            for partner in self.partners(this) {
                if !all.contains(&partner) {
                    all.push(partner);
                }
            }
        }
        let n = all.len() + 1;
        if MOST_COUPLED < n {
            return None;
        }
        let zero = self.b.float(0.0);
        let mut entries = vec![zero; n * n];
        for (row, this) in all.iter().enumerate() {
            for (column, other) in all.iter().enumerate() {
                if let Some(coefficient) = self.forms[*this].coefficients.get(other) {
                    entries[row * n + column] = self.b.mul(*coefficient, self.since);
                }
            }
            if let Some(rest) = self.forms[*this].rest {
                entries[row * n + n - 1] = self.b.mul(rest, self.since);
            }
        }
        let mut entry = |column: usize| {
            let op = Op::Expm { n: n as u8, entries: entries.clone(), row: 0, column: column as u8 };
            self.b.emit(op, Ty::Float)
        };
        let columns: Vec<ValueId> = (0..n).map(&mut entry).collect();
        let mut sum = columns[n - 1];
        for (this, by) in all.iter().zip(&columns) {
            sum = self.b.fma(*by, self.starts[*this], sum);
        }
        Some(sum)
    }
}

// Note [Closed forms]
//
// x' = a + b x                     x(T) = x e^(b T) + a T exprel(b T)
// with c e added, e' = h e:        + c e (e^(b T) - e^(h T)) / (b - h)
//                                  = c e T e^(max(b, h) T) exprel(-|b - h| T)
// The last form has no case b = h, and its exponents are never larger than those of x and e themselves. Of a partner
// with a constant, e' = g + h e, the steady state -g / h acts as a constant and the rest decays. What does not fit
// these forms goes through the exponential of a matrix in which constants are a further variable.
