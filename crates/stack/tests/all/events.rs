//! Event buses, rules and archives: what a template says about them, and what is refused.

use delivery::bus::TargetSpec;
use stack::diagram::{Graph, Kind};
use stack::{Change, Kept, ResourceKind, diff, refusals};

use crate::resolve;

/// A bus with a rule to a function and a queue, dead letters, a schedule, and an archive; the cases below change it.
const SOUND: &str = r#"Resources:
  Bus: {Type: AWS::Events::EventBus, Properties: {Name: shop-orders, Description: what happens to orders}}
  Created:
    Type: AWS::Events::Rule
    Properties:
      Name: created
      EventBusName: !Ref Bus
      EventPattern: {source: [shop], detail: {total: [{numeric: [">", 100]}]}}
      Targets:
        - Id: processor
          Arn: !GetAtt Function.Arn
          RetryPolicy: {MaximumRetryAttempts: 2, MaximumEventAgeInSeconds: 3600}
          DeadLetterConfig: {Arn: !GetAtt Dead.Arn}
        - Id: queue
          Arn: !GetAtt Queue.Arn
          InputTransformer: {InputPathsMap: {id: $.detail.id}, InputTemplate: '{"order": <id>}'}
        - {Id: log, Arn: !GetAtt Logs.Arn}
  Nightly:
    Type: AWS::Events::Rule
    Properties:
      ScheduleExpression: cron(0 3 * * ? *)
      State: DISABLED
      Targets: [{Id: queue, Arn: !GetAtt Queue.Arn, Input: '{"nightly": true}'}]
  Archive:
    Type: AWS::Events::Archive
    Properties: {ArchiveName: orders, SourceArn: !GetAtt Bus.Arn, RetentionDays: 30}
  Queue: {Type: AWS::SQS::Queue, Properties: {QueueName: work}}
  Dead: {Type: AWS::SQS::Queue, Properties: {QueueName: dead}}
  Logs: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: /aws/events/orders}}
  Policy:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Queue, !Ref Dead]
      PolicyDocument:
        Statement:
          - {Effect: Allow, Principal: {Service: events.amazonaws.com}, Action: sqs:SendMessage, Resource: "*"}
  Permission:
    Type: AWS::Lambda::Permission
    Properties:
      FunctionName: !Ref Function
      Action: lambda:InvokeFunction
      Principal: events.amazonaws.com
      SourceArn: !GetAtt Created.Arn
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: {Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: sts:AssumeRole}
      ManagedPolicyArns: [arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]
  Function:
    Type: AWS::Lambda::Function
    Properties:
      {Runtime: provided.al2023, Handler: order-events, Role: !GetAtt Role.Arn, Code: {S3Bucket: buc, S3Key: k}}
Outputs:
  Rule: {Value: !Ref Created}
  RuleArn: {Value: !GetAtt Created.Arn}
  NightlyArn: {Value: !GetAtt Nightly.Arn}
"#;

#[test]
fn buses_rules_and_archives_are_read() {
    let stack = resolve(SOUND).unwrap();
    assert_eq!(stack.buses[0].spec.name.as_str(), "shop-orders");
    let [created, nightly] = &stack.rules[..] else { panic!("two rules: {:?}", stack.rules) };
    assert_eq!(created.spec.bus.as_str(), "shop-orders");
    assert_eq!(
        created.spec.spec.pattern.as_deref(),
        Some(r#"{"detail":{"total":[{"numeric":[">",100]}]},"source":["shop"]}"#)
    );
    let TargetSpec { id, retries, max_age_seconds, dead_letters, .. } = &created.spec.targets[0];
    assert_eq!((id.as_str(), *retries, *max_age_seconds), ("processor", Some(2), Some(3600)));
    assert_eq!(dead_letters.as_deref(), Some("arn:aws:sqs:us-east-1:000000000000:dead"));
    let transformer = created.spec.targets[1].input.transformer.as_ref().unwrap();
    assert_eq!(transformer.template, r#"{"order": <id>}"#);
    assert_eq!(nightly.spec.bus.as_str(), "default");
    assert_eq!(nightly.spec.targets[0].input.constant.as_deref(), Some(r#"{"nightly": true}"#));
    assert_eq!(stack.archives[0].spec.spec.retention_days, Some(30));
    let outputs: Vec<&str> = stack.outputs.iter().map(|output| output.value.as_str()).collect();
    let name = nightly.spec.spec.name.as_str();
    assert_eq!(outputs[0], "shop-orders|created");
    assert_eq!(outputs[1], "arn:aws:events:us-east-1:000000000000:rule/shop-orders/created");
    assert_eq!(outputs[2], format!("arn:aws:events:us-east-1:000000000000:rule/{name}"));
}

#[test]
fn what_would_not_work_is_refused_where_it_stands() {
    let cases = [
        ("EventBusName: !Ref Bus", "EventBusName: other", "`other` is not an event bus of this template"),
        ("{numeric: [\">\", 100]}", "{numerical: 1}", "numerical"),
        ("cron(0 3 * * ? *)", "cron(0 3 * * *)", "cron has 6 fields"),
        ("Name: shop-orders", "Name: default", "the default bus is always there"),
        ("- {Id: log, Arn: !GetAtt Logs.Arn}", "- {Id: log, Arn: arn:aws:sns:us-east-1:000000000000:t}", "a target is"),
        (
            "- {Id: log, Arn: !GetAtt Logs.Arn}",
            "- {Id: log, Arn: arn:aws:events:us-east-1:000000000000:api-destination/d/1}",
            "is not an API destination of this template",
        ),
        (
            "- {Id: log, Arn: !GetAtt Logs.Arn}",
            "- {Id: log, Arn: arn:aws:sqs:us-east-1:000000000000:elsewhere}",
            "is not a queue of this template",
        ),
        ("- {Id: log,", "- {Id: queue,", "twice"),
        ("InputTemplate: '{\"order\": <id>}'", "InputTemplate: '{\"order\": <no>}'", "invalid placeholder"),
        ("MaximumRetryAttempts: 2", "MaximumRetryAttempts: 186", "186"),
        ("SourceArn: !GetAtt Bus.Arn", "SourceArn: arn:aws:events:us-east-1:1:event-bus/b", "is not an event bus"),
        ("Principal: events.amazonaws.com\n", "Principal: s3.amazonaws.com\n", "does not let this rule bring events"),
        ("Queues: [!Ref Queue, !Ref Dead]", "Queues: [!Ref Queue]", "the queue `Dead` does not let this rule send"),
    ];
    for (sound, broken, expected) in cases {
        assert!(SOUND.contains(sound), "{sound}");
        let errors = resolve(&SOUND.replace(sound, broken)).unwrap_err().to_string();
        assert!(errors.contains(expected), "{broken}: {errors}");
    }
}

/// An HTTP endpoint that a rule brings events to.
const ENDPOINT: &str = r#"  Connection:
    Type: AWS::Events::Connection
    Properties:
      Name: crm
      AuthorizationType: API_KEY
      AuthParameters:
        ApiKeyAuthParameters: {ApiKeyName: X-Key, ApiKeyValue: "{{resolve:secretsmanager:shop/crm:SecretString:key}}"}
        InvocationHttpParameters:
          HeaderParameters: [{Key: X-Team, Value: shop, IsValueSecret: false}]
  Destination:
    Type: AWS::Events::ApiDestination
    Properties:
      Name: crm
      ConnectionArn: !GetAtt Connection.Arn
      InvocationEndpoint: https://crm.example/orders/*
      HttpMethod: POST
      InvocationRateLimitPerSecond: 10
  Shipped:
    Type: AWS::Events::Rule
    Properties:
      EventPattern: {source: [shop]}
      Targets:
        - Id: crm
          Arn: !GetAtt Destination.Arn
          HttpParameters: {PathParameterValues: [$.detail.id], HeaderParameters: {X-Tier: $.detail.tier}}
Outputs:
"#;

fn with_endpoint() -> String {
    SOUND.replace("Outputs:\n", ENDPOINT)
}

#[test]
fn endpoints_are_read_and_their_secrets_named() {
    let stack = resolve(&with_endpoint()).unwrap();
    let (connection, destination) = (&stack.connections[0].spec, &stack.destinations[0].spec);
    assert!(connection.arn.starts_with("arn:aws:events:us-east-1:000000000000:connection/crm/"), "{connection:?}");
    assert!(connection.arn.ends_with(&connection.id) && connection.id.len() == 36);
    assert_eq!(connection.spec.variables().collect::<Vec<_>>(), ["SHOP_CRM_KEY"]);
    assert!(destination.arn.starts_with("arn:aws:events:us-east-1:000000000000:api-destination/crm/"));
    assert_eq!((&destination.spec.connection, destination.spec.per_second), (&connection.arn, Some(10)));
    let target = &stack.rules.last().unwrap().spec.targets[0];
    assert_eq!((&target.arn, &target.http.path_values), (&destination.arn, &vec!["$.detail.id".to_owned()]));
    let said: Vec<&str> = stack.notes.iter().map(|note| note.text.as_str()).collect();
    assert!(said.iter().any(|note| note.contains("environment variable SHOP_CRM_KEY")), "{said:?}");
    let again = resolve(&with_endpoint().replace("InvocationRateLimitPerSecond: 10", "Description: new")).unwrap();
    let steps = diff(&stack, &again).unwrap();
    let changed = Change::Update(vec!["Description".to_owned(), "InvocationRateLimitPerSecond".to_owned()]);
    assert_eq!(
        steps.iter().map(|step| (step.kind, &step.change)).collect::<Vec<_>>(),
        [(ResourceKind::EventDestination, &changed)]
    );
    let graph = Graph::of(&stack);
    assert!(graph.nodes().iter().any(|node| node.name == "crm" && node.kind == Kind::Client));
}

#[test]
fn endpoints_that_would_not_be_called_are_refused_where_they_stand() {
    let cases = [
        ("AuthorizationType: API_KEY", "AuthorizationType: OAUTH_CLIENT_CREDENTIALS", "is not run here"),
        ("AuthorizationType: API_KEY", "AuthorizationType: BASIC", "`BasicAuthParameters` is required"),
        ("\"{{resolve:secretsmanager:shop/crm:SecretString:key}}\"", "secret", "a secret that stands in a template"),
        ("Name: crm\n      AuthorizationType: API_KEY", "AuthorizationType: API_KEI", "did you mean"),
        ("ApiKeyName: X-Key", "ApiKeyName: Host", "written by whoever makes the call"),
        ("https://crm.example/orders/*", "http://crm.example/orders", "over https alone"),
        ("https://crm.example/orders/*", "https://me:secret@crm.example/", "belong into the connection"),
        ("InvocationRateLimitPerSecond: 10", "InvocationRateLimitPerSecond: 0", "from 1 to 300"),
        ("ConnectionArn: !GetAtt Connection.Arn", "ConnectionArn: arn:aws:x", "is not a connection of this template"),
        ("HeaderParameters: {X-Tier:", "HeaderParameters: {webhook-signature:", "no target sets the header"),
        ("PathParameterValues: [$.detail.id]", "PathParameterValues: [$x]", "cannot be read"),
    ];
    for (sound, broken, expected) in cases {
        let template = with_endpoint();
        assert!(template.contains(sound), "{sound}");
        let errors = resolve(&template.replace(sound, broken)).unwrap_err().to_string();
        assert!(errors.contains(expected), "{broken}: {errors}");
        assert!(!errors.contains("me:secret"), "{errors}");
    }
}

#[test]
fn a_changed_rule_is_changed_and_an_archive_keeps_its_bus() {
    let old = resolve(SOUND).unwrap();
    let new = resolve(&SOUND.replace("MaximumRetryAttempts: 2", "MaximumRetryAttempts: 3")).unwrap();
    let steps = diff(&old, &new).unwrap();
    assert_eq!(steps.len(), 1);
    assert_eq!(
        (steps[0].kind, &steps[0].change),
        (ResourceKind::EventRule, &Change::Update(vec!["Targets".to_owned()]))
    );
    let default = "SourceArn: arn:aws:events:us-east-1:000000000000:event-bus/default";
    let moved = resolve(&SOUND.replace("SourceArn: !GetAtt Bus.Arn", default)).unwrap();
    let refused = diff(&old, &moved).unwrap_err();
    assert_eq!(refused[0].property, "SourceArn");
    assert_eq!(refusals(&Kept::read(&old.to_json()).unwrap(), &moved), refused, "what is kept says the same");
}

#[test]
fn rules_are_drawn_between_their_bus_and_their_targets() {
    let graph = Graph::of(&resolve(SOUND).unwrap());
    let name = |id: stack::diagram::NodeId| graph.nodes()[id.index()].name.as_str();
    let edges: Vec<(&str, &str, Option<&str>)> =
        graph.edges().iter().map(|edge| (name(edge.from), name(edge.to), edge.label.as_deref())).collect();
    for expected in [
        ("shop-orders", "created", Some("events")),
        ("created", "work", None),
        ("created", "dead", Some("after 3 tries")),
        ("created", "/aws/events/orders", None),
        ("Clients", "shop-orders", Some("put events")),
    ] {
        assert!(edges.contains(&expected), "{expected:?} is not among {edges:?}");
    }
    let dead = graph.nodes().iter().find(|node| node.name == "dead").unwrap();
    assert_eq!(dead.kind, Kind::DeadLetters);
}
