//! `circ test FILE...`: every experiment, held to its `expect` lines.

use super::check::found;
use super::{compile_options, read, reject, run_options, show};
use crate::args::TestArgs;
use crate::exit::Exit;
use crate::progress::{Prints, Shown};
use crate::summary::{self, Detail};
use crate::terminal::{self, Paint, Stream};
use circ::compile::{compile, experiments};
use circ::diagnose::Diagnostic;
use circ::run::{Digest, Simulation};
use std::path::Path;
use std::sync::atomic::AtomicBool;

/// Tests all files; goes on after one that fails, so that one run shows everything.
pub fn test(args: &TestArgs) -> Exit {
    args.files.iter().map(|file| test_file(file, args)).fold(Exit::Well, Exit::and)
}

fn test_file(file: &Path, args: &TestArgs) -> Exit {
    let program = match read(file, &args.settings.reading) {
        Ok(program) => program,
        Err(exit) => return exit,
    };
    let names = experiments(&program);
    if names.is_empty() && program.problems.is_empty() {
        terminal::complain(&format!("`{}` has no experiment to run", file.display()));
        return Exit::Usage;
    }
    if !program.problems.is_empty() {
        show(&program.problems, &program.sources);
        return Exit::Rejected;
    }
    names.iter().map(|name| test_experiment(file, name, args)).fold(Exit::Well, Exit::and)
}

fn test_experiment(file: &Path, name: &str, args: &TestArgs) -> Exit {
    let attempt = || -> Result<Exit, Exit> {
        let program = read(file, &args.settings.reading)?;
        let options = compile_options(Some(name), &args.settings);
        let compiled = compile(program.clone(), &options).map_err(|it| reject(&it))?;
        if let Some(points) = super::sweep::points(&compiled)? {
            let name = format!("{} {name}", file.display());
            return super::sweep::test(&program, &options, &points, &args.settings, &name);
        }
        let known = compiled.warnings.clone();
        let mut simulation = Simulation::build(compiled, &run_options(&args.settings, Digest::Leave))
            .map_err(|it| reject(&it))?;
        let mut shown = Shown::new(Prints::Later);
        let finished = simulation.run(&AtomicBool::new(false), &mut shown);
        shown.finish();
        let exit = super::run::exit(&finished);
        let paint = Paint::of(Stream::Out);
        let mark = if exit == Exit::Well { paint.green("✓") } else { paint.red("✗") };
        let took = summary::time(finished.results.timing.run_ms);
        terminal::line(Stream::Out, &format!("{mark} {} {name} ({took})", file.display()));
        for expectation in &finished.results.expectations {
            let text = summary::expectation(expectation, Detail::Full, paint);
            terminal::write(Stream::Out, &format!("  {text}"));
        }
        show(&finished.diagnostics, simulation.sources());
        let said: Vec<&Diagnostic> = known.iter().chain(simulation.warnings()).collect();
        if !said.is_empty() {
            let text = format!("  {}, see `circ run`", found(said));
            terminal::line(Stream::Out, &paint.dim(&text));
        }
        Ok(exit)
    };
    attempt().unwrap_or_else(|exit| {
        let mark = Paint::of(Stream::Out).red("✗");
        terminal::line(Stream::Out, &format!("{mark} {} {name}", file.display()));
        exit
    })
}
