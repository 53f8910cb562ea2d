//! Decides how what could not be done with an event's own commit is done after it: tried, put off, tried again, given up.
//!
//! Each attempt is received from the buses' own queue, durably, so that attempts are counted also when the process ends in
//! the midst of one; what comes of it is one commit with the end of the message.

use super::call::Asked;
use super::header::{Header, Tried, What, Why};
use super::plan::{Aim, Attempt, Plan, measure, say};
use crate::aside::work;
use crate::commit::WriteRefused;
use crate::engine::Inner;
use crate::pollers::show_again;
use crate::queues::{LiveQueue, ReceivedMessage, Wanted};
use delivery::bus::failure::{ErrorCode, Failure};
use delivery::bus::retry::{GivenUp, Happened, State};
use delivery::bus::{Event, Target, rule_arn};
use std::sync::Arc;
use std::time::Duration;
use store::Class;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use types::{BusName, RuleName, TargetId};

/// How many deliveries are under way at once.
const AT_ONCE: usize = 32;
/// How many are received at once.
const BATCH: usize = 8;
/// How long a receive waits before it is asked anew.
const WAIT: Duration = Duration::from_secs(20);
/// How long a failing disk is left alone.
const LATER: Duration = Duration::from_secs(1);

/// Works off what is to be delivered until the engine stops.
pub(super) async fn run(inner: Arc<Inner>) {
    let mut stop = inner.buses.stopping();
    let queue = loop {
        // Registered before looking, so that no change goes unheard.
        let changed = inner.buses.changed.notified();
        tokio::pin!(changed);
        changed.as_mut().enable();
        if let Some(queue) = inner.buses.live().deliveries.clone() {
            break queue;
        }
        tokio::select! {
            () = changed => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    };
    if let Err(refused) = show_again(&inner, &queue) {
        crate::complain!("orderflow: deliveries that were under way come again later: {refused}");
    }
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    while !*stop.borrow() {
        let wanted = Wanted { max: BATCH, wait: WAIT, stop: Some(stop.clone()), ..Wanted::default() };
        match queue.receive(&inner.commits, &wanted).await {
            Ok(received) => {
                for one in received {
                    let place = Arc::clone(&places).acquire_owned().await.expect("the semaphore is never closed");
                    let (inner, queue) = (Arc::clone(&inner), Arc::clone(&queue));
                    running.spawn(work(async move {
                        if let Err(refused) = deliver(&inner, &queue, &one, place).await {
                            crate::complain!("orderflow: the delivery of an event is tried again later: {refused}");
                        }
                    }));
                }
            }
            Err(refused) => {
                crate::complain!("orderflow: no event is delivered for now: {refused}");
                tokio::time::sleep(LATER).await;
            }
        }
        while running.try_join_next().is_some() {}
    }
    while running.join_next().await.is_some() {}
}

/// `place` is held until it is done, or for as long as nobody elsewhere is waited for.
async fn deliver(
    inner: &Arc<Inner>,
    queue: &Arc<LiveQueue>,
    received: &ReceivedMessage,
    place: OwnedSemaphorePermit,
) -> Result<(), WriteRefused> {
    let mut place = Some(place);
    let (header, event) = Header::read(&received.message)?;
    let Some(done) = queue.delete_part(received.receipt) else { return Ok(()) };
    let mut plan = Plan::new(inner);
    plan.take(done);
    match &header.what {
        What::Rest { targets } => rest(&mut plan, &header, targets, &event),
        What::Target { rule, target, tried, turn } => {
            let arn = rule_arn(&inner.account, &header.bus, rule);
            match Target::parse_own((**target).clone(), &inner.account) {
                Ok(parsed) => {
                    let aim = Aim { bus: &header.bus, rule, arn: &arn, target: &parsed, spec: target };
                    let so_far = SoFar { tried, turn: *turn, receives: received.receipt.receives, place: &mut place };
                    one(inner, &mut plan, &aim, &event, header.depth, so_far).await;
                }
                Err(error) => {
                    crate::complain!(
                        "orderflow: event {} is dropped: rule {arn} has no such target: {error}",
                        event.id()
                    );
                }
            }
        }
    }
    plan.commit(Class::Engine).await
}

/// Brings an event to targets for which there was no room. Those that are gone meanwhile get nothing.
fn rest(plan: &mut Plan<'_>, header: &Header, targets: &[(RuleName, TargetId)], event: &Event) {
    let live = plan.live();
    let Some(bus) = live.get(&header.bus) else { return };
    let aims = targets.iter().filter_map(|(name, id)| {
        let rule = bus.rules.iter().find(|live| live.rule.name() == name)?;
        rule.aims(bus_name(bus)).find(|aim| aim.target.id == *id)
    });
    plan.aims(&aims.collect::<Vec<_>>(), event, header.depth);
}

fn bus_name(bus: &super::live::LiveBus) -> &BusName {
    &bus.name
}

/// What is known of a delivery when it is taken up.
struct SoFar<'t> {
    tried: &'t Tried,
    /// Whether there is a turn for it.
    turn: bool,
    /// How often the message was received.
    receives: u32,
    /// Given back before anybody elsewhere is waited for.
    place: &'t mut Option<OwnedSemaphorePermit>,
}

/// Tries to bring an event to its target.
async fn one(inner: &Inner, plan: &mut Plan<'_>, aim: &Aim<'_>, event: &Event, depth: u8, so_far: SoFar<'_>) {
    let SoFar { tried, turn, receives, place } = so_far;
    let now = inner.clock.now();
    let (measure, jitter) = (measure(aim.target, event), jitter());
    // An attempt in whose midst the process ended was an attempt.
    let lost = receives.saturating_sub(1);
    let state = match tried {
        Tried::GivenUp { retries, why, exhausted } => {
            let exhausted = exhausted.map(super::header::Over::exhausted);
            let given_up = GivenUp { failure: why.failure(), retries: *retries, exhausted };
            return plan.give_up(aim, event, depth, &given_up);
        }
        Tried::Never if lost == 0 => State::FIRST,
        Tried::Never => {
            let failure = Failure::new(ErrorCode::Unknown, "orderflow ended while it tried");
            State::Waiting { retries: lost - 1, retry_at: now, failure }
        }
        Tried::Failed { retries, why } => {
            State::Waiting { retries: retries + lost, retry_at: now, failure: why.failure() }
        }
    };
    let tried = match &state {
        State::Waiting { retries, failure, .. } => Tried::Failed { retries: *retries, why: Why::from(failure) },
        State::Due { .. } | State::Delivered | State::GivenUp(_) => Tried::Never,
    };
    let mut state = state.after(Happened::Nothing, &measure, now, jitter);
    if matches!(state, State::Due { .. }) {
        let came = match attempt(inner, plan, aim, event, depth).await {
            Came::Done(came) => came,
            Came::Call(asked) => match inner.buses.calls.turn(&asked, turn) {
                Ok(turn) => {
                    drop(place.take());
                    turn.call(inner, &asked.call).await
                }
                Err(wait) => return plan.put_off(aim, event, depth, tried, wait.has_turn, wait.span),
            },
        };
        let happened = came.map_or_else(Happened::Failed, |()| Happened::Delivered);
        state = state.after(happened, &measure, inner.clock.now(), jitter);
    }
    plan.settle(aim, event, depth, &state, inner.clock.now());
}

/// What came of an attempt, or what it takes.
pub(super) enum Came {
    Done(Result<(), Failure>),
    Call(Box<Asked>),
}

pub(super) async fn attempt(inner: &Inner, plan: &mut Plan<'_>, aim: &Aim<'_>, event: &Event, depth: u8) -> Came {
    const LOOKS: u32 = 50;
    for _ in 0..LOOKS {
        match plan.attempt(aim, event, depth) {
            Attempt::Done => return Came::Done(Ok(())),
            Attempt::Line(line) => return Came::Done(say(inner, aim.target, aim.rule, &line)),
            Attempt::Call(asked) => return Came::Call(asked),
            Attempt::Failed(failure) => return Came::Done(Err(failure)),
            // Whoever sends the same message is done in a moment, one way or the other.
            Attempt::Underway => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
    let message = "the same message is being sent by somebody else for too long";
    Came::Done(Err(Failure::new(ErrorCode::InternalError, message)))
}

/// A number from 0 to 1 that nobody foresees.
fn jitter() -> f64 {
    let [first, second, ..] = *uuid::Uuid::new_v4().as_bytes();
    f64::from(u16::from_le_bytes([first, second])) / f64::from(u16::MAX)
}
