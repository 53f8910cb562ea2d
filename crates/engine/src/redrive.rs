//! Decides how dead letters are delivered again: the records that the letter carries go to the function that could not
//! do them, and the letter goes once they are done.
//!
//! A message that was given up from a queue goes back there instead, an event that a function gave up which nobody
//! waited for is handed to it again, and an event that a rule's target did not get is brought there once more. One letter at a time, at the rate asked for; a letter whose records fail again stays, and the others go on.

use crate::asynchronous;
use crate::bus;
use crate::clock;
use crate::commit::WriteRefused;
use crate::engine::{Inner, table_of};
use crate::functions::{Functions, Invoked};
use crate::pipes::{Delivery, Flow, Parts};
use crate::progress::{How, LaneId, Outcome};
use crate::queues::{LiveQueue, Message, Outgoing, Sending};
use delivery::answer;
use serde_json::Value as Json;
use std::sync::Arc;
use std::time::Duration;
use types::{FunctionName, PipeName, QueueName, Record};

/// What to deliver again.
#[derive(Debug, Clone)]
pub struct Redrive {
    /// The queue that holds the letters.
    pub queue: QueueName,
    /// Only this letter.
    pub id: Option<u64>,
    /// Only letters whose records or error hold this text.
    pub containing: Option<String>,
    /// At most so many letters a second.
    pub per_second: Option<u32>,
    /// Only say what would be done.
    pub dry_run: bool,
}

/// What came of one letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Redriven {
    /// It would be delivered.
    Would {
        /// The letter.
        id: u64,
        /// To which function.
        function: String,
        /// How many records.
        records: usize,
    },
    /// It was delivered, and is gone.
    Delivered {
        /// The letter.
        id: u64,
        /// To which function.
        function: String,
        /// How many records.
        records: usize,
    },
    /// It failed again, and stays.
    Failed {
        /// The letter.
        id: u64,
        /// Why.
        error: String,
    },
    /// It was given up by nobody: somebody sent it.
    NoLetter {
        /// The message.
        id: u64,
    },
}

pub(crate) fn run(
    inner: &Arc<Inner>,
    queue: &Arc<LiveQueue>,
    redrive: &Redrive,
    tell: &mut dyn FnMut(Redriven),
) -> Result<(), WriteRefused> {
    let _alone = inner.redriving.lock().expect("no thread panics while it delivers again");
    let mut next = redrive.id.unwrap_or(0);
    loop {
        let letters = queue.browse(&inner.commits, next, 64)?;
        let Some(last) = letters.last() else { return Ok(()) };
        next = last.id + 1;
        for letter in &letters {
            if redrive.id.is_some_and(|id| id != letter.id) {
                return Ok(());
            }
            // Others may have taken it away since the page was read.
            if !wanted(letter, redrive) || queue.read(&inner.commits, letter.id)?.is_none() {
                continue;
            }
            let redriven = deliver(inner, queue, letter, redrive.dry_run)?;
            tell(redriven);
            if let Some(rate) = redrive.per_second.filter(|_| !redrive.dry_run) {
                inner.sleep(Duration::from_secs(1) / rate.max(1));
            }
            if inner.is_stopping() {
                return Err(WriteRefused::Stopping);
            }
        }
    }
}

fn wanted(letter: &Message, redrive: &Redrive) -> bool {
    let Some(text) = &redrive.containing else { return true };
    let in_aside = |aside: &delivery::dead_letter::Aside| {
        aside.records.iter().any(|record| record.get().contains(text.as_str()))
            || aside.error.as_ref().is_some_and(|error| error.contains(text.as_str()))
    };
    let in_failed = letter.failed.as_ref().is_some_and(|failed| failed.error.contains(text.as_str()));
    in_failed || letter.aside.as_ref().map_or_else(|| letter.body.contains(text.as_str()), in_aside)
}

fn deliver(
    inner: &Arc<Inner>,
    queue: &Arc<LiveQueue>,
    letter: &Message,
    dry_run: bool,
) -> Result<Redriven, WriteRefused> {
    let id = letter.id;
    let Some(aside) = &letter.aside else { return send_back(inner, queue, letter, dry_run) };
    let (function, count) = (aside.function.to_string(), aside.records.len());
    if dry_run {
        return Ok(Redriven::Would { id, function, records: count });
    }
    let failed = |error: String| Ok(Redriven::Failed { id, error });
    let json: Result<Vec<Json>, _> = aside.records.iter().map(|record| serde_json::from_str(record.get())).collect();
    let records = json.map(Json::Array).map_err(|error| error.to_string());
    let records = records.and_then(|json| types::event::read(&json).map_err(|error| error.to_string()));
    let records: Vec<Record> = match records {
        Ok(records) => records,
        Err(error) => return failed(format!("the letter's records cannot be read: {error}")),
    };
    let Some(functions) = inner.functions.get() else {
        return failed("no functions run here; start the server with `orderflow up`".to_owned());
    };
    let texts: Vec<String> = aside.records.iter().map(|record| record.get().to_owned()).collect();
    match again(inner, functions, &aside.pipe, &function, &records, &texts) {
        Delivery::Together(parts) => {
            let told = redelivered(inner, &aside.pipe, &records);
            let gone = queue.remove_part(id);
            let mut parts = parts;
            parts.take(gone);
            let Parts { mut entries, after } = parts;
            entries.push(inner.checkpoints.outcome_entry(&told));
            let committed = inner.commits.commit_blocking(entries);
            after.tell(committed.as_ref());
            committed.map(|_| Redriven::Delivered { id, function, records: count })
        }
        Delivery::Answered(answer) => match answer::read(&answer, &records) {
            Ok(()) => {
                let told = redelivered(inner, &aside.pipe, &records);
                let outcome = inner.checkpoints.outcome_entry(&told);
                inner.commits.commit_parts_blocking(vec![queue.remove_part(id)], vec![outcome])?;
                Ok(Redriven::Delivered { id, function, records: count })
            }
            Err(failure) => failed(failure.error),
        },
        Delivery::Failed { error } | Delivery::Unavailable { error } => failed(error),
    }
}

/// Sends records on their pipe's way again, or to the function that could not do them.
fn again(
    inner: &Arc<Inner>,
    functions: &Arc<dyn Functions>,
    pipe: &PipeName,
    target: &str,
    records: &[Record],
    texts: &[String],
) -> Delivery {
    let catalog = inner.catalog();
    let way = catalog.pipes.get(pipe).map(|entry| &entry.spec).filter(|spec| !spec.is_plain());
    if let Some(spec) = way {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| error.to_string());
        let flow = Flow::new(inner, functions, spec).map_err(|refused| refused.to_string());
        return match runtime.and_then(|runtime| Ok((runtime, flow?))) {
            Ok((runtime, flow)) => runtime.block_on(flow.deliver(texts)),
            Err(error) => Delivery::Failed { error },
        };
    }
    match target.parse::<FunctionName>() {
        Ok(function) => match functions.invoke(&function, records) {
            Invoked::Answered { answer } => Delivery::Answered(answer),
            Invoked::Failed { error } => Delivery::Failed { error },
            Invoked::NotRun { reason } => Delivery::Unavailable { error: reason },
        },
        Err(_) => Delivery::Failed { error: format!("pipe {pipe}, which hands records to {target}, is not there") },
    }
}

/// Sends a message back to the queue that it was given up from, where whoever takes that queue's messages tries it anew.
fn send_back(
    inner: &Arc<Inner>,
    queue: &Arc<LiveQueue>,
    letter: &Message,
    dry_run: bool,
) -> Result<Redriven, WriteRefused> {
    let id = letter.id;
    let Some(source) = &letter.source else {
        return match &letter.failed {
            Some(failed) => hand_back(inner, queue, letter, &failed.function, dry_run),
            None => Ok(bus::again(inner, queue, letter, dry_run)?.unwrap_or(Redriven::NoLetter { id })),
        };
    };
    let function = format!("queue {source}");
    if dry_run {
        return Ok(Redriven::Would { id, function, records: 1 });
    }
    let Ok(to) = inner.queue(source) else {
        return Ok(Redriven::Failed { id, error: format!("queue {source}, where it comes from, is not there") });
    };
    let Message { body, attributes, trace, group, deduplication, .. } = letter.clone();
    match to.send_part(Outgoing { body, attributes, trace, group, deduplication, delay: None }) {
        Ok(Sending::New(part, _)) => {
            inner.commits.commit_parts_blocking(vec![part, queue.remove_part(id)], Vec::new())?;
            Ok(Redriven::Delivered { id, function, records: 1 })
        }
        Ok(Sending::Known(_) | Sending::Underway(_)) => {
            Ok(Redriven::Failed { id, error: format!("queue {source} has had the same message in the last minutes") })
        }
        Err(refused) => Ok(Redriven::Failed { id, error: refused.to_string() }),
    }
}

/// Hands an event back to the function that gave it up, which tries it anew.
fn hand_back(
    inner: &Arc<Inner>,
    queue: &Arc<LiveQueue>,
    letter: &Message,
    function: &FunctionName,
    dry_run: bool,
) -> Result<Redriven, WriteRefused> {
    let (id, name) = (letter.id, function.to_string());
    if dry_run {
        return Ok(Redriven::Would { id, function: name, records: 1 });
    }
    let event = match asynchronous::event_of(letter) {
        Ok(event) => event,
        Err(error) => return Ok(Redriven::Failed { id, error: format!("the event cannot be read: {error}") }),
    };
    let to = match asynchronous::queue(inner, function) {
        Ok(to) => to,
        Err(missing) => return Ok(Redriven::Failed { id, error: missing.to_string() }),
    };
    let part = to.place_part(asynchronous::message_of(&event));
    inner.commits.commit_parts_blocking(vec![part, queue.remove_part(id)], Vec::new())?;
    Ok(Redriven::Delivered { id, function: name, records: 1 })
}

/// What is told of records that were delivered again, where they can still be told of.
fn redelivered(inner: &Inner, pipe: &PipeName, records: &[Record]) -> Vec<(LaneId, Outcome)> {
    let catalog = inner.catalog();
    let Some(pipe) = catalog.pipes.get(pipe) else { return Vec::new() };
    let Some(table) = pipe.spec.source.table().and_then(|table| catalog.tables.get(table)).map(table_of) else {
        return Vec::new();
    };
    let outcome = |record: &Record| {
        let at = record.change.sequence;
        let key = table.key_of(&record.change.keys).ok()?;
        let (_, lane) = pipe.decided(key.spread(), at)?;
        let outcome = Outcome { first: at, last: at, records: 1, at: clock::now(), how: How::Redelivered };
        Some((LaneId { pipe: pipe.id, lane }, outcome))
    };
    records.iter().filter_map(outcome).collect()
}
