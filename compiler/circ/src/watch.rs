//! Watching: what reductions over time look at, `mean(E.v over 100 ms)`.
//!
//! In: such reductions in the statements of an experiment and in monitors. Out: the values of their cells at every tick, as far
//! back as their windows reach. What nobody asks for is not watched; what is recorded at every tick anyway serves as well.

use crate::compile::Compiled;
use crate::measures::Window;
use crate::recording::{Recorded, Recordings, TraceRecord, sorted};
use circ_compiler::data::NoFiles;
use circ_compiler::eval::{self, NotBuilt, Scope, Thing};
use circ_compiler::hir::{self, ExprId, ExprKind, MeasureArg, OVER_TIME, Ref, SlotKind};
use circ_compiler::net::{ConstraintKind, EnvironmentId, Members};
use circ_compiler::resolve::walk;
use circ_plan::engine::{Engine, Keep, Probe, ProbeId, Samples};
use circ_plan::plan::{Segment, View};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Bytes of values after which what no window reaches is forgotten.
const CHUNK_BYTES: i64 = 1_000_000;

/// The values of some cells of a population through time.
#[derive(Clone, Debug)]
struct Watched {
    population: u32,
    name: Arc<str>,
    /// Ascending.
    cells: Vec<u32>,
    probe: ProbeId,
    /// How many ticks are looked back on; without a number, all.
    reach: Option<i64>,
    /// What was taken out of the engine.
    earlier: Samples,
}

/// All that is watched.
#[derive(Clone, Debug, Default)]
pub struct Watches(Vec<Watched>);

/// What is asked for: cells, and how far back.
type Asked = BTreeMap<(u32, Arc<str>), (BTreeSet<u32>, Option<i64>)>;

impl Watches {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Begins to watch what the experiment and the monitors ask for.
    pub fn begin(compiled: &Compiled, engine: &mut dyn Engine) -> Watches {
        let asked = asked(compiled);
        let watched = asked.into_iter().filter_map(|((population, name), (cells, reach))| {
            let observables = &compiled.plan.populations[population as usize].observables;
            let observable = observables.iter().position(|it| *it.name == *name)? as u32;
            let cells: Vec<u32> = cells.into_iter().collect();
            let (first_tick, interval_ticks, keep) = (0, 1, Keep::Each);
            let probe =
                Probe { population, observable, cells: cells.clone(), first_tick, interval_ticks, keep };
            let probe = engine.add_probe(probe);
            Some(Watched { population, name, cells, probe, reach, earlier: Samples::default() })
        });
        Watches(watched.collect())
    }

    /// Forgets what no window reaches any more, where that is much.
    pub fn trim(&mut self, engine: &mut dyn Engine) {
        for watched in &mut self.0 {
            watched.earlier.append(&engine.take_samples(watched.probe));
            let Some(reach) = watched.reach else { continue };
            let now = engine.tick();
            let old = watched.earlier.ticks.partition_point(|tick| *tick <= now - reach);
            if watched.earlier.ticks.len() < 2 * old {
                watched.earlier.forget_first(old);
            }
        }
    }

    /// When there is so much that some of it should be forgotten.
    pub fn next(&self, now: i64) -> i64 {
        let bytes: usize = self.0.iter().map(|watched| 8 * watched.cells.len()).sum();
        if bytes == 0 { i64::MAX } else { now + (CHUNK_BYTES / bytes as i64).max(1) }
    }

    /// Time goes on from a tick: what was later is forgotten.
    pub fn leap(&mut self, tick: i64) {
        for watched in &mut self.0 {
            watched.earlier.forget_from(tick + 1);
        }
    }

    /// Everything so far is forgotten.
    pub fn forget(&mut self, engine: &mut dyn Engine) {
        for watched in &mut self.0 {
            watched.earlier = Samples::default();
            engine.put_samples(watched.probe, Samples::default());
        }
    }

    /// The values of each cell of a part of a view at all ticks of a window; none where not all are known.
    pub fn values(
        &self,
        part: &Segment,
        name: &str,
        window: Window,
        engine: &dyn Engine,
    ) -> Option<Vec<Vec<f64>>> {
        let of = |it: &&Watched| it.population == part.population && &*it.name == name;
        let watched = self.0.iter().find(of)?;
        let later = engine.samples(watched.probe);
        within(&[&watched.earlier, &later], &watched.cells, part, window)
    }
}

/// The same of what is recorded at every tick.
pub fn recorded(
    recordings: &Recordings,
    part: &Segment,
    name: &str,
    window: Window,
    engine: &dyn Engine,
) -> Option<Vec<Vec<f64>>> {
    let of = |it: &&TraceRecord| {
        it.of == Recorded::Cells(part.population) && it.name == name && it.interval_ticks == 1
    };
    let mut records = recordings.traces.iter().filter(of);
    records.find_map(|record| within(&[&record.samples(engine)], &record.cells, part, window))
}

/// Of samples of these cells, in pieces one after the other.
fn within(pieces: &[&Samples], cells: &[u32], part: &Segment, window: Window) -> Option<Vec<Vec<f64>>> {
    let wanted = (0..part.cells.len()).map(|position| part.cells.get(position));
    let columns: Vec<usize> = wanted.map(|cell| cells.binary_search(&cell).ok()).collect::<Option<_>>()?;
    // Tick 0 belongs to a window that begins there.
    let after = if window.after == 0 { -1 } else { window.after };
    let mut values = vec![Vec::new(); columns.len()];
    let mut known = 0;
    for samples in pieces {
        let first = samples.ticks.partition_point(|tick| *tick <= after);
        let end = samples.ticks.partition_point(|tick| *tick <= window.until);
        known += (end - first) as i64;
        for (_, row) in samples.rows().take(end).skip(first) {
            values.iter_mut().zip(&columns).for_each(|(values, column)| values.push(row.get(*column)));
        }
    }
    (known == window.until - after).then_some(values)
}

/// What the experiment and the monitors look back on.
fn asked(compiled: &Compiled) -> Asked {
    let (hir, net) = (&compiled.hir, &compiled.net);
    let mut asked = Asked::new();
    let text = hir.experiments[compiled.experiment].text;
    for expr in &hir.exprs {
        let at = expr.span;
        if at.file == text.file && text.start <= at.start && at.end <= text.end {
            note(&expr.kind, net.experiment, compiled, &mut asked);
        }
    }
    for constraint in &net.constraints {
        if let ConstraintKind::Monitor { condition, .. } = constraint.kind {
            walk(hir, condition, &mut |_, expr| {
                note(&expr.kind, constraint.environment, compiled, &mut asked)
            });
        }
    }
    asked
}

fn note(kind: &ExprKind, environment: EnvironmentId, compiled: &Compiled, asked: &mut Asked) {
    let ExprKind::Measure { name, args, .. } = kind else { return };
    let ([argument], true) = (args.as_slice(), OVER_TIME.contains(&&**name)) else { return };
    let Some((view, names)) = named(argument.value, environment, compiled) else { return };
    let reach = reach(argument, environment, compiled);
    for (part, name) in names.of(&view) {
        let (cells, longest) =
            asked.entry((part.population, name.clone())).or_insert_with(|| (BTreeSet::new(), reach));
        cells.extend(sorted(&part.cells));
        *longest = longest.zip(reach).map(|(one, other)| one.max(other));
    }
}

/// The cells of a path, or all of its population where the run decides which.
fn named(path: ExprId, environment: EnvironmentId, compiled: &Compiled) -> Option<(View, Members)> {
    let mut scope = Scope::new(&compiled.hir, &compiled.types, &compiled.net, &NoFiles, environment);
    if !is_decided_by_the_run(path, environment, compiled)
        && let Ok(Thing::Member { view, names, .. }) = eval::thing(path, &mut scope, &mut NotBuilt)
    {
        return Some((view, names));
    }
    let without_index = |mut path: ExprId| {
        while let ExprKind::Index { base, .. } = compiled.hir.expr(path).kind {
            path = base;
        }
        path
    };
    let ExprKind::Field { base, name, .. } = &compiled.hir.expr(without_index(path)).kind else {
        return None;
    };
    let view = eval::view(without_index(*base), &mut scope, &mut NotBuilt).ok()?;
    Some((view.clone(), Members::same(name, &view)))
}

/// How many ticks are looked back on, where that is known now.
fn reach(argument: &MeasureArg, environment: EnvironmentId, compiled: &Compiled) -> Option<i64> {
    let Some(hir::Window::Last(duration)) = argument.over else { return None };
    if is_decided_by_the_run(duration, environment, compiled) {
        return None;
    }
    let mut scope = Scope::new(&compiled.hir, &compiled.types, &compiled.net, &NoFiles, environment);
    let milliseconds = eval::eval_real(duration, &mut scope, &mut NotBuilt).ok()?;
    // One more, for a window from the very beginning has tick 0 as well.
    Some((milliseconds / compiled.plan.dt).ceil() as i64 + 1)
}

/// Whether a `let` or an index of the experiment is read: statements give them other values.
fn is_decided_by_the_run(expr: ExprId, environment: EnvironmentId, compiled: &Compiled) -> bool {
    if environment != compiled.net.experiment {
        return false;
    }
    let slots = &compiled.hir.experiments[compiled.experiment].slots;
    let mut found = false;
    walk(&compiled.hir, expr, &mut |_, expr| {
        if let ExprKind::Ref(Ref::Slot(slot)) = expr.kind {
            let kind = slots.get(slot.index()).map(|slot| &slot.kind);
            found |= matches!(kind, Some(SlotKind::Let { .. } | SlotKind::Index));
        }
    });
    found
}
