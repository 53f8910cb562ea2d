//! Decides how a pipe runs: one thread a lane, which reads what is committed, filters it, and hands batches over.
//!
//! What a lane does when is `delivery::lane`'s to decide; here its steps are carried out. Changes come from the feed's
//! ring, or from the log while the lane is behind. A filtered change only moves the cursor: it writes nothing, and the
//! new place is kept with the next thing that is written, or after [`FILTERED_MAX`] of them.

mod begin;
mod entries;
mod flow;
mod from_queue;
mod manage;

pub(crate) use begin::RunningPipe;
pub(crate) use flow::{Delivery, Flow, Parts};
pub(crate) use from_queue::FromQueue;
pub use from_queue::SpellMessage;
pub use manage::PipeRefused;

use crate::asynchronous;
use crate::clock;
use crate::codec;
use crate::commit::Commits;
use crate::feed::{After, Feed};
use crate::functions::{Functions, Invoked};
use crate::layout;
use crate::progress::{Checkpoints, How, LaneId, Outcome as Recorded, Then};
use crate::queues::{self, LiveQueue};
use crate::spec::{InvocationType, PipeSpec, PipeTarget};
use crate::trace;
use crate::traffic::PipeMeter;
use delivery::dead_letter::Letter;
use delivery::filters::Filters;
use delivery::lane::{self, Batch, DeadLetter, Lane, Next, Outcome, Policy, Progress, Settled, Span, Step};
use observe::trace::Tracer;
use std::cell::RefCell;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use types::{Account, Change, FunctionName, Record, SequenceNumber, Stream, TableId};

/// How many changes a lane takes from the ring or the log at once.
const CHUNK: usize = 512;
/// After how many places that were only filtered the checkpoint is written by itself.
const FILTERED_MAX: u64 = 4_096;

/// Everything that the lanes of one pipe share.
pub(crate) struct Pipe {
    pub(crate) id: u32,
    pub(crate) spec: PipeSpec,
    pub(crate) table: TableId,
    pub(crate) stream: Arc<Stream>,
    pub(crate) filters: Filters,
    pub(crate) account: Account,
    /// How long changes stay in the log.
    pub(crate) kept_for: Duration,
    pub(crate) dead_letters: Option<Arc<LiveQueue>>,
    /// Where batches go that nobody waits for.
    pub(crate) handover: Option<Arc<LiveQueue>>,
    /// What becomes of records on their way, unless they reach a function as they are.
    pub(crate) flow: Option<Flow>,
    pub(crate) functions: Arc<dyn Functions>,
    pub(crate) commits: Commits,
    pub(crate) feed: Arc<Feed>,
    pub(crate) checkpoints: Arc<Checkpoints>,
    pub(crate) stopping: AtomicBool,
    /// Records that the log no longer had when the pipe came to read them.
    pub(crate) missed: AtomicU64,
    pub(crate) meter: Arc<PipeMeter>,
    pub(crate) tracer: Option<Arc<Tracer>>,
    /// How far each lane is.
    pub(crate) done: Vec<AtomicU64>,
}

impl Pipe {
    /// What `delivery` needs to know of the pipe.
    fn policy(spec: &PipeSpec, kept_for: Duration) -> Policy {
        // A record that leaves the log cannot be delivered: it is given up while it can still be kept.
        let max_age =
            spec.max_age_seconds.map_or(kept_for, |seconds| Duration::from_secs(seconds.into()).min(kept_for));
        Policy {
            batch_size: spec.batch_size,
            window: Duration::from_secs(spec.window_seconds.into()),
            retries: spec.retries,
            max_age: Some(max_age),
            bisect: spec.bisect,
        }
    }

    /// Ends the lanes after what they are doing now.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
        self.feed.nudge();
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// A lane's whole life.
    pub(crate) fn run_lane(self: Arc<Self>, number: u16, progress: Progress) {
        let lane = Lane::new(Self::policy(&self.spec, self.kept_for), progress.clone());
        let cursor = SequenceNumber::new(lane.next_wanted().get().saturating_sub(1));
        let id = LaneId { pipe: self.id, lane: number };
        let runtime = self.flow.as_ref().map(|_| tokio::runtime::Builder::new_current_thread().enable_all().build());
        let runtime = match runtime.transpose() {
            Ok(runtime) => runtime,
            Err(error) => return crate::complain!("orderflow: no lane for pipe {}: {error}", self.spec.name),
        };
        let mut worker = Worker { pipe: self, id, lane, cursor, log: None, written: progress.done, runtime };
        worker.run();
    }
}

struct Worker {
    pipe: Arc<Pipe>,
    id: LaneId,
    lane: Lane,
    /// Everything up to here was offered to the lane or passed over.
    cursor: SequenceNumber,
    /// Where the lane reads while it is behind the ring.
    log: Option<store::LogReader>,
    /// The progress that was last handed in.
    written: SequenceNumber,
    /// What waits for functions on the way, if there is a way.
    runtime: Option<tokio::runtime::Runtime>,
}

impl Worker {
    fn run(&mut self) {
        loop {
            // Before looking whether to stop: a nudge in between must not be taken for an old one.
            let nudges = self.pipe.feed.nudges();
            if self.pipe.is_stopping() {
                break;
            }
            self.fill();
            self.show();
            match self.lane.poll(clock::now()) {
                Step::Invoke(batch) => self.invoke(batch),
                Step::GiveUp(dead) => self.keep(vec![Settled::GaveUp(dead)]),
                Step::Wait { until } => {
                    self.keep_filtered(FILTERED_MAX);
                    let full = self.lane.is_full();
                    let at_most = until.map(|until| until.since(clock::now()).max(Duration::from_millis(1)));
                    // A full lane takes no more, so changes must not wake it.
                    let cursor = if full { SequenceNumber::new(u64::MAX) } else { self.cursor };
                    self.pipe.feed.wait(cursor, nudges, at_most);
                }
            }
        }
        self.show();
        self.keep_filtered(1);
    }

    fn show(&self) {
        let done = self.lane.progress().done.get();
        self.pipe.done[usize::from(self.id.lane)].store(done, Ordering::Relaxed);
    }

    /// Offers the lane what there is, until it has something to do or there is no more.
    fn fill(&mut self) {
        while !self.lane.is_full() && !self.pipe.is_stopping() {
            match self.pipe.feed.after(self.cursor, CHUNK) {
                After::Changes(found, reached) => {
                    self.log = None;
                    let none = found.is_empty();
                    for fresh in found {
                        if self.lane.is_full() {
                            return;
                        }
                        self.take_in(fresh.change);
                    }
                    if reached > self.cursor {
                        self.lane.pass_over(reached);
                        self.cursor = reached;
                    }
                    if none {
                        return;
                    }
                }
                After::Behind(floor) => self.catch_up(floor),
            }
            if self.lane.waiting() > 0 {
                return;
            }
            self.keep_filtered(FILTERED_MAX);
        }
    }

    fn take_in(&mut self, change: Arc<Change>) {
        let sequence = change.sequence;
        if self.concerns(change.table, change.spread) {
            let record = Record { change, stream: Some(Arc::clone(&self.pipe.stream)) };
            let passes = self.pipe.filters.passes(&record);
            self.pipe.meter.read(record.size(), passes);
            if passes {
                self.lane.offer(record, clock::now());
            } else {
                self.lane.pass_over(sequence);
            }
        } else {
            self.lane.pass_over(sequence);
        }
        self.cursor = sequence;
    }

    fn concerns(&self, table: TableId, spread: u64) -> bool {
        let lanes = self.pipe.done.len();
        table == self.pipe.table && lane::lane_of(spread, lanes) == usize::from(self.id.lane)
    }

    /// Reads the log up to `floor`, as far as the lane has room.
    fn catch_up(&mut self, floor: SequenceNumber) {
        for _ in 0..CHUNK {
            if self.cursor >= floor || self.lane.is_full() {
                return;
            }
            if self.log.is_none() {
                match self.pipe.commits.store.log_from(layout::seq(self.cursor.next())) {
                    Ok(reader) => self.log = Some(reader),
                    Err(store::ReadError::Trimmed { lowest }) => return self.miss(layout::sequence(lowest)),
                    Err(error) => return self.unreadable(&error),
                }
            }
            let reader = self.log.as_mut().expect("just opened");
            match reader.next() {
                Ok(Some(entry)) => {
                    let sequence = layout::sequence(entry.seq);
                    if entry.kind() != layout::kind::CHANGE {
                        self.lane.pass_over(sequence);
                        self.cursor = sequence;
                        continue;
                    }
                    let at = layout::timestamp(entry.time_ms);
                    let change = codec::peek_change(entry.record()).and_then(|(table, spread)| {
                        let concerns = self.concerns(table, spread);
                        if concerns { codec::read_change(entry.record(), sequence, at).map(Some) } else { Ok(None) }
                    });
                    match change {
                        Ok(Some(change)) => self.take_in(Arc::new(change)),
                        Ok(None) => {
                            self.lane.pass_over(sequence);
                            self.cursor = sequence;
                        }
                        Err(error) => return self.unreadable(&error),
                    }
                }
                Err(store::ReadError::Trimmed { lowest }) => return self.miss(layout::sequence(lowest)),
                Err(error) => return self.unreadable(&error),
                // Everything durable has been read: the ring has the rest.
                Ok(None) => {
                    self.log = None;
                    return;
                }
            }
        }
    }

    /// The log no longer reaches back to where the lane stands.
    fn miss(&mut self, lowest: SequenceNumber) {
        let reached = SequenceNumber::new(lowest.get().saturating_sub(1)).max(self.cursor);
        let missed = reached.get() - self.cursor.get();
        self.pipe.missed.fetch_add(missed, Ordering::Relaxed);
        crate::complain!(
            "orderflow: pipe {} was too slow: up to {missed} changes after {} left the log before it read them",
            self.pipe.spec.name,
            self.cursor
        );
        self.log = None;
        self.lane.pass_over(reached);
        self.cursor = reached;
    }

    /// The log cannot be read: the lane stays where it is, and says so.
    fn unreadable(&mut self, error: &dyn std::fmt::Display) {
        crate::complain!("orderflow: pipe {} cannot read the log after {}: {error}", self.pipe.spec.name, self.cursor);
        self.log = None;
        let nudges = self.pipe.feed.nudges();
        self.pipe.feed.wait(SequenceNumber::new(u64::MAX), nudges, Some(Duration::from_secs(5)));
    }

    fn invoke(&mut self, batch: Batch) {
        let outcome = match (self.delivered(&batch), self.pipe.spec.invocation) {
            (Some(Delivery::Together(parts)), _) => return self.hand_on(&batch, parts),
            (Some(Delivery::Answered(answer)), _) => Outcome::Answered(answer),
            (Some(Delivery::Failed { error }), _) => Outcome::Failed { error },
            (Some(Delivery::Unavailable { error }), _) => Outcome::Unavailable { error },
            (None, InvocationType::RequestResponse) => {
                let PipeTarget::Function(function) = &self.pipe.spec.target else {
                    unreachable!("whatever else is handed records has them on a way")
                };
                match self.call(function, &batch.records) {
                    Invoked::Answered { answer } => Outcome::Answered(answer),
                    Invoked::Failed { error } => Outcome::Failed { error },
                    Invoked::NotRun { reason } => Outcome::Unavailable { error: reason },
                }
            }
            (None, InvocationType::FireAndForget) => Outcome::Accepted,
        };
        let accepted = matches!(outcome, Outcome::Accepted);
        let settled = self.lane.settle(outcome, clock::now(), jitter());
        if accepted {
            return self.hand_over(&batch);
        }
        self.keep(settled);
    }

    /// What came of sending a batch on its way; nothing if it reaches a function as it is.
    fn delivered(&self, batch: &Batch) -> Option<Delivery> {
        let (flow, runtime) = (self.pipe.flow.as_ref()?, self.runtime.as_ref()?);
        let json = |record: &Record| serde_json::to_string(record).expect("records are plain data");
        let records: Vec<String> = batch.records.iter().map(json).collect();
        let deliver = || runtime.block_on(flow.deliver(&records));
        let Some(tracer) = &self.pipe.tracer else { return Some(deliver()) };
        let name = self.pipe.spec.name.as_str();
        Some(trace::deliver(tracer, name, &batch.records, deliver, |delivery, record| match delivery {
            Delivery::Together(_) => None,
            Delivery::Answered(answer) => reported(answer, record),
            Delivery::Failed { error } | Delivery::Unavailable { error } => Some(error.clone()),
        }))
    }

    /// Makes what was made of a batch durable together with the progress past it. It may be nothing, because the target
    /// has it already.
    fn hand_on(&mut self, batch: &Batch, parts: Parts) {
        let settled = self.lane.settle(Outcome::Accepted, clock::now(), jitter());
        if parts.entries.is_empty() {
            return self.keep(settled);
        }
        let how = match self.pipe.spec.target {
            PipeTarget::Function(_) => How::Accepted,
            PipeTarget::Queue { .. } | PipeTarget::Bus { .. } | PipeTarget::LogGroup { .. } => {
                How::Delivered { invocations: 1 }
            }
        };
        let Parts { entries, after } = parts;
        if self.commit_with(&[recorded(span_of(&batch.records), how)], &|| entries.clone()) {
            after.durable();
        }
    }

    /// Calls the target with these records.
    fn call(&self, function: &FunctionName, records: &[Record]) -> Invoked {
        let Pipe { functions, spec, tracer, .. } = &*self.pipe;
        let call = || functions.invoke_qualified(function, spec.qualifier.as_ref(), records);
        let Some(tracer) = tracer else { return call() };
        trace::deliver(tracer, spec.name.as_str(), records, call, |invoked, record| match invoked {
            Invoked::Answered { answer } => reported(answer, record),
            Invoked::Failed { error } => Some(error.clone()),
            Invoked::NotRun { reason } => Some(reason.clone()),
        })
    }

    /// Keeps what became of a batch. If any of it must not be forgotten, all of it becomes durable as one, because the
    /// lane's progress is already past all of it.
    fn keep(&mut self, settled: Vec<Settled>) {
        let urgent = settled.iter().any(|one| matches!(one, Settled::Failed { .. } | Settled::GaveUp(_)));
        let mut letters = Vec::new();
        let outcomes: Vec<Recorded> = settled.into_iter().map(|one| self.recorded(one, &mut letters)).collect();
        if urgent {
            self.commit_now(&outcomes, &letters);
        } else {
            let progress = self.lane.progress();
            self.written = progress.done;
            outcomes
                .into_iter()
                .for_each(|outcome| self.pipe.checkpoints.stage(self.id, progress.clone(), Some(outcome)));
        }
    }

    /// What is told of it; a letter for what was given up is added to `letters`.
    fn recorded(&self, settled: Settled, letters: &mut Vec<Letter>) -> Recorded {
        match settled {
            Settled::Delivered { span, attempt: _ } => recorded(span, How::Delivered { invocations: 1 }),
            Settled::Postponed { span, error, retry_at } => recorded(span, How::Postponed { error, retry_at }),
            Settled::Failed { span, attempt, error, next } => {
                let then = match next {
                    Next::Retry { at } => Then::Retry { at },
                    Next::Rest => Then::Rest,
                    Next::Halves => Then::Halves,
                };
                recorded(span, How::Failed { error, attempt, then })
            }
            Settled::GaveUp(dead) => self.given_up(&dead, letters),
        }
    }

    fn given_up(&self, dead: &DeadLetter, letters: &mut Vec<Letter>) -> Recorded {
        let spec = &self.pipe.spec;
        let how = How::GaveUp {
            condition: dead.condition.name().to_owned(),
            error: dead.error.clone(),
            attempts: dead.attempts,
            queue: spec.dead_letters.as_ref().map(ToString::to_string),
        };
        let arn = self.pipe.account.arn("pipes", &format!("pipe/{}", spec.name));
        letters.push(Letter::new(dead, &spec.name, &arn, &spec.target.to_string(), clock::now()));
        recorded(span_of(&dead.records), how)
    }

    /// Makes progress durable together with its dead letters.
    fn commit_now(&mut self, outcomes: &[Recorded], letters: &[Letter]) {
        let Some(queue) = self.pipe.dead_letters.clone().filter(|_| !letters.is_empty()) else {
            self.commit_with(outcomes, &Vec::new);
            return;
        };
        let sent = Sending::default();
        let send = |letter: &Letter| queue.letter_part(letter.body(), Some(&letter.aside)).split();
        if self.commit_with(outcomes, &|| sent.entries(letters.iter().map(send))) {
            sent.durable();
        }
    }

    /// Hands a batch over to the function's own queue.
    fn hand_over(&mut self, batch: &Batch) {
        let outcome = recorded(span_of(&batch.records), How::Accepted);
        let queue = self.pipe.handover.clone().expect("a pipe that waits for nobody has a handover queue");
        let body = serde_json::to_string(&batch.records).expect("records are plain data");
        let traced = self.pipe.tracer.as_ref();
        let spans = traced.map(|tracer| trace::hand_over(tracer, self.pipe.spec.name.as_str(), &batch.records));
        let sent = Sending::default();
        let part = || queue.place_part(asynchronous::message_of_records(body.clone(), spans.clone()));
        if self.commit_with(&[outcome], &|| sent.entries(std::iter::once(part().split()))) {
            sent.durable();
        }
    }

    /// Makes progress durable together with these entries; whether that went well.
    fn commit_with(&mut self, outcomes: &[Recorded], make: &dyn Fn() -> Vec<store::EntryBuilder>) -> bool {
        let progress = self.lane.progress();
        self.written = progress.done;
        let stopping = || self.pipe.is_stopping();
        let kept = self.pipe.checkpoints.commit_now(self.id, &progress, outcomes, make, &stopping);
        if let Err(refused) = &kept {
            // The engine is stopping; the records are delivered again after the restart.
            crate::complain!("orderflow: pipe {} could not keep its progress: {refused}", self.pipe.spec.name);
            self.pipe.stop();
        }
        kept.is_ok()
    }

    /// Stages a place that was only filtered, if it is at least this far from what was written.
    fn keep_filtered(&mut self, at_least: u64) {
        let progress = self.lane.progress();
        if progress.done.get() >= self.written.get().saturating_add(at_least) {
            self.written = progress.done;
            self.pipe.checkpoints.stage(self.id, progress, None);
        }
    }
}

/// The messages of a commit that may have to be made more than once: those made last are the ones that count.
#[derive(Default)]
struct Sending(RefCell<Vec<queues::After>>);

impl Sending {
    fn entries(&self, made: impl Iterator<Item = (store::EntryBuilder, queues::After)>) -> Vec<store::EntryBuilder> {
        let (entries, sent) = made.unzip();
        *self.0.borrow_mut() = sent;
        entries
    }

    fn durable(self) {
        self.0.into_inner().into_iter().for_each(queues::After::durable);
    }
}

fn recorded(span: Span, how: How) -> Recorded {
    let Span { first, last, records } = span;
    Recorded { first, last, records: records as u64, at: clock::now(), how }
}

fn span_of(records: &[Record]) -> Span {
    let none = "a batch holds at least one record";
    let (first, last) = (records.first().expect(none), records.last().expect(none));
    Span { first: first.change.sequence, last: last.change.sequence, records: records.len() }
}

/// A number from 0 to 1 that nobody can guess, so that lanes do not retry in step.
fn jitter() -> f64 {
    let random = RandomState::new().build_hasher().finish();
    (random >> 11) as f64 / (1u64 << 53) as f64
}

/// What a trace says of a record that a function answered it could not do.
fn reported(answer: &serde_json::Value, record: &Record) -> Option<String> {
    trace::is_reported(answer, record).then(|| "reported as failed".to_owned())
}
