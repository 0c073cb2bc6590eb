//! A session: a circuit that is asked and changed while it runs, as one types.
//!
//! In: text, an entry at a time: statements of an experiment, declarations of a file or of a circuit, or an expression whose
//! value is wanted. Out: [`Answer`], or why not, with the session as it was. What was typed is always a file that
//! runs ([`Session::text`]); earlier moments can be returned to ([`Session::back`]).
//!
//! Every entry compiles the file that the session is, with the entry at its end. Where the circuit is as before, the engine goes
//! on; else it is built anew and gets what of the state still fits.

mod about;
mod answer;
mod carry;
mod live;
mod moment;
mod text;

pub use answer::{Answer, Refusal, Series};
pub use circ_grammar::pieces::{Piece, is_open};
pub use text::{Entry, entry};

use crate::compile::{Compiled, Options, Rejection, compile};
use crate::constraints;
use crate::digest;
use crate::instance;
use crate::protocol::Continued;
use crate::recording::Recordings;
use crate::results::{Ended, Number, Plotted};
use crate::run::{Built, Observer, PopulationSpikes, PostHooks, RunOptions, Silent, all_spikes, built};
use crate::sources::{self, Program};
use carry::{Fits, take_over};
use circ_compiler::diagnose::{Diagnostic, Level, Sources};
use circ_compiler::hir::Statement;
use live::{Live, hash_of};
use moment::{Kept, Moment};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use text::SessionText;

/// So many entries can be taken back.
const MOST_MOMENTS: usize = 100;
/// And their states take so many bytes together.
const MOST_BYTES: usize = 512 << 20;

/// See above.
pub struct Session {
    /// The name of the file for messages, and where `use` and `load` look.
    name: String,
    folder: PathBuf,
    allowed: Vec<PathBuf>,
    options: Options,
    run: RunOptions,
    text: SessionText,
    live: Option<Live>,
    /// Before each entry that took time or changed something, oldest first.
    past: Vec<Moment>,
    forks: BTreeMap<String, Moment>,
    /// Whether declarations changed after time had passed: the file does not say when.
    reworked: bool,
}

impl Session {
    /// With nothing in it. `folder` is where `use` and `load` look.
    pub fn empty(folder: &Path, options: Options, run: &RunOptions) -> Session {
        // Events that wait would be computed with parameters as they are later.
        let run = RunOptions { post_hooks: PostHooks::AtOnce, ..*run };
        Session {
            name: "session".to_string(),
            folder: folder.to_path_buf(),
            allowed: vec![],
            options,
            run,
            text: SessionText::empty(),
            live: None,
            past: vec![],
            forks: BTreeMap::new(),
            reworked: false,
        }
    }

    /// On the circuit of a program, with the parameters and settings of one of its experiments and none of its statements.
    ///
    /// # Errors
    /// With the mistakes of the program.
    pub fn open(program: &Program, options: Options, run: &RunOptions) -> Result<(Session, Answer), Refusal> {
        let main = &program.sources.files[0];
        let mut session = Session::empty(&program.folder, options, run);
        session.name.clone_from(&main.name);
        session.allowed.clone_from(&program.allowed);
        session.text = SessionText::of_file(&main.text, session.options.experiment.as_deref());
        let known = crate::compile::experiments(program);
        if let Some(wanted) = session.options.experiment.take()
            && !known.contains(&wanted)
        {
            return Err(Refusal::Request(format!("`{}` has no experiment `{wanted}`", main.name)));
        }
        if !program.problems.is_empty() {
            let (diagnostics, sources) = (program.problems.clone(), program.sources.clone());
            return Err(Refusal::Mistakes { diagnostics, sources });
        }
        let answer = session.turn_to(session.text.clone())?;
        // Lines are counted in what the file has become.
        session.name = format!("session of {}", main.name);
        Ok((session, answer))
    }

    /// The session as a file that runs: what was loaded, declared and carried out.
    pub fn text(&self) -> String {
        let text = self.text.compose();
        crate::compile::format(&self.name, &text).unwrap_or(text)
    }

    /// The experiment of [`Session::text`] that is the session.
    pub fn experiment(&self) -> &str {
        self.text.experiment()
    }

    /// Whether running [`Session::text`] comes to the present state: not where declarations changed after time had passed.
    pub fn is_repeatable(&self) -> bool {
        !self.reworked
    }

    /// The time of the circuit in ms.
    pub fn time_ms(&self) -> f64 {
        self.live.as_ref().map_or(0.0, Live::time_ms)
    }

    /// Carries out what was typed.
    ///
    /// # Errors
    /// With what is wrong with it.
    pub fn enter(
        &mut self,
        typed: &str,
        interrupt: &AtomicBool,
        observer: &mut dyn Observer,
    ) -> Result<Answer, Refusal> {
        match entry(typed) {
            Entry::Items => self.declare(self.text.with_items(typed)),
            Entry::CircuitItems => {
                let new = self.text.with_circuit_items(typed);
                self.declare(new.ok_or_else(|| {
                    Refusal::Request("the circuit is declared in another file: change it there".to_string())
                })?)
            }
            Entry::Statements => self.carry_out(self.text.with_statements(typed), interrupt, observer),
            Entry::Value => self.value(typed),
        }
    }

    /// Returns to an earlier moment, by a time in ms from now; entries that were complete then stay.
    ///
    /// # Errors
    /// Where it is not kept, or lies within an entry of several statements.
    pub fn back(&mut self, by_ms: f64) -> Result<Answer, Refusal> {
        let target = self.time_ms() - by_ms;
        let kept = self.past.iter().rposition(|moment| moment.time_ms() <= target + 1e-9);
        let Some(at) = kept.filter(|_| 0.0 <= by_ms) else {
            let oldest = self.past.first().map_or(self.time_ms(), Moment::time_ms);
            let reach = crate::quantity::significant(self.time_ms() - oldest, 6);
            return Err(Refusal::Request(format!("the session can go back by {reach} ms at most")));
        };
        let after = self.past.get(at + 1).map_or_else(|| self.text.clone(), |it| it.text().clone());
        let moment = self.past[at].clone();
        let left = target - moment.time_ms();
        let run = after
            .last_statement()
            .filter(|text| after.entries() > moment.text().entries() && text::is_run(text));
        if 1e-9 < left && run.is_none() {
            let time = crate::quantity::significant(target, 6);
            return Err(Refusal::Request(format!(
                "{time} ms lies within several statements that were typed at once: `back` to before them, by {} ms",
                crate::quantity::significant(self.time_ms() - moment.time_ms(), 6)
            )));
        }
        self.return_to(&moment)?;
        self.past.truncate(at);
        if left <= 1e-9 {
            return Ok(Answer::default());
        }
        let again = format!("run {} ms", self.grid_time(left));
        self.carry_out(self.text.with_statements(&again), &AtomicBool::new(false), &mut Silent)
    }

    /// Returns to before the last entry that did something.
    ///
    /// # Errors
    /// Where there is none.
    pub fn undo(&mut self) -> Result<(), Refusal> {
        let Some(moment) = self.past.pop() else {
            return Err(Refusal::Request("there is nothing to go back to".to_string()));
        };
        self.return_to(&moment)
    }

    /// A duration as written, in ms.
    ///
    /// # Errors
    /// Where it is none.
    pub fn duration_ms(&mut self, text: &str) -> Result<f64, Refusal> {
        let answer = self.value(&format!("(({text}) / 1 ms)"))?;
        match answer.reports.first().map(|it| &it.value) {
            Some(Number::Real(Some(value))) => Ok(*value),
            Some(Number::Int(value)) => Ok(*value as f64),
            _ => Err(Refusal::Request(format!("`{text}` is not a duration"))),
        }
    }

    /// Keeps the present moment under a name.
    pub fn fork(&mut self, name: &str) {
        let moment = self.moment();
        self.forks.insert(name.to_string(), moment);
    }

    /// The moments that are kept, with their times in ms.
    pub fn forks(&self) -> impl Iterator<Item = (&str, f64)> {
        self.forks.iter().map(|(name, moment)| (name.as_str(), moment.time_ms()))
    }

    /// Returns to a moment that was kept.
    ///
    /// # Errors
    /// Where there is none of the name.
    pub fn back_to(&mut self, name: &str) -> Result<(), Refusal> {
        let Some(moment) = self.forks.get(name).cloned() else {
            let near = circ_compiler::diagnose::suggest::nearest(name, self.forks.keys().map(String::as_str));
            let help = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
            return Err(Refusal::Request(format!("no moment was kept as `{name}`{help}")));
        };
        let here = self.moment();
        self.return_to(&moment)?;
        self.remember(here);
        Ok(())
    }

    /// Spikes of all populations between two times in ms, and the step.
    pub fn spikes(&self) -> Vec<PopulationSpikes> {
        self.live
            .as_ref()
            .map_or_else(Vec::new, |live| all_spikes(&live.compiled.plan, live.instance.engine.as_ref()))
    }

    /// The step in ms.
    pub fn dt_ms(&self) -> f64 {
        self.live.as_ref().map_or(0.1, |live| live.compiled.plan.dt)
    }

    /// Everything that was recorded of cells, a series for each.
    pub fn series(&self) -> Vec<Series> {
        self.live.as_ref().map_or_else(Vec::new, Live::series)
    }

    /// What was built.
    pub fn built(&self) -> Option<Built> {
        let live = self.live.as_ref()?;
        Some(built(&live.compiled, &live.instance))
    }

    /// The texts that diagnostics of the last entry point into.
    pub fn sources(&self) -> Sources {
        self.live.as_ref().map_or_else(Sources::default, |live| live.compiled.sources().clone())
    }

    /// How the circuit will be simulated, as `circ explain FILE` says it.
    pub fn explain(&self) -> Option<String> {
        self.live.as_ref().map(|live| crate::explain::explain(&live.compiled))
    }

    /// What was compiled last, to look names up in.
    pub fn compiled(&self) -> Option<&Compiled> {
        self.live.as_ref().map(|live| &live.compiled)
    }

    /// The digest of the present state, as `circ run --json` gives it.
    pub fn digest(&self) -> Option<String> {
        let live = self.live.as_ref()?;
        digest::digest(&live.compiled.plan, live.instance.engine.as_ref(), &AtomicBool::new(false))
    }

    // Entries

    fn declare(&mut self, new: SessionText) -> Result<Answer, Refusal> {
        let before = self.moment();
        let time_ms = self.time_ms();
        let answer = self.turn_to(new)?;
        self.reworked |= 0.0 < time_ms;
        self.remember(before);
        Ok(answer)
    }

    fn carry_out(
        &mut self,
        new: SessionText,
        interrupt: &AtomicBool,
        observer: &mut dyn Observer,
    ) -> Result<Answer, Refusal> {
        if !new.has_circuit() && !new.last_statement().is_some_and(text::is_of_the_language_alone) {
            let how = "declare a `population`, or open a file with `circ repl FILE`";
            return Err(Refusal::Request(format!("there is no circuit yet: {how}")));
        }
        let before = self.moment();
        let typed = new.entries() - 1;
        let mut answer = self.turn_to(new)?;
        let outcome = self.statements_after(typed, interrupt, observer);
        match outcome {
            Err(refusal) => {
                self.return_to(&before)?;
                Err(refusal)
            }
            Ok(outcome)
                if outcome.interrupted && !text::is_run(self.text.last_statement().unwrap_or_default()) =>
            {
                self.return_to(&before)?;
                answer.notes.push("stopped: of several statements at once nothing is kept".to_string());
                Ok(Answer { interrupted: true, ..answer })
            }
            Ok(outcome) => {
                if outcome.interrupted {
                    let ran = outcome.ran.map_or(0.0, |(from, to)| to - from);
                    let until = format!("run {} ms", self.grid_time(ran));
                    self.text = before.text().with_statements(&until);
                }
                self.remember(before);
                let (warnings, mut notes) = (answer.warnings, answer.notes);
                notes.extend(outcome.notes.iter().cloned());
                Ok(Answer { warnings, notes, ..outcome })
            }
        }
    }

    /// The value of an expression; it is not kept.
    fn value(&mut self, typed: &str) -> Result<Answer, Refusal> {
        let text = self.text.clone();
        self.turn_to(text.with_statements(&format!("report {}", typed.trim())))?;
        let answer = self.statements_after(text.entries(), &AtomicBool::new(false), &mut Silent);
        self.text = text;
        answer
    }

    /// Carries out the statements of entries from one on.
    fn statements_after(
        &mut self,
        entry: usize,
        interrupt: &AtomicBool,
        observer: &mut dyn Observer,
    ) -> Result<Answer, Refusal> {
        let first_byte = self.text.offset_of(entry);
        let Some(live) = &mut self.live else { return Ok(Answer::default()) };
        let is_new = |it: &&Statement| it.span.file.0 == 0 && first_byte <= it.span.start as usize;
        let new: Vec<Statement> = live.statements().iter().filter(is_new).cloned().collect();
        let from = live.time_ms();
        let outcome = live.carry_out(&new, interrupt, observer);
        let to = live.time_ms();
        match outcome.ended {
            Ended::Failed | Ended::Rejected => {
                let sources = live.compiled.sources().clone();
                return Err(Refusal::Mistakes { diagnostics: outcome.diagnostics, sources });
            }
            // Nothing is written while a session runs.
            Ended::Complete | Ended::Interrupted | Ended::Stopped | Ended::Unwritten => {}
        }
        Ok(Answer {
            reports: outcome.reports,
            expectations: outcome.expectations,
            awaited: outcome.awaited,
            monitors: outcome.monitors.into_iter().filter(|it| 0 < it.breached).collect(),
            ran: (from < to).then_some((from, to)),
            warnings: outcome.diagnostics,
            notes: outcome.plots.iter().map(not_drawn).collect(),
            interrupted: outcome.ended == Ended::Interrupted,
        })
    }

    // Circuits

    /// Compiles a text and makes it the session's: the engine goes on where it can, else a new one with what fits.
    fn turn_to(&mut self, new: SessionText) -> Result<Answer, Refusal> {
        let mut answer = Answer::default();
        let is_new = new.first_difference(&self.text);
        if !new.has_circuit() {
            // Cells and rules alone: looked at, nothing to build yet.
            let checked = crate::compile::check_all(self.parse(&new));
            let wrong = checked.diagnostics.iter().any(is_error);
            if wrong {
                let errors = checked.diagnostics.into_iter().filter(is_error).collect();
                return Err(Refusal::Mistakes { diagnostics: errors, sources: checked.sources });
            }
            self.text = new;
            return Ok(answer);
        }
        let options = Options { experiment: Some(new.experiment().to_string()), ..self.options.clone() };
        let compiled = compile(self.parse(&new), &options).map_err(only_errors)?;
        answer.warnings = compiled
            .warnings
            .iter()
            // What is not used yet may be used by the next entry.
            .filter(|it| !it.rule.name.starts_with("unused-"))
            .filter(|it| it.span.file.0 == 0 && is_new.contains(&(it.span.start as usize)))
            .cloned()
            .collect();
        let plan_hash = hash_of(&compiled);
        let declarations_stay = new.declarations() == self.text.declarations();
        match self.live.take() {
            Some(live) if live.plan_hash == plan_hash && declarations_stay => {
                self.live = Some(live.with(compiled));
            }
            mut old => match self.rebuilt(compiled, (plan_hash, declarations_stay), old.as_mut()) {
                Ok((live, notes)) => {
                    self.live = Some(live);
                    answer.notes.extend(notes);
                }
                Err(refusal) => {
                    self.live = old;
                    return Err(refusal);
                }
            },
        }
        self.text = new;
        Ok(answer)
    }

    /// Another engine, in the state of the old one as far as it fits.
    fn rebuilt(
        &self,
        compiled: Compiled,
        (plan_hash, declarations_stay): (blake3::Hash, bool),
        old: Option<&mut Live>,
    ) -> Result<(Live, Vec<String>), Refusal> {
        let fail = |diagnostic: Box<Diagnostic>| Refusal::Mistakes {
            diagnostics: vec![*diagnostic],
            sources: compiled.sources().clone(),
        };
        let mut instance = instance::build(&compiled, &self.run).map_err(fail)?;
        constraints::establish(&compiled, instance.engine.as_mut()).map_err(fail)?;
        let continued = Continued::begin(&compiled, instance.engine.as_mut());
        let engine_number = old.as_ref().map_or(0, |old| old.engine_number + 1);
        let recordings = Recordings::default();
        let run = self.run;
        let mut live = Live { compiled, instance, recordings, continued, plan_hash, run, engine_number };
        let Some(old) = old else { return Ok((live, vec![])) };
        let kept = Kept::of(old);
        if kept.put_all_into(&mut live) {
            let notes = take_over(&kept, Fits::Everything, &mut live);
            return Ok((live, notes));
        }
        // What is only asked otherwise (weights that are set from now on, say) is held otherwise: what was done is done again.
        if declarations_stay && !self.reworked && old.compiled.plan.dt == live.compiled.plan.dt {
            let end = self.text.offset_of(self.text.entries());
            live.repeat(|it| (it.span.start as usize) < end);
            return Ok((live, vec![]));
        }
        let mut notes = Vec::from_iter(kept.put_what_fits_into(&mut live));
        notes.extend(take_over(&kept, Fits::Cells, &mut live));
        Ok((live, notes))
    }

    fn parse(&self, text: &SessionText) -> Program {
        let program = sources::parse(&self.name, text.compose(), &self.folder);
        Program { allowed: self.allowed.clone(), ..program }
    }

    // Moments

    fn moment(&mut self) -> Moment {
        let text = self.text.clone();
        Moment::new(text, self.live.as_mut().map(Kept::of), self.reworked)
    }

    fn remember(&mut self, moment: Moment) {
        self.past.push(moment);
        while MOST_MOMENTS < self.past.len()
            || 1 < self.past.len() && MOST_BYTES < self.past.iter().map(Moment::size).sum::<usize>()
        {
            self.past.remove(0);
        }
    }

    fn return_to(&mut self, moment: &Moment) -> Result<(), Refusal> {
        match moment.kept() {
            None => {
                self.live = None;
                self.text = moment.text().clone();
            }
            Some(kept) => {
                self.turn_to(moment.text().clone())?;
                if let Some(live) = &mut self.live {
                    kept.put_back(live);
                }
            }
        }
        self.reworked = moment.was_reworked();
        Ok(())
    }

    /// A duration in ms as a number of steps has it.
    fn grid_time(&self, ms: f64) -> String {
        let dt = self.dt_ms();
        crate::quantity::Grid::new(dt).time((ms / dt).round() as i64)
    }
}

/// Without warnings: what is typed is not finished.
fn only_errors(rejection: Rejection) -> Refusal {
    match rejection {
        Rejection::Program { diagnostics, sources } => {
            let errors = diagnostics.into_iter().filter(is_error).collect();
            Refusal::Mistakes { diagnostics: errors, sources }
        }
        Rejection::Request(text) => Refusal::Request(text),
    }
}

/// Pictures are files, and a session writes none.
fn not_drawn(plot: &Plotted) -> String {
    format!("a picture of `{}` is drawn where the file of the session is run with `--out`", plot.text)
}

fn is_error(diagnostic: &Diagnostic) -> bool {
    diagnostic.rule.level == Level::Error
}

/// The pieces of a text, for colours.
pub fn pieces(text: &str) -> impl Iterator<Item = (&str, Piece)> {
    circ_grammar::pieces::pieces(text).into_iter().map(|(range, piece)| (&text[range], piece))
}
