//! Decides how acts on tables and on queues become one commit: all of them or none.
//!
//! An order and the message that has it worked on, a step of it and the message being done, an order and the event that
//! tells of it: neither is ever there without the other. Start at [`run`].

use crate::asynchronous;
use crate::bus::{self, PutError, PutRefused};
use crate::commit::{Commits, WriteRefused};
use crate::engine::{Engine, NotFound};
use crate::functions::Handed;
use crate::indexes::Indexes;
use crate::queues::{LiveQueue, Message, Outgoing, Part, SendRefused, Sending};
use crate::tables::{self, Beside, CommandRefused, Looked, SameItem, TableWrite, Written};
use delivery::bus::entry::Entry;
use delivery::queue::{Receipt, VisibilityRefused};
use std::sync::Arc;
use std::time::Duration;
use store::Class;
use types::{FunctionName, QueueName};

/// Acts that are done together, or not at all.
#[derive(Debug, Clone, Default)]
pub struct Command {
    /// Items to write. Those of one key follow on one another: each starts from what the one before it left.
    pub writes: Vec<TableWrite>,
    /// Messages to send.
    pub sends: Vec<(QueueName, Outgoing)>,
    /// What becomes of received messages.
    pub settles: Vec<Settle>,
    /// Events that functions are handed; nobody waits for what they do with them.
    pub hands: Vec<(FunctionName, Handed)>,
    /// Events for buses, ten at most. All are taken, or nothing is done.
    pub events: Vec<Entry>,
    /// Items that were looked at to decide this, as they were then.
    pub looked: Vec<Looked>,
}

/// What becomes of a received message.
#[derive(Debug, Clone)]
pub struct Settle {
    /// Where it was received.
    pub queue: QueueName,
    /// As what.
    pub receipt: Receipt,
    /// What becomes of it.
    pub fate: Fate,
}

/// What becomes of a received message.
#[derive(Debug, Clone)]
pub enum Fate {
    /// It is done. One that is gone already is done as well.
    Delete,
    /// It goes to the queue's dead letters.
    DeadLetter {
        /// Who could not do it.
        function: FunctionName,
        /// Why.
        error: String,
    },
    /// It is hidden for so long from now.
    Hide(Duration),
}

/// Whose command it is: clients' commands are refused first when the disk is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Somebody outside.
    Client,
    /// A function of ours, whose work is to come to an end.
    Function,
}

/// Why nothing of a command was done.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// A table or queue is not there.
    #[error(transparent)]
    NotFound(#[from] NotFound),
    /// A write is refused.
    #[error(transparent)]
    Refused(#[from] CommandRefused),
    /// A queue does not take a message.
    #[error(transparent)]
    Send(#[from] SendRefused),
    /// A message cannot be hidden: it was received by somebody else since.
    #[error(transparent)]
    Hide(#[from] VisibilityRefused),
    /// It cannot be made durable.
    #[error(transparent)]
    Write(#[from] WriteRefused),
    /// A message is no longer in flight under its receipt, so nothing is written because of it.
    #[error("the message of queue {0} is gone, or somebody else has received it since")]
    Gone(QueueName),
    /// A queue has no dead-letter queue for what goes there.
    #[error("queue {0} has no dead-letter queue")]
    NoDeadLetters(QueueName),
    /// No event can be taken.
    #[error(transparent)]
    Events(#[from] PutError),
    /// One of the events is not taken.
    #[error("event {index}: {refused}")]
    Event {
        /// Which one.
        index: usize,
        /// Why.
        refused: PutRefused,
    },
}

/// Queues that a command names, found.
pub(crate) struct Found {
    pub(crate) sends: Vec<(Arc<LiveQueue>, Outgoing)>,
    pub(crate) settles: Vec<(Arc<LiveQueue>, Settle)>,
    /// Messages of the engine's own, which are taken whatever a queue is set to.
    pub(crate) letters: Vec<(Arc<LiveQueue>, Message)>,
    /// What comes of events.
    pub(crate) told: Beside,
}

/// Does a command. What was handed in is done to its end, also if nobody waits for it any more.
pub(crate) async fn run(
    commits: &Commits,
    indexes: &Indexes,
    writes: Vec<TableWrite>,
    found: Found,
    by: By,
) -> Result<Vec<Written>, CommandError> {
    let class = match by {
        By::Client => Class::Client,
        By::Function => Class::Engine,
    };
    let told = !found.told.entries.is_empty();
    let fenced = told || !writes.is_empty() || !found.sends.is_empty() || !found.letters.is_empty();
    let beside = parts(commits, found, fenced).await?;
    Ok(tables::write(commits, indexes, writes, SameItem::Follows, beside, class).await?)
}

/// The parts of a command. A message that is gone is no fault by itself; what is written or sent because of a message is
/// not if somebody else has it.
async fn parts(commits: &Commits, found: Found, fenced: bool) -> Result<Beside, CommandError> {
    let Beside { mut entries, mut after, looked } = found.told;
    let mut take = |part: Part| {
        let (entry, then) = part.split();
        entries.push(entry);
        after = std::mem::take(&mut after).and(then);
    };
    for (queue, outgoing) in found.sends {
        loop {
            match queue.send_part(outgoing.clone())? {
                Sending::New(part, _) => take(part),
                Sending::Known(_) => {}
                Sending::Underway(_) => {
                    queue.wait_settled().await;
                    continue;
                }
            }
            break;
        }
    }
    for (queue, letter) in found.letters {
        take(queue.place_part(letter));
    }
    for (queue, settle) in found.settles {
        let part = match settle.fate {
            Fate::Delete => queue.delete_part(settle.receipt),
            Fate::Hide(span) => Some(queue.hide_part(settle.receipt, span)?),
            Fate::DeadLetter { function, error } => {
                let to = queue.dead_letters().ok_or_else(|| CommandError::NoDeadLetters(settle.queue.clone()))?;
                queue.dead_letter_part(commits, &to, settle.receipt, &function, &error)?
            }
        };
        match part {
            Some(part) => take(part),
            None if fenced => return Err(CommandError::Gone(settle.queue)),
            None => {}
        }
    }
    Ok(Beside { entries, after, looked })
}

impl Engine {
    /// Does a command: all of it or nothing.
    pub async fn command(&self, command: Command, by: By) -> Result<Vec<Written>, CommandError> {
        let Command { writes, sends, settles, hands, events, looked } = command;
        let queue = |name: &QueueName| self.inner.queue(name);
        let sends = sends.into_iter().map(|(name, outgoing)| Ok((queue(&name)?, outgoing)));
        let settles = settles.into_iter().map(|settle| Ok((queue(&settle.queue)?, settle)));
        let hands = hands
            .into_iter()
            .map(|(name, handed)| Ok((asynchronous::queue(&self.inner, &name)?, asynchronous::message_of(&handed))));
        let found = Found {
            letters: hands.collect::<Result<_, NotFound>>()?,
            sends: sends.collect::<Result<_, NotFound>>()?,
            settles: settles.collect::<Result<_, NotFound>>()?,
            told: Beside { looked, ..bus::beside(&self.inner, &events)? },
        };
        run(&self.inner.commits, &self.inner.indexes, writes, found, by).await
    }
}
