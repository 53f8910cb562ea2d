//! Decides what a mock integration is: an answer that stands in the document, as templates use it for `OPTIONS`.
//!
//! Start at [`Mock::read`].

use crate::answer::{Answer, Header, is_header_name, is_header_value};
use crate::fault::{Fault, bounded};
use bytes::Bytes;
use serde_json::{Map, Value};

/// An answer that is always the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mock {
    pub(crate) status: u16,
    pub(crate) headers: Vec<Header>,
    pub(crate) body: Box<str>,
}

impl Mock {
    /// Reads the integration that stands at a pointer of the document.
    pub(crate) fn read(integration: &Map<String, Value>, at: &str, faults: &mut Vec<Fault>) -> Option<Self> {
        let mut fault = |place: &str, detail: String| faults.push(Fault { pointer: format!("{at}{place}"), detail });
        let mut wanted = 200;
        if let Some(templates) = integration.get("requestTemplates") {
            let text = templates.get("application/json").and_then(Value::as_str).unwrap_or("{\"statusCode\":200}");
            match status_code(text) {
                Some(status) => wanted = status,
                None => fault(
                    "/requestTemplates",
                    "a mock's template must be {\"statusCode\": 200} or another status".to_owned(),
                ),
            }
        }
        let Some(responses) = integration.get("responses").and_then(Value::as_object) else {
            fault("/responses", "a mock must say what it answers: add responses with a \"default\"".to_owned());
            return None;
        };
        let key = wanted.to_string();
        let chosen = responses.get_key_value(&key).or_else(|| responses.get_key_value("default"));
        let Some((key, response)) = chosen else {
            fault("/responses", format!("there is no response for \"{wanted}\" and no \"default\""));
            return None;
        };
        let place = format!("/responses/{}", key.replace('~', "~0").replace('/', "~1"));
        let status = match response.get("statusCode") {
            None => Some(wanted),
            Some(Value::Number(number)) => number.as_u64().and_then(|status| u16::try_from(status).ok()),
            Some(Value::String(text)) => text.parse().ok(),
            Some(_) => None,
        };
        let Some(status) = status.filter(|status| (200..=599).contains(status)) else {
            fault(&format!("{place}/statusCode"), "this must be a status of 200 to 599".to_owned());
            return None;
        };
        let mut headers = Vec::new();
        for (name, value) in response.get("responseParameters").and_then(Value::as_object).into_iter().flatten() {
            let header = name.strip_prefix("method.response.header.").filter(|name| is_header_name(name));
            match (header, value.as_str().and_then(quoted)) {
                (Some(name), Some(value)) => headers.push((name.to_owned().into(), value.to_owned().into())),
                (None, _) => fault(
                    &format!("{place}/responseParameters"),
                    format!("{:?} is not method.response.header.NAME", bounded(name)),
                ),
                (_, None) => fault(
                    &format!("{place}/responseParameters/{name}"),
                    "only fixed values are understood here, in single quotes: \"'*'\"".to_owned(),
                ),
            }
        }
        let mut body: Box<str> = "".into();
        for (kind, template) in response.get("responseTemplates").and_then(Value::as_object).into_iter().flatten() {
            match template.as_str() {
                Some(text) if !text.contains('$') && !text.trim_start().starts_with('#') => body = text.trim().into(),
                _ => fault(
                    &format!("{place}/responseTemplates/{}", kind.replace('/', "~1")),
                    "only fixed texts are understood here, without variables and directives".to_owned(),
                ),
            }
        }
        Some(Self { status, headers, body })
    }

    pub(crate) fn answer(&self) -> Answer {
        let mut answer = Answer {
            status: self.status,
            headers: self.headers.clone(),
            body: Bytes::copy_from_slice(self.body.as_bytes()),
        };
        if !self.body.is_empty() {
            answer.add_missing([("content-type".into(), "application/json".into())]);
        }
        answer
    }
}

/// The value of `'value'`.
pub(crate) fn quoted(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('\'')?.strip_suffix('\'')?;
    (!inner.contains('\'') && is_header_value(inner)).then_some(inner)
}

/// The status of `{"statusCode": 200}`; AWS also takes it without quotes and with a comma at the end.
fn status_code(text: &str) -> Option<u16> {
    let inner = text.trim().strip_prefix('{')?.strip_suffix('}')?;
    let (name, status) = inner.trim().trim_end_matches(',').split_once(':')?;
    (name.trim().trim_matches(['"', '\'']) == "statusCode")
        .then(|| status.trim().trim_matches(['"', '\'']).parse().ok())?
}
