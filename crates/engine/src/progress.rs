//! Decides when pipes' progress is written: with the next group, and by itself at most 50 ms later.
//!
//! Lanes [`Checkpoints::stage`] what they have done; a thread of its own hands all that is staged in as one entry.
//! What must not be forgotten (a counted failure, a dead letter) goes at once, with whatever the same lane has staged
//! ([`Checkpoints::commit_now`]).
//!
//! Invariant: a lane's progress reaches the log in the order in which the lane made it, because taking it from the
//! stage, handing it in and, if it is refused, putting it back happen in turns: one at a time.

use crate::commit::{Commits, WriteRefused};
use crate::layout::{self, OUTCOMES, STATE, kind};
use delivery::lane::Progress;
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;
use store::EntryBuilder;
use types::{SequenceNumber, SortedMap, Timestamp};

/// How long progress may wait for company.
const GATHER_FOR: Duration = Duration::from_millis(50);
/// How long to wait before trying again what the disk had no room for.
const RETRY_AFTER: Duration = Duration::from_millis(500);

/// One lane of one pipe, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LaneId {
    pub(crate) pipe: u32,
    pub(crate) lane: u16,
}

/// How the delivery of some records went; what `explain` tells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The first of the records.
    pub first: SequenceNumber,
    /// The last of the records.
    pub last: SequenceNumber,
    /// How many there were.
    pub records: u64,
    /// When it was known.
    pub at: Timestamp,
    /// How it went.
    pub how: How,
}

/// How a delivery went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum How {
    /// The function has done its work on all of them.
    Delivered {
        /// In how many invocations.
        invocations: u64,
    },
    /// The function's own queue took them over.
    Accepted,
    /// They were given up, and the function has done its work on them later, when somebody had them delivered again.
    Redelivered,
    /// The function failed on one of them.
    Failed {
        /// What it said.
        error: String,
        /// Which attempt at exactly these records it was, from 1.
        attempt: u32,
        /// What followed.
        then: Then,
    },
    /// The function could not be asked; that does not count.
    Postponed {
        /// Why.
        error: String,
        /// When it was to be asked again.
        retry_at: Timestamp,
    },
    /// They were given up.
    GaveUp {
        /// `RetryAttemptsExhausted` or `RecordAgeExceeded`.
        condition: String,
        /// What the function said last.
        error: Option<String>,
        /// After how many counted attempts.
        attempts: u32,
        /// The queue that has them now; `None` if the pipe has none and they were dropped.
        queue: Option<String>,
    },
}

/// What followed a failure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Then {
    /// The same records were to be tried again.
    Retry {
        /// When.
        at: Timestamp,
    },
    /// The records before the faulty one were done; the rest was tried at once.
    Rest,
    /// The batch was halved.
    Halves,
}

/// What is to be written.
pub(crate) struct Checkpoints {
    commits: Commits,
    stage: Mutex<Stage>,
    /// Held from taking progress off the stage until it is durable, or back.
    turn: Mutex<()>,
    bell: Condvar,
}

#[derive(Debug, Default)]
struct Stage {
    lanes: SortedMap<LaneId, Staged>,
    /// Distinguishes outcomes that end at the same record.
    counter: u64,
    stopping: bool,
}

#[derive(Debug, Clone)]
struct Staged {
    progress: Progress,
    outcomes: Vec<Outcome>,
}

impl Checkpoints {
    pub(crate) fn new(commits: Commits, started_at: Timestamp) -> Arc<Self> {
        // Beginning with the time, the counter is never used again after a restart.
        let counter = u64::try_from(started_at.millis()).unwrap_or(0) << 20;
        let stage = Mutex::new(Stage { counter, ..Stage::default() });
        Arc::new(Self { commits, stage, turn: Mutex::new(()), bell: Condvar::new() })
    }

    fn lock(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().expect("no thread panics while it holds the stage")
    }

    /// Progress that may wait for company.
    pub(crate) fn stage(&self, lane: LaneId, progress: Progress, outcome: Option<Outcome>) {
        let mut stage = self.lock();
        let was_empty = stage.lanes.is_empty();
        stage.add(lane, progress, outcome);
        drop(stage);
        if was_empty {
            self.bell.notify_one();
        }
    }

    /// Progress that must be durable before the lane goes on, together with these entries.
    pub(crate) fn commit_now(
        &self,
        lane: LaneId,
        progress: &Progress,
        outcomes: &[Outcome],
        make: &dyn Fn() -> Vec<EntryBuilder>,
        give_up: &dyn Fn() -> bool,
    ) -> Result<(), WriteRefused> {
        loop {
            let turn = self.turn();
            let mut stage = self.lock();
            let before = stage.lanes.remove(&lane);
            let mut staged = Staged { progress: progress.clone(), outcomes: vec![] };
            staged.outcomes.extend(before.iter().flat_map(|before| before.outcomes.clone()));
            staged.outcomes.extend_from_slice(outcomes);
            let mut entries = make();
            entries.push(stage.entry(&SortedMap::from([(lane, staged)])));
            drop(stage);
            match self.commits.commit_blocking(entries) {
                Ok(_) => return Ok(()),
                Err(WriteRefused::Busy | WriteRefused::NoSpace) if !give_up() => {
                    // The disk is full even for us: try until there is room. What was staged before goes back as it
                    // was; the new progress must not become durable without the entries that belong to it.
                    self.put_back(before.map(|before| (lane, before)).into_iter().collect());
                    drop(turn);
                    std::thread::sleep(RETRY_AFTER);
                }
                Err(refused) => return Err(refused),
            }
        }
    }

    /// Makes everything durable that is staged now.
    pub(crate) fn flush(&self) -> Result<(), WriteRefused> {
        let _turn = self.turn();
        let mut stage = self.lock();
        let taken = std::mem::take(&mut stage.lanes);
        if taken.is_empty() {
            return Ok(());
        }
        let entry = stage.entry(&taken);
        drop(stage);
        let kept = self.commits.commit_one_blocking(entry).map(drop);
        if kept.is_err() {
            self.put_back(taken);
        }
        kept
    }

    /// The entry that keeps an outcome which no lane of its own has made.
    pub(crate) fn outcome_entry(&self, outcomes: &[(LaneId, Outcome)]) -> EntryBuilder {
        let mut stage = self.lock();
        let entry = EntryBuilder::new(kind::PROGRESS, &[]);
        outcomes.iter().fold(entry, |entry, (lane, outcome)| stage.put_outcome(entry, *lane, outcome))
    }

    fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().expect("no thread panics during its turn")
    }

    /// What was taken off the stage and not kept; rings, because others may have found the stage empty meanwhile.
    fn put_back(&self, taken: SortedMap<LaneId, Staged>) {
        self.lock().put_back(taken);
        self.bell.notify_all();
    }

    /// Hands in what is staged until told to stop; the thread's whole life.
    pub(crate) fn run(&self) {
        while let Some(stopping) = self.wait_for_company() {
            match self.flush() {
                Ok(()) => {}
                Err(WriteRefused::Busy | WriteRefused::NoSpace) if !stopping => std::thread::sleep(RETRY_AFTER),
                Err(refused) => {
                    // Records are delivered again after the restart; nothing is lost.
                    crate::complain!("orderflow: the pipes' progress is no longer kept: {refused}");
                    return;
                }
            }
        }
    }

    /// Waits until there is something to hand in and it has gathered; whether it is the last time. `None` at the end.
    fn wait_for_company(&self) -> Option<bool> {
        let poisoned = "no thread panics while it holds the stage";
        let idle = |stage: &mut Stage| stage.lanes.is_empty() && !stage.stopping;
        let stage = self.bell.wait_while(self.lock(), idle).expect(poisoned);
        if stage.stopping && stage.lanes.is_empty() {
            return None;
        }
        let gathering = |stage: &mut Stage| !stage.stopping;
        let (stage, _) = self.bell.wait_timeout_while(stage, GATHER_FOR, gathering).expect(poisoned);
        Some(stage.stopping)
    }

    /// Writes what is left and ends the thread.
    pub(crate) fn stop(&self) {
        self.lock().stopping = true;
        self.bell.notify_all();
    }
}

impl Stage {
    fn add(&mut self, lane: LaneId, progress: Progress, outcome: Option<Outcome>) {
        let staged = self.lanes.get_or_insert_with(lane, || Staged { progress: progress.clone(), outcomes: vec![] });
        staged.progress = progress;
        let Some(outcome) = outcome else { return };
        match (staged.outcomes.last_mut(), &outcome.how) {
            // Successes in a row are told as one.
            (Some(Outcome { last, records, at, how: How::Delivered { invocations }, .. }), How::Delivered { .. }) => {
                (*last, *at) = (outcome.last, outcome.at);
                *records += outcome.records;
                *invocations += 1;
            }
            _ => staged.outcomes.push(outcome),
        }
    }

    fn put_back(&mut self, taken: SortedMap<LaneId, Staged>) {
        for (lane, mut older) in taken {
            if let Some(newer) = self.lanes.remove(&lane) {
                older.progress = newer.progress;
                older.outcomes.extend(newer.outcomes);
            }
            self.lanes.insert(lane, older);
        }
    }

    fn entry(&mut self, lanes: &SortedMap<LaneId, Staged>) -> EntryBuilder {
        let mut entry = EntryBuilder::new(kind::PROGRESS, &[]);
        for (lane, staged) in lanes {
            let progress = serde_json::to_vec(&staged.progress).expect("progress is plain data");
            entry = entry.put(STATE, &layout::progress(lane.pipe, lane.lane), &progress);
            for outcome in &staged.outcomes {
                entry = self.put_outcome(entry, *lane, outcome);
            }
        }
        entry
    }

    fn put_outcome(&mut self, entry: EntryBuilder, lane: LaneId, outcome: &Outcome) -> EntryBuilder {
        self.counter += 1;
        let key = layout::outcome(lane.pipe, lane.lane, outcome.last, self.counter);
        let value = serde_json::to_vec(outcome).expect("an outcome is plain data");
        entry.put(OUTCOMES, &key, &value)
    }
}
