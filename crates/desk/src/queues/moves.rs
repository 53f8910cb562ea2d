//! Decides how the messages of a dead-letter queue are moved on, and what clients are told of such moves.

use super::{Answered, Desk, Refused, Response};
use engine::{Move, MoveFailure, MoveRefused, MoveStatus, MoveTask};
use types::QueueName;
use wire::sqs::{self, Answer, MoveState};

pub(super) async fn start(
    desk: Desk<'_>,
    source: QueueName,
    destination: Option<QueueName>,
    per_second: Option<u32>,
) -> Answered {
    // The source comes first, as AWS looks at it.
    desk.served(&source).map_err(|_| desk.refuse(Refused::NoMoveSource))?;
    if let Some(destination) = &destination {
        desk.served(destination).map_err(|_| desk.refuse(Refused::NoMoveDestination))?;
    }
    let wanted = Move { source: source.clone(), destination, per_second };
    let task = desk.backend.engine.start_move(wanted).await.map_err(|refused| not_moved(desk, &source, &refused))?;
    Ok(desk.say(Answer::MoveStarted { source: &source, task: &id(task.id) }))
}

pub(super) fn list(desk: Desk<'_>, source: &QueueName, limit: usize) -> Answered {
    let mut tasks = desk.backend.engine.list_moves(source).map_err(|refused| not_moved(desk, source, &refused))?;
    tasks.truncate(limit);
    let ids: Vec<String> = tasks.iter().map(|task| id(task.id)).collect();
    let shown: Vec<sqs::MoveTask<'_>> = tasks.iter().zip(&ids).map(|(task, id)| shown(task, id)).collect();
    Ok(desk.say(Answer::MovesListed { source, tasks: &shown }))
}

pub(super) async fn cancel(desk: Desk<'_>, source: &QueueName, task: &str) -> Answered {
    let engine = &desk.backend.engine;
    let tasks = engine.list_moves(source).map_err(|refused| not_moved(desk, source, &refused))?;
    let known = tasks.iter().find(|known| id(known.id) == task);
    let known = known.ok_or_else(|| desk.refuse(Refused::NoMoveTask))?;
    // Of a task that is being stopped already, AWS says the same as of one that is over.
    if known.status != MoveStatus::Running {
        return Err(desk.refuse(Refused::MoveOver));
    }
    match engine.cancel_move(source, known.id).await {
        Ok(moved) => Ok(desk.say(Answer::MoveCancelled { moved })),
        // It has come to its end just now.
        Err(MoveRefused::NoTask) => Err(desk.refuse(Refused::MoveOver)),
        Err(refused) => Err(not_moved(desk, source, &refused)),
    }
}

/// How clients know a task: as all that AWS numbers, by a UUID. No queue has the number that stands for its queue here.
fn id(task: u64) -> String {
    sqs::message_id(sqs::Origin { queue: u32::MAX, message: task })
}

fn shown<'a>(task: &'a MoveTask, id: &'a str) -> sqs::MoveTask<'a> {
    sqs::MoveTask {
        id,
        state: match &task.status {
            MoveStatus::Running => MoveState::Running,
            MoveStatus::Completed => MoveState::Completed,
            MoveStatus::Cancelling => MoveState::Cancelling,
            MoveStatus::Cancelled => MoveState::Cancelled,
            MoveStatus::Failed(failure) => MoveState::Failed { reason: reason(failure) },
        },
        destination: task.destination.as_ref(),
        per_second: task.per_second,
        moved: task.moved,
        to_move: Some(task.to_move),
        started_at: task.started_at,
    }
}

/// Why a move was given up, in AWS's words where it has any.
fn reason(failure: &MoveFailure) -> &str {
    match failure {
        MoveFailure::NoQueue(_) => "AWS.SimpleQueueService.NonExistentQueue",
        MoveFailure::NoSource(_) => "CouldNotDetermineMessageSource",
        MoveFailure::Disk(what) => what,
    }
}

fn not_moved(desk: Desk<'_>, source: &QueueName, refused: &MoveRefused) -> Response {
    match refused {
        MoveRefused::NotFound(missing) if missing.name == source.as_str() => desk.refuse(Refused::NoMoveSource),
        MoveRefused::NotFound(_) => desk.refuse(Refused::NoMoveDestination),
        MoveRefused::NoDeadLetters(_) => desk.refuse(Refused::NotDeadLetterQueue),
        MoveRefused::Running(_) => desk.refuse(Refused::MoveRunning),
        MoveRefused::NoTask => desk.refuse(Refused::NoMoveTask),
        MoveRefused::Write(refused) => desk.not_written(refused),
        // `wire` refuses both before.
        MoveRefused::OtherKind(_) | MoveRefused::Rate(_) => desk.internal(refused),
    }
}
