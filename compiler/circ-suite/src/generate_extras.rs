//! What stands beside the main network: cells of the library, a lattice, groups in loops, tables from files.

use crate::generate::Gen;
use crate::generate_cell::block;
use crate::generate_protocol::Enforced;

/// The library's cells with the port that a drive of events may kick, and how hard.
const LIBRARY: [(&str, &str); 8] = [
    ("LifDelta", "6 mV"),
    ("LifCurrent", "900 pA"),
    ("LifAlpha", "900 pA"),
    ("LifConductance", "8 nS"),
    ("AdEx", "15 nS"),
    ("Chattering", "9 mV"),
    ("HodgkinHuxley", "20 nS"),
    ("Gif", "300 pA"),
];

/// Lines for the circuit `Net` that are given what lies on the way of `A`: a population of `cell`.
pub(crate) fn extras(g: &mut Gen, cell: &str, lines: &mut Vec<String>) -> Enforced {
    if g.one_in(3) {
        library(g, lines);
    }
    if g.one_in(3) {
        lattice(g, cell, lines);
    }
    if g.one_in(3) {
        groups(g, cell, lines);
    }
    if g.one_in(4) {
        files(g, cell, lines);
    }
    if g.one_in(3) {
        lines.push("fn doubled(x: real) = 2 * x".into());
        lines.push("data points: real[3] = linspace(0.5, 2, 3)".into());
        lines.push("drive pair: times([1 ms, 3 ms]) -> A[0].exc { weight doubled(points[1]) * 1 mV }".into());
    }
    let has_enforced = g.one_in(3);
    if has_enforced {
        enforced(g, cell, lines);
    }
    let choices = ["dale of A", "require size(A) >= 1", "monitor rate(A) in 0 Hz .. 100 kHz"];
    if g.one_in(2) {
        lines.push(block("constraints", &[g.pick(&choices).to_string()]));
    }
    if has_enforced { Enforced::Feed } else { Enforced::Nothing }
}

/// Weights that are scaled when the network is built, perhaps again while it runs: of constants and of draws, with
/// delays that sort the rows of synapses anew.
fn enforced(g: &mut Gen, cell: &str, lines: &mut Vec<String>) {
    lines.push(format!("population kept: {cell}[{}]", g.range(1, 5)));
    let (connect, allow) =
        g.pick(&[("all_to_all", "self"), ("in_degree 3", "self"), ("in_degree 3", "self, multiple")]);
    let feed = [
        format!("connect {connect}"),
        format!("allow {allow}"),
        format!("weight {}", g.pick(&["2 mV", "uniform(1 mV, 4 mV)", "1 mV * (1 + mod(pre.i, 3))"])),
        format!("delay {}", g.pick(&["1 ms", "uniform(1 ms, 4 ms)"])),
    ];
    lines.push("population feeding: PoissonSource[4] { rate = 300 Hz }".into());
    lines.push(block("projection feed: feeding -> kept.exc", &feed));
    lines.push("projection beside: A -> kept.exc { connect all_to_all; weight 0.5 mV; delay 2 ms }".into());
    let every = g.pick(&["", " every 1 ms", " every 3 ms"]);
    let constraints = [
        format!("enforce weight_sum(feed) == 2 * weight_sum(A -> kept.exc){every}"),
        "enforce weight_sum(A -> kept.exc) == 1.5 mV * (1 + size(A))".into(),
        "require polarity(kept) == \"none\" and in_degree(feeding -> kept) >= 3 and weight_sum(kept.exc) > 0 mV".into(),
        "monitor weight_sum(kept.exc) in 1 mV .. 4 mV".into(),
        "monitor out_degree(feeding) < 4".into(),
    ];
    lines.push(block("constraints", &constraints));
}

fn library(g: &mut Gen, lines: &mut Vec<String>) {
    let (name, weight) = g.pick(&LIBRARY);
    lines.push(format!("population model: excitatory {name}[{}]", g.range(1, 6)));
    lines.push(format!(
        "drive shots: poisson({} kHz) -> model.exc {{ weight {weight} }}",
        g.pick(&["0.5", "2"])
    ));
    if name == "LifCurrent" || name == "LifConductance" {
        let window = g.pick(&["", " over 2 ms"]);
        lines.push(block("constraints", &[format!("monitor balance(model{window}) in 0 .. 0.9")]));
    }
    lines.push("population rain: PoissonSource[3] { rate = 200 Hz }".into());
    lines.push(format!(
        "projection fall: rain -> model.exc {{ connect all_to_all; weight {weight}; delay 1 ms }}"
    ));
    lines.push("projection out: model -> A.exc { connect probability 0.6; weight 2 mV; delay 2 ms }".into());
}

/// Three dimensions, no polarity of its own.
fn lattice(g: &mut Gen, cell: &str, lines: &mut Vec<String>) {
    let body = [
        format!("at grid({} um)", g.pick(&["10", "25"])),
        "u = 0.2 mV * (row + 2 * col - layer)".into(),
        "exc = uniform(0 mV, 3 mV)".into(),
    ];
    lines.push(block(&format!("population lattice: {cell}[2, 3, 2]"), &body));
    lines.push(format!("population one: {cell}"));
    lines.push(
        "projection near: lattice -> lattice.exc { connect where distance < 26 um; weight 1 mV; delay 1 ms }"
            .into(),
    );
    let release = g.pick(&["allow corelease", "allow self, corelease"]);
    lines.push(block(
        "projection half: lattice[where layer == 0] -> A.exc",
        &[
            "connect probability 0.5".into(),
            release.into(),
            "polarity excitatory".into(),
            "weight gamma(2, 0.5 mV)".into(),
            format!("delay {}", g.pick(&["1 tick", "2 ms"])),
            format!("dendritic {}", g.pick(&["uniform(1 ms, 3 ms)", "1 ms * mod(post.i, 2)", "1 ms"])),
        ],
    ));
    lines.push(
        "projection some: lattice -> one.exc { connect where pre in lattice[0 .. 5]; weight 1 mV; delay 1 ms }"
            .into(),
    );
    lines.push("projection back: one -> lattice[3].exc { connect one_to_one; weight 3 mV }".into());
}

/// Families of populations and projections; a loop over values; the other branch.
fn groups(g: &mut Gen, cell: &str, lines: &mut Vec<String>) {
    lines.push(block("for q in 0 .. 3", &[format!("population group: excitatory {cell}[2 + q]")]));
    let step =
        "projection step: group[q] -> group[q + 1].exc { connect all_to_all; weight 2 mV; delay 1 ms }";
    lines.push(block("for q in 0 .. 2", &[step.into()]));
    let nudge = "drive nudge: times([1 ms * x]) -> group[0].exc { weight 4 mV }";
    lines.push(block("for x in [1, 3]", &[nudge.into()]));
    lines.push("part plain: Unit".into());
    let strong = "projection whole: group -> A.exc { connect in_degree 3; weight 1 mV; delay 2 ms }";
    let weak =
        "projection whole: group -> A.exc { connect total 4; allow multiple; weight LEVEL; delay 1 ms }";
    lines.push(format!("if strength > {} {{\n  {strong}\n}} else {{\n  {weak}\n}}", g.tenths(5, 20)));
}

fn files(g: &mut Gen, cell: &str, lines: &mut Vec<String>) {
    lines.push("population relayed: SpikeTimes[4] { events = load(\"spikes.csv\") }".into());
    lines.push(format!("population ring: excitatory {cell}[4]"));
    lines.push(
        "projection inward: relayed -> ring.exc { connect one_to_one; weight 5 mV; delay 1 ms }".into(),
    );
    lines.push(block(
        "projection loop: ring -> ring.exc",
        &[
            "connect from load(\"edges.csv\")".into(),
            "allow self".into(),
            format!("weight {} * edge.w", g.pick(&["1 mV", "squared(1.5) * 1 mV", "uniform(1 mV, 2 mV)"])),
            "delay 1 ms * edge.late".into(),
        ],
    ));
}
