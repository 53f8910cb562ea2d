//! Decides how answers about log groups are spelt.

use super::{Answer, BASE64, Event, Group, Stream};
use base64::Engine as _;
use serde_json::{Map, Value as Json, json};
use types::{Account, LogGroupName, SortedMap};

pub(crate) fn spell(answer: &Answer<'_>, account: &Account) -> Json {
    let mut body = Map::new();
    let mut put = |name: &str, value: Json| drop(body.insert(name.to_owned(), value));
    match answer {
        Answer::Groups { groups, more, by_part } => {
            put("logGroups", groups.iter().map(|group| spell_group(group, *by_part, account)).collect());
            if let Some(last) = groups.last().filter(|_| *more) {
                put("nextToken", BASE64.encode(last.name.as_str()).into());
            }
        }
        Answer::Streams { group, streams, more } => {
            put("logStreams", streams.iter().map(|stream| spell_stream(stream, group, account)).collect());
            if let Some(last) = streams.last().filter(|_| *more) {
                put("nextToken", BASE64.encode(last.name).into());
            }
        }
        Answer::Events { events, forward, backward } => {
            put("events", events.iter().map(|event| spell_event(event, false)).collect());
            put("nextForwardToken", format!("f/{forward}").into());
            put("nextBackwardToken", format!("b/{backward}").into());
        }
        Answer::Filtered { events, next } => {
            put("events", events.iter().map(|event| spell_event(event, true)).collect());
            put("searchedLogStreams", json!([]));
            if let Some(next) = next {
                put("nextToken", (*next).into());
            }
        }
        Answer::Done => {}
        Answer::Put { token, too_old, expired, too_new } => {
            put("nextSequenceToken", format!("{token:056}").into());
            let mut rejected = Map::new();
            if *too_old > 0 {
                rejected.insert("tooOldLogEventEndIndex".to_owned(), (*too_old).into());
            }
            if *expired > 0 {
                rejected.insert("expiredLogEventEndIndex".to_owned(), (*expired).into());
            }
            if let Some(too_new) = too_new {
                rejected.insert("tooNewLogEventStartIndex".to_owned(), (*too_new).into());
            }
            if !rejected.is_empty() {
                put("rejectedLogEventsInfo", rejected.into());
            }
        }
        Answer::Tags(tags) => put("tags", json!(tags)),
        Answer::Matches(matches) => {
            let one = |(number, message, values): &(usize, &str, SortedMap<String, String>)| json!({"eventNumber": number, "eventMessage": message, "extractedValues": values});
            put("matches", matches.iter().map(one).collect());
        }
        Answer::MetricFilters { filters, next } => {
            put("metricFilters", filters.iter().map(super::metric_filters::spell).collect());
            if let Some(next) = next {
                put("nextToken", next.to_string().into());
            }
        }
    }
    Json::Object(body)
}

fn spell_group(group: &Group<'_>, by_part: bool, account: &Account) -> Json {
    let arn = account.arn("logs", &format!("log-group:{}", group.name)).to_string();
    let mut spelt = json!({
        "logGroupName": group.name.as_str(),
        "creationTime": group.created_at.millis(),
        "metricFilterCount": group.filters,
        "arn": format!("{arn}:*"),
        "logGroupArn": arn,
        "logGroupClass": "STANDARD",
    });
    if !by_part {
        spelt["storedBytes"] = group.bytes.into();
        spelt["deletionProtectionEnabled"] = false.into();
    }
    if let Some(days) = group.retention_days {
        spelt["retentionInDays"] = days.into();
    }
    spelt
}

fn spell_stream(stream: &Stream<'_>, group: &LogGroupName, account: &Account) -> Json {
    let arn = account.arn("logs", &format!("log-group:{group}:log-stream:{}", stream.name));
    let mut spelt = json!({
        "logStreamName": stream.name,
        "creationTime": stream.created_at.millis(),
        "arn": arn.to_string(),
        "storedBytes": 0,
    });
    if let Some(at) = stream.first_event_at {
        spelt["firstEventTimestamp"] = at.millis().into();
    }
    if let Some(at) = stream.last_event_at {
        spelt["lastEventTimestamp"] = at.millis().into();
    }
    if let Some(at) = stream.ingested_at {
        spelt["lastIngestionTime"] = at.millis().into();
    }
    spelt
}

fn spell_event(event: &Event<'_>, found: bool) -> Json {
    let mut spelt = json!({
        "timestamp": event.at.millis(),
        "message": event.message,
        "ingestionTime": event.ingested_at.millis(),
    });
    if found {
        spelt["logStreamName"] = event.stream.into();
        spelt["eventId"] = format!("{:056}", event.id).into();
    }
    spelt
}
