//! Decides which function a request names, and which version or alias of it: by name, or by the whole or a part of its ARN,
//! each with a qualifier behind a colon, or with one of its own.

use crate::Context;
use crate::error::{Code, WireError};
use crate::head::{RequestHead, form};
use crate::members::Rules;
use types::{FunctionName, Qualifier};

/// What AWS says that the name of a function is, for operations that see dots in names of old.
pub(super) const DOTTED: &str = r"(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_\.]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?";
/// The same for all others.
pub(super) const PLAIN: &str = r"(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?";
const QUALIFIER: &str = "(|[a-zA-Z0-9$_-]+)";
/// How many characters the name of a function has at most, with all that may be before and behind it.
const NAME_MAX: usize = 170;
const QUALIFIER_MAX: usize = 128;

/// The function that a request names, and which version or alias of it. One that there cannot be is one that is not there.
pub(super) fn named(
    head: &RequestHead<'_>,
    given: &str,
    pattern: &str,
    context: &Context,
) -> Result<(FunctionName, Option<Qualifier>), WireError> {
    let account = &context.account;
    let query = form(head.query);
    let queried = query.iter().find(|(known, _)| known == "Qualifier").map(|(_, value)| value.as_str());
    let parts = Parts::of(given);
    if let Some(elsewhere) = parts.as_ref().and_then(|parts| parts.region).filter(|region| *region != account.region) {
        let here = &account.region;
        let message = format!("Functions from '{elsewhere}' are not reachable in this region ('{here}')");
        return Err(WireError::new(Code::ResourceNotFound, message));
    }
    let mut rules = Rules::default();
    rules.length(given, "functionName", 0, NAME_MAX);
    if parts.is_none() {
        let rule = format!("Member must satisfy regular expression pattern: {pattern}");
        rules.broken(Some(given), "functionName", &rule);
    }
    if let Some(qualifier) = queried {
        rules.length(qualifier, "qualifier", 0, QUALIFIER_MAX);
        if !qualifier.chars().all(|char| is_of_alias(char) || char == '$') {
            let rule = format!("Member must satisfy regular expression pattern: {QUALIFIER}");
            rules.broken(Some(qualifier), "qualifier", &rule);
        }
    }
    rules.check(Code::Validation)?;
    let parts = parts.expect("what is no name was noted, and refused by the check of the rules");
    let queried = queried.filter(|qualifier| !qualifier.is_empty());
    if let (Some(one), Some(other)) = (parts.qualifier, queried)
        && one != other
    {
        let message = "The derived qualifier from the function name does not match the specified qualifier.";
        return Err(WireError::new(Code::InvalidParameterValue, message));
    }
    let not_found = |resource: &str| {
        let arn = account.arn("lambda", &format!("function:{resource}")).to_string();
        let arn = if given.starts_with("arn:") { given.to_owned() } else { arn };
        WireError::new(Code::ResourceNotFound, format!("Function not found: {arn}"))
    };
    if parts.account.is_some_and(|id| id != account.id) {
        return Err(not_found(given));
    }
    let function: FunctionName = parts.name.parse().map_err(|_| not_found(parts.name))?;
    let qualifier = parts.qualifier.or(queried).map(|text| {
        text.parse().map_err(|_| {
            let arn = account.arn("lambda", &format!("function:{function}:{text}"));
            WireError::new(Code::ResourceNotFound, format!("Function not found: {arn}"))
        })
    });
    Ok((function, qualifier.transpose()?))
}

/// What the name of a function is put together from.
#[derive(Debug, PartialEq)]
struct Parts<'a> {
    region: Option<&'a str>,
    account: Option<&'a str>,
    name: &'a str,
    qualifier: Option<&'a str>,
}

impl<'a> Parts<'a> {
    /// Takes a text of the form [`DOTTED`] apart.
    fn of(given: &'a str) -> Option<Self> {
        let all: Vec<&str> = given.split(':').collect();
        let mut rest = &all[..];
        if let ["arn", partition, "lambda", behind @ ..] = rest {
            let is_word = |text: &str| text.chars().all(|char| char.is_ascii_alphabetic() || char == '-');
            if !partition.is_empty() && !partition.strip_prefix("aws").is_some_and(is_word) {
                return None;
            }
            rest = behind;
        }
        // What may be left out is so only before a name.
        let mut optional = |fits: fn(&str) -> bool| match rest {
            [first, behind @ ..] if !behind.is_empty() && fits(first) => {
                rest = behind;
                Some(*first)
            }
            _ => None,
        };
        let region = optional(is_region);
        let account = optional(|text| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()));
        optional(|text| text == "function");
        let (name, qualifier) = match rest {
            [name] => (*name, None),
            [name, qualifier] => (*name, Some(*qualifier)),
            _ => return None,
        };
        let is_name = !name.is_empty() && name.chars().all(|char| is_of_alias(char) || char == '.');
        let is_qualifier = |text: &str| text == "$LATEST" || (!text.is_empty() && text.chars().all(is_of_alias));
        (is_name && qualifier.is_none_or(is_qualifier)).then_some(Self { region, account, name, qualifier })
    }
}

fn is_of_alias(char: char) -> bool {
    char.is_ascii_alphanumeric() || char == '-' || char == '_'
}

fn is_region(text: &str) -> bool {
    let is_small = |part: &str| !part.is_empty() && part.chars().all(|char| char.is_ascii_lowercase());
    let is_isolated = |part: &str| part == "gov" || (part.starts_with("iso") && part.len() <= 4 && is_small(part));
    match text.split('-').collect::<Vec<_>>()[..] {
        [land, ref middle @ .., place, number] => {
            let is_middle = match middle {
                [] => true,
                [one] => is_isolated(one),
                _ => false,
            };
            land.len() == 2
                && is_small(land)
                && is_middle
                && is_small(place)
                && number.len() == 1
                && number.chars().all(|char| char.is_ascii_digit())
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart() {
        let parts = |region, account, name, qualifier| Some(Parts { region, account, name, qualifier });
        let (here, id) = (Some("us-east-1"), Some("000000000000"));
        let cases = [
            ("f", parts(None, None, "f", None)),
            ("f.g:1", parts(None, None, "f.g", Some("1"))),
            ("f:$LATEST", parts(None, None, "f", Some("$LATEST"))),
            ("function:f:live", parts(None, None, "f", Some("live"))),
            ("function", parts(None, None, "function", None)),
            ("000000000000", parts(None, None, "000000000000", None)),
            ("000000000000:function:f", parts(None, id, "f", None)),
            ("us-east-1:000000000000:f", parts(here, id, "f", None)),
            ("arn:aws:lambda:us-east-1:000000000000:function:f:1", parts(here, id, "f", Some("1"))),
            (
                "arn:aws-us-gov:lambda:us-gov-west-1:000000000000:function:f",
                parts(Some("us-gov-west-1"), id, "f", None),
            ),
            ("arn:azure:lambda:us-east-1:000000000000:function:f", None),
            ("arn:aws:lambda:us-east-1:000000000000:function:f:1:2", None),
            ("arn:aws:lambda:nowhere:000000000000:function:f", None),
            ("f:$LATER", None),
            ("f:", None),
            ("a b", None),
            ("", None),
        ];
        for (given, expected) in cases {
            assert_eq!(Parts::of(given), expected, "{given}");
        }
    }
}
