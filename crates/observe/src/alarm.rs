//! Decides whether an alarm rings: what it watches, what its newest values mean, what follows when its state changes.
//!
//! Start at [`Alarm::evaluate`]: values in, and if the state changes a [`Transition`] out, which says whom to tell and
//! what. [`judge`] is the rule itself, as AWS documents it.
//!
//! Invariants: actions follow from changes of the state alone; what is kept of an alarm's history is bounded.

mod judge;
mod reason;
mod told;

pub use judge::{Judgement, judge};

use crate::measure::query::{Found, MetricStat, Query, What, Windows};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use types::{SortedMap, Timestamp};

/// How many more periods than an alarm asks for are looked at, in case some have no value.
pub const PERIODS_BEYOND: i64 = 2;
/// The most entries of an alarm's history.
const HISTORY_MAX: usize = 100;

/// The most changes that wait to be told.
const UNTOLD_MAX: usize = 10;

/// How an alarm stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    /// All is well.
    Ok,
    /// It rings.
    Alarm,
    /// Nobody knows.
    InsufficientData,
}

impl State {
    /// As AWS writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
        }
    }

    /// The state that is written so.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Ok, Self::Alarm, Self::InsufficientData].into_iter().find(|state| state.as_str() == text)
    }
}

/// When a value breaches the threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Comparison {
    /// When it is greater.
    GreaterThanThreshold,
    /// When it is not smaller.
    GreaterThanOrEqualToThreshold,
    /// When it is smaller.
    LessThanThreshold,
    /// When it is not greater.
    LessThanOrEqualToThreshold,
}

impl Comparison {
    /// All of them, as AWS writes them.
    pub const ALL: [(&'static str, Self); 4] = [
        ("GreaterThanThreshold", Self::GreaterThanThreshold),
        ("GreaterThanOrEqualToThreshold", Self::GreaterThanOrEqualToThreshold),
        ("LessThanThreshold", Self::LessThanThreshold),
        ("LessThanOrEqualToThreshold", Self::LessThanOrEqualToThreshold),
    ];

    /// As AWS writes it.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(_, known)| *known == self).expect("all are listed").0
    }

    fn breaches(self, value: f64, threshold: f64) -> bool {
        match self {
            Self::GreaterThanThreshold => value > threshold,
            Self::GreaterThanOrEqualToThreshold => value >= threshold,
            Self::LessThanThreshold => value < threshold,
            Self::LessThanOrEqualToThreshold => value <= threshold,
        }
    }
}

/// What a period without a value counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Missing {
    /// As not known.
    #[default]
    Missing,
    /// As good.
    NotBreaching,
    /// As bad.
    Breaching,
    /// As if it had not been.
    Ignore,
}

impl Missing {
    /// All of them, as AWS writes them.
    pub const ALL: [(&'static str, Self); 4] = [
        ("missing", Self::Missing),
        ("notBreaching", Self::NotBreaching),
        ("breaching", Self::Breaching),
        ("ignore", Self::Ignore),
    ];

    /// As AWS writes it.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(_, known)| *known == self).expect("all are listed").0
    }
}

/// What an alarm watches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Watched {
    /// One metric.
    Metric(MetricStat),
    /// Queries, one of which is answered.
    Queries(Vec<Query>),
}

/// What somebody asks of an alarm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Definition {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Whether anybody is told.
    pub actions_enabled: bool,
    /// Who is told when it is well again, as ARNs.
    pub ok_actions: Vec<String>,
    /// Who is told when it rings.
    pub alarm_actions: Vec<String>,
    /// Who is told when nothing is known any more.
    pub insufficient_data_actions: Vec<String>,
    /// What it watches.
    pub watched: Watched,
    /// How many periods count.
    pub periods: u32,
    /// How many of them must breach; all without it.
    pub datapoints: Option<u32>,
    /// What values are compared with.
    pub threshold: f64,
    /// How.
    pub comparison: Comparison,
    /// What a period without a value counts as; `None` if it was not said.
    pub missing: Option<Missing>,
    /// Anything else to know it by.
    pub tags: SortedMap<String, String>,
}

impl Definition {
    /// What is watched, as queries.
    pub fn queries(&self) -> Vec<Query> {
        match &self.watched {
            Watched::Metric(metric) => {
                let (id, what) = ("m1".to_owned(), What::Metric(metric.clone()));
                vec![Query { id, label: None, returned: true, what }]
            }
            Watched::Queries(queries) => queries.clone(),
        }
    }

    /// How long a period is, in seconds: the longest one.
    pub fn period(&self) -> i64 {
        let period = |query: &Query| match &query.what {
            What::Metric(metric) => Some(metric.period),
            What::Expression(_) => None,
        };
        self.queries().iter().filter_map(period).max().unwrap_or(60)
    }

    /// How many of the periods must breach.
    pub fn datapoints_to_alarm(&self) -> u32 {
        self.datapoints.unwrap_or(self.periods)
    }

    /// The periods that are looked at: whole minutes, or whole tens of seconds for short periods.
    pub fn windows(&self, now: Timestamp, period: i64) -> Windows {
        let step = if period < 60 { 10 } else { 60 };
        let end = now.seconds().div_euclid(step) * step;
        Windows::before(end, period, i64::from(self.periods) + PERIODS_BEYOND)
    }

    /// How often it is looked at, in seconds.
    pub fn every(&self) -> i64 {
        if self.period() < 60 { 10 } else { 60 }
    }

    /// What a period without a value counts as. Metrics of tables come and go with their use.
    pub fn treats_missing(&self) -> Missing {
        let of_tables =
            |query: &Query| matches!(&query.what, What::Metric(metric) if &*metric.metric.namespace == "AWS/DynamoDB");
        if self.queries().iter().any(of_tables) { Missing::Ignore } else { self.missing.unwrap_or_default() }
    }

    /// Who is told of a state.
    pub fn actions(&self, state: State) -> &[String] {
        match state {
            State::Ok => &self.ok_actions,
            State::Alarm => &self.alarm_actions,
            State::InsufficientData => &self.insufficient_data_actions,
        }
    }
}

/// A state, since when, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// The state.
    pub state: State,
    /// Why, in words.
    pub reason: String,
    /// Why, as JSON.
    pub reason_data: Option<String>,
    /// Since when.
    pub at: Timestamp,
}

/// What is remembered of an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum HistoryKind {
    /// It was made, changed or deleted.
    ConfigurationUpdate,
    /// Its state changed.
    StateUpdate,
    /// Somebody was told.
    Action,
}

impl HistoryKind {
    /// All of them, as AWS writes them.
    pub const ALL: [(&'static str, Self); 3] = [
        ("ConfigurationUpdate", Self::ConfigurationUpdate),
        ("StateUpdate", Self::StateUpdate),
        ("Action", Self::Action),
    ];

    /// As AWS writes it.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(_, known)| *known == self).expect("all are listed").0
    }
}

/// One thing that is remembered of an alarm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// When.
    pub at: Timestamp,
    /// What of.
    pub kind: HistoryKind,
    /// In words.
    pub summary: String,
    /// As JSON.
    pub data: String,
}

/// An alarm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alarm {
    /// What is asked of it.
    pub definition: Definition,
    /// How it stands.
    pub status: Status,
    /// When it was made or changed.
    pub configured_at: Timestamp,
    /// What happened, the oldest first.
    pub history: VecDeque<History>,
    /// The stack whose template has it, if one does.
    pub stack: Option<String>,
    /// Changes of which not everybody has been told yet.
    pub untold: Vec<Transition>,
}

/// A change of an alarm's state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Transition {
    /// How it was.
    pub from: Status,
    /// How it is.
    pub to: Status,
}

impl Alarm {
    /// A new alarm, of which nothing is known yet.
    pub fn new(definition: Definition, stack: Option<String>, now: Timestamp) -> Self {
        let status = Status {
            state: State::InsufficientData,
            reason: "Unchecked: Initial alarm creation".to_owned(),
            reason_data: None,
            at: now,
        };
        let name = definition.name.clone();
        let mut alarm =
            Self { definition, status, configured_at: now, history: VecDeque::new(), stack, untold: Vec::new() };
        alarm.remember(
            now,
            HistoryKind::ConfigurationUpdate,
            format!("Alarm \"{name}\" created"),
            &serde_json::json!({"type": "Create"}),
        );
        alarm
    }

    /// Asks something else of it; its state stays.
    pub fn configure(&mut self, definition: Definition, stack: Option<String>, now: Timestamp) {
        self.definition = definition;
        self.stack = stack;
        self.configured_at = now;
        let summary = format!("Alarm \"{}\" updated", self.definition.name);
        self.remember(now, HistoryKind::ConfigurationUpdate, summary, &serde_json::json!({"type": "Update"}));
    }

    /// Looks at what its queries came to over `windows`; what changed, if its state did. The change is to be told.
    pub fn evaluate(&mut self, found: &[Found], windows: &Windows, now: Timestamp) -> Option<Transition> {
        let points = found.first().map_or(&[][..], |found| &found.points);
        // The newest first.
        let values: Vec<Option<f64>> = (0..windows.count)
            .rev()
            .map(|number| windows.start + number * windows.period)
            .map(|at| points.iter().find(|(known, _)| *known == at).map(|(_, value)| *value))
            .collect();
        let Judgement::Is(state) = judge(&self.definition, &values, self.status.state) else { return None };
        if state == self.status.state {
            return None;
        }
        let reason = reason::reason(&self.definition, windows, &values, state);
        let counts = found.first().map(|found| &found.counts);
        let data = reason::data(&self.definition, windows, &values, counts, now);
        Some(self.take_on(Status { state, reason, reason_data: Some(data.to_string()), at: now }))
    }

    /// Takes on a state, because it follows or because somebody says so.
    pub fn take_on(&mut self, to: Status) -> Transition {
        let from = std::mem::replace(&mut self.status, to.clone());
        let summary = format!("Alarm updated from {} to {}", from.state.as_str(), to.state.as_str());
        let data = told::history_data(&from, &to);
        self.remember(to.at, HistoryKind::StateUpdate, summary, &data);
        let transition = Transition { from, to };
        if transition.from.state != transition.to.state {
            self.untold.push(transition.clone());
            // Whoever cannot be told for so long hears of the newest.
            if self.untold.len() > UNTOLD_MAX {
                self.untold.remove(0);
            }
        }
        transition
    }

    /// Whom to tell of a change.
    pub fn to_tell(&self, transition: &Transition) -> &[String] {
        if self.definition.actions_enabled && transition.from.state != transition.to.state {
            self.definition.actions(transition.to.state)
        } else {
            &[]
        }
    }

    /// The event that tells of a change, as the event bus has it.
    pub fn event(&self, transition: &Transition, account: &types::Account, id: &str) -> serde_json::Value {
        told::event(self, transition, account, id)
    }

    /// Remembers that somebody was told, or why not.
    pub fn told(&mut self, action: &str, outcome: Result<(), &str>, now: Timestamp) {
        let (summary, data) = match outcome {
            Ok(()) => (
                format!("Successfully executed action {action}"),
                serde_json::json!({"actionState": "Succeeded", "notificationResource": action}),
            ),
            Err(error) => (
                format!("Failed to execute action {action}. Received error: \"{error}\""),
                serde_json::json!({"actionState": "Failed", "notificationResource": action, "error": error}),
            ),
        };
        self.remember(now, HistoryKind::Action, summary, &data);
    }

    fn remember(&mut self, at: Timestamp, kind: HistoryKind, summary: String, data: &serde_json::Value) {
        if self.history.len() == HISTORY_MAX {
            self.history.pop_front();
        }
        self.history.push_back(History { at, kind, summary, data: data.to_string() });
    }
}

#[cfg(test)]
mod tests;
