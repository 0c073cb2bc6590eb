//! Runs a text on every engine and number of threads: all must give the same bits.

use circ::compile::{Compiled, Options, Rejection, compile};
use circ::diagnose::render;
use circ::results::{Ended, Results};
use circ::run::{EngineKind, PostHooks, RunOptions, Silent, Simulation};
use circ::sources;
use std::path::Path;
use std::sync::atomic::AtomicBool;

/// An engine with a number of threads.
pub type Configuration = (EngineKind, usize);

/// The interpreter, then machine code on 1, 2 and 3 threads.
pub const ALL: [Configuration; 4] =
    [(EngineKind::Interpreter, 1), (EngineKind::Jit, 1), (EngineKind::Jit, 2), (EngineKind::Jit, 3)];

/// Runs an experiment of a text.
///
/// # Errors
/// With the rendered messages, when the program is rejected.
pub fn run(
    name: &str,
    text: &str,
    folder: &Path,
    options: &Options,
    on: Configuration,
) -> Result<Results, String> {
    let program = sources::parse(name, text.to_string(), folder);
    let compiled = compile(program, options).map_err(|rejection| show(&rejection))?;
    carry_out(compiled, on)
}

/// Runs what was compiled.
///
/// # Errors
/// With the rendered messages, when the network can not be built.
pub fn carry_out(compiled: Compiled, on: Configuration) -> Result<Results, String> {
    carry_out_as(compiled, &RunOptions { engine: on.0, threads: Some(on.1), ..RunOptions::default() })
}

/// Runs what was compiled, with all options.
///
/// # Errors
/// With the rendered messages, when the network can not be built.
pub fn carry_out_as(compiled: Compiled, run: &RunOptions) -> Result<Results, String> {
    let mut simulation = Simulation::build(compiled, run).map_err(|rejection| show(&rejection))?;
    Ok(simulation.run(&AtomicBool::new(false), &mut Silent).results)
}

/// Runs on several configurations and compares: the digest, how the run ended, and all that it said.
///
/// # Errors
/// With the first difference, or the messages when the program is rejected.
pub fn agree(
    name: &str,
    text: &str,
    folder: &Path,
    options: &Options,
    on: &[Configuration],
) -> Result<Results, String> {
    let mut first: Option<Results> = None;
    for configuration in on {
        let results = run(name, text, folder, options, *configuration)?;
        match &first {
            None => first = Some(results),
            Some(meaning) => compare(meaning, &results)?,
        }
    }
    first.ok_or_else(|| "no configuration to run on".to_string())
}

/// Runs what was compiled with all engines in turns, each of which goes on from what the one before has written down.
///
/// # Errors
/// With the rendered messages, when the network can not be built.
pub fn carry_out_in_turns(compiled: Compiled, turn: i64) -> Result<Results, String> {
    let options = |on: Configuration| RunOptions {
        engine: on.0,
        threads: Some(on.1),
        post_hooks: if on.1 == 2 { PostHooks::AtOnce } else { PostHooks::Late },
        ..RunOptions::default()
    };
    let (jit, naive) = (EngineKind::Jit, EngineKind::Interpreter);
    let others = [(jit, 3), (jit, 1), (naive, 1), (jit, 2), (naive, 1), (jit, 3), (jit, 2)].map(options);
    let simulation = Simulation::build(compiled, &options((jit, 1))).map_err(|rejection| show(&rejection))?;
    let mut simulation = simulation.in_turns(&others, turn).map_err(|rejection| show(&rejection))?;
    Ok(simulation.run(&AtomicBool::new(false), &mut Silent).results)
}

/// Whether two runs did the same.
///
/// # Errors
/// With both, where they differ.
pub fn compare(meaning: &Results, other: &Results) -> Result<(), String> {
    let what = |results: &Results| {
        let said: Vec<_> = results.diagnostics.iter().map(|it| it.message.clone()).collect();
        if results.ended == Ended::Failed {
            // How far other cells had come when one failed depends on the engine; what failed does not.
            return format!("failed, said {said:?}");
        }
        let spikes: Vec<_> = results.populations.iter().map(|it| (it.path.clone(), it.spikes)).collect();
        let reports: Vec<_> = results.reports.iter().map(|it| (&it.text, &it.value)).collect();
        let expectations: Vec<_> = results.expectations.iter().map(|it| (&it.text, &it.value)).collect();
        format!(
            "{:?} with spikes {spikes:?}, said {said:?}, reported {reports:?} and {expectations:?}, printed {:?}, \
             watched {:?}, awaited {:?}, digest {}",
            results.ended, results.prints, results.monitors, results.awaited, results.digest
        )
    };
    let (left, right) = (what(meaning), what(other));
    let name = |results: &Results| format!("{} on {} threads", results.engine, results.threads);
    if left == right {
        Ok(())
    } else {
        Err(format!("{}:\n  {left}\n{}:\n  {right}", name(meaning), name(other)))
    }
}

/// The messages, as a user would see them without colour.
pub fn show(rejection: &Rejection) -> String {
    match rejection {
        Rejection::Program { diagnostics, sources } => render(diagnostics, sources, false),
        Rejection::Request(message) => message.clone(),
    }
}
