//! The templates that ship with the program.

use std::time::Duration;

use pattern::{Dialect, Pattern};
use serde_json::{Map, Value as Json};
use stack::{
    Billing, DesiredState, Environment, Invocation, Overrides, RoleReference, Stack, StartingPosition, Template,
};
use types::{KeyType, ViewType};

use crate::{CATALOGUE, resolve, resolve_with};

const PREMIUM: &str = include_str!("../../../../stacks/premium.yaml");
const ORDERS: &str = include_str!("../../../../stacks/orders.yaml");

#[test]
fn the_premium_template_is_the_premium_order_pipeline() {
    let stack = resolve(PREMIUM).unwrap_or_else(|errors| panic!("{errors}"));
    let table = &stack.tables[0].spec;
    assert_eq!(table.name.as_str(), "NewOrders");
    assert_eq!(table.arn, "arn:aws:dynamodb:us-east-1:000000000000:table/NewOrders");
    assert_eq!((table.key.hash.name.as_str(), table.key.hash.key_type), ("orderId", KeyType::S));
    assert_eq!(table.key.range, None);
    assert_eq!(table.stream, Some(ViewType::NewAndOldImages));
    assert_eq!(table.billing, Billing::OnDemand);

    let [standard, premium] = stack.pipes.as_slice() else { panic!("two pipes") };
    assert_eq!(standard.spec.name.as_str(), "shop-standard-orders");
    assert_eq!(standard.spec.target.name(), "OrderProcessorLambda");
    assert_eq!(premium.spec.name.as_str(), "shop-premium-orders");
    assert_eq!(premium.spec.target.name(), "PremiumOrderLambda");
    let dead_letters = stack.pipes.iter().map(|pipe| pipe.spec.dead_letter.as_ref().map(|queue| queue.name.as_str()));
    assert_eq!(dead_letters.collect::<Vec<_>>(), [Some("StandardOrdersDLQ"), Some("PremiumOrdersDLQ")]);
    for pipe in &stack.pipes {
        let pipe = &pipe.spec;
        let source = pipe.source.table().expect("a table");
        assert_eq!((source.logical_id.as_str(), source.name.as_str()), ("NewOrders", "NewOrders"));
        assert_eq!(pipe.batch_size, 100);
        assert_eq!(pipe.invocation, Invocation::RequestResponse);
        assert_eq!(pipe.starting_position, StartingPosition::TrimHorizon);
        assert_eq!(pipe.maximum_retry_attempts, Some(3));
        assert_eq!(pipe.maximum_record_age, Some(Duration::from_secs(23 * 3600)));
        assert_eq!(pipe.desired_state, DesiredState::Running);
        assert!(pipe.bisects);
        assert_eq!(pipe.filters.len(), 2, "one for tagged orders, one for the others");
        assert!(matches!(pipe.role, RoleReference::InStack { .. }));
    }

    let functions: Vec<_> = stack
        .functions
        .iter()
        .map(|function| (function.spec.name.as_str(), function.spec.handler.as_str(), function.spec.log_group.as_str()))
        .collect();
    assert_eq!(
        functions,
        [
            ("OrderProcessorLambda", "standard-orders", "/aws/lambda/OrderProcessorLambda"),
            ("PremiumOrderLambda", "premium-orders", "/aws/lambda/PremiumOrderLambda"),
        ]
    );
    assert!(stack.queues.iter().all(|queue| queue.spec.retention == Duration::from_secs(14 * 86_400)));
    assert_eq!(stack.queues[1].spec.url, "http://127.0.0.1:4566/000000000000/PremiumOrdersDLQ");
    let groups: Vec<_> = stack.log_groups.iter().map(|group| group.spec.retention_days).collect();
    assert_eq!(groups, [Some(14), Some(14)]);
    assert_eq!(stack.outputs[0].value, "NewOrders");
    assert_eq!(stack.outputs[1].value, "arn:aws:dynamodb:us-east-1:000000000000:table/NewOrders/stream/*");
}

#[test]
fn the_orders_template_is_the_order_event_pipeline() {
    let stack = resolve(ORDERS).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(stack.tables[0].spec.name.as_str(), "Orders");
    let ways: Vec<_> = stack
        .pipes
        .iter()
        .map(|pipe| (pipe.spec.target.name(), pipe.spec.dead_letter.as_ref().map(|queue| queue.name.as_str())))
        .collect();
    assert_eq!(
        ways,
        [
            ("OrderProcessorFunction", Some("OrderEventsDLQ")),
            ("PremiumOrderProcessorFunction", Some("PremiumOrderEventsDLQ")),
        ]
    );
    let handlers: Vec<_> = stack.functions.iter().map(|function| function.spec.handler.as_str()).collect();
    assert_eq!(handlers, ["order-events", "premium-order-events"]);
}

/// Whether a pipe lets a record through: any of its filters matches.
fn passes(filters: &[String], event: &str, old: Option<&str>, new: &str) -> bool {
    let old = old.map_or(String::new(), |old| format!("\"OldImage\": {{{old}}}, "));
    let record = format!(r#"{{"eventName": "{event}", "dynamodb": {{{old}"NewImage": {{{new}}}}}}}"#);
    filters.iter().any(|filter| {
        let pattern = Pattern::parse(filter, Dialect::Pipe).expect("a stack's filters are valid");
        pattern.matches_json(record.as_bytes()).expect("the record is JSON")
    })
}

#[test]
fn pipes_let_through_what_their_functions_act_on_and_no_more() {
    let status = |status: &str| format!(r#""status": {{"S": "{status}"}}, "amount": {{"N": "1500"}}"#);
    let tagged = |was: &str, tier: &str, test: bool| {
        format!(r#"{}, "tier": {{"S": "{tier}"}}, "test": {{"BOOL": {test}}}"#, status(was))
    };
    let (pending, shipped) = (status("pending"), status("shipped"));
    // event, before, after; through the standard pipe and the premium pipe of A, and of B.
    let cases = [
        ("INSERT", None, tagged("pending", "standard", false), [true, false, true, false]),
        ("INSERT", None, tagged("pending", "premium", false), [true, false, true, false]),
        ("INSERT", None, tagged("pending", "small", false), [false; 4]),
        ("INSERT", None, tagged("pending", "premium", true), [false; 4]),
        ("INSERT", None, tagged("delivered", "premium", false), [false; 4]),
        ("MODIFY", Some(&pending), tagged("shipped", "premium", false), [true; 4]),
        ("MODIFY", Some(&pending), tagged("shipped", "standard", false), [true, false, true, false]),
        // B's premium pipe does not ask who the customer is.
        ("MODIFY", Some(&pending), tagged("shipped", "premium", true), [false, false, false, true]),
        ("MODIFY", Some(&shipped), tagged("shipped", "premium", false), [true, false, true, false]),
        ("INSERT", None, tagged("shipped", "premium", false), [true, false, true, false]),
        // Without tags the function decides, whatever the amount.
        ("INSERT", None, pending.clone(), [true, false, true, false]),
        ("MODIFY", Some(&pending), shipped.clone(), [true; 4]),
        ("MODIFY", Some(&shipped), pending.clone(), [true, false, true, false]),
        ("MODIFY", Some(&pending), status("delivered"), [false; 4]),
        ("REMOVE", Some(&pending), shipped.clone(), [false; 4]),
    ];
    let premium = resolve(PREMIUM).unwrap_or_else(|errors| panic!("{errors}"));
    let orders = resolve(ORDERS).unwrap_or_else(|errors| panic!("{errors}"));
    for (event, old, new, expected) in cases {
        let of_orders = |image: &str| image.replace("status", "orderStatus").replace("amount", "orderAmount");
        let through = [
            passes(&premium.pipes[0].spec.filters, event, old.map(String::as_str), &new),
            passes(&premium.pipes[1].spec.filters, event, old.map(String::as_str), &new),
            passes(&orders.pipes[0].spec.filters, event, old.map(|old| of_orders(old)).as_deref(), &of_orders(&new)),
            passes(&orders.pipes[1].spec.filters, event, old.map(|old| of_orders(old)).as_deref(), &of_orders(&new)),
        ];
        assert_eq!(through, expected, "{event} {old:?} -> {new}");
    }
}

#[test]
fn the_table_name_is_a_parameter() {
    for text in [PREMIUM, ORDERS] {
        let stack = resolve_with(text, &[("TableName", "Mine")]).unwrap_or_else(|errors| panic!("{errors}"));
        assert_eq!(stack.tables[0].spec.name.as_str(), "Mine");
        assert_eq!(stack.pipes[0].spec.source.name(), "Mine");
    }
}

#[test]
fn both_templates_run_side_by_side() {
    let (one, other) = (resolve_as(PREMIUM, "premium"), resolve_as(ORDERS, "orders"));
    let names = |stack: &Stack| -> Vec<String> {
        let tables = stack.tables.iter().map(|table| table.spec.arn.clone());
        let queues = stack.queues.iter().map(|queue| queue.spec.arn.clone());
        let functions = stack.functions.iter().map(|function| function.spec.arn.clone());
        let roles = stack.roles.iter().map(|role| role.spec.arn.clone());
        tables
            .chain(queues)
            .chain(functions)
            .chain(stack.pipes.iter().map(|pipe| pipe.spec.arn.clone()))
            .chain(roles)
            .collect()
    };
    let taken = names(&one);
    assert_eq!(taken.len(), 11);
    for name in names(&other) {
        assert!(!taken.contains(&name), "{name}");
    }
}

#[test]
fn a_stack_survives_being_written_down() {
    let stack = resolve(PREMIUM).unwrap_or_else(|errors| panic!("{errors}"));
    let text = serde_json::to_string(&stack).unwrap();
    assert_eq!(serde_json::from_str::<Stack>(&text).unwrap(), stack);
}

#[test]
fn the_json_spelling_is_the_same_stack() {
    for text in [PREMIUM, ORDERS] {
        let json = yaml_to_json(text);
        assert!(json.starts_with('{'));
        let mut from_yaml = resolve(text).unwrap_or_else(|errors| panic!("{errors}"));
        let mut from_json = resolve(&json).unwrap_or_else(|errors| panic!("{errors}"));
        without_places(&mut from_yaml);
        without_places(&mut from_json);
        assert!(from_yaml == from_json, "{from_yaml:#?}\n{from_json:#?}");
    }
}

#[test]
fn line_ends_of_any_system_are_the_same() {
    let dos = resolve(&PREMIUM.replace('\n', "\r\n")).unwrap_or_else(|errors| panic!("{errors}"));
    assert!(dos == resolve(PREMIUM).unwrap_or_else(|errors| panic!("{errors}")));
}

#[test]
fn a_label_of_the_stream_that_is_known_is_used() {
    let mut environment = Environment::local("shop");
    environment.stream_label = Box::new(|table| format!("2026-01-01T00:00:00.000-{table}"));
    let stack = Template::parse(PREMIUM, "premium.yaml")
        .and_then(|template| template.resolve(&environment, &Overrides::new(), &CATALOGUE))
        .unwrap_or_else(|errors| panic!("{errors}"));
    let expected = "arn:aws:dynamodb:us-east-1:000000000000:table/NewOrders/stream/2026-01-01T00:00:00.000-NewOrders";
    assert_eq!(stack.outputs[1].value, expected);
}

fn resolve_as(text: &str, name: &str) -> Stack {
    let template = Template::parse(text, name).unwrap_or_else(|errors| panic!("{errors}"));
    template
        .resolve(&Environment::local(name), &Overrides::new(), &CATALOGUE)
        .unwrap_or_else(|errors| panic!("{errors}"))
}

/// Takes out where things stand, which is all that may differ between two spellings.
fn without_places(stack: &mut Stack) {
    let mut json = serde_json::to_value(&*stack).expect("a stack is data");
    fn walk(json: &mut Json) {
        match json {
            Json::Object(map) => {
                for (key, value) in map.iter_mut() {
                    if key == "at" {
                        *value = serde_json::json!({"line": 1, "column": 1});
                    }
                    walk(value);
                }
            }
            Json::Array(items) => items.iter_mut().for_each(walk),
            _ => {}
        }
    }
    walk(&mut json);
    // The JSON spelling has its keys in another order, and lists of a stack follow the file.
    for list in json.as_object_mut().expect("a stack is a map").values_mut() {
        if let Json::Array(items) = list {
            items.sort_by_key(ToString::to_string);
        }
    }
    *stack = serde_json::from_value(json).expect("it was a stack before");
}

/// The JSON spelling of our templates: a reader of exactly the YAML that they use, apart from
/// the one under test.
fn yaml_to_json(text: &str) -> String {
    let lines: Vec<(usize, &str)> = text.lines().map(|line| (line.len() - line.trim_start().len(), line)).collect();
    let mut at = 0;
    let value = block(&lines, &mut at, 0);
    serde_json::to_string_pretty(&value).expect("a JSON value is JSON")
}

fn is_nothing(line: &str) -> bool {
    line.trim().is_empty() || line.trim_start().starts_with('#')
}

fn block(lines: &[(usize, &str)], at: &mut usize, indent: usize) -> Json {
    let mut map = Map::new();
    let mut list = Vec::new();
    while *at < lines.len() {
        let (depth, line) = lines[*at];
        if is_nothing(line) {
            *at += 1;
            continue;
        }
        if depth < indent {
            break;
        }
        assert_eq!(depth, indent, "{line}");
        let content = line.trim();
        if let Some(item) = content.strip_prefix("- ") {
            if item.contains(": ") || item.ends_with(':') {
                // A map inside a list: the same lines without the dash, two columns further in.
                let undashed = line.replacen("- ", "  ", 1);
                let mut own = vec![(indent + 2, undashed.as_str())];
                own.extend(lines[*at + 1..].iter().take_while(|(depth, line)| is_nothing(line) || *depth > indent));
                let mut inner = 0;
                list.push(block(&own, &mut inner, indent + 2));
                *at += own.len();
            } else {
                list.push(scalar(item));
                *at += 1;
            }
            continue;
        }
        let (key, rest) = content
            .split_once(": ")
            .or_else(|| Some((content.strip_suffix(':')?, "")))
            .expect("a line is a key or an item");
        let rest = rest.split_once(" #").map_or(rest, |(value, _comment)| value).trim();
        *at += 1;
        let value = match rest {
            "" => {
                let next = lines[*at..].iter().find(|(_, line)| !is_nothing(line)).expect("a key has a value").0;
                block(lines, at, next)
            }
            "|" | ">-" => {
                let first = lines[*at].0;
                let mut texts = Vec::new();
                while *at < lines.len() && (lines[*at].1.is_empty() || lines[*at].0 >= first) {
                    texts.push(lines[*at].1.get(first..).unwrap_or_default());
                    *at += 1;
                }
                while texts.last() == Some(&"") {
                    texts.pop();
                }
                Json::String(if rest == "|" { texts.join("\n") + "\n" } else { texts.join(" ") })
            }
            other => scalar(other),
        };
        map.insert(key.trim_matches('"').to_owned(), value);
    }
    if list.is_empty() { Json::Object(map) } else { Json::Array(list) }
}

fn scalar(text: &str) -> Json {
    if let Some(call) = text.strip_prefix('!') {
        let (name, argument) = call.split_once(' ').expect("a call has an argument");
        let name = if name == "Ref" { name.to_owned() } else { format!("Fn::{name}") };
        let argument = match name.as_str() {
            // The other form of GetAtt, so that both are read.
            "Fn::GetAtt" => Json::Array(argument.split('.').map(Json::from).collect()),
            _ => Json::from(argument),
        };
        return Json::Object(Map::from_iter([(name, argument)]));
    }
    if let Some(items) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
        return Json::Array(items.split(", ").map(scalar).collect());
    }
    match text {
        "true" => Json::Bool(true),
        _ => text.parse::<i64>().map_or_else(|_| Json::from(text.trim_matches('"')), Json::from),
    }
}
