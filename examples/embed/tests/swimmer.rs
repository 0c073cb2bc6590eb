//! The swimmer against its reference: amplitudes .97 .73 .56 .42 .32 of the limit, 43.7 degrees from joint to joint, .2548 body
//! lengths per second; nearly nothing without one of its parts. In theory a joint follows by `atan(w tau) + w step / 2` (`w` of the
//! pacemaker, `tau` of the joint): 44.1 degrees.

use circ_swimmer::{circuit, swim};

#[test]
fn it_swims_as_the_reference_does() {
    let swim = swim(&circuit("Lawful", &[]).expect("a lawful circuit")).expect("it swims");
    for lag in swim.lags {
        assert!((lag + 43.7).abs() < 2.0, "{swim:?}");
    }
    for (amplitude, due) in swim.amplitudes.into_iter().zip([0.97, 0.73, 0.56, 0.42, 0.32]) {
        assert!((amplitude - due).abs() < 0.03, "{swim:?}");
    }
    assert!((swim.speed / 0.2548 - 1.0).abs() < 0.1, "{swim:?}");
}

#[test]
fn the_law_makes_no_difference_where_all_keep_it() {
    let speed = |experiment| swim(&circuit(experiment, &[]).expect("a circuit")).expect("it swims").speed;
    assert_eq!(speed("Lawful"), speed("Free"));
}

#[test]
fn it_does_not_swim_without_a_part_or_with_a_sign_flipped() {
    for (name, weight) in [("prop", 0.0), ("beat", 0.0), ("contra", -1.0), ("ipsi", -1.0), ("prop", -1.0)] {
        let swim = swim(&circuit("Free", &[(name, weight)]).expect("a circuit")).expect("it moves");
        assert!(swim.speed < 0.002, "{name} = {weight}: {swim:?}");
    }
}

#[test]
fn a_flipped_sign_is_refused_under_the_law() {
    for name in ["prop", "beat", "ipsi", "contra"] {
        let refusal = circuit("Lawful", &[(name, -1.0)]).expect_err("a weight of the wrong sign").to_string();
        assert!(refusal.contains("weight-sign"), "{refusal}");
    }
}
