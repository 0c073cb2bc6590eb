//! Constraints when the network is built: what is enforced is made so, what is required must hold.
//!
//! In: a compiled program and its network in an engine. Out: the scaled network, or which constraint fails at which
//! cells.

use crate::balance::Balances;
use crate::compile::Compiled;
use crate::enforce::{self, Equation};
use crate::recording::Recordings;
use crate::results::{Constraint, Established};
use crate::sources::Beneath;
use crate::synaptic::Known;
use crate::watch::Watches;
use crate::world::Present;
use circ_compiler::diagnose::constraint as say;
use circ_compiler::eval::judge::judge;
use circ_compiler::eval::{Evaluated, Scope};
use circ_compiler::net::{ConstraintKind, Enforce, EnvironmentId, Proof};
use circ_plan::engine::Engine;

impl From<Enforce> for Equation {
    fn from(enforce: Enforce) -> Equation {
        Equation { sum: enforce.sum, value: enforce.value, whole: enforce.equation }
    }
}

/// Holds the network to the constraints of its circuit.
///
/// # Errors
/// With the first constraint that fails, its numbers and cells.
pub fn establish(compiled: &Compiled, engine: &mut dyn Engine) -> Evaluated<()> {
    let (recordings, known) = (Recordings::default(), Known::default());
    let (balances, watches) = (Balances::default(), Watches::default());
    let seen = (&balances, &watches);
    let files = Beneath::of(&compiled.program);
    let scope = |environment: EnvironmentId| {
        Scope::new(&compiled.hir, &compiled.types, &compiled.net, &files, environment)
    };
    for constraint in &compiled.net.constraints {
        let mut scope = scope(constraint.environment);
        match constraint.kind {
            ConstraintKind::Enforce(equation) => {
                let mut present = Present::built(compiled, engine, &recordings, &known, seen);
                let scalings = enforce::scalings(equation.into(), &mut scope, &mut present)?;
                enforce::scale(engine, &known, &scalings);
                let mut present = Present::built(compiled, engine, &recordings, &known, seen);
                enforce::confirm(equation.into(), &mut scope, &mut present)?;
            }
            ConstraintKind::Require { condition, proof: Proof::AtBuild } => {
                let mut present = Present::built(compiled, engine, &recordings, &known, seen);
                if let Some(broken) = judge(condition, &mut scope, &mut present)? {
                    let cells = broken.cells.map(|cells| (cells.failing, cells.of));
                    let at = compiled.hir.expr(condition).span;
                    return Err(say::require_fails(at, &broken.numbers, cells).into());
                }
            }
            ConstraintKind::Dale
            | ConstraintKind::Require { proof: Proof::Now, .. }
            | ConstraintKind::Monitor { .. } => {}
        }
    }
    Ok(())
}

/// All that held when the network was built, for results.
pub fn established(compiled: &Compiled) -> Vec<Constraint> {
    let of = |constraint: &circ_compiler::net::Constraint| {
        let text = |expr| compiled.program.text_at(compiled.hir.expr(expr).span);
        let (text, how, every_ms) = match constraint.kind {
            ConstraintKind::Require { condition, proof: Proof::Now } => {
                (text(condition), Established::Proved, None)
            }
            ConstraintKind::Require { condition, proof: Proof::AtBuild } => {
                (text(condition), Established::Judged, None)
            }
            ConstraintKind::Enforce(Enforce { equation, every_ms, .. }) => {
                (text(equation), Established::Enforced, every_ms)
            }
            ConstraintKind::Dale | ConstraintKind::Monitor { .. } => return None,
        };
        Some(Constraint { text, how, every_ms })
    };
    compiled.net.constraints.iter().filter_map(of).collect()
}

/// What becomes of each constraint, a line each, for `circ explain`.
pub fn explained(compiled: &Compiled) -> Vec<String> {
    let of = |constraint: &circ_compiler::net::Constraint| {
        let written = compiled.program.text_at(constraint.span);
        let time = |ms: f64| crate::quantity::significant(ms, 9);
        let becomes = match constraint.kind {
            ConstraintKind::Dale => {
                "polarities and signs of weights are proved; what only the network shows is checked when it is built"
                    .into()
            }
            ConstraintKind::Require { proof: Proof::Now, .. } => "proved".into(),
            ConstraintKind::Require { proof: Proof::AtBuild, .. } => {
                "judged when the network is built".into()
            }
            ConstraintKind::Enforce(Enforce { every_ms, .. }) => {
                let again = every_ms.map_or(String::new(), |ms| format!(" and again every {} ms", time(ms)));
                format!("weights are scaled when the network is built{again}")
            }
            ConstraintKind::Monitor { condition, stops } => {
                let when = match crate::protocol::look_back(&compiled.hir, condition) {
                    Some(_) => "watched at every multiple of its window",
                    None => "watched at the end of each `run`",
                };
                format!("{when}{}", if stops { ", and a breach stops the run" } else { "" })
            }
        };
        format!("{written}: {becomes}")
    };
    compiled.net.constraints.iter().map(of).collect()
}
