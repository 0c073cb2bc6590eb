//! `save` and `load` as files: a run in two pieces is the same as a run in one, and what does not fit is told by name.

use circ::compile::{Options, compile};
use circ::results::{Ended, Results};
use circ::run::{EngineKind, RunOptions, Silent, Simulation};
use circ::sources;
use std::path::Path;
use std::sync::atomic::AtomicBool;

const CIRCUIT: &str = "
cell Lif {
  param tau = 10 ms
  param gain = 1
  port exc: excitatory voltage via exponential(3 ms)
  state v: voltage = uniform(0 mV, 4 mV)
  tau * v' = gain * 12 mV - v + exc + 2 mV * sqrt(2 * tau) * xi
  spike when v >= 8 mV { v = 0 mV; refractory 2 ms hold v }
}
plasticity Pair {
  param a = 0.03
  param w_max: weight
  pre x = trace(20 ms)
  post y = trace(20 ms)
  on pre { w -= a * w_max * y }
  on post { w += a * w_max * x }
  bounds w in 0 .. w_max
}
circuit Net(g = 2) {
  population E: excitatory Lif[40]
  population S: excitatory Lif[10] { gain = 1.2 }
  projection learned: E -> E.exc { connect probability 0.3; weight 1 mV; delay uniform(1 ms, 4 ms); plasticity Pair(w_max = 3 mV) }
  projection fixed: S -> E.exc { connect in_degree 3; weight uniform(0.5 mV, 1.5 mV) * g; delay 1.5 ms }
  drive noise: poisson(300 Hz) -> E.exc { weight 1 mV }
}
";

const HALVES: &str = "
experiment Whole of Net { dt 0.5 ms; seed 3; run T1 ms; run 40 ms; report mean(learned.w), rate(E) }
experiment First of Net { dt 0.5 ms; seed 3; run T1 ms; save \"half.ckpt\" }
experiment Second of Net { dt 0.5 ms; seed 3; load \"half.ckpt\"; run 40 ms; report mean(learned.w), rate(E) }
";

fn run(
    text: &str,
    folder: &Path,
    experiment: &str,
    (engine, threads): (EngineKind, usize),
) -> Result<Results, String> {
    let program = sources::parse("net.circ", text.to_string(), folder);
    let options = Options { experiment: Some(experiment.to_string()), ..Options::default() };
    let compiled = compile(program, &options).map_err(|rejection| rejection.to_string())?;
    let options = RunOptions { engine, threads: Some(threads), ..RunOptions::default() };
    let simulation = Simulation::build(compiled, &options);
    let mut simulation = simulation.map_err(|rejection| rejection.to_string())?;
    Ok(simulation.run(&AtomicBool::new(false), &mut Silent).results)
}

const ONE: (EngineKind, usize) = (EngineKind::Jit, 1);

/// The message of a run that was rejected.
fn refused(text: &str, folder: &Path, experiment: &str) -> String {
    let results = run(text, folder, experiment, ONE).expect("it begins");
    assert_eq!(results.ended, Ended::Rejected, "{:?}", results.diagnostics);
    let last = results.diagnostics.last().expect("a message");
    format!("[{}] {}", last.rule, last.message)
}

#[test]
fn a_run_in_two_pieces_is_the_same_as_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let all = [ONE, (EngineKind::Jit, 2), (EngineKind::Jit, 3), (EngineKind::Interpreter, 1)];
    for (point, ticks) in ["0.5", "17.5", "40"].into_iter().enumerate() {
        let text = format!("{CIRCUIT}{}", HALVES.replace("T1", ticks));
        let whole = run(&text, folder.path(), "Whole", ONE).expect("it runs");
        run(&text, folder.path(), "First", all[point]).expect("it runs");
        for on in all {
            let second = run(&text, folder.path(), "Second", on).expect("it runs");
            assert_eq!(second.reports, whole.reports, "{on:?} after {ticks} ms");
            assert_eq!(second.digest, whole.digest, "{on:?} after {ticks} ms");
            assert_eq!(second.populations, whole.populations);
        }
    }
}

/// Synapses that come and go, with delays of their own, while spikes of those that are gone are on their way.
const REWIRED: &str = "
plasticity Move {
  param w_max: weight
  pre x = trace(20 ms)
  on post { w += 0.02 * w_max * x }
  bounds w in 0 .. w_max
  rewire every 5 ms { prune lowest 30 % by w; grow pruned random }
}";

#[test]
fn synapses_that_come_and_go_are_part_of_the_state() {
    let folder = tempfile::tempdir().expect("a folder");
    let all = [(EngineKind::Interpreter, 1), (EngineKind::Jit, 3), ONE, (EngineKind::Jit, 2)];
    for (point, ticks) in ["0.5", "17.5", "40"].into_iter().enumerate() {
        let circuit = CIRCUIT.replace("plasticity Pair(", "plasticity Move(");
        let circuit = circuit.replace(
            "delay uniform(1 ms, 4 ms)",
            "delay uniform(0.5 ms, 2 ms); dendritic uniform(0.5 ms, 2 ms); allow multiple",
        );
        let halves = HALVES.replace("T1", ticks).replace("40 ms;", "40 ms; reset learned.w; run 10 ms;");
        let text = format!("{REWIRED}{circuit}{halves}");
        let whole = run(&text, folder.path(), "Whole", ONE).expect("it runs");
        assert_eq!(whole.ended, Ended::Complete, "{:?}", whole.diagnostics);
        run(&text, folder.path(), "First", all[point]).expect("it runs");
        for on in all {
            let second = run(&text, folder.path(), "Second", on).expect("it runs");
            assert_eq!(second.digest, whole.digest, "{on:?} after {ticks} ms");
            assert_eq!(second.reports, whole.reports, "{on:?} after {ticks} ms");
        }
    }
}

#[test]
fn one_moment_is_gone_back_to_again_and_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = format!(
        "{CIRCUIT}
experiment Main of Net {{
  dt 0.5 ms
  record E[0].v every 1 ms
  run 20 ms
  save \"now.ckpt\"
  for k in 0 .. 3 {{
    load \"now.ckpt\"
    if k == 1 {{ set E.tau = 5 ms }}
    run 30 ms
    report count(E), t
  }}
}}"
    );
    let results = run(&text, folder.path(), "Main", (EngineKind::Jit, 2)).expect("it runs");
    assert_eq!(results.ended, Ended::Complete, "{:?}", results.diagnostics);
    let values: Vec<_> = results.reports.iter().map(|it| it.value.clone()).collect();
    assert_eq!(values.len(), 6);
    assert_eq!((&values[0], &values[1]), (&values[4], &values[5]), "the parameter goes back too");
    assert_ne!(values[0], values[2]);
    assert_eq!(results.simulated_ms, 50.0);
}

#[test]
fn a_checkpoint_of_another_circuit_is_refused_with_what_changed() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = format!("{CIRCUIT}{}", HALVES.replace("T1", "5"));
    run(&text, folder.path(), "First", ONE).expect("it runs");
    let again = "population R: excitatory Lif[10]\n  population S: excitatory Lif[10]";
    let changes = [
        ("gain * 12 mV", "gain * 13 mV", "the cell `Lif` of population `E` was changed"),
        ("E: excitatory Lif[40]", "E: excitatory Lif[41]", "population `E` had 40 cells and has 41"),
        ("gain = 1.2", "gain = 1.3", "the block of population `S` was changed"),
        ("connect probability 0.3", "connect probability 0.2", "projection `learned` was changed"),
        ("param a = 0.03", "param a = 0.02", "the rule `Pair` of projection `learned` was changed"),
        ("; plasticity Pair(w_max = 3 mV)", "", "projection `learned` had the rule `Pair` and has none"),
        ("g = 2", "g = 3", "`g` was 2 and is 3"),
        ("seed 3; load", "seed 4; load", "`seed` was 3 and is 4"),
        ("dt 0.5 ms; seed 3; load", "dt 0.25 ms; seed 3; load", "`dt` was 0.5 ms and is 0.25 ms"),
        ("population S: excitatory Lif[10]", again, "population `R` is new"),
    ];
    for (before, after, due) in changes {
        let mut changed = text.replace(before, after);
        assert_ne!(changed, text, "{before}");
        if after.is_empty() {
            changed = changed.replace("mean(learned.w), ", "");
        }
        let said = refused(&changed, folder.path(), "Second");
        assert!(said.starts_with("[checkpoint-changed]") && said.contains(due), "{said}\n{due}");
    }
    let other =
        text.replace("load \"half.ckpt\"; run 40 ms", "load \"half.ckpt\"; clamp E.v = 1 mV; run 40 ms");
    let results = run(&other, folder.path(), "Second", ONE).expect("it runs");
    assert_eq!(results.ended, Ended::Complete, "what experiments do may differ: {:?}", results.diagnostics);
}

#[test]
fn what_the_other_experiment_can_not_hold_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = format!(
        "{CIRCUIT}
experiment First of Net {{ dt 0.5 ms; run 5 ms; clamp E[3].v = 1 mV; save \"held.ckpt\" }}
experiment Second of Net {{ dt 0.5 ms; load \"held.ckpt\"; run 5 ms }}
experiment Third of Net {{ dt 0.5 ms; set E[3].gain = 2; run 5 ms; save \"set.ckpt\" }}
experiment Fourth of Net {{ dt 0.5 ms; load \"set.ckpt\"; run 5 ms }}"
    );
    run(&text, folder.path(), "First", ONE).expect("it runs");
    run(&text, folder.path(), "Third", ONE).expect("it runs");
    let said = refused(&text, folder.path(), "Second");
    assert!(said.contains("`E.v` is clamped, which this experiment does nowhere"), "{said}");
    let said = refused(&text, folder.path(), "Fourth");
    assert!(said.contains("`E.gain` was set for single cells, which this experiment does nowhere"), "{said}");
}

#[test]
fn files_that_are_no_checkpoints_are_told_from_broken_ones() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = format!("{CIRCUIT}{}", HALVES.replace("T1", "5"));
    run(&text, folder.path(), "First", ONE).expect("it runs");
    let file = folder.path().join("half.ckpt");
    let whole = std::fs::read(&file).expect("a file");
    assert!(whole.starts_with(b"circ checkpoint 2\n{\"circ\":"), "its beginning says what it is");
    let entries = std::fs::read_dir(folder.path()).expect("a folder");
    let names: Vec<_> = entries.map(|entry| entry.expect("an entry").file_name()).collect();
    assert_eq!(names, ["half.ckpt"], "nothing half written is left");
    let mut damaged = whole.clone();
    *damaged.last_mut().expect("a byte") ^= 1;
    let of_later = [b"circ checkpoint 7", &whole[17..]].concat();
    let longer = [&whole[..], b"more"].concat();
    let cases: [(&[u8], &str); 7] = [
        (b"", "it is empty"),
        (b"time_ms,cell\n", "it is no checkpoint"),
        (&whole[..whole.len() - 10], "it ends too early"),
        (&longer, "4 bytes are too many"),
        (&whole[..40], "it ends within its description"),
        (&damaged, "it is damaged"),
        (&of_later, "it is of version 7"),
    ];
    for (bytes, due) in cases {
        std::fs::write(&file, bytes).expect("written");
        let said = refused(&text, folder.path(), "Second");
        assert!(said.starts_with("[checkpoint-file]") && said.contains(due), "{said}\n{due}");
    }
    std::fs::remove_file(&file).expect("removed");
    assert!(refused(&text, folder.path(), "Second").contains("[checkpoint-file]"));
}

#[test]
fn nothing_but_a_checkpoint_is_replaced_and_nothing_is_written_elsewhere() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("notes.txt"), "mine").expect("written");
    let cases = [
        ("notes.txt", "is not replaced"),
        ("../out.ckpt", "beneath the folder"),
        ("/tmp/out.ckpt", "beneath the folder"),
    ];
    for (name, due) in cases {
        let text = format!("{CIRCUIT}\nexperiment Main of Net {{ dt 0.5 ms; run 1 ms; save \"{name}\" }}");
        let said = refused(&text, folder.path(), "Main");
        assert!(said.contains(due), "{said}");
    }
    assert_eq!(std::fs::read_to_string(folder.path().join("notes.txt")).expect("a file"), "mine");
}
