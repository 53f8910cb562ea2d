//! `AWS::SQS::Queue` and `AWS::SQS::QueuePolicy`.

use std::time::Duration;

use super::Context;
use crate::iam;
use crate::identity::{Identity, ResourceType};
use crate::properties::Properties;
use crate::stack::{DeadLettersFrom, Fifo, Queue, QueuePolicy, QueueReference, Redrive};
use types::QueueName;

/// How many queues `RedriveAllowPolicy` can name.
const SOURCES_MAX: usize = 10;

pub(crate) fn read(
    properties: &mut Properties<'_, '_, '_>,
    identity: &Identity,
    context: &mut Context<'_>,
) -> Option<Queue> {
    let name: Option<QueueName> = properties.name_or("QueueName", &identity.name);
    let fifo = fifo(properties, &identity.name, context);
    let redrive = redrive(properties, identity, context);
    let takes_dead_letters = properties.object("RedriveAllowPolicy", dead_letters_from).unwrap_or_default();
    let mut seconds = |key, range| properties.count(key, range).map(|seconds| Duration::from_secs(seconds.into()));
    let visibility_timeout = seconds("VisibilityTimeout", 0..=43_200).unwrap_or(Duration::from_secs(30));
    let retention = seconds("MessageRetentionPeriod", 60..=1_209_600).unwrap_or(Duration::from_secs(345_600));
    let delay = seconds("DelaySeconds", 0..=900).unwrap_or(Duration::ZERO);
    let receive_wait = seconds("ReceiveMessageWaitTimeSeconds", 0..=20).unwrap_or(Duration::ZERO);
    let maximum_message_bytes = properties.count("MaximumMessageSize", 1_024..=1_048_576).unwrap_or(1_048_576);
    let tags = properties.tag_list("Tags");
    properties.boolean("SqsManagedSseEnabled");
    context.without_effect(properties, "SqsManagedSseEnabled", "encrypt the disk that the data directory is on");
    properties.refuse("KmsMasterKeyId", "there are no keys; use SqsManagedSseEnabled");
    properties.refuse("KmsDataKeyReusePeriodSeconds", "there are no keys; use SqsManagedSseEnabled");
    Some(Queue {
        name: name?,
        arn: identity.arn().to_owned(),
        url: identity.reference.clone(),
        visibility_timeout,
        retention,
        delay,
        maximum_message_bytes,
        receive_wait,
        redrive,
        takes_dead_letters,
        fifo,
        tags,
    })
}

/// Whether a name is one of a queue that keeps order.
pub(crate) fn is_fifo(name: &str) -> bool {
    name.ends_with(".fifo")
}

fn fifo(properties: &mut Properties<'_, '_, '_>, name: &str, context: &mut Context<'_>) -> Option<Fifo> {
    let declared = properties.boolean("FifoQueue");
    if declared == Some(false) {
        properties.wrong_with_hint("FifoQueue", "AWS takes `true` or nothing", "leave it out for a standard queue");
    }
    let keeps_order = declared == Some(true);
    if keeps_order && !is_fifo(name) {
        properties.wrong("QueueName", format!("the name of a FIFO queue ends with `.fifo`, and `{name}` does not"));
    }
    if !keeps_order && name.contains('.') {
        properties.wrong_with_hint("QueueName", "a name with `.` belongs to a FIFO queue", "write FifoQueue: true");
    }
    let by_content = properties.boolean("ContentBasedDeduplication");
    let in_groups = properties.choice("DeduplicationScope", &[("queue", false), ("messageGroup", true)]);
    let limit = properties.choice("FifoThroughputLimit", &[("perQueue", false), ("perMessageGroupId", true)]);
    if !keeps_order {
        for key in ["ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit"] {
            if properties.node(key).is_some() {
                properties.wrong(key, "goes with FifoQueue: true alone");
            }
        }
        return None;
    }
    if limit == Some(true) && in_groups != Some(true) {
        properties.wrong("FifoThroughputLimit", "perMessageGroupId goes with DeduplicationScope: messageGroup alone");
    }
    context.without_effect(properties, "FifoThroughputLimit", "there is no limit to throughput");
    Some(Fifo {
        deduplicates_by_content: by_content.unwrap_or(false),
        deduplicates_in_groups: in_groups.unwrap_or(false),
    })
}

fn redrive(properties: &mut Properties<'_, '_, '_>, identity: &Identity, context: &mut Context<'_>) -> Option<Redrive> {
    let noted_at = properties.position_of("RedrivePolicy");
    let mut outside = None;
    let redrive = properties.object("RedrivePolicy", |policy| {
        let arn = policy.required_text("deadLetterTargetArn", 1..=1600);
        policy.required_node("maxReceiveCount");
        let receives_max = policy.count("maxReceiveCount", 1..=1_000);
        let arn = arn?;
        let own = identity.arn();
        let place_of = |arn: &str| arn.rsplit_once(':').map(|(place, _)| place.to_owned());
        let Some((_, name)) = arn.rsplit_once(':').filter(|_| place_of(&arn) == place_of(own)) else {
            let message = format!("`{arn}` is not the ARN of a queue of the same account and region");
            policy.wrong_with_hint("deadLetterTargetArn", message, "use !GetAtt Queue.Arn");
            return None;
        };
        if arn == own {
            // Only a queue that is there can be told to, by SetQueueAttributes: AWS would fail to make this one.
            policy.wrong("deadLetterTargetArn", "a queue cannot be made to take its own dead letters");
            return None;
        }
        if is_fifo(name) != is_fifo(&identity.name) {
            let kind = |name| if is_fifo(name) { "a FIFO queue" } else { "a standard queue" };
            let message =
                format!("`{name}` is {}, and this is {}: both must be the same", kind(name), kind(&identity.name));
            policy.wrong("deadLetterTargetArn", message);
            return None;
        }
        let dead_letters =
            policy.parsed("deadLetterTargetArn", |_| name.parse().map_err(|_| "does not name a queue".to_owned()))?;
        if context.by_arn(ResourceType::Queue, &arn).is_none() {
            outside = Some(name.to_owned());
        }
        Some(Redrive { dead_letters, receives_max: receives_max? })
    });
    if let Some(name) = outside {
        let text = format!("the queue `{name}` is not in this template: it must be there before a message fails");
        context.note(noted_at, properties, "RedrivePolicy", text);
    }
    redrive
}

fn dead_letters_from(policy: &mut Properties<'_, '_, '_>) -> Option<DeadLettersFrom> {
    const KINDS: [(&str, u8); 3] = [("allowAll", 0), ("denyAll", 1), ("byQueue", 2)];
    let kind = policy.required_choice("redrivePermission", &KINDS);
    let sources = policy.text_list("sourceQueueArns");
    let count = sources.as_ref().map_or(0, Vec::len);
    if kind == Some(2) && !(1..=SOURCES_MAX).contains(&count) {
        let message = format!("byQueue names 1 to {SOURCES_MAX} queues in sourceQueueArns, not {count}");
        policy.wrong("sourceQueueArns", message);
    } else if kind != Some(2) && kind.is_some() && count > 0 {
        policy.wrong("sourceQueueArns", "goes with redrivePermission: byQueue alone");
    }
    match kind? {
        0 => Some(DeadLettersFrom::All),
        1 => Some(DeadLettersFrom::None),
        _ => Some(DeadLettersFrom::Only(sources?)),
    }
}

pub(crate) fn read_policy(properties: &mut Properties<'_, '_, '_>, context: &mut Context<'_>) -> Option<QueuePolicy> {
    properties.required_node("Queues");
    let mut queues = Vec::new();
    for url in properties.text_list("Queues").unwrap_or_default() {
        let queue = context
            .all
            .iter()
            .find(|queue| queue.identity.kind == ResourceType::Queue && queue.identity.reference == url);
        match queue {
            Some(queue) => queues
                .push(QueueReference { logical_id: queue.logical_id.clone(), name: queue.identity.name.parse().ok()? }),
            None => properties.wrong_with_hint(
                "Queues",
                format!("`{url}` is not the URL of a queue in this template"),
                "use !Ref with the queue's name",
            ),
        }
    }
    let statements = iam::read_document(properties, "PolicyDocument", iam::DocumentKind::Resource);
    Some(QueuePolicy { queues, statements: statements? })
}
