//! Dead letters as people see them.

use super::*;
use serde_json::value::RawValue;

fn letter(id: u64, error: Option<&str>) -> Letter {
    let dead = Dead {
        pipe: "premium-orders".into(),
        function: "PremiumOrderLambda".into(),
        condition: "RetryAttemptsExhausted".into(),
        records: 1,
        error: error.map(str::to_owned),
        attempts: 4,
    };
    Letter { id, at: "2025-10-31T10:00:00.000Z".into(), dead: Some(dead) }
}

fn sent(id: u64) -> Letter {
    Letter { dead: None, ..letter(id, None) }
}

#[test]
fn queues_are_listed_with_what_failed() {
    let queue = |name: &str, messages, oldest| Queue { queue: name.into(), dead_letters: true, messages, oldest };
    let view = Queues {
        queues: vec![
            queue("EmptyDLQ", 0, vec![]),
            queue(
                "PremiumOrdersDLQ",
                4,
                vec![letter(7, Some("OrderDrill: a drill\nmakes it fail")), letter(8, None), sent(9)],
            ),
        ],
    };
    insta::assert_snapshot!(draw_queues(&view, Look::PLAIN), @r"
    PremiumOrdersDLQ  4 messages
      7  2025-10-31 10:00:00.000  premium-orders → PremiumOrderLambda  RetryAttemptsExhausted, 1 record, 4 attempts
          OrderDrill: a drill\nmakes it fail
      8  2025-10-31 10:00:00.000  premium-orders → PremiumOrderLambda  RetryAttemptsExhausted, 1 record, 4 attempts
          never tried
      9  2025-10-31 10:00:00.000  no dead letter: somebody sent it
      and 1 more; --limit shows more of them

    empty: EmptyDLQ
    ");
    insta::assert_snapshot!(draw_queues(&Queues { queues: vec![] }, Look::PLAIN), @"there are no queues");
}

#[test]
fn a_queue_of_work_is_not_listed_with_what_failed() {
    let queue = |name: &str, dead_letters, oldest: Vec<Letter>| Queue {
        queue: name.into(),
        dead_letters,
        messages: oldest.len(),
        oldest,
    };
    let work = queue("OrderQueue", false, vec![sent(1), sent(2)]);
    let mut view = Queues { queues: vec![work, queue("Idle", false, vec![]), queue("OrderQueueDLQ", true, vec![])] };
    insta::assert_snapshot!(draw_queues(&view, Look::PLAIN), @r"
    nothing failed
    empty: OrderQueueDLQ
    in other queues: OrderQueue 2 messages
    ");
    // Whatever a queue is for: what failed is shown.
    view.queues[1].oldest = vec![letter(7, Some("no"))];
    view.queues[1].messages = 1;
    let text = draw_queues(&view, Look::PLAIN);
    assert!(text.starts_with("Idle  1 message\n  7  "), "{text}");
}

#[test]
fn errors_in_lists_are_cut_to_the_terminal() {
    let look = Look { colour: false, width: Some(40) };
    let text = draw_letter(&letter(7, Some(&"x".repeat(500))), look);
    assert_eq!(text.lines().nth(1).map(columns), Some(40));
}

#[test]
fn a_letter_is_shown_with_its_records_and_the_message() {
    let record =
        RawValue::from_string(r#"{"eventName":"INSERT","dynamodb":{"Keys":{"orderId":{"S":"ORD-1"}}}}"#.into())
            .unwrap();
    let full = |letter, body: &str, records| FullLetter { letter, body: body.into(), records };
    let view = Shown {
        queue: "Q".into(),
        messages: vec![
            full(letter(7, Some("OrderDrill: no")), r#"{"version":"1.0"}"#, vec![record]),
            full(sent(8), "no JSON\u{1b}", vec![]),
        ],
        more: true,
    };
    insta::assert_snapshot!(draw_shown(&view, Look::PLAIN), @r#"
    message 7
    sent    2025-10-31 10:00:00.000
    from    premium-orders → PremiumOrderLambda  RetryAttemptsExhausted, 1 record, 4 attempts
    error   OrderDrill: no
    record 1 of 1
    {
      "eventName": "INSERT",
      "dynamodb": {
        "Keys": {
          "orderId": {
            "S": "ORD-1"
          }
        }
      }
    }
    body, as clients of the queue receive it
    {
      "version": "1.0"
    }

    message 8
    sent    2025-10-31 10:00:00.000
    body, as clients of the queue receive it
    no JSON\u{1b}

    and more; --limit shows more of them
    "#);
    insta::assert_snapshot!(draw_shown(&Shown { queue: "Q".into(), messages: vec![], more: false }, Look::PLAIN), @"Q is empty");
}

#[test]
fn what_came_of_delivering_again_is_told_letter_by_letter_and_in_sum() {
    let results = vec![
        Again::Delivered { function: "F".into(), records: 2 },
        Again::Failed { error: "still broken".into() },
        Again::NoLetter,
        Again::Would { function: "F".into(), records: 1 },
    ];
    let letters = (7..).zip(results).map(|(id, result)| RedrivenLetter { id, result }).collect();
    let done = Redriven { queue: "Q".into(), letters };
    let wanted = cli::Redrive { queue: "Q".into(), id: None, containing: None, rate: None, dry_run: false };
    let lines: Vec<String> = done.letters.iter().map(|letter| draw_redriven(letter, Look::PLAIN)).collect();
    insta::assert_snapshot!(lines.join("\n") + "\n" + &draw_summary(&done, &wanted), @r"
    ✔ 7  2 records → F
    ✘ 8  still broken
    – 9  no dead letter: somebody sent it; it stays
      10  1 record → F
    Q: 1 would be delivered, 1 delivered, 1 failed again and stayed, 1 passed over
    ");
    let none = Redriven { queue: "Q".into(), letters: vec![] };
    insta::assert_snapshot!(draw_summary(&none, &wanted), @"there are no dead letters in Q");
}
