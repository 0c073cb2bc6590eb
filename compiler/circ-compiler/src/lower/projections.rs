//! Projections: which pairs, with which weights and delays.
//!
//! In: projections of the net. Out: [`ProjectionPlan`]s with programs over pairs of cells; columns of
//! parameters and positions that these read are found in the populations, or added to them.

use circ_plan::ir::*;
use circ_plan::plan::*;

use super::context::{Keys, Lowerer, Report, Site, Source};
use super::drives::{constant_or, finite_result, ports};
use super::inputs::number;
use super::layout::{Layout, Storage};
use super::learning::{Ways, fixed, learning, refuse_to_rewire};
use super::pair::PairSite;
use crate::hir::VarKind;
use crate::hir::path::part_of;
use crate::kernel::build::Builder;
use crate::net::{self, Closure, Members, Setting, Which};
use circ_grammar::ast::Span;

/// Columns that the programs of a projection read, by name.
#[derive(Default)]
struct Columns {
    pre: Vec<String>,
    post: Vec<String>,
}

struct Pairs<'a, 'r, 's> {
    source: Source<'a>,
    net: &'a net::Projection,
    report: &'r mut Report<'s>,
    keys: Keys,
    columns: Columns,
}

/// The plan of a projection, without what flows; `other` is the one whose other direction it is. May add positions to
/// layouts.
pub fn projection<'a>(
    source: Source<'a>,
    net: &'a net::Projection,
    other: Option<&ProjectionPlan>,
    layouts: &mut [Layout<'a>],
    report: &mut Report,
) -> ProjectionPlan {
    if let Some(other) = other {
        let mut plan = mirror(net, other, layouts);
        if let (Some(plasticity), Some(there)) = (&net.plasticity, &other.learning) {
            // What was wrong was said of the first direction.
            let ways = Ways { dendritic: there.dendritic.clone(), back: there.back.clone() };
            plan.learning = Some(Box::new(learning(source, net, plasticity, ways, layouts, report)));
        }
        return plan;
    }
    let mut keys = Keys::default();
    keys.of("connect");
    let mut pairs = Pairs { source, net, report, keys, columns: Columns::default() };
    let connect = pairs.connect();
    let weight = pairs.weight();
    let delay = pairs.delay();
    let onto = pairs.onto();
    let share = pairs.share();
    let ways = (net.plasticity.is_some() || net.set).then(|| pairs.ways());
    let Pairs { keys, columns, .. } = pairs;
    let column = |layouts: &mut [Layout], names: &[String], view: &View, members: &Members| {
        let of = |name: &String, layouts: &mut [Layout]| {
            let parts = members.of(view);
            parts.map(|(part, member)| column_of(layouts, part.population, member, name)).collect()
        };
        names.iter().map(|name| of(name, layouts)).collect()
    };
    let learning = match (&net.plasticity, ways) {
        (Some(plasticity), Some(ways)) => {
            Some(Box::new(learning(source, net, plasticity, ways, layouts, report)))
        }
        (None, Some(ways)) => Some(Box::new(fixed(net, ways, layouts))),
        (_, None) => None,
    };
    let mut learning = learning;
    if let Some(learning) = &mut learning {
        refuse_to_rewire(net, learning, report);
    }
    let store = match &learning {
        Some(learning) => learning.arrays[0].store,
        None => net.store.unwrap_or(Precision::F32),
    };
    ProjectionPlan {
        path: net.path.clone(),
        source: net.source.clone(),
        source_events: events(net, layouts),
        target: net.target.clone(),
        ports: arrivals(net, layouts),
        connect,
        onto: onto.map(Box::new),
        allow_self: net.allow_self,
        allow_multiple: net.allow_multiple,
        weight,
        delay,
        share: share.map(Box::new),
        sign: net.sign,
        store,
        rows: rows(net),
        learning,
        flow: None,
        pairing: net.pairing,
        pre_columns: column(layouts, &columns.pre, &net.source, &net.events),
        post_columns: column(layouts, &columns.post, &net.target, &net.ports),
        edges: net.edges.iter().map(|(_, values)| values.clone()).collect(),
        keys: keys.resolve(source.net.seed, &net.path),
        place: report.place(net.span, format!("the projection `{}`", net.path)),
    }
}

/// Whether rows are held: those of scaled weights have to be.
fn rows(net: &net::Projection) -> RowStorage {
    match net.rows {
        _ if net.scaled || net.set => RowStorage::Stored,
        Some((rows, _)) => rows,
        None => RowStorage::Auto,
    }
}

/// The same synapses the other way round.
fn mirror(net: &net::Projection, other: &ProjectionPlan, layouts: &[Layout]) -> ProjectionPlan {
    ProjectionPlan {
        source: net.source.clone(),
        target: net.target.clone(),
        source_events: events(net, layouts),
        ports: arrivals(net, layouts),
        pairing: net.pairing,
        learning: None,
        ..other.clone()
    }
}

/// The port, for every segment of the target; none where values flow.
fn arrivals(net: &net::Projection, layouts: &[Layout]) -> Vec<PortId> {
    if net.flow.is_some() { vec![] } else { ports(&net.target, &net.ports, layouts) }
}

/// The event, for every segment of the source; none where values flow.
fn events(net: &net::Projection, layouts: &[Layout]) -> Vec<EventId> {
    if net.flow.is_some() {
        return vec![];
    }
    let of = |(segment, event): (&Segment, &std::sync::Arc<str>)| {
        let layout = layouts.get(segment.population as usize)?;
        layout.events.iter().position(|e| e.name == **event)
    };
    net.events.of(&net.source).map(|event| EventId(of(event).unwrap_or(0) as u32)).collect()
}

/// Where the values of a column are, for the cells of one population, seen from the part that a member is of.
pub(super) fn column_of(layouts: &mut [Layout], population: u32, member: &str, name: &str) -> Column {
    let Some(layout) = layouts.get_mut(population as usize) else { return Column::Constant(0.0) };
    let path = layout.cell.seen_from(part_of(member).0, name);
    if let Some(var) = path.and_then(|path| layout.named(&path))
        && matches!(layout.cell.vars[var.index()].kind, VarKind::Param { .. })
    {
        return match &layout.storage[var.index()] {
            Storage::Uniform(uniform, _) => Column::Uniform(population, *uniform),
            Storage::Array(array, _) => Column::Array(population, *array),
            _ => Column::Constant(0.0),
        };
    }
    let axis = ["x", "y", "z"].iter().position(|axis| *axis == name);
    let (Some(axis), Some(_)) = (axis, &layout.net.at) else { return Column::Constant(0.0) };
    let array = match layout.positions[axis] {
        Some(array) => array,
        None => {
            let array = layout.array(name, Ty::Float, Role::Parameter);
            layout.positions[axis] = Some(array);
            array
        }
    };
    Column::Array(population, array)
}

impl<'a> Pairs<'a, '_, '_> {
    fn connect(&mut self) -> Connect {
        let span = self.net.connect_span;
        match &self.net.connect {
            net::Connect::Probability(setting) => {
                Connect::Probability(self.quantity("probability", setting, span))
            }
            net::Connect::InDegree(n) => Connect::InDegree(*n),
            net::Connect::OutDegree(n) => Connect::OutDegree(*n),
            net::Connect::Total(n) => Connect::Total(*n),
            net::Connect::OneToOne => Connect::OneToOne,
            net::Connect::AllToAll => Connect::AllToAll,
            net::Connect::Where(closure) => Connect::Where(Box::new(self.condition(*closure, span))),
            net::Connect::Pairs(pairs) => Connect::Pairs(pairs.clone()),
        }
    }

    /// One number, or a program.
    fn quantity(&mut self, name: &'static str, setting: &'a Setting, span: Span) -> Quantity {
        match constant(setting) {
            Some(number) => Quantity::Constant(number),
            None => constant_or(self.program(name, span, |lowerer| valued(lowerer, name, setting))),
        }
    }

    /// One number for all, unless it changes for each cell or synapse.
    fn weight(&mut self) -> Quantity {
        let (setting, span) = (&self.net.weight, self.net.weight_span);
        match self.net.scaled || self.net.set || self.net.plasticity.is_some() {
            true => {
                let program = self.program("weight", span, |lowerer| valued(lowerer, "weight", setting));
                Quantity::Program(Box::new(program))
            }
            false => self.quantity("weight", setting, span),
        }
    }

    /// From the spike to its arrival: along the axon, then along the dendrite.
    fn delay(&mut self) -> Quantity {
        let net = self.net;
        let Some(dendritic) = &net.dendritic else {
            return self.quantity("delay", &net.delay, net.delay_span);
        };
        if let (Some(axonal), Some(dendritic)) = (constant(&net.delay), constant(dendritic)) {
            return Quantity::Constant(axonal + dendritic);
        }
        constant_or(self.program("delay", net.delay_span, |lowerer| {
            let axonal = whole_steps(lowerer, "delay", &net.delay);
            let dendritic = whole_steps(lowerer, "dendritic", dendritic);
            let (sum, shorter) = (lowerer.b.add(axonal, dendritic), lowerer.b.min(axonal, dendritic));
            // Neither makes up for the other where it is negative: that one is then reported.
            let zero = lowerer.b.float(0.0);
            let negative = lowerer.b.lt(shorter, zero);
            lowerer.b.select(negative, shorter, sum)
        }))
    }

    /// The way of spikes along the dendrite, there and back.
    fn ways(&mut self) -> Ways {
        let net = self.net;
        let dendritic = match &net.dendritic {
            Some(setting) => self.quantity("dendritic", setting, net.delay_span),
            None => Quantity::Constant(0.0),
        };
        let back = net.back.as_ref().map(|setting| self.quantity("back", setting, net.delay_span));
        Ways { dendritic, back }
    }

    /// Each segment as likely as any other, or what the pair says.
    fn onto(&mut self) -> Option<Onto> {
        let onto = self.net.onto.as_ref()?;
        let (parts, span) = (onto.segments, onto.span);
        let part = match onto.which {
            Which::Pair(closure) => self.program("segment", span, |lowerer| {
                lowerer.declared("onto", |lowerer| {
                    lowerer.within(closure.environment, |lowerer| lowerer.float(closure.expr))
                })
            }),
            Which::Random => self.program("segment", span, |lowerer| {
                lowerer.declared("onto", |lowerer| {
                    let (none, all) = (lowerer.b.float(0.0), lowerer.b.float(f64::from(parts)));
                    let drawn = lowerer.next_draw(Distribution::Uniform, vec![none, all], span);
                    lowerer.b.floor(drawn)
                })
            }),
        };
        Some(Onto { parts, part })
    }

    /// What synapses of a group have in common.
    fn share(&mut self) -> Option<Program> {
        let net::Share { key, span } = self.net.share?;
        Some(self.program("key", span, |lowerer| {
            lowerer.declared("share", |lowerer| {
                lowerer.within(key.environment, |lowerer| lowerer.float(key.expr))
            })
        }))
    }

    fn condition(&mut self, closure: Closure, span: Span) -> Program {
        self.program("where", span, |lowerer| {
            lowerer.declared("where", |lowerer| {
                lowerer.within(closure.environment, |lowerer| lowerer.truth(closure.expr))
            })
        })
    }

    fn program(
        &mut self,
        what: &str,
        span: Span,
        value: impl FnOnce(&mut Lowerer<'a, '_, '_>) -> ValueId,
    ) -> Program {
        let builder = Builder::new(format!("{}.{what}", self.net.path), Precision::F64);
        let (pre, post) = (std::mem::take(&mut self.columns.pre), std::mem::take(&mut self.columns.post));
        let site = Site::Pair(PairSite { net: self.net, pre, post, flows: false, rule: None });
        let mut lowerer = Lowerer::new(self.source, self.report, &mut self.keys, builder, site);
        let value = value(&mut lowerer);
        if let Site::Pair(site) = &mut lowerer.site {
            self.columns.pre = std::mem::take(&mut site.pre);
            self.columns.post = std::mem::take(&mut site.post);
        }
        finite_result(lowerer, value, span, &format!("the {what} of `{}`", self.net.path))
    }
}

/// The value of a setting that is one number.
pub(super) fn constant(setting: &Setting) -> Option<f64> {
    match setting {
        Setting::Value(value) => number(value),
        Setting::Each(_) => None,
    }
}

pub(super) fn valued<'a>(lowerer: &mut Lowerer<'a, '_, '_>, name: &str, setting: &'a Setting) -> ValueId {
    match setting {
        Setting::Value(value) => lowerer.b.float(number(value).unwrap_or(0.0)),
        Setting::Each(closure) => lowerer.declared(name, |lowerer| {
            lowerer.within(closure.environment, |lowerer| lowerer.float(closure.expr))
        }),
    }
}

/// A duration of a synapse, to the nearest step.
pub(super) fn whole_steps<'a>(
    lowerer: &mut Lowerer<'a, '_, '_>,
    name: &str,
    setting: &'a Setting,
) -> ValueId {
    let duration = valued(lowerer, name, setting);
    let step = lowerer.b.float(lowerer.source.net.dt);
    let steps = lowerer.b.div(duration, step);
    let nearest = lowerer.b.round(steps);
    lowerer.b.mul(nearest, step)
}
