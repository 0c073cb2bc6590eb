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
use crate::net::{Net, Projection};
use circ_plan::plan::{Indices, View};
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
    event: Option<Arc<str>>,
    onto: Option<View>,
    port: Option<Arc<str>>,
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
            Thing::Member { view, name, .. } => {
                (self.from, self.event) = (Some(view.clone()), Some(name.clone()))
            }
            other => self.from = Some(view_of(other.clone(), argument.span, scope)?),
        }
        Ok(())
    }

    fn target(&mut self, thing: &Thing, argument: &Argument, scope: &Scope) -> Evaluated<()> {
        match thing {
            Thing::Member { view, name, .. } => {
                (self.onto, self.port) = (Some(view.clone()), Some(name.clone()))
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
            End::Source => projection.source.clone(),
            End::Target => projection.target.clone(),
        };
        let asked = match end {
            End::Source => self.from.clone(),
            End::Target => self.onto.clone(),
        };
        let cells = asked.unwrap_or_else(|| union(chosen.iter().map(|(_, projection)| at(projection))));
        let (here, from, onto) = (Finder::new(&cells), finder(&self.from), finder(&self.onto));
        let sheaf = |(projection, of): (u32, &Projection)| {
            let places = |view: &View, at: End, wanted: &Option<Finder>| match at == end {
                true => here.places(view),
                false => wanted
                    .as_ref()
                    .map_or_else(|| (0..view.len() as u32).map(Some).collect(), |it| it.places(view)),
            };
            let sources = places(&of.source, End::Source, &from);
            let targets = places(&of.target, End::Target, &onto);
            Sheaf { projection, sources, targets }
        };
        let some = |places: &Places| places.iter().any(Option::is_some);
        let sheaves =
            chosen.into_iter().map(sheaf).filter(|it| some(&it.sources) && some(&it.targets)).collect();
        Selection { end, cells, sheaves }
    }

    fn has(&self, (index, projection): &(u32, &Projection)) -> bool {
        self.projections.as_ref().is_none_or(|these| these.contains(index))
            && self.event.as_ref().is_none_or(|event| **event == *projection.event)
            && self.port.as_ref().is_none_or(|port| **port == *projection.port)
    }
}

fn finder(view: &Option<View>) -> Option<Finder> {
    view.as_ref().map(Finder::new)
}

/// The cells of several views, each once.
fn union(views: impl Iterator<Item = View>) -> View {
    let mut all = View { segments: vec![] };
    for segment in views.flat_map(|view| view.segments) {
        let known = Finder::new(&all);
        let new: Vec<u32> = (0..segment.cells.len())
            .map(|k| segment.cells.get(k))
            .filter(|cell| known.place(segment.population, *cell).is_none())
            .collect();
        let cells = if new.len() == segment.cells.len() { segment.cells } else { Indices::List(new) };
        if !cells.is_empty() {
            all.segments.push(circ_plan::plan::Segment { population: segment.population, cells });
        }
    }
    all
}

/// Finds the place of a cell in a view.
pub struct Finder {
    by_population: BTreeMap<u32, Found>,
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
        let mut by_population: BTreeMap<u32, Found> = BTreeMap::new();
        let mut first = 0;
        for segment in &view.segments {
            let found = match (by_population.remove(&segment.population), &segment.cells) {
                (None, Indices::Range(lo, hi)) => Found::Run { lo: *lo, hi: *hi, first },
                (None, list) => Found::Each(vec![]).and(list, first),
                (Some(before), cells) => before.and(cells, first),
            };
            by_population.insert(segment.population, found);
            first += segment.cells.len() as u32;
        }
        Finder { by_population }
    }

    /// Where a cell is.
    pub fn place(&self, population: u32, cell: u32) -> Option<u32> {
        self.by_population.get(&population)?.place(cell)
    }

    fn places(&self, view: &View) -> Places {
        let mut places = Places::with_capacity(view.len());
        for segment in &view.segments {
            let count = segment.cells.len();
            let cells = (0..count).map(|k| segment.cells.get(k));
            match self.by_population.get(&segment.population) {
                None => places.resize(places.len() + count, None),
                Some(found) => places.extend(cells.map(|cell| found.place(cell))),
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
