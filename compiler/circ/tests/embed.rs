//! What a host program may do with a circuit, and what it is told where it may not.

use circ::embed::{Circuit, Live, Setup};
use circ::run::{EngineKind, RunOptions};

const TEXT: &str = "
cell Lif {
  param tau = 10 ms
  param drive in 0 mV .. 40 mV = 0 mV
  port exc: excitatory voltage via exponential(5 ms)
  state v = 0 mV
  tau * v' = drive - v + exc + 1 mV * sqrt(2 * tau) * xi
  let above = v - 5 mV
  spike when v >= 10 mV { v = 0 mV }
}
circuit Net(g = 3) {
  population E: excitatory Lif[20]
  population F: Lif[5]
  projection p: E -> F.exc { connect probability 0.5; weight g * 1 mV; delay 2 ms }
}
experiment Host of Net { dt 1 ms; seed 8 }
experiment Other of Net { dt 2 ms }
";

fn circuit() -> Circuit {
    let setup = Setup::text(TEXT).experiment("Host").sets("E.drive").fires("E");
    setup.compile().unwrap_or_else(|rejection| panic!("{rejection}"))
}

fn on(engine: EngineKind, threads: usize) -> RunOptions {
    RunOptions { engine, threads: Some(threads), ..RunOptions::default() }
}

fn start(engine: EngineKind, threads: usize) -> Live {
    circuit().start(&on(engine, threads)).unwrap_or_else(|rejection| panic!("{rejection}"))
}

const ALL: [(EngineKind, usize); 4] =
    [(EngineKind::Interpreter, 1), (EngineKind::Jit, 1), (EngineKind::Jit, 2), (EngineKind::Jit, 3)];

#[test]
fn a_closed_loop_is_the_same_on_every_engine_and_from_a_checkpoint() {
    let turn = |live: &mut Live, ticks: std::ops::Range<u32>| {
        let drive = live.input("E.drive", 0.0..=40.0).expect("an input");
        let (above, spikes) =
            (live.variable("F.above").expect("a let"), live.events("F.spike").expect("an event"));
        let (mut values, mut last) = (vec![], live.tick());
        for tick in ticks {
            // The more F fires, the less E is driven.
            let fired = live.events_after(&spikes, last).len() as f64;
            last = live.tick();
            let drives: Vec<f64> =
                (0..20).map(|cell| (12.0 + 0.5 * f64::from(cell) - 4.0 * fired).max(0.0)).collect();
            live.write(&drive, &drives).expect("within the interval");
            if tick % 10 == 3 {
                live.fire("E", &[tick % 20, 4]).expect("E is fired");
            }
            live.step(1).expect("a tick");
            values.push(live.get(&above).expect("values"));
        }
        values
    };
    let mut naive = start(EngineKind::Interpreter, 1);
    let first = turn(&mut naive, 0..60);
    let middle = naive.save();
    let second = turn(&mut naive, 60..120);
    assert!(second.iter().flatten().any(|value| *value > -5.0), "something arrives");
    for (engine, threads) in ALL {
        let mut live = start(engine, threads);
        assert_eq!(turn(&mut live, 0..60), first, "{engine:?} on {threads} threads");
        assert_eq!(live.save().description, middle.description);
        let mut other = start(engine, threads);
        other.load(&middle).expect("the same circuit");
        assert_eq!(turn(&mut other, 60..120), second, "{engine:?} on {threads} threads, loaded");
    }
}

#[test]
fn circuits_are_looked_at() {
    let circuit = circuit();
    let populations = circuit.populations();
    assert_eq!(populations.len(), 2);
    let e = &populations[0];
    assert_eq!((e.path.as_str(), e.cell.as_str(), e.cells), ("E", "Lif", 20));
    let units: Vec<(&str, &str)> =
        e.parameters.iter().map(|it| (it.name.as_str(), it.unit.as_str())).collect();
    assert_eq!(units, [("tau", "ms"), ("drive", "mV")]);
    assert_eq!((e.states[0].name.as_str(), e.ports[0].unit.as_str()), ("v", "mV"));
    assert_eq!(e.events, ["spike"]);
    assert_eq!((circuit.projections()[0].path.as_str(), circuit.projections()[0].sources), ("p", 20));
    let live = start(EngineKind::Jit, 1);
    assert!(0 < live.memory().total() && 0 < live.synapses("p").expect("a projection"));
    assert_eq!(live.variable("E.v").expect("a state").unit(), "mV");
}

/// A `let` of a circuit is what an experiment sees under its name.
#[test]
fn lets_of_the_circuit_are_read_by_name() {
    let text = "
      cell Unit {
        param gain = 50 Hz
        state v = 0 mV
        v' = gain * 20 mV
        let near = v > 5 mV
        spike when v >= 10 mV { v = 0 mV }
      }
      circuit Column(n: int = 2) {
        population E: Unit[n]
        pub let double = 2 * sum(E.v)
      }
      circuit Net {
        let weight = 3 mV
        population E: Unit[3]
        part col: Column(n = 4)
        let total = sum(E.v) + col.double
        let all = E.v
        let some = any(E.near)
        let half = E[1].v / 2
      }
      experiment Host of Net { dt 1 ms }
    ";
    let circuit = Setup::text(text).sets("E.gain").compile().unwrap_or_else(|it| panic!("{it}"));
    let named: Vec<(String, String)> = circuit.outputs().into_iter().map(|it| (it.name, it.unit)).collect();
    let named: Vec<(&str, &str)> = named.iter().map(|(name, unit)| (name.as_str(), unit.as_str())).collect();
    let of_net = [("total", "mV"), ("all", "mV"), ("some", ""), ("half", "mV")];
    assert_eq!(named.len(), 5, "{named:?}");
    assert!(of_net.iter().all(|it| named.contains(it)) && named.contains(&("col.double", "mV")), "{named:?}");
    for (engine, threads) in ALL {
        let mut live = circuit.start(&on(engine, threads)).unwrap_or_else(|it| panic!("{it}"));
        let output = |live: &Live, path: &str| live.output(path).unwrap_or_else(|it| panic!("{it}"));
        let [total, all, some, half] = of_net.map(|(path, _)| output(&live, path));
        let double = output(&live, "col.double");
        let read = |live: &mut Live, output| live.read(output).unwrap_or_else(|it| panic!("{it}"));
        assert_eq!(read(&mut live, &all), [0.0; 3], "the state before tick 0");
        let gain = live.variable("E.gain").expect("a parameter");
        assert_eq!(gain.unit(), "1/ms");
        live.set(&gain, &[0.05, 0.1, 0.2]).expect("set");
        live.step(3).expect("ticks");
        // The third cell reaches 12 mV and begins anew.
        assert_eq!(read(&mut live, &all), [3.0, 6.0, 0.0]);
        assert_eq!((read(&mut live, &double), read(&mut live, &total)), (vec![24.0], vec![33.0]));
        assert_eq!((read(&mut live, &some), read(&mut live, &half)), (vec![1.0], vec![3.0]));
        let v = live.variable("E.v").expect("a state");
        live.set(&v, &[7.0]).expect("set");
        assert_eq!(read(&mut live, &total), [45.0], "what was set is seen at once");
        let said = live.output("totl").expect_err("no such output").to_string();
        assert_eq!(said, "the circuit has no output `totl`; did you mean `total`?");
        assert!(live.output("weight").is_err(), "it is a constant");
    }
}

#[test]
fn states_are_read_where_they_lie() {
    let mut live = start(EngineKind::Jit, 2);
    let v = live.variable("E.v").expect("a state");
    live.run_ms(30.0).expect("a run");
    let copied = live.get(&v).expect("values");
    let found: Vec<f64> = live
        .slices(&v)
        .into_iter()
        .flat_map(|slice| match slice {
            circ::embed::Slice::Double(values) => values.to_vec(),
            circ::embed::Slice::Single(values) => values.iter().map(|x| f64::from(*x)).collect(),
        })
        .collect();
    assert_eq!(found, copied);
}

#[test]
fn what_is_not_allowed_is_told() {
    let mut live = start(EngineKind::Jit, 1);
    let drive = live.variable("E.drive").expect("a parameter");
    let tau = live.variable("E.tau").expect("a parameter");
    let cases: Vec<(String, &str)> = vec![
        (live.variable("E.w").expect_err("no such name").to_string(), "population `E` has no `w`"),
        (live.variable("G.v").expect_err("no such population").to_string(), "there is no population `G`"),
        (live.variable("v").expect_err("no member").to_string(), "names no member"),
        (live.events("E.burst").expect_err("no such event").to_string(), "has no event `burst`"),
        (live.fire("F", &[0]).expect_err("not compiled for").to_string(), "`.fires(\"F\")`"),
        (live.fire("E", &[20]).expect_err("no such cell").to_string(), "there is no cell 20"),
        (live.set(&drive, &[1.0, 2.0]).expect_err("too few").to_string(), "has 20 values, not 2"),
        (live.set(&drive, &[41.0]).expect_err("out of range").to_string(), "out-of-range"),
        (live.set(&drive, &[f64::NAN]).expect_err("not a number").to_string(), "not-a-number"),
        (live.set(&tau, &[0.0]).expect_err("a factor of 0").to_string(), "factor-zero"),
        (live.input("F.drive", 0.0..=1.0).expect_err("one for all").to_string(), "`.sets(\"F.drive\")`"),
        (live.input("E.drive", 0.0..=50.0).expect_err("too wide").to_string(), "out-of-range"),
        (live.run_ms(0.5).expect_err("half a step").to_string(), "no whole number of steps"),
    ];
    for (said, due) in cases {
        assert!(said.contains(due), "{said}\n{due}");
    }
    let input = live.input("E.drive", 0.0..=5.0).expect("an input");
    assert!(live.write(&input, &[6.0; 20]).expect_err("out of the interval").to_string().contains("0 .. 5"));
    assert!(live.write(&input, &[1.0]).expect_err("too few").to_string().contains("not 1"));
    let other = Setup::text(TEXT).experiment("Other").compile().expect("a circuit");
    let mut other = other.start(&on(EngineKind::Jit, 1)).expect("memory");
    let said = other.load(&live.save()).expect_err("another step").to_string();
    assert!(said.contains("`dt` was 1 ms and is 2 ms"), "{said}");
    let rejection = Setup::text("cell A { state v = 1 mV; v' = v / 1 mV }").compile().expect_err("a mistake");
    assert!(rejection.to_string().contains("unit-mismatch"), "{rejection}");
    let rejection = Setup::text(TEXT).experiment("Host").sets("E.v").compile().expect_err("a state");
    assert_eq!(rejection.to_string(), "`E` has no parameter `v`");
}

#[test]
fn a_state_that_leaves_the_numbers_is_an_error_with_its_place() {
    let text = "
      cell Bad { param a = 0 /ms; state x = 1; x' = a * x ^ 2 }
      circuit One { population P: Bad[2] }
      experiment Host of One { dt 1 ms }
    ";
    let circuit = Setup::text(&text.replace("0 /ms", "0 ms^-1")).sets("P.a").compile();
    let mut live =
        circuit.unwrap_or_else(|it| panic!("{it}")).start(&on(EngineKind::Jit, 1)).expect("memory");
    let a = live.variable("P.a").expect("a parameter");
    live.set(&a, &[0.0, 1e200]).expect("a finite number");
    let said = live.step(50).expect_err("it grows without bounds").to_string();
    assert!(said.contains("`P[1]`"), "{said}");
}

#[test]
fn networks_go_to_other_threads() {
    fn sends<T: Send>() {}
    sends::<Live>();
    sends::<Circuit>();
}
