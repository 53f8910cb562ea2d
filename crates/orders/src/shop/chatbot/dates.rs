//! Decides which days a question is about: "yesterday", "last week", "on 3 November", "since Monday", 2026-11-03.
//!
//! Days are those of UTC, as all instants of the shop are. A date without a year is the latest such day that is not in
//! the future. The first date of a question counts.

use jiff::Span;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use std::fmt;
use types::Timestamp;

/// How far back a count of days, weeks, months or years may reach, in years.
const YEARS_MAX: i64 = 50;

/// Some days, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Days {
    first: Date,
    last: Date,
}

impl Days {
    fn one(day: Date) -> Self {
        Self { first: day, last: day }
    }

    /// The instant at which the first day begins.
    pub(super) fn from(self) -> Timestamp {
        midnight(self.first)
    }

    /// The instant at which the last day is over.
    pub(super) fn until(self) -> Timestamp {
        self.last.tomorrow().map_or(Timestamp::from_millis(i64::MAX), midnight)
    }
}

impl fmt::Display for Days {
    /// ` on 2026-11-03`, ` from 2026-11-01 to 2026-11-30`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            write!(f, " on {} (UTC)", self.first)
        } else {
            write!(f, " from {} to {} (UTC)", self.first, self.last)
        }
    }
}

fn midnight(day: Date) -> Timestamp {
    let instant = TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0));
    Timestamp::from_millis(instant.map_or(i64::MAX, jiff::Timestamp::as_millisecond))
}

/// The days that these words name, if they do.
pub(super) fn read(words: &[&str], now: Timestamp) -> Option<Days> {
    let now = jiff::Timestamp::from_millisecond(now.millis()).ok()?;
    let today = TimeZone::UTC.to_datetime(now).date();
    let words: Vec<&str> = words.iter().copied().filter(|word| !matches!(*word, "the" | "of" | "on")).collect();
    (0..words.len()).find_map(|at| at_start(&words[at..], today))
}

/// The days that stand at the beginning of these words.
fn at_start(words: &[&str], today: Date) -> Option<Days> {
    let ago = |span: Span| today.checked_sub(span).ok();
    match *words {
        ["day", "before", "yesterday", ..] => ago(Span::new().days(2)).map(Days::one),
        ["yesterday", ..] => ago(Span::new().days(1)).map(Days::one),
        ["today", ..] => Some(Days::one(today)),
        ["this", unit, ..] => Unit::parse(unit)?.around(today),
        ["last" | "past" | "previous", count, unit, ..] if number(count).is_some() => {
            let first = ago(Unit::parse(unit)?.span(number(count)?)?)?;
            Some(Days { first, last: today })
        }
        ["last" | "previous", word, ..] => match Unit::parse(word) {
            Some(unit) => unit.around(ago(unit.span(1)?)?),
            None => weekday(word, today),
        },
        [count, unit, "ago", ..] => {
            let unit = Unit::parse(unit)?;
            let day = ago(unit.span(number(count)?)?)?;
            if unit == Unit::Day { Some(Days::one(day)) } else { unit.around(day) }
        }
        [day, name, ref rest @ ..] if month(name).is_some() && day_of_month(day).is_some() => {
            date(day_of_month(day)?, month(name)?, rest, today)
        }
        [name, day, ref rest @ ..] if month(name).is_some() && day_of_month(day).is_some() => {
            date(day_of_month(day)?, month(name)?, rest, today)
        }
        ["in", name, ref rest @ ..] => whole_month(month(name)?, rest, today),
        ["since", ref rest @ ..] => {
            let (name, behind) = rest.split_first()?;
            let days = at_start(rest, today).or_else(|| whole_month(month(name)?, behind, today))?;
            Some(if days.first <= today { Days { last: today, ..days } } else { days })
        }
        [word, ..] => iso(word).map(Days::one).or_else(|| weekday(word, today)),
        [] => None,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Day,
    Week,
    Month,
    Year,
}

impl Unit {
    fn parse(word: &str) -> Option<Self> {
        match word {
            "day" | "days" => Some(Self::Day),
            "week" | "weeks" => Some(Self::Week),
            "month" | "months" => Some(Self::Month),
            "year" | "years" => Some(Self::Year),
            _ => None,
        }
    }

    /// So many of it, if that is not too many.
    fn span(self, count: i64) -> Option<Span> {
        let (a_year, span): (i64, fn(Span, i64) -> Span) = match self {
            Self::Day => (365, Span::days),
            Self::Week => (52, Span::weeks),
            Self::Month => (12, Span::months),
            Self::Year => (1, Span::years),
        };
        (0..=YEARS_MAX * a_year).contains(&count).then(|| span(Span::new(), count))
    }

    /// The one that a day is in. Weeks begin on Monday.
    fn around(self, day: Date) -> Option<Days> {
        let (first, last) = match self {
            Self::Day => (day, day),
            Self::Week => {
                let since_monday = day.weekday().since(Weekday::Monday);
                let monday = day.checked_sub(Span::new().days(since_monday)).ok()?;
                (monday, monday.checked_add(Span::new().days(6)).ok()?)
            }
            Self::Month => (day.first_of_month(), day.last_of_month()),
            Self::Year => (day.first_of_year(), day.last_of_year()),
        };
        Some(Days { first, last })
    }
}

/// A number in digits or as a word.
pub(super) fn number(word: &str) -> Option<i64> {
    const WORDS: [&str; 11] = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
    if matches!(word, "a" | "an") {
        return Some(1);
    }
    match WORDS.iter().position(|known| *known == word) {
        Some(number) => i64::try_from(number).ok(),
        None => word.bytes().all(|byte| byte.is_ascii_digit()).then(|| word.parse().ok())?,
    }
}

/// `3`, `3rd`
fn day_of_month(word: &str) -> Option<i8> {
    let digits = word.trim_end_matches(|c: char| c.is_ascii_lowercase());
    let suffix = &word[digits.len()..];
    let sound = matches!(suffix, "" | "st" | "nd" | "rd" | "th") && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|day| sound && (1..=31).contains(day))
}

fn month(word: &str) -> Option<i8> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let known = |full: &&str| *full == word || full[..3] == *word || (word == "sept" && full.starts_with(word));
    MONTHS.iter().position(known).and_then(|index| i8::try_from(index + 1).ok())
}

/// The year that begins these words.
fn year(words: &[&str]) -> Option<i16> {
    let word = words.first()?;
    let digits = word.len() == 4 && word.bytes().all(|byte| byte.is_ascii_digit());
    word.parse().ok().filter(|_| digits)
}

fn date(day: i8, month: i8, rest: &[&str], today: Date) -> Option<Days> {
    if let Some(year) = year(rest) {
        return Date::new(year, month, day).ok().map(Days::one);
    }
    // Eight years always have a leap day in them, but for a century's end; nobody asks for that.
    let latest = (0..=8).filter_map(|back| Date::new(today.year().checked_sub(back)?, month, day).ok());
    latest.filter(|date| *date <= today).max().map(Days::one)
}

fn whole_month(month: i8, rest: &[&str], today: Date) -> Option<Days> {
    let first = match year(rest) {
        Some(year) => Date::new(year, month, 1).ok()?,
        None => {
            let first = Date::new(today.year(), month, 1).ok()?;
            if first <= today { first } else { Date::new(today.year().checked_sub(1)?, month, 1).ok()? }
        }
    };
    Unit::Month.around(first)
}

/// `2026-11-03`, or an instant of that day.
fn iso(word: &str) -> Option<Date> {
    let (day, rest) = word.split_at_checked(10)?;
    let shape = |(at, byte): (usize, u8)| if matches!(at, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() };
    let sound = day.bytes().enumerate().all(shape) && (rest.is_empty() || rest.starts_with('t'));
    day.parse().ok().filter(|_| sound)
}

/// The latest such day before today.
fn weekday(word: &str, today: Date) -> Option<Days> {
    const WEEK: [(&str, Weekday); 7] = [
        ("monday", Weekday::Monday),
        ("tuesday", Weekday::Tuesday),
        ("wednesday", Weekday::Wednesday),
        ("thursday", Weekday::Thursday),
        ("friday", Weekday::Friday),
        ("saturday", Weekday::Saturday),
        ("sunday", Weekday::Sunday),
    ];
    let (_, wanted) = WEEK.iter().find(|(name, _)| *name == word)?;
    let back = match today.weekday().since(*wanted) {
        0 => 7,
        days => days,
    };
    today.checked_sub(Span::new().days(back)).ok().map(Days::one)
}

#[cfg(test)]
mod tests;
