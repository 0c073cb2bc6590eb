//! The messages of this crate: syntax, modules, protocols, faults. Each is a rule with a page.
//!
//! In: facts. Out: diagnostics. `circ explain RULE` finds the pages through [`all`].

use circ_compiler::diagnose::{Diagnostic, Edit, Level, Rule};
use circ_grammar::SyntaxError;
use circ_grammar::ast::{FileId, Span};

const fn error(name: &'static str, page: &'static str) -> Rule {
    Rule { name, level: Level::Error, page }
}

static EMPTY_FILE: Rule = error("empty-file", include_str!("../../docs/rules/empty-file.md"));
static UNREADABLE_FILE: Rule = error("unreadable-file", include_str!("../../docs/rules/unreadable-file.md"));
static WINDOW_OUTSIDE: Rule = error("window-outside", include_str!("../../docs/rules/window-outside.md"));
static NOT_A_MEASURE: Rule = error("not-a-measure", include_str!("../../docs/rules/not-a-measure.md"));
static NOT_OBSERVABLE: Rule = error("not-observable", include_str!("../../docs/rules/not-observable.md"));
static NOT_SETTABLE: Rule = error("not-settable", include_str!("../../docs/rules/not-settable.md"));
static WRONG_VALUE: Rule = error("wrong-value", include_str!("../../docs/rules/wrong-value.md"));
static OUT_OF_MEMORY: Rule = error("out-of-memory", include_str!("../../docs/rules/out-of-memory.md"));
static NOT_FINITE: Rule = error("not-finite", include_str!("../../docs/rules/not-finite.md"));
static TOO_FEW_PAIRS: Rule = error("too-few-pairs", include_str!("../../docs/rules/too-few-pairs.md"));
static CHECKPOINT_FILE: Rule = error("checkpoint-file", include_str!("../../docs/rules/checkpoint-file.md"));
static CHECKPOINT_CHANGED: Rule =
    error("checkpoint-changed", include_str!("../../docs/rules/checkpoint-changed.md"));
static NOT_BUILT: Rule = error("not-built", include_str!("../../docs/rules/not-built.md"));

/// Rules of the form of a text, by the names that the parser gives them.
static SYNTAX: &[Rule] = &[
    error("else-starts-line", include_str!("../../docs/rules/else-starts-line.md")),
    error("file-too-large", include_str!("../../docs/rules/file-too-large.md")),
    error("nested-too-deep", include_str!("../../docs/rules/nested-too-deep.md")),
    error("number-point", include_str!("../../docs/rules/number-point.md")),
    error("operator-starts-line", include_str!("../../docs/rules/operator-starts-line.md")),
    error("power", include_str!("../../docs/rules/power.md")),
    error("syntax", include_str!("../../docs/rules/syntax.md")),
    error("too-many-mistakes", include_str!("../../docs/rules/too-many-mistakes.md")),
    error("unclosed", include_str!("../../docs/rules/unclosed.md")),
    error("unopened", include_str!("../../docs/rules/unopened.md")),
    error("unknown-character", include_str!("../../docs/rules/unknown-character.md")),
    error("unterminated-comment", include_str!("../../docs/rules/unterminated-comment.md")),
    error("unterminated-string", include_str!("../../docs/rules/unterminated-string.md")),
];

/// The rules of this crate but for those of the syntax.
static OWN: &[&Rule] = &[
    &EMPTY_FILE,
    &UNREADABLE_FILE,
    &WINDOW_OUTSIDE,
    &NOT_A_MEASURE,
    &NOT_OBSERVABLE,
    &NOT_SETTABLE,
    &WRONG_VALUE,
    &OUT_OF_MEMORY,
    &NOT_FINITE,
    &TOO_FEW_PAIRS,
    &NOT_BUILT,
    &CHECKPOINT_FILE,
    &CHECKPOINT_CHANGED,
];

/// All rules that a program can meet, for `circ explain`, in order of their names.
pub fn all() -> Vec<&'static Rule> {
    let mut all: Vec<&'static Rule> = circ_compiler::diagnose::rules().to_vec();
    all.extend(OWN);
    all.extend(SYNTAX);
    all.sort_by_key(|rule| rule.name);
    all.dedup_by_key(|rule| rule.name);
    all
}

/// A mistake in the form of the text.
pub fn syntax(mistake: &SyntaxError) -> Diagnostic {
    let known = all().into_iter().find(|rule| rule.name == mistake.rule);
    let general = || SYNTAX.iter().find(|rule| rule.name == "syntax").unwrap_or(&EMPTY_FILE);
    let mut diagnostic =
        known.unwrap_or_else(general).at(mistake.span, &mistake.message).primary(&mistake.label);
    diagnostic.labels.extend(mistake.labels.iter().cloned());
    diagnostic.notes.extend(mistake.note.clone());
    diagnostic.help = mistake.help.clone();
    diagnostic.fix =
        mistake.fix.iter().map(|(span, text)| Edit { span: *span, text: text.clone() }).collect();
    diagnostic
}

/// `grow pruned` without enough pairs of cells that could take a synapse.
pub fn too_few_pairs(span: Span, message: String) -> Diagnostic {
    TOO_FEW_PAIRS
        .at(span, message)
        .primary("keeps the number of synapses")
        .note("a pair that has a synapse takes no other, unless the projection says `allow multiple`")
        .help(
            "prune fewer, leave more pairs to choose from, or grow a number: `grow 10 ...` makes at most ten",
        )
}

/// A checkpoint that can not be written or read.
pub fn checkpoint_file(span: Span, name: &str, done: &str, why: &str) -> Diagnostic {
    CHECKPOINT_FILE
        .at(span, format!("`{name}` can not be {done}: {why}"))
        .primary(format!("to be {done} here"))
}

/// A checkpoint of another circuit, with what differs.
pub fn checkpoint_changed(span: Span, name: &str, differences: &[String]) -> Diagnostic {
    const SHOWN: usize = 5;
    let first = differences.first().map_or("it is of another circuit", String::as_str);
    let mut diagnostic = CHECKPOINT_CHANGED
        .at(span, format!("`{name}` does not fit this program: {first}"))
        .primary("saved before that");
    for difference in differences.iter().skip(1).take(SHOWN) {
        diagnostic = diagnostic.note(difference.clone());
    }
    if 1 + SHOWN < differences.len() {
        diagnostic = diagnostic.note(format!("and {} more", differences.len() - 1 - SHOWN));
    }
    diagnostic.help(
        "a state goes on only in the circuit that it is of: run anew to where it was saved, and save again",
    )
}

/// A file without a word.
pub fn empty_file(name: &str) -> Diagnostic {
    EMPTY_FILE
        .at(start_of_main(), format!("`{name}` is empty"))
        .note("a program declares cells, a circuit and an experiment")
}

/// `use` of a file that is there and can not be read.
pub fn unreadable_file(span: Span, problem: &str) -> Diagnostic {
    UNREADABLE_FILE.at(span, problem).primary("used here")
}

/// A window that reaches where nothing was simulated.
pub fn window_outside(span: Span, asked: (f64, f64), simulated: f64) -> Diagnostic {
    WINDOW_OUTSIDE
        .at(
            span,
            format!(
                "the window from {} ms to {} ms is not within the {simulated} ms that were simulated",
                asked.0, asked.1
            ),
        )
        .primary("asks for this window")
}

/// Whether a message is about such a window.
pub fn is_window_outside(diagnostic: &Diagnostic) -> bool {
    diagnostic.rule.name == WINDOW_OUTSIDE.name
}

/// A `balance` over a window whose beginning nobody kept.
pub fn balance_window(span: Span) -> Diagnostic {
    WINDOW_OUTSIDE
        .at(span, "`balance` is not known for this window")
        .primary("begins where no `run` began, or ends before now")
        .note("it is summed up while the circuit runs: over each `run`, and over the windows of monitors")
}

/// A reduction over a window of which not all values are known.
pub fn not_watched(span: Span, name: &str) -> Diagnostic {
    WINDOW_OUTSIDE
        .at(span, format!("what `{name}` reduces is not known for all of this window"))
        .primary("not looked at at every tick of it")
        .note("an experiment looks at what it asks for from its beginning, or from a `load` on; a session at what was recorded")
        .help("`record` it at every tick, before the window begins")
}

/// A window that has not even two bins to compare.
pub fn too_few_bins(span: Span, name: &str, bin_ms: f64, window_ms: f64) -> Diagnostic {
    WINDOW_OUTSIDE
        .at(span, format!("`{name}` compares bins of {bin_ms} ms, but its window is {window_ms} ms long"))
        .primary("two bins are needed at least")
        .help(format!("give shorter bins, as in `{name}(E, bin = 1 ms)`, or a longer `run`"))
}

/// A measure before the first `run`.
pub fn nothing_ran(span: Span, name: &str) -> Diagnostic {
    WINDOW_OUTSIDE
        .at(span, format!("`{name}` looks at the last `run`, and nothing was run yet"))
        .help("put it after a `run`")
}

/// Known names that are no measure of what they are asked of.
pub fn not_a_measure(span: Span, name: &str) -> Diagnostic {
    let binned = crate::measures::BINNED.iter().map(|measure| measure.name);
    let quoted = |name| format!("`{name}`");
    let known: Vec<String> =
        crate::measures::ALL.iter().map(|measure| measure.name).chain(binned).map(quoted).collect();
    NOT_A_MEASURE
        .at(span, format!("`{name}` can not be measured here"))
        .primary("not one of the measures of spikes")
        .note(format!("measures of spikes are {}", known.join(", ")))
}

/// `record` of a measure that can not be followed through time.
pub fn not_followed(span: Span, name: &str) -> Diagnostic {
    NOT_A_MEASURE
        .at(span, format!("`{name}` can not be recorded"))
        .primary("one number for a whole run")
        .help(format!("record `rate(...) every 5 ms`, or write `report {name}(...)` after the run"))
}

/// `record` of synapses that come and go, between many cells. `pairs` may be joined.
pub fn too_many_pairs(span: Span, projection: &str, pairs: u64) -> Diagnostic {
    NOT_OBSERVABLE
        .at(span, format!("`{projection}` may join {pairs} pairs of cells, too many to record each of them"))
        .primary("would have a column for each pair")
        .note("where synapses come and go, pairs of cells are recorded, of which most have no synapse at a time")
        .note(format!("at most {} pairs are recorded", crate::plastic::MOST_PAIRS))
        .help("record the pairs of some synapses, as in `record P.w[0..100]`")
}

/// A name that has no value or events.
pub fn not_observable(span: Span, population: &str, name: &str) -> Diagnostic {
    NOT_OBSERVABLE
        .at(span, format!("`{population}` has no value or event `{name}` that can be observed"))
        .primary("can not be observed")
        .note("states, ports with a value, `let`s and events can")
}

/// A target of `set` that can not change.
pub fn not_settable(span: Span, what: &str) -> Diagnostic {
    NOT_SETTABLE
        .at(span, format!("{what} can not be set"))
        .primary("can not be set")
        .note("`set` changes parameters and states of populations, and drives by their name")
}

/// A drive that has no one number to be set.
pub fn drive_not_settable(span: Span, path: &str) -> Diagnostic {
    NOT_SETTABLE
        .at(span, format!("drive `{path}` can not be set"))
        .note("of a drive, the rate of `poisson` or the value that it sends is set, where it was written as one number")
        .help("write one number in the drive, such as a parameter of the circuit")
}

/// A `plot` where nothing happened yet.
pub fn nothing_to_draw(span: Span) -> Diagnostic {
    WINDOW_OUTSIDE
        .at(span, "nothing was run yet, so there is nothing to draw")
        .primary("draws what a `run` has made")
        .help("put it after a `run`")
}

/// A `plot` of what was recorded once, or not at all so far.
pub fn no_line_drawn(span: Span) -> Diagnostic {
    WINDOW_OUTSIDE
        .at(span, "there are no two samples to draw a line between")
        .primary("recorded too few times so far")
        .help("put it after a longer `run`, or `record` more often")
}

/// `plot` of a number.
pub fn one_number_drawn(span: Span) -> Diagnostic {
    WRONG_VALUE
        .at(span, "there is nothing to draw of one number")
        .primary("one number")
        .note("`plot` draws events, values that were recorded, and arrays")
        .help("write `report` in its place")
}

/// `plot` of an array without a number that can be drawn.
pub fn no_value_drawn(span: Span) -> Diagnostic {
    WRONG_VALUE
        .at(span, "this holds no number that could be drawn")
        .primary("empty, or not a number anywhere")
}

/// A value that a statement can not take.
pub fn wrong_value(span: Span, expected: &str) -> Diagnostic {
    WRONG_VALUE.at(span, format!("{expected} is needed here")).primary(format!("{expected} is due"))
}

/// Other than one number, or one for each cell or synapse. `shape`: of an array.
pub fn wrong_number(span: Span, due: usize, of_each: &str, shape: &[u64]) -> Diagnostic {
    let has: Vec<String> = shape.iter().map(u64::to_string).collect();
    let has =
        if has.is_empty() { "no number".to_string() } else { format!("an array of {}", has.join(" × ")) };
    let message =
        format!("one number, or one for each of {due} {of_each}s, is needed here, but this is {has}");
    WRONG_VALUE.at(span, message).primary(has)
}

/// More memory than the machine has.
pub fn out_of_memory(span: Span, needed: u64, available: u64, parts: &[(String, u64)]) -> Diagnostic {
    let mut largest: Vec<&(String, u64)> = parts.iter().collect();
    largest.sort_by_key(|part| std::cmp::Reverse(part.1));
    let message =
        format!("the circuit needs {} of memory, and this machine has {}", bytes(needed), bytes(available));
    let parts = largest.iter().take(3).fold(OUT_OF_MEMORY.at(span, message), |diagnostic, (what, size)| {
        diagnostic.note(format!("{what}: {}", bytes(*size)))
    });
    parts.help("connect fewer, or write `store procedural` in a projection: its synapses are then drawn again for each spike")
}

/// The network could not be built as written.
pub fn not_built(span: Span, problem: String) -> Diagnostic {
    NOT_BUILT.at(span, problem).primary("while this was built")
}

/// A state left the numbers while the simulation ran.
pub fn not_finite(span: Span, message: String) -> Diagnostic {
    NOT_FINITE.at(span, message).primary("computed here")
}

/// `1.5 GB`
pub fn bytes(count: u64) -> String {
    const STEPS: [(&str, u64); 4] = [("TB", 1 << 40), ("GB", 1 << 30), ("MB", 1 << 20), ("kB", 1 << 10)];
    match STEPS.iter().find(|(_, size)| *size <= count) {
        Some((unit, size)) => format!("{:.1} {unit}", count as f64 / *size as f64),
        None => format!("{count} bytes"),
    }
}

fn start_of_main() -> Span {
    Span { file: FileId(0), start: 0, end: 0 }
}
