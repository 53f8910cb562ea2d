//! Versions and aliases of functions: what they are called, what they stand for, and who may name them.

use stack::{Change, Environment, OtherVersion, Overrides, ResourceKind, Stack, Template, diff};
use types::{Qualifier, Version};

const ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:function";

/// A function with two versions, an alias that shares them out, and a rule that brings events to the alias; the cases
/// below change it.
const SOUND: &str = r#"Resources:
  Function:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: function
      Runtime: provided.al2023
      Handler: standard-orders
      Role: !GetAtt Role.Arn
      Code: {S3Bucket: bucket, S3Key: key}
  First:
    Type: AWS::Lambda::Version
    Properties: {FunctionName: !Ref Function, Description: the first}
  Second:
    Type: AWS::Lambda::Version
    DependsOn: First
    Properties: {FunctionName: !GetAtt Function.Arn}
  Live:
    Type: AWS::Lambda::Alias
    Properties:
      FunctionName: !Ref Function
      Name: live
      FunctionVersion: !GetAtt First.Version
      RoutingConfig:
        AdditionalVersionWeights:
          - {FunctionVersion: !GetAtt Second.Version, FunctionWeight: 0.25}
  Retries:
    Type: AWS::Lambda::EventInvokeConfig
    Properties: {FunctionName: !Ref Function, Qualifier: live, MaximumRetryAttempts: 0}
  Rule:
    Type: AWS::Events::Rule
    Properties:
      Name: rule
      EventPattern: {source: [shop]}
      Targets: [{Id: one, Arn: !Ref Live}]
  LetTheRuleCall:
    Type: AWS::Lambda::Permission
    Properties:
      FunctionName: !Ref Live
      Action: lambda:InvokeFunction
      Principal: events.amazonaws.com
      SourceArn: !GetAtt Rule.Arn
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
Outputs:
  Of: {Value: !GetAtt Second.FunctionArn}
  Which: {Value: !GetAtt Second.Version}
  Alias: {Value: !Ref Live}
"#;

/// The template where its versions have these numbers.
fn numbered(text: &str, first: u64, second: u64) -> Stack {
    let environment = Environment {
        version_number: Box::new(move |id, function| {
            assert_eq!(function, "function");
            if id == "First" { first } else { second }
        }),
        ..Environment::local("stack")
    };
    let template = Template::parse(text, "template.yaml").unwrap_or_else(|errors| panic!("{errors}"));
    template.resolve(&environment, &Overrides::new(), &["standard-orders"]).unwrap_or_else(|errors| panic!("{errors}"))
}

fn changed(from: &str, to: &str) -> String {
    assert!(SOUND.contains(from), "{from}");
    SOUND.replacen(from, to, 1)
}

#[test]
fn versions_and_aliases_are_read() {
    let stack = numbered(SOUND, 3, 4);
    let numbers: Vec<_> =
        stack.versions.iter().map(|version| (version.logical_id.as_str(), version.spec.number)).collect();
    assert_eq!(numbers, [("First", 3), ("Second", 4)]);
    assert_eq!(stack.versions[0].spec.description.as_deref(), Some("the first"));
    let alias = &stack.aliases[0].spec;
    assert_eq!((alias.name.as_str(), alias.version), ("live", Version::Numbered(3)));
    assert_eq!(alias.other, Some(OtherVersion { version: 4, millionths: 250_000 }));
    assert_eq!(alias.arn, format!("{ARN}:live"));
    let live: Qualifier = "live".parse().unwrap();
    let config = &stack.invoke_configs[0].spec;
    assert_eq!((config.function.qualifier.as_ref(), config.asynchronous.retries), (Some(&live), 0));
    assert!(!stack.functions[0].spec.asynchronous.is_said, "the function as it is, is another one");
    assert_eq!(stack.permissions[0].spec.function.qualifier.as_ref(), Some(&live));
    assert_eq!(stack.rules[0].spec.targets[0].arn, format!("{ARN}:live"));
    let outputs: Vec<&str> = stack.outputs.iter().map(|output| output.value.as_str()).collect();
    assert_eq!(outputs, [&format!("{ARN}:4"), "4", &format!("{ARN}:live")]);
}

#[test]
fn what_cannot_be_is_named() {
    let cases = [
        (changed("Name: live\n", "Name: \"7\"\n"), "`7` cannot name an alias"),
        (
            changed("FunctionVersion: !GetAtt First.Version", "FunctionVersion: newest"),
            "is not the number of a version",
        ),
        (changed("FunctionVersion: !GetAtt First.Version", "FunctionVersion: $LATEST"), "stands for nothing beside it"),
        (changed("FunctionWeight: 0.25", "FunctionWeight: 1.5"), "must be from 0 to 1"),
        (
            changed("!GetAtt Second.Version, FunctionWeight", "$LATEST, FunctionWeight"),
            "must be a version with a number",
        ),
        (
            changed("FunctionVersion: !GetAtt Second.Version", "FunctionVersion: !GetAtt First.Version"),
            "is the alias's own",
        ),
        (changed("Qualifier: live", "Qualifier: dead"), "`dead` is no version or alias of function `function`"),
        (changed("Arn: !Ref Live}", "Arn: !Sub \"${Function.Arn}:dead\"}"), "is not a function of this template"),
        (
            changed("FunctionName: !Ref Live\n", "FunctionName: !Ref Function\n"),
            "the function `Function:live` does not let this rule bring events to it; add an AWS::Lambda::Permission \
             {\"FunctionName\": {\"Fn::Sub\": \"${Function}:live\"}",
        ),
        (changed("Arn: !Ref Live}", "Arn: !GetAtt Function.Arn}"), "the function `Function` does not let this rule"),
        (
            changed("FunctionName: !Ref Function, Description", "FunctionName: nobody, Description"),
            "`nobody` is not a function",
        ),
        (changed("Description: the first", "Publish: true"), "Publish"),
    ];
    for (template, named) in cases {
        let environment = Environment {
            version_number: Box::new(|id, _| if id == "First" { 1 } else { 2 }),
            ..Environment::local("stack")
        };
        let read = Template::parse(&template, "template.yaml").unwrap();
        let errors = read.resolve(&environment, &Overrides::new(), &["standard-orders"]).unwrap_err().to_string();
        assert!(errors.contains(named), "{named}: {errors}");
    }
}

/// A version stays as it was made; an alias moves.
#[test]
fn a_version_changes_no_more_and_an_alias_may() {
    let old = numbered(SOUND, 1, 2);
    let other = numbered(&changed("Description: the first", "Description: another"), 1, 2);
    let refused = diff(&old, &other).unwrap_err();
    assert!(refused[0].to_string().contains("a version stays as it was made"), "{}", refused[0]);
    let moved = changed("FunctionWeight: 0.25", "FunctionWeight: 0.75");
    let steps = diff(&old, &numbered(&moved, 1, 2)).unwrap();
    let steps: Vec<_> = steps.into_iter().map(|step| (step.kind, step.name, step.change)).collect();
    let update = Change::Update(vec!["RoutingConfig".to_owned()]);
    assert_eq!(steps, [(ResourceKind::FunctionAlias, "function:live".to_owned(), update)]);
}

/// A pipe and a mapping may hand on to an alias; the pipe's role must allow just that, and it must wait for the answer.
#[test]
fn pipes_and_mappings_call_aliases() {
    const MORE: &str = r#"
  Messages: {Type: AWS::SQS::Queue, Properties: {QueueName: messages, VisibilityTimeout: 60}}
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {EventSourceArn: !GetAtt Messages.Arn, FunctionName: !Ref Live}
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: table
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      StreamSpecification: {StreamViewType: NEW_IMAGE}
  Pipe:
    Type: AWS::Pipes::Pipe
    Properties:
      Name: pipe
      RoleArn: !GetAtt PipeRole.Arn
      Source: !GetAtt Table.StreamArn
      SourceParameters: {DynamoDBStreamParameters: {StartingPosition: LATEST}}
      Target: !Ref Live
      TargetParameters: {LambdaFunctionParameters: {InvocationType: REQUEST_RESPONSE}}
  PipeRole:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: {Effect: Allow, Principal: {Service: pipes.amazonaws.com}, Action: sts:AssumeRole}
      Policies:
        - PolicyName: all
          PolicyDocument:
            Statement:
              - {Effect: Allow, Action: "dynamodb:*", Resource: "*"}
              - {Effect: Allow, Action: lambda:InvokeFunction, Resource: !Ref Live}
Outputs:"#;
    let sound = SOUND.replace("\nOutputs:", MORE).replace(
        "- {Effect: Allow, Action: \"logs:*\", Resource: \"*\"}",
        "- {Effect: Allow, Action: [\"logs:*\", \"sqs:*\"], Resource: \"*\"}",
    );
    let stack = numbered(&sound, 1, 2);
    let live: Qualifier = "live".parse().unwrap();
    let (pipe, poller) = (stack.pipes[0].spec.target.function().unwrap(), &stack.pollers[0].spec.function);
    for target in [pipe, poller] {
        assert_eq!((target.name.as_str(), target.qualifier.as_ref()), ("function", Some(&live)));
    }
    let cases = [
        ("Resource: !Ref Live", "Resource: !GetAtt Function.Arn", format!("lambda:InvokeFunction on {ARN}:live")),
        ("REQUEST_RESPONSE", "FIRE_AND_FORGET", "a version or alias is waited for here".to_owned()),
    ];
    for (from, to, named) in cases {
        assert!(sound.contains(from), "{from}");
        let template = Template::parse(&sound.replace(from, to), "template.yaml").unwrap();
        let environment = Environment {
            version_number: Box::new(|id, _| if id == "First" { 1 } else { 2 }),
            ..Environment::local("stack")
        };
        let errors = template.resolve(&environment, &Overrides::new(), &["standard-orders"]).unwrap_err().to_string();
        assert!(errors.contains(&named), "{named}: {errors}");
    }
}

/// What cannot call a version or alias here says so.
#[test]
fn a_destination_that_is_an_alias_is_refused() {
    let told = changed("MaximumRetryAttempts: 0}", "DestinationConfig: {OnFailure: {Destination: !Ref Live}}}");
    let template = Template::parse(&told, "template.yaml").unwrap();
    let environment = Environment {
        version_number: Box::new(|id, _| if id == "First" { 1 } else { 2 }),
        ..Environment::local("stack")
    };
    let errors = template.resolve(&environment, &Overrides::new(), &["standard-orders"]).unwrap_err().to_string();
    assert!(errors.contains("is not a queue or function of this template"), "{errors}");
}
