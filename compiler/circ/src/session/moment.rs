//! Moments of a session: what it was, so that one can return to it, and what of a state fits another circuit.
//!
//! In: the circuit as it runs. Out: [`Moment`], which does not depend on the engine; put back, all that follows has the same
//! bits as then.

use super::carry::{Fits, take_over};
use super::live::Live;
use super::text::SessionText;
use crate::checkpoint::Checkpoint;
use crate::measures::Window;
use crate::recording::Recordings;
use circ_compiler::types::Value;
use circ_plan::snapshot::{Numbers, Snapshot};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a session was.
#[derive(Clone)]
pub struct Moment {
    text: SessionText,
    kept: Option<Arc<Kept>>,
    reworked: bool,
}

/// The state of its circuit.
pub struct Kept {
    pub checkpoint: Checkpoint,
    last_run: Option<Window>,
    variables: BTreeMap<Arc<str>, Value>,
    /// With all samples so far.
    pub recordings: Recordings,
    /// How many each projection has.
    pub synapses: Vec<u64>,
    /// The engine that the recordings are of.
    engine: u64,
    pub step_ms: f64,
}

impl Moment {
    pub fn new(text: SessionText, kept: Option<Kept>, reworked: bool) -> Moment {
        Moment { text, kept: kept.map(Arc::new), reworked }
    }
    pub fn text(&self) -> &SessionText {
        &self.text
    }
    pub fn kept(&self) -> Option<&Kept> {
        self.kept.as_deref()
    }
    pub fn was_reworked(&self) -> bool {
        self.reworked
    }
    pub fn time_ms(&self) -> f64 {
        self.kept.as_ref().map_or(0.0, |kept| kept.checkpoint.state.engine.tick.max(0) as f64 * kept.step_ms)
    }
    /// How much memory it takes, about, in bytes.
    pub fn size(&self) -> usize {
        self.kept.as_ref().map_or(0, |kept| size(&kept.checkpoint.state.engine))
    }
}

impl Kept {
    pub fn of(live: &mut Live) -> Kept {
        let state = live.continued.state(live.instance.engine.as_mut());
        // Samples that the engine has later are those of whatever happens later, which this may be returned from.
        let traces = &mut live.recordings.traces;
        traces.iter_mut().for_each(|record| record.set_aside(live.instance.engine.as_mut()));
        Kept {
            checkpoint: Checkpoint::new(&live.compiled, state),
            last_run: live.continued.last_run,
            variables: live.continued.variables.clone(),
            recordings: live.recordings.clone(),
            synapses: live.instance.synapses.clone(),
            engine: live.engine_number,
            step_ms: live.compiled.plan.dt,
        }
    }

    /// As it was. The circuit is the one that this is of.
    pub fn put_back(&self, live: &mut Live) {
        if let Ok(state) = self.checkpoint.for_program(&live.compiled, &live.instance.synapses) {
            live.instance.engine.restore(&state.engine);
            live.continued.balances.go_on_from(&state.balances, live.instance.engine.as_mut());
        }
        self.remind(live);
        if self.engine == live.engine_number {
            live.recordings = self.recordings.clone();
        } else {
            // Nothing is lost: the circuit is the one of then.
            take_over(self, Fits::Everything, live);
        }
        // What the engine sampled since is of what is taken back.
        live.recordings.traces.iter().for_each(|record| record.drop_new(live.instance.engine.as_mut()));
    }

    /// What the protocol knows.
    fn remind(&self, live: &mut Live) {
        live.continued.last_run = self.last_run;
        live.continued.variables = self.variables.clone();
    }

    /// Into another engine of the circuit. Not where its synapses or cells are others, or are held otherwise: then nothing is
    /// changed.
    pub fn put_all_into(&self, live: &mut Live) -> bool {
        let Ok(state) = self.checkpoint.for_program(&live.compiled, &live.instance.synapses) else {
            return false;
        };
        self.remind(live);
        live.instance.engine.restore(&state.engine);
        live.continued.balances.go_on_from(&state.balances, live.instance.engine.as_mut());
        true
    }

    /// Into another circuit: the states of cells that are there under the same names. Returns what people should know.
    pub fn put_what_fits_into(&self, live: &mut Live) -> Option<String> {
        let old = &self.checkpoint.state.engine;
        if self.step_ms != live.compiled.plan.dt {
            return (0 <= old.tick).then(|| "the step changed: the circuit begins anew, at 0 ms".to_string());
        }
        self.remind(live);
        if old.tick < 0 {
            return None;
        }
        let differences = match self.checkpoint.for_program(&live.compiled, &live.instance.synapses) {
            Ok(_) => String::new(),
            Err(differences) => format!(" ({})", differences.join("; ")),
        };
        let mut now = live.instance.engine.snapshot();
        fit_what_does(&self.checkpoint, &mut now, live);
        live.instance.engine.restore(&now);
        Some(format!(
            "built anew with the states of cells that are as before; nothing is on its way{differences}"
        ))
    }
}

/// States of cells, parameters set, and events, of populations with the same path, size and precision.
fn fit_what_does(old: &Checkpoint, now: &mut Snapshot, live: &Live) {
    now.tick = old.state.engine.tick;
    for (plan, state) in live.compiled.plan.populations.iter().zip(&mut now.populations) {
        let same =
            old.description.populations.iter().position(|it| it.path == plan.path && it.cells == plan.cells);
        let Some(at) = same else { continue };
        let (was, from) = (&old.description.populations[at], &old.state.engine.populations[at]);
        for (array, numbers) in plan.arrays.iter().zip(&mut state.arrays) {
            let same = was.arrays.iter().position(|it| it.name == array.name);
            let Some(old) = same.map(|at| &from.arrays[at]) else { continue };
            if old.len() == numbers.len() && std::mem::discriminant(old) == std::mem::discriminant(numbers) {
                numbers.clone_from(old);
            }
        }
        for (event, events) in plan.events.iter().zip(&mut state.events) {
            if let Some(same) = was.events.iter().position(|name| *name == event.name) {
                events.clone_from(&from.events[same]);
            }
        }
        // What learning synapses see of earlier ticks is as now.
        for (numbers, past) in state.arrays.iter().zip(&mut state.past) {
            past.iter_mut().for_each(|it| it.clone_from(numbers));
        }
    }
}

fn size(snapshot: &Snapshot) -> usize {
    let of = |numbers: &Numbers| 8 * numbers.len();
    let populations = snapshot.populations.iter().map(|it| {
        let arrays = it.arrays.iter().chain(it.past.iter().flatten()).map(of).sum::<usize>();
        let sums = it.arriving.iter().chain(&it.flowing).map(|it| 24 * it.len()).sum::<usize>();
        arrays + sums + it.events.iter().map(|it| 8 * it.len()).sum::<usize>()
    });
    let projections = snapshot.projections.iter().map(|it| {
        let weights = it.weights.as_ref().map_or(0, |it| 8 * it.len());
        let learning = it.learning.as_ref().map_or(0, |it| {
            it.arrays.iter().map(of).sum::<usize>() + 32 * (it.spikes.len() + it.events.len() + it.sent.len())
        });
        weights + learning
    });
    populations.sum::<usize>() + projections.sum::<usize>()
}
