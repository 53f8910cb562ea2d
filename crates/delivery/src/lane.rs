//! Decides what one lane of a pipe delivers next, and what each outcome settles.
//!
//! A pipe has as many lanes as its parallelisation factor; all changes of one key go through one lane ([`lane_of`]), in
//! order, one batch at a time. Whoever drives a lane reads changes from [`Lane::next_wanted`] on, hands each one to
//! [`Lane::offer`] or [`Lane::pass_over`], asks [`Lane::poll`] what to do, and reports with [`Lane::settle`] how it
//! went. [`Lane::progress`] is a checkpoint at any time: a lane made from it goes on where this one was.
//!
//! What counts as an attempt: only failures of a batch that cannot be made smaller. A batch that was split, a batch of
//! which a part was done, and a function that could not be reached cost none. So a poison record among good ones is
//! tried alone exactly `retries + 1` times, and the good ones go through once.
//!
//! Invariants: records are first invoked in their order; a record is settled once, as delivered or as given up, and
//! nothing after it is settled before it; what is not settled is in the checkpoint's future.

mod backlog;
mod dead;
#[cfg(test)]
pub(crate) mod fixture;
mod payload;
mod policy;
mod progress;
#[cfg(test)]
mod tests;

pub use dead::{Condition, DeadLetter};
pub use policy::{BACKOFF_FIRST, BACKOFF_MAX, PAYLOAD_MAX, Policy, backoff};
pub use progress::Progress;

use crate::answer::{self, Failure};
use backlog::Backlog;
use serde_json::Value as Json;
use types::{Record, SequenceNumber, Timestamp};

/// A lane is full with this many payloads' bytes: one under way, and one ready behind it.
const PAYLOADS_HELD: usize = 2;

/// Which of `lanes` a change belongs to, by the spread of its key.
pub fn lane_of(spread: u64, lanes: usize) -> usize {
    let lanes = lanes.max(1) as u64;
    usize::try_from(spread % lanes).expect("it is less than a number of lanes, which is a usize")
}

/// One lane of a pipe.
#[derive(Debug)]
pub struct Lane {
    policy: Policy,
    progress: Progress,
    backlog: Backlog,
    /// How many records at the front are with the function; 0 when it has none.
    in_flight: usize,
    /// Since when the function could not even be asked. Not kept: after a restart it may be there again.
    unavailable: Option<Unavailable>,
}

#[derive(Debug)]
struct Unavailable {
    times: u32,
    retry_at: Timestamp,
    error: String,
}

/// What to do next.
#[derive(Debug)]
pub enum Step {
    /// Invoke the function, then report with [`Lane::settle`].
    Invoke(Batch),
    /// These records became too old. They are settled; all that is left is to keep them.
    GiveUp(DeadLetter),
    /// Nothing, until then, or until a record is offered or a batch settled.
    Wait {
        /// When to poll at the latest.
        until: Option<Timestamp>,
    },
}

/// What a function gets at once.
#[derive(Debug, Clone)]
pub struct Batch {
    /// In order, at least one.
    pub records: Vec<Record>,
    /// The number of the attempt at exactly this batch, from 1.
    pub attempt: u32,
}

/// How an invocation went.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The function answered; it may say that a part failed, see [`answer`].
    Answered(Json),
    /// Everything is done, or in hands that will do it.
    Accepted,
    /// The function did the first `done` records and stopped at the next one; it counts if `done` is 0.
    Stopped {
        /// How many records at the front are done.
        done: usize,
        /// Why the next one is not.
        error: String,
    },
    /// The function failed; that counts.
    Failed {
        /// How.
        error: String,
    },
    /// The function could not be asked: it is throttled, or its house is on fire. That does not count.
    Unavailable {
        /// Why.
        error: String,
    },
}

/// Some records of a lane that stand next to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first one's place.
    pub first: SequenceNumber,
    /// The last one's place.
    pub last: SequenceNumber,
    /// How many they are.
    pub records: usize,
}

/// What became of an invocation, for those who keep the checkpoint and for those who ask why.
#[derive(Debug, Clone)]
pub enum Settled {
    /// These are done.
    Delivered {
        /// Which.
        span: Span,
        /// At which attempt, from 1.
        attempt: u32,
    },
    /// These are not done, and are tried again.
    Failed {
        /// Which.
        span: Span,
        /// At which attempt, from 1.
        attempt: u32,
        /// Why.
        error: String,
        /// What happens next.
        next: Next,
    },
    /// The function could not be asked; no attempt was made.
    Postponed {
        /// Which.
        span: Span,
        /// Why.
        error: String,
        /// When it is asked again.
        retry_at: Timestamp,
    },
    /// These are never tried again. They are settled; all that is left is to keep them.
    GaveUp(DeadLetter),
}

/// What follows a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The same batch is tried again then; this attempt counted.
    Retry {
        /// When.
        at: Timestamp,
    },
    /// A part was done; what is left is a batch of its own, tried at once.
    Rest,
    /// The batch is split in two, tried one after the other, the first at once.
    Halves,
}

/// What the records at the front make.
enum Head {
    /// Nothing to invoke with; more may come until then.
    Open { closes_at: Option<Timestamp> },
    /// A batch of so many records.
    Closed { records: usize },
}

impl Lane {
    /// A lane that goes on where `progress` says.
    pub fn new(policy: Policy, progress: Progress) -> Self {
        let progress = progress.repaired();
        let backlog = Backlog::new(progress.done);
        Self { policy, progress, backlog, in_flight: 0, unavailable: None }
    }

    /// How far the lane is: what to keep, and safe to keep at any time.
    pub fn progress(&self) -> Progress {
        self.progress.clone()
    }

    /// The first change that the lane has not seen; reading starts or goes on here.
    pub fn next_wanted(&self) -> SequenceNumber {
        self.backlog.seen().next()
    }

    /// Whether the lane holds all that it can use for now: read on once something is settled.
    pub fn is_full(&self) -> bool {
        let records = self.policy.batch_records().saturating_mul(PAYLOADS_HELD);
        self.backlog.len() >= records || self.backlog.bytes() >= (PAYLOAD_MAX * PAYLOADS_HELD) as u64
    }

    /// Whether an invocation is under way, so that [`Lane::settle`] is due.
    pub fn is_invoking(&self) -> bool {
        self.in_flight > 0
    }

    /// How many records are not settled yet.
    pub fn waiting(&self) -> usize {
        self.backlog.len()
    }

    /// When the oldest record that is not settled was made.
    pub fn oldest(&self) -> Option<Timestamp> {
        self.backlog.first().map(|(record, _)| record.change.at)
    }

    /// Takes a record that passed the filter and belongs to this lane. Panics if it is not after all seen before.
    pub fn offer(&mut self, record: Record, now: Timestamp) {
        if self.backlog.is_empty() {
            self.progress.reach(record.change.sequence);
        }
        self.backlog.push(record, now);
    }

    /// Notes a change that was filtered out or is another lane's. Panics if it is not after all seen before.
    pub fn pass_over(&mut self, sequence: SequenceNumber) {
        self.backlog.pass_over(sequence);
        if self.backlog.is_empty() {
            self.progress.done = sequence;
            self.progress.reach(sequence.next());
        }
    }

    /// What to do now. One invocation at a time: while one is under way, wait.
    pub fn poll(&mut self, now: Timestamp) -> Step {
        if self.is_invoking() {
            return Step::Wait { until: None };
        }
        self.follow_the_clock(now);
        let records = match self.head(now) {
            Head::Open { closes_at } => return Step::Wait { until: closes_at },
            Head::Closed { records } => records,
        };
        let too_old_at = |record: &Record| self.policy.too_old_at(record.change.at);
        let too_old = |record: &&Record| too_old_at(record).is_some_and(|limit| limit <= now);
        let given_up = self.backlog.records(records).take_while(too_old).count();
        if given_up > 0 {
            return Step::GiveUp(self.give_up(given_up, Condition::RecordAgeExceeded));
        }
        let pause = self.unavailable.as_ref().map(|unavailable| unavailable.retry_at).max(self.progress.retry_at);
        if let Some(retry_at) = pause.filter(|at| *at > now) {
            let too_old_at = self.backlog.first().and_then(|(record, _)| too_old_at(record));
            return Step::Wait { until: Some(too_old_at.map_or(retry_at, |limit| limit.min(retry_at))) };
        }
        self.in_flight = records;
        let attempt = self.progress.attempts.saturating_add(1);
        Step::Invoke(Batch { records: self.backlog.records(records).cloned().collect(), attempt })
    }

    /// Reports how the invocation went that [`Lane::poll`] asked for. `jitter`, from 0 to 1, spreads retries.
    ///
    /// Panics if none is under way.
    pub fn settle(&mut self, outcome: Outcome, now: Timestamp, jitter: f64) -> Vec<Settled> {
        let records = std::mem::take(&mut self.in_flight);
        assert!(records > 0, "an outcome without an invocation");
        let failure = match outcome {
            Outcome::Accepted => None,
            Outcome::Answered(answer) if answer.get("batchItemFailures").is_none() => None,
            Outcome::Answered(answer) => {
                let batch: Vec<Record> = self.backlog.records(records).cloned().collect();
                answer::read(&answer, &batch).err()
            }
            // Who claims to have stopped after the last record, has stopped nowhere that we know.
            Outcome::Stopped { done, error } => Some(Failure { done: if done < records { done } else { 0 }, error }),
            Outcome::Failed { error } => Some(Failure { done: 0, error }),
            Outcome::Unavailable { error } => return vec![self.postpone(records, error, now, jitter)],
        };
        self.unavailable = None;
        match failure {
            None => vec![self.deliver(records)],
            Some(Failure { done: 0, error }) => vec![self.fail(records, error, now, jitter)],
            Some(Failure { done, error }) => self.deliver_part(records, done, error),
        }
    }

    /// A clock that was set back must not make a wait longer than it was meant to be.
    fn follow_the_clock(&mut self, now: Timestamp) {
        self.backlog.offered_by(now);
        let latest = now + BACKOFF_MAX;
        self.progress.retry_at = self.progress.retry_at.map(|at| at.min(latest));
        if let Some(unavailable) = &mut self.unavailable {
            unavailable.retry_at = unavailable.retry_at.min(latest);
        }
    }

    /// What the records at the front make now.
    fn head(&self, now: Timestamp) -> Head {
        let Some((first, offered_at)) = self.backlog.first() else {
            return Head::Open { closes_at: None };
        };
        let most = self.backlog.fitting(PAYLOAD_MAX).min(self.policy.batch_records());
        if let Some(bound) = self.progress.bounds.last() {
            // A batch that failed before is tried again as it was, so all of it must have been read again.
            let within = self.backlog.within(*bound);
            return match self.backlog.seen() >= *bound || within > most || self.is_full() {
                true => Head::Closed { records: within.min(most) },
                false => Head::Open { closes_at: None },
            };
        }
        let closes_at = self.policy.closes_at(offered_at, first.change.at);
        let is_filled = most < self.backlog.len() || most == self.policy.batch_records() || self.is_full();
        match is_filled || closes_at <= now {
            true => Head::Closed { records: most },
            false => Head::Open { closes_at: Some(closes_at) },
        }
    }

    fn span(&self, from: usize, to: usize) -> Span {
        let (first, last) = (self.backlog.sequence(from), self.backlog.sequence(to - 1));
        Span { first, last, records: to - from }
    }

    /// Takes records off the front for good.
    fn take(&mut self, records: usize) -> Vec<Record> {
        let (taken, through) = self.backlog.take(records);
        self.progress.done = through;
        let first = self.backlog.first().map_or(through.next(), |(record, _)| record.change.sequence);
        self.progress.reach(first);
        taken
    }

    fn deliver(&mut self, records: usize) -> Settled {
        let (span, attempt) = (self.span(0, records), self.progress.attempts.saturating_add(1));
        self.take(records);
        // Even if a bound is left, because batches became smaller: what failed before was another batch.
        self.progress.forget_head();
        Settled::Delivered { span, attempt }
    }

    fn deliver_part(&mut self, records: usize, done: usize, error: String) -> Vec<Settled> {
        let attempt = self.progress.attempts.saturating_add(1);
        let (delivered, rest) = (self.span(0, done), self.span(done, records));
        self.progress.bound_at(rest.last);
        self.take(done);
        self.progress.forget_head();
        self.progress.last_error = Some(error.clone());
        vec![
            Settled::Delivered { span: delivered, attempt },
            Settled::Failed { span: rest, attempt, error, next: Next::Rest },
        ]
    }

    fn fail(&mut self, records: usize, error: String, now: Timestamp, jitter: f64) -> Settled {
        let span = self.span(0, records);
        let attempt = self.progress.attempts.saturating_add(1);
        self.progress.bound_at(span.last);
        self.progress.last_error = Some(error.clone());
        if self.policy.bisect && records > 1 {
            self.progress.bound_at(self.backlog.sequence(records.div_ceil(2) - 1));
            self.progress.attempts = 0;
            self.progress.retry_at = None;
            return Settled::Failed { span, attempt, error, next: Next::Halves };
        }
        self.progress.attempts = attempt;
        if self.policy.is_exhausted(attempt) {
            return Settled::GaveUp(self.give_up(records, Condition::RetryAttemptsExhausted));
        }
        let at = now + backoff(attempt, jitter);
        self.progress.retry_at = Some(at);
        Settled::Failed { span, attempt, error, next: Next::Retry { at } }
    }

    fn postpone(&mut self, records: usize, error: String, now: Timestamp, jitter: f64) -> Settled {
        let times = self.unavailable.as_ref().map_or(1, |unavailable| unavailable.times.saturating_add(1));
        let retry_at = now + backoff(times, jitter);
        self.unavailable = Some(Unavailable { times, retry_at, error: error.clone() });
        Settled::Postponed { span: self.span(0, records), error, retry_at }
    }

    fn give_up(&mut self, records: usize, condition: Condition) -> DeadLetter {
        let unavailable = self.unavailable.as_ref().map(|unavailable| unavailable.error.clone());
        let error = unavailable.or_else(|| self.progress.last_error.clone());
        let attempts = self.progress.attempts;
        DeadLetter { records: self.take(records), condition, error, attempts }
    }
}
