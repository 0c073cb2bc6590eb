//! Programs from strangers: what the whole owes to any text, for the ordinary tests and for the fuzzers.
//!
//! In: a text. Out: nothing, or a panic that says what does not hold. A `.circ` file is data from a stranger:
//! no text makes the compiler panic, hang or keep silent.

use crate::oracle::compare;
use crate::{cases, generate};
use circ::compile::{Compiled, Options, Rejection, check_all, compile, format};
use circ::diagnose::{Diagnostic, Level, Sources, render};
use circ::results::Ended;
use circ::run::{Digest, EngineKind, RunOptions, Silent, Simulation};
use circ::sources::{self, Program};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// A network that is really large is no mistake, but takes its time: more cells are not built.
const MOST_CELLS: u64 = 100_000;
/// Without a limit a number at the edge could ask for a run of a year.
const LONGEST_RUN: Duration = Duration::from_millis(300);

/// Programs that people wrote: the examples, the library and its tests.
pub fn examples() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folders = ["examples", "stdlib", "stdlib/tests"];
    folders.iter().flat_map(|folder| files(&root.join(folder), "circ")).map(|path| read(&path)).collect()
}

/// Programs without a mistake: the examples, the tests of the library and the programs of the guide.
pub fn programs() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folders = ["examples", "stdlib/tests"].map(|folder| root.join(folder));
    let mut programs: Vec<String> =
        folders.iter().flat_map(|it| files(it, "circ")).map(|it| read(&it)).collect();
    let guide = read(&root.join("compiler/docs/guide.md"));
    let blocks = guide.split("```circ\n").skip(1).map(|block| block.split("```").next().unwrap_or_default());
    programs.extend(blocks.map(str::to_string));
    programs
}

/// The program of every language test.
pub fn language_tests() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("language");
    let cases = files(&folder, "txt").into_iter().flat_map(|path| cases::read(&read(&path)));
    cases.map(|case| case.program).collect()
}

/// The files of a folder that have an extension, sorted.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let mut files: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|it| it == extension)).collect();
    files.sort();
    files
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).expect("text")
}

/// The program of a text, with the generator's files beside it for `use` and `load`.
fn program(text: &str) -> Program {
    sources::parse("stranger.circ", text.to_string(), &generate::folder())
}

/// Formats twice; checks; shows every message in every form.
///
/// # Panics
/// Where a message lies outside of its text, or a text of the wrong form is not rejected.
pub fn checks(text: &str) {
    let form = format("stranger.circ", text);
    if let Ok(formatted) = &form {
        assert_eq!(format("stranger.circ", formatted).ok().as_ref(), Some(formatted), "not stable");
    }
    let checked = check_all(program(text));
    are_shown(&checked.diagnostics, &checked.sources);
    assert!(form.is_ok() || has_errors(&checked.diagnostics), "rejected without a message");
}

/// Checks and compiles.
///
/// # Panics
/// As [`checks`], and where `check` accepts what `run` rejects, or a rejection has no error.
pub fn compiles(text: &str) -> Option<Compiled> {
    checks(text);
    match compile(program(text), &Options::default()) {
        Ok(compiled) => Some(compiled),
        Err(Rejection::Request(_)) => None,
        Err(Rejection::Program { diagnostics, sources }) => {
            is_rejected(&diagnostics, &sources);
            let checked = check_all(program(text)).diagnostics;
            assert!(has_errors(&checked), "`check` accepts what `run` rejects: {diagnostics:?}");
            None
        }
    }
}

/// Checks, compiles and runs with machine code, for a moment.
///
/// # Panics
/// As [`compiles`].
pub fn runs(text: &str) {
    within(LONGEST_RUN, |interrupt| {
        let Some(compiled) = compiles(text).filter(|compiled| cells(compiled) <= MOST_CELLS) else { return };
        if let Some(mut simulation) = built(compiled, EngineKind::Jit) {
            let finished = simulation.run(interrupt, &mut Silent);
            are_shown(&finished.diagnostics, simulation.sources());
        }
    });
}

/// Runs a small network on both engines, for a moment.
///
/// # Panics
/// As [`compiles`], and where both engines come to an end and differ.
pub fn agrees(text: &str) {
    within(LONGEST_RUN, |interrupt| {
        let both = [EngineKind::Interpreter, EngineKind::Jit].map(|engine| {
            let compiled = compiles(text).filter(|compiled| cells(compiled) <= MOST_CELLS / 1000)?;
            Some(built(compiled, engine)?.run(interrupt, &mut Silent).results)
        });
        if let [Some(meaning), Some(other)] = both
            && meaning.ended != Ended::Interrupted
            && other.ended != Ended::Interrupted
        {
            compare(&meaning, &other).unwrap_or_else(|difference| panic!("{difference}"));
        }
    });
}

fn cells(compiled: &Compiled) -> u64 {
    compiled.plan.populations.iter().map(|it| u64::from(it.cells)).sum()
}

fn built(compiled: Compiled, engine: EngineKind) -> Option<Simulation> {
    let options = RunOptions { engine, threads: Some(1), digest: Digest::Compute, ..RunOptions::default() };
    match Simulation::build(compiled, &options) {
        Ok(simulation) => Some(simulation),
        Err(Rejection::Request(_)) => None,
        Err(Rejection::Program { diagnostics, sources }) => {
            is_rejected(&diagnostics, &sources);
            None
        }
    }
}

fn has_errors(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|it| it.rule.level == Level::Error)
}

fn is_rejected(diagnostics: &[Diagnostic], sources: &Sources) {
    assert!(has_errors(diagnostics), "rejected without a message");
    are_shown(diagnostics, sources);
}

/// Every message has a text and places inside of its file, and can be shown.
fn are_shown(diagnostics: &[Diagnostic], sources: &Sources) {
    for diagnostic in diagnostics {
        assert!(!diagnostic.message.is_empty());
        let labels = diagnostic.labels.iter().map(|(span, _)| *span);
        for span in std::iter::once(diagnostic.span).chain(labels) {
            let text = &sources.get(span.file).text;
            assert!(text.get(span.start as usize..span.end as usize).is_some(), "{diagnostic:?}");
        }
    }
    render(diagnostics, sources, false);
    render(diagnostics, sources, true);
}

/// Does something that stops when its flag is set, which it is after a time.
fn within(time: Duration, work: impl FnOnce(&AtomicBool)) {
    let interrupt = Arc::new(AtomicBool::new(false));
    let (done, wait) = std::sync::mpsc::channel::<()>();
    let flag = Arc::clone(&interrupt);
    let clock = std::thread::spawn(move || {
        if wait.recv_timeout(time).is_err() {
            flag.store(true, Ordering::SeqCst);
        }
    });
    work(&interrupt);
    drop(done);
    assert!(clock.join().is_ok());
}
