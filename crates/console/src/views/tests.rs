//! Views as other people's programs read them: a change here breaks those.

use super::letters::{Again, Dead, FullLetter, Letter, Redrive, RedrivenLetter};
use super::order::{
    Attribute, Change, Clause, Delivery, Filter, History, Line, Mark, Older, Order, Outcome, PipeVerdict, Then, Verdict,
};
use super::*;
use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;

fn text<T: Serialize>(view: &T) -> String {
    serde_json::to_string_pretty(view).unwrap()
}

#[test]
fn an_order_reads_as_it_always_did() {
    let pipe = |verdict| PipeVerdict { pipe: "p".into(), function: "F".into(), log_group: None, verdict };
    let outcome = |result| Outcome {
        at: "2025-10-31T10:00:00.000Z".into(),
        first: "1".into(),
        last: "2".into(),
        records: 2,
        result,
    };
    let clause = Clause {
        path: "dynamodb.NewImage.status.S".into(),
        wants: vec!["\"shipped\"".into()],
        seen: vec!["\"pending\"".into()],
        sentence: "…".into(),
    };
    let line = Line { stem: "└─ ".into(), mark: Mark::Fails, text: "…".into() };
    let outcomes = vec![
        outcome(Delivery::Failed {
            error: "no".into(),
            attempt: 1,
            then: Then::Retry { at: "2025-10-31T10:00:01.000Z".into() },
        }),
        outcome(Delivery::Postponed { error: "busy".into(), retry_at: "2025-10-31T10:00:01.000Z".into() }),
        outcome(Delivery::Accepted),
        outcome(Delivery::Delivered { invocations: 1 }),
        outcome(Delivery::GaveUp {
            condition: "RecordAgeExceeded".into(),
            error: None,
            attempts: 0,
            queue: Some("Q".into()),
        }),
    ];
    let view = Order {
        order: "ORD-1".into(),
        histories: vec![History {
            table: "T".into(),
            key: Some(json!({"orderId": {"S": "ORD-1"}})),
            layout: None,
            older: Older::LeftTheLog,
            changes: vec![Change {
                at: "2025-10-31T10:00:00.000Z".into(),
                event: "MODIFY".into(),
                sequence_number: "100000000000000000001".into(),
                attributes: vec![Attribute {
                    name: "status".into(),
                    before: None,
                    after: Some(json!({"S": "pending"})),
                }],
                pipes: vec![
                    pipe(Verdict::BeganLater),
                    pipe(Verdict::Stopped {
                        filters: vec![Filter {
                            matched: false,
                            failures: vec![clause],
                            conflict: None,
                            ways: vec![line],
                        }],
                    }),
                    pipe(Verdict::Matched { filters: vec![], outcomes, settled: true }),
                ],
            }],
        }],
        searched: vec!["T".into()],
        similar: vec![],
        events: vec![],
    };
    insta::assert_snapshot!(text(&view), @r#"
    {
      "order": "ORD-1",
      "histories": [
        {
          "table": "T",
          "key": {
            "orderId": {
              "S": "ORD-1"
            }
          },
          "older": "leftTheLog",
          "changes": [
            {
              "at": "2025-10-31T10:00:00.000Z",
              "event": "MODIFY",
              "sequenceNumber": "100000000000000000001",
              "attributes": [
                {
                  "name": "status",
                  "after": {
                    "S": "pending"
                  }
                }
              ],
              "pipes": [
                {
                  "pipe": "p",
                  "function": "F",
                  "verdict": {
                    "kind": "beganLater"
                  }
                },
                {
                  "pipe": "p",
                  "function": "F",
                  "verdict": {
                    "kind": "stopped",
                    "filters": [
                      {
                        "matched": false,
                        "failures": [
                          {
                            "path": "dynamodb.NewImage.status.S",
                            "wants": [
                              "\"shipped\""
                            ],
                            "seen": [
                              "\"pending\""
                            ],
                            "sentence": "…"
                          }
                        ],
                        "ways": [
                          {
                            "stem": "└─ ",
                            "mark": "fails",
                            "text": "…"
                          }
                        ]
                      }
                    ]
                  }
                },
                {
                  "pipe": "p",
                  "function": "F",
                  "verdict": {
                    "kind": "matched",
                    "filters": [],
                    "outcomes": [
                      {
                        "at": "2025-10-31T10:00:00.000Z",
                        "first": "1",
                        "last": "2",
                        "records": 2,
                        "result": {
                          "kind": "failed",
                          "error": "no",
                          "attempt": 1,
                          "then": {
                            "kind": "retry",
                            "at": "2025-10-31T10:00:01.000Z"
                          }
                        }
                      },
                      {
                        "at": "2025-10-31T10:00:00.000Z",
                        "first": "1",
                        "last": "2",
                        "records": 2,
                        "result": {
                          "kind": "postponed",
                          "error": "busy",
                          "retryAt": "2025-10-31T10:00:01.000Z"
                        }
                      },
                      {
                        "at": "2025-10-31T10:00:00.000Z",
                        "first": "1",
                        "last": "2",
                        "records": 2,
                        "result": {
                          "kind": "accepted"
                        }
                      },
                      {
                        "at": "2025-10-31T10:00:00.000Z",
                        "first": "1",
                        "last": "2",
                        "records": 2,
                        "result": {
                          "kind": "delivered",
                          "invocations": 1
                        }
                      },
                      {
                        "at": "2025-10-31T10:00:00.000Z",
                        "first": "1",
                        "last": "2",
                        "records": 2,
                        "result": {
                          "kind": "gaveUp",
                          "condition": "RecordAgeExceeded",
                          "error": null,
                          "attempts": 0,
                          "queue": "Q"
                        }
                      }
                    ],
                    "settled": true
                  }
                }
              ]
            }
          ]
        }
      ],
      "searched": [
        "T"
      ]
    }
    "#);
}

#[test]
fn letters_read_as_they_always_did() {
    let dead = Dead {
        pipe: "p".into(),
        function: "F".into(),
        condition: "RetryAttemptsExhausted".into(),
        records: 1,
        error: Some("no".into()),
        attempts: 4,
    };
    let full = FullLetter {
        letter: Letter { id: 7, at: "2025-10-31T10:00:00.000Z".into(), dead: Some(dead) },
        body: "{}".into(),
        records: vec![RawValue::from_string("{\"b\":1,\"a\":2}".into()).unwrap()],
    };
    insta::assert_snapshot!(text(&full), @r#"
    {
      "letter": {
        "id": 7,
        "at": "2025-10-31T10:00:00.000Z",
        "dead": {
          "pipe": "p",
          "function": "F",
          "condition": "RetryAttemptsExhausted",
          "records": 1,
          "error": "no",
          "attempts": 4
        }
      },
      "body": "{}",
      "records": [
        {"b":1,"a":2}
      ]
    }
    "#);
    let again = |id, result| RedrivenLetter { id, result };
    let redriven = vec![
        again(1, Again::Would { function: "F".into(), records: 1 }),
        again(2, Again::Failed { error: "no".into() }),
        again(3, Again::NoLetter),
    ];
    insta::assert_snapshot!(serde_json::to_string(&redriven).unwrap(), @r#"[{"id":1,"result":{"kind":"would","function":"F","records":1}},{"id":2,"result":{"kind":"failed","error":"no"}},{"id":3,"result":{"kind":"noLetter"}}]"#);
    let wanted: Redrive = serde_json::from_str(r#"{"queue":"Q","perSecond":5}"#).unwrap();
    assert_eq!(wanted, Redrive { queue: "Q".into(), id: None, containing: None, per_second: Some(5), dry_run: false });
}

#[test]
fn lines_read_as_they_always_did() {
    let view = LogLines {
        group: "/aws/lambda/F".into(),
        lines: vec![LogLine { at: "2025-10-31T10:00:00.000Z".into(), stream: "s".into(), message: "m".into() }],
        after: "18446744073709551616".into(),
        more: false,
    };
    insta::assert_snapshot!(serde_json::to_string(&view).unwrap(), @r#"{"group":"/aws/lambda/F","lines":[{"at":"2025-10-31T10:00:00.000Z","stream":"s","message":"m"}],"after":"18446744073709551616","more":false}"#);
    let group = LogGroup { name: "g".into(), stored_bytes: 1, retention_days: None, last_line_at: None };
    insta::assert_snapshot!(serde_json::to_string(&LogGroups { groups: vec![group] }).unwrap(), @r#"{"groups":[{"name":"g","storedBytes":1,"retentionDays":null,"lastLineAt":null}]}"#);
    let checked = Checked { entries: 1, compared: 2, findings: vec![], notes: vec![] };
    insta::assert_snapshot!(serde_json::to_string(&checked).unwrap(), @r#"{"entries":1,"compared":2,"findings":[],"notes":[]}"#);
}
