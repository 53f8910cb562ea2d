//! What each answer looks like: the members that AWS was recorded to send, and no others.

use super::{call, header, json, sent, text};
use delivery::bus::archive::ArchiveSpec;
use delivery::bus::input::{InputSpec, TransformerSpec};
use delivery::bus::policy::{Permission, Policy};
use delivery::bus::replay::{ReplaySpec, State};
use delivery::bus::{EventId, HttpSpec, RuleSpec, RuleState, TargetSpec};
use serde_json::{Value as Json, json};
use types::Timestamp;
use wire::events::{Answer, ArchiveDescription, BusDescription, Call, Put, ReplayDescription, RuleDescription, Tags};

/// 2024-03-08T00:00:00.498Z, as this protocol writes it.
const AT: f64 = 1_709_856_000.498;

fn said(answer: Answer<'_>) -> Json {
    let response = sent("ListRules", &json!({})).answer(&wire::Answer::Events(answer));
    assert_eq!((response.status, header(&response, "content-type")), (200, Some("application/x-amz-json-1.1")));
    json(&response)
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn what_aws_says_nothing_of_has_no_body() {
    let response = sent("DeleteRule", &json!({})).answer(&wire::Answer::Events(Answer::Done));
    assert_eq!((response.status, text(&response)), (200, ""));
    assert_eq!(header(&response, "content-type"), Some("application/x-amz-json-1.1"));
    assert_eq!(said(Answer::Changed), json!({}));
}

#[test]
fn each_event_has_its_place_in_the_answer() {
    let malformed = Put::Refused { code: "MalformedDetail", message: "Detail is malformed.".to_owned() };
    let entries = [Put::Taken(EventId::new("e-1")), malformed];
    assert_eq!(
        said(Answer::Put(&entries)),
        json!({
            "FailedEntryCount": 1,
            "Entries": [{"EventId": "e-1"}, {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}],
        })
    );
}

#[test]
fn buses_are_described() {
    let (name, default) = ("orders".parse().unwrap(), "default".parse().unwrap());
    let at = Some(super::super::AT);
    let bus = BusDescription { name: &name, description: Some("d"), policy: None, created_at: at, changed_at: at };
    let plain = BusDescription { name: &default, description: None, policy: None, created_at: None, changed_at: None };
    let arn = "arn:aws:events:us-east-1:000000000000:event-bus/orders";
    assert_eq!(said(Answer::BusCreated(&bus)), json!({"EventBusArn": arn, "Description": "d"}));
    assert_eq!(said(Answer::BusUpdated(&bus)), json!({"Arn": arn, "Name": "orders", "Description": "d"}));
    let described =
        json!({"Name": "orders", "Arn": arn, "Description": "d", "CreationTime": AT, "LastModifiedTime": AT});
    assert_eq!(said(Answer::Bus(&bus)), described);
    let permission = Permission {
        id: "s".to_owned(),
        action: "events:PutEvents".to_owned(),
        principal: "*".to_owned(),
        organization: None,
    };
    let policy = Policy::with(None, &permission, arn).unwrap();
    let shared = said(Answer::Bus(&BusDescription { policy: Some(&policy), ..bus }));
    assert_eq!(shared["Policy"], policy.text());
    let default = json!({"Name": "default", "Arn": "arn:aws:events:us-east-1:000000000000:event-bus/default"});
    assert_eq!(said(Answer::Buses { buses: &[plain, bus], more: false }), json!({"EventBuses": [default, described]}));
}

#[test]
fn rules_are_described() {
    let spec = RuleSpec {
        name: "created".parse().unwrap(),
        pattern: some("{}"),
        schedule: None,
        state: RuleState::EnabledWithAllManagementEvents,
        description: some("d"),
    };
    let (orders, default) = ("orders".parse().unwrap(), "default".parse().unwrap());
    let rule = RuleDescription { bus: &orders, spec: &spec, role: Some("r") };
    let listed = json!({
        "Name": "created", "Arn": "arn:aws:events:us-east-1:000000000000:rule/orders/created", "EventPattern": "{}",
        "State": "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS", "Description": "d", "RoleArn": "r",
        "EventBusName": "orders",
    });
    let mut described = listed.clone();
    described["CreatedBy"] = json!("000000000000");
    assert_eq!(said(Answer::Rule(&rule)), described);
    assert_eq!(said(Answer::Rules { rules: &[rule], more: false }), json!({"Rules": [listed]}));
    let timed = RuleSpec {
        pattern: None,
        schedule: some("rate(1 minute)"),
        state: RuleState::Disabled,
        description: None,
        ..spec.clone()
    };
    let described = json!({
        "Name": "created", "Arn": "arn:aws:events:us-east-1:000000000000:rule/created", "EventBusName": "default",
        "ScheduleExpression": "rate(1 minute)", "State": "DISABLED", "CreatedBy": "000000000000",
    });
    assert_eq!(said(Answer::Rule(&RuleDescription { bus: &default, spec: &timed, role: None })), described);
    let arn = json!({"RuleArn": "arn:aws:events:us-east-1:000000000000:rule/orders/created"});
    assert_eq!(said(Answer::RulePut { bus: &orders, rule: &spec.name }), arn);
}

/// A list that does not end has a token, and what is listed with it goes on after the last.
#[test]
fn a_token_leads_to_the_next_page() {
    let names = ["a".parse().unwrap(), "b".parse().unwrap()];
    let mut told = said(Answer::RuleNames { names: &names, more: true });
    let token = told["NextToken"].take();
    assert_eq!(told, json!({"RuleNames": ["a", "b"], "NextToken": null}));
    let Call::ListRules { page, .. } = call("ListRules", &json!({"NextToken": token})) else { panic!("a list") };
    assert_eq!(page.of(vec!["c", "b", "a", "bb"], |name| name), (vec!["bb", "c"], false));
    assert_eq!(said(Answer::RuleNames { names: &names, more: false }), json!({"RuleNames": ["a", "b"]}));
}

/// What a client gave comes back, and nothing that it did not give.
#[test]
fn targets_are_told_as_they_were_given() {
    let arn = "arn:aws:sqs:us-east-1:000000000000:q";
    let map = |name: &str, value: &str| [(name.to_owned(), value.to_owned())].into_iter().collect();
    let plain = TargetSpec { id: "1".to_owned(), arn: arn.to_owned(), ..TargetSpec::default() };
    let transformer = TransformerSpec { paths: map("id", "$.id"), template: "\"<id>\"".to_owned() };
    let whole = TargetSpec {
        input: InputSpec { transformer: Some(transformer), ..InputSpec::default() },
        retries: Some(3),
        max_age_seconds: Some(60),
        dead_letters: some(arn),
        message_group: some("g"),
        http: HttpSpec { path_values: vec!["v".to_owned()], headers: map("h", "1"), query: map("q", "2") },
        role: some("r"),
        ..plain.clone()
    };
    let constant = TransformerSpec { template: "{}".to_owned(), ..TransformerSpec::default() };
    let others = [
        TargetSpec { input: InputSpec { constant: some("{}"), ..InputSpec::default() }, ..plain.clone() },
        TargetSpec { input: InputSpec { path: some("$.detail"), ..InputSpec::default() }, ..plain.clone() },
        TargetSpec { input: InputSpec { transformer: Some(constant), ..InputSpec::default() }, ..plain.clone() },
        TargetSpec { retries: Some(0), ..plain.clone() },
    ];
    let targets: Vec<TargetSpec> = [plain, whole].into_iter().chain(others).collect();
    assert_eq!(
        said(Answer::Targets { targets: &targets, more: false }),
        json!({"Targets": [
            {"Id": "1", "Arn": arn},
            {
                "Id": "1", "Arn": arn, "RoleArn": "r",
                "InputTransformer": {"InputPathsMap": {"id": "$.id"}, "InputTemplate": "\"<id>\""},
                "SqsParameters": {"MessageGroupId": "g"},
                "HttpParameters": {
                    "PathParameterValues": ["v"], "HeaderParameters": {"h": "1"}, "QueryStringParameters": {"q": "2"},
                },
                "DeadLetterConfig": {"Arn": arn},
                "RetryPolicy": {"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 60},
            },
            {"Id": "1", "Arn": arn, "Input": "{}"},
            {"Id": "1", "Arn": arn, "InputPath": "$.detail"},
            {"Id": "1", "Arn": arn, "InputTransformer": {"InputTemplate": "{}"}},
            {"Id": "1", "Arn": arn, "RetryPolicy": {"MaximumRetryAttempts": 0}},
        ]})
    );
    assert_eq!(said(Answer::TargetsPut), json!({"FailedEntryCount": 0, "FailedEntries": []}));
    let (rule, unknown) = ("r".parse().unwrap(), ["x".parse().unwrap()]);
    assert_eq!(
        said(Answer::TargetsRemoved { rule: &rule, unknown: &unknown }),
        json!({"FailedEntryCount": 1, "FailedEntries": [{
            "TargetId": "x", "ErrorCode": "ResourceNotFoundException",
            "ErrorMessage": "Rule r does not have a target with the Id x.",
        }]})
    );
    assert_eq!(
        said(Answer::TargetsRemoved { rule: &rule, unknown: &[] }),
        json!({"FailedEntryCount": 0, "FailedEntries": []})
    );
}

#[test]
fn archives_are_described() {
    let bus = "arn:aws:events:us-east-1:000000000000:event-bus/orders";
    let spec = ArchiveSpec {
        name: "a1".parse().unwrap(),
        bus: bus.to_owned(),
        pattern: some("{}"),
        retention_days: None,
        description: some("d"),
    };
    let archive = ArchiveDescription { spec: &spec, created_at: super::super::AT, events: 10, bytes: 1590 };
    let listed = json!({
        "ArchiveName": "a1", "CreationTime": AT, "EventCount": 10, "EventSourceArn": bus, "RetentionDays": 0,
        "SizeBytes": 1590, "State": "ENABLED",
    });
    let arn = "arn:aws:events:us-east-1:000000000000:archive/a1";
    let put = json!({"ArchiveArn": arn, "CreationTime": AT, "State": "ENABLED"});
    assert_eq!(said(Answer::ArchivePut(&archive)), put);
    assert_eq!(said(Answer::Archives { archives: &[archive], more: false }), json!({"Archives": [listed.clone()]}));
    let mut described = listed;
    for (name, value) in [("ArchiveArn", arn), ("Description", "d"), ("EventPattern", "{}")] {
        described[name] = json!(value);
    }
    assert_eq!(said(Answer::Archive(&archive)), described);
}

#[test]
fn replays_are_described() {
    let bus = "arn:aws:events:us-east-1:000000000000:event-bus/orders";
    let rule = "arn:aws:events:us-east-1:000000000000:rule/orders/r";
    let spec = ReplaySpec {
        name: "again".parse().unwrap(),
        from: Timestamp::from_millis(10_000),
        to: Timestamp::from_millis(20_500),
        destination: bus.to_owned(),
        rules: vec![rule.to_owned()],
    };
    let archive = "a1".parse().unwrap();
    let done = State::Completed {
        replayed_to: Some(Timestamp::from_millis(15_000)),
        ended_at: Timestamp::from_millis(30_000),
    };
    let replay = ReplayDescription {
        spec: &spec,
        archive: &archive,
        description: Some("d"),
        started_at: Timestamp::from_millis(25_000),
        state: &done,
    };
    let listed = json!({
        "EventEndTime": 20.5, "EventLastReplayedTime": 15.0, "EventStartTime": 10.0, "ReplayEndTime": 30.0,
        "EventSourceArn": "arn:aws:events:us-east-1:000000000000:archive/a1", "ReplayName": "again",
        "ReplayStartTime": 25.0, "State": "COMPLETED",
    });
    assert_eq!(said(Answer::Replays { replays: &[replay], more: false }), json!({"Replays": [listed.clone()]}));
    let arn = "arn:aws:events:us-east-1:000000000000:replay/again";
    let mut described = listed;
    described["Destination"] = json!({"Arn": bus, "FilterArns": [rule]});
    described["Description"] = json!("d");
    described["ReplayArn"] = json!(arn);
    assert_eq!(said(Answer::Replay(&replay)), described);
    let starting = ReplayDescription { state: &State::Starting, ..replay };
    assert_eq!(
        said(Answer::ReplayStarted(&starting)),
        json!({"ReplayArn": arn, "ReplayStartTime": 25.0, "State": "STARTING"})
    );
    let cancelling = ReplayDescription { state: &State::Cancelling { replayed_to: None }, ..replay };
    assert_eq!(said(Answer::ReplayCancelled(&cancelling)), json!({"ReplayArn": arn, "State": "CANCELLING"}));
    let failed = State::Failed {
        replayed_to: None,
        ended_at: Timestamp::from_millis(30_000),
        reason: "the archive is gone".to_owned(),
    };
    let told = said(Answer::Replay(&ReplayDescription { state: &failed, ..replay }));
    assert_eq!((&told["State"], &told["StateReason"]), (&json!("FAILED"), &json!("the archive is gone")));
    assert_eq!(told.get("EventLastReplayedTime"), None);
}

#[test]
fn tags_are_listed() {
    let tags: Tags = [("b", "2"), ("a", "1")].map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    assert_eq!(said(Answer::Tags(&tags)), json!({"Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]}));
}
