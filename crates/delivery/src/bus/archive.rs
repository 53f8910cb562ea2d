//! Decides which events an archive keeps, and for how long: [`Archive`].
//!
//! AWS makes a rule of its own on the bus for each archive; that rule's pattern is [`Archive::pattern`], so archives are
//! found by the same matcher as rules are. Here an archive is there as soon as it is made, so it has no states.
//!
//! Invariant: an event that a replay brought is not kept again.

use super::entry::{BusRef, BusRefError};
use super::event::Event;
use super::rule::DESCRIPTION_MAX;
use pattern::{Dialect, ParseError, Pattern};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use types::{Account, ArchiveName, BusName, Timestamp};

/// An archive as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchiveSpec {
    /// Its name.
    pub name: ArchiveName,
    /// The ARN of the bus whose events it keeps.
    pub bus: String,
    /// Which of them; none for all.
    pub pattern: Option<String>,
    /// For how many days; none or 0 for ever.
    pub retention_days: Option<i64>,
    /// What it is for.
    pub description: Option<String>,
}

/// An archive.
#[derive(Debug, Clone)]
pub struct Archive {
    spec: ArchiveSpec,
    bus: BusName,
    pattern: Pattern,
    retention: Option<Duration>,
}

/// Why an archive is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveRefused {
    /// It names no bus.
    #[error("Parameter EventSourceArn is not valid. Reason: {0}.")]
    Bus(BusRefError),
    /// It names a bus by its name alone.
    #[error("Parameter EventSourceArn is not valid. Reason: Must contain an event bus ARN.")]
    NoBusArn,
    /// It names a bus that is not of this account and region, where no bus is known.
    #[error("Event bus {bus} does not exist.")]
    Elsewhere {
        /// The bus's name.
        bus: String,
    },
    /// Its pattern is none: an `InvalidEventPatternException`.
    #[error(transparent)]
    Pattern(#[from] ParseError),
    /// It keeps events for less than no time, or longer than can be counted.
    #[error("Parameter RetentionDays is not valid. Reason: it is {given}, and must be from 0 to {}.", i32::MAX)]
    Retention {
        /// What was asked for.
        given: i64,
    },
    /// Its description is too long.
    #[error("the description has {length} characters; the limit is {DESCRIPTION_MAX}")]
    DescriptionTooLong {
        /// How long it is.
        length: usize,
    },
}

impl Archive {
    /// Reads what was asked for.
    pub fn parse(spec: ArchiveSpec, account: &Account) -> Result<Self, ArchiveRefused> {
        let bus = match BusRef::parse(&spec.bus, account).map_err(ArchiveRefused::Bus)? {
            BusRef::Here(bus) if spec.bus.starts_with("arn:") => bus,
            BusRef::Here(_) => return Err(ArchiveRefused::NoBusArn),
            BusRef::Elsewhere(arn) => {
                let bus = arn.resource.strip_prefix("event-bus/").unwrap_or(&arn.resource).to_owned();
                return Err(ArchiveRefused::Elsewhere { bus });
            }
        };
        let length = spec.description.as_ref().map_or(0, |text| text.chars().count());
        if length > DESCRIPTION_MAX {
            return Err(ArchiveRefused::DescriptionTooLong { length });
        }
        let given = spec.retention_days.unwrap_or(0);
        let days = i32::try_from(given).ok().and_then(|days| u64::try_from(days).ok());
        let days = days.ok_or(ArchiveRefused::Retention { given })?;
        let retention = if days == 0 { None } else { Some(Duration::from_secs(days * 86_400)) };
        if let Some(text) = &spec.pattern {
            Pattern::parse(text, Dialect::Bus)?;
        }
        let pattern = Pattern::parse_unlimited(&managed(spec.pattern.as_deref()), Dialect::Bus)?;
        Ok(Self { spec, bus, pattern, retention })
    }

    /// What was asked for.
    pub fn spec(&self) -> &ArchiveSpec {
        &self.spec
    }

    /// Its name.
    pub fn name(&self) -> &ArchiveName {
        &self.spec.name
    }

    /// The bus whose events it keeps.
    pub fn bus(&self) -> &BusName {
        &self.bus
    }

    /// The pattern of the events that it keeps.
    pub fn pattern(&self) -> &Pattern {
        &self.pattern
    }

    /// Until when it keeps an event: for ever, or so long after the bus received it.
    pub fn keeps_until(&self, event: &Event) -> Option<Timestamp> {
        self.retention.map(|retention| event.ingested_at() + retention)
    }

    /// Events that the bus received before this need not be kept any more.
    pub fn keeps_since(&self, now: Timestamp) -> Option<Timestamp> {
        let millis = i64::try_from(self.retention?.as_millis()).ok()?;
        Some(Timestamp::from_millis(now.millis().saturating_sub(millis)))
    }
}

/// A pattern that also asks that no replay brought the event. What was asked for comes last, since of a path that is
/// given twice the last one counts.
fn managed(pattern: Option<&str>) -> String {
    let not_replayed = r#""replay-name":[{"exists":false}]"#;
    match pattern.and_then(|text| text.trim_start().strip_prefix('{')) {
        Some(members) => format!("{{{not_replayed},{members}"),
        None => format!("{{{not_replayed}}}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bus::EventId;

    const BUS: &str = "arn:aws:events:us-east-1:000000000000:event-bus/orders";

    fn spec(pattern: Option<&str>, retention_days: Option<i64>) -> ArchiveSpec {
        ArchiveSpec {
            name: "a1".parse().unwrap(),
            bus: BUS.to_owned(),
            pattern: pattern.map(str::to_owned),
            retention_days,
            description: None,
        }
    }

    fn archive(spec: ArchiveSpec) -> Result<Archive, ArchiveRefused> {
        Archive::parse(spec, &Account::default())
    }

    #[test]
    fn replayed_events_are_not_kept_again() {
        let account = Account::default();
        let at = Timestamp::from_millis(86_400_000);
        let event = Event::scheduled(EventId::new("e"), &account.arn("events", "rule/r"), at, &account);
        let replayed = event.replayed(&"again".parse().unwrap());
        let cases =
            [(None, true), (Some(r#" { "source" : ["aws.events"]}"#), true), (Some(r#"{"source":["shop"]}"#), false)];
        for (pattern, is_kept) in cases {
            let archive = archive(spec(pattern, None)).unwrap();
            let keeps = |event: &Event| archive.pattern().matches_json(event.json().as_bytes()).unwrap();
            assert_eq!((keeps(&event), keeps(&replayed)), (is_kept, false), "{pattern:?}");
        }
    }

    #[test]
    fn events_are_kept_for_days_or_for_ever() {
        let account = Account::default();
        let at = Timestamp::from_millis(86_400_000);
        let event = Event::scheduled(EventId::new("e"), &account.arn("events", "rule/r"), at, &account);
        for (days, until) in [(None, None), (Some(0), None), (Some(2), Some(3 * 86_400_000))] {
            let archive = archive(spec(None, days)).unwrap();
            assert_eq!(archive.keeps_until(&event).map(Timestamp::millis), until, "{days:?}");
            assert_eq!(archive.keeps_since(Timestamp::from_millis(3 * 86_400_000)).is_some(), until.is_some());
        }
        let two_days = archive(spec(None, Some(2))).unwrap();
        assert_eq!(two_days.keeps_since(Timestamp::from_millis(3 * 86_400_000)), Some(at));
    }

    #[test]
    fn what_is_no_archive_is_refused() {
        let of_bus = |bus: &str| ArchiveSpec { bus: bus.to_owned(), ..spec(None, None) };
        assert!(matches!(archive(of_bus("orders")), Err(ArchiveRefused::NoBusArn)));
        let elsewhere = BUS.replace("us-east-1", "eu-west-1");
        let refused = archive(of_bus(&elsewhere)).unwrap_err();
        assert_eq!(refused.to_string(), "Event bus orders does not exist.");
        assert!(matches!(archive(of_bus("arn:aws:sqs:us-east-1:1:q")), Err(ArchiveRefused::Bus(_))));
        assert!(matches!(archive(spec(Some("{}"), None)), Err(ArchiveRefused::Pattern(_))));
        assert!(matches!(archive(spec(None, Some(-1))), Err(ArchiveRefused::Retention { given: -1 })));
        assert!(matches!(archive(spec(None, Some(i64::MAX))), Err(ArchiveRefused::Retention { .. })));
    }
}
