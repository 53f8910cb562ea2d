//! Functions.

use super::{AT, Sent, header, json, text};
use serde_json::json;
use types::{FunctionName, LogGroupName, Qualifier, QueueName, SortedMap, Version};
use wire::lambda::{Answer, Call, EVENT_MAX, FunctionDescription, PAYLOAD_MAX};
use wire::{Answer as Any, Refusal};

fn name() -> FunctionName {
    "PremiumOrderLambda".parse().unwrap()
}

fn invoke(name: &str) -> Sent {
    Sent::new("POST", &format!("/2015-03-31/functions/{name}/invocations"))
}

fn call(sent: &Sent) -> Call {
    match sent.call() {
        wire::Call::Lambda(call) => call,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_function_is_named_in_every_form_that_aws_takes() {
    let forms = [
        "PremiumOrderLambda",
        "PremiumOrderLambda:$LATEST",
        "PremiumOrderLambda%3A%24LATEST",
        "function%3APremiumOrderLambda",
        "000000000000%3Afunction%3APremiumOrderLambda",
        "arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3APremiumOrderLambda",
        "arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3APremiumOrderLambda%3A%24LATEST",
    ];
    for form in forms {
        let qualifier = form.contains("LATEST").then_some(Qualifier::LATEST);
        let expected = Call::Invoke { function: name(), qualifier, payload: b"{}".to_vec(), log_tail: false };
        assert_eq!(call(&invoke(form)), expected, "{form}");
    }
    let cases = [
        (
            "arn%3Aaws%3Alambda%3Aeu-west-1%3A000000000000%3Afunction%3AF",
            "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')",
        ),
        (
            "111111111111%3Afunction%3AF",
            "Function not found: arn:aws:lambda:us-east-1:000000000000:function:111111111111:function:F",
        ),
    ];
    for (form, message) in cases {
        assert_eq!(invoke(form).error(), format!("ResourceNotFoundException: {message}"), "{form}");
    }
}

#[test]
fn invocations_are_understood() {
    let payload = |text: &str| text.as_bytes().to_vec();
    let cases = [
        (
            invoke("PremiumOrderLambda").body(r#"{"a":1}"#),
            Call::Invoke { function: name(), qualifier: None, payload: payload(r#"{"a":1}"#), log_tail: false },
        ),
        (
            invoke("PremiumOrderLambda?Qualifier=%24LATEST")
                .header("X-Amz-Log-Type", "Tail")
                .header("X-Amz-Invocation-Type", "RequestResponse")
                .body("[]"),
            Call::Invoke {
                function: name(),
                qualifier: Some(Qualifier::LATEST),
                payload: payload("[]"),
                log_tail: true,
            },
        ),
        (
            invoke("PremiumOrderLambda").header("X-Amz-Invocation-Type", "DryRun"),
            Call::DryRun { function: name(), qualifier: None },
        ),
        (
            invoke("PremiumOrderLambda").header("X-Amz-Invocation-Type", "Event").body("[]"),
            Call::InvokeEvent { function: name(), qualifier: None, payload: payload("[]") },
        ),
        (
            Sent::new("GET", "/2015-03-31/functions/PremiumOrderLambda"),
            Call::GetFunction { function: name(), qualifier: None },
        ),
        (
            Sent::new("GET", "/2015-03-31/functions/PremiumOrderLambda%3A%24LATEST/configuration"),
            Call::GetFunctionConfiguration { function: name(), qualifier: Some(Qualifier::LATEST) },
        ),
        (
            Sent::new("GET", "/2015-03-31/functions/PremiumOrderLambda/versions"),
            Call::ListVersions { function: name(), after: None, limit: 50 },
        ),
        (
            Sent::new("GET", "/2015-03-31/functions/PremiumOrderLambda/aliases"),
            Call::ListAliases { function: name(), version: None, after: None, limit: 50 },
        ),
        (
            Sent::new("GET", "/2015-03-31/functions"),
            Call::ListFunctions { after: None, limit: 50, all_versions: false },
        ),
        (
            Sent::new("GET", "/2015-03-31/functions/?MaxItems=7&FunctionVersion=ALL"),
            Call::ListFunctions { after: None, limit: 7, all_versions: true },
        ),
        (
            Sent::new("GET", "/2015-03-31/functions?MaxItems=10000"),
            Call::ListFunctions { after: None, limit: 50, all_versions: false },
        ),
    ];
    for (mut sent, expected) in cases {
        // A query belongs behind the whole path.
        if let Some(rest) = sent.query.strip_suffix("/invocations").map(str::to_owned) {
            sent.query = rest;
            sent.path.push_str("/invocations");
        }
        assert_eq!(call(&sent), expected, "{sent:?}");
    }
}

const DOTTED: &str = r"Member must satisfy regular expression pattern: (arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_\.]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?";
const PLAIN: &str = r"Member must satisfy regular expression pattern: (arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?";
const QUALIFIER: &str = "Member must satisfy regular expression pattern: (|[a-zA-Z0-9$_-]+)";

#[test]
fn faulty_invocations_are_refused() {
    let qualified = |version: &str| {
        let mut sent = invoke("F");
        sent.query = format!("Qualifier={version}");
        sent
    };
    let not_handled = |member: &str| {
        format!(
            "InvalidParameterValueException: {member} is not handled by this engine yet; send the request without it"
        )
    };
    let not_found = |name: &str| {
        format!("ResourceNotFoundException: Function not found: arn:aws:lambda:us-east-1:000000000000:function:{name}")
    };
    let broken = |value: &str, path: &str, rule: &str| {
        format!(
            "ValidationException: 1 validation error detected: Value '{value}' at '{path}' failed to satisfy constraint: \
             {rule}"
        )
    };
    let long = "x".repeat(171);
    let mut both = invoke("F:7");
    both.query = "Qualifier=live".to_owned();
    let cases = [
        (invoke("F").header("X-Amz-Client-Context", "e30="), not_handled("ClientContext")),
        (qualified("0"), not_found("F:0")),
        (invoke("F:07"), not_found("F:07")),
        // Names, lengths and patterns as they were recorded.
        (Sent::new("GET", "/2015-03-31/functions/F:a.b"), broken("F:a.b", "functionName", DOTTED)),
        (Sent::new("GET", "/2015-03-31/functions/F:1:2/configuration"), broken("F:1:2", "functionName", PLAIN)),
        (invoke("F.G"), not_found("F.G")),
        (invoke(&"x".repeat(65)), not_found(&"x".repeat(65))),
        (invoke(&long), broken(&long, "functionName", "Member must have length less than or equal to 170")),
        (qualified("a!b"), broken("a!b", "qualifier", QUALIFIER)),
        (
            both,
            "InvalidParameterValueException: The derived qualifier from the function name does not match the specified \
             qualifier."
                .to_owned(),
        ),
        (Sent::new("GET", "/2015-03-31/functions?MasterRegion=ALL"), not_handled("MasterRegion")),
        (
            invoke("F").header("X-Amz-Invocation-Type", "Sometimes"),
            broken(
                "Sometimes",
                "invocationType",
                "Member must satisfy enum value set: [Event, RequestResponse, DryRun]",
            ),
        ),
        (
            invoke("F").body("{"),
            "InvalidRequestContentException: Could not parse request body into json: EOF while parsing an object at \
             line 1 column 1"
                .to_owned(),
        ),
        (
            invoke("F").body(&format!("{}{}", "[".repeat(200), "]".repeat(200))),
            "InvalidRequestContentException: Could not parse request body into json: recursion limit exceeded at line \
             1 column 128"
                .to_owned(),
        ),
        (
            invoke("F").body(&"1".repeat(PAYLOAD_MAX + 1)),
            "RequestTooLargeException: Request must be smaller than 6291456 bytes for the InvokeFunction operation"
                .to_owned(),
        ),
        (
            invoke("F").header("X-Amz-Invocation-Type", "Event").body(&"1".repeat(EVENT_MAX + 1)),
            "RequestTooLargeException: Request must be smaller than 1048576 bytes for the InvokeFunction operation"
                .to_owned(),
        ),
        (
            invoke("a%20b"),
            broken("a b", "functionName", DOTTED),
        ),
        (Sent::new("GET", "/2015-03-31/functions?Marker=!"), "InvalidParameterValueException: Invalid Marker.".to_owned()),
        (Sent::new("GET", "/2015-03-31/functions?MaxItems=x"), "SerializationException: MaxItems must be a number".to_owned()),
    ];
    for (sent, expected) in cases {
        assert_eq!(sent.error(), expected, "{} {}", sent.path, sent.query);
    }
}

#[test]
fn a_function_that_fails_is_an_answer() {
    let payload = br#"{"errorMessage":"boom","errorType":"Error"}"#;
    let version = Version::Numbered(3);
    let say =
        |failed, log_tail| invoke("F").answer(&Any::Lambda(Answer::Invoked { version, payload, failed, log_tail }));
    let response = say(true, Some("START\nEND\n"));
    assert_eq!((response.status, response.body.as_slice()), (200, payload.as_slice()));
    assert_eq!(header(&response, "x-amz-function-error"), Some("Unhandled"));
    assert_eq!(header(&response, "x-amz-executed-version"), Some("3"));
    assert_eq!(header(&response, "x-amz-log-result"), Some("U1RBUlQKRU5ECg=="));
    let response = say(false, None);
    assert_eq!(header(&response, "x-amz-function-error"), None);
    assert_eq!(header(&response, "x-amz-log-result"), None);
    // Of a long log the last 4 KB: 4,096 bytes are 5,464 characters of base64.
    let long = "é".repeat(5000);
    let response = say(false, Some(&long));
    assert_eq!(header(&response, "x-amz-log-result").unwrap().len(), 5464);
    let response = invoke("F").answer(&Any::Lambda(Answer::Runnable));
    assert_eq!((response.status, response.body.len()), (204, 0));
    let response = invoke("F").answer(&Any::Lambda(Answer::Accepted));
    assert_eq!((response.status, response.body.len()), (202, 0));
}

#[test]
fn refusals_are_said_in_lambdas_words() {
    let name = name();
    let not_found = "Function not found: arn:aws:lambda:us-east-1:000000000000:function:PremiumOrderLambda";
    let cases = [
        (
            Refusal::NoSuchFunction(&name),
            404,
            "ResourceNotFoundException",
            json!({"Type": "User", "Message": not_found}),
        ),
        (
            Refusal::FunctionBusy,
            429,
            "TooManyRequestsException",
            json!({
                "Type": "User",
                "message": "Rate Exceeded.",
                "Reason": "ReservedFunctionConcurrentInvocationLimitExceeded",
            }),
        ),
        (
            Refusal::Unavailable,
            500,
            "ServiceException",
            json!({"Type": "Service", "Message": "The engine is stopping; try again when it is back."}),
        ),
    ];
    for (refusal, status, code, body) in cases {
        let response = invoke("F").refuse(&refusal);
        assert_eq!((response.status, header(&response, "x-amzn-errortype")), (status, Some(code)));
        assert_eq!(json(&response), body);
    }
}

#[test]
fn a_marker_goes_on_after_the_last_function() {
    let (name, log_group) = (name(), "/aws/lambda/PremiumOrderLambda".parse::<LogGroupName>().unwrap());
    let queue = "Dead".parse::<QueueName>().unwrap();
    let environment = SortedMap::from([("A".to_owned(), "b".to_owned())]);
    let function = FunctionDescription {
        name: &name,
        version: Version::Latest,
        qualifier: None,
        revision: "r",
        runtime: "provided.al2023",
        handler: "premium-orders",
        role: "arn:aws:iam::000000000000:role/r",
        description: "d",
        timeout_seconds: 3,
        memory_mb: 128,
        environment: &environment,
        log_group: &log_group,
        modified_at: AT,
        dead_letters: Some(&queue),
        concurrency: Some(7),
    };
    let list = Sent::new("GET", "/2015-03-31/functions");
    let response = list.answer(&Any::Lambda(Answer::Listed { functions: &[function], more: true }));
    let body = json(&response);
    let spelt = &body["Functions"][0];
    assert_eq!(spelt["FunctionArn"], "arn:aws:lambda:us-east-1:000000000000:function:PremiumOrderLambda");
    assert_eq!(spelt["LastModified"], "2024-03-08T00:00:00.498+0000");
    assert_eq!(spelt["Environment"], json!({"Variables": {"A": "b"}}));
    assert_eq!(spelt["DeadLetterConfig"], json!({"TargetArn": "arn:aws:sqs:us-east-1:000000000000:Dead"}));
    assert_eq!(spelt["SnapStart"], json!({"ApplyOn": "None", "OptimizationStatus": "Off"}));
    // One alone also says its state, which clients wait for, and what runs it.
    assert_eq!((spelt.get("State"), spelt.get("RuntimeVersionConfig")), (None, None));
    let live: Qualifier = "live".parse().unwrap();
    let asked = FunctionDescription { version: Version::Numbered(2), qualifier: Some(&live), ..function };
    let one = json(&list.answer(&Any::Lambda(Answer::Function(&asked))));
    assert_eq!(one["Concurrency"], json!({"ReservedConcurrentExecutions": 7}));
    assert_eq!(one.get("Tags"), None, "AWS tells none of a function that has none");
    let one = &one["Configuration"];
    assert_eq!((&one["State"], &one["LastUpdateStatus"]), (&json!("Active"), &json!("Successful")));
    assert_eq!(one["FunctionArn"], "arn:aws:lambda:us-east-1:000000000000:function:PremiumOrderLambda:live");
    assert_eq!((&one["Version"], &one["RevisionId"]), (&json!("2"), &json!("r")));
    let version = one["RuntimeVersionConfig"]["RuntimeVersionArn"].as_str().unwrap();
    assert_eq!(version.strip_prefix("arn:aws:lambda:us-east-1::runtime:").map(str::len), Some(64), "{version}");
    let bare = SortedMap::new();
    let without = FunctionDescription { environment: &bare, ..asked };
    assert_eq!(json(&list.answer(&Any::Lambda(Answer::Configuration(&without)))).get("Environment"), None);
    // The base64 of the SHA-256 of "premium-orders", which another program has reckoned.
    assert_eq!(one["CodeSha256"], "R0FO95jIYovR2K9sSrFrBNshot8JZkIHFZPOUOEnvFE=");
    let mut next = list.clone();
    next.query = format!("Marker={}", body["NextMarker"].as_str().unwrap().replace('=', "%3D"));
    assert_eq!(call(&next), Call::ListFunctions { after: Some(name.clone()), limit: 50, all_versions: false });
    let response = list.answer(&Any::Lambda(Answer::Listed { functions: &[], more: false }));
    assert_eq!(text(&response), r#"{"Functions":[]}"#);
}
