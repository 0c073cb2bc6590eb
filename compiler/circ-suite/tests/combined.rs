//! Every mistake of one file in one go: programs of one mistake each, put into one file, are said exactly what is said
//! of each alone.

use circ::compile::check_all;
use circ::diagnose::Level;
use circ::sources;
use circ_strangers::Choices;
use circ_suite::cases::{self, Case};
use circ_suite::combine::{combine, without_marks};
use std::path::{Path, PathBuf};

/// Files of several mistakes that one run of the tests makes; `CIRC_COMBINED` asks for more.
const FILES: u64 = 400;

/// Rules of what makes the rest of a file unreadable, or speaks of the file as a whole, or takes seconds to find.
const ALONE: [&str; 12] = [
    "empty-file",
    "nested-too-deep",
    "not-looked-at",
    "too-large",
    "too-many-items",
    "too-many-mistakes",
    "unclosed",
    "unknown-file",
    "unopened",
    "unreadable-file",
    "unterminated-comment",
    "unterminated-string",
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("messages")
}

/// Beginnings of what is said where rules meet delays, once nothing is wrong beside it.
const LAST: [&str; 5] = [
    "[out-of-place] `rewire` looks at each synapse alone",
    "[not-yet] a rule whose bounds of a shared `w` differ",
    "[out-of-place] `transmit` in `on pre and post` comes too late",
    "[delay-without-bounds] synapses grow here",
    "[out-of-place] a synapse that grows has no row",
];

/// The errors that are said of a text: rules and messages, in order of place. Warnings wait until there are none.
fn said(text: &str) -> Vec<String> {
    let checked = check_all(sources::parse("example.circ", text.to_string(), &folder()));
    let line = |it: &circ::diagnose::Diagnostic| format!("[{}] {}", it.rule.name, without_marks(&it.message));
    let errors = checked.diagnostics.iter().filter(|it| it.rule.level == Level::Error);
    errors.map(line).filter(|said| !LAST.iter().any(|last| said.starts_with(last))).collect()
}

/// The programs of the rules that can stand beside others, with what is said of each.
fn material() -> Vec<(Case, Vec<String>)> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder())
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|it| it == "txt"))
        .filter(|path| !ALONE.contains(&path.file_stem().and_then(|stem| stem.to_str()).unwrap_or("")))
        .collect();
    files.sort();
    let read = |path: &PathBuf| cases::read(&std::fs::read_to_string(path).expect("text"));
    let cases = files.iter().flat_map(read);
    cases.map(|case| (case.clone(), said(&case.program))).filter(|(_, said)| said.len() < 10).collect()
}

/// Whether all that is not said are names without a declaration: beside a mistake of form that may have cost the
/// declaration, a name is not missed if some other cell declares it.
fn may_be_lost(found: &[String], due: &[String], text: &str) -> bool {
    let broken_form = !sources::parse("example.circ", text.to_string(), &folder()).problems.is_empty();
    let is_known = |message: &&String| !message.starts_with("[unknown-name]");
    broken_form && found.iter().filter(is_known).eq(due.iter().filter(is_known))
}

#[test]
fn mistakes_of_one_file_are_said_together() {
    let material = material();
    assert!(60 < material.len());
    let files = std::env::var("CIRC_COMBINED").ok().and_then(|n| n.parse().ok()).unwrap_or(FILES);
    let mut failures = vec![];
    for seed in 0..files {
        let mut random = Choices::Seed(seed);
        let mut chosen: Vec<&(Case, Vec<String>)> = vec![];
        for _ in 0..2 + random.below(4) {
            let one = &material[random.below(material.len())];
            // A name that is imported twice is missed once.
            if !chosen.iter().any(|other| std::ptr::eq(*other, one)) {
                chosen.push(one);
            }
        }
        let programs: Vec<&str> = chosen.iter().map(|(case, _)| case.program.as_str()).collect();
        let text = combine(&programs);
        let due: Vec<String> = chosen.iter().flat_map(|(_, said)| said.clone()).collect();
        let mut found = said(&text);
        // Beside a `Lif` of these files, one of the library that is not there is a second one.
        if text.contains("use std.cells.Lif\n") && text.contains("use cells.Lif\n") {
            found.retain(|said| !said.starts_with("[duplicate-name] `Lif`"));
        }
        if found != due && !may_be_lost(&found, &due, &text) {
            let names: Vec<&str> = chosen.iter().map(|(case, _)| case.name.as_str()).collect();
            failures.push(format!(
                "seed {seed} {names:?}\ndue:\n  {}\nfound:\n  {}\n{text}",
                due.join("\n  "),
                found.join("\n  ")
            ));
        }
    }
    assert!(
        failures.is_empty(),
        "{} of {files} fail; some:\n{}",
        failures.len(),
        failures[..failures.len().min(5)].join("\n")
    );
}
