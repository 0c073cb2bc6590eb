//! How answers look: values with units, rasters, traces, histograms.

use crate::raster::{self, Band};
use crate::summary::{self, Detail};
use crate::terminal::{self, Paint};
use circ::quantity::significant;
use circ::results::{Number, Report};
use circ::session::{Answer, Refusal, Series, Session};
use std::sync::atomic::AtomicBool;

/// The widest picture.
const MOST_COLUMNS: usize = 100;
/// Rows of characters of a trace.
const HEIGHT: usize = 8;
/// Bins of a histogram, and the longest bar.
const BINS: usize = 12;
const BAR: usize = 40;

/// Everything that an entry came to.
pub fn answer(answer: &Answer, session: &Session, paint: Paint) -> String {
    let mut text = String::new();
    answer.notes.iter().for_each(|note| text += &format!("{}\n", paint.dim(note)));
    if !answer.warnings.is_empty() {
        text += &circ::diagnose::render(&answer.warnings, &session.sources(), paint.is_on());
    }
    if let Some((from, to)) = answer.ran {
        text += &spikes(session, from, to, None, paint);
    }
    if answer.interrupted {
        text += &format!("stopped at {} ms\n", number(session.time_ms()));
    }
    answer.awaited.iter().for_each(|it| text += &summary::awaited(it, Detail::Full, paint));
    answer.reports.iter().for_each(|it| text += &value(it));
    answer.monitors.iter().for_each(|it| text += &summary::monitor(it, Detail::Full, paint));
    answer.expectations.iter().for_each(|it| text += &summary::expectation(it, Detail::Full, paint));
    text
}

/// `5.2 Hz`
fn value(report: &Report) -> String {
    let shown = report.value.show();
    match report.unit.as_str() {
        "" => format!("{shown}\n"),
        unit => format!("{shown} {unit}\n"),
    }
}

/// Of times and the like.
pub fn number(value: f64) -> String {
    significant(value, 6)
}

/// Where the session is.
pub fn at(session: &Session) -> String {
    format!("at {} ms\n", number(session.time_ms()))
}

/// A raster of the spikes between two times in ms, of all populations or one, and their rates.
fn spikes(session: &Session, from: f64, to: f64, only: Option<&str>, paint: Paint) -> String {
    let dt = session.dt_ms();
    let (after, until) = ((from / dt).round() as i64, (to / dt).round() as i64);
    let trains = session.spikes();
    let meant = trains.iter().filter(|it| only.is_none_or(|name| it.population == name));
    let mut text = String::new();
    let mut bands = Vec::new();
    let mut rates = Vec::new();
    for train in meant {
        let is_in = |(tick, _): &&(i64, u32)| after < *tick && *tick <= until || (after == 0 && *tick == 0);
        let count = train.spikes.iter().filter(is_in).count();
        let rate = count as f64 / f64::from(train.cells.max(1)) / ((to - from) / 1000.0);
        rates.push(format!("{} {} Hz", train.population, significant(rate, 3)));
        if 0 < count {
            bands.push(Band { name: &train.population, cells: train.cells, spikes: &train.spikes });
        }
    }
    for line in raster::draw(&bands, after, until, terminal::columns().min(MOST_COLUMNS)) {
        text += &format!("{line}\n");
    }
    let rates = if rates.is_empty() { String::new() } else { format!("; {}", rates.join(", ")) };
    text += &paint.dim(&format!("{} ms to {} ms{rates}", number(from), number(to)));
    text += "\n";
    text
}

/// Spikes of a population, a recorded value, or a histogram of values.
pub fn plot(what: &str, session: &mut Session, paint: Paint) -> Result<String, Refusal> {
    let series: Vec<Series> = session.series().into_iter().filter(|it| is_meant(&it.path, what)).collect();
    if !series.is_empty() {
        return Ok(series.iter().take(4).map(|it| trace(it, paint)).collect());
    }
    let population = what.strip_suffix(".spike").unwrap_or(what);
    if session.spikes().iter().any(|it| it.population == population) {
        let to = session.time_ms();
        return Ok(spikes(session, (to - 1000.0).max(0.0), to, Some(population), paint));
    }
    let answer = session.enter(&format!("({what})"), &AtomicBool::new(false), &mut circ::run::Silent)?;
    match answer.reports.first() {
        Some(Report { value: Number::List(values), unit, .. }) => Ok(histogram(values, unit, paint)),
        Some(report) => Ok(value(report)),
        None => Ok(String::new()),
    }
}

/// `E.v` means that of all cells that were recorded.
fn is_meant(path: &str, what: &str) -> bool {
    let without_cell =
        path.split_once('[').and_then(|(of, rest)| Some(format!("{of}{}", rest.split_once(']')?.1)));
    path == what || without_cell.as_deref() == Some(what)
}

/// A line of dots, time to the right.
fn trace(series: &Series, paint: Paint) -> String {
    let finite: Vec<f64> = series.values.iter().copied().filter(|it| it.is_finite()).collect();
    let (low, high) =
        finite.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(*x), b.max(*x)));
    let (Some(first), Some(last)) = (series.times_ms.first(), series.times_ms.last()) else {
        return format!("{}: nothing was recorded yet\n", series.path);
    };
    if finite.is_empty() {
        return format!("{}: nothing was recorded yet\n", series.path);
    }
    let label = |value: f64| format!("{} {}", significant(value, 4), series.unit);
    let margin = label(low).chars().count().max(label(high).chars().count());
    let width = terminal::columns().min(MOST_COLUMNS).saturating_sub(margin + 3).max(10);
    let (columns, rows) = (2 * width, raster::DOTS * HEIGHT);
    let mut dots = vec![0u8; width * HEIGHT];
    let place = |value: f64| {
        let share = if low < high { (high - value) / (high - low) } else { 0.5 };
        (share * (rows - 1) as f64).round() as usize
    };
    let mut before: Option<usize> = None;
    let mut at = 0;
    for column in 0..columns {
        // All samples of the column, joined with the last of the one before.
        let end = (column + 1) * series.values.len() / columns;
        let here = &series.values[at.min(end)..end];
        at = end;
        let rows_here = here.iter().filter(|it| it.is_finite()).map(|it| place(*it));
        let all: Vec<usize> = rows_here.collect();
        let Some(last) = all.last().copied().or(before) else { continue };
        let lowest = all.iter().copied().chain(before).min().unwrap_or(last);
        let highest = all.iter().copied().chain(before).max().unwrap_or(last);
        for row in lowest..=highest {
            dots[row / raster::DOTS * width + column / 2] |= raster::bit(column % 2, row % raster::DOTS);
        }
        before = Some(last);
    }
    let mut text = format!("{}\n", paint.bold(&series.path));
    for (index, row) in dots.chunks(width).enumerate() {
        let head = match index {
            0 => label(high),
            index if index == HEIGHT - 1 => label(low),
            _ => String::new(),
        };
        text += &format!(
            "{head:>margin$} │{}\n",
            row.iter().map(|bits| raster::braille(*bits)).collect::<String>()
        );
    }
    text += &paint.dim(&format!("{:>margin$}  {} ms to {} ms", "", number(*first), number(*last)));
    text += "\n";
    text
}

/// How many values lie in each of some equal intervals.
fn histogram(values: &[Number], unit: &str, paint: Paint) -> String {
    let numbers: Vec<f64> = values.iter().filter_map(real).collect();
    let (low, high) =
        numbers.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(*x), b.max(*x)));
    if numbers.is_empty() {
        return "no values\n".to_string();
    }
    let step = (high - low) / BINS as f64;
    let mut counts = vec![0usize; if 0.0 < step { BINS } else { 1 }];
    let last = counts.len() - 1;
    for value in &numbers {
        let bin = if 0.0 < step { ((value - low) / step) as usize } else { 0 };
        counts[bin.min(last)] += 1;
    }
    let most = counts.iter().copied().max().unwrap_or(1).max(1);
    let edge = |bin: usize| significant(low + step * bin as f64, 4);
    let margin = (0..counts.len()).map(|bin| edge(bin).chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for (bin, count) in counts.iter().enumerate() {
        let eighths = count * BAR * 8 / most;
        let part = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8];
        text += &format!("{:>margin$} {unit} │{}{part} {count}\n", edge(bin), "█".repeat(eighths / 8));
    }
    text += &paint.dim(&format!("{} values up to {} {unit}", numbers.len(), significant(high, 4)));
    text += "\n";
    text
}

fn real(number: &Number) -> Option<f64> {
    match number {
        Number::Real(value) => *value,
        Number::Int(value) => Some(*value as f64),
        Number::Bool(_) | Number::Text(_) | Number::List(_) => None,
    }
}
