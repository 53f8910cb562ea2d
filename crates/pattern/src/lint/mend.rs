//! Decides how a text is mended: [`Edit`]s replace just the wrong bytes, and everything else stays as it was.
//!
//! A mend is offered only if the alternative that it writes is accepted by the very parser that will read it
//! ([`is_accepted`]), so nobody is told to write something that is refused as well.

use super::tree::{Field, Tree, Value};
use crate::{BRANCHES_MAX, Dialect, Limits, ParseError, Pattern, WILDCARD_COMPLEXITY_MAX};
use std::ops::Range;

/// Replaces a range of the text.
#[derive(Debug, Clone)]
pub(super) struct Edit {
    pub(super) range: Range<usize>,
    pub(super) with: String,
}

impl Edit {
    pub(super) fn new(range: Range<usize>, with: impl Into<String>) -> Edit {
        Edit { range, with: with.into() }
    }

    /// Puts something in front of and behind a range.
    pub(super) fn around(range: Range<usize>, before: &str, behind: &str) -> Vec<Edit> {
        vec![Edit::new(range.start..range.start, before), Edit::new(range.end..range.end, behind)]
    }
}

/// The text with all edits made; none if two of them overlap.
pub(super) fn apply(text: &str, edits: &[Edit]) -> Option<String> {
    let mut sorted: Vec<&Edit> = edits.iter().collect();
    sorted.sort_by_key(|edit| (edit.range.start, edit.range.end));
    let mut mended = String::with_capacity(text.len());
    let mut at = 0;
    for edit in sorted {
        mended.push_str(text.get(at..edit.range.start)?);
        mended.push_str(&edit.with);
        at = edit.range.end;
    }
    mended.push_str(text.get(at..)?);
    Some(mended)
}

/// A text as a JSON string.
pub(super) fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for char in text.chars() {
        match char {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            control if control < ' ' => quoted.push_str(&format!("\\u{:04x}", u32::from(control))),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

/// Strings as a JSON list, or the string itself if there is just one.
pub(super) fn one_or_list(quoted: &[String]) -> String {
    match quoted {
        [only] => only.clone(),
        several => format!("[{}]", several.join(", ")),
    }
}

/// What the parser says of one alternative, whatever stands around it.
pub(super) fn parse_alternative(alternative: &str, dialect: Dialect) -> Result<(), ParseError> {
    let limits = Limits { size_max: usize::MAX, branches_max: BRANCHES_MAX, wildcard_complexity_max: None };
    Pattern::parse_within(&format!("{{\"a\":[{alternative}]}}"), dialect, &limits).map(drop)
}

/// Whether these alternatives are accepted, their wildcards too.
pub(super) fn is_accepted(alternatives: &str, dialect: Dialect) -> bool {
    let limits = Limits {
        size_max: usize::MAX,
        branches_max: BRANCHES_MAX,
        wildcard_complexity_max: Some(WILDCARD_COMPLEXITY_MAX),
    };
    Pattern::parse_within(&format!("{{\"a\":[{alternatives}]}}"), dialect, &limits).is_ok()
}

/// The same alternatives without wildcards, which pipes of AWS do not have: a star only at the end is a prefix, only at
/// the beginning a suffix. None if one of them cannot be said so.
pub(super) fn without_wildcards(alternatives: &str) -> Option<String> {
    let text = format!("[{alternatives}]");
    let tree = Tree::read(&text).ok().flatten()?;
    let mut edits = Vec::new();
    for value in tree.top.array()? {
        let wildcard = value.only_field().filter(|field| field.name == "wildcard");
        if let Some(field) = wildcard {
            edits.push(Edit::new(value.range.clone(), simpler(field.value.string()?)?));
        } else if text[value.range.clone()].contains("\"wildcard\"") {
            return None;
        }
    }
    let text = apply(&text, &edits)?;
    Some(text.strip_prefix('[')?.strip_suffix(']')?.to_owned())
}

/// A wildcard as the simpler operator that says the same; none if there is none.
pub(super) fn simpler(wildcard: &str) -> Option<String> {
    if wildcard.contains('\\') || wildcard == "*" {
        return None;
    }
    match wildcard.matches('*').count() {
        0 => Some(quote(wildcard)),
        1 => match (wildcard.strip_suffix('*'), wildcard.strip_prefix('*')) {
            (Some(prefix), _) => Some(format!("{{\"prefix\": {}}}", quote(prefix))),
            (None, Some(suffix)) => Some(format!("{{\"suffix\": {}}}", quote(suffix))),
            (None, None) => None,
        },
        _ => None,
    }
}

/// Takes fields out of an object, with the commas that they leave over; none if nothing would remain.
pub(super) fn without_fields(fields: &[Field<'_>], out: &dyn Fn(usize) -> bool) -> Option<Vec<Edit>> {
    let ranges: Vec<Range<usize>> = fields.iter().map(Field::range).collect();
    without(&ranges, out)
}

/// Takes elements out of a list, with the commas that they leave over; none if nothing would remain.
pub(super) fn without_elements(values: &[Value<'_>], out: &dyn Fn(usize) -> bool) -> Option<Vec<Edit>> {
    let ranges: Vec<Range<usize>> = values.iter().map(|value| value.range.clone()).collect();
    without(&ranges, out)
}

fn without(ranges: &[Range<usize>], out: &dyn Fn(usize) -> bool) -> Option<Vec<Edit>> {
    let mut edits = Vec::new();
    let mut kept = false;
    for (index, range) in ranges.iter().enumerate() {
        if !out(index) {
            kept = true;
        } else if kept {
            edits.push(Edit::new(ranges[index - 1].end..range.end, ""));
        } else {
            let next = ranges.get(index + 1)?;
            edits.push(Edit::new(range.start..next.start, ""));
        }
    }
    kept.then_some(edits)
}

/// The text without the blanks between its tokens.
pub(super) fn without_blanks(text: &str) -> String {
    let mut short = String::with_capacity(text.len());
    let mut in_string = false;
    let mut escaped = false;
    for char in text.chars() {
        if in_string {
            in_string = escaped || char != '"';
            escaped = char == '\\' && !escaped;
        } else if char == '"' {
            in_string = true;
        } else if matches!(char, ' ' | '\t' | '\n' | '\r') {
            continue;
        }
        short.push(char);
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_go_with_their_commas() {
        let text = r#"{ "a": 1, "b": 2 , "c": 3 }"#;
        let cases: [(&[usize], Option<&str>); 6] = [
            (&[0], Some(r#"{ "b": 2 , "c": 3 }"#)),
            (&[1], Some(r#"{ "a": 1 , "c": 3 }"#)),
            (&[2], Some(r#"{ "a": 1, "b": 2 }"#)),
            (&[0, 1], Some(r#"{ "c": 3 }"#)),
            (&[1, 2], Some(r#"{ "a": 1 }"#)),
            (&[0, 1, 2], None),
        ];
        let tree = Tree::read(text).unwrap().unwrap();
        let fields = tree.top.object().unwrap();
        for (out, expected) in cases {
            let edits = without_fields(fields, &|index| out.contains(&index));
            assert_eq!(edits.and_then(|edits| apply(text, &edits)).as_deref(), expected, "{out:?}");
        }
    }

    #[test]
    fn blanks_inside_strings_stay() {
        assert_eq!(without_blanks("{ \"a b\" :\n[ \"\\\" c\" ] }"), r#"{"a b":["\" c"]}"#);
    }
}
