//! Sessions as people have them: typed into a pseudo-terminal, and read from a pipe.

mod common;

use common::{Bench, SMALL, said};
use rexpect::session::{PtySession, spawn_command};
use std::io::Write;
use std::process::Stdio;

/// A session in a terminal, which waits for its first prompt.
fn typed(bench: &Bench, args: &[&str]) -> PtySession {
    let mut command = bench.command(&[&["repl"], args].concat());
    command.env("TERM", "xterm").env("NO_COLOR", "1").env("CIRC_HISTORY", bench.path("history"));
    let mut session = spawn_command(command, Some(60_000)).expect("a pseudo-terminal");
    prompts(&mut session);
    session
}

#[track_caller]
fn says(session: &mut PtySession, line: &str, answer: &str) {
    session.send_line(line).expect("typing");
    let heard = session.exp_string(answer);
    heard.unwrap_or_else(|error| panic!("`{line}` should say `{answer}`: {error}"));
    prompts(session);
}

/// Waits until the next entry can be typed: the prompt itself is written again at every key, this only once.
#[track_caller]
fn prompts(session: &mut PtySession) {
    session.exp_string("\u{1b}[?2004h").expect("a prompt");
}

/// Keys, as they are.
fn types(session: &mut PtySession, keys: &str) {
    session.send(keys).expect("typing");
    session.flush().expect("typing");
}

/// The lines of a session that is read from a pipe.
fn piped(bench: &Bench, args: &[&str], lines: &str) -> common::Said {
    let mut command = bench.command(&[&["repl"], args].concat());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("circ starts");
    child.stdin.take().expect("a pipe").write_all(lines.as_bytes()).expect("circ reads");
    said(child.wait_with_output().expect("circ ends"))
}

fn small(bench: &Bench) {
    bench.file("small.circ", format!("{SMALL}\nexperiment Main of Small {{\n  seed 3\n  run 1 ms\n}}\n"));
}

#[test]
fn a_circuit_is_asked_changed_and_taken_back() {
    let bench = Bench::new();
    small(&bench);
    let mut session = typed(&bench, &["small.circ"]);
    says(&mut session, "run 20 ms", "0 ms to 20 ms; E 100 Hz");
    says(&mut session, "E[0].v", "mV");
    says(&mut session, "count(E)", "20");
    // A mistake looks as it does in a file, and changes nothing.
    says(&mut session, "set E.tau = 3 mV", "unit-mismatch");
    says(&mut session, "E.tau[0]", "10 ms");
    says(&mut session, "set E.tau = 5 ms", "");
    says(&mut session, "run 20 ms", "20 ms to 40 ms; E 300 Hz");
    says(&mut session, "back 20 ms", "at 20 ms");
    says(&mut session, "E[0].v", "mV");
    says(&mut session, "fork here", "`here` is 20 ms");
    says(&mut session, "run 30 ms", "20 ms to 50 ms");
    says(&mut session, "back here", "at 20 ms");
    says(&mut session, "back nowhere", "no moment was kept as `nowhere`");
    session.send_line("quit").expect("typing");
    session.exp_eof().expect("the end");
}

#[test]
fn names_are_completed_and_history_is_kept() {
    let bench = Bench::new();
    small(&bench);
    let mut session = typed(&bench, &["small.circ"]);
    // `E.t` can only be `E.tau`.
    types(&mut session, "mean(E.t\t)\r");
    session.exp_string("10 ms").expect("the value");
    prompts(&mut session);
    // The last line again.
    types(&mut session, "\u{1b}[A\r");
    session.exp_string("10 ms").expect("the value");
    prompts(&mut session);
    session.send_control('d').expect("typing");
    session.exp_eof().expect("the end");
    let history = std::fs::read_to_string(bench.path("history")).expect("a history");
    assert!(history.contains("mean(E.tau)"), "{history}");
}

#[test]
fn an_entry_goes_on_while_a_bracket_is_open() {
    let bench = Bench::new();
    let mut session = typed(&bench, &[]);
    types(&mut session, "cell Clock {\r  state v: voltage = 0 mV\r  10 ms * v' = 20 mV - v\r");
    types(&mut session, "  spike when v >= 10 mV { v = 0 mV }\r}\r");
    prompts(&mut session);
    says(&mut session, "run 20 ms", "there is no circuit yet");
    says(&mut session, "population E: Clock[3]", "");
    says(&mut session, "run 20 ms", "E 100 Hz");
    session.send_control('d').expect("typing");
    session.exp_eof().expect("the end");
}

#[test]
fn ctrl_c_stops_a_run_and_not_the_session() {
    let bench = Bench::new();
    small(&bench);
    let mut session = typed(&bench, &["small.circ"]);
    session.send_line("run 100000 s").expect("typing");
    std::thread::sleep(std::time::Duration::from_millis(300));
    session.send_control('c').expect("typing");
    session.exp_string("stopped at").expect("that it stopped");
    prompts(&mut session);
    says(&mut session, "run 20 ms", "E 1");
    session.send_line("for k in 0 .. 1000000 { run 1 s }").expect("typing");
    std::thread::sleep(std::time::Duration::from_millis(300));
    session.send_control('c').expect("typing");
    session.exp_string("nothing is kept").expect("that it stopped");
    prompts(&mut session);
    says(&mut session, "1 + 1", "2");
    session.send_control('d').expect("typing");
    session.exp_eof().expect("the end");
}

/// What was typed is a file, and running it comes to the same bits.
#[test]
fn a_session_is_a_file_that_repeats_it() {
    let bench = Bench::new();
    small(&bench);
    let lines = "\
record E[0].v every 1 ms
run 20 ms
let before = mean(E.v)
set E.tau = 7 ms
for k in 0 .. 3 {
  run 5 ms
  set E[k].v = 1 mV
}
run 100 ms
back 60 ms
before
rate(E)
expect count(E) > 0
session \"typed.circ\"
";
    let told = piped(&bench, &["small.circ"], lines).exits(0);
    let digest =
        told.out.split("its digest is ").nth(1).expect("a digest").split_whitespace().next().expect("one");
    let again = bench.circ(&["run", "typed.circ", "Session", "--json"]).exits(0).json();
    let whole = again["digest"].as_str().expect("a digest");
    assert!(
        whole.starts_with(digest),
        "{whole} and {digest}\n{}",
        std::fs::read_to_string(bench.path("typed.circ")).unwrap()
    );
    let text = std::fs::read_to_string(bench.path("typed.circ")).expect("the file");
    assert!(text.contains("run 40 ms"), "{text}");
    bench.circ(&["fmt", "--check", "typed.circ"]).exits(0);
}

#[test]
fn a_changed_cell_takes_effect_at_once_and_keeps_its_state() {
    let bench = Bench::new();
    small(&bench);
    let lines = "\
run 5 ms
E[0].v
cell Clock {
  param tau = 10 ms
  param drive_to = 5 mV
  state v: voltage = 0 mV
  tau * v' = drive_to - v
  spike when v >= 10 mV { v = 0 mV }
}
E[0].v
run 200 ms
E[0].v
session \"typed.circ\"
";
    let told = piped(&bench, &["small.circ"], lines).exits(0);
    let values: Vec<&str> = told.out.lines().filter(|line| line.ends_with("mV")).collect();
    assert_eq!(values.len(), 3, "{}", told.out);
    assert_eq!(values[0], values[1], "{}", told.out);
    assert_eq!(values[2], "5 mV");
    assert!(told.out.contains("built anew"), "{}", told.out);
    assert!(told.out.contains("does not repeat it"), "{}", told.out);
}

/// A weight that is set was one number before: the synapses are held otherwise, and what is on its way must not be lost.
#[test]
fn what_is_asked_later_loses_nothing_of_before() {
    let bench = Bench::new();
    bench.file(
        "net.circ",
        r#"
cell Relay {
  port exc: excitatory voltage via delta(v)
  state v: voltage = uniform(0 mV, 9 mV)
  10 ms * v' = 15 mV - v
  spike when v >= 10 mV { v = 0 mV }
}
circuit Net {
  population E: excitatory Relay[20]
  projection P: E -> E.exc { connect probability 0.3; weight 0.5 mV; delay 3 ms }
}
experiment Main of Net { run 1 ms }
"#,
    );
    let lines =
        "run 20 ms\nset P.w = 0.6 mV\nrun 20 ms\nclamp E[3].v = 1 mV\nrun 10 ms\nsession \"typed.circ\"\n";
    let told = piped(&bench, &["net.circ"], lines).exits(0);
    assert!(!told.out.contains("built anew"), "{}", told.out);
    let digest = told.out.split("its digest is ").nth(1).expect("a digest").trim();
    let again = bench.circ(&["run", "typed.circ", "Session", "--json"]).exits(0).json();
    assert!(again["digest"].as_str().expect("a digest").starts_with(digest));
}

/// The lines of a session that say the value of something.
fn values(told: &common::Said) -> Vec<&str> {
    told.out.lines().filter(|line| line.ends_with("mV")).collect()
}

/// A `record` is not carried out again when the circuit is built anew: what it reads has other values by then.
#[test]
fn what_is_recorded_goes_on_in_a_circuit_that_is_built_anew() {
    let bench = Bench::new();
    small(&bench);
    let lines = "\
let place: int = 4
record E[place].v every 0.5 ms
run 2.2 ms
record E[1].v every 0.5 ms
if count(E) == 0 { record E[7].v }
run 2.2 ms
place = 5
at(E[1].v, 3.7 ms)
at(E[4].v, 1 ms)
cell Other { state x = 0 }
at(E[1].v, 3.7 ms)
at(E[4].v, 1 ms)
run 1 ms
cell Clock {
  param tau = 10 ms
  param drive_to = 5 mV
  state v: voltage = 0 mV
  tau * v' = drive_to - v
  spike when v >= 10 mV { v = 0 mV }
}
at(E[1].v, 3.7 ms)
at(E[4].v, 1 ms)
at(E[4].v, 5 ms)
at(E[7].v, 5.1 ms)
run 1 ms
at(E[1].v, 6.2 ms)
at(E[4].v, 6 ms)
at(E[7].v, 6.3 ms)
at(E[5].v, 6 ms)
";
    let told = piped(&bench, &["small.circ"], lines).exits(1);
    assert!(told.out.contains("built anew") && !told.out.contains("not recorded any more"), "{}", told.out);
    assert!(
        told.err.contains("`E[5].v` at 6 ms") && told.err.matches("Error").count() == 1,
        "only what was never recorded is missing: {}",
        told.err
    );
    let found = values(&told);
    assert_eq!(found.len(), 11, "{}\n{}", told.out, told.err);
    assert_eq!((found[2], found[4]), (found[0], found[0]));
    assert_eq!((found[3], found[5]), (found[1], found[1]));
}

/// Of what is no more, people are told; of the rest all goes on.
#[test]
fn recordings_of_cells_that_are_no_more_end() {
    let bench = Bench::new();
    small(&bench);
    let lines = "\
let last: int = 9
record E[last].v, E[8].v
record E.v
run 1 ms
last = 8
population E: Clock[9]
run 1 ms
at(E[8].v, 0.5 ms)
at(E[8].v, 1.5 ms)
";
    let told = piped(&bench, &["small.circ"], lines).exits(0);
    assert!(told.out.contains("`E[9].v` is not recorded any more"), "{}", told.out);
    assert!(told.out.contains("`E.v` is recorded anew"), "{}", told.out);
    assert!(!told.out.contains("`E[8].v` is"), "{}", told.out);
    assert_eq!(values(&told).len(), 2, "{}\n{}", told.out, told.err);
}

/// Pairs keep their columns where both cells are left, and all that may be joined are recorded where all were.
#[test]
fn recordings_of_synapses_that_come_and_go_go_on() {
    let bench = Bench::new();
    bench.file(
        "moves.circ",
        "cell Unit { port p: excitatory voltage via delta(v); state v: voltage = 0 mV; 10 ms * v' = -v
  spike when v > 1 V { v = 0 mV } }
plasticity Moves { rewire every 1 ms { prune lowest 1 by w; grow pruned highest by pre.i + post.i } }
circuit N {
  population S: excitatory Unit[3]
  population E: Unit[2]
  projection P: S -> E.p {
    connect where post.i == 0; weight 1 mV * (1 + pre.i); delay 0.5 ms; plasticity Moves } }
experiment Main of N { dt 0.5 ms }
",
    );
    let lines = "\
record P.w every 0.5 ms
record P.w[2] every 1 ms
run 1.5 ms
sum(at(P.w, 0.5 ms))
sum(at(P.w, 1.5 ms))
cell Other { state x = 0 }
run 0.5 ms
sum(at(P.w, 0.5 ms))
sum(at(P.w, 2 ms))
population E: Unit[1]
run 1 ms
sum(at(P.w, 2.5 ms))
";
    let told = piped(&bench, &["moves.circ"], lines).exits(0);
    assert!(!told.out.contains("not recorded any more"), "{}", told.out);
    let found = values(&told);
    assert_eq!(found.len(), 5, "{}\n{}", told.out, told.err);
    assert_eq!(found[0], found[2]);
    assert_ne!(found[0], found[1]);
}

/// What was recorded of one way that things went is not taken for that of another.
#[test]
fn a_moment_has_what_was_recorded_until_then() {
    let bench = Bench::new();
    bench.file(
        "net.circ",
        r#"
cell Relay {
  port exc: excitatory voltage via delta(v)
  param goal = 5 mV
  state v: voltage = 0 mV
  10 ms * v' = goal - v
  spike when v >= 10 mV { v = 0 mV }
}
circuit Net {
  population E: Relay[2]
  projection P: E -> E.exc { connect one_to_one; allow self; weight 0.5 mV; delay 3 ms }
}
experiment Main of Net { run 1 ms }
"#,
    );
    let lines = "\
record E[0].v, P.w
run 5 ms
at(E[0].v, 4 ms)
mean(at(P.w, 4 ms))
fork first
back 5 ms
set E.goal = 8 mV
run 8 ms
at(E[0].v, 4 ms)
mean(at(P.w, 4 ms))
cell Other { state x = 0 }
at(E[0].v, 4 ms)
back first
at(E[0].v, 4 ms)
mean(at(P.w, 4 ms))
run 1 ms
at(E[0].v, 5.5 ms)
";
    let told = piped(&bench, &["net.circ"], lines).exits(0);
    let found = values(&told);
    assert_eq!(found.len(), 8, "{}\n{}", told.out, told.err);
    assert_ne!(found[0], found[2], "it goes elsewhere");
    assert_eq!((found[4], found[5]), (found[2], found[0]), "{}", told.out);
    assert_eq!((found[1], found[3], found[6]), ("0.5 mV", "0.5 mV", "0.5 mV"), "{}", told.out);
}

#[test]
fn what_is_wrong_is_said_and_the_session_goes_on() {
    let bench = Bench::new();
    small(&bench);
    for wrong in [
        "run -1 ms",
        "set E.nothing = 1",
        "foo(",
        "cell {",
        "population",
        "back 1 s",
        "?nothing",
        "1 +",
        "}",
        "\u{0}",
    ] {
        // What is open goes on to the end of the lines.
        let rest = if circ::session::is_open(wrong) { "" } else { "run 5 ms\n" };
        let told = piped(&bench, &["small.circ"], &format!("{wrong}\n{rest}"));
        assert!(!told.err.contains("panicked"), "{wrong}: {}", told.err);
        assert!(!told.err.is_empty(), "{wrong} says nothing");
        assert!(
            rest.is_empty() || told.out.contains("0 ms to 5 ms"),
            "{wrong} ends the session: {}",
            told.out
        );
        assert_eq!(told.code, 1, "{wrong}");
    }
    // The word of a statement is not taken for a name.
    let told = piped(&bench, &["small.circ"], "run\n");
    assert!(told.err.contains("[syntax]") && !told.err.contains("not declared"), "{}", told.err);
    let told = piped(&bench, &[], "run 1 ms\n");
    assert!(told.err.contains("there is no circuit yet"), "{}", told.err);
    piped(&bench, &["nothing.circ"], "").exits(4);
    piped(&bench, &["small.circ", "Other"], "").exits(2);
}

#[test]
fn pictures_and_documentation_are_drawn_in_the_terminal() {
    let bench = Bench::new();
    small(&bench);
    let lines = "record E[0].v\nrun 30 ms\nplot E[0].v\nplot E\nplot E[1 .. 4].v\n?E\n?E.tau\nexplain\nexplain unit-mismatch\nhelp\ntext\n";
    let told = piped(&bench, &["small.circ"], lines).exits(0);
    let parts = [
        "E[0].v\n",
        "0 mV │",
        "E │",
        "values up to",
        "param tau = 10 ms   [ms]",
        "Equations",
        "Rejected:",
        "quit",
    ];
    for part in parts.into_iter().chain(["experiment Session of Small {"]) {
        assert!(told.out.contains(part), "{part} in\n{}", told.out);
    }
}
