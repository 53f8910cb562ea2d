//! What the functions of a template come to.

use stack::Errors;

use crate::resolve;

/// What an output with this value comes to.
fn output(value: &str) -> Result<String, Errors> {
    let text = format!(
        r#"Parameters:
  Text: {{Type: String, Default: blue}}
  List: {{Type: CommaDelimitedList, Default: "a, b,c"}}
  Numbers: {{Type: List<Number>, Default: "1,2"}}
Mappings:
  Sizes:
    dev: {{Units: 1, Zones: [x, y]}}
    "000000000000": {{Units: 9, Zones: [z]}}
Conditions:
  Blue: !Equals [!Ref Text, blue]
  Red: !Not [!Condition Blue]
  Both: !And [!Condition Blue, !Condition Red]
  Either: !Or [!Condition Red, !Equals [!FindInMap [Sizes, dev, Units], "1"], !Condition Both]
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: Orders
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{{AttributeName: id, AttributeType: S}}]
      KeySchema: [{{AttributeName: id, KeyType: HASH}}]
      StreamSpecification: {{StreamViewType: KEYS_ONLY}}
  Queue: {{Type: AWS::SQS::Queue, Properties: {{QueueName: !Sub "${{Table}}-queue"}}}}
  Unnamed: {{Type: AWS::SQS::Queue}}
  Absent: {{Type: AWS::SQS::Queue, Condition: Red}}
  Logs: {{Type: AWS::Logs::LogGroup, Properties: {{LogGroupName: /a/b}}}}
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: role
      Path: /shop/
      AssumeRolePolicyDocument: {{Statement: {{Effect: Allow, Principal: "*", Action: "sts:AssumeRole"}}}}
  Policy:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      ManagedPolicyName: policy
      PolicyDocument: {{Statement: {{Effect: Deny, Action: "*", Resource: "*"}}}}
Outputs:
  Out: {{Value: {value}}}
"#
    );
    Ok(resolve(&text)?.outputs[0].value.clone())
}

#[test]
fn functions_come_to_their_values() {
    let cases = [
        ("plain", "plain"),
        ("14", "14"),
        ("true", "true"),
        ("!Ref Text", "blue"),
        ("{Ref: Text}", "blue"),
        ("!Ref AWS::Region", "us-east-1"),
        ("!Ref AWS::AccountId", "000000000000"),
        ("!Ref AWS::Partition", "aws"),
        ("!Ref AWS::URLSuffix", "amazonaws.com"),
        ("!Ref AWS::StackName", "shop"),
        ("!Ref Table", "Orders"),
        ("!Ref Queue", "http://127.0.0.1:4566/000000000000/Orders-queue"),
        ("!Ref Role", "role"),
        ("!Ref Policy", "arn:aws:iam::000000000000:policy/policy"),
        ("!GetAtt Table.Arn", "arn:aws:dynamodb:us-east-1:000000000000:table/Orders"),
        ("!GetAtt [Table, Arn]", "arn:aws:dynamodb:us-east-1:000000000000:table/Orders"),
        ("{\"Fn::GetAtt\": [Table, StreamArn]}", "arn:aws:dynamodb:us-east-1:000000000000:table/Orders/stream/*"),
        ("!GetAtt Queue.Arn", "arn:aws:sqs:us-east-1:000000000000:Orders-queue"),
        ("!GetAtt Queue.QueueName", "Orders-queue"),
        ("!GetAtt Role.Arn", "arn:aws:iam::000000000000:role/shop/role"),
        ("!GetAtt Logs.Arn", "arn:aws:logs:us-east-1:000000000000:log-group:/a/b:*"),
        ("!Sub 'a-${Text}-${Table.Arn}'", "a-blue-arn:aws:dynamodb:us-east-1:000000000000:table/Orders"),
        ("!Sub '${!Text} ${AWS::Region}'", "${Text} us-east-1"),
        ("!Sub ['${Text}/${Own}', {Own: !Ref Table}]", "blue/Orders"),
        ("!Sub ['${Text}', {Text: red}]", "red"),
        ("!Join ['-', [a, !Ref Text, 3]]", "a-blue-3"),
        ("!Join ['', !Ref List]", "abc"),
        ("!Join ['+', !Ref Numbers]", "1+2"),
        ("!Select [1, !Ref List]", "b"),
        ("!Select ['2', !Split ['/', 'x/y/z']]", "z"),
        ("!Join ['.', !Split ['/', !Ref AWS::Region]]", "us-east-1"),
        ("!FindInMap [Sizes, dev, Units]", "1"),
        ("!FindInMap [Sizes, !Ref AWS::AccountId, Units]", "9"),
        ("!Join [',', !FindInMap [Sizes, dev, Zones]]", "x,y"),
        ("!If [Blue, 1, 2]", "1"),
        ("!If [Red, 1, 2]", "2"),
        ("!If [Both, 1, 2]", "2"),
        ("!If [Either, 1, 2]", "1"),
        ("!If [Red, !Ref Absent, none]", "none"),
        ("!Join [',', [a, !If [Red, b, !Ref AWS::NoValue], c]]", "a,c"),
        ("!Base64 'order'", "b3JkZXI="),
        ("{\"Fn::Base64\": {\"Fn::Sub\": \"${Text}\"}}", "Ymx1ZQ=="),
    ];
    for (value, expected) in cases {
        match output(value) {
            Ok(found) => assert_eq!(found, expected, "{value}"),
            Err(errors) => panic!("{value}: {errors}"),
        }
    }
}

#[test]
fn a_resource_without_a_name_gets_the_same_one_in_every_run() {
    let name = output("!GetAtt Unnamed.QueueName").unwrap();
    assert_eq!(name, output("!GetAtt Unnamed.QueueName").unwrap());
    let suffix = name.strip_prefix("shop-Unnamed-").unwrap();
    assert!(
        suffix.len() == 12 && suffix.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()),
        "{name}"
    );
}

#[test]
fn calls_that_cannot_come_to_a_value_say_why() {
    let cases = [
        ("!Ref Nowhere", "there is no parameter or resource `Nowhere`"),
        ("!Ref [a]", "`Ref` takes a name"),
        ("!Ref List", "must be a single value, not a list"),
        ("!Ref Absent", "the resource `Absent` cannot be used here: its condition is false"),
        ("!Ref AWS::NotificationARNs", "`AWS::NotificationARNs` is not run here"),
        ("!Ref AWS::NoValue", "must be a single value, not AWS::NoValue"),
        ("!GetAtt Table", "`Fn::GetAtt` takes `Resource.Attribute`"),
        ("!GetAtt Table.Name", "`Name` is not an attribute of AWS::DynamoDB::Table that is known here"),
        ("!Sub '${List}'", "the parameter `List` is a list"),
        ("!Sub '${Text'", "a `${` has no `}`"),
        ("!Sub '${a b}'", "is not a name"),
        ("!Sub ['${A}']", "`Fn::Sub` takes a text, or a list of a text and a map"),
        ("!Join [a]", "takes a list of 2"),
        ("!Join [',', text]", "must be a list, not a single value"),
        ("!Select [3, !Ref List]", "there is no element 3 in a list of 3"),
        ("!Select [-1, !Ref List]", "must be a whole number, not `-1`"),
        ("!Split ['', a]", "not empty"),
        ("!FindInMap [Sizes, prod, Units]", "there is no `prod` in this mapping"),
        ("!FindInMap [Sizes, dev, Unit]", "there is no `Unit` in this part of the mapping; did you mean `Units`?"),
        ("!If [Maybe, 1, 2]", "there is no condition `Maybe`"),
        ("!Equals [a, b]", "belongs into the Conditions section"),
        ("!ImportValue other", "`Fn::ImportValue` is not run here"),
        ("!GetAZs ''", "`Fn::GetAZs` is not run here"),
        ("{\"Fn::Sbu\": x}", "`Fn::Sbu` is not a function of CloudFormation; did you mean `Fn::Sub`?"),
        ("{\"Fn::Sub\": x, Other: y}", "`Fn::Sub` must stand alone in its map"),
    ];
    for (value, expected) in cases {
        let errors = output(value).expect_err(value).to_string();
        assert!(errors.contains(expected), "{value}: {errors}");
        assert!(errors.starts_with("t.yaml:39:"), "{value}: {errors}");
    }
}
