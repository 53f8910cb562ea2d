//! Decides why one alternative is refused, in words, and how it is mended: [`refusal`].
//!
//! Whether it is refused is for the parser to say; here the reason is found a name and a remedy. Each remedy is read by
//! the parser before it is offered.

use super::mend::{Edit, is_accepted, one_or_list, parse_alternative, quote, without_wildcards};
use super::shape::{OPERATORS, is_operator, operator_like};
use super::table::Id;
use super::tree::{Field, Kind, Value};
use super::words::{nearest, quoted, shown};
use super::{anything_but, numeric};
use crate::{Dialect, ParseErrorKind};

/// Why an alternative is refused.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) id: Id,
    pub(super) message: String,
    pub(super) edit: Option<Edit>,
}

/// What AWS says, of which our own engine is more generous.
pub(super) const NO_WILDCARD_IN_PIPES: &str = "AWS's documentation says that pipes have no wildcard";

/// What to do about that.
pub(super) const INSTEAD_OF_WILDCARD: &str = "use prefix or suffix, or let whoever writes the item write an attribute \
                                              that says it, and match that";

/// What may be wrong, before it is known whether one of the remedies is accepted.
pub(super) struct Diagnosis {
    pub(super) id: Id,
    pub(super) message: String,
    /// The best first.
    pub(super) remedies: Vec<Edit>,
}

impl Diagnosis {
    pub(super) fn new(id: Id, message: impl Into<String>) -> Diagnosis {
        Diagnosis { id, message: message.into(), remedies: Vec::new() }
    }

    pub(super) fn remedy(mut self, edit: Edit) -> Diagnosis {
        self.remedies.push(edit);
        self
    }

    pub(super) fn maybe(mut self, edit: Option<Edit>) -> Diagnosis {
        self.remedies.extend(edit);
        self
    }
}

/// What an operator's name was meant to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meant {
    Operator(&'static str),
    Contains,
    Literal,
    /// One of the signs of `numeric`.
    Comparison(&'static str),
    Regex,
}

/// The operator that somebody meant by a name, if it is like one.
pub(super) fn meant(name: &str) -> Option<Meant> {
    if let Some(operator) = operator_like(name) {
        return Some(Meant::Operator(operator));
    }
    if name.len() > 32 {
        return None;
    }
    let plain: String = name.chars().filter(|char| char.is_alphanumeric() || "<>=!".contains(*char)).collect();
    Some(match &*plain.to_lowercase() {
        "contains" | "includes" | "containing" | "substring" => Meant::Contains,
        "startswith" | "beginswith" => Meant::Operator("prefix"),
        "endswith" => Meant::Operator("suffix"),
        "glob" | "like" => Meant::Operator("wildcard"),
        "not" | "notequals" | "notequal" | "notin" | "ne" | "!=" => Meant::Operator("anything-but"),
        "equals" | "equal" | "eq" | "in" | "anyof" => Meant::Literal,
        "=" | "==" => Meant::Comparison("="),
        ">" | "gt" | "greaterthan" => Meant::Comparison(">"),
        ">=" | "gte" | "greaterthanorequal" => Meant::Comparison(">="),
        "<" | "lt" | "lessthan" => Meant::Comparison("<"),
        "<=" | "lte" | "lessthanorequal" => Meant::Comparison("<="),
        "regex" | "regexp" | "matches" | "pattern" => Meant::Regex,
        _ => Meant::Operator(nearest(name, &OPERATORS)?),
    })
}

/// Why an alternative is refused; none if it is accepted.
pub(super) fn refusal(text: &str, alternative: &Value<'_>, dialect: Dialect) -> Option<Refusal> {
    let source = &text[alternative.range.clone()];
    let error = parse_alternative(source, dialect).err()?;
    let mut reason = error.reason;
    if error.kind == ParseErrorKind::NotInDialect {
        match parse_alternative(source, Dialect::Bus) {
            Ok(()) => return Some(accepted_remedy(text, alternative, dialect, anything_but::in_a_pipe(alternative))),
            // On a bus it would be refused as well, and that is the mistake to mend first.
            Err(error) => reason = error.reason,
        }
    }
    let diagnosis = match &alternative.kind {
        Kind::Array(inner) => nested_list(text, alternative, inner),
        Kind::Object(fields) => match &fields[..] {
            [] => Diagnosis::new(Id::Empty, "`{}` names no operator, so it is refused"),
            [field] => operator(text, alternative, field, &reason, dialect),
            several => several_operators(text, alternative, several),
        },
        Kind::String(_) | Kind::Number(_) | Kind::Bool(_) | Kind::Null => invalid(&reason),
    };
    Some(accepted_remedy(text, alternative, dialect, diagnosis))
}

pub(super) fn invalid(reason: &str) -> Diagnosis {
    Diagnosis::new(Id::Invalid, format!("it is refused: {reason}"))
}

/// The first remedy with which the alternative is accepted.
fn accepted_remedy(text: &str, alternative: &Value<'_>, dialect: Dialect, diagnosis: Diagnosis) -> Refusal {
    let outer = &alternative.range;
    let mut message = diagnosis.message;
    let mut edit = None;
    for remedy in diagnosis.remedies {
        let (Some(before), Some(behind)) =
            (text.get(outer.start..remedy.range.start), text.get(remedy.range.end..outer.end))
        else {
            continue;
        };
        let whole = format!("{before}{}{behind}", remedy.with);
        if !is_accepted(&whole, dialect) {
            continue;
        }
        if dialect == Dialect::Bus || !whole.contains("\"wildcard\"") {
            edit = Some(remedy);
            break;
        }
        match without_wildcards(&whole).filter(|whole| is_accepted(whole, dialect)) {
            Some(whole) => {
                edit = Some(Edit::new(outer.clone(), whole));
                break;
            }
            None if !message.contains(NO_WILDCARD_IN_PIPES) => {
                message.push_str(&format!("; {NO_WILDCARD_IN_PIPES}: {INSTEAD_OF_WILDCARD}"));
            }
            None => {}
        }
    }
    Refusal { id: diagnosis.id, message, edit }
}

fn nested_list(text: &str, alternative: &Value<'_>, inner: &[Value<'_>]) -> Diagnosis {
    let message = "a list among the alternatives is refused: alternatives stand side by side in one list";
    let inside = match inner {
        [first, .., last] => Some(first.range.start..last.range.end),
        [only] => Some(only.range.clone()),
        [] => None,
    };
    let edit = inside.map(|inside| Edit::new(alternative.range.clone(), &text[inside]));
    Diagnosis::new(Id::NestedList, message).maybe(edit)
}

fn several_operators(text: &str, alternative: &Value<'_>, fields: &[Field<'_>]) -> Diagnosis {
    let names: Vec<&str> = fields.iter().map(|field| &*field.name).collect();
    let diagnosis = Diagnosis::new(
        Id::SeveralOperators,
        format!(
            "{} has {} operators, and only one may stand in an object",
            shown(&text[alternative.range.clone()]),
            names.len()
        ),
    );
    if names.windows(2).all(|pair| pair[0] == pair[1]) {
        let split: Vec<String> = fields.iter().map(|field| format!("{{{}}}", &text[field.range()])).collect();
        return diagnosis.remedy(Edit::new(alternative.range.clone(), split.join(", ")));
    }
    let argument = |name: &str| fields.iter().find(|field| field.name == name).and_then(|field| field.value.string());
    let both = match (fields, argument("prefix"), argument("suffix")) {
        ([_, _], Some(prefix), Some(suffix)) if !overlap(prefix, suffix) => {
            let wildcard = format!("{}*{}", literal_in_wildcard(prefix), literal_in_wildcard(suffix));
            Some(Edit::new(alternative.range.clone(), format!("{{\"wildcard\": {}}}", quote(&wildcard))))
        }
        _ => None,
    };
    diagnosis.maybe(both)
}

/// Whether a text can begin with the one and end with the other and yet be shorter than both together: `on` begins with
/// `on` and ends with `n`, and `on*n` does not match it.
fn overlap(prefix: &str, suffix: &str) -> bool {
    (1..=prefix.len().min(suffix.len()))
        .any(|length| prefix.as_bytes()[prefix.len() - length..] == suffix.as_bytes()[..length])
}

/// A text as a wildcard that stands for just this text.
pub(super) fn literal_in_wildcard(text: &str) -> String {
    text.replace('\\', "\\\\").replace('*', "\\*")
}

fn operator(text: &str, alternative: &Value<'_>, field: &Field<'_>, reason: &str, dialect: Dialect) -> Diagnosis {
    let argument = &field.value;
    match &*field.name {
        "exists" => exists(text, argument),
        "numeric" => numeric::diagnose(text, alternative, argument, reason),
        "anything-but" => anything_but::diagnose(text, alternative, argument, reason),
        name if is_operator(name) => string_operator(text, alternative, field, reason),
        name => unknown(text, alternative, field, name, dialect),
    }
}

fn exists(text: &str, argument: &Value<'_>) -> Diagnosis {
    let single = match argument.array() {
        Some([only]) => only,
        _ => argument,
    };
    let wanted = match &single.kind {
        Kind::Bool(value) => Some(*value),
        Kind::Number("1") => Some(true),
        Kind::Number("0") => Some(false),
        Kind::String(text) => match &*text.to_ascii_lowercase() {
            "true" | "yes" => Some(true),
            "false" | "no" => Some(false),
            _ => None,
        },
        _ => None,
    };
    let message = format!(
        "exists takes true or false, and {} is {}, so it is refused",
        shown(&text[argument.range.clone()]),
        argument.type_name()
    );
    let edit = wanted.map(|wanted| Edit::new(argument.range.clone(), wanted.to_string()));
    Diagnosis::new(Id::ExistsString, message).maybe(edit)
}

/// `prefix`, `suffix`, `wildcard`, `equals-ignore-case`, `cidr`, `exactly`: all take one string.
fn string_operator(text: &str, alternative: &Value<'_>, field: &Field<'_>, reason: &str) -> Diagnosis {
    let name = &*field.name;
    let argument = &field.value;
    let source = &text[argument.range.clone()];
    match &argument.kind {
        Kind::Array(list) => {
            let one_each: Vec<String> =
                list.iter().map(|value| format!("{{\"{name}\": {}}}", &text[value.range.clone()])).collect();
            let message = format!("{name} takes one string, so the list {} is refused", shown(source));
            Diagnosis::new(Id::OpListArg, message).remedy(Edit::new(alternative.range.clone(), one_each.join(", ")))
        }
        Kind::Object(inner) => {
            let message = format!("{name} takes a string, so {} is refused", shown(source));
            let diagnosis = Diagnosis::new(Id::StringArgument, message);
            match &inner[..] {
                [inner] if inner.name == "equals-ignore-case" && inner.value.array().is_some() => {
                    let list = inner.value.array().unwrap_or_default();
                    let one_each: Vec<String> = list
                        .iter()
                        .map(|value| {
                            let value = &text[value.range.clone()];
                            format!("{{\"{name}\": {{\"equals-ignore-case\": {value}}}}}")
                        })
                        .collect();
                    let list = shown(&text[inner.value.range.clone()]);
                    let message = format!("equals-ignore-case takes one string, so the list {list} is refused");
                    let diagnosis = Diagnosis::new(Id::OpListArg, message);
                    match list_of_one(&inner.value) {
                        Some(only) => diagnosis.remedy(Edit::new(inner.value.range.clone(), &text[only.range.clone()])),
                        None => diagnosis.remedy(Edit::new(alternative.range.clone(), one_each.join(", "))),
                    }
                }
                // The two are the wrong way round.
                [inner] if is_operator(&inner.name) => {
                    let (outer, argument) = (&inner.name, &text[inner.value.range.clone()]);
                    let turned = format!("{{\"{outer}\": {{\"{name}\": {argument}}}}}");
                    diagnosis.remedy(Edit::new(alternative.range.clone(), turned))
                }
                _ => diagnosis,
            }
        }
        Kind::Number(number) => {
            let message = format!("{name} looks at strings only and takes one, so the number {number} is refused");
            Diagnosis::new(Id::StringArgument, message).remedy(Edit::new(argument.range.clone(), quote(number)))
        }
        Kind::Bool(_) | Kind::Null => {
            let message = format!("{name} takes a string, so {} is refused", shown(source));
            Diagnosis::new(Id::StringArgument, message)
        }
        Kind::String(value) if name == "wildcard" => wildcard(argument, value, reason),
        Kind::String(value) if name == "cidr" => cidr(alternative, value, reason),
        Kind::String(_) => invalid(reason),
    }
}

fn list_of_one<'v, 't>(value: &'v Value<'t>) -> Option<&'v Value<'t>> {
    match value.array() {
        Some([only]) => Some(only),
        _ => None,
    }
}

/// A wildcard that cannot be read: two stars side by side, or a backslash in front of something else.
pub(super) fn wildcard(argument: &Value<'_>, value: &str, reason: &str) -> Diagnosis {
    let mended = readable_wildcard(value);
    let message = if reason.starts_with("Consecutive") {
        format!("two stars side by side say no more than one, and are refused in {}", quoted(value))
    } else {
        format!("in {} a backslash stands before something else than * or \\, which is refused", quoted(value))
    };
    Diagnosis::new(Id::WildcardSyntax, message).remedy(Edit::new(argument.range.clone(), quote(&mended)))
}

/// The same wildcard with single stars, and with two backslashes for each that escapes nothing.
pub(super) fn readable_wildcard(value: &str) -> String {
    let mut mended = String::new();
    let mut after_star = false;
    let mut chars = value.chars().peekable();
    while let Some(char) = chars.next() {
        let star = char == '*';
        match char {
            '*' if after_star => {}
            '\\' => {
                mended.push('\\');
                match chars.next_if(|next| matches!(next, '*' | '\\')) {
                    Some(escaped) => mended.push(escaped),
                    None => mended.push('\\'),
                }
            }
            other => mended.push(other),
        }
        after_star = star;
    }
    mended
}

fn cidr(alternative: &Value<'_>, value: &str, reason: &str) -> Diagnosis {
    let address = value.split('/').next().unwrap_or_default();
    let is_address = is_accepted(&format!("{{\"cidr\": {}}}", quote(&format!("{address}/1"))), Dialect::Bus);
    let v6 = address.contains(':');
    let whole = match value.split_once('/') {
        None => true,
        Some((_, mask)) => mask == if v6 { "128" } else { "32" },
    };
    if is_address && whole {
        let message = format!(
            "{} is a single address and no network, which cidr refuses; the address itself does it, in any spelling",
            quoted(value)
        );
        return Diagnosis::new(Id::Cidr32, message).remedy(Edit::new(alternative.range.clone(), quote(address)));
    }
    invalid(reason)
}

fn unknown(text: &str, alternative: &Value<'_>, field: &Field<'_>, name: &str, dialect: Dialect) -> Diagnosis {
    let on_a_bus = dialect == Dialect::Bus;
    let argument = &text[field.value.range.clone()];
    let rename = |to: &str| Edit::new(field.name_range.clone(), quote(to));
    let whole = |with: String| Edit::new(alternative.range.clone(), with);
    let shown_name = quoted(name);
    let nothing = || {
        let known: Vec<&str> =
            OPERATORS[..8].iter().copied().filter(|operator| on_a_bus || *operator != "wildcard").collect();
        let known = known.join(", ");
        Diagnosis::new(Id::UnknownOperator, format!("there is no operator {shown_name}; there are: {known}"))
    };
    match meant(name) {
        Some(Meant::Operator(operator)) if operator_like(name).is_some() => {
            let message = format!("operators are written in small letters with hyphens: {operator}, not {name}");
            Diagnosis::new(Id::OperatorCase, message).remedy(rename(operator))
        }
        Some(Meant::Operator(operator)) => {
            let message = format!("there is no operator {shown_name}; did you mean {operator}?");
            Diagnosis::new(Id::UnknownOperator, message).remedy(rename(operator))
        }
        Some(Meant::Contains) => {
            let wildcards: Option<Vec<String>> = match &field.value.kind {
                Kind::String(value) => Some(vec![value.to_string()]),
                Kind::Array(values) => values.iter().map(|value| value.string().map(str::to_owned)).collect(),
                _ => None,
            };
            let of =
                |value: &String| format!("{{\"wildcard\": {}}}", quote(&format!("*{}*", literal_in_wildcard(value))));
            let edit = wildcards.map(|values| whole(values.iter().map(of).collect::<Vec<_>>().join(", ")));
            let message = if on_a_bus {
                format!("there is no operator {shown_name}; a wildcard with a star at both ends does it")
            } else {
                format!("there is no operator {shown_name}")
            };
            Diagnosis::new(Id::UnknownOperator, message).maybe(edit)
        }
        Some(Meant::Literal) => {
            let values = match field.value.array() {
                Some([first, .., last]) => &text[first.range.start..last.range.end],
                Some([only]) => &text[only.range.clone()],
                _ => argument,
            };
            let message = format!("there is no operator {shown_name}; a plain value in the list means equal");
            Diagnosis::new(Id::UnknownOperator, message).remedy(whole(values.to_owned()))
        }
        Some(Meant::Comparison(sign)) => {
            let message = format!("there is no operator {shown_name}; numbers are compared by numeric");
            Diagnosis::new(Id::UnknownOperator, message)
                .remedy(whole(format!("{{\"numeric\": [\"{sign}\", {argument}]}}")))
        }
        Some(Meant::Regex) => {
            let message = if on_a_bus {
                "there are no regular expressions; wildcard, prefix and suffix are what comes near"
            } else {
                "there are no regular expressions; prefix and suffix are what comes near"
            };
            Diagnosis::new(Id::UnknownOperator, message)
        }
        None => nothing(),
    }
}

/// Strings of an argument that is a string or a list of strings.
pub(super) fn strings(value: &Value<'_>) -> Option<Vec<String>> {
    match &value.kind {
        Kind::String(text) => Some(vec![text.to_string()]),
        Kind::Array(values) => values.iter().map(|value| value.string().map(str::to_owned)).collect(),
        _ => None,
    }
}

/// `{"anything-but": {"wildcard": …}}`
pub(super) fn nested(operator: &str, texts: &[String]) -> String {
    let quoted: Vec<String> = texts.iter().map(|text| quote(text)).collect();
    format!("{{\"anything-but\": {{\"{operator}\": {}}}}}", one_or_list(&quoted))
}
