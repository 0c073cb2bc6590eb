//! Drives that send events.
//!
//! In: drives of the net. Out: [`DrivePlan`]s. (Value drives become part of kernels: see `inputs`.)

use circ_plan::ir::*;
use circ_plan::plan::*;

use super::context::{Keys, Lowerer, Report, Site, Source};
use super::inputs::number;
use super::layout::Layout;
use super::time::ticks;
use super::view::ViewSite;
use crate::hir::VarKind;
use crate::kernel::build::Builder;
use crate::net::{self, Members, Setting};
use circ_grammar::ast::{Polarity, Span};

/// The plan of an event drive; `None` for one that sends values.
pub fn drive<'a>(
    source: Source<'a>,
    drive: &'a net::Drive,
    layouts: &[Layout],
    report: &mut Report,
) -> Option<DrivePlan> {
    let mut keys = Keys::default();
    keys.of("");
    let (mut uniforms, mut of_cells) = (vec![], vec![]);
    let kind = match &drive.kind {
        net::DriveKind::Poisson { .. } => DriveKind::Poisson(poisson_mean(
            source,
            drive,
            report,
            &mut keys,
            if drive.per_cell { &mut of_cells } else { &mut uniforms },
        )),
        net::DriveKind::Choose { count, every_ms } => {
            let interval_ticks = ticks(source, report, *every_ms, drive.span, "the interval").max(1);
            DriveKind::Choose { count: *count, interval_ticks }
        }
        net::DriveKind::Times(times) => DriveKind::Times(
            times.iter().map(|ms| ticks(source, report, *ms, drive.span, "the time of an event,")).collect(),
        ),
        net::DriveKind::Table { .. } | net::DriveKind::Value(_) => return None,
    };
    let weight = match &drive.weight {
        None => Quantity::Constant(0.0),
        Some(setting) => per_cell(source, drive, setting, "weight", report, &mut keys),
    };
    Some(DrivePlan {
        path: drive.path.clone(),
        target: drive.target.clone(),
        ports: ports(&drive.target, &drive.ports, layouts),
        kind,
        weight,
        delay_ticks: ticks(source, report, drive.delay_ms, drive.span, "the delay"),
        from_tick: ticks(source, report, drive.from_ms, drive.span, "the start"),
        to_tick: ticks(source, report, drive.to_ms, drive.span, "the end"),
        sign: sign(drive, layouts),
        keys: keys.resolve(source.net.seed, &drive.path),
        uniforms,
        of_cells,
        place: report.place(drive.span, format!("the drive `{}`", drive.path)),
    })
}

/// The accumulator of a port, for every segment of a view.
pub fn ports(view: &View, ports: &Members, layouts: &[Layout]) -> Vec<PortId> {
    let of = |(segment, port): (&Segment, &std::sync::Arc<str>)| {
        let layout = layouts.get(segment.population as usize)?;
        layout.accumulators.get(&layout.named(port)?).copied()
    };
    ports.of(view).map(|port| of(port).unwrap_or(PortId(0))).collect()
}

/// At excitatory and inhibitory ports weights are magnitudes.
fn sign(drive: &net::Drive, layouts: &[Layout]) -> Sign {
    let polarities = drive.ports.of(&drive.target).filter_map(|(segment, port)| {
        let layout = layouts.get(segment.population as usize)?;
        match layout.cell.vars[layout.named(port)?.index()].kind {
            VarKind::Port { polarity, .. } => polarity,
            _ => None,
        }
    });
    let mut magnitudes = polarities.filter(|p| matches!(p, Polarity::Excitatory | Polarity::Inhibitory));
    if magnitudes.next().is_some() { Sign::NotNegative } else { Sign::Free }
}

/// The mean number of events in a tick. A rate that is one number is slot 0, of all or of each cell.
fn poisson_mean<'a>(
    source: Source<'a>,
    drive: &'a net::Drive,
    report: &mut Report,
    keys: &mut Keys,
    slots: &mut Vec<UniformPlan>,
) -> Quantity {
    let net::DriveKind::Poisson { rate, per_tick, .. } = &drive.kind else { return Quantity::Constant(0.0) };
    let step = if *per_tick { 1.0 } else { source.net.dt };
    let program = view_program(source, drive, "rate", report, keys, |lowerer| {
        let rate = match rate {
            Setting::Value(value) => {
                let value = number(value).unwrap_or(0.0);
                slots.push(UniformPlan {
                    name: "rate".to_owned(),
                    ty: Ty::Float,
                    role: Role::Parameter,
                    value,
                });
                match drive.per_cell {
                    true => lowerer.b.load(Side::Own, ArrayId(0), Ty::Float),
                    false => lowerer.b.uniform(UniformId(0), Ty::Float),
                }
            }
            Setting::Each(closure) => {
                lowerer.within(closure.environment, |lowerer| lowerer.float(closure.expr))
            }
        };
        let step = lowerer.b.float(step);
        lowerer.b.mul(rate, step)
    });
    Quantity::Program(Box::new(program))
}

/// A quantity of each cell of the target.
fn per_cell<'a>(
    source: Source<'a>,
    drive: &'a net::Drive,
    setting: &'a Setting,
    what: &str,
    report: &mut Report,
    keys: &mut Keys,
) -> Quantity {
    match setting {
        Setting::Value(value) => Quantity::Constant(number(value).unwrap_or(0.0)),
        Setting::Each(closure) => constant_or(view_program(source, drive, what, report, keys, |lowerer| {
            lowerer.within(closure.environment, |lowerer| lowerer.float(closure.expr))
        })),
    }
}

fn view_program<'a>(
    source: Source<'a>,
    drive: &'a net::Drive,
    what: &str,
    report: &mut Report,
    keys: &mut Keys,
    value: impl FnOnce(&mut Lowerer<'a, '_, '_>) -> ValueId,
) -> Program {
    let builder = Builder::new(format!("{}.{what}", drive.path), Precision::F64);
    let mut lowerer =
        Lowerer::new(source, report, keys, builder, Site::View(ViewSite { view: &drive.target }));
    let value = lowerer.declared(what, value);
    finite_result(lowerer, value, drive.span, &format!("the {what} of `{}`", drive.path))
}

/// A program with one result, which must be finite, and what its expression demands.
pub fn finite_result(mut lowerer: Lowerer, value: ValueId, span: Span, what: &str) -> Program {
    let mut checks = std::mem::take(&mut lowerer.checks);
    if lowerer.b.ty(value) == Ty::Float {
        let place = lowerer.report.place(span, what);
        checks.push(Check { kind: CheckKind::Finite, value, place });
    }
    lowerer.finish(vec![Output::Result(value)], checks)
}

/// The number, where a program is one.
pub fn constant_or(program: Program) -> Quantity {
    match (&program.ops[..], &program.outputs[..]) {
        ([Op::Float(x)], [Output::Result(_)]) => Quantity::Constant(*x),
        _ => Quantity::Program(Box::new(program)),
    }
}
