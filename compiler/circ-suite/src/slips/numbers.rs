//! Slips of numbers and units.

use super::line::{Line, Number};
use super::{Change, Kind, each_line};

pub(crate) const KINDS: &[Kind] = &[
    Kind { name: "unit swapped", why: "what it stands in has another dimension", slips: unit_swapped },
    Kind { name: "unit lost", why: "what it stands in has a dimension", slips: unit_lost },
    Kind { name: "unit misspelt", why: "there is no such unit", slips: unit_misspelt },
    Kind { name: "string for a number", why: "a parameter is a number", slips: text },
    Kind {
        name: "weight negative",
        why: "weights at excitatory and inhibitory ports are magnitudes",
        slips: weight,
    },
    Kind { name: "time constant negative", why: "it would grow without end", slips: time_constant },
    Kind {
        name: "delay negative",
        why: "nothing arrives before it is sent",
        slips: |lines| delays(lines, "-1 ms"),
    },
    Kind {
        name: "delay below a step",
        why: "a spike arrives in a later tick",
        slips: |lines| delays(lines, "0.001 ms"),
    },
    Kind {
        name: "delay off the grid",
        why: "a delay is a whole number of steps",
        slips: |lines| delays(lines, "1.2345678 ms"),
    },
    Kind { name: "size of 0", why: "a population has a cell", slips: |lines| sizes(lines, "0") },
    Kind { name: "size negative", why: "a population has a cell", slips: |lines| sizes(lines, "-3") },
    Kind { name: "size a fraction", why: "cells are whole", slips: |lines| sizes(lines, "2.5") },
    Kind {
        name: "probability above 1",
        why: "it is no probability",
        slips: |lines| probabilities(lines, "1.5"),
    },
    Kind {
        name: "probability negative",
        why: "it is no probability",
        slips: |lines| probabilities(lines, "-0.1"),
    },
];

/// A number of a declaration, a clause or a protocol: what the units of reports are is free.
fn in_a_place_with_a_dimension(line: &Line) -> bool {
    // What nothing uses has any dimension.
    if line.allowed {
        return false;
    }
    let begins = ["weight", "delay", "dt", "run", "refractory", "spike", "state", "port", "drive"]
        .contains(&line.begins());
    begins
        || (line.begins() == "record" && line.code.contains(" every "))
        || (line.begins() == "param" && line.inside() == "cell")
}

fn with_units(lines: &[Line], changed: impl Fn(&Line, &Number) -> Option<String>) -> Vec<Change> {
    let of = |line: &Line| match in_a_place_with_a_dimension(line) {
        true => line.numbers().iter().filter_map(|number| changed(line, number)).collect(),
        false => Vec::new(),
    };
    each_line(lines, of)
}

fn unit_swapped(lines: &[Line]) -> Vec<Change> {
    with_units(lines, |line, number| {
        let unit = number.unit.clone()?;
        let other = match &line.code[unit.clone()] {
            "ms" | "s" | "us" => "mV",
            "mV" | "V" => "ms",
            "Hz" | "kHz" => "ms",
            "nS" | "uS" | "pS" => "pA",
            "pA" | "nA" | "uA" => "mV",
            "pF" | "nF" | "uF" => "nS",
            "MOhm" => "nS",
            _ => return None,
        };
        Some(line.with(unit, other))
    })
}

fn unit_lost(lines: &[Line]) -> Vec<Change> {
    with_units(lines, |line, number| {
        // 0 takes every dimension, a percentage is a number, and `poisson` of a number is a mean for each step.
        let free = line.code[number.digits.clone()].chars().all(|it| it == '0' || it == '.');
        let unit = number
            .unit
            .clone()
            .filter(|unit| !free && &line.code[unit.clone()] != "%" && !line.code.contains("poisson("))?;
        Some(line.with(number.digits.end..unit.end, ""))
    })
}

fn unit_misspelt(lines: &[Line]) -> Vec<Change> {
    with_units(lines, |line, number| {
        let unit = number.unit.clone()?;
        let other = match &line.code[unit.clone()] {
            "ms" => "msec",
            "mV" => "mv",
            "Hz" => "hz",
            "kHz" => "khz",
            "nS" => "nSi",
            "pA" => "pa",
            "pF" => "pf",
            "MOhm" => "Mohm",
            "s" => "sec",
            _ => return None,
        };
        Some(line.with(unit, other))
    })
}

fn text(lines: &[Line]) -> Vec<Change> {
    with_units(lines, |line, number| match line.begins() {
        "param" | "weight" | "delay" | "run" | "dt" => Some(line.with(number.place.clone(), "\"fast\"")),
        _ => None,
    })
}

/// What stands behind the first word, up to the end of the clause.
fn value_of(line: &Line, word: &str) -> Option<std::ops::Range<usize>> {
    let start = line.places(&format!("{word} ")).first()?.end;
    let end = line.code[start..].find([';', '}']).map_or(line.code.len(), |end| start + end);
    let text = &line.code[start..end];
    (!text.is_empty()).then(|| start..start + text.trim_end().len())
}

/// Of a projection to an excitatory or inhibitory port, as most are.
fn weight(lines: &[Line]) -> Vec<Change> {
    // At modulatory ports weights are signed, and so they may be where values flow.
    if lines.iter().any(|line| ["modulatory", "continuous"].iter().any(|word| line.code.contains(word))) {
        return vec![];
    }
    let of = |line: &Line| {
        let value = value_of(line, "weight").filter(|value| {
            line.inside() == "projection"
                && line.code[value.clone()].starts_with(|it: char| it.is_ascii_digit())
        });
        value.map(|value| line.with(value.start..value.start, "-")).into_iter().collect()
    };
    each_line(lines, of)
}

fn time_constant(lines: &[Line]) -> Vec<Change> {
    each_line(lines, |line| {
        ["exponential(", "alpha("]
            .iter()
            .flat_map(|shape| {
                let number = |start: usize| line.code[start..].starts_with(|it: char| it.is_ascii_digit());
                let starts =
                    line.places(shape).into_iter().map(|place| place.end).filter(|start| number(*start));
                starts.map(|start| line.with(start..start, "-")).collect::<Vec<_>>()
            })
            .collect()
    })
}

fn delays(lines: &[Line], delay: &str) -> Vec<Change> {
    let of = |line: &Line| {
        // What a branch that is not taken holds is not built, and its numbers not looked at.
        let taken = !line.around.iter().any(|it| it == "if" || it == "}");
        let value = value_of(line, "delay")
            .filter(|_| taken)
            .filter(|_| line.around.iter().any(|it| it == "projection") || line.begins() == "projection");
        value.map(|value| line.with(value, delay)).into_iter().collect()
    };
    each_line(lines, of)
}

fn sizes(lines: &[Line], size: &str) -> Vec<Change> {
    let of = |line: &Line| match (line.begins(), line.code.find('['), line.code.find(']')) {
        ("population", Some(open), Some(close)) => vec![line.with(open + 1..close, size)],
        _ => Vec::new(),
    };
    each_line(lines, of)
}

fn probabilities(lines: &[Line], p: &str) -> Vec<Change> {
    each_line(lines, |line| {
        value_of(line, "connect probability").map(|value| line.with(value, p)).into_iter().collect()
    })
}
