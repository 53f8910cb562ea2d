//! Decides how an instant is counted and written: milliseconds since 1970, in UTC.
//!
//! An order's instants are written and read with each of its steps, so those of this age take a short way ([`spelled`],
//! [`read`]); `jiff` knows all others.

use crate::Text;
use std::fmt::{self, Write as _};
use std::ops::Add;
use std::time::Duration;

const DAY: u64 = 24 * 60 * 60 * 1000;
/// The first instant that is not spelled in the short way: the beginning of the year 9999.
const SPELLED_END: u64 = 253_370_764_800_000;

/// An instant. Reading a clock is the caller's business; here it is only a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The beginning of 1970.
    pub const EPOCH: Self = Self(0);

    /// From milliseconds since 1970.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// How long after `earlier` this is; nothing if it is not after.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Reads any text of RFC 3339; what is finer than a millisecond is cut off.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(millis) = text.as_bytes().try_into().ok().and_then(read) {
            return Some(Self(millis));
        }
        let instant: jiff::Timestamp = text.parse().ok()?;
        Some(Self(instant.as_millisecond()))
    }

    /// `2024-03-08T00:00:00.498Z`, which needs no memory of its own.
    pub fn to_text(self) -> Text {
        if let Some(spelled) = spelled(self.0) {
            return as_str(&spelled).into();
        }
        let mut text = Text::default();
        write!(text, "{:.3}", self.instant()).expect("a text takes what it is given");
        text
    }

    /// `2024-03-08T00:00:00.498Z`
    pub fn iso_millis(self) -> String {
        match spelled(self.0) {
            Some(spelled) => as_str(&spelled).to_owned(),
            None => format!("{:.3}", self.instant()),
        }
    }

    /// `2024-03-08T00:00:00Z`
    pub fn iso_seconds(self) -> String {
        match spelled(self.0) {
            Some(spelled) => [&as_str(&spelled)[..19], "Z"].concat(),
            None => format!("{:.0}", Self(self.seconds() * 1000).instant()),
        }
    }

    /// The day in UTC: `2024/03/08`.
    pub fn day_path(self) -> String {
        self.iso_seconds()[..10].replace('-', "/")
    }

    fn instant(self) -> jiff::Timestamp {
        let nearest = if self.0 < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
        jiff::Timestamp::from_millisecond(self.0).unwrap_or(nearest)
    }
}

/// The text of an instant, if it is one from 1970 to 9998.
fn spelled(millis: i64) -> Option<[u8; 24]> {
    let millis = u64::try_from(millis).ok().filter(|millis| *millis < SPELLED_END)?;
    let (days, time) = (millis / DAY, millis % DAY);
    let (year, month, day) = date(days);
    let mut text = *b"0000-00-00T00:00:00.000Z";
    digits(&mut text[0..4], year);
    digits(&mut text[5..7], month);
    digits(&mut text[8..10], day);
    digits(&mut text[11..13], time / 3_600_000);
    digits(&mut text[14..16], time / 60_000 % 60);
    digits(&mut text[17..19], time / 1000 % 60);
    digits(&mut text[20..23], time % 1000);
    Some(text)
}

fn as_str(spelled: &[u8; 24]) -> &str {
    std::str::from_utf8(spelled).expect("digits and signs are ASCII")
}

/// Writes a number that has at most as many digits as there is room.
fn digits(room: &mut [u8], mut number: u64) {
    for digit in room.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

/// The milliseconds of a text as [`spelled`] writes it; nothing of any other.
fn read(text: &[u8; 24]) -> Option<i64> {
    const SIGNS: [(usize, u8); 7] = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'.'), (23, b'Z')];
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0, |number, digit| digit.is_ascii_digit().then(|| number * 10 + u64::from(digit - b'0')))
    };
    let (year, month, day) = (number(&text[0..4])?, number(&text[5..7])?, number(&text[8..10])?);
    let (hour, minute, second) = (number(&text[11..13])?, number(&text[14..16])?, number(&text[17..19])?);
    let sound = SIGNS.iter().all(|(at, sign)| text[*at] == *sign)
        && (1970..9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=28).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    // The last days of a month, and a leap second, are left to those who know them.
    let days = sound.then(|| days_until(year, month, day))?;
    i64::try_from(days * DAY + ((hour * 60 + minute) * 60 + second) * 1000 + number(&text[20..23])?).ok()
}

// Years begin in March below, so that the day of a leap year is the last one, and eras are of 400 years, which are of one
// length: https://howardhinnant.github.io/date_algorithms.html.

/// Days from the beginning of March of the year 0 to 1970.
const DAYS_BEFORE_1970: u64 = 719_468;
const DAYS_OF_ERA: u64 = 146_097;

/// The year, the month and the day, so many days after the beginning of 1970.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + DAYS_BEFORE_1970;
    let (era, of_era) = (days / DAYS_OF_ERA, days % DAYS_OF_ERA);
    let years = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * years + years / 4 - years / 100);
    let since_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * since_march + 2) / 5 + 1;
    let month = if since_march < 10 { since_march + 3 } else { since_march - 9 };
    (400 * era + years + u64::from(month <= 2), month, day)
}

/// How many days after the beginning of 1970 a day from then on is.
fn days_until(year: u64, month: u64, day: u64) -> u64 {
    let year = year - u64::from(month <= 2);
    let (era, years) = (year / 400, year % 400);
    let since_march = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * since_march + 2) / 5 + day - 1;
    era * DAYS_OF_ERA + years * 365 + years / 4 - years / 100 + of_year - DAYS_BEFORE_1970
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.iso_millis())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_millis() -> impl Strategy<Value = i64> {
        let (day, end) = (DAY as i64, SPELLED_END as i64);
        prop_oneof![-day..end + day, (0..end).prop_map(move |at| at - at % day), 0..4_000_000_000_000i64]
    }

    /// A text of the usual form, sound or not.
    fn any_text() -> impl Strategy<Value = String> {
        (1960..10_005u32, 0..14u32, 0..33u32, 0..26u32, 0..62u32, 0..62u32, 0..1000u32, 0..72usize, "[0-9:.TtZzé+ -]")
            .prop_map(|(year, month, day, hour, minute, second, millis, at, letter)| {
                let mut text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z");
                // Most texts are left as they are; of the others any letter or sign may be another.
                if at < 24 {
                    text.replace_range(at..=at, &letter);
                }
                text
            })
    }

    proptest! {
        /// The short way leads where the long one does.
        #[test]
        fn instants_are_written_as_jiff_writes_them(millis in any_millis()) {
            let (at, known) = (Timestamp::from_millis(millis), jiff::Timestamp::from_millisecond(millis).unwrap());
            prop_assert_eq!(at.iso_millis(), format!("{known:.3}"));
            prop_assert_eq!(at.to_text(), format!("{known:.3}"));
            let second = jiff::Timestamp::from_second(millis.div_euclid(1000)).unwrap();
            prop_assert_eq!(at.iso_seconds(), format!("{second:.0}"));
            prop_assert_eq!(Timestamp::parse(&at.iso_millis()), Some(at));
        }

        #[test]
        fn texts_are_read_as_jiff_reads_them(text in any_text()) {
            let known = text.parse::<jiff::Timestamp>().ok().map(|known| known.as_millisecond());
            prop_assert_eq!(Timestamp::parse(&text).map(Timestamp::millis), known, "{}", text);
        }
    }

    #[test]
    fn each_day_is_the_one_that_jiff_knows() {
        let mut known = jiff::civil::date(1970, 1, 1);
        for day in 0..SPELLED_END / DAY {
            let (year, month, of_month) = date(day);
            assert_eq!(days_until(year, month, of_month), day);
            let known_parts = [i64::from(known.year()), i64::from(known.month()), i64::from(known.day())];
            assert_eq!([year, month, of_month].map(|part| part as i64), known_parts, "day {day}");
            known = known.tomorrow().unwrap();
        }
        assert_eq!(known, jiff::civil::date(9999, 1, 1));
    }

    #[test]
    fn instants_are_written_in_utc() {
        let at = Timestamp::from_millis(1_709_856_000_498);
        assert_eq!(at.iso_millis(), "2024-03-08T00:00:00.498Z");
        assert_eq!(at.to_text(), "2024-03-08T00:00:00.498Z");
        assert!(!at.to_text().is_heap_allocated());
        assert_eq!(at.iso_seconds(), "2024-03-08T00:00:00Z");
        assert_eq!(at.day_path(), "2024/03/08");
        assert_eq!(Timestamp::from_millis(i64::MAX).iso_seconds().len(), "9999-12-30T22:00:00Z".len());
    }

    #[test]
    fn instants_are_read_in_any_zone_and_to_the_millisecond() {
        let cases = [
            ("2024-03-08T00:00:00.498Z", Some(1_709_856_000_498)),
            ("2024-03-08T01:00:00.4989+01:00", Some(1_709_856_000_498)),
            ("1969-12-31T23:59:59.999Z", Some(-1)),
            ("2024-03-08T00:00:00", None),
            ("2024-02-30T00:00:00Z", None),
            ("", None),
        ];
        for (text, millis) in cases {
            assert_eq!(Timestamp::parse(text), millis.map(Timestamp::from_millis), "{text}");
        }
    }

    #[test]
    fn spans_never_run_backwards() {
        let (early, late) = (Timestamp::from_millis(1_000), Timestamp::from_millis(3_500));
        assert_eq!(late.since(early), Duration::from_millis(2_500));
        assert_eq!(early.since(late), Duration::ZERO);
        assert_eq!(early + Duration::from_millis(2_500), late);
    }
}
