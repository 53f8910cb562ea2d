//! Decides what is deployed: which resources there are, whose they are, and what a new version of a stack changes.
//!
//! One data directory is one namespace. Each resource belongs to one stack; a name that another stack has is refused.
//! What a stack no longer names lies dormant: tables and queues with their data, pipes with their place, functions with
//! what they were handed. Start at [`Catalog::deploy`].
//!
//! Invariant: numbers ([`TableEntry::id`] and the like) are never used again, so nothing on disk can change its owner.

use crate::bus::{ArchiveEntry, BusEntry, ConnectionEntry, DestinationEntry};
use crate::indexes::IndexState;
use crate::spec::{
    AsynchronousSpec, Destination, FunctionSpec, IndexSpec, LogGroupSpec, PipeSource, PipeSpec, PollerSpec, QueueSpec,
    StackSpec, TableSpec,
};
use crate::versions::Versions;
use delivery::Filters;
use delivery::lane::lane_of;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use table::IndexId;
use types::{
    Account, ArchiveName, BusName, ConnectionName, DestinationName, FunctionName, IndexName, LogGroupName, PipeName,
    Qualifier, QueueName, SequenceNumber, SortedMap, TableId, TableName, Timestamp, ViewType,
};

mod refused;

pub use refused::{DeployRefused, RedriveRefused};

/// Everything that is deployed, awake or dormant.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Catalog {
    next_id: u32,
    /// What each stack's template was, for comparing with its next version.
    pub origins: SortedMap<String, Json>,
    /// Tables.
    pub tables: SortedMap<TableName, TableEntry>,
    /// Queues.
    pub queues: SortedMap<QueueName, QueueEntry>,
    /// Functions.
    pub functions: SortedMap<FunctionName, FunctionEntry>,
    /// Log groups.
    pub log_groups: SortedMap<LogGroupName, LogGroupEntry>,
    /// What hands the messages of queues to functions, by stack.
    #[serde(default)]
    pub pollers: SortedMap<String, Vec<PollerSpec>>,
    /// Pipes.
    pub pipes: SortedMap<PipeName, PipeEntry>,
    /// Event buses, with their rules.
    #[serde(default)]
    pub buses: SortedMap<BusName, BusEntry>,
    /// Archives of events.
    #[serde(default)]
    pub archives: SortedMap<ArchiveName, ArchiveEntry>,
    /// As whom HTTP endpoints are called.
    #[serde(default)]
    pub connections: SortedMap<ConnectionName, ConnectionEntry>,
    /// HTTP endpoints that events are brought to.
    #[serde(default)]
    pub destinations: SortedMap<DestinationName, DestinationEntry>,
    /// The number of the queue of what buses deliver, once there is a rule.
    #[serde(default)]
    pub(crate) deliveries: Option<u32>,
    /// Archives that were deleted, and whose events still lie on the disk.
    #[serde(default)]
    pub(crate) archive_remains: Vec<u32>,
    /// Messages of queues that were deleted or purged, and still lie on the disk.
    #[serde(default)]
    pub(crate) remains: Vec<Remains>,
}

/// Messages that nobody can ask for any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Remains {
    /// The queue's number.
    pub(crate) queue: u32,
    /// Those with a lower number; `None` if the queue is no more.
    pub(crate) below: Option<u64>,
}

/// A table that there is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableEntry {
    /// Its number on disk.
    pub id: TableId,
    /// The stack it belongs to.
    pub stack: String,
    /// What it is.
    pub spec: TableSpec,
    /// When it was made.
    pub created_at: Timestamp,
    /// Its stream, if it has one.
    pub stream: Option<StreamEntry>,
    /// The numbers of its indexes.
    #[serde(default)]
    pub indexes: SortedMap<IndexName, IndexId>,
    /// The number of the index by which what expires is found.
    #[serde(default)]
    pub expiry: Option<IndexId>,
    /// Whether its stack no longer names it.
    pub dormant: bool,
}

/// A table's stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StreamEntry {
    /// When it was switched on; the last part of its ARN.
    pub label: String,
    /// What it shows.
    pub view: ViewType,
    /// It shows changes after this place.
    pub since: SequenceNumber,
}

/// A queue that there is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QueueEntry {
    /// Its number on disk.
    pub id: u32,
    /// The stack it belongs to; empty if clients have made it.
    pub stack: String,
    /// What it is.
    pub spec: QueueSpec,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its settings were last changed.
    pub changed_at: Timestamp,
    /// Whether its stack no longer names it.
    pub dormant: bool,
    /// What clients have written on it, for finding it again.
    #[serde(default)]
    pub tags: SortedMap<String, String>,
    /// What clients want to be told again of how it is set, and nobody here needs: who may do what, say.
    #[serde(default)]
    pub notes: SortedMap<String, String>,
}

/// A function that there is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FunctionEntry {
    /// The number of the queue that holds what it was asked to do without being waited for.
    pub queue: u32,
    /// The stack it belongs to.
    pub stack: String,
    /// What it is.
    pub spec: FunctionSpec,
    /// When it was last changed.
    pub changed_at: Timestamp,
    /// Whether its stack no longer names it; what it was handed waits.
    pub dormant: bool,
    /// Its versions and aliases.
    #[serde(default)]
    pub versions: Versions,
}

/// A log group that a stack names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogGroupEntry {
    /// The stack it belongs to.
    pub stack: String,
    /// What it is.
    pub spec: LogGroupSpec,
}

/// A pipe that there is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PipeEntry {
    /// Its number on disk.
    pub id: u32,
    /// The stack it belongs to; empty if clients have made it.
    pub stack: String,
    /// What it is.
    pub spec: PipeSpec,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed, if it was.
    #[serde(default)]
    pub changed_at: Option<Timestamp>,
    /// What decided when: every definition it has had, oldest first.
    pub history: Vec<Definition>,
    /// Whether its stack no longer names it; it keeps its place.
    pub dormant: bool,
}

/// Which filters a pipe had from where on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Definition {
    /// For each lane, the place after which these filters decide.
    pub since: Vec<SequenceNumber>,
    /// The filters.
    pub filters: Vec<String>,
}

impl PipeEntry {
    /// The filters that decided on a record, and in which lane, if the pipe was there already.
    pub fn decided(&self, spread: u64, sequence: SequenceNumber) -> Option<(&[String], u16)> {
        self.history.iter().rev().find_map(|definition| {
            let lane = lane_of(spread, definition.since.len());
            let decided = definition.since.get(lane).is_some_and(|since| *since < sequence);
            decided.then(|| (definition.filters.as_slice(), u16::try_from(lane).expect("at most ten lanes")))
        })
    }

    /// How many lanes it has.
    pub fn lanes(&self) -> u16 {
        lanes_of(&self.spec)
    }

    /// How many lanes it has had at most.
    pub fn lanes_ever(&self) -> u16 {
        let most = self.history.iter().map(|definition| definition.since.len()).max().unwrap_or(0);
        u16::try_from(most).expect("at most ten lanes")
    }
}

impl TableEntry {
    /// Takes over a definition, and gives numbers to the indexes that are new with it; those begin in this state. An
    /// index whose key is another than before is another index.
    fn take_over(&mut self, spec: &TableSpec, next_id: &mut u32, begin: IndexState, deployed: &mut Deployed) {
        let mut new = || {
            let id = IndexId(next(next_id));
            deployed.indexes.push((id, begin));
            id
        };
        let known = |index: &IndexSpec| {
            let before = self.spec.indexes.iter().find(|before| before.name == index.name);
            let same = before.is_some_and(|before| before.keys == index.keys);
            self.indexes.get(&index.name).copied().filter(|_| same)
        };
        let number = |index: &IndexSpec| (index.name.clone(), known(index).unwrap_or_else(&mut new));
        let indexes: SortedMap<IndexName, IndexId> = spec.indexes.iter().map(number).collect();
        let expiry = spec.expires_by.as_ref().map(|_| {
            let known = self.expiry.filter(|_| self.spec.expires_by == spec.expires_by);
            known.unwrap_or_else(&mut new)
        });
        let before = self.indexes.values().chain(&self.expiry);
        let gone = before.filter(|id| !indexes.values().chain(&expiry).any(|kept| kept == *id));
        deployed.indexes.extend(gone.map(|id| (*id, IndexState::Going)));
        (self.indexes, self.expiry, self.spec) = (indexes, expiry, spec.clone());
    }
}

/// The next number after `last`, which is never used again.
fn next(last: &mut u32) -> u32 {
    *last = last.checked_add(1).expect("2^32 resources outlast the disk");
    *last
}

/// How many lanes a pipe has: none if it reads a queue, which keeps its place by itself.
pub(crate) fn lanes_of(spec: &PipeSpec) -> u16 {
    match spec.source {
        PipeSource::Table(_) => u16::try_from(spec.lanes).expect("at most ten lanes"),
        PipeSource::Queue { .. } => 0,
    }
}

/// What a deployment did, for telling the person who asked for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What was done.
    pub act: Act,
    /// `table`, `queue`, …
    pub kind: &'static str,
    /// Which one.
    pub name: String,
}

/// What was done to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// It is new.
    Created,
    /// It is different now.
    Changed,
    /// It is no longer named; its data stays.
    Dormant,
    /// It is no longer named, and had no data.
    Removed,
}

/// Where things stand when a stack is deployed.
#[derive(Clone, Copy)]
pub struct Standing<'a> {
    /// The time.
    pub now: Timestamp,
    /// Whose resources these are.
    pub account: &'a Account,
    /// The newest durable place.
    pub head: SequenceNumber,
    /// The place before the oldest change that the log still has.
    pub horizon: SequenceNumber,
    /// Whether there is a log group that no stack names.
    pub has_log_group: &'a dyn Fn(&LogGroupName) -> bool,
    /// For a pipe that is there: how far each lane is.
    pub done: &'a dyn Fn(u32, u16) -> SequenceNumber,
}

/// What a deployment changes, beside the catalog itself.
#[derive(Debug, Default, PartialEq)]
pub struct Deployed {
    /// What was done, in the order of a reader.
    pub steps: Vec<Step>,
    /// Lanes that begin at a place: of new pipes, and of pipes whose number of lanes changed.
    pub begin: Vec<(u32, u16, SequenceNumber)>,
    /// Lanes that are no more.
    pub end: Vec<(u32, u16)>,
    /// Indexes that come or go, and what is to be done about each.
    pub indexes: Vec<(IndexId, IndexState)>,
}

impl Deployed {
    pub(crate) fn step(&mut self, act: Act, kind: &'static str, name: impl ToString) {
        self.steps.push(Step { act, kind, name: name.to_string() });
    }
}

impl Catalog {
    /// Takes in a stack, or a new version of it. If it is refused, the catalog is to be thrown away.
    pub fn deploy(&mut self, stack: &StackSpec, standing: Standing<'_>) -> Result<Deployed, DeployRefused> {
        let mut deployed = Deployed::default();
        self.deploy_tables(stack, standing, &mut deployed)?;
        self.deploy_queues(stack, standing, &mut deployed)?;
        self.deploy_functions(stack, standing, &mut deployed)?;
        self.deploy_versions(stack, standing.now, &mut deployed)?;
        self.deploy_log_groups(stack, &mut deployed)?;
        self.deploy_pipes(stack, standing, &mut deployed)?;
        self.deploy_pollers(stack, &mut deployed)?;
        self.deploy_endpoints(stack, standing, &mut deployed)?;
        self.deploy_events(stack, standing, &mut deployed)?;
        self.origins.insert(stack.name.clone(), stack.origin.clone());
        Ok(deployed)
    }

    pub(crate) fn new_id(&mut self) -> u32 {
        next(&mut self.next_id)
    }

    fn deploy_tables(
        &mut self,
        stack: &StackSpec,
        standing: Standing<'_>,
        deployed: &mut Deployed,
    ) -> Result<(), DeployRefused> {
        for spec in &stack.tables {
            let stream = |view| StreamEntry {
                label: standing.now.iso_millis().trim_end_matches('Z').to_owned(),
                view,
                since: standing.head,
            };
            if let Some(known) = self.tables.get_mut(&spec.name) {
                owned(&known.stack, stack, "table", &spec.name)?;
                if known.spec.keys != spec.keys {
                    return Err(DeployRefused::KeyChanged(spec.name.clone()));
                }
                match (&known.stream, spec.view) {
                    (Some(old), Some(view)) if old.view != view => {
                        return Err(DeployRefused::ViewChanged(spec.name.clone()));
                    }
                    (Some(_), Some(_)) => {}
                    (_, view) => known.stream = view.map(stream),
                }
                if known.dormant || known.spec != *spec {
                    deployed.step(Act::Changed, "table", &spec.name);
                }
                known.dormant = false;
                known.take_over(spec, &mut self.next_id, IndexState::Building, deployed);
            } else {
                let mut entry = TableEntry {
                    id: TableId(self.new_id()),
                    stack: stack.name.clone(),
                    spec: spec.clone(),
                    created_at: standing.now,
                    stream: spec.view.map(stream),
                    indexes: SortedMap::new(),
                    expiry: None,
                    dormant: false,
                };
                entry.take_over(spec, &mut self.next_id, IndexState::Ready, deployed);
                self.tables.insert(spec.name.clone(), entry);
                deployed.step(Act::Created, "table", &spec.name);
            }
        }
        for (name, entry) in self.tables.iter_mut().filter(|(_, entry)| entry.stack == stack.name && !entry.dormant) {
            if !stack.tables.iter().any(|spec| spec.name == *name) {
                entry.dormant = true;
                deployed.step(Act::Dormant, "table", name);
            }
        }
        Ok(())
    }

    fn deploy_queues(
        &mut self,
        stack: &StackSpec,
        standing: Standing<'_>,
        deployed: &mut Deployed,
    ) -> Result<(), DeployRefused> {
        for spec in &stack.queues {
            if let Some(known) = self.queues.get_mut(&spec.name) {
                owned(&known.stack, stack, "queue", &spec.name)?;
                if known.spec.fifo.is_some() != spec.fifo.is_some() {
                    return Err(DeployRefused::OrderChanged(spec.name.clone()));
                }
                if known.dormant || known.spec != *spec {
                    deployed.step(Act::Changed, "queue", &spec.name);
                    known.changed_at = standing.now;
                }
                (known.dormant, known.spec) = (false, spec.clone());
            } else {
                let entry = QueueEntry {
                    id: self.new_id(),
                    stack: stack.name.clone(),
                    spec: spec.clone(),
                    created_at: standing.now,
                    changed_at: standing.now,
                    dormant: false,
                    tags: SortedMap::new(),
                    notes: SortedMap::new(),
                };
                self.queues.insert(spec.name.clone(), entry);
                deployed.step(Act::Created, "queue", &spec.name);
            }
        }
        for spec in &stack.queues {
            self.check_redrive(spec).map_err(|why| DeployRefused::Redrive { queue: spec.name.clone(), why })?;
        }
        for (name, entry) in self.queues.iter_mut().filter(|(_, entry)| entry.stack == stack.name && !entry.dormant) {
            if !stack.queues.iter().any(|spec| spec.name == *name) {
                entry.dormant = true;
                deployed.step(Act::Dormant, "queue", name);
            }
        }
        Ok(())
    }

    fn deploy_functions(
        &mut self,
        stack: &StackSpec,
        standing: Standing<'_>,
        deployed: &mut Deployed,
    ) -> Result<(), DeployRefused> {
        for spec in &stack.functions {
            if let Some(known) = self.functions.get_mut(&spec.name) {
                owned(&known.stack, stack, "function", &spec.name)?;
                if known.spec != *spec || known.dormant {
                    deployed.step(Act::Changed, "function", &spec.name);
                    // A template that says something new of what nobody waits for is heard before clients.
                    if known.spec.asynchronous != spec.asynchronous {
                        known.versions.invoking.remove(&Qualifier::LATEST);
                    }
                    (known.changed_at, known.spec, known.dormant) = (standing.now, spec.clone(), false);
                }
            } else {
                let entry = FunctionEntry {
                    queue: self.new_id(),
                    stack: stack.name.clone(),
                    spec: spec.clone(),
                    changed_at: standing.now,
                    dormant: false,
                    versions: Versions::default(),
                };
                self.functions.insert(spec.name.clone(), entry);
                deployed.step(Act::Created, "function", &spec.name);
            }
        }
        let own = self.functions.iter_mut().filter(|(_, entry)| entry.stack == stack.name && !entry.dormant);
        for (name, entry) in own {
            if !stack.functions.iter().any(|spec| spec.name == *name) {
                entry.dormant = true;
                deployed.step(Act::Dormant, "function", name);
            }
        }
        stack.functions.iter().try_for_each(|spec| self.check_destinations(&spec.name, &spec.asynchronous))
    }

    /// Whether all that a function tells of events that nobody waits for is there.
    pub(crate) fn check_destinations(
        &self,
        function: &FunctionName,
        asynchronous: &AsynchronousSpec,
    ) -> Result<(), DeployRefused> {
        let missing =
            |kind: &'static str, name: String| DeployRefused::NoDestination { function: function.clone(), kind, name };
        if let Some(queue) =
            asynchronous.queues().find(|queue| self.queues.get(queue).is_none_or(|entry| entry.dormant))
        {
            return Err(missing("queue", queue.to_string()));
        }
        for to in [&asynchronous.on_success, &asynchronous.on_failure].into_iter().flatten() {
            if let Destination::Function(function) = to
                && self.functions.get(function).is_none_or(|entry| entry.dormant)
            {
                return Err(missing("function", function.to_string()));
            }
        }
        Ok(())
    }

    fn deploy_log_groups(&mut self, stack: &StackSpec, deployed: &mut Deployed) -> Result<(), DeployRefused> {
        for spec in &stack.log_groups {
            match self.log_groups.get_mut(&spec.name) {
                Some(known) => {
                    owned(&known.stack, stack, "log group", &spec.name)?;
                    if known.spec != *spec {
                        deployed.step(Act::Changed, "log group", &spec.name);
                        known.spec = spec.clone();
                    }
                }
                None => {
                    let entry = LogGroupEntry { stack: stack.name.clone(), spec: spec.clone() };
                    self.log_groups.insert(spec.name.clone(), entry);
                    deployed.step(Act::Created, "log group", &spec.name);
                }
            }
        }
        // A group that is no longer named keeps its lines for their retention, like on AWS with DeletionPolicy Retain.
        Ok(())
    }

    fn deploy_pipes(
        &mut self,
        stack: &StackSpec,
        standing: Standing<'_>,
        deployed: &mut Deployed,
    ) -> Result<(), DeployRefused> {
        for spec in &stack.pipes {
            if let Some(known) = self.pipes.get(&spec.name) {
                owned(&known.stack, stack, "pipe", &spec.name)?;
            }
            self.put_pipe(spec, &stack.name, standing, deployed)?;
        }
        for (name, entry) in self.pipes.iter_mut().filter(|(_, entry)| entry.stack == stack.name && !entry.dormant) {
            if !stack.pipes.iter().any(|spec| spec.name == *name) {
                entry.dormant = true;
                deployed.step(Act::Dormant, "pipe", name);
            }
        }
        Ok(())
    }

    /// Whether a queue's dead-letter queue can be one.
    pub(crate) fn check_redrive(&self, spec: &QueueSpec) -> Result<(), RedriveRefused> {
        let Some(redrive) = &spec.redrive else { return Ok(()) };
        let to = &redrive.dead_letters;
        if !(1..=1000).contains(&redrive.receives_max) {
            return Err(RedriveRefused::Receives(redrive.receives_max));
        }
        let known = self.queues.get(to).filter(|queue| !queue.dormant);
        let known = known.ok_or_else(|| RedriveRefused::Missing(to.clone()))?;
        if known.spec.fifo.is_some() != spec.fifo.is_some() {
            return Err(RedriveRefused::OtherKind(to.clone()));
        }
        Ok(())
    }

    /// The queues that have this one for their dead-letter queue.
    pub fn dead_letter_sources(&self, queue: &QueueName) -> Vec<QueueName> {
        let names = |entry: &&QueueEntry| {
            !entry.dormant && entry.spec.redrive.as_ref().is_some_and(|redrive| redrive.dead_letters == *queue)
        };
        self.queues.values().filter(names).map(|entry| entry.spec.name.clone()).collect()
    }
}

impl Catalog {
    /// Takes in what hands the messages of queues to functions.
    fn deploy_pollers(&mut self, stack: &StackSpec, deployed: &mut Deployed) -> Result<(), DeployRefused> {
        for spec in &stack.pollers {
            let missing =
                |kind: &'static str, name: String| DeployRefused::NoMessages { queue: spec.queue.clone(), kind, name };
            if self.queues.get(&spec.queue).is_none_or(|entry| entry.dormant) {
                return Err(missing("queue", spec.queue.to_string()));
            }
            if self.functions.get(&spec.function).is_none_or(|entry| entry.dormant) {
                return Err(missing("function", spec.function.to_string()));
            }
            Filters::parse(&spec.filters).map_err(|error| missing("filter", error.to_string()))?;
        }
        let before = self.pollers.insert(stack.name.clone(), stack.pollers.clone()).unwrap_or_default();
        let name = |spec: &PollerSpec| format!("{} → {}", spec.queue, spec.function);
        for spec in &stack.pollers {
            match before.iter().find(|known| (&known.queue, &known.function) == (&spec.queue, &spec.function)) {
                None => deployed.step(Act::Created, "event source mapping", name(spec)),
                Some(known) if known != spec => deployed.step(Act::Changed, "event source mapping", name(spec)),
                Some(_) => {}
            }
        }
        Ok(())
    }
}

pub(crate) fn owned(
    owner: &str,
    stack: &StackSpec,
    kind: &'static str,
    name: &impl ToString,
) -> Result<(), DeployRefused> {
    if owner == stack.name {
        return Ok(());
    }
    Err(DeployRefused::Taken { kind, name: name.to_string(), owner: owner.to_owned(), stack: stack.name.clone() })
}
