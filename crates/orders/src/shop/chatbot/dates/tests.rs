//! Which days are read from which words.

use super::*;
use proptest::prelude::*;

/// Saturday, 21 November 2026, noon.
const NOW: &str = "2026-11-21T12:00:00Z";

fn at(instant: &str) -> Timestamp {
    Timestamp::from_millis(instant.parse::<jiff::Timestamp>().unwrap().as_millisecond())
}

fn days(text: &str, now: Timestamp) -> Option<String> {
    let words: Vec<String> = text
        .split(|c: char| !c.is_alphanumeric() && c != '-')
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    read(&words, now).map(|days| format!("{}..{}", days.first, days.last))
}

#[test]
fn days_are_read_from_words() {
    let one = |day: &str| Some(format!("{day}..{day}"));
    let span = |days: &str| Some(days.to_owned());
    let cases = [
        ("what did I order today", one("2026-11-21")),
        ("yesterday's", one("2026-11-20")),
        ("the day before yesterday", one("2026-11-19")),
        ("this week", span("2026-11-16..2026-11-22")),
        ("last week", span("2026-11-09..2026-11-15")),
        ("previous month", span("2026-10-01..2026-10-31")),
        ("this month", span("2026-11-01..2026-11-30")),
        ("last year", span("2025-01-01..2025-12-31")),
        ("in the last 3 days", span("2026-11-18..2026-11-21")),
        ("past two weeks", span("2026-11-07..2026-11-21")),
        ("3 days ago", one("2026-11-18")),
        ("a week ago", span("2026-11-09..2026-11-15")),
        ("two months ago", span("2026-09-01..2026-09-30")),
        ("on 3 November", one("2026-11-03")),
        ("3rd of November", one("2026-11-03")),
        ("the 3rd of November, 2025", one("2025-11-03")),
        ("November 3", one("2026-11-03")),
        ("Nov 3rd, 2024", one("2024-11-03")),
        ("1 Sept", one("2026-09-01")),
        ("24 December", one("2025-12-24")),
        ("29 February", one("2024-02-29")),
        ("2026-11-03", one("2026-11-03")),
        ("from 2026-11-03T10:30:00Z on", one("2026-11-03")),
        ("in May", span("2026-05-01..2026-05-31")),
        ("in December", span("2025-12-01..2025-12-31")),
        ("in March 2024", span("2024-03-01..2024-03-31")),
        ("on Monday", one("2026-11-16")),
        ("last Saturday", one("2026-11-14")),
        ("since Monday", span("2026-11-16..2026-11-21")),
        ("since 1 October", span("2026-10-01..2026-11-21")),
        ("since October", span("2026-10-01..2026-11-21")),
        ("since last week", span("2026-11-09..2026-11-21")),
        ("since 2030-01-01", one("2030-01-01")),
        ("", None),
        ("may I cancel 3 orders", None),
        ("my last 3 orders", None),
        ("last order", None),
        ("31 February 2026", None),
        ("2026-13-01", None),
        ("2026-02-30", None),
        ("3/11/2026", None),
        ("999999999999999999999 days ago", None),
        ("last 99999999 days", None),
        ("ago", None),
        ("last", None),
        ("sunday-best", None),
    ];
    for (text, expected) in cases {
        let found = days(text, at(NOW));
        assert_eq!(found, expected, "{text}");
    }
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Year, month and day of a day counted from 1970, by walking there.
fn counted(days: i64) -> (i64, usize, i64) {
    let (mut year, mut left) = (1970, days);
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    loop {
        let lengths = [31, if leap(year) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        for (month, length) in lengths.into_iter().enumerate() {
            if left < length {
                return (year, month, left + 1);
            }
            left -= length;
        }
        year += 1;
    }
}

const DAY: i64 = 86_400_000;

fn bounds(text: &str, now: i64) -> (i64, i64) {
    let words: Vec<String> = text.split([' ', ',']).filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let days = read(&words, Timestamp::from_millis(now)).unwrap_or_else(|| panic!("{text} names days"));
    (days.from().millis(), days.until().millis())
}

proptest! {
    /// However a day is spelled, it is that day from midnight to midnight; days are counted here one by one.
    #[test]
    fn a_day_is_the_same_in_every_spelling(today in 0..40_000i64, back in 0..3_000i64, time in 0..DAY) {
        let wanted = (today - back).max(0);
        let (year, month, day) = counted(wanted);
        let (name, number) = (MONTHS[month], month + 1);
        let suffix = match day { 1 | 21 | 31 => "st", 2 | 22 => "nd", 3 | 23 => "rd", _ => "th" };
        let mut spellings = vec![
            format!("on {day} {name} {year}"),
            format!("{name} {day}{suffix}, {year}"),
            format!("the {day}{suffix} of {} {year}", &name[..3]),
            format!("{year}-{number:02}-{day:02}"),
            format!("{} days ago", today - wanted),
        ];
        // Without a year it is the latest such day; within a year of today that is this one.
        if today - wanted < 365 {
            spellings.push(format!("on {day} {name}"));
        }
        for text in spellings {
            prop_assert_eq!(bounds(&text, today * DAY + time), (wanted * DAY, (wanted + 1) * DAY), "{}", text);
        }
    }

    /// A weekday is within the last seven days, and never today; a week has seven days, begins on a Monday, and the last
    /// one is over when this one begins.
    #[test]
    fn weeks_fit_together(today in 30..40_000i64, time in 0..DAY) {
        let now = today * DAY + time;
        let names = ["thursday", "friday", "saturday", "sunday", "monday", "tuesday", "wednesday"];
        for (index, name) in names.into_iter().enumerate() {
            let (from, until) = bounds(&format!("on {name}"), now);
            let day = from / DAY;
            prop_assert_eq!((until - from, day % 7), (DAY, i64::try_from(index).unwrap()), "1970 began on a Thursday");
            prop_assert!((today - 7..today).contains(&day), "{}", name);
        }
        let (this, last) = (bounds("this week", now), bounds("last week", now));
        prop_assert_eq!((last.1, this.1 - this.0, this.0 / DAY % 7), (this.0, 7 * DAY, 4));
        prop_assert!(this.0 <= now && now < this.1);
    }
}
