//! Compile, instantiate, run and observe neural circuits: the library to embed.
//!
//! In: a `.circ` file. Out: [`results::Results`] and tables of what was recorded.
//!
//! ```no_run
//! use circ::compile::{Options, compile};
//! use circ::run::{RunOptions, Silent, Simulation};
//! use std::sync::atomic::AtomicBool;
//!
//! let program = circ::sources::read("cuba.circ".as_ref()).expect("a readable file");
//! let compiled = compile(program, &Options::default()).expect("a program without mistakes");
//! let mut simulation = Simulation::build(compiled, &RunOptions::default()).expect("enough memory");
//! let finished = simulation.run(&AtomicBool::new(false), &mut Silent);
//! println!("{} Hz", finished.results.populations[0].rate_hz);
//! ```

mod balance;
pub mod checkpoint;
pub mod compile;
mod constraints;
mod digest;
pub mod doc;
pub mod embed;
mod emit;
mod enforce;
pub mod explain;
mod fault;
pub mod fix;
mod instance;
mod judge;
mod lost;
pub mod manifest;
pub mod measures;
mod memory;
pub mod output;
mod plastic;
mod protocol;
pub mod quantity;
mod recording;
mod refusal;
mod relay;
pub mod results;
pub mod rules;
pub mod run;
pub mod session;
mod share;
pub mod show;
pub mod sources;
pub mod spill;
pub mod stdlib;
pub mod sweep;
mod synaptic;
mod tables;
mod unconnected;
mod unrun;
mod watch;
mod world;

pub use circ_plan::ir::Precision;

/// Diagnostics and how they are shown.
pub mod diagnose {
    pub use circ_compiler::diagnose::suggest::nearest;
    pub use circ_compiler::diagnose::{Diagnostic, Level, Rule, Source, Sources, render};
}

/// The version of the compiler, as manifests and `--json` name it.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
