//! `circ verify run.json`: repeats a run and compares.

use super::{engine, read, reject};
use crate::args::VerifyArgs;
use crate::exit::Exit;
use crate::progress::{Prints, Shown};
use crate::terminal::{self, Paint, Stream};
use circ::compile::compile;
use circ::manifest::Manifest;
use circ::results::Ended;
use circ::run::{Digest, RunOptions, Simulation};
use std::sync::atomic::AtomicBool;

/// Repeats the run that a manifest speaks of.
pub fn verify(args: &VerifyArgs) -> Exit {
    attempt(args).unwrap_or_else(|exit| exit)
}

fn attempt(args: &VerifyArgs) -> Result<Exit, Exit> {
    let manifest = read_manifest(args)?;
    let file = args.file.clone().unwrap_or_else(|| manifest.program_beside(&args.manifest));
    let program = read(&file, &args.reading).inspect_err(|_| {
        if args.file.is_none() {
            terminal::complain("if the program was moved, say with `--file` where it is now");
        }
    })?;
    if let Some(changed) = manifest.changed_source(&program) {
        terminal::complain(&format!(
            "`{changed}` is not the text that was run then: the run can not be repeated"
        ));
        return Err(Exit::Expectation);
    }
    if manifest.results.ended != Ended::Complete {
        terminal::complain("that run did not reach its end, so there is nothing to compare with");
        return Err(Exit::Usage);
    }
    let options = RunOptions {
        engine: args.engine.map_or_else(|| manifest.engine(), engine),
        threads: args.threads.map(usize::from).or(Some(manifest.results.threads)),
        digest: Digest::Compute,
        ..RunOptions::default()
    };
    let compiled = compile(program, &manifest.options()).map_err(|it| reject(&it))?;
    let mut simulation = Simulation::build(compiled, &options).map_err(|it| reject(&it))?;
    let mut shown = Shown::new(Prints::Later);
    let finished = simulation.run(&AtomicBool::new(false), &mut shown);
    shown.finish();
    let differences = manifest.differences(&finished.results);
    let paint = Paint::of(Stream::Out);
    if differences.is_empty() {
        terminal::line(
            Stream::Out,
            &format!("{} the same, bit for bit: {}", paint.green("✓"), manifest.results.digest),
        );
        return Ok(Exit::Well);
    }
    terminal::line(Stream::Out, &format!("{} the run differs from its manifest", paint.red("✗")));
    differences.iter().for_each(|it| terminal::line(Stream::Out, &format!("  {it}")));
    Ok(Exit::Expectation)
}

fn read_manifest(args: &VerifyArgs) -> Result<Manifest, Exit> {
    let fail = |text: String| {
        terminal::complain(&text);
        Exit::Files
    };
    let text = circ::sources::read_text(&args.manifest).map_err(|error| fail(error.to_string()))?;
    Manifest::from_json(&text)
        .map_err(|error| fail(format!("`{}` is not a manifest of a run: {error}", args.manifest.display())))
}
