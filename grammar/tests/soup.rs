//! Texts that nobody would write: the parser refuses or accepts them, and always comes back.

mod common;

use circ_grammar::ast::FileId;
use circ_grammar::parse;
use circ_strangers::mutate::tokens;
use circ_strangers::{Choices, parse as owes, soup};
use common::PROGRAMS;

fn check(text: &str) {
    owes::reads(text);
    owes::formats(text);
}

/// Small texts that the fuzzers found, each of which is mended.
const FOUND: &[&str] = &[
    // A comment behind a lone `;` was lost.
    ";  // x\n",
];

#[test]
fn what_fuzzers_found_is_read() {
    FOUND.iter().for_each(|text| check(text));
}

#[test]
fn every_program_is_formatted_for_good() {
    PROGRAMS.iter().for_each(|program| check(program));
}

#[test]
fn every_prefix_of_a_program_is_read() {
    for program in PROGRAMS {
        for (at, _) in program.char_indices().step_by(3) {
            check(&program[..at]);
        }
    }
}

#[test]
fn a_token_less_or_more_or_elsewhere_is_read() {
    let mut random = Choices::Seed(11);
    for program in PROGRAMS {
        let pieces = tokens(program);
        for _ in 0..250 {
            let mut changed = pieces.clone();
            let at = random.below(changed.len());
            match random.below(4) {
                0 => drop(changed.remove(at)),
                1 => changed.insert(at, pieces[at]),
                2 => changed[at] = pieces[random.below(pieces.len())],
                _ => changed.swap(at, random.below(pieces.len())),
            }
            check(&changed.concat());
        }
    }
}

#[test]
fn soups_of_tokens_are_read() {
    let all: Vec<&str> = PROGRAMS.iter().flat_map(|program| tokens(program)).collect();
    let mut random = Choices::Seed(12);
    for _ in 0..1500 {
        let length = random.below(40);
        let soup: Vec<&str> = (0..length).map(|_| random.pick(&all)).collect();
        check(&soup.join(if random.below(2) == 0 { " " } else { "" }));
    }
}

#[test]
fn soups_of_words_are_read() {
    let mut random = Choices::Seed(15);
    (0..1000).for_each(|_| check(&soup::tokens(&mut random, 60)));
}

#[test]
fn soups_of_letters_are_read() {
    let mut random = Choices::Seed(13);
    for _ in 0..3000 {
        let soup = soup::letters(&mut random, 30);
        check(&soup);
        check(&format!("cell A {{ {soup}\n param b = 2 }}\nlet a = {soup}"));
    }
}

/// A random expression, with parentheses in random places.
fn expression(random: &mut Choices, depth: usize) -> String {
    let inner = |random: &mut Choices| expression(random, depth.saturating_sub(1));
    let text = match random.below(if depth == 0 { 5 } else { 15 }) {
        0 => "a".to_string(),
        1 => "5 mV".to_string(),
        2 => "2".to_string(),
        3 => "weight".to_string(),
        4 => "\"s\"".to_string(),
        5 => format!("-{}", inner(random)),
        6 => format!("(not {})", inner(random)),
        7 => format!("{}.x", inner(random)),
        8 => format!("{}[{}]", inner(random), inner(random)),
        9 => format!("f({}, {})", inner(random), inner(random)),
        10 => format!("(if {} then {} else {})", inner(random), inner(random), inner(random)),
        11 => format!("({}, {})", inner(random), inner(random)),
        12 => format!("({} in {} .. {})", inner(random), inner(random), inner(random)),
        _ => {
            let sign = random.pick(&["+", "-", "*", "/", "^", "==", "<", "and", "or"]);
            format!("{} {sign} {}", inner(random), inner(random))
        }
    };
    if random.below(3) == 0 { format!("({text})") } else { text }
}

#[test]
fn generated_expressions_keep_their_meaning() {
    let mut random = Choices::Seed(14);
    let mut accepted = 0;
    for _ in 0..4000 {
        let text = format!("let q = {}", expression(&mut random, 4));
        accepted += usize::from(parse(FileId(0), &text).errors.is_empty());
        check(&text);
        check(&format!(
            "experiment A {{ print {0}; run {0} until {0}; set {0} = {0} }}",
            expression(&mut random, 2)
        ));
    }
    assert!(accepted > 1000, "{accepted}");
}
