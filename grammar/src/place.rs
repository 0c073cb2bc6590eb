//! Where in a file a statement stands, and with which words statements begin there.

use crate::recover::{Work, skip_attributes};
use crate::words::Kind;

/// What a block holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    File,
    Cell,
    Mode,
    Action,
    Rule,
    Trace,
    Rewire,
    Circuit,
    Constraints,
    Population,
    Drive,
    Projection,
    Experiment,
}

impl Place {
    /// What stands there, with its article, as in "... begins no statement of a cell".
    pub fn name(self) -> &'static str {
        match self {
            Place::File => "item of a file",
            Place::Cell => "statement of a cell",
            Place::Mode => "line of a mode",
            Place::Action => "action of an event",
            Place::Rule => "statement of a plasticity rule",
            Place::Trace => "line of a trace",
            Place::Rewire => "line of `rewire`",
            Place::Circuit => "item of a circuit",
            Place::Constraints => "constraint",
            Place::Population => "line of a population",
            Place::Drive => "clause of a drive",
            Place::Projection => "clause of a projection",
            Place::Experiment => "statement of an experiment",
        }
    }

    /// The words that begin something there.
    pub fn words(self) -> &'static [&'static str] {
        match self {
            Place::File => &["use", "let", "data", "fn", "cell", "plasticity", "circuit", "experiment"],
            Place::Cell => &[
                "param",
                "state",
                "let",
                "fn",
                "port",
                "segment",
                "spike",
                "event",
                "on",
                "mode",
                "couple",
                "for",
                "method",
                "precision",
            ],
            Place::Mode => &["let", "hold", "drop", "no"],
            Place::Action => &["let", "if", "enter", "leave", "emit", "transmit", "refractory"],
            Place::Rule => &[
                "param",
                "modulator",
                "let",
                "fn",
                "pre",
                "post",
                "synapse",
                "bounds",
                "on",
                "every",
                "store",
                "rewire",
            ],
            Place::Trace => &["on"],
            Place::Rewire => &["prune", "grow"],
            Place::Circuit => &[
                "pub",
                "population",
                "drive",
                "projection",
                "part",
                "data",
                "let",
                "fn",
                "for",
                "if",
                "constraints",
            ],
            Place::Constraints => &["dale", "require", "enforce", "monitor"],
            Place::Population => &["at"],
            Place::Drive => &["weight", "delay", "from"],
            Place::Projection => &[
                "connect",
                "allow",
                "weight",
                "delay",
                "dendritic",
                "back",
                "polarity",
                "onto",
                "share",
                "plasticity",
                "continuous",
                "store",
            ],
            Place::Experiment => &[
                "dt",
                "seed",
                "precision",
                "method",
                "data",
                "let",
                "fn",
                "drive",
                "record",
                "run",
                "set",
                "fire",
                "enforce",
                "reset",
                "freeze",
                "thaw",
                "clamp",
                "release",
                "silence",
                "save",
                "load",
                "print",
                "report",
                "plot",
                "expect",
                "for",
                "trials",
                "repeat",
                "if",
                "sweep",
            ],
        }
    }

    /// Whether a statement may begin with a name there.
    pub fn names_begin(self) -> bool {
        matches!(
            self,
            Place::Cell
                | Place::Mode
                | Place::Action
                | Place::Rule
                | Place::Trace
                | Place::Population
                | Place::Experiment
        )
    }
}

/// What the block around position `at` holds.
pub fn place_of(work: &Work, at: usize) -> Place {
    let mut at = at.min(work.len());
    while let Some(header) = header_around(work, at) {
        let first = skip_attributes(work, header);
        let place = match work.get(first).map(|(token, _)| token.kind) {
            Some(Kind::Cell | Kind::Segment) => Place::Cell,
            Some(Kind::Spike | Kind::Event | Kind::On | Kind::Every) => Place::Action,
            Some(Kind::Mode) => Place::Mode,
            Some(Kind::Plasticity) => Place::Rule,
            Some(Kind::Pre | Kind::Post) => Place::Trace,
            Some(Kind::Rewire) => Place::Rewire,
            Some(Kind::Circuit) => Place::Circuit,
            Some(Kind::Constraints) => Place::Constraints,
            Some(Kind::Population) => Place::Population,
            Some(Kind::Drive) => Place::Drive,
            Some(Kind::Projection) => Place::Projection,
            Some(Kind::Experiment) => Place::Experiment,
            // `if`, `for` and the like hold what the block around them holds.
            _ => {
                at = header;
                continue;
            }
        };
        return place;
    }
    Place::File
}

/// Where the statement begins in whose block `at` stands.
fn header_around(work: &Work, at: usize) -> Option<usize> {
    let mut depth = 0usize;
    let mut position = at;
    let mut inside = false;
    while position > 0 {
        match work[position - 1].0.kind {
            Kind::CloseBrace => depth += 1,
            Kind::OpenBrace if depth == 0 && inside => return Some(position),
            Kind::OpenBrace if depth == 0 => inside = true,
            Kind::OpenBrace => depth -= 1,
            Kind::Newline if depth == 0 && inside => return Some(position),
            _ => {}
        }
        position -= 1;
    }
    inside.then_some(0)
}
