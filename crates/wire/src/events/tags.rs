//! Decides how requests about the tags of buses and rules are read.

use super::Call;
use super::request::{Request, kept};
use crate::error::{Code, WireError};
use crate::members::Rules;

/// The member that names the bus or the rule.
const RESOURCE: &str = "ResourceARN";

pub(super) fn tag(request: &Request<'_>) -> Result<Call, WireError> {
    let mut rules = Rules::default();
    let resource = request.own_arn(&mut rules, RESOURCE)?;
    let tags = request.tags(&mut rules)?;
    if tags.is_none() {
        rules.missing("tags");
    }
    rules.check(Code::Validation)?;
    Ok(Call::TagResource { resource: kept(resource), tags: kept(tags) })
}

pub(super) fn untag(request: &Request<'_>) -> Result<Call, WireError> {
    let mut rules = Rules::default();
    let resource = request.own_arn(&mut rules, RESOURCE)?;
    let keys = request.texts("TagKeys")?;
    if keys.is_none() {
        rules.missing("tagKeys");
    }
    for (number, key) in (1..).zip(keys.iter().flatten()) {
        rules.length(key, &format!("tagKeys.{number}.member"), 1, 128);
    }
    rules.check(Code::Validation)?;
    let keys = kept(keys).into_iter().map(str::to_owned).collect();
    Ok(Call::UntagResource { resource: kept(resource), keys })
}

pub(super) fn list(request: &Request<'_>) -> Result<Call, WireError> {
    let mut rules = Rules::default();
    let resource = request.own_arn(&mut rules, RESOURCE)?;
    rules.check(Code::Validation)?;
    Ok(Call::ListTagsForResource { resource: kept(resource) })
}
