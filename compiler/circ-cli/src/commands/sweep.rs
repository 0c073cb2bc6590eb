//! Experiments with `sweep`: what `circ run` and `circ test` do of them.

use super::files::{bitmaps, complain};
use super::{print_json, reject, run_options, show};
use crate::args::{RunArgs, Settings};
use crate::exit::Exit;
use crate::interrupt;
use crate::summary::{self, Detail};
use crate::terminal::{self, Paint, Stream};
use circ::compile::{Compiled, Options};
use circ::output::{Folder, SWEEP};
use circ::results::{Ended, Number, Results};
use circ::run::Digest;
use circ::sources::Program;
use circ::sweep::{self, AtPoint, Point};
use circ_results::picture;
use indicatif::ProgressBar;
use serde::Serialize;
use std::sync::atomic::AtomicBool;

/// The points of an experiment that sweeps.
pub fn points(compiled: &Compiled) -> Result<Option<Vec<Point>>, Exit> {
    sweep::points(compiled).map_err(|diagnostic| {
        show(&[*diagnostic], compiled.sources());
        Exit::Rejected
    })
}

/// `circ run` of an experiment that sweeps.
pub fn run(program: &Program, options: &Options, points: &[Point], args: &RunArgs) -> Result<Exit, Exit> {
    let folder = args.out.as_deref().map(Folder::open).transpose().map_err(|error| {
        terminal::complain(&error.to_string());
        Exit::Files
    })?;
    let all = carry_out(program, options, points, &args.settings, interrupt::keep(), args.quiet || args.json);
    if let Some(folder) = folder {
        let (header, rows) = sweep::table(&all);
        let swept = all.first().map_or(0, |at| at.point.shown().len());
        let picture = picture::of_sweep("Sweep", &header, &rows, swept);
        let pictures = bitmaps(picture.as_slice());
        let mut files = vec![(SWEEP, sweep::csv(&all).into_bytes())];
        files.extend(pictures.iter().map(|(name, content)| (name.as_str(), content.clone())));
        folder.make().and_then(|()| folder.write(&files)).map_err(|error| complain(&error))?;
    }
    let refused = all.iter().find_map(|at| at.results.as_ref().err());
    let said = refused.map_or(Exit::Well, reject);
    let printed = match args.json {
        true => print_json(&all.iter().map(as_json).collect::<Vec<_>>()),
        false => {
            print(&all);
            Exit::Well
        }
    };
    Ok(exit(&all, points.len()).and(said).and(printed))
}

/// `circ test` of one: the points where something does not hold, with it.
pub fn test(
    program: &Program,
    options: &Options,
    points: &[Point],
    settings: &Settings,
    name: &str,
) -> Result<Exit, Exit> {
    let all = carry_out(program, options, points, settings, &AtomicBool::new(false), true);
    let exit = exit(&all, points.len());
    let paint = Paint::of(Stream::Out);
    let mark = if exit == Exit::Well { paint.green("✓") } else { paint.red("✗") };
    terminal::line(Stream::Out, &format!("{mark} {name} ({} points)", points.len()));
    for at in &all {
        let bad = match &at.results {
            Ok(results) => results.expectations.iter().filter(|it| !it.holds).collect(),
            Err(_) => vec![],
        };
        if !bad.is_empty() || at.results.is_err() {
            terminal::line(Stream::Out, &format!("  at {}", words(&at.point)));
        }
        for expectation in bad {
            let text = summary::expectation(expectation, Detail::Full, paint);
            terminal::write(Stream::Out, &format!("    {text}"));
        }
        at.results.as_ref().err().map(reject);
    }
    Ok(exit)
}

fn carry_out(
    program: &Program,
    options: &Options,
    points: &[Point],
    settings: &Settings,
    stop: &AtomicBool,
    quiet: bool,
) -> Vec<AtPoint> {
    let bar = match !quiet && terminal::is_terminal(Stream::Err) {
        true => ProgressBar::new(points.len() as u64),
        false => ProgressBar::hidden(),
    };
    let run = run_options(settings, Digest::Leave);
    let all = sweep::run(program, options, points, &run, stop, &|done| bar.set_position(done as u64));
    bar.finish_and_clear();
    all
}

/// `g = 3, eta = 0.5 ms`
fn words(point: &Point) -> String {
    let one = |(name, number, unit): &(String, Number, String)| {
        let space = if unit.is_empty() { "" } else { " " };
        format!("{name} = {}{space}{unit}", number.show())
    };
    point.shown().iter().map(one).collect::<Vec<_>>().join(", ")
}

/// The worst of all; an interruption where points are missing.
fn exit(all: &[AtPoint], points: usize) -> Exit {
    let of = |at: &AtPoint| match &at.results {
        Ok(results) => super::run::exit_of(results),
        Err(_) => Exit::Rejected,
    };
    let missing = if all.len() < points { Exit::Interrupted } else { Exit::Well };
    all.iter().map(of).fold(missing, Exit::and)
}

/// A table for people, a line for each point.
fn print(all: &[AtPoint]) {
    let (header, rows) = sweep::table(all);
    let short = |text: &String| match text.parse::<f64>() {
        Ok(x) => circ::quantity::significant(x, 5),
        Err(_) => text.clone(),
    };
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(short).collect()).collect();
    let width = |column: usize| {
        let all = std::iter::once(&header).chain(&rows);
        all.map(|row| row[column].chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(text, width)| format!("{text:>width$}"));
        cells.collect::<Vec<_>>().join("  ")
    };
    let paint = Paint::of(Stream::Out);
    terminal::line(Stream::Out, &paint.dim(&line(&header)));
    rows.iter().for_each(|row| terminal::line(Stream::Out, &line(row)));
}

/// A point of `--json`.
#[derive(Serialize)]
struct PointOfJson<'a> {
    /// (name, value, unit)
    point: Vec<(String, Number, String)>,
    ended: Ended,
    results: Option<&'a Results>,
}

fn as_json(at: &AtPoint) -> PointOfJson<'_> {
    let results = at.results.as_ref().ok();
    let ended = results.map_or(Ended::Rejected, |results| results.ended);
    PointOfJson { point: at.point.shown(), ended, results }
}
