//! What a check finds about queues and APIs, and what it leaves alone.

use pattern::lint::{Engine, Severity};
use stack::check::{Report, Settings, check};
use stack::{Environment, Overrides};

use crate::CATALOGUE;

/// The one finding: its name, and the line that it points at.
type Expected = Option<(&'static str, &'static str)>;
/// Texts of a template, and what stands in their place.
type Replacements<'r> = &'r [(&'r str, &'r str)];

fn checked(text: &str, overrides: &[(&str, &str)]) -> Report {
    let environment = Environment::local("shop");
    let overrides: Overrides =
        overrides.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    check(
        text,
        "t.yaml",
        &Settings { environment: &environment, catalogue: &CATALOGUE, samples: &[], overrides: &overrides },
    )
}

/// What is at least a warning: the name, and the line that it points at.
fn found_with(text: &str, overrides: &[(&str, &str)]) -> Vec<(&'static str, String)> {
    let report = checked(text, overrides);
    let serious = report.findings.iter().filter(|finding| finding.severity() > Severity::Info);
    let line = |at: stack::Position| text.lines().nth(at.line as usize - 1).unwrap_or("").trim().to_owned();
    serious.map(|finding| (finding.id, line(finding.at))).collect()
}

fn found(text: &str) -> Vec<(&'static str, String)> {
    found_with(text, &[])
}

/// A queue that a function of Python works on, which is not run here: AWS minds all the same.
const QUEUE: &str = "Parameters:
  Hidden: {Type: Number, Default: 180}
Resources:
  Work:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: !Ref Hidden
      RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 5}
  Dead:
    Type: AWS::SQS::Queue
    Properties:
      MessageRetentionPeriod: 1209600
  Poller:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      EventSourceArn: !GetAtt Work.Arn
      FunctionName: !Ref Function
      FunctionResponseTypes: [ReportBatchItemFailures]
  Function:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: python3.13
      Handler: standard-orders
      Timeout: 30
      Role: arn:aws:iam::000000000000:role/r
      Code: {S3Bucket: bucket, S3Key: key}
";

#[test]
fn a_queue_that_is_worked_on_is_looked_at_with_its_reader() {
    let hidden = "VisibilityTimeout: !Ref Hidden";
    let cases: [(&str, &str, Expected); 12] = [
        ("", "", None),
        ("Default: 180", "Default: 179", Some(("short-visibility", hidden))),
        ("      VisibilityTimeout: !Ref Hidden\n", "", Some(("short-visibility", "Work:"))),
        (hidden, "VisibilityTimeout: 20", None),
        (
            "[ReportBatchItemFailures]",
            "[ReportBatchItemFailures]\n      MaximumBatchingWindowInSeconds: 1",
            Some(("short-visibility", hidden)),
        ),
        ("Timeout: 30", "Timeout: 31", Some(("short-visibility", hidden))),
        ("MessageRetentionPeriod: 1209600", "MessageRetentionPeriod: 345600", None),
        (
            "MessageRetentionPeriod: 1209600",
            "MessageRetentionPeriod: 345599",
            Some(("dead-letters-expire-first", "MessageRetentionPeriod: 345599")),
        ),
        (hidden, "VisibilityTimeout: !Ref Hidden\n      MessageRetentionPeriod: 1209600", None),
        (
            "      RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 5}\n",
            "",
            Some(("queue-without-dead-letters", "Work:")),
        ),
        ("      FunctionResponseTypes: [ReportBatchItemFailures]\n", "", Some(("poller-all-or-nothing", "Poller:"))),
        ("FunctionResponseTypes: [ReportBatchItemFailures]", "BatchSize: 1", None),
    ];
    let not_run = ("unsupported-feature", "Runtime: python3.13".to_owned());
    for (from, to, expected) in cases {
        assert!(QUEUE.contains(from), "{from}");
        let found: Vec<_> = found(&QUEUE.replacen(from, to, 1)).into_iter().filter(|one| *one != not_run).collect();
        let expected: Vec<_> = expected.map(|(id, line)| (id, line.to_owned())).into_iter().collect();
        assert_eq!(found, expected, "{from} -> {to}");
    }
}

#[test]
fn a_value_that_was_given_takes_the_place_of_the_default() {
    let ids = |overrides: &[(&str, &str)]| {
        let found = found_with(QUEUE, overrides);
        found.into_iter().map(|(id, _)| id).collect::<Vec<_>>()
    };
    assert_eq!(ids(&[("Hidden", "179")]), ["short-visibility", "unsupported-feature"]);
    assert_eq!(ids(&[("Hidden", "181")]), ["unsupported-feature"]);
    let unknown = checked(QUEUE, &[("Hiden", "181")]);
    assert_eq!(unknown.findings[0].id, "template-invalid");
    assert_eq!(unknown.findings[0].hint.as_deref(), Some("did you mean `Hidden`?"));
}

#[test]
fn aws_minds_too_and_no_bus_does() {
    let report = checked(&QUEUE.replace("Default: 180", "Default: 60"), &[]);
    let finding = report.findings.iter().find(|finding| finding.id == "short-visibility").unwrap();
    let severities = [Engine::Here, Engine::AwsPipe, Engine::AwsBus].map(|engine| finding.severities.of(engine));
    assert_eq!(severities, [Some(Severity::Warning), Some(Severity::Warning), None]);
}

const API: &str = r#"Resources:
  Api:
    Type: AWS::ApiGateway::RestApi
    Properties:
      Name: shop
      Body:
        openapi: 3.0.1
        paths:
          /orders/{orderId}:
            get:
              security: [key: []]
              x-amazon-apigateway-integration:
                type: aws_proxy
                httpMethod: POST
                uri: !Sub arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Function.Arn}/invocations
                cacheKeyParameters: [method.request.path.orderId, method.request.header.X-Api-Key]
        components: {securitySchemes: {key: {type: apiKey, name: x-api-key, in: header}}}
  Deployment: {Type: AWS::ApiGateway::Deployment, Properties: {RestApiId: !Ref Api}}
  Stage:
    Type: AWS::ApiGateway::Stage
    Properties:
      RestApiId: !Ref Api
      DeploymentId: !Ref Deployment
      StageName: prod
      CacheClusterEnabled: true
      MethodSettings:
        - {HttpMethod: "*", ResourcePath: /*, ThrottlingRateLimit: 100, ThrottlingBurstLimit: 200}
        - {HttpMethod: GET, ResourcePath: "/~1orders~1{orderId}", CachingEnabled: true}
  Key:
    Type: AWS::ApiGateway::ApiKey
    Properties:
      Enabled: true
  Permission:
    Type: AWS::Lambda::Permission
    Properties:
      FunctionName: !Ref Function
      Action: lambda:InvokeFunction
      Principal: apigateway.amazonaws.com
      SourceArn: !Sub arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/*/*
  Function:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: provided.al2023
      Handler: standard-orders
      Role: arn:aws:iam::000000000000:role/r
      Code: {S3Bucket: bucket, S3Key: key}
"#;

#[test]
fn an_api_is_looked_at_with_its_stage_and_its_keys() {
    let key = ", method.request.header.X-Api-Key";
    let throttled = ", ThrottlingRateLimit: 100";
    let source =
        "      SourceArn: !Sub arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/*/*\n";
    let one = "{HttpMethod: GET, ResourcePath: \"/~1orders~1{orderId}\", CachingEnabled: true}";
    let cases: [(Replacements<'_>, Expected); 10] = [
        (&[], None),
        (&[(key, "")], Some(("cache-across-keys", "get:"))),
        // Whoever may call without a key is answered as everybody is.
        (&[(key, ""), ("              security: [key: []]\n", "")], None),
        (&[(key, ""), ("CachingEnabled: true", "CachingEnabled: false")], None),
        (&[(key, ""), (one, "{HttpMethod: GET, ResourcePath: /~1other, CachingEnabled: true}")], None),
        (
            &[
                (key, ""),
                (one, "{HttpMethod: \"*\", ResourcePath: /*, CachingEnabled: true, ThrottlingRateLimit: 1}"),
                (
                    "        - {HttpMethod: \"*\", ResourcePath: /*, ThrottlingRateLimit: 100, ThrottlingBurstLimit: 200}\n",
                    "",
                ),
            ],
            Some(("cache-across-keys", "get:")),
        ),
        (&[(throttled, "")], Some(("stage-without-throttling", "Stage:"))),
        (
            &[("      Enabled: true\n", "      Enabled: true\n      Value: abcdefghijklmnopqrstuvwxyz\n")],
            Some(("key-in-template", "Value: abcdefghijklmnopqrstuvwxyz")),
        ),
        (&[(source, "")], Some(("permission-for-any-api", "Permission:"))),
        (&[(source, ""), ("apigateway.amazonaws.com", "s3.amazonaws.com")], None),
    ];
    for (replacements, expected) in cases {
        let mut text = API.to_owned();
        for (from, to) in replacements {
            assert!(text.contains(from), "{from}");
            text = text.replacen(from, to, 1);
        }
        // Who may call at all is another question.
        let found: Vec<_> = found(&text).into_iter().filter(|(id, _)| *id != "missing-permission").collect();
        let expected: Vec<_> = expected.map(|(id, line)| (id, line.to_owned())).into_iter().collect();
        assert_eq!(found, expected, "{replacements:?}");
    }
}
