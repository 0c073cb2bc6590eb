//! Prints a kernel program, for people and for `parse`, which reads exactly the same program back.
//!
//! In: a program, and the population whose names it speaks of, if known. Out: text. One line an
//! operation; names stand in comments at the ends of lines.
//!
//! ```text
//! program "E.step" f64 {
//!   v0: float = load own a0                  // v
//!   v1: float = uniform u3                   // decay_v
//!   v2: float = mul v0, v1
//!   v3: float = -50.0
//!   v4: bool = ge v2, v3
//!   array a0 = v2                            // v
//!   event e0 if v4                           // spike
//!   check finite v2 place 7
//! }
//! ```

use std::fmt::Write;

use circ_plan::ir::*;
use circ_plan::plan::PopulationPlan;

use super::ops::{mnemonic, operands};

/// Comments begin here, unless the line is longer.
const COMMENT_COLUMN: usize = 44;

/// The text of a program.
pub fn print(program: &Program) -> String {
    text(program, None)
}

/// The text of a program of this population, with the names of its arrays, slots, ports and events.
pub fn print_with_names(program: &Program, population: &PopulationPlan) -> String {
    text(program, Some(population))
}

/// An operation as printed: `add v1, v2`.
pub fn operation(op: &Op) -> String {
    match op {
        Op::Float(x) => float(*x),
        Op::Int(x) | Op::Tick(x) => x.to_string(),
        Op::Bool(x) => x.to_string(),
        Op::Load(side, array) => format!("load {} a{}", side_name(*side), array.0),
        Op::Uniform(uniform) => format!("uniform u{}", uniform.0),
        Op::Arrival(port) => format!("arrival p{}", port.0),
        Op::Index(side) => format!("index {}", side_name(*side)),
        Op::Time(moment) => format!("time {}", moment_name(*moment)),
        Op::Table(table, row, column) => format!("table t{} v{}, v{}", table.0, row.0, column.0),
        Op::Edge(column) => format!("edge {column}"),
        Op::Weight => "weight".into(),
        Op::Expm { n, entries, row, column } => {
            format!("expm {n} ({}) row {row} column {column}", list(entries))
        }
        Op::Draw { distribution, args, key, salt } => {
            format!("draw {} ({}) key k{} salt {salt}", distribution.name(), list(args), key.0)
        }
        Op::Redraw { distribution, args, within: [lo, hi], key, salt } => {
            let (name, args) = (distribution.name(), list(args));
            format!("redraw {name} ({args}) within v{}, v{} key k{} salt {salt}", lo.0, hi.0, key.0)
        }
        other => format!("{} {}", mnemonic(other), list(&operands(other))).trim_end().to_string(),
    }
}

/// The name of a type: `float`.
pub fn type_name(ty: Ty) -> &'static str {
    match ty {
        Ty::Float => "float",
        Ty::Int => "int",
        Ty::Bool => "bool",
        Ty::Tick => "tick",
    }
}

/// The name of a kind of check: `finite`.
pub fn check_name(kind: CheckKind) -> &'static str {
    match kind {
        CheckKind::Finite => "finite",
        CheckKind::Overflow => "overflow",
        CheckKind::Range => "range",
        CheckKind::Redraw => "redraw",
    }
}

/// The name of a side: `own`.
pub fn side_name(side: Side) -> &'static str {
    match side {
        Side::Own => "own",
        Side::Pre => "pre",
        Side::Post => "post",
    }
}

/// The name of a moment: `start`.
pub fn moment_name(moment: Moment) -> &'static str {
    match moment {
        Moment::Start => "start",
        Moment::End => "end",
    }
}

fn text(program: &Program, population: Option<&PopulationPlan>) -> String {
    let names = Names(population);
    let mut out = format!("program {} {} {{\n", quoted(&program.name), program.precision);
    for (at, (op, ty)) in program.ops.iter().zip(&program.types).enumerate() {
        line(&mut out, &format!("v{at}: {} = {}", type_name(*ty), operation(op)), names.of_op(op));
    }
    for region in &program.regions {
        line(&mut out, &format!("region v{} {} .. {}", region.mask.0, region.first, region.end), None);
    }
    for output in &program.outputs {
        let (text, name) = output_line(output, names);
        line(&mut out, &text, name);
    }
    for check in &program.checks {
        line(
            &mut out,
            &format!("check {} v{} place {}", check_name(check.kind), check.value.0, check.place),
            None,
        );
    }
    out.push_str("}\n");
    out
}

fn output_line<'a>(output: &Output, names: Names<'a>) -> (String, Option<&'a str>) {
    match output {
        Output::Array(array, value) => (format!("array a{} = v{}", array.0, value.0), names.array(*array)),
        Output::Uniform(uniform, value) => {
            (format!("uniform u{} = v{}", uniform.0, value.0), names.uniform(*uniform))
        }
        Output::Event(event, mask) => (format!("event e{} if v{}", event.0, mask.0), names.event(*event)),
        Output::Result(value) => (format!("result v{}", value.0), None),
    }
}

fn line(out: &mut String, text: &str, comment: Option<&str>) {
    let written = match comment {
        // A name is one word of the program's author, but the comment must end with its line.
        Some(name) => writeln!(out, "  {text:COMMENT_COLUMN$} // {}", name.escape_debug()),
        None => writeln!(out, "  {text}"),
    };
    written.expect("writing to a string works");
}

fn list(values: &[ValueId]) -> String {
    let words: Vec<String> = values.iter().map(|v| format!("v{}", v.0)).collect();
    words.join(", ")
}

/// The shortest text that reads back as the same bits.
fn float(x: f64) -> String {
    if x.is_nan() { format!("nan({:#x})", x.to_bits()) } else { format!("{x:?}") }
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => {
                write!(out, "\\u{{{:x}}}", u32::from(c)).expect("writing to a string works")
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// The names of a population, if it is known and has what is asked for.
#[derive(Clone, Copy)]
struct Names<'a>(Option<&'a PopulationPlan>);

impl<'a> Names<'a> {
    fn of_op(self, op: &Op) -> Option<&'a str> {
        match op {
            Op::Load(Side::Own, array) => self.array(*array),
            Op::Uniform(uniform) => self.uniform(*uniform),
            Op::Arrival(port) => self.0?.ports.get(port.0 as usize).map(|p| p.name.as_str()),
            _ => None,
        }
    }
    fn array(self, array: ArrayId) -> Option<&'a str> {
        self.0?.arrays.get(array.0 as usize).map(|a| a.name.as_str())
    }
    fn uniform(self, uniform: UniformId) -> Option<&'a str> {
        self.0?.uniforms.get(uniform.0 as usize).map(|u| u.name.as_str())
    }
    fn event(self, event: EventId) -> Option<&'a str> {
        self.0?.events.get(event.0 as usize).map(|e| e.name.as_str())
    }
}
