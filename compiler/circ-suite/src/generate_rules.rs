//! Networks whose synapses learn: rules made up from a seed, attached to projections with all kinds of delays.
//!
//! In: a seed. Out: the text of a `.circ` file, with an experiment that reports what synapses hold. As with the other
//! generated programs, what is written is well typed and bounded, and nothing stops it from running into a fault.

use crate::generate::Gen;
use crate::generate_cell::block;

/// The program of a seed.
pub fn generate_rules(seed: u64) -> String {
    generate(seed, Structure::Stays)
}

/// Likewise, with rules that rewire their synapses.
pub fn generate_rewiring(seed: u64) -> String {
    generate(seed, Structure::Changes)
}

/// Whether synapses come and go.
#[derive(Clone, Copy, PartialEq)]
enum Structure {
    Stays,
    Changes,
}

fn generate(seed: u64, structure: Structure) -> String {
    let mut g = Gen::new(seed ^ 0x517C_C1B7_2722_0A95);
    let rules: Vec<Rule> = (0..g.range(1, 2)).map(|k| rule(&mut g, k, structure)).collect();
    let mut text = format!("//! Generated from seed {seed}.\n\n{CELLS}\n");
    rules.iter().for_each(|rule| text += &format!("{}\n", rule.text));
    let (circuit, projections) = circuit(&mut g, &rules, structure);
    text + &circuit + "\n" + &experiment(&mut g, &projections, structure)
}

/// Cells with states that rules look at, a second event, and a port of each kind.
const CELLS: &str = "\
cell Cell {
  param tau = 4 ms; param V_th = 6 mV
  port exc: excitatory voltage via exponential(3 ms)
  port inh: inhibitory voltage via exponential(3 ms)
  port go: modulatory voltage via delta(v)
  port drift: modulatory voltage via sum
  state v: voltage = uniform(-2 mV, 5 mV)
  state u: voltage = 0 mV
  tau * v' = exc - inh - v + 0.2 * drift
  5 ms * u' = v - u
  let r = v / 10 mV
  spike when v >= V_th { v = 0 mV; refractory 1 ms hold v }
  event bang when rising(u > 2 mV)
}
cell Pool {
  port dose: modulatory real via delta(level)
  state level = 0.2
  20 ms * level' = -level
  spike when rising(level > 0.4)
}
";

struct Rule {
    name: String,
    text: String,
    /// Its arguments, where it is attached.
    arguments: Vec<String>,
    /// What a synapse holds that is a number.
    holds: Vec<&'static str>,
    /// Whether it is of what flows: no spikes of sources reach it.
    flows: bool,
}

/// What expressions of a rule may read, all plain numbers of about 1.
struct Reads {
    names: Vec<String>,
}

impl Reads {
    fn number(&self, g: &mut Gen) -> String {
        let (a, b) = (g.pick(&self.names), g.pick(&self.names));
        match g.range(1, 5) {
            1 => format!("{} * {a}", g.tenths(-5, 5)),
            2 => format!("({a} - {b})"),
            3 => format!("{a} * {b}"),
            4 => format!("relu({a} - {})", g.tenths(0, 5)),
            _ => a,
        }
    }
}

fn rule(g: &mut Gen, k: usize, structure: Structure) -> Rule {
    let name = format!("Rule{k}");
    let flows = g.one_in(4);
    let mut lines = vec!["param w_max: weight".to_string(), format!("param a = {}", g.tenths(1, 4))];
    let mut reads = Reads { names: vec!["a".into(), "w / w_max".into()] };
    let mut arguments = vec!["w_max = 4 mV".to_string()];
    let mut holds = vec!["w"];
    let modulated = g.one_in(3);
    if modulated {
        lines.push("modulator m: real".into());
        arguments.push(format!("m = {}", g.pick(&["pool.level", "B.r", "(A, B).r"])));
        reads.names.push("m".into());
    }
    let pre = if flows { "pre x = 0.1 { 6 ms * x' = r - x }".to_owned() } else { trace(g, "pre") };
    for (name, text) in [("x", pre), ("y", trace(g, "post"))] {
        lines.push(text);
        reads.names.push(name.into());
    }
    if g.one_in(3) {
        lines.push(format!("post um: voltage = v {{ {} ms * um' = v - um }}", g.range(2, 9)));
        reads.names.push("um / 5 mV".into());
    }
    if g.one_in(3) {
        reads.names.push(g.pick(&["pre.v / 5 mV", "post.v / 5 mV", "post.u / 3 mV", "pre.r"]).into());
    }
    if g.one_in(4) {
        lines.push("let spread = uniform(0.5, 1.5)".into());
        reads.names.push("spread".into());
    }
    // What is transmitted at once can not follow the target as it is at that moment.
    let transmits = !flows && g.one_in(3);
    if g.one_in(2) {
        holds.push("e");
        lines.push(format!("synapse e: real = {}", g.pick(&["0", "0.3", "uniform(0, 1)"])));
        lines.extend(
            g.pick(&[
                None,
                Some("8 ms * e' = -e"),
                Some("8 ms * e' = a - e"),
                if transmits { None } else { Some("8 ms * e' = y - e") },
            ])
            .map(String::from),
        );
        lines.push("bounds e in -2 .. 2".into());
        reads.names.push("e".into());
    }
    if g.one_in(4) {
        holds.push("n");
        lines.push("synapse n: int = 0".into());
    }
    let has = |name: &str| holds.contains(&name);
    let (e, n) = (has("e"), has("n"));
    let mut moves = !flows && g.one_in(5);
    let mut hooks = vec!["on post".to_string()];
    hooks.splice(0..0, (!flows).then(|| "on pre".to_string()));
    hooks.extend((!flows && g.one_in(3)).then(|| "on pre and post".to_string()));
    hooks.extend(g.one_in(4).then(|| "on post.bang".to_string()));
    hooks.extend(g.one_in(3).then(|| format!("every {} ms", g.range(2, 5))));
    for hook in hooks {
        let mut body = vec![];
        if hook == "on pre" && transmits {
            body.push(format!(
                "transmit {}",
                g.pick(&["w * 0.5", "w * (0.5 + a)", if e { "w * clamp(e, 0, 1)" } else { "0.7 * w" }])
            ));
        }
        body.push(format!("w {} 0.1 * w_max * ({})", g.pick(&["+=", "-=", "+="]), reads.number(g)));
        if e && g.one_in(2) {
            body.push(format!("e {} 0.3 * ({})", g.pick(&["+=", "-="]), reads.number(g)));
        }
        if n && g.one_in(2) {
            body.push("n += 1".into());
        }
        if moves && g.one_in(2) {
            body.push(format!("d {} 1 ms * ({})", g.pick(&["+=", "-="]), reads.number(g)));
        }
        if g.one_in(6) {
            body.push(format!("if {} > 0.5 {{ w *= 0.9 }}", reads.number(g)));
        }
        lines.push(block(&hook, &body));
    }
    if !transmits && g.one_in(4) {
        lines.push(format!("w' = 0.02 * w_max * ({}) / 1 ms", reads.number(g)));
    }
    // What moves is bounded, or it would soon be longer than anything is kept.
    moves &= lines.iter().any(|line| line.contains("d +=") || line.contains("d -="));
    if moves {
        holds.push("d");
        lines.push("bounds d in 1 ms .. 6 ms".into());
    }
    if structure == Structure::Changes {
        lines.push(rewiring(g, &reads));
    }
    lines.push("bounds w in 0 .. w_max".into());
    if g.one_in(3) {
        lines.push(format!("store w as {}", g.pick(&["f32", "f64"])));
    }
    Rule { text: block(&format!("plasticity {name}"), &lines), name, arguments, holds, flows }
}

/// Which synapses go and come.
fn rewiring(g: &mut Gen, reads: &Reads) -> String {
    let held = ["w / w_max", "e"];
    let names = reads.names.iter().filter(|name| !held.contains(&name.as_str()));
    let pairs = Reads { names: names.cloned().collect() };
    let mut lines = vec![];
    for _ in 0..g.range(0, 2) {
        let value = reads.number(g);
        lines.push(match g.range(1, 5) {
            1 => format!("prune lowest {} % by {value}", g.range(0, 60)),
            2 => format!("prune highest {} by {value}", g.range(0, 6)),
            3 => format!("prune where {value} > {}", g.tenths(-3, 6)),
            4 => "prune lowest 30 % by uniform(0, 1)".into(),
            _ => "prune lowest 25 % by w".into(),
        });
    }
    let mut budgets = vec![];
    budgets.extend((!lines.is_empty()).then(|| "pruned".to_string()));
    budgets.extend(g.one_in(3).then(|| g.range(0, 5).to_string()));
    for budget in budgets {
        let value = pairs.number(g);
        lines.push(match g.range(1, 5) {
            1 => format!("grow {budget} random"),
            2 => format!("grow {budget} lowest by {value}"),
            3 if budget != "pruned" => format!("grow {budget} where {value} > 0.1"),
            4 => format!("grow {budget} highest by floor(4 * ({value})) + uniform(0, 1)"),
            _ => format!("grow {budget} highest by {value}"),
        });
    }
    if lines.is_empty() {
        lines.push("grow 1 random".into());
    }
    block(&format!("rewire every {} ms", g.range(1, 5)), &lines)
}

fn trace(g: &mut Gen, side: &str) -> String {
    let (name, tau) = (if side == "pre" { "x" } else { "y" }, g.range(2, 12));
    match g.range(1, 4) {
        1 => format!("{side} {name} = trace({tau} ms, nearest)"),
        2 => format!(
            "{side} {name} = 0 {{ {tau} ms * {name}' = -{name}; on spike {{ {name} += 0.7 - 0.5 * {name} }} }}"
        ),
        _ => format!("{side} {name} = trace({tau} ms)"),
    }
}

/// The circuit, and its projections that learn with what can be asked of them.
fn circuit(g: &mut Gen, rules: &[Rule], structure: Structure) -> (String, Vec<(String, Vec<&'static str>)>) {
    let (a, b) = (g.range(3, 24), g.range(2, 19));
    let mut lines = vec![
        format!("population A: excitatory Cell[{a}]"),
        format!("population B: excitatory Cell[{b}] {{ V_th = {} mV }}", g.tenths(30, 60)),
        "population clock: SpikeTimes[3] { events = [(0 ms, 0), (1 ms, 2), (2 ms, 1), (2 ms, 0), (6 ms, 2)] }".into(),
        "population pool: Pool".into(),
        "drive go: poisson(0.6 kHz) -> (A, B).exc { weight 3 mV }".into(),
        "projection reward: A -> pool.dose { connect all_to_all; weight 0.2; delay 3 ms }".into(),
    ];
    let mut projections = vec![];
    for k in 0..g.range(1, 3) {
        let rule = &rules[g.range(0, rules.len() - 1)];
        let plain = rule.text.contains("pre.v") || rule.text.contains("pre.r");
        // `B.r` is one value for each cell of `B`, `(A, B).r` is one for each cell of both.
        let argued = |argument: &str| rule.arguments.iter().any(|it| it == argument);
        let (each, of_both) = (argued("m = B.r"), argued("m = (A, B).r"));
        let from = match g.range(1, 5) {
            1 if !plain && !rule.flows => "clock",
            2 => "B",
            3 => "(B, A)",
            _ => "A",
        };
        let to = match (each, of_both) {
            (true, _) => "B",
            (_, true) => "(A, B)",
            _ => g.pick(&["A", "B", "(A, B)", "B[where mod(i, 2) == 0]"]),
        };
        let two_ways = structure == Structure::Stays && !each && from != "clock" && g.one_in(4);
        let (from, to) = match two_ways {
            true if of_both => ("A", "B"),
            true => ("A", g.pick(&["A", "B"])),
            false => (from, to),
        };
        let connect =
            g.pick(&["all_to_all", "probability 0.4", "total 9", "where mod(pre.i + post.i, 2) == 0"]);
        // A draw of several of one view would be of pairs in order.
        let connect = if two_ways && connect == "total 9" { "probability 0.5" } else { connect };
        let mut clauses = vec![format!("connect {connect}")];
        match connect {
            "total 9" => clauses.push("allow self, multiple".into()),
            _ if two_ways || structure == Structure::Changes && g.one_in(2) => {}
            _ => clauses.push("allow self".into()),
        }
        clauses.push(format!(
            "weight {}",
            g.pick(&["uniform(0.1 mV, 2 mV)", "1.5 mV", "0.5 mV * (1 + mod(pre.i, 3))"])
        ));
        clauses.extend(delays(g, rule.holds.contains(&"d")));
        if g.one_in(3) {
            clauses.push(format!(
                "share by {}",
                g.pick(&["post.i - pre.i", "mod(pre.i, 3)", "mod(pre.i * post.i, 4)"])
            ));
        }
        clauses
            .extend(rule.flows.then(|| format!("continuous w * {}", g.pick(&["pre.r", "(pre.r - post.r)"]))));
        clauses.push(format!("plasticity {}({})", rule.name, rule.arguments.join(", ")));
        let port = match (rule.flows, from) {
            (true, _) => "drift",
            (false, "clock") => "go",
            (false, _) => g.pick(&["exc", "go"]),
        };
        let ends = match two_ways {
            true => format!("{from}.{port} <-> {to}.{port}"),
            false => format!("{from} -> {to}.{port}"),
        };
        lines.push(block(&format!("projection p{k}: {ends}"), &clauses));
        projections.push((format!("p{k}"), rule.holds.clone()));
    }
    (block("circuit Net", &lines), projections)
}

fn delays(g: &mut Gen, moves: bool) -> Vec<String> {
    let axonal = &["1 ms", "2 ms", "4 ms", "uniform(1 ms, 5 ms)", "1 ms + 1 ms * mod(pre.i, 3)"];
    let dendritic = &["1 ms", "3 ms", "uniform(1 ms, 4 ms)", "1 ms + 1 ms * mod(post.i, 2)"];
    let back = &["0 ms", "1 ms", "uniform(0 ms, 3 ms)"];
    let mut clauses = match g.range(1, 4) {
        1 if !moves => vec!["delay 0 ms".to_string(), format!("dendritic {}", g.pick(dendritic))],
        2 => vec![format!("delay {}", g.pick(axonal)), format!("dendritic {}", g.pick(dendritic))],
        3 if !moves => vec![],
        _ => vec![format!("delay {}", g.pick(axonal))],
    };
    if g.one_in(3) {
        clauses.push(format!("back {}", g.pick(back)));
    }
    clauses
}

fn experiment(g: &mut Gen, projections: &[(String, Vec<&'static str>)], structure: Structure) -> String {
    let mut lines =
        vec![format!("dt {} ms", g.pick(&["0.5", "1", "0.25"])), format!("seed {}", g.range(0, 999))];
    lines.extend(g.pick(&[None, Some("precision f32"), Some("precision f64")]).map(String::from));
    lines.push("record A.spike".into());
    let mut sampled = vec![];
    for (path, holds) in projections {
        if g.one_in(3) {
            let interval = g.range(1, 3);
            lines.push(format!("record {path}.w every {interval} ms"));
            sampled.push((format!("{path}.w"), interval));
        }
        if structure == Structure::Changes && g.one_in(3) {
            let name = g.pick(&[holds[holds.len() - 1], "d"]);
            lines.push(format!("record {path}.{name} every 1 ms"));
            sampled.push((format!("{path}.{name}"), 1));
        }
    }
    lines.push(format!("run {} ms", g.range(4, 15)));
    if structure == Structure::Changes && g.one_in(3) {
        lines.push(format!("freeze plasticity of {}", projections[0].0));
        lines.push(format!("run {} ms", g.range(1, 6)));
        lines.push("thaw plasticity".into());
    }
    if g.one_in(2) {
        lines.push(format!("set {}.w = {} mV", projections[0].0, g.tenths(5, 20)));
    }
    if g.one_in(3) {
        lines.push("set A.V_th = 4 mV".into());
    }
    lines.push(format!("run {} ms", g.range(4, 20)));
    for (path, holds) in projections {
        for name in holds {
            lines.push(format!("report sum({path}.{name} * {path}.{name})"));
        }
    }
    for (name, interval) in sampled {
        for k in [1, 2] {
            let at = format!("at({name}, {} ms)", k * interval);
            lines.push(format!("report sum({at} * {at}), count({at} == {at})"));
        }
    }
    if structure == Structure::Changes {
        lines.push(
            "report in_degree(each A -> (A, B)), out_degree(each A -> (A, B)), weight_sum(each A)".into(),
        );
    }
    lines.push("report count(A)".into());
    block("experiment Main of Net", &lines)
}
