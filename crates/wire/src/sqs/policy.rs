//! Decides how a queue's policy grows and shrinks by the calls that add and remove one permission, and which texts are
//! a policy at all. What a policy allows is not decided here.

use super::{Call, Code, Members, WireError, invalid_value, missing, queue, required};
use crate::Context;
use serde_json::{Map, Value as Json, json};
use types::{Account, QueueName, object};

/// The most statements of a policy.
const STATEMENTS_MAX: usize = 20;
/// The most actions of one permission.
const ACTIONS_MAX: usize = 7;
/// What others than the owner may be allowed to do.
const ACTIONS: [&str; 9] = [
    "*",
    "ChangeMessageVisibility",
    "DeleteMessage",
    "GetQueueAttributes",
    "GetQueueUrl",
    "ListDeadLetterSourceQueues",
    "PurgeQueue",
    "ReceiveMessage",
    "SendMessage",
];

/// What is to be allowed to whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// By what the statement is found again.
    pub label: String,
    /// Accounts, twelve digits each; at least one.
    pub accounts: Vec<String>,
    /// Actions without their service, such as `SendMessage` or `*`; at least one.
    pub actions: Vec<String>,
}

pub(super) fn read_add(members: Members<'_>, context: &Context) -> Result<Call, WireError> {
    let queue = queue(members, context)?;
    let label = label(members)?;
    let actions = members.texts("Actions")?.unwrap_or_default();
    if actions.is_empty() {
        return Err(missing("Actions"));
    }
    if actions.len() > ACTIONS_MAX {
        let message = format!("{} Actions were found, maximum allowed is {ACTIONS_MAX}.", actions.len());
        return Err(WireError::new(Code::OverLimit, message));
    }
    if let Some(action) = actions.iter().find(|action| !ACTIONS.contains(action)) {
        let reason = "Only the queue owner is allowed to invoke this action.";
        return Err(invalid_value(&format!("SQS:{action}"), "ActionName", reason));
    }
    let accounts = members.texts("AWSAccountIds")?.unwrap_or_default();
    let is_account = |id: &&str| id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit());
    if accounts.is_empty() || !accounts.iter().all(is_account) {
        return Err(invalid_value(&format!("[{}]", accounts.join(", ")), "PrincipalId", "Unable to verify."));
    }
    let owned = |texts: Vec<&str>| texts.into_iter().map(str::to_owned).collect();
    let permission = Permission { label: label.to_owned(), accounts: owned(accounts), actions: owned(actions) };
    Ok(Call::AddPermission { queue, permission })
}

pub(super) fn read_remove(members: Members<'_>, context: &Context) -> Result<Call, WireError> {
    let queue = queue(members, context)?;
    Ok(Call::RemovePermission { queue, label: label(members)?.to_owned() })
}

fn label<'a>(members: Members<'a>) -> Result<&'a str, WireError> {
    let label = required(members, "Label")?;
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if !(1..=80).contains(&label.len()) || !label.bytes().all(allowed) {
        let reason = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length";
        return Err(invalid_value(label, "Label", reason));
    }
    Ok(label)
}

impl Permission {
    /// The policy with this permission added; `policy` is the queue's so far.
    pub fn add_to(&self, policy: Option<&str>, queue: &QueueName, account: &Account) -> Result<String, WireError> {
        let arn = account.arn("sqs", queue.as_str()).to_string();
        let mut policy = match policy {
            Some(text) => parse(text)?,
            None => object([("Version", "2008-10-17".into()), ("Id", format!("{arn}/SQSDefaultPolicy").into())]),
        };
        let mut statements = statements(&mut policy);
        if statements.iter().any(|statement| has_label(statement, &self.label)) {
            return Err(invalid_value(&self.label, "Label", "Already exists."));
        }
        let accounts = self.accounts.iter().map(|id| format!("arn:aws:iam::{id}:root")).collect();
        let actions = self.actions.iter().map(|action| format!("SQS:{action}")).collect();
        statements.push(json!({
            "Sid": self.label,
            "Effect": "Allow",
            "Principal": { "AWS": one_or_many(accounts) },
            "Action": one_or_many(actions),
            "Resource": arn,
        }));
        check_count(statements.len())?;
        policy.insert("Statement".to_owned(), statements.into());
        Ok(Json::Object(policy).to_string())
    }
}

/// The policy without the statement of this label; none if that was the last. `policy` is the queue's so far.
pub fn remove_permission(policy: Option<&str>, label: &str) -> Result<Option<String>, WireError> {
    let unknown = |reason| invalid_value(label, "Label", reason);
    let mut policy = parse(policy.ok_or_else(|| unknown("can't find label."))?)?;
    let mut statements = statements(&mut policy);
    let before = statements.len();
    statements.retain(|statement| !has_label(statement, label));
    if statements.len() == before {
        return Err(unknown("can't find label on existing policy."));
    }
    if statements.is_empty() {
        return Ok(None);
    }
    policy.insert("Statement".to_owned(), statements.into());
    Ok(Some(Json::Object(policy).to_string()))
}

fn has_label(statement: &Json, label: &str) -> bool {
    statement.get("Sid").and_then(Json::as_str) == Some(label)
}

fn one_or_many(mut texts: Vec<String>) -> Json {
    if texts.len() == 1 { texts.swap_remove(0).into() } else { texts.into() }
}

/// Takes the statements out of a policy; a single one may stand there without a list around it.
fn statements(policy: &mut Map<String, Json>) -> Vec<Json> {
    match policy.remove("Statement") {
        Some(Json::Array(statements)) => statements,
        Some(statement @ Json::Object(_)) => vec![statement],
        _ => Vec::new(),
    }
}

fn invalid_policy() -> WireError {
    WireError::new(Code::InvalidAttributeValue, "Invalid value for the parameter Policy.")
}

fn parse(text: &str) -> Result<Map<String, Json>, WireError> {
    serde_json::from_str(text).map_err(|_| invalid_policy())
}

fn check_count(count: usize) -> Result<(), WireError> {
    if count <= STATEMENTS_MAX {
        return Ok(());
    }
    let message = format!("{count} statements were found in the submitted policy, max allowed is {STATEMENTS_MAX}");
    Err(WireError::new(Code::OverLimit, message))
}

/// Refuses what is no policy: it must be a JSON object with statements that allow or deny.
pub(super) fn check(text: &str) -> Result<(), WireError> {
    let mut policy = parse(text)?;
    let version = policy.get("Version").is_none_or(|version| version == "2012-10-17" || version == "2008-10-17");
    let statements = statements(&mut policy);
    let decides = |statement: &Json| matches!(statement.get("Effect").and_then(Json::as_str), Some("Allow" | "Deny"));
    if !version || statements.is_empty() || !statements.iter().all(decides) {
        return Err(invalid_policy());
    }
    check_count(statements.len())
}
