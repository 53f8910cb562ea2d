//! What is said about patterns that nobody has asked about: each lint, no more than there is, and mends that hold.

mod mends;
mod named;
mod nearly;
mod promises;
mod samples;
mod texts;
mod truths;

use pattern::lint::{Context, Engine, Finding, Images, Lint, Severity, Source, check, lints, page};
use pattern::{Dialect, Pattern};

const STREAM: Source = Source::DynamoDb(Images::Unknown);
const BUS: Context<'static> = Context { dialect: Dialect::Bus, source: Source::Bus, sample: None };
const PIPE: Context<'static> = Context { dialect: Dialect::Pipe, source: STREAM, sample: None };

fn ids(findings: &[Finding]) -> Vec<&'static str> {
    findings.iter().map(|finding| finding.lint.id).collect()
}

fn context_of(lint: &Lint) -> Context<'static> {
    Context { dialect: lint.dialect, source: lint.source, sample: lint.sample.map(str::as_bytes) }
}

/// The first finding of a lint.
#[track_caller]
fn find(id: &str, text: &str, context: &Context<'_>) -> Finding {
    let findings = check(text, context);
    match findings.iter().find(|finding| finding.lint.id == id) {
        Some(finding) => finding.clone(),
        None => panic!("{text} has no {id}, but {:?}", ids(&findings)),
    }
}

/// Each text has just these findings, and the first mended pattern is this one.
#[track_caller]
fn assert_found(context: &Context<'_>, cases: &[(&str, &[&str], Option<&str>)]) {
    for (text, expected, mended) in cases {
        let findings = check(text, context);
        assert_eq!(ids(&findings), *expected, "{text}: {findings:#?}");
        let first = findings.iter().find_map(|finding| finding.mended.as_deref());
        assert_eq!(first, *mended, "{text}");
    }
}

#[test]
fn every_wrong_example_has_its_mistake_and_no_other() {
    for lint in lints().iter().filter(|lint| !lint.wrong.is_empty()) {
        let findings = check(lint.wrong, &context_of(lint));
        assert_eq!(ids(&findings), [lint.id], "{findings:#?}");
    }
}

#[test]
fn every_right_example_is_without_the_mistake_and_accepted() {
    for lint in lints() {
        let Some(right) = lint.right else { continue };
        let findings = check(right, &context_of(lint));
        assert!(!ids(&findings).contains(&lint.id), "{right}: {findings:#?}");
        let serious = findings.iter().filter(|finding| finding.severities.worst() > Some(Severity::Info));
        assert_eq!(serious.count(), 0, "{right}: {findings:#?}");
        assert!(Pattern::parse(right, lint.dialect).is_ok(), "{right}");
    }
}

/// Where the table shows how it is right, that is what the mended pattern is, except where more must be known for it.
#[test]
fn the_mended_pattern_is_the_right_one() {
    let needs_more = [
        "invalid",
        "empty",
        "wildcard-complexity",
        "exists-non-leaf",
        "overbroad",
        "numeric-precision",
        "body-json-mismatch",
    ];
    for lint in lints().iter().filter(|lint| !lint.wrong.is_empty() && !needs_more.contains(&lint.id)) {
        let finding = find(lint.id, lint.wrong, &context_of(lint));
        assert_eq!(finding.mended.as_deref(), lint.right, "{}", lint.id);
    }
}

#[test]
fn ids_are_unique_and_every_lint_is_explained() {
    let mut seen = std::collections::HashSet::new();
    for lint in lints() {
        assert!(seen.insert(lint.id), "{} is there twice", lint.id);
        assert!(lint.explanation.ends_with('.'), "{}", lint.id);
        let says_why = lint.explanation.contains("No pattern to paste, because");
        assert_eq!(says_why, lint.right.is_none(), "{}", lint.id);
    }
    let without_example: Vec<&str> = lints().iter().filter(|lint| lint.wrong.is_empty()).map(|lint| lint.id).collect();
    assert_eq!(without_example, ["size", "more-findings"]);
}

#[test]
fn the_page_shows_every_lint_once_with_what_is_said_of_it() {
    let page = page();
    for lint in lints() {
        assert_eq!(page.matches(&format!("### `{}`\n", lint.id)).count(), 1, "{}", lint.id);
        assert_eq!(page.matches(&format!("](#{})", lint.id)).count(), 1, "{}", lint.id);
        assert!(page.contains(lint.wrong) && page.contains(lint.right.unwrap_or_default()), "{}", lint.id);
    }
    assert!(page.contains("| wildcard | `{\"wildcard\": \"a*b\"}` | yes | yes | yes | no |"));
    assert!(
        page.contains("| anything-but with prefix | `{\"anything-but\": {\"prefix\": \"a\"}}` | yes | no | yes | no |")
    );
    assert_eq!(page.matches("| yes | yes | yes | yes |").count(), 11);
    assert!(page.contains("only with `--info`") && page.contains("event source mappings are judged"));
    assert!(page.contains("| error | – | error |"), "some lints are for pipes only");
    assert!(page.contains("> \"in/*.csv\" is compared letter by letter"));
}

/// The table of a lint on the page is what a finding shows, whatever else the pattern has.
#[test]
fn the_page_tells_the_severities_that_findings_show() {
    let page = page();
    let row = |id: &str| {
        let (_, behind) = page.split_once(&format!("### `{id}`\n")).expect("each lint has its heading");
        behind.lines().find(|line| line.starts_with("| error") || line.starts_with("| –")).map(str::to_owned)
    };
    let shown = |severities: [Option<Severity>; 3]| {
        let word = |severity: Option<Severity>| severity.map_or("–".to_owned(), |severity| severity.to_string());
        format!("| {} |", severities.map(word).join(" | "))
    };
    let unknown = Context { source: Source::Unknown, ..BUS };
    let of_bus = [
        (BUS, r#"{"Detail":{"a":["x"]}}"#),
        (BUS, r#"{"state":[{"exists":false}]}"#),
        (unknown, r#"{"detailType":["x"]}"#),
        (unknown, r#"{"Source":["x"],"detail":{"a":[1]}}"#),
    ];
    let in_pipe = find("wrong-root", r#"{"dynamodb":{"oldImage":{"a":{"S":[{"exists":false}]}}}}"#, &PIPE).severities;
    for (context, text) in of_bus {
        let of_bus = find("wrong-root", text, &context).severities;
        assert_eq!(row("wrong-root"), Some(shown([of_bus.here, of_bus.aws_bus, in_pipe.aws_pipe])), "{text}");
    }
    let text = r#"{"eventName":["UPDATE"],"dynamodb":{"NewImage":{"a":{"S":["x"]}}}}"#;
    let in_pipe = find("event-name", text, &PIPE).severities;
    let on_bus = find("event-name", text, &unknown).severities;
    assert_eq!(on_bus.aws_bus, None, "a bus has no change stream");
    assert_eq!(row("event-name"), Some(shown([on_bus.here, on_bus.aws_bus, in_pipe.aws_pipe])));
    assert_eq!(row("pipes-wildcard"), Some("| – | – | warning |".to_owned()));
}

/// The filters of the stacks that come with orderflow.
#[test]
fn filters_on_routing_attributes_have_no_findings() {
    let patterns = [
        r#"{
            "eventName": ["INSERT", "MODIFY"],
            "dynamodb": {
                "NewImage": {
                    "orderStatus": { "S": ["pending", "shipped"] },
                    "tier": { "S": ["standard", "premium"] },
                    "test": { "BOOL": [false] }
                }
            }
        }"#,
        r#"{
            "eventName": ["INSERT", "MODIFY"],
            "dynamodb": {
                "NewImage": {
                    "orderStatus": { "S": ["pending", "shipped"] },
                    "tier": { "S": [{ "exists": false }] }
                }
            }
        }"#,
        r#"{
            "eventName": ["MODIFY"],
            "dynamodb": {
                "OldImage": { "status": { "S": ["pending"] } },
                "NewImage": {
                    "status": { "S": ["shipped"] },
                    "tier": { "S": ["premium"] },
                    "test": { "BOOL": [false] }
                }
            }
        }"#,
        r#"{
            "eventName": ["MODIFY"],
            "dynamodb": {
                "OldImage": { "orderStatus": { "S": ["pending"] } },
                "NewImage": {
                    "orderStatus": { "S": ["shipped"] },
                    "tier": { "S": [{ "exists": false }] }
                }
            }
        }"#,
    ];
    let sample = br#"{"orderStatus": {"S": "shipped"}, "tier": {"S": "premium"}, "test": {"BOOL": false},
        "status": {"S": "shipped"}, "amount": {"N": "1500"}}"#;
    for pattern in patterns {
        for source in [STREAM, Source::DynamoDb(Images::NewAndOld), Source::Unknown] {
            for sample in [None, Some(&sample[..])] {
                let context = Context { dialect: Dialect::Pipe, source, sample };
                assert_eq!(check(pattern, &context), [], "{pattern}");
            }
        }
        let unknown = Context { dialect: Dialect::Bus, source: Source::Unknown, sample: None };
        assert_eq!(check(pattern, &unknown), [], "{pattern}");
    }
}

#[test]
fn ordinary_rules_have_no_findings() {
    let patterns = [
        r#"{"source": ["aws.ec2"], "detail-type": ["EC2 Instance State-change Notification"], "detail": {"state": ["terminated"]}}"#,
        r#"{"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": {"bucket": {"name": ["in"]}, "object": {"key": [{"prefix": "img/"}]}}}"#,
        r#"{"detail": {"state": [{"anything-but": "initializing"}]}}"#,
        r#"{"detail": {"state": [{"anything-but": ["stopped", "overloaded"]}]}}"#,
        r#"{"detail": {"x-limit": [{"anything-but": [100, 200, 300]}]}}"#,
        r#"{"detail": {"state": [{"anything-but": {"prefix": "init"}}]}}"#,
        r#"{"detail": {"FilePath": [{"anything-but": {"wildcard": "*/lib/*"}}]}}"#,
        r#"{"detail": {"c-count": [{"numeric": [">", 0, "<=", 5]}], "d-count": [{"numeric": ["<", 10]}], "x-limit": [{"numeric": ["=", 301.8]}]}}"#,
        r#"{"detail": {"sourceIPAddress": [{"cidr": "10.0.0.0/24"}, "203.0.113.7"]}}"#,
        r#"{"detail": {"eventName": ["DeleteBucket"], "userIdentity": {"userName": [{"exists": true}]}, "errorCode": [{"exists": false}]}}"#,
        r#"{"source": [{"prefix": "aws."}], "region": ["us-east-1"], "account": ["123456789012"], "time": [{"prefix": "2026-01-"}]}"#,
        r#"{"detail-type": [{"equals-ignore-case": "ec2 instance state-change notification"}]}"#,
        r#"{"detail": {"$or": [{"c-count": [{"numeric": [">", 0, "<=", 5]}]}, {"d-count": [{"numeric": ["<", 10]}]}]}}"#,
        r#"{"source": ["shop"], "$or": [{"detail": {"kind": ["a"]}}, {"detail-type": ["B"]}]}"#,
        r#"{"resources": ["arn:aws:ec2:us-east-1:123456789012:instance/i-1234567890abcdef0"]}"#,
        r#"{"resources": [{"prefix": "arn:aws:rds:"}, {"suffix": ":prod"}, {"wildcard": "arn:aws:s3:::*/logs/*.gz"}]}"#,
        r#"{"detail": {"state": [{"anything-but": ["roses"]}, {"exists": false}]}}"#,
        r#"{"detail": {"schedule": ["0 12 * * ? *"], "paid": [true, null], "prefix": ["x"], "total": [0, 1.5, -3]}}"#,
        r#"{"replay-name": [{"exists": false}], "source": ["shop"]}"#,
    ];
    for pattern in patterns {
        assert_eq!(check(pattern, &BUS), [], "{pattern}");
        assert_eq!(check(pattern, &Context { source: Source::Unknown, ..BUS }), [], "{pattern}");
    }
}

#[test]
fn ordinary_filters_of_other_sources_have_no_findings() {
    let cases = [
        (Source::Queue, r#"{"body": {"city": ["Seattle"], "total": [{"numeric": [">", 5]}]}}"#),
        (Source::Queue, r#"{"body": ["plain text"], "messageAttributes": {"kind": {"stringValue": ["new"]}}}"#),
        (Source::Kinesis, r#"{"data": {"city": ["Seattle"]}, "partitionKey": [{"prefix": "a"}]}"#),
        (Source::Broker, r#"{"data": {"kind": ["new"]}, "redelivered": [false]}"#),
        (Source::Kafka, r#"{"value": {"kind": ["new"]}, "topic": ["orders"], "offset": [{"numeric": [">=", 5]}]}"#),
        (STREAM, r#"{"eventName": ["REMOVE"], "userIdentity": {"type": ["Service"]}}"#),
        (
            STREAM,
            r#"{"dynamodb": {"Keys": {"id": {"N": ["101"]}}, "NewImage": {"tags": {"SS": ["a"]}, "lines": {"L": {"M": {"sku": {"S": ["x"]}}}}}}}"#,
        ),
        (
            STREAM,
            r#"{"dynamodb": {"NewImage": {"customer": {"M": {"name": {"S": [{"anything-but": "test"}]}}}, "a.b": {"S": ["x"]}}, "StreamViewType": ["NEW_IMAGE"]}}"#,
        ),
    ];
    for (source, pattern) in cases {
        let findings = check(pattern, &Context { dialect: Dialect::Pipe, source, sample: None });
        assert_eq!(findings, [], "{pattern}");
    }
}

#[test]
fn a_glob_in_anything_but_is_an_error_and_mended_on_both_engines() {
    let text = r#"{"dynamodb":{"NewImage":{"customerEmail":{"S":[{"anything-but":"*test.com*"}]}}}}"#;
    let finding = find("ab-glob-literal", text, &PIPE);
    assert_eq!(finding.severities.of(Engine::Here), Some(Severity::Error));
    assert_eq!(finding.severities.of(Engine::AwsPipe), Some(Severity::Error));
    assert_eq!(finding.severities.of(Engine::AwsBus), None);
    assert_eq!(finding.path, "dynamodb.NewImage.customerEmail.S[0]");
    assert_eq!((finding.line, finding.column), (1, 48));
    assert_eq!(&text[finding.range.clone()], r#"{"anything-but":"*test.com*"}"#);
    assert!(finding.message.starts_with(
        "\"*test.com*\" is compared letter by letter: nothing is excluded but a value that is spelled exactly so"
    ));
    assert!(finding.message.contains("a pipe refuses it"), "{}", finding.message);
    assert_eq!(finding.mended.as_deref(), Some(r#"{"dynamodb":{"NewImage":{"test": {"BOOL": [false]}}}}"#));

    let unknown = Context { dialect: Dialect::Bus, source: Source::Unknown, sample: None };
    let finding = find("ab-glob-literal", text, &unknown);
    assert_eq!(finding.severities.of(Engine::AwsBus), Some(Severity::Error));
    assert_eq!(
        finding.mended.as_deref(),
        Some(r#"{"dynamodb":{"NewImage":{"customerEmail":{"S":[{"anything-but":{"wildcard": "*test.com*"}}]}}}}"#)
    );
}
