//! Lints: what has a meaning, but probably not the one that was meant.
//!
//! In: a program that names and dimensions were found right in, and what was built of it. Out: warnings and
//! notes. A lint is a function of its own file that looks at all of the program; it speaks only of the main
//! file, for a file that is used is linted where it is checked itself. `@allow` is no business of a lint:
//! [`allow::Allows`] takes out what the program does not want to hear.

pub mod allow;
mod conditions;
mod constant_state;
mod delays;
mod imports;
mod matrix;
mod no_synapse;
mod one_cell;
mod one_spike;
mod pair_sample;
mod reads;
mod shadowed;
mod unreached;
mod unstable;
mod unused;
mod unusual;

use crate::check::Types;
use crate::diagnose::Sink;
use crate::hir::Hir;
use crate::lower::PopulationMethods;
use crate::net::Net;
use crate::resolve::Module;
use circ_grammar::ast::{FileId, Span};
use circ_plan::plan::Plan;
use reads::Reads;

/// What lints look at.
#[derive(Clone, Copy, Debug)]
pub struct Program<'a> {
    /// The main file comes first.
    pub modules: &'a [Module],
    pub hir: &'a Hir,
    pub types: &'a Types,
    /// What was built without an error.
    pub built: &'a [Built<'a>],
    /// Whether that is all that the main file describes.
    pub whole: bool,
}

/// A circuit, with what it became.
#[derive(Clone, Copy, Debug)]
pub struct Built<'a> {
    pub net: &'a Net,
    pub plan: &'a Plan,
    /// By population.
    pub methods: &'a [PopulationMethods],
}

/// Says all warnings and notes of a program.
pub fn lint(program: &Program<'_>, sink: &mut Sink) {
    let reads = Reads::of(program.hir);
    imports::unused(program, sink);
    shadowed::shadowed(program, sink);
    unused::unused(program, &reads, sink);
    constant_state::constant(program, &reads, sink);
    unreached::unreached(program, &reads, sink);
    conditions::decided(program, sink);
    no_synapse::certain(program, sink);
    delays::rounding(program, sink);
    unusual::unusual(program, sink);
    unstable::unstable(program, sink);
    one_spike::fires(program, sink);
}

impl Program<'_> {
    fn main(&self) -> FileId {
        self.modules.first().map_or(FileId(0), |module| module.file.id)
    }

    /// Whether a declaration is of the main file, and not called `_` something.
    fn speaks_of(&self, name: &str, declared: Span) -> bool {
        declared.file == self.main() && declared != Span::default() && !name.starts_with('_')
    }

    /// Whether the main file runs something: a file without experiments is a library, whose cells and
    /// constants are for others.
    fn has_experiment(&self) -> bool {
        self.hir.experiments.iter().any(|experiment| experiment.span.file == self.main())
    }
}
