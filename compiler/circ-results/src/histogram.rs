//! Histograms of weights, a panel for each projection whose weights differ.
//!
//! In: counted weights. Out: bars, with the mean marked. Panels stand two in a row.

use crate::axis::{Panel, hull};
use crate::svg::{Anchor, FAINT, INK, Letters, Svg, fitted};
use circ::quantity::significant;
use circ::show::{Projection, Sign};

const WIDTH: f64 = 960.0;
const LEFT: f64 = 84.0;
const PANEL: (f64, f64) = (368.0, 150.0);
const APART: f64 = 108.0;
const TOP: f64 = 74.0;
/// More panels are not drawn, but counted.
const MOST_PANELS: usize = 12;

/// Nothing where all weights of every projection are one number.
pub fn draw(title: &str, projections: &[Projection]) -> Option<Svg> {
    let drawn: Vec<&Projection> = projections.iter().filter(|it| !it.weight_counts.is_empty()).collect();
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
    for (k, projection) in drawn.iter().take(MOST_PANELS).enumerate() {
        let left = LEFT + (k % 2) as f64 * (PANEL.0 + APART);
        let top = TOP + (k / 2) as f64 * (PANEL.1 + 84.0);
        panel(&mut svg, projection, (left, top));
    }
    Some(svg)
}

fn panel(svg: &mut Svg, projection: &Projection, (left, top): (f64, f64)) {
    let weights = &projection.weights;
    let counts = &projection.weight_counts;
    let most = counts.iter().copied().max().unwrap_or(0) as f64;
    let (_, hi) = hull([0.0, most].into_iter());
    let panel = Panel::new((left, top), PANEL, (weights.least, weights.most), (0.0, hi));
    panel.left_axis(svg, "synapses");
    let colour = match projection.sign {
        Some(Sign::Excitatory) => "#1f66b1",
        Some(Sign::Inhibitory) => "#c5402e",
        None => "#51606f",
    };
    let bar = (weights.most - weights.least) / counts.len() as f64;
    for (k, count) in counts.iter().enumerate().filter(|(_, count)| 0 < **count) {
        let from = panel.x.at(weights.least + k as f64 * bar);
        let to = panel.x.at(weights.least + (k + 1) as f64 * bar);
        let y = panel.y.at(*count as f64);
        svg.rect((from + 0.5, y), ((to - from - 1.0).max(0.8), panel.y.from - y), colour);
    }
    let mean = panel.x.at(weights.mean);
    svg.line((mean, top), (mean, top + PANEL.1), INK, 1.0);
    let unit = if projection.weight_unit.is_empty() {
        "weight".to_string()
    } else {
        format!("weight ({})", projection.weight_unit)
    };
    panel.bottom_axis(svg, &unit);
    svg.text(
        (left, top - 22.0),
        &fitted(&projection.path, 12.0, PANEL.0),
        Letters::new(12.0, Anchor::Start, INK).bold(),
    );
    let note = format!("{} synapses, mean {}", projection.synapses, significant(weights.mean, 3));
    svg.text((left, top - 8.0), &note, Letters::new(10.0, Anchor::Start, FAINT));
}
