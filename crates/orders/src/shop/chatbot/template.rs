//! Decides how we say it ourselves: the answer in plain sentences, with the orders' ids and the time of the data.
//!
//! What a customer wrote is never repeated, so nobody can have the shop say something. Of an order stands here what the
//! shop decided or was told by those who deliver.

use super::facts::{Facts, may_be_cancelled};
use super::intent::Intent;
use crate::shop::order::Order;
use crate::shop::status::Status;
use types::Timestamp;

const HELP: &str = "I can tell you how an order stands, where it is, which orders you placed, why one failed, and how to \
                    cancel one. Name the order by its id, or say when you placed it.";

/// The answer in our own words.
pub(super) fn text(facts: &Facts) -> String {
    let mut parts = Vec::new();
    match facts.asked.intent {
        Intent::Help => return HELP.to_owned(),
        Intent::Unknown => return format!("I did not understand that. {HELP}"),
        Intent::Recent => parts.extend(list(facts)),
        Intent::Status => parts.extend(facts.orders.iter().map(status)),
        Intent::Tracking => parts.extend(facts.orders.iter().map(tracking)),
        Intent::Failure => parts.extend(facts.orders.iter().map(failure)),
        Intent::Cancel => {
            parts.extend(facts.orders.iter().map(cancellation));
            parts.push("Nothing was cancelled by asking.".to_owned());
        }
    }
    match facts.missing {
        0 => {}
        1 => parts.push("I find no order of yours with the id that you named; check the id.".to_owned()),
        missing => {
            parts.push(format!("I find no order of yours with {missing} of the ids that you named; check them."))
        }
    }
    if facts.orders.is_empty() && facts.missing == 0 {
        let days = facts.asked.days.map(|days| days.to_string()).unwrap_or_default();
        parts.push(format!("I find no order of yours{days}."));
    }
    parts.push(as_of(facts.as_of));
    parts.join(" ")
}

/// Says when it was looked up.
pub(super) fn as_of(at: Timestamp) -> String {
    format!("As of {}.", stamp(at))
}

/// `2026-11-03 10:30:00 UTC`
pub(super) fn stamp(at: Timestamp) -> String {
    at.iso_seconds().replace('T', " ").replace('Z', " UTC")
}

fn list(facts: &Facts) -> Option<String> {
    let line = |order: &Order| {
        let amount = order.amount.decimal(order.currency);
        let at = stamp(order.created_at);
        format!("order {} of {at} for {amount} {}: {}", order.id, order.currency, order.status)
    };
    let lines: Vec<String> = facts.orders.iter().map(line).collect();
    if lines.is_empty() {
        return None;
    }
    let days = facts.asked.days.map(|days| days.to_string()).unwrap_or_default();
    let more = if facts.more { " There are more." } else { "" };
    Some(format!("Your orders{days}, the newest first: {}.{more}", lines.join("; ")))
}

fn status(order: &Order) -> String {
    let since = order.history.last().map_or(order.updated_at, |moment| moment.at);
    let said = match order.status {
        Status::Pending => "it was taken in and waits to be worked on",
        Status::Validating => "it is being checked",
        Status::InventoryCheck => "its goods are being set aside",
        Status::PaymentProcessing => "its payment is being made",
        Status::Fulfillment => "it is paid and being handed over for sending",
        Status::Completed => "it was handed over and is on its way",
        Status::Failed => "it could not be done, and what was done of it is taken back",
        Status::Cancelled => "it was called off, and what was done of it is taken back",
    };
    let asked = if order.progress.cancel_requested && !order.status.is_final() {
        " Its cancellation is asked for and comes before its next step."
    } else {
        ""
    };
    format!("Order {} has been {} since {}: {said}.{asked}", order.id, order.status, stamp(since))
}

fn tracking(order: &Order) -> String {
    match &order.tracking {
        Some(tracking) if order.status == Status::Completed => {
            let url = tracking.url.as_ref().map(|url| format!(" ({url})")).unwrap_or_default();
            format!("{} {} carries it under the number {}{url}.", status(order), tracking.carrier, tracking.number)
        }
        _ => {
            let why = match order.status {
                Status::Failed | Status::Cancelled => "It is not sent.",
                Status::Completed => "Its carrier gave no number to follow it by.",
                Status::Pending
                | Status::Validating
                | Status::InventoryCheck
                | Status::PaymentProcessing
                | Status::Fulfillment => "It is not sent yet; it gets a number to follow it by when it is.",
            };
            format!("{} {why}", status(order))
        }
    }
}

fn failure(order: &Order) -> String {
    match (&order.error, order.status) {
        (Some(error), Status::Failed) => {
            let why = error.message.trim_end_matches('.');
            format!("{} It failed at {} ({}): {why}.", status(order), error.step, error.code)
        }
        (_, Status::Failed) => status(order),
        _ => format!("{} It has not failed.", status(order)),
    }
}

fn cancellation(order: &Order) -> String {
    let how = if may_be_cancelled(order) {
        format!(
            "It can still be cancelled: send POST /orders/{}/cancel before it is handed over for sending.",
            order.id
        )
    } else {
        match order.status {
            Status::Fulfillment | Status::Completed => {
                "It can no longer be cancelled; refuse the parcel or send it back.".to_owned()
            }
            Status::Failed | Status::Cancelled => "There is nothing left to cancel.".to_owned(),
            Status::Pending | Status::Validating | Status::InventoryCheck | Status::PaymentProcessing => {
                "There is nothing more to do.".to_owned()
            }
        }
    };
    format!("{} {how}", status(order))
}
