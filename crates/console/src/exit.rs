//! Decides how a command ends: with which code, and what is said when it did not do what was asked.
//!
//! Scripts read the code, people read [`Failure`]: what is wrong, and what to do about it.

use std::fmt;
use std::io;

/// Yes, or done.
pub const DONE: u8 = 0;
/// No, or there are findings.
pub const NO: u8 = 1;
/// Wrong usage, or invalid input.
pub const USAGE: u8 = 2;
/// No server can be reached.
pub const UNREACHABLE: u8 = 3;
/// The data on disk is refused.
pub const DATA_REFUSED: u8 = 4;

/// Why a command did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// How the process ends.
    pub code: u8,
    /// What is wrong.
    pub error: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Failure {
    /// A failure without a hint.
    pub(crate) fn new(code: u8, error: impl Into<String>) -> Self {
        Self { code, error: error.into(), hint: None }
    }

    /// The same, with what to do about it.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.error)
    }
}

impl std::error::Error for Failure {}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        match error.downcast::<Self>() {
            Ok(failure) => failure,
            Err(error) => {
                let refused = error.chain().any(|cause| cause.is::<engine::OpenError>());
                Self::new(if refused { DATA_REFUSED } else { NO }, format!("{error:#}"))
            }
        }
    }
}

/// Why a command stopped before its end.
#[derive(Debug)]
pub(crate) enum Stop {
    /// Something is wrong.
    Failed(Failure),
    /// Nobody reads what it prints any more, as after `| head`; that is no fault.
    OutputClosed,
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<io::Error> for Stop {
    /// Of an error while printing.
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::OutputClosed,
            _ => Self::Failed(Failure::new(NO, format!("the output cannot be written: {error}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_keeps_its_code_and_hint_through_anyhow() {
        let failure = Failure::new(UNREACHABLE, "no server").hint("start one");
        assert_eq!(Failure::from(anyhow::Error::from(failure.clone()).context("while asking")), failure);
    }

    #[test]
    fn data_that_is_refused_has_its_own_code() {
        let error = engine::OpenError::Lines(io::Error::other("no"));
        let failure = Failure::from(anyhow::Error::from(error).context("opening ./data"));
        assert_eq!(failure.code, DATA_REFUSED);
        assert!(failure.error.starts_with("opening ./data: "), "{}", failure.error);
        assert_eq!(Failure::from(anyhow::anyhow!("port taken")).code, NO);
    }

    #[test]
    fn a_closed_pipe_is_no_fault() {
        assert!(matches!(Stop::from(io::Error::from(io::ErrorKind::BrokenPipe)), Stop::OutputClosed));
        assert!(matches!(Stop::from(io::Error::other("full")), Stop::Failed(failure) if failure.code == NO));
    }
}
