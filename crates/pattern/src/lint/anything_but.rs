//! Decides what a refused `anything-but` was meant to be.

use super::mend::{Edit, one_or_list, quote};
use super::operators::{Diagnosis, invalid, literal_in_wildcard, nested, strings, wildcard};
use super::shape::operator_like;
use super::table::Id;
use super::tree::{Field, Kind, Value};
use super::words::{quoted, shown};

/// What may stand inside `anything-but`.
const NESTED: [&str; 4] = ["prefix", "suffix", "equals-ignore-case", "wildcard"];

/// It is fine, but not in a pipe.
pub(super) fn in_a_pipe(alternative: &Value<'_>) -> Diagnosis {
    let inner = alternative.only_field().and_then(|field| field.value.only_field());
    let name = inner.map_or("an operator", |inner| &*inner.name);
    let diagnosis = Diagnosis::new(
        Id::PipesNestedAb,
        format!(
            "a pipe refuses {name} inside anything-but (event buses have it); let whoever writes the item write an \
             attribute that says it and match that, or decide in the function"
        ),
    );
    // What has nothing special in it is the same as the plain form.
    let plain = inner.and_then(|inner| {
        let texts = strings(&inner.value)?;
        let special = |text: &String| match &*inner.name {
            "wildcard" => text.contains(['*', '\\']),
            "equals-ignore-case" => text.chars().any(char::is_alphabetic),
            _ => true,
        };
        (!texts.iter().any(special)).then_some(&inner.value.range)
    });
    match (plain, inner, alternative.only_field()) {
        (Some(_), Some(inner), Some(outer)) => {
            let texts: Vec<String> = strings(&inner.value).unwrap_or_default().iter().map(|text| quote(text)).collect();
            diagnosis.remedy(Edit::new(outer.value.range.clone(), one_or_list(&texts)))
        }
        _ => diagnosis,
    }
}

pub(super) fn diagnose(text: &str, alternative: &Value<'_>, argument: &Value<'_>, reason: &str) -> Diagnosis {
    if let Some(number) = reason.strip_prefix("Cannot compare number : ") {
        let message = format!(
            "no double holds {} exactly, so it cannot be compared and is refused; write such numbers as strings",
            shown(number)
        );
        return Diagnosis::new(Id::NumericPrecision, message);
    }
    let source = &text[argument.range.clone()];
    let whole = |with: String| Edit::new(alternative.range.clone(), with);
    let wrong = |message: String| Diagnosis::new(Id::AbArgument, message);
    match &argument.kind {
        Kind::Array(list) if list.iter().any(|value| value.object().is_some()) => list_of_objects(text, argument, list),
        Kind::Array(list) if list.is_empty() => wrong("an empty list excludes nothing, and is refused".into()),
        Kind::Array(_) => {
            wrong(format!("anything-but takes strings only or numbers only, so {} is refused", shown(source)))
        }
        Kind::Object(fields) => match &fields[..] {
            [] => wrong("an empty object inside anything-but excludes nothing, and is refused".into()),
            [inner] => inside(text, alternative, inner, reason),
            several => Diagnosis::new(
                Id::SeveralOperators,
                format!(
                    "{} has {} operators inside anything-but, and only one may stand there. Two anything-but side by \
                     side would not do it: alternatives are joined by \"or\", so what the one excludes the other lets in",
                    shown(source),
                    several.len()
                ),
            ),
        },
        Kind::Bool(value) => wrong(format!(
            "anything-but takes strings or numbers, so {value} is refused; what is not {value} is {}",
            !value
        ))
        .remedy(whole((!value).to_string())),
        Kind::Null => wrong("anything-but takes strings or numbers, so null is refused".into()),
        Kind::String(_) | Kind::Number(_) => invalid(reason),
    }
}

/// `{"anything-but": {"name": …}}`
fn inside(text: &str, alternative: &Value<'_>, inner: &Field<'_>, reason: &str) -> Diagnosis {
    let argument = &inner.value;
    let source = &text[argument.range.clone()];
    let whole = |with: String| Edit::new(alternative.range.clone(), with);
    if NESTED.contains(&&*inner.name) {
        return inside_known(text, inner, reason);
    }
    let message = format!("{} cannot stand inside anything-but, and is refused", quoted(&inner.name));
    let diagnosis = Diagnosis::new(Id::AbArgument, message);
    match operator_like(&inner.name) {
        Some("numeric") => diagnosis.maybe(not_in_range(argument).map(whole)),
        Some("exists") => match argument.kind {
            Kind::Bool(value) => diagnosis.remedy(whole(format!("{{\"exists\": {}}}", !value))),
            _ => diagnosis,
        },
        Some("anything-but" | "exactly") => {
            let outer = alternative.only_field().map(|outer| Edit::new(outer.value.range.clone(), source));
            diagnosis.maybe(outer)
        }
        Some(operator) if NESTED.contains(&operator) => {
            diagnosis.remedy(Edit::new(inner.name_range.clone(), quote(operator)))
        }
        _ => diagnosis,
    }
}

fn inside_known(text: &str, inner: &Field<'_>, reason: &str) -> Diagnosis {
    let argument = &inner.value;
    let name = &inner.name;
    match &argument.kind {
        Kind::String(value) if name == "wildcard" => wildcard(argument, value, reason),
        Kind::Array(values) if name == "wildcard" && values.iter().all(|value| value.string().is_some()) => {
            let broken = values.iter().find(|value| {
                let source = format!("{{\"wildcard\": {}}}", &text[value.range.clone()]);
                super::mend::parse_alternative(&source, crate::Dialect::Bus).is_err()
            });
            match broken.and_then(|value| Some((value, value.string()?))) {
                Some((value, pattern)) => wildcard(value, pattern, reason),
                None => invalid(reason),
            }
        }
        Kind::Array(values) => {
            let as_text = |value: &Value<'_>| match &value.kind {
                Kind::String(text) => Some(quote(text)),
                Kind::Number(number) => Some(quote(number)),
                _ => None,
            };
            let quoted: Option<Vec<String>> = values.iter().map(as_text).collect();
            let message = format!(
                "{name} inside anything-but takes strings that are not empty, so {} is refused",
                shown(&text[argument.range.clone()])
            );
            let edit = quoted.map(|quoted| Edit::new(argument.range.clone(), one_or_list(&quoted)));
            Diagnosis::new(Id::AbArgument, message).maybe(edit)
        }
        Kind::Number(number) => {
            let message = format!("{name} looks at strings only and takes one, so the number {number} is refused");
            Diagnosis::new(Id::AbArgument, message).remedy(Edit::new(argument.range.clone(), quote(number)))
        }
        Kind::String(value) if value.is_empty() => {
            let message = format!("every string has the empty {name}, so nothing would be left, and it is refused");
            Diagnosis::new(Id::AbArgument, message)
        }
        // `{"anything-but": {"prefix": {"equals-ignore-case": "x"}}}` and the like.
        _ => {
            let mut diagnosis = invalid(reason);
            diagnosis.id = Id::AbArgument;
            diagnosis
        }
    }
}

/// The numbers that a range with one end leaves out.
fn not_in_range(argument: &Value<'_>) -> Option<String> {
    let [sign, number] = argument.array()? else {
        return None;
    };
    let number = number.number()?;
    let opposite = match sign.string()? {
        "=" => return Some(format!("{{\"anything-but\": {number}}}")),
        "<" => ">=",
        "<=" => ">",
        ">" => "<=",
        ">=" => "<",
        _ => return None,
    };
    Some(format!("{{\"numeric\": [\"{opposite}\", {number}]}}"))
}

/// `{"anything-but": [{"wildcard": "a"}, …]}`: the object belongs outside, the list inside.
fn list_of_objects(text: &str, argument: &Value<'_>, list: &[Value<'_>]) -> Diagnosis {
    let message = format!(
        "a list inside anything-but takes plain values, so {} is refused; write the operator once, and the list inside it",
        shown(&text[argument.range.clone()])
    );
    let diagnosis = Diagnosis::new(Id::AbListOfObjects, message);
    let mut parts: Vec<(&str, String)> = Vec::new();
    for value in list {
        if let Some(literal) = value.string() {
            parts.push(("", literal.to_owned()));
            continue;
        }
        let Some(field) = value.only_field() else {
            return diagnosis;
        };
        let Some(texts) = strings(&field.value) else {
            return diagnosis;
        };
        parts.extend(texts.into_iter().map(|text| (&*field.name, text)));
    }
    let Some(&(operator, _)) = parts.first() else {
        return diagnosis;
    };
    let alike = parts.iter().all(|(name, _)| *name == operator);
    let mended = if alike && NESTED.contains(&operator) {
        let texts: Vec<String> = parts.into_iter().map(|(_, text)| text).collect();
        Some(nested(operator, &texts))
    } else {
        let as_wildcard = |(name, text): &(&str, String)| match *name {
            "" | "exactly" => Some(literal_in_wildcard(text)),
            "prefix" => Some(format!("{}*", literal_in_wildcard(text))),
            "suffix" => Some(format!("*{}", literal_in_wildcard(text))),
            "wildcard" => Some(text.clone()),
            _ => None,
        };
        let wildcards: Option<Vec<String>> = parts.iter().map(as_wildcard).collect();
        wildcards.map(|wildcards| nested("wildcard", &wildcards))
    };
    // The argument alone is replaced, so that what stands around it stays.
    let inner = mended.and_then(|mended| {
        let inside = mended.strip_prefix("{\"anything-but\": ")?.strip_suffix('}')?;
        Some(Edit::new(argument.range.clone(), inside))
    });
    diagnosis.maybe(inner)
}
