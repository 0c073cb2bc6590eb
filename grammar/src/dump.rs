//! The tree as text.
//!
//! In: a tree. Out: one line for each item and statement, indented, every operation in parentheses,
//! no places and no comments: two texts with the same dump mean the same. It is what snapshots hold
//! and what `--emit=ast` prints. Expressions recurse: the parser has bounded their depth.

use crate::ast::*;
use std::fmt::Write;

/// The tree of `file` as text.
pub fn dump(file: &File) -> String {
    let mut out = Dump { file, text: String::new(), depth: 0 };
    if let Some(doc) = &file.doc {
        out.doc("//!", doc);
    }
    for item in &file.items {
        out.attributes(&item.attributes);
        out.item(&item.kind);
    }
    out.text
}

/// One expression as text.
pub fn dump_expr(file: &File, expr: ExprId) -> String {
    Dump { file, text: String::new(), depth: 0 }.expr(expr)
}

struct Dump<'a> {
    file: &'a File,
    text: String,
    depth: usize,
}

impl Dump<'_> {
    fn line(&mut self, text: impl AsRef<str>) {
        let _ = writeln!(self.text, "{:width$}{}", "", text.as_ref(), width = 2 * self.depth);
    }

    fn doc(&mut self, mark: &str, doc: &str) {
        for line in doc.split('\n') {
            self.line(format!("{mark} {line}"));
        }
    }

    fn attributes(&mut self, attributes: &Attributes) {
        if let Some(doc) = &attributes.doc {
            self.doc("///", doc);
        }
        if !attributes.allow.is_empty() {
            let rules: Vec<&str> = attributes.allow.iter().map(|rule| &*rule.text).collect();
            self.line(format!("@allow({})", rules.join(", ")));
        }
    }

    /// What belongs to the line before.
    fn within<T>(&mut self, items: &[T], one: impl Fn(&mut Self, &T)) {
        self.depth += 1;
        for item in items {
            one(self, item);
        }
        self.depth -= 1;
    }

    fn nodes<K>(&mut self, items: &[Node<K>], one: impl Fn(&mut Self, &K)) {
        self.within(items, |out, item| {
            out.attributes(&item.attributes);
            one(out, &item.kind);
        });
    }

    // ---- Items ----

    fn item(&mut self, item: &ItemKind) {
        match item {
            ItemKind::Use { path, names } => {
                let names = names.as_ref().map(|names| format!(".{{{}}}", join(names, |name| name.text.to_string())));
                self.line(format!("use {}{}", path_text(path), names.unwrap_or_default()));
            }
            ItemKind::Let(binding) => self.binding("", binding),
            ItemKind::Data(data) => self.data("", data),
            ItemKind::Fn(function) => self.function(function),
            ItemKind::Cell(cell) => {
                self.line(format!("cell {}{}", cell.name.text, base(&cell.base)));
                self.nodes(&cell.items, Self::cell_item);
            }
            ItemKind::Rule(rule) => {
                self.line(format!("plasticity {}{}", rule.name.text, base(&rule.base)));
                self.nodes(&rule.items, Self::rule_item);
            }
            ItemKind::Circuit(circuit) => {
                self.line(format!("circuit {}({})", circuit.name.text, self.formals(&circuit.formals)));
                self.nodes(&circuit.items, Self::circuit_item);
            }
            ItemKind::Experiment(experiment) => {
                let of = experiment.of.as_ref().map(|(path, args)| format!(" of {}({})", path_text(path), self.args(args)));
                let formals = self.formals(&experiment.formals);
                self.line(format!("experiment {}({formals}){}", experiment.name.text, of.unwrap_or_default()));
                self.nodes(&experiment.items, Self::statement);
            }
            ItemKind::Error => self.line("error"),
        }
    }

    fn binding(&mut self, public: &str, binding: &Let) {
        self.line(format!("{public}let {}{} = {}", binding.name.text, self.typed(&binding.ty), self.expr(binding.value)));
    }

    fn data(&mut self, public: &str, data: &Data) {
        self.line(format!("{public}data {}: {} = {}", data.name.text, self.ty(&data.ty), self.expr(data.value)));
    }

    fn function(&mut self, function: &Function) {
        let result = function.result.as_ref().map(|ty| format!(" -> {}", self.ty(ty))).unwrap_or_default();
        self.line(format!("fn {}({}){result} = {}", function.name.text, self.formals(&function.formals), self.expr(function.body)));
    }

    fn formals(&self, formals: &[Formal]) -> String {
        join(formals, |formal| {
            let default = formal.default.map(|value| format!(" = {}", self.expr(value))).unwrap_or_default();
            format!("{}{}{}{default}", formal.name.text, self.typed(&formal.ty), self.bounds(formal.range))
        })
    }

    fn variable(&mut self, word: &str, variable: &Variable) {
        let value = variable.value.map(|value| format!(" = {}", self.expr(value))).unwrap_or_default();
        let ty = self.typed(&variable.ty);
        self.line(format!("{word} {}{ty}{}{value}", variable.name.text, self.bounds(variable.range)));
    }

    fn bounds(&self, range: Option<(ExprId, ExprId)>) -> String {
        range.map(|(lo, hi)| format!(" in {} .. {}", self.expr(lo), self.expr(hi))).unwrap_or_default()
    }

    fn typed(&self, ty: &Option<TypeExpr>) -> String {
        ty.as_ref().map(|ty| format!(": {}", self.ty(ty))).unwrap_or_default()
    }

    fn ty(&self, ty: &TypeExpr) -> String {
        let mut text = String::new();
        for (at, factor) in ty.factors.iter().enumerate() {
            let sign = match (at, factor.divides) {
                (0, _) => "",
                (_, true) => " / ",
                (_, false) => " * ",
            };
            let power = factor.power.map(|power| format!("^{power}")).unwrap_or_default();
            let shape = if factor.shape.is_empty() { String::new() } else { format!("[{}]", self.list(&factor.shape)) };
            let _ = write!(text, "{sign}{}{power}{shape}", factor.name.text);
        }
        text
    }

    // ---- Cells ----

    fn cell_item(&mut self, item: &CellItemKind) {
        match item {
            CellItemKind::Param(variable) => self.variable("param", variable),
            CellItemKind::State(variable) => self.variable("state", variable),
            CellItemKind::Equation(equation) => self.equation(equation),
            CellItemKind::Let(binding) => self.binding("", binding),
            CellItemKind::Fn(function) => self.function(function),
            CellItemKind::Port { name, polarity, ty, shape } => {
                let polarity = polarity.map(|polarity| format!("{} ", polarity_text(polarity))).unwrap_or_default();
                self.line(format!("port {}: {polarity}{} via {}", name.text, self.ty(ty), self.expr(*shape)));
            }
            CellItemKind::Segment { name, count, items } => {
                let count = count.map(|count| format!("[{}]", self.expr(count))).unwrap_or_default();
                self.line(format!("segment {}{count}", name.text));
                self.nodes(items, Self::cell_item);
            }
            CellItemKind::Spike { condition, body } => {
                self.line(format!("spike when {}{}", self.expr(*condition), block_mark(body)));
                self.actions(body.as_deref().unwrap_or_default());
            }
            CellItemKind::Event { name, condition, body } => {
                let condition = condition.map(|condition| format!(" when {}", self.expr(condition))).unwrap_or_default();
                self.line(format!("event {}{condition}{}", name.text, block_mark(body)));
                self.actions(body.as_deref().unwrap_or_default());
            }
            CellItemKind::On { event, and, body } => self.on(event, and.as_ref(), body),
            CellItemKind::OnEnd { mode, body } => {
                self.line(format!("on end {}", path_text(mode)));
                self.actions(body);
            }
            CellItemKind::Mode { name, duration, items } => {
                let duration = duration.map(|duration| format!(" for {}", self.expr(duration))).unwrap_or_default();
                self.line(format!("mode {}{duration}", name.text));
                self.nodes(items, Self::mode_item);
            }
            CellItemKind::Couple { a, b, by } => {
                self.line(format!("couple {} <-> {} by {}", self.expr(*a), self.expr(*b), self.expr(*by)))
            }
            CellItemKind::For { index, over, items } => {
                self.line(format!("for {} in {}", index.text, self.iter(over)));
                self.nodes(items, Self::cell_item);
            }
            CellItemKind::Method(name) => self.line(format!("method {}", name.text)),
            CellItemKind::Precision(name) => self.line(format!("precision {}", name.text)),
            CellItemKind::Error => self.line("error"),
        }
    }

    fn equation(&mut self, equation: &Equation) {
        let factor = equation.factor.map(|factor| format!("{} * ", self.expr(factor))).unwrap_or_default();
        self.line(format!("equation {factor}{}' = {}", equation.name.text, self.expr(equation.value)));
    }

    fn mode_item(&mut self, item: &ModeItemKind) {
        match item {
            ModeItemKind::Equation(equation) => self.equation(equation),
            ModeItemKind::Let(binding) => self.binding("", binding),
            ModeItemKind::Hold(paths) => self.line(format!("hold {}", paths_text(paths))),
            ModeItemKind::Drop(paths) => self.line(format!("drop {}", paths_text(paths))),
            ModeItemKind::No(paths) => self.line(format!("no {}", paths_text(paths))),
            ModeItemKind::Error => self.line("error"),
        }
    }

    fn on(&mut self, event: &Path, and: Option<&Path>, body: &[Action]) {
        let and = and.map(|and| format!(" and {}", path_text(and))).unwrap_or_default();
        self.line(format!("on {}{and}", path_text(event)));
        self.actions(body);
    }

    fn actions(&mut self, actions: &[Action]) {
        self.nodes(actions, Self::action);
    }

    fn action(&mut self, action: &ActionKind) {
        match action {
            ActionKind::Assign { target, op, value } => self.assign(*target, *op, *value),
            ActionKind::Let(binding) => self.binding("", binding),
            ActionKind::If { condition, then, otherwise } => {
                self.line(format!("if {}", self.expr(*condition)));
                self.actions(then);
                if !otherwise.is_empty() {
                    self.line("else");
                    self.actions(otherwise);
                }
            }
            ActionKind::Enter(path) => self.line(format!("enter {}", path_text(path))),
            ActionKind::Leave(path) => self.line(format!("leave {}", path_text(path))),
            ActionKind::Emit(path) => self.line(format!("emit {}", path_text(path))),
            ActionKind::Transmit(value) => self.word("transmit", *value),
            ActionKind::Refractory { duration, hold, drop } => {
                let hold = if hold.is_empty() { String::new() } else { format!(" hold {}", paths_text(hold)) };
                let drop = if drop.is_empty() { String::new() } else { format!(" drop {}", paths_text(drop)) };
                self.line(format!("refractory {}{hold}{drop}", self.expr(*duration)));
            }
            ActionKind::Error => self.line("error"),
        }
    }

    fn assign(&mut self, target: ExprId, op: AssignOp, value: ExprId) {
        let sign = match op {
            AssignOp::Set => "=",
            AssignOp::Add => "+=",
            AssignOp::Subtract => "-=",
            AssignOp::Multiply => "*=",
        };
        self.line(format!("assign {} {sign} {}", self.expr(target), self.expr(value)));
    }

    fn word(&mut self, word: &str, value: ExprId) {
        self.line(format!("{word} {}", self.expr(value)));
    }

    fn words(&mut self, word: &str, values: &[ExprId]) {
        self.line(format!("{word} {}", self.list(values)).trim_end());
    }

    // ---- Rules ----

    fn rule_item(&mut self, item: &RuleItemKind) {
        match item {
            RuleItemKind::Param(variable) => self.variable("param", variable),
            RuleItemKind::Modulator { name, ty } => self.line(format!("modulator {}: {}", name.text, self.ty(ty))),
            RuleItemKind::Let(binding) => self.binding("", binding),
            RuleItemKind::Fn(function) => self.function(function),
            RuleItemKind::Equation(equation) => self.equation(equation),
            RuleItemKind::Trace { side, name, ty, value, body } => {
                let side = match side {
                    Side::Pre => "pre",
                    Side::Post => "post",
                };
                self.line(format!("{side} {}{} = {}", name.text, self.typed(ty), self.expr(*value)));
                self.within(body, |out, line| match line {
                    TraceItem::Equation(equation) => out.equation(equation),
                    TraceItem::On { event, body } => out.on(event, None, body),
                });
            }
            RuleItemKind::Synapse { name, ty, value } => {
                self.line(format!("synapse {}{} = {}", name.text, self.typed(ty), self.expr(*value)))
            }
            RuleItemKind::Bounds { name, lo, hi } => {
                self.line(format!("bounds {} in {} .. {}", name.text, self.expr(*lo), self.expr(*hi)))
            }
            RuleItemKind::On { event, and, body } => self.on(event, and.as_ref(), body),
            RuleItemKind::Every { interval, body } => {
                self.word("every", *interval);
                self.actions(body);
            }
            RuleItemKind::Store { name, precision } => self.store(name, precision),
            RuleItemKind::Rewire { interval, items } => {
                self.word("rewire every", *interval);
                self.within(items, |out, line| match line {
                    RewireItem::Prune(pick) => out.line(format!("prune {}", out.pick(pick))),
                    RewireItem::Grow { what, pick } => {
                        let pick = pick.as_ref().map(|pick| format!(" {}", out.pick(pick))).unwrap_or_default();
                        out.line(format!("grow {}{pick}", out.expr(*what)));
                    }
                });
            }
            RuleItemKind::Error => self.line("error"),
        }
    }

    fn pick(&self, pick: &Pick) -> String {
        match pick {
            Pick::Where(filter) => format!("where {}", self.expr(*filter)),
            Pick::Extreme { highest, share, by } => {
                let share = share.map(|share| format!(" {}", self.expr(share))).unwrap_or_default();
                format!("{}{share} by {}", if *highest { "highest" } else { "lowest" }, self.expr(*by))
            }
            Pick::Random => "random".to_string(),
        }
    }

    fn store(&mut self, name: &Name, precision: &Option<Name>) {
        let precision = precision.as_ref().map(|precision| format!(" as {}", precision.text)).unwrap_or_default();
        self.line(format!("store {}{precision}", name.text));
    }

    // ---- Circuits ----

    fn circuit_item(&mut self, item: &CircuitItemKind) {
        match item {
            CircuitItemKind::Population { public, population } => self.population(mark(*public), population),
            CircuitItemKind::Drive { public, drive } => self.drive(mark(*public), drive),
            CircuitItemKind::Projection { public, projection } => {
                let arrow = if projection.symmetric { "<->" } else { "->" };
                let (source, target) = (self.expr(projection.source), self.expr(projection.target));
                self.line(format!("{}projection {}: {source} {arrow} {target}", mark(*public), projection.name.text));
                self.nodes(&projection.clauses, Self::clause);
            }
            CircuitItemKind::Part { public, name, circuit, args } => {
                self.line(format!("{}part {}: {}({})", mark(*public), name.text, path_text(circuit), self.args(args)))
            }
            CircuitItemKind::Data { public, data } => self.data(mark(*public), data),
            CircuitItemKind::Let { public, binding } => self.binding(mark(*public), binding),
            CircuitItemKind::Fn(function) => self.function(function),
            CircuitItemKind::For { index, over, items } => {
                self.line(format!("for {} in {}", index.text, self.iter(over)));
                self.nodes(items, Self::circuit_item);
            }
            CircuitItemKind::If { condition, then, otherwise } => {
                self.word("if", *condition);
                self.nodes(then, Self::circuit_item);
                if !otherwise.is_empty() {
                    self.line("else");
                    self.nodes(otherwise, Self::circuit_item);
                }
            }
            CircuitItemKind::Constraints(constraints) => {
                self.line("constraints");
                self.nodes(constraints, Self::constraint);
            }
            CircuitItemKind::Error => self.line("error"),
        }
    }

    fn population(&mut self, public: &str, population: &Population) {
        let polarity = population.polarity.map(|polarity| format!("{} ", polarity_text(polarity))).unwrap_or_default();
        let size = if population.size.is_empty() { String::new() } else { format!("[{}]", self.list(&population.size)) };
        self.line(format!("{public}population {}: {polarity}{}{size}", population.name.text, path_text(&population.cell)));
        self.nodes(&population.items, |out, item| match item {
            PopulationItemKind::Set { path, value } => out.line(format!("{} = {}", path_text(path), out.expr(*value))),
            PopulationItemKind::At(value) => out.word("at", *value),
            PopulationItemKind::Error => out.line("error"),
        });
    }

    fn drive(&mut self, public: &str, drive: &Drive) {
        self.line(format!("{public}drive {}: {} -> {}", drive.name.text, self.expr(drive.source), self.expr(drive.target)));
        self.nodes(&drive.clauses, |out, clause| match clause {
            DriveClauseKind::Weight(value) => out.word("weight", *value),
            DriveClauseKind::Delay(value) => out.word("delay", *value),
            DriveClauseKind::FromTo(from, to) => out.line(format!("from {} to {}", out.expr(*from), out.expr(*to))),
            DriveClauseKind::Error => out.line("error"),
        });
    }

    fn clause(&mut self, clause: &ClauseKind) {
        match clause {
            ClauseKind::Connect { kind, value } => {
                let value = value.map(|value| format!(" {}", self.expr(value))).unwrap_or_default();
                self.line(format!("connect {}{value}", kind.text));
            }
            ClauseKind::Allow(names) => self.line(format!("allow {}", join(names, |name| name.text.to_string()))),
            ClauseKind::Weight(value) => self.word("weight", *value),
            ClauseKind::Delay(value) => self.word("delay", *value),
            ClauseKind::Dendritic(value) => self.word("dendritic", *value),
            ClauseKind::Back(value) => self.word("back", *value),
            ClauseKind::Polarity(polarity) => self.line(format!("polarity {}", polarity_text(*polarity))),
            ClauseKind::Onto(value) => self.word("onto", *value),
            ClauseKind::Share(value) => self.word("share by", *value),
            ClauseKind::Plasticity(value) => self.word("plasticity", *value),
            ClauseKind::Continuous(value) => self.word("continuous", *value),
            ClauseKind::Store { name, precision } => self.store(name, precision),
            ClauseKind::Error => self.line("error"),
        }
    }

    fn constraint(&mut self, constraint: &ConstraintKind) {
        match constraint {
            ConstraintKind::Dale(views) if views.is_empty() => self.line("dale"),
            ConstraintKind::Dale(views) => self.words("dale of", views),
            ConstraintKind::Require(value) => self.word("require", *value),
            ConstraintKind::Enforce { what, every } => {
                let every = every.map(|every| format!(" every {}", self.expr(every))).unwrap_or_default();
                self.line(format!("enforce {}{every}", self.expr(*what)));
            }
            ConstraintKind::Monitor { what, or_stop } => {
                self.line(format!("monitor {}{}", self.expr(*what), if *or_stop { " else stop" } else { "" }))
            }
            ConstraintKind::Error => self.line("error"),
        }
    }

    // ---- Experiments ----

    fn statement(&mut self, statement: &StatementKind) {
        match statement {
            StatementKind::Dt(value) => self.word("dt", *value),
            StatementKind::Seed(value) => self.word("seed", *value),
            StatementKind::Precision(name) => self.line(format!("precision {}", name.text)),
            StatementKind::Method(name) => self.line(format!("method {}", name.text)),
            StatementKind::Data(data) => self.data("", data),
            StatementKind::Let(binding) => self.binding("", binding),
            StatementKind::Fn(function) => self.function(function),
            StatementKind::Drive(drive) => self.drive("", drive),
            StatementKind::Assign { target, op, value } => self.assign(*target, *op, *value),
            StatementKind::Record { what, every } => {
                let every = every.map(|every| format!(" every {}", self.expr(every))).unwrap_or_default();
                self.line(format!("record {}{every}", self.list(what)));
            }
            StatementKind::Run { duration, until } => {
                let until = until.map(|until| format!(" until {}", self.expr(until))).unwrap_or_default();
                self.line(format!("run {}{until}", self.expr(*duration)));
            }
            StatementKind::Set { target, filter, value } => {
                let filter = filter.map(|filter| format!(" where {}", self.expr(filter))).unwrap_or_default();
                self.line(format!("set {}{filter} = {}", self.expr(*target), self.expr(*value)));
            }
            StatementKind::Fire(views) => self.words("fire", views),
            StatementKind::Enforce(value) => self.word("enforce", *value),
            StatementKind::Reset { views, except } => {
                let except = if except.is_empty() { String::new() } else { format!(" except {}", self.list(except)) };
                self.line(format!("reset {}{except}", self.list(views)).trim_end());
            }
            StatementKind::FreezePlasticity { thaw, of } => {
                let of = if of.is_empty() { String::new() } else { format!(" of {}", self.list(of)) };
                self.line(format!("{} plasticity{of}", if *thaw { "thaw" } else { "freeze" }));
            }
            StatementKind::Clamp { target, value } => {
                self.line(format!("clamp {} = {}", self.expr(*target), self.expr(*value)))
            }
            StatementKind::Release(views) => self.words("release", views),
            StatementKind::Silence(views) => self.words("silence", views),
            StatementKind::Freeze(target) => self.word("freeze", *target),
            StatementKind::Save(value) => self.word("save", *value),
            StatementKind::Load(value) => self.word("load", *value),
            StatementKind::Print(values) => self.words("print", values),
            StatementKind::Report(values) => self.words("report", values),
            StatementKind::Plot(values) => self.words("plot", values),
            StatementKind::Expect(value) => self.word("expect", *value),
            StatementKind::For { index, over, items } => self.block(&format!("for {} in {}", index.text, self.iter(over)), items),
            StatementKind::Trials { index, over, items } => {
                self.block(&format!("trials {} in {}", index.text, self.iter(over)), items)
            }
            StatementKind::Repeat { items, until } => self.block(&format!("repeat until {}", self.expr(*until)), items),
            StatementKind::If { condition, then, otherwise } => {
                self.block(&format!("if {}", self.expr(*condition)), then);
                if !otherwise.is_empty() {
                    self.block("else", otherwise);
                }
            }
            StatementKind::Sweep(axes) => {
                let axes = join(axes, |axis| {
                    let names = join(&axis.names, |name| name.text.to_string());
                    let names = if axis.names.len() == 1 { names } else { format!("({names})") };
                    format!("{names} in {}", self.iter(&axis.over))
                });
                self.line(format!("sweep {axes}"));
            }
            StatementKind::Error => self.line("error"),
        }
    }

    fn block(&mut self, header: &str, items: &[Statement]) {
        self.line(header);
        self.nodes(items, Self::statement);
    }

    // ---- Expressions ----

    fn list(&self, values: &[ExprId]) -> String {
        join(values, |value| self.expr(*value))
    }

    fn iter(&self, over: &Iter) -> String {
        match *over {
            Iter::Expr(value) => self.expr(value),
            Iter::Range(lo, hi) => format!("{} .. {}", self.expr(lo), self.expr(hi)),
        }
    }

    fn args(&self, args: &[Arg]) -> String {
        join(args, |arg| {
            let each = if arg.each { "each " } else { "" };
            let name = arg.name.as_ref().map(|name| format!("{} = ", name.text)).unwrap_or_default();
            let tail = match &arg.tail {
                ArgTail::None => String::new(),
                ArgTail::To(target) => format!(" -> {}", self.expr(*target)),
                ArgTail::Over(over) => format!(" over {}", self.iter(over)),
                ArgTail::For { index, over } => format!(" for {} in {}", index.text, self.iter(over)),
            };
            format!("{each}{name}{}{tail}", self.expr(arg.value))
        })
    }

    fn expr(&self, id: ExprId) -> String {
        match &self.file.expr(id).kind {
            ExprKind::Number(number) => number_text(number),
            ExprKind::String(text) => format!("{text:?}"),
            ExprKind::Bool(value) => value.to_string(),
            ExprKind::Name(name) => name.to_string(),
            ExprKind::Cell => "cell".to_string(),
            ExprKind::Unary { op: UnaryOp::Negate, value } => format!("(-{})", self.expr(*value)),
            ExprKind::Unary { op: UnaryOp::Not, value } => format!("(not {})", self.expr(*value)),
            ExprKind::Binary { op, left, right } => format!("({} {} {})", self.expr(*left), sign(*op), self.expr(*right)),
            ExprKind::InRange { value, lo, hi } => format!("({} in {} .. {})", self.expr(*value), self.expr(*lo), self.expr(*hi)),
            ExprKind::In { value, set } => format!("({} in {})", self.expr(*value), self.expr(*set)),
            ExprKind::If { condition, then, otherwise } => {
                format!("(if {} then {} else {})", self.expr(*condition), self.expr(*then), self.expr(*otherwise))
            }
            ExprKind::Field { base, name } => format!("{}.{}", self.expr(*base), name.text),
            ExprKind::Index { base, indices } => {
                let indices = join(indices, |index| match *index {
                    Index::At(value) => self.expr(value),
                    Index::Range(lo, hi) => format!("{} .. {}", self.expr(lo), self.expr(hi)),
                    Index::Where(filter) => format!("where {}", self.expr(filter)),
                });
                format!("{}[{indices}]", self.expr(*base))
            }
            ExprKind::Call { callee, args } => format!("{}({})", self.expr(*callee), self.args(args)),
            ExprKind::Prime(value) => format!("{}'", self.expr(*value)),
            ExprKind::Array(values) => format!("[{}]", self.list(values)),
            ExprKind::Tuple(values) => format!("({})", self.list(values)),
            ExprKind::Error => "error".to_string(),
        }
    }
}

fn join<T>(items: &[T], one: impl Fn(&T) -> String) -> String {
    items.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn path_text(path: &Path) -> String {
    path.names.iter().map(|name| &*name.text).collect::<Vec<_>>().join(".")
}

fn paths_text(paths: &[Path]) -> String {
    join(paths, path_text)
}

fn base(base: &Option<Path>) -> String {
    base.as_ref().map(|base| format!(": {}", path_text(base))).unwrap_or_default()
}

fn mark(public: bool) -> &'static str {
    if public { "pub " } else { "" }
}

/// An empty block is not the same as none.
fn block_mark(body: &Option<Vec<Action>>) -> &'static str {
    if body.is_some() { " do" } else { "" }
}

fn polarity_text(polarity: Polarity) -> &'static str {
    match polarity {
        Polarity::Excitatory => "excitatory",
        Polarity::Inhibitory => "inhibitory",
        Polarity::Modulatory => "modulatory",
    }
}

fn number_text(number: &Number) -> String {
    let mut text = number.digits.to_string();
    for (at, factor) in number.unit.iter().enumerate() {
        let _ = write!(text, "{}{}", if at == 0 { " " } else { "*" }, factor.name);
        if factor.power != 1 {
            let _ = write!(text, "^{}", factor.power);
        }
    }
    text
}

fn sign(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Add => "+",
        BinaryOp::Subtract => "-",
        BinaryOp::Multiply => "*",
        BinaryOp::Divide => "/",
        BinaryOp::Power => "^",
        BinaryOp::Equal => "==",
        BinaryOp::NotEqual => "!=",
        BinaryOp::Less => "<",
        BinaryOp::LessEqual => "<=",
        BinaryOp::Greater => ">",
        BinaryOp::GreaterEqual => ">=",
        BinaryOp::And => "and",
        BinaryOp::Or => "or",
    }
}
