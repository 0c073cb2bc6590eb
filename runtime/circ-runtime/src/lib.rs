//! Runs a plan: state, network construction, delivery, threads, recording.
