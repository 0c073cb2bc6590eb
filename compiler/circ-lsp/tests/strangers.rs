//! No text and no order of messages makes the server panic, hang or leave: late requests, documents that are not open,
//! places outside, texts of every kind.

mod common;

use circ_strangers::Choices;
use common::Editor;
use serde_json::{Value, json};
use std::path::Path;

const A: &str = "file:///nowhere/stranger.circ";

/// Everything that can be asked about a place; an answer is due, whatever it is. A panic within is an answer that says so.
fn ask_everything(editor: &mut Editor, uri: &str, line: u32, character: u32) {
    let document = json!({ "uri": uri });
    let position = json!({ "line": line, "character": character });
    let at = json!({ "textDocument": document, "position": position });
    let with = |more: Value| {
        let mut params = at.clone();
        params.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
        params
    };
    let options = json!({ "options": { "tabSize": 2, "insertSpaces": true } });
    let range = json!({ "range": { "start": position, "end": position }, "context": { "diagnostics": [] } });
    for (method, params) in [
        ("textDocument/hover", at.clone()),
        ("textDocument/completion", at.clone()),
        ("textDocument/definition", at.clone()),
        ("textDocument/references", with(json!({ "context": { "includeDeclaration": false } }))),
        ("textDocument/prepareRename", at.clone()),
        ("textDocument/rename", with(json!({ "newName": "renamed" }))),
        ("textDocument/formatting", with(options)),
        ("textDocument/documentSymbol", at.clone()),
        ("textDocument/codeAction", with(range)),
    ] {
        if let Err(why) = editor.ask(method, params) {
            assert!(!why.contains("made a mistake"), "{method} at {line}:{character}");
        }
    }
}

fn texts() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let files = [
        "examples/bac_firing.circ",
        "examples/motion_delays.circ",
        "stdlib/plasticity.circ",
        "stdlib/dendrites.circ",
    ];
    files.iter().map(|file| std::fs::read_to_string(root.join(file)).expect("text")).collect()
}

/// Asks about a few places of a text, one of them behind it.
fn look_at(editor: &mut Editor, text: &str, choices: &mut Choices) {
    editor.replace(A, text);
    let lines: Vec<&str> = text.split('\n').collect();
    for _ in 0..2 {
        let line = choices.below(lines.len() + 1);
        let length = lines.get(line).map_or(0, |line| line.chars().count());
        ask_everything(editor, A, line as u32, choices.below(length + 2) as u32);
    }
    editor.messages(A);
}

#[test]
fn soups_get_answers() {
    let mut editor = Editor::new();
    editor.open(A, "");
    for seed in 0..40 {
        let mut choices = Choices::Seed(seed);
        let text = circ_strangers::soup::tokens(&mut choices, 120);
        look_at(&mut editor, &text, &mut choices);
        let text = circ_strangers::soup::letters(&mut choices, 200);
        look_at(&mut editor, &text, &mut choices);
    }
    editor.leave();
}

#[test]
fn broken_programs_get_answers() {
    let texts = texts();
    let mut editor = Editor::new();
    editor.open(A, "");
    for seed in 0..40 {
        let mut choices = Choices::Seed(1000 + seed);
        let text = circ_strangers::mutate::mutate(&texts, &mut choices);
        look_at(&mut editor, &text, &mut choices);
    }
    editor.leave();
}

/// What the compiler owes to giants is held elsewhere; here they are read, and looked up.
#[test]
fn giants_get_answers() {
    let mut editor = Editor::new();
    editor.open(A, "");
    for (name, text) in circ_strangers::giant::giants() {
        editor.replace(A, &text);
        let at = json!({ "textDocument": { "uri": A }, "position": { "line": 0, "character": 5 } });
        for method in ["documentSymbol", "hover", "completion", "definition"] {
            let answer = editor.ask(&format!("textDocument/{method}"), at.clone());
            assert!(answer.is_ok(), "{method} of {name}: {answer:?}");
        }
    }
    editor.leave();
}

#[test]
fn half_of_a_program_gets_answers_at_every_letter() {
    let text = texts().remove(0);
    let mut editor = Editor::new();
    editor.open(A, "");
    for at in (0..text.len()).step_by(97).filter(|at| text.is_char_boundary(*at)) {
        let half = &text[..at];
        editor.replace(A, half);
        let position = common::position(half, at);
        let (line, character) = (position["line"].as_u64(), position["character"].as_u64());
        ask_everything(&mut editor, A, line.expect("a line") as u32, character.expect("a column") as u32);
    }
    editor.leave();
}

#[test]
fn what_is_not_open_or_not_there_has_no_answer_but_an_answer() {
    let mut editor = Editor::new();
    ask_everything(&mut editor, "file:///nowhere/else.circ", 0, 0);
    ask_everything(&mut editor, "untitled:Untitled-1", 9, 9);
    editor.open("untitled:Untitled-1", "cell A {\n  param a = 1\n}\n");
    ask_everything(&mut editor, "untitled:Untitled-1", 1, 9);
    ask_everything(&mut editor, "untitled:Untitled-1", u32::MAX, u32::MAX);
    editor.open(A, "");
    ask_everything(&mut editor, A, 0, 0);
    editor.tell(
        "textDocument/didChange",
        json!({ "textDocument": { "uri": "file:///x", "version": 1 }, "contentChanges": [{ "text": "" }] }),
    );
    editor.tell("textDocument/didChange", json!({ "nonsense": true }));
    editor.tell("workspace/nothing", json!([1, 2]));
    editor.tell("$/cancelRequest", json!({ "id": 77 }));
    assert!(editor.ask("textDocument/hover", json!({ "textDocument": 5 })).is_err());
    assert!(editor.ask("workspace/symbols", json!(null)).is_err());
    editor.close(A);
    editor.close(A);
    ask_everything(&mut editor, A, 0, 0);
    editor.leave();
}
