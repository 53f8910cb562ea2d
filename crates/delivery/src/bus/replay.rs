//! Decides what a replay brings to a bus again, and how far it is: [`Replay`] and [`State`].
//!
//! A replay reads an archive from one instant to another, by when the bus received the events, and brings them to the
//! archive's own bus: to all of its rules, or to some. An event that it brings is [`Event::replayed`].
//!
//! Invariant: a replay that has ended stays as it ended, and what it brought last never goes back.
//!
//! [`Event::replayed`]: super::Event::replayed

use super::archive::Archive;
use super::entry::{BusRef, BusRefError, DEFAULT_BUS};
use super::event::Event;
use serde::{Deserialize, Serialize};
use types::{Account, Arn, BusName, ReplayName, RuleName, SortedSet, Timestamp};

/// A replay as it was asked for. Whether its archive is there is the caller's to say: [`archive_missing`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplaySpec {
    /// Its name.
    pub name: ReplayName,
    /// From when on.
    pub from: Timestamp,
    /// Until when; what was received at this instant is not brought.
    pub to: Timestamp,
    /// The ARN of the bus to bring them to.
    pub destination: String,
    /// The ARNs of the rules that get them; empty for all.
    pub rules: Vec<String>,
}

/// A replay that may be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay {
    spec: ReplaySpec,
    bus: BusName,
    rules: Option<SortedSet<RuleName>>,
}

/// Why a replay is refused: a `ValidationException`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplayRefused {
    /// It ends before it begins.
    #[error("Parameter EventEndTime is not valid. Reason: EventStartTime must be before EventEndTime.")]
    Times,
    /// Its destination is no bus.
    #[error("Parameter Destination.Arn is not valid. Reason: {0}.")]
    Destination(BusRefError),
    /// Its destination is another bus than the archive's.
    #[error("Parameter Destination.Arn is not valid. Reason: Cross event bus replay is not permitted.")]
    OtherBus,
    /// What shall get the events is no rule of that bus.
    #[error(
        "Parameter Destination.FilterArns is not valid. Reason: {arn} is not the ARN of a rule of the event bus {bus}."
    )]
    Rule {
        /// What was given.
        arn: String,
        /// The bus.
        bus: BusName,
    },
    /// It is not in a state in which it can be cancelled: an `IllegalStatusException`.
    #[error("Replay {name} is not in a valid state for this operation.")]
    NotCancellable {
        /// Its name.
        name: ReplayName,
    },
}

/// How AWS says that a replay's archive is not there: a `ValidationException`.
pub fn archive_missing(archive: &str) -> String {
    format!("Parameter EventSourceArn is not valid. Reason: Archive {archive} does not exist.")
}

impl Replay {
    /// Reads what was asked for of an archive.
    pub fn parse(spec: ReplaySpec, archive: &Archive, account: &Account) -> Result<Self, ReplayRefused> {
        if spec.from >= spec.to {
            return Err(ReplayRefused::Times);
        }
        let bus = match BusRef::parse(&spec.destination, account).map_err(ReplayRefused::Destination)? {
            BusRef::Here(bus) if bus == *archive.bus() => bus,
            BusRef::Here(_) | BusRef::Elsewhere(_) => return Err(ReplayRefused::OtherBus),
        };
        let rule = |text: &String| {
            let name = rule_of(text, &bus, account);
            name.ok_or_else(|| ReplayRefused::Rule { arn: text.chars().take(200).collect(), bus: bus.clone() })
        };
        let rules: SortedSet<RuleName> = spec.rules.iter().map(rule).collect::<Result<_, _>>()?;
        let rules = if rules.is_empty() { None } else { Some(rules) };
        Ok(Self { spec, bus, rules })
    }

    /// What was asked for.
    pub fn spec(&self) -> &ReplaySpec {
        &self.spec
    }

    /// The bus that the events come from and go to.
    pub fn bus(&self) -> &BusName {
        &self.bus
    }

    /// Whether an event of the archive is brought.
    pub fn wants(&self, event: &Event) -> bool {
        (self.spec.from..self.spec.to).contains(&event.ingested_at())
    }

    /// Whether a rule that matches gets the event.
    pub fn reaches(&self, rule: &RuleName) -> bool {
        self.rules.as_ref().is_none_or(|rules| rules.contains(rule))
    }
}

/// The rule of a bus that an ARN names.
fn rule_of(text: &str, bus: &BusName, account: &Account) -> Option<RuleName> {
    let arn: Arn = text.parse().ok()?;
    if &*arn.service != "events" || *arn.account != *account.id || *arn.region != *account.region {
        return None;
    }
    let name = arn.resource.strip_prefix("rule/")?;
    let of_bus = name.strip_prefix(bus.as_str()).and_then(|rest| rest.strip_prefix('/'));
    let name = if bus.as_str() == DEFAULT_BUS { of_bus.or(Some(name)) } else { of_bus };
    name?.parse().ok()
}

/// How far a replay is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// It was asked for.
    Starting,
    /// It brings events.
    Running {
        /// When the bus first received what was brought last.
        replayed_to: Option<Timestamp>,
    },
    /// It shall stop, and has not yet.
    Cancelling {
        /// How far it came.
        replayed_to: Option<Timestamp>,
    },
    /// It was stopped.
    Cancelled {
        /// How far it came.
        replayed_to: Option<Timestamp>,
        /// When it stopped.
        ended_at: Timestamp,
    },
    /// It brought everything.
    Completed {
        /// How far it came.
        replayed_to: Option<Timestamp>,
        /// When it was done.
        ended_at: Timestamp,
    },
    /// It cannot go on.
    Failed {
        /// How far it came.
        replayed_to: Option<Timestamp>,
        /// When it stopped.
        ended_at: Timestamp,
        /// Why.
        reason: String,
    },
}

/// What happened to a replay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happened {
    /// It began to read.
    Began,
    /// It brought everything that the bus had received until then.
    Replayed {
        /// Until when.
        to: Timestamp,
    },
    /// There is no more to bring.
    Finished,
    /// Whoever brings events has stopped, as it was told to.
    Stopped,
    /// The archive is gone, say.
    Failed {
        /// Why.
        reason: String,
    },
}

impl State {
    /// What comes after something happened at `now`.
    pub fn after(self, happened: Happened, now: Timestamp) -> Self {
        let ended_at = now;
        match (self, happened) {
            (state @ (Self::Cancelled { .. } | Self::Completed { .. } | Self::Failed { .. }), _) => state,
            (state, Happened::Failed { reason }) => Self::Failed { replayed_to: state.replayed_to(), ended_at, reason },
            // Between the wish to stop and the end, the last events may still have been brought.
            (Self::Cancelling { replayed_to }, Happened::Stopped | Happened::Finished) => {
                Self::Cancelled { replayed_to, ended_at }
            }
            (Self::Cancelling { replayed_to }, Happened::Replayed { to }) => {
                Self::Cancelling { replayed_to: replayed_to.max(Some(to)) }
            }
            (Self::Starting | Self::Running { replayed_to: None }, Happened::Replayed { to }) => {
                Self::Running { replayed_to: Some(to) }
            }
            (Self::Running { replayed_to }, Happened::Replayed { to }) => {
                Self::Running { replayed_to: replayed_to.max(Some(to)) }
            }
            (Self::Starting, Happened::Began) => Self::Running { replayed_to: None },
            (state @ (Self::Starting | Self::Running { .. }), Happened::Finished) => {
                Self::Completed { replayed_to: state.replayed_to(), ended_at }
            }
            // Nobody told it to stop: it will be taken up again.
            (state @ (Self::Starting | Self::Running { .. }), Happened::Stopped) => state,
            (state @ (Self::Running { .. } | Self::Cancelling { .. }), Happened::Began) => state,
        }
    }

    /// The replay is to stop. Only one that still goes on can be.
    pub fn cancel(self, name: &ReplayName) -> Result<Self, ReplayRefused> {
        match self {
            Self::Starting | Self::Running { .. } => Ok(Self::Cancelling { replayed_to: self.replayed_to() }),
            Self::Cancelling { .. } | Self::Cancelled { .. } | Self::Completed { .. } | Self::Failed { .. } => {
                Err(ReplayRefused::NotCancellable { name: name.clone() })
            }
        }
    }

    /// When the bus first received what was brought last.
    pub fn replayed_to(&self) -> Option<Timestamp> {
        match self {
            Self::Starting => None,
            Self::Running { replayed_to }
            | Self::Cancelling { replayed_to }
            | Self::Cancelled { replayed_to, .. }
            | Self::Completed { replayed_to, .. }
            | Self::Failed { replayed_to, .. } => *replayed_to,
        }
    }

    /// When it ended.
    pub fn ended_at(&self) -> Option<Timestamp> {
        match self {
            Self::Starting | Self::Running { .. } | Self::Cancelling { .. } => None,
            Self::Cancelled { ended_at, .. } | Self::Completed { ended_at, .. } | Self::Failed { ended_at, .. } => {
                Some(*ended_at)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bus::EventId;
    use crate::bus::archive::ArchiveSpec;
    use proptest::prelude::*;

    const BUS: &str = "arn:aws:events:us-east-1:000000000000:event-bus/orders";

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    fn spec(rules: &[&str]) -> ReplaySpec {
        ReplaySpec {
            name: "again".parse().unwrap(),
            from: at(10),
            to: at(20),
            destination: BUS.to_owned(),
            rules: rules.iter().map(|rule| (*rule).to_owned()).collect(),
        }
    }

    fn replay(bus: &str, spec: ReplaySpec) -> Result<Replay, ReplayRefused> {
        let archive = ArchiveSpec {
            name: "a1".parse().unwrap(),
            bus: bus.to_owned(),
            pattern: None,
            retention_days: None,
            description: None,
        };
        let account = Account::default();
        Replay::parse(spec, &Archive::parse(archive, &account).unwrap(), &account)
    }

    #[test]
    fn replays_are_refused_in_awss_words() {
        let sqs = "arn:aws:sqs:us-east-1:000000000000:q";
        let cases = [
            (
                ReplaySpec { to: at(10), ..spec(&[]) },
                "Parameter EventEndTime is not valid. Reason: EventStartTime must be before EventEndTime.".to_owned(),
            ),
            (
                ReplaySpec { destination: BUS.replace("orders", "other"), ..spec(&[]) },
                "Parameter Destination.Arn is not valid. Reason: Cross event bus replay is not permitted.".to_owned(),
            ),
            (
                ReplaySpec { destination: sqs.to_owned(), ..spec(&[]) },
                format!(
                    "Parameter Destination.Arn is not valid. Reason: {sqs} is no event bus; the ARN of one ends with \
                     event-bus/NAME."
                ),
            ),
            (
                spec(&["arn:aws:events:us-east-1:000000000000:rule/other/r"]),
                "Parameter Destination.FilterArns is not valid. Reason: \
                 arn:aws:events:us-east-1:000000000000:rule/other/r is not the ARN of a rule of the event bus orders."
                    .to_owned(),
            ),
        ];
        for (spec, expected) in cases {
            assert_eq!(replay(BUS, spec).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn a_replay_brings_a_span_of_events_to_some_rules() {
        let account = Account::default();
        let all = replay(BUS, spec(&[])).unwrap();
        let event =
            |seconds| Event::scheduled(EventId::new("e"), &account.arn("events", "rule/r"), at(seconds), &account);
        let wanted: Vec<i64> = (8..22).filter(|seconds| all.wants(&event(*seconds))).collect();
        assert_eq!(wanted, (10..20).collect::<Vec<_>>());
        let (r1, r2): (RuleName, RuleName) = ("r1".parse().unwrap(), "r2".parse().unwrap());
        assert!(all.reaches(&r1) && all.reaches(&r2));
        let some = replay(BUS, spec(&["arn:aws:events:us-east-1:000000000000:rule/orders/r1"])).unwrap();
        assert!(some.reaches(&r1) && !some.reaches(&r2));
        let default = BUS.replace("orders", "default");
        let of_default =
            ReplaySpec { destination: default.clone(), ..spec(&["arn:aws:events:us-east-1:000000000000:rule/r2"]) };
        assert!(replay(&default, of_default).unwrap().reaches(&r2));
    }

    #[test]
    fn each_state_knows_what_comes_next() {
        let replayed = |to| Happened::Replayed { to: at(to) };
        let running = |to: Option<i64>| State::Running { replayed_to: to.map(at) };
        let cancelling = |to: Option<i64>| State::Cancelling { replayed_to: to.map(at) };
        let cases = [
            (State::Starting, Happened::Began, running(None)),
            (State::Starting, Happened::Finished, State::Completed { replayed_to: None, ended_at: at(99) }),
            (running(None), replayed(12), running(Some(12))),
            (running(Some(12)), replayed(11), running(Some(12))),
            (running(Some(12)), Happened::Finished, State::Completed { replayed_to: Some(at(12)), ended_at: at(99) }),
            (running(Some(12)), Happened::Stopped, running(Some(12))),
            (running(Some(12)), Happened::Began, running(Some(12))),
            (cancelling(Some(12)), replayed(13), cancelling(Some(13))),
            (cancelling(None), Happened::Finished, State::Cancelled { replayed_to: None, ended_at: at(99) }),
            (cancelling(None), Happened::Stopped, State::Cancelled { replayed_to: None, ended_at: at(99) }),
            (
                running(Some(12)),
                Happened::Failed { reason: "gone".to_owned() },
                State::Failed { replayed_to: Some(at(12)), ended_at: at(99), reason: "gone".to_owned() },
            ),
        ];
        for (state, happened, expected) in cases {
            let told = format!("{state:?} {happened:?}");
            assert_eq!(state.after(happened, at(99)), expected, "{told}");
        }
        let name = "again".parse().unwrap();
        assert_eq!(running(Some(12)).cancel(&name), Ok(cancelling(Some(12))));
        assert_eq!(
            cancelling(None).cancel(&name).unwrap_err().to_string(),
            "Replay again is not in a valid state for this operation."
        );
        assert_eq!(archive_missing("x"), "Parameter EventSourceArn is not valid. Reason: Archive x does not exist.");
    }

    proptest! {
        /// Whatever happens in whatever order, an end is the end, and a replay never goes back.
        #[test]
        fn replays_end_once(steps in proptest::collection::vec((0..6, 0_i64..30), 0..30)) {
            let mut state = State::Starting;
            for (step, seconds) in steps {
                let before = state.clone();
                state = match step {
                    0 => state.after(Happened::Began, at(seconds)),
                    1 => state.after(Happened::Replayed { to: at(seconds) }, at(seconds)),
                    2 => state.after(Happened::Finished, at(seconds)),
                    3 => state.after(Happened::Stopped, at(seconds)),
                    4 => state.after(Happened::Failed { reason: "x".to_owned() }, at(seconds)),
                    _ => state.clone().cancel(&"r".parse().unwrap()).unwrap_or(state),
                };
                prop_assert!(state.replayed_to() >= before.replayed_to());
                if before.ended_at().is_some() {
                    prop_assert_eq!(&state, &before);
                }
            }
        }
    }
}
