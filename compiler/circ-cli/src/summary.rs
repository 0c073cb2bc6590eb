//! The summary of a run for people.
//!
//! In: results. Out: text: what was built, populations, a raster, what was reported and expected, and how
//! long everything took.

use crate::raster::{self, Band};
use crate::terminal::{self, Paint};
use circ::quantity::{Grid, significant};
use circ::results::{
    Awaited, BreachCells, Constraint, Established, Expectation, Monitor, Number, Plotted, PopulationResult,
    Report, Results, Timing,
};
use circ::run::{Built, Finished};

/// Of the table of populations; `--json` has them all.
const MOST_ROWS: usize = 40;

/// How much is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    Full,
    /// Reports, and what did not hold.
    Quiet,
}

/// Before the run: what was built.
pub fn built(built: &Built, paint: Paint) -> String {
    let cells = thousands(built.cells);
    let synapses = thousands(built.synapses);
    let memory = circ::rules::bytes(built.memory.total());
    let mut text = format!(
        "{}: {cells} cells in {}, {synapses} synapses in {}, {memory}\n",
        paint.bold(&built.experiment),
        counted(built.populations, "population"),
        counted(built.projections, "projection"),
    );
    if !built.procedural.is_empty() {
        text += &format!("not held, drawn again for each spike: {}\n", built.procedural.join(", "));
    }
    text
}

/// After the run.
pub fn finished(finished: &Finished, detail: Detail, paint: Paint) -> String {
    let results = &finished.results;
    let mut text = String::new();
    if detail == Detail::Full {
        text += &populations(&results.populations, paint);
        text += &spike_raster(finished, paint);
    }
    results.awaited.iter().for_each(|it| text += &awaited(it, detail, paint));
    results.reports.iter().for_each(|it| text += &report(it));
    if detail == Detail::Full {
        results.constraints.iter().for_each(|it| text += &constraint(it, paint));
    }
    results.monitors.iter().for_each(|it| text += &monitor(it, detail, paint));
    results.expectations.iter().for_each(|it| text += &expectation(it, detail, paint));
    if detail == Detail::Full {
        text += &timing(&results.timing, results, paint);
    }
    text
}

fn populations(populations: &[PopulationResult], paint: Paint) -> String {
    let header = ["population", "cells", "spikes", "rate", "CV of ISI"].map(str::to_string);
    let rows = populations.iter().take(MOST_ROWS).map(|it| {
        let cv = it.cv_isi.map_or("–".to_string(), |cv| format!("{cv:.2}"));
        let rate = format!("{} Hz", significant(it.rate_hz, 3));
        [it.path.clone(), thousands(u64::from(it.cells)), thousands(it.spikes), rate, cv]
    });
    let rows: Vec<[String; 5]> = std::iter::once(header).chain(rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..5).map(width).collect();
    let line = |row: &[String; 5]| {
        let name = format!("{:<width$}", row[0], width = widths[0]);
        let rest = (1..5).map(|column| format!("  {:>width$}", row[column], width = widths[column]));
        std::iter::once(name).chain(rest).collect::<String>()
    };
    let mut text = format!("{}\n", paint.dim(&line(&rows[0])));
    rows[1..].iter().for_each(|row| text += &format!("{}\n", line(row)));
    if let more @ 1.. = populations.len().saturating_sub(MOST_ROWS) {
        text += &format!("{}\n", paint.dim(&format!("… and {} more", thousands(more as u64))));
    }
    text
}

/// The last second at most.
fn spike_raster(finished: &Finished, paint: Paint) -> String {
    let dt = finished.results.dt_ms;
    let until = finished.ticks;
    let after = (until - (1000.0 / dt).round() as i64).max(0);
    let spiking = finished.spikes.iter().filter(|train| !train.spikes.is_empty());
    let bands: Vec<Band> = spiking
        .map(|train| Band { name: &train.population, cells: train.cells, spikes: &train.spikes })
        .collect();
    if bands.is_empty() {
        return String::new();
    }
    let lines = raster::draw(&bands, after, until, terminal::columns().min(100));
    let grid = Grid::new(dt);
    let caption = format!("spikes of single cells, {} ms to {} ms", grid.time(after), grid.time(until));
    let mut text = lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    if !text.is_empty() {
        text += &format!("{}\n", paint.dim(&caption));
    }
    text
}

fn report(report: &Report) -> String {
    format!("{} = {}\n", report.text, with_unit(&report.value, &report.unit))
}

/// `✓ until max(abs(E.v')) < 1 mV/ms: at 12.3 ms`
pub fn awaited(awaited: &Awaited, detail: Detail, paint: Paint) -> String {
    let time = significant(awaited.time_ms, 6);
    match (awaited.met, detail) {
        (true, Detail::Quiet) => String::new(),
        (true, Detail::Full) => format!("{} until {}: at {time} ms\n", paint.green("✓"), awaited.text),
        (false, _) => format!("{} until {}: not by {time} ms\n", paint.yellow("!"), awaited.text),
    }
}

/// `✓ require in_degree(I -> E) in 15 .. 25`
fn constraint(constraint: &Constraint, paint: Paint) -> String {
    let word = match constraint.how {
        Established::Proved | Established::Judged => "require",
        Established::Enforced => "enforce",
    };
    format!("{} {word} {}\n", paint.green("✓"), constraint.text)
}

/// `, in 3 of 400 cells, furthest E[17]`
fn at_cells(cells: &Option<BreachCells>) -> String {
    match cells {
        None => String::new(),
        Some(cells) => {
            let worst = cells.worst.iter().map(|it| it.cell.as_str()).collect::<Vec<_>>().join(", ");
            let named = if worst.is_empty() { worst } else { format!(", furthest {worst}") };
            format!(", in {} of {} cells{named}", cells.failing, cells.of)
        }
    }
}

/// `! monitor rate(E) in 1 Hz .. 20 Hz: left once`
pub fn monitor(monitor: &Monitor, detail: Detail, paint: Paint) -> String {
    let times =
        |count: u64| if count == 1 { "once".to_string() } else { format!("{} times", thousands(count)) };
    match monitor.breaches.first() {
        Some(first) => format!(
            "{} monitor {}: left {}, first at {} ms with {}{}\n",
            paint.yellow("!"),
            monitor.text,
            times(monitor.breached),
            significant(first.time_ms, 6),
            with_unit(&first.value, &monitor.unit),
            at_cells(&first.cells)
        ),
        None if detail == Detail::Full && 0 < monitor.judged => {
            format!("{} monitor {}\n", paint.green("✓"), monitor.text)
        }
        None => String::new(),
    }
}

/// `✓ rate(E) in 3 Hz .. 15 Hz: 5.53 Hz`
pub fn expectation(expectation: &Expectation, detail: Detail, paint: Paint) -> String {
    let measured = match &expectation.value {
        // A condition that is no comparison: the mark says it all.
        Number::Bool(_) => String::new(),
        value => format!(": {}", with_unit(value, &expectation.unit)),
    };
    match (expectation.holds, detail) {
        (true, Detail::Quiet) => String::new(),
        (true, Detail::Full) => format!("{} {}{measured}\n", paint.green("✓"), expectation.text),
        (false, _) => format!("{} {}{measured}\n", paint.red("✗"), expectation.text),
    }
}

fn with_unit(value: &Number, unit: &str) -> String {
    if unit.is_empty() || *value == Number::Real(None) {
        value.show()
    } else {
        format!("{} {unit}", value.show())
    }
}

fn timing(timing: &Timing, results: &Results, paint: Paint) -> String {
    let factor = results.simulated_ms / timing.run_ms;
    let speed =
        if factor.is_finite() { format!(" ({}× real time)", significant(factor, 3)) } else { String::new() };
    let threads = counted(results.threads, "thread");
    let text = format!(
        "check {}, compile {}, build {}, run {}{speed}; {threads}, {}, {}",
        time(timing.check_ms),
        time(timing.compile_ms),
        time(timing.build_ms),
        time(timing.run_ms),
        results.engine,
        results.precision,
    );
    format!("{}\n", paint.dim(&text))
}

/// Of the clock on the wall.
pub fn time(milliseconds: f64) -> String {
    if milliseconds < 1000.0 {
        format!("{} ms", significant(milliseconds, 2))
    } else {
        format!("{} s", significant(milliseconds / 1000.0, 3))
    }
}

/// Of pictures that nobody asked to be written.
pub fn not_kept(plots: &[Plotted], paint: Paint) -> String {
    if plots.is_empty() {
        return String::new();
    }
    let drawn = counted(plots.len(), "picture");
    let text = format!("`plot` drew {drawn}: `--out DIR` or `--report FILE.html` writes what it draws");
    format!("{}\n", paint.dim(&text))
}

/// `1 thread`, `2 threads`
pub fn counted(count: usize, noun: &str) -> String {
    format!("{} {noun}{}", thousands(count as u64), if count == 1 { "" } else { "s" })
}

/// `12,500`
pub fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if 0 < index && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_numbers_are_grouped() {
        assert_eq!(thousands(15_625_000), "15,625,000");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(0), "0");
    }
}
