//! Decides on which minutes a calendar schedule fires: [`Cron`], six fields in UTC.
//!
//! `L` is the last day of the month, or of the week, which is Saturday; `6L` the last Friday of the month. `15W` is the
//! working day nearest to the 15th within the month, and `LW` the last working day. `6#3` is the third Friday. A day that a month
//! does not have is skipped in that month, with `W` as without.
//!
//! Invariant: of the two fields for days exactly one says something.

use super::ScheduleError;
use super::field::{Field, FieldError, FieldName};
use jiff::civil::Date;
use types::Timestamp;

/// A calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron {
    minutes: Field,
    hours: Field,
    days: Days,
    months: Field,
    years: Field,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Days {
    OfMonth {
        plain: Field,
        last: bool,
        last_working: bool,
        /// Days whose nearest working day is meant.
        nearest_working: Vec<u16>,
    },
    OfWeek {
        plain: Field,
        /// Days of the week whose last one in the month is meant.
        last: Vec<u16>,
    },
    /// A day of the week, and which one of the month's.
    Nth { day: u16, which: i8 },
}

impl Cron {
    /// Reads what is between the brackets.
    pub fn parse(text: &str) -> Result<Self, ScheduleError> {
        let fields: Vec<&str> = text.split_ascii_whitespace().collect();
        let [minutes, hours, of_month, month, of_week, year] = fields[..] else {
            return Err(ScheduleError::Fields { count: fields.len() });
        };
        let minutes = Field::parse(FieldName::Minutes, minutes)?;
        let hours = Field::parse(FieldName::Hours, hours)?;
        let days = match (of_month, of_week) {
            ("?", "?") => None,
            (of_month, "?") => Some(Days::of_month(of_month)?),
            ("?", of_week) => Some(Days::of_week(of_week)?),
            // What is wrong inside a field is the better thing to say.
            _ => Days::of_month(of_month).and(Days::of_week(of_week)).map(|_| None)?,
        };
        let months = Field::parse(FieldName::Month, month)?;
        let years = Field::parse(FieldName::Year, year)?;
        let days =
            days.ok_or_else(|| ScheduleError::Days { of_month: of_month.to_owned(), of_week: of_week.to_owned() })?;
        Ok(Self { minutes, hours, days, months, years })
    }

    /// The first minute after an instant on which the schedule fires.
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        let minute = after.seconds().div_euclid(60).checked_add(1)?.max(0);
        let first = jiff::Timestamp::from_second(minute.checked_mul(60)?).ok()?;
        let first = first.to_zoned(jiff::tz::TimeZone::UTC).datetime();
        let (mut date, mut hour, mut minute) = (first.date(), first.hour(), first.minute());
        loop {
            let day = self.next_day(date)?;
            if day > date {
                (hour, minute) = (0, 0);
            }
            let found = self.hours.from(unsigned(hour)).find_map(|found| {
                let from = if found == unsigned(hour) { unsigned(minute) } else { 0 };
                Some((found, self.minutes.from(from).next()?))
            });
            if let Some((hour, minute)) = found {
                let at = day.at(signed(hour), signed(minute), 0, 0).to_zoned(jiff::tz::TimeZone::UTC).ok()?;
                return Some(Timestamp::from_millis(at.timestamp().as_millisecond()));
            }
            (date, hour, minute) = (day.tomorrow().ok()?, 0, 0);
        }
    }

    /// The first day, from one on, on which the schedule fires at all.
    fn next_day(&self, from: Date) -> Option<Date> {
        for year in self.years.from(u16::try_from(from.year()).ok()?) {
            let year = i16::try_from(year).expect("years end at 2199");
            let month_from = if year == from.year() { from.month() } else { 1 };
            for month in self.months.from(unsigned(month_from)) {
                let first = Date::new(year, signed(month), 1).expect("every month has a first day");
                let day_from = if first.first_of_month() == from.first_of_month() { from.day() } else { 1 };
                let mut days = first.series(jiff::ToSpan::days(1)).take(first.days_in_month().unsigned_abs().into());
                if let Some(day) = days.find(|day| day.day() >= day_from && self.days.contain(*day)) {
                    return Some(day);
                }
            }
        }
        None
    }
}

impl Days {
    fn of_month(text: &str) -> Result<Self, FieldError> {
        let name = FieldName::DayOfMonth;
        let (mut plain, mut last, mut last_working, mut nearest_working) = (Field::default(), false, false, Vec::new());
        for part in text.split(',') {
            match part {
                "L" => last = true,
                "LW" => last_working = true,
                "?" => return Err(name.fault(text, "? stands alone")),
                _ => match part.strip_suffix('W') {
                    Some(day) => nearest_working.push(name.number(day)?),
                    None => plain.add(name, part)?,
                },
            }
        }
        Ok(Self::OfMonth { plain, last, last_working, nearest_working })
    }

    fn of_week(text: &str) -> Result<Self, FieldError> {
        let name = FieldName::DayOfWeek;
        if let Some((day, which)) = text.split_once('#') {
            let which = which.parse().ok().filter(|which| (1..=5).contains(which));
            let which =
                which.ok_or_else(|| name.fault(text, "behind # stands a number from 1 to 5, and nothing else"))?;
            return Ok(Self::Nth { day: name.number(day)?, which });
        }
        let (mut plain, mut last) = (Field::default(), Vec::new());
        for part in text.split(',') {
            match part.strip_suffix('L') {
                Some("") => plain.add(name, "SAT")?,
                Some(day) => last.push(name.number(day)?),
                None if part == "?" => return Err(name.fault(text, "? stands alone")),
                None => plain.add(name, part)?,
            }
        }
        Ok(Self::OfWeek { plain, last })
    }

    fn contain(&self, date: Date) -> bool {
        let weekday = unsigned(date.weekday().to_sunday_one_offset());
        let last_day = date.days_in_month();
        match self {
            Self::OfMonth { plain, last, last_working, nearest_working } => {
                plain.contains(unsigned(date.day()))
                    || (*last && date.day() == last_day)
                    || (*last_working && working_day_near(date.last_of_month()) == Some(date))
                    || nearest_working.iter().any(|day| {
                        let day = Date::new(date.year(), date.month(), signed(*day));
                        day.ok().and_then(working_day_near) == Some(date)
                    })
            }
            Self::OfWeek { plain, last } => {
                plain.contains(weekday) || (last.contains(&weekday) && date.day() > last_day - 7)
            }
            Self::Nth { day, which } => *day == weekday && (date.day() - 1) / 7 + 1 == *which,
        }
    }
}

/// The working day nearest to a day, in the same month.
fn working_day_near(day: Date) -> Option<Date> {
    let days = match day.weekday() {
        jiff::civil::Weekday::Saturday if day.day() == 1 => 2,
        jiff::civil::Weekday::Saturday => -1,
        jiff::civil::Weekday::Sunday if day.day() == day.days_in_month() => -2,
        jiff::civil::Weekday::Sunday => 1,
        _ => 0,
    };
    Date::new(day.year(), day.month(), day.day() + days).ok()
}

fn unsigned(number: i8) -> u16 {
    u16::try_from(number).expect("parts of dates and times are not negative")
}

fn signed(number: u16) -> i8 {
    i8::try_from(number).expect("parts of dates and times are small, and fields hold no others")
}
