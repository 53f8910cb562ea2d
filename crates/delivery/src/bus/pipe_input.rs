//! Decides what a pipe's enrichment or target gets of a record: [`PipeInput`], a template with `<$.paths>` in it.
//!
//! A template is JSON, a single path, or free text. Text that begins with `{` must be JSON around its paths; AWS finds
//! that out when the first record comes. A field of the record that is JSON written as a string, such as the body of a
//! queue's message, is looked into as JSON: [`PipeEvent::with_encoded`].
//!
//! A template that is a single path gives what is there: JSON as JSON, a string as its text. (AWS takes the quotes out
//! of JSON then, so that no target can read it.)
//!
//! Invariant: a template is filled for one record at a time; what is missing leaves `""` in place of a JSON value and
//! nothing elsewhere.

use super::input::value_at;
use super::json::{Json, compact, quoted};
use super::path::{JsonPath, PathError};
use super::template::{Fault, Meaning, TEMPLATE_MAX, Template};
use std::borrow::Cow;
use types::{Arn, PipeName, Timestamp};

/// A template of a pipe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PipeInput {
    source: Box<str>,
    template: Template<Variable>,
    is_json: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Variable {
    Path(JsonPath),
    PipeArn,
    PipeName,
    SourceArn,
    EnrichmentArn,
    TargetArn,
    IngestionTime,
    Event,
    EventJson,
}

/// Why a text is no template of a pipe.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PipeInputRefused {
    /// It is too long.
    #[error("the InputTemplate has {length} characters; the limit is {TEMPLATE_MAX}")]
    TooLong {
        /// How long it is.
        length: usize,
    },
    /// Something in angle brackets begins like a path and is none.
    #[error("the InputTemplate has a placeholder that is no path: {0}")]
    Path(PathError),
    /// Something in angle brackets begins like a reserved name and is none.
    #[error("the InputTemplate has the placeholder <{name}>, which is no reserved variable")]
    Reserved {
        /// The name.
        name: String,
    },
    /// It begins like an object and is not JSON around its placeholders.
    #[error("the InputTemplate begins with {{ but is no JSON: {reason} (line {line}, column {column})")]
    Json {
        /// What is wrong.
        reason: String,
        /// Line, from 1.
        line: usize,
        /// Column in bytes, from 1.
        column: usize,
    },
    /// A placeholder stands in an object's key.
    #[error("the InputTemplate uses the placeholder <{name}> in an object's key")]
    InKey {
        /// The placeholder.
        name: String,
    },
}

/// The pipe that a record goes through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pipe {
    /// Its name.
    pub name: PipeName,
    /// Its ARN.
    pub arn: Arn,
    /// Where its records come from.
    pub source: Arn,
    /// Who enriches them.
    pub enrichment: Option<Arn>,
    /// Where they go.
    pub target: Arn,
}

/// A record, or what an enrichment answered for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PipeEvent {
    /// JSON, or a string that holds what was no JSON.
    original: String,
    /// Looked into by paths; none if the original is not JSON.
    parsed: Option<String>,
}

/// What the enrichment or the target gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filled {
    /// JSON.
    Json(String),
    /// Text, which who wants JSON takes as a string.
    Text(String),
}

impl PipeEvent {
    /// What came in, which may be any text.
    pub fn new(payload: &str) -> Self {
        match compact(payload) {
            Ok(json) => Self { original: json.text.clone(), parsed: Some(json.text) },
            Err(_) => Self { original: quoted(payload), parsed: None },
        }
    }

    /// What came in, as JSON: a string, if it was none.
    pub fn json(&self) -> &str {
        &self.original
    }

    /// What paths look into: nothing, if what came in is not JSON.
    pub(super) fn root(&self) -> Option<Json<'_>> {
        self.parsed.as_deref().map(Json::of_compact)
    }

    /// A record of which `field` may hold JSON in a string.
    pub fn with_encoded(record: &str, field: &str) -> Self {
        let mut event = Self::new(record);
        let json = Json::of_compact(&event.original);
        let Some(Ok(decoded)) = json.member(field).and_then(Json::text).map(|text| compact(&text)) else {
            return event;
        };
        let members = json.members().map(|(key, value)| {
            let is_field = key.text().is_some_and(|key| key == field);
            format!("{}:{}", key.as_str(), if is_field { &decoded.text } else { value.as_str() })
        });
        event.parsed = Some(format!("{{{}}}", members.collect::<Vec<_>>().join(",")));
        event
    }
}

impl PipeInput {
    /// Reads a template.
    pub fn parse(text: &str) -> Result<Self, PipeInputRefused> {
        let length = text.chars().count();
        if length > TEMPLATE_MAX {
            return Err(PipeInputRefused::TooLong { length });
        }
        let (template, is_json) = match Template::json(text, meaning) {
            Ok(template) => (template, true),
            Err(Fault::Json { .. }) if !text.trim_start().starts_with('{') => {
                (Template::free(text, meaning).map_err(refused)?, false)
            }
            Err(fault) => return Err(refused(fault)),
        };
        Ok(Self { source: text.into(), template, is_json })
    }

    /// The text that was parsed.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// What is made of one record at `now`.
    pub fn of(&self, event: &PipeEvent, pipe: &Pipe, now: Timestamp) -> Filled {
        let root = event.root();
        let arn = |arn: &Arn| Some(Cow::Owned(quoted(&arn.to_string())));
        let value = |variable: &Variable| match variable {
            Variable::Path(path) => root.and_then(|root| value_at(path, root)),
            Variable::PipeArn => arn(&pipe.arn),
            Variable::PipeName => Some(quoted(pipe.name.as_str()).into()),
            Variable::SourceArn => arn(&pipe.source),
            Variable::EnrichmentArn => pipe.enrichment.as_ref().and_then(arn),
            Variable::TargetArn => arn(&pipe.target),
            Variable::IngestionTime => Some(quoted(&now.iso_millis()).into()),
            Variable::Event => Some(event.original.as_str().into()),
            Variable::EventJson => event.parsed.as_deref().map(Cow::from),
        };
        if let Some(json) = self.template.alone().and_then(value) {
            return match Json::of_compact(&json).text() {
                Some(text) => Filled::Text(text.into_owned()),
                None => Filled::Json(json.into_owned()),
            };
        }
        let filled = self.template.fill(value);
        if self.is_json { Filled::Json(filled) } else { Filled::Text(filled) }
    }
}

impl Filled {
    /// As JSON: a text becomes a string.
    pub fn into_json(self) -> String {
        match self {
            Filled::Json(json) => json,
            Filled::Text(text) => quoted(&text),
        }
    }

    /// As text, for who takes any.
    pub fn into_text(self) -> String {
        match self {
            Filled::Json(text) | Filled::Text(text) => text,
        }
    }
}

fn meaning(name: &str) -> Meaning<Variable, PipeInputRefused> {
    Meaning::Variable(match name {
        "aws.pipes.pipe-arn" => Variable::PipeArn,
        "aws.pipes.pipe-name" => Variable::PipeName,
        "aws.pipes.source-arn" => Variable::SourceArn,
        "aws.pipes.enrichment-arn" => Variable::EnrichmentArn,
        "aws.pipes.target-arn" => Variable::TargetArn,
        "aws.pipes.event.ingestion-time" => Variable::IngestionTime,
        "aws.pipes.event" => Variable::Event,
        "aws.pipes.event.json" => Variable::EventJson,
        _ if name.starts_with('$') => match JsonPath::parse(name) {
            Ok(path) => Variable::Path(path),
            Err(error) => return Meaning::Unknown(PipeInputRefused::Path(error)),
        },
        _ if name.starts_with("aws.") => {
            return Meaning::Unknown(PipeInputRefused::Reserved { name: name.to_owned() });
        }
        _ => return Meaning::Text,
    })
}

fn refused(fault: Fault<PipeInputRefused>) -> PipeInputRefused {
    match fault {
        Fault::Name(refused) => refused,
        Fault::Json { reason, line, column } => PipeInputRefused::Json { reason, line, column },
        Fault::InKey { name } => PipeInputRefused::InKey { name },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::Account;

    const MESSAGE: &str = r#"{"messageId": "m1", "body": "{\"key\": \"value\", \"n\": [1, 2.50]}",
        "attributes": {"SenderId": "AIDA\"X", "count": 3}}"#;

    fn filled(template: &str, event: &PipeEvent) -> Filled {
        let account = Account::default();
        let pipe = Pipe {
            name: "example".parse().unwrap(),
            arn: account.arn("pipes", "pipe/example"),
            source: account.arn("sqs", "in"),
            enrichment: None,
            target: account.arn("lambda", "function:F"),
        };
        PipeInput::parse(template).unwrap().of(event, &pipe, Timestamp::from_millis(1_704_067_200_500))
    }

    #[test]
    fn templates_are_filled_from_one_record() {
        let json = |text: &str| Filled::Json(text.to_owned());
        let text = |text: &str| Filled::Text(text.to_owned());
        let cases = [
            (r#""Hello, sender""#, json(r#""Hello, sender""#)),
            ("<$.attributes.SenderId>", text("AIDA\"X")),
            ("<$.attributes.count>", json("3")),
            (r#""Hello, <$.attributes.SenderId>""#, json(r#""Hello, AIDA\"X""#)),
            ("Hello, <$.attributes.SenderId>!", text("Hello, AIDA\"X!")),
            (
                r#"{"key1": "value1", "key2": <$.body.key>, "d": <aws.pipes.event.ingestion-time>}"#,
                json(r#"{"key1":"value1","key2":"value","d":"2024-01-01T00:00:00.500Z"}"#),
            ),
            ("<$.body>", json(r#"{"key":"value","n":[1,2.50]}"#)),
            (r#"{"data": <$.body>}"#, json(r#"{"data":{"key":"value","n":[1,2.50]}}"#)),
            (r#"{"data": "<$.body>"}"#, json(r#"{"data":"{key:value,n:[1,2.50]}"}"#)),
            (r#"{"a": <$.gone>, "b": "<$.gone>", "e": <aws.pipes.enrichment-arn>}"#, json(r#"{"a":"","b":"","e":""}"#)),
            ("[INFO] <$.gone><$.messageId>", text("[INFO] m1")),
            (
                r#"["<aws.pipes.pipe-arn>", <aws.pipes.pipe-name>, <aws.pipes.source-arn>, <aws.pipes.target-arn>]"#,
                json(concat!(
                    r#"["arn:aws:pipes:us-east-1:000000000000:pipe/example","example","#,
                    r#""arn:aws:sqs:us-east-1:000000000000:in","arn:aws:lambda:us-east-1:000000000000:function:F"]"#
                )),
            ),
            ("<html> <$.messageId> </html>", text("<html> m1 </html>")),
        ];
        let event = PipeEvent::with_encoded(MESSAGE, "body");
        for (template, expected) in cases {
            assert_eq!(filled(template, &event), expected, "{template}");
        }
    }

    #[test]
    fn the_record_itself_keeps_its_body() {
        let event = PipeEvent::with_encoded(r#"{"body":"{\"a\":1}"}"#, "body");
        assert_eq!(filled("<aws.pipes.event>", &event), Filled::Json(r#"{"body":"{\"a\":1}"}"#.to_owned()));
        assert_eq!(filled("<aws.pipes.event.json>", &event), Filled::Json(r#"{"body":{"a":1}}"#.to_owned()));
        let plain = PipeEvent::with_encoded(r#"{"body":"{a:1}"}"#, "body");
        assert_eq!(filled("<$.body>", &plain), Filled::Text("{a:1}".to_owned()));
        let text = PipeEvent::new("no \"json\"");
        assert_eq!(filled(r#"{"e":<aws.pipes.event>}"#, &text), Filled::Json(r#"{"e":"no \"json\""}"#.to_owned()));
        assert_eq!(filled(r#"{"e":<aws.pipes.event.json>}"#, &text), Filled::Json(r#"{"e":""}"#.to_owned()));
    }

    #[test]
    fn what_is_no_template_is_refused() {
        let cases = [
            (
                "{\"a\": <$.b>,}",
                "the InputTemplate begins with { but is no JSON: key must be a string (line 1, column 13)",
            ),
            (
                "<$.a[x]>",
                "the InputTemplate has a placeholder that is no path: the path \"$.a[x]\" cannot be read at character 5: \
                 in brackets stands an index from 0, or *",
            ),
            (
                "<aws.pipes.name>",
                "the InputTemplate has the placeholder <aws.pipes.name>, which is no reserved variable",
            ),
            ("{\"<$.a>\": 1}", "the InputTemplate uses the placeholder <$.a> in an object's key"),
        ];
        for (template, expected) in cases {
            assert_eq!(PipeInput::parse(template).unwrap_err().to_string(), expected, "{template}");
        }
        assert_eq!(PipeInput::parse(&"x".repeat(8193)), Err(PipeInputRefused::TooLong { length: 8193 }));
    }
}
