//! Checks: the compiler's messages as the editor shows them, made beside the conversation.
//!
//! In: documents that changed. Out: notifications with the messages of each, unless it changed again meanwhile. A check
//! may take a while, so that a thread of its own makes it, always of the newest text.

use crate::analysis;
use crate::documents::Documents;
use crate::position::{Encoding, Lines};
use crate::uri;
use circ::compile::check_all;
use circ::diagnose::{Diagnostic, Level};
use circ::sources::Program;
use circ_grammar::ast::{FileId, ItemKind, Span};
use lsp_server::{Message, Notification};
use lsp_types::notification::{Notification as _, PublishDiagnostics};
use lsp_types::{
    DiagnosticRelatedInformation, DiagnosticSeverity, DiagnosticTag, Location, NumberOrString,
    PublishDiagnosticsParams, Range, Uri,
};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// Sends notifications to the editor.
pub type Sender = Arc<dyn Fn(Message) + Send + Sync>;

/// What waits for a check, and what is open.
#[derive(Default)]
struct Waiting {
    /// By document: the newest version that is to be checked.
    jobs: BTreeMap<Uri, Job>,
    open: BTreeMap<Uri, i32>,
    /// What was found in the newest version, where that is known already.
    found: BTreeMap<Uri, Arc<Vec<Diagnostic>>>,
    is_over: bool,
}

struct Job {
    documents: Arc<Documents>,
    version: i32,
}

/// The thread that checks.
pub struct Checks {
    shared: Arc<(Mutex<Waiting>, Condvar)>,
    send: Sender,
    thread: Option<std::thread::JoinHandle<()>>,
}

/// The compiler refuses what is nested too deeply for a small stack; this leaves it room in every build.
const STACK_BYTES: usize = 64 << 20;

impl Checks {
    /// # Errors
    /// When the system has no thread to give.
    pub fn start(send: Sender, encoding: Encoding) -> std::io::Result<Checks> {
        let shared: Arc<(Mutex<Waiting>, Condvar)> = Arc::default();
        let (theirs, sender) = (Arc::clone(&shared), Arc::clone(&send));
        let thread = std::thread::Builder::new()
            .name("checks".to_string())
            .stack_size(STACK_BYTES)
            .spawn(move || work(&theirs, &sender, encoding))?;
        Ok(Checks { shared, send, thread: Some(thread) })
    }

    /// All open documents are to be checked: each may use the one that changed.
    pub fn look(&self, documents: &Documents) {
        let (waiting, woken) = &*self.shared;
        let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let documents = Arc::new(documents.clone());
        waiting.found.clear();
        for (uri, document) in documents.all() {
            waiting.open.insert(uri.clone(), document.version);
            let job = Job { documents: Arc::clone(&documents), version: document.version };
            waiting.jobs.insert(uri.clone(), job);
        }
        woken.notify_one();
    }

    /// What was found in a document as it is now, if its check is done.
    pub fn found(&self, uri: &Uri) -> Option<Arc<Vec<Diagnostic>>> {
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner).found.get(uri).cloned()
    }

    /// Takes back what was said of a document.
    pub fn close(&self, uri: &Uri) {
        let mut waiting = self.shared.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.open.remove(uri);
        waiting.jobs.remove(uri);
        waiting.found.remove(uri);
        publish(&self.send, uri.clone(), vec![], None);
    }
}

impl Drop for Checks {
    fn drop(&mut self) {
        let (waiting, woken) = &*self.shared;
        waiting.lock().unwrap_or_else(PoisonError::into_inner).is_over = true;
        woken.notify_one();
        // Nobody waits for the messages of a long check any more, nor for the check.
        drop(self.thread.take());
    }
}

fn work(shared: &(Mutex<Waiting>, Condvar), send: &Sender, encoding: Encoding) {
    let (waiting, woken) = shared;
    loop {
        let mut now = waiting.lock().unwrap_or_else(PoisonError::into_inner);
        while now.jobs.is_empty() && !now.is_over {
            now = woken.wait(now).unwrap_or_else(PoisonError::into_inner);
        }
        if now.is_over {
            return;
        }
        let Some((uri, job)) = now.jobs.pop_first() else { continue };
        drop(now);
        let Some(document) = job.documents.get(&uri) else { continue };
        let check = || {
            let program = analysis::program(document, &job.documents);
            let places = Places::of(&program, document.path.clone(), uri.clone(), encoding);
            let found = check_all(program).diagnostics;
            let messages = found.iter().map(|diagnostic| message(diagnostic, &places)).collect();
            (found, messages)
        };
        // A mistake of ours costs the messages of one text, not the session.
        let Ok((found, messages)) = catch_unwind(AssertUnwindSafe(check)) else { continue };
        let mut now = waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if now.open.get(&uri) == Some(&job.version) && !now.jobs.contains_key(&uri) {
            now.found.insert(uri.clone(), Arc::new(found));
            publish(send, uri, messages, Some(job.version));
        }
    }
}

fn publish(send: &Sender, uri: Uri, diagnostics: Vec<lsp_types::Diagnostic>, version: Option<i32>) {
    let params = PublishDiagnosticsParams { uri, diagnostics, version };
    send(Message::Notification(Notification::new(PublishDiagnostics::METHOD.to_string(), params)));
}

/// Where spans are in the editor.
struct Places {
    texts: Vec<String>,
    uris: Vec<Option<Uri>>,
    /// By file: the name of the file and the `use` that brings it in.
    uses: BTreeMap<FileId, (String, Span)>,
    encoding: Encoding,
}

impl Places {
    fn of(program: &Program, path: Option<PathBuf>, uri: Uri, encoding: Encoding) -> Places {
        let files = program.modules.iter().map(|module| match module.path.first() {
            None => path.clone(),
            // Nothing is written for a message that nobody may look at.
            Some(first) if first == "std" => None,
            Some(_) => Some(circ::sources::module_file(&module.path, &program.folder)),
        });
        let mut uris: Vec<_> = files.map(|file| file.and_then(|file| uri::of_path(&file))).collect();
        if let Some(main) = uris.first_mut() {
            *main = Some(uri);
        }
        let first_use = program.main().items.iter().find_map(|item| match item.kind {
            ItemKind::Use { .. } => Some(item.span),
            _ => None,
        });
        let used = circ_compiler::resolve::imports(&[], program.main());
        let uses = program.modules.iter().skip(1).filter_map(|module| {
            let by = used.iter().find(|(candidates, _)| candidates.contains(&module.path));
            let span = by.map(|(_, span)| *span).or(first_use)?;
            Some((module.file.id, (module.path.join("."), span)))
        });
        let uses = uses.collect();
        let texts = program.sources.files.iter().map(|source| source.text.clone()).collect();
        Places { texts, uris, uses, encoding }
    }

    fn range(&self, span: Span) -> Range {
        let text = self.texts.get(span.file.0 as usize).map_or("", String::as_str);
        Lines::of(text, self.encoding).range(span)
    }

    fn location(&self, span: Span) -> Option<Location> {
        let uri = self.uris.get(span.file.0 as usize)?.clone()?;
        Some(Location { uri, range: self.range(span) })
    }
}

fn message(diagnostic: &Diagnostic, places: &Places) -> lsp_types::Diagnostic {
    let mut text = diagnostic.message.clone();
    let at = match places.uses.get(&diagnostic.span.file) {
        Some((name, used)) => {
            text = format!("in `{name}`: {text}");
            *used
        }
        None => diagnostic.span,
    };
    if let Some((_, label)) = diagnostic.labels.iter().find(|(span, _)| *span == diagnostic.span) {
        text += &format!(": {label}");
    }
    diagnostic.notes.iter().for_each(|note| text += &format!("\nnote: {note}"));
    diagnostic.help.iter().for_each(|help| text += &format!("\nhelp: {help}"));
    let others = diagnostic.labels.iter().filter(|(span, _)| *span != at);
    let related = others.filter_map(|(span, label)| {
        Some(DiagnosticRelatedInformation { location: places.location(*span)?, message: label.clone() })
    });
    let related: Vec<_> = related.collect();
    let name = diagnostic.rule.name;
    lsp_types::Diagnostic {
        range: places.range(at),
        severity: Some(match diagnostic.rule.level {
            Level::Error => DiagnosticSeverity::ERROR,
            Level::Warning => DiagnosticSeverity::WARNING,
            Level::Note => DiagnosticSeverity::INFORMATION,
        }),
        code: Some(NumberOrString::String(name.to_string())),
        source: Some("circ".to_string()),
        message: text,
        related_information: (!related.is_empty()).then_some(related),
        tags: name.starts_with("unused-").then(|| vec![DiagnosticTag::UNNECESSARY]),
        ..lsp_types::Diagnostic::default()
    }
}
