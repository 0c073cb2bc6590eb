//! Equations whose step is unstable at this `dt`, by an explicit method.
//!
//! In: the populations that were built, with their methods. Out: warnings, with a `dt` that would do. A method
//! multiplies a small deviation `z0` by `R(dt J)` in a step, where `J` is the Jacobian of the right sides at the
//! initial state and `R` the stability function of the method (Hairer and Wanner 1996, Solving Ordinary Differential
//! Equations II, IV.2). It is unstable where deviations grow in steps, `1 < ρ(R(dt J))`, that die away in truth,
//! `ρ(exp(dt J)) <= 1`.
//!
//! The right sides are taken from a step of the same circuit lowered with a much smaller `dt`: all methods agree
//! there. Cells that draw at every step, cells in single precision, and equations
//! that modes replace are not looked at.

use super::Program;
use super::matrix::{plus_identity, product, spectral_radius};
use super::one_cell::OneCell;
use crate::diagnose::{Sink, lint as say};
use crate::lower::{EquationMethod, lower};
use crate::net::Net;
use crate::solve::Scheme;
use circ_numerics::matrix::expm;
use circ_plan::plan::Plan;
use std::collections::BTreeSet;

/// So much larger than 1 a radius has to be.
const MARGIN: f64 = 1e-3;
/// By this a step is divided to see the right sides. A power of two: what is on the grid stays there.
const FINER: f64 = 1024.0;
/// More coupled equations take too long.
const MOST_EQUATIONS: usize = 12;
/// More populations of one circuit are not looked at.
const MOST_POPULATIONS: usize = 16;
/// A circuit with more of them is not lowered again.
const MOST_PARTS: usize = 1000;

pub fn unstable(program: &Program<'_>, sink: &mut Sink) {
    let mut told = BTreeSet::new();
    for built in program.built {
        let explicit: Vec<(usize, Vec<&EquationMethod>)> =
            built.methods.iter().map(|it| explicit(&it.equations)).enumerate().collect();
        let mut explicit = explicit.into_iter().filter(|(_, equations)| !equations.is_empty()).peekable();
        if explicit.peek().is_none() {
            continue;
        }
        let Some(fine) = finer(program, built.net) else { continue };
        for (population, equations) in explicit.take(MOST_POPULATIONS) {
            let Some(found) = look(&fine, population, &equations, built.net.dt) else { continue };
            if found.equation.span.file == program.main() && told.insert(found.equation.span) {
                sink.push(found.say(built.net.dt));
            }
        }
    }
}

/// The equations that are stepped by the first explicit method there is.
fn explicit(equations: &[EquationMethod]) -> Vec<&EquationMethod> {
    let base = || equations.iter().filter(|it| it.mode.is_none());
    let first = base().find(|it| amplification(it.method).is_some()).map(|it| it.method);
    base().filter(|it| Some(it.method) == first).collect()
}

fn finer(program: &Program<'_>, net: &Net) -> Option<Plan> {
    if MOST_PARTS < net.populations.len() + net.projections.len() + net.drives.len() {
        return None;
    }
    let net = Net { dt: net.dt / FINER, ..net.clone() };
    Some(lower(program.hir, program.types, &net, &mut Sink::default())?.plan)
}

struct Found<'a> {
    equation: &'a EquationMethod,
    /// A step in ms that is stable, if one was found.
    enough: Option<f64>,
    /// Of the fastest equation, in ms.
    scale: f64,
}

impl Found<'_> {
    fn say(&self, dt: f64) -> crate::diagnose::Diagnostic {
        let EquationMethod { span, variable, method, .. } = self.equation;
        say::unstable_step(*span, variable, method.name(), self.scale, dt, self.enough)
    }
}

fn look<'a>(fine: &Plan, population: usize, equations: &[&'a EquationMethod], dt: f64) -> Option<Found<'a>> {
    let mut cell = OneCell::new(fine, population).filter(|cell| cell.is_certain() && cell.is_double())?;
    let variables: Vec<usize> = equations.iter().filter_map(|it| cell.variable(&it.variable)).collect();
    let n = variables.len();
    if n != equations.len() || MOST_EQUATIONS < n {
        return None;
    }
    let slopes = cell.slopes(&variables, 1e-4)?;
    let jacobian: Vec<f64> = plus_identity(n, &slopes, -1.0).iter().map(|x| x / fine.dt).collect();
    let method = amplification(equations[0].method)?;
    if is_stable(n, &jacobian, dt, method) {
        return None;
    }
    let rate = |at: &usize| jacobian[at * n + at].abs();
    let fastest = (0..n).max_by(|a, b| rate(a).total_cmp(&rate(b)))?;
    let enough = nice_steps(dt).find(|step| is_stable(n, &jacobian, *step, method));
    Some(Found { equation: equations[fastest], enough, scale: 1.0 / rate(&fastest) })
}

/// Whether no deviation grows that should not.
fn is_stable(n: usize, jacobian: &[f64], dt: f64, terms: &[f64]) -> bool {
    let scaled: Vec<f64> = jacobian.iter().map(|x| x * dt).collect();
    let truth = spectral_radius(n, &expm(n, &scaled));
    1.0 + 1e-6 < truth || spectral_radius(n, &series(n, &scaled, terms)) <= 1.0 + MARGIN
}

/// `1 + c1 m + c2 m^2 + ...`
fn series(n: usize, m: &[f64], terms: &[f64]) -> Vec<f64> {
    // By Horner's rule, from the last term.
    let mut sum = vec![0.0; n * n];
    for term in terms.iter().rev() {
        sum = product(n, m, &plus_identity(n, &sum, *term));
    }
    plus_identity(n, &sum, 1.0)
}

/// The stability function of an explicit method, as the coefficients of its powers from the first.
fn amplification(scheme: Scheme) -> Option<&'static [f64]> {
    match scheme {
        Scheme::Euler => Some(&[1.0]),
        Scheme::Rk2 | Scheme::Heun => Some(&[1.0, 0.5]),
        Scheme::Rk4 => Some(&[1.0, 0.5, 1.0 / 6.0, 1.0 / 24.0]),
        Scheme::Exact
        | Scheme::OrnsteinUhlenbeck
        | Scheme::ExponentialEuler
        | Scheme::EulerMaruyama
        | Scheme::Implicit
        | Scheme::Tree => None,
    }
}

/// 5, 2, 1 times powers of ten, downwards from below this step.
fn nice_steps(dt: f64) -> impl Iterator<Item = f64> {
    let powers = [1e1, 1e0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5];
    let steps = powers.into_iter().flat_map(|power| [5.0 * power, 2.0 * power, power]);
    steps.filter(move |step| *step < dt)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_borders_of_stability_are_those_of_the_books() {
        // On the negative axis: Euler and order 2 up to -2, order 4 up to -2.785 (Hairer and Wanner, table IV.2).
        for (scheme, border) in [(Scheme::Euler, 2.0), (Scheme::Rk2, 2.0), (Scheme::Rk4, 2.7853)] {
            let terms = amplification(scheme).expect("explicit");
            assert!(is_stable(1, &[-1.0], 0.99 * border, terms), "{scheme:?}");
            assert!(!is_stable(1, &[-1.0], 1.01 * border, terms), "{scheme:?}");
        }
    }

    #[test]
    fn what_grows_in_truth_is_no_fault_of_the_step() {
        assert!(is_stable(1, &[3.0], 1.0, &[1.0]));
        // An oscillator without damping, by Euler at a step of a tenth of its phase.
        assert!(!is_stable(2, &[0.0, 1.0, -1.0, 0.0], 0.1, &[1.0]));
    }
}
