//! Texts that nobody would write: the parser refuses or accepts them, and always comes back.

mod common;

use circ_grammar::ast::FileId;
use circ_grammar::{dump, format, parse, parse_expr};
use common::{PROGRAMS, Random};

/// No panic; places inside the text and between characters; what is accepted is formatted for good.
#[track_caller]
fn check(text: &str) {
    let parsed = parse(FileId(7), text);
    for error in &parsed.errors {
        let others = error.labels.iter().map(|(span, _)| *span);
        for span in std::iter::once(error.span).chain(others) {
            assert_eq!(span.file, FileId(7), "{text:?} {error:?}");
            assert!(text.get(span.start as usize..span.end as usize).is_some(), "{text:?} {error:?}");
        }
        assert!(!error.message.is_empty() && !error.rule.is_empty());
    }
    for expr in &parsed.file.exprs {
        assert!(text.get(expr.span.start as usize..expr.span.end as usize).is_some(), "{text:?} {expr:?}");
    }
    let tree = dump(&parsed.file);
    let has_error = tree.lines().any(|line| line.trim() == "error");
    assert!(!has_error || !parsed.errors.is_empty(), "rejected without a message: {text:?}");
    match format(text) {
        Ok(formatted) => {
            assert!(parsed.errors.is_empty());
            assert_eq!(dump(&parse(FileId(0), &formatted).file), tree, "{text:?}\n{formatted}");
            assert_eq!(format(&formatted).as_deref(), Ok(&*formatted), "not stable: {text:?}\n{formatted}");
            let letters = |text: &str| {
                parse(FileId(0), text)
                    .file
                    .comments
                    .iter()
                    .map(|comment| comment.text.trim_end().replace("\r\n", "\n"))
                    .collect::<Vec<_>>()
            };
            assert_eq!(letters(text), letters(&formatted), "comments of {text:?}\n{formatted}");
        }
        Err(errors) => assert_eq!(errors.len(), parsed.errors.len()),
    }
    parse_expr(FileId(7), text);
}

/// Starts of the tokens of a program that parses, as texts with the blanks that follow.
fn pieces(text: &str) -> Vec<&str> {
    let mut cuts = vec![0];
    let mut before = ' ';
    for (at, letter) in text.char_indices() {
        let word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        if at > 0 && letter != ' ' && !(word(letter) && word(before)) {
            cuts.push(at);
        }
        before = letter;
    }
    cuts.push(text.len());
    cuts.windows(2).map(|cut| &text[cut[0]..cut[1]]).collect()
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
    let mut random = Random(11);
    for program in PROGRAMS {
        let pieces = pieces(program);
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
    let all: Vec<&str> = PROGRAMS.iter().flat_map(|program| pieces(program)).collect();
    let mut random = Random(12);
    for _ in 0..1500 {
        let length = random.below(40);
        let soup: Vec<&str> = (0..length).map(|_| *random.pick(&all)).collect();
        check(&soup.join(if random.below(2) == 0 { " " } else { "" }));
    }
}

#[test]
fn soups_of_characters_are_read() {
    let letters: Vec<char> =
        "ab m1 .5eE+-*/^'\"\\{}()[],:;=<>!@%&#_\n\r\t\0\u{feff}\u{a0}\u{b5}\u{20ac}\u{1d11e}/*/"
            .chars()
            .collect();
    let mut random = Random(13);
    for _ in 0..3000 {
        let length = random.below(30);
        let soup: String = (0..length).map(|_| *random.pick(&letters)).collect();
        check(&soup);
        check(&format!("cell A {{ {soup}\n param b = 2 }}\nlet a = {soup}"));
    }
}

/// A random expression, with parentheses in random places.
fn expression(random: &mut Random, depth: usize) -> String {
    let inner = |random: &mut Random| expression(random, depth.saturating_sub(1));
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
            let sign = *random.pick(&["+", "-", "*", "/", "^", "==", "<", "and", "or"]);
            format!("{} {sign} {}", inner(random), inner(random))
        }
    };
    if random.below(3) == 0 { format!("({text})") } else { text }
}

#[test]
fn generated_expressions_keep_their_meaning() {
    let mut random = Random(14);
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
