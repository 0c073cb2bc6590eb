//! Classes of equations: what each equation is, and so how it is stepped.
//!
//! In: a [`System`] and facts about its values. Out: for each equation its drift, its noise, its affine
//! form where it has one, and its [`Scheme`].

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use circ_plan::ir::ValueId;

use super::affine::{Affine, affine};
use super::facts::Facts;
use super::propagator::{Propagator, propagators};
use super::{Choice, Equation, Kind, Problem, Scheme, System};
use crate::hir::Method;
use crate::kernel::build::Builder;

const TOO_MANY: &str = "too many linear equations act on it for an exact solution: of first order";

/// An equation, taken apart.
#[derive(Clone, Debug)]
pub struct Part {
    /// The derivative without noise.
    pub drift: ValueId,
    /// The factor of each source.
    pub noise: BTreeMap<usize, ValueId>,
    /// The drift, affine in all variables at once; else the term that is not.
    pub joint: Result<Affine, ValueId>,
    /// The drift, affine in the equation's own variable.
    pub own: Result<Affine, ValueId>,
    /// The forms of an equation that something changes: the base, then each change. Of any other none.
    pub forms: Vec<Form>,
}

/// The drift of an equation while one form of it is in force, affine in all variables, and in its own.
#[derive(Clone, Debug)]
pub struct Form {
    pub joint: Result<Affine, ValueId>,
    pub own: Result<Affine, ValueId>,
}

impl Part {
    /// How many forms there are.
    pub fn count(&self) -> usize {
        self.forms.len().max(1)
    }

    /// The drift of a form, affine in all variables.
    pub fn joint_of(&self, form: usize) -> &Result<Affine, ValueId> {
        self.forms.get(form).map_or(&self.joint, |form| &form.joint)
    }

    /// The drift of a form, affine in the equation's own variable.
    pub fn own_of(&self, form: usize) -> &Result<Affine, ValueId> {
        self.forms.get(form).map_or(&self.own, |form| &form.own)
    }

    /// The variables in which any form is affine.
    pub fn reads(&self) -> BTreeSet<usize> {
        let forms = (0..self.count()).filter_map(|form| self.joint_of(form).as_ref().ok());
        forms.flat_map(|form| form.coefficients.keys().copied()).collect()
    }
}

/// All equations of a system.
pub struct Classes {
    pub parts: Vec<Part>,
    pub choices: Vec<Choice>,
    /// Of the exact equations with constant coefficients.
    pub propagators: BTreeMap<usize, Propagator>,
}

/// Takes every equation apart and chooses its scheme.
pub fn classify(b: &mut Builder, facts: &mut Facts, system: &System) -> Result<Classes, Problem> {
    let count = system.equations.len();
    let names = Names { variables: 0..count, sources: count..count + system.sources.len() };
    let mut parts = vec![];
    for equation in 0..count {
        parts.push(part_of(b, facts, system, &names, equation)?);
    }
    let tree = system.couplings.iter().flat_map(|coupling| [coupling.a, coupling.b]).collect();
    let mut chooser = Chooser { b, facts, system, parts: &parts, tree, large: BTreeSet::new() };
    let (choices, propagators) = chooser.choose()?;
    Ok(Classes { parts, choices, propagators })
}

/// What the variables and the sources of noise of a system are called in its facts.
struct Names {
    variables: Range<usize>,
    sources: Range<usize>,
}

fn part_of(
    b: &mut Builder,
    facts: &mut Facts,
    system: &System,
    names: &Names,
    equation: usize,
) -> Result<Part, Problem> {
    let count = system.equations.len();
    let Equation { derivative, base, changes, .. } = &system.equations[equation];
    let split = without_noise(b, facts, names, equation, *derivative)?;
    let drift = split.rest.unwrap_or_else(|| b.float(0.0));
    let noise = split.coefficients.into_iter().map(|(k, factor)| (k - count, factor)).collect();
    let Form { joint, own } = form_of(b, facts, names, equation, drift);
    let mut forms = vec![];
    if !changes.is_empty() {
        for derivative in std::iter::once(*base).chain(changes.iter().map(|change| change.derivative)) {
            forms.push(match derivative {
                None => Form { joint: Ok(Affine::default()), own: Ok(Affine::default()) },
                Some(derivative) => {
                    let split = without_noise(b, facts, names, equation, derivative)?;
                    let drift = split.rest.unwrap_or_else(|| b.float(0.0));
                    form_of(b, facts, names, equation, drift)
                }
            });
        }
    }
    Ok(Part { drift, noise, joint, own, forms })
}

/// A derivative, affine in the sources of noise.
fn without_noise(
    b: &mut Builder,
    facts: &mut Facts,
    names: &Names,
    equation: usize,
    derivative: ValueId,
) -> Result<Affine, Problem> {
    affine(b, facts, derivative, names.sources.clone())
        .map_err(|term| Problem::NoiseNotLinear { equation, term })
}

fn form_of(b: &mut Builder, facts: &mut Facts, names: &Names, equation: usize, drift: ValueId) -> Form {
    let joint = affine(b, facts, drift, names.variables.clone());
    let own = affine(b, facts, drift, equation..equation + 1);
    Form { joint, own }
}

struct Chooser<'a, 'b, 'f, 'p> {
    b: &'b Builder,
    facts: &'f mut Facts<'p>,
    system: &'a System<'a>,
    parts: &'a [Part],
    /// Equations that are coupled.
    tree: BTreeSet<usize>,
    /// Equations that too many others act on for an exact solution.
    large: BTreeSet<usize>,
}

impl Chooser<'_, '_, '_, '_> {
    fn choose(&mut self) -> Result<(Vec<Choice>, BTreeMap<usize, Propagator>), Problem> {
        let (closed, propagators) = self.closed_linear();
        let choices = (0..self.parts.len()).map(|equation| self.scheme_of(equation, &closed));
        Ok((choices.collect::<Result<_, _>>()?, propagators))
    }

    fn scheme_of(&mut self, equation: usize, closed: &BTreeSet<usize>) -> Result<Choice, Problem> {
        if self.tree.contains(&equation) {
            return Ok(Choice { scheme: Scheme::Tree, reason: "it is coupled" });
        }
        let noisy = !self.parts[equation].noise.is_empty();
        let asked = match self.system.equations[equation].kind {
            Kind::State => self.system.method,
            Kind::Port => Method::Auto,
        };
        let choice = |scheme, reason| Ok(Choice { scheme, reason });
        const ASKED: &str = "the method was asked for";
        match asked {
            Method::Auto => Ok(self.automatic(equation, closed)),
            Method::Exact => match self.exact(equation, closed) {
                Some(choice) => Ok(choice),
                None if self.large.contains(&equation) => Err(Problem::TooManyCoupled { equation }),
                None => Err(Problem::NotExact { equation, term: self.obstacle(equation, closed) }),
            },
            Method::ExponentialEuler => match self.parts[equation].own {
                Ok(_) => choice(Scheme::ExponentialEuler, ASKED),
                Err(term) => Err(Problem::NotConditionallyLinear { equation, term }),
            },
            Method::Euler if noisy => choice(Scheme::EulerMaruyama, ASKED),
            Method::Euler => choice(Scheme::Euler, ASKED),
            Method::Rk2 => choice(Scheme::Rk2, ASKED),
            Method::Rk4 => choice(Scheme::Rk4, ASKED),
            Method::Heun => choice(Scheme::Heun, ASKED),
            Method::Implicit => choice(Scheme::Implicit, ASKED),
        }
    }

    fn automatic(&mut self, equation: usize, closed: &BTreeSet<usize>) -> Choice {
        if let Some(choice) = self.exact(equation, closed) {
            return choice;
        }
        if self.large.contains(&equation) {
            return Choice { scheme: Scheme::ExponentialEuler, reason: TOO_MANY };
        }
        let noisy = !self.parts[equation].noise.is_empty();
        if noisy && self.multiplicative(equation) {
            return Choice { scheme: Scheme::EulerMaruyama, reason: "its noise depends on a variable" };
        }
        if self.linear_but_for_time(equation, closed) {
            let scheme = if noisy { Scheme::EulerMaruyama } else { Scheme::Rk2 };
            return Choice { scheme, reason: "its input depends on `t`" };
        }
        let component = self.component(equation, closed);
        if component.iter().all(|other| self.parts[*other].own.is_ok()) {
            let reason = "it is linear in itself, with coefficients that vary";
            return Choice { scheme: Scheme::ExponentialEuler, reason };
        }
        let reason = match self.parts[equation].own {
            Ok(_) => "it is coupled to an equation that is not linear",
            Err(_) => "it is not linear",
        };
        let scheme = match component.iter().any(|other| !self.parts[*other].noise.is_empty()) {
            true => Scheme::EulerMaruyama,
            false => Scheme::Rk2,
        };
        Choice { scheme, reason }
    }

    /// The choice of an equation that has an exact solution.
    fn exact(&mut self, equation: usize, closed: &BTreeSet<usize>) -> Option<Choice> {
        let scheme = match self.parts[equation].noise.is_empty() {
            true => Scheme::Exact,
            false => Scheme::OrnsteinUhlenbeck,
        };
        if closed.contains(&equation) {
            return Some(Choice { scheme, reason: "it is linear with constant coefficients" });
        }
        let alone = self.alone(equation) && !self.multiplicative(equation);
        alone.then_some(Choice { scheme, reason: "it is linear, and its coefficient is held during a step" })
    }

    /// Equations that are linear with constant coefficients in variables that are so too, with what solves them.
    fn closed_linear(&mut self) -> (BTreeSet<usize>, BTreeMap<usize, Propagator>) {
        let mut closed: BTreeSet<usize> =
            (0..self.parts.len()).filter(|equation| self.constant_linear(*equation)).collect();
        closed.retain(|equation| !self.tree.contains(equation));
        let closed = self.closure(closed);
        let found = propagators(self.system, self.parts, &closed);
        self.large = found.large;
        (found.of.keys().copied().collect(), found.of)
    }

    /// Those of some equations that depend on nothing else.
    fn closure(&self, mut closed: BTreeSet<usize>) -> BTreeSet<usize> {
        loop {
            let inside = |equation: &usize| self.parts[*equation].reads().iter().all(|k| closed.contains(k));
            let smaller: BTreeSet<usize> = closed.iter().copied().filter(inside).collect();
            if smaller.len() == closed.len() {
                return closed;
            }
            closed = smaller;
        }
    }

    /// In every form.
    fn constant_linear(&mut self, equation: usize) -> bool {
        let part = &self.parts[equation];
        let steady = (0..part.count()).all(|form| {
            let Ok(form) = part.joint_of(form) else { return false };
            let timed = form.rest.is_some_and(|rest| self.facts.of(self.b, rest).timed);
            !timed && self.steady_coefficients(form)
        });
        steady && !self.multiplicative(equation)
    }

    fn steady_coefficients(&mut self, form: &Affine) -> bool {
        form.coefficients.values().all(|c| self.facts.steady(self.b, *c))
    }

    /// Whether the factor of a noise depends on a variable.
    fn multiplicative(&mut self, equation: usize) -> bool {
        let parts = self.parts;
        parts[equation].noise.values().any(|factor| !self.facts.of(self.b, *factor).variables.is_empty())
    }

    /// Whether no other variable is in the equation, and all that is in it is held during a step.
    fn alone(&mut self, equation: usize) -> bool {
        let parts = self.parts;
        let timed = self.facts.of(self.b, parts[equation].drift).timed;
        let own = |form: &Affine| form.coefficients.keys().all(|k| *k == equation);
        !timed && parts[equation].joint.as_ref().is_ok_and(own)
    }

    fn linear_but_for_time(&mut self, equation: usize, closed: &BTreeSet<usize>) -> bool {
        let parts = self.parts;
        let Ok(form) = &parts[equation].joint else { return false };
        let inside = form.coefficients.keys().all(|k| *k == equation || closed.contains(k));
        let timed = form.rest.is_some_and(|rest| self.facts.of(self.b, rest).timed);
        inside && timed && self.steady_coefficients(form)
    }

    /// The equations that depend on this one and that it depends on, exact ones left out.
    fn component(&mut self, equation: usize, closed: &BTreeSet<usize>) -> BTreeSet<usize> {
        let forward = self.reached(equation, closed);
        let mut component = BTreeSet::from([equation]);
        for other in forward {
            if self.reached(other, closed).contains(&equation) {
                component.insert(other);
            }
        }
        component
    }

    /// What an equation depends on, over any number of steps, exact and coupled ones left out: they are read as they
    /// are at the start of the step, or solved before.
    fn reached(&mut self, equation: usize, closed: &BTreeSet<usize>) -> BTreeSet<usize> {
        let mut reached = BTreeSet::new();
        let mut open = vec![equation];
        while let Some(at) = open.pop() {
            let count = self.parts.len();
            let direct = self.facts.of(self.b, self.parts[at].drift).variables.clone();
            let steps_alone = |k: &usize| closed.contains(k) || self.tree.contains(k);
            for other in direct.into_iter().filter(|k| *k < count && !steps_alone(k)) {
                if reached.insert(other) {
                    open.push(other);
                }
            }
        }
        reached
    }

    /// The term to show for an equation without an exact solution.
    fn obstacle(&mut self, equation: usize, closed: &BTreeSet<usize>) -> ValueId {
        let parts = self.parts;
        let form = match &parts[equation].joint {
            Err(term) => return *term,
            Ok(form) => form,
        };
        if let Some(varying) = form.coefficients.values().find(|c| !self.facts.steady(self.b, **c)) {
            return *varying;
        }
        for other in form.coefficients.keys().filter(|k| !closed.contains(k)) {
            if let Err(term) = parts[*other].joint {
                return term;
            }
        }
        let factor = parts[equation].noise.values().next();
        form.rest.or(factor.copied()).unwrap_or(parts[equation].drift)
    }
}
