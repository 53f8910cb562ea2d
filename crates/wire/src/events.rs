//! Decides how requests of event buses are read and answered: events, buses, rules, targets, archives,
//! replays, connections, API destinations, tags, permissions.
//!
//! Start at [`Call`], then `parse`. Names and bounds are read here; what a rule, a target, an archive or a replay is,
//! says `delivery::bus`, whose words for what was asked for are handed on as they are. Lists are cut to pages by
//! [`Page`], so that whoever answers only needs to know everything that there is.

mod archives;
mod buses;
mod endpoints;
mod entries;
mod page;
mod permissions;
mod refused;
mod replays;
mod request;
mod rules;
mod spell;
mod tags;
mod targets;
mod trial;

pub use archives::{ArchiveChange, ArchiveFilter};
pub use endpoints::{ConnectionChange, DestinationChange};
pub use page::Page;
pub use permissions::Grant;
pub use refused::Refused;
pub use replays::{ReplayFilter, ReplayStage};
pub(crate) use spell::spell;
pub use spell::{
    Answer, ArchiveDescription, BusDescription, ConnectionDescription, DestinationDescription, Put, ReplayDescription,
    RuleDescription,
};
pub use trial::{EventFault, PATTERN_LENGTH_MAX, check_event};

use crate::error::WireError;
use crate::members::{Members, parse_body};
use crate::reply::Service;
use crate::{Context, unknown_operation};
use delivery::bus::archive::ArchiveSpec;
use delivery::bus::endpoint::{ConnectionSpec, DestinationSpec};
use delivery::bus::entry::Entry;
use delivery::bus::replay::ReplaySpec;
use delivery::bus::{RuleSpec, TargetSpec};
use request::Request;
use types::{ArchiveName, Arn, BusName, ConnectionName, DestinationName, ReplayName, RuleName, SortedMap, TargetId};

/// Tags by their keys.
pub type Tags = SortedMap<String, String>;

/// What a client asks of EventBridge.
#[derive(Debug, Clone, PartialEq)]
pub enum Call {
    /// Say whether a pattern matches an event.
    TestEventPattern {
        /// The pattern, as it was written.
        pattern: String,
        /// The event, as it was written.
        event: String,
    },
    /// Bring events to their buses.
    PutEvents {
        /// The events, as they were written.
        entries: Vec<Entry>,
    },
    /// Make a bus.
    CreateEventBus {
        /// Its name.
        bus: BusName,
        /// What it is for.
        description: Option<String>,
        /// Its tags.
        tags: Tags,
    },
    /// Change what a bus is said to be for.
    UpdateEventBus {
        /// Which.
        bus: BusName,
        /// What it is for.
        description: Option<String>,
    },
    /// Remove a bus; one that is not there is no fault.
    DeleteEventBus {
        /// Which.
        bus: BusName,
    },
    /// Say what a bus is.
    DescribeEventBus {
        /// Which.
        bus: BusName,
    },
    /// Say which buses there are.
    ListEventBuses {
        /// Which part of them.
        page: Page,
    },
    /// Say who may do what with a bus.
    PutPermission {
        /// Which.
        bus: BusName,
        /// Who, and what.
        grant: Box<Grant>,
    },
    /// Take back what was said of who may do what with a bus.
    RemovePermission {
        /// Which.
        bus: BusName,
        /// Only this statement; none for all.
        statement: Option<String>,
    },
    /// Make a rule, or change it.
    PutRule {
        /// On which bus.
        bus: BusName,
        /// What it is to be.
        rule: Box<RuleSpec>,
        /// The role that its deliveries are made under.
        role: Option<String>,
        /// Its tags, which count only for a new one.
        tags: Tags,
    },
    /// Say what a rule is.
    DescribeRule {
        /// On which bus.
        bus: BusName,
        /// Which.
        rule: RuleName,
    },
    /// Say which rules a bus has.
    ListRules {
        /// Which bus.
        bus: BusName,
        /// Which part of them.
        page: Page,
    },
    /// Let a rule do something again.
    EnableRule {
        /// On which bus.
        bus: BusName,
        /// Which.
        rule: RuleName,
    },
    /// Let a rule do nothing.
    DisableRule {
        /// On which bus.
        bus: BusName,
        /// Which.
        rule: RuleName,
    },
    /// Remove a rule; one that is not there is no fault.
    DeleteRule {
        /// From which bus.
        bus: BusName,
        /// Which.
        rule: RuleName,
    },
    /// Give a rule targets, or change those of the same names.
    PutTargets {
        /// On which bus.
        bus: BusName,
        /// Which rule.
        rule: RuleName,
        /// The targets.
        targets: Vec<TargetSpec>,
    },
    /// Take targets from a rule.
    RemoveTargets {
        /// On which bus.
        bus: BusName,
        /// Which rule.
        rule: RuleName,
        /// The targets' names.
        ids: Vec<TargetId>,
    },
    /// Say which targets a rule has.
    ListTargetsByRule {
        /// On which bus.
        bus: BusName,
        /// Which rule.
        rule: RuleName,
        /// Which part of them.
        page: Page,
    },
    /// Say which rules of a bus have a target.
    ListRuleNamesByTarget {
        /// Which bus.
        bus: BusName,
        /// The target's ARN.
        target: String,
        /// Which part of the names.
        page: Page,
    },
    /// Make an archive.
    CreateArchive {
        /// What it is to be.
        archive: Box<ArchiveSpec>,
    },
    /// Change an archive.
    UpdateArchive {
        /// Which.
        archive: ArchiveName,
        /// What is to become different.
        change: ArchiveChange,
    },
    /// Remove an archive with its events.
    DeleteArchive {
        /// Which.
        archive: ArchiveName,
    },
    /// Say what an archive is.
    DescribeArchive {
        /// Which.
        archive: ArchiveName,
    },
    /// Say which archives there are.
    ListArchives {
        /// Which are meant.
        filter: ArchiveFilter,
        /// Which part of them.
        page: Page,
    },
    /// Bring the events of an archive again.
    StartReplay {
        /// Whose events.
        archive: ArchiveName,
        /// What to bring, and whom.
        replay: Box<ReplaySpec>,
        /// What it is for.
        description: Option<String>,
    },
    /// Stop a replay.
    CancelReplay {
        /// Which.
        replay: ReplayName,
    },
    /// Say what a replay is, and how far.
    DescribeReplay {
        /// Which.
        replay: ReplayName,
    },
    /// Say which replays there are.
    ListReplays {
        /// Which are meant.
        filter: ReplayFilter,
        /// Which part of them.
        page: Page,
    },
    /// Make a connection.
    CreateConnection {
        /// What it is to be.
        connection: Box<ConnectionSpec>,
    },
    /// Change a connection.
    UpdateConnection {
        /// Which.
        connection: ConnectionName,
        /// What is to become different.
        change: Box<ConnectionChange>,
    },
    /// Remove a connection with its secrets.
    DeleteConnection {
        /// Which.
        connection: ConnectionName,
    },
    /// Say what a connection is, but for its secrets.
    DescribeConnection {
        /// Which.
        connection: ConnectionName,
    },
    /// Say which connections there are.
    ListConnections {
        /// Whether any are meant: those in states that none is in here are not.
        any: bool,
        /// Which part of them.
        page: Page,
    },
    /// Make an API destination.
    CreateApiDestination {
        /// What it is to be.
        destination: Box<DestinationSpec>,
    },
    /// Change an API destination.
    UpdateApiDestination {
        /// Which.
        destination: DestinationName,
        /// What is to become different.
        change: Box<DestinationChange>,
    },
    /// Remove an API destination.
    DeleteApiDestination {
        /// Which.
        destination: DestinationName,
    },
    /// Say what an API destination is.
    DescribeApiDestination {
        /// Which.
        destination: DestinationName,
    },
    /// Say which API destinations there are.
    ListApiDestinations {
        /// Only those of this connection.
        connection: Option<String>,
        /// Which part of them.
        page: Page,
    },
    /// Give a bus or a rule tags, or change them.
    TagResource {
        /// Which.
        resource: Arn,
        /// The tags.
        tags: Tags,
    },
    /// Take tags from a bus or a rule; those that it does not have are no fault.
    UntagResource {
        /// Which.
        resource: Arn,
        /// The tags' keys.
        keys: Vec<String>,
    },
    /// Say which tags a bus or a rule has.
    ListTagsForResource {
        /// Which.
        resource: Arn,
    },
}

pub(crate) fn parse(operation: &str, body: &[u8], context: &Context) -> Result<Call, WireError> {
    let read: fn(&Request<'_>) -> Result<Call, WireError> = match operation {
        "TestEventPattern" => trial::read,
        "PutEvents" => entries::read,
        "CreateEventBus" => buses::create,
        "UpdateEventBus" => buses::update,
        "DeleteEventBus" => buses::delete,
        "DescribeEventBus" => buses::describe,
        "ListEventBuses" => buses::list,
        "PutPermission" => permissions::put,
        "RemovePermission" => permissions::remove,
        "PutRule" => rules::put,
        "DescribeRule" => rules::describe,
        "ListRules" => rules::list,
        "EnableRule" => rules::enable,
        "DisableRule" => rules::disable,
        "DeleteRule" => rules::delete,
        "PutTargets" => targets::put,
        "RemoveTargets" => targets::remove,
        "ListTargetsByRule" => targets::list,
        "ListRuleNamesByTarget" => targets::list_rules,
        "CreateArchive" => archives::create,
        "UpdateArchive" => archives::update,
        "DeleteArchive" => archives::delete,
        "DescribeArchive" => archives::describe,
        "ListArchives" => archives::list,
        "StartReplay" => replays::start,
        "CancelReplay" => replays::cancel,
        "DescribeReplay" => replays::describe,
        "ListReplays" => replays::list,
        "CreateConnection" => endpoints::create_connection,
        "UpdateConnection" => endpoints::update_connection,
        "DeleteConnection" => endpoints::delete_connection,
        "DescribeConnection" => endpoints::describe_connection,
        "ListConnections" => endpoints::list_connections,
        "CreateApiDestination" => endpoints::create_destination,
        "UpdateApiDestination" => endpoints::update_destination,
        "DeleteApiDestination" => endpoints::delete_destination,
        "DescribeApiDestination" => endpoints::describe_destination,
        "ListApiDestinations" => endpoints::list_destinations,
        "TagResource" => tags::tag,
        "UntagResource" => tags::untag,
        "ListTagsForResource" => tags::list,
        other => return Err(unknown_operation(other)),
    };
    let body = parse_body(body)?;
    read(&Request::new(Members::new(&body, Service::Events), context))
}
