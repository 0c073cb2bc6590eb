//! Giants: texts of 64 KB, each built to make one pass of the compiler slow, deep or large.
//!
//! Each is a name and a text. Most are rejected, some are programs; none may take a second or 256 MB to check.

/// The size of each text, nearly.
pub const BYTES: usize = 64 << 10;

/// Every giant with its name.
pub fn giants() -> Vec<(&'static str, String)> {
    [letters(), brackets(), operators(), mistakes(), declarations(), expansions(), systems(), networks()]
        .concat()
}

/// `head`, then the piece of 0, 1, 2 ... as long as there is room, then `tail`.
fn filled(head: &str, piece: impl Fn(usize) -> String, tail: &str) -> String {
    let mut text = head.to_string();
    for k in 0.. {
        let next = piece(k);
        if BYTES < text.len() + next.len() + tail.len() {
            break;
        }
        text += &next;
    }
    text + tail
}

/// The same piece again and again.
fn full(head: &str, piece: &str, tail: &str) -> String {
    filled(head, |_| piece.to_string(), tail)
}

/// `head`, `open` as often as `close`, and `tail`.
fn nested(head: &str, open: &str, inner: &str, close: &str, tail: &str) -> String {
    let depth = (BYTES - head.len() - inner.len() - tail.len()) / (open.len() + close.len());
    format!("{head}{}{inner}{}{tail}", open.repeat(depth), close.repeat(depth))
}

/// Lines of one letter, word, number or comment.
fn letters() -> Vec<(&'static str, String)> {
    vec![
        ("only-newlines", full("", "\n", "")),
        ("only-carriage-returns", full("", "\r", "")),
        ("only-semicolons", full("", ";", "")),
        ("only-nulls", full("", "\0", "")),
        ("only-micro-signs", full("", "\u{b5}", "")),
        ("only-ohm-signs", full("let a = 1 ", "\u{2126}", "")),
        ("lines-of-omegas", full("", "\u{3a9} \u{3bc}\n", "")),
        ("only-combining-marks", full("let a", "\u{301}", " = 1")),
        ("right-to-left", full("let a = 1 ", "\u{202e}\u{1d11e}", "")),
        ("micro-units", full("let a = 1", " + 5 \u{b5}s/m\u{b5}", "")),
        ("one-long-name", full("let ", "a", " = 1")),
        ("one-long-number", full("let a = ", "9", "")),
        ("one-long-fraction", full("let a = 0.", "3", "")),
        ("one-long-exponent", full("let a = 1e", "9", "")),
        ("one-long-unit", full("let a = 1 mV", "/ms", "")),
        ("one-long-power", full("let a = 1 mV^", "9", "")),
        ("one-long-string", full("data a: real[2] = load(\"", "x", "\")")),
        ("only-quotes", full("", "\"", "")),
        ("only-primes", full("cell A { x", "'", " = 1 }")),
        ("comments-in-comments", full("", "/*", "")),
        ("comment-after-comment", full("", "/**/", "")),
        ("documentation", full("", "/// x\n", "let a = 1")),
        ("numbers-with-two-points", full("let a = ", "1.2.", "")),
    ]
}

/// Brackets of every kind, closed and not.
fn brackets() -> Vec<(&'static str, String)> {
    let open = |piece| full("let a = ", piece, "");
    vec![
        ("open-parentheses", open("(")),
        ("open-brackets", open("[")),
        ("open-braces", open("{")),
        ("open-of-all-kinds", open("([{")),
        ("close-parentheses", full("", ")", "")),
        ("close-braces", full("", "}\n", "")),
        ("crossed-brackets", open("(]")),
        ("nested-parentheses", nested("let a = ", "(", "1", ")", "")),
        ("nested-arrays", nested("let a = ", "[", "1", "]", "")),
        ("nested-calls", nested("let a = ", "f(", "1", ")", "")),
        ("nested-exps", nested("let a = ", "exp(", "1", ")", "")),
        ("nested-blocks", nested("circuit A { ", "if true {\n", "", "}", "}")),
        ("nested-fors", nested("circuit A { ", "for a in 0 .. 2 {\n", "", "}", "}")),
        ("nested-segments", nested("cell A { ", "segment s {\n", "", "}", "}")),
        ("open-cells", full("", "cell A {\n", "")),
        ("an-opening-far-from-its-end", full("circuit A { if (true {\n", "let a = 1\n", "}")),
        ("empty-blocks", full("", "cell A { }\n", "")),
        ("elses", full("circuit A { if a { }", " else if a { }", " }")),
        ("lists-of-nothing", full("let a = (", ",", ")")),
    ]
}

/// Operators in a row, as deep as they go.
fn operators() -> Vec<(&'static str, String)> {
    vec![
        ("minus-signs", full("let a = ", "-", "1")),
        ("nots", full("let a = ", "not ", "true")),
        ("powers", full("let a = 2", " ^ 2", "")),
        ("members", full("let a = b", ".x", "")),
        ("indices", full("let a = b", "[0]", "")),
        ("calls-of-calls", full("let a = b", "()", "")),
        ("a-long-sum", full("let a = 1", " + 1", "")),
        ("a-long-product", full("let a = 1", " * 1.5", "")),
        ("a-long-product-of-units", full("let a = 1", " * 1.5 mV", "")),
        ("ands", full("let a = true", " and true", "")),
        ("comparisons", full("let a = 1", " < 1", "")),
        ("ranges", full("let a = 1", " .. 1", "")),
        ("choices", full("let a = ", "if true then 1 else ", "1")),
        ("conditions", nested("let a = ", "if ", "true", " then true else false", "")),
        ("a-sum-over-lines", full("let a = 1 +\n", "1 +\n", "1")),
        ("operators-that-begin-lines", full("let a = 1\n", "+ 1\n", "")),
    ]
}

/// As many mistakes as there is room for.
fn mistakes() -> Vec<(&'static str, String)> {
    let cell = |piece: &dyn Fn(usize) -> String| filled("cell A {\n", piece, "}\n");
    vec![
        ("words-that-begin-nothing", full("", "frob ", "")),
        ("lines-that-begin-nothing", full("", "frob\n", "")),
        ("params-without-names", full("cell A {\n", "param\n", "}")),
        ("mistakes-on-one-line", full("", "let = ;", "")),
        ("mistakes-in-one-list", full("let a = [", "let,", "]")),
        ("only-attributes", full("", "@", "")),
        ("attributes", full("", "@allow(x) ", "let a = 1")),
        ("unknown-names-on-one-line", filled("let a = 0", |k| format!(" + x{k}"), "")),
        ("unknown-names-like-known-ones", {
            let param = |k: usize| format!("param tau_{k:04} = tao_{k:04} + 1\n");
            cell(&param)
        }),
        ("unknown-units", filled("let a = 0", |k| format!(" + 1 mVx{k}"), "")),
        ("wrong-units", cell(&|k| format!("param p{k}: time = 1 mV\n"))),
        ("wrong-sums", full("let a = 1 mV", " + 1 ms", "")),
        ("wrong-sums-of-many-lines", full("let a = 1 mV", " +\n 1 ms", "")),
        ("a-mistake-at-each-end", full("let a = [b, ", "1, ", "b]")),
        ("duplicate-lets", full("", "let a = 1\n", "")),
        ("duplicate-cells", full("", "cell A { state v = 0 }\n", "")),
        ("duplicate-params", cell(&|_| "param a = 1\n".to_string())),
        (
            "duplicate-clauses",
            full("circuit A { population E: B\nprojection p: E -> E.x {", "delay 1 ms;", "} }"),
        ),
        ("unknown-cells", filled("circuit A {\n", |k| format!("population E{k}: Lyf{k}[3]\n"), "}")),
        ("unknown-uses", filled("", |k| format!("use std.cells.Lif{k}\n"), "")),
        ("unknown-files", filled("", |k| format!("use f{k}.A\n"), "")),
        ("uses", full("", "use std.cells.{LifDelta}\n", "")),
        ("unknown-measures", filled("experiment A {\n", |k| format!("report frob(E{k})\n"), "}")),
    ]
}

const LIF: &str = "\
cell Lif { state v: voltage = 0 mV; v' = -v / 10 ms; port x: excitatory voltage via delta(v); spike when v > 1 mV { v = 0 mV } }
";

/// As many declarations as there is room for.
fn declarations() -> Vec<(&'static str, String)> {
    let network = |piece: &dyn Fn(usize) -> String| filled(&format!("{LIF}circuit A {{\n"), piece, "}\n");
    let experiment = |piece: &str| {
        let head = format!("{LIF}circuit A {{ population E: Lif[10] }}\nexperiment Main of A {{\n");
        full(&head, piece, "}\n")
    };
    vec![
        ("lets", filled("", |k| format!("let a{k} = {k}\n"), "")),
        ("functions", filled("", |k| format!("fn f{k}(x: real) = x\n"), "")),
        ("cells", filled("", |k| format!("cell C{k} {{ state v = 0; v' = -v / 1 ms }}\n"), "")),
        ("circuits", filled(LIF, |k| format!("circuit C{k} {{ population E: Lif }}\n"), "")),
        ("populations", network(&|k| format!("population E{k}: Lif[9]\n"))),
        ("loops", network(&|k| format!("for a in 0 .. 9 {{ population E{k}: Lif }}\n"))),
        ("loops-around-nothing", network(&|_| "for a in 0 .. 1000000 { }\n".to_string())),
        ("loops-around-ifs", network(&|_| "for a in 0 .. 1000 { if false { } }\n".to_string())),
        ("projections", {
            let head = format!("{LIF}circuit A {{\npopulation E: excitatory Lif[9]\n");
            let piece =
                |k| format!("projection p{k}: E -> E.x {{ connect all_to_all; weight 1 mV; delay 1 ms }}\n");
            filled(&head, piece, "}\n")
        }),
        ("drives", {
            let head = format!("{LIF}circuit A {{\npopulation E: Lif[9]\n");
            filled(&head, |k| format!("drive d{k}: poisson(1 Hz) -> E.x {{ weight 1 mV }}\n"), "}\n")
        }),
        ("experiments", {
            let head = format!("{LIF}circuit A {{ population E: Lif[9] }}\n");
            filled(&head, |k| format!("experiment E{k} of A {{ run 1 ms }}\n"), "")
        }),
        ("experiments-on-many-populations", {
            let many = (0..1000).map(|k| format!("population E{k}: Lif[9]\n")).collect::<String>();
            let head = format!("{LIF}circuit A {{ {many} }}\n");
            filled(&head, |k| format!("experiment E{k} of A {{ run 1 ms }}\n"), "")
        }),
        ("runs", experiment("run 1 ms\n")),
        ("records", experiment("record E.v\n")),
        ("sets", experiment("set E.v = 1 mV\n")),
        ("expectations", experiment("expect rate(E) > 1 Hz\n")),
        ("requirements", {
            full(
                &format!("{LIF}circuit A {{ population E: Lif\nconstraints {{\n"),
                "require size(E) == 1\n",
                "} }",
            )
        }),
        ("a-long-array", full("let a = [", "1, ", "1]")),
        ("a-long-table", full("let a = [", "[1, 2], ", "[1, 2]]")),
        ("a-long-ragged-table", full("let a = [", "[1, 2], [1], ", "[1, 2]]")),
        ("a-long-list-of-parameters", filled("circuit A(", |k| format!("a{k} = {k}, "), "b = 1) { }")),
        (
            "a-long-union",
            full(
                &format!("{LIF}circuit A {{ population E: excitatory Lif\nprojection p: E -> ("),
                "E, ",
                "E).x { connect all_to_all; weight 1 mV; delay 1 ms } }",
            ),
        ),
    ]
}

/// Each line means twice as much as the one before, or all the lines before.
fn expansions() -> Vec<(&'static str, String)> {
    let doubling = |first: &str, line: &dyn Fn(usize, usize) -> String, last: &str| {
        filled(first, |k| line(k + 1, k), last)
    };
    let in_cell = |line: &dyn Fn(usize, usize) -> String, first: &str, last: &str| {
        doubling(
            &format!("cell A {{\nstate v = 0\n{first}\n"),
            line,
            &format!("{last}\n}}\ncircuit C {{ population E: A }}\n"),
        )
    };
    vec![
        (
            "functions-that-double",
            doubling(
                "fn f0(x: real) = x\n",
                &|k, j| format!("fn f{k}(x: real) = f{j}(x) + f{j}(x)\n"),
                "let a = f60(1)\n",
            ),
        ),
        (
            "functions-that-nest",
            doubling(
                "fn f0(x: real) = x\n",
                &|k, j| format!("fn f{k}(x: real) = f{j}(f{j}(x))\n"),
                "let a = f60(1)\n",
            ),
        ),
        (
            "functions-in-a-chain",
            doubling(
                "fn f0(x: real) = x\n",
                &|k, j| format!("fn f{k}(x: real) = f{j}(x) + 1\n"),
                "let a = f1200(1)\n",
            ),
        ),
        (
            "functions-in-an-equation",
            doubling(
                "fn f0(x: real) = x\n",
                &|k, j| format!("fn f{k}(x: real) = f{j}(x) + f{j}(x)\n"),
                "cell A { state v = 0; v' = -f60(v) / 1 ms }\ncircuit C { population E: A }\n",
            ),
        ),
        ("lets-that-double", doubling("let a0 = 1\n", &|k, j| format!("let a{k} = a{j} + a{j}\n"), "")),
        ("lets-in-a-chain-backwards", filled("", |k| format!("let a{k} = a{} + 1\n", k + 1), "let z = 1")),
        (
            "lets-of-a-cell-that-double",
            in_cell(&|k, j| format!("let a{k} = a{j} + a{j}\n"), "let a0 = v", "v' = -a60 / 1 ms"),
        ),
        (
            "products-of-a-cell-that-double",
            in_cell(&|k, j| format!("let a{k} = a{j} * a{j}\n"), "let a0 = v + 1", "v' = -a60 / 1 ms"),
        ),
        (
            "lets-of-a-cell-in-a-chain",
            in_cell(&|k, j| format!("let a{k} = a{j} + 1\n"), "let a0 = v", "v' = -a60 / 1 ms"),
        ),
        (
            "params-that-double",
            in_cell(&|k, j| format!("param a{k} = a{j} + a{j}\n"), "param a0 = 1", "v' = -a60 * v / 1 ms"),
        ),
        (
            "params-that-draw",
            in_cell(
                &|k, j| format!("param a{k} = uniform(a{j}, a{j} + 1)\n"),
                "param a0 = 1",
                "v' = -a60 * v / 1 ms",
            ),
        ),
        (
            "lets-that-choose",
            in_cell(
                &|k, j| format!("let a{k} = if a{j} > 1 then a{j} else 2 * a{j}\n"),
                "let a0 = v",
                "v' = -a60 / 1 ms",
            ),
        ),
        (
            "cells-that-extend",
            doubling(
                "cell C0 { state v = 0; v' = -v / 1 ms }\n",
                &|k, j| format!("cell C{k}: C{j} {{ param p{k} = 1 }}\n"),
                "",
            ),
        ),
        (
            "circuits-that-double",
            doubling(
                "circuit C0 { }\n",
                &|k, j| format!("circuit C{k} {{ part a: C{j}; part b: C{j} }}\n"),
                "",
            ),
        ),
        (
            "circuits-in-a-chain",
            doubling("circuit C0 { }\n", &|k, j| format!("circuit C{k} {{ part a: C{j} }}\n"), ""),
        ),
        (
            "circuits-that-hold-themselves",
            filled("", |k| format!("circuit C{k} {{ part a: C{} }}\n", k + 1), "circuit Z { part a: C0 }"),
        ),
        (
            "arrays-that-double",
            doubling("let a0 = [1, 1]\n", &|k, j| format!("let a{k} = [a{j}, a{j}]\n"), ""),
        ),
        ("states-in-a-ring", filled("cell A {\n", |k| format!("let b{k} = b{}\n", k + 1), "}")),
    ]
}

/// Cells whose equations are many or long.
fn systems() -> Vec<(&'static str, String)> {
    let cell =
        |piece: &dyn Fn(usize) -> String| filled("cell A {\n", piece, "}\ncircuit C { population E: A }\n");
    let equation = |head: &str, piece: &str, tail: &str| {
        full(
            &format!("cell A {{ state v = 0\nv' = {head}"),
            piece,
            &format!("{tail} }}\ncircuit C {{ population E: A }}\n"),
        )
    };
    vec![
        ("separate-states", cell(&|k| format!("state x{k} = 0; x{k}' = -x{k} / 1 ms\n"))),
        (
            "coupled-states",
            cell(&|k| format!("state x{k} = 0; x{k}' = (x{} - x{k}) / 1 ms\n", k.saturating_sub(1))),
        ),
        ("states-coupled-to-all-before", {
            let sum = |k: usize| (0..k).map(|j| format!("x{j} + ")).collect::<String>();
            let piece = |k: usize| format!("state x{k} = 0; x{k}' = -({}x{k}) / 1 ms\n", sum(k));
            cell(&piece)
        }),
        ("curved-states", cell(&|k| format!("state x{k} = 0; x{k}' = -x{k} * x{k} / 1 ms\n"))),
        ("noisy-states", cell(&|k| format!("state x{k} = 0; x{k}' = -x{k} / 1 ms + xi / 1 ms^0.5\n"))),
        ("ports", cell(&|k| format!("port p{k}: excitatory real via exponential(1 ms)\n"))),
        ("events", cell(&|k| format!("event e{k} when {k} > 1\n"))),
        (
            "blocks-at-every-tick",
            full("cell A { state v = 0\n", "on tick { v += 1 }\n", "}\ncircuit C { population E: A }\n"),
        ),
        ("a-long-equation", equation("(", "v + ", "1) / 1 ms")),
        ("a-long-product-of-states", equation("", "(v + 1) * ", "1 / 1 ms")),
        ("a-long-tower-of-states", equation("(v + 1)", " ^ 2", " / 1 ms")),
        ("an-equation-of-exps", equation("(", "exp(v) + ", "1) / 1 ms")),
        ("an-equation-of-draws", equation("(", "normal(0, 1) + ", "1) / 1 ms")),
        ("many-params-of-a-population", {
            let params: String = (0..1500).map(|k| format!("param p{k} = 1\n")).collect();
            let head = format!("cell A {{\n{params}}}\ncircuit C {{ population E: A[10] {{\n");
            filled(&head, |k| format!("p{k} = uniform(0, 1)\n"), "} }")
        }),
    ]
}

/// Small texts that ask for large things.
fn networks() -> Vec<(&'static str, String)> {
    let circuit = |body: &str| format!("{LIF}circuit A {{\n{body}\n}}\n");
    let main = |body: &str, run: &str| circuit(body) + &format!("experiment Main of A {{\n{run}\n}}\n");
    let wired = |size: &str, connect: &str, weight: &str| {
        circuit(&format!(
            "population E: excitatory Lif[{size}]\nprojection p: E -> E.x {{ connect {connect}; weight {weight}; delay 1 ms }}"
        ))
    };
    vec![
        ("a-loop-of-a-million", circuit("for a in 0 .. 1000000 { population E: Lif }")),
        ("a-loop-of-nearly-a-million", circuit("for a in 0 .. 999000 { population E: Lif }")),
        ("a-loop-of-a-million-lets", circuit("for a in 0 .. 1000000 { let b = a }")),
        ("a-loop-of-a-quintillion", circuit("for a in 0 .. 1000000000000000000 { population E: Lif }")),
        ("a-loop-of-a-quintillion-nothings", circuit("for a in 0 .. 1000000000000000000 { }")),
        ("loops-in-loops", circuit(&nested_fors("population E: Lif"))),
        ("loops-in-loops-around-nothing", circuit(&nested_fors(""))),
        ("a-family-to-a-family", circuit("for a in 0 .. 1000 { population E: excitatory Lif }\nprojection p: E -> E.x { connect all_to_all; weight 1 mV; delay 1 ms }")),
        ("projections-of-a-family", circuit("for a in 0 .. 300 { population E: excitatory Lif }\nfor a in 0 .. 300 { for b in 0 .. 300 { projection p: E[a] -> E[b].x { connect all_to_all; weight 1 mV; delay 1 ms } } }")),
        ("segments-that-name-all-segments", "cell C { segment d[10000] { state v = 0; let s = sum(d.v); 10 ms * v' = s - v }\nlet all = sum(d.s) }\ncircuit N { population P: C }\nexperiment Main of N { run 1 ms; record P.all }\n".to_string()),
        ("couplings-of-all-with-all", "cell C { segment d[10000] { state v: voltage = 0 mV; 100 pF * v' = -10 nS * v }\nfor q in 0 .. 10000 { for r in 0 .. 10000 { couple d[q].v <-> d[r].v by 1 nS } } }\ncircuit N { population P: C }\nexperiment Main of N { run 1 ms }\n".to_string()),
        ("a-million-cells", circuit("population E: Lif[1000000]")),
        ("two-billion-cells", circuit("population E: Lif[2000000000]")),
        ("two-billion-times-two-billion-cells", circuit("population E: Lif[2000000000, 2000000000]")),
        ("a-million-cells-on-a-grid", circuit("population E: Lif[1000, 1000] { at grid(1 um) }")),
        ("a-million-drawn-cells", "cell A { param p = normal(1, 0.1); state v = uniform(0, p); v' = -v / 1 ms }\ncircuit C { population E: A[1000000] { p = uniform(1, 2) } }\n".to_string()),
        ("a-trillion-synapses", wired("1000000", "all_to_all", "1 mV")),
        ("a-trillion-possible-synapses", wired("1000000", "probability 0.5", "uniform(0 mV, 1 mV)")),
        ("a-trillion-asked-pairs", wired("1000000", "where pre.i != post.i", "1 mV * pre.i")),
        ("an-in-degree-of-a-billion", wired("1000000", "in_degree 1000000000", "1 mV")),
        ("a-billion-points", "let a = linspace(0, 1, 1000000000)\nlet b = sum(a)\n".to_string()),
        ("a-view-of-a-billion", main("population E: Lif[10]", "record E[0 .. 1000000000].v\nrun 1 ms")),
        ("a-view-of-a-million", main("population E: Lif[1000000]", "record E[0 .. 1000000].v\nrun 1 ms")),
        ("a-filtered-view-of-a-million", main("population E: Lif[1000000]", "record E[where mod(i, 2) == 0].v\nrun 1 ms")),
        ("a-run-of-a-quintillion", main("population E: Lif", "run 1e18 s")),
        ("a-step-of-nearly-nothing", main("population E: Lif", "dt 1e-300 ms\nrun 1 s")),
        ("a-delay-of-a-year", circuit("population E: excitatory Lif\nprojection p: E -> E.x { connect all_to_all; weight 1 mV; delay 10000 h }")),
        ("spikes-of-a-million", circuit("population E: SpikeTimes[3] { events = [for a in 0 .. 1000000 : (a, 0)] }")),
    ]
}

fn nested_fors(inner: &str) -> String {
    let names = ["a", "b", "c", "d", "e", "f"];
    let opened: String = names.iter().map(|name| format!("for {name} in 0 .. 100 {{ ")).collect();
    format!("{opened}{inner}{}", " }".repeat(names.len()))
}
