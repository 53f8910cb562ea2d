//! Decides how event buses live on the store: what is durable when, who delivers, and what a crash leaves.
//!
//! What an event is, whom it reaches and when it is given up is `delivery::bus`'s to decide. Here ([`plan`]) an event and
//! all that comes of it is one commit: what can be done at once is a part of it (a message in a queue of this engine, a
//! function's work, the events of another bus, a letter in a dead-letter queue), what cannot is a message in the buses' own
//! queue, which [`deliver`] works off, trying again as the target's policy says. [`endpoints`] has whom events are brought
//! to by HTTP, [`call`] when they are; [`again`] brings a dead letter once more, and [`tell`] what the engine itself has to
//! say. [`kept`] holds archives, [`replay`]
//! brings their events again, [`schedule`] fires rules, [`live`] has the rules compiled, [`entries`] is what is deployed.
//!
//! Invariants: who put an event hears of it when all deliveries are durable. A delivery ends in its target, in its
//! dead-letter queue, or in a line that says what was dropped because nobody asked for it to be kept.

mod again;
mod api;
mod call;
mod change;
mod deliver;
mod endpoints;
mod entries;
mod error;
mod header;
pub(crate) mod kept;
pub(crate) mod live;
mod plan;
pub(crate) mod replay;
mod schedule;
mod tell;

pub(crate) use again::again;
pub(crate) use api::beside;
pub use api::{ArchiveChange, ArchiveInfo, ArchivedEvent, BusInfo, RuleInfo};
pub use call::WEBHOOK_SECRET;
pub use endpoints::{ConnectionEntry, ConnectionInfo, DestinationEntry, DestinationInfo};
pub use entries::{ArchiveEntry, BusEntry, RuleEntry};
pub use error::{BusError, PutError, PutRefused};
pub(crate) use plan::Plan;
pub use replay::ReplayInfo;
pub use tell::TellError;

use crate::aside::work;
use crate::commit::{Commits, WriteRefused};
use crate::engine::Inner;
use std::sync::{Arc, Mutex, RwLock};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, watch};

/// How often archives are rid of what is too old.
const SWEPT_EVERY: Duration = Duration::from_secs(3600);

/// What the engine has of event buses, at work.
pub(crate) struct Buses {
    live: RwLock<Arc<live::LiveBuses>>,
    pub(crate) replays: Mutex<replay::Replays>,
    pub(crate) fired: Mutex<schedule::Fired>,
    /// Rung when rules change.
    changed: Notify,
    stop: watch::Sender<bool>,
    /// When archives were last rid of what is too old.
    swept_at: Mutex<Option<Instant>>,
    /// When HTTP endpoints may be called.
    calls: call::Calls,
}

impl Buses {
    pub(crate) fn open(commits: &Commits) -> Result<Self, WriteRefused> {
        Ok(Self {
            live: RwLock::default(),
            replays: Mutex::new(replay::Replays::open(commits)?),
            fired: Mutex::new(schedule::Fired::open(commits)?),
            changed: Notify::new(),
            stop: watch::channel(false).0,
            swept_at: Mutex::default(),
            calls: call::Calls::default(),
        })
    }

    /// The rules as they are now.
    pub(crate) fn live(&self) -> Arc<live::LiveBuses> {
        Arc::clone(&self.live.read().expect("no thread panics with the buses"))
    }

    /// Drops deliveries that could not be made, nor set aside, for two weeks.
    pub(crate) fn expire(&self, commits: &Commits) -> Result<(), WriteRefused> {
        let Some(queue) = self.live().deliveries.clone() else { return Ok(()) };
        match queue.expire(commits)? {
            0 => {}
            count => crate::complain!(
                "orderflow: {count} events were dropped: for two weeks they were neither taken by their targets nor \
                 could they be set aside"
            ),
        }
        Ok(())
    }

    /// Whether archives are to be looked through for what is too old: once an hour.
    fn sweeps(&self) -> bool {
        let mut swept_at = self.swept_at.lock().expect("no thread panics with it");
        let is_due = swept_at.is_none_or(|swept_at| swept_at.elapsed() >= SWEPT_EVERY);
        if is_due {
            *swept_at = Some(Instant::now());
        }
        is_due
    }

    /// Nothing more is begun.
    pub(crate) fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// To be asked whether to stop, and woken by it.
    pub(crate) fn stopping(&self) -> watch::Receiver<bool> {
        self.stop.subscribe()
    }
}

/// The whole life of the thread on which buses deliver and rules fire.
pub(crate) fn run(inner: &Arc<Inner>) {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
        crate::complain!("orderflow: no thread for events: nothing is delivered until the next start");
        return;
    };
    runtime.block_on(async {
        let mut working = tokio::task::JoinSet::new();
        working.spawn(work(deliver::run(Arc::clone(inner))));
        working.spawn(work(schedule::run(Arc::clone(inner))));
        while working.join_next().await.is_some() {}
    });
}
