//! `AWS::Pipes::Pipe` from a table's change stream to a function.

use std::time::Duration;

use pattern::{Dialect, Pattern};

use super::{Context, function_reference, queue_reference};
use crate::findings::Sort;
use crate::identity::{Identity, ResourceType};
use crate::node::Node;
use crate::properties::Properties;
use crate::stack::{
    DesiredState, FunctionReference, Invocation, Pipe, QueueReference, StartingPosition, TableReference,
};

/// AWS's own limits for filters.
const FILTERS_MAX: usize = 5;
const FILTER_CHARACTERS_MAX: usize = 4_096;

/// What a pipe's `SourceParameters` say.
struct Source {
    filters: Vec<String>,
    starting_position: StartingPosition,
    batch_size: u32,
    batching_window: Duration,
    parallelization_factor: u32,
    maximum_retry_attempts: Option<u32>,
    maximum_record_age: Option<Duration>,
    bisects: bool,
    dead_letter: Option<QueueReference>,
}

pub(crate) fn read(
    properties: &mut Properties<'_, '_, '_>,
    identity: &Identity,
    context: &mut Context<'_>,
) -> Option<Pipe> {
    let name = properties.name_or("Name", &identity.name);
    let table = source_table(properties, context);
    // What a pipe from anywhere else needs is not known here, so nothing of it is missing.
    let source_arn = properties.node("Source").and_then(Node::as_scalar);
    let from_elsewhere = source_arn.is_some_and(|arn| !arn.contains("/stream/"));
    let function = target_function(properties, context);
    let role = context.role(properties, "RoleArn");
    if !from_elsewhere {
        properties.required_node("SourceParameters");
    }
    let source = properties.object("SourceParameters", |parameters| source(parameters, context, from_elsewhere));
    let invocation = properties.object("TargetParameters", target);
    let desired_state = properties
        .choice("DesiredState", &[("RUNNING", DesiredState::Running), ("STOPPED", DesiredState::Stopped)])
        .unwrap_or(DesiredState::Running);
    let description = properties.text("Description", 0..=512);
    let tags = properties.tag_map("Tags");
    properties.refuse("Enrichment", "let the function do what the enrichment did");
    properties.refuse("EnrichmentParameters", "let the function do what the enrichment did");
    properties.refuse("LogConfiguration", "what a pipe did with a record is answered by `orderflow explain`");
    properties.refuse("KmsKeyIdentifier", "there are no keys; encrypt the disk that the data directory is on");
    let source = source?;
    Some(Pipe {
        name: name?,
        arn: identity.arn().to_owned(),
        source: table?,
        filters: source.filters,
        starting_position: source.starting_position,
        batch_size: source.batch_size,
        batching_window: source.batching_window,
        parallelization_factor: source.parallelization_factor,
        maximum_retry_attempts: source.maximum_retry_attempts,
        maximum_record_age: source.maximum_record_age,
        bisects: source.bisects,
        dead_letter: source.dead_letter,
        target: function?,
        invocation: invocation.unwrap_or(Invocation::RequestResponse),
        role: role?,
        desired_state,
        description,
        tags,
    })
}

fn source_table(properties: &mut Properties<'_, '_, '_>, context: &Context<'_>) -> Option<TableReference> {
    let arn = properties.required_text("Source", 1..=1600)?;
    let Some((table_arn, _label)) = arn.split_once("/stream/") else {
        let message = format!("`{arn}` is not the ARN of a table's stream, and other sources are not run here");
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

fn target_function(properties: &mut Properties<'_, '_, '_>, context: &Context<'_>) -> Option<FunctionReference> {
    let arn = properties.required_text("Target", 1..=1600)?;
    let Some(function) = context.by_arn(ResourceType::Function, &arn) else {
        let service = arn.split(':').nth(2).unwrap_or_default();
        let (sort, message) = match service {
            "lambda" => (Sort::Invalid, format!("`{arn}` is not a function of this template")),
            _ => {
                let message = format!("`{arn}` is not the ARN of a function, and other targets are not run here");
                (Sort::FeatureNotRun, message)
            }
        };
        properties.not_run("Target", sort, message, Some("use !GetAtt Function.Arn".to_owned()));
        return None;
    };
    function_reference(function)
}

fn source(parameters: &mut Properties<'_, '_, '_>, context: &Context<'_>, from_elsewhere: bool) -> Option<Source> {
    let filters = parameters.object("FilterCriteria", |criteria| {
        let filters = criteria.objects("Filters", filter);
        if filters.as_ref().is_some_and(|filters| filters.len() > FILTERS_MAX) {
            criteria.wrong("Filters", format!("has more than {FILTERS_MAX} filters"));
        }
        filters
    });
    if !from_elsewhere {
        parameters.required_node("DynamoDBStreamParameters");
    }
    let stream = parameters.object("DynamoDBStreamParameters", |stream| stream_parameters(stream, context));
    for key in [
        "KinesisStreamParameters",
        "SqsQueueParameters",
        "ManagedStreamingKafkaParameters",
        "SelfManagedKafkaParameters",
        "ActiveMQBrokerParameters",
        "RabbitMQBrokerParameters",
    ] {
        match from_elsewhere {
            // The source itself was refused.
            true => drop(parameters.accept(key)),
            false => parameters.refuse(key, "the source is a table's stream"),
        }
    }
    Some(Source { filters: filters.unwrap_or_default(), ..stream? })
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
    let batch_size = stream.count("BatchSize", 1..=10_000).unwrap_or(100);
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
        batching_window: Duration::from_secs(window.into()),
        parallelization_factor,
        maximum_retry_attempts,
        maximum_record_age: age.map(|seconds| Duration::from_secs(seconds.into())),
        bisects,
        dead_letter,
    })
}

fn target(parameters: &mut Properties<'_, '_, '_>) -> Option<Invocation> {
    parameters.refuse("InputTemplate", "functions receive the records as the stream has them");
    for key in [
        "BatchJobParameters",
        "CloudWatchLogsParameters",
        "EcsTaskParameters",
        "EventBridgeEventBusParameters",
        "HttpParameters",
        "KinesisStreamParameters",
        "RedshiftDataParameters",
        "SageMakerPipelineParameters",
        "SqsQueueParameters",
        "StepFunctionStateMachineParameters",
        "TimestreamParameters",
    ] {
        parameters.refuse(key, "the target is a function");
    }
    parameters.object("LambdaFunctionParameters", |function| {
        function.choice(
            "InvocationType",
            &[("REQUEST_RESPONSE", Invocation::RequestResponse), ("FIRE_AND_FORGET", Invocation::FireAndForget)],
        )
    })
}
