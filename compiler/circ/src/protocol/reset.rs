//! `reset`: cells, delays and synapses as they began, while time goes on.
//!
//! In: what is named, or everything, and what is excepted. Out: initial values in the engine, with the same draws, and
//! empty delays. Weights, delays and parameters stay, but for `reset P.w`, which puts weights back; what a clamp holds stays
//! as it is. The initial value of a state is that of its expression with parameters as they are now.

use super::Protocol;
use crate::rules;
use circ_compiler::diagnose::structure::not_yet;
use circ_compiler::eval::{self, Evaluated, Thing, view_of};
use circ_compiler::hir::{ExprId, RuleVarKind};
use circ_compiler::lower::{SILENCE, clamp_of};
use circ_grammar::ast::Span;
use circ_plan::engine::Reset;
use circ_plan::ir::ArrayId;
use circ_plan::plan::{PopulationPlan, Role};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What is meant, by population and projection.
#[derive(Debug, Default)]
struct Meant {
    /// Whole cells.
    cells: BTreeMap<u32, BTreeSet<u32>>,
    /// A state or port of some.
    members: BTreeMap<(u32, Arc<str>), BTreeSet<u32>>,
    projections: BTreeSet<u32>,
    /// One value of synapses: `P.w`.
    values: Vec<(u32, Arc<str>, Span)>,
}

impl Protocol<'_> {
    pub(super) fn reset(&mut self, what: &[ExprId], except: &[ExprId], at: Span) -> Evaluated<()> {
        let aside = self.meant(except)?;
        let meant = if what.is_empty() { self.everything() } else { self.meant(what)? };
        let engine = self.put_back(&meant, &aside, at)?;
        if engine != Reset::default() {
            self.engine.reset(&engine);
        }
        for projection in meant.projections.difference(&aside.projections) {
            let plasticity = self.compiled.net.projections[*projection as usize].plasticity.as_ref();
            let Some(plasticity) = plasticity else { continue };
            let vars = self.compiled.hir.rule(plasticity.rule).vars.iter();
            let kept: Vec<Arc<str>> = vars
                .filter(|var| matches!(var.kind, RuleVarKind::Synapse { .. }))
                .map(|var| var.name.clone())
                .collect();
            for name in kept {
                self.put_synapses_back(*projection, &name);
            }
        }
        for (projection, name, span) in &meant.values {
            if !self.put_synapses_back(*projection, name) {
                return Err(rules::not_settable(*span, &format!("`{name}` of this projection")).into());
            }
        }
        Ok(())
    }

    fn everything(&self) -> Meant {
        let plan = &self.compiled.plan;
        let cells = plan.populations.iter().enumerate();
        let learns = |at: &u32| plan.projections[*at as usize].learning.is_some();
        Meant {
            cells: cells.map(|(at, of)| (at as u32, (0..of.cells).collect())).collect(),
            projections: (0..plan.projections.len() as u32).filter(learns).collect(),
            ..Meant::default()
        }
    }

    fn meant(&self, targets: &[ExprId]) -> Evaluated<Meant> {
        let mut meant = Meant::default();
        for target in targets {
            let (span, thing) = (self.span(*target), self.thing(*target)?);
            let synapses = self.with_scope(|scope, _| {
                Ok((eval::synapses_of(&thing, scope), eval::projections(&thing, scope)))
            })?;
            match (synapses, thing) {
                ((Some((projections, name)), _), _) => {
                    meant.values.extend(projections.into_iter().map(|it| (it, name.clone(), span)));
                }
                ((None, Some(projections)), _) => {
                    for projection in projections {
                        if self.compiled.plan.projections[projection as usize].learning.is_none() {
                            let message =
                                "this projection has no rule, so its synapses hold nothing".to_owned();
                            let label = "nothing to put back";
                            let message =
                                circ_compiler::diagnose::structure::argument_form(span, message, label);
                            return Err(message.into());
                        }
                        meant.projections.insert(projection);
                    }
                }
                (_, Thing::Member { view, names, .. }) => {
                    for (segment, name) in names.of(&view) {
                        self.is_put_back(segment.population, name, span)?;
                        let cells = (0..segment.cells.len()).map(|k| segment.cells.get(k));
                        meant.members.entry((segment.population, name.clone())).or_default().extend(cells);
                    }
                }
                (_, other) => {
                    let view = self.with_scope(|scope, _| view_of(other, span, scope))?;
                    for segment in &view.segments {
                        let cells = (0..segment.cells.len()).map(|k| segment.cells.get(k));
                        meant.cells.entry(segment.population).or_default().extend(cells);
                    }
                }
            }
        }
        Ok(meant)
    }

    /// A state, a port or a mode: what else cells have is no state of theirs.
    fn is_put_back(&self, population: u32, name: &str, span: Span) -> Evaluated<()> {
        let plan = &self.compiled.plan.populations[population as usize];
        let is_state = |role: Role| matches!(role, Role::State | Role::Port | Role::Mode);
        match plan.arrays.iter().any(|array| is_state(array.role) && base(&array.name) == name) {
            true => Ok(()),
            false => Err(rules::not_settable(span, &format!("`{name}` of `{}`", plan.path)).into()),
        }
    }

    /// What the engine is asked for.
    fn put_back(&self, meant: &Meant, aside: &Meant, at: Span) -> Evaluated<Reset> {
        let plan = &self.compiled.plan;
        let mut reset = Reset::default();
        let mut arriving: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
        for (population, cells) in &meant.cells {
            let spared = aside.cells.get(population);
            let cells: BTreeSet<u32> =
                cells.iter().filter(|cell| spared.is_none_or(|it| !it.contains(cell))).copied().collect();
            self.add_arrays(*population, &cells, None, aside, &mut reset);
            arriving.insert(*population, cells);
        }
        for ((population, name), cells) in &meant.members {
            self.add_arrays(*population, cells, Some(name), aside, &mut reset);
        }
        for (at_projection, projection) in plan.projections.iter().enumerate() {
            let index = at_projection as u32;
            if projection.learning.is_none() || aside.projections.contains(&index) {
                continue;
            }
            let is_reset = |(population, cell): (u32, u32)| {
                arriving.get(&population).is_some_and(|cells| cells.contains(&cell))
            };
            let (all, count) =
                (projection.target.len(), projection.target.cells().filter(|it| is_reset(*it)).count());
            if meant.projections.contains(&index) || count == all {
                reset.learning.push(index);
            } else if 0 < count {
                let what = format!("`reset` of some of the cells that `{}` learns to reach", projection.path);
                return Err(not_yet(at, &what).into());
            }
        }
        reset.arriving = arriving
            .into_iter()
            .map(|(population, cells)| (population, cells.into_iter().collect()))
            .collect();
        reset.arriving.retain(|(_, cells)| !cells.is_empty());
        Ok(reset)
    }

    /// The arrays of cells that are put back: all, or those of one name.
    fn add_arrays(
        &self,
        population: u32,
        cells: &BTreeSet<u32>,
        only: Option<&str>,
        aside: &Meant,
        reset: &mut Reset,
    ) {
        let plan = &self.compiled.plan.populations[population as usize];
        for (at, array) in plan.arrays.iter().enumerate() {
            let name = base(&array.name);
            let is_kept = match array.role {
                Role::State | Role::Port | Role::Mode | Role::Seen => true,
                Role::Memory => !array.name.starts_with(&clamp_of("")) && array.name != SILENCE,
                Role::Parameter | Role::Flow | Role::Derived => false,
            };
            if !is_kept || only.is_some_and(|only| only != name) {
                continue;
            }
            let spared = aside.members.get(&(population, name.into()));
            let held = self.held(plan, population, name);
            let is_spared = |cell: &u32| {
                spared.is_some_and(|it| it.contains(cell))
                    || held.as_ref().is_some_and(|held| held[*cell as usize] != 0.0)
            };
            let cells: Vec<u32> = cells.iter().filter(|cell| !is_spared(cell)).copied().collect();
            if !cells.is_empty() {
                reset.arrays.push((population, ArrayId(at as u32), cells));
            }
        }
    }

    /// Which cells hold a state, where an experiment clamps it.
    fn held(&self, plan: &PopulationPlan, population: u32, name: &str) -> Option<Vec<f64>> {
        let clamp = clamp_of(name);
        let at = plan.arrays.iter().position(|array| array.name == clamp)?;
        Some(self.engine.array(population, ArrayId(at as u32)))
    }

    /// Whether the synapses of a projection keep such a name.
    fn put_synapses_back(&mut self, projection: u32, name: &str) -> bool {
        let Some(learning) = self.learning(projection) else { return false };
        let array = learning.arrays.iter().position(|array| array.name == *name && !array.parameter);
        let Some(array) = array else { return false };
        if learning.rewire.is_some() {
            self.engine.restart_synapses(projection, ArrayId(array as u32));
        } else {
            let before = self.before.get(projection, array as u32).unwrap_or(&[]);
            let values: Vec<(u32, f64)> =
                before.iter().enumerate().map(|(k, value)| (k as u32, *value)).collect();
            self.engine.set_synapses(projection, ArrayId(array as u32), &values);
        }
        self.known.forget(projection);
        true
    }
}

/// What an array is of: the names of arrays are those of variables, with more words where there are several of one.
fn base(array: &str) -> &str {
    let name = array.split(' ').next().unwrap_or(array);
    name.strip_suffix(".rise").unwrap_or(name)
}
