//! Reads the text of a kernel program, as `print` writes it.
//!
//! In: any text. Out: the program, or what was found at which line. The result is well formed (ids of
//! values are of earlier operations); whether types and ids fit is for `verify` to say.

use std::fmt;

use circ_plan::ir::*;

use super::ops::compare_name;
use super::print::{check_name, moment_name, side_name, type_name};

/// What is wrong with a text, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadError {
    /// From 1.
    pub line: usize,
    pub message: String,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl std::error::Error for ReadError {}

/// Reads one program.
pub fn parse(text: &str) -> Result<Program, ReadError> {
    let mut program: Option<Program> = None;
    let mut ended = false;
    let mut last = 1;
    for (at, line) in text.lines().enumerate() {
        let line_number = at + 1;
        let place = |message| ReadError { line: line_number, message };
        let mut words = Words::new(line).map_err(place)?;
        if words.is_empty() {
            continue;
        }
        last = line_number;
        match &mut program {
            _ if ended => return Err(place("the program has ended, but text follows".into())),
            None => program = Some(header(&mut words).map_err(place)?),
            Some(_) if words.take_mark('}') => ended = true,
            Some(program) => statement(program, &mut words).map_err(place)?,
        }
        words.end().map_err(place)?;
    }
    match program {
        Some(program) if ended => Ok(program),
        Some(_) => Err(ReadError { line: last, message: "the closing `}` is missing".into() }),
        None => Err(ReadError { line: last, message: "there is no program".into() }),
    }
}

type Read<T> = Result<T, String>;

fn header(words: &mut Words) -> Read<Program> {
    words.keyword("program")?;
    let name = words.text()?;
    let precision = words.one_of("a precision", &[Precision::F32, Precision::F64], |p| match p {
        Precision::F32 => "f32",
        Precision::F64 => "f64",
    })?;
    words.mark('{')?;
    Ok(Program::new(name, precision))
}

fn statement(program: &mut Program, words: &mut Words) -> Read<()> {
    let known = program.ops.len();
    match words.peek_word() {
        Some("region") => program.regions.push(region(words, known)?),
        Some("array" | "uniform" | "event" | "result") => program.outputs.push(output(words, known)?),
        Some("check") => program.checks.push(check(words, known)?),
        _ => {
            let (op, ty) = definition(words, known)?;
            program.push(op, ty);
        }
    }
    Ok(())
}

fn region(words: &mut Words, known: usize) -> Read<Region> {
    words.keyword("region")?;
    let mask = words.value(known)?;
    let first = words.number("the first operation")?;
    words.keyword("..")?;
    let end = words.number("the end of the operations")?;
    Ok(Region { mask, first, end })
}

fn output(words: &mut Words, known: usize) -> Read<Output> {
    match words.word("an output")? {
        "array" => {
            let array = ArrayId(words.id('a', "an array")?);
            words.mark('=')?;
            Ok(Output::Array(array, words.value(known)?))
        }
        "uniform" => {
            let uniform = UniformId(words.id('u', "a slot")?);
            words.mark('=')?;
            Ok(Output::Uniform(uniform, words.value(known)?))
        }
        "event" => {
            let event = EventId(words.id('e', "an event")?);
            words.keyword("if")?;
            Ok(Output::Event(event, words.value(known)?))
        }
        _ => Ok(Output::Result(words.value(known)?)),
    }
}

fn check(words: &mut Words, known: usize) -> Read<Check> {
    words.keyword("check")?;
    let kinds = [CheckKind::Finite, CheckKind::Overflow, CheckKind::Range, CheckKind::Redraw];
    let kind = words.one_of("a kind of check", &kinds, |kind| check_name(*kind))?;
    let value = words.value(known)?;
    words.keyword("place")?;
    Ok(Check { kind, value, place: words.number("a place")? })
}

/// `v3: float = add v1, v2`, where `v3` is the next value.
fn definition(words: &mut Words, known: usize) -> Read<(Op, Ty)> {
    let id = words.id('v', "a value")?;
    if id as usize != known {
        return Err(format!("`v{id}` is defined, but the next value is `v{known}`"));
    }
    words.mark(':')?;
    let ty = words.one_of("a type", &[Ty::Float, Ty::Int, Ty::Bool, Ty::Tick], |ty| type_name(*ty))?;
    words.mark('=')?;
    let word = words.word("an operation")?;
    let op = match constant(word, ty, words)? {
        Some(op) => op,
        None => operation(word, words, known)?,
    };
    Ok((op, ty))
}

/// Constants have no name: their type tells.
fn constant(word: &str, ty: Ty, words: &mut Words) -> Read<Option<Op>> {
    if word == "nan" {
        words.mark('(')?;
        let bits = words.word("the bits of a NaN")?;
        words.mark(')')?;
        let bits = bits.strip_prefix("0x").and_then(|digits| u64::from_str_radix(digits, 16).ok());
        return match bits.map(f64::from_bits) {
            Some(x) if x.is_nan() => Ok(Some(Op::Float(x))),
            _ => Err("these are not the bits of a NaN".into()),
        };
    }
    let starts_a_number = word.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    if !starts_a_number && !["inf", "true", "false"].contains(&word) {
        return Ok(None);
    }
    let op = match ty {
        Ty::Float => word.parse().ok().map(Op::Float),
        Ty::Int => word.parse().ok().map(Op::Int),
        Ty::Bool => word.parse().ok().map(Op::Bool),
        Ty::Tick => word.parse().ok().map(Op::Tick),
    };
    op.map(Some).ok_or_else(|| format!("`{word}` is not a constant of type {}", type_name(ty)))
}

fn operation(word: &str, words: &mut Words, known: usize) -> Read<Op> {
    if let Some(op) = leaf(word, words, known)? {
        return Ok(op);
    }
    if let Some(op) = unary(word) {
        return Ok(op(words.value(known)?));
    }
    if let Some(op) = binary(word) {
        let (a, b) = words.pair(known)?;
        return Ok(op(a, b));
    }
    if let Some(function) = Function::ALL.into_iter().find(|f| f.name() == word) {
        if function.arity() == 1 {
            return Ok(Op::Call1(function, words.value(known)?));
        }
        let (a, b) = words.pair(known)?;
        return Ok(Op::Call2(function, a, b));
    }
    let comparisons = [Compare::Eq, Compare::Ne, Compare::Lt, Compare::Le, Compare::Gt, Compare::Ge];
    if let Some(compare) = comparisons.into_iter().find(|c| compare_name(*c) == word) {
        let (a, b) = words.pair(known)?;
        return Ok(Op::Compare(compare, a, b));
    }
    Err(format!("there is no operation `{word}`"))
}

/// Operations whose operands are not a plain list of values.
fn leaf(word: &str, words: &mut Words, known: usize) -> Read<Option<Op>> {
    let sides = [Side::Own, Side::Pre, Side::Post];
    Ok(Some(match word {
        "load" => {
            let side = words.one_of("a side", &sides, |side| side_name(*side))?;
            Op::Load(side, ArrayId(words.id('a', "an array")?))
        }
        "uniform" => Op::Uniform(UniformId(words.id('u', "a slot")?)),
        "arrival" => Op::Arrival(PortId(words.id('p', "a port")?)),
        "index" => Op::Index(words.one_of("a side", &sides, |side| side_name(*side))?),
        "now" => Op::Now,
        "time" => Op::Time(words.one_of("a moment", &[Moment::Start, Moment::End], |m| moment_name(*m))?),
        "table" => {
            let table = TableId(words.id('t', "a table")?);
            let (row, column) = words.pair(known)?;
            Op::Table(table, row, column)
        }
        "edge" => Op::Edge(words.number("a column")?),
        "weight" => Op::Weight,
        "fma" | "select" => {
            let (a, b) = words.pair(known)?;
            words.mark(',')?;
            let c = words.value(known)?;
            if word == "fma" { Op::Fma(a, b, c) } else { Op::Select(a, b, c) }
        }
        "expm" => {
            let n = words.number("the size of the matrix")?;
            let entries = words.list(known)?;
            words.keyword("row")?;
            let row = words.number("a row")?;
            words.keyword("column")?;
            Op::Expm { n, entries, row, column: words.number("a column")? }
        }
        "draw" => {
            let distribution = words.one_of("a distribution", &Distribution::ALL, |d| d.name())?;
            let args = words.list(known)?;
            words.keyword("key")?;
            let key = KeyId(words.id('k', "a key")?);
            words.keyword("salt")?;
            Op::Draw { distribution, args, key, salt: words.number("a salt")? }
        }
        "redraw" => {
            let distribution = words.one_of("a distribution", &Distribution::ALL, |d| d.name())?;
            let args = words.list(known)?;
            words.keyword("within")?;
            let (lo, hi) = words.pair(known)?;
            words.keyword("key")?;
            let key = KeyId(words.id('k', "a key")?);
            words.keyword("salt")?;
            Op::Redraw { distribution, args, within: [lo, hi], key, salt: words.number("a salt")? }
        }
        _ => return Ok(None),
    }))
}

fn unary(word: &str) -> Option<fn(ValueId) -> Op> {
    Some(match word {
        "neg" => Op::Neg,
        "abs" => Op::Abs,
        "sqrt" => Op::Sqrt,
        "floor" => Op::Floor,
        "ceil" => Op::Ceil,
        "round" => Op::Round,
        "to_float" => Op::ToFloat,
        "to_int" => Op::ToInt,
        "to_tick" => Op::ToTick,
        "not" => Op::Not,
        _ => return None,
    })
}

fn binary(word: &str) -> Option<fn(ValueId, ValueId) -> Op> {
    Some(match word {
        "add" => Op::Add,
        "sub" => Op::Sub,
        "mul" => Op::Mul,
        "div" => Op::Div,
        "min" => Op::Min,
        "max" => Op::Max,
        "int_div" => Op::IntDiv,
        "int_mod" => Op::IntMod,
        "add_overflows" => Op::AddOverflows,
        "sub_overflows" => Op::SubOverflows,
        "mul_overflows" => Op::MulOverflows,
        "tick_add" => Op::TickAdd,
        "and" => Op::And,
        "or" => Op::Or,
        _ => return None,
    })
}

/// A piece of a line.
#[derive(Clone, Debug, PartialEq)]
enum Piece<'a> {
    Word(&'a str),
    Text(String),
    Mark(char),
}

/// The pieces of one line, read from left to right.
struct Words<'a> {
    words: Vec<Piece<'a>>,
    at: usize,
}

impl<'a> Words<'a> {
    fn new(line: &'a str) -> Read<Words<'a>> {
        let mut words = vec![];
        let mut rest = line.trim_start();
        while let Some(first) = rest.chars().next() {
            if rest.starts_with("//") {
                break;
            } else if first == '"' {
                let (text, behind) = quoted(&rest[1..])?;
                words.push(Piece::Text(text));
                rest = behind;
            } else if is_mark(first) {
                words.push(Piece::Mark(first));
                rest = &rest[first.len_utf8()..];
            } else {
                let ends = |c: char| c.is_whitespace() || is_mark(c) || c == '"';
                let (word, behind) = rest.split_at(rest.find(ends).unwrap_or(rest.len()));
                words.push(Piece::Word(word));
                rest = behind;
            }
            rest = rest.trim_start();
        }
        Ok(Words { words, at: 0 })
    }

    fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    fn next(&mut self) -> Option<Piece<'a>> {
        let word = self.words.get(self.at).cloned();
        self.at += 1;
        word
    }

    fn peek_word(&self) -> Option<&'a str> {
        match self.words.get(self.at) {
            Some(Piece::Word(word)) => Some(word),
            _ => None,
        }
    }

    fn end(&mut self) -> Read<()> {
        match self.next() {
            None => Ok(()),
            Some(word) => Err(format!("{} follows where the line should end", shown(Some(word)))),
        }
    }

    fn word(&mut self, what: &str) -> Read<&'a str> {
        match self.next() {
            Some(Piece::Word(word)) => Ok(word),
            other => Err(format!("{what} is due here, not {}", shown(other))),
        }
    }

    fn text(&mut self) -> Read<String> {
        match self.next() {
            Some(Piece::Text(text)) => Ok(text),
            other => Err(format!("a name in quotes is due here, not {}", shown(other))),
        }
    }

    fn keyword(&mut self, keyword: &str) -> Read<()> {
        match self.next() {
            Some(Piece::Word(word)) if word == keyword => Ok(()),
            other => Err(format!("`{keyword}` is due here, not {}", shown(other))),
        }
    }

    fn take_mark(&mut self, mark: char) -> bool {
        let found = self.words.get(self.at) == Some(&Piece::Mark(mark));
        self.at += usize::from(found);
        found
    }

    fn mark(&mut self, mark: char) -> Read<()> {
        if self.take_mark(mark) {
            return Ok(());
        }
        let found = self.next();
        Err(format!("`{mark}` is due here, not {}", shown(found)))
    }

    fn number<T: std::str::FromStr>(&mut self, what: &str) -> Read<T> {
        let word = self.word(what)?;
        word.parse().map_err(|_| format!("{what} is a small whole number, not `{word}`"))
    }

    fn id(&mut self, prefix: char, what: &str) -> Read<u32> {
        let word = self.word(what)?;
        let id = word.strip_prefix(prefix).and_then(|digits| digits.parse().ok());
        id.ok_or_else(|| format!("{what} is written `{prefix}0`, not `{word}`"))
    }

    /// An earlier value.
    fn value(&mut self, known: usize) -> Read<ValueId> {
        let id = self.id('v', "a value")?;
        if known <= id as usize {
            return Err(format!("`v{id}` is used before it is made"));
        }
        Ok(ValueId(id))
    }

    fn pair(&mut self, known: usize) -> Read<(ValueId, ValueId)> {
        let a = self.value(known)?;
        self.mark(',')?;
        Ok((a, self.value(known)?))
    }

    fn list(&mut self, known: usize) -> Read<Vec<ValueId>> {
        self.mark('(')?;
        let mut values = vec![];
        while !self.take_mark(')') {
            if !values.is_empty() {
                self.mark(',')?;
            }
            values.push(self.value(known)?);
        }
        Ok(values)
    }

    fn one_of<T: Copy>(&mut self, what: &str, choices: &[T], name: impl Fn(&T) -> &'static str) -> Read<T> {
        let word = self.word(what)?;
        let found = choices.iter().find(|choice| name(choice) == word);
        found.copied().ok_or_else(|| format!("{what} is due here, not `{word}`"))
    }
}

fn is_mark(c: char) -> bool {
    matches!(c, ':' | '=' | ',' | '(' | ')' | '{' | '}')
}

fn shown(word: Option<Piece>) -> String {
    match word {
        Some(Piece::Word(word)) => format!("`{word}`"),
        Some(Piece::Text(text)) => format!("{text:?}"),
        Some(Piece::Mark(mark)) => format!("`{mark}`"),
        None => "the end of the line".into(),
    }
}

/// The text up to the closing quote, and what is behind it.
fn quoted(text: &str) -> Read<(String, &str)> {
    let mut out = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((out, &text[at + 1..])),
            '\\' => match chars.next() {
                Some((_, 'u')) => out.push(escaped(&mut chars)?),
                Some((_, c)) => out.push(c),
                None => break,
            },
            c => out.push(c),
        }
    }
    Err("the closing quote is missing".into())
}

/// The character of `{1f}` behind `\u`.
fn escaped(chars: &mut std::str::CharIndices) -> Read<char> {
    let digits: String = chars.map(|(_, c)| c).take_while(|c| *c != '}').collect();
    let code = digits.strip_prefix('{').and_then(|digits| u32::from_str_radix(digits, 16).ok());
    code.and_then(char::from_u32).ok_or_else(|| format!("`\\u{digits}}}` is not a character"))
}
