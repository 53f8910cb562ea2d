//! Decides the advice on a clause that does not hold: what is nearly right about a value, or why there is none.
//!
//! Nothing here decides whether something holds. A guess ("only the case differs") is made by asking the same tests
//! about a slightly different value, or slightly different tests about the same value.

use super::event::{Missing, type_name};
use super::words::{listed, name, quoted};
use crate::address::Address;
use crate::number::comparable;
use crate::test::{Excluded, Scalar, Test};
use crate::wildcard::Wildcard;

/// What is nearly right about a value that does not satisfy a test.
pub(super) fn nearly(test: &Test, value: Scalar<'_>, path: &str) -> Option<String> {
    match (test, value) {
        (Test::Not(excluded), value) => excluded_by(excluded, value),
        (Test::Absent, _) => None,
        (_, Scalar::Text(text)) => of_text(test, text, path),
        (_, Scalar::Number(text)) => of_number(test, text),
        (Test::Bool(_), Scalar::Bool(_)) => None,
        (Test::Null, _) | (_, Scalar::Null | Scalar::Bool(_)) => other_type(test, value),
    }
}

fn of_text(test: &Test, text: &str, path: &str) -> Option<String> {
    let trimmed = text.trim();
    match test {
        Test::Number { .. } | Test::Numeric(_) => {
            let is_dynamodb = path == "N" || path.ends_with(".N");
            let of_dynamodb = if is_dynamodb { "DynamoDB's N holds a string, and " } else { "" };
            let is_literal = matches!(test, Test::Number { .. }) && test.holds(Scalar::Number(trimmed));
            let mended = if is_literal { format!("; write {}", quoted(text)) } else { String::new() };
            Some(format!("{of_dynamodb}a string is never equal to a number or compared with one{mended}"))
        }
        Test::Bool(_) | Test::Null if reads_as_wanted(test, text) => {
            Some(format!("it is the string {}, not {trimmed} itself", quoted(text)))
        }
        Test::Bool(_) | Test::Null => other_type(test, Scalar::Text(text)),
        Test::Network(_, network) => of_network(network, text),
        Test::Address(..) if Address::parse(text).is_none() => Some("it is no IP address".to_owned()),
        Test::Text(wanted) if Address::parse(wanted).is_some() && Address::parse(wanted) == Address::parse(text) => {
            Some("it is the same address in another spelling, which `exactly` does not accept".to_owned())
        }
        _ if ignoring_case(test).is_some_and(|test| test.holds(Scalar::Text(text))) => {
            Some("only the case differs".to_owned())
        }
        Test::Wildcard(_, wanted) if lower_case(wanted).is_some_and(|w| w.matches(&text.to_lowercase())) => {
            Some("only the case differs".to_owned())
        }
        Test::Text(wanted) if wanted.contains('*') && Wildcard::parse(wanted).is_ok_and(|w| w.matches(text)) => {
            Some(format!("in a plain string `*` is just an asterisk; write {{\"wildcard\": {}}}", quoted(wanted)))
        }
        _ if trimmed != text && test.holds(Scalar::Text(trimmed)) => {
            Some("it has blanks at an end, which count".to_owned())
        }
        _ => None,
    }
}

/// The same test for any case.
fn ignoring_case(test: &Test) -> Option<Test> {
    match test {
        Test::Text(text) => Some(Test::EqualIgnoringCase(text.clone())),
        Test::Prefix(text) => Some(Test::PrefixIgnoringCase(text.clone())),
        Test::Suffix(text) => Some(Test::SuffixIgnoringCase(text.clone())),
        _ => None,
    }
}

fn lower_case(wildcard: &str) -> Option<Wildcard> {
    Wildcard::parse(&wildcard.to_lowercase()).ok()
}

fn reads_as_wanted(test: &Test, text: &str) -> bool {
    let read = match text.trim() {
        "true" => Scalar::Bool(true),
        "false" => Scalar::Bool(false),
        "null" => Scalar::Null,
        _ => return false,
    };
    test.holds(read)
}

fn of_network(network: &str, text: &str) -> Option<String> {
    let version = |address| match address {
        Address::V4(_) => 4,
        Address::V6(_) => 6,
    };
    let Some(address) = Address::parse(text) else { return Some("it is no IP address".to_owned()) };
    let network = network.split('/').next().and_then(Address::parse)?;
    let (found, wanted) = (version(address), version(network));
    (found != wanted).then(|| format!("an IPv{found} address is in no IPv{wanted} network"))
}

fn of_number(test: &Test, text: &str) -> Option<String> {
    let incomparable = || comparable(text).is_none();
    match test {
        Test::Numeric(_) if incomparable() => {
            Some("no double holds this number exactly, so it is compared with nothing".to_owned())
        }
        Test::Number { .. } if incomparable() => {
            Some("no double holds this number exactly, so it equals only its own spelling".to_owned())
        }
        Test::Number { value: None, text: wanted } => {
            Some(format!("no double holds {wanted} exactly, so only the same spelling equals it"))
        }
        Test::Numeric(range) => {
            let bounds = [&range.low, &range.high];
            let excluded = |bound: &&crate::test::Bound| !bound.inclusive && Some(bound.value) == comparable(text);
            let at_bound = bounds.into_iter().flatten().any(|bound| excluded(&bound));
            at_bound.then(|| "the bound itself is excluded".to_owned())
        }
        Test::Number { .. } => None,
        Test::Text(_) | Test::Prefix(_) | Test::Suffix(_) if test.holds(Scalar::Text(text)) => {
            Some(format!("it is the number {text}, not the string {}", quoted(text)))
        }
        _ => other_type(test, Scalar::Number(text)),
    }
}

/// For a value of a type that the test never holds for.
fn other_type(test: &Test, value: Scalar<'_>) -> Option<String> {
    let wanted = match test {
        Test::Text(_) | Test::Address(..) => "a string",
        Test::Number { .. } | Test::Numeric(_) => "a number",
        Test::Bool(_) => "a boolean",
        Test::Null => "null",
        Test::Prefix(_)
        | Test::PrefixIgnoringCase(_)
        | Test::Suffix(_)
        | Test::SuffixIgnoringCase(_)
        | Test::EqualIgnoringCase(_)
        | Test::Wildcard(..)
        | Test::Network(..) => return Some(format!("it is {}; this operator is for strings only", type_name(value))),
        Test::Not(_) | Test::Present | Test::Absent => return None,
    };
    Some(format!("it is {}, not {wanted}", type_name(value)))
}

/// Which part of an `anything-but` holds for the value.
fn excluded_by(excluded: &Excluded, value: Scalar<'_>) -> Option<String> {
    let tests: Vec<Test> = match excluded {
        Excluded::Texts(_) | Excluded::Numbers(_) => return None,
        Excluded::Prefixes(texts) => texts.iter().cloned().map(Test::Prefix).collect(),
        Excluded::Suffixes(texts) => texts.iter().cloned().map(Test::Suffix).collect(),
        Excluded::EqualIgnoringCase(texts) => texts.iter().cloned().map(Test::EqualIgnoringCase).collect(),
        Excluded::Wildcards(wildcards) => {
            wildcards.iter().cloned().map(|(wildcard, text)| Test::Wildcard(wildcard, text)).collect()
        }
    };
    let hit = tests.into_iter().find(|test| test.holds(value));
    match hit? {
        Test::Prefix(text) => Some(format!("what begins with {} is excluded", quoted(&text))),
        Test::Suffix(text) => Some(format!("what ends with {} is excluded", quoted(&text))),
        Test::EqualIgnoringCase(text) => Some(format!("{} is excluded in any case", quoted(&text))),
        Test::Wildcard(_, text) => Some(format!("what is like {} is excluded", quoted(&text))),
        _ => None,
    }
}

/// Why there is no value, where one is wanted. `kind_of_change` is the name of a stream record's change.
pub(super) fn missing(missing: &Missing, tests: &[&Test], kind_of_change: Option<&str>) -> String {
    let wants_absence_too = tests.iter().any(|test| matches!(test, Test::Not(_)));
    match missing {
        Missing::NoField { object, name: image, .. }
            if object == "dynamodb" && (image == "OldImage" || image == "NewImage") =>
        {
            match (kind_of_change, image.as_str()) {
                (Some("INSERT"), "OldImage") => "an INSERT has no OldImage".to_owned(),
                (Some("REMOVE"), "NewImage") => "a REMOVE has no NewImage".to_owned(),
                _ => format!("this record has no {image}"),
            }
        }
        Missing::NoField { similar: Some(similar), name, .. } => {
            format!("there is `{similar}`, and names are compared with their case, so it is not `{name}`")
        }
        Missing::NoField { .. } if wants_absence_too => {
            "`anything-but` wants a value; add {\"exists\": false} for when there is none".to_owned()
        }
        Missing::NoField { object, name: field, has, has_count, .. } => {
            // The whole path stands in the sentence that this is advice on.
            let object = object.rsplit('.').next().filter(|last| !last.is_empty()).unwrap_or("the event");
            match has_count {
                0 => format!("{object} has no `{field}`; it is empty"),
                count => format!("{object} has no `{field}`; it has: {}", listed(has, *count)),
            }
        }
        Missing::InsideScalar { place, type_name } => {
            format!("{} is {type_name}, so nothing is inside it", name(place))
        }
        Missing::IsObject { has_count: 0, .. } => "it is empty, so there is no value inside it either".to_owned(),
        Missing::IsObject { in_array: true, has, has_count } => {
            format!("there are values inside them, under: {}", listed(has, *has_count))
        }
        Missing::IsObject { in_array: false, has, has_count } => {
            format!("there are values inside it, under: {}", listed(has, *has_count))
        }
        Missing::IsEmptyArray { .. } => "it is an empty array, which has no value".to_owned(),
    }
}
