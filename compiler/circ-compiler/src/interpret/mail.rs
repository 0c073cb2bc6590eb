//! What is on its way: single contributions in a plain list for each tick of arrival, summed when due.
//!
//! In: contributions of drives and synapses, in any order. Out: sums from 0 in the canonical order: the
//! stamp of the spike, then the sender as declared, the source's position in its view, the synapse. What comes from
//! synapses that learn follows after all else: the sender as declared, then the stamp, the source, the synapse.

use std::collections::BTreeMap;

use circ_plan::ir::Precision;

/// One arrival of one sender at a cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contribution {
    pub population: u32,
    pub port: u32,
    pub cell: u32,
    /// Whether it comes from a synapse that learns.
    pub learning: bool,
    /// The tick of the spike or of the drive's event.
    pub stamp: i64,
    /// The rank of the drive or projection among all, as declared.
    pub sender: u32,
    /// Position of the source in its view; 0 for drives and sums over a whole view.
    pub source: u32,
    /// Of synapses that learn, which of equal pairs it was when it transmitted; of others the index in the projection; 0 for
    /// drives and sums over a whole view. Among those of one source at one place both are one order.
    pub synapse: u32,
    pub value: f64,
}

impl Contribution {
    fn place(&self) -> Place {
        (self.population, self.port, self.cell)
    }

    fn canonical(&self) -> (Place, Option<u32>, i64, u32, u32, u32) {
        let learning = self.learning.then_some(self.sender);
        (self.place(), learning, self.stamp, self.sender, self.source, self.synapse)
    }
}

/// What is on its way, by tick of arrival.
#[derive(Clone, Debug, Default)]
pub struct Mail {
    due: BTreeMap<i64, Vec<Contribution>>,
}

impl Mail {
    /// Puts a contribution on its way.
    pub fn send(&mut self, arrival_tick: i64, contribution: Contribution) {
        self.due.entry(arrival_tick).or_default().push(contribution);
    }

    /// What arrives at a tick.
    pub fn at(&self, tick: i64) -> &[Contribution] {
        self.due.get(&tick).map_or(&[], Vec::as_slice)
    }

    /// Takes back what was sent at a tick and has not been forgotten.
    pub fn take_back(&mut self, stamp: i64) {
        self.due.values_mut().for_each(|due| due.retain(|contribution| contribution.stamp != stamp));
    }

    /// Forgets what is on its way to these cells of a population.
    pub fn forget_to(&mut self, population: u32, cells: &[u32]) {
        let stays = |it: &Contribution| it.population != population || cells.binary_search(&it.cell).is_err();
        self.due.values_mut().for_each(|due| due.retain(stays));
    }

    /// Forgets what is on its way from a sender.
    pub fn forget_from(&mut self, sender: u32) {
        self.due.values_mut().for_each(|due| due.retain(|it| it.sender != sender));
    }

    /// Forgets what has arrived by this tick.
    pub fn forget(&mut self, tick: i64) {
        self.due = self.due.split_off(&(tick + 1));
    }

    /// Sums of all that is on its way to a port: (arrival tick, cell, sum), in this order.
    pub fn to_port(&self, population: u32, port: u32, precision: Precision) -> Vec<(i64, u32, f64)> {
        self.to_port_of(population, port, precision, |_| true)
    }

    /// Everything, with the tick of its arrival.
    pub fn all(&self) -> impl Iterator<Item = (i64, &Contribution)> {
        self.due.iter().flat_map(|(tick, due)| {
            let mut due: Vec<&Contribution> = due.iter().collect();
            due.sort_by_key(|contribution| contribution.canonical());
            due.into_iter().map(move |contribution| (*tick, contribution))
        })
    }

    /// Likewise, of some of it.
    pub fn to_port_of(
        &self,
        population: u32,
        port: u32,
        precision: Precision,
        which: impl Fn(&Contribution) -> bool,
    ) -> Vec<(i64, u32, f64)> {
        let of_tick = |(tick, contributions): (&i64, &Vec<Contribution>)| {
            let here =
                contributions.iter().filter(|c| c.population == population && c.port == port && which(c));
            let sums = sums(here.copied().collect(), |_| precision);
            sums.into_iter().map(|((_, _, cell), sum)| (*tick, cell, sum)).collect::<Vec<_>>()
        };
        self.due.iter().flat_map(of_tick).filter(|(_, _, sum)| *sum != 0.0).collect()
    }
}

/// Where sums arrive: population, port, cell.
pub type Place = (u32, u32, u32);

/// The sum for every place that something arrives at, in order of the places.
pub fn sums(mut contributions: Vec<Contribution>, precision: impl Fn(u32) -> Precision) -> Vec<(Place, f64)> {
    // Stable: of synapses that were numbered anew what was transmitted earlier comes first.
    contributions.sort_by_key(Contribution::canonical);
    let mut sums: Vec<(Place, f64)> = vec![];
    for contribution in contributions {
        let place = contribution.place();
        if sums.last().is_none_or(|(last, _)| *last != place) {
            sums.push((place, 0.0));
        }
        if let Some((_, sum)) = sums.last_mut() {
            *sum = add(precision(contribution.population), *sum, contribution.value);
        }
    }
    sums
}

/// `a + b`, rounded once.
fn add(precision: Precision, a: f64, b: f64) -> f64 {
    match precision {
        Precision::F32 => f64::from(a as f32 + b as f32),
        Precision::F64 => a + b,
    }
}

/// `count * weight` as one product: both are rounded to the precision, then the product is.
pub fn product(precision: Precision, count: f64, weight: f64) -> f64 {
    match precision {
        Precision::F32 => f64::from(count as f32 * weight as f32),
        Precision::F64 => count * weight,
    }
}
