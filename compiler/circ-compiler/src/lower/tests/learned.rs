//! Rules, run by the interpreter and held to closed forms.

use super::*;
use circ_numerics::math::exp;
use circ_plan::engine::Values;
use circ_plan::learning::When;

/// A network of projections that connect all to all, with delays and weights that are numbers.
struct Learned {
    engine: Interpreter,
    plan: Plan,
}

impl Learned {
    #[track_caller]
    fn new(source: &str) -> Learned {
        let plan = lowered(source).plan;
        let synapses = plan.projections.iter().map(|projection| all_to_all(projection, plan.dt)).collect();
        Learned { engine: Interpreter::new(Arc::new(plan.clone()), synapses), plan }
    }

    #[track_caller]
    fn to(&mut self, ms: f64) -> &mut Learned {
        let tick = (ms / self.plan.dt).round() as i64;
        let end = self.engine.advance(tick, &AtomicBool::new(false));
        assert!(end.is_ok(), "{end:?}");
        self
    }

    fn place(&self, path: &str) -> usize {
        let found = self.plan.projections.iter().position(|projection| projection.path == path);
        found.unwrap_or_else(|| panic!("no projection `{path}`"))
    }

    /// `P.x`, for all synapses.
    #[track_caller]
    fn all(&self, path: &str, name: &str) -> Vec<f64> {
        let at = self.place(path);
        let learning = self.plan.projections[at].learning.as_ref().expect("a rule");
        let found = learning.observables.iter().position(|it| it.name == name).expect("an observable");
        self.engine.observe_synapses(at as u32, found as u32)
    }

    #[track_caller]
    fn one(&self, path: &str, name: &str) -> f64 {
        self.all(path, name)[0]
    }

    /// A state of a cell.
    fn state(&self, population: usize, name: &str, cell: usize) -> f64 {
        let found = self.plan.populations[population].arrays.iter().position(|it| it.name == name);
        self.engine.array(population as u32, ArrayId(found.expect("an array") as u32))[cell]
    }
}

fn number(quantity: &Quantity) -> f64 {
    match quantity {
        Quantity::Constant(x) => *x,
        Quantity::Program(program) => match program.ops[..] {
            [Op::Float(x)] => x,
            _ => panic!("a number is due, not {program:?}"),
        },
    }
}

fn all_to_all(projection: &ProjectionPlan, dt: f64) -> Synapses {
    let ticks = |quantity: &Quantity| (number(quantity) / dt).round();
    let (sources, targets) = (projection.source.len() as u32, projection.target.len() as u32);
    let pairs: Vec<(u32, u32)> =
        (0..sources).flat_map(|source| (0..targets).map(move |target| (source, target))).collect();
    let learning = projection.learning.as_ref();
    let dendritic = learning.map_or(0.0, |it| ticks(&it.dendritic));
    let back = learning.and_then(|it| it.back.as_ref()).map_or(dendritic, ticks);
    Synapses {
        source: pairs.iter().map(|pair| pair.0).collect(),
        target: pairs.iter().map(|pair| pair.1).collect(),
        weight: Values::Each(vec![number(&projection.weight); pairs.len()]),
        delay: Values::One(ticks(&projection.delay)),
        dendritic: Values::One(dendritic),
        back: Values::One(back),
        ..Synapses::default()
    }
}

/// A source with spikes at these times, and a target `P` that spikes at these: at once, whatever the step.
fn pair(rule: &str, attached: &str, clauses: &str, pre: &[f64], post: &[f64], dt: f64) -> String {
    let events = |times: &[f64]| times.iter().map(|t| format!("({t} ms, 0)")).collect::<Vec<_>>().join(", ");
    let [pre, post] = [pre, post].map(events);
    format!(
        "{rule}
cell C {{
  port exc: excitatory real via delta(got)
  port go: real via delta(due)
  state got = 0
  state due = 0
  state v: voltage = -70 mV
  spike when due > 0 {{ due = 0; v = v + 1 mV }}
}}
circuit K {{
  population S: SpikeTimes[1] {{ events = [{pre}] }}
  population T: SpikeTimes[1] {{ events = [{post}] }}
  population P: C[1]
  projection force: T -> P.go {{ connect all_to_all; weight 1; delay {dt} ms }}
  projection p: S -> P.exc {{ connect all_to_all; weight 1; {clauses}; plasticity {attached} }}
}}
experiment Main of K {{ dt {dt} ms; run 1 ms }}
"
    )
}

const PAIR: &str = "plasticity Pair {
  param up: weight
  param down = 0.02
  param unit: weight
  pre x = trace(17 ms)
  post y = trace(34 ms)
  on pre { w -= down * unit * y }
  on post { w += up * x }
}";

#[test]
fn isolated_pairs_follow_the_window_wherever_their_spikes_are_delayed() {
    for dt in [0.1, 1.0] {
        for (axonal, dendritic, back) in [(2.0, 0.0, 0.0), (3.0, 2.0, 2.0), (0.0, 4.0, 4.0), (2.0, 3.0, 7.0)]
        {
            for lag in [-30.0, -2.0, -1.0, 0.0, 1.0, 5.0, 40.0] {
                // The source's spike reaches the synapse at 50 ms, the target's `lag` later. `force` takes a step.
                let (pre, post) = (50.0 - axonal, 50.0 + lag - back - dt);
                let clauses = format!("delay {axonal} ms; dendritic {dendritic} ms; back {back} ms");
                let mut run =
                    Learned::new(&pair(PAIR, "Pair(up = 0.01, unit = 1)", &clauses, &[pre], &[post], dt));
                run.to(200.0);
                let expected = match lag {
                    0.0 => 1.0,
                    _ if 0.0 < lag => 1.0 + 0.01 * exp(-lag / 17.0f64),
                    _ => 1.0 - 0.02 * exp(lag / 34.0f64),
                };
                near(run.one("p", "w"), expected, 1e-12);
                // What arrived is the weight before the hooks.
                near(run.state(2, "got", 0), 1.0, 0.0);
            }
        }
    }
}

#[test]
fn where_spikes_meet_both_runs_in_place_of_the_others() {
    let rule = "plasticity Meet {
  param unit: weight
  on pre { w += unit }
  on post { w += 10 * unit }
  on pre and post { w += 100 * unit }
}";
    let mut run =
        Learned::new(&pair(rule, "Meet(unit = 1)", "delay 1 ms", &[10.0, 20.0], &[10.0, 30.0], 1.0));
    run.to(100.0);
    // Seen at 11 (both), 21 (source) and 31 (target).
    near(run.one("p", "w"), 1.0 + 100.0 + 1.0 + 10.0, 0.0);
}

#[test]
fn nearest_traces_are_set_and_blocks_react() {
    let rule = "plasticity Traces {
  pre a = trace(20 ms)
  pre n = trace(20 ms, nearest)
  pre b = 0 { 20 ms * b' = -b; on spike { b += 0.5 * (1 - b) } }
  pre late = 0 { 30 ms * late' = b - late }
  post um: voltage = v { 10 ms * um' = v - um }
  synapse all = 0
  synapse near = 0
  synapse block = 0
  synapse behind = 0
  synapse filtered: voltage = 0 mV
  on post { all = a; near = n; block = b; behind = late; filtered = um; w *= 1 }
}";
    let mut run = Learned::new(&pair(rule, "Traces", "delay 1 ms", &[10.0, 15.0], &[5.0, 24.9], 0.1));
    run.to(60.0);
    // Seen at 11 and 16, read by the spike of 25.
    let decay = |ms: f64| exp(-ms / 20.0);
    near(run.one("p", "all"), decay(14.0) + decay(9.0), 1e-13);
    near(run.one("p", "near"), decay(9.0), 1e-14);
    let jump = |b: f64| b + 0.5 * (1.0 - b);
    let (first, second) = (0.5, jump(0.5 * decay(5.0)));
    near(run.one("p", "block"), second * decay(9.0), 1e-13);
    // l' = (b - l) / 30 between the jumps of b.
    let behind = |l: f64, b: f64, t: f64| {
        let (own, other) = (exp(-t / 30.0f64), decay(t));
        l * own + b / 30.0 * (other - own) / (1.0 / 30.0 - 1.0 / 20.0)
    };
    near(run.one("p", "behind"), behind(behind(0.0, first, 5.0), second, 9.0), 1e-13);
    // The voltage jumps by 1 mV at the target's own spike of 5.1 ms; held over each step it is known at once.
    let filtered = -70.0 + 1.0 - exp(-(25.0 - 5.1) / 10.0f64);
    near(run.one("p", "filtered"), filtered, 1e-12);
}

#[test]
fn equations_have_their_closed_form_since_the_last_event() {
    let rule = "plasticity Slow {
  param tau_e = 40 ms
  param tau_w = 300 ms
  param rest: weight
  param unit: weight
  synapse e: weight = 0
  synapse g = 0
  synapse s: weight = 2 * unit
  tau_e * e' = -e
  tau_w * w' = rest - w + 3 * e
  30 ms * g' = 1 - g
  s' = 0.5 * e / 1 s
  on post { e += unit }
}";
    let mut run =
        Learned::new(&pair(rule, "Slow(rest = 0.25, unit = 1)", "delay 1 ms", &[], &[10.0, 50.0], 0.1));
    let law = |e: f64, w: f64, s: f64, t: f64| {
        let (a, b) = (1.0 / 40.0, 1.0 / 300.0);
        let (decayed, own) = (exp(-a * t), exp(-b * t));
        let w = 0.25 + (w - 0.25) * own + 3.0 * e * b * (decayed - own) / (b - a);
        (e * decayed, w, s + 0.5 * e * 40.0 * (1.0 - decayed) / 1000.0)
    };
    run.to(5.0);
    let (e, w, s) = law(0.0, 1.0, 2.0, 5.0);
    assert_eq!(run.one("p", "e"), e);
    near(run.one("p", "w"), w, 1e-14);
    near(run.one("p", "s"), s, 0.0);
    near(run.one("p", "g"), 1.0 - exp(-5.0 / 30.0f64), 1e-14);
    let (e, w, s) = law(0.0, 1.0, 2.0, 10.1);
    let (e, w, s) = law(e + 1.0, w, s, 40.0);
    let (e, w, s) = law(e + 1.0, w, s, 150.0);
    run.to(200.1);
    near(run.one("p", "e"), e, 1e-13);
    near(run.one("p", "w"), w, 1e-13);
    near(run.one("p", "s"), s, 1e-13);
    // Reading moves nothing: the same bits as without it.
    let read = (run.one("p", "w"), run.one("p", "s"));
    let mut again =
        Learned::new(&pair(rule, "Slow(rest = 0.25, unit = 1)", "delay 1 ms", &[], &[10.0, 50.0], 0.1));
    again.to(200.1);
    assert_eq!(read, (again.one("p", "w"), again.one("p", "s")));
    // Nor does anything run in between.
    let learning = again.plan.projections[1].learning.as_ref().expect("a rule");
    assert!(learning.hooks.iter().all(|hook| hook.when != When::Tick));
}

#[test]
fn equal_rates_and_long_silences_are_no_special_cases() {
    let rule = "plasticity Slow {
  param unit: weight
  synapse e: weight = unit
  synapse f: weight = unit
  20 ms * e' = -e
  20 ms * w' = e - w
  1 s * f' = 5 * e - f
}";
    let mut run = Learned::new(&pair(rule, "Slow(unit = 1)", "delay 1 ms", &[], &[], 1.0));
    run.to(30.0);
    // x' = (e - x) / tau with e' = -e / tau: (1 + t / tau) e^(-t / tau).
    near(run.one("p", "w"), (1.0 + 1.5) * exp(-1.5f64), 1e-14);
    run.to(1e6);
    near(run.one("p", "w"), 0.0, 1e-300);
    near(run.one("p", "f"), 0.0, 1e-300);
}

#[test]
fn three_in_a_row_go_through_a_matrix() {
    let rule = "plasticity Chain {
  param unit: weight
  synapse a: weight = unit
  synapse b: weight = 0
  10 ms * a' = -a
  20 ms * b' = a - b
  50 ms * w' = b - w
}";
    let mut run = Learned::new(&pair(rule, "Chain(unit = 1)", "delay 1 ms", &[], &[], 1.0));
    run.to(37.0);
    let (t, taus) = (37.0, [10.0, 20.0, 50.0]);
    // Partial fractions of 1 / prod (1 + s tau), with w = 1 at first.
    let term = |k: usize| {
        let tau: f64 = taus[k];
        let others: f64 = (0..3).filter(|j| *j != k).map(|j| tau - taus[j]).product();
        10.0 * tau / others * exp(-t / tau)
    };
    let expected = term(0) + term(1) + term(2) + exp(-t / 50.0f64);
    near(run.one("p", "w"), expected, 1e-13);
}

#[test]
fn short_term_plasticity_transmits_what_is_there() {
    // Tsodyks, Pawelzik & Markram (1998), eqs. 2.1 to 2.4, for a regular train.
    let rule = "plasticity ShortTerm {
  param U = 0.3
  param tau_rec = 130 ms
  param tau_facil = 530 ms
  synapse u = U
  synapse r = 1
  tau_facil * u' = U - u
  tau_rec * r' = 1 - r
  on pre {
    transmit w * u * r
    r -= u * r
    u += U * (1 - u)
  }
}";
    let times: Vec<f64> = (1..=10).map(|k| 50.0 * f64::from(k)).collect();
    let mut run = Learned::new(&pair(rule, "ShortTerm", "delay 1 ms", &times, &[], 0.5));
    run.to(600.0);
    let (mut u, mut r, mut sum): (f64, f64, f64) = (0.3, 1.0, 0.0);
    for k in 0..10 {
        let t = if k == 0 { 51.0 } else { 50.0 };
        u = 0.3 + (u - 0.3) * exp(-t / 530.0f64);
        r = 1.0 - (1.0 - r) * exp(-t / 130.0f64);
        sum += u * r;
        r -= u * r;
        u += 0.3 * (1.0 - u);
    }
    near(run.state(2, "got", 0), sum, 1e-13);
    near(run.one("p", "w"), 1.0, 0.0);
}

#[test]
fn what_is_sent_where_no_branch_transmits_is_nothing() {
    let rule = "plasticity Gate { synapse open = 0; on pre { if open > 1 { transmit w }; open += 1 } }";
    let mut run = Learned::new(&pair(rule, "Gate", "delay 1 ms", &[1.0, 2.0, 3.0, 4.0], &[], 1.0));
    run.to(20.0);
    near(run.state(2, "got", 0), 2.0, 0.0);
    near(run.one("p", "open"), 4.0, 0.0);
}

#[test]
fn equations_that_read_cells_are_stepped() {
    let rule = "plasticity Read {
  param unit: weight
  synapse e = 0
  20 ms * e' = -e
  w' = unit * (0.1 * e * post.due + (post.v + 70 mV) * 0.01 / 1 mV) / 1 ms
  on pre { e += 1 }
  bounds w in 0 .. 1.5 * unit
}";
    let mut run = Learned::new(&pair(rule, "Read(unit = 1)", "delay 1 ms", &[10.0], &[19.0], 1.0));
    run.to(25.0);
    // The voltage is 1 mV higher from the state of tick 20 on: five steps of 0.01.
    near(run.one("p", "w"), 1.05, 1e-14);
    run.to(500.0);
    near(run.one("p", "w"), 1.5, 0.0);
}

/// Eligibility from 10 ms on, times the level of a pool that gets 2 at 30 ms and spikes then.
fn rewarded(level: &str, dt: f64) -> Learned {
    let rule = "plasticity Reward {
  modulator m: real
  param unit: weight
  synapse e = 0
  100 ms * e' = -e
  w' = unit * m * e / 1 s
  on pre { e += 1 }
  on m { w += 1000 * unit }
}";
    let source = pair(rule, "Reward(m = DA.level, unit = 1)", "delay 1 ms", &[9.0], &[], dt).replace(
        "  population P: C[1]\n",
        "  population P: C[1]\n  population DA: Pool[1]\n  projection reward: T -> DA.up { connect all_to_all; weight 2; delay 1 ms }\n",
    );
    let pool = format!(
        "cell Pool {{ port up: real via delta(level); state {level}; 50 ms * level' = -level; spike when rising(level > 1.5) }}\n"
    );
    Learned::new(&(pool + &source.replace("events = [] }", "events = [(29 ms, 0)] }")))
}

#[test]
fn a_modulator_enters_as_the_exponential_that_it_is() {
    for dt in [0.1, 1.0] {
        let mut run = rewarded("level = 1", dt);
        run.to(60.0);
        let rate = 1.0 / 50.0 + 1.0 / 100.0;
        let area = |level: f64, e: f64, t: f64| level * e * (1.0 - exp(-rate * t)) / rate / 1000.0;
        let first = area(exp(-0.2), 1.0, 20.0);
        let second = area(exp(-0.6) + 2.0, exp(-0.2), 30.0);
        near(run.one("p", "w"), 1.0 + first + 1000.0 + second, 1e-10);
    }
}

#[test]
fn any_other_modulator_is_held_over_each_step() {
    let mut run = rewarded("level in 0 .. 10 = 1", 1.0);
    run.to(60.0);
    let mut w = 1.0;
    let (mut level, mut e): (f64, f64) = (1.0, 0.0);
    for tick in 1..=60 {
        // Exact within the step, with the level as of its start.
        w += level * e * 100.0 * (1.0 - exp(-0.01f64)) / 1000.0;
        level *= exp(-1.0 / 50.0f64);
        e *= exp(-0.01f64);
        if tick == 10 {
            e += 1.0;
        }
        if tick == 30 {
            level += 2.0;
            w += 1000.0;
        }
    }
    near(run.one("p", "w"), w, 1e-11);
}

#[test]
fn what_is_frozen_keeps_its_weight_while_all_else_goes_on() {
    let rule = "plasticity Slow { param unit: weight; synapse n = 0; 10 ms * w' = -w; on pre { n += 1; w += unit } }";
    let mut run = Learned::new(&pair(rule, "Slow(unit = 1)", "delay 1 ms", &[5.0, 15.0], &[], 1.0));
    run.to(10.0);
    let before = run.one("p", "w");
    near(before, (exp(-0.6f64) + 1.0) * exp(-0.4f64), 1e-14);
    run.engine.set_learning_slot(1, UniformId(0), 0.0);
    run.to(20.0);
    assert_eq!(run.one("p", "w"), before);
    assert_eq!(run.one("p", "n"), 2.0);
    run.engine.set_learning_slot(1, UniformId(0), 1.0);
    run.to(30.0);
    near(run.one("p", "w"), before * exp(-1.0f64), 1e-15);
}

#[test]
fn clocked_hooks_see_the_state_after_the_tick() {
    let rule = "plasticity Clock { synapse seen: voltage = 0 mV; every 10 ms { seen = post.v; w *= 0.5 } }";
    let mut run = Learned::new(&pair(rule, "Clock", "delay 1 ms", &[], &[19.0], 1.0));
    run.to(19.0);
    near(run.one("p", "seen"), -70.0, 0.0);
    run.to(20.0);
    near(run.one("p", "seen"), -69.0, 0.0);
    near(run.one("p", "w"), 0.25, 0.0);
}

#[test]
fn a_delay_is_learned_within_its_bounds() {
    let rule = "plasticity Wait { on pre { d += 2 ms }; bounds d in 1 ms .. 4 ms }";
    let mut run = Learned::new(&pair(rule, "Wait", "delay 1 ms", &[10.0, 20.0, 30.0], &[], 1.0));
    run.to(12.0);
    near(run.one("p", "d"), 3.0, 0.0);
    near(run.state(2, "got", 0), 1.0, 0.0);
    run.to(22.0);
    near(run.state(2, "got", 0), 1.0, 0.0);
    run.to(23.0);
    near(run.state(2, "got", 0), 2.0, 0.0);
    near(run.one("p", "d"), 4.0, 0.0);
    run.to(34.0);
    near(run.state(2, "got", 0), 3.0, 0.0);
}

#[test]
fn segments_are_seen_from_where_the_synapse_is() {
    let source = "
plasticity Local {
  synapse local: voltage = 0 mV
  synapse other: voltage = 0 mV
  synapse sum: voltage = 0 mV
  synapse calcium = 0
  post um: voltage = v { 1 s * um' = 0 mV * 1; on ca { um += 5 mV } }
  param unit: weight
  on post.ca { calcium += 1; local = post.v; other = post.soma; sum = post.all; w = unit * um / 1 mV }
}
cell C {
  state soma: voltage = 7 mV
  port go: real via sum
  let all = dend[0].v + dend[1].v + dend[2].v
  segment dend[3] {
    param base = 1
    port syn: excitatory real via sum
    state v: voltage = 10 mV + k * 1 mV
    event ca when t >= 5 ms and t < 6 ms and k == 1
  }
  spike when soma > 100 mV
}
circuit K {
  population S: SpikeTimes[1] { events = [(1 ms, 0)] }
  population P: C[1]
  projection p: S -> P.dend.syn { connect all_to_all; weight 1; delay 1 ms; plasticity Local(unit = 1) }
}
experiment Main of K { dt 1 ms; run 1 ms }
";
    let mut run = Learned::new(source);
    run.to(10.0);
    assert_eq!(run.all("p", "calcium"), [0.0, 1.0, 0.0]);
    assert_eq!(run.all("p", "local"), [0.0, 11.0, 0.0]);
    assert_eq!(run.all("p", "other"), [0.0, 7.0, 0.0]);
    assert_eq!(run.all("p", "sum"), [0.0, 33.0, 0.0]);
    // As it was before the event.
    assert_eq!(run.all("p", "w"), [1.0, 11.0, 1.0]);
}

#[test]
fn parameters_may_differ_from_synapse_to_synapse() {
    let source = "
plasticity Each {
  param unit: weight
  param a = uniform(1, 2)
  param b = 1
  param c: real
  param table: real[3] = [4, 5, 6]
  synapse s = a + 10
  let twice = 2 * a
  on pre { w += unit * (twice + b + c + table[2]) }
}
cell C { param own = 3; port exc: excitatory real via sum }
circuit K {
  population S: SpikeTimes[3] { events = [(1 ms, 0), (1 ms, 1), (1 ms, 2)] }
  population P: C[1]
  projection p: S -> P.exc { connect all_to_all; weight 1; delay 1 ms; plasticity Each(unit = 1, c = 100 * pre.i + post.own) }
}
experiment Main of K { dt 1 ms; run 1 ms }
";
    let mut run = Learned::new(source);
    run.to(5.0);
    let (a, s, w) = (run.all("p", "a"), run.all("p", "s"), run.all("p", "w"));
    assert!(a.iter().all(|a| (1.0..2.0).contains(a)) && a[0] != a[1]);
    for k in 0..3 {
        near(s[k], a[k] + 10.0, 0.0);
        near(w[k], 1.0 + 2.0 * a[k] + 1.0 + 100.0 * k as f64 + 3.0 + 6.0, 1e-12);
    }
}

#[test]
fn single_precision_rounds_what_is_kept() {
    let rule = "plasticity Slow { param unit: weight; synapse e = 0; 10 ms * e' = -e; on pre { e += 1; w += 0.1 * e * unit }; store e as f64 }";
    let source = pair(rule, "Slow(unit = 1)", "delay 1 ms", &[5.0, 15.0], &[], 1.0)
        .replace("cell C {", "cell C {\n  precision f32");
    let mut run = Learned::new(&source);
    run.to(20.0);
    let e = 1.0 + exp(-1.0f64);
    near(run.one("p", "e"), e * exp(-0.4f64), 1e-15);
    let first = f64::from((1.0 + 0.1) as f32);
    assert_eq!(run.one("p", "w"), f64::from((first + 0.1 * e) as f32));
}

#[test]
fn states_of_a_side_are_shared_by_all_rules_that_have_them() {
    let source = pair(PAIR, "Pair(up = 0.01, unit = 1)", "delay 1 ms", &[5.0], &[], 1.0).replace(
        "}\nexperiment",
        "  projection q: S -> P.exc { connect all_to_all; weight 1; delay 2 ms; plasticity Pair(up = 0.5, unit = 1) }\n}\nexperiment",
    );
    let plan = lowered(&source).plan;
    let names = |at: usize| plan.populations[at].arrays.iter().map(|it| it.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(0), ["spikes", "Pair.x", "Pair.x seen"]);
    assert_eq!(names(2), ["got", "due", "v", "Pair.y", "Pair.y seen"]);
}
