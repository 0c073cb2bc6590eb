//! A run that is stopped, written down, read and continued by another engine on other threads gives the same bits as one that
//! is not: of generated programs, and of all language tests.

use circ::compile::{Compiled, Options, compile};
use circ::run::EngineKind;
use circ::sources;
use circ_suite::cases::{Case, Kind, read};
use circ_suite::generate::{folder, generate};
use circ_suite::generate_rules::generate_rewiring;
use circ_suite::oracle::{carry_out, carry_out_in_turns, compare, show};
use std::path::Path;

/// How many generated programs are run so.
const PROGRAMS: u64 = 70;

/// Whether turns of so many ticks change nothing.
fn same(compile: impl Fn() -> Option<Compiled>, turn: i64) -> Result<(), String> {
    let (Some(whole), Some(parts)) = (compile(), compile()) else { return Ok(()) };
    let Ok(meaning) = carry_out(whole, (EngineKind::Jit, 1)) else { return Ok(()) };
    compare(&meaning, &carry_out_in_turns(parts, turn)?)
}

#[test]
fn generated_programs_go_on_from_what_was_written_down() {
    all_go_on(generate);
}

#[test]
fn generated_rewiring_goes_on_from_what_was_written_down() {
    all_go_on(generate_rewiring);
}

/// The programs of all seeds do.
#[track_caller]
fn all_go_on(generate: fn(u64) -> String) {
    let failure = |seed: u64| {
        let text = generate(seed);
        let compiled = || {
            let program = sources::parse("generated.circ", text.clone(), &folder());
            let compiled = compile(program, &Options::default());
            Some(compiled.unwrap_or_else(|rejection| panic!("{}", show(&rejection))))
        };
        let turn = [1, 2, 3, 5, 7, 11, 16][(seed % 7) as usize];
        same(compiled, turn).err().map(|error| format!("seed {seed}, turns of {turn} ticks: {error}\n{text}"))
    };
    let failures: Vec<String> = (0..PROGRAMS).filter_map(failure).collect();
    assert!(failures.is_empty(), "{} programs fail; the first:\n{}", failures.len(), failures[0]);
}

#[test]
fn language_tests_go_on_from_what_was_written_down() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("language");
    let files = [
        "shared",
        "learning",
        "plasticity",
        "rewire",
        "both_ways",
        "flowing",
        "clamp",
        "protocol",
        "segments",
        "onto",
    ];
    let mut failures = Vec::new();
    let mut count = 0;
    for file in files {
        let text = std::fs::read_to_string(folder.join(format!("{file}.txt"))).expect("a file of cases");
        for (k, case) in read(&text).into_iter().enumerate() {
            let Case { name, kind: Kind::Run { set, .. }, program, .. } = case else { continue };
            count += 1;
            let compiled = || {
                let options = Options { set: set.clone(), ..Options::default() };
                compile(sources::parse(&name, program.clone(), &folder), &options).ok()
            };
            let turn = [1, 4, 9, 25][k % 4];
            if let Err(error) = same(compiled, turn) {
                failures.push(format!("{file}: {name}, turns of {turn} ticks: {error}"));
            }
        }
    }
    assert!(30 < count, "there are cases");
    assert!(failures.is_empty(), "{} of {count} cases fail:\n{}", failures.len(), failures.join("\n"));
}
