//! What it costs to find the rules of a bus that match an event: 1,000 rules beside 10 of the same kind.
//!
//! Both sides get the same events, and the same of them match: each second one matches one of the ten rules (or two, where
//! a kind says so), which are among the thousand; the others match none. So what is compared is what the rules cost that
//! do not match. Rounds of both sides alternate, and the fastest tenth of each counts: what is measured is the code, not
//! who else uses the machine. `cargo bench -p delivery --bench rules`.

use delivery::bus::matcher::{BusMatcher, MatchScratch};
use pattern::{Dialect, Pattern};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// What a thousand rules may cost, as a part of what ten do, where each rule has a plain field.
const BAR: f64 = 2.0;
const ROUNDS: usize = 200;
const ROUND: Duration = Duration::from_millis(2);
const FEW: usize = 10;
const RULES: usize = 1000;

type Rule = fn(usize) -> String;

/// Kinds of rules, and whether the bar is theirs: without a plain field, ranges and wildcards are looked at one by one.
const KINDS: &[(&str, bool, Rule)] = &[
    ("source and kind", true, |n| format!(r#"{{"source":["shop-{n}"],"detail-type":["Order Created"]}}"#)),
    ("source and status", true, |n| format!(r#"{{"source":["shop-{n}"],"detail":{{"status":["NEW","PAID"]}}}}"#)),
    ("customer", true, |n| {
        format!(r#"{{"detail-type":["Order Created"],"detail":{{"customer":{{"id":["C-{n}."]}}}}}}"#)
    }),
    ("prefix", true, |n| format!(r#"{{"detail":{{"customer":{{"id":[{{"prefix":"C-{n}."}}]}}}}}}"#)),
    ("source and range", true, |n| {
        format!(r#"{{"source":["shop-{n}"],"detail":{{"total":[{{"numeric":[">",{n},"<=",2000]}}]}}}}"#)
    }),
    ("source and anything-but", true, |n| {
        format!(r#"{{"source":["shop-{n}"],"detail":{{"status":[{{"anything-but":"S{n}"}}]}}}}"#)
    }),
    ("source and absent field", true, |n| {
        format!(r#"{{"source":["shop-{n}"],"detail":{{"field{n}":[{{"exists":false}}]}}}}"#)
    }),
    ("prefix and range", true, |n| {
        format!(
            r#"{{"detail":{{"customer":{{"id":[{{"prefix":"C-{n}."}}]}},"total":[{{"numeric":[">",{n},"<=",2000]}}]}}}}"#
        )
    }),
    ("kind, customer and wildcard", true, |n| {
        format!(
            r#"{{"detail-type":["Order Created"],"detail":{{"customer":{{"id":["C-{n}."]}},"note":[{{"wildcard":"*{n}*gift*"}}]}}}}"#
        )
    }),
    ("a mix of all these", true, |n| KINDS[n % 9].2(n)),
    ("wildcard alone", false, |n| format!(r#"{{"detail":{{"note":[{{"wildcard":"for {n} *gift"}}]}}}}"#)),
    ("range alone", false, |n| format!(r#"{{"detail":{{"total":[{{"numeric":[">",{},"<",{}]}}]}}}}"#, n, n + 2)),
];

fn main() {
    // The shops and customers behind the first thousand are nobody's.
    let events: Vec<Vec<u8>> = (0..RULES).map(|n| event(if n % 2 == 0 { n / 2 % FEW } else { RULES + n })).collect();
    println!("1,000 rules beside 10, the fastest tenth of {ROUNDS} rounds, {} bytes per event", events[0].len());
    let mut is_within = true;
    for (name, has_bar, rule) in KINDS {
        let (ten, thousand) = (Side::new(FEW, *rule), Side::new(RULES, *rule));
        let (mut ten, matched) = ten.checked(&events);
        let (mut thousand, matched_by_many) = thousand.checked(&events);
        assert!(matched == matched_by_many && matched >= events.len() / 2, "{matched} and {matched_by_many} matches");
        let mut rounds = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            rounds.0.push(ten.round(&events));
            rounds.1.push(thousand.round(&events));
        }
        let (few, many) = (fastest(rounds.0), fastest(rounds.1));
        let ratio = many / few;
        let verdict = if !has_bar || ratio <= BAR { "" } else { "  ABOVE 2" };
        is_within &= verdict.is_empty();
        let start = Instant::now();
        drop(black_box(Side::new(RULES, *rule)));
        let compiled = start.elapsed().as_secs_f64() * 1e3;
        println!("{name:<28} {few:>6.0} ns {many:>6.0} ns   {ratio:>5.2} x   compiled in {compiled:.1} ms{verdict}");
        println!(
            "BENCH {{\"name\":\"1000 rules: {name}\",\"value\":{many:.1},\"unit\":\"ns/event\",\"against\":\"10 rules\",\
             \"ratio\":{ratio:.3}}}"
        );
    }
    assert!(is_within, "a thousand rules cost more than twice what ten do");
}

struct Side {
    patterns: Vec<Pattern>,
    matcher: BusMatcher<usize>,
    scratch: MatchScratch,
}

impl Side {
    fn new(count: usize, rule: Rule) -> Self {
        let parse = |number| Pattern::parse(&rule(number), Dialect::Bus).expect("the bench's own rules");
        let patterns: Vec<Pattern> = (0..count).map(parse).collect();
        Self { matcher: BusMatcher::new(patterns.iter().enumerate()), patterns, scratch: MatchScratch::default() }
    }

    fn count(&mut self, event: &[u8]) -> usize {
        self.matcher.matches(event, &mut self.scratch).expect("the bench's own events").len()
    }

    /// What is measured is right: some events are held against each rule by itself. The answer has how many matched.
    fn checked(mut self, events: &[Vec<u8>]) -> (Self, usize) {
        let mut total = 0;
        for event in events.iter().take(60) {
            let alone = self.patterns.iter().filter(|rule| rule.matches_json(event).expect("an event")).count();
            assert_eq!(self.count(event), alone);
        }
        for event in events {
            total += self.count(event);
        }
        (self, total)
    }

    /// Nanoseconds for each event.
    fn round(&mut self, events: &[Vec<u8>]) -> f64 {
        let start = Instant::now();
        let mut done = 0_u64;
        while start.elapsed() < ROUND {
            for event in events {
                black_box(self.count(black_box(event)));
            }
            done += events.len() as u64;
        }
        start.elapsed().as_nanos() as f64 / done as f64
    }
}

fn fastest(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 10]
}

fn event(number: usize) -> Vec<u8> {
    format!(
        r#"{{"version":"0","id":"7bf73129-1428-4cd3-a780-95db273d{number:04}","detail-type":"Order Created","source":"shop-{number}","account":"000000000000","time":"2024-01-01T00:00:00Z","region":"us-east-1","resources":[],"detail":{{"orderId":"ORD-{number}","customer":{{"id":"C-{}.","tier":"premium"}},"status":"NEW","total":{},"note":"for {number} a gift","items":[{{"sku":"A","quantity":2}},{{"sku":"B","quantity":1}}]}}}}"#,
        number,
        number + 1
    )
    .into_bytes()
}
