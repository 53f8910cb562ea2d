//! Decides what is known of records that were given up.

use types::Record;

/// Why records were given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Condition {
    /// The function failed on them as often as it may.
    RetryAttemptsExhausted,
    /// They became too old before the function did them.
    RecordAgeExceeded,
}

impl Condition {
    /// The name that dead letters use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RetryAttemptsExhausted => "RetryAttemptsExhausted",
            Self::RecordAgeExceeded => "RecordAgeExceeded",
        }
    }
}

/// Records that are never tried again.
#[derive(Debug, Clone)]
pub struct DeadLetter {
    /// In order, at least one.
    pub records: Vec<Record>,
    /// Why.
    pub condition: Condition,
    /// What went wrong last, if they were tried at all.
    pub error: Option<String>,
    /// How many attempts at them counted.
    pub attempts: u32,
}
