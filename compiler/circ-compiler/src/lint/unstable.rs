//! Equations whose step is unstable at this `dt`, by an explicit method.
//!
//! In: the populations that were built, with their methods. Out: warnings, with a `dt` that would do. A method
//! multiplies a small deviation `z0` by `R(dt J)` in a step, where `J` is the Jacobian of the right sides at the
//! initial state and `R` the stability function of the method: of an explicit one with as many stages as its order, the
//! Taylor polynomial of `exp` to that order. It is unstable where deviations grow in steps, `1 < ρ(R(dt J))`, that die away in truth,
//! `ρ(exp(dt J)) <= 1`.
//!
//! The right sides are those that can be recorded as `x'`. Cells that draw at every step, cells in single precision,
//! and equations that modes replace are not looked at.

use super::matrix::{plus_identity, product, spectral_radius};
use super::one_cell::OneCell;
use super::{Built, Program};
use crate::diagnose::{Sink, lint as say};
use crate::lower::EquationMethod;
use crate::solve::Scheme;
use circ_numerics::matrix::expm;
use std::collections::BTreeSet;

/// So much larger than 1 a radius has to be.
const MARGIN: f64 = 1e-3;
/// More coupled equations take too long.
const MOST_EQUATIONS: usize = 12;
/// More populations of one circuit are not looked at.
const MOST_POPULATIONS: usize = 16;

pub fn unstable(program: &Program<'_>, sink: &mut Sink) {
    let mut told = BTreeSet::new();
    for built in program.built {
        let explicit = built.methods.iter().map(|it| explicit(&it.equations)).enumerate();
        let explicit = explicit.filter(|(_, equations)| !equations.is_empty());
        for (population, equations) in explicit.take(MOST_POPULATIONS) {
            let Some(found) = look(built, population, &equations) else { continue };
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

fn look<'a>(built: &Built<'_>, population: usize, equations: &[&'a EquationMethod]) -> Option<Found<'a>> {
    let mut cell =
        OneCell::new(built.plan, population).filter(|cell| cell.is_certain() && cell.is_double())?;
    let (n, dt) = (equations.len(), built.net.dt);
    if MOST_EQUATIONS < n {
        return None;
    }
    let names: Vec<&str> = equations.iter().map(|it| it.variable.as_str()).collect();
    let jacobian = cell.jacobian(&names, 1e-4)?;
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
    fn the_borders_of_stability_are_where_the_polynomials_leave_the_unit_circle() {
        // On the negative axis: 1 + z = -1 and 1 + z + z^2/2 = 1 at -2, and the polynomial of order 4 is 1 at -2.7853.
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
