//! Decides how a request in the form protocol says what its JSON says.
//!
//! Lists and maps are numbered names (`AttributeName.1`, `Tag.1.Key`), numbers are texts, and a queue may be named by
//! the request's path. Elements stand in the order of their numbers, whatever the order of the form.

use super::{Call, Code, reader, shown};
use crate::Context;
use crate::error::WireError;
use crate::members::Members;
use crate::reply::Service;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use types::Gather;

/// What stands under a numbered name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// A list of texts.
    Texts,
    /// A map of texts; the key and the value have these names.
    Pairs(&'static str, &'static str),
    /// A map of message attributes.
    Attributes,
    /// A list of a batch's entries.
    Entries,
}

/// Numbered names, what stands under them, and what JSON calls all of it.
const NUMBERED: [(&str, Shape, &str); 13] = [
    ("AttributeName", Shape::Texts, "AttributeNames"),
    ("MessageSystemAttributeName", Shape::Texts, "MessageSystemAttributeNames"),
    ("MessageAttributeName", Shape::Texts, "MessageAttributeNames"),
    ("TagKey", Shape::Texts, "TagKeys"),
    ("AWSAccountId", Shape::Texts, "AWSAccountIds"),
    ("ActionName", Shape::Texts, "Actions"),
    ("Attribute", Shape::Pairs("Name", "Value"), "Attributes"),
    ("Tag", Shape::Pairs("Key", "Value"), "Tags"),
    ("MessageAttribute", Shape::Attributes, "MessageAttributes"),
    ("MessageSystemAttribute", Shape::Attributes, "MessageSystemAttributes"),
    ("SendMessageBatchRequestEntry", Shape::Entries, "Entries"),
    ("DeleteMessageBatchRequestEntry", Shape::Entries, "Entries"),
    ("ChangeMessageVisibilityBatchRequestEntry", Shape::Entries, "Entries"),
];

const NUMBERS: [&str; 6] = [
    "MaxNumberOfMessages",
    "VisibilityTimeout",
    "WaitTimeSeconds",
    "MaxResults",
    "DelaySeconds",
    "MaxNumberOfMessagesPerSecond",
];

/// Reads a form; `path` is the request's, which may be that of the queue.
pub(crate) fn parse_form(
    operation: &str,
    parameters: &[(String, String)],
    path: &str,
    context: &Context,
) -> Result<Call, WireError> {
    // A queue's own address is none where queues are made or listed.
    let elsewhere = path.len() > 1 && matches!(operation, "CreateQueue" | "ListQueues");
    let read = reader(operation).ok().filter(|_| !elsewhere).ok_or_else(|| {
        let message = format!("The action {} is not valid for this endpoint.", shown(operation));
        WireError::new(Code::UnknownOperation, message)
    })?;
    let parameters = parameters.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let mut body = members(parameters, true);
    if path.len() > 1 {
        body.entry("QueueUrl").or_insert_with(|| path.into());
    }
    read(Members::new(&body, Service::Sqs), context)
}

/// The elements under one numbered name: what each has, by its number.
type Elements<'a> = BTreeMap<u32, Vec<(&'a str, &'a str)>>;

/// The members that a form has. Entries of a batch have none themselves, so `entries` ends what could be endless.
fn members<'a>(parameters: impl Iterator<Item = (&'a str, &'a str)>, entries: bool) -> Map<String, Json> {
    let mut body = Map::new();
    let mut numbered: Vec<(Shape, &str, Elements<'a>)> = Vec::new();
    for (name, value) in parameters {
        let (first, rest) = name.split_once('.').unwrap_or((name, ""));
        let found = NUMBERED.iter().find(|(known, ..)| *known == first);
        match found {
            Some((_, Shape::Entries, _)) if !entries => {}
            Some((_, shape, list)) => {
                let (number, rest) = rest.split_once('.').unwrap_or((rest, ""));
                // What has no number is an empty list, which some clients say so.
                let Ok(number) = number.parse::<u32>() else { continue };
                let at = numbered.iter().position(|(_, known, _)| known == list).unwrap_or_else(|| {
                    numbered.push((*shape, list, Elements::new()));
                    numbered.len() - 1
                });
                numbered[at].2.entry(number).or_default().push((rest, value));
            }
            // The lists' JSON names mean nothing in a form.
            None if NUMBERED.iter().any(|(.., list)| *list == first) => {}
            None if NUMBERS.contains(&name) => {
                let number = value.parse::<i64>().map_or_else(|_| value.into(), Json::from);
                body.insert(name.to_owned(), number);
            }
            None => drop(body.insert(name.to_owned(), value.into())),
        }
    }
    // In a form the older of two names for the same thing counts alone.
    if numbered.iter().any(|(_, list, _)| *list == "AttributeNames") {
        numbered.retain(|(_, list, _)| *list != "MessageSystemAttributeNames");
    }
    for (shape, list, elements) in numbered {
        let value = match shape {
            Shape::Texts => elements.values().flatten().filter(|(rest, _)| rest.is_empty()).map(text).collect(),
            Shape::Pairs(key, value) => {
                let pair =
                    |element: &Vec<(&str, &str)>| Some((find(element, key)?.to_owned(), find(element, value)?.into()));
                Json::Object(elements.values().filter_map(pair).into_object())
            }
            Shape::Attributes => {
                let attribute = |element: &Vec<(&str, &str)>| {
                    (find(element, "Name").unwrap_or("").to_owned(), attribute_value(element))
                };
                Json::Object(elements.values().map(attribute).into_object())
            }
            Shape::Entries => {
                elements.into_values().map(|element| Json::Object(members(element.into_iter(), false))).collect()
            }
        };
        body.insert(list.to_owned(), value);
    }
    body
}

fn text((_, value): &(&str, &str)) -> Json {
    (*value).into()
}

fn find<'a>(element: &[(&str, &'a str)], name: &str) -> Option<&'a str> {
    element.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
}

/// A message attribute's value: its type, and a text or base64, or one of the lists that are refused later.
fn attribute_value(element: &[(&str, &str)]) -> Json {
    let mut value = Map::new();
    for (name, text) in element {
        let Some(name) = name.strip_prefix("Value.") else { continue };
        match name.split_once('.').map_or(name, |(list, _)| list) {
            "StringListValue" => drop(value.insert("StringListValues".to_owned(), vec![*text].into())),
            "BinaryListValue" => drop(value.insert("BinaryListValues".to_owned(), vec![*text].into())),
            _ => drop(value.insert(name.to_owned(), (*text).into())),
        }
    }
    Json::Object(value)
}
