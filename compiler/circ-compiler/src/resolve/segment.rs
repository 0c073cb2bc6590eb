//! Segments of a cell: what they declare, what their names mean from outside, and what a block may not touch.
//!
//! In: a cell's items with the segments among them. Out: ids for everything that the cell and its segments declare,
//! the cell's own first, then segment by segment; and expressions such as `distal[3].v`.

use super::cell::{Entry, Meant, head, new_mode};
use super::context::Place;
use super::scope::{self, Named, Names};
use super::{Context, ERROR, Resolver, depth};
use crate::diagnose::{names, segment as say, structure, suggest};
use crate::hir::{
    self, EventIx, ExprId, ExprKind, ModeId, PortShape, SegmentId, SegmentMember, VarId, VarKind,
};
use circ_grammar::ast::{self, CellItemKind, Name, Path, Span};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// The cell or one of its segments, on the way from the text.
pub(super) struct Part<'a> {
    pub entries: Vec<Entry<'a>>,
    /// What its text sees.
    pub cx: Context,
    /// Its first variable and event that were not read yet: ids were given in order of writing.
    pub var: usize,
    pub event: usize,
}

impl<'a> Resolver<'a> {
    /// Gives every name of the cell and its segments its id. The cell comes first, segment `s` at `s + 1`.
    pub(super) fn declare_parts(
        &mut self,
        cx: Context,
        cell: &mut hir::Cell,
        entries: Vec<Entry<'a>>,
    ) -> Vec<Part<'a>> {
        let mut parts: Vec<Part<'a>> = vec![];
        let mut keys: Vec<Vec<u32>> = vec![];
        let mut own: BTreeMap<SegmentId, Names> = BTreeMap::new();
        let mut open = VecDeque::from([(cx, entries, vec![])]);
        while let Some((mut cx, entries, key)) = open.pop_front() {
            let mut part_names = Names::new();
            let (var, event) = (cell.vars.len(), cell.events.len());
            let before = cell.segments.len();
            self.declare_part(&cx, cell, &entries, &mut part_names, &mut keys, &key);
            if let Some(home) = cx.home {
                own.insert(home, part_names.clone());
            }
            cx.names.extend(part_names);
            let within = cx.of_cell.clone().unwrap_or_else(|| Arc::new(cx.names.clone()));
            let mut id = before;
            for (at, (module, item)) in entries.iter().enumerate() {
                let CellItemKind::Segment { name, count, items } = &item.kind else { continue };
                if cx.names.get(&name.text).map(|(named, _)| *named)
                    != Some(Named::Segment(SegmentId(id as u32)))
                {
                    continue;
                }
                let key: Vec<u32> = key.iter().copied().chain([at as u32]).collect();
                let mut inner = cx.clone();
                (inner.module, inner.home) = (*module, Some(SegmentId(id as u32)));
                inner.of_cell = Some(within.clone());
                inner.numbered |= count.is_some();
                let items = self.merge(&[(*module, &items[..])]);
                let items = if self.is_too_deep(&key, name.span) { vec![] } else { items };
                cell.partial |= items.iter().any(|(_, item)| matches!(item.kind, CellItemKind::Error));
                open.push_back((inner, items, key));
                id += 1;
            }
            let spikes = usize::from(cx.home.is_none() && has_spike(&entries));
            parts.push(Part { entries, cx, var, event: event + spikes });
        }
        let own = Arc::new(own);
        parts.iter_mut().for_each(|part| part.cx.segments = own.clone());
        in_order_of_writing(cell, &keys);
        self.counts(cell, &mut parts);
        parts
    }

    fn is_too_deep(&mut self, key: &[u32], at: Span) -> bool {
        let deep = depth::LIMIT < key.len() as u32;
        if deep {
            self.sink.push(structure::too_deep(at, depth::LIMIT));
        }
        deep
    }

    /// How many of each segment there are, in the words of what it stands in.
    fn counts(&mut self, cell: &mut hir::Cell, parts: &mut [Part<'a>]) {
        for part in parts {
            for (module, item) in &part.entries {
                let CellItemKind::Segment { name, count: Some(count), .. } = &item.kind else { continue };
                let Some((Named::Segment(id), _)) = part.cx.names.get(&name.text).copied() else { continue };
                part.cx.module = *module;
                let count = self.expr_in(&mut part.cx, Place::CONSTANT, *count);
                cell.segments[id.index()].count = Some(count);
            }
        }
    }

    fn declare_part(
        &mut self,
        cx: &Context,
        cell: &mut hir::Cell,
        entries: &[Entry<'a>],
        names: &mut Names,
        keys: &mut Vec<Vec<u32>>,
        key: &[u32],
    ) {
        let home = cx.home;
        let place = |at: usize| key.iter().copied().chain([at as u32]).collect::<Vec<u32>>();
        if home.is_none() && has_spike(entries) {
            // The spike comes first in the table, wherever it is written.
            cell.events.push(new_event("spike".into(), Span::default(), None));
            keys.push(vec![]);
        }
        for (at, (module, item)) in entries.iter().enumerate() {
            let mut var = |name: &Name, kind: VarKind| new_var(cell, name, home, item, kind);
            let (name, named) = match &item.kind {
                CellItemKind::Param(v) => {
                    (&v.name, var(&v.name, VarKind::Param { range: None, default: None }))
                }
                CellItemKind::State(v) => {
                    (&v.name, var(&v.name, VarKind::State { range: None, initial: None }))
                }
                CellItemKind::Let(v) => (&v.name, var(&v.name, VarKind::Let { value: ERROR })),
                CellItemKind::Port { name, polarity, .. } => {
                    (name, var(name, VarKind::Port { polarity: *polarity, shape: PortShape::Error }))
                }
                CellItemKind::Fn(function) => {
                    let id = self.new_function(*module, function, cx.owner, home);
                    (&function.name, Named::Function(id))
                }
                CellItemKind::Event { name, .. } => {
                    cell.events.push(new_event(name.text.clone(), name.span, home));
                    keys.push(place(at));
                    (name, Named::Event(EventIx(cell.events.len() as u32 - 1)))
                }
                CellItemKind::Spike { .. } if home.is_some() => continue,
                CellItemKind::Spike { .. } => {
                    cell.events[0].span = head(item.span, "spike");
                    keys[0] = place(at);
                    names.insert("spike".into(), (Named::Event(EventIx(0)), cell.events[0].span));
                    continue;
                }
                CellItemKind::Mode { name, .. } => {
                    cell.modes.push(new_mode(name.text.clone(), name.span, home));
                    (name, Named::Mode(ModeId(cell.modes.len() as u32 - 1)))
                }
                CellItemKind::Segment { name, .. } => {
                    cell.segments.push(hir::Segment {
                        name: name.text.clone(),
                        span: name.span,
                        doc: item.attributes.doc.clone(),
                        count: None,
                        parent: home,
                    });
                    (name, Named::Segment(SegmentId(cell.segments.len() as u32 - 1)))
                }
                CellItemKind::Equation(_)
                | CellItemKind::On { .. }
                | CellItemKind::OnEnd { .. }
                | CellItemKind::Couple { .. }
                | CellItemKind::For { .. }
                | CellItemKind::Method(_)
                | CellItemKind::Precision(_)
                | CellItemKind::Error => continue,
            };
            scope::declare(names, name, named);
        }
    }

    /// What only the cell itself has.
    pub(super) fn misplaced_in_segment(&mut self, item: &ast::CellItem) {
        let (word, due) = match &item.kind {
            CellItemKind::Spike { .. } => (
                "spike",
                "a spike leaves by the axon, which is the cell's: name it, as in `event nmda when ...`",
            ),
            CellItemKind::Precision(_) => ("precision", "a cell and its segments have one precision"),
            _ => ("method", "a cell and its segments are integrated together"),
        };
        self.sink.push(names::out_of_place(head(item.span, word), &format!("`{word}` in a segment"), due));
    }

    /// Whether something belongs to the part whose text this is; else reports it.
    pub(super) fn is_own(
        &mut self,
        cx: &Context,
        cell: &hir::Cell,
        home: Option<SegmentId>,
        name: &Name,
        declared: Span,
    ) -> bool {
        let own = home == cx.home;
        if !own {
            let part = |home: Option<SegmentId>| home.map(|home| cell.segment_path(home));
            let (of, here) = (part(home), part(cx.home));
            self.sink.push(say::other_part(name.span, &name.text, of.as_deref(), here.as_deref(), declared));
        }
        own
    }

    /// What a path means: `v`, `cell.v`, `distal.nmda`, `tuft.branch.nmda`. `None` after a report.
    pub(super) fn meant<'p>(&mut self, cx: &Context, cell: &hir::Cell, path: &'p Path) -> Option<Meant<'p>> {
        let (first, rest) = path.names.split_first()?;
        let (mut name, mut found, mut rest) = match rest.split_first() {
            Some((name, rest)) if &*first.text == "cell" => (name, cx.of_cell(&name.text), rest),
            _ => (first, cx.names.get(&first.text).copied(), rest),
        };
        while let Some((next, inner)) = rest.split_first() {
            let segment = self.segment_meant(cx, name, found)?;
            found = cx.segments.get(&segment).and_then(|own| own.get(&next.text)).copied();
            if found.is_none() {
                self.unknown_in_segment(cx, cell, segment, next);
                return None;
            }
            (name, rest) = (next, inner);
        }
        Some((name, found))
    }

    fn segment_meant(
        &mut self,
        cx: &Context,
        name: &Name,
        found: Option<(Named, Span)>,
    ) -> Option<SegmentId> {
        match found {
            Some((Named::Segment(segment), _)) => return Some(segment),
            Some((Named::Refused, _)) => {}
            Some((other, declared)) => self.sink.push(names::wrong_kind(
                name.span,
                &name.text,
                other.kind(),
                "a segment",
                Some(declared),
            )),
            None => {
                let known = cx.candidates(|named| matches!(named, Named::Segment(_)));
                let suggestion = suggest::nearest(&name.text, known.iter().map(String::as_str));
                self.sink.push(names::unknown_name(name.span, &name.text, "segment", suggestion));
            }
        }
        None
    }

    fn unknown_in_segment(&mut self, cx: &Context, cell: &hir::Cell, segment: SegmentId, name: &Name) {
        let of = format!("the segment `{}`", cell.segment_path(segment));
        self.unknown_of(cx, segment, &of, name);
    }

    fn unknown_of(&mut self, cx: &Context, segment: SegmentId, of: &str, name: &Name) {
        let known = cx.segments.get(&segment).into_iter().flatten().map(|(name, _)| &**name);
        let suggestion = suggest::nearest(&name.text, known);
        self.sink.push(names::unknown_member(name.span, &name.text, of, suggestion));
    }

    /// `distal.v`, `distal[3].v`, `cell.distal[3].v`; `None` for anything else.
    pub(super) fn segment_value(&mut self, cx: &mut Context, id: ast::ExprId, at: Span) -> Option<ExprId> {
        if cx.segments.is_empty() {
            return None;
        }
        let (root, links) = self.links(cx, id)?;
        let mut links = links.into_iter().peekable();
        let mut segment = root.0;
        let mut path = root.1;
        let mut steps = vec![];
        loop {
            let mut index = None;
            if let Some(Link::Index(indices)) = links.peek().copied() {
                links.next();
                index = Some(self.step_index(cx, indices)?);
            }
            steps.push((segment, index));
            let name = match links.next() {
                Some(Link::Name(name)) => name,
                Some(Link::Index(_)) => return Some(self.segment_alone(at, &path)),
                None => return Some(self.segment_alone(at, &path)),
            };
            let found = cx.segments.get(&segment).and_then(|own| own.get(&name.text)).copied();
            let member = match found {
                Some((Named::Segment(inner), _)) => {
                    (segment, path) = (inner, format!("{path}.{}", name.text));
                    continue;
                }
                Some((Named::Var(var), _)) => SegmentMember::Var(var),
                Some((Named::Mode(mode), _)) => SegmentMember::Mode(mode),
                Some((Named::Refused, _)) => return Some(self.push(ExprKind::Error, at)),
                Some((other, declared)) => {
                    let text = format!("{path}.{}", name.text);
                    self.sink.push(names::wrong_kind(
                        name.span,
                        &text,
                        other.kind(),
                        "a value",
                        Some(declared),
                    ));
                    return Some(self.push(ExprKind::Error, at));
                }
                None => {
                    self.unknown_of(cx, segment, &format!("the segment `{path}`"), name);
                    return Some(self.push(ExprKind::Error, at));
                }
            };
            // An index behind the member is one into its values.
            return links.next().is_none().then(|| self.push(ExprKind::OfSegment { steps, member }, at));
        }
    }

    fn step_index(&mut self, cx: &mut Context, indices: &'a [ast::Index]) -> Option<hir::Index> {
        Some(match indices {
            [ast::Index::At(e)] => hir::Index::At(self.lower(cx, *e)),
            [ast::Index::Range(lo, hi)] => hir::Index::Range(self.lower(cx, *lo), self.lower(cx, *hi)),
            [ast::Index::Where(e)] => hir::Index::Where(self.lower(cx, *e)),
            _ => return None,
        })
    }

    /// A segment is no value.
    pub(super) fn segment_alone(&mut self, at: Span, name: &str) -> ExprId {
        self.sink.push(say::segment_alone(at, name));
        self.push(ExprKind::Error, at)
    }

    /// The segment that a chain of members and indices begins with, and the chain. `None` where it begins otherwise.
    fn links(&self, cx: &Context, id: ast::ExprId) -> Option<((SegmentId, String), Vec<Link<'a>>)> {
        let (mut at, mut links) = (id, vec![]);
        let found = loop {
            match &self.ast(cx, at).kind {
                ast::ExprKind::Field { base, name } => {
                    links.push(Link::Name(name));
                    at = *base;
                }
                ast::ExprKind::Index { base, indices } => {
                    links.push(Link::Index(indices));
                    at = *base;
                }
                ast::ExprKind::Name(name) if cx.local(name).is_none() => break (cx.named(name)?.0, name),
                ast::ExprKind::Cell => match links.pop() {
                    Some(Link::Name(name)) => break (cx.of_cell(&name.text)?.0, &name.text),
                    _ => return None,
                },
                _ => return None,
            }
        };
        let (Named::Segment(segment), name) = found else { return None };
        links.reverse();
        // What follows the member is no link of its own.
        Some(((segment, name.to_string()), links))
    }

    /// Whether an expression names something of a segment.
    pub(super) fn leads_into_segment(&self, cx: &Context, id: ast::ExprId) -> bool {
        !cx.segments.is_empty() && self.links(cx, id).is_some()
    }
}

#[derive(Clone, Copy)]
enum Link<'a> {
    Name(&'a Name),
    Index(&'a [ast::Index]),
}

fn has_spike(entries: &[Entry]) -> bool {
    entries.iter().any(|(_, item)| matches!(item.kind, CellItemKind::Spike { .. }))
}

fn new_event(name: Arc<str>, span: Span, home: Option<SegmentId>) -> hir::Event {
    hir::Event { name, span, home, order: 0, condition: None, body: vec![] }
}

fn new_var(
    cell: &mut hir::Cell,
    name: &Name,
    home: Option<SegmentId>,
    item: &ast::CellItem,
    kind: VarKind,
) -> Named {
    let doc = item.attributes.doc.clone();
    cell.vars.push(hir::Var { name: name.text.clone(), span: name.span, home, doc, declared: None, kind });
    Named::Var(VarId(cell.vars.len() as u32 - 1))
}

/// Numbers the events by their places in the text.
fn in_order_of_writing(cell: &mut hir::Cell, keys: &[Vec<u32>]) {
    let mut events: Vec<usize> = (0..cell.events.len()).collect();
    events.sort_by_key(|at| &keys[*at]);
    for (order, at) in events.into_iter().enumerate() {
        cell.events[at].order = order as u32;
    }
}
