//! Decides what a target of a rule gets of an event: [`Input`].
//!
//! All of it, a constant, the part that a path leads to, or a template filled from it. What AWS writes for missing
//! values is written here: an empty string where a template wants a value, nothing inside a string. A path of `InputPath`
//! that leads nowhere gives nothing that could be sent, so the event goes to the dead-letter queue without being tried.
//!
//! Invariant: an input that was accepted gives JSON for every event, or says why there is none.

use super::event::Event;
use super::json::{Json, compact, quoted};
use super::path::{Found, JsonPath, PathError};
use super::template::{Fault, Meaning, TEMPLATE_MAX, Template};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use types::{Arn, RuleName, SortedMap, TargetId};

/// How many names a transformer's paths may have.
pub const PATHS_MAX: usize = 100;
/// How many characters a name, or a path, of a transformer has at most.
pub const PATH_MAX: usize = 256;
/// How many characters a constant has at most.
pub const CONSTANT_MAX: usize = 8192;

/// What was asked for, as it was given and is told again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputSpec {
    /// A constant, as JSON.
    pub constant: Option<String>,
    /// The path to what is wanted.
    pub path: Option<String>,
    /// A template and its paths.
    pub transformer: Option<TransformerSpec>,
}

/// A template and what its names stand for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransformerSpec {
    /// The path of each name.
    pub paths: SortedMap<String, String>,
    /// The template.
    pub template: String,
}

/// What a target gets of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    kind: Kind,
    spec: InputSpec,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Event,
    Constant(Box<str>),
    Path(JsonPath),
    Template(Template<Variable>),
}

/// What a name in a template stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Variable {
    Path(JsonPath),
    RuleArn,
    RuleName,
    IngestionTime,
    EventWithoutDetail,
    Event,
}

/// Why an input is refused when its target is put: a `ValidationException`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InputRefused {
    /// More than one way to make it is given.
    #[error("Only one of Input, InputPath, or InputTransformer must be provided for target {target}.")]
    Several {
        /// Whose input.
        target: TargetId,
    },
    /// The constant is not JSON.
    #[error("Input for target {target} is not a valid JSON text.")]
    NoJson {
        /// Whose input.
        target: TargetId,
        /// What is wrong, for who reads the log.
        reason: String,
    },
    /// A text is too long.
    #[error("{what} for target {target} has {length} characters; the limit is {max}.")]
    TooLong {
        /// Whose input.
        target: TargetId,
        /// Which text.
        what: &'static str,
        /// How long it is.
        length: usize,
        /// How long it may be.
        max: usize,
    },
    /// `InputPath` is no path.
    #[error("Invalid InputPath for target {target} : {reason}.")]
    Path {
        /// Whose input.
        target: TargetId,
        /// What is wrong with it.
        reason: PathError,
    },
    /// A name of the transformer is given no path.
    #[error("Invalid InputPathsMap for target {target} : {reason}.")]
    NamedPath {
        /// Whose input.
        target: TargetId,
        /// Which name, and what is wrong with its path.
        reason: String,
    },
    /// The template has a name that no path is given for.
    #[error("InputTemplate for target {target} contains invalid placeholder {name}.")]
    Placeholder {
        /// Whose input.
        target: TargetId,
        /// The name.
        name: String,
    },
    /// The template is not JSON around its names.
    #[error("Invalid InputTemplate for target {target} : {reason}.")]
    Template {
        /// Whose input.
        target: TargetId,
        /// What is wrong, and where.
        reason: String,
    },
}

/// Why there is nothing to send. Trying again gives the same, so the event is given up at once.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoInput {
    /// `InputPath` leads nowhere in this event.
    #[error("the event has nothing at the target's InputPath {path}")]
    PathMissing {
        /// The path.
        path: String,
    },
}

impl Default for Input {
    fn default() -> Self {
        Self { kind: Kind::Event, spec: InputSpec::default() }
    }
}

impl Input {
    /// Reads what was asked for `target`.
    pub fn parse(spec: InputSpec, target: &TargetId) -> Result<Self, InputRefused> {
        let target = || target.clone();
        let kind = match (&spec.constant, &spec.path, &spec.transformer) {
            (None, None, None) => Kind::Event,
            (Some(constant), None, None) => {
                bounded(constant, "Input", CONSTANT_MAX, target)?;
                let checked = compact(constant);
                let no_json =
                    |error: serde_json::Error| InputRefused::NoJson { target: target(), reason: error.to_string() };
                checked.map_err(no_json)?;
                Kind::Constant(constant.trim().into())
            }
            (None, Some(path), None) => {
                bounded(path, "InputPath", PATH_MAX, target)?;
                let refused = |reason| InputRefused::Path { target: target(), reason };
                Kind::Path(JsonPath::parse(path).map_err(refused)?)
            }
            (None, None, Some(transformer)) => Kind::Template(template(transformer, target)?),
            _ => return Err(InputRefused::Several { target: target() }),
        };
        Ok(Self { kind, spec })
    }

    /// What was asked for.
    pub fn spec(&self) -> &InputSpec {
        &self.spec
    }

    /// What the target gets of an event that `rule` matched.
    pub fn of<'e>(&'e self, event: &'e Event, rule: &RuleName, rule_arn: &Arn) -> Result<Cow<'e, str>, NoInput> {
        match &self.kind {
            Kind::Event => Ok(Cow::Borrowed(event.json())),
            Kind::Constant(constant) => Ok(Cow::Borrowed(constant)),
            Kind::Path(path) => {
                value_at(path, event.root()).ok_or_else(|| NoInput::PathMissing { path: path.to_string() })
            }
            Kind::Template(template) => Ok(Cow::Owned(template.fill(|variable| match variable {
                Variable::Path(path) => value_at(path, event.root()),
                Variable::RuleArn => Some(quoted(&rule_arn.to_string()).into()),
                Variable::RuleName => Some(quoted(rule.as_str()).into()),
                Variable::IngestionTime => Some(quoted(&event.ingested_at().iso_seconds()).into()),
                Variable::EventWithoutDetail => Some(event.without_detail().into()),
                Variable::Event => Some(event.json().into()),
            }))),
        }
    }
}

/// What a path leads to, as JSON: a list if it has a `*`.
pub(super) fn value_at<'e>(path: &JsonPath, event: Json<'e>) -> Option<Cow<'e, str>> {
    match path.find(event) {
        Found::Missing => None,
        Found::One(json) => Some(json.as_str().into()),
        Found::Many(found) => {
            let found: Vec<&str> = found.into_iter().map(Json::as_str).collect();
            Some(format!("[{}]", found.join(",")).into())
        }
    }
}

fn bounded(text: &str, what: &'static str, max: usize, target: impl Fn() -> TargetId) -> Result<(), InputRefused> {
    let length = text.chars().count();
    if length <= max { Ok(()) } else { Err(InputRefused::TooLong { target: target(), what, length, max }) }
}

fn template(spec: &TransformerSpec, target: impl Fn() -> TargetId) -> Result<Template<Variable>, InputRefused> {
    bounded(&spec.template, "InputTemplate", TEMPLATE_MAX, &target)?;
    let refused = |reason: String| InputRefused::NamedPath { target: target(), reason };
    if spec.paths.len() > PATHS_MAX {
        return Err(refused(format!("it has {} names, {PATHS_MAX} are allowed", spec.paths.len())));
    }
    let mut paths = SortedMap::new();
    for (name, path) in &spec.paths {
        let is_reserved = name.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("aws"));
        if is_reserved {
            return Err(refused(format!("the name {name} is reserved, as all that begin with AWS are")));
        }
        if name.is_empty() || name.contains(['<', '>', '"', '\n']) || name.chars().count() > PATH_MAX {
            let name: String = name.chars().take(100).collect();
            return Err(refused(format!(
                "{name:?} is no name; one has 1 to {PATH_MAX} characters and no <, > or quotes"
            )));
        }
        bounded(path, "a path of InputPathsMap", PATH_MAX, &target)?;
        let path = JsonPath::parse(path).map_err(|error| refused(format!("{name}: {error}")))?;
        paths.insert(name.as_str(), path);
    }
    let meaning = |name: &str| match name {
        "aws.events.rule-arn" => Meaning::Variable(Variable::RuleArn),
        "aws.events.rule-name" => Meaning::Variable(Variable::RuleName),
        "aws.events.event.ingestion-time" => Meaning::Variable(Variable::IngestionTime),
        "aws.events.event" => Meaning::Variable(Variable::EventWithoutDetail),
        "aws.events.event.json" => Meaning::Variable(Variable::Event),
        name => match paths.get(name) {
            Some(path) => Meaning::Variable(Variable::Path(path.clone())),
            None => Meaning::Unknown(name.to_owned()),
        },
    };
    Template::json(&spec.template, meaning).map_err(|fault| match fault {
        Fault::Name(name) => InputRefused::Placeholder { target: target(), name },
        Fault::Json { reason, line, column } => {
            InputRefused::Template { target: target(), reason: format!("{reason} (line {line}, column {column})") }
        }
        Fault::InKey { name } => {
            let reason = format!("the placeholder {name} cannot be used in an object's key");
            InputRefused::Template { target: target(), reason }
        }
    })
}

#[cfg(test)]
mod tests;
