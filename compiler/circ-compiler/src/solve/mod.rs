//! Integration: which method suits each equation of a cell, and the operations of one step.
//!
//! In: equations `x' = e` as values of a kernel program, with the method that was asked for. Out: the
//! value of every variable one step later, in the same program, and why each method was chosen. It is
//! here, between the language and the kernels, because both the class of an equation (linear, constant
//! coefficients) and the arithmetic of a method are questions about operations, not about text.
//!
//! The classes, for `method auto`:
//! - linear with constant coefficients, in variables that are so too: the exact propagator of each
//!   variable and what it depends on, from a matrix exponential (Rotter & Diesmann 1999). A matrix with
//!   two equal time constants is no special case of it. Additive noise has the covariance of the
//!   Ornstein–Uhlenbeck process in all of them; equations that are not exact see it from the next step on.
//!   Where more act on each other than a matrix takes: exponential Euler, of first order.
//! - linear in itself, with coefficients of other variables: exponential Euler.
//! - the rest: midpoint rule, jointly, at stages that see exact variables at the stage's time; with
//!   noise Euler–Maruyama.
//! - equations joined by couplings, before all of these: linearly implicit Euler of the whole tree. Of first
//!   order; noise is added to the right side (strong order 1 where it is additive, else a half).

pub mod affine;
mod classify;
mod covariance;
mod exact;
mod facts;
mod integrate;
mod jacobian;
mod propagator;
pub mod substitute;
mod terms;
#[cfg(test)]
mod tests;
mod tree;

use circ_plan::ir::*;

pub use self::facts::Facts;
pub use self::propagator::MOST_COUPLED;
use crate::hir::Method;
use crate::kernel::build::Builder;

/// `variable' = derivative`, with the variable's value at the start of the step.
#[derive(Clone, Debug)]
pub struct Equation {
    pub variable: ValueId,
    /// In whichever modes are on.
    pub derivative: ValueId,
    /// The derivative while nothing changes it, where anything does; `None` is held.
    pub base: Option<ValueId>,
    /// What changes it; of several that are on the last is in force.
    pub changes: Vec<Change>,
    pub kind: Kind,
}

/// What an equation is while a mode is on.
#[derive(Clone, Copy, Debug)]
pub struct Change {
    /// Which of [`System::effects`].
    pub effect: usize,
    /// `None` is held.
    pub derivative: Option<ValueId>,
}

impl Equation {
    /// An equation that no mode changes.
    pub fn plain(variable: ValueId, derivative: ValueId, kind: Kind) -> Equation {
        Equation { variable, derivative, base: Some(derivative), changes: vec![], kind }
    }

    /// Which form is in force while these effects act: 0 is the base, `k + 1` change `k`.
    fn form(&self, acts: impl Fn(usize) -> bool) -> usize {
        self.changes.iter().rposition(|change| acts(change.effect)).map_or(0, |k| k + 1)
    }
}

/// Whose equation it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Written in the cell: the method that is asked for is meant for it.
    State,
    /// Of a port's shape: always exact where it can be.
    Port,
}

/// `to_a * (b - a)` is added to the derivative of equation `a`, `to_b * (a - b)` to that of `b`. Couplings form a forest.
#[derive(Clone, Copy, Debug)]
pub struct Coupling {
    pub a: usize,
    pub b: usize,
    pub to_a: ValueId,
    pub to_b: ValueId,
}

/// A source of white noise.
#[derive(Clone, Copy, Debug)]
pub struct Source {
    /// What stands for it in the equations.
    pub noise: ValueId,
    /// The standard normal number of this step.
    pub draw: ValueId,
}

/// The equations of a cell in one regime.
pub struct System<'a> {
    pub equations: &'a [Equation],
    /// Whether each thing that changes equations acts.
    pub effects: &'a [ValueId],
    /// Between equations that are solved as trees; the derivatives are without them.
    pub couplings: &'a [Coupling],
    pub sources: &'a [Source],
    /// Inputs, held over the step as they are at its start, whatever they are made of.
    pub inputs: &'a [ValueId],
    /// The step in ms.
    pub step_ms: f64,
    pub method: Method,
    /// Whether a `Load` or `Uniform` is of a parameter (or a position).
    pub parameter: &'a dyn Fn(&Op) -> bool,
}

impl<'a> System<'a> {
    /// Equations that nothing couples, replaces or shakes.
    pub fn plain(
        equations: &'a [Equation],
        inputs: &'a [ValueId],
        step_ms: f64,
        parameter: &'a dyn Fn(&Op) -> bool,
    ) -> System<'a> {
        let method = Method::Auto;
        System { equations, effects: &[], couplings: &[], sources: &[], inputs, step_ms, method, parameter }
    }
}

/// One step.
#[derive(Clone, Debug)]
pub struct Solution {
    /// The value of each variable after the step.
    pub next: Vec<ValueId>,
    pub choices: Vec<Choice>,
}

/// The method of an equation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    pub scheme: Scheme,
    /// Why, in words that follow "because": "it is linear with constant coefficients".
    pub reason: &'static str,
}

/// How a variable is stepped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scheme {
    Exact,
    OrnsteinUhlenbeck,
    ExponentialEuler,
    Euler,
    EulerMaruyama,
    Rk2,
    Rk4,
    Heun,
    Implicit,
    /// Implicit over a tree of coupled equations.
    Tree,
}

impl Scheme {
    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Scheme::Exact => "exact",
            Scheme::OrnsteinUhlenbeck => "exact (Ornstein–Uhlenbeck)",
            Scheme::ExponentialEuler => "exponential Euler",
            Scheme::Euler => "Euler",
            Scheme::EulerMaruyama => "Euler–Maruyama",
            Scheme::Rk2 => "Runge–Kutta of order 2",
            Scheme::Rk4 => "Runge–Kutta of order 4",
            Scheme::Heun => "Heun",
            Scheme::Implicit => "linearly implicit Euler",
            Scheme::Tree => "linearly implicit Euler over the tree",
        }
    }

    /// Whether it is a polynomial in the slopes: unstable where the step is too large.
    pub fn is_explicit(self) -> bool {
        match self {
            Scheme::Euler | Scheme::Rk2 | Scheme::Rk4 | Scheme::Heun => true,
            Scheme::Exact
            | Scheme::OrnsteinUhlenbeck
            | Scheme::ExponentialEuler
            | Scheme::EulerMaruyama
            | Scheme::Implicit
            | Scheme::Tree => false,
        }
    }
}

/// Whether a method solves coupled equations as trees; with any other, couplings are terms like all.
pub fn takes_trees(method: Method) -> bool {
    matches!(method, Method::Auto | Method::Implicit)
}

/// Why a system can not be stepped as asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// No exact solution: this term is not linear, or its coefficient is not constant.
    NotExact { equation: usize, term: ValueId },
    /// Not even linear in itself, for exponential Euler.
    NotConditionallyLinear { equation: usize, term: ValueId },
    /// Noise inside a function or a product with noise.
    NoiseNotLinear { equation: usize, term: ValueId },
    /// More linear equations act on each other than a matrix exponential takes.
    TooManyCoupled { equation: usize },
}

/// Appends one step of a system to a program.
pub fn solve(b: &mut Builder, system: &System) -> Result<Solution, Problem> {
    let mut variables: Vec<ValueId> = system.equations.iter().map(|e| e.variable).collect();
    variables.extend(system.sources.iter().map(|s| s.noise));
    let mut facts = Facts::new(&variables, system.parameter);
    // A constant input stays what it is: a coefficient made of it is as good as a parameter.
    let held = system.inputs.iter().copied().filter(|input| facts.of(b, *input).timed).collect();
    let mut facts = Facts::new(&variables, system.parameter).holding(held);
    let classes = classify::classify(b, &mut facts, system)?;
    let next = integrate::integrate(b, &mut facts, system, &classes)?;
    Ok(Solution { next, choices: classes.choices })
}
