//! Decides what running a changed template means for what is there already.
//!
//! Start at [`diff`]. Resources are matched by logical id, and those left over by name, so that
//! renaming a resource inside the template changes nothing. What holds data is never taken
//! away: tables, queues and log groups that vanish lie dormant. What cannot be changed without
//! losing data or a pipe's position is refused, with what to do instead.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::findings::Position;
use crate::stack::{
    Alarm, Api, Dashboard, EventArchive, EventBus, EventConnection, EventDestination, EventRule, Function,
    FunctionAlias, FunctionVersion, LogGroup, LogicalId, MetricFilter, Output, Permission, Pipe, Policy, Poller,
    QualifiedConfig, Queue, QueuePolicy, Resource, Role, Stack, Table,
};

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
        changes.refusals.sort_by_key(|refusal| refusal.at);
        return Err(changes.refusals);
    }
    changes.steps.sort_by_key(|step| {
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

    /// What cannot change without loss: the property, what would be lost, what to do instead.
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

fn renamed(what: &str, kept: &str) -> (String, String) {
    (
        format!("a new name is a new {what}, and {kept} would stay behind under the old one"),
        format!("give the new {what} a new logical id"),
    )
}

impl Diffable for Table {
    const KIND: ResourceKind = ResourceKind::Table;
    const WHEN_GONE: Change = Change::LieDormant;

    fn name(&self) -> String {
        self.name.to_string()
    }

    differences!(Table {
        name: "TableName",
        arn: "Arn",
        key: "KeySchema",
        indexes: "GlobalSecondaryIndexes",
        expires_by: "TimeToLiveSpecification",
        stream: "StreamSpecification",
        billing: "BillingMode",
        deletion_protected: "DeletionProtectionEnabled",
        tags: "Tags",
    });

    fn losses(&self, new: &Self) -> Vec<(&'static str, String, String)> {
        let mut losses = Vec::new();
        if self.name != new.name {
            let (reason, hint) = renamed("table", "its items");
            losses.push(("TableName", reason, hint));
        }
        if self.key != new.key {
            losses.push((
                "KeySchema",
                "the items that are there are found by the old key".to_owned(),
                "make a new table and copy the items".to_owned(),
            ));
        }
        for index in &new.indexes {
            let before = self.indexes.iter().find(|before| before.name == index.name);
            if before.is_some_and(|before| before != index) {
                losses.push((
                    "GlobalSecondaryIndexes",
                    format!("the index `{}` is another one then, and AWS changes none in place", index.name),
                    "give the new index a new name, and take the old one out when nobody asks it any more".to_owned(),
                ));
            }
        }
        // AWS does not change a stream in place either: it is switched off and on, and begins anew.
        if let (Some(old), Some(new)) = (self.stream, new.stream)
            && old != new
        {
            losses.push((
                "StreamSpecification.StreamViewType",
                format!(
                    "the records in the stream show {}, and those that are not delivered yet would be lost",
                    old.name()
                ),
                "take StreamSpecification and the pipes that read it out of the template, run it, and put them back"
                    .to_owned(),
            ));
        }
        losses
    }
}

impl Diffable for Queue {
    const KIND: ResourceKind = ResourceKind::Queue;
    const WHEN_GONE: Change = Change::LieDormant;

    fn name(&self) -> String {
        self.name.to_string()
    }

    differences!(Queue {
        name: "QueueName",
        arn: "Arn",
        url: "QueueUrl",
        visibility_timeout: "VisibilityTimeout",
        retention: "MessageRetentionPeriod",
        delay: "DelaySeconds",
        maximum_message_bytes: "MaximumMessageSize",
        receive_wait: "ReceiveMessageWaitTimeSeconds",
        redrive: "RedrivePolicy",
        takes_dead_letters: "RedriveAllowPolicy",
        fifo: "FifoQueue",
        tags: "Tags",
    });

    fn losses(&self, new: &Self) -> Vec<(&'static str, String, String)> {
        if self.name == new.name {
            return Vec::new();
        }
        let (reason, hint) = renamed("queue", "its messages");
        vec![("QueueName", reason, hint)]
    }
}

impl Diffable for Pipe {
    const KIND: ResourceKind = ResourceKind::Pipe;
    const WHEN_GONE: Change = Change::Stop;

    fn name(&self) -> String {
        self.name.to_string()
    }

    differences!(Pipe {
        name: "Name",
        arn: "Arn",
        source: "Source",
        filters: "FilterCriteria",
        enrichment: "Enrichment",
        starting_position: "StartingPosition",
        batch_size: "BatchSize",
        batching_window: "MaximumBatchingWindowInSeconds",
        parallelization_factor: "ParallelizationFactor",
        maximum_retry_attempts: "MaximumRetryAttempts",
        maximum_record_age: "MaximumRecordAgeInSeconds",
        bisects: "OnPartialBatchItemFailure",
        dead_letter: "DeadLetterConfig",
        target: "Target",
        parameters: "TargetParameters",
        invocation: "InvocationType",
        role: "RoleArn",
        desired_state: "DesiredState",
        description: "Description",
        tags: "Tags",
    });

    fn losses(&self, new: &Self) -> Vec<(&'static str, String, String)> {
        let mut losses = Vec::new();
        if self.name != new.name {
            let (reason, hint) = renamed("pipe", "its position in the stream");
            losses.push(("Name", reason, hint));
        }
        let anew = || "give the new pipe a new name and a new logical id".to_owned();
        let (old_table, new_table) = (self.source.table(), new.source.table());
        if self.source.name() != new.source.name() || old_table.is_some() != new_table.is_some() {
            let reason = "the pipe's position belongs to what it reads".to_owned();
            losses.push(("Source", reason, anew()));
        }
        if self.starting_position != new.starting_position {
            let reason = "the pipe has begun already and goes on from its position".to_owned();
            losses.push(("StartingPosition", reason, anew()));
        }
        losses
    }
}

impl Diffable for Function {
    const KIND: ResourceKind = ResourceKind::Function;
    const WHEN_GONE: Change = Change::Stop;

    fn name(&self) -> String {
        self.name.to_string()
    }

    differences!(Function {
        name: "FunctionName",
        arn: "Arn",
        handler: "Handler",
        runtime: "Runtime",
        role: "Role",
        timeout: "Timeout",
        memory_mib: "MemorySize",
        environment: "Environment",
        reserved_concurrency: "ReservedConcurrentExecutions",
        log_group: "LoggingConfig",
        description: "Description",
        architecture: "Architectures",
        asynchronous: "EventInvokeConfig",
        tags: "Tags",
    });
}

impl Diffable for FunctionVersion {
    const KIND: ResourceKind = ResourceKind::FunctionVersion;
    const WHEN_GONE: Change = Change::LieDormant;

    fn name(&self) -> String {
        format!("{}:{}", self.function.name, self.number)
    }

    differences!(FunctionVersion {
        function: "FunctionName",
        number: "Version",
        arn: "Arn",
        description: "Description",
    });

    fn losses(&self, new: &Self) -> Vec<(&'static str, String, String)> {
        // What was published stays as it was; another description would be another version.
        let mut losses = Vec::new();
        if self.function.name != new.function.name || self.description != new.description {
            let property = if self.description == new.description { "FunctionName" } else { "Description" };
            let reason = "a version stays as it was made".to_owned();
            losses.push((property, reason, "give the new version a new logical id".to_owned()));
        }
        losses
    }
}

impl Diffable for FunctionAlias {
    const KIND: ResourceKind = ResourceKind::FunctionAlias;
    const WHEN_GONE: Change = Change::Remove;

    fn name(&self) -> String {
        format!("{}:{}", self.function.name, self.name)
    }

    differences!(FunctionAlias {
        function: "FunctionName",
        name: "Name",
        arn: "Arn",
        version: "FunctionVersion",
        other: "RoutingConfig",
        description: "Description",
    });
}

impl Diffable for QualifiedConfig {
    const KIND: ResourceKind = ResourceKind::InvokeConfig;
    const WHEN_GONE: Change = Change::Remove;

    fn name(&self) -> String {
        let qualifier = self.function.qualifier.as_ref().map(|qualifier| format!(":{qualifier}"));
        format!("{}{}", self.function.name, qualifier.unwrap_or_default())
    }

    differences!(QualifiedConfig { function: "FunctionName", asynchronous: "EventInvokeConfig" });
}

impl Diffable for LogGroup {
    const KIND: ResourceKind = ResourceKind::LogGroup;
    const WHEN_GONE: Change = Change::LieDormant;

    fn name(&self) -> String {
        self.name.to_string()
    }

    differences!(LogGroup {
        name: "LogGroupName",
        retention_days: "RetentionInDays",
        origin: "LogGroup",
        tags: "Tags"
    });
}

impl Diffable for Role {
    const KIND: ResourceKind = ResourceKind::Role;
    const WHEN_GONE: Change = Change::Remove;

    fn name(&self) -> String {
        self.name.clone()
    }

    differences!(Role {
        name: "RoleName",
        arn: "Arn",
        trust: "AssumeRolePolicyDocument",
        inline_policies: "Policies",
        managed_policies: "ManagedPolicyArns",
        tags: "Tags",
    });
}

impl Diffable for Policy {
    const KIND: ResourceKind = ResourceKind::Policy;
    const WHEN_GONE: Change = Change::Remove;

    fn name(&self) -> String {
        self.name.clone()
    }

    differences!(Policy { name: "PolicyName", arn: "Arn", roles: "Roles", statements: "PolicyDocument" });
}

impl Diffable for QueuePolicy {
    const KIND: ResourceKind = ResourceKind::QueuePolicy;
    const WHEN_GONE: Change = Change::Remove;

    /// A queue policy has no name of its own; its logical id alone tells it from others.
    fn name(&self) -> String {
        self.queues.iter().map(|queue| queue.name.as_str()).collect::<Vec<_>>().join(", ")
    }

    differences!(QueuePolicy { queues: "Queues", statements: "PolicyDocument" });
}

impl Diffable for Poller {
    const KIND: ResourceKind = ResourceKind::Poller;
    const WHEN_GONE: Change = Change::Stop;

    /// A mapping has no name of its own; what it ties together tells it from others.
    fn name(&self) -> String {
        format!("{} to {}", self.queue.name, self.function.name)
    }

    differences!(Poller {
        id: "Id",
        queue: "EventSourceArn",
        function: "FunctionName",
        batch_size: "BatchSize",
        batching_window: "MaximumBatchingWindowInSeconds",
        maximum_concurrency: "ScalingConfig",
        names_failures: "FunctionResponseTypes",
        filters: "FilterCriteria",
        enabled: "Enabled",
        tags: "Tags",
    });
}

impl Diffable for EventBus {
    const KIND: ResourceKind = ResourceKind::EventBus;
    const WHEN_GONE: Change = Change::LieDormant;

    fn name(&self) -> String {
        self.name.to_string()
    }

    differences!(EventBus { name: "Name", arn: "Arn", description: "Description", tags: "Tags" });
}

impl Diffable for EventRule {
    const KIND: ResourceKind = ResourceKind::EventRule;
    const WHEN_GONE: Change = Change::Remove;

    /// Two buses may have rules of one name.
    fn name(&self) -> String {
        format!("{}/{}", self.bus, self.spec.name)
    }

    fn differences(&self, new: &Self) -> Vec<&'static str> {
        // Every field is named here, as in `differences!`, which knows one property for each.
        let Self { bus: _, arn: _, spec, role, targets, tags } = self;
        let parts = [
            ("EventPattern", spec.pattern != new.spec.pattern),
            ("ScheduleExpression", spec.schedule != new.spec.schedule),
            ("State", spec.state != new.spec.state),
            ("Description", spec.description != new.spec.description),
            ("RoleArn", *role != new.role),
            ("Targets", *targets != new.targets),
            ("Tags", *tags != new.tags),
        ];
        parts.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
    }
}

impl Diffable for EventArchive {
    const KIND: ResourceKind = ResourceKind::EventArchive;
    const WHEN_GONE: Change = Change::LieDormant;

    fn name(&self) -> String {
        self.spec.name.to_string()
    }

    fn differences(&self, new: &Self) -> Vec<&'static str> {
        let Self { spec, arn: _ } = self;
        let parts = [
            ("SourceArn", spec.bus != new.spec.bus),
            ("EventPattern", spec.pattern != new.spec.pattern),
            ("RetentionDays", spec.retention_days != new.spec.retention_days),
            ("Description", spec.description != new.spec.description),
        ];
        parts.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
    }

    fn losses(&self, new: &Self) -> Vec<(&'static str, String, String)> {
        let mut losses = Vec::new();
        if self.spec.name != new.spec.name {
            let (reason, hint) = renamed("archive", "its events");
            losses.push(("ArchiveName", reason, hint));
        }
        if self.spec.bus != new.spec.bus {
            let reason = "the events that it has are another bus's".to_owned();
            losses.push(("SourceArn", reason, "give the new archive a new name and a new logical id".to_owned()));
        }
        losses
    }
}

impl Diffable for EventConnection {
    const KIND: ResourceKind = ResourceKind::EventConnection;
    const WHEN_GONE: Change = Change::Remove;

    fn name(&self) -> String {
        self.spec.name.to_string()
    }

    fn differences(&self, new: &Self) -> Vec<&'static str> {
        let Self { spec, id: _, arn } = self;
        let parts = [
            ("Name", *arn != new.arn),
            ("Description", spec.description != new.spec.description),
            (
                "AuthParameters",
                (&spec.auth, &spec.headers, &spec.query, &spec.body)
                    != (&new.spec.auth, &new.spec.headers, &new.spec.query, &new.spec.body),
            ),
        ];
        parts.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
    }
}

impl Diffable for EventDestination {
    const KIND: ResourceKind = ResourceKind::EventDestination;
    const WHEN_GONE: Change = Change::Remove;

    fn name(&self) -> String {
        self.spec.name.to_string()
    }

    fn differences(&self, new: &Self) -> Vec<&'static str> {
        let Self { spec, id: _, arn } = self;
        let parts = [
            ("Name", *arn != new.arn),
            ("Description", spec.description != new.spec.description),
            ("ConnectionArn", spec.connection != new.spec.connection),
            ("InvocationEndpoint", spec.endpoint != new.spec.endpoint),
            ("HttpMethod", spec.method != new.spec.method),
            ("InvocationRateLimitPerSecond", spec.per_second != new.spec.per_second),
        ];
        parts.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
    }
}

impl Diffable for Permission {
    const KIND: ResourceKind = ResourceKind::Permission;
    const WHEN_GONE: Change = Change::Remove;

    fn name(&self) -> String {
        format!("{} by {}", self.function.name, self.principal)
    }

    differences!(Permission {
        function: "FunctionName",
        action: "Action",
        principal: "Principal",
        source_arn: "SourceArn",
        source_account: "SourceAccount",
    });
}

impl Diffable for Api {
    const KIND: ResourceKind = ResourceKind::Api;
    const WHEN_GONE: Change = Change::Stop;

    fn name(&self) -> String {
        self.name.clone()
    }

    differences!(Api {
        name: "Name",
        id: "RestApiId",
        url_on_aws: "Url",
        stage: "StageName",
        body: "Body",
        method_settings: "MethodSettings",
        caching: "CacheClusterEnabled",
        access_log: "AccessLogSetting",
        variables: "Variables",
        plans: "UsagePlans",
        keys: "ApiKeys",
        functions: "Functions",
        tags: "Tags",
    });
}

impl Diffable for Alarm {
    const KIND: ResourceKind = ResourceKind::Alarm;
    const WHEN_GONE: Change = Change::Remove;

    fn name(&self) -> String {
        self.name.clone()
    }

    differences!(Alarm { name: "AlarmName", arn: "Arn", request: "Properties" });
}

impl Diffable for Dashboard {
    const KIND: ResourceKind = ResourceKind::Dashboard;
    const WHEN_GONE: Change = Change::Remove;

    fn name(&self) -> String {
        self.name.clone()
    }

    differences!(Dashboard { name: "DashboardName", body: "DashboardBody" });
}

impl Diffable for MetricFilter {
    const KIND: ResourceKind = ResourceKind::MetricFilter;
    const WHEN_GONE: Change = Change::Remove;

    fn name(&self) -> String {
        format!("{} of {}", self.name, self.group)
    }

    differences!(MetricFilter {
        name: "FilterName",
        group: "LogGroupName",
        pattern: "FilterPattern",
        metric: "MetricName",
        namespace: "MetricNamespace",
        value: "MetricValue",
        otherwise: "DefaultValue",
        unit: "Unit",
        dimensions: "Dimensions",
    });
}
