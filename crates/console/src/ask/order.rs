//! Decides how what the engine knows of an order becomes a view of it.

use super::{Problem, place};
use crate::views::order::{
    Attribute, BusEvent, Change, Clause, Delivery, Filter, History, Line, Mark, Older, Order, Outcome, PipeVerdict,
    Then, Verdict,
};
use delivery::filters::Explanation;
use engine::{Catalog, Decision, Difference, Engine, Explained, ExplainedChange, How};
use serde_json::Value as Json;

/// How long an order's id may be.
const ID_BYTES_MAX: usize = 2048;

/// Everything that is known of an order.
pub fn explain(engine: &Engine, order: &str) -> Result<Order, Problem> {
    if order.is_empty() || order.len() > ID_BYTES_MAX {
        let error = format!("an order's id has 1 to {ID_BYTES_MAX} bytes");
        return Err(Problem::new(super::Kind::Invalid, error));
    }
    let found = engine.explain(order)?;
    let mut similar = Vec::new();
    if found.is_empty() {
        for candidate in variants(order) {
            if !engine.explain(&candidate)?.is_empty() {
                similar.push(candidate);
            }
        }
    }
    let catalog = engine.catalog();
    let searched = catalog.tables.keys().map(ToString::to_string).collect();
    let mut histories: Vec<History> = found.iter().map(|found| history(found, &catalog)).collect();
    for pipe in histories.iter_mut().flat_map(|history| &mut history.changes).flat_map(|change| &mut change.pipes) {
        let function = catalog.functions.iter().find(|(name, _)| name.as_str() == pipe.function);
        pipe.log_group = function.map(|(_, entry)| entry.spec.log_group.to_string());
    }
    let events = engine.archived_events(order)?.iter().map(bus_event).collect();
    Ok(Order { order: order.to_owned(), histories, searched, similar, events })
}

fn bus_event(kept: &engine::ArchivedEvent) -> BusEvent {
    let event: Json = serde_json::from_str(&kept.json).unwrap_or_default();
    let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
    BusEvent {
        id: text("id"),
        at: kept.received_at.iso_millis(),
        source: text("source"),
        detail_type: text("detail-type"),
        archive: kept.archive.to_string(),
    }
}

/// Other ways to spell an id.
fn variants(order: &str) -> Vec<String> {
    let bare = order.trim().trim_start_matches('#');
    let mut variants = vec![bare.to_owned(), bare.to_uppercase(), bare.to_lowercase()];
    if bare.starts_with(|first: char| first.is_ascii_digit()) {
        variants.push(format!("ORD-{}", bare.to_uppercase()));
    }
    let mut distinct = Vec::new();
    for variant in variants {
        if !variant.is_empty() && variant != order && !distinct.contains(&variant) {
            distinct.push(variant);
        }
    }
    distinct
}

fn history(explained: &Explained, catalog: &Catalog) -> History {
    let older = match explained.older {
        engine::Older::None => Older::None,
        engine::Older::LeftTheLog => Older::LeftTheLog,
        engine::Older::TooMany => Older::TooMany,
    };
    let key = explained.changes.first().map(|change| change.record.change.keys.to_json());
    let changes = explained.changes.iter().map(change).collect();
    let layout = super::layout(catalog, &explained.table);
    History { table: explained.table.to_string(), key, layout, older, changes }
}

fn change(explained: &ExplainedChange) -> Change {
    let change = &explained.record.change;
    let differences = engine::differences(change.old.as_ref(), change.new.as_ref());
    Change {
        at: change.at.iso_millis(),
        event: change.kind.name().to_owned(),
        sequence_number: place(change.sequence),
        attributes: differences.into_iter().map(attribute).collect(),
        pipes: explained.pipes.iter().map(pipe).collect(),
    }
}

fn attribute(difference: Difference<'_>) -> Attribute {
    let json = |value: &types::Value| serde_json::to_value(value).expect("a value has string keys");
    Attribute {
        name: difference.name.to_owned(),
        before: difference.before.map(json),
        after: difference.after.map(json),
    }
}

fn pipe(verdict: &engine::Verdict) -> PipeVerdict {
    let filters = |said: &[Explanation]| said.iter().map(filter).collect();
    let decided = match &verdict.decision {
        Decision::BeforeIts => Verdict::BeganLater,
        Decision::Stopped(said) => Verdict::Stopped { filters: filters(said) },
        Decision::Matched { filters: said, outcomes, settled } => Verdict::Matched {
            filters: filters(said),
            outcomes: outcomes.iter().map(outcome).collect(),
            settled: *settled,
        },
    };
    let function = verdict.function.clone();
    PipeVerdict { pipe: verdict.pipe.to_string(), function, log_group: None, verdict: decided }
}

/// What one filter said, as far as it keeps the event from matching.
pub(crate) fn filter(said: &Explanation) -> Filter {
    let failures: Vec<Clause> = said
        .failures()
        .map(|clause| Clause {
            path: clause.path.clone(),
            wants: clause.alternatives.clone(),
            seen: clause.seen.clone(),
            sentence: clause.sentence.clone(),
        })
        .collect();
    // The reasons are the clauses' sentences, and behind them what else there is.
    let conflict = said.reasons().into_iter().nth(failures.len());
    let several = said.branches.len() > 1 && !said.matched;
    let ways = if several { said.tree.failing_lines().into_iter().map(line).collect() } else { Vec::new() };
    Filter { matched: said.matched, failures, conflict, ways }
}

fn line(line: pattern::Line) -> Line {
    let mark = match line.mark {
        pattern::Mark::Holds => Mark::Holds,
        pattern::Mark::Fails => Mark::Fails,
        pattern::Mark::Skipped => Mark::Skipped,
        pattern::Mark::Advice => Mark::Advice,
    };
    Line { stem: line.stem, mark, text: line.text }
}

fn outcome(outcome: &engine::Outcome) -> Outcome {
    let result = match &outcome.how {
        How::Delivered { invocations } => Delivery::Delivered { invocations: *invocations },
        How::Accepted => Delivery::Accepted,
        How::Redelivered => Delivery::Redelivered,
        How::Failed { error, attempt, then } => {
            let then = match then {
                engine::Then::Retry { at } => Then::Retry { at: at.iso_millis() },
                engine::Then::Rest => Then::Rest,
                engine::Then::Halves => Then::Halves,
            };
            Delivery::Failed { error: error.clone(), attempt: *attempt, then }
        }
        How::Postponed { error, retry_at } => {
            Delivery::Postponed { error: error.clone(), retry_at: retry_at.iso_millis() }
        }
        How::GaveUp { condition, error, attempts, queue } => Delivery::GaveUp {
            condition: condition.clone(),
            error: error.clone(),
            attempts: *attempts,
            queue: queue.clone(),
        },
    };
    Outcome {
        at: outcome.at.iso_millis(),
        first: place(outcome.first),
        last: place(outcome.last),
        records: outcome.records,
        result,
    }
}

/// An item's key as text, for tables that keep several items of one order.
pub(crate) fn key_text(key: &Json) -> String {
    let members = key.as_object().into_iter().flatten();
    let texts: Vec<String> = members.map(|(name, value)| format!("{name} {}", value_text(value))).collect();
    texts.join(", ")
}

/// A value in DynamoDB's JSON, as people write it: `"pending"`, `1500`, `true`, `{"a": 1}`.
pub(crate) fn value_text(value: &Json) -> String {
    let Some((kind, content)) = value.as_object().and_then(|members| members.iter().next()) else {
        return value.to_string();
    };
    match (kind.as_str(), content) {
        ("N", Json::String(number)) => number.clone(),
        ("NULL", _) => "null".to_owned(),
        ("B", Json::String(bytes)) => format!("bytes {bytes}"),
        ("NS", Json::Array(numbers)) => {
            let numbers: Vec<&str> = numbers.iter().filter_map(Json::as_str).collect();
            format!("{{{}}}", numbers.join(", "))
        }
        ("SS" | "BS", Json::Array(texts)) => {
            let texts: Vec<String> = texts.iter().map(ToString::to_string).collect();
            format!("{{{}}}", texts.join(", "))
        }
        ("L", Json::Array(values)) => {
            let values: Vec<String> = values.iter().map(value_text).collect();
            format!("[{}]", values.join(", "))
        }
        ("M", Json::Object(members)) => {
            let member =
                |(name, value): (&String, &Json)| format!("{}: {}", Json::from(name.as_str()), value_text(value));
            let members: Vec<String> = members.iter().map(member).collect();
            format!("{{{}}}", members.join(", "))
        }
        (_, content) => content.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_written_as_people_write_them() {
        let cases = [
            (json!({"S": "pend\"ing"}), r#""pend\"ing""#),
            (json!({"N": "1500.5"}), "1500.5"),
            (json!({"BOOL": true}), "true"),
            (json!({"NULL": true}), "null"),
            (json!({"NS": ["1", "2"]}), "{1, 2}"),
            (json!({"SS": ["a", "b"]}), r#"{"a", "b"}"#),
            (json!({"L": [{"N": "1"}, {"M": {"x": {"S": "y"}}}]}), r#"[1, {"x": "y"}]"#),
            (json!({"B": "Zm9v"}), "bytes Zm9v"),
        ];
        for (value, text) in cases {
            assert_eq!(value_text(&value), text);
        }
        assert_eq!(key_text(&json!({"a": {"S": "x"}, "b": {"N": "1"}})), r#"a "x", b 1"#);
    }

    #[test]
    fn other_spellings_of_an_id_are_tried_once_each() {
        let cases: [(&str, &[&str]); 4] = [
            ("ord-1001", &["ORD-1001"]),
            ("1001", &["ORD-1001"]),
            (" #Ord-1 ", &["Ord-1", "ORD-1", "ord-1"]),
            ("ORD-1001", &["ord-1001"]),
        ];
        for (order, expected) in cases {
            assert_eq!(variants(order), expected, "{order}");
        }
    }
}
