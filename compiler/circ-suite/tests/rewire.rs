//! Synapses come and go the same, bit for bit, on both engines and on 1, 2 and 3 threads, and their number stays where a
//! rule says so.

use circ::compile::{Options, compile};
use circ::results::Ended;
use circ::run::{Digest, RunOptions, Silent, Simulation};
use circ::sources;
use circ_suite::generate::folder;
use circ_suite::generate_rules::generate_rewiring;
use circ_suite::oracle::{ALL, Configuration, agree, show};
use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;

/// How many programs each run of the tests makes.
const PROGRAMS: u64 = 120;

#[test]
fn generated_rewiring_agrees_on_every_engine() {
    let mut whole = 0;
    for seed in 0..PROGRAMS {
        let text = generate_rewiring(seed);
        match agree("generated.circ", &text, &folder(), &Options::default(), &ALL) {
            Ok(results) => whole += u64::from(results.ended != Ended::Failed),
            Err(error) => panic!("seed {seed}: {error}\n{text}"),
        }
    }
    assert!(PROGRAMS / 2 < whole, "{whole} of {PROGRAMS} programs run to their end");
}

const NOISY: &str = "cell Noisy {
  port syn: voltage via delta(v)
  state v: voltage = uniform(0 mV, 8 mV)
  20 ms * v' = -v
  spike when chance(60 Hz * dt) or v > 10 mV { v = 0 mV }
}";

/// Two populations that spike at random, and synapses between them that are rewired every millisecond.
fn network(allow: &str, connect: &str, rewire: &str) -> String {
    format!(
        "{NOISY}
        plasticity Rewired {{
          param w_max: weight
          pre x = trace(20 ms)
          post y = trace(20 ms)
          on pre {{ w -= 0.01 * w_max * y }}
          on post {{ w += 0.01 * w_max * x }}
          bounds w in 0 .. w_max
          rewire every 1 ms {{ {rewire} }}
        }}
        circuit Net {{
          population A: Noisy[31]
          population B: Noisy[12]
          projection P: (A, B) -> A.syn {{
            {connect}
            {allow}
            weight uniform(0.5 mV, 1.5 mV)
            delay 1.5 ms
            plasticity Rewired(w_max = 2 mV)
          }}
        }}
        experiment Main of Net {{ run 60 ms }}"
    )
}

/// Source and target of a synapse, each as population and cell.
type Ends = ((u32, u32), (u32, u32));

/// The ends of all synapses before the run, and after it.
fn ends(text: &str, on: Configuration) -> [Vec<Ends>; 2] {
    let program = sources::parse("example.circ", text.to_string(), &folder());
    let compiled = compile(program, &Options::default()).unwrap_or_else(|it| panic!("{}", show(&it)));
    let options =
        RunOptions { engine: on.0, threads: Some(on.1), digest: Digest::Leave, ..RunOptions::default() };
    let mut simulation = Simulation::build(compiled, &options).unwrap_or_else(|it| panic!("{}", show(&it)));
    let ends = |simulation: &Simulation| {
        let synapses = simulation.synapses("P").expect("a list of synapses");
        synapses.iter().map(|synapse| (synapse.source, synapse.target)).collect::<Vec<_>>()
    };
    let before = ends(&simulation);
    let finished = simulation.run(&AtomicBool::new(false), &mut Silent);
    assert_eq!(finished.results.ended, Ended::Complete, "{text}");
    [before, ends(&simulation)]
}

#[test]
fn the_number_of_synapses_stays_through_sixty_rewirings() {
    let grow = ["random", "highest by x * y", "lowest by pre.i + post.i", "where x + y >= 0"];
    let prune = ["prune lowest 10 % by w", "prune where w < 0.3 * w_max; prune highest 7 by x"];
    for (k, grow) in grow.into_iter().enumerate() {
        for allow in ["", "allow self", "allow self, multiple"] {
            let rewire = format!("{}; grow pruned {grow}", prune[k % 2]);
            let text = network(allow, "connect probability 0.25", &rewire);
            for on in [ALL[0], ALL[1], ALL[3]] {
                let [before, after] = ends(&text, on);
                assert_eq!(before.len(), after.len(), "{on:?}\n{text}");
                let [old, new] = [&before, &after].map(|all| all.iter().collect::<BTreeSet<_>>());
                assert!(new.iter().filter(|pair| !old.contains(*pair)).count() > 20, "{on:?}\n{text}");
                assert!(allow.contains("multiple") || new.len() == after.len(), "{on:?}\n{text}");
                assert!(allow.contains("self") || new.iter().all(|pair| pair.0 != pair.1), "{on:?}\n{text}");
            }
        }
    }
}

/// A projection may begin without synapses; then there is nothing to prune, and its delays are known all the same.
#[test]
fn synapses_grow_where_there_were_none() {
    let text =
        network("", "connect where pre.i < 0", "prune lowest 0 by w; grow 3 highest by x * y; grow 2 random");
    for on in ALL {
        let [before, after] = ends(&text, on);
        assert_eq!((before.len(), after.len()), (0, 60 * 5), "{on:?}");
    }
    let results = agree("example.circ", &text, &folder(), &Options::default(), &ALL);
    assert_eq!(results.map(|it| it.ended), Ok(Ended::Complete));
}

/// Synapses on segments, of which some come at every millisecond and some go.
fn network_of_trees(allow: &str, onto: &str, rewire: &str) -> String {
    format!(
        "{NOISY}
        cell Tree {{
          state v: voltage = 0 mV
          5 ms * v' = sum(branch.u) - v
          spike when chance(60 Hz * dt) {{ v = 0 mV }}
          segment branch[4] {{
            port syn: voltage via delta(u)
            state u: voltage = uniform(0 mV, 1 mV)
            15 ms * u' = -u
          }}
        }}
        plasticity Rewired {{
          param w_max: weight
          pre x = trace(20 ms)
          synapse e = uniform(0, 1)
          on pre {{ w -= 0.02 * w_max * e }}
          bounds w in 0 .. w_max
          rewire every 1 ms {{ {rewire} }}
        }}
        circuit Net {{
          population A: Noisy[23]
          population T: Tree[9]
          projection P: A -> T.branch.syn {{
            connect probability 0.3
            onto {onto}
            {allow}
            weight uniform(0.5 mV, 1.5 mV)
            delay uniform(0.5 ms, 2 ms)
            plasticity Rewired(w_max = 2 mV)
          }}
        }}
        experiment Main of Net {{
          dt 0.5 ms
          record P.w every 1 ms
          run 40 ms
          report sum(at(P.w, 7 ms)), sum(P.e), sum(T.branch.u), in_degree(each A -> T)
        }}"
    )
}

#[test]
fn synapses_on_segments_agree_on_every_engine() {
    let grow = ["random", "highest by x * post.u", "lowest by pre.i + post.k", "where post.u > 0.2 mV"];
    let onto = ["random", "mod(pre.i, 4)", "floor(uniform(0, 4))"];
    for (k, grow) in grow.into_iter().enumerate() {
        for (l, allow) in ["", "allow multiple"].into_iter().enumerate() {
            let rewire = format!("prune lowest 20 % by w; grow 4 {grow}; grow 3 {}", ["random", grow][l]);
            let text = network_of_trees(allow, onto[(k + l) % 3], &rewire);
            let results = agree("example.circ", &text, &folder(), &Options::default(), &ALL);
            assert_eq!(results.map(|it| it.ended), Ok(Ended::Complete), "{text}");
        }
    }
}
