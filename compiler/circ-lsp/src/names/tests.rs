//! Held to every program that people wrote: each name in them is found, or is one of the language's own.

use super::*;
use crate::words;
use std::path::{Path, PathBuf};

fn index_of(text: &str, folder: &Path) -> (Vec<Module>, Index, String) {
    let program = circ::sources::parse("a.circ", text.to_string(), folder);
    let index = index(&program.modules);
    (program.modules, index, text.to_string())
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// What follows are no names of anything that is declared: options of clauses, and columns of tables.
const OPTIONS: &[&str] =
    &["nearest", "self", "multiple", "corelease", "pruned", "grid", "tick", "x", "y", "z", "_", "f32"];

/// What rules of the library read of cells: nothing says which before a projection learns by them.
const OF_CELLS: &[&str] = &["r", "v", "plateau"];

#[test]
fn every_name_of_the_examples_and_the_library_is_found() {
    let (mut looked_at, mut missed) = (0, vec![]);
    for folder in ["examples", "stdlib", "stdlib/tests"] {
        let folder = root().join(folder);
        let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
            .expect("a folder")
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| path.extension().is_some_and(|it| it == "circ"))
            .collect();
        files.sort();
        for file in files {
            let text = std::fs::read_to_string(&file).expect("text");
            let (modules, index, _) = index_of(&text, &folder);
            let main = modules[0].file.id;
            let unknown: Vec<&str> = index
                .open
                .iter()
                .filter(|name| name.span.file == main)
                .map(|name| &*name.text)
                .filter(|name| words::named(name).next().is_none() && !OPTIONS.contains(name))
                .filter(|name| !(folder.ends_with("stdlib") && OF_CELLS.contains(name)))
                // Columns of tables, after `edge`.
                .filter(|name| !text.contains(&format!("edge.{name}")))
                .collect();
            missed.extend(unknown.iter().map(|name| format!("{}: {name}", file.display())));
            looked_at += index.uses.len();
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
    assert!(5_000 < looked_at, "{looked_at} names");
}

/// The texts of all places of what is named at `|`.
fn places_of(text: &str) -> Vec<String> {
    let at = text.find('|').expect("a mark");
    let text = text.replacen('|', "", 1);
    let (_, index, text) = index_of(&text, Path::new("."));
    let place = Span { start: at as u32, end: at as u32, ..Span::default() };
    let (_, of) = index.at(place).expect("a name");
    let line = |at: u32| text[..at as usize].matches('\n').count() + 1;
    let shown =
        |span: &Span| format!("{}:{}", line(span.start), &text[span.start as usize..span.end as usize]);
    let own = index.places(&index.kin(&of)).into_iter().filter(|span| span.file.0 == 0);
    own.map(|span| shown(&span)).collect()
}

const PROGRAM: &str = "\
cell A {
  param tau = 10 ms
  port exc: excitatory voltage via delta(v)
  state v: voltage = 0 mV
  tau * v' = -v
  segment s[3] {
    state v = 0
    tau * v' = -v + cell.v / 1 mV
    event hit when v > 1 { v = 0 }
  }
  on s.hit { v += 1 mV }
  spike when v > 1 mV { let v_new = 0 mV; v = v_new }
}
cell B: A { param tau = 20 ms }
plasticity P {
  param a = 1
  pre x = trace(10 ms)
  on post { w += a * x * pre.v / 1 V * 0 }
}
circuit C(n: int = 3) {
  population E: excitatory A[n] { tau = 5 ms }
  population F: excitatory B[n]
  let both = (E, F)
  projection p: E -> (E, F).exc { connect one_to_one; weight n * 1 mV; delay 1 ms; plasticity P(a = 2) }
}
experiment Main(n: int = 4) of C(n = n) {
  record E.spike, both.v, E.s.v, F[0].s[1].hit
  for q in 0 .. 3 { set E.tau = (q + 1) * 1 ms }
  run 10 ms
  expect mean(p.a) == 2
}
";

#[track_caller]
fn holds(before: &str, name: &str, expected: &[&str]) {
    let at = PROGRAM.find(before).expect("there") + before.len();
    assert!(PROGRAM[at..].starts_with(name));
    let marked = format!("{}|{}", &PROGRAM[..at], &PROGRAM[at..]);
    assert_eq!(places_of(&marked), expected);
}

#[test]
fn what_a_base_declares_keeps_one_name_with_what_extends_it() {
    holds("  param ", "tau", &["2:tau", "5:tau", "8:tau", "14:tau", "21:tau", "28:tau"]);
    holds("B: A { param ", "tau", &["2:tau", "5:tau", "8:tau", "14:tau", "21:tau", "28:tau"]);
}

#[test]
fn a_segment_hides_names_of_the_cell() {
    let of_cell = ["3:v", "4:v", "5:v", "5:v", "8:v", "11:v", "12:v", "12:v", "18:v", "27:v"];
    holds("via delta(", "v", &of_cell);
    holds("segment s[3] {\n    state ", "v", &["7:v", "8:v", "8:v", "9:v", "9:v", "27:v"]);
    holds("on ", "s.hit", &["6:s", "11:s", "27:s", "27:s"]);
    holds("event ", "hit", &["9:hit", "11:hit", "27:hit"]);
}

#[test]
fn an_experiment_has_names_of_its_own_beside_those_of_its_circuit() {
    holds("circuit C(", "n", &["20:n", "21:n", "22:n", "24:n", "26:n"]);
    holds("experiment Main(", "n", &["26:n", "26:n"]);
    holds("for ", "q", &["28:q", "28:q"]);
    holds("  let ", "both", &["23:both", "27:both"]);
}

#[test]
fn rules_and_their_arguments_go_together() {
    holds("plasticity P {\n  param ", "a", &["16:a", "18:a", "24:a", "30:a"]);
    holds("plasticity ", "P {", &["15:P", "24:P"]);
    holds("{ let ", "v_new", &["12:v_new", "12:v_new"]);
}
