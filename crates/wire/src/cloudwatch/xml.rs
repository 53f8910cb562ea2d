//! Decides how an answer that is spelt in JSON is spelt in XML: lists as `member` elements, instants in words.

use super::{Answer, is_instant, spell};
use crate::reply::{Reply, Response};
use crate::xml::Xml;
use serde_json::Value as Json;
use types::Timestamp;

pub(crate) fn spell_xml(answer: &Answer<'_>, reply: &Reply<'_>) -> Response {
    match answer {
        Answer::Done => return reply.query_result(None),
        // The element is there where the answer could have members.
        Answer::Nothing => return reply.query_result(Some(&|_| ())),
        _ => {}
    }
    let body = spell(answer, &reply.context.account);
    reply.query_result(Some(&|xml| members(xml, &body)))
}

fn members(xml: &mut Xml, value: &Json) {
    for (name, value) in value.as_object().into_iter().flatten() {
        xml.open(name);
        inside(xml, name, value);
        xml.close(name);
    }
}

fn inside(xml: &mut Xml, name: &str, value: &Json) {
    match value {
        Json::Object(entries) if name == "ExtendedStatistics" => {
            for (key, value) in entries {
                xml.open("entry");
                xml.text("key", key);
                xml.text("value", &value.to_string());
                xml.close("entry");
            }
        }
        Json::Object(_) => members(xml, value),
        Json::Array(list) => {
            for element in list {
                xml.open("member");
                inside(xml, name, element);
                xml.close("member");
            }
        }
        Json::Number(number) if is_instant(name) => {
            let seconds = number.as_f64().unwrap_or_default();
            xml.plain(&Timestamp::from_millis((seconds * 1000.0).round() as i64).iso_millis());
        }
        Json::String(text) => xml.plain(text),
        value => xml.plain(&value.to_string()),
    }
}
