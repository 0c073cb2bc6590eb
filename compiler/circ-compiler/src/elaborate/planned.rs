//! What is known of a network's synapses before it is built.
//!
//! In: measures of connectivity. Out: their values where the clauses of the projections tell them; else the
//! message that they are not known yet. Of degrees that are drawn, [`bounds`] tells how small and large they can be.

use crate::data::NoFiles;
use crate::diagnose::structure::not_yet;
use crate::diagnose::value as say;
use crate::eval::synapses::{Selection, Sheaf, selection};
use crate::eval::{Evaluated, MeasureCall, Quotients, Scope, World, number};
use crate::net::{Connect, Net, Projection, Setting};
use crate::types::{ArrayValue, Dimension, Type, Value};
use circ_grammar::ast::Span;
use circ_plan::plan::View;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The world of a network that is planned and not built.
pub(super) struct Planned<'a> {
    pub hir: &'a crate::hir::Hir,
    pub types: &'a crate::check::Types,
    pub net: &'a Net,
}

impl World for Planned<'_> {
    fn quotients(&self) -> Quotients {
        Quotients::Finite
    }

    fn measure(&mut self, call: &MeasureCall, span: Span) -> Evaluated<Value> {
        let unknown = || Box::new(say::needs_run(span, &call.name));
        let scope = Scope::new(self.hir, self.types, self.net, &NoFiles, self.net.experiment);
        let (element, values) = match &*call.name {
            "in_degree" | "out_degree" => {
                (Type::Int, degrees(&selected(call, &scope, span)?, self.net).ok_or_else(unknown)?)
            }
            "weight_sum" => {
                let sums = weight_sums(&selected(call, &scope, span)?, self.net).ok_or_else(unknown)?;
                (Type::Real(Dimension::REAL), sums)
            }
            _ => return Err(unknown()),
        };
        Ok(Value::Array(Arc::new(ArrayValue { element, shape: vec![values.len() as u64], data: values })))
    }
}

/// What is known of each cell of a larger network would take all memory before the network does.
const MOST_CELLS: u64 = 1 << 24;

/// The synapses that a measure looks at, in a network that is not built.
pub(super) fn selected(call: &MeasureCall, scope: &Scope, span: Span) -> Evaluated<Selection> {
    let cells: u64 = scope.net.populations.iter().map(|population| u64::from(population.cells())).sum();
    match MOST_CELLS < cells {
        true => Err(Box::new(not_yet(
            span,
            &format!("a constraint in a network of more than {MOST_CELLS} cells"),
        ))),
        false => selection(call, scope),
    }
}

/// Synapses of each cell, where the clauses say them exactly.
fn degrees(selection: &Selection, net: &Net) -> Option<Vec<f64>> {
    let mut all = vec![0.0; selection.cells.len()];
    for sheaf in &selection.sheaves {
        let Some(projection) = net.projections.get(sheaf.projection as usize) else { continue };
        of_sheaf(selection, sheaf, projection, net, |place, (lo, hi)| {
            all[place] += lo;
            (lo == hi).then_some(())
        })?;
    }
    Some(all)
}

/// Sums of weights, where every weight is one number and the degrees are known.
fn weight_sums(selection: &Selection, net: &Net) -> Option<Vec<f64>> {
    let mut sums = vec![0.0; selection.cells.len()];
    for sheaf in &selection.sheaves {
        let projection = net.projections.get(sheaf.projection as usize)?;
        let Setting::Value(value) = &projection.weight else { return None };
        let weight = number::number(value).filter(|_| !projection.scaled && !projection.set)?.real();
        of_sheaf(selection, sheaf, projection, net, |place, (lo, hi)| {
            sums[place] += lo * weight;
            (lo == hi).then_some(())
        })?;
    }
    Some(sums)
}

/// The fewest and most synapses that each cell can have.
pub(super) fn bounds(selection: &Selection, net: &Net) -> Vec<(f64, f64)> {
    let mut all = vec![(0.0, 0.0); selection.cells.len()];
    for sheaf in &selection.sheaves {
        let Some(projection) = net.projections.get(sheaf.projection as usize) else { continue };
        of_sheaf(selection, sheaf, projection, net, |place, (lo, hi)| {
            all[place].0 += lo;
            all[place].1 += hi;
            Some(())
        });
    }
    all
}

/// One side of a projection, seen from the cells that are counted at.
struct Sides<'a> {
    here: &'a View,
    there: &'a View,
    /// Which partners count, by position.
    counts: &'a [Option<u32>],
    /// Whether `here` is the target side.
    inward: bool,
}

/// Tells the place and the bounds of each cell that a sheaf's synapses are counted at, until the listener has had enough.
pub(super) fn of_sheaf(
    selection: &Selection,
    sheaf: &Sheaf,
    projection: &Projection,
    net: &Net,
    mut each: impl FnMut(usize, (f64, f64)) -> Option<()>,
) -> Option<()> {
    let inward = selection.end == crate::eval::synapses::End::Target;
    let sides = match inward {
        true => Sides { here: &projection.target, there: &projection.source, counts: &sheaf.sources, inward },
        false => {
            Sides { here: &projection.source, there: &projection.target, counts: &sheaf.targets, inward }
        }
    };
    let given = match &projection.connect {
        Connect::Pairs(pairs) => Some(given(pairs, &sides)),
        _ => None,
    };
    let partners = Partners::new(&sides, projection.allow_self);
    let own = partners.itself(sides.here);
    // All cells that are as often among their own partners are alike.
    let mut alike: Vec<(u32, (f64, f64))> = vec![];
    let mut drawn_for = |own: u32| match alike.iter().find(|(as_often, _)| *as_often == own) {
        Some((_, bounds)) => *bounds,
        None => {
            let bounds = drawn(projection, &sides, &partners, f64::from(own));
            alike.push((own, bounds));
            bounds
        }
    };
    let counts = |position: usize| sides.counts.get(position).is_some_and(Option::is_some);
    let pairs_itself = match projection.connect {
        Connect::OneToOne if !projection.allow_self => {
            sides.here.cells().zip(sides.there.cells()).map(|(cell, other)| cell == other).collect()
        }
        _ => vec![],
    };
    let mut bounds = |position: usize| match &given {
        // The segment is known when the synapses are made.
        _ if projection.onto.is_some() => (0.0, f64::INFINITY),
        Some(given) => exactly(given[position]),
        None if matches!(projection.connect, Connect::OneToOne) => {
            let itself = pairs_itself.get(position).copied().unwrap_or(false);
            exactly(f64::from(counts(position) && !itself))
        }
        None => drawn_for(own.get(position).copied().unwrap_or(0)),
    };
    let halves = |it: &Projection| it.pairing == circ_plan::plan::Pairing::Unordered;
    let halved = given.is_none()
        && projection
            .mirrored()
            .map_or(halves(projection), |other| net.projections.get(other as usize).is_some_and(halves));
    for (position, place) in selection.places(sheaf).iter().enumerate() {
        let Some(place) = *place else { continue };
        let (lo, hi) = bounds(position);
        // Only the partners before, or after, the cell: as if each were drawn.
        each(place as usize, if halved { (0.0, hi) } else { (lo, hi) })?;
    }
    Some(())
}

fn exactly(n: f64) -> (f64, f64) {
    (n, n)
}

/// Synapses of a table, by position.
fn given(pairs: &[(u32, u32)], sides: &Sides) -> Vec<f64> {
    let mut counts = vec![0.0; sides.here.len()];
    for (pre, post) in pairs {
        let (here, there) = if sides.inward { (*post, *pre) } else { (*pre, *post) };
        if sides.counts.get(there as usize).is_some_and(Option::is_some) {
            counts[here as usize] += 1.0;
        }
    }
    counts
}

/// The partners that a cell can have.
struct Partners {
    /// That count.
    counting: f64,
    all: usize,
    /// By population and cell: how many of those that count are the cell itself; empty where it may be its own partner.
    selves: BTreeMap<u32, Vec<u32>>,
}

impl Partners {
    fn new(sides: &Sides, allow_self: bool) -> Partners {
        let counting = sides.counts.iter().flatten().count() as f64;
        let populations = |view: &View| view.segments.iter().map(|it| it.population).collect::<BTreeSet<_>>();
        let is_recurrent = !populations(sides.here).is_disjoint(&populations(sides.there));
        let mut selves: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        let mut counts = sides.counts.iter();
        for segment in sides.there.segments.iter().filter(|_| !allow_self && is_recurrent) {
            let of = selves.entry(segment.population).or_default();
            let cells = (0..segment.cells.len()).map(|k| segment.cells.get(k) as usize);
            for (cell, _) in cells.zip(&mut counts).filter(|(_, place)| place.is_some()) {
                if of.len() <= cell {
                    of.resize(cell + 1, 0);
                }
                of[cell] += 1;
            }
        }
        selves.retain(|_, of| !of.is_empty());
        Partners { counting, all: sides.there.len(), selves }
    }

    /// How many of those that count are the cell itself, by its position in the view; empty where none ever is.
    fn itself(&self, cells: &View) -> Vec<u32> {
        if self.selves.is_empty() {
            return vec![];
        }
        let mut times = Vec::with_capacity(cells.len());
        for segment in &cells.segments {
            let of = self.selves.get(&segment.population).map_or(&[][..], Vec::as_slice);
            let cells = (0..segment.cells.len()).map(|k| segment.cells.get(k) as usize);
            times.extend(cells.map(|cell| of.get(cell).copied().unwrap_or(0)));
        }
        times
    }

    fn every_one_counts(&self) -> bool {
        self.counting == self.all as f64
    }
}

/// The fewest and most partners of a cell that is itself `own` of those that count.
fn drawn(projection: &Projection, sides: &Sides, partners: &Partners, own: f64) -> (f64, f64) {
    let most = partners.counting - own;
    // With `allow multiple` a pair may have any number of synapses.
    let most_pairs = if projection.allow_multiple && 0.0 < most { f64::INFINITY } else { most };
    let chosen = |n: f64| match partners.every_one_counts() {
        true => (n, n),
        false => (0.0, n.min(most_pairs)),
    };
    match &projection.connect {
        Connect::InDegree(n) if sides.inward => chosen(f64::from(*n)),
        Connect::OutDegree(n) if !sides.inward => chosen(f64::from(*n)),
        Connect::AllToAll => (most, most),
        Connect::OneToOne => (0.0, 1.0),
        Connect::Probability(Setting::Value(Value::Real(p))) if *p == 0.0 => (0.0, 0.0),
        Connect::Probability(Setting::Value(Value::Real(p))) if *p == 1.0 => (most, most),
        Connect::Probability(_) | Connect::Where(_) => (0.0, most),
        Connect::Total(n) => (0.0, (*n as f64).min(most_pairs)),
        Connect::InDegree(_) | Connect::OutDegree(_) | Connect::Pairs(_) => (0.0, most_pairs),
    }
}
