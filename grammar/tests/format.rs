//! The canonical layout, on paper.

mod common;

use circ_grammar::format;
use common::PROGRAMS;

#[track_caller]
fn formatted(text: &str) -> String {
    format(text).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

#[test]
fn every_construct_has_its_layout() {
    for (name, program) in
        ["cuba", "cells", "rules", "circuits", "experiments", "oddities"].iter().zip(PROGRAMS)
    {
        insta::assert_snapshot!(format!("layout_{name}"), formatted(program));
    }
}

#[test]
fn the_programs_beside_this_crate_keep_their_tree() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for folder in ["examples", "stdlib", "stdlib/tests"] {
        for entry in std::fs::read_dir(root.join(folder)).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|extension| extension == "circ") {
                let text = std::fs::read_to_string(&path).expect("a readable program");
                let once = formatted(&text);
                assert_eq!(formatted(&once), once, "{}", path.display());
            }
        }
    }
}

#[test]
fn what_is_not_understood_is_not_touched() {
    assert!(format("let a = ").is_err());
}
