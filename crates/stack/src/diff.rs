//! Decides what running a changed template means for what is there already.
//!
//! Start at [`diff`]. Resources are matched by logical id, and those left over by name, so that
//! renaming a resource inside the template changes nothing. What holds data is never taken
//! away: tables, queues and log groups that vanish lie dormant. What cannot be changed without
//! losing data or a pipe's position is refused, with what to do instead.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use types::sort;

use crate::findings::Position;
use crate::kept::Kept;
use crate::stack::{LogicalId, Output, Resource, Stack};

mod around;
mod data;
mod events;
mod functions;

/// The types of resources, in the order in which they are set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ResourceKind {
    /// A role.
    Role,
    /// A policy beside its roles.
    Policy,
    /// A log group.
    LogGroup,
    /// A queue.
    Queue,
    /// The policy of a queue.
    QueuePolicy,
    /// A table.
    Table,
    /// A function.
    Function,
    /// A function as it was.
    FunctionVersion,
    /// A name that stands for one or two of them.
    FunctionAlias,
    /// How a version or alias does what nobody waits for.
    InvokeConfig,
    /// What a function says about who may call it.
    Permission,
    /// What hands the messages of a queue to a function.
    Poller,
    /// An event bus.
    EventBus,
    /// An archive of events.
    EventArchive,
    /// As whom HTTP endpoints are called.
    EventConnection,
    /// An HTTP endpoint that events are brought to.
    EventDestination,
    /// A rule of an event bus.
    EventRule,
    /// A pipe.
    Pipe,
    /// An API.
    Api,
    /// An alarm.
    Alarm,
    /// A dashboard.
    Dashboard,
    /// A filter whose lines are counted.
    MetricFilter,
    /// What the template tells its caller.
    Output,
}

/// One step from the old stack to the new one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeStep {
    /// What is changed.
    pub kind: ResourceKind,
    /// What the template calls it: the new template, where both have it.
    pub logical_id: LogicalId,
    /// What it is called.
    pub name: String,
    /// What happens to it.
    pub change: Change,
}

/// What happens to a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    /// It stops: a pipe keeps its position, a function is no longer called, an API no longer served.
    Stop,
    /// It is there from now on. A dormant resource of the same name wakes up with its data.
    Create,
    /// These properties change, named as templates name them; all else stays.
    Update(Vec<String>),
    /// It is no longer in the template and keeps its data.
    LieDormant,
    /// It is no longer in the template and had no data.
    Remove,
}

/// A change that would lose something.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {}: {kind:?} `{logical_id}`: {property} cannot change: {reason}; {hint}", at.line)]
pub struct Refusal {
    /// What would be changed.
    pub kind: ResourceKind,
    /// What the new template calls it.
    pub logical_id: LogicalId,
    /// Where the new template has it.
    pub at: Position,
    /// The property, named as templates name it.
    pub property: &'static str,
    /// What would be lost.
    pub reason: String,
    /// What to do instead.
    pub hint: String,
}

/// The steps from `old` to `new`, in the order in which they can be done; or everything that
/// cannot be done without loss.
pub fn diff(old: &Stack, new: &Stack) -> Result<Vec<ChangeStep>, Vec<Refusal>> {
    let mut changes = Changes::default();
    changes.list(&old.roles, &new.roles);
    changes.list(&old.policies, &new.policies);
    changes.list(&old.log_groups, &new.log_groups);
    changes.list(&old.queues, &new.queues);
    changes.list(&old.queue_policies, &new.queue_policies);
    changes.list(&old.tables, &new.tables);
    changes.list(&old.functions, &new.functions);
    changes.list(&old.versions, &new.versions);
    changes.list(&old.aliases, &new.aliases);
    changes.list(&old.invoke_configs, &new.invoke_configs);
    changes.list(&old.permissions, &new.permissions);
    changes.list(&old.pollers, &new.pollers);
    changes.list(&old.buses, &new.buses);
    changes.list(&old.archives, &new.archives);
    changes.list(&old.connections, &new.connections);
    changes.list(&old.destinations, &new.destinations);
    changes.list(&old.rules, &new.rules);
    changes.list(&old.pipes, &new.pipes);
    changes.list(&old.apis, &new.apis);
    changes.list(&old.alarms, &new.alarms);
    changes.list(&old.dashboards, &new.dashboards);
    changes.list(&old.metric_filters, &new.metric_filters);
    changes.outputs(&old.outputs, &new.outputs);
    if !changes.refusals.is_empty() {
        sort::by_key(&mut changes.refusals, |refusal| refusal.at);
        return Err(changes.refusals);
    }
    sort::by_key(&mut changes.steps, |step| {
        let round = match step.change {
            Change::Stop => 0,
            Change::Create | Change::Update(_) => 1,
            Change::LieDormant | Change::Remove => 2,
        };
        // What is set up first is taken down last, so that nothing runs without what it needs.
        let kind = step.kind as i8;
        (round, if round == 1 { kind } else { -kind })
    });
    Ok(changes.steps)
}

/// What [`diff`] refuses, decided from what is kept of the old stack.
pub fn refusals(old: &Kept, new: &Stack) -> Vec<Refusal> {
    let mut changes = Changes::default();
    changes.list(&old.queues, &new.queues);
    changes.list(&old.tables, &new.tables);
    changes.list(&old.versions, &new.versions);
    changes.list(&old.archives, &new.archives);
    changes.list(&old.pipes, &new.pipes);
    sort::by_key(&mut changes.refusals, |refusal| refusal.at);
    changes.refusals
}

#[derive(Default)]
struct Changes {
    steps: Vec<ChangeStep>,
    refusals: Vec<Refusal>,
}

/// What a type of resource has to say about its changes.
trait Diffable: PartialEq {
    const KIND: ResourceKind;
    /// What happens when it is no longer in the template.
    const WHEN_GONE: Change;

    /// What it is called.
    fn name(&self) -> String;

    /// The properties that differ, named as templates name them.
    fn differences(&self, new: &Self) -> Vec<&'static str>;

    /// What cannot change without loss: the property, what would be lost, what to do instead. A type that has such is
    /// compared by [`refusals`] too.
    fn losses(&self, _new: &Self) -> Vec<(&'static str, String, String)> {
        Vec::new()
    }
}

impl Changes {
    fn list<T: Diffable>(&mut self, old: &[Resource<T>], new: &[Resource<T>]) {
        let mut matched = BTreeSet::new();
        let of_new = |id: &LogicalId| new.iter().any(|resource| resource.logical_id == *id);
        for resource in new {
            let by_id = old.iter().position(|other| other.logical_id == resource.logical_id);
            let before = by_id.or_else(|| {
                let same_name =
                    |other: &Resource<T>| other.spec.name() == resource.spec.name() && !of_new(&other.logical_id);
                old.iter().position(same_name)
            });
            match before {
                Some(place) => {
                    matched.insert(place);
                    self.compare(&old[place], resource);
                }
                None => self.step(resource, Change::Create),
            }
        }
        for (place, resource) in old.iter().enumerate() {
            if !matched.contains(&place) {
                self.step(resource, T::WHEN_GONE);
            }
        }
    }

    fn compare<T: Diffable>(&mut self, old: &Resource<T>, new: &Resource<T>) {
        if old.spec == new.spec {
            return;
        }
        let losses = old.spec.losses(&new.spec);
        if losses.is_empty() {
            if old.spec.name() != new.spec.name() {
                // A name that may change belongs to something that can be made anew.
                self.step(old, T::WHEN_GONE);
                self.step(new, Change::Create);
                return;
            }
            let properties = old.spec.differences(&new.spec).into_iter().map(str::to_owned).collect();
            self.step(new, Change::Update(properties));
            return;
        }
        for (property, reason, hint) in losses {
            let (kind, logical_id, at) = (T::KIND, new.logical_id.clone(), new.at);
            self.refusals.push(Refusal { kind, logical_id, at, property, reason, hint });
        }
    }

    fn step<T: Diffable>(&mut self, resource: &Resource<T>, change: Change) {
        self.steps.push(ChangeStep {
            kind: T::KIND,
            logical_id: resource.logical_id.clone(),
            name: resource.spec.name(),
            change,
        });
    }

    fn outputs(&mut self, old: &[Output], new: &[Output]) {
        let mut step = |name: &str, change| {
            let logical_id = LogicalId::checked(name);
            self.steps.push(ChangeStep { kind: ResourceKind::Output, logical_id, name: name.to_owned(), change });
        };
        for output in new {
            match old.iter().find(|other| other.name == output.name) {
                None => step(&output.name, Change::Create),
                Some(before) if before == output => {}
                Some(before) => {
                    let properties = [
                        ("Value", before.value != output.value),
                        ("Description", before.description != output.description),
                        ("Export", before.export != output.export),
                    ];
                    let properties = properties.into_iter().filter(|(_, differs)| *differs);
                    step(&output.name, Change::Update(properties.map(|(name, _)| name.to_owned()).collect()));
                }
            }
        }
        for output in old.iter().filter(|output| new.iter().all(|other| other.name != output.name)) {
            step(&output.name, Change::Remove);
        }
    }
}

/// Compares fields and names them as templates do. Every field is named here, so that a new one
/// does not compile until somebody decides what its change means.
macro_rules! differences {
    ($type:ident { $($field:ident: $property:expr),+ $(,)? }) => {
        fn differences(&self, new: &Self) -> Vec<&'static str> {
            let $type { $($field),+ } = self;
            let mut differing = Vec::new();
            $(if *$field != new.$field {
                differing.push($property);
            })+
            differing
        }
    };
}

use differences;

fn renamed(what: &str, kept: &str) -> (String, String) {
    (
        format!("a new name is a new {what}, and {kept} would stay behind under the old one"),
        format!("give the new {what} a new logical id"),
    )
}
