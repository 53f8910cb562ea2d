//! What a changed table, queue, pipe or log group means: what holds data, and what reads it.

use super::{Change, Diffable, ResourceKind, differences, renamed};
use crate::stack::{LogGroup, Pipe, Poller, Queue, QueuePolicy, Table};

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
