//! Bounds of what belongs to cells and synapses: `i` and `size`, `pre.x`, `edge.w`, `distance`.
//!
//! In: names, and the populations or the projection at hand. Out: estimates.

use super::{Bounds, Estimate, Place, Site};
use crate::hir::{ExprId, ExprKind, Ref, VarId};
use crate::interval::{self, Interval};
use crate::net::{Closure, Population, Position, Projection};
use circ_plan::plan::{Indices, View};

const AXES: [&str; 3] = ["x", "y", "z"];

impl Bounds<'_> {
    /// `i`, `row`, `col`, `layer`, `size`.
    pub(super) fn cell_place(&self, name: Ref, site: &Site) -> Estimate {
        let shapes: Vec<&[u32]> = match site.place {
            Place::Cell(population) => self.shapes([population]),
            Place::Drive(drive) => match self.net.drives.get(drive as usize) {
                Some(drive) => self.shapes(drive.target.segments.iter().map(|s| s.population)),
                None => vec![],
            },
            Place::Pair(_) => vec![],
            // `i` in the protocol is of whatever is set.
            Place::Outside => return Estimate::unknown(),
        };
        let one = |shape: &[u32]| match name {
            Ref::Size => Interval::point(cells(shape)),
            Ref::Col => below(size(shape, 0)),
            Ref::Row => below(size(shape, 1)),
            Ref::Layer => below(size(shape, 2)),
            _ => below(cells(shape)),
        };
        match shapes.is_empty() {
            true => Estimate::unknown(),
            false => Estimate::of(shapes.into_iter().map(one).fold(Interval::EMPTY, Interval::hull)),
        }
    }

    fn shapes(&self, populations: impl IntoIterator<Item = u32>) -> Vec<&[u32]> {
        let of = |population: u32| self.net.populations.get(population as usize);
        populations.into_iter().filter_map(of).map(|population| &population.shape[..]).collect()
    }

    /// `pre.x`, `edge.w`; of other parts of the circuit nothing is known.
    pub(super) fn field(&mut self, base: ExprId, name: &str, site: &Site) -> Estimate {
        let (ExprKind::Ref(side), Place::Pair(at)) = (&self.hir.expr(base).kind, site.place) else {
            return Estimate::unknown();
        };
        let net = self.net;
        let Some(projection) = net.projections.get(at as usize) else { return Estimate::unknown() };
        match side {
            Ref::Pre => self.side(&projection.source, name),
            Ref::Post => self.side(&projection.target, name),
            Ref::Edge => match projection.edges.iter().find(|(edge, _)| edge == name) {
                Some((_, values)) => Estimate::of(Interval::of(values.iter().copied())),
                None => Estimate::unknown(),
            },
            _ => Estimate::unknown(),
        }
    }

    /// `w`: of the other direction, where that has the weight.
    pub(super) fn weight(&mut self, site: &Site) -> Estimate {
        let Place::Pair(at) = site.place else { return Estimate::unknown() };
        let net = self.net;
        let at = net.projections.get(at as usize).map_or(at, |it| it.mirrored().unwrap_or(at));
        match net.projections.get(at as usize) {
            // What flows may read what the experiment makes of it.
            Some(projection) if projection.set => Estimate::finite(),
            Some(projection) => self.setting(&projection.weight, &Site::new(Place::Pair(at), None)),
            None => Estimate::unknown(),
        }
    }

    /// A variable or position of the cells of a view; `i` counts within the view.
    fn side(&mut self, view: &View, name: &str) -> Estimate {
        if name == "i" {
            return Estimate::of(below(view.len() as f64));
        }
        let net = self.net;
        let mut all: Option<Estimate> = None;
        for segment in &view.segments {
            let Some(population) = net.populations.get(segment.population as usize) else {
                return Estimate::unknown();
            };
            let found = self.of_cells(population, segment.population, name);
            all = Some(match all {
                Some(all) => all.hull(found),
                None => found,
            });
        }
        all.unwrap_or_else(Estimate::unknown)
    }

    fn of_cells(&mut self, population: &Population, id: u32, name: &str) -> Estimate {
        let var = self.hir.cell(population.cell).vars.iter().position(|var| &*var.name == name);
        if let Some(var) = var {
            return self.variable(id, VarId(var as u32));
        }
        match AXES.iter().position(|axis| *axis == name) {
            Some(axis) => self.position(population, id, axis),
            None => match name {
                "col" => Estimate::of(below(size(&population.shape, 0))),
                "row" => Estimate::of(below(size(&population.shape, 1))),
                "layer" => Estimate::of(below(size(&population.shape, 2))),
                _ => Estimate::unknown(),
            },
        }
    }

    /// A coordinate in µm.
    fn position(&mut self, population: &Population, id: u32, axis: usize) -> Estimate {
        match &population.at {
            Some(Position::Grid(spacing)) => {
                Estimate::of(below(size(&population.shape, axis)) * Interval::point(*spacing))
            }
            Some(Position::Each(axes)) => match axes[axis] {
                Some(Closure { expr, environment }) => {
                    self.expression(expr, &mut Site::new(Place::Cell(id), Some(environment)))
                }
                None => Estimate::of(Interval::point(0.0)),
            },
            None => Estimate::unknown(),
        }
    }

    /// Between the farthest cells at most, and between neighbours on one grid at least.
    pub(super) fn distance(&mut self, site: &Site) -> Estimate {
        let Place::Pair(at) = site.place else { return Estimate::unknown() };
        let net = self.net;
        let Some(projection) = net.projections.get(at as usize) else { return Estimate::unknown() };
        let mut sum = Estimate::of(Interval::point(0.0));
        for axis in AXES {
            let (pre, post) = (self.side(&projection.source, axis), self.side(&projection.target, axis));
            let difference = (post.interval - pre.interval).magnitude();
            sum = Estimate::of(sum.interval + difference * difference)
                .opened(sum.open || pre.open || post.open);
        }
        let found = interval::call(crate::hir::Builtin::Sqrt, &[sum.interval]);
        let least = self.least_distance(projection).unwrap_or(0.0);
        let apart = Interval { lo: least, hi: f64::INFINITY, nan: false };
        Estimate { interval: found.without_nan().meet(apart), ..sum }
    }

    /// The spacing, where both sides are the same cells of one grid and none connects to itself.
    fn least_distance(&self, projection: &Projection) -> Option<f64> {
        let ([from], [to]) = (&projection.source.segments[..], &projection.target.segments[..]) else {
            return None;
        };
        let population = self.net.populations.get(from.population as usize)?;
        let whole = |cells: &Indices| *cells == Indices::Range(0, population.cells());
        let same = from.population == to.population && whole(&from.cells) && whole(&to.cells);
        match population.at {
            // A difference of two rounded multiples may be a little less than the spacing.
            Some(Position::Grid(spacing)) if same && !projection.allow_self => Some(spacing * (1.0 - 1e-12)),
            _ => None,
        }
    }
}

/// The whole numbers below.
fn below(count: f64) -> Interval {
    Interval { lo: 0.0, hi: (count - 1.0).max(0.0), nan: false }
}

fn cells(shape: &[u32]) -> f64 {
    shape.iter().map(|n| f64::from(*n)).product()
}

/// The size along the last index, the one before, ...
fn size(shape: &[u32], from_last: usize) -> f64 {
    shape.iter().rev().nth(from_last).map_or(1.0, |n| f64::from(*n))
}
