//! What a check finds in a template beside what its patterns say, and where.

use crate::CATALOGUE;
use pattern::lint::Severity;
use stack::check::{Finding, Report, Sample, Settings, Spelling, Together, check};
use stack::{Environment, Overrides};

fn checked(text: &str) -> Report {
    checked_with(text, &[])
}

fn checked_with(text: &str, samples: &[Sample]) -> Report {
    let environment = Environment::local("shop");
    let overrides = Overrides::new();
    let settings = Settings { environment: &environment, catalogue: &CATALOGUE, samples, overrides: &overrides };
    check(text, "t.yaml", &settings)
}

/// What is at least a warning: the line, the name, and what stands there up to the end of the finding or the line.
fn found(text: &str) -> Vec<(u32, &'static str, String)> {
    let report = checked(text);
    let serious = report.findings.iter().filter(|finding| finding.severity() > Severity::Info);
    serious.map(|finding| (finding.at.line, finding.id, about(text, finding))).collect()
}

fn about(text: &str, finding: &Finding) -> String {
    let line = text.lines().nth(finding.at.line as usize - 1).unwrap_or("");
    let end = finding.end.map_or(usize::MAX, |end| end.column as usize - 1);
    let start = finding.at.column as usize - 1;
    line.chars().take(end).skip(start).collect()
}

/// A template with one pipe from a table to a function, its filters and stream parameters as given.
fn pipe(filters: &str, stream: &str) -> String {
    format!(
        "Resources:
  P:
    Type: AWS::Pipes::Pipe
    Properties:
      RoleArn: arn:aws:iam::000000000000:role/r
      Source: !GetAtt T.StreamArn
      Target: !GetAtt F.Arn
      SourceParameters:
        FilterCriteria:
          Filters: {filters}
        DynamoDBStreamParameters: {stream}
  F:
    Type: AWS::Lambda::Function
    Properties:
      {{Runtime: provided.al2023, Handler: standard-orders, Role: 'arn:aws:iam::000000000000:role/r',
        Code: {{S3Bucket: bucket, S3Key: key}}}}
  Q:
    Type: AWS::SQS::Queue
  T:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{{AttributeName: id, AttributeType: S}}]
      KeySchema: [{{AttributeName: id, KeyType: HASH}}]
      StreamSpecification: {{StreamViewType: NEW_IMAGE}}
"
    )
}

/// Stream parameters that leave nothing to be said.
const SOUND: &str = "{StartingPosition: LATEST, MaximumRetryAttempts: 3, DeadLetterConfig: {Arn: !GetAtt Q.Arn}}";
const INSERTS: &str = "{Pattern: '{\"eventName\": [\"INSERT\"]}'}";

#[test]
fn our_own_stacks_leave_nothing_to_mend() {
    for (name, patterns) in [("premium", 4), ("orders", 6)] {
        let path = format!("{}/../../stacks/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).unwrap();
        assert_eq!(found(&text), [], "{name}");
        assert_eq!(checked(&text).patterns, patterns, "{name}");
    }
}

#[test]
fn a_sound_pipe_leaves_nothing_to_mend() {
    let text = pipe(&format!("[{INSERTS}]"), SOUND);
    assert_eq!(found(&text), []);
    assert_eq!(checked(&text).patterns, 1);
}

#[test]
fn limits_and_twins_are_found() {
    let six: Vec<String> = (0..6).map(|n| format!("{{Pattern: '{{\"eventName\": [\"INSERT\", \"{n}\"]}}'}}")).collect();
    let text = pipe(&format!("[{}]", six.join(", ")), SOUND);
    let counted: Vec<_> = found(&text).into_iter().filter(|(_, id, _)| *id != "event-name").collect();
    assert_eq!(counted.len(), 1, "once, and not as what resolving refuses too: {counted:?}");
    assert_eq!((counted[0].0, counted[0].1), (10, "too-many-filters"));
    let text = pipe(&format!("[{INSERTS}, {}]", INSERTS.replace(' ', "  ")), SOUND);
    assert_eq!(found(&text), [(10, "duplicate-pattern", "{\"eventName\":  [\"INSERT\"]}'}]".to_owned())]);
}

#[test]
fn a_stream_needs_an_end_and_a_place_for_what_is_given_up() {
    let cases = [
        ("{StartingPosition: LATEST}", Some("pipe-without-end")),
        ("{StartingPosition: LATEST, MaximumRetryAttempts: -1}", Some("pipe-without-end")),
        ("{StartingPosition: LATEST, MaximumRetryAttempts: !Ref AWS::NoValue}", Some("pipe-without-end")),
        ("{StartingPosition: LATEST, MaximumRetryAttempts: 3}", Some("pipe-without-dead-letters")),
        ("{StartingPosition: LATEST, MaximumRecordAgeInSeconds: 60}", Some("pipe-without-dead-letters")),
        (SOUND, None),
    ];
    for (stream, expected) in cases {
        let found = found(&pipe(&format!("[{INSERTS}]"), stream));
        let ids: Vec<_> = found.iter().map(|(line, id, _)| (*line, *id)).collect();
        assert_eq!(ids, expected.map(|id| (11, id)).into_iter().collect::<Vec<_>>(), "{stream}");
    }
}

#[test]
fn what_resolving_refuses_has_names() {
    let sound = pipe(&format!("[{INSERTS}]"), SOUND);
    let cases = [
        (sound.replace("NEW_IMAGE", "SOME"), "template-invalid", "SOME"),
        (
            sound.replace("Q:\n    Type: AWS::SQS::Queue", "Q:\n    Type: AWS::SNS::Topic"),
            "unsupported-resource",
            "AWS::SNS::Topic",
        ),
        (
            sound.replace("      RoleArn:", "      LogConfiguration: {Level: INFO}\n      RoleArn:"),
            "unsupported-feature",
            "LogConfiguration",
        ),
        (sound.replace("Handler: standard-orders", "Handler: mine"), "unsupported-feature", "mine, Role"),
        (
            sound.replace("Resources:", "Transform: AWS::Serverless-2016-10-31\nResources:"),
            "unsupported-feature",
            "Transform",
        ),
        (sound.replace("!GetAtt T.StreamArn", "!GetAtt TT.StreamArn"), "template-invalid", "!GetAtt TT"),
        ("Resources: {".to_owned(), "template-invalid", ""),
    ];
    for (text, id, about) in cases {
        assert_ne!(text, sound);
        let found = found(&text);
        let [(_, found_id, found_about)] = found.as_slice() else { panic!("{id}: {found:?}") };
        assert!(*found_id == id && found_about.starts_with(about), "{id} {about}: {found:?}");
    }
    // A role of the template that allows nothing.
    let role = "  R:\n    Type: AWS::IAM::Role\n    Properties:\n      AssumeRolePolicyDocument:\n        Version: '2012-10-17'\n        Statement: [{Effect: Allow, Principal: {Service: pipes.amazonaws.com}, Action: sts:AssumeRole}]\n";
    let text = sound.replace("RoleArn: arn:aws:iam::000000000000:role/r", "RoleArn: !GetAtt R.Arn") + role;
    let ids: Vec<_> = found(&text).iter().map(|(_, id, _)| *id).collect();
    assert_eq!(ids, ["missing-permission"; 3]);
}

#[test]
fn what_is_not_run_here_hides_nothing_behind_it() {
    // The key is not run here, so the table is not read; the mistake in the queue is found all the same, and nobody
    // says of the table what only follows from that.
    let text = pipe(&format!("[{INSERTS}]"), SOUND)
        .replace("Type: AWS::SQS::Queue", "Type: AWS::SQS::Queue\n    Properties: {DelaySeconds: 1000}")
        .replace("      BillingMode", "      TableName: !Ref K\n      BillingMode")
        + "  K:\n    Type: AWS::KMS::Key\n";
    assert_eq!(
        found(&text).into_iter().map(|(line, id, _)| (line, id)).collect::<Vec<_>>(),
        [(19, "template-invalid"), (29, "unsupported-resource")]
    );
}

/// A role that allows all that the pipe and the function do.
const ROLE: &str = "  R:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement:
          - {Effect: Allow, Principal: {Service: [pipes.amazonaws.com, lambda.amazonaws.com]}, Action: sts:AssumeRole}
  Allowed:
    Type: AWS::IAM::Policy
    Properties:
      PolicyName: all
      Roles: [!Ref R]
      PolicyDocument:
        Version: '2012-10-17'
        Statement: [{Effect: Allow, Action: ['dynamodb:*', 'lambda:*', 'logs:*', 'sqs:*'], Resource: '*'}]
";

#[test]
fn a_policy_that_is_not_known_might_allow_what_would_be_missed() {
    let text = pipe(&format!("[{INSERTS}]"), SOUND).replace("arn:aws:iam::000000000000:role/r", "ROLE");
    let text = text.replace("'ROLE'", "!GetAtt R.Arn").replace("ROLE", "!GetAtt R.Arn") + ROLE;
    assert_eq!(found(&text), [], "{text}");
    let ids = |text: &str| found(text).into_iter().map(|(_, id, _)| id).collect::<Vec<_>>();
    // Mistakes elsewhere hide no missing permission, mistakes in policies do: what they allow is not known.
    let elsewhere =
        text.replace("Type: AWS::SQS::Queue", "Type: AWS::SQS::Queue\n    Properties: {DelaySeconds: 1000}");
    let powerless = |text: &str| text.replace("'dynamodb:*', ", "");
    assert_eq!(ids(&elsewhere), ["template-invalid"]);
    assert_eq!(ids(&powerless(&elsewhere)), ["template-invalid", "missing-permission"]);
    for (from, to, expected) in [
        ("Version: '2012-10-17'\n        Statement: [", "Version: '2012'\n        Statement: [", "template-invalid"),
        ("PolicyName: all", "PolicyName: !Ref Nothing", "template-invalid"),
        ("Type: AWS::IAM::Policy", "Type: AWS::IAM::UserPolicy", "unsupported-resource"),
        ("Resources:", "Transform: Own\nResources:", "unsupported-feature"),
    ] {
        assert!(text.contains(from), "{from}");
        assert_eq!(ids(&powerless(&text).replacen(from, to, 1)), [expected], "{to}");
    }
}

#[test]
fn patterns_are_found_wherever_they_may_stand() {
    let cases = [
        ("AWS::Events::Rule", "EventPattern: {source: [a]}", 1),
        ("AWS::Events::Rule", "EventPattern: '{\"source\": [\"a\"]}'", 1),
        ("AWS::Events::Rule", "ScheduleExpression: rate(1 day)", 0),
        (
            "AWS::Lambda::EventSourceMapping",
            "FilterCriteria: {Filters: [{Pattern: '{\"body\": [\"a\"]}'}, {Pattern: '{}'}]}",
            2,
        ),
        (
            "AWS::Pipes::Pipe",
            "SourceParameters: {FilterCriteria: {Filters: !If [C, [{Pattern: '{}'}], !Ref AWS::NoValue]}}",
            1,
        ),
        ("AWS::Serverless::Function", "Events: {E: {Type: EventBridgeRule, Properties: {Pattern: {source: [a]}}}}", 1),
        (
            "AWS::Serverless::Function",
            "Events: {E: {Type: SQS, Properties: {FilterCriteria: {Filters: [{Pattern: '{}'}]}}}, F: {Type: Api}}",
            1,
        ),
        (
            "AWS::Serverless::StateMachine",
            "Events: {E: {Type: CloudWatchEvent, Properties: {Pattern: {source: [a]}}}}",
            1,
        ),
        ("AWS::SQS::Queue", "QueueName: a", 0),
    ];
    for (kind, properties, patterns) in cases {
        let text = format!("Resources:\n  X:\n    Type: {kind}\n    Properties:\n      {properties}\n");
        assert_eq!(checked(&text).patterns, patterns, "{text}");
    }
}

#[test]
fn thirty_rules_with_wildcards_are_enough_for_a_bus() {
    let rules = |count: usize, bus: &str| {
        let rule = |n: usize| {
            format!(
                "  R{bus}{n}:\n    Type: AWS::Events::Rule\n    Properties:\n      EventBusName: {bus}\n      EventPattern: {{source: [a], detail: {{k: [{{wildcard: 'a*b{n}'}}]}}}}\n"
            )
        };
        (0..count).map(rule).collect::<String>()
    };
    let many = |text: &str| found(text).into_iter().filter(|(_, id, _)| *id == "too-many-wildcard-rules").count();
    assert_eq!(many(&format!("Resources:\n{}{}", rules(30, "one"), rules(30, "two"))), 0);
    assert_eq!(many(&format!("Resources:\n{}", rules(40, "one"))), 1);
}

#[test]
fn a_file_name_that_cannot_be_a_stacks_is_said_and_hides_nothing() {
    let environment = Environment::local("my_shop");
    let text = pipe(&format!("[{INSERTS}]"), "{StartingPosition: LATEST}");
    let overrides = Overrides::new();
    let settings = Settings { environment: &environment, catalogue: &CATALOGUE, samples: &[], overrides: &overrides };
    let report = check(&text, "t", &settings);
    let serious = report.findings.iter().filter(|finding| finding.severity() > Severity::Info);
    assert_eq!(serious.map(|finding| finding.id).collect::<Vec<_>>(), ["stack-name", "pipe-without-end"]);
}

#[test]
fn samples_that_went_nowhere_are_told() {
    let sample = |id: Option<&str>, text: &str| Sample { id: id.map(str::to_owned), text: text.to_owned() };
    let samples = [
        sample(Some("P"), "{}"),
        sample(Some("Q"), "{}"),
        sample(None, "{\"detail\": {}}"),
        sample(None, "{\"id\": {\"S\": \"1\"}}"),
    ];
    let text = pipe(&format!("[{INSERTS}]"), SOUND);
    assert_eq!(checked_with(&text, &samples).unused_samples, [1, 2]);
}

#[test]
fn what_one_sample_lacks_another_may_have() {
    let text = pipe("[{Pattern: '{\"dynamodb\": {\"NewImage\": {\"tier\": {\"S\": [\"a\"]}}}}'}]", SOUND);
    let lacks = |samples: &[&str]| {
        let samples: Vec<_> = samples.iter().map(|text| Sample { id: None, text: (*text).to_owned() }).collect();
        let report = checked_with(&text, &samples);
        report.findings.iter().any(|finding| finding.id == "path-not-in-sample")
    };
    let (with, without) = (r#"{"tier": {"S": "b"}}"#, r#"{"total": {"N": "1"}}"#);
    assert!(lacks(&[without]) && lacks(&[without, without]));
    assert!(!lacks(&[with, without]) && !lacks(&[without, with]));
}

#[test]
fn what_stands_behind_something_put_in_is_found_where_it_is() {
    let mistake = r#""eventName": ["UPDATE"]"#;
    for pattern in [
        format!(
            "!Sub '{{\"dynamodb\": {{\"Keys\": {{\"id\": {{\"S\": [\"${{AWS::Region}}${{!x}}${{T}}\"]}}}}}}, {mistake}}}'"
        ),
        format!("!Join ['', ['{{\"dynamodb\": {{\"Keys\": {{\"id\": {{\"S\": [\"', !Ref T, '\"]}}}}}}, {mistake}}}']]"),
    ] {
        let text = pipe(&format!("[{{Pattern: {pattern}}}]"), SOUND);
        assert_eq!(found(&text), [(10, "event-name", "\"UPDATE\"".to_owned())], "{pattern}");
    }
}

#[test]
fn a_pattern_in_yaml_is_the_json_that_aws_gets() {
    // `{"a": 1}` is refused, so the whole text comes back mended.
    let rule = |pattern: &str| {
        format!(
            "Parameters:\n  Env: {{Type: String, Default: 'pr\"od'}}\n  N: {{Type: Number, Default: 5}}\nConditions:\n  C: !Equals [a, b]\nResources:\n  X:\n    Type: AWS::Pipes::Pipe\n    Properties:\n      SourceParameters: {{FilterCriteria: {{Filters: [{{Pattern: {pattern}}}]}}}}\n"
        )
    };
    let cases = [
        ("{a: [1, -2.5e3, '1', \"1\", true, 'true', text]}", r#"{"a": [1, -2.5e3, "1", "1", true, "true", "text"]}"#),
        ("{source: [!Ref Env, !Sub 'x.${Env}']}", r#"{"source": ["${Env}", "x.${Env}"]}"#),
        ("{n: [{numeric: ['=', !Ref N]}]}", r#"{"n": [{"numeric": ["=", "${N}"]}]}"#),
        ("{a: [!Ref AWS::NoValue, b], c: !Ref AWS::NoValue}", r#"{"a": ["b"]}"#),
        ("{a: !If [C, [x], [y]]}", r#"{"a": ["y"]}"#),
        ("{a: [!GetAtt Other.Arn]}", r#"{"a": ["${Other.Arn}"]}"#),
    ];
    for (pattern, expected) in cases {
        let text = rule(pattern);
        let report = checked(&text);
        let not_text: Vec<_> = report.findings.iter().filter(|finding| finding.id == "pattern-not-text").collect();
        assert_eq!(not_text.len(), 1, "{pattern}: {:?}", report.findings);
        assert_eq!(not_text[0].mended.as_deref(), Some(expected), "{pattern}");
    }
    // What is mended can be pasted where it came from: an `Fn::Sub` goes on naming what it puts in.
    let twice = r#"'{"eventName": "INSERT", "dynamodb": {"NewImage": {"e": {"S": "${Env}x"}}}}'"#;
    let cases = [
        (
            format!("!Sub {twice}"),
            Some(r#"{"eventName": ["INSERT"], "dynamodb": {"NewImage": {"e": {"S": ["${Env}x"]}}}}"#),
            None,
        ),
        (
            // What is put in here makes the text JSON, so the text with names cannot be mended.
            r#"!Sub '{"a": [{"numeric": [">", ${N}]}], "eventName": "INSERT"}'"#.to_owned(),
            None,
            None,
        ),
        (
            r#"!Join ['', ['{"eventName": "', !Ref N, '"}']]"#.to_owned(),
            Some(r#"{"eventName": ["${N}"]}"#),
            Some("in what follows, `${…}` stands for what a function of the template puts in: keep the function"),
        ),
    ];
    for (pattern, expected, hint) in cases {
        let text = rule(&pattern).replace("'pr\"od'", "prod");
        let report = checked(&text);
        let of_pattern: Vec<_> = report.findings.iter().filter(|finding| finding.id == "scalar-not-array").collect();
        let last = of_pattern.last().unwrap_or_else(|| panic!("{pattern}: {:?}", report.findings));
        let mended = match &last.together {
            Some(Together::Here(all)) => Some(all.as_str()),
            Some(Together::Later) | None => last.mended.as_deref(),
        };
        assert_eq!((mended, last.hint.as_deref()), (expected, hint), "{pattern}");
    }
    let text = rule("!Sub '{\"a\": ${Other.Arn}}'");
    let unknown: Vec<_> =
        checked(&text).findings.into_iter().filter(|finding| finding.id == "pattern-not-known").collect();
    assert_eq!(unknown.len(), 1);
    assert!(unknown[0].message.contains("`Other.Arn`") && unknown[0].message.contains("not checked"), "{unknown:?}");
}

/// What a value would mean on AWS is not what its author meant, and hides none of the patterns.
#[test]
fn a_value_that_cannot_be_read_hides_nothing_else() {
    let text = "Resources:
  A:
    Type: AWS::Events::Rule
    Properties:
      Description: 0123
      EventPattern: {detail: {state: [on], gone: [null]}}
  B:
    Type: AWS::Events::Rule
    Properties:
      EventPattern: {detail: {mail: [{anything-but: '*@test.com'}]}}
";
    let report = checked(text);
    assert_eq!(report.patterns, 2);
    let on_aws = |line| {
        let of_line = report.findings.iter().filter(move |finding| finding.at.line == line);
        let serious = of_line.filter(|finding| finding.severity() > Severity::Info);
        serious.map(|finding| (finding.id, about(text, finding), finding.severities.aws_bus)).collect::<Vec<_>>()
    };
    assert_eq!(on_aws(5), [("template-invalid", "0123".to_owned(), Some(Severity::Warning))]);
    let values =
        ["on], gone: [null]}}", "null]}}"].map(|about| ("template-invalid", about.to_owned(), Some(Severity::Error)));
    assert_eq!(on_aws(6), values, "a pattern would compare with a boolean");
    assert_eq!(on_aws(10).iter().map(|(id, ..)| *id).collect::<Vec<_>>(), ["ab-glob-literal"]);
}

/// What is mended is written as what it replaces.
#[test]
fn the_spelling_of_a_pattern_is_known() {
    let cases = [
        ("\n        detail:\n          a: x", Spelling::YamlMap),
        (" {detail: {a: x}}", Spelling::Json),
        (" '{\"detail\": {\"a\": \"x\"}}'", Spelling::SingleQuotes),
        (" !Sub '{\"detail\": {\"a\": \"x\"}}'", Spelling::SingleQuotes),
        (" \"{\\\"detail\\\": {\\\"a\\\": \\\"x\\\"}}\"", Spelling::DoubleQuotes),
        (" |\n        {\"detail\": {\"a\": \"x\"}}", Spelling::Json),
    ];
    for (pattern, spelling) in cases {
        let text =
            format!("Resources:\n  R:\n    Type: AWS::Events::Rule\n    Properties:\n      EventPattern:{pattern}\n");
        let report = checked(&text);
        let finding = report.findings.iter().find(|finding| finding.id == "scalar-not-array");
        let finding = finding.unwrap_or_else(|| panic!("{pattern}: {:?}", report.findings));
        assert_eq!(finding.spelling, spelling, "{pattern}");
        assert_eq!(finding.mended.as_deref().map(str::trim_end), Some(r#"{"detail": {"a": ["x"]}}"#), "{pattern}");
    }
    // Accounts and regions are those of wherever it is deployed.
    let text = "Resources:\n  R:\n    Type: AWS::Events::Rule\n    Properties:\n      EventPattern:\n        account: !Ref AWS::AccountId\n";
    let report = checked(text);
    let finding = report.findings.iter().find(|finding| finding.id == "scalar-not-array").unwrap();
    assert_eq!(finding.mended.as_deref(), Some(r#"{"account": ["${AWS::AccountId}"]}"#));
}

#[test]
fn a_pipe_from_a_queue_leaves_nothing_to_mend() {
    let sound = pipe("[{Pattern: '{\"body\": [\"new\"]}'}]", "{}");
    let text = sound.replace("DynamoDBStreamParameters", "SqsQueueParameters").replace("T.StreamArn", "Q.Arn");
    let text = text.replace(
        "AWS::SQS::Queue\n",
        "AWS::SQS::Queue\n    Properties: {RedrivePolicy: {deadLetterTargetArn: !GetAtt D.Arn, maxReceiveCount: 5}}\n  D:\n    Type: AWS::SQS::Queue\n",
    );
    let refused: Vec<_> =
        checked(&text).findings.into_iter().filter(|finding| finding.severity() > Severity::Info).collect();
    let ids: Vec<_> = refused.iter().map(|finding| (finding.id, finding.at.line)).collect();
    assert_eq!(ids, [], "{refused:?}");
}

#[test]
fn the_pattern_of_an_archive_is_a_rules() {
    let text = "Resources:
  A:
    Type: AWS::Events::Archive
    Properties:
      SourceArn: !Sub 'arn:aws:events:${AWS::Region}:${AWS::AccountId}:event-bus/default'
      EventPattern: {detail: {mail: [{anything-but: '*@test.com'}]}}
";
    let found = found(text);
    assert_eq!(checked(text).patterns, 1);
    let ids: Vec<_> = found.iter().map(|(line, id, _)| (*line, *id)).collect();
    assert_eq!(ids, [(6, "ab-glob-literal")], "{found:?}");
}
