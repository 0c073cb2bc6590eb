//! `circ run FILE [EXPERIMENT]`.

use super::{compile_options, files, print_json, read, reject, run_options, show};
use crate::args::RunArgs;
use crate::exit::Exit;
use crate::interrupt;
use crate::progress::{Prints, Shown};
use crate::summary::{self, Detail};
use crate::terminal::{self, Paint, Stream};
use circ::compile::{Rejection, compile};
use circ::diagnose::{Diagnostic, Sources};
use circ::output::Folder;
use circ::results::{Ended, Message, Results, messages};
use circ::run::{Digest, Finished, Simulation};
use circ::sources;
use serde::Serialize;
use std::path::Path;

/// Runs one experiment.
pub fn run(args: &RunArgs) -> Exit {
    attempt(args).unwrap_or_else(|exit| exit)
}

fn attempt(args: &RunArgs) -> Result<Exit, Exit> {
    let program = read(&args.file, &args.settings.reading).inspect_err(|_| unreadable(args))?;
    let options = compile_options(args.experiment.as_deref(), &args.settings);
    let compiled = compile(program.clone(), &options).map_err(|rejection| refuse(&rejection, args))?;
    let said = if args.json || args.quiet { vec![] } else { compiled.warnings.clone() };
    show_warnings(&compiled.warnings, compiled.sources(), args);
    if let Some(points) = super::sweep::points(&compiled)? {
        return super::sweep::run(&program, &options, &points, args);
    }
    let folder = args.out.as_deref().map(open).transpose()?;
    let kept = args.json || args.out.is_some() || args.report.is_some();
    let digest = if kept { Digest::Compute } else { Digest::Leave };
    let mut simulation = match Simulation::build(compiled, &run_options(&args.settings, digest)) {
        Ok(simulation) => simulation,
        Err(rejection) => return Err(refuse_build(&rejection, &said, args)),
    };
    show_warnings(simulation.warnings(), simulation.sources(), args);
    let stop = interrupt::keep();
    announce(&simulation, args);
    if let Some(folder) = folder {
        simulation.record_into(folder);
    }
    let prints = if args.json { Prints::Later } else { Prints::AtOnce };
    let mut shown = if args.quiet { Shown::silent(prints) } else { Shown::new(prints) };
    if args.out.is_some() || args.report.is_some() {
        shown = shown.drawing(simulation.populations());
    }
    let finished = simulation.run(stop, &mut shown);
    let plots = shown.finish();
    let written = files::write(&finished, &mut simulation, plots, args);
    print(&finished, &simulation, args);
    written?;
    Ok(exit(&finished))
}

/// The exit code of a run that took place.
pub fn exit(finished: &Finished) -> Exit {
    exit_of(&finished.results)
}

/// The same of its results.
pub fn exit_of(results: &Results) -> Exit {
    match results.ended {
        Ended::Interrupted => Exit::Interrupted,
        Ended::Failed => Exit::Failed,
        Ended::Rejected => Exit::Rejected,
        Ended::Stopped => Exit::Stopped,
        Ended::Unwritten => Exit::Files,
        Ended::Complete if results.expectations.iter().all(|it| it.holds) => Exit::Well,
        Ended::Complete => Exit::Expectation,
    }
}

fn show_warnings(warnings: &[Diagnostic], sources: &Sources, args: &RunArgs) {
    if !args.json && !args.quiet {
        show(warnings, sources);
    }
}

/// What `--json` prints where there is nothing to run.
#[derive(Serialize)]
struct Refused {
    ended: Ended,
    error: Option<String>,
    diagnostics: Vec<Message>,
}

/// What was not read has no diagnostics, but a reason.
fn unreadable(args: &RunArgs) {
    if let (true, Err(error)) = (args.json, sources::read_text(&args.file)) {
        let error = Some(error.to_string());
        print_json(&Refused { ended: Ended::Rejected, error, diagnostics: Vec::new() });
    }
}

fn refuse(rejection: &Rejection, args: &RunArgs) -> Exit {
    let exit = reject(rejection);
    as_json(rejection, args);
    exit
}

/// A network that can not be built: without the warnings that were said when the program was compiled.
fn refuse_build(rejection: &Rejection, said: &[Diagnostic], args: &RunArgs) -> Exit {
    let Rejection::Program { diagnostics, sources } = rejection else { return refuse(rejection, args) };
    let is_said = |it: &&Diagnostic| {
        let same = |other: &Diagnostic| other.span == it.span && other.message == it.message;
        !said.iter().any(same)
    };
    show(&diagnostics.iter().filter(is_said).cloned().collect::<Vec<_>>(), sources);
    as_json(rejection, args);
    Exit::Rejected
}

fn as_json(rejection: &Rejection, args: &RunArgs) {
    if args.json {
        let refused = match rejection {
            Rejection::Program { diagnostics, sources } => {
                Refused { ended: Ended::Rejected, error: None, diagnostics: messages(diagnostics, sources) }
            }
            Rejection::Request(text) => {
                Refused { ended: Ended::Rejected, error: Some(text.clone()), diagnostics: Vec::new() }
            }
        };
        print_json(&refused);
    }
}

fn open(path: &Path) -> Result<Folder, Exit> {
    Folder::open(path).map_err(|error| {
        terminal::complain(&error.to_string());
        Exit::Files
    })
}

fn announce(simulation: &Simulation, args: &RunArgs) {
    if !args.json && !args.quiet {
        terminal::write(Stream::Out, &summary::built(&simulation.built(), Paint::of(Stream::Out)));
    }
}

fn print(finished: &Finished, simulation: &Simulation, args: &RunArgs) {
    show(&finished.diagnostics, simulation.sources());
    if args.json {
        print_json(&finished.results);
        return;
    }
    let detail = if args.quiet { Detail::Quiet } else { Detail::Full };
    terminal::write(Stream::Out, &summary::finished(finished, detail, Paint::of(Stream::Out)));
    if detail == Detail::Full && args.out.is_none() && args.report.is_none() {
        let said = summary::not_kept(&finished.results.plots, Paint::of(Stream::Out));
        terminal::write(Stream::Out, &said);
    }
    if finished.results.ended == Ended::Interrupted {
        let until = circ::quantity::significant(finished.results.simulated_ms, 6);
        terminal::complain(&format!(
            "interrupted after {until} ms of the circuit's time; what was recorded until then is kept"
        ));
    }
}
