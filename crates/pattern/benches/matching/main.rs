//! How fast patterns match, beside the crate `quamina`, on one thread, with the same rules on the same events.
//!
//! Before a bank is measured, both sides must have matched the same rules on every single event; if they did not, the
//! run fails. Banks that quamina refuses are measured against the bank of ours that asks the same in a plainer way.
//!
//! `cargo bench -p pattern` measures everything; `-- --only TEXT` what has the text in its name, `-- --quick` less
//! exactly. Lines that begin with `BENCH ` are JSON for machines: figures in events/s have a ratio of speeds (more is
//! better), those in ns/event a ratio of costs (less is better). Where to start: [`main`].

mod banks;
mod ours;
mod parcels;
mod rounds;
mod theirs;

use banks::Bank;
use ours::Ours;
use parcels::Parcel;
use rounds::{Pace, alternate, report_cost, report_speed};
use std::time::Duration;
use theirs::Theirs;

/// Banks that ask about properties alone, behind which quamina need not read.
const EARLY: [&str; 5] = ["exact", "wildcard", "prefix", "suffix", "equals-ignore-case"];
const QUAMINA: &str = "quamina 0.7";
/// As a part of the cost of the plain bank beside it.
const SIBLING_BAR: f64 = 1.3;
/// What ten thousand rules may cost, as a part of what ten do.
const SCALE_BAR: f64 = 3.0;
/// A complex wildcard runs at half the speed of a plain one or better.
const COMPLEXITY_BAR: f64 = 2.0;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let only = arguments.iter().skip_while(|argument| *argument != "--only").nth(1).cloned().unwrap_or_default();
    let pace = if arguments.iter().any(|argument| argument == "--quick") {
        Pace { rounds: 15, round: Duration::from_millis(5) }
    } else {
        Pace { rounds: 50, round: Duration::from_millis(15) }
    };
    let parcels = parcels::parcels();
    let events: Vec<&[u8]> = parcels.iter().map(|parcel| parcel.json.as_slice()).collect();
    let bytes: usize = events.iter().map(|event| event.len()).sum();
    println!(
        "{} events of {} bytes; ours, theirs and the ratio, the fastest fifth of {} rounds",
        events.len(),
        bytes / events.len(),
        pace.rounds
    );
    let bench = Bench { only, pace, events };
    bench.banks(&banks::banks(&parcels));
    bench.scale("exact rules", |count| banks::numbers(&parcels, count));
    bench.scale("rules of two fields", |count| banks::numbers_and_kind(&parcels, count));
    bench.properties_last(&parcels);
    bench.complexity();
}

struct Bench<'e> {
    only: String,
    pace: Pace,
    events: Vec<&'e [u8]>,
}

impl Bench<'_> {
    fn wants(&self, name: &str) -> bool {
        name.contains(&self.only)
    }

    fn banks(&self, banks: &[Bank]) {
        for bank in banks.iter().filter(|bank| self.wants(bank.name)) {
            let mut ours = Ours::new(&bank.rules);
            match (Theirs::new(&bank.rules), bank.sibling) {
                (Ok(theirs), None) => {
                    self.check_share(bank, &mut ours);
                    self.against_quamina(bank.name, &bank.rules, ours, theirs);
                }
                (Err(reason), Some(sibling)) => {
                    println!("{:<34} rejected by quamina: {reason}", bank.name);
                    self.check_share(bank, &mut ours);
                    let sibling = banks.iter().find(|bank| bank.name == sibling).expect("a bank of that name");
                    let mut plain = Ours::new(&sibling.rules);
                    let measured = alternate(&self.events, self.pace, &mut |e| ours.count(e), &mut |e| plain.count(e));
                    report_cost(bank.name, &measured, sibling.name, SIBLING_BAR);
                }
                (Ok(_), Some(_)) => panic!("quamina accepts the bank {} by now; compare it directly", bank.name),
                (Err(reason), None) => panic!("quamina refuses the bank {}: {reason}", bank.name),
            }
        }
    }

    /// A bank that nothing matches, or nearly everything, says little.
    fn check_share(&self, bank: &Bank, ours: &mut Ours) {
        let matched = self.events.iter().filter(|event| ours.count(event) > 0).count();
        let share = matched as f64 / self.events.len() as f64;
        let bounds = if bank.name.starts_with("all combined") { 0.0001..=1.0 } else { 0.0001..=0.6 };
        assert!(bounds.contains(&share), "the bank {} matches {matched} events", bank.name);
        for (number, rule) in bank.rules.iter().enumerate() {
            let mut alone = Ours::new(std::slice::from_ref(rule));
            let matches = self.events.iter().any(|event| alone.count(event) > 0);
            assert!(matches, "no event matches rule {number} of {}: {rule}", bank.name);
        }
        println!("{:<34} {matched} of {} events match", bank.name, self.events.len());
    }

    fn against_quamina(&self, name: &str, rules: &[String], mut ours: Ours, mut theirs: Theirs) {
        for event in &self.events {
            let (here, there) = (ours.matched(event), theirs.matched(event));
            assert!(
                here == there,
                "{name}: we match {:?}, quamina {:?}, on {}",
                here.iter().map(|number| &rules[*number]).collect::<Vec<_>>(),
                there.iter().map(|number| &rules[*number]).collect::<Vec<_>>(),
                String::from_utf8_lossy(event)
            );
            // What is measured is what was checked.
            assert_eq!(ours.count(event), here.len(), "{name}: the count on {}", String::from_utf8_lossy(event));
        }
        let measured = alternate(&self.events, self.pace, &mut |e| ours.count(e), &mut |e| theirs.count(e));
        report_speed(name, &measured, QUAMINA, 1.0);
    }

    /// Ten rules, and ten thousand.
    fn scale(&self, what: &str, rules: impl Fn(usize) -> Vec<String>) {
        for count in [10, 100, 1_000, 10_000] {
            let name = format!("{count} {what}");
            if !self.wants(&name) {
                continue;
            }
            let wanted = rules(count);
            let theirs = Theirs::new(&wanted).unwrap_or_else(|reason| panic!("quamina refuses {name}: {reason}"));
            self.against_quamina(&name, &wanted, Ours::new(&wanted), theirs);
            if count > 10 {
                let (mut many, mut ten) = (Ours::new(&wanted), Ours::new(&rules(10)));
                let measured = alternate(&self.events, self.pace, &mut |e| many.count(e), &mut |e| ten.count(e));
                report_cost(&name, &measured, &format!("10 {what}"), SCALE_BAR);
            }
        }
    }

    /// Quamina stops reading an event when it has what it needs. With the properties behind the geometry it cannot.
    fn properties_last(&self, parcels: &[Parcel]) {
        let turned: Vec<Vec<u8>> = self.events.iter().map(|event| properties_last(event)).collect();
        let bench = Bench { only: String::new(), pace: self.pace, events: turned.iter().map(Vec::as_slice).collect() };
        for bank in banks::banks(parcels).iter().filter(|bank| EARLY.contains(&bank.name)) {
            let name = format!("{}, properties last", bank.name);
            if self.wants(&name) {
                let theirs =
                    Theirs::new(&bank.rules).unwrap_or_else(|reason| panic!("quamina refuses {name}: {reason}"));
                bench.against_quamina(&name, &bank.rules, Ours::new(&bank.rules), theirs);
            }
        }
    }

    /// A wildcard that can be in a hundred states at once, beside one that can be in one, or, where the text is long
    /// and a wildcard must be followed through it, in two.
    fn complexity(&self) {
        let name = "wildcard of complexity 100";
        if !self.wants(name) {
            return;
        }
        let parcel = |complexity| Ours::new(&[banks::wildcard_of_complexity(complexity, "properties.MAPBLKLOT")]);
        let (mut complex, mut plain) = (parcel(100), parcel(1));
        let measured = alternate(&self.events, self.pace, &mut |e| complex.count(e), &mut |e| plain.count(e));
        report_cost(name, &measured, "complexity 1", COMPLEXITY_BAR);
        let texts: Vec<Vec<u8>> = parcels::texts(500, 500);
        let texts: Vec<&[u8]> = texts.iter().map(Vec::as_slice).collect();
        let text = |complexity| Ours::new(&[banks::wildcard_of_complexity(complexity, "text")]);
        let (mut complex, mut plain) = (text(100), text(2));
        let measured = alternate(&texts, self.pace, &mut |e| complex.count(e), &mut |e| plain.count(e));
        report_cost("the same in texts of 500", &measured, "complexity 2", COMPLEXITY_BAR);
    }
}

/// The same event with its two large fields in the other order.
fn properties_last(event: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(event).expect("every event is a string's bytes");
    let parts = text
        .strip_prefix(r#"{"type":"Feature","properties":"#)
        .and_then(|rest| rest.strip_suffix('}'))
        .and_then(|rest| rest.split_once(r#","geometry":"#));
    let (properties, geometry) = parts.expect("every parcel is written that way");
    format!(r#"{{"type":"Feature","geometry":{geometry},"properties":{properties}}}"#).into_bytes()
}
