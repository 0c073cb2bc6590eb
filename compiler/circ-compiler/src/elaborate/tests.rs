//! Programs as text, nets and messages as text.

mod build;
mod errors;
mod values;

use super::{Files, Settings, elaborate};
use crate::diagnose::{Diagnostic, Sink};
use crate::resolve::{Module, resolve};
use circ_grammar::ast::{FileId, Span};
use std::collections::BTreeMap;

/// Cells that the programs of the tests are made of.
const CELLS: &str = "
cell Lif {
  param tau in 1 ms .. 1 s = 20 ms
  param V_th = -50 mV
  port exc: excitatory voltage via exponential(5 ms)
  port inh: inhibitory voltage via exponential(10 ms)
  port plain: voltage via delta(v)
  port mod: modulatory voltage via sum
  port I: voltage via sum
  state v: voltage = -60 mV
  tau * v' = -60 mV - v + exc - inh + I + mod
  spike when v >= V_th { v = -60 mV }
}
";

/// Files in memory.
struct Memory(BTreeMap<&'static str, Vec<u8>>);

impl Files for Memory {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        self.0.get(path).cloned().ok_or_else(|| "there is no such file".to_string())
    }
}

struct Case<'a> {
    source: &'a str,
    set: &'a [(&'a str, &'a str)],
    files: &'a [(&'static str, &'a str)],
}

/// The net of the first experiment (else of the first circuit that has all defaults), or the messages.
#[track_caller]
fn net(source: &str) -> String {
    run(&Case { source, set: &[], files: &[] })
}

#[track_caller]
fn net_set(source: &str, set: &[(&str, &str)]) -> String {
    run(&Case { source, set, files: &[] })
}

#[track_caller]
fn net_files(source: &str, files: &[(&'static str, &str)]) -> String {
    run(&Case { source, set: &[], files })
}

/// As [`net`], for the inside of a circuit.
#[track_caller]
fn circuit(items: &str) -> String {
    net(&format!("circuit C {{\n{items}\n}}"))
}

#[track_caller]
fn run(case: &Case) -> String {
    let text = format!("{}{CELLS}", case.source);
    let parsed = circ_grammar::parse(FileId(0), &text);
    assert!(parsed.errors.is_empty(), "{:?}", parsed.errors);
    let mut sink = Sink::default();
    let hir = resolve(&[Module { path: vec![], file: parsed.file }], &mut sink);
    let types = crate::check::check(&hir, &mut sink);
    let mut texts = vec![text];
    let mut set = vec![];
    for (k, (path, value)) in case.set.iter().enumerate() {
        let (file, expr, errors) = circ_grammar::parse_expr(FileId(k as u32 + 1), value);
        assert!(errors.is_empty(), "{errors:?}");
        set.extend(expr.map(|expr| (path.to_string(), file, expr)));
        texts.push(value.to_string());
    }
    let settings = match hir.experiments.is_empty() {
        false => Settings { experiment: Some(0), set, ..Settings::default() },
        true => Settings {
            circuit: hir.circuits.iter().position(super::has_all_defaults),
            set,
            ..Settings::default()
        },
    };
    let files = Memory(case.files.iter().map(|(name, text)| (*name, text.as_bytes().to_vec())).collect());
    if !sink.has_errors() {
        let net = elaborate(&hir, &types, &settings, &files, &mut sink);
        if !sink.has_errors() {
            return crate::net_print::print(&net, &hir);
        }
    }
    sink.into_sorted().iter().map(|d| message(d, &texts)).collect::<Vec<_>>().join("\n")
}

/// A message with what is at each of its places.
fn message(diagnostic: &Diagnostic, texts: &[String]) -> String {
    let at = |span: &Span| {
        let text =
            texts.get(span.file.0 as usize).and_then(|t| t.get(span.start as usize..span.end as usize));
        text.unwrap_or("?").lines().next().unwrap_or("").to_string()
    };
    let mut lines = vec![format!("[{}] {}", diagnostic.rule.name, diagnostic.message)];
    lines.extend(diagnostic.labels.iter().map(|(span, label)| format!("  {} <- {label}", at(span))));
    if diagnostic.labels.is_empty() {
        lines.push(format!("  at {}", at(&diagnostic.span)));
    }
    lines.extend(diagnostic.notes.iter().map(|note| format!("  note: {note}")));
    lines.extend(diagnostic.help.iter().map(|help| format!("  help: {help}")));
    lines.join("\n")
}
