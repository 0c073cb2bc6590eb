//! Learning, naively: synapse by synapse, tick by tick, with programs evaluated one number at a time.

use circ_numerics::random::{Counter, draw};
use circ_plan::engine::{Engine, Synapses};
use circ_plan::ir::*;
use circ_plan::learning::*;
use circ_plan::plan::*;
use circ_runtime::{Machine, Network};

use super::{at, cells};

/// What a rule sees of cells.
#[derive(Clone, Copy)]
pub struct Seen<'a> {
    pub plan: &'a Plan,
    /// By tick, population, cell.
    pub past: &'a [Vec<Vec<f64>>],
    /// By population.
    pub events: &'a [Vec<(i64, u32)>],
}

/// Before and after the cells make a tick.
#[derive(Clone, Copy, PartialEq)]
pub enum Half {
    First,
    Second,
}

/// The tick of arrival, (population, port, cell), (stamp, source, synapse), the value.
type Sent = (i64, (u32, u32, u32), [i64; 3], f64);

/// The synapses of a projection that learns.
pub struct NaiveRule {
    pub projection: u32,
    synapses: Synapses,
    occurrence: Vec<u32>,
    /// By array, then synapse.
    pub arrays: Vec<Vec<f64>>,
    /// Of learned delays: (synapse, stamp, tick at which it is seen).
    spikes: Vec<(usize, i64, i64)>,
    /// The first check that failed: (tick, synapse), its place.
    pub fault: Option<((i64, usize), u32)>,
}

/// When a program runs: the tick, the tick that columns are read from, the axonal delay.
#[derive(Clone, Copy)]
struct Moments {
    now: i64,
    from: i64,
    axonal: i64,
}

fn learning(plan: &Plan, projection: u32) -> &Learning {
    plan.projections[projection as usize].learning.as_deref().expect("it learns")
}

fn round(precision: Precision, x: f64) -> f64 {
    match precision {
        Precision::F32 => f64::from(x as f32),
        Precision::F64 => x,
    }
}

impl NaiveRule {
    /// Those of a plan, before tick 0.
    pub fn all(plan: &Plan, network: &Network) -> Vec<NaiveRule> {
        let learns =
            (0..plan.projections.len() as u32).filter(|k| plan.projections[*k as usize].learning.is_some());
        learns.map(|k| NaiveRule::new(plan, k, network.synapses(k))).collect()
    }

    fn new(plan: &Plan, projection: u32, synapses: Synapses) -> NaiveRule {
        let learning = learning(plan, projection);
        let pairs: Vec<_> = synapses.source.iter().zip(&synapses.target).collect();
        let of = |k: usize| (0..k).rev().take_while(|j| pairs[*j] == pairs[k]).count() as u32;
        let occurrence = (0..pairs.len()).map(of).collect();
        let n = pairs.len();
        let mut rule = NaiveRule {
            projection,
            occurrence,
            arrays: learning.arrays.iter().map(|_| vec![0.0; n]).collect(),
            spikes: vec![],
            fault: None,
            synapses,
        };
        let seen = Seen { plan, past: &[], events: &[] };
        for k in 0..n {
            rule.arrays[0][k] = round(learning.arrays[0].store, at(&rule.synapses.weight, k));
            if let Some(delay) = learning.delay {
                rule.arrays[delay.0 as usize][k] = rule.first_axonal(k) as f64 * plan.dt;
            }
            rule.run(seen, &learning.init, k, Moments { now: 0, from: 0, axonal: 0 });
        }
        rule
    }

    fn first_axonal(&self, k: usize) -> i64 {
        (at(&self.synapses.delay, k) - at(&self.synapses.dendritic, k)) as i64
    }

    fn dendritic(&self, k: usize) -> i64 {
        at(&self.synapses.dendritic, k) as i64
    }

    fn back(&self, k: usize) -> i64 {
        at(&self.synapses.back, k) as i64
    }

    fn axonal(&self, plan: &Plan, k: usize) -> i64 {
        let learning = learning(plan, self.projection);
        match (learning.longest, learning.delay) {
            (Some(longest), Some(delay)) => {
                let ticks = |ms: f64| (ms / plan.dt).round() as i64;
                let least = (1 - self.dendritic(k)).max(0);
                ticks(self.arrays[delay.0 as usize][k]).min(ticks(longest)).max(least)
            }
            _ => self.first_axonal(k),
        }
    }

    /// A half of a tick; returns what is sent.
    pub fn tick(&mut self, seen: Seen, tick: i64, half: Half) -> Vec<Sent> {
        let plan = seen.plan;
        let learning = learning(plan, self.projection);
        let projection = &plan.projections[self.projection as usize];
        let (sources, targets) = (cells(&projection.source), cells(&projection.target));
        let mut sent = vec![];
        let had = |p: u32, event: EventId, c: u32, s: i64| {
            event.0 == 0 && seen.events[p as usize].binary_search(&(s, c)).is_ok()
        };
        for k in 0..self.synapses.source.len() {
            if half == Half::First && 0 < tick {
                for hook in learning.hooks.iter().filter(|h| h.when == When::Tick) {
                    let axonal = self.axonal(plan, k);
                    self.run(seen, &hook.program, k, Moments { now: tick, from: tick - 1, axonal });
                }
            }
            let source = sources[self.synapses.source[k] as usize];
            let target = targets[self.synapses.target[k] as usize];
            let spike = |s: i64| had(source.0, projection.source_events[source.2], source.1, s);
            if half == Half::Second && spike(tick) {
                self.spikes.push((k, tick, tick + self.axonal(plan, k)));
            }
            let back = self.back(k);
            let event = |events: &[EventId]| had(target.0, events[target.2], target.1, tick - back);
            let stamps: Vec<i64> =
                self.spikes.iter().filter(|s| s.0 == k && s.2 == tick).map(|s| s.1).collect();
            let both = learning.both.as_ref().filter(|both| !stamps.is_empty() && event(&both.events));
            // What is sent at once needs nothing of this tick, all else may.
            if (self.dendritic(k) == 0) == (half == Half::First) {
                for &stamp in &stamps {
                    let transmit =
                        both.and_then(|both| both.transmit.as_ref()).or(learning.transmit.as_ref());
                    let when = Moments { now: tick, from: tick, axonal: tick - stamp };
                    let value = match transmit {
                        Some(program) => {
                            let (values, result) = self.evaluate(seen, program, k, when);
                            self.check(program, &values, k, tick);
                            result
                        }
                        None => self.arrays[0][k],
                    };
                    let place = (target.0, projection.ports[target.2].0, target.1);
                    let order = [stamp, i64::from(self.synapses.source[k]), k as i64];
                    sent.push((tick + self.dendritic(k), place, order, value));
                }
            }
            if half == Half::First {
                continue;
            }
            for stamp in stamps {
                let when = Moments { now: tick, from: tick, axonal: tick - stamp };
                match both {
                    Some(both) => self.run(seen, &both.program, k, when),
                    None => self.hooks(seen, k, when, |w| *w == When::Pre),
                }
            }
            let replaced =
                |events: &[EventId]| both.is_some_and(|both| both.events[target.2] == events[target.2]);
            let post = |w: &When| matches!(w, When::Post(events) if event(events) && !replaced(events));
            let when = |axonal| Moments { now: tick, from: tick, axonal };
            self.hooks(seen, k, when(self.axonal(plan, k)), post);
            let position = self.synapses.target[k] as usize;
            let modulated = |w: &When| match w {
                When::Modulator(view, events) => {
                    let of = cells(view)[if view.len() == 1 { 0 } else { position }];
                    had(of.0, events[of.2], of.1, tick)
                }
                _ => false,
            };
            self.hooks(seen, k, when(self.axonal(plan, k)), modulated);
            let every = |w: &When| matches!(w, When::Every(n) if 0 < tick && tick % n == 0);
            self.hooks(seen, k, when(self.axonal(plan, k)), every);
        }
        sent
    }

    fn hooks(&mut self, seen: Seen, k: usize, when: Moments, due: impl Fn(&When) -> bool) {
        for hook in learning(seen.plan, self.projection).hooks.iter().filter(|hook| due(&hook.when)) {
            let when = match hook.when {
                When::Pre => when,
                _ => Moments { axonal: self.axonal(seen.plan, k), ..when },
            };
            self.run(seen, &hook.program, k, when);
        }
    }

    fn check(&mut self, program: &Program, values: &[f64], k: usize, tick: i64) {
        let failed = program.checks.iter().find(|check| !values[check.value.0 as usize].is_finite());
        if let Some(check) = failed
            && self.fault.is_none_or(|(first, _)| (tick, k) < first)
        {
            self.fault = Some(((tick, k), check.place));
        }
    }

    /// The first fault of all rules: (tick, projection, source, target, place).
    pub fn first_fault(rules: &[NaiveRule]) -> Option<(i64, u32, u32, u32, u32)> {
        let of = |rule: &NaiveRule| {
            let ((tick, k), place) = rule.fault?;
            Some((tick, rule.projection, rule.synapses.source[k], rule.synapses.target[k], place))
        };
        rules.iter().filter_map(of).min_by_key(|fault| (fault.0, fault.1))
    }

    fn run(&mut self, seen: Seen, program: &Program, k: usize, when: Moments) {
        let (values, _) = self.evaluate(seen, program, k, when);
        self.check(program, &values, k, when.now);
        let learning = learning(seen.plan, self.projection);
        for output in &program.outputs {
            if let Output::Array(array, value) = output {
                let store = learning.arrays[array.0 as usize].store;
                self.arrays[array.0 as usize][k] = round(store, values[value.0 as usize]);
            }
        }
    }

    /// All values, and the result.
    fn evaluate(&self, seen: Seen, program: &Program, k: usize, when: Moments) -> (Vec<f64>, f64) {
        let mut values: Vec<f64> = vec![];
        for op in &program.ops {
            let v = |id: &ValueId| values[id.0 as usize];
            let value = match op {
                Op::Float(x) => *x,
                Op::Load(side, array) => self.load(seen, *side, array.0 as usize, k, when),
                Op::Uniform(slot) => learning(seen.plan, self.projection).uniforms[slot.0 as usize].value,
                Op::Time(_) => when.now as f64 * seen.plan.dt,
                Op::Index(Side::Pre) => f64::from(self.synapses.source[k]),
                Op::Index(_) => f64::from(self.synapses.target[k]),
                Op::ToFloat(a) => v(a),
                Op::Add(a, b) => v(a) + v(b),
                Op::Sub(a, b) => v(a) - v(b),
                Op::Mul(a, b) => v(a) * v(b),
                Op::Min(a, b) => {
                    if v(a) < v(b) {
                        v(a)
                    } else {
                        v(b)
                    }
                }
                Op::Max(a, b) => {
                    if v(a) > v(b) {
                        v(a)
                    } else {
                        v(b)
                    }
                }
                Op::Draw { distribution, args, key, salt } => {
                    let (args, salt) = ([v(&args[0]), v(&args[1])], salt + 64 * self.occurrence[k]);
                    let (entity, partner) = (self.synapses.source[k], self.synapses.target[k]);
                    let at = Counter { entity, partner, tick: when.now as u32, salt };
                    let key = learning(seen.plan, self.projection).keys[key.0 as usize];
                    match program.precision {
                        Precision::F64 => draw(*distribution, args, key, at),
                        Precision::F32 => f64::from(draw(*distribution, args.map(|x| x as f32), key, at)),
                    }
                }
                other => panic!("these tests do without {other:?}"),
            };
            values.push(round(program.precision, value));
        }
        let result = program.outputs.iter().find_map(|output| match output {
            Output::Result(value) => Some(values[value.0 as usize]),
            _ => None,
        });
        (values, result.unwrap_or(0.0))
    }

    fn load(&self, seen: Seen, side: Side, column: usize, k: usize, when: Moments) -> f64 {
        let learning = learning(seen.plan, self.projection);
        let projection = &seen.plan.projections[self.projection as usize];
        let (source, target) = (self.synapses.source[k] as usize, self.synapses.target[k] as usize);
        let value = |column: Column, cell: u32, tick: i64| match column {
            Column::Array(p, _) => seen.past[tick.max(0) as usize][p as usize][cell as usize],
            Column::Uniform(p, slot) => seen.plan.populations[p as usize].uniforms[slot.0 as usize].value,
            Column::Constant(x) => x,
        };
        match (side, learning.post.get(column)) {
            (Side::Own, _) => self.arrays[column][k],
            (Side::Pre, _) => {
                let (_, cell, segment) = cells(&projection.source)[source];
                value(learning.pre[column][segment], cell, when.from - when.axonal)
            }
            (Side::Post, Some(Signal::Target(columns))) => {
                let (_, cell, segment) = cells(&projection.target)[target];
                value(columns[segment], cell, when.from - self.back(k))
            }
            (Side::Post, Some(signal @ (Signal::Modulator(of) | Signal::Before(of)))) => {
                let (_, cell, segment) = cells(&of.view)[if of.view.len() == 1 { 0 } else { target }];
                let ago = i64::from(matches!(signal, Signal::Before(_)));
                value(of.columns[segment], cell, when.from - ago)
            }
            (Side::Post, None) => panic!("there is no such column"),
        }
    }

    /// A machine holds the same.
    #[track_caller]
    pub fn compare(&self, machine: &Machine, what: &str) {
        let bits = |x: &[f64]| x.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        for (k, array) in self.arrays.iter().enumerate() {
            let held = machine.synapse_array(self.projection, ArrayId(k as u32));
            assert_eq!(bits(&held), bits(array), "array {k} of projection {} on {what}", self.projection);
        }
    }
}
