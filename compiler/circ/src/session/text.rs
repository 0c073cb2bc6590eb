//! The text of a session: what was loaded and typed so far, as one file that runs.
//!
//! In: what is typed, piece by piece. Out: the file, with declarations where they belong, the statements in an
//! experiment of their own, and which of them are new. Nothing is checked here beyond the form of the text.

use circ_grammar::ast::{CircuitItemKind, FileId, Item, ItemKind, Span, StatementKind};
use circ_grammar::{parse, parse_expr};
use std::ops::Range;

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Declarations of a file: `cell`, `circuit`, `plasticity`, `fn`, `use`, `experiment`.
    Items,
    /// Declarations of a circuit: `population`, `projection`, `drive`, `part`, `constraints`.
    CircuitItems,
    /// Statements of an experiment.
    Statements,
    /// An expression, whose value is asked for.
    Value,
}

/// A session as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionText {
    /// The file without the experiment of the session.
    declarations: String,
    /// Of the experiment: `experiment Session(g = 5) of Net(g = g)`.
    head: String,
    /// Of the circuit that declarations of circuits go to.
    circuit: Option<String>,
    /// Its statements, an entry each.
    statements: Vec<String>,
}

/// Words that begin a declaration of a file, and of a circuit.
const ITEMS: [&str; 7] = ["cell", "circuit", "plasticity", "fn", "use", "experiment", "pub"];
const CIRCUIT_ITEMS: [&str; 5] = ["population", "projection", "drive", "part", "constraints"];

/// Words that begin statements and say nothing alone, though a variable may have such a name.
const STATEMENTS: [&str; 16] = [
    "run", "set", "record", "report", "print", "expect", "repeat", "fire", "silence", "clamp", "freeze",
    "thaw", "enforce", "save", "load", "trials",
];

/// What an entry is, by its first word and its form.
pub fn entry(text: &str) -> Entry {
    let text = without_comments(text);
    let word: String = text.chars().take_while(|it| it.is_ascii_alphanumeric() || *it == '_').collect();
    if text.starts_with('@') || ITEMS.contains(&word.as_str()) && follows_a_name(text, &word) {
        return Entry::Items;
    }
    if CIRCUIT_ITEMS.contains(&word.as_str()) && follows_a_name(text, &word) {
        return Entry::CircuitItems;
    }
    if text.trim() == word && STATEMENTS.contains(&word.as_str()) {
        return Entry::Statements;
    }
    let is_statement = parse(FileId(0), &wrapped(text)).errors.is_empty();
    let is_value = || parse_expr(FileId(0), text).2.is_empty();
    if !is_statement && is_value() { Entry::Value } else { Entry::Statements }
}

/// What is declared needs a name or a block; `drive + 1` is an expression.
fn follows_a_name(text: &str, word: &str) -> bool {
    let next = text[word.len()..].trim_start().chars().next();
    next.is_some_and(|it| it.is_alphabetic() || it == '_' || it == '{')
}

fn without_comments(text: &str) -> &str {
    let mut text = text.trim_start();
    while let Some(comment) = text.strip_prefix("//") {
        text = comment.split_once('\n').map_or("", |(_, rest)| rest).trim_start();
    }
    text
}

fn wrapped(statements: &str) -> String {
    format!("experiment Session {{\n{statements}\n}}\n")
}

impl SessionText {
    /// Nothing yet.
    pub fn empty() -> SessionText {
        SessionText {
            declarations: String::new(),
            head: "experiment Session".into(),
            circuit: None,
            statements: vec![],
        }
    }

    /// A file, whose experiment `of` tells which circuit is meant, with which parameters and settings. Without one, the
    /// first experiment, or the last circuit.
    pub fn of_file(text: &str, of: Option<&str>) -> SessionText {
        let file = parse(FileId(0), text).file;
        let mut session = SessionText { declarations: text.trim_end().to_string(), ..SessionText::empty() };
        let experiments = file.items.iter().filter_map(|item| match &item.kind {
            ItemKind::Experiment(experiment) => Some((item, experiment)),
            _ => None,
        });
        let experiments: Vec<_> = experiments.collect();
        let named = |name: &str| experiments.iter().find(|(_, it)| it.name.text.as_ref() == name);
        let meant = match of {
            Some(name) => named(name),
            None => named("Main").or(experiments.first()),
        };
        let name = unused_name(&file.items);
        session.head = format!("experiment {name}");
        if let Some((item, experiment)) = meant {
            let whole = &text[range(item.span)];
            // What stands between the name and the block: parameters and `of`.
            let after = (experiment.name.span.end - item.span.start) as usize;
            let until = block_of(whole, after);
            session.head += whole[after..until].trim_end();
            session.circuit =
                experiment.of.as_ref().and_then(|(path, _)| path.names.last()).map(|it| it.text.to_string());
            session.statements = experiment
                .items
                .iter()
                .filter(|statement| is_setting(&statement.kind))
                .map(|statement| text[range(statement.span)].to_string())
                .collect();
        } else if let Some(circuit) = last_circuit(&file.items) {
            session.head += &format!(" of {circuit}");
            session.circuit = Some(circuit);
        }
        session
    }

    /// The file as it is. With it: where the statements that are new begin.
    pub fn compose(&self) -> String {
        let mut text = String::new();
        if !self.declarations.is_empty() {
            text += &self.declarations;
            text += "\n\n";
        }
        text += &self.head;
        text += " {\n";
        for statement in &self.statements {
            for line in statement.lines() {
                text += if line.is_empty() { "" } else { "  " };
                text += line;
                text += "\n";
            }
        }
        text += "}\n";
        text
    }

    /// The name of the experiment of the session.
    pub fn experiment(&self) -> &str {
        let name = self.head["experiment ".len()..].trim_start();
        &name[..name.find(|it: char| !it.is_alphanumeric() && it != '_').unwrap_or(name.len())]
    }

    /// How many entries of statements there are.
    pub fn entries(&self) -> usize {
        self.statements.len()
    }

    /// With other statements at the end. A variable that is declared again gets another value.
    pub fn with_statements(&self, text: &str) -> SessionText {
        let mut new = self.clone();
        let text = text.trim();
        let again = variable(text).filter(|name| self.statements.iter().any(|it| variable(it) == Some(name)));
        new.statements.push(match again {
            Some(name) => format!("{name} {}", &text[text.find('=').unwrap_or(0)..]),
            None => text.to_string(),
        });
        new
    }

    /// The last entry of statements.
    pub fn last_statement(&self) -> Option<&str> {
        self.statements.last().map(String::as_str)
    }

    /// Where an entry of statements begins in the file.
    pub fn offset_of(&self, entry: usize) -> usize {
        let text = SessionText {
            statements: self.statements[..entry.min(self.statements.len())].to_vec(),
            ..self.clone()
        };
        text.compose().len() - "}\n".len()
    }

    /// The bytes of the file in which it is not as another one.
    pub fn first_difference(&self, other: &SessionText) -> Range<usize> {
        let (own, other) = (self.compose(), other.compose());
        let same = |a: &mut dyn Iterator<Item = (u8, u8)>| a.take_while(|(x, y)| x == y).count();
        let first = same(&mut own.bytes().zip(other.bytes()));
        let last = same(&mut own.bytes().rev().zip(other.bytes().rev()));
        first..own.len().saturating_sub(last).max(first)
    }

    /// The file without the experiment of the session.
    pub fn declarations(&self) -> &str {
        &self.declarations
    }

    /// Whether there is anything to build.
    pub fn has_circuit(&self) -> bool {
        self.circuit.is_some()
    }

    /// With declarations of a file: in the places of those of the same names, else at the end.
    pub fn with_items(&self, text: &str) -> SessionText {
        let mut new = self.clone();
        let typed = parse(FileId(0), text).file.items;
        let pieces = pieces(text, typed.iter().map(|item| item.span));
        for (item, piece) in typed.iter().zip(pieces) {
            let old = parse(FileId(0), &new.declarations).file.items;
            let same = name_of(item).and_then(|name| old.iter().find(|it| name_of(it) == Some(name)));
            let Some(same) = same else {
                append(&mut new.declarations, "\n\n", &piece);
                continue;
            };
            new.declarations.replace_range(range(same.span), &piece);
        }
        if typed.is_empty() {
            append(&mut new.declarations, "\n\n", text.trim());
        }
        if new.circuit.is_none()
            && let Some(circuit) = last_circuit(&typed)
        {
            new.head += &format!(" of {circuit}");
            new.circuit = Some(circuit);
        }
        new
    }

    /// With declarations of the circuit, which is made where there is none. None where the circuit is of another file.
    pub fn with_circuit_items(&self, text: &str) -> Option<SessionText> {
        let mut new = self.clone();
        let name = match &new.circuit {
            Some(name) => name.clone(),
            None => {
                let name = "Typed".to_string();
                append(&mut new.declarations, "\n\n", &format!("circuit {name} {{\n}}"));
                new.head += &format!(" of {name}");
                new.circuit = Some(name.clone());
                name
            }
        };
        let typed_file = parse(FileId(0), &format!("circuit Typed {{\n{text}\n}}")).file;
        let lead = "circuit Typed {\n".len() as u32;
        let typed: Vec<(Option<String>, Span)> = match typed_file.items.first().map(|item| &item.kind) {
            Some(ItemKind::Circuit(circuit)) => circuit
                .items
                .iter()
                .map(|item| (circuit_name_of(&item.kind), item.span))
                .map(|(name, span)| (name, Span { start: span.start - lead, end: span.end - lead, ..span }))
                .collect(),
            _ => vec![],
        };
        let pieces = pieces(text, typed.iter().map(|(_, span)| *span));
        let mut named: Vec<(Option<String>, String)> =
            typed.into_iter().map(|(name, _)| name).zip(pieces).collect();
        if named.is_empty() {
            named.push((None, text.trim().to_string()));
        }
        for (item_name, piece) in named {
            let file = parse(FileId(0), &new.declarations).file;
            let circuit = file.items.iter().find_map(|item| match &item.kind {
                ItemKind::Circuit(circuit) if circuit.name.text.as_ref() == name => {
                    Some((item.span, circuit))
                }
                _ => None,
            });
            let (span, circuit) = circuit?;
            let old =
                circuit.items.iter().find(|it| item_name.is_some() && circuit_name_of(&it.kind) == item_name);
            match old {
                Some(old) => new.declarations.replace_range(range(old.span), &piece),
                None => {
                    let end = new.declarations[range(span)].rfind('}')? + span.start as usize;
                    let own_line = new.declarations[..end].ends_with('\n');
                    let indented = piece.lines().map(|line| format!("  {line}\n")).collect::<String>();
                    new.declarations
                        .insert_str(end, &format!("{}{indented}", if own_line { "" } else { "\n" }));
                }
            }
        }
        Some(new)
    }
}

/// Whether an entry is one `run` of a duration.
pub fn is_run(text: &str) -> bool {
    let file = parse(FileId(0), &wrapped(text)).file;
    let Some(ItemKind::Experiment(experiment)) = file.items.first().map(|item| &item.kind) else {
        return false;
    };
    matches!(experiment.items.as_slice(), [one] if matches!(one.kind, StatementKind::Run { .. }))
}

/// Whether an entry is all of settings, which need no circuit.
pub fn is_of_the_language_alone(text: &str) -> bool {
    let file = parse(FileId(0), &wrapped(text)).file;
    let Some(ItemKind::Experiment(experiment)) = file.items.first().map(|item| &item.kind) else {
        return false;
    };
    experiment.items.iter().all(|it| is_setting(&it.kind))
}

/// `a` of `let a = 3`
fn variable(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("let")?;
    let name = rest.trim_start();
    let end = name.find(|it: char| !it.is_alphanumeric() && it != '_').unwrap_or(name.len());
    (rest.starts_with(char::is_whitespace) && 0 < end && !text.contains('\n')).then(|| &name[..end])
}

fn append(text: &mut String, between: &str, piece: &str) {
    if !text.is_empty() {
        text.push_str(between);
    }
    text.push_str(piece);
}

/// The texts of things, each with what stands before it: its comments and documentation.
fn pieces(text: &str, spans: impl Iterator<Item = Span>) -> Vec<String> {
    let mut at = 0;
    let mut pieces = Vec::new();
    for span in spans {
        let end = (span.end as usize).clamp(at, text.len());
        pieces.push(text[at..end].trim_matches(|it: char| it.is_whitespace() || it == ';').to_string());
        at = end;
    }
    pieces
}

fn range(span: Span) -> Range<usize> {
    span.start as usize..span.end as usize
}

fn is_setting(kind: &StatementKind) -> bool {
    use StatementKind as Kind;
    matches!(
        kind,
        Kind::Dt(_)
            | Kind::Seed(_)
            | Kind::Precision(_)
            | Kind::Method(_)
            | Kind::Data(_)
            | Kind::Fn(_)
            | Kind::Drive(_)
    )
}

/// Where the block of an experiment begins: the first `{` after its head, which has none.
fn block_of(text: &str, from: usize) -> usize {
    text[from..].find('{').map_or(text.len(), |at| from + at)
}

fn unused_name(items: &[Item]) -> String {
    let taken = |name: &str| items.iter().any(|item| name_of(item).is_some_and(|it| it.1 == name));
    let mut name = "Session".to_string();
    while taken(&name) {
        name.push('_');
    }
    name
}

fn last_circuit(items: &[Item]) -> Option<String> {
    items.iter().rev().find_map(|item| match &item.kind {
        ItemKind::Circuit(circuit) => Some(circuit.name.text.to_string()),
        _ => None,
    })
}

/// What kind of thing, and its name.
fn name_of(item: &Item) -> Option<(u8, &str)> {
    match &item.kind {
        ItemKind::Let(it) => Some((0, &it.name.text)),
        ItemKind::Data(it) => Some((0, &it.name.text)),
        ItemKind::Fn(it) => Some((1, &it.name.text)),
        ItemKind::Cell(it) => Some((2, &it.name.text)),
        ItemKind::Rule(it) => Some((3, &it.name.text)),
        ItemKind::Circuit(it) => Some((4, &it.name.text)),
        ItemKind::Experiment(it) => Some((5, &it.name.text)),
        ItemKind::Use { .. } | ItemKind::Error => None,
    }
}

fn circuit_name_of(kind: &CircuitItemKind) -> Option<String> {
    match kind {
        CircuitItemKind::Population { population, .. } => Some(population.name.text.to_string()),
        CircuitItemKind::Drive { drive, .. } => Some(drive.name.text.to_string()),
        CircuitItemKind::Projection { projection, .. } => Some(projection.name.text.to_string()),
        CircuitItemKind::Part { name, .. } => Some(name.text.to_string()),
        CircuitItemKind::Data { data, .. } => Some(data.name.text.to_string()),
        CircuitItemKind::Let { binding, .. } => Some(binding.name.text.to_string()),
        CircuitItemKind::Fn(function) => Some(function.name.text.to_string()),
        CircuitItemKind::Constraints(_) => Some("constraints".to_string()),
        CircuitItemKind::For { .. } | CircuitItemKind::If { .. } | CircuitItemKind::Error => None,
    }
}
