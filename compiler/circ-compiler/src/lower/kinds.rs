//! Populations of one kind: the operations of their ticks are the same, so they are lowered once.
//!
//! In: populations with their layouts, in order. Out: the plan of an earlier population of the same kind, made into
//! that of another. Two are of one kind if they have the same cell and keep everything at the same place. What
//! numbers a population gives its parameters is no part of it: ticks read them from slots and arrays. Parameters of
//! each cell and initial states are programs of every population's own.

use std::collections::BTreeMap;

use circ_plan::ir::{PortId, Precision, Program, Ty, UniformId};
use circ_plan::plan::{ArrayPlan, CellPrograms, Dynamics, Observable, PopulationPlan, Role, UniformPlan};

use super::context::{Keys, Source};
use super::explain::EquationMethod;
use super::inputs::{Input, Members};
use super::layout::{Layout, Storage};
use crate::hir::{CellId, ExprKind, Ref, VarId};

/// What populations of one kind have in common besides their cell. What is left out follows from it, or does not matter.
#[derive(Clone, Debug, PartialEq)]
struct Kind {
    precision: Precision,
    /// Where some expression reads it.
    shape: Option<Vec<u32>>,
    /// The bits of the step.
    dt: u64,
    storage: Vec<Storage>,
    arrays: Vec<ArrayPlan>,
    accumulators: BTreeMap<VarId, PortId>,
    slots: Vec<(Ty, Role)>,
    /// Their keys.
    traces: Vec<String>,
    inflows: Vec<Inflow>,
    /// Those of the initial programs.
    keys: Vec<String>,
}

/// How a value flows into a port, without the value: this is in a slot.
#[derive(Clone, Debug, PartialEq)]
struct Inflow {
    port: VarId,
    members: Members,
    /// In ticks.
    window: (i64, i64),
    uniform: UniformId,
}

/// More kinds of one cell are not kept: to look through them would take as long as to lower another population.
const MOST_KINDS: usize = 256;

type ByCell = BTreeMap<CellId, Vec<(Kind, First)>>;

/// The first population of each kind.
#[derive(Default)]
pub struct Kinds {
    first: ByCell,
    /// Of networks that were looked at before.
    earlier: ByCell,
    /// Whether some expression reads the size of its population, or places in it.
    shapes_matter: bool,
    /// Expressions of the program that were looked at for that.
    looked_at: usize,
}

/// A population that was lowered.
#[derive(Clone, Debug)]
pub struct First {
    pub plan: PopulationPlan,
    pub methods: Vec<EquationMethod>,
    /// With those of all its programs.
    pub keys: Keys,
}

impl Kinds {
    /// For the populations of a network.
    pub fn begin(&mut self, source: Source) {
        let reads_shape =
            |kind: &ExprKind| matches!(kind, ExprKind::Ref(Ref::Size | Ref::Row | Ref::Col | Ref::Layer));
        let new = source.hir.exprs.get(self.looked_at..).unwrap_or(&[]);
        self.shapes_matter |= new.iter().any(|expr| reads_shape(&expr.kind));
        self.looked_at = source.hir.exprs.len();
        self.first.clear();
    }

    /// Keeps those of a network that was looked at, for the networks after it. Tables are numbered in each network by
    /// itself, so that a network with one is not to be kept. So are places: all checks of what is kept lead to the one
    /// that every network has, for what is only looked at tells no more of a fault than that there is one.
    pub fn keep(&mut self) {
        for (cell, found) in std::mem::take(&mut self.first) {
            let earlier = self.earlier.entry(cell).or_default();
            for (kind, mut first) in found.into_iter().take(MOST_KINDS.saturating_sub(earlier.len())) {
                if let Dynamics::Cells(programs) = &mut first.plan.dynamics {
                    programs.reference_step.checks.iter_mut().for_each(|check| check.place = 0);
                }
                earlier.push((kind, first));
            }
        }
    }

    /// The first population of the kind of one whose initial programs have these keys.
    pub fn first(&self, source: Source, layout: &Layout, keys: &Keys) -> Option<&First> {
        let inflows = inflows(source, layout)?;
        let shape = self.shapes_matter.then_some(&layout.net.shape);
        let is_it = |(kind, _): &&(Kind, First)| {
            kind.precision == layout.precision
                && kind.shape.as_ref() == shape
                && kind.dt == source.net.dt.to_bits()
                && kind.storage.len() == layout.storage.len()
                && kind.storage.iter().zip(&layout.storage).all(|(one, other)| one.is_same(other))
                && kind.arrays == layout.arrays
                && kind.accumulators == layout.accumulators
                && kind.slots.iter().copied().eq(layout.uniforms.iter().map(|slot| (slot.ty, slot.role)))
                && kind.traces.iter().eq(layout.traces.iter().map(|trace| &trace.key))
                && kind.inflows == inflows
                && kind.keys == keys.names
        };
        let of_cell = [&self.first, &self.earlier].into_iter().filter_map(|all| all.get(&layout.net.cell));
        of_cell.flatten().find(is_it).map(|(_, first)| first)
    }

    /// Keeps the first population of a kind.
    pub fn add(&mut self, source: Source, layout: &Layout, keys: &[String], first: impl FnOnce() -> First) {
        let Some(inflows) = inflows(source, layout) else { return };
        let known = self.first.entry(layout.net.cell).or_default();
        if MOST_KINDS <= known.len() {
            return;
        }
        let kind = Kind {
            precision: layout.precision,
            shape: self.shapes_matter.then(|| layout.net.shape.clone()),
            dt: source.net.dt.to_bits(),
            storage: layout.storage.clone(),
            arrays: layout.arrays.clone(),
            accumulators: layout.accumulators.clone(),
            slots: layout.uniforms.iter().map(|slot| (slot.ty, slot.role)).collect(),
            traces: layout.traces.iter().map(|trace| trace.key.clone()).collect(),
            inflows,
            keys: keys.to_vec(),
        };
        known.push((kind, first()));
    }
}

/// `None` for a population whose balance is asked for, or into which more flows than one number: that is like no other.
fn inflows(source: Source, layout: &Layout) -> Option<Vec<Inflow>> {
    if source.net.balances.contains_key(&layout.population) {
        return None;
    }
    let all = layout.inputs.iter().flat_map(|(port, inputs)| inputs.iter().map(move |input| (port, input)));
    let inflow = |(port, input): (&VarId, &Input)| match input.members {
        Members::Positions(_) => None,
        Members::All { .. } | Members::Range { .. } => Some(Inflow {
            port: *port,
            members: input.members.clone(),
            window: (input.from_tick, input.to_tick),
            uniform: input.uniform.filter(|_| input.array.is_none())?,
        }),
    };
    all.map(inflow).collect()
}

impl First {
    /// The plan of another population of this kind, given its initial programs, its keys and its place.
    pub fn again(
        &self,
        layout: &Layout,
        (init_params, init_states): (Program, Program),
        keys: Vec<[u32; 2]>,
        place: u32,
    ) -> PopulationPlan {
        let plan = &self.plan;
        let renamed = |program: &Program| {
            let rest = program.name.strip_prefix(plan.path.as_str()).unwrap_or(&program.name);
            Program { name: format!("{}{rest}", layout.net.path), ..program.clone() }
        };
        let dynamics = match &plan.dynamics {
            times @ Dynamics::SpikeTimes { .. } => times.clone(),
            Dynamics::Cells(programs) => Dynamics::Cells(Box::new(CellPrograms {
                derive_uniforms: renamed(&programs.derive_uniforms),
                init_params,
                derive_cells: renamed(&programs.derive_cells),
                init_states,
                start: renamed(&programs.start),
                step: renamed(&programs.step),
                reference_start: renamed(&programs.reference_start),
                reference_step: renamed(&programs.reference_step),
            })),
        };
        let observed = |it: &Observable| Observable { name: it.name.clone(), program: renamed(&it.program) };
        PopulationPlan {
            path: layout.net.path.clone(),
            cells: layout.net.cells(),
            precision: plan.precision,
            arrays: plan.arrays.clone(),
            uniforms: self.with_values(&layout.uniforms),
            keys,
            ports: plan.ports.clone(),
            events: plan.events.clone(),
            dynamics,
            observables: plan.observables.iter().map(observed).collect(),
            place,
        }
    }

    /// The values of the other's parameters, then what is derived.
    fn with_values(&self, own: &[UniformPlan]) -> Vec<UniformPlan> {
        own.iter().chain(&self.plan.uniforms[own.len()..]).cloned().collect()
    }
}
