//! A `.circ` file is data from a stranger: no text makes the compiler panic, hang or keep silent.

use circ::compile::{Options, Rejection, check_all, compile, format};
use circ::diagnose::{Diagnostic, Level, Sources, render};
use circ::run::{Digest, EngineKind, RunOptions, Silent, Simulation};
use circ::sources;
use circ_suite::{cases, mutate::mutate};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// A few seconds of them.
const SEEDS: std::ops::Range<u64> = 0..800;

/// Examples, the library and its tests, and every language test.
fn texts() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let read = |path: &PathBuf| std::fs::read_to_string(path).expect("text");
    let mut texts: Vec<String> = ["examples", "stdlib", "stdlib/tests"]
        .iter()
        .flat_map(|folder| files(&root.join(folder), "circ"))
        .map(|path| read(&path))
        .collect();
    for path in files(&root.join("compiler/circ-suite/language"), "txt") {
        texts.extend(cases::read(&read(&path)).into_iter().map(|case| case.program));
    }
    texts
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let mut files: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|it| it == extension)).collect();
    files.sort();
    files
}

/// Every message has a place in its text and can be shown; a rejection has an error.
fn shown(diagnostics: &[Diagnostic], sources: &Sources, rejected: bool) {
    let errors = diagnostics.iter().filter(|it| it.rule.level == Level::Error).count();
    assert!(!rejected || errors > 0, "rejected without a message");
    for diagnostic in diagnostics {
        let text = &sources.get(diagnostic.span.file).text;
        let (start, end) = (diagnostic.span.start as usize, diagnostic.span.end as usize);
        assert!(text.get(start..end).is_some(), "{diagnostic:?}");
        assert!(!diagnostic.message.is_empty());
    }
    render(diagnostics, sources, false);
}

/// Formats, checks, compiles and runs a text.
fn try_all(text: &str, interrupt: &AtomicBool) {
    let parse = || sources::parse("stranger.circ", text.to_string(), Path::new("."));
    if let Ok(formatted) = format("stranger.circ", text) {
        assert_eq!(format("stranger.circ", &formatted).ok().as_ref(), Some(&formatted), "not stable");
    }
    let checked = check_all(parse());
    shown(&checked.diagnostics, &checked.sources, false);
    let well = checked.diagnostics.iter().all(|it| it.rule.level != Level::Error);
    let options = Options::default();
    match compile(parse(), &options) {
        Err(Rejection::Program { diagnostics, sources }) => {
            shown(&diagnostics, &sources, true);
            assert!(!well, "`check` accepts what `run` rejects: {:?}", diagnostics);
        }
        Err(Rejection::Request(_)) => {}
        Ok(compiled) => {
            let cells: u64 = compiled.plan.populations.iter().map(|it| u64::from(it.cells)).sum();
            // A network that is really large is no mistake, but takes its time.
            if 100_000 < cells {
                return;
            }
            let run = RunOptions { engine: EngineKind::Jit, threads: Some(1), digest: Digest::Leave };
            match Simulation::build(compiled, &run) {
                Err(Rejection::Program { diagnostics, sources }) => shown(&diagnostics, &sources, true),
                Err(Rejection::Request(_)) => {}
                Ok(mut simulation) => {
                    let finished = simulation.run(interrupt, &mut Silent);
                    shown(&finished.diagnostics, simulation.sources(), false);
                }
            }
        }
    }
}

/// Without a limit a number at the edge could ask for a run of a year.
fn limited(text: &str) {
    let interrupt = Arc::new(AtomicBool::new(false));
    let (done, wait) = std::sync::mpsc::channel::<()>();
    let flag = Arc::clone(&interrupt);
    let clock = std::thread::spawn(move || {
        if wait.recv_timeout(Duration::from_millis(300)).is_err() {
            flag.store(true, Ordering::SeqCst);
        }
    });
    try_all(text, &interrupt);
    let _ = done.send(());
    assert!(clock.join().is_ok());
}

#[test]
fn nearly_a_program() {
    let texts = texts();
    for seed in SEEDS {
        let text = mutate(&texts, seed);
        if std::panic::catch_unwind(|| limited(&text)).is_err() {
            panic!("seed {seed}:\n{text}");
        }
    }
}
