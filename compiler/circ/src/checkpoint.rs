//! Checkpoints: the whole state of a run as a file.
//!
//! In: a program that is being run. Out: bytes that the same program goes on from, on whatever engine and however many threads, and
//! with the same bits as if it had never stopped. A file is a line that says what it is, a line of JSON that says of what (see
//! [`Description`]), and the state. What a program of another circuit may not go on from is told by name.

mod describe;
mod file;
mod fit;

pub use describe::Description;

use crate::balance::Sums;
use crate::compile::Compiled;
use circ_plan::snapshot::Snapshot;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The state of a run between two ticks, and what it is of.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    pub description: Description,
    pub(crate) state: State,
}

/// What is in the file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct State {
    pub engine: Snapshot,
    /// The last `run`: after this tick, up to that.
    pub last_run: Option<(i64, i64)>,
    pub balances: BalanceState,
}

/// Sums over time that measures of balance look back at.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct BalanceState {
    /// Until now: by population, of both sides.
    pub now: BTreeMap<u32, Sums>,
    pub starts: BTreeMap<i64, BTreeMap<u32, Sums>>,
    pub recent: BTreeMap<i64, BTreeMap<u32, Sums>>,
}

/// A snapshot as bytes.
pub(crate) fn written(snapshot: &Snapshot) -> Vec<u8> {
    postcard::to_stdvec(snapshot).expect("plain data can be written down")
}

/// And back.
pub(crate) fn read_back(bytes: &[u8]) -> Snapshot {
    postcard::from_bytes(bytes).expect("what was written can be read")
}

impl Checkpoint {
    /// Of a program, and its state.
    pub(crate) fn new(compiled: &Compiled, state: State) -> Checkpoint {
        let description = Description::of(compiled, state.engine.tick);
        Checkpoint { description, state }
    }

    /// As a file has it.
    pub fn to_bytes(&self) -> Vec<u8> {
        file::write(self)
    }

    /// From what a file has.
    ///
    /// # Errors
    /// With what is wrong with it, for people.
    pub fn from_bytes(bytes: &[u8]) -> Result<Checkpoint, String> {
        file::read(bytes)
    }

    /// Whether bytes begin as a checkpoint does.
    pub fn is_checkpoint(bytes: &[u8]) -> bool {
        bytes.starts_with(file::MAGIC.as_bytes())
    }

    /// The state as a program has it that is to go on from here: what its experiment has besides is as at the start. `synapses` are
    /// the numbers that its projections were built with.
    ///
    /// # Errors
    /// With the names of what is not as it was.
    pub(crate) fn for_program(&self, compiled: &Compiled, synapses: &[u64]) -> Result<State, Vec<String>> {
        let now = Description::of(compiled, self.description.tick);
        let differences = self.description.differences(&now);
        if !differences.is_empty() {
            return Err(differences);
        }
        let state = fit::fit(self, &now, compiled)?;
        fit::counts_fit(&state.engine, &compiled.plan, synapses)?;
        Ok(state)
    }
}
