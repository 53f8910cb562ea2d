//! `AWS::Lambda::EventSourceMapping` from a queue to a function.

use std::time::Duration;

use super::queue::is_fifo;
use super::{Context, pipe, queue_reference};
use crate::findings::Sort;
use crate::identity::{Identity, ResourceType};
use crate::properties::Properties;
use crate::stack::{Poller, QueueReference};

/// The filters that a mapping has at most, after the account's quota was raised.
const FILTERS_MAX: usize = 10;
/// The largest batch that need not wait to fill, and the largest one of a FIFO queue.
const SMALL_BATCH_MAX: u32 = 10;

pub(crate) fn read(
    properties: &mut Properties<'_, '_, '_>,
    identity: &Identity,
    context: &mut Context<'_>,
) -> Option<Poller> {
    let queue = source_queue(properties, context);
    let function = context.qualified_function(properties, "FunctionName");
    let batch_size = properties.count("BatchSize", 1..=10_000);
    let window = properties.count("MaximumBatchingWindowInSeconds", 0..=300).unwrap_or(0);
    let responses = properties.text_list("FunctionResponseTypes").unwrap_or_default();
    for other in responses.iter().filter(|response| *response != "ReportBatchItemFailures") {
        properties.wrong("FunctionResponseTypes", format!("`{other}` is none: there is ReportBatchItemFailures alone"));
    }
    let maximum_concurrency =
        properties.object("ScalingConfig", |scaling| scaling.count("MaximumConcurrency", 2..=1_000));
    let filters = properties.object("FilterCriteria", |criteria| {
        let filters = criteria.objects("Filters", pipe::filter);
        if filters.as_ref().is_some_and(|filters| filters.len() > FILTERS_MAX) {
            criteria.wrong("Filters", format!("has more than {FILTERS_MAX} filters"));
        }
        filters
    });
    let enabled = properties.boolean("Enabled").unwrap_or(true);
    let tags = properties.tag_list("Tags");
    context.without_effect(properties, "MetricsConfig", "it is a report of AWS");
    refuse_others(properties, queue.is_some());
    if let Some(queue) = &queue {
        check_batches(properties, queue, batch_size.unwrap_or(SMALL_BATCH_MAX), window);
    }
    Some(Poller {
        id: identity.reference.clone(),
        queue: queue?,
        function: function?,
        batch_size: batch_size.unwrap_or(SMALL_BATCH_MAX),
        batching_window: Duration::from_secs(window.into()),
        maximum_concurrency,
        names_failures: !responses.is_empty(),
        filters: filters.unwrap_or_default(),
        enabled,
        tags,
    })
}

fn source_queue(properties: &mut Properties<'_, '_, '_>, context: &Context<'_>) -> Option<QueueReference> {
    let Some(node) = properties.node("EventSourceArn") else {
        // Kafka of one's own is named in another way, which is refused by its name.
        if properties.node("SelfManagedEventSource").is_none() {
            properties.required_node("EventSourceArn");
        }
        return None;
    };
    let arn = node.as_scalar().unwrap_or_default().to_owned();
    properties.text("EventSourceArn", 12..=1024)?;
    if let Some(queue) = context.by_arn(ResourceType::Queue, &arn) {
        return queue_reference(queue);
    }
    if arn.split(':').nth(2) == Some("sqs") {
        let message = format!("`{arn}` is not a queue of this template");
        properties.wrong_with_hint("EventSourceArn", message, "use !GetAtt Queue.Arn");
    } else {
        let message = format!("`{arn}` is not the ARN of a queue, and other sources are not run here");
        let hint = "read the stream of a table with AWS::Pipes::Pipe".to_owned();
        properties.not_run("EventSourceArn", Sort::FeatureNotRun, message, Some(hint));
    }
    None
}

/// AWS's own rules for batches of messages.
pub(super) fn check_batches(
    properties: &mut Properties<'_, '_, '_>,
    queue: &QueueReference,
    batch_size: u32,
    window: u32,
) {
    let keeps_order = is_fifo(queue.name.as_str());
    if keeps_order && batch_size > SMALL_BATCH_MAX {
        properties.wrong("BatchSize", format!("a batch of a FIFO queue has {SMALL_BATCH_MAX} messages at most"));
    } else if batch_size > SMALL_BATCH_MAX && window == 0 {
        let message = format!("a batch of more than {SMALL_BATCH_MAX} messages must wait to fill");
        properties.wrong_with_hint("BatchSize", message, "set MaximumBatchingWindowInSeconds to 1 or more");
    }
    if keeps_order && window > 0 {
        properties.wrong("MaximumBatchingWindowInSeconds", "batches of a FIFO queue do not wait");
    }
}

fn refuse_others(properties: &mut Properties<'_, '_, '_>, from_queue: bool) {
    const OF_STREAMS: [&str; 8] = [
        "StartingPosition",
        "StartingPositionTimestamp",
        "BisectBatchOnFunctionError",
        "MaximumRetryAttempts",
        "MaximumRecordAgeInSeconds",
        "ParallelizationFactor",
        "TumblingWindowInSeconds",
        "DestinationConfig",
    ];
    const OF_OTHERS: [&str; 7] = [
        "Queues",
        "Topics",
        "SourceAccessConfigurations",
        "SelfManagedEventSource",
        "SelfManagedKafkaEventSourceConfig",
        "AmazonManagedKafkaEventSourceConfig",
        "DocumentDBEventSourceConfig",
    ];
    for key in OF_STREAMS.into_iter().chain(OF_OTHERS) {
        match from_queue {
            true => {
                properties.refuse(key, "the source is a queue, whose RedrivePolicy says when a message is given up")
            }
            // The source itself was refused.
            false => drop(properties.accept(key)),
        }
    }
    properties.refuse("ProvisionedPollerConfig", "a queue is asked as soon as it has a message");
    properties.refuse("KmsKeyArn", "there are no keys; keep secrets out of templates");
}
