//! Decides what is printed around a function's call, and how its stream and its lines are named.
//!
//! The texts are read by people's tools, so every blank and tab is as it always was. Lines end with a line feed.

use std::fmt;
use std::time::Duration;
use types::{Timestamp, Version};

/// The line before a call.
pub fn start_line(request_id: &str, version: Version) -> String {
    format!("START RequestId: {request_id} Version: {version}\n")
}

/// The line after a call.
pub fn end_line(request_id: &str) -> String {
    format!("END RequestId: {request_id}\n")
}

/// The line that says that a call took longer than it may.
pub fn timeout_line(at: Timestamp, request_id: &str, limit: Duration) -> String {
    format!("{} {request_id} Task timed out after {:.2} seconds\n\n", at.iso_millis(), limit.as_secs_f64())
}

/// What a call took; printed as the line after [`end_line`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report<'a> {
    /// The call.
    pub request_id: &'a str,
    /// How long the handler ran.
    pub duration: Duration,
    /// The memory that the function may use.
    pub memory_mb: u32,
    /// The most memory that it did use.
    pub max_memory_used_mb: u32,
    /// How long it took to start, if it was started for this call.
    pub init_duration: Option<Duration>,
}

impl Report<'_> {
    /// The whole milliseconds that count, the begun one included.
    pub fn billed_ms(&self) -> u128 {
        self.duration.as_nanos().div_ceil(1_000_000)
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = |span: Duration| span.as_secs_f64() * 1000.0;
        write!(
            f,
            "REPORT RequestId: {}\tDuration: {:.2} ms\tBilled Duration: {} ms\tMemory Size: {} MB\tMax Memory Used: {} MB\t",
            self.request_id,
            millis(self.duration),
            self.billed_ms(),
            self.memory_mb,
            self.max_memory_used_mb,
        )?;
        if let Some(init) = self.init_duration {
            write!(f, "Init Duration: {:.2} ms\t", millis(init))?;
        }
        f.write_str("\n")
    }
}

/// The stream of one place where a function runs: the day it was started and a number that only it has.
pub fn stream_name(started_at: Timestamp, version: Version, unique: u128) -> String {
    format!("{}/[{version}]{unique:032x}", started_at.day_path())
}

/// The id of one line: 56 digits, from its time and from its position, which no other line of its group has.
///
/// Ids sort by time and then by position. Times before 1970 count as 1970.
pub fn event_id(at: Timestamp, position: u128) -> String {
    // 17 digits of milliseconds last three million years; 39 digits hold every position.
    const MILLIS_MAX: i64 = 99_999_999_999_999_999;
    format!("{:017}{position:039}", at.millis().clamp(0, MILLIS_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_framed_by_its_lines() {
        assert_eq!(start_line("r-1", Version::Latest), "START RequestId: r-1 Version: $LATEST\n");
        assert_eq!(start_line("r-1", Version::Numbered(7)), "START RequestId: r-1 Version: 7\n");
        assert_eq!(end_line("r-1"), "END RequestId: r-1\n");
        let late = timeout_line(Timestamp::from_millis(1_714_521_603_000), "r-1", Duration::from_secs(3));
        assert_eq!(late, "2024-05-01T00:00:03.000Z r-1 Task timed out after 3.00 seconds\n\n");
    }

    #[test]
    fn reports_have_their_trailing_tab() {
        let warm = Report {
            request_id: "r-1",
            duration: Duration::from_micros(1_230),
            memory_mb: 128,
            max_memory_used_mb: 36,
            init_duration: None,
        };
        assert_eq!(
            warm.to_string(),
            "REPORT RequestId: r-1\tDuration: 1.23 ms\tBilled Duration: 2 ms\tMemory Size: 128 MB\tMax Memory Used: 36 MB\t\n"
        );
        let cold = Report { init_duration: Some(Duration::from_millis(100)), ..warm };
        assert!(cold.to_string().ends_with("Max Memory Used: 36 MB\tInit Duration: 100.00 ms\t\n"));
    }

    #[test]
    fn a_begun_millisecond_counts() {
        let cases = [(0, 0), (1, 1), (1_000_000, 1), (1_000_001, 2)];
        for (nanos, billed) in cases {
            let duration = Duration::from_nanos(nanos);
            let report =
                Report { request_id: "", duration, memory_mb: 128, max_memory_used_mb: 1, init_duration: None };
            assert_eq!(report.billed_ms(), billed, "{nanos} ns");
        }
    }

    #[test]
    fn streams_are_named_by_day_and_place() {
        let name = stream_name(Timestamp::from_millis(1_714_521_603_000), Version::Latest, 0xABC);
        assert_eq!(name, "2024/05/01/[$LATEST]00000000000000000000000000000abc");
    }

    #[test]
    fn event_ids_sort_by_time_and_then_position() {
        let at = Timestamp::from_millis;
        let sorted = [
            event_id(at(-5), 0),
            event_id(at(0), 1),
            event_id(at(0), u128::MAX),
            event_id(at(1), 0),
            event_id(at(1_714_521_603_000), 7),
            event_id(at(i64::MAX), 0),
        ];
        assert!(sorted.is_sorted());
        assert!(sorted.iter().all(|id| id.len() == 56 && id.bytes().all(|digit| digit.is_ascii_digit())));
    }
}
