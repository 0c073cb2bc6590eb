//! What is seen of a run while it goes on: a bar with simulated time, speed and time left, on a terminal only; what the program
//! prints, and what it draws.

use crate::terminal::{self, Stream};
use circ::run::{Observer, Progress};
use circ::show::{Plot, Population};
use circ_results::picture::{self, Picture};
use indicatif::{ProgressBar, ProgressStyle};
use std::time::{Duration, Instant};

/// A run is shown from this long on: shorter ones are over before a bar can be read.
const PATIENCE: Duration = Duration::from_millis(250);

/// Shows progress on standard error, and what the program prints on standard output.
pub struct Shown {
    bar: Option<ProgressBar>,
    started: Instant,
    visible: bool,
    prints: Prints,
    /// Of the circuit whose pictures are drawn.
    populations: Vec<Population>,
    pictures: Vec<Picture>,
}

/// Whether `print` shows at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prints {
    AtOnce,
    /// They are in the results.
    Later,
}

impl Shown {
    /// A bar where a person sees it.
    pub fn new(prints: Prints) -> Shown {
        let visible = prints == Prints::AtOnce && terminal::is_terminal(Stream::Err);
        let (populations, pictures) = (Vec::new(), Vec::new());
        Shown { bar: None, started: Instant::now(), visible, prints, populations, pictures }
    }

    /// No bar.
    pub fn silent(prints: Prints) -> Shown {
        Shown { visible: false, ..Shown::new(prints) }
    }

    /// Draws what `plot` asks for, in the colours of these populations.
    pub fn drawing(self, populations: Vec<Population>) -> Shown {
        Shown { populations, ..self }
    }

    /// Takes the bar away, and gives what was drawn.
    pub fn finish(self) -> Vec<Picture> {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
        self.pictures
    }

    fn update(&mut self, progress: Progress) {
        let bar = self.bar.get_or_insert_with(|| bar(progress.total_ms));
        let speed = progress.simulated_ms / 1000.0 / self.started.elapsed().as_secs_f64();
        bar.set_length(microseconds(progress.total_ms));
        bar.set_position(microseconds(progress.simulated_ms));
        bar.set_message(format!(
            "{} of {}, {speed:.2}× real time",
            time(progress.simulated_ms),
            time(progress.total_ms)
        ));
    }
}

impl Observer for Shown {
    fn began(&mut self) {
        self.started = Instant::now();
    }
    fn progress(&mut self, progress: Progress) {
        if self.visible && PATIENCE < self.started.elapsed() {
            self.update(progress);
        }
    }
    fn plot(&mut self, plot: &Plot) {
        // A picture is much smaller than what it is drawn of.
        if !self.populations.is_empty() {
            self.pictures.extend(picture::of_plot(plot, &self.populations));
        }
    }
    fn print(&mut self, text: &str) {
        match (self.prints, &self.bar) {
            (Prints::Later, _) => {}
            (Prints::AtOnce, Some(bar)) => bar.suspend(|| terminal::line(Stream::Out, text)),
            (Prints::AtOnce, None) => terminal::line(Stream::Out, text),
        }
    }
}

fn bar(total_ms: f64) -> ProgressBar {
    let template = "{bar:32} {msg}, {eta} left";
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(microseconds(total_ms)).with_style(style.progress_chars("━╸ "))
}

fn microseconds(milliseconds: f64) -> u64 {
    (milliseconds * 1000.0) as u64
}

/// `350 ms`, `1.25 s`
fn time(milliseconds: f64) -> String {
    if milliseconds < 1000.0 {
        format!("{milliseconds:.0} ms")
    } else {
        format!("{:.2} s", milliseconds / 1000.0)
    }
}
