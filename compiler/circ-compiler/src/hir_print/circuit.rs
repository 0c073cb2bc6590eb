//! Circuits: formals, items, populations, drives, projections.

use super::Printer;
use super::words::*;
use crate::hir::*;

impl Printer<'_> {
    pub(super) fn formals(&self, slots: &[Slot], formals: &[SlotId]) -> String {
        let texts = formals.iter().map(|formal| {
            let slot = &slots[formal.index()];
            match &slot.kind {
                SlotKind::Formal { declared, range, default } => format!(
                    "{}{}{}{}",
                    slot.name,
                    annotation(declared),
                    self.range(range),
                    self.value(default)
                ),
                _ => slot.name.to_string(),
            }
        });
        texts.collect::<Vec<_>>().join(", ")
    }

    pub(super) fn args(&self, circuit: CircuitId, args: &[(SlotId, ExprId)]) -> String {
        let texts = args.iter().map(|(slot, value)| {
            format!("{} = {}", self.hir.circuit(circuit).slots[slot.index()].name, self.expr(*value))
        });
        texts.collect::<Vec<_>>().join(", ")
    }

    pub(super) fn binding(&mut self, slot: &Slot) {
        let public = if slot.public { "pub " } else { "" };
        match &slot.kind {
            SlotKind::Let { declared, value } => self.line(format!(
                "{public}let {}{} = {}",
                slot.name,
                annotation(declared),
                self.expr(*value)
            )),
            SlotKind::Data { declared, value } => {
                self.line(format!("{public}data {}: {declared} = {}", slot.name, self.expr(*value)))
            }
            _ => {}
        }
    }

    pub(super) fn items(&mut self, circuit: &Circuit, items: &[Item]) {
        for item in items {
            match &item.kind {
                ItemKind::Population(population) => self.population(circuit, population),
                ItemKind::Drive(drive) => self.drive(&circuit.slots[drive.slot.index()].name, drive),
                ItemKind::Projection(projection) => self.projection(circuit, projection),
                ItemKind::Part { slot, circuit: part, args } => {
                    let text = format!(
                        "part {}: {}({})",
                        circuit.slots[slot.index()].name,
                        self.hir.circuit(*part).name,
                        self.args(*part, args)
                    );
                    self.line(text);
                }
                ItemKind::Binding(slot) => self.binding(&circuit.slots[slot.index()]),
                ItemKind::For { index, over, items } => {
                    let over = match over {
                        Over::Range(lo, hi) => format!("{} .. {}", self.expr(*lo), self.expr(*hi)),
                        Over::Values(values) => self.expr(*values),
                    };
                    self.block(format!("for {} in {over}", circuit.slots[index.index()].name), |out| {
                        out.items(circuit, items)
                    });
                }
                ItemKind::If { condition, then, otherwise } => {
                    self.block(format!("if {}", self.expr(*condition)), |out| out.items(circuit, then));
                    if !otherwise.is_empty() {
                        self.block("else", |out| out.items(circuit, otherwise));
                    }
                }
                ItemKind::Constraint(constraint) => {
                    let text = match &constraint.kind {
                        ConstraintKind::Dale(views) if views.is_empty() => "dale".to_owned(),
                        ConstraintKind::Dale(views) => format!("dale of {}", self.list(views)),
                        ConstraintKind::Require(what) => format!("require {}", self.expr(*what)),
                        ConstraintKind::Enforce(Enforce { equation, every: None }) => {
                            format!("enforce {}", self.expr(*equation))
                        }
                        ConstraintKind::Enforce(Enforce { equation, every: Some(every) }) => {
                            format!("enforce {} every {}", self.expr(*equation), self.expr(*every))
                        }
                        ConstraintKind::Monitor { condition, stops } => {
                            let stops = if *stops { " else stop" } else { "" };
                            format!("monitor {}{stops}", self.expr(*condition))
                        }
                    };
                    self.line(text);
                }
            }
        }
    }

    pub(super) fn population(&mut self, circuit: &Circuit, population: &Population) {
        let slot = &circuit.slots[population.slot.index()];
        let cell = self.hir.cell(population.cell);
        let public = if slot.public { "pub " } else { "" };
        let size = if population.size.is_empty() {
            String::new()
        } else {
            format!("[{}]", self.list(&population.size))
        };
        let head = format!(
            "{public}population {}: {}{}{size}",
            slot.name,
            polarity_word(population.polarity),
            cell.name
        );
        if population.overrides.is_empty() && population.at.is_none() && population.names.is_none() {
            return self.line(head);
        }
        self.block(head, |out| {
            for (var, value, _) in &population.overrides {
                out.line(format!("{} = {}", cell.vars[var.index()].name, out.expr(*value)));
            }
            if let Some(names) = population.names {
                out.line(format!("names = {}", out.expr(names)));
            }
            if let Some(at) = population.at {
                out.line(format!("at {}", out.expr(at)));
            }
        });
    }

    pub(super) fn drive(&mut self, name: &str, drive: &Drive) {
        let source = match &drive.source {
            DriveSource::Poisson(rate) => format!("poisson({})", self.expr(*rate)),
            DriveSource::Choose { count, every } => {
                format!("choose({}, every = {})", self.expr(*count), self.expr(*every))
            }
            DriveSource::Times(times) => format!("times({})", self.expr(*times)),
            DriveSource::Table { data, every } => {
                format!("table({}, every = {})", self.expr(*data), self.expr(*every))
            }
            DriveSource::Value(value) => self.expr(*value),
        };
        self.block(format!("drive {name}: {source} -> {}", self.expr(drive.target)), |out| {
            out.clause("weight", drive.weight);
            out.clause("delay", drive.delay);
            if let Some((from, to)) = drive.window {
                out.line(format!("from {} to {}", out.expr(from), out.expr(to)));
            }
        });
    }

    pub(super) fn clause(&mut self, word: &str, value: Option<ExprId>) {
        if let Some(value) = value {
            self.line(format!("{word} {}", self.expr(value)));
        }
    }

    pub(super) fn projection(&mut self, circuit: &Circuit, projection: &Projection) {
        let name = &circuit.slots[projection.slot.index()].name;
        let head = format!(
            "projection {name}: {} {} {}",
            self.expr(projection.source),
            if projection.symmetric { "<->" } else { "->" },
            self.expr(projection.target)
        );
        self.block(head, |out| {
            let connect = match &projection.connect {
                Connect::Probability(p) => format!("probability {}", out.expr(*p)),
                Connect::InDegree(n) => format!("in_degree {}", out.expr(*n)),
                Connect::OutDegree(n) => format!("out_degree {}", out.expr(*n)),
                Connect::Total(n) => format!("total {}", out.expr(*n)),
                Connect::OneToOne => "one_to_one".into(),
                Connect::AllToAll => "all_to_all".into(),
                Connect::Where(condition) => format!("where {}", out.expr(*condition)),
                Connect::From(table) => format!("from {}", out.expr(*table)),
                Connect::Error => "error".into(),
            };
            out.line(format!("connect {connect}"));
            let allowed = [
                (projection.allow_self, "self"),
                (projection.allow_multiple, "multiple"),
                (projection.allow_corelease, "corelease"),
            ];
            let allowed: Vec<_> =
                allowed.iter().filter(|(allowed, _)| *allowed).map(|(_, word)| *word).collect();
            if !allowed.is_empty() {
                out.line(format!("allow {}", allowed.join(", ")));
            }
            out.clause("weight", projection.weight);
            out.clause("delay", projection.delay);
            out.clause("dendritic", projection.dendritic);
            out.clause("back", projection.back);
            match projection.onto {
                Some((Which::Pair(which), _)) => out.clause("onto", Some(which)),
                Some((Which::Random, _)) => out.line("onto random"),
                None => {}
            }
            out.clause("share by", projection.share.map(|(key, _)| key));
            out.clause("continuous", projection.continuous);
            if let Some(attachment) = &projection.plasticity {
                out.attachment(attachment);
            }
            if let Some(precision) = projection.store {
                out.line(format!("store w as {precision}"));
            }
            if let Some((rows, _)) = projection.rows {
                out.line(format!("store {}", row_storage_word(rows)));
            }
            if projection.polarity.is_some() {
                out.line(format!("polarity {}", polarity_word(projection.polarity).trim_end()));
            }
        });
    }
}
