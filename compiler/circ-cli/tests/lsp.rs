//! `circ lsp` through standard input and output, as an editor starts it.

mod common;

use common::{Bench, said};
use std::io::Write;
use std::process::Stdio;

fn message(json: &str) -> String {
    format!("Content-Length: {}\r\n\r\n{json}", json.len())
}

const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"capabilities":{}}}"#;
const INITIALIZED: &str = r#"{"jsonrpc":"2.0","method":"initialized","params":{}}"#;
const FORMAT: &str = r#"{"jsonrpc":"2.0","id":2,"method":"textDocument/formatting","params":{"textDocument":{"uri":"file:///a.circ"},"options":{"tabSize":2,"insertSpaces":true}}}"#;
const OPEN: &str = r#"{"jsonrpc":"2.0","method":"textDocument/didOpen","params":{"textDocument":{"uri":"file:///a.circ","languageId":"circ","version":1,"text":"let   a = 1"}}}"#;
const SHUTDOWN: &str = r#"{"jsonrpc":"2.0","id":3,"method":"shutdown"}"#;
const EXIT: &str = r#"{"jsonrpc":"2.0","method":"exit"}"#;

/// What the server says to all of these, which are sent in one go.
fn told(args: &[&str], messages: &[&str]) -> common::Said {
    let bench = Bench::new();
    let pipes = |command: &mut std::process::Command| {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()
    };
    let mut server = pipes(&mut bench.command(args)).expect("circ starts");
    let mut input = server.stdin.take().expect("a pipe");
    // A server that has gone already says so by its exit code.
    let _ = input.write_all(messages.iter().map(|it| message(it)).collect::<String>().as_bytes());
    drop(input);
    said(server.wait_with_output().expect("circ ends"))
}

#[test]
fn an_editor_is_served_until_it_says_goodbye() {
    let said = told(&["lsp", "--stdio"], &[INITIALIZE, INITIALIZED, OPEN, FORMAT, SHUTDOWN, EXIT]);
    said.exits(0)
        .says("\"serverInfo\"")
        .says(r#""newText":"let a = 1\n""#)
        .says(r#"{"jsonrpc":"2.0","id":3"#);
}

#[test]
fn an_editor_that_goes_away_leaves_no_server() {
    told(&["lsp"], &[INITIALIZE, INITIALIZED, OPEN]).exits(0);
    told(&["lsp"], &[]).exits(0);
}
