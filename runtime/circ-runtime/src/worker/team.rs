//! The workers that one thread of the system moves, window by window.
//!
//! In: some of the workers, or all, and the shared scene of a run. Out: ticks made, for all of them. How many threads there are, and
//! who moves whom, changes no bit: what a worker does between two meetings depends only on what all did before.

use std::sync::atomic::Ordering;
use std::sync::{PoisonError, RwLockReadGuard};
use std::time::Instant;

use super::{Shared, Worker};
use crate::flow::{Published, World};

/// Runs to the end, or to the end of the window in which something stopped; returns the last tick
/// whose window was completed.
pub fn run(team: &mut [Worker], shared: &Shared) -> i64 {
    let _attendance = shared.meeting.attend();
    let (mut first, mut phase) = (shared.first, 0);
    team.iter_mut().for_each(|worker| worker.learning.begin());
    if shared.again {
        flow_again(team, shared, first - 1);
        if shared.unsampled == Some(first - 1) {
            team.iter_mut().for_each(|worker| worker.sample(shared, first - 1));
        }
    }
    let nothing_learns = team.iter().all(|worker| worker.learning.is_empty());
    let flows = team.iter().any(|worker| 0 < worker.flows.stages());
    while first <= shared.until {
        // What synapses see of ticks before the first is the first: all threads know it from the beginning.
        let window = if first == 0 && !nothing_learns { 1 } else { shared.network.window };
        let last = (first + window - 1).min(shared.until);
        team.iter_mut().for_each(|worker| worker.make(shared, first, last, phase));
        if team.iter().any(|worker| worker.id == 0) && shared.interrupt.load(Ordering::Relaxed) {
            shared.stop[phase].store(true, Ordering::Relaxed);
        }
        shared.meeting.wait();
        shared.underway.get_or_init(|| (last, Instant::now()));
        if shared.failed[phase].load(Ordering::Relaxed) {
            look_for_earlier_faults(team, shared, first, last, phase);
            return first - 1;
        }
        // Only after the next meeting may this flag be written again, and that waits for us.
        let stop = shared.stop[phase].load(Ordering::Relaxed);
        team.iter_mut().for_each(|worker| worker.deliver(shared, first, last, phase));
        if !learn_together(team, shared, last, phase) {
            return first - 1;
        }
        let ends = stop || last == shared.until;
        for worker in team.iter_mut().filter(|_| ends) {
            if let Some(fault) = worker.learning.flush(shared.surroundings(), last) {
                // Others may be on their way to the next meeting: this thread has to come too.
                worker.report_synapse(shared, fault);
            }
        }
        if flows {
            // Only before the last tick of a run can anything be changed after it.
            team.iter_mut().filter(|_| ends).for_each(|worker| worker.flows.keep());
            flow(team, shared, last, phase);
            if shared.unsampled != Some(last) {
                team.iter_mut().for_each(|worker| worker.sample(shared, last));
            }
        }
        first = last + 1;
        if stop {
            break;
        }
        phase ^= 1;
    }
    first - 1
}

/// A cell or synapse failed in a window: whether a synapse failed before it is known only when synapses have come as
/// far.
fn look_for_earlier_faults(team: &mut [Worker], shared: &Shared, first: i64, last: i64, phase: usize) {
    // All have to know how far that is before any of them reports more.
    let whole = shared.last_whole(last);
    shared.meeting.wait();
    for worker in team {
        let mail = shared.mail(phase);
        for tick in first..=whole {
            worker.hear_all(shared, &mail, first, tick);
        }
        drop(mail);
        worker.learning.flush(shared.surroundings(), whole);
        if let Some(fault) = worker.learning.catch_up(shared.surroundings()) {
            worker.report_synapse(shared, fault);
        }
    }
}

/// The flow phase of a tick in place of the one that was made.
fn flow_again(team: &mut [Worker], shared: &Shared, tick: i64) {
    // The first tick that is made publishes in phase 0, perhaps while others still read here.
    let phase = 1;
    for worker in team.iter_mut() {
        worker.flows.take_back();
        worker.flows.store(shared.plan, tick, &mut worker.shards);
        worker.publish(shared, 0, tick, phase);
    }
    shared.meeting.wait();
    flow(team, shared, tick, phase);
}

/// The flow phase of a tick, whose first stage all threads have published.
fn flow(team: &mut [Worker], shared: &Shared, tick: i64, phase: usize) {
    let stages = shared.network.stages.len();
    for stage in 0..stages {
        if 0 < stage {
            team.iter_mut().for_each(|worker| worker.publish(shared, stage, tick, phase));
            shared.meeting.wait();
        }
        let guards: Vec<RwLockReadGuard<Published>> = shared
            .published
            .iter()
            .map(|p| p[phase][stage].read().unwrap_or_else(PoisonError::into_inner))
            .collect();
        let published: Vec<&Published> = guards.iter().map(|guard| &**guard).collect();
        for Worker { shards, flows, learning, .. } in team.iter_mut() {
            let world = World {
                plan: shared.plan,
                shards: &shards[..],
                slots: shared.slots,
                keys: shared.keys,
                tick,
            };
            flows.receive(stage, world, shared.network, &published, learning);
            flows.store(shared.plan, tick, shards);
        }
    }
    team.iter_mut().for_each(|worker| worker.flows.finish(tick));
}

/// Brings synapses to the end of a tick whose weights are needed there, and makes shared weights one again. Returns whether
/// the run may go on.
fn learn_together(team: &mut [Worker], shared: &Shared, tick: i64, phase: usize) -> bool {
    if !shared.shares && shared.network.stages.is_empty() {
        return true;
    }
    team.iter_mut().for_each(|worker| worker.keep_up(shared, tick, phase));
    if !shared.shares {
        // A failure is found again before the next tick, or at the end.
        return true;
    }
    shared.meeting.wait();
    team.iter_mut().for_each(|worker| worker.share(shared, tick, phase));
    !shared.failed[phase].load(Ordering::Relaxed)
}
