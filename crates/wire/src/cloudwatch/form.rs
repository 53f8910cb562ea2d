//! Decides how a request in the form protocol says what its JSON says: `MetricData.member.1.Value=5` is a list of one
//! object. Numbers, truth values and instants are told by the names of their members.

use super::{Call, reader};
use crate::Context;
use crate::error::WireError;
use crate::members::{Members, serialization};
use crate::reply::Service;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use types::{Gather, Timestamp, sort};

const NUMBERS: [&str; 16] = [
    "Value",
    "Values",
    "Counts",
    "SampleCount",
    "Sum",
    "Minimum",
    "Maximum",
    "Period",
    "Threshold",
    "EvaluationPeriods",
    "DatapointsToAlarm",
    "MaxRecords",
    "MaxDatapoints",
    "StorageResolution",
    "EvaluationInterval",
    "RecentHours",
];
const TRUTHS: [&str; 4] = ["ReturnData", "ActionsEnabled", "IncludeLinkedAccounts", "StrictEntityValidation"];
const INSTANTS: [&str; 5] = ["StartTime", "EndTime", "Timestamp", "StartDate", "EndDate"];
/// Lists; one without members is a name without a text.
const LISTS: [&str; 16] = [
    "MetricData",
    "MetricDataQueries",
    "Dimensions",
    "Values",
    "Counts",
    "Statistics",
    "ExtendedStatistics",
    "AlarmNames",
    "AlarmTypes",
    "OKActions",
    "AlarmActions",
    "InsufficientDataActions",
    "Metrics",
    "Tags",
    "TagKeys",
    "DashboardNames",
];
/// How deep names may nest.
const DEPTH_MAX: usize = 12;

/// What stands under a name.
#[derive(Debug, Default)]
struct Node<'a> {
    text: Option<&'a str>,
    parts: BTreeMap<&'a str, Node<'a>>,
}

pub(crate) fn parse_form(
    operation: &str,
    parameters: &[(String, String)],
    context: &Context,
) -> Result<Call, WireError> {
    let read = reader(operation)?;
    let mut root = Node::default();
    for (name, text) in parameters {
        if matches!(name.as_str(), "Action" | "Version") {
            continue;
        }
        if name.split('.').count() > DEPTH_MAX {
            return Err(serialization(format!("A parameter's name has more than {DEPTH_MAX} parts")));
        }
        let node = name.split('.').fold(&mut root, |node, part| node.parts.entry(part).or_default());
        node.text = Some(text);
    }
    let body = root.parts.iter().map(|(name, node)| Ok(((*name).to_owned(), value(name, node)?)));
    let body = body.try_into_object::<WireError>()?;
    read(Members::new(&body, Service::CloudWatch), context)
}

fn value(name: &str, node: &Node<'_>) -> Result<Json, WireError> {
    if let Some(list) = node.parts.get("member") {
        let mut elements = Vec::new();
        for (number, element) in &list.parts {
            let number: u32 = number.parse().map_err(|_| serialization(format!("{name}.member has no {number:?}")))?;
            elements.push((number, value(name, element)?));
        }
        sort::by_key(&mut elements, |(number, _)| *number);
        return Ok(elements.into_iter().map(|(_, element)| element).collect());
    }
    if !node.parts.is_empty() {
        // A dimension's value and a tag's are texts, and stand beside a name.
        let named = node.parts.contains_key("Name") || node.parts.contains_key("Key");
        let one = |name: &str, node: &Node<'_>| match node.text {
            Some(text) if named && name == "Value" => Ok(text.into()),
            _ => value(name, node),
        };
        let members = node.parts.iter().map(|(name, node)| Ok(((*name).to_owned(), one(name, node)?)));
        return members.try_into_object().map(Json::Object);
    }
    let text = node.text.unwrap_or("");
    if text.is_empty() && LISTS.contains(&name) {
        return Ok(Json::Array(Vec::new()));
    }
    let wrong = |what: &str| serialization(format!("{text:?} at {name} is no {what}"));
    if NUMBERS.contains(&name) {
        return match text.parse::<i64>().map(Json::from).or_else(|_| text.parse::<f64>().map(Json::from)) {
            Ok(number) if !number.is_null() => Ok(number),
            _ => Err(wrong("number")),
        };
    }
    if TRUTHS.contains(&name) {
        return text.parse::<bool>().map(Json::from).map_err(|_| wrong("truth value"));
    }
    if INSTANTS.contains(&name) {
        let with_zone = if text.ends_with('Z') || text.contains('+') { text.to_owned() } else { format!("{text}Z") };
        let at = Timestamp::parse(&with_zone).ok_or_else(|| wrong("instant"))?;
        return Ok((at.millis() as f64 / 1000.0).into());
    }
    Ok(text.into())
}
