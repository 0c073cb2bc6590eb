//! The walk through everything that items hold, for the uses in it.

use super::lookup::Context;
use super::*;
use circ_grammar::ast::*;

impl<'a> Indexer<'a> {
    /// Every use in every file.
    pub(super) fn walk(&mut self) {
        for module in 0..self.modules.len() {
            for item in &self.modules[module].file.items {
                self.item_uses(module, item);
            }
        }
    }

    /// What an item declares, by the place of its name.
    fn declared(&self, name: &Name) -> Option<DeclarationId> {
        self.places.get(&name.span).copied()
    }

    fn inside(&self, module: usize, name: &Name) -> Context {
        let scope = self.declared(name).and_then(|id| self.index.get(id).scope);
        Context::new(module, scope)
    }

    fn item_uses(&mut self, module: usize, item: &'a Item) {
        let mut file = Context::new(module, None);
        match &item.kind {
            ItemKind::Use { .. } | ItemKind::Error => {}
            ItemKind::Let(it) => self.binding(&mut file, it),
            ItemKind::Data(it) => self.data(&mut file, it),
            ItemKind::Fn(it) => self.function(&mut file, it),
            ItemKind::Cell(it) => {
                let mut cx = self.inside(module, &it.name);
                self.cell_uses(&mut cx, &it.items);
            }
            ItemKind::Rule(it) => {
                let mut cx = self.inside(module, &it.name);
                cx.sides = self.sides_of(cx.scope);
                it.items.iter().for_each(|item| self.rule_uses(&mut cx, item));
            }
            ItemKind::Circuit(it) => {
                let mut cx = self.inside(module, &it.name);
                self.formal_uses(&mut cx, &it.formals);
                self.circuit_uses(&mut cx, &it.items);
            }
            ItemKind::Experiment(it) => {
                let mut cx = self.inside(module, &it.name);
                self.formal_uses(&mut cx, &it.formals);
                let circuit = cx.scope.and_then(|scope| self.index.scopes[scope.0].around);
                it.of.iter().for_each(|(_, args)| self.args(&mut cx, args, circuit));
                it.items.iter().for_each(|statement| self.statement_uses(&mut cx, statement));
            }
        }
    }

    /// The cells that a rule sees, also through those that extend it.
    fn sides_of(&self, rule: Option<ScopeId>) -> [Vec<ScopeId>; 2] {
        let mut all: [Vec<ScopeId>; 2] = Default::default();
        for (learning, sides) in &self.sides {
            let mut next = Some(*learning);
            for _ in 0..MOST_SCOPES {
                if next.is_none() || next == rule {
                    break;
                }
                next = next.and_then(|scope| self.index.scopes[scope.0].base);
            }
            if next.is_some() && next == rule {
                all.iter_mut().zip(sides).for_each(|(all, side)| all.extend(side));
            }
        }
        all
    }

    fn binding(&mut self, cx: &mut Context, it: &Let) {
        self.ty(cx, it.ty.as_ref());
        self.expr(cx, it.value);
    }

    fn data(&mut self, cx: &mut Context, it: &Data) {
        self.ty(cx, Some(&it.ty));
        self.expr(cx, it.value);
    }

    fn variable(&mut self, cx: &mut Context, it: &Variable) {
        self.ty(cx, it.ty.as_ref());
        self.range(cx, it.range);
        it.value.into_iter().for_each(|value| self.expr(cx, value));
    }

    fn formal_uses(&mut self, cx: &mut Context, formals: &[Formal]) {
        for formal in formals {
            self.ty(cx, formal.ty.as_ref());
            self.range(cx, formal.range);
            formal.default.into_iter().for_each(|value| self.expr(cx, value));
        }
    }

    fn function(&mut self, cx: &mut Context, it: &Function) {
        self.formal_uses(cx, &it.formals);
        let outer = cx.locals.len();
        for formal in &it.formals {
            let id = self.local(&formal.name, Kind::Argument, formal.name.span);
            self.narrow(id, formal);
            cx.locals.push((formal.name.text.clone(), id));
        }
        self.expr(cx, it.body);
        cx.locals.truncate(outer);
    }

    fn equation(&mut self, cx: &mut Context, it: &Equation) {
        let of = self.index.resolve(cx, &it.name.text);
        match of.is_empty() {
            true => self.index.open.push(it.name.clone()),
            false => self.used(Some(it.name.span), of),
        }
        it.factor.into_iter().chain([it.value]).for_each(|value| self.expr(cx, value));
    }

    fn paths(&mut self, cx: &Context, paths: &[Path]) {
        paths.iter().for_each(|path| self.path(cx, path));
    }

    fn cell_uses(&mut self, cx: &mut Context, items: &'a [CellItem]) {
        for item in items {
            match &item.kind {
                CellItemKind::Param(it) | CellItemKind::State(it) => self.variable(cx, it),
                CellItemKind::Equation(it) => self.equation(cx, it),
                CellItemKind::Let(it) => self.binding(cx, it),
                CellItemKind::Fn(it) => self.function(cx, it),
                CellItemKind::Port { shape, .. } => self.expr(cx, *shape),
                CellItemKind::Segment { name, count, items } => {
                    count.iter().for_each(|count| self.expr(cx, *count));
                    let mut within = self.inside(cx.module, name);
                    within.scope = within.scope.or(cx.scope);
                    within.locals = cx.locals.clone();
                    self.cell_uses(&mut within, items);
                }
                CellItemKind::Spike { condition, body } => {
                    self.expr(cx, *condition);
                    body.iter().for_each(|body| self.actions(cx, body));
                }
                CellItemKind::Event { condition, body, .. } => {
                    condition.iter().for_each(|condition| self.expr(cx, *condition));
                    body.iter().for_each(|body| self.actions(cx, body));
                }
                CellItemKind::On { event, and, body } => {
                    self.path(cx, event);
                    and.iter().for_each(|and| self.path(cx, and));
                    self.actions(cx, body);
                }
                CellItemKind::OnEnd { mode, body } => {
                    self.path(cx, mode);
                    self.actions(cx, body);
                }
                CellItemKind::Mode { duration, items, .. } => {
                    duration.iter().for_each(|duration| self.expr(cx, *duration));
                    items.iter().for_each(|item| self.mode_item(cx, item));
                }
                CellItemKind::Couple { a, b, by } => self.exprs(cx, &[*a, *b, *by]),
                CellItemKind::For { index, over, items } => {
                    self.over(cx, over);
                    let id = self.local(index, Kind::Index, item.span);
                    cx.locals.push((index.text.clone(), id));
                    self.cell_uses(cx, items);
                    cx.locals.pop();
                }
                CellItemKind::Method(_) | CellItemKind::Precision(_) | CellItemKind::Error => {}
            }
        }
    }

    fn mode_item(&mut self, cx: &mut Context, item: &ModeItem) {
        match &item.kind {
            ModeItemKind::Equation(it) => self.equation(cx, it),
            ModeItemKind::Let(it) => self.binding(cx, it),
            ModeItemKind::Hold(paths) | ModeItemKind::Drop(paths) | ModeItemKind::No(paths) => {
                self.paths(cx, paths);
            }
            ModeItemKind::Error => {}
        }
    }

    /// A block; its `let`s are seen to its end.
    fn actions(&mut self, cx: &mut Context, actions: &[Action]) {
        let outer = cx.locals.len();
        for action in actions {
            match &action.kind {
                ActionKind::Assign { target, value, .. } => self.exprs(cx, &[*target, *value]),
                ActionKind::Let(it) => {
                    self.binding(cx, it);
                    let id = self.local(&it.name, Kind::Let, action.span);
                    cx.locals.push((it.name.text.clone(), id));
                }
                ActionKind::If { condition, then, otherwise } => {
                    self.expr(cx, *condition);
                    self.actions(cx, then);
                    self.actions(cx, otherwise);
                }
                ActionKind::Enter(path) | ActionKind::Leave(path) | ActionKind::Emit(path) => {
                    self.path(cx, path);
                }
                ActionKind::Transmit(value) => self.expr(cx, *value),
                ActionKind::Refractory { duration, hold, drop } => {
                    self.expr(cx, *duration);
                    self.paths(cx, hold);
                    self.paths(cx, drop);
                }
                ActionKind::Error => {}
            }
        }
        cx.locals.truncate(outer);
    }

    fn rule_uses(&mut self, cx: &mut Context, item: &'a RuleItem) {
        match &item.kind {
            RuleItemKind::Param(it) => self.variable(cx, it),
            RuleItemKind::Modulator { .. } | RuleItemKind::Error => {}
            RuleItemKind::Let(it) => self.binding(cx, it),
            RuleItemKind::Fn(it) => self.function(cx, it),
            RuleItemKind::Equation(it) => self.equation(cx, it),
            RuleItemKind::Trace { side, value, body, .. } => {
                cx.side = Some(usize::from(*side == Side::Post));
                self.expr(cx, *value);
                for line in body {
                    match line {
                        TraceItem::Equation(it) => self.equation(cx, it),
                        TraceItem::On { event, body } => {
                            self.path(cx, event);
                            self.actions(cx, body);
                        }
                    }
                }
                cx.side = None;
            }
            RuleItemKind::Synapse { value, .. } => self.expr(cx, *value),
            RuleItemKind::Bounds { name, lo, hi } => {
                self.own(cx, name);
                self.exprs(cx, &[*lo, *hi]);
            }
            RuleItemKind::On { event, and, body } => {
                self.path(cx, event);
                and.iter().for_each(|and| self.path(cx, and));
                self.actions(cx, body);
            }
            RuleItemKind::Every { interval, body } => {
                self.expr(cx, *interval);
                self.actions(cx, body);
            }
            RuleItemKind::Store { name, .. } => self.own(cx, name),
            RuleItemKind::Rewire { interval, items } => {
                self.expr(cx, *interval);
                for item in items {
                    match item {
                        RewireItem::Prune(pick) => self.pick(cx, pick),
                        RewireItem::Grow { what, pick } => {
                            self.expr(cx, *what);
                            pick.iter().for_each(|pick| self.pick(cx, pick));
                        }
                    }
                }
            }
        }
    }

    /// A name of the rule at hand.
    fn own(&mut self, cx: &Context, name: &Name) {
        let of = self.index.resolve(cx, &name.text);
        self.used(Some(name.span), of);
    }

    fn pick(&mut self, cx: &mut Context, pick: &Pick) {
        match pick {
            Pick::Where(value) => self.expr(cx, *value),
            Pick::Extreme { share, by, .. } => {
                share.iter().for_each(|share| self.expr(cx, *share));
                self.expr(cx, *by);
            }
            Pick::Random => {}
        }
    }

    /// Those in loops see the loop's indices and `let`s.
    fn circuit_uses(&mut self, cx: &mut Context, items: &'a [CircuitItem]) {
        for item in items {
            match &item.kind {
                CircuitItemKind::Population { population, .. } => self.population(cx, population),
                CircuitItemKind::Drive { drive, .. } => self.drive(cx, drive),
                CircuitItemKind::Projection { projection, .. } => self.projection_uses(cx, projection),
                CircuitItemKind::Part { name, args, .. } => {
                    let part = self.declared(name).map(|id| self.index.get(id).target.clone());
                    let scope = match part {
                        Some(Target::Circuit(scope)) => Some(scope),
                        _ => None,
                    };
                    self.args(cx, args, scope);
                }
                CircuitItemKind::Data { data, .. } => self.data(cx, data),
                CircuitItemKind::Let { binding, .. } => self.binding(cx, binding),
                CircuitItemKind::Fn(it) => self.function(cx, it),
                CircuitItemKind::For { index, over, items } => {
                    self.over(cx, over);
                    let outer = cx.locals.len();
                    let id = self.local(index, Kind::Index, item.span);
                    cx.locals.push((index.text.clone(), id));
                    self.bindings_within(cx, items);
                    self.circuit_uses(cx, items);
                    cx.locals.truncate(outer);
                }
                CircuitItemKind::If { condition, then, otherwise } => {
                    self.expr(cx, *condition);
                    self.circuit_uses(cx, then);
                    self.circuit_uses(cx, otherwise);
                }
                CircuitItemKind::Constraints(all) => {
                    all.iter().for_each(|constraint| self.constraint(cx, constraint));
                }
                CircuitItemKind::Error => {}
            }
        }
    }

    /// The `let`s and `data` of a loop, which its items see in any order.
    fn bindings_within(&mut self, cx: &mut Context, items: &[CircuitItem]) {
        for item in items {
            let (name, kind) = match &item.kind {
                CircuitItemKind::Let { binding, .. } => (&binding.name, Kind::Let),
                CircuitItemKind::Data { data, .. } => (&data.name, Kind::Data),
                CircuitItemKind::If { then, otherwise, .. } => {
                    self.bindings_within(cx, then);
                    self.bindings_within(cx, otherwise);
                    continue;
                }
                _ => continue,
            };
            let id = self.add(name, kind, item, None);
            cx.locals.push((name.text.clone(), id));
        }
    }

    fn population(&mut self, cx: &mut Context, it: &Population) {
        self.exprs(cx, &it.size);
        let cell = self.declared(&it.name).map(|id| self.index.get(id).target.clone());
        let cells = match cell {
            Some(Target::Cells(cells)) => cells,
            _ => vec![],
        };
        let of: Vec<DeclarationId> = cells.iter().map(|scope| self.index.scopes[scope.0].of).collect();
        for item in &it.items {
            match &item.kind {
                PopulationItemKind::Set { path, value } => {
                    if !of.is_empty() {
                        self.member_path(&of, path);
                    }
                    self.expr(cx, *value);
                }
                PopulationItemKind::At(value) => self.expr(cx, *value),
                PopulationItemKind::Error => {}
            }
        }
    }

    fn drive(&mut self, cx: &mut Context, it: &Drive) {
        self.exprs(cx, &[it.source, it.target]);
        for clause in &it.clauses {
            match clause.kind {
                DriveClauseKind::Weight(value) | DriveClauseKind::Delay(value) => self.expr(cx, value),
                DriveClauseKind::FromTo(from, to) => self.exprs(cx, &[from, to]),
                DriveClauseKind::Error => {}
            }
        }
    }

    fn projection_uses(&mut self, cx: &mut Context, it: &Projection) {
        self.exprs(cx, &[it.source, it.target]);
        let sides = [it.source, it.target].map(|side| self.cells_of_end(cx, side));
        let outer = std::mem::replace(&mut cx.sides, sides);
        for clause in &it.clauses {
            match clause.kind {
                ClauseKind::Connect { value, .. } => {
                    value.into_iter().for_each(|value| self.expr(cx, value));
                }
                ClauseKind::Weight(value)
                | ClauseKind::Delay(value)
                | ClauseKind::Dendritic(value)
                | ClauseKind::Back(value)
                | ClauseKind::Onto(value)
                | ClauseKind::Share(value)
                | ClauseKind::Continuous(value) => self.expr(cx, value),
                ClauseKind::Plasticity(value) => self.attached(cx, value),
                ClauseKind::Allow(_) | ClauseKind::Polarity(_) | ClauseKind::Store { .. } => {}
                ClauseKind::Error => {}
            }
        }
        cx.sides = outer;
    }

    /// A rule without arguments is a name that is no value.
    fn attached(&mut self, cx: &mut Context, value: ExprId) {
        let expr = self.modules[cx.module].file.expr(value);
        match &expr.kind {
            ExprKind::Name(name) => match self.index.top_level(cx.module, name) {
                Some(id) => self.used(Some(expr.span), vec![id]),
                None => self.index.open.push(Name { text: name.clone(), span: expr.span }),
            },
            _ => self.expr(cx, value),
        }
    }

    fn constraint(&mut self, cx: &mut Context, it: &Constraint) {
        match &it.kind {
            ConstraintKind::Dale(views) => self.exprs(cx, views),
            ConstraintKind::Require(value) => self.expr(cx, *value),
            ConstraintKind::Enforce { what, every } => {
                self.expr(cx, *what);
                every.iter().for_each(|every| self.expr(cx, *every));
            }
            ConstraintKind::Monitor { what, .. } => self.expr(cx, *what),
            ConstraintKind::Error => {}
        }
    }

    /// The statements of a block, whose names are seen to its end.
    fn block(&mut self, cx: &mut Context, items: &'a [Statement]) {
        let outer = cx.locals.len();
        for item in items {
            let (name, kind) = match &item.kind {
                StatementKind::Let(it) => (&it.name, Kind::Let),
                StatementKind::Data(it) => (&it.name, Kind::Data),
                StatementKind::Drive(it) => (&it.name, Kind::Drive),
                StatementKind::Fn(it) => (&it.name, Kind::Function),
                _ => {
                    self.statement_uses(cx, item);
                    continue;
                }
            };
            self.statement_uses(cx, item);
            let id = self.add(name, kind, item, None);
            if let StatementKind::Let(it) = &item.kind {
                self.index.declarations[id.0].target = Target::Expr(cx.module, cx.scope, it.value);
            }
            cx.locals.push((name.text.clone(), id));
        }
        cx.locals.truncate(outer);
    }

    fn looped_block(&mut self, cx: &mut Context, item: &Statement, index: &Name, items: &'a [Statement]) {
        let id = self.local(index, Kind::Index, item.span);
        cx.locals.push((index.text.clone(), id));
        self.block(cx, items);
        cx.locals.pop();
    }

    fn statement_uses(&mut self, cx: &mut Context, item: &'a Statement) {
        match &item.kind {
            StatementKind::Precision(_) | StatementKind::Method(_) | StatementKind::Error => {}
            StatementKind::Data(it) => self.data(cx, it),
            StatementKind::Let(it) => self.binding(cx, it),
            StatementKind::Fn(it) => self.function(cx, it),
            StatementKind::Drive(it) => self.drive(cx, it),
            StatementKind::Assign { target, value, .. } | StatementKind::Clamp { target, value } => {
                self.exprs(cx, &[*target, *value]);
            }
            StatementKind::Record { what, every } => {
                self.exprs(cx, what);
                every.iter().for_each(|every| self.expr(cx, *every));
            }
            StatementKind::Run { duration, until } => {
                self.expr(cx, *duration);
                until.iter().for_each(|until| self.expr(cx, *until));
            }
            StatementKind::Set { target, filter, value } => {
                self.expr(cx, *target);
                let sides = self.sides_of_set(cx, *target);
                let outer = std::mem::replace(&mut cx.sides, sides);
                filter.iter().for_each(|filter| self.expr(cx, *filter));
                self.expr(cx, *value);
                cx.sides = outer;
            }
            StatementKind::Dt(value)
            | StatementKind::Seed(value)
            | StatementKind::Enforce(value)
            | StatementKind::Freeze(value)
            | StatementKind::Save(value)
            | StatementKind::Load(value)
            | StatementKind::Expect(value) => self.expr(cx, *value),
            StatementKind::Fire(all)
            | StatementKind::Release(all)
            | StatementKind::Silence(all)
            | StatementKind::Print(all)
            | StatementKind::Report(all)
            | StatementKind::Plot(all)
            | StatementKind::FreezePlasticity { of: all, .. } => self.exprs(cx, all),
            StatementKind::Reset { views, except } => {
                self.exprs(cx, views);
                self.exprs(cx, except);
            }
            StatementKind::For { index, over, items } | StatementKind::Trials { index, over, items } => {
                self.over(cx, over);
                self.looped_block(cx, item, index, items);
            }
            StatementKind::Repeat { items, until } => {
                self.block(cx, items);
                self.expr(cx, *until);
            }
            StatementKind::If { condition, then, otherwise } => {
                self.expr(cx, *condition);
                self.block(cx, then);
                self.block(cx, otherwise);
            }
            StatementKind::Sweep(axes) => {
                for axis in axes {
                    axis.names.iter().for_each(|name| self.swept(cx, name));
                    self.over(cx, &axis.over);
                }
            }
        }
    }

    /// `seed` and `dt` are the language's.
    fn swept(&mut self, cx: &Context, name: &Name) {
        let of = cx.scope.and_then(|scope| self.index.seen(scope, &name.text));
        match of {
            Some(id) => self.used(Some(name.span), vec![id]),
            None => self.index.open.push(name.clone()),
        }
    }

    /// In `set P.w where pre.x = e` the sides are those of the projection.
    fn sides_of_set(&self, cx: &Context, target: ExprId) -> [Vec<ScopeId>; 2] {
        let file = &self.modules[cx.module].file;
        let ExprKind::Field { base, .. } = &file.expr(target).kind else { return Default::default() };
        let ExprKind::Name(name) = &file.expr(*base).kind else { return Default::default() };
        let found = self.index.resolve(cx, name);
        let Some(declared) = found.first().map(|id| self.index.get(*id)) else { return Default::default() };
        let at = declared.name.span;
        let Some(module) = self.modules.iter().position(|it| it.file.id == at.file) else {
            return Default::default();
        };
        let scope = declared.owner.and_then(|owner| self.index.get(owner).scope);
        let of = Context::new(module, scope);
        let circuits = self.modules[module].file.items.iter().filter_map(|item| match &item.kind {
            ItemKind::Circuit(circuit) => Some(&circuit.items),
            _ => None,
        });
        let mut items: Vec<&CircuitItem> = circuits.flatten().collect();
        while let Some(item) = items.pop() {
            match &item.kind {
                CircuitItemKind::Projection { projection, .. } if projection.name.span == at => {
                    return [projection.source, projection.target].map(|end| self.cells_of_end(&of, end));
                }
                CircuitItemKind::For { items: within, .. } => items.extend(within),
                CircuitItemKind::If { then, otherwise, .. } => {
                    items.extend(then);
                    items.extend(otherwise);
                }
                _ => {}
            }
        }
        Default::default()
    }
}
