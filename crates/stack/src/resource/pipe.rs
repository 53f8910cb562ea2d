//! `AWS::Pipes::Pipe` from a table's change stream or a queue to a function, a queue, an event bus or a log group.
//!
//! What goes with a record to its target is decided where it is delivered (`delivery::bus::pipe_target`); here it is found in
//! the template, and everything that a pipe names must be there.

use std::time::Duration;

use delivery::bus::TEMPLATE_MAX;
use delivery::bus::entry::DEFAULT_BUS;
use delivery::bus::pipe_input::PipeInput;
use delivery::bus::pipe_target::{PipeParameters, PipeParametersRefused, PipeParametersSpec, PipeTargetKind};
use pattern::{Dialect, Pattern};

use super::poller::check_batches;
use super::queue::is_fifo;
use super::{Context, Evaluated, function_reference, queue_reference};
use crate::findings::Sort;
use crate::identity::{Identity, ResourceType};
use crate::node::Node;
use crate::properties::Properties;
use crate::stack::{
    DesiredState, Enrichment, FunctionReference, Invocation, Pipe, PipeSource, PipeTarget, QueueReference,
    StartingPosition, TableReference,
};

/// AWS's own limits for filters.
const FILTERS_MAX: usize = 5;
const FILTER_CHARACTERS_MAX: usize = 4_096;

/// What a pipe's `SourceParameters` say.
struct Source {
    filters: Vec<String>,
    starting_position: StartingPosition,
    /// Where it stands, if it was given.
    batch_size: Option<u32>,
    /// What it is if nobody says so.
    batch_usual: u32,
    batching_window: Duration,
    parallelization_factor: u32,
    maximum_retry_attempts: Option<u32>,
    maximum_record_age: Option<Duration>,
    bisects: bool,
    dead_letter: Option<QueueReference>,
}

/// What a pipe reads, as far as its ARN says so.
#[derive(Clone, Copy, PartialEq, Eq)]
enum From {
    Stream,
    Queue,
    /// From what is not run here; it was refused.
    Elsewhere,
}

pub(crate) fn read(
    properties: &mut Properties<'_, '_, '_>,
    identity: &Identity,
    context: &mut Context<'_>,
) -> Option<Pipe> {
    let name = properties.name_or("Name", &identity.name);
    // What a pipe from anywhere else needs is not known here, so nothing of it is missing.
    let source_arn = properties.node("Source").and_then(Node::as_scalar).map(str::to_owned);
    let from = match source_arn.as_deref() {
        None => From::Stream,
        Some(arn) if arn.contains("/stream/") => From::Stream,
        Some(arn) if arn.split(':').nth(2) == Some("sqs") => From::Queue,
        Some(_) => From::Elsewhere,
    };
    let read = match from {
        From::Queue => source_queue(properties, context).map(|queue| PipeSource::Queue { queue }),
        From::Stream | From::Elsewhere => source_table(properties, context).map(PipeSource::Table),
    };
    let enrichment = enrichment(properties, context);
    let target = target(properties, context);
    let role = context.role(properties, "RoleArn");
    if from == From::Stream {
        properties.required_node("SourceParameters");
    }
    let queue = match &read {
        Some(PipeSource::Queue { queue }) => Some(queue.clone()),
        Some(PipeSource::Table(_)) | None => None,
    };
    let source = properties.object("SourceParameters", |parameters| source(parameters, context, from, queue.as_ref()));
    // A queue says for itself all that is needed.
    let source = source.or_else(|| (from == From::Queue).then(queue_defaults));
    let kind = target.as_ref().map(kind);
    let said = properties.object("TargetParameters", |parameters| target_parameters(parameters, kind));
    let (parameters, invocation) = said.unwrap_or_default();
    if let Some(kind) = kind
        && let Err(refused) = PipeParameters::parse(&parameters, kind)
    {
        let key = if matches!(refused, PipeParametersRefused::Input(_)) { "TargetParameters" } else { "Target" };
        properties.wrong(key, refused.to_string());
    }
    let desired_state = properties
        .choice("DesiredState", &[("RUNNING", DesiredState::Running), ("STOPPED", DesiredState::Stopped)])
        .unwrap_or(DesiredState::Running);
    let description = properties.text("Description", 0..=512);
    let tags = properties.tag_map("Tags");
    properties.refuse("LogConfiguration", "what a pipe did with a record is answered by `orderflow explain`");
    properties.refuse("KmsKeyIdentifier", "there are no keys; encrypt the disk that the data directory is on");
    let function = target.as_ref().and_then(PipeTarget::function);
    if function.is_some_and(|function| function.qualifier.is_some()) && invocation == Some(Invocation::FireAndForget) {
        let message = "a version or alias is waited for here: FIRE_AND_FORGET hands over to the function as it is";
        let hint = Some("write InvocationType: REQUEST_RESPONSE, or name the function itself".to_owned());
        properties.not_run("TargetParameters", Sort::FeatureNotRun, message, hint);
    }
    let (source, batch_max) = (source?, kind?.batch_max());
    if source.batch_size.is_some_and(|size| size > batch_max) {
        let message = format!("a batch for this target has {batch_max} records at most");
        properties.wrong_with_hint("SourceParameters", message, format!("set BatchSize to {batch_max}"));
    }
    Some(Pipe {
        name: name?,
        arn: identity.arn().to_owned(),
        source: read?,
        filters: source.filters,
        enrichment: enrichment?,
        starting_position: source.starting_position,
        batch_size: source.batch_size.unwrap_or(source.batch_usual.min(batch_max)),
        batching_window: source.batching_window,
        parallelization_factor: source.parallelization_factor,
        maximum_retry_attempts: source.maximum_retry_attempts,
        maximum_record_age: source.maximum_record_age,
        bisects: source.bisects,
        dead_letter: source.dead_letter,
        target: target?,
        parameters,
        invocation: invocation.unwrap_or(Invocation::RequestResponse),
        role: role?,
        desired_state,
        description,
        tags,
    })
}

fn queue_defaults() -> Source {
    Source {
        filters: Vec::new(),
        starting_position: StartingPosition::TrimHorizon,
        batch_size: None,
        batch_usual: 10,
        batching_window: Duration::ZERO,
        parallelization_factor: 1,
        maximum_retry_attempts: None,
        maximum_record_age: None,
        bisects: false,
        dead_letter: None,
    }
}

fn source_queue(properties: &mut Properties<'_, '_, '_>, context: &Context<'_>) -> Option<QueueReference> {
    let arn = properties.required_text("Source", 1..=1600)?;
    let queue = context.by_arn(ResourceType::Queue, &arn);
    if queue.is_none() {
        let message = format!("`{arn}` is not a queue of this template");
        properties.wrong_with_hint("Source", message, "use !GetAtt Queue.Arn");
    }
    queue_reference(queue?)
}

/// The enrichment, if there is one; nothing if it is refused.
fn enrichment(properties: &mut Properties<'_, '_, '_>, context: &Context<'_>) -> Option<Option<Enrichment>> {
    let given = properties.node("Enrichment").is_some();
    let input = properties.object("EnrichmentParameters", |parameters| {
        parameters.refuse("HttpParameters", "the enrichment is a function");
        let input = parameters.text("InputTemplate", 0..=TEMPLATE_MAX).filter(|input| !input.is_empty());
        if let Some(Err(refused)) = input.as_deref().map(PipeInput::parse) {
            parameters.wrong("InputTemplate", refused.to_string());
        }
        input
    });
    if !given {
        if input.is_some() {
            properties.wrong("EnrichmentParameters", "there is no Enrichment that it is for");
        }
        return Some(None);
    }
    let arn = properties.required_text("Enrichment", 1..=1600)?;
    let function = function_at(properties, context, "Enrichment", &arn)?;
    Some(Some(Enrichment { function, input }))
}

fn function_at(
    properties: &mut Properties<'_, '_, '_>,
    context: &Context<'_>,
    key: &'static str,
    arn: &str,
) -> Option<FunctionReference> {
    if let Some(qualified) = context.by_qualified(arn) {
        return Some(qualified);
    }
    let Some(function) = context.by_arn(ResourceType::Function, arn) else {
        let (sort, message) = match arn.split(':').nth(2).unwrap_or_default() {
            "lambda" => (Sort::Invalid, format!("`{arn}` is not a function of this template")),
            _ if key == "Enrichment" => {
                let message = format!("`{arn}` is not the ARN of a function, and other enrichments are not run here");
                (Sort::FeatureNotRun, message)
            }
            _ => {
                let message = format!(
                    "`{arn}` is not the ARN of a function, a queue, an event bus or a log group, and other targets are \
                     not run here"
                );
                (Sort::FeatureNotRun, message)
            }
        };
        properties.not_run(key, sort, message, Some("use !GetAtt Function.Arn".to_owned()));
        return None;
    };
    function_reference(function)
}

/// What a pipe hands records to, and of a queue whether it keeps order.
fn target(properties: &mut Properties<'_, '_, '_>, context: &Context<'_>) -> Option<PipeTarget> {
    let arn = properties.required_text("Target", 1..=1600)?;
    let mut missing = |what: &str, hint: &str| {
        properties.wrong_with_hint("Target", format!("`{arn}` is not {what} of this template"), hint);
    };
    match (arn.split(':').nth(2), arn.splitn(6, ':').nth(5).unwrap_or_default()) {
        (Some("sqs"), _) => {
            let queue = context.by_arn(ResourceType::Queue, &arn);
            if queue.is_none() {
                missing("a queue", "use !GetAtt Queue.Arn");
            }
            Some(PipeTarget::Queue { queue: queue_reference(queue?)? })
        }
        (Some("events"), resource) if resource.starts_with("event-bus/") => {
            let name = resource.trim_start_matches("event-bus/");
            if name != DEFAULT_BUS && context.by_arn(ResourceType::EventBus, &arn).is_none() {
                missing("an event bus", "use !GetAtt Bus.Arn");
                return None;
            }
            Some(PipeTarget::Bus { bus: name.parse().ok()? })
        }
        (Some("logs"), resource) if resource.starts_with("log-group:") => {
            let whole = |found: &&Evaluated| found.identity.arn().trim_end_matches(":*") == arn.trim_end_matches(":*");
            let groups = context.all.iter().filter(|found| found.identity.kind == ResourceType::LogGroup);
            let Some(group) = groups.filter(|found| whole(found)).map(|found| &found.identity.name).next() else {
                missing("a log group", "use !GetAtt LogGroup.Arn");
                return None;
            };
            Some(PipeTarget::LogGroup { log_group: group.parse().ok()? })
        }
        _ => Some(PipeTarget::Function(function_at(properties, context, "Target", &arn)?)),
    }
}

fn kind(target: &PipeTarget) -> PipeTargetKind {
    match target {
        PipeTarget::Function(_) => PipeTargetKind::Function,
        PipeTarget::Queue { queue } => PipeTargetKind::Queue { keeps_order: is_fifo(queue.name.as_str()) },
        PipeTarget::Bus { .. } => PipeTargetKind::Bus,
        PipeTarget::LogGroup { .. } => PipeTargetKind::LogGroup,
    }
}

fn source_table(properties: &mut Properties<'_, '_, '_>, context: &Context<'_>) -> Option<TableReference> {
    let arn = properties.required_text("Source", 1..=1600)?;
    let Some((table_arn, _label)) = arn.split_once("/stream/") else {
        let message =
            format!("`{arn}` is not the ARN of a table's stream or of a queue, and other sources are not run here");
        properties.not_run("Source", Sort::FeatureNotRun, message, Some("use !GetAtt Table.StreamArn".to_owned()));
        return None;
    };
    let Some(table) = context.by_arn(ResourceType::Table, table_arn) else {
        properties.wrong("Source", format!("`{table_arn}` is not a table of this template"));
        return None;
    };
    if table.identity.attribute("StreamArn").is_none() {
        properties.wrong_with_hint(
            "Source",
            format!("the table `{}` has no stream", table.logical_id),
            "give it a StreamSpecification",
        );
        return None;
    }
    let name = table.identity.name.parse().ok()?;
    Some(TableReference { logical_id: table.logical_id.clone(), name })
}

fn source(
    parameters: &mut Properties<'_, '_, '_>,
    context: &Context<'_>,
    from: From,
    queue: Option<&QueueReference>,
) -> Option<Source> {
    let filters = parameters.object("FilterCriteria", |criteria| {
        let filters = criteria.objects("Filters", filter);
        if filters.as_ref().is_some_and(|filters| filters.len() > FILTERS_MAX) {
            criteria.wrong("Filters", format!("has more than {FILTERS_MAX} filters"));
        }
        filters
    });
    if from == From::Stream {
        parameters.required_node("DynamoDBStreamParameters");
    }
    let (read, other) = match from {
        From::Queue => (
            parameters.object("SqsQueueParameters", |given| queue_parameters(given, queue)).or(Some(queue_defaults())),
            "DynamoDBStreamParameters",
        ),
        From::Stream | From::Elsewhere => {
            let stream = parameters.object("DynamoDBStreamParameters", |stream| stream_parameters(stream, context));
            (stream, "SqsQueueParameters")
        }
    };
    for key in [
        other,
        "KinesisStreamParameters",
        "ManagedStreamingKafkaParameters",
        "SelfManagedKafkaParameters",
        "ActiveMQBrokerParameters",
        "RabbitMQBrokerParameters",
    ] {
        match from {
            // The source itself was refused.
            From::Elsewhere => drop(parameters.accept(key)),
            From::Stream => parameters.refuse(key, "the source is a table's stream"),
            From::Queue => parameters.refuse(key, "the source is a queue"),
        }
    }
    Some(Source { filters: filters.unwrap_or_default(), ..read? })
}

fn queue_parameters(given: &mut Properties<'_, '_, '_>, queue: Option<&QueueReference>) -> Option<Source> {
    let batch_size = given.count("BatchSize", 1..=10_000);
    let window = given.count("MaximumBatchingWindowInSeconds", 0..=300).unwrap_or(0);
    if let Some(queue) = queue {
        check_batches(given, queue, batch_size.unwrap_or(10), window);
    }
    Some(Source { batch_size, batching_window: Duration::from_secs(window.into()), ..queue_defaults() })
}

/// One filter of a pipe or event source mapping.
pub(super) fn filter(filter: &mut Properties<'_, '_, '_>) -> Option<String> {
    let node = filter.required_node("Pattern")?;
    if node.as_scalar().is_none() {
        filter.wrong_with_hint(
            "Pattern",
            format!("must be text, not {}", node.what()),
            "write the pattern as JSON below `Pattern: |`",
        );
        return None;
    }
    let text = filter.text("Pattern", 1..=FILTER_CHARACTERS_MAX)?;
    match Pattern::parse(&text, Dialect::Pipe) {
        Ok(_) => Some(text),
        Err(error) => {
            let (line, column) = (error.line, error.column);
            let place = format!("line {line}, column {column} of the pattern");
            filter.wrong("Pattern", format!("is not a valid event pattern: {} ({place})", error.reason));
            None
        }
    }
}

fn stream_parameters(stream: &mut Properties<'_, '_, '_>, context: &Context<'_>) -> Option<Source> {
    let starting_position = stream.required_choice(
        "StartingPosition",
        &[("TRIM_HORIZON", StartingPosition::TrimHorizon), ("LATEST", StartingPosition::Latest)],
    );
    let batch_size = stream.count("BatchSize", 1..=10_000);
    let window = stream.count("MaximumBatchingWindowInSeconds", 0..=300).unwrap_or(0);
    let parallelization_factor = stream.count("ParallelizationFactor", 1..=10).unwrap_or(1);
    let maximum_retry_attempts = stream.count_or_unlimited("MaximumRetryAttempts", 0..=10_000).flatten();
    let age = stream.count_or_unlimited("MaximumRecordAgeInSeconds", 60..=604_800).flatten();
    let bisects = stream.choice("OnPartialBatchItemFailure", &[("AUTOMATIC_BISECT", ())]).is_some();
    let dead_letter = stream.object("DeadLetterConfig", |config| {
        let arn = config.required_text("Arn", 1..=1600)?;
        let queue = context.by_arn(ResourceType::Queue, &arn);
        if queue.is_none() {
            config.wrong_with_hint("Arn", format!("`{arn}` is not a queue of this template"), "use !GetAtt Queue.Arn");
        }
        queue.and_then(queue_reference)
    });
    Some(Source {
        filters: Vec::new(),
        starting_position: starting_position?,
        batch_size,
        batch_usual: 100,
        batching_window: Duration::from_secs(window.into()),
        parallelization_factor,
        maximum_retry_attempts,
        maximum_record_age: age.map(|seconds| Duration::from_secs(seconds.into())),
        bisects,
        dead_letter,
    })
}

/// What goes with records to a target of this kind, and whether a function is waited for.
fn target_parameters(
    parameters: &mut Properties<'_, '_, '_>,
    kind: Option<PipeTargetKind>,
) -> Option<(PipeParametersSpec, Option<Invocation>)> {
    let mut spec = PipeParametersSpec {
        input: parameters.text("InputTemplate", 0..=TEMPLATE_MAX).filter(|input| !input.is_empty()),
        ..PipeParametersSpec::default()
    };
    let own = match kind {
        Some(PipeTargetKind::Function) => "LambdaFunctionParameters",
        Some(PipeTargetKind::Queue { .. }) => "SqsQueueParameters",
        Some(PipeTargetKind::Bus) => "EventBridgeEventBusParameters",
        Some(PipeTargetKind::LogGroup) => "CloudWatchLogsParameters",
        None => "",
    };
    for key in [
        "BatchJobParameters",
        "CloudWatchLogsParameters",
        "EcsTaskParameters",
        "EventBridgeEventBusParameters",
        "HttpParameters",
        "KinesisStreamParameters",
        "LambdaFunctionParameters",
        "RedshiftDataParameters",
        "SageMakerPipelineParameters",
        "SqsQueueParameters",
        "StepFunctionStateMachineParameters",
        "TimestreamParameters",
    ] {
        match kind {
            // The target itself was refused.
            None => drop(parameters.accept(key)),
            Some(_) if key == own => {}
            Some(kind) => parameters.refuse(key, &format!("the target is {}", what(kind))),
        }
    }
    let text = |of: &mut Properties<'_, '_, '_>, key| of.text(key, 1..=256);
    let invocation = match kind? {
        PipeTargetKind::Function => parameters.object(own, |function| {
            function.choice(
                "InvocationType",
                &[("REQUEST_RESPONSE", Invocation::RequestResponse), ("FIRE_AND_FORGET", Invocation::FireAndForget)],
            )
        }),
        PipeTargetKind::Queue { .. } => {
            let given = parameters
                .object(own, |queue| Some((text(queue, "MessageGroupId"), text(queue, "MessageDeduplicationId"))));
            (spec.message_group, spec.deduplication) = given.unwrap_or_default();
            None
        }
        PipeTargetKind::Bus => parameters.object(own, |bus| {
            bus.refuse("EndpointId", "there is one region");
            (spec.source, spec.detail_type) = (text(bus, "Source"), bus.text("DetailType", 1..=128));
            spec.resources = bus.text_list("Resources").unwrap_or_default();
            spec.time = text(bus, "Time");
            None
        }),
        PipeTargetKind::LogGroup => {
            let given = parameters.object(own, |group| Some((text(group, "LogStreamName"), text(group, "Timestamp"))));
            (spec.stream, spec.timestamp) = given.unwrap_or_default();
            None
        }
    };
    Some((spec, invocation))
}

fn what(kind: PipeTargetKind) -> &'static str {
    match kind {
        PipeTargetKind::Function => "a function",
        PipeTargetKind::Queue { .. } => "a queue",
        PipeTargetKind::Bus => "an event bus",
        PipeTargetKind::LogGroup => "a log group",
    }
}
