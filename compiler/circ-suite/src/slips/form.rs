//! Slips of form: what makes the text no text of the language.

use super::line::Line;
use super::{Change, Kind, each_line, on_line};

pub(crate) const KINDS: &[Kind] = &[
    Kind {
        name: "opening brace lost",
        why: "its closing brace closes nothing, or another block",
        slips: opening_lost,
    },
    Kind { name: "closing brace lost", why: "its block is never closed", slips: closing_lost },
    Kind { name: "opening brace doubled", why: "one of the two is never closed", slips: opening_doubled },
    Kind {
        name: "closing brace doubled",
        why: "one of the two closes nothing, or another block",
        slips: closing_doubled,
    },
    Kind { name: "parenthesis lost", why: "its partner stands alone", slips: parenthesis_lost },
    Kind { name: "bracket lost", why: "its partner stands alone", slips: bracket_lost },
    Kind { name: "comma lost", why: "two expressions side by side are none", slips: comma_lost },
    Kind { name: "colon lost", why: "a declaration has a colon before what it is", slips: colon_lost },
    Kind { name: "arrow cut", why: "a projection and a drive say `->`", slips: arrow_cut },
    Kind { name: "operator doubled", why: "an operator stands between two values", slips: operator_doubled },
    Kind { name: "value lost", why: "`=` is followed by a value", slips: value_lost },
    Kind {
        name: "equals sign lost",
        why: "a parameter and its value have `=` between them",
        slips: equals_lost,
    },
    Kind {
        name: "`=` for `==`",
        why: "there is no assignment inside of an expression",
        slips: equals_for_equal,
    },
    Kind { name: "keyword misspelt", why: "a statement begins with a word of the language", slips: keyword },
    Kind { name: "minus of a word processor", why: "the letter has no meaning", slips: typographic_minus },
    Kind { name: "decimal comma", why: "a parameter has one value", slips: decimal_comma },
];

/// Words that begin statements; what is declared with them does not matter here.
const KEYWORDS: [&str; 24] = [
    "param",
    "state",
    "port",
    "spike",
    "event",
    "population",
    "projection",
    "drive",
    "part",
    "constraints",
    "connect",
    "weight",
    "delay",
    "record",
    "run",
    "expect",
    "report",
    "experiment",
    "circuit",
    "cell",
    "refractory",
    "require",
    "monitor",
    "seed",
];

fn opening_lost(lines: &[Line]) -> Vec<Change> {
    let ends = |line: &&Line| line.code.ends_with('{');
    let of = |line: &Line| {
        // The closing brace may be the first that is noticed.
        let closing = lines.iter().find(|other| other.opened == Some(line.at) && other.code.contains('}'));
        let right =
            [Some(line.at), Some(line.at + 1), closing.map(|it| it.at)].into_iter().flatten().collect();
        Change { right, ..on_line(line.at, line.code.trim_end_matches('{').to_string()) }
    };
    lines.iter().filter(ends).map(of).collect()
}

fn closing_lost(lines: &[Line]) -> Vec<Change> {
    let alone = |line: &&Line| line.code.trim() == "}";
    let of = |line: &Line| {
        let next = lines[line.at..].iter().skip(1).find(|it| !it.code.is_empty());
        let right = [line.opened, Some(line.at), next.map(|it| it.at)].into_iter().flatten().collect();
        Change { right, ..on_line(line.at, String::new()) }
    };
    lines.iter().filter(alone).map(of).collect()
}

fn opening_doubled(lines: &[Line]) -> Vec<Change> {
    each_line(lines, |line| line.replaced("{", "{ {"))
}

fn closing_doubled(lines: &[Line]) -> Vec<Change> {
    let of = |line: &Line| {
        // Doubled, it closes the block around, so that the brace of that one is the one too many.
        let own = lines[line.at + 1..].iter().find(|it| it.opened == line.opened && it.code.trim() == "}");
        let outer = line.around.len().checked_sub(1);
        let outer =
            lines[line.at + 1..].iter().find(|it| it.code.trim() == "}" && Some(it.around.len()) == outer);
        let after = lines[line.at + 1..].iter().find(|it| !it.code.is_empty());
        let right: Vec<usize> =
            [Some(line), own, outer, after].into_iter().flatten().map(|it| it.at).collect();
        let changed = line.replaced("}", "} }").into_iter();
        changed.map(move |text| Change { right: right.clone(), ..on_line(line.at, text) }).collect::<Vec<_>>()
    };
    lines.iter().flat_map(of).collect()
}

fn parenthesis_lost(lines: &[Line]) -> Vec<Change> {
    each_line(lines, |line| [line.replaced("(", " "), line.replaced(")", " ")].concat())
}

fn bracket_lost(lines: &[Line]) -> Vec<Change> {
    each_line(lines, |line| [line.replaced("[", " "), line.replaced("]", " ")].concat())
}

fn comma_lost(lines: &[Line]) -> Vec<Change> {
    // A comma at the end of a line joins lines, and before a `-` a difference is left.
    let lost = |line: &Line| {
        let commas = line.places(", ").into_iter();
        commas
            .filter(|comma| !line.code[comma.end..].starts_with('-'))
            .map(|comma| line.with(comma, " "))
            .collect()
    };
    each_line(lines, lost)
}

fn colon_lost(lines: &[Line]) -> Vec<Change> {
    const DECLARE: [&str; 5] = ["population", "projection", "drive", "part", "port"];
    let of = |line: &Line| match DECLARE.contains(&line.begins()) {
        true => line.places(":").first().map(|place| line.with(place.clone(), "")).into_iter().collect(),
        false => Vec::new(),
    };
    each_line(lines, of)
}

fn arrow_cut(lines: &[Line]) -> Vec<Change> {
    each_line(lines, |line| {
        [line.replaced("->", ">"), line.replaced("->", "=>"), line.replaced("->", "-")].concat()
    })
}

fn operator_doubled(lines: &[Line]) -> Vec<Change> {
    each_line(lines, |line| [line.replaced(" * ", " * * "), line.replaced(" / ", " / / ")].concat())
}

fn value_lost(lines: &[Line]) -> Vec<Change> {
    let of = |line: &Line| {
        let value = line.code.find(" = ").filter(|_| ["param", "let"].contains(&line.begins()));
        value.map(|at| line.code[..at + 2].to_string()).into_iter().collect()
    };
    each_line(lines, of)
}

fn equals_lost(lines: &[Line]) -> Vec<Change> {
    let of = |line: &Line| match line.begins() {
        "param" => line.replaced(" = ", " "),
        _ => Vec::new(),
    };
    each_line(lines, of)
}

fn equals_for_equal(lines: &[Line]) -> Vec<Change> {
    each_line(lines, |line| line.replaced(" == ", " = "))
}

fn keyword(lines: &[Line]) -> Vec<Change> {
    let of = |line: &Line| {
        let word = line.begins();
        let start = line.code.len() - line.code.trim_start().len();
        let swapped = swapped(word).filter(|_| KEYWORDS.contains(&word));
        swapped.map(|text| line.with(start..start + word.len(), &text)).into_iter().collect()
    };
    each_line(lines, of)
}

/// The second and third letter in each other's place.
pub(super) fn swapped(word: &str) -> Option<String> {
    let mut letters: Vec<char> = word.chars().collect();
    if letters.len() < 3 || letters[1] == letters[2] {
        return None;
    }
    letters.swap(1, 2);
    Some(letters.into_iter().collect())
}

fn typographic_minus(lines: &[Line]) -> Vec<Change> {
    each_line(lines, |line| [line.replaced("= -", "= \u{2212}"), line.replaced(" - ", " \u{2013} ")].concat())
}

fn decimal_comma(lines: &[Line]) -> Vec<Change> {
    let of = |line: &Line| match line.begins() {
        "param" | "weight" | "delay" | "dt" => {
            let dot = |at: &usize| line.code[at + 1..].starts_with(|it: char| it.is_ascii_digit());
            let dots = line.places(".").into_iter().filter(|place| dot(&place.start));
            dots.map(|place| line.with(place, ",")).collect()
        }
        _ => Vec::new(),
    };
    each_line(lines, of)
}
