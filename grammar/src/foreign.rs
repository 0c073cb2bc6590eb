//! What people bring along: words, signs and units of the tools that they come from, and what is written here instead.
//!
//! In: what did not fit, and where. Out: a sentence for `Help`, which says what to type. Nothing here decides whether
//! something is wrong; a wrong guess costs a line.

use crate::place::Place;
use crate::unit_names;
use crate::words::Kind;

/// For a word that begins no statement at its place.
pub fn statement(word: &str, place: Place) -> Option<&'static str> {
    Some(match (place, word) {
        (_, "{") => "a `{` stands on the line of what it belongs to",
        (_, "def" | "function" | "lambda") => "write a function as `fn f(x: real) = 2 * x`",
        (_, "const" | "constant" | "var" | "parameter" | "parameters") => {
            "write `let x = 1`, or `param x = 1` for what a population may set"
        }
        (_, "import" | "include" | "from") => "write `use std.cells.Lif`",
        (Place::Cell, "threshold" | "reset" | "on_spike" | "onSpike") => {
            "write `spike when v >= V_th { v = V_reset }`"
        }
        (Place::Cell, "refractory" | "refractory_period") => {
            "it stands in the block of what it follows, as in `spike when v >= V_th { v = V_reset; refractory 2 ms }`"
        }
        (Place::Cell, "equations" | "equation" | "eqs" | "dynamics") => {
            "equations stand in the cell itself, as in `tau * v' = -v`"
        }
        (Place::Cell, "input" | "inputs" | "synapse" | "receptor") => {
            "write `port exc: excitatory current via exponential(5 ms)`"
        }
        (Place::File, "neuron" | "model" | "class" | "NeuronGroup") => "write `cell NAME { ... }`",
        (Place::File, "network" | "net") => "write `circuit NAME { ... }`",
        (Place::Circuit, "synapses" | "synapse" | "connection" | "Synapses") => {
            "write `projection NAME: E -> I.exc { ... }`"
        }
        (Place::Circuit, "neurons" | "group" | "NeuronGroup") => "write `population NAME: CELL[100]`",
        (Place::Circuit, "poisson" | "stimulus" | "input" | "PoissonInput" | "PoissonGroup") => {
            "write `drive NAME: poisson(100 Hz) -> E.exc { weight ... }`"
        }
        (Place::Projection, "on_pre" | "pre" | "on_post") => {
            "what a spike does where it arrives says the port, after `via`; here stands `weight`"
        }
        (Place::Projection, "allow_autapses" | "autapses" | "allow_multapses" | "multapses") => {
            "nothing connects to itself, or twice, unless `allow self` or `allow multiple` is written"
        }
        (
            Place::Projection,
            "probability" | "all_to_all" | "one_to_one" | "in_degree" | "out_degree" | "p",
        ) => "write `connect` before it, as in `connect probability 0.1`",
        (Place::Experiment, "simulate" | "sim" | "advance") => "write `run 100 ms`",
        (Place::Experiment, "assert") => "write `expect rate(E) > 1 Hz`",
        (Place::Constraints, "assert" | "check") => "write `require`, `enforce` or `monitor`",
        _ => return None,
    })
}

/// Around a token that did not fit.
#[derive(Clone, Copy, Debug)]
pub struct Around<'a> {
    pub place: Place,
    /// The first token of the statement.
    pub begins: Option<Kind>,
    pub before: Option<Kind>,
    pub before_text: &'a str,
    pub found: Kind,
    /// Whether `{` would have fitted.
    pub block_due: bool,
    /// Whether `..` would have fitted.
    pub range_due: bool,
}

/// For a token that does not fit.
pub fn token(around: Around) -> Option<String> {
    let Around { place, begins, before, before_text, found, .. } = around;
    let begins_with = |kind| begins == Some(kind);
    // A word that may begin an equation.
    let first = before.is_some() && before == begins && place == Place::Cell;
    if let Some(help) = statement(before_text, place).filter(|_| first) {
        return Some(help.into());
    }
    Some(match (before, found) {
        (Some(Kind::Star), Kind::Star) => "a power is written `^`, as in `x ^ 2`".into(),
        (Some(Kind::Prime), Kind::Prime) => {
            "an equation gives a first derivative: give that a state of its own".into()
        }
        (_, Kind::Colon) if around.block_due => "a block stands in braces: `{ ... }`".into(),
        (_, Kind::Colon) if around.range_due => "a range is written `0 .. 5`".into(),
        (_, Kind::Colon) if place == Place::Population => {
            format!("write `{before_text} = ...`")
        }
        (_, Kind::Equal) if place == Place::Action => "write `=` to assign".into(),
        (_, Kind::If) => "write `if c then a else b`".into(),
        (_, Kind::Prime) => "texts stand in double quotes, and names in none".into(),
        (Some(_), Kind::Number) if before == Some(Kind::Number) => {
            "a unit follows its number, and its parts have powers: `0.04 mV^-1/ms`".into()
        }
        (_, Kind::OpenParen) if begins_with(Kind::Population) => {
            "the number of cells stands in brackets, as in `Lif[100]`".into()
        }
        (_, Kind::OpenParen) if begins_with(Kind::Dale) => "write `dale of E, I`".into(),
        (_, Kind::Comma) if matches!(begins, Some(Kind::Param | Kind::State | Kind::Let)) => {
            "write one declaration on each line".into()
        }
        (Some(before), Kind::Assign)
            if before.is_word() && matches!(place, Place::Projection | Place::Drive) =>
        {
            format!(
                "leave out the `=`, as in `{} ...`",
                if before_text == "p" { "probability" } else { before_text }
            )
        }
        _ => return None,
    })
}

/// The unit that a word means: `nsiemens`, `picofarad`, `mvolt`.
pub fn unit(word: &str) -> Option<String> {
    const PREFIXES: [(&str, &str); 12] = [
        ("femto", "f"),
        ("pico", "p"),
        ("nano", "n"),
        ("micro", "u"),
        ("milli", "m"),
        ("centi", "c"),
        ("kilo", "k"),
        ("mega", "M"),
        ("giga", "G"),
        ("f", "f"),
        ("p", "p"),
        ("n", "n"),
    ];
    const SHORT: [(&str, &str); 5] = [("u", "u"), ("m", "m"), ("k", "k"), ("M", "M"), ("G", "G")];
    const WORDS: [(&str, &str); 16] = [
        ("volt", "V"),
        ("amp", "A"),
        ("ampere", "A"),
        ("siemens", "S"),
        ("farad", "F"),
        ("ohm", "Ohm"),
        ("hertz", "Hz"),
        ("hz", "Hz"),
        ("second", "s"),
        ("sec", "s"),
        ("metre", "m"),
        ("meter", "m"),
        ("molar", "M"),
        ("kelvin", "K"),
        ("minute", "min"),
        ("hour", "h"),
    ];
    let base = |word: &str| {
        let lower = word.to_ascii_lowercase();
        let single = lower.strip_suffix('s').filter(|_| lower != "siemens").unwrap_or(&lower);
        WORDS.iter().find(|(name, _)| *name == single || *name == lower).map(|(_, unit)| *unit)
    };
    if let Some(unit) = base(word) {
        return Some(unit.to_string());
    }
    let prefixes = PREFIXES.iter().chain(&SHORT);
    let with = |(long, short): &(&str, &str)| Some(format!("{short}{}", base(word.strip_prefix(long)?)?));
    prefixes.into_iter().find_map(with).filter(|unit| unit_names::is_unit(unit))
}
