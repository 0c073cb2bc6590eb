//! Every rule as people see it: `messages/RULE.txt` has small programs of which only this rule is said, and,
//! where a case begins with `// accepted`, their nearest neighbours of which nothing is said. What is said is
//! held by the snapshot of the rule. Warnings of a program that shows an error are not the point of it.

use circ::compile::{Options, Rejection, check_all, compile};
use circ::diagnose::{Diagnostic, Level, Sources, render};
use circ::fix::edited;
use circ::results::{messages, plain};
use circ::run::{RunOptions, Silent, Simulation};
use circ::sources::{self, Program};
use circ_suite::cases::{self, Case, Kind};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

/// Rules without a program here, and why.
const NOT_SHOWN: &[(&str, &str)] = &[
    ("checkpoint-changed", "needs a checkpoint of another circuit"),
    ("file-too-large", "needs a text of 16 MB"),
    ("not-known", "`out-of-place` is said first"),
    ("out-of-memory", "depends on the machine"),
    ("stray-draw", "`out-of-place` is said first"),
    ("too-deep", "`nested-too-deep` is said first"),
    ("too-many-mistakes", "needs a hundred of them"),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("messages")
}

/// The rules that have a file here, with their cases.
fn all() -> Vec<(String, Vec<Case>)> {
    let entries = std::fs::read_dir(folder()).expect("a folder").map(|entry| entry.expect("an entry").path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|it| it == "txt")).collect();
    files.sort();
    let rule = |path: &Path| path.file_stem().and_then(|stem| stem.to_str()).expect("a name").to_string();
    let read = |path: &Path| cases::read(&std::fs::read_to_string(path).expect("text"));
    files.iter().map(|path| (rule(path), read(path))).collect()
}

/// Whether nothing at all is said of the program.
fn is_accepted(case: &Case) -> bool {
    case.demands == ["accepted"]
}

fn program(case: &Case) -> Program {
    sources::parse("example.circ", case.program.clone(), &folder())
}

/// What is said of a program that is as bad as `least`: by `check`, else when it is run.
fn said(case: &Case, least: Level) -> (Vec<Diagnostic>, Sources) {
    let mut checked = check_all(program(case));
    checked.diagnostics.retain(|it| it.rule.level <= least);
    if !checked.diagnostics.is_empty() {
        return (checked.diagnostics, checked.sources);
    }
    let set = match &case.kind {
        Kind::Run { set, .. } => set.clone(),
        Kind::Check => Vec::new(),
    };
    let built = compile(program(case), &Options { set, ..Options::default() })
        .and_then(|compiled| Simulation::build(compiled, &RunOptions::default()));
    match built {
        Ok(mut simulation) => {
            let finished = simulation.run(&AtomicBool::new(false), &mut Silent);
            let mut all: Vec<Diagnostic> = simulation.warnings().to_vec();
            all.extend(finished.diagnostics);
            all.retain(|it| it.rule.level <= least);
            (all, simulation.sources().clone())
        }
        Err(Rejection::Program { diagnostics, sources }) => (diagnostics, sources),
        // There is no experiment to run: all that can be said was.
        Err(Rejection::Request(_)) => (checked.diagnostics, checked.sources),
    }
}

#[test]
fn every_rule_is_read_as_people_see_it() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../messages/snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let errors = circ::rules::all().into_iter().filter(|rule| rule.level == Level::Error);
    let errors: BTreeSet<&str> = errors.map(|rule| rule.name).collect();
    let mut wrong: Vec<String> = Vec::new();
    for (rule, cases) in all() {
        let mut shown = String::new();
        for case in cases {
            let shows_error = !is_accepted(&case) && errors.contains(rule.as_str());
            let (diagnostics, sources) = said(&case, if shows_error { Level::Error } else { Level::Note });
            let rules: Vec<&str> = diagnostics.iter().map(|it| it.rule.name).collect();
            let well = match is_accepted(&case) {
                true => rules.is_empty(),
                false => !rules.is_empty() && rules.iter().all(|found| *found == rule),
            };
            if !well {
                wrong.push(format!("{rule}, `{}` says {rules:?}:\n{}", case.name, case.program));
            }
            let rendered =
                render(&diagnostics, &sources, false).replace(&*folder().display().to_string(), "FOLDER");
            let _ = writeln!(shown, "--- {}\n{}", case.name, rendered.trim_end());
        }
        settings.bind(|| insta::assert_snapshot!(rule.as_str(), shown));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Programs whose text is no better after the edits of one of their messages alone, and why.
const NOT_ALONE: &[(&str, &str)] = &[];

#[test]
fn what_is_certain_mends_what_it_is_said_of() {
    let mut wrong: Vec<String> = Vec::new();
    let mut tried = 0;
    for (rule, case) in
        all().into_iter().flat_map(|(rule, cases)| cases.into_iter().map(move |it| (rule.clone(), it)))
    {
        let malformed = program(&case).problems.len();
        let before = check_all(program(&case)).diagnostics;
        let fixable = before.iter().filter(|it| !it.fix.is_empty());
        for diagnostic in fixable.filter(|_| NOT_ALONE.iter().all(|(name, _)| *name != case.name)) {
            tried += 1;
            let text = edited(&case.program, &diagnostic.fix).expect("edits lie in the text");
            let mended = Case { program: text, ..case.clone() };
            // A fix of the form leaves fewer mistakes in it, any other none that were not there.
            let parses = program(&mended).problems.len() <= malformed;
            let after = check_all(program(&mended)).diagnostics;
            let again =
                |it: &&Diagnostic| it.rule.name == diagnostic.rule.name && it.message == diagnostic.message;
            let count = |all: &[Diagnostic]| all.iter().filter(again).count();
            if !parses || count(&before) <= count(&after) {
                wrong.push(format!("{rule}, `{}`, {}:\n{}", case.name, diagnostic.message, mended.program));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(20 <= tried, "only {tried} messages can be mended");
}

#[test]
fn every_form_of_some_messages_is_read() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../messages/snapshots/forms");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for rule in ["unit-mismatch", "unknown-name", "dale-polarity", "delay-below-tick", "unused-import"] {
        let text = std::fs::read_to_string(folder().join(format!("{rule}.txt"))).expect("text");
        let case = cases::read(&text).into_iter().find(|it| !is_accepted(it)).expect("a case");
        let checked = check_all(program(&case));
        let data = messages(&checked.diagnostics, &checked.sources);
        let json = serde_json::to_string_pretty(&data).expect("plain data");
        settings.bind(|| {
            insta::assert_snapshot!(
                rule,
                format!("{}\n{json}", plain(&data)).replace(&*folder().display().to_string(), "FOLDER")
            )
        });
    }
}

#[test]
fn every_rule_has_programs() {
    let mut named: BTreeSet<String> = all().into_iter().map(|(rule, _)| rule).collect();
    named.extend(NOT_SHOWN.iter().map(|(name, _)| name.to_string()));
    let rules: BTreeSet<String> = circ::rules::all().iter().map(|rule| rule.name.to_string()).collect();
    assert_eq!(named, rules);
}
