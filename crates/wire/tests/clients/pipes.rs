//! Pipes: requests as boto3 sends them, answers with the members that AWS's API reference has.

use super::{AT, Sent, header, json, text};
use delivery::bus::pipe_target::{PipeParametersSpec, PipeTargetKind};
use serde_json::{Value as Json, json};
use std::sync::LazyLock;
use wire::pipes::{Answer, Call, OtherTarget, PipeDescription, Way};
use wire::{Answer as Any, Refusal};

fn call(method: &'static str, path: &str) -> Call {
    match Sent::new(method, path).call() {
        wire::Call::Pipes(call) => call,
        other => panic!("{other:?} for {path}"),
    }
}

static PLAIN: LazyLock<PipeParametersSpec> = LazyLock::new(PipeParametersSpec::default);

fn pipe(name: &types::PipeName) -> PipeDescription<'_> {
    PipeDescription {
        name,
        description: None,
        running: true,
        wanted: true,
        source: "arn:aws:dynamodb:us-east-1:000000000000:table/T/stream/2024-03-08T00:00:00.498".to_owned(),
        from_queue: false,
        enrichment: None,
        enrichment_input: None,
        target: "arn:aws:lambda:us-east-1:000000000000:function:F".to_owned(),
        kind: PipeTargetKind::Function,
        parameters: &PLAIN,
        role: None,
        filters: &[],
        batch_size: 100,
        window_seconds: 0,
        lanes: 1,
        retries: None,
        max_age_seconds: None,
        bisects: false,
        from_oldest: false,
        dead_letters: None,
        waits: true,
        tags: None,
        created_at: AT,
        changed_at: AT,
    }
}

#[test]
fn operations_are_methods_and_paths() {
    let pipe: types::PipeName = "premium".parse().unwrap();
    assert_eq!(call("GET", "/v1/pipes/premium"), Call::DescribePipe { pipe: pipe.clone() });
    assert_eq!(call("POST", "/v1/pipes/premium/start"), Call::StartPipe { pipe: pipe.clone() });
    assert_eq!(call("POST", "/v1/pipes/premium/stop"), Call::StopPipe { pipe });
    assert!(matches!(call("GET", "/v1/pipes"), Call::ListPipes { .. }));
    for (method, path) in [("GET", "/v1/pipes/a/b/c"), ("PATCH", "/v1/pipes/a"), ("POST", "/v1/pipes/a/pause")] {
        let refused = Sent::new(method, path).refused();
        assert_eq!(refused.status, 404, "{method} {path}");
        assert_eq!(header(&refused, "x-amzn-errortype"), Some("UnknownOperationException"));
    }
}

#[test]
fn lists_are_filtered_and_paged() {
    let names: [types::PipeName; 2] = ["a".parse().unwrap(), "b".parse().unwrap()];
    let [running, stopped] = [pipe(&names[0]), PipeDescription { running: false, wanted: false, ..pipe(&names[1]) }];
    let cases = [
        ("", [true, true]),
        ("?DesiredState=STOPPED", [false, true]),
        ("?CurrentState=RUNNING", [true, false]),
        ("?CurrentState=CREATING", [false, false]),
        ("?SourcePrefix=arn%3Aaws%3Adynamodb", [true, true]),
        ("?SourcePrefix=arn%3Aaws%3Asqs", [false, false]),
        ("?TargetPrefix=arn:aws:lambda:us-east-1:000000000000:function:G", [false, false]),
    ];
    for (query, expected) in cases {
        let Call::ListPipes { filter, .. } = call("GET", &format!("/v1/pipes{query}")) else { panic!("a list") };
        assert_eq!([filter.wants(&running), filter.wants(&stopped)], expected, "{query}");
    }
    let sent = Sent::new("GET", "/v1/pipes");
    let told = json(&sent.answer(&Any::Pipes(Answer::Listed { pipes: std::slice::from_ref(&running), more: true })));
    assert_eq!(
        told["Pipes"],
        json!([{
            "Arn": "arn:aws:pipes:us-east-1:000000000000:pipe/a", "Name": "a", "DesiredState": "RUNNING",
            "CurrentState": "RUNNING", "CreationTime": 1_709_856_000.498, "LastModifiedTime": 1_709_856_000.498,
            "Source": "arn:aws:dynamodb:us-east-1:000000000000:table/T/stream/2024-03-08T00:00:00.498",
            "Target": "arn:aws:lambda:us-east-1:000000000000:function:F",
        }])
    );
    let token = told["NextToken"].as_str().unwrap();
    let next = call("GET", &format!("/v1/pipes?Limit=1&NextToken={token}"));
    let Call::ListPipes { page, .. } = next else { panic!("a list") };
    assert_eq!(page.of(vec!["a", "b", "c"], |name| name), (vec!["b"], true));
}

#[test]
fn a_pipe_is_described_with_all_that_it_has() {
    let name = "premium".parse().unwrap();
    let tags = [("k".to_owned(), "v".to_owned())].into_iter().collect();
    let filters = ["{}".to_owned()];
    let whole = PipeDescription {
        description: Some("d"),
        role: Some("r"),
        filters: &filters,
        retries: Some(3),
        max_age_seconds: Some(60),
        bisects: true,
        from_oldest: true,
        dead_letters: Some("arn:aws:sqs:us-east-1:000000000000:d".to_owned()),
        waits: false,
        tags: Some(&tags),
        ..pipe(&name)
    };
    let stated = json!({
        "Arn": "arn:aws:pipes:us-east-1:000000000000:pipe/premium", "Name": "premium", "DesiredState": "RUNNING",
        "CurrentState": "RUNNING", "CreationTime": 1_709_856_000.498, "LastModifiedTime": 1_709_856_000.498,
    });
    let sent = Sent::new("GET", "/v1/pipes/premium");
    let switched = sent.answer(&Any::Pipes(Answer::Switched(&whole)));
    assert_eq!((switched.status, json(&switched)), (200, stated.clone()));
    let mut expected = stated.clone();
    expected.as_object_mut().unwrap().extend(
        json!({
            "Description": "d", "RoleArn": "r", "Tags": {"k": "v"}, "Source": whole.source, "Target": whole.target,
            "SourceParameters": {
                "FilterCriteria": {"Filters": [{"Pattern": "{}"}]},
                "DynamoDBStreamParameters": {
                    "BatchSize": 100, "DeadLetterConfig": {"Arn": "arn:aws:sqs:us-east-1:000000000000:d"},
                    "OnPartialBatchItemFailure": "AUTOMATIC_BISECT", "MaximumBatchingWindowInSeconds": 0,
                    "MaximumRecordAgeInSeconds": 60, "MaximumRetryAttempts": 3, "ParallelizationFactor": 1,
                    "StartingPosition": "TRIM_HORIZON",
                },
            },
            "TargetParameters": {"LambdaFunctionParameters": {"InvocationType": "FIRE_AND_FORGET"}},
        })
        .as_object()
        .unwrap()
        .clone(),
    );
    assert_eq!(json(&sent.answer(&Any::Pipes(Answer::Described(&whole)))), expected);
    let plain = json(&sent.answer(&Any::Pipes(Answer::Described(&pipe(&name)))));
    assert_eq!(
        plain["SourceParameters"],
        json!({"DynamoDBStreamParameters": {
            "BatchSize": 100, "MaximumBatchingWindowInSeconds": 0, "MaximumRecordAgeInSeconds": -1,
            "MaximumRetryAttempts": -1, "ParallelizationFactor": 1, "StartingPosition": "LATEST",
        }})
    );
}

#[test]
fn errors_are_named_in_a_header() {
    let rule = |value: &str, path: &str, rule: &str| {
        format!("1 validation error detected: Value '{value}' at '{path}' failed to satisfy constraint: {rule}")
    };
    let cases = [
        (
            "/v1/pipes/a%20b",
            "name",
            rule("a b", "name", r"Member must satisfy regular expression pattern: [\.\-_A-Za-z0-9]+"),
        ),
        ("/v1/pipes?Limit=101", "limit", rule("101", "limit", "Member must have value less than or equal to 100")),
        (
            "/v1/pipes?DesiredState=DELETED",
            "desiredState",
            rule("DELETED", "desiredState", "Member must satisfy enum value set: [RUNNING, STOPPED]"),
        ),
    ];
    for (path, field, message) in cases {
        let refused = Sent::new("GET", path).refused();
        let told = json(&refused);
        assert_eq!((refused.status, &told["message"]), (400, &json!(message)), "{path}");
        assert_eq!(told["fieldList"][0]["name"], field, "{path}");
        assert_eq!(header(&refused, "x-amzn-errortype"), Some("ValidationException"));
    }
    let name = "none".parse().unwrap();
    let refused = Sent::new("GET", "/v1/pipes/none").refuse(&Refusal::NoSuchPipe(&name));
    assert_eq!((refused.status, json(&refused)), (404, json!({"message": "Pipe none does not exist."})));
    assert_eq!(header(&refused, "x-amzn-errortype"), Some("NotFoundException"));
    let throttled = Sent::new("GET", "/v1/pipes").refuse(&Refusal::Throttled);
    assert_eq!((throttled.status, header(&throttled, "x-amzn-errortype")), (429, Some("ThrottlingException")));
}

fn asked(method: &'static str, body: &Json) -> wire::pipes::Asked {
    match Sent::new(method, "/v1/pipes/p").body(&body.to_string()).call() {
        wire::Call::Pipes(Call::CreatePipe { asked, .. } | Call::UpdatePipe { asked, .. }) => *asked,
        other => panic!("{other:?}"),
    }
}

fn sound() -> Json {
    json!({
        "Source": "arn:aws:dynamodb:us-east-1:000000000000:table/T/stream/1", "RoleArn": "r",
        "Target": "arn:aws:sqs:us-east-1:000000000000:q.fifo", "Description": "d", "DesiredState": "STOPPED",
        "Enrichment": "e", "EnrichmentParameters": {"InputTemplate": "<$.a>"}, "Tags": {"k": "v"},
        "SourceParameters": {
            "FilterCriteria": {"Filters": [{"Pattern": "{}"}]},
            "DynamoDBStreamParameters": {
                "StartingPosition": "TRIM_HORIZON", "BatchSize": 5, "MaximumRetryAttempts": -1,
                "MaximumRecordAgeInSeconds": 60, "OnPartialBatchItemFailure": "AUTOMATIC_BISECT",
                "ParallelizationFactor": 2, "DeadLetterConfig": {"Arn": "x"},
            },
        },
        "TargetParameters": {
            "InputTemplate": "<$.b>", "SqsQueueParameters": {"MessageGroupId": "g", "MessageDeduplicationId": "$.d"},
        },
    })
}

#[test]
fn what_is_asked_of_a_pipe_is_read() {
    let given = asked("POST", &sound());
    assert_eq!(given.source.as_deref(), Some("arn:aws:dynamodb:us-east-1:000000000000:table/T/stream/1"));
    assert_eq!((given.role.as_str(), given.description.as_deref(), given.running), ("r", Some("d"), Some(false)));
    assert_eq!((given.enrichment.as_deref(), given.enrichment_input.as_deref()), (Some("e"), Some("<$.a>")));
    assert_eq!(given.tags, [("k".to_owned(), "v".to_owned())].into());
    assert_eq!(given.source_parameters.filters, Some(vec!["{}".to_owned()]));
    let stream = given.source_parameters.stream.unwrap();
    assert_eq!((stream.batch_size, stream.retries, stream.max_age_seconds, stream.lanes), (Some(5), None, Some(60), 2));
    assert!(stream.bisects && stream.from_oldest);
    assert_eq!(stream.dead_letters.as_deref(), Some("x"));
    assert_eq!(given.target_parameters.input.as_deref(), Some("<$.b>"));
    let (kind, parameters) = given.target_parameters.other.unwrap();
    assert_eq!((kind, parameters.message_group.as_deref()), (OtherTarget::Queue, Some("g")));
    // An update gives what it changes.
    let given = asked("PUT", &json!({"RoleArn": "r", "TargetParameters": {"InputTemplate": ""}}));
    assert_eq!((given.target, given.running, given.target_parameters.input.as_deref()), (None, None, Some("")));
    assert_eq!(given.source_parameters, Default::default());
}

#[test]
fn what_a_pipe_cannot_be_is_said_with_its_field() {
    let with = |pointer: &str, value: Json| {
        let mut body = sound();
        let (parent, member) = pointer.rsplit_once('/').unwrap();
        body.pointer_mut(parent).unwrap()[member] = value;
        body
    };
    let stream = "/SourceParameters/DynamoDBStreamParameters";
    let cases = [
        (with("/Source", Json::Null), "source"),
        (with("/Target", json!("")), "target"),
        (with("/RoleArn", Json::Null), "roleArn"),
        (with("/DesiredState", json!("PAUSED")), "desiredState"),
        (with("/Description", json!("d".repeat(513))), "description"),
        (
            with(&format!("{stream}/StartingPosition"), Json::Null),
            "sourceParameters.dynamoDBStreamParameters.startingPosition",
        ),
        (with(&format!("{stream}/BatchSize"), json!(10_001)), "sourceParameters.dynamoDBStreamParameters.batchSize"),
        (
            with(&format!("{stream}/ParallelizationFactor"), json!(0)),
            "sourceParameters.dynamoDBStreamParameters.parallelizationFactor",
        ),
        (with("/TargetParameters/InputTemplate", json!("t".repeat(8193))), "targetParameters.inputTemplate"),
        (with("/TargetParameters/LambdaFunctionParameters", json!({})), "targetParameters"),
    ];
    for (body, field) in cases {
        let refused = Sent::new("POST", "/v1/pipes/p").body(&body.to_string()).refused();
        assert_eq!(
            (refused.status, header(&refused, "x-amzn-errortype")),
            (400, Some("ValidationException")),
            "{field}"
        );
        let told = json(&refused);
        assert_eq!(told["fieldList"][0]["name"], field, "{told}");
        assert!(told["message"].as_str().is_some_and(|message| !message.is_empty()));
    }
    let name = Sent::new("POST", "/v1/pipes/a%20b").body(&sound().to_string()).refused();
    assert_eq!(json(&name)["fieldList"][0]["name"], "name");
    for member in ["LogConfiguration", "KmsKeyIdentifier"] {
        let refused =
            Sent::new("POST", "/v1/pipes/p").body(&with(&format!("/{member}"), json!({})).to_string()).refused();
        assert!(text(&refused).contains(&format!("{member} is not handled")), "{}", text(&refused));
    }
}

#[test]
fn pipes_on_their_way_conflicts_and_tags() {
    let name: types::PipeName = "p".parse().unwrap();
    let sent = Sent::new("POST", "/v1/pipes/p");
    let states = |way| {
        let told = json(&sent.answer(&Any::Pipes(Answer::OnItsWay(&pipe(&name), way))));
        (told["DesiredState"].as_str().unwrap().to_owned(), told["CurrentState"].as_str().unwrap().to_owned())
    };
    let pair = |desired: &str, current: &str| (desired.to_owned(), current.to_owned());
    assert_eq!(states(Way::Creating), pair("RUNNING", "CREATING"));
    assert_eq!(states(Way::Updating), pair("RUNNING", "UPDATING"));
    assert_eq!(states(Way::Deleting), pair("DELETED", "DELETING"));
    let failed = PipeDescription { running: false, ..pipe(&name) };
    assert_eq!(json(&sent.answer(&Any::Pipes(Answer::Described(&failed))))["CurrentState"], "START_FAILED");
    let conflict = sent.refuse(&Refusal::PipeConflict { pipe: &name, message: "there" });
    assert_eq!((conflict.status, header(&conflict, "x-amzn-errortype")), (409, Some("ConflictException")));
    assert_eq!(json(&conflict), json!({"message": "there", "resourceId": "p", "resourceType": "pipe"}));
    let tags = "/tags/arn%3Aaws%3Apipes%3Aus-east-1%3A000000000000%3Apipe%2Fp";
    assert_eq!(call("GET", tags), Call::ListTags { pipe: name.clone() });
    assert_eq!(
        call("DELETE", &format!("{tags}?tagKeys=a&tagKeys=b")),
        Call::Untag { pipe: name.clone(), keys: vec!["a".to_owned(), "b".to_owned()] }
    );
    let tagged = Sent::new("POST", tags).body(r#"{"tags":{"k":"v"}}"#).call();
    let expected = Call::Tag { pipe: name, tags: [("k".to_owned(), "v".to_owned())].into() };
    assert!(matches!(tagged, wire::Call::Pipes(call) if call == expected));
    let other = Sent::new("GET", "/tags/arn%3Aaws%3Apipes%3Aus-east-1%3A111111111111%3Apipe%2Fp").refused();
    assert_eq!(json(&other)["fieldList"][0]["name"], "resourceArn");
}
