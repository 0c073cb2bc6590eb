//! Traces: what was recorded through time, a panel for each variable of a population.
//!
//! In: sampled values. Out: lines above one axis of time. Of many cells the first few are drawn.

use crate::axis::{Panel, hull};
use crate::colour::LINES;
use crate::svg::{Anchor, FAINT, INK, Letters, Svg, fitted};
use circ::show::Trace;

const WIDTH: f64 = 960.0;
const LEFT: f64 = 84.0;
const RIGHT: f64 = 110.0;
const TOP: f64 = 44.0;
const PANEL: f64 = 138.0;
const GAP: f64 = 46.0;
/// More panels are not drawn, but counted.
const MOST_PANELS: usize = 10;

/// Nothing where nothing was sampled.
pub fn draw(title: &str, traces: &[Trace]) -> Option<Svg> {
    let drawn: Vec<&Trace> = traces.iter().filter(|trace| 1 < trace.times_ms.len()).collect();
    if drawn.is_empty() {
        return None;
    }
    let panels = drawn.len().min(MOST_PANELS);
    let mut svg = Svg::new(WIDTH, TOP + panels as f64 * (PANEL + GAP) + 26.0);
    svg.text((LEFT, 22.0), title, Letters::new(15.0, Anchor::Start, INK).bold());
    if MOST_PANELS < drawn.len() {
        let more = format!("and {} more", drawn.len() - MOST_PANELS);
        svg.text((WIDTH - 24.0, 22.0), &more, Letters::new(11.0, Anchor::End, FAINT));
    }
    let times = drawn.iter().flat_map(|trace| [trace.times_ms[0], trace.times_ms[trace.times_ms.len() - 1]]);
    let (lo, hi) = times.fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), t| (lo.min(t), hi.max(t)));
    for (k, trace) in drawn.iter().take(MOST_PANELS).enumerate() {
        let top = TOP + k as f64 * (PANEL + GAP) + 12.0;
        panel(&mut svg, trace, (lo, hi), top, k + 1 == panels);
    }
    Some(svg)
}

fn panel(svg: &mut Svg, trace: &Trace, time: (f64, f64), top: f64, is_last: bool) {
    let width = WIDTH - LEFT - RIGHT;
    let lines = trace.lines.len().min(LINES.len());
    let drawn = &trace.lines[..lines];
    let range = hull(drawn.iter().flat_map(|line| line.values.iter().copied()));
    let panel = Panel::new((LEFT, top), (width, PANEL), time, range);
    panel.left_axis(svg, &trace.unit);
    panel.bottom_axis(svg, if is_last { "time (ms)" } else { "" });
    svg.text((LEFT, top - 7.0), &fitted(&trace.name, 12.0, width), Letters::new(12.0, Anchor::Start, INK));
    for (k, line) in drawn.iter().enumerate() {
        let points = trace.times_ms.iter().zip(&line.values);
        svg.polyline(points.map(|(t, value)| (panel.x.at(*t), panel.y.at(*value))), LINES[k], 1.2);
        if !line.name.is_empty() {
            let y = top + 10.0 + 16.0 * k as f64;
            svg.line((LEFT + width + 12.0, y - 4.0), (LEFT + width + 28.0, y - 4.0), LINES[k], 2.0);
            let name = fitted(&line.name, 11.0, RIGHT - 44.0);
            svg.text((LEFT + width + 33.0, y), &name, Letters::new(11.0, Anchor::Start, FAINT));
        }
    }
    if 0 < trace.left_out {
        let note = format!("{} more", trace.left_out);
        let y = top + 10.0 + 16.0 * lines as f64;
        svg.text((LEFT + width + 12.0, y.min(top + PANEL)), &note, Letters::new(10.0, Anchor::Start, FAINT));
    }
}
