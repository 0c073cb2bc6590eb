//! A raster of spikes with the rates of populations below it.
//!
//! In: populations with their spikes. Out: a band for each, its height by its cells, and one line of rate each. A row of
//! marks is one cell: of many cells evenly spaced ones are shown, so that what looks like a pattern is one.

use crate::axis::{Panel, hull, step};
use crate::svg::{AXIS, Anchor, FAINT, INK, Letters, Svg, fitted, short};
use circ::quantity::significant;
use std::fmt::Write;

/// Spikes of a population.
pub struct Band<'a> {
    pub name: &'a str,
    pub cells: u32,
    pub colour: &'static str,
    /// (tick, cell), ascending.
    pub spikes: &'a [(i64, u32)],
}

const WIDTH: f64 = 960.0;
const LEFT: f64 = 128.0;
const RIGHT: f64 = 24.0;
const TOP: f64 = 48.0;
const BANDS: f64 = 420.0;
const LEAST_BAND: f64 = 22.0;
const GAP: f64 = 6.0;
const RATES: f64 = 120.0;
/// More populations are not drawn, but counted.
const MOST_BANDS: usize = 14;
/// More marks of a band are too many to see.
const MOST_MARKS: usize = 20_000;
/// Pixels from row to row.
const ROW: f64 = 2.2;
/// Marks of a row that are nearer to each other, in pixels, are one: however long a run is, there are not more than can be seen.
const NEAREST: f64 = 0.4;

/// What becomes of populations without spikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silent {
    Shown,
    LeftOut,
}

/// The picture of a run of so many ticks of `dt` ms.
pub fn draw(title: &str, bands: &[Band], ticks: i64, dt: f64, silent: Silent) -> Option<Svg> {
    let is_drawn = |band: &&Band| silent == Silent::Shown || !band.spikes.is_empty();
    let drawn: Vec<&Band> = bands.iter().filter(is_drawn).collect();
    if drawn.is_empty() || ticks <= 0 {
        return None;
    }
    let left_out = drawn.len().saturating_sub(MOST_BANDS);
    let drawn = &drawn[..drawn.len().min(MOST_BANDS)];
    let heights = heights(drawn);
    let all = heights.iter().sum::<f64>() + GAP * (drawn.len() - 1) as f64;
    let mut svg = Svg::new(WIDTH, TOP + all + 34.0 + RATES + 52.0);
    svg.text((LEFT, 26.0), title, Letters::new(15.0, Anchor::Start, INK).bold());
    let end = ticks as f64 * dt;
    let width = WIDTH - LEFT - RIGHT;
    let mut top = TOP;
    for (band, height) in drawn.iter().zip(&heights) {
        let panel = Panel::new((LEFT, top), (width, *height), (0.0, end), (0.0, 1.0));
        marks(&mut svg, band, &panel, *height, dt);
        svg.line((LEFT, top), (LEFT, top + height), AXIS, 1.0);
        let name = fitted(band.name, 12.0, LEFT - 20.0);
        let middle = top + height / 2.0;
        let letters = Letters::new(12.0, Anchor::End, band.colour).bold();
        svg.text((LEFT - 10.0, middle + if 34.0 < *height { -2.0 } else { 4.0 }), &name, letters);
        if 34.0 < *height {
            let cells = format!("{} cells", band.cells);
            svg.text((LEFT - 10.0, middle + 13.0), &cells, Letters::new(10.0, Anchor::End, FAINT));
        }
        top += height + GAP;
    }
    if 0 < left_out {
        let more = format!("and {left_out} more populations");
        svg.text((WIDTH - RIGHT, 26.0), &more, Letters::new(11.0, Anchor::End, FAINT));
    }
    rates(&mut svg, drawn, (top - GAP + 34.0, width), (ticks, dt));
    Some(svg)
}

/// By the share of the cells, none too small.
fn heights(bands: &[&Band]) -> Vec<f64> {
    let cells: f64 = bands.iter().map(|band| f64::from(band.cells)).sum();
    let room = BANDS - GAP * (bands.len() - 1) as f64;
    let wanted = |band: &&Band| (room * f64::from(band.cells) / cells).max(LEAST_BAND);
    let wanted: Vec<f64> = bands.iter().map(wanted).collect();
    // A few cells need no more than some pixels each.
    bands
        .iter()
        .zip(wanted)
        .map(|(band, height)| height.min((f64::from(band.cells) * 14.0).max(LEAST_BAND)))
        .collect()
}

fn marks(svg: &mut Svg, band: &Band, panel: &Panel, height: f64, dt: f64) {
    let rows = rows(band, height);
    let pitch = height / rows as f64;
    let length = (pitch * 0.82).clamp(2.0, 9.0);
    let mut path = String::new();
    let mut last = vec![f64::NEG_INFINITY; rows as usize];
    for (tick, cell) in band.spikes {
        let Some(row) = row_of(*cell, band.cells, rows) else { continue };
        let x = panel.x.at(*tick as f64 * dt);
        if x - last[row as usize] < NEAREST {
            continue;
        }
        last[row as usize] = x;
        // The first cell stands at the bottom, as the numbers of an axis would.
        let y = panel.y.from - (row as f64 + 0.5) * pitch - length / 2.0;
        let _ = write!(path, "M{} {}v{}", short(x), short(y), short(length));
    }
    let width = if 4.0 < pitch { 1.4 } else { 1.7 };
    svg.path(&path, &format!(r#"fill="none" stroke="{}" stroke-width="{width}""#, band.colour));
}

fn rows(band: &Band, height: f64) -> u64 {
    let by_height = ((height / ROW) as u64).clamp(1, u64::from(band.cells.max(1)));
    let by_marks = MOST_MARKS as u64 * u64::from(band.cells) / band.spikes.len().max(1) as u64;
    by_height.min(by_marks.max(8)).clamp(1, u64::from(band.cells.max(1)))
}

/// The row of a cell, for the evenly spaced cells that have one.
fn row_of(cell: u32, cells: u32, rows: u64) -> Option<u64> {
    let (cell, cells) = (u64::from(cell), u64::from(cells.max(1)));
    let row = (cell * rows).div_ceil(cells);
    (row < rows && row * cells / rows == cell).then_some(row)
}

fn rates(svg: &mut Svg, bands: &[&Band], (top, width): (f64, f64), (ticks, dt): (i64, f64)) {
    let end = ticks as f64 * dt;
    let bin_ms = step((end / 200.0).max(dt).max(1.0)).max(dt);
    let bin_ticks = ((bin_ms / dt).round() as i64).max(1);
    let bins = (ticks / bin_ticks).max(1) as usize;
    let of = |band: &Band| {
        let mut counts = vec![0u64; bins];
        for (tick, _) in band.spikes {
            let bin = ((tick - 1).max(0) / bin_ticks) as usize;
            if let Some(count) = counts.get_mut(bin) {
                *count += 1;
            }
        }
        let per_hertz = f64::from(band.cells) * bin_ticks as f64 * dt / 1000.0;
        counts.into_iter().map(|count| count as f64 / per_hertz).collect::<Vec<f64>>()
    };
    let all: Vec<Vec<f64>> = bands.iter().map(|band| of(band)).collect();
    let (_, hi) = hull(all.iter().flatten().copied().chain([0.0]));
    let panel = Panel::new((LEFT, top), (width, RATES), (0.0, end), (0.0, hi));
    panel.left_axis(svg, "rate (Hz)");
    panel.bottom_axis(svg, "time (ms)");
    for (band, rates) in bands.iter().zip(&all) {
        let middle = |bin: usize| (bin as f64 + 0.5) * bin_ticks as f64 * dt;
        let points = rates.iter().enumerate().map(|(bin, rate)| (panel.x.at(middle(bin)), panel.y.at(*rate)));
        svg.polyline(points, band.colour, 1.4);
    }
    let note = format!("bins of {} ms", significant(bin_ticks as f64 * dt, 3));
    svg.text((LEFT + width, top - 8.0), &note, Letters::new(10.0, Anchor::End, FAINT));
}
