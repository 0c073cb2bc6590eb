//! What `circ explain FILE` says of a population: the method of every equation and why.

use circ_grammar::ast::Span;

use crate::solve::Scheme;

/// The methods of a population's equations.
#[derive(Clone, Debug, PartialEq)]
pub struct PopulationMethods {
    /// `col[2].E`
    pub path: String,
    pub cell: String,
    /// In order of declaration; those that modes replace after the base regime's.
    pub equations: Vec<EquationMethod>,
}

/// How the equations of a projection's rule are evaluated.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleMethods {
    /// Of the projection: `col[2].p`
    pub path: String,
    pub rule: String,
    /// In order of writing.
    pub equations: Vec<RuleMethod>,
}

/// How one equation of synapses is evaluated.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleMethod {
    /// `w` or a state of synapses.
    pub variable: String,
    pub evaluated: Evaluated,
    /// Follows "because".
    pub reason: &'static str,
}

/// When an equation of synapses is evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evaluated {
    /// In closed form, once for each event of a synapse.
    SinceEvent,
    /// Likewise, and at each jump of its modulator.
    SinceEventOrJump,
    AtEveryStep,
}

/// How one equation is integrated.
#[derive(Clone, Debug, PartialEq)]
pub struct EquationMethod {
    /// The state, or the port whose shape it is.
    pub variable: String,
    /// The mode that replaces the equation.
    pub mode: Option<String>,
    pub method: Scheme,
    /// Follows "because": "it is linear with constant coefficients".
    pub reason: &'static str,
    pub span: Span,
}
