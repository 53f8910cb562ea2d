//! Decides in which words it is said that versions and aliases are refused.

use crate::error::{Code, WireError};
use types::{Account, AliasName, FunctionName, Qualifier};

/// Why something is refused that is done to versions and aliases.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Refused<'a> {
    /// The function has no such version or alias.
    NoVersion(&'a FunctionName, &'a Qualifier),
    /// The function has no such alias.
    NoAlias {
        /// Of which function.
        function: &'a FunctionName,
        /// Which.
        alias: &'a AliasName,
        /// Whether it was to be changed: AWS has two texts.
        changing: bool,
    },
    /// There is an alias of that name.
    AliasExists(&'a FunctionName, &'a AliasName),
    /// It was changed since whoever asks has seen it.
    Revision,
    /// The function as it is cannot share invocations.
    LatestShares,
    /// Both versions of an alias are the same.
    SameVersion(u64),
    /// The function's code has another hash.
    CodeSha256 {
        /// What was said that it has.
        given: &'a str,
        /// What it has.
        is: &'a str,
    },
    /// There are as many as there may be.
    TooMany,
    /// Nobody has said how it does what nobody waits for.
    NoInvokeConfig(&'a FunctionName, &'a Qualifier),
    /// There is nobody to say that of.
    NobodyToSet,
    /// Who is to be told is not there.
    NoDestination {
        /// Whether it is a queue, or else a function.
        is_queue: bool,
        /// Its name.
        name: &'a str,
    },
    /// A version cannot run any more.
    Unfit(&'a str),
}

impl Refused<'_> {
    pub(crate) fn error(&self, account: &Account) -> WireError {
        let arn = |function: &FunctionName, behind: &dyn std::fmt::Display| {
            account.arn("lambda", &format!("function:{function}:{behind}"))
        };
        let (code, message) = match self {
            Self::NoVersion(function, qualifier) => {
                (Code::ResourceNotFound, format!("Function not found: {}", arn(function, qualifier)))
            }
            Self::NoAlias { function, alias, changing: false } => {
                (Code::ResourceNotFound, format!("Cannot find alias arn: {}", arn(function, alias)))
            }
            Self::NoAlias { function, alias, changing: true } => {
                (Code::ResourceNotFound, format!("Alias not found: {}", arn(function, alias)))
            }
            Self::AliasExists(function, alias) => {
                (Code::ResourceConflict, format!("Alias already exists: {}", arn(function, alias)))
            }
            Self::Revision => (
                Code::PreconditionFailed,
                "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to \
                 retrieve the latest Revision Id"
                    .to_owned(),
            ),
            Self::LatestShares => (
                Code::InvalidParameterValue,
                "$LATEST is not supported for an alias pointing to more than 1 version".to_owned(),
            ),
            Self::SameVersion(version) => (
                Code::InvalidParameterValue,
                format!(
                    "Invalid function version {version}. Function version {version} is already included in routing \
                     configuration."
                ),
            ),
            Self::CodeSha256 { given, is } => (
                Code::InvalidParameterValue,
                format!(
                    "CodeSHA256 ({given}) is different from current CodeSHA256 in $LATEST ({is}). Please try again with \
                     the CodeSHA256 in $LATEST."
                ),
            ),
            Self::TooMany => (
                Code::CodeStorageExceeded,
                "The function has as many versions, or aliases, as are kept here.".to_owned(),
            ),
            Self::NoInvokeConfig(function, qualifier) => (
                Code::ResourceNotFound,
                format!("The function {} doesn't have an EventInvokeConfig", arn(function, qualifier)),
            ),
            Self::NobodyToSet => (Code::ResourceNotFound, "The function doesn't exist.".to_owned()),
            Self::NoDestination { is_queue, name } => {
                let arn = match is_queue {
                    true => account.arn("sqs", name),
                    false => account.arn("lambda", &format!("function:{name}")),
                };
                (Code::InvalidParameterValue, format!("The destination ARN {arn} is invalid."))
            }
            Self::Unfit(why) => (Code::Service, (*why).to_owned()),
        };
        let error = WireError::new(code, message);
        match self {
            // Of this one AWS does not say who is at fault.
            Self::LatestShares => error.with("Type", serde_json::Value::Null),
            _ => error,
        }
    }
}
