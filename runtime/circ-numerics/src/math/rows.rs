//! Functions of whole rows of numbers, as vector code: what kernels call where a cell has many of them.
//!
//! In: a row. Out: the same row, every number replaced by the function of it, with the bits of the function of one
//! number: the same body, compiled for registers of 512, of 256 and of 128 bits, and chosen when called.

use super::exp::{double, single};
use super::log_body;
use crate::Function;

/// A function that replaces every number of a row.
pub type Row<F> = fn(&mut [F]);

macro_rules! rows {
    ($($(#[$doc:meta])* $name:ident, $body:ident, $float:ty, $one:path;)*) => {
        $(
            #[inline(always)]
            fn $body(row: &mut [$float]) {
                for x in row {
                    *x = $one(*x);
                }
            }
        )*
        crate::dispatched_rows! {
            $($(#[$doc])* pub fn $name(row: &mut [$float]) = $body;)*
        }
        /// Each with its version for the machine that everyone has.
        #[cfg(test)]
        mod portable {
            $(pub(super) fn $name(row: &mut [$float]) {
                super::$body(row);
            })*
        }
    };
}

/// As `circ_numerics::math::log_f32`.
#[inline(always)]
fn log_single(x: f32) -> f32 {
    log_body(f64::from(x)) as f32
}

rows! {
    exp_in_place, exp_each, f64, double::exp;
    exp_in_place_f32, exp_each_f32, f32, single::exp;
    expm1_in_place, expm1_each, f64, double::expm1;
    expm1_in_place_f32, expm1_each_f32, f32, single::expm1;
    exprel_in_place, exprel_each, f64, double::exprel;
    exprel_in_place_f32, exprel_each_f32, f32, single::exprel;
    tanh_in_place, tanh_each, f64, double::tanh;
    tanh_in_place_f32, tanh_each_f32, f32, single::tanh;
    sigmoid_in_place, sigmoid_each, f64, double::sigmoid;
    sigmoid_in_place_f32, sigmoid_each_f32, f32, single::sigmoid;
    log_in_place, log_each, f64, log_body;
    log_in_place_f32, log_each_f32, f32, log_single;
}

macro_rules! quotients {
    ($float:ident: $rows:ident, $each:ident; $by:ident, $each_by:ident; $of:ident, $each_of:ident; $root:ident, $each_root:ident) => {
        #[inline(always)]
        fn $each(row: &mut [$float], divisors: &[$float]) {
            for (x, divisor) in row.iter_mut().zip(divisors) {
                *x /= *divisor;
            }
        }
        #[inline(always)]
        fn $each_by(row: &mut [$float], divisor: $float) {
            for x in row {
                *x /= divisor;
            }
        }
        #[inline(always)]
        fn $each_of(row: &mut [$float], dividend: $float) {
            for x in row {
                *x = dividend / *x;
            }
        }
        #[inline(always)]
        fn $each_root(row: &mut [$float]) {
            for x in row {
                *x = x.sqrt();
            }
        }
        crate::dispatched_rows! {
            /// Every number divided by that of another row, as many as both have.
            pub fn $rows(row: &mut [$float], divisors: &[$float]) = $each;
            /// Every number divided by one.
            pub fn $by(row: &mut [$float], divisor: $float) = $each_by;
            /// One divided by every number.
            pub fn $of(row: &mut [$float], dividend: $float) = $each_of;
            /// The square root of every number.
            pub fn $root(row: &mut [$float]) = $each_root;
        }
    };
}

quotients!(f64: divide_rows, divide_each; divide_by, divide_each_by; divide_into, divide_each_into; sqrt_in_place, sqrt_each);
quotients!(f32: divide_rows_f32, divide_each_f32; divide_by_f32, divide_each_by_f32; divide_into_f32, divide_each_into_f32; sqrt_in_place_f32, sqrt_each_f32);

/// The function over rows, in `f64`, where it is vector code.
pub fn row_of(function: Function) -> Option<Row<f64>> {
    Some(match function {
        Function::Exp => exp_in_place,
        Function::Expm1 => expm1_in_place,
        Function::Exprel => exprel_in_place,
        Function::Tanh => tanh_in_place,
        Function::Sigmoid => sigmoid_in_place,
        Function::Log => log_in_place,
        _ => return None,
    })
}

/// Likewise in `f32`.
pub fn row_of_f32(function: Function) -> Option<Row<f32>> {
    Some(match function {
        Function::Exp => exp_in_place_f32,
        Function::Expm1 => expm1_in_place_f32,
        Function::Exprel => exprel_in_place_f32,
        Function::Tanh => tanh_in_place_f32,
        Function::Sigmoid => sigmoid_in_place_f32,
        Function::Log => log_in_place_f32,
        _ => return None,
    })
}

/// Bits of the registers that functions of rows use on this processor.
pub fn row_bits() -> u32 {
    #[cfg(target_arch = "x86_64")]
    {
        if crate::has_widest() {
            return 512;
        }
        if crate::has_fma() {
            return 256;
        }
    }
    128
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Counter, Stream};

    /// Numbers of all sizes, and special ones.
    fn numbers(count: usize) -> Vec<f64> {
        let specials =
            [0.0, -0.0, 1.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 5e-324, 1e-310, 709.9, -745.2];
        let mut stream = Stream::new([5, 6], Counter::default());
        let one = |k: usize| match k % 7 {
            0 => specials[k / 7 % specials.len()],
            1 => f64::from_bits(stream.next_u64()),
            2 => f64::from(f32::from_bits(stream.next_u64() as u32)),
            _ => (stream.next_f64() - 0.5) * [1.0, 8.0, 200.0, 1600.0][k % 4],
        };
        (0..count).map(one).collect()
    }

    /// Tails of every length behind no, one and several whole vectors of every width, from every address.
    fn spans() -> impl Iterator<Item = (usize, usize)> {
        (0..17).flat_map(|first| (0..70).map(move |length| (first, length)))
    }

    macro_rules! check {
        ($float:ident, $of:ident, $($name:ident),*) => {{
            let all: Vec<$float> = numbers(5000).into_iter().map(|x| x as $float).collect();
            let same = |a: $float, b: $float| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan());
            for function in Function::ALL {
                let Some(row) = $of(function) else { continue };
                let one: Vec<$float> = all.iter().map(|x| function.call1(*x)).collect();
                let mut whole = all.clone();
                row(&mut whole);
                assert!(whole.iter().zip(&one).all(|(a, b)| same(*a, *b)), "{function:?} of all");
                for (first, length) in spans() {
                    let mut some = all.clone();
                    row(&mut some[first..first + length]);
                    let inside = |k: usize| first <= k && k < first + length;
                    let right = |(k, x): (usize, &$float)| same(*x, if inside(k) { one[k] } else { all[k] });
                    assert!(some.iter().enumerate().all(right), "{function:?}, {length} from {first}");
                }
            }
            $({
                let (mut wide, mut narrow) = (all.clone(), all.clone());
                super::$name(&mut wide);
                super::portable::$name(&mut narrow);
                assert!(wide.iter().zip(&narrow).all(|(a, b)| same(*a, *b)), stringify!($name));
            })*
        }};
    }

    #[test]
    fn rows_have_the_bits_of_single_numbers() {
        check!(
            f64,
            row_of,
            exp_in_place,
            expm1_in_place,
            exprel_in_place,
            tanh_in_place,
            sigmoid_in_place,
            log_in_place
        );
    }

    #[test]
    fn rows_in_single_precision_have_the_bits_of_single_numbers() {
        check!(
            f32,
            row_of_f32,
            exp_in_place_f32,
            expm1_in_place_f32,
            exprel_in_place_f32,
            tanh_in_place_f32,
            sigmoid_in_place_f32,
            log_in_place_f32
        );
    }

    #[test]
    fn quotients_and_roots_have_the_bits_of_single_numbers() {
        let all = numbers(600);
        let divisors: Vec<f64> = all.iter().rev().copied().collect();
        let same = |a: f64, b: f64| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan());
        for length in 0..70 {
            let (x, y) = (&all[3..3 + length], &divisors[5..5 + length]);
            let mut rows = [x.to_vec(), x.to_vec(), x.to_vec(), x.to_vec()];
            divide_rows(&mut rows[0], y);
            divide_by(&mut rows[1], 5.0);
            divide_into(&mut rows[2], 0.128);
            sqrt_in_place(&mut rows[3]);
            for k in 0..length {
                let one = [x[k] / y[k], x[k] / 5.0, 0.128 / x[k], x[k].sqrt()];
                assert!((0..4).all(|at| same(rows[at][k], one[at])), "{} of {length}", x[k]);
            }
            let narrow = |row: &[f64]| row.iter().map(|x| *x as f32).collect::<Vec<f32>>();
            let (x, y) = (narrow(x), narrow(y));
            let mut rows = [x.clone(), x.clone(), x.clone(), x.clone()];
            divide_rows_f32(&mut rows[0], &y);
            divide_by_f32(&mut rows[1], 5.0);
            divide_into_f32(&mut rows[2], 0.128);
            sqrt_in_place_f32(&mut rows[3]);
            for k in 0..length {
                let one = [x[k] / y[k], x[k] / 5.0, 0.128 / x[k], x[k].sqrt()];
                let same = |at: usize| same(f64::from(rows[at][k]), f64::from(one[at]));
                assert!((0..4).all(same), "{} of {length}", x[k]);
            }
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn the_version_between_has_the_same_bits() {
        #[target_feature(enable = "avx2,fma")]
        fn middle(row: &mut [f64], single: &mut [f32]) {
            exp_each(row);
            exprel_each(row);
            exp_each_f32(single);
            exprel_each_f32(single);
        }
        if !crate::has_fma() {
            return;
        }
        let all = numbers(5000);
        let mut rows = [all.clone(), all.clone()];
        let single: Vec<f32> = all.iter().map(|x| *x as f32).collect();
        let mut singles = [single.clone(), single];
        // SAFETY: both features were just found.
        unsafe { middle(&mut rows[0], &mut singles[0]) };
        exp_in_place(&mut rows[1]);
        exprel_in_place(&mut rows[1]);
        exp_in_place_f32(&mut singles[1]);
        exprel_in_place_f32(&mut singles[1]);
        let bits =
            |row: &[f64]| row.iter().map(|x| if x.is_nan() { 1 } else { x.to_bits() }).collect::<Vec<_>>();
        assert_eq!(bits(&rows[0]), bits(&rows[1]));
        let bits =
            |row: &[f32]| row.iter().map(|x| if x.is_nan() { 1 } else { x.to_bits() }).collect::<Vec<_>>();
        assert_eq!(bits(&singles[0]), bits(&singles[1]));
    }
}
