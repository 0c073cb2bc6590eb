//! Output: the folder that `--out` asks for.
//!
//! In: the folder and the texts of its files. Out: the files, whole or absent: each is written under a
//! name of its own beside its place, and renamed when all of them are complete, the manifest last. A
//! manifest of an earlier run goes first, so that it never speaks of files of this one.

use std::fmt;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The manifest's name.
pub const MANIFEST: &str = "run.json";

/// The table of a sweep.
pub const SWEEP: &str = "sweep.csv";

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

    /// Writes all of these (name, content), in this order, or none; files of results that are not
    /// among them are removed.
    ///
    /// # Errors
    /// When the disk is full or the folder went away; then nothing of this run is left in it.
    pub fn write(&self, files: &[(&str, Vec<u8>)]) -> Result<(), WriteError> {
        let result = self.write_all(files);
        if result.is_err() {
            for (name, _) in files {
                // What was never written can not be removed, and that is well.
                let _ = fs::remove_file(self.path.join(temporary(name)));
            }
        }
        result
    }

    fn write_all(&self, files: &[(&str, Vec<u8>)]) -> Result<(), WriteError> {
        for (name, content) in files {
            let path = self.path.join(temporary(name));
            write_through(&path, content)
                .map_err(|error| WriteError { path: self.path.join(name), error })?;
        }
        for stale in [MANIFEST, "spikes.csv", "events.csv", "traces.csv", "synapses.csv", SWEEP] {
            remove_if_there(&self.path.join(stale))?;
        }
        for (name, _) in files {
            let path = self.path.join(name);
            fs::rename(self.path.join(temporary(name)), &path).map_err(|error| WriteError { path, error })?;
        }
        Ok(())
    }
}

fn temporary(name: &str) -> String {
    format!(".{name}.{}.partial", std::process::id())
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
