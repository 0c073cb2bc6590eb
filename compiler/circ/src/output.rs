//! Output: the folder that `--out` asks for.
//!
//! In: the folder and the texts of its files. Out: the files, whole or absent: each is written under a
//! name of its own beside its place, and renamed when all of them are complete, the manifest last. A
//! manifest of an earlier run goes first, so that it never speaks of files of this one. Tables of a run that goes on
//! are parts, `spikes.csv.part`: they can be read at any time, and stay where a run ends badly.

use std::fmt;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The manifest's name.
pub const MANIFEST: &str = "run.json";

/// The table of a sweep.
pub const SWEEP: &str = "sweep.csv";

/// Tables, without their endings.
pub const TABLES: [&str; 4] = ["spikes", "events", "traces", "synapses"];

/// Formats of tables, as file names end.
pub const ENDINGS: [&str; 3] = ["csv", "npz", "parquet"];

/// Pictures, without their endings.
pub const PICTURES: [&str; 4] = ["raster", "traces", "weights", "sweep"];

/// A table that grows.
#[derive(Debug)]
pub struct Part {
    name: &'static str,
    path: PathBuf,
    file: fs::File,
    length: u64,
}

impl Part {
    /// The name that it will have: `spikes.csv`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Where it is now.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds whole lines.
    ///
    /// # Errors
    /// When the disk is full or the file went away; then those of these lines are in it that had room.
    pub fn append(&mut self, lines: &[u8]) -> Result<(), WriteError> {
        match self.file.write_all(lines) {
            Ok(()) => {
                self.length += lines.len() as u64;
                Ok(())
            }
            Err(error) => {
                // Half a line would look like another value. Where this fails too, it fails for the same reason.
                let written = self.file.metadata().map_or(0, |it| it.len().saturating_sub(self.length));
                let written = &lines[..lines.len().min(written as usize)];
                self.length += written.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at as u64 + 1);
                let _ = self.file.set_len(self.length);
                Err(WriteError { path: self.path.clone(), error })
            }
        }
    }
}

/// A folder that could not be written.
#[derive(Debug)]
pub struct WriteError {
    pub path: PathBuf,
    pub error: std::io::Error,
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` could not be written: {}", self.path.display(), self.error)
    }
}

impl std::error::Error for WriteError {}

/// A folder in which results can be written.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Tries to write in the folder: before a long run, not after it. If there is none it is made only to
    /// try: a run that comes to nothing leaves nothing.
    ///
    /// # Errors
    /// When it can not be made or written in.
    pub fn open(path: &Path) -> Result<Folder, WriteError> {
        let fail = |error| WriteError { path: path.to_path_buf(), error };
        let made = !path.exists();
        fs::create_dir_all(path).map_err(fail)?;
        let probe = path.join(temporary("probe"));
        fs::File::create(&probe).and_then(|_| fs::remove_file(&probe)).map_err(fail)?;
        if made {
            // What somebody else put something into meanwhile stays.
            let _ = fs::remove_dir(path);
        }
        Ok(Folder { path: path.to_path_buf() })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the folder, once there is something to put into it.
    ///
    /// # Errors
    /// When it can not be made any more.
    pub fn make(&self) -> Result<(), WriteError> {
        fs::create_dir_all(&self.path).map_err(|error| WriteError { path: self.path.clone(), error })
    }

    /// Begins a table, as `spikes.csv.part`.
    ///
    /// # Errors
    /// When it can not be made, or another run is writing it.
    pub fn part(&self, name: &'static str) -> Result<Part, WriteError> {
        let path = self.path.join(format!("{name}.part"));
        let open = || {
            let file = fs::OpenOptions::new().write(true).create(true).truncate(false).open(&path)?;
            match file.try_lock() {
                Err(fs::TryLockError::WouldBlock) => {
                    return Err(std::io::Error::other("another run is writing it"));
                }
                // Not every file system has locks.
                Err(fs::TryLockError::Error(_)) | Ok(()) => {}
            }
            file.set_len(0)?;
            Ok(file)
        };
        let file = open().map_err(|error| WriteError { path: path.clone(), error })?;
        Ok(Part { name, path, file, length: 0 })
    }

    /// Where a file is written before [`Folder::commit`] gives it its name.
    pub fn aside(&self, name: &str) -> PathBuf {
        self.path.join(temporary(name))
    }

    /// Gives parts and files that lie aside (by name) their names, after writing these (name, content), in this order:
    /// all or, where something can not be written, none. Files that lie aside take the place of all parts.
    ///
    /// # Errors
    /// When the disk is full or the folder went away; then parts stay where they are.
    pub fn commit(
        &self,
        parts: Vec<Part>,
        aside: &[String],
        files: &[(&str, Vec<u8>)],
    ) -> Result<(), WriteError> {
        let written = self.commit_all(parts, aside, files);
        if written.is_err() {
            for name in aside.iter().map(String::as_str).chain(files.iter().map(|(name, _)| *name)) {
                let _ = fs::remove_file(self.aside(name));
            }
        }
        written
    }

    fn commit_all(
        &self,
        parts: Vec<Part>,
        aside: &[String],
        files: &[(&str, Vec<u8>)],
    ) -> Result<(), WriteError> {
        for (name, content) in files {
            write_through(&self.aside(name), content)
                .map_err(|error| WriteError { path: self.path.join(name), error })?;
        }
        for part in &parts {
            part.file.sync_all().map_err(|error| WriteError { path: part.path.clone(), error })?;
        }
        self.remove_stale()?;
        let rename = |from: &Path, name: &str| {
            let path = self.path.join(name);
            fs::rename(from, &path).map_err(|error| WriteError { path, error })
        };
        for name in aside {
            rename(&self.aside(name), name)?;
        }
        for part in parts {
            match aside.is_empty() {
                true => rename(&part.path, part.name)?,
                false => remove_if_there(&part.path)?,
            }
        }
        files.iter().try_for_each(|(name, _)| rename(&self.aside(name), name))
    }

    /// Results of an earlier run, its manifest first.
    fn remove_stale(&self) -> Result<(), WriteError> {
        remove_if_there(&self.path.join(MANIFEST))?;
        remove_if_there(&self.path.join(SWEEP))?;
        let tables = TABLES.iter().flat_map(|name| ENDINGS.map(|ending| format!("{name}.{ending}")));
        let pictures =
            PICTURES.iter().flat_map(|name| ["svg", "png"].map(|ending| format!("{name}.{ending}")));
        tables.chain(pictures).try_for_each(|name| remove_if_there(&self.path.join(name)))?;
        // Of a folder that can not be listed nothing was written, either.
        let entries = fs::read_dir(&self.path).into_iter().flatten().flatten();
        let stale = |name: &str| is_plot(name) || is_hdf5(name);
        let entries = entries.filter(|entry| stale(&entry.file_name().to_string_lossy()));
        entries.map(|entry| entry.path()).try_for_each(|path| remove_if_there(&path))
    }

    /// Writes all of these (name, content), in this order, or none; files of results that are not
    /// among them are removed.
    ///
    /// # Errors
    /// When the disk is full or the folder went away; then nothing of this run is left in it.
    pub fn write(&self, files: &[(&str, Vec<u8>)]) -> Result<(), WriteError> {
        self.all_or_none(files, || self.remove_stale())
    }

    /// The same, and everything else in the folder stays.
    ///
    /// # Errors
    /// As [`Folder::write`].
    pub fn add(&self, files: &[(&str, Vec<u8>)]) -> Result<(), WriteError> {
        self.all_or_none(files, || Ok(()))
    }

    /// `between` is done when all is written and nothing has its name yet.
    fn all_or_none(
        &self,
        files: &[(&str, Vec<u8>)],
        between: impl FnOnce() -> Result<(), WriteError>,
    ) -> Result<(), WriteError> {
        let write = |(name, content): &(&str, Vec<u8>)| {
            let fail = |error| WriteError { path: self.path.join(name), error };
            write_through(&self.aside(name), content).map_err(fail)
        };
        let name = |(name, _): &(&str, Vec<u8>)| {
            let path = self.path.join(name);
            fs::rename(self.aside(name), &path).map_err(|error| WriteError { path, error })
        };
        let result = files
            .iter()
            .try_for_each(write)
            .and_then(|()| between())
            .and_then(|()| files.iter().try_for_each(name));
        if result.is_err() {
            for (name, _) in files {
                // What was never written can not be removed, and that is well.
                let _ = fs::remove_file(self.aside(name));
            }
        }
        result
    }
}

/// `run.nwb`, `spikes.h5`, `traces.E.v.h5`
fn is_hdf5(name: &str) -> bool {
    let table = name.strip_suffix(".h5").and_then(|name| name.split('.').next());
    name == "run.nwb" || table.is_some_and(|table| TABLES.contains(&table))
}

/// `plot-3.svg`
fn is_plot(name: &str) -> bool {
    let number = name.strip_prefix("plot-").and_then(|rest| rest.split_once('.'));
    number.is_some_and(|(number, ending)| {
        !number.is_empty() && number.bytes().all(|it| it.is_ascii_digit()) && ["svg", "png"].contains(&ending)
    })
}

fn temporary(name: &str) -> String {
    format!(".{}.{name}", std::process::id())
}

fn write_through(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let mut file = fs::File::create(path)?;
    file.write_all(content)?;
    file.sync_all()
}

fn remove_if_there(path: &Path) -> Result<(), WriteError> {
    match fs::remove_file(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(WriteError { path: path.to_path_buf(), error }),
    }
}
