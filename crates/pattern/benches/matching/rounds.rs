//! Decides how two sides are measured against each other, and how the figures are printed.
//!
//! Rounds are short, many, and alternate. Whatever else the machine does makes rounds slower and none faster, so a
//! figure is the time that one round in five stays below, and a ratio is that of two such figures. How far it can be
//! trusted shows in the ratios of rounds that lie side by side: the middle half of them is printed.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// How long and how often.
#[derive(Clone, Copy)]
pub(crate) struct Pace {
    pub(crate) rounds: usize,
    pub(crate) round: Duration,
}

/// Events between two looks at the clock.
const CHUNK: usize = 1000;

/// What is measured: the number of rules that match an event.
pub(crate) type Side<'s> = &'s mut dyn FnMut(&[u8]) -> usize;

/// Nanoseconds per event of two sides, round by round.
pub(crate) struct Measured {
    one: Vec<f64>,
    other: Vec<f64>,
}

impl Measured {
    pub(crate) fn one(&self) -> f64 {
        quantile(&self.one, 0.2)
    }

    pub(crate) fn other(&self) -> f64 {
        quantile(&self.other, 0.2)
    }

    /// The first side's time as a part of the other's: of the two figures, and the middle half of all rounds.
    fn ratios(&self, inverse: bool) -> [f64; 3] {
        let ratio = |one: f64, other: f64| if inverse { other / one } else { one / other };
        let each: Vec<f64> = self.one.iter().zip(&self.other).map(|(one, other)| ratio(*one, *other)).collect();
        [quantile(&each, 0.25), ratio(self.one(), self.other()), quantile(&each, 0.75)]
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

fn quantile(values: &[f64], part: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[(sorted.len() as f64 * part) as usize]
}

/// Prints how fast the first side is beside the other, in events per second: more is better.
pub(crate) fn report_speed(name: &str, measured: &Measured, against: &str, bar: f64) {
    let [low, ratio, high] = measured.ratios(true);
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
    let [low, ratio, high] = measured.ratios(false);
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
