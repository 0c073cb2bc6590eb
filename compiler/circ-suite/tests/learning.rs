//! Generated rules teach synapses the same, bit for bit, on both engines and on 1, 2 and 3 threads.

use circ::compile::{Options, compile};
use circ::results::{Ended, Results};
use circ::run::{EngineKind, PostHooks, RunOptions, Simulation};
use circ::sources;
use circ_suite::generate::folder;
use circ_suite::generate_rules::generate_rules;
use circ_suite::oracle::{ALL, agree, carry_out_as, compare, show};

/// How many programs each run of the tests makes.
const PROGRAMS: u64 = 240;

#[test]
fn generated_rules_agree_on_every_engine() {
    let mut whole = 0;
    for seed in 0..PROGRAMS {
        let text = generate_rules(seed);
        match agree("generated.circ", &text, &folder(), &Options::default(), &ALL) {
            Ok(results) => whole += u64::from(results.ended != Ended::Failed),
            Err(error) => panic!("seed {seed}: {error}\n{text}"),
        }
    }
    assert!(PROGRAMS / 2 < whole, "{whole} of {PROGRAMS} programs run to their end");
}

/// Rules of the library, with what they have to be given.
const LIBRARY: [(&str, &str); 19] = [
    ("AdditiveStdp", "w_max = 2 mV"),
    ("NearestStdp", "w_max = 2 mV"),
    ("MultiplicativeStdp", "w_max = 2 mV"),
    ("VanRossumStdp", "c_p = 0.01 mV"),
    ("PowerStdp", "w_max = 2 mV"),
    ("PowerLawStdp", "w_0 = 1 mV"),
    ("SymmetricStdp", "w_max = 2 mV"),
    ("InhibitoryStdp", "w_max = 2 mV, eta = 0.02 mV"),
    ("TripletStdp", "w_max = 2 mV"),
    ("NearestTripletStdp", "w_max = 2 mV"),
    ("HippocampalTripletStdp", "w_max = 2 mV"),
    ("HippocampalNearestTripletStdp", "w_max = 2 mV"),
    ("MinimalTripletStdp", "w_max = 2 mV"),
    ("MinimalNearestTripletStdp", "w_max = 2 mV"),
    ("HippocampalMinimalTripletStdp", "w_max = 2 mV"),
    ("HippocampalMinimalNearestTripletStdp", "w_max = 2 mV"),
    ("VoltageStdp", "w_one = 0.01 mV, w_max = 2 mV"),
    ("TsodyksMarkram", ""),
    ("DynamicSynapse", ""),
];

/// Delays of one number, of which events of targets may wait; and delays that differ.
const DELAYS: [&str; 4] = [
    "delay 1 tick",
    "delay 1.3 ms; dendritic 0.4 ms",
    "delay 0 ms; dendritic 0.7 ms; back 0.2 ms",
    "delay uniform(0.1 ms, 2 ms); dendritic uniform(0 ms, 1 ms); back uniform(0 ms, 3 ms)",
];

/// Two populations that spike at random, some of the time much, with synapses that learn in between and multapses.
fn network(rule: &str, arguments: &str, delays: &str, precision: &str) -> String {
    let file = match rule {
        "TsodyksMarkram" | "DynamicSynapse" => "short_term",
        _ => "plasticity",
    };
    format!(
        "use std.{file}.{rule}
        cell Noisy {{
          param rate = 40 Hz
          port syn: excitatory voltage via delta(v)
          state v: voltage = uniform(0 mV, 8 mV)
          20 ms * v' = -v
          spike when chance(rate * dt * (if mod(t / 50 ms, 2) < 1 then 3 else 1)) or v > 10 mV {{ v = 0 mV }}
        }}
        circuit Learning {{
          population A: excitatory Noisy[23] {{ rate = uniform(0 Hz, 80 Hz) }}
          population B: excitatory Noisy[17]
          projection P: A -> B.syn {{
            connect total 300
            allow multiple
            weight uniform(0.1 mV, 1.5 mV)
            {delays}
            plasticity {rule}({arguments})
          }}
          projection Q: B -> A.syn {{ connect probability 0.2; weight 0.5 mV; delay 1 ms }}
        }}
        experiment Main of Learning {{
          precision {precision}
          record P.w every 7 ms
          run 150 ms
          report sum(P.w)
          run 50.1 ms
          set A.rate = 100 Hz
          run 50 ms
          report sum(P.w)
        }}"
    )
}

/// Bytes of the projection that learns.
fn bytes(text: &str, post_hooks: PostHooks) -> u64 {
    let program = sources::parse("library.circ", text.to_string(), &folder());
    let compiled = compile(program, &Options::default()).expect("a program without mistakes");
    let options = RunOptions { threads: Some(1), post_hooks, ..RunOptions::default() };
    let built = Simulation::build(compiled, &options).expect("enough memory").built();
    let part = built.memory.parts.iter().find(|(what, _)| what == "P");
    part.expect("every projection is a part").1
}

/// The agreement above says something only of rules whose events do wait.
#[test]
fn events_of_targets_wait_where_nobody_can_tell() {
    let [constant, .., heterogeneous] = DELAYS;
    for (rule, arguments) in LIBRARY {
        let waits = |delays| {
            let text = network(rule, arguments, delays, "f64");
            bytes(&text, PostHooks::Late) != bytes(&text, PostHooks::AtOnce)
        };
        // Of these, one is stepped at every tick and two hear nothing of their targets.
        let may = !["VoltageStdp", "TsodyksMarkram", "DynamicSynapse"].contains(&rule);
        assert_eq!(waits(constant), may, "{rule} where delays are one number");
        assert!(!waits(heterogeneous), "{rule} where delays differ");
    }
}

fn on(text: &str, engine: EngineKind, threads: usize, post_hooks: PostHooks) -> Result<Results, String> {
    let program = sources::parse("library.circ", text.to_string(), &folder());
    let compiled = compile(program, &Options::default()).map_err(|rejection| show(&rejection))?;
    let options = RunOptions { engine, threads: Some(threads), post_hooks, ..RunOptions::default() };
    carry_out_as(compiled, &options)
}

/// The interpreter, machine code on 1, 2, 3 threads, and both ways to learn from events of targets.
#[test]
fn rules_of_the_library_agree_on_every_engine() {
    use EngineKind::{Interpreter, Jit};
    for (k, (rule, arguments)) in LIBRARY.iter().enumerate() {
        for (j, delays) in DELAYS.iter().enumerate() {
            let precision = if (k + j) % 3 == 0 { "f32" } else { "f64" };
            let text = network(rule, arguments, delays, precision);
            let must = |results: Result<Results, String>| match results {
                Ok(results) => results,
                Err(error) => panic!("{error}\n{text}"),
            };
            let meaning = must(on(&text, Interpreter, 1, PostHooks::AtOnce));
            assert_eq!(meaning.ended, Ended::Complete, "{text}");
            // Synapses that only fade and recover have no weight to give.
            let learned = meaning.reports[0].value != meaning.reports[1].value;
            assert_eq!(learned, !arguments.is_empty(), "whether weights change\n{text}");
            for post_hooks in [PostHooks::AtOnce, PostHooks::Late] {
                for threads in 1..=3 {
                    let found = must(on(&text, Jit, threads, post_hooks));
                    if let Err(error) = compare(&meaning, &found) {
                        panic!("{rule}, {delays}, {precision}, {post_hooks:?}: {error}\n{text}");
                    }
                }
            }
        }
    }
}

/// Two synapses of a group, each with a finite weight, whose sum is none.
#[test]
fn a_sum_of_shared_weights_that_is_not_finite_stops_the_run() {
    let text = "
        cell Told { port exc: excitatory voltage via exponential(1 ms)
          state v: voltage = 0 mV
          10 ms * v' = -v + exc }
        plasticity Grow { param most: weight; on pre { w = most } }
        circuit N {
          population S: excitatory SpikeTimes[40] { events = [(2 ms, 3), (2 ms, 33)] }
          population E: Told[40]
          projection P: S -> E.exc {
            connect one_to_one
            weight 1 mV
            share by mod(pre.i, 10)
            plasticity Grow(most = 1.5e308 mV)
          }
        }
        experiment Main of N { dt 1 ms; run 6 ms }";
    let results = agree("generated.circ", text, &folder(), &Options::default(), &ALL).expect("they agree");
    assert_eq!(results.ended, Ended::Failed);
    let said = &results.diagnostics.last().expect("it is said why").message;
    assert!(said.contains("the sum of all changes of a shared `w`"), "{said}");
}

/// Rows of which machine code takes long parts at a time, what is left over at their ends, empty ones, and multapses;
/// rows onto every cell, and onto every cell but one: sources and targets, how they are connected, delays.
const ROWS: [(u32, u32, &str, &str); 7] = [
    (9, 97, "connect probability 0.6", "delay 1 tick"),
    (4, 301, "connect all_to_all", "delay 0.2 ms; dendritic 0.3 ms"),
    (5, 64, "connect total 700; allow multiple", "delay 1 tick"),
    (70, 3, "connect total 40", "delay 1.5 ms"),
    (3, 530, "connect where post.i > 200 * pre.i", "delay 0 ms; dendritic 1 tick"),
    (6, 61, "connect where pre.i != post.i", "delay 1 tick"),
    (5, 33, "connect all_to_all", "delay uniform(0.1 ms, 1 ms)"),
];

/// Cells that spike much, for a short time.
fn busy(
    sources: u32,
    targets: u32,
    ms: f64,
    connect: &str,
    delays: &str,
    precision: &str,
    rule: &str,
) -> String {
    format!(
        "use std.plasticity.{{{}}}
        cell Noisy {{
          param rate = 150 Hz
          port syn: excitatory voltage via delta(v)
          state v: voltage = 0 mV
          20 ms * v' = -v
          spike when chance(rate * dt * (if mod(t, 20 ms) < 10 ms then 3 else 0.2)) or v > 30 mV {{ v = 0 mV }}
        }}
        circuit Learning {{
          population A: excitatory Noisy[{sources}]
          population B: excitatory Noisy[{targets}]
          projection P: A -> B.syn {{
            {connect}
            weight uniform(0.1 mV, 1.5 mV)
            {delays}
            plasticity {rule}
          }}
          projection all: B -> B.syn {{ connect one_to_one; allow self; weight 0.5 mV; delay 1 ms }}
        }}
        experiment Main of Learning {{
          precision {precision}
          record P.w every 11 ms
          run {ms} ms
          report sum(P.w)
          run 1 ms
          report sum(P.w)
        }}",
        rule.split('(').next().unwrap_or(rule)
    )
}

/// The interpreter, and machine code on these numbers of threads with both ways to learn from events of targets.
fn agrees(text: &str, threads: &[usize]) {
    let must = |results: Result<Results, String>| match results {
        Ok(results) => results,
        Err(error) => panic!("{error}\n{text}"),
    };
    let meaning = must(on(text, EngineKind::Interpreter, 1, PostHooks::AtOnce));
    assert_eq!(meaning.ended, Ended::Complete, "{text}");
    for post_hooks in [PostHooks::Late, PostHooks::AtOnce] {
        for &threads in threads {
            let found = must(on(text, EngineKind::Jit, threads, post_hooks));
            if let Err(error) = compare(&meaning, &found) {
                panic!("{threads} threads, {post_hooks:?}: {error}\n{text}");
            }
        }
    }
}

#[test]
fn rows_of_all_lengths_learn_the_same() {
    let rules = [
        "MultiplicativeStdp(w_max = 2 mV)",
        "NearestStdp(w_max = 2 mV)",
        "TripletStdp(w_max = 2 mV)",
        "HippocampalMinimalNearestTripletStdp(w_max = 2 mV)",
    ];
    for (k, (sources, targets, connect, delays)) in ROWS.into_iter().enumerate() {
        for (j, rule) in rules.into_iter().enumerate() {
            let precision = if (k + j) % 2 == 0 { "f64" } else { "f32" };
            agrees(&busy(sources, targets, 60.0, connect, delays, precision, rule), &[1, 2, 3]);
        }
    }
}

/// More targets than 16 bits tell apart.
#[test]
fn many_targets_learn_the_same() {
    let rule = "MultiplicativeStdp(w_max = 2 mV)";
    agrees(&busy(2, 66_000, 3.0, "connect probability 0.01", "delay 1 tick", "f64", rule), &[1, 3]);
}
