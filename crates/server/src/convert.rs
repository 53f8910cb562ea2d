//! Decides how what a template says becomes what the engine deploys: the same things in the engine's words.

use engine::spec::{
    Aim, AliasSpec, AsynchronousSpec, BusRuleSpec, BusSpec, Destination, EnrichmentSpec, EventsSpec, FifoSpec,
    FunctionSpec, IndexSpec, InvocationType, InvokingSpec, Known, LogGroupSpec, PipeSource, PipeSpec, PipeTarget,
    PollerSpec, Projection, QueueSpec, RedriveSpec, StackSpec, StartingPosition, TableSpec, VersionSpec, VersionsSpec,
};
use engine::watch::LineFilter;
use observe::alarm::Definition;
use observe::measure::Unit;
use std::time::Duration;
use types::{Qualifier, Timestamp};

/// The engine's words for a stack.
pub(crate) fn spec_of(stack: &stack::Stack) -> StackSpec {
    StackSpec {
        name: stack.name.clone(),
        tables: stack.tables.iter().map(|table| table_of(&table.spec)).collect(),
        queues: stack.queues.iter().map(|queue| queue_of(&queue.spec)).collect(),
        functions: stack.functions.iter().map(|function| function_of(&function.spec)).collect(),
        log_groups: stack.log_groups.iter().map(|group| log_group_of(&group.spec)).collect(),
        pipes: stack.pipes.iter().map(|pipe| pipe_of(&pipe.spec)).collect(),
        pollers: stack.pollers.iter().map(|poller| poller_of(&poller.spec)).collect(),
        events: events_of(stack),
        versions: versions_of(stack),
        origin: stack.to_json(),
    }
}

fn events_of(stack: &stack::Stack) -> EventsSpec {
    let bus = |bus: &stack::EventBus| BusSpec { name: bus.name.clone(), description: bus.description.clone() };
    let rule = |rule: &stack::EventRule| BusRuleSpec {
        bus: rule.bus.clone(),
        rule: rule.spec.clone(),
        role: rule.role.clone(),
        targets: rule.targets.clone(),
    };
    EventsSpec {
        buses: stack.buses.iter().map(|one| bus(&one.spec)).collect(),
        rules: stack.rules.iter().map(|one| rule(&one.spec)).collect(),
        archives: stack.archives.iter().map(|archive| archive.spec.spec.clone()).collect(),
        connections: stack.connections.iter().map(|one| known(&one.spec.id, &one.spec.spec)).collect(),
        destinations: stack.destinations.iter().map(|one| known(&one.spec.id, &one.spec.spec)).collect(),
    }
}

fn known<T: Clone>(id: &str, spec: &T) -> Known<T> {
    Known { id: id.to_owned(), spec: spec.clone() }
}

fn versions_of(stack: &stack::Stack) -> VersionsSpec {
    let version = |version: &stack::Resource<stack::FunctionVersion>| VersionSpec {
        id: version.logical_id.to_string(),
        function: version.spec.function.name.clone(),
        number: version.spec.number,
        description: version.spec.description.clone(),
    };
    let part = |other: stack::OtherVersion| (other.version, f64::from(other.millionths) / 1_000_000.0);
    let alias = |alias: &stack::FunctionAlias| AliasSpec {
        function: alias.function.name.clone(),
        name: alias.name.clone(),
        aim: Aim { other: alias.other.map(part), ..Aim::one(alias.version) },
        description: alias.description.clone().unwrap_or_default(),
    };
    let config = |config: &stack::QualifiedConfig| InvokingSpec {
        function: config.function.name.clone(),
        qualifier: config.function.qualifier.clone().unwrap_or(Qualifier::LATEST),
        asynchronous: asynchronous_of(&config.asynchronous),
    };
    VersionsSpec {
        published: stack.versions.iter().map(version).collect(),
        aliases: stack.aliases.iter().map(|one| alias(&one.spec)).collect(),
        invoking: stack.invoke_configs.iter().map(|one| config(&one.spec)).collect(),
    }
}

fn table_of(table: &stack::Table) -> TableSpec {
    TableSpec {
        name: table.name.clone(),
        keys: table.key.clone(),
        view: table.stream,
        indexes: table.indexes.iter().map(index_of).collect(),
        expires_by: table.expires_by.clone(),
    }
}

fn index_of(index: &stack::Index) -> IndexSpec {
    let projection = match &index.projection {
        stack::Projection::All => Projection::All,
        stack::Projection::Keys => Projection::Keys,
        stack::Projection::Include(attributes) => Projection::Include(attributes.clone()),
    };
    IndexSpec { name: index.name.clone(), keys: index.key.clone(), projection }
}

fn queue_of(queue: &stack::Queue) -> QueueSpec {
    QueueSpec {
        name: queue.name.clone(),
        visible_for_seconds: seconds(queue.visibility_timeout),
        retention_seconds: seconds(queue.retention),
        delay_seconds: seconds(queue.delay),
        message_bytes_max: queue.maximum_message_bytes,
        wait_seconds: seconds(queue.receive_wait),
        redrive: queue.redrive.as_ref().map(|redrive| RedriveSpec {
            dead_letters: redrive.dead_letters.clone(),
            receives_max: redrive.receives_max,
        }),
        fifo: queue.fifo.map(|fifo| FifoSpec {
            deduplicates_by_content: fifo.deduplicates_by_content,
            deduplicates_in_groups: fifo.deduplicates_in_groups,
        }),
    }
}

fn poller_of(poller: &stack::Poller) -> PollerSpec {
    PollerSpec {
        queue: poller.queue.name.clone(),
        function: poller.function.name.clone(),
        qualifier: poller.function.qualifier.clone(),
        batch_size: poller.batch_size,
        window_seconds: seconds(poller.batching_window),
        concurrency: poller.maximum_concurrency,
        names_failures: poller.names_failures,
        filters: poller.filters.clone(),
        running: poller.enabled,
    }
}

fn function_of(function: &stack::Function) -> FunctionSpec {
    let (stack::RoleReference::InStack { arn, .. } | stack::RoleReference::Outside { arn }) = &function.role;
    FunctionSpec {
        name: function.name.clone(),
        handler: function.handler.clone(),
        runtime: function.runtime.clone(),
        timeout_seconds: seconds(function.timeout),
        memory_mb: function.memory_mib,
        concurrency: function.reserved_concurrency,
        environment: function.environment.clone(),
        log_group: function.log_group.clone(),
        description: function.description.clone().unwrap_or_default(),
        role: arn.clone(),
        asynchronous: asynchronous_of(&function.asynchronous),
    }
}

fn asynchronous_of(asynchronous: &stack::Asynchronous) -> AsynchronousSpec {
    let told = |to: &stack::Destination| match to {
        stack::Destination::Queue(queue) => Destination::Queue(queue.name.clone()),
        stack::Destination::Function(function) => Destination::Function(function.name.clone()),
    };
    AsynchronousSpec {
        retries: asynchronous.retries,
        max_age_seconds: seconds(asynchronous.maximum_age),
        on_success: asynchronous.on_success.as_ref().map(told),
        on_failure: asynchronous.on_failure.as_ref().map(told),
        dead_letters: asynchronous.dead_letter.as_ref().map(|queue| queue.name.clone()),
        is_said: asynchronous.is_said,
    }
}

fn log_group_of(group: &stack::LogGroup) -> LogGroupSpec {
    LogGroupSpec { name: group.name.clone(), retention_days: group.retention_days.map(u32::from) }
}

fn pipe_of(pipe: &stack::Pipe) -> PipeSpec {
    let (stack::RoleReference::InStack { arn: role, .. } | stack::RoleReference::Outside { arn: role }) = &pipe.role;
    PipeSpec {
        name: pipe.name.clone(),
        source: match &pipe.source {
            stack::PipeSource::Table(table) => PipeSource::Table(table.name.clone()),
            stack::PipeSource::Queue { queue } => PipeSource::Queue { queue: queue.name.clone() },
        },
        filters: pipe.filters.clone(),
        enrichment: pipe.enrichment.as_ref().map(|enrichment| EnrichmentSpec {
            function: enrichment.function.name.clone(),
            qualifier: enrichment.function.qualifier.clone(),
            input: enrichment.input.clone(),
        }),
        target: match &pipe.target {
            stack::PipeTarget::Function(function) => PipeTarget::Function(function.name.clone()),
            stack::PipeTarget::Queue { queue } => PipeTarget::Queue { queue: queue.name.clone() },
            stack::PipeTarget::Bus { bus } => PipeTarget::Bus { bus: bus.clone() },
            stack::PipeTarget::LogGroup { log_group } => PipeTarget::LogGroup { log_group: log_group.clone() },
        },
        qualifier: pipe.target.function().and_then(|function| function.qualifier.clone()),
        parameters: pipe.parameters.clone(),
        invocation: match pipe.invocation {
            stack::Invocation::RequestResponse => InvocationType::RequestResponse,
            stack::Invocation::FireAndForget => InvocationType::FireAndForget,
        },
        batch_size: pipe.batch_size,
        window_seconds: seconds(pipe.batching_window),
        lanes: pipe.parallelization_factor,
        retries: pipe.maximum_retry_attempts,
        max_age_seconds: pipe.maximum_record_age.map(seconds),
        bisect: pipe.bisects,
        start: match pipe.starting_position {
            stack::StartingPosition::TrimHorizon => StartingPosition::TrimHorizon,
            stack::StartingPosition::Latest => StartingPosition::Latest,
        },
        dead_letters: pipe.dead_letter.as_ref().map(|queue| queue.name.clone()),
        running: pipe.desired_state == stack::DesiredState::Running,
        description: pipe.description.clone(),
        role: Some(role.clone()),
        tags: pipe.tags.clone(),
    }
}

fn seconds(span: Duration) -> u32 {
    u32::try_from(span.as_secs()).unwrap_or(u32::MAX)
}

/// What a stack wants to be watched.
pub(crate) struct Watched {
    pub(crate) alarms: Vec<Definition>,
    /// Names, and what they show.
    pub(crate) dashboards: Vec<(String, String)>,
    pub(crate) filters: Vec<LineFilter>,
}

/// The engine's words for what a stack wants to be watched; what is wrong with it, with the resource's name.
pub(crate) fn watched_of(stack: &stack::Stack) -> Result<Watched, String> {
    let wrong = |id: &stack::LogicalId, at: stack::Position, problem: String| {
        format!("error: line {}: Resources.{id}: {problem}", at.line)
    };
    let alarm = |alarm: &stack::Resource<stack::Alarm>| {
        let members = alarm.spec.request.as_object().expect("a request is an object");
        wire::cloudwatch::definition(members).map_err(|problem| wrong(&alarm.logical_id, alarm.at, problem))
    };
    let filter = |resource: &stack::Resource<stack::MetricFilter>| {
        let spec = &resource.spec;
        let wrong = |problem: String| wrong(&resource.logical_id, resource.at, problem);
        let unit = match &spec.unit {
            None => None,
            Some(text) => Some(Unit::parse(text).ok_or_else(|| wrong(format!("`{text}` is no unit")))?),
        };
        let filter = LineFilter {
            name: spec.name.clone(),
            group: spec.group.clone(),
            pattern: spec.pattern.clone(),
            namespace: spec.namespace.clone(),
            metric: spec.metric.clone(),
            value: spec.value.clone(),
            otherwise: spec.otherwise.as_ref().and_then(serde_json::Value::as_f64),
            dimensions: spec.dimensions.clone(),
            unit,
            at: Timestamp::EPOCH,
            stack: Some(stack.name.clone()),
        };
        filter.line_metric().map_err(|problem| wrong(problem.to_string()))?;
        Ok::<_, String>(filter)
    };
    Ok(Watched {
        alarms: stack.alarms.iter().map(alarm).collect::<Result<_, _>>()?,
        dashboards: stack.dashboards.iter().map(|one| (one.spec.name.clone(), one.spec.body.clone())).collect(),
        filters: stack.metric_filters.iter().map(filter).collect::<Result<_, _>>()?,
    })
}
