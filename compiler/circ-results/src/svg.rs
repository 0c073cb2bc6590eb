//! Svg: a picture as text, mark by mark.
//!
//! In: lines, rectangles, paths and texts in pixels. Out: one SVG document with a white background. Numbers have at most two
//! decimals: a hundredth of a pixel is not seen, and files stay small.

use std::fmt::Write;

/// Names of letters, the widest known first to last.
const FONT: &str = "'DejaVu Sans', 'Helvetica Neue', Helvetica, Arial, sans-serif";

/// A picture.
#[derive(Clone, Debug)]
pub struct Svg {
    pub width: f64,
    pub height: f64,
    body: String,
}

/// Which part of a text stands at its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

/// How a text looks.
#[derive(Clone, Copy, Debug)]
pub struct Letters {
    pub size: f64,
    pub anchor: Anchor,
    pub fill: &'static str,
    pub bold: bool,
}

pub const INK: &str = "#1d2733";
pub const FAINT: &str = "#66727f";
pub const GRID: &str = "#e4e8ec";
pub const AXIS: &str = "#9aa5b1";

impl Letters {
    pub const fn new(size: f64, anchor: Anchor, fill: &'static str) -> Letters {
        Letters { size, anchor, fill, bold: false }
    }

    pub const fn bold(self) -> Letters {
        Letters { bold: true, ..self }
    }
}

impl Svg {
    pub fn new(width: f64, height: f64) -> Svg {
        Svg { width, height, body: String::new() }
    }

    pub fn rect(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), fill: &str) {
        let [x, y, width, height] = [x, y, width, height].map(short);
        let _ =
            writeln!(self.body, r#"<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="{fill}"/>"#);
    }

    /// With round corners and a border.
    pub fn card(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), fill: &str, border: &str) {
        let [x, y, width, height] = [x, y, width, height].map(short);
        let _ = writeln!(
            self.body,
            r#"<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="8" fill="{fill}" stroke="{border}" stroke-width="1.5"/>"#
        );
    }

    pub fn line(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64), stroke: &str, width: f64) {
        let [x1, y1, x2, y2, width] = [x1, y1, x2, y2, width].map(short);
        let _ = writeln!(
            self.body,
            r#"<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{stroke}" stroke-width="{width}"/>"#
        );
    }

    /// A line through points; where one is no number, the line is broken.
    pub fn polyline(&mut self, points: impl Iterator<Item = (f64, f64)>, stroke: &str, width: f64) {
        let (mut path, mut pen_is_down) = (String::new(), false);
        for (x, y) in points {
            if !(x.is_finite() && y.is_finite()) {
                pen_is_down = false;
                continue;
            }
            let _ = write!(path, "{}{} {}", if pen_is_down { "L" } else { "M" }, short(x), short(y));
            pen_is_down = true;
        }
        self.path(
            &path,
            &format!(
                r#"fill="none" stroke="{stroke}" stroke-width="{}" stroke-linejoin="round""#,
                short(width)
            ),
        );
    }

    pub fn path(&mut self, path: &str, style: &str) {
        if !path.is_empty() {
            let _ = writeln!(self.body, r#"<path d="{path}" {style}/>"#);
        }
    }

    pub fn circle(&mut self, (x, y): (f64, f64), radius: f64, fill: &str) {
        let [x, y, radius] = [x, y, radius].map(short);
        let _ = writeln!(self.body, r#"<circle cx="{x}" cy="{y}" r="{radius}" fill="{fill}"/>"#);
    }

    pub fn text(&mut self, at: (f64, f64), text: &str, letters: Letters) {
        self.turned(at, text, letters, 0.0);
    }

    /// Turned by so many degrees, clockwise.
    pub fn turned(&mut self, (x, y): (f64, f64), text: &str, letters: Letters, degrees: f64) {
        let anchor = match letters.anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let [x, y, size, degrees] = [x, y, letters.size, degrees].map(short);
        let turn =
            if degrees == "0" { String::new() } else { format!(r#" transform="rotate({degrees} {x} {y})""#) };
        let weight = if letters.bold { r#" font-weight="600""# } else { "" };
        let _ = writeln!(
            self.body,
            r#"<text x="{x}" y="{y}" font-size="{size}" text-anchor="{anchor}" fill="{}"{weight}{turn}>{}</text>"#,
            letters.fill,
            escaped(text)
        );
    }

    /// The whole document.
    pub fn finish(&self) -> String {
        let [width, height] = [self.width, self.height].map(short);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" font-family=\"{FONT}\">\n<rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n{}</svg>\n",
            self.body
        )
    }
}

/// About how wide a text is.
pub fn width_of(text: &str, size: f64) -> f64 {
    let one = |c: char| match c {
        'i' | 'l' | 'j' | '.' | ',' | ' ' | '|' | '\'' | 'I' | 't' | 'f' | '(' | ')' => 0.38,
        'm' | 'w' | 'M' | 'W' | '→' | '×' => 0.9,
        _ => 0.63,
    };
    text.chars().map(one).sum::<f64>() * size
}

/// The text, or what of it has room, with dots. Which cells are meant, `[3]`, or what of them, `.exc`, is left where it can be: of
/// names that begin alike it is what tells them apart.
pub fn fitted(text: &str, size: f64, room: f64) -> String {
    if width_of(text, size) <= room {
        return text.to_string();
    }
    let end = tail(text).filter(|end| width_of(end, size) + 3.0 * size <= room).unwrap_or("");
    let room = room - width_of(end, size);
    let mut kept = String::new();
    for c in text[..text.len() - end.len()].chars() {
        kept.push(c);
        if room < width_of(&kept, size) + size {
            break;
        }
    }
    kept.pop();
    format!("{kept}…{end}")
}

/// `[0..50]` of `E[0..50]`, `.exc` of `E -> (E, I).exc`
fn tail(text: &str) -> Option<&str> {
    if text.ends_with(']') {
        return text.rfind('[').map(|at| &text[at..]);
    }
    let end = text.rfind('.').map(|at| &text[at..])?;
    end[1..].chars().all(|c| c.is_alphanumeric() || c == '_').then_some(end)
}

/// At most two decimals.
pub fn short(x: f64) -> String {
    let text = format!("{x:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_string() } else { text.to_string() }
}

/// As text within XML and HTML.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // XML has no place for these, not even by their numbers.
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_strangers_stay_text() {
        let mut svg = Svg::new(10.0, 10.0);
        svg.text((0.0, 0.0), "a<b>&\"\u{1}", Letters::new(10.0, Anchor::Start, INK));
        assert!(svg.finish().contains(">a&lt;b&gt;&amp;&quot; </text>"));
    }

    #[test]
    fn a_long_text_is_cut_to_its_room() {
        let cut = fitted("a_population_with_a_long_name", 10.0, 60.0);
        assert!(cut.ends_with('…') && width_of(&cut, 10.0) <= 65.0, "{cut}");
        assert_eq!(fitted("E", 10.0, 60.0), "E");
        for (text, end) in [("Excitatory[12]", "…[12]"), ("a_long_one -> (b, c).exc", "….exc")] {
            let cut = fitted(text, 11.0, 66.0);
            assert!(cut.ends_with(end) && width_of(&cut, 11.0) <= 71.0, "{cut}");
        }
        assert_eq!(fitted("rate(Excitatory over 0.5 s)", 10.0, 60.0).chars().last(), Some('…'));
    }

    #[test]
    fn a_line_is_broken_where_there_is_no_number() {
        let mut svg = Svg::new(10.0, 10.0);
        svg.polyline([(0.0, 1.0), (1.0, f64::NAN), (2.0, 3.0)].into_iter(), INK, 1.0);
        assert!(svg.finish().contains("d=\"M0 1M2 3\""));
    }
}
