//! Explain: what rules keep of cells, for spikes that are given.
//!
//! In: a population of the plan, an event of it, and arrays of it that synapses see. Out: a population that plays given
//! spikes and holds these arrays as they follow from that event; or why they follow from more.

use circ_compiler::kernel::ops::{map_operands, operands};
use circ_plan::ir::*;
use circ_plan::plan::*;
use std::collections::{BTreeMap, BTreeSet};

/// Cells that play spikes, and where arrays of the population are in them.
pub struct Isolated {
    pub population: PopulationPlan,
    pub places: BTreeMap<ArrayId, ArrayId>,
}

/// One end of the synapses.
pub struct End<'a> {
    pub population: &'a PopulationPlan,
    pub event: EventId,
}

impl End<'_> {
    /// Its arrays for these spikes of so many cells, in double precision.
    pub fn isolate(
        &self,
        seen: &BTreeSet<ArrayId>,
        cells: u32,
        times: Vec<(i64, u32)>,
    ) -> Result<Isolated, String> {
        let needed = self.needed(seen)?;
        // Array 0 says who spikes.
        let places: BTreeMap<ArrayId, ArrayId> =
            needed.iter().zip(1..).map(|(array, place)| (*array, ArrayId(place))).collect();
        let role = Role::Memory;
        let spikes = ArrayPlan { name: "spikes".into(), ty: Ty::Bool, role };
        let arrays = needed.iter().map(|array| self.population.arrays[array.0 as usize].clone());
        let traces = match self.programs() {
            Some(programs) if !needed.is_empty() => {
                let part = |program: &Program| self.part(program, &needed).map(|it| self.moved(it, &places));
                let (start, step) = (part(&programs.reference_start)?, part(&programs.reference_step)?);
                let empty = || Program::new("nothing", Precision::F64);
                Some(Box::new(CellPrograms {
                    derive_uniforms: wide(&programs.derive_uniforms),
                    init_params: empty(),
                    derive_cells: empty(),
                    init_states: part(&programs.init_states)?,
                    start: start.clone(),
                    step: step.clone(),
                    reference_start: start,
                    reference_step: step,
                }))
            }
            _ => None,
        };
        let population = PopulationPlan {
            path: self.population.path.clone(),
            cells,
            precision: Precision::F64,
            arrays: [spikes].into_iter().chain(arrays).collect(),
            uniforms: self.population.uniforms.clone(),
            keys: vec![],
            ports: vec![PortPlan { name: "in".into() }],
            events: vec![EventPlan { name: "spike".into() }],
            dynamics: Dynamics::SpikeTimes { times, traces },
            observables: vec![],
            place: self.population.place,
        };
        Ok(Isolated { population, places })
    }

    fn programs(&self) -> Option<&CellPrograms> {
        self.population.dynamics.programs()
    }

    /// What these arrays follow from, themselves included.
    fn needed(&self, seen: &BTreeSet<ArrayId>) -> Result<BTreeSet<ArrayId>, String> {
        let mut needed = BTreeSet::new();
        for first in seen {
            let path = &self.population.path;
            let name = &self.population.arrays[first.0 as usize].name;
            let name = name.trim_end_matches(" seen").trim_end_matches(" after");
            let role = |array: ArrayId| self.population.arrays[array.0 as usize].role;
            if let Role::Parameter | Role::Derived = role(*first) {
                return Err(format!("it reads `{name}` of {path}, which differs from cell to cell"));
            }
            let more = || format!("it sees `{name}` of {path}, which follows from more than these spikes");
            let mut open = vec![*first];
            while let Some(array) = open.pop() {
                if !matches!(role(array), Role::Memory | Role::Seen) {
                    return Err(more());
                }
                if !needed.insert(array) {
                    continue;
                }
                let Some(programs) = self.programs() else { return Err(more()) };
                let only = BTreeSet::from([array]);
                for program in [&programs.reference_start, &programs.reference_step, &programs.init_states] {
                    let part = self.part(program, &only).map_err(|_| more())?;
                    open.extend(part.loads(self).filter(|it| !needed.contains(it)));
                }
            }
        }
        Ok(needed)
    }

    /// The operations that make these arrays; where the event happens is given. Nothing where more is read than arrays and
    /// slots.
    fn part<'p>(&self, program: &'p Program, arrays: &BTreeSet<ArrayId>) -> Result<Part<'p>, String> {
        let happens = program.outputs.iter().find_map(|output| match output {
            Output::Event(event, mask) if *event == self.event => Some(*mask),
            _ => None,
        });
        let outputs: Vec<(ArrayId, ValueId)> = program
            .outputs
            .iter()
            .filter_map(|output| match output {
                Output::Array(array, value) if arrays.contains(array) => Some((*array, *value)),
                _ => None,
            })
            .collect();
        let mut kept = vec![false; program.ops.len()];
        outputs.iter().for_each(|(_, value)| kept[value.0 as usize] = true);
        for at in (0..kept.len()).rev().filter(|at| happens != Some(ValueId(*at as u32))) {
            if !kept[at] {
                continue;
            }
            let op = &program.ops[at];
            if is_foreign(op) || self.is_underived(op) {
                return Err(format!("it follows from more than spikes of {}", self.population.path));
            }
            operands(op).iter().for_each(|operand| kept[operand.0 as usize] = true);
        }
        Ok(Part { program, happens, outputs, kept })
    }

    /// That part as a program of its own.
    fn moved(&self, part: Part, places: &BTreeMap<ArrayId, ArrayId>) -> Program {
        let mut program = Program::new(part.program.name.clone(), Precision::F64);
        let mut moved = vec![ValueId(0); part.kept.len()];
        for at in (0..part.kept.len()).filter(|at| part.kept[*at]) {
            let op = match &part.program.ops[at] {
                _ if part.happens == Some(ValueId(at as u32)) => Op::Load(Side::Own, ArrayId(0)),
                Op::Load(side, array) => Op::Load(*side, self.place(*array, places)),
                op => map_operands(op, |operand| moved[operand.0 as usize]),
            };
            moved[at] = program.push(op, part.program.types[at]);
        }
        let output = |(array, value): &(ArrayId, ValueId)| {
            Output::Array(self.place(*array, places), moved[value.0 as usize])
        };
        program.outputs = part.outputs.iter().map(output).collect();
        program
    }

    fn place(&self, array: ArrayId, places: &BTreeMap<ArrayId, ArrayId>) -> ArrayId {
        places.get(&array).copied().unwrap_or(ArrayId(0))
    }

    /// Whether an operation reads a slot that only the whole network derives.
    fn is_underived(&self, op: &Op) -> bool {
        match op {
            Op::Uniform(slot) => {
                self.population.uniforms[slot.0 as usize].role == Role::Derived && !derives(self.population)
            }
            _ => false,
        }
    }

    /// Whether an array says who plays a spike.
    fn is_given(&self, array: ArrayId) -> bool {
        array == ArrayId(0) && matches!(self.population.dynamics, Dynamics::SpikeTimes { .. })
    }
}

/// Operations of a program.
struct Part<'p> {
    program: &'p Program,
    /// Where the event happens, if the program says so.
    happens: Option<ValueId>,
    outputs: Vec<(ArrayId, ValueId)>,
    kept: Vec<bool>,
}

impl Part<'_> {
    fn loads(&self, of: &End) -> impl Iterator<Item = ArrayId> {
        let kept = self.program.ops.iter().enumerate().filter(|(at, _)| self.kept[*at]);
        kept.filter(|(at, _)| self.happens != Some(ValueId(*at as u32))).filter_map(move |(_, op)| match op {
            Op::Load(_, array) if !of.is_given(*array) => Some(*array),
            _ => None,
        })
    }
}

/// Whether an operation reads what an isolated cell or synapse does not have.
pub fn is_foreign(op: &Op) -> bool {
    matches!(
        op,
        Op::Arrival(_)
            | Op::Index(_)
            | Op::Table(..)
            | Op::Edge(_)
            | Op::Weight
            | Op::Draw { .. }
            | Op::Redraw { .. }
    )
}

/// The program in double precision; nothing of one that reads what is not there.
pub fn wide(program: &Program) -> Program {
    if program.ops.iter().any(is_foreign) {
        return Program::new(program.name.clone(), Precision::F64);
    }
    Program { precision: Precision::F64, ..program.clone() }
}

/// Whether slots that follow from others do so in an isolated population.
pub fn derives(population: &PopulationPlan) -> bool {
    population.dynamics.programs().is_none_or(|it| !it.derive_uniforms.ops.iter().any(is_foreign))
}
