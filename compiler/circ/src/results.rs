//! Results: what a run found, as data for people, for `--json` and for the manifest.
//!
//! In: what the protocol collected. Out: serialisable structs; their field names are an interface that
//! scripts rely on. Rates are in Hz, times in ms; a number that the spikes do not determine is `null`.

use serde::{Deserialize, Serialize};

/// Everything about one run: the object that `circ run --json` prints.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// Version of the compiler.
    pub circ: String,
    pub file: String,
    pub experiment: String,
    pub ended: Ended,
    pub simulated_ms: f64,
    pub dt_ms: f64,
    pub seed: u64,
    pub threads: usize,
    pub engine: String,
    pub precision: String,
    pub populations: Vec<PopulationResult>,
    pub synapses: u64,
    pub memory_bytes: u64,
    pub expectations: Vec<Expectation>,
    /// What was required and enforced when the network was built.
    #[serde(default)]
    pub constraints: Vec<Constraint>,
    pub monitors: Vec<Monitor>,
    /// Every `run ... until`, in order.
    #[serde(default)]
    pub awaited: Vec<Awaited>,
    pub reports: Vec<Report>,
    /// What `print` wrote, a line each.
    pub prints: Vec<String>,
    /// What `plot` drew, a picture each.
    #[serde(default)]
    pub plots: Vec<Plotted>,
    pub timing: Timing,
    /// Of every spike, the final states, the synapses, and what is in flight. Empty where the run did not reach
    /// its end.
    pub digest: String,
    /// Warnings, and why the run stopped where it did.
    pub diagnostics: Vec<Message>,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ended {
    /// At the end of its experiment.
    Complete,
    /// By Ctrl-C.
    Interrupted,
    /// A state left the numbers.
    Failed,
    /// A statement of the experiment could not be carried out.
    Rejected,
    /// By a `monitor ... else stop`.
    Stopped,
    /// What was recorded could not be written: the disk was full.
    Unwritten,
}

/// One population over the whole simulated time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PopulationResult {
    pub path: String,
    pub cells: u32,
    pub spikes: u64,
    pub rate_hz: f64,
    /// Mean over the cells with at least three spikes; none where there is no such cell.
    pub cv_isi: Option<f64>,
}

/// An `expect` of the experiment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Expectation {
    /// As written.
    pub text: String,
    /// The side that was measured.
    pub value: Number,
    pub unit: String,
    pub holds: bool,
}

/// A `require` or `enforce` of the circuit, which held when the network was built.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Constraint {
    /// As written.
    pub text: String,
    pub how: Established,
    /// Of an `enforce ... every T`.
    pub every_ms: Option<f64>,
}

/// How it came to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Established {
    /// A `require` that was proved before anything was built.
    Proved,
    /// A `require` that was judged on the built network.
    Judged,
    /// An `enforce`: weights were scaled.
    Enforced,
}

/// A `monitor` of the circuit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Monitor {
    /// As written.
    pub text: String,
    pub unit: String,
    /// How often it was judged.
    pub judged: u64,
    /// How often it did not hold.
    pub breached: u64,
    /// The first of those.
    pub breaches: Vec<Breach>,
}

/// A monitor that did not hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Breach {
    pub time_ms: f64,
    /// Where the condition speaks of cells: of the cell that is furthest from it.
    pub value: Number,
    /// Where it speaks of cells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cells: Option<BreachCells>,
}

/// At which cells a monitor did not hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BreachCells {
    /// At so many,
    pub failing: u64,
    /// of so many.
    pub of: u64,
    /// The worst first; a few.
    pub worst: Vec<CellValue>,
}

/// The condition of a `run ... until`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Awaited {
    /// As written.
    pub text: String,
    /// Whether it came to hold; else the whole duration was run.
    pub met: bool,
    /// When the run ended.
    pub time_ms: f64,
}

/// What one cell has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CellValue {
    /// `E[17]`
    pub cell: String,
    pub value: Number,
}

/// A `report` of the experiment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// As written.
    pub text: String,
    pub value: Number,
    pub unit: String,
}

/// A picture of a `plot`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plotted {
    /// Of its files, without their endings: `plot-1`.
    pub name: String,
    /// What is drawn, as written.
    pub text: String,
}

/// A value as JSON has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Number {
    Bool(bool),
    Int(i64),
    /// NaN and infinities are `null`.
    Real(Option<f64>),
    Text(String),
    List(Vec<Number>),
}

impl Number {
    /// A real, or `null` where it is none.
    pub fn real(value: f64) -> Number {
        Number::Real(value.is_finite().then_some(value))
    }
    /// For people: four significant digits.
    pub fn show(&self) -> String {
        match self {
            Number::Bool(value) => value.to_string(),
            Number::Int(value) => value.to_string(),
            Number::Real(Some(value)) => crate::quantity::significant(*value, 4),
            Number::Real(None) => "not determined".to_string(),
            Number::Text(text) => text.clone(),
            Number::List(values) => {
                const SHOWN: usize = 8;
                let shown: Vec<String> = values.iter().take(SHOWN).map(Number::show).collect();
                let rest = if SHOWN < values.len() {
                    format!(", … {} in all", values.len())
                } else {
                    String::new()
                };
                format!("[{}{rest}]", shown.join(", "))
            }
        }
    }
}

/// How long each stage took, in ms of the clock on the wall.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Timing {
    /// Reading, parsing, names, dimensions.
    pub check_ms: f64,
    /// From the checked program to machine code.
    pub compile_ms: f64,
    /// Synapses and initial states.
    pub build_ms: f64,
    /// The protocol.
    pub run_ms: f64,
}

/// A diagnostic as data: the elements of `circ check --json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    pub rule: String,
    pub level: String,
    pub message: String,
    pub file: String,
    pub start: Position,
    pub end: Position,
    /// What is there, at each place of the message.
    #[serde(default)]
    pub labels: Vec<PlacedText>,
    #[serde(default)]
    pub notes: Vec<String>,
    pub help: Option<String>,
    /// Edits that do what `help` says, where that is certain.
    #[serde(default)]
    pub fix: Vec<PlacedText>,
}

/// A text for a place: what a label says is there, or what an edit puts there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlacedText {
    pub file: String,
    pub start: Position,
    pub end: Position,
    pub text: String,
}

/// A place in a text: lines and columns count from 1, columns in characters; bytes from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    pub line: usize,
    pub column: usize,
    #[serde(default)]
    pub byte: usize,
}

/// Diagnostics as data.
pub fn messages(
    diagnostics: &[circ_compiler::diagnose::Diagnostic],
    sources: &circ_compiler::diagnose::Sources,
) -> Vec<Message> {
    diagnostics.iter().map(|diagnostic| message(diagnostic, sources)).collect()
}

fn message(
    diagnostic: &circ_compiler::diagnose::Diagnostic,
    sources: &circ_compiler::diagnose::Sources,
) -> Message {
    let placed = |span: circ_grammar::ast::Span, text: &str| {
        let source = sources.files.get(span.file.0 as usize);
        let (name, whole) = source.map_or(("", ""), |source| (source.name.as_str(), source.text.as_str()));
        PlacedText {
            file: name.to_string(),
            start: position(whole, span.start as usize),
            end: position(whole, span.end as usize),
            text: text.to_string(),
        }
    };
    let PlacedText { file, start, end, .. } = placed(diagnostic.span, "");
    Message {
        rule: diagnostic.rule.name.to_string(),
        level: level(diagnostic.rule.level).to_string(),
        message: diagnostic.message.clone(),
        file,
        start,
        end,
        labels: diagnostic.labels.iter().map(|(span, text)| placed(*span, text)).collect(),
        notes: diagnostic.notes.clone(),
        help: diagnostic.help.clone(),
        fix: diagnostic.fix.iter().map(|edit| placed(edit.span, &edit.text)).collect(),
    }
}

/// A file that could not be read, as one of the messages about it.
pub fn unreadable(error: &crate::sources::ReadError) -> Message {
    let start = Position { line: 1, column: 1, byte: 0 };
    Message {
        rule: "unreadable-file".to_string(),
        level: "error".to_string(),
        message: error.to_string(),
        file: error.path.display().to_string(),
        start,
        end: start,
        labels: Vec::new(),
        notes: Vec::new(),
        help: None,
        fix: Vec::new(),
    }
}

/// Messages for editors, a line each: `file:line:column-line:column: error[rule]: message`. What is said besides
/// follows in lines that begin with two blanks. Lines and columns count from 1, columns in characters; the end is
/// the place behind the last character.
pub fn plain(messages: &[Message]) -> String {
    messages.iter().map(plain_message).collect()
}

fn plain_message(it: &Message) -> String {
    let place = |file: &str, start: &Position, end: &Position| {
        format!("{file}:{}:{}-{}:{}", start.line, start.column, end.line, end.column)
    };
    let first =
        format!("{}: {}[{}]: {}\n", place(&it.file, &it.start, &it.end), it.level, it.rule, it.message);
    let labels = it
        .labels
        .iter()
        .filter(|label| !label.text.is_empty())
        .map(|label| format!("  {}: {}\n", place(&label.file, &label.start, &label.end), label.text));
    let notes = it.notes.iter().map(|note| format!("  note: {note}\n"));
    let help = it.help.iter().map(|help| format!("  help: {help}\n"));
    labels.chain(notes).chain(help).fold(first, |text, line| text + &line)
}

fn level(level: circ_compiler::diagnose::Level) -> &'static str {
    match level {
        circ_compiler::diagnose::Level::Error => "error",
        circ_compiler::diagnose::Level::Warning => "warning",
        circ_compiler::diagnose::Level::Note => "note",
    }
}

fn position(text: &str, byte: usize) -> Position {
    let before = &text.as_bytes()[..byte.min(text.len())];
    let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    // Bytes that continue a character do not count.
    let column = before[line_start..].iter().filter(|byte| **byte & 0xC0 != 0x80).count() + 1;
    Position { line, column, byte: byte.min(text.len()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        assert_eq!(position("let µ = 1\nlet b", 6), Position { line: 1, column: 6, byte: 6 });
        assert_eq!(position("let µ = 1\nlet b", 12), Position { line: 2, column: 2, byte: 12 });
        assert_eq!(position("", 7), Position { line: 1, column: 1, byte: 0 });
    }

    #[test]
    fn what_is_no_number_is_null() {
        assert_eq!(serde_json::to_string(&Number::real(f64::NAN)).expect("serialises"), "null");
        assert_eq!(serde_json::to_string(&Number::List(vec![Number::Int(1)])).expect("serialises"), "[1]");
    }
}
