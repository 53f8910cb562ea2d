//! Every mistake and everything that is not run here is named, with its line and its path.

use crate::resolve;

/// A template that has nothing wrong with it; the cases below change it.
pub(crate) const SOUND: &str = r#"AWSTemplateFormatVersion: "2010-09-09"
Parameters:
  Name: {Type: String, Default: Orders}
Conditions:
  Never: !Equals [a, b]
Resources:
  Orders:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: !Ref Name
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: orderId, AttributeType: S}]
      KeySchema: [{AttributeName: orderId, KeyType: HASH}]
      StreamSpecification: {StreamViewType: NEW_AND_OLD_IMAGES}
  Pipe:
    Type: AWS::Pipes::Pipe
    Properties:
      Name: pipe
      RoleArn: !GetAtt Role.Arn
      Source: !GetAtt Orders.StreamArn
      SourceParameters:
        FilterCriteria:
          Filters: [{Pattern: '{"eventName": ["INSERT"]}'}]
        DynamoDBStreamParameters:
          StartingPosition: LATEST
          BatchSize: 10
          MaximumRecordAgeInSeconds: -1
          DeadLetterConfig: {Arn: !GetAtt Failed.Arn}
      Target: !GetAtt Function.Arn
      TargetParameters: {LambdaFunctionParameters: {InvocationType: REQUEST_RESPONSE}}
  Function:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: function
      Runtime: provided.al2023
      Handler: standard-orders
      Role: !GetAtt Role.Arn
      Code: {S3Bucket: bucket, S3Key: key}
  Failed:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: failed
      VisibilityTimeout: 30
  Logs:
    Type: AWS::Logs::LogGroup
    Properties:
      LogGroupName: /aws/lambda/function
      RetentionInDays: 14
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement:
          Effect: Allow
          Principal: {Service: [pipes.amazonaws.com, lambda.amazonaws.com]}
          Action: sts:AssumeRole
      Policies:
        - PolicyName: all
          PolicyDocument:
            Statement:
              - {Effect: Allow, Action: "dynamodb:*", Resource: "*"}
              - {Effect: Allow, Action: "lambda:InvokeFunction", Resource: "*"}
              - {Effect: Allow, Action: "sqs:*", Resource: "*"}
              - {Effect: Allow, Action: "logs:*", Resource: "*"}
Outputs:
  Table: {Value: !Ref Orders}
"#;

/// The findings of the sound template with one text in place of another.
fn findings(from: &str, to: &str) -> String {
    assert!(SOUND.contains(from), "{from}");
    match resolve(&SOUND.replacen(from, to, 1)) {
        Ok(_) => String::new(),
        Err(errors) => errors.to_string(),
    }
}

fn check(cases: &[(&str, &str, &str)]) {
    for (from, to, expected) in cases {
        let found = findings(from, to);
        assert!(
            found.lines().any(|line| line.starts_with(expected)),
            "{from} -> {to}\nexpected {expected}\nfound    {found}"
        );
    }
}

#[test]
fn the_sound_template_is_sound() {
    resolve(SOUND).unwrap_or_else(|errors| panic!("{errors}"));
}

#[test]
fn what_is_not_run_here_is_refused_by_name_with_its_line() {
    check(&[
        (
            "TableName: !Ref Name",
            "LocalSecondaryIndexes: []",
            "t.yaml:10:7: Resources.Orders.Properties.LocalSecondaryIndexes: `LocalSecondaryIndexes` is not run here",
        ),
        (
            "Name: pipe",
            "Enrichment: x",
            "t.yaml:18:19: Resources.Pipe.Properties.Enrichment: `x` is not the ARN of a function, and other enrichments are not run here",
        ),
        (
            "Name: pipe",
            "LogConfiguration: {Level: INFO}",
            "t.yaml:18:7: Resources.Pipe.Properties.LogConfiguration: `LogConfiguration` is not run here",
        ),
        (
            "{LambdaFunctionParameters: {InvocationType: REQUEST_RESPONSE}}",
            "{HttpParameters: {}}",
            "t.yaml:30:26: Resources.Pipe.Properties.TargetParameters.HttpParameters: `HttpParameters` is not run here",
        ),
        (
            "{LambdaFunctionParameters: {InvocationType: REQUEST_RESPONSE}}",
            "{SqsQueueParameters: {}}",
            "t.yaml:30:26: Resources.Pipe.Properties.TargetParameters.SqsQueueParameters: `SqsQueueParameters` is not run here",
        ),
        (
            "QueueName: failed",
            "KmsMasterKeyId: x",
            "t.yaml:42:7: Resources.Failed.Properties.KmsMasterKeyId: `KmsMasterKeyId` is not run here",
        ),
        (
            "AWS::SQS::Queue",
            "AWS::SNS::Topic",
            "t.yaml:40:11: Resources.Failed.Type: resources of type `AWS::SNS::Topic` are not run here; what runs are AWS::DynamoDB::Table",
        ),
        (
            "AWS::SQS::Queue",
            "AWS::SQS::Queues",
            "t.yaml:40:11: Resources.Failed.Type: resources of type `AWS::SQS::Queues` are not run here; did you mean `AWS::SQS::Queue`?",
        ),
        (
            "Source: !GetAtt Orders.StreamArn",
            "Source: !GetAtt Failed.Arn",
            "t.yaml:24:9: Resources.Pipe.Properties.SourceParameters.DynamoDBStreamParameters: `DynamoDBStreamParameters` is not run here: the source is a queue",
        ),
        (
            "Target: !GetAtt Function.Arn",
            "Target: !GetAtt Failed.Arn",
            "t.yaml:30:26: Resources.Pipe.Properties.TargetParameters.LambdaFunctionParameters: `LambdaFunctionParameters` is not run here: the target is a queue",
        ),
        (
            "Parameters:\n",
            "Transform: AWS::Serverless-2016-10-31\nParameters:\n",
            "t.yaml:2:1: Transform: `Transform` is not run here",
        ),
        ("Parameters:\n", "Rules: {}\nParameters:\n", "t.yaml:2:1: Rules: `Rules` is not run here"),
        (
            "Runtime: provided.al2023",
            "Runtime: python3.13",
            "t.yaml:35:16: Resources.Function.Properties.Runtime: `python3.13` is not run here: functions run by handlers that are built in; write Runtime: provided.al2023 and a Handler of standard-orders, premium-orders",
        ),
        (
            "Handler: standard-orders",
            "Handler: standard-order",
            "t.yaml:36:16: Resources.Function.Properties.Handler: there is no built-in handler `standard-order`; did you mean `standard-orders`?; built in are standard-orders, premium-orders, order-events, premium-order-events",
        ),
        (
            "Type: AWS::SQS::Queue\n",
            "Type: AWS::SQS::Queue\n    UpdatePolicy: {}\n",
            "t.yaml:41:5: Resources.Failed.UpdatePolicy: `UpdatePolicy` is not run here",
        ),
        (
            "{Type: String, Default: Orders}",
            "{Type: \"AWS::SSM::Parameter::Value<String>\", Default: x}",
            "t.yaml:3:16: Parameters.Name.Type: must be String, Number, CommaDelimitedList or List<Number>",
        ),
    ]);
}

#[test]
fn what_is_out_of_range_or_of_the_wrong_kind_names_the_range() {
    check(&[
        (
            "BatchSize: 10",
            "BatchSize: 0",
            "t.yaml:26:22: Resources.Pipe.Properties.SourceParameters.DynamoDBStreamParameters.BatchSize: must be a whole number from 1 to 10000, not `0`",
        ),
        (
            "BatchSize: 10",
            "BatchSize: ten",
            "t.yaml:26:22: Resources.Pipe.Properties.SourceParameters.DynamoDBStreamParameters.BatchSize: must be a whole number",
        ),
        (
            "BatchSize: 10",
            "ParallelizationFactor: 11",
            "t.yaml:26:34: Resources.Pipe.Properties.SourceParameters.DynamoDBStreamParameters.ParallelizationFactor: must be a whole number from 1 to 10",
        ),
        (
            "BatchSize: 10",
            "MaximumBatchingWindowInSeconds: 301",
            "t.yaml:26:43: Resources.Pipe.Properties.SourceParameters.DynamoDBStreamParameters.MaximumBatchingWindowInSeconds: must be a whole number from 0 to 300",
        ),
        (
            "MaximumRecordAgeInSeconds: -1",
            "MaximumRecordAgeInSeconds: 30",
            "t.yaml:27:38: Resources.Pipe.Properties.SourceParameters.DynamoDBStreamParameters.MaximumRecordAgeInSeconds: must be -1 or a whole number from 60 to 604800, not `30`",
        ),
        (
            "StartingPosition: LATEST",
            "StartingPosition: latest",
            "t.yaml:25:29: Resources.Pipe.Properties.SourceParameters.DynamoDBStreamParameters.StartingPosition: must be TRIM_HORIZON or LATEST, not `latest`; did you mean `LATEST`?",
        ),
        (
            "VisibilityTimeout: 30",
            "VisibilityTimeout: 43201",
            "t.yaml:43:26: Resources.Failed.Properties.VisibilityTimeout: must be a whole number from 0 to 43200, not `43201`",
        ),
        (
            "VisibilityTimeout: 30",
            "MessageRetentionPeriod: 59",
            "t.yaml:43:31: Resources.Failed.Properties.MessageRetentionPeriod: must be a whole number from 60 to 1209600",
        ),
        (
            "VisibilityTimeout: 30",
            "MaximumMessageSize: 1048577",
            "t.yaml:43:27: Resources.Failed.Properties.MaximumMessageSize: must be a whole number from 1024 to 1048576",
        ),
        (
            "RetentionInDays: 14",
            "RetentionInDays: 15",
            "t.yaml:48:24: Resources.Logs.Properties.RetentionInDays: must be 1, 3, 5, 7, 14",
        ),
        (
            "FunctionName: function",
            "Timeout: 901",
            "t.yaml:34:16: Resources.Function.Properties.Timeout: must be a whole number from 1 to 900",
        ),
        (
            "FunctionName: function",
            "MemorySize: 127",
            "t.yaml:34:19: Resources.Function.Properties.MemorySize: must be a whole number from 128 to 10240",
        ),
        (
            "TableName: !Ref Name",
            "TableName: or",
            "t.yaml:10:18: Resources.Orders.Properties.TableName: \"or\" cannot name a table: 3 to 255 letters",
        ),
        (
            "KeyType: HASH",
            "KeyType: RANGE",
            "t.yaml:13:18: Resources.Orders.Properties.KeySchema: must be one HASH key, or a HASH key and then a RANGE key",
        ),
        (
            "AttributeName: orderId, AttributeType: S",
            "AttributeName: other, AttributeType: S",
            "t.yaml:13:18: Resources.Orders.Properties.KeySchema: `orderId` is not in AttributeDefinitions",
        ),
        (
            "[{AttributeName: orderId, AttributeType: S}]",
            "[{AttributeName: orderId, AttributeType: S}, {AttributeName: total, AttributeType: N}]",
            "t.yaml:12:29: Resources.Orders.Properties.AttributeDefinitions: `total` is not a key",
        ),
        (
            "BillingMode: PAY_PER_REQUEST",
            "BillingMode: PROVISIONED",
            "t.yaml:7:3: Resources.Orders.Properties.ProvisionedThroughput: is required when BillingMode is PROVISIONED",
        ),
        (
            "QueueName: failed",
            "QueueName: [failed]",
            "t.yaml:42:18: Resources.Failed.Properties.QueueName: must be a single value, not a list",
        ),
        (
            "QueueName: failed",
            "QueueName: failed.fifo",
            "t.yaml:42:18: Resources.Failed.Properties.QueueName: a name with `.` belongs to a FIFO queue",
        ),
        (
            "Pattern: '{\"eventName\": [\"INSERT\"]}'",
            "Pattern: {eventName: [INSERT]}",
            "t.yaml:23:31: Resources.Pipe.Properties.SourceParameters.FilterCriteria.Filters[0].Pattern: must be text, not a map; write the pattern as JSON below `Pattern: |`",
        ),
        (
            "[{Pattern: '{\"eventName\": [\"INSERT\"]}'}]",
            "[{Pattern: '{\"a\":[1]}'}, {Pattern: '{\"a\":[1]}'}, {Pattern: '{\"a\":[1]}'}, {Pattern: '{\"a\":[1]}'}, {Pattern: '{\"a\":[1]}'}, {Pattern: '{\"a\":[1]}'}]",
            "t.yaml:23:20: Resources.Pipe.Properties.SourceParameters.FilterCriteria.Filters: has more than 5 filters",
        ),
        (
            "[\"INSERT\"]",
            "\"INSERT\"",
            "t.yaml:23:31: Resources.Pipe.Properties.SourceParameters.FilterCriteria.Filters[0].Pattern: is not a valid event pattern: \"eventName\" must be an object or an array (line 1, column ",
        ),
        (
            "{Type: String, Default: Orders}",
            "{Type: String, Default: Orders, AllowedValues: [A, B]}",
            "t.yaml:3:3: Parameters.Name: the value `Orders` is not allowed: `Orders` is none of A, B",
        ),
        (
            "{Type: String, Default: Orders}",
            "{Type: String, Default: Orders, AllowedPattern: '[a-z]+', ConstraintDescription: small letters}",
            "t.yaml:3:3: Parameters.Name: the value `Orders` does not match AllowedPattern `[a-z]+`; small letters",
        ),
        (
            "{Type: String, Default: Orders}",
            "{Type: String, Default: Orders, MaxLength: 5}",
            "t.yaml:3:3: Parameters.Name: the value `Orders` has 6 characters, allowed are at most 5",
        ),
        (
            "{Type: String, Default: Orders}",
            "{Type: Number, Default: '7', MinValue: 8, MaxValue: 9}",
            "t.yaml:3:3: Parameters.Name: the value `7` is out of range, allowed is 8 to 9",
        ),
        (
            "{Type: String, Default: Orders}",
            "{Type: String, Default: secret, MaxLength: 1, NoEcho: true}",
            "t.yaml:3:3: Parameters.Name: the value `****` has 6 characters",
        ),
        (
            "{Type: String, Default: Orders}",
            "{Type: String}",
            "t.yaml:3:3: Parameters.Name: this parameter has no default and no value was given",
        ),
    ]);
}

#[test]
fn unknown_names_are_refused_and_guessed() {
    check(&[
        (
            "BatchSize: 10",
            "Batchsize: 10",
            "t.yaml:26:11: Resources.Pipe.Properties.SourceParameters.DynamoDBStreamParameters.Batchsize: `Batchsize` is not known here; did you mean `BatchSize`?",
        ),
        (
            "QueueName: failed",
            "Colour: red",
            "t.yaml:42:7: Resources.Failed.Properties.Colour: `Colour` is not known here",
        ),
        ("Outputs:", "Output:", "t.yaml:65:1: Output: `Output` is not known here; did you mean `Outputs`?"),
        (
            "  Failed:\n    Type",
            "  Failed:\n    Kind: x\n    Type",
            "t.yaml:40:5: Resources.Failed.Kind: `Kind` is not known here",
        ),
        (
            "TableName: !Ref Name",
            "TableName: !Ref Nam",
            "t.yaml:10:18: Resources.Orders.Properties.TableName.Ref: there is no parameter or resource `Nam`; did you mean `Name`?",
        ),
        (
            "!GetAtt Failed.Arn",
            "!GetAtt Failed.QueueArn",
            "t.yaml:28:35: Resources.Pipe.Properties.SourceParameters.DynamoDBStreamParameters.DeadLetterConfig.Arn.Fn::GetAtt: `QueueArn` is not an attribute of AWS::SQS::Queue that is known here",
        ),
        (
            "StreamSpecification: {StreamViewType: NEW_AND_OLD_IMAGES}",
            "Tags: []",
            "t.yaml:20:15: Resources.Pipe.Properties.Source.Fn::GetAtt: the table `Orders` has no stream; give it a StreamSpecification",
        ),
        (
            "!Ref Orders",
            "!Rfe Orders",
            "t.yaml:66:18: Outputs.Table.Value: `!Rfe` is not a function of CloudFormation; did you mean `Ref`?",
        ),
        (
            "RoleArn: !GetAtt Role.Arn",
            "RoleArn: !Ref Role",
            "t.yaml:19:16: Resources.Pipe.Properties.RoleArn: must be the ARN of a role, not its name; use !GetAtt Role.Arn",
        ),
        (
            "  Failed:\n    Type",
            "  Failed:\n    DependsOn: [Nothing]\n    Type",
            "t.yaml:40:17: Resources.Failed.DependsOn: there is no parameter or resource `Nothing`",
        ),
        (
            "  Failed:\n    Type",
            "  Failed:\n    Condition: Nver\n    Type",
            "t.yaml:40:16: Resources.Failed.Condition: there is no condition `Nver`; did you mean `Never`?",
        ),
        (
            "  Failed:\n    Type",
            "  Failed:\n    Condition: Never\n    Type",
            "t.yaml:28:35: Resources.Pipe.Properties.SourceParameters.DynamoDBStreamParameters.DeadLetterConfig.Arn.Fn::GetAtt: the resource `Failed` cannot be used here: its condition is false",
        ),
        (
            "LogGroupName: /aws/lambda/function",
            "LogGroupName: !If [Never, !Ref Nowhere, x]",
            "t.yaml:47:33: Resources.Logs.Properties.LogGroupName.Fn::If[1].Ref: there is no parameter or resource `Nowhere`",
        ),
    ]);
}

#[test]
fn circles_are_found_and_named() {
    check(&[
        (
            "TableName: !Ref Name",
            "TableName: !Sub 'x-${Pipe}'",
            "t.yaml:7:3: Resources.Orders: resources refer to each other in a circle: Orders -> Pipe -> Orders",
        ),
        (
            "  Failed:\n    Type",
            "  Failed:\n    DependsOn: Failed\n    Type",
            "t.yaml:39:3: Resources.Failed: resources refer to each other in a circle: Failed -> Failed",
        ),
        (
            "Never: !Equals [a, b]",
            "Never: !Not [!Condition Never]",
            "t.yaml:5:3: Conditions.Never: this condition depends on itself: Never -> Never",
        ),
    ]);
}

#[test]
fn two_resources_cannot_have_one_name() {
    let found =
        findings("  Logs:\n", "  Again:\n    Type: AWS::SQS::Queue\n    Properties: {QueueName: failed}\n  Logs:\n");
    assert_eq!(found, "t.yaml:44:3: Resources.Again: `Failed` in line 39 has the same name `failed`");
}

#[test]
fn one_run_finds_several_mistakes_in_the_order_of_the_file() {
    let text = SOUND
        .replace("BatchSize: 10", "BatchSize: 0")
        .replace("QueueName: failed", "Colour: red")
        .replace("KeyType: HASH", "KeyType: HASHED");
    let errors = resolve(&text).unwrap_err();
    let lines: Vec<u32> = errors.findings().iter().map(|finding| finding.at.line).collect();
    assert_eq!(lines, [13, 26, 42]);
}

#[test]
fn a_value_for_a_parameter_that_does_not_exist_is_refused() {
    let errors = crate::resolve_with(SOUND, &[("Nmae", "x")]).unwrap_err();
    assert_eq!(
        errors.to_string(),
        "t.yaml:1:1: Parameters: a value was given for `Nmae`, which is not a parameter of this template; did you mean `Name`?"
    );
}
