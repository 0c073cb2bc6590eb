//! A census: which constructs of the language a text uses.
//!
//! In: a text. Out: the names of what its tree holds, such as `port alpha`, `connect total`, `op <=`. It reads
//! the tree, not the generator, so that nothing is counted that was only meant to be written.

use circ_grammar::ast::*;
use circ_grammar::parse;
use std::collections::BTreeSet;

/// What the language itself gives a value.
const VALUES: &[&str] = &["t", "dt", "i", "row", "col", "layer", "size", "pi", "inf", "xi"];

/// The constructs in a text.
pub fn census(text: &str) -> BTreeSet<String> {
    let file = parse::parse(FileId(0), text).file;
    let mut census = Census { file: &file, met: BTreeSet::new(), no_function: BTreeSet::new() };
    file.items.iter().for_each(|item| census.item(&item.kind));
    census.expressions();
    census.met
}

struct Census<'a> {
    file: &'a File,
    met: BTreeSet<String>,
    /// Shapes of ports and sources of drives: `exponential` is a distribution elsewhere.
    no_function: BTreeSet<ExprId>,
}

impl Census<'_> {
    fn has(&mut self, construct: impl Into<String>) {
        self.met.insert(construct.into());
    }

    fn has_if(&mut self, holds: bool, construct: impl Into<String>) {
        if holds {
            self.has(construct);
        }
    }

    fn item(&mut self, item: &ItemKind) {
        match item {
            ItemKind::Use { .. } => self.has("use"),
            ItemKind::Let(_) => self.has("top let"),
            ItemKind::Data(_) => self.has("top data"),
            ItemKind::Fn(_) => self.has("top fn"),
            ItemKind::Cell(cell) => self.cell(cell),
            ItemKind::Rule(_) => self.has("rule"),
            ItemKind::Circuit(circuit) => {
                self.formals("circuit", &circuit.formals);
                circuit.items.iter().for_each(|item| self.circuit_item(&item.kind));
            }
            ItemKind::Experiment(experiment) => {
                self.formals("experiment", &experiment.formals);
                let given = experiment.of.as_ref().is_some_and(|(_, args)| !args.is_empty());
                self.has_if(given, "experiment arguments");
                self.statements(&experiment.items);
            }
            ItemKind::Error => self.has("error"),
        }
    }

    fn formals(&mut self, of: &str, formals: &[Formal]) {
        self.has_if(!formals.is_empty(), format!("{of} formal"));
        self.has_if(formals.iter().any(|formal| formal.range.is_some()), format!("{of} formal range"));
    }

    // Cells

    fn cell(&mut self, cell: &Cell) {
        self.has_if(cell.base.is_some(), "extends");
        for item in &cell.items {
            self.cell_item(&item.kind, &cell.items);
        }
    }

    fn cell_item(&mut self, item: &CellItemKind, cell: &[CellItem]) {
        match item {
            CellItemKind::Param(param) => self.variable("param", param),
            CellItemKind::State(state) => self.variable("state", state),
            CellItemKind::Equation(equation) => self.equation("equation", equation),
            CellItemKind::Let(binding) => {
                let draws = self.draws(binding.value);
                self.has(if draws { "let random" } else { "let" });
            }
            CellItemKind::Fn(function) => {
                self.has(if function.result.is_some() { "fn result" } else { "fn" });
            }
            CellItemKind::Port { polarity, shape, .. } => self.port(*polarity, *shape),
            CellItemKind::Spike { body, .. } => {
                self.has(if body.is_some() { "spike body" } else { "spike" });
                self.actions(body.as_deref().unwrap_or_default());
            }
            CellItemKind::Event { condition, body, .. } => {
                self.has(if condition.is_some() { "event when" } else { "event emitted" });
                self.has(if body.is_some() { "event body" } else { "event" });
                self.actions(body.as_deref().unwrap_or_default());
            }
            CellItemKind::On { event, body, .. } => {
                let name = &*event.names[0].text;
                let port = |item: &CellItem| matches!(&item.kind, CellItemKind::Port { name: port, .. } if &*port.text == name);
                self.has(match name {
                    _ if 1 < event.names.len() => "on event of segment",
                    "tick" => "on tick",
                    "spike" => "on spike",
                    _ if cell.iter().any(port) => "on port",
                    _ => "on event",
                });
                self.actions(body);
            }
            CellItemKind::OnEnd { body, .. } => {
                self.has("on end");
                self.actions(body);
            }
            CellItemKind::Mode { duration, items, .. } => {
                self.has(if duration.is_some() { "mode for" } else { "mode" });
                items.iter().for_each(|item| self.mode_item(&item.kind));
            }
            CellItemKind::Method(name) => self.has(format!("method {}", name.text)),
            CellItemKind::Precision(name) => self.has(format!("precision {}", name.text)),
            CellItemKind::Segment { count, items, .. } => {
                self.has(if count.is_some() { "segments" } else { "segment" });
                items.iter().for_each(|item| self.segment_item(&item.kind, items));
            }
            CellItemKind::Couple { .. } => self.has("couple"),
            CellItemKind::For { items, .. } => {
                self.has("cell for");
                items.iter().for_each(|item| self.cell_item(&item.kind, cell));
            }
            CellItemKind::Error => self.has("error"),
        }
    }

    /// What a segment has is counted with what cells have, and where it is told apart.
    fn segment_item(&mut self, item: &CellItemKind, segment: &[CellItem]) {
        match item {
            CellItemKind::Param(param) => {
                let of_segment = param.value.is_some_and(|value| self.mentions(value, &["k"]));
                self.has_if(of_segment, "param of segment");
            }
            CellItemKind::State(state) => {
                let of_segment = state.value.is_some_and(|value| self.mentions(value, &["k"]));
                self.has_if(of_segment, "state of segment");
            }
            CellItemKind::Port { .. } => self.has("segment port"),
            CellItemKind::Event { .. } => self.has("segment event"),
            CellItemKind::Mode { .. } => self.has("segment mode"),
            CellItemKind::Segment { .. } => self.has("segment in segment"),
            CellItemKind::On { event, .. } => {
                let spike = &*event.names[0].text == "spike";
                self.has_if(spike, "segment on spike");
                self.has_if(&*event.names[0].text == "tick", "segment on tick");
            }
            CellItemKind::OnEnd { .. } => self.has("segment on end"),
            _ => {}
        }
        self.cell_item(item, segment);
    }

    fn variable(&mut self, kind: &str, variable: &Variable) {
        let ty = variable.ty.as_ref().map(|ty| &*ty.factors[0].name.text);
        let text = matches!(variable.value.map(|value| &self.file.expr(value).kind), Some(ExprKind::Bool(_)));
        self.has(match ty {
            Some("int") => format!("{kind} int"),
            Some("bool") => format!("{kind} bool"),
            None if text => format!("{kind} bool"),
            _ => kind.to_string(),
        });
        self.has_if(ty.is_some(), format!("{kind} typed"));
        self.has_if(variable.range.is_some(), format!("{kind} range"));
        if let Some(value) = variable.value {
            self.varies(kind, value);
        }
    }

    /// Whether a value is drawn, or depends on the index or the pair.
    fn varies(&mut self, what: &str, value: ExprId) {
        let draws = self.draws(value);
        self.has_if(draws, format!("{what} random"));
        self.has_if(self.mentions(value, &["i", "row", "col", "layer"]), format!("{what} of index"));
        self.has_if(self.mentions(value, &["pre", "post"]), format!("{what} of pair"));
        self.has_if(self.mentions(value, &["distance"]), format!("{what} of distance"));
        self.has_if(self.mentions(value, &["edge"]), format!("{what} of edge"));
        self.has_if(self.mentions(value, &["t"]), format!("{what} of time"));
    }

    fn equation(&mut self, what: &str, equation: &Equation) {
        let factor = equation.factor.map(|factor| &self.file.expr(factor).kind);
        self.has(match factor {
            None => what.to_string(),
            Some(ExprKind::Number(_)) => format!("{what} with quantity"),
            Some(_) => format!("{what} with name"),
        });
    }

    fn port(&mut self, polarity: Option<Polarity>, shape: ExprId) {
        self.no_function.insert(shape);
        self.has(match polarity {
            Some(Polarity::Excitatory) => "port excitatory",
            Some(Polarity::Inhibitory) => "port inhibitory",
            Some(Polarity::Modulatory) => "port modulatory",
            None => "port plain",
        });
        let name = match &self.file.expr(shape).kind {
            ExprKind::Name(name) => name.to_string(),
            ExprKind::Call { callee, args } => {
                let subtracts = matches!(self.file.expr(args[0].value).kind, ExprKind::Unary { .. });
                self.has_if(subtracts, "port delta subtracts");
                self.name(*callee)
            }
            _ => String::new(),
        };
        self.has(format!("port {name}"));
    }

    fn mode_item(&mut self, item: &ModeItemKind) {
        match item {
            ModeItemKind::Equation(_) => self.has("mode equation"),
            ModeItemKind::Let(_) => self.has("mode let"),
            ModeItemKind::Hold(_) => self.has("mode hold"),
            ModeItemKind::Drop(_) => self.has("mode drop"),
            ModeItemKind::No(_) => self.has("mode no"),
            ModeItemKind::Error => self.has("error"),
        }
    }

    fn actions(&mut self, actions: &[Action]) {
        for action in actions {
            match &action.kind {
                ActionKind::Assign { op, .. } => self.has(format!("action {}", assignment(*op))),
                ActionKind::Let(_) => self.has("action let"),
                ActionKind::If { then, otherwise, .. } => {
                    self.has(if otherwise.is_empty() { "action if" } else { "action if else" });
                    self.actions(then);
                    self.actions(otherwise);
                }
                ActionKind::Enter(_) => self.has("action enter"),
                ActionKind::Leave(_) => self.has("action leave"),
                ActionKind::Emit(_) => self.has("action emit"),
                ActionKind::Transmit(_) => self.has("action transmit"),
                ActionKind::Refractory { duration, hold, drop } => {
                    self.has("refractory");
                    self.varies("refractory", *duration);
                    self.has_if(!hold.is_empty(), "refractory hold");
                    self.has_if(!drop.is_empty(), "refractory drop");
                }
                ActionKind::Error => self.has("error"),
            }
        }
    }

    // Circuits

    fn circuit_item(&mut self, item: &CircuitItemKind) {
        match item {
            CircuitItemKind::Population { population, .. } => self.population(population),
            CircuitItemKind::Drive { drive, .. } => self.drive(drive),
            CircuitItemKind::Projection { projection, .. } => self.projection(projection),
            CircuitItemKind::Part { args, .. } => {
                self.has(if args.is_empty() { "part" } else { "part arguments" })
            }
            CircuitItemKind::Data { .. } => self.has("circuit data"),
            CircuitItemKind::Let { .. } => self.has("circuit let"),
            CircuitItemKind::Fn(_) => self.has("circuit fn"),
            CircuitItemKind::For { over, items, .. } => {
                self.has(match over {
                    Iter::Range(..) => "for range",
                    Iter::Expr(_) => "for values",
                });
                for item in items {
                    self.has_if(
                        matches!(item.kind, CircuitItemKind::Population { .. }),
                        "family of populations",
                    );
                    self.has_if(
                        matches!(item.kind, CircuitItemKind::Projection { .. }),
                        "family of projections",
                    );
                    self.has_if(matches!(item.kind, CircuitItemKind::Part { .. }), "family of parts");
                    self.circuit_item(&item.kind);
                }
            }
            CircuitItemKind::If { then, otherwise, .. } => {
                self.has(if otherwise.is_empty() { "circuit if" } else { "circuit if else" });
                then.iter().chain(otherwise).for_each(|item| self.circuit_item(&item.kind));
            }
            CircuitItemKind::Constraints(constraints) => {
                for constraint in constraints {
                    self.has(match &constraint.kind {
                        ConstraintKind::Dale(views) if views.is_empty() => "dale",
                        ConstraintKind::Dale(_) => "dale of",
                        ConstraintKind::Require(_) => "require",
                        ConstraintKind::Enforce { every: None, .. } => "enforce",
                        ConstraintKind::Enforce { every: Some(_), .. } => "enforce every",
                        ConstraintKind::Monitor { .. } => "monitor",
                        ConstraintKind::Error => "error",
                    });
                }
            }
            CircuitItemKind::Error => self.has("error"),
        }
    }

    fn population(&mut self, population: &Population) {
        self.has(match population.polarity {
            Some(Polarity::Excitatory) => "population excitatory",
            Some(Polarity::Inhibitory) => "population inhibitory",
            _ => "population without polarity",
        });
        let source = &*population.cell.names[0].text == "SpikeTimes";
        self.has(if source {
            "population SpikeTimes".to_string()
        } else {
            format!("population of {} dimensions", population.size.len())
        });
        for item in &population.items {
            match &item.kind {
                PopulationItemKind::Set { value, .. } => {
                    self.has("override");
                    self.varies("override", *value);
                }
                PopulationItemKind::At(value) => {
                    let grid = matches!(self.file.expr(*value).kind, ExprKind::Call { .. });
                    self.has(if grid { "at grid" } else { "at position" });
                }
                PopulationItemKind::Error => self.has("error"),
            }
        }
    }

    fn drive(&mut self, drive: &Drive) {
        let kind = match &self.file.expr(drive.source).kind {
            ExprKind::Call { callee, .. } => self.name(*callee),
            _ => String::new(),
        };
        let named = ["poisson", "choose", "times", "table"].contains(&kind.as_str());
        let kind = if named { format!("drive {kind}") } else { "drive value".to_string() };
        match &self.file.expr(drive.source).kind {
            ExprKind::Call { args, .. } if named => {
                self.no_function.insert(drive.source);
                args.iter().for_each(|arg| self.varies(&kind, arg.value));
            }
            _ => self.varies(&kind, drive.source),
        }
        self.has(kind);
        self.view("drive to", drive.target);
        for clause in &drive.clauses {
            match &clause.kind {
                DriveClauseKind::Weight(value) => {
                    self.has("drive weight");
                    self.varies("drive weight", *value);
                }
                DriveClauseKind::Delay(_) => self.has("drive delay"),
                DriveClauseKind::FromTo(..) => self.has("drive window"),
                DriveClauseKind::Error => self.has("error"),
            }
        }
    }

    fn projection(&mut self, projection: &Projection) {
        self.view("from", projection.source);
        self.view("to", projection.target);
        let delayed =
            |clause: &Clause| matches!(clause.kind, ClauseKind::Delay(_) | ClauseKind::Dendritic(_));
        self.has_if(!projection.clauses.iter().any(delayed), "delay none");
        self.has_if(projection.symmetric, "symmetric");
        projection.clauses.iter().for_each(|clause| self.clause(&clause.kind));
    }

    fn clause(&mut self, clause: &ClauseKind) {
        match clause {
            ClauseKind::Connect { kind, value } => {
                let kind = format!("connect {}", kind.text);
                if let Some(value) = value {
                    self.varies(&kind, *value);
                }
                self.has(kind);
            }
            ClauseKind::Allow(words) => {
                words.iter().for_each(|word| self.has(format!("allow {}", word.text)))
            }
            ClauseKind::Weight(value) => self.valued("weight", *value),
            ClauseKind::Delay(value) => self.valued("delay", *value),
            ClauseKind::Dendritic(value) => self.valued("dendritic", *value),
            ClauseKind::Polarity(_) => self.has("clause polarity"),
            ClauseKind::Continuous(value) => self.valued("continuous", *value),
            ClauseKind::Onto(value) => {
                let random =
                    matches!(&self.file.expr(*value).kind, ExprKind::Name(name) if &**name == "random");
                self.has(if random { "onto random" } else { "onto" });
                self.varies("onto", *value);
            }
            ClauseKind::Error => self.has("error"),
            _ => self.has("clause of another floor"),
        }
    }

    fn valued(&mut self, clause: &str, value: ExprId) {
        self.has(clause);
        self.varies(clause, value);
    }

    /// How the cells of a view are chosen.
    fn view(&mut self, end: &str, view: ExprId) {
        match &self.file.expr(view).kind {
            ExprKind::Name(_) => self.has(format!("{end} all")),
            ExprKind::Tuple(_) => self.has(format!("{end} union")),
            ExprKind::Index { .. } => self.has(format!("{end} some")),
            ExprKind::Field { base, name } => {
                let inner = matches!(&self.file.expr(*base).kind, ExprKind::Field { .. });
                self.has_if(inner, format!("{end} segments"));
                let event = end == "from" && matches!(&*name.text, "bang" | "high" | "spike");
                self.has_if(event, "from event");
                self.view(end, *base);
            }
            _ => {}
        }
    }

    // Experiments

    fn statements(&mut self, statements: &[Statement]) {
        let runs = statements.iter().filter(|it| matches!(it.kind, StatementKind::Run { .. })).count();
        self.has_if(runs > 1, "run again");
        statements.iter().for_each(|statement| self.statement(&statement.kind));
    }

    fn statement(&mut self, statement: &StatementKind) {
        match statement {
            StatementKind::Dt(_) => self.has("dt"),
            StatementKind::Seed(_) => self.has("seed"),
            StatementKind::Precision(name) => self.has(format!("precision {}", name.text)),
            StatementKind::Method(_) => self.has("experiment method"),
            StatementKind::Data(_) => self.has("experiment data"),
            StatementKind::Let(_) => self.has("experiment let"),
            StatementKind::Fn(_) => self.has("experiment fn"),
            StatementKind::Drive(drive) => {
                self.has("experiment drive");
                self.drive(drive);
            }
            StatementKind::Assign { op, .. } => self.has(format!("experiment {}", assignment(*op))),
            StatementKind::Record { every, .. } => {
                self.has(if every.is_some() { "record every" } else { "record" })
            }
            StatementKind::Run { until, .. } => self.has(if until.is_some() { "run until" } else { "run" }),
            StatementKind::Set { target, value, .. } => {
                self.has(match &self.file.expr(*target).kind {
                    ExprKind::Field { base, .. } => match &self.file.expr(*base).kind {
                        ExprKind::Index { .. } => "set of cells",
                        _ => "set of a population",
                    },
                    _ => "set of a drive",
                });
                self.varies("set", *value);
            }
            StatementKind::Clamp { target, .. } => {
                self.has("clamp");
                if let ExprKind::Field { base, .. } = &self.file.expr(*target).kind {
                    self.has(match &self.file.expr(*base).kind {
                        ExprKind::Index { .. } => "clamp of cells",
                        _ => "clamp of a population",
                    });
                }
            }
            StatementKind::Release(targets) => {
                self.has(if targets.is_empty() { "release of all" } else { "release" })
            }
            StatementKind::Print(_) => self.has("print"),
            StatementKind::Report(_) => self.has("report"),
            StatementKind::Plot(_) => self.has("plot"),
            StatementKind::Expect(_) => self.has("expect"),
            StatementKind::Enforce(_) => self.has("enforce now"),
            _ => self.has("statement of another floor"),
        }
    }

    // Expressions

    fn expressions(&mut self) {
        for (id, expr) in (0..).map(ExprId).zip(&self.file.exprs) {
            match &expr.kind {
                ExprKind::Call { .. } if self.no_function.contains(&id) => {}
                ExprKind::Name(name) => self.has_if(VALUES.contains(&&**name), format!("value {name}")),
                ExprKind::Unary { op, .. } => self.has(format!("op {op:?}")),
                ExprKind::Binary { op, .. } => self.has(format!("op {op:?}")),
                ExprKind::InRange { .. } => self.has("in range"),
                ExprKind::In { .. } => self.has("in view"),
                ExprKind::If { .. } => self.has("if then else"),
                ExprKind::Index { indices, .. } => indices.iter().for_each(|index| {
                    self.has(match index {
                        Index::At(at) if matches!(self.file.expr(*at).kind, ExprKind::Array(_)) => "[list]",
                        Index::At(_) => "[index]",
                        Index::Range(..) => "[slice]",
                        Index::Where(_) => "[where]",
                    });
                }),
                ExprKind::Call { callee, args } => {
                    let name = self.name(*callee);
                    for arg in args {
                        self.has_if(matches!(arg.tail, ArgTail::For { .. }), format!("call {name} for"));
                        self.has_if(matches!(arg.tail, ArgTail::Over(_)), format!("call {name} over"));
                        self.has_if(arg.each, format!("call {name} each"));
                    }
                    self.has(format!("call {name}"));
                }
                ExprKind::Prime(_) => self.has("derivative"),
                ExprKind::Array(_) => self.has("array"),
                ExprKind::Tuple(_) => self.has("tuple"),
                ExprKind::Error => self.has("error"),
                ExprKind::Number(number) => {
                    number.unit.iter().filter(|unit| ["tick", "%"].contains(&&*unit.name)).for_each(|unit| {
                        self.has(format!("unit {}", unit.name));
                    });
                }
                ExprKind::String(_) | ExprKind::Bool(_) => {}
                ExprKind::Cell | ExprKind::Field { .. } => {}
            }
        }
    }

    fn name(&self, id: ExprId) -> String {
        match &self.file.expr(id).kind {
            ExprKind::Name(name) => name.to_string(),
            _ => String::new(),
        }
    }

    fn draws(&self, id: ExprId) -> bool {
        const DRAWS: &[&str] = &[
            "uniform",
            "normal",
            "lognormal",
            "exponential",
            "gamma",
            "beta",
            "binomial",
            "poisson",
            "redraw",
            "chance",
        ];
        let calls = |callee: ExprId| DRAWS.contains(&self.name(callee).as_str());
        self.any_within(id, &|kind| matches!(kind, ExprKind::Call { callee, .. } if calls(*callee)))
    }

    fn mentions(&self, id: ExprId, names: &[&str]) -> bool {
        self.any_within(id, &|kind| matches!(kind, ExprKind::Name(name) if names.contains(&&**name)))
    }

    /// Children come before their parents and lie within their span.
    fn any_within(&self, id: ExprId, holds: &dyn Fn(&ExprKind) -> bool) -> bool {
        let whole = self.file.expr(id).span;
        let within = |span: Span| whole.start <= span.start && span.end <= whole.end;
        self.file.exprs.iter().any(|expr| within(expr.span) && holds(&expr.kind))
    }
}

fn assignment(op: AssignOp) -> &'static str {
    match op {
        AssignOp::Set => "=",
        AssignOp::Add => "+=",
        AssignOp::Subtract => "-=",
        AssignOp::Multiply => "*=",
    }
}
