//! Cells with segments, what arrives at them, and what flows between them.
//!
//! In: choices. Out: a cell with its segments, lines for the circuit, and statements for the experiment that look at
//! the segments and change them.

use crate::generate::Gen;
use crate::generate_cell::block;

/// Statements that speak of segments.
pub(crate) struct Dendrites {
    /// The cell, at top level.
    pub(crate) cell: String,
    pub(crate) records: Vec<String>,
    pub(crate) between: Vec<String>,
    pub(crate) afterwards: Vec<String>,
}

/// A population `T` of cells with segments beside the population `A`, and what connects them.
pub(crate) fn dendrites(g: &mut Gen, lines: &mut Vec<String>) -> Dendrites {
    let count = g.range(1, 4);
    let has_kick = g.one_in(2);
    let clamps = g.one_in(3);
    let cell = cell(g, count, has_kick, clamps);
    let own = if g.one_in(3) { g.range(1, count) } else { count };
    population(g, own, count, lines);
    events(g, own, has_kick, lines);
    flows(g, own, lines);
    let enforced = g.one_in(3);
    if enforced {
        enforce(g, lines);
    }
    Dendrites { cell, records: records(g), between: between(g, enforced, clamps), afterwards: afterwards(g) }
}

fn cell(g: &mut Gen, count: usize, has_kick: bool, clamps: bool) -> String {
    let coupled = g.one_in(2);
    let mut lines = vec![
        format!("param n: int = {count}"),
        format!("param g_c = {} nS", g.tenths(5, 200)),
        format!("port exc: excitatory current via {}", shape(g)),
        "port I: modulatory current via sum".into(),
        format!("state v: voltage = {}", g.pick(&["0 mV", "uniform(-2 mV, 2 mV)", "0.5 mV * mod(i, 3)"])),
        "state log = 0".into(),
    ];
    let inflow = match coupled {
        true => "",
        false => g.pick(&[
            "+ 2 nS * (sum(dend.u) - v)",
            "+ 30 pA * tanh(mean(dend.z))",
            "+ 20 pA * count(dend.plateau)",
            "+ 1 nS * max(dend.u)",
        ]),
    };
    lines.push(format!("100 pF * v' = 5 nS * ({} mV - v) + exc + I {inflow}", g.tenths(0, 30)));
    lines.push(segment(g, count, coupled, has_kick));
    lines.push(tuft(g));
    if coupled {
        couplings(g, &mut lines);
    }
    if g.one_in(2) {
        lines.push("on dend.spark { log = 0.5 * log + 1 + k }".into());
    }
    if g.one_in(2) {
        lines.push("on tuft.ca { v -= 0.2 mV }".into());
    }
    lines.push("let whole = sum(dend.u) / 1 mV + dend[0].z - tuft.c".into());
    let hold = if clamps { "" } else { "; refractory 1 ms hold v" };
    let refractory = g.pick(&["", hold, "; refractory 2 ms drop exc"]);
    lines.push(format!("spike when v >= {} mV {{ v = 0 mV{refractory} }}", g.tenths(10, 40)));
    let methods: &[&str] = match coupled {
        true => &["auto", "auto", "implicit", "rk4"],
        false => &["auto", "auto", "euler", "rk2", "rk4"],
    };
    lines.push(format!("method {}", g.pick(methods)));
    block("cell Tree", &lines)
}

fn shape(g: &mut Gen) -> &'static str {
    g.pick(&["exponential(4 ms)", "alpha(2 ms)", "biexponential(1 ms, 5 ms)"])
}

/// A few of a kind.
fn segment(g: &mut Gen, count: usize, coupled: bool, has_kick: bool) -> String {
    let theta = ["1.5 mV", "0.5 mV * (2 + k)", "normal(2 mV, 0.4 mV)", "1 mV + 0.5 mV * mod(i + k, 3)"];
    let initial = ["0 mV", "0.3 mV * k", "uniform(0 mV, 1 mV)"];
    let mut lines = vec![
        format!("param theta = {}", g.pick(&theta)),
        format!("port syn: excitatory current via {}", shape(g)),
        "port gap: modulatory current via sum".into(),
        format!("state u: voltage = {}", g.pick(&initial)),
        "state hits: int = 0".into(),
        "let z = u / 1 mV + 0.1 * k".into(),
    ];
    if has_kick {
        lines.push("port kick: excitatory voltage via delta(u)".into());
    }
    let more = match g.range(1, 4) {
        1 if !coupled => " + 1 nS * (v - u)",
        2 => " + 8 pA * tanh(u / 4 mV)",
        3 => " + 2 pA * sqrt(1 ms) * xi",
        _ => "",
    };
    lines.push(format!("50 pF * u' = -2 nS * u + syn + gap{more}"));
    // No more than four modes and clamps of a cell, those of its segments included, may change equations: the tuft has
    // one, the spike or the experiment another.
    let changes = count < 3 && g.one_in(2);
    let regime = match changes {
        true => g.pick(&["hold u", "50 pF * u' = 3 nS * (4 mV - u) + syn"]),
        false => g.pick(&["drop syn", "no spark", "no glow"]),
    };
    let holds = count + if changes { count } else { 0 } < 3;
    lines.push(block("event spark when u > theta", &spark(g, holds)));
    lines.push("event glow { hits += 10 }".into());
    lines.push(format!(
        "mode plateau{} {{ {regime} }}",
        g.pick(&[" for 2 ms", " for 1 ms * (1 + mod(i, 2))"])
    ));
    if g.one_in(2) {
        lines.push("on end plateau { u = 0.1 mV * k; hits -= 1 }".into());
    }
    for line in [
        "on syn { hits += 1 }",
        "on spike { u += 0.3 mV * (1 + k) }",
        "on tick { if cell.v > 1 mV { hits += 1 } else { u *= 0.99 } }",
        "segment spine[2] { state x = 0.1 * k; 5 ms * x' = u / 1 mV - x; event pop when x > 0.8 { x = 0 } }\n\
         on spine.pop { hits += 100 + k }",
    ] {
        if g.one_in(3) {
            lines.push(line.into());
        }
    }
    block("segment dend[n]", &lines)
}

fn spark(g: &mut Gen, holds: bool) -> Vec<String> {
    let mut body = vec![g.pick(&["u = 0 mV", "u *= 0.5"]).to_string(), "hits += 1".into()];
    for line in ["syn *= 0.5", "emit glow", "enter plateau", "if hits > 20 { hits = 0; leave plateau }"] {
        if g.one_in(3) {
            body.push(line.into());
        }
    }
    if g.one_in(2) {
        let hold = if holds { "refractory 1 ms hold u" } else { "refractory 1 ms" };
        body.push(g.pick(&["refractory 2 ms", hold, "refractory 1 ms * (1 + mod(i, 3)) drop syn"]).into());
    }
    body
}

/// One alone.
fn tuft(g: &mut Gen) -> String {
    let lines = [
        "state c = 0".into(),
        format!("8 ms * c' = {} - c", g.pick(&["v / 1 mV", "cell.v / 2 mV", "sum(dend.z) / n"])),
        "event ca when c > 0.4 { c = 0; enter up }".into(),
        format!("mode up for 3 ms {{ {} }}", g.pick(&["8 ms * c' = 1 - c", "no ca", "hold c"])),
    ];
    block("segment tuft", &lines)
}

/// A chain from the soma on, or a star.
fn couplings(g: &mut Gen, lines: &mut Vec<String>) {
    if g.one_in(2) {
        lines.push("couple v <-> dend[0].u by g_c".into());
        lines.push("for q in 0 .. n - 1 { couple dend[q].u <-> dend[q + 1].u by g_c / 2 }".into());
    } else {
        lines.push("for q in 0 .. n { couple dend[q].u <-> v by g_c * (1 + q) }".into());
    }
}

fn population(g: &mut Gen, own: usize, count: usize, lines: &mut Vec<String>) {
    let mut body = Vec::new();
    if own != count {
        body.push(format!("n = {own}"));
    }
    for line in ["dend.theta = 1 mV + 0.2 mV * i", "dend.u = uniform(0 mV, 0.5 mV)", "g_c = 3 nS"] {
        if g.one_in(4) {
            body.push(line.into());
        }
    }
    let polarity = g.pick(&["", "excitatory "]);
    lines.push(block(&format!("population T: {polarity}Tree[{}]", g.range(1, 5)), &body));
}

/// Synapses onto segments, from them, and drives.
fn events(g: &mut Gen, own: usize, has_kick: bool, lines: &mut Vec<String>) {
    let delay = |g: &mut Gen| g.pick(&["delay 1 ms", "delay uniform(1 ms, 4 ms)", "delay 2 ms"]);
    let pair_weight =
        |g: &mut Gen| g.pick(&["60 pA", "uniform(20 pA, 90 pA)", "30 pA * (1 + mod(pre.i, 2))"]);
    if g.one_in(2) {
        let onto = format!("onto mod(pre.i + post.i, {own})");
        let body = [
            format!("connect {}", g.pick(&["all_to_all", "probability 0.6", "in_degree 1", "out_degree 1"])),
            format!("weight {}", pair_weight(g)),
            delay(g).into(),
            g.pick(&["onto random", "onto 0", onto.as_str()]).to_string(),
        ];
        lines.push(block("projection put: A -> T.dend.syn", &body));
    }
    if g.one_in(2) {
        let of_segment = ["20 pA * (1 + post.k)", "15 pA * post.theta / 1 mV", "uniform(20 pA, 90 pA)"];
        let target = g.pick(&["T.dend", "T.dend[0]", "T[0].dend"]);
        let body = [
            format!("connect {}", g.pick(&["all_to_all", "probability 0.5", "in_degree 1", "total 1"])),
            format!("weight {}", g.pick(&of_segment)),
            delay(g).into(),
        ];
        lines.push(block(&format!("projection apart: A -> {target}.syn"), &body));
    }
    if g.one_in(2) {
        let (target, weight) =
            g.pick(&[("A.exc", "2 mV * (1 + 0.5 * pre.k)"), ("T.exc", "40 pA"), ("T.dend.syn", "25 pA")]);
        let body = [
            format!("connect {}", g.pick(&["all_to_all", "probability 0.5"])),
            "polarity excitatory".to_string(),
            format!("weight {weight}"),
            delay(g).into(),
        ];
        lines.push(block(&format!("projection sparks: T.dend.spark -> {target}"), &body[..]));
    }
    if has_kick {
        lines.push("drive kicks: poisson(0.4 kHz) -> T.dend.kick { weight 0.6 mV }".into());
    }
    lines.push(format!(
        "drive showers: poisson({} kHz) -> T.dend.syn {{ weight 25 pA }}",
        g.pick(&["0.3", "1"])
    ));
    if g.one_in(2) {
        lines.push("drive current: 10 pA * (1 + sin(t / 2 ms)) -> T.I".into());
    }
}

/// What flows at every tick.
fn flows(g: &mut Gen, own: usize, lines: &mut Vec<String>) {
    let weight = |g: &mut Gen| g.pick(&["1 nS", "uniform(0.5 nS, 2 nS)"]);
    let delay = |g: &mut Gen| g.pick(&["", "; delay 1 ms", "; delay uniform(1 ms, 3 ms)"]);
    let connect = |g: &mut Gen| g.pick(&["all_to_all", "probability 0.5"]);
    if g.one_in(2) {
        let (from, to, value) = g.pick(&[
            ("T.I", "T.I", "w * (pre.v - post.v)"),
            ("T.dend[0].gap", "T.dend[0].gap", "w * (pre.u - post.u)"),
            ("T.dend[0].gap", "T.I", "0.1 * w * (1 mV + abs(pre.log) * 0.1 mV)"),
        ]);
        lines.push(format!(
            "projection gaps: {from} <-> {to} {{ connect {}; weight {}; continuous {value}{} }}",
            connect(g),
            weight(g),
            delay(g)
        ));
    }
    if g.one_in(2) {
        let (to, value, onto) = g.pick(&[
            ("T.I", "w * (pre.v - post.v)", ""),
            ("T.dend.gap", "w * (pre.v - post.u)", ""),
            ("T.dend.gap", "w * pre.v", "; onto mod(pre.i, N)"),
        ]);
        let onto = onto.replace('N', &own.to_string());
        lines.push(format!(
            "projection leak: A -> {to} {{ connect {}; weight {}; continuous {value}{}{onto} }}",
            connect(g),
            weight(g),
            delay(g)
        ));
    }
    if g.one_in(3) {
        lines.push(format!(
            "projection wide: T -> T.I {{ connect all_to_all; continuous 0.2 pA * pre.whole * post.log{} }}",
            delay(g)
        ));
    }
}

/// Weights onto segments that are scaled, segment by segment.
fn enforce(g: &mut Gen, lines: &mut Vec<String>) {
    lines.push("population steady: PoissonSource[3] { rate = 250 Hz }".into());
    let weight = g.pick(&["10 pA", "uniform(5 pA, 20 pA)"]);
    lines.push(format!(
        "projection held: steady -> T.dend.syn {{ connect all_to_all; weight {weight}; delay 1 ms }}"
    ));
    let constraints = [
        format!("enforce weight_sum(held) == 40 pA{}", g.pick(&["", " every 2 ms"])),
        "require in_degree(held) == 3 and weight_sum(steady -> T.dend.syn) > 30 pA".into(),
    ];
    lines.push(block("constraints", &constraints));
}

fn records(g: &mut Gen) -> Vec<String> {
    let all = [
        "record T.dend.u every 1 ms",
        "record T.dend.spark",
        "record T.whole every 2 ms",
        "record T.tuft.ca",
    ];
    all.into_iter().filter(|_| g.one_in(2)).map(str::to_string).collect()
}

fn between(g: &mut Gen, enforced: bool, clamps: bool) -> Vec<String> {
    let mut lines = Vec::new();
    if enforced {
        lines.push("enforce weight_sum(held) == 55 pA".into());
    }
    for line in [
        "set T.dend.theta = 1.2 mV",
        "set T[0].dend[0].u = 0.7 mV",
        "set T.dend.hits = 3",
        "set T.g_c = 2 nS",
    ] {
        if g.one_in(4) {
            lines.push(line.into());
        }
    }
    if clamps {
        lines.push("clamp T.v = 0.5 mV".into());
    }
    lines
}

fn afterwards(g: &mut Gen) -> Vec<String> {
    let all = [
        "report count(T.dend.spark), count(T.tuft.ca), rate(T)",
        "report mean(T.dend.u), sum(T.dend.hits), T[0].dend[0].u",
        "report max(T.whole), mean(T.log)",
        "report any(T.dend.plateau), T[0].tuft.up",
    ];
    all.into_iter().filter(|_| g.one_in(2)).map(str::to_string).collect()
}
