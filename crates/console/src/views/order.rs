//! Decides what is told of an order: its changes, and what every pipe did with each of them and why.

use super::Layout;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// An order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    /// Its id, as it was asked for.
    pub(crate) order: String,
    /// What each table has of it; empty if no table knows it.
    pub(crate) histories: Vec<History>,
    /// The tables that were searched.
    pub(crate) searched: Vec<String>,
    /// Ids that were perhaps meant, if no table knows this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) similar: Vec<String>,
    /// The events of buses that name it, as far as archives keep them, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) events: Vec<BusEvent>,
}

/// An event of a bus.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BusEvent {
    /// Its id.
    pub(crate) id: String,
    /// When its bus received it.
    pub(crate) at: String,
    /// Who put it.
    pub(crate) source: String,
    /// What it says happened.
    pub(crate) detail_type: String,
    /// The archive that keeps it.
    pub(crate) archive: String,
}

/// One item of one table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct History {
    /// The table.
    pub(crate) table: String,
    /// The item's key, if any of its changes is told.
    pub(crate) key: Option<Json>,
    /// How the table keeps orders, if its name or the functions behind its pipes say so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) layout: Option<Layout>,
    /// What happened before the first change that is told.
    pub(crate) older: Older,
    /// Its changes, oldest first.
    pub(crate) changes: Vec<Change>,
}

/// What is not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Older {
    /// Nothing: the first change told is the first there was.
    None,
    /// Changes that have left the log.
    LeftTheLog,
    /// More changes than are told at once.
    TooMany,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Change {
    /// When.
    pub(crate) at: String,
    /// `INSERT`, `MODIFY` or `REMOVE`.
    pub(crate) event: String,
    /// Its place in the order of things.
    pub(crate) sequence_number: String,
    /// The attributes that are not what they were, by name.
    pub(crate) attributes: Vec<Attribute>,
    /// What each pipe of the table did with it.
    pub(crate) pipes: Vec<PipeVerdict>,
}

/// An attribute that a change changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Attribute {
    /// Its name.
    pub(crate) name: String,
    /// What it was, if it was there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) before: Option<Json>,
    /// What it is, if it is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) after: Option<Json>,
}

/// What one pipe did with one change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PipeVerdict {
    /// The pipe.
    pub(crate) pipe: String,
    /// The function it delivers to.
    pub(crate) function: String,
    /// Where the function's lines go, if it is still there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) log_group: Option<String>,
    /// What it did.
    pub(crate) verdict: Verdict,
}

/// What a pipe decided, and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(crate) enum Verdict {
    /// The pipe was not there yet, or began later.
    BeganLater,
    /// None of its filters let the change through.
    Stopped {
        /// What each of them said.
        filters: Vec<Filter>,
    },
    /// A filter let it through, or there is none.
    Matched {
        /// What each of them said.
        filters: Vec<Filter>,
        /// What came of it, in order.
        outcomes: Vec<Outcome>,
        /// Whether the pipe is done with it.
        settled: bool,
    },
}

/// What one filter said of a change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Filter {
    /// Whether it lets the change through.
    pub(crate) matched: bool,
    /// The clauses that keep the change from matching; of those that can stand for each other, the ones that come
    /// closest.
    pub(crate) failures: Vec<Clause>,
    /// What keeps it from matching although each clause holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) conflict: Option<String>,
    /// If there are several ways to match: what keeps each of them, line by line. With one way, that is the failures.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) ways: Vec<Line>,
}

/// A line of a tree that has the shape of a filter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Line {
    /// The branches of the tree that lead to it, such as `│  ├─ `.
    pub(crate) stem: String,
    /// What it says of the clause or the group of clauses that it shows.
    pub(crate) mark: Mark,
    /// In words.
    pub(crate) text: String,
}

/// What a line says of what it shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Mark {
    /// It holds.
    Holds,
    /// It does not.
    Fails,
    /// It does not matter.
    Skipped,
    /// It is advice on the line above.
    Advice,
}

/// One path of a filter, and what the change has there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Clause {
    /// Such as `dynamodb.NewImage.status.S`.
    pub(crate) path: String,
    /// What the filter wants there, as it spells it.
    pub(crate) wants: Vec<String>,
    /// What is there, as JSON texts; empty if nothing is.
    pub(crate) seen: Vec<String>,
    /// The same in words.
    pub(crate) sentence: String,
}

/// How a delivery went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Outcome {
    /// When it was known.
    pub(crate) at: String,
    /// The first of the records that were delivered together.
    pub(crate) first: String,
    /// The last of them.
    pub(crate) last: String,
    /// How many they were.
    pub(crate) records: u64,
    /// How it went.
    pub(crate) result: Delivery,
}

/// How it went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(crate) enum Delivery {
    /// The function has done its work.
    Delivered {
        /// In how many invocations these records were done.
        invocations: u64,
    },
    /// The function's own queue took them over.
    Accepted,
    /// They were dead-lettered, and done when they were delivered again.
    Redelivered,
    /// The function failed.
    Failed {
        /// What it said.
        error: String,
        /// Which attempt at these records it was, from 1.
        attempt: u32,
        /// What followed.
        then: Then,
    },
    /// The function could not be asked.
    Postponed {
        /// Why.
        error: String,
        /// When it was to be asked again.
        retry_at: String,
    },
    /// The records were given up.
    GaveUp {
        /// `RetryAttemptsExhausted` or `RecordAgeExceeded`.
        condition: String,
        /// What the function said last.
        error: Option<String>,
        /// After how many attempts.
        attempts: u32,
        /// The queue that has them now, if the pipe has one.
        queue: Option<String>,
    },
}

/// What followed a failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(crate) enum Then {
    /// The same records were to be tried again.
    Retry {
        /// When.
        at: String,
    },
    /// Those before the faulty one were done, the rest was tried at once.
    Rest,
    /// The batch was halved.
    Halves,
}
