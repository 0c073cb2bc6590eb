//! Lines of a program, as far as a slip needs to know them: their code, its words and its numbers.

use std::ops::Range;

/// A line without its comment.
#[derive(Clone, Debug)]
pub struct Line {
    /// Counted from 0.
    pub at: usize,
    pub code: String,
    /// The first words of the blocks around, outermost first: `circuit`, `projection`.
    pub around: Vec<String>,
    /// The line with the brace that is open here.
    pub opened: Option<usize>,
    /// Whether `@allow(...)` stands above.
    pub allowed: bool,
}

/// The lines of a program.
pub fn lines(program: &str) -> Vec<Line> {
    let mut open: Vec<(usize, String)> = Vec::new();
    let mut lines = Vec::new();
    for (at, text) in program.lines().enumerate() {
        let code = text.split("//").next().unwrap_or("").trim_end().to_string();
        // A line that closes a block still stands in it.
        let around = open.iter().map(|(_, word)| word.clone()).collect();
        let opened = open.last().map(|(line, _)| *line);
        for letter in code.chars() {
            match letter {
                '{' => open.push((at, code.split_whitespace().next().unwrap_or("").to_string())),
                '}' => drop(open.pop()),
                _ => {}
            }
        }
        let allowed = lines.last().is_some_and(|above: &Line| above.begins().starts_with("@allow"));
        lines.push(Line { at, code, around, opened, allowed });
    }
    lines
}

impl Line {
    /// The first word.
    pub fn begins(&self) -> &str {
        self.code.split_whitespace().next().unwrap_or("")
    }

    /// The innermost block around.
    pub fn inside(&self) -> &str {
        self.around.last().map_or("", String::as_str)
    }

    /// The line with something else at a place.
    pub fn with(&self, place: Range<usize>, text: &str) -> String {
        format!("{}{text}{}", &self.code[..place.start], &self.code[place.end..])
    }

    /// The line with something else wherever a text stands, once for each.
    pub fn replaced(&self, text: &str, by: &str) -> Vec<String> {
        self.places(text).into_iter().map(|place| self.with(place, by)).collect()
    }

    /// Where a text stands.
    pub fn places(&self, text: &str) -> Vec<Range<usize>> {
        self.code.match_indices(text).map(|(at, found)| at..at + found.len()).collect()
    }

    /// Names and words, with their places; those of units and of strings are left out.
    pub fn words(&self) -> Vec<Range<usize>> {
        let numbers = self.numbers();
        let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        let mut words = Vec::new();
        let mut from = 0;
        while let Some(start) = self.code[from..].find(is_word).map(|at| from + at) {
            let end = self.code[start..].find(|it| !is_word(it)).map_or(self.code.len(), |at| start + at);
            let inside = |number: &Number| number.place.start <= start && start < number.place.end;
            let quoted = self.code[..start].matches('"').count() % 2 == 1;
            let begins_with_digit = self.code[start..].starts_with(|it: char| it.is_ascii_digit());
            if !begins_with_digit && !numbers.iter().any(inside) && !quoted {
                words.push(start..end);
            }
            from = end;
        }
        words
    }

    /// Numbers, with their units.
    pub fn numbers(&self) -> Vec<Number> {
        let bytes = self.code.as_bytes();
        let mut numbers = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            let in_name = at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || b"_^".contains(&bytes[at - 1]));
            if !bytes[at].is_ascii_digit() || in_name {
                at += 1;
                continue;
            }
            let end = end_of_number(&self.code, at);
            let unit = unit_after(&self.code, end);
            numbers.push(Number {
                place: at..unit.as_ref().map_or(end, |unit| unit.end),
                digits: at..end,
                unit,
            });
            at = numbers.last().map_or(end, |number| number.place.end);
        }
        numbers
    }
}

/// A number with its unit.
#[derive(Clone, Debug)]
pub struct Number {
    pub place: Range<usize>,
    pub digits: Range<usize>,
    pub unit: Option<Range<usize>>,
}

fn end_of_number(code: &str, start: usize) -> usize {
    let bytes = code.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let mut at = start;
    while digit(at) || (bytes.get(at) == Some(&b'.') && digit(at + 1)) {
        at += 1;
    }
    let signed = at + 1 + usize::from(matches!(bytes.get(at + 1), Some(b'-' | b'+')));
    if matches!(bytes.get(at), Some(b'e' | b'E')) && digit(signed) {
        at = signed;
        while digit(at) {
            at += 1;
        }
    }
    at
}

/// Units of one name that the programs use.
const UNITS: [&str; 22] = [
    "ms", "us", "s", "mV", "V", "pA", "nA", "uA", "nS", "uS", "pS", "kHz", "Hz", "MOhm", "pF", "nF", "uF",
    "um", "um^2", "mm", "cm^2", "%",
];

/// A unit of one name; of `nS/cm^2` and its like none.
fn unit_after(code: &str, end: usize) -> Option<Range<usize>> {
    let start = end + code[end..].len() - code[end..].trim_start().len();
    let length = code[start..].find(|it: char| !it.is_ascii_alphanumeric() && !"%^_".contains(it));
    let unit = start..length.map_or(code.len(), |length| start + length);
    let after = code[unit.end..].chars().next();
    let compound = matches!(after, Some('/' | '*'));
    (UNITS.contains(&&code[unit.clone()]) && !compound).then_some(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_numbers_are_told_apart() {
        let line = &lines("  weight 1.62 mV * g2 + 1e-3 nS/cm^2 // 5 ms")[0];
        let texts = |places: Vec<Range<usize>>| {
            places.into_iter().map(|it| line.code[it].to_string()).collect::<Vec<_>>()
        };
        assert_eq!(texts(line.numbers().into_iter().map(|it| it.place).collect()), ["1.62 mV", "1e-3"]);
        assert_eq!(texts(line.words()), ["weight", "g2", "nS", "cm"]);
    }
}
