//! Contexts: where an expression stands, and so which names it sees and what may stand in it.

use super::scope::{Named, Names};
use crate::hir::{LocalId, ModeId, Owner, SegmentId};
use circ_grammar::ast::Span;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What may stand in an expression, as a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place(u16);

impl Place {
    /// Numbers, names and functions: what every expression may hold.
    pub const CONSTANT: Place = Place(0);
    /// `t`
    pub const TIME: Place = Place(1);
    /// `i row col layer size`
    pub const CELL: Place = Place(2);
    /// `xi`
    pub const NOISE: Place = Place(4);
    /// `uniform(...)` and its like
    pub const DRAWS: Place = Place(8);
    /// `chance(p)`, and counts per tick
    pub const CHANCE: Place = Place(16);
    /// `rising(c)`
    pub const RISING: Place = Place(32);
    /// `pre post distance edge`
    pub const PAIR: Place = Place(64);
    /// `x'`
    pub const RATES: Place = Place(128);
    /// `rate(E)` and other measures
    pub const MEASURES: Place = Place(256);
    /// `size(E)`, `load("f")`
    pub const BUILD: Place = Place(512);

    /// `w`
    pub const WEIGHT: Place = Place(1024);

    pub const PARAM: Place = Place::CELL.and(Place::DRAWS);
    pub const EQUATION: Place = Place::TIME.and(Place::CELL).and(Place::NOISE).and(Place::RATES);
    pub const CELL_LET: Place = Place::EQUATION.and(Place::DRAWS).and(Place::CHANCE);
    pub const BLOCK: Place =
        Place::TIME.and(Place::CELL).and(Place::RATES).and(Place::DRAWS).and(Place::CHANCE);
    pub const CONDITION: Place = Place::BLOCK.and(Place::RISING);
    pub const CELL_FN: Place = Place::TIME.and(Place::CELL);
    pub const SYNAPSE: Place = Place::PAIR.and(Place::DRAWS).and(Place::BUILD);
    pub const FLOW: Place = Place::PAIR.and(Place::TIME).and(Place::WEIGHT).and(Place::BUILD);
    pub const RULE_PARAM: Place = Place::DRAWS;
    pub const RULE_FN: Place = Place::PAIR.and(Place::TIME);
    pub const RULE_EQUATION: Place = Place::PAIR.and(Place::TIME);
    pub const RULE_STATE: Place = Place::PAIR.and(Place::DRAWS);
    pub const RULE_LET: Place = Place::RULE_EQUATION.and(Place::DRAWS);
    pub const RULE_HOOK: Place = Place::RULE_LET.and(Place::CHANCE);
    /// Of one cell of a side, and of all that it has.
    pub const TRACE: Place = Place::PAIR.and(Place::TIME).and(Place::CELL);
    pub const TRACE_START: Place = Place::PAIR.and(Place::CELL).and(Place::DRAWS);
    pub const TRACE_BLOCK: Place = Place::TRACE.and(Place::DRAWS).and(Place::CHANCE);
    pub const DRIVE: Place = Place::TIME.and(Place::CELL).and(Place::BUILD);
    pub const PROTOCOL: Place = Place::MEASURES.and(Place::BUILD);

    pub const fn and(self, other: Place) -> Place {
        Place(self.0 | other.0)
    }
    pub fn allows(self, what: Place) -> bool {
        self.0 & what.0 == what.0
    }
}

/// Where an expression stands.
#[derive(Clone, Debug)]
pub struct Context {
    /// Into the modules: whose file the text is in, and whose top level it sees.
    pub module: usize,
    pub owner: Owner,
    pub place: Place,
    /// Formals of a function, indices of `sum(... for q ...)`, `let`s of a block; the innermost last.
    pub locals: Vec<(Arc<str>, LocalId)>,
    /// Loop indices and `let`s of loops, the innermost last; then the names of a protocol's blocks.
    pub frames: Vec<Names>,
    /// Names of the cell, circuit or experiment; inside a segment with its own before those around it.
    pub names: Names,
    /// The segment that the text stands in.
    pub home: Option<SegmentId>,
    /// Whether there is a `k` here.
    pub numbered: bool,
    /// What each segment of the cell declares itself.
    pub segments: Arc<BTreeMap<SegmentId, Names>>,
    /// Inside a segment: the names of the cell, for `cell.v`.
    pub of_cell: Option<Arc<Names>>,
    /// For an experiment: those of its circuit.
    pub outer: Names,
    /// For an experiment of a circuit that there is not: any name may be one of its.
    pub is_of_unknown: bool,
    /// In the block of an event: its index, for `refractory`.
    pub event: Option<crate::hir::EventIx>,
    /// In the block of a trace: the side whose cell it is of.
    pub side: Option<crate::hir::SynapseSide>,
    /// Durations of modes, for `enter`.
    pub durations: BTreeMap<ModeId, crate::hir::ExprId>,
}

impl Context {
    /// At the top level of a file.
    pub fn file(module: usize) -> Context {
        Context {
            module,
            owner: Owner::File,
            place: Place::BUILD,
            locals: vec![],
            frames: vec![],
            names: Names::new(),
            home: None,
            numbered: false,
            segments: Arc::default(),
            of_cell: None,
            outer: Names::new(),
            is_of_unknown: false,
            event: None,
            side: None,
            durations: Default::default(),
        }
    }

    /// The meaning of a name inside of the cell, circuit or experiment.
    pub fn named(&self, name: &str) -> Option<(Named, Span)> {
        let frame = self.frames.iter().rev().find_map(|frame| frame.get(name));
        frame.or_else(|| self.names.get(name)).or_else(|| self.outer.get(name)).copied()
    }

    /// A name of the cell itself, whatever hides it here.
    pub fn of_cell(&self, name: &str) -> Option<(Named, Span)> {
        self.of_cell.as_deref().unwrap_or(&self.names).get(name).copied()
    }

    pub fn local(&self, name: &str) -> Option<LocalId> {
        self.locals.iter().rev().find(|(text, _)| &**text == name).map(|(_, id)| *id)
    }

    /// Every name of the cell, circuit or experiment whose meaning is wanted, for "did you mean".
    pub fn candidates(&self, is_wanted: fn(Named) -> bool) -> Vec<String> {
        let layers = self.frames.iter().rev().chain([&self.names, &self.outer]);
        layers
            .flatten()
            .filter(|(_, (named, _))| is_wanted(*named))
            .map(|(name, _)| name.to_string())
            .collect()
    }
}
