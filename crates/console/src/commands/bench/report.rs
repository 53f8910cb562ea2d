//! Decides how the outcome is told: as JSON, and as a page for a person, with the latencies drawn.

use super::histogram::Histogram;
use crate::commands::counted;
use crate::terminal::{Look, Paint, safe};
use serde::Serialize;
use std::time::Duration;
use types::SortedMap;

/// What came of a run.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    pub(super) url: String,
    pub(super) what: &'static str,
    pub(super) connections: usize,
    /// How many requests a second were to be sent; absent if each connection waited for its answers.
    pub(super) rate_wanted: Option<f64>,
    pub(super) seconds: f64,
    pub(super) sent: u64,
    /// Answered with what was asked for.
    pub(super) good: u64,
    /// Of these, how many a second while requests were sent.
    pub(super) good_per_second: f64,
    /// Answered with something else.
    pub(super) refused: u64,
    /// Due, and not sent, as every connection waited for an answer.
    pub(super) unsent: u64,
    /// Sent, and never answered.
    pub(super) lost: u64,
    pub(super) fault: Option<String>,
    pub(super) by_status: SortedMap<u16, u64>,
    pub(super) submit: Option<Latency>,
    pub(super) get: Option<Latency>,
    pub(super) refusal: Option<Latency>,
    pub(super) answer_bytes: u64,
    pub(super) completion: Option<Completion>,
    /// What the disk itself takes to have 4 KiB.
    pub(super) flush: Option<Latency>,
    pub(super) by_second: Vec<Second>,
}

/// How long something took, in microseconds.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Latency {
    pub(super) count: u64,
    pub(super) mean_us: f64,
    pub(super) p50_us: u64,
    pub(super) p90_us: u64,
    pub(super) p99_us: u64,
    pub(super) p999_us: u64,
    pub(super) max_us: u64,
    #[serde(skip)]
    pub(super) drawn: Histogram,
}

impl Latency {
    /// Of a histogram, unless nothing is in it.
    pub(super) fn of(histogram: Histogram) -> Option<Self> {
        (histogram.count() > 0).then(|| Self {
            count: histogram.count(),
            mean_us: (histogram.mean() * 10.0).round() / 10.0,
            p50_us: histogram.quantile(0.5),
            p90_us: histogram.quantile(0.9),
            p99_us: histogram.quantile(0.99),
            p999_us: histogram.quantile(0.999),
            max_us: histogram.max(),
            drawn: histogram,
        })
    }
}

/// What became of the orders that were followed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Completion {
    /// From the answer that accepted an order to COMPLETED.
    pub(super) since_accepted: Option<Latency>,
    /// From the sending of an order to COMPLETED.
    pub(super) since_sent: Option<Latency>,
    pub(super) failed: u64,
    pub(super) unfinished: u64,
    /// All accepted orders, over the time until the last one was done; only if none is unfinished.
    pub(super) completed_per_second: Option<f64>,
}

/// A second of the run.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Second {
    pub(super) good: u64,
    pub(super) refused: u64,
    pub(super) p50_us: u64,
    pub(super) p99_us: u64,
}

/// The page.
pub(super) fn draw(report: &Report, look: Look) -> String {
    let mut text = String::new();
    let per_second = look.paint(Paint::Bold, &format!("{}/s", thousands(report.good_per_second.round() as u64)));
    let how = match report.rate_wanted {
        Some(rate) => format!("at {rate}/s over {}", counted(report.connections as u64, "connection")),
        None => format!("as fast as {} go", counted(report.connections as u64, "connection")),
    };
    text += &format!("{per_second}  {} {how}, for {:.0} s\n\n", report.what, report.seconds);
    for (status, count) in &report.by_status {
        let paint = if (200..300).contains(status) { Paint::Green } else { Paint::Yellow };
        text += &format!("{:>12}  answered {}\n", thousands(*count), look.paint(paint, &status.to_string()));
    }
    for (count, said) in [
        (report.unsent, "due and not sent: every connection was waiting for an answer"),
        (report.lost, "sent and not answered"),
    ] {
        if count > 0 {
            text += &format!("{:>12}  {}\n", thousands(count), look.paint(Paint::Red, said));
        }
    }
    if let Some(fault) = &report.fault {
        text += &format!("              the last connection that was lost: {}\n", safe(fault));
    }
    for (name, latency) in [("submit", &report.submit), ("get", &report.get)] {
        if let Some(latency) = latency {
            text += &format!("\n{}\n{}", look.paint(Paint::Bold, name), draw_histogram(&latency.drawn, look));
        }
    }
    let mut rows = vec![["", "p50", "p90", "p99", "p99.9", "max"].map(str::to_owned)];
    let completion = report.completion.as_ref();
    let named = [
        ("submit", report.submit.as_ref()),
        ("get", report.get.as_ref()),
        ("refusal", report.refusal.as_ref()),
        ("accepted → COMPLETED", completion.and_then(|completion| completion.since_accepted.as_ref())),
        ("sent → COMPLETED", completion.and_then(|completion| completion.since_sent.as_ref())),
        ("the disk's own flush", report.flush.as_ref()),
    ];
    for (name, latency) in named {
        let Some(latency) = latency else { continue };
        let shares = [latency.p50_us, latency.p90_us, latency.p99_us, latency.p999_us, latency.max_us].map(time);
        let [p50, p90, p99, p999, max] = shares;
        rows.push([name.to_owned(), p50, p90, p99, p999, max]);
    }
    text.push('\n');
    for (nth, [name, rest @ ..]) in rows.iter().enumerate() {
        let columns: String = rest.iter().map(|column| format!("{column:>10}")).collect();
        let line = format!("{name:<20}{columns}\n");
        text += &if nth == 0 { look.paint(Paint::Dim, line.trim_end()) + "\n" } else { line };
    }
    if let Some(completion) = completion {
        let seen = completion.since_sent.as_ref().map_or(0, |latency| latency.count);
        text += &format!("\nof {} that were followed, {seen} were COMPLETED", {
            counted(seen + completion.failed + completion.unfinished, "order")
        });
        for (count, said) in [(completion.failed, "FAILED or CANCELLED"), (completion.unfinished, "unfinished")] {
            if count > 0 {
                text += &format!(", {}", look.paint(Paint::Red, &format!("{count} {said}")));
            }
        }
        text.push('\n');
        if let Some(rate) = completion.completed_per_second {
            text += &format!("{}/s from the first request to the last order done\n", thousands(rate.round() as u64));
        }
    }
    text
}

/// A line for each span of time, from 1-2-5 to the next, with a bar as long as its share.
fn draw_histogram(histogram: &Histogram, look: Look) -> String {
    const CELLS: f64 = 40.0;
    let steps = (0..10_u32).flat_map(|power| [1, 2, 5].map(|digit| digit * 10_u64.pow(power)));
    let steps: Vec<u64> = [0].into_iter().chain(steps).collect();
    let spans: Vec<(u64, u64)> = steps.windows(2).map(|pair| (pair[1], histogram.between(pair[0], pair[1]))).collect();
    let first = spans.iter().position(|(_, count)| *count > 0).unwrap_or(0);
    let last = spans.iter().rposition(|(_, count)| *count > 0).unwrap_or(0);
    let most = spans.iter().map(|(_, count)| *count).max().unwrap_or(0).max(1);
    let mut text = String::new();
    for (end, count) in &spans[first..=last] {
        let bar = bar(*count as f64 / most as f64 * CELLS);
        let share = *count as f64 * 100.0 / histogram.count() as f64;
        let line = format!("  under {:>7}  {share:>6.2} %  {}", time(*end), look.paint(Paint::Cyan, &bar));
        text += line.trim_end();
        text.push('\n');
    }
    text
}

/// A bar this many cells long, exact to the eighth; a sliver for what is more than nothing.
fn bar(cells: f64) -> String {
    let eighths = ((cells * 8.0).round() as usize).max(usize::from(cells > 0.0));
    let part = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8];
    format!("{}{part}", "█".repeat(eighths / 8))
}

/// How far it is.
pub(super) fn draw_progress(
    elapsed: Duration,
    lasts: Duration,
    good: u64,
    refused: u64,
    p99: u64,
    look: Look,
) -> String {
    const CELLS: f64 = 24.0;
    let share = (elapsed.as_secs_f64() / lasts.as_secs_f64().max(0.001)).min(1.0);
    let filled = (share * CELLS) as usize;
    let bar = format!("{}{}", "█".repeat(filled), "░".repeat(CELLS as usize - filled));
    let rate = thousands((good as f64 / elapsed.as_secs_f64().max(0.001)) as u64);
    let refused = if refused > 0 { format!(", {} refused", thousands(refused)) } else { String::new() };
    format!(
        "{} {:.0}/{:.0} s, {rate}/s, p99 {}{refused}",
        look.paint(Paint::Cyan, &bar),
        elapsed.as_secs_f64().min(lasts.as_secs_f64()),
        lasts.as_secs_f64(),
        time(p99)
    )
}

/// `870 µs`, `4.52 ms`, `1.2 s`.
fn time(micros: u64) -> String {
    match micros {
        0..1000 => format!("{micros} µs"),
        1000..10_000 => trimmed(micros as f64 / 1000.0, 2, "ms"),
        10_000..1_000_000 => trimmed(micros as f64 / 1000.0, 1, "ms"),
        _ => trimmed(micros as f64 / 1e6, 2, "s"),
    }
}

fn trimmed(number: f64, digits: usize, unit: &str) -> String {
    let text = format!("{number:.digits$}");
    format!("{} {unit}", text.trim_end_matches('0').trim_end_matches('.'))
}

/// `12,345`.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (nth, digit) in digits.chars().enumerate() {
        if nth > 0 && (digits.len() - nth).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn latency(all: &[u64]) -> Option<Latency> {
        let mut histogram = Histogram::new();
        all.iter().for_each(|micros| histogram.record(*micros));
        Latency::of(histogram)
    }

    fn report() -> Report {
        Report {
            url: "http://h".to_owned(),
            what: "submit",
            connections: 64,
            rate_wanted: Some(1000.0),
            seconds: 10.0,
            sent: 10_000,
            good: 9_990,
            good_per_second: 999.0,
            refused: 7,
            unsent: 1,
            lost: 3,
            fault: Some("reset\u{1b}[m".to_owned()),
            by_status: [(201, 9_990), (503, 7)].into(),
            submit: latency(&[120, 800, 900, 900, 950, 1400, 1500, 1600, 4000, 41_000]),
            get: None,
            refusal: latency(&[100]),
            answer_bytes: 500,
            completion: Some(Completion {
                since_accepted: latency(&[2000, 3000]),
                since_sent: latency(&[3000, 4000]),
                failed: 1,
                unfinished: 0,
                completed_per_second: Some(998.0),
            }),
            flush: latency(&[500, 600]),
            by_second: vec![],
        }
    }

    #[test]
    fn a_page_tells_what_was_answered_and_how_fast() {
        insta::assert_snapshot!(draw(&report(), Look::PLAIN), @r"
        999/s  submit at 1000/s over 64 connections, for 10 s

               9,990  answered 201
                   7  answered 503
                   1  due and not sent: every connection was waiting for an answer
                   3  sent and not answered
                      the last connection that was lost: reset\u{1b}[m

        submit
          under  200 µs   10.00 %  ██████████
          under  500 µs    0.00 %
          under    1 ms   40.00 %  ████████████████████████████████████████
          under    2 ms   30.00 %  ██████████████████████████████
          under    5 ms   10.00 %  ██████████
          under   10 ms    0.00 %
          under   20 ms    0.00 %
          under   50 ms   10.00 %  ██████████

                                   p50       p90       p99     p99.9       max
        submit                  951 µs   4.03 ms     41 ms     41 ms     41 ms
        refusal                 100 µs    100 µs    100 µs    100 µs    100 µs
        accepted → COMPLETED   2.02 ms      3 ms      3 ms      3 ms      3 ms
        sent → COMPLETED       3.01 ms      4 ms      4 ms      4 ms      4 ms
        the disk's own flush    503 µs    600 µs    600 µs    600 µs    600 µs

        of 3 orders that were followed, 2 were COMPLETED, 1 FAILED or CANCELLED
        998/s from the first request to the last order done
        ");
    }

    #[test]
    fn json_says_what_the_page_says() {
        let json = serde_json::to_value(report()).unwrap();
        assert_eq!(json["submit"]["p50Us"], 951);
        assert_eq!(json["byStatus"]["503"], 7);
        assert_eq!(json["completion"]["completedPerSecond"], 998.0);
        assert!(json["submit"].get("drawn").is_none());
    }

    #[test]
    fn times_and_numbers_read_well() {
        let times =
            [(0, "0 µs"), (999, "999 µs"), (4520, "4.52 ms"), (2000, "2 ms"), (41_000, "41 ms"), (1_250_000, "1.25 s")];
        for (micros, text) in times {
            assert_eq!(time(micros), text);
        }
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(thousands(number), text);
        }
        assert_eq!((bar(0.0), bar(0.01), bar(2.5)), (String::new(), "▏".to_owned(), "██▌".to_owned()));
    }

    #[test]
    fn progress_is_a_bar_and_a_rate() {
        let drawn = draw_progress(Duration::from_secs(5), Duration::from_secs(10), 5000, 2, 4500, Look::PLAIN);
        assert_eq!(drawn, format!("{}{} 5/10 s, 1,000/s, p99 4.5 ms, 2 refused", "█".repeat(12), "░".repeat(12)));
    }
}
