//! Decides which events a bus takes: what `PutEvents` was given goes in, an [`Event`] or a refusal comes out.
//!
//! A request is refused as a whole by [`check_request`]: too many entries, too many bytes. After that each entry stands
//! for itself: [`Entry::accept`]. A bus that does not exist is no reason to refuse; AWS takes the event and drops it,
//! and what to do instead is the caller's decision.
//!
//! Invariant: what was accepted can be matched and delivered; nothing later finds its JSON broken or too deep.

use super::event::{Event, EventId, Parts};
use super::json::compact;
use std::str::FromStr;
use types::{Account, Arn, BusName, NameError, ParseArnError, Timestamp};

/// How many entries one request has at most.
pub const ENTRIES_MAX: usize = 10;
/// How many bytes all entries of a request have at most, counted by [`Entry::size`].
pub const ENTRIES_SIZE_MAX: usize = 1024 * 1024;
/// How many characters a trace header has at most.
pub const TRACE_HEADER_MAX: usize = 500;
/// How many characters of its entries are repeated to who sent too many. AWS repeats them all; here an answer stays small.
pub const SHOWN_MAX: usize = 8192;
/// How deep a detail nests at most: rules look no deeper, and the envelope takes one level.
pub const DETAIL_DEPTH_MAX: usize = pattern::DEPTH_MAX - 1;

/// One entry of a request, as it was given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// Who speaks.
    pub source: Option<String>,
    /// Of what.
    pub detail_type: Option<String>,
    /// The text of a JSON object.
    pub detail: Option<String>,
    /// The bus's name or ARN; none for the default bus.
    pub bus: Option<String>,
    /// When it happened; the present if nobody says.
    pub time: Option<Timestamp>,
    /// ARNs, or what is taken for such, of what it happened to.
    pub resources: Vec<String>,
    /// The trace it belongs to.
    pub trace_header: Option<String>,
}

/// Where an entry wants to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BusRef {
    /// To a bus of this account.
    Here(BusName),
    /// To a bus of another account or region.
    Elsewhere(Arn),
}

/// Why a whole request is refused: a `ValidationException`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestRefused {
    /// There is nothing in it.
    #[error(
        "1 validation error detected: Value '[]' at 'entries' failed to satisfy constraint: Member must have length \
         greater than or equal to 1"
    )]
    NoEntries,
    /// There is too much in it.
    #[error(
        "1 validation error detected: Value '[{shown}]' at 'entries' failed to satisfy constraint: Member must have length \
         less than or equal to {ENTRIES_MAX}"
    )]
    TooManyEntries {
        /// The entries as AWS repeats them, up to [`SHOWN_MAX`] characters.
        shown: String,
    },
    /// It has too many bytes.
    #[error("Total size of the entries in the request is over the limit.")]
    TooLarge {
        /// How many.
        size: usize,
    },
    /// An entry's trace header is too long.
    #[error(
        "1 validation error detected: Value at 'entries.{position}.member.traceHeader' failed to satisfy constraint: \
         Member must have length less than or equal to {TRACE_HEADER_MAX}"
    )]
    TraceHeaderTooLong {
        /// Which entry, from 1.
        position: usize,
    },
    /// An entry names a bus as no bus can be named.
    #[error("1 validation error detected: Value at 'entries.{position}.member.eventBusName' is not valid: {reason}")]
    Bus {
        /// Which entry, from 1.
        position: usize,
        /// What is wrong with the name.
        reason: BusRefError,
    },
}

/// Why a text is neither a bus's name nor its ARN.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BusRefError {
    /// It is no name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// It begins like an ARN and is none.
    #[error(transparent)]
    Arn(#[from] ParseArnError),
    /// It is the ARN of something else.
    #[error("{arn} is no event bus; the ARN of one ends with event-bus/NAME")]
    NoBus {
        /// What it names.
        arn: String,
    },
}

/// Why one entry is refused, while the others of its request are not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryRefused {
    /// A part is missing or empty.
    #[error("Parameter {part} is not valid. Reason: {part} is a required argument.")]
    Missing {
        /// Which part.
        part: Part,
    },
    /// The detail is no JSON object.
    #[error("Detail is malformed.")]
    MalformedDetail {
        /// What is wrong with it, for who reads the log.
        reason: String,
    },
    /// The source pretends to be AWS.
    #[error("Not authorized for the source.")]
    SourceIsReserved,
}

/// A part that every entry has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Who speaks.
    Source,
    /// Of what.
    DetailType,
    /// What happened.
    Detail,
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Part::Source => "Source",
            Part::DetailType => "DetailType",
            Part::Detail => "Detail",
        })
    }
}

impl EntryRefused {
    /// The error code beside the message in the answer.
    pub fn code(&self) -> &'static str {
        match self {
            EntryRefused::Missing { .. } => "InvalidArgument",
            EntryRefused::MalformedDetail { .. } => "MalformedDetail",
            EntryRefused::SourceIsReserved => "NotAuthorizedForSource",
        }
    }
}

/// Whether a request may be looked at entry by entry, and where its entries want to go.
pub fn check_request(entries: &[Entry], account: &Account) -> Result<Vec<BusRef>, RequestRefused> {
    match entries.len() {
        0 => return Err(RequestRefused::NoEntries),
        1..=ENTRIES_MAX => {}
        _ => return Err(RequestRefused::TooManyEntries { shown: shown(entries) }),
    }
    let buses = (1..).zip(entries).map(|(position, entry)| {
        if entry.trace_header.as_ref().is_some_and(|header| header.chars().count() > TRACE_HEADER_MAX) {
            return Err(RequestRefused::TraceHeaderTooLong { position });
        }
        let bus = entry.bus.as_deref().unwrap_or(DEFAULT_BUS);
        BusRef::parse(bus, account).map_err(|reason| RequestRefused::Bus { position, reason })
    });
    let buses = buses.collect::<Result<_, _>>()?;
    let size = entries.iter().map(Entry::size).sum();
    if size > ENTRIES_SIZE_MAX { Err(RequestRefused::TooLarge { size }) } else { Ok(buses) }
}

/// Entries as AWS's Java prints them.
fn shown(entries: &[Entry]) -> String {
    let mut shown = String::new();
    for entry in entries {
        let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "null".to_owned());
        let time = entry.time.map_or_else(|| "null".to_owned(), |time| time.iso_seconds());
        let resources = match &entry.resources[..] {
            [] => "null".to_owned(),
            resources => format!("[{}]", resources.join(", ")),
        };
        let separator = if shown.is_empty() { "" } else { ", " };
        shown.push_str(&format!(
            "{separator}PutEventsRequestEntry(time={time}, source={}, resources={resources}, detailType={}, detail={}, \
             eventBusName={}, traceHeader={}, kmsKeyIdentifier=null, internalMetadata=null)",
            text(&entry.source),
            text(&entry.detail_type),
            text(&entry.detail),
            text(&entry.bus),
            text(&entry.trace_header),
        ));
        if let Some((end, _)) = shown.char_indices().nth(SHOWN_MAX) {
            shown.truncate(end);
            break;
        }
    }
    shown
}

/// The bus that every account has.
pub const DEFAULT_BUS: &str = "default";

impl BusRef {
    /// Reads a name or an ARN.
    pub fn parse(text: &str, account: &Account) -> Result<Self, BusRefError> {
        if !text.starts_with("arn:") {
            return Ok(Self::Here(text.parse()?));
        }
        let arn = Arn::from_str(text)?;
        let name = if &*arn.service == "events" { arn.resource.strip_prefix("event-bus/") } else { None };
        let name: BusName = name.ok_or_else(|| BusRefError::NoBus { arn: arn.to_string() })?.parse()?;
        let is_here = *arn.account == *account.id && *arn.region == *account.region;
        Ok(if is_here { Self::Here(name) } else { Self::Elsewhere(arn) })
    }
}

impl Entry {
    /// How many bytes AWS counts: 14 for a time, and the texts; names, quotes and the rest of an envelope count nothing.
    pub fn size(&self) -> usize {
        let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let time = if self.time.is_some() { 14 } else { 0 };
        let resources: usize = self.resources.iter().map(String::len).sum();
        time + text(&self.source) + text(&self.detail_type) + text(&self.detail) + resources
    }

    /// The event that this entry is, received at `now` and called `id` from now on.
    pub fn accept(&self, id: EventId, account: &Account, now: Timestamp) -> Result<Event, EntryRefused> {
        let source = required(&self.source, Part::Source)?;
        let detail_type = required(&self.detail_type, Part::DetailType)?;
        let detail = required(&self.detail, Part::Detail)?;
        if source.starts_with("aws.") {
            return Err(EntryRefused::SourceIsReserved);
        }
        let malformed = |reason: String| EntryRefused::MalformedDetail { reason };
        let compacted = compact(detail).map_err(|error| malformed(error.to_string()))?;
        if !compacted.text.starts_with('{') {
            return Err(malformed("it is JSON, but not an object".to_owned()));
        }
        if compacted.depth > DETAIL_DEPTH_MAX {
            return Err(malformed(format!("it nests {} levels deep, not {DETAIL_DEPTH_MAX} at most", compacted.depth)));
        }
        let parts = Parts {
            id,
            source,
            detail_type,
            time: self.time.unwrap_or(now),
            resources: &self.resources,
            detail: &compacted.text,
            ingested_at: now,
            trace_header: self.trace_header.as_deref(),
        };
        Ok(Event::new(parts, account))
    }
}

fn required(given: &Option<String>, part: Part) -> Result<&str, EntryRefused> {
    given.as_deref().filter(|text| !text.is_empty()).ok_or(EntryRefused::Missing { part })
}

#[cfg(test)]
mod tests {
    use super::*;
    use pattern::{Dialect, Pattern};

    fn entry(detail: &str) -> Entry {
        let text = |text: &str| Some(text.to_owned());
        Entry { source: text("shop"), detail_type: text("Order Created"), detail: text(detail), ..Entry::default() }
    }

    fn accept(entry: &Entry) -> Result<Event, EntryRefused> {
        let now = Timestamp::from_millis(1_704_067_200_999);
        entry.accept(EventId::new("7bf73129"), &Account::default(), now)
    }

    #[test]
    fn an_entry_becomes_an_envelope() {
        let mut given = entry(" {\"total\": 10.50, \"note\": \"a \\\"b\\\"\"}\n");
        given.resources = vec!["arn:aws:s3:::b".to_owned(), "say \"hi\"".to_owned()];
        given.trace_header = Some("Root=1".to_owned());
        let event = accept(&given).unwrap();
        assert_eq!(
            event.json(),
            concat!(
                r#"{"version":"0","id":"7bf73129","detail-type":"Order Created","source":"shop","#,
                r#""account":"000000000000","time":"2024-01-01T00:00:00Z","region":"us-east-1","#,
                r#""resources":["arn:aws:s3:::b","say \"hi\""],"detail":{"total":10.50,"note":"a \"b\""}}"#
            )
        );
        assert_eq!(event.trace_header(), Some("Root=1"));
        assert_eq!(event.ingested_at().millis(), 1_704_067_200_999);
        given.time = Some(Timestamp::from_millis(1_000));
        assert!(accept(&given).unwrap().json().contains(r#""time":"1970-01-01T00:00:01Z""#));
    }

    #[test]
    fn each_fault_has_its_code_and_message() {
        let without = |change: fn(&mut Entry)| {
            let mut given = entry("{}");
            change(&mut given);
            given
        };
        let required = |part: &str| {
            format!("InvalidArgument: Parameter {part} is not valid. Reason: {part} is a required argument.")
        };
        let malformed = "MalformedDetail: Detail is malformed.".to_owned();
        let cases = [
            (without(|given| given.source = None), required("Source")),
            (without(|given| given.source = Some(String::new())), required("Source")),
            (without(|given| given.detail_type = None), required("DetailType")),
            (without(|given| given.detail = None), required("Detail")),
            (
                without(|given| given.source = Some("aws.ec2".to_owned())),
                "NotAuthorizedForSource: Not authorized for the source.".to_owned(),
            ),
            (entry("not json"), malformed.clone()),
            (entry("[]"), malformed.clone()),
            (entry("\"text\""), malformed.clone()),
            (entry(r#""{\"twice\":true}""#), malformed.clone()),
            (entry(r#"{"a":1}{"b":2}"#), malformed.clone()),
            (entry(r#"{"a":01}"#), malformed),
        ];
        for (given, expected) in cases {
            let refused = accept(&given).unwrap_err();
            assert_eq!(format!("{}: {refused}", refused.code()), expected, "{given:?}");
        }
    }

    #[test]
    fn the_deepest_detail_that_is_taken_can_be_matched() {
        let nested = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
        let event = accept(&entry(&nested(DETAIL_DEPTH_MAX))).unwrap();
        let path = vec!["a"; DETAIL_DEPTH_MAX - 1].join(".");
        let deep = Pattern::parse(&format!(r#"{{"detail.{path}.b":[{{"exists":false}}]}}"#), Dialect::Bus).unwrap();
        assert_eq!(deep.matches_json(event.json().as_bytes()), Ok(true));
        assert!(matches!(accept(&entry(&nested(DETAIL_DEPTH_MAX + 1))), Err(EntryRefused::MalformedDetail { .. })));
    }

    #[test]
    fn sizes_are_counted_as_aws_does() {
        let mut given = entry("{\"é\":1}");
        assert_eq!(given.size(), 4 + 13 + 8);
        given.time = Some(Timestamp::EPOCH);
        given.resources = vec!["ab".to_owned(), "c".to_owned()];
        given.bus = Some("not counted".to_owned());
        assert_eq!(given.size(), 4 + 13 + 8 + 14 + 3);
    }

    /// As recorded from AWS, but for what is cut off.
    #[test]
    fn too_many_entries_are_repeated() {
        let detail = r#"{"command": "update-account"}"#;
        let given = Entry { bus: Some("orders".to_owned()), ..entry(detail) };
        let account = Account::default();
        let refused = check_request(&vec![given.clone(); 11], &account).unwrap_err().to_string();
        let one = format!(
            "PutEventsRequestEntry(time=null, source={}, resources=null, detailType={}, detail={detail}, \
             eventBusName=orders, traceHeader=null, kmsKeyIdentifier=null, internalMetadata=null)",
            given.source.as_deref().unwrap(),
            given.detail_type.as_deref().unwrap(),
        );
        assert_eq!(
            refused,
            format!(
                "1 validation error detected: Value '[{}]' at 'entries' failed to satisfy constraint: Member must have \
                 length less than or equal to 10",
                vec![one; 11].join(", ")
            )
        );
        let long = entry(&"é".repeat(20_000));
        let refused = check_request(&vec![long; 11], &account).unwrap_err().to_string();
        assert!(refused.chars().count() < SHOWN_MAX + 200, "{}", refused.len());
    }

    #[test]
    fn requests_have_bounds() {
        let account = Account::default();
        let check = |entries: &[Entry]| check_request(entries, &account).map(|buses| buses.len());
        assert_eq!(check(&vec![entry("{}"); 10]), Ok(10));
        assert_eq!(check(&[]), Err(RequestRefused::NoEntries));
        let of_size = |size: usize| entry(&format!("{{\"a\":\"{}\"}}", "x".repeat(size - 4 - 13 - 8)));
        assert_eq!(of_size(1000).size(), 1000);
        assert_eq!(check(&[of_size(ENTRIES_SIZE_MAX)]), Ok(1));
        assert_eq!(
            check(&[of_size(ENTRIES_SIZE_MAX - 30), of_size(31)]),
            Err(RequestRefused::TooLarge { size: ENTRIES_SIZE_MAX + 1 })
        );
        let traced = |length| Entry { trace_header: Some("x".repeat(length)), ..entry("{}") };
        assert_eq!(check(&[traced(500)]), Ok(1));
        assert_eq!(check(&[entry("{}"), traced(501)]), Err(RequestRefused::TraceHeaderTooLong { position: 2 }));
        assert!(matches!(
            check(&[Entry { bus: Some("no bus!".to_owned()), ..entry("{}") }]),
            Err(RequestRefused::Bus { position: 1, .. })
        ));
    }

    #[test]
    fn buses_are_named_or_addressed() {
        let account = Account::default();
        let here = |name: &str| Some(BusRef::Here(name.parse().unwrap()));
        let cases = [
            ("orders", here("orders")),
            ("aws.partner/shop/1", here("aws.partner/shop/1")),
            ("arn:aws:events:us-east-1:000000000000:event-bus/orders", here("orders")),
            (
                "arn:aws:events:us-east-1:111111111111:event-bus/orders",
                "arn:aws:events:us-east-1:111111111111:event-bus/orders".parse().ok().map(BusRef::Elsewhere),
            ),
            (
                "arn:aws:events:eu-west-1:000000000000:event-bus/orders",
                "arn:aws:events:eu-west-1:000000000000:event-bus/orders".parse().ok().map(BusRef::Elsewhere),
            ),
            ("arn:aws:sqs:us-east-1:000000000000:orders", None),
            ("arn:aws:events:us-east-1:000000000000:rule/orders", None),
            ("arn:orders", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(BusRef::parse(text, &account).ok(), expected, "{text}");
        }
    }
}
