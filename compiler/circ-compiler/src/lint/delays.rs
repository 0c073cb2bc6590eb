//! Delays that rounding to steps changes in the mean.
//!
//! In: the delays of every projection that differ from synapse to synapse. Out: warnings, where the mean of the rounded
//! delays is more than 1 % off. `uniform(0.1 ms, 0.3 ms)` at a step of 0.1 ms becomes 1, 2 or 3 steps with the chances
//! 1/4, 1/2, 1/4: the same mean. `uniform(0.1 ms, 0.2 ms)` becomes 1 or 2 steps: the same again. But `uniform(0.1 ms,
//! 0.24 ms)` is 0.17 ms in the mean, and 0.164 ms in steps. The density of a draw by itself is integrated; of all else,
//! as of `distance / v`, the pairs that may be connected are looked at.

use super::pair_sample::Pairs;
use super::{Built, Program};
use crate::data::NoFiles;
use crate::diagnose::Sink;
use crate::diagnose::lint::{self as say, Origin};
use crate::eval::{self, NotBuilt, Scope};
use crate::hir::{ExprId, ExprKind};
use crate::net::{EnvironmentId, Projection, Setting};
use circ_grammar::ast::Span;
use circ_plan::ir::{self, Distribution, Op};
use circ_plan::plan::{Connect, Plan, ProjectionPlan, Quantity};
use std::collections::BTreeSet;

/// A change of the mean that is told.
const TOLERATED: f64 = 0.01;
/// More distributions of one circuit are not integrated.
const MOST_DRAWN: usize = 64;
/// Intervals in which a density is integrated.
const INTERVALS: usize = 2000;

/// Standard errors of the mean of a sample that its mean must be off in addition.
const CERTAIN: f64 = 4.0;
/// Fewer pairs of a sample tell nothing.
const FEWEST: usize = 100;
/// More projections of one circuit are not sampled.
const MOST_SAMPLED: usize = 8;

pub fn rounding(program: &Program<'_>, sink: &mut Sink) {
    let mut told: BTreeSet<Span> = BTreeSet::new();
    // Experiments of one circuit have the same projections.
    let mut whole: Vec<(&Plan, &ProjectionPlan)> = vec![];
    for built in program.built {
        let (mut drawn_left, mut sampled_left) = (MOST_DRAWN, MOST_SAMPLED);
        for (projection, plan) in built.net.projections.iter().zip(&built.plan.projections) {
            let at = projection.delay_span;
            let Setting::Each(_) = projection.delay else { continue };
            if at.file != program.main() || told.contains(&at) {
                continue;
            }
            let means = match drawn(program, built, projection) {
                Some(drawn) => take(&mut drawn_left).and_then(|()| drawn.means(built.net.dt)),
                None if whole.iter().any(|it| are_alike(*it, (built.plan, plan))) => None,
                None => match take(&mut sampled_left).and_then(|()| sampled(built, projection, plan)) {
                    Some(Sampled::Whole) => {
                        whole.push((built.plan, plan));
                        None
                    }
                    Some(Sampled::Means(means)) => Some(means),
                    None => None,
                },
            };
            if let Some(Means { exact, rounded, doubt, origin }) = means
                && exact * TOLERATED + doubt < (rounded - exact).abs()
                && told.insert(at)
            {
                sink.push(say::delay_rounding(at, &projection.path, (exact, rounded), built.net.dt, origin));
            }
        }
    }
}

fn take(left: &mut usize) -> Option<()> {
    *left = left.checked_sub(1)?;
    Some(())
}

/// Of the delays as written and in whole steps, in ms.
struct Means {
    exact: f64,
    rounded: f64,
    /// By how much the difference may be off.
    doubt: f64,
    origin: Origin,
}

/// What the delays of pairs are.
enum Sampled {
    /// Of whole steps.
    Whole,
    Means(Means),
}

/// Over the pairs that may be connected, or a sample of them. What rounds each side by itself is in steps already.
fn sampled(built: &Built<'_>, projection: &Projection, plan: &ProjectionPlan) -> Option<Sampled> {
    let (Quantity::Program(program), None) = (&plan.delay, &projection.dendritic) else { return None };
    let dt = built.net.dt;
    let mut pairs = Pairs::of(built.plan, plan)?;
    // Where a few dozen pairs have delays of whole steps, nearly all have.
    let is_whole = |(_, delay): &(f64, f64)| (in_steps(*delay, dt) - delay).abs() <= 1e-9 * delay;
    if pairs.few(program).is_some_and(|few| few.iter().all(is_whole)) {
        return Some(Sampled::Whole);
    }
    let sample = pairs.all(program)?;
    let is_drawn = is_drawn(program);
    let is_certain = sample.is_whole && !is_drawn;
    let values: Vec<(f64, f64)> =
        sample.values.into_iter().filter(|(_, delay)| 0.0 < *delay && delay.is_finite()).collect();
    if values.is_empty() || (values.len() < FEWEST && !is_certain) {
        return None;
    }
    let mass: f64 = values.iter().map(|(share, _)| share).sum();
    let exact = values.iter().map(|(share, delay)| share * delay).sum::<f64>() / mass;
    let off: f64 =
        values.iter().map(|(share, delay)| share * (in_steps(*delay, dt) - delay)).sum::<f64>() / mass;
    let square = |(share, delay): &(f64, f64)| {
        let error = share * (in_steps(*delay, dt) - delay - off);
        error * error
    };
    let doubt = match is_certain {
        true => 0.0,
        false => CERTAIN * values.iter().map(square).sum::<f64>().sqrt() / mass,
    };
    let origin = if is_drawn { Origin::Drawn } else { Origin::Computed };
    let rounded = exact + off;
    let shown = |mean: f64| if is_certain { mean } else { three_digits(mean) };
    Some(Sampled::Means(Means { exact: shown(exact), rounded: shown(rounded), doubt, origin }))
}

fn is_drawn(program: &ir::Program) -> bool {
    program.ops.iter().any(|op| matches!(op, Op::Draw { .. } | Op::Redraw { .. }))
}

/// Whether the same programs say of the same pairs when they are connected and after which delay. What asks the cells of
/// a pair is like no other.
fn are_alike((a, one): (&Plan, &ProjectionPlan), (b, other): (&Plan, &ProjectionPlan)) -> bool {
    let asks_cells = |it: &ProjectionPlan| !it.pre_columns.is_empty() || !it.post_columns.is_empty();
    let same_program = |one: &Quantity, other: &Quantity| match (one, other) {
        (Quantity::Program(one), Quantity::Program(other)) => one == other,
        _ => false,
    };
    let same_connect = match (&one.connect, &other.connect) {
        (Connect::Where(one), Connect::Where(other)) => one == other,
        (Connect::Probability(one), Connect::Probability(other)) => same_program(one, other),
        (Connect::AllToAll, Connect::AllToAll) => true,
        _ => false,
    };
    let draws = |it: &ProjectionPlan| {
        let connect = match &it.connect {
            Connect::Where(program) | Connect::Probability(Quantity::Program(program)) => is_drawn(program),
            _ => false,
        };
        connect || matches!(&it.delay, Quantity::Program(program) if is_drawn(program))
    };
    !asks_cells(one)
        && !asks_cells(other)
        && a.dt == b.dt
        && same_connect
        && same_program(&one.delay, &other.delay)
        && (one.pairing, one.allow_self) == (other.pairing, other.allow_self)
        && (&one.source, &one.target) == (&other.source, &other.target)
        && (one.keys == other.keys || !draws(one))
        && a.tables == b.tables
}

/// A sample tells no more.
fn three_digits(x: f64) -> f64 {
    format!("{x:.2e}").parse().unwrap_or(x)
}

/// To the nearest step, but one at least.
fn in_steps(delay: f64, dt: f64) -> f64 {
    (delay / dt).round_ties_even().max(1.0) * dt
}

/// A distribution with numbers for its arguments, within bounds.
struct Drawn {
    distribution: Distribution,
    args: [f64; 2],
    within: (f64, f64),
}

fn drawn(program: &Program<'_>, built: &Built<'_>, projection: &Projection) -> Option<Drawn> {
    let (Setting::Each(delay), None) = (&projection.delay, &projection.dendritic) else { return None };
    let number = |expr| number(program, built, delay.environment, expr);
    let (draw, within) = match &program.hir.expr(delay.expr).kind {
        ExprKind::Redraw { value, lo, hi } => (*value, (number(*lo)?, number(*hi)?)),
        _ => (delay.expr, (0.0, f64::INFINITY)),
    };
    match &program.hir.expr(draw).kind {
        ExprKind::Draw { distribution, args } => {
            let args = match args.as_slice() {
                [one] => [number(*one)?, 0.0],
                [one, two] => [number(*one)?, number(*two)?],
                _ => return None,
            };
            Some(Drawn { distribution: *distribution, args, within })
        }
        _ => None,
    }
}

fn number(program: &Program<'_>, built: &Built<'_>, environment: EnvironmentId, expr: ExprId) -> Option<f64> {
    let mut scope = Scope::new(program.hir, program.types, built.net, &NoFiles, environment);
    eval::eval_real(expr, &mut scope, &mut NotBuilt).ok()
}

impl Drawn {
    /// By the midpoint rule over the density; `None` where nothing is known of it.
    fn means(&self, dt: f64) -> Option<Means> {
        let (lo, hi) = self.support()?;
        let width = (hi - lo) / INTERVALS as f64;
        let (mut mass, mut mean, mut rounded) = (0.0, 0.0, 0.0);
        for at in 0..INTERVALS {
            let delay = lo + (at as f64 + 0.5) * width;
            let share = self.density(delay);
            mass += share;
            mean += share * delay;
            rounded += share * in_steps(delay, dt);
        }
        let (exact, rounded) = (mean / mass, rounded / mass);
        (0.0 < mass).then_some(Means { exact, rounded, doubt: 0.0, origin: Origin::Drawn })
    }

    /// Where nearly all of it lies.
    fn support(&self) -> Option<(f64, f64)> {
        /// Beyond so many standard deviations a normal number is not drawn in a lifetime.
        const WIDTHS: f64 = 6.0;
        let [a, b] = self.args;
        let (lo, hi) = match self.distribution {
            Distribution::Uniform => (a, b),
            Distribution::Normal => (a - WIDTHS * b, a + WIDTHS * b),
            // exp(-20) is left out.
            Distribution::Exponential => (0.0, 20.0 * a),
            _ => return None,
        };
        let (lo, hi) = (lo.max(self.within.0), hi.min(self.within.1));
        (lo < hi && lo.is_finite() && hi.is_finite()).then_some((lo, hi))
    }

    /// Up to a factor.
    fn density(&self, x: f64) -> f64 {
        let [a, b] = self.args;
        match self.distribution {
            Distribution::Normal => {
                let z = (x - a) / b;
                circ_numerics::math::exp(-0.5 * z * z)
            }
            Distribution::Exponential => circ_numerics::math::exp(-x / a),
            _ => 1.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn off(distribution: Distribution, args: [f64; 2], within: (f64, f64)) -> f64 {
        let means = Drawn { distribution, args, within }.means(0.1).expect("a density");
        means.rounded / means.exact - 1.0
    }

    #[test]
    fn whole_steps_at_both_ends_keep_the_mean() {
        assert!(off(Distribution::Uniform, [0.1, 0.3], (0.0, 9.0)).abs() < 1e-3);
        assert!(off(Distribution::Normal, [1.5, 0.3], (0.0, 9.0)).abs() < 1e-3);
    }

    #[test]
    fn the_mean_of_rounded_uniform_delays_is_as_counted() {
        // 0.1 to 0.15 is one step, to 0.24 two: (5 * 0.1 + 9 * 0.2) / 14 = 0.16429, where the mean is 0.17.
        let expected = (5.0 * 0.1 + 9.0 * 0.2) / 14.0 / 0.17 - 1.0;
        assert!((off(Distribution::Uniform, [0.1, 0.24], (0.0, 9.0)) - expected).abs() < 1e-3);
    }

    #[test]
    fn bounds_of_a_redraw_count() {
        // Above 0.16 and below 0.24 all is two steps, and the mean is a little below 0.2.
        let narrow = off(Distribution::Exponential, [0.1, 0.0], (0.16, 0.24));
        assert!(0.01 < narrow && narrow < 0.05, "{narrow}");
    }
}
