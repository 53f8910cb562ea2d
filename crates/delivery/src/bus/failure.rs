//! Decides which failures of a delivery are worth another attempt: [`ErrorCode::is_retried`].
//!
//! What may pass by itself is tried again: a target that is busy, slow, unreachable, or broken inside. What stays as it is
//! until somebody acts is not: a target that is gone, a permission that is missing, an input that it does not take.
//!
//! Invariant: the codes are those that AWS writes on dead letters.

use super::input::NoInput;
use std::fmt;
use std::time::Duration;

/// Why an attempt failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What sort of failure it is.
    pub code: ErrorCode,
    /// What a person should know of it.
    pub message: String,
    /// How long the target asked to be left alone.
    pub wait: Option<Duration>,
}

impl Failure {
    /// A failure, told in the caller's words.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), wait: None }
    }

    /// The same failure of a target that asked to be left alone for so long.
    pub fn asked_to_wait(self, wait: Duration) -> Self {
        Self { wait: Some(wait), ..self }
    }

    /// What the status of an HTTP endpoint's answer means; nothing, if it took the event.
    pub fn of_http_status(status: u16) -> Option<Self> {
        let code = match status {
            200..=299 => return None,
            429 => ErrorCode::Throttling,
            401 | 407 | 409 | 500..=599 => ErrorCode::ErrorFromTarget,
            _ => ErrorCode::SdkClientError,
        };
        Some(Self::new(code, format!("the endpoint answered with status {status}")))
    }
}

impl From<NoInput> for Failure {
    fn from(none: NoInput) -> Self {
        Self::new(ErrorCode::InvalidParameter, none.to_string())
    }
}

/// Declares the codes with AWS's names for them.
macro_rules! codes {
    ($($(#[$doc:meta])* $code:ident = $text:literal, $retried:literal;)*) => {
        /// What sort of failure an attempt ended in.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ErrorCode {
            $($(#[$doc])* $code,)*
        }

        impl ErrorCode {
            /// All of them.
            pub const ALL: &[ErrorCode] = &[$(ErrorCode::$code),*];

            /// AWS's name.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(ErrorCode::$code => $text,)*
                }
            }

            /// Whether another attempt may succeed.
            pub fn is_retried(self) -> bool {
                match self {
                    $(ErrorCode::$code => $retried,)*
                }
            }
        }
    };
}

codes! {
    /// The target could not be reached.
    ConnectionFailure = "CONNECTION_FAILURE", true;
    /// The target answered that something went wrong.
    ErrorFromTarget = "ERROR_FROM_TARGET", true;
    /// Something went wrong here.
    InternalError = "INTERNAL_ERROR", true;
    /// The target's resource is being changed.
    ResourceModificationCollision = "RESOURCE_MODIFICATION_COLLISION", true;
    /// The target is at one of its limits.
    ResourceLimitExceeded = "RESOURCE_LIMIT_EXCEEDED", true;
    /// The target takes no more for now.
    Throttling = "THROTTLING", true;
    /// The target did not answer in time.
    Timeout = "TIMEOUT", true;
    /// A role could not be assumed for now.
    TransientAssumeRole = "TRANSIENT_ASSUME_ROLE", true;
    /// Something else.
    Unknown = "UNKNOWN", true;
    /// A role cannot be assumed.
    FailedToAssumeRole = "FAILED_TO_ASSUME_ROLE", false;
    /// What would be sent is no JSON.
    InvalidJson = "INVALID_JSON", false;
    /// What would be sent is not what the target takes.
    InvalidParameter = "INVALID_PARAMETER", false;
    /// The target may not be used.
    NoPermissions = "NO_PERMISSIONS", false;
    /// The target is gone.
    NoResource = "NO_RESOURCE", false;
    /// What would be made is there already.
    ResourceAlreadyExists = "RESOURCE_ALREADY_EXISTS", false;
    /// The target refused the request itself.
    SdkClientError = "SDK_CLIENT_ERROR", false;
    /// The batch that the event was sent in was refused.
    EventsInBatchRequestRejected = "EVENTS_IN_BATCH_REQUEST_REJECTED", false;
    /// Another account's bus did not take it.
    CrossAccountIngestionFailed = "CROSS_ACCOUNT_INGESTION_FAILED", false;
    /// Another region's bus did not take it.
    CrossRegionIngestionFailed = "CROSS_REGION_INGESTION_FAILED", false;
    /// It came from another account already.
    ThirdAccountHopDetected = "THIRD_ACCOUNT_HOP_DETECTED", false;
    /// It came from another region already.
    ThirdRegionHopDetected = "THIRD_REGION_HOP_DETECTED", false;
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_say_whether_to_try_again() {
        let cases = [
            (200, None),
            (204, None),
            (301, Some((ErrorCode::SdkClientError, false))),
            (400, Some((ErrorCode::SdkClientError, false))),
            (401, Some((ErrorCode::ErrorFromTarget, true))),
            (404, Some((ErrorCode::SdkClientError, false))),
            (407, Some((ErrorCode::ErrorFromTarget, true))),
            (409, Some((ErrorCode::ErrorFromTarget, true))),
            (429, Some((ErrorCode::Throttling, true))),
            (500, Some((ErrorCode::ErrorFromTarget, true))),
            (599, Some((ErrorCode::ErrorFromTarget, true))),
        ];
        for (status, expected) in cases {
            let found = Failure::of_http_status(status).map(|failure| (failure.code, failure.code.is_retried()));
            assert_eq!(found, expected, "{status}");
        }
    }

    #[test]
    fn what_needs_somebody_to_act_is_not_retried() {
        for code in ["NO_PERMISSIONS", "NO_RESOURCE", "INVALID_PARAMETER", "INVALID_JSON"] {
            let found = ErrorCode::ALL.iter().find(|known| known.as_str() == code).unwrap();
            assert!(!found.is_retried(), "{code}");
        }
        for code in ["THROTTLING", "TIMEOUT", "CONNECTION_FAILURE", "ERROR_FROM_TARGET"] {
            let found = ErrorCode::ALL.iter().find(|known| known.as_str() == code).unwrap();
            assert!(found.is_retried(), "{code}");
        }
    }
}
