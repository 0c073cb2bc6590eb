//! Circuits in a program of yours: compile, look, start, step, and react at every tick.
//!
//! In: the text of a circuit. Out: [`Live`], a network that stands between two ticks until it is told to go on. Numbers are in the
//! coherent units ms, mV, pA, nS, pF, mM; [`Variable::unit`] says which.
//!
//! ```
//! use circ::embed::Setup;
//!
//! let text = "
//!   cell Integrator {
//!     param drive = 0 mV/ms
//!     param theta = 5 mV
//!     state v = 0 mV
//!     v' = drive
//!     spike when v >= theta { v = 0 mV }
//!   }
//!   circuit Two { population E: Integrator[2] }
//!   experiment Host of Two { dt 1 ms }
//! ";
//! let circuit = Setup::text(text).sets("E.drive").compile().expect("a program without mistakes");
//! let mut live = circuit.start(&Default::default()).expect("enough memory");
//! let (drive, spikes) = (live.variable("E.drive")?, live.events("E.spike")?);
//! live.set(&drive, &[1.0, 0.5])?;
//! live.step(20)?;
//! let found = live.events_after(&spikes, -1);
//! assert_eq!(found, [(5, 0), (10, 0), (10, 1), (15, 0), (20, 0), (20, 1)]);
//! # Ok::<(), circ::embed::Error>(())
//! ```
//!
//! A `let` of the circuit is an output, computed from the present state when it is read:
//!
//! ```
//! use circ::embed::Setup;
//!
//! let text = "
//!   cell Muscle { param drive = 0; state pull = 0; 10 ms * pull' = drive - pull }
//!   circuit Joint {
//!     population left: Muscle
//!     population right: Muscle
//!     pub let torque = left[0].pull - right[0].pull
//!   }
//!   experiment Host of Joint { dt 1 ms }
//! ";
//! let circuit = Setup::text(text).compile().expect("a program without mistakes");
//! assert!(circuit.warnings().is_empty());
//! let mut live = circuit.start(&Default::default()).expect("enough memory");
//! let (drive, torque) = (live.variable("left.drive")?, live.output("torque")?);
//! live.set(&drive, &[1.0])?;
//! live.step(10)?;
//! assert!((live.read(&torque)?[0] - (1.0 - (-1.0_f64).exp())).abs() < 1e-12);
//! # Ok::<(), circ::embed::Error>(())
//! ```
//!
//! A network may go to another thread, and many run side by side:
//!
//! ```
//! use circ::embed::Setup;
//!
//! let text = "
//!   cell Decay { state x = 1; 10 ms * x' = -x }
//!   circuit One { population D: Decay[1] }
//!   experiment Host of One { dt 1 ms }
//! ";
//! let circuit = Setup::text(text).compile().expect("a program without mistakes");
//! let runs = [1, 2, 3].map(|ticks| {
//!     let mut live = circuit.start(&Default::default()).expect("enough memory");
//!     std::thread::spawn(move || {
//!         let x = live.variable("D.x")?;
//!         live.step(ticks)?;
//!         live.get(&x)
//!     })
//! });
//! for (run, ticks) in runs.into_iter().zip(1..) {
//!     let x = run.join().expect("no panic").expect("no fault");
//!     assert!((x[0] - (-0.1 * f64::from(ticks)).exp()).abs() < 1e-12);
//! }
//! ```

mod live;
mod look;
mod output;

pub use circ_plan::engine::Slice;
pub use live::{Events, Input, Live, Variable};
pub use look::{PopulationInfo, ProjectionInfo, Quantity};
pub use output::Output;

use crate::compile::{Compiled, Options, Rejection, compile};
use crate::run::RunOptions;
use crate::sources::{self, ReadError};
use crate::{constraints, instance};
use circ_compiler::diagnose::{Diagnostic, Sources, render};
use circ_plan::ir::Precision;
use std::fmt;
use std::path::{Path, PathBuf};

/// The text of a circuit, and how it is to be compiled.
#[derive(Clone, Debug)]
pub struct Setup {
    name: String,
    text: String,
    folder: PathBuf,
    options: Options,
}

/// A circuit that can be started, as often as one likes.
#[derive(Clone, Debug)]
pub struct Circuit {
    compiled: Compiled,
}

/// Something that is not there, not allowed, or went wrong, in words for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(pub(crate) String);

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

impl fmt::Display for Rejection {
    /// As the command line shows it, without colour.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rejection::Program { diagnostics, sources } => f.write_str(&render(diagnostics, sources, false)),
            Rejection::Request(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for Rejection {}

impl Setup {
    /// Of a text. What it `use`s beside itself, and what it loads, is looked for in the current folder.
    pub fn text(text: &str) -> Setup {
        Setup {
            name: "text".to_string(),
            text: text.to_string(),
            folder: PathBuf::from("."),
            options: Options::default(),
        }
    }

    /// Of a file.
    ///
    /// # Errors
    /// When it can not be read.
    pub fn file(path: &Path) -> Result<Setup, ReadError> {
        let text = sources::read_text(path)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new(".")).to_path_buf();
        Ok(Setup { name: path.display().to_string(), text, folder, options: Options::default() })
    }

    /// Which experiment says the step, the seed and the circuit; without one, `Main` or the only one. What it does is not done.
    pub fn experiment(mut self, name: &str) -> Setup {
        self.options.experiment = Some(name.to_string());
        self
    }

    /// Gives a parameter of the experiment or its circuit another value, as text: `("g", "4 nS")`.
    pub fn with(mut self, parameter: &str, value: &str) -> Setup {
        self.options.set.push((parameter.to_string(), value.to_string()));
        self
    }

    /// Another seed.
    pub fn seed(mut self, seed: u64) -> Setup {
        self.options.seed = Some(seed);
        self
    }

    /// Another precision.
    pub fn precision(mut self, precision: Precision) -> Setup {
        self.options.precision = Some(precision);
        self
    }

    /// The host is going to fire cells of a population.
    pub fn fires(mut self, population: &str) -> Setup {
        self.options.hosted.fires.push(population.to_string());
        self
    }

    /// The host is going to give each cell its own value of a parameter: `E.gain`.
    pub fn sets(mut self, parameter: &str) -> Setup {
        self.options.hosted.sets.push(parameter.to_string());
        self
    }

    /// Compiles.
    ///
    /// # Errors
    /// With all mistakes, as values and as text.
    pub fn compile(self) -> Result<Circuit, Rejection> {
        let program = sources::parse(&self.name, self.text, &self.folder);
        Ok(Circuit { compiled: compile(program, &self.options)? })
    }
}

impl Circuit {
    /// What was said of the program that is no mistake.
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.compiled.warnings
    }

    /// For rendering them.
    pub fn sources(&self) -> &Sources {
        self.compiled.sources()
    }

    /// The step, in ms.
    pub fn step_ms(&self) -> f64 {
        self.compiled.plan.dt
    }

    /// The populations with what they have, in order of declaration.
    pub fn populations(&self) -> Vec<PopulationInfo> {
        look::populations(&self.compiled)
    }

    /// The projections likewise.
    pub fn projections(&self) -> Vec<ProjectionInfo> {
        look::projections(&self.compiled)
    }

    /// What [`Live::output`] finds: the `let`s of the circuit and its parts that depend on how the network is.
    pub fn outputs(&self) -> Vec<Quantity> {
        output::outputs(&self.compiled)
    }

    /// Builds the network. It stands before tick 0.
    ///
    /// # Errors
    /// When there is too little memory, or a constraint of the circuit does not hold.
    pub fn start(&self, options: &RunOptions) -> Result<Live, Rejection> {
        let compiled = self.compiled.clone();
        let refused = |diagnostic: Diagnostic| {
            let sources = self.compiled.program.sources.clone();
            Rejection::Program { diagnostics: vec![diagnostic], sources }
        };
        let mut instance = instance::build(&compiled, options).map_err(|it| refused(*it))?;
        constraints::establish(&compiled, instance.engine.as_mut()).map_err(|it| refused(*it))?;
        Live::new(compiled, instance, *options).map_err(|it| refused(*it))
    }
}
