//! Runs the real binary on programs in a folder of their own.

#![allow(dead_code, reason = "every test file uses a part of it")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A folder with programs.
pub struct Bench {
    folder: tempfile::TempDir,
}

/// What a command said.
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// A cell, a circuit of 10 of them, and `BODY` in its experiment.
pub const SMALL: &str = r#"
cell Clock {
  param tau = 10 ms
  param drive_to = 20 mV
  state v: voltage = 0 mV
  tau * v' = drive_to - v
  spike when v >= 10 mV { v = 0 mV }
}

circuit Small(n: int = 10) {
  population E: Clock[n]
}
"#;

impl Bench {
    pub fn new() -> Bench {
        Bench { folder: tempfile::tempdir().expect("a folder") }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).expect("the folder can be written");
        path
    }

    /// `SMALL` with these statements in its experiment.
    pub fn small(&self, statements: &str) -> PathBuf {
        self.file("small.circ", format!("{SMALL}\nexperiment Main of Small {{\n{statements}\n}}\n"))
    }

    /// Runs `circ` in the folder.
    pub fn circ(&self, args: &[&str]) -> Said {
        said(self.command(args).output().expect("circ starts"))
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_circ"));
        command.args(args).current_dir(self.folder.path());
        command
    }
}

pub fn said(output: Output) -> Said {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("circ writes UTF-8");
    let code = output.status.code().expect("circ ends by itself");
    Said { code, out: text(output.stdout), err: text(output.stderr) }
}

impl Said {
    /// Fails with everything that was said unless the code is this.
    #[track_caller]
    pub fn exits(self, code: i32) -> Said {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        assert!(!self.err.contains("panicked"), "{}", self.err);
        self
    }

    /// Standard error holds this.
    #[track_caller]
    pub fn complains(self, text: &str) -> Said {
        assert!(self.err.contains(text), "no `{text}` in:\n{}", self.err);
        self
    }

    /// Standard output holds this.
    #[track_caller]
    pub fn says(self, text: &str) -> Said {
        assert!(self.out.contains(text), "no `{text}` in:\n{}", self.out);
        self
    }

    /// Standard output as one JSON value.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|error| panic!("{error} in:\n{}\n{}", self.out, self.err))
    }
}

/// A program of the repository.
pub fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name)
}
