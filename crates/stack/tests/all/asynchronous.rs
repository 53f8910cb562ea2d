//! How functions do what nobody waits for: retries, ages, dead letters and whom they tell.

use std::time::Duration;

use stack::{Asynchronous, Destination, Environment, Overrides, Stack, Template};

use crate::resolve;

const SNACKS: &str = include_str!("../../../../stacks/snacks.yaml");

/// Two functions and a queue; the cases below change it.
const SOUND: &str = r#"Resources:
  Dead:
    Type: AWS::SQS::Queue
    Properties: {QueueName: dead}
  Function:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: function
      Runtime: provided.al2023
      Handler: standard-orders
      Role: !GetAtt Role.Arn
      DeadLetterConfig: {TargetArn: !GetAtt Dead.Arn}
      Code: {S3Bucket: bucket, S3Key: key}
  Other:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: other
      Runtime: provided.al2023
      Handler: standard-orders
      Role: !GetAtt Role.Arn
      Code: {S3Bucket: bucket, S3Key: key}
  Config:
    Type: AWS::Lambda::EventInvokeConfig
    Properties:
      FunctionName: !Ref Function
      Qualifier: $LATEST
      MaximumRetryAttempts: 1
      MaximumEventAgeInSeconds: 600
      DestinationConfig:
        OnSuccess: {Destination: !GetAtt Other.Arn}
        OnFailure: {Destination: !GetAtt Dead.Arn}
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
              - {Effect: Allow, Action: sqs:SendMessage, Resource: !GetAtt Dead.Arn}
              - {Effect: Allow, Action: lambda:InvokeFunction, Resource: 'arn:aws:lambda:us-east-1:000000000000:function:other'}
"#;

fn of(stack: &Stack, function: &str) -> Asynchronous {
    let found = stack.functions.iter().find(|candidate| candidate.spec.name.as_str() == function);
    found.expect("the template has this function").spec.asynchronous.clone()
}

#[test]
fn what_is_said_of_a_function_is_the_functions() {
    let stack = resolve(SOUND).unwrap_or_else(|errors| panic!("{errors}"));
    let function = of(&stack, "function");
    assert_eq!((function.retries, function.maximum_age), (1, Duration::from_secs(600)));
    assert_eq!(function.dead_letter.unwrap().name.as_str(), "dead");
    assert!(matches!(function.on_success, Some(Destination::Function(to)) if to.name.as_str() == "other"));
    assert!(matches!(function.on_failure, Some(Destination::Queue(to)) if to.name.as_str() == "dead"));
    // As AWS has it where nobody says.
    let other = of(&stack, "other");
    assert_eq!((other.retries, other.maximum_age), (2, Duration::from_secs(21_600)));
    assert_eq!((other.dead_letter, other.on_success, other.on_failure), (None, None, None));
}

#[test]
fn what_cannot_be_is_named() {
    let twin = format!(
        "{SOUND}  Twin:\n    Type: AWS::Lambda::EventInvokeConfig\n    Properties: {{FunctionName: function, Qualifier: $LATEST}}\n"
    );
    let changed = |from: &str, to: &str| {
        assert!(SOUND.contains(from), "{from}");
        SOUND.replacen(from, to, 1)
    };
    let cases = [
        (changed("MaximumRetryAttempts: 1", "MaximumRetryAttempts: 3"), "MaximumRetryAttempts"),
        (changed("MaximumEventAgeInSeconds: 600", "MaximumEventAgeInSeconds: 59"), "MaximumEventAgeInSeconds"),
        (
            changed("Qualifier: $LATEST", "Qualifier: live"),
            "`live` is no version or alias of function `function` in this template",
        ),
        (changed("FunctionName: !Ref Function", "FunctionName: nobody"), "`nobody` is not a function of this template"),
        (
            changed(
                "OnSuccess: {Destination: !GetAtt Other.Arn}",
                "OnSuccess: {Destination: 'arn:aws:sns:us-east-1:000000000000:t'}",
            ),
            "is not the ARN of a queue or function, and others are not told here",
        ),
        (
            changed("TargetArn: !GetAtt Dead.Arn", "TargetArn: 'arn:aws:sqs:us-east-1:000000000000:none'"),
            "is not a queue of this template",
        ),
        (changed("{QueueName: dead}", "{QueueName: dead.fifo, FifoQueue: true}"), "a queue that keeps no order"),
        (changed("Action: sqs:SendMessage", "Action: sqs:ReceiveMessage"), "sqs:SendMessage"),
        (changed("Action: lambda:InvokeFunction", "Action: lambda:GetFunction"), "lambda:InvokeFunction"),
        (changed("Qualifier: $LATEST", "Qualifier: $LATEST\n      Retries: 1"), "Retries"),
        (twin, "`Config` says this of function `Function` already"),
    ];
    for (template, named) in cases {
        let errors = resolve(&template).unwrap_err().to_string();
        assert!(errors.contains(named), "{named}: {errors}");
    }
}

#[test]
fn the_snacks_template_is_serverless_snacks() {
    let template = Template::parse(SNACKS, "snacks.yaml").unwrap_or_else(|errors| panic!("{errors}"));
    let stack = template
        .resolve(&Environment::local("snacks"), &Overrides::new(), &["order-creator", "order-processor"])
        .unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(stack.tables[0].spec.name.as_str(), "Orders");
    assert_eq!(stack.tables[0].spec.key.hash.name, "orderId");
    let names: Vec<&str> = stack.functions.iter().map(|function| function.spec.name.as_str()).collect();
    assert_eq!(names, ["order-creator", "order-processor"]);
    for function in &stack.functions {
        let environment = &function.spec.environment;
        assert_eq!(environment["ORDERS_TABLE_NAME"], "Orders");
        assert_eq!(environment["EVENT_BUS_NAME"], "serverless-snacks-orders");
    }
    let processor = of(&stack, "order-processor");
    assert_eq!(processor.retries, 2);
    assert_eq!(processor.dead_letter.unwrap().name.as_str(), "serverless-snacks-dlq");
    assert_eq!(stack.queues[0].spec.retention, Duration::from_secs(14 * 86_400));
    // The one tells the other over the bus, and what was told is kept.
    assert_eq!(stack.buses[0].spec.name.as_str(), "serverless-snacks-orders");
    let rule = &stack.rules[0].spec;
    assert_eq!(rule.bus, stack.buses[0].spec.name);
    let target = &rule.targets[0];
    assert_eq!(target.arn, stack.functions[1].spec.arn);
    assert_eq!(target.dead_letters.as_ref(), Some(&stack.queues[0].spec.arn));
    assert_eq!(stack.archives[0].spec.spec.retention_days, Some(14));
}
