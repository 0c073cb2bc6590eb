//! The circuit of a session as it runs.

use super::Series;
use crate::compile::Compiled;
use crate::instance::Instance;
use crate::protocol::{Continued, Outcome, Protocol};
use crate::quantity;
use crate::recording::Recordings;
use crate::run::{Observer, RunOptions, Silent};
use circ_compiler::hir::Statement;
use std::sync::atomic::AtomicBool;

/// The circuit as it runs.
pub struct Live {
    pub compiled: Compiled,
    pub instance: Instance,
    pub recordings: Recordings,
    pub continued: Continued,
    /// Of the plan: whether another one is the same.
    pub plan_hash: blake3::Hash,
    pub run: RunOptions,
    /// Counts the engines of the session.
    pub engine_number: u64,
}

impl Live {
    pub fn time_ms(&self) -> f64 {
        self.instance.engine.tick().max(0) as f64 * self.compiled.plan.dt
    }

    /// The same circuit with more statements.
    pub fn with(self, compiled: Compiled) -> Live {
        Live { compiled, ..self }
    }

    /// Carries out statements after all that came before.
    pub fn carry_out(
        &mut self,
        statements: &[Statement],
        interrupt: &AtomicBool,
        observer: &mut dyn Observer,
    ) -> Outcome {
        let protocol = Protocol::new(
            &mut self.compiled,
            (self.instance.engine.as_mut(), self.instance.threads),
            (&self.instance.synapses, self.run),
            &mut self.recordings,
            interrupt,
            observer,
            None,
        );
        let (outcome, continued) = protocol.go_on(std::mem::take(&mut self.continued), statements);
        self.continued = continued;
        outcome
    }

    /// Carries out those statements that are meant again, in silence.
    pub fn repeat(&mut self, is_meant: impl Fn(&Statement) -> bool) {
        let statements = self.statements().iter().filter(|it| is_meant(it)).cloned().collect::<Vec<_>>();
        self.carry_out(&statements, &AtomicBool::new(false), &mut Silent);
    }

    /// Of the experiment that the session is.
    pub fn statements(&self) -> &[Statement] {
        &self.compiled.hir.experiments[self.compiled.experiment].statements
    }

    pub fn series(&self) -> Vec<Series> {
        let plan = &self.compiled.plan;
        let mut all = Vec::new();
        for record in &self.recordings.traces {
            let unit = quantity::unit(record.dimension);
            let samples = record.samples(self.instance.engine.as_ref());
            let times: Vec<f64> = samples.ticks.iter().map(|tick| *tick as f64 * plan.dt).collect();
            for (column, cell) in record.cells.iter().enumerate() {
                let values = samples.rows().map(|(_, row)| row.get(column));
                all.push(Series {
                    path: format!("{}.{}", record.of.column(plan, *cell), record.name),
                    unit: unit.name.to_string(),
                    times_ms: times.clone(),
                    values: values.map(|value| value * unit.per_coherent).collect(),
                });
            }
        }
        all
    }
}

/// Of everything that ticks depend on.
pub fn hash_of(compiled: &Compiled) -> blake3::Hash {
    let plan = &compiled.plan;
    let text = format!(
        "{} {} {:?} {:?} {:?} {:?}",
        plan.dt, plan.seed, plan.populations, plan.drives, plan.projections, plan.order
    );
    blake3::hash(text.as_bytes())
}
