//! What editors read is of its form, and knows every word of the language.

use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

fn json(file: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("editors/vscode").join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every regular expression of a grammar.
fn patterns(grammar: &Value, found: &mut Vec<String>) {
    match grammar {
        Value::Object(members) => {
            for (name, value) in members {
                match (name.as_str(), value) {
                    ("match" | "begin" | "end", Value::String(pattern)) => found.push(pattern.clone()),
                    _ => patterns(value, found),
                }
            }
        }
        Value::Array(parts) => parts.iter().for_each(|part| patterns(part, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn grammar() -> Vec<String> {
    let mut found = vec![];
    patterns(&json("syntaxes/circ.tmLanguage.json"), &mut found);
    assert!(10 < found.len());
    found
}

#[test]
fn the_grammar_knows_every_word_of_the_lexer() {
    let is_end = |letter: char| !letter.is_ascii_alphanumeric() && letter != '_';
    // `\b` and its like are no letters of words.
    let plain = |pattern: &String| pattern.replace("\\b", " ").replace("\\s", " ").replace("\\t", " ");
    let plain: Vec<String> = grammar().iter().map(plain).collect();
    let words: BTreeSet<&str> = plain.iter().flat_map(|pattern| pattern.split(is_end)).collect();
    for word in circ_grammar::RESERVED.iter().chain(circ_grammar::CONTEXTUAL) {
        assert!(words.contains(word), "`{word}` is in no pattern of the grammar");
    }
}

#[test]
fn brackets_of_the_patterns_are_closed() {
    for pattern in grammar() {
        let (mut depth, mut in_class, mut letters) = (0, false, pattern.chars());
        while let Some(letter) = letters.next() {
            match letter {
                '\\' => drop(letters.next()),
                '[' => in_class = true,
                ']' => in_class = false,
                '(' if !in_class => depth += 1,
                ')' if !in_class => depth -= 1,
                _ => {}
            }
            assert!(0 <= depth, "{pattern}");
        }
        assert_eq!((depth, in_class), (0, false), "{pattern}");
    }
}

#[test]
fn what_one_file_includes_is_there() {
    let grammar = json("syntaxes/circ.tmLanguage.json");
    for include in grammar["patterns"].as_array().expect("patterns") {
        let name = include["include"].as_str().expect("an include").trim_start_matches('#');
        assert!(grammar["repository"][name].is_object(), "{name}");
    }
    let package = json("package.json");
    json("language-configuration.json");
    let contributes = &package["contributes"];
    assert_eq!(contributes["grammars"][0]["scopeName"], grammar["scopeName"]);
    let files = [
        &contributes["grammars"][0]["path"],
        &contributes["languages"][0]["configuration"],
        &package["main"],
    ];
    for file in files {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("editors/vscode").join(file.as_str().expect("a path"));
        assert!(path.exists(), "{}", path.display());
    }
}
