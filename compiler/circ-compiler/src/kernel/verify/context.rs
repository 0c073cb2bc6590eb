//! The world that a program speaks of, for the verifier.
//!
//! In: the plan of a population, drive or projection. Out: how many of everything there are, and their types.

use circ_plan::ir::*;
use circ_plan::learning::{Learning, Signal};
use circ_plan::plan::*;

/// What a program is for, which says what it may read and write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    DeriveUniforms,
    InitParams,
    DeriveCells,
    InitStates,
    /// `start` and `step`.
    Kernel,
    /// `reference_start` and `reference_step`.
    Reference,
    Observable,
    /// The mean or weight of a drive.
    Drive,
    /// The weight, delay, probability or condition of a synapse.
    Synapse,
    /// What flows through a synapse.
    Flow,
    /// Parameters and initial states of learning synapses.
    LearnInit,
    /// What changes learning synapses.
    Learn,
    /// What a learning synapse transmits.
    Transmit,
    /// What is observed of learning synapses.
    LearnObservable,
}

/// The world that a program speaks of.
#[derive(Clone, Debug)]
pub struct Context {
    pub purpose: Purpose,
    pub arrays: Vec<(Ty, Role)>,
    /// Types of `Load(Pre, ..)` and `Load(Post, ..)`.
    pub pre: Vec<Ty>,
    pub post: Vec<Ty>,
    pub uniforms: Vec<(Ty, Role)>,
    pub ports: usize,
    pub events: usize,
    pub keys: usize,
    pub edges: usize,
    /// Nothing: not known yet, any id is accepted.
    pub tables: Option<usize>,
    pub places: Option<usize>,
}

impl Context {
    /// Of a program of a population.
    pub fn population(population: &PopulationPlan, purpose: Purpose) -> Context {
        Context {
            arrays: population.arrays.iter().map(|a| (a.ty, a.role)).collect(),
            uniforms: population.uniforms.iter().map(|u| (u.ty, u.role)).collect(),
            ports: population.ports.len(),
            events: population.events.len(),
            keys: population.keys.len(),
            ..Context::empty(purpose)
        }
    }

    /// Of a program of a drive.
    pub fn drive(drive: &DrivePlan) -> Context {
        Context {
            arrays: drive.of_cells.iter().map(|slot| (slot.ty, slot.role)).collect(),
            uniforms: drive.uniforms.iter().map(|u| (u.ty, u.role)).collect(),
            keys: drive.keys.len(),
            ..Context::empty(Purpose::Drive)
        }
    }

    /// Of a program of a projection between populations of this plan. An error if a column has
    /// different types in different segments.
    pub fn synapse(plan: &Plan, projection: &ProjectionPlan) -> Result<Context, String> {
        Ok(Context {
            pre: column_types(plan, &projection.pre_columns)?,
            post: column_types(plan, &projection.post_columns)?,
            keys: projection.keys.len(),
            edges: projection.edges.len(),
            ..Context::empty(Purpose::Synapse)
        })
    }

    /// Of what flows through a projection. An error if a column has different types in different segments, or reads
    /// what does not exist.
    pub fn flow(plan: &Plan, flow: &Flow) -> Result<Context, String> {
        let types = |columns: &[Vec<FlowColumn>]| types_of(columns, |column| flow_column_type(plan, column));
        Ok(Context { pre: types(&flow.pre)?, post: types(&flow.post)?, ..Context::empty(Purpose::Flow) })
    }

    /// Of the synapses of a projection that learns. An error if a column has different types in different segments.
    pub fn learning(
        plan: &Plan,
        projection: &ProjectionPlan,
        learning: &Learning,
        purpose: Purpose,
    ) -> Result<Context, String> {
        let role = |(at, array): (usize, &circ_plan::learning::SynapseArray)| {
            let of_builder = at == 0 || learning.delay == Some(ArrayId(at as u32));
            let role = match purpose {
                Purpose::LearnInit if of_builder => Role::Derived,
                Purpose::LearnInit => Role::State,
                _ if array.parameter && array.ty != Ty::Tick => Role::Parameter,
                _ => Role::State,
            };
            (array.ty, role)
        };
        let post: Vec<Vec<Column>> = learning
            .post
            .iter()
            .map(|signal| match signal {
                Signal::Target(columns) => columns.clone(),
                Signal::Modulator(cells) | Signal::Before(cells) => cells.columns.clone(),
            })
            .collect();
        Ok(Context {
            arrays: learning.arrays.iter().enumerate().map(role).collect(),
            pre: column_types(plan, &learning.pre)?,
            post: column_types(plan, &post)?,
            uniforms: learning.uniforms.iter().map(|u| (u.ty, u.role)).collect(),
            keys: learning.keys.len(),
            edges: projection.edges.len(),
            ..Context::empty(purpose)
        })
    }

    /// The same, with the tables and places of a whole plan.
    pub fn within(self, plan: &Plan) -> Context {
        Context { tables: Some(plan.tables.len()), places: Some(plan.places.len()), ..self }
    }

    fn empty(purpose: Purpose) -> Context {
        Context {
            purpose,
            arrays: vec![],
            pre: vec![],
            post: vec![],
            uniforms: vec![],
            ports: 0,
            events: 0,
            keys: 0,
            edges: 0,
            tables: None,
            places: None,
        }
    }
}

fn column_types(plan: &Plan, columns: &[Vec<Column>]) -> Result<Vec<Ty>, String> {
    types_of(columns, |column| column_type(plan, column))
}

fn column_type(plan: &Plan, column: &Column) -> Option<Ty> {
    match *column {
        Column::Array(population, array) => {
            plan.populations.get(population as usize)?.arrays.get(array.0 as usize).map(|a| a.ty)
        }
        Column::Uniform(population, uniform) => {
            plan.populations.get(population as usize)?.uniforms.get(uniform.0 as usize).map(|u| u.ty)
        }
        Column::Constant(_) => Some(Ty::Float),
    }
}

fn flow_column_type(plan: &Plan, column: &FlowColumn) -> Option<Ty> {
    match *column {
        FlowColumn::Array(population, array) => column_type(plan, &Column::Array(population, array)),
        FlowColumn::Uniform(population, uniform) => column_type(plan, &Column::Uniform(population, uniform)),
        FlowColumn::Constant(_) => Some(Ty::Float),
        FlowColumn::Observable(population, observable) => {
            let program =
                &plan.populations.get(population as usize)?.observables.get(observable as usize)?.program;
            program.outputs.iter().find_map(|output| match output {
                Output::Result(value) => Some(program.ty(*value)),
                _ => None,
            })
        }
    }
}

/// The type of every column.
fn types_of<C>(columns: &[Vec<C>], of: impl Fn(&C) -> Option<Ty>) -> Result<Vec<Ty>, String> {
    let same = |(at, segments): (usize, &Vec<C>)| {
        let types: Option<Vec<Ty>> = segments.iter().map(&of).collect();
        match types.as_deref() {
            Some([first, rest @ ..]) if rest.iter().all(|ty| ty == first) => Ok(*first),
            Some([]) => Err(format!("column {at} has no segment")),
            Some(_) => Err(format!("column {at} has different types in different segments")),
            None => Err(format!("column {at} reads what does not exist")),
        }
    };
    columns.iter().enumerate().map(same).collect()
}
