//! Decides in which words refusals of event buses are said, and under which code.

use crate::error::{Code, WireError};
use delivery::bus::archive::ArchiveRefused;
use delivery::bus::endpoint::EndpointRefused;
use delivery::bus::entry::RequestRefused;
use delivery::bus::policy::PolicyRefused;
use delivery::bus::replay::{ReplayRefused, archive_missing};
use delivery::bus::{RuleRefused, TargetRefused, TargetsRefused};
use types::{Arn, BusName};

/// Why something is not done with buses and what belongs to them.
#[derive(Debug, Clone, PartialEq)]
pub enum Refused<'a> {
    /// There is no such bus; by its name, or by its ARN if it is elsewhere.
    NoBus(&'a str),
    /// There is a bus of this name.
    BusExists(&'a str),
    /// The bus that every account has cannot be removed.
    DefaultBusStays,
    /// The bus still has rules.
    BusHasRules(&'a BusName),
    /// The bus has no such rule.
    NoRule {
        /// The rule.
        rule: &'a str,
        /// The bus.
        bus: &'a BusName,
    },
    /// What has or gets tags is not there.
    NoResource(&'a Arn),
    /// There is no such archive.
    NoArchive(&'a str),
    /// There is an archive of this name.
    ArchiveExists(&'a str),
    /// A replay names an archive that is not there.
    ReplayOfNothing {
        /// The archive.
        archive: &'a str,
    },
    /// There is no such replay.
    NoReplay(&'a str),
    /// There is, or was, a replay of this name.
    ReplayExists(&'a str),
    /// There would be more than there may be.
    TooMany,
    /// It belongs to a stack, whose template would only make it again.
    OfStack {
        /// What it is: `event bus` or `rule`.
        kind: &'a str,
        /// Its name.
        name: &'a str,
        /// The stack's name.
        stack: &'a str,
    },
    /// There is no such connection; by its name, or by its ARN where that was given.
    NoConnection(&'a str),
    /// There is a connection of this name.
    ConnectionExists(&'a str),
    /// There is no such API destination.
    NoDestination(&'a str),
    /// There is an API destination of this name.
    DestinationExists(&'a str),
    /// The connection or the API destination is none.
    Endpoint(&'a EndpointRefused),
    /// The request for events to be brought is faulty as a whole.
    Request(&'a RequestRefused),
    /// The rule is none.
    Rule(&'a RuleRefused),
    /// A target is none.
    Target(&'a TargetRefused),
    /// The rule cannot have these targets together.
    Targets(&'a TargetsRefused),
    /// The archive is none.
    Archive(&'a ArchiveRefused),
    /// The replay is none, or cannot be stopped.
    Replay(&'a ReplayRefused),
    /// A bus cannot have such a policy, or has no such statement.
    Policy(&'a PolicyRefused),
}

impl Refused<'_> {
    pub(crate) fn error(&self) -> WireError {
        let not_found = |what: String| WireError::new(Code::ResourceNotFound, what);
        let exists = |what: String| WireError::new(Code::ResourceAlreadyExists, what);
        let invalid = |what: String| WireError::new(Code::Validation, what);
        let pattern = |what: String| WireError::new(Code::InvalidEventPattern, what);
        match self {
            Self::NoBus(bus) => not_found(format!("Event bus {bus} does not exist.")),
            Self::BusExists(bus) => exists(format!("Event bus {bus} already exists.")),
            Self::DefaultBusStays => invalid("Cannot delete event bus default.".to_owned()),
            Self::BusHasRules(bus) => invalid(format!("Event bus {bus} can't be deleted since it has rules.")),
            Self::NoRule { rule, bus } => not_found(format!("Rule {rule} does not exist on EventBus {bus}.")),
            Self::NoResource(arn) => not_found(no_resource(arn)),
            Self::NoArchive(archive) => not_found(format!("Archive {archive} does not exist.")),
            Self::ArchiveExists(archive) => exists(format!("Archive {archive} already exists.")),
            Self::ReplayOfNothing { archive } => invalid(archive_missing(archive)),
            Self::NoReplay(replay) => not_found(format!("Replay {replay} does not exist.")),
            Self::ReplayExists(replay) => exists(format!("Replay {replay} already exists.")),
            Self::TooMany => too_many(),
            Self::OfStack { kind, name, stack } => invalid(format!(
                "The {kind} {name} belongs to stack {stack}; take it out of the stack's template and deploy that again."
            )),
            Self::NoConnection(arn) if arn.starts_with("arn:") => {
                not_found(format!("Connection '{arn}' does not exist."))
            }
            Self::NoConnection(name) => {
                not_found(format!("Failed to describe the connection(s). Connection '{name}' does not exist."))
            }
            Self::ConnectionExists(name) => exists(format!("Connection {name} already exists.")),
            Self::NoDestination(name) => not_found(format!(
                "Failed to describe the api-destination(s). An api-destination '{name}' does not exist."
            )),
            Self::DestinationExists(name) => exists(format!("An api-destination '{name}' already exists.")),
            Self::Endpoint(refused) => invalid(refused.to_string()),
            Self::Request(refused) => invalid(refused.to_string()),
            Self::Rule(refused @ RuleRefused::Pattern(_)) => pattern(refused.to_string()),
            Self::Rule(refused) => invalid(refused.to_string()),
            Self::Target(refused) => invalid(refused.to_string()),
            Self::Targets(TargetsRefused::TooMany { .. }) => too_many(),
            Self::Targets(refused @ TargetsRefused::Twice { .. }) => invalid(refused.to_string()),
            Self::Archive(refused @ ArchiveRefused::Pattern(_)) => pattern(refused.to_string()),
            Self::Archive(refused @ ArchiveRefused::Elsewhere { .. }) => not_found(refused.to_string()),
            Self::Archive(refused) => invalid(refused.to_string()),
            Self::Replay(refused @ ReplayRefused::NotCancellable { .. }) => {
                WireError::new(Code::IllegalStatus, refused.to_string())
            }
            Self::Replay(refused) => invalid(refused.to_string()),
            Self::Policy(refused) => policy(refused),
        }
    }
}

pub(super) fn policy(refused: &PolicyRefused) -> WireError {
    let code = match refused {
        PolicyRefused::Form { .. } => Code::Validation,
        PolicyRefused::TooLong { .. } => Code::PolicyLengthExceeded,
        PolicyRefused::NoStatement => Code::ResourceNotFound,
    };
    WireError::new(code, refused.to_string())
}

fn too_many() -> WireError {
    WireError::new(Code::LimitExceededException, "The requested resource exceeds the maximum number allowed.")
}

/// The sentence of the kind of thing that an ARN names.
fn no_resource(arn: &Arn) -> String {
    if let Some(bus) = arn.resource.strip_prefix("event-bus/") {
        return format!("Event bus {bus} does not exist.");
    }
    match arn.resource.strip_prefix("rule/").map(|rule| rule.rsplit_once('/').unwrap_or(("default", rule))) {
        Some((bus, rule)) => format!("Rule {rule} does not exist on EventBus {bus}."),
        None => format!("Resource {arn} does not exist."),
    }
}
