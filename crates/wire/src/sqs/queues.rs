//! Decides how requests about queues themselves are read: making, finding, describing, tagging and removing them.

use super::{
    Call, Members, QueueAttributes, Settings, WireError, invalid, missing, no_such_queue, number, queue, required,
    settings,
};
use crate::Context;
use crate::reply::Service;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use types::{QueueName, sort};

/// The most tags of a queue.
const TAGS_MAX: usize = 50;

pub(super) fn create(members: Members<'_>, context: &Context) -> Result<Call, WireError> {
    let name = required(members, "QueueName")?;
    let attributes = members.named_texts("Attributes")?.unwrap_or_default();
    let queue = new_name(name, settings::makes_fifo(&attributes))?;
    let settings = Settings::read(&attributes, &queue, context, true)?;
    // JSON spells this member small here; what was a form has it as elsewhere.
    let tags = match members.named_texts("tags")? {
        Some(tags) => Some(tags),
        None => members.named_texts("Tags")?,
    };
    let tags = tags.map_or_else(|| Ok(Vec::new()), |tags| check_tags(&tags, &queue))?;
    Ok(Call::CreateQueue { queue, settings: Box::new(settings), tags })
}

fn new_name(name: &str, fifo: bool) -> Result<QueueName, WireError> {
    let base = if fifo { name.strip_suffix(".fifo") } else { Some(name) };
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    base.filter(|base| !base.is_empty() && base.bytes().all(allowed)).and_then(|_| name.parse().ok()).ok_or_else(|| {
        invalid(if fifo {
            "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with \
             .fifo suffix and be 1 to 80 in length"
        } else {
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
        })
    })
}

pub(super) fn delete(members: Members<'_>, context: &Context) -> Result<Call, WireError> {
    Ok(Call::DeleteQueue { queue: queue(members, context)? })
}

pub(super) fn purge(members: Members<'_>, context: &Context) -> Result<Call, WireError> {
    Ok(Call::PurgeQueue { queue: queue(members, context)? })
}

pub(super) fn url(members: Members<'_>, context: &Context) -> Result<Call, WireError> {
    let name = required(members, "QueueName")?;
    let owner = members.text("QueueOwnerAWSAccountId")?;
    match name.parse() {
        Ok(queue) if owner.is_none_or(|owner| owner == context.account.id) => Ok(Call::GetQueueUrl { queue }),
        // A name that no queue can have, and another account's queue, are queues that do not exist.
        Ok(_) | Err(_) => Err(no_such_queue()),
    }
}

pub(super) fn list(members: Members<'_>, _: &Context) -> Result<Call, WireError> {
    let prefix = members.text("QueueNamePrefix")?.unwrap_or("").to_owned();
    let (after, limit) = page(members)?;
    Ok(Call::ListQueues { prefix, after, limit })
}

pub(super) fn list_sources(members: Members<'_>, context: &Context) -> Result<Call, WireError> {
    let queue = queue(members, context)?;
    let (after, limit) = page(members)?;
    Ok(Call::ListDeadLetterSourceQueues { queue, after, limit })
}

/// Which part of a list of queues is asked for.
fn page(members: Members<'_>) -> Result<(Option<QueueName>, Option<usize>), WireError> {
    let limit = number(members, "MaxResults", 1..=1000, "Must be >= 1 and <= 1000, if provided.")?;
    let after = members.text("NextToken")?.map(|token| {
        let name = BASE64.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        name.and_then(|name| name.parse().ok()).ok_or_else(|| WireError::token_invalid(Service::Sqs))
    });
    Ok((after.transpose()?, limit.map(|limit| usize::try_from(limit).expect("bounded by 1000"))))
}

/// What goes on after the last of `names`, if there are more.
pub(super) fn next_token(names: &[QueueName], more: bool) -> Option<String> {
    names.last().filter(|_| more).map(|last| BASE64.encode(last.as_str()))
}

pub(super) fn attributes(members: Members<'_>, context: &Context) -> Result<Call, WireError> {
    let queue = queue(members, context)?;
    let names = members.texts("AttributeNames")?.unwrap_or_default();
    Ok(Call::GetQueueAttributes { queue, attributes: QueueAttributes::read(&names)? })
}

pub(super) fn set_attributes(members: Members<'_>, context: &Context) -> Result<Call, WireError> {
    let queue = queue(members, context)?;
    let attributes = members.named_texts("Attributes")?.filter(|attributes| !attributes.is_empty());
    let attributes = attributes.ok_or_else(|| missing("Attributes"))?;
    let settings = Settings::read(&attributes, &queue, context, false)?;
    Ok(Call::SetQueueAttributes { queue, settings: Box::new(settings) })
}

pub(super) fn tag(members: Members<'_>, context: &Context) -> Result<Call, WireError> {
    let queue = queue(members, context)?;
    let tags = members.named_texts("Tags")?.filter(|tags| !tags.is_empty()).ok_or_else(|| missing("Tags"))?;
    let tags = check_tags(&tags, &queue)?;
    Ok(Call::TagQueue { queue, tags })
}

pub(super) fn untag(members: Members<'_>, context: &Context) -> Result<Call, WireError> {
    let queue = queue(members, context)?;
    let keys = members.texts("TagKeys")?.unwrap_or_default();
    if keys.is_empty() || !keys.iter().all(|key| is_tag_key(key)) {
        return Err(invalid(TAG_KEYS));
    }
    Ok(Call::UntagQueue { queue, keys: keys.into_iter().map(str::to_owned).collect() })
}

pub(super) fn tags(members: Members<'_>, context: &Context) -> Result<Call, WireError> {
    Ok(Call::ListQueueTags { queue: queue(members, context)? })
}

const TAG_KEYS: &str = "Tag keys must be between 1 and 128 characters in length.";

fn is_tag_key(key: &str) -> bool {
    (1..=128).contains(&key.chars().count())
}

fn check_tags(given: &[(&str, &str)], queue: &QueueName) -> Result<Vec<(String, String)>, WireError> {
    if given.len() > TAGS_MAX {
        return Err(too_many_tags(queue));
    }
    let mut tags = Vec::with_capacity(given.len());
    for (key, value) in given {
        if !is_tag_key(key) {
            return Err(invalid(TAG_KEYS));
        }
        if value.chars().count() > 256 {
            return Err(invalid("Tag values must be between 0 and 256 characters in length."));
        }
        tags.push(((*key).to_owned(), (*value).to_owned()));
    }
    sort::ascending(&mut tags);
    Ok(tags)
}

pub(super) fn too_many_tags(queue: &QueueName) -> WireError {
    invalid(format!("Too many tags added for queue {queue}."))
}
