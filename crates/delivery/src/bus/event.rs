//! Decides what an event looks like to rules and targets: [`Event`], made once from what was put.
//!
//! The envelope's members and their order are AWS's: `version`, `id`, `detail-type`, `source`, `account`, `time`,
//! `region`, then `replay-name` on events that are replayed, `resources`, `detail`. What AWS keeps beside it, when the
//! event came in and the trace it belongs to, is beside it here too.
//!
//! Invariant: the text is compact JSON, and numbers in `detail` are spelled as they were given.

use super::json::{Json, compact, quoted};
use std::fmt;
use std::sync::Arc;
use types::{Account, Arn, ReplayName, Timestamp};

/// What stands before the list of resources; nothing before that list holds such quotes unescaped.
const RESOURCES: &str = ",\"resources\":";

/// An event's own name, which stays with it through retries, archives and replays.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId(Box<str>);

impl EventId {
    /// A name that the caller made up, such as a UUID.
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An event on its way from a bus to targets. Cheap to copy: the text is shared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    id: EventId,
    json: Arc<str>,
    ingested_at: Timestamp,
    trace_header: Option<Arc<str>>,
    is_replayed: bool,
}

/// The text is no event.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no event: {reason}")]
pub struct NoEvent {
    /// What is wrong with it.
    pub reason: String,
}

/// What an envelope is made of.
pub(super) struct Parts<'p> {
    pub(super) id: EventId,
    pub(super) source: &'p str,
    pub(super) detail_type: &'p str,
    pub(super) time: Timestamp,
    pub(super) resources: &'p [String],
    /// Compact.
    pub(super) detail: &'p str,
    pub(super) ingested_at: Timestamp,
    pub(super) trace_header: Option<&'p str>,
}

impl Event {
    pub(super) fn new(parts: Parts<'_>, account: &Account) -> Self {
        let resources: Vec<String> = parts.resources.iter().map(|resource| quoted(resource)).collect();
        let json = format!(
            "{{\"version\":\"0\",\"id\":{},\"detail-type\":{},\"source\":{},\"account\":{},\"time\":{},\"region\":{}\
             {RESOURCES}[{}],\"detail\":{}}}",
            quoted(parts.id.as_str()),
            quoted(parts.detail_type),
            quoted(parts.source),
            quoted(&account.id),
            quoted(&parts.time.iso_seconds()),
            quoted(&account.region),
            resources.join(","),
            parts.detail
        );
        Self {
            id: parts.id,
            json: json.into(),
            ingested_at: parts.ingested_at,
            trace_header: parts.trace_header.map(Into::into),
            is_replayed: false,
        }
    }

    /// The event that a schedule of the rule makes at an instant.
    pub fn scheduled(id: EventId, rule: &Arn, at: Timestamp, account: &Account) -> Self {
        let parts = Parts {
            id,
            source: "aws.events",
            detail_type: "Scheduled Event",
            time: at,
            resources: &[rule.to_string()],
            detail: "{}",
            ingested_at: at,
            trace_header: None,
        };
        Self::new(parts, account)
    }

    /// An event that was written down as its text and what is kept beside it.
    pub fn restore(json: &str, ingested_at: Timestamp, trace_header: Option<&str>) -> Result<Self, NoEvent> {
        let compacted = compact(json).map_err(|error| NoEvent { reason: error.to_string() })?;
        let event = Json::of_compact(&compacted.text);
        if !event.is_object() {
            return Err(NoEvent { reason: "it is not an object".to_owned() });
        }
        let id = event.member("id").and_then(Json::text).map(|id| EventId::new(&id));
        let id = id.ok_or_else(|| NoEvent { reason: "it has no id".to_owned() })?;
        let is_replayed = event.member("replay-name").is_some();
        Ok(Self {
            id,
            json: compacted.text.into(),
            ingested_at,
            trace_header: trace_header.map(Into::into),
            is_replayed,
        })
    }

    /// The same event, as the replay of an archive brings it.
    pub fn replayed(&self, replay: &ReplayName) -> Self {
        let member = format!(",\"replay-name\":{}", quoted(replay.as_str()));
        // An event that was made elsewhere may have no resources; then the name comes last.
        let at = self.json.find(RESOURCES).unwrap_or(self.json.len() - 1);
        let json = format!("{}{member}{}", &self.json[..at], &self.json[at..]);
        Self { json: json.into(), is_replayed: true, ..self.clone() }
    }

    /// The event's own name.
    pub fn id(&self) -> &EventId {
        &self.id
    }

    /// The event as rules match it, and as targets get it that ask for nothing else.
    pub fn json(&self) -> &str {
        &self.json
    }

    /// When the bus received it.
    pub fn ingested_at(&self) -> Timestamp {
        self.ingested_at
    }

    /// The trace it belongs to, as an `X-Amzn-Trace-Id` header says it.
    pub fn trace_header(&self) -> Option<&str> {
        self.trace_header.as_deref()
    }

    /// Whether a replay brought it. Archives do not keep such events again.
    pub fn is_replayed(&self) -> bool {
        self.is_replayed
    }

    pub(super) fn root(&self) -> Json<'_> {
        Json::of_compact(&self.json)
    }

    /// What `<aws.events.event>` stands for: the event without its detail, and with a `detailType`.
    pub(super) fn without_detail(&self) -> String {
        let mut kept = String::from("{");
        for (key, value) in self.root().members() {
            let key = match key.string() {
                Some("detail") => continue,
                Some("detail-type") => "\"detailType\"",
                Some(_) | None => key.as_str(),
            };
            let comma = if kept.len() > 1 { "," } else { "" };
            kept.push_str(&format!("{comma}{key}:{}", value.as_str()));
        }
        kept + "}"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scheduled() -> Event {
        let account = Account::default();
        let rule = account.arn("events", "rule/every-minute");
        Event::scheduled(EventId::new("e1"), &rule, Timestamp::from_millis(1_704_067_200_500), &account)
    }

    #[test]
    fn a_schedule_speaks_for_its_rule() {
        assert_eq!(
            scheduled().json(),
            concat!(
                r#"{"version":"0","id":"e1","detail-type":"Scheduled Event","source":"aws.events","#,
                r#""account":"000000000000","time":"2024-01-01T00:00:00Z","region":"us-east-1","#,
                r#""resources":["arn:aws:events:us-east-1:000000000000:rule/every-minute"],"detail":{}}"#
            )
        );
    }

    #[test]
    fn a_replay_puts_its_name_where_aws_does() {
        let event = scheduled();
        let replayed = event.replayed(&"again".parse().unwrap());
        assert!(replayed.json().contains(r#""region":"us-east-1","replay-name":"again","resources":["arn:"#));
        assert_eq!(replayed.json().len(), event.json().len() + r#","replay-name":"again""#.len());
        assert!(replayed.is_replayed() && !event.is_replayed());
        assert_eq!(replayed.id(), event.id());
    }

    #[test]
    fn what_was_written_down_is_the_event_again() {
        let event = scheduled().replayed(&"again".parse().unwrap());
        assert_eq!(Event::restore(event.json(), event.ingested_at(), None), Ok(event));
        for text in ["", "[]", "{}", r#"{"id":1}"#] {
            assert!(Event::restore(text, Timestamp::EPOCH, None).is_err(), "{text}");
        }
        let bare = Event::restore(r#"{ "id": "x" }"#, Timestamp::EPOCH, None).unwrap();
        assert_eq!(bare.replayed(&"r".parse().unwrap()).json(), r#"{"id":"x","replay-name":"r"}"#);
    }
}
