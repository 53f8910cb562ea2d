//! `AWS::SQS::Queue`, `AWS::SQS::QueuePolicy` and `AWS::Logs::LogGroup`.

use std::time::Duration;

use super::Context;
use crate::findings::Sort;
use crate::iam;
use crate::identity::{Identity, ResourceType};
use crate::properties::Properties;
use crate::stack::{LogGroup, LogGroupOrigin, Queue, QueuePolicy, QueueReference};

pub(crate) fn read(
    properties: &mut Properties<'_, '_, '_>,
    identity: &Identity,
    context: &mut Context<'_>,
) -> Option<Queue> {
    let name: Option<types::QueueName> = properties.name_or("QueueName", &identity.name);
    if name.as_ref().is_some_and(|name| name.as_str().contains('.')) {
        let message = "a name with `.` belongs to a FIFO queue, which is not run here";
        properties.not_run("QueueName", Sort::FeatureNotRun, message, None);
    }
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
    properties.refuse("RedrivePolicy", "messages do not move to another queue by themselves yet");
    properties.refuse("RedriveAllowPolicy", "messages do not move to another queue by themselves yet");
    for key in ["FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit"] {
        properties.refuse(key, "queues are standard queues");
    }
    Some(Queue {
        name: name?,
        arn: identity.arn().to_owned(),
        url: identity.reference.clone(),
        visibility_timeout,
        retention,
        delay,
        maximum_message_bytes,
        receive_wait,
        tags,
    })
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

/// The days that AWS can keep log lines for.
const RETENTION_DAYS: [(&str, u16); 22] = [
    ("1", 1),
    ("3", 3),
    ("5", 5),
    ("7", 7),
    ("14", 14),
    ("30", 30),
    ("60", 60),
    ("90", 90),
    ("120", 120),
    ("150", 150),
    ("180", 180),
    ("365", 365),
    ("400", 400),
    ("545", 545),
    ("731", 731),
    ("1096", 1096),
    ("1827", 1827),
    ("2192", 2192),
    ("2557", 2557),
    ("2922", 2922),
    ("3288", 3288),
    ("3653", 3653),
];

pub(crate) fn read_log_group(properties: &mut Properties<'_, '_, '_>, identity: &Identity) -> Option<LogGroup> {
    let name = properties.name_or("LogGroupName", &identity.name);
    let retention_days = properties.choice("RetentionInDays", &RETENTION_DAYS);
    let tags = properties.tag_list("Tags");
    properties.choice("LogGroupClass", &[("STANDARD", ())]);
    properties.boolean("DeletionProtectionEnabled");
    properties.refuse("KmsKeyId", "there are no keys; encrypt the disk that the data directory is on");
    properties.refuse("DataProtectionPolicy", "log lines are kept as they are written");
    properties.refuse("FieldIndexPolicies", "there are no indexes of log lines");
    properties.refuse("ResourcePolicyDocument", "what a role allows decides");
    Some(LogGroup { name: name?, retention_days, origin: LogGroupOrigin::Declared, tags })
}
