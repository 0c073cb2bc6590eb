//! Generated programs give the same bits on both engines and on 1, 2 and 3 threads.

use circ::compile::Options;
use circ_suite::generate::{FEATURES, generate};
use circ_suite::oracle::{ALL, agree};
use std::collections::BTreeSet;
use std::path::Path;

/// How many programs each run of the tests makes.
const PROGRAMS: u64 = 600;

#[test]
fn generated_programs_agree_on_every_engine() {
    let failures: Vec<String> = (0..PROGRAMS).filter_map(failure).collect();
    assert!(
        failures.is_empty(),
        "{} of {PROGRAMS} programs fail; the first:\n{}",
        failures.len(),
        failures[0]
    );
    let met: BTreeSet<_> = (0..PROGRAMS).flat_map(|seed| generate(seed).features).collect();
    assert_eq!(met.len(), FEATURES.len(), "every feature occurs among the programs");
}

fn failure(seed: u64) -> Option<String> {
    let program = generate(seed);
    let result = agree("generated.circ", &program.text, Path::new("."), &Options::default(), &ALL);
    result.err().map(|error| format!("seed {seed}: {error}\n{}", program.text))
}
