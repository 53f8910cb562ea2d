//! Decides how requests of tags are read. What has tags here are alarms; other ARNs are of nothing that is there.

use super::{Call, invalid, missing, required};
use crate::error::WireError;
use crate::members::Members;
use std::collections::BTreeMap;
use types::Arn;

/// The most tags of an alarm.
const TAGS_MAX: usize = 50;

/// The alarm of the ARN; whether it is there, and of this account, is found out by its name.
fn alarm(members: Members<'_>) -> Result<String, WireError> {
    let arn = required(members, "ResourceARN")?;
    let parsed: Arn =
        arn.parse().map_err(|_| invalid(format!("The value {arn} for parameter ResourceARN is invalid.")))?;
    match parsed.resource.strip_prefix("alarm:") {
        Some(name) if &*parsed.service == "cloudwatch" => Ok(name.to_owned()),
        _ => Err(super::Refused::NothingToTag.error()),
    }
}

/// The tags of a request, by their keys.
pub(super) fn tags(members: Members<'_>) -> Result<BTreeMap<String, String>, WireError> {
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

pub(super) fn list(members: Members<'_>) -> Result<Call, WireError> {
    Ok(Call::ListTags { alarm: alarm(members)? })
}

pub(super) fn tag(members: Members<'_>) -> Result<Call, WireError> {
    members.get("Tags").ok_or_else(|| missing("Tags"))?;
    Ok(Call::Tag { alarm: alarm(members)?, tags: tags(members)? })
}

pub(super) fn untag(members: Members<'_>) -> Result<Call, WireError> {
    let keys = members.texts("TagKeys")?.ok_or_else(|| missing("TagKeys"))?;
    Ok(Call::Untag { alarm: alarm(members)?, keys: keys.into_iter().map(str::to_owned).collect() })
}
