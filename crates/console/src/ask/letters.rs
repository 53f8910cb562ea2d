//! Decides how queues and their messages become views, and what delivering letters again says.

use super::{Kind, Problem, missing};
use crate::views::letters::{Again, Dead, FullLetter, Letter, Queue, Queues, Redrive, Redriven, RedrivenLetter, Shown};
use engine::{AttributeValue, Engine, Message, QueueError};
use serde_json::Value as Json;
use types::QueueName;

/// How many messages of one queue are told at most.
pub const LETTERS_MAX: usize = 1000;

/// Every queue, and its oldest messages.
pub fn list(engine: &Engine, limit: usize) -> Result<Queues, Problem> {
    let catalog = engine.catalog();
    let queue = |name: QueueName| {
        let counts = engine.queue_counts(&name)?;
        let oldest = engine.browse(&name, 0, limit.min(LETTERS_MAX)).map_err(problem)?;
        let of_queue = |entry: &engine::QueueEntry| {
            entry.spec.redrive.as_ref().is_some_and(|redrive| redrive.dead_letters == name)
        };
        let arn = engine.account().arn("sqs", name.as_str()).to_string();
        let mut targets = catalog.buses.values().flat_map(|bus| bus.rules.values()).flat_map(|rule| &rule.targets);
        let dead_letters = catalog.pipes.values().any(|pipe| pipe.spec.dead_letters.as_ref() == Some(&name))
            || catalog.queues.values().any(of_queue)
            || catalog.functions.values().any(|one| one.spec.asynchronous.dead_letters.as_ref() == Some(&name))
            || targets.any(|target| target.dead_letters.as_ref() == Some(&arn));
        let messages = counts.visible + counts.in_flight + counts.delayed;
        Ok(Queue { queue: name.to_string(), dead_letters, messages, oldest: oldest.iter().map(letter).collect() })
    };
    Ok(Queues { queues: engine.queue_names().into_iter().map(queue).collect::<Result<_, Problem>>()? })
}

/// Messages of one queue in full: the one with this number, or the oldest.
pub fn show(engine: &Engine, queue: &str, id: Option<u64>, limit: usize) -> Result<Shown, Problem> {
    let name = queue_name(engine, queue)?;
    let limit = if id.is_some() { 1 } else { limit.clamp(1, LETTERS_MAX) };
    let mut messages = engine.browse(&name, id.unwrap_or(0), limit + 1).map_err(problem)?;
    let more = id.is_none() && messages.len() > limit;
    messages.truncate(limit);
    if let Some(id) = id
        && messages.first().is_none_or(|first| first.id != id)
    {
        let missing = Problem::new(Kind::NotFound, format!("there is no message {id} in {name}"));
        return Err(missing.hint("`orderflow dlq list` shows which there are"));
    }
    Ok(Shown { queue: name.to_string(), messages: messages.into_iter().map(full).collect(), more })
}

/// Delivers letters again, and waits for it.
pub fn redrive(engine: &Engine, wanted: &Redrive) -> Result<Redriven, Problem> {
    let queue = queue_name(engine, &wanted.queue)?;
    let redrive = engine::Redrive {
        queue: queue.clone(),
        id: wanted.id,
        containing: wanted.containing.clone(),
        per_second: wanted.per_second,
        dry_run: wanted.dry_run,
    };
    let mut letters = Vec::new();
    engine.redrive(&redrive, &mut |done| letters.push(redriven(done))).map_err(problem)?;
    Ok(Redriven { queue: queue.to_string(), letters })
}

fn queue_name(engine: &Engine, queue: &str) -> Result<QueueName, Problem> {
    let names = engine.queue_names();
    let known = names.iter().find(|name| name.as_str() == queue).cloned();
    known.ok_or_else(|| missing("queue", queue, names.iter().map(QueueName::as_str)))
}

fn redriven(done: engine::Redriven) -> RedrivenLetter {
    let (id, result) = match done {
        engine::Redriven::Would { id, function, records } => (id, Again::Would { function, records }),
        engine::Redriven::Delivered { id, function, records } => (id, Again::Delivered { function, records }),
        engine::Redriven::Failed { id, error } => (id, Again::Failed { error }),
        engine::Redriven::NoLetter { id } => (id, Again::NoLetter),
    };
    RedrivenLetter { id, result }
}

fn letter(message: &Message) -> Letter {
    let dead = message.aside.as_ref().map(|aside| Dead {
        pipe: aside.pipe.to_string(),
        function: aside.function.to_string(),
        condition: condition(&message.body),
        records: aside.records.len(),
        error: aside.error.clone(),
        attempts: aside.attempts,
    });
    let given_up = || {
        // An event that nobody waited for comes from nowhere but the function itself.
        let source = message.source.as_ref().map(ToString::to_string);
        let source = source.or_else(|| Some(message.failed.as_ref()?.function.to_string()))?;
        Some(Dead {
            pipe: source,
            function: message.failed.as_ref().map_or_else(String::new, |failed| failed.function.to_string()),
            condition: if message.failed.is_some() { "GivenUpByFunction" } else { "ReceivedTooOften" }.to_owned(),
            records: 1,
            error: message.failed.as_ref().map(|failed| failed.error.clone()),
            attempts: 0,
        })
    };
    let dead = dead.or_else(given_up).or_else(|| of_rule(message));
    Letter { id: message.id, at: message.sent_at.iso_millis(), dead }
}

/// What is known of an event that a rule's target did not get, from what is written on it.
fn of_rule(message: &Message) -> Option<Dead> {
    let text = |name: &str| match &message.attributes.get(name)?.value {
        AttributeValue::Text(text) => Some(text.as_str()),
        AttributeValue::Bytes(_) => None,
    };
    let resource = |name: &str| text(name)?.splitn(6, ':').nth(5).map(str::to_owned);
    let (rule, target) = (resource("RULE_ARN")?, resource("TARGET_ARN")?);
    let retries = text("RETRY_ATTEMPTS").and_then(|retries| retries.parse::<u32>().ok()).unwrap_or(0);
    Some(Dead {
        pipe: rule.replacen('/', " ", 1),
        function: target.strip_prefix("function:").map_or(target.clone(), str::to_owned),
        condition: text("EXHAUSTED_RETRY_CONDITION").unwrap_or("GivenUp").to_owned(),
        records: 1,
        error: Some(format!(
            "{}: {}",
            text("ERROR_CODE").unwrap_or("UNKNOWN"),
            text("ERROR_MESSAGE").unwrap_or_default()
        )),
        attempts: retries.saturating_add(1),
    })
}

/// The condition that a dead letter's body names.
fn condition(body: &str) -> String {
    let json: Json = serde_json::from_str(body).unwrap_or_default();
    json["context"]["condition"].as_str().unwrap_or("unknown").to_owned()
}

fn full(message: Message) -> FullLetter {
    let letter = letter(&message);
    let records = message.aside.map(|aside| aside.records).unwrap_or_default();
    FullLetter { letter, body: message.body, records }
}

fn problem(error: QueueError) -> Problem {
    match error {
        QueueError::NotFound(missing) => missing.into(),
        QueueError::Receive(refused) => Problem::new(Kind::Unavailable, refused.to_string()),
        QueueError::Send(_)
        | QueueError::Exists(_)
        | QueueError::KindChanged(_)
        | QueueError::OfStack { .. }
        | QueueError::Redrive(_) => Problem::new(Kind::Invalid, error.to_string()),
        QueueError::Write(refused) => refused.into(),
    }
}
