//! The order of what happens in a tick: `language.md`, section 11.

use super::*;

#[test]
fn conditions_are_read_before_any_block_runs() {
    let cell = "
      state x = 0
      on tick { x += 1 }
      event a when x == 3 { x = 10 }
      event b when x == 3 { x += 1 }";
    let mut run = Run::new(&one_cell(cell, 1, ""));
    // Tick 0 has its `on tick` too: x is 3 at tick 2.
    run.to(2);
    assert_eq!((run.ticks("a"), run.ticks("b")), (vec![2], vec![2]));
    assert_eq!(run.value("x"), 11.0);
}

#[test]
fn an_event_is_emitted_at_once_where_its_block_is_still_to_come() {
    let cell = "
      state x = 0
      on tick { x += 1 }
      event early { }
      event middle when x == 3 { emit early; emit late }
      event late { }
      on late { emit middle }";
    let mut run = Run::new(&one_cell(cell, 1, ""));
    run.to(5);
    assert_eq!(run.ticks("late"), [2, 3, 4, 5]);
    assert_eq!(run.ticks("middle"), [2, 3, 4, 5]);
    assert_eq!(run.ticks("early"), [3, 4, 5]);
}

#[test]
fn a_mode_replaces_equations_and_runs_its_end() {
    let cell = "
      state x = 0
      state ends = 0
      state n = 0
      10 ms * x' = -x
      on tick { n += 1 }
      mode up for 2 ms { 1 ms * x' = 5 - x }
      event start when n == 11 { enter up }
      on end up { ends += 1 }";
    let mut run = Run::new(&one_cell(cell, 1, ""));
    assert_eq!(run.methods(), ["x: exact", "x in up: exact"]);
    run.to(10);
    assert_eq!((run.ticks("start"), run.value("up"), run.value("x")), (vec![10], 1.0, 0.0));
    near(run.to(29).value("x"), 5.0 * (1.0 - circ_numerics::math::exp(-1.9)), 1e-12);
    assert_eq!((run.value("up"), run.value("ends")), (1.0, 0.0));
    let top = run.to(30).value("x");
    near(top, 5.0 * (1.0 - circ_numerics::math::exp(-2.0)), 1e-12);
    assert_eq!((run.value("up"), run.value("ends")), (0.0, 1.0));
    near(run.to(31).value("x"), top * circ_numerics::math::exp(-0.01), 1e-12);
    assert_eq!(run.to(60).value("ends"), 1.0);
}

#[test]
fn a_mode_that_is_left_ends_at_once() {
    let cell = "
      state n = 0
      state ends = 0
      on tick { n += 1 }
      mode m { no spike }
      event start when n == 3 { enter m }
      event stop when n == 6 { leave m }
      spike when n >= 2
      on end m { ends += 1 }";
    let mut run = Run::new(&one_cell(cell, 1, ""));
    run.to(7);
    // At the tick of `stop` the condition was read while the mode was on.
    assert_eq!(run.ticks("spike"), [1, 2, 6, 7]);
    assert_eq!(run.value("ends"), 1.0);
}

#[test]
fn rising_fires_once() {
    let cell = "
      state n = 0
      on tick { n += 1 }
      spike when rising(mod(n, 4) >= 2)";
    let mut run = Run::new(&one_cell(cell, 1, ""));
    run.to(9);
    assert_eq!(run.ticks("spike"), [1, 5, 9]);
}

#[test]
fn held_variables_ignore_the_clock_but_not_events() {
    let cell = "
      state n = 0
      state x = 0
      on tick { n += 1; x += 1 }
      mode m { hold x }
      event start when n == 3 { enter m }
      event push when n == 5 { x += 10 }";
    let mut run = Run::new(&one_cell(cell, 1, ""));
    assert_eq!(run.to(8).value("x"), 13.0);
}

#[test]
fn arrivals_trigger_a_block_and_may_be_dropped() {
    let cell = "
      port p: real via sum
      state n = 0
      state sum_of = 0
      mode deaf for 1 ms { drop p }
      on p { n += 1; sum_of += p }
      event block when n == 2 { enter deaf }";
    let drives = "drive d: times([1 ms, 2 ms, 2.5 ms, 4 ms]) -> P.p { weight 3 }";
    let mut run = Run::new(&one_cell(cell, 1, drives));
    run.to(19);
    assert_eq!((run.value("n"), run.value("sum_of")), (1.0, 3.0));
    // `n` is 2 from tick 20 on, so the cell is deaf until the third arrival at the earliest.
    run.to(60);
    assert_eq!(run.value("n"), 2.0);
}

#[test]
fn branches_of_a_block_run_where_their_condition_holds() {
    let cell = "
      state x = 0
      state high = false
      on tick {
        let step = 2
        if x > 5 { high = true } else { x += step }
      }";
    let mut run = Run::new(&one_cell(cell, 1, ""));
    assert_eq!((run.to(2).value("x"), run.value("high")), (6.0, 0.0));
    assert_eq!((run.to(3).value("x"), run.value("high")), (6.0, 1.0));
}

#[test]
fn a_range_clips_after_steps_and_assignments() {
    let cell = "
      state x in 0 .. 1 = 0.5
      state y in 0 .. 1 = 5
      10 ms * x' = 100
      on tick { y -= 0.3 }";
    let mut run = Run::new(&one_cell(cell, 1, ""));
    near(run.to(0).value("y"), 0.7, 1e-15);
    assert_eq!((run.to(9).value("x"), run.value("y")), (1.0, 0.0));
}

#[test]
fn a_value_that_is_not_finite_stops_the_run() {
    let mut run = Run::new(&one_cell("state x = 1\n1 ms * x' = x ^ 3", 1, ""));
    assert!(matches!(run.fault(1000), Some(Stop::Fault(_))));
    let mut run = Run::new(&one_cell("state x = 1\non tick { x = x / 0 }", 1, ""));
    assert!(matches!(run.fault(10), Some(Stop::Fault(_))));
}

#[test]
fn a_whole_number_that_leaves_64_bits_stops_the_run() {
    let mut run = Run::new(&one_cell("state n: int = 1\non tick { n *= 1000 }", 1, ""));
    run.to(4);
    assert!(matches!(run.fault(10), Some(Stop::Fault(_))));
}

#[test]
fn draws_of_a_block_differ_from_tick_to_tick_and_site_to_site() {
    let cell = "
      state a = 0
      state b = 0
      let noise = normal(0, 1)
      state c = 0
      state d = 0
      on tick { a = normal(0, 1); b = normal(0, 1); c = noise }
      event e when true { d = noise }";
    let mut run = Run::new(&one_cell(cell, 1, ""));
    let first = [run.to(0).value("a"), run.value("b"), run.value("c")];
    let second = [run.to(1).value("a"), run.value("b"), run.value("c")];
    assert!(first[0] != first[1] && first[0] != first[2] && first[0] != second[0] && first[2] != second[2]);
    assert_eq!(run.value("c"), run.value("d"));
}
