//! `in_degree`, `out_degree` and `weight_sum`: numbers of the synapses as they are.
//!
//! In: which synapses are meant, and an engine that shows them. Out: one number per cell, the same bits on every
//! engine and every number of threads: synapses are added up in the canonical order (projection as declared,
//! source, synapse), of each projection from 0. Where all weights are one number, the sum is their number times it.

use circ_compiler::eval::synapses::{End, Selection, Sheaf};
use circ_plan::engine::{Engine, Synapses, Values};
use circ_plan::plan::Plan;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Of each cell of a selection.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Totals {
    /// Synapses.
    pub counts: Vec<u64>,
    /// Sums of weights.
    pub weights: Vec<f64>,
}

/// What was added up since weights changed last.
#[derive(Debug, Default)]
pub struct Known {
    totals: RefCell<Vec<(Selection, Arc<Totals>)>>,
}

impl Known {
    /// The numbers of a selection; synapses are looked at once.
    pub fn totals(&self, selection: &Selection, engine: &dyn Engine, plan: &Plan) -> Arc<Totals> {
        // What learns may have changed at any tick.
        let learns = |it: &Sheaf| plan.projections[it.projection as usize].learning.is_some();
        if selection.sheaves.iter().any(learns) {
            return Arc::new(totals(selection, engine, plan));
        }
        let known = self.totals.borrow().iter().find(|it| it.0 == *selection).map(|it| Arc::clone(&it.1));
        known.unwrap_or_else(|| {
            let found = Arc::new(totals(selection, engine, plan));
            self.totals.borrow_mut().push((selection.clone(), Arc::clone(&found)));
            found
        })
    }

    /// All weights may have changed.
    pub fn forget_all(&self) {
        self.totals.borrow_mut().clear();
    }

    /// Weights of a projection have changed.
    pub fn forget(&self, projection: u32) {
        let of = |it: &(Selection, Arc<Totals>)| it.0.sheaves.iter().any(|it| it.projection == projection);
        self.totals.borrow_mut().retain(|it| !of(it));
    }
}

fn totals(selection: &Selection, engine: &dyn Engine, plan: &Plan) -> Totals {
    let cells = selection.cells.len();
    let mut all = Totals { counts: vec![0; cells], weights: vec![0.0; cells] };
    for sheaf in &selection.sheaves {
        let mut part = Part { selection, sheaf, counts: vec![0; cells], sums: vec![0.0; cells], one: None };
        engine.visit_synapses(sheaf.projection, &mut |piece| part.add(piece, plan));
        for cell in 0..cells {
            all.counts[cell] += part.counts[cell];
            all.weights[cell] += match part.one {
                Some(weight) => part.counts[cell] as f64 * weight,
                None => part.sums[cell],
            };
        }
    }
    all
}

/// One projection's share.
struct Part<'s> {
    selection: &'s Selection,
    sheaf: &'s Sheaf,
    counts: Vec<u64>,
    sums: Vec<f64>,
    /// The weight that all synapses have.
    one: Option<f64>,
}

impl Part<'_> {
    fn add(&mut self, piece: &Synapses, plan: &Plan) {
        if let Values::One(weight) = piece.weight {
            self.one = Some(weight);
        }
        if piece.broadcast {
            return self.all_pairs(plan);
        }
        for (k, (source, target)) in piece.source.iter().zip(&piece.target).enumerate() {
            let ends = (self.sheaf.sources[*source as usize], self.sheaf.targets[*target as usize]);
            let (Some(from), Some(onto)) = ends else { continue };
            let place = if self.selection.end == End::Source { from } else { onto } as usize;
            self.counts[place] += 1;
            if let Values::Each(weights) = &piece.weight {
                self.sums[place] += weights[k];
            }
        }
    }

    /// Every source with every target, but for a cell with itself unless that is allowed.
    fn all_pairs(&mut self, plan: &Plan) {
        let projection = &plan.projections[self.sheaf.projection as usize];
        let (here, there, partners) = match self.selection.end {
            End::Target => (&projection.target, &projection.source, &self.sheaf.sources),
            End::Source => (&projection.source, &projection.target, &self.sheaf.targets),
        };
        let counting = partners.iter().flatten().count() as u64;
        // A cell may be its own partner several times: at each of its segments.
        let mut selves: BTreeMap<(u32, u32), u64> = BTreeMap::new();
        let own = there.cells().zip(partners).filter(|(_, place)| place.is_some() && !projection.allow_self);
        own.for_each(|(cell, _)| *selves.entry(cell).or_default() += 1);
        let places = self.selection.places(self.sheaf).iter();
        for (cell, place) in here.cells().zip(places) {
            if let Some(place) = place {
                self.counts[*place as usize] += counting - selves.get(&cell).copied().unwrap_or(0);
            }
        }
    }
}
