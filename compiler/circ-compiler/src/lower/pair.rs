//! Expressions over a pair of cells: weights, delays, probabilities.
//!
//! In: the views of a projection and its connection table. Out: what `pre.i`, `post.x`, `distance`,
//! `edge.w` and `pre in VIEW` are. Parameters and positions of a side are columns, asked for here and
//! found in the populations afterwards.

use circ_grammar::ast::Span;
use circ_plan::ir::*;
use circ_plan::plan::{Indices, Segment, Table, View};

use super::context::{Lowerer, Site};
use super::learning::{RuleScope, Wanted};
use super::value::Lowered;
use crate::data::Files;
use crate::diagnose::structure::not_yet;
use crate::diagnose::value::{no_positions, unknown_member};
use crate::eval::{self, NotBuilt};
use crate::hir::path::part_of;
use crate::hir::{ExprId, ExprKind, Ref, VarKind};
use crate::net::{Connect, Members};

/// A pair of cells of a projection.
pub struct PairSite<'a> {
    pub net: &'a crate::net::Projection,
    /// Names of the columns asked for.
    pub pre: Vec<String>,
    pub post: Vec<String>,
    /// Whether it is what flows between ticks: then everything of a side can be read, as it is kept.
    pub flows: bool,
    /// The synapse, where the text of a rule is read.
    pub rule: Option<Box<RuleScope<'a>>>,
}

/// A closed program loads no files any more.
struct NoFiles;

impl Files for NoFiles {
    fn read(&self, _path: &str) -> Result<Vec<u8>, String> {
        Err("the circuit is built already".to_owned())
    }
}

const AXES: [&str; 3] = ["x", "y", "z"];

impl<'a> Lowerer<'a, '_, '_> {
    fn pair(&mut self) -> Option<&mut PairSite<'a>> {
        match &mut self.site {
            Site::Pair(site) => Some(site),
            Site::Cell(_) | Site::View(_) => None,
        }
    }

    /// `pre.x`, `edge.weight`.
    pub fn field(&mut self, base: ExprId, name: &str, span: Span) -> Lowered {
        if self.reads_rule()
            && let Some(value) = self.of_side(base, name, span)
        {
            return value;
        }
        let source = self.source;
        let side = match source.hir.expr(base).kind {
            ExprKind::Ref(Ref::Pre) => Side::Pre,
            ExprKind::Ref(Ref::Post) => Side::Post,
            ExprKind::Ref(Ref::Edge) => return self.edge_column(name, span),
            _ => return self.refuse(not_yet(span, "a value of another part of the circuit here")),
        };
        let Some(site) = self.pair() else { return self.refuse(not_yet(span, "`pre` and `post` here")) };
        let view = if side == Side::Pre { &site.net.source } else { &site.net.target };
        let coordinate = ["row", "col", "layer"].iter().position(|other| *other == name);
        match (name, coordinate) {
            ("i", _) => Lowered::One(self.cell_of_side(side)),
            ("k", _) => Lowered::One(self.segment_of_side(side)),
            (_, None) if site.flows => {
                let members = if side == Side::Pre { &site.net.events } else { &site.net.ports };
                self.flowing(side, (view, members), name, span)
            }
            (_, Some(which)) => self.side_coordinate(side, view, which, span),
            _ => {
                let members = if side == Side::Pre { &site.net.events } else { &site.net.ports };
                self.side_value(side, (view, members), name, span)
            }
        }
    }

    fn edge_column(&mut self, name: &str, span: Span) -> Lowered {
        let Some(site) = self.pair() else { return self.refuse(not_yet(span, "`edge` here")) };
        let (net, flows) = (site.net, site.flows);
        match net.edges.iter().position(|(other, _)| other == name) {
            Some(_) if flows => self.refuse(
                not_yet(span, "a column of a table in `continuous`")
                    .help(format!("give it as the weight, `weight edge.{name}`, and read that as `w`")),
            ),
            Some(at) => Lowered::One(self.b.edge(at as u32)),
            None => {
                let known: Vec<_> = net.edges.iter().map(|(name, _)| format!("edge.{name}")).collect();
                let of = match &net.connect {
                    Connect::Pairs(_) => "the connection table",
                    _ => "a projection without `connect from`",
                };
                let message =
                    unknown_member(span, &format!("edge.{name}"), of, known.iter().map(String::as_str));
                self.refuse(message)
            }
        }
    }

    /// The position of the cell among the cells of a side, whichever of its segments is meant.
    fn cell_of_side(&mut self, side: Side) -> ValueId {
        let index = self.b.index(side);
        self.of_position(side, index, |_, at| at as f64)
    }

    /// The index of the segment.
    fn segment_of_side(&mut self, side: Side) -> ValueId {
        let index = self.b.index(side);
        self.of_position(side, index, |member, _| part_of(member).1.unwrap_or(0) as f64)
    }

    /// A number for each position of a side where its parts are segments; else the position itself.
    fn of_position(&mut self, side: Side, index: ValueId, number: impl Fn(&str, usize) -> f64) -> ValueId {
        let Some(site) = self.pair() else { return index };
        let net = site.net;
        let (view, members) = match side {
            Side::Post => (&net.target, &net.ports),
            Side::Pre | Side::Own => (&net.source, &net.events),
        };
        if part_of(members.first()).0.is_empty() {
            return index;
        }
        let (mut data, mut cell, mut part) = (vec![], 0, "");
        for (segment, member) in members.of(view) {
            if part != part_of(member).0 {
                (cell, part) = (0, part_of(member).0);
            }
            data.extend((0..segment.cells.len()).map(|at| number(member, cell + at)));
            cell += segment.cells.len();
        }
        let table = self.report.add_table(Table { name: String::new(), rows: data.len(), columns: 1, data });
        let zero = self.b.int(0);
        let found = self.b.table(table, index, zero);
        self.b.to_int(found)
    }

    /// `pre.row`, in a view that is one whole population.
    fn side_coordinate(&mut self, side: Side, view: &View, which: usize, span: Span) -> Lowered {
        let populations = &self.source.net.populations;
        if let [segment] = &view.segments[..]
            && let Some(population) = populations.get(segment.population as usize)
            && segment.cells == Indices::Range(0, population.cells())
        {
            let index = self.b.index(side);
            return Lowered::One(self.coordinate_of(index, &population.shape, which));
        }
        self.refuse(not_yet(span, "rows and columns of a view that is not one whole population"))
    }

    /// Anything of a side, in the type that it has there.
    fn flowing(&mut self, side: Side, (view, members): (&View, &Members), name: &str, span: Span) -> Lowered {
        let source = self.source;
        let kept = |(segment, member): (&Segment, &std::sync::Arc<str>)| {
            let population = source.net.populations.get(segment.population as usize)?;
            let cell = source.hir.cell(population.cell);
            let path = cell.seen_from(part_of(member).0, name);
            let var = path.and_then(|path| cell.var_at(&path)).map(|var| var.index());
            let mode = || cell.modes.iter().any(|mode| &*mode.name == name).then_some(Ty::Bool);
            match var {
                Some(at) => {
                    Some(super::layout::Layout::ty(source, population.cell, crate::hir::VarId(at as u32)))
                }
                None => mode(),
            }
        };
        match members.of(view).next().and_then(kept) {
            Some(ty) => {
                let at = self.column_at(side, name);
                Lowered::One(self.b.load(side, ArrayId(at), ty))
            }
            None => self.side_value(side, (view, members), name, span),
        }
    }

    /// A position or parameter of a side.
    fn side_value(
        &mut self,
        side: Side,
        (view, members): (&View, &Members),
        name: &str,
        span: Span,
    ) -> Lowered {
        let source = self.source;
        let mut ty = Ty::Float;
        for (segment, member) in members.of(view) {
            let Some(population) = source.net.populations.get(segment.population as usize) else { continue };
            let cell = source.hir.cell(population.cell);
            let path = cell.seen_from(part_of(member).0, name);
            match path.and_then(|path| cell.var_at(&path)).map(|var| (var, &cell.vars[var.index()].kind)) {
                Some((var, VarKind::Param { .. })) => {
                    ty = super::layout::Layout::ty(source, population.cell, var);
                }
                Some(_) => {
                    return self
                        .refuse(not_yet(span, "anything but parameters and positions of `pre` and `post`"));
                }
                None if AXES.contains(&name) => {
                    let what = if side == Side::Pre { format!("pre.{name}") } else { format!("post.{name}") };
                    self.positions(side, &what, span);
                }
                None => {
                    let known = cell.vars.iter().map(|v| &*v.name);
                    let message = unknown_member(span, name, &format!("`{}`", cell.name), known);
                    return self.refuse(message);
                }
            }
        }
        Lowered::One(self.column(side, name, ty))
    }

    /// Reports populations of a side whose cells are nowhere in space.
    fn positions(&mut self, side: Side, what: &str, span: Span) {
        let source = self.source;
        let Some(site) = self.pair() else { return };
        let view = if side == Side::Pre { &site.net.source } else { &site.net.target };
        let of = |segment: &Segment| source.net.populations.get(segment.population as usize);
        let nowhere = view.segments.iter().filter_map(of).find(|population| population.at.is_none());
        if let Some(population) = nowhere {
            self.report.push(no_positions(span, what, &population.path, population.span));
        }
    }

    /// A column of a side.
    fn column(&mut self, side: Side, name: &str, ty: Ty) -> ValueId {
        let at = self.column_at(side, name);
        self.b.load(side, ArrayId(at), ty)
    }

    fn column_at(&mut self, side: Side, name: &str) -> u32 {
        if let Some(synapse) = self.synapse() {
            return synapse.column(side, Wanted::Constant(name.to_owned())).0;
        }
        let Some(site) = self.pair() else { return 0 };
        let columns = if side == Side::Pre { &mut site.pre } else { &mut site.post };
        let at = columns.iter().position(|other| other == name).unwrap_or_else(|| {
            columns.push(name.to_owned());
            columns.len() - 1
        });
        at as u32
    }

    /// `distance` in µm.
    pub fn distance(&mut self, span: Span) -> ValueId {
        if self.pair().is_none() {
            self.report.push(not_yet(span, "`distance` here"));
        }
        self.positions(Side::Pre, "distance", span);
        self.positions(Side::Post, "distance", span);
        let mut sum: Option<ValueId> = None;
        for axis in AXES {
            let (pre, post) =
                (self.column(Side::Pre, axis, Ty::Float), self.column(Side::Post, axis, Ty::Float));
            let difference = self.b.sub(post, pre);
            sum = Some(match sum {
                None => self.b.mul(difference, difference),
                Some(sum) => self.b.fma(difference, difference, sum),
            });
        }
        let sum = sum.unwrap_or_else(|| self.b.float(0.0));
        self.b.sqrt(sum)
    }

    /// `pre in VIEW`
    pub fn in_view(&mut self, value: ExprId, view: ExprId, span: Span) -> Lowered {
        let source = self.source;
        let side = match source.hir.expr(value).kind {
            ExprKind::Ref(Ref::Post) => Side::Post,
            _ => Side::Pre,
        };
        let (Some(environment), Some(site)) = (self.environment, self.pair()) else {
            return self.refuse(not_yet(span, "`in` of a view here"));
        };
        let here = if side == Side::Pre { &site.net.source } else { &site.net.target };
        let mut scope = eval::Scope::new(source.hir, source.types, source.net, &NoFiles, environment);
        let wanted = match eval::view(view, &mut scope, &mut NotBuilt) {
            Ok(view) => view,
            Err(message) => return self.refuse(*message),
        };
        let data = membership(here, &wanted);
        let table = self.report.add_table(Table { name: String::new(), rows: data.len(), columns: 1, data });
        let (index, zero) = (self.b.index(side), self.b.int(0));
        let inside = self.b.table(table, index, zero);
        Lowered::One(self.as_bool(inside))
    }
}

/// For each cell of a view, 1 where it is also in another.
fn membership(here: &View, wanted: &View) -> Vec<f64> {
    let cells = |view: &View| {
        let mut cells = vec![];
        for segment in &view.segments {
            cells.extend((0..segment.cells.len()).map(|at| (segment.population, segment.cells.get(at))));
        }
        cells
    };
    let wanted: std::collections::BTreeSet<(u32, u32)> = cells(wanted).into_iter().collect();
    cells(here).into_iter().map(|cell| f64::from(u8::from(wanted.contains(&cell)))).collect()
}
