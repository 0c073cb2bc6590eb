//! Documents: the texts that the editor has open, as they are there now.
//!
//! In: notifications of the editor. Out: texts, by URI and by path.

use crate::position::{Encoding, Lines};
use crate::uri;
use lsp_types::{TextDocumentContentChangeEvent, Uri};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// An open text.
#[derive(Clone, Debug)]
pub struct Document {
    pub text: String,
    pub version: i32,
    /// Where it lies; nothing for what was never saved.
    pub path: Option<PathBuf>,
}

impl Document {
    /// The name under which messages show it.
    pub fn name(&self) -> String {
        self.path.as_ref().map_or_else(|| "untitled.circ".to_string(), |path| path.display().to_string())
    }

    /// Where `use` and `load` look.
    pub fn folder(&self) -> PathBuf {
        let folder = self.path.as_deref().and_then(Path::parent);
        folder.filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_path_buf()
    }
}

/// All open texts.
#[derive(Clone, Debug, Default)]
pub struct Documents {
    open: BTreeMap<Uri, Document>,
}

impl Documents {
    /// A text that the editor opened.
    pub fn open(&mut self, uri: Uri, text: String, version: i32) {
        let path = uri::path(&uri);
        self.open.insert(uri, Document { text, version, path });
    }

    /// Changes, each of the text that the one before it left. What is not open does not change.
    pub fn change(
        &mut self,
        uri: &Uri,
        changes: Vec<TextDocumentContentChangeEvent>,
        version: i32,
        encoding: Encoding,
    ) {
        let Some(document) = self.open.get_mut(uri) else { return };
        document.version = version;
        for change in changes {
            let Some(range) = change.range else {
                document.text = change.text;
                continue;
            };
            let lines = Lines::of(&document.text, encoding);
            let (start, end) = (lines.offset(range.start), lines.offset(range.end));
            document.text.replace_range(start.min(end)..end.max(start), &change.text);
        }
    }

    pub fn close(&mut self, uri: &Uri) {
        self.open.remove(uri);
    }

    pub fn get(&self, uri: &Uri) -> Option<&Document> {
        self.open.get(uri)
    }

    pub fn all(&self) -> impl Iterator<Item = (&Uri, &Document)> {
        self.open.iter()
    }

    /// The text of a file that is open.
    pub fn text_at(&self, path: &Path) -> Option<String> {
        self.of_path(path).map(|(_, document)| document.text.clone())
    }

    /// The open document that lies at a path.
    pub fn of_path(&self, path: &Path) -> Option<(&Uri, &Document)> {
        let is_there = |it: &&(&Uri, &Document)| it.1.path.as_deref() == Some(path);
        self.open.iter().collect::<Vec<_>>().iter().find(is_there).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lsp_types::{Position, Range};
    use std::str::FromStr;

    fn change(from: (u32, u32), to: (u32, u32), text: &str) -> TextDocumentContentChangeEvent {
        let at = |(line, character)| Position { line, character };
        let range = Some(Range { start: at(from), end: at(to) });
        TextDocumentContentChangeEvent { range, range_length: None, text: text.to_string() }
    }

    #[test]
    fn changes_build_on_each_other() {
        let uri = Uri::from_str("file:///a.circ").expect("a URI");
        let mut documents = Documents::default();
        documents.open(uri.clone(), "let \u{1d11e}a = 1\n".into(), 1);
        let changes = vec![
            change((0, 4), (0, 6), ""),
            change((0, 4), (0, 5), "bc"),
            change((7, 0), (9, 0), "let d = 2\n"),
            // The wrong way round.
            change((1, 5), (1, 4), "e"),
        ];
        documents.change(&uri, changes, 2, Encoding::Utf16);
        assert_eq!(documents.get(&uri).expect("open").text, "let bc = 1\nlet e = 2\n");
        documents.close(&uri);
        documents.change(&uri, vec![change((0, 0), (0, 0), "x")], 3, Encoding::Utf16);
        assert!(documents.get(&uri).is_none());
    }
}
