//! Slips: programs that people wrote, with one mistake of a kind that people make.
//!
//! In: a program that holds no mistake. Out: for each [`Kind`] the program with that mistake at one place, for every
//! place at which it can be made, and the lines on which a message about it may stand. Every slip is surely a mistake:
//! its kind says why.

mod form;
pub mod line;
mod meaning;
mod names;
mod numbers;

use line::Line;

/// A program with one mistake.
#[derive(Clone, Debug)]
pub struct Slip {
    pub text: String,
    /// Counted from 1: where the first message about it belongs.
    pub lines: Vec<usize>,
}

/// A kind of mistake.
pub struct Kind {
    pub name: &'static str,
    /// Why no program with it has a meaning.
    pub why: &'static str,
    slips: fn(&[Line]) -> Vec<Change>,
}

/// What is done to a program.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    /// Lines, counted from 0, with what stands there instead; a line may become several, or none.
    pub lines: Vec<(usize, Vec<String>)>,
    /// Counted from 0, in the changed program.
    pub right: Vec<usize>,
}

/// All kinds.
pub fn kinds() -> impl Iterator<Item = &'static Kind> {
    [form::KINDS, names::KINDS, numbers::KINDS, meaning::KINDS].into_iter().flatten()
}

impl Kind {
    /// The program with this mistake, once for each place; at most `most`, spread over the program.
    pub fn slips(&self, program: &str, most: usize) -> Vec<Slip> {
        let lines = line::lines(program);
        let changes = (self.slips)(&lines);
        let step = changes.len().div_ceil(most).max(1);
        changes.iter().step_by(step).map(|change| made(program, change)).collect()
    }
}

fn made(program: &str, change: &Change) -> Slip {
    let mut text = String::new();
    for (at, line) in program.lines().enumerate() {
        match change.lines.iter().find(|(changed, _)| *changed == at) {
            Some((_, instead)) => instead.iter().for_each(|line| text += &format!("{line}\n")),
            None => text += &format!("{line}\n"),
        }
    }
    Slip { text, lines: change.right.iter().map(|line| line + 1).collect() }
}

/// One changed line, on which the message belongs.
pub(crate) fn on_line(at: usize, text: String) -> Change {
    Change { lines: vec![(at, vec![text])], right: vec![at] }
}

/// Every change of every line.
pub(crate) fn each_line(lines: &[Line], changed: impl Fn(&Line) -> Vec<String>) -> Vec<Change> {
    lines.iter().flat_map(|line| changed(line).into_iter().map(|text| on_line(line.at, text))).collect()
}
