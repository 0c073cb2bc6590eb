//! Slips of meaning: each word is right, but not here.

use super::line::Line;
use super::{Change, Kind, each_line, on_line};

pub(crate) const KINDS: &[Kind] = &[
    Kind {
        name: "prime forgotten",
        why: "a cell has equations and declarations, no assignments",
        slips: prime,
    },
    Kind {
        name: "excitation onto an inhibitory port",
        why: "a population sends to ports of its polarity",
        slips: polarity,
    },
    Kind {
        name: "clause forgotten",
        why: "a projection says what is connected and how strongly",
        slips: clause,
    },
    Kind { name: "argument too many", why: "the function takes fewer", slips: argument },
    Kind {
        name: "state in a parameter",
        why: "a parameter has its value before any state has one",
        slips: state,
    },
    Kind { name: "comparison of a voltage with a time", why: "they have no order", slips: threshold },
    Kind { name: "cell item in a circuit", why: "states belong to cells", slips: item },
];

fn prime(lines: &[Line]) -> Vec<Change> {
    let of = |line: &Line| match line.inside() {
        "cell" => line.replaced("' = ", " = "),
        _ => Vec::new(),
    };
    each_line(lines, of)
}

/// Populations of this polarity, by name.
fn polar<'l>(lines: &'l [Line], polarity: &str) -> Vec<&'l str> {
    let of = |line: &'l Line| {
        let (head, rest) = line.code.trim_start().strip_prefix("population ")?.split_once(':')?;
        rest.trim_start().starts_with(polarity).then_some(head)
    };
    lines.iter().filter_map(of).collect()
}

fn polarity(lines: &[Line]) -> Vec<Change> {
    let (excitatory, inhibitory) = (polar(lines, "excitatory"), polar(lines, "inhibitory"));
    let of = |line: &Line| {
        let source = line.code.split_once(": ").and_then(|(_, rest)| rest.split(" ->").next()).unwrap_or("");
        match line.begins() {
            "projection" if excitatory.contains(&source) => line.replaced(".exc", ".inh"),
            "projection" if inhibitory.contains(&source) => line.replaced(".inh", ".exc"),
            _ => Vec::new(),
        }
    };
    each_line(lines, of)
}

fn clause(lines: &[Line]) -> Vec<Change> {
    const DUE: [&str; 2] = ["connect", "weight"];
    let clauses = lines.iter().filter(|line| line.inside() == "projection" && DUE.contains(&line.begins()));
    let of =
        |line: &Line| Change { right: line.opened.into_iter().collect(), ..on_line(line.at, String::new()) };
    clauses.map(of).collect()
}

fn argument(lines: &[Line]) -> Vec<Change> {
    const CALLS: [&str; 8] =
        ["exp(", "sqrt(", "log(", "abs(", "exponential(", "alpha(", "uniform(", "normal("];
    let of = |line: &Line| {
        let opened = CALLS.iter().flat_map(|call| line.places(call)).map(|place| place.end);
        opened.map(|end| line.with(end..end, "1, 2, 3, ")).collect()
    };
    each_line(lines, of)
}

fn state(lines: &[Line]) -> Vec<Change> {
    let of = |line: &Line| {
        // A state of the cell whose equation stands in the same block.
        let same = |other: &&Line| other.opened == line.opened && other.begins() == "state";
        let state = lines.iter().find(same)?.words().get(1).cloned()?;
        let name = &lines.iter().find(same)?.code[state];
        let value = line.code.find(" = ").filter(|_| line.begins() == "param" && line.inside() == "cell")?;
        Some(on_line(line.at, format!("{} = {name}", &line.code[..value])))
    };
    lines.iter().filter_map(of).collect()
}

fn threshold(lines: &[Line]) -> Vec<Change> {
    let of = |line: &Line| match (line.begins(), line.code.find(">= "), line.code.rfind(" {")) {
        ("spike", Some(from), Some(to)) if from < to => vec![line.with(from + 3..to, "5 ms")],
        _ => Vec::new(),
    };
    each_line(lines, of)
}

fn item(lines: &[Line]) -> Vec<Change> {
    let starts = lines.iter().filter(|line| line.begins() == "circuit" && line.code.ends_with('{'));
    let of = |line: &Line| Change {
        lines: vec![(line.at, vec![line.code.clone(), "  state v: voltage = 0 mV".to_string()])],
        right: vec![line.at + 1],
    };
    starts.map(of).collect()
}
