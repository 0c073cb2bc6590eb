//! What flows through synapses that learn: their weights are those of the rule.
//!
//! In: the synapses of a thread as they lie for learning, and what both sides have. Out: sums, in canonical order: of one
//! source synapses lie by delay, so those of one target that arrive together lie in order.

use circ_plan::plan::Flow;

use super::leaves::{FlowLeaves, Places, Present, SideValues};
use super::{Evaluator, Targets};
use crate::aligned::Scalar;
use crate::learning::Column;
use crate::learning::table::Table;
use crate::ring::Rings;
use crate::rows::{ROW, result_of};
use circ_plan::ir::Precision;

impl<P: Scalar> Evaluator<P> {
    /// The value of every own synapse.
    #[expect(clippy::too_many_arguments, reason = "one call, with what a phase is made of")]
    pub(super) fn learned(
        &mut self,
        flow: &Flow,
        table: &Table,
        weights: &Column,
        pre: &[Vec<f64>],
        targets: &Targets,
        present: Present,
        rings: &mut Rings,
    ) {
        let result = result_of(&flow.value);
        let (mut sources, mut ends) = (Vec::with_capacity(ROW), Vec::with_capacity(ROW));
        for first in (0..table.len()).step_by(ROW) {
            let end = (first + ROW).min(table.len());
            sources.clear();
            let mut source = table.source(first as u32);
            for synapse in first as u32..end as u32 {
                while table.starts[source as usize + 1] <= synapse {
                    source += 1;
                }
                sources.push(source);
            }
            ends.clear();
            ends.extend((first as u32..end as u32).map(|synapse| table.target.of(synapse)));
            let held = |out: &mut [P]| {
                out.iter_mut().zip(first..).for_each(|(out, k)| *out = P::from_f64(weights.number(k)));
            };
            let leaves = FlowLeaves {
                present,
                pre: SideValues { columns: pre, places: Places::List(&sources), positions: &[] },
                post: SideValues {
                    columns: &targets.post,
                    places: Places::List(&ends),
                    positions: &targets.positions,
                },
                weights: held,
            };
            self.value.run(&flow.value, end - first, &leaves);
            for (k, value) in self.value.floats(result)[..end - first].iter().enumerate() {
                let synapse = first + k;
                let delay = table.axonal.of(synapse) + table.dendritic.of(synapse);
                let at = present.tick + i64::from(delay);
                let spot = table.spots[ends[k] as usize];
                let place = spot.index as usize;
                match spot.precision {
                    Precision::F32 => rings.single.slot_mut(at)[place] += value.to_f64() as f32,
                    Precision::F64 => rings.double.slot_mut(at)[place] += value.to_f64(),
                }
            }
        }
    }
}
