//! Decides what clients may ask to be said of messages and of queues, and by which names.

use super::{Code, WireError};

/// Declares attributes that clients may ask for by name: a set of them, and how it is read.
macro_rules! attributes {
    ($(#[$doc:meta])* $set:ident: $($field:ident = $name:literal,)*) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        pub struct $set { $(pub(crate) $field: bool,)* }

        impl $set {
            /// All there are.
            pub const ALL: Self = Self { $($field: true,)* };

            /// Reads a list of names.
            pub(crate) fn read(names: &[&str]) -> Result<Self, WireError> {
                let mut set = Self::default();
                for name in names {
                    match *name {
                        "All" => set = Self::ALL,
                        $($name => set.$field = true,)*
                        other => {
                            let message = format!("Unknown Attribute {}.", super::shown(other));
                            return Err(WireError::new(Code::InvalidAttributeName, message));
                        }
                    }
                }
                Ok(set)
            }
        }
    };
}

attributes! {
    /// What to say of messages beside what their senders said. What a message does not have is not said.
    MessageAttributes:
    sender = "SenderId",
    sent_at = "SentTimestamp",
    receives = "ApproximateReceiveCount",
    first_received_at = "ApproximateFirstReceiveTimestamp",
    sequence = "SequenceNumber",
    deduplication = "MessageDeduplicationId",
    group = "MessageGroupId",
    trace_header = "AWSTraceHeader",
    dead_letter_source = "DeadLetterQueueSourceArn",
}

attributes! {
    /// What to say of a queue. What a queue does not have is not said.
    QueueAttributes:
    policy = "Policy",
    visibility = "VisibilityTimeout",
    message_size = "MaximumMessageSize",
    retention = "MessageRetentionPeriod",
    waiting = "ApproximateNumberOfMessages",
    in_flight = "ApproximateNumberOfMessagesNotVisible",
    delayed = "ApproximateNumberOfMessagesDelayed",
    created_at = "CreatedTimestamp",
    modified_at = "LastModifiedTimestamp",
    arn = "QueueArn",
    delay = "DelaySeconds",
    wait = "ReceiveMessageWaitTimeSeconds",
    redrive = "RedrivePolicy",
    redrive_allowed = "RedriveAllowPolicy",
    encrypted = "SqsManagedSseEnabled",
    key = "KmsMasterKeyId",
    key_reuse = "KmsDataKeyReusePeriodSeconds",
    fifo = "FifoQueue",
    by_content = "ContentBasedDeduplication",
    scope = "DeduplicationScope",
    throughput = "FifoThroughputLimit",
}

/// Which of the attributes that senders gave their messages are wanted: all, those that begin so, or those of a name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AttributeFilter {
    all: bool,
    prefixes: Vec<String>,
    names: Vec<String>,
}

impl AttributeFilter {
    pub(super) fn read(wanted: &[&str]) -> Self {
        let mut filter = Self::default();
        for wanted in wanted {
            match (*wanted, wanted.strip_suffix(".*")) {
                ("All" | ".*" | "*", _) => filter.all = true,
                (_, Some(prefix)) => filter.prefixes.push(prefix.to_owned()),
                (name, None) => filter.names.push(name.to_owned()),
            }
        }
        filter
    }

    /// Whether an attribute of this name is wanted.
    pub fn wants(&self, name: &str) -> bool {
        self.all
            || self.names.iter().any(|wanted| wanted == name)
            || self.prefixes.iter().any(|prefix| name.starts_with(prefix.as_str()))
    }
}

/// What a receiver wants to be told of messages.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WantedOfMessages {
    /// Of what this service knows of them.
    pub attributes: MessageAttributes,
    /// Of what their senders said.
    pub sent: AttributeFilter,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_take_all_prefixes_and_names() {
        let cases: [(&[&str], &str, bool); 11] = [
            (&[], "a", false),
            (&["All"], "a", true),
            (&[".*"], "a", true),
            (&["a"], "a", true),
            (&["a"], "ab", false),
            (&["a.*"], "a", true),
            (&["a.*"], "ab", true),
            (&["a.*"], "a.b", true),
            (&["a.*"], "b", false),
            (&["all"], "a", false),
            (&["x", "b.*"], "bc", true),
        ];
        for (wanted, name, expected) in cases {
            assert_eq!(AttributeFilter::read(wanted).wants(name), expected, "{wanted:?} {name}");
        }
    }
}
