//! Decides how sample orders go to the shop front: over the public listener with this machine's key, as a customer's
//! would, several at once when there are many and no rate is asked for.
//!
//! What the server has no room for just now is counted and not sent again; what it refuses for good ends it.

use super::{Progress, SENDERS_MAX, TOLD_MAX};
use crate::cli;
use crate::client::{ANSWER_WITHIN, Client};
use crate::commands::{Given, counted};
use crate::exit::{DONE, Failure, NO, Stop};
use crate::shopper::{Answer, Door, Shopper};
use crate::terminal::{Look, Out, Paint, safe};
use crate::views::Health;
use hyper::Method;
use orders::sample;
use serde::Serialize;
use serde_json::Value as Json;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use types::SortedMap;

/// What became of the orders that were sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Placed {
    url: String,
    seed: u64,
    orders: u64,
    accepted: u64,
    /// How many the server had no room for, by status.
    refused: SortedMap<String, u64>,
    by_tier: SortedMap<String, u64>,
    /// The order that was accepted last.
    #[serde(skip_serializing_if = "Option::is_none")]
    latest: Option<String>,
    millis: u64,
}

impl Placed {
    /// Counts what was answered to one more; the order, if it was accepted. What will be refused whenever it is sent is
    /// a failure.
    fn count(&mut self, answer: Answer) -> Result<Option<Json>, Failure> {
        self.orders += 1;
        if matches!(answer.status, 429 | 503) {
            *self.refused.get_or_default(answer.status.to_string()) += 1;
            return Ok(None);
        }
        let order = answer.good()?;
        self.accepted += 1;
        let tier = order["tier"].as_str().unwrap_or("untold").to_owned();
        *self.by_tier.get_or_default(tier) += 1;
        self.latest = order["orderId"].as_str().map(str::to_owned);
        Ok(Some(order))
    }
}

/// Sends sample orders.
pub(super) fn run(
    given: Given<'_>,
    wanted: &cli::Trigger,
    seed: u64,
    client: Client,
    health: &Health,
) -> Result<u8, Stop> {
    let Given { options, out, .. } = given;
    let shopper = Shopper::of(client, health, None)?;
    let tell_each = wanted.count <= TOLD_MAX && !options.json;
    let mut placed = Placed { url: health.public.clone(), seed, ..Placed::default() };
    shopper.runtime.block_on(place(&shopper.door, wanted, tell_each, &mut placed, out))?;
    if options.json {
        out.json(&placed)?;
    } else {
        let text = draw_summary(&placed, &options.again(), out.look);
        out.print(&text)?;
    }
    Ok(if placed.accepted == placed.orders { DONE } else { NO })
}

async fn place(
    door: &Arc<Door>,
    wanted: &cli::Trigger,
    tell_each: bool,
    placed: &mut Placed,
    out: &mut Out,
) -> Result<(), Stop> {
    let count = wanted.count as usize;
    let one_by_one = tell_each || wanted.rate.is_some_and(|rate| rate < 100.0);
    let senders = if one_by_one { 1 } else { SENDERS_MAX.min(count) };
    let (give, take) = mpsc::channel::<Json>(senders);
    let (tell, mut told) = mpsc::channel::<Result<Answer, Failure>>(senders);
    let take = Arc::new(tokio::sync::Mutex::new(take));
    for _ in 0..senders {
        let (door, take, tell) = (Arc::clone(door), Arc::clone(&take), tell.clone());
        tokio::spawn(async move {
            if let Err(failure) = send(&door, &take, &tell).await {
                // If nobody listens any more, another sender has failed before.
                let _ = tell.send(Err(failure)).await;
            }
        });
    }
    drop(tell);
    let (started, rate, seed) = (Instant::now(), wanted.rate, placed.seed);
    tokio::spawn(async move {
        for (nth, order) in (0_u32..).zip(sample::submissions(seed, count)) {
            if let Some(rate) = rate {
                let due = started + Duration::from_secs_f64(f64::from(nth) / rate);
                tokio::time::sleep_until(due.into()).await;
            }
            if give.send(order).await.is_err() {
                return;
            }
        }
    });
    let mut progress = Progress::new(wanted.count, !tell_each);
    while let Some(answer) = told.recv().await {
        let answer = answer.inspect_err(|_| progress.clear())?;
        let order = placed.count(answer).inspect_err(|_| progress.clear())?;
        if let Some(order) = order.filter(|_| tell_each) {
            out.print(&draw_order(&order, out.look))?;
            out.flush()?;
        }
        progress.tell(placed.orders, started.elapsed());
    }
    progress.clear();
    placed.millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(())
}

/// Sends one order after the other, over one connection.
async fn send(
    door: &Door,
    take: &tokio::sync::Mutex<mpsc::Receiver<Json>>,
    tell: &mpsc::Sender<Result<Answer, Failure>>,
) -> Result<(), Failure> {
    let mut connection = door.connect().await?;
    loop {
        // The lock is let go before sending, so that the next sender can take the next order.
        let taken = take.lock().await.recv().await;
        let Some(order) = taken else { return Ok(()) };
        let headers = door.with_key(&[("content-type", "application/json")]);
        let sent = connection.send(Method::POST, "/orders", &headers, order.to_string().into(), ANSWER_WITHIN).await;
        let (status, body) = sent.map_err(super::gone)?;
        if tell.send(Ok(Answer::read(status, &body))).await.is_err() {
            return Ok(());
        }
    }
}

fn draw_order(order: &Json, look: Look) -> String {
    let text = |name: &str| safe(order[name].as_str().unwrap_or("")).into_owned();
    format!(
        "{}  {:>9} {}  {:<8}  {}\n",
        look.paint(Paint::Cyan, &text("orderId")),
        text("amount"),
        text("currency"),
        text("tier"),
        text("customerId"),
    )
}

/// What became of them, and the commands that show what becomes of one; `again` are the options that this was asked
/// with.
fn draw_summary(placed: &Placed, again: &str, look: Look) -> String {
    let per_second = placed.accepted as f64 * 1000.0 / (placed.millis.max(1) as f64);
    let accepted = if placed.accepted == placed.orders {
        format!("{} accepted", counted(placed.orders, "order"))
    } else {
        format!("{} of {} accepted", placed.accepted, counted(placed.orders, "order"))
    };
    let tiers: Vec<String> = placed.by_tier.iter().map(|(tier, count)| format!("{count} {}", safe(tier))).collect();
    let tiers = if tiers.is_empty() { String::new() } else { format!(": {}", tiers.join(", ")) };
    let mut text = format!(
        "{accepted} by {} in {:.2} s ({per_second:.0}/s, seed {}){tiers}\n",
        safe(&placed.url),
        placed.millis as f64 / 1000.0,
        placed.seed,
    );
    for (status, count) in &placed.refused {
        let why = match status.as_str() {
            "429" => "faster than the key's plan allows",
            _ => "more than the server has room for",
        };
        text += &look.paint(
            Paint::Yellow,
            &format!("{} refused ({status}): {why}; give a lower --rate", counted(*count, "order")),
        );
        text.push('\n');
    }
    if let Some(latest) = &placed.latest {
        for (what, verb) in [("see what became of one", "orders get"), ("and what every pipe did with it", "explain")] {
            let command = format!("orderflow {verb} {latest}{again}");
            text += &format!("{what}: {}\n", look.paint(Paint::Cyan, &safe(&command)));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn placed(accepted: u64, refused: &[(&str, u64)]) -> Placed {
        Placed {
            url: "http://127.0.0.1:8080".into(),
            seed: 7,
            orders: accepted + refused.iter().map(|(_, count)| count).sum::<u64>(),
            accepted,
            refused: refused.iter().map(|(status, count)| ((*status).to_owned(), *count)).collect(),
            by_tier: [("premium".to_owned(), accepted / 2), ("small".to_owned(), accepted - accepted / 2)].into(),
            latest: (accepted > 0).then(|| "0190".to_owned()),
            millis: 500,
        }
    }

    #[test]
    fn what_was_accepted_is_told_with_what_to_type_next() {
        insta::assert_snapshot!(draw_summary(&placed(10, &[]), " --admin 4600", Look::PLAIN), @r"
        10 orders accepted by http://127.0.0.1:8080 in 0.50 s (20/s, seed 7): 5 premium, 5 small
        see what became of one: orderflow orders get 0190 --admin 4600
        and what every pipe did with it: orderflow explain 0190 --admin 4600
        ");
    }

    #[test]
    fn what_there_was_no_room_for_is_told_with_what_to_do() {
        insta::assert_snapshot!(draw_summary(&placed(1, &[("429", 1), ("503", 12)]), "", Look::PLAIN), @r"
        1 of 14 orders accepted by http://127.0.0.1:8080 in 0.50 s (2/s, seed 7): 0 premium, 1 small
        1 order refused (429): faster than the key's plan allows; give a lower --rate
        12 orders refused (503): more than the server has room for; give a lower --rate
        see what became of one: orderflow orders get 0190
        and what every pipe did with it: orderflow explain 0190
        ");
        let none = Placed { by_tier: SortedMap::new(), ..placed(0, &[("503", 2)]) };
        insta::assert_snapshot!(draw_summary(&none, "", Look::PLAIN), @r"
        0 of 2 orders accepted by http://127.0.0.1:8080 in 0.50 s (0/s, seed 7)
        2 orders refused (503): more than the server has room for; give a lower --rate
        ");
    }

    #[test]
    fn what_will_never_be_accepted_ends_it_and_what_comes_too_fast_is_counted() {
        let answer = |status, tier: &str| Answer { status, body: json!({"orderId": "0190", "tier": tier}) };
        let mut counted = Placed::default();
        for (status, tier) in [(201, "small"), (503, ""), (201, "premium"), (429, ""), (503, ""), (201, "small")] {
            assert_eq!(counted.count(answer(status, tier)).unwrap().is_some(), status == 201);
        }
        assert_eq!((counted.orders, counted.accepted, counted.latest.as_deref()), (6, 3, Some("0190")));
        assert_eq!(counted.refused, [("429".to_owned(), 1), ("503".to_owned(), 2)].into());
        assert_eq!(counted.by_tier, [("premium".to_owned(), 1), ("small".to_owned(), 2)].into());
        assert!(counted.count(answer(403, "")).is_err() && counted.count(answer(500, "")).is_err());
    }

    #[test]
    fn an_order_is_a_line() {
        let order =
            json!({"orderId": "0190", "amount": "39.80", "currency": "USD", "tier": "small", "customerId": "C\u{1b}"});
        insta::assert_snapshot!(draw_order(&order, Look::PLAIN), @r"0190      39.80 USD  small     C\u{1b}");
    }
}
