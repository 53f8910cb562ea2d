//! Whether the conditions of a statement hold.
//!
//! Only keys that are known here can hold. A key that is not known makes its statement not
//! match, and the caller is told, because guessing either way would be a wrong promise.

use super::document::Condition;
use super::wildcard;
use types::SortedMap;

/// How a condition came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    Holds,
    Fails,
    /// It cannot be told, for this reason.
    Unknown(String),
}

#[derive(Clone, Copy)]
enum Comparison {
    Equals,
    EqualsIgnoreCase,
    Like,
    ArnLike,
    Bool,
    Null,
    /// Known to AWS, but no key that is known here is compared this way.
    Other,
}

/// The operator without `IfExists` and the set prefixes: how it compares, and whether it negates.
fn comparison(operator: &str) -> Option<(Comparison, bool)> {
    let operator = operator.strip_suffix("IfExists").unwrap_or(operator);
    let operator =
        operator.strip_prefix("ForAnyValue:").or_else(|| operator.strip_prefix("ForAllValues:")).unwrap_or(operator);
    Some(match operator {
        "StringEquals" => (Comparison::Equals, false),
        "StringNotEquals" => (Comparison::Equals, true),
        "StringEqualsIgnoreCase" => (Comparison::EqualsIgnoreCase, false),
        "StringNotEqualsIgnoreCase" => (Comparison::EqualsIgnoreCase, true),
        "StringLike" => (Comparison::Like, false),
        "StringNotLike" => (Comparison::Like, true),
        "ArnEquals" | "ArnLike" => (Comparison::ArnLike, false),
        "ArnNotEquals" | "ArnNotLike" => (Comparison::ArnLike, true),
        "Bool" => (Comparison::Bool, false),
        "Null" => (Comparison::Null, false),
        "NumericEquals"
        | "NumericNotEquals"
        | "NumericLessThan"
        | "NumericLessThanEquals"
        | "NumericGreaterThan"
        | "NumericGreaterThanEquals"
        | "DateEquals"
        | "DateNotEquals"
        | "DateLessThan"
        | "DateLessThanEquals"
        | "DateGreaterThan"
        | "DateGreaterThanEquals"
        | "BinaryEquals"
        | "IpAddress"
        | "NotIpAddress" => (Comparison::Other, false),
        _ => return None,
    })
}

pub(super) fn is_operator(operator: &str) -> bool {
    comparison(operator).is_some()
}

/// Whether one condition holds; `context` has the keys that are known, in lower case.
pub(super) fn outcome(condition: &Condition, context: &SortedMap<String, String>) -> Outcome {
    let Condition { operator, key, values } = condition;
    let Some((comparison, negated)) = comparison(operator) else {
        return Outcome::Unknown(format!("the condition operator `{operator}` is not known here"));
    };
    let Some(actual) = context.get(&key.to_ascii_lowercase()) else {
        return Outcome::Unknown(format!("the condition key `{key}` is not known here"));
    };
    if let Some(variable) = values.iter().find(|value| value.contains("${")) {
        return Outcome::Unknown(format!("the policy variable in `{variable}` is not known here"));
    }
    let compare = |value: &String| match comparison {
        Comparison::Equals => Some(value == actual),
        Comparison::EqualsIgnoreCase => Some(value.eq_ignore_ascii_case(actual)),
        Comparison::Like => Some(wildcard::matches(value, actual)),
        Comparison::ArnLike => Some(wildcard::arn_matches(value, actual)),
        Comparison::Bool => Some(value.eq_ignore_ascii_case(actual)),
        // The key is there, so only "it is not null" holds.
        Comparison::Null => Some(value == "false"),
        Comparison::Other => None,
    };
    let compared: Option<Vec<bool>> = values.iter().map(compare).collect();
    match compared {
        None => Outcome::Unknown(format!("the condition operator `{operator}` is not evaluated here")),
        Some(compared) if compared.contains(&true) != negated => Outcome::Holds,
        Some(_) => Outcome::Fails,
    }
}
