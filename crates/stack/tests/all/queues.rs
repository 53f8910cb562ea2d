//! Queues, their dead letters, and what hands their messages to functions.

use std::time::Duration;

use stack::{DeadLettersFrom, Fifo};

use crate::{resolve, resolve_with};

/// A queue with dead letters that a function works on; the cases below change it.
const SOUND: &str = r#"Parameters:
  Receives: {Type: Number, Default: 5}
Resources:
  Work:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: work
      VisibilityTimeout: 180
      RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: !Ref Receives}
  Dead:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: dead
      MessageRetentionPeriod: 1209600
      RedriveAllowPolicy:
        redrivePermission: byQueue
        sourceQueueArns: [!Sub "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:work"]
  Poller:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      EventSourceArn: !GetAtt Work.Arn
      FunctionName: !Ref Function
      BatchSize: 10
      FunctionResponseTypes: [ReportBatchItemFailures]
      ScalingConfig: {MaximumConcurrency: 16}
      FilterCriteria: {Filters: [{Pattern: '{"body": {"status": ["new"]}}'}]}
  Function:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: function
      Runtime: provided.al2023
      Handler: standard-orders
      Timeout: 30
      Role: !GetAtt Role.Arn
      Code: {S3Bucket: bucket, S3Key: key}
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: {Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: sts:AssumeRole}
      Policies:
        - PolicyName: all
          PolicyDocument:
            Statement:
              - {Effect: Allow, Action: "logs:*", Resource: "*"}
              - {Effect: Allow, Action: ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], Resource: !GetAtt Work.Arn}
"#;

fn changed(from: &str, to: &str) -> String {
    assert!(SOUND.contains(from), "{from}");
    SOUND.replacen(from, to, 1)
}

fn check(cases: &[(&str, &str, &str)]) {
    for (from, to, expected) in cases {
        let found = match resolve(&changed(from, to)) {
            Ok(_) => String::new(),
            Err(errors) => errors.to_string(),
        };
        assert!(found.contains(expected), "{from} -> {to}\nexpected {expected}\nfound    {found}");
    }
}

#[test]
fn a_worked_queue_comes_to_what_it_says() {
    let stack = resolve(SOUND).unwrap_or_else(|errors| panic!("{errors}"));
    let [work, dead] = stack.queues.as_slice() else { panic!("two queues") };
    let redrive = work.spec.redrive.as_ref().unwrap();
    assert_eq!((redrive.dead_letters.as_str(), redrive.receives_max), ("dead", 5));
    assert_eq!(work.spec.takes_dead_letters, DeadLettersFrom::All);
    assert_eq!(dead.spec.retention, Duration::from_secs(14 * 24 * 60 * 60));
    assert_eq!(dead.spec.takes_dead_letters, DeadLettersFrom::Only(vec![work.spec.arn.clone()]));
    let poller = &stack.pollers[0].spec;
    assert_eq!((poller.queue.name.as_str(), poller.function.name.as_str()), ("work", "function"));
    assert_eq!((poller.batch_size, poller.maximum_concurrency, poller.names_failures), (10, Some(16), true));
    assert_eq!(poller.filters, [r#"{"body": {"status": ["new"]}}"#]);
    assert!(poller.enabled && poller.batching_window.is_zero());
    assert_eq!(stack.notes, []);
    let other = resolve_with(SOUND, &[("Receives", "1")]).unwrap();
    assert_eq!(other.queues[0].spec.redrive.as_ref().unwrap().receives_max, 1);
}

#[test]
fn a_function_is_named_in_each_way_that_lambda_takes() {
    let ways = ["function", "!GetAtt Function.Arn", "000000000000:function:function"];
    for way in ways {
        let stack = resolve(&changed("FunctionName: !Ref Function", &format!("FunctionName: {way}")));
        assert_eq!(stack.unwrap().pollers[0].spec.function.logical_id.as_str(), "Function", "{way}");
    }
}

#[test]
fn fifo_queues_end_with_fifo_and_say_what_is_the_same_message() {
    let queue = |properties: &str| {
        resolve(&format!("Resources:\n  Q:\n    Type: AWS::SQS::Queue\n    Properties: {properties}\n"))
    };
    let fifo =
        |by_content, in_groups| Some(Fifo { deduplicates_by_content: by_content, deduplicates_in_groups: in_groups });
    let sound = [
        ("{QueueName: q}", None),
        ("{QueueName: q.fifo, FifoQueue: true}", fifo(false, false)),
        ("{FifoQueue: true, ContentBasedDeduplication: true}", fifo(true, false)),
        (
            "{FifoQueue: true, DeduplicationScope: messageGroup, FifoThroughputLimit: perMessageGroupId}",
            fifo(false, true),
        ),
    ];
    for (properties, expected) in sound {
        let stack = queue(properties).unwrap_or_else(|errors| panic!("{properties}: {errors}"));
        let spec = &stack.queues[0].spec;
        assert_eq!(spec.fifo, expected, "{properties}");
        assert_eq!(spec.name.as_str().ends_with(".fifo"), expected.is_some(), "{}", spec.name);
        assert!(spec.name.as_str().len() <= 80);
    }
    let wrong = [
        ("{QueueName: q, FifoQueue: true}", "the name of a FIFO queue ends with `.fifo`, and `q` does not"),
        ("{QueueName: q.fifo}", "a name with `.` belongs to a FIFO queue; write FifoQueue: true"),
        ("{FifoQueue: false}", "AWS takes `true` or nothing; leave it out for a standard queue"),
        ("{ContentBasedDeduplication: true}", "ContentBasedDeduplication: goes with FifoQueue: true alone"),
        ("{DeduplicationScope: queue}", "DeduplicationScope: goes with FifoQueue: true alone"),
        (
            "{FifoQueue: true, FifoThroughputLimit: perMessageGroupId}",
            "goes with DeduplicationScope: messageGroup alone",
        ),
    ];
    for (properties, expected) in wrong {
        let found = queue(properties).expect_err(properties).to_string();
        assert!(found.contains(expected), "{properties}\nexpected {expected}\nfound    {found}");
    }
}

#[test]
fn dead_letters_go_to_another_queue_of_the_same_kind_that_takes_them() {
    let target = "deadLetterTargetArn: !GetAtt Dead.Arn";
    check(&[
        (target, "deadLetterTargetArn: !Sub '${Dead}'", "is not the ARN of a queue of the same account and region"),
        (target, "deadLetterTargetArn: arn:aws:sqs:eu-west-1:000000000000:dead", "of the same account and region"),
        (
            target,
            "deadLetterTargetArn: arn:aws:sqs:us-east-1:000000000000:work",
            "a queue cannot be made to take its own dead letters",
        ),
        (
            target,
            "deadLetterTargetArn: arn:aws:sqs:us-east-1:000000000000:dead.fifo",
            "`dead.fifo` is a FIFO queue, and this is a standard queue",
        ),
        (target, "x: y", "`deadLetterTargetArn` is required"),
        (
            "maxReceiveCount: !Ref Receives",
            "maxReceiveCount: 0",
            "maxReceiveCount: must be a whole number from 1 to 1000",
        ),
        (", maxReceiveCount: !Ref Receives", "", "`maxReceiveCount` is required"),
        (
            "redrivePermission: byQueue",
            "redrivePermission: denyAll\n        x: y",
            "goes with redrivePermission: byQueue alone",
        ),
        (
            ":work\"]",
            ":other\"]",
            "Resources.Work.Properties.RedrivePolicy: the queue `Dead` does not take dead letters of this one",
        ),
        ("redrivePermission: byQueue", "redrivePermission: some", "must be allowAll, denyAll or byQueue"),
    ]);
}

#[test]
fn dead_letters_may_go_to_a_queue_of_another_stack_which_is_said() {
    let text = changed("!GetAtt Dead.Arn", "arn:aws:sqs:us-east-1:000000000000:elsewhere");
    let stack = resolve(&text).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(stack.queues[0].spec.redrive.as_ref().unwrap().dead_letters.as_str(), "elsewhere");
    assert_eq!(stack.notes.len(), 1);
    assert!(stack.notes[0].text.contains("the queue `elsewhere` is not in this template"), "{:?}", stack.notes);
}

#[test]
fn a_mapping_that_aws_would_refuse_is_refused() {
    let source = "EventSourceArn: !GetAtt Work.Arn";
    let twin = "  Twin: {Type: AWS::Lambda::EventSourceMapping, Properties: {EventSourceArn: !GetAtt Work.Arn, FunctionName: !Ref Function}}\n  Function:\n";
    check(&[
        (
            "BatchSize: 10",
            "BatchSize: 11",
            "BatchSize: a batch of more than 10 messages must wait to fill; set MaximumBatchingWindowInSeconds",
        ),
        ("BatchSize: 10", "BatchSize: 10001", "BatchSize: must be a whole number from 1 to 10000"),
        ("BatchSize: 10", "MaximumBatchingWindowInSeconds: 301", "must be a whole number from 0 to 300"),
        (
            "MaximumConcurrency: 16",
            "MaximumConcurrency: 1",
            "MaximumConcurrency: must be a whole number from 2 to 1000",
        ),
        (
            "[ReportBatchItemFailures]",
            "[ReportFailures]",
            "`ReportFailures` is none: there is ReportBatchItemFailures alone",
        ),
        ("BatchSize: 10", "StartingPosition: LATEST", "`StartingPosition` is not run here: the source is a queue"),
        ("BatchSize: 10", "DestinationConfig: {}", "`DestinationConfig` is not run here: the source is a queue"),
        ("BatchSize: 10", "ProvisionedPollerConfig: {}", "`ProvisionedPollerConfig` is not run here"),
        (
            source,
            "EventSourceArn: arn:aws:sqs:us-east-1:000000000000:other",
            "is not a queue of this template; use !GetAtt Queue.Arn",
        ),
        (
            source,
            "EventSourceArn: arn:aws:kinesis:us-east-1:000000000000:stream/s",
            "other sources are not run here; read the stream of a table with AWS::Pipes::Pipe",
        ),
        (source, "Enabled: true", "`EventSourceArn` is required"),
        ("FunctionName: !Ref Function", "FunctionName: nobody", "`nobody` is not a function of this template"),
        (
            "FunctionName: !Ref Function",
            "FunctionName: !Sub '${Function}:live'",
            "`function:live` is a version or alias",
        ),
        (
            "VisibilityTimeout: 180",
            "VisibilityTimeout: 29",
            "a message of `Work` is hidden for 29 s, and `Function` may take 30 s: AWS refuses it",
        ),
        (
            "  Function:\n",
            twin,
            "Resources.Twin.Properties.EventSourceArn: `Poller` hands the messages of this queue to this function already",
        ),
        ("'{\"body\": {\"status\": [\"new\"]}}'", "'{\"body\": 1}'", "is not a valid event pattern"),
    ]);
}

#[test]
fn a_fifo_queue_hands_over_small_batches_at_once() {
    let fifo = SOUND.replace("QueueName: work", "QueueName: work.fifo\n      FifoQueue: true");
    let fifo = fifo
        .replace("QueueName: dead", "QueueName: dead.fifo\n      FifoQueue: true")
        .replace(":work\"", ":work.fifo\"");
    resolve(&fifo).unwrap_or_else(|errors| panic!("{errors}"));
    let cases = [
        ("BatchSize: 11", "a batch of a FIFO queue has 10 messages at most"),
        ("MaximumBatchingWindowInSeconds: 1", "batches of a FIFO queue do not wait"),
    ];
    for (to, expected) in cases {
        let found = resolve(&fifo.replace("BatchSize: 10", to)).expect_err(to).to_string();
        assert!(found.contains(expected), "{to}: {found}");
    }
}

#[test]
fn the_functions_role_must_allow_receiving() {
    let text = changed("\"sqs:DeleteMessage\", ", "");
    let found = resolve(&text).unwrap_err().to_string();
    assert!(
        found.contains("the role `Role` does not allow the event source mapping `Poller` sqs:DeleteMessage on arn:aws:sqs:us-east-1:000000000000:work"),
        "{found}"
    );
    let managed = changed(
        "      Policies:",
        "      ManagedPolicyArns: [\"arn:aws:iam::aws:policy/service-role/AWSLambdaSQSQueueExecutionRole\"]\n      Policies:",
    );
    resolve(&managed.replace("\"sqs:DeleteMessage\", ", "")).unwrap_or_else(|errors| panic!("{errors}"));
}
