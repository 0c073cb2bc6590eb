//! Parameters far outside of what is measured in cells, and drives that were to have a unit.
//!
//! In: the values that parameters have in the circuits that were built. Out: notes. What a parameter is, is told
//! by its name together with its dimension: the names are those that papers use.

use super::{Built, Program};
use crate::diagnose::{Sink, lint as say, lint::Usual};
use crate::eval::number;
use crate::hir::VarId;
use crate::net::{DriveKind, Population, Setting};
use crate::types::{Dimension, Type, Value};
use circ_grammar::ast::Span;
use circ_plan::plan::{PopulationPlan, Role};
use std::collections::BTreeSet;

/// By what a parameter is called.
struct Kind {
    dimension: Dimension,
    /// Whole names.
    names: &'static [&'static str],
    usual: Usual,
}

/// Events in each step and cell that a drive may have without a note.
const FEW_PER_STEP: f64 = 1.0;
/// More populations of one circuit are not looked at.
const MOST_POPULATIONS: usize = 1000;

/// Membrane capacitance per area.
const PER_AREA: Dimension = Dimension([12, -12, 12, -24, 0, 0, 0]);

/// In the coherent system: ms, mV, pF, pF/µm².
static KINDS: &[Kind] = &[
    Kind {
        dimension: Dimension::TIME,
        names: &["tau_m", "tau_mem", "tau_membrane"],
        usual: Usual {
            what: "membrane time constants",
            lo: 1.0,
            hi: 200.0,
            source: "Koch, Rapp and Segev (1996), A brief history of time (constants): from a few ms to 20 - 100 ms",
        },
    },
    Kind {
        dimension: Dimension::TIME,
        names: &["t_ref", "tau_ref", "t_refr", "tau_refr", "refractory_period"],
        usual: Usual {
            what: "refractory periods",
            lo: 0.0,
            hi: 50.0,
            source: "textbooks of physiology: about 1 ms in which no spike is possible, and a few ms more in which it is hard",
        },
    },
    Kind {
        dimension: Dimension::TIME,
        names: &[
            "tau_syn",
            "tau_e",
            "tau_i",
            "tau_exc",
            "tau_inh",
            "tau_ampa",
            "tau_gaba",
            "tau_nmda",
            "tau_rise",
            "tau_decay",
        ],
        usual: Usual {
            what: "synaptic time constants",
            lo: 0.1,
            hi: 500.0,
            source: "models after Destexhe, Mainen and Sejnowski (1998): decays of some ms (AMPA, GABA_A) to 200 ms (GABA_B)",
        },
    },
    Kind {
        dimension: Dimension::VOLTAGE,
        names: &[
            "e_l",
            "e_leak",
            "e_rest",
            "v_rest",
            "v_r",
            "v_reset",
            "v_th",
            "v_t",
            "v_thresh",
            "v_threshold",
            "e_k",
            "e_na",
            "e_cl",
            "e_e",
            "e_i",
            "e_exc",
            "e_inh",
            "e_ampa",
            "e_gaba",
            "e_nmda",
        ],
        usual: Usual {
            what: "membrane and reversal potentials",
            lo: -120.0,
            hi: 80.0,
            source: "Nernst potentials bound them: of potassium about -100 mV to -75 mV, of sodium about 55 mV to 67 mV",
        },
    },
    Kind {
        dimension: Dimension::CAPACITANCE,
        names: &["c_m", "c", "c_mem"],
        usual: Usual {
            what: "capacitances of whole cells",
            lo: 1.0,
            hi: 10_000.0,
            source: "at 0.9 uF/cm^2 (Gentet, Stuart and Clements 2000), for areas of 100 um^2 to 1 mm^2",
        },
    },
    Kind {
        dimension: PER_AREA,
        names: &["c_m", "c", "c_mem"],
        usual: Usual {
            what: "capacitances of membranes",
            lo: 0.003,
            hi: 0.05,
            source: "Gentet, Stuart and Clements (2000): 0.9 uF/cm^2 in neurons of three kinds",
        },
    },
];

/// Of axons.
static DELAYS: Usual = Usual {
    what: "delays of axons",
    lo: 0.01,
    hi: 200.0,
    source: "Swadlow and Waxman (2012), Axonal conduction delays: from below 0.1 ms to above 100 ms",
};

pub fn unusual(program: &Program<'_>, sink: &mut Sink) {
    let mut told: BTreeSet<Span> = BTreeSet::new();
    let found = program.built.iter().flat_map(|built| parameters(program, built).chain(delays(built)));
    for (at, name, value, dimension, usual) in found {
        let usually = |value: f64| usual.lo <= value && value <= usual.hi;
        if at.file == program.main() && value.is_finite() && !usually(value) && told.insert(at) {
            let meant = [value / 1000.0, value * 1000.0].into_iter().find(|it| usually(*it) && *it != 0.0);
            sink.push(say::unusual_value(at, name, value, dimension, usual, meant));
        }
    }
    for built in program.built {
        for (at, mean) in means_per_step(built) {
            if at.file == program.main() && FEW_PER_STEP < mean && told.insert(at) {
                sink.push(say::many_per_step(at, mean, built.net.dt));
            }
        }
    }
}

/// Means of drives that are written without a unit.
fn means_per_step(built: &Built<'_>) -> impl Iterator<Item = (Span, f64)> {
    built.net.drives.iter().filter_map(|drive| match &drive.kind {
        DriveKind::Poisson { rate: Setting::Value(rate), per_tick: true, at } => {
            Some((*at, number::number(rate)?.real()))
        }
        _ => None,
    })
}

type Found<'a> = (Span, &'a str, f64, Dimension, &'static Usual);

/// Parameters that are one number for a population, by the place where they have it from.
fn parameters<'a>(program: &'a Program<'_>, built: &'a Built<'_>) -> impl Iterator<Item = Found<'a>> {
    let populations = built.net.populations.iter().zip(&built.plan.populations).take(MOST_POPULATIONS);
    populations.flat_map(move |(population, plan)| {
        let cell = program.hir.cell(population.cell);
        cell.vars.iter().enumerate().filter_map(move |(at, var)| {
            let Type::Real(dimension) = program.types.vars[population.cell.index()][at] else { return None };
            let is_named = |name: &&str| var.name.eq_ignore_ascii_case(name);
            let kind = KINDS.iter().find(|it| it.dimension == dimension && it.names.iter().any(is_named))?;
            let (place, value) = value_of(population, plan, VarId(at as u32), &var.name)?;
            Some((place.unwrap_or(var.span), &*var.name, value, dimension, &kind.usual))
        })
    })
}

/// The value, with the place in the population's block that gives it.
fn value_of(
    population: &Population,
    plan: &PopulationPlan,
    var: VarId,
    name: &str,
) -> Option<(Option<Span>, f64)> {
    match population.settings.iter().rev().find(|(id, ..)| *id == var) {
        Some((_, Setting::Value(Value::Real(value)), place)) => Some((Some(*place), *value)),
        Some(_) => None,
        None => {
            let slot = plan.uniforms.iter().find(|it| it.role == Role::Parameter && it.name == name)?;
            Some((None, slot.value))
        }
    }
}

/// Where the axon takes no time at all, the dendrite does: this is on purpose.
fn delays<'a>(built: &'a Built<'_>) -> impl Iterator<Item = Found<'a>> {
    built.net.projections.iter().filter(|it| it.flow.is_none()).filter_map(|it| match it.delay {
        Setting::Value(Value::Real(delay)) if delay != 0.0 => {
            Some((it.delay_span, "delay", delay, Dimension::TIME, &DELAYS))
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_range_is_one() {
        assert!(KINDS.iter().all(|kind| kind.usual.lo < kind.usual.hi && !kind.names.is_empty()));
    }
}
