//! Decides what clients may say about how a queue is to be, and what AWS says of values that it cannot have.
//!
//! All values are texts. An empty text for one of the JSON documents takes it away.

use super::{Code, DeadLetters, QueueDescription, RedriveAllowed, WireError, invalid, is_fifo, policy, shown};
use crate::Context;
use serde_json::Value as Json;
use std::time::Duration;
use types::QueueName;

/// What a queue is to be like, as far as a client says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// How long a received message is hidden.
    pub visible_after: Option<Duration>,
    /// How long a sent message is hidden at first.
    pub delayed_for: Option<Duration>,
    /// How long a message is kept.
    pub retained_for: Option<Duration>,
    /// How long a receive waits for a message when it does not say.
    pub wait_for: Option<Duration>,
    /// The most bytes of a message with its attributes.
    pub message_size_max: Option<u32>,
    /// Where messages go that are received too often.
    pub dead_letters: Change<DeadLetters>,
    /// Which queues may send their dead letters to it.
    pub redrive_allowed: Change<RedriveAllowed>,
    /// Who may do what, as JSON.
    pub policy: Change<String>,
    /// Whether a FIFO queue takes messages with the same body for the same message.
    pub deduplicates_by_content: Option<bool>,
    /// Whether the same message in two groups of a FIFO queue is two messages.
    pub deduplicates_in_groups: Option<bool>,
    /// Whether each group of a FIFO queue has a limit of its own for how fast it may be.
    pub limited_by_group: Option<bool>,
    /// Whether it is to be encrypted with a key of the service's own.
    pub encrypted: Option<bool>,
    /// The key that it is to be encrypted with.
    pub key: Change<String>,
    /// How long a data key made from that may be used.
    pub key_reused_for: Option<Duration>,
}

/// What is to become of something that a queue may have or not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Change<T> {
    /// It stays as it is; in a new queue it is not there.
    #[default]
    Keep,
    /// It is taken away.
    Clear,
    /// It becomes this.
    Set(T),
}

impl<T> Change<T> {
    /// What there is afterwards, if `before` was there.
    pub fn apply(self, before: Option<T>) -> Option<T> {
        match self {
            Self::Keep => before,
            Self::Clear => None,
            Self::Set(value) => Some(value),
        }
    }

    /// Whether it changes something, `same` being whether there is already what it sets.
    fn differs(&self, there: bool, same: impl FnOnce(&T) -> bool) -> bool {
        match self {
            Self::Keep => false,
            Self::Clear => there,
            Self::Set(value) => !same(value),
        }
    }

    fn read(text: &str, read: impl FnOnce(&str) -> Result<T, WireError>) -> Result<Self, WireError> {
        if text.is_empty() { Ok(Self::Clear) } else { read(text).map(Self::Set) }
    }
}

/// Whether attributes ask for a FIFO queue.
pub(super) fn makes_fifo(attributes: &[(&str, &str)]) -> bool {
    attributes.iter().any(|(name, value)| *name == "FifoQueue" && value.eq_ignore_ascii_case("true"))
}

impl Settings {
    /// Reads attributes by name, for a queue that is made or for one that is there.
    pub(super) fn read(
        attributes: &[(&str, &str)],
        queue: &QueueName,
        context: &Context,
        made: bool,
    ) -> Result<Self, WireError> {
        let fifo = is_fifo(queue);
        let mut settings = Self::default();
        for (name, value) in attributes {
            match *name {
                "VisibilityTimeout" => settings.visible_after = Some(seconds(name, value, 0, 43_200)?),
                "DelaySeconds" => settings.delayed_for = Some(seconds(name, value, 0, 900)?),
                "MessageRetentionPeriod" => settings.retained_for = Some(seconds(name, value, 60, 1_209_600)?),
                "ReceiveMessageWaitTimeSeconds" => settings.wait_for = Some(seconds(name, value, 0, 20)?),
                "MaximumMessageSize" => settings.message_size_max = Some(whole(name, value, 1024, 1_048_576)?),
                "RedrivePolicy" => {
                    let read = |text: &str| DeadLetters::read(text, queue, &context.account);
                    settings.dead_letters = Change::read(value, read)?;
                }
                "RedriveAllowPolicy" => settings.redrive_allowed = Change::read(value, RedriveAllowed::read)?,
                "Policy" => {
                    let read = |text: &str| policy::check(text).map(|()| text.to_owned());
                    settings.policy = Change::read(value, read)?;
                }
                "SqsManagedSseEnabled" => settings.encrypted = Some(truth(name, value)?),
                "KmsMasterKeyId" => settings.key = Change::read(value, |text| Ok(text.to_owned()))?,
                "KmsDataKeyReusePeriodSeconds" => {
                    settings.key_reused_for = Some(seconds(name, value, 60, 86_400)?);
                }
                "FifoQueue" if fifo && value.eq_ignore_ascii_case("true") => {}
                "FifoQueue" if fifo => {
                    let message = "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not \
                                   supported.";
                    return Err(WireError::new(Code::InvalidAttributeValue, message));
                }
                "ContentBasedDeduplication" if fifo => settings.deduplicates_by_content = Some(truth(name, value)?),
                "DeduplicationScope" if fifo => {
                    settings.deduplicates_in_groups = Some(one_of(name, value, "queue", "messageGroup")?);
                }
                "FifoThroughputLimit" if fifo => {
                    settings.limited_by_group = Some(one_of(name, value, "perQueue", "perMessageGroupId")?);
                }
                "DeduplicationScope" | "FifoThroughputLimit" => {
                    let message = format!("You can specify the {name} only when FifoQueue is set to true.");
                    return Err(WireError::new(Code::InvalidAttributeName, message));
                }
                other => {
                    let message = format!("Unknown Attribute {}.", shown(other));
                    return Err(WireError::new(Code::InvalidAttributeName, message));
                }
            }
        }
        settings.check(made)?;
        Ok(settings)
    }

    /// What must hold between attributes.
    fn check(&self, made: bool) -> Result<(), WireError> {
        if self.encrypted == Some(true) && matches!(self.key, Change::Set(_)) {
            let message = "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS \
                           SSE or SQS SSE.";
            return Err(WireError::new(Code::InvalidAttributeName, message));
        }
        // Of a queue that is there, the scope may have been said before.
        let scope = if made { self.deduplicates_in_groups.or(Some(false)) } else { self.deduplicates_in_groups };
        if self.limited_by_group == Some(true) && scope == Some(false) {
            return Err(throughput_without_scope());
        }
        Ok(())
    }

    /// The first attribute, in AWS's spelling, of which a queue that is there has another value than is said here.
    pub fn differs_from(&self, queue: &QueueDescription<'_>) -> Option<&'static str> {
        let span = |said: Option<Duration>, has: Duration| said.is_some_and(|said| said != has);
        let truth = |said: Option<bool>, has: bool| said.is_some_and(|said| said != has);
        let fifo = queue.fifo.unwrap_or_default();
        let json = |text: &str| serde_json::from_str::<Json>(text).ok();
        let same_policy = |said: &String| queue.policy.is_some_and(|has| has == said || json(has) == json(said));
        // Nothing said of redriving is the same as that all may.
        let allowed = queue.redrive_allowed.as_ref().unwrap_or(&RedriveAllowed::All);
        let differences = [
            (span(self.visible_after, queue.visible_after), "VisibilityTimeout"),
            (span(self.delayed_for, queue.delayed_for), "DelaySeconds"),
            (span(self.retained_for, queue.retained_for), "MessageRetentionPeriod"),
            (span(self.wait_for, queue.wait_for), "ReceiveMessageWaitTimeSeconds"),
            (self.message_size_max.is_some_and(|said| said != queue.message_size_max), "MaximumMessageSize"),
            (
                self.dead_letters
                    .differs(queue.dead_letters.is_some(), |said| queue.dead_letters.as_ref() == Some(said)),
                "RedrivePolicy",
            ),
            (
                self.redrive_allowed.differs(*allowed != RedriveAllowed::All, |said| said == allowed),
                "RedriveAllowPolicy",
            ),
            (self.policy.differs(queue.policy.is_some(), same_policy), "Policy"),
            (truth(self.deduplicates_by_content, fifo.deduplicates_by_content), "ContentBasedDeduplication"),
            (truth(self.deduplicates_in_groups, fifo.deduplicates_in_groups), "DeduplicationScope"),
            (truth(self.limited_by_group, fifo.limited_by_group), "FifoThroughputLimit"),
            (truth(self.encrypted, queue.encryption.own), "SqsManagedSseEnabled"),
            (
                self.key.differs(queue.encryption.key.is_some(), |said| queue.encryption.key == Some(said.as_str())),
                "KmsMasterKeyId",
            ),
            (span(self.key_reused_for, queue.encryption.key_reused_for), "KmsDataKeyReusePeriodSeconds"),
        ];
        differences.into_iter().find(|(differs, _)| *differs).map(|(_, name)| name)
    }
}

pub(super) fn throughput_without_scope() -> WireError {
    invalid("The perMessageGroupId value is allowed only when the value for DeduplicationScope is messageGroup.")
}

fn faulty(name: &str) -> WireError {
    WireError::new(Code::InvalidAttributeValue, format!("Invalid value for the parameter {name}."))
}

fn whole(name: &str, value: &str, least: u32, most: u32) -> Result<u32, WireError> {
    // Only digits: the parser of numbers would also take a sign.
    let number = value.parse().ok().filter(|_| value.bytes().all(|byte| byte.is_ascii_digit()));
    number.filter(|number| (least..=most).contains(number)).ok_or_else(|| faulty(name))
}

fn seconds(name: &str, value: &str, least: u32, most: u32) -> Result<Duration, WireError> {
    whole(name, value, least, most).map(|seconds| Duration::from_secs(seconds.into()))
}

fn truth(name: &str, value: &str) -> Result<bool, WireError> {
    match value.to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(faulty(name)),
    }
}

/// Whether the value is the second of the two that there are.
fn one_of(name: &str, value: &str, first: &str, second: &str) -> Result<bool, WireError> {
    if value == second {
        return Ok(true);
    }
    if value == first { Ok(false) } else { Err(faulty(name)) }
}
