//! The commands, a file each, and what several of them need: reading, rejecting, settings.

pub mod check;
pub mod doc;
pub mod explain;
mod files;
pub mod fmt;
pub mod graph;
pub mod lsp;
pub mod repl;
pub mod run;
pub mod sweep;
pub mod test;
pub mod verify;

use crate::args::{EngineArg, PostHooksArg, PrecisionArg, Reading, Settings};
use crate::exit::Exit;
use crate::terminal::{self, Stream};
use circ::compile::{Options, Rejection};
use circ::diagnose::{Diagnostic, Sources};
use circ::run::{Digest, EngineKind, PostHooks, RunOptions};
use circ::sources::{self, Program};
use std::path::Path;

/// Reads a program, or says why not.
fn read(path: &Path, reading: &Reading) -> Result<Program, Exit> {
    let program = sources::read(path).map_err(|error| {
        terminal::complain(&error.to_string());
        Exit::Files
    })?;
    Ok(Program { allowed: reading.allow_read.clone(), ..program })
}

/// Shows diagnostics on standard error.
fn show(diagnostics: &[Diagnostic], sources: &Sources) {
    if !diagnostics.is_empty() {
        terminal::write(
            Stream::Err,
            &circ::diagnose::render(diagnostics, sources, terminal::colored(Stream::Err)),
        );
    }
}

/// Says why a program is not run.
fn reject(rejection: &Rejection) -> Exit {
    match rejection {
        Rejection::Program { diagnostics, sources } => {
            show(diagnostics, sources);
            Exit::Rejected
        }
        Rejection::Request(text) => {
            terminal::complain(text);
            Exit::Usage
        }
    }
}

/// Which experiment is compiled, and how.
fn compile_options(experiment: Option<&str>, settings: &Settings) -> Options {
    Options {
        experiment: experiment.map(str::to_string),
        set: settings.set.clone(),
        seed: settings.seed,
        precision: settings.precision.map(precision),
        ..Options::default()
    }
}

fn run_options(settings: &Settings, digest: Digest) -> RunOptions {
    let post_hooks = match settings.post_hooks {
        PostHooksArg::Late => PostHooks::Late,
        PostHooksArg::AtOnce => PostHooks::AtOnce,
    };
    RunOptions {
        engine: engine(settings.engine),
        threads: settings.threads.map(usize::from),
        digest,
        post_hooks,
        ..RunOptions::default()
    }
}

fn engine(engine: EngineArg) -> EngineKind {
    match engine {
        EngineArg::Jit => EngineKind::Jit,
        EngineArg::Interpreter => EngineKind::Interpreter,
    }
}

fn precision(precision: PrecisionArg) -> circ::Precision {
    match precision {
        PrecisionArg::F64 => circ::Precision::F64,
        PrecisionArg::F32 => circ::Precision::F32,
    }
}

/// A value as one line of JSON on standard output.
fn print_json(value: &impl serde::Serialize) -> Exit {
    match serde_json::to_string(value) {
        Ok(text) => {
            terminal::line(Stream::Out, &text);
            Exit::Well
        }
        Err(error) => {
            terminal::complain(&format!("the results can not be written as JSON: {error}"));
            Exit::Files
        }
    }
}
