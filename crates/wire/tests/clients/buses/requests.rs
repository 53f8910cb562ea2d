//! What each request is understood as.

use super::{Call, call, error};
use delivery::bus::archive::ArchiveSpec;
use delivery::bus::entry::Entry;
use delivery::bus::input::{InputSpec, TransformerSpec};
use delivery::bus::policy::{Permission, Policy};
use delivery::bus::replay::ReplaySpec;
use delivery::bus::{HttpSpec, RuleSpec, RuleState, TargetSpec};
use serde_json::json;
use types::Timestamp;
use wire::events::{ArchiveChange, ArchiveFilter, Grant, Page, ReplayFilter, ReplayStage, Tags};

const BUS_ARN: &str = "arn:aws:events:us-east-1:000000000000:event-bus/orders";

fn tags(pairs: &[(&str, &str)]) -> Tags {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// The first page of everything.
fn all() -> Page {
    let Call::ListEventBuses { page } = call("ListEventBuses", &json!({})) else { panic!("a list") };
    page
}

#[test]
fn events_are_read_as_they_were_written() {
    let body = json!({"Entries": [
        {
            "Time": 1_709_856_000.5, "Source": "shop", "Resources": ["a", "b"], "DetailType": "Order Created",
            "Detail": "{\"n\": 1.0}", "EventBusName": BUS_ARN, "TraceHeader": "Root=1",
        },
        {},
        {"Time": 1_709_856_000, "Source": "", "Detail": "no json"},
    ]});
    let first = Entry {
        source: some("shop"),
        detail_type: some("Order Created"),
        detail: some("{\"n\": 1.0}"),
        bus: some(BUS_ARN),
        time: Some(Timestamp::from_millis(1_709_856_000_500)),
        resources: vec!["a".to_owned(), "b".to_owned()],
        trace_header: some("Root=1"),
    };
    let third = Entry {
        time: Some(Timestamp::from_millis(1_709_856_000_000)),
        source: some(""),
        detail: some("no json"),
        ..Entry::default()
    };
    let entries = vec![first, Entry::default(), third];
    assert_eq!(call("PutEvents", &body), Call::PutEvents { entries });
}

#[test]
fn buses_are_named_or_addressed() {
    let bus: types::BusName = "orders".parse().unwrap();
    let made = json!({"Name": "orders", "Description": "d", "Tags": [{"Key": "team", "Value": "shop"}, {"Key": "k", "Value": ""}]});
    let cases = [
        (
            "CreateEventBus",
            made,
            Call::CreateEventBus {
                bus: bus.clone(),
                description: some("d"),
                tags: tags(&[("k", ""), ("team", "shop")]),
            },
        ),
        (
            "UpdateEventBus",
            json!({"Name": "orders", "Description": "e"}),
            Call::UpdateEventBus { bus: bus.clone(), description: some("e") },
        ),
        ("DescribeEventBus", json!({"Name": BUS_ARN}), Call::DescribeEventBus { bus: bus.clone() }),
        ("DescribeEventBus", json!({}), Call::DescribeEventBus { bus: "default".parse().unwrap() }),
        ("DeleteEventBus", json!({"Name": "orders"}), Call::DeleteEventBus { bus: bus.clone() }),
        ("ListRules", json!({"EventBusName": BUS_ARN}), Call::ListRules { bus, page: all() }),
    ];
    for (operation, body, expected) in cases {
        assert_eq!(call(operation, &body), expected, "{operation} {body}");
    }
}

#[test]
fn permissions_are_read() {
    let (default, orders) = ("default".parse().unwrap(), "orders".parse::<types::BusName>().unwrap());
    let permission = |organization: Option<&str>| Permission {
        id: "s-1".to_owned(),
        action: "events:PutEvents".to_owned(),
        principal: "*".to_owned(),
        organization: organization.map(str::to_owned),
    };
    let put = |bus, grant| Call::PutPermission { bus, grant: Box::new(grant) };
    let mut asked = json!({"Action": "events:PutEvents", "Principal": "*", "StatementId": "s-1"});
    assert_eq!(call("PutPermission", &asked), put(default, Grant::Statement(permission(None))));
    asked["EventBusName"] = json!("orders");
    asked["Condition"] = json!({"Type": "StringEquals", "Key": "aws:PrincipalOrgID", "Value": "o-1"});
    let of_members = Grant::Statement(permission(Some("o-1")));
    assert_eq!(call("PutPermission", &asked), put(orders.clone(), of_members));
    let text = r#"{"Version":"2012-10-17","Statement":[{"Sid":"s","Effect":"Allow"}]}"#;
    let whole = put(orders.clone(), Grant::Policy(Policy::parse(text).unwrap()));
    assert_eq!(call("PutPermission", &json!({"EventBusName": "orders", "Policy": text})), whole);
    let asked = json!({"EventBusName": "orders", "StatementId": "s-1"});
    let removed = |statement| Call::RemovePermission { bus: orders.clone(), statement };
    assert_eq!(call("RemovePermission", &asked), removed(some("s-1")));
    let asked = json!({"EventBusName": "orders", "RemoveAllPermissions": true});
    assert_eq!(call("RemovePermission", &asked), removed(None));
    let pattern = "failed to satisfy constraint: Member must satisfy regular expression pattern:";
    for (operation, asked, expected) in [
        ("PutPermission", json!({}), "Parameter(s) Action, Principal, StatementId must be specified.".to_owned()),
        (
            "PutPermission",
            json!({"Policy": text, "StatementId": "s"}),
            "Only one of Policy or StatementId, Action, Principal may be specified.".to_owned(),
        ),
        (
            "PutPermission",
            json!({"Action": "events:PutRule", "Principal": "*", "StatementId": "s"}),
            "Provided value in parameter 'action' is not supported.".to_owned(),
        ),
        (
            "PutPermission",
            json!({"Action": "events:PutEvents", "Principal": "12", "StatementId": "s"}),
            format!(r"Value '12' at 'principal' {pattern} (\d{{12}}|\*)"),
        ),
        (
            "PutPermission",
            json!({"Action": "events:PutEvents", "Principal": "*", "StatementId": "a b"}),
            format!("Value 'a b' at 'statementId' {pattern} [a-zA-Z0-9-_]+"),
        ),
        (
            "PutPermission",
            json!({"Policy": "{}"}),
            "Parameter Policy is not valid. Reason: it has no Statement.".to_owned(),
        ),
        ("RemovePermission", json!({}), "Parameter(s) StatementId must be specified.".to_owned()),
    ] {
        let said = error(operation, &asked).to_string();
        assert!(said.starts_with("ValidationException: ") && said.ends_with(&expected), "{asked}: {said}");
    }
}

#[test]
fn rules_are_read() {
    let (bus, rule): (types::BusName, types::RuleName) = ("orders".parse().unwrap(), "created".parse().unwrap());
    let body = json!({
        "Name": "created", "EventPattern": "{\"source\":[\"shop\"]}", "State": "DISABLED", "Description": "d",
        "RoleArn": "arn:aws:iam::000000000000:role/r", "EventBusName": "orders", "Tags": [{"Key": "k", "Value": "v"}],
    });
    let spec = RuleSpec {
        name: rule.clone(),
        pattern: some("{\"source\":[\"shop\"]}"),
        schedule: None,
        state: RuleState::Disabled,
        description: some("d"),
    };
    let put = Call::PutRule {
        bus: bus.clone(),
        rule: Box::new(spec.clone()),
        role: some("arn:aws:iam::000000000000:role/r"),
        tags: tags(&[("k", "v")]),
    };
    assert_eq!(call("PutRule", &body), put);
    let timed = RuleSpec { pattern: None, schedule: some("rate(1 minute)"), description: None, ..spec };
    for (state, expected) in [
        (None, RuleState::Enabled),
        (Some("ENABLED"), RuleState::Enabled),
        (Some("ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"), RuleState::EnabledWithAllManagementEvents),
    ] {
        let body = json!({"Name": "created", "ScheduleExpression": "rate(1 minute)", "State": state});
        let rule = Box::new(RuleSpec { state: expected, ..timed.clone() });
        let expected = Call::PutRule { bus: "default".parse().unwrap(), rule, role: None, tags: Tags::new() };
        assert_eq!(call("PutRule", &body), expected, "{state:?}");
    }
    let named = json!({"Name": "created", "EventBusName": "orders"});
    let cases = [
        ("DescribeRule", Call::DescribeRule { bus: bus.clone(), rule: rule.clone() }),
        ("EnableRule", Call::EnableRule { bus: bus.clone(), rule: rule.clone() }),
        ("DisableRule", Call::DisableRule { bus: bus.clone(), rule: rule.clone() }),
        ("DeleteRule", Call::DeleteRule { bus: bus.clone(), rule: rule.clone() }),
    ];
    for (operation, expected) in cases {
        assert_eq!(call(operation, &named), expected);
    }
    let forced = json!({"Name": "created", "EventBusName": "orders", "Force": true});
    assert_eq!(call("DeleteRule", &forced), Call::DeleteRule { bus, rule });
}

#[test]
fn targets_are_read_with_all_that_they_have() {
    let (bus, rule): (types::BusName, types::RuleName) = ("default".parse().unwrap(), "r".parse().unwrap());
    let queue = "arn:aws:sqs:us-east-1:000000000000:q.fifo";
    let dead = "arn:aws:sqs:us-east-1:000000000000:d";
    let destination = "arn:aws:events:us-east-1:000000000000:api-destination/d/1";
    let body = json!({"Rule": "r", "Targets": [
        {
            "Id": "1", "Arn": queue, "RoleArn": "arn:aws:iam::000000000000:role/r", "InputPath": "$.detail",
            "SqsParameters": {"MessageGroupId": "g"}, "DeadLetterConfig": {"Arn": dead},
            "RetryPolicy": {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60},
        },
        {"Id": "2", "Arn": dead, "Input": "{}"},
        {
            "Id": "3", "Arn": destination,
            "InputTransformer": {"InputPathsMap": {"id": "$.detail.id"}, "InputTemplate": "\"<id>\""},
            "HttpParameters": {
                "PathParameterValues": ["v"], "HeaderParameters": {"X-A": "b"}, "QueryStringParameters": {"q": "$.id"},
            },
        },
    ]});
    let map = |name: &str, value: &str| [(name.to_owned(), value.to_owned())].into_iter().collect();
    let targets = vec![
        TargetSpec {
            id: "1".to_owned(),
            arn: queue.to_owned(),
            input: InputSpec { path: some("$.detail"), ..InputSpec::default() },
            retries: Some(0),
            max_age_seconds: Some(60),
            dead_letters: some(dead),
            message_group: some("g"),
            role: some("arn:aws:iam::000000000000:role/r"),
            ..TargetSpec::default()
        },
        TargetSpec {
            id: "2".to_owned(),
            arn: dead.to_owned(),
            input: InputSpec { constant: some("{}"), ..InputSpec::default() },
            ..TargetSpec::default()
        },
        TargetSpec {
            id: "3".to_owned(),
            arn: destination.to_owned(),
            input: InputSpec {
                transformer: Some(TransformerSpec { paths: map("id", "$.detail.id"), template: "\"<id>\"".to_owned() }),
                ..InputSpec::default()
            },
            http: HttpSpec { path_values: vec!["v".to_owned()], headers: map("X-A", "b"), query: map("q", "$.id") },
            ..TargetSpec::default()
        },
    ];
    assert_eq!(call("PutTargets", &body), Call::PutTargets { bus: bus.clone(), rule: rule.clone(), targets });
    let ids = vec!["1".parse().unwrap(), "x".parse().unwrap()];
    assert_eq!(
        call("RemoveTargets", &json!({"Rule": "r", "Ids": ["1", "x"]})),
        Call::RemoveTargets { bus: bus.clone(), rule: rule.clone(), ids }
    );
    assert_eq!(
        call("ListTargetsByRule", &json!({"Rule": "r"})),
        Call::ListTargetsByRule { bus: bus.clone(), rule, page: all() }
    );
    assert_eq!(
        call("ListRuleNamesByTarget", &json!({"TargetArn": queue})),
        Call::ListRuleNamesByTarget { bus, target: queue.to_owned(), page: all() }
    );
}

#[test]
fn archives_and_replays_are_read() {
    let archive = |name: &str| name.parse::<types::ArchiveName>().unwrap();
    let replay: types::ReplayName = "again".parse().unwrap();
    let body = json!({
        "ArchiveName": "a1", "EventSourceArn": BUS_ARN, "Description": "d", "EventPattern": "{}", "RetentionDays": 1,
    });
    let spec = ArchiveSpec {
        name: archive("a1"),
        bus: BUS_ARN.to_owned(),
        pattern: some("{}"),
        retention_days: Some(1),
        description: some("d"),
    };
    assert_eq!(call("CreateArchive", &body), Call::CreateArchive { archive: Box::new(spec) });
    let change = ArchiveChange { retention_days: Some(0), ..ArchiveChange::default() };
    assert_eq!(
        call("UpdateArchive", &json!({"ArchiveName": "a1", "RetentionDays": 0})),
        Call::UpdateArchive { archive: archive("a1"), change }
    );
    let named = json!({"ArchiveName": "a1"});
    assert_eq!(call("DescribeArchive", &named), Call::DescribeArchive { archive: archive("a1") });
    assert_eq!(call("DeleteArchive", &named), Call::DeleteArchive { archive: archive("a1") });
    let body = json!({
        "ReplayName": "again", "Description": "d", "EventSourceArn": "arn:aws:events:us-east-1:000000000000:archive/a1",
        "EventStartTime": 10, "EventEndTime": 20.25,
        "Destination": {"Arn": BUS_ARN, "FilterArns": ["arn:aws:events:us-east-1:000000000000:rule/orders/r"]},
    });
    let spec = ReplaySpec {
        name: replay.clone(),
        from: Timestamp::from_millis(10_000),
        to: Timestamp::from_millis(20_250),
        destination: BUS_ARN.to_owned(),
        rules: vec!["arn:aws:events:us-east-1:000000000000:rule/orders/r".to_owned()],
    };
    let expected = Call::StartReplay { archive: archive("a1"), replay: Box::new(spec), description: some("d") };
    assert_eq!(call("StartReplay", &body), expected);
    let named = json!({"ReplayName": "again"});
    assert_eq!(call("DescribeReplay", &named), Call::DescribeReplay { replay: replay.clone() });
    assert_eq!(call("CancelReplay", &named), Call::CancelReplay { replay });
}

#[test]
fn lists_are_filtered_by_one_thing() {
    let archive_arn = "arn:aws:events:us-east-1:000000000000:archive/a1";
    let archives = [
        (json!({}), ArchiveFilter::All),
        (json!({"State": "ENABLED"}), ArchiveFilter::All),
        (json!({"State": "CREATING"}), ArchiveFilter::None),
        (json!({"EventSourceArn": BUS_ARN}), ArchiveFilter::OfBus("orders".parse().unwrap())),
    ];
    for (body, filter) in archives {
        assert_eq!(call("ListArchives", &body), Call::ListArchives { filter, page: all() }, "{body}");
    }
    let replays = [
        (json!({}), ReplayFilter::All),
        (json!({"State": "CANCELLING"}), ReplayFilter::In(ReplayStage::Cancelling)),
        (json!({"EventSourceArn": archive_arn}), ReplayFilter::OfArchive(archive_arn.to_owned())),
    ];
    for (body, filter) in replays {
        assert_eq!(call("ListReplays", &body), Call::ListReplays { filter, page: all() }, "{body}");
    }
}

#[test]
fn tags_are_of_buses_and_rules() {
    let resource: types::Arn = BUS_ARN.parse().unwrap();
    let body = json!({"ResourceARN": BUS_ARN, "Tags": [{"Key": "k", "Value": "old"}, {"Key": "k", "Value": "new"}]});
    assert_eq!(
        call("TagResource", &body),
        Call::TagResource { resource: resource.clone(), tags: tags(&[("k", "new")]) }
    );
    assert_eq!(
        call("UntagResource", &json!({"ResourceARN": BUS_ARN, "TagKeys": ["k"]})),
        Call::UntagResource { resource: resource.clone(), keys: vec!["k".to_owned()] }
    );
    assert_eq!(call("ListTagsForResource", &json!({"ResourceARN": BUS_ARN})), Call::ListTagsForResource { resource });
}

#[test]
fn the_longest_names_are_taken() {
    for (operation, member, most) in [
        ("DescribeRule", "Name", 64),
        ("DescribeReplay", "ReplayName", 64),
        ("DescribeArchive", "ArchiveName", 48),
        ("DeleteEventBus", "Name", 256),
        ("ListRules", "NamePrefix", 64),
    ] {
        let [longest, longer] = [most, most + 1].map(|length| json!({ member: "x".repeat(length) }));
        call(operation, &longest);
        let message = super::error(operation, &longer).message;
        let rule = format!("Member must have length less than or equal to {most}");
        assert!(message.ends_with(&rule), "{operation}: {message}");
    }
}
