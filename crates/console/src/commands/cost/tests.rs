//! Decides whether a bill is shown as people read it.

use super::*;
use crate::terminal::Look;
use stack::Overrides;

fn shown(orders: u64, free_tier: FreeTier) -> String {
    let template = Template::built_in();
    let stack = diagram::resolved(&template, &Overrides::new()).unwrap();
    let month = stack::cost::estimate(&stack, orders).unwrap();
    let prices = Prices::built_in();
    let bill = Bill::of(&month.usage, &prices, free_tier);
    let shown = Shown { stack: &template.stack_name, basis: "an estimate".to_owned(), month, bill, prices, free_tier };
    draw::text(&shown, Look::PLAIN)
}

/// The figures of docs/cost.md are these.
#[test]
fn a_million_orders_of_the_shop_front() {
    insta::assert_snapshot!(shown(1_000_000, FreeTier::Left), @r"
    commerce on AWS, a month
    an estimate
    prices of us-east-1 as of 2026-11-21, in dollars

    SERVICE            WHAT                             HOW MUCH  PRICE                          COST
    API Gateway        requests                        3,100,000  $3.50 per million            $10.85
                       cache of commerce-orders              730  $0.02 per hour               $14.60
    Lambda             requests                        5,700,000  $0.20 per million             $1.14
                       time on arm64                      94,750  $0.0000133334 per GB-second   $1.26
    DynamoDB           writes of 1 KB                 22,000,000  $0.625 per million           $13.75
                       reads of 4 KB                   5,100,000  $0.125 per million            $0.64
                       storage                             2.472  $0.25 per GB-month            $0.62
    EventBridge Pipes  requests of 64 KB that passed   1,600,000  $0.40 per million             $0.64
    EventBridge        events of 64 KB                 2,000,000  $1.00 per million             $2.00
    SQS                requests of 64 KB               3,657,000  $0.40 per million             $1.46
    CloudWatch         logs of functions                   3.635  $0.50 per GB                  $1.82
                       other logs                          0.913  $0.50 per GB                  $0.46
                       kept logs                           0.392  $0.03 per GB-month            $0.01
                       alarms                                  5  $0.10 per metric              $0.50
                       dashboards                              1  $3.00 per dashboard           $3.00
    total                                                                                      $52.75

    The biggest item is API Gateway, cache of commerce-orders: $14.60 of $52.75, 28 %. A thousand orders cost $0.053.
    Filtering at the source saves $8.28 a month (14 % of $61.03) against filtering in the functions: filters stop 10,400,000 records and so 10,400,000 calls of functions.

    taken for granted
      - an order has 2 kinds of goods, is written six times (7 KB in all, 1.1 KB at its end), and its last change is a transaction with its payment and its goods
      - of ten orders 3 are small, 5 standard and 2 premium; none is a test, and none fails
      - an order's status is asked for 2 times, past the cache, and of ten customers one asks the chatbot
      - a call of the API takes 20 ms, of the chatbot 30 ms, of the worker 120 ms for one order; a pipe hands on one change at a time, for 10 ms
      - reads of tables are strongly consistent; tables keep the month's new items, and what is older comes on top
      - each write of an item writes it into its indexes too
      - pipes read change streams free of charge, as Lambda does
      - Lambda asks each queue that it reads 657,000 times a month in vain
      - alarms and dashboards are those of the template, each there for the whole month; so are metrics of one's own
      - API Gateway charges for all requests but those it answers with 403 or 429
      - left out: data that leaves AWS, point-in-time recovery, keys of KMS, X-Ray, metrics of single methods, models of Bedrock, taxes
    ");
}

#[test]
fn what_is_free_is_said_beside_the_price() {
    let text = shown(1_000_000, FreeTier::Taken);
    let line = text.lines().find(|line| line.starts_with("Lambda")).unwrap();
    assert!(line.contains("$0.20 per million, 1,000,000 free"), "{line}");
}

#[test]
fn an_hour_and_a_day_are_told_as_such() {
    let cases = [(1, "1 s"), (119, "119 s"), (120, "2 min"), (7_199, "119 min"), (9_000, "2.5 h"), (172_800, "2 days")];
    for (seconds, expected) in cases {
        assert_eq!(draw::span(Duration::from_secs(seconds)), expected);
    }
}
