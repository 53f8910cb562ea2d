//! Policies that grow and shrink by one permission.

use super::{Call, call, queue, sent};
use serde_json::{Value as Json, json};
use types::Account;
use wire::sqs::{Permission, remove_permission};

fn permission(label: &str) -> Permission {
    let body = format!(
        r#"{{"QueueUrl": "URL", "Label": "{label}", "AWSAccountIds": ["111111111111"], "Actions": ["SendMessage", "PurgeQueue"]}}"#
    );
    match call(&sent("AddPermission", &body)) {
        Call::AddPermission { permission, .. } => permission,
        other => panic!("{other:?}"),
    }
}

fn added(policy: Option<&str>, label: &str) -> Result<Json, String> {
    let added = permission(label).add_to(policy, &queue(), &Account::default());
    added.map(|text| serde_json::from_str(&text).unwrap()).map_err(|error| error.to_string())
}

#[test]
fn a_permission_makes_a_policy_and_goes_with_it() {
    let first = added(None, "a").unwrap();
    let arn = "arn:aws:sqs:us-east-1:000000000000:PremiumOrdersDLQ";
    let statement = |label: &str| {
        json!({"Sid": label, "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111111111111:root"},
               "Action": ["SQS:SendMessage", "SQS:PurgeQueue"], "Resource": arn})
    };
    let expected =
        json!({"Version": "2008-10-17", "Id": format!("{arn}/SQSDefaultPolicy"), "Statement": [statement("a")]});
    assert_eq!(first, expected);
    let second = added(Some(&first.to_string()), "b").unwrap();
    assert_eq!(second["Statement"], json!([statement("a"), statement("b")]));
    let without = remove_permission(Some(&second.to_string()), "a").unwrap().unwrap();
    assert_eq!(serde_json::from_str::<Json>(&without).unwrap()["Statement"], json!([statement("b")]));
    assert_eq!(remove_permission(Some(&without), "b"), Ok(None));
}

#[test]
fn a_policy_that_is_there_keeps_its_own_statements() {
    let own = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}}"#;
    let policy = added(Some(own), "a").unwrap();
    assert_eq!(policy["Version"], "2012-10-17");
    assert_eq!(policy["Statement"][0]["Effect"], "Deny");
    assert_eq!(policy["Statement"][1]["Sid"], "a");
}

#[test]
fn labels_are_used_once_and_must_be_there() {
    let policy = added(None, "a").unwrap().to_string();
    let taken = "InvalidParameterValueException: Value a for parameter Label is invalid. Reason: Already exists.";
    assert_eq!(added(Some(&policy), "a").unwrap_err(), taken);
    for (policy, reason) in
        [(None, "can't find label."), (Some(policy.as_str()), "can't find label on existing policy.")]
    {
        let unknown =
            format!("InvalidParameterValueException: Value b for parameter Label is invalid. Reason: {reason}");
        assert_eq!(remove_permission(policy, "b").unwrap_err().to_string(), unknown);
    }
    let mut policy = None;
    for count in 0..20 {
        policy = Some(added(policy.as_deref(), &format!("l{count}")).unwrap().to_string());
    }
    assert_eq!(
        added(policy.as_deref(), "more").unwrap_err(),
        "OverLimit: 21 statements were found in the submitted policy, max allowed is 20"
    );
}
