//! Sources: from a path to the texts and trees of a program.
//!
//! In: the main file's path. Out: [`Program`]: its text, the texts of the files that it uses
//! (beside it, or `std.*`, which is embedded), their trees, and what their syntax is wrong in. A file
//! that can not be read is an error of the world, [`ReadError`]; a `use` of a file that is not there
//! is a diagnostic at its place.

use crate::{rules, stdlib};
use circ_compiler::data::{Fault, Files, Table};
use circ_compiler::diagnose::{Diagnostic, Source, Sources};
use circ_compiler::resolve::{Module, imports};
use circ_grammar::ast::{File, FileId, Span};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::io::{Read, Write};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// Larger source files are refused: spans are 32-bit, and nobody wrote them by hand.
pub const MAX_SOURCE_BYTES: u64 = 16 << 20;

/// Larger data files are refused by `load`.
const MAX_DATA_BYTES: u64 = 4 << 30;

/// The texts and trees of a program.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// All texts, by the file number of their spans; the main file is number 0.
    pub sources: Sources,
    /// The trees, main file first.
    pub modules: Vec<Module>,
    /// What is wrong with the syntax, and `use`s of files that are not there.
    pub problems: Vec<Diagnostic>,
    /// Where the main file lies: `use` and `load` look there.
    pub folder: PathBuf,
    /// What `load` may read besides: files, and folders with all that is beneath them.
    pub allowed: Vec<PathBuf>,
    /// Whether a file that is used could not be read: what it declares is then not known.
    pub unreadable: bool,
    /// How long reading and parsing took.
    pub read_ms: f64,
}

/// Why a file could not be read.
#[derive(Debug)]
pub struct ReadError {
    pub path: PathBuf,
    pub reason: Reason,
}

/// What stood in the way.
#[derive(Debug)]
pub enum Reason {
    Missing,
    Folder,
    /// The first byte that is no text.
    NotText {
        byte: usize,
    },
    TooLarge,
    Io(std::io::Error),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.reason {
            Reason::Missing => write!(f, "there is no file `{path}`"),
            Reason::Folder => write!(f, "`{path}` is a folder, not a file"),
            Reason::NotText { byte } => {
                write!(f, "`{path}` is not a text file: byte {byte} is not UTF-8 text")
            }
            Reason::TooLarge => write!(f, "`{path}` is larger than {} MB", MAX_SOURCE_BYTES >> 20),
            Reason::Io(error) => write!(f, "`{path}` could not be read: {error}"),
        }
    }
}

impl std::error::Error for ReadError {}

/// Reads the main file and everything that it uses.
///
/// # Errors
/// When the main file can not be read as text.
pub fn read(path: &Path) -> Result<Program, ReadError> {
    let started = std::time::Instant::now();
    let text = read_text(path)?;
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut program = parse(&path.display().to_string(), text, folder);
    program.read_ms = crate::compile::milliseconds(started);
    Ok(program)
}

/// Takes the main file's text as given, under a name for messages; `folder` is where `use` and `load` look.
pub fn parse(name: &str, text: String, folder: &Path) -> Program {
    parse_among(name, text, folder, &|_| None)
}

/// As [`parse`], where `open` gives the texts of files that are not on disk as they are now: in an editor.
pub fn parse_among(
    name: &str,
    text: String,
    folder: &Path,
    open: &dyn Fn(&Path) -> Option<String>,
) -> Program {
    let mut program = Program { folder: folder.to_path_buf(), ..Program::default() };
    if text.trim().is_empty() {
        program.problems.push(rules::empty_file(name));
    }
    let mut known = BTreeSet::from([Vec::new()]);
    let mut waiting = program.add(Vec::new(), name.to_string(), text);
    while let Some((candidates, span)) = waiting.pop_front() {
        for path in candidates {
            if known.contains(&path) {
                break;
            }
            match module_text(&path, folder, open) {
                Ok((name, text)) => {
                    known.insert(path.clone());
                    waiting.extend(program.add(path, name, text));
                    break;
                }
                // A module that is not there is reported where its names are looked for.
                Err(None) => {}
                Err(Some(error)) => {
                    program.unreadable = true;
                    program.problems.push(rules::unreadable_file(span, &error.to_string()));
                    break;
                }
            }
        }
    }
    program
}

impl Program {
    /// Adds a file; returns what it uses.
    fn add(&mut self, path: Vec<String>, name: String, text: String) -> VecDeque<(Vec<Vec<String>>, Span)> {
        let id = FileId(self.sources.files.len() as u32);
        let parsed = circ_grammar::parse(id, &text);
        self.problems.extend(parsed.errors.iter().map(rules::syntax));
        let uses = imports(&path, &parsed.file).into();
        self.sources.files.push(Source { name, text });
        self.modules.push(Module { path, file: parsed.file });
        uses
    }

    /// The tree of the main file.
    pub fn main(&self) -> &File {
        &self.modules[0].file
    }

    /// A hash of every text that is not part of the compiler, by name, in the order in which they were read.
    pub fn hashes(&self) -> Vec<(String, String)> {
        let own = self.modules.iter().filter(|module| module.path.first().is_none_or(|first| first != "std"));
        own.map(|module| self.sources.get(module.file.id))
            .map(|source| {
                (file_name(&source.name), blake3::hash(source.text.as_bytes()).to_hex().to_string())
            })
            .collect()
    }

    /// The text at a place, blanks and line ends made single blanks.
    pub fn text_at(&self, span: Span) -> String {
        let text = self.sources.files.get(span.file.0 as usize).map_or("", |source| source.text.as_str());
        let slice = text.get(span.start as usize..span.end as usize).unwrap_or("");
        slice.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

fn file_name(path: &str) -> String {
    Path::new(path).file_name().map_or_else(|| path.to_string(), |name| name.to_string_lossy().into_owned())
}

/// The name and text of a module; no error where there is no such file.
fn module_text(
    path: &[String],
    folder: &Path,
    open: &dyn Fn(&Path) -> Option<String>,
) -> Result<(String, String), Option<ReadError>> {
    if path.first().is_some_and(|first| first == "std") {
        let name = path[1..].join(".");
        let text = stdlib::text(&name).ok_or(None)?;
        return Ok((format!("std/{name}.circ"), text.to_string()));
    }
    let file = module_file(path, folder);
    match open(&file).map_or_else(|| read_text(&file), Ok) {
        Ok(text) => Ok((file.display().to_string(), text)),
        Err(ReadError { reason: Reason::Missing, .. }) => Err(None),
        Err(error) => Err(Some(error)),
    }
}

/// Where a module that is no part of the library lies.
pub fn module_file(path: &[String], folder: &Path) -> PathBuf {
    let mut file = folder.to_path_buf();
    file.extend(path);
    file.set_extension("circ");
    file
}

/// Reads a whole text file.
///
/// # Errors
/// When it is missing, a folder, not UTF-8 text, or larger than [`MAX_SOURCE_BYTES`].
pub fn read_text(path: &Path) -> Result<String, ReadError> {
    let fail = |reason| ReadError { path: path.to_path_buf(), reason };
    let bytes = read_bytes(path, MAX_SOURCE_BYTES).map_err(fail)?;
    if let Some(byte) = bytes.iter().position(|byte| *byte == 0) {
        return Err(fail(Reason::NotText { byte }));
    }
    String::from_utf8(bytes).map_err(|error| fail(Reason::NotText { byte: error.utf8_error().valid_up_to() }))
}

/// One byte more than allowed is read: a pipe has no length to ask for.
fn read_bytes(path: &Path, limit: u64) -> Result<Vec<u8>, Reason> {
    let reason = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => Reason::Missing,
        std::io::ErrorKind::IsADirectory => Reason::Folder,
        _ => Reason::Io(error),
    };
    let file = std::fs::File::open(path).map_err(reason)?;
    if file.metadata().map_err(reason)?.is_dir() {
        return Err(Reason::Folder);
    }
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).map_err(reason)?;
    if limit < bytes.len() as u64 { Err(Reason::TooLarge) } else { Ok(bytes) }
}

/// Data files of a program: below its own folder and nowhere else, since a program may come from a
/// stranger.
#[derive(Clone, Debug)]
pub struct Beneath {
    folder: PathBuf,
    /// As they really lie: links are followed.
    allowed: Vec<PathBuf>,
}

impl Beneath {
    /// Files below the program's folder, and what it was allowed besides.
    pub fn of(program: &Program) -> Beneath {
        let allowed = program.allowed.iter().filter_map(|path| path.canonicalize().ok());
        Beneath { folder: program.folder.clone(), allowed: allowed.collect() }
    }

    /// Writes a file beside the program or below, whole or not at all: it is written aside, then renamed. A file that is there
    /// is replaced if it is one that `may_replace` knows by its beginning.
    ///
    /// # Errors
    /// With the reason, for people.
    pub(crate) fn write(
        &self,
        path: &str,
        bytes: &[u8],
        may_replace: impl Fn(&[u8]) -> bool,
    ) -> Result<(), String> {
        let is_step = |part| matches!(part, Component::Normal(_) | Component::CurDir);
        if !Path::new(path).components().all(is_step) {
            return Err("files are written only beneath the folder of the program".into());
        }
        let place = self.place(path)?;
        let (Some(folder), Some(name)) = (place.parent(), place.file_name()) else {
            return Err("this is no name of a file".into());
        };
        let real = folder.canonicalize().map_err(|error| format!("its folder: {error}"))?;
        let home = self.folder.canonicalize().map_err(|error| format!("the program's folder: {error}"))?;
        if !real.starts_with(&home) {
            return Err("it leads out of the folder of the program".into());
        }
        if place.is_dir() {
            return Err("there is a folder of this name".into());
        }
        if let Ok(mut file) = std::fs::File::open(&place) {
            let mut beginning = [0; 64];
            let read = file.read(&mut beginning).map_err(|error| error.to_string())?;
            if !may_replace(&beginning[..read]) {
                return Err("there is another file of this name, which is not replaced".into());
            }
        }
        let aside = real.join(format!(".{}.{}.part", name.to_string_lossy(), std::process::id()));
        let written = std::fs::File::create(&aside).and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        });
        let moved = written.and_then(|()| std::fs::rename(&aside, real.join(name)));
        moved.map_err(|error| {
            // What is half written is of no use; that it can not be removed either is not the point.
            let _ = std::fs::remove_file(&aside);
            error.to_string()
        })
    }

    /// Where a file really lies, if it may be read.
    fn place(&self, path: &str) -> Result<PathBuf, String> {
        let folder = self.folder.canonicalize().map_err(|error| format!("the program's folder: {error}"))?;
        let is_step = |part| matches!(part, Component::Normal(_) | Component::CurDir);
        let inside = Path::new(path).components().all(is_step);
        let file = folder.join(path);
        let real = match file.canonicalize() {
            Ok(real) => real,
            Err(_) if inside => return Ok(file),
            // Whether there is such a file is nothing that a program may learn of other folders.
            Err(_) => return Err(refused(&file, "it is not beneath the folder of the program")),
        };
        let mut places = self.allowed.iter().chain([&folder]);
        let why = match inside {
            _ if places.any(|place| real.starts_with(place)) => return Ok(real),
            true => "it leads out of the folder of the program",
            false => "it is not beneath the folder of the program",
        };
        Err(refused(&file, why))
    }
}

/// Says which flag would allow it.
fn refused(file: &Path, why: &str) -> String {
    format!("{why}; `--allow-read {}` would allow it", file.display())
}

impl Files for Beneath {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        let file = self.place(path)?;
        read_bytes(&file, MAX_DATA_BYTES).map_err(|reason| match reason {
            Reason::TooLarge => format!("`{path}` is larger than {} GB", MAX_DATA_BYTES >> 30),
            reason => ReadError { path: path.into(), reason }.to_string(),
        })
    }
}

/// Files of which small tables are read once, for a program with many experiments.
pub(crate) struct Kept {
    files: Beneath,
    tables: RefCell<BTreeMap<String, Arc<Table>>>,
}

/// Larger tables are not kept.
const MOST_KEPT_ROWS: usize = 10_000;

impl Kept {
    pub fn of(program: &Program) -> Kept {
        Kept { files: Beneath::of(program), tables: RefCell::default() }
    }
}

impl Files for Kept {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        self.files.read(path)
    }

    fn table(&self, path: &str) -> Result<Arc<Table>, Fault> {
        if let Some(table) = self.tables.borrow().get(path) {
            return Ok(Arc::clone(table));
        }
        let table = self.files.table(path)?;
        if table.lines.len() <= MOST_KEPT_ROWS {
            self.tables.borrow_mut().insert(path.to_string(), Arc::clone(&table));
        }
        Ok(table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_read_only_beneath_the_program() {
        let files = Beneath::of(&Program { folder: ".".into(), ..Program::default() });
        for path in ["/etc/hostname", "../Cargo.toml", "a/../../b"] {
            let error = files.read(path).expect_err(path);
            assert!(error.contains("beneath"), "{error}");
        }
    }

    #[test]
    fn what_is_allowed_is_read_wherever_it_lies() {
        let program = |allowed: &str| Program {
            folder: "src".into(),
            allowed: vec![allowed.into()],
            ..Program::default()
        };
        for allowed in ["Cargo.toml", "."] {
            assert!(Beneath::of(&program(allowed)).read("../Cargo.toml").is_ok());
        }
        let error = Beneath::of(&program("src")).read("../Cargo.toml").expect_err("outside");
        assert!(error.contains("--allow-read"), "{error}");
    }

    #[test]
    fn a_folder_is_not_a_file() {
        let error = read_text(Path::new(".")).expect_err("a folder");
        assert_eq!(error.to_string(), "`.` is a folder, not a file");
    }

    #[test]
    fn what_is_used_is_read_once() {
        let program = parse("a.circ", "use std.cells.LifDelta\nuse std.cells.AdEx\n".into(), Path::new("."));
        assert_eq!(program.modules.len(), 2);
        assert!(program.problems.is_empty());
    }
}
