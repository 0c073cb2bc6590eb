//! Histograms, a panel for each: of the weights of projections, of what a `plot` names.
//!
//! In: counted numbers. Out: bars, with the mean marked. Panels stand two in a row.

use crate::axis::{Panel, hull};
use crate::svg::{Anchor, FAINT, INK, Letters, Svg, fitted};
use circ::quantity::significant;
use circ::show::{Projection, Range, Sign, Spread};

const WIDTH: f64 = 960.0;
const LEFT: f64 = 84.0;
const PANEL: (f64, f64) = (368.0, 150.0);
const APART: f64 = 108.0;
const TOP: f64 = 74.0;
/// More panels are not drawn, but counted.
const MOST_PANELS: usize = 12;

/// A histogram.
pub struct Bars<'a> {
    name: &'a str,
    /// `weight (nS)`
    along: String,
    /// What is counted.
    things: &'static str,
    count: u64,
    range: Range,
    counts: &'a [u64],
    colour: &'static str,
}

impl<'a> Bars<'a> {
    /// Of the weights of a projection.
    pub fn of_projection(it: &'a Projection) -> Bars<'a> {
        let colour = match it.sign {
            Some(Sign::Excitatory) => "#1f66b1",
            Some(Sign::Inhibitory) => "#c5402e",
            None => "#51606f",
        };
        let along = with_unit("weight", &it.weight_unit);
        let (things, count, range) = ("synapses", it.synapses, it.weights);
        Bars { name: &it.path, along, things, count, range, counts: &it.weight_counts, colour }
    }

    /// Of what a `plot` names.
    pub fn of_spread(it: &'a Spread) -> Bars<'a> {
        let (along, things, colour) = (with_unit("value", &it.unit), "values", "#51606f");
        Bars { name: &it.name, along, things, count: it.count, range: it.range, counts: &it.counts, colour }
    }
}

fn with_unit(what: &str, unit: &str) -> String {
    if unit.is_empty() { what.to_string() } else { format!("{what} ({unit})") }
}

/// Nothing where there is no histogram.
pub fn draw(title: &str, drawn: &[Bars]) -> Option<Svg> {
    if drawn.is_empty() {
        return None;
    }
    let rows = drawn.len().min(MOST_PANELS).div_ceil(2);
    let width = if drawn.len() == 1 { WIDTH - PANEL.0 - APART + 40.0 } else { WIDTH };
    let mut svg = Svg::new(width, TOP + rows as f64 * (PANEL.1 + 84.0) - 16.0);
    svg.text((LEFT, 26.0), title, Letters::new(15.0, Anchor::Start, INK).bold());
    if MOST_PANELS < drawn.len() {
        let more = format!("and {} more", drawn.len() - MOST_PANELS);
        svg.text((width - 24.0, 26.0), &more, Letters::new(11.0, Anchor::End, FAINT));
    }
    for (k, bars) in drawn.iter().take(MOST_PANELS).enumerate() {
        let left = LEFT + (k % 2) as f64 * (PANEL.0 + APART);
        let top = TOP + (k / 2) as f64 * (PANEL.1 + 84.0);
        panel(&mut svg, bars, (left, top));
    }
    Some(svg)
}

fn panel(svg: &mut Svg, bars: &Bars, (left, top): (f64, f64)) {
    let Range { least, mean, most } = bars.range;
    let highest = bars.counts.iter().copied().max().unwrap_or(0) as f64;
    let (_, hi) = hull([0.0, highest].into_iter());
    // Where all are one number it stands in the middle of something.
    let (from, to) = if least < most { (least, most) } else { hull([least].into_iter()) };
    let panel = Panel::new((left, top), PANEL, (from, to), (0.0, hi));
    panel.left_axis(svg, bars.things);
    let bar = (to - from) / bars.counts.len() as f64;
    for (k, count) in bars.counts.iter().enumerate().filter(|(_, count)| 0 < **count) {
        let start = panel.x.at(from + k as f64 * bar);
        let end = panel.x.at(from + (k + 1) as f64 * bar);
        let y = panel.y.at(*count as f64);
        svg.rect((start + 0.5, y), ((end - start - 1.0).max(0.8), panel.y.from - y), bars.colour);
    }
    let middle = panel.x.at(mean);
    svg.line((middle, top), (middle, top + PANEL.1), INK, 1.0);
    panel.bottom_axis(svg, &bars.along);
    svg.text(
        (left, top - 22.0),
        &fitted(bars.name, 12.0, PANEL.0),
        Letters::new(12.0, Anchor::Start, INK).bold(),
    );
    let note = format!("{} {}, mean {}", bars.count, bars.things, significant(mean, 3));
    svg.text((left, top - 8.0), &note, Letters::new(10.0, Anchor::Start, FAINT));
}
