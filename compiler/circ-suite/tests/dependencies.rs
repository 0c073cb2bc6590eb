//! Dependencies point one way: the map of `ARCHITECTURE.md`, held against `cargo metadata`.

use std::collections::BTreeMap;
use std::process::Command;

/// Every crate of the workspace with the crates of the workspace that it may use.
const ALLOWED: &[(&str, &[&str])] = &[
    ("circ-grammar", &[]),
    ("circ-strangers", &["circ-grammar"]),
    ("circ-numerics", &[]),
    ("circ-plan", &["circ-numerics"]),
    ("circ-runtime", &["circ-plan", "circ-numerics"]),
    ("circ-compiler", &["circ-grammar", "circ-plan", "circ-numerics"]),
    // Tests of generated code hold it to the interpreter.
    ("circ-codegen", &["circ-compiler", "circ-plan", "circ-numerics"]),
    (
        "circ",
        &["circ-grammar", "circ-compiler", "circ-codegen", "circ-plan", "circ-runtime", "circ-numerics"],
    ),
    // The names of half-written text are looked up in the trees, and types come from the compiler.
    ("circ-lsp", &["circ", "circ-grammar", "circ-compiler"]),
    ("circ-results", &["circ"]),
    ("circ-cli", &["circ", "circ-lsp", "circ-results"]),
    ("circ-swimmer", &["circ"]),
    (
        "circ-suite",
        &[
            "circ",
            "circ-grammar",
            "circ-strangers",
            "circ-compiler",
            "circ-codegen",
            "circ-plan",
            "circ-runtime",
            "circ-numerics",
        ],
    ),
];

/// Crates of others that only one crate may see.
const ALONE: &[(&str, &str)] = &[
    ("cranelift", "circ-codegen"),
    ("lalrpop", "circ-grammar"),
    ("logos", "circ-grammar"),
    ("ariadne", "circ-compiler"),
    ("clap", "circ-cli"),
    ("lsp", "circ-lsp"),
    ("parquet", "circ-results"),
    ("resvg", "circ-results"),
    ("postcard", "circ"),
];

#[test]
fn crates_use_only_what_the_map_allows() {
    let found = dependencies();
    for (krate, uses) in &found {
        let (_, allowed) = ALLOWED.iter().find(|(name, _)| name == krate).unwrap_or_else(|| {
            panic!("`{krate}` is not on the map: add it to ARCHITECTURE.md and to this test")
        });
        for used in uses.iter().filter(|used| found.contains_key(*used)) {
            assert!(allowed.contains(&used.as_str()), "`{krate}` may not use `{used}`");
        }
    }
}

#[test]
fn tools_stay_behind_their_crate() {
    for (krate, uses) in dependencies() {
        for used in uses {
            for (tool, owner) in ALONE {
                let theirs = used == *tool || used.starts_with(&format!("{tool}-"));
                assert!(!theirs || krate == *owner, "only `{owner}` may use `{used}`, but `{krate}` does");
            }
        }
    }
}

/// The direct dependencies of every crate of the workspace, those of tests left out.
fn dependencies() -> BTreeMap<String, Vec<String>> {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.toml");
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline", "--manifest-path", manifest])
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON");
    let text = |value: &serde_json::Value| value.as_str().expect("a name").to_string();
    let packages = metadata["packages"].as_array().expect("packages");
    let uses = |package: &serde_json::Value| {
        let all = package["dependencies"].as_array().expect("dependencies").iter();
        all.filter(|it| it["kind"] != "dev").map(|it| text(&it["name"])).collect()
    };
    packages.iter().map(|package| (text(&package["name"]), uses(package))).collect()
}
