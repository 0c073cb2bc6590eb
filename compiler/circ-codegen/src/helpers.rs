//! What machine code calls: functions of `circ_numerics` behind the C calling convention.
//!
//! In: the name of a helper. Out: its address. Names are `circ_WHAT_PRECISION`; every name that the
//! emitter can make has an address here, because the linker of the code generator panics on others.

use circ_numerics::chains::{Chains, quiet, quiet_f32};
use circ_numerics::math::rows::{self, row_of, row_of_f32};
use circ_numerics::random::{Counter, draw, normal_row, redraw, uniform_row};
use circ_numerics::{Distribution, Function, math};
use circ_plan::ir::Precision;

/// What a helper computes. The signature follows from it and the precision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Helper {
    /// `(x) -> value`
    Call1(Function),
    /// `(x, y) -> value`
    Call2(Function),
    /// `(row, count)`: every number of a row is replaced by its value.
    Row(Function),
    /// `(row, count)`: every number of a row is replaced by its root.
    RowRoot,
    /// `(row, divisors, count)`: every number of a row is divided by that of another.
    RowDivide,
    /// `(row, divisor, count)`
    RowDivideBy,
    /// `(row, dividend, count)`: every number is replaced by the quotient of the dividend and it.
    RowDivideInto,
    /// `(step, first cell, tiles) -> tiles`: makes the quiet tiles of a step, and says which are not.
    Chains,
    /// `(a, b, key, entity, tick, salt) -> value`
    Draw(Distribution),
    /// `(a, b, lo, hi, key, entity, tick, salt) -> value`
    Redraw(Distribution),
    /// `(a, b, c) -> a * b + c`
    Fma,
    /// `(a, b) -> quotient`
    IntDiv,
    /// `(a, b) -> remainder`
    IntMod,
    /// `(key, first entity, tick, salt, out, count)`: uniform numbers in `f64`.
    UniformRow,
    /// Likewise standard normal numbers.
    NormalRow,
}

impl Helper {
    /// The symbol.
    pub(crate) fn name(self, precision: Precision) -> String {
        match self {
            Helper::Call1(function) | Helper::Call2(function) => {
                format!("circ_{}_{precision}", function.name())
            }
            Helper::Row(function) => format!("circ_row_{}_{precision}", function.name()),
            Helper::RowRoot => format!("circ_row_sqrt_{precision}"),
            Helper::RowDivide => format!("circ_row_divide_{precision}"),
            Helper::RowDivideBy => format!("circ_row_divide_by_{precision}"),
            Helper::RowDivideInto => format!("circ_row_divide_into_{precision}"),
            Helper::Chains => format!("circ_chains_{precision}"),
            Helper::Draw(distribution) => format!("circ_draw_{}_{precision}", distribution.name()),
            Helper::Redraw(distribution) => format!("circ_redraw_{}_{precision}", distribution.name()),
            Helper::Fma => format!("circ_fma_{precision}"),
            Helper::IntDiv => "circ_int_div".into(),
            Helper::IntMod => "circ_int_mod".into(),
            Helper::UniformRow => "circ_uniform_row".into(),
            Helper::NormalRow => "circ_normal_row".into(),
        }
    }
}

/// The address of a helper by its symbol.
pub(crate) fn address(symbol: &str) -> Option<*const u8> {
    let name = symbol.strip_prefix("circ_")?;
    match name {
        "int_div" => return Some(int_div as *const u8),
        "int_mod" => return Some(int_mod as *const u8),
        "uniform_row" => return Some(uniform_numbers as *const u8),
        "normal_row" => return Some(normal_numbers as *const u8),
        "fma_f32" => return Some(fma_f32 as *const u8),
        "fma_f64" => return Some(fma_f64 as *const u8),
        "chains_f32" => return Some(chains_f32 as *const u8),
        "chains_f64" => return Some(chains_f64 as *const u8),
        "row_sqrt_f32" => return Some(roots_f32 as *const u8),
        "row_sqrt_f64" => return Some(roots_f64 as *const u8),
        "row_divide_f32" => return Some(quotients_f32 as *const u8),
        "row_divide_f64" => return Some(quotients_f64 as *const u8),
        "row_divide_by_f32" => return Some(quotients_by_f32 as *const u8),
        "row_divide_by_f64" => return Some(quotients_by_f64 as *const u8),
        "row_divide_into_f32" => return Some(quotients_of_f32 as *const u8),
        "row_divide_into_f64" => return Some(quotients_of_f64 as *const u8),
        _ => {}
    }
    let (name, precision) = name.rsplit_once('_')?;
    let column = if precision == "f32" { 0 } else { 1 };
    if let Some(name) = name.strip_prefix("row_") {
        let at = Function::ALL.iter().position(|f| f.name() == name)?;
        return Some(ROWS[at][column].0);
    }
    for (prefix, table) in [("draw_", &DRAWS), ("redraw_", &REDRAWS)] {
        if let Some(name) = name.strip_prefix(prefix) {
            let at = Distribution::ALL.iter().position(|d| d.name() == name)?;
            return Some(table[at][column].0);
        }
    }
    let at = Function::ALL.iter().position(|f| f.name() == name)?;
    Some(CALLS[at][column].0)
}

/// An address in a table.
#[derive(Clone, Copy)]
struct Address(*const u8);
// SAFETY: the address of a function, which no thread changes.
unsafe impl Sync for Address {}

macro_rules! by_number {
    ($($number:literal)*; $single:ident, $double:ident) => {
        [$([Address($single::<$number> as *const u8), Address($double::<$number> as *const u8)]),*]
    };
}

/// By position in `Function::ALL`; f32, f64. The last two take two arguments.
static CALLS: [[Address; 2]; 17] = {
    let one = by_number!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14; call1_f32, call1_f64);
    let two = by_number!(15 16; call2_f32, call2_f64);
    [
        one[0], one[1], one[2], one[3], one[4], one[5], one[6], one[7], one[8], one[9], one[10], one[11],
        one[12], one[13], one[14], two[0], two[1],
    ]
};

/// By position in `Function::ALL`; f32, f64.
static ROWS: [[Address; 2]; 17] = by_number!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; row_f32, row_f64);

/// By position in `Distribution::ALL`; f32, f64.
static DRAWS: [[Address; 2]; 8] = by_number!(0 1 2 3 4 5 6 7; draw_f32, draw_f64);
static REDRAWS: [[Address; 2]; 8] = by_number!(0 1 2 3 4 5 6 7; redraw_f32, redraw_f64);

extern "C" fn call1_f32<const FUNCTION: usize>(x: f32) -> f32 {
    const { Function::ALL[FUNCTION] }.call1(x)
}

extern "C" fn call1_f64<const FUNCTION: usize>(x: f64) -> f64 {
    const { Function::ALL[FUNCTION] }.call1(x)
}

extern "C" fn call2_f32<const FUNCTION: usize>(x: f32, y: f32) -> f32 {
    const { Function::ALL[FUNCTION] }.call2(x, y)
}

extern "C" fn call2_f64<const FUNCTION: usize>(x: f64, y: f64) -> f64 {
    const { Function::ALL[FUNCTION] }.call2(x, y)
}

extern "C" fn row_f32<const FUNCTION: usize>(row: *mut f32, count: usize) {
    // SAFETY: the emitter passes a part of its scratch memory with room for `count` numbers.
    let row = unsafe { std::slice::from_raw_parts_mut(row, count) };
    match row_of_f32(const { Function::ALL[FUNCTION] }) {
        Some(function) => function(row),
        None => row.iter_mut().for_each(|x| *x = const { Function::ALL[FUNCTION] }.call1(*x)),
    }
}

extern "C" fn row_f64<const FUNCTION: usize>(row: *mut f64, count: usize) {
    // SAFETY: as above.
    let row = unsafe { std::slice::from_raw_parts_mut(row, count) };
    match row_of(const { Function::ALL[FUNCTION] }) {
        Some(function) => function(row),
        None => row.iter_mut().for_each(|x| *x = const { Function::ALL[FUNCTION] }.call1(*x)),
    }
}

macro_rules! quotients {
    ($float:ident: $roots:ident, $root:ident; $quotients:ident, $divide:ident; $by:ident, $divide_by:ident; $of:ident, $divide_into:ident) => {
        extern "C" fn $roots(row: *mut $float, count: usize) {
            // SAFETY: the emitter passes rows of its scratch memory with room for `count` numbers.
            rows::$root(unsafe { std::slice::from_raw_parts_mut(row, count) });
        }

        extern "C" fn $quotients(row: *mut $float, divisors: *const $float, count: usize) {
            // SAFETY: as above, and the two are different rows.
            let (row, divisors) = unsafe {
                (std::slice::from_raw_parts_mut(row, count), std::slice::from_raw_parts(divisors, count))
            };
            rows::$divide(row, divisors);
        }

        extern "C" fn $by(row: *mut $float, divisor: $float, count: usize) {
            // SAFETY: as above.
            rows::$divide_by(unsafe { std::slice::from_raw_parts_mut(row, count) }, divisor);
        }

        extern "C" fn $of(row: *mut $float, dividend: $float, count: usize) {
            // SAFETY: as above.
            rows::$divide_into(unsafe { std::slice::from_raw_parts_mut(row, count) }, dividend);
        }
    };
}

quotients!(f32: roots_f32, sqrt_in_place_f32; quotients_f32, divide_rows_f32; quotients_by_f32, divide_by_f32; quotients_of_f32, divide_into_f32);
quotients!(f64: roots_f64, sqrt_in_place; quotients_f64, divide_rows; quotients_by_f64, divide_by; quotients_of_f64, divide_into);

extern "C" fn chains_f32(step: *const Chains<f32>, first: usize, tiles: u64) -> u64 {
    // SAFETY: the emitter passes a step that it has written, of rows of the shard, and tiles of its cells and padding.
    unsafe { quiet_f32(&*step, first, tiles) }
}

extern "C" fn chains_f64(step: *const Chains<f64>, first: usize, tiles: u64) -> u64 {
    // SAFETY: as above.
    unsafe { quiet(&*step, first, tiles) }
}

/// Keys travel as they lie in memory.
fn key_of(key: u64) -> [u32; 2] {
    let bytes = key.to_ne_bytes();
    let word = |at: usize| u32::from_ne_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    [word(0), word(4)]
}

extern "C" fn draw_f32<const DISTRIBUTION: usize>(
    a: f32,
    b: f32,
    key: u64,
    entity: u32,
    tick: u32,
    salt: u32,
) -> f32 {
    let at = Counter { entity, partner: 0, tick, salt };
    draw(const { Distribution::ALL[DISTRIBUTION] }, [a, b], key_of(key), at)
}

extern "C" fn draw_f64<const DISTRIBUTION: usize>(
    a: f64,
    b: f64,
    key: u64,
    entity: u32,
    tick: u32,
    salt: u32,
) -> f64 {
    let at = Counter { entity, partner: 0, tick, salt };
    draw(const { Distribution::ALL[DISTRIBUTION] }, [a, b], key_of(key), at)
}

extern "C" fn redraw_f32<const DISTRIBUTION: usize>(
    a: f32,
    b: f32,
    lo: f32,
    hi: f32,
    key: u64,
    entity: u32,
    tick: u32,
    salt: u32,
) -> f32 {
    let at = Counter { entity, partner: 0, tick, salt };
    redraw(const { Distribution::ALL[DISTRIBUTION] }, [a, b], [lo, hi], key_of(key), at)
}

extern "C" fn redraw_f64<const DISTRIBUTION: usize>(
    a: f64,
    b: f64,
    lo: f64,
    hi: f64,
    key: u64,
    entity: u32,
    tick: u32,
    salt: u32,
) -> f64 {
    let at = Counter { entity, partner: 0, tick, salt };
    redraw(const { Distribution::ALL[DISTRIBUTION] }, [a, b], [lo, hi], key_of(key), at)
}

extern "C" fn fma_f32(a: f32, b: f32, c: f32) -> f32 {
    math::fma_f32(a, b, c)
}

extern "C" fn fma_f64(a: f64, b: f64, c: f64) -> f64 {
    math::fma(a, b, c)
}

/// Floored, wrapping, 0 for a zero divisor.
extern "C" fn int_div(a: i64, b: i64) -> i64 {
    if b == 0 {
        return 0;
    }
    let floored = a.wrapping_rem(b) != 0 && (a < 0) != (b < 0);
    a.wrapping_div(b) - i64::from(floored)
}

/// Floored, 0 for a zero divisor.
extern "C" fn int_mod(a: i64, b: i64) -> i64 {
    if b == 0 {
        return 0;
    }
    let remainder = a.wrapping_rem(b);
    if remainder != 0 && (remainder < 0) != (b < 0) { remainder + b } else { remainder }
}

extern "C" fn uniform_numbers(key: u64, first: u32, tick: u32, salt: u32, out: *mut f64, count: usize) {
    // SAFETY: the emitter passes a part of its stack frame with room for `count` numbers.
    let out = unsafe { std::slice::from_raw_parts_mut(out, count) };
    uniform_row(key_of(key), first, 0, tick, salt, out);
}

extern "C" fn normal_numbers(key: u64, first: u32, tick: u32, salt: u32, out: *mut f64, count: usize) {
    // SAFETY: as above.
    let out = unsafe { std::slice::from_raw_parts_mut(out, count) };
    normal_row(key_of(key), first, 0, tick, salt, out);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_helper_has_an_address() {
        let mut helpers =
            vec![Helper::Fma, Helper::IntDiv, Helper::IntMod, Helper::UniformRow, Helper::NormalRow];
        helpers.extend(Function::ALL.map(Helper::Call1));
        helpers.extend(Function::ALL.map(Helper::Row));
        helpers.extend([Helper::RowRoot, Helper::RowDivide, Helper::RowDivideBy, Helper::RowDivideInto]);
        helpers.push(Helper::Chains);
        helpers.extend(Distribution::ALL.map(Helper::Draw));
        helpers.extend(Distribution::ALL.map(Helper::Redraw));
        for helper in helpers {
            for precision in [Precision::F32, Precision::F64] {
                assert!(address(&helper.name(precision)).is_some(), "{helper:?}");
            }
        }
        assert!(address("circ_nothing").is_none() && address("malloc").is_none());
    }

    #[test]
    fn whole_division_floors() {
        assert_eq!(
            [int_div(7, -2), int_div(-7, 2), int_div(7, 0), int_div(i64::MIN, -1)],
            [-4, -4, 0, i64::MIN]
        );
        assert_eq!([int_mod(7, -2), int_mod(-7, 2), int_mod(7, 0), int_mod(i64::MIN, -1)], [-1, 1, 0, 0]);
    }
}
