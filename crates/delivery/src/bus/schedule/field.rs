//! Decides what one field of a cron schedule allows: numbers or names, `*`, ranges, steps and lists of these.
//!
//! A range may run over the end, as `FRI-MON`; years cannot. The marks that only days have, `?`, `L`, `W` and `#`, are
//! read by [`super::cron`], which hands the rest to [`Field::parse`].
//!
//! Invariant: what is allowed lies within the field's bounds, and is not nothing.

use std::fmt;
use std::ops::RangeInclusive;

/// One of the six fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldName {
    /// 0 to 59.
    Minutes,
    /// 0 to 23.
    Hours,
    /// 1 to 31.
    DayOfMonth,
    /// 1 to 12, or JAN to DEC.
    Month,
    /// 1 to 7, or SUN to SAT.
    DayOfWeek,
    /// 1970 to 2199.
    Year,
}

const MONTHS: &[&str] = &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS: &[&str] = &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// Why a field cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the {field} cannot be {part:?}: {reason}")]
pub struct FieldError {
    /// Which field.
    pub field: FieldName,
    /// The part of it that is at fault.
    pub part: String,
    /// What is wrong with that.
    pub reason: String,
}

impl FieldName {
    /// What numbers it takes.
    pub fn bounds(self) -> RangeInclusive<u16> {
        match self {
            FieldName::Minutes => 0..=59,
            FieldName::Hours => 0..=23,
            FieldName::DayOfMonth => 1..=31,
            FieldName::Month => 1..=12,
            FieldName::DayOfWeek => 1..=7,
            FieldName::Year => 1970..=2199,
        }
    }

    /// What names stand for numbers, from 1.
    fn names(self) -> &'static [&'static str] {
        match self {
            FieldName::Month => MONTHS,
            FieldName::DayOfWeek => DAYS,
            FieldName::Minutes | FieldName::Hours | FieldName::DayOfMonth | FieldName::Year => &[],
        }
    }

    pub(super) fn fault(self, part: &str, reason: impl Into<String>) -> FieldError {
        FieldError { field: self, part: part.chars().take(100).collect(), reason: reason.into() }
    }

    /// A number within the bounds, or a name.
    pub(super) fn number(self, text: &str) -> Result<u16, FieldError> {
        if let Some(position) = self.names().iter().position(|name| name.eq_ignore_ascii_case(text)) {
            return Ok(u16::try_from(position).expect("there are twelve names at most") + 1);
        }
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|number| is_number && self.bounds().contains(number));
        number.ok_or_else(|| {
            let (first, last) = (self.bounds().start().to_string(), self.bounds().end().to_string());
            let names = match self.names() {
                [first, .., last] => format!(" or {first} to {last}"),
                _ => String::new(),
            };
            self.fault(text, format!("it takes numbers from {first} to {last}{names}"))
        })
    }
}

impl fmt::Display for FieldName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FieldName::Minutes => "minutes",
            FieldName::Hours => "hours",
            FieldName::DayOfMonth => "day of month",
            FieldName::Month => "month",
            FieldName::DayOfWeek => "day of week",
            FieldName::Year => "year",
        })
    }
}

/// The numbers that a field allows, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Field(Vec<u16>);

impl Field {
    /// Reads a list of numbers, ranges and steps.
    pub(super) fn parse(name: FieldName, text: &str) -> Result<Self, FieldError> {
        let mut allowed = Self::default();
        for part in text.split(',') {
            allowed.add(name, part)?;
        }
        Ok(allowed)
    }

    /// Adds what one part of a list allows.
    pub(super) fn add(&mut self, name: FieldName, part: &str) -> Result<(), FieldError> {
        let (first, last) = (*name.bounds().start(), *name.bounds().end());
        let (range, step) = match part.split_once('/') {
            None => (part, None),
            Some((range, step)) => (range, Some(step_of(name, part, step)?)),
        };
        let (from, to) = match (range, range.split_once('-')) {
            ("*", _) => (first, last),
            (_, Some((from, to))) => (name.number(from)?, name.number(to)?),
            // From here on, every so many.
            (from, None) if step.is_some() => (name.number(from)?, last),
            (one, None) => (name.number(one)?, name.number(one)?),
        };
        if to < from && name == FieldName::Year {
            return Err(name.fault(part, "years do not run backwards"));
        }
        // A range over the end goes on at the beginning.
        let span = if from <= to { to - from } else { last - from + 1 + (to - first) };
        let numbers = (0..=span).step_by(usize::from(step.unwrap_or(1)));
        self.0.extend(numbers.map(|offset| first + (from - first + offset) % (last - first + 1)));
        self.0.sort_unstable();
        self.0.dedup();
        Ok(())
    }

    pub(super) fn contains(&self, number: u16) -> bool {
        self.0.binary_search(&number).is_ok()
    }

    /// The numbers from one on, in order.
    pub(super) fn from(&self, number: u16) -> impl Iterator<Item = u16> {
        self.0[self.0.partition_point(|known| *known < number)..].iter().copied()
    }
}

/// A step is no longer than the field is, which AWS holds against `*/60`.
fn step_of(name: FieldName, part: &str, step: &str) -> Result<u16, FieldError> {
    let max = match name {
        FieldName::Year => name.bounds().end() - name.bounds().start(),
        _ => *name.bounds().end(),
    };
    let is_number = !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_digit());
    let number = step.parse().ok().filter(|number| is_number && (1..=max).contains(number));
    number.ok_or_else(|| name.fault(part, format!("a step is a number from 1 to {max}")))
}
