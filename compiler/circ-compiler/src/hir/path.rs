//! Names of what a cell and its segments have: `v`, `tuft.v`, `distal[3].v`.

use super::*;

impl Cell {
    /// The segment of this name in another, or in the cell.
    pub fn segment_in(&self, parent: Option<SegmentId>, name: &str) -> Option<SegmentId> {
        let at = self.segments.iter().position(|it| it.parent == parent && &*it.name == name)?;
        Some(SegmentId(at as u32))
    }

    /// The variable at a path, of the cell as it is written or unrolled.
    pub fn var_at(&self, path: &str) -> Option<VarId> {
        let (home, name) =
            self.place(path, |name| self.vars.iter().any(|it| it.home.is_none() && &*it.name == name))?;
        let at = self.vars.iter().position(|it| it.home == home && &*it.name == name)?;
        Some(VarId(at as u32))
    }

    /// The event at a path.
    pub fn event_at(&self, path: &str) -> Option<EventIx> {
        let (home, name) =
            self.place(path, |name| self.events.iter().any(|it| it.home.is_none() && &*it.name == name))?;
        let at = self.events.iter().position(|it| it.home == home && &*it.name == name)?;
        Some(EventIx(at as u32))
    }

    /// Whether there is a mode at a path.
    pub fn has_mode_at(&self, path: &str) -> bool {
        let is_own = |name: &str| self.modes.iter().any(|it| it.home.is_none() && &*it.name == name);
        let found = self.place(path, is_own);
        found.is_some_and(|(home, name)| self.modes.iter().any(|it| it.home == home && &*it.name == name))
    }

    /// The path of what is seen by this name from a part of the cell: its own hides that of what is around it.
    pub fn seen_from(&self, part: &str, name: &str) -> Option<String> {
        let mut part = part;
        loop {
            let path = if part.is_empty() { name.to_owned() } else { format!("{part}.{name}") };
            if self.var_at(&path).is_some() {
                return Some(path);
            }
            if part.is_empty() {
                return None;
            }
            part = part.rsplit_once('.').map_or("", |(around, _)| around);
        }
    }

    /// The segment and the name in it; a name that an unrolled cell has itself is its own.
    fn place<'p>(
        &self,
        path: &'p str,
        is_own: impl Fn(&str) -> bool,
    ) -> Option<(Option<SegmentId>, &'p str)> {
        if is_own(path) {
            return Some((None, path));
        }
        let (parts, name) = path.rsplit_once('.')?;
        let mut home = None;
        for part in parts.split('.') {
            home = Some(self.segment_in(home, part.split('[').next().unwrap_or(part))?);
        }
        Some((home, name))
    }
}

/// What a path stands in and its index there: `distal[3]` and 3 of `distal[3].syn`.
pub fn part_of(path: &str) -> (&str, Option<i64>) {
    let part = path.rsplit_once('.').map_or("", |(part, _)| part);
    let index = part.rsplit_once('[').and_then(|(_, rest)| rest.split(']').next()?.parse().ok());
    (part, index)
}

/// `col[2].E` as `col.E`
pub fn without_indices(path: &str) -> String {
    let mut bare = String::with_capacity(path.len());
    let mut inside = false;
    for c in path.chars() {
        inside = (inside || c == '[') && c != ']';
        if !inside && c != ']' {
            bare.push(c);
        }
    }
    bare
}
