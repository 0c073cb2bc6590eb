//! The server: takes messages in order and answers each.
//!
//! In: a connection. Out: answers through it. A request may be late: places that are no longer there are the nearest that
//! are, and documents that are not open have nothing to say. A mistake of ours in one request is an error as its answer.

use crate::analysis::{Analysis, program};
use crate::checks::Checks;
use crate::documents::{Document, Documents};
use crate::places::{self, Place, Texts};
use crate::position::{Encoding, Lines};
use crate::rename::{self, Edits};
use crate::{actions, completion, hover, symbols, uri};
use circ_grammar::ast::Span;
use lsp_server::{Connection, ErrorCode, Message, Notification, Request, Response};
use lsp_types::notification::{self, Notification as _};
use lsp_types::request::{self, Request as _};
use lsp_types::*;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;

/// The compiler refuses what is nested too deeply for a small stack; this leaves it room in every build.
const STACK_BYTES: usize = 64 << 20;

/// Serves one editor until it says goodbye or goes away.
///
/// # Errors
/// When it does not keep to the protocol.
pub fn serve(connection: Connection) -> Result<(), String> {
    let thread = std::thread::Builder::new().name("server".to_string()).stack_size(STACK_BYTES);
    let thread = thread.spawn(move || converse(&connection)).map_err(|error| error.to_string())?;
    thread.join().unwrap_or_else(|_| Err("the language server came to a stop".to_string()))
}

fn converse(connection: &Connection) -> Result<(), String> {
    let (id, params) = match connection.initialize_start() {
        Ok(first) => first,
        Err(error) if error.channel_is_disconnected() => return Ok(()),
        Err(error) => return Err(error.to_string()),
    };
    let params: InitializeParams = serde_json::from_value(params).unwrap_or_default();
    let encoding = agreed(&params);
    let result = InitializeResult {
        capabilities: capabilities(encoding),
        server_info: Some(ServerInfo { name: "circ".to_string(), version: Some(circ::VERSION.to_string()) }),
    };
    let result = serde_json::to_value(result).map_err(|error| error.to_string())?;
    connection.initialize_finish(id, result).map_err(|error| error.to_string())?;

    let sender = connection.sender.clone();
    // Where nobody listens any more nothing has to be said.
    let send = Arc::new(move |message| drop(sender.send(message)));
    let checks = Checks::start(send, encoding).map_err(|error| error.to_string())?;
    let mut server = Server {
        documents: Documents::default(),
        encoding,
        folders: folders(&params),
        known: BTreeMap::new(),
        checks,
    };
    for message in &connection.receiver {
        match message {
            Message::Request(request) => {
                match connection.handle_shutdown(&request) {
                    Ok(true) => return Ok(()),
                    Ok(false) => {}
                    Err(error) => return Err(error.to_string()),
                }
                let answer = server.answer(request);
                if connection.sender.send(Message::Response(answer)).is_err() {
                    return Ok(());
                }
            }
            Message::Notification(told) if told.method == notification::Exit::METHOD => return Ok(()),
            Message::Notification(told) => server.hear(told),
            // Nothing was asked.
            Message::Response(_) => {}
        }
    }
    Ok(())
}

/// UTF-8 where the editor has it: no letter has to be counted then.
fn agreed(params: &InitializeParams) -> Encoding {
    let general = params.capabilities.general.as_ref();
    let offered = general.and_then(|general| general.position_encodings.as_deref()).unwrap_or_default();
    if offered.contains(&PositionEncodingKind::UTF8) { Encoding::Utf8 } else { Encoding::Utf16 }
}

fn folders(params: &InitializeParams) -> Vec<PathBuf> {
    let folders = params.workspace_folders.iter().flatten();
    folders.filter_map(|folder| uri::path(&folder.uri)).collect()
}

fn capabilities(encoding: Encoding) -> ServerCapabilities {
    ServerCapabilities {
        position_encoding: Some(match encoding {
            Encoding::Utf8 => PositionEncodingKind::UTF8,
            Encoding::Utf16 => PositionEncodingKind::UTF16,
        }),
        text_document_sync: Some(TextDocumentSyncCapability::Options(TextDocumentSyncOptions {
            open_close: Some(true),
            change: Some(TextDocumentSyncKind::INCREMENTAL),
            save: Some(TextDocumentSyncSaveOptions::Supported(true)),
            ..TextDocumentSyncOptions::default()
        })),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        completion_provider: Some(CompletionOptions {
            trigger_characters: Some([".", ":", "{"].map(str::to_string).to_vec()),
            ..CompletionOptions::default()
        }),
        definition_provider: Some(OneOf::Left(true)),
        references_provider: Some(OneOf::Left(true)),
        document_symbol_provider: Some(OneOf::Left(true)),
        document_formatting_provider: Some(OneOf::Left(true)),
        code_action_provider: Some(CodeActionProviderCapability::Options(CodeActionOptions {
            code_action_kinds: Some(vec![CodeActionKind::QUICKFIX, CodeActionKind::SOURCE_FIX_ALL]),
            ..CodeActionOptions::default()
        })),
        rename_provider: Some(OneOf::Right(RenameOptions {
            prepare_provider: Some(true),
            work_done_progress_options: WorkDoneProgressOptions::default(),
        })),
        ..ServerCapabilities::default()
    }
}

struct Server {
    documents: Documents,
    encoding: Encoding,
    folders: Vec<PathBuf>,
    /// Of documents that nothing changed since.
    known: BTreeMap<Uri, Arc<Analysis>>,
    checks: Checks,
}

/// An answer, or why there is none.
type Answer<T> = Result<T, String>;

impl Server {
    fn answer(&mut self, request: Request) -> Response {
        let id = request.id.clone();
        let answered = catch_unwind(AssertUnwindSafe(|| self.dispatch(request)));
        answered.unwrap_or_else(|_| {
            let text = "the language server made a mistake; please report it".to_string();
            Response::new_err(id, ErrorCode::InternalError as i32, text)
        })
    }

    fn dispatch(&mut self, asked: Request) -> Response {
        match asked.method.as_str() {
            request::HoverRequest::METHOD => respond::<request::HoverRequest>(asked, |it| Ok(self.hover(it))),
            request::Completion::METHOD => respond::<request::Completion>(asked, |it| Ok(self.complete(it))),
            request::GotoDefinition::METHOD => {
                respond::<request::GotoDefinition>(asked, |it| Ok(self.definition(it)))
            }
            request::References::METHOD => {
                respond::<request::References>(asked, |it| Ok(self.references(it)))
            }
            request::PrepareRenameRequest::METHOD => {
                respond::<request::PrepareRenameRequest>(asked, |it| self.prepare_rename(it))
            }
            request::Rename::METHOD => respond::<request::Rename>(asked, |it| self.rename(it)),
            request::Formatting::METHOD => respond::<request::Formatting>(asked, |it| self.format(it)),
            request::DocumentSymbolRequest::METHOD => {
                respond::<request::DocumentSymbolRequest>(asked, |it| Ok(self.symbols(it)))
            }
            request::CodeActionRequest::METHOD => {
                respond::<request::CodeActionRequest>(asked, |it| Ok(self.actions(it)))
            }
            other => {
                let text = format!("`{other}` is not known here");
                Response::new_err(asked.id, ErrorCode::MethodNotFound as i32, text)
            }
        }
    }

    fn hear(&mut self, told: Notification) {
        let heard = match told.method.as_str() {
            notification::DidOpenTextDocument::METHOD => {
                read::<notification::DidOpenTextDocument>(told).map(|it| {
                    let TextDocumentItem { uri, version, text, .. } = it.text_document;
                    self.documents.open(uri, text, version);
                })
            }
            notification::DidChangeTextDocument::METHOD => read::<notification::DidChangeTextDocument>(told)
                .map(|it| {
                    let VersionedTextDocumentIdentifier { uri, version } = it.text_document;
                    self.documents.change(&uri, it.content_changes, version, self.encoding);
                }),
            notification::DidCloseTextDocument::METHOD => read::<notification::DidCloseTextDocument>(told)
                .map(|it| {
                    self.documents.close(&it.text_document.uri);
                    self.checks.close(&it.text_document.uri);
                }),
            // A file may have changed on disk.
            notification::DidSaveTextDocument::METHOD | notification::DidChangeWatchedFiles::METHOD => {
                Some(())
            }
            _ => None,
        };
        if heard.is_some() {
            self.known.clear();
            self.checks.look(&self.documents);
        }
    }

    /// What is known of a document; nothing of one that is not open.
    fn analysis(&mut self, uri: &Uri) -> Option<Arc<Analysis>> {
        if let Some(known) = self.known.get(uri) {
            return Some(Arc::clone(known));
        }
        let analysis = Arc::new(Analysis::of(self.documents.get(uri)?, &self.documents));
        self.known.insert(uri.clone(), Arc::clone(&analysis));
        Some(analysis)
    }

    /// What is known of a document, and the byte at a place in it.
    fn at(&mut self, place: &TextDocumentPositionParams) -> Option<(Arc<Analysis>, usize)> {
        let analysis = self.analysis(&place.text_document.uri)?;
        let offset = Lines::of(analysis.text(), self.encoding).offset(place.position);
        Some((analysis, offset))
    }

    fn hover(&mut self, params: HoverParams) -> Option<Hover> {
        let (analysis, offset) = self.at(&params.text_document_position_params)?;
        let (span, value) = hover::hover(&analysis, offset)?;
        let contents = HoverContents::Markup(MarkupContent { kind: MarkupKind::Markdown, value });
        Some(Hover { contents, range: Some(Lines::of(analysis.text(), self.encoding).range(span)) })
    }

    fn complete(&mut self, params: CompletionParams) -> Option<CompletionResponse> {
        let (analysis, offset) = self.at(&params.text_document_position)?;
        Some(CompletionResponse::Array(completion::completions(&analysis, offset)))
    }

    fn definition(&mut self, params: GotoDefinitionParams) -> Option<GotoDefinitionResponse> {
        let place = params.text_document_position_params;
        let (analysis, offset) = self.at(&place)?;
        let found = places::definition(&analysis, &place.text_document.uri, offset, self.encoding);
        (!found.is_empty()).then_some(GotoDefinitionResponse::Array(found))
    }

    fn references(&mut self, params: ReferenceParams) -> Option<Vec<Location>> {
        let place = params.text_document_position;
        let (analysis, offset) = self.at(&place)?;
        let main = &place.text_document.uri;
        let (mut found, texts) =
            places::occurrences(&analysis, main, offset, &self.documents, &self.folders)?;
        if !params.context.include_declaration {
            let declared = places::definition(&analysis, main, offset, self.encoding);
            found.retain(|it| !declared.contains(&self.location(it, &texts)));
        }
        Some(found.iter().map(|it| self.location(it, &texts)).collect())
    }

    fn location(&self, place: &Place, texts: &Texts) -> Location {
        let text = texts.get(&place.uri).map_or("", String::as_str);
        let span = Span { start: place.start, end: place.end, ..Span::default() };
        Location { uri: place.uri.clone(), range: Lines::of(text, self.encoding).range(span) }
    }

    fn prepare_rename(&mut self, place: TextDocumentPositionParams) -> Answer<Option<PrepareRenameResponse>> {
        let Some((analysis, offset)) = self.at(&place) else { return Ok(None) };
        let span = rename::prepare(&analysis, offset)?;
        Ok(Some(PrepareRenameResponse::RangeWithPlaceholder {
            range: Lines::of(analysis.text(), self.encoding).range(span),
            placeholder: analysis.slice(span).to_string(),
        }))
    }

    fn rename(&mut self, params: RenameParams) -> Answer<Option<WorkspaceEdit>> {
        let place = params.text_document_position;
        let Some((analysis, offset)) = self.at(&place) else { return Ok(None) };
        let (main, new) = (&place.text_document.uri, params.new_name.trim());
        let edits = rename::rename(&analysis, main, offset, new, &self.documents, &self.folders)?;
        Ok(Some(self.workspace_edit(edits)))
    }

    fn workspace_edit(&self, edits: Edits) -> WorkspaceEdit {
        let changes = edits.into_iter().map(|(uri, edits)| {
            let on_disk = || uri::path(&uri).and_then(|path| circ::sources::read_text(&path).ok());
            let text = self.documents.get(&uri).map(|it| it.text.clone()).or_else(on_disk);
            let text = text.unwrap_or_default();
            let lines = Lines::of(&text, self.encoding);
            let edits =
                edits.into_iter().map(|(span, new_text)| TextEdit { range: lines.range(span), new_text });
            (uri.clone(), edits.collect())
        });
        WorkspaceEdit { changes: Some(changes.collect()), ..WorkspaceEdit::default() }
    }

    fn format(&mut self, params: DocumentFormattingParams) -> Answer<Option<Vec<TextEdit>>> {
        let Some(document) = self.documents.get(&params.text_document.uri) else { return Ok(None) };
        let formatted =
            circ::compile::format(&document.name(), &document.text).map_err(|(mistakes, _)| {
                let first = mistakes.first().map_or(String::new(), |it| format!(": {}", it.message));
                format!("what can not be read is not laid out{first}")
            })?;
        if formatted == document.text {
            return Ok(Some(vec![]));
        }
        let range = Lines::of(&document.text, self.encoding).whole();
        Ok(Some(vec![TextEdit { range, new_text: formatted }]))
    }

    fn symbols(&mut self, params: DocumentSymbolParams) -> Option<DocumentSymbolResponse> {
        let analysis = self.analysis(&params.text_document.uri)?;
        let lines = Lines::of(analysis.text(), self.encoding);
        Some(DocumentSymbolResponse::Nested(symbols::symbols(&analysis, &lines)))
    }

    fn actions(&mut self, params: CodeActionParams) -> Option<CodeActionResponse> {
        let uri = params.text_document.uri;
        let document: &Document = self.documents.get(&uri)?;
        let lines = Lines::of(&document.text, self.encoding);
        let program = |text: String| program(&Document { text, ..document.clone() }, &self.documents);
        let found = self.checks.found(&uri).unwrap_or_else(|| {
            Arc::new(circ::compile::check_all(program(document.text.clone())).diagnostics)
        });
        let found = actions::actions(&document.text, &found, program, &uri, params.range, &lines);
        Some(found.into_iter().map(CodeActionOrCommand::CodeAction).collect())
    }
}

/// Answers a request of a kind; one that is not of its form with an error.
fn respond<R: request::Request>(
    request: Request,
    answer: impl FnOnce(R::Params) -> Answer<R::Result>,
) -> Response {
    let params = match serde_json::from_value::<R::Params>(request.params) {
        Ok(params) => params,
        Err(error) => {
            return Response::new_err(request.id, ErrorCode::InvalidParams as i32, error.to_string());
        }
    };
    match answer(params) {
        Ok(result) => Response::new_ok(request.id, result),
        Err(why) => Response::new_err(request.id, ErrorCode::RequestFailed as i32, why),
    }
}

/// What is not of its form is not heard.
fn read<N: notification::Notification>(told: Notification) -> Option<N::Params> {
    serde_json::from_value(told.params).ok()
}
