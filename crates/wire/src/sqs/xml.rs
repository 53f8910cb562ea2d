//! Decides how an answer that is spelt in JSON is spelt in XML: lists without an element around them, attributes and
//! tags as pairs.

use super::{Answer, spell};
use crate::reply::{Reply, Response};
use crate::xml::Xml;
use serde_json::{Map, Value as Json};

pub(crate) fn spell_xml(answer: &Answer<'_>, reply: &Reply<'_>) -> Response {
    if matches!(answer, Answer::Done) {
        return reply.query_result(None);
    }
    let body = spell(answer, reply.context);
    reply.query_result(Some(&|xml| write_members(xml, &body, &reply.operation)))
}

fn write_members(xml: &mut Xml, members: &Map<String, Json>, operation: &str) {
    for (name, value) in members {
        match value {
            Json::Array(list) => {
                let element = element(name, operation);
                for value in list {
                    write(xml, &element, value, operation);
                }
            }
            Json::Object(pairs) => {
                let (element, key) = pair(name);
                for (name, value) in pairs {
                    xml.open(element);
                    xml.text(key, name);
                    write(xml, "Value", value, operation);
                    xml.close(element);
                }
            }
            value => write(xml, name, value, operation),
        }
    }
}

fn write(xml: &mut Xml, element: &str, value: &Json, operation: &str) {
    match value {
        Json::Object(members) => {
            xml.open(element);
            write_members(xml, members, operation);
            xml.close(element);
        }
        Json::String(text) => xml.text(element, text),
        value => xml.text(element, &value.to_string()),
    }
}

/// What an element of a list is called.
fn element(list: &str, operation: &str) -> String {
    match list {
        "QueueUrls" | "queueUrls" => "QueueUrl".to_owned(),
        "Messages" => "Message".to_owned(),
        "Failed" => "BatchResultErrorEntry".to_owned(),
        // What went well of a batch, and moves of messages: both are named for the operation.
        _ => format!("{operation}ResultEntry"),
    }
}

/// What the pairs of a map are called, and their keys.
fn pair(map: &str) -> (&'static str, &'static str) {
    match map {
        "Tags" => ("Tag", "Key"),
        "MessageAttributes" => ("MessageAttribute", "Name"),
        _ => ("Attribute", "Name"),
    }
}
