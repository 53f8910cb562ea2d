//! What running a changed template does to what is there.

use stack::{Change, ChangeStep, Kept, Refusal, ResourceKind, Stack, diff, refusals};

use crate::refusals::SOUND;
use crate::{resolve, resolve_with};

/// Texts of the sound template, and what stands in their place.
type Replacements<'r> = &'r [(&'r str, &'r str)];

fn stack(text: &str) -> Stack {
    resolve(text).unwrap_or_else(|errors| panic!("{errors}"))
}

/// The steps from the sound template to one with some texts in place of others.
fn changes(replacements: Replacements<'_>) -> Result<Vec<ChangeStep>, Vec<Refusal>> {
    let mut text = SOUND.to_owned();
    for (from, to) in replacements {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    let (old, new) = (stack(SOUND), stack(&text));
    let changes = diff(&old, &new);
    let kept = Kept::read(&old.to_json()).expect("what was written is read");
    assert_eq!(refusals(&kept, &new), changes.clone().err().unwrap_or_default(), "what is kept says the same");
    changes
}

fn words(steps: &[ChangeStep]) -> Vec<String> {
    let word = |step: &ChangeStep| match &step.change {
        Change::Update(properties) => {
            format!("{:?} {} ({}): {}", step.kind, step.logical_id, step.name, properties.join(", "))
        }
        other => format!("{:?} {} ({}): {other:?}", step.kind, step.logical_id, step.name),
    };
    steps.iter().map(word).collect()
}

#[test]
fn what_can_change_changes_and_all_else_stays() {
    let cases: [(Replacements<'_>, &[&str]); 9] = [
        (&[], &[]),
        (&[("Conditions:\n", "\n# moved down\n\nConditions:\n")], &[]),
        (&[("BatchSize: 10", "BatchSize: 20"), ("INSERT", "MODIFY")], &["Pipe Pipe (pipe): FilterCriteria, BatchSize"]),
        (&[("VisibilityTimeout: 30", "VisibilityTimeout: 31")], &["Queue Failed (failed): VisibilityTimeout"]),
        (&[("RetentionInDays: 14", "RetentionInDays: 30")], &["LogGroup Logs (/aws/lambda/function): RetentionInDays"]),
        (
            &[("Handler: standard-orders", "Handler: premium-orders\n      Timeout: 9")],
            &["Function Function (function): Handler, Timeout"],
        ),
        (
            &[("Table: {Value: !Ref Orders}", "Name: {Value: !Ref Orders}")],
            &["Output Name (Name): Create", "Output Table (Table): Remove"],
        ),
        // The same queue under another logical id is the same queue.
        (&[("Failed", "GivenUp")], &["Pipe Pipe (pipe): DeadLetterConfig"]),
        (
            &[("FunctionName: function", "FunctionName: renamed")],
            &[
                "Function Function (function): Stop",
                "LogGroup Function (/aws/lambda/renamed): Create",
                "Function Function (renamed): Create",
                "Pipe Pipe (pipe): Target",
            ],
        ),
    ];
    for (replacements, expected) in cases {
        let steps = changes(replacements).unwrap_or_else(|refusals| panic!("{replacements:?}: {refusals:?}"));
        assert_eq!(words(&steps), expected, "{replacements:?}");
    }
}

#[test]
fn a_name_that_another_resource_takes_over_is_not_mistaken_for_it() {
    let other = "  Other:\n    Type: AWS::Lambda::Function\n    Properties:\n      FunctionName: function\n      Runtime: provided.al2023\n      Handler: standard-orders\n      Role: !GetAtt Role.Arn\n      Code: {S3Bucket: bucket, S3Key: key}\nOutputs:\n";
    let steps = changes(&[("FunctionName: function", "FunctionName: renamed"), ("Outputs:\n", other)]).unwrap();
    assert_eq!(
        words(&steps),
        [
            "Function Function (function): Stop",
            "LogGroup Function (/aws/lambda/renamed): Create",
            "Function Function (renamed): Create",
            "Function Other (function): Create",
            "Pipe Pipe (pipe): Target",
        ]
    );
}

/// A template of nothing but one queue.
const BARE: &str = "Resources: {Other: {Type: AWS::SQS::Queue, Properties: {QueueName: other}}}\n";

#[test]
fn what_vanishes_keeps_its_data_and_stops() {
    let old = stack(SOUND);
    let steps = diff(&old, &stack(BARE)).unwrap();
    let role = format!("Role Role ({}): Remove", old.roles[0].spec.name);
    assert_eq!(
        words(&steps),
        [
            "Pipe Pipe (pipe): Stop",
            "Function Function (function): Stop",
            "Queue Other (other): Create",
            "Output Table (Table): Remove",
            "Table Orders (Orders): LieDormant",
            "Queue Failed (failed): LieDormant",
            "LogGroup Logs (/aws/lambda/function): LieDormant",
            role.as_str(),
        ]
    );
}

#[test]
fn what_is_new_is_set_up_before_what_needs_it() {
    let steps = diff(&stack(BARE), &stack(SOUND)).unwrap();
    let order: Vec<ResourceKind> =
        steps.iter().filter(|step| step.change == Change::Create).map(|step| step.kind).collect();
    use ResourceKind::{Function, LogGroup, Output, Pipe, Queue, Role, Table};
    assert_eq!(order, [Role, LogGroup, Queue, Table, Function, Pipe, Output]);
}

#[test]
fn what_would_lose_something_is_refused() {
    let key = ("[{AttributeName: orderId, AttributeType: S}]", "[{AttributeName: orderId, AttributeType: N}]");
    let second = "  Second:\n    Type: AWS::DynamoDB::Table\n    Properties:\n      TableName: Second\n      BillingMode: PAY_PER_REQUEST\n      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]\n      KeySchema: [{AttributeName: id, KeyType: HASH}]\n      StreamSpecification: {StreamViewType: KEYS_ONLY}\nOutputs:\n";
    let cases: [(Replacements<'_>, &str, u32); 7] = [
        (&[("Default: Orders", "Default: Others")], "TableName", 7),
        (&[key], "KeySchema", 7),
        (&[("NEW_AND_OLD_IMAGES", "NEW_IMAGE")], "StreamSpecification.StreamViewType", 7),
        (&[("QueueName: failed", "QueueName: lost")], "QueueName", 39),
        (&[("Name: pipe", "Name: tube")], "Name", 15),
        (&[("StartingPosition: LATEST", "StartingPosition: TRIM_HORIZON")], "StartingPosition", 15),
        (
            &[("Outputs:\n", second), ("Source: !GetAtt Orders.StreamArn", "Source: !GetAtt Second.StreamArn")],
            "Source",
            15,
        ),
    ];
    for (replacements, property, line) in cases {
        let refusals = changes(replacements).expect_err(property);
        let found: Vec<_> = refusals.iter().map(|refusal| (refusal.property, refusal.at.line)).collect();
        assert!(found.contains(&(property, line)), "{replacements:?}: {refusals:?}");
        assert!(refusals.iter().all(|refusal| !refusal.to_string().contains('\n')));
    }
}

#[test]
fn a_stream_can_be_switched_off_and_on_where_no_pipe_reads_it() {
    let table = |stream: &str| {
        format!(
            "Resources:\n  T:\n    Type: AWS::DynamoDB::Table\n    Properties:\n      TableName: Things\n      BillingMode: PAY_PER_REQUEST\n      AttributeDefinitions: [{{AttributeName: id, AttributeType: S}}]\n      KeySchema: [{{AttributeName: id, KeyType: HASH}}]\n{stream}"
        )
    };
    let with = stack(&table("      StreamSpecification: {StreamViewType: KEYS_ONLY}\n"));
    let without = stack(&table(""));
    for (old, new) in [(&with, &without), (&without, &with)] {
        assert_eq!(words(&diff(old, new).unwrap()), ["Table T (Things): StreamSpecification"]);
    }
}

#[test]
fn every_difference_of_two_stacks_is_a_step_or_a_refusal() {
    let old = stack(SOUND);
    let new = resolve_with(SOUND, &[("Name", "Elsewhere")]).unwrap();
    let refusals = diff(&old, &new).unwrap_err();
    let properties: Vec<_> = refusals.iter().map(|refusal| refusal.property).collect();
    assert_eq!(properties, ["TableName", "Source"]);
}
