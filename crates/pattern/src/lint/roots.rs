//! Decides whether a pattern begins where its source's events begin: known fields at the top, and the message's own
//! fields below the one that holds them. Start at [`check`].

use super::mend::{Edit, quote, without_fields};
use super::report::{ERROR, Found, Level, Report, WARNING};
use super::shape::{Key, Places, misspelt_or};
use super::table::Id;
use super::tree::{Field, Kind};
use super::words::{any_of, nearest, quoted, shown};
use super::{Look, Severity, Source};
use crate::Dialect;
use std::collections::HashSet;

/// The fields of the envelope that are strings.
const ENVELOPE_STRINGS: [&str; 8] =
    ["version", "id", "detail-type", "source", "account", "time", "region", "resources"];

/// What AWS says filters of a pipe cannot use, and what ours do not see either.
const HIDDEN_IN_PIPES: [&str; 6] =
    ["awsRegion", "eventSource", "eventSourceARN", "eventVersion", "invokeIdentityArn", "eventSourceKey"];

/// What the events of a source have at the top, and the one of these that holds what was sent.
struct Envelope {
    known: &'static [&'static str],
    data: &'static str,
}

fn envelope(source: Source) -> Option<Envelope> {
    let (known, data): (&'static [&'static str], &'static str) = match source {
        Source::Bus => (
            &[
                "version",
                "id",
                "detail-type",
                "source",
                "account",
                "time",
                "region",
                "resources",
                "detail",
                "replay-name",
            ],
            "detail",
        ),
        Source::DynamoDb(_) => (
            &[
                "eventID",
                "eventName",
                "eventVersion",
                "eventSource",
                "awsRegion",
                "dynamodb",
                "eventSourceARN",
                "userIdentity",
                "invokeIdentityArn",
                "eventSourceKey",
            ],
            "dynamodb",
        ),
        Source::Queue => (
            &[
                "messageId",
                "receiptHandle",
                "body",
                "attributes",
                "messageAttributes",
                "md5OfBody",
                "md5OfMessageAttributes",
                "eventSource",
                "eventSourceARN",
                "awsRegion",
                "eventSourceKey",
            ],
            "body",
        ),
        Source::Kinesis => (
            &[
                "kinesisSchemaVersion",
                "partitionKey",
                "sequenceNumber",
                "data",
                "approximateArrivalTimestamp",
                "encryptionType",
                "eventSource",
                "eventVersion",
                "eventID",
                "eventName",
                "invokeIdentityArn",
                "awsRegion",
                "eventSourceARN",
                "eventSourceKey",
                "kinesis",
            ],
            "data",
        ),
        Source::Broker => (
            &[
                "messageID",
                "messageType",
                "timestamp",
                "deliveryMode",
                "correlationID",
                "replyTo",
                "destination",
                "redelivered",
                "type",
                "expiration",
                "priority",
                "data",
                "brokerInTime",
                "brokerOutTime",
                "properties",
                "basicProperties",
                "eventSource",
                "eventSourceArn",
                "eventSourceARN",
                "eventSourceKey",
                "awsRegion",
            ],
            "data",
        ),
        Source::Kafka => (
            &[
                "topic",
                "partition",
                "offset",
                "timestamp",
                "timestampType",
                "key",
                "value",
                "headers",
                "eventSource",
                "eventSourceArn",
                "eventSourceARN",
                "eventSourceKey",
                "bootstrapServers",
                "awsRegion",
            ],
            "value",
        ),
        Source::Unknown => return None,
    };
    Some(Envelope { known, data })
}

/// The field that holds what was sent.
pub(super) fn data_key(source: Source) -> Option<&'static str> {
    envelope(source).map(|envelope| envelope.data)
}

pub(super) fn check(look: &Look<'_>, report: &mut Report) {
    let top: Vec<&Key<'_>> =
        look.shape.keys.iter().filter(|key| key.parent == Places::TOP && !is_or(key.field)).collect();
    match envelope(look.context.source) {
        Some(envelope) => {
            // One object at a time: the top one, or the branches of a `$or` at the top.
            for keys in top.chunk_by(|one, other| std::ptr::eq(one.siblings, other.siblings)) {
                if report.is_full() {
                    return;
                }
                strangers(look, &envelope, keys, report);
            }
        }
        None => near_misses(look, &top, report),
    }
    for key in &top {
        if report.is_full() {
            return;
        }
        hidden(look, key, report);
    }
    below_dynamodb(look, report);
    envelope_types(look, &top, report);
}

fn is_or(field: &Field<'_>) -> bool {
    (field.name == "$or" && field.value.array().is_some()) || misspelt_or(field).is_some()
}

/// The first part of a key, as it stands before its first dot.
fn root<'k>(key: &Key<'k>) -> &'k str {
    let name: &'k str = &key.field.name;
    name.split('.').next().unwrap_or_default()
}

fn plain(name: &str) -> String {
    name.chars().filter(|char| char.is_alphanumeric()).flat_map(char::to_lowercase).take(40).collect()
}

/// The known name that was meant.
fn similar<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    let wanted = plain(name);
    known.iter().copied().find(|known| plain(known) == wanted && *known != name).or_else(|| {
        // Short names are near to too many others.
        if name.len() >= 5 { nearest(name, known) } else { None }
    })
}

/// What becomes of a condition on a field that no event has.
fn effect(look: &Look<'_>, key: &Key<'_>) -> &'static str {
    if look.wants_value(key) { "this never matches" } else { "{\"exists\": false} always holds there" }
}

/// Keys of one object that events of the source do not have.
fn strangers(look: &Look<'_>, envelope: &Envelope, keys: &[&Key<'_>], report: &mut Report) {
    let mut unknown: Vec<&Key<'_>> = Vec::new();
    for key in keys.iter().filter(|key| !envelope.known.contains(&root(key))) {
        if report.is_full() {
            return;
        }
        let name = root(key);
        let is_data = plain(name) == plain("newimage") || plain(name) == plain("oldimage") || name == "Keys";
        match similar(name, envelope.known) {
            Some(meant) if !(is_data && look.is_stream()) => {
                let message = format!(
                    "events have no {} at the top, so {}; did you mean {}?",
                    quoted(name),
                    effect(look, key),
                    quoted(meant)
                );
                let taken = keys.iter().any(|key| root(key) == meant);
                let renamed = format!("{meant}{}", &key.field.name[name.len()..]);
                let edits = (!taken).then(|| vec![Edit::new(key.field.name_range.clone(), quote(&renamed))]);
                let range = key.field.name_range.clone();
                report.add(Found::new(Id::WrongRoot, ERROR, range, key.trail, message).mend(edits));
            }
            _ => unknown.push(key),
        }
    }
    let Some(first) = unknown.first() else {
        return;
    };
    let names: Vec<String> = unknown.iter().take(4).map(|key| quoted(root(key))).collect();
    let data = envelope.data;
    let wants_value = unknown.iter().any(|key| look.wants_value(key));
    let effect = if wants_value { "this never matches" } else { "{\"exists\": false} always holds there" };
    let deleted = if wants_value { ", and what does not match is deleted from the queue" } else { "" };
    let (id, message) = match look.context.source {
        Source::Bus => (
            Id::WrongRoot,
            format!(
                "events have no {} at the top, so {effect}; what the sender wrote is inside {data}",
                any_of(&names)
            ),
        ),
        Source::Queue => (
            Id::MissingDataKey,
            format!(
                "messages have no {} beside their body, so {effect}{deleted}; what was sent is inside {data}",
                any_of(&names)
            ),
        ),
        _ => (
            Id::MissingDataKey,
            format!("records have no {} at the top, so {effect}; what was sent is inside {data}", any_of(&names)),
        ),
    };
    let images_only =
        !look.is_stream() || unknown.iter().all(|key| matches!(root(key), "NewImage" | "OldImage" | "Keys"));
    let edits = if images_only && look.is_mended() { move_into(look, &unknown, data) } else { None };
    let range = first.field.name_range.clone();
    let level = if id == Id::WrongRoot || wants_value { ERROR } else { WARNING };
    report.add(Found::new(id, level, range, first.trail, message).mend(edits));
}

/// Moves fields of an object into the one that holds the data.
fn move_into(look: &Look<'_>, unknown: &[&Key<'_>], data: &str) -> Option<Vec<Edit>> {
    let siblings = unknown.first()?.siblings;
    let texts: Vec<&str> = unknown.iter().map(|key| &look.text[key.field.range()]).collect();
    let moved = texts.join(", ");
    let mut goes = vec![false; siblings.len()];
    for key in unknown {
        goes[key.index] = true;
    }
    let is_unknown = |index: usize| goes[index];
    match siblings.iter().find(|sibling| sibling.name.split('.').next() == Some(data)) {
        Some(holder) => {
            let inside = holder.value.object()?;
            let taken: HashSet<&str> = inside.iter().map(|field| &*field.name).collect();
            if holder.name != data || unknown.iter().any(|key| taken.contains(&*key.field.name)) {
                return None;
            }
            let at = inside.first()?.name_range.start;
            let mut edits = without_fields(siblings, &is_unknown)?;
            edits.push(Edit::new(at..at, format!("{moved}, ")));
            Some(edits)
        }
        None => {
            let first = unknown.first()?.index;
            let mut edits = without_fields(siblings, &|index| is_unknown(index) && index != first)?;
            edits.push(Edit::new(siblings.get(first)?.range(), format!("{}: {{{moved}}}", quote(data))));
            Some(edits)
        }
    }
}

/// Where the source is not known: names that are surely those of the envelope, spelled otherwise.
fn near_misses(look: &Look<'_>, top: &[&Key<'_>], report: &mut Report) {
    if look.context.dialect != Dialect::Bus {
        return;
    }
    let Some(envelope) = envelope(Source::Bus) else {
        return;
    };
    let of_a_bus = top.iter().any(|key| matches!(root(key), "detail" | "detail-type" | "source"));
    for key in top.iter().filter(|key| !envelope.known.contains(&root(key))) {
        if report.is_full() {
            return;
        }
        let name = root(key);
        let Some(meant) = envelope.known.iter().find(|known| plain(known) == plain(name)) else {
            continue;
        };
        if of_a_bus || *meant == "detail-type" {
            let message = format!(
                "events on a bus have no {} at the top, so {}; did you mean {}?",
                quoted(name),
                effect(look, key),
                quoted(meant)
            );
            let taken = top.iter().any(|key| root(key) == *meant);
            let renamed = format!("{meant}{}", &key.field.name[name.len()..]);
            let edits = (!taken).then(|| vec![Edit::new(key.field.name_range.clone(), quote(&renamed))]);
            report.add(Found::new(Id::WrongRoot, ERROR, key.field.name_range.clone(), key.trail, message).mend(edits));
        }
    }
}

/// Fields that are added to a record after the filters have seen it.
fn hidden(look: &Look<'_>, key: &Key<'_>, report: &mut Report) {
    let name = root(key);
    if look.context.dialect != Dialect::Pipe || !HIDDEN_IN_PIPES.contains(&name) || !has_field(look, key) {
        return;
    }
    let (level, message) = if look.is_stream() {
        let level = Level::Differs { here: Severity::Error, on_aws: Severity::Warning };
        (
            level,
            format!(
                "filters see a record before {name} is added to it, so this never matches; AWS, too, lists it as not usable in filters"
            ),
        )
    } else {
        (
            Level::OnAws(Severity::Warning),
            format!("AWS lists {name} among the fields that filters of a pipe cannot use"),
        )
    };
    let edits = without_fields(key.siblings, &|index| index == key.index);
    report.add(Found::new(Id::PipesMetadataField, level, key.field.name_range.clone(), key.trail, message).mend(edits));
}

/// Whether the source is one whose records have such a field at all; for others it is a stranger, or the data's own.
fn has_field(look: &Look<'_>, key: &Key<'_>) -> bool {
    match envelope(look.context.source) {
        Some(envelope) => envelope.known.contains(&root(key)),
        None => look.is_stream(),
    }
}

/// The fields of a stream record's `dynamodb`.
fn below_dynamodb(look: &Look<'_>, report: &mut Report) {
    const KNOWN: [&str; 7] = [
        "ApproximateCreationDateTime",
        "Keys",
        "NewImage",
        "OldImage",
        "SequenceNumber",
        "SizeBytes",
        "StreamViewType",
    ];
    if !look.is_stream() {
        return;
    }
    let below = look.shape.places.find(Places::TOP, "dynamodb");
    let unknown = |key: &&Key<'_>| Some(key.parent) == below && !is_or(key.field) && !KNOWN.contains(&root(key));
    for key in look.shape.keys.iter().filter(unknown) {
        if report.is_full() {
            return;
        }
        let name = root(key);
        let meant = similar(name, &KNOWN);
        let taken = |meant: &str| key.siblings.iter().any(|sibling| sibling.name == meant);
        let (message, edits) = match meant {
            Some(meant) => (
                format!(
                    "records have no {} inside dynamodb, so {}; did you mean {}?",
                    quoted(name),
                    effect(look, key),
                    quoted(meant)
                ),
                (!taken(meant)).then(|| {
                    let renamed = format!("{meant}{}", &key.field.name[name.len()..]);
                    vec![Edit::new(key.field.name_range.clone(), quote(&renamed))]
                }),
            ),
            None => (
                format!(
                    "records have no {} inside dynamodb, so {}; attributes are inside NewImage, OldImage or Keys",
                    quoted(name),
                    effect(look, key)
                ),
                None,
            ),
        };
        let range = key.field.name_range.clone();
        report.add(Found::new(Id::WrongRoot, ERROR, range, key.trail, message).mend(edits));
    }
}

/// Numbers where the envelope has strings.
fn envelope_types(look: &Look<'_>, top: &[&Key<'_>], report: &mut Report) {
    let bus = match look.context.source {
        Source::Bus => true,
        Source::Unknown => {
            look.context.dialect == Dialect::Bus
                && top.iter().any(|key| matches!(root(key), "detail" | "detail-type"))
                && !look.is_stream()
        }
        _ => false,
    };
    if !bus {
        return;
    }
    for clause in &look.shape.clauses {
        let name = look.shape.places.last_segment(clause.place);
        let at_top = look.shape.places.parent(clause.place) == Places::TOP;
        if !at_top || !ENVELOPE_STRINGS.contains(&name) {
            continue;
        }
        for (index, alternative) in clause.list.iter().enumerate() {
            if report.is_full() {
                return;
            }
            let numeric = alternative.only_field().is_some_and(|field| field.name == "numeric");
            let literal = matches!(alternative.kind, Kind::Number(_) | Kind::Bool(_) | Kind::Null);
            if !numeric && !literal {
                continue;
            }
            let message = format!(
                "{name} is a string in every event, so {} never matches",
                shown(&look.text[alternative.range.clone()])
            );
            let edits = alternative.number().map(|number| vec![Edit::new(alternative.range.clone(), quote(number))]);
            let found = Found::new(Id::StringNumber, ERROR, alternative.range.clone(), clause.trail, message);
            report.add(found.alternative(index).mend(edits));
        }
    }
}
