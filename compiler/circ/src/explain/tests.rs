//! Windows against closed forms, and what the page says of them.

use super::explain;
use super::window::{Window, window};
use crate::compile::{Compiled, Options, Rejection, compile};
use crate::sources;
use circ_numerics::math::exp;
use std::path::Path;

/// Two populations with a rule between them.
fn compiled(source: &str, rule: &str, arguments: &str, clauses: &str, experiment: &str) -> Compiled {
    let file = if ["TsodyksMarkram"].contains(&rule) { "short_term" } else { "plasticity" };
    let text = format!(
        "use std.{file}.{rule}
        use std.cells.LifDelta
        circuit N {{
          population A: {source}
          population B: LifDelta[3]
          projection P: A -> B.exc {{ connect all_to_all; {clauses}; plasticity {rule}({arguments}) }}
        }}
        experiment Main of N {{ {experiment} }}"
    );
    built(text)
}

fn built(text: String) -> Compiled {
    let program = sources::parse("window.circ", text, Path::new("."));
    compile(program, &Options::default()).unwrap_or_else(|why| match why {
        Rejection::Program { diagnostics, .. } => panic!("{}", diagnostics[0].message),
        Rejection::Request(why) => panic!("{why}"),
    })
}

fn of(source: &str, rule: &str, arguments: &str, clauses: &str, experiment: &str) -> Result<Window, String> {
    window(&compiled(source, rule, arguments, clauses, experiment).plan, 0)
}

/// Song, Miller & Abbott (2000), eq. 1: by the time between the spikes as both reach the synapse.
#[test]
fn additive_pairs_have_the_window_of_their_paper() {
    let way = "weight 1 mV; delay 1.3 ms; dendritic 0.4 ms; back 0.2 ms";
    for (source, precision, way, meet) in [
        ("LifDelta[4]", "f64", way, 1.1),
        ("LifDelta[4]", "f32", way, 1.1),
        ("SpikeTimes[2] { events = [(3 ms, 0), (4 ms, 1)] }", "f64", way, 1.1),
        ("LifDelta[4]", "f64", "weight 1 mV; delay 0 ms; dendritic 0.7 ms", -0.7),
    ] {
        let experiment = format!("precision {precision}; run 1 ms");
        let found = of(source, "AdditiveStdp", "w_max = 2 mV", way, &experiment).expect("a window");
        assert_eq!(found.points.len(), 12, "round times, and the one where both meet");
        for (ticks, change) in &found.points {
            let between: f64 = *ticks as f64 * 0.1 - meet;
            let expected = match between {
                _ if between.abs() < 1e-9 => 0.0,
                0.0.. => 0.005 * 2.0 * exp(-between / 20.0),
                _ => -0.00525 * 2.0 * exp(between / 20.0),
            };
            // Constants of `f32` populations are rounded, the decay in a step among them.
            let near = if precision == "f32" { 1e-7 } else { 1e-12 };
            assert!((change - expected).abs() < near, "{source} {precision} {ticks}: {change}, {expected}");
        }
        assert_eq!((found.alone, found.weight), ([0.0; 2], 1.0));
        assert!(!found.mean_weight && !found.mean_delay);
    }
}

/// Vogels et al. (2011), eq. 1 and 2 of the methods: every spike of the source takes `eta * alpha` by itself.
#[test]
fn what_a_spike_does_alone_is_told() {
    let arguments = "eta = 0.01 mV, w_max = 2 mV";
    let found = of("LifDelta[4]", "InhibitoryStdp", arguments, "weight 1 mV; delay 1 ms", "run 1 ms");
    let found = found.expect("a window");
    assert!(found.alone[0] < 0.0 && found.alone[1] == 0.0, "{found:?}");
}

#[test]
fn drawn_delays_and_weights_have_means() {
    let way = "weight uniform(0.5 mV, 1.5 mV); delay uniform(1 ms, 3 ms)";
    let found = of("LifDelta[40]", "AdditiveStdp", "w_max = 2 mV", way, "run 1 ms").expect("a window");
    assert!(found.mean_weight && found.mean_delay, "{found:?}");
    assert!((0.9..1.1).contains(&found.weight) && (17..=23).contains(&found.axonal), "{found:?}");
}

#[test]
fn where_there_is_no_window_it_is_said_why() {
    let way = "weight 1 mV; delay 1 ms";
    for (rule, arguments, why) in [
        ("VoltageStdp", "w_one = 0.01 mV, w_max = 2 mV", "its weights change between spikes, too"),
        ("TsodyksMarkram", "", "spikes change other things than its weights"),
        ("DelayShift", "tau = 10 ms, eta = 0.2 ms, d_max = 30 ms", "its delays are learned"),
    ] {
        let found = of("LifDelta[4]", rule, arguments, way, "run 1 ms");
        assert_eq!(found.err().as_deref(), Some(why), "{rule}");
    }
}

#[test]
fn pair_and_triplet_rules_of_the_library_have_windows() {
    for (rule, arguments) in [
        ("NearestStdp", "w_max = 2 mV"),
        ("MultiplicativeStdp", "w_max = 2 mV"),
        ("VanRossumStdp", "c_p = 0.01 mV"),
        ("PowerStdp", "w_max = 2 mV"),
        ("PowerLawStdp", "w_0 = 1 mV"),
        ("SymmetricStdp", "w_max = 2 mV"),
        ("TripletStdp", "w_max = 2 mV"),
        ("HippocampalMinimalNearestTripletStdp", "w_max = 2 mV"),
    ] {
        for precision in ["f32", "f64"] {
            let experiment = format!("precision {precision}; run 1 ms");
            let found = of("LifDelta[4]", rule, arguments, "weight 1 mV; delay 1 ms", &experiment);
            let found = found.unwrap_or_else(|why| panic!("{rule}: {why}"));
            let at = |ms: i64| found.points.iter().find(|it| it.0 == ms * 10).map_or(f64::NAN, |it| it.1);
            // One tick at which both meet counts for neither; nearer pairs count for more.
            assert_eq!(at(1), 0.0, "{rule}");
            assert!(at(40).abs() < at(5).abs() && at(-40).abs() < at(-5).abs(), "{rule}: {found:?}");
            assert!(0.0 < at(5) && (0.0 < at(-5)) == (rule == "SymmetricStdp"), "{rule}: {found:?}");
        }
    }
}

#[test]
fn steps_and_delays_may_be_extreme() {
    for (step, way) in [
        ("0.001 ms", "weight 1 mV; delay 1 ms"),
        ("1 ms", "weight 1 mV; delay 1 ms"),
        ("0.1 ms", "weight 1 mV; delay 900 ms"),
        ("0.1 ms", "weight 0 mV; delay 1 ms; dendritic 1 ms; back 100 ms"),
    ] {
        let experiment = format!("dt {step}; run 1 ms");
        let found = of("LifDelta[4]", "AdditiveStdp", "w_max = 2 mV", way, &experiment);
        match found {
            Ok(found) => assert!(found.points.iter().all(|(_, change)| change.is_finite()), "{found:?}"),
            Err(why) => assert_eq!(why, "its delays are long"),
        }
    }
}

#[test]
fn the_page_shows_the_curve_and_when_events_are_learned_from() {
    let page = |way: &str, experiment: &str| {
        explain(&compiled("LifDelta[4]", "AdditiveStdp", "w_max = 2 mV", way, experiment))
    };
    let plain = page("weight 1 mV; delay 1 ms", "run 1 ms");
    let curve = "-▂        -▃        -▅        -▇       -█        -█  ·       +▇       +▆       +▄       +▂";
    for text in [
        "    window: what one spike and one of the target do to a weight of 1 mV (delay 1 ms, back 0 ms)\n",
        "      post - pre, ms         -40       -20       -10        -5       -1         0  1        5       10",
        "      change, mV        -0.00135  -0.00367",
        curve,
        "    events of targets wait until the source spikes, because",
        ": 1 byte a synapse, 8 with `--post-hooks at-once`",
        "1 to count the events of its target that are in it",
    ] {
        assert!(plain.contains(text), "{text}\n{plain}");
    }
    let apart = page("weight 1 mV; delay uniform(1 ms, 2 ms)", "run 1 ms");
    assert!(apart.contains("at once, because delays differ from synapse to synapse: 8 bytes"), "{apart}");
    let resets = page("weight 1 mV; delay 1 ms", "run 1 ms; reset; run 1 ms");
    assert!(resets.contains("at once, because the experiment resets"), "{resets}");
    assert!(resets.contains("8 to find it by its target"), "{resets}");
    let rewired = explain(&built(
        "use std.plasticity.AdditiveStdp
        use std.cells.LifDelta
        plasticity Rewired: AdditiveStdp { rewire every 10 ms { prune lowest 10 % by w; grow pruned random } }
        circuit N {
          population A: LifDelta[4]
          projection P: A -> A.exc { connect probability 0.5; weight 1 mV; plasticity Rewired(w_max = 2 mV) }
        }
        experiment Main of N { run 1 ms }"
            .to_string(),
    ));
    assert!(rewired.contains("at once, because synapses come and go"), "{rewired}");
}

/// Projections between populations of so many cells.
fn delivered(cells: u32, projections: &str) -> String {
    let page = explain(&built(format!(
        "use std.cells.LifDelta
        circuit N {{
          population A: LifDelta[{cells}]
          population B: LifDelta[20]
          {projections}
        }}
        experiment Main of N {{ run 1 ms }}"
    )));
    let after = page.split("Delivery, one thread\n").nth(1).unwrap_or_default();
    after.split("\n\n").next().unwrap_or_default().to_string()
}

#[test]
fn the_page_says_how_spikes_are_delivered() {
    let drawn = |name: &str, to: &str, connect: &str| {
        format!(
            "projection {name}: A -> {to}.exc {{ connect {connect}; weight uniform(0 mV, 1 mV); delay uniform(0.1 ms, 6 ms) }}\n"
        )
    };
    let at_once = "  what a spike sends is added when it is sent";
    let two = drawn("p", "A", "probability 0.1") + &drawn("q", "B", "probability 0.1");
    assert_eq!(delivered(50, &two), format!("{at_once}\n  rows of the same sources lie together: p, q"));
    let one_delay = drawn("p", "A", "probability 0.1").replace("uniform(0.1 ms, 6 ms)", "2 ms");
    assert_eq!(delivered(50, &one_delay), at_once);
    let large = delivered(20_000, &drawn("p", "A", "out_degree 2"));
    let waits = "  what a spike sends waits for the block of 4 steps (0.4 ms) in which it arrives";
    assert!(large.starts_with(waits), "{large}");
    let huge = delivered(200_000, &drawn("p", "A", "probability 0.5"));
    assert!(huge.starts_with("  decided when the network is built, which takes "), "{huge}");
    assert_eq!(delivered(5, ""), "", "nothing is sent");
}
