//! Measured orders of convergence, exactness, variances: each on a problem with a closed form.

use std::collections::BTreeMap;

use circ_numerics::math::{exp, log};
use circ_numerics::random::{Counter, draw};
use circ_plan::ir::*;

use super::*;
use crate::interpret::apply::{Value, apply};
use crate::kernel::ops::operands;

/// Sources of noise are this array and above.
const NOISE: u32 = 1000;

/// A system under test: builds the derivatives of variables (loads 0, 1, ...) and steps them.
struct Trial {
    program: Program,
    step_ms: f64,
    choices: Vec<Choice>,
}

fn leaf(b: &mut Builder, index: u32) -> ValueId {
    b.load(Side::Own, ArrayId(index), Ty::Float)
}

#[track_caller]
fn trial<const N: usize>(
    method: Method,
    step_ms: f64,
    equations: impl Fn(&mut Builder) -> [ValueId; N],
) -> Trial {
    match try_trial(method, step_ms, equations) {
        Ok(trial) => trial,
        Err(problem) => panic!("{problem:?}"),
    }
}

fn try_trial<const N: usize>(
    method: Method,
    step_ms: f64,
    equations: impl Fn(&mut Builder) -> [ValueId; N],
) -> Result<Trial, Problem> {
    let mut b = Builder::new("step", Precision::F64);
    let derivatives = equations(&mut b);
    let equations: Vec<Equation> = derivatives
        .into_iter()
        .enumerate()
        .map(|(k, derivative)| Equation::plain(leaf(&mut b, k as u32), derivative, Kind::State))
        .collect();
    let (zero, one) = (b.float(0.0), b.float(1.0));
    let sources: Vec<Source> = (0..2)
        .map(|k| Source {
            noise: leaf(&mut b, NOISE + k),
            draw: b.draw(Distribution::Normal, vec![zero, one], KeyId(k), 0),
        })
        .collect();
    let parameter = |op: &Op| matches!(op, Op::Uniform(_));
    let system = System {
        equations: &equations,
        effects: &[],
        couplings: &[],
        sources: &sources,
        inputs: &[],
        step_ms,
        method,
        parameter: &parameter,
    };
    let solution = solve(&mut b, &system)?;
    let outputs =
        solution.next.iter().enumerate().map(|(k, v)| Output::Array(ArrayId(k as u32), *v)).collect();
    Ok(Trial { program: b.finish(outputs, vec![]), step_ms, choices: solution.choices })
}

impl Trial {
    fn step(&self, state: &mut [f64], now: i64, uniforms: &[f64]) {
        let start = (now - 1) as f64 * self.step_ms;
        let mut values: Vec<Value> = vec![];
        for op in &self.program.ops {
            let value = match op {
                Op::Load(_, array) => Value::Float(state[array.0 as usize]),
                Op::Uniform(uniform) => Value::Float(uniforms[uniform.0 as usize]),
                Op::Time(Moment::Start) => Value::Float(start),
                Op::Draw { distribution, args, key, salt } => {
                    let args: Vec<f64> = args.iter().map(|v| values[v.0 as usize].float()).collect();
                    let counter = Counter { entity: 0, partner: 0, tick: now as u32, salt: *salt };
                    let args = [args[0], args.get(1).copied().unwrap_or(0.0)];
                    Value::Float(draw(*distribution, args, [key.0, 7], counter))
                }
                op => {
                    apply(Precision::F64, op, &|v: ValueId| values[v.0 as usize]).expect("a closed operation")
                }
            };
            values.push(value);
        }
        for output in &self.program.outputs {
            let Output::Array(array, value) = output else { panic!("states only") };
            state[array.0 as usize] = values[value.0 as usize].float();
        }
    }

    fn run(&self, mut state: Vec<f64>, steps: i64) -> Vec<f64> {
        for now in 1..=steps {
            self.step(&mut state, now, &[20.0, 5.0]);
        }
        state
    }

    fn schemes(&self) -> Vec<Scheme> {
        self.choices.iter().map(|c| c.scheme).collect()
    }
}

/// `x' = x (1 - x)`, not linear.
fn logistic(b: &mut Builder) -> [ValueId; 1] {
    let (x, one) = (leaf(b, 0), b.float(1.0));
    let rest = b.sub(one, x);
    [b.mul(x, rest)]
}

/// Errors at 1 ms over halved steps, from 0.1; the last ratio of two gives the order.
#[track_caller]
fn check_order(
    method: Method,
    order: f64,
    expected: [f64; 1],
    from: f64,
    equations: fn(&mut Builder) -> [ValueId; 1],
) {
    let errors: Vec<f64> = [8, 16, 32, 64]
        .into_iter()
        .map(|steps| {
            let trial = trial(method, 1.0 / steps as f64, equations);
            (trial.run(vec![from], steps)[0] - expected[0]).abs()
        })
        .collect();
    for pair in errors.windows(2) {
        let measured = log(pair[0] / pair[1]) / log(2.0);
        assert!((measured - order).abs() < 0.25, "{method:?}: order {measured}, errors {errors:?}");
    }
}

#[test]
fn methods_converge_with_their_order() {
    let from = 0.1;
    let at_one = from * exp(1.0) / (1.0 + from * (exp(1.0) - 1.0));
    for (method, order) in [
        (Method::Euler, 1.0),
        (Method::Rk2, 2.0),
        (Method::Auto, 2.0),
        (Method::Heun, 2.0),
        (Method::Rk4, 4.0),
        (Method::Implicit, 1.0),
    ] {
        check_order(method, order, [at_one], from, logistic);
    }
}

/// `x' = -x cos t`: linear, its coefficient varies. x = exp(-sin t).
fn modulated(b: &mut Builder) -> [ValueId; 1] {
    let (x, t) = (leaf(b, 0), b.time(Moment::Start));
    let rate = b.call1(Function::Cos, t);
    let product = b.mul(x, rate);
    [b.neg(product)]
}

#[test]
fn a_coefficient_of_time_is_read_at_the_stages() {
    let expected = exp(-circ_numerics::math::sin(1.0));
    for (method, order) in
        [(Method::ExponentialEuler, 1.0), (Method::Rk2, 2.0), (Method::Rk4, 4.0), (Method::Heun, 2.0)]
    {
        check_order(method, order, [expected], 1.0, modulated);
    }
}

/// A membrane, a synaptic current that decays and one more stage before it: `x0` is driven by `x1`, `x1` by `x2`.
fn chain(taus: [f64; 3]) -> impl Fn(&mut Builder) -> [ValueId; 3] {
    move |b| {
        let x = [0, 1, 2].map(|k| leaf(b, k));
        let input = b.float(3.0);
        let mut out = [x[0]; 3];
        for k in 0..3 {
            let tau = b.float(taus[k]);
            let gain = b.sub(if k < 2 { x[k + 1] } else { input }, x[k]);
            out[k] = b.div(gain, tau);
        }
        out
    }
}

#[test]
fn coupled_linear_equations_are_exact_at_any_step() {
    for taus in [[20.0, 5.0, 2.0], [5.0, 5.0, 5.0], [5.0, 5.0 * (1.0 + 1e-9), 2.0]] {
        let fine = trial(Method::Auto, 0.125, chain(taus));
        assert_eq!(fine.schemes(), [Scheme::Exact; 3]);
        let from = vec![1.0, -2.0, 4.0];
        let reference = fine.run(from.clone(), 128);
        for (step, steps) in [(1.0, 16), (4.0, 4), (16.0, 1)] {
            let found = trial(Method::Exact, step, chain(taus)).run(from.clone(), steps);
            for (x, y) in found.iter().zip(&reference) {
                assert!((x - y).abs() < 1e-12 * y.abs().max(1.0), "{found:?} {reference:?}");
            }
        }
    }
}

#[test]
fn equal_time_constants_follow_the_alpha_function() {
    // y' = -y / tau, g' = y - g / tau: g = y0 t exp(-t / tau).
    let alpha = |b: &mut Builder| {
        let (g, y, tau) = (leaf(b, 0), leaf(b, 1), b.uniform(UniformId(1), Ty::Float));
        let (decay_g, decay_y) = (b.div(g, tau), b.div(y, tau));
        [b.sub(y, decay_g), b.neg(decay_y)]
    };
    let found = trial(Method::Auto, 7.0, alpha).run(vec![0.0, 2.0], 2);
    let expected = 2.0 * 14.0 * exp(-14.0 / 5.0);
    assert!((found[0] - expected).abs() < 1e-12, "{found:?} {expected}");
}

#[test]
fn stages_see_exact_variables_at_their_time() {
    // x' = y^2 with y' = -y exact: x(1) = (1 - exp(-2)) / 2.
    let system = |b: &mut Builder| {
        let y = leaf(b, 1);
        [b.mul(y, y), b.neg(y)]
    };
    let error = |steps: i64| {
        let trial = trial(Method::Rk2, 1.0 / steps as f64, system);
        (trial.run(vec![0.0, 1.0], steps)[0] - (1.0 - exp(-2.0)) / 2.0).abs()
    };
    let auto = trial(Method::Auto, 0.1, system);
    assert_eq!(auto.schemes(), [Scheme::ExponentialEuler, Scheme::Exact]);
    for steps in [8, 16, 32] {
        let order = log(error(steps) / error(2 * steps)) / log(2.0);
        assert!((order - 2.0).abs() < 0.2, "{order}");
    }
}

#[test]
fn a_stationary_ornstein_uhlenbeck_process_keeps_its_variance() {
    // tau x' = -x + sigma sqrt(2 tau) xi, sigma = 3, at a step as long as tau.
    let system = |b: &mut Builder| {
        let (x, xi, tau) = (leaf(b, 0), leaf(b, NOISE), b.uniform(UniformId(0), Ty::Float));
        let (two, sigma) = (b.float(2.0), b.float(3.0));
        let twice = b.mul(two, tau);
        let root = b.sqrt(twice);
        let amplitude = b.mul(sigma, root);
        let noise = b.mul(amplitude, xi);
        let sum = b.sub(noise, x);
        [b.div(sum, tau)]
    };
    let trial = trial(Method::Auto, 20.0, system);
    assert_eq!(trial.schemes(), [Scheme::OrnsteinUhlenbeck]);
    let mut state = vec![0.0];
    let (mut sum, steps) = (0.0, 40_000);
    for now in 1..=steps {
        trial.step(&mut state, now, &[20.0, 5.0]);
        sum += state[0] * state[0];
    }
    let variance = sum / steps as f64;
    // The standard error of a variance of 9 over some 30,000 independent samples is 0.07.
    assert!((variance - 9.0).abs() < 0.3, "{variance}");
}

/// `x' = x xi`: Itô has x = exp(W - t/2), Stratonovich x = exp(W).
fn geometric(b: &mut Builder) -> [ValueId; 1] {
    let (x, xi) = (leaf(b, 0), leaf(b, NOISE));
    [b.mul(x, xi)]
}

#[test]
fn multiplicative_noise_is_ito_unless_heun() {
    let steps = 4000;
    let walk: f64 = (1..=steps)
        .map(|now| {
            let counter = Counter { entity: 0, partner: 0, tick: now as u32, salt: 0 };
            draw(Distribution::Normal, [0.0, 1.0], [0, 7], counter) * (1.0 / steps as f64).sqrt()
        })
        .sum();
    for (method, scheme, expected) in
        [(Method::Auto, Scheme::EulerMaruyama, exp(walk - 0.5)), (Method::Heun, Scheme::Heun, exp(walk))]
    {
        let trial = trial(method, 1.0 / steps as f64, geometric);
        assert_eq!(trial.schemes(), [scheme]);
        let found = trial.run(vec![1.0], steps)[0];
        assert!((found / expected - 1.0).abs() < 0.06, "{method:?}: {found}, not {expected}");
    }
}

#[test]
fn one_source_in_two_equations_is_the_same_noise() {
    let system = |b: &mut Builder| {
        let (xi, other) = (leaf(b, NOISE), leaf(b, NOISE + 1));
        [xi, xi, other]
    };
    let found = trial(Method::Auto, 0.5, system).run(vec![0.0, 0.0, 0.0], 3);
    assert_eq!(found[0], found[1]);
    assert_ne!(found[0], found[2]);
}

#[test]
fn an_implicit_step_is_stable_where_an_explicit_one_is_not() {
    // A stiff pair: x' = 1000 (y - x), y' = 1 - y.
    let system = |b: &mut Builder| {
        let (x, y, one, stiff) = (leaf(b, 0), leaf(b, 1), b.float(1.0), b.float(1000.0));
        let difference = b.sub(y, x);
        [b.mul(stiff, difference), b.sub(one, y)]
    };
    let found = trial(Method::Implicit, 0.5, system).run(vec![5.0, 0.0], 40);
    assert!((found[0] - 1.0).abs() < 1e-3 && (found[1] - 1.0).abs() < 1e-3, "{found:?}");
}

#[test]
fn what_is_not_linear_has_no_exact_solution() {
    let Err(problem) = try_trial(Method::Exact, 0.1, logistic) else { panic!("it has none") };
    assert!(matches!(problem, Problem::NotExact { equation: 0, .. }), "{problem:?}");
    let Err(problem) = try_trial(Method::ExponentialEuler, 0.1, logistic) else {
        panic!("not linear in itself")
    };
    assert!(matches!(problem, Problem::NotConditionallyLinear { .. }), "{problem:?}");
    let Err(problem) = try_trial(Method::Auto, 0.1, |b| {
        let xi = leaf(b, NOISE);
        [b.mul(xi, xi)]
    }) else {
        panic!("the square of noise means nothing")
    };
    assert!(matches!(problem, Problem::NoiseNotLinear { .. }), "{problem:?}");
}

#[test]
fn conductances_make_a_membrane_conditionally_linear() {
    // v' = (E - v) / tau + g (E2 - v), g' = -g / tau2.
    let system = |b: &mut Builder| {
        let (v, g) = (leaf(b, 0), leaf(b, 1));
        let (tau, tau2) = (b.uniform(UniformId(0), Ty::Float), b.uniform(UniformId(1), Ty::Float));
        let (rest, reversal) = (b.float(-65.0), b.float(0.0));
        let leak = b.sub(rest, v);
        let leak = b.div(leak, tau);
        let drive = b.sub(reversal, v);
        let drive = b.mul(g, drive);
        let decay = b.div(g, tau2);
        [b.add(leak, drive), b.neg(decay)]
    };
    assert_eq!(trial(Method::Auto, 0.1, system).schemes(), [Scheme::ExponentialEuler, Scheme::Exact]);
}

#[test]
fn a_whole_component_takes_the_method_of_its_worst_member() {
    // FitzHugh–Nagumo: v' = v - v^3 - w, w' = v - w; and u' = v - u reads them.
    let system = |b: &mut Builder| {
        let (v, w, u) = (leaf(b, 0), leaf(b, 1), leaf(b, 2));
        let square = b.mul(v, v);
        let cube = b.mul(square, v);
        let slope = b.sub(v, cube);
        [b.sub(slope, w), b.sub(v, w), b.sub(v, u)]
    };
    let auto = trial(Method::Auto, 0.1, system);
    assert_eq!(auto.schemes(), [Scheme::Rk2, Scheme::Rk2, Scheme::ExponentialEuler]);
    let reasons: BTreeMap<&str, usize> = auto.choices.iter().map(|c| (c.reason, 0)).collect();
    assert_eq!(reasons.len(), 3);
}

#[test]
fn a_program_has_no_trace_of_the_noise_leaf() {
    let trial = trial(Method::Auto, 0.1, geometric);
    let loads =
        trial.program.ops.iter().filter(|op| matches!(op, Op::Load(_, ArrayId(k)) if *k >= NOISE)).count();
    assert_eq!(loads, 0);
    assert!(trial.program.ops.iter().all(|op| operands(op).len() < 4));
}
