//! The circuit as a picture: populations as cards, projections as lines with a number, and a table of what the numbers mean.
//!
//! In: populations, projections and drives. Out: SVG. Populations stand in columns: who sends stands left of who
//! receives, and those that reach one another stand in one column. A triangle excites, a bar inhibits, a ring is neither;
//! broken lines carry values. No library draws this well: those that lay out graphs bring no table, and these few
//! columns need no more than the order of the components.

use crate::colour;
use crate::svg::{Anchor, FAINT, GRID, INK, Letters, Svg, fitted, short, width_of};
use circ::quantity::significant;
use circ::show::{Diagram, Projection, Range, Sign};

const CARD: (f64, f64) = (164.0, 62.0);
const COLUMN: f64 = 300.0;
const ROW: f64 = 148.0;
const TOP: f64 = 96.0;
const ROW_OF_TABLE: f64 = 21.0;
/// More are not drawn, but counted.
const MOST_POPULATIONS: usize = 40;
const MOST_PROJECTIONS: usize = 80;

/// The picture.
pub fn draw(title: &str, diagram: &Diagram) -> Svg {
    let shown = diagram.populations.len().min(MOST_POPULATIONS);
    let is_shown = |projection: &&Projection| {
        projection.sources.iter().chain(&projection.targets).all(|it| (*it as usize) < shown)
    };
    let projections: Vec<&Projection> =
        diagram.projections.iter().filter(is_shown).take(MOST_PROJECTIONS).collect();
    let places = places(shown, &projections);
    let right = places.iter().map(|place| place.0).fold(0.0, f64::max) + CARD.0;
    let bottom = places.iter().map(|place| place.1).fold(TOP, f64::max) + CARD.1;
    let width = (right + 130.0).max(900.0);
    let shift = (width - right - 90.0) / 2.0;
    let places: Vec<(f64, f64)> = places.iter().map(|(x, y)| (x + shift, *y)).collect();
    let table_top = bottom + 90.0;
    let mut svg = Svg::new(width, table_top + ROW_OF_TABLE * projections.len() as f64 + 40.0);
    svg.text((28.0, 32.0), title, Letters::new(16.0, Anchor::Start, INK).bold());
    let left_out = (diagram.populations.len() - shown, diagram.projections.len() - projections.len());
    if left_out != (0, 0) {
        let note = format!("not shown: {} populations, {} projections", left_out.0, left_out.1);
        svg.text((width - 28.0, 32.0), &note, Letters::new(11.0, Anchor::End, FAINT));
    }
    let mut tags = Tags::default();
    for (number, projection) in projections.iter().enumerate() {
        for source in &projection.sources {
            for target in &projection.targets {
                let ends = (*source as usize, *target as usize);
                edge(&mut svg, &mut tags, &places, ends, number + 1, projection);
            }
        }
    }
    cards(&mut svg, diagram, &places);
    tags.draw(&mut svg);
    table(&mut svg, diagram, &projections, (table_top, width));
    svg
}

/// Left upper corners of the cards.
fn places(count: usize, projections: &[&Projection]) -> Vec<(f64, f64)> {
    let component = components(count, projections);
    let layers = layers(count, &component, projections);
    let most = layers.iter().copied().max().unwrap_or(0);
    let sizes: Vec<usize> =
        (0..=most).map(|layer| layers.iter().filter(|it| **it == layer).count()).collect();
    let mut filled = vec![0usize; most + 1];
    // A layer with more than six stands in several columns of about the same height.
    let columns = |layer: usize| sizes[layer].div_ceil(6).max(1);
    let rows = |layer: usize| sizes[layer].div_ceil(columns(layer)).max(1);
    let tallest = (0..=most).map(rows).max().unwrap_or(1);
    let first = |layer: usize| (0..layer).map(columns).sum::<usize>();
    (0..count)
        .map(|at| {
            let layer = layers[at];
            let place = filled[layer];
            filled[layer] += 1;
            let offset = (tallest - rows(layer)) as f64 * ROW / 2.0;
            let column = first(layer) + place / rows(layer);
            (90.0 + COLUMN * column as f64, TOP + offset + ROW * (place % rows(layer)) as f64)
        })
        .collect()
}

/// Who reaches whom, by walking from each: a picture has few populations.
fn components(count: usize, projections: &[&Projection]) -> Vec<usize> {
    let mut reaches = vec![vec![false; count]; count];
    for (at, row) in reaches.iter_mut().enumerate() {
        let mut open = vec![at];
        while let Some(from) = open.pop() {
            for projection in projections.iter().filter(|it| it.sources.contains(&(from as u32))) {
                for target in &projection.targets {
                    if !row[*target as usize] {
                        row[*target as usize] = true;
                        open.push(*target as usize);
                    }
                }
            }
        }
    }
    let together = |a: usize, b: usize| a == b || (reaches[a][b] && reaches[b][a]);
    (0..count).map(|at| (0..count).find(|other| together(*other, at)).unwrap_or(at)).collect()
}

/// The longest way to each component.
fn layers(count: usize, component: &[usize], projections: &[&Projection]) -> Vec<usize> {
    let mut layers = vec![0usize; count];
    // Without cycles between components, as many passes as there are components suffice.
    for _ in 0..count {
        for projection in projections {
            for source in &projection.sources {
                for target in &projection.targets {
                    let (a, b) = (component[*source as usize], component[*target as usize]);
                    if a != b {
                        layers[b] = layers[b].max(layers[a] + 1);
                    }
                }
            }
        }
    }
    (0..count).map(|at| layers[component[at]]).collect()
}

fn cards(svg: &mut Svg, diagram: &Diagram, places: &[(f64, f64)]) {
    let colours = colour::of(&diagram.populations);
    for (at, place) in places.iter().enumerate() {
        let population = &diagram.populations[at];
        let fill = match population.sign {
            Some(Sign::Excitatory) => "#eef5fc",
            Some(Sign::Inhibitory) => "#fdf0ed",
            None => "#f3f5f7",
        };
        svg.card(*place, CARD, fill, colours[at]);
        let middle = place.0 + CARD.0 / 2.0;
        let name = fitted(&population.path, 14.0, CARD.0 - 16.0);
        svg.text((middle, place.1 + 25.0), &name, Letters::new(14.0, Anchor::Middle, colours[at]).bold());
        let cells =
            if population.cells == 1 { "1 cell".to_string() } else { format!("{} cells", population.cells) };
        let of = fitted(&format!("{cells} · {}", population.cell), 11.0, CARD.0 - 12.0);
        svg.text((middle, place.1 + 45.0), &of, Letters::new(11.0, Anchor::Middle, FAINT));
        let drives = diagram.drives.iter().filter(|drive| drive.targets.contains(&(at as u32)));
        let drives: Vec<String> = drives.map(|drive| format!("{} ({})", drive.path, drive.kind)).collect();
        if !drives.is_empty() {
            let text = fitted(&format!("→ {}", drives.join(", ")), 10.0, CARD.0 + 60.0);
            svg.text(
                (place.0 + 4.0, place.1 + CARD.1 + 15.0),
                &text,
                Letters::new(10.0, Anchor::Start, FAINT),
            );
        }
    }
}

fn stroke(projection: &Projection) -> &'static str {
    match projection.sign {
        Some(Sign::Excitatory) => "#1f66b1",
        Some(Sign::Inhibitory) => "#c5402e",
        None => "#66727f",
    }
}

/// Numbers on lines, drawn last, none upon another.
#[derive(Default)]
struct Tags {
    placed: Vec<((f64, f64), usize, &'static str)>,
}

impl Tags {
    /// The first of some places along a curve where no other tag stands.
    fn place(&mut self, curve: [(f64, f64); 4], number: usize, colour: &'static str) {
        let free = |at: (f64, f64)| {
            self.placed.iter().all(|(other, ..)| (other.0 - at.0).abs().max((other.1 - at.1).abs()) >= 19.0)
        };
        let shares = [0.5, 0.4, 0.6, 0.32, 0.68, 0.25, 0.75, 0.45, 0.55];
        let all = shares.map(|share| along(curve, share));
        let at = all.into_iter().find(|at| free(*at)).unwrap_or(all[0]);
        self.placed.push((at, number, colour));
    }

    fn draw(&self, svg: &mut Svg) {
        for ((x, y), number, colour) in &self.placed {
            tag(svg, (*x, *y), *number, colour);
        }
    }
}

fn tag(svg: &mut Svg, (x, y): (f64, f64), number: usize, colour: &'static str) {
    let text = number.to_string();
    let width = width_of(&text, 10.0).max(8.0) + 10.0;
    svg.card((x - width / 2.0, y - 8.5), (width, 17.0), "#ffffff", colour);
    svg.text((x, y + 3.8), &text, Letters::new(10.0, Anchor::Middle, colour).bold());
}

fn along([a, b, c, d]: [(f64, f64); 4], t: f64) -> (f64, f64) {
    let s = 1.0 - t;
    let mix = |a: f64, b: f64, c: f64, d: f64| {
        s * s * s * a + 3.0 * s * s * t * b + 3.0 * s * t * t * c + t * t * t * d
    };
    (mix(a.0, b.0, c.0, d.0), mix(a.1, b.1, c.1, d.1))
}

/// A line from one card to another, or around one.
fn edge(
    svg: &mut Svg,
    tags: &mut Tags,
    places: &[(f64, f64)],
    (source, target): (usize, usize),
    number: usize,
    projection: &Projection,
) {
    let colour = stroke(projection);
    let curve = curve(places, source, target, number);
    let [a, b, c, d] = curve.map(|(x, y)| format!("{} {}", short(x), short(y)));
    let dashes = if projection.flows { r#" stroke-dasharray="6 4""# } else { "" };
    let style = format!(r#"fill="none" stroke="{colour}" stroke-width="1.7"{dashes}"#);
    svg.path(&format!("M{a}C{b} {c} {d}"), &style);
    head(svg, curve[2], curve[3], projection.sign, colour);
    tags.place(curve, number, colour);
}

fn curve(places: &[(f64, f64)], source: usize, target: usize, number: usize) -> [(f64, f64); 4] {
    let ((x1, y1), (x2, y2)) = (places[source], places[target]);
    let (wide, high) = CARD;
    // Lines of different projections between the same cards lie apart.
    let apart = (number % 4) as f64 * 13.0;
    if source == target {
        let from = x1 + wide - 14.0 - (number % 3) as f64 * 10.0;
        let up = 40.0 + apart;
        return [(from, y1), (from + 14.0, y1 - up), (from - 74.0, y1 - up), (from - 52.0, y1 - 3.0)];
    }
    if (x1 - x2).abs() < 1.0 {
        // In one column: down on the right, up on the left.
        let down = y1 < y2;
        let side = if down { x1 + wide } else { x1 };
        let bow = if down { 46.0 + apart } else { -46.0 - apart };
        let bow = bow * (1.0 + 0.35 * (((y1 - y2).abs() / ROW) - 1.0).max(0.0));
        let (from, to) = (y1 + high * if down { 0.7 } else { 0.3 }, y2 + high * if down { 0.3 } else { 0.7 });
        return [(side, from), (side + bow, from), (side + bow, to), (side + 3.0 * bow.signum(), to)];
    }
    let rightward = x1 < x2;
    let (from, to) = if rightward { (x1 + wide, x2 - 3.0) } else { (x1, x2 + wide + 3.0) };
    let reach = if rightward { 70.0 } else { -70.0 };
    let (shift, back) = (apart - 20.0, if rightward { 0.0 } else { 26.0 });
    let (start, end) = (y1 + high / 2.0 + shift * 0.5 + back, y2 + high / 2.0 + shift * 0.5 + back);
    [(from, start), (from + reach, start + shift), (to - reach, end + shift), (to, end)]
}

/// At the end of a line that comes from `before`.
fn head(svg: &mut Svg, before: (f64, f64), tip: (f64, f64), sign: Option<Sign>, colour: &str) {
    let (dx, dy) = (tip.0 - before.0, tip.1 - before.1);
    let length = (dx * dx + dy * dy).sqrt().max(1e-6);
    let (ux, uy) = (dx / length, dy / length);
    let at = |along: f64, across: f64| {
        format!("{} {}", short(tip.0 - ux * along - uy * across), short(tip.1 - uy * along + ux * across))
    };
    match sign {
        Some(Sign::Excitatory) => {
            let path = format!("M{}L{}L{}Z", at(-2.0, 0.0), at(8.0, 5.0), at(8.0, -5.0));
            svg.path(&path, &format!(r#"fill="{colour}""#));
        }
        Some(Sign::Inhibitory) => {
            let path = format!("M{}L{}", at(1.0, 7.0), at(1.0, -7.0));
            svg.path(&path, &format!(r#"fill="none" stroke="{colour}" stroke-width="3.2""#));
        }
        None => svg.circle((tip.0 - ux * 3.0, tip.1 - uy * 3.0), 4.2, colour),
    }
}

fn table(svg: &mut Svg, diagram: &Diagram, projections: &[&Projection], (top, width): (f64, f64)) {
    let columns = [34.0, 66.0, 0.20 * width, 0.48 * width, 0.60 * width, 0.80 * width, 0.92 * width];
    let letters = Letters::new(11.0, Anchor::Start, FAINT);
    let heads = ["", "projection", "from → to", "synapses", "weight", "delay", "learns"];
    let learns = projections.iter().any(|it| it.rule.as_ref().is_some_and(|rule| !rule.is_empty()));
    for (x, text) in columns.iter().zip(heads).take(heads.len() - usize::from(!learns)) {
        svg.text((*x, top - 10.0), text, letters);
    }
    svg.line((28.0, top - 2.0), (width - 28.0, top - 2.0), GRID, 1.0);
    let names = |which: &[u32]| {
        let all: Vec<&str> = which.iter().map(|it| diagram.populations[*it as usize].path.as_str()).collect();
        if all.len() == 1 { all[0].to_string() } else { format!("({})", all.join(", ")) }
    };
    for (k, projection) in projections.iter().enumerate() {
        let y = top + ROW_OF_TABLE * k as f64 + 16.0;
        tag(svg, (44.0, y - 4.0), k + 1, stroke(projection));
        let way =
            format!("{} → {}.{}", names(&projection.sources), names(&projection.targets), projection.port);
        let weight = range(&projection.weights, &projection.weight_unit);
        let delay = range(&projection.delays_ms, "ms");
        let texts = [
            projection.path.clone(),
            way,
            projection.synapses.to_string(),
            weight,
            delay,
            projection.rule.clone().filter(|rule| !rule.is_empty()).unwrap_or_default(),
        ];
        for (column, text) in texts.iter().enumerate() {
            let room = columns.get(column + 2).unwrap_or(&(width - 20.0)) - columns[column + 1] - 10.0;
            let letters = Letters::new(11.5, Anchor::Start, INK);
            svg.text((columns[column + 1], y), &fitted(text, 11.5, room), letters);
        }
    }
}

/// `0.5 nS`, or `0.1 to 0.9 nS`.
pub fn range(range: &Range, unit: &str) -> String {
    let text = match range.least == range.most {
        true => significant(range.least, 3),
        false => format!("{} to {}", significant(range.least, 3), significant(range.most, 3)),
    };
    format!("{text} {unit}").trim().to_string()
}
