//! How long 1,000 lines take to check: `cargo bench -p circ-cli --bench check`. The aim is 10 ms for the whole.
//!
//! The program is made of the examples, over again where they are too few, with the names of their items told apart: cells,
//! circuits, projections, drives and experiments as people write them. An item is a line.
//!
//! Measured with link-time optimisation, alone on a virtual machine of two cores, 100 samples: the whole takes 8.9 ms in the
//! median (8.7 ms to 10.8 ms), of which 2.0 ms read and parse the program and the library; the command takes 12.5 ms.

use circ::compile::check_all;
use circ::sources::{self, Beneath, Program};
use circ_compiler::check::{Types, check};
use circ_compiler::diagnose::Sink;
use circ_compiler::elaborate::{Settings, elaborate};
use circ_compiler::hir::Hir;
use circ_compiler::lower::lower;
use circ_compiler::net::Net;
use circ_compiler::resolve::resolve;
use divan::Bencher;
use divan::counter::ItemsCount;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

const LINES: usize = 1000;

fn main() {
    divan::main();
}

#[divan::bench]
fn parse(bencher: Bencher) {
    let text = text();
    bencher
        .counter(ItemsCount::new(LINES))
        .bench(|| circ_grammar::parse(circ_grammar::ast::FileId(0), &text));
}

/// Parses the library, too.
#[divan::bench]
fn read(bencher: Bencher) {
    bencher.counter(ItemsCount::new(LINES)).with_inputs(text).bench_values(program_of);
}

#[divan::bench]
fn names(bencher: Bencher) {
    let program = program();
    bencher.counter(ItemsCount::new(LINES)).bench(|| resolve(&program.modules, &mut Sink::default()));
}

#[divan::bench]
fn dimensions(bencher: Bencher) {
    let (hir, _) = understood(&program());
    bencher.counter(ItemsCount::new(LINES)).bench(|| check(&hir, &mut Sink::default()));
}

/// Every experiment.
#[divan::bench]
fn networks(bencher: Bencher) {
    let program = program();
    let (hir, types) = understood(&program);
    bencher.counter(ItemsCount::new(LINES)).bench(|| elaborated(&program, &hir, &types));
}

/// Every experiment.
#[divan::bench]
fn kernels(bencher: Bencher) {
    let program = program();
    let (hir, types) = understood(&program);
    let nets = elaborated(&program, &hir, &types);
    bencher.counter(ItemsCount::new(LINES)).bench(|| {
        nets.iter().map(|net| lower(&hir, &types, net, &mut Sink::default()).is_some()).collect::<Vec<_>>()
    });
}

/// All of these, as a host sees it.
#[divan::bench]
fn whole(bencher: Bencher) {
    bencher
        .counter(ItemsCount::new(LINES))
        .with_inputs(text)
        .bench_values(|text| check_all(program_of(text)));
}

/// All of these, as a user sees it.
#[divan::bench]
fn command(bencher: Bencher) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("thousand.circ");
    std::fs::write(&file, text()).expect("the folder can be written");
    for table in files_of(&examples(), "csv") {
        let name = table.file_name().expect("a file");
        std::fs::copy(&table, folder.path().join(name)).expect("the folder can be written");
    }
    let circ =
        || Command::new(env!("CARGO_BIN_EXE_circ")).arg("check").arg(&file).output().expect("circ starts");
    let said = circ();
    assert_eq!(said.status.code(), Some(0), "{}", String::from_utf8_lossy(&said.stdout));
    bencher.counter(ItemsCount::new(LINES)).bench(circ);
}

fn program() -> Program {
    program_of(text())
}

fn program_of(text: String) -> Program {
    sources::parse("thousand.circ", text, &examples())
}

fn understood(program: &Program) -> (Hir, Types) {
    let mut sink = Sink::default();
    let hir = resolve(&program.modules, &mut sink);
    let types = check(&hir, &mut sink);
    assert!(program.problems.is_empty() && !sink.has_errors(), "the examples have no mistake");
    (hir, types)
}

fn elaborated(program: &Program, hir: &Hir, types: &Types) -> Vec<Net> {
    let files = Beneath::of(program);
    let of = |experiment| {
        let settings = Settings { experiment: Some(experiment), ..Settings::default() };
        elaborate(hir, types, &settings, &files, &mut Sink::default())
    };
    (0..hir.experiments.len()).map(of).collect()
}

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples")
}

fn files_of(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|it| it.expect("an entry").path());
    let mut files: Vec<PathBuf> =
        entries.filter(|it| it.extension().is_some_and(|it| it == extension)).collect();
    files.sort();
    files
}

/// 1,000 lines, or the lines of the items that come nearest to them.
fn text() -> String {
    let files = files_of(&examples(), "circ");
    let (mut uses, mut text) = (BTreeSet::new(), String::new());
    for (copy, file) in files.iter().cycle().enumerate() {
        let example = std::fs::read_to_string(file).expect("an example");
        let (used, items): (Vec<String>, Vec<String>) =
            items(&example).into_iter().partition(|item| item.starts_with("use "));
        uses.extend(used);
        text += &told_apart(&items.concat(), &format!("_{copy}"));
        if LINES <= text.lines().count() {
            break;
        }
    }
    uses.into_iter().collect::<String>() + &text
}

/// Items with what stands before them, without the file's own documentation.
fn items(example: &str) -> Vec<String> {
    let mut items = vec![String::new()];
    for line in example.lines().filter(|line| !line.starts_with("//!")) {
        let item = items.last_mut().expect("one at least");
        *item += &format!("{line}\n");
        if line.starts_with("use ") || line == "}" {
            items.push(String::new());
        }
    }
    items.into_iter().map(|item| item.trim_start().to_string()).collect()
}

/// Gives the items, and all that speak of them, this ending.
fn told_apart(text: &str, ending: &str) -> String {
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let declared = text.lines().filter_map(|line| {
        let mut words = line.split(|it: char| !is_word(it));
        let item = ["cell", "circuit", "experiment", "fn", "let", "data"].contains(&words.next()?);
        words.next().filter(|_| item)
    });
    let declared: BTreeSet<&str> = declared.collect();
    let (mut changed, mut word) = (String::new(), String::new());
    for letter in text.chars() {
        if is_word(letter) {
            word.push(letter);
            continue;
        }
        let ending = if declared.contains(word.as_str()) { ending } else { "" };
        changed += &format!("{word}{ending}{letter}");
        word.clear();
    }
    changed
}
