//! Reference pages: what a file declares, from its text and its `///` comments.
//!
//! In: a program. Out: [`Page`]s of Markdown for its main file: the file's documentation, then every item with its
//! parameters (default, type and unit, range), states, ports and the text of what it does. What a cell or rule takes
//! over from another is in its tables, too.

mod cell;
mod circuit;
mod rule;
mod table;

use crate::sources::{self, Program};
use crate::stdlib;
use circ_compiler::check::{Types, check};
use circ_compiler::diagnose::Sink;
use circ_compiler::hir::{ExprId, Hir};
use circ_compiler::resolve::resolve;
use circ_compiler::types::Type;
use circ_grammar::ast::{Item, ItemKind, Span};
use std::path::Path;

/// The reference of a file.
#[derive(Clone, Debug)]
pub struct Page {
    /// `std.cells`, or the name of the file.
    pub title: String,
    /// Of the file, without a blank line in it.
    pub summary: String,
    /// The file's documentation.
    pub about: String,
    pub entries: Vec<Entry>,
}

/// The reference of an item.
#[derive(Clone, Debug)]
pub struct Entry {
    pub name: String,
    /// `cell`, `plasticity rule` and so on.
    pub kind: &'static str,
    /// The first sentence of its documentation; empty without one.
    pub summary: String,
    /// Markdown, with its heading.
    pub text: String,
}

/// The page of `std.NAME`; nothing where the library has no such file.
pub fn of_library(name: &str) -> Option<Page> {
    let text = stdlib::text(name)?;
    let program = sources::parse(&format!("std/{name}.circ"), text.to_string(), Path::new("."));
    Some(of(&program, &format!("std.{name}")))
}

/// The pages of the whole library, in order of their names.
pub fn library() -> Vec<Page> {
    let names = stdlib::modules().filter_map(|path| path.strip_prefix("std.").map(str::to_string));
    names.filter_map(|name| of_library(&name)).collect()
}

/// The page of a program's main file.
pub fn of(program: &Program, title: &str) -> Page {
    let mut sink = Sink::default();
    let hir = resolve(&program.modules, &mut sink);
    let types = check(&hir, &mut sink);
    let writer = Writer { program, hir: &hir, types: &types };
    let about = program.main().doc.as_deref().unwrap_or("").trim().to_string();
    let entries = program.main().items.iter().filter_map(|item| writer.entry(item)).collect();
    Page { title: title.to_string(), summary: first_sentence(&about), about, entries }
}

impl Page {
    /// The whole page: what there is, then every item.
    pub fn markdown(&self) -> String {
        let mut out = format!("# {}\n", self.title);
        if !self.about.is_empty() {
            out += &format!("\n{}\n", self.about);
        }
        if !self.entries.is_empty() {
            out += "\n| item | | |\n|---|---|---|\n";
        }
        for entry in &self.entries {
            out += &format!(
                "| [`{0}`](#{1}) | {2} | {3} |\n",
                entry.name,
                anchor(entry),
                entry.kind,
                table::cell(&entry.summary)
            );
        }
        self.entries.iter().for_each(|entry| out += &format!("\n{}", entry.text));
        out
    }
}

/// The page that leads to the others, each in the file `TITLE.md`.
pub fn contents(pages: &[Page]) -> String {
    let mut out = "# The library\n".to_string();
    for page in pages {
        out += &format!("\n## [{0}]({0}.md)\n\n{1}\n\n", page.title, page.summary);
        for entry in &page.entries {
            let (title, anchor) = (&page.title, anchor(entry));
            out += &format!("- [`{}`]({title}.md#{anchor}), {}: {}\n", entry.name, entry.kind, entry.summary);
        }
    }
    out
}

/// As Markdown is commonly shown: a heading in small letters, blanks as `-`, without signs.
fn anchor(entry: &Entry) -> String {
    let heading = format!("{} {}", entry.kind, entry.name).to_lowercase();
    heading
        .chars()
        .filter(|it| it.is_alphanumeric() || " -_".contains(*it))
        .collect::<String>()
        .replace(' ', "-")
}

/// Up to the first full stop with a blank behind it, or the first empty line.
fn first_sentence(text: &str) -> String {
    let paragraph = text.split("\n\n").next().unwrap_or_default();
    let joined = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
    match joined.find(". ") {
        Some(at) => joined[..=at].to_string(),
        None => joined,
    }
}

/// Writes the entries of one program.
struct Writer<'a> {
    program: &'a Program,
    hir: &'a Hir,
    types: &'a Types,
}

impl Writer<'_> {
    fn entry(&self, item: &Item) -> Option<Entry> {
        let (name, kind, body) = match &item.kind {
            ItemKind::Cell(it) => (&it.name, "cell", self.cell(it)),
            ItemKind::Rule(it) => (&it.name, "plasticity rule", self.rule(it)),
            ItemKind::Circuit(it) => (&it.name, "circuit", self.circuit(it)),
            ItemKind::Experiment(it) => (&it.name, "experiment", self.experiment(it)),
            ItemKind::Fn(it) => (&it.name, "function", self.function(it, item.span)),
            ItemKind::Let(it) => (&it.name, "constant", self.constant(it.name.span, item.span)),
            ItemKind::Data(it) => (&it.name, "data", self.constant(it.name.span, item.span)),
            ItemKind::Use { .. } | ItemKind::Error => return None,
        };
        let doc = item.attributes.doc.as_deref().unwrap_or("").trim();
        let mut text = format!("## {kind} `{}`\n", name.text);
        for part in [doc, body.trim_end()].into_iter().filter(|part| !part.is_empty()) {
            text += &format!("\n{part}\n");
        }
        Some(Entry { name: name.text.to_string(), kind, summary: first_sentence(doc), text })
    }

    /// As written, on one line.
    fn text(&self, span: Span) -> String {
        self.program.text_at(span)
    }

    fn value(&self, id: ExprId) -> String {
        self.text(self.hir.expr(id).span)
    }

    fn range(&self, range: Option<(ExprId, ExprId)>) -> String {
        range.map_or(String::new(), |(lo, hi)| format!("{} .. {}", self.value(lo), self.value(hi)))
    }

    /// Statements as they are written, without the blanks that all of their lines begin with.
    fn statements(&self, spans: &[Span]) -> String {
        let texts = spans.iter().map(|span| {
            let whole = self.program.sources.files.get(span.file.0 as usize).map_or("", |it| &it.text);
            let (start, end) = (span.start as usize, span.end as usize);
            let before = whole.get(..start).unwrap_or("");
            let indent = before.len() - before.trim_end_matches([' ', '\t']).len();
            let lines = whole.get(start..end).unwrap_or("").lines().enumerate().map(|(at, line)| {
                let blanks = line.len() - line.trim_start_matches([' ', '\t']).len();
                if at == 0 { line } else { &line[indent.min(blanks)..] }
            });
            lines.collect::<Vec<_>>().join("\n")
        });
        let texts: Vec<String> = texts.collect();
        if texts.is_empty() { String::new() } else { format!("```circ\n{}\n```\n", texts.join("\n")) }
    }
}

/// A type with the unit in which values are shown.
fn type_words(ty: &Type) -> String {
    match ty {
        Type::Real(dimension) | Type::Port(dimension) => match crate::quantity::unit(*dimension).name {
            // The dimension of weights is that of the port.
            _ if dimension.0[6] != 0 => ty.to_string(),
            unit if unit.is_empty() => "real".to_string(),
            unit => format!("{ty} ({unit})"),
        },
        Type::Error => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use circ_compiler::diagnose::library::LIBRARY;

    #[test]
    fn every_item_of_the_library_is_documented_and_on_its_page() {
        let pages = library();
        for (file, kind, name) in LIBRARY {
            let page = pages.iter().find(|page| page.title == format!("std.{file}")).expect("a page");
            let entry = page.entries.iter().find(|it| it.name == *name).expect("an entry");
            assert_eq!(entry.kind, *kind);
            assert!(10 < entry.summary.len(), "`{name}` has no documentation");
            assert!(page.markdown().contains(&format!("## {kind} `{name}`\n")), "{name}");
            assert!(contents(&pages).contains(&format!("[`{name}`]")), "{name}");
        }
        for page in &pages {
            assert!(!page.summary.is_empty(), "{} says nothing of itself", page.title);
            for entry in page.entries.iter().filter(|it| it.kind != "constant") {
                assert!(!entry.summary.is_empty(), "`{}` of {}", entry.name, page.title);
            }
        }
    }

    fn page(text: &str) -> String {
        of(&sources::parse("a.circ", text.to_string(), Path::new(".")), "a.circ").markdown()
    }

    #[test]
    fn a_page_says_parameters_states_ports_and_what_happens() {
        let text = "\
//! Of cells.

/// Leaks. Forgets.
///
/// Source: a paper.
cell Leaky {
  /// How fast.
  param tau in 1 ms .. 1 s = 20 ms
  port exc: excitatory voltage via delta(v)
  state v: voltage = 0 mV
  tau * v' = -v
  spike when v >= 20 mV {
    v = 0 mV
  }
}

cell Faster: Leaky { param tau = 5 ms }
";
        let shown = page(text);
        for due in [
            "# a.circ\n\nOf cells.\n",
            "| [`Leaky`](#cell-leaky) | cell | Leaks. |",
            "## cell `Leaky`\n\nLeaks. Forgets.\n\nSource: a paper.\n",
            "| `tau` | 20 ms | time (ms) | 1 ms .. 1 s | How fast. |",
            "| `exc` | excitatory | voltage (mV) | delta(v) | |",
            "| `v` | 0 mV | voltage (mV) | | |",
            "```circ\ntau * v' = -v\nspike when v >= 20 mV {\n  v = 0 mV\n}\n```",
            "Extends `Leaky`",
            "| `tau` | 5 ms | time (ms) | | |",
        ] {
            assert!(shown.contains(due), "no `{due}` in:\n{shown}");
        }
    }

    #[test]
    fn circuits_rules_and_functions_have_entries() {
        let text = "\
/// Doubles.
fn twice(a: voltage) = 2 * a
let k = 3 ms
plasticity P {
  param a = 1
  /// Recent spikes.
  pre x = trace(10 ms)
  on post { w += a * x * 1 }
}
cell A { }
circuit C(n: int in 1 .. 9 = 3) { pub population E: A[n] }
experiment Main of C { run 1 ms }
";
        let shown = page(text);
        for due in [
            "## function `twice`\n\nDoubles.\n\n```circ\nfn twice(a: voltage) = 2 * a\n```\n\nGives: voltage (mV)",
            "## constant `k`\n\n```circ\nlet k = 3 ms\n```",
            "| `a` | 1 | real | | |",
            "| `x` | trace of the source | Recent spikes. |",
            "| `n` | 3 | int | 1 .. 9 | |",
            "| `E` | population | `A[n]` | |",
            "Of the circuit `C`.",
        ] {
            assert!(shown.contains(due), "no `{due}` in:\n{shown}");
        }
    }

    #[test]
    fn what_is_broken_has_a_page() {
        for text in ["", "cell", "cell A { param }", "cell A: B { x' = ", "let a|b = `c`", "cell A: A { }"] {
            assert!(page(text).starts_with("# a.circ\n"));
        }
    }
}
