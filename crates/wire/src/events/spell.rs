//! Decides how answers about event buses are spelt.

use super::archives::STATE;
use super::replays::ReplayStage;
use super::{Page, Tags, endpoints, rules, targets};
use delivery::bus::archive::ArchiveSpec;
use delivery::bus::endpoint::{ConnectionSpec, DestinationSpec, PER_SECOND};
use delivery::bus::policy::Policy;
use delivery::bus::replay::{ReplaySpec, State};
use delivery::bus::{EventId, RuleSpec, TargetSpec, rule_arn};
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use types::{Account, ArchiveName, Arn, BusName, Gather, RuleName, TargetId, Timestamp};

/// What EventBridge answers.
#[derive(Debug)]
pub enum Answer<'a> {
    /// Whether the pattern matches the event.
    Tested {
        /// It does.
        matched: bool,
    },
    /// What became of each event, in the order of the request.
    Put(&'a [Put]),
    /// It is done, and AWS says nothing at all of it.
    Done,
    /// It is done, and AWS says so in an empty object.
    Changed,
    /// A bus is there.
    BusCreated(&'a BusDescription<'a>),
    /// A bus is said to be for something else.
    BusUpdated(&'a BusDescription<'a>),
    /// What a bus is.
    Bus(&'a BusDescription<'a>),
    /// Which buses there are.
    Buses {
        /// In the order of their names.
        buses: &'a [BusDescription<'a>],
        /// Whether there are more after them.
        more: bool,
    },
    /// A rule is there.
    RulePut {
        /// On which bus.
        bus: &'a BusName,
        /// Which.
        rule: &'a RuleName,
    },
    /// What a rule is.
    Rule(&'a RuleDescription<'a>),
    /// Which rules there are.
    Rules {
        /// In the order of their names.
        rules: &'a [RuleDescription<'a>],
        /// Whether there are more after them.
        more: bool,
    },
    /// Targets were put, all of them.
    TargetsPut,
    /// Targets were removed.
    TargetsRemoved {
        /// Which rule's.
        rule: &'a RuleName,
        /// Those that it did not have.
        unknown: &'a [TargetId],
    },
    /// Which targets a rule has.
    Targets {
        /// In the order of their names.
        targets: &'a [TargetSpec],
        /// Whether there are more after them.
        more: bool,
    },
    /// Which rules have a target.
    RuleNames {
        /// Their names, in order.
        names: &'a [RuleName],
        /// Whether there are more after them.
        more: bool,
    },
    /// An archive is there, or is changed.
    ArchivePut(&'a ArchiveDescription<'a>),
    /// What an archive is.
    Archive(&'a ArchiveDescription<'a>),
    /// Which archives there are.
    Archives {
        /// In the order of their names.
        archives: &'a [ArchiveDescription<'a>],
        /// Whether there are more after them.
        more: bool,
    },
    /// A replay begins.
    ReplayStarted(&'a ReplayDescription<'a>),
    /// A replay is to stop.
    ReplayCancelled(&'a ReplayDescription<'a>),
    /// What a replay is, and how far.
    Replay(&'a ReplayDescription<'a>),
    /// Which replays there are.
    Replays {
        /// In the order of their names.
        replays: &'a [ReplayDescription<'a>],
        /// Whether there are more after them.
        more: bool,
    },
    /// A connection is made, changed or removed.
    ConnectionPut {
        /// What it is, or was.
        connection: &'a ConnectionDescription<'a>,
        /// Whether it is on its way out.
        removed: bool,
        /// Whether it was made just now.
        made: bool,
    },
    /// What a connection is.
    Connection(&'a ConnectionDescription<'a>),
    /// Which connections there are.
    Connections {
        /// In the order of their names.
        connections: &'a [ConnectionDescription<'a>],
        /// Whether there are more after them.
        more: bool,
    },
    /// An API destination is made or changed.
    DestinationPut(&'a DestinationDescription<'a>),
    /// What an API destination is.
    Destination(&'a DestinationDescription<'a>),
    /// Which API destinations there are.
    Destinations {
        /// In the order of their names.
        destinations: &'a [DestinationDescription<'a>],
        /// Whether there are more after them.
        more: bool,
    },
    /// Which tags a bus or a rule has.
    Tags(&'a Tags),
}

/// What a connection is said to be.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionDescription<'a> {
    /// Its ARN.
    pub arn: &'a Arn,
    /// What was asked for.
    pub spec: &'a ConnectionSpec,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub changed_at: Timestamp,
}

/// What an API destination is said to be.
#[derive(Debug, Clone, Copy)]
pub struct DestinationDescription<'a> {
    /// Its ARN.
    pub arn: &'a Arn,
    /// What was asked for.
    pub spec: &'a DestinationSpec,
    /// Whether its connection is there.
    pub active: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub changed_at: Timestamp,
}

/// What became of one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put {
    /// It is on its way under this name.
    Taken(EventId),
    /// It is none.
    Refused {
        /// Which error.
        code: &'static str,
        /// What is wrong.
        message: String,
    },
}

/// What a bus is said to be.
#[derive(Debug, Clone, Copy)]
pub struct BusDescription<'a> {
    /// Its name.
    pub name: &'a BusName,
    /// What it is for.
    pub description: Option<&'a str>,
    /// When it was made, if somebody made it.
    pub created_at: Option<Timestamp>,
    /// When it was last changed.
    pub changed_at: Option<Timestamp>,
    /// Who may do what with it, if anybody has said so.
    pub policy: Option<&'a Policy>,
}

/// What a rule is said to be.
#[derive(Debug, Clone, Copy)]
pub struct RuleDescription<'a> {
    /// Its bus.
    pub bus: &'a BusName,
    /// What was asked for.
    pub spec: &'a RuleSpec,
    /// The role that its deliveries are made under.
    pub role: Option<&'a str>,
}

/// What an archive is said to be. It is always enabled.
#[derive(Debug, Clone, Copy)]
pub struct ArchiveDescription<'a> {
    /// What was asked for.
    pub spec: &'a ArchiveSpec,
    /// When it was made.
    pub created_at: Timestamp,
    /// How many events it keeps.
    pub events: u64,
    /// How many bytes these are.
    pub bytes: u64,
}

/// What a replay is said to be.
#[derive(Debug, Clone, Copy)]
pub struct ReplayDescription<'a> {
    /// What was asked for.
    pub spec: &'a ReplaySpec,
    /// Whose events it brings.
    pub archive: &'a ArchiveName,
    /// What it is for.
    pub description: Option<&'a str>,
    /// When it was asked for.
    pub started_at: Timestamp,
    /// How far it is.
    pub state: &'a State,
}

/// The body of an answer; nothing where AWS says nothing.
pub(crate) fn spell(answer: &Answer<'_>, account: &Account) -> Option<Json> {
    Some(match answer {
        Answer::Done => return None,
        Answer::Changed => json!({}),
        Answer::Tested { matched } => json!({ "Result": matched }),
        Answer::Put(entries) => put(entries),
        Answer::BusCreated(bus) => {
            let arn = bus_arn(bus, account);
            members([("EventBusArn", Some(arn)), ("Description", bus.description.map(Json::from))])
        }
        Answer::BusUpdated(bus) => members([
            ("Arn", Some(bus_arn(bus, account))),
            ("Name", Some(bus.name.as_str().into())),
            ("Description", bus.description.map(Json::from)),
        ]),
        Answer::Bus(described) => bus(described, account),
        Answer::Buses { buses, more } => {
            let listed = buses.iter().map(|one| bus(one, account)).collect();
            list("EventBuses", listed, buses.last().map(|bus| bus.name.as_str()), *more)
        }
        Answer::RulePut { bus, rule } => json!({ "RuleArn": rule_arn(account, bus, rule).to_string() }),
        Answer::Rule(described) => {
            let mut spelt = rule(described, account);
            spelt["CreatedBy"] = account.id.as_str().into();
            spelt
        }
        Answer::Rules { rules, more } => {
            let listed = rules.iter().map(|one| rule(one, account)).collect();
            list("Rules", listed, rules.last().map(|rule| rule.spec.name.as_str()), *more)
        }
        Answer::TargetsPut => json!({ "FailedEntryCount": 0, "FailedEntries": [] }),
        Answer::TargetsRemoved { rule, unknown } => {
            let entries: Vec<Json> = unknown
                .iter()
                .map(|target| {
                    json!({
                        "TargetId": target.as_str(),
                        "ErrorCode": "ResourceNotFoundException",
                        "ErrorMessage": format!("Rule {rule} does not have a target with the Id {target}."),
                    })
                })
                .collect();
            json!({ "FailedEntryCount": entries.len(), "FailedEntries": entries })
        }
        Answer::Targets { targets: listed, more } => {
            let spelt = listed.iter().map(targets::spell).collect();
            list("Targets", spelt, listed.last().map(|target| target.id.as_str()), *more)
        }
        Answer::RuleNames { names, more } => {
            let spelt = names.iter().map(|name| name.as_str().into()).collect();
            list("RuleNames", spelt, names.last().map(RuleName::as_str), *more)
        }
        Answer::ArchivePut(archive) => json!({
            "ArchiveArn": archive_arn(&archive.spec.name, account),
            "State": STATE,
            "CreationTime": seconds(archive.created_at),
        }),
        Answer::Archive(described) => {
            let mut spelt = archive(described);
            spelt["ArchiveArn"] = archive_arn(&described.spec.name, account).into();
            let spec = described.spec;
            for (name, text) in [("Description", &spec.description), ("EventPattern", &spec.pattern)] {
                if let Some(text) = text {
                    spelt[name] = text.as_str().into();
                }
            }
            spelt
        }
        Answer::Archives { archives, more } => {
            let listed = archives.iter().map(archive).collect();
            list("Archives", listed, archives.last().map(|archive| archive.spec.name.as_str()), *more)
        }
        Answer::ReplayStarted(replay) => {
            let mut spelt = replay_state(replay);
            spelt["ReplayArn"] = replay_arn(replay, account).into();
            spelt["ReplayStartTime"] = seconds(replay.started_at);
            spelt
        }
        Answer::ReplayCancelled(replay) => {
            let mut spelt = replay_state(replay);
            spelt["ReplayArn"] = replay_arn(replay, account).into();
            spelt
        }
        Answer::Replay(described) => {
            let mut spelt = replay(described, account);
            spelt["ReplayArn"] = replay_arn(described, account).into();
            let spec = described.spec;
            spelt["Destination"] = json!({ "Arn": spec.destination });
            if !spec.rules.is_empty() {
                spelt["Destination"]["FilterArns"] = json!(spec.rules);
            }
            if let Some(description) = described.description {
                spelt["Description"] = description.into();
            }
            spelt
        }
        Answer::Replays { replays, more } => {
            let listed = replays.iter().map(|one| replay(one, account)).collect();
            list("Replays", listed, replays.last().map(|replay| replay.spec.name.as_str()), *more)
        }
        Answer::ConnectionPut { connection, removed, made } => {
            let mut spelt = connection_times(connection);
            spelt["ConnectionArn"] = connection.arn.to_string().into();
            spelt["ConnectionState"] = (if *removed { "DELETING" } else { endpoints::AUTHORIZED }).into();
            if !made {
                spelt["LastAuthorizedTime"] = seconds(connection.changed_at);
            }
            spelt
        }
        Answer::Connection(described) => {
            let mut spelt = connection(described);
            spelt["SecretArn"] = secret_arn(described, account).into();
            spelt["AuthParameters"] = endpoints::auth(described.spec);
            if let Some(description) = &described.spec.description {
                spelt["Description"] = description.as_str().into();
            }
            spelt
        }
        Answer::Connections { connections, more } => {
            let listed = connections.iter().map(connection).collect();
            list("Connections", listed, connections.last().map(|one| one.spec.name.as_str()), *more)
        }
        Answer::DestinationPut(described) => {
            let mut spelt = json!({
                "ApiDestinationArn": described.arn.to_string(),
                "ApiDestinationState": destination_state(described),
            });
            spelt["CreationTime"] = seconds(described.created_at);
            spelt["LastModifiedTime"] = seconds(described.changed_at);
            spelt
        }
        Answer::Destination(described) => {
            let mut spelt = destination(described);
            if let Some(description) = &described.spec.description {
                spelt["Description"] = description.as_str().into();
            }
            spelt
        }
        Answer::Destinations { destinations, more } => {
            let listed = destinations.iter().map(destination).collect();
            list("ApiDestinations", listed, destinations.last().map(|one| one.spec.name.as_str()), *more)
        }
        Answer::Tags(tags) => {
            let tags: Vec<Json> = tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
            json!({ "Tags": tags })
        }
    })
}

/// The ARN of the secret that AWS would keep a connection's parameters in: an id and a suffix of its own, always the same.
fn secret_arn(connection: &ConnectionDescription<'_>, account: &Account) -> String {
    let digest = Sha256::digest(connection.arn.to_string());
    let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let id = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-");
    let letters: Vec<char> = ('A'..='Z').chain('a'..='z').chain('0'..='9').collect();
    let suffix: String = digest[16..22].iter().map(|byte| letters[usize::from(*byte) % letters.len()]).collect();
    let name = connection.spec.name.as_str();
    account.arn("secretsmanager", &format!("secret:events!connection/{name}/{id}-{suffix}")).to_string()
}

/// An object of those members that are there.
fn members<const N: usize>(members: [(&str, Option<Json>); N]) -> Json {
    let there = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Json::Object(there.into_object())
}

fn list(name: &str, listed: Vec<Json>, last: Option<&str>, more: bool) -> Json {
    members([(name, Some(listed.into())), ("NextToken", Page::token(last, more).map(Json::from))])
}

/// Seconds since 1970, as this protocol writes an instant.
fn seconds(at: Timestamp) -> Json {
    (at.millis() as f64 / 1000.0).into()
}

fn put(entries: &[Put]) -> Json {
    let failed = entries.iter().filter(|entry| matches!(entry, Put::Refused { .. })).count();
    let entries: Vec<Json> = entries
        .iter()
        .map(|entry| match entry {
            Put::Taken(id) => json!({ "EventId": id.as_str() }),
            Put::Refused { code, message } => json!({ "ErrorCode": code, "ErrorMessage": message }),
        })
        .collect();
    json!({ "FailedEntryCount": failed, "Entries": entries })
}

fn bus_arn(bus: &BusDescription<'_>, account: &Account) -> Json {
    account.arn("events", &format!("event-bus/{}", bus.name)).to_string().into()
}

fn bus(bus: &BusDescription<'_>, account: &Account) -> Json {
    members([
        ("Name", Some(bus.name.as_str().into())),
        ("Arn", Some(bus_arn(bus, account))),
        ("Description", bus.description.map(Json::from)),
        ("Policy", bus.policy.map(|policy| policy.text().into())),
        ("CreationTime", bus.created_at.map(seconds)),
        ("LastModifiedTime", bus.changed_at.map(seconds)),
    ])
}

fn rule(rule: &RuleDescription<'_>, account: &Account) -> Json {
    let RuleSpec { name, pattern, schedule, state, description } = rule.spec;
    members([
        ("Name", Some(name.as_str().into())),
        ("Arn", Some(rule_arn(account, rule.bus, name).to_string().into())),
        ("EventPattern", pattern.as_deref().map(Json::from)),
        ("ScheduleExpression", schedule.as_deref().map(Json::from)),
        ("State", Some(rules::state_name(*state).into())),
        ("Description", description.as_deref().map(Json::from)),
        ("RoleArn", rule.role.map(Json::from)),
        ("EventBusName", Some(rule.bus.as_str().into())),
    ])
}

fn connection_times(connection: &ConnectionDescription<'_>) -> Json {
    json!({
        "CreationTime": seconds(connection.created_at),
        "LastModifiedTime": seconds(connection.changed_at),
    })
}

/// What a list tells of a connection.
fn connection(connection: &ConnectionDescription<'_>) -> Json {
    let mut spelt = connection_times(connection);
    spelt["ConnectionArn"] = connection.arn.to_string().into();
    spelt["Name"] = connection.spec.name.as_str().into();
    spelt["ConnectionState"] = endpoints::AUTHORIZED.into();
    spelt["AuthorizationType"] = endpoints::kind(connection.spec).into();
    spelt["LastAuthorizedTime"] = seconds(connection.changed_at);
    spelt
}

fn destination_state(destination: &DestinationDescription<'_>) -> &'static str {
    if destination.active { "ACTIVE" } else { "INACTIVE" }
}

/// What a list tells of an API destination.
fn destination(destination: &DestinationDescription<'_>) -> Json {
    let spec = destination.spec;
    json!({
        "ApiDestinationArn": destination.arn.to_string(),
        "Name": spec.name.as_str(),
        "ApiDestinationState": destination_state(destination),
        "ConnectionArn": spec.connection,
        "InvocationEndpoint": spec.endpoint,
        "HttpMethod": spec.method.name(),
        "InvocationRateLimitPerSecond": spec.per_second.unwrap_or(PER_SECOND),
        "CreationTime": seconds(destination.created_at),
        "LastModifiedTime": seconds(destination.changed_at),
    })
}

fn archive_arn(name: &ArchiveName, account: &Account) -> String {
    account.arn("events", &format!("archive/{name}")).to_string()
}

/// What a list tells of an archive.
fn archive(archive: &ArchiveDescription<'_>) -> Json {
    json!({
        "ArchiveName": archive.spec.name.as_str(),
        "EventSourceArn": archive.spec.bus,
        "State": STATE,
        "RetentionDays": archive.spec.retention_days.unwrap_or(0),
        "SizeBytes": archive.bytes,
        "EventCount": archive.events,
        "CreationTime": seconds(archive.created_at),
    })
}

fn replay_arn(replay: &ReplayDescription<'_>, account: &Account) -> String {
    account.arn("events", &format!("replay/{}", replay.spec.name)).to_string()
}

fn replay_state(replay: &ReplayDescription<'_>) -> Json {
    let reason = if let State::Failed { reason, .. } = replay.state { Some(reason.as_str().into()) } else { None };
    members([("State", Some(ReplayStage::of(replay.state).name().into())), ("StateReason", reason)])
}

/// What a list tells of a replay.
fn replay(replay: &ReplayDescription<'_>, account: &Account) -> Json {
    let mut spelt = replay_state(replay);
    spelt["ReplayName"] = replay.spec.name.as_str().into();
    spelt["EventSourceArn"] = archive_arn(replay.archive, account).into();
    spelt["EventStartTime"] = seconds(replay.spec.from);
    spelt["EventEndTime"] = seconds(replay.spec.to);
    spelt["ReplayStartTime"] = seconds(replay.started_at);
    let (last, ended) = (replay.state.replayed_to(), replay.state.ended_at());
    for (name, at) in [("EventLastReplayedTime", last), ("ReplayEndTime", ended)] {
        if let Some(at) = at {
            spelt[name] = seconds(at);
        }
    }
    spelt
}
