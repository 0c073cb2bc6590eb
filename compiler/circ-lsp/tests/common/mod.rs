//! A scripted editor at the other end of a connection.

#![allow(dead_code)] // Each test file uses its part.

use circ_lsp::{Connection, serve};
use lsp_server::{Message, Notification, Request, Response};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::thread::JoinHandle;
use std::time::Duration;

/// Nothing that is asked here takes as long on any machine.
const PATIENCE: Duration = Duration::from_secs(120);

pub struct Editor {
    connection: Connection,
    server: Option<JoinHandle<Result<(), String>>>,
    asked: i32,
    /// What the editor shows, to have as much before its eyes as the server.
    texts: BTreeMap<String, (i32, String)>,
    /// The newest messages of each document, with their version.
    messages: BTreeMap<String, (i64, Vec<Value>)>,
    pub capabilities: Value,
}

impl Editor {
    /// One that counts in UTF-16, as most do.
    pub fn new() -> Editor {
        Editor::with(json!({}), None)
    }

    pub fn with(capabilities: Value, folder: Option<&Path>) -> Editor {
        let (theirs, connection) = Connection::memory();
        let server = Some(std::thread::spawn(move || serve(theirs)));
        let mut editor = Editor {
            connection,
            server,
            asked: 0,
            texts: BTreeMap::new(),
            messages: BTreeMap::new(),
            capabilities: Value::Null,
        };
        let folders = folder.map(|it| json!([{ "uri": uri(it), "name": "w" }]));
        let params = json!({ "capabilities": capabilities, "processId": null, "rootUri": null, "workspaceFolders": folders });
        editor.capabilities = editor.ask("initialize", params).expect("initialized")["capabilities"].clone();
        editor.tell("initialized", json!({}));
        editor
    }

    pub fn tell(&self, method: &str, params: Value) {
        let told = Notification { method: method.to_string(), params };
        self.connection.sender.send(Message::Notification(told)).expect("the server listens");
    }

    /// Asks and waits for the answer; the message of an error is the error.
    pub fn ask(&mut self, method: &str, params: Value) -> Result<Value, String> {
        self.asked += 1;
        let request = Request { id: self.asked.into(), method: method.to_string(), params };
        self.connection.sender.send(Message::Request(request)).expect("the server listens");
        loop {
            if let Message::Response(Response { id, response_result }) = self.next() {
                assert_eq!(id, self.asked.into());
                return response_result.map_err(|error| error.message);
            }
        }
    }

    fn next(&mut self) -> Message {
        let message = self.connection.receiver.recv_timeout(PATIENCE).expect("the server speaks");
        if let Message::Notification(told) = &message {
            assert_eq!(told.method, "textDocument/publishDiagnostics");
            let uri = told.params["uri"].as_str().expect("a URI").to_string();
            let version = told.params["version"].as_i64().unwrap_or(-1);
            let messages = told.params["diagnostics"].as_array().expect("diagnostics").clone();
            self.messages.insert(uri, (version, messages));
        }
        message
    }

    pub fn open(&mut self, uri: &str, text: &str) {
        self.texts.insert(uri.to_string(), (1, text.to_string()));
        let document = json!({ "uri": uri, "languageId": "circ", "version": 1, "text": text });
        self.tell("textDocument/didOpen", json!({ "textDocument": document }));
    }

    /// The whole text, anew.
    pub fn replace(&mut self, uri: &str, text: &str) {
        let version = self.texts.get(uri).map_or(1, |it| it.0) + 1;
        self.texts.insert(uri.to_string(), (version, text.to_string()));
        let document = json!({ "uri": uri, "version": version });
        let changes = json!([{ "text": text }]);
        self.tell("textDocument/didChange", json!({ "textDocument": document, "contentChanges": changes }));
    }

    pub fn close(&mut self, uri: &str) {
        self.tell("textDocument/didClose", json!({ "textDocument": { "uri": uri } }));
    }

    /// The messages of the text as it is now: rule, line, first column, first line of the message.
    pub fn messages(&mut self, uri: &str) -> Vec<Value> {
        let version = i64::from(self.texts[uri].0);
        loop {
            match self.messages.get(uri) {
                Some((known, messages)) if *known == version => return messages.clone(),
                _ => drop(self.next()),
            }
        }
    }

    /// The rules of the messages.
    pub fn rules(&mut self, uri: &str) -> Vec<String> {
        self.messages(uri).iter().map(|it| it["code"].as_str().expect("a rule").to_string()).collect()
    }

    /// The messages are taken back.
    pub fn waits_for_nothing(&mut self, uri: &str) {
        while self.messages.get(uri) != Some(&(-1, vec![])) {
            drop(self.next());
        }
    }

    /// Asks about the first place of `mark` in the text, or the letter behind where it ends with `|`.
    pub fn ask_at(&mut self, method: &str, uri: &str, mark: &str, more: Value) -> Result<Value, String> {
        let text = &self.texts[uri].1;
        let (before, word) = mark.split_once('|').unwrap_or(("", mark));
        let at = text.find(&format!("{before}{word}")).expect("the mark is in the text") + before.len();
        let mut params = json!({ "textDocument": { "uri": uri }, "position": position(text, at) });
        let all = params.as_object_mut().expect("an object");
        all.extend(more.as_object().cloned().unwrap_or_default());
        self.ask(method, params)
    }

    /// What the editor shows, after edits.
    pub fn edited(&self, uri: &str, edits: &Value) -> String {
        let mut text = self.texts[uri].1.clone();
        let mut edits: Vec<(usize, usize, String)> = edits
            .as_array()
            .expect("edits")
            .iter()
            .map(|edit| {
                let range = &edit["range"];
                let new = edit["newText"].as_str().expect("a text").to_string();
                (offset(&text, &range["start"]), offset(&text, &range["end"]), new)
            })
            .collect();
        edits.sort();
        for (start, end, new) in edits.into_iter().rev() {
            text.replace_range(start..end, &new);
        }
        text
    }

    /// Says goodbye; the server ends well.
    pub fn leave(mut self) {
        self.ask("shutdown", Value::Null).expect("shut down");
        self.tell("exit", Value::Null);
        let server = self.server.take().expect("once");
        assert_eq!(server.join().expect("no panic"), Ok(()));
    }
}

pub fn uri(path: &Path) -> String {
    format!("file://{}", path.display())
}

/// In UTF-16.
pub fn position(text: &str, at: usize) -> Value {
    let before = &text[..at];
    let line = before.rsplit('\n').next().unwrap_or("");
    json!({ "line": before.matches('\n').count(), "character": line.encode_utf16().count() })
}

fn offset(text: &str, position: &Value) -> usize {
    let (line, character) = (position["line"].as_u64(), position["character"].as_u64());
    let (line, character) = (line.expect("a line") as usize, character.expect("a column") as usize);
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let mut units = 0;
    for (at, letter) in text[start..].char_indices() {
        if character <= units || letter == '\n' {
            return start + at;
        }
        units += letter.len_utf16();
    }
    text.len()
}

/// Labels of a completion.
pub fn labels(items: &Value) -> Vec<String> {
    let items = items.as_array().expect("items").iter();
    items.map(|it| it["label"].as_str().expect("a label").to_string()).collect()
}
