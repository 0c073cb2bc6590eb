//! Explain: when synapses learn from the events of their targets.
//!
//! In: a compiled experiment and a projection with a rule. Out: whether events wait until a source spikes, why, and what
//! either way costs of each synapse.

use crate::compile::Compiled;
use crate::instance::resets;
use circ_plan::learning::{Hook, Learning, When};
use circ_runtime::{AtOnce, why_at_once};

/// Bytes of a synapse whose targets' events wait: how many of them are in it.
pub const WAITING: usize = 1;
/// Bytes of one that is found by its target.
pub const FOUND: usize = 8;

/// Whether events of targets wait, unless the run says otherwise.
pub fn wait(compiled: &Compiled, projection: u32) -> bool {
    why_at_once(&compiled.plan, projection).is_none() && !resets(compiled)
}

/// Whether synapses have to be found by their targets.
pub fn are_heard(learning: &Learning) -> bool {
    let by_target = |hook: &Hook| matches!(hook.when, When::Post(_) | When::Modulator(..) | When::Jump(_));
    learning.both.is_some() || learning.hooks.iter().any(by_target)
}

/// The line, nothing where the rule has no hook of events of targets.
pub fn line(compiled: &Compiled, learning: &Learning, projection: u32) -> Option<String> {
    let hears = learning.both.is_some() || learning.hooks.iter().any(|it| matches!(it.when, When::Post(_)));
    if !hears {
        return None;
    }
    let why = match why_at_once(&compiled.plan, projection) {
        None if !resets(compiled) => {
            return Some(format!(
                "events of targets wait until the source spikes, because delays are one number each and hooks of the \
                 target read what is known then: {WAITING} byte a synapse, {FOUND} with `--post-hooks at-once`, and the same bits"
            ));
        }
        None => "the experiment resets, and events that wait would see traces as they were before",
        Some(AtOnce::NoEvents) => "there is only a hook where a spike and an event meet",
        Some(AtOnce::Delays) => "delays differ from synapse to synapse",
        Some(AtOnce::LearnedDelays) => "the rule changes delays",
        Some(AtOnce::Both) => "there is an `on pre and post`",
        Some(AtOnce::Shared) => "synapses share a weight",
        Some(AtOnce::Flows) => "what flows reads the weight at every step",
        Some(AtOnce::Rewired) => "synapses come and go",
        Some(AtOnce::OtherHooks) => {
            "the rule has hooks of modulators or of the clock, or equations that are stepped"
        }
        Some(AtOnce::Kinds) => "there are hooks of several kinds of events",
        Some(AtOnce::Moment) => "a hook of the target depends on the time of the event, or draws",
        Some(AtOnce::Source) => {
            "a hook of the target reads more of the source than traces that decay from spike to spike"
        }
        Some(AtOnce::Target) => {
            "a hook of the target reads a modulator, or a state of the target that is no number"
        }
    };
    Some(format!(
        "learns from events of targets at once, because {why}: {FOUND} bytes a synapse, {WAITING} if they could wait"
    ))
}
