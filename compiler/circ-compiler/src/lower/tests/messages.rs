//! What lowering refuses.

use super::*;

#[track_caller]
fn check(cell: &str, expected: &str) {
    match try_lower(&one_cell(cell, 1, "")) {
        Ok(_) => panic!("it was accepted"),
        Err(messages) => assert_eq!(messages, [expected]),
    }
}

#[test]
fn exact_needs_linear_equations() {
    check(
        "state x = 0.1\n10 ms * x' = x * (1 - x)\nmethod exact",
        "no-exact-solution: the equation of `x` has no exact solution",
    );
}

#[test]
fn exponential_euler_needs_an_equation_linear_in_itself() {
    check(
        "state x = 0.1\n10 ms * x' = x * (1 - x)\nmethod exponential_euler",
        "not-linear-in-itself: the equation of `x` is not linear in `x`, as exponential Euler needs",
    );
}

#[test]
fn noise_is_added() {
    check(
        "state x = 0\n10 ms * x' = abs(sqrt(20 ms) * xi)",
        "noise-not-linear: `xi` stands in the equation of `x` in a way that has no meaning",
    );
}

#[test]
fn a_factor_is_not_0() {
    check("state x = 0\n0 ms * x' = -x", "factor-zero: the factor of `x'` is 0");
}

#[test]
fn a_refractory_time_lies_on_the_grid() {
    check(
        "param t_ref = 1.05 ms\nstate x = 0\nspike when x > 1 { refractory t_ref }",
        "off-grid: the duration 1.05 ms is not a whole number of steps of 0.1 ms",
    );
    check(
        "state x = 0\nspike when x > 1 { refractory -1 ms }",
        "negative-duration: the duration -1 ms is negative",
    );
}
