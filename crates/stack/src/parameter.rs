//! Decides what a template's parameters are and which values they take.
//!
//! Start at [`Parameter::read`]; [`Parameter::value`] picks the override or the default and
//! holds it against the parameter's own rules. Types that need an account to look something up
//! (SSM parameters, lists of subnets) are refused by name.

use regex_lite::Regex;

use crate::findings::{Failed, Findings, Path, Position};
use crate::node::{Entry, Node};
use crate::properties::Properties;

/// CloudFormation's own limit for a parameter's value.
const VALUE_BYTES_MAX: usize = 4_096;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ParameterType {
    String,
    Number,
    CommaDelimitedList,
    NumberList,
}

#[derive(Debug)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) at: Position,
    kind: ParameterType,
    default: Option<String>,
    allowed_values: Option<Vec<String>>,
    allowed_pattern: Option<(String, Regex)>,
    constraint_description: Option<String>,
    lengths: (Option<u64>, Option<u64>),
    values: (Option<f64>, Option<f64>),
    no_echo: bool,
}

/// What a parameter stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ParameterValue {
    Text(String),
    List(Vec<String>),
}

impl Parameter {
    pub(crate) fn read(entry: &Entry, path: &Path<'_>, findings: &mut Findings) -> Option<Self> {
        let mut properties = Properties::open(&entry.value, path, findings)?;
        const KINDS: [(&str, ParameterType); 4] = [
            ("String", ParameterType::String),
            ("Number", ParameterType::Number),
            ("CommaDelimitedList", ParameterType::CommaDelimitedList),
            ("List<Number>", ParameterType::NumberList),
        ];
        let kind = properties.required_choice("Type", &KINDS);
        let default = properties.text("Default", 0..=VALUE_BYTES_MAX);
        let allowed_values = properties.text_list("AllowedValues");
        let allowed_pattern = properties.pattern("AllowedPattern");
        let lengths = (
            properties.integer("MinLength", 0..=VALUE_BYTES_MAX as i64),
            properties.integer("MaxLength", 0..=VALUE_BYTES_MAX as i64),
        );
        let values = (properties.float("MinValue"), properties.float("MaxValue"));
        let no_echo = properties.boolean("NoEcho").unwrap_or(false);
        let constraint_description = properties.text("ConstraintDescription", 0..=VALUE_BYTES_MAX);
        properties.accept("Description");
        properties.finish();
        Some(Self {
            name: entry.key.clone(),
            at: entry.key_at,
            kind: kind?,
            default,
            allowed_values,
            allowed_pattern,
            constraint_description,
            lengths: (lengths.0.map(i64::unsigned_abs), lengths.1.map(i64::unsigned_abs)),
            values,
            no_echo,
        })
    }

    /// The override or the default, if it keeps the parameter's rules.
    pub(crate) fn value(
        &self,
        overridden: Option<&String>,
        path: &Path<'_>,
        findings: &mut Findings,
    ) -> Result<ParameterValue, Failed> {
        let Some(text) = overridden.or(self.default.as_ref()) else {
            return Err(findings.add_with_hint(
                self.at,
                path,
                "this parameter has no default and no value was given",
                format!("give it a value for `{}`", self.name),
            ));
        };
        self.check(text).map_err(|reason| {
            let shown = if self.no_echo { "****" } else { text };
            let message = format!("the value `{shown}` {reason}");
            match &self.constraint_description {
                Some(rule) => findings.add_with_hint(self.at, path, message, rule.clone()),
                None => findings.add(self.at, path, message),
            }
        })?;
        Ok(match self.kind {
            ParameterType::String | ParameterType::Number => ParameterValue::Text(text.clone()),
            ParameterType::CommaDelimitedList | ParameterType::NumberList => {
                ParameterValue::List(parts(text).map(str::to_owned).collect())
            }
        })
    }

    fn check(&self, text: &str) -> Result<(), String> {
        if text.len() > VALUE_BYTES_MAX {
            return Err(format!("has {} bytes, the limit is {VALUE_BYTES_MAX}", text.len()));
        }
        let elements: Vec<&str> = match self.kind {
            ParameterType::String | ParameterType::Number => vec![text],
            ParameterType::CommaDelimitedList | ParameterType::NumberList => parts(text).collect(),
        };
        if let Some(allowed) = &self.allowed_values
            && let Some(other) = elements.iter().find(|element| !allowed.iter().any(|a| a == *element))
        {
            let shown = if self.no_echo { "****" } else { other };
            return Err(format!("is not allowed: `{shown}` is none of {}", allowed.join(", ")));
        }
        match self.kind {
            ParameterType::String => self.check_text(text),
            ParameterType::CommaDelimitedList => Ok(()),
            ParameterType::Number | ParameterType::NumberList => {
                elements.into_iter().try_for_each(|element| self.check_number(element))
            }
        }
    }

    fn check_text(&self, text: &str) -> Result<(), String> {
        let length = text.chars().count() as u64;
        if self.lengths.0.is_some_and(|min| length < min) || self.lengths.1.is_some_and(|max| length > max) {
            return Err(format!("has {length} characters, allowed are {}", between(self.lengths.0, self.lengths.1)));
        }
        match &self.allowed_pattern {
            Some((source, regex)) if !regex.is_match(text) => Err(format!("does not match AllowedPattern `{source}`")),
            _ => Ok(()),
        }
    }

    fn check_number(&self, text: &str) -> Result<(), String> {
        let number: f64 = text.parse().ok().filter(|number: &f64| number.is_finite()).ok_or("is not a number")?;
        if self.values.0.is_some_and(|min| number < min) || self.values.1.is_some_and(|max| number > max) {
            return Err(format!("is out of range, allowed is {}", between(self.values.0, self.values.1)));
        }
        Ok(())
    }
}

impl ParameterValue {
    /// The value as a node that stands where it is referred to.
    pub(crate) fn into_node(self, at: Position) -> Node {
        match self {
            Self::Text(text) => Node::scalar(at, text),
            Self::List(items) => Node::list(at, items.into_iter().map(|item| Node::scalar(at, item)).collect()),
        }
    }
}

/// The elements of a list parameter; the spaces around the commas do not count.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(move |part| !(part.is_empty() && text.trim().is_empty()))
}

fn between<T: std::fmt::Display>(min: Option<T>, max: Option<T>) -> String {
    match (min, max) {
        (Some(min), Some(max)) => format!("{min} to {max}"),
        (Some(min), None) => format!("{min} or more"),
        (None, Some(max)) => format!("at most {max}"),
        (None, None) => "anything".to_owned(),
    }
}
