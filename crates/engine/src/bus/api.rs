//! Decides what of event buses the outside sees: the part of [`Engine`] that is about them.

use super::entries::{BusEntry, RuleEntry, is_default, missing};
use super::error::{BusError, PutError, PutRefused};
use super::plan::Plan;
use super::replay::{self, ReplayInfo};
use super::{change, kept};
use crate::command::CommandError;
use crate::commit::WriteRefused;
use crate::engine::{Engine, Inner, NotFound};
use crate::tables::Beside;
use crate::trace;
use delivery::bus::archive::ArchiveSpec;
use delivery::bus::entry::{BusRef, DEFAULT_BUS, Entry, check_request};
use delivery::bus::policy::{Policy, PolicyRefused};
use delivery::bus::replay::ReplaySpec;
use delivery::bus::{EventId, RuleSpec, RuleState, TargetSpec, rule_arn};
use serde_json::Value as Json;
use std::sync::Arc;
use store::Class;
use types::{Account, ArchiveName, Arn, BusName, ReplayName, RuleName, SortedMap, TargetId, Timestamp};

/// Among how many archived events a value is looked for, and how many of them are told.
const SEARCHED_MAX: usize = 10_000;
const FOUND_MAX: usize = 20;

/// What is known of a bus.
#[derive(Debug, Clone, PartialEq)]
pub struct BusInfo {
    /// Its name.
    pub name: BusName,
    /// Its ARN.
    pub arn: Arn,
    /// What it is for.
    pub description: Option<String>,
    /// When it was made; nothing for the default bus until something is done to it.
    pub created_at: Option<Timestamp>,
    /// When it was last changed.
    pub changed_at: Option<Timestamp>,
    /// The stack it belongs to; empty if clients have made it, and for the default bus.
    pub stack: String,
    /// What clients have written on it.
    pub tags: SortedMap<String, String>,
    /// Who may do what with it, if clients have said so.
    pub policy: Option<Policy>,
}

/// What is known of a rule.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleInfo {
    /// Its bus.
    pub bus: BusName,
    /// Its ARN.
    pub arn: Arn,
    /// What was asked for.
    pub spec: RuleSpec,
    /// The role that it would have on AWS.
    pub role: Option<String>,
    /// Where it sends events, as it was asked for.
    pub targets: Vec<TargetSpec>,
    /// The stack it belongs to; empty if clients have made it.
    pub stack: String,
    /// What clients have written on it.
    pub tags: SortedMap<String, String>,
}

/// What is known of an archive.
#[derive(Debug, Clone, PartialEq)]
pub struct ArchiveInfo {
    /// What was asked for.
    pub spec: ArchiveSpec,
    /// Its ARN.
    pub arn: Arn,
    /// When it was made.
    pub created_at: Timestamp,
    /// How many events it has.
    pub events: u64,
    /// How many bytes they take.
    pub bytes: u64,
}

/// An event that an archive keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchivedEvent {
    /// The archive.
    pub archive: ArchiveName,
    /// When its bus received it.
    pub received_at: Timestamp,
    /// The event.
    pub json: String,
}

/// What of an archive changes; what is not given stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ArchiveChange {
    /// What it is for.
    pub description: Option<String>,
    /// Which events it keeps.
    pub pattern: Option<String>,
    /// For how many days.
    pub retention_days: Option<i64>,
}

fn bus_info(name: &BusName, entry: &BusEntry, account: &Account) -> BusInfo {
    BusInfo {
        name: name.clone(),
        arn: account.arn("events", &format!("event-bus/{name}")),
        description: entry.description.clone(),
        created_at: entry.created_at,
        changed_at: entry.changed_at,
        stack: entry.stack.clone(),
        tags: entry.tags.clone(),
        policy: entry.policy.clone(),
    }
}

fn rule_info(bus: &BusName, name: &RuleName, entry: &RuleEntry, account: &Account) -> RuleInfo {
    RuleInfo {
        bus: bus.clone(),
        arn: rule_arn(account, bus, name),
        spec: entry.spec.clone(),
        role: entry.role.clone(),
        targets: entry.targets.clone(),
        stack: entry.stack.clone(),
        tags: entry.tags.clone(),
    }
}

/// What became of an entry: the event's id, or why it is none.
type Put = Result<EventId, PutRefused>;

/// Says of entries that do not say it themselves in which trace they were put.
fn mark(entries: &mut [Entry]) {
    if let Some(header) = trace::header() {
        entries.iter_mut().filter(|entry| entry.trace_header.is_none()).for_each(|entry| {
            entry.trace_header = Some(header.clone());
        });
    }
}

/// What comes of entries: what is answered for each when the plan is durable.
fn take_in<'i>(inner: &'i Arc<Inner>, entries: &[Entry]) -> Result<(Vec<Put>, Plan<'i>), PutError> {
    let buses = check_request(entries, &inner.account)?;
    let now = inner.clock.now();
    let mut plan = Plan::new(inner);
    let live = plan.live();
    let mut answers = Vec::with_capacity(entries.len());
    for (entry, bus) in entries.iter().zip(buses) {
        let id = EventId::new(&uuid::Uuid::new_v4().to_string());
        let event = match entry.accept(id, &inner.account, now) {
            Ok(event) => event,
            Err(refused) => {
                answers.push(Err(refused.into()));
                continue;
            }
        };
        answers.push(match bus {
            BusRef::Elsewhere(arn) => Err(PutRefused::Elsewhere { arn }),
            BusRef::Here(name) => {
                inner.meters.buses.put(&name, event.json().len());
                match live.get(&name) {
                    Some(bus) => plan.event(bus, &event, 0, &|_| true),
                    None if is_default(&name) => {}
                    None => {
                        crate::complain!("orderflow: event {} is dropped: there is no event bus {name}", event.id())
                    }
                }
                Ok(event.id().clone())
            }
        });
    }
    Ok((answers, plan))
}

/// What comes of events that are part of a command: all of them are taken, or none.
pub(crate) fn beside(inner: &Arc<Inner>, entries: &[Entry]) -> Result<Beside, CommandError> {
    if entries.is_empty() {
        return Ok(Beside::default());
    }
    let (answers, plan) = take_in(inner, entries)?;
    for (index, answer) in answers.into_iter().enumerate() {
        answer.map_err(|refused| CommandError::Event { index, refused })?;
    }
    Ok(plan.beside())
}

impl Engine {
    /// Whether events of a bus come to nothing: it is there, and no rule or archive of it is at work. Whoever knows that
    /// need not make them, and says by [`Engine::count_unheard`] how many there would have been.
    pub fn is_unheard(&self, bus: &BusName) -> bool {
        let is_quiet = self.inner.buses.live().get(bus).map(|live| live.rules.is_empty() && live.archives.is_empty());
        is_quiet.unwrap_or_else(|| is_default(bus))
    }

    /// Counts so many events of a bus that came to nothing, none of them larger than is charged for once.
    pub fn count_unheard(&self, bus: &BusName, events: usize) {
        (0..events).for_each(|_| self.inner.meters.buses.put(bus, 1));
    }

    /// Takes events: for each entry, in order, the event's id, or why it is none. They are durable, with all that comes
    /// of them, when this returns. A bus that is not there takes an event and drops it, as it does on AWS.
    pub async fn put_events(&self, mut entries: Vec<Entry>) -> Result<Vec<Put>, PutError> {
        mark(&mut entries);
        let (answers, plan) = take_in(&self.inner, &entries)?;
        plan.commit(Class::Client).await?;
        Ok(answers)
    }

    /// The same, on a thread that may wait.
    pub fn put_events_blocking(&self, mut entries: Vec<Entry>) -> Result<Vec<Put>, PutError> {
        mark(&mut entries);
        let (answers, plan) = take_in(&self.inner, &entries)?;
        plan.commit_blocking()?;
        Ok(answers)
    }

    /// Makes a bus that belongs to no stack.
    pub async fn create_bus(
        &self,
        name: BusName,
        description: Option<String>,
        tags: SortedMap<String, String>,
    ) -> Result<BusInfo, BusError> {
        let made = name.clone();
        self.change_buses(move |inner| {
            change::change(inner, |catalog, now| change::create_bus(catalog, &made, description, tags, now))
        })
        .await?;
        Ok(self.bus(&name)?)
    }

    /// Says of a bus what it is for.
    pub async fn describe_bus_as(&self, name: &BusName, description: Option<String>) -> Result<BusInfo, BusError> {
        let bus = name.clone();
        self.change_buses(move |inner| {
            change::change(inner, |catalog, now| {
                let entry = catalog.bus_mut(&bus, now)?;
                (entry.description, entry.changed_at) = (description, Some(now));
                Ok(())
            })
        })
        .await?;
        Ok(self.bus(name)?)
    }

    /// Changes who may do what with a bus.
    pub async fn change_bus_policy(
        &self,
        name: &BusName,
        act: impl FnOnce(Option<Policy>, &Arn) -> Result<Option<Policy>, PolicyRefused> + Send + 'static,
    ) -> Result<(), BusError> {
        let (bus, arn) = (name.clone(), self.inner.account.arn("events", &format!("event-bus/{name}")));
        self.change_buses(move |inner| {
            change::change(inner, |catalog, now| {
                let entry = catalog.bus_mut(&bus, now)?;
                entry.policy = act(entry.policy.take(), &arn)?;
                entry.changed_at = Some(now);
                Ok(())
            })
        })
        .await
    }

    /// Deletes a bus that clients have made and that has no rules; that it was gone already is no fault.
    pub async fn delete_bus(&self, name: &BusName) -> Result<(), BusError> {
        let name = name.clone();
        self.change_buses(move |inner| change::change(inner, |catalog, _| change::delete_bus(catalog, &name))).await
    }

    /// The bus of this name.
    pub fn bus(&self, name: &BusName) -> Result<BusInfo, NotFound> {
        let catalog = self.inner.catalog();
        match catalog.bus(name) {
            Some(entry) => Ok(bus_info(name, entry, &self.inner.account)),
            None if is_default(name) => Ok(bus_info(name, &BusEntry::default(), &self.inner.account)),
            None => Err(missing("event bus", name)),
        }
    }

    /// All buses, in the order of their names.
    pub fn buses(&self) -> Vec<BusInfo> {
        let catalog = self.inner.catalog();
        let mut names: Vec<&BusName> = catalog.buses.keys().collect();
        let default = DEFAULT_BUS.parse().expect("a fair name");
        if !names.contains(&&default) {
            names.push(&default);
            names.sort();
        }
        names.into_iter().filter_map(|name| self.bus(name).ok()).collect()
    }

    /// Makes a rule or changes one, whose targets stay; its ARN. Tags count for a new one only.
    pub async fn put_rule(
        &self,
        bus: &BusName,
        spec: RuleSpec,
        role: Option<String>,
        tags: SortedMap<String, String>,
    ) -> Result<Arn, BusError> {
        let arn = rule_arn(&self.inner.account, bus, &spec.name);
        let bus = bus.clone();
        self.change_buses(move |inner| {
            change::change(inner, |catalog, now| change::put_rule(catalog, &bus, spec, role, tags, now))
        })
        .await?;
        Ok(arn)
    }

    /// Deletes a rule that clients have made and that has no targets; that it was gone already is no fault.
    pub async fn delete_rule(&self, bus: &BusName, rule: &RuleName) -> Result<(), BusError> {
        let (bus, rule) = (bus.clone(), rule.clone());
        self.change_buses(move |inner| {
            change::change(inner, |catalog, now| change::delete_rule(catalog, &bus, &rule, now))
        })
        .await
    }

    /// Switches a rule on or off.
    pub async fn set_rule_state(&self, bus: &BusName, rule: &RuleName, state: RuleState) -> Result<(), BusError> {
        let (bus, rule) = (bus.clone(), rule.clone());
        self.change_buses(move |inner| {
            change::change(inner, |catalog, now| {
                change::set_state(change::rule_mut(catalog, &bus, &rule, now)?, state, now);
                Ok(())
            })
        })
        .await
    }

    /// The rule of this name.
    pub fn rule(&self, bus: &BusName, rule: &RuleName) -> Result<RuleInfo, NotFound> {
        self.bus(bus)?;
        let catalog = self.inner.catalog();
        let entry = catalog.bus(bus).and_then(|entry| entry.rules.get(rule)).ok_or_else(|| missing("rule", rule))?;
        Ok(rule_info(bus, rule, entry, &self.inner.account))
    }

    /// All rules of a bus, in the order of their names.
    pub fn rules(&self, bus: &BusName) -> Result<Vec<RuleInfo>, NotFound> {
        self.bus(bus)?;
        let catalog = self.inner.catalog();
        let rules = catalog.bus(bus).into_iter().flat_map(|entry| &entry.rules);
        Ok(rules.map(|(name, entry)| rule_info(bus, name, entry, &self.inner.account)).collect())
    }

    /// Puts targets of a rule: those of a name that is there are replaced.
    pub async fn put_targets(&self, bus: &BusName, rule: &RuleName, targets: Vec<TargetSpec>) -> Result<(), BusError> {
        let (bus, rule) = (bus.clone(), rule.clone());
        self.change_buses(move |inner| {
            change::change(inner, |catalog, now| {
                change::put_targets(&bus, change::rule_mut(catalog, &bus, &rule, now)?, targets)
            })
        })
        .await
    }

    /// Takes targets away from a rule; those that it did not have.
    pub async fn remove_targets(
        &self,
        bus: &BusName,
        rule: &RuleName,
        ids: &[TargetId],
    ) -> Result<Vec<TargetId>, BusError> {
        let (bus, rule, ids) = (bus.clone(), rule.clone(), ids.to_vec());
        self.change_buses(move |inner| {
            change::change(inner, |catalog, now| {
                Ok(change::remove_targets(change::rule_mut(catalog, &bus, &rule, now)?, &ids))
            })
        })
        .await
    }

    /// The tags of a bus or a rule.
    pub fn bus_tags(&self, of: &Arn) -> Result<SortedMap<String, String>, NotFound> {
        let mut catalog = (*self.inner.catalog()).clone();
        Ok(change::tags_mut(&mut catalog, of, Timestamp::EPOCH)?.clone())
    }

    /// Sets and removes tags of a bus or a rule.
    pub async fn change_bus_tags(
        &self,
        of: &Arn,
        set: SortedMap<String, String>,
        remove: &[String],
    ) -> Result<(), BusError> {
        let (of, remove) = (of.clone(), remove.to_vec());
        self.change_buses(move |inner| {
            change::change(inner, |catalog, now| {
                let tags = change::tags_mut(catalog, &of, now)?;
                tags.retain(|name, _| !remove.contains(name));
                tags.extend(set);
                Ok(())
            })
        })
        .await
    }

    /// Makes an archive, which keeps what its bus takes from now on.
    pub async fn create_archive(&self, spec: ArchiveSpec) -> Result<ArchiveInfo, BusError> {
        let name = spec.name.clone();
        self.change_buses(move |inner| {
            change::change(inner, |catalog, now| change::create_archive(catalog, spec, inner, now))
        })
        .await?;
        self.archive(&name)
    }

    /// Changes an archive.
    pub async fn update_archive(&self, name: &ArchiveName, change: ArchiveChange) -> Result<ArchiveInfo, BusError> {
        let archive = name.clone();
        self.change_buses(move |inner| {
            change::change(inner, |catalog, _| change::update_archive(catalog, &archive, change, inner))
        })
        .await?;
        self.archive(name)
    }

    /// Deletes an archive with its events.
    pub async fn delete_archive(&self, name: &ArchiveName) -> Result<(), BusError> {
        let name = name.clone();
        self.change_buses(move |inner| change::change(inner, |catalog, _| change::delete_archive(catalog, &name))).await
    }

    /// The archive of this name. Its events are counted by going through them.
    pub fn archive(&self, name: &ArchiveName) -> Result<ArchiveInfo, BusError> {
        let catalog = self.inner.catalog();
        let entry = catalog.archives.get(name).filter(|entry| !entry.dormant);
        let entry = entry.ok_or_else(|| missing("archive", name))?;
        let (events, bytes) = kept::count(&self.inner, entry.id)?;
        let arn = self.inner.account.arn("events", &format!("archive/{name}"));
        Ok(ArchiveInfo { spec: entry.spec.clone(), arn, created_at: entry.created_at, events, bytes })
    }

    /// All archives, in the order of their names.
    pub fn archives(&self) -> Result<Vec<ArchiveInfo>, BusError> {
        let catalog = self.inner.catalog();
        let names = catalog.archives.iter().filter(|(_, entry)| !entry.dormant);
        names.map(|(name, _)| self.archive(name)).collect()
    }

    /// The newest events in archives that hold this text as a value, oldest first; of one that several archives keep, one.
    /// Found by going through the newest of each.
    pub fn archived_events(&self, value: &str) -> Result<Vec<ArchivedEvent>, WriteRefused> {
        let catalog = self.inner.catalog();
        let archives: Vec<_> = catalog.archives.iter().filter(|(_, entry)| !entry.dormant).collect();
        let quoted = Json::from(value).to_string();
        let mut found = Vec::new();
        for (name, entry) in &archives {
            let among = SEARCHED_MAX / archives.len();
            for event in kept::holding(&self.inner, entry.id, &quoted, among, FOUND_MAX)? {
                let (received_at, json) = (event.ingested_at(), event.json().to_owned());
                let one = ArchivedEvent { archive: (*name).clone(), received_at, json };
                found.push(((received_at, event.id().clone()), one));
            }
        }
        // The last one of an event stays: that of the first archive.
        let found: SortedMap<_, _> = found.into_iter().rev().collect();
        let newest = found.len().saturating_sub(FOUND_MAX);
        Ok(found.into_values().skip(newest).collect())
    }

    /// Has events of an archive brought to its bus again.
    pub async fn start_replay(
        &self,
        archive: &ArchiveName,
        spec: ReplaySpec,
        description: Option<String>,
    ) -> Result<ReplayInfo, BusError> {
        let archive = archive.clone();
        self.change_buses(move |inner| replay::start(inner, &archive, spec, description)).await
    }

    /// Tells a replay to stop.
    pub async fn cancel_replay(&self, name: &ReplayName) -> Result<ReplayInfo, BusError> {
        let name = name.clone();
        self.change_buses(move |inner| replay::cancel(inner, &name)).await
    }

    /// The replay of this name.
    pub fn replay(&self, name: &ReplayName) -> Result<ReplayInfo, BusError> {
        let found = replay::all(&self.inner).into_iter().find(|replay| replay.spec.name == *name);
        Ok(found.ok_or_else(|| missing("replay", name))?)
    }

    /// All replays, in the order of their names.
    pub fn replays(&self) -> Result<Vec<ReplayInfo>, BusError> {
        Ok(replay::all(&self.inner))
    }

    /// Does something that waits for the disk, on a thread that may.
    pub(super) async fn change_buses<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Arc<Inner>) -> Result<T, BusError> + Send + 'static,
    ) -> Result<T, BusError> {
        let inner = Arc::clone(&self.inner);
        let done = crate::aside(move || work(&inner)).await;
        done.unwrap_or(Err(BusError::Write(WriteRefused::Stopping)))
    }
}
