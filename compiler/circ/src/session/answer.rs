//! What an entry of a session comes to: an answer, or a refusal.

use crate::compile::Rejection;
use crate::results::{Awaited, Expectation, Monitor, Report};
use circ_compiler::diagnose::{Diagnostic, Sources};
use std::fmt;

/// What an entry came to.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// Values of expressions and of `report`.
    pub reports: Vec<Report>,
    pub expectations: Vec<Expectation>,
    pub awaited: Vec<Awaited>,
    /// Those that were breached.
    pub monitors: Vec<Monitor>,
    /// The times in ms between which ticks were made.
    pub ran: Option<(f64, f64)>,
    /// Of the entry.
    pub warnings: Vec<Diagnostic>,
    /// What one might not expect.
    pub notes: Vec<String>,
    pub interrupted: bool,
}

/// Why an entry was not carried out. The session is as it was before it.
#[derive(Debug)]
pub enum Refusal {
    /// Mistakes, with their places in the text of the session.
    Mistakes { diagnostics: Vec<Diagnostic>, sources: Sources },
    /// What is asked for is not there.
    Request(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Mistakes { diagnostics, sources } => {
                f.write_str(&circ_compiler::diagnose::render(diagnostics, sources, false))
            }
            Refusal::Request(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for Refusal {}

impl From<Rejection> for Refusal {
    fn from(rejection: Rejection) -> Refusal {
        match rejection {
            Rejection::Program { diagnostics, sources } => Refusal::Mistakes { diagnostics, sources },
            Rejection::Request(text) => Refusal::Request(text),
        }
    }
}

/// A recorded series.
#[derive(Clone, Debug)]
pub struct Series {
    /// `E[3].v`
    pub path: String,
    pub unit: String,
    pub times_ms: Vec<f64>,
    pub values: Vec<f64>,
}
