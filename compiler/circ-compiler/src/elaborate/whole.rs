//! What of a net is as it was written, in a program that has mistakes.
//!
//! In: a net that may lack what mistakes touch. Out: whether a population, projection or drive has all that was
//! written of it, and whether everything has. Later passes speak of such only: the rest follows from what was told.

use crate::check::Types;
use crate::hir::{Expr, ExprId, Hir};
use crate::net::{Closure, Connect, Drive, DriveKind, Net, Owner, Population, Position, Projection, Setting};

/// Asks about a net.
#[derive(Clone, Copy)]
pub struct Whole<'a> {
    pub hir: &'a Hir,
    pub types: &'a Types,
    pub net: &'a Net,
}

impl Whole<'_> {
    /// The whole net.
    pub fn all(self) -> bool {
        let net = self.net;
        !net.cut_short
            && !net.dt.is_nan()
            && net.environments.iter().all(|environment| environment.failed.is_empty())
            && net.populations.iter().all(|population| self.population(population))
            && net.projections.iter().all(|projection| self.projection(projection))
            && net.drives.iter().all(|drive| self.drive(drive))
    }

    /// The statements of its experiment.
    pub fn experiment(self) -> bool {
        let Owner::Experiment(at) = self.net.environments[0].owner else { return true };
        let span = self.hir.experiments[at as usize].text;
        let within =
            |it: &Expr| it.span.file == span.file && span.start <= it.span.start && it.span.end <= span.end;
        let mut exprs = self.hir.exprs.iter().enumerate().filter(|(_, expr)| within(expr));
        self.types.tainted.is_empty() || !exprs.any(|(at, _)| self.types.tainted.expr(ExprId(at as u32)))
    }

    pub fn population(self, population: &Population) -> bool {
        let settings = population.settings.iter().filter_map(|setting| closure(&setting.1));
        let places = match &population.at {
            Some(Position::Each(places)) => places.as_slice(),
            Some(Position::Grid(_)) | None => &[],
        };
        !population.partial
            && !self.types.tainted.cell(population.cell)
            && settings.chain(places.iter().flatten().copied()).all(|closure| self.is_known(closure))
    }

    pub fn projection(self, projection: &Projection) -> bool {
        let connect = match &projection.connect {
            Connect::Probability(setting) => closure(setting),
            Connect::Where(condition) => Some(*condition),
            Connect::InDegree(_) | Connect::OutDegree(_) | Connect::Total(_) => None,
            Connect::OneToOne | Connect::AllToAll | Connect::Pairs(_) => None,
        };
        let settings = [&projection.weight, &projection.delay]
            .into_iter()
            .chain(projection.dendritic.as_deref())
            .chain(projection.back.as_deref());
        let flow = projection.flow.map(|flow| flow.value);
        let share = projection.share.map(|share| share.key);
        let rule = projection.plasticity.iter().flat_map(|it| &it.args).map(|(_, value)| *value);
        settings
            .filter_map(closure)
            .chain(rule)
            .chain(connect)
            .chain(flow)
            .chain(share)
            .all(|closure| self.is_known(closure))
    }

    pub fn drive(self, drive: &Drive) -> bool {
        let value = match &drive.kind {
            DriveKind::Poisson { rate: setting, .. } | DriveKind::Value(setting) => Some(setting),
            DriveKind::Choose { .. } | DriveKind::Times(_) | DriveKind::Table { .. } => None,
        };
        drive.weight.iter().chain(value).filter_map(closure).all(|closure| self.is_known(closure))
    }

    /// Whether all that an expression reads has a value.
    fn is_known(self, closure: Closure) -> bool {
        let environment = self.net.environments.get(closure.environment.0 as usize);
        environment.is_some_and(|environment| environment.failed.is_empty())
            && !self.types.tainted.reads(self.hir, closure.expr)
    }
}

fn closure(setting: &Setting) -> Option<Closure> {
    match setting {
        Setting::Each(closure) => Some(*closure),
        Setting::Value(_) => None,
    }
}
