//! Decides how two sides are measured against each other, and how the figures are printed.
//!
//! Rounds alternate, so that whatever else the machine does meets both. A figure is the median of its rounds; a ratio
//! is the median of the ratios of rounds that lie side by side, with the smallest and the largest.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// How long and how often.
#[derive(Clone, Copy)]
pub(crate) struct Pace {
    pub(crate) rounds: usize,
    pub(crate) round: Duration,
}

/// Events between two looks at the clock.
const CHUNK: usize = 500;

/// What is measured: the number of rules that match an event.
pub(crate) type Side<'s> = &'s mut dyn FnMut(&[u8]) -> usize;

/// Nanoseconds per event of two sides, round by round.
pub(crate) struct Measured {
    one: Vec<f64>,
    other: Vec<f64>,
}

impl Measured {
    pub(crate) fn one(&self) -> f64 {
        median(&self.one)
    }

    pub(crate) fn other(&self) -> f64 {
        median(&self.other)
    }

    /// How much of the first side's time the other takes, in each round, sorted.
    fn ratios(&self, inverse: bool) -> Vec<f64> {
        let ratio = |(one, other): (&f64, &f64)| if inverse { other / one } else { one / other };
        let mut ratios: Vec<f64> = self.one.iter().zip(&self.other).map(ratio).collect();
        ratios.sort_by(f64::total_cmp);
        ratios
    }
}

pub(crate) fn alternate(events: &[&[u8]], pace: Pace, one: Side<'_>, other: Side<'_>) -> Measured {
    let mut measured = Measured { one: Vec::new(), other: Vec::new() };
    let warm_up = Pace { rounds: 1, round: pace.round / 4 };
    round(events, warm_up, one);
    round(events, warm_up, other);
    for _ in 0..pace.rounds {
        measured.one.push(round(events, pace, one));
        measured.other.push(round(events, pace, other));
    }
    measured
}

/// Both sides begin at the first event in every round.
fn round(events: &[&[u8]], pace: Pace, side: Side<'_>) -> f64 {
    let began = Instant::now();
    let mut done = 0;
    for chunk in events.chunks(CHUNK).cycle() {
        for event in chunk {
            black_box(side(black_box(event)));
        }
        done += chunk.len();
        if began.elapsed() >= pace.round {
            break;
        }
    }
    began.elapsed().as_secs_f64() * 1e9 / done as f64
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// Prints how fast the first side is beside the other, in events per second: more is better.
pub(crate) fn report_speed(name: &str, measured: &Measured, against: &str, bar: f64) {
    let ratios = measured.ratios(true);
    let (low, ratio, high) = (ratios[0], ratios[ratios.len() / 2], ratios[ratios.len() - 1]);
    let (ns, other_ns) = (measured.one(), measured.other());
    println!(
        "{name:<34} {ns:>9.0} ns {:>9.0}/s   {other_ns:>9.0} ns {:>9.0}/s   {ratio:>6.2} x {against} ({low:.2} to {high:.2}){}",
        1e9 / ns,
        1e9 / other_ns,
        if ratio < bar { format!("  BELOW {bar}") } else { String::new() }
    );
    machine(name, 1e9 / ns, "events/s", against, [low, ratio, high]);
}

/// Prints what the first side costs beside the other: less is better.
pub(crate) fn report_cost(name: &str, measured: &Measured, against: &str, bar: f64) {
    let ratios = measured.ratios(false);
    let (low, ratio, high) = (ratios[0], ratios[ratios.len() / 2], ratios[ratios.len() - 1]);
    let (ns, other_ns) = (measured.one(), measured.other());
    println!(
        "{name:<34} {ns:>9.0} ns {:>9.0}/s   {other_ns:>9.0} ns {:>9.0}/s   {ratio:>6.2} x the cost of {against} ({low:.2} to {high:.2}){}",
        1e9 / ns,
        1e9 / other_ns,
        if ratio > bar { format!("  ABOVE {bar}") } else { String::new() }
    );
    machine(name, ns, "ns/event", against, [low, ratio, high]);
}

fn machine(name: &str, value: f64, unit: &str, against: &str, [low, ratio, high]: [f64; 3]) {
    println!(
        "BENCH {{\"name\":\"{name}\",\"value\":{value:.1},\"unit\":\"{unit}\",\"against\":\"{against}\",\
         \"ratio\":{ratio:.3},\"spread\":[{low:.3},{high:.3}]}}"
    );
}
