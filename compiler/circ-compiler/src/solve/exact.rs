//! Exact propagators, as operations.
//!
//! In: equations with their [`Propagator`]s. Out: the mean of each after a time. Where modes change equations on the
//! way from a variable to an equation, each way has a weight for each set of modes that may be on, and what is on
//! picks: so a cell over twenty segments that each have a mode needs forty weights, not those of 2^20 regimes.

use circ_plan::ir::*;

use super::affine::Affine;
use super::integrate::Step;
use super::propagator::{Propagator, Way, through};

/// What a variable adds to an equation: its value times `weight`, and what its input gives.
#[derive(Clone, Copy)]
struct Added {
    weight: ValueId,
    input: ValueId,
}

impl Step<'_, '_, '_, '_> {
    /// The mean of an exact variable after `h` ms.
    pub fn propagated(&mut self, equation: usize, h: f64) -> ValueId {
        match self.classes.propagators.get(&equation) {
            None | Some(Propagator::Alone) => self.decoupled(equation, h),
            Some(Propagator::Whole(ancestors)) => self.coupled(equation, ancestors, h),
            Some(Propagator::Ways(ways)) => self.by_ways(equation, ways, h),
        }
    }

    fn joint(&self, equation: usize) -> Affine {
        self.part(equation).joint.clone().unwrap_or_default()
    }

    /// `x' = a x + b` from `x`: `e^(ah) x + h exprel(ah) b`.
    fn decoupled(&mut self, equation: usize, h: f64) -> ValueId {
        let (x, form) = (self.variable(equation), self.joint(equation));
        let h = self.b.float(h);
        let Some(a) = form.coefficients.get(&equation) else {
            return match form.rest {
                Some(rest) => self.b.fma(rest, h, x),
                None => x,
            };
        };
        let rate = self.b.mul(*a, h);
        let decay = self.b.call1(Function::Exp, rate);
        match form.rest {
            None => self.b.mul(decay, x),
            Some(rest) => {
                let relative = self.b.call1(Function::Exprel, rate);
                let weight = self.b.mul(relative, h);
                let input = self.b.mul(weight, rest);
                self.b.fma(decay, x, input)
            }
        }
    }

    /// The row of `e^(Ah)`, and of its integral, that belongs to a variable: see Note [Augmented matrix].
    fn coupled(&mut self, equation: usize, ancestors: &[usize], h: f64) -> ValueId {
        let forms: Vec<Affine> = ancestors.iter().map(|k| self.joint(*k)).collect();
        let inputs: Vec<usize> = (0..forms.len()).filter(|row| forms[*row].rest.is_some()).collect();
        let size = ancestors.len() + inputs.len();
        let n = size as u8;
        let (zero, step) = (self.b.float(0.0), self.b.float(h));
        let mut entries = vec![zero; size * size];
        for (row, form) in forms.iter().enumerate() {
            for (column, other) in ancestors.iter().enumerate() {
                if let Some(a) = form.coefficients.get(other) {
                    entries[row * size + column] = self.b.mul(*a, step);
                }
            }
        }
        for (column, row) in inputs.iter().enumerate() {
            entries[row * size + ancestors.len() + column] = step;
        }
        let row = ancestors.iter().position(|k| *k == equation).unwrap_or(0) as u8;
        let mut sum: Option<ValueId> = None;
        for (column, input) in inputs.iter().enumerate() {
            let rest = forms[*input].rest.unwrap_or(zero);
            let weight = self.b.expm(n, entries.clone(), row, (ancestors.len() + column) as u8);
            sum = Some(match sum {
                None => self.b.mul(weight, rest),
                Some(sum) => self.b.fma(weight, rest, sum),
            });
        }
        for (column, other) in ancestors.iter().enumerate() {
            let (weight, x) = (self.b.expm(n, entries.clone(), row, column as u8), self.variable(*other));
            sum = Some(match sum {
                None => self.b.mul(weight, x),
                Some(sum) => self.b.fma(weight, x, sum),
            });
        }
        sum.unwrap_or(zero)
    }

    /// The sum of what each variable adds, for each form of the equation.
    fn by_ways(&mut self, equation: usize, ways: &[Way], h: f64) -> ValueId {
        let forms: Vec<ValueId> = (0..self.part(equation).count())
            .map(|form| match self.held(equation, form) {
                true => self.variable(equation),
                false => self.sum_of_ways(equation, form, ways, h),
            })
            .collect();
        self.in_force(equation, &forms)
    }

    fn sum_of_ways(&mut self, equation: usize, form: usize, ways: &[Way], h: f64) -> ValueId {
        let zero = self.b.float(0.0);
        let mut sum = zero;
        for way in ways {
            let added: Vec<Added> = (0..1usize << way.effects.len())
                .map(|set| {
                    let acts = |effect| way.effects.iter().position(|e| *e == effect);
                    let acts = |effect| acts(effect).is_some_and(|k| set >> k & 1 == 1);
                    let chosen: Vec<usize> =
                        way.members.iter().map(|m| self.system.equations[*m].form(acts)).collect();
                    self.added(equation, form, way, &chosen, h)
                })
                .collect();
            let masks: Vec<ValueId> = way.effects.iter().map(|e| self.system.effects[*e]).collect();
            let weight = self.chosen(&masks, added.iter().map(|a| a.weight).collect());
            let input = self.chosen(&masks, added.iter().map(|a| a.input).collect());
            if weight != zero {
                sum = match sum == zero {
                    true => self.b.mul(weight, self.variable(way.from)),
                    false => self.b.fma(weight, self.variable(way.from), sum),
                };
            }
            if input != zero {
                sum = match sum == zero {
                    true => input,
                    false => self.b.add(sum, input),
                };
            }
        }
        sum
    }

    /// By one way, with these forms of its members in force, and this of its end.
    fn added(&mut self, equation: usize, form: usize, way: &Way, chosen: &[usize], h: f64) -> Added {
        let (zero, step) = (self.b.float(0.0), self.b.float(h));
        let (classes, none) = (self.classes, Affine::default());
        let affine = |member: usize| {
            let form = match way.members.binary_search(&member) {
                Ok(at) if member != equation => chosen[at],
                _ => form,
            };
            classes.parts[member].joint_of(form).as_ref().unwrap_or(&none)
        };
        let members = through(way, equation, &affine);
        let rest = affine(way.from).rest;
        if members.is_empty() {
            return Added { weight: zero, input: zero };
        }
        if members.len() == 1 {
            return self.added_alone(affine(equation).coefficients.get(&equation).copied(), rest, h);
        }
        // One column more where there is an input: see Note [Augmented matrix].
        let size = members.len() + usize::from(rest.is_some());
        let mut entries = vec![zero; size * size];
        for (row, reader) in members.iter().enumerate() {
            for (column, read) in members.iter().enumerate() {
                if let Some(a) = affine(*reader).coefficients.get(read) {
                    entries[row * size + column] = self.b.mul(*a, step);
                }
            }
        }
        let place = |member: usize| members.binary_search(&member).unwrap_or(0);
        let (row, column) = (place(equation) as u8, place(way.from));
        let Some(rest) = rest else {
            let weight = self.b.expm(size as u8, entries, row, column as u8);
            return Added { weight, input: zero };
        };
        entries[column * size + members.len()] = step;
        let integral = self.b.expm(size as u8, entries.clone(), row, members.len() as u8);
        let weight = self.b.expm(size as u8, entries, row, column as u8);
        Added { weight, input: self.b.mul(integral, rest) }
    }

    /// What a variable adds to itself, with this coefficient and input.
    fn added_alone(&mut self, a: Option<ValueId>, rest: Option<ValueId>, h: f64) -> Added {
        let (zero, step) = (self.b.float(0.0), self.b.float(h));
        let (weight, integral) = match a {
            None => (self.b.float(1.0), step),
            Some(a) => {
                let rate = self.b.mul(a, step);
                let relative = self.b.call1(Function::Exprel, rate);
                (self.b.call1(Function::Exp, rate), self.b.mul(relative, step))
            }
        };
        Added { weight, input: rest.map_or(zero, |rest| self.b.mul(integral, rest)) }
    }

    // Forms.

    /// Whether a variable stands still in a form of its equation.
    pub fn held(&self, equation: usize, form: usize) -> bool {
        let it = &self.system.equations[equation];
        match form.checked_sub(1) {
            None => it.base.is_none(),
            Some(change) => it.changes.get(change).is_some_and(|change| change.derivative.is_none()),
        }
    }

    /// The value of the form of an equation that is in force.
    pub fn in_force(&mut self, equation: usize, forms: &[ValueId]) -> ValueId {
        let changes = &self.system.equations[equation].changes;
        let mut value = forms[0];
        for (change, changed) in changes.iter().zip(&forms[1..]) {
            value = self.picked(self.system.effects[change.effect], *changed, value);
        }
        value
    }

    /// Of one value for each set of masks, in the order of binary numbers whose lowest bit is the first mask.
    fn chosen(&mut self, masks: &[ValueId], mut values: Vec<ValueId>) -> ValueId {
        for mask in masks.iter().rev() {
            let upper = values.split_off(values.len() / 2);
            values = values.into_iter().zip(upper).map(|(off, on)| self.picked(*mask, on, off)).collect();
        }
        values[0]
    }

    fn picked(&mut self, mask: ValueId, on: ValueId, off: ValueId) -> ValueId {
        match on == off {
            true => on,
            false => self.b.select(mask, on, off),
        }
    }
}

// Note [Augmented matrix]
//
// The solution of x' = A x + b with constant b is x(h) = e^(Ah) x + (integral of e^(As) from 0 to h) b.
// Both matrices are blocks of one exponential (Van Loan 1978, IEEE Trans. Autom. Control 23:395):
//
//   exp([A h, I h; 0, 0]) = [e^(Ah), integral; 0, 1]
//
// with one column of `I h` for each variable that has an input. Nothing is divided by a difference of
// time constants, so two that meet do no harm.
