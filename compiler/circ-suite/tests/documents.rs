//! Every program in the guide, the reference, the pages beside them and the README is whole, laid out, and does what the text says.

use circ::compile::Options;
use circ::run::EngineKind;
use circ_suite::oracle::{ALL, Configuration, agree};
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The texts between ```` ```circ ```` and ```` ``` ````.
fn programs(document: &str) -> Vec<String> {
    let text = std::fs::read_to_string(root().join(document)).expect("the document");
    let blocks = text.split("```circ\n").skip(1);
    blocks.map(|block| block.split("```").next().unwrap_or_default().to_string()).collect()
}

#[track_caller]
fn hold(document: &str, at_least: usize, on: &[Configuration]) {
    let programs = programs(document);
    assert!(at_least <= programs.len(), "{document} has {} programs", programs.len());
    for (at, program) in programs.iter().enumerate() {
        let name = format!("{document}, program {}", at + 1);
        let laid_out = circ::compile::format(&name, program);
        assert_eq!(laid_out.as_deref().ok(), Some(program.as_str()), "{name} is laid out");
        let results = agree(&name, program, &root(), &Options::default(), on);
        let results = results.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(results.diagnostics.is_empty(), "{name}: {:?}", results.diagnostics);
        assert!(!results.expectations.is_empty(), "{name} expects something");
        let broken: Vec<_> = results.expectations.iter().filter(|it| !it.holds).map(|it| &it.text).collect();
        assert!(broken.is_empty(), "{name}: {broken:?}");
    }
}

#[test]
fn the_guide_is_true() {
    hold("compiler/docs/guide.md", 8, &ALL);
}

#[test]
fn the_pages_for_users_of_other_simulators_are_true() {
    hold("compiler/docs/from_brian2.md", 3, &ALL);
    hold("compiler/docs/from_nest.md", 3, &ALL);
}

#[test]
fn the_reference_is_true() {
    hold("compiler/docs/reference.md", 6, &ALL);
}

/// Its network is too large for the interpreter to run in a test; the examples do that for a shorter time.
#[test]
fn the_first_page_is_true() {
    hold("README.md", 1, &[(EngineKind::Jit, 1), (EngineKind::Jit, 2)]);
}
