//! Finds what no single pattern shows: too many filters or rules, the same filter twice, and streams that one bad
//! record holds up.

use pattern::lint::Severity;
use types::SortedMap;

use super::consumers::{Consumer, GivingUp};
use super::lints::{
    DUPLICATE_PATTERN, Lint, PIPE_WITHOUT_DEAD_LETTERS, PIPE_WITHOUT_END, TOO_MANY_FILTERS, TOO_MANY_WILDCARD_RULES,
    in_pipes,
};
use super::report::{Finding, Reader, Report, Spelling};
use super::values::{Place, Values};

/// The filters that a pipe has at most, and an event source mapping whose quota nobody has raised.
const FILTERS_MAX: usize = 5;
/// The filters that an event source mapping has at most.
const FILTERS_OF_MAPPING_MAX: usize = 10;
/// The rules with wildcards that a bus has at most.
const WILDCARD_RULES_MAX: usize = 30;

pub(super) fn check(consumers: &[Consumer<'_>], values: &Values<'_>, report: &mut Report) {
    for consumer in consumers {
        count_filters(consumer, values, report);
        find_twins(consumer, values, report);
        if let Some(giving_up) = &consumer.giving_up {
            find_end(consumer, giving_up, values, report);
        }
    }
    count_wildcard_rules(consumers, values, report);
}

fn finding(consumer: &Consumer<'_>, lint: &'static Lint, place: &Place<'_>, message: String) -> Finding {
    Finding {
        id: lint.id,
        severities: lint.severities,
        reader: consumer.reader,
        at: place.key_at,
        end: None,
        path: place.path.clone(),
        pattern_path: None,
        message,
        hint: None,
        mended: None,
        spelling: Spelling::Json,
        together: None,
    }
}

fn count_filters(consumer: &Consumer<'_>, values: &Values<'_>, report: &mut Report) {
    let Some(filters) = &consumer.filters else { return };
    let known = values.value(filters.node);
    let items = known.as_ref().unwrap_or(filters.node).as_list();
    let Some(count) = items.map(<[_]>::len).filter(|count| *count > FILTERS_MAX) else { return };
    let (severities, message) = match consumer.reader {
        Reader::EventSourceMapping if count <= FILTERS_OF_MAPPING_MAX => {
            let message = format!(
                "{count} filters: an event source mapping has {FILTERS_MAX}, unless the account's quota was raised"
            );
            (in_pipes(Severity::Warning), message)
        }
        Reader::EventSourceMapping => {
            (TOO_MANY_FILTERS.severities, format!("{count} filters: AWS takes {FILTERS_OF_MAPPING_MAX} at most"))
        }
        Reader::Pipe | Reader::Rule | Reader::Template | Reader::Service => {
            (TOO_MANY_FILTERS.severities, format!("{count} filters: a pipe has {FILTERS_MAX} at most"))
        }
    };
    report.add(Finding { severities, ..finding(consumer, &TOO_MANY_FILTERS, filters, message) });
}

fn find_twins(consumer: &Consumer<'_>, values: &Values<'_>, report: &mut Report) {
    let mut seen: SortedMap<String, &Place<'_>> = SortedMap::new();
    for place in &consumer.patterns {
        let Some(read) = values.text(place.node) else { continue };
        let Some(first) = seen.insert(without_spaces(read.located.text()), place) else { continue };
        let at = read.located.span(0..read.located.text().len()).map_or(place.node.at, |(at, _)| at);
        // Both branches of an `Fn::If` may well say the same.
        if are_alternatives(&first.path, &place.path) {
            continue;
        }
        let message = format!("this is the same pattern as the one in line {}", first.node.at.line);
        let found = finding(consumer, &DUPLICATE_PATTERN, place, message);
        report.add(Finding { at, hint: Some("leave it out, or say what it was meant to add".to_owned()), ..found });
    }
}

/// Whether two places are in different branches of one `Fn::If`.
fn are_alternatives(one: &str, other: &str) -> bool {
    const CALL: &str = ".Fn::If[";
    let same = one.bytes().zip(other.bytes()).take_while(|(one, other)| one == other).count();
    one.get(..same).is_some_and(|common| common.ends_with(CALL))
}

/// JSON without the spaces between its tokens.
fn without_spaces(text: &str) -> String {
    let (mut quoted, mut escaped) = (false, false);
    let kept = text.chars().filter(|character| {
        let keep = quoted || !character.is_ascii_whitespace();
        match character {
            '"' if !escaped => quoted = !quoted,
            _ => {}
        }
        escaped = quoted && *character == '\\' && !escaped;
        keep
    });
    kept.collect()
}

/// Whether what fails is given up some time, and kept then.
fn find_end(consumer: &Consumer<'_>, giving_up: &GivingUp<'_>, values: &Values<'_>, report: &mut Report) {
    let GivingUp { parameters, dead_letters } = giving_up;
    // -1 stands for no limit; what is not known may be one.
    let is_limited = |key: &str| {
        let given = values.below(parameters, &[key]);
        given.iter().any(|limit| values.is_given(limit.node) && values.scalar(limit.node).as_deref() != Some("-1"))
    };
    let limited = is_limited("MaximumRetryAttempts") || is_limited("MaximumRecordAgeInSeconds");
    let kept = values.below(parameters, dead_letters).iter().any(|place| values.is_given(place.node));
    let (lint, message) = match (limited, kept) {
        (true, true) => return,
        (false, _) => (
            &PIPE_WITHOUT_END,
            "one record that cannot be handled holds up all behind it until the stream forgets it: there is no limit \
             to how often or how long it is tried",
        ),
        (true, false) => {
            (&PIPE_WITHOUT_DEAD_LETTERS, "a record that is given up is lost: there is no place for dead letters")
        }
    };
    let keys = dead_letters.join(".");
    let hint = match limited {
        true => format!("name a queue in {keys}"),
        false => format!("set MaximumRetryAttempts or MaximumRecordAgeInSeconds, and name a queue in {keys}"),
    };
    let found = finding(consumer, lint, parameters, message.to_owned());
    report.add(Finding { hint: Some(hint), ..found });
}

fn count_wildcard_rules(consumers: &[Consumer<'_>], values: &Values<'_>, report: &mut Report) {
    let mut counts: SortedMap<&str, usize> = SortedMap::new();
    for consumer in consumers {
        let Some(bus) = &consumer.bus else { continue };
        let wild = consumer.patterns.iter().find(|place| {
            let read = values.text(place.node).unwrap_or_else(|| values.json(place.node));
            without_spaces(read.located.text()).contains("{\"wildcard\":")
        });
        let Some(place) = wild else { continue };
        let count = counts.get_or_default(bus);
        *count += 1;
        // Said once, at the first one too many.
        if *count == WILDCARD_RULES_MAX + 1 {
            let message = format!(
                "this is rule {count} with a wildcard on the bus `{bus}`, and AWS takes {WILDCARD_RULES_MAX} on one bus"
            );
            report.add(finding(consumer, &TOO_MANY_WILDCARD_RULES, place, message));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_go_between_tokens_alone() {
        let cases = [
            ("{ \"a b\" : [ 1,\n 2 ] }", "{\"a b\":[1,2]}"),
            (r#"{"q\" ": ["\\" , "x y"]}"#, r#"{"q\" ":["\\","x y"]}"#),
        ];
        for (text, expected) in cases {
            assert_eq!(without_spaces(text), expected);
        }
    }

    #[test]
    fn branches_of_one_choice_are_alternatives() {
        let cases = [
            ("A.Filters.Fn::If[1][0].Pattern", "A.Filters.Fn::If[2][0].Pattern", true),
            ("A.Filters[0].Pattern", "A.Filters[1].Pattern", false),
            ("A.Fn::If[1][0].Pattern", "A.Fn::If[1][1].Pattern", false),
        ];
        for (one, other, expected) in cases {
            assert_eq!(are_alternatives(one, other), expected, "{one} {other}");
        }
    }
}
