//! Pipes from streams and queues to functions, queues, buses and log groups, with templates and an enrichment.

use std::time::Duration;

use stack::{Pipe, PipeSource, PipeTarget, Stack};

use crate::resolve;

/// A pipe of each kind; the cases below change it.
const SOUND: &str = r#"Resources:
  Orders:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: orders
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      StreamSpecification: {StreamViewType: NEW_IMAGE}
  In:
    Type: AWS::SQS::Queue
    Properties: {QueueName: in}
  Out:
    Type: AWS::SQS::Queue
    Properties: {QueueName: out.fifo, FifoQueue: true}
  Bus:
    Type: AWS::Events::EventBus
    Properties: {Name: bus}
  Group:
    Type: AWS::Logs::LogGroup
    Properties: {LogGroupName: /pipes/all}
  Function:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: function
      Runtime: provided.al2023
      Handler: standard-orders
      Role: !GetAtt Role.Arn
      Code: {S3Bucket: bucket, S3Key: key}
  ToQueue:
    Type: AWS::Pipes::Pipe
    Properties:
      Name: to-queue
      RoleArn: !GetAtt Role.Arn
      Source: !GetAtt Orders.StreamArn
      SourceParameters: {DynamoDBStreamParameters: {StartingPosition: LATEST}}
      Target: !GetAtt Out.Arn
      TargetParameters:
        InputTemplate: '{"id": <$.dynamodb.Keys.id.S>}'
        SqsQueueParameters: {MessageGroupId: $.eventName, MessageDeduplicationId: $.eventID}
  ToBus:
    Type: AWS::Pipes::Pipe
    Properties:
      Name: to-bus
      RoleArn: !GetAtt Role.Arn
      Source: !GetAtt In.Arn
      SourceParameters:
        SqsQueueParameters: {BatchSize: 5, MaximumBatchingWindowInSeconds: 2}
        FilterCriteria: {Filters: [{Pattern: '{"body": {"kind": ["order"]}}'}]}
      Enrichment: !GetAtt Function.Arn
      EnrichmentParameters: {InputTemplate: <$.body>}
      Target: !GetAtt Bus.Arn
      TargetParameters:
        EventBridgeEventBusParameters:
          Source: shop
          DetailType: $.kind
          Resources: [$.id]
          Time: $.at
  ToLog:
    Type: AWS::Pipes::Pipe
    Properties:
      Name: to-log
      RoleArn: !GetAtt Role.Arn
      Source: !GetAtt In.Arn
      Target: !GetAtt Group.Arn
      TargetParameters: {CloudWatchLogsParameters: {LogStreamName: all, Timestamp: $.at}}
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: {Effect: Allow, Principal: {Service: [lambda.amazonaws.com, pipes.amazonaws.com]}, Action: sts:AssumeRole}
      Policies:
        - PolicyName: all
          PolicyDocument:
            Statement:
              - {Effect: Allow, Action: ["logs:CreateLogStream", "logs:PutLogEvents"], Resource: "*"}
              - {Effect: Allow, Action: "dynamodb:*", Resource: "*"}
              - {Effect: Allow, Action: ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], Resource: !GetAtt In.Arn}
              - {Effect: Allow, Action: sqs:SendMessage, Resource: !GetAtt Out.Arn}
              - {Effect: Allow, Action: events:PutEvents, Resource: !GetAtt Bus.Arn}
              - {Effect: Allow, Action: lambda:InvokeFunction, Resource: "arn:aws:lambda:us-east-1:000000000000:function:function"}
"#;

fn changed(from: &str, to: &str) -> String {
    assert!(SOUND.contains(from), "{from}");
    SOUND.replacen(from, to, 1)
}

fn pipe<'s>(stack: &'s Stack, name: &str) -> &'s Pipe {
    &stack.pipes.iter().find(|pipe| pipe.spec.name.as_str() == name).expect("the template has this pipe").spec
}

#[test]
fn pipes_come_to_what_they_say() {
    let stack = resolve(SOUND).unwrap_or_else(|errors| panic!("{errors}"));
    let to_queue = pipe(&stack, "to-queue");
    assert!(matches!(&to_queue.source, PipeSource::Table(table) if table.name.as_str() == "orders"));
    assert!(matches!(&to_queue.target, PipeTarget::Queue { queue } if queue.name.as_str() == "out.fifo"));
    assert_eq!(to_queue.parameters.input.as_deref(), Some(r#"{"id": <$.dynamodb.Keys.id.S>}"#));
    assert_eq!(to_queue.parameters.message_group.as_deref(), Some("$.eventName"));
    assert_eq!(to_queue.parameters.deduplication.as_deref(), Some("$.eventID"));
    assert_eq!(to_queue.batch_size, 10, "what a stream hands over is as much as a queue takes");
    let to_bus = pipe(&stack, "to-bus");
    assert!(matches!(&to_bus.source, PipeSource::Queue { queue } if queue.name.as_str() == "in"));
    assert!(matches!(&to_bus.target, PipeTarget::Bus { bus } if bus.as_str() == "bus"));
    assert_eq!((to_bus.batch_size, to_bus.batching_window), (5, Duration::from_secs(2)));
    assert_eq!(to_bus.filters, [r#"{"body": {"kind": ["order"]}}"#]);
    let enrichment = to_bus.enrichment.as_ref().unwrap();
    assert_eq!((enrichment.function.name.as_str(), enrichment.input.as_deref()), ("function", Some("<$.body>")));
    let said = &to_bus.parameters;
    assert_eq!((said.source.as_deref(), said.detail_type.as_deref()), (Some("shop"), Some("$.kind")));
    assert_eq!((said.resources.as_slice(), said.time.as_deref()), (["$.id".to_owned()].as_slice(), Some("$.at")));
    let to_log = pipe(&stack, "to-log");
    assert!(matches!(&to_log.target, PipeTarget::LogGroup { log_group } if log_group.as_str() == "/pipes/all"));
    assert_eq!((to_log.parameters.stream.as_deref(), to_log.batch_size), (Some("all"), 10));
    // The default bus is in no template.
    let default = "Target: arn:aws:events:us-east-1:000000000000:event-bus/default";
    let text = changed("Target: !GetAtt Bus.Arn", default).replace("Resource: !GetAtt Bus.Arn", "Resource: \"*\"");
    let stack = resolve(&text).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(pipe(&stack, "to-bus").target.name(), "default");
}

#[test]
fn what_cannot_be_handed_on_is_refused_with_its_line() {
    let cases = [
        ("Source: !GetAtt In.Arn", "Source: arn:aws:sqs:us-east-1:000000000000:no", "is not a queue of this template"),
        ("Target: !GetAtt Out.Arn", "Target: arn:aws:sqs:us-east-1:000000000000:no", "is not a queue of this template"),
        (
            "Target: !GetAtt Bus.Arn",
            "Target: arn:aws:events:us-east-1:000000000000:event-bus/no",
            "is not an event bus of this template",
        ),
        (
            "Target: !GetAtt Group.Arn",
            "Target: arn:aws:logs:us-east-1:000000000000:log-group:no",
            "is not a log group of this template",
        ),
        ("Target: !GetAtt Out.Arn", "Target: arn:aws:sns:us-east-1:000000000000:t", "other targets are not run here"),
        (
            "Enrichment: !GetAtt Function.Arn",
            "Enrichment: arn:aws:states:us-east-1:000000000000:stateMachine:s",
            "other enrichments are not run here",
        ),
        ("Enrichment: !GetAtt Function.Arn", "Description: d", "there is no Enrichment that it is for"),
        ("MessageGroupId: $.eventName, ", "", "MessageGroupId is missing: the target is a FIFO queue"),
        ("MessageGroupId: $.eventName", "MessageGroupId: $x", "MessageGroupId: the path \"$x\" cannot be read"),
        ("Time: $.at", "Time: noon", "Time must be a path that begins with $."),
        ("Source: shop", "Source: aws.shop", "Source must not begin with aws."),
        (
            "<$.dynamodb.Keys.id.S>",
            "<aws.pipes.no>",
            "has the placeholder <aws.pipes.no>, which is no reserved variable",
        ),
        ("InputTemplate: <$.body>", "InputTemplate: '{<$.body>'", "begins with { but is no JSON"),
        ("StartingPosition: LATEST", "StartingPosition: LATEST, BatchSize: 11", "has 10 records at most"),
        ("BatchSize: 5, MaximumBatchingWindowInSeconds: 2", "BatchSize: 11", "must wait to fill"),
        (
            "SqsQueueParameters: {BatchSize: 5, MaximumBatchingWindowInSeconds: 2}",
            "DynamoDBStreamParameters: {StartingPosition: LATEST}",
            "`DynamoDBStreamParameters` is not run here: the source is a queue",
        ),
        (
            "CloudWatchLogsParameters: {LogStreamName: all, Timestamp: $.at}",
            "SqsQueueParameters: {}",
            "`SqsQueueParameters` is not run here: the target is a log group",
        ),
    ];
    for (from, to, expected) in cases {
        let found = resolve(&changed(from, to)).map_or_else(|errors| errors.to_string(), |_| String::new());
        assert!(found.contains(expected), "{from} -> {to}\nexpected {expected}\nfound    {found}");
    }
}

#[test]
fn a_pipes_role_must_allow_all_that_it_does() {
    let cases = [
        (
            r#"Action: ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]"#,
            "Action: sqs:ReceiveMessage",
            "does not allow the pipe `ToBus` sqs:DeleteMessage, sqs:GetQueueAttributes on arn:aws:sqs:us-east-1:000000000000:in",
        ),
        (
            "Action: sqs:SendMessage",
            "Action: sqs:ListQueues",
            "does not allow the pipe `ToQueue` sqs:SendMessage on arn:aws:sqs:us-east-1:000000000000:out.fifo",
        ),
        (
            "Action: events:PutEvents",
            "Action: events:ListRules",
            "does not allow the pipe `ToBus` events:PutEvents on arn:aws:events:us-east-1:000000000000:event-bus/bus",
        ),
        (
            "Action: lambda:InvokeFunction",
            "Action: lambda:GetFunction",
            "does not allow the pipe `ToBus` lambda:InvokeFunction on arn:aws:lambda:us-east-1:000000000000:function:function",
        ),
        (
            r#"Action: ["logs:CreateLogStream", "logs:PutLogEvents"], Resource: "*""#,
            r#"Action: ["logs:CreateLogStream", "logs:PutLogEvents"], Resource: "arn:aws:logs:*:*:log-group:/aws/*""#,
            "does not allow the pipe `ToLog` logs:CreateLogStream, logs:PutLogEvents on \
             arn:aws:logs:us-east-1:000000000000:log-group:/pipes/all:log-stream:*",
        ),
    ];
    for (from, to, expected) in cases {
        let found = resolve(&changed(from, to)).map_or_else(|errors| errors.to_string(), |_| String::new());
        assert!(found.contains(expected), "{from} -> {to}\nexpected {expected}\nfound    {found}");
    }
}

#[test]
fn a_pipe_that_was_deployed_before_there_were_others_is_read_back() {
    let stack = resolve(SOUND).unwrap_or_else(|errors| panic!("{errors}"));
    let pipe = serde_json::to_value(pipe(&stack, "to-queue")).unwrap();
    let mut before = pipe.clone();
    for newer in ["enrichment", "parameters"] {
        before.as_object_mut().unwrap().remove(newer);
    }
    before["target"] = serde_json::json!({"logical_id": "Function", "name": "function"});
    let read: Pipe = serde_json::from_value(before).unwrap();
    assert_eq!(read.target.function().map(|function| function.name.as_str()), Some("function"));
    assert_eq!((read.enrichment, read.parameters), (None, Default::default()));
    assert_eq!(serde_json::to_value(serde_json::from_value::<Pipe>(pipe.clone()).unwrap()).unwrap(), pipe);
}

#[test]
fn what_pipes_read_and_write_is_drawn() {
    let stack = resolve(SOUND).unwrap_or_else(|errors| panic!("{errors}"));
    let edges = crate::diagram::edges(&stack::diagram::Graph::of(&stack));
    for edge in [
        "orders → to-queue: hands on, changes",
        "to-queue → out.fifo: hands on, batches of 10",
        "in → to-bus: hands on, messages",
        "to-bus → function: hands on, enriches",
        "to-bus → bus: hands on, batches of 5",
        "in → to-log: hands on, messages",
        "to-log → /pipes/all: hands on, batches of 10",
    ] {
        assert!(edges.iter().any(|known| known == edge), "{edge}: {edges:#?}");
    }
}
