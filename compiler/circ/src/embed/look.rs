//! What a circuit has, for who embeds it.

use crate::compile::Compiled;
use crate::quantity;
use circ_compiler::hir::VarKind;
use circ_compiler::types::Type;

/// A population.
#[derive(Clone, Debug, PartialEq)]
pub struct PopulationInfo {
    /// `col[2].E`
    pub path: String,
    /// The name of its cell.
    pub cell: String,
    pub cells: u32,
    pub parameters: Vec<Quantity>,
    pub states: Vec<Quantity>,
    pub ports: Vec<Quantity>,
    pub events: Vec<String>,
}

/// Something that has a value.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantity {
    pub name: String,
    /// Of its coherent values: `mV`.
    pub unit: String,
}

/// A projection.
#[derive(Clone, Debug, PartialEq)]
pub struct ProjectionInfo {
    pub path: String,
    /// The rule that is attached, if one is.
    pub rule: Option<String>,
    /// Positions of its source and of its target.
    pub sources: usize,
    pub targets: usize,
}

pub fn populations(compiled: &Compiled) -> Vec<PopulationInfo> {
    let of = |k: usize| {
        let (plan, net) = (&compiled.plan.populations[k], &compiled.net.populations[k]);
        let cell = compiled.hir.cell(net.cell);
        let types = compiled.types.vars.get(net.cell.index());
        let wanted = |kind: fn(&VarKind) -> bool| -> Vec<Quantity> {
            let vars = cell.vars.iter().enumerate().filter(|(_, var)| kind(&var.kind));
            let quantity = |(at, var): (usize, &circ_compiler::hir::Var)| {
                let ty = types.and_then(|types| types.get(at)).unwrap_or(&Type::Error);
                Quantity { name: var.name.to_string(), unit: quantity::coherent(ty.dimension()) }
            };
            vars.map(quantity).collect()
        };
        PopulationInfo {
            path: plan.path.clone(),
            cell: cell.name.to_string(),
            cells: plan.cells,
            parameters: wanted(|kind| matches!(kind, VarKind::Param { .. })),
            states: wanted(|kind| matches!(kind, VarKind::State { .. })),
            ports: wanted(|kind| matches!(kind, VarKind::Port { .. })),
            events: plan.events.iter().map(|event| event.name.clone()).collect(),
        }
    };
    (0..compiled.plan.populations.len()).map(of).collect()
}

pub fn projections(compiled: &Compiled) -> Vec<ProjectionInfo> {
    let all = compiled.plan.projections.iter().zip(&compiled.net.projections);
    let of =
        |(plan, net): (&circ_plan::plan::ProjectionPlan, &circ_compiler::net::Projection)| ProjectionInfo {
            path: plan.path.clone(),
            rule: net.plasticity.as_ref().map(|it| compiled.hir.rule(it.rule).name.to_string()),
            sources: plan.source.len(),
            targets: plan.target.len(),
        };
    all.map(of).collect()
}
