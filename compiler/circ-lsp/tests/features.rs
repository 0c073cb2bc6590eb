//! Each feature, as a scripted editor sees it.

mod common;

use common::{Editor, labels, uri};
use serde_json::{Value, json};

const A: &str = "file:///nowhere/a.circ";

const PROGRAM: &str = "\
use std.cells.LifDelta

/// A leaky cell.
cell Leaky {
  /// How fast it forgets.
  param tau in 1 ms .. 1 s = 20 ms
  port exc: excitatory voltage via delta(v)
  state v: voltage = 0 mV
  tau * v' = -v
  spike when v >= 20 mV { v = 0 mV; refractory 2 ms hold v }
}

circuit Net(n: int = 10) {
  population E: excitatory Leaky[n]
  population F: LifDelta[n]
  drive d: poisson(1 kHz) -> (E, F).exc { weight 5 mV }
  projection p: E -> F.exc { connect all_to_all; weight 1 mV; delay 1 ms }
}

experiment Main of Net {
  record E.spike, E[0].v every 1 ms
  run 100 ms
  expect rate(E) > 1 Hz
}
";

fn with_program() -> Editor {
    let mut editor = Editor::new();
    editor.open(A, PROGRAM);
    editor
}

#[track_caller]
fn hovers(editor: &mut Editor, mark: &str, due: &[&str]) {
    let hover = editor.ask_at("textDocument/hover", A, mark, json!({})).expect("an answer");
    let text = hover["contents"]["value"].as_str().unwrap_or_else(|| panic!("nothing at `{mark}`"));
    for due in due {
        assert!(text.contains(due), "no `{due}` in:\n{text}");
    }
}

#[test]
fn the_server_says_what_it_can() {
    let editor = Editor::new();
    for able in ["hoverProvider", "definitionProvider", "referencesProvider", "documentFormattingProvider"] {
        assert_eq!(editor.capabilities[able], json!(true), "{able}");
    }
    assert_eq!(editor.capabilities["positionEncoding"], "utf-16");
    editor.leave();
    let general = json!({ "general": { "positionEncodings": ["utf-16", "utf-8"] } });
    let editor = Editor::with(general, None);
    assert_eq!(editor.capabilities["positionEncoding"], "utf-8");
    editor.leave();
}

#[test]
fn messages_follow_the_text() {
    let mut editor = with_program();
    assert_eq!(editor.rules(A), Vec::<String>::new());
    editor.replace(A, &PROGRAM.replace("20 ms\n", "20 mV\n"));
    let messages = editor.messages(A);
    assert!(!messages.is_empty());
    assert_eq!(messages[0]["severity"], 1);
    assert_eq!(messages[0]["source"], "circ");
    editor.replace(A, "cell A {\n  param x = 1\n");
    assert!(editor.rules(A).contains(&"unclosed".to_string()));
    editor.close(A);
    editor.waits_for_nothing(A);
    editor.leave();
}

#[test]
fn columns_count_utf16_units() {
    let mut editor = Editor::new();
    editor.open(A, "let a = 1 // \u{1d11e}\nlet b = \"\u{1d11e}\u{1d11e}\" + c\n");
    let messages = editor.messages(A);
    let at = messages.iter().find(|it| it["message"].as_str().is_some_and(|it| it.contains("`c`")));
    assert_eq!(at.expect("unknown name")["range"]["start"], json!({ "line": 1, "character": 17 }));
    editor.leave();
}

#[test]
fn a_change_counts_from_the_text_before_it() {
    let mut editor = Editor::new();
    editor.open(A, "let \u{b5} = 1\nlet bb = 2\n");
    let at = |line: u32, character: u32| json!({ "line": line, "character": character });
    let change =
        |from: Value, to: Value, text: &str| json!({ "range": { "start": from, "end": to }, "text": text });
    let changes = [
        change(at(0, 4), at(0, 5), "_a"),
        change(at(1, 0), at(1, 4), "let _"),
        change(at(2, 0), at(2, 0), "let _c = _a + _bb\n"),
    ];
    let document = json!({ "uri": A, "version": 7 });
    editor.tell("textDocument/didChange", json!({ "textDocument": document, "contentChanges": changes }));
    let symbols = editor.ask("textDocument/documentSymbol", json!({ "textDocument": { "uri": A } }));
    let names: Vec<Value> =
        symbols.expect("symbols").as_array().expect("a list").iter().map(|it| it["name"].clone()).collect();
    assert_eq!(names, ["_a", "_bb", "_c"]);
    editor.leave();
}

#[test]
fn hovers_show_type_unit_value_and_documentation() {
    let mut editor = with_program();
    let editor = &mut editor;
    hovers(
        editor,
        "|tau *",
        &[
            "param tau in 1 ms .. 1 s = 20 ms",
            "a parameter of `Leaky`",
            "`time`, in ms",
            "How fast it forgets.",
        ],
    );
    hovers(editor, "|v >=", &["state v: voltage = 0 mV", "`voltage`, in mV", "tau * v' = -v"]);
    hovers(editor, "excitatory |Leaky", &["cell Leaky", "A leaky cell."]);
    hovers(editor, "F: |LifDelta", &["cell LifDelta", "Brunel (2000)"]);
    hovers(editor, "E[0].|v", &["state v: voltage"]);
    hovers(editor, "(E, F).|exc", &["a port of `Leaky`", "a port of `LifDelta`"]);
    hovers(editor, "Leaky[|n]", &["an argument of `Net`", "a whole number"]);
    hovers(editor, "-> |F", &["population F: LifDelta[n]"]);
    hovers(editor, "|refractory", &["refractory T hold v"]);
    hovers(editor, "|rate(E)", &["Spikes per cell and time"]);
    hovers(editor, "|poisson", &["random times"]);
    assert_eq!(editor.ask_at("textDocument/hover", A, "|20 mV", json!({})), Ok(Value::Null));
}

#[test]
fn definitions_lead_into_the_library() {
    let mut editor = with_program();
    let found = editor.ask_at("textDocument/definition", A, "-> |F", json!({})).expect("an answer");
    assert_eq!(found[0]["uri"], A);
    assert_eq!(found[0]["range"]["start"], json!({ "line": 14, "character": 13 }));
    let found = editor.ask_at("textDocument/definition", A, "F: |LifDelta", json!({})).expect("an answer");
    let there = found[0]["uri"].as_str().expect("a URI").strip_prefix("file://").expect("a file");
    let text = std::fs::read_to_string(there).expect("the library is there");
    let line = found[0]["range"]["start"]["line"].as_u64().expect("a line") as usize;
    assert_eq!(text.lines().nth(line), Some("cell LifDelta {"));
    editor.leave();
}

#[track_caller]
fn completes(text: &str, due: &[&str], not: &[&str]) {
    let mut editor = Editor::new();
    let at = text.find('|').expect("a mark");
    let text = text.replacen('|', "", 1);
    editor.open(A, &text);
    let params = json!({ "textDocument": { "uri": A }, "position": common::position(&text, at) });
    let found = labels(&editor.ask("textDocument/completion", params).expect("an answer"));
    for due in due {
        assert!(found.contains(&due.to_string()), "no `{due}` in {found:?}");
    }
    for not in not {
        assert!(!found.contains(&not.to_string()), "`{not}` in {found:?}");
    }
    editor.leave();
}

#[test]
fn completion_knows_the_place() {
    completes("|", &["cell", "circuit", "use"], &["param", "weight"]);
    completes("cell A {\n  |\n}\n", &["param", "state", "port"], &["population", "circuit"]);
    completes("cell A {\n  param tau = 20 |\n}\n", &["ms", "mV"], &["tau", "param"]);
    completes(
        "cell A {\n  param tau = 20 ms\n  state v = 1\n  v' = -v / |\n}\n",
        &["tau", "exp", "v"],
        &["param"],
    );
    completes("use std.|\n", &["cells", "plasticity"], &["cell"]);
    completes("use std.cells.{LifDelta, |}\n", &["AdEx", "Izhikevich"], &["cell"]);
    completes("cell A { port p: |", &["voltage", "excitatory"], &["exp"]);
    completes("cell A { port p: voltage via |", &["exponential", "delta"], &["exp"]);
    completes(
        "use std.cells.AdEx\ncell B { }\ncircuit C {\n  population E: |\n}\n",
        &["B", "AdEx", "LifDelta"],
        &["exp"],
    );
    let projection = PROGRAM.replace("E -> F.exc", "E -> F.|exc");
    completes(&projection, &["exc", "inh"], &["E", "weight"]);
    completes(&PROGRAM.replace("connect all_to_all", "connect |"), &["all_to_all", "probability"], &["E"]);
    completes(&PROGRAM.replace("  run 100 ms", "  record E.|"), &["v", "spike", "exc"], &["run"]);
    completes(&PROGRAM.replace("  run 100 ms", "  |"), &["run", "record", "expect"], &["param", "cell"]);
    completes("let a = 1 // see |", &[], &["let", "a"]);
}

fn renamed(editor: &mut Editor, mark: &str, new: &str) -> Result<Value, String> {
    editor.ask_at("textDocument/rename", A, mark, json!({ "newName": new }))
}

#[test]
fn renaming_changes_every_use() {
    let mut editor = with_program();
    let edit = renamed(&mut editor, "|tau *", "tau_m").expect("renamed");
    let text = editor.edited(A, &edit["changes"][A]);
    assert_eq!(text, PROGRAM.replace("tau ", "tau_m "));
    let edit = renamed(&mut editor, "population |E", "Exc").expect("renamed");
    let text = editor.edited(A, &edit["changes"][A]);
    let due = PROGRAM.replace("E:", "Exc:").replace("E ->", "Exc ->").replace("(E", "(Exc");
    assert_eq!(text, due.replace("E.spike, E[0]", "Exc.spike, Exc[0]"));
    let edit = renamed(&mut editor, "|Leaky {", "Lif").expect("renamed");
    assert_eq!(editor.edited(A, &edit["changes"][A]), PROGRAM.replace("Leaky", "Lif"));
    editor.leave();
}

#[test]
fn what_would_not_mean_the_same_is_not_renamed() {
    let mut editor = with_program();
    let mut refused = |mark: &str, new: &str, due: &str| {
        let why = renamed(&mut editor, mark, new).expect_err("refused");
        assert!(why.contains(due), "{why}");
    };
    refused("F: |LifDelta", "Lif", "library");
    refused("(E, F).|exc", "e", "library");
    refused("|population", "pop", "word of the language");
    refused("|rate(E)", "r", "word of the language");
    refused("|tau *", "2a", "no name");
    refused("|tau *", "cell", "word of the language");
    refused("population |E", "F", "");
    refused("|tau *", "v", "");
    refused("|1 kHz", "x", "");
    let range = editor.ask_at("textDocument/prepareRename", A, "|tau *", json!({})).expect("can be");
    assert_eq!(range["placeholder"], "tau");
    editor.leave();
}

#[test]
fn a_name_that_something_else_has_in_between_is_not_taken() {
    let text = "cell A {\n  param a = 1\n  state v = 0\n  event e when v > a { let b = 2; v = a + b }\n}\n";
    let mut editor = Editor::new();
    editor.open(A, text);
    let why = renamed(&mut editor, "param |a", "b").expect_err("hidden by the `let`");
    assert!(why.contains("mean something else"), "{why}");
    editor.leave();
}

#[test]
fn references_and_renaming_reach_other_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("b.circ"), "cell B { state x = 1; x' = -x / 1 ms }\n").expect("written");
    let main = "use b.B\ncircuit C { population P: B[2] }\nexperiment Main of C { record P.x; run 1 ms; expect mean(P.x) > 0 }\n";
    std::fs::write(path("main.circ"), main).expect("written");
    let (b, main_uri) = (uri(&path("b.circ")), uri(&path("main.circ")));
    let mut editor = Editor::with(json!({}), Some(folder.path()));
    // Not as it is on disk.
    editor.open(&b, "\ncell B { state y = 1; y' = -y / 1 ms }\n");
    editor.open(&main_uri, &main.replace("P.x", "P.y"));
    assert_eq!(editor.rules(&main_uri), Vec::<String>::new());
    let more = json!({ "context": { "includeDeclaration": true } });
    let found = editor.ask_at("textDocument/references", &b, "|y = 1", more).expect("an answer");
    let found = found.as_array().expect("places");
    let count = |uri: &str| found.iter().filter(|it| it["uri"] == uri).count();
    assert_eq!((count(&b), count(&main_uri)), (3, 2));
    let edit =
        editor.ask_at("textDocument/rename", &b, "cell |B", json!({ "newName": "Cell" })).expect("renamed");
    assert_eq!(editor.edited(&b, &edit["changes"][&b]), "\ncell Cell { state y = 1; y' = -y / 1 ms }\n");
    let renamed = editor.edited(&main_uri, &edit["changes"][&main_uri]);
    assert!(renamed.starts_with("use b.Cell\ncircuit C { population P: Cell[2] }\n"), "{renamed}");
    let found = editor.ask_at("textDocument/definition", &main_uri, "P: |B", json!({})).expect("an answer");
    assert_eq!(found[0]["uri"], b.as_str());
    editor.leave();
}

#[test]
fn a_text_is_laid_out_unless_it_is_broken() {
    let mut editor = Editor::new();
    editor.open(A, "let   a=1\n\n\n\nlet b  = 2");
    let params = json!({ "textDocument": { "uri": A }, "options": { "tabSize": 2, "insertSpaces": true } });
    let edits = editor.ask("textDocument/formatting", params.clone()).expect("an answer");
    assert_eq!(editor.edited(A, &edits), "let a = 1\n\nlet b = 2\n");
    editor.replace(A, "let a =\n");
    let why = editor.ask("textDocument/formatting", params.clone()).expect_err("broken");
    assert!(why.contains("not laid out"), "{why}");
    editor.replace(A, "let a = 1\n");
    assert_eq!(editor.ask("textDocument/formatting", params), Ok(json!([])));
    editor.leave();
}

#[test]
fn certain_fixes_are_offered() {
    let mut editor = Editor::new();
    editor.open(A, "cell A {\n  parm tau_m = 5. ms\n  state v = .5\n  tau_n * v' = -v\n}\n");
    let asked = |line: u32| {
        let at = |character: u32| json!({ "line": line, "character": character });
        json!({ "textDocument": { "uri": A }, "range": { "start": at(0), "end": at(40) }, "context": { "diagnostics": [] } })
    };
    let actions = editor.ask("textDocument/codeAction", asked(2)).expect("an answer");
    let actions = actions.as_array().expect("actions");
    let quick: Vec<&Value> = actions.iter().filter(|it| it["kind"] == "quickfix").collect();
    assert_eq!(quick.len(), 1, "{quick:?}");
    let text = editor.edited(A, &quick[0]["edit"]["changes"][A]);
    assert!(text.contains("state v = 0.5") && text.contains("parm tau_m = 5. ms"), "{text}");
    let all = actions.iter().find(|it| it["kind"] == "source.fixAll").expect("all at once");
    let text = editor.edited(A, &all["edit"]["changes"][A]);
    assert!(text.contains("5.0 ms") && text.contains("state v = 0.5"), "{text}");
    let actions = editor.ask("textDocument/codeAction", asked(1)).expect("an answer");
    let first =
        actions.as_array().expect("actions").iter().find(|it| it["kind"] == "quickfix").expect("a fix");
    let text = editor.edited(A, &first["edit"]["changes"][A]);
    assert!(text.contains("5.0 ms") && text.contains("state v = .5"), "{text}");
    editor.leave();
}

#[test]
fn the_outline_holds_what_is_declared() {
    let mut editor = with_program();
    let symbols = editor.ask("textDocument/documentSymbol", json!({ "textDocument": { "uri": A } }));
    let symbols = symbols.expect("an answer");
    let names = |symbols: &Value| -> Vec<String> {
        let symbols = symbols.as_array().expect("symbols").iter();
        symbols.map(|it| it["name"].as_str().expect("a name").to_string()).collect()
    };
    assert_eq!(names(&symbols), ["Leaky", "Net", "Main"]);
    assert_eq!(names(&symbols[0]["children"]), ["tau", "exc", "v"]);
    assert_eq!(names(&symbols[1]["children"]), ["n", "E", "F", "d", "p"]);
    assert_eq!(symbols[0]["children"][0]["detail"], "param tau in 1 ms .. 1 s = 20 ms");
    editor.leave();
}
