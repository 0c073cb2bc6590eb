//! Slips of names: what is not there, or is there twice.

use super::form::swapped;
use super::line::Line;
use super::{Change, Kind, each_line};
use std::collections::BTreeSet;

pub(crate) const KINDS: &[Kind] = &[
    Kind { name: "name misspelt", why: "no name of the program is spelt so", slips: misspelt },
    Kind { name: "population not declared", why: "the program has no such name", slips: population },
    Kind { name: "cell not declared", why: "the program has no such name", slips: cell },
    Kind { name: "port misspelt", why: "no cell has a port of this name", slips: port },
    Kind { name: "port forgotten", why: "a projection goes to a port", slips: port_forgotten },
    Kind { name: "measure misspelt", why: "there is no such measure", slips: measure },
    Kind { name: "`connect` misspelt", why: "there is no such kind of connection", slips: connect },
    Kind { name: "parameter given twice", why: "a cell has one parameter of a name", slips: twice },
    Kind {
        name: "parameter of a population misspelt",
        why: "the cell has no such parameter",
        slips: parameter,
    },
];

/// Names that the program declares.
fn declared(lines: &[Line]) -> BTreeSet<String> {
    const DECLARE: [&str; 12] = [
        "param",
        "state",
        "let",
        "port",
        "population",
        "projection",
        "drive",
        "part",
        "cell",
        "circuit",
        "fn",
        "data",
    ];
    let mut names = BTreeSet::new();
    for line in lines {
        let words = line.words();
        for pair in words.windows(2) {
            if DECLARE.contains(&&line.code[pair[0].clone()]) {
                names.insert(line.code[pair[1].clone()].to_string());
            }
        }
    }
    names
}

/// A use of a name that the program declares, two letters swapped.
fn misspelt(lines: &[Line]) -> Vec<Change> {
    let declared = declared(lines);
    let of = |line: &Line| {
        // On the right of a value's sign or behind `when`: nothing is declared there.
        let from = [" = ", " when ", " + ", " >= "].iter().filter_map(|sign| line.code.find(sign)).min();
        let Some(from) = from.filter(|_| line.begins() != "circuit" && line.begins() != "experiment") else {
            return Vec::new();
        };
        let uses = line.words().into_iter().filter(|word| from < word.start);
        let changed = |word: std::ops::Range<usize>| {
            let name = &line.code[word.clone()];
            let other = swapped(name).filter(|other| declared.contains(name) && !declared.contains(other))?;
            Some(line.with(word, &other))
        };
        uses.filter_map(changed).collect()
    };
    each_line(lines, of)
}

/// The source of a projection.
fn population(lines: &[Line]) -> Vec<Change> {
    let of = |line: &Line| match (line.begins(), line.code.find(": "), line.code.find(" ->")) {
        ("projection", Some(from), Some(to)) if from + 2 <= to => vec![line.with(from + 2..to, "Nobody")],
        _ => Vec::new(),
    };
    each_line(lines, of)
}

fn cell(lines: &[Line]) -> Vec<Change> {
    let of = |line: &Line| match line.begins() {
        "population" => {
            let words = line.words();
            let polar = |word: &&std::ops::Range<usize>| {
                !["excitatory", "inhibitory"].contains(&&line.code[(*word).clone()])
            };
            let cell = words.iter().skip(2).find(polar);
            cell.map(|word| line.with(word.clone(), "Nobody")).into_iter().collect()
        }
        _ => Vec::new(),
    };
    each_line(lines, of)
}

/// The port of a projection or drive: the word after the last dot before the block.
fn port_of(line: &Line) -> Option<std::ops::Range<usize>> {
    if !["projection", "drive"].contains(&line.begins()) {
        return None;
    }
    let arrow = line.code.find("->")?;
    let end = line.code.find(" {").unwrap_or(line.code.len());
    let dot = line.code.get(..end)?.rfind('.').filter(|dot| arrow < *dot)?;
    Some(dot + 1..end)
}

fn port(lines: &[Line]) -> Vec<Change> {
    each_line(lines, |line| port_of(line).map(|port| line.with(port, "nothing")).into_iter().collect())
}

fn port_forgotten(lines: &[Line]) -> Vec<Change> {
    let of = |line: &Line| port_of(line).filter(|_| line.begins() == "projection");
    each_line(lines, |line| {
        of(line).map(|port| line.with(port.start - 1..port.end, "")).into_iter().collect()
    })
}

fn measure(lines: &[Line]) -> Vec<Change> {
    let of = |line: &Line| match line.begins() {
        "expect" | "report" | "monitor" => ["rate(", "count(", "cv_isi("]
            .iter()
            .flat_map(|measure| line.replaced(measure, &format!("{}x(", measure.trim_end_matches('('))))
            .collect(),
        _ => Vec::new(),
    };
    each_line(lines, of)
}

fn connect(lines: &[Line]) -> Vec<Change> {
    let of = |line: &Line| {
        ["connect probability", "connect in_degree", "connect all_to_all", "connect one_to_one"]
            .iter()
            .flat_map(|kind| line.replaced(kind, &format!("{kind}s")))
            .collect()
    };
    each_line(lines, of)
}

fn twice(lines: &[Line]) -> Vec<Change> {
    let params = lines.iter().filter(|line| line.begins() == "param" && line.inside() == "cell");
    let again = |line: &Line| Change {
        lines: vec![(line.at, vec![line.code.clone(), line.code.clone()])],
        right: vec![line.at + 1],
    };
    params.map(again).collect()
}

fn parameter(lines: &[Line]) -> Vec<Change> {
    let of = |line: &Line| {
        let given = line.inside() == "population" && line.code.contains(" = ");
        let name = line.words().into_iter().next().filter(|_| given);
        name.map(|name| line.with(name.end..name.end, "_x")).into_iter().collect()
    };
    each_line(lines, of)
}
