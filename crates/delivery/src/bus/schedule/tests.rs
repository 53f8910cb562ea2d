//! What schedules mean, held against a calendar that walks minute by minute and knows nothing of ours.

use super::*;
use proptest::prelude::*;
use proptest::sample::select;

fn minute(year: i64, month: i64, day: i64, hour: i64, minute: i64) -> Timestamp {
    let mut clock = Clock::new();
    while (clock.year, clock.month, clock.day) < (year, month, day) {
        clock.skip_day();
    }
    Timestamp::from_millis(((clock.days * 24 + hour) * 60 + minute) * 60_000)
}

/// A calendar that counts days from Thursday, 1 January 1970.
#[derive(Clone, Copy)]
struct Clock {
    days: i64,
    year: i64,
    month: i64,
    day: i64,
}

impl Clock {
    fn new() -> Self {
        Self { days: 0, year: 1970, month: 1, day: 1 }
    }

    fn length(year: i64, month: i64) -> i64 {
        match month {
            4 | 6 | 9 | 11 => 30,
            2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
            2 => 28,
            _ => 31,
        }
    }

    /// 1 for Sunday.
    fn weekday(self) -> i64 {
        (self.days + 4) % 7 + 1
    }

    fn skip_day(&mut self) {
        self.days += 1;
        self.day += 1;
        if self.day > Self::length(self.year, self.month) {
            (self.day, self.month) = (1, self.month + 1);
        }
        if self.month > 12 {
            (self.month, self.year) = (1, self.year + 1);
        }
    }

    fn is_working(self) -> bool {
        (2..=6).contains(&self.weekday())
    }

    /// The same month, another day.
    fn on(self, day: i64) -> Self {
        Self { days: self.days + day - self.day, day, ..self }
    }
}

const NAMES: [&str; 19] = [
    "SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT", "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP",
    "OCT", "NOV", "DEC",
];

fn number(text: &str) -> i64 {
    let named = NAMES.iter().position(|name| *name == text).map(|at| at as i64);
    named.map_or_else(|| text.parse().unwrap(), |at| if at < 7 { at + 1 } else { at - 6 })
}

/// Whether a plain part of a field says a number, asked by walking from the range's start to its end.
fn says(part: &str, value: i64, first: i64, last: i64) -> bool {
    let (range, step) = part.split_once('/').map_or((part, None), |(range, step)| (range, Some(number(step))));
    let (from, to) = match range.split_once('-') {
        _ if range == "*" => (first, last),
        Some((from, to)) => (number(from), number(to)),
        None if step.is_some() => (number(range), last),
        None => (number(range), number(range)),
    };
    let (mut at, mut walked) = (from, 0);
    loop {
        if at == value && walked % step.unwrap_or(1) == 0 {
            return true;
        }
        if at == to {
            return false;
        }
        at = if at == last { first } else { at + 1 };
        walked += 1;
    }
}

fn lists(field: &str, value: i64, first: i64, last: i64) -> bool {
    field.split(',').any(|part| says(part, value, first, last))
}

fn says_day_of_month(part: &str, today: Clock) -> bool {
    let length = Clock::length(today.year, today.month);
    // The working day that is closest, the earlier one of two.
    let nearest = |day: i64| {
        let working = (1..=length).filter(|day| today.on(*day).is_working());
        working.min_by_key(|other| ((other - day).abs(), *other))
    };
    match part {
        "L" => today.day == length,
        "LW" => (1..=length).rev().find(|day| today.on(*day).is_working()) == Some(today.day),
        _ => match part.strip_suffix('W') {
            Some(day) if number(day) > length => false,
            Some(day) => nearest(number(day)) == Some(today.day),
            None => says(part, today.day, 1, 31),
        },
    }
}

fn says_day_of_week(part: &str, today: Clock) -> bool {
    if let Some((day, which)) = part.split_once('#') {
        let same = (1..=today.day).filter(|day| today.on(*day).weekday() == today.weekday()).count();
        return today.weekday() == number(day) && same as i64 == number(which);
    }
    match part.strip_suffix('L') {
        Some("") => today.weekday() == 7,
        Some(day) => today.weekday() == number(day) && today.day + 7 > Clock::length(today.year, today.month),
        None => says(part, today.weekday(), 1, 7),
    }
}

/// The first minute after one at which a schedule fires, within so many days.
fn slow_next(fields: &[String], after: Timestamp, days: i64) -> Option<Timestamp> {
    let mut today = Clock::new();
    let last = after.seconds() / 86_400 + days;
    for _ in 0..after.seconds() / 86_400 {
        today.skip_day();
    }
    while today.days <= last {
        let is_day = lists(&fields[5], today.year, 1970, 2199)
            && lists(&fields[3], today.month, 1, 12)
            && (fields[2] == "?" || fields[2].split(',').any(|part| says_day_of_month(part, today)))
            && (fields[4] == "?" || fields[4].split(',').any(|part| says_day_of_week(part, today)));
        for minute in 0..24 * 60 {
            let at = (today.days * 24 * 60 + minute) * 60_000;
            if is_day
                && at > after.millis()
                && lists(&fields[1], minute / 60, 0, 23)
                && lists(&fields[0], minute % 60, 0, 59)
            {
                return Some(Timestamp::from_millis(at));
            }
        }
        today.skip_day();
    }
    None
}

fn part(first: i64, last: i64) -> impl Strategy<Value = String> {
    prop_oneof![
        Just("*".to_owned()),
        (first..=last).prop_map(|one| one.to_string()),
        (first..=last, first..=last).prop_map(|(from, to)| format!("{from}-{to}")),
        (first..=last, 1..=last).prop_map(|(from, step)| format!("{from}/{step}")),
        (1..=last).prop_map(|step| format!("*/{step}")),
        (first..=last, first..=last, 1..=last).prop_map(|(from, to, step)| format!("{from}-{to}/{step}")),
    ]
}

fn list(part: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    proptest::collection::vec(part, 1..4).prop_map(|parts| parts.join(","))
}

fn days() -> impl Strategy<Value = (String, String)> {
    let marked = prop_oneof![
        Just("L".to_owned()),
        Just("LW".to_owned()),
        (1..=31).prop_map(|day| format!("{day}W")),
        part(1, 31)
    ];
    let of_week = prop_oneof![
        Just("L".to_owned()),
        (1..=7).prop_map(|day| format!("{day}L")),
        select(vec!["MON-FRI", "FRI-MON", "SUN", "WEDL", "TUE/2"]).prop_map(str::to_owned),
        part(1, 7)
    ];
    let nth = (select(vec!["1", "6", "SAT"]), 1..=5).prop_map(|(day, which)| format!("{day}#{which}"));
    prop_oneof![
        list(marked).prop_map(|of_month| (of_month, "?".to_owned())),
        list(of_week).prop_map(|of_week| ("?".to_owned(), of_week)),
        nth.prop_map(|of_week| ("?".to_owned(), of_week)),
    ]
}

fn month() -> impl Strategy<Value = String> {
    prop_oneof![3 => Just("*".to_owned()), 1 => Just("FEB".to_owned()), 1 => Just("NOV-FEB".to_owned()), 2 => list(part(1, 12))]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// The next firing is the first minute that a walk along the calendar finds.
    #[test]
    fn the_next_firing_is_the_first_that_a_walk_finds(
        (minutes, hours, (of_month, of_week), month) in (list(part(0, 59)), list(part(0, 23)), days(), month()),
        year in select(vec!["*", "2024", "2023-2025", "2024/2"]),
        after in 1_672_000_000_000_i64..1_740_000_000_000,
    ) {
        const DAYS: i64 = 70;
        let fields = [minutes, hours, of_month, month, of_week, year.to_owned()];
        let text = format!("cron({})", fields.join(" "));
        let after = Timestamp::from_millis(after);
        let next = Schedule::parse(&text).unwrap().next_after(after, Timestamp::EPOCH);
        let horizon = (after.seconds() / 86_400 + DAYS + 1) * 86_400;
        prop_assert_eq!(next.filter(|next| next.seconds() < horizon), slow_next(&fields, after, DAYS), "{} after {}", text, after);
    }

    /// Any text is a schedule or an error, and what is a schedule never fires in the past.
    #[test]
    fn any_text_is_read(fields in "[-*/?LW#,0-9A-Z ]{0,30}", after in any::<i64>()) {
        for text in [format!("cron({fields})"), format!("rate({fields})"), format!("cron(0 0 {fields} ? *)"), fields] {
            if let Ok(schedule) = Schedule::parse(&text) {
                let after = Timestamp::from_millis(after);
                prop_assert!(schedule.next_after(after, Timestamp::EPOCH).is_none_or(|next| next > after));
            }
        }
    }

    /// A rate keeps its beat: the next firing is a whole number of spans after the beginning, and the first such.
    #[test]
    fn rates_keep_their_beat(count in 1_u32..200, began in 0_i64..1_000_000_000, after in 0_i64..100_000_000_000) {
        let text = if count == 1 { "rate(1 minute)".to_owned() } else { format!("rate({count} minutes)") };
        let (began, after) = (Timestamp::from_millis(began), Timestamp::from_millis(after));
        let next = Schedule::parse(&text).unwrap().next_after(after, began).unwrap();
        let every = i64::from(count) * 60_000;
        prop_assert_eq!((next.millis() - began.millis()) % every, 0);
        prop_assert!(next > after && next > began);
        prop_assert!(next.millis() - every <= after.millis().max(began.millis()));
    }
}

#[test]
fn schedules_of_the_guide_fire_as_the_guide_says() {
    let after = minute(2024, 2, 28, 12, 0);
    let cases = [
        ("cron(0 10 * * ? *)", Some((2024, 2, 29, 10, 0))),
        ("cron(15 12 * * ? *)", Some((2024, 2, 28, 12, 15))),
        ("cron(0 12 * * ? *)", Some((2024, 2, 29, 12, 0))),
        ("cron(0 18 ? * MON-FRI *)", Some((2024, 2, 28, 18, 0))),
        ("cron(0 8 1 * ? *)", Some((2024, 3, 1, 8, 0))),
        ("cron(0/15 * * * ? *)", Some((2024, 2, 28, 12, 15))),
        ("cron(0/5 8-17 ? * MON-FRI *)", Some((2024, 2, 28, 12, 5))),
        ("cron(0 2 ? * SAT *)", Some((2024, 3, 2, 2, 0))),
        ("cron(0 2 ? * SAT#3 *)", Some((2024, 3, 16, 2, 0))),
        ("cron(0 9 ? * 2#1 *)", Some((2024, 3, 4, 9, 0))),
        ("cron(15 10 ? * 6L 2002-2005)", None),
        ("cron(15 10 ? * 6L 2002-2025)", Some((2024, 3, 29, 10, 15))),
        ("cron(0/5 5 ? JAN 1-5 2022)", None),
        ("cron(30 0 L * ? *)", Some((2024, 2, 29, 0, 30))),
        ("cron(0 0 3W * ? *)", Some((2024, 3, 4, 0, 0))),
        ("cron(0 0 1W 6 ? *)", Some((2024, 6, 3, 0, 0))),
        ("cron(0 0 31W 3 ? *)", Some((2024, 3, 29, 0, 0))),
        ("cron(0 0 29 2 ? 2025-2199)", Some((2028, 2, 29, 0, 0))),
        ("cron(59 23 31 12 ? 2199)", Some((2199, 12, 31, 23, 59))),
        ("cron(0 0 30 2 ? *)", None),
    ];
    for (text, expected) in cases {
        let next = Schedule::parse(text).unwrap().next_after(after, after);
        let expected = expected.map(|(year, month, day, hour, of_hour)| minute(year, month, day, hour, of_hour));
        assert_eq!(next, expected, "{text}");
    }
}

#[test]
fn asking_at_the_edges_of_time_finds_or_finds_nothing() {
    let every = Schedule::parse("cron(* * * * ? *)").unwrap();
    let next = |millis| every.next_after(Timestamp::from_millis(millis), Timestamp::EPOCH).map(Timestamp::millis);
    assert_eq!(next(i64::MIN), Some(0));
    assert_eq!(next(-1), Some(0));
    assert_eq!(next(0), Some(60_000));
    assert_eq!(next(59_999), Some(60_000));
    assert_eq!(next(i64::MAX), None);
    let end = minute(2199, 12, 31, 23, 59);
    assert_eq!(every.next_after(end, end), None);
    let rate = Schedule::parse("rate(4294967295 days)").unwrap();
    assert_eq!(rate.next_after(Timestamp::from_millis(i64::MAX), Timestamp::EPOCH), None);
}

#[test]
fn rates_are_written_as_aws_wants_them() {
    for (text, minutes) in [
        ("rate(1 minute)", 1),
        ("rate(5 minutes)", 5),
        ("rate(1 hour)", 60),
        ("rate(12 hours)", 720),
        ("rate(1 day)", 1440),
        ("rate(2 days)", 2880),
    ] {
        let Ok(Schedule::Rate(rate)) = Schedule::parse(text) else { panic!("{text}") };
        assert_eq!(rate.every(), Duration::from_secs(minutes * 60), "{text}");
    }
    // Each of these was recorded to be refused.
    for text in [
        "rate(10 seconds)",
        "rate(10 years)",
        "rate(1 minutes)",
        "rate(1 hours)",
        "rate(1 days)",
        "rate(10 minute)",
        "rate(10 hour)",
        "rate(10 day)",
        "rate()",
        "rate(10)",
        "rate(10 minutess)",
        "rate(foo minutes)",
        "rate(0 minutes)",
        "rate(-10 minutes)",
        "rate(10 MINUTES)",
        "rate( 10 minutes )",
        " rate(10 minutes)",
    ] {
        assert!(Schedule::parse(text).is_err(), "{text}");
    }
}

#[test]
fn faults_are_told_with_their_place() {
    let cases = [
        ("every day", "\"every day\" is no schedule; one looks like rate(5 minutes) or cron(0 12 * * ? *)"),
        ("rate(1 minutes)", "a rate of 1 is written rate(1 minute), not minutes"),
        ("rate(5 minute)", "a rate of 5 is written rate(5 minutes), not minute"),
        ("rate(0 minutes)", "a rate's number is from 1 to 4294967295, not 0"),
        (
            "rate(5  minutes)",
            "rate(5  minutes) is no rate; one looks like rate(1 hour) or rate(5 minutes), without other blanks",
        ),
        ("cron(INVALID)", "cron has 6 fields (minutes, hours, day of month, month, day of week, year), not 1"),
        ("cron(0 1 * * * *)", "of the day of month and the day of week exactly one must be ?, here they are * and *"),
        ("cron(0 1 ? * ? *)", "of the day of month and the day of week exactly one must be ?, here they are ? and ?"),
        ("cron(7 20 * * NOT *)", "the day of week cannot be \"NOT\": it takes numbers from 1 to 7 or SUN to SAT"),
        ("cron(0 dummy ? * MON-FRI *)", "the hours cannot be \"dummy\": it takes numbers from 0 to 23"),
        ("cron(71 8 1 * ? *)", "the minutes cannot be \"71\": it takes numbers from 0 to 59"),
        ("cron(*/60 * * * ? *)", "the minutes cannot be \"*/60\": a step is a number from 1 to 59"),
        ("cron(0/0 * * * ? *)", "the minutes cannot be \"0/0\": a step is a number from 1 to 59"),
        ("cron(0 0 1,,2 * ? *)", "the day of month cannot be \"\": it takes numbers from 1 to 31"),
        ("cron(0 0 1 FOO ? *)", "the month cannot be \"FOO\": it takes numbers from 1 to 12 or JAN to DEC"),
        ("cron(0 0 1 * ? 1969)", "the year cannot be \"1969\": it takes numbers from 1970 to 2199"),
        ("cron(0 0 1 * ? 2030-2020)", "the year cannot be \"2030-2020\": years do not run backwards"),
        (
            "cron(0 0 ? * 3#1,6#3 *)",
            "the day of week cannot be \"3#1,6#3\": behind # stands a number from 1 to 5, and nothing else",
        ),
        (
            "cron(0 0 ? * 3#6 *)",
            "the day of week cannot be \"3#6\": behind # stands a number from 1 to 5, and nothing else",
        ),
        ("cron(0 0 32W * ? *)", "the day of month cannot be \"32\": it takes numbers from 1 to 31"),
        ("cron(0 0 1,? * ? *)", "the day of month cannot be \"1,?\": ? stands alone"),
        ("cron(+5 0 1 * ? *)", "the minutes cannot be \"+5\": it takes numbers from 0 to 59"),
    ];
    for (text, expected) in cases {
        assert_eq!(Schedule::parse(text).unwrap_err().to_string(), expected, "{text}");
    }
}
