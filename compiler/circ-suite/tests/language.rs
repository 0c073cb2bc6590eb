//! The language tests under `language/`.

use circ_suite::cases::{hold, read};
use std::collections::BTreeSet;
use std::path::Path;

#[test]
fn every_case_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("language");
    let mut files: Vec<_> =
        std::fs::read_dir(&folder).expect("the folder").map(|it| it.expect("an entry").path()).collect();
    files.sort();
    let mut names = BTreeSet::new();
    let mut failures = Vec::new();
    for file in files.iter().filter(|file| file.extension().is_some_and(|it| it == "txt")) {
        for case in read(&std::fs::read_to_string(file).expect("text")) {
            assert!(names.insert(case.name.clone()), "the name `{}` is taken twice", case.name);
            if let Err(error) = hold(&case, &folder) {
                failures.push(format!("{}:{} {}\n{error}", file.display(), case.line, case.name));
            }
        }
    }
    assert!(!names.is_empty(), "there are cases");
    assert!(
        failures.is_empty(),
        "{} of {} cases fail:\n\n{}",
        failures.len(),
        names.len(),
        failures.join("\n\n")
    );
}
