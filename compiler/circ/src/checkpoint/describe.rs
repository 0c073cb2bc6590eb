//! What a checkpoint is of: the parts of the circuit, by name, with hashes of what they are.
//!
//! In: a compiled program. Out: [`Description`], and between two of them what differs, for people. Only the circuit counts, not the
//! experiment: what one experiment saved another may load.

use crate::compile::Compiled;
use circ_compiler::hir_print::{print_cell, print_functions, print_rule};
use circ_compiler::net::Owner;
use circ_compiler::net_print::{print_population, print_projection};
use circ_compiler::types::Value;
use circ_plan::plan::Role;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// See above.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Description {
    /// The version of Circ that wrote it.
    pub circ: String,
    /// The file and the experiment.
    pub file: String,
    pub experiment: String,
    pub tick: i64,
    pub time_ms: f64,
    pub dt_ms: f64,
    pub seed: u64,
    pub precision: String,
    /// The values of the circuits' parameters, by name.
    pub values: BTreeMap<String, String>,
    pub functions: String,
    pub populations: Vec<PopulationPart>,
    pub drives: Vec<DrivePart>,
    pub projections: Vec<ProjectionPart>,
    /// Of the state that follows.
    pub bytes: u64,
    pub blake3: String,
}

/// A population.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PopulationPart {
    pub path: String,
    pub cells: u32,
    pub precision: String,
    pub cell: String,
    /// Hashes of the cell, and of what the population's block says.
    pub cell_hash: String,
    pub block_hash: String,
    /// The lists of its state, in order.
    pub slots: Vec<Part>,
    pub arrays: Vec<Part>,
    pub ports: Vec<String>,
    pub events: Vec<String>,
}

/// A list of the state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    pub name: String,
    /// `Parameter`, `State`, ...
    pub role: String,
    pub ty: String,
}

/// A drive that sends events.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrivePart {
    pub path: String,
    pub cells: u64,
    pub slots: Vec<String>,
    pub own: Vec<String>,
}

/// A projection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectionPart {
    pub path: String,
    /// The rule, if one is attached.
    pub rule: Option<String>,
    pub rule_hash: String,
    pub hash: String,
    pub slots: Vec<String>,
    pub arrays: Vec<Part>,
}

impl Description {
    pub(super) fn of(compiled: &Compiled, tick: i64) -> Description {
        let Compiled { hir, net, plan, .. } = compiled;
        Description {
            circ: crate::VERSION.to_string(),
            file: compiled.sources().files[0].name.clone(),
            experiment: hir.experiments[compiled.experiment].name.to_string(),
            tick,
            time_ms: tick.max(0) as f64 * plan.dt,
            dt_ms: plan.dt,
            seed: plan.seed,
            precision: net.precision.to_string(),
            values: values(compiled),
            functions: hash(&print_functions(hir)),
            populations: (0..plan.populations.len()).map(|k| population(compiled, k)).collect(),
            drives: plan
                .drives
                .iter()
                .map(|drive| DrivePart {
                    path: drive.path.clone(),
                    cells: drive.target.len() as u64,
                    slots: drive.uniforms.iter().map(|slot| slot.name.clone()).collect(),
                    own: drive.of_cells.iter().map(|slot| slot.name.clone()).collect(),
                })
                .collect(),
            projections: (0..plan.projections.len()).map(|k| projection(compiled, k)).collect(),
            bytes: 0,
            blake3: String::new(),
        }
    }

    /// What a program has otherwise than the checkpoint; nothing where it may go on from it.
    pub(super) fn differences(&self, now: &Description) -> Vec<String> {
        let mut all = Vec::new();
        let mut differ = |what: &str, was: String, is: String| {
            if was != is {
                all.push(format!("{what} was {was} and is {is}"));
            }
        };
        differ("`dt`", format!("{} ms", self.dt_ms), format!("{} ms", now.dt_ms));
        differ("`seed`", self.seed.to_string(), now.seed.to_string());
        differ("`precision`", self.precision.clone(), now.precision.clone());
        for (name, value) in &self.values {
            if let Some(other) = now.values.get(name) {
                differ(&format!("`{name}`"), value.clone(), other.clone());
            }
        }
        named(&mut all, "population", &self.populations, &now.populations, |it| &it.path);
        named(&mut all, "projection", &self.projections, &now.projections, |it| &it.path);
        for (was, is) in pairs(&self.populations, &now.populations, |it| &it.path) {
            population_differs(was, is, &mut all);
        }
        for (was, is) in pairs(&self.projections, &now.projections, |it| &it.path) {
            let path = &was.path;
            match (&was.rule, &is.rule) {
                (Some(was), Some(is)) if was != is => {
                    all.push(format!("projection `{path}` had the rule `{was}` and has `{is}`"));
                }
                (Some(was), None) => {
                    all.push(format!("projection `{path}` had the rule `{was}` and has none"))
                }
                (None, Some(is)) => all.push(format!("projection `{path}` had no rule and has `{is}`")),
                (Some(rule), Some(_)) if was.rule_hash != is.rule_hash => {
                    all.push(format!("the rule `{rule}` of projection `{path}` was changed"));
                }
                _ if was.hash != is.hash => all.push(format!("projection `{path}` was changed")),
                _ => {}
            }
        }
        if all.is_empty() && self.functions != now.functions {
            all.push("a function was changed".to_string());
        }
        if all.is_empty() && order(&self.populations, |it| &it.path) != order(&now.populations, |it| &it.path)
        {
            all.push("populations are declared in another order".to_string());
        }
        if all.is_empty() && order(&self.projections, |it| &it.path) != order(&now.projections, |it| &it.path)
        {
            all.push("projections are declared in another order".to_string());
        }
        all
    }
}

fn order<T>(parts: &[T], path: impl Fn(&T) -> &String) -> Vec<&str> {
    parts.iter().map(|part| path(part).as_str()).collect()
}

/// Those that only one of both has.
fn named<T>(all: &mut Vec<String>, kind: &str, was: &[T], is: &[T], path: impl Fn(&T) -> &String) {
    let has = |parts: &[T], name: &String| parts.iter().any(|part| path(part) == name);
    for part in was.iter().filter(|part| !has(is, path(part))) {
        all.push(format!("{kind} `{}` is gone", path(part)));
    }
    for part in is.iter().filter(|part| !has(was, path(part))) {
        all.push(format!("{kind} `{}` is new", path(part)));
    }
}

/// Those that both have.
fn pairs<'p, T>(was: &'p [T], is: &'p [T], path: impl Fn(&T) -> &String) -> Vec<(&'p T, &'p T)> {
    let other = |part: &'p T| Some((part, is.iter().find(|other| path(other) == path(part))?));
    was.iter().filter_map(other).collect()
}

fn population_differs(was: &PopulationPart, is: &PopulationPart, all: &mut Vec<String>) {
    let path = &was.path;
    if was.cells != is.cells {
        all.push(format!("population `{path}` had {} cells and has {}", was.cells, is.cells));
    } else if was.precision != is.precision {
        all.push(format!("population `{path}` was held in {} and is in {}", was.precision, is.precision));
    } else if was.cell != is.cell {
        all.push(format!("population `{path}` had cells `{}` and has `{}`", was.cell, is.cell));
    } else if was.cell_hash != is.cell_hash {
        all.push(format!("the cell `{}` of population `{path}` was changed", was.cell));
    } else if was.block_hash != is.block_hash {
        all.push(format!("the block of population `{path}` was changed"));
    }
}

fn population(compiled: &Compiled, k: usize) -> PopulationPart {
    let Compiled { hir, net, plan, .. } = compiled;
    let (of, this) = (&net.populations[k], &plan.populations[k]);
    // What only an experiment has is no change of the circuit.
    let block = print_population(net, hir, k);
    let block =
        block.lines().filter(|line| !line.ends_with("can be clamped") && !line.ends_with(" per cell"));
    let block: Vec<String> = block.map(|line| placeless(line).replace(" (per cell)", "")).collect();
    let cell = hir.cell(of.cell);
    let part = |name: &str, role: Role, ty: circ_plan::ir::Ty| Part {
        name: name.to_string(),
        role: format!("{role:?}"),
        ty: format!("{ty:?}"),
    };
    PopulationPart {
        path: this.path.clone(),
        cells: this.cells,
        precision: this.precision.to_string(),
        cell: cell.name.to_string(),
        cell_hash: if cell.spike_times { String::new() } else { hash(&print_cell(hir, of.cell)) },
        block_hash: hash(&format!("{}\n{:?}", block.join("\n"), of.spike_times)),
        slots: this.uniforms.iter().map(|it| part(&it.name, it.role, it.ty)).collect(),
        arrays: this.arrays.iter().map(|it| part(&it.name, it.role, it.ty)).collect(),
        ports: this.ports.iter().map(|it| it.name.clone()).collect(),
        events: this.events.iter().map(|it| it.name.clone()).collect(),
    }
}

fn projection(compiled: &Compiled, k: usize) -> ProjectionPart {
    let Compiled { hir, net, plan, .. } = compiled;
    let (of, this) = (&net.projections[k], &plan.projections[k]);
    let rule = of.plasticity.as_ref();
    let learning = this.learning.as_deref();
    // Long lists are cut off in what is printed.
    let lists = format!("{:?} {:?}", this.connect, this.edges);
    ProjectionPart {
        path: this.path.clone(),
        rule: rule.map(|it| hir.rule(it.rule).name.to_string()),
        rule_hash: rule.map_or(String::new(), |it| hash(&print_rule(hir, it.rule))),
        hash: hash(&format!("{}\n{lists}", placeless(&print_projection(net, hir, k)))),
        slots: learning.map_or(vec![], |it| it.uniforms.iter().map(|slot| slot.name.clone()).collect()),
        arrays: learning.map_or(vec![], |it| {
            let part = |array: &circ_plan::learning::SynapseArray| Part {
                name: array.name.clone(),
                role: if array.parameter { "Parameter".to_string() } else { "State".to_string() },
                ty: format!("{:?}", array.ty),
            };
            it.arrays.iter().map(part).collect()
        }),
    }
}

/// What circuits were given, what they bind, and constants of the file; no data, which protocols read.
fn values(compiled: &Compiled) -> BTreeMap<String, String> {
    const LONGEST: usize = 64;
    let Compiled { hir, net, .. } = compiled;
    let mut all = BTreeMap::new();
    let mut add = |name: String, value: &Value| match value {
        Value::Array(array) if LONGEST < array.data.len() => {}
        Value::Array(array) => {
            all.insert(name, format!("{:?}", array.data));
        }
        Value::Real(x) => {
            all.insert(name, format!("{x}"));
        }
        Value::Int(x) => {
            all.insert(name, format!("{x}"));
        }
        Value::Bool(x) => {
            all.insert(name, format!("{x}"));
        }
        Value::Text(_) | Value::Tuple(_) | Value::View(_) => {}
    };
    for (id, value) in &net.globals {
        if let Some(global) = hir.globals.get(id.index()) {
            add(global.name.to_string(), value);
        }
    }
    for environment in net.environments.iter().filter(|environment| environment.instance.is_none()) {
        let Owner::Circuit(circuit) = environment.owner else { continue };
        for (slot, value) in environment.values.iter() {
            let name = &hir.circuit(circuit).slots[slot.index()].name;
            add(format!("{}{name}", environment.prefix), value);
        }
    }
    all
}

/// Without the numbers of environments, which depend on the experiment.
fn placeless(text: &str) -> String {
    let mut parts = text.split(" in #");
    let mut out = parts.next().unwrap_or("").to_string();
    for part in parts {
        out.push_str(part.trim_start_matches(|c: char| c.is_ascii_digit()));
    }
    out
}

fn hash(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex().chars().take(16).collect()
}
