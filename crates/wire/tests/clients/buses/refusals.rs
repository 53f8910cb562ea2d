//! What is refused, and in which words: those of AWS wherever they were recorded.

use super::{error, json, sent};
use delivery::bus::archive::{Archive, ArchiveSpec};
use delivery::bus::entry::{Entry, check_request};
use delivery::bus::policy::PolicyRefused;
use delivery::bus::replay::{ReplayRefused, State};
use delivery::bus::{Rule, RuleSpec, RuleState, Target, TargetSpec, TargetsRefused};
use serde_json::{Value as Json, json};
use types::Account;
use wire::Refusal;
use wire::events::Refused;

const NAME: &str = r"Member must satisfy regular expression pattern: [\.\-_A-Za-z0-9]+";
const BUS_OR_ARN: &str = r"Member must satisfy regular expression pattern: (arn:aws[\w-]*:events:[a-z]+-[a-z]+-[\w-]+:[0-9]{12}:event-bus\/)?[/\.\-_A-Za-z0-9]+";

/// What is said of a request: the code and the message together.
fn said(operation: &str, body: &Json) -> String {
    error(operation, body).to_string()
}

fn broken(value: &str, path: &str, rule: &str) -> String {
    let value = if value == "null" { value.to_owned() } else { format!("'{value}'") };
    format!(
        "ValidationException: 1 validation error detected: Value {value} at '{path}' failed to satisfy constraint: \
         {rule}"
    )
}

#[test]
fn broken_rules_are_said_in_awss_words() {
    let long = "x".repeat(65);
    let not_null = "Member must not be null";
    let queue = "arn:aws:sqs:us-east-1:000000000000:q";
    let targets = |target: Json| json!({"Rule": "r", "Targets": [{"Id": "ok", "Arn": queue}, target]});
    let cases = [
        ("PutEvents", json!({}), broken("null", "entries", not_null)),
        ("PutRule", json!({"EventPattern": "{}"}), broken("null", "name", not_null)),
        ("PutRule", json!({"Name": "a b"}), broken("a b", "name", NAME)),
        ("PutRule", json!({"Name": long}), broken(&long, "name", "Member must have length less than or equal to 64")),
        (
            "PutRule",
            json!({"Name": "r", "State": "ON"}),
            broken(
                "ON",
                "state",
                "Member must satisfy enum value set: [ENABLED, DISABLED, ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS]",
            ),
        ),
        (
            "PutRule",
            json!({"Name": "r", "Description": "x".repeat(513)}),
            broken(&"x".repeat(513), "description", "Member must have length less than or equal to 512"),
        ),
        ("DescribeRule", json!({"Name": "r", "EventBusName": "a b"}), broken("a b", "eventBusName", BUS_OR_ARN)),
        (
            "DescribeRule",
            json!({"Name": "r", "EventBusName": "arn:aws:sqs:x"}),
            broken("arn:aws:sqs:x", "eventBusName", BUS_OR_ARN),
        ),
        ("ListRules", json!({"Limit": 0}), broken("0", "limit", "Member must have value greater than or equal to 1")),
        (
            "ListRules",
            json!({"Limit": 101}),
            broken("101", "limit", "Member must have value less than or equal to 100"),
        ),
        ("ListRules", json!({"NamePrefix": "ä"}), broken("ä", "namePrefix", NAME)),
        ("PutTargets", json!({"Rule": "r"}), broken("null", "targets", not_null)),
        (
            "PutTargets",
            json!({"Rule": "r", "Targets": []}),
            broken("[]", "targets", "Member must have length greater than or equal to 1"),
        ),
        (
            "PutTargets",
            targets(json!({"Id": "!@#$@!#$", "Arn": queue})),
            broken("!@#$@!#$", "targets.2.member.id", NAME),
        ),
        (
            "PutTargets",
            targets(json!({"Id": long, "Arn": queue})),
            broken(&long, "targets.2.member.id", "Member must have length less than or equal to 64"),
        ),
        ("PutTargets", targets(json!({"Id": "a"})), broken("null", "targets.2.member.arn", not_null)),
        (
            "PutTargets",
            targets(json!({"Id": "a", "Arn": queue, "RetryPolicy": {"MaximumRetryAttempts": 186}})),
            broken(
                "186",
                "targets.2.member.retryPolicy.maximumRetryAttempts",
                "Member must have value less than or equal to 185",
            ),
        ),
        (
            "PutTargets",
            targets(json!({"Id": "a", "Arn": queue, "InputTransformer": {}})),
            broken("null", "targets.2.member.inputTransformer.inputTemplate", not_null),
        ),
        ("RemoveTargets", json!({"Rule": "r", "Ids": ["a", "b c"]}), broken("b c", "ids.2.member", NAME)),
        (
            "CreateArchive",
            json!({"ArchiveName": "x".repeat(49), "EventSourceArn": "a"}),
            broken(&"x".repeat(49), "archiveName", "Member must have length less than or equal to 48"),
        ),
        ("CreateArchive", json!({"ArchiveName": "a"}), broken("null", "eventSourceArn", not_null)),
        (
            "CreateArchive",
            json!({"ArchiveName": "a", "EventSourceArn": "b", "RetentionDays": -1}),
            broken("-1", "retentionDays", "Member must have value greater than or equal to 0"),
        ),
        (
            "ListArchives",
            json!({"State": "OPEN"}),
            broken(
                "OPEN",
                "state",
                "Member must satisfy enum value set: [ENABLED, DISABLED, CREATING, UPDATING, CREATE_FAILED, \
                 UPDATE_FAILED]",
            ),
        ),
        (
            "TagResource",
            json!({"ResourceARN": "arn:aws:events:us-east-1:000000000000:event-bus/b", "Tags": [{"Key": "k"}]}),
            broken("null", "tags.1.member.value", not_null),
        ),
        (
            "StartReplay",
            json!({"ReplayName": "r", "EventSourceArn": "a", "EventStartTime": 1, "EventEndTime": 2}),
            broken("null", "destination", not_null),
        ),
        (
            "PutEvents",
            json!({"Entries": [{"Time": 1e13}]}),
            broken("10000000000000.0", "entries.1.member.time", "Member must be a time in the years 1 to 9999"),
        ),
    ];
    for (operation, body, expected) in cases {
        assert_eq!(said(operation, &body), expected, "{operation} {body}");
    }
}

#[test]
fn all_broken_rules_are_said_together() {
    let missing = |name: &str| format!("Value null at '{name}' failed to satisfy constraint: Member must not be null");
    let all = ["replayName", "eventSourceArn", "eventStartTime", "eventEndTime", "destination"].map(missing).join("; ");
    assert_eq!(said("StartReplay", &json!({})), format!("ValidationException: 5 validation errors detected: {all}"));
    let long = format!("{} ", "x".repeat(64));
    assert_eq!(
        said("PutRule", &json!({"Name": long})),
        format!(
            "ValidationException: 2 validation errors detected: Value '{long}' at 'name' failed to satisfy constraint: \
             Member must have length less than or equal to 64; Value '{long}' at 'name' failed to satisfy constraint: \
             {NAME}"
        )
    );
}

#[test]
fn what_needs_no_state_to_be_refused_is() {
    let elsewhere = "arn:aws:events:eu-west-1:000000000000:event-bus/b";
    let two = json!({"NamePrefix": "a", "State": "ENABLED"});
    let replay = |source: &str| {
        json!({
            "ReplayName": "r", "EventSourceArn": source, "EventStartTime": 1, "EventEndTime": 2,
            "Destination": {"Arn": "a"},
        })
    };
    let cases = [
        ("DeleteEventBus", json!({"Name": "default"}), "ValidationException: Cannot delete event bus default."),
        ("CreateEventBus", json!({"Name": "a/b"}), "ValidationException: Event bus name must not contain '/'."),
        (
            "ListRules",
            json!({"EventBusName": elsewhere}),
            "ResourceNotFoundException: Event bus arn:aws:events:eu-west-1:000000000000:event-bus/b does not exist.",
        ),
        (
            "ListArchives",
            two,
            "ValidationException: At most one filter is allowed for ListArchives. Use either : State, EventSourceArn, or \
             NamePrefix.",
        ),
        (
            "ListReplays",
            json!({"State": "FAILED", "EventSourceArn": "a"}),
            "ValidationException: At most one filter is allowed for ListReplays. Use either : State, EventSourceArn, or \
             NamePrefix.",
        ),
        (
            "StartReplay",
            replay("arn:aws:events:us-east-1:000000000000:event-bus/b"),
            "ValidationException: Parameter EventSourceArn is not valid. Reason: Must contain an archive ARN.",
        ),
        (
            "StartReplay",
            replay("arn:aws:events:eu-west-1:000000000000:archive/a"),
            "ValidationException: Parameter EventSourceArn is not valid. Reason: Archive \
             arn:aws:events:eu-west-1:000000000000:archive/a does not exist.",
        ),
        (
            "ListTagsForResource",
            json!({"ResourceARN": "b"}),
            "ValidationException: Parameter ResourceARN is not valid. Reason: Provided Arn is not in correct format.",
        ),
        (
            "ListTagsForResource",
            json!({"ResourceARN": elsewhere}),
            "ResourceNotFoundException: Event bus b does not exist.",
        ),
        (
            "CreateEventBus",
            json!({"Name": "b", "LogConfig": {"Level": "ERROR"}}),
            "ValidationException: LogConfig is not handled by this engine yet; send the request without it",
        ),
        (
            "PutTargets",
            json!({"Rule": "r", "Targets": [{"Id": "1", "Arn": "a", "EcsParameters": {}}]}),
            "ValidationException: EcsParameters is not handled by this engine yet; send the request without it",
        ),
        (
            "PutEvents",
            json!({"Entries": [{"Source": 1}]}),
            "SerializationException: NUMBER_VALUE cannot be converted to String",
        ),
        (
            "PutEvents",
            json!({"Entries": [{"Time": "2024"}]}),
            "SerializationException: STRING_VALUE cannot be converted to Date",
        ),
        ("ListRules", json!({"NextToken": "?"}), "ValidationException: The token is invalid."),
    ];
    for (operation, body, expected) in cases {
        assert_eq!(said(operation, &body), expected, "{operation} {body}");
    }
}

#[test]
fn what_depends_on_the_state_is_refused_in_awss_words() {
    let account = Account::default();
    let bus = "orders".parse().unwrap();
    let no_pattern = RuleSpec {
        name: "r".parse().unwrap(),
        pattern: None,
        schedule: None,
        state: RuleState::Enabled,
        description: None,
    };
    let bad_pattern = RuleSpec { pattern: Some("[]".to_owned()), ..no_pattern.clone() };
    let [no_pattern, bad_pattern] = [no_pattern, bad_pattern].map(|spec| Rule::parse(spec, &bus).unwrap_err());
    let fifo = TargetSpec {
        id: "1".to_owned(),
        arn: "arn:aws:sqs:us-east-1:000000000000:q.fifo".to_owned(),
        ..TargetSpec::default()
    };
    let target = Target::parse(fifo).unwrap_err();
    let archive = ArchiveSpec {
        name: "a1".parse().unwrap(),
        bus: "orders".to_owned(),
        pattern: None,
        retention_days: None,
        description: None,
    };
    let elsewhere =
        ArchiveSpec { bus: "arn:aws:events:us-east-1:123456789012:event-bus/orders".to_owned(), ..archive.clone() };
    let archive_elsewhere = Archive::parse(elsewhere, &account).unwrap_err();
    let archive = Archive::parse(archive, &account).unwrap_err();
    let entries = vec![Entry::default(); 11];
    let request = check_request(&entries, &account).unwrap_err();
    let entry = "PutEventsRequestEntry(time=null, source=null, resources=null, detailType=null, detail=null, \
                 eventBusName=null, traceHeader=null, kmsKeyIdentifier=null, internalMetadata=null)";
    let too_many_entries = format!(
        "1 validation error detected: Value '[{}]' at 'entries' failed to satisfy constraint: Member must have length less \
         than or equal to 10",
        [entry; 11].join(", ")
    );
    let replay = "again".parse().unwrap();
    let cancelled = State::Cancelling { replayed_to: None }.cancel(&replay).unwrap_err();
    let rule_arn = account.arn("events", "rule/orders/r");
    let other_arn = account.arn("events", "archive/a");
    let too_many = "The requested resource exceeds the maximum number allowed.";
    let validation = "ValidationException";
    let not_found = "ResourceNotFoundException";
    let exists = "ResourceAlreadyExistsException";
    let cases = [
        (Refused::NoBus("orders"), not_found, "Event bus orders does not exist."),
        (Refused::BusExists("orders"), exists, "Event bus orders already exists."),
        (Refused::NoRule { rule: "r", bus: &bus }, not_found, "Rule r does not exist on EventBus orders."),
        (Refused::NoResource(&rule_arn), not_found, "Rule r does not exist on EventBus orders."),
        (
            Refused::NoResource(&other_arn),
            not_found,
            "Resource arn:aws:events:us-east-1:000000000000:archive/a does not exist.",
        ),
        (Refused::NoArchive("a1"), not_found, "Archive a1 does not exist."),
        (Refused::ArchiveExists("a1"), exists, "Archive a1 already exists."),
        (
            Refused::ReplayOfNothing { archive: "a1" },
            validation,
            "Parameter EventSourceArn is not valid. Reason: Archive a1 does not exist.",
        ),
        (Refused::NoReplay("again"), not_found, "Replay again does not exist."),
        (Refused::ReplayExists("again"), exists, "Replay again already exists."),
        (Refused::TooMany, "LimitExceededException", too_many),
        (Refused::Targets(&TargetsRefused::TooMany { count: 6 }), "LimitExceededException", too_many),
        (Refused::Rule(&no_pattern), validation, "Parameter(s) EventPattern or ScheduleExpression must be specified."),
        (
            Refused::Rule(&bad_pattern),
            "InvalidEventPatternException",
            "Event pattern is not valid. Reason: Filter is not an object\n at [Source: (String)\"[]\"; line: 1, column: 2]",
        ),
        (
            Refused::Rule(&delivery::bus::RuleRefused::HasTargets),
            validation,
            "Rule can't be deleted since it has targets.",
        ),
        (Refused::Target(&target), validation, "Parameter(s) SqsParameters must be specified for target: 1."),
        (
            Refused::Archive(&archive),
            validation,
            "Parameter EventSourceArn is not valid. Reason: Must contain an event bus ARN.",
        ),
        (Refused::Request(&request), validation, &too_many_entries),
        (Refused::Archive(&archive_elsewhere), not_found, "Event bus orders does not exist."),
        (Refused::Policy(&PolicyRefused::NoStatement), not_found, "Statement with the provided id does not exist."),
        (
            Refused::Policy(&PolicyRefused::TooLong { length: 10_241 }),
            "PolicyLengthExceededException",
            "The event bus policy is too long: it has 10241 characters, and 10240 at most are kept.",
        ),
        (
            Refused::Replay(&ReplayRefused::OtherBus),
            validation,
            "Parameter Destination.Arn is not valid. Reason: Cross event bus replay is not permitted.",
        ),
        (
            Refused::Replay(&cancelled),
            "IllegalStatusException",
            "Replay again is not in a valid state for this operation.",
        ),
    ];
    for (refused, code, message) in cases {
        let response = sent("PutRule", &json!({})).refuse(&Refusal::Events(refused));
        assert_eq!(response.status, 400, "{message}");
        assert_eq!(json(&response), json!({"__type": code, "message": message}));
    }
}
