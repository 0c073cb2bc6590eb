//! Looking for what lowering would refuse, in a program that has mistakes elsewhere.
//!
//! In: a net that may lack what mistakes touch. Out: messages alone. A circuit that no mistake touches is lowered
//! whole; of any other, the equations of those populations that have all that was written of them.

use super::context::{Keys, Purpose, Report, Source};
use super::kinds::Kinds;
use super::layout::{Layout, Reached};
use super::{params::place_parameters, population, reached};
use crate::check::Types;
use crate::diagnose::Sink;
use crate::elaborate::Whole;
use crate::hir::Hir;
use crate::net::Net;
use std::collections::BTreeSet;

/// Says what is wrong with the methods, factors and pairs of what is not touched by a mistake told before.
pub fn look(hir: &Hir, types: &Types, net: &Net, sink: &mut Sink) {
    let (source, whole) = (Source { hir, types, net, purpose: Purpose::Look }, Whole { hir, types, net });
    if whole.all() {
        let mut found = Sink::default();
        // A rule with a mistake, of its own or where it is attached, has said what it is; one without says no more.
        let mut net = net.clone();
        net.projections.iter_mut().for_each(|projection| projection.plasticity = None);
        super::survey(hir, types, &net, &mut Kinds::default(), &mut found);
        return sink.append(found);
    }
    if net.dt.is_nan() {
        return;
    }
    let (reached, nothing) = (reached(net), Reached::default());
    let mut report = Report::new(sink);
    let mut kinds = Kinds::default();
    kinds.begin(source);
    // What is wrong with equations is wrong in every population of the cell.
    let mut seen = BTreeSet::new();
    for (at, population) in net.populations.iter().enumerate() {
        if !whole.population(population) || !seen.insert(population.cell) {
            continue;
        }
        let mut layout = Layout::new(source, at as u32, reached.get(&(at as u32)).unwrap_or(&nothing));
        let mut keys = Keys::default();
        place_parameters(source, &mut layout, &mut report, &mut keys);
        population::population(source, &layout, &mut report, &mut keys, &mut kinds);
    }
}
