//! Decides how the events of an archive are brought again, and that a crash neither skips nor repeats one.
//!
//! A replay has a thread of its own. What comes of some events, and how far the replay then is, is one commit.

use super::entries::{is_default, missing};
use super::error::BusError;
use super::kept;
use super::plan::Plan;
use crate::codec::Malformed;
use crate::commit::{Commits, WriteRefused};
use crate::engine::{Inner, POISON, spawn};
use crate::layout::{self, REPLAYS, STATE, kind};
use delivery::bus::archive::Archive;
use delivery::bus::entry::BusRef;
use delivery::bus::replay::{Happened, Replay, ReplaySpec, State};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use store::{Direction, EntryBuilder};
use types::{Account, ArchiveName, Arn, ReplayName, SortedMap, Timestamp};

/// How many events are brought with one commit at most, and how many bytes of them.
const AT_ONCE: usize = 50;
const BYTES_AT_ONCE: usize = 512 * 1024;
/// How many replays may be under way.
const RUNNING_MAX: usize = 10;
/// How long is told of a replay that has ended.
const TOLD_FOR: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// How long a failing disk is left alone.
const LATER: Duration = Duration::from_secs(1);

/// What is known of a replay.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplayInfo {
    /// What was asked for.
    pub spec: ReplaySpec,
    /// Whose events it brings.
    pub archive: ArchiveName,
    /// What it is for.
    pub description: Option<String>,
    /// Its ARN.
    pub arn: Arn,
    /// When it was asked for.
    pub started_at: Timestamp,
    /// How far it is.
    pub state: State,
}

/// A replay, as it is written down.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    spec: ReplaySpec,
    archive: ArchiveName,
    /// The archive's number: another archive of that name is another archive.
    archive_id: u32,
    description: Option<String>,
    started_at: Timestamp,
    state: State,
    /// The key of the event that was brought last.
    behind: Option<Vec<u8>>,
}

/// All replays, as they are durable. Whoever changes one holds all of them until that is.
pub(crate) struct Replays(SortedMap<ReplayName, Kept>);

impl Replays {
    pub(crate) fn open(commits: &Commits) -> Result<Self, WriteRefused> {
        let snapshot = commits.store.snapshot();
        let mut replays = SortedMap::new();
        for found in snapshot.prefix(STATE, REPLAYS, Direction::Forward) {
            let kept: Kept = serde_json::from_slice(&found?.value).map_err(|_| Malformed("replay"))?;
            replays.insert(kept.spec.name.clone(), kept);
        }
        Ok(Self(replays))
    }
}

impl Kept {
    fn info(&self, account: &Account) -> ReplayInfo {
        ReplayInfo {
            spec: self.spec.clone(),
            archive: self.archive.clone(),
            description: self.description.clone(),
            arn: account.arn("events", &format!("replay/{}", self.spec.name)),
            started_at: self.started_at,
            state: self.state.clone(),
        }
    }

    fn entry(&self) -> EntryBuilder {
        let value = serde_json::to_vec(self).expect("a replay is plain data");
        EntryBuilder::new(kind::EVENT, &[]).put(STATE, &layout::replay(self.spec.name.as_str()), &value)
    }

    fn has_ended(&self) -> bool {
        self.state.ended_at().is_some()
    }
}

pub(super) fn all(inner: &Inner) -> Vec<ReplayInfo> {
    let replays = inner.buses.replays.lock().expect(POISON);
    replays.0.values().map(|kept| kept.info(&inner.account)).collect()
}

/// Takes in a replay, and begins it if functions run.
pub(super) fn start(
    inner: &Arc<Inner>,
    archive: &ArchiveName,
    spec: ReplaySpec,
    description: Option<String>,
) -> Result<ReplayInfo, BusError> {
    let catalog = inner.catalog();
    let no_archive = || BusError::NoArchive { archive: archive.to_string() };
    let entry = catalog.archives.get(archive).filter(|entry| !entry.dormant).ok_or_else(no_archive)?;
    let parsed = Archive::parse(entry.spec.clone(), &inner.account)?;
    // Whether there is such a bus is asked before whether it is the archive's.
    if let Ok(BusRef::Here(bus)) = BusRef::parse(&spec.destination, &inner.account)
        && !is_default(&bus)
        && catalog.bus(&bus).is_none()
    {
        return Err(missing("event bus", &bus).into());
    }
    Replay::parse(spec.clone(), &parsed, &inner.account)?;
    let mut replays = inner.buses.replays.lock().expect(POISON);
    if replays.0.contains_key(&spec.name) {
        return Err(BusError::Exists { kind: "replay", name: spec.name.to_string() });
    }
    if replays.0.values().filter(|kept| !kept.has_ended()).count() >= RUNNING_MAX {
        return Err(BusError::TooMany { kind: "replay", max: RUNNING_MAX });
    }
    let kept = Kept {
        archive: archive.clone(),
        archive_id: entry.id,
        description,
        started_at: inner.clock.now(),
        state: State::Starting,
        behind: None,
        spec,
    };
    inner.commits.commit_one_blocking(kept.entry())?;
    let (info, name) = (kept.info(&inner.account), kept.spec.name.clone());
    replays.0.insert(name.clone(), kept);
    drop(replays);
    if inner.functions.get().is_some() {
        begin(inner, name);
    }
    Ok(info)
}

/// Tells a replay to stop.
pub(super) fn cancel(inner: &Inner, name: &ReplayName) -> Result<ReplayInfo, BusError> {
    let mut replays = inner.buses.replays.lock().expect(POISON);
    let known = replays.0.get_mut(name).ok_or_else(|| missing("replay", name))?;
    let cancelled = Kept { state: known.state.clone().cancel(name)?, ..known.clone() };
    inner.commits.commit_one_blocking(cancelled.entry())?;
    *known = cancelled;
    Ok(known.info(&inner.account))
}

/// Goes on with what was under way, and forgets what ended long ago.
pub(crate) fn resume(inner: &Arc<Inner>) -> Result<(), WriteRefused> {
    let now = inner.clock.now();
    let mut replays = inner.buses.replays.lock().expect(POISON);
    let is_old = |kept: &Kept| kept.state.ended_at().is_some_and(|ended_at| now.since(ended_at) > TOLD_FOR);
    let old: Vec<ReplayName> =
        replays.0.iter().filter(|(_, kept)| is_old(kept)).map(|(name, _)| name.clone()).collect();
    if !old.is_empty() {
        let entry = EntryBuilder::new(kind::EVENT, &[]);
        let entry = old.iter().fold(entry, |entry, name| entry.delete(STATE, &layout::replay(name.as_str())));
        inner.commits.commit_one_blocking(entry)?;
        replays.0.retain(|name, _| !old.contains(name));
    }
    let unfinished: Vec<ReplayName> =
        replays.0.values().filter(|kept| !kept.has_ended()).map(|kept| kept.spec.name.clone()).collect();
    drop(replays);
    unfinished.into_iter().for_each(|name| begin(inner, name));
    Ok(())
}

fn begin(inner: &Arc<Inner>, name: ReplayName) {
    let bringer = Arc::clone(inner);
    let thread = spawn("replay", move || {
        loop {
            match some(&bringer, &name) {
                Ok(true) => {}
                Ok(false) | Err(WriteRefused::Stopping) => return,
                Err(refused) => {
                    crate::complain!("orderflow: replay {name} waits: {refused}");
                    bringer.sleep(LATER);
                }
            }
            if bringer.is_stopping() {
                return;
            }
        }
    });
    inner.keep_thread(thread);
}

/// Brings some more events; whether there may be more.
fn some(inner: &Arc<Inner>, name: &ReplayName) -> Result<bool, WriteRefused> {
    let mut replays = inner.buses.replays.lock().expect(POISON);
    let Some(known) = replays.0.get_mut(name).filter(|kept| !kept.has_ended()) else { return Ok(false) };
    let now = inner.clock.now();
    let mut next = known.clone();
    let mut plan = Plan::new(inner);
    let catalog = inner.catalog();
    let entry = catalog.archives.get(&next.archive).filter(|entry| entry.id == next.archive_id && !entry.dormant);
    let replay = entry.and_then(|entry| {
        let archive = Archive::parse(entry.spec.clone(), &inner.account).ok()?;
        Replay::parse(next.spec.clone(), &archive, &inner.account).ok()
    });
    let happened = match (&next.state, replay) {
        (State::Cancelling { .. }, _) => vec![Happened::Stopped],
        (_, None) => vec![Happened::Failed { reason: format!("the archive {} is gone", next.archive) }],
        (_, Some(replay)) => {
            let (from, to) = (next.spec.from, next.spec.to);
            let events = kept::some(inner, next.archive_id, from, to, next.behind.as_deref(), AT_ONCE, BYTES_AT_ONCE)?;
            let live = inner.buses.live();
            let mut last = None;
            for (key, event) in &events {
                if let Some(bus) = live.get(replay.bus()).filter(|_| replay.wants(event)) {
                    plan.event(bus, &event.replayed(name), 0, &|rule| replay.reaches(rule));
                }
                last = Some(event.ingested_at());
                next.behind = Some(key.clone());
            }
            match last {
                Some(to) => vec![Happened::Began, Happened::Replayed { to }],
                None => vec![Happened::Began, Happened::Finished],
            }
        }
    };
    for happened in happened {
        next.state = next.state.after(happened, now);
    }
    plan.write(next.entry());
    plan.commit_blocking()?;
    let goes_on = !next.has_ended();
    *known = next;
    Ok(goes_on)
}
