//! Decides what is doubtful about the alternatives of a field, whatever the field is: [`check`].

use super::mend::{Edit, is_accepted, parse_alternative, quote, without_elements};
use super::operators::{literal_in_wildcard, readable_wildcard};
use super::refused::is_alternative;
use super::report::{ERROR, Found, INFO, Report, WARNING};
use super::shape::{Clause, operator_like};
use super::table::Id;
use super::tree::{Field, Kind, Tree, Value};
use super::words::{any_of, quoted, shown};
use super::{Look, arn};
use crate::Dialect;
use std::collections::HashSet;

pub(super) fn check(look: &Look<'_>, report: &mut Report) {
    for clause in &look.shape.clauses {
        if report.is_full() {
            return;
        }
        for (index, alternative) in clause.list.iter().enumerate() {
            if report.is_full() {
                return;
            }
            let at = At { look, clause, index, alternative };
            match &alternative.kind {
                Kind::String(text) => at.literal(text, report),
                Kind::Number(number) => at.number(number, report),
                Kind::Object(_) => {
                    let field = alternative.only_field().filter(|_| !report.is_refused(alternative.range.start));
                    if let Some(field) = field {
                        at.operator(field, report);
                    }
                }
                Kind::Array(_) | Kind::Bool(_) | Kind::Null => {}
            }
        }
        if clause.list.iter().any(|alternative| report.is_refused(alternative.range.start)) {
            continue;
        }
        several_anything_but(look, clause, report);
        beside_exists(look, clause, report);
        empty_or_null(look, clause, report);
    }
}

/// Whether no double holds the number exactly, so that it is not compared.
pub(super) fn is_incomparable(number: &str) -> bool {
    const SURELY_EXACT: usize = 15;
    (number.len() > SURELY_EXACT || number.contains(['e', 'E']))
        && parse_alternative(&format!("{{\"numeric\":[\"=\",{number}]}}"), Dialect::Bus).is_err()
}

/// Whether an alternative only holds where there is no value.
pub(super) fn is_absent(alternative: &Value<'_>) -> bool {
    alternative
        .only_field()
        .is_some_and(|field| field.name == "exists" && matches!(field.value.kind, Kind::Bool(false)))
}

fn is_present(alternative: &Value<'_>) -> bool {
    alternative.only_field().is_some_and(|field| field.name == "exists" && matches!(field.value.kind, Kind::Bool(true)))
}

/// What an `anything-but` excludes; none for other alternatives.
pub(super) fn excluded<'v>(alternative: &'v Value<'v>) -> Option<&'v Value<'v>> {
    alternative.only_field().filter(|field| field.name == "anything-but").map(|field| &field.value)
}

/// Stars that look like a glob and not like the fields of a schedule.
fn has_glob(text: &str) -> bool {
    text.contains('*') && !text.contains("* *")
}

struct At<'l> {
    look: &'l Look<'l>,
    clause: &'l Clause<'l>,
    index: usize,
    alternative: &'l Value<'l>,
}

impl At<'_> {
    fn found(&self, id: Id, level: super::report::Level, message: String) -> Found {
        Found::new(id, level, self.alternative.range.clone(), self.clause.trail, message).alternative(self.index)
    }

    fn whole(&self, with: String) -> Option<Vec<Edit>> {
        let accepted = self.look.is_mended() && is_accepted(&with, self.look.context.dialect);
        accepted.then(|| vec![Edit::new(self.alternative.range.clone(), with)])
    }

    fn literal(&self, text: &str, report: &mut Report) {
        if self.look.sample_has(self.clause.place, text) {
            return;
        }
        if is_stringified(text) && is_alternative(text, self.look.context.dialect) {
            let message =
                format!("{} is an operator inside quotes; it only matches a text spelled just so", quoted(text));
            report.add(self.found(Id::CdkStringifiedMatcher, ERROR, message).mend(self.whole(text.to_owned())));
            return;
        }
        if is_path(text) {
            let message =
                format!("{} is compared as a text: a pattern cannot compare two fields of an event", quoted(text));
            report.add(self.found(Id::CrossField, WARNING, message));
            return;
        }
        if has_glob(text) {
            let message = format!(
                "{} is compared letter by letter: it only matches a value with a star in it; wildcard gives stars a meaning",
                quoted(text)
            );
            let with = if text == "*" {
                "{\"exists\": true}".to_owned()
            } else {
                format!("{{\"wildcard\": {}}}", quote(&readable_wildcard(text)))
            };
            report.add(self.found(Id::GlobLiteral, WARNING, message).mend(self.whole(with)));
            return;
        }
        match arn::problem(text) {
            Some(arn::Problem::Separator { mended, wanted }) => {
                let message =
                    format!("{} is no ARN of its service, which writes {wanted}: it matches none", quoted(text));
                report.add(self.found(Id::ArnSeparators, ERROR, message).mend(self.whole(quote(&mended))));
            }
            Some(arn::Problem::TooShort) => {
                let message = format!(
                    "{} has not all parts of an ARN (arn:partition:service:region:account:resource), and matches no whole one",
                    quoted(text)
                );
                report.add(self.found(Id::ArnSeparators, WARNING, message));
            }
            None => {}
        }
    }

    fn number(&self, number: &str, report: &mut Report) {
        if is_incomparable(number) {
            let message = format!(
                "no double holds {number} exactly: it only equals a number that is spelled with just these digits; \
                 numbers so long are better sent as strings"
            );
            report.add(self.found(Id::NumericPrecision, WARNING, message));
        }
    }

    fn operator(&self, field: &Field<'_>, report: &mut Report) {
        match (&*field.name, &field.value.kind) {
            ("prefix" | "suffix", Kind::String(text)) => self.affix(&field.name, &field.value, text, report),
            ("prefix" | "suffix", Kind::Object(_)) => {
                if let Some(inner) = field.value.only_field()
                    && let Some(text) = inner.value.string()
                {
                    self.affix(&field.name, &inner.value, text, report);
                }
            }
            ("equals-ignore-case", Kind::String(text)) if has_glob(text) => {
                let message = format!(
                    "the star in {} is an ordinary character: only wildcard gives it a meaning, and \
                     there is no wildcard that ignores case",
                    quoted(text)
                );
                report.add(self.found(Id::GlobLiteral, WARNING, message));
            }
            ("wildcard", Kind::String(text)) => self.wildcard(field, text, report),
            ("anything-but", Kind::String(_) | Kind::Array(_)) => self.excluded_globs(&field.value, report),
            ("anything-but", Kind::Object(_)) => self.excluded_affixes(&field.value, report),
            _ => {}
        }
    }

    /// `prefix` or `suffix` of a text, perhaps ignoring case, perhaps inside `anything-but`.
    fn affix(&self, operator: &str, argument: &Value<'_>, text: &str, report: &mut Report) {
        if text.is_empty() {
            let message = format!("every string has the empty {operator}, so this holds for all of them");
            report.add(self.found(Id::MatchAll, WARNING, message).mend(self.whole("{\"exists\": true}".to_owned())));
            return;
        }
        if !has_glob(text) {
            return;
        }
        let message = format!("the star in {operator} {} is an ordinary character", quoted(text));
        let bare = if operator == "prefix" { text.trim_end_matches('*') } else { text.trim_start_matches('*') };
        let plain = self.alternative.only_field().is_some_and(|field| field.value.range == argument.range);
        let edits = if !bare.contains('*') && !bare.is_empty() {
            Some(vec![Edit::new(argument.range.clone(), quote(bare))])
        } else if plain {
            let star = if operator == "prefix" { format!("{text}*") } else { format!("*{text}") };
            self.whole(format!("{{\"wildcard\": {}}}", quote(&readable_wildcard(&star))))
        } else {
            None
        };
        report.add(self.found(Id::GlobLiteral, WARNING, message).mend(edits));
    }

    fn wildcard(&self, field: &Field<'_>, text: &str, report: &mut Report) {
        if text.contains('\\') {
            return;
        }
        let rename = |operator: &str, argument: &str| {
            Some(vec![
                Edit::new(field.name_range.clone(), quote(operator)),
                Edit::new(field.value.range.clone(), quote(argument)),
            ])
        };
        if text == "*" {
            let message = "a star alone holds for every string".to_owned();
            report.add(self.found(Id::MatchAll, INFO, message).mend(self.whole("{\"exists\": true}".to_owned())));
        } else if text.matches('*').count() == 1 {
            if let Some(prefix) = text.strip_suffix('*') {
                let message = format!("{} says no more than prefix {}", quoted(text), quoted(prefix));
                report.add(self.found(Id::WildcardRewrite, INFO, message).mend(rename("prefix", prefix)));
            } else if let Some(suffix) = text.strip_prefix('*') {
                let message = format!("{} says no more than suffix {}", quoted(text), quoted(suffix));
                report.add(self.found(Id::WildcardRewrite, INFO, message).mend(rename("suffix", suffix)));
            }
        } else if !text.contains('*') {
            let message = format!("without a star {} is a plain value", quoted(text));
            report.add(self.found(Id::WildcardRewrite, INFO, message).mend(self.whole(quote(text))));
        }
    }

    /// `{"anything-but": "*x*"}`
    fn excluded_globs(&self, argument: &Value<'_>, report: &mut Report) {
        let single = std::slice::from_ref(argument);
        let values = argument.array().unwrap_or(single);
        let texts: Vec<&str> = values.iter().filter_map(Value::string).collect();
        let globs: Vec<String> = texts.iter().filter(|text| has_glob(text)).take(3).map(|text| quoted(text)).collect();
        if globs.is_empty() || texts.iter().any(|text| self.look.sample_has(self.clause.place, text)) {
            return;
        }
        let compared = format!(
            "{} is compared letter by letter: nothing is excluded but a value that is spelled exactly so",
            any_of(&globs)
        );
        let (message, edits) = match self.look.context.dialect {
            Dialect::Bus => {
                let wildcards: Vec<String> = texts
                    .iter()
                    .map(|text| if has_glob(text) { readable_wildcard(text) } else { literal_in_wildcard(text) })
                    .map(|text| quote(&text))
                    .collect();
                let inside = format!("{{\"wildcard\": {}}}", super::mend::one_or_list(&wildcards));
                // Whoever excludes "*" may mean everything, or nothing at all.
                let clear = self.look.is_mended() && !texts.contains(&"*");
                let accepted = clear && is_accepted(&format!("{{\"anything-but\": {inside}}}"), Dialect::Bus);
                let edits = accepted.then(|| vec![Edit::new(argument.range.clone(), inside)]);
                (format!("{compared}. A wildcard inside anything-but excludes what it looks like"), edits)
            }
            Dialect::Pipe => {
                let edits = super::stream::routing_attribute(self.look, self.clause, self.alternative);
                let advice = match edits {
                    Some(_) => "; the mended pattern does, and what lacks the attribute stays out",
                    None => "; or decide in the pipe's target",
                };
                let message = format!(
                    "{compared}. A wildcard inside anything-but would exclude more, but a pipe refuses it: let whoever \
                     writes the item write an attribute that says it (a BOOL \"test\", say), and match that{advice}"
                );
                (message, edits)
            }
        };
        report.add(self.found(Id::AbGlobLiteral, ERROR, message).mend(edits));
    }

    /// `{"anything-but": {"prefix": "x*"}}`
    fn excluded_affixes(&self, argument: &Value<'_>, report: &mut Report) {
        let Some(inner) = argument.only_field().filter(|inner| matches!(&*inner.name, "prefix" | "suffix")) else {
            return;
        };
        let single = std::slice::from_ref(&inner.value);
        for value in inner.value.array().unwrap_or(single) {
            if report.is_full() {
                return;
            }
            if let Some(text) = value.string().filter(|text| has_glob(text)) {
                self.affix(&inner.name, value, text, report);
            }
        }
    }
}

/// `{"prefix": "x"}` as a text.
fn is_stringified(text: &str) -> bool {
    let trimmed = text.trim();
    trimmed.starts_with('{')
        && trimmed.ends_with('}')
        && matches!(Tree::read(trimmed), Ok(Some(tree))
            if tree.top.only_field().is_some_and(|field| operator_like(&field.name).is_some()))
}

/// `$.detail.x` or `<$.detail.x>`
fn is_path(text: &str) -> bool {
    let path = text.strip_prefix('<').unwrap_or(text);
    path.strip_prefix("$.").is_some_and(|rest| rest.starts_with(|char: char| char.is_alphabetic() || char == '['))
}

/// Several `anything-but` that let in what the others exclude.
fn several_anything_but(look: &Look<'_>, clause: &Clause<'_>, report: &mut Report) {
    let all: Vec<(usize, &Value<'_>)> =
        clause.list.iter().enumerate().filter_map(|(index, value)| Some((index, excluded(value)?))).collect();
    let Some(&(first, argument)) = all.first() else {
        return;
    };
    let range = clause.list[first].range.clone();
    let scalars = |value: &Value<'_>| -> Option<Vec<String>> {
        let single = std::slice::from_ref(value);
        let values = value.array().unwrap_or(single);
        values.iter().map(|value| value.is_scalar().then(|| look.text[value.range.clone()].to_owned())).collect()
    };
    let found = |level, message: String| {
        Found::new(Id::AbOrTautology, level, range.clone(), clause.trail, message).alternative(first)
    };
    let lets_in = |excludes: &HashSet<String>, index: usize| {
        let value: &Value<'_> = &clause.list[index];
        value.is_scalar() && excludes.contains(&look.text[value.range.clone()])
    };
    if let [_] = all[..] {
        let excludes: HashSet<String> = scalars(argument).unwrap_or_default().into_iter().collect();
        if let Some(back) = (0..clause.list.len()).find(|index| lets_in(&excludes, *index)) {
            let value = shown(&look.text[clause.list[back].range.clone()]);
            let only = excludes.len() == 1;
            let effect = if only { "everything is let in" } else { "it is not excluded after all" };
            let message = format!("{value} is excluded by one alternative and let in by the other, so {effect}");
            report.add(found(ERROR, message).mend(without_elements(clause.list, &|index| lets_in(&excludes, index))));
        }
        return;
    }
    let lists: Option<Vec<Vec<String>>> = all.iter().map(|(_, argument)| scalars(argument)).collect();
    let Some(lists) = lists else {
        let message = "of several anything-but one is enough, so only what all of them exclude is excluded".to_owned();
        report.add(found(WARNING, message));
        return;
    };
    const COMPARED_MAX: usize = 200;
    if lists.iter().map(Vec::len).sum::<usize>() > COMPARED_MAX {
        return;
    }
    let common = lists[0].iter().any(|value| lists.iter().all(|list| list.contains(value)));
    let mut merged: Vec<String> = Vec::new();
    for value in lists.into_iter().flatten() {
        if !merged.contains(&value) {
            merged.push(value);
        }
    }
    let message = if common {
        "of several anything-but one is enough, so only what all of them exclude is excluded".to_owned()
    } else {
        format!(
            "each of these lets in what the others exclude, so nothing is excluded: neither {}",
            merged.iter().take(4).map(|value| shown(value)).collect::<Vec<_>>().join(" nor ")
        )
    };
    let inside = format!("[{}]", merged.join(", "));
    let fits = is_accepted(&format!("{{\"anything-but\": {inside}}}"), look.context.dialect);
    let merged: HashSet<String> = merged.into_iter().collect();
    let goes = |index: usize| {
        let another = index != first && excluded(&clause.list[index]).is_some();
        another || lets_in(&merged, index)
    };
    let edits = without_elements(clause.list, &goes).filter(|_| fits).map(|mut edits| {
        edits.push(Edit::new(argument.range.clone(), inside));
        edits
    });
    report.add(found(if common { WARNING } else { ERROR }, message).mend(edits));
}

/// Alternatives that `{"exists": true}` makes pointless.
fn beside_exists(look: &Look<'_>, clause: &Clause<'_>, report: &mut Report) {
    let Some(present) = clause.list.iter().position(is_present) else {
        return;
    };
    let Some(other) = clause.list.iter().find(|value| !is_present(value)) else {
        return;
    };
    let absent = clause.list.iter().any(is_absent);
    let (message, edits) = if absent {
        ("that a field is there or is not there is always so: this field decides nothing".to_owned(), None)
    } else {
        let other = &look.text[other.range.clone()];
        (
            format!("{{\"exists\": true}} holds for every value, so {} decides nothing", shown(other)),
            without_elements(clause.list, &|index| is_present(&clause.list[index])),
        )
    };
    let range = clause.list[present].range.clone();
    let found = Found::new(Id::RedundantAlternative, WARNING, range, clause.trail, message).alternative(present);
    report.add(found.mend(edits));
}

/// `[""]` or `[null]` alone.
fn empty_or_null(look: &Look<'_>, clause: &Clause<'_>, report: &mut Report) {
    let [only] = clause.list else {
        return;
    };
    let wanted = match &only.kind {
        Kind::String(text) if text.is_empty() => "an empty text",
        Kind::Null => "a null",
        _ => return,
    };
    if super::stream::is_typed(look, clause.place) {
        return;
    }
    let message = format!("this wants {wanted} that is there; it does not hold where the field is missing");
    let edits = vec![Edit::new(only.range.end..only.range.end, ", {\"exists\": false}")];
    let found = Found::new(Id::EmptyNullAbsent, INFO, only.range.clone(), clause.trail, message);
    report.add(found.alternative(0).mend(edits));
}
