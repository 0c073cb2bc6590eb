//! A closed loop: a circuit in Circ moves a body in Rust, which tells it how far its joints are bent.
//!
//! In: `swimmer.circ` and the signs and sizes of its four weights. Out: how fast the body swims, and how its joints follow each
//! other. At every step of 30 ms the host writes how far the joints are bent, lets the circuit make one tick, reads its muscles, and
//! lets them act on the body.

#![allow(
    clippy::disallowed_methods,
    reason = "a body is a host's own: its numbers need not be the same everywhere"
)]

mod body;

use body::{Body, JOINTS, LIMIT};
use circ::embed::{Circuit, Live, Setup};
use std::error::Error;
use std::f64::consts::{PI, TAU};

/// Steps of control, and how many of them are not counted.
const STEPS: usize = 600;
const SETTLING: usize = 240;
const STEP_S: f64 = 0.03;
/// Of the pacemaker.
const PERIOD: usize = 60;

/// How a body swam.
#[derive(Clone, Debug)]
pub struct Swim {
    /// In body lengths per second.
    pub speed: f64,
    /// By how much each joint follows the one before it, in degrees; at the period of the pacemaker.
    pub lags: [f64; JOINTS - 1],
    /// How far each joint bends, of what it can.
    pub amplitudes: [f64; JOINTS],
}

/// The circuit: `Lawful` keeps Dale's law, `Free` does not. Weights are given by name.
///
/// # Errors
/// When the circuit is refused: with a weight of the wrong sign under the law.
pub fn circuit(experiment: &str, weights: &[(&str, f64)]) -> Result<Circuit, circ::compile::Rejection> {
    let mut setup = Setup::text(include_str!("../swimmer.circ")).experiment(experiment).sets("Q.q");
    for (name, weight) in weights {
        setup = setup.with(name, &weight.to_string());
    }
    setup.compile()
}

/// Lets a body swim.
///
/// # Errors
/// When the circuit can not be started or run.
pub fn swim(circuit: &Circuit) -> Result<Swim, Box<dyn Error>> {
    let mut live = circuit.start(&Default::default())?;
    let joints = live.input("Q.q", -1.0..=1.0)?;
    let (dorsal, ventral) = (live.variable("MD.r")?, live.variable("MV.r")?);
    let mut body = Body::default();
    let mut bent = Vec::with_capacity(STEPS);
    let mut start = body.middle();
    for step in 0..STEPS {
        if step == SETTLING {
            start = body.middle();
        }
        live.write(&joints, &body.bent.map(|angle| (angle / LIMIT).clamp(-1.0, 1.0)))?;
        live.step(1)?;
        body.act(torques(&mut live, [&dorsal, &ventral])?, STEP_S);
        bent.push(body.bent);
    }
    let end = body.middle();
    let way = (end[0] - start[0]).hypot(end[1] - start[1]);
    let phases: Vec<(f64, f64)> = (0..JOINTS).map(|joint| wave(&bent[SETTLING..], joint)).collect();
    let mut lags = [0.0; JOINTS - 1];
    for (joint, lag) in lags.iter_mut().enumerate() {
        let turned = phases[joint + 1].1 - phases[joint].1;
        *lag = (turned - TAU * (turned / TAU).round()) * 180.0 / PI;
    }
    let mut amplitudes = [0.0; JOINTS];
    amplitudes.iter_mut().zip(&phases).for_each(|(amplitude, wave)| *amplitude = wave.0 / LIMIT);
    Ok(Swim { speed: way / ((STEPS - SETTLING) as f64 * STEP_S), lags, amplitudes })
}

/// What the muscles do to each joint.
fn torques(live: &mut Live, sides: [&circ::embed::Variable; 2]) -> Result<[f64; JOINTS], circ::embed::Error> {
    let (dorsal, ventral) = (live.get(sides[0])?, live.get(sides[1])?);
    let mut torques = [0.0; JOINTS];
    for (joint, torque) in torques.iter_mut().enumerate() {
        *torque = dorsal[joint] - ventral[joint];
    }
    Ok(torques)
}

/// Amplitude and phase of a joint's angle at the period of the pacemaker, over whole periods.
fn wave(bent: &[[f64; JOINTS]], joint: usize) -> (f64, f64) {
    let (mut along, mut across) = (0.0, 0.0);
    for (step, angles) in bent.iter().enumerate() {
        let phase = TAU * step as f64 / PERIOD as f64;
        along += angles[joint] * phase.cos();
        across -= angles[joint] * phase.sin();
    }
    let half = bent.len() as f64 / 2.0;
    ((along / half).hypot(across / half), across.atan2(along))
}
