//! An order's story as people see it.

use super::*;
use crate::views::order::{BusEvent, Clause};
use serde_json::json;

fn clause(sentence: &str) -> Clause {
    Clause { path: "p".into(), wants: vec![], seen: vec![], sentence: sentence.into() }
}

fn filter(sentences: &[&str]) -> Filter {
    let failures = sentences.iter().map(|sentence| clause(sentence)).collect();
    Filter { matched: sentences.is_empty(), failures, conflict: None, ways: vec![] }
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
    PipeVerdict {
        pipe: name.into(),
        function: function.into(),
        log_group: Some(format!("/aws/lambda/{function}")),
        verdict,
    }
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
    Order {
        order: "ORD-1001".into(),
        histories,
        searched: vec!["NewOrders".into(), "Orders".into()],
        similar: vec![],
        events: vec![],
    }
}

fn history(older: Older, changes: Vec<Change>) -> History {
    History {
        table: "NewOrders".into(),
        key: Some(json!({"orderId": {"S": "ORD-1001"}})),
        layout: None,
        older,
        changes,
    }
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
    insta::assert_snapshot!(draw(&view, false, Look::PLAIN), @r#"
    ORD-1001 in NewOrders, 3 changes

    INSERT  2025-10-31 10:00:00.000  sequence 100000000000000000001
    │   amount         1500
    │   customerEmail  "vip@example.com"
    │   status         "pending"
    ├─ premium-orders  ✘ stopped: by each of 2 filters, of which one would have to match; all say
    │                    · eventName is "INSERT", the pattern wants "MODIFY"
    │                    · filter 2 of 2 also: dynamodb.OldImage.status.S is absent, the pattern wants "pending"
    └─ standard        ✔ matched → OrderProcessorLambda: delivered at 10:00:00.004 (1 attempt)

    MODIFY  2025-10-31 10:05:00.000  sequence 100000000000000000001
    │   status  "pending" → "shipped"
    ├─ premium-orders  ✔ matched → PremiumOrderLambda: delivered at 10:05:01.009 (2 attempts)
    │                    · attempt 1 failed at 10:05:00.003: OrderDrill: a drill makes order ORD-1001 fail
    └─ standard        – began later: it never saw this change

    REMOVE  2025-10-31 10:06:00.000  sequence 100000000000000000001
    │   status  "shipped" → gone
    └─ no pipe reads this table
    "#);
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
    let drill = "OrderDrill: a drill makes order ORD-1001 fail";
    let with = |mut outcomes: Vec<Outcome>, last: Delivery| {
        outcomes.push(outcome("10:00:02.002", last));
        outcomes
    };
    insta::assert_snapshot!(check(matched(with(two(), gave_up(Some("PremiumOrdersDLQ"), Some("OrderDrill: no"))), true)), @r"
    └─ premium  ✘ matched → PremiumOrderLambda: dead-lettered to PremiumOrdersDLQ after 2 attempts: OrderDrill: no (at 10:00:02.002)
                  · attempts 1 to 2 failed from 10:00:00.001 to 10:00:02.001: OrderDrill: a drill makes order ORD-1001 fail
    ");
    insta::assert_snapshot!(check(matched(with(vec![], gave_up(None, None)), true)), @"└─ premium  ✘ matched → PremiumOrderLambda: dropped, because the pipe has no dead-letter queue, after 2 attempts: RetryAttemptsExhausted (at 10:00:02.002)");
    insta::assert_snapshot!(check(matched(two(), false)), @r"
    └─ premium  … matched → PremiumOrderLambda: attempt 2 failed at 10:00:02.001: OrderDrill: a drill makes order ORD-1001 fail; next try at 10:00:02.000
                  · attempt 1 failed at 10:00:00.001, the same way
    ");
    insta::assert_snapshot!(check(matched(vec![], false)), @"└─ premium  … matched → PremiumOrderLambda: not delivered yet");
    insta::assert_snapshot!(check(matched(with(vec![], Delivery::Accepted), true)), @"└─ premium  ✔ matched → PremiumOrderLambda: taken over by its own queue at 10:00:02.002");
    insta::assert_snapshot!(check(matched(with(two(), gave_up(Some("Q"), Some(drill))), true)), @r"
    └─ premium  ✘ matched → PremiumOrderLambda: dead-lettered to Q after 2 attempts: OrderDrill: a drill makes order ORD-1001 fail (at 10:00:02.002)
                  · attempts 1 to 2 failed from 10:00:00.001 to 10:00:02.001, the same way
    ");
    let postponed = Delivery::Postponed { error: "busy".into(), retry_at: "2025-11-01T00:00:00.000Z".into() };
    insta::assert_snapshot!(check(matched(with(vec![], postponed), false)), @"└─ premium  … matched → PremiumOrderLambda: postponed: busy; next try at 2025-11-01 00:00:00.000");
    let many = Outcome { records: 4, ..outcome("10:00:00.001", failed(1, Then::Halves)) };
    insta::assert_snapshot!(check(matched(with(vec![many], Delivery::Delivered { invocations: 1 }), true)), @r"
    └─ premium  ✔ matched → PremiumOrderLambda: delivered at 10:00:02.002 (2 attempts)
                  · attempt 1 failed at 10:00:00.001 with 4 records: OrderDrill: a drill makes order ORD-1001 fail; the batch was halved
    ");
}

#[test]
fn only_attempts_that_failed_the_same_way_are_told_as_one() {
    let retry = || Then::Retry { at: "2025-10-31T10:00:02.000Z".into() };
    let attempt = |attempt, error: &str, records| Outcome {
        records,
        ..outcome("10:00:00.001", Delivery::Failed { error: error.into(), attempt, then: retry() })
    };
    let outcomes = vec![
        attempt(1, "a", 1),
        attempt(2, "a", 1),
        attempt(3, "b", 1),
        attempt(4, "b", 2),
        outcome("10:00:00.001", Delivery::Postponed { error: "b".into(), retry_at: "t".into() }),
        outcome("10:00:00.009", Delivery::Delivered { invocations: 1 }),
    ];
    insta::assert_snapshot!(check(matched(outcomes, true)), @r"
    └─ premium  ✔ matched → PremiumOrderLambda: delivered at 10:00:00.009 (5 attempts)
                  · attempts 1 to 2 failed from 10:00:00.001 to 10:00:00.001: a
                  · attempt 3 failed at 10:00:00.001: b
                  · attempt 4 failed at 10:00:00.001 with 2 records: b
                  · postponed at 10:00:00.001: b
    ");
}

#[test]
fn one_filter_that_stops_for_one_reason_takes_one_line() {
    let stopped = |filters| check(Verdict::Stopped { filters });
    let absent = r#"dynamodb.OldImage.status.S is absent, the pattern wants "pending""#;
    insta::assert_snapshot!(stopped(vec![filter(&[absent])]), @r#"└─ premium  ✘ stopped: dynamodb.OldImage.status.S is absent, the pattern wants "pending""#);
    insta::assert_snapshot!(stopped(vec![filter(&[absent, "b is 1, the pattern wants 2"])]), @r#"
    └─ premium  ✘ stopped:
                  · dynamodb.OldImage.status.S is absent, the pattern wants "pending"
                  · b is 1, the pattern wants 2
    "#);
    insta::assert_snapshot!(stopped(vec![filter(&["a"]), filter(&["b", "c"])]), @r"
    └─ premium  ✘ stopped: by each of 2 filters, of which one would have to match
                  · filter 1 of 2: a
                  · filter 2 of 2: b
                  · filter 2 of 2: c
    ");
    let torn =
        Filter { matched: false, failures: vec![], conflict: Some("no single element has all".into()), ways: vec![] };
    insta::assert_snapshot!(stopped(vec![torn]), @"└─ premium  ✘ stopped: no single element has all");
}

#[test]
fn a_filter_with_several_ways_to_match_is_a_tree() {
    let pattern = r#"{"kind":["x"],"$or":[{"a":[1]},{"b":[{"prefix":"B"}],"c":[2]}]}"#;
    let said = pattern::Pattern::parse(pattern, pattern::Dialect::Pipe).unwrap();
    let said = said.explain_json(br#"{"kind":"x","a":"1","b":"blue","c":2}"#).unwrap();
    let several = crate::ask::order::filter(&said);
    let stopped = |filters| check(Verdict::Stopped { filters });
    insta::assert_snapshot!(stopped(vec![several.clone()]), @r#"
    └─ premium  ✘ stopped: none of the ways to match holds
                    └─ ✘ one of these 2 ($or)
                       ├─ ✘ 1: a is "1", the pattern wants the number 1
                       │  ↳ a string is never equal to a number or compared with one; write "1"
                       └─ ✘ 2: all of
                          └─ ✘ b is "blue", the pattern wants a string that begins with "B"
                             ↳ only the case differs
    "#);
    insta::assert_snapshot!(stopped(vec![filter(&["k"]), several]), @r#"
    └─ premium  ✘ stopped: by each of 2 filters, of which one would have to match
                  · filter 1 of 2: k
                  · filter 2 of 2: none of the ways to match holds
                    └─ ✘ one of these 2 ($or)
                       ├─ ✘ 1: a is "1", the pattern wants the number 1
                       │  ↳ a string is never equal to a number or compared with one; write "1"
                       └─ ✘ 2: all of
                          └─ ✘ b is "blue", the pattern wants a string that begins with "B"
                             ↳ only the case differs
    "#);
}

#[test]
fn what_has_left_the_log_is_said() {
    let gone = order(vec![history(Older::LeftTheLog, vec![])]);
    insta::assert_snapshot!(draw(&gone, false, Look::PLAIN), @r"
    ORD-1001 in NewOrders, 0 changes
      its changes have left the log; what is kept is the item
    ");
    let many = order(vec![history(Older::TooMany, vec![change("MODIFY", "10:00:00.000", vec![], vec![])])]);
    insta::assert_snapshot!(draw(&many, false, Look::PLAIN), @r"
    ORD-1001 in NewOrders, 1 change
      there are earlier changes, more than are shown

    MODIFY  2025-10-31 10:00:00.000  sequence 100000000000000000001
    └─ no pipe reads this table
    ");
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
    let history = History { table: evil.into(), key, layout: None, older: Older::None, changes: vec![change] };
    let events = vec![event(evil)];
    let view = Order { order: evil.into(), events, ..order(vec![history]) };
    let text = draw(&view, false, Look::PLAIN) + &draw_events(&view, Look::PLAIN);
    assert!(!text.chars().any(|c| c != '\n' && (c.is_control() || c == '\u{202e}')), "{text:?}");
}

fn event(what: &str) -> BusEvent {
    BusEvent {
        id: "e1".into(),
        at: "2025-10-31T10:00:00.000Z".into(),
        source: "shop".into(),
        detail_type: what.into(),
        archive: "all".into(),
    }
}

#[test]
fn events_that_name_an_order_are_told_after_its_changes() {
    assert_eq!(draw_events(&order(vec![]), Look::PLAIN), "");
    let view = Order { events: vec![event("Order Created"), event("Order Shipped")], ..order(vec![]) };
    insta::assert_snapshot!(draw_events(&view, Look::PLAIN).trim_start(), @r"
    events that name it
      2025-10-31 10:00:00.000  Order Created  from shop, archive all
      2025-10-31 10:00:00.000  Order Shipped  from shop, archive all
    ");
}

#[test]
fn an_unknown_order_is_refused_with_where_it_was_looked_for() {
    let failure = unknown(&order(vec![]));
    assert_eq!((failure.code, failure.error.as_str()), (NO, "there is no order ORD-1001 in tables NewOrders, Orders"));
    let failure = unknown(&Order { similar: vec!["ORD-1".into()], ..order(vec![]) });
    assert_eq!(failure.hint.as_deref(), Some("did you mean ORD-1?"));
}

#[test]
fn what_was_delivered_points_to_the_functions_lines() {
    let delivered = |at| vec![outcome(at, Delivery::Delivered { invocations: 1 })];
    let pipes = vec![
        pipe("premium", "Premium", matched(delivered("10:00:00.000"), true)),
        pipe("standard", "Standard", Verdict::Stopped { filters: vec![] }),
    ];
    let elsewhere = PipeVerdict { log_group: Some("/shop".into()), ..pipe("audit", "Audit", matched(vec![], true)) };
    let changes = vec![
        change("INSERT", "10:00:00.000", vec![], pipes.clone()),
        change("MODIFY", "10:00:01.000", vec![], [pipes, vec![elsewhere]].concat()),
    ];
    let view = order(vec![history(Older::None, changes)]);
    insta::assert_snapshot!(draw_logs(&view, " --admin 4599", Look::PLAIN).trim_start(), @r#"
    what Audit printed: orderflow logs /shop --filter '"ORD-1001"' --admin 4599
    what Premium printed: orderflow logs Premium --filter '"ORD-1001"' --admin 4599
    "#);
    let strange = Order { order: "it's".into(), ..view };
    assert!(!draw_logs(&strange, "", Look::PLAIN).contains("--filter"), "what a shell would take apart is left out");
}

/// A change of an order of the shop front, from one status to the next; `more` are other attributes.
fn step(at: &str, from: Option<&str>, to: &str, detail: Option<&str>, more: Vec<Attribute>) -> Change {
    let text = |text: &str| json!({"S": text});
    let mut moment = json!({"M": {"status": {"S": to}}});
    if let Some(detail) = detail {
        moment["M"]["detail"] = text(detail);
    }
    let mut attributes = vec![
        attribute("history", None, Some(json!({"L": [{"M": {"status": {"S": "PENDING"}}}, moment]}))),
        attribute("status", from.map(text), Some(text(to))),
        attribute("updatedAt", None, Some(text("2025-10-31T10:00:00.000Z"))),
        attribute("version", None, Some(json!({"N": "1"}))),
    ];
    attributes.extend(more);
    let wants = |wanted: &str| format!(r#"status is "{to}", the pattern wants "{wanted}""#);
    let tier = r#"tier is "small", the pattern wants "premium""#;
    let premium = if to == "COMPLETED" { filter(&[tier]) } else { filter(&[&wants("COMPLETED"), tier]) };
    let other = filter(&["a", "b", "c"]);
    let standard = match to {
        "PENDING" | "COMPLETED" => matched(vec![outcome(at, Delivery::Delivered { invocations: 1 })], true),
        _ => Verdict::Stopped { filters: vec![other.clone(), filter(&[&wants("COMPLETED")])] },
    };
    let premium = Verdict::Stopped { filters: vec![premium, other] };
    change(
        if from.is_none() { "INSERT" } else { "MODIFY" },
        at,
        attributes,
        vec![pipe("premium-orders", "Premium", premium), pipe("standard-orders", "Standard", standard)],
    )
}

/// An order of the shop front that went all its way.
fn of_the_shop_front() -> History {
    let item = |sku: &str, quantity: &str| json!({"M": {"sku": {"S": sku}, "quantity": {"N": quantity}}});
    let placed = vec![
        attribute("amountMinor", None, Some(json!({"N": "4830"}))),
        attribute("currency", None, Some(json!({"S": "USD"}))),
        attribute("customerId", None, Some(json!({"S": "C-7"}))),
        attribute("items", None, Some(json!({"L": [item("TEA-1", "2"), item("CUP-3", "1")]}))),
    ];
    let tracking = json!({"M": {"carrier": {"S": "Paper Parcel"}, "number": {"S": "PP1"}}});
    let changes = vec![
        step("10:00:00.000", None, "PENDING", None, placed),
        step("10:00:00.001", Some("PENDING"), "VALIDATING", None, vec![]),
        step("10:00:00.002", Some("VALIDATING"), "INVENTORY_CHECK", None, vec![]),
        step("10:00:00.003", Some("INVENTORY_CHECK"), "PAYMENT_PROCESSING", Some("goods set aside"), vec![]),
        step("10:00:00.004", Some("PAYMENT_PROCESSING"), "FULFILLMENT", Some("payment pay-1"), vec![]),
        step(
            "10:00:00.005",
            Some("FULFILLMENT"),
            "COMPLETED",
            Some("Paper Parcel PP1"),
            vec![attribute("tracking", None, Some(tracking))],
        ),
    ];
    let key = json!({"orderId": {"S": "ORD-1001"}, "createdAt": {"S": "2025-10-31T10:00:00.000Z"}});
    let layout = Some(crate::views::Layout::Shop);
    History { table: "Orders".into(), key: Some(key), layout, older: Older::None, changes }
}

#[test]
fn an_order_of_the_shop_front_is_told_by_its_statuses() {
    insta::assert_snapshot!(draw(&order(vec![of_the_shop_front()]), false, Look::PLAIN), @r#"
    ORD-1001 in Orders, 6 changes, COMPLETED

    INSERT  2025-10-31 10:00:00.000  PENDING
    │   amount      48.30 USD
    │   customerId  "C-7"
    │   items       2 × TEA-1, 1 × CUP-3
    ├─ premium-orders   ✘ stopped: tier is "small", the pattern wants "premium" (and 1 more)
    └─ standard-orders  ✔ matched → Standard: delivered at 10:00:00.000 (1 attempt)
    MODIFY  2025-10-31 10:00:00.001  PENDING → VALIDATING
    ├─ premium-orders   ✘ stopped, for the same reason
    └─ standard-orders  ✘ stopped: status is "VALIDATING", the pattern wants "COMPLETED"
    MODIFY  2025-10-31 10:00:00.002  VALIDATING → INVENTORY_CHECK
    ├─ premium-orders   ✘ stopped, for the same reason
    └─ standard-orders  ✘ stopped: status is "INVENTORY_CHECK", the pattern wants "COMPLETED"
    MODIFY  2025-10-31 10:00:00.003  INVENTORY_CHECK → PAYMENT_PROCESSING  goods set aside
    ├─ premium-orders   ✘ stopped, for the same reason
    └─ standard-orders  ✘ stopped: status is "PAYMENT_PROCESSING", the pattern wants "COMPLETED"
    MODIFY  2025-10-31 10:00:00.004  PAYMENT_PROCESSING → FULFILLMENT  payment pay-1
    ├─ premium-orders   ✘ stopped, for the same reason
    └─ standard-orders  ✘ stopped: status is "FULFILLMENT", the pattern wants "COMPLETED"
    MODIFY  2025-10-31 10:00:00.005  FULFILLMENT → COMPLETED  Paper Parcel PP1
    │   tracking  {"carrier": "Paper Parcel", "number": "PP1"}
    ├─ premium-orders   ✘ stopped, for the same reason
    └─ standard-orders  ✔ matched → Standard: delivered at 10:00:00.005 (1 attempt)
    "#);
}

#[test]
fn what_is_told_in_few_lines_is_told_in_full_if_asked() {
    let view = order(vec![of_the_shop_front()]);
    let (brief, full) = (draw(&view, false, Look::PLAIN), draw(&view, true, Look::PLAIN));
    assert!(full.lines().count() > 2 * brief.lines().count(), "{full}");
    for told in ["updatedAt", "version", "createdAt", "amountMinor", "sequence", "filter 2 of 2"] {
        assert!(full.contains(told) && !brief.contains(told), "{told}:\n{brief}\n{full}");
    }
    // Without the shop front's layout it is the number of changes that decides.
    let few = |count| {
        let changes = of_the_shop_front().changes.into_iter().take(count).collect();
        brief::suits(&History { layout: None, changes, ..of_the_shop_front() })
    };
    assert_eq!([1, 3, 4, 6].map(few), [false, false, true, true]);
}

#[test]
fn in_few_lines_too_nothing_reaches_the_terminal_as_it_stands() {
    let evil = "\u{1b}]0;owned\u{7}\u{202e}";
    let mut history = of_the_shop_front();
    let items = json!({"L": [{"M": {"sku": {"S": evil}, "quantity": {"N": "1"}}}]});
    let mut all = step("10:00:00.000", Some(evil), evil, Some(evil), vec![attribute("items", None, Some(items))]);
    all.attributes.push(attribute(evil, None, Some(json!({"S": evil}))));
    all.event = evil.into();
    all.pipes = vec![
        pipe(evil, evil, Verdict::Stopped { filters: vec![filter(&[evil])] }),
        pipe(evil, evil, matched(vec![outcome("1", failed(1, Then::Rest))], false)),
    ];
    history.changes.push(all);
    let text = draw(&order(vec![history]), false, Look::PLAIN);
    assert!(!text.chars().any(|c| c != '\n' && (c.is_control() || c == '\u{202e}')), "{text:?}");
}
