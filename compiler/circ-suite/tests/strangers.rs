//! A `.circ` file is data from a stranger: no text makes the compiler panic, hang or keep silent.

use circ_strangers::{Choices, giant, mutate, soup};
use circ_suite::strangers::{checks, examples, language_tests, runs};

/// A few seconds of them.
const SEEDS: std::ops::Range<u64> = 0..800;
/// Prefixes of each program, spread over it; and tokens of each that are lost, doubled or moved.
const OF_EACH: usize = 60;

/// Small texts that the fuzzers found, each of which is mended.
const FOUND: &[&str] = &[
    // A comment behind a lone `;` was lost by `circ fmt`.
    ";  // x\n",
];

#[test]
fn nearly_a_program() {
    let texts = [examples(), language_tests()].concat();
    for seed in SEEDS {
        let text = mutate(&texts, &mut Choices::Seed(seed));
        hold(&text, runs, &format!("seed {seed}"));
    }
}

#[test]
fn beginnings_of_programs() {
    for program in examples() {
        let ends: Vec<usize> = program.char_indices().map(|(at, _)| at).collect();
        for end in ends.iter().step_by(ends.len() / OF_EACH + 1) {
            hold(&program[..*end], checks, &format!("the first {end} bytes"));
        }
    }
}

#[test]
fn a_token_lost_doubled_or_moved() {
    let mut random = Choices::Seed(21);
    for program in examples() {
        let tokens = mutate::tokens(&program);
        for _ in 0..OF_EACH {
            let mut changed = tokens.clone();
            let at = random.below(changed.len());
            match random.below(3) {
                0 => drop(changed.remove(at)),
                1 => changed.insert(at, tokens[at]),
                _ => changed.swap(at, random.below(tokens.len())),
            }
            hold(&changed.concat(), checks, "a token changed");
        }
    }
}

#[test]
fn soups() {
    let mut random = Choices::Seed(22);
    for _ in 0..1000 {
        hold(&soup::tokens(&mut random, 80), checks, "tokens");
        hold(&soup::letters(&mut random, 80), checks, "letters");
    }
}

#[test]
fn giants() {
    for (name, text) in giant::giants() {
        if std::panic::catch_unwind(|| checks(&text)).is_err() {
            panic!("the giant `{name}`");
        }
    }
}

#[test]
fn what_fuzzers_found() {
    FOUND.iter().for_each(|text| hold(text, runs, "found"));
}

fn hold(text: &str, holds: fn(&str), what: &str) {
    if std::panic::catch_unwind(|| holds(text)).is_err() {
        panic!("{what}:\n{text}");
    }
}
