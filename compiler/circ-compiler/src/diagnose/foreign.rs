//! Names that people bring along from other tools, and what they are called here.
//!
//! In: an unknown name and the kind of thing that is due. Out: what to type, where that is likely to be meant.

use crate::units;
use circ_grammar::unit_names;

/// What a name means here.
pub enum Meant {
    /// Another name, which can stand in its place.
    Name(&'static str),
    /// What to write.
    Text(String),
}

/// `wanted` is as in [`unknown_name`](super::names::unknown_name).
pub fn meant(name: &str, wanted: &str) -> Option<Meant> {
    match wanted {
        "" => value(name),
        "function" => function(name),
        "type" => of_type(name),
        "shape" => shape(name),
        "way to connect" => connect(name),
        "`let`" => setting(name),
        _ => None,
    }
}

fn value(name: &str) -> Option<Meant> {
    let text = match name {
        _ if unit_names::is_unit(name) => format!("a unit follows its number, as in `10 {name}`"),
        "None" | "nan" | "NaN" => "every value is a number: write `inf` for one without bound".into(),
        "True" | "False" => return Some(Meant::Name(if name == "True" { "true" } else { "false" })),
        "infinity" | "Infinity" => return Some(Meant::Name("inf")),
        _ => {
            if let Some((unit, power)) = power_of_unit(name) {
                return Some(Meant::Text(format!("a power of a unit is written `{unit}^{power}`")));
            }
            let side = ["pre", "post"].into_iter().find_map(|side| {
                let inner = name.strip_suffix(side).and_then(|rest| rest.strip_suffix('_'));
                let inner = inner.or_else(|| name.strip_prefix(side)?.strip_prefix('_'));
                inner.filter(|inner| !inner.is_empty()).map(|inner| (side, inner))
            });
            let (side, inner) = side?;
            format!("what belongs to one side of a synapse is written `{side}.{inner}`")
        }
    };
    Some(Meant::Text(text))
}

/// `cm2`
fn power_of_unit(name: &str) -> Option<(&str, &str)> {
    let unit = name.trim_end_matches(|letter: char| letter.is_ascii_digit());
    let power = &name[unit.len()..];
    (!power.is_empty() && unit_names::is_unit(unit)).then_some((unit, power))
}

fn function(name: &str) -> Option<Meant> {
    let text = match name {
        "ln" => return Some(Meant::Name("log")),
        "heaviside" | "theta" | "Heaviside" => return Some(Meant::Name("step")),
        "clip" => return Some(Meant::Name("clamp")),
        "arctan" => return Some(Meant::Name("atan")),
        "rand" | "random" => "write `uniform(0, 1)`",
        "randn" | "gauss" => "write `normal(0, 1)`",
        "randint" => "write `floor(uniform(0, n))`",
        "range" | "arange" => "a range is written `0 .. 3`",
        "pow" | "power" => "a power is written `x ^ 2`",
        "len" => "write `size(E)`",
        "int" | "float" | "bool" => "numbers need no conversion; `round`, `floor` and `ceil` give whole ones",
        _ => return None,
    };
    Some(Meant::Text(text.into()))
}

fn of_type(name: &str) -> Option<Meant> {
    Some(Meant::Name(match name {
        "float" | "double" | "number" | "f32" | "f64" => "real",
        "integer" | "long" | "uint" => "int",
        "boolean" => "bool",
        "volt" => "voltage",
        "amp" | "ampere" => "current",
        "siemens" => "conductance",
        "second" => "time",
        "Hz" | "hertz" => "frequency",
        _ => {
            let (_, _, dimension) = units::unit(&unit_names::factors(name))?;
            units::DIMENSIONS[1..].iter().find(|(_, named)| *named == dimension)?.0
        }
    }))
}

fn shape(name: &str) -> Option<Meant> {
    Some(Meant::Name(match name {
        "exp" | "exponential_decay" | "expsyn" => "exponential",
        "double_exp" | "double_exponential" | "biexp" | "dual_exponential" | "exp2syn" => "biexponential",
        "instant" | "dirac" | "jump" => "delta",
        "none" | "value" | "continuous" => "sum",
        _ => return None,
    }))
}

fn connect(name: &str) -> Option<Meant> {
    Some(Meant::Name(match name {
        "fixed_indegree" | "indegree" => "in_degree",
        "fixed_outdegree" | "outdegree" => "out_degree",
        "fixed_total_number" | "fixed_total" => "total",
        "pairwise_bernoulli" | "bernoulli" | "random" | "p" | "prob" => "probability",
        "full" | "dense" => "all_to_all",
        "condition" | "if_" => "where",
        _ => return None,
    }))
}

fn setting(name: &str) -> Option<Meant> {
    let example = match name {
        "dt" => "dt 0.1 ms",
        "seed" => "seed 1",
        "duration" => "run 100 ms",
        _ => return None,
    };
    Some(Meant::Text(format!("write `{example}`")))
}
