//! Declarations: every item with its names, then what items say of each other: `use`, bases, kinds of populations.

use super::*;
use circ_grammar::ast::*;

/// What says of what kind a declaration is.
#[derive(Clone, Copy)]
pub(super) enum Of<'a> {
    /// A cell or rule extends another.
    Base(&'a Path),
    /// A population or part; an experiment has the names of its circuit around it.
    Item(&'a Path),
    Projection(&'a Projection),
}

impl<'a> Indexer<'a> {
    /// Every item of every file.
    pub(super) fn declare(&mut self) {
        for (module, it) in self.modules.iter().enumerate() {
            let text: Arc<str> = it.path.last().map_or("", String::as_str).into();
            let span = Span { file: it.file.id, start: 0, end: 0 };
            let file = Declaration {
                name: Name { text, span },
                kind: Kind::File,
                text: span,
                doc: it.file.doc.clone(),
                owner: None,
                scope: None,
                target: Target::File(module),
            };
            self.index.declarations.push(file);
            self.index.files.push(BTreeMap::new());
        }
        for (module, it) in self.modules.iter().enumerate() {
            for item in &it.file.items {
                self.item(module, item);
            }
        }
    }

    fn item(&mut self, module: usize, item: &'a Item) {
        let (name, kind) = match &item.kind {
            ItemKind::Use { .. } | ItemKind::Error => return,
            ItemKind::Let(it) => (&it.name, Kind::Constant),
            ItemKind::Data(it) => (&it.name, Kind::Data),
            ItemKind::Fn(it) => (&it.name, Kind::Function),
            ItemKind::Cell(it) => (&it.name, Kind::Cell),
            ItemKind::Rule(it) => (&it.name, Kind::Rule),
            ItemKind::Circuit(it) => (&it.name, Kind::Circuit),
            ItemKind::Experiment(it) => (&it.name, Kind::Experiment),
        };
        let id = self.add(name, kind, item, None);
        self.index.files[module].entry(name.text.clone()).or_insert(id);
        match &item.kind {
            ItemKind::Cell(it) => {
                let scope = self.scope(module, id, None);
                self.open_items.extend(it.base.iter().map(|base| (id, Of::Base(base))));
                self.cell_items(scope, &it.items, id);
            }
            ItemKind::Rule(it) => {
                let scope = self.scope(module, id, None);
                self.open_items.extend(it.base.iter().map(|base| (id, Of::Base(base))));
                it.items.iter().for_each(|item| self.rule_item(scope, item, id));
            }
            ItemKind::Circuit(it) => {
                let scope = self.scope(module, id, None);
                self.formals(scope, &it.formals, item, id);
                self.circuit_items(scope, &it.items, id);
            }
            ItemKind::Experiment(it) => {
                let scope = self.scope(module, id, None);
                self.open_items.extend(it.of.iter().map(|(circuit, _)| (id, Of::Item(circuit))));
                self.formals(scope, &it.formals, item, id);
                it.items.iter().for_each(|statement| self.statement(scope, statement, id));
            }
            ItemKind::Use { .. } | ItemKind::Error => {}
            ItemKind::Let(_) | ItemKind::Data(_) | ItemKind::Fn(_) => {}
        }
    }

    /// A declaration that is in no scope yet.
    pub(super) fn add<T>(
        &mut self,
        name: &Name,
        kind: Kind,
        node: &Node<T>,
        owner: Option<DeclarationId>,
    ) -> DeclarationId {
        self.index.declarations.push(Declaration {
            name: name.clone(),
            kind,
            text: node.span,
            doc: node.attributes.doc.clone(),
            owner,
            scope: None,
            target: Target::None,
        });
        let id = DeclarationId(self.index.declarations.len() - 1);
        self.places.insert(name.span, id);
        id
    }

    fn scope(&mut self, module: usize, of: DeclarationId, around: Option<ScopeId>) -> ScopeId {
        self.index.scopes.push(Scope { module, of, names: BTreeMap::new(), around, base: None });
        let scope = ScopeId(self.index.scopes.len() - 1);
        self.index.declarations[of.0].scope = Some(scope);
        scope
    }

    /// The first declaration of a name stays.
    fn put<T>(
        &mut self,
        scope: ScopeId,
        name: &Name,
        kind: Kind,
        node: &Node<T>,
        owner: DeclarationId,
    ) -> DeclarationId {
        let id = self.add(name, kind, node, Some(owner));
        self.index.scopes[scope.0].names.entry(name.text.clone()).or_insert(id);
        id
    }

    fn formals<T>(&mut self, scope: ScopeId, formals: &[Formal], node: &Node<T>, owner: DeclarationId) {
        for formal in formals {
            let id = self.put(scope, &formal.name, Kind::Argument, node, owner);
            self.narrow(id, formal);
        }
    }

    /// A formal is its own text, and no documentation of the whole is its own.
    pub(super) fn narrow(&mut self, id: DeclarationId, formal: &Formal) {
        let declared = &mut self.index.declarations[id.0];
        let file = declared.name.span.file;
        let module = self.modules.iter().find(|module| module.file.id == file);
        let end = |value: ExprId| module.map_or(formal.name.span, |it| it.file.expr(value).span);
        let ends = formal.default.into_iter().chain(formal.range.map(|(_, hi)| hi)).map(end);
        let types = formal.ty.iter().map(|ty| ty.span);
        declared.text = ends.chain(types).fold(formal.name.span, Span::to);
        declared.doc = None;
    }

    fn cell_items(&mut self, scope: ScopeId, items: &'a [CellItem], owner: DeclarationId) {
        for item in items {
            let (name, kind) = match &item.kind {
                CellItemKind::Param(it) => (&it.name, Kind::Param),
                CellItemKind::State(it) => (&it.name, Kind::State),
                CellItemKind::Let(it) => (&it.name, Kind::Let),
                CellItemKind::Fn(it) => (&it.name, Kind::Function),
                CellItemKind::Port { name, .. } => (name, Kind::Port),
                CellItemKind::Event { name, .. } => (name, Kind::Event),
                CellItemKind::Mode { name, .. } => (name, Kind::Mode),
                CellItemKind::Segment { name, items, .. } => {
                    let id = self.put(scope, name, Kind::Segment, item, owner);
                    let module = self.index.scopes[scope.0].module;
                    let within = self.scope(module, id, Some(scope));
                    self.index.declarations[id.0].target = Target::Cells(vec![within]);
                    self.cell_items(within, items, id);
                    continue;
                }
                CellItemKind::For { items, .. } => {
                    self.cell_items(scope, items, owner);
                    continue;
                }
                CellItemKind::Equation(_) | CellItemKind::Spike { .. } | CellItemKind::On { .. } => continue,
                CellItemKind::OnEnd { .. } | CellItemKind::Couple { .. } | CellItemKind::Method(_) => {
                    continue;
                }
                CellItemKind::Precision(_) | CellItemKind::Error => continue,
            };
            self.put(scope, name, kind, item, owner);
        }
    }

    fn rule_item(&mut self, scope: ScopeId, item: &'a RuleItem, owner: DeclarationId) {
        let (name, kind) = match &item.kind {
            RuleItemKind::Param(it) => (&it.name, Kind::Param),
            RuleItemKind::Modulator { name, .. } => (name, Kind::Modulator),
            RuleItemKind::Let(it) => (&it.name, Kind::Let),
            RuleItemKind::Fn(it) => (&it.name, Kind::Function),
            RuleItemKind::Trace { name, .. } => (name, Kind::Trace),
            RuleItemKind::Synapse { name, .. } => (name, Kind::Synapse),
            RuleItemKind::Equation(_) | RuleItemKind::Bounds { .. } | RuleItemKind::On { .. } => return,
            RuleItemKind::Every { .. } | RuleItemKind::Store { .. } | RuleItemKind::Rewire { .. } => return,
            RuleItemKind::Error => return,
        };
        self.put(scope, name, kind, item, owner);
    }

    /// Indices and `let`s of loops are seen in the loop only, and wait for the walk.
    fn circuit_items(&mut self, scope: ScopeId, items: &'a [CircuitItem], owner: DeclarationId) {
        for item in items {
            match &item.kind {
                CircuitItemKind::Population { population, .. } => {
                    let id = self.put(scope, &population.name, Kind::Population, item, owner);
                    self.open_items.push((id, Of::Item(&population.cell)));
                }
                CircuitItemKind::Drive { drive, .. } => {
                    self.put(scope, &drive.name, Kind::Drive, item, owner);
                }
                CircuitItemKind::Projection { projection, .. } => {
                    let id = self.put(scope, &projection.name, Kind::Projection, item, owner);
                    self.open_items.push((id, Of::Projection(projection)));
                }
                CircuitItemKind::Part { name, circuit, .. } => {
                    let id = self.put(scope, name, Kind::Part, item, owner);
                    self.open_items.push((id, Of::Item(circuit)));
                }
                CircuitItemKind::Data { data, .. } => {
                    self.put(scope, &data.name, Kind::Data, item, owner);
                }
                CircuitItemKind::Let { binding, .. } => {
                    let id = self.put(scope, &binding.name, Kind::Let, item, owner);
                    let module = self.index.scopes[scope.0].module;
                    self.index.declarations[id.0].target = Target::Expr(module, Some(scope), binding.value);
                }
                CircuitItemKind::Fn(it) => {
                    self.put(scope, &it.name, Kind::Function, item, owner);
                }
                CircuitItemKind::For { items, .. } => self.looped(scope, items, owner),
                CircuitItemKind::If { then, otherwise, .. } => {
                    self.circuit_items(scope, then, owner);
                    self.circuit_items(scope, otherwise, owner);
                }
                CircuitItemKind::Constraints(_) | CircuitItemKind::Error => {}
            }
        }
    }

    fn looped(&mut self, scope: ScopeId, items: &'a [CircuitItem], owner: DeclarationId) {
        for item in items {
            match &item.kind {
                CircuitItemKind::Let { .. } | CircuitItemKind::Data { .. } => {}
                CircuitItemKind::For { items, .. } => self.looped(scope, items, owner),
                CircuitItemKind::If { then, otherwise, .. } => {
                    self.looped(scope, then, owner);
                    self.looped(scope, otherwise, owner);
                }
                _ => self.circuit_items(scope, std::slice::from_ref(item), owner),
            }
        }
    }

    /// Names of blocks are seen in their block only, and wait for the walk.
    fn statement(&mut self, scope: ScopeId, item: &'a Statement, owner: DeclarationId) {
        match &item.kind {
            StatementKind::Data(it) => {
                self.put(scope, &it.name, Kind::Data, item, owner);
            }
            StatementKind::Let(it) => {
                let id = self.put(scope, &it.name, Kind::Let, item, owner);
                let module = self.index.scopes[scope.0].module;
                self.index.declarations[id.0].target = Target::Expr(module, Some(scope), it.value);
            }
            StatementKind::Fn(it) => {
                self.put(scope, &it.name, Kind::Function, item, owner);
            }
            StatementKind::Drive(it) => {
                self.put(scope, &it.name, Kind::Drive, item, owner);
            }
            _ => {}
        }
    }

    /// What items say of each other.
    pub(super) fn connect(&mut self) {
        for module in 0..self.modules.len() {
            for item in &self.modules[module].file.items {
                if let ItemKind::Use { path, names } = &item.kind {
                    self.import(module, path, names.as_deref());
                }
            }
        }
        let open = std::mem::take(&mut self.open_items);
        for (id, of) in &open {
            match of {
                Of::Base(path) => self.extend(*id, path),
                Of::Item(path) => self.is_of(*id, path),
                Of::Projection(_) => {}
            }
        }
        self.declared_again();
        for (id, of) in open {
            if let Of::Projection(projection) = of {
                self.projection(id, projection);
            }
        }
    }

    fn import(&mut self, into: usize, path: &Path, braces: Option<&[Name]>) {
        let Some((last, before)) = path.names.split_last() else { return };
        let whole = circ_compiler::resolve::imports(
            &self.modules[into].path,
            &File {
                items: vec![Node {
                    attributes: Attributes::default(),
                    span: last.span,
                    kind: ItemKind::Use { path: path.clone(), names: braces.map(<[Name]>::to_vec) },
                }],
                ..File::default()
            },
        );
        let candidates = whole.into_iter().flat_map(|(candidates, _)| candidates);
        let place = |path: Vec<String>| self.modules.iter().skip(1).position(|it| it.path == path);
        let Some((at, module)) = candidates.enumerate().find_map(|(at, path)| Some((at, place(path)? + 1)))
        else {
            return;
        };
        // The declarations of files come first, in their order.
        let file = DeclarationId(module);
        let named = if 0 < at { before.last() } else { Some(last) };
        self.used(named.map(|name| name.span), vec![file]);
        let items: Vec<&Name> = match braces {
            Some(names) => names.iter().collect(),
            None if 0 < at => vec![last],
            None => vec![],
        };
        for name in items {
            let own = self.index.files[module].get(&name.text).copied();
            // Only what the file declares itself, not what it uses.
            let own = own.filter(|id| self.index.get(*id).name.span.file == self.modules[module].file.id);
            match own {
                Some(id) => {
                    self.used(Some(name.span), vec![id]);
                    self.index.files[into].entry(name.text.clone()).or_insert(id);
                }
                None => self.index.open.push(name.clone()),
            }
        }
        if braces.is_none() && at == 0 {
            self.index.files[into].entry(last.text.clone()).or_insert(file);
        }
    }

    pub(super) fn used(&mut self, span: Option<Span>, of: Vec<DeclarationId>) {
        let span = span.filter(|_| !of.is_empty());
        self.index.uses.extend(span.map(|span| Use { span, of }));
    }

    /// The item that `Lif` or `cells.Lif` names, with the uses of both names.
    fn item_path(&mut self, module: usize, path: &Path) -> Option<DeclarationId> {
        let (first, rest) = path.names.split_first()?;
        let Some(mut id) = self.index.top_level(module, &first.text) else {
            self.index.open.push(first.clone());
            return None;
        };
        self.used(Some(first.span), vec![id]);
        for name in rest {
            let Target::File(inner) = self.index.get(id).target else { return None };
            id = self.index.top_level(inner, &name.text)?;
            self.used(Some(name.span), vec![id]);
        }
        Some(id)
    }

    fn module_of(&self, id: DeclarationId) -> usize {
        let file = self.index.get(id).name.span.file;
        self.modules.iter().position(|module| module.file.id == file).unwrap_or(0)
    }

    fn extend(&mut self, id: DeclarationId, path: &Path) {
        let base = self.item_path(self.module_of(id), path).and_then(|base| self.index.get(base).scope);
        if let Some(scope) = self.index.get(id).scope {
            self.index.scopes[scope.0].base = base.filter(|base| *base != scope);
        }
    }

    fn is_of(&mut self, id: DeclarationId, path: &Path) {
        let Some(item) = self.item_path(self.module_of(id), path) else { return };
        let scope = self.index.get(item).scope;
        let declared = &mut self.index.declarations[id.0];
        match (declared.kind, scope) {
            (Kind::Population, Some(scope)) => declared.target = Target::Cells(vec![scope]),
            (Kind::Part, Some(scope)) => declared.target = Target::Circuit(scope),
            (_, circuit) => {
                if let Some(own) = declared.scope {
                    self.index.scopes[own.0].around = circuit;
                }
            }
        }
    }

    /// A name of a base that is declared again stands for both.
    fn declared_again(&mut self) {
        for scope in 0..self.index.scopes.len() {
            let Some(base) = self.index.scopes[scope].base else { continue };
            let names = &self.index.scopes[scope].names;
            let again: Vec<_> =
                names.iter().filter_map(|(name, id)| Some((*id, self.index.member(base, name)?))).collect();
            self.index.again.extend(again);
        }
    }

    /// The rule that a projection learns by, and the cells that the rule sees.
    fn projection(&mut self, id: DeclarationId, projection: &'a Projection) {
        let module = self.module_of(id);
        let owner = self.index.get(id).owner.and_then(|owner| self.index.get(owner).scope);
        let cx = super::lookup::Context::new(module, owner);
        let rule = projection.clauses.iter().find_map(|clause| match clause.kind {
            ClauseKind::Plasticity(value) => self.rule_named(&cx, value),
            _ => None,
        });
        self.index.declarations[id.0].target = Target::Synapses(rule);
        if let Some(rule) = rule {
            let sides = [projection.source, projection.target].map(|side| self.cells_of_end(&cx, side));
            let known = self.sides.entry(rule).or_default();
            for (known, new) in known.iter_mut().zip(sides) {
                known.extend(new);
                known.sort();
                known.dedup();
            }
        }
    }
}
