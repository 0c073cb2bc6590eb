//! Generated programs give the same bits on both engines and on 1, 2 and 3 threads.

use circ::compile::{Compiled, Options, compile};
use circ::run::EngineKind;
use circ::sources;
use circ_compiler::diagnose::Sink;
use circ_compiler::lower::lower;
use circ_compiler::resolve::builtins;
use circ_suite::census::census;
use circ_suite::generate::{folder, generate};
use circ_suite::oracle::{ALL, agree, carry_out, compare, show};
use std::collections::BTreeSet;
use std::sync::Arc;

/// How many programs each run of the tests makes.
const PROGRAMS: u64 = 600;

#[test]
fn generated_programs_agree_on_every_engine() {
    let failures: Vec<String> = (0..PROGRAMS).filter_map(failure).collect();
    assert!(
        failures.is_empty(),
        "{} of {PROGRAMS} programs fail; the first:\n{}",
        failures.len(),
        failures[0]
    );
}

#[test]
fn every_construct_of_the_language_is_generated() {
    let met: BTreeSet<_> = (0..PROGRAMS).flat_map(|seed| census(&generate(seed))).collect();
    let missing: Vec<_> = due().into_iter().filter(|construct| !met.contains(construct)).collect();
    assert!(missing.is_empty(), "never generated: {missing:?}");
}

/// The list beside the generator's files, and every word that the compiler knows.
fn due() -> BTreeSet<String> {
    let listed = include_str!("../generated/constructs.txt").lines();
    let listed = listed.filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_string);
    let words = [
        ("port", builtins::SHAPES.to_vec()),
        ("connect", builtins::CONNECTS.to_vec()),
        ("method", builtins::METHODS.iter().map(|it| it.0).collect()),
        ("precision", builtins::PRECISIONS.iter().map(|it| it.0).collect()),
        ("value", builtins::VALUES.to_vec()),
        ("call", builtins::CALLABLE.to_vec()),
    ];
    let words = words.iter().flat_map(|(kind, words)| words.iter().map(move |word| format!("{kind} {word}")));
    listed.chain(words).collect()
}

fn failure(seed: u64) -> Option<String> {
    let text = generate(seed);
    let result = agree("generated.circ", &text, &folder(), &Options::default(), &ALL);
    result.err().map(|error| format!("seed {seed}: {error}\n{text}"))
}

/// The generator must be able to tell: where the blocks of a tick's events run in the wrong order on one
/// engine, some program gives other bits there.
#[test]
fn a_wrong_order_of_events_is_caught() {
    let caught = (0..60).filter(|seed| {
        let meaning = carry_out(compiled(*seed), (EngineKind::Interpreter, 1));
        let wrong = carry_out(with_events_reversed(compiled(*seed)), (EngineKind::Jit, 1));
        match (meaning, wrong) {
            (Ok(meaning), Ok(wrong)) => compare(&meaning, &wrong).is_err(),
            _ => false,
        }
    });
    assert_ne!(caught.count(), 0, "no program noticed");
}

fn compiled(seed: u64) -> Compiled {
    let program = sources::parse("generated.circ", generate(seed), &folder());
    compile(program, &Options::default()).unwrap_or_else(|rejection| panic!("{}", show(&rejection)))
}

fn with_events_reversed(mut compiled: Compiled) -> Compiled {
    for cell in &mut compiled.hir.cells {
        let last = cell.events.iter().map(|event| event.order).max().unwrap_or(0);
        for event in &mut cell.events {
            event.order = last - event.order;
        }
    }
    let lowered = lower(&compiled.hir, &compiled.types, &compiled.net, &mut Sink::default());
    compiled.plan = Arc::new(lowered.expect("reversed events lower too").plan);
    compiled
}
