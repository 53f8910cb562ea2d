//! Decides how a request in the form protocol says what its JSON says.
//!
//! Lists are numbered names (`AttributeName.1`), numbers are texts, and a queue may be named by the request's path.

use super::{Call, reader};
use crate::Context;
use crate::error::WireError;
use crate::members::Members;
use crate::reply::Service;
use serde_json::{Map, Value as Json};

/// Lists, as forms name their elements and as JSON names them.
const LISTS: [(&str, &str); 3] = [
    ("AttributeName.", "AttributeNames"),
    ("MessageSystemAttributeName.", "MessageSystemAttributeNames"),
    ("MessageAttributeName.", "MessageAttributeNames"),
];
const NUMBERS: [&str; 4] = ["MaxNumberOfMessages", "VisibilityTimeout", "WaitTimeSeconds", "MaxResults"];

/// Reads a form; `path` is the request's, which may be that of the queue.
pub(crate) fn parse_form(
    operation: &str,
    parameters: &[(String, String)],
    path: &str,
    context: &Context,
) -> Result<Call, WireError> {
    let read = reader(operation)?;
    let mut body = Map::new();
    if path.len() > 1 {
        body.insert("QueueUrl".to_owned(), path.into());
    }
    for (name, value) in parameters {
        let list = LISTS.iter().find_map(|(prefix, list)| name.strip_prefix(prefix).map(|_| *list));
        match list {
            Some(list) => {
                let elements = body.entry(list).or_insert_with(|| Json::Array(Vec::new()));
                elements.as_array_mut().expect("lists are only made here").push(value.as_str().into());
            }
            // The lists' JSON names mean nothing in a form.
            None if LISTS.iter().any(|(_, list)| name == list) => {}
            None if NUMBERS.contains(&name.as_str()) => {
                let number = value.parse::<i64>().map_or_else(|_| value.as_str().into(), Json::from);
                body.insert(name.clone(), number);
            }
            None => drop(body.insert(name.clone(), value.as_str().into())),
        }
    }
    read(Members::new(&body, Service::Sqs), context)
}
