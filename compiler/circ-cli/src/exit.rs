//! Exit codes: what a script learns of how it went.

/// How the command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Well,
    /// The program was rejected.
    Rejected,
    /// The command was asked for something that there is not.
    Usage,
    /// The simulation failed.
    Failed,
    /// A file could not be read or written.
    Files,
    Interrupted,
    /// An expectation did not hold.
    Expectation,
    /// A monitor ended the run.
    Stopped,
}

impl Exit {
    /// The number that the shell sees.
    pub fn code(self) -> u8 {
        match self {
            Exit::Well => 0,
            Exit::Rejected => 1,
            Exit::Usage => 2,
            Exit::Failed => 3,
            Exit::Files => 4,
            Exit::Interrupted => 5,
            Exit::Expectation => 6,
            Exit::Stopped => 7,
        }
    }

    /// The code of two things done one after the other: an interruption first, then whatever went wrong
    /// first, an expectation that did not hold last.
    pub fn and(self, next: Exit) -> Exit {
        match (self, next) {
            (Exit::Interrupted, _) | (_, Exit::Interrupted) => Exit::Interrupted,
            (Exit::Well, next) => next,
            (Exit::Expectation, Exit::Well) => Exit::Expectation,
            (Exit::Expectation, next) => next,
            (first, _) => first,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Exit;

    #[test]
    fn an_expectation_yields_to_everything_else() {
        assert_eq!(Exit::Expectation.and(Exit::Rejected), Exit::Rejected);
        assert_eq!(Exit::Expectation.and(Exit::Well), Exit::Expectation);
        assert_eq!(Exit::Files.and(Exit::Expectation), Exit::Files);
        assert_eq!(Exit::Files.and(Exit::Interrupted), Exit::Interrupted);
    }
}
