//! Decides how queues are made, set, emptied and deleted, and what keeps them from it.

use super::{Answered, Desk, Known, Refused, Response, settings};
use engine::QueueError;
use std::time::Duration;
use types::QueueName;
use wire::sqs::{Answer, Change, DeadLetters, Settings};

/// A queue is emptied at most this often.
const BETWEEN_PURGES: Duration = Duration::from_secs(60);

/// Makes a queue. One that is there is as good, if it has no other value for anything that the client says.
pub(super) async fn create(
    desk: Desk<'_>,
    queue: QueueName,
    wanted: Settings,
    tags: Vec<(String, String)>,
) -> Answered {
    if let Ok(known) = desk.known(&queue) {
        return as_good(desk, &queue, &wanted, &known);
    }
    check_dead_letters(desk, &queue, &wanted.dead_letters)?;
    let made = settings::new(queue.clone(), wanted.clone(), tags);
    let made = made.map_err(|_| desk.refuse(Refused::ThroughputWithoutScope))?;
    match (desk.backend.engine.create_queue(made).await, desk.known(&queue)) {
        (Ok(_), _) => Ok(desk.say(Answer::Url(&queue))),
        // Somebody else has just made it.
        (Err(QueueError::Exists(_)), Ok(known)) => as_good(desk, &queue, &wanted, &known),
        (Err(error), _) => Err(not_set(desk, &queue, &wanted.dead_letters, &error)),
    }
}

fn as_good(desk: Desk<'_>, queue: &QueueName, wanted: &Settings, known: &Known) -> Answered {
    match wanted.differs_from(&known.description()) {
        Some(attribute) => Err(desk.refuse(Refused::QueueDiffers { attribute })),
        None => Ok(desk.say(Answer::Url(queue))),
    }
}

/// Refuses a dead-letter queue that is not there, or does not take the dead letters of this queue.
fn check_dead_letters(desk: Desk<'_>, queue: &QueueName, wanted: &Change<DeadLetters>) -> Result<(), Response> {
    let Change::Set(letters) = wanted else { return Ok(()) };
    let Ok(target) = desk.known(&letters.queue) else { return Err(desk.refuse(Refused::NoDeadLetterQueue(letters))) };
    let own = desk.backend.engine.account().arn("sqs", queue.as_str());
    if target.redrive_allowed.is_none_or(|allowed| allowed.allows(&own)) {
        return Ok(());
    }
    Err(desk.refuse(Refused::DeadLettersNotAllowed(letters)))
}

/// Says why the engine did not make or set a queue.
fn not_set(desk: Desk<'_>, queue: &QueueName, letters: &Change<DeadLetters>, error: &QueueError) -> Response {
    match (error, letters) {
        // It was there a moment ago, or belongs to a stack that is not up.
        (QueueError::Redrive(_), Change::Set(letters)) => desk.refuse(Refused::NoDeadLetterQueue(letters)),
        (error, _) => desk.not_done(queue, error),
    }
}

pub(super) async fn set(desk: Desk<'_>, queue: &QueueName, wanted: Settings) -> Answered {
    desk.known(queue)?;
    check_dead_letters(desk, queue, &wanted.dead_letters)?;
    let letters = wanted.dead_letters.clone();
    let change = |queue: &mut engine::QueueSettings| settings::changed(queue, wanted).map(|changed| *queue = changed);
    match desk.backend.engine.configure_queue(queue, change).await {
        Ok(Ok(())) => Ok(desk.say(Answer::Done)),
        Ok(Err(settings::ThroughputWithoutScope)) => Err(desk.refuse(Refused::ThroughputWithoutScope)),
        Err(error) => Err(not_set(desk, queue, &letters, &error)),
    }
}

pub(super) async fn delete(desk: Desk<'_>, queue: &QueueName) -> Answered {
    let deleted = desk.backend.engine.delete_queue(queue).await;
    deleted.map_err(|error| desk.not_done(queue, &error))?;
    Ok(desk.say(Answer::Done))
}

pub(super) async fn purge(desk: Desk<'_>, queue: &QueueName) -> Answered {
    let purged_at = desk.known(queue)?.info.purged_at;
    if purged_at.is_some_and(|purged_at| engine::now().since(purged_at) < BETWEEN_PURGES) {
        return Err(desk.refuse(Refused::PurgedRecently(queue)));
    }
    let purged = desk.backend.engine.purge_queue(queue).await;
    purged.map_err(|error| desk.not_done(queue, &error))?;
    Ok(desk.say(Answer::Done))
}
