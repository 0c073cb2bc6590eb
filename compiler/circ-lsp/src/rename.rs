//! Renaming: another name everywhere, or a word about why not.
//!
//! In: a place and a name. Out: edits. What was found is not trusted: the edits are made on copies of the texts, and
//! where the compiler finds more wrong than before, or the new name means other things than the old one did, nothing is
//! renamed.

use crate::analysis::Analysis;
use crate::documents::Documents;
use crate::hover::word_at;
use crate::names::Kind;
use crate::places::{Place, Texts, main_place, occurrences};
use crate::uri;
use circ::compile::check_all;
use circ::diagnose::Level;
use circ::sources;
use circ_grammar::ast::Span;
use lsp_types::Uri;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// New texts of parts of files.
pub type Edits = BTreeMap<Uri, Vec<(Span, String)>>;

/// The place of the name that can be renamed.
///
/// # Errors
/// With why it can not.
pub fn prepare(analysis: &Analysis, offset: usize) -> Result<Span, String> {
    let Some((span, of)) = analysis.index.at(main_place(offset)) else {
        return Err(match word_at(analysis.text(), offset) {
            Some((_, word)) if crate::words::named(word).next().is_some() => {
                format!("`{word}` is a word of the language")
            }
            Some((_, word)) => format!("nothing here declares `{word}`"),
            None => "there is no name here".to_string(),
        });
    };
    for id in analysis.index.kin(&of) {
        let declared = analysis.index.get(id);
        let name = &declared.name.text;
        if declared.kind == Kind::File {
            return Err("a file is renamed where it lies".to_string());
        }
        if analysis.is_library(declared.name.span) {
            return Err(format!("`{name}` is a name of the library"));
        }
        if declared.name.text != analysis.index.get(of[0]).name.text {
            return Err(format!("`{name}` is another name of the same thing"));
        }
    }
    Ok(span)
}

/// The edits that rename what stands at a byte of the main file.
///
/// # Errors
/// With why it is not done.
pub fn rename(
    analysis: &Analysis,
    main: &Uri,
    offset: usize,
    new: &str,
    documents: &Documents,
    folders: &[PathBuf],
) -> Result<Edits, String> {
    prepare(analysis, offset)?;
    let is_name = new.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_')
        && new.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    if !is_name {
        return Err(format!("`{new}` is no name: letters, digits and `_`, and no digit first"));
    }
    if circ_grammar::RESERVED.contains(&new) {
        return Err(format!("`{new}` is a word of the language"));
    }
    let (places, texts) =
        occurrences(analysis, main, offset, documents, folders).ok_or("there is no name here")?;
    judge(analysis, main, new, &places, &texts, documents)?;
    let mut edits = Edits::new();
    for place in places {
        let span = Span { start: place.start, end: place.end, ..Span::default() };
        edits.entry(place.uri).or_default().push((span, new.to_string()));
    }
    Ok(edits)
}

/// Whether the compiler and the names agree with a new name.
fn judge(
    analysis: &Analysis,
    main: &Uri,
    new: &str,
    places: &BTreeSet<Place>,
    texts: &Texts,
    documents: &Documents,
) -> Result<(), String> {
    let changed: Texts =
        texts.iter().map(|(uri, text)| (uri.clone(), renamed(text, uri, places, new))).collect();
    let by_path: BTreeMap<PathBuf, &String> =
        changed.iter().filter_map(|(uri, text)| Some((uri::path(uri)?, text))).collect();
    for (uri, text) in &changed {
        let (name, folder) = name_and_folder(uri, documents);
        let was = |path: &Path| documents.text_at(path);
        let is = |path: &Path| by_path.get(path).map(|text| (*text).clone()).or_else(|| was(path));
        let before = sources::parse_among(&name, texts[uri].clone(), &folder, &was);
        let after = sources::parse_among(&name, text.clone(), &folder, &is);
        if uri == main {
            let index = crate::names::index(&after.modules);
            let shift = |place: &Place| moved(place, uri, places, new);
            let own: BTreeSet<(u32, u32)> = places.iter().filter(|it| it.uri == *uri).map(shift).collect();
            let first = own.first().copied().unwrap_or_default();
            let at = main_place(first.0 as usize);
            let found = index.at(at).map(|(_, of)| index.places(&index.kin(&of))).unwrap_or_default();
            let is_main = |span: &&Span| span.file == at.file;
            let found: BTreeSet<(u32, u32)> =
                found.iter().filter(is_main).map(|span| (span.start, span.end)).collect();
            if found != own {
                return Err(format!("`{new}` would mean something else in some of the places"));
            }
        }
        if mistakes(before) < mistakes(after) {
            return Err(format!("with the name `{new}` the program has more mistakes than before"));
        }
    }
    // Nothing of this document, where it only uses what another declares, is left out above.
    match changed.contains_key(main) || analysis.text().is_empty() {
        true => Ok(()),
        false => Err("there is nothing to rename".to_string()),
    }
}

fn name_and_folder(uri: &Uri, documents: &Documents) -> (String, PathBuf) {
    if let Some(document) = documents.get(uri) {
        return (document.name(), document.folder());
    }
    let path = uri::path(uri).unwrap_or_default();
    (path.display().to_string(), path.parent().unwrap_or(Path::new(".")).to_path_buf())
}

fn mistakes(program: sources::Program) -> usize {
    check_all(program).diagnostics.iter().filter(|it| it.rule.level == Level::Error).count()
}

/// Where a place is after all that stand before it have the new name.
fn moved(place: &Place, uri: &Uri, places: &BTreeSet<Place>, new: &str) -> (u32, u32) {
    let before = places.iter().filter(|it| it.uri == *uri && it.start < place.start);
    let grown: i64 = before.map(|it| new.len() as i64 - i64::from(it.end - it.start)).sum();
    let start = (i64::from(place.start) + grown).max(0) as u32;
    (start, start + new.len() as u32)
}

fn renamed(text: &str, uri: &Uri, places: &BTreeSet<Place>, new: &str) -> String {
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    for place in places.iter().filter(|it| it.uri == *uri) {
        out += text.get(at..place.start as usize).unwrap_or("");
        out += new;
        at = place.end as usize;
    }
    out += text.get(at..).unwrap_or("");
    out
}
