//! What the grammar builds: the tree, one production at a time.
//!
//! In: tokens and the ids of what was built before. Out: nodes in the arena of one file. It keeps
//! the depth of every expression beside the arena: what later passes may walk by recursion is
//! bounded here, once for all.

use crate::ast::*;
use crate::brackets::MAX_DEPTH;
use crate::layout::{Layout, Token};
use crate::message;
use crate::parse::SyntaxError;
use crate::unit_names;
use std::sync::Arc;

/// A pair of parentheses around one expression; the formatter may find them unnecessary.
#[derive(Clone, Copy, Debug)]
pub struct Parens {
    /// What they enclose.
    pub inner: ExprId,
    /// Index of `(` in the layout.
    pub open: u32,
    /// Index of `)` in the layout.
    pub close: u32,
}

/// How signs are meant, which their text alone does not tell; by index in the layout.
#[derive(Debug, Default)]
pub struct Marks {
    /// Parentheses around one expression.
    pub parens: Vec<Parens>,
    /// `(` and `[` that belong to what stands before them.
    pub glued: Vec<u32>,
    /// `-` that belongs to what follows.
    pub prefixes: Vec<u32>,
    /// `-` inside the name of a rule.
    pub tight: Vec<u32>,
}

impl Marks {
    /// Takes over what another item has marked.
    pub fn append(&mut self, mut other: Marks) {
        self.parens.append(&mut other.parens);
        self.glued.append(&mut other.glued);
        self.prefixes.append(&mut other.prefixes);
        self.tight.append(&mut other.tight);
    }
}

/// What the grammar reads at once.
pub enum Whole {
    /// A top-level item.
    Item(Item),
    /// One expression.
    Expr(ExprId),
}

/// The tree under construction, of one top-level item at a time.
pub struct Tree<'s> {
    text: &'s str,
    layout: &'s Layout,
    /// Places of the tokens that the grammar reads, by their position.
    work: &'s [(Token, Span)],
    /// The arena.
    pub exprs: Vec<Expr>,
    /// Where this item's expressions begin: nothing refers to those of items before.
    base: usize,
    depths: Vec<u16>,
    /// How signs are meant.
    pub marks: Marks,
    /// What the grammar itself can not tell.
    pub errors: Vec<SyntaxError>,
    too_deep: bool,
}

impl<'s> Tree<'s> {
    /// Continues the arena `exprs`, reading `work`.
    pub fn new(text: &'s str, layout: &'s Layout, work: &'s [(Token, Span)], exprs: Vec<Expr>) -> Self {
        let base = exprs.len();
        Tree {
            text,
            layout,
            work,
            exprs,
            base,
            depths: Vec::new(),
            marks: Marks::default(),
            errors: Vec::new(),
            too_deep: false,
        }
    }

    fn span(&self, token: Token) -> Span {
        self.layout.spans.get(token.index as usize).copied().unwrap_or_default()
    }

    fn text_at(&self, span: Span) -> &'s str {
        &self.text[span.start as usize..span.end as usize]
    }

    /// An item from position `first` to position `last` of the tokens.
    pub fn node<K>(&mut self, first: usize, allow: Vec<Vec<Name>>, kind: K, last: usize) -> Node<K> {
        let span = match (self.work.get(first), self.work.get(last)) {
            (Some((_, first)), Some((_, last))) => first.to(*last),
            (_, Some((_, only))) | (Some((_, only)), _) => *only,
            (None, None) => Span::default(),
        };
        let doc = self.doc(first, !allow.is_empty());
        Node { attributes: Attributes { doc, allow: allow.into_iter().flatten().collect() }, span, kind }
    }

    /// Documentation stands before the item, or between `@allow(...)` and the item.
    fn doc(&self, first: usize, has_attributes: bool) -> Option<Arc<str>> {
        let doc_of = |position: usize| {
            self.work.get(position).and_then(|(token, _)| self.layout.docs.get(&token.index))
        };
        if !has_attributes {
            return doc_of(first).cloned();
        }
        let mut parts = Vec::new();
        let mut position = first;
        parts.extend(doc_of(position));
        while self.work.get(position).is_some_and(|(token, _)| token.kind == crate::words::Kind::At_) {
            let close = |(token, _): &(Token, Span)| token.kind == crate::words::Kind::CloseParen;
            let Some(length) = self.work[position..].iter().position(close) else {
                break;
            };
            position += length + 1;
            parts.extend(doc_of(position));
        }
        let joined: Vec<&str> = parts.iter().map(|doc| &***doc).collect();
        if joined.is_empty() { None } else { Some(Arc::from(joined.join("\n"))) }
    }

    /// `(` or `[` belongs to what stands before it.
    pub fn glue(&mut self, open: Token) {
        self.marks.glued.push(open.index);
    }

    /// `-` belongs to what follows.
    pub fn prefix(&mut self, minus: Token) {
        self.marks.prefixes.push(minus.index);
    }

    /// `-` is part of a name.
    pub fn tight(&mut self, minus: Token) {
        self.marks.tight.push(minus.index);
    }

    /// Only `@allow` exists.
    pub fn attribute(&mut self, word: Token) {
        let span = self.span(word);
        let name = self.text_at(span);
        if name != "allow" {
            self.errors.push(message::unknown_attribute(span, name));
        }
    }

    /// A name as written.
    pub fn name(&self, token: Token) -> Name {
        let span = self.span(token);
        Name { text: Arc::from(self.text_at(span)), span }
    }

    /// `unused-parameter`, one word more.
    pub fn joined(&self, name: Name, next: Token) -> Name {
        let next = self.name(next);
        Name { text: Arc::from(format!("{}-{}", name.text, next.text)), span: name.span.to(next.span) }
    }

    /// A type of one factor.
    pub fn type_of(&self, (factor, span): (TypeFactor, Span)) -> TypeExpr {
        TypeExpr { factors: vec![factor], span }
    }

    /// One factor more.
    pub fn type_factor(&self, ty: &mut TypeExpr, divides: bool, (factor, span): (TypeFactor, Span)) {
        ty.factors.push(TypeFactor { divides, ..factor });
        ty.span = ty.span.to(span);
    }

    /// A factor of a type, up to `last`.
    pub fn atom(
        &self,
        name: Name,
        power: Option<i32>,
        shape: Vec<ExprId>,
        last: Option<Token>,
    ) -> (TypeFactor, Span) {
        let span = last.map_or(name.span, |token| name.span.to(self.span(token)));
        (TypeFactor { divides: false, name, power, shape }, span)
    }

    /// The power of a type, a small whole number.
    pub fn power(&mut self, token: Token, sign: i32) -> i32 {
        let span = self.span(token);
        match self.text_at(span).parse::<i32>() {
            Ok(power) if power <= unit_names::MAX_POWER => sign * power,
            _ => {
                self.errors.push(message::power(span, self.text_at(span)));
                1
            }
        }
    }

    // ---- Expressions ----

    fn push(&mut self, kind: ExprKind, span: Span, children: impl IntoIterator<Item = ExprId>) -> ExprId {
        let below = children
            .into_iter()
            .filter_map(|child| self.depths.get(child.0 as usize - self.base))
            .max()
            .copied();
        let depth = below.unwrap_or(0) + 1;
        let id = ExprId(self.exprs.len() as u32);
        if usize::from(depth) > MAX_DEPTH {
            if !self.too_deep {
                self.errors.push(message::expression_too_deep(span, MAX_DEPTH));
            }
            self.too_deep = true;
            self.exprs.push(Expr { kind: ExprKind::Error, span });
            self.depths.push(0);
        } else {
            self.exprs.push(Expr { kind, span });
            self.depths.push(depth);
        }
        id
    }

    fn place(&self, id: ExprId) -> Span {
        self.exprs.get(id.0 as usize).map(|expr| expr.span).unwrap_or_default()
    }

    /// `3 mV`
    pub fn number(&mut self, token: Token) -> ExprId {
        let span = self.span(token);
        let text = self.text_at(span);
        let length = text
            .find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-')))
            .unwrap_or(text.len());
        let unit = unit_names::factors(&text[length..]);
        if let Some(factor) = unit.iter().find(|factor| factor.power.abs() > unit_names::MAX_POWER) {
            self.errors.push(message::power(span, &factor.name));
        }
        // A point without a digit was reported; the digits still make a number.
        let digits = text[..length].trim_end_matches('.');
        let digits =
            if digits.starts_with('.') { Arc::from(format!("0{digits}")) } else { Arc::from(digits) };
        self.push(ExprKind::Number(Number { digits, unit }), span, [])
    }

    /// `"text"`
    pub fn string(&mut self, token: Token) -> ExprId {
        let span = self.span(token);
        let text = self.text_at(span);
        let inner = text.strip_prefix('"').unwrap_or(text);
        let inner = inner.strip_suffix('"').unwrap_or(inner);
        let mut resolved = String::with_capacity(inner.len());
        let mut letters = inner.chars();
        while let Some(letter) = letters.next() {
            resolved.push(match letter {
                '\\' => match letters.next() {
                    Some('n') => '\n',
                    Some('t') => '\t',
                    Some(other) => other,
                    None => '\\',
                },
                other => other,
            });
        }
        self.push(ExprKind::String(Arc::from(resolved)), span, [])
    }

    /// `true`, `false`
    pub fn truth(&mut self, token: Token, value: bool) -> ExprId {
        self.push(ExprKind::Bool(value), self.span(token), [])
    }

    /// The word `cell`.
    pub fn cell(&mut self, token: Token) -> ExprId {
        self.push(ExprKind::Cell, self.span(token), [])
    }

    /// A name as a value.
    pub fn name_value(&mut self, name: Name) -> ExprId {
        self.push(ExprKind::Name(name.text), name.span, [])
    }

    /// A path as a value: names joined by fields.
    pub fn path_value(&mut self, path: Path) -> ExprId {
        let mut names = path.names.into_iter();
        let mut value = match names.next() {
            Some(first) => self.name_value(first),
            None => self.push(ExprKind::Error, Span::default(), []),
        };
        for name in names {
            value = self.field(value, name);
        }
        value
    }

    /// `base.name`
    pub fn field(&mut self, base: ExprId, name: Name) -> ExprId {
        let span = self.place(base).to(name.span);
        self.push(ExprKind::Field { base, name }, span, [base])
    }

    /// `base[indices]`
    pub fn index(&mut self, base: ExprId, open: Token, indices: Vec<Index>, close: Token) -> ExprId {
        self.glue(open);
        let span = self.place(base).to(self.span(close));
        let mut children = vec![base];
        for index in &indices {
            match *index {
                Index::At(value) | Index::Where(value) => children.push(value),
                Index::Range(lo, hi) => children.extend([lo, hi]),
            }
        }
        self.push(ExprKind::Index { base, indices }, span, children)
    }

    /// `callee(args)`
    pub fn call(&mut self, callee: ExprId, open: Token, args: Vec<Arg>, close: Token) -> ExprId {
        self.glue(open);
        let span = self.place(callee).to(self.span(close));
        let mut children = vec![callee];
        for arg in &args {
            children.push(arg.value);
            match arg.tail {
                ArgTail::None => {}
                ArgTail::To(value) => children.push(value),
                ArgTail::Over(over) | ArgTail::For { over, .. } => match over {
                    Iter::Expr(value) => children.push(value),
                    Iter::Range(lo, hi) => children.extend([lo, hi]),
                },
            }
        }
        self.push(ExprKind::Call { callee, args }, span, children)
    }

    /// An argument by its place.
    pub fn arg(&mut self, each: Option<Token>, value: ExprId, tail: Option<ArgTail>) -> Arg {
        let mut span = self.place(value);
        if let Some(each) = each {
            span = self.span(each).to(span);
        }
        let tail = tail.unwrap_or(ArgTail::None);
        match tail {
            ArgTail::None => {}
            ArgTail::To(value) => span = span.to(self.place(value)),
            ArgTail::Over(over) | ArgTail::For { over, .. } => match over {
                Iter::Expr(value) | Iter::Range(_, value) => span = span.to(self.place(value)),
            },
        }
        Arg { each: each.is_some(), name: None, value, tail, span }
    }

    /// An argument by its name.
    pub fn named_arg(&mut self, name: Name, value: ExprId) -> Arg {
        let span = name.span.to(self.place(value));
        Arg { each: false, name: Some(name), value, tail: ArgTail::None, span }
    }

    /// `base'`
    pub fn prime(&mut self, base: ExprId, token: Token) -> ExprId {
        let span = self.place(base).to(self.span(token));
        self.push(ExprKind::Prime(base), span, [base])
    }

    /// `(inner)`: no node, but its place takes in the parentheses.
    pub fn paren(&mut self, open: Token, inner: ExprId, close: Token) -> ExprId {
        let span = self.span(open).to(self.span(close));
        if let Some(expr) = self.exprs.get_mut(inner.0 as usize) {
            expr.span = span;
        }
        self.marks.parens.push(Parens { inner, open: open.index, close: close.index });
        inner
    }

    /// `(first, rest)`
    pub fn tuple(&mut self, open: Token, first: ExprId, rest: Vec<ExprId>, close: Token) -> ExprId {
        let span = self.span(open).to(self.span(close));
        let mut values = vec![first];
        values.extend(rest);
        let children = values.clone();
        self.push(ExprKind::Tuple(values), span, children)
    }

    /// `[values]`
    pub fn array(&mut self, open: Token, values: Vec<ExprId>, close: Token) -> ExprId {
        let span = self.span(open).to(self.span(close));
        let children = values.clone();
        self.push(ExprKind::Array(values), span, children)
    }

    /// `-value`, `not value`
    pub fn unary(&mut self, op: UnaryOp, token: Token, value: ExprId) -> ExprId {
        if op == UnaryOp::Negate {
            self.prefix(token);
        }
        let span = self.span(token).to(self.place(value));
        self.push(ExprKind::Unary { op, value }, span, [value])
    }

    /// `left op right`
    pub fn binary(&mut self, op: BinaryOp, left: ExprId, right: ExprId) -> ExprId {
        let span = self.place(left).to(self.place(right));
        self.push(ExprKind::Binary { op, left, right }, span, [left, right])
    }

    /// `value in lo .. hi`
    pub fn in_range(&mut self, value: ExprId, lo: ExprId, hi: ExprId) -> ExprId {
        let span = self.place(value).to(self.place(hi));
        self.push(ExprKind::InRange { value, lo, hi }, span, [value, lo, hi])
    }

    /// `value in set`
    pub fn in_set(&mut self, value: ExprId, set: ExprId) -> ExprId {
        let span = self.place(value).to(self.place(set));
        self.push(ExprKind::In { value, set }, span, [value, set])
    }

    /// `if condition then then else otherwise`
    pub fn conditional(
        &mut self,
        token: Token,
        condition: ExprId,
        then: ExprId,
        otherwise: ExprId,
    ) -> ExprId {
        let span = self.span(token).to(self.place(otherwise));
        self.push(ExprKind::If { condition, then, otherwise }, span, [condition, then, otherwise])
    }
}
