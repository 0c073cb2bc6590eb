//! The manifest: `run.json`, what it takes to repeat a run and to know that it is the same.
//!
//! In: a finished run. Out: JSON beside its results, and back. It holds the hash of every source text,
//! the settings, the method of every equation, and the results with their digest.

use crate::compile::Options;
use crate::results::{Awaited, Results};
use crate::run::EngineKind;
use crate::sources::Program;
use circ_plan::ir::Precision;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// What a run was made of, and what came out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Of this form.
    pub format: u32,
    /// The program, from the manifest's folder.
    pub program: PathBuf,
    pub sources: Vec<SourceHash>,
    /// As given on the command line.
    pub set: Vec<Setting>,
    pub seed: Option<u64>,
    pub precision: Option<String>,
    /// Parameters of the experiment and its circuit.
    pub parameters: Vec<Parameter>,
    /// The method of every equation.
    pub methods: Vec<EquationMethod>,
    pub results: Results,
}

/// A source text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceHash {
    pub file: String,
    pub blake3: String,
}

/// `--set PATH=VALUE`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    pub path: String,
    pub value: String,
}

/// The value of a parameter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Parameter {
    pub name: String,
    pub value: crate::results::Number,
    pub unit: String,
}

/// How an equation was stepped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EquationMethod {
    pub population: String,
    pub equation: String,
    pub method: String,
    pub reason: String,
}

/// Of the present form.
pub const FORMAT: u32 = 1;

impl Manifest {
    /// As it is written.
    pub fn to_json(&self) -> String {
        let mut text =
            serde_json::to_string_pretty(self).expect("names are text and numbers are finite or null");
        text.push('\n');
        text
    }

    /// # Errors
    /// When it is not JSON of this form, in words.
    pub fn from_json(text: &str) -> Result<Manifest, String> {
        let manifest: Manifest = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if manifest.format == FORMAT {
            Ok(manifest)
        } else {
            Err(format!("its format is {}, this version reads {FORMAT}", manifest.format))
        }
    }

    /// Where the program should be, for a manifest at this path.
    pub fn program_beside(&self, manifest: &Path) -> PathBuf {
        manifest.parent().unwrap_or(Path::new(".")).join(&self.program)
    }

    /// The first source text that is not what it was.
    pub fn changed_source(&self, program: &Program) -> Option<String> {
        let now: Vec<SourceHash> = hashes(program);
        let changed = self.sources.iter().find(|then| !now.contains(then));
        changed.map(|source| source.file.clone())
    }

    /// How to compile it again.
    pub fn options(&self) -> Options {
        Options {
            experiment: Some(self.results.experiment.clone()),
            set: self.set.iter().map(|it| (it.path.clone(), it.value.clone())).collect(),
            seed: self.seed,
            precision: self
                .precision
                .as_deref()
                .map(|it| if it == "f32" { Precision::F32 } else { Precision::F64 }),
            ..Options::default()
        }
    }

    /// The engine of the run.
    pub fn engine(&self) -> EngineKind {
        if self.results.engine == EngineKind::Interpreter.name() {
            EngineKind::Interpreter
        } else {
            EngineKind::Jit
        }
    }

    /// What is not the same in another run, a line each.
    pub fn differences(&self, other: &Results) -> Vec<String> {
        let then = &self.results;
        let mut pairs = vec![
            ("digest".to_string(), then.digest.clone(), other.digest.clone()),
            ("synapses".to_string(), then.synapses.to_string(), other.synapses.to_string()),
        ];
        for (then, now) in then.populations.iter().zip(&other.populations) {
            pairs.push((format!("spikes of {}", then.path), then.spikes.to_string(), now.spikes.to_string()));
        }
        for (then, now) in then.reports.iter().zip(&other.reports) {
            pairs.push((then.text.clone(), then.value.show(), now.value.show()));
        }
        for (then, now) in then.awaited.iter().zip(&other.awaited) {
            let ended =
                |it: &Awaited| format!("{} at {} ms", if it.met { "met" } else { "not met" }, it.time_ms);
            pairs.push((format!("until {}", then.text), ended(then), ended(now)));
        }
        for (then, now) in then.expectations.iter().zip(&other.expectations) {
            pairs.push((then.text.clone(), then.value.show(), now.value.show()));
        }
        let mut differences: Vec<String> = Vec::new();
        for (what, then, now) in pairs.iter().filter(|(_, then, now)| then != now) {
            differences.push(format!("{what}: {then} then, {now} now"));
        }
        if !differences.is_empty() && then.circ != other.circ {
            differences.push(format!("compiler: {} then, {} now", then.circ, other.circ));
        }
        differences
    }
}

/// The hashes of a program's own files.
pub fn hashes(program: &Program) -> Vec<SourceHash> {
    program.hashes().into_iter().map(|(file, blake3)| SourceHash { file, blake3 }).collect()
}

/// A path to `file` from the folder `from`, which exists; absolute where there is no way.
pub fn relative(file: &Path, from: &Path) -> PathBuf {
    let (Ok(file_at), Ok(from)) = (file.canonicalize(), from.canonicalize()) else {
        return file.to_path_buf();
    };
    let shared = file_at.components().zip(from.components()).take_while(|(a, b)| a == b).count();
    let up = from.components().skip(shared).map(|_| Path::new("..").as_os_str());
    let down = file_at.components().skip(shared).map(|part| part.as_os_str());
    up.chain(down).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_from_folder_to_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let out = folder.path().join("out/deep");
        std::fs::create_dir_all(&out).expect("folders");
        let file = folder.path().join("a.circ");
        std::fs::write(&file, "").expect("a file");
        assert_eq!(relative(&file, &out), Path::new("../../a.circ"));
    }

    #[test]
    fn what_is_no_manifest_says_why() {
        assert!(Manifest::from_json("{}").expect_err("no manifest").contains("format"));
    }
}
