//! Sweeps as pictures: what was reported against what was swept.
//!
//! In: the table of a sweep. Out: for each report a panel: a line over one axis, a heat map over two. What is swept besides,
//! such as seeds, is averaged over, and the single values are shown as dots.

use crate::axis::{Panel, hull, label};
use crate::colour::heat;
use crate::svg::{Anchor, FAINT, INK, Letters, Svg, fitted};
use circ::quantity::significant;

const WIDTH: f64 = 720.0;
const LEFT: f64 = 96.0;
const PANEL: (f64, f64) = (520.0, 260.0);
const TOP: f64 = 66.0;
const NEXT: f64 = 360.0;
const MOST_PANELS: usize = 8;

/// A column of numbers.
struct Numbers<'a> {
    name: &'a str,
    values: Vec<f64>,
}

/// `swept`: how many of the columns are axes. Nothing where no report is a number, or nothing has two values.
pub fn draw(title: &str, header: &[String], rows: &[Vec<String>], swept: usize) -> Option<Svg> {
    let column =
        |at: usize| Numbers { name: &header[at], values: rows.iter().map(|row| number(&row[at])).collect() };
    let axes: Vec<Numbers> = (0..swept)
        .filter(|at| !matches!(header[*at].as_str(), "seed"))
        .map(column)
        .filter(|axis| 1 < distinct(&axis.values).len() && axis.values.iter().all(|x| x.is_finite()))
        .take(2)
        .collect();
    // The last two columns say how the points ended.
    let reports: Vec<Numbers> = (swept..header.len().saturating_sub(2))
        .map(column)
        .filter(|report| report.values.iter().any(|x| x.is_finite()))
        .take(MOST_PANELS)
        .collect();
    if axes.is_empty() || reports.is_empty() {
        return None;
    }
    let mut svg = Svg::new(WIDTH, TOP + NEXT * reports.len() as f64);
    svg.text((LEFT, 26.0), title, Letters::new(15.0, Anchor::Start, INK).bold());
    for (k, report) in reports.iter().enumerate() {
        let top = TOP + NEXT * k as f64;
        let name = fitted(report.name, 12.0, PANEL.0);
        svg.text((LEFT, top - 12.0), &name, Letters::new(12.0, Anchor::Start, INK).bold());
        match axes.as_slice() {
            [one] => line(&mut svg, one, report, top),
            [first, second, ..] => map(&mut svg, first, second, report, top),
            [] => {}
        }
    }
    Some(svg)
}

fn number(text: &str) -> f64 {
    match text {
        "true" => 1.0,
        "false" => 0.0,
        _ => text.parse().unwrap_or(f64::NAN),
    }
}

/// Ascending.
fn distinct(values: &[f64]) -> Vec<f64> {
    let mut all: Vec<f64> = values.to_vec();
    all.sort_by(f64::total_cmp);
    all.dedup();
    all
}

/// Of the numbers that there are.
fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) =
        values.filter(|x| x.is_finite()).fold((0.0, 0.0), |(sum, count), x| (sum + x, count + 1.0));
    sum / count
}

fn line(svg: &mut Svg, axis: &Numbers, report: &Numbers, top: f64) {
    let at = distinct(&axis.values);
    let panel = Panel::new((LEFT, top), PANEL, hull(at.iter().copied()), hull(report.values.iter().copied()));
    panel.left_axis(svg, "");
    panel.bottom_axis(svg, axis.name);
    let pairs = || axis.values.iter().zip(&report.values);
    for (x, y) in pairs().filter(|(_, y)| y.is_finite()) {
        svg.circle((panel.x.at(*x), panel.y.at(*y)), 2.6, "#9cc3ea");
    }
    let means: Vec<(f64, f64)> =
        at.iter().map(|x| (*x, mean(pairs().filter(|(of, _)| *of == x).map(|(_, y)| *y)))).collect();
    svg.polyline(means.iter().map(|(x, y)| (panel.x.at(*x), panel.y.at(*y))), "#1f66b1", 2.0);
    for (x, y) in means.iter().filter(|(_, y)| y.is_finite()) {
        svg.circle((panel.x.at(*x), panel.y.at(*y)), 3.4, "#1f66b1");
    }
}

fn map(svg: &mut Svg, across: &Numbers, up: &Numbers, report: &Numbers, top: f64) {
    let (columns, rows) = (distinct(&across.values), distinct(&up.values));
    let (width, height) = (PANEL.0 / columns.len() as f64, PANEL.1 / rows.len() as f64);
    let cell = |x: f64, y: f64| {
        let of = across.values.iter().zip(&up.values).zip(&report.values);
        mean(of.filter(|((a, b), _)| **a == x && **b == y).map(|(_, value)| *value))
    };
    let values: Vec<Vec<f64>> = rows.iter().map(|y| columns.iter().map(|x| cell(*x, *y)).collect()).collect();
    let finite = || values.iter().flatten().copied().filter(|x| x.is_finite());
    let (lo, hi) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
    for (r, row) in values.iter().enumerate() {
        for (c, value) in row.iter().enumerate() {
            let share = if lo < hi { (value - lo) / (hi - lo) } else { 0.5 };
            let colour = if value.is_finite() { heat(share) } else { "#eeeeee".to_string() };
            let place = (LEFT + c as f64 * width, top + PANEL.1 - (r + 1) as f64 * height);
            svg.rect(place, (width + 0.3, height + 0.3), &colour);
            if 46.0 < width && 18.0 < height {
                let ink = if 0.55 < share { "#ffffff" } else { INK };
                let middle = (place.0 + width / 2.0, place.1 + height / 2.0 + 4.0);
                let text = if value.is_finite() { significant(*value, 3) } else { "–".to_string() };
                svg.text(middle, &text, Letters::new(11.0, Anchor::Middle, ink));
            }
        }
    }
    let numbers = |values: &[f64], room: f64, least: f64| {
        let every = (least / room).ceil().max(1.0) as usize;
        let step = values.windows(2).map(|pair| pair[1] - pair[0]).fold(f64::INFINITY, f64::min);
        values.iter().enumerate().step_by(every).map(|(k, x)| (k, label(*x, step))).collect::<Vec<_>>()
    };
    for (c, text) in numbers(&columns, width, 56.0) {
        let at = (LEFT + (c as f64 + 0.5) * width, top + PANEL.1 + 18.0);
        svg.text(at, &text, Letters::new(11.0, Anchor::Middle, FAINT));
    }
    for (r, text) in numbers(&rows, height, 16.0) {
        let at = (LEFT - 8.0, top + PANEL.1 - (r as f64 + 0.5) * height + 4.0);
        svg.text(at, &text, Letters::new(11.0, Anchor::End, FAINT));
    }
    let letters = Letters::new(12.0, Anchor::Middle, INK);
    svg.text((LEFT + PANEL.0 / 2.0, top + PANEL.1 + 38.0), across.name, letters);
    svg.turned((LEFT - 62.0, top + PANEL.1 / 2.0), up.name, letters, -90.0);
    bar(svg, (lo, hi), top);
}

/// What the colours mean.
fn bar(svg: &mut Svg, (lo, hi): (f64, f64), top: f64) {
    let left = LEFT + PANEL.0 + 22.0;
    for k in 0..52 {
        let share = f64::from(k) / 51.0;
        svg.rect((left, top + PANEL.1 - f64::from(k + 1) * 5.0), (14.0, 5.3), &heat(share));
    }
    let letters = Letters::new(11.0, Anchor::Start, FAINT);
    svg.text((left + 20.0, top + 10.0), &significant(hi, 3), letters);
    svg.text((left + 20.0, top + PANEL.1), &significant(lo, 3), letters);
}
