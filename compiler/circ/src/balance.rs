//! `balance`: how well excitation and inhibition of a cell cancel, `1 - |e + i| / (|e| + |i|)`.
//!
//! In: sums over time of what the excitatory and the inhibitory ports of each cell add to the right side of the
//! equation that reads them. Out: one number per cell: 1 where they cancel, 0 where there is only one of them, NaN
//! where there is neither. `e` and `i` are means over a window, so only sums are kept: those until now, and those
//! at the moments that a window may begin at.

use crate::checkpoint::BalanceState;
use crate::measures::Window;
use circ_compiler::lower::{EXCITATION, INHIBITION};
use circ_plan::engine::{Engine, Keep, Probe, ProbeId, Samples};
use circ_plan::plan::Plan;
use std::collections::BTreeMap;

/// Sums of both sides, by cell.
pub type Sums = [Vec<f64>; 2];

/// What is summed up, and what the sums were.
#[derive(Clone, Debug, Default)]
pub struct Balances {
    /// By population.
    probes: BTreeMap<u32, [ProbeId; 2]>,
    /// At the beginning of each `run`, then by population.
    starts: BTreeMap<i64, BTreeMap<u32, Sums>>,
    /// At multiples of the windows of monitors.
    recent: BTreeMap<i64, BTreeMap<u32, Sums>>,
}

impl Balances {
    /// Whether the sums of a population are kept.
    pub fn covers(&self, population: u32) -> bool {
        self.probes.contains_key(&population)
    }

    /// Begins to sum up in all populations that are asked about.
    pub fn begin(populations: impl Iterator<Item = u32>, plan: &Plan, engine: &mut dyn Engine) -> Balances {
        let mut probes = BTreeMap::new();
        for population in populations {
            let of = &plan.populations[population as usize];
            let side = |name: &str| of.observables.iter().position(|it| it.name == name);
            let (Some(e), Some(i)) = (side(EXCITATION), side(INHIBITION)) else { continue };
            let cells: Vec<u32> = (0..of.cells).collect();
            let mut add = |observable: usize| {
                let (observable, cells) = (observable as u32, cells.clone());
                let (first_tick, interval_ticks, keep) = (0, 1, Keep::Sum);
                engine.add_probe(Probe { population, observable, cells, first_tick, interval_ticks, keep })
            };
            probes.insert(population, [add(e), add(i)]);
        }
        Balances { probes, ..Balances::default() }
    }

    /// What is summed up, for a checkpoint.
    pub fn state(&self, engine: &dyn Engine) -> BalanceState {
        BalanceState { now: self.now(engine), starts: self.starts.clone(), recent: self.recent.clone() }
    }

    /// Goes on from a checkpoint; what it does not know begins there.
    pub fn go_on_from(&mut self, state: &BalanceState, engine: &mut dyn Engine) {
        (self.starts, self.recent) = (state.starts.clone(), state.recent.clone());
        for (population, probes) in &self.probes {
            let sums = state.now.get(population).cloned().unwrap_or_default();
            for (probe, values) in probes.iter().zip(sums) {
                let ticks = if values.is_empty() { vec![] } else { vec![engine.tick()] };
                engine.put_samples(*probe, Samples::new(ticks, values));
            }
        }
    }

    /// A `run` begins.
    pub fn run_begins(&mut self, engine: &dyn Engine) {
        let now = self.now(engine);
        // What began at 0 holds tick 0, whether or not that was made already.
        self.starts.entry(engine.tick().max(0)).or_insert(now);
    }

    /// A window of at most `longest` ticks may begin here.
    pub fn window_begins(&mut self, engine: &dyn Engine, longest: i64) {
        if self.probes.is_empty() {
            return;
        }
        let (tick, now) = (engine.tick(), self.now(engine));
        self.recent = self.recent.split_off(&(tick - longest));
        self.recent.insert(tick, now);
    }

    fn now(&self, engine: &dyn Engine) -> BTreeMap<u32, Sums> {
        let sums = |probes: &[ProbeId; 2]| probes.map(|probe| engine.samples(probe).into_values());
        self.probes.iter().map(|(population, probes)| (*population, sums(probes))).collect()
    }

    /// Of every cell of a population in a window; none where its sums at both ends are not known.
    pub fn of(&self, population: u32, window: Window, engine: &dyn Engine) -> Option<Vec<f64>> {
        if window.until != engine.tick() {
            return None;
        }
        let marks = self.starts.get(&window.after).or_else(|| self.recent.get(&window.after))?;
        let before = marks.get(&population)?;
        let probes = self.probes.get(&population)?;
        let ticks = (window.ticks() + i64::from(window.after == 0)) as f64;
        let mean = |side: usize| {
            let sums = engine.samples(probes[side]).into_values().into_iter().enumerate();
            // Before the first tick there were no sums.
            let mean = |(cell, sum): (usize, f64)| (sum - before[side].get(cell).unwrap_or(&0.0)) / ticks;
            sums.map(mean).collect::<Vec<f64>>()
        };
        Some(mean(0).into_iter().zip(mean(1)).map(|(e, i)| balance(e, i)).collect())
    }
}

/// `1 - |e + i| / (|e| + |i|)`
fn balance(e: f64, i: f64) -> f64 {
    1.0 - (e + i).abs() / (e.abs() + i.abs())
}

#[cfg(test)]
mod tests {
    use super::balance;

    #[test]
    fn what_cancels_is_balanced() {
        assert_eq!(balance(2.0, -2.0), 1.0);
        assert_eq!(balance(2.0, 0.0), 0.0);
        assert_eq!(balance(3.0, -1.0), 0.5);
        assert!(balance(0.0, 0.0).is_nan());
    }
}
