//! Decides how it is said where messages go that are received too often, and which queues may send theirs to one.

use super::{Code, WireError, invalid, invalid_value, is_fifo, shown};
use serde_json::{Map, Value as Json, json};
use types::{Account, Arn, QueueName};

/// Where messages go that are received too often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetters {
    /// The queue they go to, of the same account and region.
    pub queue: QueueName,
    /// How often a message may be received.
    pub receives_max: u32,
}

/// Which queues may send their dead letters to a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RedriveAllowed {
    /// All, as when nothing is said.
    All,
    /// None.
    None,
    /// These: one to ten.
    From(Vec<Arn>),
}

const POLICY: &str = "RedrivePolicy";

impl DeadLetters {
    /// Reads what a client wants for a queue of this name.
    pub(super) fn read(text: &str, queue: &QueueName, account: &Account) -> Result<Self, WireError> {
        let no_map = || {
            let message =
                "Invalid value for the parameter RedrivePolicy. Reason: Redrive policy is not a valid JSON map.";
            WireError::new(Code::InvalidAttributeValue, message)
        };
        let refuse = |reason: &str| invalid_value(text, POLICY, reason);
        let policy: Map<String, Json> = serde_json::from_str(text).map_err(|_| no_map())?;
        let part = |name: &str| {
            policy
                .get(name)
                .filter(|value| !value.is_null())
                .ok_or_else(|| refuse(&format!("Redrive policy does not contain mandatory attribute: {name}.")))
        };
        let count = part("maxReceiveCount")?;
        let target = part("deadLetterTargetArn")?;
        if policy.len() > 2 {
            return Err(refuse("Only following attributes are supported: [maxReceiveCount, deadLetterTargetArn]."));
        }
        // Some clients write the number as a text.
        let text_of_count = count.as_str().map_or_else(|| count.to_string(), str::to_owned);
        let receives_max = text_of_count.parse().ok().filter(|count| (1..=1000).contains(count)).ok_or_else(|| {
            refuse(&format!(
                "Invalid value for maxReceiveCount: {}, valid values are from 1 to 1000 both inclusive.",
                shown(&text_of_count)
            ))
        })?;
        let target: Arn = target
            .as_str()
            .and_then(|arn| arn.parse().ok())
            .ok_or_else(|| refuse("Invalid value for deadLetterTargetArn."))?;
        if &*target.service != "sqs" {
            return Err(refuse("Only SQS queues are valid resources for deadLetterTargetArn."));
        }
        if *target.region != account.region {
            return Err(refuse("Dead-letter target must be in same region as the source."));
        }
        if *target.account != account.id {
            return Err(refuse("Dead-letter target owner should be same as the source."));
        }
        // No queue can have another name.
        let target: QueueName = target.resource.parse().map_err(|_| refuse(NO_TARGET))?;
        if is_fifo(&target) != is_fifo(queue) {
            return Err(refuse("Dead-letter queue must be same type of queue as the source."));
        }
        Ok(Self { queue: target, receives_max })
    }

    /// As clients are told it.
    pub(super) fn spell(&self, account: &Account) -> String {
        let arn = account.arn("sqs", self.queue.as_str()).to_string();
        json!({ "deadLetterTargetArn": arn, "maxReceiveCount": self.receives_max }).to_string()
    }

    /// What is said when the queue is not there.
    pub(super) fn no_target(&self, account: &Account) -> WireError {
        invalid_value(&self.spell(account), POLICY, NO_TARGET)
    }

    /// What is said when the queue does not take dead letters from there.
    pub(super) fn not_allowed(&self, account: &Account) -> WireError {
        let reason = "The dead-letter queue's redrive allow policy does not let this queue use it.";
        invalid_value(&self.spell(account), POLICY, reason)
    }
}

const NO_TARGET: &str = "Dead letter target does not exist.";

impl RedriveAllowed {
    /// Reads what a client has said, or what [`RedriveAllowed::spell`] has made.
    pub fn read(text: &str) -> Result<Self, WireError> {
        let unsupported = || {
            let message = "Invalid value for the parameter RedriveAllowPolicy. Reason: Amazon SQS can't create the \
                           redrive allow policy, as it’s in an unsupported format.";
            WireError::new(Code::InvalidAttributeValue, message)
        };
        let refuse = |reason: &str| {
            let reason = format!("Amazon SQS can't create the redrive allow policy. {reason}");
            invalid(format!("Value {} for parameter RedriveAllowPolicy is invalid. Reason: {reason}", shown(text)))
        };
        let policy: Map<String, Json> = serde_json::from_str(text).map_err(|_| unsupported())?;
        if policy.keys().any(|name| name != "redrivePermission" && name != "sourceQueueArns") {
            return Err(unsupported());
        }
        let sources = match policy.get("sourceQueueArns") {
            None | Some(Json::Null) => None,
            Some(Json::Array(list)) => {
                let arn = |value: &Json| value.as_str().and_then(|text| text.parse::<Arn>().ok());
                Some(list.iter().map(|value| arn(value).ok_or_else(unsupported)).collect::<Result<Vec<Arn>, _>>()?)
            }
            Some(_) => return Err(unsupported()),
        };
        match (policy.get("redrivePermission").and_then(Json::as_str), sources) {
            (Some("allowAll"), None) => Ok(Self::All),
            (Some("denyAll"), None) => Ok(Self::None),
            (Some("allowAll" | "denyAll"), Some(_)) => {
                Err(refuse("To specify one or more source queue ARNs, you must set redrivePermission to byQueue."))
            }
            (Some("byQueue"), Some(sources)) if sources.len() > 10 => {
                Err(refuse("The maximum number of source queue ARNs you can specify is 10."))
            }
            (Some("byQueue"), Some(sources)) if !sources.is_empty() => Ok(Self::From(sources)),
            (Some("byQueue"), _) => Err(refuse(
                "When you specify the byQueue permission type, you must also specify one or more sourceQueueArns \
                 values.",
            )),
            _ => Err(unsupported()),
        }
    }

    /// As clients are told it.
    pub fn spell(&self) -> String {
        let policy = match self {
            Self::All => json!({ "redrivePermission": "allowAll" }),
            Self::None => json!({ "redrivePermission": "denyAll" }),
            Self::From(sources) => {
                let sources: Vec<String> = sources.iter().map(Arn::to_string).collect();
                json!({ "redrivePermission": "byQueue", "sourceQueueArns": sources })
            }
        };
        policy.to_string()
    }

    /// Whether a queue may send its dead letters here.
    pub fn allows(&self, source: &Arn) -> bool {
        match self {
            Self::All => true,
            Self::None => false,
            Self::From(sources) => sources.contains(source),
        }
    }
}
