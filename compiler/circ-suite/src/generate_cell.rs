//! Cells: what they are made of and which names a network may use.

use crate::generate::Gen;

/// A generated cell, as the network sees it.
pub(crate) struct CellText {
    pub(crate) name: String,
    pub(crate) text: String,
    /// Ports for events: (name, unit of a weight, whether weights are magnitudes of `excitatory`/`inhibitory`).
    pub(crate) ports: Vec<PortText>,
    /// Real parameters: (name, unit, lowest, highest in tenths).
    pub(crate) params: Vec<(String, &'static str, i64, i64)>,
    /// Events besides the spike.
    pub(crate) events: Vec<String>,
}

#[derive(Clone)]
pub(crate) struct PortText {
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) polarity: &'static str,
    /// Whether values may flow in.
    pub(crate) sum: bool,
}

/// What a method can be asked to solve.
#[derive(Clone, Copy, PartialEq)]
enum Dynamics {
    Linear,
    Conditional,
    Nonlinear,
    Additive,
    Multiplicative,
}

pub(crate) fn cell(g: &mut Gen, number: usize) -> CellText {
    let name = format!("Cell{number}");
    let mut lines = Vec::new();
    let params = params(g, &mut lines);
    let ports = ports(g, &mut lines);
    let dynamics = g.pick(&[
        Dynamics::Linear,
        Dynamics::Linear,
        Dynamics::Conditional,
        Dynamics::Nonlinear,
        Dynamics::Additive,
        Dynamics::Multiplicative,
    ]);
    helpers(g, &mut lines);
    states(g, &mut lines);
    equations(g, &mut lines, &ports, dynamics);
    let events = events(g, &mut lines, &ports, dynamics);
    method(g, &mut lines, dynamics);
    if g.one_in(4) {
        lines.push(g.pick(&["precision f32", "precision f64"]).into());
    }
    let mut text = block(&format!("cell {name}"), &lines);
    let mut name = name;
    if g.one_in(4) {
        text += &format!(
            "\ncell Child{number}: {name} {{ param V_th = {} mV; let extra = v / 2 }}\n",
            g.tenths(60, 140)
        );
        name = format!("Child{number}");
    }
    CellText { name, text, ports, params, events }
}

/// `header { lines }`, indented.
pub(crate) fn block(header: &str, lines: &[String]) -> String {
    let mut text = format!("{header} {{\n");
    for line in lines {
        for part in line.lines() {
            text += &format!("  {part}\n");
        }
    }
    text + "}\n"
}

fn params(g: &mut Gen, lines: &mut Vec<String>) -> Vec<(String, &'static str, i64, i64)> {
    lines.push(format!("param tau = {} ms", g.tenths(20, 300)));
    lines.push(if g.one_in(3) {
        format!("param tau_b: time in 1 ms .. 100 ms = {} ms", g.tenths(20, 300))
    } else {
        // Now and then exactly the other time constant: propagators must be safe there.
        format!(
            "param tau_b = {}",
            if g.one_in(3) { "tau".into() } else { format!("{} ms", g.tenths(20, 300)) }
        )
    });
    lines.push(match g.range(1, 4) {
        1 => {
            format!(
                "param V_th = {}",
                g.pick(&[
                    "normal(10 mV, 1 mV)",
                    "uniform(8 mV, 12 mV)",
                    "redraw(normal(10 mV, 2 mV), 6 mV, 14 mV)"
                ])
            )
        }
        2 => "param V_th = 8 mV + 0.3 mV * mod(i, 7)".into(),
        _ => format!("param V_th = {} mV", g.tenths(60, 140)),
    });
    lines.push(format!("param V_reset = {} mV", g.tenths(-50, 20)));
    lines.push(format!("param gain = {}", g.tenths(-15, 15)));
    lines.push(format!("param steps: int = {}", g.range(1, 4)));
    lines.push(format!("param pause = {}", g.pick(&["2 ms", "uniform(1 ms, 4 ms)"])));
    lines.push(format!("param loud: bool = {}", g.pick(&["true", "false"])));
    lines.push(format!("param curve: real[3] = [{}, 0.5, {}]", g.tenths(-9, 9), g.tenths(-9, 9)));
    vec![
        ("tau".into(), "ms", 20, 300),
        ("V_th".into(), "mV", 60, 140),
        ("gain".into(), "", -15, 15),
        ("V_reset".into(), "mV", -50, 20),
    ]
}

fn ports(g: &mut Gen, lines: &mut Vec<String>) -> Vec<PortText> {
    let mut ports = Vec::new();
    let tau = |g: &mut Gen| if g.one_in(4) { "tau".to_string() } else { format!("{} ms", g.tenths(5, 80)) };
    let shape = match g.range(1, 4) {
        1 => format!("exponential({})", tau(g)),
        2 => format!("alpha({})", tau(g)),
        3 => format!("biexponential({} ms, {} ms)", g.tenths(5, 20), g.tenths(20, 60)),
        _ => "exponential(tau_b)".to_string(),
    };
    lines.push(format!("port exc: excitatory voltage via {shape}"));
    ports.push(PortText { name: "exc", unit: "mV", polarity: "excitatory", sum: false });
    if g.one_in(2) {
        lines.push(format!("port inh: inhibitory voltage via exponential({})", tau(g)));
        ports.push(PortText { name: "inh", unit: "mV", polarity: "inhibitory", sum: false });
    }
    if g.one_in(2) {
        lines.push("port kick: excitatory voltage via delta(v)".into());
        ports.push(PortText { name: "kick", unit: "mV", polarity: "excitatory", sum: false });
    }
    if g.one_in(3) {
        lines.push("port pull: inhibitory voltage via delta(-v)".into());
        ports.push(PortText { name: "pull", unit: "mV", polarity: "inhibitory", sum: false });
    }
    if g.one_in(3) {
        lines.push("port mixed: voltage via alpha(3 ms)".into());
        ports.push(PortText { name: "mixed", unit: "mV", polarity: "", sum: false });
    }
    if g.one_in(2) {
        lines.push("port input: modulatory voltage via sum".into());
        ports.push(PortText { name: "input", unit: "mV", polarity: "modulatory", sum: true });
    }
    ports
}

fn helpers(g: &mut Gen, lines: &mut Vec<String>) {
    if g.one_in(3) {
        lines.push(format!(
            "fn squash(x: voltage, s: real) -> voltage = {} mV * tanh(s * x / 10 mV)",
            g.tenths(5, 20)
        ));
    } else {
        lines.push("fn squash(x: voltage, s: real) = clamp(s * x, -20 mV, 20 mV)".into());
    }
    lines.push(format!("let bounded = {}", real(g, 3)));
    if g.one_in(3) {
        let draw = [
            "normal(0, 1)",
            "uniform(-1, 1)",
            "exponential(0.5)",
            "gamma(2, 0.3)",
            "beta(2, 3)",
            "lognormal(1, 0.4)",
            "binomial(5, 0.3)",
            "poisson(1.5)",
        ];
        lines.push(format!("let luck = {}", g.pick(&draw)));
    } else if g.one_in(3) {
        lines.push(format!("let luck = 0.1 * poisson({} kHz)", g.tenths(1, 30)));
    } else {
        lines.push("let luck = bounded / 2".into());
    }
    let series = match g.range(1, 4) {
        1 => "sum(bounded ^ q / (1 + q) for q in 0 .. 4)".to_string(),
        2 => reduction(g),
        _ => "max(bounded, 0.25)".into(),
    };
    lines.push(format!("let series = {series}"));
}

/// A number made of an array.
fn reduction(g: &mut Gen) -> String {
    let array = g.pick(&["curve", "[bounded, 0.2, gain]", "(2 * curve - 0.1)", "curve[0 .. 2]"]);
    match g.range(1, 9) {
        1 => format!("sum({array})"),
        2 => format!("mean({array})"),
        3 => format!("std({array})"),
        4 => format!("min({array}) / 2"),
        5 => format!("max({array}) / 2"),
        6 => format!("product({array})"),
        7 => format!("argmax({array}) / 3"),
        8 => format!("count({array} > 0.1) / 3"),
        _ => format!("(if any({array} < 0) or all({array} != bounded) then 0.4 else bounded)"),
    }
}

/// A bounded real expression over `v`, `u`, `gain`, `t` and the index.
fn real(g: &mut Gen, depth: usize) -> String {
    if depth == 0 {
        return match g.range(1, 11) {
            1 => g.tenths(-20, 20),
            2 => "gain".into(),
            3 => "tanh(v / 10 mV)".into(),
            4 => "sin(t / 3 ms)".into(),
            5 => "1 / (2 + i)".into(),
            6 => "curve[mod(i, 3)]".into(),
            7 => "i / size".into(),
            8 => "dt / 1 ms".into(),
            9 => "steps / pi".into(),
            10 => g.pick(&["(if loud then 0.3 else -0.2)", "shifted(gain)", "KNOTS[1]"]).into(),
            _ => "sigmoid(u / 5 mV)".into(),
        };
    }
    let a = real(g, depth - 1);
    let b = real(g, depth - 1);
    match g.range(1, 22) {
        1 => format!("({a} + {b})"),
        2 => format!("({a} - {b})"),
        3 => format!("{a} * {b}"),
        4 => format!("tanh({a}) * cos({b})"),
        5 => format!("({a}) / (1 + abs({b}))"),
        6 => format!("exp(-abs({a}))"),
        7 => format!("log(1 + abs({a}))"),
        8 => format!("sqrt(abs({a}))"),
        9 => format!("min({a}, {b}, 0.7)"),
        10 => format!("(if {a} < {b} then {a} else {b})"),
        11 => format!("exprel(clamp({a}, -2, 2)) + clamp({b}, 0, inf) / 9"),
        12 => format!("(if {a} in -0.5 .. 0.5 and not ({b} > 1) then relu({b}) else step({a}))"),
        13 => format!("erf({a}) + atan({b})"),
        14 => format!("log10(1 + abs({a}))"),
        15 => format!("(floor(2 * tanh({a})) + ceil({b})) / 4"),
        16 => format!("tan(tanh({a}))"),
        17 => format!("sinh(tanh({a})) / cosh({b})"),
        18 => format!("lgamma(1.5 + tanh({a}))"),
        19 => format!("(if {a} <= {b} or {a} != 0.5 then {a} else {b})"),
        20 => format!("mod({a}, 0.7)"),
        21 => format!("tanh({a}) ^ 3"),
        _ => format!("round(3 * tanh({a})) / 3 + sign({b})"),
    }
}

fn states(g: &mut Gen, lines: &mut Vec<String>) {
    lines.push(format!(
        "state v: voltage = {}",
        g.pick(&["0 mV", "uniform(-5 mV, 5 mV)", "V_reset", "normal(2 mV, 1 mV)", "0.5 mV * mod(i, 5)"])
    ));
    lines.push(if g.one_in(3) {
        "state u: voltage in -8 mV .. 8 mV = 1 mV".into()
    } else {
        "state u: voltage = 1 mV".into()
    });
    lines.push("state hits: int = 0".into());
    lines.push(format!("state flag = {}", g.pick(&["true", "false"])));
}

fn equations(g: &mut Gen, lines: &mut Vec<String>, ports: &[PortText], dynamics: Dynamics) {
    let mut input = String::new();
    for port in ports {
        match port.name {
            "exc" | "mixed" | "input" => input += &format!(" + {}", port.name),
            "inh" => input += " - inh",
            _ => {}
        }
    }
    let drive = format!("{} mV", g.tenths(0, 150));
    match dynamics {
        Dynamics::Linear => {
            lines.push(format!("tau * v' = {drive} - v{input} - 0.3 * u"));
            lines.push(
                g.pick(&[
                    "tau_b * u' = -u",
                    "tau_b * u' = 0.4 * v - u",
                    "12 ms * u' = 0.2 * v - u",
                    "u' = (0.1 * v - u) / tau_b",
                ])
                .into(),
            );
        }
        Dynamics::Conditional => {
            lines.push(format!("tau * v' = {drive} - v * (1 + sigmoid(u / 5 mV)){input}"));
            lines.push("tau_b * u' = squash(v, 0.5) - u".into());
        }
        Dynamics::Nonlinear => {
            lines.push(format!("tau * v' = {drive} - v - v ^ 3 / 400 mV^2{input} + squash(u, series)"));
            lines.push(if g.one_in(2) {
                "tau_b * u' = 0.3 * tau * v' - u".into()
            } else {
                "tau_b * u' = squash(v, gain) - u".into()
            });
        }
        Dynamics::Additive => {
            lines
                .push(format!("tau * v' = {drive} - v{input} + {} mV * sqrt(2 * tau) * xi", g.tenths(1, 20)));
            lines.push(if g.one_in(2) {
                "tau_b * u' = -u + 1 mV * sqrt(tau_b) * xi(1)".into()
            } else {
                "tau_b * u' = v - u".into()
            });
        }
        Dynamics::Multiplicative => {
            lines.push(format!("tau * v' = {drive} - v{input} + 0.2 * v * sqrt(tau) * xi"));
            lines.push("tau_b * u' = -u".into());
        }
    }
}

fn events(g: &mut Gen, lines: &mut Vec<String>, ports: &[PortText], dynamics: Dynamics) -> Vec<String> {
    let mut names = Vec::new();
    let condition = match g.range(1, 6) {
        1 => "rising(v >= V_th)".to_string(),
        2 => "v >= V_th or chance(0.02)".to_string(),
        3 => "v >= V_th and not resting".to_string(),
        _ => "v >= V_th".to_string(),
    };
    if g.one_in(8) {
        lines.push(format!("spike when {}", g.pick(&["rising(v >= V_th)", "chance(0.05)"])));
    } else {
        let body = spike_body(g);
        lines.push(block(&format!("spike when {condition}"), &body));
    }
    names.extend(other_events(g, lines, ports, dynamics));
    names
}

fn spike_body(g: &mut Gen) -> Vec<String> {
    let mut body = vec!["v = V_reset".to_string(), "hits += 1".into(), "flag = not flag".into()];
    if g.one_in(2) {
        body.push(format!(
            "if {} > 0 {{ u += 0.5 mV }} else if flag {{ u *= 0.5 }} else {{ u -= 0.25 mV }}",
            real(g, 1)
        ));
    }
    if g.one_in(3) {
        body.push("let half = u / 2".into());
        body.push("u = half + 0.1 mV".into());
    }
    if g.one_in(2) {
        let drops = if g.one_in(3) { " drop exc" } else { "" };
        body.push(format!(
            "refractory {}{drops}",
            g.pick(&["2 ms hold v", "1 ms hold v, u", "1 ms * (1 + mod(i, 3)) hold v", "pause hold v"])
        ));
    }
    if g.one_in(2) {
        body.push("emit bang".into());
    }
    if g.one_in(2) {
        body.push("enter resting".into());
    }
    if g.one_in(3) {
        body.push(g.pick(&["exc = 0 mV", "exc *= 0.5", "exc += 0.1 mV", "u += normal(0 mV, 0.1 mV)"]).into());
    }
    body
}

/// Events that are no spikes, and what reacts to them.
fn other_events(g: &mut Gen, lines: &mut Vec<String>, ports: &[PortText], dynamics: Dynamics) -> Vec<String> {
    let mut names = Vec::new();
    lines.push("event bang { u += 0.2 mV }".into());
    if g.one_in(4) {
        lines.push("event mark when hits > 3 and flag".into());
        names.push("mark".to_string());
    }
    names.push("bang".to_string());
    lines.push(format!("event high when v > {} mV {{ hits += 1 }}", g.tenths(30, 90)));
    names.push("high".to_string());
    mode(g, lines, dynamics);
    if g.one_in(2) {
        lines.push(format!("on {} {{ u -= 0.1 mV; hits -= 2 }}", g.pick(&["spike", "high", "bang"])));
    }
    if g.one_in(2) {
        lines.push(format!("on {} {{ hits += 1 }}", ports[g.range(0, ports.len() - 1)].name));
    }
    if g.one_in(2) {
        let line = g.pick(&[
            "u = 0.9 * u + 0.05 mV * luck",
            "u += 0.01 mV * bounded",
            "if luck > 0.3 { emit bang }",
            "hits += 1; u = u / 1.1",
            "exc *= 0.99; u += 0.01 * exc",
            "if flag { hits = 0 }",
            "if resting { leave resting } else { enter resting }",
        ]);
        lines.push(format!("on tick {{ {line} }}"));
    }
    names
}

fn mode(g: &mut Gen, lines: &mut Vec<String>, dynamics: Dynamics) {
    let mut body = Vec::new();
    match g.range(1, 4) {
        1 => {
            body.push("hold u".to_string());
        }
        2 => body.push(g.pick(&["no high", "no spike", "no high, spike"]).into()),
        3 if dynamics == Dynamics::Linear => {
            body.push("tau_b * v' = 1 mV - v".into());
        }
        _ => {
            body.push("drop exc".into());
        }
    }
    if g.one_in(3) {
        lines.push(block("mode resting", &body));
        lines.push("on bang { leave resting }".into());
    } else {
        lines.push(block(&format!("mode resting for {}", g.pick(&["1 ms", "3 ms", "pause"])), &body));
    }
    if g.one_in(2) {
        lines.push("on end resting { u = 0 mV; hits += 10 }".into());
    }
}

fn method(g: &mut Gen, lines: &mut Vec<String>, dynamics: Dynamics) {
    let choices: &[&str] = match dynamics {
        Dynamics::Linear => &["auto", "exact", "exponential_euler", "implicit", "rk4"],
        Dynamics::Conditional => &["auto", "exponential_euler", "euler", "rk2", "implicit"],
        Dynamics::Nonlinear => &["auto", "rk2", "rk4", "euler", "implicit"],
        Dynamics::Additive | Dynamics::Multiplicative => &["auto", "euler", "heun"],
    };
    let name = g.pick(choices);
    if name != "auto" || g.one_in(2) {
        lines.push(format!("method {name}"));
    }
}
