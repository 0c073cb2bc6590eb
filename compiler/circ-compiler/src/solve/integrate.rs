//! One step of each scheme, as operations.
//!
//! In: a system whose equations are classified. Out: the value of every variable after the step.
//! Numbers that follow from parameters, such as `exp(-h/tau)`, are written where they are used; the
//! kernel passes move them out of the step.

use std::collections::BTreeMap;

use circ_plan::ir::*;

use super::affine::Algebra;
use super::classify::{Classes, Part};
use super::covariance::{Spread, spread};
use super::facts::Facts;
use super::jacobian::derivative;
use super::substitute::Substitution;
use super::tree::step_trees;
use super::{Problem, Scheme, System};
use crate::kernel::build::Builder;

/// The values of all variables after a step.
pub fn integrate(
    b: &mut Builder,
    facts: &mut Facts,
    system: &System,
    classes: &Classes,
) -> Result<Vec<ValueId>, Problem> {
    let spread = spread(b, facts, system, classes);
    let mut step = Step { b, facts, system, classes, spread, h: system.step_ms };
    let staged = step.staged()?;
    (0..system.equations.len())
        .map(|equation| match staged.get(&equation) {
            Some(next) => Ok(*next),
            None => step.alone(equation),
        })
        .collect()
}

pub struct Step<'a, 'b, 'f, 'p> {
    pub b: &'b mut Builder,
    facts: &'f mut Facts<'p>,
    pub system: &'a System<'a>,
    pub classes: &'a Classes,
    spread: Spread,
    h: f64,
}

type Values = BTreeMap<usize, ValueId>;

impl<'a, 'p> Step<'a, '_, '_, 'p> {
    pub fn part(&self, equation: usize) -> &'a Part {
        &self.classes.parts[equation]
    }

    fn scheme(&self, equation: usize) -> Scheme {
        self.classes.choices[equation].scheme
    }

    pub fn variable(&self, equation: usize) -> ValueId {
        self.system.equations[equation].variable
    }

    fn with(&self, schemes: &[Scheme]) -> Vec<usize> {
        (0..self.classes.parts.len()).filter(|e| schemes.contains(&self.scheme(*e))).collect()
    }

    fn algebra(&mut self) -> Algebra<'_, '_, 'p> {
        Algebra { b: self.b, facts: self.facts }
    }

    /// An equation whose step needs no stages of others.
    fn alone(&mut self, equation: usize) -> Result<ValueId, Problem> {
        match self.scheme(equation) {
            Scheme::Exact | Scheme::OrnsteinUhlenbeck => {
                let mean = self.propagated(equation, self.h);
                let mean = self.with_spread_noise(equation, mean);
                Ok(self.with_noise(equation, mean))
            }
            Scheme::ExponentialEuler => {
                let mean = self.exponential_euler(equation);
                Ok(self.with_noise(equation, mean))
            }
            Scheme::Euler | Scheme::EulerMaruyama => {
                let (x, drift, h) =
                    (self.variable(equation), self.part(equation).drift, self.b.float(self.h));
                let mean = self.b.fma(drift, h, x);
                Ok(self.with_plain_noise(equation, mean))
            }
            // Made by `staged`.
            Scheme::Rk2 | Scheme::Rk4 | Scheme::Heun | Scheme::Implicit | Scheme::Tree => {
                Ok(self.variable(equation))
            }
        }
    }

    /// All equations whose steps go together.
    fn staged(&mut self) -> Result<Values, Problem> {
        let mut next = Values::new();
        next.extend(self.midpoint()?);
        next.extend(self.classical()?);
        next.extend(self.heun()?);
        next.extend(self.implicit()?);
        next.extend(self.trees());
        Ok(next)
    }

    /// Coupled equations, with their noise as it is at the start of the step.
    fn trees(&mut self) -> Values {
        let mut pushes = Values::new();
        for equation in self.with(&[Scheme::Tree]) {
            let h = self.b.float(self.h);
            let push = self.b.mul(self.part(equation).drift, h);
            pushes.insert(equation, self.with_plain_noise(equation, push));
        }
        step_trees(self.b, self.facts, self.system, &self.classes.parts, pushes)
    }

    /// Of whichever form is in force.
    fn exponential_euler(&mut self, equation: usize) -> ValueId {
        let forms: Vec<ValueId> = (0..self.part(equation).count())
            .map(|form| match self.held(equation, form) {
                true => self.variable(equation),
                false => self.exponential_euler_of(equation, form),
            })
            .collect();
        self.in_force(equation, &forms)
    }

    /// `x + (a x + b) h exprel(ah)`, all else as it is at the start of the step.
    fn exponential_euler_of(&mut self, equation: usize, form: usize) -> ValueId {
        let x = self.variable(equation);
        let form = self.part(equation).own_of(form).clone().unwrap_or_default();
        let h = self.b.float(self.h);
        let Some(a) = form.coefficients.get(&equation).copied() else {
            return match form.rest {
                Some(rest) => self.b.fma(rest, h, x),
                None => x,
            };
        };
        let slope = match form.rest {
            Some(rest) => self.b.fma(a, x, rest),
            None => self.b.mul(a, x),
        };
        let rate = self.b.mul(a, h);
        let relative = self.b.call1(Function::Exprel, rate);
        let weight = self.b.mul(relative, h);
        self.b.fma(slope, weight, x)
    }

    // Noise.

    /// Adds the noise of sources that reach several exact equations.
    fn with_spread_noise(&mut self, equation: usize, mean: ValueId) -> ValueId {
        let spread = self.spread.iter().filter(|((_, reached), _)| *reached == equation);
        let terms: Vec<(ValueId, ValueId)> = spread.flat_map(|(_, terms)| terms.iter().copied()).collect();
        terms.into_iter().fold(mean, |sum, (weight, number)| self.b.fma(weight, number, sum))
    }

    /// Adds noise with the standard deviation of an Ornstein–Uhlenbeck process, `g sqrt(h exprel(2ah))`,
    /// where `a` is the variable's own coefficient.
    fn with_noise(&mut self, equation: usize, mean: ValueId) -> ValueId {
        let part = self.part(equation);
        let own = match self.scheme(equation) {
            Scheme::ExponentialEuler => part.own.as_ref(),
            _ => part.joint.as_ref(),
        };
        let a = own.ok().and_then(|form| form.coefficients.get(&equation).copied());
        let mut sum = mean;
        for (source, factor) in &part.noise {
            if self.spread.contains_key(&(*source, equation)) {
                continue;
            }
            let h = self.b.float(self.h);
            let variance = match a {
                None => h,
                Some(a) => {
                    let twice = self.b.float(2.0 * self.h);
                    let rate = self.b.mul(a, twice);
                    let relative = self.b.call1(Function::Exprel, rate);
                    self.b.mul(relative, h)
                }
            };
            let deviation = self.b.sqrt(variance);
            let deviation = self.algebra().times(deviation, *factor);
            sum = self.b.fma(deviation, self.system.sources[*source].draw, sum);
        }
        sum
    }

    /// Adds `g dW` for the noise factors as they are.
    fn with_plain_noise(&mut self, equation: usize, mean: ValueId) -> ValueId {
        let factors = self.part(equation).noise.clone();
        self.plus_noise(&factors, mean)
    }

    fn plus_noise(&mut self, factors: &BTreeMap<usize, ValueId>, mean: ValueId) -> ValueId {
        factors.iter().fold(mean, |sum, (source, factor)| {
            let jump = self.increment(*source);
            self.b.fma(*factor, jump, sum)
        })
    }

    /// `dW`: the increment of a source over the step.
    fn increment(&mut self, source: usize) -> ValueId {
        let h = self.b.float(self.h);
        let root = self.b.sqrt(h);
        self.b.mul(root, self.system.sources[source].draw)
    }

    // Stages.

    /// What is read at a stage `h` ms after the start: exact variables there, these variables as given,
    /// all others as they are at the start.
    fn stage(&mut self, h: f64, at: &Values) -> Result<Substitution, Problem> {
        let mut stage = Substitution::default();
        for input in self.facts.held() {
            stage.replace(*input, *input);
        }
        for equation in self.with(&[Scheme::Exact, Scheme::OrnsteinUhlenbeck]) {
            let value = self.propagated(equation, h);
            stage.replace(self.variable(equation), value);
        }
        for (equation, value) in at {
            stage.replace(self.variable(*equation), *value);
        }
        let time = self.b.time(Moment::Start);
        let later = self.b.float(h);
        let later = self.b.add(time, later);
        stage.replace(time, later);
        Ok(stage)
    }

    /// Drifts at a stage.
    fn drifts(&mut self, equations: &[usize], stage: &mut Substitution) -> Values {
        equations.iter().map(|e| (*e, stage.apply(self.b, self.part(*e).drift))).collect()
    }

    /// `x + h * slope`, for each.
    fn moved(&mut self, slopes: &Values, h: f64) -> Values {
        let h = self.b.float(h);
        slopes.iter().map(|(e, slope)| (*e, self.b.fma(*slope, h, self.variable(*e)))).collect()
    }

    fn all_with_plain_noise(&mut self, means: Values) -> Values {
        means.into_iter().map(|(e, mean)| (e, self.with_plain_noise(e, mean))).collect()
    }

    fn midpoint(&mut self) -> Result<Values, Problem> {
        let equations = self.with(&[Scheme::Rk2]);
        if equations.is_empty() {
            return Ok(Values::new());
        }
        let first = self.drifts(&equations, &mut Substitution::default());
        let middle = self.moved(&first, self.h / 2.0);
        let mut stage = self.stage(self.h / 2.0, &middle)?;
        let second = self.drifts(&equations, &mut stage);
        let next = self.moved(&second, self.h);
        Ok(self.all_with_plain_noise(next))
    }

    fn classical(&mut self) -> Result<Values, Problem> {
        let equations = self.with(&[Scheme::Rk4]);
        if equations.is_empty() {
            return Ok(Values::new());
        }
        let first = self.drifts(&equations, &mut Substitution::default());
        let at = self.moved(&first, self.h / 2.0);
        let mut stage = self.stage(self.h / 2.0, &at)?;
        let second = self.drifts(&equations, &mut stage);
        let at = self.moved(&second, self.h / 2.0);
        let mut stage = self.stage(self.h / 2.0, &at)?;
        let third = self.drifts(&equations, &mut stage);
        let at = self.moved(&third, self.h);
        let mut stage = self.stage(self.h, &at)?;
        let fourth = self.drifts(&equations, &mut stage);
        let two = self.b.float(2.0);
        let mut slopes = Values::new();
        for equation in &equations {
            let inner = self.b.add(second[equation], third[equation]);
            let outer = self.b.add(first[equation], fourth[equation]);
            slopes.insert(*equation, self.b.fma(inner, two, outer));
        }
        let next = self.moved(&slopes, self.h / 6.0);
        Ok(self.all_with_plain_noise(next))
    }

    /// Trapezoid of drift and noise at both ends: Stratonovich for multiplicative noise.
    fn heun(&mut self) -> Result<Values, Problem> {
        let equations = self.with(&[Scheme::Heun]);
        if equations.is_empty() {
            return Ok(Values::new());
        }
        let first = self.drifts(&equations, &mut Substitution::default());
        let moved = self.moved(&first, self.h);
        let predicted = self.all_with_plain_noise(moved);
        let mut stage = self.stage(self.h, &predicted)?;
        let second = self.drifts(&equations, &mut stage);
        let mut next = Values::new();
        let half = self.b.float(0.5);
        for equation in &equations {
            let slope = self.b.add(first[equation], second[equation]);
            let half_step = self.b.float(self.h / 2.0);
            let mean = self.b.fma(slope, half_step, self.variable(*equation));
            let mut factors = BTreeMap::new();
            for (source, factor) in &self.part(*equation).noise {
                let later = stage.apply(self.b, *factor);
                let sum = self.b.add(*factor, later);
                factors.insert(*source, self.b.mul(sum, half));
            }
            next.insert(*equation, self.plus_noise(&factors, mean));
        }
        Ok(next)
    }

    /// `x + (1 - hJ)^-1 (h f + g dW)`: f with exact variables and the time as at the end of the step.
    fn implicit(&mut self) -> Result<Values, Problem> {
        let equations = self.with(&[Scheme::Implicit]);
        if equations.is_empty() {
            return Ok(Values::new());
        }
        let mut stage = self.stage(self.h, &Values::new())?;
        let drifts = self.drifts(&equations, &mut stage);
        let h = self.b.float(self.h);
        let mut matrix: Vec<Values> = vec![];
        let mut right: Vec<ValueId> = vec![];
        for (row, equation) in equations.iter().enumerate() {
            let mut line = Values::new();
            for (column, other) in equations.iter().enumerate() {
                let slope = derivative(self.b, self.facts, self.part(*equation).drift, *other);
                let minus = slope.map(|s| {
                    let product = self.algebra().times(s, h);
                    self.algebra().neg(product)
                });
                let one = (row == column).then(|| self.b.float(1.0));
                let entry = match (one, minus) {
                    (Some(one), Some(minus)) => Some(self.algebra().plus(one, minus)),
                    (one, minus) => one.or(minus),
                };
                if let Some(entry) = entry {
                    line.insert(column, entry);
                }
            }
            matrix.push(line);
            let move_ = self.b.mul(drifts[equation], h);
            right.push(self.with_plain_noise(*equation, move_));
        }
        let moves = self.eliminate(matrix, right);
        Ok(equations.iter().zip(moves).map(|(e, by)| (*e, self.b.add(self.variable(*e), by))).collect())
    }

    /// Solves a linear system whose diagonal is far from 0, row by row; 0 where there is no entry.
    fn eliminate(&mut self, mut matrix: Vec<Values>, mut right: Vec<ValueId>) -> Vec<ValueId> {
        let size = right.len();
        for pivot in 0..size {
            for row in pivot + 1..size {
                let Some(below) = matrix[row].remove(&pivot) else { continue };
                let factor = self.b.div(below, matrix[pivot][&pivot]);
                let above: Vec<(usize, ValueId)> =
                    matrix[pivot].range(pivot + 1..).map(|(k, v)| (*k, *v)).collect();
                for (column, value) in above {
                    let product = self.b.mul(factor, value);
                    let entry = match matrix[row].get(&column) {
                        Some(old) => self.b.sub(*old, product),
                        None => self.b.neg(product),
                    };
                    matrix[row].insert(column, entry);
                }
                let product = self.b.mul(factor, right[pivot]);
                right[row] = self.b.sub(right[row], product);
            }
        }
        for row in (0..size).rev() {
            let known: Vec<(usize, ValueId)> = matrix[row].range(row + 1..).map(|(k, v)| (*k, *v)).collect();
            for (column, value) in known {
                let product = self.b.mul(value, right[column]);
                right[row] = self.b.sub(right[row], product);
            }
            right[row] = self.b.div(right[row], matrix[row][&row]);
        }
        right
    }
}
