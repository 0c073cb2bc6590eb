//! `sweep`: an experiment repeated over a grid of values, one simulation a core, into one table.
//!
//! In: a program and how to run it. Out: the results of every point, in the order of the grid (the first axis changes
//! slowest), whatever the number of cores. Each point is compiled for itself: all that is checked before a run is checked
//! for its values.

use crate::compile::{Compiled, Options, Rejection, compile};
use crate::judge;
use crate::results::{Number, Results};
use crate::run::{RunOptions, Silent, Simulation};
use crate::sources::{Beneath, Program};
use circ_compiler::diagnose::Diagnostic;
use circ_compiler::diagnose::value as say;
use circ_compiler::eval::{self, Evaluated, NotBuilt, Scope, number};
use circ_compiler::hir::{Axis, AxisValues, ExprId, Over, Swept, SweptTarget};
use circ_compiler::types::{Dimension, Type, Value};
use circ_grammar::ast::Span;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// More points are not made: each takes a moment even where nothing is run.
const MOST_POINTS: usize = 1_000_000;

/// Values of the names that are swept.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Point {
    values: Vec<Chosen>,
}

#[derive(Clone, Debug, PartialEq)]
struct Chosen {
    name: String,
    span: Span,
    value: Value,
    ty: Type,
}

impl Point {
    /// As elaboration takes them.
    pub(crate) fn overrides(&self) -> Vec<(String, Span, Value)> {
        self.values.iter().map(|it| (it.name.clone(), it.span, it.value.clone())).collect()
    }

    /// Names, values and units, for people and tables.
    pub fn shown(&self) -> Vec<(String, Number, String)> {
        let shown = |it: &Chosen| {
            let (number, unit) = judge::number(&it.value, &it.ty);
            (it.name.clone(), number, unit)
        };
        self.values.iter().map(shown).collect()
    }
}

/// What came of a point.
#[derive(Debug)]
pub struct AtPoint {
    pub point: Point,
    /// Or why it was not run.
    pub results: Result<Results, Rejection>,
}

/// The points of an experiment that sweeps; nothing for one that does not, or has nothing left to sweep. What the command line sets is not swept.
///
/// # Errors
/// When a list of values can not be evaluated before the run, or there are too many points.
pub fn points(compiled: &Compiled) -> Result<Option<Vec<Point>>, Box<Diagnostic>> {
    let experiment = &compiled.hir.experiments[compiled.experiment];
    if experiment.sweep.is_empty() {
        return Ok(None);
    }
    let mut points = vec![Point::default()];
    for axis in &experiment.sweep {
        if axis.names.iter().all(|swept| is_set(swept, &compiled.options)) {
            continue;
        }
        let mut rows = rows(axis, compiled)?;
        for row in &mut rows {
            let mut swept = axis.names.iter();
            row.retain(|_| swept.next().is_some_and(|swept| !is_set(swept, &compiled.options)));
        }
        if MOST_POINTS < points.len().saturating_mul(rows.len()) {
            return Err(say::too_many_passes(axis.span).into());
        }
        let with = |point: &Point, row: &Vec<Chosen>| {
            let mut point = point.clone();
            point.values.extend(row.iter().cloned());
            point
        };
        points = points.iter().flat_map(|point| rows.iter().map(move |row| with(point, row))).collect();
    }
    Ok(Some(points).filter(|points| points[..] != [Point::default()]))
}

fn is_set(swept: &Swept, options: &Options) -> bool {
    let last = |path: &str| path.rsplit('.').next().map(str::to_owned);
    let by_path = options.set.iter().any(|(path, _)| last(path.trim()).as_deref() == Some(&*swept.name));
    by_path || (swept.target == SweptTarget::Seed && options.seed.is_some())
}

/// The values of an axis, for each of its names.
fn rows(axis: &Axis, compiled: &Compiled) -> Evaluated<Vec<Vec<Chosen>>> {
    let files = Beneath::of(&compiled.program);
    let environment = compiled.net.experiment;
    let mut scope = Scope::new(&compiled.hir, &compiled.types, &compiled.net, &files, environment);
    let mut world = NotBuilt;
    let chosen = |swept: &Swept, value: Value| {
        let (name, span) = (swept.name.to_string(), swept.span);
        Chosen { name, span, value, ty: swept_type(swept.target, compiled) }
    };
    let one =
        |values: Vec<Value>| values.into_iter().map(|value| vec![chosen(&axis.names[0], value)]).collect();
    match &axis.values {
        AxisValues::Over(Over::Range(lo, hi)) => {
            let first = eval::eval_whole(*lo, "the first value of a sweep", &mut scope, &mut world)?;
            let end = eval::eval_whole(*hi, "the end of a sweep", &mut scope, &mut world)?;
            if MOST_POINTS as i64 <= end.saturating_sub(first) {
                return Err(say::too_many_passes(axis.span).into());
            }
            Ok(one((first..end).map(Value::Int).collect()))
        }
        AxisValues::Over(Over::Values(values)) => match eval::eval(*values, &mut scope, &mut world)? {
            Value::Array(array) => Ok(one(eval::rows(&array))),
            other => {
                let at = compiled.hir.expr(*values).span;
                Err(say::wrong_kind(at, "a list of values", &number::kind(&other)).into())
            }
        },
        AxisValues::Rows(rows) => rows
            .iter()
            .map(|row| {
                let values = row.iter().zip(&axis.names);
                let value = |(expr, swept): (&ExprId, &Swept)| {
                    Ok(chosen(swept, eval::eval(*expr, &mut scope, &mut world)?))
                };
                values.map(value).collect::<Evaluated<Vec<Chosen>>>()
            })
            .collect(),
    }
}

fn swept_type(target: SweptTarget, compiled: &Compiled) -> Type {
    let types = &compiled.types;
    let experiment = &compiled.hir.experiments[compiled.experiment];
    let ty = match target {
        SweptTarget::Own(slot) => types.experiment_slots[compiled.experiment].get(slot.index()),
        SweptTarget::OfCircuit(slot) => {
            experiment.circuit.and_then(|at| types.circuit_slots.get(at.index())?.get(slot.index()))
        }
        SweptTarget::Seed => Some(&Type::Int),
        SweptTarget::Step => Some(&Type::Real(Dimension::TIME)),
    };
    ty.cloned().unwrap_or(Type::Error)
}

/// Runs all points, each on one thread, on as many cores as there are (or as `run.threads` says). `done` hears how many
/// are over. Points that were not begun when `interrupt` was set are left out.
pub fn run(
    program: &Program,
    options: &Options,
    points: &[Point],
    run: &RunOptions,
    interrupt: &AtomicBool,
    done: &(dyn Fn(usize) + Sync),
) -> Vec<AtPoint> {
    let cores = run.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let (next, over) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let found: Mutex<Vec<(usize, AtPoint)>> = Mutex::new(Vec::with_capacity(points.len()));
    let work = || {
        while let Some((at, point)) = {
            let at = next.fetch_add(1, Ordering::Relaxed);
            points.get(at).filter(|_| !interrupt.load(Ordering::Relaxed)).map(|point| (at, point))
        } {
            let results = at_point(program, options, point, run, interrupt);
            let at_point = AtPoint { point: point.clone(), results };
            found.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((at, at_point));
            done(over.fetch_add(1, Ordering::Relaxed) + 1);
        }
    };
    std::thread::scope(|scope| {
        (1..cores.min(points.len())).for_each(|_| drop(scope.spawn(work)));
        work();
    });
    let mut found = found.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    found.sort_by_key(|(at, _)| *at);
    found.into_iter().map(|(_, at_point)| at_point).collect()
}

fn at_point(
    program: &Program,
    options: &Options,
    point: &Point,
    run: &RunOptions,
    interrupt: &AtomicBool,
) -> Result<Results, Rejection> {
    let compiled = compile(program.clone(), &Options { point: point.clone(), ..options.clone() })?;
    let mut simulation = Simulation::build(compiled, &RunOptions { threads: Some(1), ..*run })?;
    Ok(simulation.run(interrupt, &mut Silent).results)
}

/// One table of all points: what was swept, then every report, then whether all expectations held, and how the run ended.
pub fn table(all: &[AtPoint]) -> (Vec<String>, Vec<Vec<String>>) {
    let named = |name: &str, unit: &str| match unit {
        "" => name.to_owned(),
        unit => format!("{name} ({unit})"),
    };
    let mut columns: Vec<(String, usize)> = vec![];
    let reports = |at: &AtPoint| -> Vec<((String, usize), Number)> {
        let Ok(results) = &at.results else { return vec![] };
        let mut seen: Vec<String> = vec![];
        let of = results.reports.iter().map(|report| {
            let name = named(&report.text, &report.unit);
            let before = seen.iter().filter(|other| **other == name).count();
            seen.push(name.clone());
            ((name, before), report.value.clone())
        });
        of.collect()
    };
    for at in all {
        for (column, _) in reports(at) {
            if !columns.contains(&column) {
                columns.push(column);
            }
        }
    }
    let swept = all.first().map_or(vec![], |at| at.point.shown());
    let mut header: Vec<String> = swept.iter().map(|(name, _, unit)| named(name, unit)).collect();
    header.extend(columns.iter().map(|(name, before)| match before {
        0 => name.clone(),
        before => format!("{name} #{}", before + 1),
    }));
    header.extend(["expectations held".to_owned(), "ended".to_owned()]);
    let row = |at: &AtPoint| {
        let mut row: Vec<String> = at.point.shown().iter().map(|(_, number, _)| plain(number)).collect();
        let own = reports(at);
        let value = |column| own.iter().find(|(name, _)| name == column).map(|(_, number)| plain(number));
        row.extend(columns.iter().map(|column| value(column).unwrap_or_default()));
        match &at.results {
            Ok(results) => {
                let held = results.expectations.iter().filter(|it| it.holds).count();
                row.push(format!("{held} of {}", results.expectations.len()));
                row.push(format!("{:?}", results.ended).to_lowercase());
            }
            Err(_) => row.extend([String::new(), "rejected".to_owned()]),
        }
        row
    };
    (header, all.iter().map(row).collect())
}

/// With all digits, for those who compute with it.
fn plain(number: &Number) -> String {
    match number {
        Number::Real(Some(x)) => format!("{x}"),
        Number::Real(None) => String::new(),
        other => other.show(),
    }
}

/// The table as text, quoted where it must be.
pub fn csv(all: &[AtPoint]) -> String {
    let (header, rows) = table(all);
    let field = |text: &String| match text.contains([',', '"', '\n']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.clone(),
    };
    let line = |row: &Vec<String>| row.iter().map(field).collect::<Vec<_>>().join(",") + "\n";
    std::iter::once(&header).chain(&rows).map(line).collect()
}
