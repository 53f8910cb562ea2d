//! Decides what is doubtful about the alternatives of a field, whatever the field is: [`check`].

use super::mend::{Edit, is_accepted, parse_alternative, quote, simpler, without_elements, without_wildcards};
use super::operators::{INSTEAD_OF_WILDCARD, NO_WILDCARD_IN_PIPES, literal_in_wildcard, readable_wildcard};
use super::refused::is_alternative;
use super::report::{ERROR, Found, INFO, Report, WARNING};
use super::shape::{Clause, operator_like};
use super::table::Id;
use super::tree::{Field, Kind, Tree, Value};
use super::words::{any_of, quoted, shown};
use super::{Look, Severity, arn};
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
        all_numbers(look, clause, report);
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

    fn in_pipe(&self) -> bool {
        self.look.context.dialect == Dialect::Pipe
    }

    fn whole(&self, with: String) -> Option<Vec<Edit>> {
        let with = if self.in_pipe() && with.contains("\"wildcard\"") { without_wildcards(&with)? } else { with };
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
        if let Some(body) = regex(text) {
            let message = format!(
                "{} looks like a regular expression, but there are none: it is compared letter by letter",
                quoted(text)
            );
            let plain = |text: &&str| {
                !text.is_empty() && text.chars().all(|char| char.is_alphanumeric() || "-_/ @:".contains(char))
            };
            let prefix = body.strip_prefix('^').filter(plain).map(|text| format!("{{\"prefix\": {}}}", quote(text)));
            let suffix = body.strip_suffix('$').filter(plain).map(|text| format!("{{\"suffix\": {}}}", quote(text)));
            let edits = prefix.or(suffix).and_then(|with| self.whole(with));
            report.add(self.found(Id::RegexLiteral, INFO, message).mend(edits));
            return;
        }
        if has_glob(text) {
            let compared =
                format!("{} is compared letter by letter: it only matches a value with a star in it", quoted(text));
            let message = if !self.in_pipe() {
                format!("{compared}; wildcard gives stars a meaning")
            } else if text == "*" || simpler(&readable_wildcard(text)).is_some() {
                compared
            } else {
                format!("{compared}. {NO_WILDCARD_IN_PIPES}: {INSTEAD_OF_WILDCARD}")
            };
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
                    "the star in {} is an ordinary character, and there is no operator that both ignores case and gives a \
                     star a meaning",
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
        let mut message = format!("the star in {operator} {} is an ordinary character", quoted(text));
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
        if edits.is_none() && self.in_pipe() {
            message.push_str(&format!(". {NO_WILDCARD_IN_PIPES}: {INSTEAD_OF_WILDCARD}"));
        }
        report.add(self.found(Id::GlobLiteral, WARNING, message).mend(edits));
    }

    fn wildcard(&self, field: &Field<'_>, text: &str, report: &mut Report) {
        if text.contains('?') && !self.look.sample_has(self.clause.place, text) {
            let message = format!(
                "the question mark in {} is an ordinary character: only a star stands for others",
                quoted(text)
            );
            report.add(self.found(Id::WildcardQuestion, INFO, message));
        }
        if self.in_pipe() {
            self.wildcard_in_pipe(text, report);
            return;
        }
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

    /// Our own engine runs it, AWS's documentation does not list it.
    fn wildcard_in_pipe(&self, text: &str, report: &mut Report) {
        let (message, edits) = match simpler(text) {
            Some(simpler) => {
                (format!("{NO_WILDCARD_IN_PIPES}; {} says the same", shown(&simpler)), self.whole(simpler))
            }
            None if text == "*" => (
                format!("{NO_WILDCARD_IN_PIPES}; {{\"exists\": true}} holds for every value"),
                self.whole("{\"exists\": true}".to_owned()),
            ),
            None => (format!("{NO_WILDCARD_IN_PIPES}: {INSTEAD_OF_WILDCARD}"), None),
        };
        let level = super::report::Level::OnAws(Severity::Warning);
        report.add(self.found(Id::PipesWildcard, level, message).mend(edits));
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
                    Some(_) => format!("; {}", super::stream::WRITE_IT_TOO),
                    None => ", or decide in the function".to_owned(),
                };
                let message = format!(
                    "{compared}. A wildcard inside anything-but would exclude more, but a pipe refuses it: let whoever \
                     writes the item write an attribute that says it, and match that{advice}"
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

/// What stands between the slashes of `/^in/i`, or all of `^in$`, if it is surely a regular expression.
fn regex(text: &str) -> Option<&str> {
    const SIGNS: [&str; 9] = [".*", ".+", "\\d", "\\w", "\\s", "\\.", "[a-z", "[0-9", "(?:"];
    let is_flag = |char: char| matches!(char, 'g' | 'i' | 'm' | 's' | 'u');
    let body = text.trim_end_matches(is_flag).strip_suffix('/').and_then(|text| text.strip_prefix('/'));
    let has_signs = |text: &str| SIGNS.iter().any(|sign| text.contains(sign));
    match body {
        Some(body) => (body.starts_with('^') || body.ends_with('$') || has_signs(body)).then_some(body),
        None => {
            let (begins, ends) = (text.starts_with('^'), text.ends_with('$'));
            (text.len() > 2 && ((begins && ends) || ((begins || ends) && has_signs(text)))).then_some(text)
        }
    }
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

/// `{"numeric": [">", 5]}`: the sign, the number and its text.
fn one_ended<'v>(alternative: &'v Value<'v>) -> Option<(&'v str, f64, &'v str)> {
    let field = alternative.only_field().filter(|field| field.name == "numeric")?;
    let [sign, number] = field.value.array()? else {
        return None;
    };
    let number = number.number()?;
    Some((sign.string()?, number.parse().ok()?, number))
}

/// Two comparisons of which one holds for every number.
fn all_numbers(look: &Look<'_>, clause: &Clause<'_>, report: &mut Report) {
    // There is no number there, which is told already.
    if super::stream::is_typed(look, clause.place) {
        return;
    }
    let ends = || clause.list.iter().enumerate().filter_map(|(index, value)| Some((index, one_ended(value)?)));
    let lows = ends().filter(|(_, (sign, ..))| sign.starts_with('>'));
    let highs = ends().filter(|(_, (sign, ..))| sign.starts_with('<'));
    let (Some((low, (low_sign, from, from_text))), Some((high, (high_sign, to, to_text)))) = (
        lows.min_by(|(_, (_, one, _)), (_, (_, other, _))| one.total_cmp(other)),
        highs.max_by(|(_, (_, one, _)), (_, (_, other, _))| one.total_cmp(other)),
    ) else {
        return;
    };
    let meet = from == to && (low_sign == ">=" || high_sign == "<=");
    if from > to || (from == to && !meet) {
        return;
    }
    let message = format!(
        "alternatives are joined by \"or\", and every number is {low_sign} {from_text} or {high_sign} {to_text}: together \
         they hold for all numbers"
    );
    let (first, second) = (low.min(high), low.max(high));
    let range = format!("{{\"numeric\": [\"{low_sign}\", {from_text}, \"{high_sign}\", {to_text}]}}");
    let ascending = from < to && look.is_mended() && is_accepted(&range, look.context.dialect);
    let edits = without_elements(clause.list, &|index| index == second).filter(|_| ascending).map(|mut edits| {
        edits.push(Edit::new(clause.list[first].range.clone(), range));
        edits
    });
    let range = clause.list[first].range.clone();
    let found = Found::new(Id::NumericOrTautology, WARNING, range, clause.trail, message);
    report.add(found.alternative(first).mend(edits));
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
