//! The naive engine between two ticks as a [`Snapshot`], and one that goes on from one.
//!
//! In: states, lists of what is on its way, and what synapses have still to see. Out: the same lists as the machine's; and back.

use std::collections::BTreeMap;
use std::sync::Arc;

use circ_plan::engine::{Engine, Values};
use circ_plan::ir::*;
use circ_plan::learning::{Learning, SynapseArray};
use circ_plan::plan::*;
use circ_plan::snapshot::*;

use super::Interpreter;
use super::apply::Value;
use super::engine::Target;
use super::learning::events_of;
use super::mail::{Contribution, Mail};
use super::plastic::{Due, Plastic, Spike, learning};
use super::rewire::show_structure;

impl Interpreter {
    pub(super) fn present_state(&mut self) -> Snapshot {
        self.settle();
        let plan = Arc::clone(&self.plan);
        let drives = self.drive_uniforms.iter().zip(&self.drive_cells).map(|(slots, cells)| DriveState {
            slots: slots.iter().map(|value| value.number()).collect(),
            cells: cells.iter().map(|cells| cells.iter().map(|value| value.number()).collect()).collect(),
        });
        let projection = |(at, of): (usize, &ProjectionPlan)| match of.learning {
            Some(_) => ProjectionState {
                weights: None,
                learning: Some(self.learning_state(self.plastic(at as u32))),
            },
            None => {
                let scaled = self.unscaled.contains_key(&(at as u32));
                let weights = match &self.synapses[at].weight {
                    Values::Each(weights) if scaled => Some(weights.clone()),
                    _ => None,
                };
                ProjectionState { weights, learning: None }
            }
        };
        Snapshot {
            tick: self.tick,
            populations: (0..plan.populations.len()).map(|at| self.population_state(at)).collect(),
            drives: drives.collect(),
            projections: plan.projections.iter().enumerate().map(projection).collect(),
        }
    }

    fn population_state(&self, at: usize) -> PopulationState {
        let (plan, state) = (&self.plan.populations[at], &self.states[at]);
        let precision = plan.precision;
        let slot = |(slot, value): (&UniformPlan, &Value)| {
            if slot.role == Role::Derived { 0.0 } else { value.number() }
        };
        let array = |(array, values): (&ArrayPlan, &Vec<Value>)| match array.role {
            Role::Derived => numbers(array.ty, precision, &[]),
            _ => numbers(array.ty, precision, values),
        };
        let past = |k: usize| {
            let kept = self.past.of(at, ArrayId(k as u32));
            kept.into_iter().map(|values| numbers(plan.arrays[k].ty, precision, values)).collect()
        };
        let port = |port: usize| {
            let arrives = |it: &Contribution| !it.learning;
            self.mail.to_port_of(at as u32, port as u32, precision, arrives)
        };
        let flow = |k: usize| {
            let before = |it: &Contribution| it.stamp < self.tick;
            let sums = self.flowing.to_port_of(at as u32, k as u32, precision, before);
            sums.into_iter().filter(|sum| self.tick <= sum.0).collect()
        };
        let narrow = |events: &Vec<(i64, u32)>| events.iter().map(|it| (it.0 as u32, it.1)).collect();
        PopulationState {
            slots: plan.uniforms.iter().zip(&state.uniforms).map(slot).collect(),
            arrays: plan.arrays.iter().zip(&state.arrays).map(array).collect(),
            past: (0..plan.arrays.len()).map(past).collect(),
            arriving: (0..plan.ports.len()).map(port).collect(),
            flowing: (0..plan.arrays.len()).map(flow).collect(),
            events: state.events.iter().map(narrow).collect(),
        }
    }

    fn learning_state(&self, plastic: &Plastic) -> LearningState {
        let rule = learning(&self.plan, plastic.projection);
        let array = |(array, values): (&SynapseArray, &Vec<Value>)| numbers(array.ty, array.store, values);
        let kinds = events_of(rule);
        let (mut spikes, mut events) = (vec![], vec![]);
        for (tick, due) in &plastic.due {
            for (synapse, due) in due {
                spikes.extend(due.spikes.iter().map(|spike| (*tick, spike.stamp, *synapse)));
                let segment = plastic.targets[plastic.target[*synapse as usize] as usize].segment;
                let sees = |kind: &&Vec<EventId>| due.events.contains(&kind[segment]);
                let seen = kinds.iter().enumerate().filter(|(_, kind)| sees(kind));
                events.extend(seen.map(|(kind, _)| (*tick, kind as u32, *synapse)));
            }
        }
        events.sort_unstable();
        let mut state = LearningState {
            slots: plastic.uniforms.iter().map(|value| value.number()).collect(),
            arrays: rule.arrays.iter().zip(&plastic.arrays).map(array).collect(),
            spikes: Spikes::runs(spikes),
            events,
            ..LearningState::default()
        };
        let sent = self.sent(plastic);
        if rule.rewire.is_some() {
            let ticks = |each: &[i64]| each.iter().map(|ticks| *ticks as u32).collect();
            let initial = rule.arrays.iter().zip(&plastic.initial);
            state.structure = Some(Structure {
                source: plastic.source.clone(),
                target: plastic.target.clone(),
                ways: [ticks(&plastic.axonal), ticks(&plastic.dendritic), ticks(&plastic.back)],
                rows: plastic.rows.clone(),
                initial: initial.map(array).collect(),
                sent,
            });
            return state;
        }
        let ends = plastic.source.iter().zip(&plastic.target).zip(&plastic.occurrence);
        let numbers: BTreeMap<(u32, u32, u32), u32> = ends
            .enumerate()
            .map(|(synapse, ((source, target), occurrence))| {
                ((*source, *target, *occurrence), synapse as u32)
            })
            .collect();
        let number = |it: &SentBy| numbers[&(it.source, it.target, it.occurrence)];
        let numbered = sent.iter().map(|it| Sent {
            tick: it.tick,
            stamp: it.stamp,
            synapse: number(it),
            value: it.value,
        });
        state.sent = numbered.collect();
        state
    }

    /// What the synapses of a projection have sent, and what those that are gone have.
    fn sent(&self, plastic: &Plastic) -> Vec<SentBy> {
        let rank = self.rank(Sender::Projection(plastic.projection));
        let ports = &self.plan.projections[plastic.projection as usize].ports;
        let place = |target: &Target| {
            // What carries values ends at no port.
            let port = ports.get(target.segment).map_or(0, |port| port.0);
            (target.population, port, target.cell)
        };
        let positions: BTreeMap<_, u32> =
            plastic.targets.iter().enumerate().map(|(at, target)| (place(target), at as u32)).collect();
        let here = self.mail.all().filter(|(_, it)| it.learning && it.sender == rank);
        let by = |(tick, it): (i64, &Contribution)| SentBy {
            tick,
            stamp: it.stamp,
            source: it.source,
            target: positions[&(it.population, it.port, it.cell)],
            occurrence: it.synapse,
            value: it.value,
        };
        let mut sent: Vec<SentBy> = here.map(by).collect();
        sent.sort_by_key(SentBy::place);
        sent
    }

    pub(super) fn go_on_from(&mut self, snapshot: &Snapshot) {
        let plan = Arc::clone(&self.plan);
        self.tick = snapshot.tick;
        (self.mail, self.flowing) = (Mail::default(), Mail::default());
        for (at, from) in snapshot.populations.iter().enumerate() {
            self.put_population(&plan, at, from);
        }
        for (at, (drive, from)) in plan.drives.iter().zip(&snapshot.drives).enumerate() {
            let value =
                |(slot, value): (&UniformPlan, &f64)| Value::from_number(slot.ty, Precision::F64, *value);
            self.drive_uniforms[at] = drive.uniforms.iter().zip(&from.slots).map(value).collect();
            let cells = |cells: &Vec<f64>| cells.iter().map(|value| Value::Float(*value)).collect();
            self.drive_cells[at] = from.cells.iter().map(cells).collect();
        }
        self.past.put(snapshot.tick, |population, array| {
            let state = &snapshot.populations[population];
            let past = match &state.past[array.0 as usize][..] {
                [] => std::slice::from_ref(&state.arrays[array.0 as usize]),
                past => past,
            };
            let ty = plan.populations[population].arrays[array.0 as usize].ty;
            past.iter().map(move |numbers| values(ty, numbers))
        });
        for (at, from) in snapshot.projections.iter().enumerate() {
            match &from.learning {
                Some(learning) => self.put_learning(&plan, at as u32, learning),
                None => self.put_weights(at as u32, from.weights.as_deref()),
            }
        }
        self.forget_samples(snapshot.tick + 1);
        self.changed = true;
        self.settle();
    }

    fn put_population(&mut self, plan: &Plan, at: usize, from: &PopulationState) {
        let (of, state) = (&plan.populations[at], &mut self.states[at]);
        for ((slot, plan), value) in state.uniforms.iter_mut().zip(&of.uniforms).zip(&from.slots) {
            if plan.role != Role::Derived {
                *slot = Value::from_number(plan.ty, of.precision, *value);
            }
        }
        for ((array, plan), numbers) in state.arrays.iter_mut().zip(&of.arrays).zip(&from.arrays) {
            if plan.role != Role::Derived {
                *array = values(plan.ty, numbers);
            }
        }
        for (events, from) in state.events.iter_mut().zip(&from.events) {
            *events = from.iter().map(|(tick, cell)| (i64::from(*tick), *cell)).collect();
        }
        state.derive(plan, of);
        let contribution = |port: usize, cell: u32, value: f64| Contribution {
            population: at as u32,
            port: port as u32,
            cell,
            learning: false,
            // Before all that is still to be sent.
            stamp: self.tick - 1,
            sender: 0,
            source: 0,
            synapse: 0,
            value,
        };
        for (port, sums) in from.arriving.iter().enumerate() {
            sums.iter().for_each(|sum| self.mail.send(sum.0, contribution(port, sum.1, sum.2)));
        }
        for (array, sums) in from.flowing.iter().enumerate() {
            sums.iter().for_each(|sum| self.flowing.send(sum.0, contribution(array, sum.1, sum.2)));
        }
    }

    fn put_weights(&mut self, projection: u32, weights: Option<&[f64]>) {
        let held = &mut self.synapses[projection as usize].weight;
        match weights {
            Some(weights) => {
                let before = std::mem::replace(held, Values::Each(weights.to_vec()));
                self.unscaled.entry(projection).or_insert(before);
            }
            None => {
                if let Some(before) = self.unscaled.remove(&projection) {
                    *held = before;
                }
            }
        }
    }

    fn put_learning(&mut self, plan: &Plan, projection: u32, from: &LearningState) {
        let rule = learning(plan, projection);
        let rank = self.rank(Sender::Projection(projection));
        let plastic = self.plastic.iter_mut().find(|it| it.projection == projection);
        let plastic = plastic.expect("only projections that learn have such a state");
        for ((slot, of), value) in plastic.uniforms.iter_mut().zip(&rule.uniforms).zip(&from.slots) {
            *slot = Value::from_number(of.ty, rule.precision, *value);
        }
        for ((values_of, array), numbers) in plastic.arrays.iter_mut().zip(&rule.arrays).zip(&from.arrays) {
            *values_of = values(array.ty, numbers);
        }
        if let Some(structure) = &from.structure {
            plastic.put(structure, rule);
            show_structure(&mut self.synapses[projection as usize], plastic);
        }
        plastic.due = BTreeMap::new();
        for &Spikes { tick, stamp, first, end } in &from.spikes {
            for synapse in first..end {
                let due: &mut Due = plastic.due.entry(tick).or_default().entry(synapse).or_default();
                due.spikes.push(Spike { stamp, axonal: tick - stamp });
                due.spikes.sort_unstable();
            }
        }
        let kinds = events_of(rule);
        for &(tick, kind, synapse) in &from.events {
            let segment = plastic.targets[plastic.target[synapse as usize] as usize].segment;
            let due = plastic.due.entry(tick).or_default().entry(synapse).or_default();
            due.events.push(kinds[kind as usize][segment]);
        }
        let of = &plan.projections[projection as usize];
        let contribution = |position: u32, stamp: i64, source: u32, synapse: u32, value: f64| {
            let target = plastic.targets[position as usize];
            let (population, cell) = (target.population, target.cell);
            let port = of.ports[target.segment].0;
            Contribution {
                population,
                port,
                cell,
                learning: true,
                stamp,
                sender: rank,
                source,
                synapse,
                value,
            }
        };
        for &Sent { tick, stamp, synapse, value } in &from.sent {
            let k = synapse as usize;
            let sent =
                contribution(plastic.target[k], stamp, plastic.source[k], plastic.occurrence[k], value);
            self.mail.send(tick, sent);
        }
        for it in from.structure.iter().flat_map(|structure| &structure.sent) {
            self.mail.send(it.tick, contribution(it.target, it.stamp, it.source, it.occurrence, it.value));
        }
    }
}

impl Plastic {
    /// The synapses that there were; what they hold and have still to see is put elsewhere.
    fn put(&mut self, from: &Structure, rule: &Learning) {
        let ticks = |each: &Vec<u32>| each.iter().map(|ticks| i64::from(*ticks)).collect();
        let [axonal, dendritic, back] = &from.ways;
        (self.axonal, self.dendritic, self.back) = (ticks(axonal), ticks(dendritic), ticks(back));
        (self.source, self.target) = (from.source.clone(), from.target.clone());
        self.rows.clone_from(&from.rows);
        self.initial =
            rule.arrays.iter().zip(&from.initial).map(|(array, numbers)| values(array.ty, numbers)).collect();
        self.number(rule);
    }
}

/// Values as they are held.
fn numbers(ty: Ty, precision: Precision, values: &[Value]) -> Numbers {
    match (ty, precision) {
        (Ty::Float, Precision::F32) => Numbers::Single(values.iter().map(|it| it.number() as f32).collect()),
        (Ty::Float, Precision::F64) => Numbers::Double(values.iter().map(|it| it.number()).collect()),
        (Ty::Int | Ty::Tick, _) => {
            let whole = |value: &Value| match *value {
                Value::Int(x) | Value::Tick(x) => x,
                Value::Float(_) | Value::Bool(_) => value.number() as i64,
            };
            Numbers::Whole(values.iter().map(whole).collect())
        }
        (Ty::Bool, _) => Numbers::Truth(values.iter().map(|it| it.truth()).collect()),
    }
}

/// And back.
fn values(ty: Ty, numbers: &Numbers) -> Vec<Value> {
    match numbers {
        Numbers::Single(x) => x.iter().map(|x| Value::Float(f64::from(*x))).collect(),
        Numbers::Double(x) => x.iter().map(|x| Value::Float(*x)).collect(),
        Numbers::Whole(x) if ty == Ty::Int => x.iter().map(|x| Value::Int(*x)).collect(),
        Numbers::Whole(x) => x.iter().map(|x| Value::Tick(*x)).collect(),
        Numbers::Truth(x) => x.iter().map(|x| Value::Bool(*x)).collect(),
    }
}
