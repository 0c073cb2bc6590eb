//! Synapses that no rule changes, but the experiment: they hold a weight each, and nothing happens to them.
//!
//! In: a projection whose weights are set. Out: a [`Learning`] without programs at ticks, which has the doors of those
//! that learn. Where one number is written as the weight it is held in the precision of the states.

use circ_plan::ir::*;
use circ_plan::learning::{Learning, SynapseArray};
use circ_plan::plan::Observable;

use super::super::flows::precision;
use super::super::layout::Layout;
use super::Ways;
use crate::net::{Projection, Setting};

/// What is attached to such a projection.
pub fn fixed(net: &Projection, ways: Ways, layouts: &[Layout]) -> Learning {
    let precision = precision(net, layouts);
    let store = net.store.unwrap_or(match net.weight {
        Setting::Value(_) => precision,
        Setting::Each(_) => Precision::F32,
    });
    let program = |what: &str| Program::new(format!("{}.{what}", net.path), precision);
    let mut weight = program("observe.w");
    let value = weight.push(Op::Load(Side::Own, ArrayId(0)), Ty::Float);
    weight.outputs = vec![Output::Result(value)];
    // Nothing changes the weights of a group but who sets all of them.
    let shared = net.shares().then(|| {
        let mut shared = program("shared");
        let value = shared.push(Op::Load(Side::Own, ArrayId(0)), Ty::Float);
        shared.outputs = vec![Output::Array(ArrayId(0), value)];
        shared
    });
    Learning {
        rule: String::new(),
        precision,
        arrays: vec![SynapseArray { name: "w".to_owned(), ty: Ty::Float, store, parameter: false }],
        delay: None,
        longest: None,
        dendritic: ways.dendritic,
        back: ways.back,
        uniforms: vec![],
        keys: vec![],
        pre: vec![],
        post: vec![],
        init: program("init"),
        transmit: None,
        hooks: vec![],
        both: None,
        rewire: None,
        settle: program("settle"),
        shared,
        observables: vec![Observable { name: "w".to_owned(), program: weight }],
    }
}
