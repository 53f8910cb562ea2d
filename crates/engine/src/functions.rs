//! Decides what the engine asks of whoever runs functions: one seam, [`Functions`].

use serde_json::Value as Json;
use types::{FunctionName, Record};

/// Runs functions. Called on threads of the engine's that may wait.
pub trait Functions: Send + Sync {
    /// Runs the function on these records and waits for its answer. What it prints must be in the system's hands when
    /// this returns, because the checkpoint of these records comes after.
    fn invoke(&self, function: &FunctionName, records: &[Record]) -> Invoked;
}

/// How an invocation ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Invoked {
    /// The function answered.
    Answered {
        /// What it answered.
        answer: Json,
    },
    /// The function failed: it said so, panicked, or took too long.
    Failed {
        /// `errorType: errorMessage`
        error: String,
    },
    /// The function was not run: too many of it are running, or it is not there.
    NotRun {
        /// Why.
        reason: String,
    },
}
