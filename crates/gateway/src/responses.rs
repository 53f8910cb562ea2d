//! Decides what an API changes about the gateway's own answers: status, headers, and members of the document.
//!
//! Start at [`GatewayResponses::read`]. A body template adds the members that it names to our problem document rather
//! than taking its place, so a client of the template finds what it looks for, and everybody what to mend.
//!
//! Invariant: a template is a JSON object once its variables are filled in, whatever they hold.

use crate::answer::{Header, is_header_name};
use crate::fault::{Fault, bounded};
use crate::mock::quoted;
use serde_json::{Map, Value};

/// What an API answers of its own.
#[derive(Debug, Clone, Default)]
pub(crate) struct GatewayResponses {
    by_type: Vec<(&'static str, Override)>,
}

/// What is changed of one kind of answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Override {
    pub(crate) status: Option<u16>,
    pub(crate) headers: Vec<Header>,
    template: Option<Box<str>>,
}

/// What the variables of a template stand for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Variables<'a> {
    pub(crate) message: &'a str,
    pub(crate) response_type: &'a str,
    pub(crate) request_id: &'a str,
    pub(crate) validation: &'a str,
}

const TYPES: [&str; 20] = [
    "DEFAULT_4XX",
    "DEFAULT_5XX",
    "ACCESS_DENIED",
    "API_CONFIGURATION_ERROR",
    "AUTHORIZER_CONFIGURATION_ERROR",
    "AUTHORIZER_FAILURE",
    "BAD_REQUEST_BODY",
    "BAD_REQUEST_PARAMETERS",
    "EXPIRED_TOKEN",
    "INTEGRATION_FAILURE",
    "INTEGRATION_TIMEOUT",
    "INVALID_API_KEY",
    "INVALID_SIGNATURE",
    "MISSING_AUTHENTICATION_TOKEN",
    "QUOTA_EXCEEDED",
    "REQUEST_TOO_LARGE",
    "RESOURCE_NOT_FOUND",
    "THROTTLED",
    "UNAUTHORIZED",
    "UNSUPPORTED_MEDIA_TYPE",
];
/// Of a web application firewall, which there is none of here.
const AWS_ONLY: [&str; 1] = ["WAF_FILTERED"];

/// What may stand in a template; those that end with `String` are quoted already.
const NAMES: [&str; 7] = [
    "$context.error.messageString",
    "$context.error.message",
    "$context.error.responseType",
    "$context.error.validationErrorString",
    "$context.requestId",
    "$context.extendedRequestId",
    "$context.stage",
];

impl GatewayResponses {
    /// Reads `x-amazon-apigateway-gateway-responses`.
    pub(crate) fn read(all: &Map<String, Value>, at: &str, faults: &mut Vec<Fault>, notes: &mut Vec<Fault>) -> Self {
        let mut by_type = Vec::new();
        for (name, response) in all {
            let place = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
            if AWS_ONLY.contains(&name.as_str()) {
                notes.push(Fault { pointer: place, detail: "this answer is given on AWS only".to_owned() });
                continue;
            }
            match TYPES.iter().find(|known| *known == name) {
                Some(known) => by_type.push((*known, Override::read(response, &place, faults))),
                None => faults.push(Fault {
                    pointer: place,
                    detail: format!("there is no kind of answer {:?}; kinds are {}", bounded(name), TYPES.join(", ")),
                }),
            }
        }
        Self { by_type }
    }

    /// What holds for a kind of answer: what is said of it, or of its hundred.
    pub(crate) fn of(&self, response_type: &str, status: u16) -> Option<&Override> {
        let find = |name: &str| self.by_type.iter().find(|(had, _)| *had == name).map(|(_, found)| found);
        find(response_type).or_else(|| find(if status < 500 { "DEFAULT_4XX" } else { "DEFAULT_5XX" }))
    }
}

impl Override {
    fn read(response: &Value, at: &str, faults: &mut Vec<Fault>) -> Self {
        let mut found = Self::default();
        let mut fault = |place: String, detail: &str| faults.push(Fault { pointer: place, detail: detail.to_owned() });
        let Some(response) = response.as_object() else {
            fault(at.to_owned(), "this must be an object");
            return found;
        };
        for (word, value) in response {
            let place = format!("{at}/{}", word.replace('~', "~0").replace('/', "~1"));
            match word.as_str() {
                "statusCode" => {
                    let status = match value {
                        Value::Number(number) => number.as_u64().and_then(|status| u16::try_from(status).ok()),
                        other => other.as_str().and_then(|text| text.parse().ok()),
                    };
                    found.status = status.filter(|status| (200..=599).contains(status));
                    if found.status.is_none() {
                        fault(place, "this must be a status of 200 to 599");
                    }
                }
                "responseParameters" => {
                    for (name, value) in value.as_object().into_iter().flatten() {
                        let header = name.strip_prefix("gatewayresponse.header.").filter(|name| is_header_name(name));
                        match (header, value.as_str().and_then(quoted)) {
                            (Some(name), Some(value)) => {
                                found.headers.push((name.to_owned().into(), value.to_owned().into()))
                            }
                            _ => fault(
                                format!("{place}/{}", name.replace('~', "~0").replace('/', "~1")),
                                "only fixed headers are understood here: \"gatewayresponse.header.NAME\": \"'value'\"",
                            ),
                        }
                    }
                }
                "responseTemplates" => {
                    for (kind, template) in value.as_object().into_iter().flatten() {
                        let place = format!("{place}/{}", kind.replace('~', "~0").replace('/', "~1"));
                        match template.as_str() {
                            _ if kind != "application/json" => {
                                fault(place, "answers are JSON here; give application/json alone")
                            }
                            Some(text) if is_understood(text) => found.template = Some(text.into()),
                            _ => fault(
                                place,
                                "this must be a JSON object with no other variables than those of the error and requestId, \
                                 such as {\"message\":$context.error.messageString}",
                            ),
                        }
                    }
                }
                _ => fault(
                    place,
                    "this is not known here; it may have statusCode, responseParameters and responseTemplates",
                ),
            }
        }
        found
    }

    /// The members that the template adds.
    pub(crate) fn members(&self, variables: Variables<'_>) -> Map<String, Value> {
        let filled = self.template.as_deref().and_then(|template| fill(template, variables));
        filled.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
    }
}

fn is_understood(template: &str) -> bool {
    let odd = Variables { message: "a\"b\\\n", response_type: "T", request_id: "r", validation: "\"v\"" };
    let text = fill(template, odd);
    text.is_some_and(|text| serde_json::from_str::<Map<String, Value>>(&text).is_ok())
}

/// The template with its variables filled in; nothing if it has one that is not known.
fn fill(template: &str, variables: Variables<'_>) -> Option<String> {
    let string = |text: &str| Value::from(text).to_string();
    let inner = |text: &str| string(text).trim_start_matches('"').to_owned();
    let escaped = |text: &str| {
        let mut text = inner(text);
        text.pop();
        text
    };
    let mut out = String::with_capacity(template.len() + 64);
    let mut rest = template;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let name = NAMES.iter().find(|name| rest.starts_with(**name))?;
        out.push_str(&match *name {
            "$context.error.messageString" => string(variables.message),
            "$context.error.validationErrorString" => string(variables.validation),
            "$context.error.message" => escaped(variables.message),
            "$context.error.responseType" => escaped(variables.response_type),
            "$context.requestId" | "$context.extendedRequestId" => escaped(variables.request_id),
            _ => return None,
        });
        rest = &rest[name.len()..];
        // A longer name is another variable.
        if rest.starts_with(|next: char| next.is_ascii_alphanumeric() || next == '.' || next == '_') {
            return None;
        }
    }
    out.push_str(rest);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_template_is_an_object_whatever_its_variables_hold() {
        let cases = [
            (r#"{"message":$context.error.messageString}"#, true),
            (r#"{"message":"$context.error.message","id":"$context.requestId"}"#, true),
            (r#"{"code":7}"#, true),
            (r#"{"message":$context.error.message}"#, false),
            (r#"{"message":"$context.error.messageString"}"#, false),
            (r#"{"who":"$context.identity.sourceIp"}"#, false),
            (r#"{"m":"$context.error.messages"}"#, false),
            (r#"{"m":"$input.body"}"#, false),
            ("$context.error.messageString", false),
            ("plain", false),
        ];
        for (template, understood) in cases {
            assert_eq!(is_understood(template), understood, "{template}");
        }
    }

    #[test]
    fn what_is_not_known_is_refused_by_name_and_place() {
        let (mut faults, mut notes) = (Vec::new(), Vec::new());
        let all = json!({
            "NO_SUCH": {}, "WAF_FILTERED": {}, "THROTTLED": {"status": 1, "statusCode": "99",
                "responseParameters": {"gatewayresponse.header.A": "method.request.header.B", "other": "'x'"},
                "responseTemplates": {"text/plain": "x"}},
        });
        GatewayResponses::read(all.as_object().unwrap(), "/g", &mut faults, &mut notes);
        let places: Vec<&str> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
        for place in [
            "/g/NO_SUCH",
            "/g/THROTTLED/status",
            "/g/THROTTLED/statusCode",
            "/g/THROTTLED/responseParameters/other",
            "/g/THROTTLED/responseParameters/gatewayresponse.header.A",
            "/g/THROTTLED/responseTemplates/text~1plain",
        ] {
            assert!(places.contains(&place), "{place} in {places:?}");
        }
        assert_eq!(notes.len(), 1);
    }
}
