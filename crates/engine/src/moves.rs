//! Decides how the messages of a dead-letter queue are moved back to where they came from, or to one queue.
//!
//! A task is kept on disk with how far it is; each message leaves one queue and enters the other in the commit that
//! counts it. A thread of its own carries a task out, at the rate asked for. After a restart a task that was running
//! goes on; one whose queues are not there any more fails, and says so. Only messages that were there when the task
//! began are moved, so that one which fails again at once does not go round for ever.

use crate::commit::WriteRefused;
use crate::engine::{Inner, NotFound, POISON, spawn};
use crate::layout::{self, MOVES, STATE, kind};
use crate::queues::{LiveQueue, Part};
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use store::{Direction, EntryBuilder};
use types::{QueueName, SortedMap, Timestamp};

/// How many tasks of one queue are remembered.
const KEPT: usize = 10;
/// How many messages are moved in one commit.
const MOVED_AT_ONCE: u64 = 100;
/// How many bytes are moved in one commit.
const BYTES_AT_ONCE: usize = 4 * 1024 * 1024;
/// How often a task with a rate moves some.
const TURNS_PER_SECOND: u64 = 10;
/// How long to wait before trying again what the disk had no room for.
const RETRY_AFTER: Duration = Duration::from_millis(500);
/// The highest rate that can be asked for.
pub const MOVES_PER_SECOND_MAX: u32 = 500;

/// What is to be moved.
#[derive(Debug, Clone)]
pub struct Move {
    /// From which dead-letter queue.
    pub source: QueueName,
    /// To which queue; `None` for the one that each message came from.
    pub destination: Option<QueueName>,
    /// At most so many a second, 1 to [`MOVES_PER_SECOND_MAX`]; `None` for as fast as the disk takes them.
    pub per_second: Option<u32>,
}

/// A task that moves messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoveTask {
    /// Its number.
    pub id: u64,
    /// From which dead-letter queue.
    pub source: QueueName,
    /// To which queue; `None` for the one that each message came from.
    pub destination: Option<QueueName>,
    /// At most so many a second.
    pub per_second: Option<u32>,
    /// How it is doing.
    pub status: MoveStatus,
    /// How many messages it has moved.
    pub moved: u64,
    /// How many there were when it began.
    pub to_move: u64,
    /// When it began.
    pub started_at: Timestamp,
    /// Messages with a higher number are not its own.
    until: u64,
}

/// How a task is doing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum MoveStatus {
    /// It moves messages.
    Running,
    /// All that could be received was moved.
    Completed,
    /// It is told to stop.
    Cancelling,
    /// It has stopped because it was told to.
    Cancelled,
    /// It could not go on; what was moved is moved, the rest is where it was.
    Failed(MoveFailure),
}

/// Why a task could not go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum MoveFailure {
    /// A queue is not there any more.
    #[error("there is no queue {0}")]
    NoQueue(QueueName),
    /// A message did not come from a queue, and the task names none.
    #[error("message {0} was sent to the dead-letter queue itself; name the queue that is to have it")]
    NoSource(u64),
    /// What lies on disk cannot be read or written.
    #[error("{0}")]
    Disk(String),
}

/// Why a task is not started, or not stopped.
#[derive(Debug, thiserror::Error)]
pub enum MoveRefused {
    /// There is no such queue.
    #[error(transparent)]
    NotFound(#[from] NotFound),
    /// The source is nobody's dead-letter queue.
    #[error("queue {0} is not the dead-letter queue of any queue or pipe")]
    NoDeadLetters(QueueName),
    /// One keeps order and the other does not, or they are the same.
    #[error(
        "the messages of queue {0} cannot be moved there: it is the source itself, or only one of both keeps order"
    )]
    OtherKind(QueueName),
    /// The rate is out of bounds.
    #[error("the rate has to be 1 to {MOVES_PER_SECOND_MAX} messages a second, not {0}")]
    Rate(u32),
    /// The source has a task already.
    #[error("a task is moving the messages of queue {0} already")]
    Running(QueueName),
    /// There is no such task, or it is over.
    #[error("no task of that number is moving the messages of a queue")]
    NoTask,
    /// It cannot be made durable.
    #[error(transparent)]
    Write(#[from] WriteRefused),
}

/// The tasks of all queues, by the number of their source.
#[derive(Debug, Default)]
pub(crate) struct Moves(Mutex<SortedMap<u32, Vec<MoveTask>>>);

impl MoveStatus {
    fn is_active(&self) -> bool {
        matches!(self, Self::Running | Self::Cancelling)
    }
}

impl Moves {
    /// Reads back what was kept.
    pub(crate) fn open(commits: &crate::commit::Commits) -> Result<Self, WriteRefused> {
        let mut tasks: SortedMap<u32, Vec<MoveTask>> = SortedMap::new();
        for found in commits.store.snapshot().prefix(STATE, MOVES, Direction::Forward) {
            let store::Item { key, value, .. } = found?;
            let malformed = crate::codec::Malformed("move task");
            let queue = key.get(MOVES.len()..).and_then(|rest| rest.first_chunk().copied()).ok_or(malformed)?;
            let task = serde_json::from_slice(&value).map_err(|_| malformed)?;
            tasks.get_or_default(u32::from_be_bytes(queue)).push(task);
        }
        Ok(Self(Mutex::new(tasks)))
    }

    fn of(&self, queue: u32) -> Vec<MoveTask> {
        self.0.lock().expect(POISON).get(&queue).cloned().unwrap_or_default()
    }

    /// Changes a task in memory, where everybody sees it; it is durable or about to be.
    fn change<T>(&self, queue: u32, task: u64, change: impl FnOnce(&mut MoveTask) -> T) -> Option<T> {
        let mut tasks = self.0.lock().expect(POISON);
        tasks.get_mut(&queue)?.iter_mut().find(|one| one.id == task).map(change)
    }
}

/// The entry that keeps a task.
fn entry(queue: u32, task: &MoveTask) -> EntryBuilder {
    let value = serde_json::to_vec(task).expect("a task is plain data");
    EntryBuilder::new(kind::HOUSEKEEPING, &[]).put(STATE, &layout::moving(queue, task.id), &value)
}

/// Starts a task.
pub(crate) fn start(inner: &Arc<Inner>, wanted: Move) -> Result<MoveTask, MoveRefused> {
    let _alone = inner.changing.lock().expect(POISON);
    let Move { source, destination, per_second } = wanted;
    let live = inner.queue(&source)?;
    let catalog = inner.catalog();
    let of_pipe = || catalog.pipes.values().any(|pipe| pipe.spec.dead_letters.as_ref() == Some(&source));
    if catalog.dead_letter_sources(&source).is_empty() && !of_pipe() {
        return Err(MoveRefused::NoDeadLetters(source));
    }
    if let Some(name) = &destination {
        let to = inner.queue(name)?;
        if to.id == live.id || to.keeps_order() != live.keeps_order() {
            return Err(MoveRefused::OtherKind(name.clone()));
        }
    }
    if let Some(rate) = per_second.filter(|rate| !(1..=MOVES_PER_SECOND_MAX).contains(rate)) {
        return Err(MoveRefused::Rate(rate));
    }
    let before = inner.moves.of(live.id);
    if before.iter().any(|task| task.status.is_active()) {
        return Err(MoveRefused::Running(source));
    }
    let started_at = inner.clock.now();
    let by_time = u64::try_from(started_at.millis()).unwrap_or(0);
    let task = MoveTask {
        id: before.last().map_or(by_time, |last| by_time.max(last.id + 1)),
        source,
        destination,
        per_second,
        status: MoveStatus::Running,
        moved: 0,
        to_move: live.counts().visible as u64,
        started_at,
        until: live.last_id(),
    };
    let mut kept = entry(live.id, &task);
    let over = before.len().saturating_sub(KEPT - 1);
    for old in &before[..over] {
        kept = kept.delete(STATE, &layout::moving(live.id, old.id));
    }
    inner.commits.commit_one_blocking(kept)?;
    let mut tasks = inner.moves.0.lock().expect(POISON);
    let of_source = tasks.get_or_default(live.id);
    of_source.drain(..over);
    of_source.push(task.clone());
    drop(tasks);
    carry_out(inner, &live, task.id);
    Ok(task)
}

/// The tasks of a source, the newest first.
pub(crate) fn list(inner: &Inner, source: &QueueName) -> Result<Vec<MoveTask>, MoveRefused> {
    let mut tasks = inner.moves.of(inner.queue(source)?.id);
    tasks.reverse();
    Ok(tasks)
}

/// Tells a task to stop; how many messages it has moved so far.
pub(crate) fn cancel(inner: &Inner, source: &QueueName, task: u64) -> Result<u64, MoveRefused> {
    let queue = inner.queue(source)?.id;
    let cancelling = inner.moves.change(queue, task, |task| {
        let active = task.status.is_active();
        if active {
            task.status = MoveStatus::Cancelling;
        }
        active.then(|| task.clone())
    });
    let task = cancelling.flatten().ok_or(MoveRefused::NoTask)?;
    inner.commits.commit_one_blocking(entry(queue, &task))?;
    Ok(task.moved)
}

/// Goes on with what was running when the engine stopped.
pub(crate) fn resume(inner: &Arc<Inner>) -> Result<(), WriteRefused> {
    let active: Vec<(u32, MoveTask)> = {
        let tasks = inner.moves.0.lock().expect(POISON);
        let each = tasks.iter().flat_map(|(queue, tasks)| tasks.iter().map(|task| (*queue, task.clone())));
        each.filter(|(_, task)| task.status.is_active()).collect()
    };
    for (queue, task) in active {
        match inner.queue(&task.source) {
            Ok(live) if live.id == queue => carry_out(inner, &live, task.id),
            Ok(_) | Err(_) => {
                end(inner, queue, task.id, MoveStatus::Failed(MoveFailure::NoQueue(task.source.clone())))?
            }
        }
    }
    Ok(())
}

fn carry_out(inner: &Arc<Inner>, source: &Arc<LiveQueue>, task: u64) {
    let (engine, source) = (Arc::clone(inner), Arc::clone(source));
    inner.keep_thread(spawn("move", move || {
        let status = match run(&engine, &source, task) {
            Ok(Some(status)) => status,
            // The engine stops: the task goes on after the next start.
            Ok(None) | Err(WriteRefused::Stopping) => return,
            Err(refused) => MoveStatus::Failed(MoveFailure::Disk(refused.to_string())),
        };
        if let Err(refused) = end(&engine, source.id, task, status) {
            crate::complain!("orderflow: the end of a task that moves messages could not be kept: {refused}");
        }
    }));
}

/// Makes the end of a task durable, and then known.
fn end(inner: &Inner, queue: u32, task: u64, status: MoveStatus) -> Result<(), WriteRefused> {
    let Some(mut ended) = inner.moves.of(queue).into_iter().find(|one| one.id == task) else { return Ok(()) };
    ended.status = status;
    inner.commits.commit_one_blocking(entry(queue, &ended))?;
    inner.moves.change(queue, task, |task| *task = ended);
    Ok(())
}

/// Moves messages until there are no more; how it ended, or `None` if the engine stops before that.
fn run(inner: &Inner, source: &Arc<LiveQueue>, id: u64) -> Result<Option<MoveStatus>, WriteRefused> {
    let mut turn_at = Instant::now();
    loop {
        if inner.is_stopping() {
            return Ok(None);
        }
        let task = inner.moves.of(source.id).into_iter().find(|task| task.id == id);
        let Some(task) = task else { return Ok(None) };
        if task.status == MoveStatus::Cancelling {
            return Ok(Some(MoveStatus::Cancelled));
        }
        if source.is_closed() {
            return Ok(Some(MoveStatus::Failed(MoveFailure::NoQueue(task.source))));
        }
        let (turn, at_once) = match task.per_second {
            None => (Duration::ZERO, MOVED_AT_ONCE),
            Some(rate) if u64::from(rate) < TURNS_PER_SECOND => (Duration::from_secs(1) / rate, 1),
            Some(rate) => (Duration::from_secs(1) / TURNS_PER_SECOND as u32, u64::from(rate) / TURNS_PER_SECOND),
        };
        match some(inner, source, &task, usize::try_from(at_once).unwrap_or(1)) {
            Ok(Turn::Moved) => {}
            Ok(Turn::NoMore) => return Ok(Some(MoveStatus::Completed)),
            Ok(Turn::CannotGoOn(failure)) => return Ok(Some(MoveStatus::Failed(failure))),
            Err(WriteRefused::Busy | WriteRefused::NoSpace) => inner.sleep(RETRY_AFTER),
            Err(refused) => return Err(refused),
        }
        // Behind its time, a task does not catch up in a rush.
        turn_at = (turn_at + turn).max(Instant::now());
        if turn > Duration::ZERO {
            inner.sleep(turn_at.saturating_duration_since(Instant::now()).max(turn));
        }
    }
}

enum Turn {
    Moved,
    NoMore,
    CannotGoOn(MoveFailure),
}

/// Moves some messages, and counts them, in one commit.
fn some(inner: &Inner, source: &Arc<LiveQueue>, task: &MoveTask, max: usize) -> Result<Turn, WriteRefused> {
    let lifted = source.lift(max, task.until);
    if lifted.is_empty() {
        return Ok(Turn::NoMore);
    }
    let (mut parts, mut failure): (Vec<Part>, _) = (Vec::new(), None);
    let mut left = lifted.iter();
    let mut bytes = 0;
    while bytes < BYTES_AT_ONCE
        && failure.is_none()
        && let Some(id) = left.next()
    {
        let part = destination(inner, source, task, *id).and_then(|found| match found {
            Ok(to) => Ok(source.redrive_part(&inner.commits, &to, *id)?),
            Err(why) => {
                source.let_go(&[*id]);
                failure = Some(why);
                Ok(None)
            }
        });
        match part {
            Ok(part) => {
                bytes += part.as_ref().map_or(0, Part::bytes);
                parts.extend(part);
            }
            Err(refused) => {
                source.let_go(&[*id]);
                source.let_go(left.as_slice());
                return Err(refused);
            }
        }
    }
    source.let_go(left.as_slice());
    if !parts.is_empty() {
        let moved = parts.len() as u64;
        // The newest status: somebody may have told the task to stop meanwhile, and that is not to be overwritten.
        let counted = inner.moves.change(source.id, task.id, |task| {
            task.moved += moved;
            task.clone()
        });
        let counted = counted.unwrap_or_else(|| task.clone());
        if let Err(refused) = inner.commits.commit_parts_blocking(parts, vec![entry(source.id, &counted)]) {
            inner.moves.change(source.id, task.id, |task| task.moved -= moved);
            return Err(refused);
        }
    }
    Ok(failure.map_or(Turn::Moved, Turn::CannotGoOn))
}

/// Where a message goes.
fn destination(
    inner: &Inner,
    source: &LiveQueue,
    task: &MoveTask,
    id: u64,
) -> Result<Result<Arc<LiveQueue>, MoveFailure>, WriteRefused> {
    let name = match &task.destination {
        Some(name) => Some(name.clone()),
        None => source.read(&inner.commits, id)?.and_then(|message| message.source),
    };
    let Some(name) = name else { return Ok(Err(MoveFailure::NoSource(id))) };
    Ok(inner.queue(&name).map_err(|_| MoveFailure::NoQueue(name)))
}
