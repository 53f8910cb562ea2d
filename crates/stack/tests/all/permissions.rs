//! What policies allow, and that a stack whose roles allow too little is refused.

use stack::Template;
use stack::iam::{Decision, Request, Statement, decide};

use crate::refusals::SOUND;
use crate::resolve;

const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:F";
const ROLE: &str = "arn:aws:iam::000000000000:role/R";

/// The statements of a role with this statement, as a template has them.
fn statements(statement: &str) -> Vec<Statement> {
    let text = format!(
        r#"{{"Resources": {{"R": {{"Type": "AWS::IAM::Role", "Properties": {{
            "AssumeRolePolicyDocument": {{"Statement": {{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}}}},
            "Policies": [{{"PolicyName": "p", "PolicyDocument": {{"Statement": {statement}}}}}]}}}}}}}}"#
    );
    let stack = resolve(&text).unwrap_or_else(|errors| panic!("{statement}: {errors}"));
    stack.roles[0].spec.inline_policies[0].statements.clone()
}

fn trust(statement: &str) -> Vec<Statement> {
    let text = format!(
        r#"{{"Resources": {{"R": {{"Type": "AWS::IAM::Role", "Properties": {{
            "AssumeRolePolicyDocument": {{"Statement": {statement}}}}}}}}}}}"#
    );
    resolve(&text).unwrap_or_else(|errors| panic!("{statement}: {errors}")).roles[0].spec.trust.clone()
}

fn request(principal: (&str, &str), action: &str, resource: &str) -> Request {
    let context =
        [("aws:sourceaccount", "000000000000"), ("aws:sourcearn", "arn:aws:pipes:us-east-1:000000000000:pipe/p")];
    Request {
        principal: (principal.0.to_owned(), principal.1.to_owned()),
        action: action.to_owned(),
        resource: resource.to_owned(),
        context: context.map(|(key, value)| (key.to_owned(), value.to_owned())).into_iter().collect(),
    }
}

fn denied(statement: Option<&str>) -> Decision {
    Decision::Denied { statement: statement.map(str::to_owned) }
}

#[test]
fn a_policy_allows_what_its_statements_say() {
    let allow = |rest: &str| format!(r#"{{"Effect": "Allow", {rest}}}"#);
    let invoke = r#""Action": "lambda:InvokeFunction", "Resource": "*""#;
    let condition = |condition: &str| allow(&format!("{invoke}, \"Condition\": {condition}"));
    let (yes, no) = (|| Decision::Allowed, || Decision::NotAllowed);
    let cases = [
        (allow(invoke), yes()),
        (allow(r#""Action": ["s3:GetObject", "LAMBDA:invoke*"], "Resource": "*""#), yes()),
        (allow(r#""Action": "lambda:Invoke?unction", "Resource": "*""#), yes()),
        (allow(r#""Action": "*", "Resource": "*""#), yes()),
        (allow(r#""Action": "lambda:Invoke", "Resource": "*""#), no()),
        (allow(r#""NotAction": "s3:*", "Resource": "*""#), yes()),
        (allow(r#""NotAction": "lambda:*", "Resource": "*""#), no()),
        (allow(&format!(r#""Action": "lambda:InvokeFunction", "Resource": "{FUNCTION}""#)), yes()),
        (allow(&format!(r#""Action": "lambda:InvokeFunction", "Resource": "{FUNCTION}:*""#)), no()),
        (allow(r#""Action": "lambda:InvokeFunction", "Resource": "arn:aws:lambda:*:*:function:*""#), yes()),
        (allow(r#""Action": "lambda:InvokeFunction", "Resource": "arn:aws:lambda:*:function:F""#), no()),
        (allow(&format!(r#""Action": "lambda:InvokeFunction", "NotResource": "{FUNCTION}""#)), no()),
        (allow(r#""Action": "lambda:InvokeFunction", "NotResource": "arn:aws:sqs:*:*:*""#), yes()),
        (condition(r#"{"StringEquals": {"aws:SourceAccount": "000000000000"}}"#), yes()),
        (condition(r#"{"StringEquals": {"AWS:sourceaccount": ["1", "000000000000"]}}"#), yes()),
        (condition(r#"{"StringEquals": {"aws:SourceAccount": "111111111111"}}"#), no()),
        (condition(r#"{"StringNotEquals": {"aws:SourceAccount": ["1", "000000000000"]}}"#), no()),
        (condition(r#"{"StringNotEquals": {"aws:SourceAccount": ["1", "2"]}}"#), yes()),
        (condition(r#"{"ArnLike": {"aws:SourceArn": "arn:aws:pipes:*:*:pipe/*"}}"#), yes()),
        (condition(r#"{"ArnLike": {"aws:SourceArn": "arn:aws:pipes:*:*:pipe/q"}}"#), no()),
        (
            condition(r#"{"StringLike": {"aws:SourceArn": "*pipe/?"}, "StringEquals": {"aws:SourceAccount": "1"}}"#),
            no(),
        ),
        (condition(r#"{"Null": {"aws:SourceArn": "false"}}"#), yes()),
        (condition(r#"{"Null": {"aws:SourceArn": "true"}}"#), no()),
        (
            format!(
                r#"[{}, {{"Sid": "Not", "Effect": "Deny", "Action": "lambda:*", "Resource": "{FUNCTION}"}}]"#,
                allow(invoke)
            ),
            denied(Some("Not")),
        ),
        (format!(r#"[{{"Effect": "Deny", "Action": "lambda:*", "Resource": "*"}}, {}]"#, allow(invoke)), denied(None)),
        (format!(r#"[{{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}}, {}]"#, allow(invoke)), yes()),
    ];
    for (statement, expected) in cases {
        let (decision, doubts) =
            decide(&statements(&statement), &request(("AWS", ROLE), "lambda:InvokeFunction", FUNCTION));
        assert_eq!(decision, expected, "{statement}");
        assert!(doubts.is_empty(), "{statement}: {doubts:?}");
    }
}

#[test]
fn what_is_not_known_does_not_match_and_is_said() {
    let allow = r#"{"Effect": "Allow", "Action": "lambda:*", "Resource": "*""#;
    let cases = [
        (
            format!(r#"{allow}, "Condition": {{"StringEquals": {{"aws:PrincipalOrgID": "o-1"}}}}}}"#),
            "the condition key `aws:PrincipalOrgID` is not known here",
        ),
        (
            format!(r#"{allow}, "Condition": {{"DateLessThan": {{"aws:SourceArn": "2026-01-01"}}}}}}"#),
            "the condition operator `DateLessThan` is not evaluated here",
        ),
        (
            r#"{"Effect": "Allow", "Action": "lambda:*", "Resource": "arn:aws:lambda:*:*:function:${aws:username}"}"#
                .to_owned(),
            "the policy variable in `arn:aws:lambda:*:*:function:${aws:username}` is not known here",
        ),
    ];
    for (statement, expected) in cases {
        let (decision, doubts) =
            decide(&statements(&statement), &request(("AWS", ROLE), "lambda:InvokeFunction", FUNCTION));
        assert_eq!((decision, doubts), (Decision::NotAllowed, vec![expected.to_owned()]), "{statement}");
    }
}

#[test]
fn a_trust_policy_speaks_of_who_it_names() {
    let cases = [
        (r#""Principal": {"Service": "pipes.amazonaws.com"}"#, true),
        (r#""Principal": {"Service": ["lambda.amazonaws.com", "pipes.amazonaws.com"]}"#, true),
        (r#""Principal": {"Service": "lambda.amazonaws.com"}"#, false),
        (r#""Principal": {"AWS": "*"}"#, false),
        (r#""Principal": "*""#, true),
        (r#""NotPrincipal": {"Service": "pipes.amazonaws.com"}"#, false),
        (r#""NotPrincipal": {"Service": "lambda.amazonaws.com"}"#, true),
    ];
    for (principal, expected) in cases {
        let statement = format!(r#"{{"Effect": "Allow", {principal}, "Action": "sts:AssumeRole"}}"#);
        let request = request(("Service", "pipes.amazonaws.com"), "sts:AssumeRole", ROLE);
        let (decision, _) = decide(&trust(&statement), &request);
        assert_eq!(decision == Decision::Allowed, expected, "{principal}");
    }
}

#[test]
fn a_stack_whose_roles_allow_too_little_is_refused_with_the_statement_to_add() {
    let stream = "arn:aws:dynamodb:us-east-1:000000000000:table/Orders/stream/*";
    let cases = [
        ("\"dynamodb:*\"", "\"dynamodb:GetRecords\"", format!("t.yaml:49:3: Resources.Role: the role `Role` does not allow the pipe `Pipe` dynamodb:DescribeStream, dynamodb:GetShardIterator, dynamodb:ListStreams on {stream}; add to its policies {{\"Effect\": \"Allow\", \"Action\": [\"dynamodb:DescribeStream\", \"dynamodb:GetShardIterator\", \"dynamodb:ListStreams\"], \"Resource\": \"{stream}\"}}")),
        ("\"lambda:InvokeFunction\", Resource: \"*\"", "\"lambda:InvokeFunction\", Resource: \"arn:aws:lambda:*:*:function:other\"", "t.yaml:49:3: Resources.Role: the role `Role` does not allow the pipe `Pipe` lambda:InvokeFunction on arn:aws:lambda:us-east-1:000000000000:function:function".to_owned()),
        ("{Effect: Allow, Action: \"sqs:*\"", "{Effect: Deny, Action: \"sqs:*\"", "t.yaml:49:3: Resources.Role: the role `Role` denies the pipe `Pipe` sqs:SendMessage on arn:aws:sqs:us-east-1:000000000000:failed; narrow the statement".to_owned()),
        ("\"logs:*\", Resource: \"*\"", "\"logs:*\", Resource: !Sub \"arn:aws:logs:*:*:log-group:/aws/lambda/function\"", "t.yaml:49:3: Resources.Role: the role `Role` does not allow the function `Function` logs:CreateLogStream, logs:PutLogEvents on arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/function:log-stream:*".to_owned()),
        ("[pipes.amazonaws.com, lambda.amazonaws.com]", "[lambda.amazonaws.com]", "t.yaml:49:3: Resources.Role: the role `Role` cannot be taken by the pipe `Pipe`: its trust policy does not allow sts:AssumeRole by pipes.amazonaws.com; add to AssumeRolePolicyDocument {\"Effect\": \"Allow\", \"Principal\": {\"Service\": \"pipes.amazonaws.com\"}, \"Action\": \"sts:AssumeRole\"}".to_owned()),
        ("[pipes.amazonaws.com, lambda.amazonaws.com]", "[pipes.amazonaws.com]", "t.yaml:49:3: Resources.Role: the role `Role` cannot be taken by the function `Function`".to_owned()),
    ];
    for (from, to, expected) in cases {
        assert!(SOUND.contains(from), "{from}");
        let found = resolve(&SOUND.replacen(from, to, 1)).expect_err(to).to_string();
        assert!(found.starts_with(&expected), "{from} -> {to}\nexpected {expected}\nfound    {found}");
    }
}

/// The sound template without one of the statements of its role, and more resources.
fn without(statement: &str, more: &str) -> String {
    let line = SOUND.lines().find(|line| line.contains(statement)).expect("the statement is there");
    SOUND.replacen(&format!("{line}\n"), "", 1).replacen("Outputs:\n", &format!("{more}Outputs:\n"), 1)
}

#[test]
fn policies_beside_the_role_and_of_the_queue_count() {
    let beside = "  Beside:\n    Type: AWS::IAM::Policy\n    Properties:\n      PolicyName: beside\n      Roles: [!Ref Role]\n      PolicyDocument: {Statement: {Effect: Allow, Action: \"sqs:SendMessage\", Resource: \"*\"}}\n";
    let managed = beside.replace("IAM::Policy", "IAM::ManagedPolicy").replace("PolicyName", "ManagedPolicyName");
    let queue = "  OfQueue:\n    Type: AWS::SQS::QueuePolicy\n    Properties:\n      Queues: [!Ref Failed]\n      PolicyDocument: {Statement: {Effect: Allow, Principal: {AWS: !GetAtt Role.Arn}, Action: \"sqs:SendMessage\", Resource: \"*\"}}\n";
    for more in [beside, &managed, queue] {
        resolve(&without("sqs:*", more)).unwrap_or_else(|errors| panic!("{more}: {errors}"));
    }
    resolve(&without("sqs:*", "")).expect_err("no policy allows it");
    let denied = queue.replace("Effect: Allow", "Effect: Deny").replace("{AWS: !GetAtt Role.Arn}", "\"*\"");
    let text = SOUND.replacen("Outputs:\n", &format!("{denied}Outputs:\n"), 1);
    let found = resolve(&text).expect_err("the queue denies it").to_string();
    assert!(found.contains("denies the pipe `Pipe` sqs:SendMessage"), "{found}");
}

#[test]
fn a_known_policy_of_aws_counts_and_an_unknown_one_leaves_a_note() {
    let attach = |arn: &str| {
        without("logs:*", "").replacen(
            "      Policies:\n",
            &format!("      ManagedPolicyArns: [\"{arn}\"]\n      Policies:\n"),
            1,
        )
    };
    let basic = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
    let stack = resolve(&attach(basic)).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(stack.notes, []);
    let stack =
        resolve(&attach("arn:aws:iam::aws:policy/AdministratorAccess")).unwrap_or_else(|errors| panic!("{errors}"));
    let notes: Vec<&str> = stack.notes.iter().map(|note| note.text.as_str()).collect();
    assert_eq!(
        notes,
        [
            "whether the function `Function` may logs:CreateLogStream, logs:PutLogEvents on arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/function:log-stream:* cannot be checked: arn:aws:iam::aws:policy/AdministratorAccess is not known here"
        ]
    );
    // What is denied for certain is refused, whatever the unknown policy may allow.
    let denied = attach("arn:aws:iam::aws:policy/AdministratorAccess").replacen(
        "{Effect: Allow, Action: \"sqs:*\"",
        "{Effect: Deny, Action: \"sqs:*\"",
        1,
    );
    let found = resolve(&denied).expect_err("the role denies it").to_string();
    assert!(found.contains("denies the pipe `Pipe` sqs:SendMessage"), "{found}");
}

#[test]
fn a_role_of_elsewhere_is_taken_with_a_note() {
    let text = SOUND.replacen("RoleArn: !GetAtt Role.Arn", "RoleArn: arn:aws:iam::000000000000:role/elsewhere", 1);
    let stack = resolve(&text).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(
        stack.notes[0].text,
        "what the role `arn:aws:iam::000000000000:role/elsewhere` allows cannot be checked: it is not in this template"
    );
    assert_eq!(stack.notes[0].at.line, 19);
    let text = SOUND.replacen("RoleArn: !GetAtt Role.Arn", "RoleArn: arn:aws:sqs:us-east-1:000000000000:role", 1);
    Template::parse(&text, "t").unwrap();
    assert!(resolve(&text).expect_err("no role").to_string().contains("is not the ARN of a role"));
}
