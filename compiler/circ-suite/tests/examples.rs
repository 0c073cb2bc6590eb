//! The examples and the library's own tests: every engine gives the same bits, every form prints as
//! reviewed.

use circ::compile::{Form, Options, check_all, emit};
use circ::diagnose::render;
use circ::run::EngineKind;
use circ::sources;
use circ_suite::oracle::{ALL, Configuration, agree};
use std::path::{Path, PathBuf};

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Example, and settings that make it last a fraction of a second.
const SHORT: [(&str, &[(&str, &str)]); 12] = [
    ("cuba", &[("duration", "20 ms")]),
    ("coba", &[("duration", "10 ms")]),
    ("cobahh", &[("duration", "4 ms")]),
    (
        "brunel",
        &[("duration", "12 ms"), ("n_exc", "1000"), ("n_inh", "250"), ("c_exc", "100"), ("c_inh", "25")],
    ),
    ("microcircuit", &[("duration", "1 ms"), ("scale", "0.02")]),
    ("izhikevich", &[("duration", "40 ms")]),
    ("adex", &[("duration", "20 ms")]),
    ("balanced", &[("duration", "5 ms")]),
    ("active_dendrites", &[("duration", "50 ms")]),
    ("song_stdp", &[("duration", "250 ms")]),
    ("digits", &[("epochs", "1"), ("samples", "2"), ("tests", "1"), ("n", "12")]),
    ("rewiring", &[("duration", "2200 ms")]),
];

/// Examples of several experiments, each of which is short as it is.
const SEVERAL: [(&str, &[&str]); 8] = [
    ("ncap", &["Forward", "OtherPhase", "Turning"]),
    ("synchronisation", &["All", "OnRing", "OnStar"]),
    ("bac_firing", &["Main"]),
    ("worm_graded", &["Touch", "Clamped"]),
    ("motion_delays", &["Main", "Backward", "Noisy", "Coincidence", "Learned"]),
    ("motion_learned", &["Brief"]),
    ("ca3_memory", &["Main"]),
    ("pattern_detectors", &["Main", "Tolerant", "FalseAlarms"]),
];

/// The library's tests, and where they run: those of point cells are too long for the interpreter.
const LIBRARY: [(&str, &[Configuration]); 7] = [
    ("cells", &[(EngineKind::Jit, 1), (EngineKind::Jit, 2)]),
    ("dendrites", &ALL),
    ("hebbian", &ALL),
    ("homeostasis", &ALL),
    ("plasticity", &ALL),
    ("rates", &ALL),
    ("short_term", &ALL),
];

#[test]
fn every_example_is_among_the_short_ones() {
    let several = SEVERAL.iter().map(|it| it.0.to_string());
    let mut short: Vec<_> = SHORT.iter().map(|it| it.0.to_string()).chain(several).collect();
    short.sort();
    assert_eq!(programs_in("examples"), short);
}

/// The names of the programs in a folder, sorted.
fn programs_in(folder: &str) -> Vec<String> {
    let files = std::fs::read_dir(root().join(folder)).expect("the folder");
    let mut names: Vec<String> = files
        .map(|file| file.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|it| it == "circ"))
        .map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn every_part_of_the_library_has_tests() {
    let tested = LIBRARY.map(|it| it.0.to_string());
    assert_eq!(programs_in("stdlib"), tested);
    assert_eq!(programs_in("stdlib/tests"), tested);
}

#[test]
fn every_test_of_the_library_holds() {
    for (name, on) in LIBRARY {
        let folder = root().join("stdlib/tests");
        let text = std::fs::read_to_string(folder.join(format!("{name}.circ"))).expect("the tests");
        let experiments = text.lines().filter_map(|line| line.strip_prefix("experiment "));
        for experiment in experiments.filter_map(|line| line.split(['(', ' ']).next()) {
            let options = Options { experiment: Some(experiment.to_string()), ..Options::default() };
            let results = agree(name, &text, &folder, &options, on);
            let results = results.unwrap_or_else(|error| panic!("{name}, {experiment}: {error}"));
            let broken: Vec<_> = results.expectations.iter().filter(|it| !it.holds).collect();
            assert!(broken.is_empty(), "{name}, {experiment}: {broken:?}");
            assert!(!results.expectations.is_empty(), "{name}, {experiment} expects something");
        }
    }
}

#[test]
fn every_example_gives_the_same_bits_on_every_engine() {
    for (name, set) in SHORT {
        let file = root().join(format!("examples/{name}.circ"));
        let text = std::fs::read_to_string(&file).expect("the example");
        let set = set.iter().map(|(path, value)| (path.to_string(), value.to_string())).collect();
        let options = Options { set, ..Options::default() };
        for precision in [None, Some(circ::Precision::F32)] {
            let options = Options { precision, ..options.clone() };
            let result = agree(name, &text, &root().join("examples"), &options, &ALL);
            assert!(result.is_ok(), "{name} {precision:?}: {}", result.unwrap_err());
        }
    }
}

#[test]
fn every_experiment_of_several_gives_the_same_bits_and_what_it_expects() {
    for (name, experiments) in SEVERAL {
        let text =
            std::fs::read_to_string(root().join(format!("examples/{name}.circ"))).expect("the example");
        for experiment in experiments {
            let options = Options { experiment: Some(experiment.to_string()), ..Options::default() };
            let results = agree(name, &text, &root().join("examples"), &options, &ALL);
            let results = results.unwrap_or_else(|error| panic!("{name}, {experiment}: {error}"));
            assert!(results.expectations.iter().all(|it| it.holds), "{name}, {experiment}");
        }
    }
}

/// They are what people copy from.
#[test]
fn nothing_is_said_of_the_examples_and_the_library() {
    for folder in ["examples", "stdlib", "stdlib/tests"] {
        for entry in std::fs::read_dir(root().join(folder)).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|it| it == "circ") {
                let checked = check_all(sources::read(&path).expect("a text"));
                let said = render(&checked.diagnostics, &checked.sources, false);
                assert!(said.is_empty(), "{}", said);
            }
        }
    }
}

#[test]
fn every_form_of_every_example_is_as_reviewed() {
    let forms = [
        ("ast", Form::Ast),
        ("hir", Form::Hir),
        ("types", Form::Types),
        ("net", Form::Net),
        ("kernel", Form::Kernel),
        ("plan", Form::Plan),
        ("clif", Form::Clif),
    ];
    for (name, _) in SHORT {
        let file = root().join(format!("examples/{name}.circ"));
        for (form, kind) in forms {
            let program = sources::read(&file).expect("the example");
            let text = emit(program, kind).map_err(|it| circ_suite::oracle::show(&it)).expect("no mistakes");
            insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
                insta::assert_snapshot!(format!("{name}-{form}"), text);
            });
        }
    }
}
