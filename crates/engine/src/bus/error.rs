//! Decides what is refused about event buses, and in which words.

use crate::commit::WriteRefused;
use crate::engine::NotFound;
use delivery::bus::archive::ArchiveRefused;
use delivery::bus::endpoint::EndpointRefused;
use delivery::bus::entry::{EntryRefused, RequestRefused};
use delivery::bus::policy::PolicyRefused;
use delivery::bus::replay::ReplayRefused;
use delivery::bus::{RuleRefused, TargetRefused, TargetsRefused};
use types::{Arn, BusName};

/// Why something of an event bus is not as it was asked for. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// It is not there.
    #[error(transparent)]
    NotFound(#[from] NotFound),
    /// It is there already.
    #[error("the {kind} {name} is there already")]
    Exists {
        /// `event bus`, `archive`, `replay`.
        kind: &'static str,
        /// Which one.
        name: String,
    },
    /// A template has made it.
    #[error("the {kind} {name} belongs to stack {stack}; change the stack's template")]
    OfStack {
        /// `event bus`, `rule`, `archive`.
        kind: &'static str,
        /// Which one.
        name: String,
        /// Its stack.
        stack: String,
    },
    /// The default bus is always there.
    #[error("the default event bus is always there: it is neither made nor deleted")]
    Default,
    /// A bus that still has rules.
    #[error("the event bus {bus} still has rules; delete them first")]
    HasRules {
        /// Which one.
        bus: BusName,
    },
    /// There would be too many.
    #[error("there are {max} of kind {kind} already, and that is the limit")]
    TooMany {
        /// `event bus`, `rule`, `archive`, `replay`.
        kind: &'static str,
        /// How many there may be.
        max: usize,
    },
    /// The rule is none, or has to stay.
    #[error(transparent)]
    Rule(#[from] RuleRefused),
    /// A target is none.
    #[error(transparent)]
    Target(#[from] TargetRefused),
    /// The targets do not fit the rule.
    #[error(transparent)]
    Targets(#[from] TargetsRefused),
    /// The archive is none.
    #[error(transparent)]
    Archive(#[from] ArchiveRefused),
    /// The connection or the API destination is none.
    #[error(transparent)]
    Endpoint(#[from] EndpointRefused),
    /// The replay is none, or not in the right state.
    #[error(transparent)]
    Replay(#[from] ReplayRefused),
    /// The bus cannot have such a policy, or has no such statement.
    #[error(transparent)]
    Policy(#[from] PolicyRefused),
    /// The archive to be replayed is not there.
    #[error("{}", delivery::bus::replay::archive_missing(.archive))]
    NoArchive {
        /// Its name.
        archive: String,
    },
    /// It cannot be made durable.
    #[error(transparent)]
    Write(#[from] WriteRefused),
}

impl From<store::ReadError> for BusError {
    fn from(error: store::ReadError) -> Self {
        Self::Write(error.into())
    }
}

/// Why one entry was not taken, while others of its request were.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PutRefused {
    /// It is no event.
    #[error(transparent)]
    Entry(#[from] EntryRefused),
    /// Its bus is not here.
    #[error("The event bus {arn} is of another account or region, where nothing here can bring an event.")]
    Elsewhere {
        /// Its bus.
        arn: Arn,
    },
}

impl PutRefused {
    /// The error code beside the message in the answer.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Entry(refused) => refused.code(),
            Self::Elsewhere { .. } => "NotAuthorizedForSource",
        }
    }
}

/// Why nothing of a request was taken.
#[derive(Debug, thiserror::Error)]
pub enum PutError {
    /// It is no request.
    #[error(transparent)]
    Request(#[from] RequestRefused),
    /// It cannot be made durable.
    #[error(transparent)]
    Write(#[from] WriteRefused),
}
