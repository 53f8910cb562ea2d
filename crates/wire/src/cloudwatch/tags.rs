//! Decides how requests of tags are read. What has tags here are alarms of this account; other ARNs are of nothing that
//! is there.

use super::{Call, invalid, missing, required};
use crate::Context;
use crate::error::WireError;
use crate::members::Members;
use types::{Arn, SortedMap};

/// The most tags of an alarm.
const TAGS_MAX: usize = 50;

/// The alarm of the ARN, which is of this account and region; whether it is there is found out by its name.
fn alarm(members: Members<'_>, context: &Context) -> Result<String, WireError> {
    let arn = required(members, "ResourceARN")?;
    let parsed: Arn =
        arn.parse().map_err(|_| invalid(format!("The value {arn} for parameter ResourceARN is invalid.")))?;
    match parsed.resource.strip_prefix("alarm:") {
        Some(name) if context.account.arn("cloudwatch", &parsed.resource) == parsed => Ok(name.to_owned()),
        Some(_) | None => Err(super::Refused::NothingToTag.error()),
    }
}

/// The tags of a request, by their keys.
pub(super) fn tags(members: Members<'_>) -> Result<SortedMap<String, String>, WireError> {
    let given = members.objects("Tags")?.unwrap_or_default();
    if given.len() > TAGS_MAX {
        return Err(invalid(format!("The collection Tags must not have a size greater than {TAGS_MAX}.")));
    }
    let one = |tag: Members<'_>| {
        let (key, value) = (required(tag, "Key")?, tag.text("Value")?.unwrap_or(""));
        if key.chars().count() > 128 || value.chars().count() > 256 {
            return Err(invalid("The key of a tag has at most 128 characters, and its value at most 256."));
        }
        Ok((key.to_owned(), value.to_owned()))
    };
    given.into_iter().map(one).collect()
}

pub(super) fn list(members: Members<'_>, context: &Context) -> Result<Call, WireError> {
    Ok(Call::ListTags { alarm: alarm(members, context)? })
}

pub(super) fn tag(members: Members<'_>, context: &Context) -> Result<Call, WireError> {
    members.get("Tags").ok_or_else(|| missing("Tags"))?;
    Ok(Call::Tag { alarm: alarm(members, context)?, tags: tags(members)? })
}

pub(super) fn untag(members: Members<'_>, context: &Context) -> Result<Call, WireError> {
    let keys = members.texts("TagKeys")?.ok_or_else(|| missing("TagKeys"))?;
    Ok(Call::Untag { alarm: alarm(members, context)?, keys: keys.into_iter().map(str::to_owned).collect() })
}
