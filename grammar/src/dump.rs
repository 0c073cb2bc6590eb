//! The tree as text.
//!
//! In: a tree. Out: one line for each item and statement, indented, every operation in parentheses,
//! no places and no comments: two texts with the same dump mean the same. It is what snapshots hold
//! and what `--emit=ast` prints. Expressions recurse: the parser has bounded their depth.

mod cells;
mod circuits;
mod text;

use crate::ast::*;
use std::fmt::Write;
use text::{base, join, path_text};

/// The tree of `file` as text.
pub fn dump(file: &File) -> String {
    let mut out = Dump { file, text: String::new(), depth: 0 };
    if let Some(doc) = &file.doc {
        out.doc("//!", doc);
    }
    for item in &file.items {
        out.attributes(&item.attributes);
        out.item(&item.kind);
    }
    out.text
}

/// One expression as text.
pub fn dump_expr(file: &File, expr: ExprId) -> String {
    Dump { file, text: String::new(), depth: 0 }.expr(expr)
}

struct Dump<'a> {
    file: &'a File,
    text: String,
    depth: usize,
}

impl Dump<'_> {
    fn line(&mut self, text: impl AsRef<str>) {
        let _ = writeln!(self.text, "{:width$}{}", "", text.as_ref(), width = 2 * self.depth);
    }

    fn doc(&mut self, mark: &str, doc: &str) {
        for line in doc.split('\n') {
            self.line(format!("{mark} {line}"));
        }
    }

    fn attributes(&mut self, attributes: &Attributes) {
        if let Some(doc) = &attributes.doc {
            self.doc("///", doc);
        }
        if !attributes.allow.is_empty() {
            let rules: Vec<&str> = attributes.allow.iter().map(|rule| &*rule.text).collect();
            self.line(format!("@allow({})", rules.join(", ")));
        }
    }

    /// What belongs to the line before.
    fn within<T>(&mut self, items: &[T], one: impl Fn(&mut Self, &T)) {
        self.depth += 1;
        for item in items {
            one(self, item);
        }
        self.depth -= 1;
    }

    fn nodes<K>(&mut self, items: &[Node<K>], one: impl Fn(&mut Self, &K)) {
        self.within(items, |out, item| {
            out.attributes(&item.attributes);
            one(out, &item.kind);
        });
    }

    // ---- Items ----

    fn item(&mut self, item: &ItemKind) {
        match item {
            ItemKind::Use { path, names } => {
                let names =
                    names.as_ref().map(|names| format!(".{{{}}}", join(names, |name| name.text.to_string())));
                self.line(format!("use {}{}", path_text(path), names.unwrap_or_default()));
            }
            ItemKind::Let(binding) => self.binding("", binding),
            ItemKind::Data(data) => self.data("", data),
            ItemKind::Fn(function) => self.function(function),
            ItemKind::Cell(cell) => {
                self.line(format!("cell {}{}", cell.name.text, base(&cell.base)));
                self.nodes(&cell.items, Self::cell_item);
            }
            ItemKind::Rule(rule) => {
                self.line(format!("plasticity {}{}", rule.name.text, base(&rule.base)));
                self.nodes(&rule.items, Self::rule_item);
            }
            ItemKind::Circuit(circuit) => {
                self.line(format!("circuit {}({})", circuit.name.text, self.formals(&circuit.formals)));
                self.nodes(&circuit.items, Self::circuit_item);
            }
            ItemKind::Experiment(experiment) => {
                let of = experiment
                    .of
                    .as_ref()
                    .map(|(path, args)| format!(" of {}({})", path_text(path), self.args(args)));
                let formals = self.formals(&experiment.formals);
                self.line(format!(
                    "experiment {}({formals}){}",
                    experiment.name.text,
                    of.unwrap_or_default()
                ));
                self.nodes(&experiment.items, Self::statement);
            }
            ItemKind::Error => self.line("error"),
        }
    }

    fn binding(&mut self, public: &str, binding: &Let) {
        self.line(format!(
            "{public}let {}{} = {}",
            binding.name.text,
            self.typed(&binding.ty),
            self.expr(binding.value)
        ));
    }

    fn data(&mut self, public: &str, data: &Data) {
        self.line(format!(
            "{public}data {}: {} = {}",
            data.name.text,
            self.ty(&data.ty),
            self.expr(data.value)
        ));
    }

    fn function(&mut self, function: &Function) {
        let result = function.result.as_ref().map(|ty| format!(" -> {}", self.ty(ty))).unwrap_or_default();
        self.line(format!(
            "fn {}({}){result} = {}",
            function.name.text,
            self.formals(&function.formals),
            self.expr(function.body)
        ));
    }

    fn formals(&self, formals: &[Formal]) -> String {
        join(formals, |formal| {
            let default = formal.default.map(|value| format!(" = {}", self.expr(value))).unwrap_or_default();
            format!("{}{}{}{default}", formal.name.text, self.typed(&formal.ty), self.bounds(formal.range))
        })
    }

    fn variable(&mut self, word: &str, variable: &Variable) {
        let value = variable.value.map(|value| format!(" = {}", self.expr(value))).unwrap_or_default();
        let ty = self.typed(&variable.ty);
        self.line(format!("{word} {}{ty}{}{value}", variable.name.text, self.bounds(variable.range)));
    }

    fn bounds(&self, range: Option<(ExprId, ExprId)>) -> String {
        range.map(|(lo, hi)| format!(" in {} .. {}", self.expr(lo), self.expr(hi))).unwrap_or_default()
    }

    fn typed(&self, ty: &Option<TypeExpr>) -> String {
        ty.as_ref().map(|ty| format!(": {}", self.ty(ty))).unwrap_or_default()
    }

    fn ty(&self, ty: &TypeExpr) -> String {
        let mut text = String::new();
        for (at, factor) in ty.factors.iter().enumerate() {
            let sign = match (at, factor.divides) {
                (0, _) => "",
                (_, true) => " / ",
                (_, false) => " * ",
            };
            let power = factor.power.map(|power| format!("^{power}")).unwrap_or_default();
            let shape = if factor.shape.is_empty() {
                String::new()
            } else {
                format!("[{}]", self.list(&factor.shape))
            };
            let _ = write!(text, "{sign}{}{power}{shape}", factor.name.text);
        }
        text
    }
}
