//! Programs as text, lowered, run by the interpreter, and held to what `language.md` says or to closed
//! forms.

mod cells;
mod events;
mod inputs;
mod learned;
mod learning;
mod messages;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use circ_grammar::ast::FileId;
use circ_plan::engine::{Engine, Stop, Synapses};
use circ_plan::ir::*;

use super::*;
use crate::data::Files;
use crate::elaborate::{Settings, elaborate};
use crate::expand::{Expanded, expand};
use crate::interpret::Interpreter;
use crate::resolve::{Module, resolve};

struct NoFiles;

impl Files for NoFiles {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        Err(format!("there is no `{path}`"))
    }
}

/// The plan of the first experiment, or the rules of the messages.
fn try_lower(source: &str) -> Result<Lowered, Vec<String>> {
    let library = include_str!("../../../../../stdlib/cells.circ");
    let mut modules = vec![];
    for (at, (text, path)) in
        [(source, vec![]), (library, vec!["std".to_owned(), "cells".to_owned()])].into_iter().enumerate()
    {
        let parsed = circ_grammar::parse(FileId(at as u32), text);
        assert!(parsed.errors.is_empty(), "{:?}", parsed.errors);
        modules.push(Module { path, file: parsed.file });
    }
    let mut sink = Sink::default();
    let mut hir = resolve(&modules, &mut sink);
    let mut types = crate::check::check(&hir, &mut sink);
    let settings = Settings { experiment: Some(0), ..Settings::default() };
    let mut net = elaborate(&hir, &types, &settings, &NoFiles, &mut sink);
    expand(&mut hir, &mut types, &mut net, &mut Expanded::default(), &mut sink);
    let lowered = lower(&hir, &types, &net, &mut sink);
    lowered
        .ok_or_else(|| sink.into_sorted().iter().map(|d| format!("{}: {}", d.rule.name, d.message)).collect())
}

#[track_caller]
fn lowered(source: &str) -> Lowered {
    match try_lower(source) {
        Ok(lowered) => lowered,
        Err(messages) => panic!("{messages:?}"),
    }
}

/// A circuit of one population `P` of a cell with this body.
fn one_cell(cell: &str, count: u32, items: &str) -> String {
    format!(
        "cell C {{\n{cell}\n}}\ncircuit K {{\npopulation P: C[{count}]\n{items}\n}}\nexperiment Main of K {{ dt 0.1 ms; run 1 ms }}\n"
    )
}

/// A run of the interpreter, without synapses.
struct Run {
    engine: Interpreter,
    lowered: Lowered,
}

impl Run {
    #[track_caller]
    fn new(source: &str) -> Run {
        let lowered = lowered(source);
        let synapses = lowered.plan.projections.iter().map(|_| Synapses::default()).collect();
        Run { engine: Interpreter::new(Arc::new(lowered.plan.clone()), synapses), lowered }
    }

    /// Runs up to and including a tick.
    #[track_caller]
    fn to(&mut self, tick: i64) -> &mut Run {
        let end = self.engine.advance(tick, &AtomicBool::new(false));
        assert!(end.is_ok(), "{end:?}");
        self
    }

    fn fault(&mut self, tick: i64) -> Option<Stop> {
        self.engine.advance(tick, &AtomicBool::new(false)).err()
    }

    /// An observable of population 0, for all cells.
    #[track_caller]
    fn all(&self, name: &str) -> Vec<f64> {
        let observables = &self.lowered.plan.populations[0].observables;
        let at = observables.iter().position(|o| o.name == name);
        self.engine.observe(0, at.unwrap_or_else(|| panic!("no observable `{name}`")) as u32)
    }

    #[track_caller]
    fn value(&self, name: &str) -> f64 {
        self.all(name)[0]
    }

    /// Ticks of an event of cell 0 of population 0.
    #[track_caller]
    fn ticks(&self, event: &str) -> Vec<i64> {
        let events = &self.lowered.plan.populations[0].events;
        let at = events.iter().position(|e| e.name == event).expect("a kind of event");
        let all = self.engine.events(0, EventId(at as u32));
        all.into_iter().filter(|e| e.1 == 0).map(|e| e.0).collect()
    }

    /// `variable: method`, in order.
    fn methods(&self) -> Vec<String> {
        let equations = &self.lowered.methods[0].equations;
        equations
            .iter()
            .map(|e| match &e.mode {
                None => format!("{}: {}", e.variable, e.method.name()),
                Some(mode) => format!("{} in {mode}: {}", e.variable, e.method.name()),
            })
            .collect()
    }

    fn programs(&self) -> &CellPrograms {
        match &self.lowered.plan.populations[0].dynamics {
            Dynamics::Cells(programs) => programs,
            Dynamics::SpikeTimes { .. } => panic!("cells have programs"),
        }
    }
}

#[track_caller]
fn near(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "{found}, not {expected}");
}
