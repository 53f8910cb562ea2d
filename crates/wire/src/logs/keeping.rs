//! Decides how requests are read that make and delete groups and streams, say how long lines are kept and what groups
//! are known by, and bring lines.

use super::{Call, NAME_MAX, group, group_of, too_long};
use crate::Context;
use crate::error::{Code, WireError};
use crate::members::{Members, Rules};
use crate::reply::Service;
use observe::RETENTION_DAYS;
use std::collections::BTreeMap;
use types::Timestamp;

/// The most lines of one request.
const EVENTS_MAX: usize = 10_000;
/// The most bytes of one request's lines, each with [`EVENT_OVERHEAD`] more.
const BATCH_BYTES_MAX: usize = 1_048_576;
const EVENT_OVERHEAD: usize = 26;
/// The most milliseconds between the first and the last line of a request.
const SPAN_MAX: i64 = 24 * 3_600_000;
/// The most tags of a group.
const TAGS_MAX: usize = 50;

fn invalid(message: impl Into<String>) -> WireError {
    WireError::new(Code::InvalidParameter, message)
}

fn broken(rules: Rules) -> WireError {
    rules.check(Code::InvalidParameter).expect_err("a rule was just broken")
}

/// The stream's name.
pub(super) fn stream(members: Members<'_>) -> Result<String, WireError> {
    let mut rules = Rules::default();
    let Some(stream) = members.text("logStreamName")? else {
        rules.missing("logStreamName");
        return Err(broken(rules));
    };
    if stream.len() > NAME_MAX {
        return Err(too_long());
    }
    rules.length(stream, "logStreamName", 1, NAME_MAX);
    if stream.contains([':', '*']) {
        rules.broken(Some(stream), "logStreamName", "Member must satisfy regular expression pattern: [^:*]*");
    }
    rules.check(Code::InvalidParameter)?;
    Ok(stream.to_owned())
}

fn tags(members: Members<'_>) -> Result<BTreeMap<String, String>, WireError> {
    let given = members.named_texts("tags")?.unwrap_or_default();
    if given.len() > TAGS_MAX {
        return Err(invalid(format!("A log group has at most {TAGS_MAX} tags.")));
    }
    let mut rules = Rules::default();
    for (key, value) in &given {
        rules.length(key, "tags", 1, 128);
        rules.length(value, "tags", 0, 256);
    }
    rules.check(Code::InvalidParameter)?;
    Ok(given.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect())
}

pub(super) fn create_group(members: Members<'_>, context: &Context) -> Result<Call, WireError> {
    members.refuse(&["kmsKeyId"])?;
    if let Some(class) = members.text("logGroupClass")?.filter(|class| *class != "STANDARD") {
        return Err(WireError::not_handled(Service::Logs, &format!("logGroupClass {class}")));
    }
    if members.truth("deletionProtectionEnabled")? == Some(true) {
        return Err(WireError::not_handled(Service::Logs, "deletionProtectionEnabled true"));
    }
    Ok(Call::CreateLogGroup { group: group(members, context)?, tags: tags(members)? })
}

pub(super) fn delete_group(members: Members<'_>, context: &Context) -> Result<Call, WireError> {
    Ok(Call::DeleteLogGroup(group(members, context)?))
}

pub(super) fn put_retention(members: Members<'_>, context: &Context) -> Result<Call, WireError> {
    let group = group(members, context)?;
    let mut rules = Rules::default();
    let Some(days) = members.integer("retentionInDays")? else {
        rules.missing("retentionInDays");
        return Err(broken(rules));
    };
    rules.one_of(
        &days.to_string(),
        "retentionInDays",
        &RETENTION_DAYS.map(|days| days.to_string()).each_ref().map(String::as_str),
    );
    rules.check(Code::InvalidParameter)?;
    Ok(Call::PutRetentionPolicy { group, days: u32::try_from(days).ok() })
}

pub(super) fn delete_retention(members: Members<'_>, context: &Context) -> Result<Call, WireError> {
    Ok(Call::PutRetentionPolicy { group: group(members, context)?, days: None })
}

pub(super) fn create_stream(members: Members<'_>, context: &Context) -> Result<Call, WireError> {
    Ok(Call::CreateLogStream { group: group(members, context)?, stream: stream(members)? })
}

pub(super) fn delete_stream(members: Members<'_>, context: &Context) -> Result<Call, WireError> {
    Ok(Call::DeleteLogStream { group: group(members, context)?, stream: stream(members)? })
}

/// Lines, as AWS takes them. Whether they are too old or of the future, the clock says, and not the request.
pub(super) fn put_events(members: Members<'_>, context: &Context) -> Result<Call, WireError> {
    let (group, stream) = (group(members, context)?, stream(members)?);
    let mut rules = Rules::default();
    let Some(given) = members.objects("logEvents")? else {
        rules.missing("logEvents");
        return Err(broken(rules));
    };
    if given.is_empty() {
        rules.broken(Some("[]"), "logEvents", "Member must have length greater than or equal to 1");
    }
    if given.len() > EVENTS_MAX {
        // AWS repeats all of them.
        rules.broken_unshown("logEvents", &format!("Member must have length less than or equal to {EVENTS_MAX}"));
    }
    let (mut events, mut bytes) = (Vec::new(), 0);
    for (event, number) in given.iter().take(EVENTS_MAX).zip(1..) {
        let path = |name: &str| format!("logEvents.{number}.member.{name}");
        let (at, message) = (event.integer("timestamp")?, event.text("message")?);
        match at {
            Some(at) => {
                rules.range(at, &path("timestamp"), 0, i64::MAX);
            }
            None => rules.missing(&path("timestamp")),
        }
        match message {
            Some(message) => rules.length(message, &path("message"), 1, usize::MAX),
            None => rules.missing(&path("message")),
        }
        let (at, message) = (at.unwrap_or(0), message.unwrap_or(""));
        bytes += message.len() + EVENT_OVERHEAD;
        events.push((Timestamp::from_millis(at), message.to_owned()));
    }
    rules.check(Code::InvalidParameter)?;
    if bytes > BATCH_BYTES_MAX {
        return Err(invalid(format!("Upload too large: {bytes} bytes exceeds limit of {BATCH_BYTES_MAX}")));
    }
    if events.windows(2).any(|two| two[1].0 < two[0].0) {
        return Err(invalid("Log events in a single PutLogEvents request must be in chronological order."));
    }
    let (first, last) = (events[0].0, events[events.len() - 1].0);
    if last.millis() - first.millis() > SPAN_MAX {
        let message = "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.";
        return Err(invalid(message));
    }
    Ok(Call::PutLogEvents { group, stream, events })
}

/// The group whose tags are asked for: by its name, or by its ARN, as the newer operations do.
fn tagged(members: Members<'_>, context: &Context) -> Result<types::LogGroupName, WireError> {
    match members.text("resourceArn")? {
        Some(arn) => group_of(arn, context),
        None => group(members, context),
    }
}

pub(super) fn list_tags(members: Members<'_>, context: &Context) -> Result<Call, WireError> {
    Ok(Call::ListTags(tagged(members, context)?))
}

pub(super) fn tag(members: Members<'_>, context: &Context) -> Result<Call, WireError> {
    Ok(Call::Tag { group: tagged(members, context)?, tags: tags(members)? })
}

pub(super) fn untag(members: Members<'_>, context: &Context) -> Result<Call, WireError> {
    let keys = match (members.texts("tags")?, members.texts("tagKeys")?) {
        (Some(keys), _) | (None, Some(keys)) => keys,
        (None, None) => {
            let mut rules = Rules::default();
            rules.missing("tagKeys");
            return Err(broken(rules));
        }
    };
    Ok(Call::Untag { group: tagged(members, context)?, keys: keys.into_iter().map(str::to_owned).collect() })
}
