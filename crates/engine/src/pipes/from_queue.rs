//! Decides how a pipe takes the messages of a queue: who gets them is the flow's to say, and what was delivered is deleted
//! in the same commit.
//!
//! Receiving is the pollers' (`crate::pollers`), which functions have as well. What fails stays hidden for the queue's time
//! and is received again, until the queue takes it for poison; what nobody could be asked about comes again without a mark
//! against it.

use super::flow::{Delivery, Flow, Parts};
use crate::commit::WriteRefused;
use crate::engine::{Inner, spawn};
use crate::functions::MessageFate;
use crate::pollers::{BUSY_FOR, Hands, Poller};
use crate::queues::ReceivedMessage;
use crate::spec::PipeSpec;
use crate::traffic::PipeMeter;
use delivery::Filters;
use delivery::answer::failed_messages;
use delivery::queue::{Leaving, Receipt};
use serde_json::{Value as Json, json};
use std::ops::Range;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use store::Class;
use tokio::sync::watch;
use types::{PipeName, QueueName};

/// How many bytes of messages a target gets at once.
const PAYLOAD_MAX: usize = 6 << 20;
/// How long messages are hidden beside their window if they wait in one: longer than any delivery takes.
const HIDDEN_FOR: Duration = Duration::from_secs(7 * 60 + 30);

/// Spells a message as a pipe hands it on.
pub type SpellMessage = dyn Fn(&QueueName, &ReceivedMessage) -> Json + Send + Sync;

/// A pipe that reads a queue.
pub(crate) struct FromQueue {
    pub(crate) name: PipeName,
    flow: Flow,
    meter: Arc<PipeMeter>,
}

/// A message as it is handed on, and what it is known by.
struct Record {
    id: String,
    json: String,
}

/// What tells a pipe to stop, and its thread.
pub(crate) struct Running {
    stop: watch::Sender<bool>,
    thread: JoinHandle<()>,
}

impl Running {
    pub(crate) fn tell(&self) {
        // Nobody listening is as good.
        let _ = self.stop.send(true);
    }

    /// Waits until what was handed over is settled.
    pub(crate) fn stop(self) {
        self.tell();
        // One that panicked has said so; its messages are received again.
        let _ = self.thread.join();
    }
}

/// Starts a pipe on a thread of its own.
pub(crate) fn begin(
    inner: &Arc<Inner>,
    spec: &PipeSpec,
    name: &QueueName,
    filters: Filters,
    flow: Flow,
) -> Result<Running, crate::engine::PipeError> {
    let window = Duration::from_secs(spec.window_seconds.into());
    let poller = Arc::new(Poller {
        queue_name: name.clone(),
        batch_size: spec.batch_size,
        window,
        concurrency: None,
        visible_for: (!window.is_zero()).then_some(window + HIDDEN_FOR),
        filters,
        queue: inner.queue(name)?,
        inner: Arc::clone(inner),
        hands: Hands::Pipe(Box::new(FromQueue {
            name: spec.name.clone(),
            flow,
            meter: inner.meters.pipes.of(&spec.name),
        })),
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| WriteRefused::Lines(error.to_string()))?;
    let (stop, stopped) = watch::channel(false);
    let thread = spawn("pipe", move || runtime.block_on(poller.run(stopped)));
    Ok(Running { stop, thread })
}

impl FromQueue {
    /// Whether a message gets through the pipe's filters; it is counted.
    pub(crate) fn wants(&self, filters: &Filters, queue: &QueueName, received: &ReceivedMessage) -> bool {
        let passes = filters.patterns().is_empty()
            || filters.passes_received(&self.flow.inner().message_record(queue, received).to_string());
        self.meter.read(received.message.body.len(), passes);
        passes
    }

    /// Delivers messages; what becomes of each.
    pub(crate) async fn hand_on(&self, poller: &Poller, batch: &[ReceivedMessage]) -> Vec<MessageFate> {
        let record = |received: &ReceivedMessage| {
            let json = self.flow.inner().message_record(&poller.queue_name, received);
            Record { id: json["messageId"].as_str().unwrap_or_default().to_owned(), json: json.to_string() }
        };
        let records: Vec<Record> = batch.iter().map(record).collect();
        let mut fates = Vec::with_capacity(batch.len());
        for part in parts(&records) {
            fates.extend(self.hand_on_part(poller, &batch[part.clone()], &records[part]).await);
        }
        fates
    }

    async fn hand_on_part(&self, poller: &Poller, batch: &[ReceivedMessage], records: &[Record]) -> Vec<MessageFate> {
        let all = |fate: &MessageFate| vec![fate.clone(); batch.len()];
        let texts: Vec<String> = records.iter().map(|record| record.json.clone()).collect();
        match self.flow.deliver(&texts).await {
            Delivery::Answered(answer) => {
                let ids: Vec<String> = records.iter().map(|record| record.id.clone()).collect();
                match failed_messages(&answer, &ids) {
                    Ok(failed) => {
                        let fate = |at| if failed.contains(&at) { MessageFate::Failed } else { MessageFate::Done };
                        (0..batch.len()).map(fate).collect()
                    }
                    Err(error) => self.failed(&error, batch),
                }
            }
            Delivery::Together(parts) => match self.settle(poller, batch, parts).await {
                Ok(true) => all(&MessageFate::Settled),
                // Somebody else has received one of them since: those that are still ours come again.
                Ok(false) => all(&MessageFate::Failed),
                Err(error) => self.failed(&error.to_string(), batch),
            },
            Delivery::Failed { error } => self.failed(&error, batch),
            Delivery::Unavailable { .. } => all(&MessageFate::Later(BUSY_FOR)),
        }
    }

    fn failed(&self, error: &str, batch: &[ReceivedMessage]) -> Vec<MessageFate> {
        crate::complain!(
            "orderflow: pipe {} could not deliver {} messages, which come again: {error}",
            self.name,
            batch.len()
        );
        vec![MessageFate::Failed; batch.len()]
    }

    /// Deletes messages together with what comes of them; false if one of them is no longer ours.
    async fn settle(&self, poller: &Poller, batch: &[ReceivedMessage], mut parts: Parts) -> Result<bool, WriteRefused> {
        let receipts: Vec<Receipt> = batch.iter().map(|received| received.receipt).collect();
        let (found, part) = poller.queue.delete_parts(&receipts);
        if found.iter().any(|found| *found != Leaving::Held) {
            return Ok(false);
        }
        part.into_iter().for_each(|part| parts.take(part));
        let Parts { entries, after } = parts;
        let commits = &self.flow.inner().commits;
        commits.commit_then(entries, Vec::new(), Vec::new(), Class::Engine, after).await.map(|_| true)
    }
}

/// Which messages go together, so that no target gets too many bytes at once.
fn parts(records: &[Record]) -> Vec<Range<usize>> {
    let (mut parts, mut begin, mut bytes) = (Vec::new(), 0, 0);
    for (at, record) in records.iter().enumerate() {
        if at > begin && bytes + record.json.len() > PAYLOAD_MAX {
            parts.push(begin..at);
            (begin, bytes) = (at, 0);
        }
        bytes += record.json.len();
    }
    parts.push(begin..records.len());
    parts
}

impl Inner {
    /// A message as a pipe hands it on; its id and body alone, if nobody has said how it is spelt.
    pub(crate) fn message_record(&self, queue: &QueueName, received: &ReceivedMessage) -> Json {
        match self.spell_message.get() {
            Some(spell) => spell(queue, received),
            None => {
                let origin = received.message.origin;
                json!({"messageId": format!("{}-{}", origin.queue, origin.id), "body": received.message.body})
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_parted_where_there_are_too_many_bytes() {
        let records = |sizes: &[usize]| -> Vec<Record> {
            sizes.iter().map(|size| Record { id: String::new(), json: "x".repeat(*size) }).collect()
        };
        let ends = |sizes: &[usize]| -> Vec<(usize, usize)> {
            parts(&records(sizes)).into_iter().map(|part| (part.start, part.end)).collect()
        };
        let half = PAYLOAD_MAX / 2;
        assert_eq!(ends(&[1, 2, 3]), [(0, 3)]);
        assert_eq!(ends(&[half, half, 1]), [(0, 2), (2, 3)]);
        assert_eq!(ends(&[half, half + 1, half]), [(0, 1), (1, 2), (2, 3)]);
        assert_eq!(ends(&[2 * PAYLOAD_MAX, 1]), [(0, 1), (1, 2)]);
    }
}
