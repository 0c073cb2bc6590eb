//! What is sampled of the synapses of a thread.
//!
//! In: a probe, and which of what it looks at is the thread's. Out: samples of that. Where synapses come and go a probe looks at
//! pairs of cells: which synapses these have is found anew whenever the projection was rewired.

use circ_plan::engine::{Row, Samples, SynapseProbe};

use super::design::Design;
use super::learner::Learner;
use super::leaves::Scene;
use super::routine::Routine;
use super::store::Which;

/// A probe on the synapses of a thread.
pub struct ProbeLane {
    pub design: usize,
    probe: SynapseProbe,
    looked: Looked,
    /// Which of what the probe looks at is the thread's.
    places: Vec<u32>,
    /// Nothing where the delay is sampled.
    routine: Option<Routine>,
    samples: Samples,
}

/// Whom a probe looks at.
enum Looked {
    Synapses(Vec<u32>),
    /// Pairs, ascending, and the synapses that join them at present, in canonical order, each with the place of its pair.
    Pairs {
        pairs: Vec<u32>,
        synapses: Vec<u32>,
        joined: Vec<u32>,
    },
}

impl ProbeLane {
    /// `own`: what is looked at, and its place in the probe.
    pub fn new(scene: Scene, design: usize, probe: &SynapseProbe, own: Vec<(u32, u32)>) -> ProbeLane {
        let (looked, places) = own.into_iter().unzip();
        let looked = match &scene.learning.rewire {
            None => Looked::Synapses(looked),
            Some(_) => Looked::Pairs { pairs: looked, synapses: vec![], joined: vec![] },
        };
        let observable = scene.learning.observables.get(probe.observable as usize);
        let routine = observable.map(|observable| Routine::new(&observable.program, None));
        let samples = Samples::default();
        let mut lane = ProbeLane { design, probe: probe.clone(), looked, places, routine, samples };
        lane.find(scene);
        lane
    }

    /// Finds the synapses of pairs.
    pub fn find(&mut self, scene: Scene) {
        let Looked::Pairs { pairs, synapses, joined } = &mut self.looked else { return };
        (*synapses, *joined) = (vec![], vec![]);
        let (targets, mut row) = (scene.projection.target.len() as u32, vec![]);
        for source in 0..scene.projection.source.len() as u32 {
            scene.table.canonical_row(source, &mut row);
            for &(target, synapse) in &row {
                if let Ok(place) = pairs.binary_search(&(source * targets + target)) {
                    synapses.push(synapse);
                    joined.push(place as u32);
                }
            }
        }
    }

    pub fn samples(&self) -> (&Samples, &[u32]) {
        (&self.samples, &self.places)
    }

    /// Forgets samples from a tick on.
    pub fn forget_from(&mut self, tick: i64) {
        self.samples.forget_from(tick);
    }

    /// Samples a tick, where it is one of those that are sampled.
    pub fn sample(&mut self, learner: &mut Learner, scene: Scene, design: &Design, tick: i64) {
        let since = tick - self.probe.first_tick;
        if since < 0 || since % self.probe.interval_ticks.max(1) != 0 {
            return;
        }
        learner.catch_up(scene, design);
        let (Looked::Synapses(synapses) | Looked::Pairs { synapses, .. }) = &self.looked;
        let mut values = vec![];
        match &mut self.routine {
            Some(routine) => {
                let (observable, which) = (self.probe.observable as usize, Which::List(synapses));
                Learner::observe(&learner.arrays, routine, scene, observable, which, tick, &mut values);
            }
            None => {
                let ticks = synapses.iter().map(|synapse| scene.table.axonal.of(*synapse as usize));
                values.extend(ticks.map(|ticks| f64::from(ticks) * scene.world.plan.dt));
            }
        }
        match &self.looked {
            Looked::Synapses(_) => self.samples.take(self.probe.keep, tick, &values),
            Looked::Pairs { joined, .. } => {
                let (places, values) = of_pairs(joined, &values);
                self.samples.take_row(tick, Row::Part(&places, &values));
            }
        }
    }
}

/// Of each pair that is joined the value of its synapse, a sum where there are several.
fn of_pairs(joined: &[u32], values: &[f64]) -> (Vec<u32>, Vec<f64>) {
    let mut pairs: (Vec<u32>, Vec<f64>) = (vec![], vec![]);
    for (place, value) in joined.iter().zip(values) {
        // Synapses of a pair stand beside each other.
        match pairs.1.last_mut().filter(|_| pairs.0.last() == Some(place)) {
            Some(sum) => *sum += value,
            None => {
                pairs.0.push(*place);
                pairs.1.push(*value);
            }
        }
    }
    pairs
}

/// Samples what there is to sample of a design after a tick. Where it may be rewired at that tick, who rewires samples.
pub fn sampler<'a>(
    probes: &'a mut [ProbeLane],
    of: usize,
    design: &'a Design,
    scene: Scene<'a>,
) -> impl FnMut(&mut Learner, i64) + 'a {
    move |learner, tick| {
        if scene.learning.rewire.as_ref().is_some_and(|rewire| rewire.is_due(tick)) {
            return;
        }
        for lane in probes.iter_mut().filter(|lane| lane.design == of) {
            lane.sample(learner, scene, design, tick);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_without_a_synapse_has_no_number_and_one_with_several_their_sum() {
        let found = of_pairs(&[1, 3, 3, 4], &[0.5, 1.0, 2.0, 7.0]);
        assert_eq!(found, (vec![1, 3, 4], vec![0.5, 3.0, 7.0]));
    }
}
