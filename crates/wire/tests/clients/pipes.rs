//! Pipes: requests as boto3 sends them, answers with the members that AWS's API reference has.

use super::{AT, Sent, header, json, text};
use serde_json::json;
use wire::pipes::{Answer, Call, PipeDescription};
use wire::{Answer as Any, Refusal};

fn call(method: &'static str, path: &str) -> Call {
    match Sent::new(method, path).call() {
        wire::Call::Pipes(call) => call,
        other => panic!("{other:?} for {path}"),
    }
}

fn pipe(name: &types::PipeName) -> PipeDescription<'_> {
    PipeDescription {
        name,
        description: None,
        running: true,
        source: "arn:aws:dynamodb:us-east-1:000000000000:table/T/stream/2024-03-08T00:00:00.498".to_owned(),
        target: "arn:aws:lambda:us-east-1:000000000000:function:F".to_owned(),
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
    for (method, operation) in [("POST", "CreatePipe"), ("PUT", "UpdatePipe"), ("DELETE", "DeletePipe")] {
        let refused = Sent::new(method, "/v1/pipes/a").body("{}").refused();
        assert_eq!(refused.status, 400);
        assert!(
            text(&refused).starts_with(&format!("{{\"message\":\"{operation} is not handled")),
            "{}",
            text(&refused)
        );
    }
}

#[test]
fn lists_are_filtered_and_paged() {
    let names: [types::PipeName; 2] = ["a".parse().unwrap(), "b".parse().unwrap()];
    let [running, stopped] = [pipe(&names[0]), PipeDescription { running: false, ..pipe(&names[1]) }];
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
        ("/v1/pipes/a%20b", rule("a b", "name", r"Member must satisfy regular expression pattern: [\.\-_A-Za-z0-9]+")),
        ("/v1/pipes?Limit=101", rule("101", "limit", "Member must have value less than or equal to 100")),
        (
            "/v1/pipes?DesiredState=DELETED",
            rule("DELETED", "desiredState", "Member must satisfy enum value set: [RUNNING, STOPPED]"),
        ),
    ];
    for (path, message) in cases {
        let refused = Sent::new("GET", path).refused();
        assert_eq!((refused.status, json(&refused)), (400, json!({ "message": message })), "{path}");
        assert_eq!(header(&refused, "x-amzn-errortype"), Some("ValidationException"));
    }
    let name = "none".parse().unwrap();
    let refused = Sent::new("GET", "/v1/pipes/none").refuse(&Refusal::NoSuchPipe(&name));
    assert_eq!((refused.status, json(&refused)), (404, json!({"message": "Pipe none does not exist."})));
    assert_eq!(header(&refused, "x-amzn-errortype"), Some("NotFoundException"));
    let throttled = Sent::new("GET", "/v1/pipes").refuse(&Refusal::Throttled);
    assert_eq!((throttled.status, header(&throttled, "x-amzn-errortype")), (429, Some("ThrottlingException")));
}
