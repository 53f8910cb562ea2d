//! Decides what is kept of measurements, when alarms are looked at, and that whoever is to be told is told.
//!
//! One thread goes round every ten seconds: it takes in what the caller has measured, writes minutes down, looks at
//! alarms, and tells of their changes. Everything else is called by others and answers at once. Start at [`Watch`].
//!
//! Invariants: a change of an alarm is durable before anybody is told of it, and it is told until it was taken in once;
//! what `kill -9` takes of measurements is at most what came since the last round that wrote, a minute of them.

mod alarms;
mod codec;
mod lines;
mod measures;

pub use alarms::{AlarmError, Alarms, Dashboard};
pub use lines::{LineFilter, LineFilterError, LineFilters};
pub use measures::{Listed, Measures};

use crate::clock;
use crate::commit::{Commits, WriteRefused};
use crate::documents::Documents;
use crate::engine::{Engine, Inner, spawn};
use observe::measure::{Datum, embedded};
use serde_json::Value as Json;
use std::sync::Arc;
use std::time::Duration;
use types::{Account, Timestamp};

/// How often alarms of short periods are looked at, and measured.
const ROUND_SECONDS: i64 = 10;
/// From how many measurements of lines on they are taken in, before more lines are looked at.
const RECORDED_AT_ONCE: usize = 1_000;

/// What a round asks of its caller.
pub trait Round: Send {
    /// What was measured since it was asked last; `until` is when the round was due.
    fn measure(&mut self, until: Timestamp) -> Vec<Datum>;
    /// Whether anybody can be told at present.
    fn ready(&self) -> bool;
    /// An alarm has changed its state: its event, for whoever listens to all of them. If it cannot be taken in, it is said
    /// again with the next round.
    fn changed(&mut self, event: &Json) -> Result<(), String>;
    /// Tells whoever an action names of an alarm's event; why not, if that cannot be done.
    fn tell(&mut self, action: &str, event: &Json) -> Result<(), String>;
}

/// Measurements, alarms, and filters of lines.
#[derive(Clone)]
pub struct Watch {
    /// What was measured.
    pub measures: Arc<Measures>,
    /// Who watches it.
    pub alarms: Arc<Alarms>,
    /// Which lines are counted.
    pub line_filters: Arc<LineFilters>,
}

impl Watch {
    pub(crate) fn open(commits: &Commits, account: &Account) -> Result<Self, WriteRefused> {
        let documents = Documents::new(commits.clone());
        Ok(Self {
            measures: Arc::new(Measures::open(commits)?),
            alarms: Arc::new(Alarms::open(documents.clone(), account.clone())?),
            line_filters: Arc::new(LineFilters::open(documents)?),
        })
    }

    /// Takes in what lines of a log group measure: those in the embedded metric format, and those that a filter counts.
    pub fn see_lines<'a>(&self, group: &str, lines: impl Iterator<Item = (Timestamp, &'a str)>) {
        let filters = self.line_filters.of(group);
        // What is refused is counted; nobody waits for an answer to a line.
        let record = |data: &[Datum]| {
            let _ = self.measures.record(data, clock::now());
        };
        let mut data = Vec::new();
        for (at, line) in lines {
            let line = line.trim_end_matches('\n');
            if embedded::may_hold(line) {
                data.extend(embedded::read(line));
            }
            if let Some(filters) = &filters {
                data.extend(filters.iter().filter_map(|filter| filter.measure(line, at)));
            }
            // A short line may measure thousands, and many lines may come at once.
            if data.len() >= RECORDED_AT_ONCE {
                record(&data);
                data.clear();
            }
        }
        if !data.is_empty() {
            record(&data);
        }
    }
}

impl Engine {
    /// Measurements, alarms, and filters of lines.
    pub fn watch(&self) -> &Watch {
        &self.inner.watch
    }

    /// Begins to go round: to measure, to write down, to look at alarms.
    pub fn start_watch(&self, round: Box<dyn Round>) {
        let inner = Arc::clone(&self.inner);
        self.inner.keep_thread(spawn("watch", move || run(&inner, round)));
    }
}

fn run(inner: &Inner, mut round: Box<dyn Round>) {
    let watch = &inner.watch;
    let mut warned = false;
    let mut last_minute = clock::now().seconds().div_euclid(60);
    // What a crash left untold.
    watch.alarms.tell_all(&mut *round);
    loop {
        let due = (clock::now().seconds().div_euclid(ROUND_SECONDS) + 1) * ROUND_SECONDS;
        while !inner.is_stopping() && clock::now().millis() < due * 1000 {
            let left = due * 1000 - clock::now().millis();
            inner.sleep(Duration::from_millis(u64::try_from(left).unwrap_or(0).min(1_000)));
        }
        let now = clock::now();
        let until = Timestamp::from_millis((due * 1000).min(now.millis()));
        // It belongs to the time before.
        let at = Timestamp::from_millis(until.millis() - 1);
        let mut data = round.measure(until);
        data.iter_mut().for_each(|datum| datum.at = at);
        let _ = watch.measures.record(&data, now);
        let minute = until.seconds().div_euclid(60);
        let of_minute = minute > last_minute;
        let mut done = Ok(());
        if of_minute || inner.is_stopping() {
            done = watch.measures.write_down();
            if minute.div_euclid(60) > last_minute.div_euclid(60) {
                done = done.and(watch.measures.sweep(minute));
            }
            last_minute = minute.max(last_minute);
        }
        if inner.is_stopping() {
            return;
        }
        done = done.and(watch.alarms.evaluate(&watch.measures, until, of_minute));
        watch.alarms.tell_all(&mut *round);
        match done {
            Ok(()) => warned = false,
            Err(WriteRefused::Stopping) => {}
            Err(refused) if !warned => {
                crate::complain!("orderflow: metrics and alarms wait: {refused}");
                warned = true;
            }
            Err(_) => {}
        }
    }
}
