//! Soundness: random expressions at random points never leave their intervals. Tightness: the common cases are
//! as narrow as a person would say.

use super::*;
use crate::eval::number;
use crate::hir::{Builtin, Reduce};
use crate::types::Value;
use circ_grammar::ast::{BinaryOp, Span};
use circ_numerics::random::Counter;
use circ_numerics::{Distribution, random};

/// Random numbers of the tests: SplitMix64.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / 9_007_199_254_740_992.0
    }
    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }
    /// Small and large numbers, whole ones, and special ones.
    fn number(&mut self) -> f64 {
        const SPECIAL: [f64; 18] = [
            0.0,
            -0.0,
            1.0,
            -1.0,
            0.5,
            2.0,
            3.0,
            -2.0,
            10.0,
            1e-300,
            -1e-300,
            1e300,
            f64::INFINITY,
            f64::NEG_INFINITY,
            std::f64::consts::FRAC_PI_2,
            1.4616321449683623,
            5e-324,
            709.0,
        ];
        match self.below(4) {
            0 => self.pick(&SPECIAL),
            1 => self.below(21) as f64 - 10.0,
            2 => (self.unit() - 0.5) * 4.0,
            _ => (self.unit() - 0.5) * 1000.0,
        }
    }
    fn interval(&mut self) -> Interval {
        let (a, b) = (self.number(), self.number());
        if self.below(4) == 0 { Interval::point(a) } else { Interval::new(a, b) }
    }
    /// A corner or a point between.
    fn within(&mut self, x: Interval) -> f64 {
        match self.below(4) {
            0 => x.lo,
            1 => x.hi,
            _ if !x.is_bounded() => self.pick(&[x.lo, x.hi, 0.0, 1.0, -1.0, 1e200]).clamp(x.lo, x.hi),
            _ => (x.lo + (x.hi - x.lo) * self.unit()).clamp(x.lo, x.hi),
        }
    }
}

const VARIABLES: usize = 3;

/// An expression with variables whose ranges are given.
#[derive(Debug)]
enum Tree {
    Constant(f64),
    Variable(usize),
    Negative(Box<Tree>),
    Binary(BinaryOp, Box<Tree>, Box<Tree>),
    Call(Builtin, Vec<Tree>),
    /// `if x OP y then a else b`
    If(BinaryOp, Box<[Tree; 4]>),
    Draw(Distribution, Box<[Tree; 2]>, u32),
    /// `redraw(DRAW, lo, hi)` with constant bounds.
    Redraw(Distribution, Box<[Tree; 2]>, [f64; 2], u32),
    /// Of this many equal elements each with its own draw of the variable.
    Reduce(Reduce, usize, u32),
}

const ARITHMETIC: [BinaryOp; 5] =
    [BinaryOp::Add, BinaryOp::Subtract, BinaryOp::Multiply, BinaryOp::Divide, BinaryOp::Power];
const COMPARISONS: [BinaryOp; 6] = [
    BinaryOp::Less,
    BinaryOp::LessEqual,
    BinaryOp::Greater,
    BinaryOp::GreaterEqual,
    BinaryOp::Equal,
    BinaryOp::NotEqual,
];
const FUNCTIONS: [Builtin; 26] = [
    Builtin::Exp,
    Builtin::Log,
    Builtin::Log10,
    Builtin::Sqrt,
    Builtin::Abs,
    Builtin::Sign,
    Builtin::Floor,
    Builtin::Ceil,
    Builtin::Round,
    Builtin::Mod,
    Builtin::Min,
    Builtin::Max,
    Builtin::Clamp,
    Builtin::Sin,
    Builtin::Cos,
    Builtin::Tan,
    Builtin::Tanh,
    Builtin::Sinh,
    Builtin::Cosh,
    Builtin::Atan,
    Builtin::Sigmoid,
    Builtin::Relu,
    Builtin::StepFunction,
    Builtin::Exprel,
    Builtin::Lgamma,
    Builtin::Erf,
];
const REDUCTIONS: [Reduce; 6] =
    [Reduce::Sum, Reduce::Mean, Reduce::Std, Reduce::Min, Reduce::Max, Reduce::Product];

fn grow(dice: &mut Dice, depth: usize) -> Tree {
    let mut salt = 0;
    grown(dice, depth, &mut salt)
}

fn grown(dice: &mut Dice, depth: usize, salt: &mut u32) -> Tree {
    if depth == 0 {
        return if dice.below(3) == 0 {
            Tree::Constant(dice.number())
        } else {
            Tree::Variable(dice.below(VARIABLES))
        };
    }
    *salt += 1;
    let own = *salt;
    let child = |dice: &mut Dice, salt: &mut u32| {
        let depth = dice.below(depth);
        Box::new(grown(dice, depth, salt))
    };
    match dice.below(16) {
        0 => Tree::Negative(child(dice, salt)),
        1..=5 => Tree::Binary(dice.pick(&ARITHMETIC), child(dice, salt), child(dice, salt)),
        6..=10 => {
            let function = dice.pick(&FUNCTIONS);
            let count = match function {
                Builtin::Mod | Builtin::Min | Builtin::Max => 2,
                Builtin::Clamp => 3,
                _ => 1,
            };
            Tree::Call(function, (0..count).map(|_| *child(dice, salt)).collect())
        }
        11..=12 => {
            let parts = [(); 4].map(|()| *child(dice, salt));
            Tree::If(dice.pick(&COMPARISONS), Box::new(parts))
        }
        13 => {
            let args = Box::new([(); 2].map(|()| *child(dice, salt)));
            Tree::Draw(dice.pick(&Distribution::ALL), args, own)
        }
        14 => {
            let args = Box::new([(); 2].map(|()| *child(dice, salt)));
            let bounds = dice.interval();
            Tree::Redraw(dice.pick(&Distribution::ALL), args, [bounds.lo, bounds.hi], own)
        }
        _ => Tree::Reduce(dice.pick(&REDUCTIONS), dice.below(VARIABLES), 1 + dice.below(5) as u32),
    }
}

fn bounds(tree: &Tree, ranges: &[Interval]) -> Interval {
    match tree {
        Tree::Constant(x) => Interval::point(*x),
        Tree::Variable(k) => ranges[*k],
        Tree::Negative(x) => -bounds(x, ranges),
        Tree::Binary(op, x, y) => {
            let (x, y) = (bounds(x, ranges), bounds(y, ranges));
            match op {
                BinaryOp::Add => x + y,
                BinaryOp::Subtract => x - y,
                BinaryOp::Multiply => x * y,
                BinaryOp::Divide => x / y,
                _ => x.power(y),
            }
        }
        Tree::Call(builtin, args) => {
            call(*builtin, &args.iter().map(|arg| bounds(arg, ranges)).collect::<Vec<_>>())
        }
        Tree::If(op, parts) => {
            let [x, y, then, otherwise] = &**parts;
            match bounds(x, ranges).compare(*op, bounds(y, ranges)) {
                Truth::Always => bounds(then, ranges),
                Truth::Never => bounds(otherwise, ranges),
                Truth::Maybe => bounds(then, ranges).hull(bounds(otherwise, ranges)),
            }
        }
        Tree::Draw(distribution, args, _) => draw(*distribution, [0, 1].map(|k| bounds(&args[k], ranges))),
        Tree::Redraw(distribution, args, [lo, hi], _) => {
            let drawn = draw(*distribution, [0, 1].map(|k| bounds(&args[k], ranges)));
            redraw(drawn, Interval::point(*lo), Interval::point(*hi))
        }
        Tree::Reduce(of, k, count) => reduce(*of, ranges[*k], Interval::point(f64::from(*count))),
    }
}

/// The value at a point; `None` where the evaluator reports a mistake instead of a value.
fn value(tree: &Tree, point: &[f64], ranges: &[Interval], dice: &mut Dice) -> Option<f64> {
    let real = |value: Value| number::number(&value).map(number::Number::real);
    let at = Span::default();
    Some(match tree {
        Tree::Constant(x) => *x,
        Tree::Variable(k) => point[*k],
        Tree::Negative(x) => -value(x, point, ranges, dice)?,
        Tree::Binary(op, x, y) => {
            let (x, y) = (value(x, point, ranges, dice)?, value(y, point, ranges, dice)?);
            real(number::binary(*op, &Value::Real(x), &Value::Real(y), at).ok()?)?
        }
        Tree::Call(builtin, args) => {
            let args = args.iter().map(|arg| value(arg, point, ranges, dice).map(Value::Real));
            real(number::call(*builtin, &args.collect::<Option<Vec<_>>>()?, at).ok()?)?
        }
        Tree::If(op, parts) => {
            let [x, y, then, otherwise] = &**parts;
            let (x, y) = (value(x, point, ranges, dice)?, value(y, point, ranges, dice)?);
            let holds = number::binary(*op, &Value::Real(x), &Value::Real(y), at).ok()?;
            value(if holds == Value::Bool(true) { then } else { otherwise }, point, ranges, dice)?
        }
        Tree::Draw(distribution, args, salt) => {
            let args = [value(&args[0], point, ranges, dice)?, value(&args[1], point, ranges, dice)?];
            random::draw(*distribution, args, key(dice), Counter { salt: *salt, ..Counter::default() })
        }
        Tree::Redraw(distribution, args, within, salt) => {
            let args = [value(&args[0], point, ranges, dice)?, value(&args[1], point, ranges, dice)?];
            // A few attempts stand for the ten thousand of `redraw`, which would take most of the time.
            (0..20)
                .map(|k| {
                    random::draw(
                        *distribution,
                        args,
                        key(dice),
                        Counter { salt: *salt, tick: k, ..Counter::default() },
                    )
                })
                .find(|x| within[0] <= *x && *x <= within[1])?
        }
        Tree::Reduce(of, k, count) => {
            let numbers: Vec<f64> = (0..*count).map(|_| dice.within(ranges[*k])).collect();
            let array = crate::types::ArrayValue {
                element: crate::types::Type::Real(crate::types::Dimension::REAL),
                shape: vec![u64::from(*count)],
                data: numbers,
            };
            real(crate::eval::reduced(*of, &array)?)?
        }
    })
}

fn key(dice: &mut Dice) -> [u32; 2] {
    let word = dice.next();
    [(word >> 32) as u32, word as u32]
}

/// Checks one expression at several points; returns how many values were compared.
fn check_expression(seed: u64) -> u64 {
    let mut dice = Dice(seed);
    let ranges: Vec<Interval> = (0..VARIABLES).map(|_| dice.interval()).collect();
    let depth = 1 + dice.below(5);
    let tree = grow(&mut dice, depth);
    let found = bounds(&tree, &ranges);
    let mut compared = 0;
    for _ in 0..8 {
        let point: Vec<f64> = ranges.iter().map(|range| dice.within(*range)).collect();
        let Some(x) = value(&tree, &point, &ranges, &mut dice) else { continue };
        assert!(
            found.contains(x),
            "seed {seed}: {x} is outside {found:?}\n{tree:?}\nat {point:?} in {ranges:?}"
        );
        compared += 1;
    }
    compared
}

/// `CIRC_INTERVAL_EXPRESSIONS` says how many instead of thousands.
#[test]
fn no_value_leaves_its_interval() {
    let wanted = std::env::var("CIRC_INTERVAL_EXPRESSIONS").ok().and_then(|n| n.parse().ok());
    let count: u64 = wanted.unwrap_or(20_000);
    let compared: u64 = (0..count).map(check_expression).sum();
    println!("{count} expressions, {compared} values, seeds 0 to {}", count - 1);
    assert!(count * 4 < compared, "most expressions have values");
}

#[track_caller]
fn near(found: Interval, lo: f64, hi: f64) {
    let close = |a: f64, b: f64| a == b || (a - b).abs() <= 1e-12 * (1.0 + b.abs());
    assert!(close(found.lo, lo) && close(found.hi, hi) && !found.nan, "{found:?}, not {lo} .. {hi}");
}

fn of(lo: f64, hi: f64) -> Interval {
    Interval::new(lo, hi)
}

#[test]
fn exact_arithmetic_stays_exact() {
    assert_eq!(of(1.0, 2.0) + of(3.0, 4.0), of(4.0, 6.0));
    assert_eq!(of(1.0, 2.0) - of(3.0, 4.0), of(-3.0, -1.0));
    assert_eq!(of(-1.0, 2.0) * of(3.0, 4.0), of(-4.0, 8.0));
    assert_eq!(of(1.0, 2.0) / of(4.0, 8.0), of(0.125, 0.5));
    assert_eq!(Interval::point(0.5) + Interval::point(0.5), Interval::point(1.0));
    let third = Interval::point(1.0) / Interval::point(3.0);
    assert!(third.lo < third.hi && third.hi - third.lo < 1e-15);
}

#[test]
fn functions_are_as_narrow_as_their_values() {
    near(call(Builtin::Exp, &[of(0.0, 1.0)]), 1.0, std::f64::consts::E);
    near(call(Builtin::Exp, &[of(f64::NEG_INFINITY, 0.0)]), 0.0, 1.0);
    near(call(Builtin::Sqrt, &[of(4.0, 9.0)]), 2.0, 3.0);
    near(call(Builtin::Log, &[of(1.0, std::f64::consts::E)]), 0.0, 1.0);
    near(call(Builtin::Tanh, &[of(f64::NEG_INFINITY, f64::INFINITY)]), -1.0, 1.0);
    near(call(Builtin::Sin, &[of(0.0, 3.0)]), 0.0, 1.0);
    near(call(Builtin::Sin, &[of(0.1, 0.2)]), 0.09983341664682815, 0.19866933079506122);
    near(call(Builtin::Cos, &[of(-0.5, 0.1)]), 0.8775825618903728, 1.0);
    near(call(Builtin::Abs, &[of(-3.0, 2.0)]), 0.0, 3.0);
    near(call(Builtin::Clamp, &[of(-5.0, 5.0), of(0.0, 0.0), of(1.0, 1.0)]), 0.0, 1.0);
    near(call(Builtin::Max, &[of(-5.0, 5.0), of(0.0, 0.0)]), 0.0, 5.0);
    near(call(Builtin::Relu, &[of(-5.0, 5.0)]), 0.0, 5.0);
    near(call(Builtin::Round, &[of(0.4, 2.6)]), 0.0, 3.0);
    near(call(Builtin::Lgamma, &[of(1.0, 3.0)]), -0.12148629053584961, std::f64::consts::LN_2);
    near(of(-2.0, 3.0).power(Interval::point(2.0)), 0.0, 9.0);
    near(of(-2.0, 3.0).power(Interval::point(3.0)), -8.0, 27.0);
    near(of(4.0, 9.0).power(Interval::point(0.5)), 2.0, 3.0);
    near(of(2.0, 4.0).power(Interval::point(-1.0)), 0.25, 0.5);
    near(whole_remainder(of(0.0, 99.0), Interval::point(4.0)), 0.0, 3.0);
    near(call(Builtin::Mod, &[of(0.0, 99.0), Interval::point(4.0)]), 0.0, 4.0);
}

#[test]
fn draws_are_as_narrow_as_the_generator() {
    let point = Interval::point;
    let of = |distribution, a, b| draw(distribution, [point(a), point(b)]);
    near(of(Distribution::Uniform, -2.0, 4.0), -2.0, 4.0);
    assert!(!of(Distribution::Uniform, -1.0, 0.0).contains(0.0), "the end is not drawn");
    near(of(Distribution::Normal, 1.5, 0.1), 0.6428, 2.3572);
    near(of(Distribution::Exponential, 2.0, 0.0), 0.0, 73.474);
    near(of(Distribution::Binomial, 10.0, 0.3), 0.0, 10.0);
    near(of(Distribution::Binomial, 10.0, 1.0), 10.0, 10.0);
    near(of(Distribution::Poisson, 0.0, 0.0), 0.0, 0.0);
    for positive in [
        of(Distribution::Lognormal, 1.0, 0.5),
        of(Distribution::Gamma, 4.0, 5.0),
        of(Distribution::Gamma, 0.5, 5.0),
        of(Distribution::Beta, 2.0, 3.0),
    ] {
        assert!(0.0 < positive.lo && positive.hi.is_finite() && !positive.nan, "{positive:?}");
    }
    near(redraw(of(Distribution::Normal, 0.0, 1.0), point(0.0), point(f64::INFINITY)), 0.0, NORMAL_LIMIT);
}

/// The largest radius of Box and Muller is that of the smallest uniform number.
/// Which of two zeros a maximum gives is the processor's choice.
#[test]
fn a_shape_from_minus_0_on_is_one_from_0_on() {
    let small = draw(Distribution::Gamma, [of(-0.0, 0.1), of(1.0, 1.0)]);
    assert!(small.contains(0.0) && small.contains(1.0), "{small:?}");
    assert!(draw(Distribution::Beta, [of(-0.0, 0.1), of(-0.0, 0.1)]).contains(0.5));
}

#[test]
fn the_limit_of_normal_draws_is_the_generator_s() {
    let radius = (-2.0 * circ_numerics::math::log(f64::EPSILON / 2.0)).sqrt();
    assert!(radius <= NORMAL_LIMIT && NORMAL_LIMIT < radius + 1e-3, "{radius}");
}

#[test]
fn comparisons_know_what_they_can() {
    use Truth::{Always, Maybe, Never};
    assert_eq!(of(0.0, 1.0).compare(BinaryOp::Less, of(2.0, 3.0)), Always);
    assert_eq!(of(0.0, 2.0).compare(BinaryOp::Less, of(2.0, 3.0)), Maybe);
    assert_eq!(of(0.0, 2.0).compare(BinaryOp::LessEqual, of(2.0, 3.0)), Always);
    assert_eq!(of(2.0, 3.0).compare(BinaryOp::Less, of(0.0, 2.0)), Never);
    assert_eq!(of(2.0, 3.0).compare(BinaryOp::Equal, of(0.0, 1.0)), Never);
    assert_eq!(of(2.0, 2.0).compare(BinaryOp::Equal, of(2.0, 2.0)), Always);
    assert_eq!(Interval::NAN.compare(BinaryOp::NotEqual, of(2.0, 2.0)), Always);
    assert_eq!(of(0.0, 1.0).or_nan(true).compare(BinaryOp::Less, of(2.0, 3.0)), Maybe);
}

#[test]
fn whole_numbers_between_two_reals_lie_within() {
    let large = i64::MAX - 1;
    let found = Interval::whole(large);
    assert!((found.lo as i128) < i128::from(large) && i128::from(large) < found.hi as i128);
    assert_eq!(Interval::whole(7), Interval::point(7.0));
}
