//! Going to places: definitions, and every use of a name in all files that may hold one.
//!
//! In: an analysis and a place. Out: locations. What one file declares others use: those that are open, and those in the
//! folder of the document and beneath it, or in the folders that the editor has open.

use crate::analysis::Analysis;
use crate::documents::Documents;
use crate::position::{Encoding, Lines};
use crate::uri;
use circ::sources;
use circ_grammar::ast::{FileId, Span};
use lsp_types::{Location, Range, Uri};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A file as the editor names it: an open document by its own URI.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub uri: Uri,
    pub start: u32,
    pub end: u32,
}

/// Texts by URI, for places in them.
pub type Texts = BTreeMap<Uri, String>;

/// Where what stands at a byte of the main file is declared.
pub fn definition(analysis: &Analysis, main: &Uri, offset: usize, encoding: Encoding) -> Vec<Location> {
    let Some((_, of)) = analysis.index.at(main_place(offset)) else { return vec![] };
    let spans = of.iter().map(|id| analysis.index.get(*id).name.span);
    spans.filter_map(|span| location(analysis, main, span, encoding)).collect()
}

pub fn main_place(offset: usize) -> Span {
    Span { file: FileId(0), start: offset as u32, end: offset as u32 }
}

fn uri_of(analysis: &Analysis, main: &Uri, span: Span) -> Option<Uri> {
    if span.file == FileId(0) {
        return Some(main.clone());
    }
    uri::of_path(&analysis.file(span)?)
}

fn location(analysis: &Analysis, main: &Uri, span: Span, encoding: Encoding) -> Option<Location> {
    let range: Range = Lines::of(analysis.text_of(span), encoding).range(span);
    Some(Location { uri: uri_of(analysis, main, span)?, range })
}

/// Every place where what stands at a byte of a document is named, with the texts of their files; `None` where nothing
/// that a program declares stands there. Those in the library are left out.
pub fn occurrences(
    analysis: &Analysis,
    main: &Uri,
    offset: usize,
    documents: &Documents,
    folders: &[PathBuf],
) -> Option<(BTreeSet<Place>, Texts)> {
    let (_, of) = analysis.index.at(main_place(offset))?;
    let mut known: BTreeSet<Place> = BTreeSet::new();
    let mut texts = Texts::new();
    let kin = analysis.index.kin(&of);
    let spans = analysis.index.places(&kin);
    collect(analysis, main, &spans, &mut known, &mut texts);
    // Others use the same files: what they name at a place that is known is the same thing.
    for (uri, other) in others(main, documents, folders) {
        let declared = (0..other.index.declarations.len()).map(crate::names::DeclarationId);
        let is_known = |id: &crate::names::DeclarationId| {
            let span = other.index.get(*id).name.span;
            span.start < span.end
                && uri_of(&other, &uri, span)
                    .is_some_and(|uri| known.contains(&Place { uri, start: span.start, end: span.end }))
        };
        let same: Vec<_> = declared.filter(is_known).collect();
        if !same.is_empty() {
            let spans = other.index.places(&other.index.kin(&same));
            collect(&other, &uri, &spans, &mut known, &mut texts);
        }
    }
    Some((known, texts))
}

fn collect(analysis: &Analysis, main: &Uri, spans: &[Span], known: &mut BTreeSet<Place>, texts: &mut Texts) {
    for span in spans.iter().filter(|span| !analysis.is_library(**span)) {
        let Some(uri) = uri_of(analysis, main, *span) else { continue };
        texts.entry(uri.clone()).or_insert_with(|| analysis.text_of(*span).to_string());
        known.insert(Place { uri, start: span.start, end: span.end });
    }
}

/// More files are not looked through.
const MOST_FILES: usize = 500;
/// Folders are not looked through deeper than this.
const DEEPEST: usize = 6;

/// The other documents and files that may use what a document declares.
pub fn others(main: &Uri, documents: &Documents, folders: &[PathBuf]) -> Vec<(Uri, Analysis)> {
    let mut found: Vec<(Uri, Analysis)> = documents
        .all()
        .filter(|(uri, _)| *uri != main)
        .map(|(uri, document)| (uri.clone(), Analysis::of(document, documents)))
        .collect();
    let own = documents.get(main).and_then(|it| it.path.as_deref()).and_then(Path::parent);
    let mut files = BTreeSet::new();
    for folder in folders.iter().map(PathBuf::as_path).chain(own) {
        gather(folder, DEEPEST, &mut files);
    }
    for path in files.into_iter().filter(|path| documents.of_path(path).is_none()) {
        let Ok(text) = sources::read_text(&path) else { continue };
        let folder = path.parent().unwrap_or(Path::new("."));
        let open = |path: &Path| documents.text_at(path);
        let program = sources::parse_among(&path.display().to_string(), text, folder, &open);
        if let Some(uri) = uri::of_path(&path) {
            found.push((uri, Analysis::of_program(program, Some(path))));
        }
    }
    found
}

fn gather(folder: &Path, left: usize, files: &mut BTreeSet<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    for path in paths {
        if MOST_FILES <= files.len() {
            return;
        }
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let is_skipped = name.starts_with('.') || name == "target";
        let is_link = path.is_symlink();
        match path.extension() {
            Some(extension) if extension == "circ" && path.is_file() => drop(files.insert(path)),
            _ if 0 < left && !is_skipped && !is_link && path.is_dir() => gather(&path, left - 1, files),
            _ => {}
        }
    }
}
