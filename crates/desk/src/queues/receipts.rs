//! Decides what clients do with messages that they have received: delete them, or hide them for another time.

use super::messages::outcomes;
use super::{Answered, Desk, Refused, Response};
use engine::{Deleted, VisibilityRefused};
use std::time::Duration;
use types::QueueName;
use wire::Refusal;
use wire::sqs::{Answer, Entry, Receipt};

pub(super) async fn delete(desk: Desk<'_>, receipt: &Receipt) -> Answered {
    let came = desk.backend.engine.delete(&receipt.queue, held(receipt)).await;
    let came = came.map_err(|error| desk.not_done(&receipt.queue, &error))?;
    deleted(came, &receipt.handle()).map_err(|refusal| desk.reply.refuse(&refusal))?;
    Ok(desk.say(Answer::Done))
}

pub(super) async fn delete_batch(desk: Desk<'_>, queue: &QueueName, entries: &[Entry<Receipt>]) -> Answered {
    let good: Vec<&Receipt> = entries.iter().filter_map(|entry| entry.asked.as_ref().ok()).collect();
    let handles: Vec<String> = good.iter().map(|receipt| receipt.handle()).collect();
    let receipts: Vec<engine::Receipt> = good.into_iter().map(held).collect();
    let came = desk.backend.engine.delete_many(queue, &receipts).await;
    let came = came.map_err(|error| desk.not_done(queue, &error))?;
    let came = came.into_iter().zip(&handles).collect();
    let outcomes = outcomes(entries, came, |_, (came, handle)| deleted(came, handle));
    Ok(desk.say(Answer::Batch(&outcomes)))
}

fn held(receipt: &Receipt) -> engine::Receipt {
    engine::Receipt { id: receipt.message, receives: receipt.receives }
}

fn deleted(came: Deleted, handle: &str) -> Result<(), Refusal<'_>> {
    match came {
        Deleted::Gone => Ok(()),
        Deleted::Expired => Err(Refusal::Queue(Refused::ReceiptExpired { handle })),
        Deleted::NeverIssued => Err(Refusal::NoSuchReceipt),
    }
}

pub(super) async fn hide(desk: Desk<'_>, receipt: Receipt, visible_after: Duration) -> Answered {
    let wanted = (receipt, visible_after);
    let mut came = hide_many(desk, &wanted.0.queue, &[&wanted]).await?;
    let came = came.pop().expect("the engine answers each receipt");
    hidden(came, &wanted.0.handle(), visible_after).map_err(|refusal| desk.reply.refuse(&refusal))?;
    Ok(desk.say(Answer::Done))
}

pub(super) async fn hide_batch(desk: Desk<'_>, queue: &QueueName, entries: &[Entry<(Receipt, Duration)>]) -> Answered {
    let good: Vec<&(Receipt, Duration)> = entries.iter().filter_map(|entry| entry.asked.as_ref().ok()).collect();
    let handles: Vec<String> = good.iter().map(|(receipt, _)| receipt.handle()).collect();
    let came = hide_many(desk, queue, &good).await?;
    let came = came.into_iter().zip(&handles).collect();
    let outcomes = outcomes(entries, came, |(_, visible_after), (came, handle)| hidden(came, handle, *visible_after));
    Ok(desk.say(Answer::Batch(&outcomes)))
}

/// What came of hiding a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hidden {
    Done,
    /// The message is not there any more.
    Gone,
    /// It is there, and not hidden by this receive.
    NotInFlight,
    TooLong,
}

async fn hide_many(
    desk: Desk<'_>,
    queue: &QueueName,
    wanted: &[&(Receipt, Duration)],
) -> Result<Vec<Hidden>, Response> {
    let engine = &desk.backend.engine;
    desk.served(queue)?;
    let held: Vec<_> = wanted.iter().map(|(receipt, visible_after)| (held(receipt), *visible_after)).collect();
    let came = engine.change_visibility_many(queue, &held).await.map_err(|refused| desk.not_written(&refused))?;
    let mut hidden = Vec::with_capacity(came.len());
    for ((receipt, _), came) in held.iter().zip(came) {
        hidden.push(match came {
            Ok(()) => Hidden::Done,
            Err(VisibilityRefused::TooLong) => Hidden::TooLong,
            Err(VisibilityRefused::NotInFlight | VisibilityRefused::Busy) => {
                let found = engine.browse(queue, receipt.id, 1).map_err(|error| desk.not_done(queue, &error))?;
                let is_there = found.first().is_some_and(|message| message.id == receipt.id);
                if is_there { Hidden::NotInFlight } else { Hidden::Gone }
            }
        });
    }
    Ok(hidden)
}

fn hidden(came: Hidden, handle: &str, visible_after: Duration) -> Result<(), Refusal<'_>> {
    match came {
        Hidden::Done => Ok(()),
        Hidden::Gone => Err(Refusal::Queue(Refused::NotHidden { handle })),
        Hidden::NotInFlight => Err(Refusal::Queue(Refused::NotInFlight)),
        Hidden::TooLong => Err(Refusal::Queue(Refused::HiddenTooLong { visible_after })),
    }
}
