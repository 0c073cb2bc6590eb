//! Programs from strangers: programs that people wrote, with a few things broken.
//!
//! In: texts and choices. Out: a text that is nearly a program, so that it reaches far into the compiler before
//! something is wrong.

use crate::Choices;

/// Numbers at the edges of what can be written.
pub(crate) const NUMBERS: [&str; 22] = [
    "0",
    "-1",
    "1",
    "0.5",
    "1.5",
    "1e308",
    "1e-308",
    "-1e308",
    "1e400",
    "1e12",
    "2147483648",
    "4294967296",
    "9223372036854775807",
    "9223372036854775808",
    "99999999999999999999",
    "0 ms",
    "1e300 ms",
    "-5 mV",
    "0.05 ms",
    "inf",
    "1e-9 tick",
    "1e18 s",
];

/// What is put where something else stood.
pub(crate) const WORDS: [&str; 42] = [
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "{\n",
    "\n",
    ";",
    ",",
    "=",
    "'",
    "^",
    "-",
    "*",
    "/",
    "..",
    ".",
    "->",
    "nan",
    "size",
    "i",
    "t",
    "dt",
    "xi",
    "pre.i",
    "post",
    "\"",
    "/*",
    "//",
    "\u{b5}",
    "\u{3bc}",
    "\u{3a9}",
    "5 \u{b5}s",
    "\u{2126}m",
    "\u{1d11e}",
    "true",
    "uniform(0, 1)",
    "[[1, 2], [3]]",
    "load(\"x.csv\")",
    "if",
    "v",
];

/// One of the texts, with one to four things broken.
pub fn mutate(texts: &[String], random: &mut Choices) -> String {
    let mut text = texts[random.below(texts.len())].clone();
    for _ in 0..1 + random.below(4) {
        text = change(&text, texts, random);
    }
    text
}

fn change(text: &str, texts: &[String], random: &mut Choices) -> String {
    match random.below(12) {
        0..=4 => change_token(text, random),
        5..=7 => change_number(text, random),
        8 | 9 => change_line(text, random),
        10 => splice(text, &texts[random.below(texts.len())], random),
        _ => nest(text, random),
    }
}

fn change_token(text: &str, random: &mut Choices) -> String {
    let mut tokens = tokens(text);
    let at = random.below(tokens.len());
    let other = random.below(tokens.len());
    match random.below(5) {
        0 => drop(tokens.remove(at)),
        1 => tokens.insert(at, tokens[at]),
        2 => tokens.swap(at, other),
        3 => tokens[at] = tokens[other],
        _ => tokens[at] = random.pick(&WORDS),
    }
    tokens.concat()
}

/// Puts a number at the edge where a number stood.
fn change_number(text: &str, random: &mut Choices) -> String {
    let mut tokens = tokens(text);
    let is_number = |token: &str| token.starts_with(|letter: char| letter.is_ascii_digit());
    let numbers: Vec<usize> = (0..tokens.len()).filter(|at| is_number(tokens[*at])).collect();
    if numbers.is_empty() {
        return text.to_string();
    }
    tokens[random.pick(&numbers)] = random.pick(&NUMBERS);
    tokens.concat()
}

fn change_line(text: &str, random: &mut Choices) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    if lines.is_empty() {
        return text.to_string();
    }
    let (at, other) = (random.below(lines.len()), random.below(lines.len()));
    match random.below(3) {
        0 => drop(lines.remove(at)),
        1 => lines.insert(other, lines[at]),
        _ => lines.swap(at, other),
    }
    lines.join("\n")
}

/// The head of one text and the tail of another.
fn splice(text: &str, other: &str, random: &mut Choices) -> String {
    let (head, tail): (Vec<&str>, Vec<&str>) = (text.lines().collect(), other.lines().collect());
    let (cut, start) = (random.below(head.len() + 1), random.below(tail.len() + 1));
    [&head[..cut], &tail[start..]].concat().join("\n")
}

/// Brackets, blocks, signs or operators, many levels deep around one token.
fn nest(text: &str, random: &mut Choices) -> String {
    const AROUND: [(&str, &str); 9] = [
        ("(", ")"),
        ("-", ""),
        ("[", "]"),
        ("f(", ")"),
        ("2 ^ ", ""),
        ("not ", ""),
        ("if a then ", " else b"),
        ("if true {\n", "\n}"),
        ("", ".x"),
    ];
    let mut tokens: Vec<String> = tokens(text).into_iter().map(str::to_string).collect();
    let (at, depth) = (random.below(tokens.len()), 1 << random.below(11));
    let (open, close) = random.pick(&AROUND);
    tokens[at] = format!("{}{}{}", open.repeat(depth), tokens[at], close.repeat(depth));
    tokens.concat()
}

/// Words, numbers, blanks and single signs; at least one.
pub fn tokens(text: &str) -> Vec<&str> {
    let class = |letter: char| match letter {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '_' => 1,
        ' ' => 2,
        _ => 0,
    };
    let mut cuts = vec![0];
    let mut before = None;
    for (at, letter) in text.char_indices() {
        if at > 0 && (class(letter) == 0 || before != Some(class(letter))) {
            cuts.push(at);
        }
        before = Some(class(letter));
    }
    cuts.push(text.len());
    cuts.windows(2).map(|cut| &text[cut[0]..cut[1]]).collect()
}
