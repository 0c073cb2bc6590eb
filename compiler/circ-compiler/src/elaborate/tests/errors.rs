//! Circuits that are refused, each with its message.

use super::{circuit, net, net_files, net_set};

#[test]
fn sizes_are_whole_numbers_of_at_least_one() {
    insta::assert_snapshot!(circuit("population E: Lif[0]"), @r"
    [population-size] population `E` can not have 0 cells
      0 <- 0 cells
      note: a population has a whole number of cells, from 1 to 2147483648
    ");
    insta::assert_snapshot!(net("circuit C(n: int = 1000000000000) { population E: Lif[n] }"), @r"
    [population-size] population `E` can not have 1000000000000 cells
      n <- 1000000000000 cells
      note: a population has a whole number of cells, from 1 to 2147483648
    ");
    insta::assert_snapshot!(circuit("population E: Lif[2.5]"), @r"
    [not-whole] the size of a population must be a whole number, but this is 2.5
      2.5 <- between two whole numbers
    ");
    insta::assert_snapshot!(circuit("population E: Lif[100000, 100000]"), @r"
    [population-size] population `E` can not have 10000000000 cells
      100000 <- 10000000000 cells
      note: a population has a whole number of cells, from 1 to 2147483648
    ");
    insta::assert_snapshot!(circuit("population E: Lif[1e300]"), @r"
    [not-whole] the size of a population must be a whole number, but this is a plain number
      1e300 <- a plain number
      help: `round`, `floor` and `ceil` give a whole number
    ");
}

#[test]
fn loops_have_a_limit() {
    insta::assert_snapshot!(circuit("for a in 0 .. 1000000000000 { }"), @r"
    [too-many-items] this circuit would make more than 250000 items
      0 <- the limit is reached here
      help: make one population of many cells instead of many populations
    ");
    insta::assert_snapshot!(circuit("for a in [1, 2, 1] { population E: Lif[2] }"), @r"
    [repeated-index] the loop runs through 1 twice
      [1, 2, 1] <- the items of a loop are named by its index, so each must differ
    ");
}

#[test]
fn durations_lie_on_the_grid() {
    let projection = |clause: &str| {
        circuit(&format!(
            "population E: Lif[2]\nprojection p: E -> E.exc {{ connect all_to_all; weight 1 mV; {clause} }}"
        ))
    };
    insta::assert_snapshot!(projection("delay 0.05 ms"), @r"
    [delay-below-tick] delay 0.05 ms is shorter than the step 0.1 ms
      0.05 ms <- 0.5 of a step
      note: the step is 0.1 ms unless `dt` says otherwise
      note: a spike is delivered in a later tick than the one that emits it
      help: use a delay of at least 0.1 ms, or set `dt 0.05 ms`
    ");
    insta::assert_snapshot!(projection("delay 0 ms"), @r"
    [delay-below-tick] delay 0 ms is shorter than the step 0.1 ms
      0 ms <- no time at all
      note: the step is 0.1 ms unless `dt` says otherwise
      note: a spike is delivered in a later tick than the one that emits it
      help: use a delay of at least 0.1 ms, or leave the clause out for one step
    ");
    insta::assert_snapshot!(projection("delay 0.25 ms"), @r"
    [off-grid] delay 0.25 ms is not a whole number of steps of 0.1 ms
      0.25 ms <- 2.5 steps
      note: the step is 0.1 ms unless `dt` says otherwise
      note: time advances in whole steps, so every constant duration must be made of them
      help: use 0.2 ms, or write `round(0.25 ms / dt) * dt`, or set `dt 0.05 ms`
    ");
    insta::assert_snapshot!(projection("delay 0 ms - 1 ms"), @r"
    [negative-duration] delay -1 ms is negative
      0 ms - 1 ms <- must not be below 0 ms
    ");
    insta::assert_snapshot!(projection("delay 1e30 s"), @r"
    [duration-too-long] delay 1e30 s is longer than any run
      1e30 s <- at steps of 0.1 ms a run ends after 214742 s at the latest
    ");
    insta::assert_snapshot!(circuit("population E: Lif[2]\ndrive d: 1 mV -> E.I { from 0.15 ms to 10 ms }"), @r"
    [off-grid] the beginning 0.15 ms is not a whole number of steps of 0.1 ms
      0.15 ms <- 1.5 steps
      note: the step is 0.1 ms unless `dt` says otherwise
      note: time advances in whole steps, so every constant duration must be made of them
      help: use 0.1 ms, or write `round(0.15 ms / dt) * dt`, or set `dt 0.05 ms`
    ");
    insta::assert_snapshot!(circuit("population E: Lif[2]\ndrive d: choose(1, every = 0 ms) -> E.exc { weight 1 mV }"), @r"
    [negative-duration] an interval must be at least one step
      0 ms <- needs 0.1 ms or more
    ");
    insta::assert_snapshot!(net("circuit C { population E: Lif[2]\ndrive d: times([1.5 ms]) -> E.exc { weight 1 mV } }
    experiment Main of C { dt 1 ms; run 1 s }"), @r"
    [off-grid] the time 1.5 ms is not a whole number of steps of 1 ms
      [1.5 ms] <- 1.5 steps
      1 ms <- step set here
      note: time advances in whole steps, so every constant duration must be made of them
      help: use 2 ms, or write `round(1.5 ms / dt) * dt`, or set `dt 0.5 ms`
    ");
    insta::assert_snapshot!(net("circuit C { }\nexperiment Main of C { dt 0 ms }"), @r"
    [time-step] the step must be longer than 0 ms, but `dt` is 0 ms
      0 ms <- time would not advance
      help: use `dt 0.1 ms`
    ");
    insta::assert_snapshot!(net("circuit C { }\nexperiment Main of C { seed 1.5 }"), @r"
    [not-whole] the seed must be a whole number, but this is 1.5
      1.5 <- between two whole numbers
    ");
}

#[test]
fn connections_can_be_met() {
    let projection = |clauses: &str| {
        circuit(&format!(
            "population E: Lif[10]\npopulation F: Lif[5]\nprojection p: E -> E.exc {{ {clauses}; weight 1 mV }}"
        ))
    };
    insta::assert_snapshot!(projection("connect probability 1.5"), @r"
    [probability-range] a probability lies between 0 and 1, but this is 1.5
      1.5 <- 1.5
      help: did you mean `1.5%`?
    ");
    insta::assert_snapshot!(projection("connect in_degree 10"), @r"
    [degree-range] `in_degree 10` asks for more than there is: 9 sources for each target
      10 <- at most 9
      note: no pair is connected twice unless it is written
      help: ask for fewer, or write `allow multiple`
    ");
    insta::assert_snapshot!(projection("connect total 91"), @r"
    [degree-range] `total 91` asks for more than there is: 90 pairs
      91 <- at most 90
      note: no pair is connected twice unless it is written
      help: ask for fewer, or write `allow multiple`
    ");
    insta::assert_snapshot!(projection("connect out_degree 0 - 1"), @r"
    [degree-range] `out_degree -1` is no number of synapses
      0 - 1 <- must be from 0 to 2147483647
    ");
    insta::assert_snapshot!(circuit("population E: Lif[10]\npopulation F: Lif[5]\nprojection p: E -> F.exc { connect one_to_one; weight 1 mV }"), @r"
    [one-to-one-size] `one_to_one` needs as many sources as targets, but there are 10 and 5
      connect one_to_one <- pairs cells by their place in the views
      E <- 10 cells
      F.exc <- 5 cells
    ");
    insta::assert_snapshot!(circuit("population E: Lif[10]\nprojection p: E[where i < 0] -> E.exc { connect all_to_all; weight 1 mV }"), @r"
    [empty-view] this view holds no cell
      E[where i < 0] <- nothing is selected
    ");
    insta::assert_snapshot!(circuit("population E: Lif[10]\nprojection p: (E, E[3 .. 5]) -> E.exc { connect all_to_all; weight 1 mV }"), @r"
    [repeated-cell] cell 3 of `E` occurs twice in this view
      E[3 .. 5] <- a view holds a cell at most once
    ");
    insta::assert_snapshot!(circuit("population E: Lif[10]\ndrive d: choose(11, every = 1 ms) -> E.exc { weight 1 mV }"), @r"
    [degree-range] `choose` can not pick 11 of 10 cells
      11 <- must be from 1 to 10
    ");
    insta::assert_snapshot!(circuit("population E: Lif[10]\ndrive d: poisson(0 Hz - 1 Hz) -> E.exc { weight 1 mV }"), @r"
    [negative-rate] a rate is at least 0, but this is -1 Hz
      0 Hz - 1 Hz <- -1 Hz
    ");
    insta::assert_snapshot!(circuit("population E: Lif[10]\ndrive d: table([[1, 2]] * 1 mV, every = 1 ms) -> E.I"), @r"
    [drive-table] the table has 2 columns for 10 cells
      [[1, 2]] * 1 mV <- needs one column, or one for each cell
    ");
}

#[test]
fn tables_of_synapses_and_spikes_fit() {
    let source = "circuit C {
      population S: SpikeTimes[3] { events = load(\"s.csv\") }
      population E: Lif[3]
      projection p: E -> E.exc { connect from load(\"p.csv\"); weight 1 mV }
    }";
    let case = |spikes: &str, pairs: &str| net_files(source, &[("s.csv", spikes), ("p.csv", pairs)]);
    insta::assert_snapshot!(case("time_ms,cell\n1,0\n", "pre,post\n0,1\n0,3\n"), @r#"
    [table-row] line 3 of `p.csv`: there is no target 3: the view has 3
      load("p.csv") <- used here
    "#);
    insta::assert_snapshot!(case("time_ms,cell\n1,0\n", "pre,post\n0,1\n0,1\n"), @r#"
    [table-row] line 3 of `p.csv`: 0 to 1 occurs twice, which needs `allow multiple`
      load("p.csv") <- used here
    "#);
    insta::assert_snapshot!(case("time_ms,cell\n1,0\n", "pre,post\n1,1\n"), @r#"
    [table-row] line 2 of `p.csv`: source 1 and target 1 are the same cell, which needs `allow self`
      load("p.csv") <- used here
    "#);
    insta::assert_snapshot!(case("time_ms,cell\n1,0\n", "from,post\n1,1\n"), @r#"
    [table-row] `p.csv` has no column `pre`
      load("p.csv") <- its columns are `from`, `post`
    "#);
    insta::assert_snapshot!(case("time_ms,cell\n1,3\n", "pre,post\n"), @r#"
    [table-row] line 2 of `s.csv`: there is no cell 3: cells are 0 to 2
      load("s.csv") <- used here
    "#);
    insta::assert_snapshot!(case("time_ms,cell\n1.05,0\n", "pre,post\n"), @r#"
    [table-row] line 2 of `s.csv`: 1.05 ms is not a whole number of steps of 0.1 ms
      load("s.csv") <- used here
    "#);
    insta::assert_snapshot!(circuit("population S: SpikeTimes[3] { events = [(1.05 ms, 0)] }"), @r"
    [off-grid] the time of this event 1.05 ms is not a whole number of steps of 0.1 ms
      1.05 ms <- 10.5 steps
      note: the step is 0.1 ms unless `dt` says otherwise
      note: time advances in whole steps, so every constant duration must be made of them
      help: use 1 ms, or write `round(1.05 ms / dt) * dt`, or set `dt 0.05 ms`
    ");
    insta::assert_snapshot!(circuit("population S: SpikeTimes[3] { events = [(1 ms, 3)] }"), @r"
    [index-range] index 3 is outside `S`
      3 <- `S` has indices 0 to 2
    ");
}

#[test]
fn weights_keep_their_signs() {
    let projection = |polarity: &str, port: &str, weight: &str| {
        circuit(&format!(
            "population E: {polarity} Lif[10]\npopulation F: Lif[5]\nprojection p: E -> F.{port} {{ connect all_to_all; weight {weight} }}"
        ))
    };
    insta::assert_snapshot!(projection("inhibitory", "inh", "-9 mV"), @r"
    [weight-sign] weight -9 mV is negative, but `inh` is an inhibitory port
      -9 mV <- -9 mV
      note: weights at excitatory and inhibitory ports are magnitudes: the port says what they do
      help: use `9 mV`
    ");
    insta::assert_snapshot!(projection("inhibitory", "plain", "9 mV"), @r"
    [weight-sign] weight 9 mV has the wrong sign: `E` is inhibitory
      9 mV <- 9 mV
      note: at a plain port weights are signed, and the sign agrees with the cells that they come from
      help: use `-9 mV`
    ");
    insta::assert_snapshot!(projection("excitatory", "plain", "-9 mV"), @r"
    [weight-sign] weight -9 mV has the wrong sign: `E` is excitatory
      -9 mV <- -9 mV
      note: at a plain port weights are signed, and the sign agrees with the cells that they come from
      help: use `9 mV`
    ");
    insta::assert_snapshot!(circuit("population E: excitatory Lif[10]\npopulation I: inhibitory Lif[10]\nprojection p: (E, I) -> E.plain { connect all_to_all; weight 9 mV }"), @r"
    [mixed-signs] one projection can not keep several signs
      (E, I) -> E.plain <- its sources or ports demand different signs of the same weights
      help: write a projection for each
    ");
    insta::assert_snapshot!(circuit("population E: Lif[10]\ndrive d: poisson(1 kHz) -> E.exc { weight -1 mV }"), @r"
    [weight-sign] weight -1 mV is negative, but `exc` is an excitatory port
      -1 mV <- -1 mV
      note: weights at excitatory and inhibitory ports are magnitudes: the port says what they do
      help: use `1 mV`
    ");
    insta::assert_snapshot!(circuit("population I: inhibitory Lif[10]\nprojection p: I -> I.exc { connect all_to_all; weight 9 mV }"), @r"
    [polarity] `I` is inhibitory, but `p` excites `I`
      exc <- an excitatory port
      I <- declared inhibitory here
      help: project to `I.inh`, or drop `inhibitory` from `I`
    ");
    insta::assert_snapshot!(circuit("population E: Lif[10]\nprojection p: E -> E.exc { connect all_to_all; weight 9 mV }\nconstraints { dale }"), @r"
    [dale-polarity] `E` sends to `E.exc`, but has no polarity
      E <- neither `excitatory` nor `inhibitory`
      E.exc <- sends here
      dale <- demanded here
      help: declare `population E: excitatory ...` or `inhibitory`
    ");
    insta::assert_snapshot!(circuit("population E: Lif[10]\nprojection p: E[0 .. 6] -> E.exc { connect all_to_all; weight 9 mV; polarity excitatory }
    projection q: E[5 .. 10] -> E.inh { connect all_to_all; weight 9 mV; polarity inhibitory }\nconstraints { dale of E }"), @r"
    [polarity] `E` can not be both excitatory and inhibitory
      E.inh <- inhibitory
      E.exc <- excitatory
    ");
}

#[test]
fn requirements_are_checked_with_their_numbers() {
    insta::assert_snapshot!(circuit("population E: Lif[100]\npopulation I: Lif[30]\nconstraints { require size(E) == 4 * size(I) }"), @r"
    [require-fails] a `require` does not hold: 100 == 120 is false
      size(E) == 4 * size(I) <- 100 == 120 is false
    ");
    insta::assert_snapshot!(circuit("population E: Lif[100]\nconstraints { require size(E) in 1 .. 10 }"), @r"
    [require-fails] a `require` does not hold: 100 in 1 .. 10 is false
      size(E) in 1 .. 10 <- 100 in 1 .. 10 is false
    ");
}

#[test]
fn parameters_keep_their_ranges() {
    insta::assert_snapshot!(circuit("population E: Lif[10] { tau = 0.5 ms }"), @r"
    [out-of-range] `tau` must lie in 1 ms .. 1 s, but is 0.5 ms
      tau <- 0.5 ms
      1 ms .. 1 s <- range given here
    ");
    insta::assert_snapshot!(net("circuit C(p in 0 .. 1 = 2) { }"), @r"
    [out-of-range] `p` must lie in 0 .. 1, but is 2
      2 <- 2
      0 .. 1 <- range given here
    ");
    insta::assert_snapshot!(net_set("circuit C(p in 0 .. 1 = 0.5) { }", &[("p", "3")]), @r"
    [out-of-range] `p` must lie in 0 .. 1, but is 3
      3 <- 3
      0 .. 1 <- range given here
    ");
}

#[test]
fn what_is_set_exists_and_fits() {
    let source = "circuit Net(p = 0.1, tau = 5 ms) { population E: Lif[10] }
    experiment Main(duration = 1 s) of Net { run duration }";
    insta::assert_snapshot!(net_set(source, &[("duratoin", "1 s")]), @r"
    [set-path] there is no parameter `duratoin` to set
      1 s <- set here
      note: what can be set: `duration`, `dt`, `seed`, `p`, `tau`, `E.tau`, `E.V_th`
      help: did you mean `duration`?
    ");
    insta::assert_snapshot!(net_set(source, &[("duration", "2")]), @r"
    [set-value] `duration` must be a time, but is set to 2
      2 <- 2
    ");
    insta::assert_snapshot!(net_set(source, &[("E.V_th", "1 pA")]), @r"
    [set-value] `E.V_th` must be a voltage, but is set to 1 pA, a current
      1 pA <- 1 pA, a current
    ");
    insta::assert_snapshot!(net_set(source, &[("tau", "1 ms + 1 mV")]), @r"
    [set-value] these quantities do not go together
      1 ms + 1 mV <- of different dimensions or kinds
    ");
    insta::assert_snapshot!(net_set(source, &[("tau", "foo(3)")]), @r"
    [set-value] a parameter is set to a number, `true`, `false`, a text or an array of those
      foo(3) <- not one of these
    ");
    insta::assert_snapshot!(net_set(source, &[("p", "true")]), @r"
    [set-value] `p` must be a plain number, but is set to a truth value
      true <- a truth value
    ");
    insta::assert_snapshot!(net_set(source, &[("dt", "-1 ms")]), @r"
    [time-step] the step must be longer than 0 ms, but `dt` is -1 ms
      -1 ms <- time would not advance
      help: use `dt 0.1 ms`
    ");
}

#[test]
fn what_is_known_only_later_is_refused_now() {
    insta::assert_snapshot!(circuit("population E: Lif[size(E)]"), @r"
    [index-range] there is no `E`
      E <- nothing of this name is made before this place
    ");
    insta::assert_snapshot!(circuit("for a in 0 .. 3 { population P: Lif[2] }\nprojection p: P[3] -> P.exc { connect all_to_all; weight 1 mV }"), @r"
    [index-range] there is no `P[3]`
      P[3] <- `P[0]` to `P[2]` were made
    ");
    insta::assert_snapshot!(net("circuit A { part b: B }\ncircuit B { part c: A }\ncircuit C { part a: A }"), @r"
    [cyclic-circuit] `A` and `B` go in a circle: `A` → `B` → `A`
      A <- contains `B`
      B <- contains `A`
    ");
}

/// Whatever stands where a number is due, there is a net or a message.
#[test]
fn no_number_brings_elaboration_down() {
    let numbers =
        ["0", "1", "-1", "2.5", "1e300", "-1e300", "inf", "-inf", "0 * inf", "1e-300", "round(1e18)", "[1]"];
    let places = [
        "population E: Lif[round(@)]",
        "population E: Lif[@, 2, 3]",
        "population E: Lif[2] { tau = @ * 1 ms; at grid(@ * 1 um) }",
        "for a in round(@) .. 3 { let x = a }",
        "for a in [@, 2] { population E: Lif[2] }",
        "population E: Lif[5]\ndrive d: 1 mV -> E[round(@)].I { from @ * 1 ms to @ * 1 s }",
        "population E: Lif[5]\ndrive d: 1 mV -> E[0 .. round(@)].I",
        "population E: Lif[5]\ndrive d: 1 mV -> E[round(@) .. 5].I",
        "population E: Lif[5]\ndrive d: 1 mV -> E[[1, round(@)]].I",
        "population E: Lif[5]\ndrive d: 1 mV -> E[where i < @].I",
        "population E: Lif[5]\ndrive d: poisson(@ * 1 Hz) -> E.exc { weight @ * 1 mV; delay @ * 1 ms }",
        "population E: Lif[5]\ndrive d: choose(round(@), every = @ * 1 ms) -> E.exc { weight 1 mV }",
        "population E: Lif[5]\ndrive d: times([@ * 1 ms, 1 ms]) -> E.exc { weight 1 mV }",
        "population E: Lif[5]\ndrive d: table([@, 2] * 1 mV, every = @ * 1 ms) -> E.I",
        "population E: Lif[5]\nprojection p: E -> E.exc { connect probability @; weight @ * 1 mV; delay @ * 1 ms; dendritic @ * 1 ms }",
        "population E: Lif[5]\nprojection p: E -> E.exc { connect in_degree round(@); weight 1 mV; allow multiple, self }",
        "population E: Lif[5]\nprojection p: E -> E.exc { connect total round(@); weight 1 mV }",
        "population E: Lif[5]\nprojection p: E -> E.exc { connect from [[0, @]]; weight 1 mV }",
        "population S: SpikeTimes[2] { events = [(@ * 1 ms, round(@))] }",
        "let x = linspace(0, @, round(@))",
        "let x = mod(round(@), 0) + sum(q for q in round(@) .. 5)",
        "let x = [1, 2, 3][round(@)] + max([@, 1])",
        "population E: Lif[5]\nconstraints { require size(E) == @ }",
    ];
    for number in numbers {
        for place in places {
            assert!(!circuit(&place.replace('@', number)).is_empty());
        }
        assert!(
            !net(&format!(
                "circuit C {{ }}\nexperiment Main of C {{ dt {number} * 1 ms; seed round({number}) }}"
            ))
            .is_empty()
        );
    }
}

#[test]
fn names_of_cells() {
    let text = |(names, synapses): (&'static str, &'static str)| {
        let source = "circuit C {
          population N: Lif[2] { names = load(\"names.csv\") }
          population M: Lif[2]
          projection p: N -> M.plain { connect from load(\"s.csv\"); weight 1 mV }
        }";
        net_files(source, &[("names.csv", names), ("s.csv", synapses)])
    };
    let cases = [
        ("name\na\n", "pre,post\na,0\n"),
        ("name\na\na\n", "pre,post\na,0\n"),
        ("id,class\na,x\nb,x\n", "pre,post\na,0\n"),
        ("name\nAVAL\nAVAR\n", "pre,post\nAVAl,0\n"),
        ("name\nAVAL\nAVAR\n", "pre,post\nAVAL,AVAR\n"),
    ];
    insta::assert_snapshot!(cases.map(text).join("\n"), @r#"
    [data-shape] `N` has 2 cells, but `names.csv` names 1
      load("names.csv") <- 1 names
      note: a population with names has one for each cell, in order of `i`
    [table-row] line 3 of `names.csv`: `a` is already the cell of line 2
      load("names.csv") <- used here
    [table-row] `names.csv` has no column `name`
      load("names.csv") <- its columns are `id`, `class`
    [table-row] line 2 of `s.csv`: no cell is called `AVAl`; did you mean `AVAL`?
      load("s.csv") <- used here
    [table-row] line 2 of `s.csv`: `AVAR` in column `post` is not an index, and the cells have no names
      load("s.csv") <- used here
    "#);
}
