use super::*;
use crate::views::order::Clause;
use serde_json::json;

fn clause(sentence: &str) -> Clause {
    Clause { path: "p".into(), wants: vec![], seen: vec![], sentence: sentence.into() }
}

fn filter(sentences: &[&str]) -> Filter {
    let failures = sentences.iter().map(|sentence| clause(sentence)).collect();
    Filter { matched: sentences.is_empty(), failures, conflict: None }
}

fn outcome(at: &str, result: Delivery) -> Outcome {
    let place = "100000000000000000001".to_owned();
    Outcome { at: format!("2025-10-31T{at}Z"), first: place.clone(), last: place, records: 1, result }
}

fn failed(attempt: u32, then: Then) -> Delivery {
    Delivery::Failed { error: "OrderDrill: a drill makes order ORD-1001 fail".into(), attempt, then }
}

fn matched(outcomes: Vec<Outcome>, settled: bool) -> Verdict {
    Verdict::Matched { filters: vec![filter(&[])], outcomes, settled }
}

fn pipe(name: &str, function: &str, verdict: Verdict) -> PipeVerdict {
    PipeVerdict { pipe: name.into(), function: function.into(), verdict }
}

fn change(event: &str, at: &str, attributes: Vec<Attribute>, pipes: Vec<PipeVerdict>) -> Change {
    Change {
        at: format!("2025-10-31T{at}Z"),
        event: event.into(),
        sequence_number: "100000000000000000001".into(),
        attributes,
        pipes,
    }
}

fn attribute(name: &str, before: Option<Json>, after: Option<Json>) -> Attribute {
    Attribute { name: name.into(), before, after }
}

use serde_json::Value as Json;

fn order(histories: Vec<History>) -> Order {
    Order { order: "ORD-1001".into(), histories, searched: vec!["NewOrders".into(), "Orders".into()], similar: vec![] }
}

fn history(older: Older, changes: Vec<Change>) -> History {
    History { table: "NewOrders".into(), key: Some(json!({"orderId": {"S": "ORD-1001"}})), older, changes }
}

/// What one verdict looks like.
fn check(verdict: Verdict) -> String {
    let change = change("MODIFY", "10:00:00.000", vec![], vec![pipe("premium", "PremiumOrderLambda", verdict)]);
    draw_change(&change, Look::PLAIN).lines().skip(1).collect::<Vec<_>>().join("\n")
}

#[test]
fn an_order_is_a_tree_of_changes_and_pipes() {
    let delivered = |at| outcome(at, Delivery::Delivered { invocations: 1 });
    let view = order(vec![history(
        Older::None,
        vec![
            change(
                "INSERT",
                "10:00:00.000",
                vec![
                    attribute("amount", None, Some(json!({"N": "1500"}))),
                    attribute("customerEmail", None, Some(json!({"S": "vip@example.com"}))),
                    attribute("status", None, Some(json!({"S": "pending"}))),
                ],
                vec![
                    pipe(
                        "premium-orders",
                        "PremiumOrderLambda",
                        Verdict::Stopped {
                            filters: vec![
                                filter(&[r#"eventName is "INSERT", the pattern wants "MODIFY""#]),
                                filter(&[
                                    r#"dynamodb.OldImage.status.S is absent, the pattern wants "pending""#,
                                    r#"eventName is "INSERT", the pattern wants "MODIFY""#,
                                ]),
                            ],
                        },
                    ),
                    pipe("standard", "OrderProcessorLambda", matched(vec![delivered("10:00:00.004")], true)),
                ],
            ),
            change(
                "MODIFY",
                "10:05:00.000",
                vec![attribute("status", Some(json!({"S": "pending"})), Some(json!({"S": "shipped"})))],
                vec![
                    pipe(
                        "premium-orders",
                        "PremiumOrderLambda",
                        matched(
                            vec![
                                outcome(
                                    "10:05:00.003",
                                    failed(1, Then::Retry { at: "2025-10-31T10:05:01.003Z".into() }),
                                ),
                                delivered("10:05:01.009"),
                            ],
                            true,
                        ),
                    ),
                    pipe("standard", "OrderProcessorLambda", Verdict::BeganLater),
                ],
            ),
            change("REMOVE", "10:06:00.000", vec![attribute("status", Some(json!({"S": "shipped"})), None)], vec![]),
        ],
    )]);
    insta::assert_snapshot!(draw(&view, Look::PLAIN), @"");
}

#[test]
fn what_came_of_a_match_is_said_first_and_how_it_came_to_it_below() {
    let gave_up = |queue: Option<&str>, error: Option<&str>| Delivery::GaveUp {
        condition: "RetryAttemptsExhausted".into(),
        error: error.map(str::to_owned),
        attempts: 2,
        queue: queue.map(str::to_owned),
    };
    let retry = || Then::Retry { at: "2025-10-31T10:00:02.000Z".into() };
    let two = || vec![outcome("10:00:00.001", failed(1, retry())), outcome("10:00:02.001", failed(2, retry()))];
    let with = |mut outcomes: Vec<Outcome>, last: Delivery| {
        outcomes.push(outcome("10:00:02.002", last));
        outcomes
    };
    insta::assert_snapshot!(check(matched(with(two(), gave_up(Some("PremiumOrdersDLQ"), Some("OrderDrill: no"))), true)), @"");
    insta::assert_snapshot!(check(matched(with(vec![], gave_up(None, None)), true)), @"");
    insta::assert_snapshot!(check(matched(two(), false)), @"");
    insta::assert_snapshot!(check(matched(vec![], false)), @"");
    insta::assert_snapshot!(check(matched(with(vec![], Delivery::Accepted), true)), @"");
    let postponed = Delivery::Postponed { error: "busy".into(), retry_at: "2025-11-01T00:00:00.000Z".into() };
    insta::assert_snapshot!(check(matched(with(vec![], postponed), false)), @"");
    let many = Outcome { records: 4, ..outcome("10:00:00.001", failed(1, Then::Halves)) };
    insta::assert_snapshot!(check(matched(with(vec![many], Delivery::Delivered { invocations: 1 }), true)), @"");
}

#[test]
fn one_filter_that_stops_for_one_reason_takes_one_line() {
    let stopped = |filters| check(Verdict::Stopped { filters });
    let absent = r#"dynamodb.OldImage.status.S is absent, the pattern wants "pending""#;
    insta::assert_snapshot!(stopped(vec![filter(&[absent])]), @"");
    insta::assert_snapshot!(stopped(vec![filter(&[absent, "b is 1, the pattern wants 2"])]), @"");
    let torn = Filter { matched: false, failures: vec![], conflict: Some("no single element has all".into()) };
    insta::assert_snapshot!(stopped(vec![torn]), @"");
}

#[test]
fn what_has_left_the_log_is_said() {
    let gone = order(vec![history(Older::LeftTheLog, vec![])]);
    insta::assert_snapshot!(draw(&gone, Look::PLAIN), @"");
    let many = order(vec![history(Older::TooMany, vec![change("MODIFY", "10:00:00.000", vec![], vec![])])]);
    insta::assert_snapshot!(draw(&many, Look::PLAIN), @"");
}

#[test]
fn nothing_out_of_an_order_reaches_the_terminal_as_it_stands() {
    let evil = "\u{1b}]0;owned\u{7}\u{202e}";
    let attribute = attribute(evil, Some(json!({"S": evil})), Some(json!({"M": {evil: {"S": evil}}})));
    let verdict = Verdict::Stopped { filters: vec![filter(&[evil]), filter(&[evil])] };
    let gave_up = Delivery::GaveUp { condition: evil.into(), error: None, attempts: 1, queue: Some(evil.into()) };
    let pipes = vec![
        pipe(evil, evil, verdict),
        pipe(evil, evil, matched(vec![outcome("1", failed(1, Then::Rest)), outcome("1", gave_up)], true)),
    ];
    let change = change(evil, "10:00:00.000", vec![attribute], pipes);
    let key = Some(json!({"a": {"S": evil}, "b": {"S": evil}}));
    let history = History { table: evil.into(), key, older: Older::None, changes: vec![change] };
    let text = draw(&Order { order: evil.into(), ..order(vec![history]) }, Look::PLAIN);
    assert!(!text.chars().any(|c| c != '\n' && (c.is_control() || c == '\u{202e}')), "{text:?}");
}

#[test]
fn an_unknown_order_is_refused_with_where_it_was_looked_for() {
    let failure = unknown(&order(vec![]));
    assert_eq!((failure.code, failure.error.as_str()), (NO, "there is no order ORD-1001 in tables NewOrders, Orders"));
    let failure = unknown(&Order { similar: vec!["ORD-1".into()], ..order(vec![]) });
    assert_eq!(failure.hint.as_deref(), Some("did you mean ORD-1?"));
}
