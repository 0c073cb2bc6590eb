//! Which synapses a measure of connectivity speaks of: `in_degree(I -> E)`, `weight_sum(E.exc)`, `out_degree(E)`.
//!
//! In: the arguments of the measure and the net. Out: a [`Selection`]: the cells that get a number each, and of
//! every projection which of its sources and targets count. Of a cell `c`,
//!
//! - `in_degree` is the number of synapses that end at `c`,
//! - `out_degree` the number of synapses that begin at `c`,
//! - `weight_sum` the sum of the weights, as they are stored, of the synapses that end at `c`: magnitudes at
//!   excitatory and inhibitory ports, signed at plain and modulatory ones.
//!
//! `V` takes all synapses of the cells of `V`, `V.port` those that end at this port, `A -> B` and `A -> B.port`
//! those that begin in `A` and end in `B`, the name of a projection its own. Drives have no synapses.

use super::{Argument, Evaluated, MeasureCall, Scope, Thing, view_of};
use crate::hir::path::part_of;
use crate::net::{Members, Net, Projection};
use circ_plan::plan::{Indices, Segment, View};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Which end of a synapse a measure counts at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Source,
    Target,
}

/// The synapses that a measure speaks of.
#[derive(Clone, Debug, PartialEq)]
pub struct Selection {
    pub end: End,
    /// The cells that have one number each.
    pub cells: View,
    /// As declared.
    pub sheaves: Vec<Sheaf>,
}

/// Those of one projection.
#[derive(Clone, Debug, PartialEq)]
pub struct Sheaf {
    pub projection: u32,
    pub sources: Places,
    pub targets: Places,
}

/// By position in a view of the projection: the place in the cells that are asked for; `None` for a cell that does
/// not count.
pub type Places = Vec<Option<u32>>;

impl Selection {
    /// The places of a sheaf's cells in [`Selection::cells`], by position at the end that is counted at.
    pub fn places<'s>(&self, sheaf: &'s Sheaf) -> &'s Places {
        match self.end {
            End::Source => &sheaf.sources,
            End::Target => &sheaf.targets,
        }
    }

    /// What a cell is called that has a number: `E[3]`, or `E[3].distal[2]` where its synapses are all of one segment.
    pub fn name(&self, net: &Net, place: usize) -> String {
        let mut parts = self.sheaves.iter().flat_map(|sheaf| self.parts(sheaf, net, place));
        let first = parts.next().filter(|part| !part.is_empty());
        let part = first.filter(|first| parts.all(|part| part == *first));
        let cell = cell_name(net, &self.cells, place);
        part.map_or(cell.clone(), |part| format!("{cell}.{part}"))
    }

    /// The segments that a sheaf has for a place.
    fn parts<'n>(&self, sheaf: &Sheaf, net: &'n Net, place: usize) -> Vec<&'n str> {
        let Some(of) = net.projections.get(sheaf.projection as usize) else { return vec![] };
        let (view, names) = match self.end {
            End::Source => (&of.source, &of.events),
            End::Target => (&of.target, &of.ports),
        };
        let (places, mut first) = (self.places(sheaf), 0);
        let mut parts = vec![];
        for (segment, name) in names.of(view) {
            let cells = places.get(first..first + segment.cells.len()).unwrap_or(&[]);
            if cells.contains(&Some(place as u32)) {
                parts.push(part_of(name).0);
            }
            first += segment.cells.len();
        }
        parts
    }

    /// Whether a synapse belongs to both.
    pub fn overlaps(&self, other: &Selection) -> bool {
        let meet = |a: &Places, b: &Places| a.iter().zip(b).any(|(a, b)| a.is_some() && b.is_some());
        self.sheaves.iter().any(|a| {
            let same = other.sheaves.iter().find(|b| b.projection == a.projection);
            same.is_some_and(|b| meet(&a.sources, &b.sources) && meet(&a.targets, &b.targets))
        })
    }
}

/// What `in_degree`, `out_degree` or `weight_sum` is asked of.
pub fn selection(call: &MeasureCall, scope: &Scope) -> Evaluated<Selection> {
    let end = if &*call.name == "out_degree" { End::Source } else { End::Target };
    let mut asked = Asked::default();
    for argument in &call.args {
        asked.read(argument, end, scope)?;
    }
    Ok(asked.select(end, scope.net))
}

/// What was written; nothing restricts nothing.
#[derive(Default)]
struct Asked {
    from: Option<View>,
    event: Option<Members>,
    onto: Option<View>,
    port: Option<Members>,
    projections: Option<Vec<u32>>,
}

impl Asked {
    fn read(&mut self, argument: &Argument, end: End, scope: &Scope) -> Evaluated<()> {
        match (&argument.to, end) {
            (Some(to), _) => {
                self.source(&argument.value, argument, scope)?;
                self.target(to, argument, scope)
            }
            (None, _) if self.projection(&argument.value, scope) => Ok(()),
            (None, End::Source) => self.source(&argument.value, argument, scope),
            (None, End::Target) => self.target(&argument.value, argument, scope),
        }
    }

    fn source(&mut self, thing: &Thing, argument: &Argument, scope: &Scope) -> Evaluated<()> {
        match thing {
            Thing::Member { view, names, .. } => {
                (self.from, self.event) = (Some(view.clone()), Some(names.clone()))
            }
            other => self.from = Some(view_of(other.clone(), argument.span, scope)?),
        }
        Ok(())
    }

    fn target(&mut self, thing: &Thing, argument: &Argument, scope: &Scope) -> Evaluated<()> {
        match thing {
            Thing::Member { view, names, .. } => {
                (self.onto, self.port) = (Some(view.clone()), Some(names.clone()))
            }
            other => self.onto = Some(view_of(other.clone(), argument.span, scope)?),
        }
        Ok(())
    }

    fn projection(&mut self, thing: &Thing, scope: &Scope) -> bool {
        self.projections = super::place::projections(thing, scope);
        self.projections.is_some()
    }

    fn select(&self, end: End, net: &Net) -> Selection {
        let chosen: Vec<(u32, &Projection)> = net
            .projections
            .iter()
            .enumerate()
            .map(|(k, p)| (k as u32, p))
            .filter(|it| self.has(it))
            .collect();
        let at = |projection: &Projection| match end {
            End::Source => (projection.source.clone(), projection.events.clone()),
            End::Target => (projection.target.clone(), projection.ports.clone()),
        };
        let (asked, names) = match end {
            End::Source => (self.from.clone(), self.event.clone()),
            End::Target => (self.onto.clone(), self.port.clone()),
        };
        let (cells, here) = match asked {
            Some(cells) => {
                let here = Finder::named(&cells, names.as_ref());
                (cells, here)
            }
            None => union(chosen.iter().map(|(_, projection)| at(projection))),
        };
        let from = self.from.as_ref().map(|view| Finder::named(view, self.event.as_ref()));
        let onto = self.onto.as_ref().map(|view| Finder::named(view, self.port.as_ref()));
        let sheaf = |(projection, of): (u32, &Projection)| {
            let places = |view: &View, names: &Members, at: End, wanted: &Option<Finder>| match at == end {
                true => here.places(view, names),
                false => wanted
                    .as_ref()
                    .map_or_else(|| (0..view.len() as u32).map(Some).collect(), |it| it.places(view, names)),
            };
            let sources = places(&of.source, &of.events, End::Source, &from);
            let targets = places(&of.target, &of.ports, End::Target, &onto);
            Sheaf { projection, sources, targets }
        };
        let some = |places: &Places| places.iter().any(Option::is_some);
        let sheaves =
            chosen.into_iter().map(sheaf).filter(|it| some(&it.sources) && some(&it.targets)).collect();
        Selection { end, cells, sheaves }
    }

    fn has(&self, (index, _): &(u32, &Projection)) -> bool {
        self.projections.as_ref().is_none_or(|these| these.contains(index))
    }
}

/// The cells of several views, each once for every port or event of it that is named.
fn union(views: impl Iterator<Item = (View, Members)>) -> (View, Finder) {
    let mut all = View { segments: vec![] };
    let mut known = Finder::default();
    for (view, names) in views {
        for (segment, name) in names.of(&view) {
            let cells = match known.found(segment.population, Some(name)) {
                None => segment.cells.clone(),
                Some(found) => {
                    let cells = (0..segment.cells.len()).map(|k| segment.cells.get(k));
                    let new: Vec<u32> = cells.filter(|cell| found.place(*cell).is_none()).collect();
                    match new.len() == segment.cells.len() {
                        true => segment.cells.clone(),
                        false => Indices::List(new),
                    }
                }
            };
            if !cells.is_empty() {
                let part = Segment { population: segment.population, cells };
                known.add(&part, Some(name));
                all.segments.push(part);
            }
        }
    }
    (all, known)
}

/// Finds the place of a cell in a view; where its parts have names, of a cell and a name.
#[derive(Default)]
pub struct Finder {
    /// By population and name.
    places: BTreeMap<(u32, Option<Arc<str>>), Found>,
    next: u32,
}

/// Where the cells of one population are.
enum Found {
    /// `lo .. hi`, from this place on: nearly every view.
    Run { lo: u32, hi: u32, first: u32 },
    /// By cell.
    Each(Places),
}

impl Found {
    fn place(&self, cell: u32) -> Option<u32> {
        match self {
            Found::Run { lo, hi, first } => (*lo <= cell && cell < *hi).then(|| first + (cell - lo)),
            Found::Each(places) => places.get(cell as usize).copied().flatten(),
        }
    }

    /// Also there.
    fn and(self, cells: &Indices, first: u32) -> Found {
        let mut places = match self {
            Found::Run { lo, hi, first } => {
                let before = std::iter::repeat_n(None, lo as usize);
                before.chain((first..first + (hi - lo)).map(Some)).collect()
            }
            Found::Each(places) => places,
        };
        for (k, cell) in (0..cells.len()).map(|k| (k as u32, cells.get(k) as usize)) {
            if places.len() <= cell {
                places.resize(cell + 1, None);
            }
            places[cell] = Some(first + k);
        }
        Found::Each(places)
    }
}

impl Finder {
    pub fn new(view: &View) -> Finder {
        Finder::named(view, None)
    }

    pub fn named(view: &View, names: Option<&Members>) -> Finder {
        let mut finder = Finder::default();
        for (at, segment) in view.segments.iter().enumerate() {
            finder.add(segment, names.and_then(|names| names.each.get(at)));
        }
        finder
    }

    fn add(&mut self, segment: &Segment, name: Option<&Arc<str>>) {
        let (key, first) = ((segment.population, name.cloned()), self.next);
        let found = match (self.places.remove(&key), &segment.cells) {
            (None, Indices::Range(lo, hi)) => Found::Run { lo: *lo, hi: *hi, first },
            (None, list) => Found::Each(vec![]).and(list, first),
            (Some(before), cells) => before.and(cells, first),
        };
        self.places.insert(key, found);
        self.next += segment.cells.len() as u32;
    }

    /// The cells of a part; a view without names has them under any.
    fn found(&self, population: u32, name: Option<&Arc<str>>) -> Option<&Found> {
        let of = |name: Option<&Arc<str>>| self.places.get(&(population, name.cloned()));
        of(name).or_else(|| of(None))
    }

    /// Where a cell is.
    pub fn place(&self, population: u32, name: Option<&Arc<str>>, cell: u32) -> Option<u32> {
        self.found(population, name)?.place(cell)
    }

    fn places(&self, view: &View, names: &Members) -> Places {
        let mut places = Places::with_capacity(view.len());
        for (segment, name) in names.of(view) {
            let count = segment.cells.len();
            match (self.found(segment.population, Some(name)), &segment.cells) {
                (None, _) => places.extend(std::iter::repeat_n(None, count)),
                (Some(Found::Run { lo, hi, first }), Indices::Range(from, to)) => {
                    let place = |cell| (*lo <= cell && cell < *hi).then(|| first + (cell - lo));
                    places.extend((*from..*to).map(place));
                }
                (Some(found), cells) => places.extend((0..count).map(|k| found.place(cells.get(k)))),
            }
        }
        places
    }
}

/// `` `E[3]` ``: the cell at a position of a view, as it is called.
pub fn cell_name(net: &Net, view: &View, position: usize) -> String {
    let mut left = position;
    for segment in &view.segments {
        if left < segment.cells.len() {
            let path = net.populations.get(segment.population as usize).map_or("", |p| p.path.as_str());
            return format!("{path}[{}]", segment.cells.get(left));
        }
        left -= segment.cells.len();
    }
    format!("position {position}")
}
