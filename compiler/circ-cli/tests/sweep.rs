//! Experiments that sweep: `circ run` and `circ test` of all their points.

mod common;

use common::Bench;

const GRID: &str = "sweep n in [1, 2, 4], seed in 0 .. 2\nrun 100 ms\nreport size(E), count(E) / size(E)";

#[test]
fn a_table_has_a_line_for_each_point_whatever_the_number_of_cores() {
    let bench = Bench::new();
    bench.small(GRID);
    let tables = ["1", "2", "3"].map(|threads| {
        let folder = format!("out{threads}");
        let said = bench.circ(&["run", "small.circ", "--threads", threads, "--out", &folder]).exits(0);
        assert_eq!(said.out.lines().count(), 7, "{}", said.out);
        std::fs::read_to_string(bench.path(&format!("{folder}/sweep.csv"))).expect("a table")
    });
    let rows: Vec<&str> = tables[0].lines().collect();
    assert_eq!(rows[0], "n,seed,size(E),count(E) / size(E),expectations held,ended");
    let first: Vec<String> =
        rows[1..].iter().map(|row| row.split(',').take(3).collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(first, ["1 0 1", "1 1 1", "2 0 2", "2 1 2", "4 0 4", "4 1 4"]);
    assert_eq!((&tables[1], &tables[2]), (&tables[0], &tables[0]));
}

/// More points than cores, that do not take equally long, with draws and units in what they report.
#[test]
fn many_short_runs_give_the_same_table_on_one_core_and_on_two() {
    let bench = Bench::new();
    let grid = "sweep n in [1, 40, 3, 20], seed in 0 .. 16\nrun 20 ms\n\
                set E.drive_to = 15 mV + 1 mV * n\nrun 30 ms\nreport rate(E), count(each E), mean(E.v)";
    bench.small(grid);
    let [one, two] = ["1", "2"].map(|threads| {
        let folder = format!("out{threads}");
        bench.circ(&["run", "small.circ", "--threads", threads, "--out", &folder, "--quiet"]).exits(0);
        std::fs::read_to_string(bench.path(&format!("{folder}/sweep.csv"))).expect("a table")
    });
    assert_eq!(one.lines().count(), 65);
    assert_eq!(one, two);
}

#[test]
fn what_the_command_line_sets_is_not_swept() {
    let bench = Bench::new();
    bench.small(GRID);
    let json = bench.circ(&["run", "small.circ", "--json", "--set", "n=3"]).exits(0).json();
    let points = json.as_array().expect("a list of points");
    assert_eq!(points.len(), 2);
    assert_eq!(points[1]["point"][0][0], "seed");
    assert_eq!(points[1]["results"]["seed"], 1);
    assert_eq!(points[1]["results"]["reports"][0]["value"], 3);
    bench.circ(&["run", "small.circ", "--set", "n=3", "--seed", "5"]).exits(0).says("Main: 3 cells");
}

#[test]
fn an_expectation_is_held_at_every_point() {
    let bench = Bench::new();
    bench.small("sweep n in [1, 2, 4]\nrun 1 ms\nexpect size(E) < 4");
    bench.circ(&["run", "small.circ"]).exits(6).says("0 of 1");
    let said = bench.circ(&["test", "small.circ"]).exits(6).says("✗ small.circ Main (3 points)");
    assert!(said.out.contains("at n = 4\n") && !said.out.contains("at n = 2"), "{}", said.out);
    bench.small("sweep n in [1, 2]\nrun 1 ms\nexpect size(E) < 4");
    bench.circ(&["test", "small.circ"]).exits(0).says("✓ small.circ Main (2 points)");
}

#[test]
fn a_point_that_can_not_be_built_is_said() {
    let bench = Bench::new();
    bench.small("sweep n in [1, 0]\nrun 1 ms");
    bench.circ(&["run", "small.circ"]).exits(1).complains("population-size");
}
