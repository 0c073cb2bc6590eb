//! Drives and projections.

use super::*;

/// What flows into `I` in each step adds up in `x`.
const COUNTER: &str = "port I: real via sum\nstate x = 0\n1 ms * x' = I";

#[test]
fn a_value_flows_from_its_first_to_its_last_step() {
    let mut run = Run::new(&one_cell(COUNTER, 3, "drive d: 10 -> P[1 .. 3].I { from 1 ms to 2 ms }"));
    run.to(10);
    assert_eq!((run.all("x"), run.all("I")), (vec![0.0; 3], vec![0.0, 10.0, 10.0]));
    near(run.to(11).all("x")[1], 1.0, 1e-14);
    assert_eq!(run.to(20).all("I"), [0.0; 3]);
    near(run.to(40).all("x")[2], 10.0, 1e-12);
    assert_eq!(run.all("x")[0], 0.0);
    assert_eq!(run.lowered.drives.values[&0].len(), 1);
}

#[test]
fn a_value_may_depend_on_time_and_cell() {
    let mut run = Run::new(&one_cell(COUNTER, 3, "drive d: i * t / 1 ms -> P.I"));
    assert_eq!(run.to(20).all("I"), [0.0, 2.0, 4.0]);
}

#[test]
fn a_table_holds_its_rows_and_is_0_afterwards() {
    let items = "data y: real[2, 2] = [[1, 2], [3, 4]]\ndrive d: table(y, every = 1 ms) -> P[[2, 0]].I";
    let mut run = Run::new(&one_cell(COUNTER, 3, items));
    assert_eq!(run.to(9).all("I"), [2.0, 0.0, 1.0]);
    assert_eq!(run.to(10).all("I"), [4.0, 0.0, 3.0]);
    assert_eq!(run.to(20).all("I"), [0.0, 0.0, 0.0]);
}

#[test]
fn arrivals_at_a_sum_port_last_until_the_next_delivery() {
    let mut run = Run::new(&one_cell(COUNTER, 1, "drive d: times([1 ms]) -> P.I { weight 5 }"));
    assert_eq!(run.to(10).value("I"), 5.0);
    assert_eq!((run.value("x"), run.to(11).value("I")), (0.0, 0.0));
    near(run.to(12).value("x"), 0.5, 1e-14);
}

#[test]
fn event_drives_have_rates_and_weights() {
    let items = "drive a: poisson(2 kHz) -> P.I { weight 0.5; delay 1 ms; from 1 ms to 2 ms }
      drive b: choose(2, every = 1 ms) -> P.I { weight 1 + i }";
    let lowered = lowered(&one_cell(COUNTER, 3, items));
    let [a, b] = &lowered.plan.drives[..] else { panic!("two drives") };
    assert_eq!((a.uniforms[0].value, a.delay_ticks, a.from_tick, a.to_tick), (2.0, 10, 10, 20));
    assert!(matches!(a.weight, Quantity::Constant(0.5)));
    assert!(matches!(b.kind, circ_plan::plan::DriveKind::Choose { count: 2, interval_ticks: 10 }));
    assert!(matches!(b.weight, Quantity::Program(_)));
    assert_eq!(lowered.plan.order, [Sender::Drive(0), Sender::Drive(1)]);
}

#[test]
fn projections_read_positions_and_parameters() {
    let source = "
      cell C { param g = uniform(0, 1); port p: real via sum; state x = 0; spike when x > 1 }
      circuit K {
        population A: C[4, 5] { at grid(20 um) }
        population B: C[6] { at (10 um * i, 0 um, 0 um) }
        projection near: A -> B.p {
          connect probability exp(-distance / 50 um)
          weight  pre.g * post.g + 0.1 * normal(0, 1)
          delay   1 ms + distance / (0.3 m/s)
        }
        projection where_: A[0 .. 5] -> A.p { connect where pre.i != post.i; weight 1; delay 0.1 ms }
      }
      experiment Main of K { dt 0.1 ms; run 1 ms }";
    let lowered = lowered(source);
    let near = &lowered.plan.projections[0];
    assert!(matches!(near.connect, Connect::Probability(Quantity::Program(_))));
    assert_eq!((near.pre_columns.len(), near.post_columns.len()), (4, 4));
    assert!(matches!(near.delay, Quantity::Program(_)));
    assert!(matches!(lowered.plan.projections[1].connect, Connect::Where(_)));
    assert!(matches!(lowered.plan.projections[1].delay, Quantity::Constant(d) if d == 0.1));
    let arrays: Vec<&str> = lowered.plan.populations[0].arrays.iter().map(|a| a.name.as_str()).collect();
    assert!(arrays.contains(&"x") && arrays.contains(&"y"), "{arrays:?}");
    let mut run = Run::new(source);
    run.to(0);
    let text = crate::plan_print::print_plan(&lowered.plan);
    assert!(text.contains("projection near: (A[0 .. 20]) -> (B[0 .. 6])"), "{text}");
}

#[test]
fn spike_times_are_ticks() {
    let source = "
      circuit K { population S: SpikeTimes[3] { events = [(0 ms, 0), (5 ms, 2)] } }
      experiment Main of K { dt 0.1 ms; run 1 ms }";
    let lowered = lowered(source);
    assert!(
        matches!(&lowered.plan.populations[0].dynamics, Dynamics::SpikeTimes { times, .. } if times == &[(0, 0), (50, 2)])
    );
}
