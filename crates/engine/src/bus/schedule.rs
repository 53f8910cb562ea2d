//! Decides when a rule fires without an event: once for each instant that is due, and once for all that were missed.
//!
//! When a rule fired last is written with what comes of its firing, so a restart neither repeats nor forgets one.

use super::live::{LiveBus, LiveRule};
use super::plan::Plan;
use crate::codec::Malformed;
use crate::commit::{Commits, WriteRefused};
use crate::engine::Inner;
use crate::layout::{self, FIRED, STATE, kind};
use delivery::bus::{Event, EventId};
use std::sync::Arc;
use std::time::Duration;
use store::{Class, Direction, EntryBuilder};
use types::{SortedMap, Timestamp};

/// The longest sleep, since the system's clock may be set.
const SLEEP_MAX: Duration = Duration::from_secs(60);
/// How long a failing disk is left alone.
const LATER: Duration = Duration::from_secs(1);

/// When each rule fired last, by the rule's ARN without what all have in common.
#[derive(Default)]
pub(crate) struct Fired(SortedMap<String, Timestamp>);

impl Fired {
    pub(crate) fn open(commits: &Commits) -> Result<Self, WriteRefused> {
        let snapshot = commits.store.snapshot();
        let mut fired = SortedMap::new();
        for found in snapshot.prefix(STATE, FIRED, Direction::Forward) {
            let store::Item { key, value, .. } = found?;
            let millis = value.as_ref().try_into().map(i64::from_be_bytes).map_err(|_| Malformed("schedule"))?;
            let rule = String::from_utf8_lossy(&key[FIRED.len()..]).into_owned();
            fired.insert(rule, Timestamp::from_millis(millis));
        }
        Ok(Self(fired))
    }
}

/// Fires rules until the engine stops.
pub(super) async fn run(inner: Arc<Inner>) {
    let mut stop = inner.buses.stopping();
    while !*stop.borrow() {
        // Registered before looking, so that no change goes unheard.
        let changed = inner.buses.changed.notified();
        tokio::pin!(changed);
        changed.as_mut().enable();
        let sleep = match round(&inner).await {
            Ok(Some(next)) => next.since(inner.clock.now()).min(SLEEP_MAX),
            Ok(None) => SLEEP_MAX,
            Err(WriteRefused::Stopping) => return,
            Err(refused) => {
                crate::complain!("orderflow: rules that are due do not fire for now: {refused}");
                LATER
            }
        };
        tokio::select! {
            () = changed => {}
            // A millisecond more, so that it is due and not just about to be.
            () = tokio::time::sleep(sleep + Duration::from_millis(1)) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

/// Fires what is due; when the next one is.
async fn round(inner: &Arc<Inner>) -> Result<Option<Timestamp>, WriteRefused> {
    let live = inner.buses.live();
    let now = inner.clock.now();
    let mut soonest: Option<Timestamp> = None;
    for bus in live.all() {
        for rule in &bus.rules {
            let Some(schedule) = rule.rule.live_schedule() else { continue };
            let name = rule.arn.resource.to_string();
            let last = inner.buses.fired.lock().expect("no thread panics with it").0.get(&name).copied();
            let last = last.map_or(rule.began_at, |last| last.max(rule.began_at));
            let Some(due) = schedule.next_after(last, rule.began_at) else { continue };
            let next = if due <= now {
                fire(inner, bus, rule, due, now, name).await?;
                schedule.next_after(now, rule.began_at)
            } else {
                Some(due)
            };
            soonest = soonest.into_iter().chain(next).min();
        }
    }
    Ok(soonest)
}

async fn fire(
    inner: &Arc<Inner>,
    bus: &LiveBus,
    rule: &LiveRule,
    due: Timestamp,
    now: Timestamp,
    name: String,
) -> Result<(), WriteRefused> {
    let id = EventId::new(&uuid::Uuid::new_v4().to_string());
    let event = Event::scheduled(id, &rule.arn, due, &inner.account);
    // Its age counts from now on, however late it is.
    let event = Event::restore(event.json(), now, None).unwrap_or(event);
    let mut plan = Plan::new(inner);
    let entry = EntryBuilder::new(kind::EVENT, &[]);
    plan.write(entry.put(STATE, &layout::fired(&name), &now.millis().to_be_bytes()));
    plan.rules(bus, &[rule], &event, 0);
    plan.commit(Class::Engine).await?;
    inner.buses.fired.lock().expect("no thread panics with it").0.insert(name, now);
    Ok(())
}
