//! Populations of one kind: the operations of their ticks are the same, so they are lowered once.
//!
//! In: populations with their layouts, in order. Out: the plan of an earlier population of the same kind, made into
//! that of another. Two are of one kind if they have the same cell and keep everything at the same place. What
//! numbers a population gives its parameters is no part of it: ticks read them from slots and arrays. Parameters of
//! each cell and initial states are programs of every population's own.

use std::collections::BTreeMap;

use circ_plan::ir::Program;
use circ_plan::plan::{CellPrograms, Dynamics, Observable, PopulationPlan, UniformPlan};

use super::context::{Keys, Source};
use super::explain::EquationMethod;
use super::inputs::Members;
use super::layout::Layout;
use crate::hir::{ExprKind, Ref};

/// What names a kind; printed, so that it can be looked up.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kind(String);

/// The first population of each kind.
#[derive(Default)]
pub struct Kinds {
    first: BTreeMap<Kind, First>,
    /// Of networks that were looked at before.
    earlier: BTreeMap<Kind, First>,
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
        for (kind, mut first) in std::mem::take(&mut self.first) {
            if let Dynamics::Cells(programs) = &mut first.plan.dynamics {
                programs.reference_step.checks.iter_mut().for_each(|check| check.place = 0);
            }
            self.earlier.insert(kind, first);
        }
    }

    /// The kind of a population whose initial programs have these keys; `None` for one whose balance is asked for, or
    /// into which more flows than one number: that is like no other.
    pub fn of(&self, source: Source, layout: &Layout, keys: &Keys) -> Option<Kind> {
        if source.net.balances.contains_key(&layout.population) {
            return None;
        }
        let (dt, shape) = (source.net.dt.to_bits(), self.shapes_matter.then_some(&layout.net.shape));
        let cell = (layout.net.cell, layout.precision, shape, dt);
        let slots: Vec<_> = layout.uniforms.iter().map(|slot| (slot.ty, slot.role)).collect();
        let traces: Vec<_> = layout.traces.iter().map(|trace| &trace.key).collect();
        let kept = (&layout.storage, &layout.arrays, &layout.accumulators, slots, traces);
        Some(Kind(format!("{:?}", (cell, kept, inputs(layout)?, &keys.names))))
    }

    /// The first population of a kind.
    pub fn first(&self, kind: &Kind) -> Option<&First> {
        self.first.get(kind).or_else(|| self.earlier.get(kind))
    }

    pub fn add(&mut self, kind: Kind, first: First) {
        self.first.insert(kind, first);
    }
}

/// How values flow into ports, without the values: these are in slots. `None` where one is not.
fn inputs(layout: &Layout) -> Option<Vec<String>> {
    let all = layout.inputs.iter().flat_map(|(port, inputs)| inputs.iter().map(move |input| (port, input)));
    let printed = all.map(|(port, input)| match input.members {
        Members::Positions(_) => None,
        Members::All { .. } | Members::Range { .. } => {
            let window = (input.from_tick, input.to_tick);
            Some(format!("{:?}", (port, &input.members, window, input.uniform?)))
        }
    });
    printed.collect()
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
