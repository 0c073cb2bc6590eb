//! Explain: a window as people read it.
//!
//! In: the changes of a weight. Out: lines of a table, and a curve below it.

use super::window::Window;
use crate::quantity::{Grid, significant, unit};
use circ_compiler::types::Dimension;

/// Sizes of the curve, the smallest first.
const SIZES: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// What begins it and its three lines.
pub fn lines(window: &Window, dt: f64, dimension: Dimension) -> Vec<String> {
    let unit = unit(dimension);
    let number = |value: f64, digits| significant(value * unit.per_coherent, digits);
    let with_unit = |value, digits| format!("{} {}", number(value, digits), unit.name).trim_end().to_string();
    let grid = Grid::new(dt);
    let mean = |is: bool, what: &str| if is { format!("mean {what}") } else { what.to_string() };
    let event = if window.event == "spike" { "one".to_string() } else { format!("one `{}`", window.event) };
    let mut lines = vec![format!(
        "window: what one spike and {event} of the target do to a {} of {} ({} {} ms, back {} ms)",
        mean(window.mean_weight, "weight"),
        with_unit(window.weight, 4),
        mean(window.mean_delay, "delay"),
        grid.time(window.axonal),
        grid.time(window.back),
    )];
    let largest = window.points.iter().map(|(_, change)| change.abs()).fold(0.0, f64::max);
    let heads = ["post - pre, ms".to_string(), format!("change, {}", unit.name), "curve".to_string()];
    let heads = heads.map(|head| head.trim_end_matches(", ").to_string());
    let columns: Vec<[String; 3]> = window
        .points
        .iter()
        .map(|(ticks, change)| [grid.time(*ticks), number(*change, 3), bar(*change, largest)])
        .collect();
    let broad = |texts: &[String; 3]| texts.iter().map(|text| text.chars().count()).max().unwrap_or(0);
    for (row, head) in heads.iter().enumerate() {
        let mut line = format!("  {head:<16}");
        for column in &columns {
            line += &format!("  {:>broad$}", column[row], broad = broad(column));
        }
        lines.push(line);
    }
    let [source, target] = window.alone;
    if source != 0.0 || target != 0.0 {
        let (source, target) = (with_unit(source, 3), with_unit(target, 3));
        lines.push(format!("  alone, the spike changes it by {source}, that of the target by {target}"));
    }
    lines
}

/// `+█` for the largest step up, `-▁` for a small one down.
fn bar(change: f64, largest: f64) -> String {
    if change == 0.0 || !(change / largest).is_finite() {
        return "·".into();
    }
    let size = ((change.abs() / largest * SIZES.len() as f64).ceil() as usize).clamp(1, SIZES.len());
    format!("{}{}", if change < 0.0 { '-' } else { '+' }, SIZES[size - 1])
}
