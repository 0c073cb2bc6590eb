//! Outputs: the `let`s of a circuit, read by name from outside.
//!
//! In: a path, `torque` or `col[2].torque`. Out: [`Output`], whose value is computed from the present state whenever it is read.

use super::Error;
use super::look::Quantity;
use crate::compile::Compiled;
use crate::quantity;
use circ_compiler::hir::SlotKind;
use circ_compiler::net::{EnvironmentId, Owner};
use circ_compiler::types::{Type, Value};

/// A `let` of a circuit or of one of its parts.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    pub(super) path: String,
    pub(super) environment: EnvironmentId,
    pub(super) slot: circ_compiler::hir::SlotId,
    unit: String,
}

impl Output {
    /// The unit of its numbers: `mV`; empty of pure numbers.
    pub fn unit(&self) -> &str {
        &self.unit
    }
}

/// All `let`s of the circuit and its parts that depend on how the network is; those in loops have no names of their own.
fn all(compiled: &Compiled) -> impl Iterator<Item = Output> {
    let Compiled { hir, net, types, .. } = compiled;
    let instances = net.environments.iter().enumerate().filter(|(_, it)| it.instance.is_none());
    instances.flat_map(move |(at, environment)| {
        let circuit = match environment.owner {
            Owner::Circuit(circuit) => Some(circuit),
            Owner::Experiment(_) | Owner::Nobody => None,
        };
        let slots = circuit.into_iter().flat_map(move |id| {
            let types = types.circuit_slots.get(id.index()).map_or(&[][..], Vec::as_slice);
            hir.circuit(id).slots.iter().zip(types).zip(0..)
        });
        slots.filter_map(move |((slot, ty), number)| {
            let number = circ_compiler::hir::SlotId(number);
            let is_output = matches!(slot.kind, SlotKind::Let { .. })
                && slot.loops.is_empty()
                && environment.values.get(&number).is_none()
                && is_numeric(ty);
            is_output.then(|| Output {
                path: format!("{}{}", environment.prefix, slot.name),
                environment: EnvironmentId(at as u32),
                slot: number,
                unit: quantity::coherent(ty.dimension()),
            })
        })
    })
}

/// A name for a population is no value.
fn is_numeric(ty: &Type) -> bool {
    match ty {
        Type::Real(_) | Type::AnyReal | Type::Int | Type::Bool => true,
        Type::Array(element, _) => is_numeric(element),
        _ => false,
    }
}

pub(super) fn outputs(compiled: &Compiled) -> Vec<Quantity> {
    all(compiled).map(|it| Quantity { name: it.path, unit: it.unit }).collect()
}

pub(super) fn find(compiled: &Compiled, path: &str) -> Result<Output, Error> {
    all(compiled).find(|output| output.path == path).ok_or_else(|| {
        let known: Vec<String> = all(compiled).map(|it| it.path).collect();
        let near = circ_compiler::diagnose::suggest::nearest(path, known.iter().map(String::as_str));
        let help = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
        Error(format!("the circuit has no output `{path}`{help}"))
    })
}

/// As plain numbers; a truth value is 0 or 1.
pub(super) fn numbers(value: Value, path: &str) -> Result<Vec<f64>, Error> {
    match value {
        Value::Real(value) => Ok(vec![value]),
        Value::Int(value) => Ok(vec![value as f64]),
        Value::Bool(value) => Ok(vec![f64::from(u8::from(value))]),
        Value::Array(array) => Ok(array.data.clone()),
        Value::Text(_) | Value::Tuple(_) | Value::View(_) => {
            Err(Error(format!("`{path}` is neither a number nor an array of numbers")))
        }
    }
}
