//! Decides when a rule fires without an event: [`Schedule`], `rate(5 minutes)` or `cron(0 12 * * ? *)`.
//!
//! Invariant: what was parsed has exactly one meaning in UTC, and the next instant is always later than the one asked
//! about.

mod cron;
mod field;

pub use cron::Cron;
pub use field::{FieldError, FieldName};

use std::time::Duration;
use types::Timestamp;

/// When a rule fires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Schedule {
    /// Again and again after the same span.
    Rate(Rate),
    /// When the calendar says so.
    Cron(Box<Cron>),
}

/// A span between two firings: whole minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate(Duration);

/// Why a text is no schedule. AWS says of each of these that `Parameter ScheduleExpression is not valid.`
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// It begins like none, or does not end.
    #[error("{given:?} is no schedule; one looks like rate(5 minutes) or cron(0 12 * * ? *)")]
    Unknown {
        /// The text, cut to a readable length.
        given: String,
    },
    /// A rate is not a number and a unit with one blank between them.
    #[error("rate({given}) is no rate; one looks like rate(1 hour) or rate(5 minutes), without other blanks")]
    Rate {
        /// What is between the brackets.
        given: String,
    },
    /// One of something, or several, in the wrong word.
    #[error("a rate of {count} is written rate({count} {unit}), not {given}")]
    Plural {
        /// How many.
        count: u32,
        /// The word that is right.
        unit: &'static str,
        /// The word that was given.
        given: String,
    },
    /// The number is out of bounds.
    #[error("a rate's number is from 1 to {}, not {given}", u32::MAX)]
    Count {
        /// What was given.
        given: String,
    },
    /// Not six fields.
    #[error("cron has 6 fields (minutes, hours, day of month, month, day of week, year), not {count}")]
    Fields {
        /// How many there are.
        count: usize,
    },
    /// A field cannot be read.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// Both fields say which day, or none does.
    #[error("of the day of month and the day of week exactly one must be ?, here they are {of_month} and {of_week}")]
    Days {
        /// The day of month.
        of_month: String,
        /// The day of week.
        of_week: String,
    },
}

impl Schedule {
    /// Reads a schedule.
    pub fn parse(text: &str) -> Result<Self, ScheduleError> {
        let inside = |name: &str| text.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')');
        if let Some(rate) = inside("rate") {
            return Rate::parse(rate).map(Self::Rate);
        }
        if let Some(fields) = inside("cron") {
            return Cron::parse(fields).map(|cron| Self::Cron(Box::new(cron)));
        }
        Err(ScheduleError::Unknown { given: text.chars().take(100).collect() })
    }

    /// The first instant after `after` at which the rule fires. A rate counts from `began_at`, when the rule was made
    /// or last enabled, so that it keeps its beat however late it is asked; nothing comes of a calendar that has ended.
    pub fn next_after(&self, after: Timestamp, began_at: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Rate(rate) => rate.next_after(after, began_at),
            Self::Cron(cron) => cron.next_after(after),
        }
    }
}

impl Rate {
    /// Reads what is between the brackets. AWS takes one blank, small letters, and `minute` for one only.
    pub fn parse(text: &str) -> Result<Self, ScheduleError> {
        let no_rate = || ScheduleError::Rate { given: text.chars().take(100).collect() };
        let (number, given) = text.split_once(' ').ok_or_else(no_rate)?;
        let (one, several, minutes) = match given {
            "minute" | "minutes" => ("minute", "minutes", 1),
            "hour" | "hours" => ("hour", "hours", 60),
            "day" | "days" => ("day", "days", 24 * 60),
            _ => return Err(no_rate()),
        };
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(no_rate());
        }
        let count = number.parse::<u32>().ok().filter(|count| *count > 0);
        let count = count.ok_or_else(|| ScheduleError::Count { given: number.chars().take(30).collect() })?;
        let unit = if count == 1 { one } else { several };
        if given != unit {
            return Err(ScheduleError::Plural { count, unit, given: given.to_owned() });
        }
        Ok(Self(Duration::from_secs(u64::from(count) * minutes * 60)))
    }

    /// The span between two firings.
    pub fn every(self) -> Duration {
        self.0
    }

    fn next_after(self, after: Timestamp, began_at: Timestamp) -> Option<Timestamp> {
        let every = i64::try_from(self.0.as_millis()).ok()?;
        let beats = after.millis().checked_sub(began_at.millis())?.div_euclid(every).max(0);
        let next = beats.checked_add(1)?.checked_mul(every)?.checked_add(began_at.millis())?;
        Some(Timestamp::from_millis(next))
    }
}

#[cfg(test)]
mod tests;
