//! Spill: what is recorded goes to disk while a run goes on, so that it takes no memory and outlives the process.
//!
//! In: recordings and their engine, now and then. Out: tables that grow beside their place, `spikes.csv.part` and its
//! like, whole lines at any time: each chunk is one more piece of the same table, whenever it was written. When the run is
//! over, [`Folder::commit`] gives them their names.

use crate::output::{Folder, Part, WriteError};
use crate::recording::Recordings;
use crate::tables::{self, Span};
use circ_plan::engine::Engine;
use circ_plan::plan::Plan;
use std::time::{Duration, Instant};

/// Bytes of samples that are held in memory, about.
const CHUNK_BYTES: f64 = 1e6;
/// Nobody should lose more than this of a run.
const CHUNK_TIME: Duration = Duration::from_secs(1);

/// Whether samples are still needed when they have been written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Afterwards {
    /// `at(E.v, 3 ms)` may ask for them.
    Keep,
    Forget,
}

/// The tables of a run that goes on.
#[derive(Debug)]
pub struct Spill {
    folder: Folder,
    parts: Vec<Part>,
    afterwards: Afterwards,
    /// Everything up to this tick was written.
    until: i64,
    written_at: Instant,
}

impl Spill {
    /// Into a folder; nothing is made there before there is something to write.
    pub fn new(folder: Folder, afterwards: Afterwards) -> Spill {
        Spill { folder, parts: Vec::new(), afterwards, until: -1, written_at: Instant::now() }
    }

    /// The tick at which a chunk is full.
    pub fn next(&self, recordings: &Recordings) -> i64 {
        let ticks = CHUNK_BYTES / recordings.bytes_a_tick();
        if ticks.is_finite() { self.until.saturating_add((ticks as i64).max(1)) } else { i64::MAX }
    }

    /// Whether it is time to write.
    pub fn is_due(&self, recordings: &Recordings, now: i64) -> bool {
        let wanted = !(recordings.traces.is_empty() && recordings.events.is_empty());
        wanted && (self.next(recordings) <= now || CHUNK_TIME <= self.written_at.elapsed())
    }

    /// Writes what was recorded since the last chunk.
    ///
    /// # Errors
    /// When a table can not be written; what was written of it before stays.
    pub fn write(
        &mut self,
        recordings: &mut Recordings,
        plan: &Plan,
        engine: &mut dyn Engine,
    ) -> Result<(), WriteError> {
        let span = Span { after: self.until, until: engine.tick() };
        let samples = recordings.take_samples(engine, span, self.afterwards);
        for table in tables::chunk(recordings, &samples, plan, engine, span) {
            self.append(table.name, table.header, &table.rows)?;
        }
        self.until = self.until.max(span.until);
        self.written_at = Instant::now();
        Ok(())
    }

    fn append(&mut self, name: &'static str, header: &str, rows: &str) -> Result<(), WriteError> {
        if let Some(part) = self.parts.iter_mut().find(|part| part.name() == name) {
            return part.append(rows.as_bytes());
        }
        self.folder.make()?;
        let mut part = self.folder.part(name)?;
        part.append(header.as_bytes())?;
        part.append(rows.as_bytes())?;
        self.parts.push(part);
        Ok(())
    }

    /// The folder, and its tables as they are.
    pub fn into_parts(self) -> (Folder, Vec<Part>) {
        (self.folder, self.parts)
    }
}
